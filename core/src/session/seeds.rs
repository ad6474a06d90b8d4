//! The same set with another seed: what Kubernetes leaves open is decided anew, from the settling on.

use super::{Run, Session};
use crate::engine::{Sim, SimOptions};
use crate::report::{self, ReportInput, SeedRun, verb_in_words};
use crate::scenario::Scenario;
use crate::trace::Trace;
use crate::units::time::Time;

impl Session {
    /// The session of the same texts with another seed.
    pub fn at_seed(&self, seed: u64) -> Session {
        if seed == self.seed() {
            return self.clone();
        }
        let built = self.built();
        let sim_options = SimOptions { seed, ..self.sim_options() };
        let fresh = Sim::new(built.clone(), &sim_options, Time::ZERO);
        let (settled, settle_trace, settle_ended) = Sim::settled(built, &sim_options);
        let (manifest, diagnostics, assumptions) = (self.manifest.clone(), self.diagnostics.clone(), self.assumptions.clone());
        let cluster_options = self.cluster_options.clone();
        Session { manifest, diagnostics, assumptions, cluster_options, sim_options, fresh, settled, settle_trace, settle_ended }
    }

    /// What a scenario comes to with a seed: one of the runs of which [`report::SeedReport`] is made. Runs of several seeds do not hang on each other.
    pub fn fare_with_seed(&self, scenario: &Scenario, seed: u64) -> SeedRun {
        let session = self.at_seed(seed);
        session.run(scenario).fared(&session)
    }
}

impl Run {
    /// What the run came to, as far as it matters.
    pub fn fared(&self, session: &Session) -> SeedRun {
        let nothing = Trace::default();
        let workloads = report::workload_outcomes(&ReportInput {
            manifest: None,
            assumptions: &[],
            diagnostics: &[],
            start: self.start(),
            settle_trace: if self.began_settled() { session.settle_trace() } else { &nothing },
            end: self.end(),
            trace: self.trace(),
            outcome: self.outcome(),
            seed: session.seed(),
        });
        let steps: Vec<String> = self.outcome().steps.iter().map(|step| verb_in_words(self.end(), &step.verb)).collect();
        SeedRun::of(session.seed(), &workloads, self.outcome(), &steps)
    }
}
