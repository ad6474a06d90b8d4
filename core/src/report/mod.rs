//! What a run meant, as data and in words: placement, timeline, outcomes, losses with their causes and lines, proposals, the verdict.
//!
//! Data first ([`build`] gives a [`Report`]), then one renderer per format in [`render`]. It decides nothing about the cluster, and runs
//! nothing: where a proposal was not tried, it says so.

mod amounts;
mod index;
mod input;
mod losses;
mod model;
mod outcomes;
mod placement;
mod places;
mod proposals;
mod refusals;
pub mod render;
mod series;
mod snippets;
mod timeline;
mod told;
mod verdict;
pub mod why;

pub use index::Index;
pub use input::{ReportInput, StepLabel};
pub use model::*;
pub use places::Places;
pub use refusals::{Reason, meaning, reasons};
pub use series::{Curve, Series, series, stretches, workloads};
pub use timeline::timeline;
pub use told::Told;

use crate::engine::Ended;
use crate::manifest::{Class, Manifest};
use crate::trace::Subject;
use crate::units::time::format_span;

/// The Kubernetes whose rules are applied.
pub const KUBERNETES: &str = "1.37";

/// The report of a run. The same input gives the same report, field by field and byte by byte.
pub fn build(input: &ReportInput<'_>) -> Report {
    let places = Places(input.manifest);
    let told = Told { cluster: input.end, trace: input.trace, steps: input.steps };
    let told_before = Told { cluster: input.end, trace: input.settle_trace, steps: &[] };
    let index = Index::new(input.trace, input.end.pods.len());
    let curves = series::series(input.settled, input.end, input.trace);
    let outcomes = outcomes::outcomes(input, &told, &curves, &index, places);
    let groups = losses::groups(input, &outcomes, &index);
    let losses = losses::losses(input, &told, &groups, &outcomes, &index, places);
    let budgets = outcomes::budgets(input, &told, &curves, places);
    let placement = placement::placement(input.settled, &told_before, places);
    let proposals = proposals::proposals(input, &told, &outcomes, &groups, &placement, places);
    // Without a step there is no what-if: then the story is how the cluster came to rest.
    let timeline = if input.steps.is_empty() { timeline::timeline(&told_before) } else { timeline::timeline(&told) };
    let totals = Totals {
        records: input.trace.len(),
        nodes: input.settled.live_nodes().count(),
        pods: input.settled.live_pods().count(),
        pods_created: outcomes.iter().map(|o| o.told.pods_created).sum(),
        pods_lost: outcomes.iter().map(|o| o.told.pods_lost).sum(),
        evictions_refused: input.trace.records().iter().filter(|r| matches!(r.change, crate::trace::Change::EvictionRefused(..))).count(),
    };
    let mut report = Report {
        schema_version: SCHEMA_VERSION,
        kubernetes: KUBERNETES.to_owned(),
        seed: input.seed,
        ended: match input.ended {
            Ended::Quiet => RunEnd::Quiet,
            Ended::TimeUp => RunEnd::TimeUp,
            Ended::BudgetSpent => RunEnd::BudgetSpent,
        },
        last_ms: input.trace.records().last().map_or(0, |record| record.time.millis()),
        until_ms: input.until.millis(),
        verdict: Verdict { harm: Harm::None, text: String::new() },
        read: input.manifest.map(reading).unwrap_or_default(),
        assumptions: input.assumptions.iter().map(assumption).collect(),
        diagnostics: input.diagnostics.iter().map(|d| places.finding(d)).collect(),
        steps: steps(input),
        placement,
        timeline,
        workloads: outcomes.into_iter().map(|outcome| outcome.told).collect(),
        budgets,
        losses,
        proposals,
        totals,
    };
    report.verdict = verdict::verdict(&report);
    report
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

/// The steps that began, when they began; those that did not, when they were due.
fn steps(input: &ReportInput<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = input.steps.iter().map(|step| Step { at_ms: step.at.millis(), text: step.text.clone() }).collect();
    for record in input.trace.records() {
        if let (Subject::Step(at), crate::trace::Change::StepBegins) = (record.subject, record.change)
            && let Some(step) = steps.get_mut(at as usize)
        {
            step.at_ms = record.time.millis();
        }
    }
    steps
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
