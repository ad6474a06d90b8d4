//! NodePorts: host ports already taken on a node (`plugins/nodeports`, `HostPortInfo`, v1.37).

use super::Plugin;
use crate::cluster::template::HostPort;
use crate::scheduler::config::WellKnown;
use crate::scheduler::status::Refusal;

/// Whether two host ports can't be on one node: same protocol and port, and addresses that overlap.
pub fn conflict(a: &HostPort, b: &HostPort, known: &WellKnown) -> bool {
    a.port == b.port && a.protocol == b.protocol && (a.ip == b.ip || a.ip == known.any_ip || b.ip == known.any_ip)
}

/// Why the node does not do: `used` are the host ports of the pods on it.
pub fn filter(wanted: &[HostPort], used: &[HostPort], known: &WellKnown) -> Option<Refusal> {
    let taken = wanted.iter().any(|w| used.iter().any(|u| conflict(w, u, known)));
    taken.then(|| Refusal::curable(Plugin::NodePorts, "node(s) didn't have free ports for the requested pod ports"))
}
