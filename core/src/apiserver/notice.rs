//! Notices: what a watch would deliver. The engine hands each to the scheduler, the kubelets and the controllers.

use crate::cluster::ids::*;
use crate::cluster::state::Workload;
use crate::trace::RecordId;

/// What changed about a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodChange {
    /// It was created; it may be bound already.
    Added,
    /// It was bound to its node.
    Bound,
    /// `status.nominatedNodeName` changed.
    Nominated,
    /// Its phase, readiness or another part of its status changed.
    Status,
    /// Its deletion began.
    Deleting,
    /// Its labels or another part of its spec changed.
    Spec,
    /// It asks for more or less than before; this was its template.
    Resized(TemplateId),
    /// It is gone from the API; its arena entry can still be read.
    Gone,
}

/// What changed about a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeChange {
    /// It joined.
    Added,
    /// Its taints changed.
    Taints,
    /// `spec.unschedulable` changed.
    Unschedulable,
    /// Its labels changed.
    Labels,
    /// Its Ready condition changed.
    Ready,
    /// One of its pressure conditions changed.
    Pressure,
    /// What it can hold changed.
    Allocatable,
    /// Images on it are gone.
    Images,
    /// It got a range of pod addresses, or lost it.
    PodRange,
    /// Its machine died or came back, or was cut off. Only its kubelet and the lease tell: no API object changed.
    Machine,
    /// Karpenter lets it go.
    Leaving,
    /// The node object is gone.
    Gone,
}

/// What changed, of all that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// A pod.
    Pod(PodId, PodChange),
    /// A node.
    Node(NodeId, NodeChange),
    /// A NodePool of Karpenter's.
    KarpenterPool(KarpenterPoolId),
    /// A VerticalPodAutoscaler.
    VerticalAutoscaler(VerticalAutoscalerId),
    /// A Deployment: its spec or status.
    Deployment(DeploymentId),
    /// A ReplicaSet: its spec or status.
    ReplicaSet(ReplicaSetId),
    /// A StatefulSet: its spec or status.
    StatefulSet(StatefulSetId),
    /// A DaemonSet: its spec or status.
    DaemonSet(DaemonSetId),
    /// A Job: its spec or status.
    Job(JobId),
    /// A CronJob: its spec or status.
    CronJob(CronJobId),
    /// A HorizontalPodAutoscaler: its spec.
    Autoscaler(AutoscalerId),
    /// The load of a workload.
    Load(Workload),
    /// A PodDisruptionBudget: its spec or status.
    Budget(BudgetId),
    /// A namespace: its labels, its deletion, its end.
    Namespace(NamespaceId),
    /// A ResourceQuota: its spec.
    Quota(QuotaId),
    /// A Service was added, changed or deleted.
    Service(ServiceId),
    /// A claim was added, bound, changed or deleted.
    Claim(ClaimId),
    /// A VolumeAttachment was created, attached, deleted or is gone.
    Attachment(VolumeId, NodeId),
    /// A volume was added, bound, changed or deleted.
    Volume(VolumeId),
}

/// A change and the record that tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What changed.
    pub watched: Watched,
    /// The record: the cause of all that follows from this notice.
    pub record: Option<RecordId>,
}
