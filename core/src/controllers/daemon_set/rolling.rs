//! Rolling update of a DaemonSet (`pkg/controller/daemon/update.go`, v1.37).

use super::placement::placement;
use super::{PodsByNode, Wanted, is_updated, pods_by_node};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{DaemonSetId, NodeId, PodId};
use crate::cluster::workloads::{DaemonSet, DaemonSetStrategy};
use crate::trace::DeleteReason;

/// Whether more than one pod may run on a node during an update.
pub(super) fn allows_surge(set: &DaemonSet) -> bool {
    match set.strategy {
        DaemonSetStrategy::RollingUpdate { max_surge, .. } => max_surge.ceil_of(1).max(max_surge.ceil_of(100)) > 0,
        DaemonSetStrategy::OnDelete => false,
    }
}

/// The pods of a node that are not being deleted: the new one and the old one. None where there are two of a kind.
fn new_and_old(cluster: &Cluster, id: DaemonSetId, pods: &[PodId]) -> Option<(Option<PodId>, Option<PodId>)> {
    let (mut new, mut old) = (None, None);
    for &pod in pods.iter().filter(|&&p| cluster.pod(p).deletion.is_none()) {
        let kind = if is_updated(cluster, id, pod) { &mut new } else { &mut old };
        if kind.replace(pod).is_some() {
            return None;
        }
    }
    Some((new, old))
}

/// What the next step of the update wants done.
pub(super) fn update(api: &Api, id: DaemonSetId) -> Wanted {
    let cluster = api.cluster();
    let set = &cluster.daemon_sets[id.index()];
    let DaemonSetStrategy::RollingUpdate { max_unavailable, max_surge } = set.strategy else { return Wanted::default() };
    let mut by_node = pods_by_node(cluster, id);
    let mut desired = 0;
    for (node, _) in cluster.live_nodes() {
        if placement(cluster, id, node).run {
            desired += 1;
            by_node.entry(node).or_default();
        }
    }
    let surge = max_surge.ceil_of(desired).max(0);
    let mut unavailable = max_unavailable.ceil_of(desired).max(0);
    if desired > 0 && surge == 0 && unavailable == 0 {
        unavailable = 1;
    }
    if surge == 0 {
        in_place(api, id, &by_node, unavailable as usize)
    } else {
        surging(api, id, &by_node, surge as usize, desired as usize)
    }
}

/// The nodes with their pods. Which come first is left to a walk over a map (`nodeToDaemonPods`): a seed decides.
fn in_some_order<'n>(api: &Api, id: DaemonSetId, by_node: &'n PodsByNode) -> Vec<(NodeId, &'n Vec<PodId>)> {
    let mut nodes: Vec<_> = by_node.iter().map(|(&node, pods)| (node, pods)).collect();
    api.orders().shuffle("nodes of a daemon set", &[u64::from(id.0), api.now().millis().unsigned_abs()], &mut nodes);
    nodes
}

/// Without surge: old pods go as far as the budget does; old pods that are not available go outside it.
fn in_place(api: &Api, id: DaemonSetId, by_node: &PodsByNode, most: usize) -> Wanted {
    let cluster = api.cluster();
    let min_ready = cluster.daemon_sets[id.index()].min_ready;
    let available = |pod: PodId| cluster.pod(pod).is_available(min_ready, api.now());
    let mut unavailable = 0;
    let (mut broken, mut candidates) = (Vec::new(), Vec::new());
    for pods in in_some_order(api, id, by_node).into_iter().map(|(_, pods)| pods) {
        match new_and_old(cluster, id, pods) {
            Some((Some(new), None)) => unavailable += usize::from(!available(new)),
            Some((None, Some(old))) if !available(old) => {
                broken.push(old);
                unavailable += 1;
            }
            Some((None, Some(old))) => {
                if unavailable < most {
                    candidates.push(old);
                }
            }
            // The next look makes or removes what is missing or too much here.
            None | Some((None, None) | (Some(_), Some(_))) => unavailable += 1,
        }
    }
    let delete = broken.into_iter().chain(candidates.into_iter().take(most.saturating_sub(unavailable)));
    Wanted { create: Vec::new(), delete: delete.map(|p| (p, DeleteReason::Replace)).collect() }
}

/// With surge: new pods come beside old ones, which go when the new ones are available.
fn surging(api: &Api, id: DaemonSetId, by_node: &PodsByNode, most: usize, desired: usize) -> Wanted {
    let cluster = api.cluster();
    let min_ready = cluster.daemon_sets[id.index()].min_ready;
    let available = |pod: PodId| cluster.pod(pod).is_available(min_ready, api.now());
    let (mut surged, mut available_nodes) = (0, 0);
    let mut delete: Vec<(PodId, DeleteReason)> = Vec::new();
    let mut misplaced: Vec<PodId> = Vec::new();
    let (mut allowed, mut candidates): (Vec<NodeId>, Vec<NodeId>) = (Vec::new(), Vec::new());
    for (node, pods) in in_some_order(api, id, by_node) {
        let Some((new, old)) = new_and_old(cluster, id, pods) else {
            surged += 1;
            continue;
        };
        available_nodes += usize::from(old.or(new).is_some_and(available));
        let Some(old) = old else { continue };
        let run = || placement(cluster, id, node).run;
        match new {
            Some(new) if !available(new) => surged += 1,
            Some(_) => delete.push((old, DeleteReason::Replace)),
            None if !available(old) => {
                if run() {
                    allowed.push(node);
                } else {
                    delete.push((old, DeleteReason::Misplaced));
                }
            }
            None if !run() => misplaced.push(old),
            None => {
                if surged < most {
                    candidates.push(node);
                }
            }
        }
    }
    let spare = available_nodes.saturating_sub(desired);
    delete.extend(misplaced.into_iter().take(spare).map(|p| (p, DeleteReason::Misplaced)));
    allowed.extend(candidates.into_iter().take(most.saturating_sub(surged)));
    Wanted { create: allowed, delete }
}
