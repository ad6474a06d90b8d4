//! The taints that the node lifecycle controller keeps: NoSchedule by condition, NoExecute for nodes that are not ready
//! (`pkg/controller/nodelifecycle/node_lifecycle_controller.go` doNoScheduleTaintingPass, processTaintBaseEviction, v1.37).

use crate::apiserver::Api;
use crate::cluster::ids::NodeId;
use crate::cluster::node::{NodeReady, Taint};
use crate::cluster::template::TaintEffect;
use crate::units::intern::Sym;

/// Adds and takes away NoSchedule taints until they say what the conditions say.
pub(super) fn sync_no_schedule(api: &mut Api, id: NodeId) {
    let known = api.known();
    let node = api.cluster().node(id);
    // The network condition is not part of the model: nodes never report it, and a taint given for it stays.
    let wanted = [
        (known.not_ready, node.ready == NodeReady::False),
        (known.unreachable, node.ready == NodeReady::Unknown),
        (known.memory_pressure, node.memory_pressure),
        (known.disk_pressure, node.disk_pressure),
        (known.pid_pressure, node.pid_pressure),
        (known.unschedulable, node.unschedulable),
    ];
    for (key, _) in wanted.into_iter().filter(|(_, wanted)| *wanted) {
        api.add_taint(id, Taint { key, value: Sym::EMPTY, effect: TaintEffect::NoSchedule });
    }
    for (key, _) in wanted.into_iter().filter(|(_, wanted)| !*wanted) {
        api.remove_taint(id, key, TaintEffect::NoSchedule);
    }
}

/// Whether the node carries one of the two NoExecute taints.
pub(super) fn has_no_execute(api: &Api, id: NodeId) -> bool {
    let known = api.known();
    let node = api.cluster().node(id);
    [known.not_ready, known.unreachable].into_iter().any(|key| node.has_taint(key, TaintEffect::NoExecute))
}

/// Takes both NoExecute taints away.
pub(super) fn remove_no_execute(api: &mut Api, id: NodeId) {
    let known = api.known();
    for key in [known.not_ready, known.unreachable] {
        api.remove_taint(id, key, TaintEffect::NoExecute);
    }
}

/// Where the opposite NoExecute taint is present, the right one takes its place at once. False if there was nothing to swap.
pub(super) fn swap_no_execute(api: &mut Api, id: NodeId, ready: NodeReady) -> bool {
    let known = api.known();
    let (right, wrong) =
        if ready == NodeReady::Unknown { (known.unreachable, known.not_ready) } else { (known.not_ready, known.unreachable) };
    if !api.cluster().node(id).has_taint(wrong, TaintEffect::NoExecute) {
        return false;
    }
    api.add_taint(id, Taint { key: right, value: Sym::EMPTY, effect: TaintEffect::NoExecute });
    api.remove_taint(id, wrong, TaintEffect::NoExecute);
    true
}

/// Gives a node that is still not ready its NoExecute taint.
pub(super) fn add_no_execute(api: &mut Api, id: NodeId) {
    let known = api.known();
    let key = match api.cluster().node(id).ready {
        NodeReady::True => return,
        NodeReady::False => known.not_ready,
        NodeReady::Unknown => known.unreachable,
    };
    api.add_taint(id, Taint { key, value: Sym::EMPTY, effect: TaintEffect::NoExecute });
}
