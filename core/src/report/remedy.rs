//! What a proposal changes, as data: made by the rules that propose it, applied to a cluster that has not begun to run. Runs nothing.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, TemplateId};
use crate::cluster::labels::Selector;
use crate::cluster::node::{Node, NodeReady};
use crate::cluster::state::Workload;
use crate::cluster::template::{PodTemplate, SpreadConstraint, TaintEffect, WeightedPodAffinityTerm};
use crate::cluster::workloads::{Budget, BudgetRule, BudgetStatus, DeploymentStrategy, IntOrPercent, Meta};
use crate::scenario::{Scenario, Step, Verb, names};
use crate::units::time::Time;

/// The taint that says that a machine is off for good
/// (`pkg/controller/podgc/gc_controller.go`, v1.37).
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// Keys of the taints that speak of lost nodes.
const LOST: [&str; 2] = ["node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"];

/// One change of the manifests, the nodes or what people do. Workloads and nodes are named as verbs name them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Remedy {
    /// That many replicas.
    Replicas {
        /// The workload.
        workload: String,
        /// How many.
        to: i32,
    },
    /// A hard spread constraint over a node label, which leaves tainted nodes out.
    Spread {
        /// The workload.
        workload: String,
        /// The label.
        key: String,
    },
    /// Required pod affinity becomes preferred, with the highest weight.
    LooseAffinity {
        /// The workload.
        workload: String,
    },
    /// A spread constraint leaves tainted nodes out.
    HonorTaints {
        /// The workload.
        workload: String,
        /// The constraint's position.
        constraint: usize,
    },
    /// How a Deployment rolls out.
    RollingUpdate {
        /// The Deployment.
        workload: String,
        /// `maxSurge`.
        max_surge: i32,
        /// `maxUnavailable`.
        max_unavailable: i32,
    },
    /// For how long its pods stay on lost nodes.
    TolerateLost {
        /// The workload.
        workload: String,
        /// `tolerationSeconds`.
        seconds: i64,
    },
    /// The pods' memory request.
    Memory {
        /// The workload.
        workload: String,
        /// Bytes for each pod.
        bytes: i64,
    },
    /// The pods' priority.
    Priority {
        /// The workload.
        workload: String,
        /// The priority.
        to: i32,
    },
    /// An existing PodDisruptionBudget lets that many go.
    BudgetAllows {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// `maxUnavailable`.
        max_unavailable: i32,
    },
    /// A new PodDisruptionBudget.
    NewBudget {
        /// The workload that it protects.
        workload: String,
        /// `maxUnavailable`.
        max_unavailable: i32,
    },
    /// Somebody says that a machine is off for good.
    OutOfService {
        /// The node.
        node: String,
        /// When, in milliseconds of the run.
        at_ms: i64,
    },
    /// More nodes, each like the first of its zone.
    MoreNodes {
        /// How many in each zone.
        in_each_zone: u32,
    },
}

/// Why a remedy could not be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inapplicable(pub String);

impl Remedy {
    /// Changes a cluster that has not begun to run, and the scenario.
    ///
    /// # Errors
    /// What it names is not there.
    pub fn apply(&self, cluster: &mut Cluster, scenario: &mut Scenario) -> Result<(), Inapplicable> {
        match self {
            Remedy::Replicas { workload, to } => match find(cluster, workload)? {
                Workload::Deployment(id) => cluster.deployments[id.index()].replicas = *to,
                Workload::ReplicaSet(id) => cluster.replica_sets[id.index()].replicas = *to,
                Workload::StatefulSet(id) => cluster.stateful_sets[id.index()].replicas = *to,
                _ => return Err(Inapplicable(format!("{workload} has no replicas"))),
            },
            Remedy::Spread { workload, key } => {
                let found = find(cluster, workload)?;
                let selector = selector_of(cluster, found).ok_or_else(|| Inapplicable(format!("{workload} has no selector")))?;
                let topology_key = cluster.text.intern(key);
                let constraint = SpreadConstraint {
                    max_skew: 1,
                    topology_key,
                    hard: true,
                    selector,
                    min_domains: 1,
                    honor_affinity: true,
                    honor_taints: true,
                };
                change_template(cluster, found, |template| {
                    template.spread.retain(|known| known.topology_key != topology_key);
                    template.spread.push(constraint);
                })?;
            }
            Remedy::LooseAffinity { workload } => {
                let found = find(cluster, workload)?;
                change_template(cluster, found, |template| {
                    if let Some(affinity) = &mut template.affinity {
                        let required = std::mem::take(&mut affinity.pod_required);
                        affinity.pod_preferred.extend(required.into_iter().map(|term| WeightedPodAffinityTerm { weight: 100, term }));
                    }
                })?;
            }
            Remedy::HonorTaints { workload, constraint } => {
                let found = find(cluster, workload)?;
                change_template(cluster, found, |template| {
                    if let Some(constraint) = template.spread.get_mut(*constraint) {
                        constraint.honor_taints = true;
                    }
                })?;
            }
            Remedy::RollingUpdate { workload, max_surge, max_unavailable } => match find(cluster, workload)? {
                Workload::Deployment(id) => {
                    cluster.deployments[id.index()].strategy = DeploymentStrategy::RollingUpdate {
                        max_surge: IntOrPercent::Int(*max_surge),
                        max_unavailable: IntOrPercent::Int(*max_unavailable),
                    };
                }
                _ => return Err(Inapplicable(format!("{workload} is no Deployment"))),
            },
            Remedy::TolerateLost { workload, seconds } => {
                let found = find(cluster, workload)?;
                let keys = LOST.map(|key| cluster.text.intern(key));
                change_template(cluster, found, |template| {
                    let lost = |key| keys.contains(&key);
                    let of_lost = template.tolerations.iter_mut().filter(|t| lost(t.key) && t.effect == Some(TaintEffect::NoExecute));
                    of_lost.for_each(|toleration| toleration.seconds = Some(*seconds));
                })?;
            }
            Remedy::Memory { workload, bytes } => {
                let found = find(cluster, workload)?;
                change_template(cluster, found, |template| {
                    let more = bytes - template.requests.memory;
                    let amounts = [
                        &mut template.requests.memory,
                        &mut template.score_requests.memory,
                        &mut template.nonzero.1,
                        &mut template.score_nonzero.1,
                    ];
                    amounts.into_iter().for_each(|amount| *amount = (*amount).saturating_add(more).max(0));
                    if let Some(first) = template.containers.first_mut() {
                        first.requests.memory = first.requests.memory.saturating_add(more).max(0);
                        first.requests_named.1 = true;
                    }
                })?;
            }
            Remedy::Priority { workload, to } => {
                let found = find(cluster, workload)?;
                change_template(cluster, found, |template| template.priority = *to)?;
                let template = template_of(cluster, found);
                cluster.pods.iter_mut().filter(|pod| Some(pod.template) == template).for_each(|pod| pod.priority = *to);
            }
            Remedy::BudgetAllows { namespace, name, max_unavailable } => {
                let at = cluster.budgets.iter().position(|budget| {
                    !budget.meta.gone
                        && cluster.text(budget.meta.name) == name
                        && cluster.namespace_name(budget.meta.namespace) == namespace
                });
                let at = at.ok_or_else(|| Inapplicable(format!("there is no budget {name}")))?;
                cluster.budgets[at].rule = BudgetRule::MaxUnavailable(IntOrPercent::Int(*max_unavailable));
            }
            Remedy::NewBudget { workload, max_unavailable } => {
                let found = find(cluster, workload)?;
                let selector = selector_of(cluster, found).ok_or_else(|| Inapplicable(format!("{workload} has no selector")))?;
                let of = cluster.workload_meta(found).cloned().ok_or_else(|| Inapplicable(format!("{workload} is a bare pod")))?;
                cluster.budgets.push(Budget {
                    meta: Meta { generation: 1, origin: None, ..of },
                    selector,
                    rule: BudgetRule::MaxUnavailable(IntOrPercent::Int(*max_unavailable)),
                    always_allow_unhealthy: false,
                    status: BudgetStatus::default(),
                });
            }
            Remedy::OutOfService { node, at_ms } => {
                let (key, value) = (OUT_OF_SERVICE.to_owned(), "nodeshutdown".to_owned());
                let verb = Verb::Taint { node: node.clone(), key, value, effect: TaintEffect::NoExecute };
                scenario.steps.push(Step::at(Time::at(*at_ms), verb));
            }
            Remedy::MoreNodes { in_each_zone } => more_nodes(cluster, *in_each_zone)?,
        }
        Ok(())
    }
}

fn find(cluster: &Cluster, name: &str) -> Result<Workload, Inapplicable> {
    names::workload(cluster, name).map_err(|unknown| Inapplicable(unknown.to_string()))
}

fn selector_of(cluster: &Cluster, workload: Workload) -> Option<Selector> {
    match workload {
        Workload::Deployment(id) => cluster.deployments.get(id.index()).map(|d| d.selector.clone()),
        Workload::ReplicaSet(id) => cluster.replica_sets.get(id.index()).map(|r| r.selector.clone()),
        Workload::StatefulSet(id) => cluster.stateful_sets.get(id.index()).map(|s| s.selector.clone()),
        _ => None,
    }
}

fn template_of(cluster: &mut Cluster, workload: Workload) -> Option<TemplateId> {
    template_slot(cluster, workload).copied()
}

fn template_slot(cluster: &mut Cluster, workload: Workload) -> Option<&mut TemplateId> {
    match workload {
        Workload::Deployment(id) => cluster.deployments.get_mut(id.index()).map(|d| &mut d.template),
        Workload::ReplicaSet(id) => cluster.replica_sets.get_mut(id.index()).map(|r| &mut r.template),
        Workload::StatefulSet(id) => cluster.stateful_sets.get_mut(id.index()).map(|s| &mut s.template),
        Workload::DaemonSet(id) => cluster.daemon_sets.get_mut(id.index()).map(|d| &mut d.template),
        Workload::Job(id) => cluster.jobs.get_mut(id.index()).map(|j| &mut j.template),
        Workload::Pod(id) => cluster.pods.get_mut(id.index()).map(|p| &mut p.template),
    }
}

/// Gives a workload a template of its own, changed.
fn change_template(cluster: &mut Cluster, workload: Workload, change: impl FnOnce(&mut PodTemplate)) -> Result<(), Inapplicable> {
    let nothing = || Inapplicable("it has no pod template".to_owned());
    let before = template_of(cluster, workload).ok_or_else(nothing)?;
    let mut template = cluster.templates.get(before.index()).map(|t| PodTemplate::clone(t)).ok_or_else(nothing)?;
    change(&mut template);
    // Another revision: pods of the old one that are there already are replaced.
    template.digest = template.digest.rotate_left(17) ^ 0x9e37_79b9_7f4a_7c15;
    let id = TemplateId::from_index(cluster.templates.len());
    cluster.templates.push(Arc::new(template));
    if let Some(slot) = template_slot(cluster, workload) {
        *slot = id;
    }
    Ok(())
}

/// Adds nodes to every zone, each like the first of its zone that takes pods.
fn more_nodes(cluster: &mut Cluster, in_each_zone: u32) -> Result<(), Inapplicable> {
    let mut firsts: Vec<NodeId> = Vec::new();
    for (id, node) in cluster.live_nodes().filter(|(_, node)| !node.unschedulable) {
        if firsts.iter().all(|&first| cluster.node(first).zone != node.zone) {
            firsts.push(id);
        }
    }
    if firsts.is_empty() {
        return Err(Inapplicable("there is no node to add another like it".to_owned()));
    }
    for k in 0..in_each_zone {
        for &like in &firsts {
            let name = format!("{}-more-{}", cluster.text(cluster.node(like).name), k + 1);
            node_like(cluster, like, &name);
        }
    }
    Ok(())
}

/// Adds an empty, healthy node with the zone, labels, sizes, drivers and own taints of another.
pub(crate) fn node_like(cluster: &mut Cluster, like: NodeId, name: &str) -> NodeId {
    let (sym, hostname) = (cluster.text.intern(name), cluster.text.intern("kubernetes.io/hostname"));
    let model = cluster.node(like);
    let mut node = Node {
        name: sym,
        unschedulable: false,
        ready: NodeReady::True,
        memory_pressure: false,
        kubelet_alive: true,
        gone: false,
        pods: Vec::new(),
        origin: None,
        ..model.clone()
    };
    let model_name = model.name;
    node.labels.set(hostname, sym);
    let of_conditions: Vec<_> =
        ["not-ready", "unreachable", "unschedulable", "memory-pressure", "disk-pressure", "pid-pressure", "out-of-service"]
            .iter()
            .filter_map(|end| cluster.text.get(&format!("node.kubernetes.io/{end}")))
            .collect();
    node.taints.retain(|taint| !of_conditions.contains(&taint.key));
    if let Some(drivers) = cluster.storage.csi_nodes.iter().find(|csi| csi.node == model_name).cloned() {
        cluster.storage.csi_nodes.push(crate::cluster::volumes::CsiNode { node: sym, ..drivers });
    }
    let id = NodeId::from_index(cluster.nodes.len());
    cluster.nodes.push(node);
    id
}
