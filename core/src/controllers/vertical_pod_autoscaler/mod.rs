//! The Vertical Pod Autoscaler (`kubernetes/autoscaler`, `vertical-pod-autoscaler`): its recommender and its updater, each once a minute; minutes
//! in which nothing can change are left out. Its admission webhook is the API server's.

mod histogram;
mod recommender;
mod updater;

use std::collections::BTreeMap;

use self::recommender::Memory;
use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, Notice, Watched};
use crate::cluster::ids::{PodId, VerticalAutoscalerId};
use crate::cluster::{Cluster, Workload};
use crate::units::time::{MINUTE, Time};

/// The component that its events name.
const SOURCE: &str = "vpa-updater";
/// For so long it waits for all pods of a workload to be ready before it takes what they use for what they have always used.
const PATIENCE: i64 = 10 * MINUTE;

/// What the autoscalers remember.
#[derive(Clone, Debug, Default)]
pub(super) struct VerticalPodAutoscalers {
    memories: BTreeMap<VerticalAutoscalerId, Memory>,
    planned: BTreeMap<VerticalAutoscalerId, Time>,
    deferred: BTreeMap<PodId, Time>,
    began: Time,
}

/// The pods of a workload.
fn pods_of(cluster: &Cluster, workload: Workload) -> Vec<PodId> {
    match workload {
        Workload::DaemonSet(id) => cluster.daemon_sets[id.index()].pods.clone(),
        other => super::horizontal_pod_autoscaler::usage::pods_of(cluster, other),
    }
}

fn next_minute(now: Time) -> Time {
    Time::at((now.millis().div_euclid(MINUTE) + 1) * MINUTE)
}

impl VerticalPodAutoscalers {
    /// Takes stock of what exists.
    pub(super) fn start(&mut self, api: &Api, queue: &mut WorkQueue) {
        self.began = api.now();
        for index in 0..api.cluster().vertical_autoscalers.len() {
            self.plan(api, queue, VerticalAutoscalerId::from_index(index), next_minute(api.now()));
        }
    }

    /// What its pods do, and what there is for them to do, asks for a look.
    pub(super) fn observe(&mut self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        if api.cluster().vertical_autoscalers.is_empty() {
            return;
        }
        let workload = match notice.watched {
            Watched::VerticalAutoscaler(id) => return self.plan(api, queue, id, next_minute(api.now())),
            Watched::Pod(pod, _) => api.cluster().workload_of(pod),
            Watched::Load(workload) => workload,
            _ => return,
        };
        if let Some(id) = api.vertical_autoscaler_of(workload) {
            let at = next_minute(api.now());
            if self.planned.get(&id).is_none_or(|&planned| planned < api.now() || at < planned) {
                self.planned.insert(id, at);
                queue.add_at(Key::VerticalAutoscaler(id), at, notice.record);
            }
        }
    }

    fn plan(&mut self, api: &Api, queue: &mut WorkQueue, id: VerticalAutoscalerId, at: Time) {
        if self.planned.get(&id).is_none_or(|&planned| planned <= api.now() || at < planned) {
            self.planned.insert(id, at);
            queue.add_at(Key::VerticalAutoscaler(id), at, None);
        }
    }

    /// One look.
    pub(super) fn sync(&mut self, id: VerticalAutoscalerId, api: &mut Api, queue: &mut WorkQueue) {
        let now = api.now();
        if self.planned.get(&id).is_some_and(|&planned| planned <= now) {
            self.planned.remove(&id);
        }
        let Some(scaler) = api.cluster().vertical_autoscalers.get(id.index()).filter(|s| !s.meta.gone) else { return };
        let Some(workload) = api.cluster().vertical_target(scaler) else { return };
        let memory = self.memories.entry(id).or_default();
        if memory.is_empty() {
            let pods = pods_of(api.cluster(), workload);
            let ready = |pod: &PodId| api.cluster().pod(*pod).ready;
            let complete = !pods.is_empty() && pods.iter().all(ready);
            if !complete && now < self.began + PATIENCE {
                return self.plan(api, queue, id, next_minute(now));
            }
        }
        memory.pass_until(now);
        memory.look(api.cluster(), workload, now);
        let recommendations = memory.recommend(scaler);
        let ahead = memory.next_change(scaler);
        if !recommendations.is_empty() {
            api.recommend(id, recommendations);
        }
        let again = updater::update(api, id, &mut self.deferred);
        if again.soon {
            self.plan(api, queue, id, next_minute(now));
        } else if let Some(at) = ahead {
            // Nothing but time will change what is recommended: that keeps no run going.
            queue.add_by_calendar(Key::VerticalAutoscaler(id), at.max(next_minute(now)));
        }
        if let Some(at) = again.later {
            queue.add_by_calendar(Key::VerticalAutoscaler(id), at.max(next_minute(now)));
        }
    }
}
