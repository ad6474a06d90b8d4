//! The facade: texts in, a settled cluster, what-ifs run from it, everything the front ends show. Owns no rule of its own.
//!
//! ```
//! use wavetank_core::manifest::SourceSet;
//! use wavetank_core::scenario::{Scenario, Step, Verb};
//! use wavetank_core::session::{Session, SessionOptions};
//! use wavetank_core::units::time::Time;
//!
//! let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: web}}\n  \
//!             template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: web:1}]}\n";
//! let session = Session::open(SourceSet::single("web.yaml", text), &SessionOptions::default());
//! let lose_a_zone = Scenario::of_steps("lose-a-zone", vec![Step::at(Time::ZERO, Verb::FailZone { zone: "zone-a".into() })]);
//! let run = session.run(&lose_a_zone);
//! assert!(run.trace().len() > 0);
//! assert_eq!(session.run(&lose_a_zone).trace().digest(), run.trace().digest());
//! ```

mod assumed;
mod capacity;
mod decision;
mod explain;
#[cfg(feature = "cel")]
pub mod lesson;
pub mod link;
mod pair;
mod reach;
mod run;
pub mod scene;
pub mod script;
mod seeds;
mod ties;
mod verify;
mod ways;

pub use assumed::{Assumed, Unsayable};
pub use capacity::{NodeType, PodRequests, RoomFor};
pub use decision::Decision;
pub use run::{Mark, MarkKind, Run};
pub use verify::RerunBudget;

use crate::cluster::Cluster;
use crate::cluster::build::{Assumption, ClusterOptions, build};
use crate::engine::ties::Ties;
use crate::engine::{Ended, Sim, SimOptions};
use crate::manifest::{Class, Diagnostic, DocId, Limits, Manifest, SourceSet, Span, read};
use crate::report::{self, ReportInput, WorkloadOutcome};
use crate::scenario::{self, Outcome, Scenario, Start};
use crate::trace::Trace;
use crate::units::time::Time;

/// What a session is opened with, beside the texts.
#[derive(Clone, Debug, Default)]
pub struct SessionOptions {
    /// Limits of reading.
    pub limits: Limits,
    /// What cluster to assume where the texts give no nodes.
    pub cluster: ClusterOptions,
    /// Decides what Kubernetes leaves open.
    pub seed: u64,
    /// Whether what must always hold is checked after every event: see [`Sim::violations`].
    pub check_invariants: bool,
    /// The most actions of the settling and of each run; none for the usual ones.
    pub budget: Option<u64>,
}

/// A pasted set: read, built, and settled. Every what-if forks from here.
#[derive(Clone, Debug)]
pub struct Session {
    manifest: Manifest,
    diagnostics: Vec<Diagnostic>,
    assumptions: Vec<Assumption>,
    cluster_options: ClusterOptions,
    sim_options: SimOptions,
    fresh: Sim,
    settled: Sim,
    settle_trace: Trace,
    settle_ended: Ended,
}

impl Session {
    /// Reads the texts, builds the cluster and lets it settle. Never fails: what could not be read is among the diagnostics.
    pub fn open(sources: SourceSet, options: &SessionOptions) -> Session {
        let manifest = read(sources, &options.limits);
        Session::of(manifest, options)
    }

    /// Like [`Session::open`], of what has been read already.
    pub fn of(manifest: Manifest, options: &SessionOptions) -> Session {
        let built = build(&manifest, &options.cluster);
        let mut diagnostics = manifest.diagnostics.clone();
        diagnostics.extend(built.diagnostics);
        let sim_options = SimOptions {
            seed: options.seed,
            scheduler_configuration: scheduler_configuration(&manifest),
            check_invariants: options.check_invariants,
            budget: options.budget,
        };
        let fresh = Sim::new(built.cluster.clone(), &sim_options, Time::ZERO);
        let (settled, settle_trace, settle_ended) = Sim::settled(built.cluster, &sim_options);
        Session {
            manifest,
            diagnostics,
            assumptions: built.assumptions,
            cluster_options: options.cluster.clone(),
            sim_options,
            fresh,
            settled,
            settle_trace,
            settle_ended,
        }
    }

    /// The session of another manifest, without settling anew where only Scenario documents differ: they change nothing of the cluster.
    ///
    /// # Errors
    /// Where more differs: both, as they were given.
    pub fn under(mut self, manifest: Manifest) -> Result<Session, Box<(Session, Manifest)>> {
        if !same_cluster(&self.manifest, &manifest) {
            return Err(Box::new((self, manifest)));
        }
        // What there is to say of the cluster stands behind what there is to say of the texts.
        self.diagnostics.splice(..self.manifest.diagnostics.len(), manifest.diagnostics.iter().cloned());
        self.manifest = manifest;
        Ok(self)
    }

    /// The cluster as it was built, before anything ran.
    pub fn built(&self) -> Cluster {
        build(&self.manifest, &self.cluster_options).cluster
    }

    /// What a simulation of this session is begun with.
    pub fn sim_options(&self) -> SimOptions {
        self.sim_options.clone()
    }

    /// What was read.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What there is to say about the texts: of reading them and of building the cluster.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// What the texts did not say.
    pub fn assumptions(&self) -> &[Assumption] {
        &self.assumptions
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.sim_options.seed
    }

    /// The settled cluster at time zero.
    pub fn cluster(&self) -> &Cluster {
        self.settled.cluster()
    }

    /// The settled simulation, to fork.
    pub fn settled(&self) -> &Sim {
        &self.settled
    }

    /// How the cluster settled, in negative time.
    pub fn settle_trace(&self) -> &Trace {
        &self.settle_trace
    }

    /// How the settling ended.
    pub fn settle_ended(&self) -> Ended {
        self.settle_ended
    }

    /// A simulation in the state that a scenario begins with.
    pub fn begin(&self, start: Start) -> Sim {
        match start {
            Start::Settled => self.settled.clone(),
            Start::Applied => self.fresh.clone(),
        }
    }

    /// The same for another cluster than the session's, or other choices among equally good nodes, with the trace of the settling.
    fn begin_anew(&self, cluster: Cluster, start: Start, ties: Option<Ties>) -> (Sim, Trace) {
        let options = self.sim_options();
        match (start, ties) {
            (Start::Settled, ties) => {
                let (sim, trace, _) = match ties {
                    Some(ties) => Sim::settled_with(cluster, &options, ties),
                    None => Sim::settled(cluster, &options),
                };
                (sim, trace)
            }
            (Start::Applied, ties) => {
                let mut sim = Sim::new(cluster, &options, Time::ZERO);
                if let Some(ties) = ties {
                    sim.set_ties(ties);
                }
                (sim, Trace::default())
            }
        }
    }

    /// Runs a scenario on a simulation that is at its beginning; how each workload fared, and what became of steps and expectations.
    fn fare(&self, sim: &mut Sim, settle_trace: &Trace, scenario: &Scenario) -> (Vec<WorkloadOutcome>, Outcome) {
        let start = sim.cluster().clone();
        let outcome = scenario::run(sim, scenario);
        let workloads = report::workload_outcomes(&ReportInput {
            manifest: None,
            assumptions: &[],
            diagnostics: &[],
            start: &start,
            settle_trace,
            end: sim.cluster(),
            trace: sim.api().trace(),
            outcome: &outcome,
            seed: self.seed(),
        });
        (workloads, outcome)
    }

    /// Runs a scenario from its beginning to its end.
    pub fn run(&self, scenario: &Scenario) -> Run {
        Run::new(self, scenario)
    }
}

/// Whether two manifests say the same of the cluster, at the same places: all documents but Scenarios are alike.
fn same_cluster(one: &Manifest, other: &Manifest) -> bool {
    fn rest(manifest: &Manifest) -> impl Iterator<Item = (DocId, Span, Class, Option<&str>)> {
        let rest = manifest.documents.iter().filter(|document| !scenario::is_scenario(document));
        rest.map(|of| (of.id, of.span, of.class, manifest.sources.file(of.span.file).and_then(|file| file.text.get(of.span.range()))))
    }
    rest(one).eq(rest(other)) && one.sources.files.iter().zip(&other.sources.files).all(|(one, other)| one.name == other.name)
}

/// The first `KubeSchedulerConfiguration` among the documents.
fn scheduler_configuration(manifest: &Manifest) -> Option<serde_json::Value> {
    manifest.documents.iter().find(|d| d.kind == "KubeSchedulerConfiguration").map(|d| d.value())
}
