//! Where pods may run: affinity, tolerations, taints, spread constraints, node selectors.
//!
//! Owns these parts of `pkg/apis/core/validation/validation.go` (v1.37).

use std::collections::BTreeSet;

use super::selector::{label_key, selector};
use crate::manifest::field::{Errors, Field};
use crate::manifest::forms::is_label_value;
use crate::manifest::names::{is_dns_label, is_dns_subdomain};
use crate::units::arrange::Arrange;
use crate::units::gather::Gather;

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// `validateAffinity`.
pub(super) fn affinity(affinity: &Field<'_>, errors: &mut Errors) {
    let node = affinity.get("nodeAffinity");
    let required = node.get("requiredDuringSchedulingIgnoredDuringExecution");
    if required.is_set() {
        node_selector(&required, errors);
    }
    for term in node.get("preferredDuringSchedulingIgnoredDuringExecution").items() {
        weight(&term.get("weight"), errors);
        node_selector_term(&term.get("preference"), false, errors);
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let pods = affinity.get(kind);
        for term in pods.get("requiredDuringSchedulingIgnoredDuringExecution").items() {
            pod_term(&term, errors);
        }
        for term in pods.get("preferredDuringSchedulingIgnoredDuringExecution").items() {
            weight(&term.get("weight"), errors);
            pod_term(&term.get("podAffinityTerm"), errors);
        }
    }
}

fn weight(weight: &Field<'_>, errors: &mut Errors) {
    if !(1..=100).contains(&weight.int()) {
        errors.invalid(weight, "it must be between 1 and 100, inclusive");
    }
}

/// `validatePodAffinityTerm`.
fn pod_term(term: &Field<'_>, errors: &mut Errors) {
    selector(&term.get("labelSelector"), errors);
    selector(&term.get("namespaceSelector"), errors);
    for namespace in term.get("namespaces").texts() {
        if !is_dns_label(namespace) {
            errors.invalid(&term.get("namespace"), "a namespace's name has lower-case letters, digits and `-`");
        }
    }
    label_keys(term, errors);
    let topology = term.get("topologyKey");
    if topology.is_empty() {
        errors.required(&topology);
    }
    label_key(&topology, errors);
}

/// `ValidateMatchLabelKeysAndMismatchLabelKeys`.
fn label_keys(place: &Field<'_>, errors: &mut Errors) {
    let selector = place.get("labelSelector");
    let (matches, mismatches) = (place.get("matchLabelKeys"), place.get("mismatchLabelKeys"));
    for keys in [matches, mismatches] {
        if keys.is_empty() {
            continue;
        }
        if !selector.is_set() {
            errors.forbidden(&keys, "it may not be set without `labelSelector`");
            continue;
        }
        keys.items().for_each(|key| label_key(&key, errors));
    }
    if selector.is_set() {
        let mut seen: BTreeSet<&str> = selector.get("matchLabels").entries().map(|(key, _)| key).gather();
        for expression in selector.get("matchExpressions").items() {
            let key = expression.get("key").text();
            let index = matches.texts().enumerate().filter(|(_, k)| *k == key).map(|(i, _)| i).last();
            if let Some(index) = index.filter(|_| seen.contains(key)) {
                errors.invalid(&place.item(index), "the key exists in both `matchLabelKeys` and `labelSelector`");
            }
            seen.insert(key);
        }
    }
    for key in matches.items() {
        if mismatches.texts().any(|k| k == key.text()) {
            errors.invalid(&key, "the key exists in both `matchLabelKeys` and `mismatchLabelKeys`");
        }
    }
}

/// `ValidateNodeSelector`.
pub(super) fn node_selector(selector: &Field<'_>, errors: &mut Errors) {
    let terms = selector.get("nodeSelectorTerms");
    if terms.is_empty() {
        errors.required(&terms);
    }
    for term in terms.items() {
        node_selector_term(&term, true, errors);
    }
}

/// `ValidateNodeSelectorTerm`; preferences may name values that no label can have.
fn node_selector_term(term: &Field<'_>, values_are_labels: bool, errors: &mut Errors) {
    for requirement in term.get("matchExpressions").items() {
        let values = requirement.get("values");
        match requirement.get("operator").text() {
            "In" | "NotIn" if values.is_empty() => errors.required(&values),
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                errors.forbidden(&values, "it may not be set when `operator` is Exists or DoesNotExist");
            }
            "Gt" | "Lt" if values.len() != 1 => errors.required(&values),
            "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
            _ => errors.invalid(&requirement.get("operator"), "it must be one of In, NotIn, Exists, DoesNotExist, Gt, Lt"),
        }
        label_key(&requirement.get("key"), errors);
        for value in values.items().filter(|_| values_are_labels) {
            errors.form(&value, is_label_value(value.text()), "the form of a label's value");
        }
    }
    for requirement in term.get("matchFields").items() {
        let values = requirement.get("values");
        match requirement.get("operator").text() {
            "In" | "NotIn" if values.len() != 1 => errors.required(&values),
            "In" | "NotIn" => {}
            _ => errors.invalid(&requirement.get("operator"), "it must be In or NotIn"),
        }
        if requirement.get("key").text() == "metadata.name" {
            for value in values.items() {
                errors.form(&value, is_dns_subdomain(value.text()), "the form of a node's name");
            }
        } else {
            errors.invalid(&requirement.get("key"), "the only field to select by is metadata.name");
        }
    }
}

/// `ValidateTolerations`.
pub(super) fn tolerations(tolerations: &Field<'_>, errors: &mut Errors) {
    for toleration in tolerations.items() {
        let (key, operator) = (toleration.get("key"), toleration.get("operator"));
        let (value, effect) = (toleration.get("value"), toleration.get("effect"));
        if !key.is_empty() {
            label_key(&key, errors);
        } else if operator.text() != "Exists" {
            errors.invalid(&operator, "it must be Exists when `key` is empty: match all values and all keys");
        }
        if toleration.get("tolerationSeconds").is_set() && effect.text() != "NoExecute" {
            errors.invalid(&effect, "it must be NoExecute when `tolerationSeconds` is set");
        }
        match operator.text() {
            "Equal" | "" => errors.form(&operator, is_label_value(value.text()), "a label's value to compare with"),
            "Exists" => {
                if !value.is_empty() {
                    errors.invalid(&operator, "`value` must be empty when `operator` is Exists");
                }
            }
            _ => errors.not_supported(&operator, &["Equal", "Exists"]),
        }
        errors.one_of(&effect, &EFFECTS);
    }
}

/// `validateNodeTaints`.
pub(super) fn taints(taints: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for taint in taints.items() {
        let effect = taint.get("effect");
        label_key(&taint.get("key"), errors);
        let value = taint.get("value");
        errors.form(&value, is_label_value(value.text()), "the form of a label's value");
        errors.required_one_of(&effect, &EFFECTS);
        if !effect.is_empty() && !seen.insert((taint.get("key").text(), effect.text())) {
            errors.duplicate(&taint);
        }
    }
}

/// `validateTopologySpreadConstraints`.
pub(super) fn spread(constraints: &Field<'_>, errors: &mut Errors) {
    let all: Vec<Field<'_>> = constraints.items().collect();
    for (index, constraint) in all.iter().enumerate() {
        let (skew, key, action) = (constraint.get("maxSkew"), constraint.get("topologyKey"), constraint.get("whenUnsatisfiable"));
        if skew.int() <= 0 {
            errors.invalid(&skew, "it must be greater than zero");
        }
        if key.is_empty() {
            errors.required(&key);
        }
        errors.must_be_one_of(&action, &["DoNotSchedule", "ScheduleAnyway"]);
        let again =
            |other: &Field<'_>| other.get("topologyKey").text() == key.text() && other.get("whenUnsatisfiable").text() == action.text();
        if all[index + 1..].iter().any(again) {
            errors.duplicate(&constraint.get("{topologyKey, whenUnsatisfiable}"));
        }
        let domains = constraint.get("minDomains");
        if domains.is_set() {
            if domains.int() <= 0 {
                errors.invalid(&domains, "it must be greater than zero");
            }
            if action.text() != "DoNotSchedule" {
                errors.invalid(&domains, "it can only be set when `whenUnsatisfiable` is DoNotSchedule");
            }
        }
        for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            let policy = constraint.get(policy);
            if policy.is_set() {
                errors.must_be_one_of(&policy, &["Honor", "Ignore"]);
            }
        }
        label_keys(constraint, errors);
        selector(&constraint.get("labelSelector"), errors);
    }
}

/// `ValidateTopologySelectorTerm`, of all terms of a list.
pub(super) fn topology_terms(terms: &Field<'_>, errors: &mut Errors) {
    let mut seen: Vec<Vec<(&str, BTreeSet<&str>)>> = Vec::new();
    for term in terms.items() {
        let mut keys = BTreeSet::new();
        let mut all = Vec::new();
        for expression in term.get("matchLabelExpressions").items() {
            let (key, values) = (expression.get("key"), expression.get("values"));
            if values.is_empty() {
                errors.required(&values);
            }
            let mut set = BTreeSet::new();
            for value in values.items() {
                if !set.insert(value.text()) {
                    errors.duplicate(&value);
                }
            }
            label_key(&key, errors);
            if !keys.insert(key.text()) {
                errors.duplicate(&key);
            }
            all.push((key.text(), set));
        }
        all.arrange();
        // The server compares with terms that it has not read yet, which are empty.
        if all.is_empty() || seen.contains(&all) {
            errors.duplicate(&term.get("matchLabelExpressions"));
        }
        seen.push(all);
    }
}
