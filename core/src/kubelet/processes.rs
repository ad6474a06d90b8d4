//! Process number pressure (`pkg/kubelet/eviction/eviction_manager.go`, v1.37): `pid.available`, a signal that has a threshold only where a
//! KubeletConfiguration gives it one. How many processes a pod has is an assumption: one of each container, or what its behaviour says.

use super::Kubelets;
use super::pressure::look_after;
use super::shortage::{Level, Scarce};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};

/// The process numbers of a node: what Linux begins with (`PID_MAX_DEFAULT`). An assumption.
const CAPACITY: i64 = 32_768;

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
        self.plan_scarce_look(api, Scarce::Processes, node, look_after(api.now()));
    }

    /// What was taken by [`Kubelets::take_processes`] is free again.
    pub fn give_processes_back(&mut self, api: &mut Api, node: NodeId) {
        self.agent(node).outside_processes = 0;
        self.plan_scarce_look(api, Scarce::Processes, node, look_after(api.now()));
    }

    /// A pod began to run: process numbers may have become few.
    pub(super) fn processes_may_be_short(&mut self, api: &mut Api, id: PodId) {
        let thresholds = api.cluster().kubelet.pids;
        let said = api.cluster().template_of(id).behavior.processes.is_some();
        let Some(node) = api.cluster().pod(id).node else { return };
        if (thresholds.hard.is_some() || thresholds.soft.is_some()) && (said || self.agent(node).outside_processes > 0) {
            self.plan_scarce_look(api, Scarce::Processes, node, look_after(api.now()));
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
        if !self.begins_look(api, Scarce::Processes, node) {
            return;
        }
        let available = self.processes_left(api.cluster(), node);
        let level = Level { available, capacity: CAPACITY, none_left: false };
        let found = self.agent(node).processes.look(&[api.cluster().kubelet.pids], level, api.now());
        let Some(evicts) = self.act_on(api, Scarce::Processes, node, found) else { return };
        let cluster = api.cluster();
        // `rankPIDPressure`: the lower priority, then more processes.
        let key = |&id: &PodId| (cluster.pod(id).priority, std::cmp::Reverse(processes(cluster, id)), id);
        let victim = self.evictable(cluster, node).into_iter().min_by_key(key);
        self.put_out(api, Scarce::Processes, node, victim, evicts, [evicts.threshold, available].map(|number| number.to_string()));
    }
}
