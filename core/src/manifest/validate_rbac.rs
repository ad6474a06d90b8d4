//! Checks of validation for roles and bindings.
//!
//! Owns the rules of `pkg/apis/rbac/validation/validation.go` (v1.37), as far as they are listed here.

use super::field::{Errors, Field, Reason};
use super::names::{is_dns_subdomain, is_path_segment};
use super::validate::selector;

const GROUP: &str = "rbac.authorization.k8s.io";

/// `ValidateRoleBinding`, `ValidateClusterRoleBinding`.
pub(super) fn binding(object: &Field<'_>, kind: &str, errors: &mut Errors) {
    let role = object.get("roleRef");
    if !role.get("apiGroup").is_empty() {
        errors.one_of(&role.get("apiGroup"), &[GROUP]);
    }
    let kinds: &[&str] = if kind == "RoleBinding" { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    let (role_kind, name) = (role.get("kind"), role.get("name"));
    if !kinds.contains(&role_kind.text()) {
        errors.add(&role_kind, Reason::NotSupported, format!("it must be one of {}", kinds.join(", ")));
    }
    if name.is_empty() {
        errors.required(&name);
    } else if !is_path_segment(name.text()) {
        errors.invalid(&name, "it must be a role's name, without `/` and `%`");
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
            if !name.is_empty() && !is_dns_subdomain(name.text()) {
                errors.invalid(&name, "it must be a service account's name");
            }
            if !group.is_empty() {
                errors.add(&group, Reason::NotSupported, "service accounts are of the core group: leave it out");
            }
            // A RoleBinding's subjects get its own namespace where they name none.
            if binding == "ClusterRoleBinding" && subject.get("namespace").is_empty() {
                errors.add(&subject.get("namespace"), Reason::Required, "a service account needs its namespace here");
            }
        }
        "User" | "Group" => {
            // Left out, it is filled in.
            if !group.is_empty() {
                errors.one_of(&group, &[GROUP]);
            }
        }
        _ => errors.add(&subject.get("kind"), Reason::NotSupported, "it must be ServiceAccount, User or Group"),
    }
}

/// `ValidateRole`, `ValidateClusterRole`.
pub(super) fn role(object: &Field<'_>, kind: &str, errors: &mut Errors) {
    for rule in object.get("rules").items() {
        self::rule(&rule, kind, errors);
    }
    let aggregated = object.at(&["aggregationRule", "clusterRoleSelectors"]);
    if object.get("aggregationRule").is_set() && aggregated.is_empty() {
        errors.required(&aggregated);
    }
    for item in aggregated.items() {
        selector(&item, errors);
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
