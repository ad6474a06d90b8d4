//! The attach/detach controller, and the drivers that do what it asks for (`pkg/controller/volume/attachdetach/reconciler/reconciler.go`,
//! `.../attach_detach_controller.go`, `.../util/util.go`, v1.37). How long attaching takes is an assumption of the cluster. Mounting is the
//! kubelet's part.

use std::collections::{BTreeMap, BTreeSet};

use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, NodeChange, Notice, PodChange, Watched};
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId, VolumeId};
use crate::cluster::node::NodeReady;
use crate::cluster::pod::Phase;
use crate::cluster::template::TaintEffect;
use crate::trace::{RecordId, Subject};
use crate::units::time::{MINUTE, Millis, Time};

/// How often the reconciler looks: what is not wanted any more is detached at its next look.
const LOOK: Millis = 100;
/// From a node that is not healthy a volume is detached by force after this long (`maxWaitForUnmountDuration`).
const FORCE_AFTER: Millis = 6 * MINUTE;
/// Source of this controller's events.
const SOURCE: &str = "attachdetach-controller";

/// How far an attachment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The driver attaches, until then.
    Attaching(Time),
    /// It is attached.
    Attached,
    /// The driver detaches, until then.
    Detaching(Time),
}

/// The attach/detach controller.
#[derive(Clone, Debug, Default)]
pub(super) struct AttachDetach {
    /// The desired state: which pods want a volume, by node.
    wanted: BTreeMap<VolumeId, BTreeMap<NodeId, BTreeSet<PodId>>>,
    /// The same by pod.
    of_pod: BTreeMap<PodId, (NodeId, Vec<VolumeId>)>,
    /// Bound pods whose claims are not bound yet.
    unresolved: BTreeSet<PodId>,
    /// The actual state.
    attached: BTreeMap<VolumeId, BTreeMap<NodeId, Stage>>,
    /// Since when an attached volume is not wanted there.
    unwanted: BTreeMap<(VolumeId, NodeId), Time>,
    /// Waits for a detachment elsewhere that pods have been told of.
    told: BTreeSet<(VolumeId, NodeId)>,
    /// Volumes to look at now, with why.
    dirty: BTreeMap<VolumeId, Option<RecordId>>,
    /// Volumes to look at later for what is to be detached.
    later: BTreeMap<VolumeId, (Time, Option<RecordId>)>,
}

impl AttachDetach {
    /// Takes stock of what exists. What a running pod uses is attached already.
    pub(super) fn start(&mut self, api: &mut Api, queue: &mut WorkQueue) {
        let known: Vec<(VolumeId, NodeId, bool, bool)> = {
            let cluster = api.cluster();
            let ids = |a: &crate::cluster::volumes::Attachment| {
                let node = cluster.live_nodes().find(|(_, n)| n.name == a.node)?.0;
                Some((cluster.storage.volume(a.volume)?, node, a.attached, a.deleting))
            };
            cluster.storage.attachments.iter().filter_map(ids).collect()
        };
        let now = api.now();
        let timing = api.cluster().storage.timing;
        for (volume, node, attached, deleting) in known {
            let stage = match (attached, deleting) {
                (_, true) => Stage::Detaching(now + timing.detach),
                (true, false) => Stage::Attached,
                (false, false) => Stage::Attaching(now + timing.attach),
            };
            self.attached.entry(volume).or_default().insert(node, stage);
            self.look_soon(volume, now, None, queue);
        }
        let bound: Vec<(PodId, Phase)> = {
            let pods = api.cluster().live_pods().filter(|(_, p)| p.node.is_some() && !p.phase.is_terminal());
            pods.map(|(id, p)| (id, p.phase)).collect()
        };
        for (pod, phase) in bound {
            self.want(api.cluster(), pod);
            let Some((node, volumes)) = self.of_pod.get(&pod).cloned() else { continue };
            for volume in volumes {
                if phase == Phase::Running && !self.attached.get(&volume).is_some_and(|nodes| nodes.contains_key(&node)) {
                    api.create_attachment(volume, node);
                    api.mark_attached(volume, node);
                    self.attached.entry(volume).or_default().insert(node, Stage::Attached);
                }
                self.look_soon(volume, now, None, queue);
            }
        }
    }

    /// Asks for a look at a volume: at once for what is to be attached, at the next look of the reconciler for the rest.
    fn look_soon(&mut self, volume: VolumeId, now: Time, cause: Option<RecordId>, queue: &mut WorkQueue) {
        self.dirty.entry(volume).or_insert(cause);
        queue.add(Key::AttachDetach, cause);
        self.look_at(volume, now + LOOK, cause, queue);
    }

    fn look_at(&mut self, volume: VolumeId, time: Time, cause: Option<RecordId>, queue: &mut WorkQueue) {
        if self.later.get(&volume).is_none_or(|&(waiting, _)| waiting > time) {
            self.later.insert(volume, (time, cause));
            queue.add_at(Key::AttachDetach, time, cause);
        }
    }

    /// Takes a notice.
    pub(super) fn observe(&mut self, api: &mut Api, notice: &Notice, queue: &mut WorkQueue) {
        let now = api.now();
        match notice.watched {
            Watched::Pod(id, PodChange::Bound | PodChange::Added)
                if api.cluster().pod(id).node.is_some() && api.cluster().has_claims(id) =>
            {
                self.want(api.cluster(), id);
                self.look_at_volumes_of(id, now, notice.record, queue);
            }
            Watched::Pod(id, PodChange::Status | PodChange::Deleting | PodChange::Gone) if self.of_pod.contains_key(&id) => {
                let pod = api.cluster().pod(id);
                // One that is deleted and never ran uses nothing, even if its kubelet can't say so.
                let never_ran = pod.deletion.is_some() && pod.phase == Phase::Pending;
                if pod.gone || pod.phase.is_terminal() || never_ran {
                    self.look_at_volumes_of(id, now, notice.record, queue);
                    self.want_no_more(id);
                }
            }
            Watched::Pod(id, PodChange::Gone) => {
                self.unresolved.remove(&id);
            }
            Watched::Claim(id) if !self.unresolved.is_empty() && api.cluster().storage.claims[id.index()].bind_completed => {
                for pod in std::mem::take(&mut self.unresolved) {
                    self.want(api.cluster(), pod);
                    self.look_at_volumes_of(pod, now, notice.record, queue);
                }
            }
            Watched::Node(id, NodeChange::Ready | NodeChange::Taints | NodeChange::Machine | NodeChange::Gone) => {
                let here: Vec<VolumeId> = self.attached.iter().filter(|(_, nodes)| nodes.contains_key(&id)).map(|(&v, _)| v).collect();
                here.into_iter().for_each(|volume| self.look_at(volume, now + LOOK, notice.record, queue));
            }
            Watched::Attachment(volume, _) => self.look_soon(volume, now, notice.record, queue),
            _ => {}
        }
    }

    fn look_at_volumes_of(&mut self, pod: PodId, now: Time, cause: Option<RecordId>, queue: &mut WorkQueue) {
        let volumes = self.of_pod.get(&pod).map(|(_, volumes)| volumes.clone()).unwrap_or_default();
        volumes.into_iter().for_each(|volume| self.look_soon(volume, now, cause, queue));
    }

    /// A pod on a node wants its volumes there.
    fn want(&mut self, cluster: &Cluster, id: PodId) {
        let pod = cluster.pod(id);
        let Some(node) = pod.node.filter(|_| !pod.gone && !pod.phase.is_terminal() && cluster.has_claims(id)) else { return };
        let Some(volumes) = cluster.attachable_volumes(id) else {
            self.unresolved.insert(id);
            return;
        };
        for &volume in &volumes {
            self.wanted.entry(volume).or_default().entry(node).or_default().insert(id);
        }
        self.of_pod.insert(id, (node, volumes));
    }

    fn want_no_more(&mut self, id: PodId) {
        let Some((node, volumes)) = self.of_pod.remove(&id) else { return };
        for volume in volumes {
            let Some(nodes) = self.wanted.get_mut(&volume) else { continue };
            if let Some(pods) = nodes.get_mut(&node) {
                pods.remove(&id);
                if pods.is_empty() {
                    nodes.remove(&node);
                    self.told.remove(&(volume, node));
                }
            }
            if nodes.is_empty() {
                self.wanted.remove(&volume);
            }
        }
    }

    /// One look at what has changed: detaching comes before attaching (`reconcile`).
    pub(super) fn sync(&mut self, api: &mut Api, queue: &mut WorkQueue) {
        let now = api.now();
        let due: Vec<(VolumeId, Option<RecordId>)> = {
            let due = self.later.iter().filter(|(_, (time, _))| *time <= now);
            due.map(|(&volume, &(_, cause))| (volume, cause)).collect()
        };
        let before = api.cause();
        for &(volume, cause) in &due {
            self.later.remove(&volume);
            api.set_cause(cause.or(before));
            self.drive(volume, api);
            self.detach(volume, api, queue);
        }
        let mut dirty = std::mem::take(&mut self.dirty);
        due.into_iter().for_each(|(volume, cause)| {
            dirty.entry(volume).or_insert(cause);
        });
        for (volume, cause) in dirty {
            api.set_cause(cause.or(before));
            self.attach(volume, api);
            // Only the earliest look waits: what the driver is at is asked for again after each.
            let stages = self.attached.get(&volume).into_iter().flat_map(BTreeMap::values);
            let until = stages.filter_map(|stage| match stage {
                Stage::Attaching(until) | Stage::Detaching(until) => Some(*until),
                Stage::Attached => None,
            });
            if let Some(until) = until.min() {
                self.look_at(volume, until, cause, queue);
            }
        }
        api.set_cause(before);
    }

    /// The driver of a volume has done what it was asked for.
    fn drive(&mut self, volume: VolumeId, api: &mut Api) {
        let now = api.now();
        let Some(nodes) = self.attached.get_mut(&volume) else { return };
        let done: Vec<(NodeId, Stage)> = nodes.iter().map(|(&node, &stage)| (node, stage)).collect();
        for (node, stage) in done {
            match stage {
                Stage::Attaching(until) if until <= now => {
                    nodes.insert(node, Stage::Attached);
                    let record = api.mark_attached(volume, node);
                    let before = api.cause();
                    api.set_cause(record);
                    let message = format!("AttachVolume.Attach succeeded for volume \"{}\" ", volume_name(api.cluster(), volume));
                    let pods = self.wanted.get(&volume).and_then(|nodes| nodes.get(&node));
                    for &pod in pods.into_iter().flatten() {
                        api.event(Subject::Pod(pod), false, "SuccessfulAttachVolume", &message, SOURCE);
                    }
                    api.set_cause(before);
                }
                Stage::Detaching(until) if until <= now => {
                    nodes.remove(&node);
                    api.remove_attachment(volume, node);
                }
                _ => {}
            }
        }
        if nodes.is_empty() {
            self.attached.remove(&volume);
        }
    }

    /// Detaches a volume from nodes where nothing wants it any more.
    fn detach(&mut self, volume: VolumeId, api: &mut Api, queue: &mut WorkQueue) {
        let now = api.now();
        let Some(nodes) = self.attached.get(&volume) else { return };
        let idle: Vec<NodeId> = {
            let wanted = self.wanted.get(&volume);
            let attached = nodes.iter().filter(|(_, stage)| **stage == Stage::Attached).map(|(&node, _)| node);
            attached.filter(|node| !wanted.is_some_and(|wanted| wanted.contains_key(node))).collect()
        };
        if let Some(wanted) = self.wanted.get(&volume) {
            wanted.keys().for_each(|&node| {
                self.unwanted.remove(&(volume, node));
            });
        }
        for node in idle {
            let since = *self.unwanted.entry((volume, node)).or_insert(now);
            let host = api.cluster().node(node);
            let out_of_service = {
                let key = api.known().out_of_service;
                [TaintEffect::NoExecute, TaintEffect::NoSchedule].into_iter().any(|effect| host.has_taint(key, effect))
            };
            // A Node that is gone is not found, and so not healthy (`reconciler.go` nodeIsHealthy).
            let healthy = host.ready == NodeReady::True && !host.gone;
            // What a dead kubelet said last still stands, its Node deleted or not: the volume is in use.
            let in_use = !host.kubelet_alive;
            let forced = now - since >= FORCE_AFTER && !healthy;
            if in_use && !out_of_service && !forced {
                if !healthy {
                    let cause = api.cause();
                    self.look_at(volume, (since + FORCE_AFTER).max(now + LOOK), cause, queue);
                }
                continue;
            }
            self.unwanted.remove(&(volume, node));
            let until = now + api.cluster().storage.timing.detach;
            self.attached.entry(volume).or_default().insert(node, Stage::Detaching(until));
            api.delete_attachment(volume, node);
        }
    }

    /// Attaches a volume to the nodes that want it, unless it is still elsewhere and may be on one node only.
    fn attach(&mut self, volume: VolumeId, api: &mut Api) {
        let Some(wanted) = self.wanted.get(&volume) else { return };
        let missing: Vec<NodeId> = {
            let here = self.attached.get(&volume);
            wanted.keys().copied().filter(|node| !here.is_some_and(|here| here.contains_key(node))).collect()
        };
        for node in missing {
            let elsewhere = self.attached.get(&volume).is_some_and(|nodes| !nodes.is_empty());
            if elsewhere && api.cluster().storage.volumes[volume.index()].access.single_node() {
                if self.told.insert((volume, node)) {
                    self.tell_of_wait(volume, node, api);
                }
                continue;
            }
            self.told.remove(&(volume, node));
            let until = api.now() + api.cluster().storage.timing.attach;
            self.attached.entry(volume).or_default().insert(node, Stage::Attaching(until));
            api.create_attachment(volume, node);
        }
    }

    /// `reportMultiAttachError`: each pod that waits hears who has the volume.
    fn tell_of_wait(&self, volume: VolumeId, node: NodeId, api: &mut Api) {
        let Some(wanted) = self.wanted.get(&volume) else { return };
        let there = self.attached.get(&volume);
        let others: Vec<PodId> = {
            let nodes = wanted.iter().filter(|(other, _)| **other != node && there.is_some_and(|there| there.contains_key(other)));
            nodes.flat_map(|(_, pods)| pods.iter().copied()).collect()
        };
        let waiting: Vec<PodId> = wanted.get(&node).into_iter().flatten().copied().collect();
        let name = volume_name(api.cluster(), volume).to_owned();
        for pod in waiting {
            let cluster = api.cluster();
            let namespace = cluster.pod(pod).namespace;
            let (near, far): (Vec<PodId>, Vec<PodId>) = others.iter().copied().partition(|&p| cluster.pod(p).namespace == namespace);
            let names: Vec<String> = near.iter().map(|&p| cluster.pod_name(p)).collect();
            let what = match (near.is_empty(), far.len()) {
                (true, 0) => {
                    "Volume is already exclusively attached to one node, waiting on detach before it can be attached to another node"
                        .to_owned()
                }
                (true, count) => format!("Volume is already used by {count} pod(s) in different namespaces"),
                (false, 0) => format!("Volume is already used by pod(s) {}", names.join(", ")),
                (false, count) => {
                    format!("Volume is already used by pod(s) {} and {count} pod(s) in different namespaces", names.join(", "))
                }
            };
            let message = format!("Waiting for detach for volume \"{name}\" {what}");
            api.event(Subject::Pod(pod), true, "FailedAttachVolume", &message, SOURCE);
        }
    }

    /// Forgets records: a fork begins a trace of its own.
    pub(super) fn forget_causes(&mut self) {
        self.later.values_mut().for_each(|(_, cause)| *cause = None);
        self.dirty.values_mut().for_each(|cause| *cause = None);
    }
}

fn volume_name(cluster: &Cluster, volume: VolumeId) -> &str {
    cluster.text(cluster.storage.volumes[volume.index()].name)
}
