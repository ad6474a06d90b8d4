//! How long a container that ended has to wait before it is started again (`pkg/kubelet/kubelet.go` newCrashLoopBackOff,
//! `client-go/util/flowcontrol/backoff.go`, v1.37).

use crate::units::time::{MINUTE, Millis, SECOND, Time};

/// The first delay.
const FIRST: Millis = 10 * SECOND;
/// The longest delay.
const LONGEST: Millis = 300 * SECOND;
/// A container that ran for longer than this starts with a fresh back-off.
const FORGIVEN_AFTER: Millis = 10 * MINUTE;

/// The back-off of one container.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    /// The delay after the next end; 0 before the first.
    next: Millis,
    /// When the container was last started again.
    restarted: Time,
}

impl Backoff {
    /// When a container that ended at `ended` may start again: at once after the first end, then 10, 20, 40 … 300 s after each.
    pub(super) fn restart_at(&mut self, ended: Time) -> Time {
        if self.next == 0 || ended - self.restarted > FORGIVEN_AFTER {
            self.next = FIRST;
            self.restarted = ended;
            return ended;
        }
        let at = ended + self.next;
        self.next = (self.next * 2).min(LONGEST);
        self.restarted = at;
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_that_crashes_at_once_starts_at_the_known_times() {
        let mut backoff = Backoff::default();
        let mut at = Time::ZERO;
        let mut starts = vec![at.whole_seconds()];
        for _ in 0..8 {
            at = backoff.restart_at(at);
            starts.push(at.whole_seconds());
        }
        assert_eq!(starts, [0, 0, 10, 30, 70, 150, 310, 610, 910]);
    }

    #[test]
    fn ten_good_minutes_are_forgiven() {
        let mut backoff = Backoff::default();
        for _ in 0..4 {
            backoff.restart_at(Time::ZERO);
        }
        assert_eq!(backoff.restart_at(Time::at(2_000_000)), Time::at(2_000_000));
        assert_eq!(backoff.restart_at(Time::at(2_000_000)), Time::at(2_010_000));
    }
}
