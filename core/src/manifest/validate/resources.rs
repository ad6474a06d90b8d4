//! Resource names and amounts.
//!
//! Owns `validateResourceRequirements` and what it uses of `pkg/apis/core/validation` and `pkg/apis/core/helper` (v1.37).

use std::collections::BTreeSet;

use crate::manifest::field::{Errors, Field, Reason};
use crate::manifest::forms::is_qualified_name;
use crate::manifest::names::is_dns_label;
use crate::manifest::stored::is_pod_level;
use crate::units::quantity::Quantity;

/// `standardQuotaResources`, but for huge pages.
const QUOTA: [&str; 19] = [
    "configmaps",
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
];

/// Whose resources are looked at: their names differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Container,
    Pod,
}

pub(super) fn is_huge_pages(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn is_quota_huge_pages(name: &str) -> bool {
    is_huge_pages(name) || name.starts_with("requests.hugepages-")
}

/// `IsNativeResource`.
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// `IsExtendedResourceName`.
pub(super) fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.") && is_qualified_name(&format!("requests.{name}"))
}

/// `IsOvercommitAllowed`.
pub(super) fn may_overcommit(name: &str) -> bool {
    is_native(name) && !is_huge_pages(name)
}

/// `IsIntegerResourceName`.
pub(super) fn is_integer(name: &str) -> bool {
    const COUNTED: [&str; 9] = [
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
        "services.loadbalancers",
        "services.nodeports",
    ];
    COUNTED.contains(&name) || is_extended(name)
}

/// `validateResourceName`: whether it is one.
pub(super) fn resource_name(field: &Field<'_>, name: &str, errors: &mut Errors) -> bool {
    if !is_qualified_name(name) {
        errors.invalid(field, "a resource's name must be a qualified name");
        return false;
    }
    // The standard resources are those of quotas, and what services count.
    if !name.contains('/') && !QUOTA.contains(&name) && name != "storage" && !is_quota_huge_pages(name) {
        errors.invalid(field, "it must be a standard resource type or fully qualified");
        return false;
    }
    true
}

/// `ValidateContainerResourceName`.
pub(super) fn container_resource(field: &Field<'_>, name: &str, errors: &mut Errors) {
    resource_name(field, name, errors);
    if !name.contains('/') {
        if !matches!(name, "cpu" | "memory" | "ephemeral-storage") && !is_huge_pages(name) {
            errors.invalid(field, "it must be a standard resource for containers");
        }
    } else if !is_native(name) && !is_extended(name) {
        errors.invalid(field, "it does not follow extended resource naming conventions");
    }
}

/// `IsStandardQuotaResourceName`.
pub(super) fn is_quota_resource(name: &str) -> bool {
    QUOTA.contains(&name) || is_quota_huge_pages(name)
}

/// `ValidateResourceQuotaResourceName`.
pub(super) fn quota_resource(field: &Field<'_>, name: &str, errors: &mut Errors) {
    resource_name(field, name, errors);
    if !name.contains('/') && !is_quota_resource(name) {
        errors.invalid(field, "it must be a standard resource for quota");
    }
}

/// `ValidateResourceQuantityValue`.
pub(super) fn amount(field: &Field<'_>, name: &str, errors: &mut Errors) {
    let Some(value) = field.quantity() else { return };
    if value < Quantity::ZERO {
        errors.invalid(field, "it must be greater than or equal to 0");
    }
    // What no integer can hold is not looked at.
    if is_integer(name) && value.milli_value() != i64::MAX && value.milli_value() % 1000 != 0 {
        errors.invalid(field, "it must be an integer");
    }
}

/// `validateResourceRequirements`; `claims` are those of the pod.
pub(super) fn requirements(requirements: &Field<'_>, of: Of, claims: &BTreeSet<&str>, errors: &mut Errors) {
    let (limits, requests) = (requirements.get("limits"), requirements.get("requests"));
    let (mut basic, mut huge) = (false, false);
    for (list, is_request) in [(limits, false), (requests, true)] {
        for (name, field) in list.entries() {
            match of {
                Of::Container => container_resource(&field, name, errors),
                Of::Pod => {
                    if resource_name(&field, name, errors) && !is_pod_level(name) {
                        errors.add(&field, Reason::NotSupported, "it must be one of cpu, hugepages-*, memory");
                    }
                }
            }
            amount(&field, name, errors);
            let limit = limits.entry(name).quantity();
            if is_request {
                match (limit, field.quantity()) {
                    (Some(limit), Some(request)) if request != limit && !may_overcommit(name) => {
                        errors.invalid(&requests, format!("it must be equal to {name} limit of {limit}"));
                    }
                    (Some(limit), Some(request)) if request > limit => {
                        errors.invalid(&requests, format!("it must be less than or equal to {name} limit of {limit}"));
                    }
                    (None, _) if !may_overcommit(name) => {
                        errors.add(&limits, Reason::Required, format!("a limit must be set for {name}, which cannot be overcommitted"));
                    }
                    _ => {}
                }
            }
            if is_huge_pages(name) {
                huge = true;
                let size = name.strip_prefix("hugepages-").and_then(|size| Quantity::parse(size).ok());
                let divides = size.filter(|s| *s > Quantity::ZERO && s.is_integer()).zip(field.quantity());
                if !divides
                    .is_some_and(|(size, amount)| size.value() != 0 && (amount.value() == i64::MAX || amount.value() % size.value() == 0))
                {
                    errors.invalid(&field, "it must be a multiple of the size of the pages");
                }
            }
            basic |= matches!(name, "cpu" | "memory");
        }
    }
    if huge && !basic {
        errors.forbidden(requirements, "huge pages require cpu or memory");
    }
    resource_claims(&requirements.get("claims"), claims, errors);
}

/// `validateResourceClaimNames`.
fn resource_claims(list: &Field<'_>, claims: &BTreeSet<&str>, errors: &mut Errors) {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for claim in list.items() {
        let (name, request) = (claim.get("name").text(), claim.get("request"));
        if name.is_empty() {
            errors.required(&claim);
            continue;
        }
        if names.contains(name) {
            errors.duplicate(&claim);
        } else {
            let mut key = name.to_owned();
            if !request.is_empty() {
                errors.form(&request, is_dns_label(request.text()), "lower-case letters, digits and `-`");
                key = format!("{name}/{}", request.text());
            }
            if names.contains(&key) {
                errors.duplicate(&claim);
            } else if request.is_empty() {
                let parts = names.iter().filter(|k| k.split_once('/').is_some_and(|(n, _)| n == name)).count();
                (0..parts).for_each(|_| errors.duplicate(&claim));
            }
            names.insert(key);
        }
        if !claims.contains(name) {
            errors.add(&claim, Reason::NotFound, "it must be one of the names in pod.spec.resourceClaims");
        }
    }
}
