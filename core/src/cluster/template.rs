//! Pod templates: all that the pods of one revision have in common, compiled once from the manifest so that scheduling
//! and the kubelet never look at an object's text again.

use std::sync::Arc;

use super::behavior::PodBehavior;
use super::ids::NamespaceId;
use super::labels::{Labels, Requirement, Selector};
use super::origin::Origin;
use super::quotas::PodDemand;
use crate::manifest::pod_security::WrittenPod;
use crate::units::intern::Sym;
use crate::units::resources::Resources;
use crate::units::time::Millis;

/// When containers are started again after they end (`spec.restartPolicy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestartPolicy {
    /// Always.
    #[default]
    Always,
    /// Only after a non-zero exit.
    OnFailure,
    /// Never.
    Never,
}

/// Quality of service class (`pkg/apis/core/v1/helper/qos/qos.go`, v1.37).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QosClass {
    /// No container asks for cpu or memory.
    BestEffort,
    /// Neither of the two others.
    Burstable,
    /// Every container's limits equal its requests, for cpu and memory.
    Guaranteed,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaintEffect {
    /// Kept off, if already there left alone.
    NoSchedule,
    /// Kept off if there is another place.
    PreferNoSchedule,
    /// Kept off, and evicted if there.
    NoExecute,
}

/// A toleration (`staging/src/k8s.io/api/core/v1/toleration.go`, v1.37).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toleration {
    /// The tolerated key; empty for all.
    pub key: Sym,
    /// `Exists` if true, `Equal` if false. Other operators never tolerate: see `unknown_operator`.
    pub exists: bool,
    /// An operator other than `Exists` and `Equal` (`Lt`, `Gt`: behind a gate that is off).
    pub unknown_operator: bool,
    /// The tolerated value, for `Equal`.
    pub value: Sym,
    /// The tolerated effect; none for all.
    pub effect: Option<TaintEffect>,
    /// For how long a `NoExecute` taint is tolerated, in whole seconds; none for ever.
    pub seconds: Option<i64>,
}

impl Toleration {
    /// Whether this tolerates the taint of `key`, `value` and `effect`.
    pub fn tolerates(&self, key: Sym, value: Sym, effect: TaintEffect) -> bool {
        if self.unknown_operator || self.effect.is_some_and(|own| own != effect) || (self.key != Sym::EMPTY && self.key != key) {
            return false;
        }
        self.exists || self.value == value
    }
}

/// A term of a node selector: every expression and field requirement must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSelectorTerm {
    /// On the node's labels.
    pub expressions: Vec<Requirement>,
    /// On `metadata.name`; the only field there is.
    pub names: Vec<Requirement>,
    /// A requirement that does not parse: the term then never matches.
    pub invalid: bool,
}

/// A preferred node affinity term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreferredNodeTerm {
    /// 1 to 100.
    pub weight: i32,
    /// What is preferred.
    pub term: NodeSelectorTerm,
}

/// A term of pod affinity or anti-affinity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodAffinityTerm {
    /// The node label whose value makes the domain.
    pub topology_key: Sym,
    /// The pods that count. `matchLabelKeys` and `mismatchLabelKeys` are already merged in.
    pub selector: Selector,
    /// Namespaces by name. Empty with no `namespace_selector`: the pod's own.
    pub namespaces: Vec<Sym>,
    /// Namespaces by their labels; none if absent.
    pub namespace_selector: Option<Selector>,
}

/// A preferred term of pod affinity or anti-affinity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightedPodAffinityTerm {
    /// 1 to 100.
    pub weight: i32,
    /// What is preferred.
    pub term: PodAffinityTerm,
}

/// All affinities of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affinity {
    /// Required node affinity: terms are alternatives. None: no requirement. An empty list matches no node.
    pub node_required: Option<Vec<NodeSelectorTerm>>,
    /// Preferred node affinity. None where the list is absent.
    pub node_preferred: Option<Vec<PreferredNodeTerm>>,
    /// Required pod affinity: all must hold.
    pub pod_required: Vec<PodAffinityTerm>,
    /// Preferred pod affinity.
    pub pod_preferred: Vec<WeightedPodAffinityTerm>,
    /// Required pod anti-affinity: all must hold.
    pub anti_required: Vec<PodAffinityTerm>,
    /// Preferred pod anti-affinity.
    pub anti_preferred: Vec<WeightedPodAffinityTerm>,
}

/// A topology spread constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpreadConstraint {
    /// How much fuller a domain may be than the emptiest.
    pub max_skew: i32,
    /// The node label whose values are the domains.
    pub topology_key: Sym,
    /// `DoNotSchedule` if true, `ScheduleAnyway` if false.
    pub hard: bool,
    /// The pods that are counted; `matchLabelKeys` merged in.
    pub selector: Selector,
    /// Fewest domains below which the minimum counts as zero.
    pub min_domains: i32,
    /// `nodeAffinityPolicy: Honor`.
    pub honor_affinity: bool,
    /// `nodeTaintsPolicy: Honor`.
    pub honor_taints: bool,
}

/// A port on the host that a container wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort {
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Sym,
    /// The address; `0.0.0.0` where none is given.
    pub ip: Sym,
    /// The port.
    pub port: i32,
}

/// A probe with its timings, in whole seconds (`pkg/apis/core/v1/defaults.go`, v1.37).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// `initialDelaySeconds`.
    pub initial_delay: i32,
    /// `periodSeconds`.
    pub period: i32,
    /// `timeoutSeconds`.
    pub timeout: i32,
    /// `successThreshold`.
    pub success_threshold: i32,
    /// `failureThreshold`.
    pub failure_threshold: i32,
}

/// When an image is pulled (`imagePullPolicy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullPolicy {
    /// Before each start.
    Always,
    /// Where the node does not have it.
    #[default]
    IfNotPresent,
    /// Never.
    Never,
}

/// A container or init container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: Sym,
    /// The image as written; empty if absent.
    pub image: Sym,
    /// When its image is pulled.
    pub pull: PullPolicy,
    /// What it asks for, limits taken where no request is given.
    pub requests: Resources,
    /// What it may use at most; a resource that is absent is unlimited.
    pub limits: Resources,
    /// Which of cpu and memory are named among the requests (an explicit zero counts): `(cpu, memory)`.
    pub requests_named: (bool, bool),
    /// An init container that runs beside the others (`restartPolicy: Always`).
    pub sidecar: bool,
    /// The host ports it wants.
    pub host_ports: Vec<HostPort>,
    /// Start probe.
    pub startup_probe: Option<Probe>,
    /// Readiness probe.
    pub readiness_probe: Option<Probe>,
    /// Liveness probe.
    pub liveness_probe: Option<Probe>,
    /// Whether it has a `preStop` hook; its `sleep` seconds if that is what it does.
    pub pre_stop: Option<i64>,
    /// A `restartPolicyRules` entry asks for `RestartAllContainers`.
    pub restarts_all: bool,
    /// A volume mount has bind-mount options.
    pub bind_mount_options: bool,
}

/// Where a pod's volume comes from, as far as scheduling and the controllers care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeSource {
    /// A PersistentVolumeClaim of the pod's namespace, by name.
    Claim(Sym),
    /// A claim of the pod's own, made from a claim template of its StatefulSet: `<volume>-<pod>`.
    OwnClaim,
    /// A generic ephemeral volume: the claim is `<pod>-<volume>`, of this storage class.
    Ephemeral {
        /// Storage class; none for the default one.
        class: Option<Sym>,
    },
    /// `emptyDir`.
    EmptyDir,
    /// A ConfigMap, by name.
    ConfigMap(Sym),
    /// A Secret, by name.
    Secret(Sym),
    /// GCE persistent disk: name, read-only.
    GcePd(Sym, bool),
    /// AWS EBS volume id.
    AwsEbs(Sym),
    /// iSCSI: IQN, read-only.
    Iscsi(Sym, bool),
    /// RBD: monitors, pool, image, read-only.
    Rbd(Vec<Sym>, Sym, Sym, bool),
    /// Inline CSI volume: driver.
    Csi(Sym),
    /// An image volume: reference.
    Image(Sym),
    /// Everything else (hostPath, projected, downwardAPI, nfs ...).
    Other,
}

/// A volume of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodVolume {
    /// Its name within the pod.
    pub name: Sym,
    /// Where it comes from.
    pub source: VolumeSource,
}

/// The pods of one revision: labels, and the spec compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct PodTemplate {
    /// Namespace of all its pods.
    pub namespace: NamespaceId,
    /// Labels of all its pods. What differs from pod to pod (a StatefulSet's pod name) is kept with the pod.
    pub labels: Labels,
    /// `controller.kubernetes.io/pod-deletion-cost`, 0 if absent or invalid.
    pub deletion_cost: i32,
    /// Digest of the template as written, without hash labels: equal for equal templates.
    pub digest: u64,
    /// Where in the manifests the pod spec stands.
    pub origin: Option<Origin>,
    /// The pod as it was written, for those parts of admission that look at more than scheduling and kubelets need.
    pub written: Arc<WrittenPod>,
    /// Regular containers, in order.
    pub containers: Vec<Container>,
    /// Init containers, in order; those with `sidecar` keep running.
    pub init_containers: Vec<Container>,
    /// What the whole pod asks for: aggregated over containers, init containers, sidecars, pod level and overhead
    /// (`component-helpers/resource/helpers.go`, v1.37).
    pub requests: Resources,
    /// cpu (milli) and memory of the node-side non-zero request (`pkg/scheduler/framework/types.go` CalculateResource).
    pub nonzero: (i64, i64),
    /// cpu (milli) and memory that the Fit score takes for the incoming pod: container level only, defaults filled in.
    pub score_nonzero: (i64, i64),
    /// Requests without pod-level ones, as the Fit score sees scalars and ephemeral storage of the incoming pod.
    pub score_requests: Resources,
    /// What it names of resources, exactly: what quotas and limit ranges look at.
    pub demand: PodDemand,
    /// Quality of service.
    pub qos: QosClass,
    /// `nodeSelector`, all pairs; None where absent.
    pub node_selector: Option<Labels>,
    /// Affinities; none where the pod has no `affinity` at all.
    pub affinity: Option<Box<Affinity>>,
    /// Tolerations, those added by admission included.
    pub tolerations: Vec<Toleration>,
    /// Spread constraints of the pod itself; the defaults are the profile's.
    pub spread: Vec<SpreadConstraint>,
    /// Host ports of regular containers and sidecars.
    pub host_ports: Vec<HostPort>,
    /// Normalised image names (`:latest` added) of init containers, containers and image volumes, in this order.
    pub images: Vec<Sym>,
    /// Volumes in order.
    pub volumes: Vec<PodVolume>,
    /// Names of the ConfigMaps and Secrets read through env or envFrom: (is secret, name).
    pub env_references: Vec<(bool, Sym)>,
    /// `serviceAccountName`.
    pub service_account: Option<Sym>,
    /// Scheduling gates, in order.
    pub scheduling_gates: Vec<Sym>,
    /// `schedulerName`.
    pub scheduler_name: Sym,
    /// `priorityClassName`.
    pub priority_class: Option<Sym>,
    /// Priority after admission.
    pub priority: i32,
    /// `preemptionPolicy: Never`.
    pub never_preempts: bool,
    /// `spec.nodeName` as written: bypasses the scheduler.
    pub node_name: Option<Sym>,
    /// `restartPolicy`.
    pub restart_policy: RestartPolicy,
    /// `terminationGracePeriodSeconds`, in milliseconds.
    pub grace: Millis,
    /// `activeDeadlineSeconds`, in milliseconds.
    pub active_deadline: Option<Millis>,
    /// `hostNetwork`.
    pub host_network: bool,
    /// `hostUsers: false`.
    pub user_namespace: bool,
    /// Names of ResourceClaims or templates the pod refers to (dynamic resource allocation: read, not simulated).
    pub resource_claims: Vec<Sym>,
    /// Finalizers of the pods.
    pub finalizers: Vec<Sym>,
    /// `cluster-autoscaler.kubernetes.io/safe-to-evict`; none where it says neither.
    pub safe_to_evict: Option<bool>,
    /// `karpenter.sh/do-not-disrupt: "true"`.
    pub do_not_disrupt: bool,
    /// What the manifests cannot say: how long starting and stopping takes, what is used.
    pub behavior: PodBehavior,
}
