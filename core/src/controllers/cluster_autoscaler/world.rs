//! Clusters that are thought of: what the scheduler would do if there were other nodes. The rules are the scheduler's own.

use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId, TemplateId};
use crate::cluster::node::{Node, NodeReady};
use crate::cluster::pod::Phase;
use crate::scheduler::config::SchedulerConfig;
use crate::scheduler::{Detail, Outcome, Scheduler};
use crate::units::time::Time;

/// A cluster to try things on, with a scheduler of the default profile.
#[derive(Clone, Debug)]
pub(in crate::controllers) struct World {
    pub(in crate::controllers) cluster: Cluster,
    scheduler: Scheduler,
    now: Time,
}

impl World {
    /// The cluster as it is.
    pub(in crate::controllers) fn new(cluster: &Cluster, now: Time) -> World {
        let mut cluster = cluster.clone();
        let config = SchedulerConfig::standard(&mut cluster.text);
        let scheduler = Scheduler::new(&config, &cluster);
        World { cluster, scheduler, now }
    }

    /// The cluster as it is, with a scheduler that looks at every node.
    pub(in crate::controllers) fn thorough(cluster: &Cluster, now: Time) -> World {
        let mut cluster = cluster.clone();
        let config = SchedulerConfig { percentage_of_nodes_to_score: 100, ..SchedulerConfig::standard(&mut cluster.text) };
        let scheduler = Scheduler::new(&config, &cluster);
        World { cluster, scheduler, now }
    }

    /// One more node like this.
    pub(in crate::controllers) fn add(&mut self, prototype: &Node) -> NodeId {
        let id = NodeId::from_index(self.cluster.nodes.len());
        let name = self.cluster.text.intern(&format!("template-node-{id}"));
        let mut node = Node { name, ready: NodeReady::True, kubelet_alive: true, pods: Vec::new(), gone: false, ..prototype.clone() };
        let hostname = self.cluster.text.intern("kubernetes.io/hostname");
        node.labels.set(hostname, name);
        self.cluster.nodes.push(node);
        self.scheduler.node_added(&self.cluster, id);
        id
    }

    /// Where the scheduler puts a pod that waits; it is there from then on.
    pub(in crate::controllers) fn place(&mut self, id: PodId) -> Option<NodeId> {
        let attempt = self.scheduler.attempt(&self.cluster, id, self.now, Detail::Decision);
        let Outcome::Placed(node) = attempt.outcome else { return None };
        self.put(id, node);
        Some(node)
    }

    /// The nodes on which a pod that waits would find room.
    pub(in crate::controllers) fn feasible(&mut self, id: PodId) -> Vec<NodeId> {
        let attempt = self.scheduler.attempt(&self.cluster, id, self.now, Detail::Full);
        match (attempt.outcome, attempt.matrix) {
            (Outcome::Placed(_), Some(matrix)) => matrix.feasible,
            _ => Vec::new(),
        }
    }

    /// Puts a pod on a node, whatever the scheduler says.
    pub(in crate::controllers) fn put(&mut self, id: PodId, node: NodeId) {
        self.cluster.pods[id.index()].node = Some(node);
        self.cluster.nodes[node.index()].pods.push(id);
        self.scheduler.pod_bound(&self.cluster, id);
    }

    /// Gives a pod that waits another template.
    pub(in crate::controllers) fn set_template(&mut self, id: PodId, template: TemplateId) {
        self.cluster.pods[id.index()].template = template;
    }

    /// Changes a node.
    pub(in crate::controllers) fn change(&mut self, id: NodeId, change: impl FnOnce(&mut Node)) {
        change(&mut self.cluster.nodes[id.index()]);
        self.scheduler.node_updated(&self.cluster, id);
    }

    /// Takes a node away and lets its pods wait again; those of its own (DaemonSets, static pods) go with it.
    pub(in crate::controllers) fn take_away(&mut self, node: NodeId) -> Vec<PodId> {
        let pods = std::mem::take(&mut self.cluster.nodes[node.index()].pods);
        let mut waiting = Vec::new();
        for id in pods {
            self.scheduler.pod_removed(&self.cluster, id);
            let stays = super::stays_with_node(&self.cluster, id);
            let pod = &mut self.cluster.pods[id.index()];
            let over = pod.phase.is_terminal();
            pod.node = None;
            pod.phase = Phase::Pending;
            if !stays && !over && !pod.gone && pod.deletion.is_none() {
                waiting.push(id);
            }
        }
        self.scheduler.node_removed(&self.cluster, node);
        self.cluster.nodes[node.index()].gone = true;
        waiting
    }
}
