//! Load: what there is to do for the pods of a workload, as far as autoscalers measure it. Manifests cannot say it.

use std::collections::BTreeMap;

use crate::units::intern::Sym;
use crate::units::time::Time;

/// An amount in thousandths: of a cpu, of a byte, of a metric's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// By each running pod.
    PerPod(i64),
    /// In all: shared by the pods that are ready and not being deleted.
    Shared(i64),
}

impl Demand {
    /// The amount, whoever has it.
    pub const fn amount(self) -> i64 {
        match self {
            Demand::PerPod(amount) | Demand::Shared(amount) => amount,
        }
    }

    /// `thousandths` of it.
    #[must_use]
    pub fn times(self, thousandths: i64) -> Demand {
        let scaled = |amount: i64| {
            i64::try_from(i128::from(amount) * i128::from(thousandths) / 1_000).unwrap_or(if thousandths < 0 { 0 } else { i64::MAX })
        };
        match self {
            Demand::PerPod(amount) => Demand::PerPod(scaled(amount)),
            Demand::Shared(amount) => Demand::Shared(scaled(amount)),
        }
    }
}

/// What changes of a load.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadChange {
    /// All that is known of it is multiplied by so many thousandths first.
    pub times: Option<i64>,
    /// cpu.
    pub cpu: Option<Demand>,
    /// Memory.
    pub memory: Option<Demand>,
    /// Other metrics, by name.
    pub metrics: Vec<(Sym, Demand)>,
}

/// The load of one workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// cpu; none: what its pods are assumed to use.
    pub cpu: Option<Demand>,
    /// Memory; none: what its pods are assumed to use.
    pub memory: Option<Demand>,
    /// Other metrics, by name: of each pod, of an object, from outside.
    pub metrics: BTreeMap<Sym, Demand>,
    /// What changes later, by time.
    pub course: Vec<(Time, LoadChange)>,
}

impl Load {
    /// Whether nothing is known of it.
    pub fn is_unknown(&self) -> bool {
        self.cpu.is_none() && self.memory.is_none() && self.metrics.is_empty()
    }

    /// Changes what is known.
    pub fn change(&mut self, change: &LoadChange) {
        if let Some(thousandths) = change.times {
            self.cpu = self.cpu.map(|demand| demand.times(thousandths));
            self.metrics.values_mut().for_each(|demand| *demand = demand.times(thousandths));
        }
        self.cpu = change.cpu.or(self.cpu);
        self.memory = change.memory.or(self.memory);
        self.metrics.extend(change.metrics.iter().copied());
    }
}
