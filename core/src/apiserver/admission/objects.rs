//! Objects that quotas count by number: which kinds there are, under which names, and the review of one that a user applies. Pods are
//! reviewed elsewhere.

use super::quota::{self, Charge};
use super::usage::{Counted, living};
use super::{forbidden, limits};
use crate::apiserver::Refusal;
use crate::cluster::Cluster;
use crate::cluster::build::Compiled;
use crate::cluster::ids::NamespaceId;
use crate::cluster::workloads::Meta;

/// The number of objects of each kind in a namespace, by plural name and group.
pub(super) fn numbers(cluster: &Cluster, namespace: NamespaceId) -> [(&'static str, u32); 10] {
    let c = cluster;
    [
        ("deployments.apps", living(c.deployments.iter().map(|d| &d.meta), namespace)),
        ("replicasets.apps", living(c.replica_sets.iter().filter(|r| !r.replication_controller).map(|r| &r.meta), namespace)),
        ("replicationcontrollers", living(c.replica_sets.iter().filter(|r| r.replication_controller).map(|r| &r.meta), namespace)),
        ("statefulsets.apps", living(c.stateful_sets.iter().map(|s| &s.meta), namespace)),
        ("daemonsets.apps", living(c.daemon_sets.iter().map(|d| &d.meta), namespace)),
        ("cronjobs.batch", living(c.cron_jobs.iter().map(|c| &c.meta), namespace)),
        ("horizontalpodautoscalers.autoscaling", living(c.autoscalers.iter().map(|a| &a.meta), namespace)),
        ("jobs.batch", living(c.jobs.iter().map(|j| &j.meta), namespace)),
        ("poddisruptionbudgets.policy", living(c.budgets.iter().map(|b| &b.meta), namespace)),
        ("resourcequotas", living(c.quotas.iter().map(|q| &q.meta), namespace)),
    ]
}

/// Reviews an object before it is created by a user; nothing is charged for one that exists already.
pub(super) fn review(cluster: &Cluster, compiled: &Compiled) -> Result<Vec<Charge>, Refusal> {
    let count = |meta: &Meta, resource: &'static str, mut known: Box<dyn Iterator<Item = &Meta> + '_>| {
        if known.any(|old| !old.gone && old.namespace == meta.namespace && old.name == meta.name) {
            return Ok(Vec::new());
        }
        refused(cluster, meta, resource, &Counted::Other(resource))
    };
    match compiled {
        Compiled::Claim(claim) if cluster.storage.claim(claim.namespace, claim.name).is_none() => {
            limits::claim(cluster, claim.namespace, &claim.spec)
                .and_then(|()| quota::review(cluster, claim.namespace, &Counted::Claim(&claim.spec)))
                .map_err(|why| forbidden("persistentvolumeclaims", cluster.text(claim.name), &why))
        }
        Compiled::Service(service) => {
            let known = cluster.services.iter().map(|s| &s.meta);
            let exists = |old: &Meta| !old.gone && old.namespace == service.meta.namespace && old.name == service.meta.name;
            if known.into_iter().any(exists) {
                return Ok(Vec::new());
            }
            refused(cluster, &service.meta, "services", &Counted::Service(service))
        }
        Compiled::Deployment(d) => count(&d.meta, "deployments.apps", Box::new(cluster.deployments.iter().map(|d| &d.meta))),
        Compiled::ReplicaSet(r) => {
            let resource = if r.replication_controller { "replicationcontrollers" } else { "replicasets.apps" };
            let alike = cluster.replica_sets.iter().filter(|old| old.replication_controller == r.replication_controller);
            count(&r.meta, resource, Box::new(alike.map(|r| &r.meta)))
        }
        Compiled::StatefulSet(s) => count(&s.meta, "statefulsets.apps", Box::new(cluster.stateful_sets.iter().map(|s| &s.meta))),
        Compiled::DaemonSet(d) => count(&d.meta, "daemonsets.apps", Box::new(cluster.daemon_sets.iter().map(|d| &d.meta))),
        Compiled::CronJob(c) => count(&c.meta, "cronjobs.batch", Box::new(cluster.cron_jobs.iter().map(|c| &c.meta))),
        Compiled::Autoscaler(a) => {
            count(&a.meta, "horizontalpodautoscalers.autoscaling", Box::new(cluster.autoscalers.iter().map(|a| &a.meta)))
        }
        Compiled::Job(j) => count(&j.meta, "jobs.batch", Box::new(cluster.jobs.iter().map(|j| &j.meta))),
        Compiled::Budget(b) => count(&b.meta, "poddisruptionbudgets.policy", Box::new(cluster.budgets.iter().map(|b| &b.meta))),
        Compiled::Quota(q) => count(&q.meta, "resourcequotas", Box::new(cluster.quotas.iter().map(|q| &q.meta))),
        _ => Ok(Vec::new()),
    }
}

fn refused(cluster: &Cluster, meta: &Meta, resource: &str, counted: &Counted<'_>) -> Result<Vec<Charge>, Refusal> {
    quota::review(cluster, meta.namespace, counted).map_err(|why| forbidden(resource, cluster.text(meta.name), &why))
}
