//! The workload objects whose controllers make pods: spec as written, status as their controllers keep it.

use super::ids::{CronJobId, DeploymentId, NamespaceId, PodId, ReplicaSetId, TemplateId};
use super::labels::{Labels, Selector};
use super::origin::Origin;
use crate::manifest::pod_security::Policy;
pub use crate::units::int_or_percent::IntOrPercent;
use crate::units::intern::Sym;
use crate::units::time::{Millis, Time};

/// What all workload objects have.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    /// `metadata.name`.
    pub name: Sym,
    /// `metadata.namespace`.
    pub namespace: NamespaceId,
    /// When it was created.
    pub created: Time,
    /// `metadata.generation`, from 1, raised by every change of the spec.
    pub generation: i64,
    /// Deleted from the API.
    pub gone: bool,
    /// Being deleted: since when.
    pub deleting: Option<Time>,
    /// `metadata.finalizers` that nobody here removes; those of the garbage collector are its own.
    pub finalizers: Vec<Sym>,
    /// Where it stands in the manifests.
    pub origin: Option<Origin>,
}

/// A status condition of a workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Its type.
    pub kind: &'static str,
    /// `True`, `False` or `Unknown`.
    pub status: &'static str,
    /// Reason.
    pub reason: &'static str,
    /// Message.
    pub message: String,
    /// When the status last changed.
    pub transition: Time,
    /// When the condition was last written.
    pub update: Time,
}

/// Sets a condition; the transition time is kept where the status stays the same. Tells whether anything but times changed.
pub fn set_condition(conditions: &mut Vec<Condition>, mut new: Condition) -> bool {
    match conditions.iter_mut().find(|c| c.kind == new.kind) {
        Some(old) => {
            let changed = old.status != new.status || old.reason != new.reason || old.message != new.message;
            if old.status == new.status {
                new.transition = old.transition;
            }
            *old = new;
            changed
        }
        None => {
            conditions.push(new);
            true
        }
    }
}

/// `spec.strategy` of a Deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentStrategy {
    /// New pods beside the old ones.
    RollingUpdate {
        /// `maxSurge`.
        max_surge: IntOrPercent,
        /// `maxUnavailable`.
        max_unavailable: IntOrPercent,
    },
    /// All old pods first.
    Recreate,
}

/// A Deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// Name, namespace, life.
    pub meta: Meta,
    /// Which pods are its own.
    pub selector: Selector,
    /// `spec.replicas`.
    pub replicas: i32,
    /// The pod template wanted now.
    pub template: TemplateId,
    /// Strategy.
    pub strategy: DeploymentStrategy,
    /// `minReadySeconds`, in milliseconds.
    pub min_ready: Millis,
    /// `progressDeadlineSeconds`, in milliseconds; none for no deadline.
    pub progress_deadline: Option<Millis>,
    /// `revisionHistoryLimit`.
    pub history_limit: i32,
    /// `spec.paused`.
    pub paused: bool,
    /// Its ReplicaSets that still exist, in order of creation.
    pub replica_sets: Vec<ReplicaSetId>,
    /// How many ReplicaSets were ever made, for their names.
    pub replica_sets_made: u32,
    /// Status.
    pub status: DeploymentStatus,
}

/// `status` of a Deployment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeploymentStatus {
    /// Generation last seen by the controller.
    pub observed_generation: i64,
    /// Pods of all its ReplicaSets.
    pub replicas: i32,
    /// Pods of the newest revision.
    pub updated: i32,
    /// Ready ones.
    pub ready: i32,
    /// Available ones.
    pub available: i32,
    /// What is missing to the sum of the ReplicaSets' specs.
    pub unavailable: i32,
    /// Terminating ones.
    pub terminating: i32,
    /// Conditions, in order of first appearance.
    pub conditions: Vec<Condition>,
}

/// A ReplicaSet, or a ReplicationController (which behaves alike).
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaSet {
    /// Name, namespace, life.
    pub meta: Meta,
    /// Whether it is a ReplicationController.
    pub replication_controller: bool,
    /// The Deployment that owns it.
    pub deployment: Option<DeploymentId>,
    /// Which pods are its own.
    pub selector: Selector,
    /// `spec.replicas`.
    pub replicas: i32,
    /// Its pod template.
    pub template: TemplateId,
    /// `minReadySeconds`, in milliseconds.
    pub min_ready: Millis,
    /// `deployment.kubernetes.io/revision`; 0 without one.
    pub revision: i64,
    /// `deployment.kubernetes.io/desired-replicas` and `max-replicas`.
    pub annotations: Option<(i32, i32)>,
    /// Its pods that still exist, in order of creation.
    pub pods: Vec<PodId>,
    /// How many pods it ever made.
    pub pods_made: u32,
    /// Status.
    pub status: ReplicaSetStatus,
}

/// `status` of a ReplicaSet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaSetStatus {
    /// Active pods.
    pub replicas: i32,
    /// Ready ones.
    pub ready: i32,
    /// Available ones.
    pub available: i32,
    /// Terminating ones.
    pub terminating: i32,
    /// Generation last seen by the controller.
    pub observed_generation: i64,
    /// Conditions.
    pub conditions: Vec<Condition>,
}

/// `spec.updateStrategy` of a StatefulSet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatefulSetStrategy {
    /// One after the other from the top.
    RollingUpdate {
        /// `partition`; none where there is no `rollingUpdate` block.
        partition: Option<i32>,
        /// `maxUnavailable`.
        max_unavailable: Option<IntOrPercent>,
    },
    /// Only when pods are deleted.
    OnDelete,
}

/// A claim template of a StatefulSet.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimTemplate {
    /// Its name, which is also the volume's.
    pub name: Sym,
    /// What its claims ask for.
    pub spec: super::volumes::ClaimSpec,
}

/// A StatefulSet.
#[derive(Clone, Debug, PartialEq)]
pub struct StatefulSet {
    /// Name, namespace, life.
    pub meta: Meta,
    /// Which pods are its own.
    pub selector: Selector,
    /// `spec.replicas`.
    pub replicas: i32,
    /// `spec.ordinals.start`.
    pub start: u32,
    /// The pod template wanted now (the update revision).
    pub template: TemplateId,
    /// The template of the current revision.
    pub current_template: TemplateId,
    /// `podManagementPolicy: Parallel`.
    pub parallel: bool,
    /// Update strategy.
    pub strategy: StatefulSetStrategy,
    /// `minReadySeconds`, in milliseconds.
    pub min_ready: Millis,
    /// `revisionHistoryLimit`.
    pub history_limit: i32,
    /// `volumeClaimTemplates`.
    pub claim_templates: Vec<ClaimTemplate>,
    /// `persistentVolumeClaimRetentionPolicy.whenDeleted: Delete`.
    pub delete_claims_with_set: bool,
    /// `persistentVolumeClaimRetentionPolicy.whenScaled: Delete`.
    pub delete_claims_on_scale_down: bool,
    /// `spec.serviceName`.
    pub service_name: Option<Sym>,
    /// Its pods that still exist, in order of creation.
    pub pods: Vec<PodId>,
    /// How many pods it ever made.
    pub pods_made: u32,
    /// Revisions in order of creation: the templates.
    pub revisions: Vec<TemplateId>,
    /// Status.
    pub status: StatefulSetStatus,
}

/// `status` of a StatefulSet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatefulSetStatus {
    /// Generation last seen by the controller.
    pub observed_generation: i64,
    /// Existing pods.
    pub replicas: i32,
    /// Ready ones.
    pub ready: i32,
    /// Available ones.
    pub available: i32,
    /// At the current revision.
    pub current: i32,
    /// At the update revision.
    pub updated: i32,
}

/// `spec.updateStrategy` of a DaemonSet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DaemonSetStrategy {
    /// Node by node.
    RollingUpdate {
        /// `maxUnavailable`.
        max_unavailable: IntOrPercent,
        /// `maxSurge`.
        max_surge: IntOrPercent,
    },
    /// Only when pods are deleted.
    OnDelete,
}

/// A DaemonSet.
#[derive(Clone, Debug, PartialEq)]
pub struct DaemonSet {
    /// Name, namespace, life.
    pub meta: Meta,
    /// Which pods are its own.
    pub selector: Selector,
    /// The pod template wanted now.
    pub template: TemplateId,
    /// Update strategy.
    pub strategy: DaemonSetStrategy,
    /// `minReadySeconds`, in milliseconds.
    pub min_ready: Millis,
    /// Its pods that still exist, in order of creation.
    pub pods: Vec<PodId>,
    /// How many pods it ever made.
    pub pods_made: u32,
    /// Status.
    pub status: DaemonSetStatus,
}

/// `status` of a DaemonSet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DaemonSetStatus {
    /// Generation last seen by the controller.
    pub observed_generation: i64,
    /// Nodes that should run it.
    pub desired: i32,
    /// Of these, those with at least one pod.
    pub current: i32,
    /// Nodes that run it and should not.
    pub misscheduled: i32,
    /// Ready.
    pub ready: i32,
    /// Available.
    pub available: i32,
    /// At the newest revision.
    pub updated: i32,
}

/// One rule of a Job's `podFailurePolicy`.
#[derive(Clone, Debug, PartialEq)]
pub struct PodFailureRule {
    /// `FailJob`, `FailIndex`, `Ignore` or `Count`.
    pub action: PodFailureAction,
    /// On exit codes: container name (none for any), `In` if true or `NotIn`, codes.
    pub exit_codes: Option<(Option<Sym>, bool, Vec<i32>)>,
    /// On pod conditions: type and status.
    pub conditions: Vec<(Sym, Sym)>,
}

/// What a rule of a `podFailurePolicy` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodFailureAction {
    /// The Job fails.
    FailJob,
    /// The index fails.
    FailIndex,
    /// The failure does not count.
    Ignore,
    /// The failure counts, as without a rule.
    Count,
}

/// A Job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Name, namespace, life.
    pub meta: Meta,
    /// The CronJob that made it.
    pub cron_job: Option<CronJobId>,
    /// The pod template.
    pub template: TemplateId,
    /// `spec.parallelism`.
    pub parallelism: i32,
    /// `spec.completions`; none for a work queue.
    pub completions: Option<i32>,
    /// `completionMode: Indexed`.
    pub indexed: bool,
    /// `backoffLimit`.
    pub backoff_limit: i32,
    /// `backoffLimitPerIndex`.
    pub backoff_limit_per_index: Option<i32>,
    /// `maxFailedIndexes`.
    pub max_failed_indexes: Option<i32>,
    /// `activeDeadlineSeconds`, in milliseconds.
    pub active_deadline: Option<Millis>,
    /// `ttlSecondsAfterFinished`, in milliseconds.
    pub ttl: Option<Millis>,
    /// `suspend`.
    pub suspend: bool,
    /// `podReplacementPolicy: Failed`.
    pub replace_failed_only: bool,
    /// `podFailurePolicy`, in order.
    pub failure_policy: Vec<PodFailureRule>,
    /// `successPolicy`: (succeeded indexes as written, succeeded count) per rule.
    pub success_policy: Vec<(Option<String>, Option<i32>)>,
    /// Its pods that still exist, in order of creation.
    pub pods: Vec<PodId>,
    /// How many pods it ever made.
    pub pods_made: u32,
    /// Status.
    pub status: JobStatus,
}

/// `status` of a Job, and what its controller remembers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobStatus {
    /// Pods that run or wait.
    pub active: i32,
    /// Of these, the ready ones.
    pub ready: i32,
    /// Pods that ended well, counted once.
    pub succeeded: i32,
    /// Pods that ended badly, counted once.
    pub failed: i32,
    /// Pods being deleted.
    pub terminating: i32,
    /// Indexes that are done.
    pub completed_indexes: Vec<u32>,
    /// Indexes that failed for good.
    pub failed_indexes: Vec<u32>,
    /// When it started.
    pub start: Option<Time>,
    /// When it completed.
    pub completion: Option<Time>,
    /// Conditions.
    pub conditions: Vec<Condition>,
}

/// A Service, as far as pods matter to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Name, namespace, life.
    pub meta: Meta,
    /// `spec.selector`; none for a service without one.
    pub selector: Option<Labels>,
    /// `publishNotReadyAddresses`.
    pub publish_not_ready: bool,
    /// `clusterIP: None`.
    pub headless: bool,
    /// `type: LoadBalancer`.
    pub load_balancer: bool,
    /// How many node ports it takes.
    pub node_ports: u32,
}

/// A PriorityClass.
#[derive(Clone, Debug, PartialEq)]
pub struct PriorityClass {
    /// Its name.
    pub name: Sym,
    /// Its value.
    pub value: i32,
    /// `globalDefault`.
    pub global_default: bool,
    /// `preemptionPolicy: Never`.
    pub never_preempts: bool,
}

/// What a PodDisruptionBudget demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetRule {
    /// `minAvailable`.
    MinAvailable(IntOrPercent),
    /// `maxUnavailable`.
    MaxUnavailable(IntOrPercent),
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// Name, namespace, life.
    pub meta: Meta,
    /// Which pods it protects; `policy/v1`: an empty selector matches all of the namespace.
    pub selector: Selector,
    /// The demand.
    pub rule: BudgetRule,
    /// `unhealthyPodEvictionPolicy: AlwaysAllow`.
    pub always_allow_unhealthy: bool,
    /// Status.
    pub status: BudgetStatus,
}

/// `status` of a PodDisruptionBudget.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BudgetStatus {
    /// Healthy pods now.
    pub current_healthy: i32,
    /// Healthy pods demanded.
    pub desired_healthy: i32,
    /// Evictions that would be granted now.
    pub disruptions_allowed: i32,
    /// Pods expected.
    pub expected_pods: i32,
    /// Generation last seen by the controller.
    pub observed_generation: i64,
    /// Pods whose eviction was granted and that are not yet seen to be deleted, and when that was.
    pub disrupted: Vec<(PodId, Time)>,
    /// The condition DisruptionAllowed.
    pub conditions: Vec<Condition>,
}

/// A namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct Namespace {
    /// Its name.
    pub name: Sym,
    /// Its labels.
    pub labels: Labels,
    /// What its labels ask for of the security of its pods.
    pub security: Policy,
    /// Whether it was given, not only named by another object.
    pub given: bool,
    /// Being deleted: since when.
    pub deleting: Option<Time>,
    /// Gone from the API.
    pub gone: bool,
}
