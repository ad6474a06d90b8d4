//! Preemption: which pods of lower priority would have to go so that a pod fits
//! (`plugins/defaultpreemption`, `framework/preemption`, v1.37).
//!
//! Decides only; deleting the victims is the engine's.

use std::collections::BTreeMap;

use super::attempt::{Candidate, Preemption};
use super::framework::{Cycle, Shift};
use super::pdqsort::sort_by_less;
use super::plugins::{Plugin, default_preemption};
use super::status::{Code, Refusal};
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::labels::Selector;
use crate::cluster::pod::{DisruptionReason, Pod};
use crate::units::time::Time;

/// What the failed cycle says about nodes.
pub struct Failure<'a> {
    /// Nodes whose refusal preemption may cure, in the order in which they are tried: the node list's, from its start.
    pub curable: &'a [NodeId],
    /// The refusal of the node that the pod is nominated to; none if it was not refused.
    pub nominated: Option<&'a Refusal>,
}

/// Why the pod may not preempt (`PodEligibleToPreemptOthers`).
fn not_eligible(cycle: &Cycle<'_>, failure: &Failure<'_>) -> Option<&'static str> {
    if cycle.template.never_preempts {
        return Some(default_preemption::NEVER);
    }
    let cluster = cycle.world.cluster;
    let nominated = cycle.world.nominator.node_of(cycle.id)?;
    if failure.nominated.is_some_and(|r| r.code == Code::UnschedulableAndUnresolvable) {
        return None;
    }
    let leaving = |&pod: &PodId| {
        let pod = cluster.pod(pod);
        pod.priority < cycle.pod.priority && pod.deletion.is_some() && pod.disruption == Some(DisruptionReason::Preemption)
    };
    let known = cycle.world.cache.is_listed(nominated);
    (known && cycle.world.cache.info(nominated).pods.iter().any(leaving)).then_some(default_preemption::TERMINATING_VICTIMS)
}

/// What a dry run on one node came to, in what decides between nodes.
#[derive(Clone, Debug)]
pub enum DryRun {
    /// It would make room.
    Room(Candidate, Rank),
    /// It would not: nobody there has a lower priority.
    NoVictims,
    /// It would not.
    Refused(Refusal),
}

/// What decides between candidates, the least first (`pickOneNodeForPreemption`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    violations: usize,
    first_priority: i64,
    priorities: i64,
    victims: usize,
    // Minus the earliest start of the most important victims.
    earliest: i64,
}

/// Dry runs, done now or remembered.
pub trait DryRuns {
    /// What a dry run on a node comes to.
    fn run(&mut self, cycle: &Cycle<'_>, node: NodeId) -> &DryRun;
}

/// Every dry run done now, once.
#[derive(Default)]
pub struct Afresh(BTreeMap<NodeId, DryRun>);

impl DryRuns for Afresh {
    fn run(&mut self, cycle: &Cycle<'_>, node: NodeId) -> &DryRun {
        self.0.entry(node).or_insert_with(|| dry_run(cycle, node))
    }
}

/// Does a dry run.
pub fn dry_run(cycle: &Cycle<'_>, node: NodeId) -> DryRun {
    let own = cycle.pod.priority;
    if cycle.world.cache.info(node).pods.iter().all(|&p| cycle.world.cluster.pod(p).priority >= own) {
        return DryRun::NoVictims;
    }
    match select_victims(cycle, node) {
        Ok(candidate) => {
            let rank = rank(cycle, &candidate);
            DryRun::Room(candidate, rank)
        }
        Err(refusal) => DryRun::Refused(refusal),
    }
}

/// Looks for a node on which preemption makes room. Without `all`, only the chosen candidate is told.
pub fn preempt<R: DryRuns>(cycle: &Cycle<'_>, failure: &Failure<'_>, all: bool, runs: &mut R) -> Preemption {
    let mut found = Preemption { not_eligible: not_eligible(cycle, failure), ..Preemption::default() };
    if found.not_eligible.is_some() || failure.curable.is_empty() {
        return found;
    }
    let possible = failure.curable.len();
    let profile = cycle.world.profile;
    let share = possible as i64 * profile.min_candidate_nodes_percentage / 100;
    let wanted = (share.max(profile.min_candidate_nodes_absolute).max(0) as usize).min(possible);
    let (mut respectful, mut violating, mut without_victims) = (0, 0, 0);
    let mut best: Option<(Rank, NodeId)> = None;
    // The candidates of that rank. They come out of a map: the first is any of them (`framework/preemption/preemption.go` pickOneNodeForPreemption).
    let mut equals = Vec::new();
    let mut ranks = Vec::new();
    for &node in failure.curable {
        match runs.run(cycle, node) {
            DryRun::NoVictims => {
                without_victims += 1;
                if all {
                    found.refused.push((node, no_victims()));
                }
            }
            DryRun::Refused(refusal) if all => found.refused.push((node, refusal.clone())),
            DryRun::Refused(_) => {}
            DryRun::Room(candidate, rank) => {
                if rank.violations == 0 {
                    respectful += 1
                } else {
                    violating += 1
                }
                if best.is_none_or(|(least, _)| *rank < least) {
                    best = Some((*rank, node));
                    equals.clear();
                }
                if best.is_some_and(|(least, _)| *rank == least) {
                    equals.push(node);
                }
                if all {
                    found.candidates.push(candidate.clone());
                    ranks.push(*rank);
                }
            }
        }
        if respectful > 0 && respectful + violating >= wanted {
            break;
        }
    }
    let Some((least, first)) = best else {
        // Every possible node was tried: why in vain is part of the message.
        for &node in failure.curable {
            if let DryRun::Refused(refusal) = runs.run(cycle, node) {
                found.count_in_vain(refusal, 1);
            }
        }
        if without_victims > 0 {
            found.count_in_vain(&no_victims(), without_victims);
        }
        return found;
    };
    let about = [u64::from(cycle.id.0), cycle.world.cache.clock().into()];
    let pick = cycle.world.orders.below("equal candidates for preemption", &about, equals.len() as u64);
    let node = equals.get(pick as usize).copied().unwrap_or(first);
    if all {
        found.chosen = found.candidates.iter().position(|c| c.node == node);
        found.best = found.candidates.iter().zip(&ranks).filter(|(_, rank)| **rank == least).map(|(c, _)| c.node).collect();
    } else if let DryRun::Room(candidate, _) = runs.run(cycle, node) {
        found.candidates = vec![candidate.clone()];
        found.chosen = Some(0);
        found.best = vec![node];
    }
    found.cleared = nominees_of_lower_priority(cycle, node);
    found
}

fn no_victims() -> Refusal {
    Refusal::unresolvable(Plugin::DefaultPreemption, default_preemption::NO_VICTIMS)
}

/// What decides between a candidate and others.
fn rank(cycle: &Cycle<'_>, candidate: &Candidate) -> Rank {
    let cluster = cycle.world.cluster;
    let priority = |pod: &PodId| i64::from(cluster.pod(*pod).priority);
    let highest = candidate.victims.iter().map(priority).max();
    let of_highest = candidate.victims.iter().filter(|p| Some(priority(p)) == highest);
    let earliest = of_highest.map(|&p| start(cluster.pod(p)).millis()).min();
    Rank {
        violations: candidate.pdb_violations,
        first_priority: candidate.victims.first().map_or(i64::MIN, priority),
        priorities: candidate.victims.iter().map(|p| priority(p) + (1 << 31)).sum(),
        victims: candidate.victims.len(),
        earliest: earliest.map_or(i64::MAX, i64::saturating_neg),
    }
}

/// Pods nominated to a node that have a lower priority than the preemptor: their nomination ends with its choice.
pub fn nominees_of_lower_priority(cycle: &Cycle<'_>, node: NodeId) -> Vec<PodId> {
    let (cluster, own) = (cycle.world.cluster, cycle.pod.priority);
    cycle.world.nominator.pods(node).iter().copied().filter(|&p| cluster.pod(p).priority < own).collect()
}

/// The victims on one node, or why none do (`SelectVictimsOnNode`).
pub fn select_victims(cycle: &Cycle<'_>, node: NodeId) -> Result<Candidate, Refusal> {
    let (cluster, cache) = (cycle.world.cluster, cycle.world.cache);
    let standing = cache.info(node);
    let own = cycle.pod.priority;
    let mut potential: Vec<PodId> = standing.pods.iter().copied().filter(|&p| cluster.pod(p).priority < own).collect();
    if potential.is_empty() {
        return Err(no_victims());
    }
    let (mut info, mut shift) = (standing.clone(), Shift::default());
    for &pod in &potential {
        cycle.remove(pod, node, &mut info, &mut shift);
    }
    if let Some(refusal) = cycle.filter_with_nominated(node, &info, &shift) {
        return Err(refusal);
    }
    let more_important = |a: PodId, b: PodId| more_important(cycle, a, b);
    sort_by_less(&mut potential, more_important);
    let (violating, respectful) = split_by_budgets(cycle, &potential);
    let mut victims = Vec::new();
    let mut reprieve = |pods: &[PodId], victims: &mut Vec<PodId>| -> usize {
        let before = victims.len();
        for &pod in pods {
            cycle.add(pod, node, &mut info, &mut shift);
            if cycle.filter_with_nominated(node, &info, &shift).is_some() {
                cycle.remove(pod, node, &mut info, &mut shift);
                victims.push(pod);
            }
        }
        victims.len() - before
    };
    let pdb_violations = reprieve(&violating, &mut victims);
    reprieve(&respectful, &mut victims);
    if !violating.is_empty() && !respectful.is_empty() {
        sort_by_less(&mut victims, more_important);
    }
    if victims.is_empty() {
        let reason = format!("expected at least one victim pod on node \"{}\"", cluster.text(cluster.node(node).name));
        return Err(Refusal::unresolvable(Plugin::DefaultPreemption, reason));
    }
    Ok(Candidate { node, victims, pdb_violations })
}

/// When a pod started. One that has not counts as started last: kube-scheduler takes the present for it.
fn start(pod: &Pod) -> Time {
    pod.started.unwrap_or(Time::NEVER)
}

/// `MoreImportantPod`: higher priority, then earlier start.
fn more_important(cycle: &Cycle<'_>, a: PodId, b: PodId) -> bool {
    let (a, b) = (cycle.world.cluster.pod(a), cycle.world.cluster.pod(b));
    a.priority > b.priority || (a.priority == b.priority && start(a) < start(b))
}

/// Pods whose going breaks a PodDisruptionBudget, and the others; both in the order given (`filterPodsWithPDBViolation`).
fn split_by_budgets(cycle: &Cycle<'_>, pods: &[PodId]) -> (Vec<PodId>, Vec<PodId>) {
    let cluster = cycle.world.cluster;
    let namespace = cycle.world.cluster.budgets.iter().enumerate().filter(|(_, b)| !b.meta.gone);
    let mut left: Vec<(usize, i32)> = namespace.map(|(i, b)| (i, b.status.disruptions_allowed)).collect();
    let (mut violating, mut respectful) = (Vec::new(), Vec::new());
    for &id in pods {
        let (pod, labels) = (cluster.pod(id), cluster.pod_labels(id));
        let mut violates = false;
        if !labels.is_empty() {
            for (budget, left) in &mut left {
                let budget = &cluster.budgets[*budget];
                let meant = budget.meta.namespace == pod.namespace
                    && !matches!(&budget.selector, Selector::All(r) if r.is_empty())
                    && labels.match_selector(&budget.selector, &cluster.text)
                    && budget.status.disrupted.iter().all(|d| d.0 != id);
                if !meant {
                    continue;
                }
                *left -= 1;
                if *left < 0 {
                    violates = true;
                    break;
                }
            }
        }
        if violates { violating.push(id) } else { respectful.push(id) }
    }
    (violating, respectful)
}
