//! What was begun and does not come to its end, although nothing that served need be lost: rollouts that stay half way, Jobs that fail.

use std::collections::{BTreeMap, BTreeSet};

use super::amounts::counted;
use super::index::Index;
use super::input::ReportInput;
use super::losses::chain_of;
use super::model::{Harm, Loss};
use super::outcomes::Outcome;
use super::places::Places;
use super::told::Told;
use super::{refusals, span};
use crate::cluster::ids::{JobId, PodId};
use crate::cluster::state::Workload;
use crate::cluster::workloads::{Condition, DaemonSetStrategy, StatefulSetStrategy};
use crate::trace::{Change, RecordId, Subject};
use crate::units::gather::Gather;

/// The workloads that were rolled out in this run.
pub(super) fn rolled_out(input: &ReportInput<'_>) -> BTreeSet<Workload> {
    let workload = |subject| match subject {
        Subject::Deployment(id) => Some(Workload::Deployment(id)),
        Subject::StatefulSet(id) => Some(Workload::StatefulSet(id)),
        Subject::DaemonSet(id) => Some(Workload::DaemonSet(id)),
        _ => None,
    };
    input.trace.records().iter().filter(|record| record.change == Change::Rollout).filter_map(|record| workload(record.subject)).gather()
}

/// What of a workload is not finished when watching stops, in words; none for what came to its end, was paused or is updated by hand.
///
/// When a rollout is complete is `pkg/controller/deployment/util/deployment_util.go` DeploymentComplete, v1.37.
pub(super) fn unfinished(input: &ReportInput<'_>, workload: Workload, rolled_out: &BTreeSet<Workload>) -> Option<String> {
    let rollout = |updated: i32, wanted: i32| {
        let pods = counted(usize::try_from(wanted).unwrap_or_default(), "pod");
        format!("its rollout does not finish: {updated} of {pods} {} of the new revision", if updated == 1 { "is" } else { "are" })
    };
    let begun = rolled_out.contains(&workload);
    match workload {
        Workload::Deployment(id) => {
            let set = input.end.deployments.get(id.index()).filter(|set| begun && !set.meta.gone && !set.paused)?;
            let complete =
                set.status.updated == set.replicas && set.status.replicas == set.replicas && set.status.available == set.replicas;
            if complete {
                return None;
            }
            let given_up = set.status.conditions.iter().find(|c| c.kind == "Progressing" && c.status == "False");
            let given_up =
                given_up.map_or(String::new(), |c| format!(", and Kubernetes calls it failed since {}", span(c.transition.millis())));
            Some(rollout(set.status.updated, set.replicas) + &given_up)
        }
        Workload::StatefulSet(id) => {
            let set = input.end.stateful_sets.get(id.index()).filter(|set| begun && !set.meta.gone)?;
            let StatefulSetStrategy::RollingUpdate { partition, .. } = set.strategy else { return None };
            let wanted = (set.replicas - partition.unwrap_or_default()).max(0);
            (set.status.updated < wanted || set.status.ready < set.replicas).then(|| rollout(set.status.updated, wanted))
        }
        Workload::DaemonSet(id) => {
            let set = input.end.daemon_sets.get(id.index()).filter(|set| begun && !set.meta.gone)?;
            let by_itself = !matches!(set.strategy, DaemonSetStrategy::OnDelete);
            (by_itself && set.status.updated < set.status.desired).then(|| rollout(set.status.updated, set.status.desired))
        }
        Workload::Job(id) => job(input, id),
        Workload::ReplicaSet(_) | Workload::Pod(_) => None,
    }
}

fn job(input: &ReportInput<'_>, id: JobId) -> Option<String> {
    let job = input.end.jobs.get(id.index()).filter(|job| !job.meta.gone && !job.suspend)?;
    let is = |kind: &'static str| move |c: &&Condition| c.kind == kind && c.status == "True";
    if job.status.conditions.iter().any(|c| is("Complete")(&c)) {
        return None;
    }
    let wanted = job.completions.unwrap_or(job.parallelism);
    let done = format!("{} of {}", job.status.succeeded, counted(usize::try_from(wanted).unwrap_or_default(), "completion"));
    match job.status.conditions.iter().find(is("Failed")) {
        Some(failed) => Some(format!("it failed at {} ({}) with {done}", span(failed.transition.millis()), failed.reason)),
        // A Job is Complete only when none of its pods is left to end (`pkg/controller/job/job_controller.go`, v1.37).
        None if job.status.succeeded >= wanted => Some(format!("it has {done} and is still not Complete")),
        None => Some(format!("it does not finish: {done}")),
    }
}

/// For each workload that is stuck although it serves: the way to the pod that holds it up, and the lines that decided it.
pub(super) fn held_up(input: &ReportInput<'_>, told: &Told<'_>, outcomes: &[Outcome], index: &Index, places: Places<'_>) -> Vec<Loss> {
    // Of each workload the first pod made since that is not ready.
    let mut waiting: BTreeMap<Workload, PodId> = BTreeMap::new();
    for (id, pod) in input.end.live_pods().filter(|(id, _)| id.index() >= input.start.pods.len()) {
        if !pod.ready && !pod.phase.is_terminal() {
            waiting.entry(input.end.workload_of(id)).or_insert(id);
        }
    }
    let one = |outcome: &Outcome| {
        let pod = *waiting.get(&outcome.workload)?;
        let last = last_word(input, pod, index)?;
        let message = match input.trace.record(last)?.change {
            Change::PodUnschedulable(text) => Some(input.trace.text(text)),
            _ => None,
        };
        Some(Loss {
            workload: outcome.told.label.clone(),
            harm: Harm::Stuck,
            text: match message {
                Some(_) => format!("it waits for {}, which finds no node", told.pod(pod)),
                None => format!("it waits for {}, which is not ready", told.pod(pod)),
            },
            pods: vec![told.pod(pod)],
            count: 1,
            chain: chain_of(input, told, input.trace.causes(last).into_iter().rev(), index),
            decided_by: message.map_or_else(Vec::new, |message| refusals::decisions(input.end, Some(pod), message, places)),
        })
    };
    outcomes.iter().filter(|outcome| outcome.told.harm == Harm::Stuck).filter_map(one).collect()
}

/// The last that was heard of a pod: a refusal, an end, a start.
fn last_word(input: &ReportInput<'_>, pod: PodId, index: &Index) -> Option<RecordId> {
    let telling = |id: &&RecordId| {
        input.trace.record(**id).is_some_and(|record| {
            matches!(
                record.change,
                Change::PodUnschedulable(_)
                    | Change::PodBound(_)
                    | Change::PodRunning
                    | Change::PodRestarted(_)
                    | Change::PodUnready(_)
                    | Change::PodFailed(..)
            )
        })
    };
    index.of_pod(pod).iter().rev().find(telling).copied()
}
