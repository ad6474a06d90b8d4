//! Where everything is before the first step: zones, nodes, and the pods that found no place.

use std::collections::BTreeMap;

use super::model::{Load, MOST_NAMES, NodePlacement, Placement, Spread, Unplaced, ZonePlacement};
use super::places::Places;
use super::refusals;
use super::told::{Told, taint_effect};
use crate::cluster::Cluster;
use crate::cluster::ids::PodId;
use crate::cluster::node::Node;
use crate::cluster::state::Workload;
use crate::trace::{Change, Subject, TextId, Trace};
use crate::units::arrange::Arrange;
use crate::units::gather::Gather;
use crate::units::resources::Resources;

/// The cluster at a moment; `told` tells the trace that led to it.
pub(super) fn placement(cluster: &Cluster, told: &Told<'_>, places: Places<'_>) -> Placement {
    let mut zones: BTreeMap<String, ZonePlacement> = BTreeMap::new();
    for (_, node) in cluster.live_nodes() {
        let name = cluster.zone_name(node.zone).to_owned();
        let zone = zones.entry(name.clone()).or_insert_with(|| ZonePlacement { name, ..ZonePlacement::default() });
        let placed = node_placement(cluster, node);
        add(&mut zone.total, &placed.load);
        zone.nodes.push(placed);
    }
    let mut zones: Vec<ZonePlacement> = zones.into_values().collect();
    zones.iter_mut().for_each(|zone| zone.nodes.sort_by_cached_key(|node| natural(&node.name)));
    let pods_placed = cluster.live_pods().filter(|(_, pod)| pod.node.is_some() && !pod.phase.is_terminal()).count();
    Placement { zones, pods_placed, unplaced: unplaced(cluster, told, places) }
}

fn node_placement(cluster: &Cluster, node: &Node) -> NodePlacement {
    let used = used(cluster, node);
    let running = node.pods.iter().filter(|&&id| !cluster.pod(id).phase.is_terminal()).count();
    NodePlacement {
        name: cluster.text(node.name).to_owned(),
        load: Load {
            pods: running as i64,
            pods_allocatable: node.allocatable_pods,
            cpu_milli: used.cpu_milli,
            cpu_milli_allocatable: node.allocatable.cpu_milli,
            memory: used.memory,
            memory_allocatable: node.allocatable.memory,
        },
        cordoned: node.unschedulable,
        taints: node
            .taints
            .iter()
            .map(|taint| match cluster.text(taint.value) {
                "" => format!("{}:{}", cluster.text(taint.key), taint_effect(taint.effect)),
                value => format!("{}={value}:{}", cluster.text(taint.key), taint_effect(taint.effect)),
            })
            .collect(),
    }
}

/// What the pods of a node ask for, those that have ended left out.
pub(super) fn used(cluster: &Cluster, node: &Node) -> Resources {
    let mut used = Resources::default();
    for &id in node.pods.iter().filter(|&&id| !cluster.pod(id).phase.is_terminal()) {
        used.add(&cluster.template_of(id).requests);
    }
    used
}

fn add(sum: &mut Load, load: &Load) {
    sum.pods += load.pods;
    sum.pods_allocatable = sum.pods_allocatable.saturating_add(load.pods_allocatable);
    sum.cpu_milli = sum.cpu_milli.saturating_add(load.cpu_milli);
    sum.cpu_milli_allocatable = sum.cpu_milli_allocatable.saturating_add(load.cpu_milli_allocatable);
    sum.memory = sum.memory.saturating_add(load.memory);
    sum.memory_allocatable = sum.memory_allocatable.saturating_add(load.memory_allocatable);
}

/// A name with its numbers compared as numbers: node-2 comes before node-10.
pub(super) fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let digits = rest[letters..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |n| letters + n);
        parts.push((rest[..letters].to_owned(), rest[letters..digits].parse().unwrap_or(0)));
        rest = &rest[digits..];
    }
    parts
}

/// The last thing the scheduler said of each pod.
pub(super) fn last_refusals(trace: &Trace) -> BTreeMap<PodId, TextId> {
    let mut last = BTreeMap::new();
    for record in trace.records() {
        match (record.subject, record.change) {
            (Subject::Pod(pod), Change::PodUnschedulable(text)) => {
                last.insert(pod, text);
            }
            (Subject::Pod(pod), Change::PodBound(_) | Change::PodGone) => {
                last.remove(&pod);
            }
            _ => {}
        }
    }
    last
}

fn unplaced(cluster: &Cluster, told: &Told<'_>, places: Places<'_>) -> Vec<Unplaced> {
    let refusals = last_refusals(told.trace);
    let mut groups: BTreeMap<(Workload, Option<TextId>), Vec<PodId>> = BTreeMap::new();
    for (id, _) in cluster.live_pods().filter(|(_, pod)| pod.is_unscheduled() && pod.deletion.is_none()) {
        groups.entry((cluster.workload_of(id), refusals.get(&id).copied())).or_default().push(id);
    }
    let one = |((workload, message), pods): ((Workload, Option<TextId>), Vec<PodId>)| {
        let message = message.map_or("", |text| told.trace.text(text)).to_owned();
        Unplaced {
            workload: told.workload(workload),
            count: pods.len(),
            meaning: refusals::meaning(&message),
            decided_by: refusals::decisions(cluster, pods.first().copied(), &message, places),
            pods: pods.into_iter().take(MOST_NAMES).map(|id| told.pod(id)).collect(),
            message,
        }
    };
    groups.into_iter().map(one).collect()
}

/// Where the pods of each workload are: those that exist and have not ended.
pub(super) fn spreads(cluster: &Cluster) -> BTreeMap<Workload, Spread> {
    let places = places(cluster);
    // The places of a workload's pods, and how many have none.
    let mut found: BTreeMap<Workload, (Vec<u32>, usize)> = BTreeMap::new();
    for (id, pod) in cluster.live_pods().filter(|(_, pod)| pod.is_active()) {
        let (on, pending) = found.entry(cluster.workload_of(id)).or_default();
        match pod.node {
            Some(node) => on.push(places[node.index()]),
            None => *pending += 1,
        }
    }
    // Places in order: the node of each.
    let mut nodes = vec![None; cluster.nodes.len()];
    for (node, &place) in cluster.nodes.iter().zip(&places) {
        nodes[place as usize].get_or_insert(node);
    }
    let spread = |(mut on, pending): (Vec<u32>, usize)| {
        on.arrange();
        let mut spread = Spread { pending, ..Spread::default() };
        let mut zones: BTreeMap<&str, usize> = BTreeMap::new();
        for alike in on.chunk_by(|one, other| one == other) {
            let Some(node) = nodes[alike[0] as usize] else { continue };
            *zones.entry(cluster.zone_name(node.zone)).or_default() += alike.len();
            spread.nodes.push((cluster.text(node.name).to_owned(), alike.len()));
        }
        spread.zones = zones.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        spread.zones.sort_by_cached_key(|(name, _)| natural(name));
        spread
    };
    found.into_iter().map(|(workload, of)| (workload, spread(of))).gather()
}

/// For each node its place among all by name, numbers compared as numbers; nodes of one name share theirs.
fn places(cluster: &Cluster) -> Vec<u32> {
    let name = |node: usize| cluster.text(cluster.nodes[node].name);
    let mut order: Vec<usize> = (0..cluster.nodes.len()).collect();
    order.sort_by_cached_key(|&node| (natural(name(node)), name(node)));
    let mut places = vec![0; order.len()];
    for pair in order.windows(2) {
        places[pair[1]] = places[pair[0]] + u32::from(name(pair[0]) != name(pair[1]));
    }
    places
}
