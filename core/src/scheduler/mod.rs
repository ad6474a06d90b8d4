//! kube-scheduler v1.37: which node a pod goes to, and if none, why, and who would have to go.
//!
//! Owns a cache of the nodes and bound pods, kept counts, nominations and the queue. Decides; never writes the cluster: binding,
//! nominating and deleting victims is the engine's, which tells the scheduler of everything that happens.

pub mod attempt;
pub mod cache;
pub mod claims;
pub mod classes;
pub mod config;
pub mod counts;
mod cycle;
pub mod framework;
mod heap;
pub mod hints;
pub mod message;
pub mod nominator;
mod numbers;
mod pdqsort;
mod planned;
mod plans;
pub mod plugins;
pub mod preemption;
pub mod queue;
pub mod selection;
pub mod source;
pub mod status;
pub mod terms;
pub mod topology;
mod waiting;
#[cfg(test)]
mod worlds;

use cache::{Cache, counts_on_node};
use classes::Classes;
use config::SchedulerConfig;
use counts::{Counts, NodeDifference};
use nominator::Nominator;
use planned::Scratch;
use plans::Plans;
use queue::{QueueTimes, SchedulingQueue};
use topology::Topology;

pub use attempt::{Attempt, Detail, Nomination, Outcome};
pub use hints::ClusterEvent;

use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId, TemplateId};
use crate::cluster::labels::Labels;
use crate::cluster::node::{Node, Taint};
use crate::units::grow;
use crate::units::resources::Resources;
use crate::units::rng::Orders;

/// What the scheduler remembers of a node, to tell what changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeFacts {
    /// Labels.
    pub labels: Labels,
    /// Taints.
    pub taints: Vec<Taint>,
    /// `spec.unschedulable`.
    pub unschedulable: bool,
    /// What pods may use.
    pub allocatable: Resources,
    /// How many pods may run.
    pub allocatable_pods: i64,
    /// Declared features.
    pub declared_features: Vec<crate::units::intern::Sym>,
}

impl NodeFacts {
    /// Of a node as it is now.
    pub fn of(node: &Node) -> NodeFacts {
        NodeFacts {
            labels: node.labels.clone(),
            taints: node.taints.clone(),
            unschedulable: node.unschedulable,
            allocatable: node.allocatable.clone(),
            allocatable_pods: node.allocatable_pods,
            declared_features: node.declared_features.clone(),
        }
    }
}

/// The scheduler. Cloning it forks it.
#[derive(Clone, Debug)]
pub struct Scheduler {
    config: SchedulerConfig,
    cache: Cache,
    counts: Counts,
    classes: Classes,
    topology: Topology,
    nominator: Nominator,
    queue: SchedulingQueue,
    facts: Vec<NodeFacts>,
    // Where each bound or assumed pod was counted.
    bound: Vec<Option<NodeId>>,
    next_start: usize,
    plain: bool,
    known_namespaces: usize,
    known_services: usize,
    plans: Plans,
    scratch: Scratch,
    orders: Orders,
}

impl Scheduler {
    /// A scheduler that has learned of every node and every bound pod of the cluster. Pods that wait are not queued: see
    /// [`Scheduler::enqueue`].
    pub fn new(config: &SchedulerConfig, cluster: &Cluster) -> Scheduler {
        let mut scheduler = Scheduler {
            config: config.clone(),
            cache: Cache::default(),
            counts: Counts::default(),
            classes: Classes::default(),
            topology: Topology::default(),
            nominator: Nominator::default(),
            queue: SchedulingQueue::new(QueueTimes {
                initial_backoff: config.initial_backoff,
                max_backoff: config.max_backoff,
                max_in_unschedulable: config.max_in_unschedulable,
            }),
            facts: Vec::new(),
            bound: Vec::new(),
            next_start: 0,
            plain: false,
            known_namespaces: cluster.namespaces.len(),
            known_services: cluster.services.len(),
            plans: Plans::default(),
            scratch: Scratch::default(),
            orders: Orders::default(),
        };
        for (id, _) in cluster.live_nodes() {
            scheduler.node_added(cluster, id);
        }
        for (id, pod) in cluster.live_pods() {
            if counts_on_node(pod) {
                scheduler.pod_bound(cluster, id);
            }
        }
        scheduler
    }

    /// Has a seed decide between nodes that are equally good: see [`selection::taken`].
    pub fn set_orders(&mut self, orders: Orders) {
        self.orders = orders;
    }

    /// Evaluates everything anew for every pod, as kube-scheduler does, instead of keeping what did not change: slower, and by
    /// construction equal.
    pub fn set_plain(&mut self, plain: bool) {
        self.plain = plain;
    }

    /// The configuration.
    pub fn config(&self) -> &SchedulerConfig {
        &self.config
    }

    /// Nodes and bound pods as the scheduler sees them.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The queue.
    pub fn queue(&self) -> &SchedulingQueue {
        &self.queue
    }

    /// Nominated pods.
    pub fn nominator(&self) -> &Nominator {
        &self.nominator
    }

    /// The node list as of the next cycle.
    pub fn node_order(&mut self) -> &[NodeId] {
        self.cache.update_snapshot();
        self.cache.order()
    }

    /// A node joined.
    pub fn node_added(&mut self, cluster: &Cluster, id: NodeId) {
        let node = cluster.node(id);
        self.cache.node_added(id, node);
        let keys = self.topology.node_changed(id, node);
        self.counts.node_changed(&NodeDifference { keys, existence: true, ..NodeDifference::default() });
        *grow::at(&mut self.facts, id.index(), NodeFacts::default) = NodeFacts::of(node);
    }

    /// A node changed.
    pub fn node_updated(&mut self, cluster: &Cluster, id: NodeId) {
        let (node, Some(known)) = (cluster.node(id), self.facts.get(id.index())) else { return };
        let (labels, taints) = (known.labels != node.labels, known.taints != node.taints);
        self.cache.node_updated(id, node);
        let keys = self.topology.node_changed(id, node);
        self.counts.node_changed(&NodeDifference { keys, labels, taints, ..NodeDifference::default() });
        self.facts[id.index()] = NodeFacts::of(node);
    }

    /// A node is gone; it can still be read.
    pub fn node_removed(&mut self, cluster: &Cluster, id: NodeId) {
        if !self.cache.is_listed(id) {
            return;
        }
        let has_pods = !self.cache.info(id).pods.is_empty();
        self.cache.node_removed(id, cluster.node(id));
        self.counts.node_changed(&NodeDifference { existence: true, has_pods, ..NodeDifference::default() });
    }

    /// A pod was bound, or came with a node already. Its nomination ends.
    pub fn pod_bound(&mut self, cluster: &Cluster, id: PodId) {
        if let Some(node) = cluster.pod(id).node {
            self.count(cluster, id, node);
        }
    }

    /// A pod has its node and waits to be bound to it: it takes its room from now on, whoever asks (`backend/cache/cache.go` AssumePod, v1.37).
    pub fn assume(&mut self, cluster: &Cluster, id: PodId, node: NodeId) {
        self.count(cluster, id, node);
    }

    /// Where a bound or assumed pod is counted.
    pub fn counted_on(&self, id: PodId) -> Option<NodeId> {
        self.bound.get(id.index()).copied().flatten()
    }

    fn count(&mut self, cluster: &Cluster, id: PodId, node: NodeId) {
        self.nominator.set(id, None);
        match self.counted_on(id) {
            Some(known) if known == node => return,
            // It was assumed elsewhere, and somebody else bound it.
            Some(_) => self.pod_removed(cluster, id),
            None => {}
        }
        *grow::at(&mut self.bound, id.index(), || None) = Some(node);
        self.cache.pod_added(id, node, cluster.template_of(id));
        self.counts.pod_added(id, node, cluster, &self.cache, &self.topology);
    }

    /// A pod is gone, or has ended; it can still be read, its node included.
    pub fn pod_removed(&mut self, cluster: &Cluster, id: PodId) {
        self.nominator.set(id, None);
        let Some(node) = self.bound.get_mut(id.index()).and_then(Option::take) else { return };
        self.counts.pod_removed(id, node, cluster, &self.cache, &self.topology);
        self.cache.pod_removed(id, node, cluster.template_of(id));
    }

    /// A bound pod changed: it is being deleted now, or its status is another.
    pub fn pod_updated(&mut self, cluster: &Cluster, id: PodId) {
        let Some(node) = self.counted_on(id) else { return };
        if !counts_on_node(cluster.pod(id)) {
            return self.pod_removed(cluster, id);
        }
        self.counts.pod_updated(id, cluster, &self.cache, &self.topology);
        self.cache.pod_touched(node);
    }

    /// A bound pod asks for more or less than before, when `old` was its template.
    pub fn pod_resized(&mut self, cluster: &Cluster, id: PodId, old: TemplateId) {
        let Some(node) = self.counted_on(id) else { return };
        self.cache.pod_removed(id, node, cluster.template(old));
        self.cache.pod_added(id, node, cluster.template_of(id));
    }

    /// Sets or ends a pod's nomination.
    pub fn nominate(&mut self, pod: PodId, node: Option<NodeId>) {
        self.nominator.set(pod, node);
    }

    /// Labels of a namespace changed.
    pub fn namespace_changed(&mut self) {
        self.counts.namespaces_changed();
    }

    /// Services changed.
    pub fn services_changed(&mut self) {
        self.plans.services_changed();
    }

    fn notice_newcomers(&mut self, cluster: &Cluster) {
        if self.known_services != cluster.services.len() {
            self.known_services = cluster.services.len();
            self.plans.services_changed();
        }
        if self.known_namespaces != cluster.namespaces.len() {
            self.known_namespaces = cluster.namespaces.len();
            self.counts.namespaces_changed();
        }
        self.counts.trim();
    }

    /// How an attempt's pod would have its claims served on another node than the chosen one; none where it has no claims.
    pub fn volumes_on(&mut self, cluster: &Cluster, attempt: &Attempt, node: NodeId) -> Option<plugins::volume_binding::NodeVolumes> {
        let claims = claims::pod_claims(cluster, attempt.pod);
        let state = plugins::volume_binding::pre_filter(cluster, attempt.pod, &claims).ok()??;
        state.filter(cluster, cluster.node(node), &self.config.known).ok()
    }
}
