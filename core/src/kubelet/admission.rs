//! Admission on the node: a pod that reached it without the scheduler may not fit (`pkg/kubelet/lifecycle/predicate.go`, v1.37).

use crate::apiserver::Known;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::pod::{Owner, Pod};
use crate::cluster::template::{QosClass, TaintEffect};
use crate::units::resources::Resources;

/// From here on a pod is critical: node conditions do not keep it out.
pub(super) const CRITICAL_PRIORITY: i32 = 2_000_000_000;

/// Why a kubelet refuses a pod for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    /// `status.reason`.
    pub(super) reason: String,
    /// The message, without `Pod was rejected: `.
    pub(super) message: String,
}

impl Rejection {
    /// Whether it is for want of room.
    pub(super) fn is_shortage(&self) -> bool {
        self.reason.starts_with("OutOf")
    }
}

/// Whether the kubelet of the pod's node refuses it.
pub(super) fn rejection(cluster: &Cluster, known: Known, id: PodId, shutting_down: bool) -> Option<Rejection> {
    let pod = cluster.pod(id);
    let node_id = pod.node?;
    let template = cluster.template_of(id);
    let node = cluster.node(node_id);
    if shutting_down {
        return Some(Rejection { reason: "NodeShutdown".to_owned(), message: "Pod was rejected as the node is shutting down.".to_owned() });
    }
    let critical = pod.priority >= CRITICAL_PRIORITY || pod.owner == Owner::Node;
    if (node.disk_pressure || node.pid_pressure) && !critical {
        let conditions =
            [(node.memory_pressure, "MemoryPressure"), (node.disk_pressure, "DiskPressure"), (node.pid_pressure, "PIDPressure")];
        let all: Vec<&str> = conditions.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect();
        return Some(Rejection { reason: "Evicted".to_owned(), message: format!("The node had condition: [{}]. ", all.join(" ")) });
    }
    if node.memory_pressure && !critical && template.qos == QosClass::BestEffort {
        let tolerated = template
            .tolerations
            .iter()
            .any(|t| t.tolerates(known.memory_pressure, crate::units::intern::Sym::EMPTY, TaintEffect::NoSchedule));
        if !tolerated {
            return Some(Rejection { reason: "Evicted".to_owned(), message: "The node had condition: [MemoryPressure]. ".to_owned() });
        }
    }
    // What the scheduler bound was checked with the same rules against the same state, unless something went past it: it may have come
    // while the pod, which was promised its room, waited for a volume.
    if !goes_past_scheduler(cluster, id) && !others(cluster, node_id, id).any(|(other, _)| goes_past_scheduler(cluster, other)) {
        return None;
    }
    if let Some(rejection) = shortage(cluster, node_id, id) {
        return Some(rejection);
    }
    let taken = others(cluster, node_id, id).flat_map(|(_, other)| cluster.template(other.template).host_ports.iter());
    let wanted = &template.host_ports;
    let any = cluster.text.get("0.0.0.0");
    let clash = taken.into_iter().any(|a| {
        wanted.iter().any(|b| a.port == b.port && a.protocol == b.protocol && (a.ip == b.ip || Some(a.ip) == any || Some(b.ip) == any))
    });
    if clash {
        return Some(predicate("NodePorts", "node(s) didn't have free ports for the requested pod ports"));
    }
    let tainted = node.taints.iter().any(|taint| {
        taint.effect == TaintEffect::NoExecute && !template.tolerations.iter().any(|t| t.tolerates(taint.key, taint.value, taint.effect))
    });
    tainted.then(|| predicate("TaintToleration", "node(s) had taints that the pod didn't tolerate"))
}

/// Only `spec.nodeName` and static pods do.
fn goes_past_scheduler(cluster: &Cluster, id: PodId) -> bool {
    cluster.template_of(id).node_name.is_some() || cluster.pod(id).owner == Owner::Node
}

fn predicate(name: &str, text: &str) -> Rejection {
    Rejection { reason: name.to_owned(), message: format!("Predicate {name} failed: {text}") }
}

/// The other pods that hold resources of the node.
fn others(cluster: &Cluster, node: NodeId, id: PodId) -> impl Iterator<Item = (PodId, &Pod)> {
    let pods = cluster.node(node).pods.iter();
    pods.filter(move |&&other| other != id)
        .map(|&other| (other, cluster.pod(other)))
        .filter(|(_, pod)| !pod.gone && !pod.phase.is_terminal())
}

/// The first resource of which the node has too little.
fn shortage(cluster: &Cluster, node_id: NodeId, id: PodId) -> Option<Rejection> {
    let (node, wanted) = (cluster.node(node_id), &cluster.template_of(id).requests);
    let mut used = Resources::default();
    let mut count = 0;
    for (_, other) in others(cluster, node_id, id) {
        used.add(&cluster.template(other.template).requests);
        count += 1;
    }
    let have = &node.allocatable;
    let short = |resource: &str, wanted: i64, used: i64, capacity: i64| {
        (wanted > 0 && wanted > capacity.saturating_sub(used)).then(|| Rejection {
            reason: format!("OutOf{resource}"),
            message: format!("Node didn't have enough resource: {resource}, requested: {wanted}, used: {used}, capacity: {capacity}"),
        })
    };
    short("pods", 1, count, node.allocatable_pods)
        .or_else(|| short("cpu", wanted.cpu_milli, used.cpu_milli, have.cpu_milli))
        .or_else(|| short("memory", wanted.memory, used.memory, have.memory))
        .or_else(|| short("ephemeral-storage", wanted.ephemeral_storage, used.ephemeral_storage, have.ephemeral_storage))
        .or_else(|| {
            wanted.scalars.iter().find_map(|&(name, amount)| short(cluster.text(name), amount, used.scalar(name), have.scalar(name)))
        })
}
