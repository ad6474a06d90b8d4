//! Volumes, claims, classes and drivers.
//!
//! Owns `ValidatePersistentVolumeSpec`, `ValidatePersistentVolumeClaimSpec` of `pkg/apis/core/validation` and
//! `pkg/apis/storage/validation/validation.go` (v1.37).

use std::collections::BTreeSet;

use super::placement::{node_selector, topology_terms};
use super::resources::amount;
use super::selector::selector;
use super::volume::{below, required, shared};
use crate::manifest::field::{Errors, Field, Reason};
use crate::manifest::forms::is_qualified_name;
use crate::manifest::names::{is_dns_label, is_dns_subdomain};
use crate::units::quantity::Quantity;

const ACCESS_MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// The kinds of persistent volumes in the order they are looked at; of two, the later one is refused.
const KINDS: [&str; 22] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];

pub(super) fn check(object: &Field<'_>, kind: &str, errors: &mut Errors) {
    let spec = object.get("spec");
    match kind {
        "PersistentVolume" => volume(&spec, false, errors),
        "PersistentVolumeClaim" => claim_spec(&spec, errors),
        "StorageClass" => class(object, errors),
        "CSIDriver" => driver(&spec, errors),
        "CSINode" => node(&spec, errors),
        "CSIStorageCapacity" => capacity(object, errors),
        "VolumeAttachment" => attachment(&spec, errors),
        _ => attributes_class(object, errors),
    }
}

fn class_name(name: &Field<'_>, errors: &mut Errors) {
    errors.form(name, name.is_empty() || is_dns_subdomain(name.text()), "lower-case letters, digits, `-` and `.`");
}

fn access_modes(modes: &Field<'_>, errors: &mut Errors) {
    if modes.is_empty() {
        errors.required(modes);
    }
    for mode in modes.texts().filter(|mode| !ACCESS_MODES.contains(mode)) {
        errors.add(modes, Reason::NotSupported, format!("`{mode}` is none of {}", ACCESS_MODES.join(", ")));
    }
    let alone = modes.texts().any(|m| m == "ReadWriteOncePod");
    if alone && modes.texts().any(|m| m != "ReadWriteOncePod" && ACCESS_MODES.contains(&m)) {
        errors.forbidden(modes, "ReadWriteOncePod cannot be used with other access modes");
    }
}

/// `ValidatePersistentVolumeClaimSpec`.
pub(super) fn claim_spec(spec: &Field<'_>, errors: &mut Errors) {
    access_modes(&spec.get("accessModes"), errors);
    selector(&spec.get("selector"), errors);
    // The server names the request by its resource alone.
    let storage = spec.at(&["resources", "requests"]).entry("storage").called(&spec.get("resources"), "storage");
    match storage.quantity() {
        None => errors.required(&storage),
        Some(wanted) if wanted <= Quantity::ZERO => errors.invalid(&storage, "it must be greater than zero"),
        Some(_) => amount(&storage, "storage", errors),
    }
    class_name(&spec.get("storageClassName"), errors);
    let mode = spec.get("volumeMode");
    if mode.is_set() {
        errors.must_be_one_of(&mode, &["Block", "Filesystem"]);
    }
    let (source, reference) = (spec.get("dataSource"), spec.get("dataSourceRef"));
    for data in [source, reference] {
        if !data.is_set() {
            continue;
        }
        required(&data, &["name", "kind"], errors);
        let group = data.get("apiGroup");
        if group.is_empty() && data.get("kind").text() != "PersistentVolumeClaim" {
            errors.invalid(&data, "it must be a PersistentVolumeClaim where no apiGroup is given");
        }
        errors.form(&group, group.is_empty() || is_dns_subdomain(group.text()), "lower-case letters, digits, `-` and `.`");
        let namespace = data.get("namespace");
        errors.form(&namespace, namespace.is_empty() || is_dns_label(namespace.text()), "the form of a namespace's name");
    }
    if source.is_set() && reference.is_set() {
        let differs = ["apiGroup", "kind", "name"].iter().any(|name| !source.get(name).same(&reference.get(name)));
        if !reference.get("namespace").is_empty() || differs {
            errors.invalid(spec, "dataSource must match dataSourceRef");
        }
    }
    class_name(&spec.get("volumeAttributesClassName"), errors);
}

/// `ValidatePersistentVolumeSpec`; `inline` is one within a VolumeAttachment.
pub(super) fn volume(spec: &Field<'_>, inline: bool, errors: &mut Errors) {
    let capacity = spec.get("capacity");
    if inline {
        for field in [spec.get("claimRef"), capacity] {
            if !field.is_empty() {
                errors.forbidden(&field, "it may not be set in the context of inline volumes");
            }
        }
        if !spec.get("csi").is_set() {
            errors.required(&spec.get("csi"));
        }
    }
    access_modes(&spec.get("accessModes"), errors);
    if !inline {
        if capacity.is_empty() {
            errors.required(&capacity);
        }
        if !capacity.entry("storage").is_set() || capacity.len() > 1 {
            errors.not_supported(&capacity, &["storage"]);
        }
        for (_, size) in capacity.entries() {
            if size.quantity().is_some_and(|q| q <= Quantity::ZERO) {
                errors.invalid(&size, "it must be greater than zero");
            }
        }
    }
    let (policy, affinity) = (spec.get("persistentVolumeReclaimPolicy"), spec.get("nodeAffinity"));
    if inline {
        if !matches!(policy.text(), "" | "Retain") {
            errors.forbidden(&policy, "it may only be Retain in the context of inline volumes");
        }
        if affinity.is_set() {
            errors.forbidden(&affinity, "it may not be set in the context of inline volumes");
        }
    } else {
        errors.one_of(&policy, &["Delete", "Recycle", "Retain"]);
        if affinity.is_set() {
            let wanted = affinity.get("required");
            if wanted.is_set() { node_selector(&wanted, errors) } else { errors.required(&wanted) }
        }
    }
    source(spec, &affinity, errors);
    let host = spec.at(&["hostPath", "path"]).text();
    let is_root = host.starts_with('/') && host.split('/').all(|part| matches!(part, "" | "."));
    if is_root && policy.text() == "Recycle" {
        errors.forbidden(&policy, "it may not be Recycle for a hostPath mount of /");
    }
    let (class, mode) = (spec.get("storageClassName"), spec.get("volumeMode"));
    if inline {
        if !class.is_empty() {
            errors.forbidden(&class, "it may not be set in the context of inline volumes");
        }
        if mode.is_set() && mode.text() != "Filesystem" {
            errors.forbidden(&mode, "it may only be Filesystem in the context of inline volumes");
        }
    } else {
        class_name(&class, errors);
        if mode.is_set() {
            errors.must_be_one_of(&mode, &["Block", "Filesystem"]);
        }
    }
    let attributes = spec.get("volumeAttributesClassName");
    if attributes.is_set() && !inline {
        if attributes.text().is_empty() {
            errors.required(&attributes);
        } else {
            class_name(&attributes, errors);
        }
        if !spec.get("csi").is_set() {
            errors.required(&spec.get("csi"));
        }
    }
}

fn source(spec: &Field<'_>, affinity: &Field<'_>, errors: &mut Errors) {
    let mut found = false;
    for kind in KINDS {
        let source = spec.get(kind);
        if !source.is_set() {
            continue;
        }
        if found && kind != "flexVolume" {
            errors.forbidden(&source, "a volume has one type only");
            continue;
        }
        found = true;
        match kind {
            "local" => {
                let path = source.get("path");
                if path.is_empty() {
                    errors.required(&path)
                } else {
                    below(&path, errors)
                }
                if !affinity.is_set() {
                    errors.required(affinity);
                }
            }
            "csi" => csi(&source, errors),
            "gcePersistentDisk" => shared(spec, kind, &source.named(spec, "persistentDisk"), true, errors),
            _ => shared(spec, kind, &source, true, errors),
        }
    }
    if !found {
        errors.required(spec);
    }
}

fn csi(source: &Field<'_>, errors: &mut Errors) {
    driver_name(&source.get("driver"), errors);
    required(source, &["volumeHandle"], errors);
    for name in ["controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"] {
        let secret = source.get(name);
        if !secret.is_set() {
            continue;
        }
        let (name, namespace) = (secret.get("name"), secret.get("namespace"));
        required(&secret, &["name", "namespace"], errors);
        errors.form(&name, name.is_empty() || is_dns_subdomain(name.text()), "the form of a secret's name");
        errors.form(&namespace, namespace.is_empty() || is_dns_label(namespace.text()), "the form of a namespace's name");
    }
}

/// `ValidateCSIDriverName`.
pub(super) fn driver_name(name: &Field<'_>, errors: &mut Errors) {
    if name.is_empty() {
        return errors.required(name);
    }
    if name.text().len() > 63 {
        errors.too_long(name, 63);
    }
    errors.form(name, is_dns_subdomain(&name.text().to_lowercase()), "letters, digits, `-` and `.`");
}

/// `validateProvisioner`.
fn provisioner(name: &Field<'_>, errors: &mut Errors) {
    if name.is_empty() {
        errors.required(name);
    } else {
        errors.form(name, is_qualified_name(&name.text().to_lowercase()), "the form of a qualified name");
    }
}

/// `validateParameters`.
fn parameters(parameters: &Field<'_>, may_be_empty: bool, errors: &mut Errors) {
    if parameters.len() > 512 {
        return errors.too_long(parameters, 512);
    }
    let mut size = 0;
    for (key, value) in parameters.entries() {
        if key.is_empty() {
            errors.invalid(parameters, "a key cannot be empty");
        }
        size += key.len() + value.text().len();
    }
    if size > 256 * 1024 {
        errors.too_long(parameters, 256 * 1024);
    }
    if !may_be_empty && parameters.is_empty() {
        errors.required(parameters);
    }
}

fn class(object: &Field<'_>, errors: &mut Errors) {
    provisioner(&object.get("provisioner"), errors);
    parameters(&object.get("parameters"), true, errors);
    errors.one_of(&object.get("reclaimPolicy"), &["Delete", "Retain"]);
    errors.must_be_one_of(&object.get("volumeBindingMode"), &["Immediate", "WaitForFirstConsumer"]);
    topology_terms(&object.get("allowedTopologies"), errors);
}

fn attributes_class(object: &Field<'_>, errors: &mut Errors) {
    provisioner(&object.get("driverName"), errors);
    parameters(&object.get("parameters"), false, errors);
}

fn driver(spec: &Field<'_>, errors: &mut Errors) {
    let policy = spec.get("fsGroupPolicy");
    if policy.is_set() {
        errors.must_be_one_of(&policy, &["File", "None", "ReadWriteOnceWithFSType"]);
    }
    let requests = spec.get("tokenRequests");
    let mut audiences = BTreeSet::new();
    for request in requests.items() {
        if !audiences.insert(request.get("audience").text()) {
            errors.duplicate(&request.get("audience"));
            continue;
        }
        errors.within(&request.get("expirationSeconds"), 600..=1 << 32);
    }
    let modes = spec.get("volumeLifecycleModes");
    for mode in modes.texts().filter(|m| !matches!(*m, "Persistent" | "Ephemeral")) {
        errors.add(&modes, Reason::NotSupported, format!("`{mode}` is none of Ephemeral, Persistent"));
    }
    let period = spec.get("nodeAllocatableUpdatePeriodSeconds");
    errors.within(&period, 10..=i64::MAX);
    let in_secrets = spec.get("serviceAccountTokenInSecrets");
    if in_secrets.is_set() && requests.is_empty() {
        errors.invalid(&in_secrets, "it may only be set when tokenRequests is");
    }
}

fn node(spec: &Field<'_>, errors: &mut Errors) {
    let mut names = BTreeSet::new();
    for driver in spec.get("drivers").items() {
        let (name, id) = (driver.get("name"), driver.get("nodeID"));
        driver_name(&name, errors);
        if id.is_empty() {
            errors.required(&id);
        }
        if id.text().len() > 192 {
            errors.invalid(&id, "it must have 192 characters or less");
        }
        errors.nonnegative(&driver.at(&["allocatable", "count"]));
        if !names.insert(name.text()) {
            errors.duplicate(&name);
        }
        let mut keys = BTreeSet::new();
        for key in driver.get("topologyKeys").texts() {
            if key.is_empty() {
                errors.required(&driver);
            }
            if !keys.insert(key) {
                errors.duplicate(&driver);
            }
            if !is_qualified_name(key) {
                errors.invalid(&driver, "a topology key must be a qualified name");
            }
        }
    }
}

fn capacity(object: &Field<'_>, errors: &mut Errors) {
    selector(&object.get("nodeTopology"), errors);
    let class = object.get("storageClassName");
    errors.form(&class, is_dns_subdomain(class.text()), "the form of a class' name");
    let size = object.get("capacity");
    if size.quantity().is_some_and(|q| q < Quantity::ZERO) {
        errors.invalid(&size, "it must be greater than or equal to 0");
    }
}

fn attachment(spec: &Field<'_>, errors: &mut Errors) {
    driver_name(&spec.get("attacher"), errors);
    let source = spec.get("source");
    let (inline, name) = (source.get("inlineVolumeSpec"), source.get("persistentVolumeName"));
    match (inline.is_set(), name.is_set()) {
        (false, false) => errors.required(&source),
        (true, true) => errors.forbidden(&source, "it must have one of inlineVolumeSpec and persistentVolumeName"),
        (false, true) => {
            if name.text().is_empty() {
                errors.required(&name);
            }
        }
        (true, false) => volume(&inline, true, errors),
    }
    let node = spec.get("nodeName");
    errors.form(&node, is_dns_subdomain(node.text()), "the form of a node's name");
    if name.is_set() && !is_dns_subdomain(name.text()) {
        errors.invalid(&name, "it must have the form of a volume's name");
    }
}
