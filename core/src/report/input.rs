//! What a report is made from: the result of a run, borrowed.

use crate::cluster::Cluster;
use crate::cluster::build::Assumption;
use crate::engine::Ended;
use crate::manifest::{Diagnostic, Manifest};
use crate::trace::Trace;
use crate::units::time::Time;

/// A step of the what-if, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepLabel {
    /// When it is due.
    pub at: Time,
    /// What is done: `zone zone-b fails`. Unescaped.
    pub text: String,
}

/// The result of a run. `settled` and `end` are the same arenas at two moments: an id of the one is good for the other.
#[derive(Clone, Copy, Debug)]
pub struct ReportInput<'a> {
    /// What was read; none where the cluster was made by hand.
    pub manifest: Option<&'a Manifest>,
    /// What the manifests did not say.
    pub assumptions: &'a [Assumption],
    /// What there is to say about the input, of all stages.
    pub diagnostics: &'a [Diagnostic],
    /// The cluster before the first step, at time zero.
    pub settled: &'a Cluster,
    /// How it came to rest, in negative time.
    pub settle_trace: &'a Trace,
    /// The cluster when watching stopped.
    pub end: &'a Cluster,
    /// What happened from time zero on.
    pub trace: &'a Trace,
    /// The steps; [`crate::trace::Subject::Step`] is an index here.
    pub steps: &'a [StepLabel],
    /// The seed.
    pub seed: u64,
    /// How the run ended.
    pub ended: Ended,
    /// When watching stopped.
    pub until: Time,
}
