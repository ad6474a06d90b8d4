//! Records: one thing that happened, when, to what, and because of which earlier record.

use super::event::{EventClassId, Message};
use crate::cluster::ids::*;
use crate::cluster::node::NodeReady;
use crate::cluster::pod::DisruptionReason;
use crate::cluster::template::TaintEffect;
use crate::units::intern::Sym;
use crate::units::time::Time;

/// The number of a record in its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub u32);

/// The number of a text kept by the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextId(pub u32);

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The cluster as a whole.
    Cluster,
    /// A step of the scenario, by position.
    Step(u32),
    /// A zone.
    Zone(ZoneId),
    /// A node.
    Node(NodeId),
    /// A pod.
    Pod(PodId),
    /// A Deployment.
    Deployment(DeploymentId),
    /// A ReplicaSet.
    ReplicaSet(ReplicaSetId),
    /// A StatefulSet.
    StatefulSet(StatefulSetId),
    /// A DaemonSet.
    DaemonSet(DaemonSetId),
    /// A Job.
    Job(JobId),
    /// A CronJob.
    CronJob(CronJobId),
    /// A HorizontalPodAutoscaler.
    Autoscaler(AutoscalerId),
    /// A VerticalPodAutoscaler.
    VerticalAutoscaler(VerticalAutoscalerId),
    /// A pool of nodes that grows and shrinks.
    NodePool(NodePoolId),
    /// A NodePool of Karpenter's.
    KarpenterPool(KarpenterPoolId),
    /// A PodDisruptionBudget.
    Budget(BudgetId),
    /// A ResourceQuota.
    Quota(QuotaId),
    /// A namespace.
    Namespace(NamespaceId),
    /// A PersistentVolumeClaim.
    Claim(ClaimId),
    /// A PersistentVolume.
    Volume(VolumeId),
}

/// Who asked the eviction API for a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evictor {
    /// A user: `kubectl drain`.
    Drain,
    /// Karpenter, which empties a node.
    Karpenter,
    /// The Cluster Autoscaler, which gives a node back.
    ClusterAutoscaler,
    /// The updater of the Vertical Pod Autoscaler, which wants the pod made anew.
    VerticalAutoscaler,
}

/// Why a pod is being deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeleteReason {
    /// A user, or a step of the scenario.
    User,
    /// Its controller has too many pods.
    ScaleDown,
    /// Its controller replaces it (new revision, or it failed).
    Replace,
    /// Its owner is gone.
    OwnerGone,
    /// Its namespace is being deleted.
    NamespaceGone,
    /// The eviction API.
    Evicted(Evictor),
    /// A taint it does not tolerate (any longer).
    Taint,
    /// A pod of higher priority needs the room.
    Preempted,
    /// Pod garbage collection.
    Collected,
    /// Its node should not run it (DaemonSet).
    Misplaced,
}

/// Why a pod is no longer ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnreadyReason {
    /// Its container ended.
    ContainerEnded,
    /// A probe failed.
    Probe,
    /// Its node stopped reporting.
    NodeUnreachable,
    /// It ended.
    Finished,
}

/// What happened. Small on purpose: texts are kept once in the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// A step of the scenario begins.
    StepBegins,
    /// Something was said of a step: what it could not do, how a drain went on.
    StepNote(TextId),
    /// The node joined.
    NodeAdded,
    /// The node object was deleted.
    NodeDeleted,
    /// The machine or its kubelet died: Kubernetes does not know yet.
    NodeFailed,
    /// The machine or its kubelet is back.
    NodeRecovered,
    /// The node and the control plane cannot reach each other; its containers run on.
    NodeCutOff,
    /// They can again.
    NodeReconnected,
    /// The Ready condition changed.
    NodeReady(NodeReady),
    /// A taint was added.
    NodeTainted(Sym, TaintEffect),
    /// A taint was taken away.
    NodeUntainted(Sym, TaintEffect),
    /// Karpenter lets a node go: why.
    NodeLeaves(TextId),
    /// `spec.unschedulable` became true.
    NodeCordoned,
    /// `spec.unschedulable` became false.
    NodeUncordoned,
    /// The kubelet reports memory pressure, or that it is over.
    NodeMemoryPressure(bool),
    /// The kubelet reports disk pressure, or that it is over.
    NodeDiskPressure(bool),
    /// The kubelet reports that few process numbers are left, or that it is over.
    NodePidPressure(bool),
    /// The kubelet deleted so many images that nobody used.
    ImagesRemoved(u32),
    /// The pod was created.
    PodCreated,
    /// No node was found: the text of the FailedScheduling event.
    PodUnschedulable(TextId),
    /// Room is being made for the pod on that node.
    PodNominated(NodeId),
    /// The pod was bound.
    PodBound(NodeId),
    /// Its containers run.
    PodRunning,
    /// It became ready.
    PodReady,
    /// It is no longer ready.
    PodUnready(UnreadyReason),
    /// Its container ended and is restarted in place, for the n-th time.
    PodRestarted(u32),
    /// Its deletion began.
    PodDeleting(DeleteReason),
    /// The condition DisruptionTarget.
    PodDisruptionTarget(DisruptionReason),
    /// All containers ended well.
    PodSucceeded,
    /// It ended badly: reason (empty for a container's exit) and message.
    PodFailed(Sym, TextId),
    /// Gone from the API.
    PodGone,
    /// A workload's spec changed: a new template is rolled out.
    Rollout,
    /// `spec.replicas` changed by a user or scenario.
    Scaled(i32, i32),
    /// A ReplicaSet was made for a Deployment.
    ReplicaSetCreated(DeploymentId),
    /// Its controller changed `spec.replicas`.
    ReplicaSetScaled(i32, i32),
    /// A workload or another object was created.
    Created,
    /// The deletion of an object began: it waits for what it owns.
    Deleting,
    /// An object was deleted.
    Deleted,
    /// A controller's status condition took this status and reason: the text is `Type=Status Reason: message`.
    Condition(TextId),
    /// An eviction was refused: HTTP status and message with its cause.
    EvictionRefused(u16, TextId),
    /// A budget's number of allowed disruptions became this.
    BudgetAllows(i32),
    /// A zone's disruption state changed: the text is `Normal`, `PartialDisruption` or `FullDisruption`.
    ZoneState(TextId),
    /// A Kubernetes Event; [`Trace::event`](super::Trace::event) has its words.
    Event {
        /// Its type, reason and source.
        class: EventClassId,
        /// Whether it stands for this and others like it: its message begins with `(combined from similar events): `.
        merged: bool,
        /// Its message.
        message: Message,
    },
    /// A slot of a CronJob's schedule has come: seconds since 1970.
    CronDue(i64),
    /// An autoscaler changes the size of what it scales: from, to, and why.
    Autoscaled(i32, i32, TextId),
    /// The Cluster Autoscaler or Karpenter changes the size of a pool: from, to, and why. New machines join later.
    PoolScaled(i32, i32, TextId),
    /// A vertical autoscaler recommends something else: in words.
    Recommended(TextId),
    /// A running pod asks for more or less.
    PodResized,
    /// What there is to do for a workload's pods changed: in words.
    LoadChanged(TextId),
    /// A claim was bound to a volume.
    ClaimBound(VolumeId),
    /// The claim of a volume is gone.
    VolumeReleased,
    /// A volume is to be attached to the node.
    VolumeAttaching(NodeId),
    /// It is attached.
    VolumeAttached(NodeId),
    /// It is to be detached from the node.
    VolumeDetaching(NodeId),
    /// It is detached.
    VolumeDetached(NodeId),
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// When.
    pub time: Time,
    /// Because of which earlier record; none only for what the scenario or the start itself did.
    pub cause: Option<RecordId>,
    /// To what.
    pub subject: Subject,
    /// What.
    pub change: Change,
}
