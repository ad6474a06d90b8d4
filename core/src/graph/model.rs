//! The graph as data: objects, and what ties them together.

use petgraph::graph::{DiGraph, NodeIndex};

use crate::cluster::called;
use crate::cluster::ids::{NodeId, ZoneId};
use crate::cluster::state::Workload;
use crate::manifest::DocId;
use crate::units::arrange::Arrange;

/// What sort of thing a vertex is. The order is that of a drawing's layers where edges leave it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An Ingress.
    Ingress,
    /// A Service.
    Service,
    /// A HorizontalPodAutoscaler.
    Autoscaler,
    /// A PodDisruptionBudget.
    Budget,
    /// A NetworkPolicy.
    Policy,
    /// Several objects drawn as one: those of an application or of a namespace.
    Group,
    /// A CronJob.
    CronJob,
    /// A Deployment, its ReplicaSets folded into it.
    Deployment,
    /// A ReplicaSet or ReplicationController of its own.
    ReplicaSet,
    /// A StatefulSet.
    StatefulSet,
    /// A DaemonSet.
    DaemonSet,
    /// A Job.
    Job,
    /// An owner of pods that is not simulated: a custom resource, an object that was not given.
    Owner,
    /// A pod: one of its own, or any where pods are shown.
    Pod,
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
    /// A ServiceAccount.
    ServiceAccount,
    /// A PersistentVolumeClaim; those of a StatefulSet's claim template are one.
    Claim,
    /// A PersistentVolume.
    Volume,
    /// A StorageClass.
    StorageClass,
    /// A node.
    Node,
    /// A zone.
    Zone,
}

impl Kind {
    /// As kubectl writes it, in small letters.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Ingress => "ingress",
            Kind::Service => "service",
            Kind::Autoscaler => "horizontalpodautoscaler",
            Kind::Budget => "poddisruptionbudget",
            Kind::Policy => "networkpolicy",
            Kind::Group => "group",
            Kind::CronJob => "cronjob",
            Kind::Deployment => "deployment",
            Kind::ReplicaSet => "replicaset",
            Kind::StatefulSet => "statefulset",
            Kind::DaemonSet => "daemonset",
            Kind::Job => "job",
            Kind::Owner => "owner",
            Kind::Pod => "pod",
            Kind::ConfigMap => "configmap",
            Kind::Secret => "secret",
            Kind::ServiceAccount => "serviceaccount",
            Kind::Claim => "persistentvolumeclaim",
            Kind::Volume => "persistentvolume",
            Kind::StorageClass => "storageclass",
            Kind::Node => "node",
            Kind::Zone => "zone",
        }
    }

    /// Whether it makes pods, or is one.
    pub const fn runs_pods(self) -> bool {
        matches!(
            self,
            Kind::CronJob | Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet | Kind::Job | Kind::Owner | Kind::Pod
        )
    }

    /// Whether it is a place: much else leads to it, so that going through it says little.
    pub const fn is_place(self) -> bool {
        matches!(self, Kind::Node | Kind::Zone | Kind::StorageClass)
    }
}

/// An object.
#[derive(Clone, Debug, PartialEq)]
pub struct Vertex {
    /// What it is.
    pub kind: Kind,
    /// Its namespace; empty for cluster-wide kinds.
    pub namespace: String,
    /// Its name, as given: text from outside.
    pub name: String,
    /// The application it is part of within its namespace, by its labels, else by what it is tied to; empty for cluster-wide kinds.
    pub app: String,
    /// Given or simulated; not only named by another object.
    pub given: bool,
    /// How many pods it wants; none for what runs no pods, or as many as there are nodes.
    pub wanted: Option<i32>,
    /// The document it is from.
    pub document: Option<DocId>,
    /// The workload in the cluster.
    pub workload: Option<Workload>,
    /// The node in the cluster.
    pub node: Option<NodeId>,
    /// The zone in the cluster.
    pub zone: Option<ZoneId>,
}

impl Vertex {
    /// `deployment/web` in the namespace `default` and for cluster-wide kinds, `shop/deployment/web` elsewhere.
    pub fn label(&self) -> String {
        called::label(&self.namespace, self.kind.word(), &self.name)
    }
}

/// How one object is tied to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// Makes it: a CronJob its Jobs, a workload its pods.
    Owns,
    /// A Service's selector matches the pods.
    Selects,
    /// An Ingress sends requests to the Service.
    Routes,
    /// The address of the Service stands in an environment variable or a ConfigMap that the pods read: an inference.
    Calls,
    /// An autoscaler changes its replicas.
    Scales,
    /// A budget limits its evictions.
    Protects,
    /// A NetworkPolicy decides who may talk to its pods, or to whom they may talk.
    Restricts,
    /// A NetworkPolicy lets the pods through.
    Allows,
    /// Pods mount it as a volume.
    Mounts,
    /// Pods name it otherwise: environment, service account, pull secret.
    References,
    /// A claim is bound to the volume, or gets it from the class.
    Binds,
    /// Pods run on the node.
    RunsOn,
    /// A node stands in the zone.
    InZone,
}

impl Relation {
    /// As a verb: `selects`.
    pub const fn word(self) -> &'static str {
        match self {
            Relation::Owns => "owns",
            Relation::Selects => "selects",
            Relation::Routes => "routes to",
            Relation::Calls => "calls",
            Relation::Scales => "scales",
            Relation::Protects => "protects",
            Relation::Restricts => "restricts",
            Relation::Allows => "allows",
            Relation::Mounts => "mounts",
            Relation::References => "references",
            Relation::Binds => "binds",
            Relation::RunsOn => "runs on",
            Relation::InZone => "in zone",
        }
    }
}

/// A tie between two objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// What ties them.
    pub relation: Relation,
    /// How many pods stand for it (`RunsOn`); 1 otherwise.
    pub count: u32,
    /// Optional: the pods start without it.
    pub optional: bool,
}

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphOptions {
    /// Pods one by one instead of folded into what owns them.
    pub pods: bool,
    /// Nodes and zones, and what runs where.
    pub places: bool,
}

impl Default for GraphOptions {
    fn default() -> GraphOptions {
        GraphOptions { pods: false, places: true }
    }
}

/// Objects and their ties. Vertices and edges come in an order that the input alone decides.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// The graph itself.
    pub inner: DiGraph<Vertex, Edge>,
}

impl Graph {
    /// The object.
    pub fn vertex(&self, at: NodeIndex) -> &Vertex {
        &self.inner[at]
    }

    /// All objects with their indices, in order.
    pub fn vertices(&self) -> impl Iterator<Item = (NodeIndex, &Vertex)> {
        self.inner.node_indices().map(|i| (i, &self.inner[i]))
    }

    /// All ties: from, to, what; in order.
    pub fn edges(&self) -> impl Iterator<Item = (NodeIndex, NodeIndex, Edge)> + '_ {
        self.inner.edge_indices().filter_map(|e| {
            let (from, to) = self.inner.edge_endpoints(e)?;
            Some((from, to, self.inner[e]))
        })
    }

    /// The ties that leave an object, in the order they were made.
    pub fn out(&self, at: NodeIndex) -> Vec<(NodeIndex, Edge)> {
        self.along(at, petgraph::Direction::Outgoing)
    }

    /// The ties that lead to an object, in the order they were made.
    pub fn into(&self, at: NodeIndex) -> Vec<(NodeIndex, Edge)> {
        self.along(at, petgraph::Direction::Incoming)
    }

    fn along(&self, at: NodeIndex, direction: petgraph::Direction) -> Vec<(NodeIndex, Edge)> {
        let mut neighbours = self.inner.neighbors_directed(at, direction).detach();
        let mut found = Vec::new();
        while let Some((edge, other)) = neighbours.next(&self.inner) {
            found.push((edge, other));
        }
        found.arrange();
        found.into_iter().map(|(edge, other)| (other, self.inner[edge])).collect()
    }
}
