//! `wavetank run`: what if? A scenario from flags or from a document, run on the manifests; the report in any format.

use rayon::prelude::*;
use wavetank_core::manifest::{Class, Diagnostic, Manifest, Severity};
use wavetank_core::report::render::{github, html, json, markdown, sarif, svg, text};
use wavetank_core::report::{Harm, Report, SeedReport, SeedRun};
use wavetank_core::scenario::Scenario;
use wavetank_core::session::{RerunBudget, Session};

use crate::cluster::ClusterArgs;
use crate::context::{Context, Verbosity};
use crate::diagnostics;
use crate::failure::{CliError, Exit};
use crate::input::{InputArgs, read_manifest};
use crate::output::{Output, chosen, write_all};
use crate::steps::check_names;
use crate::what_if::WhatIfArgs;

/// See what the cluster does: where pods land, and what a lost zone, a drain or a rollout sets off
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    what_if: WhatIfArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Keep what was done as a Scenario document in this file
    #[arg(long, value_name = "FILE")]
    save: Option<std::path::PathBuf>,
    /// Which of equally good nodes a pod gets: the scheduler's own choice, or, with `all`, also every other choice (a sample, where these are
    /// many): the report says which would have changed an outcome
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = TieChoice::Own)]
    ties: TieChoice,
    /// Run with so many seeds, one after the other from --seed on: the report says which outcomes are certain and which only possible
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    seeds: u64,
    /// How many of them run at once; the result is the same
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Say what would help without trying it: no run is repeated
    #[arg(long)]
    no_verify: bool,
    /// Check after every event what must always hold; a violation is a fault of wavetank itself, and fails the run
    #[arg(long)]
    check_invariants: bool,
    /// text, full, concise, json, markdown, html, svg, sarif or github; with `=FILE` into a file. Several at once
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    output: Vec<Output<Format>>,
}

/// What to do about equally good nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum TieChoice {
    /// As the scheduler chooses.
    Own,
    /// Try the others too.
    All,
}

/// A form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The story.
    Text,
    /// Everything, nothing left out.
    Full,
    /// The verdict and who suffered.
    Concise,
    /// Data.
    Json,
    /// For a pull request.
    Markdown,
    /// One file with charts.
    Html,
    /// The timeline as a picture.
    Svg,
    /// For code hosts and editors: what there is to say at lines.
    Sarif,
    /// GitHub's annotations, on the log of a workflow.
    Github,
}

impl Format {
    /// Whether proposals are part of it: if they are part of none, none has to be tried.
    fn shows_proposals(self) -> bool {
        match self {
            Format::Text | Format::Full | Format::Json | Format::Markdown | Format::Html => true,
            Format::Concise | Format::Svg | Format::Sarif | Format::Github => false,
        }
    }
}

/// How many runs the choices among equally good nodes may take.
const TIES: RerunBudget = RerunBudget { runs: 200, records: 4_000_000 };

/// Runs and reports.
///
/// # Errors
/// Input that cannot be read, names that are not there, files that cannot be written.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    let outputs = chosen(&args.output, Format::Text)?;
    let manifest = read_manifest(&args.input, context)?;
    let busy = context.spinner("letting the cluster settle");
    let (scenario, mut told) = args.what_if.scenario(&manifest, &args.cluster, context)?;
    let mut options = args.cluster.options();
    options.seed = scenario.seed;
    options.check_invariants = args.check_invariants;
    let session = Session::of(manifest, &options);
    busy.set_message("running");
    check_names(session.cluster(), &scenario.steps)?;
    if let Some(file) = &args.save {
        save(&scenario, file)?;
    }
    let run = session.run(&scenario);
    let mut report = run.report(&session);
    if !args.no_verify && !report.proposals.is_empty() && outputs.iter().any(|o| o.format.shows_proposals()) {
        busy.set_message("trying what would help");
        session.verify(&scenario, &run, &mut report, &RerunBudget::default());
    }
    if args.ties == TieChoice::All {
        busy.set_message("trying other choices among equals");
        report.ties = Some(session.ties(&scenario, &run, &TIES));
    }
    if args.seeds > 1 {
        busy.set_message("running with other seeds");
        let seeds: Vec<u64> = (0..args.seeds).map(|n| scenario.seed.saturating_add(n)).collect();
        let runs: Vec<SeedRun> =
            crate::test::pool(args.jobs)?.install(|| seeds.par_iter().map(|&seed| session.fare_with_seed(&scenario, seed)).collect());
        report.seeds = SeedReport::of(&runs);
    }
    busy.finish_and_clear();
    if let Some(violation) = run.sim().violations().first() {
        let count = run.sim().violations().len();
        return Err(CliError::new(format!("{count} invariants are violated, first {violation}"))
            .help("this is a fault of wavetank, not of your manifests: please report it with them"));
    }
    told.extend(session.diagnostics().iter().cloned());
    told.extend(run.outcome().diagnostics.iter().filter(|d| d.span.is_some()).cloned());
    show(&told, session.manifest(), context);
    write_all(&outputs, context, |format, on_stdout| render(&report, *format, context, on_stdout))?;
    if outputs.iter().any(|o| o.path.is_none() && matches!(o.format, Format::Text | Format::Concise)) {
        hint(args, &session, &report, context);
    }
    Ok(exit(&report, session.manifest()))
}

/// Keeps a scenario as a document.
fn save(scenario: &Scenario, file: &std::path::Path) -> Result<(), CliError> {
    std::fs::write(file, scenario.to_yaml()).map_err(|error| CliError::new(format!("{} cannot be written: {error}", file.display())))
}

/// Errors and warnings; with `--verbose` everything.
fn show(told: &[Diagnostic], manifest: &Manifest, context: &Context) {
    let least = if context.verbosity == Verbosity::Verbose { Severity::Hint } else { Severity::Warning };
    let shown: Vec<Diagnostic> = told.iter().filter(|d| d.severity <= least).cloned().collect();
    let most = if context.verbosity == Verbosity::Verbose { usize::MAX } else { diagnostics::MOST_SHOWN };
    if !shown.is_empty() {
        context.note(diagnostics::render(&shown, &manifest.sources, context, most).trim_end());
        context.note("");
    }
}

fn render(report: &Report, format: Format, context: &Context, on_stdout: bool) -> String {
    let terminal = context.terminal(on_stdout);
    match format {
        Format::Text => text::render(report, &terminal, text::Detail::Story),
        Format::Full => text::render(report, &terminal, text::Detail::Full),
        Format::Concise => text::render(report, &terminal, text::Detail::Concise),
        Format::Json => json::render(report),
        Format::Markdown => markdown::render(report),
        Format::Html => html::render(report),
        Format::Svg => svg::render(report, svg::Setting::Alone),
        Format::Sarif => sarif::render(report),
        Format::Github => github::render(report),
    }
}

fn exit(report: &Report, manifest: &Manifest) -> Exit {
    let nothing = report.totals.pods == 0 && report.totals.pods_created == 0;
    let unread = manifest.of_class(Class::Rejected).next().is_some();
    let broken = report.expectations.iter().any(|e| e.holds != Some(true)) || report.steps.iter().any(|s| s.not_done.is_some());
    let broken = broken || report.seeds.as_ref().is_some_and(|seeds| !seeds.holds());
    match () {
        () if nothing => Exit::Nothing,
        () if unread || broken => Exit::Broken,
        () => Exit::Holds,
    }
}

/// What to try next, with the words to type.
fn hint(args: &Args, session: &Session, report: &Report, context: &Context) {
    let command = format!("wavetank run {}{}", args.input.as_typed(), args.cluster.as_typed());
    let next = if report.totals.pods == 0 {
        return;
    } else if report.steps.is_empty() {
        match report.placement.zones.iter().find(|zone| !zone.name.is_empty()) {
            Some(zone) => format!("break something: {command} --fail-zone {}", crate::input::quoted(&zone.name)),
            None => match session.cluster().live_nodes().next() {
                Some((_, node)) => {
                    format!("break something: {command} --fail-node {}", crate::input::quoted(session.cluster().text(node.name)))
                }
                None => return,
            },
        }
    } else if report.verdict.harm > Harm::ShortBefore {
        format!("keep it for a review: {command} … -o html=report.html · every what-if at once: wavetank sweep {}", args.input.as_typed())
    } else {
        format!("every what-if at once: wavetank sweep {}", args.input.as_typed())
    };
    context.note(&format!("\nnext  {}", crate::context::shown(next)));
}
