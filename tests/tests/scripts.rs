//! Steps written into scenarios: every Scenario of this project takes steps and gives them back, and nothing else of it changes.

use std::fs;
use std::path::{Path, PathBuf};

use wavetank_core::manifest::{Limits, Severity, SourceSet, read};
use wavetank_core::scenario::{self, Expectation, Scenario, When};
use wavetank_core::session::scene::{Step, Verb};
use wavetank_core::session::script;
use wavetank_core::units::rng::Chance;

const ROUNDS: usize = 25;

fn documents(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "node_modules" && name != "test-results") {
            documents(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            found.push(path);
        }
    }
}

/// The first scenario of a text, and how many errors there are in it.
fn first(text: &str) -> Option<(Scenario, usize)> {
    let (scenarios, told) = scenario::read(&read(SourceSet::single("s.yaml", text), &Limits::default()));
    let errors = told.iter().filter(|of| of.severity == Severity::Error).count();
    scenarios.into_iter().next().filter(|of| of.document.is_some()).map(|of| (of, errors))
}

fn said(of: &[Expectation]) -> Vec<(String, String)> {
    of.iter().map(|of| (of.promise.name().to_owned(), of.expression.clone())).collect()
}

/// The steps with one more, or one less.
fn changed(known: &[Step], chance: &mut Chance) -> Vec<Step> {
    let mut wanted = known.to_vec();
    let last = known.iter().map(|step| step.at_ms).max().unwrap_or_default();
    if !known.is_empty() && chance.below(3) == 0 {
        wanted.remove(chance.below(known.len() as u64) as usize);
        return wanted;
    }
    let at_ms = chance.below(last as u64 / 1_000 + 600) as i64 * 1_000;
    let (verb, target) = match chance.below(3) {
        0 => (Verb::FailZone, "zone-b"),
        1 => (Verb::Drain, "node-1"),
        _ => (Verb::Other, "scale: {workload: deployment/web, replicas: 4}"),
    };
    let place = wanted.partition_point(|step| step.at_ms <= at_ms);
    wanted.insert(place, Step { at_ms, verb, target: target.to_owned() });
    wanted
}

#[test]
fn every_scenario_takes_steps_and_gives_them_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut paths = Vec::new();
    documents(&root.join("static"), &mut paths);
    documents(&root.join("tests"), &mut paths);
    paths.sort();
    let (mut scenarios, mut written) = (0, 0);
    for path in paths {
        let mut text = fs::read_to_string(&path).unwrap();
        let Some((mut now, errors)) = first(&text) else { continue };
        // What has no order of its own, or is not read whole, is for other tests.
        let known = script::planned(&now);
        if errors > 0 || !known.is_sorted_by_key(|step| step.at_ms) {
            continue;
        }
        scenarios += 1;
        let comments: Vec<String> = text.lines().filter(|line| line.trim_start().starts_with('#')).map(str::to_owned).collect();
        let mut chance = Chance::new(scenarios, "scripts");
        for _ in 0..ROUNDS {
            let known = script::planned(&now);
            let wanted = changed(&known, &mut chance);
            let manifest = read(SourceSet::single("s.yaml", text.as_str()), &Limits::default());
            let (_, new) = script::write(&manifest, &known, &wanted).unwrap_or_else(|why| panic!("{}: {why}\n{text}", path.display()));
            let (after, errors) = first(&new).expect("it is still a Scenario");
            let context = || format!("{}:\n{text}\n→\n{new}", path.display());
            assert_eq!(errors, 0, "{}", context());
            if after.steps.iter().all(|step| !matches!(step.when, When::Condition(_))) {
                assert_eq!(script::planned(&after), wanted, "{}", context());
            }
            assert_eq!(said(&after.expectations), said(&now.expectations), "{}", context());
            assert!(comments.iter().all(|comment| new.contains(comment.as_str())), "{}", context());
            assert_eq!(script::write(&manifest, &known, &known).unwrap().1, text, "nothing to write changes nothing");
            (text, now) = (new, after);
            written += 1;
        }
    }
    assert!(scenarios > 100 && written == scenarios as usize * ROUNDS, "{scenarios} scenarios");
}
