//! The bank of what-if cases in `tests/scenarios`: each file holds manifests and scenarios with the outcome that real clusters have.
//!
//! A scenario named after its file is the case; others of the file are its parts and twins, in which the failure does not occur. What
//! they change in the manifests stands in their annotations `replace` and `with` (`replace-2` and `with-2`, and so on); the text must be
//! there. Seed 0 is run unless `seeds: "20"` asks for the seeds 1 to 20; `of-seeds: some` asks that it passes with one of them at least, not with
//! all. Cases that cannot be told yet are in `missing.txt` with the reason: they are printed as ignored, and one that has a file as well
//! is a failure.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use wavetank_core::manifest::{Limits, Severity, SourceSet, read};
use wavetank_core::scenario;
use wavetank_core::session::{Session, SessionOptions};

/// The groups of the bank with the number of their cases.
const GROUPS: &[(&str, usize)] = &[("P", 15), ("R", 16), ("D", 11), ("N", 13), ("E", 9), ("A", 15), ("V", 9), ("J", 6), ("Q", 7), ("X", 9)];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Cases that have no file, and why.
fn missing() -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("missing.txt")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(':')).map(|(case, why)| (case.trim().to_owned(), why.trim().to_owned())).collect()
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = missing();
    let mut trials = Vec::new();
    for (group, count) in GROUPS {
        for number in 1..=*count {
            let case = format!("{group}{number}");
            let file = root().join(group).join(format!("{case}.yaml"));
            let why = missing.iter().find(|(missing, _)| *missing == case).map(|(_, why)| why.clone());
            trials.push(match (file.exists(), why) {
                (true, None) => Trial::test(case.clone(), move || run_file(&file, &case)),
                (false, Some(why)) => Trial::ignorable_test(case, move || Ok(Completion::ignored_with(why))),
                (true, Some(_)) => Trial::test(case, || Err("it has a file, and is in missing.txt too".into())),
                (false, None) => Trial::test(case, || Err("it has no file, and missing.txt does not say why".into())),
            });
        }
    }
    // Parts of cases that are missing although the case has a file.
    let numbered = |case: &str| GROUPS.iter().any(|(group, count)| (1..=*count).any(|number| format!("{group}{number}") == case));
    for (part, why) in missing.into_iter().filter(|(case, _)| !numbered(case)) {
        trials.push(Trial::ignorable_test(part, move || Ok(Completion::ignored_with(why))));
    }
    // What the bank has no number for: every file of the other directories.
    for file in others() {
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        trials.push(Trial::test(name.clone(), move || run_file(&file, &name)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The files of directories that are no group of the bank, in order.
fn others() -> Vec<PathBuf> {
    let entries = |dir: &Path| -> Vec<PathBuf> {
        let read = fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
        let mut found: Vec<PathBuf> = read.map(|entry| entry.path()).collect();
        found.sort();
        found
    };
    let is_group = |dir: &Path| GROUPS.iter().any(|(group, _)| dir.ends_with(group));
    let dirs = entries(&root()).into_iter().filter(|dir| dir.is_dir() && !is_group(dir));
    dirs.flat_map(|dir| entries(&dir)).filter(|file| file.extension().is_some_and(|e| e == "yaml")).collect()
}

/// One scenario of a file: its document, the manifests as it wants them, and the seeds to run it with.
struct Part {
    name: String,
    sources: SourceSet,
    seeds: RangeInclusive<u64>,
    one_is_enough: bool,
}

fn run_file(file: &Path, case: &str) -> Result<(), Failed> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    let mut wrong = Vec::new();
    let parts = parts(&text, &file.display().to_string())?;
    if parts.first().is_none_or(|first| first.name != case.to_lowercase()) {
        wrong.push(format!("the first scenario of the file is not called {}", case.to_lowercase()));
    }
    for part in parts {
        let mut failures: Vec<(u64, Vec<String>)> = Vec::new();
        for seed in part.seeds.clone() {
            let found = run(&part.sources, seed);
            if !found.is_empty() {
                failures.push((seed, found));
            }
        }
        let failed =
            if part.one_is_enough { failures.len() as u64 == part.seeds.end() + 1 - part.seeds.start() } else { !failures.is_empty() };
        if failed {
            for (seed, found) in failures.iter().take(2) {
                wrong.push(format!("{} (seed {seed}):\n    {}", part.name, found.join("\n    ")));
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// The scenarios of a file.
fn parts(text: &str, name: &str) -> Result<Vec<Part>, String> {
    let documents: Vec<&str> = text.split("\n---\n").collect();
    let is_scenario = |document: &&&str| document.lines().any(|line| line == "kind: Scenario");
    let manifests: Vec<&str> = documents.iter().filter(|d| !is_scenario(d)).copied().collect();
    let manifests = manifests.join("\n---\n");
    let mut parts = Vec::new();
    for document in documents.iter().filter(is_scenario) {
        let alone = read(SourceSet::single(name, *document), &Limits::default());
        let value = alone.documents.first().map(|d| d.value()).unwrap_or_default();
        let annotation = |key: &str| value.pointer("/metadata/annotations").and_then(|a| a.get(key)).and_then(|v| v.as_str());
        let scenario = value.pointer("/metadata/name").and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        let mut changed = manifests.clone();
        for number in 1..10 {
            let suffix = if number == 1 { String::new() } else { format!("-{number}") };
            let Some(from) = annotation(&format!("replace{suffix}")) else { break };
            let to = annotation(&format!("with{suffix}")).unwrap_or_default();
            if !changed.contains(from) {
                return Err(format!("{scenario}: {from:?} is not in the manifests"));
            }
            changed = changed.replace(from, to);
        }
        parts.push(Part {
            sources: SourceSet::single(name, format!("{changed}\n---\n{document}")),
            seeds: annotation("seeds").and_then(|n| n.parse().ok()).map_or(0..=0, |count: u64| 1..=count.max(1)),
            one_is_enough: annotation("of-seeds") == Some("some"),
            name: scenario,
        });
    }
    Ok(parts)
}

/// What is wrong with a run: nothing where every expectation holds and nothing about the texts is.
fn run(sources: &SourceSet, seed: u64) -> Vec<String> {
    let session = Session::open(sources.clone(), &SessionOptions { seed, ..SessionOptions::default() });
    let (scenarios, told) = scenario::read(session.manifest());
    let errors = session.diagnostics().iter().chain(&told).filter(|d| d.severity == Severity::Error);
    let mut wrong: Vec<String> = errors.map(|d| format!("{}: {}", d.id.0, d.message)).collect();
    let [scenario] = scenarios.as_slice() else {
        wrong.push("no scenario could be read".to_owned());
        return wrong;
    };
    if scenario.expectations.is_empty() {
        wrong.push("nothing is expected".to_owned());
    }
    let run = session.run(scenario);
    wrong.extend(run.outcome().diagnostics.iter().map(|d| format!("{}: {}", d.id.0, d.message)));
    wrong
}
