//! Which nodes should run a DaemonSet (`pkg/controller/daemon/daemon_controller.go` NodeShouldRunDaemonPod, v1.37).

use crate::cluster::Cluster;
use crate::cluster::ids::{DaemonSetId, NodeId};
use crate::cluster::labels::{Operator, Requirement};
use crate::cluster::node::Node;
use crate::cluster::template::{NodeSelectorTerm, PodTemplate, TaintEffect};
use crate::units::intern::Interner;

/// What a node means to a DaemonSet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placement {
    /// A pod is to be made here.
    pub(super) run: bool,
    /// A pod that is here may stay.
    pub(super) keep: bool,
}

/// Node name, selector, required affinity and taints decide; room does not.
pub(super) fn placement(cluster: &Cluster, id: DaemonSetId, node: NodeId) -> Placement {
    let node = cluster.node(node);
    let template = cluster.template(cluster.daemon_sets[id.index()].template);
    if node.gone || template.node_name.is_some_and(|name| name != node.name) || !affine(template, node, &cluster.text) {
        return Placement { run: false, keep: false };
    }
    let untolerated = |effect: TaintEffect| {
        let mut taints = node.taints.iter().filter(|t| t.effect == effect);
        taints.any(|t| !template.tolerations.iter().any(|o| o.tolerates(t.key, t.value, t.effect)))
    };
    let evicts = untolerated(TaintEffect::NoExecute);
    Placement { run: !evicts && !untolerated(TaintEffect::NoSchedule), keep: !evicts }
}

/// `nodeSelector` and required node affinity.
fn affine(template: &PodTemplate, node: &Node, text: &Interner) -> bool {
    let selected = template.node_selector.as_ref().is_none_or(|s| s.iter().all(|(key, value)| node.labels.get(key) == Some(value)));
    let terms = template.affinity.as_ref().and_then(|a| a.node_required.as_deref());
    selected && terms.is_none_or(|terms| terms.iter().any(|term| holds(term, node, text)))
}

/// An empty term, and one that does not parse, match nothing.
fn holds(term: &NodeSelectorTerm, node: &Node, text: &Interner) -> bool {
    if term.invalid || (term.expressions.is_empty() && term.names.is_empty()) {
        return false;
    }
    let named =
        |r: &Requirement| matches!(r.operator, Operator::In | Operator::NotIn) && r.values.len() == 1 && r.accepts(Some(node.name), text);
    term.expressions.iter().all(|r| r.accepts(node.labels.get(r.key), text)) && term.names.iter().all(named)
}
