//! What a Job sees of its pods: active, newly ended, held back; each ended pod is counted once, as the finalizer
//! `batch.kubernetes.io/job-tracking` has it in Kubernetes (`pkg/controller/job/job_controller.go`, v1.37).

use std::collections::{BTreeMap, BTreeSet};

use super::backoff::finish_time;
use super::{Memory, indexes, policy};
use crate::cluster::Cluster;
use crate::cluster::ids::{JobId, PodId};
use crate::cluster::pod::{Phase, Pod, PodName};
use crate::cluster::workloads::{Job, PodFailureAction};
use crate::units::gather::Gather;
use crate::units::intern::Sym;

/// How many pods are at work and being stopped: as a look finds them, then with what it makes and stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) active: i32,
    /// Of the active ones, those that are ready.
    pub(super) ready: i32,
    /// Being deleted and not ended.
    pub(super) terminating: i32,
}

impl Counts {
    /// A pod that was active is being deleted by this look. If it is gone at once only the next look knows.
    pub(super) fn stopped(&mut self, was_ready: bool) {
        self.active -= 1;
        self.terminating += 1;
        self.ready -= i32::from(was_ready);
    }
}

/// One look at the pods of a Job.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// All pods, those gone and not yet counted last.
    pub(super) pods: Vec<PodId>,
    /// Neither ended nor being deleted.
    pub(super) active: Vec<PodId>,
    /// Ended well, not yet counted.
    pub(super) succeeded: Vec<PodId>,
    /// Ended badly, not yet counted.
    pub(super) failed: Vec<PodId>,
    /// All succeeded indexes, sorted.
    pub(super) succeeded_indexes: Vec<u32>,
    /// All failed indexes, sorted; none without a limit for each index.
    pub(super) failed_indexes: Option<Vec<u32>>,
    pub(super) counts: Counts,
    /// Of each index that waits for its next pod the pod that failed last.
    pub(super) held: BTreeMap<u32, PodId>,
}

/// The completion index of a pod.
pub(super) fn index_of(cluster: &Cluster, id: PodId, label: Sym) -> Option<u32> {
    match cluster.pod(id).name {
        PodName::Indexed(index, _) => Some(index),
        _ => cluster.pod_labels(id).get(label).and_then(|value| cluster.text(value).parse().ok()),
    }
}

/// Being deleted and not ended. Of one that is gone and not counted yet the tracking finalizer keeps the object until this look.
pub(super) fn is_stopping(pod: &Pod) -> bool {
    !pod.phase.is_terminal() && (pod.gone || pod.is_terminating())
}

/// `isPodFailed`: a pod that is being deleted or gone counts unless only failed ones are to be replaced.
pub(super) fn is_failed(cluster: &Cluster, job: &Job, id: PodId) -> bool {
    let pod = cluster.pod(id);
    match pod.phase {
        Phase::Failed => true,
        Phase::Succeeded => false,
        _ if pod.gone => true,
        _ => !job.replace_failed_only && pod.deletion.is_some(),
    }
}

/// How often the pods of an index failed before a pod was made: counted, and ignored by policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct IndexFailures {
    pub(super) counted: u32,
    pub(super) ignored: u32,
}

impl IndexFailures {
    fn total(self) -> u32 {
        self.counted.saturating_add(self.ignored)
    }
}

impl Seen {
    /// Looks.
    pub(super) fn new(cluster: &Cluster, id: JobId, memory: &Memory, label: Sym) -> Seen {
        let job = &cluster.jobs[id.index()];
        let mut seen = Seen { pods: job.pods.iter().chain(&memory.gone).copied().collect(), ..Seen::default() };
        let index = |p: PodId| index_of(cluster, p, label).filter(|&i| job.completions.is_none_or(|c| i64::from(i) < i64::from(c)));
        for &pod in &seen.pods {
            let seen_pod = cluster.pod(pod);
            if seen_pod.is_active() {
                seen.active.push(pod);
                seen.counts.active += 1;
                seen.counts.ready += i32::from(seen_pod.ready);
            } else if is_stopping(seen_pod) {
                seen.counts.terminating += 1;
            }
            if memory.counted.contains(&pod) || (job.indexed && index(pod).is_none()) {
                continue;
            }
            if cluster.pod(pod).phase == Phase::Succeeded {
                seen.succeeded.push(pod);
            } else if is_failed(cluster, job, pod) {
                seen.failed.push(pod);
            }
        }
        if job.indexed {
            seen.succeeded_indexes = job.status.completed_indexes.clone();
            for &pod in &seen.succeeded {
                if let Some(index) = index(pod) {
                    indexes::add(&mut seen.succeeded_indexes, index);
                }
            }
            if let Some(limit) = job.backoff_limit_per_index {
                seen.look_at_indexes(cluster, id, memory, label, limit);
            }
        }
        seen
    }

    /// Which indexes have failed for good, and which wait (`calculateFailedIndexes`, `getPodsWithDelayedDeletionPerIndex`).
    fn look_at_indexes(&mut self, cluster: &Cluster, id: JobId, memory: &Memory, label: Sym, limit: i32) {
        let mut failed_indexes = cluster.jobs[id.index()].status.failed_indexes.clone();
        for &pod in &self.failed {
            let Some(index) = index_of(cluster, pod, label) else { continue };
            let matched = policy::match_failure(cluster, id, pod);
            let used_up = matched.counts() && i64::from(memory.failures_before(pod).counted) >= i64::from(limit);
            if matched.action == PodFailureAction::FailIndex || used_up {
                indexes::add(&mut failed_indexes, index);
            }
        }
        let active: BTreeSet<u32> = self.active.iter().filter_map(|&p| index_of(cluster, p, label)).gather();
        for &pod in &self.failed {
            let Some(index) = index_of(cluster, pod, label) else { continue };
            if active.contains(&index) || indexes::has(&self.succeeded_indexes, index) || indexes::has(&failed_indexes, index) {
                continue;
            }
            let rank = |p: PodId| (memory.failures_before(p).total(), finish_time(cluster, p));
            let later = |&held: &PodId| rank(held).0 <= rank(pod).0 && rank(pod).1 >= rank(held).1;
            if self.held.get(&index).is_none_or(later) {
                self.held.insert(index, pod);
            }
        }
        self.failed_indexes = Some(failed_indexes);
    }

    /// How many of the newly failed pods count against the back-off limit.
    pub(super) fn failures_that_count(&self, cluster: &Cluster, id: JobId) -> i32 {
        self.failed.iter().filter(|&&p| policy::match_failure(cluster, id, p).counts()).count() as i32
    }
}

impl Memory {
    /// The failures of its index before a pod was made.
    pub(super) fn failures_before(&self, pod: PodId) -> IndexFailures {
        self.index_failures.get(&pod).copied().unwrap_or_default()
    }

    /// The failures that the successor of a failed pod carries (`getNewIndexFailureCounts`).
    pub(super) fn failures_after(&self, cluster: &Cluster, id: JobId, failed: PodId) -> IndexFailures {
        let mut failures = self.failures_before(failed);
        if policy::match_failure(cluster, id, failed).counts() {
            failures.counted = failures.counted.saturating_add(1);
        } else {
            failures.ignored = failures.ignored.saturating_add(1);
        }
        failures
    }

    /// How long the index of a failed pod waits still (`getRemainingTimePerIndex`).
    pub(super) fn index_wait(&self, cluster: &Cluster, failed: PodId, now: crate::units::time::Time) -> i64 {
        super::backoff::remaining(self.failures_before(failed).total().saturating_add(1), finish_time(cluster, failed), now)
    }
}
