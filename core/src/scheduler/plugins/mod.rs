//! One file per kube-scheduler plugin, under the plugin's own name. Each decides for one pod and one node from the
//! cluster and the scheduler's cache; none writes anything.

pub mod default_preemption;
pub mod dynamic_resources;
pub mod image_locality;
pub mod inter_pod_affinity;
pub mod node_affinity;
pub mod node_declared_features;
pub mod node_name;
pub mod node_ports;
pub mod node_resources_balanced_allocation;
pub mod node_resources_fit;
pub mod node_unschedulable;
pub mod node_volume_limits;
pub mod pod_topology_spread;
pub mod priority_sort;
pub mod scheduling_gates;
pub mod taint_toleration;
pub mod volume_binding;
pub mod volume_restrictions;
pub mod volume_zone;

use serde::{Deserialize, Serialize};

/// A plugin of kube-scheduler, in the order of the default MultiPoint set (`apis/config/v1/default_plugins.go`, v1.37).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Plugin {
    /// Holds pods with scheduling gates back.
    SchedulingGates,
    /// Orders the queue.
    PrioritySort,
    /// `spec.nodeName`.
    NodeName,
    /// Cordons.
    NodeUnschedulable,
    /// Taints.
    TaintToleration,
    /// Node selectors and node affinity.
    NodeAffinity,
    /// Host ports.
    NodePorts,
    /// Room for the pod's requests.
    NodeResourcesFit,
    /// Volumes that can't be shared.
    VolumeRestrictions,
    /// How many CSI volumes a node takes.
    NodeVolumeLimits,
    /// Claims bound or to be bound.
    VolumeBinding,
    /// Zones of bound volumes.
    VolumeZone,
    /// Topology spread constraints.
    PodTopologySpread,
    /// Affinity and anti-affinity between pods.
    InterPodAffinity,
    /// Resource claims; only pods without any are simulated.
    DynamicResources,
    /// Preemption.
    DefaultPreemption,
    /// Evenly used resources.
    NodeResourcesBalancedAllocation,
    /// Images already there.
    ImageLocality,
    /// Binds.
    DefaultBinder,
    /// Features that the node's kubelet declares.
    NodeDeclaredFeatures,
}

/// Where in a scheduling cycle a plugin can act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// Before a pod enters the queue.
    PreEnqueue,
    /// Order of the queue.
    QueueSort,
    /// Once per pod, before nodes are looked at.
    PreFilter,
    /// Once per node.
    Filter,
    /// After no node was found.
    PostFilter,
    /// Once per pod, before scoring.
    PreScore,
    /// Once per feasible node.
    Score,
    /// After the node is chosen.
    Reserve,
    /// Before binding begins.
    Permit,
    /// Just before binding.
    PreBind,
    /// Binding.
    Bind,
    /// After binding.
    PostBind,
}

impl Point {
    /// All points, as `profiles[].plugins` names them.
    pub const ALL: [(Point, &'static str); 12] = [
        (Point::PreEnqueue, "preEnqueue"),
        (Point::QueueSort, "queueSort"),
        (Point::PreFilter, "preFilter"),
        (Point::Filter, "filter"),
        (Point::PostFilter, "postFilter"),
        (Point::PreScore, "preScore"),
        (Point::Score, "score"),
        (Point::Reserve, "reserve"),
        (Point::Permit, "permit"),
        (Point::PreBind, "preBind"),
        (Point::Bind, "bind"),
        (Point::PostBind, "postBind"),
    ];
}

impl Plugin {
    /// All plugins, in the order of the default MultiPoint set.
    pub const ALL: [Plugin; 20] = [
        Plugin::SchedulingGates,
        Plugin::PrioritySort,
        Plugin::NodeName,
        Plugin::NodeUnschedulable,
        Plugin::TaintToleration,
        Plugin::NodeAffinity,
        Plugin::NodePorts,
        Plugin::NodeResourcesFit,
        Plugin::VolumeRestrictions,
        Plugin::NodeVolumeLimits,
        Plugin::VolumeBinding,
        Plugin::VolumeZone,
        Plugin::PodTopologySpread,
        Plugin::InterPodAffinity,
        Plugin::DynamicResources,
        Plugin::DefaultPreemption,
        Plugin::NodeResourcesBalancedAllocation,
        Plugin::ImageLocality,
        Plugin::DefaultBinder,
        Plugin::NodeDeclaredFeatures,
    ];

    /// The plugin's name in Kubernetes.
    pub const fn name(self) -> &'static str {
        match self {
            Plugin::SchedulingGates => "SchedulingGates",
            Plugin::PrioritySort => "PrioritySort",
            Plugin::NodeName => "NodeName",
            Plugin::NodeUnschedulable => "NodeUnschedulable",
            Plugin::TaintToleration => "TaintToleration",
            Plugin::NodeAffinity => "NodeAffinity",
            Plugin::NodePorts => "NodePorts",
            Plugin::NodeResourcesFit => "NodeResourcesFit",
            Plugin::VolumeRestrictions => "VolumeRestrictions",
            Plugin::NodeVolumeLimits => "NodeVolumeLimits",
            Plugin::VolumeBinding => "VolumeBinding",
            Plugin::VolumeZone => "VolumeZone",
            Plugin::PodTopologySpread => "PodTopologySpread",
            Plugin::InterPodAffinity => "InterPodAffinity",
            Plugin::DynamicResources => "DynamicResources",
            Plugin::DefaultPreemption => "DefaultPreemption",
            Plugin::NodeResourcesBalancedAllocation => "NodeResourcesBalancedAllocation",
            Plugin::ImageLocality => "ImageLocality",
            Plugin::DefaultBinder => "DefaultBinder",
            Plugin::NodeDeclaredFeatures => "NodeDeclaredFeatures",
        }
    }

    /// The plugin of that name.
    pub fn named(name: &str) -> Option<Plugin> {
        Plugin::ALL.into_iter().find(|p| p.name() == name)
    }

    /// Its weight in the default MultiPoint set; 0 where none is given (and counts as 1).
    pub const fn default_weight(self) -> i64 {
        match self {
            Plugin::TaintToleration => 3,
            Plugin::NodeAffinity | Plugin::PodTopologySpread | Plugin::InterPodAffinity | Plugin::DynamicResources => 2,
            Plugin::NodeResourcesFit | Plugin::NodeResourcesBalancedAllocation | Plugin::ImageLocality | Plugin::VolumeBinding => 1,
            _ => 0,
        }
    }

    /// Whether the plugin acts at `point`.
    pub const fn acts_at(self, point: Point) -> bool {
        use Plugin as P;
        match point {
            Point::PreEnqueue => matches!(self, P::SchedulingGates | P::DynamicResources | P::DefaultPreemption),
            Point::QueueSort => matches!(self, P::PrioritySort),
            Point::PreFilter | Point::Filter => matches!(
                self,
                P::NodeName
                    | P::NodeUnschedulable
                    | P::TaintToleration
                    | P::NodeAffinity
                    | P::NodePorts
                    | P::NodeResourcesFit
                    | P::VolumeRestrictions
                    | P::NodeVolumeLimits
                    | P::VolumeBinding
                    | P::VolumeZone
                    | P::PodTopologySpread
                    | P::InterPodAffinity
                    | P::DynamicResources
                    | P::NodeDeclaredFeatures
            ),
            Point::PostFilter => matches!(self, P::DynamicResources | P::DefaultPreemption),
            Point::PreScore => matches!(
                self,
                P::TaintToleration
                    | P::NodeAffinity
                    | P::NodeResourcesFit
                    | P::VolumeBinding
                    | P::PodTopologySpread
                    | P::InterPodAffinity
                    | P::NodeResourcesBalancedAllocation
            ),
            Point::Score => matches!(
                self,
                P::TaintToleration
                    | P::NodeAffinity
                    | P::NodeResourcesFit
                    | P::VolumeBinding
                    | P::PodTopologySpread
                    | P::InterPodAffinity
                    | P::DynamicResources
                    | P::NodeResourcesBalancedAllocation
                    | P::ImageLocality
            ),
            Point::Reserve | Point::PreBind => matches!(self, P::VolumeBinding | P::DynamicResources),
            Point::Bind => matches!(self, P::DefaultBinder),
            Point::Permit | Point::PostBind => false,
        }
    }

    /// A set that holds only this plugin.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The plugins of a set made of [`Plugin::bit`]s, in default order.
pub fn plugins_of(bits: u32) -> impl Iterator<Item = Plugin> {
    Plugin::ALL.into_iter().filter(move |p| bits & p.bit() != 0)
}
