//! What happens in the cluster, taken in: the cache and the counts follow, and pods that wait for it are tried again
//! (`pkg/scheduler/eventhandlers.go`, v1.37).

use super::attempt::{Attempt, Nomination};
use super::cache::counts_on_node;
use super::hints::{Cause, ClusterEvent, Hints};
use super::plugins::{Plugin, scheduling_gates};
use super::queue::{Kind, PoolGroup};
use super::{NodeFacts, Scheduler};
use crate::cluster::Cluster;
use crate::cluster::ids::PodId;
use crate::units::time::Time;

impl Scheduler {
    /// Takes an event in. Must be told of everything that happens, in order; the initial state is taken in by [`Scheduler::new`].
    pub fn observe(&mut self, cluster: &Cluster, event: ClusterEvent, now: Time) {
        match event {
            ClusterEvent::PodAdded(id) => self.enqueue(cluster, id, now),
            ClusterEvent::PodBound(id) => {
                self.dequeue(id);
                self.pod_bound(cluster, id);
                self.wake(cluster, &Cause::PodAssigned(id), now, None);
            }
            ClusterEvent::PodUpdated(id) => self.observe_update(cluster, id, now),
            ClusterEvent::PodGone(id) => self.observe_gone(cluster, id, now),
            // An assumed pod has its room already.
            ClusterEvent::PodNominated(id) if self.counted_on(id).is_some() => {}
            ClusterEvent::PodNominated(id) => {
                let (old, new) = (self.nominator().node_of(id), cluster.pod(id).nominated);
                if old != new {
                    self.nominate(id, new);
                    if old.is_some() {
                        self.wake(cluster, &Cause::PodDeleted(id), now, Some(cluster.pod(id).priority));
                    }
                }
            }
            ClusterEvent::NodeAdded(id) => {
                self.node_added(cluster, id);
                self.wake(cluster, &Cause::NodeAdded(id), now, None);
            }
            ClusterEvent::NodeUpdated(id) => {
                let Some(old) = self.facts.get(id.index()).cloned() else { return };
                if old == NodeFacts::of(cluster.node(id)) {
                    return;
                }
                self.node_updated(cluster, id);
                self.wake(cluster, &Cause::NodeUpdated(id, &old), now, None);
            }
            ClusterEvent::NodeGone(id) => {
                self.wake(cluster, &Cause::NodeGone(id), now, None);
                self.node_removed(cluster, id);
            }
            ClusterEvent::ClaimAdded(id) => self.wake(cluster, &Cause::ClaimAdded(id), now, None),
            ClusterEvent::ClaimUpdated(id) => self.wake(cluster, &Cause::ClaimUpdated(id), now, None),
            ClusterEvent::VolumeChanged(_) => self.wake(cluster, &Cause::VolumeChanged, now, None),
            ClusterEvent::StorageClassAdded(id) => self.wake(cluster, &Cause::StorageClassAdded(id), now, None),
            ClusterEvent::StorageChanged => self.wake(cluster, &Cause::StorageChanged, now, None),
            ClusterEvent::NamespaceUpdated => self.namespace_changed(),
            ClusterEvent::ServicesChanged => self.services_changed(),
        }
    }

    fn observe_update(&mut self, cluster: &Cluster, id: PodId, now: Time) {
        let pod = cluster.pod(id);
        if pod.node.is_some() {
            let counted = self.counted_on(id).is_some();
            self.pod_updated(cluster, id);
            // A pod that has ended looks deleted to the scheduler.
            if counted && !counts_on_node(pod) {
                self.wake(cluster, &Cause::PodDeleted(id), now, None);
            }
        } else if pod.phase.is_terminal() {
            self.observe_gone(cluster, id, now);
        } else if self.gate(cluster, id).is_none() {
            self.queue.ungate(id, now);
        }
    }

    fn observe_gone(&mut self, cluster: &Cluster, id: PodId, now: Time) {
        let counted = self.counted_on(id).is_some();
        let nominated = self.nominator().node_of(id).is_some();
        self.dequeue(id);
        self.pod_removed(cluster, id);
        if counted {
            self.wake(cluster, &Cause::PodDeleted(id), now, None);
        } else if nominated {
            self.wake(cluster, &Cause::PodDeleted(id), now, Some(cluster.pod(id).priority));
        }
    }

    /// An assumed pod is not going to be bound (`ForgetPod`); what waits for room may try again.
    pub fn forget(&mut self, cluster: &Cluster, id: PodId, now: Time) {
        if self.counted_on(id).is_some() {
            self.pod_removed(cluster, id);
            self.wake(cluster, &Cause::PodDeleted(id), now, None);
        }
    }

    /// A pod that waits for a node enters the queue; one that no profile is for, or that is being deleted, does not.
    pub fn enqueue(&mut self, cluster: &Cluster, id: PodId, now: Time) {
        let (pod, template) = (cluster.pod(id), cluster.template_of(id));
        if !pod.is_unscheduled() || self.config().profile_of(template.scheduler_name).is_none() {
            return;
        }
        if pod.nominated.is_some() {
            self.nominate(id, pod.nominated);
        }
        let alone = pod.own_labels.is_some() || pod.pinned.is_some();
        let gated = self.gate(cluster, id).is_some();
        self.queue.add(id, pod.priority, Kind { template: pod.template, alone }, gated, now);
    }

    /// Gives back the room of pods that have left the queue.
    pub fn give_back(&mut self) {
        self.queue.give_back();
    }

    /// A pod leaves the queue.
    pub fn dequeue(&mut self, id: PodId) {
        self.queue.delete(id);
    }

    /// Takes the next pod to be tried out of the queue.
    pub fn next_pod(&mut self, cluster: &Cluster, now: Time) -> Option<PodId> {
        while let Some(id) = self.queue.pop(now) {
            let pod = cluster.pod(id);
            if pod.is_unscheduled() && pod.deletion.is_none() {
                return Some(id);
            }
            self.queue.delete(id);
        }
        None
    }

    /// A pod that was tried found no place: it goes back to the queue, and its nomination becomes what preemption said.
    pub fn failed(&mut self, cluster: &Cluster, attempt: &Attempt, now: Time) {
        let id = attempt.pod;
        match attempt.nomination {
            Nomination::Keep => {}
            Nomination::Clear => self.nominate(id, None),
            Nomination::Set(node) => self.nominate(id, Some(node)),
        }
        if cluster.pod(id).is_unscheduled() {
            self.queue.add_unschedulable(id, attempt.rejectors, now);
        } else {
            self.queue.delete(id);
        }
    }

    /// When a pod can be tried next, if nothing happens before.
    pub fn next_wake(&self, now: Time) -> Option<Time> {
        self.queue.next_wake(now)
    }

    fn gate(&self, cluster: &Cluster, id: PodId) -> Option<Plugin> {
        let profile = self.config.profile_of(cluster.template_of(id).scheduler_name)?;
        let gates = self.config.profiles[profile].pre_enqueue.contains(&Plugin::SchedulingGates);
        (gates && scheduling_gates::pre_enqueue(cluster, cluster.pod(id)).is_some()).then_some(Plugin::SchedulingGates)
    }

    /// Moves waiting pods that an event concerns; with a priority given, only pods of at most that.
    fn wake(&mut self, cluster: &Cluster, cause: &Cause<'_>, now: Time, at_most: Option<i32>) {
        let registered = cause.registered();
        if self.queue.rejectors_in_pool() & registered == 0 {
            return;
        }
        let config = &self.config;
        self.queue.move_groups(now, |group: &PoolGroup, first| {
            if group.rejectors & registered == 0 || at_most.is_some_and(|limit| cluster.pod(first).priority > limit) {
                return false;
            }
            let Some(profile) = config.profile_of(cluster.template(group.template).scheduler_name) else { return false };
            let hints = Hints { cluster, profile: &config.profiles[profile], known: &config.known };
            hints.concerns(first, group.rejectors, cause)
        });
    }
}
