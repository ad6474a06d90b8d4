//! `wavetank compare`: one what-if on two manifest sets, and what the change means for each workload.

use std::path::PathBuf;

use wavetank_core::report::compare::{Comparison, compare};
use wavetank_core::report::render::compare as render;
use wavetank_core::session::Session;

use crate::cluster::ClusterArgs;
use crate::context::Context;
use crate::failure::{CliError, Exit};
use crate::input::{InputArgs, read_manifest};
use crate::output::{Output, chosen, pretty, write_all};
use crate::steps::check_names;
use crate::what_if::WhatIfArgs;

/// Run one what-if on two manifest sets, and see what the change means for each workload
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Manifests before the change: a file, a directory, or `-` for stdin
    before: PathBuf,
    /// Manifests after it
    after: PathBuf,
    #[command(flatten)]
    what_if: WhatIfArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Exit with 3 if anything is different
    #[arg(long)]
    detailed_exitcode: bool,
    /// text, json or markdown; with `=FILE` into a file. Several at once
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    output: Vec<Output<Format>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// Data.
    Json,
    /// For a pull request.
    Markdown,
}

/// Runs both and compares.
///
/// # Errors
/// Input that cannot be read, names that are not there, files that cannot be written.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    let outputs = chosen(&args.output, Format::Text)?;
    let before = read_manifest(&InputArgs::of(vec![args.before.clone()]), context)?;
    let after = read_manifest(&InputArgs::of(vec![args.after.clone()]), context)?;
    // What is done belongs to the newer set, unless only the older one says it.
    let says = [&after, &before].into_iter().find(|manifest| !wavetank_core::scenario::read(manifest).0.is_empty());
    let (scenario, _) = args.what_if.scenario(says.unwrap_or(&after), &args.cluster, context)?;
    let busy = context.spinner("running both");
    let [before, after] = open(before, after, &args.cluster.at_seed(scenario.seed));
    for session in [&before, &after] {
        check_names(session.cluster(), &scenario.steps)?;
    }
    let report = |session: &Session| session.run(&scenario).report(session);
    let comparison = compare(&report(&before), &report(&after));
    busy.finish_and_clear();
    write_all(&outputs, context, |format, on_stdout| show(&comparison, *format, context, on_stdout))?;
    Ok(if args.detailed_exitcode && comparison.differs() { Exit::Differs } else { Exit::Holds })
}

/// Opens both sets. Where both assume a cluster they get the same number of nodes, so that the change alone makes the difference.
fn open(before: wavetank_core::manifest::Manifest, after: wavetank_core::manifest::Manifest, cluster: &ClusterArgs) -> [Session; 2] {
    let options = cluster.options();
    let [before, after] = [before, after].map(|manifest| Session::of(manifest, &options));
    Session::pair(&before, &after, &options).unwrap_or([before, after])
}

fn show(comparison: &Comparison, format: Format, context: &Context, on_stdout: bool) -> String {
    let terminal = context.terminal(on_stdout);
    match format {
        Format::Text => render::text(comparison, &terminal),
        Format::Json => pretty(comparison),
        Format::Markdown => render::markdown(comparison),
    }
}
