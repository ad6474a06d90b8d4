//! Scenarios: what is done to a cluster and when, and what must hold meanwhile.
//!
//! Owns the `Scenario` document, its verbs, their application to a running simulation, and the judging of its expectations. It
//! decides nothing that Kubernetes decides: a verb is a write to the API server or a fault, and all else follows from the engine.

mod apply;
pub mod assumptions;
#[cfg(test)]
mod autoscaling_tests;
pub mod catalog;
mod chaos;
mod document;
pub mod expr;
mod json_schema;
pub mod names;
mod outcome;
mod read;
mod release;
mod run;
pub mod schema;
pub mod shape;
pub mod sweep;
#[cfg(all(test, feature = "cel"))]
mod tests;
mod verb;
mod watch;
mod write;

pub use apply::{Refused, apply, check};
pub use document::{Expectation, Promise, Scenario, Start, Step, When};
pub use json_schema::{KINDS, json_schema, json_schema_of_all};
pub use outcome::{Failure, Judged, Outcome, StepOutcome, StepState, Verdict};
pub use read::{MOST_EXPECTATIONS, MOST_STEPS, is_scenario, read, read_tree};
pub use run::{Observer, run, run_observed, run_with};
pub use verb::{Cascade, DrainOptions, LITTLE_MEMORY, Place, SPOT_NOTICE, Verb, duration_text, yaml_text};
pub use write::step_value;
