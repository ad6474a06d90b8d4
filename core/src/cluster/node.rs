//! Nodes: what they have, how they are, and which pods are bound to them.

use super::ids::{PodId, ZoneId};
use super::labels::Labels;
use super::origin::Origin;
use super::template::TaintEffect;
use crate::units::intern::Sym;
use crate::units::resources::Resources;
use crate::units::time::Time;

/// A taint on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taint {
    /// Its key.
    pub key: Sym,
    /// Its value.
    pub value: Sym,
    /// What it does.
    pub effect: TaintEffect,
}

/// The status of a node's Ready condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeReady {
    /// `True`.
    #[default]
    True,
    /// `False`: the kubelet itself says so.
    False,
    /// `Unknown`: the kubelet stopped posting.
    Unknown,
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// `metadata.name`.
    pub name: Sym,
    /// Its labels.
    pub labels: Labels,
    /// Its failure zone: the zone label's value (beta label first), or the empty zone.
    pub zone: ZoneId,
    /// Region and zone as the scheduler's node tree and the node lifecycle controller key them.
    pub zone_key: Sym,
    /// What pods may use.
    pub allocatable: Resources,
    /// How many pods may run.
    pub allocatable_pods: i64,
    /// What it has in all.
    pub capacity: Resources,
    /// Taints, in order.
    pub taints: Vec<Taint>,
    /// Since when it has a NoExecute taint, if its object says so (`timeAdded`): for those that go on from there.
    pub no_execute_since: Option<Time>,
    /// `spec.unschedulable`.
    pub unschedulable: bool,
    /// Images on the node: normalised name and size in bytes.
    pub images: Vec<(Sym, i64)>,
    /// For each of these names, which image it is of: an image has several.
    pub image_of_name: Vec<u32>,
    /// `status.declaredFeatures`.
    pub declared_features: Vec<Sym>,
    /// The Ready condition, as the API server has it.
    pub ready: NodeReady,
    /// Since when `ready` is what it is.
    pub ready_since: Time,
    /// The node reports memory pressure.
    pub memory_pressure: bool,
    /// The node reports disk pressure.
    pub disk_pressure: bool,
    /// The node reports that it has few process numbers left.
    pub pid_pressure: bool,
    /// Whether its machine has power: containers run on where only its kubelet is silent.
    pub machine_up: bool,
    /// Whether its kubelet is alive and heard: not visible to Kubernetes, only to the fault that ended it.
    pub kubelet_alive: bool,
    /// It has a range of pod addresses: without one its kubelet never gets its network ready.
    pub has_pod_range: bool,
    /// When it was created.
    pub created: Time,
    /// Deleted from the API.
    pub gone: bool,
    /// Pods bound to it that still exist, in the order in which they were bound.
    pub pods: Vec<PodId>,
    /// Where it stands in the manifests; none if it was assumed.
    pub origin: Option<Origin>,
}

impl Node {
    /// Whether the taint of `key` and `effect` is present.
    pub fn has_taint(&self, key: Sym, effect: TaintEffect) -> bool {
        self.taints.iter().any(|t| t.key == key && t.effect == effect)
    }
}
