//! NodeDeclaredFeatures: features a pod needs and the node's kubelet declares (`plugins/nodedeclaredfeatures`, v1.37).

use super::Plugin;
use crate::cluster::node::Node;
use crate::cluster::template::PodTemplate;
use crate::scheduler::config::WellKnown;
use crate::scheduler::status::Refusal;
use crate::units::intern::Sym;

/// The features a pod needs.
pub fn needed(template: &PodTemplate, known: &WellKnown) -> Vec<Sym> {
    let mut containers = template.containers.iter().chain(&template.init_containers);
    let mut needed = Vec::new();
    if containers.clone().any(|c| c.restarts_all) {
        needed.push(known.restart_all);
    }
    if template.host_network && template.user_namespace {
        needed.push(known.user_namespaces_host_network);
    }
    if containers.any(|c| c.bind_mount_options) {
        needed.push(known.bind_mount_options);
    }
    needed
}

/// Why the node does not do.
pub fn filter(needed: &[Sym], node: &Node) -> Option<Refusal> {
    let lacking = needed.iter().any(|f| !node.declared_features.contains(f));
    lacking.then(|| Refusal::unresolvable(Plugin::NodeDeclaredFeatures, "node(s) didn't match Pod's required features"))
}
