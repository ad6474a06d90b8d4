//! Changes to objects that exist.
//!
//! Owns `ValidateObjectMetaUpdate` and the `Validate*Update` functions of `pkg/apis/*/validation` (v1.37): what is asked of the
//! new object, and what may not change.

use super::{batch, meta, of_kind, pod};
use crate::manifest::field::{Errors, Field};
use crate::manifest::kinds::Kind;
use crate::units::arrange::Arrange;

pub(super) fn check<'a>(new: &Field<'a>, old: &Field<'_>, kind: &Kind, errors: &mut Errors) {
    let (now, before) = (new.get("metadata"), old.get("metadata"));
    for name in ["name", "namespace"] {
        fixed(&now.get(name), &before.get(name), errors);
    }
    meta::common(&now, kind, errors);
    let (spec, was) = (new.get("spec"), old.get("spec"));
    if kind.kind == "Pod" {
        return pod_update(new, old, errors);
    }
    match kind.kind {
        // What may not change at all is not looked at again.
        "ResourceClaim" | "ResourceClaimTemplate" => {}
        "Job" => {
            batch::job_spec(&spec, errors);
            batch::selector_and_labels(&spec, errors);
            batch::name_allows_completions(new, errors);
        }
        _ => of_kind(new, kind, errors),
    }
    let same = |fields: &[&'static str], errors: &mut Errors| {
        for name in fields {
            fixed(&spec.get(name), &was.get(name), errors);
        }
    };
    let top = |fields: &[&'static str], errors: &mut Errors| {
        for name in fields {
            fixed(&new.get(name), &old.get(name), errors);
        }
    };
    match kind.kind {
        "Deployment" | "ReplicaSet" | "DaemonSet" => same(&["selector"], errors),
        "StatefulSet" => same(&["selector", "volumeClaimTemplates", "serviceName", "podManagementPolicy"], errors),
        "Job" => job(&spec, &was, errors),
        "ControllerRevision" => top(&["data"], errors),
        "ConfigMap" | "Secret" => {
            if kind.kind == "Secret" {
                top(&["type"], errors);
            }
            if old.get("immutable").is_true() {
                if !new.get("immutable").is_true() {
                    errors.forbidden(&new.get("immutable"), "it cannot be unset");
                }
                for name in ["data", "binaryData"] {
                    if !new.get(name).same(&old.get(name)) && (kind.kind == "ConfigMap" || name == "data") {
                        errors.forbidden(&new.get(name), "field is immutable when `immutable` is set");
                    }
                }
            }
        }
        "RoleBinding" | "ClusterRoleBinding" => top(&["roleRef"], errors),
        "StorageClass" => top(&["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"], errors),
        "VolumeAttributesClass" => {
            for name in ["parameters", "driverName"] {
                if !new.get(name).same(&old.get(name)) {
                    errors.forbidden(&new.get(name), "it may not be changed");
                }
            }
        }
        "CSIStorageCapacity" => top(&["nodeTopology", "storageClassName"], errors),
        "CSIDriver" => {
            fixed(&spec.get("attachRequired").named(&spec, "attachedRequired"), &was.get("attachRequired"), errors);
            same(&["volumeLifecycleModes"], errors);
        }
        "CSINode" => {
            for driver in spec.get("drivers").items() {
                let Some(other) = was.get("drivers").items().find(|d| d.get("name").text() == driver.get("name").text()) else { continue };
                if ["nodeID", "topologyKeys"].iter().any(|name| !driver.get(name).same(&other.get(name))) {
                    errors.invalid(&spec.get("drivers"), "field is immutable");
                }
            }
        }
        "VolumeAttachment" | "ResourceClaim" | "ResourceClaimTemplate" => fixed(&spec, &was, errors),
        "ResourceSlice" => {
            same(&["driver", "nodeName", "nodeSelector", "allNodes"], errors);
            fixed(&spec.at(&["pool", "name"]), &was.at(&["pool", "name"]), errors);
        }
        "RuntimeClass" => top(&["handler"], errors),
        "PriorityClass" => {
            if new.get("value").int() != old.get("value").int() {
                errors.forbidden(&new.get("value"), "it may not be changed in an update");
            }
            top(&["preemptionPolicy"], errors);
        }
        "IngressClass" => same(&["controller"], errors),
        "IPAddress" => same(&["parentRef"], errors),
        "ServiceCIDR" => {
            for (now, before) in spec.get("cidrs").items().zip(was.get("cidrs").items()) {
                if now.text() != before.text() {
                    errors.invalid(&now, "field is immutable");
                }
            }
        }
        "EndpointSlice" => {
            top(&["addressType"], errors);
        }
        "ResourceQuota" => {
            let sorted = |field: Field<'_>| {
                let mut all: Vec<String> = field.texts().map(str::to_owned).collect();
                all.arrange();
                all.dedup();
                all
            };
            if sorted(spec.get("scopes")) != sorted(was.get("scopes")) {
                errors.invalid(&spec.get("scopes"), "field is immutable");
            }
        }
        "Service" => service(&spec, &was, errors),
        "PersistentVolume" => volume(new, &spec, &was, errors),
        "PersistentVolumeClaim" => claim(&spec, &was, errors),
        "CustomResourceDefinition" => same(&["group"], errors),
        "Node" => {
            if !was.get("podCIDRs").is_empty() && !spec.get("podCIDRs").same(&was.get("podCIDRs")) {
                errors.forbidden(&spec.get("podCIDRs"), "it may not be changed once set");
            }
            if !was.get("providerID").is_empty() {
                fixed(&spec.get("providerID"), &was.get("providerID"), errors);
            }
        }
        _ => {}
    }
}

fn fixed(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    if !new.same(old) {
        errors.invalid(new, "field is immutable");
    }
}

/// `ValidateJobSpecUpdate`.
fn job(spec: &Field<'_>, was: &Field<'_>, errors: &mut Errors) {
    let completions = spec.get("completions");
    if spec.get("completionMode").text() == "Indexed" {
        if completions.is_set() && !completions.same(&was.get("completions")) && completions.int() != spec.get("parallelism").int() {
            errors.invalid(&completions, "it can only be modified in tandem with parallelism");
        }
    } else {
        fixed(&completions, &was.get("completions"), errors);
    }
    for name in ["selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy", "template"] {
        fixed(&spec.get(name), &was.get(name), errors);
    }
}

/// `ValidateServiceUpdate`: addresses and families, once given.
fn service(spec: &Field<'_>, was: &Field<'_>, errors: &mut Errors) {
    // Families that there are not are refused before anything else.
    if spec.get("ipFamilies").texts().any(|f| !matches!(f, "IPv4" | "IPv6")) {
        return;
    }
    let external = |s: &Field<'_>| s.get("type").text() == "ExternalName";
    let headless = |s: &Field<'_>| s.get("clusterIP").text() == "None";
    let addressed = !external(spec) && !external(was);
    let without = headless(spec) && headless(was);
    if addressed && !without {
        let (now, before) = (spec.get("clusterIPs"), was.get("clusterIPs"));
        if before.len() > now.len() && now.is_empty() {
            errors.invalid(&now.item(0), "primary clusterIP can not be unset");
        }
        for (ip, old) in now.items().zip(before.items()) {
            if ip.text() != old.text() {
                errors.invalid(&ip, "it may not change once set");
            }
        }
        if headless(spec) == headless(was) {
            let (now, before) = (spec.get("ipFamilies"), was.get("ipFamilies"));
            if now.items().zip(before.items()).any(|(a, b)| a.text() != b.text()) {
                errors.invalid(&now.item(0), "it may not change once set");
            }
        }
    }
    let balancer = |s: &Field<'_>| s.get("type").text() == "LoadBalancer";
    if balancer(spec) && balancer(was) && !spec.get("loadBalancerClass").same(&was.get("loadBalancerClass")) {
        errors.invalid(&spec.get("loadBalancerClass"), "it may not change once set");
    }
    let checked = |s: &Field<'_>| balancer(s) && s.get("externalTrafficPolicy").text() == "Local";
    if checked(spec) && checked(was) && !spec.get("healthCheckNodePort").same(&was.get("healthCheckNodePort")) {
        errors.forbidden(&spec.get("healthCheckNodePort"), "field is immutable");
    }
}

/// The fields of a persistent volume that are not its source.
const VOLUME_FIELDS: [&str; 9] = [
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];

/// `ValidatePersistentVolumeUpdate`.
fn volume<'a>(new: &Field<'a>, spec: &Field<'a>, was: &Field<'_>, errors: &mut Errors) {
    let source = |s: &Field<'_>| {
        let mut source: Vec<(String, serde_json::Value)> = s
            .entries()
            .filter(|(name, _)| !VOLUME_FIELDS.contains(name))
            .filter_map(|(name, field)| Some((name.to_owned(), field.value()?.clone())))
            .collect();
        source.arrange_by(|a, b| a.0.cmp(&b.0));
        source
    };
    let mut now = source(spec);
    // A secret to expand with may be added.
    if was.get("csi").is_set() && !was.at(&["csi", "controllerExpandSecretRef"]).is_set() {
        for (_, value) in &mut now {
            if let Some(map) = value.as_object_mut() {
                map.shift_remove("controllerExpandSecretRef");
            }
        }
    }
    if now != source(was) {
        errors.forbidden(&spec.get("persistentvolumesource"), "its source is immutable after creation");
    }
    fixed(&spec.get("volumeMode").named(new, "volumeMode"), &was.get("volumeMode"), errors);
    if was.get("nodeAffinity").is_set() {
        fixed(&spec.get("nodeAffinity").named(new, "nodeAffinity"), &was.get("nodeAffinity"), errors);
    }
    let class = spec.get("volumeAttributesClassName");
    if was.get("volumeAttributesClassName").is_set() && !class.is_set() {
        errors.forbidden(&class, "it may not be removed");
    }
}

/// `ValidatePersistentVolumeClaimUpdate`: only what is requested may grow.
fn claim(spec: &Field<'_>, was: &Field<'_>, errors: &mut Errors) {
    const FIXED: [&str; 8] = [
        "accessModes",
        "dataSource",
        "dataSourceRef",
        "selector",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
        "volumeName",
    ];
    let requests = |s: &Field<'_>| s.at(&["resources", "requests"]).entry("storage").quantity();
    let others = !spec.at(&["resources", "limits"]).same(&was.at(&["resources", "limits"]));
    let changed = FIXED.iter().any(|name| !spec.get(name).same(&was.get(name)));
    // Claims grow only when they are bound, and these are not.
    if changed || others || requests(spec) != requests(was) {
        errors.forbidden(spec, "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
    }
    if requests(spec) < requests(was) {
        errors.forbidden(&spec.at(&["resources", "requests", "storage"]), "it can not be less than before");
    }
    fixed(&spec.get("volumeMode"), &was.get("volumeMode"), errors);
}

/// `ValidatePodUpdate`: images, a shorter deadline, more tolerations.
fn pod_update<'a>(new: &Field<'a>, old: &Field<'_>, errors: &mut Errors) {
    let (spec, was) = (new.get("spec"), old.get("spec"));
    pod::of_pod(&new.get("metadata"), &spec, errors);
    for group in ["containers", "initContainers"] {
        let (now, before) = (spec.get(group), was.get(group));
        if now.len() != before.len() {
            return errors.forbidden(&now, "pod updates may not add or remove containers");
        }
    }
    let deadline = spec.get("activeDeadlineSeconds");
    match (deadline.integer(), was.get("activeDeadlineSeconds").integer()) {
        (None, Some(_)) => errors.invalid(&deadline, "it must not be unset"),
        (Some(now), Some(before)) if now > before => errors.invalid(&deadline, "it must be less than or equal to the previous value"),
        _ => {}
    }
    let tolerations = spec.get("tolerations");
    let without = |t: &Field<'_>| {
        let mut value = t.value().cloned().unwrap_or_default();
        if let Some(map) = value.as_object_mut() {
            map.shift_remove("tolerationSeconds");
        }
        value
    };
    let kept = was.get("tolerations").items().all(|old| tolerations.items().any(|t| without(&t) == without(&old)));
    if !kept {
        errors.forbidden(&tolerations, "existing toleration can not be modified except its tolerationSeconds");
    }
    let narrowed = narrowed(&spec, &was, errors);
    // What is left must be the same.
    let plain = |s: &Field<'_>| {
        let mut value = s.value().cloned().unwrap_or_default();
        if let Some(map) = value.as_object_mut() {
            map.shift_remove("activeDeadlineSeconds");
            map.shift_remove("tolerations");
            if narrowed {
                map.shift_remove("nodeSelector");
                if let Some(affinity) = map.get_mut("affinity").and_then(serde_json::Value::as_object_mut) {
                    affinity.shift_remove("nodeAffinity");
                }
            }
            for group in ["containers", "initContainers"] {
                for container in map.get_mut(group).and_then(serde_json::Value::as_array_mut).into_iter().flatten() {
                    if let Some(container) = container.as_object_mut() {
                        container.shift_remove("image");
                    }
                }
            }
        }
        value
    };
    if plain(&spec) != plain(&was) {
        errors.forbidden(&spec, "pod updates may not change fields other than images, activeDeadlineSeconds, tolerations");
    }
}

/// A pod that waits at its scheduling gates may be bound to fewer nodes (`validateNodeAffinityMutation`): whether it is one and is.
fn narrowed(spec: &Field<'_>, was: &Field<'_>, errors: &mut Errors) -> bool {
    if was.get("schedulingGates").is_empty() {
        return false;
    }
    let before = errors.0.len();
    let selector = spec.get("nodeSelector");
    let kept = was.get("nodeSelector").entries().all(|(key, value)| selector.value().and_then(|s| s.get(key)) == value.value());
    if !kept {
        errors.invalid(&selector, "only additions are allowed (no mutations or deletions)");
    }
    let terms = |s: &Field<'_>| {
        s.value().and_then(|v| {
            v.pointer("/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms")
                .and_then(|t| t.as_array())
                .cloned()
        })
    };
    if let Some(old) = terms(was) {
        let place = spec.at(&["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"]);
        if place.len() != old.len() {
            errors.invalid(&place, "no additions or deletions of non-empty terms are allowed");
        } else {
            for (term, old) in place.items().zip(&old) {
                let grows = ["matchExpressions", "matchFields"].iter().all(|list| {
                    let old = old.get(*list).and_then(serde_json::Value::as_array).map_or(&[][..], Vec::as_slice);
                    let new = term.get(list).value().and_then(serde_json::Value::as_array).map_or(&[][..], Vec::as_slice);
                    new.starts_with(old)
                });
                if !grows {
                    errors.invalid(&term, "only additions are allowed (no mutations or deletions)");
                }
            }
        }
    }
    errors.0.len() == before
}
