//! HorizontalPodAutoscalers: what they scale, by which metrics, and how fast.

use super::workloads::{Condition, Meta};
use crate::units::intern::Sym;
use crate::units::time::{Millis, Time};

/// The kinds an autoscaler can scale here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetKind {
    /// `apps/v1` Deployment.
    Deployment,
    /// `apps/v1` StatefulSet.
    StatefulSet,
    /// `apps/v1` ReplicaSet.
    ReplicaSet,
    /// `v1` ReplicationController.
    ReplicationController,
}

impl TargetKind {
    /// The resource as the API server names it in refusals.
    pub const fn resource(self) -> &'static str {
        match self {
            TargetKind::Deployment => "deployments.apps",
            TargetKind::StatefulSet => "statefulsets.apps",
            TargetKind::ReplicaSet => "replicasets.apps",
            TargetKind::ReplicationController => "replicationcontrollers",
        }
    }
}

/// Where a metric comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricSource {
    /// cpu or memory of all containers, or of one of them.
    Resource {
        /// `cpu` or `memory`.
        name: Sym,
        /// The container; none for the whole pod.
        container: Option<Sym>,
    },
    /// A metric that each pod has.
    Pods {
        /// Its name.
        name: Sym,
    },
    /// A metric of one object.
    Object {
        /// The metric's name.
        name: Sym,
        /// The object's kind.
        kind: Sym,
        /// The object's name.
        object: Sym,
        /// The metric's selector, as Go prints it.
        selector: Sym,
    },
    /// A metric from outside of the cluster.
    External {
        /// Its name.
        name: Sym,
        /// Its selector, as Go prints it.
        selector: Sym,
    },
}

/// What a metric is to be, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricTarget {
    /// Percent of the request, on average over the pods.
    Utilization(i32),
    /// So much for each pod.
    AverageValue(i64),
    /// So much in all.
    Value(i64),
    /// None that its source can have: the controller refuses it.
    Missing,
}

/// One entry of `spec.metrics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Where it comes from.
    pub source: MetricSource,
    /// What it is to be.
    pub target: MetricTarget,
}

/// `selectPolicy`: which of several limits counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelectPolicy {
    /// The one that allows the largest change.
    #[default]
    Max,
    /// The one that allows the smallest change.
    Min,
    /// None: no change in this direction.
    Disabled,
}

/// A limit of how fast the size may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScalingPolicy {
    /// Percent of the size if true, pods if false.
    pub percent: bool,
    /// How many, or how many percent.
    pub value: i32,
    /// Within this span.
    pub period: Millis,
}

/// `behavior.scaleUp` or `behavior.scaleDown`.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalingRules {
    /// Stabilisation window; none for the controller's own (down only).
    pub window: Option<Millis>,
    /// Which policy counts.
    pub select: SelectPolicy,
    /// Policies.
    pub policies: Vec<ScalingPolicy>,
    /// How far a metric may be off without anything being done; none for the controller's own.
    pub tolerance: Option<f64>,
}

/// `spec.behavior`, with the API server's defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct Behavior {
    /// Growing.
    pub up: ScalingRules,
    /// Shrinking.
    pub down: ScalingRules,
}

/// A HorizontalPodAutoscaler.
#[derive(Clone, Debug, PartialEq)]
pub struct Autoscaler {
    /// Name, namespace, life.
    pub meta: Meta,
    /// Kind of what it scales.
    pub target_kind: TargetKind,
    /// Name of what it scales.
    pub target: Sym,
    /// `minReplicas`.
    pub least: i32,
    /// `maxReplicas`.
    pub most: i32,
    /// `metrics`.
    pub metrics: Vec<Metric>,
    /// `behavior`; none where absent, which is another algorithm.
    pub behavior: Option<Behavior>,
    /// Status.
    pub status: AutoscalerStatus,
}

impl Autoscaler {
    /// Whether one of its metrics still has a value when there are no pods.
    pub fn can_scale_to_zero(&self) -> bool {
        self.metrics.iter().any(|m| matches!(m.source, MetricSource::Object { .. } | MetricSource::External { .. }))
    }
}

/// What a metric was at the last look, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetricStatus {
    /// Percent of the request.
    pub utilization: Option<i32>,
    /// For each pod.
    pub average: Option<i64>,
    /// In all.
    pub value: Option<i64>,
}

/// `status` of a HorizontalPodAutoscaler.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AutoscalerStatus {
    /// `spec.replicas` of what it scales, at the last look.
    pub current: i32,
    /// What it should be.
    pub desired: i32,
    /// The metrics, as listed in the spec; empty where they were not looked at.
    pub metrics: Vec<MetricStatus>,
    /// When it last scaled.
    pub last_scale: Option<Time>,
    /// Conditions.
    pub conditions: Vec<Condition>,
}
