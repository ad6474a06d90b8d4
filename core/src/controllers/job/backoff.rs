//! How long a Job waits after failures (`pkg/controller/job/backoff_utils.go`, v1.37).

use crate::cluster::Cluster;
use crate::cluster::ids::PodId;
use crate::cluster::pod::Phase;
use crate::units::arrange::Arrange;
use crate::units::time::{Millis, SECOND, Time};

const FIRST: Millis = 10 * SECOND;
const LONGEST: Millis = 600 * SECOND;

/// Failures since the last success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Backoff {
    failures: u32,
    last: Option<Time>,
}

impl Backoff {
    /// With newly ended pods (`newBackoffRecord`): a success forgets the failures before it.
    pub(super) fn with(self, cluster: &Cluster, succeeded: &[PodId], failed: &[PodId]) -> Backoff {
        let mut ends: Vec<Time> = failed.iter().map(|&p| finish_time(cluster, p)).collect();
        ends.arrange();
        match succeeded.iter().map(|&p| finish_time(cluster, p)).max() {
            None => Backoff { failures: self.failures.saturating_add(ends.len() as u32), last: ends.last().copied().or(self.last) },
            Some(success) => {
                let later = ends.iter().filter(|&&end| end > success).count();
                Backoff { failures: later as u32, last: ends.last().copied().filter(|_| later > 0) }
            }
        }
    }

    /// How long to wait still.
    pub(super) fn remaining(self, now: Time) -> Millis {
        self.last.map_or(0, |last| remaining(self.failures, last, now))
    }
}

/// What is left at `now` of the wait after the n-th failure in a row: 10 s doubling, at most 600 s.
pub(super) fn remaining(failures: u32, last: Time, now: Time) -> Millis {
    if failures == 0 {
        return 0;
    }
    let wait = if failures > 7 { LONGEST } else { (FIRST << (failures - 1)).min(LONGEST) };
    (wait - (now - last)).max(0)
}

/// When a pod ended (`getFinishedTime`).
pub(super) fn finish_time(cluster: &Cluster, id: PodId) -> Time {
    let pod = cluster.pod(id);
    if let Some(finished) = pod.finished {
        return finished;
    }
    if pod.phase == Phase::Running && !pod.ready && !pod.gone {
        return pod.ready_since;
    }
    pod.deletion.map_or(pod.created, |d| d.requested)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_ten_minutes() {
        let waits: Vec<Millis> = (0..9).map(|n| remaining(n, Time::ZERO, Time::ZERO) / SECOND).collect();
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 320, 600, 600]);
        assert_eq!(remaining(1, Time::ZERO, Time::at(4_000)), 6_000);
    }
}
