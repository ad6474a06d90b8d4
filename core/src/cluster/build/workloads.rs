//! Deployments, ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets and Jobs from their objects, with the API server's
//! defaults (`pkg/apis/{apps,batch}/v1/defaults.go`, v1.37).

use k8s_openapi::api::apps::v1::{
    DaemonSet as WrittenDaemonSet, Deployment as WrittenDeployment, DeploymentStrategy as WrittenStrategy, ReplicaSet as WrittenReplicaSet,
    StatefulSet as WrittenStatefulSet,
};
use k8s_openapi::api::batch::v1::{Job as WrittenJob, PodFailurePolicyRule as WrittenRule};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec, ReplicationController};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Builder;
use super::limits::MAX_REPLICAS;
use super::selectors::{labels, pairs, selector};
use super::storage::claim_spec;
use super::template::{Kind, Source};
use crate::cluster::ids::{DeploymentId, NamespaceId, TemplateId};
use crate::cluster::labels::Selector;
use crate::cluster::origin::Origin;
use crate::cluster::workloads::*;
use crate::units::time::{Millis, SECOND};

/// A count or a share; what is neither (validation has said so) counts as absent.
pub(crate) fn int_or_percent(written: Option<&IntOrString>) -> Option<IntOrPercent> {
    IntOrPercent::try_from(written?).ok()
}

/// The controller among the owner references.
pub(crate) fn controller(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    metadata.owner_references.iter().flatten().find(|o| o.controller == Some(true))
}

fn seconds(written: Option<i32>) -> Millis {
    i64::from(written.unwrap_or(0).max(0)) * SECOND
}

impl Builder<'_> {
    /// Name, namespace and life of an object.
    pub(super) fn meta(&mut self, metadata: &ObjectMeta, origin: Option<Origin>) -> Meta {
        let namespace = self.namespace(metadata);
        // Those of the garbage collector are how it does its work.
        let foreign = |f: &&String| !matches!(f.as_str(), "foregroundDeletion" | "orphan");
        let finalizers = metadata.finalizers.iter().flatten().filter(foreign).map(|f| self.cluster.text.intern(f)).collect();
        Meta {
            finalizers,
            name: self.name(metadata),
            namespace,
            created: self.created(metadata),
            generation: metadata.generation.unwrap_or(1).max(1),
            gone: false,
            deleting: metadata.deletion_timestamp.as_ref().map(|t| self.time(t)),
            origin,
        }
    }

    /// Replicas as wanted, default 1. More than [`MAX_REPLICAS`] are not simulated, and that is said.
    fn replicas(&mut self, written: Option<i32>, origin: Option<Origin>) -> i32 {
        let wanted = written.unwrap_or(1).max(0);
        if wanted > MAX_REPLICAS {
            self.capped(wanted, origin);
        }
        wanted.min(MAX_REPLICAS)
    }

    fn pods_of(&mut self, kind: Kind, meta: &Meta, template: &PodTemplateSpec, claims: &[String]) -> TemplateId {
        let empty = PodSpec::default();
        let name = self.cluster.text(meta.name).to_owned();
        self.compile_template(&Source {
            kind,
            name: &name,
            namespace: meta.namespace,
            metadata: template.metadata.as_ref(),
            spec: template.spec.as_ref().unwrap_or(&empty),
            status: None,
            claim_templates: claims,
            origin: meta.origin.map(|o| Origin { pointer: "/spec/template/spec", ..o }),
        })
    }

    /// A Deployment.
    pub fn compile_deployment(&mut self, written: &WrittenDeployment, origin: Option<Origin>) -> Deployment {
        let meta = self.meta(&written.metadata, origin);
        let spec = &written.spec;
        let deadline = spec.progress_deadline_seconds.unwrap_or(600);
        Deployment {
            selector: selector(&mut self.cluster.text, Some(&spec.selector)),
            replicas: self.replicas(spec.replicas, origin),
            template: self.pods_of(Kind::Deployment, &meta, &spec.template, &[]),
            strategy: strategy(spec.strategy.as_ref()),
            min_ready: seconds(spec.min_ready_seconds),
            // math.MaxInt32 switches the deadline off (`HasProgressDeadline`).
            progress_deadline: (deadline != i32::MAX).then_some(seconds(Some(deadline))),
            history_limit: spec.revision_history_limit.unwrap_or(10).max(0),
            paused: spec.paused == Some(true),
            replica_sets: Vec::new(),
            replica_sets_made: 0,
            status: DeploymentStatus::default(),
            meta,
        }
    }

    /// A ReplicaSet. One without a template (schedulers look only at selectors) has an empty one.
    pub fn compile_replica_set(&mut self, written: &WrittenReplicaSet, origin: Option<Origin>) -> ReplicaSet {
        let meta = self.meta(&written.metadata, origin);
        let spec = &written.spec;
        let template = spec.template.clone().unwrap_or_default();
        let annotation = |key: &str| written.metadata.annotations.as_ref()?.get(key)?.parse::<i64>().ok();
        let scale = |key: &str| annotation(key).and_then(|n| i32::try_from(n).ok());
        let annotations = scale("deployment.kubernetes.io/desired-replicas").zip(scale("deployment.kubernetes.io/max-replicas"));
        ReplicaSet {
            replication_controller: false,
            deployment: self.deployment_of(&written.metadata, meta.namespace),
            selector: selector(&mut self.cluster.text, Some(&spec.selector)),
            replicas: self.replicas(spec.replicas, origin),
            template: self.pods_of(Kind::ReplicaSet, &meta, &template, &[]),
            min_ready: seconds(spec.min_ready_seconds),
            revision: annotation("deployment.kubernetes.io/revision").unwrap_or(0),
            annotations,
            pods: Vec::new(),
            pods_made: 0,
            status: ReplicaSetStatus::default(),
            meta,
        }
    }

    fn deployment_of(&self, metadata: &ObjectMeta, namespace: NamespaceId) -> Option<DeploymentId> {
        let owner = controller(metadata).filter(|o| o.kind == "Deployment")?;
        self.find_workload(Kind::Deployment, namespace, &owner.name).map(DeploymentId)
    }

    /// A ReplicationController: a ReplicaSet with a plain selector that defaults to the template's labels.
    pub fn compile_replication_controller(&mut self, written: &ReplicationController, origin: Option<Origin>) -> ReplicaSet {
        let meta = self.meta(&written.metadata, origin);
        let empty = Default::default();
        let spec = written.spec.as_ref().unwrap_or(&empty);
        let template = spec.template.clone().unwrap_or_default();
        let chosen = spec.selector.as_ref().filter(|s| !s.is_empty()).or(template.metadata.as_ref().and_then(|m| m.labels.as_ref()));
        let chosen = labels(&mut self.cluster.text, chosen);
        ReplicaSet {
            replication_controller: true,
            deployment: None,
            selector: if chosen.is_empty() { Selector::Nothing } else { pairs(&chosen) },
            replicas: self.replicas(spec.replicas, origin),
            template: self.pods_of(Kind::ReplicaSet, &meta, &template, &[]),
            min_ready: seconds(spec.min_ready_seconds),
            revision: 0,
            annotations: None,
            pods: Vec::new(),
            pods_made: 0,
            status: ReplicaSetStatus::default(),
            meta,
        }
    }

    /// A StatefulSet.
    pub fn compile_stateful_set(&mut self, written: &WrittenStatefulSet, origin: Option<Origin>) -> StatefulSet {
        let meta = self.meta(&written.metadata, origin);
        let spec = &written.spec;
        let claims = spec.volume_claim_templates.as_deref().unwrap_or_default();
        let names: Vec<String> = claims.iter().filter_map(|c| c.metadata.name.clone()).collect();
        let template = self.pods_of(Kind::StatefulSet, &meta, &spec.template, &names);
        let text = &mut self.cluster.text;
        let claim_templates = claims.iter().map(|c| ClaimTemplate {
            name: text.intern(c.metadata.name.as_deref().unwrap_or_default()),
            spec: claim_spec(text, &c.metadata, c.spec.as_ref()),
        });
        let claim_templates = claim_templates.collect();
        let rolling = spec.update_strategy.as_ref().and_then(|s| s.rolling_update.as_ref());
        let retention = spec.persistent_volume_claim_retention_policy.as_ref();
        let deletes = |policy: Option<&String>| policy.is_some_and(|p| p == "Delete");
        StatefulSet {
            selector: selector(text, Some(&spec.selector)),
            service_name: spec.service_name.as_deref().filter(|n| !n.is_empty()).map(|n| text.intern(n)),
            replicas: self.replicas(spec.replicas, origin),
            start: spec.ordinals.as_ref().and_then(|o| o.start).and_then(|s| u32::try_from(s).ok()).unwrap_or(0),
            template,
            current_template: template,
            parallel: spec.pod_management_policy.as_deref() == Some("Parallel"),
            strategy: match spec.update_strategy.as_ref().and_then(|s| s.type_.as_deref()) {
                Some("OnDelete") => StatefulSetStrategy::OnDelete,
                // The block is filled in where it is there or no type is given (`SetDefaults_StatefulSet`).
                given => StatefulSetStrategy::RollingUpdate {
                    partition: (rolling.is_some() || given.is_none()).then_some(rolling.and_then(|r| r.partition).unwrap_or(0)),
                    max_unavailable: rolling.and_then(|r| int_or_percent(r.max_unavailable.as_ref())),
                },
            },
            min_ready: seconds(spec.min_ready_seconds),
            history_limit: spec.revision_history_limit.unwrap_or(10).max(0),
            claim_templates,
            delete_claims_with_set: deletes(retention.and_then(|r| r.when_deleted.as_ref())),
            delete_claims_on_scale_down: deletes(retention.and_then(|r| r.when_scaled.as_ref())),
            pods: Vec::new(),
            pods_made: 0,
            revisions: vec![template],
            status: StatefulSetStatus::default(),
            meta,
        }
    }

    /// A DaemonSet.
    pub fn compile_daemon_set(&mut self, written: &WrittenDaemonSet, origin: Option<Origin>) -> DaemonSet {
        let meta = self.meta(&written.metadata, origin);
        let spec = &written.spec;
        let rolling = spec.update_strategy.as_ref().and_then(|s| s.rolling_update.as_ref());
        DaemonSet {
            selector: selector(&mut self.cluster.text, Some(&spec.selector)),
            template: self.pods_of(Kind::DaemonSet, &meta, &spec.template, &[]),
            strategy: match spec.update_strategy.as_ref().and_then(|s| s.type_.as_deref()) {
                Some("OnDelete") => DaemonSetStrategy::OnDelete,
                _ => DaemonSetStrategy::RollingUpdate {
                    max_unavailable: rolling.and_then(|r| int_or_percent(r.max_unavailable.as_ref())).unwrap_or(IntOrPercent::Int(1)),
                    max_surge: rolling.and_then(|r| int_or_percent(r.max_surge.as_ref())).unwrap_or(IntOrPercent::Int(0)),
                },
            },
            min_ready: seconds(spec.min_ready_seconds),
            pods: Vec::new(),
            pods_made: 0,
            status: DaemonSetStatus::default(),
            meta,
        }
    }

    /// A Job.
    pub fn compile_job(&mut self, written: &WrittenJob, origin: Option<Origin>) -> Job {
        let meta = self.meta(&written.metadata, origin);
        let empty = Default::default();
        let spec = written.spec.as_ref().unwrap_or(&empty);
        let both_absent = spec.completions.is_none() && spec.parallelism.is_none();
        let whole = |n: Option<i64>| n.map(|s| s.max(0).saturating_mul(SECOND));
        let rules = spec.pod_failure_policy.as_ref().map(|p| p.rules.as_slice()).unwrap_or_default();
        let failure_policy = rules.iter().map(|r| failure_rule(&mut self.cluster.text, r)).collect();
        let success = spec.success_policy.iter().flat_map(|p| &p.rules);
        Job {
            cron_job: self.cron_job_of(&written.metadata, meta.namespace),
            template: self.pods_of(Kind::Job, &meta, &spec.template, &[]),
            parallelism: self.replicas(spec.parallelism, origin),
            completions: if both_absent { Some(1) } else { spec.completions.map(|c| c.max(0)) },
            indexed: spec.completion_mode.as_deref() == Some("Indexed"),
            backoff_limit: spec.backoff_limit.unwrap_or(if spec.backoff_limit_per_index.is_some() { i32::MAX } else { 6 }).max(0),
            backoff_limit_per_index: spec.backoff_limit_per_index,
            max_failed_indexes: spec.max_failed_indexes,
            active_deadline: whole(spec.active_deadline_seconds),
            ttl: whole(spec.ttl_seconds_after_finished.map(i64::from)),
            suspend: spec.suspend == Some(true),
            // Default: Failed with a failure policy, TerminatingOrFailed without.
            replace_failed_only: spec.pod_replacement_policy.as_deref().map_or(spec.pod_failure_policy.is_some(), |p| p == "Failed"),
            failure_policy,
            success_policy: success.map(|r| (r.succeeded_indexes.clone(), r.succeeded_count)).collect(),
            pods: Vec::new(),
            pods_made: 0,
            status: JobStatus::default(),
            meta,
        }
    }
}

/// Surge and unavailability default to a quarter.
fn strategy(written: Option<&WrittenStrategy>) -> DeploymentStrategy {
    if written.and_then(|s| s.type_.as_deref()) == Some("Recreate") {
        return DeploymentStrategy::Recreate;
    }
    let rolling = written.and_then(|s| s.rolling_update.as_ref());
    let quarter = IntOrPercent::Percent(25);
    DeploymentStrategy::RollingUpdate {
        max_surge: rolling.and_then(|r| int_or_percent(r.max_surge.as_ref())).unwrap_or(quarter),
        max_unavailable: rolling.and_then(|r| int_or_percent(r.max_unavailable.as_ref())).unwrap_or(quarter),
    }
}

fn failure_rule(text: &mut crate::units::intern::Interner, written: &WrittenRule) -> PodFailureRule {
    let exit_codes = written.on_exit_codes.as_ref().map(|on| {
        let container = on.container_name.as_deref().map(|c| text.intern(c));
        (container, on.operator == "In", on.values.clone())
    });
    let conditions = written.on_pod_conditions.iter().flatten();
    PodFailureRule {
        action: match written.action.as_str() {
            "FailJob" => PodFailureAction::FailJob,
            "FailIndex" => PodFailureAction::FailIndex,
            "Ignore" => PodFailureAction::Ignore,
            _ => PodFailureAction::Count,
        },
        exit_codes,
        conditions: conditions.map(|c| (text.intern(&c.type_), text.intern(c.status.as_deref().unwrap_or("True")))).collect(),
    }
}
