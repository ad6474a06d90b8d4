//! NodeResourcesBalancedAllocation: whether the pod makes a node's use of its resources more even or less
//! (`plugins/noderesources/balanced_allocation.go`, v1.37). Scores the change: a neutral node gets 75.

use crate::cluster::node::Node;
use crate::cluster::template::PodTemplate;
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::config::{Profile, ResourceName};
use crate::units::resources::Resources;

fn amount(resources: &Resources, name: ResourceName) -> i64 {
    match name {
        ResourceName::Cpu => resources.cpu_milli,
        ResourceName::Memory => resources.memory,
        ResourceName::EphemeralStorage => resources.ephemeral_storage,
        ResourceName::Scalar(name) => resources.scalar(name),
    }
}

/// Whether the pod asks for none of the resources that are balanced.
pub fn skips(template: &PodTemplate, profile: &Profile) -> bool {
    profile.balanced_resources.iter().all(|&r| amount(&template.requests, r) == 0)
}

/// 50 + (50 + balance with the pod - balance without it) / 2.
pub fn score(template: &PodTemplate, profile: &Profile, node: &Node, info: &NodeInfo) -> i64 {
    let fractions = |with_pod: bool| {
        profile.balanced_resources.iter().filter_map(move |&r| {
            let (capacity, wanted) = (amount(&node.allocatable, r), amount(&template.requests, r));
            if capacity == 0 || (wanted == 0 && matches!(r, ResourceName::Scalar(_))) {
                return None;
            }
            let used = amount(&info.requested, r) + if with_pod { wanted } else { 0 };
            let fraction = used as f64 / capacity as f64;
            Some(if fraction > 1.0 { 1.0 } else { fraction })
        })
    };
    50 + (50 + balance(fractions(true)) - balance(fractions(false))) / 2
}

/// 100 for even use, less the more the fractions deviate.
fn balance(fractions: impl Iterator<Item = f64> + Clone) -> i64 {
    let mut sum = 0.0;
    let (mut first, mut second, mut count) = (0.0, 0.0, 0usize);
    for fraction in fractions.clone() {
        match count {
            0 => first = fraction,
            1 => second = fraction,
            _ => {}
        }
        sum += fraction;
        count += 1;
    }
    let deviation = match count {
        0 | 1 => 0.0,
        2 => f64::abs((first - second) / 2.0),
        _ => {
            let mean = sum / count as f64;
            let squares = fractions.fold(0.0, |acc, f| acc + (f - mean) * (f - mean));
            f64::sqrt(squares / count as f64)
        }
    };
    ((1.0 - deviation) * 100.0) as i64
}

#[cfg(test)]
mod tests {
    use super::balance;

    #[test]
    fn even_use_is_best() {
        assert_eq!(balance([0.5, 0.5].into_iter()), 100);
        assert_eq!(balance([0.25, 0.125].into_iter()), 93);
        assert_eq!(balance([0.3].into_iter()), 100);
        assert_eq!(balance([0.0, 1.0, 0.5].into_iter()), 59);
    }
}
