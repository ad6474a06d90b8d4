//! Karpenter (`kubernetes-sigs/karpenter`, v1): nodes for pods that find none, launched as they are needed, and none that are not worth their
//! price. It watches; looks that can find nothing new are left out.

mod budgets;
mod consolidation;
mod disruption;
mod machines;
mod provisioning;
mod trial;

use std::collections::{BTreeMap, BTreeSet};

use self::disruption::{Command, Decision};
use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, NodeChange, Notice, PodChange, Watched};
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::karpenter::Machine;
use crate::cluster::pod::{Owner, Pod};
use crate::trace::RecordId;
use crate::units::time::{Millis, SECOND, Time};

/// The component that its events name.
const SOURCE: &str = "karpenter";
/// How often it looks for nodes that can go (`disruption/controller.go` pollingPeriod).
const POLL: Millis = 10 * SECOND;

/// What Karpenter remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct KarpenterController {
    /// When the first and the last pod of the batch came that is being gathered.
    batch: Option<(Time, Time)>,
    /// When a pod last came to a node or left it.
    touched: BTreeMap<NodeId, Time>,
    /// Until when pods are expected on a machine's node.
    nominated: BTreeMap<usize, Time>,
    /// The records by which machines on their way were asked for.
    asked: BTreeMap<usize, RecordId>,
    /// When machines that have joined are ready for pods.
    starting: BTreeMap<usize, Time>,
    /// Nodes being replaced.
    commands: Vec<Command>,
    /// What was decided and is looked at once more before it is done.
    decided: Option<(Time, Decision)>,
    /// Something has changed since nothing was found to be done.
    changed: bool,
    /// When the next look for nodes that can go is.
    look_at: Option<Time>,
    /// Pods that were told that nothing can be done for them.
    refused: BTreeSet<PodId>,
    /// The record of the last NodePool that was applied.
    pool_applied: Option<RecordId>,
    /// What was said of nodes that must stay.
    blocked: BTreeMap<NodeId, String>,
}

/// The first poll at or after `time`.
fn poll_at(time: Time) -> Time {
    Time::at((time.millis() + POLL - 1).div_euclid(POLL) * POLL)
}

/// Whether a pod waits for a node that Karpenter may make (`karpenter/pkg/utils/pod/scheduling.go` IsProvisionable).
fn is_provisionable(cluster: &Cluster, pod: &Pod, id: PodId) -> bool {
    let gated = !pod.ungated && !cluster.template_of(id).scheduling_gates.is_empty();
    let own = matches!(pod.owner, Owner::DaemonSet(_) | Owner::Node);
    pod.is_unscheduled() && pod.deletion.is_none() && pod.nominated.is_none() && pod.pinned.is_none() && !gated && !own
}

/// Pods that wait for a node.
fn waiting(cluster: &Cluster) -> Vec<PodId> {
    cluster.live_pods().filter(|(id, pod)| is_provisionable(cluster, pod, *id)).map(|(id, _)| id).collect()
}

/// The pods of a node that have to go elsewhere if it goes (IsReschedulable).
fn reschedulable(cluster: &Cluster, node: NodeId) -> Vec<PodId> {
    let moves = |&&id: &&PodId| {
        let pod = cluster.pod(id);
        let stays = matches!(pod.owner, Owner::DaemonSet(_) | Owner::Node);
        !pod.gone && !pod.phase.is_terminal() && pod.deletion.is_none() && !stays
    };
    cluster.node(node).pods.iter().filter(moves).copied().collect()
}

impl KarpenterController {
    /// Takes stock of what exists.
    pub(super) fn start(&mut self, api: &Api, queue: &mut WorkQueue) {
        if api.cluster().karpenter.pools.is_empty() {
            return;
        }
        for index in 0..api.cluster().karpenter.machines.len() {
            self.plan_expiry(api, queue, index);
        }
        self.plan_windows(api, queue);
        self.changed = true;
        self.plan_look(api, queue, api.now() + 1);
        if !waiting(api.cluster()).is_empty() {
            self.trigger(api, queue, None);
        }
    }

    /// Pods that wait, nodes that come and go.
    pub(super) fn observe(&mut self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        let cluster = api.cluster();
        if cluster.karpenter.pools.is_empty() {
            return;
        }
        match notice.watched {
            Watched::Pod(id, change) => {
                let pod = cluster.pod(id);
                if change == PodChange::Added && is_provisionable(cluster, pod, id) {
                    return self.trigger(api, queue, notice.record);
                }
                let Some(node) = pod.node else { return };
                let Some(machine) = cluster.karpenter.machine_of(node) else {
                    // Where there is more room now, pods of other nodes may find it.
                    if change == PodChange::Gone {
                        self.change(api, queue);
                    }
                    return;
                };
                if matches!(change, PodChange::Bound | PodChange::Gone) || pod.phase.is_terminal() {
                    self.touched.insert(node, api.now());
                    self.change(api, queue);
                }
                if cluster.karpenter.machines[machine].leaving.is_some() && (change == PodChange::Gone || pod.phase.is_terminal()) {
                    queue.add(Key::KarpenterMachines, notice.record);
                }
            }
            Watched::Node(_, NodeChange::Leaving) => {
                self.trigger(api, queue, notice.record);
                queue.add(Key::KarpenterMachines, notice.record);
            }
            Watched::Node(node, change) => {
                if matches!(change, NodeChange::Gone | NodeChange::Machine) && cluster.karpenter.machine_of(node).is_some() {
                    queue.add(Key::KarpenterMachines, notice.record);
                }
                self.change(api, queue);
                // What could not be helped before is looked at anew.
                if matches!(change, NodeChange::Gone | NodeChange::Added) && !self.refused.is_empty() {
                    self.trigger(api, queue, notice.record);
                }
            }
            Watched::KarpenterPool(_) => {
                self.pool_applied = notice.record;
                self.plan_windows(api, queue);
                self.change(api, queue);
                if !waiting(cluster).is_empty() {
                    self.refused.clear();
                    self.trigger(api, queue, notice.record);
                }
            }
            Watched::Budget(_) => {
                self.change(api, queue);
                if cluster.karpenter.machines.iter().any(|m| !m.gone && m.leaving.is_some()) {
                    queue.add_at(Key::KarpenterMachines, poll_at(api.now() + 1), notice.record);
                }
            }
            _ => {}
        }
    }

    /// Something has changed: nodes that could not go may.
    fn change(&mut self, api: &Api, queue: &mut WorkQueue) {
        self.changed = true;
        self.plan_look(api, queue, api.now() + 1);
    }

    /// Plans the next look for nodes that can go.
    fn plan_look(&mut self, api: &Api, queue: &mut WorkQueue, time: Time) {
        let at = poll_at(time);
        if self.look_at.is_none_or(|planned| planned < api.now() || at < planned) {
            self.look_at = Some(at);
            queue.add_at(Key::KarpenterDisruption, at, None);
        }
    }

    /// Whether a machine is to go: it is being emptied, or replaced.
    fn goes(&self, index: usize, machine: &Machine) -> bool {
        machine.leaving.is_some() || self.commands.iter().any(|c| c.machines.contains(&index))
    }

    /// Forgets records: a fork begins a trace of its own.
    pub(super) fn forget_causes(&mut self) {
        self.pool_applied = None;
        self.asked.clear();
        self.commands.iter_mut().for_each(|c| c.cause = None);
    }
}
