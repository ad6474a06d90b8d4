//! The checks that the API server makes of an object before it stores it.
//!
//! Owns the rules of `pkg/apis/*/validation` and of `k8s.io/apimachinery/pkg/api/validation` (v1.37), one file for each group of
//! kinds, with the API server's default feature gates. They look at the object as it would be stored, defaults and all, and at
//! nothing else: that other objects exist, quotas and policies are not their matter.

mod admission;
mod apps;
mod autoscaling;
mod batch;
mod cluster;
mod container;
mod device;
mod extension;
mod flow;
mod limits;
mod meta;
mod network;
mod placement;
mod pod;
mod rbac;
mod resources;
mod secret;
mod security;
mod selector;
mod service;
mod storage;
#[cfg(test)]
mod tests;
mod update;
mod volume;

use serde_json::Value;

use super::field::{Errors, Field, FieldError, Paths};
use super::kinds::Kind;
use super::stored;
use super::tree::{NodeId, NodeKind, Tree};

/// The field errors of creating an object that decodes, in the order the rules run.
#[must_use]
pub fn check(tree: &Tree, root: NodeId, kind: &Kind) -> Vec<FieldError> {
    of_object(&stored::of(tree, root, kind), kind)
}

/// The same of an object that has its defaults.
#[must_use]
pub fn of_object(object: &Value, kind: &Kind) -> Vec<FieldError> {
    let paths = Paths::default();
    let mut errors = Errors::default();
    let root = Field::root(object, &paths);
    meta::metadata(&root.get("metadata"), kind, &mut errors);
    of_kind(&root, kind, &mut errors);
    errors.0
}

/// The field errors of replacing `old`, as it is stored, by `new`, which has its defaults.
#[must_use]
pub fn of_update(new: &Value, old: &Value, kind: &Kind) -> Vec<FieldError> {
    let (paths, old_paths) = (Paths::default(), Paths::default());
    let mut errors = Errors::default();
    let (new, old) = (Field::root(new, &paths), Field::root(old, &old_paths));
    update::check(&new, &old, kind, &mut errors);
    errors.0
}

/// The value that an error is about, or the nearest one around it that is written.
#[must_use]
pub fn place(tree: &Tree, root: NodeId, error: &FieldError) -> NodeId {
    let mut node = root;
    for step in &error.steps {
        let next = match tree.kind(node) {
            NodeKind::Map => tree.get(node, step),
            NodeKind::Seq => step.parse().ok().and_then(|index| tree.items(node).nth(index)),
            NodeKind::Scalar => None,
        };
        let Some(next) = next.filter(|n| !tree.is_null(*n)) else { break };
        node = next;
    }
    node
}

/// What a kind asks beyond its metadata.
fn of_kind(object: &Field<'_>, kind: &Kind, errors: &mut Errors) {
    let spec = object.get("spec");
    match kind.kind {
        "Pod" => pod::created(object, errors),
        "PodTemplate" => pod::template(&object.get("template"), errors),
        "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet" | "ReplicationController" | "ControllerRevision" => {
            apps::check(object, kind.kind, errors);
        }
        "Job" => batch::job(object, errors),
        "CronJob" => batch::cron_job(object, errors),
        "Service" => service::service(object, errors),
        "Endpoints" => service::endpoints(object, errors),
        "EndpointSlice" => service::endpoint_slice(object, errors),
        "PodDisruptionBudget" => autoscaling::budget(&spec, errors),
        "HorizontalPodAutoscaler" => autoscaling::autoscaler(object, kind.api_version, errors),
        "NetworkPolicy" | "Ingress" | "IngressClass" | "IPAddress" | "ServiceCIDR" => network::check(object, kind.kind, errors),
        "PersistentVolume"
        | "PersistentVolumeClaim"
        | "StorageClass"
        | "CSIDriver"
        | "CSINode"
        | "CSIStorageCapacity"
        | "VolumeAttachment"
        | "VolumeAttributesClass" => storage::check(object, kind.kind, errors),
        "ConfigMap" => secret::config_map(object, errors),
        "Secret" => secret::secret(object, errors),
        "RoleBinding" | "ClusterRoleBinding" => rbac::binding(object, kind.kind, errors),
        "Role" | "ClusterRole" => rbac::role(object, kind.kind, errors),
        "LimitRange" => limits::limit_range(&spec, errors),
        "ResourceQuota" => limits::quota(object, errors),
        "Node" | "Namespace" | "PriorityClass" | "RuntimeClass" | "Lease" | "Event" => cluster::check(object, kind, errors),
        "FlowSchema" => flow::schema(object, errors),
        "PriorityLevelConfiguration" => flow::level(object, errors),
        "CustomResourceDefinition" => extension::definition(object, errors),
        "APIService" => extension::service(object, errors),
        "ResourceClaim" | "ResourceClaimTemplate" | "ResourceSlice" | "DeviceClass" => device::check(object, kind.kind, errors),
        _ => admission::check(object, kind.kind, errors),
    }
}
