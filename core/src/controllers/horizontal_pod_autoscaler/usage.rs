//! What the metrics APIs would say: the load of a workload, dealt out over its pods. Samples are always fresh.

use super::Flags;
use super::replicas::{Groups, Use};
use crate::cluster::autoscalers::MetricSource;
use crate::cluster::ids::PodId;
use crate::cluster::loads::{Demand, Load};
use crate::cluster::pod::Phase;
use crate::cluster::template::{Container, PodTemplate};
use crate::cluster::{Cluster, Workload};
use crate::units::arrange::Arrange;
use crate::units::intern::Sym;
use crate::units::time::Time;

/// The existing pods of a workload, those being deleted too, in order of creation.
pub(in crate::controllers) fn pods_of(cluster: &Cluster, workload: Workload) -> Vec<PodId> {
    match workload {
        Workload::Deployment(id) => {
            let sets = &cluster.deployments[id.index()].replica_sets;
            let mut pods: Vec<PodId> = sets.iter().flat_map(|set| cluster.replica_sets[set.index()].pods.iter().copied()).collect();
            pods.arrange();
            pods
        }
        Workload::ReplicaSet(id) => cluster.replica_sets[id.index()].pods.clone(),
        Workload::StatefulSet(id) => cluster.stateful_sets[id.index()].pods.clone(),
        Workload::DaemonSet(_) | Workload::Job(_) | Workload::Pod(_) => Vec::new(),
    }
}

/// A workload's pods as metrics see them.
pub(in crate::controllers) struct Scene<'a> {
    cluster: &'a Cluster,
    /// The pods.
    pub(in crate::controllers) pods: Vec<PodId>,
    load: Option<&'a Load>,
    /// Those that share what is shared.
    serving: i64,
    now: Time,
}

impl<'a> Scene<'a> {
    /// The scene at `now`.
    pub(in crate::controllers) fn new(cluster: &'a Cluster, workload: Workload, now: Time) -> Scene<'a> {
        let pods = pods_of(cluster, workload);
        let serving = pods.iter().filter(|&&id| serves(cluster, id)).count() as i64;
        Scene { cluster, pods, load: cluster.loads.get(&workload), serving, now }
    }

    /// Pods that are running and ready (`getReadyPodsCount`).
    pub(super) fn ready(&self) -> usize {
        let is = |id: &&PodId| self.cluster.pod(**id).phase == Phase::Running && self.cluster.pod(**id).ready;
        self.pods.iter().filter(is).count()
    }

    /// A metric's value in all; none where nothing is known of it.
    pub(super) fn value(&self, name: Sym) -> Option<i64> {
        self.load?.metrics.get(&name).map(|demand| demand.amount())
    }

    /// What each pod uses, for those that have the metric.
    pub(in crate::controllers) fn samples(&self, source: MetricSource) -> Vec<Option<i64>> {
        self.pods.iter().map(|&id| self.sample(id, source)).collect()
    }

    fn sample(&self, id: PodId, source: MetricSource) -> Option<i64> {
        let pod = self.cluster.pod(id);
        let node = pod.node.map(|node| self.cluster.node(node))?;
        if pod.phase != Phase::Running || !node.kubelet_alive || node.gone {
            return None;
        }
        let template = self.cluster.template_of(id);
        match source {
            MetricSource::Resource { name, container } => {
                let resource = Resource::named(self.cluster.text(name))?;
                let (said, assumed) = match resource {
                    Resource::Cpu => (self.load.and_then(|l| l.cpu), template.behavior.cpu_usage),
                    Resource::Memory => {
                        (self.load.and_then(|l| l.memory), template.behavior.memory_usage.map(|bytes| bytes.saturating_mul(1_000)))
                    }
                };
                let whole = said.map(|demand| self.dealt(id, demand)).or(assumed)?;
                Some(container.map_or(whole, |container| resource.part(template, container, whole)))
            }
            MetricSource::Pods { name } => self.load?.metrics.get(&name).map(|demand| self.dealt(id, *demand)),
            MetricSource::Object { .. } | MetricSource::External { .. } => None,
        }
    }

    fn dealt(&self, id: PodId, demand: Demand) -> i64 {
        match demand {
            Demand::PerPod(amount) => amount,
            Demand::Shared(amount) if serves(self.cluster, id) => amount / self.serving.max(1),
            Demand::Shared(_) => 0,
        }
    }

    /// `groupPods`: which pods' metrics count. Of cpu, what a pod uses while it starts says nothing.
    pub(super) fn groups(&self, samples: &[Option<i64>], requests: &[i64], is_cpu: bool, flags: &Flags) -> Groups {
        let mut groups = Groups::default();
        for ((&id, &sample), &request) in self.pods.iter().zip(samples).zip(requests) {
            let pod = self.cluster.pod(id);
            if pod.deletion.is_some() || pod.phase == Phase::Failed {
                continue;
            }
            if pod.phase == Phase::Pending {
                groups.unready.push(Use { used: 0, request });
                continue;
            }
            let Some(used) = sample else {
                groups.missing.push(Use { used: 0, request });
                continue;
            };
            let unready = is_cpu
                && match pod.started {
                    None => true,
                    Some(started) if started + flags.cpu_initialization > self.now => {
                        !pod.ready || self.now < pod.ready_since + flags.metric_window
                    }
                    Some(started) => !pod.ready && started + flags.initial_readiness_delay > pod.ready_since,
                };
            let group = if unready { &mut groups.unready } else { &mut groups.counted };
            group.push(Use { used, request });
        }
        groups
    }

    /// What each pod asks for (`calculateRequests`), in thousandths.
    ///
    /// # Errors
    /// A container asks for nothing, or does not exist.
    pub(super) fn requests(&self, name: Sym, container: Option<Sym>) -> Result<Vec<i64>, String> {
        let resource = Resource::named(self.cluster.text(name));
        self.pods
            .iter()
            .map(|&id| {
                let template = self.cluster.template_of(id);
                let Some(resource) = resource else { return Ok(0) };
                let all: Vec<&Container> = running(template).collect();
                // A request of the pod as a whole counts where no container has one.
                if container.is_none() && resource.whole(template) > 0 && !all.iter().any(|c| resource.is_named(c)) {
                    return Ok(resource.whole(template));
                }
                let mut asked = 0i64;
                let mut found = false;
                for c in all.into_iter().filter(|c| container.is_none_or(|wanted| wanted == c.name)) {
                    found = true;
                    if !resource.is_named(c) {
                        let (what, of) = (self.cluster.text(name), self.cluster.text(c.name));
                        return Err(format!("missing request for {what} in container {of} of Pod {}", self.cluster.pod_name(id)));
                    }
                    asked = asked.saturating_add(resource.request(c));
                }
                match container {
                    Some(wanted) if !found => {
                        Err(format!("container {} not found in Pod {}", self.cluster.text(wanted), self.cluster.pod_name(id)))
                    }
                    _ => Ok(asked),
                }
            })
            .collect()
    }
}

/// Takes part in what is shared.
fn serves(cluster: &Cluster, id: PodId) -> bool {
    let pod = cluster.pod(id);
    pod.phase == Phase::Running && pod.ready && pod.deletion.is_none()
}

fn running(template: &PodTemplate) -> impl Iterator<Item = &Container> {
    template.containers.iter().chain(template.init_containers.iter().filter(|c| c.sidecar))
}

/// The resources that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resource {
    Cpu,
    Memory,
}

impl Resource {
    fn named(name: &str) -> Option<Resource> {
        match name {
            "cpu" => Some(Resource::Cpu),
            "memory" => Some(Resource::Memory),
            _ => None,
        }
    }

    fn request(self, container: &Container) -> i64 {
        match self {
            Resource::Cpu => container.requests.cpu_milli,
            Resource::Memory => container.requests.memory.saturating_mul(1_000),
        }
    }

    fn whole(self, template: &PodTemplate) -> i64 {
        match self {
            Resource::Cpu => template.requests.cpu_milli,
            Resource::Memory => template.requests.memory.saturating_mul(1_000),
        }
    }

    fn is_named(self, container: &Container) -> bool {
        match self {
            Resource::Cpu => container.requests_named.0,
            Resource::Memory => container.requests_named.1,
        }
    }

    /// A container's part of what its pod uses: as its request is of the pod's; equal parts where nothing is asked for.
    fn part(self, template: &PodTemplate, container: Sym, whole: i64) -> i64 {
        let (mut all, mut own, mut count, mut here) = (0i128, 0i128, 0i64, 0i64);
        for c in running(template) {
            all += i128::from(self.request(c));
            count += 1;
            if c.name == container {
                own = i128::from(self.request(c));
                here = 1;
            }
        }
        if all == 0 { whole * here / count.max(1) } else { i64::try_from(i128::from(whole) * own / all).unwrap_or(i64::MAX) }
    }
}
