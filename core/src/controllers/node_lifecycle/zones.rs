//! Zones as the node lifecycle controller sees them: their disruption state, and how fast their nodes may be tainted
//! (`pkg/controller/nodelifecycle/{node_lifecycle_controller.go,scheduler/rate_limited_queue.go}`, v1.37).

use std::collections::VecDeque;

use crate::cluster::ids::NodeId;
use crate::units::time::{Millis, SECOND, Time};

/// `--node-eviction-rate` 0.1: one node in ten seconds.
const USUAL_INTERVAL: Millis = 10 * SECOND;
/// `--secondary-node-eviction-rate` 0.01: one node in a hundred seconds.
const SECONDARY_INTERVAL: Millis = 100 * SECOND;
/// `--large-cluster-size-threshold`: smaller zones that are partially disrupted are left alone.
const LARGE_ZONE: u32 = 50;

/// How badly a zone is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ZoneState {
    /// Fine, or few nodes are lost.
    #[default]
    Normal,
    /// More than two nodes and at least 55 % are not ready.
    Partial,
    /// No node is ready.
    Full,
}

impl ZoneState {
    /// As the controller logs it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            ZoneState::Normal => "Normal",
            ZoneState::Partial => "PartialDisruption",
            ZoneState::Full => "FullDisruption",
        }
    }

    /// The pause between two taints; none for no taints at all.
    fn interval(self, nodes: u32) -> Option<Millis> {
        match self {
            ZoneState::Normal | ZoneState::Full => Some(USUAL_INTERVAL),
            ZoneState::Partial => (nodes > LARGE_ZONE).then_some(SECONDARY_INTERVAL),
        }
    }
}

/// A token bucket that holds one token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limiter {
    /// The time one token takes; none for a bucket that never gives any.
    interval: Option<Millis>,
    /// When there is a token.
    full_at: Time,
}

impl Default for Limiter {
    fn default() -> Self {
        Limiter { interval: Some(USUAL_INTERVAL), full_at: Time::EARLIEST }
    }
}

impl Limiter {
    /// Takes the token if there is one.
    pub(super) fn accept(&mut self, now: Time) -> bool {
        match self.interval {
            Some(interval) if self.full_at <= now => {
                self.full_at = now + interval;
                true
            }
            _ => false,
        }
    }

    /// When there will be a token; none for never.
    pub(super) fn next(&self) -> Option<Time> {
        self.interval.map(|_| self.full_at)
    }

    /// Another rate: the new bucket is empty if the old one was.
    fn swap(&mut self, interval: Option<Millis>, now: Time) {
        if self.interval == interval {
            return;
        }
        let full = self.accept(now);
        self.interval = interval;
        self.full_at = if full { now } else { now + interval.unwrap_or(0) };
    }
}

/// A zone.
#[derive(Clone, Debug, Default)]
pub(super) struct Zone {
    /// Nodes that count.
    pub(super) nodes: u32,
    /// Of these, the ones that are not ready.
    pub(super) not_ready: u32,
    /// The state the last look found.
    pub(super) state: ZoneState,
    /// When the next node may get its NoExecute taint.
    pub(super) limiter: Limiter,
    /// Nodes that wait for their NoExecute taint.
    pub(super) waiting: VecDeque<NodeId>,
}

impl Zone {
    /// The state that its counts say (`ComputeZoneState`).
    pub(super) fn computed(&self) -> ZoneState {
        if self.not_ready > 0 && self.not_ready == self.nodes {
            ZoneState::Full
        } else if self.not_ready > 2 && u64::from(self.not_ready) * 100 >= u64::from(self.nodes) * 55 {
            ZoneState::Partial
        } else {
            ZoneState::Normal
        }
    }

    /// Takes a state over, with its rate.
    pub(super) fn enter(&mut self, state: ZoneState, now: Time) {
        self.state = state;
        self.limiter.swap(state.interval(self.nodes), now);
    }

    /// Stops all tainting: every zone of the cluster is fully disrupted.
    pub(super) fn halt(&mut self, now: Time) {
        self.state = ZoneState::Full;
        self.limiter.swap(None, now);
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(nodes: u32, not_ready: u32) -> Zone {
        Zone { nodes, not_ready, ..Zone::default() }
    }

    #[test]
    fn states_follow_the_thresholds() {
        assert_eq!(zone(3, 2).computed(), ZoneState::Normal, "needs more than two");
        assert_eq!(zone(3, 3).computed(), ZoneState::Full);
        assert_eq!(zone(4, 3).computed(), ZoneState::Partial);
        assert_eq!(zone(20, 11).computed(), ZoneState::Partial, "55 % exactly");
        assert_eq!(zone(20, 10).computed(), ZoneState::Normal);
        assert_eq!(zone(0, 0).computed(), ZoneState::Normal);
    }

    #[test]
    fn small_zones_that_are_partially_disrupted_are_left_alone() {
        let mut small = zone(20, 12);
        small.enter(ZoneState::Partial, Time::at(0));
        assert!(!small.limiter.accept(Time::at(1_000_000)));
        let mut large = zone(60, 40);
        large.enter(ZoneState::Partial, Time::at(0));
        assert!(large.limiter.accept(Time::at(0)));
        assert!(!large.limiter.accept(Time::at(99_999)));
        assert!(large.limiter.accept(Time::at(100_000)));
    }

    #[test]
    fn a_new_rate_starts_empty_after_an_empty_one() {
        let mut zone = zone(4, 3);
        zone.enter(ZoneState::Partial, Time::at(0));
        zone.enter(ZoneState::Full, Time::at(5_000));
        assert!(!zone.limiter.accept(Time::at(14_999)));
        assert!(zone.limiter.accept(Time::at(15_000)));
    }
}
