//! The `Sweep` document: which what-ifs to try, and what must hold in each.
//!
//! ```yaml
//! apiVersion: wavetank.dev/v1alpha1
//! kind: Sweep
//! metadata: {name: any-one-loss}
//! spec:
//!   each: [zone, node, drain, rollout]
//!   replicates: 3          # seeds 0, 1 and 2
//!   until: 20m
//!   expect:
//!     - always: workload("deployment/web").serving >= 1
//! ```

use super::plan::Axis;
use crate::manifest::{Diagnostic, Document, Span};
use crate::scenario::document::Expectation;
use crate::scenario::read::{expectations, integer, span_of};
use crate::scenario::schema::{API_VERSION, SWEEP};
use crate::scenario::shape::{Shape, check};
use crate::units::time::Time;

/// The most replicates of a sweep.
pub const MOST_REPLICATES: u64 = 10_000;

/// What a `Sweep` document asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepSpec {
    /// `metadata.name`.
    pub name: String,
    /// What is varied.
    pub axes: Vec<Axis>,
    /// How often each what-if is run, with a seed of its own each time.
    pub replicates: u64,
    /// The first of the seeds; none for the one that the command line has.
    pub seed: Option<u64>,
    /// When each run ends.
    pub until: Option<Time>,
    /// What must hold in every run.
    pub expectations: Vec<Expectation>,
    /// Where it stands.
    pub span: Span,
}

/// Whether a document is a `Sweep`, whatever version it names.
pub fn is_sweep(document: &Document) -> bool {
    document.kind == "Sweep" && document.api_version.split('/').next() == API_VERSION.split('/').next()
}

/// Reads a `Sweep` document, strictly; what can be read of it is given all the same.
pub fn read_sweep(document: &Document, told: &mut Vec<Diagnostic>) -> SweepSpec {
    let tree = &document.tree;
    let mut sweep = SweepSpec {
        name: document.name.clone(),
        axes: Vec::new(),
        replicates: 1,
        seed: None,
        until: None,
        expectations: Vec::new(),
        span: document.span,
    };
    let Some(root) = tree.root() else { return sweep };
    check(tree, root, &Shape::Fields(&SWEEP), told);
    let Some(spec) = tree.get(root, "spec") else { return sweep };
    if let Some(each) = tree.get(spec, "each") {
        let named = |word: &str| Axis::ALL.into_iter().find(|axis| axis.name() == word);
        sweep.axes = tree.items(each).filter_map(|item| named(tree.str(item)?)).collect();
    }
    if let Some(replicates) = integer(tree, spec, "replicates").and_then(|n| u64::try_from(n).ok()) {
        sweep.replicates = replicates.clamp(1, MOST_REPLICATES);
    }
    sweep.seed = integer(tree, spec, "seed").and_then(|n| u64::try_from(n).ok());
    sweep.until = span_of(tree, spec, "until").map(|span| Time::ZERO + span);
    sweep.expectations = expectations(tree, spec, told);
    sweep
}
