//! Autoscalers and disruption budgets.
//!
//! Owns `pkg/apis/autoscaling/validation/validation.go` and `pkg/apis/policy/validation/validation.go` (v1.37).

use super::apps::{at_most_all, count_or_percent};
use super::resources::container_resource;
use super::selector::selector;
use crate::manifest::field::{Errors, Field};
use crate::manifest::names::{is_dns_label, is_path_segment};
use crate::units::quantity::Quantity;

/// `ValidatePodDisruptionBudgetSpec`.
pub(super) fn budget(spec: &Field<'_>, errors: &mut Errors) {
    let (available, unavailable) = (spec.get("minAvailable"), spec.get("maxUnavailable"));
    if available.is_set() && unavailable.is_set() {
        errors.invalid(spec, "minAvailable and maxUnavailable cannot both be set");
    }
    for field in [available, unavailable] {
        count_or_percent(&field, errors);
        at_most_all(&field, errors);
    }
    selector(&spec.get("selector"), errors);
    let policy = spec.get("unhealthyPodEvictionPolicy");
    if policy.is_set() {
        errors.must_be_one_of(&policy, &["AlwaysAllow", "IfHealthyBudget"]);
    }
}

/// `ValidateHorizontalPodAutoscaler`.
pub(super) fn autoscaler(object: &Field<'_>, api_version: &str, errors: &mut Errors) {
    let spec = object.get("spec");
    let (least, most) = (spec.get("minReplicas"), spec.get("maxReplicas"));
    errors.nonnegative(&least);
    if most.int() == 0 {
        errors.required(&most);
    } else {
        errors.within(&most, 1..=i64::MAX);
    }
    if least.is_set() && most.int() < least.int() {
        errors.invalid(&most, "it must be greater than or equal to `minReplicas`");
    }
    let target = spec.get("scaleTargetRef");
    reference(&target, errors);
    let version = target.get("apiVersion");
    // The only kind of the core group that can be scaled.
    if !version.text().contains('/') && target.get("kind").text() != "ReplicationController" {
        errors.invalid(&version, "it must name an API group: `apps/v1`");
    }
    if api_version == "autoscaling/v1" {
        // Its only metric is looked at as the first of a list.
        let target = spec.get("targetCPUUtilizationPercentage");
        if target.is_set() && target.int() < 1 {
            let place = spec.get("metrics").item(0).at(&["resource", "target", "averageUtilization"]);
            errors.invalid(&place, "it must be greater than 0");
        }
        return;
    }
    let metrics = spec.get("metrics");
    metrics.items().for_each(|metric| self::metric(&metric, errors));
    let outside = metrics.items().any(|m| matches!(m.get("type").text(), "Object" | "External"));
    if least.integer() == Some(0) && !outside {
        errors.forbidden(&metrics, "there must be an Object or External metric to scale to zero replicas");
    }
    for rules in ["scaleUp", "scaleDown"] {
        let rules = spec.get("behavior").get(rules);
        if rules.is_set() {
            scaling_rules(&rules, errors);
        }
    }
}

/// `ValidateCrossVersionObjectReference`.
fn reference(reference: &Field<'_>, errors: &mut Errors) {
    for name in ["kind", "name"] {
        let field = reference.get(name);
        if field.is_empty() {
            errors.required(&field);
        } else {
            errors.form(&field, is_path_segment(field.text()), "no `/` and no `%`");
        }
    }
    let version = reference.get("apiVersion");
    if version.text().matches('/').count() > 1 {
        errors.invalid(&version, "it must be `group/version` or `version`");
    }
}

fn scaling_rules(rules: &Field<'_>, errors: &mut Errors) {
    errors.within(&rules.get("stabilizationWindowSeconds"), 0..=3600);
    let select = rules.get("selectPolicy");
    if select.is_set() {
        errors.must_be_one_of(&select, &["Disabled", "Max", "Min"]);
    }
    let policies = rules.get("policies");
    if policies.is_empty() {
        errors.required(&policies);
    }
    for policy in policies.items() {
        errors.must_be_one_of(&policy.get("type"), &["Percent", "Pods"]);
        for (name, most) in [("value", i64::MAX), ("periodSeconds", 1800)] {
            let field = policy.get(name);
            if field.int() <= 0 || field.int() > most {
                errors.invalid(&field, format!("it must be greater than zero, and at most {most}"));
            }
        }
    }
    let tolerance = rules.get("tolerance");
    if tolerance.quantity().is_some_and(|t| t < Quantity::ZERO) {
        errors.invalid(&tolerance, "it must be greater than or equal to 0");
    }
}

/// `validateMetricSpec`.
fn metric(metric: &Field<'_>, errors: &mut Errors) {
    const TYPES: [(&str, &str); 5] = [
        ("Object", "object"),
        ("External", "external"),
        ("Pods", "pods"),
        ("Resource", "resource"),
        ("ContainerResource", "containerResource"),
    ];
    let kind = metric.get("type");
    if kind.is_empty() {
        errors.required(&kind);
    }
    let expected = TYPES.iter().find(|(name, _)| *name == kind.text()).map(|(_, field)| *field);
    if expected.is_none() {
        errors.not_supported(&kind, &["ContainerResource", "External", "Object", "Pods", "Resource"]);
    }
    let present: Vec<&str> = TYPES.iter().map(|(_, field)| *field).filter(|field| metric.get(field).is_set()).collect();
    if let Some(first) = present.first() {
        source(first, &metric.get(first), errors);
    }
    if let Some(expected) = expected.filter(|e| !metric.get(e).is_set()) {
        errors.required(&metric.get(expected));
    }
    if present.len() != 1 {
        for other in present.into_iter().filter(|p| Some(*p) != expected) {
            errors.forbidden(&metric.get(other), "only the source of the metric's type may be set");
        }
    }
}

fn source(kind: &str, source: &Field<'_>, errors: &mut Errors) {
    let target = source.get("target");
    let (value, average, utilization) = (target.get("value"), target.get("averageValue"), target.get("averageUtilization"));
    match kind {
        "object" => reference(&source.get("describedObject"), errors),
        "resource" | "containerResource" => {
            let name = source.get("name");
            if name.is_empty() {
                errors.required(&name);
            } else if kind == "containerResource" {
                container_resource(&name, name.text(), errors);
            }
            let container = source.get("container");
            if kind == "containerResource" {
                if container.is_empty() {
                    errors.required(&container);
                } else {
                    errors.form(&container, is_dns_label(container.text()), "at most 63 lower-case letters, digits and `-`");
                }
            }
        }
        _ => {}
    }
    if matches!(kind, "object" | "external" | "pods") {
        let (metric, name) = (source.get("metric"), source.at(&["metric", "name"]));
        if name.is_empty() {
            errors.required(&name);
        } else {
            errors.form(&name, is_path_segment(name.text()), "no `/` and no `%`");
        }
        selector(&metric.get("selector"), errors);
    }
    let kind_of = target.get("type");
    if kind_of.is_empty() {
        errors.required(&kind_of);
    }
    if !["Utilization", "Value", "AverageValue"].contains(&kind_of.text()) {
        errors.invalid(&kind_of, "it must be Utilization, Value or AverageValue");
    }
    for amount in [value, average] {
        if amount.quantity().is_some_and(|a| a.sign() != 1) {
            errors.invalid(&amount, "it must be positive");
        }
    }
    errors.within(&utilization, 1..=i64::MAX);
    let both = match kind {
        "object" | "external" => {
            if !value.is_set() && !average.is_set() {
                errors.required(&average);
            }
            (kind == "external" && value.is_set() && average.is_set()).then_some(value)
        }
        "pods" => {
            if !average.is_set() {
                errors.required(&average);
            }
            None
        }
        _ => {
            if !utilization.is_set() && !average.is_set() {
                errors.required(&utilization);
            }
            (utilization.is_set() && average.is_set()).then_some(average)
        }
    };
    if let Some(field) = both {
        errors.forbidden(&field, "only one of the target's values may be set");
    }
}
