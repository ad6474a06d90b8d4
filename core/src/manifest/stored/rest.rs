//! The defaults of everything but pods and workloads (`pkg/apis/*/v1/defaults.go`, v1.37).
//!
//! Owns them, and those of resource lists and claims, which others share.

use serde_json::{Map, Value, json};

use super::edit::{Edit, has_entries};
use super::pod::volume_source;
use crate::manifest::kinds::Kind;
use crate::units::quantity::Quantity;

const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

/// `SetObjectDefaults_*` of the kind.
pub(super) fn defaults(object: &mut Value, kind: &Kind) {
    match kind.kind {
        "Service" => service(object),
        "Secret" => secret(object),
        "Namespace" => namespace(object),
        "Node" => node(object),
        "PersistentVolume" => persistent_volume(object),
        "PersistentVolumeClaim" => {
            claim_spec(object.part("spec"));
            object.part("status").set_default("phase", "Pending");
        }
        "LimitRange" => limit_range(object),
        "ResourceQuota" => rounded(object.pointer_mut("/spec/hard")),
        "Endpoints" => {
            for subset in object.list("subsets") {
                subset.list("ports").iter_mut().for_each(|port| port.set_default("protocol", "TCP"));
            }
        }
        "EndpointSlice" => {
            for port in object.list("ports") {
                port.set_default("name", "");
                port.set_default("protocol", "TCP");
            }
        }
        "HorizontalPodAutoscaler" => autoscaler(object.part("spec"), kind.api_version),
        "NetworkPolicy" => network_policy(object.part("spec")),
        "IngressClass" => {
            if let Some(parameters) = object.part("spec").field("parameters") {
                parameters.set_default("scope", "Cluster");
            }
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            object.part("roleRef").set_default("apiGroup", RBAC_GROUP);
            for subject in object.list("subjects") {
                if matches!(subject.word("kind"), "User" | "Group") {
                    subject.set_default("apiGroup", RBAC_GROUP);
                }
            }
        }
        "PriorityClass" => object.set_default("preemptionPolicy", "PreemptLowerPriority"),
        "StorageClass" => {
            object.set_default("reclaimPolicy", "Delete");
            object.set_default("volumeBindingMode", "Immediate");
        }
        "CSIDriver" => csi_driver(object.part("spec")),
        "RuntimeClass" => rounded(object.pointer_mut("/overhead/podFixed")),
        "FlowSchema" => object.part("spec").set_default("matchingPrecedence", 1000),
        "PriorityLevelConfiguration" => priority_level(object.part("spec")),
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => {
            for webhook in object.list("webhooks") {
                self::webhook(webhook, kind.kind);
            }
        }
        "ValidatingAdmissionPolicy" | "MutatingAdmissionPolicy" => {
            let spec = object.part("spec");
            spec.set_default("failurePolicy", "Fail");
            if let Some(resources) = spec.field("matchConstraints") {
                match_resources(resources);
            }
        }
        "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding" => {
            if let Some(resources) = object.part("spec").field("matchResources") {
                match_resources(resources);
            }
        }
        "CustomResourceDefinition" => custom_resource(object),
        "APIService" => {
            if let Some(service) = object.part("spec").field("service") {
                service.set_default("port", 443);
            }
        }
        "ResourceClaim" => device_claim(object.part("spec")),
        "ResourceClaimTemplate" => device_claim(object.part("spec").part("spec")),
        "ResourceSlice" => {
            for device in object.part("spec").list("devices") {
                device.list("taints").iter_mut().for_each(|taint| taint.set_default("timeAdded", "<now>"));
            }
        }
        "PodCertificateRequest" => object.part("spec").set_default("maxExpirationSeconds", 86400),
        _ => {}
    }
}

/// `SetDefaults_ResourceList`: amounts are rounded up to thousandths.
pub(super) fn rounded(list: Option<&mut Value>) {
    let Some(Value::Object(map)) = list else { return };
    for amount in map.values_mut() {
        let Some(exact) = amount.as_str().and_then(|text| Quantity::parse(text).ok()) else { continue };
        let up = exact.rounded_to_milli();
        if up != exact {
            *amount = up.to_string().into();
        }
    }
}

/// `SetDefaults_PersistentVolumeClaimSpec`, and its resources.
pub(super) fn claim_spec(spec: &mut Value) {
    spec.set_default("volumeMode", "Filesystem");
    rounded(spec.pointer_mut("/resources/limits"));
    rounded(spec.pointer_mut("/resources/requests"));
}

fn service(object: &mut Value) {
    let spec = object.part("spec");
    spec.set_default("sessionAffinity", "None");
    match spec.word("sessionAffinity") {
        "None" => drop(spec.remove("sessionAffinityConfig")),
        "ClientIP" => {
            let set = spec.pointer("/sessionAffinityConfig/clientIP/timeoutSeconds").is_some();
            if !set {
                spec.put("sessionAffinityConfig", json!({"clientIP": {"timeoutSeconds": 10800}}));
            }
        }
        _ => {}
    }
    spec.set_default("type", "ClusterIP");
    for port in spec.list("ports") {
        port.set_default("protocol", "TCP");
        let unset = port.get("targetPort").is_none_or(|p| p.as_str() == Some("") || p.as_i64() == Some(0));
        if unset {
            let number = port.get("port").cloned().unwrap_or_else(|| 0.into());
            port.put("targetPort", number);
        }
    }
    let kind = spec.word("type").to_owned();
    let external = matches!(kind.as_str(), "LoadBalancer" | "NodePort") || kind == "ClusterIP" && has_entries(spec.get("externalIPs"));
    if external {
        spec.set_default("externalTrafficPolicy", "Cluster");
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer" | "ClusterIP") {
        spec.set_default("internalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        spec.set_default("allocateLoadBalancerNodePorts", true);
    }
}

/// The default type, and `stringData` merged into `data` (`Convert_v1_Secret_To_core_Secret`).
fn secret(object: &mut Value) {
    object.set_default("type", "Opaque");
    if let Some(Value::Object(texts)) = object.remove("stringData") {
        let data = object.part("data");
        for (key, text) in texts {
            data.put(&key, base64(text.as_str().unwrap_or("").as_bytes()));
        }
    }
}

/// Standard base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| chunk.get(i).copied().map_or(0, u32::from);
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

fn namespace(object: &mut Value) {
    let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("").to_owned();
    if !name.is_empty() {
        object.part("metadata").part("labels").put("kubernetes.io/metadata.name", name);
    }
    object.part("status").set_default("phase", "Active");
}

fn node(object: &mut Value) {
    let status = object.part("status");
    if let Some(capacity) = status.get("capacity").cloned() {
        status.set_default("allocatable", capacity);
    }
    rounded(status.get_mut("capacity"));
    rounded(status.get_mut("allocatable"));
    let spec = object.part("spec");
    match (spec.get("podCIDR").cloned(), spec.pointer("/podCIDRs/0").cloned()) {
        (Some(range), first) if first.as_ref() != Some(&range) => spec.put("podCIDRs", json!([range])),
        (None, Some(first)) => spec.put("podCIDR", first),
        _ => {}
    }
}

fn persistent_volume(object: &mut Value) {
    object.part("status").set_default("phase", "Pending");
    let spec = object.part("spec");
    spec.set_default("persistentVolumeReclaimPolicy", "Retain");
    spec.set_default("volumeMode", "Filesystem");
    rounded(spec.get_mut("capacity"));
    volume_source(spec);
}

fn limit_range(object: &mut Value) {
    let names = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];
    for item in object.part("spec").list("limits") {
        if item.word("type") == "Container" {
            for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
                let Some(Value::Object(given)) = item.get(from).cloned() else { continue };
                let list = item.part(to);
                for (resource, amount) in given {
                    list.set_default(&resource, amount);
                }
            }
        }
        for name in names {
            rounded(item.get_mut(name));
        }
    }
}

fn autoscaler(spec: &mut Value, api_version: &str) {
    spec.set_default("minReplicas", 1);
    if api_version == "autoscaling/v1" {
        // Filled in by conversion, where annotations give no metrics.
        spec.set_default("targetCPUUtilizationPercentage", 80);
        return;
    }
    if !has_entries(spec.get("metrics")) {
        let target = json!({"type": "Utilization", "averageUtilization": 80});
        spec.put("metrics", json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]));
    }
    if let Some(behavior) = spec.field("behavior") {
        let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
        let up = behavior.part("scaleUp");
        up.set_default("stabilizationWindowSeconds", 0);
        up.set_default("selectPolicy", "Max");
        up.set_default("policies", json!([{"type": "Pods", "value": 4, "periodSeconds": 15}, percent]));
        let down = behavior.part("scaleDown");
        down.set_default("selectPolicy", "Max");
        down.set_default("policies", json!([percent]));
    }
}

fn network_policy(spec: &mut Value) {
    if !has_entries(spec.get("policyTypes")) {
        let types = if has_entries(spec.get("egress")) { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
        spec.put("policyTypes", types);
    }
    for direction in ["ingress", "egress"] {
        for rule in spec.list(direction) {
            rule.list("ports").iter_mut().for_each(|port| port.set_default("protocol", "TCP"));
        }
    }
}

fn csi_driver(spec: &mut Value) {
    spec.set_default("attachRequired", true);
    for name in ["podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount", "preventPodSchedulingIfMissing"] {
        spec.set_default(name, false);
    }
    spec.set_default("fsGroupPolicy", "ReadWriteOnceWithFSType");
    spec.set_default("volumeLifecycleModes", json!(["Persistent"]));
}

fn priority_level(spec: &mut Value) {
    if let Some(exempt) = spec.field("exempt") {
        exempt.set_default("nominalConcurrencyShares", 0);
        exempt.set_default("lendablePercent", 0);
    }
    if let Some(limited) = spec.field("limited") {
        limited.set_default("nominalConcurrencyShares", 30);
        limited.set_default("lendablePercent", 0);
        if let Some(queuing) = limited.field("limitResponse").and_then(|r| r.field("queuing")) {
            queuing.set_default("handSize", 8);
            queuing.set_default("queues", 64);
            queuing.set_default("queueLengthLimit", 50);
        }
    }
}

fn empty() -> Value {
    Value::Object(Map::new())
}

fn webhook(webhook: &mut Value, kind: &str) {
    webhook.set_default("failurePolicy", "Fail");
    webhook.set_default("matchPolicy", "Equivalent");
    webhook.set_default("namespaceSelector", empty());
    webhook.set_default("objectSelector", empty());
    webhook.set_default("timeoutSeconds", 10);
    if kind == "MutatingWebhookConfiguration" {
        webhook.set_default("reinvocationPolicy", "Never");
    }
    if let Some(service) = webhook.field("clientConfig").and_then(|c| c.field("service")) {
        service.set_default("port", 443);
    }
    webhook.list("rules").iter_mut().for_each(|rule| rule.set_default("scope", "*"));
}

fn match_resources(resources: &mut Value) {
    resources.set_default("matchPolicy", "Equivalent");
    resources.set_default("namespaceSelector", empty());
    resources.set_default("objectSelector", empty());
    for list in ["resourceRules", "excludeResourceRules"] {
        resources.list(list).iter_mut().for_each(|rule| rule.set_default("scope", "*"));
    }
}

fn custom_resource(object: &mut Value) {
    let spec = object.part("spec");
    let names = spec.part("names");
    let kind = names.word("kind").to_owned();
    if !kind.is_empty() {
        names.set_default("singular", kind.to_lowercase());
        names.set_default("listKind", format!("{kind}List"));
    }
    spec.set_default("conversion", json!({"strategy": "None"}));
    if let Some(service) = spec.pointer_mut("/conversion/webhook/clientConfig/service") {
        service.set_default("port", 443);
    }
    let storage = spec.list("versions").iter().find(|v| v.get("storage") == Some(&Value::Bool(true)));
    let stored = storage.map(|v| json!([v.word("name")]));
    if let Some(stored) = stored {
        object.part("status").set_default("storedVersions", stored);
    }
}

fn device_claim(spec: &mut Value) {
    let Some(devices) = spec.field("devices") else { return };
    for request in devices.list("requests") {
        if let Some(exactly) = request.field("exactly") {
            device_request(exactly);
        }
        request.list("firstAvailable").iter_mut().for_each(device_request);
    }
}

fn device_request(request: &mut Value) {
    request.set_default("allocationMode", "ExactCount");
    if request.word("allocationMode") == "ExactCount" {
        request.set_default("count", 1);
    }
    request.list("tolerations").iter_mut().for_each(|toleration| toleration.set_default("operator", "Equal"));
}
