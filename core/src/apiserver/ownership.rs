//! Writing `metadata.ownerReferences` and the small metadata that controllers keep on what they own: adoption, release, annotations.

use super::api::Api;
use super::notice::{PodChange, Watched};
use crate::cluster::ids::*;
use crate::cluster::pod::{Owner, PodName};
use crate::units::time::Millis;

impl Api {
    /// Gives a pod another controller, or none: adoption and release. The pod keeps its name, and both controllers hear of it.
    pub fn set_pod_owner(&mut self, id: PodId, owner: Owner) {
        let pod = self.cluster.pod(id);
        let before = pod.owner;
        if pod.gone || before == owner {
            return;
        }
        if !matches!(pod.name, PodName::Given(_)) {
            let name = self.cluster.pod_name(id);
            self.cluster.pods[id.index()].name = PodName::Given(self.cluster.text.intern(&name));
        }
        if let Some(pods) = self.pods_of_mut(before)
            && let Ok(at) = pods.binary_search(&id)
        {
            pods.remove(at);
        }
        self.cluster.pods[id.index()].owner = owner;
        if let Some(pods) = self.pods_of_mut(owner)
            && let Err(at) = pods.binary_search(&id)
        {
            pods.insert(at, id);
        }
        self.notify(Watched::Pod(id, PodChange::Spec));
    }

    /// The existing pods of an owner, in order of creation; none for owners that are not simulated.
    pub fn pods_of(&self, owner: Owner) -> &[PodId] {
        match owner {
            Owner::ReplicaSet(id) => &self.cluster.replica_sets[id.index()].pods,
            Owner::StatefulSet(id) => &self.cluster.stateful_sets[id.index()].pods,
            Owner::DaemonSet(id) => &self.cluster.daemon_sets[id.index()].pods,
            Owner::Job(id) => &self.cluster.jobs[id.index()].pods,
            Owner::None | Owner::Node | Owner::Foreign { .. } => &[],
        }
    }

    /// The list of pods that an owner keeps; none for owners that are not simulated.
    pub(super) fn pods_of_mut(&mut self, owner: Owner) -> Option<&mut Vec<PodId>> {
        match owner {
            Owner::ReplicaSet(id) => Some(&mut self.cluster.replica_sets[id.index()].pods),
            Owner::StatefulSet(id) => Some(&mut self.cluster.stateful_sets[id.index()].pods),
            Owner::DaemonSet(id) => Some(&mut self.cluster.daemon_sets[id.index()].pods),
            Owner::Job(id) => Some(&mut self.cluster.jobs[id.index()].pods),
            Owner::None | Owner::Node | Owner::Foreign { .. } => None,
        }
    }

    /// Gives a ReplicaSet another Deployment, or none.
    pub fn set_replica_set_owner(&mut self, id: ReplicaSetId, deployment: Option<DeploymentId>) {
        let before = std::mem::replace(&mut self.cluster.replica_sets[id.index()].deployment, deployment);
        if before == deployment {
            return;
        }
        if let Some(before) = before {
            self.cluster.deployments[before.index()].replica_sets.retain(|&r| r != id);
        }
        if let Some(deployment) = deployment {
            let list = &mut self.cluster.deployments[deployment.index()].replica_sets;
            if let Err(at) = list.binary_search(&id) {
                list.insert(at, id);
            }
        }
        self.notify(Watched::ReplicaSet(id));
    }

    /// A Job belongs to its CronJob no longer: it stays as it is.
    pub(super) fn orphan_job(&mut self, id: JobId) {
        let Some(owner) = self.cluster.jobs[id.index()].cron_job.take() else { return };
        self.cluster.cron_jobs[owner.index()].jobs.retain(|&job| job != id);
        self.notify(Watched::Job(id));
    }

    /// Writes the annotations `deployment.kubernetes.io/desired-replicas` and `max-replicas`; tells whether they changed. Part of a
    /// change of size: the caller announces.
    pub fn set_replica_set_sizes(&mut self, id: ReplicaSetId, desired: i32, max: i32) -> bool {
        let set = &mut self.cluster.replica_sets[id.index()];
        let changed = set.annotations != Some((desired, max));
        set.annotations = Some((desired, max));
        changed
    }

    /// Raises `deployment.kubernetes.io/revision` and copies `minReadySeconds`; tells whether anything changed.
    pub fn set_replica_set_revision(&mut self, id: ReplicaSetId, revision: i64, min_ready: Millis) -> bool {
        let set = &mut self.cluster.replica_sets[id.index()];
        if set.revision >= revision && set.min_ready == min_ready {
            return false;
        }
        if set.min_ready != min_ready {
            set.meta.generation += 1;
        }
        set.revision = set.revision.max(revision);
        set.min_ready = min_ready;
        self.notify(Watched::ReplicaSet(id));
        true
    }
}
