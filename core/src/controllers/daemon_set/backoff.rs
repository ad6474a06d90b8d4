//! How long a failed daemon pod is left alone (`client-go/util/flowcontrol/backoff.go`, v1.37): 1 s doubling to 900 s for each node and
//! generation.

use std::collections::BTreeMap;

use crate::cluster::ids::{DaemonSetId, NodeId};
use crate::units::time::{Millis, SECOND, Time};

const FIRST: Millis = SECOND;
const LONGEST: Millis = 900 * SECOND;

/// The back-offs of failed daemon pods.
#[derive(Clone, Debug, Default)]
pub(super) struct FailedPods(BTreeMap<(DaemonSetId, NodeId), Entry>);

#[derive(Clone, Copy, Debug)]
struct Entry {
    generation: i64,
    delay: Millis,
    since: Time,
}

impl FailedPods {
    /// How long to wait before looking again; none if the pod may be killed now, which is then noted.
    pub(super) fn wait(&mut self, set: DaemonSetId, node: NodeId, generation: i64, now: Time) -> Option<Millis> {
        let entry = self.0.get(&(set, node)).copied().filter(|e| e.generation == generation && now - e.since <= 2 * LONGEST);
        let delay = match entry {
            Some(e) if now - e.since < e.delay => return Some(e.delay),
            Some(e) => (e.delay * 2).min(LONGEST),
            None => FIRST,
        };
        self.0.insert((set, node), Entry { generation, delay, since: now });
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_come_further_apart() {
        let mut failed = FailedPods::default();
        let (set, node) = (DaemonSetId(0), NodeId(0));
        let at = |s: i64| Time::at(s * SECOND);
        assert_eq!(failed.wait(set, node, 1, at(0)), None);
        assert_eq!(failed.wait(set, node, 1, Time::at(500)), Some(SECOND));
        assert_eq!(failed.wait(set, node, 1, at(1)), None);
        assert_eq!(failed.wait(set, node, 1, at(2)), Some(2 * SECOND));
        assert_eq!(failed.wait(set, node, 2, at(2)), None, "another generation begins anew");
    }
}
