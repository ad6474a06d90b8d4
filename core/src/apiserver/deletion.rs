//! Deleting workload objects and what they own (`pkg/controller/garbagecollector/garbagecollector.go`, v1.37). The collector's own delay is
//! latency only, so dependents follow at the same moment.

use super::api::Api;
use super::notice::Watched;
use crate::cluster::ids::{PodId, ReplicaSetId};
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

impl Api {
    /// Deletes a workload as `kubectl delete` does: it goes at once, its pods follow.
    pub fn delete_workload(&mut self, workload: Workload) {
        self.delete_workload_with(workload, Propagation::Background);
    }

    /// Deletes a workload.
    pub fn delete_workload_with(&mut self, workload: Workload, propagation: Propagation) {
        if let Workload::Pod(pod) = workload {
            return self.delete_pod(pod, None, DeleteReason::User);
        }
        let Some(meta) = self.meta_mut(workload) else { return };
        if meta.gone || (meta.deleting.is_some() && propagation == Propagation::Foreground) {
            return;
        }
        let held = !meta.finalizers.is_empty();
        let before = self.cause();
        let dependents = self.dependents(workload);
        let record = match propagation {
            // It stays, so its dependents have an owner: the garbage collector leaves them alone.
            Propagation::Background if held => {
                self.stays_terminating(workload);
                return self.set_cause(before);
            }
            Propagation::Orphan if held => self.stays_terminating(workload),
            Propagation::Background | Propagation::Orphan => self.object_goes(workload),
            Propagation::Foreground if held => self.stays_terminating(workload),
            Propagation::Foreground => {
                let now = self.now();
                if let Some(meta) = self.meta_mut(workload) {
                    meta.deleting = Some(now);
                }
                let (subject, watched) = place(workload);
                self.announce(subject, Change::Deleting, watched)
            }
        };
        self.set_cause(Some(record));
        for (set, pods) in dependents {
            match (propagation, set) {
                (Propagation::Orphan, Some(set)) => self.set_replica_set_owner(set, None),
                (Propagation::Orphan, None) => pods.into_iter().for_each(|pod| self.set_pod_owner(pod, Owner::None)),
                (_, Some(set)) => self.delete_workload_with(Workload::ReplicaSet(set), propagation),
                (_, None) => pods.into_iter().for_each(|pod| self.delete_pod(pod, None, DeleteReason::OwnerGone)),
            }
        }
        self.finish_foreground(workload);
        self.set_cause(before);
    }

    /// An object that waits for its dependents (foreground deletion) goes once there are none.
    pub(super) fn finish_foreground(&mut self, workload: Workload) {
        let waits = self.meta_mut(workload).is_some_and(|m| m.deleting.is_some() && !m.gone);
        let held = self.meta_mut(workload).is_some_and(|m| !m.finalizers.is_empty());
        if waits && held {
            // Its dependents go; it does not.
            return;
        }
        if !waits || self.dependents(workload).iter().any(|(set, pods)| set.is_some() || !pods.is_empty()) {
            return;
        }
        self.object_goes(workload);
        if let Workload::ReplicaSet(set) = workload
            && let Some(deployment) = self.cluster.replica_sets[set.index()].deployment
        {
            self.finish_foreground(Workload::Deployment(deployment));
        }
    }

    /// The workload that directly owns a pod.
    pub(super) fn direct_owner(owner: Owner) -> Option<Workload> {
        Some(match owner {
            Owner::ReplicaSet(id) => Workload::ReplicaSet(id),
            Owner::StatefulSet(id) => Workload::StatefulSet(id),
            Owner::DaemonSet(id) => Workload::DaemonSet(id),
            Owner::Job(id) => Workload::Job(id),
            Owner::None | Owner::Node | Owner::Foreign { .. } => return None,
        })
    }

    /// A finalizer that nobody here removes keeps an object: it has a `deletionTimestamp` and stays. That is told once.
    fn stays_terminating(&mut self, workload: Workload) -> RecordId {
        let now = self.now();
        let (subject, watched) = place(workload);
        let mut names = Vec::new();
        if let Some(meta) = self.meta_mut(workload) {
            meta.deleting.get_or_insert(now);
            names.clone_from(&meta.finalizers);
        }
        let record = self.announce(subject, Change::Deleting, watched);
        let names: Vec<&str> = names.iter().map(|&name| self.cluster.text(name)).collect();
        let told = stays(&names);
        let text = self.trace_mut().text_id(&told);
        let before = self.cause();
        self.set_cause(Some(record));
        self.record(subject, Change::StepNote(text));
        self.set_cause(before);
        record
    }

    fn object_goes(&mut self, workload: Workload) -> RecordId {
        if let Workload::ReplicaSet(set) = workload
            && let Some(deployment) = self.cluster.replica_sets[set.index()].deployment
        {
            self.cluster.deployments[deployment.index()].replica_sets.retain(|&r| r != set);
        }
        if let Workload::Job(job) = workload
            && let Some(owner) = self.cluster.jobs[job.index()].cron_job
        {
            self.cluster.cron_jobs[owner.index()].jobs.retain(|&j| j != job);
        }
        if let Some(meta) = self.meta_mut(workload) {
            meta.gone = true;
        }
        let (subject, watched) = place(workload);
        self.announce(subject, Change::Deleted, watched)
    }

    /// What a workload owns: ReplicaSets, or pods.
    fn dependents(&self, workload: Workload) -> Vec<(Option<ReplicaSetId>, Vec<PodId>)> {
        let cluster = &self.cluster;
        let pods = match workload {
            Workload::Deployment(id) => {
                return cluster.deployments[id.index()].replica_sets.iter().map(|&set| (Some(set), Vec::new())).collect();
            }
            Workload::ReplicaSet(id) => &cluster.replica_sets[id.index()].pods,
            Workload::StatefulSet(id) => &cluster.stateful_sets[id.index()].pods,
            Workload::DaemonSet(id) => &cluster.daemon_sets[id.index()].pods,
            Workload::Job(id) => &cluster.jobs[id.index()].pods,
            Workload::Pod(_) => return Vec::new(),
        };
        vec![(None, pods.clone())]
    }

    fn meta_mut(&mut self, workload: Workload) -> Option<&mut Meta> {
        let cluster = &mut self.cluster;
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

fn place(workload: Workload) -> (Subject, Watched) {
    match workload {
        Workload::Deployment(id) => (Subject::Deployment(id), Watched::Deployment(id)),
        Workload::ReplicaSet(id) => (Subject::ReplicaSet(id), Watched::ReplicaSet(id)),
        Workload::StatefulSet(id) => (Subject::StatefulSet(id), Watched::StatefulSet(id)),
        Workload::DaemonSet(id) => (Subject::DaemonSet(id), Watched::DaemonSet(id)),
        Workload::Job(id) => (Subject::Job(id), Watched::Job(id)),
        Workload::Pod(id) => (Subject::Pod(id), Watched::Pod(id, super::notice::PodChange::Deleting)),
    }
}
