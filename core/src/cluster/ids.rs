//! Typed numbers of the things in a cluster: an id of one kind can't be used where another is meant.

use core::fmt;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the arena of its kind.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The id for a position. Arenas stay far below 2^32 entries: see `limits`.
            pub const fn from_index(index: usize) -> Self {
                Self(index as u32)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}#{}", stringify!($name), self.0)
            }
        }
    )+};
}

ids! {
    /// A node, in order of arrival. Never used again after the node is deleted.
    NodeId,
    /// A pod, in order of creation. Never used again after the pod is gone.
    PodId,
    /// A pod template: everything the pods made from it have in common.
    TemplateId,
    /// A namespace.
    NamespaceId,
    /// A failure zone: the value of a node's zone label.
    ZoneId,
    /// A Deployment.
    DeploymentId,
    /// A ReplicaSet or ReplicationController.
    ReplicaSetId,
    /// A StatefulSet.
    StatefulSetId,
    /// A DaemonSet.
    DaemonSetId,
    /// A Job.
    JobId,
    /// A CronJob.
    CronJobId,
    /// A HorizontalPodAutoscaler.
    AutoscalerId,
    /// A VerticalPodAutoscaler.
    VerticalAutoscalerId,
    /// A pool of nodes that grows and shrinks.
    NodePoolId,
    /// A NodePool of Karpenter's.
    KarpenterPoolId,
    /// A Service.
    ServiceId,
    /// A PodDisruptionBudget.
    BudgetId,
    /// A ResourceQuota.
    QuotaId,
    /// A PriorityClass.
    PriorityClassId,
    /// A PersistentVolumeClaim.
    ClaimId,
    /// A PersistentVolume.
    VolumeId,
    /// A StorageClass.
    StorageClassId,
}
