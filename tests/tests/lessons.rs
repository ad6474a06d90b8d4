//! Every lesson is played: it comes to its last step, its predictions have an answer among their choices, it fails its goal before its repair and
//! meets it after. `cargo test --test lessons -- --nocapture` prints what is told.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use wavetank_core::manifest::{self, Limits, Severity, SourceSet};
use wavetank_core::scenario::{self, Scenario};
use wavetank_core::session::lesson::{Goal, Lesson, Taught};
use wavetank_core::session::{Session, SessionOptions};

/// Other choices of what Kubernetes leaves open: a lesson must hold for each.
const SEEDS: [u64; 4] = [0, 1, 7, 42];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../static/lessons")
}

fn lessons() -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> = fs::read_dir(root()).expect("lessons").filter_map(|entry| Some(entry.ok()?.path())).collect();
    dirs.retain(|dir| dir.is_dir());
    dirs.sort();
    dirs
}

/// The files of a directory, by name.
fn files(dir: &Path) -> BTreeMap<String, String> {
    let read = |path: PathBuf| Some((path.file_name()?.to_str()?.to_owned(), fs::read_to_string(&path).ok()?));
    fs::read_dir(dir).into_iter().flatten().filter_map(|entry| read(entry.ok()?.path())).collect()
}

fn sources(files: &BTreeMap<String, String>) -> SourceSet {
    let mut sources = SourceSet::default();
    for (name, text) in files {
        sources.add(name.as_str(), text.as_str());
    }
    sources
}

fn taught(lesson: &Lesson, files: &BTreeMap<String, String>, seed: u64) -> Taught {
    let session = Session::open(sources(files), &SessionOptions { seed, ..SessionOptions::default() });
    let errors: Vec<String> =
        session.diagnostics().iter().filter(|of| of.severity == Severity::Error).map(|of| of.message.clone()).collect();
    assert_eq!(errors, [""; 0], "the manifests are in order");
    let own = scenario::read(session.manifest()).0.into_iter().next().expect("a scenario");
    session.teach(&Scenario { seed, ..own }, lesson).1
}

fn name(dir: &Path) -> String {
    dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn lesson(dir: &Path) -> (Lesson, BTreeMap<String, String>) {
    let start = files(&dir.join("start"));
    let document = fs::read_to_string(dir.join("lesson.yaml")).expect("a lesson.yaml");
    let manifest = manifest::read(sources(&start), &Limits::default());
    (Lesson::read(&document, &manifest).unwrap_or_else(|error| panic!("{}: {error}", name(dir))), start)
}

/// Problems of one lesson with one seed.
fn problems(dir: &Path, seed: u64) -> Vec<String> {
    let (lesson, start) = lesson(dir);
    let mut wrong = Vec::new();
    let told = taught(&lesson, &start, seed);
    let mut last = 0;
    for (nth, beat) in told.beats.iter().enumerate() {
        println!(
            "  {:>8} {}{}",
            beat.at_ms.map_or("never".to_owned(), |ms| format!("{ms} ms")),
            if beat.repair { "[repair] " } else { "" },
            beat.say
        );
        match beat.at_ms {
            None => wrong.push(format!("step {nth} never comes")),
            Some(at) if at < last => wrong.push(format!("step {nth} comes before the one before it")),
            Some(at) => last = at,
        }
        // An expression without a value is told as a question mark.
        if beat.say.contains(['{', '}', '?']) {
            wrong.push(format!("step {nth} has an expression without a value: {}", beat.say));
        }
        if let Some(asked) = &beat.ask {
            println!("           ? {} {:?} right: {:?}", asked.text, asked.choices, asked.right);
            if asked.choices.len() < 2 || asked.right.is_none() {
                wrong.push(format!("step {nth}: no choice came true"));
            }
        }
        if let Some(("file", file)) = beat.highlight.split_once('/')
            && !start.contains_key(file)
        {
            wrong.push(format!("step {nth}: there is no {file}"));
        }
    }
    println!("           goals {:?}", told.goals);
    if !told.beats.last().is_some_and(|beat| beat.repair) || told.beats.iter().filter(|beat| beat.ask.is_some()).count() == 0 {
        wrong.push("no prediction, or no repair at its end".to_owned());
    }
    if told.goal != Goal::NotMet {
        wrong.push(format!("the goal is {:?} before the repair", told.goal));
    }
    let mut repaired = start.clone();
    let repair = files(&dir.join("repair"));
    assert!(!repair.is_empty(), "{}: no repair", name(dir));
    repaired.extend(repair);
    let told = taught(&lesson, &repaired, seed);
    println!("  repaired: {:?}", told.goals);
    if told.goal != Goal::Met {
        wrong.push(format!("the goal is {:?} after the repair: {:?}", told.goal, told.goals));
    }
    wrong
}

#[test]
fn every_lesson_is_played_to_its_end_and_repaired() {
    let mut wrong = Vec::new();
    for dir in lessons() {
        for seed in SEEDS {
            println!("{} seed {seed}", name(&dir));
            wrong.extend(problems(&dir, seed).into_iter().map(|problem| format!("{} (seed {seed}): {problem}", name(&dir))));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_subjects_are_all_there() {
    let names: Vec<String> = lessons().iter().map(|dir| name(dir)).collect();
    assert!(names.len() >= 12, "{names:?}");
    for (nth, name) in names.iter().enumerate() {
        assert!(name.starts_with(&format!("{:02}-", nth + 1)), "{name}: numbered in order");
    }
}

/// A goal is no goal where what the lesson does is left out.
#[test]
fn a_run_without_the_lessons_steps_proves_nothing() {
    let dir = lessons().into_iter().next().expect("a lesson");
    let (lesson, start) = lesson(&dir);
    let session = Session::open(sources(&start), &SessionOptions::default());
    let told = session.teach(&Scenario::of_steps("nothing", Vec::new()), &lesson).1;
    assert!(!lesson.verbs.is_empty() && told.goal == Goal::Evaded);
}

#[test]
fn a_lesson_that_is_written_wrong_says_so() {
    let manifest = manifest::read(SourceSet::default(), &Limits::default());
    for (text, said) in [
        ("", "no document"),
        ("a: [", ""),
        ("apiVersion: v\nkind: Lesson\nmetadata: {}\nspec: {title: t, promise: p, steps: [], goal: [], done: d, extra: 1}", "extra"),
        (
            "apiVersion: v\nkind: Lesson\nmetadata: {}\nspec: {title: t, promise: p, steps: [{at: 1s, after: 2s, say: x}], goal: [], done: d}",
            "one of",
        ),
        ("apiVersion: v\nkind: Lesson\nmetadata: {}\nspec: {title: t, promise: p, steps: [], goal: [], done: d}", "no scenario"),
    ] {
        let error = Lesson::read(text, &manifest).expect_err(text);
        assert!(error.contains(said), "{text}: {error}");
    }
}
