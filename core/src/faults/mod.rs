//! Faults: what accidents do to a running cluster. A fault touches machines and what runs on them, never what the API server, the scheduler or a
//! controller decides: all that follows is theirs.

use crate::apiserver::Api;
use crate::cluster::behavior::Exit;
use crate::cluster::ids::{NodeId, PodId, ZoneId};
use crate::cluster::state::Workload;
use crate::engine::Sim;
use crate::trace::RecordId;
use crate::units::time::Millis;

/// An accident, or its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The machine or its kubelet dies: no word of it any more.
    NodeFails(NodeId),
    /// It is back.
    NodeRecovers(NodeId),
    /// The control plane and the node do not hear each other; its containers run on.
    NodeCutOff(NodeId),
    /// They hear each other again.
    NodeReconnects(NodeId),
    /// The operating system shuts down: what time the kubelet is given for which pods.
    NodeShutsDown {
        /// The node.
        node: NodeId,
        /// From which priority on pods are given so many milliseconds; ascending.
        groups: Vec<(i32, Millis)>,
    },
    /// All nodes of a zone die at once.
    ZoneFails(ZoneId),
    /// All nodes of a zone are back.
    ZoneRecovers(ZoneId),
    /// The kubelet itself says that its node is not ready (its container runtime is down), or that it is again.
    KubeletReports {
        /// The node.
        node: NodeId,
        /// What it says.
        ready: bool,
    },
    /// Something outside of all pods takes a node's memory.
    MemoryTaken {
        /// The node.
        node: NodeId,
        /// What is left before the kubelet evicts anything, in bytes.
        available: i64,
    },
    /// What was taken is free again.
    MemoryFreed(NodeId),
    /// The pods of a workload, its future ones too, use this much memory each.
    MemoryGrows {
        /// The workload.
        workload: Workload,
        /// In bytes; none for what was assumed before.
        bytes: Option<i64>,
    },
    /// A running pod's readiness probe fails or passes from now on, until its container starts again.
    Readiness {
        /// The pod.
        pod: PodId,
        /// Whether it passes.
        ready: bool,
    },
    /// A running pod's main container ends now.
    ContainerExits {
        /// The pod.
        pod: PodId,
        /// With this code.
        code: i32,
    },
    /// A node's disk is full of what is not its pods'.
    DiskFull {
        /// The node.
        node: NodeId,
        /// What is left, in bytes; none for a disk that stays full whatever is deleted.
        available: Option<i64>,
    },
    /// Something outside of all pods takes a node's process numbers.
    ProcessesTaken {
        /// The node.
        node: NodeId,
        /// How many are left.
        available: i64,
    },
    /// They are free again.
    ProcessesFreed(NodeId),
    /// It has room again.
    DiskFreed(NodeId),
    /// Images whose names begin so cannot be pulled; an empty text for all, none for no image.
    Registry(Option<String>),
    /// Pods of a workload take longer to start.
    SlowStart {
        /// The workload.
        workload: Workload,
        /// By so much, in milliseconds; 0 ends it.
        by: Millis,
    },
    /// Main containers of a workload's pods end again and again.
    CrashLoop {
        /// The workload.
        workload: Workload,
        /// How, after each start; none ends it.
        exit: Option<Exit>,
    },
    /// A pod's kubelet evicts it.
    KubeletEvicts(PodId),
}

/// Lets a fault happen now, as a consequence of `cause`.
pub fn inject(sim: &mut Sim, fault: &Fault, cause: Option<RecordId>) {
    let (kubelets, api) = sim.kubelets_mut();
    let before = api.cause();
    api.set_cause(cause);
    match *fault {
        Fault::NodeFails(node) => {
            kubelets.lose_power(node);
            api.set_machine_alive(node, false);
        }
        Fault::NodeRecovers(node) => {
            api.set_machine_alive(node, true);
        }
        Fault::ZoneFails(zone) => {
            for node in nodes_of(api, zone) {
                kubelets.lose_power(node);
                api.set_machine_alive(node, false);
            }
        }
        Fault::ZoneRecovers(zone) => {
            for node in nodes_of(api, zone) {
                api.set_machine_alive(node, true);
            }
        }
        Fault::NodeCutOff(node) => {
            api.set_connected(node, false);
        }
        Fault::NodeReconnects(node) => {
            api.set_connected(node, true);
        }
        Fault::NodeShutsDown { node, ref groups } => kubelets.shut_down(api, node, groups),
        Fault::DiskFull { node, available } => kubelets.fill_disk(api, node, available),
        Fault::ProcessesTaken { node, available } => kubelets.take_processes(api, node, available),
        Fault::ProcessesFreed(node) => kubelets.give_processes_back(api, node),
        Fault::DiskFreed(node) => kubelets.free_disk(api, node),
        Fault::Registry(ref registry) => kubelets.set_registry_outage(registry.clone()),
        Fault::SlowStart { workload, by } => kubelets.set_slow_start(workload, by),
        Fault::CrashLoop { workload, exit } => kubelets.set_crash_loop(api, workload, exit),
        Fault::KubeletReports { node, ready } => kubelets.set_node_ready(api, node, ready),
        Fault::MemoryTaken { node, available } => kubelets.take_memory(api, node, available),
        Fault::MemoryFreed(node) => kubelets.give_memory_back(api, node),
        Fault::MemoryGrows { workload, bytes } => kubelets.set_memory_use(api, workload, bytes),
        Fault::Readiness { pod, ready } => kubelets.set_ready(api, pod, ready),
        Fault::ContainerExits { pod, code } => kubelets.exit_container(api, pod, code),
        Fault::KubeletEvicts(pod) => kubelets.evict_under_pressure(api, pod),
    }
    api.set_cause(before);
}

fn nodes_of(api: &Api, zone: ZoneId) -> Vec<NodeId> {
    api.cluster().live_nodes().filter(|(_, node)| node.zone == zone).map(|(id, _)| id).collect()
}
