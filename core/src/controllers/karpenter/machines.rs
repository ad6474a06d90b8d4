//! Machines from launch to end: they join, become ready for pods, grow old, are drained and given back
//! (`karpenter/pkg/controllers/{nodeclaim/lifecycle,nodeclaim/expiration,node/termination}`).

use super::{KarpenterController, poll_at};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::karpenter::{DisruptionCause, LeaveReason};
use crate::cluster::pod::Owner;
use crate::cluster::template::TaintEffect;
use crate::controllers::queue::{Key, WorkQueue};
use crate::trace::{DeleteReason, Evictor};
use crate::units::intern::Sym;
use crate::units::time::{Millis, SECOND, Time, format_span};

/// How long what a startup taint waits for is taken to need: an assumption.
const STARTUP: Millis = 10 * SECOND;

impl KarpenterController {
    /// Plans when machines are looked at next.
    pub(super) fn plan_machines(&self, api: &Api, queue: &mut WorkQueue) {
        let next = [api.next_machine(), self.starting.values().min().copied()].into_iter().flatten().min();
        if let Some(at) = next {
            queue.add_at(Key::KarpenterMachines, at.max(api.now()), None);
        }
    }

    /// A machine grows old; only the calendar asks for that look.
    pub(super) fn plan_expiry(&self, api: &Api, queue: &mut WorkQueue, index: usize) {
        let Some(machine) = api.cluster().karpenter.machines.get(index) else { return };
        if let Some(after) = machine.expire_after {
            queue.add_by_calendar(Key::KarpenterMachines, (machine.asked + after).max(api.now() + 1));
        }
    }

    /// Lets machines join and start, drains those that go, and gives back those that are empty.
    pub(in crate::controllers) fn tend(&mut self, api: &mut Api, queue: &mut WorkQueue) {
        let now = api.now();
        let mut retry = None;
        for index in 0..api.cluster().karpenter.machines.len() {
            let machine = &api.cluster().karpenter.machines[index];
            if machine.gone {
                continue;
            }
            let (due, node, leaving, initialized) = (machine.due, machine.node, machine.leaving, machine.initialized);
            let pool = &api.cluster().karpenter.pools[machine.pool.index()];
            let (waits, old) = (!pool.startup_taints.is_empty(), machine.expire_after.is_some_and(|after| machine.asked + after <= now));
            match node {
                None if due <= now => {
                    let before = api.cause();
                    api.set_cause(self.asked.remove(&index).or(before));
                    api.machine_joins(index);
                    api.set_cause(before);
                    self.plan_expiry(api, queue, index);
                    if waits {
                        self.starting.insert(index, now + STARTUP);
                    } else {
                        api.machine_initialized(index);
                    }
                }
                None => {}
                Some(node) if api.cluster().node(node).gone => {
                    let name = name_of(api.cluster(), node);
                    api.end_machine(index, &format!("node {name} was deleted"));
                }
                Some(node) => {
                    if initialized.is_none() && self.starting.get(&index).is_some_and(|&at| at <= now) {
                        self.starting.remove(&index);
                        api.machine_initialized(index);
                        self.change(api, queue);
                    }
                    if leaving.is_none() && old && initialized.is_some() {
                        let age = format_span(now - api.cluster().karpenter.machines[index].asked);
                        api.machine_leaves(index, LeaveReason::Expired, &format!("it is {age} old (expireAfter)"));
                    } else if let Some((since, reason)) = leaving {
                        retry = self.drain(api, index, node, since, reason).into_iter().chain(retry).min();
                    }
                }
            }
        }
        if let Some(at) = retry {
            queue.add_at(Key::KarpenterMachines, at, None);
        }
        self.plan_machines(api, queue);
    }

    /// One look at a node that is being emptied; tells when to look again.
    fn drain(&mut self, api: &mut Api, index: usize, node: NodeId, since: Time, reason: LeaveReason) -> Option<Time> {
        let now = api.now();
        let name = name_of(api.cluster(), node);
        if !api.cluster().node(node).machine_up {
            self.end(api, index, node, &format!("the machine of {name} was taken"));
            return None;
        }
        let groups = groups(api.cluster(), node);
        let Some(group) = groups.iter().find(|group| !group.is_empty()) else {
            let why = match reason {
                LeaveReason::Disrupted(DisruptionCause::Empty) => format!("{name} was empty"),
                LeaveReason::Disrupted(DisruptionCause::Underutilized) => format!("the pods of {name} run elsewhere"),
                LeaveReason::Disrupted(DisruptionCause::Drifted) => format!("{name} was not as its NodePool says any longer"),
                LeaveReason::Expired => format!("{name} was too old"),
                LeaveReason::Interrupted => format!("{name} was about to be taken away, and is empty"),
            };
            self.end(api, index, node, &why);
            return None;
        };
        let deadline = api.cluster().karpenter.machines[index].termination_grace.map(|grace| since + grace);
        let mut next = None;
        for &pod in group {
            if api.cluster().pod(pod).deletion.is_some() {
                continue;
            }
            let template = api.cluster().template_of(pod);
            let (stays, forced) = (template.do_not_disrupt, deadline.map(|at| at + -template.grace));
            if forced.is_some_and(|at| at <= now) {
                api.delete_pod(pod, None, DeleteReason::Evicted(Evictor::Karpenter));
            } else if stays || api.evict_and_tell(pod, None, Evictor::Karpenter).is_err() {
                let again = poll_at(now + 1);
                // Nothing but its own end, or the deadline, lets a pod go that must not be disrupted.
                let at = if stays { forced } else { Some(forced.map_or(again, |at| at.min(again))) };
                next = at.into_iter().chain(next).min();
            }
        }
        next.map(|at: Time| at.max(now + 1))
    }

    fn end(&mut self, api: &mut Api, index: usize, node: NodeId, why: &str) {
        self.touched.remove(&node);
        self.nominated.remove(&index);
        self.blocked.remove(&node);
        api.end_machine(index, why);
    }
}

fn name_of(cluster: &Cluster, node: NodeId) -> String {
    cluster.text(cluster.node(node).name).to_owned()
}

/// The pods that a node waits for, in the order in which they go: others before those of DaemonSets, critical ones last. Pods that tolerate
/// the taint of nodes on their way out, and static ones, go with the machine.
fn groups(cluster: &Cluster, node: NodeId) -> [Vec<PodId>; 4] {
    let mut groups: [Vec<PodId>; 4] = Default::default();
    let key = cluster.text.get("karpenter.sh/disrupted");
    for &id in &cluster.node(node).pods {
        let pod = cluster.pod(id);
        let template = cluster.template_of(id);
        let tolerates = key.is_some_and(|key| template.tolerations.iter().any(|t| t.tolerates(key, Sym::EMPTY, TaintEffect::NoSchedule)));
        if pod.gone || pod.phase.is_terminal() || pod.owner == Owner::Node || tolerates {
            continue;
        }
        let class = template.priority_class.map_or("", |class| cluster.text(class));
        let critical = matches!(class, "system-cluster-critical" | "system-node-critical");
        let daemon = matches!(pod.owner, Owner::DaemonSet(_));
        groups[usize::from(daemon) + 2 * usize::from(critical)].push(id);
    }
    groups
}
