//! Later looks: of all the moments at which a controller wants to see a key again, only the earliest waits, as in
//! `client-go/util/workqueue/delaying_queue.go` (v1.37).

use std::collections::BTreeMap;

use super::queue::{Key, WorkQueue};
use crate::apiserver::Api;
use crate::units::time::Time;

/// For each key of one controller the earliest later look that waits.
#[derive(Clone, Debug, Default)]
pub(super) struct Looks(BTreeMap<Key, Time>);

impl Looks {
    /// Asks for `key` at `time`, unless a look that comes no later already waits.
    pub(super) fn ask(&mut self, queue: &mut WorkQueue, api: &Api, key: Key, time: Time) {
        let now = api.now();
        if self.0.get(&key).is_some_and(|&waiting| waiting > now && waiting <= time) {
            return;
        }
        self.0.insert(key, time);
        queue.add_at(key, time, api.cause());
    }
}
