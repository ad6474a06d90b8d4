//! Disk pressure (`pkg/kubelet/eviction/eviction_manager.go`, v1.37): something outside of all pods fills a node's disk. The kubelet deletes
//! images that nobody uses; where that does not help it evicts one pod after the other, and takes no new ones until the disk has had room
//! for five minutes. Images and pods share one disk. What pods write is not known: none is taken to use more than it asked for.

use super::Kubelets;
use super::pressure::look_after;
use super::shortage::{Found, Level, Scarce, Watch};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::NodeId;
use crate::cluster::kubelet_settings::EvictionThresholds;
use crate::units::quantity::Quantity;

/// What is on a disk that is neither the pods' nor an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Taken {
    #[default]
    Nothing,
    /// So many bytes.
    Bytes(i64),
    /// Whatever is there, and whatever becomes free.
    Everything,
}

/// Both signals of the one disk.
fn signals(cluster: &Cluster) -> [EvictionThresholds; 2] {
    [cluster.kubelet.node_fs, cluster.kubelet.image_fs]
}

impl Kubelets {
    /// Something that is not its pods' fills the node's disk: so many bytes are left, or none, whatever is deleted.
    pub fn fill_disk(&mut self, api: &mut Api, node: NodeId, available: Option<i64>) {
        self.agent(node).disk_taken = Taken::Nothing;
        let now = api.now();
        let (taken, at) = match available {
            None => (Taken::Everything, now),
            Some(left) => (Taken::Bytes(self.disk_level(api.cluster(), node).available.saturating_sub(left).max(0)), look_after(now)),
        };
        self.agent(node).disk_taken = taken;
        self.plan_scarce_look(api, Scarce::Disk, node, at);
        self.plan_image_collection(api, node);
    }

    /// The disk has room again.
    pub fn free_disk(&mut self, api: &mut Api, node: NodeId) {
        self.agent(node).disk_taken = Taken::Nothing;
        self.plan_scarce_look(api, Scarce::Disk, node, api.now());
    }

    /// A kubelet that was dead sees what it could not see.
    pub(super) fn look_again_at_shortages(&mut self, api: &Api, node: NodeId) {
        let agent = *self.agent(node);
        if agent.disk_taken != Taken::Nothing || agent.disk.breached.is_some() {
            self.plan_scarce_look(api, Scarce::Disk, node, api.now());
            self.plan_image_collection(api, node);
        }
        if agent.outside_processes > 0 || agent.processes.breached.is_some() {
            self.plan_scarce_look(api, Scarce::Processes, node, api.now());
        }
    }

    /// What is left of a node's disk.
    pub(super) fn disk_level(&self, cluster: &Cluster, node: NodeId) -> Level {
        let capacity = cluster.node(node).capacity.ephemeral_storage.max(0);
        let taken = self.agents.get(node.index()).map_or(Taken::Nothing, |agent| agent.disk_taken);
        let images: i64 = self.images_on(cluster, node).values().fold(0, |sum, image| sum.saturating_add(image.size));
        let available = match taken {
            Taken::Everything => 0,
            Taken::Bytes(bytes) => capacity.saturating_sub(images).saturating_sub(bytes).max(0),
            Taken::Nothing => capacity.saturating_sub(images).max(0),
        };
        Level { available, capacity, none_left: taken == Taken::Everything }
    }

    /// One look of a node's eviction manager: at most one pod is evicted.
    pub(super) fn look_at_disk(&mut self, api: &mut Api, node: NodeId) {
        if !self.begins_look(api, Scarce::Disk, node) {
            return;
        }
        let now = api.now();
        let (signals, level) = (signals(api.cluster()), self.disk_level(api.cluster(), node));
        // Of a disk whose size nobody knows only that it is full is known.
        let found = match level.capacity > 0 || level.none_left {
            true => self.agent(node).disk.look(&signals, level, now),
            false => Found::Enough,
        };
        let Some(evicts) = self.act_on(api, Scarce::Disk, node, found) else { return };
        self.delete_unused_images(api, node);
        if !Watch::is_met(&signals, self.disk_level(api.cluster(), node)) {
            return self.plan_scarce_look(api, Scarce::Disk, node, look_after(now));
        }
        // None is known to use more than it asked for: the lower priority goes first.
        let victim = self.evictable(api.cluster(), node).into_iter().min_by_key(|&id| (api.cluster().pod(id).priority, id));
        let told = [evicts.threshold, level.available].map(|bytes| Quantity::from_bytes(bytes).to_string());
        self.put_out(api, Scarce::Disk, node, victim, evicts, told);
    }
}
