//! Shrinking: which nodes nobody needs, and what holds one (`cluster-autoscaler/core/scaledown`, `simulator/drainability`; the FAQ's *What
//! types of pods can prevent CA from removing a node?*).

use super::stays_with_node;
use super::world::World;
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::node::NodeReady;
use crate::cluster::pod::Owner;
use crate::cluster::template::VolumeSource;

/// How full a node is by requests, in percent: of cpu or of memory, whichever is more.
pub(super) fn utilization(cluster: &Cluster, id: NodeId) -> i32 {
    let node = cluster.node(id);
    let (mut cpu, mut memory) = (0i64, 0i64);
    for &pod in node.pods.iter().filter(|&&pod| !cluster.pod(pod).phase.is_terminal()) {
        let requests = &cluster.template_of(pod).requests;
        cpu = cpu.saturating_add(requests.cpu_milli);
        memory = memory.saturating_add(requests.memory);
    }
    let percent = |used: i64, all: i64| if all <= 0 { 100 } else { i128::from(used) * 100 / i128::from(all) };
    i32::try_from(percent(cpu, node.allocatable.cpu_milli).max(percent(memory, node.allocatable.memory))).unwrap_or(i32::MAX)
}

/// The pods of a node that have to go elsewhere before it can be removed.
pub(super) fn movable(cluster: &Cluster, id: NodeId) -> Vec<PodId> {
    let moves = |&&pod: &&PodId| !cluster.pod(pod).phase.is_terminal() && !stays_with_node(cluster, pod);
    cluster.node(id).pods.iter().filter(moves).copied().collect()
}

/// Whether a pod holds its node.
fn holds(api: &Api, id: PodId) -> bool {
    let cluster = api.cluster();
    let (pod, template) = (cluster.pod(id), cluster.template_of(id));
    match template.safe_to_evict {
        Some(safe) => return !safe,
        None if pod.deletion.is_some() => return false,
        None => {}
    }
    // Nobody would make it again.
    if pod.owner == Owner::None {
        return true;
    }
    // What it has stored there would be lost.
    if template.volumes.iter().any(|v| matches!(v.source, VolumeSource::EmptyDir)) {
        return true;
    }
    let budgets = api.budgets_of(id);
    if cluster.namespace_name(pod.namespace) == "kube-system" && budgets.is_empty() {
        return true;
    }
    budgets.len() > 1 || budgets.iter().any(|b| cluster.budgets[b.index()].status.disruptions_allowed < 1)
}

/// Whether a node could be done without: nothing holds it, and all its pods find room elsewhere. The world is one node smaller then.
pub(super) fn is_unneeded(api: &Api, world: &mut World, id: NodeId, threshold: i32) -> bool {
    let node = api.cluster().node(id);
    if node.gone || node.ready != NodeReady::True || node.unschedulable || utilization(api.cluster(), id) >= threshold {
        return false;
    }
    if movable(api.cluster(), id).into_iter().any(|pod| holds(api, pod)) {
        return false;
    }
    let mut without = world.clone();
    let waiting = without.take_away(id);
    if waiting.into_iter().all(|pod| without.place(pod).is_some()) {
        *world = without;
        return true;
    }
    false
}
