//! Which pool holds everything with any one zone lost: every answer is simulated, from an empty cluster to the last pod after the loss.

use std::collections::BTreeMap;

use super::super::Session;
use super::types::{NodeType, shown};
use crate::cluster::Cluster;
use crate::cluster::build::{AssumedPool, ClusterOptions, NodeShape, build};
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::pod::Owner;
use crate::engine::{Ended, Sim};
use crate::report::{MOST_NAMES, PoolAnswer, PoolPart, meaning};
use crate::scenario::{self, Scenario, Step, Verb};
use crate::trace::{Change, Subject, Trace};
use crate::units::arrange::Arrange;
use crate::units::quantity::Quantity;
use crate::units::resources::Resources;
use crate::units::time::Time;

/// The most nodes of a type in a zone.
const MOST_IN_ZONE: u32 = 2_000;
/// The most nodes lost one after the other, where there is one zone.
const MOST_LOST: usize = 8;
/// The most types of which pairs are mixed.
const MOST_MIXED: usize = 6;
/// The most prices for which pools were computed and are tried, the cheapest first.
const MOST_MIXES: usize = 4_000;

/// How many pools may still be simulated.
struct Budget {
    left: usize,
    tried: usize,
    cut: bool,
}

impl Budget {
    fn of(cluster: &Cluster, zones: usize) -> Budget {
        let pods = cluster.live_pods().count().max(1);
        Budget { left: (60_000 / (pods * (zones + 1))).clamp(6, 200), tried: 0, cut: false }
    }

    fn take(&mut self) -> bool {
        if self.left == 0 {
            self.cut = true;
            return false;
        }
        self.left -= 1;
        self.tried += 1;
        true
    }
}

/// Types, and how many nodes of each in a zone.
type Parts<'a> = Vec<(&'a NodeType, u32)>;

/// What became of a pool that was simulated.
#[derive(Clone, Default)]
struct Trial {
    /// Why it does not hold; none where it does.
    why: Option<String>,
    /// Before anything was lost.
    at_rest: bool,
    /// The reason is that something is short, so that more nodes may help.
    short: bool,
    tied: Vec<String>,
}

impl Session {
    /// The zones of the cluster that have nodes, by name.
    pub fn zones(&self) -> Vec<String> {
        let cluster = self.cluster();
        let mut names: Vec<String> = cluster.live_nodes().map(|(_, node)| cluster.zone_name(node.zone).to_owned()).collect();
        names.arrange();
        names.dedup();
        names
    }

    /// The distinct sizes of nodes that the cluster has, at most four, each called after its first node.
    pub fn node_types(&self) -> Vec<NodeType> {
        let cluster = self.cluster();
        let mut types: Vec<NodeType> = Vec::new();
        for (_, node) in cluster.live_nodes() {
            let mut shape = NodeShape::default();
            let has = &node.allocatable;
            shape.amounts.insert("cpu".to_owned(), Quantity::from_milli(has.cpu_milli));
            shape.amounts.insert("memory".to_owned(), Quantity::from_bytes(has.memory));
            shape.amounts.insert("pods".to_owned(), Quantity::from_value(node.allocatable_pods));
            if has.ephemeral_storage > 0 {
                shape.amounts.insert("ephemeral-storage".to_owned(), Quantity::from_bytes(has.ephemeral_storage));
            }
            for &(name, amount) in has.scalars.iter().filter(|scalar| scalar.1 > 0) {
                shape.amounts.insert(cluster.text(name).to_owned(), Quantity::from_value(amount));
            }
            if types.iter().all(|known| known.shape != shape) && types.len() < 4 {
                types.push(NodeType { name: cluster.text(node.name).to_owned(), shape, price: None });
            }
        }
        types
    }

    /// Whether the cluster as it is holds everything with any one zone lost.
    pub fn survives(&self) -> PoolAnswer {
        let zones = self.zones();
        let trial = self.without_each_zone(self.settled(), self.settle_trace(), &zones);
        let nodes = self.cluster().live_nodes().count();
        let verdict = verdict(&trial, &zones);
        PoolAnswer {
            subject: "the cluster as it is".to_owned(),
            pool: Vec::new(),
            zones,
            nodes,
            price: None,
            holds: trial.why.is_none(),
            verdict,
            tied: trial.tied,
            tried: 1,
            cut: false,
        }
    }

    /// The smallest pool of one type, the same number in every zone, that holds everything with any one zone lost. One fewer in each zone was
    /// simulated too, and does not.
    pub fn smallest_pool(&self, of: &NodeType, zones: &[String]) -> PoolAnswer {
        let mut budget = Budget::of(self.cluster(), zones.len());
        let subject = format!("nodes like {}", of.name);
        let (count, trial) = self.fewest(of, zones, &mut budget);
        self.answer(subject, &[(of, count)], zones, &trial, &budget)
    }

    /// The cheapest pool of the types with a price: of one type, or of two together, the same number in every zone. The types alone are tried
    /// first; mixes that could be cheaper are computed from the sums of what is asked for, and simulated in order of their price.
    pub fn cheapest_pool(&self, types: &[NodeType], zones: &[String]) -> Option<PoolAnswer> {
        let mut budget = Budget::of(self.cluster(), zones.len());
        let priced: Vec<(&NodeType, i64)> = types.iter().filter_map(|of| Some((of, of.price?))).collect();
        let mut alone: Vec<(&NodeType, i64, u32)> = Vec::new();
        let mut best: Option<(i64, Parts<'_>, Trial)> = None;
        let mut failed = None;
        for &(of, price) in &priced {
            let (count, trial) = self.fewest(of, zones, &mut budget);
            if trial.why.is_some() {
                failed.get_or_insert((of, count, trial));
                continue;
            }
            alone.push((of, price, count));
            let cost = price.saturating_mul(i64::from(count));
            if best.as_ref().is_none_or(|(known, ..)| cost < *known) {
                best = Some((cost, vec![(of, count)], trial));
            }
        }
        let mut mixes = self.mixes(&alone, zones, best.as_ref().map_or(i64::MAX, |(cost, ..)| *cost));
        budget.cut |= mixes.len() > MOST_MIXES;
        mixes.truncate(MOST_MIXES);
        let mut refuted: Vec<[(usize, u32); 2]> = Vec::new();
        for (cost, mix) in mixes {
            // Fewer of both than what does not hold does not hold either.
            let smaller = |known: &[(usize, u32); 2]| known.iter().zip(&mix).all(|(known, own)| known.0 == own.0 && own.1 <= known.1);
            if refuted.iter().any(smaller) {
                continue;
            }
            if !budget.take() {
                break;
            }
            let parts: Parts<'_> = mix.iter().map(|&(at, count)| (alone[at].0, count)).collect();
            let trial = self.on_pool(&parts, zones);
            if trial.why.is_none() {
                best = Some((cost, parts, trial));
                break;
            }
            refuted.push(mix);
        }
        let subject = "the cheapest pool of these types".to_owned();
        match (best, failed) {
            (Some((_, parts, trial)), _) => Some(self.answer(subject, &parts, zones, &trial, &budget)),
            (None, Some((of, count, trial))) => Some(self.answer(subject, &[(of, count)], zones, &trial, &budget)),
            (None, None) => None,
        }
    }

    /// Pairs of types that the sums allow and that cost less than `below`, the cheapest first.
    fn mixes(&self, alone: &[(&NodeType, i64, u32)], zones: &[String], below: i64) -> Vec<(i64, [(usize, u32); 2])> {
        let demand = self.demand();
        let survivors = zones.len().saturating_sub(1).max(1) as i64;
        let room: Vec<Resources> = alone.iter().map(|(of, ..)| self.amounts(&of.shape)).collect();
        let mut mixes = Vec::new();
        for a in 0..alone.len().min(MOST_MIXED) {
            for b in a + 1..alone.len().min(MOST_MIXED) {
                for first in 1..alone[a].2 {
                    let mut left = demand.clone();
                    left.subtract(&times(&room[a], i64::from(first) * survivors));
                    let least = nodes_for(&left, &room[b], survivors).max(1);
                    for second in least..least.saturating_add(4).min(alone[b].2) {
                        let cost = alone[a].1.saturating_mul(i64::from(first)).saturating_add(alone[b].1.saturating_mul(i64::from(second)));
                        if cost < below {
                            mixes.push((cost, [(a, first), (b, second)]));
                        }
                    }
                }
            }
        }
        mixes.arrange();
        mixes
    }

    /// The fewest nodes of a type in each zone that hold; where none do, how many were tried last, and why they do not.
    fn fewest(&self, of: &NodeType, zones: &[String], budget: &mut Budget) -> (u32, Trial) {
        let survivors = zones.len().saturating_sub(1).max(1) as i64;
        let bound = nodes_for(&self.demand(), &self.amounts(&of.shape), survivors).clamp(1, MOST_IN_ZONE);
        let (mut count, mut fails) = (bound, 0);
        let mut last = Trial { why: Some("no pool was simulated: the budget is used up".to_owned()), ..Trial::default() };
        let found = loop {
            if !budget.take() {
                return (count, last);
            }
            let trial = self.on_pool(&[(of, count)], zones);
            if trial.why.is_none() {
                break trial;
            }
            let hopeless = !trial.short && fails > 0;
            (fails, last) = (count, trial);
            if hopeless || count >= MOST_IN_ZONE {
                return (count, last);
            }
            count = (count + (count / 4).max(1)).min(MOST_IN_ZONE);
        };
        let (mut holds, mut trial) = (count, found);
        while holds - fails > 1 && budget.take() {
            let middle = fails + (holds - fails) / 2;
            let next = self.on_pool(&[(of, middle)], zones);
            match next.why {
                None => (holds, trial) = (middle, next),
                Some(_) => fails = middle,
            }
        }
        (holds, trial)
    }

    /// Settles the manifests on a pool, and takes each zone away in turn.
    fn on_pool(&self, parts: &[(&NodeType, u32)], zones: &[String]) -> Trial {
        let pools = parts.iter().map(|(of, count)| AssumedPool { name: of.name.clone(), shape: of.shape.clone(), in_each_zone: *count });
        let named: Vec<String> = zones.iter().filter(|zone| !zone.is_empty()).cloned().collect();
        let options = ClusterOptions { pools: pools.collect(), zones: named, ..self.cluster_options.clone() };
        let cluster = build(self.manifest(), &options).cluster;
        let (sim, trace, _) = Sim::settled(cluster, &self.sim_options());
        self.without_each_zone(&sim, &trace, zones)
    }

    /// Takes each zone away in turn (each of some nodes, where there is one zone), and looks whether every pod finds a place again.
    fn without_each_zone(&self, settled: &Sim, trace: &Trace, zones: &[String]) -> Trial {
        let mut trial = Trial::default();
        if let Some(why) = waiting(settled.cluster(), trace, &Trace::default(), &mut trial) {
            return Trial { why: Some(why), at_rest: true, ..trial };
        }
        let cluster = settled.cluster();
        let losses: Vec<(String, Vec<NodeId>)> = match zones {
            [] | [_] => {
                let mut nodes: Vec<NodeId> = cluster.live_nodes().map(|(id, _)| id).collect();
                nodes.arrange_by_key(|&id| (std::cmp::Reverse(cluster.node(id).pods.len()), id));
                nodes.truncate(MOST_LOST);
                nodes.into_iter().map(|id| (format!("node {}", cluster.text(cluster.node(id).name)), vec![id])).collect()
            }
            several => several
                .iter()
                .map(|zone| {
                    let of_zone = cluster.live_nodes().filter(|(_, node)| cluster.zone_name(node.zone) == zone);
                    (zone.clone(), of_zone.map(|(id, _)| id).collect())
                })
                .collect(),
        };
        for (name, nodes) in losses {
            let gone = nodes.iter().map(|&id| {
                let target = format!("node/{}", cluster.text(cluster.node(id).name));
                Step::at(Time::ZERO, Verb::Delete { target, grace_period: None, cascade: Default::default() })
            });
            let mut fork = settled.clone();
            let outcome = scenario::run(&mut fork, &Scenario::of_steps("lost", gone.collect()));
            if outcome.ended == Ended::BudgetSpent {
                return Trial { why: Some(format!("without {name} something goes round in circles")), ..trial };
            }
            if let Some(why) = waiting(fork.cluster(), fork.api().trace(), trace, &mut trial) {
                return Trial { why: Some(format!("without {name} {why}")), ..trial };
            }
        }
        trial
    }

    fn answer(&self, subject: String, parts: &[(&NodeType, u32)], zones: &[String], trial: &Trial, budget: &Budget) -> PoolAnswer {
        let in_all = |count: u32| count as usize * zones.len().max(1);
        let prices: Option<Vec<i64>> = parts.iter().map(|(of, count)| of.price?.checked_mul(in_all(*count) as i64)).collect();
        PoolAnswer {
            subject,
            pool: parts
                .iter()
                .map(|(of, count)| PoolPart { name: of.name.clone(), shape: of.shape.to_string(), in_each_zone: *count })
                .collect(),
            zones: zones.to_vec(),
            nodes: parts.iter().map(|(_, count)| in_all(*count)).sum(),
            price: prices.filter(|_| trial.why.is_none()).map(|prices| shown(prices.into_iter().fold(0, i64::saturating_add))),
            holds: trial.why.is_none(),
            verdict: verdict(trial, zones),
            tied: trial.tied.clone(),
            tried: budget.tried,
            cut: budget.cut,
        }
    }

    /// What all pods ask for together that are not a DaemonSet's.
    fn demand(&self) -> Resources {
        let cluster = self.cluster();
        let mut sum = Resources::default();
        let counted = |owner: Owner| !matches!(owner, Owner::DaemonSet(_) | Owner::Node);
        for (id, _) in cluster.live_pods().filter(|(_, pod)| !pod.phase.is_terminal() && counted(pod.owner)) {
            sum.add(&cluster.template_of(id).requests);
        }
        sum
    }

    fn amounts(&self, shape: &NodeShape) -> Resources {
        let amount = |name: &str| shape.amounts.get(name).copied().unwrap_or(Quantity::ZERO);
        Resources { cpu_milli: amount("cpu").milli_value(), memory: amount("memory").value(), ..Resources::default() }
    }
}

fn times(of: &Resources, count: i64) -> Resources {
    Resources { cpu_milli: of.cpu_milli.saturating_mul(count), memory: of.memory.saturating_mul(count), ..Resources::default() }
}

/// How many nodes in each zone the sums of cpu and memory need at least.
fn nodes_for(demand: &Resources, room: &Resources, survivors: i64) -> u32 {
    let need = |wanted: i64, each: i64| {
        let by = i128::from(each.max(1)) * i128::from(survivors);
        (i128::from(wanted.max(0)) + by - 1) / by
    };
    let nodes = need(demand.cpu_milli, room.cpu_milli).max(need(demand.memory, room.memory));
    u32::try_from(nodes).unwrap_or(u32::MAX)
}

/// Who waits for a node, and why; those that a volume ties to a lost zone are noted apart.
fn waiting(cluster: &Cluster, late: &Trace, early: &Trace, trial: &mut Trial) -> Option<String> {
    let mut last: BTreeMap<PodId, String> = BTreeMap::new();
    for trace in [early, late] {
        for record in trace.records() {
            if let (Subject::Pod(pod), Change::PodUnschedulable(text)) = (record.subject, record.change) {
                last.insert(pod, trace.text(text).to_owned());
            }
        }
    }
    let gated = |id: PodId| !cluster.pod(id).ungated && !cluster.template_of(id).scheduling_gates.is_empty();
    let mut first: Option<(String, String)> = None;
    let mut count = 0;
    for (id, _) in cluster.live_pods().filter(|&(id, pod)| pod.is_unscheduled() && pod.deletion.is_none() && !gated(id)) {
        let message = last.get(&id).cloned().unwrap_or_default();
        let label = cluster.workload_label(cluster.workload_of(id));
        if message.contains("PersistentVolume's node affinity") || message.contains("volume node affinity conflict") {
            if !trial.tied.contains(&label) && trial.tied.len() < MOST_NAMES {
                trial.tied.push(label);
            }
            continue;
        }
        trial.short |= message.contains("Insufficient")
            || message.contains("Too many pods")
            || message.contains("topology spread")
            || message.contains("anti-affinity");
        count += 1;
        first.get_or_insert((label, message));
    }
    first.map(|(label, message)| {
        let (noun, verb) = if count == 1 { ("pod", "finds") } else { ("pods", "find") };
        let why = if message.is_empty() { String::new() } else { format!(": {}", meaning(&message)) };
        format!("{count} {noun} {verb} no node, such as one of {label}{why}")
    })
}

fn verdict(trial: &Trial, zones: &[String]) -> String {
    let each = if zones.len() > 1 { "zone" } else { "node" };
    match &trial.why {
        None => format!("holds everything with any one {each} lost: simulated, each {each} in turn"),
        Some(why) if trial.at_rest => format!("does not hold everything, even with nothing lost: {why}"),
        Some(why) => format!("does not hold everything with one {each} lost: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::SourceSet;
    use crate::session::{PodRequests, RoomFor, SessionOptions};

    fn session(replicas: u32, cpu: &str, nodes: u32) -> Session {
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  \
             selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    \
             spec: {{containers: [{{name: web, image: 'web:1', resources: {{requests: {{cpu: '{cpu}'}}}}}}]}}\n"
        );
        let cluster = ClusterOptions { nodes: Some(nodes), shape: NodeShape::parse("cpu=4,memory=16Gi").ok(), ..ClusterOptions::default() };
        Session::open(SourceSet::single("web.yaml", text), &SessionOptions { cluster, ..SessionOptions::default() })
    }

    fn of(text: &str) -> NodeType {
        NodeType::parse(text).unwrap()
    }

    #[test]
    fn what_fits_is_counted_to_the_last_pod() {
        let session = session(3, "1500m", 3);
        let room = session.room_for(&RoomFor::Pod(PodRequests::parse("cpu=1").unwrap())).unwrap();
        // 2.5 cpu are free on each of three nodes.
        assert_eq!((room.fits, room.at_least), (6, false));
        assert_eq!(room.zones.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [2, 2, 2]);
        assert!(room.message.contains("Insufficient cpu"), "{}", room.message);
        let web = crate::scenario::names::workload(session.cluster(), "web").unwrap();
        assert_eq!(session.room_for(&RoomFor::Workload(web)).map(|room| room.fits), Some(3));
    }

    #[test]
    fn the_smallest_pool_holds_without_a_zone_and_one_fewer_does_not() {
        // Twelve pods of 1.5 cpu, two to a node of four: six nodes must be left when one of three zones is lost.
        let session = session(12, "1500m", 9);
        let zones = session.zones();
        let answer = session.smallest_pool(&of("m cpu=4,memory=16Gi"), &zones);
        assert!(answer.holds && !answer.cut, "{answer:?}");
        assert_eq!((answer.pool[0].in_each_zone, answer.nodes), (3, 9));
        assert!(session.survives().holds);
        assert!(!session.on_pool(&[(&of("m cpu=4,memory=16Gi"), 2)], &zones).why.unwrap_or_default().is_empty());
    }

    #[test]
    fn a_mix_is_taken_where_it_is_cheaper_than_each_type_alone() {
        // Six pods of 1.5 cpu, three in each of two zones that are left: a node of four takes two, a small one takes one.
        let session = session(6, "1500m", 6);
        let types = [of("large cpu=4,memory=16Gi,price=1"), of("small cpu=2,memory=8Gi,price=0.6")];
        let answer = session.cheapest_pool(&types, &session.zones()).unwrap();
        assert!(answer.holds, "{answer:?}");
        // Two large: 2.0 a zone; three small: 1.8; one of each: 1.6.
        assert_eq!(answer.price.as_deref(), Some("4.8"), "{answer:?}");
        assert_eq!(answer.pool.iter().map(|part| part.in_each_zone).collect::<Vec<_>>(), [1, 1]);
    }

    #[test]
    fn what_no_pool_holds_is_said_so() {
        let session = session(2, "9", 3);
        let answer = session.smallest_pool(&of("m cpu=4,memory=16Gi"), &session.zones());
        assert!(!answer.holds && answer.verdict.contains("even with nothing lost"), "{answer:?}");
    }
}
