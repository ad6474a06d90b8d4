//! Status of a StatefulSet (`stateful_set_control.go` computeReplicaStatus, completeUpdate, v1.37).

use super::revision::is_of;
use crate::apiserver::Api;
use crate::cluster::ids::StatefulSetId;
use crate::cluster::pod::Phase;
use crate::cluster::workloads::StatefulSetStatus;
use crate::units::time::Time;

/// Counts, and ends an update that has reached every pod.
pub(super) fn write(api: &mut Api, id: StatefulSetId) {
    let cluster = api.cluster();
    let set = &cluster.stateful_sets[id.index()];
    let now = api.now();
    let mut status = StatefulSetStatus { observed_generation: set.meta.generation, ..StatefulSetStatus::default() };
    for &pod_id in &set.pods {
        let pod = cluster.pod(pod_id);
        if super::ordinal(cluster, pod_id).is_none() {
            continue;
        }
        status.replicas += 1;
        if pod.phase == Phase::Running && pod.ready {
            status.ready += 1;
            status.available += i32::from(pod.is_available(set.min_ready, now));
        }
        if pod.deletion.is_none() {
            status.current += i32::from(is_of(cluster, pod_id, set.current_template));
            status.updated += i32::from(is_of(cluster, pod_id, set.template));
        }
    }
    // Of whatever strategy: pods that were replaced by hand end an update too.
    let wanted = set.replicas;
    if status.updated == wanted && status.ready == wanted && status.replicas == wanted {
        status.current = status.updated;
        let template = set.template;
        api.cluster_mut().stateful_sets[id.index()].current_template = template;
    }
    api.set_stateful_set_status(id, status);
}

/// When the next ready pod becomes available.
pub(super) fn next_available(api: &Api, id: StatefulSetId) -> Option<Time> {
    let cluster = api.cluster();
    let set = &cluster.stateful_sets[id.index()];
    let pods = set.pods.iter().map(|&p| cluster.pod(p)).filter(|p| p.ready && !p.gone);
    pods.map(|p| p.ready_since + set.min_ready).filter(|&at| at > api.now()).min()
}
