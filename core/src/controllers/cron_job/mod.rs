//! The CronJob controller (`pkg/controller/cronjob/cronjob_controllerv2.go`, v1.37): Jobs by a schedule, with what was missed made up for
//! once, and finished ones cleared away.

mod slots;

use std::collections::BTreeMap;

use self::slots::{NoSlots, Past};
use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, Notice, Propagation, Watched};
use crate::cluster::Workload;
use crate::cluster::cron_jobs::{ConcurrencyPolicy, CronJobStatus};
use crate::cluster::ids::{CronJobId, JobId};
use crate::cluster::workloads::Job;
use crate::trace::{Change, Subject};
use crate::units::arrange::Arrange;
use crate::units::calendar::rfc1123z;
use crate::units::cron::Schedule;
use crate::units::intern::Sym;
use crate::units::time::{SECOND, Time};
use crate::units::zone::Zone;

/// The component that its events name.
const SOURCE: &str = "cronjob-controller";

/// What the CronJob controller remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct CronJobController {
    memories: BTreeMap<CronJobId, Memory>,
}

/// What is remembered of one CronJob.
#[derive(Clone, Debug, Default)]
struct Memory {
    /// Schedule and zone as they were last read, and what they mean.
    read: Option<(Written, Result<Schedule, Unreadable>)>,
    /// The next look that waits.
    planned: Option<Time>,
}

/// `spec.schedule` and `spec.timeZone`.
type Written = (Sym, Option<Sym>);

/// Why a schedule can't be run: reason and message of the event.
type Unreadable = (&'static str, String);

impl CronJobController {
    /// Takes stock of what exists.
    pub(super) fn start(&mut self, api: &Api, queue: &mut WorkQueue) {
        for (i, cron_job) in api.cluster().cron_jobs.iter().enumerate() {
            if !cron_job.meta.gone {
                queue.add(Key::CronJob(CronJobId::from_index(i)), None);
            }
        }
    }

    /// Asks for the CronJob that a change concerns; one whose schedule changed is looked at when that is due.
    pub(super) fn observe(&mut self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        match notice.watched {
            Watched::CronJob(id) => {
                let cron_job = &api.cluster().cron_jobs[id.index()];
                if cron_job.meta.gone {
                    self.memories.remove(&id);
                    return;
                }
                let memory = self.memories.entry(id).or_default();
                let written = (cron_job.schedule, cron_job.time_zone);
                let changed = memory.read.as_ref().is_some_and(|(before, _)| *before != written);
                match memory.schedule(api, id) {
                    Ok(schedule) if changed => {
                        let look = slots::next_look(&schedule, past(api, id), now_ms(api));
                        memory.plan(api, id, look, queue);
                    }
                    _ => queue.add(Key::CronJob(id), notice.record),
                }
            }
            Watched::Job(id) => {
                if let Some(owner) = api.cluster().jobs[id.index()].cron_job {
                    queue.add(Key::CronJob(owner), notice.record);
                }
            }
            _ => {}
        }
    }

    /// One look at a CronJob (`sync`).
    pub(super) fn sync(&mut self, id: CronJobId, api: &mut Api, queue: &mut WorkQueue) {
        if api.cluster().cron_jobs[id.index()].meta.gone {
            return;
        }
        let mut status = api.cluster().cron_jobs[id.index()].status.clone();
        // What is deleted in this look is still on its list.
        let jobs = api.cluster().cron_jobs[id.index()].jobs.clone();
        clear_finished(api, id, &jobs, &mut status);
        note_ended(api, id, &jobs, &mut status);
        let mut memory = self.memories.remove(&id).unwrap_or_default();
        match start_due(api, id, &mut memory, &mut status) {
            Ok(look) => {
                queue.forget(Key::CronJob(id));
                memory.plan(api, id, look, queue);
            }
            Err(Refused) => queue.add_rate_limited(Key::CronJob(id), api.now(), api.cause()),
        }
        self.memories.insert(id, memory);
        api.set_cron_job_status(id, status);
    }
}

impl Memory {
    fn schedule(&mut self, api: &Api, id: CronJobId) -> Result<Schedule, Unreadable> {
        let cron_job = &api.cluster().cron_jobs[id.index()];
        let written = (cron_job.schedule, cron_job.time_zone);
        match &self.read {
            Some((before, read)) if *before == written => read.clone(),
            _ => {
                let read = read_schedule(api, id);
                self.read = Some((written, read.clone()));
                read
            }
        }
    }

    fn plan(&mut self, api: &Api, id: CronJobId, look: Option<i64>, queue: &mut WorkQueue) {
        let Some(look) = look.map(|unix_ms| api.cluster().clock.time_of(unix_ms)) else { return };
        if self.planned.is_none_or(|planned| planned <= api.now() || look < planned) {
            self.planned = Some(look);
            queue.add_by_calendar(Key::CronJob(id), look);
        }
    }
}

fn read_schedule(api: &Api, id: CronJobId) -> Result<Schedule, Unreadable> {
    let cron_job = &api.cluster().cron_jobs[id.index()];
    let written = api.cluster().text(cron_job.schedule);
    let name = cron_job.time_zone.map_or("", |zone| api.cluster().text(zone));
    let zone = Zone::named(name).map_err(|error| ("UnknownTimeZone", format!("invalid timeZone: {name:?}: {error}")))?;
    Schedule::parse(written, &zone).map_err(|error| ("UnparseableSchedule", format!("unparseable schedule: {written:?} : {error}")))
}

fn now_ms(api: &Api) -> i64 {
    api.cluster().clock.unix_ms(api.now())
}

fn past(api: &Api, id: CronJobId) -> Past {
    let cron_job = &api.cluster().cron_jobs[id.index()];
    // The API keeps whole seconds of both.
    let since = cron_job.status.last_schedule.unwrap_or(cron_job.meta.created.floor_to_second());
    Past { since: api.cluster().clock.unix_ms(since), deadline: cron_job.starting_deadline }
}

fn condition(job: &Job) -> Option<&'static str> {
    job.status.conditions.iter().find(|c| matches!(c.kind, "Complete" | "Failed") && c.status == "True").map(|c| c.kind)
}

fn job_name(api: &Api, id: JobId) -> String {
    api.cluster().text(api.cluster().jobs[id.index()].meta.name).to_owned()
}

/// `cleanupFinishedJobs`: of those that ended well and of those that failed, the oldest beyond the limit go.
fn clear_finished(api: &mut Api, id: CronJobId, jobs: &[JobId], status: &mut CronJobStatus) {
    let cron_job = &api.cluster().cron_jobs[id.index()];
    for (kind, keep) in [("Complete", cron_job.keep_successful), ("Failed", cron_job.keep_failed)] {
        let all = &api.cluster().jobs;
        let ended = |&&job: &&JobId| !all[job.index()].meta.gone && condition(&all[job.index()]) == Some(kind);
        let mut ended: Vec<JobId> = jobs.iter().filter(ended).copied().collect();
        // Without a start last, then by start, then by name.
        ended.arrange_by_key(|&job| (all[job.index()].status.start.unwrap_or(Time::NEVER), job_name(api, job)));
        let over = ended.len().saturating_sub(usize::try_from(keep).unwrap_or(0));
        for &job in ended.iter().take(over) {
            delete_job(api, id, job, status);
        }
    }
}

fn delete_job(api: &mut Api, id: CronJobId, job: JobId, status: &mut CronJobStatus) {
    let name = job_name(api, job);
    api.delete_workload_with(Workload::Job(job), Propagation::Background);
    status.active.retain(|&active| active != job);
    api.event(Subject::CronJob(id), false, "SuccessfulDelete", &format!("Deleted job {name}"), SOURCE);
}

/// The first half of `syncCronJob`: what became of its Jobs.
fn note_ended(api: &mut Api, id: CronJobId, jobs: &[JobId], status: &mut CronJobStatus) {
    let subject = Subject::CronJob(id);
    for &job_id in jobs {
        let job = &api.cluster().jobs[job_id.index()];
        let (ended, completion) = (condition(job), job.status.completion);
        let active = status.active.contains(&job_id);
        match ended {
            None if !active => {
                let message = format!("Saw a job that the controller did not create or forgot: {}", job_name(api, job_id));
                api.event(subject, true, "UnexpectedJob", &message, SOURCE);
            }
            Some(kind) if active => {
                status.active.retain(|&a| a != job_id);
                let message = format!("Saw completed job: {}, condition: {kind}", job_name(api, job_id));
                api.event(subject, false, "SawCompletedJob", &message, SOURCE);
            }
            _ => {}
        }
        if ended == Some("Complete") {
            status.last_success = status.last_success.max(completion);
        }
    }
    let missing: Vec<JobId> = status.active.iter().filter(|&job| !jobs.contains(job)).copied().collect();
    for job in missing {
        status.active.retain(|&a| a != job);
        api.event(subject, false, "MissingJob", &format!("Active job went missing: {}", job_name(api, job)), SOURCE);
    }
}

/// The API server refused a Job: it is tried again soon.
struct Refused;

/// The second half of `syncCronJob`: begins what is due. Gives the moment of the next look, in milliseconds since 1970.
fn start_due(api: &mut Api, id: CronJobId, memory: &mut Memory, status: &mut CronJobStatus) -> Result<Option<i64>, Refused> {
    let subject = Subject::CronJob(id);
    let cron_job = &api.cluster().cron_jobs[id.index()];
    if cron_job.meta.deleting.is_some() {
        return Ok(None);
    }
    let (suspend, concurrency) = (cron_job.suspend, cron_job.concurrency);
    let written = api.cluster().text(cron_job.schedule).to_owned();
    let schedule = memory.schedule(api, id);
    if let Err(("UnknownTimeZone", message)) = &schedule {
        api.event(subject, true, "UnknownTimeZone", message, SOURCE);
        return Ok(None);
    }
    if suspend {
        return Ok(None);
    }
    if written.contains("TZ") {
        let why = "is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details";
        api.event(subject, true, "UnsupportedSchedule", &format!("CRON_TZ or TZ used in schedule {written:?} {why}"), SOURCE);
    }
    let schedule = match schedule {
        Ok(schedule) => schedule,
        Err((reason, message)) => {
            api.event(subject, true, reason, &message, SOURCE);
            return Ok(None);
        }
    };
    let (now, before) = (now_ms(api), past(api, id));
    let found = match slots::latest(&schedule, before, now, true) {
        Ok(found) => found,
        Err(NoSlots) => {
            let message = format!("invalid schedule: {written} : time difference between two schedules is less than 1 second");
            api.event(subject, true, "InvalidSchedule", &message, SOURCE);
            return Ok(None);
        }
    };
    let look = slots::next_look(&schedule, before, now);
    let Some(slot) = found.slot else { return Ok(look) };
    if found.missed_many {
        let message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
        api.event(subject, true, "TooManyMissedTimes", message, SOURCE);
    }
    if before.deadline.is_some_and(|deadline| slot + deadline < now) {
        let message = format!("Missed scheduled time to start a job: {}", rfc1123z(slot / SECOND));
        api.event(subject, true, "MissSchedule", &message, SOURCE);
        return Ok(look);
    }
    let name = format!("{}-{}", api.cluster().text(api.cluster().cron_jobs[id.index()].meta.name), slot.div_euclid(60 * SECOND));
    let at = api.cluster().clock.time_of(slot);
    if status.last_schedule == Some(at) || status.active.iter().any(|&job| job_name(api, job) == name) {
        return Ok(look);
    }
    if concurrency == ConcurrencyPolicy::Forbid && !status.active.is_empty() {
        let message = "Not starting job because prior execution is running and concurrency policy is Forbid";
        api.event(subject, false, "JobAlreadyActive", message, SOURCE);
        return Ok(look);
    }
    let due = api.record(subject, Change::CronDue(slot / SECOND));
    api.set_cause(Some(due));
    if concurrency == ConcurrencyPolicy::Replace {
        for job in status.active.clone() {
            delete_job(api, id, job, status);
        }
    }
    let job = match api.job_beside(id, &name) {
        Some(job) if api.cluster().jobs[job.index()].cron_job != Some(id) || status.active.contains(&job) => return Ok(None),
        Some(job) => job,
        None => match api.create_job_of(id, &name) {
            Ok(job) => {
                api.event(subject, false, "SuccessfulCreate", &format!("Created job {name}"), SOURCE);
                job
            }
            // Nothing can be created in a namespace that is being deleted: there is nothing to try again.
            Err(refusal) if refusal.is_no_error() => return Ok(None),
            Err(refusal) => {
                api.event(subject, true, "FailedCreate", &format!("Error creating job: {}", refusal.message), SOURCE);
                return Err(Refused);
            }
        },
    };
    status.active.push(job);
    status.last_schedule = Some(at);
    Ok(slots::next_look(&schedule, Past { since: slot, ..before }, now))
}
