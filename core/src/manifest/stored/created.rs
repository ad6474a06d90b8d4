//! What creating an object sets and clears before it is validated, and what is allocated after.
//!
//! Owns `rest.BeforeCreate` and `PrepareForCreate` of each kind (`pkg/registry/*/*/strategy.go`, v1.37).

use serde_json::{Value, json};

use super::edit::{Edit, has_entries};
use super::pod_level;
use super::workloads::job_selector;
use crate::manifest::kinds::Kind;
use crate::units::quantity::Quantity;

/// Kinds whose `metadata.generation` counts changes from the first one on.
const GENERATIONS: [&str; 27] = [
    "CronJob",
    "CustomResourceDefinition",
    "DaemonSet",
    "Deployment",
    "DeviceClass",
    "EndpointSlice",
    "FlowSchema",
    "HorizontalPodAutoscaler",
    "Ingress",
    "IngressClass",
    "Job",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "NetworkPolicy",
    "Pod",
    "PodDisruptionBudget",
    "PodTemplate",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "ReplicaSet",
    "ReplicationController",
    "ResourceSlice",
    "StatefulSet",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];

/// The uid of what has none yet, where it becomes part of labels; it is drawn by the server.
pub(in crate::manifest) const UID: &str = "00000000-0000-4000-8000-000000000000";

/// Kinds that keep the status they are created with.
const KEEP_STATUS: [&str; 4] = ["Node", "ComponentStatus", "IPAddress", "APIService"];

/// `PrepareForCreate`.
pub(super) fn prepare(object: &mut Value, kind: &Kind) {
    let meta = object.part("metadata");
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "creationTimestamp", "uid", "selfLink", "resourceVersion"] {
        meta.remove(field);
    }
    meta.remove("managedFields");
    place(meta, kind);
    if !meta.has("name") && meta.has("generateName") {
        let name = format!("{}{DRAWN}", meta.word("generateName"));
        meta.put("name", name);
    }
    if kind.kind == "LimitRange" {
        meta.set_default("name", UID);
    }
    if GENERATIONS.contains(&kind.kind) {
        meta.put("generation", 1);
    }
    if !KEEP_STATUS.contains(&kind.kind) && kind.kind != "CustomResourceDefinition" {
        object.remove("status");
    }
    match kind.kind {
        "Pod" => pod(object),
        "DaemonSet" => {
            let annotations = object.part("metadata").part("annotations");
            let stated = annotations.word("deprecated.daemonset.template.generation").parse::<i64>().unwrap_or(0);
            annotations.put("deprecated.daemonset.template.generation", stated.max(1).to_string());
        }
        "Job" => job_selector(object, UID),
        "Namespace" => {
            object.part("status").put("phase", "Active");
            let spec = object.part("spec");
            match spec.field("finalizers") {
                Some(Value::Array(list)) if list.iter().any(|f| f == "kubernetes") => {}
                Some(Value::Array(list)) => list.push("kubernetes".into()),
                _ => spec.put("finalizers", json!(["kubernetes"])),
            }
        }
        "PersistentVolume" => object.put("status", json!({"phase": "Pending", "lastPhaseTransitionTime": "<now>"})),
        "PersistentVolumeClaim" => {
            object.put("status", json!({"phase": "Pending"}));
            data_sources(object.part("spec"));
        }
        "ServiceAccount" => {
            for secret in object.list("secrets") {
                let name = secret.get("name").cloned();
                *secret = json!({});
                if let Some(name) = name {
                    secret.put("name", name);
                }
            }
        }
        "CustomResourceDefinition" => {
            let stored = object.pointer("/status/storedVersions").cloned().unwrap_or(Value::Null);
            object.put("status", json!({"storedVersions": stored}));
        }
        _ => {}
    }
}

/// The namespace: `default` where none is named, none where the kind has none.
fn place(meta: &mut Value, kind: &Kind) {
    if kind.namespaced {
        meta.set_default("namespace", "default");
    } else {
        meta.remove("namespace");
    }
}

/// The strategy of pods: status, conditions, labels in selectors, pod-level resources, quality of service.
fn pod(object: &mut Value) {
    object.put("status", json!({"phase": "Pending"}));
    if has_entries(object.pointer("/spec/schedulingGates")) {
        let condition = json!({
            "type": "PodScheduled",
            "lastTransitionTime": "<now>",
            "status": "False",
            "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates",
        });
        object.part("status").put("conditions", json!([condition]));
    }
    let labels = object.pointer("/metadata/labels").cloned().unwrap_or(Value::Null);
    let spec = object.part("spec");
    for kind in ["podAffinity", "podAntiAffinity"] {
        let Some(affinity) = spec.pointer_mut(&format!("/affinity/{kind}")) else { continue };
        for term in affinity.list("preferredDuringSchedulingIgnoredDuringExecution") {
            if let Some(term) = term.field("podAffinityTerm") {
                labels_into_selector(term, &labels);
            }
        }
        affinity.list("requiredDuringSchedulingIgnoredDuringExecution").iter_mut().for_each(|term| labels_into_selector(term, &labels));
    }
    spec.list("topologySpreadConstraints").iter_mut().for_each(|constraint| labels_into_selector(constraint, &labels));
    pod_level::complete(spec);
    let class = quality(spec);
    object.part("status").put("qosClass", class);
}

/// `applyMatchLabelKeysAndMismatchLabelKeys`: the pod's own labels of these keys become requirements.
fn labels_into_selector(term: &mut Value, labels: &Value) {
    if !term.has("labelSelector") {
        return;
    }
    for (list, operator) in [("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")] {
        let Some(Value::Array(keys)) = term.get(list).cloned() else { continue };
        for key in keys {
            let Some(value) = key.as_str().and_then(|key| labels.get(key)) else { continue };
            let requirement = json!({"key": key, "operator": operator, "values": [value]});
            match term.part("labelSelector").get_mut("matchExpressions") {
                Some(Value::Array(list)) => list.push(requirement),
                _ => term.part("labelSelector").put("matchExpressions", json!([requirement])),
            }
        }
    }
}

/// `ComputePodQOS` of `pkg/apis/core/helper/qos`.
pub(in crate::manifest) fn quality(spec: &Value) -> &'static str {
    if let Some(own) = spec.get("resources").filter(|r| pod_level::is_set(r)) {
        return of_resources(own);
    }
    let containers = ["initContainers", "containers"].iter().filter_map(|group| spec.get(*group)).filter_map(Value::as_array).flatten();
    let mut class = None;
    for container in containers {
        let own = container.get("resources").map_or("BestEffort", of_resources);
        match class {
            _ if own == "Burstable" => return own,
            None => class = Some(own),
            Some(class) if class != own => return "Burstable",
            Some(_) => {}
        }
    }
    class.unwrap_or("BestEffort")
}

fn of_resources(resources: &Value) -> &'static str {
    if !has_entries(resources.get("requests")) && !has_entries(resources.get("limits")) {
        return "BestEffort";
    }
    let amount = |list: &str, resource: &str| {
        let text = resources.get(list).map_or("", |l| l.word(resource));
        Quantity::parse(text).unwrap_or(Quantity::ZERO)
    };
    let class = |resource: &str| {
        let (request, limit) = (amount("requests", resource), amount("limits", resource));
        match request == limit {
            false => "Burstable",
            true if request.is_zero() => "BestEffort",
            true => "Guaranteed",
        }
    };
    let (cpu, memory) = (class("cpu"), class("memory"));
    if cpu == memory { cpu } else { "Burstable" }
}

/// `EnforceDataSourceBackwardsCompatibility` and `NormalizeDataSources`.
pub(super) fn data_sources(spec: &mut Value) {
    // The gate CrossNamespaceVolumeDataSource is off: a reference into another namespace is dropped.
    if spec.pointer("/dataSourceRef/namespace").is_some_and(|n| n != "") {
        spec.remove("dataSourceRef");
    }
    let known = spec.get("dataSource").is_some_and(|source| {
        matches!(
            (source.word("apiGroup"), source.word("kind")),
            ("", "PersistentVolumeClaim") | ("snapshot.storage.k8s.io", "VolumeSnapshot")
        )
    });
    if !spec.has("dataSourceRef") && !known {
        spec.remove("dataSource");
    }
    match (spec.get("dataSource").cloned(), spec.get("dataSourceRef").cloned()) {
        (Some(source), None) => spec.put("dataSourceRef", source),
        (None, Some(mut reference)) => {
            reference.remove("namespace");
            spec.put("dataSource", reference);
        }
        _ => {}
    }
}

/// `rest.BeforeUpdate` and `PrepareForUpdate`: what a change cannot touch stays as it was.
pub(super) fn prepare_change(object: &mut Value, kind: &Kind, old: &Value) {
    let meta = object.part("metadata");
    for field in
        ["deletionTimestamp", "deletionGracePeriodSeconds", "creationTimestamp", "uid", "selfLink", "resourceVersion", "managedFields"]
    {
        meta.remove(field);
    }
    place(meta, kind);
    match old.pointer("/metadata/generation").cloned() {
        Some(generation) => meta.put("generation", generation),
        None => drop(meta.remove("generation")),
    }
    if !KEEP_STATUS.contains(&kind.kind) {
        match old.get("status").cloned() {
            Some(status) => object.put("status", status),
            None => drop(object.remove("status")),
        }
    }
    match kind.kind {
        "DaemonSet" => {
            let generation = old.pointer("/metadata/annotations/deprecated.daemonset.template.generation").cloned().unwrap_or(1.into());
            object.part("metadata").part("annotations").put("deprecated.daemonset.template.generation", generation);
        }
        "PersistentVolumeClaim" => data_sources(object.part("spec")),
        "ServiceAccount" => {
            for secret in object.list("secrets") {
                if let Some(map) = secret.as_object_mut() {
                    map.retain(|key, _| key == "name");
                }
            }
        }
        "Service" => keep_allocated(object.part("spec"), old),
        _ => {}
    }
}

/// `patchAllocatedValues` and `defaultOnRead` of `pkg/registry/core/service/storage`: what was allocated stays where nothing else is asked for.
fn keep_allocated(spec: &mut Value, old: &Value) {
    let Some(was) = old.get("spec") else { return };
    let addresses = |spec: &Value| spec.word("type") != "ExternalName";
    if addresses(spec) && addresses(was) {
        for field in ["clusterIP", "clusterIPs"] {
            if let Some(value) =
                was.get(field).cloned().filter(|_| !spec.has("clusterIP") || spec.word("clusterIP") == was.word("clusterIP"))
            {
                spec.set_default(field, value);
            }
        }
        for field in ["ipFamilies", "ipFamilyPolicy"] {
            if let Some(value) = was.get(field).cloned() {
                spec.set_default(field, value);
            }
        }
    }
    drop_unneeded(spec, was);
    // Where only the first address is changed, the list follows.
    let moved = spec.word("clusterIP") != was.word("clusterIP") && !spec.word("clusterIP").is_empty();
    if moved && spec.get("clusterIPs") == was.get("clusterIPs") {
        spec.remove("clusterIPs");
    }
    if let (true, Some(address)) = (!spec.has("clusterIPs"), spec.get("clusterIP").cloned()) {
        spec.put("clusterIPs", json!([address]));
    }
    let node_ports = |spec: &Value| matches!(spec.word("type"), "NodePort" | "LoadBalancer");
    if node_ports(spec) && node_ports(was) {
        let before = was.get("ports").and_then(Value::as_array).cloned().unwrap_or_default();
        for port in spec.list("ports") {
            let same = before.iter().find(|p| p.get("port") == port.get("port") && p.get("protocol") == port.get("protocol"));
            if let Some(node) = same.and_then(|p| p.get("nodePort")).cloned() {
                port.set_default("nodePort", node);
            }
        }
    }
    if let Some(port) = was.get("healthCheckNodePort").cloned()
        && spec.word("type") == "LoadBalancer"
        && spec.word("externalTrafficPolicy") == "Local"
    {
        spec.set_default("healthCheckNodePort", port);
    }
}

/// Whether a Service of this kind needs a field.
type Need = fn(&Value) -> bool;

/// `dropTypeDependentFields`: what the old type of a Service needed and the new one does not goes, unless it is asked for anew.
fn drop_unneeded(spec: &mut Value, was: &Value) {
    let needs: [(&str, Need); 4] = [
        ("healthCheckNodePort", |s| s.word("type") == "LoadBalancer" && s.word("externalTrafficPolicy") == "Local"),
        ("externalTrafficPolicy", |s| {
            matches!(s.word("type"), "LoadBalancer" | "NodePort") || s.word("type") == "ClusterIP" && has_entries(s.get("externalIPs"))
        }),
        ("allocateLoadBalancerNodePorts", |s| s.word("type") == "LoadBalancer"),
        ("loadBalancerClass", |s| s.word("type") == "LoadBalancer"),
    ];
    for (field, needed) in needs {
        if needed(was) && !needed(spec) && spec.get(field) == was.get(field) {
            spec.remove(field);
        }
    }
    let ports = |s: &Value| matches!(s.word("type"), "NodePort" | "LoadBalancer");
    if ports(was) && !ports(spec) {
        let before = was.get("ports").and_then(Value::as_array).cloned().unwrap_or_default();
        for (port, old) in spec.list("ports").iter_mut().zip(before) {
            if port.get("nodePort") == old.get("nodePort") {
                port.remove("nodePort");
            }
        }
    }
    if was.word("type") != "ExternalName" && spec.word("type") == "ExternalName" {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if spec.get(field) == was.get(field) {
                spec.remove(field);
            }
        }
    }
}

/// The name of an object that got its end from the server.
pub(super) fn drawn_name(object: &Value) -> Option<String> {
    let meta = object.get("metadata")?;
    let name = meta.word("name");
    (!meta.word("generateName").is_empty() && name == format!("{}{DRAWN}", meta.word("generateName"))).then(|| name.to_owned())
}

/// The object with what is drawn named as such.
pub(super) fn anonymous(object: &mut Value, name: Option<&str>) {
    match object {
        Value::String(text) if name == Some(text.as_str()) => {
            *object = format!("{}<random>", text.strip_suffix(DRAWN).unwrap_or(text)).into();
        }
        Value::String(text) if text == UID => *object = "<uid>".into(),
        Value::String(text) if text == ADDRESS => *object = "<allocated>".into(),
        Value::Array(items) => items.iter_mut().for_each(|item| anonymous(item, name)),
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match key.as_str() {
                    "nodePort" | "healthCheckNodePort" if value == &Value::from(NODE_PORT) => *value = "<allocated>".into(),
                    _ => anonymous(value, name),
                }
            }
        }
        _ => {}
    }
}

/// What stands for the random end of a name.
const DRAWN: &str = "bcdfg";

/// The address and the port that stand for those that are drawn from their pools.
const ADDRESS: &str = "10.96.255.254";
const NODE_PORT: i64 = 32767;

/// What is set only after validation: addresses and ports from their pools.
pub(super) fn finish(object: &mut Value, kind: &Kind) {
    if kind.kind != "Service" {
        return;
    }
    let spec = object.part("spec");
    let kind = spec.word("type").to_owned();
    if kind == "ExternalName" {
        return;
    }
    spec.set_default("clusterIP", ADDRESS);
    if spec.get("clusterIPs").is_none() {
        let address = spec.word("clusterIP").to_owned();
        spec.put("clusterIPs", json!([address]));
    }
    let headless_without_selector = spec.word("clusterIP") == "None" && !has_entries(spec.get("selector"));
    // A headless Service without a selector may be of any family: both are assumed.
    let policy = if headless_without_selector { "RequireDualStack" } else { "SingleStack" };
    spec.set_default("ipFamilyPolicy", policy);
    let families =
        if spec.word("ipFamilyPolicy") != "SingleStack" && headless_without_selector { json!(["IPv4", "IPv6"]) } else { json!(["IPv4"]) };
    spec.set_default("ipFamilies", families);
    let ports = kind == "NodePort" || kind == "LoadBalancer" && spec.get("allocateLoadBalancerNodePorts") != Some(&Value::Bool(false));
    if ports {
        for port in spec.list("ports") {
            port.set_default("nodePort", NODE_PORT);
        }
    }
    if kind == "LoadBalancer" && spec.word("externalTrafficPolicy") == "Local" {
        spec.set_default("healthCheckNodePort", NODE_PORT);
    }
}
