//! Writing nodes: joining, leaving, conditions, taints, cordons. Faults of the machine are written here too, for they have a record,
//! though no API object shows them.

use super::api::Api;
use super::notice::{NodeChange, Watched};
use crate::cluster::ids::NodeId;
use crate::cluster::node::{Node, NodeReady, Taint};
use crate::cluster::template::TaintEffect;
use crate::trace::{Change, RecordId, Subject};
use crate::units::intern::Sym;

impl Api {
    /// A node joins. Until a controller has seen that it is ready it carries the taint `not-ready` (`TaintNodesByCondition`).
    pub fn add_node(&mut self, node: Node) -> NodeId {
        let id = NodeId::from_index(self.cluster.nodes.len());
        self.cluster.nodes.push(node);
        let record = self.announce(Subject::Node(id), Change::NodeAdded, Watched::Node(id, NodeChange::Added));
        let before = self.cause();
        self.set_cause(Some(record));
        self.add_taint(id, Taint { key: self.known().not_ready, value: Sym::EMPTY, effect: TaintEffect::NoSchedule });
        self.set_cause(before);
        id
    }

    /// The node object is deleted. Its pods stay until they are collected.
    pub fn delete_node(&mut self, id: NodeId) {
        if self.cluster.nodes[id.index()].gone {
            return;
        }
        self.cluster.nodes[id.index()].gone = true;
        self.announce(Subject::Node(id), Change::NodeDeleted, Watched::Node(id, NodeChange::Gone));
    }

    /// The machine or its kubelet dies, or comes back. Kubernetes learns of it only by silence.
    pub fn set_machine_alive(&mut self, id: NodeId, alive: bool) -> Option<RecordId> {
        let node = &mut self.cluster.nodes[id.index()];
        if node.gone || node.kubelet_alive == alive {
            return None;
        }
        node.kubelet_alive = alive;
        node.machine_up = alive;
        let change = if alive { Change::NodeRecovered } else { Change::NodeFailed };
        Some(self.announce(Subject::Node(id), change, Watched::Node(id, NodeChange::Machine)))
    }

    /// The node and the control plane cannot hear each other, or can again; its containers run on. A dead machine stays dead.
    pub fn set_connected(&mut self, id: NodeId, connected: bool) -> Option<RecordId> {
        let node = &mut self.cluster.nodes[id.index()];
        if node.gone || !node.machine_up || node.kubelet_alive == connected {
            return None;
        }
        node.kubelet_alive = connected;
        let change = if connected { Change::NodeReconnected } else { Change::NodeCutOff };
        Some(self.announce(Subject::Node(id), change, Watched::Node(id, NodeChange::Machine)))
    }

    /// Writes the Ready condition.
    pub fn set_node_ready(&mut self, id: NodeId, ready: NodeReady) -> Option<RecordId> {
        let now = self.now();
        let node = &mut self.cluster.nodes[id.index()];
        if node.gone || node.ready == ready {
            return None;
        }
        node.ready = ready;
        node.ready_since = now;
        Some(self.announce(Subject::Node(id), Change::NodeReady(ready), Watched::Node(id, NodeChange::Ready)))
    }

    /// Gives a node a range of pod addresses (`spec.podCIDR`), or says that there is none for it. Nobody sees that but its kubelet, so there is
    /// no record of its own.
    pub fn set_pod_range(&mut self, id: NodeId, has: bool) {
        let node = &mut self.cluster.nodes[id.index()];
        if !node.gone && std::mem::replace(&mut node.has_pod_range, has) != has {
            self.notify(Watched::Node(id, NodeChange::PodRange));
        }
    }

    /// Writes the MemoryPressure condition.
    pub fn set_memory_pressure(&mut self, id: NodeId, pressure: bool) -> Option<RecordId> {
        let node = &mut self.cluster.nodes[id.index()];
        if node.gone || node.memory_pressure == pressure {
            return None;
        }
        node.memory_pressure = pressure;
        Some(self.announce(Subject::Node(id), Change::NodeMemoryPressure(pressure), Watched::Node(id, NodeChange::Pressure)))
    }

    /// Writes the DiskPressure condition.
    pub fn set_disk_pressure(&mut self, id: NodeId, pressure: bool) -> Option<RecordId> {
        let node = &mut self.cluster.nodes[id.index()];
        if node.gone || node.disk_pressure == pressure {
            return None;
        }
        node.disk_pressure = pressure;
        Some(self.announce(Subject::Node(id), Change::NodeDiskPressure(pressure), Watched::Node(id, NodeChange::Pressure)))
    }

    /// Writes the PIDPressure condition.
    pub fn set_pid_pressure(&mut self, id: NodeId, pressure: bool) -> Option<RecordId> {
        let node = &mut self.cluster.nodes[id.index()];
        if node.gone || node.pid_pressure == pressure {
            return None;
        }
        node.pid_pressure = pressure;
        Some(self.announce(Subject::Node(id), Change::NodePidPressure(pressure), Watched::Node(id, NodeChange::Pressure)))
    }

    /// The kubelet deleted images, each named by its number on the node.
    pub fn remove_images(&mut self, id: NodeId, images: &[u32]) -> Option<RecordId> {
        let node = &mut self.cluster.nodes[id.index()];
        if node.gone || images.is_empty() {
            return None;
        }
        let keep: Vec<bool> = node.image_of_name.iter().map(|image| !images.contains(image)).collect();
        let mut at = keep.iter();
        node.images.retain(|_| at.next().copied().unwrap_or(true));
        node.image_of_name.retain(|image| !images.contains(image));
        let count = u32::try_from(images.len()).unwrap_or(u32::MAX);
        Some(self.announce(Subject::Node(id), Change::ImagesRemoved(count), Watched::Node(id, NodeChange::Images)))
    }

    /// Adds a taint unless one of that key and effect is there.
    pub fn add_taint(&mut self, id: NodeId, taint: Taint) -> Option<RecordId> {
        let node = &mut self.cluster.nodes[id.index()];
        if node.gone || node.has_taint(taint.key, taint.effect) {
            return None;
        }
        node.taints.push(taint);
        Some(self.announce(Subject::Node(id), Change::NodeTainted(taint.key, taint.effect), Watched::Node(id, NodeChange::Taints)))
    }

    /// Takes the taint of that key and effect away.
    pub fn remove_taint(&mut self, id: NodeId, key: Sym, effect: TaintEffect) -> Option<RecordId> {
        let node = &mut self.cluster.nodes[id.index()];
        if node.gone || !node.has_taint(key, effect) {
            return None;
        }
        node.taints.retain(|t| t.key != key || t.effect != effect);
        Some(self.announce(Subject::Node(id), Change::NodeUntainted(key, effect), Watched::Node(id, NodeChange::Taints)))
    }

    /// Writes `spec.unschedulable`: cordon or uncordon.
    pub fn set_unschedulable(&mut self, id: NodeId, unschedulable: bool) -> Option<RecordId> {
        let node = &mut self.cluster.nodes[id.index()];
        if node.gone || node.unschedulable == unschedulable {
            return None;
        }
        node.unschedulable = unschedulable;
        let change = if unschedulable { Change::NodeCordoned } else { Change::NodeUncordoned };
        Some(self.announce(Subject::Node(id), change, Watched::Node(id, NodeChange::Unschedulable)))
    }
}
