//! Scenarios: what is done to a cluster and when, and what must hold meanwhile.
//!
//! Owns the `Scenario` document, its verbs, their application to a running simulation, and the judging of its expectations. It
//! decides nothing that Kubernetes decides: a verb is a write to the API server or a fault, and all else follows from the engine.

mod document;
mod verb;

pub use document::{Expectation, Promise, Scenario, Start, Step, When};
pub use verb::{DrainOptions, Pressure, Verb};
