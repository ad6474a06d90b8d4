//! What a run meant for each workload and each budget: measures over their curves.

use std::collections::BTreeMap;

use super::index::Index;
use super::input::ReportInput;
use super::model::{BudgetOutcome, Harm, Place, Point, Spread, WorkloadOutcome};
use super::placement::{last_refusals, spreads};
use super::places::Places;
use super::refusals;
use super::series::{Curve, Series, stretches};
use super::told::Told;
use super::{unfinished, until_ms};
use crate::cluster::Cluster;
use crate::cluster::ids::{BudgetId, PodId};
use crate::cluster::pod::Phase;
use crate::cluster::state::Workload;
use crate::cluster::workloads::{BudgetRule, IntOrPercent};
use crate::trace::{Change, Subject, TextId};

/// A workload's outcome with what names it in the cluster.
pub(super) struct Outcome {
    /// The workload.
    pub(super) workload: Workload,
    /// What the run meant for it.
    pub(super) told: WorkloadOutcome,
}

/// Outcomes of all workloads that had or wanted pods, the worst first.
pub(super) fn outcomes(input: &ReportInput<'_>, told: &Told<'_>, series: &Series, index: &Index, places: Places<'_>) -> Vec<Outcome> {
    let (mut before, mut after) = (spreads(input.start), spreads(input.end));
    let made = pods_by_workload(input);
    let budgets = budgets_of(input.end, series);
    let begun = unfinished::rolled_out(input);
    let waiting = Waiting { late: last_refusals(input.trace), early: last_refusals(input.settle_trace), pods: pods_of(input.end) };
    let mut all: Vec<Outcome> = Vec::new();
    for (workload, curve) in &series.workloads {
        let (before, after) = (before.remove(workload).unwrap_or_default(), after.remove(workload).unwrap_or_default());
        let (pods_created, pods_lost) = made.get(workload).copied().unwrap_or_default();
        let budget = budgets.get(workload);
        let mut outcome = WorkloadOutcome {
            label: told.workload(*workload),
            place: place_of(input.end, *workload, places),
            pods_created,
            pods_lost,
            before,
            after,
            completions: completions(input.end, *workload),
            completed_at_ms: completed_at(input.end, *workload),
            unfinished: unfinished::unfinished(input, *workload, &begun),
            budget: budget.map(|&id| told.budget(id)),
            ..measure(curve, until_ms(input))
        };
        outcome.below_budget_ms = budget.and_then(|id| series.budgets.get(id.index())).map(|(_, curve)| below(curve, until_ms(input)));
        if outcome.unfinished.is_some() {
            outcome.harm = outcome.harm.max(Harm::Stuck);
        }
        if matches!(outcome.harm, Harm::Down | Harm::Short | Harm::ShortBefore | Harm::Stuck) {
            outcome.not_recovered_because = why_not_back(input, told, *workload, &waiting, index);
        }
        let empty = outcome.desired == 0 && outcome.series.iter().all(|p| p.desired == 0 && p.ready == 0);
        if !empty || outcome.completions.is_some() || pods_created > 0 {
            all.push(Outcome { workload: *workload, told: outcome });
        }
    }
    all.sort_by_cached_key(|o| {
        (std::cmp::Reverse(o.told.harm), std::cmp::Reverse(o.told.none_ms), std::cmp::Reverse(o.told.short_ms), o.told.label.clone())
    });
    all
}

fn below(curve: &Curve, until_ms: i64) -> i64 {
    stretches(&curve.points, until_ms).filter(|(point, _)| point.serving < point.desired).map(|(_, span)| span).sum()
}

/// The measures that need nothing but the curve.
fn measure(curve: &Curve, until_ms: i64) -> WorkloadOutcome {
    let (before, points) = (curve.before, &curve.points);
    let least = points.iter().copied().min_by_key(|p| (p.serving, p.at_ms)).unwrap_or(before);
    let sum = |wanted: fn(&Point) -> bool| -> i64 { stretches(points, until_ms).filter(|(p, _)| wanted(p)).map(|(_, span)| span).sum() };
    let none_ms = sum(|p| p.desired > 0 && p.serving == 0);
    let short_ms = sum(|p| p.serving < p.desired);
    let last = points.last().copied().unwrap_or(before);
    let was_short = before.serving < before.desired;
    let is_short = last.serving < last.desired;
    let worse = points.iter().any(|p| p.desired - p.serving > (before.desired - before.serving).max(0));
    let harm = match () {
        () if was_short && !worse => Harm::ShortBefore,
        () if is_short && last.serving == 0 => Harm::Down,
        () if none_ms > 0 && before.serving > 0 => Harm::Outage,
        () if is_short => Harm::Short,
        () if short_ms > 0 => Harm::Dipped,
        () => Harm::None,
    };
    let back = points.iter().rposition(|p| p.serving < p.desired).and_then(|last_short| points.get(last_short + 1)).map(|p| p.at_ms);
    WorkloadOutcome {
        label: String::new(),
        place: None,
        harm,
        desired: before.desired,
        serving_before: before.serving,
        serving_after: last.serving,
        least: least.serving.min(before.serving),
        least_at_ms: least.at_ms,
        none_ms,
        short_ms,
        below_budget_ms: None,
        budget: None,
        recovered_at_ms: back.filter(|_| !is_short),
        not_recovered_because: None,
        pods_created: 0,
        pods_lost: 0,
        before: Spread::default(),
        after: Spread::default(),
        completions: None,
        completed_at_ms: None,
        unfinished: None,
        series: points.clone(),
    }
}

/// The line that names the workload.
pub(super) fn place_of(cluster: &Cluster, workload: Workload, places: Places<'_>) -> Option<Place> {
    let origin = match workload {
        Workload::Pod(id) => cluster.template_of(id).origin,
        other => cluster.workload_meta(other).and_then(|meta| meta.origin),
    };
    places.of_document(origin?.document)
}

fn completions(cluster: &Cluster, workload: Workload) -> Option<(i32, i32)> {
    let Workload::Job(id) = workload else { return None };
    let job = cluster.jobs.get(id.index())?;
    Some((job.completions.unwrap_or(job.parallelism), job.status.succeeded))
}

/// When a Job was complete.
fn completed_at(cluster: &Cluster, workload: Workload) -> Option<i64> {
    let Workload::Job(id) = workload else { return None };
    cluster.jobs.get(id.index())?.status.completion.map(|at| at.millis())
}

/// Pods made and lost after the first step.
fn pods_by_workload(input: &ReportInput<'_>) -> BTreeMap<Workload, (usize, usize)> {
    let mut counts: BTreeMap<Workload, (usize, usize)> = BTreeMap::new();
    let mut leaving = vec![false; input.end.pods.len()];
    for record in input.trace.records() {
        let Subject::Pod(pod) = record.subject else { continue };
        let Some(gone) = leaving.get_mut(pod.index()) else { continue };
        match record.change {
            Change::PodCreated => counts.entry(input.end.workload_of(pod)).or_default().0 += 1,
            Change::PodDeleting(_) | Change::PodFailed(..) if !std::mem::replace(gone, true) => {
                counts.entry(input.end.workload_of(pod)).or_default().1 += 1;
            }
            _ => {}
        }
    }
    counts
}

/// The budget that covers a workload's pods: the first where there are several (then no eviction is possible at all).
fn budgets_of(cluster: &Cluster, series: &Series) -> BTreeMap<Workload, BudgetId> {
    let mut found = BTreeMap::new();
    for (workload, _) in &series.workloads {
        let template = match workload {
            Workload::Deployment(id) => cluster.deployments.get(id.index()).map(|d| d.template),
            Workload::ReplicaSet(id) => cluster.replica_sets.get(id.index()).map(|r| r.template),
            Workload::StatefulSet(id) => cluster.stateful_sets.get(id.index()).map(|s| s.template),
            Workload::DaemonSet(id) => cluster.daemon_sets.get(id.index()).map(|d| d.template),
            Workload::Job(_) => None,
            Workload::Pod(id) => cluster.pods.get(id.index()).map(|p| p.template),
        };
        let Some(template) = template.and_then(|id| cluster.templates.get(id.index())) else { continue };
        let covers = |budget: &crate::cluster::workloads::Budget| {
            budget.meta.namespace == template.namespace && budget.selector.matches(&template.labels, &cluster.text)
        };
        if let Some(budget) = cluster.budgets.iter().position(covers) {
            found.insert(*workload, BudgetId::from_index(budget));
        }
    }
    found
}

/// What the scheduler last said of each pod, in the run and before it, and the pods of each workload at the end.
struct Waiting {
    late: BTreeMap<PodId, TextId>,
    early: BTreeMap<PodId, TextId>,
    pods: BTreeMap<Workload, Vec<PodId>>,
}

fn pods_of(cluster: &Cluster) -> BTreeMap<Workload, Vec<PodId>> {
    let mut pods: BTreeMap<Workload, Vec<PodId>> = BTreeMap::new();
    for (id, _) in cluster.live_pods() {
        pods.entry(cluster.workload_of(id)).or_default().push(id);
    }
    pods
}

/// Why a workload is short at the end: the last refusal of a pod of it that waits, or what else keeps its pods from serving.
fn why_not_back(input: &ReportInput<'_>, told: &Told<'_>, workload: Workload, known: &Waiting, index: &Index) -> Option<String> {
    let mut waiting = Vec::new();
    let (mut stuck, mut unready, mut failed) = (None, None, None);
    for &id in known.pods.get(&workload).into_iter().flatten() {
        let pod = input.end.pod(id);
        let machine_dead = pod.node.is_some_and(|node| !input.end.node(node).kubelet_alive);
        match pod.phase {
            _ if pod.deletion.is_some() && machine_dead => stuck = stuck.or(Some(id)),
            _ if pod.is_unscheduled() => waiting.push(id),
            Phase::Failed => failed = Some(id),
            Phase::Running | Phase::Pending if machine_dead => unready = unready.or(Some((id, true))),
            Phase::Running | Phase::Pending if !pod.ready => unready = unready.or(Some((id, false))),
            _ => {}
        }
    }
    if let Some(&first) = waiting.first() {
        let late = known.late.get(&first).map(|&text| told.trace.text(text));
        let early = || known.early.get(&first).map(|&text| input.settle_trace.text(text));
        let message = late.or_else(early).unwrap_or_default();
        let count = super::amounts::counted(waiting.len(), "pod");
        let verb = if waiting.len() == 1 { "finds" } else { "find" };
        return Some(format!("{count} {verb} no node: {}", refusals::meaning(message)));
    }
    if let Some(id) = stuck {
        let node = input.end.pod(id).node.map_or("", |node| told.node(node));
        return Some(match workload {
            Workload::StatefulSet(_) => format!(
                "{} is being deleted, but only the kubelet of {node} could say that it has stopped, and that machine is dead; \
                 a StatefulSet never runs two pods of one name, so nothing replaces it",
                told.pod(id)
            ),
            _ => format!("{} is being deleted on {node}, whose machine is dead", told.pod(id)),
        });
    }
    if let Some((id, dead)) = unready {
        let node = input.end.pod(id).node.map_or("", |node| told.node(node));
        let never_evicted = index.of_pod(id).is_empty() || dead;
        return Some(match (dead, never_evicted) {
            (true, _) => format!("{} is still bound to {node}, whose machine is dead, and was not evicted", told.pod(id)),
            (false, _) if node.is_empty() => format!("{} is not ready", told.pod(id)),
            (false, _) => format!("{} on {node} does not get ready", told.pod(id)),
        });
    }
    if let Some(id) = failed {
        return Some(format!("{} failed and is not made again", told.pod(id)));
    }
    match workload {
        Workload::Pod(_) => Some("no controller makes it again".to_owned()),
        _ => None,
    }
}

/// Outcomes of all budgets.
pub(super) fn budgets(input: &ReportInput<'_>, told: &Told<'_>, series: &Series, places: Places<'_>) -> Vec<BudgetOutcome> {
    let mut refused = vec![0usize; input.end.budgets.len()];
    for record in input.trace.records() {
        let (Subject::Pod(pod), Change::EvictionRefused(..)) = (record.subject, record.change) else { continue };
        let template = input.end.template_of(pod);
        for (count, budget) in refused.iter_mut().zip(&input.end.budgets) {
            if budget.meta.namespace == template.namespace && budget.selector.matches(&template.labels, &input.end.text) {
                *count += 1;
            }
        }
    }
    let one = |(id, curve): &(BudgetId, Curve)| {
        let budget = input.start.budgets.get(id.index())?;
        let (name, value) = match budget.rule {
            BudgetRule::MinAvailable(value) => ("minAvailable", value),
            BudgetRule::MaxUnavailable(value) => ("maxUnavailable", value),
        };
        let value = match value {
            IntOrPercent::Int(n) => n.to_string(),
            IntOrPercent::Percent(p) => format!("{p}%"),
        };
        Some(BudgetOutcome {
            name: told.budget(*id),
            place: budget.meta.origin.and_then(|origin| places.in_document(Some(origin), &format!("/spec/{name}"))),
            rule: format!("{name}: {value}"),
            pods: budget.status.expected_pods,
            needed: budget.status.desired_healthy,
            allowed_before: budget.status.disruptions_allowed,
            refused: refused.get(id.index()).copied().unwrap_or_default(),
            below_ms: below(curve, until_ms(input)),
            below_at_end: curve.points.last().is_some_and(|point| point.serving < point.desired),
        })
    };
    series.budgets.iter().filter_map(one).collect()
}
