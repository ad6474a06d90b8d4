//! Names: from what a scenario says to what the cluster has, and back.
//!
//! Owns the ways a node, zone or workload may be named. A name that is not found comes with the nearest that is.

use crate::cluster::Cluster;
use crate::cluster::called;
use crate::cluster::ids::*;
use crate::cluster::state::Workload;
use crate::cluster::volumes::Claim;
use crate::cluster::workloads::Meta;
use crate::trace::Subject;
use crate::units::intern::Sym;
use crate::units::text::{nearest, visible_short};

/// A name that is not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// What was looked for: `node`, `zone`, `workload`.
    pub what: &'static str,
    /// The name given; safe to print.
    pub given: String,
    /// The nearest name there is.
    pub near: Option<String>,
    /// What there is, where it is short enough to list.
    pub known: Vec<String>,
    /// There is nothing of the kind at all.
    pub none: bool,
}

impl std::fmt::Display for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "there is no {} {}", self.what, self.given)?;
        match self.what {
            "zone" if self.none => f.write_str(": no node has the label topology.kubernetes.io/zone"),
            _ => Ok(()),
        }
    }
}

/// At most so many known names are listed in a message.
const LISTED: usize = 8;

fn unknown(what: &'static str, given: &str, known: Vec<String>) -> Unknown {
    let near = nearest(given, known.iter().map(String::as_str)).map(str::to_owned);
    let none = known.is_empty();
    let known = if known.len() <= LISTED { known } else { Vec::new() };
    Unknown { what, given: visible_short(given, 80), near, known, none }
}

/// The node of that name.
///
/// # Errors
/// There is none.
pub fn node(cluster: &Cluster, given: &str) -> Result<NodeId, Unknown> {
    let name = given.strip_prefix("node/").unwrap_or(given);
    cluster
        .node_named(name)
        .ok_or_else(|| unknown("node", given, cluster.live_nodes().map(|(_, n)| cluster.text(n.name).to_owned()).collect()))
}

/// The zone of that name, or the only one whose name ends in a dash and it.
///
/// # Errors
/// There is none, or it names several.
pub fn zone(cluster: &Cluster, given: &str) -> Result<ZoneId, Unknown> {
    let known = || (0..cluster.zones.len()).map(ZoneId::from_index).filter(|&id| !cluster.zone_name(id).is_empty());
    let wanted = given.strip_prefix("zone/").unwrap_or(given);
    if let Some(exact) = known().find(|&id| cluster.zone_name(id) == wanted) {
        return Ok(exact);
    }
    let mut ending = known().filter(|&id| {
        !wanted.is_empty()
            && cluster.zone_name(id).strip_suffix(wanted).is_some_and(|head| head.ends_with(['-', '/', ':']) || is_region(head))
    });
    match (ending.next(), ending.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(unknown("zone", given, known().map(|id| cluster.zone_name(id).to_owned()).collect())),
    }
}

/// Whether a zone's name without its last letter is a region's: `eu-west-1` of `eu-west-1b`.
fn is_region(head: &str) -> bool {
    head.contains('-') && head.ends_with(|c: char| c.is_ascii_digit())
}

/// Every budget that exists, with the name that expressions use: `web`, in another namespace than `default` `shop/web`.
pub fn budgets(cluster: &Cluster) -> Vec<(BudgetId, String)> {
    let live = cluster.budgets.iter().enumerate().filter(|(_, budget)| !budget.meta.gone);
    live.map(|(index, budget)| {
        let name = called::name(cluster.namespace_name(budget.meta.namespace), cluster.text(budget.meta.name));
        (BudgetId::from_index(index), name)
    })
    .collect()
}

/// The PodDisruptionBudget of that name: `web`, `shop/web`, `pdb/web`.
///
/// # Errors
/// There is none.
pub fn budget(cluster: &Cluster, given: &str) -> Result<BudgetId, Unknown> {
    let wanted = ["pdb/", "poddisruptionbudget/", "default/"].iter().fold(given, |name, head| name.strip_prefix(head).unwrap_or(name));
    let all = budgets(cluster);
    all.iter()
        .find(|(_, name)| name == wanted)
        .map(|(id, _)| *id)
        .ok_or_else(|| unknown("budget", given, all.into_iter().map(|(_, name)| name).collect()))
}

/// Every HorizontalPodAutoscaler that exists, with the name that expressions use: `web`, in another namespace than `default` `shop/web`.
pub fn autoscalers(cluster: &Cluster) -> Vec<(AutoscalerId, String)> {
    let live = cluster.autoscalers.iter().enumerate().filter(|(_, scaler)| !scaler.meta.gone);
    live.map(|(index, scaler)| {
        let name = called::name(cluster.namespace_name(scaler.meta.namespace), cluster.text(scaler.meta.name));
        (AutoscalerId::from_index(index), name)
    })
    .collect()
}

/// The HorizontalPodAutoscaler of that name: `web`, `shop/web`, `hpa/web`.
///
/// # Errors
/// There is none.
pub fn autoscaler(cluster: &Cluster, given: &str) -> Result<AutoscalerId, Unknown> {
    let heads = ["hpa/", "horizontalpodautoscaler/", "default/"];
    let wanted = heads.iter().fold(given, |name, head| name.strip_prefix(head).unwrap_or(name));
    let all = autoscalers(cluster);
    let found = all.iter().find(|(_, name)| name == wanted).map(|(id, _)| *id);
    found.ok_or_else(|| unknown("autoscaler", given, all.into_iter().map(|(_, name)| name).collect()))
}

/// Kinds of workloads by all the names that kubectl takes for them.
const KINDS: &[(&str, &[&str])] = &[
    ("deployment", &["deployment", "deployments", "deploy", "deployment.apps"]),
    ("statefulset", &["statefulset", "statefulsets", "sts", "statefulset.apps"]),
    ("daemonset", &["daemonset", "daemonsets", "ds", "daemonset.apps"]),
    ("replicaset", &["replicaset", "replicasets", "rs", "replicaset.apps"]),
    ("replicationcontroller", &["replicationcontroller", "replicationcontrollers", "rc"]),
    ("job", &["job", "jobs", "job.batch"]),
    ("pod", &["pod", "pods", "po"]),
];

/// A workload's name with the kind in full and without `default/`: `deploy/web` and `default/deployments/web` are `deployment/web`.
pub fn canonical(given: &str) -> String {
    let kind = |kind: &str| canonical_kind(kind).unwrap_or(kind).to_owned();
    match given.split('/').collect::<Vec<_>>()[..] {
        ["default", of, name] | [of, name] => format!("{}/{name}", kind(of)),
        [namespace, of, name] => format!("{namespace}/{}/{name}", kind(of)),
        _ => given.to_owned(),
    }
}

fn canonical_kind(given: &str) -> Option<&'static str> {
    let given = given.to_ascii_lowercase();
    KINDS.iter().find(|(_, names)| names.contains(&given.as_str())).map(|(canonical, _)| *canonical)
}

/// Every workload that exists, in the order in which reports list them; ReplicaSets of Deployments and owned pods are not workloads of
/// their own.
pub fn workloads(cluster: &Cluster) -> Vec<Workload> {
    of_kind(cluster, None).collect()
}

/// Those of one kind, if one is given: a large cluster has many that need not be looked at.
fn of_kind<'c>(cluster: &'c Cluster, kind: Option<&str>) -> impl Iterator<Item = Workload> + 'c {
    let wanted = |of: &[&str]| kind.is_none_or(|kind| of.contains(&kind));
    let live = |meta: &Meta| !meta.gone;
    let count = |of: &[&str], all: usize| 0..if wanted(of) { all } else { 0 };
    let deployments = count(&["deployment"], cluster.deployments.len())
        .filter(move |&i| live(&cluster.deployments[i].meta))
        .map(|i| Workload::Deployment(DeploymentId::from_index(i)));
    let stateful_sets = count(&["statefulset"], cluster.stateful_sets.len())
        .filter(move |&i| live(&cluster.stateful_sets[i].meta))
        .map(|i| Workload::StatefulSet(StatefulSetId::from_index(i)));
    let daemon_sets = count(&["daemonset"], cluster.daemon_sets.len())
        .filter(move |&i| live(&cluster.daemon_sets[i].meta))
        .map(|i| Workload::DaemonSet(DaemonSetId::from_index(i)));
    let replica_sets = count(&["replicaset", "replicationcontroller"], cluster.replica_sets.len())
        .filter(move |&i| live(&cluster.replica_sets[i].meta) && cluster.replica_sets[i].deployment.is_none())
        .map(|i| Workload::ReplicaSet(ReplicaSetId::from_index(i)));
    let jobs =
        count(&["job"], cluster.jobs.len()).filter(move |&i| live(&cluster.jobs[i].meta)).map(|i| Workload::Job(JobId::from_index(i)));
    let pods = wanted(&["pod"]).then(|| cluster.live_pods().map(|(id, _)| cluster.workload_of(id)));
    let alone = pods.into_iter().flatten().filter(|workload| matches!(workload, Workload::Pod(_)));
    deployments.chain(stateful_sets).chain(daemon_sets).chain(replica_sets).chain(jobs).chain(alone)
}

/// The workload of that name: `deployment/web`, `deploy/web`, `shop/deployment/web`, `web` where only one is called so.
///
/// # Errors
/// There is none, or the short name means several.
pub fn workload(cluster: &Cluster, given: &str) -> Result<Workload, Unknown> {
    find_workload(cluster, given)
        .ok_or_else(|| unknown_workload(given, of_kind(cluster, None).map(|w| cluster.workload_label(w)).collect()))
}

/// As [`workload`], for who asks again and again: what is near to a name that there is not takes long to find.
pub fn find_workload(cluster: &Cluster, given: &str) -> Option<Workload> {
    let parts: Vec<&str> = given.split('/').collect();
    let (namespace, kind, name) = match parts[..] {
        [namespace, kind, name] => (Some(namespace), Some(kind), name),
        [kind, name] => (None, Some(kind), name),
        [name] => (None, None, name),
        _ => (None, None, ""),
    };
    let kind = kind.map(|kind| canonical_kind(kind).unwrap_or(""));
    // A pod of a workload can be named too, though it is no workload of its own.
    if kind == Some("pod")
        && let Some((id, _)) =
            cluster.live_pods().find(|&(id, pod)| namespace_fits(cluster, namespace, pod.namespace) && cluster.pod_name(id) == name)
    {
        return Some(Workload::Pod(id));
    }
    let known = cluster.text.get(name);
    let has_name = |candidate: &Workload| match *candidate {
        Workload::Pod(id) => cluster.pod_name(id) == name,
        other => cluster.workload_meta(other).is_some_and(|meta| Some(meta.name) == known),
    };
    let named: Vec<Workload> = of_kind(cluster, kind).filter(has_name).collect();
    let fits = |candidate: &Workload, in_default: bool| {
        let label = cluster.workload_label(*candidate);
        let mut back = label.rsplit('/').skip(1);
        let (has_kind, has_namespace) = (back.next().unwrap_or_default(), back.next().unwrap_or("default"));
        kind.is_none_or(|kind| kind == has_kind)
            && namespace.is_none_or(|namespace| namespace == has_namespace)
            && (!in_default || has_namespace == "default")
    };
    // Without a namespace `default` comes first, then the only one of that name anywhere.
    let only = |in_default: bool| {
        let mut matching = named.iter().filter(|candidate| fits(candidate, in_default));
        matching.next().copied().filter(|_| matching.next().is_none())
    };
    (if namespace.is_none() { only(true) } else { None }).or_else(|| only(false))
}

/// The nearest workload counts by as much of its label as was given: `deploy/wbe` is near to `shop/deployment/web`.
fn unknown_workload(given: &str, known: Vec<String>) -> Unknown {
    let wanted = canonical(given);
    let parts = wanted.split('/').count();
    let tail = |label: &str| label.match_indices('/').rev().nth(parts - 1).map_or(0, |(at, _)| at + 1);
    let near = nearest(&wanted, known.iter().map(|label| &label[tail(label)..]))
        .and_then(|near| known.iter().find(|label| &label[tail(label)..] == near).cloned());
    Unknown { near, ..unknown("workload", given, known) }
}

/// An object that makes or scales workloads, or is used by them, and is none itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// A CronJob.
    CronJob(CronJobId),
    /// A HorizontalPodAutoscaler.
    Autoscaler(AutoscalerId),
    /// A PersistentVolumeClaim.
    Claim(ClaimId),
    /// A namespace.
    Namespace(NamespaceId),
    /// The webhooks of a configuration: its name, and whether they may change what they are asked about.
    Webhooks(Sym, bool),
}

/// The CronJob, autoscaler, claim, namespace or configuration of webhooks of that name: `cronjob/nightly`, `shop/hpa/web`, `pvc/data`,
/// `namespace/shop`, `validatingwebhookconfiguration/rules`; none for a name of another kind.
pub fn other(cluster: &Cluster, given: &str) -> Option<Result<Other, Unknown>> {
    let (namespace, kind, name) = match given.split('/').collect::<Vec<_>>()[..] {
        [namespace, kind, name] => (namespace, kind, name),
        [kind, name] => ("default", kind, name),
        _ => return None,
    };
    let is = |meta: &crate::cluster::workloads::Meta| {
        !meta.gone && cluster.text(meta.name) == name && cluster.namespace_name(meta.namespace) == namespace
    };
    let named = |meta: &crate::cluster::workloads::Meta| (!meta.gone).then(|| cluster.text(meta.name).to_owned());
    Some(match kind.to_ascii_lowercase().as_str() {
        "cronjob" | "cronjobs" | "cj" | "cronjob.batch" => {
            let known = || cluster.cron_jobs.iter().filter_map(|c| named(&c.meta)).map(|n| format!("cronjob/{n}")).collect();
            let found = cluster.cron_jobs.iter().position(|c| is(&c.meta));
            found.map(|i| Other::CronJob(CronJobId::from_index(i))).ok_or_else(|| unknown("CronJob", given, known()))
        }
        "hpa" | "horizontalpodautoscaler" | "horizontalpodautoscalers" | "horizontalpodautoscaler.autoscaling" => {
            let known = || cluster.autoscalers.iter().filter_map(|a| named(&a.meta)).map(|n| format!("hpa/{n}")).collect();
            let found = cluster.autoscalers.iter().position(|a| is(&a.meta));
            found.map(|i| Other::Autoscaler(AutoscalerId::from_index(i))).ok_or_else(|| unknown("autoscaler", given, known()))
        }
        "pvc" | "persistentvolumeclaim" | "persistentvolumeclaims" => {
            let live = || cluster.storage.claims.iter().filter(|claim| !claim.gone);
            let known = || live().map(|claim| format!("pvc/{}", cluster.text(claim.name))).collect();
            let is = |c: &Claim| !c.gone && cluster.text(c.name) == name && cluster.namespace_name(c.namespace) == namespace;
            let found = cluster.storage.claims.iter().position(is);
            found.map(|i| Other::Claim(ClaimId::from_index(i))).ok_or_else(|| unknown("PersistentVolumeClaim", given, known()))
        }
        "namespace" | "namespaces" | "ns" => {
            let live = || cluster.namespaces.iter().enumerate().filter(|(_, n)| !n.gone);
            let known = || live().map(|(_, n)| format!("namespace/{}", cluster.text(n.name))).collect();
            let found = live().find(|(_, n)| cluster.text(n.name) == name);
            found.map(|(i, _)| Other::Namespace(NamespaceId::from_index(i))).ok_or_else(|| unknown("namespace", given, known()))
        }
        "validatingwebhookconfiguration" | "validatingwebhookconfigurations" => webhooks(cluster, given, name, false),
        "mutatingwebhookconfiguration" | "mutatingwebhookconfigurations" => webhooks(cluster, given, name, true),
        _ => return None,
    })
}

fn webhooks(cluster: &Cluster, given: &str, name: &str, mutating: bool) -> Result<Other, Unknown> {
    let mut all: Vec<Sym> = cluster.webhooks.iter().filter(|w| w.mutating == mutating).map(|w| w.configuration).collect();
    all.dedup();
    let found = all.iter().find(|&&configuration| cluster.text(configuration) == name);
    let known = || all.iter().map(|&configuration| cluster.text(configuration).to_owned()).collect();
    found.map(|&configuration| Other::Webhooks(configuration, mutating)).ok_or_else(|| unknown("webhook configuration", given, known()))
}

fn namespace_fits(cluster: &Cluster, wanted: Option<&str>, has: NamespaceId) -> bool {
    wanted.unwrap_or("default") == cluster.namespace_name(has)
}

/// How a record's subject is called: `pod/web-0`, `node/node-1`, `deployment/web`; with its namespace unless that is `default`.
pub fn subject(cluster: &Cluster, subject: Subject) -> String {
    let label = |kind: &str, namespace: NamespaceId, name: Sym| called::label(cluster.namespace_name(namespace), kind, cluster.text(name));
    let named = |kind: &str, meta: &Meta| label(kind, meta.namespace, meta.name);
    match subject {
        Subject::Cluster => "cluster".to_owned(),
        Subject::Step(n) => format!("step {}", n + 1),
        Subject::Zone(id) => format!("zone/{}", cluster.zone_name(id)),
        Subject::Node(id) => format!("node/{}", cluster.text(cluster.node(id).name)),
        Subject::Pod(id) => cluster.workload_label(Workload::Pod(id)),
        Subject::Deployment(id) => named("deployment", &cluster.deployments[id.index()].meta),
        Subject::ReplicaSet(id) => named("replicaset", &cluster.replica_sets[id.index()].meta),
        Subject::StatefulSet(id) => named("statefulset", &cluster.stateful_sets[id.index()].meta),
        Subject::DaemonSet(id) => named("daemonset", &cluster.daemon_sets[id.index()].meta),
        Subject::Job(id) => named("job", &cluster.jobs[id.index()].meta),
        Subject::CronJob(id) => named("cronjob", &cluster.cron_jobs[id.index()].meta),
        Subject::VerticalAutoscaler(id) => named("vpa", &cluster.vertical_autoscalers[id.index()].meta),
        Subject::KarpenterPool(id) => {
            format!("nodepool/{}", cluster.karpenter.pools.get(id.index()).map_or("", |p| cluster.text(p.name)))
        }
        Subject::NodePool(id) => format!("nodepool/{}", cluster.node_pools.get(id.index()).map_or("", |p| cluster.text(p.name))),
        Subject::Autoscaler(id) => named("hpa", &cluster.autoscalers[id.index()].meta),
        Subject::Budget(id) => named("poddisruptionbudget", &cluster.budgets[id.index()].meta),
        Subject::Quota(id) => named("resourcequota", &cluster.quotas[id.index()].meta),
        Subject::Namespace(id) => format!("namespace/{}", cluster.namespace_name(id)),
        Subject::Claim(id) => {
            let claim = &cluster.storage.claims[id.index()];
            label("persistentvolumeclaim", claim.namespace, claim.name)
        }
        Subject::Volume(id) => format!("persistentvolume/{}", cluster.text(cluster.storage.volumes[id.index()].name)),
    }
}
