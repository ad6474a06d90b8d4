//! Checks of validation that every object goes through, and those of workloads' outer fields.
//!
//! Owns metadata, label selectors and the match of selector and template
//! (`k8s.io/apimachinery/pkg/api/validation`, `pkg/apis/apps/validation`, `pkg/apis/batch/validation`, v1.37). What runs in
//! a pod is checked in `validate_pod`. Not every rule of the API server is here; those that are, are its own.

use super::field::{Errors, Field, FieldError, Reason};
use super::kinds::Kind;
use super::names::{self, is_dns_label};
use super::tree::{NodeId, Tree};
use super::{validate_pod, validate_service};

/// The field errors of an object that decodes, in the order the rules run.
#[must_use]
pub fn check(tree: &Tree, root: NodeId, kind: &Kind) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let object = Field::root(tree, root);
    metadata(&object.get("metadata"), kind, &mut errors);
    let spec = object.get("spec");
    match kind.kind {
        "Pod" => validate_pod::pod(&spec, &["Always", "OnFailure", "Never"], &mut errors),
        "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet" => workload(&spec, kind.kind, &mut errors),
        "ReplicationController" => replication_controller(&spec, &mut errors),
        "Job" => job(&spec, &mut errors),
        "CronJob" => cron_job(&spec, &mut errors),
        "PodTemplate" => template(&object.get("template"), &["Always", "OnFailure", "Never"], &mut errors),
        "Service" => validate_service::service(&spec, &mut errors),
        "PodDisruptionBudget" => budget(&spec, &mut errors),
        "HorizontalPodAutoscaler" => autoscaler(&spec, &mut errors),
        "NetworkPolicy" => selector(&spec.get("podSelector"), &mut errors),
        "PersistentVolumeClaim" => validate_service::claim(&spec, &mut errors),
        "PersistentVolume" => validate_service::volume(&spec, &mut errors),
        "StorageClass" => storage_class(&object, &mut errors),
        "PriorityClass" => priority_class(&object, &mut errors),
        "ConfigMap" => config_keys(&[object.get("data"), object.get("binaryData")], &mut errors),
        "Secret" => config_keys(&[object.get("data")], &mut errors),
        _ => {}
    }
    errors.0
}

/// `ValidateObjectMetaAccessor`.
fn metadata(meta: &Field<'_>, kind: &Kind, errors: &mut Errors) {
    let (name, generate) = (meta.get("name"), meta.get("generateName"));
    let asks = kind.api_version.starts_with("auth");
    if name.is_empty() && generate.is_empty() {
        if !asks {
            errors.required(&name);
        }
    } else if !name.is_empty()
        && let Some(form) = names::refused(kind, name.text())
    {
        errors.invalid(&name, format!("it must consist of {form}"));
    }
    let namespace = meta.get("namespace");
    if kind.namespaced && !namespace.is_empty() && !is_dns_label(namespace.text()) {
        errors.invalid(&namespace, "it must consist of lower-case letters, digits and `-`");
    }
    labels(&meta.get("labels"), errors);
    annotations(&meta.get("annotations"), errors);
    for finalizer in meta.get("finalizers").items() {
        if !is_qualified_name(finalizer.text()) {
            errors.invalid(&meta.get("finalizers"), "a finalizer must be a qualified name");
        }
    }
    for owner in meta.get("ownerReferences").items() {
        for name in ["apiVersion", "kind", "name", "uid"] {
            let field = owner.get(name);
            if field.is_empty() {
                if name == "apiVersion" { errors.invalid(&field, "it must be set") } else { errors.required(&field) }
            }
        }
    }
}

/// `ValidateLabels`: errors name the map, not the entry.
pub(super) fn labels(labels: &Field<'_>, errors: &mut Errors) {
    for (key, value) in labels.entries() {
        if !is_qualified_name(key) {
            errors.invalid(labels, "a label's key must be a qualified name: `name` or `dns.domain/name`");
        }
        if !is_label_value(value.text()) {
            errors.invalid(
                labels,
                "a label's value must be at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
            );
        }
    }
}

/// `ValidateAnnotations`: keys are compared in lower case; at most 256 KiB in all.
pub(super) fn annotations(annotations: &Field<'_>, errors: &mut Errors) {
    let mut size = 0;
    for (key, value) in annotations.entries() {
        if !is_qualified_name(&key.to_lowercase()) {
            errors.invalid(annotations, "an annotation's key must be a qualified name: `name` or `dns.domain/name`");
        }
        size += key.len() + value.text().len();
    }
    if size > 256 * 1024 {
        errors.add(annotations, Reason::TooLong, "annotations may hold at most 262144 bytes");
    }
}

/// `IsQualifiedName`: an optional DNS domain and `/`, then at most 63 of `[-A-Za-z0-9_.]` with letters or digits at both ends.
pub(super) fn is_qualified_name(text: &str) -> bool {
    let name = match text.split_once('/') {
        Some((domain, name)) if names::is_dns_subdomain(domain) => name,
        Some(_) => return false,
        None => text,
    };
    !name.is_empty() && is_label_value(name)
}

/// `IsValidLabelValue`.
pub(super) fn is_label_value(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |b: Option<&u8>| b.is_none_or(u8::is_ascii_alphanumeric);
    let inner = |b: &u8| b.is_ascii_alphanumeric() || b"-_.".contains(b);
    bytes.len() <= 63 && edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(inner)
}

/// `ValidateLabelSelector`.
pub(super) fn selector(selector: &Field<'_>, errors: &mut Errors) {
    labels(&selector.get("matchLabels"), errors);
    for requirement in selector.get("matchExpressions").items() {
        let values = requirement.get("values");
        match requirement.get("operator").text() {
            "In" | "NotIn" if values.is_empty() => errors.required(&values),
            "In" | "NotIn" => {
                for value in values.items() {
                    if !is_label_value(value.text()) {
                        errors.invalid(&value, "it is not a label's value");
                    }
                }
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                errors.add(&values, Reason::Forbidden, "it may not be set when `operator` is Exists or DoesNotExist");
            }
            "Exists" | "DoesNotExist" => {}
            _ => errors.invalid(&requirement.get("operator"), "it must be one of In, NotIn, Exists, DoesNotExist"),
        }
        if !is_qualified_name(requirement.get("key").text()) {
            errors.invalid(&requirement.get("key"), "it must be a label's key");
        }
    }
}

/// Whether labels satisfy a selector (`LabelSelectorAsSelector(…).Matches`); `None` where the selector is not one.
fn selects(selector: &Field<'_>, labels: &Field<'_>) -> Option<bool> {
    let labels = labels.entries();
    let value = |key: &str| labels.iter().find(|(k, _)| *k == key).map(|(_, v)| v.text());
    for (key, wanted) in selector.get("matchLabels").entries() {
        if !is_qualified_name(key) || !is_label_value(wanted.text()) {
            return None;
        }
        if value(key) != Some(wanted.text()) {
            return Some(false);
        }
    }
    for requirement in selector.get("matchExpressions").items() {
        let found = value(requirement.get("key").text());
        let listed = found.is_some_and(|found| requirement.get("values").items().iter().any(|v| v.text() == found));
        let holds = match requirement.get("operator").text() {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => found.is_some(),
            "DoesNotExist" => found.is_none(),
            _ => return None,
        };
        if !holds {
            return Some(false);
        }
    }
    Some(true)
}

/// `ValidateDeploymentSpec`, `ValidateReplicaSetSpec`, `ValidateDaemonSetSpec`, `ValidateStatefulSetSpec`.
fn workload(spec: &Field<'_>, kind: &str, errors: &mut Errors) {
    for name in ["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"] {
        errors.within(&spec.get(name), 0..=i64::MAX);
    }
    let (wanted, pod_template) = (spec.get("selector"), spec.get("template"));
    if !wanted.is_set() {
        errors.required(&wanted);
    } else {
        selector(&wanted, errors);
        if wanted.get("matchLabels").is_empty() && wanted.get("matchExpressions").is_empty() {
            errors.invalid(&wanted, "an empty selector is not allowed");
        }
    }
    let template_labels = pod_template.at(&["metadata", "labels"]);
    if !wanted.is_set() || selects(&wanted, &template_labels) == Some(false) {
        errors.invalid(&template_labels, "the selector does not match these labels");
    }
    template(&pod_template, &["Always"], errors);
    let strategies: (&str, &[&str]) = match kind {
        "Deployment" => ("strategy", &["Recreate", "RollingUpdate"]),
        "ReplicaSet" => return,
        _ => ("updateStrategy", &["RollingUpdate", "OnDelete"]),
    };
    if kind == "StatefulSet" {
        let policy = spec.get("podManagementPolicy");
        if policy.is_set() && !["OrderedReady", "Parallel"].contains(&policy.text()) {
            errors.invalid(&policy, "it must be OrderedReady or Parallel");
        }
    }
    let strategy = spec.get(strategies.0);
    let kind_of = strategy.get("type");
    if kind_of.is_set() && !strategies.1.contains(&kind_of.text()) {
        let reason = if kind == "StatefulSet" { Reason::Invalid } else { Reason::NotSupported };
        errors.add(&kind_of, reason, format!("it must be one of {}", strategies.1.join(", ")));
    }
    if kind_of.text() == "Recreate" && strategy.get("rollingUpdate").is_set() {
        errors.add(&strategy.get("rollingUpdate"), Reason::Forbidden, "it may not be set when `type` is Recreate");
    }
}

/// A pod template: its labels, annotations and pod.
fn template(template: &Field<'_>, restart_policies: &[&str], errors: &mut Errors) {
    let path = template.path().to_owned();
    // `ValidatePodTemplateSpec` names labels by `template.labels`, without `metadata`.
    let mut own = Errors::default();
    labels(&template.at(&["metadata", "labels"]), &mut own);
    annotations(&template.at(&["metadata", "annotations"]), &mut own);
    for mut error in own.0 {
        error.field = error.field.replacen(&format!("{path}.metadata."), &format!("{path}."), 1);
        errors.0.push(error);
    }
    validate_pod::pod(&template.get("spec"), restart_policies, errors);
}

fn replication_controller(spec: &Field<'_>, errors: &mut Errors) {
    errors.within(&spec.get("replicas"), 0..=i64::MAX);
    errors.within(&spec.get("minReadySeconds"), 0..=i64::MAX);
    let (wanted, pod_template) = (spec.get("selector"), spec.get("template"));
    let template_labels = pod_template.at(&["metadata", "labels"]);
    if !pod_template.is_set() {
        errors.required(&pod_template);
        return;
    }
    // Defaults to the template's labels.
    if wanted.is_empty() && template_labels.is_empty() {
        errors.required(&wanted);
    }
    let carried = template_labels.entries();
    let holds = |(key, value): &(&str, Field<'_>)| carried.iter().any(|(k, v)| k == key && v.text() == value.text());
    if !wanted.entries().iter().all(holds) {
        errors.invalid(&template_labels, "the selector does not match these labels");
    }
    template(&pod_template, &["Always"], errors);
}

/// `validateJobSpec`, the plain part.
fn job(spec: &Field<'_>, errors: &mut Errors) {
    for name in ["parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"] {
        errors.within(&spec.get(name), 0..=i64::MAX);
    }
    let policy = spec.at(&["template", "spec", "restartPolicy"]);
    if policy.is_empty() {
        // Defaults to Always, which Jobs do not take.
        errors.add(&policy, Reason::Required, "valid values are OnFailure and Never");
    }
    template(&spec.get("template"), &["OnFailure", "Never", ""], errors);
    let mode = spec.get("completionMode");
    errors.one_of(&mode, &["NonIndexed", "Indexed"]);
    if mode.text() == "Indexed" && !spec.get("completions").is_set() {
        errors.add(&spec.get("completions"), Reason::Required, "it must be set when `completionMode` is Indexed");
    }
}

fn cron_job(spec: &Field<'_>, errors: &mut Errors) {
    if spec.get("schedule").is_empty() {
        errors.required(&spec.get("schedule"));
    }
    errors.one_of(&spec.get("concurrencyPolicy"), &["Allow", "Forbid", "Replace"]);
    for name in ["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
        errors.within(&spec.get(name), 0..=i64::MAX);
    }
    let job_template = spec.get("jobTemplate");
    labels(&job_template.at(&["metadata", "labels"]), errors);
    job(&job_template.get("spec"), errors);
}

/// `ValidatePodDisruptionBudgetSpec`.
fn budget(spec: &Field<'_>, errors: &mut Errors) {
    let (least, most) = (spec.get("minAvailable"), spec.get("maxUnavailable"));
    if least.is_set() && most.is_set() {
        errors.invalid(spec, "`minAvailable` and `maxUnavailable` exclude each other");
    }
    for field in [least, most] {
        count_or_percent(&field, errors);
    }
    selector(&spec.get("selector"), errors);
    let policy = spec.get("unhealthyPodEvictionPolicy");
    errors.one_of(&policy, &["IfHealthyBudget", "AlwaysAllow"]);
}

/// `ValidatePositiveIntOrPercent` and `IsNotMoreThan100Percent`.
fn count_or_percent(field: &Field<'_>, errors: &mut Errors) {
    if !field.is_set() {
        return;
    }
    if let Some(count) = field.integer() {
        if count < 0 {
            errors.invalid(field, "it must not be negative");
        }
        return;
    }
    let digits = field.text().strip_suffix('%').filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
    match digits {
        None => errors.invalid(field, "a percentage is digits followed by %"),
        Some(digits) if digits.parse::<u64>().is_ok_and(|percent| percent <= 100) => {}
        Some(_) => errors.invalid(field, "it must not be more than 100%"),
    }
}

fn autoscaler(spec: &Field<'_>, errors: &mut Errors) {
    let most = spec.get("maxReplicas");
    let least = spec.get("minReplicas");
    if most.integer().unwrap_or(0) < 1 {
        errors.invalid(&most, "it must be at least 1");
    }
    if least.integer().is_some_and(|least| least > most.integer().unwrap_or(0)) {
        errors.invalid(&most, "it must not be less than `minReplicas`");
    }
    let target = spec.get("scaleTargetRef");
    for name in ["kind", "name"] {
        if target.get(name).is_empty() {
            errors.required(&target.get(name));
        }
    }
}

fn storage_class(object: &Field<'_>, errors: &mut Errors) {
    if object.get("provisioner").is_empty() {
        errors.required(&object.get("provisioner"));
    }
    errors.one_of(&object.get("reclaimPolicy"), &["Delete", "Retain"]);
    errors.one_of(&object.get("volumeBindingMode"), &["Immediate", "WaitForFirstConsumer"]);
}

fn priority_class(object: &Field<'_>, errors: &mut Errors) {
    let system = object.at(&["metadata", "name"]).text().starts_with("system-");
    if !system && object.get("value").integer().is_some_and(|value| value > 1_000_000_000) {
        errors.add(&object.get("value"), Reason::Forbidden, "the greatest value of one's own class is 1000000000");
    }
    errors.one_of(&object.get("preemptionPolicy"), &["PreemptLowerPriority", "Never"]);
}

/// `IsConfigMapKey`: at most 253 of `[-._a-zA-Z0-9]`, not `.` nor beginning with `..`.
fn config_keys(maps: &[Field<'_>], errors: &mut Errors) {
    for map in maps {
        for (key, value) in map.entries() {
            let ok = !key.is_empty()
                && key.len() <= 253
                && key != "."
                && !key.starts_with("..")
                && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
            if !ok {
                errors.invalid(&value, "a key consists of letters, digits, `-`, `_` and `.`");
            }
        }
    }
}
