//! Records in words: one sentence for each, in the words of Kubernetes, with names. The texts are unescaped.

use std::borrow::Cow;

use crate::cluster::Cluster;
use crate::cluster::called;
use crate::cluster::ids::{BudgetId, NodeId, PodId, ReplicaSetId};
use crate::cluster::node::NodeReady;
use crate::cluster::pod::DisruptionReason;
use crate::cluster::state::Workload;
use crate::cluster::template::TaintEffect;
use crate::cluster::workloads::Meta;
use crate::trace::{Change, DeleteReason, Evictor, Record, Subject, Trace, UnreadyReason};
use crate::units::calendar::weekday_and_time;
use crate::units::intern::Sym;

/// A trace with the names of what it is about.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The cluster, at the end or later than what is told: it has all names.
    pub cluster: &'a Cluster,
    /// The trace.
    pub trace: &'a Trace,
    /// The steps.
    pub steps: &'a [String],
}

impl<'a> Told<'a> {
    /// The name of a node.
    pub fn node(&self, id: NodeId) -> &'a str {
        self.cluster.nodes.get(id.index()).map_or("", |node| self.cluster.text(node.name))
    }

    /// The zone of a node; empty for none.
    pub fn zone_of(&self, id: NodeId) -> &'a str {
        self.cluster.nodes.get(id.index()).map_or("", |node| self.cluster.zone_name(node.zone))
    }

    /// The name of a pod, with its namespace unless that is `default`.
    pub fn pod(&self, id: PodId) -> String {
        let Some(pod) = self.cluster.pods.get(id.index()) else { return String::new() };
        called::name(self.cluster.namespace_name(pod.namespace), &self.cluster.pod_name(id))
    }

    /// `deployment/web`.
    pub fn workload(&self, workload: Workload) -> String {
        self.cluster.workload_label(workload)
    }

    /// The workload that a ReplicaSet belongs to.
    pub fn of_replica_set(&self, id: ReplicaSetId) -> Workload {
        match self.cluster.replica_sets.get(id.index()).and_then(|set| set.deployment) {
            Some(deployment) => Workload::Deployment(deployment),
            None => Workload::ReplicaSet(id),
        }
    }

    /// The name of a budget, with its namespace unless that is `default`.
    pub fn budget(&self, id: BudgetId) -> String {
        let Some(budget) = self.cluster.budgets.get(id.index()) else { return String::new() };
        called::name(self.cluster.namespace_name(budget.meta.namespace), self.cluster.text(budget.meta.name))
    }

    /// `hpa/web`, with its namespace unless that is `default`.
    fn named(&self, kind: &str, meta: Option<&Meta>) -> String {
        let Some(meta) = meta else { return String::new() };
        called::label(self.cluster.namespace_name(meta.namespace), kind, self.cluster.text(meta.name))
    }

    /// What a record is about.
    pub fn subject(&self, subject: Subject) -> String {
        match subject {
            Subject::Cluster => "the cluster".to_owned(),
            Subject::Step(step) => self.step(step).to_owned(),
            Subject::Zone(zone) => super::input::zone_in_words(self.cluster.zone_name(zone)),
            Subject::Node(node) => format!("node {}", self.node(node)),
            Subject::Pod(pod) => format!("pod {}", self.pod(pod)),
            Subject::Deployment(id) => self.workload(Workload::Deployment(id)),
            Subject::ReplicaSet(id) => self.workload(Workload::ReplicaSet(id)),
            Subject::StatefulSet(id) => self.workload(Workload::StatefulSet(id)),
            Subject::DaemonSet(id) => self.workload(Workload::DaemonSet(id)),
            Subject::Job(id) => self.workload(Workload::Job(id)),
            Subject::CronJob(id) => self.named("cronjob", self.cluster.cron_jobs.get(id.index()).map(|c| &c.meta)),
            Subject::NodePool(id) => {
                format!("node pool {}", self.cluster.node_pools.get(id.index()).map_or("", |pool| self.cluster.text(pool.name)))
            }
            Subject::VerticalAutoscaler(id) => self.named("vpa", self.cluster.vertical_autoscalers.get(id.index()).map(|a| &a.meta)),
            Subject::KarpenterPool(id) => {
                format!("nodepool/{}", self.cluster.karpenter.pools.get(id.index()).map_or("", |pool| self.cluster.text(pool.name)))
            }
            Subject::Autoscaler(id) => self.named("hpa", self.cluster.autoscalers.get(id.index()).map(|a| &a.meta)),
            Subject::Budget(id) => format!("budget {}", self.budget(id)),
            Subject::Quota(id) => {
                format!("quota {}", self.cluster.quotas.get(id.index()).map_or("", |quota| self.cluster.text(quota.meta.name)))
            }
            Subject::Namespace(id) => format!("namespace {}", self.cluster.namespace_name(id)),
            Subject::Claim(id) => {
                format!("claim {}", self.cluster.storage.claims.get(id.index()).map_or("", |claim| self.cluster.text(claim.name)))
            }
            Subject::Volume(id) => {
                format!("volume {}", self.cluster.storage.volumes.get(id.index()).map_or("", |volume| self.cluster.text(volume.name)))
            }
        }
    }

    /// A step in words.
    pub fn step(&self, step: u32) -> &'a str {
        self.steps.get(step as usize).map_or("a step begins", String::as_str)
    }

    /// A record in a sentence.
    pub fn sentence(&self, record: &Record) -> String {
        let subject = self.subject(record.subject);
        match (record.subject, record.change) {
            (Subject::Step(step), Change::StepBegins) => self.step(step).to_owned(),
            (Subject::Step(_) | Subject::Cluster, Change::StepNote(text)) => self.trace.text(text).to_owned(),
            (_, Change::StepNote(text)) => format!("{subject}: {}", self.trace.text(text)),
            (Subject::Pod(pod), Change::PodDeleting(reason)) => {
                format!("{subject} is deleted{}{}", on_node(self, pod), self.why_deleted(reason))
            }
            (Subject::Pod(pod), Change::PodCreated) => match self.cluster.workload_of(pod) {
                Workload::Pod(_) => format!("{subject} is created"),
                workload => format!("{} creates {subject}", self.workload(workload)),
            },
            _ => format!("{subject} {}", self.predicate(record)),
        }
    }

    fn why_deleted(&self, reason: DeleteReason) -> String {
        format!(": {}", delete_reason(reason))
    }

    /// What a record says of its subject, without naming it.
    pub fn predicate(&self, record: &Record) -> String {
        let text = |id| self.trace.text(id);
        match record.change {
            Change::StepBegins => "begins".to_owned(),
            Change::StepNote(note) => text(note).to_owned(),
            Change::NodeAdded => "joins".to_owned(),
            Change::NodeDeleted => "is deleted".to_owned(),
            Change::NodeFailed => "dies; Kubernetes has not noticed yet".to_owned(),
            Change::NodeRecovered => "is back".to_owned(),
            Change::NodeCutOff => "is cut off from the control plane; its containers run on".to_owned(),
            Change::NodeReconnected => "reaches the control plane again".to_owned(),
            Change::NodeReady(ready) => node_ready(ready).to_owned(),
            Change::NodeTainted(key, effect) => format!("gets the taint {}", self.taint(key, effect)),
            Change::NodeUntainted(key, effect) => format!("loses the taint {}", self.taint(key, effect)),
            Change::NodeLeaves(why) => format!("is to go: {}", text(why)),
            Change::NodeCordoned => "is cordoned: nothing new is scheduled to it".to_owned(),
            Change::NodeUncordoned => "is uncordoned".to_owned(),
            Change::NodeMemoryPressure(true) => "reports memory pressure".to_owned(),
            Change::NodeMemoryPressure(false) => "has memory again".to_owned(),
            Change::NodeDiskPressure(true) => "reports disk pressure".to_owned(),
            Change::NodeDiskPressure(false) => "has room on its disk again".to_owned(),
            Change::NodePidPressure(true) => "reports that few process numbers are left (PIDPressure)".to_owned(),
            Change::NodePidPressure(false) => "has process numbers again".to_owned(),
            Change::ImagesRemoved(count) => format!("deletes {} that nobody uses", super::amounts::counted(count as usize, "image")),
            Change::PodCreated => "is created".to_owned(),
            Change::PodUnschedulable(message) => format!("finds no node: {}", text(message)),
            Change::PodNominated(node) => format!("is promised room on {}", self.node(node)),
            Change::PodBound(node) => match self.zone_of(node) {
                "" => format!("is placed on {}", self.node(node)),
                zone => format!("is placed on {} in {zone}", self.node(node)),
            },
            Change::PodRunning => "runs".to_owned(),
            Change::PodReady => "is ready".to_owned(),
            Change::PodUnready(reason) => format!("is no longer ready: {}", unready_reason(reason)),
            Change::PodRestarted(count) => format!("is restarted in place ({})", super::amounts::counted(count as usize, "restart")),
            Change::PodDeleting(reason) => format!("is deleted: {}", delete_reason(reason)),
            Change::PodDisruptionTarget(reason) => format!("is marked for disruption ({})", disruption(reason)),
            Change::PodSucceeded => "ended well".to_owned(),
            Change::PodFailed(reason, message) => match (self.cluster.text(reason), text(message)) {
                ("", "") => "failed".to_owned(),
                ("", message) => format!("failed: {message}"),
                (reason, "") => format!("failed: {reason}"),
                (reason, message) => format!("failed: {reason}: {message}"),
            },
            Change::PodGone => "is gone".to_owned(),
            Change::Rollout => "is rolled out anew: its pod template changed".to_owned(),
            Change::Scaled(from, to) => format!("is scaled from {from} to {to}"),
            Change::ReplicaSetCreated(_) => "is made for the new revision".to_owned(),
            Change::ReplicaSetScaled(from, to) => format!("goes from {from} to {to} pods"),
            Change::Created => "is created".to_owned(),
            Change::Deleting => "is being deleted".to_owned(),
            Change::Deleted => "is deleted".to_owned(),
            Change::Condition(condition) => text(condition).to_owned(),
            Change::EvictionRefused(code, message) => format!("may not be evicted ({code}): {}", text(message)),
            Change::BudgetAllows(0) => "allows no eviction now".to_owned(),
            Change::BudgetAllows(count) => format!("allows {} now", super::amounts::counted(count.max(0) as usize, "eviction")),
            Change::ZoneState(state) => match text(state) {
                "FullDisruption" => "is down as a whole (FullDisruption): its nodes are tainted slowly, one after the other".to_owned(),
                "PartialDisruption" => "is partly down (PartialDisruption): evictions slow down or stop".to_owned(),
                "Normal" => "is Normal again".to_owned(),
                other => other.to_owned(),
            },
            Change::Event { .. } => {
                self.trace.event(self.cluster, record).map_or(String::new(), |event| format!("{}: {}", event.reason, event.message))
            }
            Change::CronDue(slot) => format!("is due ({})", weekday_and_time(slot)),
            Change::Autoscaled(from, to, why) => format!("scales from {from} to {to}: {}", text(why)),
            Change::PoolScaled(from, to, why) if to > from => format!("grows from {from} to {to} nodes: {}", text(why)),
            Change::PoolScaled(from, to, why) => format!("shrinks from {from} to {to} nodes: {}", text(why)),
            Change::Recommended(what) => format!("recommends {}", text(what)),
            Change::PodResized => "is resized in place".to_owned(),
            Change::LoadChanged(load) => format!("has another load: {}", text(load)),
            Change::VolumeReleased => "is released: its claim is gone".to_owned(),
            Change::VolumeAttaching(node) => format!("is being attached to {}", self.node(node)),
            Change::VolumeAttached(node) => format!("is attached to {}", self.node(node)),
            Change::VolumeDetaching(node) => format!("is being detached from {}", self.node(node)),
            Change::VolumeDetached(node) => format!("is detached from {}", self.node(node)),
            Change::ClaimBound(volume) => {
                let volume = self.cluster.storage.volumes.get(volume.index());
                format!("is bound to volume {}", volume.map_or("", |volume| self.cluster.text(volume.name)))
            }
        }
    }

    /// `key:Effect`.
    pub fn taint(&self, key: Sym, effect: TaintEffect) -> String {
        format!("{}:{}", self.cluster.text(key), taint_effect(effect))
    }
}

fn on_node(told: &Told<'_>, pod: PodId) -> String {
    match told.cluster.pods.get(pod.index()).and_then(|pod| pod.node) {
        Some(node) => format!(" on {}", told.node(node)),
        None => String::new(),
    }
}

/// As Kubernetes writes it.
pub(crate) const fn taint_effect(effect: TaintEffect) -> &'static str {
    match effect {
        TaintEffect::NoSchedule => "NoSchedule",
        TaintEffect::PreferNoSchedule => "PreferNoSchedule",
        TaintEffect::NoExecute => "NoExecute",
    }
}

/// What the node controller says of a node.
pub(super) const fn node_ready(ready: NodeReady) -> &'static str {
    match ready {
        NodeReady::True => "is Ready again",
        NodeReady::False => "is NotReady: its kubelet says so",
        NodeReady::Unknown => "is Unknown: its kubelet stopped reporting",
    }
}

/// Why a pod is deleted, as the end of a sentence.
pub(super) fn delete_reason(reason: DeleteReason) -> Cow<'static, str> {
    Cow::Borrowed(match reason {
        DeleteReason::User => "someone asked for it",
        DeleteReason::ScaleDown => "its controller has too many",
        DeleteReason::Replace => "its controller replaces it",
        DeleteReason::OwnerGone => "its owner is gone",
        DeleteReason::NamespaceGone => "its namespace is being deleted",
        DeleteReason::Evicted(by) => return Cow::Owned(format!("it was evicted by {}", evictor(by))),
        DeleteReason::Taint => "it does not tolerate the node's taint any longer",
        DeleteReason::Preempted => "a pod of higher priority takes its room",
        DeleteReason::Collected => "pod garbage collection",
        DeleteReason::Misplaced => "its node should not run it",
    })
}

/// Who evicts, as the subject of a sentence.
pub(super) const fn evictor(by: Evictor) -> &'static str {
    match by {
        Evictor::Drain => "a drain",
        Evictor::Karpenter => "Karpenter",
        Evictor::ClusterAutoscaler => "the Cluster Autoscaler",
        Evictor::VerticalAutoscaler => "the Vertical Pod Autoscaler",
    }
}

/// What a node ran short of when its kubelet evicted a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Short {
    /// Memory.
    Memory,
    /// Room on a disk.
    Disk,
    /// Process numbers.
    Processes,
}

impl Short {
    /// Reads it off the message of the eviction; none where a pod was turned away for another reason.
    pub(super) fn of(message: &str) -> Option<Short> {
        let (_, what) = message.split_once("low on resource: ")?;
        Some(match what.split(['.', ' ']).next().unwrap_or_default() {
            "memory" => Short::Memory,
            "pids" => Short::Processes,
            _ => Short::Disk,
        })
    }

    /// As the end of a sentence that begins with the kubelet.
    pub(super) const fn needs(self) -> &'static str {
        match self {
            Short::Memory => "which needs memory",
            Short::Disk => "which needs room on its disk",
            Short::Processes => "which needs process numbers",
        }
    }
}

/// Why pods were put out, as the middle of a list.
pub(super) fn put_out(reason: DeleteReason) -> Option<Cow<'static, str>> {
    Some(Cow::Borrowed(match reason {
        DeleteReason::Evicted(by) => return Some(Cow::Owned(format!("evicted by {}", evictor(by)))),
        DeleteReason::Taint => "for a taint not tolerated any longer",
        DeleteReason::Preempted => "preempted by pods of higher priority",
        DeleteReason::Collected => "removed by pod garbage collection",
        _ => return None,
    }))
}

/// Why a pod is not ready any more, as the end of a sentence.
pub(super) const fn unready_reason(reason: UnreadyReason) -> &'static str {
    match reason {
        UnreadyReason::ContainerEnded => "its container ended",
        UnreadyReason::Probe => "its readiness probe fails",
        UnreadyReason::NodeUnreachable => "its node is not Ready",
        UnreadyReason::Finished => "it ended",
    }
}

const fn disruption(reason: DisruptionReason) -> &'static str {
    reason.name()
}
