//! What accidents do to the pods of a workload and to whole machines: slow starts, crash loops, reboots, shutdowns.

use super::admission::CRITICAL_PRIORITY;
use super::behavior::start_delay;
use super::life::Stage;
use super::{Kubelets, Timer};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::behavior::Exit;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::node::NodeReady;
use crate::cluster::pod::{DisruptionReason, Owner};
use crate::cluster::state::Workload;
use crate::cluster::template::RestartPolicy;
use crate::trace::Subject;
use crate::units::time::Millis;

/// Exit code of a container whose machine went down under it.
const LOST: i32 = 137;
/// What pods are told that end with their node (`pkg/kubelet/nodeshutdown/nodeshutdown_manager.go`, v1.37).
const SHUT_DOWN: &str = "Pod was terminated in response to imminent node shutdown.";

impl Kubelets {
    /// Pods of a workload take longer to start from now on; 0 for as long as assumed.
    pub fn set_slow_start(&mut self, workload: Workload, by: Millis) {
        if by > 0 {
            self.slow_starts.insert(workload, by);
        } else {
            self.slow_starts.remove(&workload);
        }
    }

    /// Main containers of a workload's pods end `exit.after` after each start, those that run now at once; none lets their next start last.
    pub fn set_crash_loop(&mut self, api: &mut Api, workload: Workload, exit: Option<Exit>) {
        let Some(exit) = exit else {
            self.crash_loops.remove(&workload);
            return;
        };
        self.crash_loops.insert(workload, exit);
        let pods: Vec<PodId> =
            api.cluster().live_pods().map(|(id, _)| id).filter(|&id| api.cluster().workload_of(id) == workload).collect();
        let cause = api.cause();
        for id in pods {
            api.set_cause(cause);
            self.exit_container(api, id, exit.code);
        }
    }

    /// From being bound to Running, with what accidents add.
    pub(super) fn start_delay(&self, cluster: &Cluster, id: PodId) -> Millis {
        let slower = if self.slow_starts.is_empty() { None } else { self.slow_starts.get(&cluster.workload_of(id)).copied() };
        start_delay(&cluster.template_of(id).behavior, cluster.pod(id).ordinal_of_owner).saturating_add(slower.unwrap_or(0))
    }

    /// How a crash loop ends the containers of a pod.
    pub(super) fn crash_of(&self, cluster: &Cluster, id: PodId) -> Option<Exit> {
        if self.crash_loops.is_empty() { None } else { self.crash_loops.get(&cluster.workload_of(id)).copied() }
    }

    /// The machine loses its power: when it comes back its containers have to start again.
    pub fn lose_power(&mut self, node: NodeId) {
        self.agent(node).lost_power = true;
    }

    /// A machine is back after it had no power: its pods get new sandboxes, and their restart policy says which containers start again.
    pub(super) fn reboot(&mut self, api: &mut Api, node: NodeId) {
        let pods: Vec<PodId> = api.cluster().node(node).pods.clone();
        let back = api.cause();
        for id in pods {
            let pod = api.cluster().pod(id);
            let ran = matches!(self.life(id).stage, Stage::Running | Stage::Ready | Stage::BackOff);
            if pod.gone || pod.phase.is_terminal() || pod.deletion.is_some() || !ran {
                continue;
            }
            api.set_cause(back);
            let never = api.cluster().template_of(id).restart_policy == RestartPolicy::Never;
            let delay = self.start_delay(api.cluster(), id);
            let life = self.life(id);
            life.epoch += 1;
            if never {
                life.stage = Stage::Ended(LOST);
                continue;
            }
            life.stage = Stage::BackOff;
            let epoch = life.epoch;
            self.sequences.remove(&id);
            let message = "Pod sandbox changed, it will be killed and re-created.";
            api.event(Subject::Pod(id), false, "SandboxChanged", message, "kubelet");
            if Self::is_sequenced(api.cluster(), id) {
                self.life(id).restarts += 1;
                self.agenda.add(api.now() + delay, (Timer::Start(id, epoch), back));
                continue;
            }
            self.agenda.add(api.now() + delay, (Timer::Restart(id, epoch), back));
        }
    }

    /// The operating system shuts down and gives the kubelet time for groups of pods by priority, ascending
    /// (`pkg/kubelet/nodeshutdown/nodeshutdown_manager.go`, v1.37). Without any it is told nothing.
    pub fn shut_down(&mut self, api: &mut Api, node: NodeId, groups: &[(i32, Millis)]) {
        if groups.iter().all(|&(_, period)| period <= 0) || !Self::is_alive(api, node) {
            return;
        }
        let cause = api.cause();
        let name = api.cluster().text(api.cluster().node(node).name).to_owned();
        api.event(Subject::Node(node), false, "Shutdown", "Shutdown manager detected shutdown event", "kubelet");
        let agent = self.agent(node);
        agent.shutting_down = true;
        agent.not_ready = true;
        if let Some(record) = api.set_node_ready(node, NodeReady::False) {
            api.set_cause(Some(record));
            api.event(Subject::Node(node), false, "NodeNotReady", &format!("Node {name} status is now: NodeNotReady"), "kubelet");
        }
        let pods: Vec<PodId> = api.cluster().node(node).pods.clone();
        // A pod belongs to the highest group that does not begin above its priority; below all, to the lowest.
        let group_of = |priority: i32| groups.iter().rposition(|&(from, _)| from <= priority).unwrap_or(0);
        let mut begins = api.now();
        for (group, &(_, period)) in groups.iter().enumerate() {
            let mut over = begins;
            for &id in &pods {
                let pod = api.cluster().pod(id);
                let priority = if pod.owner == Owner::Node { pod.priority.max(CRITICAL_PRIORITY) } else { pod.priority };
                if group_of(priority) != group || pod.gone || pod.phase.is_terminal() || pod.deletion.is_some() {
                    continue;
                }
                let template = api.cluster().template_of(id);
                let at = begins + template.behavior.stop.clamp(0, template.grace.min(period.max(0)));
                over = over.max(at);
                self.agenda.add(at, (Timer::ShutDown(id), cause));
            }
            begins = over;
        }
    }

    /// A pod's containers were ended for the shutdown.
    pub(super) fn ended_for_shutdown(&mut self, api: &mut Api, id: PodId) {
        let pod = api.cluster().pod(id);
        let going = pod.node.is_some_and(|node| self.agents.get(node.index()).is_some_and(|agent| agent.shutting_down));
        if pod.gone || pod.phase.is_terminal() || !going || !Self::is_heard(api, id) {
            return;
        }
        let deleting = pod.deletion.is_some();
        api.mark_disruption_target(id, DisruptionReason::Kubelet);
        self.end(id);
        let record = api.fail_pod(id, "Terminated", SHUT_DOWN);
        api.set_cause(Some(record));
        if deleting {
            api.remove_pod(id);
        }
    }
}
