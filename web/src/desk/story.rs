//! A run and its report as the page shows them.

use std::collections::BTreeMap;

use wavetank_core::cluster::ids::PodId;
use wavetank_core::cluster::node::Node;
use wavetank_core::cluster::{Cluster, Workload};
use wavetank_core::manifest::{self, Diagnostic};
use wavetank_core::report::{self, Report};
use wavetank_core::scenario;
use wavetank_core::session::Run;
use wavetank_core::units::arrange::Arrange;
use wavetank_core::units::gather::Gather;
use wavetank_core::units::text::visible;

use crate::fold::{self, Folded};
use crate::mend;
use crate::names::Names;
use crate::reel::Reel;
use crate::wire::*;

/// Ticks that are sent; more are put together.
const MOST_MARKS: usize = 6_000;

pub(super) fn finding(diagnostic: &Diagnostic) -> Finding {
    let severity = match diagnostic.severity {
        manifest::Severity::Error => Severity::Error,
        manifest::Severity::Warning => Severity::Warning,
        manifest::Severity::Info | manifest::Severity::Hint => Severity::Info,
    };
    let (file, start, end) = diagnostic.span.map_or((NO_FILE, 0, 0), |span| (span.file.0, span.start, span.end));
    Finding {
        id: diagnostic.id.to_string(),
        severity,
        message: diagnostic.message.clone(),
        help: diagnostic.help.clone().unwrap_or_default(),
        file,
        start,
        end,
    }
}

pub(super) fn story(run: &Run, report: &Report, generation: u32) -> (Story, Reel) {
    let end = run.end();
    let zones = used_zones(end);
    let last = report.last_ms.max(0);
    let position: BTreeMap<&str, u32> =
        report.workloads.iter().enumerate().map(|(nth, workload)| (workload.label.as_str(), nth as u32)).gather();
    let pods = || (0..end.pods.len()).map(PodId::from_index);
    // Pods of one template and owner follow each other: a label is looked up once for all of them.
    let mut known: BTreeMap<Workload, u32> = BTreeMap::new();
    let pod_workloads: Vec<u32> = pods()
        .map(|id| {
            let workload = end.workload_of(id);
            *known.entry(workload).or_insert_with(|| position.get(end.workload_label(workload).as_str()).copied().unwrap_or(u32::MAX))
        })
        .collect();
    let mut folded = Folded::of(run, generation, &zones, (&pod_workloads, report.workloads.len()), last);
    let (pools, pool_of) = pools(end);
    let nodes = end.nodes.iter().enumerate().map(|(nth, node)| NodeInfo {
        name: end.text(node.name).to_string(),
        zone: zones.get(node.zone.index()).copied().flatten().unwrap_or_default(),
        cpu_milli: node.allocatable.cpu_milli.max(0) as u64,
        memory_bytes: node.allocatable.memory.max(0) as u64,
        pods: node.allocatable_pods.clamp(0, i64::from(u32::MAX)) as u32,
        pool: pool_of[nth],
        peak_pods: folded.peaks.get(nth).copied().unwrap_or_default(),
    });
    let mut workloads: Vec<WorkloadInfo> = report.workloads.iter().map(|workload| workload_info(workload, report)).collect();
    for (workload, marks) in workloads.iter_mut().zip(std::mem::take(&mut folded.workload_marks)) {
        workload.marks = marks;
    }
    for (id, &nth) in pods().zip(&pod_workloads) {
        if let Some(workload) = workloads.get_mut(nth as usize) {
            workload.priority = end.pod(id).priority;
        }
    }
    let read = &report.read;
    let story = Story {
        // A breath after the last event, so that it is seen; to the end of a second.
        duration_ms: if run.trace().is_empty() { 0 } else { (last + (last / 50).clamp(1_000, 30_000)).div_euclid(1_000) * 1_000 + 1_000 },
        zones: zone_names(end, &zones),
        pools,
        nodes: nodes.collect(),
        workloads,
        zone_curves: folded.zones,
        zone_marks: folded.zone_marks,
        pod_names: Names::of_pods(end),
        pod_workloads,
        pod_born: pods().map(|id| (end.pod(id).created.millis() / 1_000).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32).collect(),
        marks: marks(run, last),
        narrative: report
            .timeline
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.key)
            .map(|(nth, entry)| Line { at_ms: entry.at_ms, text: entry.text.clone(), event: nth as u32 })
            .collect(),
        step_events: step_events(run, report),
        step_places: run.outcome().steps.iter().map(|of| of.span.map(|span| (span.file.0, span.start, span.end))).collect(),
        verdict: report.verdict.text.clone(),
        harmed: report.verdict.harm > report::Harm::ShortBefore,
        expected: report.expectations.iter().map(expected).collect(),
        losses: report.losses.iter().map(loss).collect(),
        assumptions: report.assumptions.iter().map(|of| format!("{}: {} {} – {}", of.subject, of.what, of.value, of.why)).collect(),
        advice: report.proposals.iter().map(advice).collect(),
        not_simulated: read.not_simulated.iter().chain(&read.custom).map(|kind| format!("{} × {}", kind.count, kind.kind)).collect(),
    };
    (story, folded.reel)
}

/// The names of the pools, and the pool of each node: nodes of one instance type, or else of one name without its number.
fn pools(cluster: &Cluster) -> (Vec<String>, Vec<u32>) {
    let key = cluster.text.get("node.kubernetes.io/instance-type");
    let name = |node: &Node| match key.and_then(|key| node.labels.get(key)) {
        Some(label) => cluster.text(label),
        None => cluster.text(node.name).trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-'),
    };
    let mut numbers: BTreeMap<&str, u32> = cluster.nodes.iter().map(|node| (name(node), 0)).gather();
    for (nth, number) in numbers.values_mut().enumerate() {
        *number = nth as u32;
    }
    let of = cluster.nodes.iter().map(|node| numbers.get(name(node)).copied().unwrap_or_default()).collect();
    (numbers.into_keys().map(str::to_string).collect(), of)
}

/// The event of the timeline that each step is.
fn step_events(run: &Run, report: &Report) -> Vec<u32> {
    let event = |of: &scenario::StepOutcome| {
        let scenario::StepState::Done { record, .. } = of.state else { return NO_EVENT };
        let found = report.timeline.iter().position(|entry| entry.records.contains(&record.0));
        found.map_or(NO_EVENT, |nth| nth as u32)
    };
    run.outcome().steps.iter().map(event).collect()
}

pub(super) fn advice(of: &report::Proposal) -> Advice {
    let tried = match of.verified {
        report::Verified::NotRun => Tried::NotRun,
        report::Verified::Holds => Tried::Helps,
        report::Verified::Partly => Tried::HelpsSome,
        report::Verified::Fails => Tried::HelpsNot,
    };
    Advice {
        title: of.title.clone(),
        why: of.why.clone(),
        snippet: of.snippet.clone(),
        tried,
        outcome: of.outcome.clone(),
        writable: mend::writable(&of.snippet),
    }
}

fn loss(of: &report::Loss) -> Loss {
    // The user's own line.
    let at = |place: &report::Place| visible(&format!("{}:{}  {}", place.file, place.line, place.text)).into_owned();
    Loss {
        text: format!("{}: {}", of.workload, of.text),
        chain: of.chain.iter().map(cause).collect(),
        lines: of.decided_by.iter().map(|by| (by.place.as_ref().map(at).unwrap_or_default(), by.text.clone())).collect(),
    }
}

pub(super) fn expected(of: &report::ExpectationOutcome) -> Expected {
    // The user's own words.
    let shown = |text: &str| visible(text).into_owned();
    Expected {
        title: shown(&of.title),
        promise: format!("{}: {}", of.promise, shown(&of.expression)),
        holds: of.holds,
        at_ms: of.at_ms,
        message: shown(&of.message),
        values: of.values.iter().map(|value| shown(value)).collect(),
    }
}

pub(super) fn cause(link: &report::Link) -> Cause {
    Cause { at_ms: link.at_ms, text: link.text.clone() }
}

/// For each zone of the cluster its number among those that have nodes.
fn used_zones(cluster: &Cluster) -> Vec<Option<u32>> {
    let mut used = vec![None; cluster.zones.len()];
    for node in &cluster.nodes {
        if let Some(zone) = used.get_mut(node.zone.index()) {
            *zone = Some(0);
        }
    }
    for (number, zone) in used.iter_mut().filter_map(Option::as_mut).enumerate() {
        *zone = number as u32;
    }
    used
}

fn zone_names(cluster: &Cluster, used: &[Option<u32>]) -> Vec<String> {
    let names: Vec<String> =
        cluster.zones.iter().zip(used).filter(|(_, used)| used.is_some()).map(|(&name, _)| cluster.text(name).to_string()).collect();
    if names.is_empty() { vec![String::new()] } else { names }
}

fn workload_info(of: &report::WorkloadOutcome, report: &Report) -> WorkloadInfo {
    let count = |number: i32| number.max(0) as u32;
    let budget = of.budget.as_ref().and_then(|name| report.budgets.iter().find(|budget| budget.name == *name));
    let kind = of.label.rsplit('/').nth(1).unwrap_or_default();
    WorkloadInfo {
        label: of.label.clone(),
        desired: count(of.desired),
        least_ready: count(of.least),
        last_ready: count(of.serving_after),
        budget: budget.map(|budget| count(budget.needed)),
        below_budget_ms: of.below_budget_ms.unwrap_or_default(),
        below_one_ms: of.none_ms,
        short_ms: of.short_ms,
        curve: of
            .series
            .iter()
            .map(|point| Point { at_ms: point.at_ms, ready: count(point.serving), believed: count(point.ready) })
            .collect(),
        rolls_out: matches!(kind, "deployment" | "statefulset" | "daemonset"),
        ..WorkloadInfo::default()
    }
}

/// Ticks for the timeline; where there are very many, those of a kind that lie close together become one.
fn marks(run: &Run, last_ms: i64) -> Vec<Mark> {
    let all = run.marks();
    let grain = if all.len() > MOST_MARKS { (last_ms / 1_000).max(1) } else { 1 };
    let mut put: BTreeMap<(i64, MarkKind), (i64, u32)> = BTreeMap::new();
    for mark in &all {
        let kind = fold::kind(mark.kind);
        let at_ms = mark.time.millis();
        put.entry((at_ms / grain, kind)).or_insert((at_ms, 0)).1 += mark.count;
    }
    let mut marks: Vec<Mark> = put.into_iter().map(|((_, kind), (at_ms, count))| Mark { at_ms, kind, count }).collect();
    marks.arrange_by_key(|mark| (mark.at_ms, mark.kind));
    marks
}
