//! The TTL-after-finished controller (`pkg/controller/ttlafterfinished/ttlafterfinished_controller.go`, v1.37): finished Jobs go when their
//! `ttlSecondsAfterFinished` is over.

use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, Notice, Propagation, Watched};
use crate::cluster::Workload;
use crate::cluster::ids::JobId;
use crate::units::time::Time;

/// What the controller remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct JobTtlController {}

/// When a finished Job is to go; none for one without a time to live, or not finished.
fn expiry(api: &Api, id: JobId) -> Option<Time> {
    let job = &api.cluster().jobs[id.index()];
    if job.meta.gone || job.meta.deleting.is_some() {
        return None;
    }
    let over = job.status.conditions.iter().find(|c| matches!(c.kind, "Complete" | "Failed") && c.status == "True")?;
    Some(over.transition + job.ttl?)
}

impl JobTtlController {
    /// Takes stock of what exists.
    pub(super) fn start(&mut self, api: &Api, queue: &mut WorkQueue) {
        for i in 0..api.cluster().jobs.len() {
            let id = JobId::from_index(i);
            if expiry(api, id).is_some() {
                queue.add(Key::JobTtl(id), None);
            }
        }
    }

    /// Asks for Jobs that have finished.
    pub(super) fn observe(&mut self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        if let Watched::Job(id) = notice.watched
            && expiry(api, id).is_some()
        {
            queue.add(Key::JobTtl(id), notice.record);
        }
    }

    /// Deletes a Job whose time is over, else looks again then.
    pub(super) fn sync(&mut self, id: JobId, api: &mut Api, queue: &mut WorkQueue) {
        let Some(time) = expiry(api, id) else { return };
        if time > api.now() {
            return queue.add_once_at(Key::JobTtl(id), time, api.cause());
        }
        api.delete_workload_with(Workload::Job(id), Propagation::Foreground);
    }
}
