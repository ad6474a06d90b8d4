//! What a run that spent its budget was doing: the shortest round in which it went.
//!
//! Owns finding and telling the round. Decides nothing.

use std::collections::{HashMap, HashSet};

use crate::cluster::{Cluster, Workload};
use crate::trace::{Change, Record, Subject, Trace};

/// The longest round that is looked for, in records.
const LONGEST: usize = 512;
/// For how many records a round must go on: the last things of any run may be alike.
const LEAST: usize = 256;
/// The most steps of a round that are told.
const MOST_TOLD: usize = 8;

/// How far back it is looked for what happens again and again, where no round repeats exactly.
const AT_RANDOM: usize = 8 * LONGEST;
/// What happens less often than this in each half of them does not belong to it.
const OFTEN: usize = 3;

/// What happens to whom, by name: a pod counts as its owner.
type Step = (String, std::mem::Discriminant<Change>);

/// The round in which the end of a trace goes, as one line; where the order changes from round to round, what happens in all of them; none
/// where nothing repeats.
pub fn told(trace: &Trace, cluster: &Cluster) -> Option<String> {
    let latest: Vec<&Record> = trace.records().iter().rev().filter(|r| !matches!(r.change, Change::Event { .. })).take(AT_RANDOM).collect();
    let steps: Vec<Step> = latest.iter().map(|r| (name(cluster, r.subject), std::mem::discriminant(&r.change))).collect();
    let tail = &steps[..steps.len().min(3 * LONGEST)];
    let repeats = |length: &usize| {
        let span = (2 * length).max(LEAST);
        tail.len() >= span + length && (0..span).all(|i| tail[i] == tail[i + length])
    };
    if let Some(length) = (1..=LONGEST).find(repeats) {
        return Some(format!("{}, then again", listed(cluster, &latest[..length])));
    }
    let mut again = in_both_halves(&steps)?;
    let each: Vec<&Record> = latest.iter().zip(&steps).filter(|(_, step)| again.remove(step)).map(|(record, _)| *record).collect();
    Some(format!("{}, again and again in changing order", listed(cluster, &each)))
}

/// The steps that happen often in either half, if they are nearly all that happens.
fn in_both_halves(steps: &[Step]) -> Option<HashSet<&Step>> {
    // Asked by key, and summed up: their order is never seen.
    let mut often: HashMap<&Step, [usize; 2]> = HashMap::new();
    for (at, step) in steps.iter().enumerate() {
        often.entry(step).or_default()[usize::from(at >= steps.len() / 2)] += 1;
    }
    often.retain(|_, halves| halves.iter().all(|&half| half >= OFTEN));
    let covered: usize = often.values().flatten().sum();
    (steps.len() >= LONGEST && covered * 10 >= steps.len() * 9).then(|| often.into_keys().collect())
}

/// Records, the latest first, as one line in the order in which they happened.
fn listed(cluster: &Cluster, latest: &[&Record]) -> String {
    let mut steps: Vec<String> = Vec::new();
    for record in latest.iter().rev() {
        let step = format!("{} {}", name(cluster, record.subject), what(record.change));
        if steps.last() != Some(&step) {
            steps.push(step);
        }
    }
    let more = steps.len().saturating_sub(MOST_TOLD);
    steps.truncate(MOST_TOLD);
    let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("{}{rest}", steps.join(", "))
}

/// A pod counts as its owner: each round makes others.
fn name(cluster: &Cluster, subject: Subject) -> String {
    let workload = match subject {
        Subject::Pod(id) => return format!("a pod of {}", cluster.workload_label(cluster.workload_of(id))),
        Subject::Node(id) => return format!("node {}", cluster.text(cluster.node(id).name)),
        Subject::Deployment(id) => Workload::Deployment(id),
        Subject::ReplicaSet(id) => return format!("replicaset {}", cluster.text(cluster.replica_sets[id.index()].meta.name)),
        Subject::StatefulSet(id) => Workload::StatefulSet(id),
        Subject::DaemonSet(id) => Workload::DaemonSet(id),
        Subject::Job(id) => Workload::Job(id),
        Subject::Budget(id) => return format!("budget {}", cluster.text(cluster.budgets[id.index()].meta.name)),
        _ => return "something".to_owned(),
    };
    cluster.workload_label(workload)
}

fn what(change: Change) -> &'static str {
    match change {
        Change::PodCreated => "is created",
        Change::PodBound(_) => "is bound",
        Change::PodRunning => "runs",
        Change::PodReady => "is ready",
        Change::PodUnready(_) => "is not ready",
        Change::PodRestarted(_) => "restarts",
        Change::PodDeleting(_) => "is deleted",
        Change::PodGone => "is gone",
        Change::PodFailed(..) => "fails",
        Change::PodSucceeded => "succeeds",
        Change::PodUnschedulable(_) => "finds no node",
        Change::PodNominated(_) => "has room made for it",
        Change::Scaled(..) | Change::ReplicaSetScaled(..) => "changes its size",
        Change::Rollout => "gets another template",
        Change::NodeTainted(..) => "is tainted",
        Change::NodeUntainted(..) => "loses a taint",
        _ => "changes",
    }
}
