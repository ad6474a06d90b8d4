//! CronJobs from their objects, with the API server's defaults (`pkg/apis/batch/v1/defaults.go`, v1.37).

use k8s_openapi::api::batch::v1::{CronJob as WrittenCronJob, Job as WrittenJob};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Builder;
use super::insert::{Inserted, Thing, carry};
use super::whole::Assumption;
use super::workloads::controller;
use crate::cluster::cron_jobs::{ConcurrencyPolicy, CronJob, CronJobStatus};
use crate::cluster::ids::{CronJobId, JobId, NamespaceId};
use crate::cluster::origin::Origin;
use crate::cluster::workloads::Meta;
use crate::manifest::{Diagnostic, DiagnosticId};
use crate::units::calendar::weekday_and_time;
use crate::units::cron::Schedule;
use crate::units::intern::Sym;
use crate::units::text::visible_short;
use crate::units::time::{SECOND, Time};
use crate::units::zone::Zone;

impl Builder<'_> {
    /// A CronJob. A schedule or zone that is none is told of, as the API server would refuse the object.
    pub fn compile_cron_job(&mut self, written: &WrittenCronJob, origin: Option<Origin>) -> CronJob {
        let meta = self.meta(&written.metadata, origin);
        let spec = &written.spec;
        self.tell_of_schedule(&spec.schedule, spec.time_zone.as_deref(), origin);
        // The Job of the template, under the CronJob's own name for the rules about behaviour.
        let template_metadata = spec.job_template.metadata.clone().unwrap_or_default();
        let metadata = ObjectMeta {
            name: written.metadata.name.clone(),
            namespace: written.metadata.namespace.clone(),
            labels: template_metadata.labels,
            annotations: template_metadata.annotations,
            ..ObjectMeta::default()
        };
        let job = WrittenJob { metadata, spec: spec.job_template.spec.clone(), status: None };
        let job = self.compile_job(&job, origin);
        let status = written.status.as_ref();
        CronJob {
            schedule: self.cluster.text.intern(&spec.schedule),
            time_zone: spec.time_zone.as_deref().map(|zone| self.cluster.text.intern(zone)),
            suspend: spec.suspend == Some(true),
            concurrency: match spec.concurrency_policy.as_deref() {
                Some("Forbid") => ConcurrencyPolicy::Forbid,
                Some("Replace") => ConcurrencyPolicy::Replace,
                _ => ConcurrencyPolicy::Allow,
            },
            starting_deadline: spec.starting_deadline_seconds.map(|s| s.max(0).saturating_mul(SECOND)),
            keep_successful: spec.successful_jobs_history_limit.unwrap_or(3).max(0),
            keep_failed: spec.failed_jobs_history_limit.unwrap_or(1).max(0),
            job: Box::new(job),
            jobs: Vec::new(),
            jobs_made: 0,
            status: CronJobStatus {
                active: Vec::new(),
                last_schedule: status.and_then(|s| s.last_schedule_time.as_ref()).map(|t| self.time(t)),
                last_success: status.and_then(|s| s.last_successful_time.as_ref()).map(|t| self.time(t)),
            },
            meta,
        }
    }

    fn tell_of_schedule(&mut self, schedule: &str, zone: Option<&str>, origin: Option<Origin>) {
        let (wrong, pointer) = match Zone::named(zone.unwrap_or_default()) {
            Err(error) => (error.to_string(), "/spec/timeZone"),
            Ok(zone) => match Schedule::parse(schedule, &zone) {
                Err(error) => (error.to_string(), "/spec/schedule"),
                Ok(_) => return,
            },
        };
        let message = format!("the schedule {:?} is never due: {}", visible_short(schedule, 80), visible_short(&wrong, 200));
        let help = "five fields: minute, hour, day of month, month, day of week (0 to 6); the API server refuses this object";
        self.tell(origin.map(|o| Origin { pointer, ..o }), Diagnostic::error(DiagnosticId("WT2025"), message).help(help));
    }

    /// Names the time of day that schedules are run by, where there are any.
    pub(super) fn name_clock(&self, assumptions: &mut Vec<Assumption>) {
        if self.cluster.cron_jobs.is_empty() {
            return;
        }
        assumptions.push(Assumption {
            subject: "cluster".to_owned(),
            what: "clock".to_owned(),
            value: format!("{} at 0s", weekday_and_time(self.cluster.clock.unix_ms(Time::ZERO) / SECOND)),
            why: "schedules are due by the clock, and manifests do not say what it shows".to_owned(),
            change: "spec.time of a Cluster document".to_owned(),
        });
    }

    /// The CronJob that owns a Job, if it is given.
    pub(super) fn cron_job_of(&self, metadata: &ObjectMeta, namespace: NamespaceId) -> Option<CronJobId> {
        let owner = controller(metadata).filter(|o| o.kind == "CronJob")?;
        let name = self.cluster.text.get(&owner.name)?;
        self.known_cron_job(namespace, name).map(CronJobId::from_index)
    }

    fn known_cron_job(&self, namespace: NamespaceId, name: Sym) -> Option<usize> {
        let same = |meta: &Meta| !meta.gone && meta.namespace == namespace && meta.name == name;
        self.cluster.cron_jobs.iter().position(|c| same(&c.meta))
    }

    /// Puts a CronJob into the cluster. Its Jobs and its status stay with its name.
    pub(super) fn put_cron_job(&mut self, mut new: CronJob) -> Inserted {
        let Some(i) = self.known_cron_job(new.meta.namespace, new.meta.name) else {
            self.cluster.cron_jobs.push(new);
            return Inserted::new(Thing::CronJob(CronJobId::from_index(self.cluster.cron_jobs.len() - 1)), true);
        };
        let old = &mut self.cluster.cron_jobs[i];
        carry(&old.meta, &mut new.meta);
        new.meta.generation += 1;
        new.jobs = std::mem::take(&mut old.jobs);
        new.jobs_made = old.jobs_made;
        new.status = std::mem::take(&mut old.status);
        *old = new;
        Inserted::new(Thing::CronJob(CronJobId::from_index(i)), false)
    }

    /// Lists a Job with the CronJob that owns it; one that has not ended is at work.
    pub(super) fn link_to_cron_job(&mut self, id: JobId) {
        let job = &self.cluster.jobs[id.index()];
        let Some(owner) = job.cron_job else { return };
        let at_work = !job.status.conditions.iter().any(|c| matches!(c.kind, "Complete" | "Failed") && c.status == "True");
        if let Some(owner) = self.cluster.cron_jobs.get_mut(owner.index())
            && !owner.jobs.contains(&id)
        {
            owner.jobs.push(id);
            owner.jobs_made += 1;
            if at_work {
                owner.status.active.push(id);
            }
        }
    }
}
