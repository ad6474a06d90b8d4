//! One pass over the pods of a StatefulSet: slots in ascending order, condemned pods in descending order, then the rolling update
//! (`stateful_set_control.go` updateStatefulSet, v1.37).

use super::revision::{is_of, pod_template};
use super::{SOURCE, claims, ordinal};
use crate::apiserver::{Api, NewPod, Refusal};
use crate::cluster::Cluster;
use crate::cluster::ids::{PodId, StatefulSetId};
use crate::cluster::labels::Labels;
use crate::cluster::pod::{Owner, Phase, Pod, PodName};
use crate::cluster::workloads::{IntOrPercent, StatefulSet, StatefulSetStrategy};
use crate::controllers::losses::{CreationCauses, creation_causes};
use crate::trace::{DeleteReason, Subject};
use crate::units::arrange::Arrange;
use crate::units::time::Time;

/// The most pods handled in one batch of a Parallel set.
const MAX_BATCH: usize = 500;

/// How a step of a pass ends.
enum Step {
    /// The next pod may be looked at.
    GoOn,
    /// Nothing more in this pass where pods come one at a time.
    Stop,
}

/// Whether an ordinal is among those wanted.
pub(super) fn in_range(set: &StatefulSet, ordinal: u32) -> bool {
    let from = i64::from(set.start);
    (from..from + i64::from(set.replicas)).contains(&i64::from(ordinal))
}

struct Pass<'a> {
    api: &'a mut Api,
    id: StatefulSetId,
    causes: CreationCauses,
    /// Pods of the wanted ordinals; none where one is missing.
    slots: Vec<Option<PodId>>,
    /// Pods of other ordinals, highest first.
    condemned: Vec<PodId>,
    first_unhealthy: Option<PodId>,
    /// One pod at a time (`podManagementPolicy: OrderedReady`).
    monotonic: bool,
}

/// Runs a pass.
///
/// # Errors
/// The API server's refusal of a creation: the pass ends there.
pub(super) fn run(api: &mut Api, id: StatefulSetId) -> Result<(), Refusal> {
    let causes = creation_causes(api);
    let cluster = api.cluster();
    let set = &cluster.stateful_sets[id.index()];
    let mut slots = vec![None; set.replicas.max(0) as usize];
    let mut condemned = Vec::new();
    for &pod in &set.pods {
        match ordinal(cluster, pod) {
            Some(n) if in_range(set, n) => slots[(n - set.start) as usize] = Some(pod),
            Some(_) => condemned.push(pod),
            None => {}
        }
    }
    condemned.arrange_by_key(|&p| std::cmp::Reverse(ordinal(cluster, p)));
    let now = api.now();
    let unhealthy = |id: PodId| is_unavailable(cluster.pod(id), set.min_ready, now);
    let empty_or_unhealthy = slots.iter().find(|slot| slot.is_none_or(unhealthy));
    let first_unhealthy = match empty_or_unhealthy {
        Some(&slot) => slot,
        None => condemned.iter().rev().copied().find(|&p| unhealthy(p)),
    };
    let monotonic = !set.parallel;
    let mut pass = Pass { api, id, causes, slots, condemned, first_unhealthy, monotonic };
    if pass.slots()? || pass.condemned() {
        return Ok(());
    }
    pass.update();
    Ok(())
}

/// Not running, ready and available, or on its way out (`isUnavailable`).
fn is_unavailable(pod: &Pod, min_ready: i64, now: Time) -> bool {
    pod.phase != Phase::Running || !pod.is_available(min_ready, now) || pod.deletion.is_some()
}

impl Pass<'_> {
    fn set(&self) -> &StatefulSet {
        &self.api.cluster().stateful_sets[self.id.index()]
    }

    fn pod(&self, id: PodId) -> &Pod {
        self.api.cluster().pod(id)
    }

    fn available(&self, id: PodId) -> bool {
        let pod = self.pod(id);
        pod.phase == Phase::Running && pod.is_available(self.set().min_ready, self.api.now())
    }

    /// Every slot, ascending; true where the pass ends.
    fn slots(&mut self) -> Result<bool, Refusal> {
        let count = self.slots.len();
        if self.monotonic {
            for i in 0..count {
                if let Step::Stop = self.slot(i)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        let (mut done, mut batch) = (0, 1);
        while done < count {
            let size = batch.min(MAX_BATCH).min(count - done);
            let mut refused = None;
            for i in done..done + size {
                if let Err(refusal) = self.slot(i) {
                    refused.get_or_insert(refusal);
                }
            }
            if let Some(refusal) = refused {
                return Err(refusal);
            }
            done += size;
            batch *= 2;
        }
        Ok(false)
    }

    /// `processReplica`.
    fn slot(&mut self, i: usize) -> Result<Step, Refusal> {
        let ordinal = self.set().start.saturating_add(i as u32);
        let Some(id) = self.slots[i] else {
            self.create(ordinal)?;
            return Ok(if self.monotonic { Step::Stop } else { Step::GoOn });
        };
        let pod = self.pod(id);
        if pod.phase.is_terminal() {
            if pod.deletion.is_none() {
                self.delete(id, DeleteReason::Replace);
            }
            return Ok(Step::Stop);
        }
        if pod.phase == Phase::Pending {
            claims::create_missing(self.api, self.id, ordinal)?;
        }
        let settled = self.pod(id).deletion.is_none() && self.available(id);
        Ok(if self.monotonic && !settled { Step::Stop } else { Step::GoOn })
    }

    /// Every condemned pod, descending; true where the pass ends.
    fn condemned(&mut self) -> bool {
        for id in self.condemned.clone() {
            let deleting = self.pod(id).deletion.is_some();
            let waits = !self.available(id) && self.first_unhealthy != Some(id);
            if !(deleting || self.monotonic && waits) {
                self.delete(id, DeleteReason::ScaleDown);
            }
            if self.monotonic {
                return true;
            }
        }
        false
    }

    /// Deletes pods of old revisions as far as `maxUnavailable` goes (`updateStatefulSetAfterInvariantEstablished`).
    fn update(&mut self) {
        let set = self.set();
        let StatefulSetStrategy::RollingUpdate { partition, max_unavailable } = set.strategy else { return };
        let partition = partition.unwrap_or(0).max(0) as usize;
        let most = max_unavailable.unwrap_or(IntOrPercent::Int(1)).floor_of(set.replicas).max(1) as usize;
        let cluster = self.api.cluster();
        let now = self.api.now();
        let unavailable = |id: PodId| is_unavailable(cluster.pod(id), set.min_ready, now);
        let count = self.slots.iter().filter(|slot| slot.is_none_or(unavailable)).count();
        let stale = |id: &PodId| cluster.pod(*id).deletion.is_none() && !is_of(cluster, *id, set.template);
        let from_top: Vec<PodId> = self.slots.iter().skip(partition).rev().flatten().copied().filter(stale).collect();
        let budget = most.saturating_sub(count);
        let chosen: Vec<PodId> = if self.monotonic {
            from_top.into_iter().take(budget).collect()
        } else {
            // What is broken anyway goes first, and costs nothing.
            let (broken, sound): (Vec<PodId>, Vec<PodId>) = from_top.into_iter().partition(|&id| unavailable(id));
            broken.into_iter().chain(sound.into_iter().take(budget)).collect()
        };
        for id in chosen {
            self.delete(id, DeleteReason::Replace);
        }
    }

    /// Creates the pod of an ordinal with its claims (`CreateStatefulPod`).
    fn create(&mut self, ordinal: u32) -> Result<(), Refusal> {
        let replaced = |cluster: &Cluster, pod: PodId| super::ordinal(cluster, pod) == Some(ordinal);
        let cause = self.causes.of(|pod| replaced(self.api.cluster(), pod));
        if cause.is_some() {
            self.api.set_cause(cause);
        }
        let created = claims::create_missing(self.api, self.id, ordinal).and_then(|()| self.create_pod(ordinal));
        let set = self.api.cluster().text(self.set().meta.name).to_owned();
        let (warning, reason, message) = match &created {
            Ok(_) => (false, "SuccessfulCreate", format!("Create Pod {set}-{ordinal} in StatefulSet {set} successful")),
            Err(refusal) if refusal.is_no_error() => return Ok(()),
            Err(refusal) => {
                let error = &refusal.message;
                (true, "FailedCreate", format!("Create Pod {set}-{ordinal} in StatefulSet {set} failed error: {error}"))
            }
        };
        self.api.event(Subject::StatefulSet(self.id), warning, reason, &message, SOURCE);
        created.map(drop)
    }

    fn create_pod(&mut self, ordinal: u32) -> Result<PodId, Refusal> {
        let set = self.set();
        let (namespace, made) = (set.meta.namespace, set.pods_made);
        let revision = if current_wanted(set, ordinal) { set.current_template } else { set.template };
        let name = format!("{}-{ordinal}", self.api.cluster().text(set.meta.name));
        let template = pod_template(self.api, self.id, revision);
        let known = self.api.known();
        let text = &mut self.api.cluster_mut().text;
        let own_labels = Labels::new([(known.stateful_pod_name, text.intern(&name)), (known.pod_index, text.intern(&ordinal.to_string()))]);
        self.api.create_pod(NewPod {
            namespace,
            name: PodName::Ordinal(ordinal),
            template,
            owner: Owner::StatefulSet(self.id),
            pinned: None,
            ordinal_of_owner: made + 1,
            own_labels: Some(Box::new(own_labels)),
        })
    }

    fn delete(&mut self, id: PodId, reason: DeleteReason) {
        let name = self.api.cluster().pod_name(id);
        let set = self.api.cluster().text(self.set().meta.name).to_owned();
        self.api.delete_pod(id, None, reason);
        let message = format!("Delete Pod {name} in StatefulSet {set} successful");
        self.api.event(Subject::StatefulSet(self.id), false, "SuccessfulDelete", &message, SOURCE);
    }
}

/// Whether a missing pod is made of the current revision, not of the wanted one (`isCurrentRevisionNeeded`).
fn current_wanted(set: &StatefulSet, ordinal: u32) -> bool {
    match set.strategy {
        StatefulSetStrategy::OnDelete => false,
        StatefulSetStrategy::RollingUpdate { partition, .. } => {
            let below = partition.unwrap_or(set.status.current);
            i64::from(ordinal) < i64::from(set.start) + i64::from(below)
        }
    }
}
