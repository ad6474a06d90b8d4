//! The scheduler's place in the engine: what it is told, when it tries a pod, and how its decisions are carried out.

use std::collections::BTreeSet;

use super::sim::SimOptions;
use crate::apiserver::{Api, NodeChange, Notice, PodChange, Watched};
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::template::TaintEffect;
use crate::trace::RecordId;
use crate::units::resources::Resources;
use crate::units::time::Time;

/// The pods that wait for a node.
#[derive(Clone, Debug, Default)]
pub struct Scheduling {
    ready: BTreeSet<PodId>,
    parked: BTreeSet<PodId>,
    causes: std::collections::BTreeMap<PodId, RecordId>,
}

impl Scheduling {
    /// Takes in what exists.
    pub fn new(_options: &SimOptions, cluster: &Cluster) -> Scheduling {
        let ready = cluster.live_pods().filter(|(_, p)| p.is_unscheduled()).map(|(id, _)| id).collect();
        Scheduling { ready, ..Scheduling::default() }
    }

    /// Takes a notice.
    pub fn observe(&mut self, api: &Api, notice: &Notice) {
        match notice.watched {
            Watched::Pod(id, PodChange::Added) if api.cluster().pod(id).is_unscheduled() => {
                self.ready.insert(id);
                if let Some(record) = notice.record {
                    self.causes.insert(id, record);
                }
            }
            Watched::Pod(id, PodChange::Gone) => {
                self.ready.remove(&id);
                self.parked.remove(&id);
                self.ready.append(&mut self.parked);
            }
            Watched::Node(_, change) if change != NodeChange::Machine => self.ready.append(&mut self.parked),
            _ => {}
        }
    }

    /// When the next pod may be tried.
    pub fn next_time(&self) -> Option<Time> {
        None
    }

    /// Tries the next pod that waits; false if none does.
    pub fn run_due(&mut self, api: &mut Api) -> bool {
        let Some(id) = self.ready.pop_first() else { return false };
        if !api.cluster().pod(id).is_unscheduled() {
            return true;
        }
        api.set_cause(self.causes.get(&id).copied());
        match best(api.cluster(), id) {
            Some(node) => {
                api.bind(id, node);
            }
            None => {
                api.mark_unschedulable(id, "0 nodes are available");
                self.parked.insert(id);
            }
        }
        true
    }
}

fn best(cluster: &Cluster, id: PodId) -> Option<NodeId> {
    let template = cluster.template_of(id);
    let fits = |node: NodeId| {
        let n = cluster.node(node);
        let mut used = Resources::default();
        n.pods.iter().for_each(|&p| used.add(&cluster.template_of(p).requests));
        let r = &template.requests;
        cluster.pod(id).pinned.is_none_or(|pinned| pinned == node)
            && n.taints
                .iter()
                .filter(|t| t.effect != TaintEffect::PreferNoSchedule)
                .all(|t| template.tolerations.iter().any(|o| o.tolerates(t.key, t.value, t.effect)))
            && (n.pods.len() as i64) < n.allocatable_pods
            && r.cpu_milli <= n.allocatable.cpu_milli - used.cpu_milli
            && r.memory <= n.allocatable.memory - used.memory
    };
    cluster.live_nodes().filter(|(_, n)| !n.unschedulable).map(|(i, n)| (n.pods.len(), i)).filter(|&(_, i)| fits(i)).min().map(|(_, i)| i)
}
