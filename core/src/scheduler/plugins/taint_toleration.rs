//! TaintToleration: taints that keep pods off, and those that only discourage (`plugins/tainttoleration`, v1.37).

use super::Plugin;
use crate::cluster::node::{Node, Taint};
use crate::cluster::template::{PodTemplate, TaintEffect, Toleration};
use crate::scheduler::status::Refusal;

/// The first taint that keeps a pod with these tolerations off the node.
pub fn untolerated_taint<'a>(tolerations: &[Toleration], node: &'a Node) -> Option<&'a Taint> {
    untolerated(tolerations, &node.taints)
}

/// The first of `taints` that keeps a pod with these tolerations off.
pub fn untolerated<'a>(tolerations: &[Toleration], taints: &'a [Taint]) -> Option<&'a Taint> {
    let keeps_off = |t: &&Taint| t.effect != TaintEffect::PreferNoSchedule;
    taints.iter().filter(keeps_off).find(|t| !tolerations.iter().any(|o| o.tolerates(t.key, t.value, t.effect)))
}

/// Why the node does not do.
pub fn filter(template: &PodTemplate, node: &Node) -> Option<Refusal> {
    untolerated_taint(&template.tolerations, node)
        .map(|_| Refusal::unresolvable(Plugin::TaintToleration, "node(s) had untolerated taint(s)"))
}

/// How many `PreferNoSchedule` taints are not tolerated; tolerations that name another effect do not count.
pub fn score(template: &PodTemplate, node: &Node) -> i64 {
    let discouraging = node.taints.iter().filter(|t| t.effect == TaintEffect::PreferNoSchedule);
    let tolerated = |t: &Taint| template.tolerations.iter().any(|o| o.tolerates(t.key, t.value, t.effect));
    discouraging.filter(|t| !tolerated(t)).count() as i64
}
