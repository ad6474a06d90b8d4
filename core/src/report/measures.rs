//! What a run cost, in numbers: when each workload served fewer pods than wanted and because of what, who was put out and why, how long pods
//! waited for a node, how far zones drifted apart.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::input::ReportInput;
use super::model::{CauseCost, Count, Measures, Outage, PendingTime, Spread, WorkloadOutcome, ZoneSkew};
use super::told::{Told, put_out};
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::state::Workload;
use crate::trace::{Change, Record, RecordId, Subject};
use crate::units::arrange::Arrange;
use crate::units::time::Time;

/// At most so many outages are told one by one: a crash loop has thousands.
const MOST_OUTAGES: usize = 1_000;

/// All measures of a run.
pub(super) fn measures(input: &ReportInput<'_>, told: &Told<'_>, outcomes: &[(Workload, &WorkloadOutcome)], until_ms: i64) -> Measures {
    let mut outages = outages(input, told, outcomes, until_ms);
    let mut by_cause: BTreeMap<String, i64> = BTreeMap::new();
    for outage in &outages {
        *by_cause.entry(outage.cause.clone()).or_default() += outage.lost_pod_ms;
    }
    let mut causes: Vec<CauseCost> = by_cause.into_iter().map(|(cause, lost_pod_ms)| CauseCost { cause, lost_pod_ms }).collect();
    causes.arrange_by_key(|cost| std::cmp::Reverse(cost.lost_pod_ms));
    outages.truncate(MOST_OUTAGES);
    Measures {
        outages,
        causes,
        evictions: evictions(input),
        pods_moved: pods_moved(input),
        pending: pending(input, until_ms),
        zone_skew: outcomes.iter().filter_map(|(_, outcome)| zone_skew(outcome)).collect(),
    }
}

/// The stretches of each workload's series in which fewer serve than are wanted.
fn outages(input: &ReportInput<'_>, told: &Told<'_>, outcomes: &[(Workload, &WorkloadOutcome)], until_ms: i64) -> Vec<Outage> {
    let mut found = Vec::new();
    // Whose outages they are.
    let mut whose = Vec::new();
    let mut open: BTreeMap<usize, usize> = BTreeMap::new();
    for (row, (workload, outcome)) in outcomes.iter().enumerate() {
        if outcome.completions.is_some() {
            continue;
        }
        for (i, point) in outcome.series.iter().enumerate() {
            let next = outcome.series.get(i + 1).map_or(until_ms, |next| next.at_ms);
            let missing = i64::from((point.desired - point.serving).max(0));
            if missing == 0 {
                open.remove(&row);
                continue;
            }
            let at = *open.entry(row).or_insert_with(|| {
                whose.push(*workload);
                found.push(Outage {
                    workload: outcome.label.clone(),
                    from_ms: point.at_ms,
                    to_ms: None,
                    least: point.serving,
                    desired: point.desired,
                    lost_pod_ms: 0,
                    cause: String::new(),
                });
                found.len() - 1
            });
            let outage = &mut found[at];
            outage.least = outage.least.min(point.serving);
            outage.desired = outage.desired.max(point.desired);
            outage.lost_pod_ms = outage.lost_pod_ms.saturating_add(missing.saturating_mul((next - point.at_ms).max(0)));
            outage.to_ms = outcome.series.get(i + 1).filter(|next| next.serving >= next.desired).map(|next| next.at_ms);
        }
    }
    let harm = first_harms(input);
    for (outage, workload) in found.iter_mut().zip(whose) {
        let root = harm.get(&(workload, outage.from_ms)).and_then(|&id| root(input, id));
        outage.cause = root.map_or_else(|| "its pods start for the first time".to_owned(), |record| told.sentence(record));
    }
    found.arrange_by(|a, b| (a.from_ms, &a.workload).cmp(&(b.from_ms, &b.workload)));
    found
}

/// The first record of each moment that takes a pod away from a workload, or asks for more pods of it.
fn first_harms(input: &ReportInput<'_>) -> BTreeMap<(Workload, i64), RecordId> {
    let mut on_node: BTreeMap<NodeId, Vec<PodId>> = BTreeMap::new();
    for (index, pod) in input.end.pods.iter().enumerate() {
        if let Some(node) = pod.node {
            on_node.entry(node).or_default().push(PodId::from_index(index));
        }
    }
    let mut found = BTreeMap::new();
    let mut keep = |workload: Workload, at: Time, id: RecordId| {
        found.entry((workload, at.millis())).or_insert(id);
    };
    for (id, record) in input.trace.numbered() {
        match (record.subject, record.change) {
            (Subject::Pod(pod), Change::PodUnready(_) | Change::PodDeleting(_) | Change::PodFailed(..) | Change::PodGone) => {
                keep(input.end.workload_of(pod), record.time, id);
            }
            (Subject::Node(node), Change::NodeFailed | Change::NodeDeleted) => {
                for &pod in on_node.get(&node).into_iter().flatten() {
                    if input.end.pod(pod).created <= record.time {
                        keep(input.end.workload_of(pod), record.time, id);
                    }
                }
            }
            (Subject::Deployment(of), Change::Scaled(..)) => keep(Workload::Deployment(of), record.time, id),
            (Subject::StatefulSet(of), Change::Scaled(..)) => keep(Workload::StatefulSet(of), record.time, id),
            _ => {}
        }
    }
    found
}

/// What a record goes back to.
fn root<'a>(input: &ReportInput<'a>, id: RecordId) -> Option<&'a Record> {
    let chain = input.trace.causes(id);
    input.trace.record(chain.last().copied().unwrap_or(id))
}

/// Pods that somebody put out, by reason in words, the most first.
fn evictions(input: &ReportInput<'_>) -> Vec<Count> {
    let mut counted: BTreeMap<Cow<'_, str>, usize> = BTreeMap::new();
    for record in input.trace.records() {
        let reason = match record.change {
            Change::PodDeleting(reason) => put_out(reason),
            Change::PodFailed(reason, _) => match input.end.text(reason) {
                "Evicted" => Some(Cow::Borrowed("evicted by the kubelet")),
                "Terminated" => Some(Cow::Borrowed("ended with the node")),
                _ => None,
            },
            _ => None,
        };
        if let Some(reason) = reason {
            *counted.entry(reason).or_default() += 1;
        }
    }
    let mut counts: Vec<Count> = counted.into_iter().map(|(what, count)| Count { what: what.into_owned(), count }).collect();
    counts.arrange_by_key(|count| std::cmp::Reverse(count.count));
    counts
}

/// Pods that found a node after the first step, as far as others of their workload had gone before.
fn pods_moved(input: &ReportInput<'_>) -> usize {
    let mut gone: BTreeMap<Workload, usize> = BTreeMap::new();
    let mut moved = 0;
    for record in input.trace.records() {
        let Subject::Pod(pod) = record.subject else { continue };
        match record.change {
            Change::PodDeleting(_) | Change::PodFailed(..) => *gone.entry(input.end.workload_of(pod)).or_default() += 1,
            Change::PodBound(_) => {
                if let Some(left) = gone.get_mut(&input.end.workload_of(pod)).filter(|left| **left > 0) {
                    *left -= 1;
                    moved += 1;
                }
            }
            _ => {}
        }
    }
    moved
}

/// How long pods of each workload waited for a node, from their creation or the start of the run.
fn pending(input: &ReportInput<'_>, until_ms: i64) -> Vec<PendingTime> {
    let mut waited: BTreeMap<Workload, (i64, i64)> = BTreeMap::new();
    for (index, pod) in input.end.pods.iter().enumerate() {
        let begins = pod.created.millis().max(0);
        let ends = match pod.bound {
            Some(bound) => bound.millis(),
            None if pod.gone => continue,
            None => until_ms,
        };
        if ends <= begins {
            continue;
        }
        let (total, longest) = waited.entry(input.end.workload_of(PodId::from_index(index))).or_default();
        *total = total.saturating_add(ends - begins);
        *longest = (*longest).max(ends - begins);
    }
    let told = waited.into_iter().map(|(workload, (total_ms, longest_ms))| PendingTime {
        workload: input.end.workload_label(workload),
        total_ms,
        longest_ms,
    });
    told.collect()
}

/// How much fuller the fullest zone is than the emptiest, where that has changed.
fn zone_skew(outcome: &WorkloadOutcome) -> Option<ZoneSkew> {
    let zones: Vec<&String> = outcome.before.zones.iter().chain(&outcome.after.zones).map(|(zone, _)| zone).collect();
    let skew = |spread: &Spread| {
        let of = |zone: &String| spread.zones.iter().find(|(name, _)| name == zone).map_or(0, |(_, count)| *count);
        let counts = zones.iter().map(|zone| of(zone));
        counts.clone().max().unwrap_or(0) - counts.min().unwrap_or(0)
    };
    let (before, after) = (skew(&outcome.before), skew(&outcome.after));
    (before != after).then(|| ZoneSkew { workload: outcome.label.clone(), before, after })
}
