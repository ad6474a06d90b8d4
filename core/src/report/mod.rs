//! What a run meant, as data and in words: placement, timeline, outcomes, losses with their causes and lines, proposals, the verdict.
//!
//! Data first ([`build`] gives a [`Report`]), then one renderer per format in [`render`]. It decides nothing about the cluster, and runs
//! nothing: where a proposal was not tried, it says so; `session::verify` tries them.

mod amounts;
pub mod annotations;
mod availability;
mod capacity;
pub mod catalog;
pub mod compare;
mod explained;
mod guards;
mod index;
mod input;
mod losses;
mod matrix;
mod measures;
mod model;
mod outcomes;
mod placement;
mod places;
mod proposals;
mod refusals;
mod remedy;
pub mod render;
mod seeds;
mod series;
mod snippets;
mod timeline;
mod told;
mod unfinished;
mod verdict;
pub mod why;

pub(crate) use amounts::{exact_bytes, exact_cpu};
pub use availability::{Availability, availability, set_off};
pub use capacity::{Capacity, PoolAnswer, PoolPart, Room};
pub use explained::{AttemptStory, ChangedNodes, Explained, NodeGroup, Scope, Way};
pub use index::Index;
pub use input::{ReportInput, verb_in_words};
pub use matrix::{NodeVerdict, PodMatrix, matrix};
pub use model::*;
pub use places::{Places, finding, place};
pub use refusals::{Reason, meaning, reasons};
pub(crate) use remedy::node_like;
pub use remedy::{Inapplicable, Remedy};
pub(crate) use seeds::harm_in_words;
pub use seeds::{Asked, SeedOutcome, SeedReport, SeedRun, SeedSubject};
pub use series::{Curve, Series, series, stretches, workloads};
pub(crate) use snippets::scalar;
pub use timeline::timeline;
pub use told::Told;
pub(crate) use told::taint_effect;

use crate::engine::Ended;
use crate::manifest::{Class, Manifest, SourceSet};
use crate::scenario::{Judged, StepOutcome, StepState, Verdict as Judgement};
use crate::units::arrange::Arrange;
use crate::units::time::format_span;

/// The Kubernetes whose rules are applied.
pub const KUBERNETES: &str = "1.37";

/// The report of a run. The same input gives the same report, field by field and byte by byte.
pub fn build(input: &ReportInput<'_>) -> Report {
    let places = Places(input.manifest);
    let none = SourceSet::default();
    let sources = input.manifest.map_or(&none, |manifest| &manifest.sources);
    let labels: Vec<String> = input.outcome.steps.iter().map(|step| verb_in_words(input.end, &step.verb)).collect();
    let told = Told { cluster: input.end, trace: input.trace, steps: &labels };
    let told_before = Told { cluster: input.end, trace: input.settle_trace, steps: &[] };
    let index = Index::new(input.trace, input.end.pods.len());
    let curves = series::series(input.start, input.end, input.trace);
    let outcomes = outcomes::outcomes(input, &told, &curves, &index, places);
    let groups = losses::groups(input, &outcomes, &index);
    let mut losses = losses::losses(input, &told, &groups, &outcomes, &index, places);
    losses.extend(unfinished::held_up(input, &told, &outcomes, &index, places));
    let budgets = outcomes::budgets(input, &told, &curves, places);
    let placement = placement::placement(input.start, &told_before, places);
    let proposals = proposals::proposals(input, &told, &outcomes, &groups, &placement, places);
    // Without a step there is no what-if: then the story is how the cluster came to rest, unless the run begins with nothing.
    let begins = input.start.live_pods().next().is_none() && !input.trace.is_empty();
    let timeline = timeline::timeline(if labels.is_empty() && !begins { &told_before } else { &told });
    let mut timeline = timeline;
    name_victims(&mut timeline, &outcomes);
    let totals = Totals {
        records: input.trace.len(),
        nodes: input.start.live_nodes().count(),
        pods: input.start.live_pods().count(),
        pods_created: outcomes.iter().map(|o| o.told.pods_created).sum(),
        pods_lost: outcomes.iter().map(|o| o.told.pods_lost).sum(),
        evictions_refused: input.trace.records().iter().filter(|r| matches!(r.change, crate::trace::Change::EvictionRefused(..))).count(),
    };
    let rows: Vec<_> = outcomes.iter().map(|outcome| (outcome.workload, &outcome.told)).collect();
    let measures = measures::measures(input, &told, &rows, until_ms(input));
    let mut report = Report {
        schema_version: SCHEMA_VERSION,
        kubernetes: KUBERNETES.to_owned(),
        seed: input.seed,
        ended: match input.outcome.ended {
            Ended::Quiet => RunEnd::Quiet,
            Ended::TimeUp => RunEnd::TimeUp,
            Ended::BudgetSpent => RunEnd::BudgetSpent,
        },
        last_ms: input.trace.records().last().map_or(0, |record| record.time.millis()),
        until_ms: until_ms(input),
        verdict: Verdict { harm: Harm::None, text: String::new() },
        read: input.manifest.map(reading).unwrap_or_default(),
        assumptions: input.assumptions.iter().map(assumption).collect(),
        diagnostics: input.diagnostics.iter().map(|d| finding(sources, d)).collect(),
        steps: steps(input, &labels),
        expectations: expectations(input, &told, places),
        placement,
        timeline,
        workloads: outcomes.into_iter().map(|outcome| outcome.told).collect(),
        budgets,
        losses,
        proposals,
        ties: None,
        seeds: None,
        measures,
        totals,
    };
    report.verdict = verdict::verdict(&report);
    report
}

/// What the run meant for each workload, the worst first: the part of a report that tells how much was lost.
pub fn workload_outcomes(input: &ReportInput<'_>) -> Vec<WorkloadOutcome> {
    let told = Told { cluster: input.end, trace: input.trace, steps: &[] };
    let index = Index::new(input.trace, input.end.pods.len());
    let curves = series::series(input.start, input.end, input.trace);
    outcomes::outcomes(input, &told, &curves, &index, Places(None)).into_iter().map(|outcome| outcome.told).collect()
}

fn assumption(of: &crate::cluster::build::Assumption) -> Assumption {
    Assumption {
        subject: of.subject.clone(),
        what: of.what.clone(),
        value: of.value.clone(),
        why: of.why.clone(),
        change: of.change.clone(),
    }
}

/// Says of machines that die which pods stop serving with them: the API will not know for a while.
fn name_victims(timeline: &mut [Entry], outcomes: &[outcomes::Outcome]) {
    for entry in timeline.iter_mut().filter(|e| e.kind == EntryKind::Fault && e.text.ends_with(timeline::UNNOTICED)) {
        let lost_by = |outcome: &outcomes::Outcome| {
            let told = &outcome.told;
            let at = told.series.iter().position(|p| p.at_ms == entry.at_ms)?;
            let before = at.checked_sub(1).map_or(told.serving_before, |before| told.series[before].serving);
            Some((before - told.series[at].serving, told.label.clone())).filter(|(lost, _)| *lost > 0)
        };
        let mut lost: Vec<(i32, String)> = outcomes.iter().filter_map(lost_by).collect();
        lost.arrange_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let total: i32 = lost.iter().map(|(count, _)| count).sum();
        if total > 0 {
            let one_each = lost.iter().all(|(count, _)| *count == 1);
            let name = |(count, label): &(i32, String)| if one_each { label.clone() } else { format!("{label} {count}") };
            let names: Vec<String> = lost.iter().map(name).collect();
            let told = amounts::counted(total.max(0) as usize, "serving pod");
            let machines = entry.text.strip_suffix(timeline::UNNOTICED).unwrap_or(&entry.text);
            entry.text = format!("{machines} with {told} ({}){}", amounts::listed(&names, 5), timeline::UNNOTICED);
        }
    }
}

/// When watching stopped.
fn until_ms(input: &ReportInput<'_>) -> i64 {
    input.outcome.end.millis()
}

fn steps(input: &ReportInput<'_>, labels: &[String]) -> Vec<Step> {
    let step = |(step, text): (&StepOutcome, &String)| {
        let (at_ms, not_done) = match &step.state {
            StepState::Done { at, .. } => (at.millis(), None),
            StepState::Refused { at, why, .. } => (at.millis(), Some(why.clone())),
            StepState::NotDue => (until_ms(input), Some("the run ended before it was due".to_owned())),
            StepState::Waiting { values } => {
                (until_ms(input), Some(format!("its condition did not come true ({})", amounts::listed(values, 4))))
            }
            StepState::Behind => (until_ms(input), Some("the step before it did not begin".to_owned())),
        };
        Step { at_ms, text: text.clone(), not_done }
    };
    input.outcome.steps.iter().zip(labels).map(step).collect()
}

fn expectations(input: &ReportInput<'_>, told: &Told<'_>, places: Places<'_>) -> Vec<ExpectationOutcome> {
    let one = |of: &Judged| judged(of, told, of.span.and_then(|span| places.of_span(span)));
    input.outcome.expectations.iter().map(one).collect()
}

/// What became of one expectation of a run, in words.
pub fn judged(judged: &Judged, told: &Told<'_>, place: Option<Place>) -> ExpectationOutcome {
    let mut outcome = ExpectationOutcome {
        title: judged.title.clone(),
        promise: judged.promise.name().to_owned(),
        expression: judged.expression.clone(),
        holds: None,
        at_ms: None,
        message: String::new(),
        values: Vec::new(),
        chain: Vec::new(),
        place,
    };
    match &judged.verdict {
        Judgement::Holds { at } => (outcome.holds, outcome.at_ms) = (Some(true), at.map(|at| at.millis())),
        Judgement::Fails(failure) => {
            outcome.holds = Some(false);
            outcome.at_ms = Some(failure.at.millis());
            outcome.message = failure.message.clone();
            outcome.values = failure.values.clone();
            let mut causes = failure.cause.map_or_else(Vec::new, |cause| told.trace.causes(cause));
            causes.reverse();
            outcome.chain = causes.into_iter().filter_map(|id| why::link(told, id)).collect();
        }
        Judgement::Broken(message) => outcome.message = message.clone(),
        Judgement::NotEvaluated => outcome.message = "this build does not evaluate expressions".to_owned(),
    }
    outcome
}

/// A span as people write it.
pub(crate) fn span(ms: i64) -> String {
    // Tenths of a second say nothing in a report once a minute is reached; below, they are kept.
    format_span(ms)
}

/// What was read, by what became of it.
fn reading(manifest: &Manifest) -> Reading {
    let count = |class: Class| {
        let mut kinds: std::collections::BTreeMap<String, KindCount> = std::collections::BTreeMap::new();
        for document in manifest.of_class(class) {
            let kind = match (class, document.api_version.split_once('/')) {
                (Class::Custom, Some((group, _))) => format!("{}.{group}", document.kind),
                _ => document.kind.clone(),
            };
            let entry = kinds.entry(kind.clone()).or_insert_with(|| KindCount { kind, count: 0, names: Vec::new() });
            entry.count += 1;
            if entry.names.len() < MOST_NAMES {
                entry.names.push(document.name.clone());
            }
        }
        kinds.into_values().collect::<Vec<_>>()
    };
    Reading {
        files: manifest.sources.files.len(),
        simulated: count(Class::Simulated),
        not_simulated: count(Class::Known),
        custom: count(Class::Custom),
        own: count(Class::Own),
        rejected: manifest.of_class(Class::Rejected).count(),
    }
}
