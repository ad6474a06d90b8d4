//! Creating and deleting the pods of a Job (`job_controller.go` manageJob, v1.37).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::pods::{Counts, Seen, index_of, is_stopping};
use super::{BATCH, Memory, SOURCE, indexes};
use crate::apiserver::{Api, NewPod, Refusal};
use crate::cluster::Cluster;
use crate::cluster::ids::{JobId, PodId};
use crate::cluster::labels::Labels;
use crate::cluster::pod::{Owner, Phase, PodName};
use crate::controllers::losses::creation_causes;
use crate::controllers::pod_control;
use crate::controllers::revisions::with_label;
use crate::trace::{DeleteReason, Subject};
use crate::units::arrange::Arrange;
use crate::units::time::Time;

/// The most pods created or deleted in one look (`MaxPodCreateDeletePerSync`).
const BURST: usize = 500;

/// Brings the number of active pods to what is wanted. Gives the moment at which to look again because of a back-off.
///
/// # Errors
/// The first refusal of the API server.
pub(super) fn manage(api: &mut Api, id: JobId, seen: &mut Seen, memory: &mut Memory) -> Result<Option<Time>, Refusal> {
    let cluster = api.cluster();
    let job = &cluster.jobs[id.index()];
    let active = seen.active.len();
    if job.suspend {
        delete_uncounted(api, id, &seen.active, &mut seen.counts, memory);
        return Ok(None);
    }
    let parallelism = job.parallelism.max(0) as usize;
    let succeeded = succeeded_in_all(cluster, id, seen) as usize;
    let wanted = match job.completions {
        None if succeeded > 0 => active,
        None => parallelism,
        Some(completions) => (completions.max(0) as usize).saturating_sub(succeeded).min(parallelism),
    };
    let label = api.known().job_completion_index;
    let mut surplus = surplus_pods(api, id, seen, active.saturating_sub(wanted));
    if !surplus.is_empty() {
        surplus.truncate(BURST);
        delete_uncounted(api, id, &surplus, &mut seen.counts, memory);
        return Ok(None);
    }
    let stopping: Vec<PodId> =
        if job.replace_failed_only { seen.pods.iter().copied().filter(|&p| is_stopping(cluster.pod(p))).collect() } else { Vec::new() };
    let missing = wanted.saturating_sub(active + stopping.len()).min(BURST);
    if missing == 0 {
        return Ok(None);
    }
    let now = api.now();
    let per_index = job.backoff_limit_per_index.is_some();
    let wait = if per_index { 0 } else { memory.backoff.with(cluster, &seen.succeeded, &seen.failed).remaining(now) };
    if wait > 0 {
        return Ok(Some(now + wait.max(BATCH)));
    }
    let (indexed, completions) = (job.indexed, job.completions.unwrap_or(0).max(0) as u32);
    if !indexed {
        return create(api, id, &vec![None; missing], seen, memory).map(|()| None);
    }
    let sorted = |pods: &[PodId]| {
        let mut list: Vec<u32> = pods.iter().filter_map(|&p| index_of(cluster, p, label)).collect();
        list.arrange();
        list
    };
    let (at_work, stopping) = (sorted(&seen.active), sorted(&stopping));
    let failed = seen.failed_indexes.as_deref().unwrap_or_default();
    let free = indexes::lowest_free(completions, &[&seen.succeeded_indexes, &at_work, &stopping, failed], missing);
    let wait = |index: &u32| seen.held.get(index).map_or(0, |&pod| memory.index_wait(cluster, pod, now));
    let waits: Vec<i64> = free.iter().map(wait).collect();
    let due: Vec<Option<u32>> = free.iter().zip(&waits).filter(|(_, wait)| **wait == 0).map(|(&index, _)| Some(index)).collect();
    if due.is_empty() {
        return Ok(waits.iter().min().map(|wait| now + (*wait).max(BATCH)));
    }
    create(api, id, &due, seen, memory).map(|()| None)
}

/// Pods that ended well, counted or not.
pub(super) fn succeeded_in_all(cluster: &Cluster, id: JobId, seen: &Seen) -> i32 {
    let job = &cluster.jobs[id.index()];
    if job.indexed { seen.succeeded_indexes.len() as i32 } else { job.status.succeeded.saturating_add(seen.succeeded.len() as i32) }
}

/// `activePodsForRemoval`: pods of no index and doubles first, then as many as are too much.
fn surplus_pods(api: &Api, id: JobId, seen: &Seen, at_least: usize) -> Vec<PodId> {
    let cluster = api.cluster();
    let (job, orders) = (&cluster.jobs[id.index()], api.orders());
    // `ActivePods`: not yet placed, pending, not ready first; of ready ones the latest; then more restarts; then the youngest.
    let order = |&id: &PodId| {
        let pod = cluster.pod(id);
        let ready = if pod.ready { pod.ready_since } else { Time::ZERO };
        (
            pod.node.is_some(),
            pod.phase != Phase::Pending,
            pod.ready,
            Reverse(ready),
            Reverse(pod.restarts),
            Reverse(pod.created),
            // The sort is not stable, and the list comes out of a map.
            orders.rank("surplus pods of a job", &[u64::from(id.0)]),
            Reverse(id),
        )
    };
    let mut left = seen.active.clone();
    left.arrange_by_key(order);
    let mut surplus = Vec::new();
    if job.indexed {
        let label = api.known().job_completion_index;
        let completions = i64::from(job.completions.unwrap_or(0));
        let mut last_of: BTreeMap<u32, PodId> = BTreeMap::new();
        for &pod in &left {
            match index_of(cluster, pod, label).filter(|&i| i64::from(i) < completions) {
                None => surplus.push(pod),
                Some(index) => surplus.extend(last_of.insert(index, pod)),
            }
        }
        left.retain(|pod| !surplus.contains(pod));
    }
    let more = at_least.saturating_sub(surplus.len());
    surplus.extend(left.into_iter().take(more));
    surplus
}

/// Deletes pods that are too much: their finalizer goes first, so that their end counts for nothing (`deleteJobPods`).
fn delete_uncounted(api: &mut Api, id: JobId, pods: &[PodId], counts: &mut Counts, memory: &mut Memory) {
    memory.counted.extend(pods);
    delete(api, id, pods, counts, DeleteReason::ScaleDown);
}

/// Deletes pods with the controller's event.
pub(super) fn delete(api: &mut Api, id: JobId, pods: &[PodId], counts: &mut Counts, reason: DeleteReason) {
    for &pod in pods {
        counts.stopped(api.cluster().pod(pod).ready);
        pod_control::delete(api, Subject::Job(id), pod, reason, SOURCE);
    }
}

fn create(api: &mut Api, id: JobId, indexes: &[Option<u32>], seen: &mut Seen, memory: &mut Memory) -> Result<(), Refusal> {
    let causes = creation_causes(api);
    let label = api.known().job_completion_index;
    let (mut done, mut batch) = (0, 1);
    while done < indexes.len() {
        let size = batch.min(indexes.len() - done);
        let mut refused = None;
        for (i, &index) in indexes.iter().enumerate().skip(done).take(size) {
            let cause = match index {
                Some(index) => causes.of(|pod| index_of(api.cluster(), pod, label) == Some(index)),
                None => causes.nth(i),
            };
            if cause.is_some() {
                api.set_cause(cause);
            }
            match create_one(api, id, index) {
                Ok(pod) => {
                    seen.counts.active += 1;
                    if let Some(&failed) = index.and_then(|index| seen.held.get(&index)) {
                        let failures = memory.failures_after(api.cluster(), id, failed);
                        memory.index_failures.insert(pod, failures);
                    }
                }
                Err(refusal) => {
                    refused.get_or_insert(refusal);
                }
            }
        }
        match refused {
            Some(refusal) if refusal.is_no_error() => return Ok(()),
            Some(refusal) => return Err(refusal),
            None => {}
        }
        done += size;
        batch *= 2;
    }
    Ok(())
}

fn create_one(api: &mut Api, id: JobId, index: Option<u32>) -> Result<PodId, Refusal> {
    let job = &api.cluster().jobs[id.index()];
    let (namespace, number, template, name) = (job.meta.namespace, job.pods_made, job.template, job.meta.name);
    let known = api.known();
    let template = with_label(api.cluster_mut(), template, &Labels::new([(known.job_name, name)]));
    let own_labels = index.map(|index| {
        let value = api.cluster_mut().text.intern(&index.to_string());
        Box::new(Labels::new([(known.job_completion_index, value)]))
    });
    let created = api.create_pod(NewPod {
        namespace,
        name: index.map_or(PodName::Generated(number), |index| PodName::Indexed(index, number)),
        template,
        owner: Owner::Job(id),
        pinned: None,
        ordinal_of_owner: number + 1,
        own_labels,
    });
    pod_control::tell_created(api, Subject::Job(id), &created, SOURCE);
    created
}
