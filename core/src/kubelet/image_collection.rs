//! Image garbage collection (`pkg/kubelet/images/image_gc_manager.go`, v1.37): images that nobody uses go, those first that were not used
//! for longest: some every five minutes while the disk is fuller than `imageGCHighThresholdPercent`, all of them when it is short.
//! Sizes are known of images that the Node objects list; of one that was pulled here only whether it is still there.

use std::collections::{BTreeMap, BTreeSet};

use super::life::Stage;
use super::{Kubelets, Timer};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::trace::Subject;
use crate::units::arrange::Arrange;
use crate::units::intern::Sym;
use crate::units::time::{MINUTE, Millis, Time};

/// `ImageGCPeriod`.
const EVERY: Millis = 5 * MINUTE;

/// An image on a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    names: Vec<Sym>,
    /// Bytes.
    pub(super) size: i64,
}

impl Kubelets {
    /// The images that a Node object lists, by number.
    pub(super) fn images_on(&self, cluster: &Cluster, node: NodeId) -> BTreeMap<u32, Image> {
        let node = cluster.node(node);
        let mut images: BTreeMap<u32, Image> = BTreeMap::new();
        for (&(name, size), &number) in node.images.iter().zip(&node.image_of_name) {
            let image = images.entry(number).or_default();
            image.names.push(name);
            image.size = size.max(0);
        }
        images
    }

    /// The images of a node that no pod there uses, and their sizes, what was not used for longest first.
    fn unused_images(&self, cluster: &Cluster, node: NodeId) -> Vec<(u32, i64)> {
        let images = self.images_on(cluster, node);
        if images.is_empty() {
            return Vec::new();
        }
        let (mut used, mut last): (BTreeSet<Sym>, BTreeMap<Sym, Time>) = Default::default();
        for (index, pod) in cluster.pods.iter().enumerate().filter(|(_, pod)| pod.node == Some(node)) {
            let names = &cluster.template(pod.template).images;
            // A pod that was turned away has no containers, and those of one that has ended go before any image.
            let taken_on = self.lives.get(index).is_some_and(|life| life.stage != Stage::Unseen);
            if pod.gone || pod.phase.is_terminal() {
                let until = left_at(pod);
                names.iter().for_each(|&name| {
                    let at = last.entry(name).or_insert(until);
                    *at = until.max(*at);
                });
            } else if taken_on {
                used.extend(names.iter().copied());
            }
        }
        let unused = images.into_iter().filter(|(_, image)| !image.names.iter().any(|name| used.contains(name)));
        let when = |image: &Image| image.names.iter().filter_map(|name| last.get(name)).max().copied();
        let mut unused: Vec<(Option<Time>, u32, i64)> = unused.map(|(number, image)| (when(&image), number, image.size)).collect();
        unused.arrange();
        unused.into_iter().map(|(_, number, size)| (number, size)).collect()
    }

    /// Deletes unused images until so many bytes are free; tells how many are.
    fn free_images(&mut self, api: &mut Api, node: NodeId, most: i64) -> i64 {
        let (mut freed, mut gone) = (0i64, Vec::new());
        for (number, size) in self.unused_images(api.cluster(), node) {
            if freed >= most {
                break;
            }
            freed = freed.saturating_add(size);
            gone.push(number);
        }
        api.remove_images(node, &gone);
        freed
    }

    /// Deletes all images that nobody uses (`DeleteUnusedImages`).
    pub(super) fn delete_unused_images(&mut self, api: &mut Api, node: NodeId) {
        self.free_images(api, node, i64::MAX);
        self.images_cleared.insert(node, api.now());
    }

    /// Whether an image that a pod had when it ran on its node may still be there, once the pod is gone.
    pub(super) fn outlived(&self, cluster: &Cluster, pod: PodId) -> bool {
        let pod = cluster.pod(pod);
        let cleared = pod.node.and_then(|node| self.images_cleared.get(&node));
        !pod.gone || cleared.is_none_or(|&cleared| left_at(pod) > cleared)
    }

    pub(super) fn plan_image_collection(&mut self, api: &Api, node: NodeId) {
        let at = Time::at((api.now().millis().div_euclid(EVERY) + 1) * EVERY);
        let cause = api.cause();
        if self.agent(node).collects_at.is_none_or(|planned| planned < api.now()) {
            self.agent(node).collects_at = Some(at);
            self.agenda.add(at, (Timer::CollectImages(node), cause));
        }
    }

    /// One look of the image garbage collector; it looks again as long as the disk is too full.
    pub(super) fn collect_images(&mut self, api: &mut Api, node: NodeId) {
        self.agent(node).collects_at = None;
        if !Self::is_alive(api, node) {
            return;
        }
        let rule = api.cluster().kubelet.image_collection;
        let level = self.disk_level(api.cluster(), node);
        if level.capacity <= 0 || rule.high_percent >= 100 {
            return;
        }
        let share = |amount: i64, of: i64| i64::try_from(i128::from(amount) * 100 / i128::from(of.max(1))).unwrap_or(i64::MAX);
        let used = 100 - share(level.available, level.capacity);
        if used < rule.high_percent {
            self.agent(node).collection_failed = false;
            return;
        }
        let wanted = i64::try_from(i128::from(level.capacity) * i128::from(100 - rule.low_percent) / 100).unwrap_or(i64::MAX);
        let wanted = wanted.saturating_sub(level.available);
        let freed = self.free_images(api, node, wanted);
        if freed < wanted {
            let message = format!(
                "Insufficient free disk space on the node's image filesystem ({used}% of {} used). Failed to free sufficient space by deleting \
                 unused images (freed {freed} bytes). Investigate disk usage, as it could be used by active images, logs, volumes, or other data.",
                format_size(level.capacity)
            );
            api.event(Subject::Node(node), true, "FreeDiskSpaceFailed", &message, "kubelet");
            if std::mem::replace(&mut self.agent(node).collection_failed, true) {
                api.event(Subject::Node(node), true, "ImageGCFailed", &message, "kubelet");
            }
        } else {
            self.agent(node).collection_failed = false;
        }
        self.plan_image_collection(api, node);
    }
}

/// When a pod that is gone used its images last.
fn left_at(pod: &crate::cluster::pod::Pod) -> Time {
    pod.finished.or(pod.deletion.map(|deletion| deletion.requested)).unwrap_or(pod.created)
}

/// `formatSize`: one digit after the point, rounded to even as Go prints it.
fn format_size(bytes: i64) -> String {
    const UNITS: [(&str, u32); 4] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    match UNITS.into_iter().find(|&(_, shift)| bytes >= 1 << shift) {
        Some((unit, shift)) => format!("{:.1} {unit}", bytes as f64 / (1i64 << shift) as f64),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_the_kubelet_does() {
        assert_eq!([512, 1 << 10, 3 << 29, 100 << 30].map(format_size), ["512 B", "1.0 KiB", "1.5 GiB", "100.0 GiB"]);
    }
}
