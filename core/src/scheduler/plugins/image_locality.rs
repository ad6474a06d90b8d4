//! ImageLocality: how much of the pod's images is already on a node (`plugins/imagelocality/image_locality.go`, v1.37).

use crate::cluster::template::PodTemplate;
use crate::scheduler::cache::NodeInfo;

/// Below this sum of sizes, images don't matter: 23 MiB.
const MIN_THRESHOLD: i64 = 23 * 1024 * 1024;
/// Above this size for each container, more does not matter: 1000 MiB.
const MAX_CONTAINER_THRESHOLD: i64 = 1000 * 1024 * 1024;

/// 0 to 100, from the sizes of present images, each scaled by the share of nodes that have it.
pub fn score(template: &PodTemplate, info: &NodeInfo, all_nodes: usize) -> i64 {
    let count = template.images.len() as i64;
    if count == 0 || info.images.is_empty() || all_nodes == 0 {
        return if count == 0 || all_nodes == 0 { 0 } else { scaled(0, count) };
    }
    let mut sum = 0i64;
    for image in &template.images {
        if let Some(&(_, size, nodes)) = info.images.iter().find(|i| i.0 == *image) {
            let spread = f64::from(nodes) / all_nodes as f64;
            sum = sum.saturating_add((size as f64 * spread) as i64);
        }
    }
    scaled(sum, count)
}

fn scaled(sum: i64, count: i64) -> i64 {
    let max = MAX_CONTAINER_THRESHOLD * count;
    100 * (sum.clamp(MIN_THRESHOLD, max) - MIN_THRESHOLD) / (max - MIN_THRESHOLD)
}
