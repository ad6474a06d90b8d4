//! Changes of other pods: who would have to go, or to move, for a node to take the pod.

use super::search::{Budget, Fix};
use super::world::World;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::pod::Owner;
use crate::cluster::template::PodAffinityTerm;
use crate::scheduler::Detail;
use crate::scheduler::plugins::Plugin;
use crate::scheduler::status::Refusal;
use crate::units::arrange::Arrange;
use crate::units::intern::Sym;
use crate::units::resources::Resources;

/// The most pods that are asked to go.
const MOST_PODS: usize = 8;

/// Who would have to leave for `node` not to refuse the pod for this reason.
pub(super) fn fix(world: &World, node: NodeId, refusal: &Refusal) -> Option<Fix> {
    let going = match refusal.plugin? {
        Plugin::NodeResourcesFit => in_the_way(world, node)?,
        Plugin::NodePorts => on(world, node).filter(|&pod| shares_port(world, pod)).collect(),
        Plugin::InterPodAffinity => kept_apart(world, node),
        _ => return None,
    };
    if going.is_empty() || going.len() > MOST_PODS {
        return None;
    }
    let cost = going.iter().map(|&pod| 1000 + i64::from(world.cluster.pod(pod).priority.clamp(0, 1_000_000)) / 100).sum();
    // What is told is said when it is known who really has to go, and whether to move is enough.
    Some(Fix::new(world.without(&going), String::new(), cost).going(going))
}

/// Pods on a node that can go: not those that come back to it by themselves.
fn on(world: &World, node: NodeId) -> impl Iterator<Item = PodId> + '_ {
    let stays = |owner: Owner| matches!(owner, Owner::DaemonSet(_) | Owner::Node);
    let pods = world.cluster.node(node).pods.iter().copied();
    pods.filter(move |&id| !world.cluster.pod(id).gone && !stays(world.cluster.pod(id).owner))
}

/// The fewest pods, and of those the smallest and least important, that leave enough room.
fn in_the_way(world: &World, node: NodeId) -> Option<Vec<PodId>> {
    let scheduler = world.scheduler();
    let (has, info) = (world.cluster.node(node), scheduler.cache().info(node));
    let mut short = world.template().requests.clone();
    let mut free = has.allocatable.clone();
    free.subtract(&info.requested);
    short.subtract(&free);
    let wanted = &world.template().requests;
    let covered = |given: &Resources, pods: i64| {
        let enough = |wanted: i64, short: i64, given: i64| wanted <= 0 || given >= short;
        enough(wanted.cpu_milli, short.cpu_milli, given.cpu_milli)
            && enough(wanted.memory, short.memory, given.memory)
            && enough(wanted.ephemeral_storage, short.ephemeral_storage, given.ephemeral_storage)
            && wanted.scalars.iter().all(|&(name, wanted)| enough(wanted, short.scalar(name), given.scalar(name)))
            && info.pods.len() as i64 + 1 - pods <= has.allocatable_pods
    };
    let size = |pod: PodId| {
        let requests = &world.cluster.template_of(pod).requests;
        requests.cpu_milli.saturating_add(requests.memory >> 22)
    };
    let mut pods: Vec<PodId> = on(world, node).collect();
    pods.arrange_by_key(|&pod| (world.cluster.pod(pod).priority, size(pod), pod));
    if let Some(&one) = pods.iter().find(|&&pod| covered(&world.cluster.template_of(pod).requests, 1)) {
        return Some(vec![one]);
    }
    // None is enough alone: the largest of the least important, until they are.
    pods.arrange_by_key(|&pod| (world.cluster.pod(pod).priority, std::cmp::Reverse(size(pod)), pod));
    let (mut going, mut given) = (Vec::new(), Resources::default());
    for pod in pods {
        given.add(&world.cluster.template_of(pod).requests);
        going.push(pod);
        if covered(&given, going.len() as i64) {
            return Some(going);
        }
    }
    None
}

fn shares_port(world: &World, other: PodId) -> bool {
    let (own, theirs) = (&world.template().host_ports, &world.cluster.template_of(other).host_ports);
    own.iter().any(|port| theirs.iter().any(|taken| taken.port == port.port && taken.protocol == port.protocol))
}

/// Pods in the node's domains that the pod must not stand beside, or that must not stand beside it.
fn kept_apart(world: &World, node: NodeId) -> Vec<PodId> {
    let cluster = &world.cluster;
    let means = |term: &PodAffinityTerm, from: PodId, other: PodId| {
        let namespace = cluster.namespaces.get(cluster.pod(other).namespace.index()).map_or(Sym::EMPTY, |n| n.name);
        let home = cluster.pod(from).namespace == cluster.pod(other).namespace;
        let in_scope =
            term.namespace_selector.is_some() || if term.namespaces.is_empty() { home } else { term.namespaces.contains(&namespace) };
        in_scope && cluster.pod_labels(other).match_selector(&term.selector, &cluster.text)
    };
    let anti = |pod: PodId| cluster.template_of(pod).affinity.as_ref().map_or(&[][..], |affinity| &affinity.anti_required);
    let here = |key: Sym, other: NodeId| {
        let value = cluster.node(node).labels.get(key);
        value.is_some() && cluster.node(other).labels.get(key) == value
    };
    let own = anti(world.pod);
    let in_the_way = |(id, pod): (PodId, &crate::cluster::pod::Pod)| {
        let at = pod.node.filter(|_| id != world.pod && !pod.phase.is_terminal())?;
        let unwanted = own.iter().any(|term| here(term.topology_key, at) && means(term, world.pod, id))
            || anti(id).iter().any(|term| here(term.topology_key, at) && means(term, id, world.pod));
        unwanted.then_some(id)
    };
    cluster.live_pods().filter_map(in_the_way).take(MOST_PODS + 1).collect()
}

/// Of those that were taken away the ones that really have to go; asks once for each.
pub(super) fn fewest(world: &World, going: &[PodId], budget: &mut Budget, lets_in: impl Fn(&World) -> bool) -> Vec<PodId> {
    let mut needed = going.to_vec();
    for &pod in going {
        if needed.len() < 2 || !budget.take() {
            break;
        }
        let fewer: Vec<PodId> = needed.iter().copied().filter(|&other| other != pod).collect();
        if lets_in(&world.without(&fewer)) {
            needed = fewer;
        }
    }
    needed
}

/// Where a pod that had to leave would go when the other one has its place; none if nowhere.
pub(super) fn elsewhere(world: &World, gone_from: &World, pod: PodId, taken: NodeId) -> Option<NodeId> {
    let mut cluster = gone_from.cluster.clone();
    cluster.pods[world.pod.index()].node = Some(taken);
    cluster.nodes[taken.index()].pods.push(world.pod);
    super::world::take_off(&mut cluster, pod);
    let asked = World { cluster, pod, ..world.clone() };
    asked.scheduler().attempt(&asked.cluster, pod, world.now, Detail::Decision).node()
}
