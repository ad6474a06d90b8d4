//! Changes of nodes: what one would have to be like to take the pod.

use super::pod::{is_of_lost_node, untolerated};
use super::search::Fix;
use super::world::World;
use crate::cluster::ids::NodeId;
use crate::cluster::labels::{Labels, Operator, Requirement};
use crate::cluster::node::NodeReady;
use crate::cluster::template::NodeSelectorTerm;
use crate::report::{exact_bytes as bytes, exact_cpu as cpu, taint_effect};
use crate::scheduler::plugins::Plugin;
use crate::scheduler::status::Refusal;
use crate::units::intern::Sym;

/// What the node would have to change not to refuse the pod for this reason.
pub(super) fn fix(world: &World, node: NodeId, refusal: &Refusal) -> Option<Fix> {
    let name = world.cluster.text(world.cluster.node(node).name).to_owned();
    match refusal.plugin? {
        Plugin::NodeUnschedulable => {
            let mut changed = world.clone();
            changed.cluster.nodes[node.index()].unschedulable = false;
            let key = world.cluster.text.get("node.kubernetes.io/unschedulable");
            changed.cluster.nodes[node.index()].taints.retain(|taint| Some(taint.key) != key);
            Some(Fix::new(changed, format!("uncordon {name}"), 500).yaml(format!("kubectl uncordon {name}\n")))
        }
        Plugin::TaintToleration => untaint(world, node, &name),
        Plugin::NodeAffinity => label(world, node, &name),
        Plugin::NodeResourcesFit => larger(world, node, &name),
        _ => None,
    }
}

fn untaint(world: &World, node: NodeId, name: &str) -> Option<Fix> {
    let taints = untolerated(world, node);
    if taints.is_empty() {
        return None;
    }
    let lost = taints.iter().any(|taint| is_of_lost_node(world, taint));
    let mut changed = world.clone();
    let own = &mut changed.cluster.nodes[node.index()];
    if lost {
        // A node that is back has none of the taints of its conditions.
        own.taints.retain(|taint| !world.cluster.text(taint.key).starts_with("node.kubernetes.io/"));
        (own.ready, own.kubelet_alive) = (NodeReady::True, true);
        return Some(Fix::new(changed, format!("bring {name} back"), 900));
    }
    own.taints.retain(|taint| !taints.contains(taint));
    let text = |sym: Sym| world.cluster.text(sym);
    let names: Vec<String> = taints.iter().map(|t| format!("{}:{}", text(t.key), taint_effect(t.effect))).collect();
    let yaml: String = names.iter().map(|taint| format!("kubectl taint node {name} {taint}-\n")).collect();
    Some(Fix::new(changed, format!("take {} off {name}", names.join(" and ")), 700 * taints.len() as i64).yaml(yaml))
}

/// Keys that say where a machine is: no label to be set at will.
fn is_place(key: &str) -> bool {
    key.contains("topology.kubernetes.io/") || key.contains("failure-domain.beta.kubernetes.io/") || key.ends_with("/hostname")
}

fn label(world: &World, node: NodeId, name: &str) -> Option<Fix> {
    if world.cluster.pod(world.pod).pinned.is_some() {
        return None;
    }
    let mut changed = world.clone();
    let (template, mut labels) = (world.template(), world.cluster.node(node).labels.clone());
    let mut told = Vec::new();
    for (key, value) in template.node_selector.iter().flat_map(Labels::iter) {
        if labels.get(key) != Some(value) {
            labels.set(key, value);
            told.push((key, Some(value)));
        }
    }
    let terms = template.affinity.as_ref().and_then(|affinity| affinity.node_required.as_ref());
    let text = &world.cluster.text;
    let has = |term: &NodeSelectorTerm, labels: &Labels| {
        crate::scheduler::plugins::node_affinity::term_matches(term, world.cluster.node(node).name, labels, text)
    };
    if let Some(terms) = terms.filter(|terms| !terms.iter().any(|term| has(term, &labels))) {
        let lacks = |term: &&NodeSelectorTerm| term.expressions.iter().filter(|r| !r.accepts(labels.get(r.key), text)).count();
        let least = terms.iter().filter(|term| !term.invalid && term.names.is_empty()).min_by_key(lacks)?;
        let unmet: Vec<&Requirement> = least.expressions.iter().filter(|r| !r.accepts(labels.get(r.key), text)).collect();
        for requirement in unmet {
            let value = match requirement.operator {
                Operator::In => Some(*requirement.values.first()?),
                Operator::Exists => Some(changed.cluster.text.intern("true")),
                Operator::NotIn | Operator::DoesNotExist => None,
                Operator::Gt | Operator::Lt => {
                    let operand: i64 = text.text(*requirement.values.first()?).parse().ok()?;
                    let by = if requirement.operator == Operator::Gt { 1 } else { -1 };
                    Some(changed.cluster.text.intern(&operand.saturating_add(by).to_string()))
                }
            };
            match value {
                Some(value) => labels.set(requirement.key, value),
                None => drop(labels.remove(requirement.key)),
            }
            told.push((requirement.key, value));
        }
    }
    let own = |sym: Sym| changed.cluster.text(sym).to_owned();
    if told.is_empty() || told.iter().any(|(key, _)| is_place(&own(*key))) {
        return None;
    }
    let written: Vec<String> = told
        .iter()
        .map(|(key, value)| value.map_or_else(|| format!("{}-", own(*key)), |value| format!("{}={}", own(*key), own(value))))
        .collect();
    changed.cluster.nodes[node.index()].labels = labels;
    let yaml = format!("kubectl label --overwrite node {name} {}\n", written.join(" "));
    Some(Fix::new(changed, format!("label {name} with {}", written.join(" and ")), 800 * written.len() as i64).yaml(yaml))
}

/// A larger machine in place of the node.
fn larger(world: &World, node: NodeId, name: &str) -> Option<Fix> {
    let scheduler = world.scheduler();
    let info = scheduler.cache().info(node);
    let (asked, used) = (&world.template().requests, &info.requested);
    let mut changed = world.clone();
    let own = &mut changed.cluster.nodes[node.index()];
    let mut told = Vec::new();
    let mut raise = |what: &str, slot: &mut i64, wanted: i64, used: i64, show: &dyn Fn(i64) -> String| {
        let needed = used.saturating_add(wanted);
        if wanted > 0 && needed > *slot {
            told.push(format!("{what} {} instead of {}", show(needed), show(*slot)));
            *slot = needed;
        }
    };
    raise("cpu", &mut own.allocatable.cpu_milli, asked.cpu_milli, used.cpu_milli, &cpu);
    raise("memory", &mut own.allocatable.memory, asked.memory, used.memory, &bytes);
    raise("ephemeral-storage", &mut own.allocatable.ephemeral_storage, asked.ephemeral_storage, used.ephemeral_storage, &bytes);
    for &(scalar, wanted) in &asked.scalars {
        let mut has = own.allocatable.scalar(scalar);
        raise(world.cluster.text(scalar), &mut has, wanted, used.scalar(scalar), &|amount| amount.to_string());
        own.allocatable.set_scalar(scalar, has);
    }
    raise("pods", &mut own.allocatable_pods, 1, info.pods.len() as i64, &|amount| amount.to_string());
    if told.is_empty() {
        return None;
    }
    Some(Fix::new(changed, format!("make {name} larger: {}", told.join(", ")), 3000))
}
