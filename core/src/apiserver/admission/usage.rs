//! What an object counts for in a quota (`pkg/quota/v1/evaluator/core`, `apiserver/pkg/quota/v1/generic/evaluator.go`, v1.37).

use std::collections::BTreeMap;

use crate::cluster::Cluster;
use crate::cluster::ids::{NamespaceId, PodId, QuotaId, TemplateId};
use crate::cluster::labels::Operator;
use crate::cluster::pod::Pod;
use crate::cluster::quotas::{QuotaScope, ResourceList, ResourceQuota, ScopeRequirement, add};
use crate::cluster::template::QosClass;
use crate::cluster::volumes::ClaimSpec;
use crate::cluster::workloads::{Meta, Service};
use crate::units::arrange::Arrange;
use crate::units::quantity::Quantity;
use crate::units::time::{SECOND, Time};

/// Compute resources by themselves and with their prefixes; every pod counts for these.
const POD_RESOURCES: [&str; 11] = [
    "count/pods",
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
];
/// Of these every container has to say something, where a quota counts them.
const MUST_BE_NAMED: [&str; 6] = ["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"];
/// Kinds whose number has a name of its own beside `count/`.
const OLD_NAMES: [&str; 5] = ["configmaps", "replicationcontrollers", "resourcequotas", "secrets", "services"];
/// How quotas by storage class end.
const OF_CLASS: &str = ".storageclass.storage.k8s.io/";

/// Something that quotas count.
#[derive(Clone, Copy, Debug)]
pub(super) enum Counted<'a> {
    /// A pod of this template.
    Pod(TemplateId),
    /// A claim.
    Claim(&'a ClaimSpec),
    /// A Service.
    Service(&'a Service),
    /// Anything else, by its plural name and group: `deployments.apps`.
    Other(&'static str),
}

/// Whether a name is one that pods count for (`MatchingResources`).
fn is_of_pods(name: &str) -> bool {
    let extended = name.strip_prefix("requests.").is_some_and(|rest| rest.contains('/') && !rest.contains("kubernetes.io/"));
    POD_RESOURCES.contains(&name) || name.starts_with("hugepages-") || name.starts_with("requests.hugepages-") || extended
}

impl Counted<'_> {
    /// Whether the object counts for a resource of that name at all.
    pub(super) fn matches_resource(&self, name: &str) -> bool {
        match self {
            Counted::Pod(_) => is_of_pods(name),
            Counted::Claim(_) => {
                let plain = ["count/persistentvolumeclaims", "persistentvolumeclaims", "requests.storage"];
                let of_class = name.split_once(OF_CLASS).is_some_and(|(_, rest)| plain[1..].contains(&rest));
                plain.contains(&name) || of_class
            }
            Counted::Service(_) => matches!(name, "count/services" | "services" | "services.loadbalancers" | "services.nodeports"),
            Counted::Other(resource) => {
                name.strip_prefix("count/") == Some(resource) || (name == *resource && OLD_NAMES.contains(resource))
            }
        }
    }

    /// Whether all scopes of a quota hold. Only pods have scopes, and claims the one about attributes classes.
    pub(super) fn matches_scopes(&self, cluster: &Cluster, scopes: &[ScopeRequirement]) -> bool {
        scopes.iter().all(|requirement| match self {
            Counted::Pod(template) => pod_in_scope(cluster, *template, requirement),
            Counted::Claim(spec) if requirement.scope == QuotaScope::VolumeAttributesClass => {
                selects(requirement, spec.attributes_class.filter(|class| !cluster.text(*class).is_empty()))
            }
            _ => false,
        })
    }

    /// What has to be named and is not: by resource, the containers (`podEvaluator.Constraints`).
    pub(super) fn missing(&self, cluster: &Cluster, hard: &ResourceList) -> BTreeMap<&'static str, Vec<String>> {
        let mut missing: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        let Counted::Pod(template) = self else { return missing };
        let demand = &cluster.template(*template).demand;
        if demand.pod_level {
            return missing;
        }
        for container in &demand.containers {
            let named = compute_usage(&container.requests, &container.limits);
            for name in MUST_BE_NAMED.into_iter().filter(|name| hard.contains_key(*name) && !named.contains_key(*name)) {
                missing.entry(name).or_default().push(cluster.text(container.name).to_owned());
            }
        }
        for containers in missing.values_mut() {
            containers.arrange();
            containers.dedup();
        }
        missing
    }

    /// What the object uses (`Usage`).
    pub(super) fn usage(&self, cluster: &Cluster) -> ResourceList {
        let one = Quantity::from_value(1);
        match self {
            Counted::Pod(template) => {
                let (requests, limits) = cluster.template(*template).demand.charged();
                let mut usage = compute_usage(&requests, &limits);
                usage.insert("count/pods".to_owned(), one);
                usage
            }
            Counted::Claim(spec) => {
                let mut usage = ResourceList::new();
                let class = match spec.class {
                    Some(class) => Some(class),
                    None => cluster.storage.classes.iter().find(|c| c.default).map(|c| c.name),
                };
                let class = class.map(|class| cluster.text(class)).filter(|class| !class.is_empty());
                usage.insert("persistentvolumeclaims".to_owned(), one);
                usage.insert("count/persistentvolumeclaims".to_owned(), one);
                if let Some(class) = class {
                    usage.insert(format!("{class}{OF_CLASS}persistentvolumeclaims"), one);
                }
                if let Some(request) = spec.request {
                    usage.insert("requests.storage".to_owned(), request);
                    if let Some(class) = class {
                        usage.insert(format!("{class}{OF_CLASS}requests.storage"), request);
                    }
                }
                usage
            }
            Counted::Service(service) => ResourceList::from([
                ("count/services".to_owned(), one),
                ("services".to_owned(), one),
                ("services.loadbalancers".to_owned(), Quantity::from_value(i64::from(service.load_balancer))),
                ("services.nodeports".to_owned(), Quantity::from_value(i64::from(service.node_ports))),
            ]),
            Counted::Other(resource) => {
                let mut usage = ResourceList::from([(format!("count/{resource}"), one)]);
                if OLD_NAMES.contains(resource) {
                    usage.insert((*resource).to_owned(), one);
                }
                usage
            }
        }
    }
}

/// `podComputeUsageHelper`.
fn compute_usage(requests: &ResourceList, limits: &ResourceList) -> ResourceList {
    let mut usage = ResourceList::from([("pods".to_owned(), Quantity::from_value(1))]);
    for (name, &amount) in requests {
        let native = matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
        if native {
            usage.insert(name.clone(), amount);
        }
        let extended = name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.");
        if native || extended {
            usage.insert(format!("requests.{name}"), amount);
        }
    }
    for (name, &amount) in limits.iter().filter(|(name, _)| matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage")) {
        usage.insert(format!("limits.{name}"), amount);
    }
    usage
}

/// `podMatchesScopeFunc`.
fn pod_in_scope(cluster: &Cluster, template: TemplateId, requirement: &ScopeRequirement) -> bool {
    let template = cluster.template(template);
    match requirement.scope {
        QuotaScope::Terminating => template.active_deadline.is_some(),
        QuotaScope::NotTerminating => template.active_deadline.is_none(),
        QuotaScope::BestEffort => template.qos == QosClass::BestEffort,
        QuotaScope::NotBestEffort => template.qos != QosClass::BestEffort,
        QuotaScope::PriorityClass => selects(requirement, template.priority_class),
        QuotaScope::CrossNamespacePodAffinity => template.demand.cross_namespace_affinity,
        QuotaScope::VolumeAttributesClass | QuotaScope::Unknown => false,
    }
}

fn selects(requirement: &ScopeRequirement, value: Option<crate::units::intern::Sym>) -> bool {
    match requirement.operator {
        Operator::In => value.is_some_and(|v| requirement.values.contains(&v)),
        Operator::NotIn => value.is_none_or(|v| !requirement.values.contains(&v)),
        Operator::DoesNotExist => value.is_none(),
        _ => value.is_some(),
    }
}

/// Whether a pod still counts for compute resources (`QuotaV1Pod`): not once it has ended, nor when its deletion is overdue by as much
/// again as its grace period, as that of a pod on a lost node.
fn is_charged(pod: &Pod, now: Time) -> bool {
    !pod.phase.is_terminal() && pod.deletion.is_none_or(|d| now <= d.requested + d.grace_seconds.saturating_mul(2).saturating_mul(SECOND))
}

/// What is used of everything that a quota limits, counted afresh (`CalculateUsage`). `pods` are those of its namespace.
pub fn quota_usage(cluster: &Cluster, id: QuotaId, pods: impl Iterator<Item = PodId>, now: Time) -> ResourceList {
    let quota = &cluster.quotas[id.index()];
    let mut used = ResourceList::new();
    if quota.hard.keys().any(|name| is_of_pods(name)) {
        let mut by_template: BTreeMap<TemplateId, (u32, u32)> = BTreeMap::new();
        for pod in pods.map(|id| cluster.pod(id)).filter(|pod| !pod.gone) {
            let counts = by_template.entry(pod.template).or_default();
            counts.0 += u32::from(is_charged(pod, now));
            counts.1 += 1;
        }
        for (&template, &(charged, _)) in &by_template {
            count(cluster, quota, &mut used, &Counted::Pod(template), charged);
        }
        // `count/pods` counts every object there is.
        if quota.hard.contains_key("count/pods") {
            let all = by_template.iter().filter(|(t, _)| Counted::Pod(**t).matches_scopes(cluster, &quota.scopes)).map(|(_, c)| c.1).sum();
            used.insert("count/pods".to_owned(), Quantity::from_value(1).times(all));
        }
    }
    for claim in cluster.storage.claims.iter().filter(|c| !c.gone && c.namespace == quota.meta.namespace) {
        count(cluster, quota, &mut used, &Counted::Claim(&claim.spec), 1);
    }
    for service in cluster.services.iter().filter(|s| !s.meta.gone && s.meta.namespace == quota.meta.namespace) {
        count(cluster, quota, &mut used, &Counted::Service(service), 1);
    }
    for (resource, number) in super::objects::numbers(cluster, quota.meta.namespace) {
        count(cluster, quota, &mut used, &Counted::Other(resource), number);
    }
    for name in quota.hard.keys() {
        used.entry(name.clone()).or_insert(Quantity::ZERO);
    }
    used
}

fn count(cluster: &Cluster, quota: &ResourceQuota, used: &mut ResourceList, counted: &Counted<'_>, times: u32) {
    if times > 0 && counted.matches_scopes(cluster, &quota.scopes) {
        let usage = counted.usage(cluster).into_iter().filter(|(name, _)| quota.hard.contains_key(name));
        add(used, &usage.map(|(name, amount)| (name, amount.times(times))).collect());
    }
}

/// How many of these live in a namespace.
pub(super) fn living<'a>(metas: impl Iterator<Item = &'a Meta>, namespace: NamespaceId) -> u32 {
    u32::try_from(metas.filter(|m| !m.gone && m.namespace == namespace).count()).unwrap_or(u32::MAX)
}
