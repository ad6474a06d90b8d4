//! The cluster as data: arenas with typed ids and interned text, cheap to fork.
//!
//! Building one from manifests is [`build`]'s; everything that happens to it afterwards is written by `apiserver`.

mod attachable;
pub mod autoscalers;
pub mod behavior;
pub mod build;
pub mod clock;
pub mod cron_jobs;
pub mod ids;
pub mod labels;
pub mod loads;
pub mod node;
pub mod node_pools;
pub mod origin;
pub mod pod;
pub mod quotas;
pub mod state;
pub mod template;
pub mod volumes;
pub mod workloads;

pub use state::{Cluster, Workload};
