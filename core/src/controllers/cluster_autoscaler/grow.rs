//! Growing: which pool, and by how many nodes (`cluster-autoscaler/core/scaleup/orchestrator` and `estimator/binpacking_estimator.go`; the
//! expander is `least-waste`, the default).

use super::SOURCE;
use super::world::World;
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, NodePoolId, PodId};
use crate::trace::Subject;
use crate::units::arrange::Arrange;

/// Nodes of a pool that would help.
struct Choice {
    pool: NodePoolId,
    prototype: usize,
    count: i32,
    pods: Vec<PodId>,
    /// What of the new nodes stays unused, in millionths.
    waste: i64,
    /// Nodes like these that are there already: equal choices go where there are fewest.
    present: usize,
}

/// What was done for the pods that wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Grown {
    /// Nothing needs to be done: nodes on their way have room for all.
    Enough,
    /// A pool grows; another may have to for the rest.
    Asked,
    /// Nothing can be done for these, and why.
    Refused(Vec<PodId>, String),
}

/// Asks for nodes for the pods that wait.
pub(super) fn grow(api: &mut Api, waiting: &[PodId]) -> Grown {
    let now = api.now();
    let mut world = World::new(api.cluster(), now);
    // Nodes on their way are counted with.
    for pool in &api.cluster().node_pools {
        for upcoming in &pool.upcoming {
            if let Some(prototype) = pool.prototypes.get(upcoming.prototype) {
                world.add(prototype);
            }
        }
    }
    let left: Vec<PodId> = waiting.iter().copied().filter(|&pod| world.place(pod).is_none()).collect();
    if left.is_empty() {
        return Grown::Enough;
    }
    let mut choices = Vec::new();
    for (index, pool) in api.cluster().node_pools.iter().enumerate() {
        let room = pool.most - pool.size();
        for prototype in 0..pool.prototypes.len() {
            if room > 0 {
                choices.extend(choice(&world, api.cluster(), NodePoolId::from_index(index), prototype, room, &left));
            }
        }
    }
    choices.arrange_by_key(|c| (c.waste, c.present, c.pool, c.prototype));
    let Some(best) = choices.into_iter().next() else {
        let why = why_not(api);
        return Grown::Refused(left, why);
    };
    let pool = &api.cluster().node_pools[best.pool.index()];
    let (name, from, most) = (api.cluster().text(pool.name).to_owned(), pool.size(), pool.most);
    let to = from + best.count;
    let why = match best.pods.len() {
        1 => "a pod finds no node".to_owned(),
        many => format!("{many} pods find no node"),
    };
    let record = api.ask_for_nodes(best.pool, best.prototype, best.count, &why);
    let before = api.cause();
    api.set_cause(Some(record));
    for &pod in &best.pods {
        let message = format!("pod triggered scale-up: [{{{name} {from}->{to} (max: {most})}}]");
        api.event(Subject::Pod(pod), false, "TriggeredScaleUp", &message, SOURCE);
    }
    api.set_cause(before);
    Grown::Asked
}

/// Packs the pods onto new nodes, one node after the other.
fn choice(world: &World, cluster: &Cluster, pool: NodePoolId, prototype: usize, room: i32, left: &[PodId]) -> Option<Choice> {
    let node = cluster.node_pools.get(pool.index())?.prototypes.get(prototype)?;
    let mut world = world.clone();
    let mut new: Vec<NodeId> = vec![world.add(node)];
    let mut pods = Vec::new();
    for &pod in left {
        let mut placed = world.place(pod);
        let fresh = new.last().is_some_and(|&n| world.cluster.node(n).pods.is_empty());
        if placed.is_none() && !fresh && (new.len() as i64) < i64::from(room) {
            new.push(world.add(node));
            placed = world.place(pod);
        }
        if placed.is_some_and(|n| new.contains(&n)) {
            pods.push(pod);
        }
    }
    let used: Vec<NodeId> = new.into_iter().filter(|&n| !world.cluster.node(n).pods.is_empty()).collect();
    let count = i32::try_from(used.len()).ok().filter(|&count| count > 0)?;
    let (mut cpu, mut memory) = (0i64, 0i64);
    for &pod in &pods {
        let requests = &cluster.template_of(pod).requests;
        cpu = cpu.saturating_add(requests.cpu_milli);
        memory = memory.saturating_add(requests.memory);
    }
    let unused = |all: i64, used: i64| {
        let all = i128::from(all) * i128::from(count);
        if all <= 0 { 0 } else { i64::try_from((all - i128::from(used)).max(0) * 1_000_000 / all).unwrap_or(0) }
    };
    let waste = unused(node.allocatable.cpu_milli, cpu) + unused(node.allocatable.memory, memory);
    let zone = node.zone;
    let present = cluster.node_pools[pool.index()].nodes.iter().filter(|&&n| cluster.node(n).zone == zone && !cluster.node(n).gone).count();
    let coming = cluster.node_pools[pool.index()].upcoming.iter().filter(|u| u.prototype == prototype).count();
    Some(Choice { pool, prototype, count, pods, waste, present: present + coming })
}

/// Why no pool grows.
fn why_not(api: &Api) -> String {
    let pools = &api.cluster().node_pools;
    let full = pools.iter().filter(|p| p.size() >= p.most).count();
    let unfit = pools.len() - full;
    let mut reasons = Vec::new();
    if full > 0 {
        reasons.push(format!("{full} max node group size reached"));
    }
    if unfit > 0 {
        reasons.push(format!("{unfit} whose nodes would not take it"));
    }
    format!("pod didn't trigger scale-up: {}", reasons.join(", "))
}
