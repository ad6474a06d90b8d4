//! The controllers of kube-controller-manager, one file each. They read the cluster and write through the API server; each is asked by
//! key through the work queue, and never looks at the clock or at another controller's memory.

mod deployment;
mod looks;
mod losses;
mod orphans;
mod queue;
mod replica_set;
mod revisions;

pub use deployment::{UndoRefused, undo};
pub use queue::{Key, WorkQueue};

use deployment::DeploymentController;
use replica_set::ReplicaSetController;

use crate::apiserver::{Api, Notice};

/// All controllers with what each remembers between looks.
#[derive(Clone, Debug, Default)]
pub struct Controllers {
    replica_sets: ReplicaSetController,
    deployments: DeploymentController,
}

impl Controllers {
    /// Starts the controllers over what exists: every object is looked at once, as after a restart.
    pub fn start(&mut self, api: &mut Api, queue: &mut WorkQueue) {
        self.deployments.start(api, queue);
        self.replica_sets.start(api, queue);
    }

    /// Takes a notice: asks for the keys it concerns.
    pub fn observe(&mut self, api: &mut Api, notice: &Notice, queue: &mut WorkQueue) {
        // What counts pods comes before what sums up counts: one look at a Deployment then sees all that happened.
        self.replica_sets.observe(api, notice, queue);
        self.deployments.observe(api, notice, queue);
    }

    /// Looks at one key. The API's causes are set to the records that asked for it.
    pub fn sync(&mut self, key: Key, api: &mut Api, queue: &mut WorkQueue) {
        match key {
            Key::Deployment(id) => self.deployments.sync(id, api, queue),
            Key::ReplicaSet(id) => self.replica_sets.sync(id, api, queue),
            _ => {}
        }
    }
}
