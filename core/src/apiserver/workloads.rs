//! Writing workload objects: spec changes by users and controllers, status by controllers.

use super::api::Api;
use super::notice::Watched;
use super::pods::Refusal;
use crate::cluster::ids::*;
use crate::cluster::state::Workload;
use crate::cluster::workloads::*;
use crate::trace::{Change, RecordId, Subject};

impl Api {
    /// Adds a ReplicaSet; one of a Deployment is listed there too.
    ///
    /// # Errors
    /// A quota does not allow another one.
    pub fn create_replica_set(&mut self, set: ReplicaSet) -> Result<ReplicaSetId, Refusal> {
        let name = self.cluster.text(set.meta.name).to_owned();
        self.review_count(set.meta.namespace, "replicasets.apps", &name)?;
        let id = ReplicaSetId::from_index(self.cluster.replica_sets.len());
        let deployment = set.deployment;
        self.cluster.replica_sets.push(set);
        match deployment {
            Some(deployment) => {
                let owner = &mut self.cluster.deployments[deployment.index()];
                owner.replica_sets.push(id);
                owner.replica_sets_made += 1;
                self.announce(Subject::ReplicaSet(id), Change::ReplicaSetCreated(deployment), Watched::ReplicaSet(id));
            }
            None => self.notify(Watched::ReplicaSet(id)),
        }
        Ok(id)
    }

    /// A controller changes a ReplicaSet's `spec.replicas`.
    pub fn scale_replica_set(&mut self, id: ReplicaSetId, replicas: i32) -> Option<RecordId> {
        let set = &mut self.cluster.replica_sets[id.index()];
        let from = set.replicas;
        if from == replicas {
            return None;
        }
        set.replicas = replicas;
        set.meta.generation += 1;
        Some(self.announce(Subject::ReplicaSet(id), Change::ReplicaSetScaled(from, replicas), Watched::ReplicaSet(id)))
    }

    /// A ReplicaSet is deleted; its pods, if it still has any, are for the garbage collector.
    pub fn delete_replica_set(&mut self, id: ReplicaSetId) {
        let set = &mut self.cluster.replica_sets[id.index()];
        if set.meta.gone {
            return;
        }
        set.meta.gone = true;
        if let Some(deployment) = set.deployment {
            self.cluster.deployments[deployment.index()].replica_sets.retain(|&r| r != id);
        }
        self.announce(Subject::ReplicaSet(id), Change::Deleted, Watched::ReplicaSet(id));
    }

    /// A user, a scenario or an autoscaler changes `spec.replicas` of a Deployment, StatefulSet or ReplicaSet. False for what has none.
    pub fn scale(&mut self, workload: Workload, replicas: i32) -> bool {
        let (field, meta, subject, watched) = match workload {
            Workload::Deployment(id) => {
                let d = &mut self.cluster.deployments[id.index()];
                (&mut d.replicas, &mut d.meta, Subject::Deployment(id), Watched::Deployment(id))
            }
            Workload::StatefulSet(id) => {
                let s = &mut self.cluster.stateful_sets[id.index()];
                (&mut s.replicas, &mut s.meta, Subject::StatefulSet(id), Watched::StatefulSet(id))
            }
            Workload::ReplicaSet(id) => {
                let r = &mut self.cluster.replica_sets[id.index()];
                (&mut r.replicas, &mut r.meta, Subject::ReplicaSet(id), Watched::ReplicaSet(id))
            }
            Workload::DaemonSet(_) | Workload::Job(_) | Workload::Pod(_) => return false,
        };
        let from = std::mem::replace(field, replicas);
        if from != replicas {
            meta.generation += 1;
            self.announce(subject, Change::Scaled(from, replicas), watched);
        }
        true
    }

    /// A new pod template for a Deployment, StatefulSet or DaemonSet: a rollout begins. False for other workloads.
    pub fn set_template(&mut self, workload: Workload, template: TemplateId) -> bool {
        let (field, meta, subject, watched) = match workload {
            Workload::Deployment(id) => {
                let d = &mut self.cluster.deployments[id.index()];
                (&mut d.template, &mut d.meta, Subject::Deployment(id), Watched::Deployment(id))
            }
            Workload::StatefulSet(id) => {
                let s = &mut self.cluster.stateful_sets[id.index()];
                (&mut s.template, &mut s.meta, Subject::StatefulSet(id), Watched::StatefulSet(id))
            }
            Workload::DaemonSet(id) => {
                let d = &mut self.cluster.daemon_sets[id.index()];
                (&mut d.template, &mut d.meta, Subject::DaemonSet(id), Watched::DaemonSet(id))
            }
            Workload::ReplicaSet(_) | Workload::Job(_) | Workload::Pod(_) => return false,
        };
        if *field != template {
            *field = template;
            meta.generation += 1;
            self.announce(subject, Change::Rollout, watched);
        }
        true
    }

    /// Writes `spec.paused` of a Deployment; tells whether it changed.
    pub fn set_paused(&mut self, id: DeploymentId, paused: bool) -> bool {
        let deployment = &mut self.cluster.deployments[id.index()];
        if deployment.meta.gone || deployment.paused == paused {
            return false;
        }
        deployment.paused = paused;
        deployment.meta.generation += 1;
        self.notify(Watched::Deployment(id));
        true
    }

    /// Writes a Deployment's status; tells whether it changed.
    pub fn set_deployment_status(&mut self, id: DeploymentId, status: DeploymentStatus) -> bool {
        let old = &mut self.cluster.deployments[id.index()].status;
        if *old == status {
            return false;
        }
        let told = conditions_told(&old.conditions, &status.conditions);
        *old = status;
        for text in told {
            let text = self.trace_mut().text_id(&text);
            self.record(Subject::Deployment(id), Change::Condition(text));
        }
        self.notify(Watched::Deployment(id));
        true
    }

    /// Writes a ReplicaSet's status; tells whether it changed.
    pub fn set_replica_set_status(&mut self, id: ReplicaSetId, status: ReplicaSetStatus) -> bool {
        let old = &mut self.cluster.replica_sets[id.index()].status;
        if *old == status {
            return false;
        }
        *old = status;
        self.notify(Watched::ReplicaSet(id));
        true
    }

    /// Writes a StatefulSet's status; tells whether it changed.
    pub fn set_stateful_set_status(&mut self, id: StatefulSetId, status: StatefulSetStatus) -> bool {
        let old = &mut self.cluster.stateful_sets[id.index()].status;
        if *old == status {
            return false;
        }
        *old = status;
        self.notify(Watched::StatefulSet(id));
        true
    }

    /// Writes a DaemonSet's status; tells whether it changed.
    pub fn set_daemon_set_status(&mut self, id: DaemonSetId, status: DaemonSetStatus) -> bool {
        let old = &mut self.cluster.daemon_sets[id.index()].status;
        if *old == status {
            return false;
        }
        *old = status;
        self.notify(Watched::DaemonSet(id));
        true
    }

    /// Writes a Job's status; tells whether it changed.
    pub fn set_job_status(&mut self, id: JobId, status: JobStatus) -> bool {
        let old = &mut self.cluster.jobs[id.index()].status;
        if *old == status {
            return false;
        }
        let told = conditions_told(&old.conditions, &status.conditions);
        *old = status;
        for text in told {
            let text = self.trace_mut().text_id(&text);
            self.record(Subject::Job(id), Change::Condition(text));
        }
        self.notify(Watched::Job(id));
        true
    }

    /// Writes a budget's status; tells whether it changed.
    pub fn set_budget_status(&mut self, id: BudgetId, status: BudgetStatus) -> bool {
        let old = &mut self.cluster.budgets[id.index()].status;
        if *old == status {
            return false;
        }
        let allowed = (old.disruptions_allowed != status.disruptions_allowed).then_some(status.disruptions_allowed);
        *old = status;
        match allowed {
            Some(allowed) => {
                self.announce(Subject::Budget(id), Change::BudgetAllows(allowed), Watched::Budget(id));
            }
            None => self.notify(Watched::Budget(id)),
        }
        true
    }
}

/// Conditions whose status or reason changed, as text.
pub(super) fn conditions_told(old: &[Condition], new: &[Condition]) -> Vec<String> {
    let same = |c: &Condition| old.iter().any(|o| o.kind == c.kind && o.status == c.status && o.reason == c.reason);
    new.iter().filter(|c| !same(c)).map(|c| format!("{}={} {}: {}", c.kind, c.status, c.reason, c.message)).collect()
}
