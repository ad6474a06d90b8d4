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
    zones.iter_mut().for_each(|zone| zone.nodes.sort_by_key(|node| natural(&node.name)));
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
    // Per zone, per node, without a node.
    type Counts<'a> = (BTreeMap<&'a str, usize>, BTreeMap<&'a str, usize>, usize);
    let mut counts: BTreeMap<Workload, Counts<'_>> = BTreeMap::new();
    for (id, pod) in cluster.live_pods().filter(|(_, pod)| pod.is_active()) {
        let (zones, nodes, pending) = counts.entry(cluster.workload_of(id)).or_default();
        match pod.node {
            Some(node) => {
                let node = cluster.node(node);
                *zones.entry(cluster.zone_name(node.zone)).or_default() += 1;
                *nodes.entry(cluster.text(node.name)).or_default() += 1;
            }
            None => *pending += 1,
        }
    }
    let list = |map: BTreeMap<&str, usize>| {
        let mut list: Vec<(String, usize)> = map.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        list.sort_by_key(|(name, _)| natural(name));
        list
    };
    let spread = |(zones, nodes, pending)| Spread { zones: list(zones), nodes: list(nodes), pending };
    counts.into_iter().map(|(workload, count)| (workload, spread(count))).collect()
}
