//! One pod where one should be, none where none should be (`daemon_controller.go` podsShouldBeOnNode, v1.37).

use super::backoff::FailedPods;
use super::placement::placement;
use super::rolling::allows_surge;
use super::{SOURCE, Wanted, is_updated, pods_by_node};
use crate::apiserver::Api;
use crate::cluster::ids::{DaemonSetId, NodeId, PodId};
use crate::cluster::pod::Phase;
use crate::trace::{DeleteReason, Subject};
use crate::units::time::Millis;

/// What is to be created and deleted, and after how long to look again at pods that failed too often.
pub(super) fn manage(api: &mut Api, id: DaemonSetId, failed_pods: &mut FailedPods) -> (Wanted, Option<Millis>) {
    let by_node = pods_by_node(api.cluster(), id);
    let nodes: Vec<NodeId> = api.cluster().live_nodes().map(|(node, _)| node).collect();
    let mut wanted = Wanted::default();
    let mut again: Option<Millis> = None;
    for node in nodes {
        let place = placement(api.cluster(), id, node);
        match by_node.get(&node) {
            None if place.run => wanted.create.push(node),
            Some(pods) if place.keep => {
                let wait = tidy(api, id, node, pods, place.run, failed_pods, &mut wanted);
                again = [again, wait].into_iter().flatten().min();
            }
            Some(pods) => {
                let here = pods.iter().filter(|&&p| api.cluster().pod(p).deletion.is_none());
                wanted.delete.extend(here.map(|&p| (p, DeleteReason::Misplaced)));
            }
            None => {}
        }
    }
    // Pods that wait for a node that is gone would wait for ever.
    for (node, pods) in &by_node {
        if api.cluster().node(*node).gone {
            let waiting = pods.iter().filter(|&&p| api.cluster().pod(p).node.is_none() && api.cluster().pod(p).deletion.is_none());
            wanted.delete.extend(waiting.map(|&p| (p, DeleteReason::Misplaced)));
        }
    }
    (wanted, again)
}

/// A node that keeps its pods: ended ones go, and of several only the right ones stay.
fn tidy(
    api: &mut Api,
    id: DaemonSetId,
    node: NodeId,
    pods: &[PodId],
    run: bool,
    failed_pods: &mut FailedPods,
    wanted: &mut Wanted,
) -> Option<Millis> {
    let mut again = None;
    let mut running = Vec::new();
    for &pod_id in pods {
        let pod = api.cluster().pod(pod_id);
        if pod.deletion.is_some() {
            continue;
        }
        let (warning, reason, what) = match pod.phase {
            Phase::Failed => {
                let generation = api.cluster().daemon_sets[id.index()].status.observed_generation;
                if let Some(delay) = failed_pods.wait(id, node, generation, api.now()) {
                    again = [again, Some(delay)].into_iter().flatten().min();
                    continue;
                }
                (true, "FailedDaemonPod", ("failed", "kill"))
            }
            Phase::Succeeded => (false, "SucceededDaemonPod", ("succeeded", "delete")),
            _ => {
                running.push(pod_id);
                continue;
            }
        };
        let cluster = api.cluster();
        let (name, node) = (cluster.pod_full_name(pod_id), cluster.text(cluster.node(node).name));
        let message = format!("Found {} daemon pod {name} on node {node}, will try to {} it", what.0, what.1);
        api.event(Subject::DaemonSet(id), warning, reason, &message, SOURCE);
        wanted.delete.push((pod_id, DeleteReason::Replace));
    }
    let cluster = api.cluster();
    let set = &cluster.daemon_sets[id.index()];
    if !allows_surge(set) {
        wanted.delete.extend(running.iter().skip(1).map(|&p| (p, DeleteReason::ScaleDown)));
        return again;
    }
    if running.len() <= 1 {
        if running.is_empty() && run {
            wanted.create.push(node);
        }
        return again;
    }
    let (mut new, mut old) = (None, None);
    for pod in running {
        let oldest = if is_updated(cluster, id, pod) { &mut new } else { &mut old };
        match oldest {
            None => *oldest = Some(pod),
            Some(_) => wanted.delete.push((pod, DeleteReason::ScaleDown)),
        }
    }
    if let (Some(new), Some(old)) = (new, old)
        && (!cluster.pod(old).ready || cluster.pod(new).is_available(set.min_ready, api.now()))
    {
        wanted.delete.push((old, DeleteReason::Replace));
    }
    again
}
