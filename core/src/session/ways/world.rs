//! A cluster that is thought of and not there: changed at will, and the scheduler asked about one pod in it.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId, TemplateId};
use crate::cluster::pod::Phase;
use crate::cluster::template::PodTemplate;
use crate::scheduler::attempt::Attempt;
use crate::scheduler::config::SchedulerConfig;
use crate::scheduler::status::Refusal;
use crate::scheduler::{Detail, Scheduler};
use crate::units::time::Time;

/// The cluster, the pod and the moment.
#[derive(Clone)]
pub(in crate::session) struct World {
    pub(in crate::session) cluster: Cluster,
    pub(in crate::session) config: SchedulerConfig,
    pub(in crate::session) pod: PodId,
    pub(in crate::session) now: Time,
}

/// What the scheduler says.
pub(in crate::session) struct Answer {
    pub(in crate::session) attempt: Attempt,
    pub(in crate::session) order: Vec<NodeId>,
}

impl Answer {
    /// The node it goes to.
    pub(in crate::session) fn node(&self) -> Option<NodeId> {
        self.attempt.node()
    }

    /// Why a node does not do.
    pub(in crate::session) fn refusal(&self, node: NodeId) -> Option<&Refusal> {
        let at = self.order.iter().position(|&known| known == node)?;
        match self.attempt.matrix.as_ref().and_then(|matrix| Some((matrix, *matrix.filter.get(at)?))) {
            Some((matrix, k)) if k > 0 => matrix.fails.get(k as usize - 1),
            Some(_) => None,
            None => self.attempt.prefilter.as_ref(),
        }
    }
}

impl World {
    /// The pod is taken off its node, if it has one.
    pub(in crate::session) fn new(cluster: &Cluster, configuration: Option<&serde_json::Value>, pod: PodId, now: Time) -> World {
        let mut cluster = cluster.clone();
        take_off(&mut cluster, pod);
        let read = configuration.and_then(|object| SchedulerConfig::from_json(object, &mut cluster.text).ok());
        let config = read.unwrap_or_else(|| SchedulerConfig::standard(&mut cluster.text));
        World { cluster, config, pod, now }
    }

    /// The scheduler with everything that it knows of this world.
    pub(in crate::session) fn scheduler(&self) -> Scheduler {
        let mut scheduler = Scheduler::new(&self.config, &self.cluster);
        for (id, pod) in self.cluster.live_pods().filter(|(_, pod)| pod.node.is_none()) {
            if pod.nominated.is_some() {
                scheduler.nominate(id, pod.nominated);
            }
        }
        scheduler
    }

    /// Asks about the pod.
    pub(in crate::session) fn ask(&self) -> Answer {
        let mut scheduler = self.scheduler();
        let attempt = scheduler.attempt(&self.cluster, self.pod, self.now, Detail::Full);
        Answer { attempt, order: scheduler.node_order().to_vec() }
    }

    /// The pod's template.
    pub(in crate::session) fn template(&self) -> &PodTemplate {
        self.cluster.template_of(self.pod)
    }

    /// The same world with the pod's template changed, for this pod alone.
    pub(in crate::session) fn with_template(&self, change: impl FnOnce(&mut PodTemplate)) -> World {
        let mut world = self.clone();
        let mut template = self.template().clone();
        change(&mut template);
        let id = TemplateId::from_index(world.cluster.templates.len());
        world.cluster.templates.push(Arc::new(template));
        world.cluster.pods[self.pod.index()].template = id;
        world
    }

    /// The same world without some pods.
    pub(in crate::session) fn without(&self, pods: &[PodId]) -> World {
        let mut world = self.clone();
        for &pod in pods {
            if let Some(node) = world.cluster.pod(pod).node {
                world.cluster.nodes[node.index()].pods.retain(|&other| other != pod);
            }
            world.cluster.pods[pod.index()].gone = true;
        }
        world
    }
}

/// Takes a pod off its node, so that it can be asked about.
pub(in crate::session) fn take_off(cluster: &mut Cluster, id: PodId) {
    let Some(pod) = cluster.pods.get_mut(id.index()) else { return };
    let node = pod.node.take();
    pod.deletion = None;
    pod.gone = false;
    pod.phase = Phase::Pending;
    pod.ready = false;
    if let Some(node) = node.and_then(|node| cluster.nodes.get_mut(node.index())) {
        node.pods.retain(|&other| other != id);
    }
}
