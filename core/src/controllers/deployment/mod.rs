//! The Deployment controller (`pkg/controller/deployment`, v1.37): ReplicaSets of the wanted sizes, revision by revision. It never
//! touches pods: all its arithmetic is over ReplicaSets.

mod history;
mod replica_sets;
mod rollout;
mod scale;
mod status;
mod undo;

pub use undo::{UndoRefused, undo};

use std::collections::BTreeSet;

use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, Notice, PodChange, Watched};
use crate::cluster::ids::{DeploymentId, ReplicaSetId};
use crate::cluster::pod::Owner;
use crate::cluster::workloads::DeploymentStrategy;
use crate::trace::Subject;

/// The component that its events name.
const SOURCE: &str = "deployment-controller";

/// A look that failed is tried again so often; then a change has to ask for the next (`maxRetries`).
const MOST_RETRIES: u32 = 15;

/// What the Deployment controller remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct DeploymentController {
    /// ReplicaSets without a Deployment: candidates for adoption.
    orphans: BTreeSet<ReplicaSetId>,
}

impl DeploymentController {
    /// Takes stock of what exists.
    pub(super) fn start(&mut self, api: &Api, queue: &mut WorkQueue) {
        for (i, set) in api.cluster().replica_sets.iter().enumerate() {
            if !set.meta.gone && set.deployment.is_none() && !set.replication_controller {
                self.orphans.insert(ReplicaSetId::from_index(i));
            }
        }
        for (i, d) in api.cluster().deployments.iter().enumerate() {
            if !d.meta.gone {
                queue.add(Key::Deployment(DeploymentId::from_index(i)), None);
            }
        }
    }

    /// Asks for the Deployment that a change concerns.
    pub(super) fn observe(&mut self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        let cluster = api.cluster();
        match notice.watched {
            Watched::Deployment(id) => queue.add(Key::Deployment(id), notice.record),
            Watched::ReplicaSet(id) => {
                let set = &cluster.replica_sets[id.index()];
                let orphan = set.deployment.is_none() && !set.meta.gone && !set.replication_controller;
                match set.deployment {
                    Some(deployment) => queue.add(Key::Deployment(deployment), notice.record),
                    None if orphan && self.orphans.insert(id) => self.ask_adopters(api, id, notice, queue),
                    None => {}
                }
                if !orphan {
                    self.orphans.remove(&id);
                }
            }
            // Recreate waits for the last pod to be gone.
            Watched::Pod(id, PodChange::Gone) => {
                if let Owner::ReplicaSet(set) = cluster.pod(id).owner
                    && let Some(deployment) = cluster.replica_sets[set.index()].deployment
                    && cluster.deployments[deployment.index()].strategy == DeploymentStrategy::Recreate
                {
                    queue.add(Key::Deployment(deployment), notice.record);
                }
            }
            _ => {}
        }
    }

    fn ask_adopters(&self, api: &Api, orphan: ReplicaSetId, notice: &Notice, queue: &mut WorkQueue) {
        for (i, d) in api.cluster().deployments.iter().enumerate() {
            if !d.meta.gone && replica_sets::selects(api.cluster(), d, orphan) {
                queue.add(Key::Deployment(DeploymentId::from_index(i)), notice.record);
            }
        }
    }

    /// One look at a Deployment (`deployment_controller.go` syncDeployment).
    pub(super) fn sync(&mut self, id: DeploymentId, api: &mut Api, queue: &mut WorkQueue) {
        let deployment = &api.cluster().deployments[id.index()];
        if deployment.meta.gone {
            return;
        }
        if deployment.selector.is_everything() {
            let message = "This deployment is selecting all pods. A non-empty selector is required.";
            api.event(Subject::Deployment(id), true, "SelectingAll", message, SOURCE);
            let mut status = api.cluster().deployments[id.index()].status.clone();
            status.observed_generation = api.cluster().deployments[id.index()].meta.generation;
            api.set_deployment_status(id, status);
            return;
        }
        self.adopt(id, api);
        if api.cluster().deployments[id.index()].meta.deleting.is_some() {
            return status::write_counts(api, id);
        }
        status::note_pause(api, id);
        if api.cluster().deployments[id.index()].paused {
            replica_sets::raise_revision(api, id);
            scale::scale(api, id);
            history::clean_up(api, id);
            return status::write_counts(api, id);
        }
        if scale::is_due(api, id) {
            replica_sets::raise_revision(api, id);
            scale::scale(api, id);
            return status::write_counts(api, id);
        }
        let rolled = match api.cluster().deployments[id.index()].strategy {
            DeploymentStrategy::RollingUpdate { .. } => rollout::roll(api, id),
            DeploymentStrategy::Recreate => rollout::recreate(api, id),
        };
        let key = Key::Deployment(id);
        if rolled.is_err() {
            if queue.failures(key) < MOST_RETRIES {
                return queue.add_rate_limited(key, api.now(), api.cause());
            }
            return queue.forget(key);
        }
        queue.forget(key);
        if !status::write_rollout(api, id)
            && let Some(time) = status::deadline_look(api, id)
        {
            queue.add_once_at(key, time, api.cause());
        }
    }

    fn adopt(&mut self, id: DeploymentId, api: &mut Api) {
        if api.cluster().deployments[id.index()].meta.deleting.is_some() {
            return;
        }
        let wanted = |set: &&ReplicaSetId| replica_sets::selects(api.cluster(), &api.cluster().deployments[id.index()], **set);
        let adopted: Vec<ReplicaSetId> = self.orphans.iter().filter(wanted).copied().collect();
        for set in adopted {
            self.orphans.remove(&set);
            api.set_replica_set_owner(set, Some(id));
        }
    }
}
