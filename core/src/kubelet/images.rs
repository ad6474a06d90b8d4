//! Image pulls that fail (`pkg/kubelet/images/image_manager.go`, v1.37): which images a start needs from a registry that is out of reach, and
//! when the kubelet asks again. How long a pull takes is part of a pod's start: an assumption.

use super::life::Stage;
use super::{Kubelets, Timer};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::template::PullPolicy;
use crate::trace::Subject;
use crate::units::time::{Millis, SECOND};

/// The first pause after a failed pull.
const FIRST: Millis = 10 * SECOND;
/// The longest one.
const LONGEST: Millis = 300 * SECOND;

impl Kubelets {
    /// Images whose names begin with `registry` cannot be pulled from now on (all for an empty text); none ends that. What waits is tried
    /// again when its back-off is over, as a kubelet does.
    pub fn set_registry_outage(&mut self, registry: Option<String>) {
        self.registry_outage = registry;
    }

    /// Starts a pod's containers once its images are there; while they are not, tries again with growing pauses.
    pub(super) fn pull(&mut self, api: &mut Api, id: PodId) {
        if self.life(id).stage != Stage::Starting || !Self::is_heard(api, id) {
            return;
        }
        let (now, cause) = (api.now(), api.cause());
        let Some(image) = self.missing_image(api.cluster(), id) else {
            let delay = self.start_delay(api.cluster(), id);
            let epoch = self.life(id).epoch;
            self.agenda.add(now + delay, (Timer::Start(id, epoch), cause));
            return;
        };
        let subject = Subject::Pod(id);
        api.event(subject, false, "Pulling", &format!("Pulling image \"{image}\""), "kubelet");
        api.event(subject, true, "Failed", &format!("Failed to pull image \"{image}\": the registry cannot be reached"), "kubelet");
        api.event(subject, true, "Failed", "Error: ErrImagePull", "kubelet");
        let life = self.life(id);
        let pause = if life.pull_pause == 0 { FIRST } else { life.pull_pause };
        life.pull_pause = (pause * 2).min(LONGEST);
        let epoch = life.epoch;
        // The kubelet looks at the pod once more before the pause is over.
        api.event(subject, false, "BackOff", &format!("Back-off pulling image \"{image}\""), "kubelet");
        api.event(subject, true, "Failed", "Error: ImagePullBackOff", "kubelet");
        self.agenda.add(now + pause, (Timer::Pull(id, epoch), cause));
    }

    /// The first image of a pod that has to be pulled and cannot be.
    fn missing_image(&self, cluster: &Cluster, id: PodId) -> Option<String> {
        let registry = self.registry_outage.as_deref()?;
        let node = cluster.pod(id).node?;
        let template = cluster.template_of(id);
        let mut containers = template.init_containers.iter().chain(&template.containers);
        let missing = containers.find(|container| {
            let image = cluster.text(container.image);
            let pulled = match container.pull {
                PullPolicy::Always => true,
                PullPolicy::IfNotPresent => !self.is_present(cluster, node, id, image),
                PullPolicy::Never => false,
            };
            pulled && image.starts_with(registry)
        })?;
        Some(cluster.text(missing.image).to_owned())
    }

    /// Whether the node has the image: it says so, or a pod with it has run there.
    fn is_present(&self, cluster: &Cluster, node: NodeId, id: PodId, image: &str) -> bool {
        let tagged = if image.rfind(':') <= image.rfind('/') { format!("{image}:latest") } else { image.to_owned() };
        if cluster.node(node).images.iter().any(|&(known, _)| cluster.text(known) == tagged) {
            return true;
        }
        cluster.pods.iter().enumerate().any(|(other, pod)| {
            let other = PodId::from_index(other);
            let ran = self.lives.get(other.index()).is_some_and(|life| life.ran);
            other != id && pod.node == Some(node) && ran && self.outlived(cluster, other) && {
                let template = cluster.template(pod.template);
                template.images.iter().any(|&known| cluster.text(known) == tagged)
            }
        })
    }
}
