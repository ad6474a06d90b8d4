//! Typed objects: `k8s-openapi`'s types for what is simulated, plain JSON for the rest.
//!
//! Owns the union of both. Defaults and validation are not applied here: an object says what its
//! manifest says, no more.

mod decode;

pub use decode::{Decoder, Misfit, Shape, Source};

use decode::Numbered;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, MutatingWebhookConfiguration, ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{
    ConfigMap, LimitRange, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, ReplicationController, ResourceQuota, Secret,
    Service, ServiceAccount,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::api::storage::v1::{CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde_json::Value;

macro_rules! objects {
    ($($kind:ident),* $(,)?) => {
        /// One object of a manifest.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Object {
            $(
                #[doc = concat!("A `", stringify!($kind), "`.")]
                $kind(Box<$kind>),
            )*
            /// A document of ours (`wavetank.dev`), or a `KubeSchedulerConfiguration`.
            Own(Value),
            /// A served kind that is not simulated, or a custom resource.
            Other(Value),
        }

        impl Object {
            /// The kind; empty where an untyped object names none.
            #[must_use]
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$kind(_) => stringify!($kind),)*
                    Self::Own(value) | Self::Other(value) => value.get("kind").and_then(Value::as_str).unwrap_or(""),
                }
            }

            /// The metadata of a typed object.
            #[must_use]
            pub fn metadata(&self) -> Option<&ObjectMeta> {
                match self {
                    $(Self::$kind(object) => Some(&object.metadata),)*
                    Self::Own(_) | Self::Other(_) => None,
                }
            }

            /// The metadata of a typed object, to be changed.
            #[must_use]
            pub fn metadata_mut(&mut self) -> Option<&mut ObjectMeta> {
                match self {
                    $(Self::$kind(object) => Some(&mut object.metadata),)*
                    Self::Own(_) | Self::Other(_) => None,
                }
            }

            /// An object from JSON, by its `kind`; kinds that are not typed are kept as they are.
            ///
            /// # Errors
            /// What does not fit the type of the kind.
            pub fn from_value(value: Value) -> Result<Self, Misfit> {
                let kind = value.get("kind").and_then(Value::as_str).unwrap_or("");
                match Self::decode(kind, Decoder::new(&Numbered::of(&value), 0, None)) {
                    Some(decoded) => decoded,
                    None => Ok(Self::Other(value)),
                }
            }

            /// Decodes a typed object of that kind; `None` where the kind is not a typed one.
            ///
            /// # Errors
            /// What does not fit the type of the kind.
            pub fn decode(kind: &str, from: Decoder<'_>) -> Option<Result<Self, Misfit>> {
                Some(match kind {
                    $(stringify!($kind) => $kind::deserialize(from).map(|o| Self::$kind(Box::new(o))),)*
                    _ => return None,
                })
            }
        }

        $(impl From<$kind> for Object {
            fn from(object: $kind) -> Self {
                Self::$kind(Box::new(object))
            }
        })*
    };
}

objects!(
    CSIDriver,
    CSINode,
    CSIStorageCapacity,
    ConfigMap,
    CronJob,
    DaemonSet,
    Deployment,
    EndpointSlice,
    HorizontalPodAutoscaler,
    Ingress,
    Job,
    Lease,
    LimitRange,
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
    MutatingWebhookConfiguration,
    Namespace,
    NetworkPolicy,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    PodDisruptionBudget,
    PriorityClass,
    ReplicaSet,
    ReplicationController,
    ResourceQuota,
    RuntimeClass,
    Secret,
    Service,
    ServiceAccount,
    StatefulSet,
    StorageClass,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingWebhookConfiguration,
    VolumeAttachment,
);
