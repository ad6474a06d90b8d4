//! A finished run: where it began, what happened, how it ended, and the state at any moment between.

use std::sync::OnceLock;

use super::Session;
use crate::cluster::Cluster;
use crate::engine::Sim;
use crate::report::{self, Report, ReportInput};
use crate::scenario::{self, Outcome, Scenario, Start};
use crate::trace::{Change, Keyframes, RecordId, Trace, View};
use crate::units::time::Time;

/// What a mark on the timeline stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum MarkKind {
    /// A step of the scenario.
    Step,
    /// A machine died or came back.
    Machine,
    /// A node's condition, taints or cordon changed.
    Node,
    /// Pods were deleted, evicted, or ended badly.
    Loss,
    /// Pods were made or bound.
    Placement,
    /// Pods found no node.
    Refusal,
    /// Pods became ready.
    Ready,
    /// A controller resized or rolled out something.
    Rollout,
}

/// A mark on the timeline: all records of one kind at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub time: Time,
    /// Of what kind.
    pub kind: MarkKind,
    /// How many records.
    pub count: u32,
    /// The first of them.
    pub first: RecordId,
}

/// A run of a scenario from a session's state.
#[derive(Clone, Debug)]
pub struct Run {
    from: Start,
    start: Cluster,
    sim: Sim,
    outcome: Outcome,
    keyframes: OnceLock<Keyframes>,
}

impl Run {
    pub(super) fn new(session: &Session, scenario: &Scenario) -> Run {
        Run::by(session, scenario, |sim| scenario::run(sim, scenario))
    }

    /// A run that is made by `run`, from the scenario's beginning.
    pub(super) fn by(session: &Session, scenario: &Scenario, run: impl FnOnce(&mut Sim) -> Outcome) -> Run {
        let mut sim = session.begin(scenario.start);
        let start = sim.cluster().clone();
        let outcome = run(&mut sim);
        Run { from: scenario.start, start, sim, outcome, keyframes: OnceLock::new() }
    }

    /// Whether it began with the settled cluster.
    pub(super) fn began_settled(&self) -> bool {
        self.from == Start::Settled
    }

    /// The cluster as it was before the first step.
    pub fn start(&self) -> &Cluster {
        &self.start
    }

    /// The cluster at the end.
    pub fn end(&self) -> &Cluster {
        self.sim.cluster()
    }

    /// The simulation at the end.
    pub fn sim(&self) -> &Sim {
        &self.sim
    }

    /// What happened.
    pub fn trace(&self) -> &Trace {
        self.sim.api().trace()
    }

    /// How it ended, what the steps did, and what became of the expectations.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The visible state after everything of `time`. The first call goes over the whole trace.
    pub fn view_at(&self, time: Time) -> View {
        self.keyframes.get_or_init(|| Keyframes::new(View::of(&self.start), self.trace())).at(self.trace(), time)
    }

    /// What the run meant, as data for all renderers.
    pub fn report(&self, session: &Session) -> Report {
        let nothing = Trace::default();
        report::build(&ReportInput {
            manifest: Some(session.manifest()),
            assumptions: session.assumptions(),
            diagnostics: session.diagnostics(),
            start: &self.start,
            settle_trace: if self.began_settled() { session.settle_trace() } else { &nothing },
            end: self.end(),
            trace: self.trace(),
            outcome: &self.outcome,
            seed: session.seed(),
        })
    }

    /// Marks for a timeline, in order.
    pub fn marks(&self) -> Vec<Mark> {
        let mut marks: Vec<Mark> = Vec::new();
        for (id, record) in self.trace().numbered() {
            let Some(kind) = MarkKind::of(record.change) else { continue };
            let of_moment = marks.iter_mut().rev().take_while(|m| m.time == record.time).find(|m| m.kind == kind);
            match of_moment {
                Some(mark) => mark.count += 1,
                None => marks.push(Mark { time: record.time, kind, count: 1, first: id }),
            }
        }
        marks
    }
}

impl MarkKind {
    /// The kind of mark that a change makes; none for one that is too small for the timeline.
    pub fn of(change: Change) -> Option<MarkKind> {
        Some(match change {
            Change::StepBegins => MarkKind::Step,
            Change::NodeFailed
            | Change::NodeRecovered
            | Change::NodeCutOff
            | Change::NodeReconnected
            | Change::NodeAdded
            | Change::NodeDeleted => MarkKind::Machine,
            Change::NodeReady(_)
            | Change::NodeTainted(..)
            | Change::NodeUntainted(..)
            | Change::NodeCordoned
            | Change::NodeUncordoned
            | Change::NodeMemoryPressure(_)
            | Change::NodeDiskPressure(_)
            | Change::NodePidPressure(_)
            | Change::ImagesRemoved(_) => MarkKind::Node,
            Change::PodDeleting(_) | Change::PodFailed(..) | Change::PodUnready(_) | Change::EvictionRefused(..) => MarkKind::Loss,
            Change::PodCreated | Change::PodBound(_) | Change::PodNominated(_) => MarkKind::Placement,
            Change::PodUnschedulable(_) => MarkKind::Refusal,
            Change::PodReady => MarkKind::Ready,
            Change::Rollout | Change::Scaled(..) | Change::ReplicaSetScaled(..) | Change::ReplicaSetCreated(_) => MarkKind::Rollout,
            _ => return None,
        })
    }
}
