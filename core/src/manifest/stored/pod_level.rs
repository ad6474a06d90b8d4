//! Resources of a pod as a whole, completed from those of its containers (`DefaultPodLevelResources` of `pkg/api/pod/util.go`, v1.37).
//!
//! Owns that completion and the sums it needs (`k8s.io/component-helpers/resource`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::edit::{Edit, has_entries};
use crate::units::quantity::Quantity;

type Amounts = BTreeMap<String, Quantity>;

/// `IsSupportedPodLevelResource`.
pub(in crate::manifest) fn is_supported(resource: &str) -> bool {
    matches!(resource, "cpu" | "memory") || resource.starts_with("hugepages-")
}

/// `IsPodLevelResourcesSet`.
pub(super) fn is_set(resources: &Value) -> bool {
    ["requests", "limits"]
        .iter()
        .any(|list| resources.get(*list).and_then(Value::as_object).is_some_and(|map| map.keys().any(|key| is_supported(key))))
}

pub(super) fn complete(spec: &mut Value) {
    let own = |spec: &Value, list: &str| amounts(spec.get("resources"), list);
    if !has_entries(spec.pointer("/resources/requests")) && !has_entries(spec.pointer("/resources/limits")) {
        return;
    }
    let (requested, limited) = (aggregate(spec, "requests"), aggregate(spec, "limits"));
    let (mut requests, mut limits) = (own(spec, "requests"), own(spec, "limits"));
    for (resource, amount) in &limited {
        if resource.starts_with("hugepages-") && !requests.contains_key(resource) {
            limits.entry(resource.clone()).or_insert(*amount);
        }
    }
    for (resource, amount) in &requested {
        if matches!(resource.as_str(), "cpu" | "memory") {
            requests.entry(resource.clone()).or_insert(*amount);
        }
    }
    for (resource, amount) in &limits {
        if is_supported(resource) {
            requests.entry(resource.clone()).or_insert(*amount);
        }
    }
    // A limit for what every container limits.
    for (resource, amount) in &requests {
        if !is_supported(resource) || limits.contains_key(resource) || !all_limit(spec, resource) {
            continue;
        }
        if let Some(sum) = limited.get(resource) {
            limits.insert(resource.clone(), (*sum).max(*amount));
        }
    }
    for (list, amounts) in [("requests", requests), ("limits", limits)] {
        for (resource, amount) in amounts {
            spec.part("resources").part(list).set_default(&resource, amount.to_string());
        }
    }
}

fn all_limit(spec: &Value, resource: &str) -> bool {
    let mut containers = ["initContainers", "containers"].iter().filter_map(|group| spec.get(*group)?.as_array()).flatten();
    containers.all(|c| amounts(c.get("resources"), "limits").contains_key(resource))
}

fn amounts(resources: Option<&Value>, list: &str) -> Amounts {
    let map = resources.and_then(|r| r.get(list)).and_then(Value::as_object);
    let parse = |(key, value): (&String, &Value)| Some((key.clone(), Quantity::parse(value.as_str()?).ok()?));
    map.into_iter().flatten().filter_map(parse).collect()
}

/// `AggregateContainerRequests`, `AggregateContainerLimits`: containers and sidecars run together, init containers before.
pub(in crate::manifest) fn aggregate(spec: &Value, list: &str) -> Amounts {
    let mut total = Amounts::new();
    let containers = |group: &str| spec.get(group).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for container in containers("containers") {
        add(&mut total, &amounts(container.get("resources"), list));
    }
    let (mut sidecars, mut peak) = (Amounts::new(), Amounts::new());
    for container in containers("initContainers") {
        let mut own = amounts(container.get("resources"), list);
        if container.word("restartPolicy") == "Always" {
            add(&mut total, &own);
            add(&mut sidecars, &own);
            own = sidecars.clone();
        } else {
            add(&mut own, &sidecars);
        }
        for (resource, amount) in own {
            let highest = peak.entry(resource).or_insert(amount);
            *highest = (*highest).max(amount);
        }
    }
    for (resource, amount) in peak {
        let highest = total.entry(resource).or_insert(amount);
        *highest = (*highest).max(amount);
    }
    total
}

fn add(total: &mut Amounts, more: &Amounts) {
    for (resource, amount) in more {
        let sum = total.entry(resource.clone()).or_insert(Quantity::ZERO);
        *sum = *sum + *amount;
    }
}
