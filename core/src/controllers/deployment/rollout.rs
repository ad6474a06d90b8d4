//! Rolling update and Recreate (`rolling.go`, `recreate.go`, v1.37).

use super::history;
use super::replica_sets::{Refused, fenceposts, new_and_old, new_or_create, raise_revision, resize, total};
use super::status;
use crate::apiserver::Api;
use crate::cluster::ids::{DeploymentId, ReplicaSetId};

/// One pass of a rolling update: grows the new ReplicaSet, or shrinks old ones, or cleans up when all is done. The caller writes the status.
///
/// # Errors
/// The new ReplicaSet could not be made.
pub(super) fn roll(api: &mut Api, id: DeploymentId) -> Result<(), Refused> {
    let Some(new) = new_or_create(api, id)? else { return Ok(()) };
    if grow_new(api, id, new) || shrink_old(api, id, new) {
        return Ok(());
    }
    if status::is_complete(api.cluster(), id) {
        history::clean_up(api, id);
    }
    Ok(())
}

/// `reconcileNewReplicaSet`.
fn grow_new(api: &mut Api, id: DeploymentId, new: ReplicaSetId) -> bool {
    let d = &api.cluster().deployments[id.index()];
    let (wanted, size) = (d.replicas, api.cluster().replica_sets[new.index()].replicas);
    if size == wanted {
        return false;
    }
    if size > wanted {
        return resize(api, id, new, wanted);
    }
    let room = wanted + fenceposts(d).0 - total(api.cluster(), d);
    if room <= 0 {
        return false;
    }
    resize(api, id, new, size + room.min(wanted - size))
}

/// `reconcileOldReplicaSets`: first pods that are not available, then available ones as far as the budget goes.
fn shrink_old(api: &mut Api, id: DeploymentId, new: ReplicaSetId) -> bool {
    let cluster = api.cluster();
    let size = |r: ReplicaSetId| cluster.replica_sets[r.index()].replicas;
    let old: Vec<ReplicaSetId> = new_and_old(cluster, id).1.into_iter().filter(|&r| size(r) > 0).collect();
    if old.is_empty() {
        return false;
    }
    let d = &cluster.deployments[id.index()];
    let least = d.replicas - fenceposts(d).1;
    let new_unavailable = size(new) - cluster.replica_sets[new.index()].status.available;
    let most_down = total(cluster, d) - least - new_unavailable;
    if most_down <= 0 {
        return false;
    }
    let unhealthy = shrink_unhealthy(api, id, &old, most_down);
    let healthy = shrink_healthy(api, id, &old, least);
    unhealthy + healthy > 0
}

/// `cleanupUnhealthyReplicas`; how many pods it took.
fn shrink_unhealthy(api: &mut Api, id: DeploymentId, old: &[ReplicaSetId], most: i32) -> i32 {
    let mut done = 0;
    for &set in old {
        let (size, available) = {
            let set = &api.cluster().replica_sets[set.index()];
            (set.replicas, set.status.available)
        };
        let cut = (most - done).min(size - available);
        if cut > 0 {
            resize(api, id, set, size - cut);
            done += cut;
        }
    }
    done
}

/// `scaleDownOldReplicaSetsForRollingUpdate`; how many pods it took.
fn shrink_healthy(api: &mut Api, id: DeploymentId, old: &[ReplicaSetId], least: i32) -> i32 {
    let cluster = api.cluster();
    let available: i32 =
        cluster.deployments[id.index()].replica_sets.iter().map(|r| cluster.replica_sets[r.index()].status.available).sum();
    let budget = available - least;
    let mut done = 0;
    for &set in old {
        if done >= budget {
            break;
        }
        let size = api.cluster().replica_sets[set.index()].replicas;
        let cut = size.min(budget - done);
        if cut > 0 {
            resize(api, id, set, size - cut);
            done += cut;
        }
    }
    done
}

/// One pass of Recreate: all old pods go, and only when the last is gone the new ones come.
///
/// # Errors
/// The new ReplicaSet could not be made.
pub(super) fn recreate(api: &mut Api, id: DeploymentId) -> Result<(), Refused> {
    let new = raise_revision(api, id);
    let old = new_and_old(api.cluster(), id).1;
    let mut scaled = false;
    for &set in &old {
        if api.cluster().replica_sets[set.index()].replicas > 0 {
            scaled |= resize(api, id, set, 0);
        }
    }
    if scaled || old_pods_remain(api, &old) {
        return Ok(());
    }
    let new = match new {
        Some(new) => new,
        None => match new_or_create(api, id)? {
            Some(new) => new,
            None => return Ok(()),
        },
    };
    let wanted = api.cluster().deployments[id.index()].replicas;
    if api.cluster().replica_sets[new.index()].replicas != wanted {
        resize(api, id, new, wanted);
    }
    if status::is_complete(api.cluster(), id) {
        history::clean_up(api, id);
    }
    Ok(())
}

/// `oldPodsRunning`: pods that are being deleted count until they are gone.
fn old_pods_remain(api: &Api, old: &[ReplicaSetId]) -> bool {
    let cluster = api.cluster();
    old.iter()
        .map(|r| &cluster.replica_sets[r.index()])
        .any(|set| set.status.replicas > 0 || set.pods.iter().any(|&p| !cluster.pod(p).phase.is_terminal()))
}
