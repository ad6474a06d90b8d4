//! The pod garbage collector (`pkg/controller/podgc/gc_controller.go`, v1.37): pods of nodes that no longer exist, pods stuck on nodes out of
//! service, deletions nobody can finish, and finished pods beyond a limit.

use std::collections::BTreeMap;

use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, NodeChange, Notice, PodChange, Watched};
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::node::NodeReady;
use crate::cluster::pod::DisruptionReason;
use crate::trace::{DeleteReason, RecordId};
use crate::units::arrange::Arrange;
use crate::units::time::{Millis, SECOND, Time};

/// The pause between two looks.
const LOOK_EVERY: Millis = 20 * SECOND;
/// How long a node has to be missing until its pods are collected.
const QUARANTINE: Millis = 40 * SECOND;
/// `--terminated-pod-gc-threshold`.
const MOST_FINISHED: usize = 12_500;

/// The pod garbage collector.
#[derive(Clone, Debug, Default)]
pub(super) struct PodGc {
    /// Deleted nodes with pods: when a look first saw that, and the record of the deletion.
    missing: BTreeMap<NodeId, (Option<Time>, Option<RecordId>)>,
    /// Finished pods that still exist.
    finished: usize,
    planned: Option<Time>,
}

fn look_after(time: Time) -> Time {
    Time::at((time.millis().div_euclid(LOOK_EVERY) + 1) * LOOK_EVERY)
}

impl PodGc {
    /// Takes in what exists.
    pub(super) fn start(&mut self, api: &Api, queue: &mut WorkQueue) {
        self.finished = api.cluster().live_pods().filter(|(_, p)| p.phase.is_terminal()).count();
        for (index, node) in api.cluster().nodes.iter().enumerate() {
            if node.gone && !node.pods.is_empty() {
                self.missing.insert(NodeId::from_index(index), (None, None));
            }
        }
        if !self.missing.is_empty() || self.finished > MOST_FINISHED {
            self.plan(api, queue, None);
        }
    }

    /// Takes a notice: only what may leave something to collect asks for a look.
    pub(super) fn observe(&mut self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        let wanted = match notice.watched {
            Watched::Node(id, NodeChange::Gone) => {
                let left = !api.cluster().node(id).pods.is_empty();
                if left {
                    self.missing.insert(id, (None, notice.record));
                }
                left
            }
            Watched::Node(id, NodeChange::Taints | NodeChange::Ready) => out_of_service(api, id),
            Watched::Pod(id, PodChange::Deleting) => api.cluster().pod(id).node.is_some_and(|node| out_of_service(api, node)),
            Watched::Pod(id, PodChange::Bound) => {
                let gone = api.cluster().pod(id).node.filter(|&node| api.cluster().node(node).gone);
                if let Some(node) = gone {
                    self.missing.entry(node).or_insert((None, notice.record));
                }
                gone.is_some()
            }
            Watched::Pod(id, PodChange::Status) => {
                // Counted when it ends; a pod ends once.
                let pod = api.cluster().pod(id);
                self.finished += usize::from(pod.phase.is_terminal() && pod.finished == Some(api.now()));
                self.finished > MOST_FINISHED
            }
            _ => false,
        };
        if wanted {
            self.plan(api, queue, notice.record);
        }
    }

    /// One look, in Kubernetes' order.
    pub(super) fn look(&mut self, api: &mut Api, queue: &mut WorkQueue) {
        let now = api.now();
        if self.planned.is_some_and(|at| at <= now) {
            self.planned = None;
        }
        let cause = api.cause();
        self.collect_finished(api);
        collect_out_of_service(api);
        self.collect_orphans(api, now);
        api.set_cause(cause);
        if !self.missing.is_empty() {
            self.plan(api, queue, cause);
        }
    }

    /// Forgets records: a fork begins a trace of its own.
    pub(super) fn forget_causes(&mut self) {
        self.missing.values_mut().for_each(|(_, cause)| *cause = None);
    }

    /// Finished pods beyond the limit: evicted ones first, then the oldest, then by name.
    fn collect_finished(&mut self, api: &mut Api) {
        if self.finished <= MOST_FINISHED {
            return;
        }
        let evicted = api.known().evicted;
        let cluster = api.cluster();
        let mut finished: Vec<(bool, Time, String, PodId)> = cluster
            .live_pods()
            .filter(|(_, p)| p.phase.is_terminal())
            .map(|(id, p)| (p.reason != evicted, p.created, cluster.pod_full_name(id), id))
            .collect();
        finished.arrange();
        self.finished = finished.len().min(MOST_FINISHED);
        let surplus = finished.len().saturating_sub(MOST_FINISHED);
        for (_, _, _, id) in finished.into_iter().take(surplus) {
            api.delete_pod(id, Some(0), DeleteReason::Collected);
        }
    }

    fn collect_orphans(&mut self, api: &mut Api, now: Time) {
        let missing: Vec<NodeId> = self.missing.keys().copied().collect();
        for node in missing {
            let Some((seen, cause)) = self.missing.get_mut(&node) else { continue };
            let seen_at = *seen.get_or_insert(now);
            if seen_at + QUARANTINE > now {
                continue;
            }
            api.set_cause(*cause);
            let pods: Vec<PodId> = api.cluster().node(node).pods.clone();
            for pod in pods {
                api.mark_disruption_target(pod, DisruptionReason::PodGc);
                collect(api, pod);
            }
            self.missing.remove(&node);
        }
    }

    fn plan(&mut self, api: &Api, queue: &mut WorkQueue, cause: Option<RecordId>) {
        if self.planned.is_none() {
            let at = look_after(api.now());
            self.planned = Some(at);
            queue.add_at(Key::PodGc, at, cause);
        }
    }
}

/// Whether pods that are being deleted may be removed by force: the node is not ready and was declared out of service.
fn out_of_service(api: &Api, node: NodeId) -> bool {
    let key = api.known().out_of_service;
    let node = api.cluster().node(node);
    !node.gone && node.ready != NodeReady::True && node.taints.iter().any(|t| t.key == key)
}

fn collect_out_of_service(api: &mut Api) {
    let nodes: Vec<NodeId> = api.cluster().live_nodes().map(|(id, _)| id).filter(|&id| out_of_service(api, id)).collect();
    for node in nodes {
        let pods: Vec<PodId> = api.cluster().node(node).pods.clone();
        for pod in pods {
            if api.cluster().pod(pod).deletion.is_some() {
                collect(api, pod);
            }
        }
    }
}

/// A pod that has not ended is first said to have failed.
fn collect(api: &mut Api, pod: PodId) {
    if !api.cluster().pod(pod).phase.is_terminal() {
        api.fail_pod(pod, "", "");
    }
    api.delete_pod(pod, Some(0), DeleteReason::Collected);
}
