//! `bench fuzz`: random clusters, workloads, accidents and verbs, run with all invariants checked. Prints what it finds, each with the seed
//! that shows it again, and a last line with the counts. Ends with 1 if anything was found.

mod extras;
mod pods;
mod steps;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::json;
use wavetank_core::cluster::Cluster;
use wavetank_core::engine::{Ended, cycle};
use wavetank_core::manifest::{Limits, Severity, SourceSet, read};
use wavetank_core::report::Told;
use wavetank_core::scenario;
use wavetank_core::session::{Session, SessionOptions};
use wavetank_core::trace::Trace;

use crate::measure::timed;

/// The most actions of one run: small worlds need a few thousand.
const BUDGET: u64 = 500_000;
/// One world of so many is run twice, to see that it gives the same.
const TWICE: u64 = 20;

/// How many records of a run that was cut short are told.
const LAST: usize = 60;

/// How much.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many worlds.
    #[arg(long, default_value_t = 1_000)]
    scenarios: u64,
    /// The seed of the first.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Print the world of this seed as manifests instead, and what was found in it.
    #[arg(long)]
    show: Option<u64>,
    /// Stop after so many wall seconds.
    #[arg(long)]
    seconds: Option<u64>,
    /// Stop after so many findings.
    #[arg(long, default_value_t = 20)]
    findings: u64,
}

/// What one world gave.
struct Seen {
    /// Whether the run went in circles that are told: what Kubernetes would do too.
    circles: bool,
    found: Vec<(&'static str, String)>,
    events: u64,
    actions: u64,
    digest: String,
}

/// The message of the last panic, with its place.
static PANIC: Mutex<String> = Mutex::new(String::new());

/// Runs the worlds.
pub(crate) fn run(args: &Args) -> ExitCode {
    if let Some(seed) = args.show {
        println!("{}", world::text(seed));
        let seen = guarded(seed);
        seen.found.iter().for_each(|(kind, what)| eprintln!("{kind}: {what}"));
        return if seen.found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let end = args.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let (mut done, mut events, mut actions, mut findings, mut circles) = (0u64, 0u64, 0u64, 0u64, 0u64);
    let mut by_kind = std::collections::BTreeMap::<&'static str, u64>::new();
    let ((), seconds) = timed(|| {
        for seed in args.first..args.first.saturating_add(args.scenarios) {
            if end.is_some_and(|end| Instant::now() >= end) || findings >= args.findings {
                break;
            }
            let mut seen = guarded(seed);
            if seed % TWICE == 0 && seen.found.is_empty() && guarded(seed).digest != seen.digest {
                seen.found.push(("two runs differ", String::new()));
            }
            done += 1;
            circles += u64::from(seen.circles);
            events += seen.events;
            actions += seen.actions;
            if let Some((kind, what)) = seen.found.first() {
                findings += 1;
                *by_kind.entry(kind).or_default() += 1;
                println!("{}", json!({"bench": "fuzz", "seed": seed, "found": kind, "what": what, "more": seen.found.len() - 1}));
            }
        }
    });
    let line = json!({
        "bench": "fuzz", "scenarios": done, "first": args.first, "findings": findings, "by_kind": by_kind, "circles": circles, "events": events,
        "actions": actions, "seconds": seconds, "scenarios_per_second": done as f64 / seconds,
    });
    println!("{line}");
    if findings == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the world of a seed; a panic is a finding like any other.
fn guarded(seed: u64) -> Seen {
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut last) = PANIC.lock() {
            *last = info.to_string();
        }
    }));
    let result = catch_unwind(AssertUnwindSafe(|| one(seed)));
    drop(std::panic::take_hook());
    result.unwrap_or_else(|_| {
        let what = PANIC.lock().map(|last| last.clone()).unwrap_or_default();
        Seen { circles: false, found: vec![("panic", what)], events: 0, actions: 0, digest: String::new() }
    })
}

/// What happened last, for who looks for the circle.
fn last(trace: &Trace, cluster: &Cluster) -> String {
    let told = Told { cluster, trace, steps: &[] };
    let records = &trace.records()[trace.len().saturating_sub(LAST)..];
    let lines: Vec<String> = records.iter().map(|record| format!("{} {}", record.time, told.sentence(record))).collect();
    lines.join(" | ")
}

fn one(seed: u64) -> Seen {
    let manifest = read(SourceSet::single("world.yaml", world::text(seed)), &Limits::default());
    let mut found = Vec::new();
    let (scenarios, told) = scenario::read(&manifest);
    let unread = manifest.diagnostics.iter().chain(&told).find(|d| d.severity == Severity::Error);
    if let Some(diagnostic) = unread {
        found.push(("unreadable", format!("{}: {}", diagnostic.id, diagnostic.message)));
    }
    let options = SessionOptions { seed, check_invariants: true, budget: Some(BUDGET), ..SessionOptions::default() };
    let session = Session::of(manifest, &options);
    let mut circles = false;
    if session.settle_ended() == Ended::BudgetSpent {
        match cycle::told(session.settle_trace(), session.cluster()) {
            Some(_) => circles = true,
            None => found.push(("budget", format!("while settling: {}", last(session.settle_trace(), session.cluster())))),
        }
    }
    let Some(scenario) = scenarios.first() else { return Seen { circles, found, events: 0, actions: 0, digest: String::new() } };
    let run = session.run(scenario);
    found.extend(run.sim().violations().iter().map(|violation| ("violation", violation.to_string())));
    if run.outcome().ended == Ended::BudgetSpent {
        match cycle::told(run.trace(), run.end()) {
            Some(_) => circles = true,
            None => found.push(("budget", format!("at {}: {}", run.outcome().end, last(run.trace(), run.end())))),
        }
    }
    let report = run.report(&session);
    let text = wavetank_core::report::render::json::render(&report);
    Seen {
        circles,
        found,
        events: (run.trace().len() + session.settle_trace().len()) as u64,
        actions: run.outcome().actions,
        digest: format!("{} {}", run.trace().digest(), text.len()),
    }
}
