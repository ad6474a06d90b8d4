//! Pods that wait for room on a node that preemption, or a binding under way, has set aside for them
//! (`backend/queue/nominator.go`, v1.37).

use std::collections::BTreeMap;

use crate::cluster::ids::{NodeId, PodId};

/// Nominations, by node and in order of nomination.
#[derive(Clone, Debug, Default)]
pub struct Nominator {
    by_node: BTreeMap<NodeId, Vec<PodId>>,
    node_of: BTreeMap<PodId, NodeId>,
}

impl Nominator {
    /// Sets or, with none, ends a pod's nomination.
    pub fn set(&mut self, pod: PodId, node: Option<NodeId>) {
        if self.node_of.get(&pod).copied() == node {
            return;
        }
        if let Some(old) = self.node_of.remove(&pod)
            && let Some(pods) = self.by_node.get_mut(&old)
        {
            pods.retain(|&p| p != pod);
            if pods.is_empty() {
                self.by_node.remove(&old);
            }
        }
        if let Some(node) = node {
            self.node_of.insert(pod, node);
            self.by_node.entry(node).or_default().push(pod);
        }
    }

    /// Where a pod is nominated.
    pub fn node_of(&self, pod: PodId) -> Option<NodeId> {
        self.node_of.get(&pod).copied()
    }

    /// The pods nominated to a node.
    pub fn pods(&self, node: NodeId) -> &[PodId] {
        self.by_node.get(&node).map_or(&[], Vec::as_slice)
    }

    /// Whether nobody is nominated.
    pub fn is_empty(&self) -> bool {
        self.by_node.is_empty()
    }

    /// Nodes that pods are nominated to.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.by_node.keys().copied()
    }
}
