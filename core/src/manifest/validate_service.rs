//! Checks of validation for Services, claims and volumes.
//!
//! Owns the plain rules of `pkg/apis/core/validation/validation.go` (v1.37) for these kinds, as far as they are listed here.

use std::collections::BTreeSet;

use super::field::{Errors, Field, Reason};
use super::names::is_dns_label;
use super::validate::{labels, selector};
use crate::units::quantity::Quantity;

/// `ValidateService`.
pub(super) fn service(spec: &Field<'_>, errors: &mut Errors) {
    let (kind, ports) = (spec.get("type"), spec.get("ports"));
    errors.one_of(&kind, &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
    let headless = spec.get("clusterIP").text() == "None";
    if ports.is_empty() && !headless && kind.text() != "ExternalName" {
        errors.required(&ports);
    }
    if kind.text() == "ExternalName" && spec.get("externalName").is_empty() {
        errors.required(&spec.get("externalName"));
    }
    let items = ports.items();
    let mut names = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for port in &items {
        let name = port.get("name");
        if name.is_empty() && items.len() > 1 {
            errors.required(&name);
        } else if !name.is_empty() {
            if !is_dns_label(name.text()) {
                errors.invalid(&name, "it must consist of lower-case letters, digits and `-`");
            } else if !names.insert(name.text()) {
                errors.add(&name, Reason::Duplicate, "another port has this name");
            }
        }
        let number = port.get("port");
        if number.integer().is_none_or(|n| !(1..=65535).contains(&n)) {
            errors.invalid(&number, "it must lie between 1 and 65535");
        }
        errors.one_of(&port.get("protocol"), &["SCTP", "TCP", "UDP"]);
        let target = port.get("targetPort");
        if target.integer() != Some(0) {
            errors.within(&target, 1..=65535);
        }
        if !target.text().is_empty() && !is_port_name(target.text()) {
            errors.invalid(&target, "a port's name has at most 15 lower-case letters, digits and `-`, one letter at least");
        }
        let protocol = if port.get("protocol").is_empty() { "TCP" } else { port.get("protocol").text() };
        if !numbers.insert((protocol, number.integer().unwrap_or(0))) {
            errors.add(port, Reason::Duplicate, "another port has this number and protocol");
        }
    }
    labels(&spec.get("selector"), errors);
    if kind.text() != "ExternalName" {
        // One family, IPv4, as clusters have by default.
        for family in spec.get("ipFamilies").items() {
            if family.text() == "IPv6" {
                errors.invalid(&family, "a cluster of one family, IPv4, is assumed");
            }
        }
        if spec.get("ipFamilyPolicy").text() == "RequireDualStack" {
            errors.invalid(&spec.get("ipFamilyPolicy"), "a cluster of one family, IPv4, is assumed");
        }
    }
    errors.one_of(&spec.get("sessionAffinity"), &["ClientIP", "None"]);
}

/// `IsValidPortName`.
fn is_port_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= 15
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
        && bytes.iter().any(u8::is_ascii_lowercase)
        && !text.contains("--")
        && !text.starts_with('-')
        && !text.ends_with('-')
}

const ACCESS_MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

fn access_modes(modes: &Field<'_>, errors: &mut Errors) {
    if modes.is_empty() {
        errors.required(modes);
    }
    for mode in modes.items() {
        if !ACCESS_MODES.contains(&mode.text()) {
            errors.add(modes, Reason::NotSupported, format!("it must be of {}", ACCESS_MODES.join(", ")));
        }
    }
}

/// `ValidatePersistentVolumeClaimSpec`.
pub(super) fn claim(spec: &Field<'_>, errors: &mut Errors) {
    selector(&spec.get("selector"), errors);
    access_modes(&spec.get("accessModes"), errors);
    let requests = spec.at(&["resources", "requests"]);
    // The server names the request by its resource alone.
    let storage = requests.entry("storage").called(&spec.get("resources"), "storage");
    match storage.quantity() {
        None => errors.required(&storage),
        Some(amount) if amount <= Quantity::ZERO => errors.invalid(&storage, "it must be greater than zero"),
        Some(_) => {}
    }
    errors.one_of(&spec.get("volumeMode"), &["Block", "Filesystem"]);
}

/// `ValidatePersistentVolumeSpec`.
pub(super) fn volume(spec: &Field<'_>, errors: &mut Errors) {
    access_modes(&spec.get("accessModes"), errors);
    let capacity = spec.get("capacity");
    if capacity.is_empty() {
        errors.required(&capacity);
    }
    let entries = capacity.entries();
    if !capacity.is_empty() && (entries.len() != 1 || entries[0].0 != "storage") {
        errors.add(&capacity, Reason::NotSupported, "it must have `storage` and nothing else");
    }
    for (_, amount) in entries {
        if amount.quantity().is_some_and(|q| q <= Quantity::ZERO) {
            errors.invalid(&amount, "it must be greater than zero");
        }
    }
    errors.one_of(&spec.get("persistentVolumeReclaimPolicy"), &["Delete", "Recycle", "Retain"]);
    errors.one_of(&spec.get("volumeMode"), &["Block", "Filesystem"]);
}
