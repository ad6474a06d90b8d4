//! Pods: the small part that differs from pod to pod. What they have in common is their template's.

use super::ids::{DaemonSetId, JobId, NamespaceId, NodeId, PodId, ReplicaSetId, StatefulSetId, TemplateId};
use super::labels::Labels;
use crate::units::intern::Sym;
use crate::units::time::Time;

/// `status.phase`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Accepted; its containers do not run yet.
    #[default]
    Pending,
    /// Bound, and a container runs or is being restarted.
    Running,
    /// All containers ended well and stay so.
    Succeeded,
    /// Ended, and at least one container badly; or evicted, or refused by the kubelet.
    Failed,
}

impl Phase {
    /// Whether the pod has ended for good.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Phase::Succeeded | Phase::Failed)
    }

    /// As Kubernetes writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Pending => "Pending",
            Phase::Running => "Running",
            Phase::Succeeded => "Succeeded",
            Phase::Failed => "Failed",
        }
    }
}

/// The controller that owns a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A pod of its own.
    None,
    /// A ReplicaSet or ReplicationController.
    ReplicaSet(ReplicaSetId),
    /// A StatefulSet.
    StatefulSet(StatefulSetId),
    /// A DaemonSet.
    DaemonSet(DaemonSetId),
    /// A Job.
    Job(JobId),
    /// An owner that is not part of the cluster (a custom resource, an object that was not given).
    Foreign {
        /// Its kind.
        kind: Sym,
        /// Its name.
        name: Sym,
    },
    /// The node itself: a static (mirror) pod.
    Node,
}

/// How a pod's name is made; most are derived so that 150,000 pods need no text of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PodName {
    /// As given in the manifest.
    Given(Sym),
    /// `<owner>-<ordinal>` (StatefulSet).
    Ordinal(u32),
    /// `<owner>-<five letters>`: the letters stand for this number, which no other pod of the owner has.
    Generated(u32),
    /// `<owner>-<index>-<five letters>` (indexed Job).
    Indexed(u32, u32),
}

/// A deletion under way: `metadata.deletionTimestamp` is `requested + grace`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// When it was asked for.
    pub requested: Time,
    /// The grace period in whole seconds.
    pub grace_seconds: i64,
}

/// Why a pod carries the condition `DisruptionTarget`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DisruptionReason {
    /// `PreemptionByScheduler`.
    Preemption,
    /// `DeletionByTaintManager`.
    TaintManager,
    /// `EvictionByEvictionAPI`.
    EvictionApi,
    /// `DeletionByPodGC`.
    PodGc,
    /// `TerminationByKubelet`.
    Kubelet,
}

impl DisruptionReason {
    /// The condition's reason.
    pub const fn name(self) -> &'static str {
        match self {
            DisruptionReason::Preemption => "PreemptionByScheduler",
            DisruptionReason::TaintManager => "DeletionByTaintManager",
            DisruptionReason::EvictionApi => "EvictionByEvictionAPI",
            DisruptionReason::PodGc => "DeletionByPodGC",
            DisruptionReason::Kubelet => "TerminationByKubelet",
        }
    }
}

/// A pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Pod {
    /// How its name is made.
    pub name: PodName,
    /// Namespace.
    pub namespace: NamespaceId,
    /// What it has in common with others.
    pub template: TemplateId,
    /// Its controller.
    pub owner: Owner,
    /// The node it is bound to.
    pub node: Option<NodeId>,
    /// The node it may run on and no other: DaemonSet pods carry this as required node affinity on `metadata.name`.
    pub pinned: Option<NodeId>,
    /// `status.nominatedNodeName`.
    pub nominated: Option<NodeId>,
    /// Phase.
    pub phase: Phase,
    /// `status.reason` of a failed pod (`Evicted`, `OutOfcpu`, …); empty otherwise.
    pub reason: Sym,
    /// The Ready condition is True.
    pub ready: bool,
    /// When `ready` last changed.
    pub ready_since: Time,
    /// When it was created.
    pub created: Time,
    /// `status.startTime`: when its kubelet accepted it.
    pub started: Option<Time>,
    /// When it was bound.
    pub bound: Option<Time>,
    /// When it ended.
    pub finished: Option<Time>,
    /// Exit code of its main container once it has ended; 0 before.
    pub exit_code: i32,
    /// A deletion under way.
    pub deletion: Option<Deletion>,
    /// The condition `DisruptionTarget`.
    pub disruption: Option<DisruptionReason>,
    /// In-place restarts of its main container.
    pub restarts: u32,
    /// The k-th pod of its owner, from 1, in order of creation.
    pub ordinal_of_owner: u32,
    /// Labels on top of the template's (a StatefulSet's pod name and index); none for most.
    pub own_labels: Option<Box<Labels>>,
    /// `controller.kubernetes.io/pod-deletion-cost`, where it was set on the pod itself; else the template's counts.
    pub deletion_cost: Option<i32>,
    /// `spec.priority`.
    pub priority: i32,
    /// Scheduling gates were removed.
    pub ungated: bool,
    /// Removed from the API.
    pub gone: bool,
}

impl Pod {
    /// A pod as it is made at `created`: pending, without a node, with nothing of its own that its template does not have. The priority is
    /// the template's, which the caller has at hand.
    pub fn new(name: PodName, namespace: NamespaceId, template: TemplateId, owner: Owner, priority: i32, created: Time) -> Pod {
        Pod {
            name,
            namespace,
            template,
            owner,
            node: None,
            pinned: None,
            nominated: None,
            phase: Phase::Pending,
            reason: Sym::EMPTY,
            ready: false,
            ready_since: created,
            created,
            started: None,
            bound: None,
            finished: None,
            exit_code: 0,
            deletion: None,
            disruption: None,
            restarts: 0,
            ordinal_of_owner: 0,
            own_labels: None,
            deletion_cost: None,
            priority,
            ungated: false,
            gone: false,
        }
    }

    /// Neither ended nor being deleted (`pkg/controller/controller_utils.go` IsPodActive, v1.37).
    pub fn is_active(&self) -> bool {
        !self.gone && !self.phase.is_terminal() && self.deletion.is_none()
    }

    /// Whether it exists and is being deleted.
    pub fn is_terminating(&self) -> bool {
        !self.gone && self.deletion.is_some()
    }

    /// Ready for at least `min_ready` milliseconds at `now` (`pkg/api/v1/pod/util.go` IsPodAvailable, v1.37).
    pub fn is_available(&self, min_ready: i64, now: Time) -> bool {
        self.ready && !self.gone && (min_ready == 0 || self.ready_since + min_ready <= now)
    }

    /// Waits to be scheduled.
    pub fn is_unscheduled(&self) -> bool {
        !self.gone && self.node.is_none() && !self.phase.is_terminal()
    }
}

/// The suffix alphabet of generated names (`apimachinery/pkg/util/rand`): no vowels, no digits that look like letters.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// Five letters for a number, as `metadata.generateName` would append; distinct for numbers below 27^5.
pub fn name_suffix(number: u32) -> String {
    suffix_letters(number).into_iter().collect()
}

/// The letters of [`name_suffix`].
pub fn suffix_letters(number: u32) -> [char; 5] {
    const COUNT: u64 = 27u64.pow(5);
    // A multiplier coprime to 27 spreads neighbours over the alphabet; a bijection, so that no two numbers collide.
    let mut rest = (u64::from(number) * 7_368_787 + 4_812_341) % COUNT;
    std::array::from_fn(|_| {
        let letter = ALPHABET[(rest % 27) as usize];
        rest /= 27;
        char::from(letter)
    })
}

/// One pod and where it is: what a list of affected pods holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The pod.
    pub pod: PodId,
    /// Its node.
    pub node: NodeId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_stays_small() {
        assert_eq!(size_of::<Pod>(), 160, "there are hundreds of thousands of them");
    }

    #[test]
    fn suffixes_are_distinct_and_look_generated() {
        let mut seen: Vec<String> = (0..20_000).map(name_suffix).collect();
        assert!(seen.iter().all(|s| s.len() == 5 && s.bytes().all(|b| ALPHABET.contains(&b))));
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 20_000);
    }
}
