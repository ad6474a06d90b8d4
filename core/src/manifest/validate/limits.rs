//! Limit ranges and quotas.
//!
//! Owns `ValidateLimitRange` and `ValidateResourceQuota` of `pkg/apis/core/validation/validation.go` (v1.37).

use std::collections::BTreeSet;

use super::resources::{amount, container_resource, is_quota_resource, may_overcommit, quota_resource, resource_name};
use crate::manifest::field::{Errors, Field};
use crate::manifest::forms::is_qualified_name;
use crate::units::gather::Gather;
use crate::units::quantity::Quantity;

pub(super) fn limit_range(spec: &Field<'_>, errors: &mut Errors) {
    let mut types = BTreeSet::new();
    for limit in spec.get("limits").items() {
        let kind = limit.get("type");
        if !is_qualified_name(kind.text()) {
            errors.invalid(&kind, "it must be a qualified name");
        } else if !kind.text().contains('/') && !["Pod", "Container", "PersistentVolumeClaim"].contains(&kind.text()) {
            errors.invalid(&kind, "it must be a standard limit type or fully qualified");
        }
        if !types.insert(kind.text()) {
            errors.duplicate(&kind);
        }
        item(&limit, kind.text(), errors);
    }
}

fn item(limit: &Field<'_>, kind: &str, errors: &mut Errors) {
    let mut names = BTreeSet::new();
    for list in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
        let amounts = limit.get(list);
        if kind == "Pod" && matches!(list, "default" | "defaultRequest") {
            if !amounts.is_empty() {
                errors.forbidden(&amounts, "it may not be set when `type` is Pod");
            }
            continue;
        }
        for (name, field) in amounts.entries() {
            if matches!(kind, "Pod" | "Container") {
                container_resource(&field, name, errors);
            } else {
                resource_name(&field, name, errors);
            }
            names.insert(name);
        }
    }
    let has = |list: &'static str| limit.get(list).entry("storage").is_set();
    if kind == "PersistentVolumeClaim" && !has("min") && !has("max") {
        errors.required(&limit.get("limits"));
    }
    for name in names {
        let value = |list: &'static str| limit.get(list).entry(name).quantity().filter(|_| kind != "Pod" || !list.starts_with("default"));
        let (min, max, default, request) = (value("min"), value("max"), value("default"), value("defaultRequest"));
        let above = |a: Option<Quantity>, b: Option<Quantity>| a.zip(b).is_some_and(|(a, b)| a > b);
        for (wrong, list, message) in [
            (above(min, max), "min", "it is greater than max"),
            (above(min, request), "defaultRequest", "it is less than min"),
            (above(request, max), "defaultRequest", "it is greater than max"),
            (above(request, default), "defaultRequest", "it is greater than default"),
            (above(min, default), "default", "it is less than min"),
            (above(default, max), "default", "it is greater than max"),
        ] {
            if wrong {
                errors.invalid(&limit.get(list).entry(name), message);
            }
        }
        let ratio_field = limit.get("maxLimitRequestRatio").entry(name);
        if let Some(ratio) = ratio_field.quantity() {
            if ratio < Quantity::from_value(1) {
                errors.invalid(&ratio_field, "it must not be less than 1");
            }
            // Division by nothing gives no bound.
            if let Some((min, max)) = min.zip(max).filter(|(min, _)| !min.is_zero())
                && i128::from(ratio.milli_value()) * i128::from(min.milli_value()) > i128::from(max.milli_value()) * 1000
            {
                errors.invalid(&ratio_field, "it is greater than max/min");
            }
        }
        if !may_overcommit(name) && default.zip(request).is_some_and(|(d, r)| d != r) {
            errors.invalid(&limit.get("defaultRequest").entry(name), "it must be equal to default for what cannot be overcommitted");
        }
    }
}

/// `ValidateResourceQuotaSpec`.
pub(super) fn quota(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    let hard = spec.get("hard");
    for (name, field) in hard.entries() {
        quota_resource(&field, name, errors);
        amount(&field, name, errors);
    }
    let scopes = spec.get("scopes");
    for scope in scopes.texts() {
        unfit(&scopes, scope, &scopes, &hard, errors);
    }
    conflicts(scopes.texts(), &scopes, errors);
    let expressions = spec.at(&["scopeSelector", "matchExpressions"]);
    for requirement in expressions.items() {
        let (scope, operator, values) =
            (requirement.get("scopeName").text(), requirement.get("operator").text(), requirement.get("values"));
        // Errors are named after the list.
        let (name_place, operator_place, values_place) =
            (expressions.get("scopeName"), expressions.get("operator"), expressions.get("values"));
        unfit(&name_place, scope, &expressions, &hard, errors);
        let existing = ["BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity"];
        if existing.contains(&scope) && operator != "Exists" {
            errors.invalid(&operator_place, "it must be Exists for this scope");
        }
        match operator {
            "In" | "NotIn" if values.is_empty() => errors.required(&values_place),
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                errors.invalid(&values_place, "there must be none when `operator` is Exists or DoesNotExist")
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            _ => errors.invalid(&operator_place, "it must be In, NotIn, Exists or DoesNotExist"),
        }
    }
    let names: Vec<&str> = expressions.items().map(|r| r.get("scopeName").text()).collect();
    conflicts(names.into_iter(), &expressions, errors);
}

fn unfit(name_place: &Field<'_>, scope: &str, place: &Field<'_>, hard: &Field<'_>, errors: &mut Errors) {
    const PODS: [&str; 7] = ["pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
    const SCOPES: [&str; 7] = [
        "Terminating",
        "NotTerminating",
        "BestEffort",
        "NotBestEffort",
        "PriorityClass",
        "VolumeAttributesClass",
        "CrossNamespacePodAffinity",
    ];
    if !SCOPES.contains(&scope) {
        errors.invalid(name_place, "unsupported scope");
    }
    for (resource, _) in hard.entries() {
        if !is_quota_resource(resource) {
            continue;
        }
        let fits = match scope {
            "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" | "CrossNamespacePodAffinity" => PODS.contains(&resource),
            "BestEffort" => resource == "pods",
            "VolumeAttributesClass" => matches!(resource, "persistentvolumeclaims" | "requests.storage"),
            _ => true,
        };
        if !fits {
            errors.invalid(place, "unsupported scope applied to resource");
        }
    }
}

fn conflicts<'a>(scopes: impl Iterator<Item = &'a str>, place: &Field<'_>, errors: &mut Errors) {
    let all: BTreeSet<&str> = scopes.gather();
    for (one, other) in [("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")] {
        if all.contains(one) && all.contains(other) {
            errors.invalid(place, "conflicting scopes");
        }
    }
}
