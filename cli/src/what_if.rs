//! Which what-if is run: what flags say, or else the Scenario document that is named, or the only one there is.

use wavetank_core::manifest::{Diagnostic, Manifest, Severity};
use wavetank_core::scenario::{self, Scenario};
use wavetank_core::units::time::Time;

use crate::cluster::ClusterArgs;
use crate::context::Context;
use crate::failure::CliError;
use crate::steps::{StepArgs, parse_span};

/// Flags that say what is done, and for how long it is watched.
#[derive(Debug, clap::Args)]
pub(crate) struct WhatIfArgs {
    #[command(flatten)]
    steps: StepArgs,
    /// The Scenario document to run, by name, where the manifests hold several
    #[arg(long, value_name = "NAME", help_heading = "Options")]
    scenario: Option<String>,
    /// When watching stops; without it, when nothing happens any more, at most an hour after the last step
    #[arg(long, value_name = "SPAN", help_heading = "Options")]
    until: Option<String>,
}

impl WhatIfArgs {
    /// The scenario to run, and what there is to say about the documents of these manifests.
    ///
    /// # Errors
    /// Flags that have no meaning, no document of the name, several and none named, one that cannot be read.
    pub(crate) fn scenario(
        &self,
        manifest: &Manifest,
        cluster: &ClusterArgs,
        context: &Context,
    ) -> Result<(Scenario, Vec<Diagnostic>), CliError> {
        let until = self.until.as_deref().map(parse_span).transpose()?.map(|span| Time::ZERO + span);
        let steps = self.steps.steps()?;
        let (documents, told) = scenario::read(manifest);
        if !self.steps.is_empty() || (documents.is_empty() && self.scenario.is_none()) {
            if !documents.is_empty() {
                context.note("Scenario documents are left alone, because flags say what to break");
            }
            let of_flags = Scenario::of_steps("flags", steps);
            return Ok((Scenario { until, seed: cluster.seed(), ..of_flags }, Vec::new()));
        }
        let chosen = self.document(&documents)?;
        if told.iter().any(|d| d.severity == Severity::Error) {
            let sources = manifest.sources.clone();
            return Err(CliError::new(format!("the Scenario {} cannot be read", chosen.name)).diagnostics(told, sources));
        }
        let seed = cluster.given_seed().unwrap_or(chosen.seed);
        Ok((Scenario { until: until.or(chosen.until), seed, ..chosen.clone() }, told))
    }

    fn document<'d>(&self, documents: &'d [Scenario]) -> Result<&'d Scenario, CliError> {
        let names = || documents.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
        match (&self.scenario, documents) {
            (None, [only]) => Ok(only),
            (None, several) => Err(CliError::new(format!("the manifests hold {} Scenario documents", several.len()))
                .help(format!("name one with --scenario: {}; or run them all with `wavetank test`", names()))),
            (Some(_), []) => Err(CliError::new("there is no Scenario document among the manifests")),
            (Some(name), _) => documents
                .iter()
                .find(|s| s.name == *name)
                .ok_or_else(|| CliError::new(format!("there is no Scenario {name}")).help(format!("there are {}", names()))),
        }
    }
}
