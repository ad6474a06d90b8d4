//! Outcomes: what became of a scenario's steps and expectations. Plain data; how it is told is the report's.

use super::document::Promise;
use super::verb::Verb;
use crate::engine::Ended;
use crate::manifest::{Diagnostic, Severity, Span};
use crate::trace::RecordId;
use crate::units::time::Time;

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// It was done.
    Done {
        /// When.
        at: Time,
        /// Its record: what followed is its subtree.
        record: RecordId,
    },
    /// It could not be done.
    Refused {
        /// When it was tried.
        at: Time,
        /// Its record.
        record: RecordId,
        /// Why, in a sentence.
        why: String,
    },
    /// It was due after the end of the run.
    NotDue,
    /// Its condition did not come true.
    Waiting {
        /// What the condition's parts were at the end.
        values: Vec<String>,
    },
    /// It counts from a step that did not begin.
    Behind,
}

/// A step and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepOutcome {
    /// What was to be done.
    pub verb: Verb,
    /// What became of it.
    pub state: StepState,
    /// Where it was written.
    pub span: Option<Span>,
}

/// How an expectation failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The moment that decided it.
    pub at: Time,
    /// In a sentence.
    pub message: String,
    /// The values of the expression's parts at that moment.
    pub values: Vec<String>,
    /// The record that brought it about, if one can be named: its causes are the chain.
    pub cause: Option<RecordId>,
}

/// What became of an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds; `eventually` says since when.
    Holds {
        /// When an `eventually` came true.
        at: Option<Time>,
    },
    /// It does not hold.
    Fails(Failure),
    /// The expression could not be read or evaluated.
    Broken(String),
    /// There is no evaluator here.
    NotEvaluated,
}

/// An expectation and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What reports call it.
    pub title: String,
    /// How long and how often the expression has to hold.
    pub promise: Promise,
    /// The expression.
    pub expression: String,
    /// Where it was written.
    pub span: Option<Span>,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Why the run ended.
    pub ended: Ended,
    /// When it ended.
    pub end: Time,
    /// How many actions it took.
    pub actions: u64,
    /// The steps, in the order of the document.
    pub steps: Vec<StepOutcome>,
    /// The expectations, in the order of the document.
    pub expectations: Vec<Judged>,
    /// What there is to say: unknown names, steps without effect, expectations that do not hold.
    pub diagnostics: Vec<Diagnostic>,
}

impl Outcome {
    /// Whether every expectation holds, every step that was to begin did, and the run came to its end.
    pub fn passed(&self) -> bool {
        self.ended != Ended::BudgetSpent && !self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }

    /// How many expectations were judged: 0 where there is none or no evaluator.
    pub fn judged(&self) -> usize {
        self.expectations.iter().filter(|e| e.verdict != Verdict::NotEvaluated).count()
    }
}
