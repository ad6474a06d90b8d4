//! Which pods of a ReplicaSet go first when it has too many (`pkg/controller/controller_utils.go` ActivePodsWithRanks, v1.37).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::apiserver::Api;
use crate::cluster::ids::{NodeId, PodId, ReplicaSetId};
use crate::cluster::pod::Phase;
use crate::units::time::Time;

/// The `count` pods that go, the first to go first.
pub(super) fn first_to_go(api: &Api, id: ReplicaSetId, mut active: Vec<PodId>, count: usize) -> Vec<PodId> {
    let cluster = api.cluster();
    let crowd = related_pods_by_node(api, id);
    let (now, orders) = (api.now(), api.orders());
    active.sort_by_cached_key(|&id| {
        let pod = cluster.pod(id);
        let phase = match pod.phase {
            Phase::Pending => 0,
            _ => 2,
        };
        let crowd = pod.node.and_then(|n| crowd.get(&n)).copied().unwrap_or(0);
        // Ready times count only between two ready pods. Within one bucket Kubernetes compares random UIDs; later ones first is one
        // such order, and it makes a total one. A seed draws the UIDs.
        let uid = orders.rank("uid of a pod", &[u64::from(id.0)]);
        let of_ready = |bucket: i64| (bucket, uid, Reverse(if orders.are_given() { pod.ready_since } else { Time::ZERO }));
        let ready = if pod.ready { of_ready(age_bucket(now, pod.ready_since)) } else { (0, 0, Reverse(Time::ZERO)) };
        (
            pod.node.is_some(),
            phase,
            pod.ready,
            pod.deletion_cost.unwrap_or(cluster.template(pod.template).deletion_cost),
            Reverse(crowd),
            ready,
            Reverse(pod.restarts),
            (age_bucket(now, pod.created), uid, Reverse(id)),
        )
    });
    active.truncate(count);
    active
}

/// The power of two below an age in nanoseconds; -1 for none (`logarithmicRankDiff`).
fn age_bucket(now: Time, since: Time) -> i64 {
    let age = (now - since).saturating_mul(1_000_000);
    age.checked_ilog2().map_or(-1, i64::from)
}

/// How many active pods of this ReplicaSet and those of the same owner each node has. The ReplicaSets of one Deployment are looked at by
/// workers at the same time: what one deletes at this very moment its siblings do not see yet.
fn related_pods_by_node(api: &Api, id: ReplicaSetId) -> BTreeMap<NodeId, u32> {
    let cluster = api.cluster();
    let own = [id];
    let family: &[ReplicaSetId] = match cluster.replica_sets[id.index()].deployment {
        Some(deployment) => &cluster.deployments[deployment.index()].replica_sets,
        None => &own,
    };
    let now = api.now();
    let mut crowd = BTreeMap::new();
    for set in family {
        for &pod in &cluster.replica_sets[set.index()].pods {
            let pod = cluster.pod(pod);
            let unseen = *set != id && !pod.phase.is_terminal() && pod.deletion.is_some_and(|d| d.requested == now);
            if let (true, Some(node)) = (pod.is_active() || unseen, pod.node) {
                *crowd.entry(node).or_insert(0) += 1;
            }
        }
    }
    crowd
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::time::SECOND;

    #[test]
    fn buckets_double() {
        // 2^37 ns is 137.4 s.
        let bucket = |seconds| age_bucket(Time::ZERO + seconds * SECOND, Time::ZERO);
        assert_eq!(bucket(137), 36);
        assert_eq!(bucket(138), 37);
        assert_eq!(bucket(274), 37);
        assert_eq!(bucket(275), 38);
        assert_eq!(bucket(0), -1);
        assert_eq!(age_bucket(Time::ZERO, Time::at(5)), -1);
    }
}
