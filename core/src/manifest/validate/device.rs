//! Devices: classes, claims and slices.
//!
//! Owns the common part of `pkg/apis/resource/validation/validation.go` (v1.37); expressions are only checked for being there.

use std::collections::BTreeSet;

use super::placement::node_selector;
use super::storage::driver_name;
use crate::manifest::field::{Errors, Field, Reason};
use crate::manifest::forms::is_label_value;
use crate::manifest::names::{is_dns_label, is_dns_subdomain};

pub(super) fn check(object: &Field<'_>, kind: &str, errors: &mut Errors) {
    let spec = object.get("spec");
    match kind {
        "ResourceClaim" => claim(&spec.get("devices"), errors),
        "ResourceClaimTemplate" => claim(&spec.get("spec").get("devices"), errors),
        "DeviceClass" => {
            selectors(&spec.get("selectors"), errors);
            configurations(&spec.get("config"), errors);
        }
        _ => slice(&spec, errors),
    }
}

fn label(field: &Field<'_>, errors: &mut Errors) {
    errors.form(field, is_dns_label(field.text()), "at most 63 lower-case letters, digits and `-`");
}

/// `validateDeviceClaim`.
fn claim(devices: &Field<'_>, errors: &mut Errors) {
    let requests = devices.get("requests");
    if requests.len() > 32 {
        errors.too_many(&requests, 32);
    }
    let mut names: BTreeSet<String> = BTreeSet::new();
    for request in requests.items() {
        let name = request.get("name");
        label(&name, errors);
        if !names.insert(name.text().to_owned()) && !name.is_empty() {
            errors.duplicate(&request);
        }
        let (exactly, first) = (request.get("exactly"), request.get("firstAvailable"));
        if exactly.is_set() != first.is_empty() {
            let reason = if exactly.is_set() { Reason::Invalid } else { Reason::Required };
            errors.add(&request, reason, "it must have one of exactly and firstAvailable");
        }
        if exactly.is_set() {
            self::request(&exactly, errors);
        }
        if first.len() > 8 {
            errors.too_many(&first, 8);
        }
        let mut own = BTreeSet::new();
        for part in first.items() {
            let part_name = part.get("name");
            label(&part_name, errors);
            if !own.insert(part_name.text()) && !part_name.is_empty() {
                errors.duplicate(&part);
            }
            names.insert(format!("{}/{}", name.text(), part_name.text()));
            self::request(&part, errors);
        }
    }
    let constraints = devices.get("constraints");
    if constraints.len() > 32 {
        errors.too_many(&constraints, 32);
    }
    for constraint in constraints.items() {
        used(&constraint.get("requests"), &names, errors);
        let matched = constraint.get("matchAttribute");
        if matched.is_set() {
            attribute(&matched, true, errors);
        } else if !constraint.get("distinctAttribute").is_set() {
            errors.required(&matched);
        }
    }
    let config = devices.get("config");
    for entry in config.items() {
        used(&entry.get("requests"), &names, errors);
    }
    configurations(&config, errors);
}

/// Names of requests that exist, each once.
fn used(list: &Field<'_>, names: &BTreeSet<String>, errors: &mut Errors) {
    if list.len() > 32 {
        errors.too_many(list, 32);
    }
    let mut seen = BTreeSet::new();
    for name in list.items() {
        if !name.text().split('/').all(is_dns_label) {
            errors.invalid(&name, "it must have at most 63 lower-case letters, digits and `-`");
        }
        if !names.contains(name.text()) {
            errors.invalid(&name, "it must be the name of a request in the claim");
        }
        if !seen.insert(name.text()) {
            errors.duplicate(&name);
        }
    }
}

fn request(request: &Field<'_>, errors: &mut Errors) {
    let (class, mode, count) = (request.get("deviceClassName"), request.get("allocationMode"), request.get("count"));
    if class.is_empty() {
        errors.required(&class);
    } else {
        errors.form(&class, is_dns_subdomain(class.text()), "lower-case letters, digits, `-` and `.`");
    }
    selectors(&request.get("selectors"), errors);
    match mode.text() {
        "ExactCount" => {
            if count.int() <= 0 {
                errors.invalid(&count, "it must be greater than zero");
            }
        }
        "All" => {
            if count.int() != 0 {
                errors.invalid(&count, "it must not be set when allocationMode is All");
            }
        }
        _ => errors.must_be_one_of(&mode, &["All", "ExactCount"]),
    }
    let tolerations = request.get("tolerations");
    if tolerations.len() > 16 {
        errors.too_many(&tolerations, 16);
    }
    for toleration in tolerations.items() {
        let (key, operator, value, effect) =
            (toleration.get("key"), toleration.get("operator"), toleration.get("value"), toleration.get("effect"));
        if !key.is_empty() {
            super::selector::label_key(&key, errors);
        }
        match operator.text() {
            "Exists" if !value.is_empty() => errors.invalid(&value, "it must be empty for operator Exists"),
            "Exists" => {}
            "Equal" => {
                if key.is_empty() {
                    errors.required(&key);
                }
                errors.form(&value, is_label_value(value.text()), "the form of a label's value");
            }
            _ => errors.required_one_of(&operator, &["Equal", "Exists"]),
        }
        errors.one_of(&effect, &["NoExecute", "NoSchedule", "None"]);
    }
}

fn selectors(list: &Field<'_>, errors: &mut Errors) {
    if list.len() > 32 {
        errors.too_many(list, 32);
    }
    for selector in list.items() {
        let cel = selector.get("cel");
        if !cel.is_set() {
            errors.required(&cel);
        } else if cel.get("expression").is_empty() {
            errors.required(&cel.get("expression"));
        } else if cel.get("expression").text().len() > 10 * 1024 {
            errors.too_long(&cel.get("expression"), 10 * 1024);
        }
    }
}

fn configurations(list: &Field<'_>, errors: &mut Errors) {
    if list.len() > 32 {
        errors.too_many(list, 32);
    }
    for entry in list.items() {
        let opaque = entry.get("opaque");
        if !opaque.is_set() {
            errors.required(&opaque);
            continue;
        }
        driver_name(&opaque.get("driver"), errors);
        let parameters = opaque.get("parameters");
        match parameters.value() {
            None => errors.required(&parameters),
            Some(value) if !value.is_object() => errors.invalid(&parameters, "it must be a JSON object"),
            Some(_) => {}
        }
    }
}

/// A qualified name of an attribute or capacity: `domain/identifier`.
fn attribute(field: &Field<'_>, full: bool, errors: &mut Errors) {
    let text = field.text();
    if text.is_empty() {
        return errors.required(field);
    }
    let (domain, name) = text.split_once('/').map_or((None, text), |(domain, name)| (Some(domain), name));
    let identifier = |name: &str| {
        name.len() <= 32
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    if full && domain.is_none() || !identifier(name) || domain.is_some_and(|d| d.len() > 63 || !is_dns_subdomain(d)) {
        errors.invalid(field, "it must have the form `dns.domain/identifier`");
    }
}

/// A version of the form `1.2.3-pre+build` (<https://semver.org>).
fn is_semantic_version(text: &str) -> bool {
    let (rest, build) = text.split_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
    let (core, pre) = rest.split_once('-').map_or((rest, None), |(core, pre)| (core, Some(pre)));
    let number = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()) && (t == "0" || !t.starts_with('0'));
    let word = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    text.len() <= 64
        && core.split('.').count() == 3
        && core.split('.').all(number)
        && pre.is_none_or(|p| p.split('.').all(|t| word(t) && (!digits(t) || number(t))))
        && build.is_none_or(|b| b.split('.').all(word))
}

/// `validateResourceSlice`.
fn slice(spec: &Field<'_>, errors: &mut Errors) {
    driver_name(&spec.get("driver"), errors);
    let pool = spec.get("pool");
    let name = pool.get("name");
    if name.is_empty() {
        errors.required(&name);
    } else {
        if name.text().len() > 253 {
            errors.too_long(&name, 253);
        }
        if !name.text().split('/').all(is_dns_subdomain) {
            errors.invalid(&name, "each part of it must have lower-case letters, digits, `-` and `.`");
        }
    }
    if pool.get("resourceSliceCount").int() <= 0 {
        errors.invalid(&pool.get("resourceSliceCount"), "it must be greater than zero");
    }
    errors.nonnegative(&pool.get("generation"));
    let (node, wanted) = (spec.get("nodeName"), spec.get("nodeSelector"));
    if node.is_set() {
        if node.text().is_empty() {
            errors.invalid(&node, "it must be either unset or set to a node's name");
        } else {
            errors.form(&node, is_dns_subdomain(node.text()), "the form of a node's name");
        }
    }
    if wanted.is_set() {
        node_selector(&wanted, errors);
        if wanted.get("nodeSelectorTerms").len() > 1 {
            errors.invalid(&wanted.get("nodeSelectorTerms"), "there must be exactly one term");
        }
    }
    let ways = usize::from(node.is_set())
        + usize::from(wanted.is_set())
        + usize::from(spec.get("allNodes").is_true())
        + usize::from(spec.get("perDeviceNodeSelection").is_true());
    if ways != 1 {
        let reason = if ways == 0 { Reason::Required } else { Reason::Invalid };
        errors.add(spec, reason, "exactly one of nodeName, nodeSelector, allNodes and perDeviceNodeSelection must be set");
    }
    let devices = spec.get("devices");
    if devices.len() > 128 {
        errors.too_many(&devices, 128);
    }
    let mut names = BTreeSet::new();
    for device in devices.items() {
        let name = device.get("name");
        label(&name, errors);
        if !names.insert(name.text()) {
            errors.duplicate(&device);
        }
        for (key, value) in device.get("attributes").entries() {
            let kinds = ["int", "bool", "string", "version"].iter().filter(|k| value.get(k).is_set()).count();
            if kinds != 1 {
                errors.invalid(&value, "exactly one value must be specified");
            }
            let version = value.get("version");
            if version.is_set() && !is_semantic_version(version.text()) {
                errors.invalid(&version, "it must be a semantic version, such as 1.2.3");
            }
            if !key.split_once('/').map_or(key, |(_, name)| name).starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                errors.invalid(&value, "its name must be an identifier");
            }
        }
    }
}
