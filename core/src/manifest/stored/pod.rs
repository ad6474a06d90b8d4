//! The defaults of pods and of pod templates (`pkg/apis/core/v1/defaults.go`, `zz_generated.defaults.go`, v1.37).
//!
//! Owns what is in a pod. What workloads add around it is in `workloads`.

use serde_json::{Value, json};

use super::edit::Edit;
use super::image;
use super::rest::{claim_spec, rounded};

/// `SetObjectDefaults_Pod`.
pub(super) fn pod(pod: &mut Value) {
    pod_metadata(pod);
    let spec = pod.part("spec");
    if spec.get("terminationGracePeriodSeconds").and_then(Value::as_i64).is_some_and(|s| s < 0) {
        spec.put("terminationGracePeriodSeconds", 1);
    }
    for group in ["containers", "initContainers"] {
        for container in spec.list(group) {
            requests_from_limits(container);
        }
    }
    spec.set_default("enableServiceLinks", true);
    if spec.get("hostNetwork") == Some(&Value::Bool(true)) {
        for group in ["containers", "initContainers"] {
            for container in spec.list(group) {
                for port in container.list("ports") {
                    if let Some(number) = port.get("containerPort").cloned() {
                        port.set_default("hostPort", number);
                    }
                }
            }
        }
    }
    pod_spec(spec);
}

/// A resource that has a limit and no request requests its limit.
fn requests_from_limits(container: &mut Value) {
    let Some(limits) = container.pointer("/resources/limits").and_then(Value::as_object).cloned() else { return };
    let requests = container.part("resources").part("requests");
    for (resource, amount) in limits {
        requests.set_default(&resource, amount);
    }
}

/// The metadata of pods and templates: annotations that once held containers are dropped (`dropInitContainerAnnotations`).
pub(super) fn pod_metadata(holder: &mut Value) {
    let Some(meta) = holder.field("metadata") else { return };
    let Some(Value::Object(annotations)) = meta.get_mut("annotations") else { return };
    let before = annotations.len();
    for version in ["alpha", "beta"] {
        for list in ["init-containers", "init-container-statuses"] {
            annotations.shift_remove(&format!("pod.{version}.kubernetes.io/{list}"));
        }
    }
    if before > 0 && annotations.is_empty() {
        meta.remove("annotations");
    }
}

/// What pods and templates have in common.
pub(super) fn pod_spec(spec: &mut Value) {
    if spec.word("serviceAccountName").is_empty() {
        if let Some(name) = spec.get("serviceAccount").cloned() {
            spec.put("serviceAccountName", name);
        }
    } else {
        let name = spec.word("serviceAccountName").to_owned();
        spec.put("serviceAccount", name);
    }
    spec.set_default("dnsPolicy", "ClusterFirst");
    spec.set_default("restartPolicy", "Always");
    spec.set_default("securityContext", json!({}));
    spec.set_default("terminationGracePeriodSeconds", 30);
    spec.set_default("schedulerName", "default-scheduler");
    for volume in spec.list("volumes") {
        self::volume(volume);
    }
    for group in ["initContainers", "containers", "ephemeralContainers"] {
        for container in spec.list(group) {
            self::container(container);
        }
    }
    rounded(spec.get_mut("overhead"));
    if let Some(resources) = spec.field("resources") {
        rounded(resources.get_mut("limits"));
        rounded(resources.get_mut("requests"));
    }
}

fn container(container: &mut Value) {
    if !container.has("imagePullPolicy") {
        let policy = if image::is_latest(container.word("image")) { "Always" } else { "IfNotPresent" };
        container.put("imagePullPolicy", policy);
    }
    container.set_default("terminationMessagePath", "/dev/termination-log");
    container.set_default("terminationMessagePolicy", "File");
    for port in container.list("ports") {
        port.set_default("protocol", "TCP");
    }
    for variable in container.list("env") {
        let Some(from) = variable.field("valueFrom") else { continue };
        field_ref(from);
        if let Some(key) = from.field("fileKeyRef") {
            key.set_default("optional", false);
        }
    }
    if let Some(resources) = container.field("resources") {
        rounded(resources.get_mut("limits"));
        rounded(resources.get_mut("requests"));
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.field(name) else { continue };
        for (field, number) in [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)] {
            probe.set_default(field, number);
        }
        http_get(probe);
        if let Some(grpc) = probe.field("grpc") {
            grpc.set_default("service", "");
        }
    }
    if let Some(lifecycle) = container.field("lifecycle") {
        for hook in ["postStart", "preStop"] {
            if let Some(handler) = lifecycle.field(hook) {
                http_get(handler);
            }
        }
    }
}

fn http_get(handler: &mut Value) {
    if let Some(action) = handler.field("httpGet") {
        action.set_default("path", "/");
        action.set_default("scheme", "HTTP");
    }
}

fn field_ref(holder: &mut Value) {
    if let Some(field) = holder.field("fieldRef") {
        field.set_default("apiVersion", "v1");
    }
}

/// The kinds of volumes; one without any of them is an empty directory.
fn volume(volume: &mut Value) {
    let sources = volume.as_object().is_some_and(|map| map.keys().any(|key| key != "name"));
    if !sources {
        volume.put("emptyDir", json!({}));
    }
    if let Some(image) = volume.field("image")
        && !image.has("pullPolicy")
    {
        let policy = if image::is_latest(image.word("reference")) { "Always" } else { "IfNotPresent" };
        image.put("pullPolicy", policy);
    }
    for name in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = volume.field(name) {
            source.set_default("defaultMode", 420);
        }
    }
    if let Some(source) = volume.field("downwardAPI") {
        source.list("items").iter_mut().for_each(field_ref);
    }
    if let Some(source) = volume.field("projected") {
        for part in source.list("sources") {
            if let Some(downward) = part.field("downwardAPI") {
                downward.list("items").iter_mut().for_each(field_ref);
            }
            if let Some(token) = part.field("serviceAccountToken") {
                token.set_default("expirationSeconds", 3600);
            }
        }
    }
    if let Some(template) = volume.field("ephemeral").and_then(|e| e.field("volumeClaimTemplate")) {
        claim_spec(template.part("spec"));
    }
    volume_source(volume);
}

/// The defaults that volumes of pods and persistent volumes share.
pub(super) fn volume_source(volume: &mut Value) {
    const DEFAULTS: [(&str, &[(&str, &str)]); 5] = [
        ("hostPath", &[("type", "")]),
        ("iscsi", &[("iscsiInterface", "default")]),
        ("rbd", &[("pool", "rbd"), ("user", "admin"), ("keyring", "/etc/ceph/keyring")]),
        ("azureDisk", &[("cachingMode", "ReadWrite"), ("fsType", "ext4"), ("kind", "Shared")]),
        ("scaleIO", &[("storageMode", "ThinProvisioned"), ("fsType", "xfs")]),
    ];
    for (name, fields) in DEFAULTS {
        if let Some(source) = volume.field(name) {
            for (field, value) in fields {
                source.set_default(field, *value);
            }
            if name == "azureDisk" {
                source.set_default("readOnly", false);
            }
        }
    }
}
