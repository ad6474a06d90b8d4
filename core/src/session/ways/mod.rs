//! What smallest change of the pod, of the nodes or of other pods would let a pod in that found no place. Everything that is proposed was
//! tried: the scheduler was asked again in the changed world. Bounded by a number of questions that falls with the size of the cluster.

mod nodes;
mod others;
mod pod;
mod search;
pub(super) mod world;

use crate::cluster::Cluster;
use crate::cluster::ids::PodId;
use crate::report::Way;
use crate::units::time::Time;
use search::Budget;
use world::World;

/// What was found, how often the scheduler was asked, and whether the search ended before everything was tried.
pub(super) struct Searched {
    pub(super) ways: Vec<Way>,
    pub(super) asked: usize,
    pub(super) cut: bool,
}

/// Searches for ways in, for a pod without a place in a cluster as it is at `now`.
pub(super) fn search(cluster: &Cluster, configuration: Option<&serde_json::Value>, pod: PodId, now: Time) -> Searched {
    let world = World::new(cluster, configuration, pod, now);
    let mut budget = Budget::of(&world);
    let first = world.ask();
    budget.asked += 1;
    let ways = if first.node().is_some() { Vec::new() } else { search::ways(&world, &first, &mut budget) };
    Searched { ways, asked: budget.asked, cut: budget.cut }
}
