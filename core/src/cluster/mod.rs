//! The cluster as data: arenas with typed ids and interned text, cheap to fork.
//!
//! Building one from manifests is [`build`]'s; everything that happens to it afterwards is written by `apiserver`.

pub mod admission_policies;
mod attachable;
pub mod autoscalers;
pub mod behavior;
pub mod build;
pub mod called;
pub mod clock;
pub mod cron_jobs;
pub mod expressions;
pub mod ids;
pub mod karpenter;
pub mod kubelet_settings;
pub mod labels;
pub mod loads;
pub mod node;
pub mod node_pools;
pub mod origin;
pub mod pod;
pub mod quotas;
pub mod resize;
pub mod state;
pub mod template;
pub mod template_index;
pub mod vertical_autoscalers;
pub mod volumes;
pub mod webhooks;
pub mod workloads;
pub mod write_scope;

pub use state::{Cluster, Workload};
