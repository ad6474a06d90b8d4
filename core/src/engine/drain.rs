//! kubectl's drain as a client of the API.

use crate::apiserver::Api;
use crate::units::time::Time;

/// Drains under way and done.
#[derive(Clone, Debug, Default)]
pub struct Drains {}

impl Drains {
    /// When the next loop looks again.
    pub fn next_time(&self) -> Option<Time> {
        None
    }

    /// Does the next thing that is due; false if nothing is.
    pub fn run_due(&mut self, api: &mut Api) -> bool {
        let _ = api;
        false
    }

    /// Forgets which records began the drains: a fork begins a trace of its own.
    pub fn forget_causes(&mut self) {}
}
