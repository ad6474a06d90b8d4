//! The search: node by node, one reason after the other is cured until the scheduler takes the pod; the cheapest such path counts.

use super::world::{Answer, World};
use super::{nodes, others, pod};
use crate::cluster::ids::{NodeId, PodId};
use crate::report::{Scope, Way, node_like};
use crate::scheduler::plugins::Plugin;
use crate::units::arrange::Arrange;
use crate::units::resources::Resources;

/// How often the scheduler may still be asked.
pub(super) struct Budget {
    left: usize,
    pub(super) asked: usize,
    pub(super) cut: bool,
}

impl Budget {
    /// A larger cluster takes longer to ask about.
    pub(super) fn of(world: &World) -> Budget {
        let size = world.cluster.pods.len() + world.cluster.nodes.len();
        Budget { left: (2_000_000 / size.max(1)).clamp(24, 600), asked: 0, cut: false }
    }

    /// Takes one question, if there is one left.
    pub(super) fn take(&mut self) -> bool {
        if self.left == 0 {
            self.cut = true;
            return false;
        }
        self.left -= 1;
        self.asked += 1;
        true
    }
}

/// A change that gets past one reason.
pub(super) struct Fix {
    world: World,
    told: String,
    cost: i64,
    yaml: String,
    going: Vec<PodId>,
}

impl Fix {
    /// A changed world, what was changed in words, and how much that is: a thousand for a thing of its own.
    pub(super) fn new(world: World, told: String, cost: i64) -> Fix {
        Fix { world, told, cost, yaml: String::new(), going: Vec::new() }
    }

    /// What to write for it.
    pub(super) fn yaml(self, yaml: String) -> Fix {
        Fix { yaml, ..self }
    }

    /// Pods that leave.
    pub(super) fn going(self, going: Vec<PodId>) -> Fix {
        Fix { going, ..self }
    }
}

/// The most reasons cured on one node.
const MOST_FIXES: usize = 5;
/// The most nodes tried for one scope.
const MOST_NODES: usize = 16;
/// The most ways shown for one scope.
const MOST_WAYS: usize = 3;

/// A way with how much it takes, and of which plugins the reasons were.
struct Found {
    way: Way,
    cost: i64,
    kind: Vec<Option<Plugin>>,
}

/// The smallest changes that let the pod in.
pub(super) fn ways(world: &World, first: &Answer, budget: &mut Budget) -> Vec<Way> {
    let candidates = candidates(world, first);
    let mut all = Vec::new();
    for scope in [Scope::Pod, Scope::Nodes, Scope::Others] {
        let mut found: Vec<Found> = candidates.iter().filter_map(|&node| path(world, first, node, scope, budget)).collect();
        match scope {
            Scope::Pod => found.extend(higher_priority(world, budget)),
            Scope::Nodes => found.extend(one_more_node(world, budget)),
            Scope::Others => {}
        }
        found.arrange_by_key(|f| (f.way.changes.len(), f.cost));
        // One way of each kind: the same with another node says nothing new.
        let mut kinds: Vec<Vec<Option<Plugin>>> = Vec::new();
        for Found { way, kind, .. } in found {
            if kinds.len() < MOST_WAYS && !kinds.contains(&kind) && !all.contains(&way) {
                kinds.push(kind);
                all.push(way);
            }
        }
    }
    all
}

/// Nodes to try: of each reason those with most room, the reasons in turn.
fn candidates(world: &World, first: &Answer) -> Vec<NodeId> {
    let scheduler = world.scheduler();
    let wanted = &world.template().requests;
    let lacks = |node: NodeId| {
        let mut free = world.cluster.node(node).allocatable.clone();
        free.subtract(&scheduler.cache().info(node).requested);
        let share = |wanted: i64, free: i64| {
            let short = i128::from(wanted.saturating_sub(free).max(0));
            if wanted > 0 { (short * 1000 / i128::from(wanted)).min(1 << 40) as i64 } else { 0 }
        };
        let scalars: i64 = wanted.scalars.iter().map(|&(name, amount)| share(amount, free.scalar(name))).sum();
        share(wanted.cpu_milli, free.cpu_milli)
            + share(wanted.memory, free.memory)
            + share(wanted.ephemeral_storage, free.ephemeral_storage)
            + scalars
    };
    let mut groups: Vec<(String, Vec<NodeId>)> = Vec::new();
    for &node in &first.order {
        let key = first.refusal(node).map_or_else(String::new, |refusal| format!("{:?} {}", refusal.plugin, refusal.message()));
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, nodes)) => nodes.push(node),
            None => groups.push((key, vec![node])),
        }
    }
    groups.iter_mut().for_each(|(_, nodes)| nodes.sort_by_cached_key(|&node| (lacks(node), node)));
    let longest = groups.iter().map(|(_, nodes)| nodes.len()).max().unwrap_or(0);
    let in_turn = (0..longest).flat_map(|k| groups.iter().filter_map(move |(_, nodes)| nodes.get(k).copied()));
    in_turn.take(MOST_NODES).collect()
}

/// Cures what `node` refuses the pod for, one reason after the other, until the scheduler places it.
fn path(world: &World, first: &Answer, node: NodeId, scope: Scope, budget: &mut Budget) -> Option<Found> {
    let mut now = world.clone();
    let mut refusal = first.refusal(node).cloned()?;
    let (mut told, mut snippets, mut kind, mut going, mut cost) = (Vec::new(), String::new(), Vec::new(), Vec::new(), 0);
    let mut taken = None;
    for _ in 0..MOST_FIXES {
        let fix = match scope {
            Scope::Pod => pod::fix(&now, node, &refusal, budget),
            Scope::Nodes => nodes::fix(&now, node, &refusal),
            Scope::Others => others::fix(&now, node, &refusal),
        }?;
        kind.push(refusal.plugin);
        cost += fix.cost;
        snippets.push_str(&fix.yaml);
        going.extend(fix.going);
        if !fix.told.is_empty() {
            told.push(fix.told);
        }
        now = fix.world;
        if !budget.take() {
            return None;
        }
        let answer = now.ask();
        taken = answer.node();
        if taken.is_some() {
            break;
        }
        refusal = answer.refusal(node).cloned()?;
    }
    let taken = taken?;
    let name = |node: NodeId| world.cluster.text(world.cluster.node(node).name).to_owned();
    let mut remark = String::new();
    if scope == Scope::Others {
        going = others::fewest(world, &going, budget, |thought| thought.ask().node().is_some());
        let without = world.without(&going);
        for &pod in &going {
            let label = world.cluster.workload_label(crate::cluster::state::Workload::Pod(pod));
            let on = world.cluster.pod(pod).node.map_or_else(String::new, name);
            let to = if budget.take() { others::elsewhere(world, &without, pod, taken) } else { None };
            told.push(match to {
                Some(to) => format!("move {label} from {on} to {}", name(to)),
                None => format!("remove {label} from {on}: no other node takes it"),
            });
        }
        // What has to be removed costs more than what can move.
        cost += 2000 * told.iter().filter(|told| told.starts_with("remove")).count() as i64;
    } else if scope == Scope::Pod && kind == [Some(Plugin::NodeResourcesFit)] {
        remark = least(world, &now, budget);
    }
    Some(Found { way: Way { scope, changes: told, node: Some(name(taken)), snippet: snippets, remark }, cost, kind })
}

/// Whether asking for a little more than what was found to fit is refused.
fn least(world: &World, fits: &World, budget: &mut Budget) -> String {
    let (asked, given) = (&world.template().requests, &fits.template().requests);
    let more: Resources = {
        let step = |asked: i64, given: i64, unit: i64| if asked > given { (given + unit).min(asked) } else { given };
        Resources {
            cpu_milli: step(asked.cpu_milli, given.cpu_milli, 1),
            memory: step(asked.memory, given.memory, 1 << 20),
            ephemeral_storage: step(asked.ephemeral_storage, given.ephemeral_storage, 1 << 20),
            scalars: given.scalars.iter().map(|&(name, amount)| (name, step(asked.scalar(name), amount, 1))).collect(),
        }
    };
    if more == *asked || !budget.take() {
        return String::new();
    }
    let refused = fits.with_template(|template| template.requests = more).ask().node().is_none();
    if refused { "the least step more does not fit".to_owned() } else { String::new() }
}

/// The least priority of those there are, plus one, with which preemption would make room.
fn higher_priority(world: &World, budget: &mut Budget) -> Option<Found> {
    let own = world.cluster.pod(world.pod).priority;
    if world.template().never_preempts {
        return None;
    }
    let mut others: Vec<i32> =
        world.cluster.live_pods().filter(|(_, pod)| pod.node.is_some() && pod.priority >= own).map(|(_, pod)| pod.priority).collect();
    others.arrange();
    others.dedup();
    for below in others.into_iter().take(6) {
        let to = below.checked_add(1)?;
        if !budget.take() {
            return None;
        }
        let mut raised = world.with_template(|template| template.priority = to);
        raised.cluster.pods[world.pod.index()].priority = to;
        let answer = raised.ask();
        let Some(chosen) = answer.attempt.preemption.as_ref().and_then(|preemption| preemption.chosen()) else { continue };
        let victims: Vec<String> =
            chosen.victims.iter().map(|&pod| world.cluster.workload_label(crate::cluster::state::Workload::Pod(pod))).collect();
        let node = world.cluster.text(world.cluster.node(chosen.node).name);
        let way = Way {
            scope: Scope::Pod,
            changes: vec![format!("give it a priority of {to} or more instead of {own}")],
            node: None,
            snippet: String::new(),
            remark: format!("it would preempt {} on {node}", victims.join(", ")),
        };
        return Some(Found { way, cost: 2500 + 100 * victims.len() as i64, kind: vec![Some(Plugin::DefaultPreemption)] });
    }
    None
}

/// One more node like one that is there.
fn one_more_node(world: &World, budget: &mut Budget) -> Vec<Found> {
    let mut tried: Vec<NodeId> = Vec::new();
    let mut found = Vec::new();
    let hostname = world.cluster.text.get("kubernetes.io/hostname");
    for (id, node) in world.cluster.live_nodes() {
        let alike = |&other: &NodeId| {
            let other = world.cluster.node(other);
            let own = |labels: &crate::cluster::labels::Labels| labels.iter().filter(|(key, _)| Some(*key) != hostname).collect::<Vec<_>>();
            other.allocatable == node.allocatable && own(&other.labels) == own(&node.labels)
        };
        if tried.iter().any(alike) {
            continue;
        }
        if tried.len() == 6 || !budget.take() {
            break;
        }
        tried.push(id);
        let name = world.cluster.text(node.name);
        let mut more = world.clone();
        let new = node_like(&mut more.cluster, id, &format!("{name}-more"));
        if more.ask().node() == Some(new) {
            let zone = world.cluster.zone_name(node.zone);
            let place = if zone.is_empty() { String::new() } else { format!(" in {zone}") };
            let way = Way {
                scope: Scope::Nodes,
                changes: vec![format!("add one node like {name}{place}")],
                node: Some(format!("{name}-more")),
                snippet: String::new(),
                remark: String::new(),
            };
            found.push(Found { way, cost: 1000, kind: vec![None] });
        }
    }
    found
}
