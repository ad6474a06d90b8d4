//! SchedulingGates: a pod with gates does not enter the queue (`plugins/schedulinggates/scheduling_gates.go`, v1.37).

use super::Plugin;
use crate::cluster::Cluster;
use crate::cluster::pod::Pod;
use crate::scheduler::status::Refusal;

/// Why the pod may not enter the queue.
pub fn pre_enqueue(cluster: &Cluster, pod: &Pod) -> Option<Refusal> {
    let gates = &cluster.template(pod.template).scheduling_gates;
    if gates.is_empty() || pod.ungated {
        return None;
    }
    let names: Vec<&str> = gates.iter().map(|&g| cluster.text(g)).collect();
    Some(Refusal::unresolvable(Plugin::SchedulingGates, format!("waiting for scheduling gates: [{}]", names.join(" "))))
}
