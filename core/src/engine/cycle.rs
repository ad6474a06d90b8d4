//! What a run that spent its budget was doing: the shortest round in which it went.
//!
//! Owns finding and telling the round. Decides nothing.

use crate::cluster::{Cluster, Workload};
use crate::trace::{Change, Record, Subject, Trace};

/// The longest round that is looked for, in records.
const LONGEST: usize = 512;
/// The most steps of a round that are told.
const MOST_TOLD: usize = 8;

/// The round in which the end of a trace goes, as one line; none where it does not repeat.
pub fn told(trace: &Trace, cluster: &Cluster) -> Option<String> {
    let records = trace.records();
    let tail: Vec<(String, std::mem::Discriminant<Change>)> = records
        .iter()
        .rev()
        .filter(|r| !matches!(r.change, Change::Event { .. }))
        .take(3 * LONGEST)
        .map(|r| (name(cluster, r.subject), std::mem::discriminant(&r.change)))
        .collect();
    let repeats = |length: &usize| tail.len() >= 3 * length && (0..2 * length).all(|i| tail[i] == tail[i + length]);
    let length = (1..=LONGEST).find(repeats)?;
    let round: Vec<&Record> = records.iter().rev().filter(|r| !matches!(r.change, Change::Event { .. })).take(length).collect();
    let mut steps: Vec<String> = Vec::new();
    for record in round.iter().rev() {
        let step = format!("{} {}", name(cluster, record.subject), what(record.change));
        if steps.last() != Some(&step) {
            steps.push(step);
        }
    }
    let more = steps.len().saturating_sub(MOST_TOLD);
    steps.truncate(MOST_TOLD);
    let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
    Some(format!("{}{rest}, then again", steps.join(", ")))
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
