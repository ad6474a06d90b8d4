//! The API server: the only way to write to the cluster. It applies Kubernetes' own rules of writing (admission, deletion, eviction),
//! records every change with its cause, and announces it. It decides nothing that a controller decides.

mod admission;
mod api;
mod apply;
mod autoscalers;
mod budgets;
mod claims;
mod cron_jobs;
mod deletion;
mod events;
mod eviction;
mod karpenter;
mod known;
mod namespaces;
mod node_pools;
mod nodes;
mod notice;
mod ownership;
mod pods;
mod quotas;
mod vertical;
mod volumes;
mod workloads;

pub use admission::quota_usage;
pub use api::Api;
pub use apply::Applied;
pub use deletion::Propagation;
pub(crate) use deletion::stays;
pub(crate) use karpenter::DISRUPTED;
pub use known::Known;
pub use namespaces::Remaining;
pub use notice::{NodeChange, Notice, PodChange, Watched};
pub use pods::{NewPod, Refusal};
pub(crate) use vertical::{recommended, with_recommended};
