//! Whether a Job has succeeded or failed, and its conditions (`job_controller.go` syncJob, enactJobFinished, v1.37).

use super::pods::{Seen, is_failed};
use super::{SOURCE, policy};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::JobId;
use crate::cluster::pod::Phase;
use crate::cluster::template::RestartPolicy;
use crate::cluster::workloads::{Condition, Job, JobStatus, set_condition};
use crate::trace::Subject;
use crate::units::time::Time;

/// How a Job ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) success: bool,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Verdict {
    fn failure(reason: &'static str, message: &str) -> Option<Verdict> {
        Some(Verdict { success: false, reason, message: message.to_owned() })
    }

    /// As many pods succeeded as were asked for.
    pub(super) fn completions_reached() -> Verdict {
        Verdict { success: true, reason: "CompletionsReached", message: "Reached expected number of succeeded pods".to_owned() }
    }
}

/// Whether a Job has a condition of this type that is True.
pub(super) fn has(status: &JobStatus, kind: &str) -> bool {
    status.conditions.iter().any(|c| c.kind == kind && c.status == "True")
}

/// Whether a Job is over.
pub(super) fn is_finished(status: &JobStatus) -> bool {
    has(status, "Complete") || has(status, "Failed")
}

/// The first verdict that applies; none while the Job goes on.
pub(super) fn reach(cluster: &Cluster, id: JobId, seen: &Seen, now: Time) -> Option<Verdict> {
    let job = &cluster.jobs[id.index()];
    noted(&job.status)
        .or_else(|| failed_by_policy(cluster, id, seen))
        .or_else(|| {
            let failed = job.status.failed.saturating_add(seen.failures_that_count(cluster, id));
            let exceeded = failed > job.backoff_limit || restarts_exceed(cluster, job, seen);
            if exceeded { Verdict::failure("BackoffLimitExceeded", "Job has reached the specified backoff limit") } else { None }
        })
        .or_else(|| {
            let late = deadline(job).is_some_and(|deadline| deadline <= now);
            if late { Verdict::failure("DeadlineExceeded", "Job was active longer than specified deadline") } else { None }
        })
        .or_else(|| by_indexes(job, seen))
}

/// The moment at which `activeDeadlineSeconds` is over; none without one, or while suspended.
pub(super) fn deadline(job: &Job) -> Option<Time> {
    if job.suspend { None } else { Some(job.status.start? + job.active_deadline?) }
}

/// A verdict that an earlier look reached.
fn noted(status: &JobStatus) -> Option<Verdict> {
    let told = status.conditions.iter().filter(|c| c.status == "True");
    let of = |kind: &'static str| told.clone().find(|c| c.kind == kind);
    of("SuccessCriteriaMet")
        .map(|c| Verdict { success: true, reason: c.reason, message: c.message.clone() })
        .or_else(|| of("FailureTarget").map(|c| Verdict { success: false, reason: c.reason, message: c.message.clone() }))
}

fn failed_by_policy(cluster: &Cluster, id: JobId, seen: &Seen) -> Option<Verdict> {
    let job = &cluster.jobs[id.index()];
    if job.failure_policy.is_empty() {
        return None;
    }
    let failed = seen.pods.iter().filter(|&&p| is_failed(cluster, job, p));
    let message = failed.filter_map(|&p| policy::match_failure(cluster, id, p).message).next()?;
    Some(Verdict { success: false, reason: "PodFailurePolicy", message })
}

/// `pastBackoffLimitOnFailure`.
fn restarts_exceed(cluster: &Cluster, job: &Job, seen: &Seen) -> bool {
    if cluster.template(job.template).restart_policy != RestartPolicy::OnFailure {
        return false;
    }
    let running = seen.pods.iter().map(|&p| cluster.pod(p)).filter(|p| !p.gone && matches!(p.phase, Phase::Running | Phase::Pending));
    let restarts: i64 = running.map(|p| i64::from(p.restarts)).sum();
    if job.backoff_limit == 0 { restarts > 0 } else { restarts >= i64::from(job.backoff_limit) }
}

fn by_indexes(job: &Job, seen: &Seen) -> Option<Verdict> {
    if !job.indexed {
        return None;
    }
    if let Some(failed) = &seen.failed_indexes {
        if job.max_failed_indexes.is_some_and(|most| failed.len() as i64 > i64::from(most)) {
            return Verdict::failure("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
        }
        let done = (failed.len() + seen.succeeded_indexes.len()) as i64;
        if !failed.is_empty() && done >= i64::from(job.completions.unwrap_or(0)) {
            return Verdict::failure("FailedIndexes", "Job has failed indexes");
        }
    }
    let message = policy::match_success(job, &seen.succeeded_indexes)?;
    Some(Verdict { success: true, reason: "SuccessPolicy", message })
}

/// Writes a condition of this moment; tells whether its status changed (`ensureJobConditionStatus`).
pub(super) fn put(status: &mut JobStatus, now: Time, kind: &'static str, value: &'static str, reason: &'static str, message: &str) -> bool {
    let same = status.conditions.iter().any(|c| c.kind == kind && c.status == value && c.reason == reason && c.message == message);
    // A condition that is False from the start is not written.
    if same || (value != "True" && !status.conditions.iter().any(|c| c.kind == kind)) {
        return false;
    }
    let at = now.floor_to_second();
    let new = Condition { kind, status: value, reason, message: message.to_owned(), transition: at, update: at };
    set_condition(&mut status.conditions, new);
    true
}

/// Writes the first condition of a verdict, and the terminal one when no pod of the Job is being stopped any more and all are counted.
pub(super) fn enact(api: &mut Api, id: JobId, status: &mut JobStatus, verdict: &Verdict, all_counted: bool) {
    let now = api.now();
    let (first, last) = if verdict.success { ("SuccessCriteriaMet", "Complete") } else { ("FailureTarget", "Failed") };
    put(status, now, first, "True", verdict.reason, &verdict.message);
    if !all_counted || status.terminating > 0 || !put(status, now, last, "True", verdict.reason, &verdict.message) {
        return;
    }
    let subject = Subject::Job(id);
    if !verdict.success {
        api.event(subject, true, verdict.reason, &verdict.message, SOURCE);
        return;
    }
    status.completion = Some(now.floor_to_second());
    if api.cluster().jobs[id.index()].completions.is_some_and(|wanted| status.succeeded > wanted) {
        let message = "Too many succeeded pods running after completion count reached";
        api.event(subject, true, "TooManySucceededPods", message, SOURCE);
    }
    api.event(subject, false, "Completed", "Job completed", SOURCE);
}
