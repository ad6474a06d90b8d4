//! The `Scenario` document: `apiVersion: wavetank.dev/v1alpha1, kind: Scenario`.
//!
//! Owns its meaning as plain data. Reading it from text is `read`'s work, applying it `run`'s.
//!
//! ```yaml
//! apiVersion: wavetank.dev/v1alpha1
//! kind: Scenario
//! metadata: {name: lose-zone-b}
//! spec:
//!   description: The shop serves while zone-b is gone.
//!   manifests: [../shop]        # files or directories, relative to this file; default: the directory it stands in
//!   start: settled              # or `applied`: the manifests are applied at 0s and their first rollout is part of the run
//!   until: 20m                  # virtual time; default: until nothing happens any more, at most 1h after the last step
//!   seed: 7                     # decides what Kubernetes leaves open; default 0: one order that needs no draw
//!   steps:
//!     - at: 0s                  # counted from the start
//!       failZone: zone-b
//!     - after: 10m              # counted from the step before this one; without at, after and when: right after it
//!       recoverZone: zone-b
//!     - when: workload("deployment/web").ready == 3    # as soon as this holds, once the step before has begun
//!       drain: {node: node-1, ignoreDaemonSets: true, deleteEmptyDirData: true, gracePeriod: 30s, timeout: 5m}
//!     - scale: {workload: deployment/web, replicas: 5}
//!   expect:
//!     - always: workload("deployment/web").ready >= 2
//!       name: web keeps serving
//!     - eventually: workload("deployment/web").ready == 3
//!       within: 10m
//!     - never: pods.exists(p, p.phase == "Failed")
//!     - finally: unschedulable() == 0
//! ```

use super::verb::Verb;
use crate::manifest::{DocId, Span};
use crate::units::time::{Millis, Time};

/// What a run begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// The manifests were applied long ago: everything that could start has started.
    #[default]
    Settled,
    /// The manifests are applied at the start, to a cluster with nothing but its nodes.
    Applied,
}

impl Start {
    /// As the document writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Start::Settled => "settled",
            Start::Applied => "applied",
        }
    }
}

/// When a step begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// At a time counted from the start.
    At(Time),
    /// That long after the step before it in the document has begun (the start, for the first).
    After(Millis),
    /// As soon as an expression (CEL, over the state) holds, once the step before it has begun.
    Condition(String),
}

/// One thing done to the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub when: When,
    /// What.
    pub verb: Verb,
    /// Where it was written; none for one made by a flag or a button.
    pub span: Option<Span>,
}

impl Step {
    /// A step that was not read from a document.
    pub fn at(time: Time, verb: Verb) -> Step {
        Step { when: When::At(time), verb, span: None }
    }
}

/// How long and how often an expectation's expression has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// At every moment of the run.
    Always,
    /// At no moment of the run.
    Never,
    /// At one moment at least; with a span, no later than that after the start.
    Eventually(Option<Millis>),
    /// At the end of the run.
    Finally,
}

impl Promise {
    /// The key of the document.
    pub const fn name(self) -> &'static str {
        match self {
            Promise::Always => "always",
            Promise::Never => "never",
            Promise::Eventually(_) => "eventually",
            Promise::Finally => "finally",
        }
    }
}

/// What must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// How long and how often.
    pub promise: Promise,
    /// The expression: CEL with a boolean value.
    pub expression: String,
    /// What it is called in reports; the expression itself where none is given.
    pub name: Option<String>,
    /// Moments before this one do not count.
    pub from: Time,
    /// Where the expression was written.
    pub span: Option<Span>,
}

impl Expectation {
    /// What reports call it.
    pub fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("{}: {}", self.promise.name(), self.expression))
    }
}

/// A scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// `metadata.name`.
    pub name: String,
    /// What it promises, in a sentence.
    pub description: Option<String>,
    /// Files and directories of manifests, relative to the document; empty for the directory in which it stands.
    pub manifests: Vec<String>,
    /// What the run begins with.
    pub start: Start,
    /// When the run ends; none: when nothing happens any more, at most [`Scenario::PATIENCE`] after the last step.
    pub until: Option<Time>,
    /// Decides what Kubernetes leaves open.
    pub seed: u64,
    /// What is done, in the order of the document.
    pub steps: Vec<Step>,
    /// What must hold.
    pub expectations: Vec<Expectation>,
    /// The document it was read from.
    pub document: Option<DocId>,
}

impl Scenario {
    /// How long a run without `until` goes on after its last step at most.
    pub const PATIENCE: Millis = 60 * crate::units::time::MINUTE;

    /// A scenario of steps alone, as flags and buttons make one.
    pub fn of_steps(name: impl Into<String>, steps: Vec<Step>) -> Scenario {
        Scenario {
            name: name.into(),
            description: None,
            manifests: Vec::new(),
            start: Start::Settled,
            until: None,
            seed: 0,
            steps,
            expectations: Vec::new(),
            document: None,
        }
    }
}
