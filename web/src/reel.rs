//! A run as a reel of small moves: the visible state goes forward and back along it, and only what changed is sent. Knows no rule.

use wavetank_core::cluster::Cluster;
use wavetank_core::cluster::ids::PodId;
use wavetank_core::cluster::node::NodeReady;
use wavetank_core::trace::{NodeState, PodPlace, PodState, View};

use crate::frame::{Frame, NodeFlags, NodeLook, PodLook};

/// The bit of a move's subject that says that it is a node.
const NODE: u32 = 1 << 31;

/// A pod or node changed: what it was and what it is, in a word each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Move {
    at_ms: i64,
    subject: u32,
    was: u32,
    is: u32,
}

/// A pod in a word.
pub(crate) fn pod_word(pod: PodPlace) -> PodLook {
    if pod.state == PodState::Absent { PodLook::default() } else { PodLook::new(pod.node.map(|node| node.0), pod.state) }
}

fn node_word(node: NodeState) -> u32 {
    let bit = |on: bool, bit: u8| if on { bit } else { 0 };
    u32::from(
        bit(node.present, NodeFlags::PRESENT)
            | bit(node.failed, NodeFlags::FAILED)
            | bit(node.ready != NodeReady::True, NodeFlags::NOT_READY)
            | bit(node.cordoned, NodeFlags::CORDONED)
            | bit(node.pressure, NodeFlags::PRESSURE),
    )
}

/// What a pod weighs: requested cpu and memory, cpu and memory in use.
type Weight = [i64; 4];

/// What lies on a node.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    weight: Weight,
    pods: u32,
    ready: u32,
}

/// The moves of a run, and where it stands.
#[derive(Clone, Debug, Default)]
pub struct Reel {
    moves: Vec<Move>,
    /// So many moves have been made.
    made: usize,
    frame: Frame,
    loads: Vec<Load>,
    /// Allocatable cpu and memory of each node.
    room: Vec<(i64, i64)>,
    /// Which weight each pod has.
    template: Vec<u32>,
    weights: Vec<Weight>,
    /// What changed since the last frame that was sent.
    changed: Vec<u32>,
    marked: Vec<bool>,
    marked_nodes: Vec<bool>,
}

impl Reel {
    /// A reel of a run that begins with `start` and has the nodes and pods of `end`.
    pub(crate) fn new(start: &View, end: &Cluster, generation: u32) -> Reel {
        let (nodes, pods) = (end.nodes.len(), end.pods.len());
        let weight = |id: usize| {
            let template = &end.templates[id];
            let (requests, behavior) = (&template.requests, &template.behavior);
            let used = (behavior.cpu_usage.unwrap_or(requests.cpu_milli), behavior.memory_usage.unwrap_or(requests.memory));
            [requests.cpu_milli, requests.memory, used.0, used.1]
        };
        let mut reel = Reel {
            frame: Frame { generation, nodes: vec![NodeLook::default(); nodes], pods: vec![PodLook::default(); pods], ..Frame::default() },
            loads: vec![Load::default(); nodes],
            room: end.nodes.iter().map(|node| (node.allocatable.cpu_milli, node.allocatable.memory)).collect(),
            template: (0..pods).map(|pod| end.pod(PodId::from_index(pod)).template.index() as u32).collect(),
            weights: (0..end.templates.len()).map(weight).collect(),
            marked: vec![false; pods],
            marked_nodes: vec![false; nodes],
            ..Reel::default()
        };
        for (node, &state) in start.nodes.iter().enumerate().take(nodes) {
            reel.set(node as u32 | NODE, node_word(state));
        }
        for (pod, &state) in start.pods.iter().enumerate().take(pods) {
            reel.set(pod as u32, pod_word(state).0);
        }
        reel
    }

    /// Adds what became of a pod, at a time that is not before that of the last move.
    pub(crate) fn pod_moves(&mut self, at_ms: i64, pod: usize, was: PodPlace, is: PodPlace) {
        self.add(at_ms, pod as u32, pod_word(was).0, pod_word(is).0);
    }

    /// Adds what became of a node, at a time that is not before that of the last move.
    pub(crate) fn node_moves(&mut self, at_ms: i64, node: usize, was: NodeState, is: NodeState) {
        self.add(at_ms, node as u32 | NODE, node_word(was), node_word(is));
    }

    fn add(&mut self, at_ms: i64, subject: u32, was: u32, is: u32) {
        if was != is {
            self.moves.push(Move { at_ms, subject, was, is });
        }
    }

    /// The state after everything of a moment, as bytes: what changed since the frame of number `have`, or all where that is not the last
    /// one of this reel.
    pub fn at(&mut self, at_ms: i64, have: u32) -> Vec<u8> {
        let wanted = self.moves.partition_point(|of| of.at_ms <= at_ms);
        while self.made < wanted {
            let of = self.moves[self.made];
            self.set(of.subject, of.is);
            self.made += 1;
        }
        while self.made > wanted {
            self.made -= 1;
            let of = self.moves[self.made];
            self.set(of.subject, of.was);
        }
        let (mut nodes, mut pods) = (Vec::new(), Vec::new());
        for subject in std::mem::take(&mut self.changed) {
            let number = (subject & !NODE) as usize;
            if subject & NODE == 0 {
                self.marked[number] = false;
                pods.push(number as u32);
            } else {
                self.marked_nodes[number] = false;
                self.frame.nodes[number] = self.look(number);
                nodes.push(number as u32);
            }
        }
        let base = self.frame.number;
        self.frame.number += 1;
        self.frame.at_ms = at_ms;
        if have == 0 || have != base || pods.len() * 2 > self.frame.pods.len() {
            self.frame.to_bytes()
        } else {
            self.frame.to_delta(base, &nodes, &pods)
        }
    }

    fn set(&mut self, subject: u32, word: u32) {
        let number = (subject & !NODE) as usize;
        if subject & NODE != 0 {
            if let Some(node) = self.frame.nodes.get_mut(number) {
                node.flags = NodeFlags(word as u8);
                self.mark_node(number);
            }
            return;
        }
        let Some(pod) = self.frame.pods.get_mut(number) else { return };
        let (was, is) = (*pod, PodLook(word));
        *pod = is;
        if !std::mem::replace(&mut self.marked[number], true) {
            self.changed.push(subject);
        }
        let weight = self.template.get(number).and_then(|&of| self.weights.get(of as usize)).copied().unwrap_or_default();
        self.load(was, weight, false);
        self.load(is, weight, true);
    }

    /// Adds a pod to the load of its node, or takes it away.
    fn load(&mut self, pod: PodLook, weight: Weight, more: bool) {
        let state = pod.state();
        let Some(node) = pod.node().map(|node| node as usize).filter(|&node| node < self.loads.len()) else { return };
        if matches!(state, PodState::Failed | PodState::Succeeded | PodState::Absent) {
            return;
        }
        let load = &mut self.loads[node];
        let runs = matches!(state, PodState::Unready | PodState::Ready | PodState::Terminating);
        let parts = [weight[0], weight[1], if runs { weight[2] } else { 0 }, if runs { weight[3] } else { 0 }];
        for (sum, part) in load.weight.iter_mut().zip(parts) {
            *sum = if more { sum.saturating_add(part) } else { sum.saturating_sub(part) };
        }
        let ready = u32::from(state == PodState::Ready);
        if more {
            (load.pods, load.ready) = (load.pods + 1, load.ready + ready);
        } else {
            (load.pods, load.ready) = (load.pods.saturating_sub(1), load.ready.saturating_sub(ready));
        }
        self.mark_node(node);
    }

    fn mark_node(&mut self, node: usize) {
        if !std::mem::replace(&mut self.marked_nodes[node], true) {
            self.changed.push(node as u32 | NODE);
        }
    }

    fn look(&self, node: usize) -> NodeLook {
        let share = |part: i64, of: i64| {
            if of <= 0 { 0 } else { (i128::from(part) * 1_000 / i128::from(of)).clamp(0, i128::from(u16::MAX)) as u16 }
        };
        let (load, (cpu, memory)) = (self.loads[node], self.room[node]);
        let count = |number: u32| number.min(u32::from(u16::MAX)) as u16;
        NodeLook {
            flags: self.frame.nodes[node].flags,
            cpu: share(load.weight[0], cpu),
            memory: share(load.weight[1], memory),
            used_cpu: share(load.weight[2], cpu),
            used_memory: share(load.weight[3], memory),
            pods: count(load.pods),
            ready: count(load.ready),
        }
    }
}
