//! The Cluster Autoscaler (`kubernetes/autoscaler`, `cluster-autoscaler/FAQ.md`): nodes for pods that find none, and none for nobody. It scans
//! every ten seconds; scans that can find nothing new are left out.

mod grow;
mod shrink;
pub(in crate::controllers) mod world;

use std::collections::{BTreeMap, BTreeSet};

use self::grow::Grown;
use self::world::World;
use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, Notice, PodChange, Watched};
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, NodePoolId, PodId};
use crate::cluster::node::Taint;
use crate::cluster::pod::Owner;
use crate::cluster::template::TaintEffect;
use crate::trace::{Evictor, Subject};
use crate::units::arrange::Arrange;
use crate::units::time::{MINUTE, Millis, SECOND, Time};

/// The component that its events name.
const SOURCE: &str = "cluster-autoscaler";
/// `--scan-interval`.
const SCAN: Millis = 10 * SECOND;
/// Evictions that are refused are tried again for so long (`--max-pod-eviction-time`) …
const EVICTION_TIME: Millis = 2 * MINUTE;
/// … and after a removal that failed nothing is removed for so long (`--scale-down-delay-after-failure`).
const AFTER_FAILURE: Millis = 3 * MINUTE;
/// At most so many empty nodes are removed at a time (`--max-scale-down-parallelism`); of others, one (`--max-drain-parallelism`).
const MOST_EMPTY: usize = 10;
/// The taint of a node that is being emptied.
const TO_BE_DELETED: &str = "ToBeDeletedByClusterAutoscaler";

/// What the autoscaler remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct ClusterAutoscaler {
    /// Since when nobody needs a node.
    unneeded: BTreeMap<NodeId, Time>,
    /// Nodes being emptied, and since when.
    emptying: BTreeMap<NodeId, Time>,
    /// When nodes were last asked for.
    added: Option<Time>,
    /// When a removal last failed.
    failed: Option<Time>,
    /// Pods that were told that nothing can be done for them.
    refused: BTreeSet<PodId>,
    planned: Option<Time>,
}

/// Whether a pod goes with its node: nobody has to find another place for it.
pub(in crate::controllers) fn stays_with_node(cluster: &Cluster, id: PodId) -> bool {
    matches!(cluster.pod(id).owner, Owner::DaemonSet(_) | Owner::Node)
}

/// The first scan at or after `time`.
fn scan_at(time: Time) -> Time {
    Time::at((time.millis() + SCAN - 1).div_euclid(SCAN) * SCAN)
}

impl ClusterAutoscaler {
    /// Takes stock of what exists.
    pub(super) fn start(&mut self, api: &Api, queue: &mut WorkQueue) {
        self.plan(api, queue, api.now());
    }

    /// What pods and nodes do may ask for a scan.
    pub(super) fn observe(&mut self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        if api.cluster().node_pools.is_empty() {
            return;
        }
        match notice.watched {
            Watched::Pod(_, PodChange::Added | PodChange::Bound | PodChange::Gone | PodChange::Status) => {
                self.plan(api, queue, api.now() + 1)
            }
            Watched::Node(..) | Watched::Budget(_) => self.plan(api, queue, api.now() + 1),
            _ => {}
        }
    }

    fn plan(&mut self, api: &Api, queue: &mut WorkQueue, time: Time) {
        let at = scan_at(time);
        let waits = self.planned.is_some_and(|planned| planned >= api.now() && planned <= at);
        if !api.cluster().node_pools.is_empty() && !waits {
            self.planned = Some(at);
            queue.add_at(Key::ClusterAutoscaler, at, None);
        }
    }

    /// One scan (`RunOnce`).
    pub(super) fn scan(&mut self, api: &mut Api, queue: &mut WorkQueue) {
        let now = api.now();
        if self.planned.is_some_and(|planned| planned <= now) {
            self.planned = None;
        }
        let mut joined = false;
        for pool in 0..api.cluster().node_pools.len() {
            joined |= api.join_upcoming(NodePoolId::from_index(pool));
        }
        if joined {
            // What they change is seen at the next scan: the scheduler comes first.
            return self.plan(api, queue, now + 1);
        }
        self.go_on_emptying(api);
        let waiting = waiting(api.cluster());
        self.refused.retain(|pod| waiting.contains(pod));
        if !waiting.is_empty() {
            match grow::grow(api, &waiting) {
                Grown::Enough => {}
                Grown::Asked => {
                    self.added = Some(now);
                    self.plan(api, queue, now + 1);
                }
                Grown::Refused(pods, why) => {
                    for pod in pods {
                        if self.refused.insert(pod) {
                            api.event(Subject::Pod(pod), false, "NotTriggerScaleUp", &why, SOURCE);
                        }
                    }
                }
            }
        }
        self.note_unneeded(api);
        self.remove_unneeded(api);
        self.plan_next(api, queue);
    }

    /// Nodes that nobody needs, and since when. Each is looked at in a world without those before it.
    fn note_unneeded(&mut self, api: &Api) {
        let now = api.now();
        let cluster = api.cluster();
        let threshold = cluster.scale_down.threshold;
        let mut candidates: Vec<(usize, NodeId)> = Vec::new();
        for pool in &cluster.node_pools {
            candidates
                .extend(pool.nodes.iter().filter(|n| !self.emptying.contains_key(n)).map(|&n| (shrink::movable(cluster, n).len(), n)));
        }
        // Empty ones first, then those that were unneeded already.
        candidates.arrange_by_key(|&(pods, node)| (pods, !self.unneeded.contains_key(&node), node));
        candidates.retain(|&(_, node)| shrink::utilization(cluster, node) < threshold);
        let mut unneeded = BTreeMap::new();
        if !candidates.is_empty() {
            let mut world = World::new(cluster, now);
            for (_, node) in candidates {
                if shrink::is_unneeded(api, &mut world, node, threshold) {
                    unneeded.insert(node, self.unneeded.get(&node).copied().unwrap_or(now));
                }
            }
        }
        self.unneeded = unneeded;
    }

    /// When removals are allowed again.
    fn allowed_from(&self, cluster: &Cluster) -> Time {
        let after_add = self.added.map(|at| at + cluster.scale_down.after_add);
        let after_failure = self.failed.map(|at| at + AFTER_FAILURE);
        [after_add, after_failure].into_iter().flatten().max().unwrap_or(Time::EARLIEST)
    }

    /// Begins to remove what nobody has needed for long enough: empty nodes together, of others one.
    fn remove_unneeded(&mut self, api: &mut Api) {
        let now = api.now();
        if now < self.allowed_from(api.cluster()) {
            return;
        }
        let long = api.cluster().scale_down.unneeded;
        let ripe: Vec<NodeId> = self.unneeded.iter().filter(|(_, since)| now - **since >= long).map(|(&node, _)| node).collect();
        let (mut empty, mut drained) = (0, !self.emptying.is_empty());
        for node in ripe {
            let Some(pool) = pool_of(api.cluster(), node) else { continue };
            let leaving = |n: &&NodeId| self.emptying.contains_key(n);
            let size = {
                let pool = &api.cluster().node_pools[pool.index()];
                pool.size() - pool.nodes.iter().filter(leaving).count() as i32
            };
            if size <= api.cluster().node_pools[pool.index()].least {
                continue;
            }
            let is_empty = shrink::movable(api.cluster(), node).is_empty();
            if is_empty && empty < MOST_EMPTY {
                empty += 1;
            } else if !is_empty && !drained && empty == 0 {
                drained = true;
            } else {
                continue;
            }
            self.unneeded.remove(&node);
            let key = api.cluster_mut().text.intern(TO_BE_DELETED);
            let value = crate::units::intern::Sym::EMPTY;
            let record = api.add_taint(node, Taint { key, value, effect: TaintEffect::NoSchedule });
            let before = api.cause();
            api.set_cause(record);
            api.event(Subject::Node(node), false, "ScaleDown", "marked the node as toBeDeleted/unschedulable", SOURCE);
            api.set_cause(before);
            self.emptying.insert(node, now);
            self.empty_node(api, node);
        }
    }

    /// Evicts what is still on a node; an empty node goes.
    fn empty_node(&mut self, api: &mut Api, node: NodeId) {
        let pods = shrink::movable(api.cluster(), node);
        if pods.is_empty() {
            self.emptying.remove(&node);
            if let Some(pool) = pool_of(api.cluster(), node) {
                let name = api.cluster().text(api.cluster().node(node).name).to_owned();
                api.give_node_back(pool, node, &format!("nobody needs {name}"));
            }
            return;
        }
        for pod in pods {
            if api.cluster().pod(pod).deletion.is_none() {
                // A refusal is recorded with its text; the next scan tries again.
                if api.evict_and_tell(pod, None, Evictor::ClusterAutoscaler).is_ok() {
                    api.event(Subject::Pod(pod), false, "ScaleDown", "deleting pod for node scale down", SOURCE);
                }
            }
        }
    }

    fn go_on_emptying(&mut self, api: &mut Api) {
        let now = api.now();
        let under_way: Vec<(NodeId, Time)> = self.emptying.iter().map(|(&node, &since)| (node, since)).collect();
        for (node, since) in under_way {
            if api.cluster().node(node).gone {
                self.emptying.remove(&node);
                continue;
            }
            let stuck = shrink::movable(api.cluster(), node).iter().any(|&pod| api.cluster().pod(pod).deletion.is_none());
            if stuck && now - since >= EVICTION_TIME {
                self.emptying.remove(&node);
                self.failed = Some(now);
                let key = api.cluster_mut().text.intern(TO_BE_DELETED);
                api.remove_taint(node, key, TaintEffect::NoSchedule);
                api.event(Subject::Node(node), true, "ScaleDownFailed", "failed to drain the node, aborting ScaleDown", SOURCE);
            } else {
                self.empty_node(api, node);
            }
        }
    }

    fn plan_next(&mut self, api: &Api, queue: &mut WorkQueue) {
        let now = api.now();
        let cluster = api.cluster();
        let upcoming = cluster.node_pools.iter().flat_map(|p| &p.upcoming).map(|u| u.due).min();
        let removable = |node: &NodeId| {
            pool_of(cluster, *node).is_some_and(|p| cluster.node_pools[p.index()].size() > cluster.node_pools[p.index()].least)
        };
        let ripe = self.unneeded.iter().filter(|(node, _)| removable(node)).map(|(_, &since)| since + cluster.scale_down.unneeded).min();
        let ripe = ripe.map(|at| at.max(self.allowed_from(cluster)));
        let emptying = (!self.emptying.is_empty()).then_some(now + 1);
        if let Some(next) = [upcoming, ripe, emptying].into_iter().flatten().min() {
            self.plan(api, queue, next.max(now + 1));
        }
    }
}

fn pool_of(cluster: &Cluster, node: NodeId) -> Option<NodePoolId> {
    cluster.node_pools.iter().position(|p| p.nodes.contains(&node)).map(NodePoolId::from_index)
}

/// Pods that wait for a node, the most important first.
fn waiting(cluster: &Cluster) -> Vec<PodId> {
    let waits = |pod: &crate::cluster::pod::Pod, id: PodId| {
        let gated = !pod.ungated && !cluster.template_of(id).scheduling_gates.is_empty();
        pod.is_unscheduled() && pod.deletion.is_none() && pod.nominated.is_none() && pod.pinned.is_none() && !gated
    };
    let mut pods: Vec<PodId> = cluster.live_pods().filter(|(id, pod)| waits(pod, *id)).map(|(id, _)| id).collect();
    pods.arrange_by_key(|&id| (std::cmp::Reverse(cluster.pod(id).priority), id));
    pods
}
