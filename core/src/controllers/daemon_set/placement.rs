//! Which nodes should run a DaemonSet (`pkg/controller/daemon/daemon_controller.go` NodeShouldRunDaemonPod, v1.37).

use crate::cluster::Cluster;
use crate::cluster::ids::{DaemonSetId, NodeId};
use crate::cluster::template::TaintEffect;
use crate::scheduler::plugins::node_affinity::RequiredNodeAffinity;

/// What a node means to a DaemonSet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placement {
    /// A pod is to be made here.
    pub(super) run: bool,
    /// A pod that is here may stay.
    pub(super) keep: bool,
}

/// Node name, selector, required affinity and taints decide; room does not.
pub(super) fn placement(cluster: &Cluster, id: DaemonSetId, node_id: NodeId) -> Placement {
    let node = cluster.node(node_id);
    let template = cluster.template(cluster.daemon_sets[id.index()].template);
    if node.gone
        || template.node_name.is_some_and(|name| name != node.name)
        || !RequiredNodeAffinity::of(template, None).admits(node_id, node, &cluster.text)
    {
        return Placement { run: false, keep: false };
    }
    let untolerated = |effect: TaintEffect| {
        let mut taints = node.taints.iter().filter(|t| t.effect == effect);
        taints.any(|t| !template.tolerations.iter().any(|o| o.tolerates(t.key, t.value, t.effect)))
    };
    let evicts = untolerated(TaintEffect::NoExecute);
    Placement { run: !evicts && !untolerated(TaintEffect::NoSchedule), keep: !evicts }
}
