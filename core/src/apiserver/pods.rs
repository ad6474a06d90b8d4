//! Writing pods: creation, binding, status, deletion (`pkg/registry/core/pod/strategy.go`, v1.37).

use super::admission::lifecycle;
use super::api::Api;
use super::notice::{PodChange, Watched};
use crate::cluster::ids::{NamespaceId, NodeId, PodId, TemplateId};
use crate::cluster::labels::Labels;
use crate::cluster::pod::{Deletion, DisruptionReason, Owner, Phase, Pod, PodName};
use crate::trace::{Change, DeleteReason, RecordId, Subject, UnreadyReason};
use crate::units::grow;
use crate::units::intern::Sym;
use crate::units::time::{Millis, SECOND, Time};

/// What a controller says of a pod it wants made.
#[derive(Clone, Debug)]
pub struct NewPod {
    /// Namespace.
    pub namespace: NamespaceId,
    /// How its name is made.
    pub name: PodName,
    /// Its template.
    pub template: TemplateId,
    /// Its controller.
    pub owner: Owner,
    /// The only node it may run on (DaemonSet).
    pub pinned: Option<NodeId>,
    /// The k-th pod of its owner, from 1.
    pub ordinal_of_owner: u32,
    /// Labels on top of the template's.
    pub own_labels: Option<Box<Labels>>,
}

/// A request that the API server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub code: u16,
    /// The status' message.
    pub message: String,
    /// Messages of its causes.
    pub causes: Vec<String>,
    /// `Retry-After`, in whole seconds; none without the header.
    pub retry_after: Option<i64>,
}

impl Refusal {
    /// No answer yet: see [`Api::begin_look`].
    fn to_come() -> Refusal {
        Refusal { code: 0, message: String::new(), causes: Vec::new(), retry_after: None }
    }

    /// Whether controllers take it for no error: the namespace is being deleted (`NamespaceTerminating`), or the answer is still to come.
    pub fn is_no_error(&self) -> bool {
        self.code == 0 || self.code == 403 && self.message.ends_with("because it is being terminated")
    }
}

/// The creations of one look of a controller, where webhooks take their time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    /// How many creations may go on: their time is over.
    granted: usize,
    /// How long the others take.
    waits: Millis,
}

impl Api {
    /// Creates a pod.
    ///
    /// # Errors
    /// Refused where the namespace is being deleted or gone (`NamespaceLifecycle`), the priority class does not exist (`Priority`), or a limit
    /// range (`LimitRanger`), the standard of the namespace (`PodSecurity`), a policy (`ValidatingAdmissionPolicy`), a webhook or a quota
    /// (`ResourceQuota`) does not allow it; and where a webhook that fails closed cannot be reached.
    pub fn create_pod(&mut self, mut new: NewPod) -> Result<PodId, Refusal> {
        if self.cluster.namespaces.get(new.namespace.index()).is_some_and(|n| n.deleting.is_some() || n.gone) {
            let name = self.name_of(&new, None);
            self.refuse_in_terminating(new.namespace, "pods", &name)?;
        }
        if let Some(mut look) = self.look {
            let delay = self.creation_delay(new.namespace, new.template);
            if delay > 0 {
                match look.granted.checked_sub(1) {
                    Some(left) => look.granted = left,
                    None => look.waits = look.waits.max(delay),
                }
                self.look = Some(look);
                if look.waits > 0 {
                    return Err(Refusal::to_come());
                }
            }
        }
        // Mutating admission comes before all that counts.
        new.template = self.with_recommendation(new.template, new.owner);
        let (template, charges) = self.review_pod(&new)?;
        self.charge_quotas(charges);
        let now = self.now();
        let template_id = self.with_default_class(template, new.owner);
        let template = self.cluster.template(template_id);
        let (priority, node_name) = (template.priority, template.node_name);
        let id = PodId::from_index(self.cluster.pods.len());
        let pod = Pod {
            pinned: new.pinned,
            ordinal_of_owner: new.ordinal_of_owner,
            own_labels: new.own_labels,
            ..Pod::new(new.name, new.namespace, template_id, new.owner, priority, now)
        };
        grow::push(&mut self.cluster.pods, pod);
        self.link_to_owner(id);
        let record = self.announce(Subject::Pod(id), Change::PodCreated, Watched::Pod(id, PodChange::Added));
        // `spec.nodeName` in the template goes past the scheduler.
        let direct = node_name.and_then(|name| self.cluster.node_named(self.cluster.text(name)));
        if let Some(node) = direct {
            let before = self.cause();
            self.set_cause(Some(record));
            self.bind(id, node);
            self.set_cause(before);
        }
        Ok(id)
    }

    /// A look of a controller begins: of the pods that it creates and that webhooks keep waiting so many are due now, and the others are
    /// refused with [`Refusal::is_no_error`].
    pub fn begin_look(&mut self, granted: usize) {
        self.look = Some(Look { granted, waits: 0 });
    }

    /// The look ends: how long the webhooks take for the pods that it could not create yet; none if there are none.
    pub fn end_look(&mut self) -> Option<Millis> {
        self.look.take().map(|look| look.waits).filter(|&waits| waits > 0)
    }

    /// What the admission plugin Priority makes of a pod without a class (`plugin/pkg/admission/priority`, v1.37): it gets the class that is the
    /// default now, not the one that was when its owner was written. Only ReplicaSets tell their revisions apart by hash alone, so that
    /// their pods may have a template of their own.
    fn with_default_class(&mut self, id: TemplateId, owner: Owner) -> TemplateId {
        let classes = &self.cluster.priority_classes;
        let Some((value, never)) = classes
            .iter()
            .filter(|class| class.global_default)
            .min_by_key(|class| class.value)
            .map(|class| (class.value, class.never_preempts))
        else {
            return id;
        };
        let template = self.cluster.template(id);
        let by_class = template.priority_class.is_some() || (template.priority, template.never_preempts) == (value, never);
        if by_class || !matches!(owner, Owner::ReplicaSet(_)) {
            return id;
        }
        let mut own = template.clone();
        (own.priority, own.never_preempts) = (value, never);
        if let Some(known) = self.cluster.templates.iter().rposition(|known| **known == own) {
            return TemplateId::from_index(known);
        }
        self.cluster.templates.push(std::sync::Arc::new(own));
        TemplateId::from_index(self.cluster.templates.len() - 1)
    }

    /// `NamespaceLifecycle`: nothing new comes into a namespace that is being deleted, or is gone.
    pub(super) fn refuse_in_terminating(&self, namespace: NamespaceId, resource: &str, name: &str) -> Result<(), Refusal> {
        lifecycle(&self.cluster, namespace, resource, name)
    }

    fn link_to_owner(&mut self, id: PodId) {
        match self.cluster.pods[id.index()].owner {
            Owner::ReplicaSet(owner) => {
                let owner = &mut self.cluster.replica_sets[owner.index()];
                owner.pods.push(id);
                owner.pods_made += 1;
            }
            Owner::StatefulSet(owner) => {
                let owner = &mut self.cluster.stateful_sets[owner.index()];
                owner.pods.push(id);
                owner.pods_made += 1;
            }
            Owner::DaemonSet(owner) => {
                let owner = &mut self.cluster.daemon_sets[owner.index()];
                owner.pods.push(id);
                owner.pods_made += 1;
            }
            Owner::Job(owner) => {
                let owner = &mut self.cluster.jobs[owner.index()];
                owner.pods.push(id);
                owner.pods_made += 1;
            }
            Owner::None | Owner::Node | Owner::Foreign { .. } => {}
        }
    }

    /// Binds a pod to a node (the `binding` subresource): clears its nomination.
    pub fn bind(&mut self, id: PodId, node: NodeId) -> RecordId {
        let now = self.now();
        let pod = &mut self.cluster.pods[id.index()];
        pod.node = Some(node);
        pod.bound = Some(now);
        pod.nominated = None;
        self.cluster.nodes[node.index()].pods.push(id);
        self.announce(Subject::Pod(id), Change::PodBound(node), Watched::Pod(id, PodChange::Bound))
    }

    /// Writes the condition PodScheduled=False and the FailedScheduling event: `message` in full.
    pub fn mark_unschedulable(&mut self, id: PodId, message: &str) -> RecordId {
        let text = self.trace_mut().text_id(message);
        self.record(Subject::Pod(id), Change::PodUnschedulable(text))
    }

    /// Sets or clears `status.nominatedNodeName`.
    pub fn nominate(&mut self, id: PodId, node: Option<NodeId>) {
        if self.cluster.pods[id.index()].nominated == node {
            return;
        }
        self.cluster.pods[id.index()].nominated = node;
        match node {
            Some(node) => {
                self.announce(Subject::Pod(id), Change::PodNominated(node), Watched::Pod(id, PodChange::Nominated));
            }
            None => self.notify(Watched::Pod(id, PodChange::Nominated)),
        }
    }

    /// The kubelet accepted the pod: `status.startTime`.
    pub fn accept(&mut self, id: PodId) {
        let now = self.now();
        self.cluster.pods[id.index()].started.get_or_insert(now);
    }

    /// Its containers run: phase Running.
    pub fn mark_running(&mut self, id: PodId) -> RecordId {
        self.accept(id);
        self.cluster.pods[id.index()].phase = Phase::Running;
        self.announce(Subject::Pod(id), Change::PodRunning, Watched::Pod(id, PodChange::Status))
    }

    /// The Ready condition becomes True.
    pub fn mark_ready(&mut self, id: PodId) -> Option<RecordId> {
        let now = self.now();
        let pod = &mut self.cluster.pods[id.index()];
        if pod.ready || pod.gone {
            return None;
        }
        pod.ready = true;
        pod.ready_since = now;
        Some(self.announce(Subject::Pod(id), Change::PodReady, Watched::Pod(id, PodChange::Status)))
    }

    /// The Ready condition becomes False.
    pub fn mark_unready(&mut self, id: PodId, reason: UnreadyReason) -> Option<RecordId> {
        let now = self.now();
        let pod = &mut self.cluster.pods[id.index()];
        if !pod.ready || pod.gone {
            return None;
        }
        pod.ready = false;
        pod.ready_since = now;
        Some(self.announce(Subject::Pod(id), Change::PodUnready(reason), Watched::Pod(id, PodChange::Status)))
    }

    /// Its main container ended and was started again in place.
    pub fn mark_restarted(&mut self, id: PodId) -> RecordId {
        let pod = &mut self.cluster.pods[id.index()];
        pod.restarts = pod.restarts.saturating_add(1);
        let count = pod.restarts;
        self.announce(Subject::Pod(id), Change::PodRestarted(count), Watched::Pod(id, PodChange::Status))
    }

    /// All containers ended: phase Succeeded for exit code 0, else Failed; not ready any more.
    pub fn mark_finished(&mut self, id: PodId, exit_code: i32) -> RecordId {
        if exit_code == 0 {
            self.finish(id, Phase::Succeeded, Sym::EMPTY, 0);
            self.announce(Subject::Pod(id), Change::PodSucceeded, Watched::Pod(id, PodChange::Status))
        } else {
            self.fail_with(id, Sym::EMPTY, &format!("container exited with code {exit_code}"), exit_code)
        }
    }

    /// Phase Failed with a reason of the kubelet (`Evicted`, `OutOfcpu`, …) and its message.
    pub fn fail_pod(&mut self, id: PodId, reason: &str, message: &str) -> RecordId {
        let reason = self.cluster.text.intern(reason);
        self.fail_with(id, reason, message, 137)
    }

    fn fail_with(&mut self, id: PodId, reason: Sym, message: &str, exit_code: i32) -> RecordId {
        self.finish(id, Phase::Failed, reason, exit_code);
        let text = self.trace_mut().text_id(message);
        self.announce(Subject::Pod(id), Change::PodFailed(reason, text), Watched::Pod(id, PodChange::Status))
    }

    fn finish(&mut self, id: PodId, phase: Phase, reason: Sym, exit_code: i32) {
        let now = self.now();
        let pod = &mut self.cluster.pods[id.index()];
        pod.phase = phase;
        pod.reason = reason;
        pod.exit_code = exit_code;
        pod.finished = Some(now);
        if pod.ready {
            pod.ready = false;
            pod.ready_since = now;
        }
    }

    /// The condition DisruptionTarget becomes True.
    pub fn mark_disruption_target(&mut self, id: PodId, reason: DisruptionReason) {
        if self.cluster.pods[id.index()].disruption.is_none() {
            self.cluster.pods[id.index()].disruption = Some(reason);
            let record = self.announce(Subject::Pod(id), Change::PodDisruptionTarget(reason), Watched::Pod(id, PodChange::Status));
            debug_assert!(self.trace().record(record).is_some());
        }
    }

    /// Deletes a pod. Grace is `grace_seconds`, else the pod's own; forced to 0 where it has no node yet or has ended; a negative one
    /// becomes 1. Grace 0 removes it at once, else its kubelet finishes the job. A second deletion can only shorten the grace.
    pub fn delete_pod(&mut self, id: PodId, grace_seconds: Option<i64>, reason: DeleteReason) {
        let now = self.now();
        let own_grace = self.cluster.template_of(id).grace / SECOND;
        let pod = &mut self.cluster.pods[id.index()];
        if pod.gone {
            return;
        }
        let mut grace = grace_seconds.unwrap_or(own_grace);
        if grace < 0 {
            grace = 1;
        }
        if pod.node.is_none() || pod.phase.is_terminal() {
            grace = 0;
        }
        match pod.deletion {
            Some(under_way) if grace > 0 => {
                if grace < under_way.grace_seconds {
                    pod.deletion = Some(Deletion { requested: now, grace_seconds: grace });
                    self.notify(Watched::Pod(id, PodChange::Deleting));
                }
            }
            _ => {
                pod.deletion = Some(Deletion { requested: pod.deletion.map_or(now, |d| d.requested), grace_seconds: grace });
                let record = self.announce(Subject::Pod(id), Change::PodDeleting(reason), Watched::Pod(id, PodChange::Deleting));
                if grace == 0 {
                    let before = self.cause();
                    self.set_cause(Some(record));
                    self.remove_pod(id);
                    self.set_cause(before);
                }
            }
        }
    }

    /// The pod object goes: its kubelet is done with it, or it was deleted by force.
    pub fn remove_pod(&mut self, id: PodId) {
        if self.cluster.pods[id.index()].gone {
            return;
        }
        let (node, owner) = {
            let pod = &mut self.cluster.pods[id.index()];
            pod.gone = true;
            pod.ready = false;
            (pod.node, pod.owner)
        };
        if let Some(node) = node {
            let pods = &mut self.cluster.nodes[node.index()].pods;
            if let Some(at) = pods.iter().position(|&p| p == id) {
                pods.remove(at);
            }
        }
        let of_owner = match owner {
            Owner::ReplicaSet(owner) => Some(&mut self.cluster.replica_sets[owner.index()].pods),
            Owner::StatefulSet(owner) => Some(&mut self.cluster.stateful_sets[owner.index()].pods),
            Owner::DaemonSet(owner) => Some(&mut self.cluster.daemon_sets[owner.index()].pods),
            Owner::Job(owner) => Some(&mut self.cluster.jobs[owner.index()].pods),
            Owner::None | Owner::Node | Owner::Foreign { .. } => None,
        };
        if let Some(pods) = of_owner
            && let Ok(at) = pods.binary_search(&id)
        {
            pods.remove(at);
        }
        self.announce(Subject::Pod(id), Change::PodGone, Watched::Pod(id, PodChange::Gone));
        if let Some(owner) = Api::direct_owner(owner) {
            self.finish_foreground(owner);
        }
    }

    /// Sets a label of a pod, on top of its template's.
    pub fn set_pod_label(&mut self, id: PodId, key: Sym, value: Sym) {
        let pod = &mut self.cluster.pods[id.index()];
        pod.own_labels.get_or_insert_default().set(key, value);
        self.notify(Watched::Pod(id, PodChange::Spec));
    }

    /// Sets the annotation `controller.kubernetes.io/pod-deletion-cost` of a pod.
    pub fn set_deletion_cost(&mut self, id: PodId, cost: i32) {
        self.cluster.pods[id.index()].deletion_cost = Some(cost);
        self.notify(Watched::Pod(id, PodChange::Spec));
    }

    /// When a pod's grace is over, for one that is being deleted.
    pub fn grace_end(&self, id: PodId) -> Option<Time> {
        self.cluster.pods[id.index()].deletion.map(|d| d.requested + d.grace_seconds * SECOND)
    }
}
