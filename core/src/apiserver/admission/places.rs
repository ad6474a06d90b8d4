//! Where an object that a user applies stands in the API: group, version, resource, namespace, and whether it exists already.

use crate::cluster::Cluster;
use crate::cluster::build::Compiled;
use crate::cluster::ids::NamespaceId;
use crate::cluster::pod::PodName;
use crate::cluster::workloads::Meta;
use crate::units::intern::Sym;

/// The place of an object in the API.
#[derive(Clone, Copy, Debug)]
pub(in crate::apiserver) struct Place {
    pub(in crate::apiserver) group: &'static str,
    pub(in crate::apiserver) version: &'static str,
    pub(in crate::apiserver) resource: &'static str,
    pub(in crate::apiserver) namespace: Option<NamespaceId>,
    pub(in crate::apiserver) name: Option<Sym>,
    /// Applying it changes what is there.
    pub(in crate::apiserver) exists: bool,
}

impl Place {
    /// The resource with its group, as errors name it: `deployments.apps`.
    pub(in crate::apiserver) fn qualified(&self) -> String {
        if self.group.is_empty() { self.resource.to_owned() } else { format!("{}.{}", self.resource, self.group) }
    }
}

/// The place of a compiled object.
pub(in crate::apiserver) fn place(cluster: &Cluster, compiled: &Compiled) -> Place {
    let at = |group: &'static str, resource: &'static str, namespace: Option<NamespaceId>, name: Option<Sym>, exists: bool| {
        let version = if group == "autoscaling" { "v2" } else { "v1" };
        Place { group, version, resource, namespace, name, exists }
    };
    let of = |group: &'static str, resource: &'static str, meta: &Meta, mut known: &mut dyn Iterator<Item = &Meta>| {
        let exists = Iterator::any(&mut known, |old| !old.gone && old.namespace == meta.namespace && old.name == meta.name);
        at(group, resource, Some(meta.namespace), Some(meta.name), exists)
    };
    let whole = |group: &'static str, resource: &'static str, name: Sym, mut known: &mut dyn Iterator<Item = Sym>| {
        at(group, resource, None, Some(name), Iterator::any(&mut known, |old| old == name))
    };
    let c = cluster;
    match compiled {
        Compiled::Pod(pod) => {
            let name = if let PodName::Given(name) = pod.name { Some(name) } else { None };
            at("", "pods", Some(pod.namespace), name, false)
        }
        Compiled::Deployment(d) => of("apps", "deployments", &d.meta, &mut c.deployments.iter().map(|d| &d.meta)),
        Compiled::ReplicaSet(r) if r.replication_controller => {
            let alike = c.replica_sets.iter().filter(|r| r.replication_controller);
            of("", "replicationcontrollers", &r.meta, &mut alike.map(|r| &r.meta))
        }
        Compiled::ReplicaSet(r) => {
            let alike = c.replica_sets.iter().filter(|r| !r.replication_controller);
            of("apps", "replicasets", &r.meta, &mut alike.map(|r| &r.meta))
        }
        Compiled::StatefulSet(s) => of("apps", "statefulsets", &s.meta, &mut c.stateful_sets.iter().map(|s| &s.meta)),
        Compiled::DaemonSet(d) => of("apps", "daemonsets", &d.meta, &mut c.daemon_sets.iter().map(|d| &d.meta)),
        Compiled::Job(j) => of("batch", "jobs", &j.meta, &mut c.jobs.iter().map(|j| &j.meta)),
        Compiled::CronJob(j) => of("batch", "cronjobs", &j.meta, &mut c.cron_jobs.iter().map(|j| &j.meta)),
        Compiled::Autoscaler(a) => of("autoscaling", "horizontalpodautoscalers", &a.meta, &mut c.autoscalers.iter().map(|a| &a.meta)),
        Compiled::Service(s) => of("", "services", &s.meta, &mut c.services.iter().map(|s| &s.meta)),
        Compiled::Budget(b) => of("policy", "poddisruptionbudgets", &b.meta, &mut c.budgets.iter().map(|b| &b.meta)),
        Compiled::Quota(q) => of("", "resourcequotas", &q.meta, &mut c.quotas.iter().map(|q| &q.meta)),
        Compiled::LimitRange(r) => {
            let exists = c.limit_ranges.iter().any(|old| !old.gone && (old.namespace, old.name) == (r.namespace, r.name));
            at("", "limitranges", Some(r.namespace), Some(r.name), exists)
        }
        Compiled::Claim(claim) => {
            let exists = c.storage.claim(claim.namespace, claim.name).is_some();
            at("", "persistentvolumeclaims", Some(claim.namespace), Some(claim.name), exists)
        }
        Compiled::Namespace(n) => whole("", "namespaces", n.name, &mut c.namespaces.iter().filter(|n| n.given && !n.gone).map(|n| n.name)),
        Compiled::Node(n) => whole("", "nodes", n.name, &mut c.live_nodes().map(|(_, n)| n.name)),
        Compiled::Volume(v) => whole("", "persistentvolumes", v.name, &mut c.storage.volumes.iter().filter(|v| !v.gone).map(|v| v.name)),
        Compiled::StorageClass(s) => whole("storage.k8s.io", "storageclasses", s.name, &mut c.storage.classes.iter().map(|s| s.name)),
        Compiled::PriorityClass(p) => whole("scheduling.k8s.io", "priorityclasses", p.name, &mut c.priority_classes.iter().map(|p| p.name)),
        Compiled::CsiNode(_) => at("storage.k8s.io", "csinodes", None, None, false),
        Compiled::CsiDriver(_) => at("storage.k8s.io", "csidrivers", None, None, false),
        Compiled::StorageCapacity(_) => at("storage.k8s.io", "csistoragecapacities", None, None, false),
        Compiled::Attachment(_) => at("storage.k8s.io", "volumeattachments", None, None, false),
        Compiled::Webhooks(w) => at("admissionregistration.k8s.io", "webhookconfigurations", None, Some(w.configuration()), false),
        Compiled::AdmissionPolicy(p) => {
            let resource = if p.mutations.is_some() { "mutatingadmissionpolicies" } else { "validatingadmissionpolicies" };
            at("admissionregistration.k8s.io", resource, None, Some(p.name), false)
        }
        Compiled::PolicyBinding(b) => {
            let resource = if b.mutating { "mutatingadmissionpolicybindings" } else { "validatingadmissionpolicybindings" };
            at("admissionregistration.k8s.io", resource, None, Some(b.name), false)
        }
    }
}
