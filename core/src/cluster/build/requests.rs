//! What a pod asks for: defaulting as the API server does it, aggregation as the scheduler does it, and the quality of service.

use k8s_openapi::api::core::v1::{Container, ContainerStatus, PodAffinityTerm, PodSpec, PodStatus, ResourceRequirements};

use super::amounts::{Amounts, Share, aggregate, is_huge_page, is_pod_level};
use crate::cluster::quotas::{ContainerDemand, PodDemand};
use crate::cluster::template::QosClass;
use crate::units::intern::Interner;
use crate::units::quantity::Quantity;
use crate::units::resources::Resources;

/// cpu of a container that names none, in the non-zero request (`pkg/scheduler/util/pod_resources.go`, v1.37): 100m.
const DEFAULT_MILLI_CPU: i64 = 100;
/// Memory of a container that names none, in the non-zero request: 200 MiB.
const DEFAULT_MEMORY: i64 = 200 * 1024 * 1024;

/// Requests and limits of one container, or of the pod as a whole, after defaulting.
#[derive(Clone, Debug, Default)]
pub(crate) struct Demand {
    pub(crate) requests: Amounts,
    pub(crate) limits: Amounts,
}

impl Demand {
    fn read(written: Option<&ResourceRequirements>) -> Demand {
        let of = |pick: fn(&ResourceRequirements) -> Option<&std::collections::BTreeMap<_, _>>| Amounts::read(written.and_then(pick));
        Demand { requests: of(|r| r.requests.as_ref()), limits: of(|r| r.limits.as_ref()) }
    }

    /// A container's, limits taken where no request is given (`pkg/apis/core/v1/defaults.go` SetDefaults_Pod).
    pub(crate) fn of_container(container: &Container) -> Demand {
        let mut demand = Demand::read(container.resources.as_ref());
        demand.requests.fill(&demand.limits.clone());
        demand
    }
}

/// Everything a pod asks for, in all the forms in which Kubernetes looks at it.
#[derive(Clone, Debug)]
pub(crate) struct PodRequests {
    pub(crate) requests: Resources,
    pub(crate) nonzero: (i64, i64),
    pub(crate) score_nonzero: (i64, i64),
    pub(crate) score_requests: Resources,
    pub(crate) qos: QosClass,
    pub(crate) demand: PodDemand,
}

/// Works out what the pod asks for. `status` is that of a pod that runs already, whose resources may have been resized
/// (`component-helpers/resource/helpers.go` PodRequests with UseStatusResources, v1.37).
pub(crate) fn pod_requests(text: &mut Interner, spec: &PodSpec, status: Option<&PodStatus>) -> PodRequests {
    let init = spec.init_containers.as_deref().unwrap_or_default();
    let regular = spec.containers.as_slice();
    let overhead = Amounts::read(spec.overhead.as_ref());
    let spec_shares = (shares(regular, |d| d.requests), shares(init, |d| d.requests));
    let by_spec = aggregate(&spec_shares.0, &spec_shares.1);
    let pod_level = pod_level(spec, &by_spec, &aggregate(&shares(regular, |d| d.limits), &shares(init, |d| d.limits)));

    let resized = status.and_then(|status| Resized::of(status, spec, (false, false)));
    let base = resized.as_ref().map_or_else(|| by_spec.clone(), |r| r.requests(by_spec.clone()));
    let named_by_pod: Vec<&String> = pod_level.requests.0.keys().filter(|n| is_pod_level(n)).collect();
    let whole = |mut amounts: Amounts| {
        for &name in &named_by_pod {
            if let Some(amount) = resized.as_ref().map_or(pod_level.requests.get(name), |r| r.pod_level(name, &pod_level.requests)) {
                amounts.0.insert(name.clone(), amount);
            }
        }
        amounts.add(&overhead);
        amounts
    };
    let requests = whole(base);

    // Defaults count for each container before the pod's own figures replace the sum.
    let missing = |name: &str| named_by_pod.is_empty() || !requests.has(name);
    let (cpu, memory) = (missing("cpu"), missing("memory"));
    let filled = filled(&spec_shares, cpu, memory);
    let resized_filled = status.and_then(|status| Resized::of(status, spec, (cpu, memory)));
    let nonzero = whole(resized_filled.as_ref().map_or_else(|| filled.clone(), |r| r.requests(filled.clone())));

    let mut score = by_spec;
    score.add(&overhead);
    let mut score_nonzero = self::filled(&spec_shares, true, true);
    score_nonzero.add(&overhead);

    PodRequests {
        requests: requests.resources(text),
        nonzero: cpu_and_memory(&nonzero),
        score_nonzero: cpu_and_memory(&score_nonzero),
        score_requests: score.resources(text),
        qos: quality(spec, &pod_level),
        demand: demand(text, spec, &pod_level),
    }
}

/// What quotas and limit ranges look at: sums without overhead, the pod's own figures in place of the containers' where it has any.
fn demand(text: &mut Interner, spec: &PodSpec, pod_level: &Demand) -> PodDemand {
    let init = spec.init_containers.as_deref().unwrap_or_default();
    let regular = spec.containers.as_slice();
    let whole = |pick: fn(Demand) -> Amounts, own: &Amounts| {
        let mut sum = aggregate(&shares(regular, pick), &shares(init, pick));
        for (name, amount) in own.0.iter().filter(|(name, _)| is_pod_level(name)) {
            sum.0.insert(name.clone(), *amount);
        }
        sum.0
    };
    let container = |c: &Container| {
        let demand = Demand::of_container(c);
        ContainerDemand { name: text.intern(&c.name), requests: demand.requests.0, limits: demand.limits.0 }
    };
    PodDemand {
        containers: regular.iter().chain(init).map(container).collect(),
        requests: whole(|d| d.requests, &pod_level.requests),
        limits: whole(|d| d.limits, &pod_level.limits),
        overhead: Amounts::read(spec.overhead.as_ref()).0,
        pod_level: !pod_level.requests.is_empty() || !pod_level.limits.is_empty(),
        cross_namespace_affinity: looks_elsewhere(spec),
    }
}

/// Whether a pod affinity or anti-affinity term names namespaces (`usesCrossNamespacePodAffinity`).
fn looks_elsewhere(spec: &PodSpec) -> bool {
    let far = |t: &PodAffinityTerm| t.namespaces.as_ref().is_some_and(|n| !n.is_empty()) || t.namespace_selector.is_some();
    let Some(affinity) = &spec.affinity else { return false };
    let near = affinity.pod_affinity.iter().flat_map(|a| {
        let required = a.required_during_scheduling_ignored_during_execution.iter().flatten();
        required.chain(a.preferred_during_scheduling_ignored_during_execution.iter().flatten().map(|w| &w.pod_affinity_term))
    });
    let anti = affinity.pod_anti_affinity.iter().flat_map(|a| {
        let required = a.required_during_scheduling_ignored_during_execution.iter().flatten();
        required.chain(a.preferred_during_scheduling_ignored_during_execution.iter().flatten().map(|w| &w.pod_affinity_term))
    });
    near.chain(anti).any(far)
}

fn shares(containers: &[Container], pick: fn(Demand) -> Amounts) -> Vec<Share> {
    let share = |c: &Container| Share { amounts: pick(Demand::of_container(c)), sidecar: is_sidecar(c) };
    containers.iter().map(share).collect()
}

/// An init container that keeps running.
pub(crate) fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

fn filled(shares: &(Vec<Share>, Vec<Share>), cpu: bool, memory: bool) -> Amounts {
    let fill = |list: &[Share]| -> Vec<Share> {
        list.iter().map(|share| Share { amounts: with_defaults(share.amounts.clone(), (cpu, memory)), sidecar: share.sidecar }).collect()
    };
    aggregate(&fill(&shares.0), &fill(&shares.1))
}

/// Gives cpu and memory that are not named their defaults, where asked to.
fn with_defaults(mut amounts: Amounts, (cpu, memory): (bool, bool)) -> Amounts {
    if cpu {
        amounts.0.entry("cpu".to_owned()).or_insert(Quantity::from_milli(DEFAULT_MILLI_CPU));
    }
    if memory {
        amounts.0.entry("memory".to_owned()).or_insert(Quantity::from_value(DEFAULT_MEMORY));
    }
    amounts
}

fn cpu_and_memory(amounts: &Amounts) -> (i64, i64) {
    (amounts.get("cpu").map_or(0, |q| q.milli_value()), amounts.get("memory").map_or(0, |q| q.value()))
}

/// The pod's own `resources` after defaulting (`pkg/apis/core/v1/defaults.go` defaultHugePagePodLimits, defaultPodRequests).
fn pod_level(spec: &PodSpec, container_requests: &Amounts, container_limits: &Amounts) -> Demand {
    let mut demand = Demand::read(spec.resources.as_ref());
    if demand.requests.is_empty() && demand.limits.is_empty() {
        return demand;
    }
    for (name, amount) in &container_limits.0 {
        if is_huge_page(name) && !demand.requests.has(name) {
            demand.limits.0.entry(name.clone()).or_insert(*amount);
        }
    }
    if demand.limits.is_empty() {
        return demand;
    }
    for (name, amount) in &container_requests.0 {
        if is_pod_level(name) && !is_huge_page(name) {
            demand.requests.0.entry(name.clone()).or_insert(*amount);
        }
    }
    for (name, amount) in &demand.limits.0 {
        if is_pod_level(name) {
            demand.requests.0.entry(name.clone()).or_insert(*amount);
        }
    }
    demand
}

/// What the status of a running pod says of its resources, where a resize is under way or was refused.
struct Resized {
    /// The wish of the spec was found infeasible: it does not count.
    infeasible: bool,
    /// In force, and set aside, over all containers.
    actuated: Amounts,
    allocated: Amounts,
    /// The same for the pod as a whole, where its status says so.
    pod_actuated: Option<Amounts>,
    pod_allocated: Option<Amounts>,
}

impl Resized {
    /// `fill`: whether cpu and memory that a container does not name count with their defaults.
    fn of(status: &PodStatus, spec: &PodSpec, fill: (bool, bool)) -> Option<Resized> {
        let told = |s: &ContainerStatus| s.resources.is_some() || s.allocated_resources.is_some();
        let statuses = || status.container_statuses.iter().chain(&status.init_container_statuses).flatten();
        if !statuses().any(told) && status.resources.is_none() && status.allocated_resources.is_none() {
            return None;
        }
        let pending = status.conditions.iter().flatten().find(|c| c.type_ == "PodResizePending");
        let own = |r: &ResourceRequirements| r.requests.iter().flatten().any(|(name, _)| is_pod_level(name));
        let pod_level = spec.resources.as_ref().is_some_and(own);
        let infeasible = !pod_level && pending.is_some_and(|c| c.reason.as_deref() == Some("Infeasible"));
        let list = |containers: &[Container], pick: &dyn Fn(&ContainerStatus) -> Option<Amounts>| -> Vec<Share> {
            let share = |c: &Container| {
                let by_status = statuses().find(|s| s.name == c.name).and_then(pick);
                let otherwise = || if infeasible { Amounts::default() } else { Demand::of_container(c).requests };
                Share { amounts: with_defaults(by_status.unwrap_or_else(otherwise), fill), sidecar: is_sidecar(c) }
            };
            containers.iter().map(share).collect()
        };
        let init = spec.init_containers.as_deref().unwrap_or_default();
        let over = |pick: &dyn Fn(&ContainerStatus) -> Option<Amounts>| aggregate(&list(&spec.containers, pick), &list(init, pick));
        let requests = |s: &ContainerStatus| s.resources.as_ref().and_then(|r| r.requests.as_ref()).map(|r| Amounts::read(Some(r)));
        let allocated = |s: &ContainerStatus| s.allocated_resources.as_ref().map(|r| Amounts::read(Some(r)));
        Some(Resized {
            infeasible,
            actuated: over(&|s| requests(s).or_else(|| allocated(s))),
            allocated: over(&allocated),
            pod_actuated: status.resources.as_ref().and_then(|r| r.requests.as_ref()).map(|r| Amounts::read(Some(r))),
            pod_allocated: status.allocated_resources.as_ref().map(|r| Amounts::read(Some(r))),
        })
    }

    /// The largest of what is wanted, in force and set aside.
    fn requests(&self, by_spec: Amounts) -> Amounts {
        let mut largest = if self.infeasible { Amounts::default() } else { by_spec };
        match (&self.pod_actuated, &self.pod_allocated) {
            (Some(actuated), Some(allocated)) => {
                largest.raise_to(actuated);
                largest.raise_to(allocated);
            }
            _ => {
                largest.raise_to(&self.actuated);
                largest.raise_to(&self.allocated);
            }
        }
        largest
    }

    /// What counts of a resource that the pod as a whole names.
    fn pod_level(&self, name: &str, by_spec: &Amounts) -> Option<Quantity> {
        let Some(actuated) = &self.pod_actuated else { return by_spec.get(name) };
        let wanted = if self.infeasible { None } else { by_spec.get(name) };
        let allocated = self.pod_allocated.as_ref().and_then(|a| a.get(name));
        [wanted, actuated.get(name), allocated].into_iter().flatten().max()
    }
}

/// `ComputePodQOS` (`pkg/apis/core/v1/helper/qos/qos.go`, v1.37): sums over all containers, or the pod's own figures if it has any.
fn quality(spec: &PodSpec, pod_level: &Demand) -> QosClass {
    let own = |amounts: &Amounts| amounts.0.keys().any(|n| is_pod_level(n));
    let demands: Vec<Demand> = if own(&pod_level.requests) || own(&pod_level.limits) {
        vec![pod_level.clone()]
    } else {
        spec.containers.iter().chain(spec.init_containers.iter().flatten()).map(Demand::of_container).collect()
    };
    let (mut requests, mut limits) = (Amounts::default(), Amounts::default());
    let mut guaranteed = true;
    for demand in &demands {
        requests.add(&positive(&demand.requests));
        let limited = positive(&demand.limits);
        guaranteed &= limited.has("cpu") && limited.has("memory");
        limits.add(&limited);
    }
    match (requests.is_empty(), limits.is_empty()) {
        (true, true) => QosClass::BestEffort,
        _ if guaranteed && requests == limits => QosClass::Guaranteed,
        _ => QosClass::Burstable,
    }
}

fn positive(amounts: &Amounts) -> Amounts {
    let counts = |(name, amount): (&String, &Quantity)| {
        (matches!(name.as_str(), "cpu" | "memory") && amount.sign() > 0).then(|| (name.clone(), *amount))
    };
    Amounts(amounts.0.iter().filter_map(counts).collect())
}
