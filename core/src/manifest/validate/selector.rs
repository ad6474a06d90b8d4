//! Labels, annotations and label selectors.
//!
//! Owns `k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go` and `ValidateAnnotations` (v1.37).

use crate::manifest::field::{Errors, Field};
use crate::manifest::forms::{is_label_value, is_qualified_name};

const KEY: &str = "a label's key must be a qualified name: `name` or `dns.domain/name`";
const VALUE: &str = "a label's value must be at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends";

/// `ValidateLabels`: errors name the map, not the entry.
pub(super) fn labels(labels: &Field<'_>, errors: &mut Errors) {
    for (key, value) in labels.entries() {
        if !is_qualified_name(key) {
            errors.invalid(labels, KEY);
        }
        if !is_label_value(value.text()) {
            errors.invalid(labels, VALUE);
        }
    }
}

/// `ValidateLabelName`.
pub(super) fn label_key(field: &Field<'_>, errors: &mut Errors) {
    if !is_qualified_name(field.text()) {
        errors.invalid(field, KEY);
    }
}

/// `ValidateAnnotations`: keys are compared in lower case; at most 256 KiB in all.
pub(super) fn annotations(annotations: &Field<'_>, errors: &mut Errors) {
    let mut size = 0;
    for (key, value) in annotations.entries() {
        if !is_qualified_name(&key.to_lowercase()) {
            errors.invalid(annotations, "an annotation's key must be a qualified name: `name` or `dns.domain/name`");
        }
        size += key.len() + value.text().len();
    }
    if size > 256 * 1024 {
        errors.too_long(annotations, 256 * 1024);
    }
}

/// `ValidateLabelSelector`.
pub(super) fn selector(selector: &Field<'_>, errors: &mut Errors) {
    labels(&selector.get("matchLabels"), errors);
    for requirement in selector.get("matchExpressions").items() {
        let values = requirement.get("values");
        match requirement.get("operator").text() {
            "In" | "NotIn" if values.is_empty() => errors.required(&values),
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                errors.forbidden(&values, "it may not be set when `operator` is Exists or DoesNotExist");
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            _ => errors.invalid(&requirement.get("operator"), "it must be one of In, NotIn, Exists, DoesNotExist"),
        }
        label_key(&requirement.get("key"), errors);
        for value in values.items() {
            if !is_label_value(value.text()) {
                errors.invalid(&value, VALUE);
            }
        }
    }
}

/// Whether a selector asks for nothing, and so takes everything.
pub(super) fn is_empty(selector: &Field<'_>) -> bool {
    selector.get("matchLabels").is_empty() && selector.get("matchExpressions").is_empty()
}

/// Whether labels satisfy a selector (`LabelSelectorAsSelector(…).Matches`); `None` where the selector is not one.
pub(super) fn selects(selector: &Field<'_>, labels: &Field<'_>) -> Option<bool> {
    let value = |key: &str| labels.value().and_then(|map| map.get(key)).map(|v| v.as_str().unwrap_or(""));
    let mut all = true;
    for (key, wanted) in selector.get("matchLabels").entries() {
        if !is_qualified_name(key) || !is_label_value(wanted.text()) {
            return None;
        }
        all &= value(key) == Some(wanted.text());
    }
    for requirement in selector.get("matchExpressions").items() {
        let (key, values) = (requirement.get("key").text(), requirement.get("values"));
        if !is_qualified_name(key) || values.texts().any(|v| !is_label_value(v)) {
            return None;
        }
        let found = value(key);
        let listed = found.is_some_and(|found| values.texts().any(|v| v == found));
        all &= match (requirement.get("operator").text(), values.is_empty()) {
            ("In", false) => listed,
            ("NotIn", false) => !listed,
            ("Exists", true) => found.is_some(),
            ("DoesNotExist", true) => found.is_none(),
            _ => return None,
        };
    }
    Some(all)
}
