//! VerticalPodAutoscalers (`autoscaling.k8s.io/v1`): what they may change, and what they recommend.

use super::autoscalers::TargetKind;
use super::workloads::Meta;
use crate::units::intern::Sym;

/// The kind of what a VerticalPodAutoscaler is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerticalTarget {
    /// What a HorizontalPodAutoscaler could scale too.
    Scalable(TargetKind),
    /// `apps/v1` DaemonSet.
    DaemonSet,
}

/// `updateMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateMode {
    /// Only recommends.
    Off,
    /// Sets requests of new pods.
    Initial,
    /// Evicts pods too, so that new ones are made (`Auto` means the same).
    Recreate,
    /// Changes running pods, and evicts those that cannot be changed.
    InPlaceOrRecreate,
}

/// An entry of `containerPolicies`: cpu in millicores, memory in bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerPolicy {
    /// The container; none for all that have no entry of their own.
    pub container: Option<Sym>,
    /// `mode: Off`.
    pub off: bool,
    /// `minAllowed`.
    pub least: (Option<i64>, Option<i64>),
    /// `maxAllowed`.
    pub most: (Option<i64>, Option<i64>),
    /// Whether cpu and memory are controlled.
    pub controls: (bool, bool),
    /// `controlledValues: RequestsOnly`: limits stay.
    pub requests_only: bool,
}

/// A recommendation for one resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// What to ask for.
    pub target: i64,
    /// Less than this is too little.
    pub lower: i64,
    /// More than this is too much.
    pub upper: i64,
}

/// A recommendation for one container.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommendation {
    /// The container.
    pub container: Sym,
    /// cpu, in millicores.
    pub cpu: Option<Estimate>,
    /// Memory, in bytes.
    pub memory: Option<Estimate>,
}

/// A VerticalPodAutoscaler.
#[derive(Clone, Debug, PartialEq)]
pub struct VerticalAutoscaler {
    /// Name, namespace, life.
    pub meta: Meta,
    /// Kind of what it is about.
    pub target_kind: VerticalTarget,
    /// Name of what it is about.
    pub target: Sym,
    /// What it does with what it recommends.
    pub mode: UpdateMode,
    /// With fewer pods it evicts none.
    pub least_replicas: i32,
    /// Policies, in order.
    pub policies: Vec<ContainerPolicy>,
    /// `status.recommendation`.
    pub recommendations: Vec<Recommendation>,
}

impl VerticalAutoscaler {
    /// The policy for a container: its own, else that for all.
    pub fn policy(&self, container: Sym) -> Option<&ContainerPolicy> {
        let own = self.policies.iter().find(|p| p.container == Some(container));
        own.or_else(|| self.policies.iter().find(|p| p.container.is_none()))
    }

    /// Whether the pods that are made get what it recommends.
    pub const fn sets_requests(&self) -> bool {
        !matches!(self.mode, UpdateMode::Off)
    }
}
