//! The node lifecycle controller: silent nodes become Unknown, nodes that are not ready are tainted, and zones decide how fast
//! (`pkg/controller/nodelifecycle/node_lifecycle_controller.go`, v1.37). It evicts nothing itself: that is the taint eviction controller's part.
//!
//! Leases are never written: a live node renews at 0, 10, 20 … s, so its last renewal is arithmetic. The look at all nodes, every 5 s, is only
//! taken when something can come of it, and only at nodes that are not simply healthy.

mod taints;
mod zones;

use std::collections::{BTreeMap, BTreeSet};

use self::zones::{Zone, ZoneState};
use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, NodeChange, Notice, PodChange, Watched};
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::node::NodeReady;
use crate::cluster::template::TaintEffect;
use crate::trace::{Change, RecordId, Subject, UnreadyReason};
use crate::units::grow;
use crate::units::intern::Sym;
use crate::units::time::{Millis, SECOND, Time};

/// `--node-monitor-grace-period`.
pub const MONITOR_GRACE: Millis = 50 * SECOND;
/// `--node-monitor-period`.
const MONITOR_PERIOD: Millis = 5 * SECOND;
/// The looks happen at 3, 8, 13 … s: their phase is the controller's own, and this one is nearest to the middle of what it may be.
const MONITOR_PHASE: Millis = 3 * SECOND;
/// How often a kubelet renews its lease.
const RENEWAL_PERIOD: Millis = 10 * SECOND;
/// Nodes with this label do not count for their zone's state.
const EXCLUDED: &str = "node.kubernetes.io/exclude-disruption";
/// Source of this controller's events.
const SOURCE: &str = "node-controller";

/// What the controller remembers of a node.
#[derive(Clone, Copy, Debug, Default)]
struct Health {
    /// The last renewal that does not follow the ten-second rhythm: its joining, or its coming back.
    renewed: Time,
    /// The machine is silent: its last renewal, and the record of its failing.
    silent: Option<(Time, Option<RecordId>)>,
    /// The grace period does not begin before this.
    not_before: Time,
    /// The zone that counts it, and whether as not ready.
    counted: Option<(Sym, bool)>,
    /// The record of its becoming not ready: the cause of its NoExecute taint.
    unready: Option<RecordId>,
    /// It waits in its zone's queue.
    waiting: bool,
}

/// The node lifecycle controller.
#[derive(Clone, Debug)]
pub struct NodeLifecycle {
    grace: Millis,
    health: Vec<Health>,
    zones: BTreeMap<Sym, Zone>,
    /// Nodes that are silent, not ready, or carry a NoExecute taint of ours: all that a look has to look at.
    watched: BTreeSet<NodeId>,
    /// When the next look is planned, and what asked for it.
    planned: Option<(Time, Option<RecordId>)>,
    /// Every zone of the cluster is fully disrupted.
    all_lost: bool,
}

impl Default for NodeLifecycle {
    fn default() -> Self {
        NodeLifecycle {
            grace: MONITOR_GRACE,
            health: Vec::new(),
            zones: BTreeMap::new(),
            watched: BTreeSet::new(),
            planned: None,
            all_lost: false,
        }
    }
}

/// The first look at or after `time`.
fn look_at(time: Time) -> Time {
    let since = (time.millis() - MONITOR_PHASE).max(i64::MIN + MONITOR_PHASE);
    Time::at((since + MONITOR_PERIOD - 1).div_euclid(MONITOR_PERIOD) * MONITOR_PERIOD + MONITOR_PHASE)
}

impl NodeLifecycle {
    /// `--node-monitor-grace-period`, in milliseconds.
    pub fn set_grace(&mut self, grace: Millis) {
        self.grace = grace;
    }

    /// `--node-monitor-grace-period`, in milliseconds.
    pub(super) fn grace(&self) -> Millis {
        self.grace
    }

    /// Keeps why nodes are silent and not ready, of a predecessor: it decides nothing, and what follows is told with it.
    pub(super) fn remember_failures(&mut self, before: &NodeLifecycle) {
        for (health, before) in self.health.iter_mut().zip(&before.health) {
            health.unready = health.unready.or(before.unready);
            if let (Some((_, record)), Some((_, known))) = (&mut health.silent, before.silent) {
                *record = record.or(known);
            }
        }
    }

    /// Looks at all nodes once, as a controller that has just started: every grace period begins now.
    pub(super) fn start(&mut self, api: &mut Api, queue: &mut WorkQueue) {
        let now = api.now();
        let nodes: Vec<NodeId> = api.cluster().live_nodes().map(|(id, _)| id).collect();
        for id in nodes {
            let node = api.cluster().node(id);
            let (alive, ready) = (node.kubelet_alive, node.ready);
            let health = self.health(id);
            health.renewed = now;
            health.not_before = now;
            health.silent = (!alive).then_some((now, None));
            self.count(api, id);
            if !alive || ready != NodeReady::True || taints::has_no_execute(api, id) {
                self.watched.insert(id);
                self.plan(queue, self.next_need(api, id, now), None);
            }
            queue.add(Key::NodeTaints(id), None);
        }
    }

    /// Takes a notice.
    pub(super) fn observe(&mut self, api: &mut Api, notice: &Notice, queue: &mut WorkQueue) {
        match notice.watched {
            Watched::Node(id, change) => self.observe_node(api, id, change, notice.record, queue),
            // A pod that reaches a node known not to be ready is marked by a worker of its own.
            Watched::Pod(id, PodChange::Bound | PodChange::Added) => {
                let unready = api.cluster().pod(id).node.is_some_and(|node| api.cluster().node(node).ready != NodeReady::True);
                if unready && api.cluster().pod(id).ready {
                    mark_unready(api, id);
                }
            }
            _ => {}
        }
    }

    fn observe_node(&mut self, api: &mut Api, id: NodeId, change: NodeChange, record: Option<RecordId>, queue: &mut WorkQueue) {
        let now = api.now();
        match change {
            NodeChange::Added => {
                *self.health(id) = Health { renewed: now, not_before: now, ..Health::default() };
                self.count(api, id);
                let name = api.cluster().text(api.cluster().node(id).name).to_owned();
                told(api, record, id, "RegisteredNode", &format!("Node {name} event: Registered Node {name} in Controller"));
                queue.add(Key::NodeTaints(id), record);
            }
            NodeChange::Gone => {
                self.count(api, id);
                self.watched.remove(&id);
                self.leave_queue(api, id);
                let name = api.cluster().text(api.cluster().node(id).name).to_owned();
                told(api, record, id, "RemovingNode", &format!("Node {name} event: Removing Node {name} from Controller"));
                // The zones may be judged anew.
                self.plan(queue, Some(look_at(now)), record);
            }
            NodeChange::Machine => {
                let alive = api.cluster().node(id).kubelet_alive;
                let health = self.health(id);
                if alive {
                    health.renewed = now;
                    health.silent = None;
                    return;
                }
                let rhythm = Time::at(now.millis().div_euclid(RENEWAL_PERIOD) * RENEWAL_PERIOD);
                health.silent = Some((health.renewed.max(rhythm), record));
                self.watched.insert(id);
                self.plan(queue, self.next_need(api, id, now), record);
            }
            NodeChange::Ready => {
                let node = api.cluster().node(id);
                let (alive, unready) = (node.kubelet_alive, node.ready != NodeReady::True);
                self.count(api, id);
                let health = self.health(id);
                health.unready = if unready { record } else { None };
                if alive {
                    // The kubelet itself posted this: a heartbeat too.
                    health.renewed = now;
                    self.watched.insert(id);
                    self.plan(queue, Some(look_at(now)), record);
                }
                queue.add(Key::NodeTaints(id), record);
            }
            NodeChange::Labels => {
                self.count(api, id);
                self.plan(queue, Some(look_at(now)), record);
            }
            NodeChange::Unschedulable | NodeChange::Pressure | NodeChange::Taints => queue.add(Key::NodeTaints(id), record),
            NodeChange::Allocatable | NodeChange::Images | NodeChange::PodRange | NodeChange::Leaving => {}
        }
    }

    /// Whether a look is due at this moment.
    pub(super) fn is_due(&self, now: Time) -> bool {
        self.planned.is_some_and(|(planned, _)| planned <= now)
    }

    /// Forgets records: a fork begins a trace of its own.
    pub(super) fn forget_causes(&mut self) {
        self.planned = self.planned.map(|(at, _)| (at, None));
        for health in &mut self.health {
            health.unready = None;
            health.silent = health.silent.map(|(renewal, _)| (renewal, None));
        }
    }

    /// One look at the nodes, then at the zones (`monitorNodeHealth`).
    pub(super) fn look(&mut self, api: &mut Api, queue: &mut WorkQueue) {
        let now = api.now();
        if self.is_due(now)
            && let Some((_, cause)) = self.planned.take()
            && cause.is_some()
        {
            api.set_cause(cause);
        }
        let cause = api.cause();
        let mut watched: Vec<NodeId> = self.watched.iter().copied().collect();
        let moment = now.millis().unsigned_abs();
        api.orders().shuffle("nodes of a look", &[moment], &mut watched);
        for id in watched {
            api.set_cause(cause);
            self.look_at_node(api, id);
        }
        api.set_cause(cause);
        // The queue is served every 100 ms, beside the look: it may take its first node before the zones are judged.
        let races = api.orders().below("a taint before zones are judged", &[moment], 2) == 1;
        let tainted = if races { self.serve(api).0 } else { Vec::new() };
        self.judge_zones(api, &tainted);
        let mut next = None;
        for &id in &self.watched {
            next = [next, self.next_need(api, id, now + 1)].into_iter().flatten().min();
        }
        self.plan(queue, next, cause);
        queue.add(Key::NodeEvictionQueue, cause);
    }

    fn look_at_node(&mut self, api: &mut Api, id: NodeId) {
        let now = api.now();
        let silent = self.health(id).silent;
        if let Some((_, failed)) = silent
            && self.is_overdue(id, now)
            && api.cluster().node(id).ready != NodeReady::Unknown
        {
            if failed.is_some() {
                api.set_cause(failed);
            }
            let was_ready = api.cluster().node(id).ready == NodeReady::True;
            let record = api.set_node_ready(id, NodeReady::Unknown);
            self.health(id).unready = record;
            self.count(api, id);
            if was_ready {
                let name = api.cluster().text(api.cluster().node(id).name).to_owned();
                told(api, record, id, "NodeNotReady", &format!("Node {name} status is now: NodeNotReady"));
                api.set_cause(record);
                let pods: Vec<PodId> = api.cluster().node(id).pods.clone();
                pods.into_iter().for_each(|pod| mark_unready(api, pod));
            }
        }
        let cause = self.health(id).unready;
        match api.cluster().node(id).ready {
            NodeReady::True => {
                self.leave_queue(api, id);
                taints::remove_no_execute(api, id);
                if silent.is_none() {
                    self.watched.remove(&id);
                }
            }
            ready => {
                if cause.is_some() {
                    api.set_cause(cause);
                }
                if !taints::swap_no_execute(api, id, ready) {
                    self.leave_queue(api, id);
                    self.enter_queue(api, id);
                }
            }
        }
    }

    fn enter_queue(&mut self, api: &Api, id: NodeId) {
        let known = api.known();
        let node = api.cluster().node(id);
        let key = if node.ready == NodeReady::Unknown { known.unreachable } else { known.not_ready };
        if node.has_taint(key, TaintEffect::NoExecute) {
            return;
        }
        let zone = self.zones.entry(node.zone_key).or_default();
        zone.waiting.push_back(id);
        self.health(id).waiting = true;
    }

    fn leave_queue(&mut self, api: &Api, id: NodeId) {
        if !std::mem::take(&mut self.health(id).waiting) {
            return;
        }
        if let Some(zone) = self.zones.get_mut(&api.cluster().node(id).zone_key) {
            // Looks go through the nodes in one order, so the node is near the front.
            if let Some(at) = zone.waiting.iter().position(|&n| n == id) {
                zone.waiting.remove(at);
            }
        }
    }

    /// The zones' states and rates (`handleDisruption`). What was tainted during the look is not seen by it and stays so.
    fn judge_zones(&mut self, api: &mut Api, tainted: &[NodeId]) {
        let now = api.now();
        self.zones.retain(|_, zone| zone.nodes > 0 || !zone.waiting.is_empty());
        let mut counted = self.zones.values().filter(|zone| zone.nodes > 0).peekable();
        let all_lost = counted.peek().is_some() && counted.all(|zone| zone.computed() == ZoneState::Full);
        let before: Vec<ZoneState> = self.zones.values().map(|zone| zone.state).collect();
        match (self.all_lost, all_lost) {
            (true, true) => {}
            (false, true) => {
                self.zones.values_mut().for_each(|zone| zone.halt(now));
                let watched: Vec<NodeId> = self.watched.iter().copied().collect();
                for id in watched {
                    self.health(id).waiting = false;
                    if !tainted.contains(&id) {
                        taints::remove_no_execute(api, id);
                    }
                }
            }
            (true, false) => {
                self.health.iter_mut().for_each(|health| health.not_before = now);
                self.zones.values_mut().for_each(|zone| zone.enter(zone.computed(), now));
            }
            (false, false) => {
                for zone in self.zones.values_mut() {
                    let state = zone.computed();
                    if state != zone.state {
                        zone.enter(state, now);
                    }
                }
            }
        }
        self.all_lost = all_lost;
        let changed: Vec<(Sym, ZoneState)> = self
            .zones
            .iter()
            .zip(before)
            .filter(|((_, zone), old)| zone.state != *old)
            .map(|((&key, zone), _)| (key, zone.state))
            .collect();
        for (key, state) in changed {
            let zone = api.cluster().live_nodes().find(|(_, n)| n.zone_key == key).map(|(_, n)| n.zone);
            if let Some(zone) = zone {
                let text = api.trace_mut().text_id(state.name());
                api.record(Subject::Zone(zone), Change::ZoneState(text));
            }
        }
    }

    /// The queue of nodes that get a NoExecute taint, as far as the zones' rates allow (`doNoExecuteTaintingPass`).
    pub(super) fn serve_queues(&mut self, api: &mut Api, queue: &mut WorkQueue) {
        if let Some(next) = self.serve(api).1 {
            queue.add_at(Key::NodeEvictionQueue, next, api.cause());
        }
    }

    /// The nodes that got their taint, and when the next one may.
    fn serve(&mut self, api: &mut Api) -> (Vec<NodeId>, Option<Time>) {
        let now = api.now();
        let before = api.cause();
        let (mut tainted, mut next) = (Vec::new(), None);
        for zone in self.zones.values_mut() {
            while let Some(&id) = zone.waiting.front() {
                if !zone.limiter.accept(now) {
                    next = [next, zone.limiter.next()].into_iter().flatten().min();
                    break;
                }
                zone.waiting.pop_front();
                let Some(health) = self.health.get_mut(id.index()) else { continue };
                health.waiting = false;
                if health.unready.is_some() {
                    api.set_cause(health.unready);
                }
                taints::add_no_execute(api, id);
                api.set_cause(before);
                tainted.push(id);
            }
        }
        (tainted, next)
    }

    /// The NoSchedule taints that the node's conditions ask for.
    pub(super) fn sync_taints(&self, api: &mut Api, id: NodeId) {
        taints::sync_no_schedule(api, id);
    }

    fn health(&mut self, id: NodeId) -> &mut Health {
        grow::at(&mut self.health, id.index(), Health::default)
    }

    /// Since when the controller has not heard of a silent node: it saw the last renewal at the first look after it.
    fn heard(&self, id: NodeId) -> Option<Time> {
        let health = self.health.get(id.index())?;
        health.silent.map(|(renewal, _)| look_at(renewal).max(health.not_before))
    }

    fn is_overdue(&self, id: NodeId, now: Time) -> bool {
        self.heard(id).is_some_and(|heard| heard + self.grace <= now)
    }

    /// When a look at this node can change something, not before `from`.
    fn next_need(&self, api: &Api, id: NodeId, from: Time) -> Option<Time> {
        let node = api.cluster().node(id);
        match self.heard(id) {
            Some(heard) if node.ready != NodeReady::Unknown => Some(look_at((heard + self.grace).max(from))),
            Some(_) => None,
            None if node.ready == NodeReady::True => None,
            None if self.health.get(id.index()).is_some_and(|h| h.waiting) || taints::has_no_execute(api, id) => None,
            None => Some(look_at(from)),
        }
    }

    fn plan(&mut self, queue: &mut WorkQueue, at: Option<Time>, cause: Option<RecordId>) {
        let Some(at) = at else { return };
        if self.planned.is_none_or(|(planned, _)| at < planned) {
            self.planned = Some((at, cause));
            queue.add_at(Key::NodeMonitor, at, cause);
        }
    }

    /// Keeps the zones' counts in step with one node.
    fn count(&mut self, api: &Api, id: NodeId) {
        let cluster = api.cluster();
        let node = cluster.node(id);
        let excluded = cluster.text.get(EXCLUDED).is_some_and(|label| node.labels.get(label).is_some());
        let counts = (!node.gone && !excluded).then_some((node.zone_key, node.ready != NodeReady::True));
        let counted = std::mem::replace(&mut self.health(id).counted, counts);
        if let Some((key, not_ready)) = counted
            && let Some(zone) = self.zones.get_mut(&key)
        {
            zone.nodes = zone.nodes.saturating_sub(1);
            zone.not_ready = zone.not_ready.saturating_sub(u32::from(not_ready));
        }
        if let Some((key, not_ready)) = counts {
            let zone = self.zones.entry(key).or_default();
            zone.nodes += 1;
            zone.not_ready += u32::from(not_ready);
        }
    }
}

/// A Normal event on a node, with the cause given, which is put back afterwards.
fn told(api: &mut Api, cause: Option<RecordId>, node: NodeId, reason: &str, message: &str) {
    let before = api.cause();
    api.set_cause(cause);
    api.event(Subject::Node(node), false, reason, message, SOURCE);
    api.set_cause(before);
}

/// The Ready condition of a pod on a lost node becomes False; nothing else of its status changes (`MarkPodsNotReady`).
fn mark_unready(api: &mut Api, pod: PodId) {
    if api.mark_unready(pod, UnreadyReason::NodeUnreachable).is_some() {
        api.event(Subject::Pod(pod), true, "NodeNotReady", "Node is not ready", SOURCE);
    }
}
