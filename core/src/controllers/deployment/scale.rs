//! A change of `spec.replicas` while a rollout is under way or paused: sizes in proportion (`sync.go` scale, v1.37).

use super::replica_sets::{fenceposts, new_and_old, resize};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{DeploymentId, ReplicaSetId};
use crate::cluster::workloads::{Deployment, DeploymentStrategy};
use crate::units::arrange::Arrange;

/// Whether an active ReplicaSet was sized for another `spec.replicas` (`isScalingEvent`).
pub(super) fn is_due(api: &Api, id: DeploymentId) -> bool {
    let cluster = api.cluster();
    let d = &cluster.deployments[id.index()];
    d.replica_sets
        .iter()
        .map(|r| &cluster.replica_sets[r.index()])
        .any(|set| set.replicas > 0 && set.annotations.is_some_and(|(desired, _)| desired != d.replicas))
}

/// Brings the ReplicaSets to the sizes that `spec.replicas` asks for, without moving the rollout on.
pub(super) fn scale(api: &mut Api, id: DeploymentId) {
    let cluster = api.cluster();
    let d = &cluster.deployments[id.index()];
    let wanted = d.replicas;
    let (new, old) = new_and_old(cluster, id);
    let mut active: Vec<ReplicaSetId> = old.iter().copied().chain(new).filter(|r| cluster.replica_sets[r.index()].replicas > 0).collect();
    if active.len() <= 1 {
        if let Some(only) = active.first().copied().or(new).or(old.last().copied())
            && cluster.replica_sets[only.index()].replicas != wanted
        {
            resize(api, id, only, wanted);
        }
        return;
    }
    if new.is_some_and(|new| is_saturated(cluster, d, new)) {
        for set in active.into_iter().filter(|&set| Some(set) != new) {
            resize(api, id, set, 0);
        }
        return;
    }
    if !matches!(d.strategy, DeploymentStrategy::RollingUpdate { .. }) {
        return;
    }
    let size = |r: ReplicaSetId| cluster.replica_sets[r.index()].replicas;
    let created = |r: ReplicaSetId| (cluster.replica_sets[r.index()].meta.created, r);
    let allowed = if wanted > 0 { wanted + fenceposts(d).0 } else { 0 };
    let add = allowed - active.iter().map(|&r| size(r)).sum::<i32>();
    active.arrange_by(|&a, &b| {
        let by_age = if add > 0 { created(b).cmp(&created(a)) } else { created(a).cmp(&created(b)) };
        size(b).cmp(&size(a)).then(by_age)
    });
    let mut added = 0;
    let mut sizes: Vec<i32> = Vec::with_capacity(active.len());
    for &set in &active {
        let part = if add == added { 0 } else { share(cluster, d, set) };
        let part = if add > 0 { part.min(add - added) } else { part.max(add - added) };
        sizes.push(size(set) + part);
        added += part;
    }
    if let Some(largest) = sizes.first_mut() {
        *largest = (*largest + add - added).max(0);
    }
    for (set, size) in active.into_iter().zip(sizes) {
        resize(api, id, set, size);
    }
}

/// `IsSaturated`.
fn is_saturated(cluster: &Cluster, d: &Deployment, new: ReplicaSetId) -> bool {
    let set = &cluster.replica_sets[new.index()];
    set.replicas == d.replicas && set.annotations.is_some_and(|(desired, _)| desired == d.replicas) && set.status.available == d.replicas
}

/// What a ReplicaSet gets or gives in proportion to its size (`getReplicaSetFraction`), rounded half away from zero.
fn share(cluster: &Cluster, d: &Deployment, id: ReplicaSetId) -> i32 {
    let set = &cluster.replica_sets[id.index()];
    if d.replicas == 0 {
        return -set.replicas;
    }
    let before = match set.annotations {
        Some((_, max)) if max != 0 => max,
        _ => d.status.replicas,
    };
    if before <= 0 {
        return 0;
    }
    let (size, max, before) = (i64::from(set.replicas), i64::from(d.replicas + fenceposts(d).0), i64::from(before));
    let rounded = (2 * size * max + before) / (2 * before);
    (rounded - size).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}
