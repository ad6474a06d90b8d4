//! Deleting objects and what they own (`pkg/controller/garbagecollector/garbagecollector.go`, v1.37). The collector's own delay is latency only,
//! so dependents follow at the same moment; while kube-controller-manager has no leader nobody collects.

use super::api::Api;
use super::notice::Watched;
use crate::cluster::ids::{CronJobId, JobId, PodId, ReplicaSetId};
use crate::cluster::pod::Owner;
use crate::cluster::state::Workload;
use crate::cluster::workloads::Meta;
use crate::trace::{Change, DeleteReason, RecordId, Subject};

/// `propagationPolicy` of a deletion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// The object goes at once, its dependents follow.
    #[default]
    Background,
    /// The object stays until its dependents are gone.
    Foreground,
    /// The dependents stay, without an owner.
    Orphan,
}

/// What others may belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Object {
    Workload(Workload),
    CronJob(CronJobId),
}

/// What belongs to an object.
#[derive(Clone, Copy, Debug)]
enum Dependent {
    Pod(PodId),
    ReplicaSet(ReplicaSetId),
    Job(JobId),
}

/// What the garbage collector has not seen to: nothing waits while it runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Uncollected {
    away: bool,
    waiting: Vec<(Object, Propagation)>,
}

impl Api {
    /// The garbage collector stops with kube-controller-manager: what an object owns stays until [`Api::collect_again`].
    pub fn stop_collecting(&mut self) {
        self.uncollected.away = true;
    }

    /// The garbage collector is back, and sees to what was deleted meanwhile. What it does has the cause of the API.
    pub fn collect_again(&mut self) {
        self.uncollected.away = false;
        for (object, propagation) in std::mem::take(&mut self.uncollected.waiting) {
            self.collect(object, propagation);
        }
    }

    /// Deletes a workload as `kubectl delete` does: it goes at once, its pods follow.
    pub fn delete_workload(&mut self, workload: Workload) {
        self.delete_workload_with(workload, Propagation::Background);
    }

    /// Deletes a workload.
    pub fn delete_workload_with(&mut self, workload: Workload, propagation: Propagation) {
        match workload {
            Workload::Pod(pod) => self.delete_pod(pod, None, DeleteReason::User),
            other => self.delete_object(Object::Workload(other), propagation),
        }
    }

    /// Deletes an object that may own others.
    pub(super) fn delete_object(&mut self, object: Object, propagation: Propagation) {
        let away = self.uncollected.away;
        let Some(meta) = self.meta_mut(object) else { return };
        if meta.gone || (meta.deleting.is_some() && (away || propagation == Propagation::Foreground)) {
            return;
        }
        let held = !meta.finalizers.is_empty();
        let before = self.cause();
        let record = match propagation {
            // It stays, so its dependents have an owner: the garbage collector leaves them alone.
            Propagation::Background if held => {
                self.stays_terminating(object);
                return self.set_cause(before);
            }
            Propagation::Orphan | Propagation::Foreground if held => self.stays_terminating(object),
            // The finalizer `orphan` keeps it until the collector has been there.
            Propagation::Orphan if away => self.begins_to_go(object),
            Propagation::Background | Propagation::Orphan => self.object_goes(object),
            Propagation::Foreground => self.begins_to_go(object),
        };
        if away {
            return self.uncollected.waiting.push((object, propagation));
        }
        self.set_cause(Some(record));
        self.collect(object, propagation);
        self.set_cause(before);
    }

    /// What the garbage collector does once an object is deleted.
    fn collect(&mut self, object: Object, propagation: Propagation) {
        for dependent in self.dependents(object) {
            match (propagation, dependent) {
                (Propagation::Orphan, Dependent::ReplicaSet(set)) => self.set_replica_set_owner(set, None),
                (Propagation::Orphan, Dependent::Job(job)) => self.orphan_job(job),
                (Propagation::Orphan, Dependent::Pod(pod)) => self.set_pod_owner(pod, Owner::None),
                (_, Dependent::ReplicaSet(set)) => self.delete_object(Object::Workload(Workload::ReplicaSet(set)), propagation),
                (_, Dependent::Job(job)) => self.delete_object(Object::Workload(Workload::Job(job)), propagation),
                (_, Dependent::Pod(pod)) => self.delete_pod(pod, None, DeleteReason::OwnerGone),
            }
        }
        self.finish_foreground(object);
    }

    /// An object that waits for its dependents (foreground deletion) goes once there are none.
    pub(super) fn finish_foreground(&mut self, object: Object) {
        // One that has finalizers of its own does not go with its dependents.
        let waits = self.meta_mut(object).is_some_and(|m| m.deleting.is_some() && !m.gone && m.finalizers.is_empty());
        if !waits || !self.dependents(object).is_empty() {
            return;
        }
        if self.uncollected.away {
            return self.uncollected.waiting.push((object, Propagation::Foreground));
        }
        self.object_goes(object);
        let owner = match object {
            Object::Workload(Workload::ReplicaSet(set)) => {
                self.cluster.replica_sets[set.index()].deployment.map(|id| Object::Workload(Workload::Deployment(id)))
            }
            Object::Workload(Workload::Job(job)) => self.cluster.jobs[job.index()].cron_job.map(Object::CronJob),
            _ => None,
        };
        if let Some(owner) = owner {
            self.finish_foreground(owner);
        }
    }

    /// The workload that directly owns a pod.
    pub(super) fn direct_owner(owner: Owner) -> Option<Object> {
        Some(Object::Workload(match owner {
            Owner::ReplicaSet(id) => Workload::ReplicaSet(id),
            Owner::StatefulSet(id) => Workload::StatefulSet(id),
            Owner::DaemonSet(id) => Workload::DaemonSet(id),
            Owner::Job(id) => Workload::Job(id),
            Owner::None | Owner::Node | Owner::Foreign { .. } => return None,
        }))
    }

    /// It has a `deletionTimestamp`, and a finalizer that the garbage collector takes away.
    fn begins_to_go(&mut self, object: Object) -> RecordId {
        let now = self.now();
        if let Some(meta) = self.meta_mut(object) {
            meta.deleting.get_or_insert(now);
        }
        let (subject, watched) = place(object);
        self.announce(subject, Change::Deleting, watched)
    }

    /// A finalizer that nobody here removes keeps an object: it has a `deletionTimestamp` and stays. That is told once.
    fn stays_terminating(&mut self, object: Object) -> RecordId {
        let record = self.begins_to_go(object);
        let names = self.meta_mut(object).map(|meta| meta.finalizers.clone()).unwrap_or_default();
        let names: Vec<&str> = names.iter().map(|&name| self.cluster.text(name)).collect();
        let told = stays(&names);
        let text = self.trace_mut().text_id(&told);
        let before = self.cause();
        self.set_cause(Some(record));
        self.record(place(object).0, Change::StepNote(text));
        self.set_cause(before);
        record
    }

    fn object_goes(&mut self, object: Object) -> RecordId {
        if let Object::Workload(Workload::ReplicaSet(set)) = object
            && let Some(deployment) = self.cluster.replica_sets[set.index()].deployment
        {
            self.cluster.deployments[deployment.index()].replica_sets.retain(|&r| r != set);
        }
        if let Object::Workload(Workload::Job(job)) = object
            && let Some(owner) = self.cluster.jobs[job.index()].cron_job
        {
            self.cluster.cron_jobs[owner.index()].jobs.retain(|&j| j != job);
        }
        if let Some(meta) = self.meta_mut(object) {
            meta.gone = true;
        }
        let (subject, watched) = place(object);
        self.announce(subject, Change::Deleted, watched)
    }

    /// What an object owns.
    fn dependents(&self, object: Object) -> Vec<Dependent> {
        let cluster = &self.cluster;
        let workload = match object {
            Object::CronJob(id) => return cluster.cron_jobs[id.index()].jobs.iter().map(|&job| Dependent::Job(job)).collect(),
            Object::Workload(workload) => workload,
        };
        let pods = match workload {
            Workload::Deployment(id) => {
                return cluster.deployments[id.index()].replica_sets.iter().map(|&set| Dependent::ReplicaSet(set)).collect();
            }
            Workload::ReplicaSet(id) => &cluster.replica_sets[id.index()].pods,
            Workload::StatefulSet(id) => &cluster.stateful_sets[id.index()].pods,
            Workload::DaemonSet(id) => &cluster.daemon_sets[id.index()].pods,
            Workload::Job(id) => &cluster.jobs[id.index()].pods,
            Workload::Pod(_) => return Vec::new(),
        };
        pods.iter().map(|&pod| Dependent::Pod(pod)).collect()
    }

    fn meta_mut(&mut self, object: Object) -> Option<&mut Meta> {
        let cluster = &mut self.cluster;
        let workload = match object {
            Object::CronJob(id) => return Some(&mut cluster.cron_jobs[id.index()].meta),
            Object::Workload(workload) => workload,
        };
        Some(match workload {
            Workload::Deployment(id) => &mut cluster.deployments[id.index()].meta,
            Workload::ReplicaSet(id) => &mut cluster.replica_sets[id.index()].meta,
            Workload::StatefulSet(id) => &mut cluster.stateful_sets[id.index()].meta,
            Workload::DaemonSet(id) => &mut cluster.daemon_sets[id.index()].meta,
            Workload::Job(id) => &mut cluster.jobs[id.index()].meta,
            Workload::Pod(_) => return None,
        })
    }
}

/// What is told of an object that its finalizers keep.
pub(crate) fn stays(finalizers: &[&str]) -> String {
    let (which, them) = if finalizers.len() == 1 { ("finalizer", "it") } else { ("finalizers", "them") };
    format!(
        "it stays Terminating: nothing in this set removes the {which} {}; its controller has to, or kubectl patch {them} away",
        finalizers.join(", ")
    )
}

fn place(object: Object) -> (Subject, Watched) {
    let workload = match object {
        Object::CronJob(id) => return (Subject::CronJob(id), Watched::CronJob(id)),
        Object::Workload(workload) => workload,
    };
    match workload {
        Workload::Deployment(id) => (Subject::Deployment(id), Watched::Deployment(id)),
        Workload::ReplicaSet(id) => (Subject::ReplicaSet(id), Watched::ReplicaSet(id)),
        Workload::StatefulSet(id) => (Subject::StatefulSet(id), Watched::StatefulSet(id)),
        Workload::DaemonSet(id) => (Subject::DaemonSet(id), Watched::DaemonSet(id)),
        Workload::Job(id) => (Subject::Job(id), Watched::Job(id)),
        Workload::Pod(id) => (Subject::Pod(id), Watched::Pod(id, super::notice::PodChange::Deleting)),
    }
}
