//! Deleting namespaces: the phase Terminating, the deletion of all they hold, and their end.

use super::api::Api;
use super::deletion::Propagation;
use super::notice::Watched;
use crate::cluster::ids::*;
use crate::cluster::pod::Owner;
use crate::cluster::state::Workload;
use crate::cluster::workloads::Meta;
use crate::trace::{Change, DeleteReason, RecordId, Subject};
use crate::units::time::{Millis, SECOND};

/// How long until the content of a namespace may be gone: what the namespace controller waits half of, and a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remaining {
    /// Nothing is left.
    Nothing,
    /// Something is.
    For(Millis),
}

/// What is waited for where an object has a finalizer (`finalizerEstimateSeconds`).
const FINALIZERS: Millis = 15 * SECOND;

impl Api {
    /// `kubectl delete namespace`: it becomes Terminating, and takes nothing new. None where it is so already, or gone.
    pub fn delete_namespace(&mut self, id: NamespaceId) -> Option<RecordId> {
        let now = self.now();
        let namespace = self.cluster.namespaces.get_mut(id.index()).filter(|n| n.deleting.is_none() && !n.gone)?;
        namespace.deleting = Some(now);
        Some(self.announce(Subject::Namespace(id), Change::Deleting, Watched::Namespace(id)))
    }

    /// Deletes all that a namespace holds (`namespaced_resources_deleter.go` deleteAllContent, v1.37); tells what is left then.
    pub fn delete_content(&mut self, id: NamespaceId) -> Remaining {
        // What is waited for is what was there before: the longest grace of its pods.
        let here = |meta: &Meta| !meta.gone && meta.namespace == id;
        let cluster = &self.cluster;
        let pods: Vec<PodId> = cluster.live_pods().filter(|(_, p)| p.namespace == id).map(|(pod, _)| pod).collect();
        let grace = pods.iter().filter(|&&p| !cluster.pod(p).phase.is_terminal()).map(|&p| cluster.template_of(p).grace).max();
        let indexes = |metas: &mut dyn Iterator<Item = &Meta>| -> Vec<usize> {
            metas.enumerate().filter(|(_, meta)| here(meta)).map(|(index, _)| index).collect()
        };
        let cron_jobs = indexes(&mut cluster.cron_jobs.iter().map(|c| &c.meta));
        let autoscalers = indexes(&mut cluster.autoscalers.iter().map(|a| &a.meta));
        let budgets = indexes(&mut cluster.budgets.iter().map(|b| &b.meta));
        let quotas = indexes(&mut cluster.quotas.iter().map(|q| &q.meta));
        let services = indexes(&mut cluster.services.iter().map(|s| &s.meta));
        let deployments = indexes(&mut cluster.deployments.iter().map(|d| &d.meta));
        let stateful_sets = indexes(&mut cluster.stateful_sets.iter().map(|s| &s.meta));
        let daemon_sets = indexes(&mut cluster.daemon_sets.iter().map(|d| &d.meta));
        let replica_sets = indexes(&mut cluster.replica_sets.iter().map(|r| &r.meta));
        let jobs = indexes(&mut cluster.jobs.iter().map(|j| &j.meta));
        let claims = cluster.storage.claims.iter().enumerate().filter(|(_, c)| !c.gone && c.namespace == id);
        let claims: Vec<ClaimId> = claims.map(|(index, _)| ClaimId::from_index(index)).collect();

        cron_jobs.into_iter().for_each(|at| self.delete_cron_job(CronJobId::from_index(at), Propagation::Background));
        autoscalers.into_iter().for_each(|at| self.delete_autoscaler(AutoscalerId::from_index(at)));
        let workloads = (deployments.into_iter().map(|at| Workload::Deployment(DeploymentId::from_index(at))))
            .chain(stateful_sets.into_iter().map(|at| Workload::StatefulSet(StatefulSetId::from_index(at))))
            .chain(daemon_sets.into_iter().map(|at| Workload::DaemonSet(DaemonSetId::from_index(at))))
            .chain(replica_sets.into_iter().map(|at| Workload::ReplicaSet(ReplicaSetId::from_index(at))))
            .chain(jobs.into_iter().map(|at| Workload::Job(JobId::from_index(at))));
        workloads.for_each(|workload| self.delete_workload(workload));
        for pod in pods {
            let of = self.cluster.pod(pod);
            if !of.gone && of.deletion.is_none() && !matches!(of.owner, Owner::Node) {
                self.delete_pod(pod, None, DeleteReason::NamespaceGone);
            }
        }
        claims.iter().for_each(|&claim| self.delete_claim(claim));
        budgets.into_iter().for_each(|at| self.delete_budget(BudgetId::from_index(at)));
        quotas.into_iter().for_each(|at| self.delete_quota(QuotaId::from_index(at)));
        for at in services {
            self.cluster.services[at].meta.gone = true;
            self.notify(Watched::Service(ServiceId::from_index(at)));
        }
        self.cluster.limit_ranges.iter_mut().filter(|r| r.namespace == id).for_each(|r| r.gone = true);

        let pods_left = self.cluster.live_pods().any(|(_, p)| p.namespace == id);
        let claims_left = self.cluster.storage.claims.iter().any(|c| !c.gone && c.namespace == id);
        match (pods_left, claims_left) {
            (false, false) => Remaining::Nothing,
            (true, false) => Remaining::For(grace.unwrap_or(0)),
            (_, true) => Remaining::For(grace.unwrap_or(0).max(FINALIZERS)),
        }
    }

    /// The namespace itself goes: its finalizer `kubernetes` is taken away.
    pub fn remove_namespace(&mut self, id: NamespaceId) {
        if let Some(namespace) = self.cluster.namespaces.get_mut(id.index()).filter(|n| !n.gone) {
            namespace.gone = true;
            self.announce(Subject::Namespace(id), Change::Deleted, Watched::Namespace(id));
        }
    }
}
