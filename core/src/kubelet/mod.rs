//! The kubelets of all nodes: pods start, get ready, end and stop in virtual time. They never schedule, and never delete what the API still wants.

use crate::apiserver::{Api, Notice};
use crate::units::time::Time;

/// All kubelets, with their timers.
#[derive(Clone, Debug, Default)]
pub struct Kubelets {}

impl Kubelets {
    /// Starts the kubelets over what exists: pods bound already run on.
    pub fn start(&mut self, api: &mut Api) {
        let _ = api;
    }

    /// Takes a notice: a pod was bound or is to stop, a machine died or came back.
    pub fn observe(&mut self, api: &mut Api, notice: &Notice) {
        let _ = (api, notice);
    }

    /// When the next timer is due.
    pub fn next_time(&self) -> Option<Time> {
        None
    }

    /// Does the next thing that is due at `now`; false if nothing is.
    pub fn run_due(&mut self, api: &mut Api) -> bool {
        let _ = api;
        false
    }

    /// Forgets which records set the timers: a fork begins a trace of its own.
    pub fn forget_causes(&mut self) {}
}
