//! The standard what-ifs of a settled cluster: each zone, the busiest nodes, their drains, each workload's rollout. Chooses which to ask; the core
//! runs and weighs them.

use std::cmp::Reverse;

use wavetank_core::cluster::Cluster;
use wavetank_core::scenario::sweep::{self, Axis, Family, Plan};
use wavetank_core::session::Session;
use wavetank_core::units::arrange::Arrange;

use crate::wire::{Risk, Step};

/// Nodes that are lost and drained one by one: the busiest.
pub const MOST_NODES: usize = 12;
/// Workloads that are rolled out one by one.
pub const MOST_ROLLOUTS: usize = 60;
/// Zones that are lost one by one.
pub const MOST_ZONES: usize = 24;

/// Which what-ifs are asked, and what was left out.
pub struct WhatIfs {
    plan: Plan,
    /// A sentence; empty where nothing was left out.
    pub left_out: String,
}

impl WhatIfs {
    /// Those of a settled cluster.
    pub fn of(cluster: &Cluster) -> WhatIfs {
        let mut left_out = Vec::new();
        let mut busy: Vec<(usize, String)> =
            cluster.live_nodes().map(|(_, node)| (node.pods.len(), cluster.text(node.name).to_string())).collect();
        // Where nodes are equally busy, the first stands for the others.
        busy.arrange_by_key(|&(pods, _)| Reverse(pods));
        if busy.len() > MOST_NODES {
            left_out.push(format!("{} of {} nodes, the less busy ones", busy.len() - MOST_NODES, busy.len()));
            busy.truncate(MOST_NODES);
        }
        let nodes: Vec<String> = busy.into_iter().map(|(_, name)| name).collect();
        let mut cut = |axis: Axis, most: usize, noun: &str| {
            let mut family = Family::of(axis, cluster);
            if family.names.len() > most {
                left_out.push(format!("{} of {} {noun}", family.names.len() - most, family.names.len()));
                family.names.truncate(most);
            }
            family
        };
        let zones = cut(Axis::Zone, MOST_ZONES, "zones");
        let rollouts = cut(Axis::Rollout, MOST_ROLLOUTS, "workloads");
        let families = vec![zones, Family { axis: Axis::Node, names: nodes.clone() }, Family { axis: Axis::Drain, names: nodes }, rollouts];
        let left_out = if left_out.is_empty() { String::new() } else { format!("Left out: {}.", left_out.join("; ")) };
        WhatIfs { plan: Plan { families, ..Plan::new(&[], cluster, String::new()) }, left_out }
    }

    /// How many there are.
    pub fn total(&self) -> u32 {
        u32::try_from(self.plan.total()).unwrap_or(u32::MAX)
    }

    /// Runs one of them; none past the last.
    pub fn run(&self, session: &Session, nth: u32) -> Option<Risk> {
        let row = sweep::run_one(session.settled(), &self.plan, u64::from(nth))?;
        Some(Risk {
            step: Step::of(row.verbs.first()?, 0),
            score: row.harm.score,
            reasons: row.harm.reasons.into_iter().map(|reason| reason.text).collect(),
            outage_ms: row.measures.losses.iter().map(|loss| loss.outage_ms).max().unwrap_or_default(),
            unplaced: u32::try_from(row.measures.unschedulable).unwrap_or(u32::MAX),
            recovered_ms: row.measures.recovered_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery;
    use crate::wire::{Verb, sources};
    use wavetank_core::session::SessionOptions;

    #[test]
    fn the_shop_has_a_what_if_for_each_thing_and_the_worst_is_a_zone() {
        let session = Session::open(sources(&gallery::example_files("shop")), &SessionOptions::default());
        let asked = WhatIfs::of(session.cluster());
        let risks: Vec<Risk> = (0..asked.total()).map(|nth| asked.run(&session, nth).expect("within the total")).collect();
        assert!(asked.run(&session, asked.total()).is_none() && asked.left_out.is_empty());
        for verb in [Verb::FailZone, Verb::FailNode, Verb::Drain, Verb::Restart] {
            assert!(risks.iter().any(|risk| risk.step.verb == verb), "{verb:?}");
        }
        let worst = risks.iter().max_by_key(|risk| risk.score).expect("some");
        assert_eq!(worst.step.verb, Verb::FailZone);
        assert!(worst.outage_ms > 0 && !worst.reasons.is_empty());
    }
}
