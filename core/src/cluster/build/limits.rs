//! How large a cluster may get before the rest is left out and that is said.

/// Nodes of a cluster: four times what Kubernetes itself is built for (<https://kubernetes.io/docs/setup/best-practices/cluster-large/>).
pub const MAX_NODES: usize = 20_000;
/// Pods of a cluster, given or wanted by workloads: twice what Kubernetes is built for.
pub const MAX_PODS: usize = 300_000;
/// Replicas of one workload.
pub const MAX_REPLICAS: i32 = 150_000;
/// Diagnostics of building; the rest is counted.
pub const MAX_DIAGNOSTICS: usize = 1_000;
