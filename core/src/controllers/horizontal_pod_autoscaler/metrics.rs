//! What the metrics of an autoscaler ask for together (`computeReplicasForMetrics` and below, `pkg/controller/podautoscaler/horizontal.go`,
//! v1.37), with the errors that users get to read.

use super::Flags;
use super::replicas::{Measure, NothingRequested, Proposal, Tolerances, for_pods, for_value, for_value_per_pod};
use super::usage::Scene;
use crate::cluster::Cluster;
use crate::cluster::autoscalers::{Autoscaler, Metric, MetricSource, MetricStatus, MetricTarget};
use crate::units::quantity::Quantity;

/// Sizes as the scale subresource shows them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// `spec.replicas`.
    pub(super) spec: i32,
    /// `status.replicas`.
    pub(super) status: i32,
}

/// A metric that could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    /// Reason of the condition and of the event.
    pub(super) reason: &'static str,
    /// What the condition and the event say.
    pub(super) told: String,
    /// The same, as it is passed on.
    passed_on: String,
}

/// What all metrics together ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wanted {
    /// The largest proposal, its metric, and that metric against its target in words; none where metrics failed so that nothing is done.
    pub(super) replicas: Option<(i32, String, String)>,
    /// What was measured, as listed in the spec.
    pub(super) statuses: Vec<MetricStatus>,
    /// The metrics that failed.
    pub(super) failed: Vec<Failed>,
    /// The error of the look, if any failed.
    pub(super) error: Option<String>,
}

/// One metric's proposal.
struct Answer {
    replicas: i32,
    name: String,
    told: String,
    status: MetricStatus,
}

/// Asks all metrics.
pub(super) fn ask(cluster: &Cluster, scaler: &Autoscaler, scale: Scale, scene: &Scene, tolerances: Tolerances, flags: &Flags) -> Wanted {
    let mut wanted = Wanted::default();
    let mut largest: Option<(i32, String, String)> = None;
    let asking = Asking { cluster, scaler, scale, scene, tolerances, flags };
    for metric in &scaler.metrics {
        match asking.metric(metric) {
            Ok(answer) => {
                if largest.as_ref().is_none_or(|(most, ..)| *most == 0 || answer.replicas > *most) {
                    largest = Some((answer.replicas, answer.name, answer.told));
                }
                wanted.statuses.push(answer.status);
            }
            Err(failed) => {
                wanted.failed.push(failed);
                wanted.statuses.push(MetricStatus::default());
            }
        }
    }
    let count = wanted.failed.len();
    if let Some(first) = wanted.failed.first() {
        let all = scaler.metrics.len();
        wanted.error = Some(format!("invalid metrics ({count} invalid out of {all}), first error is: {}", first.passed_on));
    }
    // Nothing shrinks while a part of what has to be known is not.
    let shrinks = largest.as_ref().is_none_or(|(most, ..)| *most < scale.spec);
    wanted.replicas = largest.filter(|_| count == 0 || !shrinks);
    wanted
}

struct Asking<'a> {
    cluster: &'a Cluster,
    scaler: &'a Autoscaler,
    scale: Scale,
    scene: &'a Scene<'a>,
    tolerances: Tolerances,
    flags: &'a Flags,
}

impl Asking<'_> {
    fn metric(&self, metric: &Metric) -> Result<Answer, Failed> {
        match metric.source {
            MetricSource::Resource { .. } => self.resource(metric),
            MetricSource::Pods { .. } => self.pods(metric),
            MetricSource::Object { .. } => self.object(metric),
            MetricSource::External { .. } => self.external(metric),
        }
    }

    /// What pods' samples ask for; a resource's requests are needed for utilization alone.
    fn of_pods(&self, source: MetricSource, measure: Measure, nobody: &str) -> Result<Proposal, String> {
        let samples = self.scene.samples(source);
        if samples.iter().all(Option::is_none) {
            return Err(nobody.to_owned());
        }
        let is_cpu = matches!(source, MetricSource::Resource { name, .. } if self.cluster.text(name) == "cpu");
        let none = vec![0; samples.len()];
        let counted = self.scene.groups(&samples, &none, is_cpu, self.flags).counted;
        if counted.is_empty() {
            return Err("did not receive metrics for targeted pods (pods might be unready)".to_owned());
        }
        let requests = match (source, measure) {
            (MetricSource::Resource { name, container }, Measure::Utilization(_)) => self.scene.requests(name, container)?,
            _ => none,
        };
        let groups = self.scene.groups(&samples, &requests, is_cpu, self.flags);
        for_pods(&groups, measure, self.scale.spec, self.tolerances)
            .map_err(|NothingRequested| "no metrics returned matched known pods".to_owned())
    }

    fn resource(&self, metric: &Metric) -> Result<Answer, Failed> {
        let MetricSource::Resource { name, container } = metric.source else { return Err(unknown_source()) };
        let resource = self.cluster.text(name);
        let fail = |told: String| {
            let passed_on = match container {
                None => format!("failed to get {resource} resource metric value: {told}"),
                Some(container) => format!("failed to get {} container metric value: {told}", self.cluster.text(container)),
            };
            let reason = if container.is_none() { "FailedGetResourceMetric" } else { "FailedGetContainerResourceMetric" };
            Failed { reason, told, passed_on }
        };
        let (measure, what) = match metric.target {
            MetricTarget::Utilization(percent) => (Measure::Utilization(percent), "utilization"),
            MetricTarget::AverageValue(value) => (Measure::Amount(value), "usage"),
            MetricTarget::Value(_) | MetricTarget::Missing => {
                let why =
                    "invalid resource metric source: neither an average utilization target nor an average value (usage) target was set";
                return Err(fail(why.to_owned()));
            }
        };
        let nobody = format!("unable to get metrics for resource {resource}: no metrics returned from resource metrics API");
        let found = self.of_pods(metric.source, measure, &nobody).map_err(|why| fail(format!("failed to get {resource} {what}: {why}")))?;
        let of_container = if container.is_some() { "container " } else { "" };
        let (name, told) = match measure {
            Measure::Utilization(target) => (
                format!("{resource} {of_container}resource utilization (percentage of request)"),
                format!("{resource} {} % of {target} %", found.utilization.unwrap_or(0)),
            ),
            Measure::Amount(target) => {
                let amount = |milli: i64| match resource {
                    "memory" => Quantity::from_bytes(milli / 1_000),
                    _ => Quantity::from_milli(milli),
                };
                (format!("{resource} resource"), format!("{resource} {} of {} by each pod", amount(found.average), amount(target)))
            }
        };
        let status = MetricStatus { utilization: found.utilization, average: Some(found.average), value: None };
        Ok(Answer { replicas: found.replicas, name, told, status })
    }

    fn pods(&self, metric: &Metric) -> Result<Answer, Failed> {
        let (MetricSource::Pods { name }, MetricTarget::AverageValue(target)) = (metric.source, metric.target) else {
            return Err(unknown_source());
        };
        let name = self.cluster.text(name);
        let nobody = format!(
            "unable to get metric {name}: unable to fetch metrics from custom metrics API: no custom metrics API \
             (custom.metrics.k8s.io) registered"
        );
        let found = self.of_pods(metric.source, Measure::Amount(target), &nobody).map_err(|told| Failed {
            reason: "FailedGetPodsMetric",
            passed_on: format!("failed to get pods metric value: {told}"),
            told,
        })?;
        Ok(Answer {
            replicas: found.replicas,
            name: format!("pods metric {name}"),
            told: format!("{name} {} of {} by each pod", Quantity::from_milli(found.average), Quantity::from_milli(target)),
            status: MetricStatus { utilization: None, average: Some(found.average), value: None },
        })
    }

    fn object(&self, metric: &Metric) -> Result<Answer, Failed> {
        let MetricSource::Object { name, kind, object, selector } = metric.source else { return Err(unknown_source()) };
        let (metric_name, kind, object) = (self.cluster.text(name), self.cluster.text(kind), self.cluster.text(object));
        let fail = |told: String, passed_on: String| Failed {
            reason: "FailedGetObjectMetric",
            told,
            passed_on: format!("failed to get object metric value: {passed_on}"),
        };
        let namespace = self.cluster.namespace_name(self.scaler.meta.namespace);
        let nothing = || {
            format!(
                "unable to get metric {metric_name} on {kind} {namespace}/{object}: unable to fetch metrics from custom metrics API: \
                 no custom metrics API (custom.metrics.k8s.io) registered"
            )
        };
        match (metric.target, self.scene.value(name)) {
            (MetricTarget::Value(_), None) => Err(fail(nothing(), nothing())),
            (MetricTarget::AverageValue(_), None) => {
                Err(fail(nothing(), format!("failed to get {metric_name} object metric: {}", nothing())))
            }
            (MetricTarget::Value(target), Some(value)) => {
                Ok(Answer { name: format!("{kind} metric {metric_name}"), ..self.in_all(metric_name, value, target) })
            }
            (MetricTarget::AverageValue(target), Some(value)) => {
                let name = format!("external metric {metric_name}({})", self.cluster.text(selector));
                Ok(Answer { name, ..self.for_each(metric_name, value, target) })
            }
            _ => {
                let why = "invalid object metric source: neither a value target nor an average value target was set".to_owned();
                Err(fail(why.clone(), why))
            }
        }
    }

    fn external(&self, metric: &Metric) -> Result<Answer, Failed> {
        let MetricSource::External { name, selector } = metric.source else { return Err(unknown_source()) };
        let (metric_name, selector) = (self.cluster.text(name), self.cluster.text(selector));
        let fail = |told: String, passed_on: String| Failed {
            reason: "FailedGetExternalMetric",
            told,
            passed_on: format!("failed to get {metric_name} external metric value: {passed_on}"),
        };
        let namespace = self.cluster.namespace_name(self.scaler.meta.namespace);
        let nothing = || {
            format!(
                "unable to get external metric {namespace}/{metric_name}/{selector}: unable to fetch metrics from external metrics API: \
                 the server could not find the requested resource (get {metric_name}.external.metrics.k8s.io)"
            )
        };
        let named = |answer: Answer| Answer { name: format!("external metric {metric_name}({selector})"), ..answer };
        match (metric.target, self.scene.value(name)) {
            (MetricTarget::AverageValue(_), None) => {
                Err(fail(nothing(), format!("failed to get {metric_name} external metric: {}", nothing())))
            }
            (MetricTarget::Value(_), None) => Err(fail(nothing(), format!("failed to get external metric {metric_name}: {}", nothing()))),
            (MetricTarget::AverageValue(target), Some(value)) => Ok(named(self.for_each(metric_name, value, target))),
            (MetricTarget::Value(target), Some(value)) => Ok(named(self.in_all(metric_name, value, target))),
            _ => {
                let why = "invalid external metric source: neither a value target nor an average value target was set".to_owned();
                Err(fail(why.clone(), why))
            }
        }
    }

    /// A value against a target in all.
    fn in_all(&self, metric: &str, value: i64, target: i64) -> Answer {
        Answer {
            replicas: for_value(value, target, self.scale.spec, self.scene.ready(), self.tolerances),
            name: String::new(),
            told: format!("{metric} {} of {}", Quantity::from_milli(value), Quantity::from_milli(target)),
            status: MetricStatus { utilization: None, average: None, value: Some(value) },
        }
    }

    /// A value against a target for each pod.
    fn for_each(&self, metric: &str, value: i64, target: i64) -> Answer {
        let (replicas, each) = for_value_per_pod(value, target, self.scale.status, self.tolerances);
        Answer {
            replicas,
            name: String::new(),
            told: format!("{metric} {} in all, {} for each pod", Quantity::from_milli(value), Quantity::from_milli(target)),
            status: MetricStatus { utilization: None, average: Some(each), value: None },
        }
    }
}

/// What validation does not let through.
fn unknown_source() -> Failed {
    let told = "unknown metric source type".to_owned();
    Failed { reason: "InvalidMetricSourceType", passed_on: told.clone(), told }
}
