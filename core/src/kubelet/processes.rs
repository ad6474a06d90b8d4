//! Process number pressure (`pkg/kubelet/eviction/eviction_manager.go`, v1.37): `pid.available`, a signal that has a threshold only where a
//! KubeletConfiguration gives it one. How many processes a pod has is an assumption: one of each container, or what its behaviour says.

use super::pressure::look_after;
use super::shortage::{Found, Level};
use super::{Kubelets, Timer};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::trace::Subject;
use crate::units::time::{Millis, SECOND, Time};

/// The process numbers of a node: what Linux begins with (`PID_MAX_DEFAULT`). An assumption.
const CAPACITY: i64 = 32_768;
/// After an eviction it waits until the pod is cleaned up and looks again at once.
const CLEANED_UP_AFTER: Millis = SECOND;

/// Processes of a running pod.
fn processes(cluster: &Cluster, id: PodId) -> i64 {
    let template = cluster.template_of(id);
    template.behavior.processes.map_or(template.containers.len() as i64, i64::from)
}

impl Kubelets {
    /// Something outside of all pods takes so many of a node's process numbers that `available` are left.
    pub fn take_processes(&mut self, api: &mut Api, node: NodeId, available: i64) {
        self.agent(node).outside_processes = 0;
        let left = self.processes_left(api.cluster(), node);
        self.agent(node).outside_processes = left.saturating_sub(available).max(0);
        self.plan_processes_look(api, node, look_after(api.now()));
    }

    /// What was taken by [`Kubelets::take_processes`] is free again.
    pub fn give_processes_back(&mut self, api: &mut Api, node: NodeId) {
        self.agent(node).outside_processes = 0;
        self.plan_processes_look(api, node, look_after(api.now()));
    }

    /// A pod began to run: process numbers may have become few.
    pub(super) fn processes_may_be_short(&mut self, api: &mut Api, id: PodId) {
        let thresholds = api.cluster().kubelet.pids;
        let said = api.cluster().template_of(id).behavior.processes.is_some();
        let Some(node) = api.cluster().pod(id).node else { return };
        if (thresholds.hard.is_some() || thresholds.soft.is_some()) && (said || self.agent(node).outside_processes > 0) {
            self.plan_processes_look(api, node, look_after(api.now()));
        }
    }

    pub(super) fn plan_processes_look(&mut self, api: &Api, node: NodeId, at: Time) {
        let (now, cause) = (api.now(), api.cause());
        let watch = &mut self.agent(node).processes;
        if watch.look_at.is_none_or(|planned| at < planned || planned < now) {
            watch.look_at = Some(at);
            self.agenda.add(at, (Timer::LookAtProcesses(node), cause));
        }
    }

    fn processes_left(&self, cluster: &Cluster, node: NodeId) -> i64 {
        let running = cluster.node(node).pods.iter().filter(|&&id| self.uses_memory(id));
        let used: i64 = running.fold(0, |sum, &id| sum.saturating_add(processes(cluster, id)));
        let outside = self.agents.get(node.index()).map_or(0, |agent| agent.outside_processes);
        CAPACITY.saturating_sub(used).saturating_sub(outside).max(0)
    }

    /// One look of a node's eviction manager: at most one pod is evicted.
    pub(super) fn look_at_processes(&mut self, api: &mut Api, node: NodeId) {
        let now = api.now();
        if self.agent(node).processes.look_at != Some(now) || !Self::is_alive(api, node) {
            return;
        }
        self.agent(node).processes.look_at = None;
        let available = self.processes_left(api.cluster(), node);
        let level = Level { available, capacity: CAPACITY, none_left: false };
        let found = self.agent(node).processes.look(&[api.cluster().kubelet.pids], level, now);
        if found != Found::Enough
            && let Some(record) = api.set_pid_pressure(node, true)
        {
            api.set_cause(Some(record));
        }
        match found {
            Found::Enough => {
                let Some(breached) = self.agent(node).processes.breached else { return };
                let over_at = look_after(breached + api.cluster().kubelet.transition);
                if now >= over_at {
                    self.agent(node).processes.breached = None;
                    api.set_pid_pressure(node, false);
                } else {
                    self.plan_processes_look(api, node, over_at);
                }
            }
            Found::Waits => self.plan_processes_look(api, node, look_after(now)),
            Found::Short(evicts) => {
                api.event(Subject::Node(node), true, "EvictionThresholdMet", "Attempting to reclaim pids", "kubelet");
                let cluster = api.cluster();
                // `rankPIDPressure`: the lower priority, then more processes.
                let key = |&id: &PodId| (cluster.pod(id).priority, std::cmp::Reverse(processes(cluster, id)), id);
                let next = match self.evictable(cluster, node).into_iter().min_by_key(key) {
                    Some(victim) => {
                        let threshold = evicts.threshold;
                        let message =
                            format!("The node was low on resource: pids. Threshold quantity: {threshold}, available: {available}. ");
                        let cause = api.cause();
                        let takes = self.evict_for(api, victim, evicts, &message);
                        api.set_cause(cause);
                        now + takes + CLEANED_UP_AFTER
                    }
                    None => look_after(now),
                };
                self.plan_processes_look(api, node, next);
            }
        }
    }
}
