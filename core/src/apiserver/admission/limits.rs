//! LimitRanger's refusals (`plugin/pkg/admission/limitranger/admission.go`, v1.37). What it fills in is filled in where pods are compiled.

use crate::cluster::Cluster;
use crate::cluster::ids::NamespaceId;
use crate::cluster::quotas::{LimitItem, LimitKind, PodDemand, ResourceList};
use crate::cluster::volumes::ClaimSpec;
use crate::units::quantity::Quantity;

/// Whether the limit ranges of the namespace allow a pod; if not, why: all that the first one finds.
pub(super) fn pod(cluster: &Cluster, namespace: NamespaceId, demand: &PodDemand) -> Result<(), String> {
    for range in cluster.limit_ranges.iter().filter(|r| !r.gone && r.namespace == namespace) {
        let mut found = Vec::new();
        for item in &range.items {
            match item.kind {
                LimitKind::Container => {
                    for container in &demand.containers {
                        check(item, "Container", &container.requests, &container.limits, &mut found);
                    }
                }
                LimitKind::Pod => check(item, "Pod", &demand.requests, &demand.limits, &mut found),
                LimitKind::Claim => {}
            }
        }
        aggregate(found)?;
    }
    Ok(())
}

/// A request above the limit of its container: the field and what is wrong there (`ValidateContainerResourceRequirements`). Manifests that say both are
/// refused when they are read; here it is a default of a limit range that is lower than what the pod asks for, or a container that a webhook adds.
pub(super) fn contradiction(demand: &PodDemand, regular: usize) -> Option<(String, String)> {
    for (at, container) in demand.containers.iter().enumerate() {
        for (name, request) in &container.requests {
            let Some(limit) = container.limits.get(name).filter(|limit| request > limit) else { continue };
            let list = if at < regular { format!("containers[{at}]") } else { format!("initContainers[{}]", at - regular) };
            let why = format!("Invalid value: \"{request}\": must be less than or equal to {name} limit of {limit}");
            return Some((format!("spec.{list}.resources.requests"), why));
        }
    }
    None
}

/// Whether the limit ranges of the namespace allow a claim.
pub(super) fn claim(cluster: &Cluster, namespace: NamespaceId, spec: &ClaimSpec) -> Result<(), String> {
    let requests: ResourceList = spec.request.map(|request| ("storage".to_owned(), request)).into_iter().collect();
    for range in cluster.limit_ranges.iter().filter(|r| !r.gone && r.namespace == namespace) {
        let mut found = Vec::new();
        for item in range.items.iter().filter(|i| i.kind == LimitKind::Claim) {
            for (name, bound) in &item.min {
                found.extend(too_small("PersistentVolumeClaim", name, *bound, &requests, &ResourceList::new()));
            }
            for (name, bound) in &item.max {
                let text = format!("maximum {name} usage per PersistentVolumeClaim is {bound}");
                match requests.get(name) {
                    None => found.push(format!("{text}.  No request is specified")),
                    Some(request) if request > bound => found.push(format!("{text}, but request is {request}")),
                    Some(_) => {}
                }
            }
        }
        aggregate(found)?;
    }
    Ok(())
}

/// One error as it is, several in brackets, equal ones once (`utilerrors.NewAggregate`).
fn aggregate(found: Vec<String>) -> Result<(), String> {
    let mut distinct: Vec<String> = Vec::new();
    for text in found {
        if !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    match distinct.len() {
        0 => Ok(()),
        1 => Err(distinct.swap_remove(0)),
        _ => Err(format!("[{}]", distinct.join(", "))),
    }
}

fn check(item: &LimitItem, kind: &str, requests: &ResourceList, limits: &ResourceList, found: &mut Vec<String>) {
    for (name, bound) in &item.min {
        found.extend(too_small(kind, name, *bound, requests, limits));
    }
    for (name, bound) in &item.max {
        found.extend(too_large(kind, name, *bound, requests, limits));
    }
    for (name, bound) in &item.ratio {
        found.extend(too_far_apart(kind, name, *bound, requests, limits));
    }
}

/// `minConstraint`.
fn too_small(kind: &str, name: &str, bound: Quantity, requests: &ResourceList, limits: &ResourceList) -> Option<String> {
    let text = format!("minimum {name} usage per {kind} is {bound}");
    match (requests.get(name), limits.get(name)) {
        (None, _) => Some(format!("{text}.  No request is specified")),
        (Some(request), _) if *request < bound => Some(format!("{text}, but request is {request}")),
        (_, Some(limit)) if *limit < bound => Some(format!("{text}, but limit is {limit}")),
        _ => None,
    }
}

/// `maxConstraint`.
fn too_large(kind: &str, name: &str, bound: Quantity, requests: &ResourceList, limits: &ResourceList) -> Option<String> {
    let text = format!("maximum {name} usage per {kind} is {bound}");
    match (limits.get(name), requests.get(name)) {
        (None, _) => Some(format!("{text}.  No limit is specified")),
        (Some(limit), _) if *limit > bound => Some(format!("{text}, but limit is {limit}")),
        (_, Some(request)) if *request > bound => Some(format!("{text}, but request is {request}")),
        _ => None,
    }
}

/// `limitRequestRatioConstraint`.
fn too_far_apart(kind: &str, name: &str, bound: Quantity, requests: &ResourceList, limits: &ResourceList) -> Option<String> {
    let text = format!("{name} max limit to request ratio per {kind} is {bound}");
    let given = |list: &ResourceList| list.get(name).filter(|amount| !amount.is_zero()).map(Quantity::milli_value);
    let Some(request) = given(requests) else { return Some(format!("{text}, but no request is specified or request is 0")) };
    let Some(limit) = given(limits) else { return Some(format!("{text}, but no limit is specified or limit is 0")) };
    let ratio = limit as f64 / request as f64;
    (ratio * 1_000.0 > bound.milli_value() as f64).then(|| format!("{text}, but provided ratio is {ratio:.6}"))
}
