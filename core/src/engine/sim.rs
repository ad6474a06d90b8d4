//! The simulation: one virtual clock over the API server, the scheduler, the controllers and the kubelets.

use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::controllers::{Controllers, WorkQueue};
use crate::kubelet::Kubelets;
use crate::units::time::Time;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is left to happen.
    Quiet,
    /// The time given is over; more would happen later.
    TimeUp,
    /// The event budget is used up: something goes round in circles.
    BudgetSpent,
}

/// A running simulation. Cloning it forks it: both go on from the same state.
#[derive(Clone, Debug)]
pub struct Sim {
    pub(super) api: Api,
    pub(super) controllers: Controllers,
    pub(super) queue: WorkQueue,
    pub(super) kubelets: Kubelets,
}

impl Sim {
    /// A simulation of `cluster` that begins at `start`.
    pub fn new(cluster: Cluster, start: Time) -> Sim {
        let mut api = Api::new(cluster, start);
        let mut controllers = Controllers::default();
        let mut queue = WorkQueue::default();
        let mut kubelets = Kubelets::default();
        kubelets.start(&mut api);
        controllers.start(&mut api, &mut queue);
        Sim { api, controllers, queue, kubelets }
    }

    /// The API server: cluster and trace to read.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The API server, to write as a user would.
    pub fn api_mut(&mut self) -> &mut Api {
        &mut self.api
    }
}
