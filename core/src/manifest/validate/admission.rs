//! Webhooks and policies of admission.
//!
//! Owns `pkg/apis/admissionregistration/validation/validation.go` (v1.37), but for compiling expressions: they are only
//! checked for being there.

use std::collections::BTreeSet;

use super::selector::selector;
use crate::manifest::field::{Errors, Field, Reason};
use crate::manifest::forms::{is_fully_qualified, is_port, is_qualified_name};
use crate::manifest::names::{is_dns_1035_label, is_dns_subdomain, is_path_segment};

pub(super) fn check(object: &Field<'_>, kind: &str, errors: &mut Errors) {
    let spec = object.get("spec");
    match kind {
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => {
            let mut names = BTreeSet::new();
            for webhook in object.get("webhooks").items() {
                self::webhook(&webhook, kind, errors);
                let name = webhook.get("name");
                if !name.is_empty() && !names.insert(name.text()) {
                    errors.duplicate(&name);
                }
            }
        }
        "ValidatingAdmissionPolicy" => {
            policy(&spec, errors);
            validations(object, &spec, errors);
        }
        "MutatingAdmissionPolicy" => {
            policy(&spec, errors);
            let rules = spec.at(&["matchConstraints", "resourceRules"]);
            let operations = rules.get("operations");
            for rule in rules.items() {
                for operation in rule.get("operations").texts().filter(|o| !matches!(*o, "*" | "CREATE" | "UPDATE" | "CONNECT")) {
                    errors.add(&operations, Reason::NotSupported, format!("`{operation}` is none of *, CONNECT, CREATE, UPDATE"));
                }
            }
            mutations(&spec, errors);
        }
        "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding" => binding(&spec, kind, errors),
        _ => {}
    }
}

fn webhook(webhook: &Field<'_>, kind: &str, errors: &mut Errors) {
    let name = webhook.get("name");
    if name.is_empty() {
        errors.required(&name);
    } else {
        errors.form(&name, is_fully_qualified(name.text()), "the form of a domain with at least three parts");
    }
    webhook.get("rules").items().for_each(|r| rule(&r, &["*", "CONNECT", "CREATE", "DELETE", "UPDATE"], errors));
    errors.must_be_one_of(&webhook.get("failurePolicy"), &["Fail", "Ignore"]);
    errors.must_be_one_of(&webhook.get("matchPolicy"), &["Equivalent", "Exact"]);
    let effects = webhook.get("sideEffects");
    if effects.is_set() {
        errors.must_be_one_of(&effects, &["None", "NoneOnDryRun"]);
    } else {
        errors.required(&effects);
    }
    errors.within(&webhook.get("timeoutSeconds"), 1..=30);
    selector(&webhook.get("namespaceSelector"), errors);
    selector(&webhook.get("objectSelector"), errors);
    if kind == "MutatingWebhookConfiguration" {
        errors.must_be_one_of(&webhook.get("reinvocationPolicy"), &["IfNeeded", "Never"]);
    }
    client(&webhook.get("clientConfig"), true, errors);
    match_conditions(&webhook.get("matchConditions"), errors);
    review_versions(&webhook.get("admissionReviewVersions"), &["v1", "v1beta1"], errors);
}

/// The versions of reviews that a webhook understands: one that the server knows must be among them.
pub(super) fn review_versions(versions: &Field<'_>, known: &[&str], errors: &mut Errors) {
    if versions.is_empty() {
        return errors.required(versions);
    }
    let mut seen = BTreeSet::new();
    for version in versions.items() {
        if !seen.insert(version.text()) {
            errors.invalid(&version, "duplicate version");
        } else {
            errors.form(&version, is_dns_1035_label(version.text()), "lower-case letters, digits and `-`, a letter first");
        }
    }
    if !versions.texts().any(|v| known.contains(&v)) {
        errors.invalid(versions, format!("it must include at least one of {}", known.join(", ")));
    }
}

/// A URL or a Service (`ValidateWebhookURL`, `ValidateWebhookService`).
///
/// The names of a Service are `swapped` in the errors about webhooks of admission.
pub(super) fn client(client: &Field<'_>, swapped: bool, errors: &mut Errors) {
    let (url, service) = (client.get("url"), client.get("service"));
    if url.is_set() == service.is_set() {
        return errors.required(client);
    }
    if url.is_set() {
        let text = url.text();
        let rest = text.strip_prefix("https://");
        let host = rest.map_or("", |r| r.split(['/', '?', '#']).next().unwrap_or(""));
        if rest.is_none() || host.is_empty() || host.contains('@') || text.contains(['?', '#', ' ']) {
            errors.invalid(&url, "it must be an https URL with a host, and without user, query and fragment");
        }
        return;
    }
    let (path, port) = (service.get("path"), service.get("port"));
    for (name, other) in [("name", "namespace"), ("namespace", "name")] {
        if service.get(name).is_empty() {
            errors.required(&service.get(if swapped { other } else { name }));
        }
    }
    if port.is_set() && !is_port(port.int()) {
        errors.invalid(&port, "it must be between 1 and 65535, inclusive");
    }
    let text = path.text();
    if !path.is_set() || text == "/" {
        return;
    }
    if !text.starts_with('/') {
        return errors.invalid(&path, "it must start with a `/`");
    }
    let inner = text.strip_prefix('/').unwrap_or(text);
    let steps = inner.strip_suffix('/').unwrap_or(inner);
    for step in steps.split('/') {
        if step.is_empty() || !is_dns_subdomain(step) {
            errors.invalid(&path, format!("its part `{step}` must have lower-case letters, digits, `-` and `.`"));
        }
    }
}

/// `validateRuleWithOperations`.
fn rule(rule: &Field<'_>, known: &[&str], errors: &mut Errors) {
    let (operations, groups, versions, resources) =
        (rule.get("operations"), rule.get("apiGroups"), rule.get("apiVersions"), rule.get("resources"));
    for list in [operations, groups, versions] {
        if list.is_empty() {
            errors.required(&list);
        } else if list.len() > 1 && list.texts().any(|t| t == "*") {
            errors.invalid(&list, "if `*` is present, it must be the only value");
        }
    }
    operations.items().for_each(|operation| errors.must_be_one_of(&operation, known));
    for version in versions.items().filter(Field::is_empty) {
        errors.required(&version);
    }
    self::resources(&resources, errors);
    errors.must_be_one_of(&rule.get("scope"), &["*", "Cluster", "Namespaced"]);
}

/// `validateResources`.
fn resources(list: &Field<'_>, errors: &mut Errors) {
    if list.is_empty() {
        return errors.required(list);
    }
    let (mut all_of, mut of_all) = (BTreeSet::new(), BTreeSet::new());
    let mut plain = false;
    for resource in list.items() {
        let text = resource.text();
        if text.is_empty() {
            errors.required(&resource);
            continue;
        }
        let Some((name, part)) = text.split_once('/') else {
            plain = text != "*";
            continue;
        };
        if all_of.contains(name) {
            errors.invalid(&resource, format!("`{name}/*` is in the list already"));
        }
        if of_all.contains(part) {
            errors.invalid(&resource, format!("`*/{part}` is in the list already"));
        }
        if part == "*" {
            all_of.insert(name);
        }
        if name == "*" {
            of_all.insert(part);
        }
    }
    let has = |wanted: &str| list.texts().any(|t| t == wanted);
    if list.len() > 1 && has("*/*") {
        errors.invalid(list, "if `*/*` is present, there must be nothing else");
    }
    if has("*") && plain {
        errors.invalid(list, "if `*` is present, there must be no other resource without a subresource");
    }
}

/// `validateMatchConditions`.
fn match_conditions(conditions: &Field<'_>, errors: &mut Errors) {
    if conditions.len() > 64 {
        errors.too_many(conditions, 64);
    }
    let mut names = BTreeSet::new();
    for condition in conditions.items() {
        let name = condition.get("name");
        expression(&condition.get("expression"), errors);
        if name.is_empty() {
            errors.required(&name);
        } else {
            errors.form(&name, is_qualified_name(name.text()), "the form of a qualified name");
            if !names.insert(name.text()) {
                errors.duplicate(&name);
            }
        }
    }
}

fn expression(expression: &Field<'_>, errors: &mut Errors) {
    if expression.text().trim().is_empty() {
        errors.required(expression);
    }
}

/// What both kinds of policies have.
fn policy(spec: &Field<'_>, errors: &mut Errors) {
    errors.must_be_one_of(&spec.get("failurePolicy"), &["Fail", "Ignore"]);
    let params = spec.get("paramKind");
    if params.is_set() {
        param_kind(&params, errors);
    }
    let constraints = spec.get("matchConstraints");
    if constraints.is_set() {
        match_resources(&constraints, errors);
        if constraints.get("resourceRules").is_empty() {
            errors.required(&constraints.get("resourceRules"));
        }
    } else {
        errors.required(&constraints);
    }
    match_conditions(&spec.get("matchConditions"), errors);
    for variable in spec.get("variables").items() {
        let name = variable.get("name");
        let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let identifier = name.text().bytes().all(inner) && !name.text().starts_with(|c: char| c.is_ascii_digit());
        if name.text().trim().is_empty() {
            errors.required(&name);
        } else {
            errors.form(&name, identifier, "the form of an identifier");
        }
        expression(&variable.get("expression"), errors);
    }
}

fn param_kind(kind: &Field<'_>, errors: &mut Errors) {
    let (version, name) = (kind.get("apiVersion"), kind.get("kind"));
    let text = version.text();
    if text.is_empty() {
        errors.required(&version);
    } else if text.matches('/').count() > 1 {
        errors.invalid(&version, "it must be `group/version` or `version`");
    } else {
        let (group, version_text) = text.split_once('/').map_or(("", text), |(group, version)| (group, version));
        errors.form(&version, group.is_empty() || is_dns_subdomain(group), "the form of a group and a version");
        errors.form(&version, is_dns_1035_label(version_text), "the form of a group and a version");
    }
    if name.is_empty() {
        errors.required(&name);
    } else {
        errors.form(&name, is_dns_1035_label(&name.text().to_lowercase()), "letters, digits and `-`, a letter first");
    }
}

/// `validateMatchResources`.
fn match_resources(resources: &Field<'_>, errors: &mut Errors) {
    errors.must_be_one_of(&resources.get("matchPolicy"), &["Equivalent", "Exact"]);
    selector(&resources.get("namespaceSelector"), errors);
    selector(&resources.get("objectSelector"), errors);
    for list in ["resourceRules", "excludeResourceRules"] {
        for rule in resources.get(list).items() {
            let mut names = BTreeSet::new();
            for name in rule.get("resourceNames").items() {
                errors.form(&name, is_path_segment(name.text()), "no `/` and no `%`");
                if !names.insert(name.text()) {
                    errors.duplicate(&name);
                }
            }
            self::rule(&rule, &["*", "CONNECT", "CREATE", "DELETE", "UPDATE"], errors);
        }
    }
}

fn validations(object: &Field<'_>, spec: &Field<'_>, errors: &mut Errors) {
    let (validations, notes) = (spec.get("validations"), spec.get("auditAnnotations"));
    if validations.is_empty() && notes.is_empty() {
        errors.required(&validations);
        errors.required(&notes);
        return;
    }
    for validation in validations.items() {
        expression(&validation.get("expression"), errors);
        let (message, message_expression) = (validation.get("message"), validation.get("messageExpression"));
        if !message_expression.is_empty() && message_expression.text().trim().is_empty() {
            errors.invalid(&message_expression, "it must be non-empty if specified");
        }
        let trimmed = message.text().trim();
        if !message.is_empty() && trimmed.is_empty() || trimmed.contains(['\n', '\r']) {
            errors.invalid(&message, "it must be non-empty if specified, and without line breaks");
        }
        let reason = validation.get("reason");
        if reason.is_set() {
            errors.must_be_one_of(&reason, &["Forbidden", "Invalid", "RequestEntityTooLarge"]);
        }
    }
    if notes.len() > 20 {
        errors.invalid(&notes, "there must not be more than 20");
    }
    let mut keys = BTreeSet::new();
    for note in notes.items() {
        let (key, value) = (note.get("key"), note.get("valueExpression"));
        let full = format!("{}/{}", object.at(&["metadata", "name"]).text(), key.text());
        errors.form(&key, is_qualified_name(&full), "the form of a qualified name");
        expression(&value, errors);
        if value.text().trim().len() > 5 * 1024 {
            errors.add(&value, Reason::Required, "it must not exceed 5120 bytes");
        }
        if !keys.insert(key.text()) {
            errors.duplicate(&key);
        }
    }
}

fn mutations(spec: &Field<'_>, errors: &mut Errors) {
    let list = spec.get("mutations");
    if list.is_empty() {
        errors.required(&list);
    }
    for mutation in list.items() {
        let (kind, apply, patch) = (mutation.get("patchType"), mutation.get("applyConfiguration"), mutation.get("jsonPatch"));
        let (own, other) = match kind.text() {
            "ApplyConfiguration" => (apply, patch),
            "JSONPatch" => (patch, apply),
            _ => {
                errors.required_one_of(&kind, &["ApplyConfiguration", "JSONPatch"]);
                continue;
            }
        };
        if own.is_set() {
            expression(&own.get("expression"), errors)
        } else {
            errors.required(&own)
        }
        if other.is_set() {
            errors.invalid(&other, "it must not be set for this patchType");
        }
    }
    let again = spec.get("reinvocationPolicy");
    if again.is_set() {
        errors.must_be_one_of(&again, &["IfNeeded", "Never"]);
    } else {
        errors.required(&again);
    }
}

fn binding(spec: &Field<'_>, kind: &str, errors: &mut Errors) {
    let (name, params, resources) = (spec.get("policyName"), spec.get("paramRef"), spec.get("matchResources"));
    if name.is_empty() {
        errors.required(&name);
    } else {
        errors.form(&name, is_dns_subdomain(name.text()), "lower-case letters, digits, `-` and `.`");
    }
    if params.is_set() {
        param_ref(&params, errors);
    }
    if resources.is_set() {
        match_resources(&resources, errors);
    }
    if kind == "MutatingAdmissionPolicyBinding" {
        return;
    }
    let actions = spec.get("validationActions");
    let mut seen = BTreeSet::new();
    for action in actions.items() {
        errors.must_be_one_of(&action, &["Audit", "Deny", "Warn"]);
        if !seen.insert(action.text()) {
            errors.duplicate(&action);
        }
    }
    if seen.contains("Deny") && seen.contains("Warn") {
        errors.invalid(&actions, "Deny and Warn cannot be used together");
    }
    if seen.is_empty() {
        errors.required(&actions);
    }
}

fn param_ref(params: &Field<'_>, errors: &mut Errors) {
    let (name, wanted, action) = (params.get("name"), params.get("selector"), params.get("parameterNotFoundAction"));
    if !name.is_empty() {
        errors.form(&name, is_path_segment(name.text()), "no `/` and no `%`");
    }
    if wanted.is_set() {
        selector(&wanted, errors);
    }
    if !name.is_empty() && wanted.is_set() {
        errors.forbidden(&name, "name and selector are mutually exclusive");
        errors.forbidden(&wanted, "name and selector are mutually exclusive");
    }
    if name.is_empty() && !wanted.is_set() {
        errors.required(params);
    }
    errors.required_one_of(&action, &["Allow", "Deny"]);
}
