//! Node pools that grow and shrink: machines of one kind, as a cloud's group of instances has them.

use super::ids::NodeId;
use super::node::Node;
use crate::units::intern::Sym;
use crate::units::time::{MINUTE, Millis, SECOND, Time};

/// A machine that has been asked for and is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upcoming {
    /// When it joins.
    pub due: Time,
    /// Which of the pool's prototypes it is like.
    pub prototype: usize,
}

/// A pool.
#[derive(Clone, Debug, PartialEq)]
pub struct NodePool {
    /// Its name.
    pub name: Sym,
    /// The fewest nodes it may have.
    pub least: i32,
    /// The most nodes it may have.
    pub most: i32,
    /// From being asked for to joining.
    pub start_up: Millis,
    /// What a new node is like: one for each of its zones.
    pub prototypes: Vec<Node>,
    /// Its nodes that exist.
    pub nodes: Vec<NodeId>,
    /// How many nodes it ever had, for their names.
    pub made: u32,
    /// Nodes that are on their way.
    pub upcoming: Vec<Upcoming>,
}

impl NodePool {
    /// The size that has been asked for.
    pub fn size(&self) -> i32 {
        i32::try_from(self.nodes.len() + self.upcoming.len()).unwrap_or(i32::MAX)
    }
}

/// Flags of the Cluster Autoscaler that scenarios turn on (its FAQ's table of parameters).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaleDown {
    /// `--scale-down-unneeded-time`.
    pub unneeded: Millis,
    /// `--scale-down-delay-after-add`.
    pub after_add: Millis,
    /// `--scale-down-utilization-threshold`, in percent.
    pub threshold: i32,
}

impl Default for ScaleDown {
    fn default() -> ScaleDown {
        ScaleDown { unneeded: 10 * MINUTE, after_add: 10 * MINUTE, threshold: 50 }
    }
}

/// How long a machine takes from being asked for to joining, where nothing is said.
pub const ASSUMED_START_UP: Millis = 120 * SECOND;
