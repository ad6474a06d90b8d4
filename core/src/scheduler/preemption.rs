//! Preemption: which pods of lower priority would have to go so that a pod fits
//! (`plugins/defaultpreemption`, `framework/preemption`, v1.37).
//!
//! Decides only; deleting the victims is the engine's.

use super::attempt::{Candidate, Preemption};
use super::framework::{Cycle, Shift};
use super::pdqsort::sort_by_less;
use super::plugins::{Plugin, default_preemption};
use super::selection::start_or_now;
use super::status::{Code, Refusal};
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::labels::Selector;
use crate::cluster::pod::DisruptionReason;
use crate::units::time::Time;

/// What the failed cycle says about nodes.
pub struct Failure<'a> {
    /// Nodes whose refusal preemption may cure, in the order in which they are tried.
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

/// Looks for a node on which preemption makes room, from the `offset`-th possible node on.
pub fn preempt(cycle: &Cycle<'_>, failure: &Failure<'_>, now: Time, offset: usize) -> Preemption {
    let mut found = Preemption { not_eligible: not_eligible(cycle, failure), ..Preemption::default() };
    if found.not_eligible.is_some() || failure.curable.is_empty() {
        return found;
    }
    let possible = failure.curable.len();
    let profile = cycle.world.profile;
    let share = possible as i64 * profile.min_candidate_nodes_percentage / 100;
    let wanted = (share.max(profile.min_candidate_nodes_absolute).max(0) as usize).min(possible);
    let (mut respectful, mut violating) = (Vec::new(), Vec::new());
    for i in 0..possible {
        let node = failure.curable[(offset + i) % possible];
        match select_victims(cycle, node, now) {
            Ok(candidate) if candidate.pdb_violations == 0 => respectful.push(candidate),
            Ok(candidate) => violating.push(candidate),
            Err(refusal) => found.refused.push((node, refusal)),
        }
        if !respectful.is_empty() && respectful.len() + violating.len() >= wanted {
            break;
        }
    }
    respectful.append(&mut violating);
    found.candidates = respectful;
    let best = best_candidates(cycle, &found.candidates, now);
    found.chosen = best.first().copied();
    found.best = best.iter().map(|&i| found.candidates[i].node).collect();
    if let Some(candidate) = found.chosen() {
        found.cleared = nominees_of_lower_priority(cycle, candidate.node);
    }
    found
}

/// Pods nominated to a node that have a lower priority than the preemptor: their nomination ends with its choice.
pub fn nominees_of_lower_priority(cycle: &Cycle<'_>, node: NodeId) -> Vec<PodId> {
    let (cluster, own) = (cycle.world.cluster, cycle.pod.priority);
    cycle.world.nominator.pods(node).iter().copied().filter(|&p| cluster.pod(p).priority < own).collect()
}

/// The victims on one node, or why none do (`SelectVictimsOnNode`).
pub fn select_victims(cycle: &Cycle<'_>, node: NodeId, now: Time) -> Result<Candidate, Refusal> {
    let (cluster, cache) = (cycle.world.cluster, cycle.world.cache);
    let standing = cache.info(node);
    let own = cycle.pod.priority;
    let mut potential: Vec<PodId> = standing.pods.iter().copied().filter(|&p| cluster.pod(p).priority < own).collect();
    if potential.is_empty() {
        return Err(Refusal {
            plugin: Some(Plugin::DefaultPreemption),
            code: Code::UnschedulableAndUnresolvable,
            reasons: vec![default_preemption::NO_VICTIMS.into()],
        });
    }
    let (mut info, mut shift) = (standing.clone(), Shift::default());
    for &pod in &potential {
        cycle.remove(pod, node, &mut info, &mut shift);
    }
    if let Some(refusal) = cycle.filter_with_nominated(node, &info, &shift) {
        return Err(refusal);
    }
    let more_important = |a: PodId, b: PodId| more_important(cycle, a, b, now);
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

/// `MoreImportantPod`: higher priority, then earlier start.
fn more_important(cycle: &Cycle<'_>, a: PodId, b: PodId, now: Time) -> bool {
    let (a, b) = (cycle.world.cluster.pod(a), cycle.world.cluster.pod(b));
    a.priority > b.priority || (a.priority == b.priority && start_or_now(a.started, now) < start_or_now(b.started, now))
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

/// The candidates among which nothing decides, by number (`pickOneNodeForPreemption`).
fn best_candidates(cycle: &Cycle<'_>, candidates: &[Candidate], now: Time) -> Vec<usize> {
    let cluster = cycle.world.cluster;
    let mut best: Vec<usize> = (0..candidates.len()).collect();
    let keep_least = |best: &mut Vec<usize>, key: &dyn Fn(&Candidate) -> i64| {
        if best.len() > 1 {
            let least = best.iter().map(|&i| key(&candidates[i])).min();
            best.retain(|&i| Some(key(&candidates[i])) == least);
        }
    };
    let priority = |pod: &PodId| i64::from(cluster.pod(*pod).priority);
    keep_least(&mut best, &|c| c.pdb_violations as i64);
    keep_least(&mut best, &|c| c.victims.first().map_or(i64::MIN, priority));
    keep_least(&mut best, &|c| c.victims.iter().map(|p| priority(p) + (1 << 31)).sum());
    keep_least(&mut best, &|c| c.victims.len() as i64);
    keep_least(&mut best, &|c| {
        let highest = c.victims.iter().map(priority).max();
        let of_highest = c.victims.iter().filter(|p| Some(priority(p)) == highest);
        let earliest = of_highest.map(|&p| start_or_now(cluster.pod(p).started, now).0).min();
        // The latest of the earliest starts is the least of its negation.
        earliest.map_or(i64::MAX, |e| e.saturating_neg())
    });
    best
}
