//! Disk pressure (`pkg/kubelet/eviction/eviction_manager.go`, v1.37): a disk that something outside of all pods has filled. Nothing that the
//! kubelet can reclaim helps, so it evicts one pod after the other, and takes no new ones until the disk has had room for five minutes.

use super::admission::CRITICAL_PRIORITY;
use super::life::Stage;
use super::{Kubelets, Timer};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::pod::Owner;
use crate::trace::Subject;
use crate::units::quantity::Quantity;
use crate::units::time::{Millis, SECOND};

/// How often the eviction manager looks.
const LOOK_EVERY: Millis = 10 * SECOND;
/// After an eviction it waits until the pod is cleaned up and looks again at once.
const CLEANED_UP_AFTER: Millis = SECOND;
/// `evictionPressureTransitionPeriod`.
const TRANSITION: Millis = 300 * SECOND;

impl Kubelets {
    /// The node's disk is full of what is not its pods'.
    pub fn fill_disk(&mut self, api: &mut Api, node: NodeId) {
        self.agent(node).disk_full = true;
        self.look_at_disk(api, node);
    }

    /// The disk has room again.
    pub fn free_disk(&mut self, api: &mut Api, node: NodeId) {
        self.agent(node).disk_full = false;
        let cause = api.cause();
        self.agenda.add(api.now() + TRANSITION, (Timer::LookAtDisk(node), cause));
    }

    /// One look of a node's eviction manager: at most one pod is evicted.
    pub(super) fn look_at_disk(&mut self, api: &mut Api, node: NodeId) {
        if !Self::is_alive(api, node) {
            return;
        }
        let (now, cause) = (api.now(), api.cause());
        let agent = self.agent(node);
        if !agent.disk_full {
            if agent.disk_breached.is_some_and(|last| last + TRANSITION <= now) {
                agent.disk_breached = None;
                api.set_disk_pressure(node, false);
            }
            return;
        }
        agent.disk_breached = Some(now);
        if let Some(record) = api.set_disk_pressure(node, true) {
            api.set_cause(Some(record));
        }
        api.event(Subject::Node(node), true, "EvictionThresholdMet", "Attempting to reclaim ephemeral-storage", "kubelet");
        let pause = match self.victim_of_disk(api.cluster(), node) {
            Some(victim) => {
                self.evict_for_disk(api, node, victim);
                CLEANED_UP_AFTER
            }
            None => LOOK_EVERY,
        };
        self.agenda.add(now + pause, (Timer::LookAtDisk(node), cause));
    }

    /// Nobody knows what pods have written: none is taken to use more than it asked for, so the lower priority goes first.
    fn victim_of_disk(&self, cluster: &Cluster, node: NodeId) -> Option<PodId> {
        let evictable = cluster.node(node).pods.iter().copied().filter(|&id| {
            let pod = cluster.pod(id);
            let runs = self.lives.get(id.index()).is_some_and(|life| matches!(life.stage, Stage::Running | Stage::Ready | Stage::BackOff));
            runs && !pod.phase.is_terminal() && pod.priority < CRITICAL_PRIORITY && pod.owner != Owner::Node
        });
        evictable.min_by_key(|&id| (cluster.pod(id).priority, id))
    }

    fn evict_for_disk(&mut self, api: &mut Api, node: NodeId, id: PodId) {
        let capacity = api.cluster().node(node).capacity.ephemeral_storage.max(0);
        // `nodefs.available < 10%`, and nothing is available.
        let threshold = Quantity::from_bytes(capacity / 10);
        let message = format!("The node was low on resource: ephemeral-storage. Threshold quantity: {threshold}, available: 0. ");
        self.end_evicted(api, id, &message);
    }
}
