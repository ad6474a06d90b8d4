//! What an old API version meant that its successor says otherwise.
//!
//! Owns the conversions needed to read removed or older versions as the one that is simulated
//! (`pkg/apis/*/v*/conversion.go` and `defaults.go` of the releases that served them).

use k8s_openapi::api::autoscaling::v2::{MetricSpec, MetricTarget, ResourceMetricSource};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::object::Object;
use super::tree::Tree;

/// Completes an object that was decoded as the successor of the version it is written in.
pub(super) fn complete(object: &mut Object, api_version: &str, tree: &Tree) {
    let selectorless = matches!(api_version, "extensions/v1beta1" | "apps/v1beta1");
    match object {
        // `autoscaling/v1` knows only a CPU target (`pkg/apis/autoscaling/v1/conversion.go`).
        Object::HorizontalPodAutoscaler(hpa) if api_version == "autoscaling/v1" => {
            let target = tree.at("/spec/targetCPUUtilizationPercentage").and_then(|n| tree.scalar(n).as_integer());
            if let Some(percent) = target.and_then(|t| i32::try_from(t).ok()) {
                let target =
                    MetricTarget { type_: "Utilization".to_owned(), average_utilization: Some(percent), ..MetricTarget::default() };
                let resource = Some(ResourceMetricSource { name: "cpu".to_owned(), target });
                hpa.spec.metrics = Some(vec![MetricSpec { type_: "Resource".to_owned(), resource, ..MetricSpec::default() }]);
            }
        }
        // The selector used to default to the template's labels.
        Object::Deployment(o) if selectorless => default_selector(&mut o.spec.selector, Some(&o.spec.template)),
        Object::StatefulSet(o) if selectorless => default_selector(&mut o.spec.selector, Some(&o.spec.template)),
        Object::DaemonSet(o) if selectorless => default_selector(&mut o.spec.selector, Some(&o.spec.template)),
        Object::ReplicaSet(o) if selectorless => default_selector(&mut o.spec.selector, o.spec.template.as_ref()),
        _ => {}
    }
}

fn default_selector(selector: &mut LabelSelector, template: Option<&PodTemplateSpec>) {
    if selector.match_labels.is_none() && selector.match_expressions.is_none() {
        selector.match_labels = template.and_then(|t| t.metadata.as_ref()).and_then(|m| m.labels.clone());
    }
}
