//! `wavetank sweep`: many what-ifs from one settled state, in parallel, ranked by the harm they do.

mod render;

use rayon::prelude::*;
use wavetank_core::manifest::{Limits, Severity, SourceSet};
use wavetank_core::scenario::Verb;
use wavetank_core::scenario::sweep::{Axis, MOST_REPLICATES, Plan, Row, SweepSpec, is_sweep, read_sweep, run_one};
use wavetank_core::session::Session;
use wavetank_core::units::time::Time;

use crate::cluster::ClusterArgs;
use crate::context::Context;
use crate::failure::{CliError, Exit};
use crate::input::{InputArgs, quoted, read_sources};
use crate::output::{Output, chosen, write_all};
use crate::steps::parse_span;

/// Try many what-ifs from the settled cluster and rank them by harm
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    axes: AxisArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// When each run ends; without it, when nothing happens any more
    #[arg(long, value_name = "SPAN")]
    until: Option<String>,
    /// How many rows people are shown; the rest is counted
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// How many runs at once; without it one for each core. The result is the same
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// table, jsonl (every run, in order of their numbers), markdown or html; with `=FILE` into a file. Several at once
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    output: Vec<Output<Format>>,
}

/// What is varied; several flags add up.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "What is varied (or a Sweep document says it)")]
struct AxisArgs {
    /// Each zone dies
    #[arg(long)]
    each_zone: bool,
    /// Each node dies
    #[arg(long)]
    each_node: bool,
    /// Each pair of nodes dies at once
    #[arg(long)]
    each_node_pair: bool,
    /// Each node is drained
    #[arg(long)]
    each_drain: bool,
    /// Each workload is rolled out again
    #[arg(long)]
    each_workload_rollout: bool,
    /// Each workload gets a revision that never gets ready
    #[arg(long)]
    each_broken_rollout: bool,
    /// Each what-if is run so often, with seeds that follow each other
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=MOST_REPLICATES))]
    seeds: u64,
}

impl AxisArgs {
    fn axes(&self) -> Vec<Axis> {
        let asked = [
            (self.each_zone, Axis::Zone),
            (self.each_node, Axis::Node),
            (self.each_node_pair, Axis::NodePair),
            (self.each_drain, Axis::Drain),
            (self.each_workload_rollout, Axis::Rollout),
            (self.each_broken_rollout, Axis::BrokenRollout),
        ];
        asked.into_iter().filter(|(asked, _)| *asked).map(|(_, axis)| axis).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The worst first, for people.
    Table,
    /// Every run, one JSON object a line, in order of their numbers.
    Jsonl,
    /// For a pull request.
    Markdown,
    /// One file.
    Html,
}

/// The most runs at once: beyond it the rows would not fit into memory.
const MOST_RUNS: u64 = 2_000_000;

/// A sweep that was run.
struct Swept {
    /// By ordinal.
    rows: Vec<Row>,
    /// Indexes of rows, the worst first; of equals the lower ordinal.
    ranking: Vec<usize>,
    /// The command that repeats a row, by ordinal.
    commands: Vec<String>,
}

/// Runs the sweep.
///
/// # Errors
/// Input that cannot be read; nothing to vary.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    let outputs = chosen(&args.output, Format::Table)?;
    let pool = crate::test::pool(args.jobs)?;
    let sources = read_sources(&args.input, context)?;
    let document = document(&sources)?;
    let mut axes = args.axes.axes();
    if let Some(document) = &document {
        axes.extend(&document.axes);
    }
    if axes.is_empty() {
        return Err(CliError::new("nothing is varied").help("say what: --each-zone, --each-node, --each-drain, --each-workload-rollout"));
    }
    let first_seed = args.cluster.given_seed().or(document.as_ref().and_then(|d| d.seed)).unwrap_or(0);
    let replicates = document.as_ref().map_or(1, |d| d.replicates).max(args.axes.seeds);
    let busy = context.spinner("letting the cluster settle");
    let sessions: Vec<Session> = pool.install(|| {
        let open = |replicate: u64| {
            let mut options = args.cluster.options();
            options.seed = first_seed.saturating_add(replicate);
            Session::open(sources.clone(), &options)
        };
        (0..replicates).into_par_iter().map(open).collect()
    });
    busy.finish_and_clear();
    let Some(session) = sessions.first() else { return Err(CliError::new("nothing was run")) };
    let errors = session.diagnostics().iter().filter(|d| d.severity == Severity::Error).count();
    if errors > 0 {
        context.note(&format!("{errors} error{} in the manifests (`wavetank check` shows them)", if errors == 1 { "" } else { "s" }));
    }
    let mut plan = Plan::new(&axes, session.cluster(), inputs(&sources, &args.cluster));
    plan.first_seed = first_seed;
    plan.replicates = replicates;
    plan.until = match &args.until {
        Some(text) => Some(Time::ZERO + parse_span(text)?),
        None => document.as_ref().and_then(|d| d.until),
    };
    plan.expectations = document.map(|d| d.expectations).unwrap_or_default();
    if plan.total() == 0 {
        return Err(CliError::new("nothing was run: the cluster has nothing of what is varied"));
    }
    if plan.total() > MOST_RUNS {
        return Err(CliError::new(format!("{} runs are more than the {MOST_RUNS} of one sweep", plan.total())));
    }
    let swept = sweep(&plan, &sessions, args, &pool, context);
    write_all(&outputs, context, |format, on_stdout| match format {
        Format::Table => render::table(&swept, args.top, if on_stdout { Some(context) } else { None }),
        Format::Jsonl => render::jsonl(&swept),
        Format::Markdown => render::markdown(&swept, args.top),
        Format::Html => render::html(&swept, args.top),
    })?;
    let broken = swept.rows.iter().any(|row| row.harm.reasons.iter().any(|reason| reason.text.starts_with("does not hold: ")));
    Ok(if broken { Exit::Broken } else { Exit::Holds })
}

/// The Sweep document among the sources, if there is one.
fn document(sources: &SourceSet) -> Result<Option<SweepSpec>, CliError> {
    let manifest = wavetank_core::manifest::read(sources.clone(), &Limits::default());
    let mut told = Vec::new();
    let mut found: Vec<SweepSpec> = manifest.documents.iter().filter(|d| is_sweep(d)).map(|d| read_sweep(d, &mut told)).collect();
    if told.iter().any(|d| d.severity == Severity::Error) {
        return Err(CliError::new("the Sweep cannot be read").diagnostics(told, sources.clone()));
    }
    if found.len() > 1 {
        let names: Vec<_> = found.iter().map(|sweep| sweep.name.clone()).collect();
        return Err(CliError::new(format!("there are {} Sweep documents: {}", names.len(), names.join(", "))).help("give the file of one"));
    }
    Ok(found.pop())
}

/// Digest of everything that decides a run beside its scenario.
fn inputs(sources: &SourceSet, cluster: &ClusterArgs) -> String {
    let parts = sources.files.iter().map(|file| file.text.as_ref());
    wavetank_core::scenario::sweep::digest(parts.chain([cluster.at_seed(0).as_typed().as_str()]))
}

fn sweep(plan: &Plan, sessions: &[Session], args: &Args, pool: &rayon::ThreadPool, context: &Context) -> Swept {
    let bar = context.progress(plan.total(), "sweeping");
    let rows: Vec<Row> = pool.install(|| {
        let one = |ordinal: u64| {
            let replicate = plan.decode(ordinal)?.replicate as usize;
            let row = run_one(sessions.get(replicate)?.settled(), plan, ordinal);
            bar.inc(1);
            row
        };
        // Rows come back by ordinal, whoever ran them.
        (0..plan.total()).into_par_iter().filter_map(one).collect()
    });
    bar.finish_and_clear();
    let mut ranking: Vec<usize> = (0..rows.len()).collect();
    ranking.sort_by_key(|&index| (std::cmp::Reverse(rows[index].harm.score), rows[index].ordinal));
    let commands = rows.iter().map(|row| command(row, plan, args)).collect();
    Swept { rows, ranking, commands }
}

/// The command that repeats a run.
fn command(row: &Row, plan: &Plan, args: &Args) -> String {
    let mut text = format!("wavetank run {}{}", args.input.as_typed(), args.cluster.at_seed(row.seed).as_typed());
    for verb in &row.verbs {
        let (flag, name) = match verb {
            Verb::FailNode { node } => ("--fail-node", node),
            Verb::FailZone { zone } => ("--fail-zone", zone),
            Verb::Drain { node, .. } => ("--drain", node),
            Verb::Restart { workload } => ("--restart", workload),
            Verb::Rollout { workload, .. } => ("--broken-rollout", workload),
            // No axis makes others.
            _ => continue,
        };
        text.push_str(&format!(" {flag} {}", quoted(name)));
    }
    if let Some(until) = plan.until {
        text.push_str(&format!(" --until {}ms", until.millis()));
    }
    text
}
