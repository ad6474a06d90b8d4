//! Memory pressure: the kubelet's eviction manager (`pkg/kubelet/eviction/{eviction_manager,helpers}.go`, v1.37), thresholds
//! on `memory.available`: the hard one is 100Mi unless a KubeletConfiguration says otherwise, a soft one is only there if it does.
//!
//! What pods really use is an assumption: `PodBehavior::memory_usage`, or what a fault says of their workload, else their request. System processes
//! are taken to use what is reserved for them, so a node is only looked at where a pod uses more than its request or a fault took memory away.

use super::admission::CRITICAL_PRIORITY;
use super::shortage::Evicts;
use super::{Kubelets, Timer};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::pod::{DisruptionReason, Owner};
use crate::cluster::state::Workload;
use crate::trace::{Subject, TextId};
use crate::units::quantity::Quantity;
use crate::units::time::{Millis, SECOND, Time};

/// How often the eviction manager looks.
const LOOK_EVERY: Millis = 10 * SECOND;
/// After an eviction it waits until the pod is cleaned up, looking each second, and then looks again at once.
pub(super) const CLEANED_UP_AFTER: Millis = SECOND;

/// The first regular look after `time`.
pub(super) fn look_after(time: Time) -> Time {
    Time::at((time.millis().div_euclid(LOOK_EVERY) + 1) * LOOK_EVERY)
}

impl Kubelets {
    /// Something outside of all pods takes so much of a node's memory that `available` bytes are left.
    pub fn take_memory(&mut self, api: &mut Api, node: NodeId, available: i64) {
        let left = room(api.cluster(), node).saturating_sub(self.memory_used_at(api.cluster(), node, api.now()));
        self.agent(node).outside = left.saturating_sub(available).max(0);
        self.plan_look(api, node, look_after(api.now()));
    }

    /// What was taken by [`Kubelets::take_memory`] is free again.
    pub fn give_memory_back(&mut self, api: &mut Api, node: NodeId) {
        self.agent(node).outside = 0;
        self.plan_look(api, node, look_after(api.now()));
    }

    /// From now on each pod of a workload uses `bytes` of memory, its replacements too; none takes that back.
    pub fn set_memory_use(&mut self, api: &mut Api, workload: Workload, bytes: Option<i64>) {
        match bytes {
            Some(bytes) => self.memory_use.insert(workload, bytes.max(0)),
            None => self.memory_use.remove(&workload),
        };
        let on: Vec<NodeId> = api.cluster().live_nodes().map(|(id, _)| id).collect();
        for node in on {
            if api.cluster().node(node).pods.iter().any(|&pod| api.cluster().workload_of(pod) == workload) {
                self.plan_look(api, node, look_after(api.now()));
            }
        }
    }

    /// Memory in use by a running pod, in bytes.
    pub fn memory_use_of(&self, cluster: &Cluster, id: PodId) -> i64 {
        let template = cluster.template_of(id);
        let of_workload = if self.memory_use.is_empty() { None } else { self.memory_use.get(&cluster.workload_of(id)).copied() };
        of_workload.or(template.behavior.memory_usage).unwrap_or(template.requests.memory)
    }

    /// A pod began to run: the node may have become short of memory.
    pub(super) fn memory_may_be_short(&mut self, api: &mut Api, id: PodId) {
        let Some(node) = api.cluster().pod(id).node else { return };
        let over = self.memory_use_of(api.cluster(), id) > api.cluster().template_of(id).requests.memory;
        let agent = self.agent(node);
        agent.looks |= over;
        if agent.looks || agent.outside > 0 {
            self.plan_look(api, node, look_after(api.now()));
        }
        if api.cluster().template_of(id).behavior.memory_growth > 0 {
            self.plan_growth(api, node);
        }
    }

    /// One look of a node's eviction manager: at most one pod is evicted.
    pub(super) fn look_at_memory(&mut self, api: &mut Api, node: NodeId) {
        let now = api.now();
        if self.agent(node).look_at != Some(now) || !Self::is_alive(api, node) {
            return;
        }
        self.agent(node).look_at = None;
        let available = self.memory_left(api.cluster(), node, now);
        let settings = api.cluster().kubelet.clone();
        let reclaim = if self.agent(node).reclaiming { settings.least_reclaim } else { 0 };
        let hard = hard_threshold(api.cluster(), node);
        let soft = settings.soft_memory.map(|(threshold, grace)| (threshold.of(api.cluster().node(node).capacity.memory), grace));
        let met = |threshold: i64| available < threshold.saturating_add(reclaim);
        let soft_met = soft.filter(|&(threshold, _)| met(threshold));
        let since = *self.agent(node).soft_since.get_or_insert(now);
        if soft_met.is_none() {
            self.agent(node).soft_since = None;
        }
        // A soft threshold only evicts once it has been met for its grace period; the condition does not wait.
        let ripe = soft_met.filter(|&(_, grace)| since + grace <= now);
        if met(hard) || soft_met.is_some() {
            self.agent(node).breached = Some(now);
            if let Some(record) = api.set_memory_pressure(node, true) {
                api.set_cause(Some(record));
            }
            let soft = ripe.map(|(threshold, _)| Evicts { threshold, hard: false });
            let evicts = if met(hard) { Some(Evicts { threshold: hard, hard: true }) } else { soft };
            let Some(evicts) = evicts else {
                self.plan_growth(api, node);
                return self.plan_look(api, node, look_after(now));
            };
            self.agent(node).reclaiming = true;
            api.event(Subject::Node(node), true, "EvictionThresholdMet", "Attempting to reclaim memory", "kubelet");
            if let Some(victim) = self.victim(api.cluster(), node, now) {
                let told = message(api.cluster(), victim, self.memory_use_at(api.cluster(), victim, now), evicts.threshold, available);
                let takes = self.evict_for(api, victim, evicts, &told);
                self.plan_look(api, node, now + takes + CLEANED_UP_AFTER);
                self.plan_growth(api, node);
            }
            return;
        }
        self.agent(node).reclaiming = false;
        self.plan_growth(api, node);
        let Some(breached) = self.agent(node).breached else { return };
        let over_at = look_after(breached + settings.transition);
        if now >= over_at {
            self.agent(node).breached = None;
            api.set_memory_pressure(node, false);
        } else {
            self.plan_look(api, node, over_at);
        }
    }

    /// A pod that a soft threshold evicted has ended.
    pub(super) fn soft_evicted(&mut self, api: &mut Api, id: PodId, told: TextId) {
        let pod = api.cluster().pod(id);
        if pod.gone || pod.phase.is_terminal() || !Self::is_heard(api, id) {
            return;
        }
        let told = api.trace().text(told).to_owned();
        self.end_evicted(api, id, &told);
    }

    /// Evicts a pod as a kubelet under pressure does, whatever the reason: phase Failed, reason Evicted; the object stays.
    pub fn evict_under_pressure(&mut self, api: &mut Api, id: PodId) {
        let Some(node) = api.cluster().pod(id).node else { return };
        let available = room(api.cluster(), node).saturating_sub(self.memory_used_at(api.cluster(), node, api.now()));
        let threshold = hard_threshold(api.cluster(), node);
        self.evict(api, id, threshold, available.min(threshold));
    }

    fn evict(&mut self, api: &mut Api, id: PodId, threshold: i64, available: i64) {
        let pod = api.cluster().pod(id);
        if pod.gone || pod.phase.is_terminal() || !Self::is_heard(api, id) {
            return;
        }
        let message = message(api.cluster(), id, self.memory_use_at(api.cluster(), id, api.now()), threshold, available);
        self.end_evicted(api, id, &message);
    }

    /// What an eviction by the kubelet comes to, whatever ran short: phase Failed, reason Evicted. The object stays, unless it was being
    /// deleted already.
    pub(super) fn end_evicted(&mut self, api: &mut Api, id: PodId, message: &str) {
        let deleting = api.cluster().pod(id).deletion.is_some();
        api.mark_disruption_target(id, DisruptionReason::Kubelet);
        self.end(id);
        let record = api.fail_pod(id, "Evicted", message);
        api.set_cause(Some(record));
        api.event(Subject::Pod(id), true, "Evicted", message, "kubelet");
        if deleting {
            api.remove_pod(id);
        }
    }

    /// Who goes first: what uses more than it asked for, then the lower priority, then what is furthest above its request; critical pods never.
    fn victim(&mut self, cluster: &Cluster, node: NodeId, now: Time) -> Option<PodId> {
        let running: Vec<PodId> = cluster.node(node).pods.iter().copied().filter(|&id| self.uses_memory(id)).collect();
        let evictable = running.into_iter().filter(|&id| {
            let pod = cluster.pod(id);
            !pod.phase.is_terminal() && pod.priority < CRITICAL_PRIORITY && pod.owner != Owner::Node
        });
        evictable.min_by_key(|&id| {
            let above = self.memory_use_at(cluster, id, now).saturating_sub(cluster.template_of(id).requests.memory);
            (above <= 0, cluster.pod(id).priority, std::cmp::Reverse(above), id)
        })
    }

    pub(super) fn memory_used_at(&self, cluster: &Cluster, node: NodeId, now: Time) -> i64 {
        let running = cluster.node(node).pods.iter().filter(|&&id| self.uses_memory(id));
        running.fold(0, |sum: i64, &id| sum.saturating_add(self.memory_use_at(cluster, id, now)))
    }

    pub(super) fn plan_look(&mut self, api: &Api, node: NodeId, at: Time) {
        let cause = api.cause();
        let agent = self.agent(node);
        if agent.look_at.is_none_or(|planned| at < planned || planned < api.now()) {
            agent.look_at = Some(at);
            self.agenda.add(at, (Timer::LookAtMemory(node), cause));
        }
    }
}

/// The hard threshold of a node, in bytes; nothing is below 0 where there is none.
pub(super) fn hard_threshold(cluster: &Cluster, node: NodeId) -> i64 {
    cluster.kubelet.hard_memory.map_or(0, |threshold| threshold.of(cluster.node(node).capacity.memory))
}

/// The threshold that is met first: a soft one, if there is any.
pub(super) fn first_threshold(cluster: &Cluster, node: NodeId) -> i64 {
    let soft = cluster.kubelet.soft_memory.map_or(0, |(threshold, _)| threshold.of(cluster.node(node).capacity.memory));
    soft.max(hard_threshold(cluster, node))
}

/// The memory that pods and intruders may use before the node has none: the limit of the kubepods cgroup.
pub(super) fn room(cluster: &Cluster, node: NodeId) -> i64 {
    let threshold = hard_threshold(cluster, node);
    let node = cluster.node(node);
    let limit = node.allocatable.memory.saturating_add(threshold);
    if node.capacity.memory > 0 { limit.min(node.capacity.memory) } else { limit }
}

/// The text of the eviction: trailing blank and all. What a pod uses beyond its request is taken to be its first container's.
fn message(cluster: &Cluster, id: PodId, usage: i64, threshold: i64, available: i64) -> String {
    let mut message = format!(
        "The node was low on resource: memory. Threshold quantity: {}, available: {}. ",
        Quantity::from_bytes(threshold),
        Quantity::from_bytes(available.max(0))
    );
    let template = cluster.template_of(id);
    let above = usage.saturating_sub(template.requests.memory);
    if let (Some(container), true) = (template.containers.first(), above > 0) {
        let request = container.requests.memory;
        let (name, used) = (cluster.text(container.name), Quantity::from_bytes(request.saturating_add(above)));
        message.push_str(&format!(
            "Container {name} was using {used}, request is {}, has larger consumption of memory. ",
            Quantity::from_bytes(request)
        ));
    }
    message
}
