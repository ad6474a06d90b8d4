//! Writing CronJobs and the Jobs they make.

use super::api::Api;
use super::deletion::{Object, Propagation};
use super::notice::Watched;
use super::pods::Refusal;
use crate::cluster::cron_jobs::CronJobStatus;
use crate::cluster::ids::{CronJobId, JobId};
use crate::trace::{Change, Subject};

impl Api {
    /// The existing Job of that name in the namespace of a CronJob.
    pub fn job_beside(&self, id: CronJobId, name: &str) -> Option<JobId> {
        let name = self.cluster.text.get(name)?;
        let namespace = self.cluster.cron_jobs[id.index()].meta.namespace;
        // The newest are the ones that are asked for.
        let of_name = |job: &crate::cluster::workloads::Job| !job.meta.gone && job.meta.name == name && job.meta.namespace == namespace;
        self.cluster.jobs.iter().rposition(of_name).map(JobId::from_index)
    }

    /// Creates the Job of that name from a CronJob's template.
    ///
    /// # Errors
    /// Refused where the namespace is being deleted (`NamespaceLifecycle`) or a quota does not allow another Job.
    pub fn create_job_of(&mut self, id: CronJobId, name: &str) -> Result<JobId, Refusal> {
        self.refuse_in_terminating(self.cluster.cron_jobs[id.index()].meta.namespace, "jobs.batch", name)?;
        self.review_count(self.cluster.cron_jobs[id.index()].meta.namespace, "jobs.batch", name)?;
        let now = self.now();
        let name = self.cluster.text.intern(name);
        let job_id = JobId::from_index(self.cluster.jobs.len());
        let owner = &mut self.cluster.cron_jobs[id.index()];
        let mut job = (*owner.job).clone();
        job.cron_job = Some(id);
        job.meta.name = name;
        job.meta.created = now;
        job.meta.generation = 1;
        owner.jobs.push(job_id);
        owner.jobs_made += 1;
        self.cluster.jobs.push(job);
        self.announce(Subject::Job(job_id), Change::Created, Watched::Job(job_id));
        Ok(job_id)
    }

    /// Writes a CronJob's status; tells whether it changed.
    pub fn set_cron_job_status(&mut self, id: CronJobId, status: CronJobStatus) -> bool {
        let old = &mut self.cluster.cron_jobs[id.index()].status;
        if *old == status {
            return false;
        }
        *old = status;
        self.notify(Watched::CronJob(id));
        true
    }

    /// Deletes a CronJob: what becomes of its Jobs, and of their pods, is up to `propagation`.
    pub fn delete_cron_job(&mut self, id: CronJobId, propagation: Propagation) {
        self.delete_object(Object::CronJob(id), propagation);
    }
}
