//! The kinds a Kubernetes v1.37 API server serves, those it no longer serves, and what becomes of each here.
//!
//! Owns the table of group, version, kind and scope, and the successors of removed versions
//! (<https://kubernetes.io/docs/reference/using-api/deprecation-guide/>). It decodes nothing.

/// What Wavetank does with a served kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Support {
    /// Decoded and simulated.
    Simulated,
    /// Read and kept, not simulated.
    Known,
}

/// A kind as the API server serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// `apps/v1`; `v1` for the core group.
    pub api_version: &'static str,
    /// `Deployment`.
    pub kind: &'static str,
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// What becomes of it here.
    pub support: Support,
}

impl Kind {
    /// The API group; empty for the core group.
    #[must_use]
    pub fn group(&self) -> &'static str {
        group_of(self.api_version)
    }
}

/// The group of an `apiVersion`; empty for the core group.
#[must_use]
pub fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

const fn sim(api_version: &'static str, kind: &'static str, namespaced: bool) -> Kind {
    Kind { api_version, kind, namespaced, support: Support::Simulated }
}

const fn known(api_version: &'static str, kind: &'static str, namespaced: bool) -> Kind {
    Kind { api_version, kind, namespaced, support: Support::Known }
}

/// Every kind v1.37 serves with its default feature gates and runtime configuration, sorted.
pub const SERVED: &[Kind] = &[
    sim("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy", false),
    sim("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding", false),
    sim("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", false),
    sim("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", false),
    sim("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", false),
    sim("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", false),
    known("apiextensions.k8s.io/v1", "CustomResourceDefinition", false),
    known("apiregistration.k8s.io/v1", "APIService", false),
    known("apps/v1", "ControllerRevision", true),
    sim("apps/v1", "DaemonSet", true),
    sim("apps/v1", "Deployment", true),
    sim("apps/v1", "ReplicaSet", true),
    sim("apps/v1", "StatefulSet", true),
    known("authentication.k8s.io/v1", "SelfSubjectReview", false),
    known("authentication.k8s.io/v1", "TokenReview", false),
    known("authorization.k8s.io/v1", "LocalSubjectAccessReview", true),
    known("authorization.k8s.io/v1", "SelfSubjectAccessReview", false),
    known("authorization.k8s.io/v1", "SelfSubjectRulesReview", false),
    known("authorization.k8s.io/v1", "SubjectAccessReview", false),
    sim("autoscaling/v1", "HorizontalPodAutoscaler", true),
    sim("autoscaling/v2", "HorizontalPodAutoscaler", true),
    sim("batch/v1", "CronJob", true),
    sim("batch/v1", "Job", true),
    known("certificates.k8s.io/v1", "CertificateSigningRequest", false),
    known("certificates.k8s.io/v1", "ClusterTrustBundle", false),
    known("certificates.k8s.io/v1", "PodCertificateRequest", true),
    sim("coordination.k8s.io/v1", "Lease", true),
    sim("discovery.k8s.io/v1", "EndpointSlice", true),
    known("events.k8s.io/v1", "Event", true),
    known("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", false),
    known("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration", false),
    known("networking.k8s.io/v1", "IPAddress", false),
    sim("networking.k8s.io/v1", "Ingress", true),
    known("networking.k8s.io/v1", "IngressClass", false),
    sim("networking.k8s.io/v1", "NetworkPolicy", true),
    known("networking.k8s.io/v1", "ServiceCIDR", false),
    sim("node.k8s.io/v1", "RuntimeClass", false),
    sim("policy/v1", "PodDisruptionBudget", true),
    known("rbac.authorization.k8s.io/v1", "ClusterRole", false),
    known("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", false),
    known("rbac.authorization.k8s.io/v1", "Role", true),
    known("rbac.authorization.k8s.io/v1", "RoleBinding", true),
    known("resource.k8s.io/v1", "DeviceClass", false),
    known("resource.k8s.io/v1", "ResourceClaim", true),
    known("resource.k8s.io/v1", "ResourceClaimTemplate", true),
    known("resource.k8s.io/v1", "ResourceSlice", false),
    sim("scheduling.k8s.io/v1", "PriorityClass", false),
    sim("storage.k8s.io/v1", "CSIDriver", false),
    sim("storage.k8s.io/v1", "CSINode", false),
    sim("storage.k8s.io/v1", "CSIStorageCapacity", true),
    sim("storage.k8s.io/v1", "StorageClass", false),
    sim("storage.k8s.io/v1", "VolumeAttachment", false),
    known("storage.k8s.io/v1", "VolumeAttributesClass", false),
    known("storagemigration.k8s.io/v1", "StorageVersionMigration", false),
    known("v1", "Binding", true),
    known("v1", "ComponentStatus", false),
    sim("v1", "ConfigMap", true),
    known("v1", "Endpoints", true),
    known("v1", "Event", true),
    sim("v1", "LimitRange", true),
    sim("v1", "Namespace", false),
    sim("v1", "Node", false),
    sim("v1", "PersistentVolume", false),
    sim("v1", "PersistentVolumeClaim", true),
    sim("v1", "Pod", true),
    known("v1", "PodTemplate", true),
    sim("v1", "ReplicationController", true),
    sim("v1", "ResourceQuota", true),
    sim("v1", "Secret", true),
    sim("v1", "Service", true),
    sim("v1", "ServiceAccount", true),
];

/// A version that was served once, and what took its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The old `apiVersion`.
    pub api_version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The release that stopped serving it, such as `1.16`.
    pub since: &'static str,
    /// The `apiVersion` to write now, if anything took its place.
    pub successor: Option<&'static str>,
}

const fn gone(api_version: &'static str, kind: &'static str, since: &'static str, successor: &'static str) -> Removed {
    Removed { api_version, kind, since, successor: Some(successor) }
}

const ADMISSION: &str = "admissionregistration.k8s.io/v1";
const RBAC: &str = "rbac.authorization.k8s.io/v1";
const RESOURCE: &str = "resource.k8s.io/v1";
const STORAGE: &str = "storage.k8s.io/v1";
const FLOW: &str = "flowcontrol.apiserver.k8s.io/v1";

/// The versions that were removed, sorted.
pub const REMOVED: &[Removed] = &[
    gone("admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicy", "1.30", ADMISSION),
    gone("admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicyBinding", "1.30", ADMISSION),
    gone("admissionregistration.k8s.io/v1beta1", "MutatingAdmissionPolicy", "1.37", ADMISSION),
    gone("admissionregistration.k8s.io/v1beta1", "MutatingAdmissionPolicyBinding", "1.37", ADMISSION),
    gone("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration", "1.22", ADMISSION),
    gone("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy", "1.34", ADMISSION),
    gone("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicyBinding", "1.34", ADMISSION),
    gone("admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration", "1.22", ADMISSION),
    gone("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", "1.22", "apiextensions.k8s.io/v1"),
    gone("apiregistration.k8s.io/v1beta1", "APIService", "1.22", "apiregistration.k8s.io/v1"),
    gone("apps/v1beta1", "ControllerRevision", "1.16", "apps/v1"),
    gone("apps/v1beta1", "Deployment", "1.16", "apps/v1"),
    gone("apps/v1beta1", "StatefulSet", "1.16", "apps/v1"),
    gone("apps/v1beta2", "ControllerRevision", "1.16", "apps/v1"),
    gone("apps/v1beta2", "DaemonSet", "1.16", "apps/v1"),
    gone("apps/v1beta2", "Deployment", "1.16", "apps/v1"),
    gone("apps/v1beta2", "ReplicaSet", "1.16", "apps/v1"),
    gone("apps/v1beta2", "StatefulSet", "1.16", "apps/v1"),
    gone("autoscaling/v2beta1", "HorizontalPodAutoscaler", "1.25", "autoscaling/v2"),
    gone("autoscaling/v2beta2", "HorizontalPodAutoscaler", "1.26", "autoscaling/v2"),
    gone("batch/v1beta1", "CronJob", "1.25", "batch/v1"),
    gone("batch/v2alpha1", "CronJob", "1.21", "batch/v1"),
    gone("certificates.k8s.io/v1beta1", "CertificateSigningRequest", "1.22", "certificates.k8s.io/v1"),
    gone("coordination.k8s.io/v1beta1", "Lease", "1.22", "coordination.k8s.io/v1"),
    gone("discovery.k8s.io/v1beta1", "EndpointSlice", "1.25", "discovery.k8s.io/v1"),
    gone("events.k8s.io/v1beta1", "Event", "1.25", "events.k8s.io/v1"),
    gone("extensions/v1beta1", "DaemonSet", "1.16", "apps/v1"),
    gone("extensions/v1beta1", "Deployment", "1.16", "apps/v1"),
    gone("extensions/v1beta1", "Ingress", "1.22", "networking.k8s.io/v1"),
    gone("extensions/v1beta1", "NetworkPolicy", "1.16", "networking.k8s.io/v1"),
    Removed { api_version: "extensions/v1beta1", kind: "PodSecurityPolicy", since: "1.16", successor: None },
    gone("extensions/v1beta1", "ReplicaSet", "1.16", "apps/v1"),
    gone("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", "1.26", FLOW),
    gone("flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration", "1.26", FLOW),
    gone("flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema", "1.29", FLOW),
    gone("flowcontrol.apiserver.k8s.io/v1beta2", "PriorityLevelConfiguration", "1.29", FLOW),
    gone("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", "1.32", FLOW),
    gone("flowcontrol.apiserver.k8s.io/v1beta3", "PriorityLevelConfiguration", "1.32", FLOW),
    gone("networking.k8s.io/v1beta1", "Ingress", "1.22", "networking.k8s.io/v1"),
    gone("networking.k8s.io/v1beta1", "IngressClass", "1.22", "networking.k8s.io/v1"),
    gone("node.k8s.io/v1beta1", "RuntimeClass", "1.25", "node.k8s.io/v1"),
    gone("policy/v1beta1", "PodDisruptionBudget", "1.25", "policy/v1"),
    Removed { api_version: "policy/v1beta1", kind: "PodSecurityPolicy", since: "1.25", successor: None },
    gone("rbac.authorization.k8s.io/v1alpha1", "ClusterRole", "1.20", RBAC),
    gone("rbac.authorization.k8s.io/v1alpha1", "ClusterRoleBinding", "1.20", RBAC),
    gone("rbac.authorization.k8s.io/v1alpha1", "Role", "1.20", RBAC),
    gone("rbac.authorization.k8s.io/v1alpha1", "RoleBinding", "1.20", RBAC),
    gone("rbac.authorization.k8s.io/v1beta1", "ClusterRole", "1.22", RBAC),
    gone("rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding", "1.22", RBAC),
    gone("rbac.authorization.k8s.io/v1beta1", "Role", "1.22", RBAC),
    gone("rbac.authorization.k8s.io/v1beta1", "RoleBinding", "1.22", RBAC),
    gone("resource.k8s.io/v1beta1", "DeviceClass", "1.36", RESOURCE),
    gone("resource.k8s.io/v1beta1", "ResourceClaim", "1.36", RESOURCE),
    gone("resource.k8s.io/v1beta1", "ResourceClaimTemplate", "1.36", RESOURCE),
    gone("resource.k8s.io/v1beta1", "ResourceSlice", "1.36", RESOURCE),
    gone("scheduling.k8s.io/v1beta1", "PriorityClass", "1.22", "scheduling.k8s.io/v1"),
    gone("storage.k8s.io/v1beta1", "CSIDriver", "1.22", STORAGE),
    gone("storage.k8s.io/v1beta1", "CSINode", "1.22", STORAGE),
    gone("storage.k8s.io/v1beta1", "CSIStorageCapacity", "1.27", STORAGE),
    gone("storage.k8s.io/v1beta1", "StorageClass", "1.22", STORAGE),
    gone("storage.k8s.io/v1beta1", "VolumeAttachment", "1.22", STORAGE),
];

/// The served kind of exactly that name and version.
#[must_use]
pub fn served(api_version: &str, kind: &str) -> Option<&'static Kind> {
    let at = SERVED.binary_search_by(|k| (k.api_version, k.kind).cmp(&(api_version, kind))).ok()?;
    SERVED.get(at)
}

/// What became of a version that is no longer served.
#[must_use]
pub fn removed(api_version: &str, kind: &str) -> Option<&'static Removed> {
    let at = REMOVED.binary_search_by(|k| (k.api_version, k.kind).cmp(&(api_version, kind))).ok()?;
    REMOVED.get(at)
}

/// Whether a custom resource is one that the simulator acts on, by the published rules of its own controllers: provisioners and autoscalers.
#[must_use]
pub fn is_simulated_custom(group: &str, kind: &str) -> bool {
    matches!(
        (group, kind),
        ("karpenter.sh", "NodePool") | ("karpenter.k8s.aws", "EC2NodeClass") | ("autoscaling.k8s.io", "VerticalPodAutoscaler")
    )
}

/// Whether a group is one of Kubernetes' own, so that an unknown kind in it is a mistake and not a custom resource.
///
/// Groups under `k8s.io` that only custom resources use (snapshots, the gateway API, metrics) are not.
#[must_use]
pub fn is_builtin_group(group: &str) -> bool {
    matches!(group, "extensions") || SERVED.iter().any(|k| k.group() == group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_successors_served() {
        assert!(SERVED.is_sorted_by(|a, b| (a.api_version, a.kind) < (b.api_version, b.kind)));
        assert!(REMOVED.is_sorted_by(|a, b| (a.api_version, a.kind) < (b.api_version, b.kind)));
        for old in REMOVED {
            assert!(served(old.api_version, old.kind).is_none(), "{old:?}");
            if let Some(successor) = old.successor {
                assert!(served(successor, old.kind).is_some(), "{old:?}");
            }
        }
        assert!(served("apps/v1", "Deployment").is_some_and(|k| k.namespaced && k.group() == "apps"));
        assert!(served("v1", "Pod").is_some() && served("v1", "pod").is_none());
    }
}
