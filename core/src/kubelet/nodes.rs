//! What a kubelet says of its own node: Ready or not, and all that it could not say while it was dead.

use super::Kubelets;
use super::disk::Taken;
use super::life::Stage;
use super::shortage::Watch;
use crate::apiserver::Api;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::node::NodeReady;
use crate::units::time::Time;

/// What a kubelet keeps of its node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Agent {
    /// It reports Ready=False (its container runtime is down).
    pub(super) not_ready: bool,
    /// Memory taken by something outside of all pods, in bytes.
    pub(super) outside: i64,
    /// A pod here used more memory than it asked for: the eviction manager has something to look at.
    pub(super) looks: bool,
    /// When the eviction manager looks next.
    pub(super) look_at: Option<Time>,
    /// Raised whenever the moment at which memory runs out is computed anew.
    pub(super) oom_epoch: u32,
    /// When the memory threshold was last seen met; none if pressure is over.
    pub(super) breached: Option<Time>,
    /// Since when the soft memory threshold is met.
    pub(super) soft_since: Option<Time>,
    /// Pods are being evicted until as much is free as `evictionMinimumReclaim` wants beyond the threshold.
    pub(super) reclaiming: bool,
    /// What is on the disk that is not the pods'.
    pub(super) disk_taken: Taken,
    /// The eviction manager's look at the disk.
    pub(super) disk: Watch,
    /// When the image garbage collector looks next.
    pub(super) collects_at: Option<Time>,
    /// It could not free enough the last time.
    pub(super) collection_failed: bool,
    /// Processes of something outside of all pods.
    pub(super) outside_processes: i64,
    /// The eviction manager's look at the process numbers.
    pub(super) processes: Watch,
    /// The machine had no power: what ran has to start again.
    pub(super) lost_power: bool,
    /// The operating system shuts down: no new pods.
    pub(super) shutting_down: bool,
}

impl Kubelets {
    /// The kubelet itself says Ready=False, or that it is over. The pods of the node are left alone.
    pub fn set_node_ready(&mut self, api: &mut Api, node: NodeId, ready: bool) {
        self.agent(node).not_ready = !ready;
        self.post_node(api, node);
    }

    pub(super) fn post_node(&mut self, api: &mut Api, node: NodeId) {
        if Self::is_alive(api, node) {
            let ready =
                if self.agent(node).not_ready || !api.cluster().node(node).has_pod_range { NodeReady::False } else { NodeReady::True };
            api.set_node_ready(node, ready);
        }
    }

    /// The machine is back: the node's conditions and the state of its pods are posted at once, and what was deleted meanwhile is stopped.
    pub(super) fn come_back(&mut self, api: &mut Api, node: NodeId) {
        let rebooted = std::mem::take(&mut self.agent(node).lost_power);
        if std::mem::take(&mut self.agent(node).shutting_down) {
            self.agent(node).not_ready = false;
        }
        self.post_node(api, node);
        let back = api.cause();
        if rebooted {
            self.reboot(api, node);
            api.set_cause(back);
        }
        self.plan_look(api, node, api.now());
        self.look_again_at_shortages(api, node);
        self.volumes_attached(api, node);
        let pods: Vec<PodId> = api.cluster().node(node).pods.clone();
        for id in pods {
            api.set_cause(back);
            if api.cluster().pod(id).gone {
                continue;
            }
            let (deletion, started) = (api.cluster().pod(id).deletion, api.cluster().pod(id).started);
            if self.life(id).stage == Stage::Unseen && deletion.is_none() {
                self.take_on(api, id);
                continue;
            }
            if deletion.is_some() {
                self.begin_stop(api, id);
                self.containers_stopped(api, id);
            }
            self.post(api, id);
            let deadline = api.cluster().template_of(id).active_deadline;
            if let (Some(deadline), Some(started)) = (deadline, started)
                && started + deadline <= api.now()
            {
                self.deadline_over(api, id);
            }
        }
    }
}
