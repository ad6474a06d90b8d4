//! Changes of the pod itself: what it would have to give up for a node to take it.

use super::search::{Budget, Fix};
use super::world::World;
use crate::cluster::ids::NodeId;
use crate::cluster::node::Taint;
use crate::cluster::template::{NodeSelectorTerm, PodTemplate, TaintEffect, Toleration, WeightedPodAffinityTerm};
use crate::report::{exact_bytes as bytes, exact_cpu as cpu, taint_effect};
use crate::scheduler::plugins::Plugin;
use crate::scheduler::status::Refusal;
use crate::units::intern::Sym;

/// The largest skew that is tried.
const MOST_SKEW: i32 = 64;

/// What the pod would have to change for `node` not to refuse it for this reason.
pub(super) fn fix(world: &World, node: NodeId, refusal: &Refusal, budget: &mut Budget) -> Option<Fix> {
    match refusal.plugin? {
        Plugin::TaintToleration => tolerate(world, node),
        Plugin::NodeAffinity => fewer_demands(world, node),
        Plugin::NodePorts => without_ports(world),
        Plugin::NodeResourcesFit => ask_for_less(world, node),
        Plugin::PodTopologySpread => looser_spread(world, node, refusal, budget),
        Plugin::InterPodAffinity => without_term(world, node, refusal, budget),
        _ => None,
    }
}

/// Taints of a node that keep the pod off.
pub(super) fn untolerated(world: &World, node: NodeId) -> Vec<Taint> {
    let template = world.template();
    let keeps_off = |taint: &&Taint| {
        taint.effect != TaintEffect::PreferNoSchedule
            && !template.tolerations.iter().any(|t| t.tolerates(taint.key, taint.value, taint.effect))
    };
    world.cluster.node(node).taints.iter().filter(keeps_off).copied().collect()
}

/// Whether a taint says that the node is lost.
pub(super) fn is_of_lost_node(world: &World, taint: &Taint) -> bool {
    let key = world.cluster.text(taint.key);
    ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "node.kubernetes.io/out-of-service"].contains(&key)
}

fn tolerate(world: &World, node: NodeId) -> Option<Fix> {
    let taints = untolerated(world, node);
    if taints.is_empty() || taints.iter().any(|taint| is_of_lost_node(world, taint)) {
        return None;
    }
    let text = |sym: Sym| world.cluster.text(sym);
    let written = |taint: &Taint| match text(taint.value) {
        "" => format!("{}:{}", text(taint.key), taint_effect(taint.effect)),
        value => format!("{}={value}:{}", text(taint.key), taint_effect(taint.effect)),
    };
    let yaml = taints.iter().map(|taint| {
        let operator = match text(taint.value) {
            "" => "operator: Exists".to_owned(),
            value => format!("operator: Equal, value: {}", crate::report::scalar(value)),
        };
        format!("- {{key: {}, {operator}, effect: {}}}\n", crate::report::scalar(text(taint.key)), taint_effect(taint.effect))
    });
    let yaml = format!("tolerations:\n{}", yaml.collect::<String>());
    let changed = world.with_template(|template| {
        template.tolerations.extend(taints.iter().map(|taint| Toleration {
            key: taint.key,
            exists: text(taint.value).is_empty(),
            unknown_operator: false,
            value: taint.value,
            effect: Some(taint.effect),
            seconds: None,
        }));
    });
    let names: Vec<String> = taints.iter().map(written).collect();
    Some(Fix::new(changed, format!("tolerate {}", names.join(" and ")), 1000 * taints.len() as i64).yaml(yaml))
}

fn fewer_demands(world: &World, node: NodeId) -> Option<Fix> {
    if world.cluster.pod(world.pod).pinned.is_some() {
        return None;
    }
    let (text, has, template) = (&world.cluster.text, world.cluster.node(node), world.template());
    let mut gone: Vec<String> = Vec::new();
    let unmet: Vec<Sym> = template
        .node_selector
        .iter()
        .flat_map(|selector| selector.iter())
        .filter(|&(key, value)| has.labels.get(key) != Some(value))
        .map(|(key, value)| {
            gone.push(format!("nodeSelector {}: {}", text.text(key), text.text(value)));
            key
        })
        .collect();
    let terms = template.affinity.as_ref().and_then(|affinity| affinity.node_required.as_ref());
    let met = |term: &NodeSelectorTerm| crate::scheduler::plugins::node_affinity::term_matches(term, has.name, &has.labels, text);
    // Of the alternatives the one that lacks least.
    let mut replaced: Option<Option<Vec<NodeSelectorTerm>>> = None;
    if let Some(terms) = terms.filter(|terms| !terms.iter().any(met)) {
        let lacks = |term: &NodeSelectorTerm| term.expressions.iter().filter(|r| !r.accepts(has.labels.get(r.key), text)).count();
        match terms.iter().enumerate().filter(|(_, term)| !term.invalid && term.names.is_empty()).min_by_key(|(_, term)| lacks(term)) {
            Some((at, term)) => {
                let (kept, dropped): (Vec<_>, Vec<_>) =
                    term.expressions.iter().cloned().partition(|r| r.accepts(has.labels.get(r.key), text));
                let all = |r: &crate::cluster::labels::Requirement| crate::cluster::labels::Selector::All(vec![r.clone()]).display(text);
                gone.extend(dropped.iter().map(|r| format!("required node affinity {}", all(r))));
                let mut terms = terms.clone();
                terms[at].expressions = kept;
                replaced = Some(if terms[at].expressions.is_empty() { None } else { Some(terms) });
            }
            None => {
                gone.push("required node affinity".to_owned());
                replaced = Some(None);
            }
        }
    }
    if gone.is_empty() {
        return None;
    }
    let changed = world.with_template(|template| {
        if let Some(selector) = &mut template.node_selector {
            unmet.iter().for_each(|&key| {
                selector.remove(key);
            });
        }
        if let (Some(terms), Some(affinity)) = (replaced, &mut template.affinity) {
            affinity.node_required = terms;
        }
    });
    Some(Fix::new(changed, format!("drop {}", gone.join(" and ")), 1500 * gone.len() as i64))
}

fn without_ports(world: &World) -> Option<Fix> {
    let ports: Vec<String> = world.template().host_ports.iter().map(|port| port.port.to_string()).collect();
    let changed = world.with_template(|template| template.host_ports.clear());
    Some(Fix::new(changed, format!("take no host port ({})", ports.join(", ")), 2000))
}

/// What is free on a node for what the pod asks for: the requests cut down to it, none where something is used up.
fn ask_for_less(world: &World, node: NodeId) -> Option<Fix> {
    let scheduler = world.scheduler();
    let (has, used) = (world.cluster.node(node), &scheduler.cache().info(node).requested);
    if scheduler.cache().info(node).pods.len() as i64 + 1 > has.allocatable_pods {
        return None;
    }
    let asked = &world.template().requests;
    let mut parts: Vec<(String, i64, i64)> = Vec::new();
    let mut to = asked.clone();
    let mut cut = |name: &str, slot: &mut i64, free: i64, unit: i64, show: &dyn Fn(i64) -> String| -> Option<()> {
        if *slot > 0 && *slot > free {
            let given = free.max(0) / unit * unit;
            if given <= 0 {
                return None;
            }
            parts.push((format!("{name} {} instead of {}", show(given), show(*slot)), *slot, given));
            *slot = given;
        }
        Some(())
    };
    cut("cpu", &mut to.cpu_milli, has.allocatable.cpu_milli - used.cpu_milli, 1, &cpu)?;
    cut("memory", &mut to.memory, has.allocatable.memory - used.memory, 1 << 20, &bytes)?;
    cut("ephemeral-storage", &mut to.ephemeral_storage, has.allocatable.ephemeral_storage - used.ephemeral_storage, 1 << 20, &bytes)?;
    for at in 0..to.scalars.len() {
        let name = to.scalars[at].0;
        let free = has.allocatable.scalar(name) - used.scalar(name);
        cut(world.cluster.text(name), &mut to.scalars[at].1, free, 1, &|amount| amount.to_string())?;
    }
    if parts.is_empty() {
        return None;
    }
    let (less_cpu, less_memory) = (asked.cpu_milli - to.cpu_milli, asked.memory - to.memory);
    // How much is given up, in thousandths of what was asked for.
    let cost = parts.iter().map(|(_, from, given)| (i128::from(from - given) * 1000 / i128::from(*from).max(1)) as i64).sum();
    let told: Vec<&str> = parts.iter().map(|(told, ..)| told.as_str()).collect();
    let told = format!("ask for {}", told.join(" and "));
    let changed = world.with_template(|template| set_requests(template, &to, less_cpu, less_memory));
    Some(Fix::new(changed, told, cost))
}

fn set_requests(template: &mut PodTemplate, to: &crate::units::resources::Resources, less_cpu: i64, less_memory: i64) {
    template.requests = to.clone();
    template.score_requests.cpu_milli -= less_cpu;
    template.score_requests.memory -= less_memory;
    template.score_requests.ephemeral_storage = template.score_requests.ephemeral_storage.min(to.ephemeral_storage);
    for pair in [&mut template.nonzero, &mut template.score_nonzero] {
        pair.0 = (pair.0 - less_cpu).max(0);
        pair.1 = (pair.1 - less_memory).max(0);
    }
}

/// Whether a node refuses for another reason, or not at all, in a changed world.
fn gets_past(world: &World, node: NodeId, refusal: &Refusal, budget: &mut Budget) -> bool {
    budget.take() && {
        let answer = world.ask();
        answer.node().is_some() || answer.refusal(node) != Some(refusal)
    }
}

fn looser_spread(world: &World, node: NodeId, refusal: &Refusal, budget: &mut Budget) -> Option<Fix> {
    let hard: Vec<usize> = world.template().spread.iter().enumerate().filter(|(_, c)| c.hard).map(|(at, _)| at).collect();
    let soft = |at: usize| world.with_template(|template| template.spread[at].hard = false);
    let at = hard.into_iter().find(|&at| gets_past(&soft(at), node, refusal, budget))?;
    let constraint = &world.template().spread[at];
    let key = world.cluster.text(constraint.topology_key).to_owned();
    let own = |told: String, changed: World, cost: i64, line: &str| {
        let yaml = format!("topologySpreadConstraints:\n- topologyKey: {key}\n  {line}\n  # the rest as it is\n");
        Some(Fix::new(changed, told, cost).yaml(yaml))
    };
    if !constraint.honor_taints {
        let honest = world.with_template(|template| template.spread[at].honor_taints = true);
        if gets_past(&honest, node, refusal, budget) {
            let told = format!("leave tainted nodes out of the spread over {key} (nodeTaintsPolicy: Honor)");
            return own(told, honest, 900, "nodeTaintsPolicy: Honor");
        }
    }
    let skewed = |skew: i32| world.with_template(|template| template.spread[at].max_skew = skew);
    let (mut fails, mut holds) = (constraint.max_skew, None);
    let mut next = constraint.max_skew.saturating_add(1);
    while next <= MOST_SKEW {
        if gets_past(&skewed(next), node, refusal, budget) {
            holds = Some(next);
            break;
        }
        fails = next;
        next = next.saturating_mul(2);
    }
    let Some(mut least) = holds else {
        return own(format!("only prefer the spread over {key}"), soft(at), 1500, "whenUnsatisfiable: ScheduleAnyway");
    };
    while least - fails > 1 {
        let middle = fails + (least - fails) / 2;
        if gets_past(&skewed(middle), node, refusal, budget) { least = middle } else { fails = middle }
    }
    let more = i64::from(least - constraint.max_skew);
    own(format!("allow a skew of {least} over {key}"), skewed(least), 1000 + 10 * more, &format!("maxSkew: {least}"))
}

fn without_term(world: &World, node: NodeId, refusal: &Refusal, budget: &mut Budget) -> Option<Fix> {
    let affinity = world.template().affinity.as_deref()?;
    for (anti, terms) in [(false, &affinity.pod_required), (true, &affinity.anti_required)] {
        for (at, term) in terms.iter().enumerate() {
            let changed = world.with_template(|template| {
                let Some(affinity) = &mut template.affinity else { return };
                let (from, to) = match anti {
                    true => (&mut affinity.anti_required, &mut affinity.anti_preferred),
                    false => (&mut affinity.pod_required, &mut affinity.pod_preferred),
                };
                let term = from.remove(at);
                to.push(WeightedPodAffinityTerm { weight: 100, term });
            });
            if gets_past(&changed, node, refusal, budget) {
                let (text, beside) = (&world.cluster.text, if anti { "apart from" } else { "beside" });
                let told =
                    format!("only prefer to stand {beside} pods with {} ({})", term.selector.display(text), text.text(term.topology_key));
                return Some(Fix::new(changed, told, 1500));
            }
        }
    }
    None
}
