//! Status of a DaemonSet (`daemon_controller.go` updateDaemonSetStatus, v1.37).

use super::placement::placement;
use super::{is_updated, pods_by_node};
use crate::apiserver::Api;
use crate::cluster::ids::DaemonSetId;
use crate::cluster::workloads::DaemonSetStatus;
use crate::units::time::Time;

/// Counts nodes; of several pods on a node the first stands for all.
pub(super) fn write(api: &mut Api, id: DaemonSetId) {
    let cluster = api.cluster();
    let set = &cluster.daemon_sets[id.index()];
    let by_node = pods_by_node(cluster, id);
    let mut status = DaemonSetStatus { observed_generation: set.meta.generation, ..DaemonSetStatus::default() };
    for (node, _) in cluster.live_nodes() {
        let first = by_node.get(&node).and_then(|pods| pods.first());
        if !placement(cluster, id, node).run {
            status.misscheduled += i32::from(first.is_some());
            continue;
        }
        status.desired += 1;
        let Some(&pod) = first else { continue };
        status.current += 1;
        status.ready += i32::from(cluster.pod(pod).ready);
        status.available += i32::from(cluster.pod(pod).is_available(set.min_ready, api.now()));
        status.updated += i32::from(is_updated(cluster, id, pod));
    }
    api.set_daemon_set_status(id, status);
}

/// When the next ready pod becomes available.
pub(super) fn next_available(api: &Api, id: DaemonSetId) -> Option<Time> {
    let cluster = api.cluster();
    let set = &cluster.daemon_sets[id.index()];
    let pods = set.pods.iter().map(|&p| cluster.pod(p)).filter(|p| p.ready && !p.gone);
    pods.map(|p| p.ready_since + set.min_ready).filter(|&at| at > api.now()).min()
}
