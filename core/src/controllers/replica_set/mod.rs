//! The ReplicaSet controller (`pkg/controller/replicaset/replica_set.go`, v1.37), which also serves ReplicationControllers: as many active
//! pods as `spec.replicas` says. It never looks at where pods run, except to choose which of too many goes.

mod ranking;

use std::collections::{BTreeMap, BTreeSet};

use super::losses::creation_causes;
use super::orphans::Orphans;
use super::pod_control;
use super::queue::{Key, WorkQueue};
use super::relevance::changes_counts;
use crate::apiserver::{Api, NewPod, Notice, PodChange, Refusal, Watched};
use crate::cluster::ids::{NamespaceId, PodId, ReplicaSetId};
use crate::cluster::pod::{Owner, PodName};
use crate::cluster::workloads::{Condition, ReplicaSetStatus};
use crate::trace::{DeleteReason, Subject};

/// The most pods created or deleted in one look (`BurstReplicas`).
const BURST: usize = 500;

/// A slow start waits for each of its batches, while other workers look at other ReplicaSets. A Deployment that makes its new ReplicaSet and
/// shrinks an old one in one pass writes the two one after the other, with its status in between: by the time the old one loses its pods,
/// which takes a single batch, the new one has come to its third. That it is the third is calibrated by recordings.
const BATCH_THAT_COMES_LATER: usize = 4;

/// What the ReplicaSet controller remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct ReplicaSetController {
    orphans: Orphans,
    by_namespace: BTreeMap<NamespaceId, BTreeSet<ReplicaSetId>>,
    /// Slow starts that others come before, and the size of their next batch.
    under_way: BTreeMap<ReplicaSetId, usize>,
}

/// What made a look fail: which step, and the API server's words.
struct Failure {
    reason: &'static str,
    message: String,
}

impl ReplicaSetController {
    /// Takes stock of what exists.
    pub(super) fn start(&mut self, api: &Api, queue: &mut WorkQueue) {
        for (id, pod) in api.cluster().live_pods() {
            self.orphans.see(id, pod);
        }
        for (i, set) in api.cluster().replica_sets.iter().enumerate() {
            if !set.meta.gone {
                let id = ReplicaSetId::from_index(i);
                self.by_namespace.entry(set.meta.namespace).or_default().insert(id);
                queue.add(Key::ReplicaSet(id), None);
            }
        }
    }

    /// Asks for the ReplicaSet that a change concerns.
    pub(super) fn observe(&mut self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        let cluster = api.cluster();
        match notice.watched {
            Watched::ReplicaSet(id) => {
                let meta = &cluster.replica_sets[id.index()].meta;
                let known = self.by_namespace.entry(meta.namespace).or_default();
                if meta.gone {
                    known.remove(&id)
                } else {
                    known.insert(id)
                };
                queue.add(Key::ReplicaSet(id), notice.record);
            }
            Watched::Pod(id, change) => {
                let pod = cluster.pod(id);
                match pod.owner {
                    // Every change of a pod wakes the controller; those that change no count matter only to one that is to try again.
                    Owner::ReplicaSet(set) if changes_counts(api, notice, change) || queue.failures(Key::ReplicaSet(set)) > 0 => {
                        queue.add(Key::ReplicaSet(set), notice.record);
                    }
                    Owner::None if matches!(change, PodChange::Added | PodChange::Spec) && !pod.gone => {
                        for &set in self.by_namespace.get(&pod.namespace).into_iter().flatten() {
                            if cluster.pod_labels(id).match_selector(&cluster.replica_sets[set.index()].selector, &cluster.text) {
                                queue.add(Key::ReplicaSet(set), notice.record);
                            }
                        }
                    }
                    _ => {}
                }
                self.orphans.see(id, pod);
            }
            _ => {}
        }
    }

    /// One look at a ReplicaSet (`syncReplicaSet`).
    pub(super) fn sync(&mut self, id: ReplicaSetId, api: &mut Api, queue: &mut WorkQueue) {
        let set = &api.cluster().replica_sets[id.index()];
        if set.meta.gone {
            return;
        }
        let deleting = set.meta.deleting.is_some();
        if !deleting {
            self.orphans.claim(api, set.meta.namespace, &set.selector.clone(), Owner::ReplicaSet(id), set.template);
        }
        let managed = if deleting { Ok(Managed::Whole) } else { self.manage(id, api, queue) };
        let key = Key::ReplicaSet(id);
        if matches!(managed, Ok(Managed::UnderWay)) {
            return queue.add(key, api.cause());
        }
        let failure = managed.err();
        let failed = failure.is_some();
        let status = self.status(id, api, failure);
        let (ready, available) = (status.ready, status.available);
        api.set_replica_set_status(id, status);
        if failed {
            queue.add_rate_limited(key, api.now(), api.cause());
        } else {
            queue.forget(key);
        }
        if ready != available
            && let Some(time) = next_available(api, id)
        {
            queue.add_once_at(key, time, api.cause());
        }
    }

    /// `manageReplicas`: creates what is missing, deletes what is too much.
    fn manage(&mut self, id: ReplicaSetId, api: &mut Api, queue: &WorkQueue) -> Result<Managed, Failure> {
        let next_batch = self.under_way.remove(&id);
        let set = &api.cluster().replica_sets[id.index()];
        let is_active = |pod: &PodId| api.cluster().pod(*pod).is_active();
        // Counted first, listed only for those that have to choose: most looks find just enough.
        let count = set.pods.iter().filter(|pod| is_active(pod)).count();
        let wanted = set.replicas.max(0) as usize;
        if count < wanted {
            let mut start = SlowStart { wanted: (wanted - count).min(BURST), batch: next_batch.unwrap_or(1), gives_way: false };
            start.gives_way = next_batch.is_none() && sibling_waits(api, id, queue);
            return match start.run(api, id)? {
                None => Ok(Managed::Whole),
                Some(batch) => {
                    self.under_way.insert(id, batch);
                    Ok(Managed::UnderWay)
                }
            };
        }
        let surplus = (count - wanted).min(BURST);
        if surplus > 0 {
            let active: Vec<PodId> = set.pods.iter().copied().filter(is_active).collect();
            let chosen = if surplus < active.len() { ranking::first_to_go(api, id, active, surplus) } else { active };
            for pod in chosen {
                pod_control::delete(api, Subject::ReplicaSet(id), pod, DeleteReason::ScaleDown, source(api, id));
            }
        }
        Ok(Managed::Whole)
    }

    /// `calculateStatus`.
    fn status(&self, id: ReplicaSetId, api: &Api, failure: Option<Failure>) -> ReplicaSetStatus {
        let cluster = api.cluster();
        let set = &cluster.replica_sets[id.index()];
        let now = api.now();
        let mut status = ReplicaSetStatus { observed_generation: set.meta.generation, ..ReplicaSetStatus::default() };
        for &pod in &set.pods {
            let pod = cluster.pod(pod);
            if pod.is_active() {
                status.replicas += 1;
                status.ready += i32::from(pod.ready);
                status.available += i32::from(pod.is_available(set.min_ready, now));
            } else if pod.is_terminating() && !pod.phase.is_terminal() {
                status.terminating += 1;
            }
        }
        if let Some(Failure { reason, message }) = failure {
            let old = set.status.conditions.iter().find(|c| c.kind == "ReplicaFailure" && c.reason == reason);
            let at = now.floor_to_second();
            let new = Condition { kind: "ReplicaFailure", status: "True", reason, message, transition: at, update: at };
            // `SetCondition` keeps one of the same reason as it is.
            status.conditions.push(old.cloned().unwrap_or(new));
        }
        status
    }
}

/// How far the pods of a ReplicaSet were managed.
enum Managed {
    /// As far as this look can.
    Whole,
    /// A slow start goes on in the next look.
    UnderWay,
}

/// Pods created in batches of 1, 2, 4, …; the first batch with an error is the last (`slowStartBatch`).
struct SlowStart {
    wanted: usize,
    batch: usize,
    /// Another ReplicaSet of the same Deployment is looked at before [`BATCH_THAT_COMES_LATER`].
    gives_way: bool,
}

impl SlowStart {
    /// Creates the pods. Gives the size of the next batch where it gives way.
    fn run(self, api: &mut Api, id: ReplicaSetId) -> Result<Option<usize>, Failure> {
        let causes = creation_causes(api);
        let (mut done, mut batch) = (0, self.batch);
        while done < self.wanted {
            if self.gives_way && batch >= BATCH_THAT_COMES_LATER {
                return Ok(Some(batch));
            }
            let size = batch.min(self.wanted - done);
            let mut refused = None;
            for i in done..done + size {
                if let Some(cause) = causes.nth(i) {
                    api.set_cause(Some(cause));
                }
                if let Err(refusal) = create_one(api, id) {
                    refused.get_or_insert(refusal);
                }
            }
            match refused {
                // A namespace that is being deleted takes nothing new, and that is no error.
                Some(refusal) if refusal.is_no_error() => return Ok(None),
                Some(refusal) => return Err(Failure { reason: "FailedCreate", message: refusal.message }),
                None => {}
            }
            done += size;
            batch = batch.saturating_mul(2);
        }
        Ok(None)
    }
}

/// Whether another ReplicaSet of the same Deployment waits to lose pods.
fn sibling_waits(api: &Api, id: ReplicaSetId, queue: &WorkQueue) -> bool {
    let cluster = api.cluster();
    let Some(deployment) = cluster.replica_sets[id.index()].deployment else { return false };
    cluster.deployments[deployment.index()].replica_sets.iter().any(|&other| {
        let set = &cluster.replica_sets[other.index()];
        other != id && set.replicas < set.status.replicas && queue.is_asked(Key::ReplicaSet(other))
    })
}

fn create_one(api: &mut Api, id: ReplicaSetId) -> Result<(), Refusal> {
    let set = &api.cluster().replica_sets[id.index()];
    let number = set.pods_made;
    let new = NewPod {
        namespace: set.meta.namespace,
        name: PodName::Generated(number),
        template: set.template,
        owner: Owner::ReplicaSet(id),
        pinned: None,
        ordinal_of_owner: number + 1,
        own_labels: None,
    };
    let created = api.create_pod(new);
    pod_control::tell_created(api, Subject::ReplicaSet(id), &created, source(api, id));
    created.map(drop)
}

/// The component that its events name.
fn source(api: &Api, id: ReplicaSetId) -> &'static str {
    if api.cluster().replica_sets[id.index()].replication_controller { "replication-controller" } else { "replicaset-controller" }
}

/// When the next ready pod becomes available.
fn next_available(api: &Api, id: ReplicaSetId) -> Option<crate::units::time::Time> {
    let cluster = api.cluster();
    let set = &cluster.replica_sets[id.index()];
    let now = api.now();
    let pods = set.pods.iter().map(|&p| cluster.pod(p)).filter(|p| p.is_active() && p.ready);
    pods.map(|p| p.ready_since + set.min_ready).filter(|&at| at > now).min()
}
