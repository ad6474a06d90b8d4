//! Nodes, namespaces, classes of priority and runtime, leases, events.
//!
//! Owns these parts of `pkg/apis/core/validation`, and `pkg/apis/{scheduling,node,coordination}/validation` (v1.37).

use std::collections::BTreeSet;

use super::placement::{taints, tolerations};
use super::resources::amount;
use super::selector::labels;
use crate::manifest::field::{Errors, Field};
use crate::manifest::forms::{cidr, is_qualified_name};
use crate::manifest::kinds::Kind;
use crate::manifest::names::is_dns_label;
use crate::units::gather::Gather;

/// The highest priority that is not the system's own.
const HIGHEST_PRIORITY: i64 = 1_000_000_000;

pub(super) fn check(object: &Field<'_>, kind: &Kind, errors: &mut Errors) {
    match kind.kind {
        "Node" => node(object, errors),
        "Namespace" => {
            let finalizers = object.at(&["spec", "finalizers"]);
            for finalizer in finalizers.texts() {
                if !is_qualified_name(finalizer) {
                    errors.invalid(&finalizers, "a finalizer must be a qualified name");
                }
                if !finalizer.contains('/') && !["orphan", "foregroundDeletion", "kubernetes"].contains(&finalizer) {
                    errors.invalid(&finalizers, "a finalizer needs a domain: `example.com/name`");
                }
            }
        }
        "PriorityClass" => priority_class(object, errors),
        "RuntimeClass" => runtime_class(object, errors),
        "Lease" => lease(&object.get("spec"), errors),
        _ => event(object, kind.api_version == "v1", errors),
    }
}

fn node(object: &Field<'_>, errors: &mut Errors) {
    let (spec, status) = (object.get("spec"), object.get("status"));
    // The server names taints as if they were metadata.
    taints(&spec.get("taints").named(&object.get("metadata"), "taints"), errors);
    for list in ["capacity", "allocatable"] {
        for (name, value) in status.get(list).entries() {
            amount(&value.named(&status.get(list), name), name, errors);
        }
    }
    let ranges = spec.get("podCIDRs");
    for range in ranges.items() {
        if cidr(range.text()).is_none() {
            errors.invalid(&range, "it must be a CIDR value, such as 10.9.8.0/24");
        }
    }
    if ranges.len() > 1 {
        let families: BTreeSet<bool> = ranges.texts().filter_map(cidr).map(|(ip, _)| ip.is_ipv4()).gather();
        if families.len() != 2 || ranges.len() > 2 {
            errors.invalid(&ranges, "there may be no more than one range for each IP family");
        }
    }
}

/// `ValidatePriorityClass`.
fn priority_class(object: &Field<'_>, errors: &mut Errors) {
    let (name, value) = (object.at(&["metadata", "name"]), object.get("value"));
    if name.text().starts_with("system-") {
        let known =
            matches!((name.text(), value.int()), ("system-cluster-critical", 2_000_000_000) | ("system-node-critical", 2_000_001_000));
        if !known || object.get("globalDefault").is_true() {
            errors.forbidden(&name, "names that begin with `system-` are the system's own");
        }
    } else if value.int() > HIGHEST_PRIORITY {
        errors.forbidden(&value, format!("it may be at most {HIGHEST_PRIORITY}"));
    }
    errors.required_one_of(&object.get("preemptionPolicy"), &["Never", "PreemptLowerPriority"]);
}

/// `ValidateRuntimeClass`.
fn runtime_class(object: &Field<'_>, errors: &mut Errors) {
    let handler = object.get("handler");
    if handler.is_empty() {
        errors.required(&handler);
    } else {
        errors.form(&handler, is_dns_label(handler.text()), "at most 63 lower-case letters, digits and `-`");
    }
    let overhead = object.get("overhead");
    for (name, value) in overhead.get("podFixed").entries() {
        // Overhead is looked at as if it were limits.
        let place = value.called(&overhead.get("limits"), name);
        super::resources::container_resource(&place, name, errors);
        amount(&place, name, errors);
    }
    let scheduling = object.get("scheduling");
    labels(&scheduling.get("nodeSelector"), errors);
    let list = scheduling.get("tolerations");
    tolerations(&list, errors);
    let mut seen = BTreeSet::new();
    for toleration in list.items() {
        let key = ["key", "operator", "value", "effect"].map(|name| toleration.get(name).text());
        if !seen.insert(key) {
            errors.duplicate(&toleration);
        }
    }
}

/// `ValidateLeaseSpec`.
fn lease(spec: &Field<'_>, errors: &mut Errors) {
    let duration = spec.get("leaseDurationSeconds");
    if duration.integer().is_some_and(|d| d <= 0) {
        errors.invalid(&duration, "it must be greater than 0");
    }
    errors.nonnegative(&spec.get("leaseTransitions"));
    let (strategy, preferred) = (spec.get("strategy"), spec.get("preferredHolder"));
    if strategy.is_set() {
        let parts: Vec<&str> = strategy.text().split('/').collect();
        let own = parts.len() == 2 && parts[0] != "kubernetes.io" && !parts[0].ends_with(".kubernetes.io");
        let known = strategy.text() == "OldestEmulationVersion" || parts.len() == 2 && is_qualified_name(strategy.text()) && own;
        errors.form(&strategy, known, "the form of a strategy: OldestEmulationVersion, or one of your own domain");
    }
    if !preferred.is_empty() && strategy.is_empty() {
        errors.forbidden(&preferred, "it may not be set without `strategy`");
    }
}

/// `ValidateEventCreate`.
fn event(object: &Field<'_>, core: bool, errors: &mut Errors) {
    let involved = object.get("involvedObject");
    let regarding = object.get("regarding");
    let subject = if core { involved } else { regarding };
    let (namespace, own) = (subject.get("namespace"), object.at(&["metadata", "namespace"]).text());
    let place = namespace.named(&object.get("involvedObject"), "namespace");
    let controller_name = if core { "reportingComponent" } else { "reportingController" };
    if !object.get("eventTime").is_set() {
        let fits = if namespace.is_empty() { matches!(own, "" | "default") } else { own == namespace.text() };
        if !fits {
            errors.invalid(&place, "it does not match the event's namespace");
        }
    } else {
        if namespace.is_empty() && !matches!(own, "default" | "kube-system") {
            errors.invalid(&place, "it does not match the event's namespace");
        }
        let controller = object.get(controller_name);
        if controller.is_empty() {
            errors.required(&controller);
        }
        errors.form(&controller, is_qualified_name(controller.text()), "the form of a qualified name");
        for (name, limit) in [("reportingInstance", 128), ("action", 128), ("reason", 128)] {
            let field = object.get(name);
            if field.is_empty() {
                errors.required(&field);
            }
            if field.text().len() > limit {
                errors.invalid(&field, format!("it can have at most {limit} characters"));
            }
        }
        let message = if core { object.get("message") } else { object.get("note").named(object, "message") };
        if message.text().len() > 1024 {
            errors.invalid(&message, "it can have at most 1024 characters");
        }
    }
    if core {
        return;
    }
    let series = object.get("series");
    if series.is_set() {
        if series.get("count").int() < 2 {
            errors.invalid(&object.get("series.count"), "it should be at least 2");
        }
        if !series.get("lastObservedTime").is_set() {
            errors.required(&object.get("series.lastObservedTime"));
        }
    }
    if !object.get("eventTime").is_set() {
        errors.required(&object.get("eventTime"));
    }
    if !["Normal", "Warning"].contains(&object.get("type").text()) {
        errors.invalid(&object.get("type"), "it must be Normal or Warning");
    }
    for (name, written) in [
        ("deprecatedFirstTimestamp", "firstTimestamp"),
        ("deprecatedLastTimestamp", "lastTimestamp"),
        ("deprecatedCount", "count"),
        ("deprecatedSource", "source"),
    ] {
        let field = object.get(name);
        if !field.is_empty() {
            errors.invalid(&field.named(object, written), "it needs to be unset");
        }
    }
}
