//! The scheduler's place in the engine: what it is told, when it tries a pod, and how its decisions are carried out.

use std::collections::{BTreeMap, BTreeSet};

use super::attempts::Attempts;
use super::sim::SimOptions;
use super::ties::Ties;
use crate::apiserver::{Api, NodeChange, Notice, PodChange, Watched};
use crate::cluster::Cluster;
use crate::cluster::ids::{ClaimId, NodeId, PodId};
use crate::cluster::pod::DisruptionReason;
use crate::scheduler::config::SchedulerConfig;
use crate::scheduler::hints::ClusterEvent;
use crate::scheduler::{Attempt, Detail, Nomination, Outcome, Scheduler};
use crate::trace::{DeleteReason, Message, RecordId, Subject};
use crate::units::rng::Orders;
use crate::units::time::{Millis, SECOND, Time};

/// Source of the scheduler's events.
const SOURCE: &str = "default-scheduler";
/// A longer FailedScheduling text is cut in the event: the first 1020 bytes, then ` ...` (`pkg/scheduler/schedule_one.go`, v1.37).
const EVENT_NOTE_BYTES: usize = 1_024;

/// How often PreBind looks whether the claims are bound (`pkg/scheduler/framework/plugins/volumebinding/binder.go` BindPodVolumes, v1.37).
const BINDING_LOOK: Millis = SECOND;
/// How long PreBind waits for claims (`bindTimeoutSeconds`, `apis/config/v1/defaults.go`, v1.37).
const BINDING_TIMEOUT: Millis = 600 * SECOND;

/// A pod that has its node and waits in PreBind.
#[derive(Clone, Debug)]
struct Binding {
    node: NodeId,
    claims: Vec<ClaimId>,
    since: Time,
    cause: Option<RecordId>,
}

impl Binding {
    /// When PreBind looks next, at this moment or after it.
    fn next_look(&self, now: Time) -> Time {
        let looks = ((now - self.since + BINDING_LOOK - 1) / BINDING_LOOK).max(1);
        self.since + looks * BINDING_LOOK
    }
}

/// The scheduler, and the pods it has promised a node that are not bound yet.
#[derive(Clone, Debug)]
pub struct Scheduling {
    scheduler: Scheduler,
    /// Pods whose claims have to be bound first: PreBind.
    binding: BTreeMap<PodId, Binding>,
    /// How many claims the scheduler has heard of.
    claims_seen: usize,
    /// When the scheduler will see of a pod that its claims are bound, that its node is gone, or that it has waited too long.
    seen_at: BTreeSet<(Time, PodId)>,
    /// What the next attempt at a pod follows from.
    causes: BTreeMap<PodId, RecordId>,
    /// What was wrong with the configuration; the default profile is used then.
    configuration_errors: Vec<String>,
    now: Time,
    /// The attempts at the pod that is watched.
    watched: Option<Attempts>,
    /// How equally good nodes are chosen from, where not as the scheduler does.
    ties: Option<Ties>,
}

impl Scheduling {
    /// Takes in what exists; pods that wait are queued, in order of creation.
    pub fn new(options: &SimOptions, cluster: &mut Cluster, now: Time) -> Scheduling {
        let standard = SchedulerConfig::standard(&mut cluster.text);
        let (config, configuration_errors) = match &options.scheduler_configuration {
            None => (standard, Vec::new()),
            Some(document) => match SchedulerConfig::from_json(document, &mut cluster.text) {
                Ok(config) => (config, Vec::new()),
                Err(errors) => (standard, errors),
            },
        };
        let mut scheduler = Scheduler::new(&config, cluster);
        scheduler.set_orders(Orders::of(options.seed));
        let waiting: Vec<PodId> = cluster.live_pods().filter(|(_, p)| p.is_unscheduled()).map(|(id, _)| id).collect();
        for id in waiting {
            scheduler.enqueue(cluster, id, now);
        }
        Scheduling {
            scheduler,
            binding: BTreeMap::new(),
            claims_seen: cluster.storage.claims.len(),
            seen_at: BTreeSet::new(),
            causes: BTreeMap::new(),
            configuration_errors,
            now,
            watched: None,
            ties: None,
        }
    }

    /// What was wrong with the `KubeSchedulerConfiguration` that was given.
    pub fn configuration_errors(&self) -> &[String] {
        &self.configuration_errors
    }

    /// Another instance takes over: it knows nothing but what the API server tells. Its first attempts have the cause of the API.
    pub(super) fn restart(&mut self, api: &Api) {
        let (cluster, now) = (api.cluster(), api.now());
        let mut scheduler = Scheduler::new(self.scheduler.config(), cluster);
        scheduler.set_orders(api.orders());
        (self.now, self.claims_seen) = (now, cluster.storage.claims.len());
        (self.binding, self.seen_at, self.causes) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        for (id, _) in cluster.live_pods().filter(|(_, pod)| pod.is_unscheduled()) {
            if let Some(node) = cluster.pod(id).nominated {
                scheduler.nominate(id, Some(node));
            }
            scheduler.enqueue(cluster, id, now);
            self.causes.extend(api.cause().map(|cause| (id, cause)));
        }
        self.scheduler = scheduler;
    }

    /// Tries a pod without carrying anything out: every node with its refusal or scores, as of now.
    pub fn explain(&self, cluster: &Cluster, pod: PodId, now: Time) -> Attempt {
        let mut copy = self.scheduler.clone();
        if self.binding.contains_key(&pod) {
            copy.forget(cluster, pod, now);
        }
        copy.attempt(cluster, pod, now, Detail::Full)
    }

    /// Keeps every attempt at a pod from now on in full; it need not exist yet.
    pub fn watch(&mut self, pod: PodId) {
        self.watched = Some(Attempts::of(pod));
    }

    /// Chooses among equally good nodes by another rule from now on, and keeps every such choice.
    pub fn set_ties(&mut self, ties: Ties) {
        self.ties = Some(ties);
    }

    /// The choices there were, if they are kept.
    pub fn ties(&self) -> Option<&Ties> {
        self.ties.as_ref()
    }

    /// The attempts at the pod that is watched.
    pub fn attempts(&self) -> Option<&Attempts> {
        self.watched.as_ref()
    }

    /// The pods that have this node and wait for their claims before they are bound to it.
    pub fn promised(&self, node: NodeId) -> impl Iterator<Item = PodId> {
        self.binding.iter().filter(move |(_, binding)| binding.node == node).map(|(&id, _)| id)
    }

    /// The scheduler, to ask about a cluster that is thought of and not there.
    pub fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    /// Forgets which records the waiting pods follow from: a fork begins a trace of its own.
    pub fn forget_causes(&mut self) {
        self.causes.clear();
        self.binding.values_mut().for_each(|binding| binding.cause = None);
    }

    /// Gives back the room of pods that have been placed.
    pub fn give_back(&mut self) {
        self.scheduler.give_back();
    }

    /// Takes a notice.
    pub fn observe(&mut self, api: &mut Api, notice: &Notice) {
        let now = api.now();
        self.now = now;
        let event = match notice.watched {
            Watched::Pod(id, change) => {
                let pod = api.cluster().pod(id);
                match change {
                    PodChange::Added if pod.node.is_some() => ClusterEvent::PodBound(id),
                    PodChange::Added => {
                        self.remember(id, notice.record);
                        ClusterEvent::PodAdded(id)
                    }
                    PodChange::Bound => {
                        self.causes.remove(&id);
                        ClusterEvent::PodBound(id)
                    }
                    PodChange::Nominated => ClusterEvent::PodNominated(id),
                    PodChange::Gone => {
                        self.causes.remove(&id);
                        self.end_binding(id);
                        ClusterEvent::PodGone(id)
                    }
                    PodChange::Resized(old) => {
                        self.scheduler.pod_resized(api.cluster(), id, old);
                        ClusterEvent::PodUpdated(id)
                    }
                    PodChange::Deleting if self.end_binding(id).is_some() => {
                        self.scheduler.forget(api.cluster(), id, now);
                        ClusterEvent::PodUpdated(id)
                    }
                    PodChange::Status | PodChange::Deleting | PodChange::Spec => ClusterEvent::PodUpdated(id),
                }
            }
            Watched::Node(id, NodeChange::Added) => ClusterEvent::NodeAdded(id),
            Watched::Node(id, NodeChange::Gone) => {
                for (&pod, binding) in self.binding.iter().filter(|(_, binding)| binding.node == id) {
                    self.seen_at.insert((binding.next_look(now), pod));
                }
                ClusterEvent::NodeGone(id)
            }
            Watched::Node(_, NodeChange::Machine | NodeChange::Ready | NodeChange::Pressure | NodeChange::PodRange) => return,
            Watched::Node(id, _) => ClusterEvent::NodeUpdated(id),
            Watched::Claim(id) => {
                self.finish_binding(api, id, notice.record);
                if id.index() < self.claims_seen {
                    ClusterEvent::ClaimUpdated(id)
                } else {
                    self.claims_seen = id.index() + 1;
                    ClusterEvent::ClaimAdded(id)
                }
            }
            Watched::Attachment(volume, node) if !api.cluster().has_attachment(volume, node) => ClusterEvent::StorageChanged,
            Watched::Volume(id) => ClusterEvent::VolumeChanged(id),
            Watched::Service(_) => ClusterEvent::ServicesChanged,
            _ => return,
        };
        self.scheduler.observe(api.cluster(), event, now);
    }

    fn remember(&mut self, id: PodId, record: Option<RecordId>) {
        if let Some(record) = record {
            self.causes.insert(id, record);
        }
    }

    /// When the next pod may be tried.
    pub fn next_time(&self) -> Option<Time> {
        self.scheduler.next_wake(self.now).into_iter().chain(self.seen_at.first().map(|s| s.0)).min()
    }

    /// Tries the next pod that waits; false if none may be tried now.
    pub fn run_due(&mut self, api: &mut Api) -> bool {
        let now = api.now();
        self.now = now;
        if self.finish_due_binding(api) {
            return true;
        }
        let Some(id) = self.scheduler.next_pod(api.cluster(), now) else { return false };
        if self.binding.contains_key(&id) {
            return true;
        }
        let watched = self.watched.as_mut().filter(|attempts| attempts.pod() == id);
        // How much is recorded changes nothing of what is decided.
        let detail = if watched.is_some() || self.ties.is_some() { Detail::Full } else { Detail::Decision };
        let mut attempt = self.scheduler.attempt(api.cluster(), id, now, detail);
        if let Some(attempts) = watched {
            attempts.push(&attempt, self.scheduler.node_order(), api.cluster());
        }
        if let (Some(ties), Some(own), Some(matrix)) = (&mut self.ties, attempt.node(), &attempt.matrix) {
            let taken = ties.take(now, id, own, &matrix.best);
            if taken != own {
                attempt.volumes = self.scheduler.volumes_on(api.cluster(), &attempt, taken);
                attempt.outcome = Outcome::Placed(taken);
            }
        }
        api.set_cause(self.causes.get(&id).copied());
        match attempt.outcome {
            Outcome::Placed(node) => self.place(api, id, node, &attempt),
            Outcome::Unplaced => self.leave_waiting(api, &attempt),
            Outcome::Ignored(_) | Outcome::Gated(_) => {}
        }
        true
    }

    fn place(&mut self, api: &mut Api, id: PodId, node: NodeId, attempt: &Attempt) {
        let mut waits_for = Vec::new();
        if let Some(volumes) = &attempt.volumes {
            for &(claim, volume) in &volumes.matched {
                api.reserve_volume(volume, claim);
                waits_for.push(claim);
            }
            for &(claim, _) in &volumes.provisioned {
                api.select_node(claim, node);
                waits_for.push(claim);
            }
        }
        waits_for.retain(|claim| !api.cluster().storage.claims[claim.index()].bind_completed);
        if waits_for.is_empty() {
            bind(api, id, node);
        } else {
            // The binding cycle writes the nomination before it waits in PreBind.
            self.scheduler.assume(api.cluster(), id, node);
            self.binding.insert(id, Binding { node, claims: waits_for, since: api.now(), cause: None });
            self.seen_at.insert((api.now() + BINDING_TIMEOUT, id));
            api.nominate(id, Some(node));
        }
    }

    /// A claim changed: the pods that waited for it last are bound at the next look.
    fn finish_binding(&mut self, api: &mut Api, claim: ClaimId, record: Option<RecordId>) {
        if !api.cluster().storage.claims[claim.index()].bind_completed {
            return;
        }
        let now = api.now();
        for (&id, binding) in &mut self.binding {
            if binding.claims.is_empty() {
                continue;
            }
            binding.claims.retain(|&c| c != claim);
            if binding.claims.is_empty() {
                binding.cause = record;
                self.seen_at.insert((binding.next_look(now), id));
            }
        }
    }

    /// A look at a pod that waits in PreBind: it is bound, or tried again; false if no look is due.
    fn finish_due_binding(&mut self, api: &mut Api) -> bool {
        let now = api.now();
        let Some(&(time, id)) = self.seen_at.first().filter(|(time, _)| *time <= now) else { return false };
        self.seen_at.remove(&(time, id));
        let Some(binding) = self.binding.get(&id) else { return true };
        let node = api.cluster().node(binding.node);
        if node.gone {
            let name = api.cluster().text(node.name).to_owned();
            self.cancel_binding(api, id, &format!("failed to get node \"{name}\": node \"{name}\" not found"));
        } else if !binding.claims.is_empty() {
            if now - binding.since >= BINDING_TIMEOUT {
                self.cancel_binding(api, id, "context deadline exceeded");
            }
        } else if let Some(binding) = self.end_binding(id)
            && api.cluster().pod(id).is_unscheduled()
        {
            let before = api.cause();
            api.set_cause(binding.cause.or(before));
            bind(api, id, binding.node);
            api.set_cause(before);
        }
        true
    }

    /// Forgets that a pod waits in PreBind, if it does.
    fn end_binding(&mut self, id: PodId) -> Option<Binding> {
        let binding = self.binding.remove(&id)?;
        self.seen_at.remove(&(binding.since + BINDING_TIMEOUT, id));
        Some(binding)
    }

    fn leave_waiting(&mut self, api: &mut Api, attempt: &Attempt) {
        let id = attempt.pod;
        let record = api.mark_unschedulable(id, &attempt.message);
        let before = api.cause();
        api.set_cause(Some(record));
        let mut note = attempt.message.as_str();
        let cut;
        if note.len() > EVENT_NOTE_BYTES {
            let end = (0..=EVENT_NOTE_BYTES - 4).rev().find(|&i| note.is_char_boundary(i)).unwrap_or(0);
            cut = format!("{} ...", &note[..end]);
            note = &cut;
        }
        api.event(Subject::Pod(id), true, "FailedScheduling", note, SOURCE);
        // Back in the queue before its victims give up their room: it is the first to be woken.
        self.scheduler.failed(api.cluster(), attempt, api.now());
        self.preempt(api, attempt);
        match attempt.nomination {
            Nomination::Keep => {}
            Nomination::Clear => api.nominate(id, None),
            Nomination::Set(node) => api.nominate(id, Some(node)),
        }
        api.set_cause(before);
    }

    /// A pod that waited in PreBind is not bound, for this reason: it gives up its room, and is tried again after its backoff
    /// (`pkg/scheduler/schedule_one.go` handleBindingCycleError, v1.37).
    fn cancel_binding(&mut self, api: &mut Api, id: PodId, why: &str) {
        let now = api.now();
        self.end_binding(id);
        self.seen_at.retain(|&(_, pod)| pod != id);
        let message = format!("running PreBind plugin \"VolumeBinding\": binding volumes: {why}");
        let record = api.mark_unschedulable(id, &message);
        self.causes.insert(id, record);
        api.event(Subject::Pod(id), true, "FailedScheduling", &message, SOURCE);
        self.scheduler.forget(api.cluster(), id, now);
        self.scheduler.failed(api.cluster(), &Attempt { nomination: Nomination::Clear, ..Attempt::new(id, now, Outcome::Unplaced) }, now);
        api.nominate(id, None);
    }

    /// Carries preemption out: lower nominations are cleared, victims marked and deleted with their own grace
    /// (`pkg/scheduler/framework/preemption/executor.go`, v1.37).
    fn preempt(&mut self, api: &mut Api, attempt: &Attempt) {
        let Some(preemption) = &attempt.preemption else { return };
        let Some(chosen) = preemption.chosen() else { return };
        for &pod in &preemption.cleared {
            api.nominate(pod, None);
        }
        let node = api.cluster().text(api.cluster().node(chosen.node).name).to_owned();
        let preemptor = api.cluster().pod_full_name(attempt.pod);
        for &victim in &chosen.victims {
            if api.cluster().pod(victim).deletion.is_some() {
                continue;
            }
            if self.binding.contains_key(&victim) {
                let note = format!("Preempted by pod {preemptor} on node {node} (in kube-scheduler memory).");
                api.event(Subject::Pod(victim), false, "Preempted", &note, SOURCE);
                self.cancel_binding(api, victim, "context canceled");
                continue;
            }
            api.mark_disruption_target(victim, DisruptionReason::Preemption);
            api.event(Subject::Pod(victim), false, "Preempted", &format!("Preempted by pod {preemptor} on node {node}"), SOURCE);
            api.delete_pod(victim, None, DeleteReason::Preempted);
        }
    }
}

fn bind(api: &mut Api, id: PodId, node: NodeId) {
    let record = api.bind(id, node);
    let before = api.cause();
    api.set_cause(Some(record));
    api.event_of(Subject::Pod(id), false, "Scheduled", Message::Assigned(node), SOURCE);
    api.set_cause(before);
}
