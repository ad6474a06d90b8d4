//! The resource quota controller (`pkg/controller/resourcequota/resource_quota_controller.go`, v1.37): counts afresh what the objects of a
//! namespace use when one of them ends or goes. What comes is charged by admission, not here.

use std::collections::{BTreeMap, BTreeSet};

use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, Notice, PodChange, Watched, quota_usage};
use crate::cluster::ids::{NamespaceId, PodId, QuotaId};
use crate::units::time::{MINUTE, Millis, SECOND, Time};

/// Every quota is counted afresh this often (`--resource-quota-sync-period`).
const RESYNC: Millis = 5 * MINUTE;

/// The resource quota controller.
#[derive(Clone, Debug, Default)]
pub(super) struct ResourceQuotaController {
    /// The pods of each namespace that has quotas.
    pods: BTreeMap<NamespaceId, BTreeSet<PodId>>,
}

impl ResourceQuotaController {
    /// Counts everything at once: before anything can be created.
    pub(super) fn start(&mut self, api: &mut Api) {
        for index in 0..api.cluster().quotas.len() {
            self.learn(api, QuotaId::from_index(index));
            self.sync(QuotaId::from_index(index), api);
        }
    }

    /// Gathers the pods of a quota's namespace.
    fn learn(&mut self, api: &Api, id: QuotaId) {
        let namespace = api.cluster().quotas[id.index()].meta.namespace;
        self.pods
            .entry(namespace)
            .or_insert_with(|| api.cluster().live_pods().filter(|(_, p)| p.namespace == namespace).map(|(id, _)| id).collect());
    }

    /// Takes a notice.
    pub(super) fn observe(&mut self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        let cluster = api.cluster();
        let namespace = match notice.watched {
            Watched::Quota(id) => {
                self.learn(api, id);
                return queue.add(Key::Quota(id), notice.record);
            }
            _ if self.pods.is_empty() => return,
            Watched::Pod(id, change) => {
                let pod = cluster.pod(id);
                let Some(pods) = self.pods.get_mut(&pod.namespace) else { return };
                match change {
                    PodChange::Added => {
                        pods.insert(id);
                        return;
                    }
                    PodChange::Gone => {
                        pods.remove(&id);
                    }
                    PodChange::Deleting => {
                        if let Some(deletion) = pod.deletion {
                            let overdue = deletion.requested + deletion.grace_seconds.saturating_mul(2).saturating_mul(SECOND);
                            let resync = Time::at((overdue.millis().div_euclid(RESYNC) + 1) * RESYNC);
                            of_namespace(api, pod.namespace).for_each(|quota| queue.add_at(Key::Quota(quota), resync, notice.record));
                        }
                        return;
                    }
                    PodChange::Status if pod.phase.is_terminal() => {}
                    _ => return,
                }
                pod.namespace
            }
            Watched::Claim(id) if cluster.storage.claims[id.index()].gone => cluster.storage.claims[id.index()].namespace,
            Watched::Service(id) if cluster.services[id.index()].meta.gone => cluster.services[id.index()].meta.namespace,
            Watched::Deployment(id) if cluster.deployments[id.index()].meta.gone => cluster.deployments[id.index()].meta.namespace,
            Watched::ReplicaSet(id) if cluster.replica_sets[id.index()].meta.gone => cluster.replica_sets[id.index()].meta.namespace,
            Watched::StatefulSet(id) if cluster.stateful_sets[id.index()].meta.gone => cluster.stateful_sets[id.index()].meta.namespace,
            Watched::DaemonSet(id) if cluster.daemon_sets[id.index()].meta.gone => cluster.daemon_sets[id.index()].meta.namespace,
            Watched::CronJob(id) if cluster.cron_jobs[id.index()].meta.gone => cluster.cron_jobs[id.index()].meta.namespace,
            Watched::Job(id) if cluster.jobs[id.index()].meta.gone => cluster.jobs[id.index()].meta.namespace,
            _ => return,
        };
        of_namespace(api, namespace).for_each(|quota| queue.add(Key::Quota(quota), notice.record));
    }

    /// Counts one quota afresh (`syncResourceQuota`).
    pub(super) fn sync(&mut self, id: QuotaId, api: &mut Api) {
        let quota = &api.cluster().quotas[id.index()];
        if quota.meta.gone {
            return;
        }
        let hard = quota.hard.clone();
        let pods = self.pods.get(&quota.meta.namespace).into_iter().flatten().copied();
        let used = quota_usage(api.cluster(), id, pods, api.now());
        api.set_quota_status(id, hard, used);
    }
}

fn of_namespace(api: &Api, namespace: NamespaceId) -> impl Iterator<Item = QuotaId> {
    let quotas = api.cluster().quotas.iter().enumerate();
    quotas.filter(move |(_, q)| !q.meta.gone && q.meta.namespace == namespace).map(|(index, _)| QuotaId::from_index(index))
}
