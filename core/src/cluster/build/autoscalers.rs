//! HorizontalPodAutoscalers from their objects, with the API server's defaults (`pkg/apis/autoscaling/v2/defaults.go`, v1.37).

use k8s_openapi::api::autoscaling::v2::{
    HPAScalingRules, HorizontalPodAutoscaler as WrittenAutoscaler, HorizontalPodAutoscalerBehavior, MetricIdentifier, MetricSpec,
    MetricTarget as WrittenTarget,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::Builder;
use super::insert::{Inserted, Thing, carry};
use crate::cluster::autoscalers::*;
use crate::cluster::ids::AutoscalerId;
use crate::cluster::origin::Origin;
use crate::manifest::{Diagnostic, DiagnosticId};
use crate::units::intern::{Interner, Sym};
use crate::units::quantity::Quantity;
use crate::units::text::visible_short;
use crate::units::time::SECOND;

/// Percent of the cpu request, where no metric is given.
const DEFAULT_UTILIZATION: i32 = 80;

impl Builder<'_> {
    /// A HorizontalPodAutoscaler. None for one whose target is of a kind that is not simulated: that is said.
    pub fn compile_autoscaler(&mut self, written: &WrittenAutoscaler, origin: Option<Origin>) -> Option<Autoscaler> {
        let spec = &written.spec;
        let reference = &spec.scale_target_ref;
        let group = reference.api_version.as_deref().and_then(|v| v.split_once('/')).map_or("", |(group, _)| group);
        let target_kind = match (group, reference.kind.as_str()) {
            ("apps" | "extensions", "Deployment") => TargetKind::Deployment,
            ("apps" | "extensions", "ReplicaSet") => TargetKind::ReplicaSet,
            ("apps", "StatefulSet") => TargetKind::StatefulSet,
            ("", "ReplicationController") => TargetKind::ReplicationController,
            (_, kind) => {
                let kind = visible_short(kind, 80);
                let message = format!("this autoscaler does nothing here: it scales {kind} {}", visible_short(&reference.name, 80));
                let help = "Deployments and ReplicaSets and StatefulSets of apps/v1 and ReplicationControllers of v1 are scaled";
                let told = Diagnostic::info(DiagnosticId("WT2024"), message).help(help);
                self.tell(origin.map(|o| Origin { pointer: "/spec/scaleTargetRef", ..o }), told);
                return None;
            }
        };
        let meta = self.meta(&written.metadata, origin);
        let text = &mut self.cluster.text;
        let listed = spec.metrics.as_deref().unwrap_or_default();
        let mut metrics: Vec<Metric> = listed.iter().filter_map(|m| metric(text, m)).collect();
        if metrics.is_empty() {
            let source = MetricSource::Resource { name: text.intern("cpu"), container: None };
            metrics.push(Metric { source, target: MetricTarget::Utilization(DEFAULT_UTILIZATION) });
        }
        Some(Autoscaler {
            target_kind,
            target: text.intern(&reference.name),
            least: spec.min_replicas.unwrap_or(1).max(0),
            most: spec.max_replicas.max(0),
            metrics,
            behavior: spec.behavior.as_ref().map(behavior),
            status: AutoscalerStatus::default(),
            meta,
        })
    }

    /// Puts an autoscaler into the cluster; its status stays with its name.
    pub(super) fn put_autoscaler(&mut self, mut new: Autoscaler) -> Inserted {
        let same = |a: &Autoscaler| !a.meta.gone && a.meta.namespace == new.meta.namespace && a.meta.name == new.meta.name;
        let Some(i) = self.cluster.autoscalers.iter().position(same) else {
            self.cluster.autoscalers.push(new);
            return Inserted::new(Thing::Autoscaler(AutoscalerId::from_index(self.cluster.autoscalers.len() - 1)), true);
        };
        let old = &mut self.cluster.autoscalers[i];
        carry(&old.meta, &mut new.meta);
        new.meta.generation += 1;
        new.status = std::mem::take(&mut old.status);
        *old = new;
        Inserted::new(Thing::Autoscaler(AutoscalerId::from_index(i)), false)
    }
}

/// Thousandths of a quantity.
fn milli(written: Option<&Written>) -> Option<i64> {
    Quantity::parse(&written?.0).ok().map(|q| q.milli_value())
}

fn metric(text: &mut Interner, written: &MetricSpec) -> Option<Metric> {
    // An average value goes before a utilization, where both are there (`computeStatusForResourceMetricGeneric`).
    let of_resource = |target: &WrittenTarget| match (milli(target.average_value.as_ref()), target.average_utilization) {
        (Some(value), _) => MetricTarget::AverageValue(value),
        (None, Some(percent)) => MetricTarget::Utilization(percent),
        (None, None) => MetricTarget::Missing,
    };
    Some(match written.type_.as_str() {
        "Resource" => {
            let resource = written.resource.as_ref()?;
            let source = MetricSource::Resource { name: text.intern(&resource.name), container: None };
            Metric { source, target: of_resource(&resource.target) }
        }
        "ContainerResource" => {
            let resource = written.container_resource.as_ref()?;
            let container = Some(text.intern(&resource.container));
            Metric {
                source: MetricSource::Resource { name: text.intern(&resource.name), container },
                target: of_resource(&resource.target),
            }
        }
        "Pods" => {
            let pods = written.pods.as_ref()?;
            let target = milli(pods.target.average_value.as_ref()).map_or(MetricTarget::Missing, MetricTarget::AverageValue);
            Metric { source: MetricSource::Pods { name: text.intern(&pods.metric.name) }, target }
        }
        "Object" => {
            let object = written.object.as_ref()?;
            let target = match object.target.type_.as_str() {
                "Value" => milli(object.target.value.as_ref()).map(MetricTarget::Value),
                "AverageValue" => milli(object.target.average_value.as_ref()).map(MetricTarget::AverageValue),
                _ => None,
            };
            let source = MetricSource::Object {
                name: text.intern(&object.metric.name),
                kind: text.intern(&object.described_object.kind),
                object: text.intern(&object.described_object.name),
                selector: selector_text(text, &object.metric),
            };
            Metric { source, target: target.unwrap_or(MetricTarget::Missing) }
        }
        "External" => {
            let external = written.external.as_ref()?;
            let average = milli(external.target.average_value.as_ref()).map(MetricTarget::AverageValue);
            let target = average.or(milli(external.target.value.as_ref()).map(MetricTarget::Value));
            let source =
                MetricSource::External { name: text.intern(&external.metric.name), selector: selector_text(text, &external.metric) };
            Metric { source, target: target.unwrap_or(MetricTarget::Missing) }
        }
        _ => return None,
    })
}

/// A metric's selector as `%+v` prints it in Go: the generated `String` of `LabelSelector`.
fn selector_text(text: &mut Interner, metric: &MetricIdentifier) -> Sym {
    let told = metric.selector.as_ref().map_or("nil".to_owned(), go_text);
    text.intern(&told)
}

fn go_text(selector: &LabelSelector) -> String {
    let labels: String = selector.match_labels.iter().flatten().map(|(k, v)| format!("{k}: {v},")).collect();
    let expressions = selector.match_expressions.iter().flatten();
    let expressions: String = expressions
        .map(|e| {
            let values = e.values.as_deref().unwrap_or_default().join(" ");
            format!("LabelSelectorRequirement{{Key:{},Operator:{},Values:[{values}],}},", e.key, e.operator)
        })
        .collect();
    let labels = format!("map[string]string{{{labels}}}");
    format!("&LabelSelector{{MatchLabels:{labels},MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}")
}

/// `SetDefaults_HorizontalPodAutoscalerBehavior`: what is not said of a direction is the default's.
fn behavior(written: &HorizontalPodAutoscalerBehavior) -> Behavior {
    let policy = |percent: bool, value: i32| ScalingPolicy { percent, value, period: 15 * SECOND };
    let up =
        ScalingRules { window: Some(0), select: SelectPolicy::Max, policies: vec![policy(false, 4), policy(true, 100)], tolerance: None };
    let down = ScalingRules { window: None, select: SelectPolicy::Max, policies: vec![policy(true, 100)], tolerance: None };
    Behavior { up: rules(written.scale_up.as_ref(), up), down: rules(written.scale_down.as_ref(), down) }
}

fn rules(written: Option<&HPAScalingRules>, default: ScalingRules) -> ScalingRules {
    let Some(written) = written else { return default };
    let seconds = |s: i32| i64::from(s.max(0)) * SECOND;
    ScalingRules {
        window: written.stabilization_window_seconds.map(seconds).or(default.window),
        select: match written.select_policy.as_deref() {
            None => default.select,
            Some("Min") => SelectPolicy::Min,
            Some("Disabled") => SelectPolicy::Disabled,
            Some(_) => SelectPolicy::Max,
        },
        policies: written.policies.as_ref().map_or(default.policies, |policies| {
            let one = |p: &k8s_openapi::api::autoscaling::v2::HPAScalingPolicy| ScalingPolicy {
                percent: p.type_ == "Percent",
                value: p.value,
                period: seconds(p.period_seconds),
            };
            policies.iter().map(one).collect()
        }),
        tolerance: milli(written.tolerance.as_ref()).map(|thousandths| thousandths as f64 / 1_000.0),
    }
}
