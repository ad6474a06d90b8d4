//! Karpenter's side of a cluster (`karpenter.sh/v1`): its NodePools, what machines they may launch, and the machines there are.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::build::KarpenterCatalog;
use super::ids::{KarpenterPoolId, NodeId};
use super::labels::Requirement;
use super::node::{Node, Taint};
use super::origin::Origin;
use super::workloads::IntOrPercent;
use crate::units::cron::Schedule;
use crate::units::intern::{Interner, Sym};
use crate::units::time::{Millis, Time};

/// What a pool may launch: one type of machine in one zone, bought in one way.
#[derive(Clone, Debug, PartialEq)]
pub struct LaunchOption {
    /// What the node is like, with the pool's labels and taints; without startup taints.
    pub node: Node,
    /// Name of the machine type.
    pub machine_type: Sym,
    /// Spot capacity: cheaper, and may be taken away.
    pub spot: bool,
    /// Millionths of a dollar an hour.
    pub price: i64,
    /// From being asked for to joining.
    pub start_up: Millis,
    /// Whether more of it can be had: what is only known from a node that is there cannot.
    pub offered: bool,
}

/// `consolidationPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsolidationPolicy {
    /// Only nodes without pods go.
    WhenEmpty,
    /// Nodes go whose pods fit elsewhere, or on a cheaper one.
    WhenEmptyOrUnderutilized,
}

/// Why Karpenter removes a node of its own accord: what budgets are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisruptionCause {
    /// Nothing runs on it.
    Empty,
    /// Its pods fit elsewhere.
    Underutilized,
    /// It is not as its pool says any longer.
    Drifted,
}

/// When a budget holds: from each slot of the schedule for so long.
#[derive(Clone, Debug)]
pub struct BudgetWindow {
    /// The schedule, in UTC.
    pub schedule: Schedule,
    /// For how long from each slot.
    pub duration: Millis,
}

/// An entry of `disruption.budgets`.
#[derive(Clone, Debug)]
pub struct DisruptionBudget {
    /// For which causes; all if empty and `any` holds.
    pub causes: Vec<DisruptionCause>,
    /// For every cause.
    pub any: bool,
    /// How many nodes may be on their way out at a time.
    pub nodes: IntOrPercent,
    /// When it holds; none for always.
    pub window: Option<BudgetWindow>,
}

/// `limits`: what all machines of a pool may have together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolLimits {
    /// Millicores.
    pub cpu_milli: Option<i64>,
    /// Bytes.
    pub memory: Option<i64>,
    /// Machines.
    pub nodes: Option<i64>,
}

/// A NodePool of Karpenter's.
#[derive(Clone, Debug)]
pub struct KarpenterPool {
    /// Its name.
    pub name: Sym,
    /// Pools of more weight are tried first.
    pub weight: i32,
    /// Taints a node has until something on it takes them away.
    pub startup_taints: Vec<Taint>,
    /// What it requires of its nodes.
    pub requirements: Vec<Requirement>,
    /// What it may launch, the cheapest first.
    pub options: Vec<LaunchOption>,
    /// Limits.
    pub limits: PoolLimits,
    /// Which nodes go.
    pub policy: ConsolidationPolicy,
    /// For how long no pod came or went before a node is looked at; none for never.
    pub consolidate_after: Option<Millis>,
    /// Budgets.
    pub budgets: Vec<DisruptionBudget>,
    /// The age at which nodes go; none for never.
    pub expire_after: Option<Millis>,
    /// For how long a node may be drained; none for as long as it takes.
    pub termination_grace: Option<Millis>,
    /// Labels of which the machines to choose from must have so many values (`minValues`).
    pub variety: Vec<(Sym, usize)>,
    /// Tells templates apart (`karpenter.sh/nodepool-hash`): two that are alike have the same. Requirements are not part of it.
    pub template_hash: u64,
    /// How many machines it ever launched, for their names.
    pub made: u32,
    /// Where it stands in the manifests.
    pub origin: Option<Origin>,
}

/// Why a machine goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveReason {
    /// Karpenter wants it gone.
    Disrupted(DisruptionCause),
    /// It is too old.
    Expired,
    /// It is taken away.
    Interrupted,
}

/// A machine of Karpenter's (a NodeClaim).
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Its pool.
    pub pool: KarpenterPoolId,
    /// Which of the pool's options it is.
    pub option: usize,
    /// The name of its node.
    pub name: Sym,
    /// Its node, once it has joined.
    pub node: Option<NodeId>,
    /// When it was asked for.
    pub asked: Time,
    /// When it joins.
    pub due: Time,
    /// When it was found ready for pods.
    pub initialized: Option<Time>,
    /// The age at which it goes; none for never.
    pub expire_after: Option<Millis>,
    /// For how long it may be drained; none for as long as it takes.
    pub termination_grace: Option<Millis>,
    /// The `template_hash` of its pool when it was made.
    pub template_hash: u64,
    /// Since when it is not as its pool says.
    pub drifted: Option<Time>,
    /// Since when it is on its way out, and why.
    pub leaving: Option<(Time, LeaveReason)>,
    /// It is no more.
    pub gone: bool,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Karpenter {
    /// Pools, in the order of the manifests.
    pub pools: Vec<KarpenterPool>,
    /// Machines, in the order in which they were asked for; those that are no more too.
    pub machines: Vec<Machine>,
    /// What pools that are applied later may launch.
    pub catalog: Arc<KarpenterCatalog>,
}

impl KarpenterPool {
    /// Whether these options have as many values of each label, but one, as the pool wants.
    pub fn is_varied(&self, options: &[usize], but: Option<Sym>) -> bool {
        self.lacking(options, but).is_none()
    }

    /// The first label, but one, of which these options have too few values.
    pub fn lacking(&self, options: &[usize], but: Option<Sym>) -> Option<Sym> {
        let few = |&&(key, least): &&(Sym, usize)| {
            let values = options.iter().filter_map(|&o| self.options.get(o)?.node.labels.get(key));
            Some(key) != but && values.collect::<BTreeSet<Sym>>().len() < least
        };
        self.variety.iter().find(few).map(|&(key, _)| key)
    }
}

impl Karpenter {
    /// Marks the machines of a pool that are not as it says any longer, and those that are again (`nodeclaim/disruption/drift.go`).
    pub fn mark_drift(&mut self, pool: KarpenterPoolId, now: Time, text: &Interner) {
        let Some(of) = self.pools.get(pool.index()) else { return };
        for machine in self.machines.iter_mut().filter(|m| !m.gone && m.pool == pool) {
            let fits = |option: &LaunchOption| of.requirements.iter().all(|r| r.accepts(option.node.labels.get(r.key), text));
            let alike = machine.template_hash == of.template_hash && of.options.get(machine.option).is_none_or(fits);
            machine.drifted = if alike { None } else { machine.drifted.or(Some(now)) };
        }
    }

    /// What a machine is.
    pub fn option_of(&self, machine: &Machine) -> Option<&LaunchOption> {
        self.pools.get(machine.pool.index())?.options.get(machine.option)
    }

    /// The machine of a node, by position.
    pub fn machine_of(&self, node: NodeId) -> Option<usize> {
        self.machines.iter().position(|m| !m.gone && m.node == Some(node))
    }

    /// How many machines of a pool there are, those on their way counted.
    pub fn size(&self, pool: KarpenterPoolId) -> i32 {
        i32::try_from(self.machines.iter().filter(|m| !m.gone && m.pool == pool).count()).unwrap_or(i32::MAX)
    }
}

/// `250000` millionths as `$0.25`.
pub fn dollars(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let (whole, rest) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    // To the tenth of a cent, as prices of machines are listed; at least two places.
    let thousandths = (rest + 500) / 1_000;
    let (whole, thousandths) = (whole + thousandths / 1_000, thousandths % 1_000);
    let places = format!("{thousandths:03}");
    let places = places.strip_suffix('0').unwrap_or(&places);
    format!("{sign}${whole}.{places}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_as_price_lists_do() {
        let cases = [(250_000, "$0.25"), (96_000, "$0.096"), (1_000_000, "$1.00"), (-36_250, "-$0.036"), (999_600, "$1.00"), (0, "$0.00")];
        for (micros, text) in cases {
            assert_eq!(dollars(micros), text);
        }
    }
}
