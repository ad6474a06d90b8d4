//! The metadata that every object has.
//!
//! Owns `ValidateObjectMeta` of `k8s.io/apimachinery/pkg/api/validation/objectmeta.go` and of `pkg/apis/core/validation` (v1.37).

use super::selector::{annotations, labels};
use crate::manifest::field::{Errors, Field};
use crate::manifest::forms::{is_label_value, is_qualified_name};
use crate::manifest::kinds::Kind;
use crate::manifest::names::{self, is_dns_label};

/// Kinds whose finalizers may lack a domain: the check for it is `pkg/apis/core/validation`'s own.
const ANY_FINALIZER: [&str; 5] = ["CustomResourceDefinition", "APIService", "PodDisruptionBudget", "Lease", "RuntimeClass"];

pub(super) fn metadata(meta: &Field<'_>, kind: &Kind, errors: &mut Errors) {
    let (name, generate) = (meta.get("name"), meta.get("generateName"));
    let asks = kind.api_version.starts_with("auth");
    if !generate.is_empty() {
        // What is only a beginning is completed before it is looked at.
        let stem = generate.text().strip_suffix('-').map_or_else(|| generate.text().to_owned(), |stem| format!("{stem}a"));
        if let Some(form) = names::refused(kind, &stem) {
            errors.invalid(&generate, format!("it must consist of {form}"));
        }
    }
    if name.is_empty() {
        if !asks {
            errors.required(&name);
        }
    } else if let Some(form) = names::refused(kind, name.text()) {
        errors.invalid(&name, format!("it must consist of {form}"));
    }
    if kind.kind == "Namespace" && !is_label_value(name.text()) {
        errors.invalid(&meta.get("labels"), "the name is also a label's value");
    }
    common(meta, kind, errors);
}

/// What is asked of metadata at every write.
pub(super) fn common(meta: &Field<'_>, kind: &Kind, errors: &mut Errors) {
    let namespace = meta.get("namespace");
    if kind.namespaced && !namespace.is_empty() && !is_dns_label(namespace.text()) {
        errors.invalid(&namespace, "it must consist of lower-case letters, digits and `-`");
    }
    errors.nonnegative(&meta.get("generation"));
    labels(&meta.get("labels"), errors);
    annotations(&meta.get("annotations"), errors);
    owners(&meta.get("ownerReferences"), errors);
    let finalizers = meta.get("finalizers");
    let any = ANY_FINALIZER.contains(&kind.kind) || kind.group() == "admissionregistration.k8s.io";
    for finalizer in finalizers.items() {
        let text = finalizer.text();
        if !is_qualified_name(text) {
            errors.invalid(&finalizers, "a finalizer must be a qualified name");
        } else if !text.contains('/') && !["orphan", "foregroundDeletion", "kubernetes"].contains(&text) && !any {
            errors.invalid(&finalizer, "a finalizer needs a domain: `example.com/name`");
        }
    }
    let has = |name: &str| finalizers.texts().any(|f| f == name);
    if has("orphan") && has("foregroundDeletion") {
        errors.invalid(&finalizers, "orphan and foregroundDeletion cannot both be set");
    }
}

/// `ValidateOwnerReferences`.
fn owners(owners: &Field<'_>, errors: &mut Errors) {
    let mut controllers = 0;
    for owner in owners.items() {
        let version = owner.get("apiVersion");
        if version.is_empty() {
            errors.required(&version);
        } else if version.text().matches('/').count() > 1 || version.text().ends_with('/') {
            errors.invalid(&version, "it must be `group/version` or `version`");
        }
        for name in ["kind", "name", "uid"] {
            let field = owner.get(name);
            if field.is_empty() {
                errors.required(&field);
            }
        }
        if version.text() == "v1" && owner.get("kind").text() == "Event" {
            errors.invalid(&owner, "an Event cannot own anything");
        }
        controllers += usize::from(owner.get("controller").is_true());
        if controllers > 1 && owner.get("controller").is_true() {
            errors.invalid(owners, "only one owner can be the controller");
        }
    }
}
