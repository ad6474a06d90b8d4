//! One look of an autoscaler (`reconcileAutoscaler`, `pkg/controller/podautoscaler/horizontal.go`, v1.37).

use super::limits::{History, Sizes, limit};
use super::metrics::{Scale, Wanted, ask};
use super::replicas::Tolerances;
use super::usage::{Scene, pods_of};
use super::{Flags, SOURCE};
use crate::apiserver::Api;
use crate::cluster::autoscalers::{Autoscaler, AutoscalerStatus};
use crate::cluster::ids::AutoscalerId;
use crate::cluster::labels::Selector;
use crate::cluster::workloads::{Condition, set_condition};
use crate::cluster::{Cluster, Workload};
use crate::trace::{Change, Subject};
use crate::units::time::Time;

/// What a look remembers until the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Recommendations and changes.
    pub(super) history: History,
    /// What was said at the last look that something went wrong: it is not said again until something else is.
    told: Vec<String>,
}

/// What an autoscaler scales, and which autoscalers do.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The workload.
    pub(super) workload: Workload,
    /// All autoscalers that scale it, this one among them.
    pub(super) scalers: Vec<AutoscalerId>,
}

/// Looks; tells whether anything came of it.
pub(super) fn look(api: &mut Api, id: AutoscalerId, target: Option<&Target>, seen: &mut Seen, flags: &Flags) -> bool {
    let before = api.cluster().autoscalers[id.index()].status.clone();
    let mut looking = Looking { id, status: before.clone(), warnings: Vec::new() };
    let rescaled = looking.reconcile(api, target, seen, flags);
    let Looking { status, warnings, .. } = looking;
    if warnings != seen.told {
        for warning in &warnings {
            let (reason, message) = warning.split_once(": ").unwrap_or(("", warning));
            api.event(Subject::Autoscaler(id), true, reason, message, SOURCE);
        }
        seen.told = warnings;
    }
    let changed = status != before;
    api.set_autoscaler_status(id, status);
    rescaled || changed
}

struct Looking {
    id: AutoscalerId,
    status: AutoscalerStatus,
    /// `Reason: message` of each warning.
    warnings: Vec<String>,
}

impl Looking {
    fn condition(&mut self, now: Time, kind: &'static str, is: bool, reason: &'static str, message: impl Into<String>) {
        let status = if is { "True" } else { "False" };
        // These conditions have no moment of their last update: a look that finds what the last one found changes nothing.
        let new = Condition { kind, status, reason, message: message.into(), transition: now, update: Time::ZERO };
        set_condition(&mut self.status.conditions, new);
    }

    fn is_true(&self, kind: &str) -> bool {
        self.status.conditions.iter().any(|c| c.kind == kind && c.status == "True")
    }

    fn warn(&mut self, reason: &str, message: &str) {
        self.warnings.push(format!("{reason}: {message}"));
    }

    /// Tells whether the size was changed.
    fn reconcile(&mut self, api: &mut Api, target: Option<&Target>, seen: &mut Seen, flags: &Flags) -> bool {
        let now = api.now();
        let scaler = api.cluster().autoscalers[self.id.index()].clone();
        let Some((target, scale)) = target.and_then(|t| scale_of(api.cluster(), t.workload).map(|scale| (t, scale))) else {
            let error = format!("{} {:?} not found", scaler.target_kind.resource(), api.cluster().text(scaler.target));
            self.warn("FailedGetScale", &error);
            let message = format!("the HPA controller was unable to get the target's current scale: {error}");
            self.condition(now, "AbleToScale", false, "FailedGetScale", message);
            return false;
        };
        let got = "the HPA controller was able to get the target's current scale";
        self.condition(now, "AbleToScale", true, "SucceededGetScale", got);
        let current = scale.spec;
        seen.history.begin(now, current);
        let scaled_to_zero = self.is_true("ScaledToZero");
        let can_leave_zero = scaled_to_zero && scaler.can_scale_to_zero();
        let (desired, reason, why);
        if current == 0 && !(scaled_to_zero && scaler.least != 0) && !can_leave_zero {
            let message = "scaling is disabled since the replica count of the target is zero";
            self.condition(now, "ScalingActive", false, "ScalingDisabled", message);
            self.write(current, 0, Vec::new());
            return false;
        } else if current > scaler.most {
            (desired, reason) = (scaler.most, "Current number of replicas above Spec.MaxReplicas".to_owned());
            why = format!("more than maxReplicas {}", scaler.most);
            self.status.metrics.clear();
        } else if current != 0 && current < scaler.least {
            (desired, reason) = (scaler.least, "Current number of replicas below Spec.MinReplicas".to_owned());
            why = format!("less than minReplicas {}", scaler.least);
            self.status.metrics.clear();
        } else {
            let wanted = self.ask(api.cluster(), &scaler, target, scale, now, flags);
            self.status.metrics = wanted.statuses;
            let Some((metric_replicas, metric, told)) = wanted.replicas else {
                self.status.current = current;
                if let Some(error) = wanted.error {
                    self.warn("FailedComputeMetricsReplicas", &error);
                }
                return false;
            };
            let metric_replicas = metric_replicas.max(0);
            let sizes = Sizes { current, wanted: metric_replicas, least: scaler.least, most: scaler.most };
            let found = limit(sizes, scaler.behavior.as_ref(), &mut seen.history, now, flags.downscale_stabilization);
            self.condition(now, "AbleToScale", true, found.able.0, found.able.1);
            self.condition(now, "ScalingLimited", found.limited, found.limit.0, found.limit.1);
            let mut text = match metric_replicas {
                more if more > current => format!("{metric} above target"),
                less if less < current => "All metrics below target".to_owned(),
                _ => String::new(),
            };
            let raised = current == 0 && scaler.least != 0 && scaled_to_zero && found.replicas < scaler.least;
            if raised && text.is_empty() {
                text = "Current number of replicas below Spec.MinReplicas".to_owned();
            }
            desired = if raised { scaler.least } else { found.replicas };
            (reason, why) = (text, told);
        }
        let rescale = desired != current;
        if rescale {
            self.rescale(api, target.workload, &scaler, (current, desired), (&reason, &why));
            seen.history.changed(now, current, desired);
            self.status.last_scale = Some(now.floor_to_second());
        }
        let metrics = std::mem::take(&mut self.status.metrics);
        self.write(current, desired, metrics);
        rescale
    }

    fn write(&mut self, current: i32, desired: i32, metrics: Vec<crate::cluster::autoscalers::MetricStatus>) {
        self.status.current = current;
        self.status.desired = desired;
        self.status.metrics = metrics;
    }

    /// Asks the metrics and says what became of it.
    fn ask(&mut self, cluster: &Cluster, scaler: &Autoscaler, target: &Target, scale: Scale, now: Time, flags: &Flags) -> Wanted {
        if let Some(message) = ambiguous(cluster, target) {
            self.warn("AmbiguousSelector", &message);
            self.condition(now, "ScalingActive", false, "AmbiguousSelector", message.clone());
            return Wanted { error: Some(message), ..Wanted::default() };
        }
        let of = |pick: fn(&crate::cluster::autoscalers::Behavior) -> Option<f64>| scaler.behavior.as_ref().and_then(pick);
        let tolerances =
            Tolerances { down: of(|b| b.down.tolerance).unwrap_or(flags.tolerance), up: of(|b| b.up.tolerance).unwrap_or(flags.tolerance) };
        let scene = Scene::new(cluster, target.workload, now);
        let wanted = ask(cluster, scaler, scale, &scene, tolerances, flags);
        for failed in &wanted.failed {
            self.warn(failed.reason, &failed.told);
        }
        match (&wanted.replicas, wanted.failed.first()) {
            (None, Some(first)) => {
                let message = format!("the HPA was unable to compute the replica count: {}", first.told);
                self.condition(now, "ScalingActive", false, first.reason, message);
            }
            (Some((_, metric, _)), _) => {
                let message = format!("the HPA was able to successfully calculate a replica count from {metric}");
                self.condition(now, "ScalingActive", true, "ValidMetricFound", message);
            }
            (None, None) => {}
        }
        wanted
    }

    fn rescale(&mut self, api: &mut Api, workload: Workload, scaler: &Autoscaler, sizes: (i32, i32), told: (&str, &str)) {
        let now = api.now();
        let (from, to) = sizes;
        let why = api.trace_mut().text_id(told.1);
        let record = api.record(Subject::Autoscaler(self.id), Change::Autoscaled(from, to, why));
        let before = api.cause();
        api.set_cause(Some(record));
        api.scale(workload, to);
        let message = format!("the HPA controller was able to update the target scale to {to}");
        self.condition(now, "AbleToScale", true, "SucceededRescale", message);
        api.event(Subject::Autoscaler(self.id), false, "SuccessfulRescale", &format!("New size: {to}; reason: {}", told.0), SOURCE);
        api.set_cause(before);
        if from > 0 && to == 0 && scaler.least == 0 && scaler.can_scale_to_zero() {
            self.condition(now, "ScaledToZero", true, "ScaledToZero", "the HPA controller scaled the workload to zero");
        } else {
            let message = "the HPA controller did not scale the workload to zero";
            self.condition(now, "ScaledToZero", false, "NotScaledToZero", message);
        }
    }
}

/// The scale subresource of a workload; none for what has none.
fn scale_of(cluster: &Cluster, workload: Workload) -> Option<Scale> {
    Some(match workload {
        Workload::Deployment(id) => {
            let d = &cluster.deployments[id.index()];
            Scale { spec: d.replicas, status: d.status.replicas }
        }
        Workload::StatefulSet(id) => {
            let s = &cluster.stateful_sets[id.index()];
            Scale { spec: s.replicas, status: s.status.replicas }
        }
        Workload::ReplicaSet(id) => {
            let r = &cluster.replica_sets[id.index()];
            Scale { spec: r.replicas, status: r.status.replicas }
        }
        Workload::DaemonSet(_) | Workload::Job(_) | Workload::Pod(_) => return None,
    })
}

/// What there is to say of a workload whose pods more than one autoscaler scales.
fn ambiguous(cluster: &Cluster, target: &Target) -> Option<String> {
    let workload = target.workload;
    if target.scalers.len() < 2 || pods_of(cluster, workload).is_empty() {
        return None;
    }
    let selector: &Selector = match workload {
        Workload::Deployment(id) => &cluster.deployments[id.index()].selector,
        Workload::StatefulSet(id) => &cluster.stateful_sets[id.index()].selector,
        Workload::ReplicaSet(id) => &cluster.replica_sets[id.index()].selector,
        Workload::DaemonSet(_) | Workload::Job(_) | Workload::Pod(_) => return None,
    };
    let named = |id: &AutoscalerId| {
        let meta = &cluster.autoscalers[id.index()].meta;
        format!("{}/{}", cluster.namespace_name(meta.namespace), cluster.text(meta.name))
    };
    let names: Vec<String> = target.scalers.iter().map(named).collect();
    let selector = selector.display(&cluster.text);
    Some(format!("pods by selector {selector} are controlled by more than one HPA (e.g. [{}])", names.join(" ")))
}
