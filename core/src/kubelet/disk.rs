//! Disk pressure (`pkg/kubelet/eviction/eviction_manager.go`, v1.37): something outside of all pods fills a node's disk. The kubelet deletes
//! images that nobody uses; where that does not help it evicts one pod after the other, and takes no new ones until the disk has had room
//! for five minutes. Images and pods share one disk. What pods write is not known: none is taken to use more than it asked for.

use super::pressure::look_after;
use super::shortage::{Found, Level, Watch};
use super::{Kubelets, Timer};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::NodeId;
use crate::cluster::kubelet_settings::EvictionThresholds;
use crate::trace::Subject;
use crate::units::quantity::Quantity;
use crate::units::time::{Millis, SECOND, Time};

/// After an eviction it waits until the pod is cleaned up and looks again at once.
const CLEANED_UP_AFTER: Millis = SECOND;

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
        self.plan_disk_look(api, node, at);
        self.plan_image_collection(api, node);
    }

    /// The disk has room again.
    pub fn free_disk(&mut self, api: &mut Api, node: NodeId) {
        self.agent(node).disk_taken = Taken::Nothing;
        self.plan_disk_look(api, node, api.now());
    }

    /// A kubelet that was dead sees what it could not see.
    pub(super) fn look_again_at_shortages(&mut self, api: &Api, node: NodeId) {
        let agent = *self.agent(node);
        if agent.disk_taken != Taken::Nothing || agent.disk.breached.is_some() {
            self.plan_disk_look(api, node, api.now());
            self.plan_image_collection(api, node);
        }
        if agent.outside_processes > 0 || agent.processes.breached.is_some() {
            self.plan_processes_look(api, node, api.now());
        }
    }

    fn plan_disk_look(&mut self, api: &Api, node: NodeId, at: Time) {
        let (now, cause) = (api.now(), api.cause());
        let watch = &mut self.agent(node).disk;
        if watch.look_at.is_none_or(|planned| at < planned || planned < now) {
            watch.look_at = Some(at);
            self.agenda.add(at, (Timer::LookAtDisk(node), cause));
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
        let now = api.now();
        if self.agent(node).disk.look_at != Some(now) || !Self::is_alive(api, node) {
            return;
        }
        self.agent(node).disk.look_at = None;
        let (signals, level) = (signals(api.cluster()), self.disk_level(api.cluster(), node));
        // Of a disk whose size nobody knows only that it is full is known.
        let found = match level.capacity > 0 || level.none_left {
            true => self.agent(node).disk.look(&signals, level, now),
            false => Found::Enough,
        };
        if found != Found::Enough
            && let Some(record) = api.set_disk_pressure(node, true)
        {
            api.set_cause(Some(record));
        }
        match found {
            Found::Enough => {
                let Some(breached) = self.agent(node).disk.breached else { return };
                let over_at = look_after(breached + api.cluster().kubelet.transition);
                if now >= over_at {
                    self.agent(node).disk.breached = None;
                    api.set_disk_pressure(node, false);
                } else {
                    self.plan_disk_look(api, node, over_at);
                }
            }
            Found::Waits => self.plan_disk_look(api, node, look_after(now)),
            Found::Short(evicts) => {
                api.event(Subject::Node(node), true, "EvictionThresholdMet", "Attempting to reclaim ephemeral-storage", "kubelet");
                self.delete_unused_images(api, node);
                if !Watch::is_met(&signals, self.disk_level(api.cluster(), node)) {
                    return self.plan_disk_look(api, node, look_after(now));
                }
                // None is known to use more than it asked for: the lower priority goes first.
                let victim = self.evictable(api.cluster(), node).into_iter().min_by_key(|&id| (api.cluster().pod(id).priority, id));
                let next = match victim {
                    Some(victim) => {
                        let (threshold, available) = (Quantity::from_bytes(evicts.threshold), Quantity::from_bytes(level.available));
                        let message = format!(
                            "The node was low on resource: ephemeral-storage. Threshold quantity: {threshold}, available: {available}. "
                        );
                        let cause = api.cause();
                        let takes = self.evict_for(api, victim, evicts, &message);
                        api.set_cause(cause);
                        now + takes + CLEANED_UP_AFTER
                    }
                    None => look_after(now),
                };
                self.plan_disk_look(api, node, next);
            }
        }
    }
}
