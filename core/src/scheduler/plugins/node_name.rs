//! NodeName: `spec.nodeName` (`plugins/nodename/node_name.go`, v1.37). A pod that names a node never reaches the scheduler,
//! so this matters only to what is asked about such a pod.

use super::Plugin;
use crate::cluster::node::Node;
use crate::cluster::template::PodTemplate;
use crate::scheduler::status::Refusal;

/// Whether there is nothing to check.
pub fn skips(template: &PodTemplate) -> bool {
    template.node_name.is_none()
}

/// Why the node does not do.
pub fn filter(template: &PodTemplate, node: &Node) -> Option<Refusal> {
    let wrong = template.node_name.is_some_and(|name| name != node.name);
    wrong.then(|| Refusal::unresolvable(Plugin::NodeName, "node(s) didn't match the requested node name"))
}
