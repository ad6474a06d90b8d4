//! NodeUnschedulable: cordoned nodes (`plugins/nodeunschedulable/node_unschedulable.go`, v1.37). It runs before
//! TaintToleration, so a cordoned node shows this reason and not that of its taint.

use super::Plugin;
use crate::cluster::node::Node;
use crate::cluster::template::{PodTemplate, TaintEffect};
use crate::scheduler::config::WellKnown;
use crate::scheduler::status::Refusal;
use crate::units::intern::Sym;

/// Whether the pod tolerates cordons.
pub fn tolerates_cordon(template: &PodTemplate, known: &WellKnown) -> bool {
    template.tolerations.iter().any(|t| t.tolerates(known.unschedulable, Sym::EMPTY, TaintEffect::NoSchedule))
}

/// Why the node does not do.
pub fn filter(template: &PodTemplate, node: &Node, known: &WellKnown) -> Option<Refusal> {
    let refused = node.unschedulable && !tolerates_cordon(template, known);
    refused.then(|| Refusal::unresolvable(Plugin::NodeUnschedulable, "node(s) were unschedulable"))
}
