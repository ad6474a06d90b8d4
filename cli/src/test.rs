//! `wavetank test`: runs every Scenario below the paths given and says which promises hold.

mod junit;
mod render;
mod result;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use rayon::prelude::*;
use serde_json::json;
use wavetank_core::manifest::{Diagnostic, FileId, Limits, Manifest, Severity, SourceSet};
use wavetank_core::report::render::{github, sarif};
use wavetank_core::scenario::{Scenario, is_scenario, read_tree};
use wavetank_core::session::Session;

use crate::cluster::ClusterArgs;
use crate::context::{Context, Verbosity};
use crate::failure::{CliError, Exit};
use crate::input::{InputArgs, read_paths, read_sources};
use crate::output::{Output, chosen, write_all};
use result::{ScenarioResult, Tested};

/// Run every Scenario document found, beside its manifests, and check what it expects
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Only scenarios whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Run each scenario with so many seeds, one after the other from its own or --seed on: a promise has to hold with each, and what hangs on the
    /// order that Kubernetes leaves open is told
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    seeds: u64,
    /// How many scenarios run at once; the result is the same
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// text, json, markdown, junit, sarif or github; with `=FILE` into a file. Several at once
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
    /// For CI servers.
    Junit,
    /// For code hosts and editors: what there is to say at lines.
    Sarif,
    /// GitHub's annotations, on the log of a workflow.
    Github,
}

/// A scenario that was found, before its manifests are read.
struct Found {
    scenario: Scenario,
    /// The file it stands in, by its number among the sources.
    file: FileId,
    /// What there is to say of the document.
    told: Vec<Diagnostic>,
    /// Files and directories of its manifests.
    manifests: Vec<PathBuf>,
}

/// Runs the scenarios. A scenario that does not hold is `Broken`.
///
/// # Errors
/// Paths that cannot be read; no scenario; not one expectation.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    let outputs = chosen(&args.output, Format::Text)?;
    let pool = pool(args.jobs)?;
    let manifest = wavetank_core::manifest::read(read_sources(&args.input, context)?, &Limits::default());
    let mut found = find(&manifest, args);
    if let Some(only) = &args.only {
        found.retain(|f| f.scenario.name.contains(only.as_str()));
    }
    if found.is_empty() {
        let help =
            "a scenario is a document with apiVersion wavetank.dev/v1alpha1 and kind Scenario; `wavetank schema scenario` prints its form";
        return Err(CliError::new(format!("nothing was checked: there is no Scenario in {}", args.input.as_typed())).help(help));
    }
    let tested = test(&found, &manifest.sources, args, &pool, context);
    let checked: usize = tested.results.iter().map(ScenarioResult::checked).sum();
    write_all(&outputs, context, |format, terminal| match format {
        Format::Text => render::text(&tested, if terminal { Some(context) } else { None }),
        Format::Json => render::json(&tested),
        Format::Markdown => render::markdown(&tested),
        Format::Junit => junit::render(&tested),
        Format::Sarif => sarif::of(&tested.annotations(), &json!({"scenarios": tested.results.len()})),
        Format::Github => github::of(&tested.annotations()),
    })?;
    if tested.results.iter().any(|result| !result.passed()) {
        return Ok(Exit::Broken);
    }
    if checked == 0 {
        return Err(CliError::new("nothing was checked: no scenario expects anything").help("write what must hold under `expect`"));
    }
    Ok(Exit::Holds)
}

/// A pool of so many threads, or one for each core.
///
/// # Errors
/// The system gives no threads.
pub(crate) fn pool(jobs: Option<u16>) -> Result<rayon::ThreadPool, CliError> {
    let threads = jobs.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|error| CliError::new(format!("no threads: {error}")))
}

/// Every scenario of the manifest with the paths of its manifests.
fn find(manifest: &Manifest, args: &Args) -> Vec<Found> {
    let mut found = Vec::new();
    for document in manifest.documents.iter().filter(|document| is_scenario(document)) {
        let mut told = Vec::new();
        let mut scenario = read_tree(&document.tree, &mut told);
        scenario.document = Some(document.id);
        let file = document.span.file;
        let name = manifest.sources.file(file).map_or("", |source| source.name.as_str());
        let dir = Path::new(name).parent().map(Path::to_path_buf).unwrap_or_default();
        // A directory of scenarios alone has nothing to run on: then what was named with it is meant.
        let beside = manifest.documents.iter().any(|other| {
            let path = manifest.sources.file(other.span.file).map_or("", |source| source.name.as_str());
            !is_scenario(other) && Path::new(path).starts_with(&dir)
        });
        let manifests = match (scenario.manifests.is_empty(), beside) {
            (false, _) => scenario.manifests.iter().map(|path| tidy(&dir.join(path))).collect(),
            (true, true) if name != "<stdin>" => vec![if dir.as_os_str().is_empty() { PathBuf::from(".") } else { dir }],
            (true, _) => args.input.paths().map(Path::to_path_buf).collect(),
        };
        found.push(Found { scenario, file, told, manifests });
    }
    found
}

/// A path without `.` and with `..` taken back where there is something to take back: how a person would write it.
fn tidy(path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    if parts.is_empty() { PathBuf::from(".") } else { parts.iter().collect() }
}

/// Runs every scenario. Sets of manifests that several share are read once, and settled once for each seed.
fn test(found: &[Found], sources: &SourceSet, args: &Args, pool: &rayon::ThreadPool, context: &Context) -> Tested {
    // The sets of manifests, and for each and each first seed the scenarios that begin with it.
    let mut sets: BTreeMap<&[PathBuf], BTreeMap<u64, Vec<usize>>> = BTreeMap::new();
    for (index, one) in found.iter().enumerate() {
        let first = args.cluster.given_seed().unwrap_or(one.scenario.seed);
        sets.entry(&one.manifests).or_default().entry(first).or_default().push(index);
    }
    let bar = context.progress(sets.len() as u64 + found.len() as u64 * args.seeds, "testing");
    let results = pool.install(|| {
        let sets: Vec<_> = sets.into_iter().collect();
        let opened: Vec<Result<Session, String>> = sets
            .par_iter()
            .map(|(paths, firsts)| {
                let first = firsts.keys().next().copied().unwrap_or(0);
                let opened = open(paths, first, args, context);
                bar.inc(1);
                opened
            })
            .collect();
        // One settling for a set, a first seed and how far the seed is from it; its scenarios in their order.
        let mut settlings: Vec<(usize, u64, &[usize])> = Vec::new();
        for (set, (_, firsts)) in sets.iter().enumerate() {
            for (&first, scenarios) in firsts {
                settlings.extend((0..args.seeds).map(|n| (set, first.saturating_add(n), scenarios.as_slice())));
            }
        }
        let ran = settlings.par_iter().flat_map_iter(|&(set, seed, scenarios)| {
            let session = opened[set].as_ref().map(|session| session.at_seed(seed)).map_err(Clone::clone);
            let one = |&index: &usize| {
                let found = &found[index];
                let run = ScenarioResult::of(&found.scenario, found.file, &found.told, &session, sources);
                bar.inc(1);
                (index, run)
            };
            scenarios.iter().map(one).collect::<Vec<_>>()
        });
        let mut runs: Vec<Vec<_>> = found.iter().map(|_| Vec::new()).collect();
        for (index, run) in ran.collect::<Vec<_>>() {
            runs[index].push(run);
        }
        runs.into_iter().filter_map(ScenarioResult::of_seeds).collect()
    });
    bar.finish_and_clear();
    Tested { results }
}

fn open(paths: &[PathBuf], seed: u64, args: &Args, context: &Context) -> Result<Session, String> {
    // What is passed over there was said when the scenarios were looked for.
    let silent = Context { verbosity: Verbosity::Quiet, ..context.clone() };
    let sources = read_paths(paths, &silent).map_err(|error| error.message().to_owned())?;
    let mut options = args.cluster.options();
    options.seed = seed;
    let session = Session::open(sources, &options);
    let cluster = session.cluster();
    let empty = cluster.live_nodes().next().is_none() && cluster.karpenter.pools.is_empty();
    if empty || session.manifest().documents.iter().all(is_scenario) {
        return Err("there is nothing to run on: no Kubernetes object was read".to_owned());
    }
    let errors = session.diagnostics().iter().filter(|d| d.severity == Severity::Error).count();
    if errors > 0 {
        let names: Vec<_> = paths.iter().map(|path| crate::context::shown(path.display().to_string())).collect();
        context.note(&format!(
            "{}: {errors} error{} in the manifests (`wavetank check` shows them)",
            names.join(" "),
            if errors == 1 { "" } else { "s" }
        ));
    }
    Ok(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_as_one_would_write_them() {
        for (given, want) in [("a/b/../shop", "a/shop"), ("./x", "x"), ("a/..", "."), ("../x", "../x"), ("a/./b", "a/b"), ("/a/../b", "/b")]
        {
            assert_eq!(tidy(Path::new(given)), PathBuf::from(want), "{given}");
        }
    }
}
