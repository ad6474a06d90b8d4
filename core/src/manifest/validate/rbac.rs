//! Roles and bindings.
//!
//! Owns `pkg/apis/rbac/validation/validation.go` (v1.37).

use super::selector::selector;
use crate::manifest::field::{Errors, Field};
use crate::manifest::names::{is_dns_subdomain, is_path_segment};

const GROUP: &str = "rbac.authorization.k8s.io";

/// `ValidateRoleBinding`, `ValidateClusterRoleBinding`.
pub(super) fn binding(object: &Field<'_>, kind: &str, errors: &mut Errors) {
    let role = object.get("roleRef");
    let group = role.get("apiGroup");
    errors.must_be_one_of(&group, &[GROUP]);
    let kinds: &[&str] = if kind == "RoleBinding" { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    errors.must_be_one_of(&role.get("kind"), kinds);
    let name = role.get("name");
    if name.is_empty() {
        errors.required(&name);
    } else {
        errors.form(&name, is_path_segment(name.text()), "no `/` and no `%`");
    }
    for subject in object.get("subjects").items() {
        self::subject(&subject, kind, errors);
    }
}

fn subject(subject: &Field<'_>, binding: &str, errors: &mut Errors) {
    let (name, group) = (subject.get("name"), subject.get("apiGroup"));
    if name.is_empty() {
        errors.required(&name);
    }
    match subject.get("kind").text() {
        "ServiceAccount" => {
            errors.form(&name, name.is_empty() || is_dns_subdomain(name.text()), "the form of a service account's name");
            if !group.is_empty() {
                errors.not_supported(&group, &["\"\""]);
            }
            if binding == "ClusterRoleBinding" && subject.get("namespace").is_empty() {
                errors.required(&subject.get("namespace"));
            }
        }
        "User" | "Group" => errors.must_be_one_of(&group, &[GROUP]),
        _ => errors.not_supported(&subject.get("kind"), &["ServiceAccount", "User", "Group"]),
    }
}

/// `ValidateRole`, `ValidateClusterRole`.
pub(super) fn role(object: &Field<'_>, kind: &str, errors: &mut Errors) {
    for rule in object.get("rules").items() {
        self::rule(&rule, kind, errors);
    }
    let aggregation = object.get("aggregationRule");
    let selectors = aggregation.get("clusterRoleSelectors");
    if aggregation.is_set() && selectors.is_empty() {
        errors.required(&selectors);
    }
    for item in selectors.items() {
        let before = errors.0.len();
        selector(&item, errors);
        if errors.0.len() > before {
            errors.invalid(&item, "it is not a selector");
        }
    }
}

fn rule(rule: &Field<'_>, kind: &str, errors: &mut Errors) {
    if rule.get("verbs").is_empty() {
        errors.required(&rule.get("verbs"));
    }
    let (urls, groups, resources) = (rule.get("nonResourceURLs"), rule.get("apiGroups"), rule.get("resources"));
    if !urls.is_empty() {
        if kind == "Role" {
            errors.invalid(&urls, "roles of a namespace cannot grant URLs");
        }
        if !groups.is_empty() || !resources.is_empty() || !rule.get("resourceNames").is_empty() {
            errors.invalid(&urls, "a rule grants resources or URLs, not both");
        }
        return;
    }
    for field in [groups, resources] {
        if field.is_empty() {
            errors.required(&field);
        }
    }
}
