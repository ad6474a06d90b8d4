//! The controllers of kube-controller-manager, one file each. They read the cluster and write through the API server; each is asked by
//! key through the work queue, and never looks at the clock or at another controller's memory.

mod queue;

pub use queue::{Key, WorkQueue};

use crate::apiserver::{Api, Notice};

/// All controllers with what each remembers between looks.
#[derive(Clone, Debug, Default)]
pub struct Controllers {}

impl Controllers {
    /// Starts the controllers over what exists: every object is looked at once, as after a restart.
    pub fn start(&mut self, api: &mut Api, queue: &mut WorkQueue) {
        let _ = (api, queue);
    }

    /// Takes a notice: asks for the keys it concerns.
    pub fn observe(&mut self, api: &mut Api, notice: &Notice, queue: &mut WorkQueue) {
        let _ = (api, notice, queue);
    }

    /// Looks at one key. The API's causes are set to the records that asked for it.
    pub fn sync(&mut self, key: Key, api: &mut Api, queue: &mut WorkQueue) {
        let _ = (key, api, queue);
    }
}
