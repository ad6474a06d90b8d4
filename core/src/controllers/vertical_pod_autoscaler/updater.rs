//! Which pods are evicted, or resized in place, for a recommendation (`vertical-pod-autoscaler/pkg/updater`).

use super::{SOURCE, pods_of};
use crate::apiserver::{Api, recommended, with_recommended};
use crate::cluster::ids::{PodId, VerticalAutoscalerId};
use crate::cluster::pod::Phase;
use crate::cluster::vertical_autoscalers::UpdateMode;
use crate::cluster::{Cluster, Workload};
use crate::trace::{Evictor, Subject};
use crate::units::arrange::Arrange;
use crate::units::time::{MINUTE, Millis, Time};

/// Pods this old are updated for differences within the bounds too (`--pod-lifetime-update-threshold`) …
const LONG_LIVED: Millis = 12 * 60 * MINUTE;
/// … if they are at least so large a share of what is asked for (`--pod-update-threshold`).
const LEAST_DIFFERENCE: f64 = 0.1;
/// A resize that finds no room becomes an eviction after so long (`DeferredResizeUpdateTimeout`).
const DEFERRED: Millis = 5 * MINUTE;

/// A pod that should ask for something else.
struct Wanted {
    pod: PodId,
    grows: bool,
    difference: f64,
    /// It may go at once: it is outside of the bounds.
    outside: bool,
}

/// When there is something to do again: at the next look, or when a pod is old enough.
pub(super) struct Again {
    pub(super) soon: bool,
    pub(super) later: Option<Time>,
}

/// One look of the updater at an autoscaler. `deferred` keeps since when a resize of a pod finds no room.
pub(super) fn update(api: &mut Api, id: VerticalAutoscalerId, deferred: &mut std::collections::BTreeMap<PodId, Time>) -> Again {
    let mut again = Again { soon: false, later: None };
    let now = api.now();
    let scaler = api.cluster().vertical_autoscalers[id.index()].clone();
    let Some(workload) = api.cluster().vertical_target(&scaler) else { return again };
    if matches!(scaler.mode, UpdateMode::Off | UpdateMode::Initial) {
        return again;
    }
    let pods: Vec<PodId> = pods_of(api.cluster(), workload).into_iter().filter(|&pod| api.cluster().pod(pod).deletion.is_none()).collect();
    deferred.retain(|pod, _| pods.contains(pod));
    let mut wanted: Vec<Wanted> = Vec::new();
    for &pod in &pods {
        let Some(want) = wants(api.cluster(), id, pod) else { continue };
        let started = api.cluster().pod(pod).started;
        let old = started.is_some_and(|at| at + LONG_LIVED <= now);
        if want.outside || (old && want.difference >= LEAST_DIFFERENCE) {
            wanted.push(want);
        } else if let Some(at) = started.filter(|_| want.difference >= LEAST_DIFFERENCE) {
            again.later = again.later.into_iter().chain([at + LONG_LIVED]).min();
        }
    }
    // Those that need more first, then the largest differences.
    wanted.arrange_by(|a, b| b.grows.cmp(&a.grows).then(b.difference.total_cmp(&a.difference)).then(a.pod.cmp(&b.pod)));
    let configured = desired(api.cluster(), workload);
    let alive = |pod: &&PodId| api.cluster().pod(**pod).phase == Phase::Running;
    let running = pods.iter().filter(alive).count() as i32;
    let few = (pods.len() as i32) < scaler.least_replicas;
    let tolerance = configured / 2;
    let mut evicted = 0;
    for want in wanted {
        let pending = api.cluster().pod(want.pod).phase == Phase::Pending;
        let disruptable = running - evicted > configured - tolerance || (running == configured && tolerance == 0 && evicted == 0);
        if !pending && (few || !disruptable) {
            // With fewer pods than it needs it stays idle until there are more.
            again.soon |= !few;
            continue;
        }
        if scaler.mode == UpdateMode::InPlaceOrRecreate && !pending {
            let template = with_recommended(api.cluster(), &scaler, api.cluster().template_of(want.pod));
            if template.is_none_or(|template| api.resize_pod(want.pod, template)) {
                deferred.remove(&want.pod);
                continue;
            }
            if now - *deferred.entry(want.pod).or_insert(now) < DEFERRED {
                again.soon = true;
                continue;
            }
        }
        if api.evict_and_tell(want.pod, None, Evictor::VerticalAutoscaler).is_ok() {
            let name = api.cluster().pod_name(want.pod);
            let message = "Pod was evicted by VPA Updater to apply resource recommendation.";
            api.event(Subject::Pod(want.pod), false, "EvictedByVPA", message, SOURCE);
            let message = format!("VPA Updater evicted Pod {name} to apply resource recommendation.");
            api.event(Subject::VerticalAutoscaler(id), false, "EvictedPod", &message, SOURCE);
            evicted += i32::from(!pending);
        } else {
            again.soon = true;
        }
    }
    again
}

/// `spec.replicas` of what makes the pods.
fn desired(cluster: &Cluster, workload: Workload) -> i32 {
    match workload {
        Workload::Deployment(id) => cluster.deployments[id.index()].replicas,
        Workload::ReplicaSet(id) => cluster.replica_sets[id.index()].replicas,
        Workload::StatefulSet(id) => cluster.stateful_sets[id.index()].replicas,
        _ => pods_of(cluster, workload).len() as i32,
    }
}

/// How far a pod is from what is recommended; none where it is there (`priority_processor.go` GetUpdatePriority).
fn wants(cluster: &Cluster, id: VerticalAutoscalerId, pod: PodId) -> Option<Wanted> {
    let (scaler, template) = (&cluster.vertical_autoscalers[id.index()], cluster.template_of(pod));
    let (mut grows, mut outside) = (false, false);
    let mut sums = [(0i64, 0i64), (0, 0)];
    for (container, (cpu, memory)) in template.containers.iter().zip(recommended(cluster, scaler, template)) {
        let requests =
            [(container.requests.cpu_milli, container.requests_named.0), (container.requests.memory, container.requests_named.1)];
        for ((estimate, (request, named)), sum) in [cpu, memory].into_iter().zip(requests).zip(&mut sums) {
            let Some(estimate) = estimate else { continue };
            sum.0 = sum.0.saturating_add(request);
            sum.1 = sum.1.saturating_add(estimate.target);
            grows |= !named || estimate.target > request;
            outside |= !named || request < estimate.lower || request > estimate.upper;
        }
    }
    let share = |&(asked, target): &(i64, i64)| (asked as f64 - target as f64).abs() / (asked as f64).max(1.0);
    let difference: f64 = sums.iter().filter(|s| s.1 > 0).map(share).sum();
    (difference > 0.0).then_some(Wanted { pod, grows, difference, outside })
}
