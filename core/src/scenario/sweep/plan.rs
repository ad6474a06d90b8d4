//! The plan of a sweep: which what-ifs there are, numbered densely from zero.
//!
//! Runs are never listed. Run `i` is decoded from its number: families follow each other (offset), the replicate is the low digit (mixed
//! radix), pairs are numbered by the combinatorial number system.

use crate::cluster::Cluster;
use crate::scenario::document::{Expectation, Scenario, Start, Step};
use crate::scenario::names;
use crate::scenario::verb::{DrainOptions, Verb};
use crate::units::arrange::Arrange;
use crate::units::time::Time;

/// Names the rules by which a run is made: rows of different versions are not compared, and no cache outlives it.
pub const SIM_VERSION: &str = concat!("wavetank-", env!("CARGO_PKG_VERSION"), "/1");

/// How many actions a run of a sweep may take, unless the plan says otherwise: more ends it as `budgetSpent`.
pub const RUN_BUDGET: u64 = crate::engine::DEFAULT_BUDGET;

/// What is varied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    /// Each node dies.
    Node,
    /// Each pair of nodes dies.
    NodePair,
    /// Each zone dies.
    Zone,
    /// Each node is drained.
    Drain,
    /// Each workload is rolled out again.
    Rollout,
    /// Each workload gets a new revision that never gets ready.
    BrokenRollout,
}

impl Axis {
    /// All, in the order in which a plan has them.
    pub const ALL: [Axis; 6] = [Axis::Zone, Axis::Node, Axis::NodePair, Axis::Drain, Axis::Rollout, Axis::BrokenRollout];

    /// How a `Sweep` document names it.
    pub const fn name(self) -> &'static str {
        match self {
            Axis::Node => "node",
            Axis::NodePair => "nodePair",
            Axis::Zone => "zone",
            Axis::Drain => "drain",
            Axis::Rollout => "rollout",
            Axis::BrokenRollout => "brokenRollout",
        }
    }
}

/// One axis with the names along it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// What is varied.
    pub axis: Axis,
    /// The names, in the order of the cluster.
    pub names: Vec<String>,
}

impl Family {
    /// The family of an axis over what the cluster has.
    pub fn of(axis: Axis, cluster: &Cluster) -> Family {
        let names = match axis {
            Axis::Node | Axis::NodePair | Axis::Drain => cluster.live_nodes().map(|(_, n)| cluster.text(n.name).to_owned()).collect(),
            Axis::Zone => {
                let mut zones: Vec<_> = cluster.live_nodes().map(|(_, n)| n.zone).collect();
                zones.arrange();
                zones.dedup();
                zones.into_iter().map(|zone| cluster.zone_name(zone).to_owned()).filter(|name| !name.is_empty()).collect()
            }
            Axis::Rollout | Axis::BrokenRollout => {
                use crate::cluster::state::Workload;
                let rolls = |w: &Workload| matches!(w, Workload::Deployment(_) | Workload::StatefulSet(_) | Workload::DaemonSet(_));
                names::workloads(cluster).into_iter().filter(rolls).map(|w| cluster.workload_label(w)).collect()
            }
        };
        Family { axis, names }
    }

    /// How many what-ifs it has.
    pub fn len(&self) -> u64 {
        let n = self.names.len() as u64;
        if self.axis == Axis::NodePair { n * n.saturating_sub(1) / 2 } else { n }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The positions that an index stands for: one, or of a pair the lower and the higher.
    fn decode(&self, index: u64) -> Vec<usize> {
        if self.axis != Axis::NodePair {
            return vec![index as usize];
        }
        // The largest `high` with high * (high - 1) / 2 <= index.
        let mut high = ((8 * u128::from(index) + 1).isqrt().div_ceil(2)) as u64;
        while high * (high + 1) / 2 <= index {
            high += 1;
        }
        while high * high.saturating_sub(1) / 2 > index {
            high -= 1;
        }
        vec![(index - high * (high - 1) / 2) as usize, high as usize]
    }

    /// The inverse of `decode`.
    fn encode(&self, at: &[usize]) -> Option<u64> {
        match (self.axis, at) {
            (Axis::NodePair, [low, high]) if low < high && *high < self.names.len() => {
                let (low, high) = (*low as u64, *high as u64);
                Some(high * (high - 1) / 2 + low)
            }
            (Axis::NodePair, _) => None,
            (_, [one]) if *one < self.names.len() => Some(*one as u64),
            _ => None,
        }
    }
}

/// A sweep, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What is varied, one family after the other.
    pub families: Vec<Family>,
    /// How many replicates each what-if has; replicate `r` runs with seed `first_seed + r`, the same for all what-ifs.
    pub replicates: u64,
    /// The seed of replicate zero.
    pub first_seed: u64,
    /// Digest of the inputs: manifests and what was assumed.
    pub inputs: String,
    /// When each run ends; none: when nothing happens any more.
    pub until: Option<Time>,
    /// What must hold in every run.
    pub expectations: Vec<Expectation>,
    /// Actions that a run may take.
    pub budget: u64,
}

/// One run of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The family.
    pub family: usize,
    /// The names it is about, by position in the family.
    pub at: Vec<usize>,
    /// Which replicate.
    pub replicate: u64,
}

impl Plan {
    /// A plan over what a settled cluster has.
    pub fn new(axes: &[Axis], cluster: &Cluster, inputs: String) -> Plan {
        let families = Axis::ALL.into_iter().filter(|axis| axes.contains(axis)).map(|axis| Family::of(axis, cluster)).collect();
        Plan { families, replicates: 1, first_seed: 0, inputs, until: None, expectations: Vec::new(), budget: RUN_BUDGET }
    }

    /// How many runs there are.
    pub fn total(&self) -> u64 {
        self.families.iter().map(Family::len).sum::<u64>().saturating_mul(self.replicates)
    }

    /// The run of a number; none beyond the total.
    pub fn decode(&self, ordinal: u64) -> Option<Point> {
        let replicates = self.replicates.max(1);
        let (mut index, replicate) = (ordinal / replicates, ordinal % replicates);
        for (number, family) in self.families.iter().enumerate() {
            if index < family.len() {
                return Some(Point { family: number, at: family.decode(index), replicate });
            }
            index -= family.len();
        }
        None
    }

    /// The number of a run; none for one that is not of this plan.
    pub fn encode(&self, point: &Point) -> Option<u64> {
        let index = self.families.get(point.family)?.encode(&point.at)?;
        let before: u64 = self.families[..point.family].iter().map(Family::len).sum();
        (point.replicate < self.replicates).then(|| (before + index) * self.replicates + point.replicate)
    }

    /// The seed of a run: that of its replicate, whatever is varied, so that what-ifs differ by nothing but themselves.
    pub fn seed(&self, point: &Point) -> u64 {
        self.first_seed.saturating_add(point.replicate)
    }

    /// What a run does.
    pub fn verbs(&self, point: &Point) -> Vec<Verb> {
        let Some(family) = self.families.get(point.family) else { return Vec::new() };
        let names = point.at.iter().filter_map(|&at| family.names.get(at)).cloned();
        let verb = |name: String| match family.axis {
            Axis::Node | Axis::NodePair => Verb::FailNode { node: name },
            Axis::Zone => Verb::FailZone { zone: name },
            Axis::Drain => Verb::Drain { node: name, options: DrainOptions::default() },
            Axis::Rollout => Verb::Restart { workload: name },
            Axis::BrokenRollout => Verb::Rollout { workload: name, image: None, container: None, broken: true },
        };
        names.map(verb).collect()
    }

    /// The scenario of a run.
    pub fn scenario(&self, point: &Point) -> Scenario {
        let verbs = self.verbs(point);
        let name = verbs.iter().map(Verb::to_yaml).collect::<Vec<_>>().join(", ");
        let mut scenario = Scenario::of_steps(name, verbs.into_iter().map(|verb| Step::at(Time::ZERO, verb)).collect());
        scenario.start = Start::Settled;
        scenario.until = self.until;
        scenario.seed = self.seed(point);
        scenario.expectations.clone_from(&self.expectations);
        scenario
    }

    /// What a run is, whatever plan asks for it: equal keys have equal rows but for the ordinal.
    pub fn run_key(&self, point: &Point) -> String {
        let mut parts = vec![SIM_VERSION.to_owned(), self.inputs.clone(), self.seed(point).to_string()];
        parts.push(self.until.map_or(String::new(), |until| until.millis().to_string()));
        parts.push(self.budget.to_string());
        parts.extend(self.verbs(point).iter().map(Verb::to_yaml));
        parts.extend(self.expectations.iter().map(|e| format!("{:?} {} {}", e.promise, e.from.millis(), e.expression)));
        digest(parts.iter().map(String::as_str))
    }
}

/// A digest of texts in their order: equal only where each text is.
pub fn digest<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
