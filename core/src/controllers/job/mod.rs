//! The Job controller (`pkg/controller/job`, v1.37): pods that run to their end, as many as are wanted, retried with growing pauses.

mod backoff;
mod indexes;
mod manage;
mod pods;
mod policy;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, Notice, PodChange, Watched};
use crate::cluster::ids::{JobId, PodId};
use crate::cluster::pod::{Owner, Phase};
use crate::cluster::workloads::JobStatus;
use crate::trace::{Change, DeleteReason, RecordId, Subject};
use crate::units::arrange::Arrange;
use crate::units::time::{Millis, SECOND};
use pods::{Counts, Seen};
use verdict::Verdict;

/// The component that its events name.
const SOURCE: &str = "job-controller";

/// Changes of pods are gathered for this long (`SyncJobBatchPeriod`).
const BATCH: Millis = SECOND;

/// After refusals: 1 s doubling to 60 s.
const LAST_RETRY: Millis = 60 * SECOND;

/// The most ended pods counted in one look (`MaxUncountedPods`).
const MOST_COUNTED: usize = 500;

/// The most causes remembered for one Job until it is looked at.
const MAX_CAUSES: usize = 512;

/// What the Job controller remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct JobController {
    jobs: BTreeMap<JobId, Memory>,
}

/// What is remembered of one Job.
#[derive(Clone, Debug, Default)]
struct Memory {
    /// The generation last seen: status writes do not raise it.
    generation: i64,
    backoff: backoff::Backoff,
    /// Existing pods whose end is in the status already.
    counted: BTreeSet<PodId>,
    /// Pods gone from the API whose end is not in the status yet.
    gone: Vec<PodId>,
    index_failures: BTreeMap<PodId, pods::IndexFailures>,
    /// What asked for the next look.
    causes: Vec<RecordId>,
    /// Refusals in a row.
    refusals: u32,
}

impl JobController {
    /// Takes stock of what exists.
    pub(super) fn start(&mut self, api: &Api, queue: &mut WorkQueue) {
        for (i, job) in api.cluster().jobs.iter().enumerate() {
            if !job.meta.gone {
                let id = JobId::from_index(i);
                let memory = self.jobs.entry(id).or_default();
                memory.generation = job.meta.generation;
                if job.status.succeeded + job.status.failed > 0 {
                    memory.counted.extend(job.pods.iter().filter(|&&p| api.cluster().pod(p).phase.is_terminal()));
                }
                queue.add(Key::Job(id), None);
            }
        }
    }

    /// Asks for the Job that a change concerns: at once for its spec, a second later for its pods.
    pub(super) fn observe(&mut self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        match notice.watched {
            Watched::Job(id) => {
                let meta = &api.cluster().jobs[id.index()].meta;
                if meta.gone {
                    self.jobs.remove(&id);
                    return;
                }
                let memory = self.jobs.entry(id).or_default();
                if memory.generation == meta.generation && meta.deleting.is_none() {
                    queue.add_once_at(Key::Job(id), api.now() + BATCH, api.cause());
                } else {
                    memory.generation = meta.generation;
                    queue.add(Key::Job(id), notice.record);
                }
            }
            Watched::Pod(pod_id, change) => {
                let Owner::Job(id) = api.cluster().pod(pod_id).owner else { return };
                if api.cluster().jobs[id.index()].meta.gone {
                    return;
                }
                let memory = self.jobs.entry(id).or_default();
                if change == PodChange::Gone && !memory.counted.remove(&pod_id) {
                    memory.gone.push(pod_id);
                }
                // Every change of a pod asks for a look, those too that change no count: what follows within the second is seen by it.
                let started = notice.record.and_then(|r| api.trace().record(r)).is_some_and(|r| r.change == Change::PodRunning);
                let counts = !started && !matches!(change, PodChange::Bound | PodChange::Nominated);
                if let Some(record) = notice.record.filter(|_| counts)
                    && memory.causes.len() < MAX_CAUSES
                {
                    memory.causes.push(record);
                }
                queue.add_once_at(Key::Job(id), api.now() + BATCH, api.cause());
            }
            _ => {}
        }
    }

    /// Forgets records: a fork begins a trace of its own.
    pub(super) fn forget_causes(&mut self) {
        self.jobs.values_mut().for_each(|memory| memory.causes.clear());
    }

    /// One look at a Job (`syncJob`).
    pub(super) fn sync(&mut self, id: JobId, api: &mut Api, queue: &mut WorkQueue) {
        let job = &api.cluster().jobs[id.index()];
        if job.meta.gone || verdict::is_finished(&job.status) {
            return;
        }
        let mut memory = self.jobs.remove(&id).unwrap_or_default();
        take_causes(api, &mut memory);
        let now = api.now();
        let mut status = api.cluster().jobs[id.index()].status.clone();
        let job = &api.cluster().jobs[id.index()];
        if status.start.is_none() && !job.suspend {
            status.start = Some(now.floor_to_second());
            api.set_job_status(id, status.clone());
        }
        let label = api.known().job_completion_index;
        let mut seen = Seen::new(api.cluster(), id, &memory, label);
        let mut verdict = verdict::reach(api.cluster(), id, &seen, now);
        let mut again = verdict::deadline(&api.cluster().jobs[id.index()]).filter(|_| verdict.is_none());
        let mut refused = false;
        if verdict.is_some() {
            let active = std::mem::take(&mut seen.active);
            manage::delete(api, id, &active, &mut seen.counts, DeleteReason::ScaleDown);
        } else {
            let deleting = api.cluster().jobs[id.index()].meta.deleting.is_some();
            if !deleting {
                match manage::manage(api, id, &mut seen, &mut memory) {
                    Ok(wait) => again = [again, wait].into_iter().flatten().min(),
                    Err(_) => refused = true,
                }
            }
            if is_complete(api, id, &seen) {
                verdict = Some(Verdict::completions_reached());
            } else if !deleting {
                note_suspension(api, id, &mut status);
            }
        }
        let all_counted = count(api, id, &mut memory, seen, verdict.as_ref(), &mut status);
        if let Some(verdict) = &verdict {
            verdict::enact(api, id, &mut status, verdict, all_counted);
        }
        api.set_job_status(id, status);
        let key = Key::Job(id);
        if refused {
            let delay = if memory.refusals >= 6 { LAST_RETRY } else { (SECOND << memory.refusals).min(LAST_RETRY) };
            memory.refusals += 1;
            queue.add_once_late_at(key, now + delay, api.cause());
        } else {
            memory.refusals = 0;
        }
        self.jobs.insert(id, memory);
        if let Some(time) = again {
            queue.add_once_at(key, time, api.cause());
        }
    }
}

/// Adds what was gathered to the causes of this look.
fn take_causes(api: &mut Api, memory: &mut Memory) {
    let gathered = std::mem::take(&mut memory.causes);
    if !gathered.is_empty() {
        let mut causes = gathered;
        causes.extend_from_slice(api.causes());
        causes.arrange();
        causes.dedup();
        api.set_causes(&causes);
    }
}

/// Enough has succeeded and nothing is at work.
fn is_complete(api: &Api, id: JobId, seen: &Seen) -> bool {
    let cluster = api.cluster();
    let job = &cluster.jobs[id.index()];
    let succeeded = manage::succeeded_in_all(cluster, id, seen);
    seen.counts.active == 0 && job.completions.map_or(succeeded > 0, |wanted| succeeded >= wanted)
}

/// The condition Suspended; a resumed Job starts anew.
fn note_suspension(api: &mut Api, id: JobId, status: &mut JobStatus) {
    let now = api.now();
    let subject = Subject::Job(id);
    if api.cluster().jobs[id.index()].suspend {
        status.start = None;
        if verdict::put(status, now, "Suspended", "True", "JobSuspended", "Job suspended") {
            api.event(subject, false, "Suspended", "Job suspended", SOURCE);
        }
    } else if verdict::put(status, now, "Suspended", "False", "JobResumed", "Job resumed") {
        status.start = Some(now.floor_to_second());
        api.event(subject, false, "Resumed", "Job resumed", SOURCE);
    }
}

/// Counts ended pods once (`trackJobStatusAndRemoveFinalizers`), and what is at work after this look. A Job that has failed counts every
/// pod that has not ended as failed; one that has succeeded leaves them out. Tells whether all were counted: a look counts so many only.
fn count(api: &Api, id: JobId, memory: &mut Memory, seen: Seen, verdict: Option<&Verdict>, status: &mut JobStatus) -> bool {
    let cluster = api.cluster();
    let job = &cluster.jobs[id.index()];
    let label = api.known().job_completion_index;
    memory.backoff = memory.backoff.with(cluster, &seen.succeeded, &seen.failed);
    let mut counted = 0;
    let mut all = true;
    for &pod in &seen.pods {
        if memory.counted.contains(&pod) {
            continue;
        }
        let succeeded = cluster.pod(pod).phase == Phase::Succeeded;
        if !succeeded && verdict.is_none() {
            // What waits for its successor is counted by the first look that finds that at work.
            let held = pods::index_of(cluster, pod, label).is_some_and(|i| seen.held.get(&i) == Some(&pod));
            if held || !pods::is_failed(cluster, job, pod) {
                continue;
            }
        }
        if counted >= MOST_COUNTED {
            all = false;
            break;
        }
        let in_range = !job.indexed
            || pods::index_of(cluster, pod, label).is_some_and(|i| job.completions.is_none_or(|c| i64::from(i) < i64::from(c)));
        // A pod that was stopped because enough had succeeded is not a failure.
        let ended_badly = !succeeded && (verdict.is_none_or(|v| !v.success) || seen.failed.contains(&pod));
        if succeeded {
            counted += usize::from(in_range);
            status.succeeded += i32::from(!job.indexed);
        } else if ended_badly && in_range && policy::match_failure(cluster, id, pod).counts() {
            counted += 1;
            status.failed += 1;
        }
        memory.counted.insert(pod);
    }
    let done = &mut memory.counted;
    memory.gone.retain(|pod| !done.remove(pod));
    if job.indexed {
        status.succeeded = seen.succeeded_indexes.len() as i32;
        status.completed_indexes = seen.succeeded_indexes;
        status.failed_indexes = seen.failed_indexes.unwrap_or_default();
    }
    let Counts { active, ready, terminating } = seen.counts;
    (status.active, status.ready, status.terminating) = (active, ready, terminating);
    all
}
