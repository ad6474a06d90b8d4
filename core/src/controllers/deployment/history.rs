//! Old ReplicaSets beyond `revisionHistoryLimit` go (`sync.go` cleanupDeployment, v1.37).

use super::replica_sets::new_and_old;
use crate::apiserver::Api;
use crate::cluster::ids::DeploymentId;
use crate::units::arrange::Arrange;

/// Deletes the oldest revisions beyond the limit. A candidate that still has pods is passed over, and no other goes in its place.
pub(super) fn clean_up(api: &mut Api, id: DeploymentId) {
    let limit = api.cluster().deployments[id.index()].history_limit;
    if limit == i32::MAX {
        return;
    }
    let cluster = api.cluster();
    let mut old = new_and_old(cluster, id).1;
    old.retain(|r| cluster.replica_sets[r.index()].meta.deleting.is_none());
    let surplus = old.len().saturating_sub(limit.max(0) as usize);
    if surplus == 0 {
        return;
    }
    old.arrange_by_key(|&r| (cluster.replica_sets[r.index()].revision, cluster.replica_sets[r.index()].meta.created, r));
    old.truncate(surplus);
    old.retain(|r| {
        let set = &cluster.replica_sets[r.index()];
        set.status.replicas == 0 && set.replicas == 0 && set.meta.generation <= set.status.observed_generation
    });
    for set in old {
        api.delete_replica_set(set);
    }
}
