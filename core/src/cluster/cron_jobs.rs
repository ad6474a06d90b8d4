//! CronJobs: Jobs made by a schedule.

use super::ids::JobId;
use super::workloads::{Job, Meta};
use crate::units::intern::Sym;
use crate::units::time::{Millis, Time};

/// `spec.concurrencyPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConcurrencyPolicy {
    /// A Job begins whether or not the one before has ended.
    #[default]
    Allow,
    /// It does not begin while one is at work.
    Forbid,
    /// The one at work is deleted first.
    Replace,
}

/// A CronJob.
#[derive(Clone, Debug, PartialEq)]
pub struct CronJob {
    /// Name, namespace, life.
    pub meta: Meta,
    /// `spec.schedule`, as written.
    pub schedule: Sym,
    /// `spec.timeZone`.
    pub time_zone: Option<Sym>,
    /// `spec.suspend`.
    pub suspend: bool,
    /// `spec.concurrencyPolicy`.
    pub concurrency: ConcurrencyPolicy,
    /// `spec.startingDeadlineSeconds`, in milliseconds.
    pub starting_deadline: Option<Millis>,
    /// `spec.successfulJobsHistoryLimit`.
    pub keep_successful: i32,
    /// `spec.failedJobsHistoryLimit`.
    pub keep_failed: i32,
    /// `spec.jobTemplate`: the Job that each one is like, but for its name and life.
    pub job: Box<Job>,
    /// Its Jobs that still exist, in order of creation.
    pub jobs: Vec<JobId>,
    /// How many Jobs it ever made.
    pub jobs_made: u32,
    /// Status.
    pub status: CronJobStatus,
}

/// `status` of a CronJob.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CronJobStatus {
    /// Its Jobs that are at work, as far as its controller knows.
    pub active: Vec<JobId>,
    /// The slot of its last Job.
    pub last_schedule: Option<Time>,
    /// When one of its Jobs last completed.
    pub last_success: Option<Time>,
}
