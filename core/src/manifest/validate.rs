//! Checks of validation that every object goes through, and those of workloads' outer fields.
//!
//! Owns metadata, label selectors and the match of selector and template
//! (`k8s.io/apimachinery/pkg/api/validation`, `pkg/apis/apps/validation`, `pkg/apis/batch/validation`, v1.37). What runs in
//! a pod is checked in `validate_pod`. Not every rule of the API server is here; those that are, are its own.

use super::field::{Errors, Field, FieldError, Reason};
use super::kinds::Kind;
use super::names::{self, is_dns_label};
use super::tree::{NodeId, Tree};
use super::{validate_pod, validate_rbac, validate_service};

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
        "Secret" => secret(&object, &mut errors),
        "RoleBinding" | "ClusterRoleBinding" => validate_rbac::binding(&object, kind.kind, &mut errors),
        "Role" | "ClusterRole" => validate_rbac::role(&object, kind.kind, &mut errors),
        _ => {}
    }
    errors.0
}

/// `ValidateObjectMetaAccessor`.
fn metadata(meta: &Field<'_>, kind: &Kind, errors: &mut Errors) {
    let (name, generate) = (meta.get("name"), meta.get("generateName"));
    let asks = kind.api_version.starts_with("auth");
    if !generate.is_empty() {
        // A name that ends so is completed before it is used.
        let stem = generate.text().strip_suffix('-').map_or_else(|| generate.text().to_owned(), |stem| format!("{stem}a"));
        if let Some(form) = names::refused(kind, &stem) {
            errors.invalid(&generate, format!("it must consist of {form}"));
            if name.is_empty() {
                errors.invalid(&name, format!("it must consist of {form}"));
            }
        }
    }
    if name.is_empty() && generate.is_empty() {
        if !asks {
            errors.required(&name);
        }
    } else if !name.is_empty()
        && let Some(form) = names::refused(kind, name.text())
    {
        errors.invalid(&name, format!("it must consist of {form}"));
    }
    // A namespace carries its name as a label.
    if kind.kind == "Namespace" && !is_label_value(name.text()) {
        errors.invalid(&meta.get("labels"), "the name is also a label's value");
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
        } else if !finalizer.text().contains('/') && !["orphan", "foregroundDeletion", "kubernetes"].contains(&finalizer.text()) {
            errors.invalid(&finalizer, "a finalizer needs a domain: `example.com/name`");
        }
    }
    let controllers = meta.get("ownerReferences").items().iter().filter(|owner| owner.get("controller").is_true()).count();
    if controllers > 1 {
        errors.invalid(&meta.get("ownerReferences"), "only one owner can be the controller");
    }
    for owner in meta.get("ownerReferences").items() {
        for name in ["apiVersion", "kind", "name", "uid"] {
            let field = owner.get(name);
            if field.is_empty() {
                errors.required(&field);
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
    let mut all = true;
    for (key, wanted) in selector.get("matchLabels").entries() {
        if !is_qualified_name(key) || !is_label_value(wanted.text()) {
            return None;
        }
        all &= value(key) == Some(wanted.text());
    }
    for requirement in selector.get("matchExpressions").items() {
        let (key, values) = (requirement.get("key").text(), requirement.get("values"));
        if !is_qualified_name(key) || values.items().iter().any(|v| !is_label_value(v.text())) {
            return None;
        }
        let found = value(key);
        let listed = found.is_some_and(|found| values.items().iter().any(|v| v.text() == found));
        all &= match (requirement.get("operator").text(), values.is_empty()) {
            ("In", false) => listed,
            ("NotIn", false) => !listed,
            ("Exists", true) => found.is_some(),
            ("DoesNotExist", true) => found.is_none(),
            _ => return None,
        };
    }
    Some(all)
}

/// `ValidateDeploymentSpec`, `ValidateReplicaSetSpec`, `ValidateDaemonSetSpec`, `ValidateStatefulSetSpec`.
fn workload(spec: &Field<'_>, kind: &str, errors: &mut Errors) {
    for name in ["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"] {
        errors.within(&spec.get(name), 0..=i64::MAX);
    }
    let (wanted, pod_template) = (spec.get("selector"), spec.get("template"));
    if !wanted.is_set() {
        if kind != "DaemonSet" {
            errors.required(&wanted);
        }
    } else {
        selector(&wanted, errors);
        if wanted.get("matchLabels").is_empty() && wanted.get("matchExpressions").is_empty() {
            errors.invalid(&wanted, "an empty selector is not allowed");
        }
    }
    let template_labels = pod_template.at(&["metadata", "labels"]);
    match selects(&wanted, &template_labels) {
        _ if !wanted.is_set() => errors.invalid(&template_labels, "there is no selector that matches these labels"),
        Some(true) => {}
        Some(false) => errors.invalid(&template_labels, "the selector does not match these labels"),
        None if kind == "DaemonSet" => {}
        None => errors.invalid(&wanted, "it is not a selector"),
    }
    let claims: Vec<_> = spec.get("volumeClaimTemplates").items();
    let claims: Vec<&str> = claims.iter().map(|claim| claim.at(&["metadata", "name"]).text()).collect();
    template_metadata(&pod_template, errors);
    validate_pod::pod_with_claims(&pod_template.get("spec"), &claims, &["Always"], errors);
    let strategies: (&str, &[&str]) = match kind {
        "Deployment" => ("strategy", &["Recreate", "RollingUpdate"]),
        "ReplicaSet" => return,
        _ => ("updateStrategy", &["RollingUpdate", "OnDelete"]),
    };
    if kind == "StatefulSet" {
        let policy = spec.get("podManagementPolicy");
        if !policy.is_empty() && !["OrderedReady", "Parallel"].contains(&policy.text()) {
            errors.invalid(&policy, "it must be OrderedReady or Parallel");
        }
    }
    let strategy = spec.get(strategies.0);
    let kind_of = strategy.get("type");
    if kind_of.is_set() && !strategies.1.contains(&kind_of.text()) {
        let reason = if kind == "StatefulSet" { Reason::Invalid } else { Reason::NotSupported };
        errors.add(&strategy, reason, format!("its type must be one of {}", strategies.1.join(", ")));
    }
    let rolling = strategy.get("rollingUpdate");
    if kind_of.text() == "Recreate" && rolling.is_set() {
        errors.add(&rolling, Reason::Forbidden, "it may not be set when `type` is Recreate");
    }
    if kind_of.text() == "RollingUpdate" || !kind_of.is_set() {
        rolling_update(&rolling, kind, errors);
    }
}

/// `ValidateRollingUpdateDeployment`, `ValidateRollingUpdateDaemonSet` and the StatefulSet's.
fn rolling_update(rolling: &Field<'_>, kind: &str, errors: &mut Errors) {
    let (surge, unavailable) = (rolling.get("maxSurge"), rolling.get("maxUnavailable"));
    positive_count_or_percent(&surge, errors);
    positive_count_or_percent(&unavailable, errors);
    let zero = |field: &Field<'_>| field.is_set() && number(field) == Some(0);
    match kind {
        "Deployment" => {
            if zero(&surge) && zero(&unavailable) {
                errors.invalid(&unavailable, "it must not be 0 when `maxSurge` is 0");
            }
            at_most_all(&unavailable, errors);
        }
        "DaemonSet" => {
            at_most_all(&surge, errors);
            at_most_all(&unavailable, errors);
            let (surges, takes) = (surge.is_set() && !zero(&surge), !unavailable.is_set() || !zero(&unavailable));
            if surges && takes && unavailable.is_set() {
                errors.invalid(&surge, "it must be 0 when `maxUnavailable` is not");
            } else if !surges && !takes {
                errors.add(&unavailable, Reason::Required, "it must not be 0 when `maxSurge` is 0");
            }
        }
        _ => {
            errors.within(&rolling.get("partition"), 0..=i64::MAX);
            at_most_all(&unavailable, errors);
            if zero(&unavailable) {
                errors.invalid(&unavailable, "it must not be 0");
            }
        }
    }
}

/// The number of an int-or-percent field; nothing where it is neither.
fn number(field: &Field<'_>) -> Option<i64> {
    field.integer().or_else(|| field.text().strip_suffix('%')?.parse().ok())
}

/// `ValidatePositiveIntOrPercent`.
fn positive_count_or_percent(field: &Field<'_>, errors: &mut Errors) {
    if !field.is_set() {
        return;
    }
    match field.integer() {
        Some(count) if count < 0 => errors.invalid(field, "it must not be negative"),
        Some(_) => {}
        None => {
            let digits = field.text().strip_suffix('%').unwrap_or("");
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                errors.invalid(field, "it must be a number, or digits followed by %");
            }
        }
    }
}

/// `IsNotMoreThan100Percent`.
fn at_most_all(field: &Field<'_>, errors: &mut Errors) {
    if field.integer().is_none() && number(field).is_some_and(|percent| percent > 100) {
        errors.invalid(field, "it must not be more than 100%");
    }
}

/// A pod template: its labels, annotations and pod.
fn template(template: &Field<'_>, restart_policies: &[&str], errors: &mut Errors) {
    template_metadata(template, errors);
    validate_pod::pod(&template.get("spec"), restart_policies, errors);
}

fn template_metadata(template: &Field<'_>, errors: &mut Errors) {
    let path = template.path().to_owned();
    // `ValidatePodTemplateSpec` names labels by `template.labels`, without `metadata`.
    let mut own = Errors::default();
    labels(&template.at(&["metadata", "labels"]), &mut own);
    annotations(&template.at(&["metadata", "annotations"]), &mut own);
    for mut error in own.0 {
        error.field = error.field.replacen(&format!("{path}.metadata."), &format!("{path}."), 1);
        errors.0.push(error);
    }
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
    if policy.is_empty() || policy.text() == "Always" {
        // Always is the default, which Jobs do not take.
        errors.add(&policy, Reason::Required, "valid values are OnFailure and Never");
    }
    template(&spec.get("template"), &["OnFailure", "Never", "Always", ""], errors);
    if spec.get("selector").is_set() && !spec.get("manualSelector").is_true() {
        errors.invalid(&spec.get("selector"), "it is set by the server; leave it out");
        errors.invalid(&spec.at(&["template", "metadata", "labels"]), "they do not match the selector the server sets");
    }
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
        positive_count_or_percent(&field, errors);
        at_most_all(&field, errors);
    }
    selector(&spec.get("selector"), errors);
    let policy = spec.get("unhealthyPodEvictionPolicy");
    errors.one_of(&policy, &["IfHealthyBudget", "AlwaysAllow"]);
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
    let policy = object.get("preemptionPolicy");
    if policy.is_set() && policy.text().is_empty() {
        errors.required(&policy);
    } else {
        errors.one_of(&policy, &["PreemptLowerPriority", "Never"]);
    }
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

/// `ValidateSecret`: keys, and what each type must hold.
fn secret(object: &Field<'_>, errors: &mut Errors) {
    let (data, plain) = (object.get("data"), object.get("stringData"));
    config_keys(std::slice::from_ref(&data), errors);
    let mut added = Errors::default();
    config_keys(std::slice::from_ref(&plain), &mut added);
    // What is in `stringData` has moved to `data` by then.
    for mut error in added.0 {
        error.field = error.field.replacen("stringData", "data", 1);
        errors.0.push(error);
    }
    let wanted: &[&str] = match object.get("type").text() {
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        _ => &[],
    };
    for key in wanted {
        if !data.entry(key).is_set() && plain.entry(key).is_empty() {
            errors.required(&data.entry(key));
        }
    }
    if object.get("type").text() == "kubernetes.io/basic-auth" {
        let has = |key: &str| data.entry(key).is_set() || plain.entry(key).is_set();
        if !has("username") && !has("password") {
            errors.required(&data.entry("username"));
            errors.required(&data.entry("password"));
        }
    }
}
