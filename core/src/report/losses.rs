//! How pods were lost: the chain from the first cause to what became of the replacement, and the lines of the manifest that decided it.

use std::collections::BTreeMap;

use super::amounts::{bytes, counted};
use super::index::Index;
use super::input::ReportInput;
use super::model::{Decision, Harm, Link, Loss, MOST_NAMES, WorkloadOutcome};
use super::outcomes::Outcome;
use super::places::Places;
use super::refusals;
use super::told::{Short, Told, delete_reason, evictor, unready_reason};
use crate::cluster::ids::PodId;
use crate::cluster::origin::Origin;
use crate::cluster::state::Workload;
use crate::cluster::template::{PodTemplate, TaintEffect, Toleration};
use crate::trace::{Change, DeleteReason, RecordId, Subject, UnreadyReason};
use crate::units::gather::Gather;
use crate::units::intern::Sym;

/// What ended a pod's service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// Its deletion.
    Deleted(DeleteReason),
    /// It failed, for this reason.
    Failed(Sym),
    /// Its kubelet evicted it for want of something.
    Short(Short),
    /// It stopped being ready and was not deleted.
    Unready(UnreadyReason),
    /// Its machine died, and Kubernetes did nothing about it.
    Machine,
}

/// What came after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// Nothing came instead.
    NotReplaced,
    /// A replacement waits for a node.
    Waits,
    /// A replacement was placed and is not ready.
    Starts,
    /// A replacement is ready, or the pod itself is again.
    Back,
}

/// A lost pod.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    /// The pod.
    pub(super) pod: PodId,
    /// The record that ended its service for good, or its machine's death.
    pub(super) record: RecordId,
    /// How.
    pub(super) end: End,
    /// What came after.
    pub(super) fate: Fate,
    /// The pod that came instead.
    pub(super) replacement: Option<PodId>,
}

/// Pods of one workload that ended the same way.
pub(super) struct LossGroup {
    /// The workload.
    pub(super) workload: Workload,
    /// How.
    pub(super) end: End,
    /// What came after.
    pub(super) fate: Fate,
    /// The pods.
    pub(super) lost: Vec<Lost>,
}

/// All losses of workloads that were harmed, by workload in the order of `outcomes`.
pub(super) fn groups(input: &ReportInput<'_>, outcomes: &[Outcome], index: &Index) -> Vec<LossGroup> {
    let rank: BTreeMap<Workload, (usize, Harm)> = outcomes.iter().enumerate().map(|(i, o)| (o.workload, (i, o.told.harm))).gather();
    let mut groups: BTreeMap<(usize, End, Fate), LossGroup> = BTreeMap::new();
    for i in 0..input.end.pods.len() {
        let pod = PodId::from_index(i);
        let workload = input.end.workload_of(pod);
        let Some(&(rank, harm)) = rank.get(&workload) else { continue };
        if harm == Harm::None {
            continue;
        }
        let served = input.start.pods.get(i).is_some_and(|pod| pod.ready && !pod.gone);
        let Some(lost) = lost(input, pod, served, index) else { continue };
        let planned = matches!(lost.end, End::Deleted(DeleteReason::ScaleDown | DeleteReason::Replace));
        if planned && (harm < Harm::Outage || is_scaled_away(input, lost.record)) {
            continue;
        }
        let group = groups.entry((rank, lost.end, lost.fate));
        group.or_insert_with(|| LossGroup { workload, end: lost.end, fate: lost.fate, lost: Vec::new() }).lost.push(lost);
    }
    groups.into_values().collect()
}

/// Whether a pod went because its workload was made smaller: nobody misses it.
fn is_scaled_away(input: &ReportInput<'_>, deletion: RecordId) -> bool {
    let mut causes = input.trace.causes(deletion).into_iter().filter_map(|id| input.trace.record(id));
    causes.any(|record| matches!(record.change, Change::Scaled(from, to) if to < from))
}

/// How a pod that served stopped serving; none if it still serves or never did.
fn lost(input: &ReportInput<'_>, pod: PodId, served_before: bool, index: &Index) -> Option<Lost> {
    let mut served = served_before;
    let mut found: Option<(RecordId, End)> = None;
    for &id in index.of_pod(pod) {
        let Some(record) = input.trace.record(id) else { continue };
        match record.change {
            Change::PodReady => {
                served = true;
                found = None;
            }
            Change::PodUnready(reason) if served && found.is_none() => found = Some((id, End::Unready(reason))),
            // The end of a pod that is being deleted is the deletion's doing.
            Change::PodFailed(reason, message) if served && !matches!(found, Some((_, End::Deleted(_)))) => {
                let short = (input.end.text(reason) == "Evicted").then(|| Short::of(input.trace.text(message))).flatten();
                found = Some((id, short.map_or(End::Failed(reason), End::Short)))
            }
            Change::PodDeleting(reason) if served && !matches!(found, Some((_, End::Failed(_) | End::Short(_)))) => {
                found = Some((id, End::Deleted(reason)))
            }
            _ => {}
        }
    }
    if found.is_none() && served {
        // Ready to the API, but its machine is dead at the end.
        let node = input.end.pod(pod).node.filter(|&node| !input.end.node(node).kubelet_alive && !input.end.pod(pod).gone)?;
        let failed = |id: &&RecordId| input.trace.record(**id).is_some_and(|record| record.change == Change::NodeFailed);
        let died = *index.of_node(node).iter().rev().find(failed)?;
        found = Some((died, End::Machine));
    }
    let (record, end) = found?;
    let replacement = replacement(input, record, pod, index);
    let fate = match replacement.map(|new| input.end.pod(new)) {
        Some(new) if new.ready => Fate::Back,
        Some(new) if new.node.is_some() && !new.gone => Fate::Starts,
        Some(new) if new.gone => Fate::Back,
        Some(_) => Fate::Waits,
        None => Fate::NotReplaced,
    };
    Some(Lost { pod, record, end, fate, replacement })
}

/// How many records are followed from a loss to its replacement.
const FOLLOWED: usize = 64;

fn replacement(input: &ReportInput<'_>, record: RecordId, pod: PodId, index: &Index) -> Option<PodId> {
    let workload = input.end.workload_of(pod);
    let mut waiting = std::collections::VecDeque::from([record]);
    for _ in 0..FOLLOWED {
        let at = waiting.pop_front()?;
        for &effect in index.effects(at) {
            match input.trace.record(effect).map(|r| (r.subject, r.change)) {
                Some((Subject::Pod(new), Change::PodCreated)) if new != pod && input.end.workload_of(new) == workload => return Some(new),
                _ => waiting.push_back(effect),
            }
        }
    }
    None
}

/// The losses as the report tells them.
pub(super) fn losses(
    input: &ReportInput<'_>,
    told: &Told<'_>,
    groups: &[LossGroup],
    outcomes: &[Outcome],
    index: &Index,
    places: Places<'_>,
) -> Vec<Loss> {
    let of: BTreeMap<Workload, &WorkloadOutcome> = outcomes.iter().map(|o| (o.workload, &o.told)).gather();
    let one = |group: &LossGroup| {
        let outcome = of.get(&group.workload)?;
        let first = group.lost.first()?;
        Some(Loss {
            workload: outcome.label.clone(),
            harm: outcome.harm,
            text: headline(told, group),
            pods: group.lost.iter().take(MOST_NAMES).map(|lost| told.pod(lost.pod)).collect(),
            count: group.lost.len(),
            chain: chain(input, told, first, index),
            decided_by: decided_by(input, told, group, first, outcome, index, places),
        })
    };
    groups.iter().filter_map(one).collect()
}

fn headline(told: &Told<'_>, group: &LossGroup) -> String {
    let one = group.lost.len() == 1;
    let count = counted(group.lost.len(), "pod");
    let (is, its) = if one { ("is", "its node") } else { ("are", "their nodes") };
    let how = match group.end {
        End::Deleted(DeleteReason::Taint) => format!("{count} lost with {its}"),
        End::Deleted(DeleteReason::Evicted(by)) => format!("{count} evicted by {}", evictor(by)),
        End::Deleted(DeleteReason::Preempted) => format!("{count} preempted by pods of higher priority"),
        End::Deleted(reason) => format!("{count} deleted: {}", delete_reason(reason)),
        End::Short(of) => format!("{count} evicted by the kubelet, {}", of.needs()),
        End::Failed(reason) if told.cluster.text(reason).is_empty() => format!("{count} failed"),
        End::Failed(reason) => format!("{count} failed: {}", told.cluster.text(reason)),
        End::Unready(UnreadyReason::NodeUnreachable) => format!("{count} not ready, since {its} {is} not"),
        End::Unready(reason) => format!("{count} not ready: {}", unready_reason(reason)),
        End::Machine => format!("{count} on dead machines, and nothing was done about it"),
    };
    let after = match group.fate {
        Fate::Back => "; replaced",
        Fate::Waits if one => "; the replacement finds no node",
        Fate::Waits => "; the replacements find no node",
        Fate::Starts if one => "; the replacement is not ready",
        Fate::Starts => "; the replacements are not ready",
        Fate::NotReplaced if matches!(group.end, End::Unready(_) | End::Machine) => "",
        Fate::NotReplaced => "; nothing came instead",
    };
    format!("{how}{after}")
}

/// From the first cause to what became of the replacement.
fn chain(input: &ReportInput<'_>, told: &Told<'_>, lost: &Lost, index: &Index) -> Vec<Link> {
    let mut records = input.trace.causes(lost.record);
    records.reverse();
    if let Some(new) = lost.replacement {
        let shown = |id: &&RecordId| {
            input.trace.record(**id).is_some_and(|r| {
                matches!(r.change, Change::PodCreated | Change::PodBound(_) | Change::PodUnschedulable(_) | Change::PodReady)
            })
        };
        let mut after: Vec<RecordId> = index.of_pod(new).iter().filter(shown).copied().collect();
        // Of many refusals the last one counts.
        let last_refusal = after.iter().rposition(|&id| is_refusal(input, id));
        let mut at = 0;
        after.retain(|&id| {
            at += 1;
            !is_refusal(input, id) || Some(at - 1) == last_refusal
        });
        records.extend(after);
    }
    chain_of(input, told, records.into_iter(), index)
}

/// Whether two sentences say the same: a step names a node as kubectl does.
pub(super) fn same_words(a: &str, b: &str) -> bool {
    let told = |text: &str| text.strip_prefix("node/").map_or_else(|| text.to_owned(), |rest| format!("node {rest}"));
    told(a) == told(b)
}

/// Records as links, from the first cause on; what says the same as the link before it is left out.
pub(super) fn chain_of(input: &ReportInput<'_>, told: &Told<'_>, records: impl Iterator<Item = RecordId>, index: &Index) -> Vec<Link> {
    let link = |id: RecordId| {
        let record = input.trace.record(id)?;
        let text = match (record.subject, record.change) {
            (_, Change::PodDisruptionTarget(_)) => return None,
            (Subject::Pod(pod), Change::PodDeleting(DeleteReason::Taint)) => match tolerated(input, told, pod, index) {
                Some((_, toleration)) => match toleration.seconds {
                    Some(seconds) => format!("{seconds} s after the taint, as long as it tolerates it, pod {} is deleted", told.pod(pod)),
                    None => told.sentence(record),
                },
                None => format!("pod {} does not tolerate the taint and is deleted", told.pod(pod)),
            },
            _ => told.sentence(record),
        };
        Some(Link { at_ms: record.time.millis(), text, record: id.0 })
    };
    let mut links: Vec<Link> = records.filter_map(link).collect();
    links.dedup_by(|link, before| same_words(&link.text, &before.text));
    links
}

fn is_refusal(input: &ReportInput<'_>, id: RecordId) -> bool {
    input.trace.record(id).is_some_and(|r| matches!(r.change, Change::PodUnschedulable(_)))
}

/// The toleration (and its position) that kept a pod on its lost node for a while.
fn tolerated<'a>(input: &ReportInput<'a>, told: &Told<'_>, pod: PodId, index: &Index) -> Option<(usize, &'a Toleration)> {
    let template: &'a PodTemplate = input.end.template_of(pod);
    let node = input.end.pod(pod).node?;
    let keys = ["node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"];
    let known = keys.iter().filter_map(|key| told.cluster.text.get(key));
    // The taint that was set in this run decides; of the two only one is on the node at a time.
    let of_node = || index.of_node(node).iter().filter_map(|&id| input.trace.record(id));
    let key = known.into_iter().find(|&key| of_node().any(|record| record.change == Change::NodeTainted(key, TaintEffect::NoExecute)))?;
    template.tolerations.iter().enumerate().find(|(_, t)| t.tolerates(key, Sym::EMPTY, TaintEffect::NoExecute))
}

fn decided_by(
    input: &ReportInput<'_>,
    told: &Told<'_>,
    group: &LossGroup,
    first: &Lost,
    outcome: &WorkloadOutcome,
    index: &Index,
    places: Places<'_>,
) -> Vec<Decision> {
    let template = input.end.template_of(first.pod);
    let origin = template.origin;
    let mut decisions = Vec::new();
    let mut add = |place, text: String| decisions.push(Decision { place, text });
    if outcome.harm >= Harm::Outage && (group.lost.len() > 1 || outcome.desired < 2) {
        concentration(input, group.workload, outcome, origin, places, &mut add);
    }
    match group.end {
        End::Deleted(DeleteReason::Taint) if matches!(group.workload, Workload::StatefulSet(_)) && group.fate == Fate::NotReplaced => add(
            places.in_document(input.end.workload_meta(group.workload).and_then(|meta| meta.origin), "/kind"),
            "at most one pod of a name: it is replaced only when the old one is known to have stopped".to_owned(),
        ),
        End::Deleted(DeleteReason::Taint) => {
            let written = written_toleration(origin, places);
            match (tolerated(input, told, first.pod, index).and_then(|(_, t)| t.seconds), written) {
                (Some(seconds), Some(pointer)) => add(places.near(origin, &pointer), format!("it tolerates a lost node for {seconds} s")),
                (Some(seconds), None) => add(
                    places.near(origin, ""),
                    format!("no toleration for lost nodes in the manifest: admission (DefaultTolerationSeconds) added {seconds} s"),
                ),
                (None, _) => {}
            }
        }
        End::Deleted(DeleteReason::Evicted(_)) => match &outcome.budget {
            Some(name) => add(
                input.end.budgets.iter().find(|b| told.cluster.text(b.meta.name) == name.rsplit('/').next().unwrap_or(name)).and_then(
                    |b| places.in_document(b.meta.origin, "/spec/minAvailable").or_else(|| places.in_document(b.meta.origin, "/spec")),
                ),
                format!("the budget {name} allowed it"),
            ),
            None => add(places.near(origin, ""), "no PodDisruptionBudget covers it, so any number may be evicted at once".to_owned()),
        },
        End::Short(Short::Memory) => {
            let used = template.behavior.memory_usage;
            let asked = template.requests.memory;
            let text = match used {
                Some(used) if used > asked => {
                    format!("it uses {} and asks for {} only: the kubelet ranks such pods first", bytes(used), bytes(asked))
                }
                _ if asked == 0 => "it asks for no memory, so the kubelet ranks it among the first to go".to_owned(),
                _ => format!("it asks for {} of memory", bytes(asked)),
            };
            add(places.near(origin, "/containers/0/resources/requests/memory"), text);
        }
        End::Deleted(DeleteReason::Preempted) => {
            add(places.near(origin, "/priorityClassName"), format!("its priority is {}", input.end.pod(first.pod).priority));
        }
        _ => {}
    }
    if group.fate == Fate::Waits
        && let Some(new) = first.replacement
    {
        let message = index.of_pod(new).iter().rev().find_map(|&id| match input.trace.record(id)?.change {
            Change::PodUnschedulable(text) => Some(input.trace.text(text)),
            _ => None,
        });
        decisions.extend(refusals::decisions(input.end, Some(new), message.unwrap_or_default(), places));
    }
    decisions
}

/// Why one fault could take all pods at once.
fn concentration(
    input: &ReportInput<'_>,
    workload: Workload,
    outcome: &WorkloadOutcome,
    origin: Option<Origin>,
    places: Places<'_>,
    add: &mut impl FnMut(Option<super::model::Place>, String),
) {
    let meta = input.end.workload_meta(workload).and_then(|meta| meta.origin);
    let written = places.document(meta).is_some_and(|d| d.span_of("/spec/replicas").is_some());
    match (&outcome.before.zones[..], &outcome.before.nodes[..]) {
        _ if outcome.desired == 1 && meta.is_some() && written => {
            add(places.in_document(meta, "/spec/replicas"), "one replica: whatever takes it takes the service".to_owned());
        }
        _ if outcome.desired == 1 && meta.is_some() => {
            add(places.in_document(meta, "/spec"), "no replicas given, so there is one: whatever takes it takes the service".to_owned());
        }
        _ if outcome.desired < 2 => {}
        (_, [(node, count)]) => add(
            places.near(origin, "/topologySpreadConstraints"),
            format!("nothing kept its {} apart: all were on {node}", counted(*count, "pod")),
        ),
        ([(zone, count)], _) if !zone.is_empty() => add(
            places.near(origin, "/topologySpreadConstraints"),
            format!("nothing spread its {} over zones: all were in {zone}", counted(*count, "pod")),
        ),
        _ => {}
    }
}

/// The pointer, below the pod spec, of the written toleration for lost nodes.
fn written_toleration(origin: Option<Origin>, places: Places<'_>) -> Option<String> {
    let tolerations = places.value(origin, "/tolerations")?;
    let at = tolerations.as_array()?.iter().position(|t| {
        let key = t.get("key").and_then(|key| key.as_str());
        let effect = t.get("effect").and_then(|effect| effect.as_str());
        matches!(key, None | Some("" | "node.kubernetes.io/unreachable" | "node.kubernetes.io/not-ready"))
            && matches!(effect, None | Some("" | "NoExecute"))
    })?;
    let seconds = format!("/tolerations/{at}/tolerationSeconds");
    Some(if places.is_written(origin, &seconds) { seconds } else { format!("/tolerations/{at}") })
}
