//! NodeResourcesFit: whether a pod's requests fit, and how full a node would be
//! (`plugins/noderesources/{fit,resource_allocation,least_allocated,most_allocated,requested_to_capacity_ratio}.go`, v1.37).

use super::Plugin;
use crate::cluster::node::Node;
use crate::cluster::template::PodTemplate;
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::config::{Profile, ResourceName, ScoringStrategy, ShapePoint};
use crate::scheduler::status::{Code, Reason, Refusal};
use crate::units::float;
use crate::units::intern::{Interner, Sym};
use crate::units::resources::Resources;

/// The highest score.
const MAX: i64 = 100;

/// Whether the pod asks for nothing that is checked (`requests.IsEmpty`: no scalar entry at all).
fn asks_nothing(wanted: &Resources) -> bool {
    wanted.cpu_milli == 0 && wanted.memory == 0 && wanted.ephemeral_storage == 0 && wanted.scalars.is_empty()
}

/// Whether the filter leaves an extended resource to an extender.
fn is_ignored(name: Sym, profile: &Profile, text: &Interner) -> bool {
    if profile.ignored_resources.is_empty() && profile.ignored_resource_groups.is_empty() {
        return false;
    }
    if !is_extended(text.text(name)) {
        return false;
    }
    let group = text.text(name).split('/').next().unwrap_or("");
    profile.ignored_resources.contains(&name) || profile.ignored_resource_groups.iter().any(|g| g == group)
}

/// `IsExtendedResourceName` (`component-helpers/resource`): not Kubernetes' own, and not `requests.…`.
fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.")
}

/// Whether the pod fits without a look at why not.
pub fn fits(template: &PodTemplate, profile: &Profile, node: &Node, info: &NodeInfo, text: &Interner) -> bool {
    if info.pods.len() as i64 + 1 > node.allocatable_pods {
        return false;
    }
    let (wanted, room, used) = (&template.requests, &node.allocatable, &info.requested);
    let over = |want: i64, have: i64, used: i64| want > 0 && want > have - used;
    !(over(wanted.cpu_milli, room.cpu_milli, used.cpu_milli)
        || over(wanted.memory, room.memory, used.memory)
        || over(wanted.ephemeral_storage, room.ephemeral_storage, used.ephemeral_storage)
        || wanted.scalars.iter().any(|&(name, want)| over(want, room.scalar(name), used.scalar(name)) && !is_ignored(name, profile, text)))
}

/// Why the node does not do: every resource that is short.
pub fn filter(template: &PodTemplate, profile: &Profile, node: &Node, info: &NodeInfo, text: &Interner) -> Option<Refusal> {
    if fits(template, profile, node, info, text) {
        return None;
    }
    let mut reasons: Vec<Reason> = Vec::new();
    let mut code = Code::Unschedulable;
    if info.pods.len() as i64 + 1 > node.allocatable_pods {
        reasons.push("Too many pods".into());
    }
    let (wanted, room, used) = (&template.requests, &node.allocatable, &info.requested);
    if !asks_nothing(wanted) {
        let mut check = |want: i64, have: i64, used: i64, reason: &dyn Fn() -> Reason| {
            if want > 0 && want > have - used {
                reasons.push(reason());
                if want > have {
                    code = Code::UnschedulableAndUnresolvable;
                }
            }
        };
        check(wanted.cpu_milli, room.cpu_milli, used.cpu_milli, &|| "Insufficient cpu".into());
        check(wanted.memory, room.memory, used.memory, &|| "Insufficient memory".into());
        let ephemeral = || "Insufficient ephemeral-storage".into();
        check(wanted.ephemeral_storage, room.ephemeral_storage, used.ephemeral_storage, &ephemeral);
        for &(name, want) in &wanted.scalars {
            if !is_ignored(name, profile, text) {
                check(want, room.scalar(name), used.scalar(name), &|| format!("Insufficient {}", text.text(name)).into());
            }
        }
    }
    Some(Refusal { plugin: Some(Plugin::NodeResourcesFit), code, reasons: reasons.into() })
}

/// Whether the pod fits a node with nothing on it (queueing hints).
pub fn fits_empty(template: &PodTemplate, profile: &Profile, room: &Resources, pods: i64, text: &Interner) -> bool {
    let wanted = &template.requests;
    pods >= 1
        && wanted.cpu_milli <= room.cpu_milli.max(0)
        && wanted.memory <= room.memory.max(0)
        && wanted.ephemeral_storage <= room.ephemeral_storage.max(0)
        && wanted.scalars.iter().all(|&(name, want)| want <= 0 || want <= room.scalar(name) || is_ignored(name, profile, text))
}

/// `IsScalarResourceName` for what a scoring strategy may name besides cpu, memory and ephemeral storage.
fn is_scalar(name: &str) -> bool {
    is_extended(name) || name.starts_with("hugepages-") || name.contains("kubernetes.io/") || name.starts_with("attachable-volumes-")
}

/// Allocatable, and requested with the pod, of one resource; none where it is left out of the score.
fn share(resource: ResourceName, template: &PodTemplate, node: &Node, info: &NodeInfo, text: &Interner) -> Option<(i64, i64)> {
    let (capacity, requested) = match resource {
        ResourceName::Cpu => (node.allocatable.cpu_milli, info.nonzero.0 + template.score_nonzero.0),
        ResourceName::Memory => (node.allocatable.memory, info.nonzero.1 + template.score_nonzero.1),
        ResourceName::EphemeralStorage => {
            (node.allocatable.ephemeral_storage, info.requested.ephemeral_storage + template.score_requests.ephemeral_storage)
        }
        ResourceName::Scalar(name) => {
            let wanted = template.score_requests.scalar(name);
            if wanted == 0 && is_scalar(text.text(name)) {
                return None;
            }
            (node.allocatable.scalar(name), info.requested.scalar(name) + wanted)
        }
    };
    (capacity != 0).then_some((capacity, requested))
}

/// How well the node would be used, 0 to 100.
pub fn score(template: &PodTemplate, profile: &Profile, node: &Node, info: &NodeInfo, text: &Interner) -> i64 {
    let shares = profile.fit_resources.iter().filter_map(|&(r, weight)| share(r, template, node, info, text).map(|s| (s, weight)));
    let (mut sum, mut weights) = (0i64, 0i64);
    match &profile.fit_strategy {
        ScoringStrategy::LeastAllocated => {
            for ((capacity, requested), weight) in shares {
                let score = if requested > capacity { 0 } else { (capacity - requested).saturating_mul(MAX) / capacity };
                sum += score * weight;
                weights += weight;
            }
        }
        ScoringStrategy::MostAllocated => {
            for ((capacity, requested), weight) in shares {
                sum += requested.min(capacity).saturating_mul(MAX) / capacity * weight;
                weights += weight;
            }
        }
        ScoringStrategy::RequestedToCapacityRatio(shape) => {
            for ((capacity, requested), weight) in shares {
                let utilization = if requested > capacity { MAX } else { requested.saturating_mul(MAX) / capacity };
                let score = on_shape(shape, utilization);
                if score > 0 {
                    sum += score * weight;
                    weights += weight;
                }
            }
            return if weights == 0 { 0 } else { float::round(sum as f64 / weights as f64) as i64 };
        }
    }
    if weights == 0 { 0 } else { sum / weights }
}

/// A piecewise linear function through the points of a shape.
pub fn on_shape(shape: &[ShapePoint], x: i64) -> i64 {
    for (i, &(at, y)) in shape.iter().enumerate() {
        if x <= at {
            if i == 0 {
                return y;
            }
            let (x0, y0) = shape[i - 1];
            return y0 + (y - y0) * (x - x0) / (at - x0);
        }
    }
    shape.last().map_or(0, |p| p.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_piecewise_linear() {
        let rising = [(0, 0), (100, 100)];
        assert_eq!([0, 50, 75, 100].map(|x| on_shape(&rising, x)), [0, 50, 75, 100]);
        let bent = [(20, 100), (60, 0)];
        assert_eq!([0, 20, 40, 60, 90].map(|x| on_shape(&bent, x)), [100, 100, 50, 0, 0]);
    }

    #[test]
    fn kubernetes_own_resources_are_never_extended() {
        assert!(is_extended("nvidia.com/gpu"));
        assert!(!is_extended("kubernetes.io/thing") && !is_extended("requests.nvidia.com/gpu") && !is_extended("cpu"));
    }
}
