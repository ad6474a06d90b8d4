//! Memory that grows until the kernel kills (`pkg/kubelet/qos/policy.go`, `pkg/kubelet/oom/oom_watcher_linux.go`, v1.37): a container at its
//! limit, or the worst of all pods when the node has nothing left. The kubelet's eviction manager looks every ten seconds and may come too late.

use super::life::Stage;
use super::pressure::{first_threshold, look_after, room};
use super::{Kubelets, Timer};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::behavior::Exit;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::template::{PodTemplate, QosClass};
use crate::trace::Subject;
use crate::units::time::{Millis, SECOND, Time};

/// Exit code of a container that the kernel killed.
const OOM_KILLED: i32 = 137;

/// `oom_score_adj` of a pod's containers.
fn score_adjustment(template: &PodTemplate, capacity: i64) -> i64 {
    match template.qos {
        QosClass::Guaranteed => -997,
        QosClass::BestEffort => 1_000,
        QosClass::Burstable => {
            let share = i128::from(template.requests.memory) * 1_000 / i128::from(capacity.max(1));
            match 1_000 - i64::try_from(share).unwrap_or(1_000) {
                adjustment if adjustment < 3 => 3,
                1_000 => 999,
                adjustment => adjustment,
            }
        }
    }
}

/// When something that grows by `rate` a second has grown by `missing`.
fn grown_by(now: Time, missing: i64, rate: i64) -> Time {
    let span = i128::from(missing.max(0)) * i128::from(SECOND) / i128::from(rate.max(1));
    now + Millis::try_from(span).unwrap_or(Millis::MAX / 4)
}

impl Kubelets {
    /// Memory in use by a running pod at a moment, in bytes: what it begins with and what it has grown by.
    pub(super) fn memory_use_at(&self, cluster: &Cluster, id: PodId, now: Time) -> i64 {
        let rate = cluster.template_of(id).behavior.memory_growth;
        let begins = self.memory_use_of(cluster, id);
        if rate <= 0 {
            return begins;
        }
        let since = self.lives.get(id.index()).map_or(now, |life| life.since);
        let grown = i128::from(rate) * i128::from((now - since).max(0)) / i128::from(SECOND);
        begins.saturating_add(i64::try_from(grown).unwrap_or(i64::MAX))
    }

    /// How the kernel ends a container that outgrows its limit.
    pub(super) fn oom_of(&self, cluster: &Cluster, id: PodId) -> Option<Exit> {
        let template = cluster.template_of(id);
        let (rate, limit) = (template.behavior.memory_growth, template.containers.first()?.limits.memory);
        if rate <= 0 || limit <= 0 {
            return None;
        }
        let missing = limit.saturating_sub(self.memory_use_of(cluster, id));
        Some(Exit { after: grown_by(Time::ZERO, missing, rate).millis(), code: OOM_KILLED })
    }

    /// Plans the next look of the eviction manager that can find something, and the moment at which the node has no memory left.
    pub(super) fn plan_growth(&mut self, api: &Api, node: NodeId) {
        let (now, cluster) = (api.now(), api.cluster());
        let mut rate: i64 = 0;
        for &id in cluster.node(node).pods.iter().filter(|&&id| self.uses_memory(id)) {
            rate = rate.saturating_add(cluster.template_of(id).behavior.memory_growth.max(0));
        }
        if rate == 0 {
            return;
        }
        let left = self.memory_left(cluster, node, now);
        let look = look_after(grown_by(now, left.saturating_sub(first_threshold(cluster, node)), rate));
        let empty = grown_by(now, left, rate);
        self.plan_look(api, node, look);
        let agent = self.agent(node);
        agent.oom_epoch = agent.oom_epoch.wrapping_add(1);
        let epoch = agent.oom_epoch;
        let cause = api.cause();
        self.agenda.add(empty, (Timer::OutOfMemory(node, epoch), cause));
    }

    /// What a node has left before the kernel kills, in bytes.
    pub(super) fn memory_left(&self, cluster: &Cluster, node: NodeId, now: Time) -> i64 {
        let outside = self.agents.get(node.index()).map_or(0, |agent| agent.outside);
        room(cluster, node).saturating_sub(self.memory_used_at(cluster, node, now)).saturating_sub(outside)
    }

    /// The node has no memory left: the kernel kills the container with the highest score.
    pub(super) fn out_of_memory(&mut self, api: &mut Api, node: NodeId, epoch: u32) {
        let now = api.now();
        if self.agent(node).oom_epoch != epoch || self.memory_left(api.cluster(), node, now) > 0 {
            return;
        }
        let cluster = api.cluster();
        let capacity = cluster.node(node).capacity.memory.max(room(cluster, node)).max(1);
        let running = cluster.node(node).pods.iter().copied().filter(|&id| self.uses_memory(id));
        let score = |id: PodId| {
            let used = i128::from(self.memory_use_at(cluster, id, now)) * 1_000 / i128::from(capacity);
            used + i128::from(score_adjustment(cluster.template_of(id), capacity))
        };
        let Some(victim) = running.max_by_key(|&id| (score(id), std::cmp::Reverse(id))) else { return };
        let process = cluster.template_of(victim).containers.first().map_or(String::new(), |c| cluster.text(c.name).to_owned());
        let message = format!("System OOM encountered, victim process: {process}, pid: 1");
        let cause = api.event(Subject::Node(node), true, "SystemOOM", &message, "kubelet");
        api.set_cause(Some(cause));
        self.exit_container(api, victim, OOM_KILLED);
        self.plan_growth(api, node);
    }

    pub(super) fn uses_memory(&self, id: PodId) -> bool {
        self.lives.get(id.index()).is_some_and(|life| matches!(life.stage, Stage::Running | Stage::Ready))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_takes_its_time() {
        assert_eq!(grown_by(Time::at(1_000), 500, 25), Time::at(21_000));
        assert_eq!(grown_by(Time::at(1_000), -5, 25), Time::at(1_000));
        assert!(grown_by(Time::at(1_000), i64::MAX, 1).millis() > 0, "far away, but a time");
    }
}
