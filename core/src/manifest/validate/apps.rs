//! Workloads that keep pods running.
//!
//! Owns `pkg/apis/apps/validation/validation.go` and `ValidateReplicationController` of `pkg/apis/core/validation` (v1.37).

use serde_json::{Value, json};

use super::pod::template;
use super::selector::{self, is_empty, selects};
use super::storage;
use crate::manifest::field::{Errors, Field, Paths, Reason};
use crate::manifest::forms::is_percent;
use crate::manifest::names::is_dns_label;

pub(super) fn check(object: &Field<'_>, kind: &str, errors: &mut Errors) {
    let spec = object.get("spec");
    match kind {
        "Deployment" => deployment(&spec, errors),
        "ReplicaSet" => {
            errors.nonnegative(&spec.get("replicas"));
            errors.nonnegative(&spec.get("minReadySeconds"));
            selected(&spec, errors);
        }
        "DaemonSet" => daemon_set(&spec, errors),
        "StatefulSet" => stateful_set(&spec, errors),
        "ReplicationController" => replication_controller(&spec, errors),
        _ => {
            errors.nonnegative(&object.get("revision"));
            let data = object.get("data");
            if !data.value().is_some_and(serde_json::Value::is_object) {
                errors.required(&data);
            }
        }
    }
}

/// A selector that is required, not empty and matches the template.
fn selected<'a>(spec: &Field<'a>, errors: &mut Errors) {
    let (wanted, pods) = (spec.get("selector"), spec.get("template"));
    required_selector(&wanted, errors);
    match selects(&wanted, &pods.at(&["metadata", "labels"])) {
        None => errors.invalid(&wanted, "it is not a selector"),
        Some(matched) => {
            // No selector at all selects nothing.
            if !matched && !is_empty(&wanted) || !wanted.is_set() {
                errors.invalid(&pods.at(&["metadata", "labels"]), "`selector` does not match template `labels`");
            }
            template(&pods, errors);
            always(&pods, errors);
        }
    }
}

fn required_selector(wanted: &Field<'_>, errors: &mut Errors) {
    if !wanted.is_set() {
        return errors.required(wanted);
    }
    selector::selector(wanted, errors);
    if is_empty(wanted) {
        errors.invalid(wanted, "an empty selector is not allowed");
    }
}

/// What keeps running restarts its pods for ever.
fn always(template: &Field<'_>, errors: &mut Errors) {
    let spec = template.get("spec");
    let (policy, deadline) = (spec.get("restartPolicy"), spec.get("activeDeadlineSeconds"));
    if policy.text() != "Always" {
        errors.not_supported(&policy, &["Always"]);
    }
    if deadline.is_set() {
        errors.forbidden(&deadline, "it may not be set in the template of a workload that keeps its pods running");
    }
}

fn deployment(spec: &Field<'_>, errors: &mut Errors) {
    errors.nonnegative(&spec.get("replicas"));
    selected(spec, errors);
    let strategy = spec.get("strategy");
    let rolling = strategy.get("rollingUpdate");
    match strategy.get("type").text() {
        "Recreate" => {
            if rolling.is_set() {
                errors.forbidden(&rolling, "it may not be set when strategy `type` is Recreate");
            }
        }
        "RollingUpdate" => {
            let (surge, unavailable) = (rolling.get("maxSurge"), rolling.get("maxUnavailable"));
            count_or_percent(&unavailable, errors);
            count_or_percent(&surge, errors);
            if number(&surge) == 0 && number(&unavailable) == 0 {
                errors.invalid(&unavailable, "it may not be 0 when `maxSurge` is 0");
            }
            at_most_all(&unavailable, errors);
        }
        _ => errors.not_supported(&strategy, &["Recreate", "RollingUpdate"]),
    }
    let (ready, deadline) = (spec.get("minReadySeconds"), spec.get("progressDeadlineSeconds"));
    for field in [ready, spec.get("revisionHistoryLimit"), deadline] {
        errors.nonnegative(&field);
    }
    if deadline.is_set() && deadline.int() <= ready.int() {
        errors.invalid(&deadline, "it must be greater than minReadySeconds");
    }
}

fn daemon_set(spec: &Field<'_>, errors: &mut Errors) {
    let (wanted, pods) = (spec.get("selector"), spec.get("template"));
    selector::selector(&wanted, errors);
    let names = pods.at(&["metadata", "labels"]);
    if !wanted.is_set() || selects(&wanted, &names) == Some(false) {
        errors.invalid(&names, "`selector` does not match template `labels`");
    }
    if wanted.is_set() && is_empty(&wanted) {
        errors.invalid(&wanted, "an empty selector is not allowed");
    }
    template(&pods, errors);
    always(&pods, errors);
    errors.nonnegative(&spec.get("minReadySeconds"));
    errors.nonnegative(&spec.get("revisionHistoryLimit"));
    let strategy = spec.get("updateStrategy");
    match strategy.get("type").text() {
        "OnDelete" => {}
        "RollingUpdate" => {
            let rolling = strategy.get("rollingUpdate");
            let (surge, unavailable) = (rolling.get("maxSurge"), rolling.get("maxUnavailable"));
            for field in [unavailable, surge] {
                count_or_percent(&field, errors);
                at_most_all(&field, errors);
            }
            match (number(&unavailable) != 0, number(&surge) != 0) {
                (true, true) => errors.invalid(&surge, "it may not be set when maxUnavailable is not 0"),
                (false, false) => errors.add(&unavailable, Reason::Required, "it cannot be 0 when maxSurge is 0"),
                _ => {}
            }
        }
        _ => errors.not_supported(&strategy, &["RollingUpdate", "OnDelete"]),
    }
}

fn stateful_set(spec: &Field<'_>, errors: &mut Errors) {
    let policy = spec.get("podManagementPolicy");
    if !["OrderedReady", "Parallel"].contains(&policy.text()) {
        errors.invalid(&policy, "it must be OrderedReady or Parallel");
    }
    let strategy = spec.get("updateStrategy");
    let rolling = strategy.get("rollingUpdate");
    match strategy.get("type").text() {
        "OnDelete" => {
            if rolling.is_set() {
                errors.invalid(&rolling, "it may only be set when updateStrategy `type` is RollingUpdate");
            }
        }
        "RollingUpdate" => {
            let unavailable = rolling.get("maxUnavailable");
            errors.nonnegative(&rolling.get("partition"));
            if unavailable.is_set() {
                count_or_percent(&unavailable, errors);
                if number(&unavailable) == 0 {
                    errors.invalid(&unavailable, "it cannot be 0");
                }
                at_most_all(&unavailable, errors);
            }
        }
        _ => errors.invalid(&strategy, "its type must be RollingUpdate or OnDelete"),
    }
    for name in ["whenDeleted", "whenScaled"] {
        errors.must_be_one_of(&spec.get("persistentVolumeClaimRetentionPolicy").get(name), &["Retain", "Delete"]);
    }
    for claim in spec.get("volumeClaimTemplates").items() {
        storage::claim_spec(&claim.get("spec"), errors);
    }
    errors.nonnegative(&spec.get("replicas"));
    errors.nonnegative(&spec.get("minReadySeconds"));
    errors.nonnegative(&spec.at(&["ordinals", "start"]).named(spec, "ordinals.start"));
    let service = spec.get("serviceName");
    errors.form(&service, service.is_empty() || is_dns_label(service.text()), "the form of a Service's name");
    let (wanted, pods) = (spec.get("selector"), spec.get("template"));
    required_selector(&wanted, errors);
    let names = pods.at(&["metadata", "labels"]);
    match selects(&wanted, &names) {
        None => errors.invalid(&wanted, "it is not a selector"),
        Some(matched) => {
            if !matched && !is_empty(&wanted) || !wanted.is_set() {
                errors.invalid(&names, "`selector` does not match template `labels`");
            }
            claimed_template(spec, errors);
        }
    }
    always(&pods, errors);
}

/// The template as its pods will have it: with a volume for each claim, before all others, and with names of their own.
fn claimed_template(spec: &Field<'_>, errors: &mut Errors) {
    let Some(mut pods) = spec.get("template").value().cloned() else { return };
    let names: Vec<&str> = spec.get("volumeClaimTemplates").items().map(|c| c.at(&["metadata", "name"]).text()).collect();
    if let Some(pod) = pods.get_mut("spec").and_then(Value::as_object_mut) {
        pod.shift_remove("subdomain");
        pod.shift_remove("hostname");
        let mut volumes: Vec<Value> = Vec::new();
        for (index, name) in names.iter().enumerate() {
            if !names[..index].contains(name) {
                volumes.push(json!({"name": name, "persistentVolumeClaim": {"claimName": name}}));
            }
        }
        let own = pod.get("volumes").and_then(Value::as_array).cloned().unwrap_or_default();
        volumes.extend(own.into_iter().filter(|v| !names.contains(&v.get("name").and_then(Value::as_str).unwrap_or(""))));
        if !volumes.is_empty() {
            pod.insert("volumes".to_owned(), volumes.into());
        }
    }
    let object = json!({"spec": {"template": pods}});
    let paths = Paths::default();
    template(&Field::root(&object, &paths).at(&["spec", "template"]), errors);
}

/// `ValidateReplicationControllerSpec`.
fn replication_controller(spec: &Field<'_>, errors: &mut Errors) {
    errors.nonnegative(&spec.get("minReadySeconds"));
    let (wanted, replicas, pods) = (spec.get("selector"), spec.get("replicas"), spec.get("template"));
    if wanted.is_empty() {
        errors.required(&wanted);
    }
    if replicas.is_set() {
        errors.nonnegative(&replicas)
    } else {
        errors.required(&replicas)
    }
    if !pods.is_set() {
        return errors.required(&pods);
    }
    let names = pods.at(&["metadata", "labels"]);
    let matched =
        wanted.entries().all(|(key, value)| names.value().and_then(|n| n.get(key)).and_then(|v| v.as_str()) == Some(value.text()));
    if !matched {
        errors.invalid(&names, "`selector` does not match template `labels`");
    }
    template(&pods, errors);
    always(&pods, errors);
}

/// The number of an int-or-percent field; what is neither counts as nothing.
fn number(field: &Field<'_>) -> i64 {
    field.integer().or_else(|| field.text().strip_suffix('%').unwrap_or(field.text()).parse().ok()).unwrap_or(0)
}

/// `ValidatePositiveIntOrPercent`.
pub(super) fn count_or_percent(field: &Field<'_>, errors: &mut Errors) {
    if field.integer().is_some() {
        errors.nonnegative(field);
    } else if field.is_set() && !is_percent(field.text()) {
        errors.invalid(field, "it must be an integer or a percentage, such as 5%");
    }
}

/// `IsNotMoreThan100Percent`.
pub(super) fn at_most_all(field: &Field<'_>, errors: &mut Errors) {
    if is_percent(field.text()) && number(field) > 100 {
        errors.invalid(field, "it must not be greater than 100%");
    }
}
