//! The visible state at a moment, folded from records: what a frame of the page shows.

use super::log::Trace;
use super::record::{Change, Subject};
use crate::cluster::ids::NodeId;
use crate::cluster::node::NodeReady;
use crate::cluster::state::Cluster;
use crate::units::grow;
use crate::units::time::Time;

/// How a pod looks at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum PodState {
    /// Not created yet, or gone.
    #[default]
    Absent = 0,
    /// Waits for a node.
    Pending = 1,
    /// No node was found for it.
    Unschedulable = 2,
    /// Bound, its containers do not run yet.
    Starting = 3,
    /// Runs, not ready.
    Unready = 4,
    /// Ready.
    Ready = 5,
    /// Being deleted.
    Terminating = 6,
    /// Ended badly.
    Failed = 7,
    /// Ended well.
    Succeeded = 8,
}

impl PodState {
    /// Every state of a pod that is there, the wanted one first: the order of a legend.
    pub const SHOWN: [PodState; 8] = [
        PodState::Ready,
        PodState::Unready,
        PodState::Starting,
        PodState::Pending,
        PodState::Unschedulable,
        PodState::Terminating,
        PodState::Failed,
        PodState::Succeeded,
    ];

    /// The state of a byte, as `as u8` makes it; what is not known is absent.
    pub const fn from_byte(byte: u8) -> PodState {
        match byte {
            1 => PodState::Pending,
            2 => PodState::Unschedulable,
            3 => PodState::Starting,
            4 => PodState::Unready,
            5 => PodState::Ready,
            6 => PodState::Terminating,
            7 => PodState::Failed,
            8 => PodState::Succeeded,
            _ => PodState::Absent,
        }
    }

    /// What people are told.
    pub const fn label(self) -> &'static str {
        match self {
            PodState::Absent => "gone",
            PodState::Pending => "pending",
            PodState::Unschedulable => "no node fits",
            PodState::Starting => "starting",
            PodState::Unready => "not ready",
            PodState::Ready => "ready",
            PodState::Terminating => "terminating",
            PodState::Failed => "failed",
            PodState::Succeeded => "completed",
        }
    }

    /// Whether the pod waits outside of any node.
    pub const fn waits(self) -> bool {
        matches!(self, PodState::Pending | PodState::Unschedulable)
    }
}

/// How a node looks at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeState {
    /// It exists.
    pub present: bool,
    /// Its machine is dead, whether or not Kubernetes knows.
    pub failed: bool,
    /// What Kubernetes knows.
    pub ready: NodeReady,
    /// Cordoned.
    pub cordoned: bool,
    /// Under memory pressure.
    pub pressure: bool,
}

/// A pod in a [`View`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PodPlace {
    /// Its node, kept until it is gone.
    pub node: Option<NodeId>,
    /// Its state.
    pub state: PodState,
}

/// The visible state at a moment; indexed by the arenas' numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Nodes.
    pub nodes: Vec<NodeState>,
    /// Pods.
    pub pods: Vec<PodPlace>,
}

impl View {
    /// The state of a cluster as it is.
    pub fn of(cluster: &Cluster) -> View {
        let nodes = cluster.nodes.iter().map(|n| NodeState {
            present: !n.gone,
            failed: !n.kubelet_alive,
            ready: n.ready,
            cordoned: n.unschedulable,
            pressure: n.memory_pressure,
        });
        let pods = cluster.pods.iter().map(|p| {
            use crate::cluster::pod::Phase;
            let state = match p.phase {
                _ if p.gone => PodState::Absent,
                Phase::Succeeded => PodState::Succeeded,
                Phase::Failed => PodState::Failed,
                _ if p.deletion.is_some() => PodState::Terminating,
                Phase::Running if p.ready => PodState::Ready,
                Phase::Running => PodState::Unready,
                Phase::Pending if p.node.is_some() => PodState::Starting,
                Phase::Pending => PodState::Pending,
            };
            PodPlace { node: if p.gone { None } else { p.node }, state }
        });
        View { nodes: nodes.collect(), pods: pods.collect() }
    }

    /// Applies one record.
    pub fn apply(&mut self, subject: Subject, change: Change) {
        match subject {
            Subject::Node(id) => {
                let node = grow::at(&mut self.nodes, id.index(), NodeState::default);
                match change {
                    Change::NodeAdded => *node = NodeState { present: true, ..NodeState::default() },
                    Change::NodeDeleted => node.present = false,
                    Change::NodeFailed => node.failed = true,
                    Change::NodeRecovered => node.failed = false,
                    Change::NodeReady(ready) => node.ready = ready,
                    Change::NodeCordoned => node.cordoned = true,
                    Change::NodeUncordoned => node.cordoned = false,
                    Change::NodeMemoryPressure(pressure) => node.pressure = pressure,
                    _ => {}
                }
            }
            Subject::Pod(id) => {
                let pod = grow::at(&mut self.pods, id.index(), PodPlace::default);
                let live = !matches!(pod.state, PodState::Terminating | PodState::Failed | PodState::Succeeded);
                match change {
                    Change::PodCreated => *pod = PodPlace { node: None, state: PodState::Pending },
                    Change::PodUnschedulable(_) => pod.state = PodState::Unschedulable,
                    Change::PodBound(node) => *pod = PodPlace { node: Some(node), state: PodState::Starting },
                    Change::PodRunning | Change::PodUnready(_) if live => pod.state = PodState::Unready,
                    Change::PodReady if live => pod.state = PodState::Ready,
                    Change::PodDeleting(_) if pod.state != PodState::Failed && pod.state != PodState::Succeeded => {
                        pod.state = PodState::Terminating;
                    }
                    Change::PodSucceeded => pod.state = PodState::Succeeded,
                    Change::PodFailed(..) => pod.state = PodState::Failed,
                    Change::PodGone => *pod = PodPlace::default(),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// The fewest records between two keyframes. With many nodes and pods there are more: a keyframe copies all of them, and a frame costs
/// about as many steps of the fold as the copy does.
pub const KEYFRAME_EVERY: usize = 4_096;

/// Keyframes over a trace, so that any moment is found quickly.
#[derive(Clone, Debug, Default)]
pub struct Keyframes {
    every: usize,
    frames: Vec<View>,
}

impl Keyframes {
    /// Keyframes of `trace`, which began at `start`.
    pub fn new(start: View, trace: &Trace) -> Keyframes {
        let every = KEYFRAME_EVERY.max(start.nodes.len() + start.pods.len());
        let mut frames = vec![start.clone()];
        let mut view = start;
        for (index, record) in trace.records().iter().enumerate() {
            view.apply(record.subject, record.change);
            if (index + 1) % every == 0 {
                frames.push(view.clone());
            }
        }
        Keyframes { every, frames }
    }

    /// The view after all records up to and including those of `time`.
    pub fn at(&self, trace: &Trace, time: Time) -> View {
        let end = trace.end_of(time);
        let key = (end / self.every.max(1)).min(self.frames.len().saturating_sub(1));
        let mut view = self.frames.get(key).cloned().unwrap_or_default();
        for record in &trace.records()[key * self.every..end] {
            view.apply(record.subject, record.change);
        }
        view
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_a_state_and_every_state_its_byte() {
        for state in PodState::SHOWN {
            assert_eq!(PodState::from_byte(state as u8), state);
        }
        assert_eq!(PodState::from_byte(200), PodState::Absent);
    }
}
