//! `wavetank check`: what there is to say of manifests before anything is run.

use serde_json::json;
use wavetank_core::cluster::build::build;
use wavetank_core::manifest::{Diagnostic, Manifest, Severity};
use wavetank_core::report::annotations::{self, Annotation};
use wavetank_core::report::render::{github, sarif};
use wavetank_core::report::{self, Finding};

use crate::cluster::ClusterArgs;
use crate::context::Context;
use crate::diagnostics;
use crate::failure::{CliError, Exit};
use crate::input::{InputArgs, read_manifest};
use crate::output::{Output, chosen, pretty, write_all};

/// Say what is wrong with manifests, without running anything
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// From which severity on the exit code is 1
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: Least,
    /// text, json, sarif or github; with `=FILE` into a file. Several at once
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    output: Vec<Output<Format>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Least {
    Error,
    Warning,
    Info,
}

impl Least {
    fn severity(self) -> Severity {
        match self {
            Least::Error => Severity::Error,
            Least::Warning => Severity::Warning,
            Least::Info => Severity::Info,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people, with the lines.
    Text,
    /// Data.
    Json,
    /// For code hosts and editors.
    Sarif,
    /// GitHub's annotations, on the log of a workflow.
    Github,
}

/// The version of the JSON form.
const SCHEMA_VERSION: u32 = 1;

/// Reads, builds the cluster, and tells.
///
/// # Errors
/// Input that cannot be read.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    let outputs = chosen(&args.output, Format::Text)?;
    let manifest = read_manifest(&args.input, context)?;
    let built = build(&manifest, &args.cluster.options().cluster);
    let mut told: Vec<Diagnostic> = manifest.diagnostics.clone();
    told.extend(built.diagnostics);
    told.extend(wavetank_core::scenario::read(&manifest).1);
    told.sort_by_key(|d| d.severity);
    write_all(&outputs, context, |format, _| render(&told, &manifest, *format, context))?;
    let broken = told.iter().any(|d| d.severity <= args.fail_on.severity());
    Ok(if broken { Exit::Broken } else { Exit::Holds })
}

fn render(told: &[Diagnostic], manifest: &Manifest, format: Format, context: &Context) -> String {
    let findings: Vec<Finding> = told.iter().map(|d| report::finding(&manifest.sources, d)).collect();
    let annotations = || -> Vec<Annotation> { findings.iter().filter_map(annotations::finding).collect() };
    let count = |severity: Severity| told.iter().filter(|d| d.severity == severity).count();
    match format {
        Format::Text => {
            let lines = diagnostics::render(told, &manifest.sources, context, usize::MAX);
            let said = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
            let summary = [said(count(Severity::Error), "error"), said(count(Severity::Warning), "warning")].join(", ");
            format!("{lines}{summary} in {}\n", said(manifest.documents.len(), "object"))
        }
        Format::Json => pretty(&json!({"schemaVersion": SCHEMA_VERSION, "objects": manifest.documents.len(), "findings": findings})),
        Format::Sarif => sarif::of(&annotations(), &json!({"objects": manifest.documents.len()})),
        Format::Github => github::of(&annotations()),
    }
}
