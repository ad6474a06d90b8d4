//! The defaults of workloads (`pkg/apis/apps/v1/defaults.go`, `pkg/apis/batch/v1/defaults.go`, `pkg/apis/core/v1/defaults.go`, v1.37).
//!
//! Owns what is around a pod template; the template itself is completed in `pod`.

use serde_json::{Value, json};

use super::edit::{Edit, has_entries};
use super::pod::{pod_metadata, pod_spec};
use super::rest::claim_spec;

/// `SetObjectDefaults_Deployment` and the others.
pub(super) fn workload(object: &mut Value, kind: &str) {
    match kind {
        "PodTemplate" => return template(object),
        "ReplicationController" => replication_controller(object),
        "Job" => {
            let labels = object.pointer("/spec/template/metadata/labels").cloned();
            if let Some(labels) = labels
                && !has_entries(object.pointer("/metadata/labels"))
            {
                object.part("metadata").put("labels", labels);
            }
            job(object.part("spec"));
        }
        "CronJob" => {
            let spec = object.part("spec");
            spec.set_default("concurrencyPolicy", "Allow");
            spec.set_default("suspend", false);
            spec.set_default("successfulJobsHistoryLimit", 3);
            spec.set_default("failedJobsHistoryLimit", 1);
            // Jobs within a template are completed when they are made of it; only what does not depend on the Job is here.
            let job = spec.part("jobTemplate").part("spec");
            pod_failure_policy(job);
            return template(job);
        }
        _ => {}
    }
    let spec = object.part("spec");
    match kind {
        "Deployment" => deployment(spec),
        "DaemonSet" => daemon_set(spec),
        "StatefulSet" => stateful_set(spec),
        "ReplicaSet" => spec.set_default("replicas", 1),
        _ => {}
    }
    if kind != "ReplicationController" || spec.has("template") {
        template(spec);
    }
}

fn template(holder: &mut Value) {
    let template = holder.part("template");
    pod_metadata(template);
    pod_spec(template.part("spec"));
}

fn replication_controller(object: &mut Value) {
    let labels = object.pointer("/spec/template/metadata/labels").cloned();
    if let Some(labels) = labels {
        if !has_entries(object.pointer("/spec/selector")) {
            object.part("spec").put("selector", labels.clone());
        }
        if !has_entries(object.pointer("/metadata/labels")) {
            object.part("metadata").put("labels", labels);
        }
    }
    object.part("spec").set_default("replicas", 1);
}

fn deployment(spec: &mut Value) {
    spec.set_default("replicas", 1);
    let strategy = spec.part("strategy");
    strategy.set_default("type", "RollingUpdate");
    if strategy.word("type") == "RollingUpdate" {
        let rolling = strategy.part("rollingUpdate");
        rolling.set_default("maxUnavailable", "25%");
        rolling.set_default("maxSurge", "25%");
    }
    spec.set_default("revisionHistoryLimit", 10);
    spec.set_default("progressDeadlineSeconds", 600);
}

fn daemon_set(spec: &mut Value) {
    let strategy = spec.part("updateStrategy");
    strategy.set_default("type", "RollingUpdate");
    if strategy.word("type") == "RollingUpdate" {
        let rolling = strategy.part("rollingUpdate");
        rolling.set_default("maxUnavailable", 1);
        rolling.set_default("maxSurge", 0);
    }
    spec.set_default("revisionHistoryLimit", 10);
}

fn stateful_set(spec: &mut Value) {
    spec.set_default("podManagementPolicy", "OrderedReady");
    let strategy = spec.part("updateStrategy");
    if !strategy.has("type") {
        strategy.put("type", "RollingUpdate");
        strategy.part("rollingUpdate");
    }
    if strategy.word("type") == "RollingUpdate"
        && let Some(rolling) = strategy.field("rollingUpdate")
    {
        rolling.set_default("partition", 0);
        rolling.set_default("maxUnavailable", 1);
    }
    let retention = spec.part("persistentVolumeClaimRetentionPolicy");
    retention.set_default("whenDeleted", "Retain");
    retention.set_default("whenScaled", "Retain");
    spec.set_default("replicas", 1);
    spec.set_default("revisionHistoryLimit", 10);
    for claim in spec.list("volumeClaimTemplates") {
        claim.set_default("apiVersion", "v1");
        claim.set_default("kind", "PersistentVolumeClaim");
        claim_spec(claim.part("spec"));
        claim.part("status").set_default("phase", "Pending");
    }
}

fn job(spec: &mut Value) {
    if !spec.has("completions") && !spec.has("parallelism") {
        spec.put("completions", 1);
    }
    spec.set_default("parallelism", 1);
    if !spec.has("backoffLimit") {
        let limit = if spec.has("backoffLimitPerIndex") { i32::MAX } else { 6 };
        spec.put("backoffLimit", limit);
    }
    spec.set_default("completionMode", "NonIndexed");
    spec.set_default("suspend", false);
    if !spec.has("podReplacementPolicy") {
        let policy = if spec.has("podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
        spec.put("podReplacementPolicy", policy);
    }
    spec.set_default("manualSelector", false);
    pod_failure_policy(spec);
}

fn pod_failure_policy(spec: &mut Value) {
    let Some(policy) = spec.field("podFailurePolicy") else { return };
    for rule in policy.list("rules") {
        for pattern in rule.list("onPodConditions") {
            pattern.set_default("status", "True");
        }
    }
}

/// `generateSelectorIfNeeded` of `pkg/registry/batch/job/strategy.go`: a Job without `manualSelector` selects its pods by its uid.
pub(super) fn job_selector(job: &mut Value, uid: &str) {
    if job.pointer("/spec/manualSelector") == Some(&Value::Bool(true)) {
        return;
    }
    let name = job.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("").to_owned();
    let labels = job.part("spec").part("template").part("metadata").part("labels");
    for (label, value) in
        [("batch.kubernetes.io/controller-uid", uid), ("batch.kubernetes.io/job-name", &name), ("controller-uid", uid), ("job-name", &name)]
    {
        labels.set_default(label, value);
    }
    let spec = job.part("spec");
    match spec.field("selector") {
        Some(selector) => selector.part("matchLabels").set_default("batch.kubernetes.io/controller-uid", uid),
        None => spec.put("selector", json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}})),
    }
}
