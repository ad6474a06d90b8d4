//! Templates with other requests: what becomes of a pod whose containers ask for more or less than they were written with.

use super::template::{Container, PodTemplate, QosClass};
use crate::units::quantity::Quantity;

/// What counts for a container that names no cpu or memory (`pkg/scheduler/util/pod_resources.go`, v1.37).
const UNNAMED: (i64, i64) = (100, 200 << 20);

/// New amounts for a container, by position among the regular ones: cpu in millicores, memory in bytes; none stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContainerResize {
    /// Which.
    pub container: usize,
    /// cpu request.
    pub cpu: Option<i64>,
    /// Memory request.
    pub memory: Option<i64>,
    /// cpu limit.
    pub cpu_limit: Option<i64>,
    /// Memory limit.
    pub memory_limit: Option<i64>,
}

/// What all containers come to: all regular ones and sidecars together, or an init container with the sidecars before it if that is more
/// (`component-helpers/resource/helpers.go`, v1.37).
fn whole(template: &PodTemplate, of: impl Fn(&Container) -> i64) -> i64 {
    let regular = template.containers.iter().fold(0i64, |sum, c| sum.saturating_add(of(c)));
    let (mut sidecars, mut largest) = (0i64, 0i64);
    for container in &template.init_containers {
        let own = of(container);
        largest = largest.max(sidecars.saturating_add(own));
        if container.sidecar {
            sidecars = sidecars.saturating_add(own);
        }
    }
    regular.saturating_add(sidecars).max(largest)
}

fn cpu(container: &Container) -> i64 {
    container.requests.cpu_milli
}

fn memory(container: &Container) -> i64 {
    container.requests.memory
}

fn nonzero_cpu(container: &Container) -> i64 {
    if container.requests_named.0 { container.requests.cpu_milli } else { UNNAMED.0 }
}

fn nonzero_memory(container: &Container) -> i64 {
    if container.requests_named.1 { container.requests.memory } else { UNNAMED.1 }
}

impl PodTemplate {
    /// The template with other amounts for some containers. Its revision is the same: its owner takes its pods for its own.
    #[must_use]
    pub fn resized(&self, changes: &[ContainerResize]) -> PodTemplate {
        let mut new = self.clone();
        // What the pods use does not change with what they ask for.
        new.behavior.memory_usage.get_or_insert(self.requests.memory);
        new.behavior.cpu_usage.get_or_insert(self.requests.cpu_milli);
        for change in changes {
            let Some(container) = new.containers.get_mut(change.container) else { continue };
            if let Some(amount) = change.cpu {
                (container.requests.cpu_milli, container.requests_named.0) = (amount, true);
            }
            if let Some(amount) = change.memory {
                (container.requests.memory, container.requests_named.1) = (amount, true);
            }
            container.limits.cpu_milli = change.cpu_limit.unwrap_or(container.limits.cpu_milli);
            container.limits.memory = change.memory_limit.unwrap_or(container.limits.memory);
            if let Some(demand) = new.demand.containers.get_mut(change.container) {
                let mut set = |requests: bool, name: &str, amount: Option<Quantity>| {
                    let list = if requests { &mut demand.requests } else { &mut demand.limits };
                    list.extend(amount.map(|amount| (name.to_owned(), amount)));
                };
                set(true, "cpu", change.cpu.map(Quantity::from_milli));
                set(true, "memory", change.memory.map(Quantity::from_bytes));
                set(false, "cpu", change.cpu_limit.map(Quantity::from_milli));
                set(false, "memory", change.memory_limit.map(Quantity::from_bytes));
            }
        }
        let more = |of: fn(&Container) -> i64| whole(&new, of).saturating_sub(whole(self, of));
        let (more_cpu, more_memory) = (more(cpu), more(memory));
        let (filled_cpu, filled_memory) = (more(nonzero_cpu), more(nonzero_memory));
        let (limit_cpu, limit_memory) = (more(|c| c.limits.cpu_milli), more(|c| c.limits.memory));
        for sum in [&mut new.requests, &mut new.score_requests] {
            sum.cpu_milli = sum.cpu_milli.saturating_add(more_cpu);
            sum.memory = sum.memory.saturating_add(more_memory);
        }
        for sum in [&mut new.nonzero, &mut new.score_nonzero] {
            *sum = (sum.0.saturating_add(filled_cpu), sum.1.saturating_add(filled_memory));
        }
        let lists = [(&mut new.demand.requests, more_cpu, more_memory), (&mut new.demand.limits, limit_cpu, limit_memory)];
        for (list, cpu, memory) in lists {
            for (name, amount) in [("cpu", Quantity::from_milli(cpu)), ("memory", Quantity::from_bytes(memory))] {
                if amount.sign() != 0 {
                    let sum = list.get(name).map_or(amount, |own| *own + amount);
                    list.insert(name.to_owned(), sum);
                }
            }
        }
        new.qos = quality(&new);
        new
    }
}

/// `ComputePodQOS` (`pkg/apis/core/v1/helper/qos/qos.go`, v1.37) of a pod that names nothing as a whole.
fn quality(template: &PodTemplate) -> QosClass {
    if template.demand.pod_level {
        return template.qos;
    }
    let mut all = template.containers.iter().chain(&template.init_containers);
    let guaranteed = |c: &Container| {
        let (have, most) = (&c.requests, &c.limits);
        most.cpu_milli > 0 && most.memory > 0 && have.cpu_milli == most.cpu_milli && have.memory == most.memory
    };
    if all.clone().all(guaranteed) {
        return QosClass::Guaranteed;
    }
    let any = all.any(|c| [c.requests.cpu_milli, c.requests.memory, c.limits.cpu_milli, c.limits.memory].iter().any(|&amount| amount > 0));
    if any { QosClass::Burstable } else { QosClass::BestEffort }
}
