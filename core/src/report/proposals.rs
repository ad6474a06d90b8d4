//! What would have prevented the harm, by rule: each with the line to change and YAML to paste. It says what follows from the rules, with the
//! numbers of this run; trying it is the session's.

use std::collections::{BTreeMap, BTreeSet};

use super::amounts::{bytes, counted, cpu, listed};
use super::input::ReportInput;
use super::losses::{End, Fate, LossGroup};
use super::model::{Harm, Placement, Proposal, Verified, WorkloadOutcome};
use super::outcomes::Outcome;
use super::placement::used;
use super::places::Places;
use super::refusals::{Reason, reasons};
use super::remedy::Remedy;
use super::snippets;
use super::span;
use super::told::{Short, Told, evictor};
use super::unfinished;
use crate::cluster::ids::{BudgetId, PodId};
use crate::cluster::labels::Selector;
use crate::cluster::origin::Origin;
use crate::cluster::state::Workload;
use crate::cluster::template::PodTemplate;
use crate::cluster::workloads::{BudgetRule, DeploymentStrategy, IntOrPercent};
use crate::trace::{Change, DeleteReason, Subject, TextId};
use crate::units::arrange::Arrange;
use crate::units::gather::Gather;
use crate::units::time::MINUTE;

/// What a rule looks at: one workload and what became of it.
struct Case<'a> {
    input: &'a ReportInput<'a>,
    told: &'a Told<'a>,
    places: Places<'a>,
    workload: Workload,
    outcome: &'a WorkloadOutcome,
    groups: Vec<&'a LossGroup>,
    template: &'a PodTemplate,
    selector: Option<&'a Selector>,
    meta: Option<Origin>,
    zones: usize,
    /// What the scheduler said last of a pod of this workload that waits at the end.
    refusal: Option<TextId>,
    rolled_out: bool,
}

/// All proposals, those for the worst harm first; one per rule and subject.
pub(super) fn proposals(
    input: &ReportInput<'_>,
    told: &Told<'_>,
    outcomes: &[Outcome],
    groups: &[LossGroup],
    placement: &Placement,
    places: Places<'_>,
) -> Vec<Proposal> {
    let mut found = Vec::new();
    let zones = placement.zones.iter().filter(|zone| !zone.name.is_empty()).count();
    let (refusals, rolled_out) = (last_refusals(input), unfinished::rolled_out(input));
    for Outcome { workload, told: outcome } in outcomes.iter().filter(|o| o.told.harm > Harm::None) {
        let Some(template) = template_of(input, *workload) else { continue };
        let case = Case {
            input,
            told,
            places,
            workload: *workload,
            outcome,
            groups: groups.iter().filter(|group| group.workload == *workload).collect(),
            template,
            selector: selector_of(input, *workload),
            meta: input.end.workload_meta(*workload).and_then(|meta| meta.origin),
            zones,
            refusal: refusals.get(workload).copied(),
            rolled_out: rolled_out.contains(workload),
        };
        for rule in [
            one_replica,
            one_place,
            bound_together,
            blocked_by_spread,
            no_spare_node,
            tolerates_long,
            stuck_stateful_set,
            recreate,
            memory_requests,
            preempted,
        ] {
            found.extend(rule(&case));
        }
    }
    found.extend(budgets(input, told, outcomes, places));
    found.extend(room(input, told, outcomes));
    merged(found, outcomes)
}

/// How many lines a proposal names.
const MOST_PLACES: usize = 8;

/// Rules whose text to paste differs between workloads only in the labels.
const ALIKE: [&str; 3] = ["more-than-one-replica", "spread-over-zones", "spread-over-nodes"];

/// Proposals of one rule with one text to paste become one for all their workloads.
fn merged(found: Vec<Proposal>, outcomes: &[Outcome]) -> Vec<Proposal> {
    let mut kept: Vec<Proposal> = Vec::new();
    for proposal in found {
        let same = |other: &&mut Proposal| {
            let alike = other.snippet == proposal.snippet || ALIKE.contains(&proposal.id.as_str());
            other.id == proposal.id && (alike || other.subjects == proposal.subjects)
        };
        match kept.iter_mut().find(same) {
            Some(first) if first.subjects == proposal.subjects => {}
            Some(first) => {
                // The title was made for one workload: it now speaks of all.
                let one = listed(&first.subjects, 3);
                first.subjects.extend(proposal.subjects);
                first.remedies.extend(proposal.remedies);
                first.title = first.title.replacen(&one, &listed(&first.subjects, 3), 1);
                first.places.extend(proposal.places);
                first.places.truncate(MOST_PLACES);
            }
            None => kept.push(proposal),
        }
    }
    for proposal in kept.iter_mut().filter(|p| p.subjects.len() > 1 && ALIKE.contains(&p.id.as_str())) {
        let longest =
            outcomes.iter().filter(|o| proposal.subjects.contains(&o.told.label)).map(|o| o.told.none_ms).max().unwrap_or_default();
        let how =
            if proposal.id == ALIKE[0] { "each had one pod and lost it" } else { "each had all pods in one place and lost them together" };
        proposal.why = format!("{how}: nothing served for up to {}", span(longest));
        proposal.snippet = format!("# for {}; the others alike\n{}", proposal.subjects[0], proposal.snippet);
    }
    kept
}

impl Proposal {
    /// Names the line, where there is one.
    fn at(&mut self, place: Option<super::model::Place>) {
        if let Some(place) = place {
            self.places = vec![place];
        }
    }
}

fn template_of<'a>(input: &ReportInput<'a>, workload: Workload) -> Option<&'a PodTemplate> {
    let end = input.end;
    let id = match workload {
        Workload::Deployment(id) => end.deployments.get(id.index())?.template,
        Workload::ReplicaSet(id) => end.replica_sets.get(id.index())?.template,
        Workload::StatefulSet(id) => end.stateful_sets.get(id.index())?.template,
        Workload::DaemonSet(id) => end.daemon_sets.get(id.index())?.template,
        Workload::Job(id) => end.jobs.get(id.index())?.template,
        Workload::Pod(id) => end.pods.get(id.index())?.template,
    };
    end.templates.get(id.index()).map(|template| &**template)
}

fn selector_of<'a>(input: &ReportInput<'a>, workload: Workload) -> Option<&'a Selector> {
    match workload {
        Workload::Deployment(id) => input.end.deployments.get(id.index()).map(|d| &d.selector),
        Workload::ReplicaSet(id) => input.end.replica_sets.get(id.index()).map(|r| &r.selector),
        Workload::StatefulSet(id) => input.end.stateful_sets.get(id.index()).map(|s| &s.selector),
        _ => None,
    }
}

impl Case<'_> {
    fn proposal(&self, id: &str, title: String, why: String) -> Proposal {
        Proposal {
            id: id.to_owned(),
            subjects: vec![self.outcome.label.clone()],
            title,
            why,
            places: self.outcome.place.clone().into_iter().collect(),
            snippet: String::new(),
            remedies: Vec::new(),
            verified: Verified::NotRun,
            outcome: String::new(),
            trial: None,
        }
    }

    fn own(&self) -> String {
        self.outcome.label.clone()
    }

    fn lost_by(&self, wanted: impl Fn(End) -> bool) -> usize {
        self.groups.iter().filter(|group| wanted(group.end)).map(|group| group.lost.len()).sum()
    }

    /// Whether its pods must stand where others do.
    fn stands_beside_others(&self) -> bool {
        self.template.affinity.as_ref().is_some_and(|affinity| !affinity.pod_required.is_empty())
    }

    /// Whether pods were lost with their machines.
    fn lost_machines(&self) -> usize {
        self.lost_by(|end| matches!(end, End::Deleted(DeleteReason::Taint | DeleteReason::Collected) | End::Machine | End::Unready(_)))
    }

    fn below_pod_spec(&self, body: &str) -> String {
        snippets::below(snippets::pod_spec(self.template.origin), body)
    }

    /// The refusals of pods of this workload that wait at the end.
    fn refusals(&self) -> Vec<(usize, Reason)> {
        self.refusal.map_or_else(Vec::new, |text| reasons(self.input.trace.text(text)))
    }
}

/// For each workload what the scheduler said last of a pod of it that waits at the end.
fn last_refusals(input: &ReportInput<'_>) -> BTreeMap<Workload, TextId> {
    let mut last = BTreeMap::new();
    for record in input.trace.records() {
        let (Subject::Pod(id), Change::PodUnschedulable(text)) = (record.subject, record.change) else { continue };
        if input.end.pods.get(id.index()).is_some_and(|pod| pod.is_unscheduled()) {
            last.insert(input.end.workload_of(id), text);
        }
    }
    last
}

fn one_replica(case: &Case<'_>) -> Option<Proposal> {
    let (meta, selector) = (case.meta?, case.selector?);
    if case.outcome.desired != 1 || case.outcome.harm < Harm::Outage || case.groups.is_empty() {
        return None;
    }
    let key = if case.zones > 1 { "topology.kubernetes.io/zone" } else { "kubernetes.io/hostname" };
    let apart = if case.zones > 1 { "in different zones" } else { "on different nodes" };
    let (caution, spread) = match case.workload {
        Workload::StatefulSet(_) => ("; a second replica of stateful software must know how to replicate", ""),
        _ => ("", "\n"),
    };
    let mut proposal = case.proposal(
        "more-than-one-replica",
        format!("Run two replicas of {}, {apart}", case.outcome.label),
        format!("its only pod was lost and nothing served for {}{caution}", span(case.outcome.none_ms)),
    );
    proposal.at(case.places.in_document(Some(meta), "/spec/replicas"));
    proposal.snippet = format!("spec:\n  replicas: 2\n{}", {
        let body = snippets::spread(case.input.end, key, selector);
        // The first line repeats `spec:`.
        case.below_pod_spec(&body).split_once('\n').map_or(String::new(), |(_, rest)| rest.to_owned())
    });
    proposal.snippet.truncate(proposal.snippet.trim_end().len() + spread.len().min(1));
    proposal.remedies =
        vec![Remedy::Replicas { workload: case.own(), to: 2 }, Remedy::Spread { workload: case.own(), key: key.to_owned() }];
    Some(proposal)
}

fn one_place(case: &Case<'_>) -> Option<Proposal> {
    let selector = case.selector?;
    let several = case.outcome.desired > 1 && case.lost_by(|_| true) > 1;
    if !several || case.outcome.harm < Harm::Outage || case.stands_beside_others() {
        return None;
    }
    let (id, key, place, at) = match (&case.outcome.before.zones[..], &case.outcome.before.nodes[..]) {
        ([(zone, _)], _) if case.zones > 1 && !zone.is_empty() => ("spread-over-zones", "topology.kubernetes.io/zone", "zones", zone),
        (_, [(node, _)]) => ("spread-over-nodes", "kubernetes.io/hostname", "nodes", node),
        _ => return None,
    };
    let mut proposal = case.proposal(
        id,
        format!("Spread {} over {place}", case.outcome.label),
        format!("all of its {} were in one place, {at}, and were lost together", counted(case.outcome.desired.max(0) as usize, "pod")),
    );
    proposal.at(case.places.near(case.template.origin, "/topologySpreadConstraints"));
    proposal.snippet = case.below_pod_spec(&snippets::spread(case.input.end, key, selector));
    proposal.remedies = vec![Remedy::Spread { workload: case.own(), key: key.to_owned() }];
    Some(proposal)
}

/// Required pod affinity that holds all pods in the place of others.
fn bound_together(case: &Case<'_>) -> Option<Proposal> {
    if case.outcome.harm < Harm::Outage || case.groups.is_empty() || !case.stands_beside_others() {
        return None;
    }
    let selector = case.selector?;
    let key = if case.zones > 1 { "topology.kubernetes.io/zone" } else { "kubernetes.io/hostname" };
    let mut proposal = case.proposal(
        "loose-affinity",
        format!("Let {} prefer, not require, to stand beside other pods", case.outcome.label),
        format!(
            "its required pod affinity holds all of its {} where those pods are, and they have no other place when that one is lost",
            counted(case.outcome.desired.max(0) as usize, "pod")
        ),
    );
    proposal.at(case.places.near(case.template.origin, "/affinity/podAffinity"));
    proposal.snippet = case.below_pod_spec(&format!(
        "affinity:\n  podAffinity:\n    preferredDuringSchedulingIgnoredDuringExecution:  # instead of required\n    - weight: 100\n      \
         podAffinityTerm: {{}}  # as it is\n{}",
        snippets::spread(case.input.end, key, selector)
    ));
    proposal.remedies = vec![Remedy::LooseAffinity { workload: case.own() }, Remedy::Spread { workload: case.own(), key: key.to_owned() }];
    Some(proposal)
}

/// A hard spread that counts the lost zone as an empty one.
fn blocked_by_spread(case: &Case<'_>) -> Option<Proposal> {
    let refused = case.refusals().iter().any(|(_, reason)| *reason == Reason::Spread);
    let at = case.template.spread.iter().position(|s| s.hard && !s.honor_taints)?;
    if !refused || case.lost_machines() == 0 {
        return None;
    }
    let key = case.input.end.text(case.template.spread[at].topology_key);
    let mut proposal = case.proposal(
        "lost-zone-does-not-count",
        format!("Let the spread constraint of {} leave lost nodes out", case.outcome.label),
        format!(
            "the lost domain of {key} still counts as an empty one, so that the constraint wants the replacements there and nowhere else; \
             with nodeTaintsPolicy: Honor, tainted nodes do not count"
        ),
    );
    proposal.at(case.places.near(case.template.origin, &format!("/topologySpreadConstraints/{at}")));
    proposal.snippet = case.below_pod_spec(&format!(
        "topologySpreadConstraints:\n- maxSkew: {}\n  topologyKey: {key}\n  whenUnsatisfiable: DoNotSchedule\n  nodeTaintsPolicy: Honor\n  # labelSelector as it is",
        case.template.spread[at].max_skew
    ));
    proposal.remedies = vec![Remedy::HonorTaints { workload: case.own(), constraint: at }];
    Some(proposal)
}

/// A rollout whose new pods may not stand beside the old ones.
fn no_spare_node(case: &Case<'_>) -> Option<Proposal> {
    let Workload::Deployment(id) = case.workload else { return None };
    let deployment = case.input.end.deployments.get(id.index())?;
    let DeploymentStrategy::RollingUpdate { max_unavailable, .. } = deployment.strategy else { return None };
    let blocked = case.refusals().iter().any(|(_, reason)| matches!(reason, Reason::AntiAffinity | Reason::Spread | Reason::Ports));
    if !case.rolled_out || !blocked || max_unavailable.floor_of(deployment.replicas) > 0 {
        return None;
    }
    let mut proposal = case.proposal(
        "make-room-before-surge",
        format!("Let the rollout of {} take one pod down before it adds one", case.outcome.label),
        format!(
            "maxUnavailable is 0 for {} replicas, and no node can take a new pod beside the old ones: the rollout waits for ever",
            deployment.replicas
        ),
    );
    proposal.at(case.places.in_document(case.meta, "/spec/strategy"));
    proposal.snippet = snippets::below("/spec/strategy", "type: RollingUpdate\nrollingUpdate:\n  maxUnavailable: 1\n  maxSurge: 0");
    proposal.remedies = vec![Remedy::RollingUpdate { workload: case.own(), max_surge: 0, max_unavailable: 1 }];
    Some(proposal)
}

/// The seconds a proposal asks for: short enough to help, longer than a network hiccup.
const SHORT_TOLERATION: i64 = 30;

fn tolerates_long(case: &Case<'_>) -> Option<Proposal> {
    if !matches!(case.workload, Workload::Deployment(_) | Workload::ReplicaSet(_)) || case.outcome.harm == Harm::None {
        return None;
    }
    let lost = case.lost_by(|end| end == End::Deleted(DeleteReason::Taint));
    let unreachable = case.input.end.text.get("node.kubernetes.io/unreachable")?;
    let seconds = case.template.tolerations.iter().find(|t| t.key == unreachable).and_then(|t| t.seconds)?;
    if lost == 0 || seconds <= 2 * SHORT_TOLERATION {
        return None;
    }
    let mut proposal = case.proposal(
        "leave-lost-nodes-sooner",
        format!("Let the pods of {} leave a lost node after {SHORT_TOLERATION} s", case.outcome.label),
        format!(
            "lost pods waited {seconds} s on their dead nodes before they were replaced. The price: a network hiccup longer than \
             {SHORT_TOLERATION} s then moves pods too"
        ),
    );
    proposal.at(case.places.near(case.template.origin, "/tolerations"));
    proposal.snippet = case.below_pod_spec(&snippets::tolerations(SHORT_TOLERATION));
    proposal.remedies = vec![Remedy::TolerateLost { workload: case.own(), seconds: SHORT_TOLERATION }];
    Some(proposal)
}

fn stuck_stateful_set(case: &Case<'_>) -> Option<Proposal> {
    if !matches!(case.workload, Workload::StatefulSet(_)) {
        return None;
    }
    let stuck = case.groups.iter().filter(|g| g.end == End::Deleted(DeleteReason::Taint) && g.fate == Fate::NotReplaced);
    let pods: Vec<PodId> = stuck.flat_map(|group| &group.lost).map(|lost| lost.pod).collect();
    let node = pods.first().and_then(|&pod| case.input.end.pod(pod).node)?;
    let mut proposal = case.proposal(
        "tell-kubernetes-the-node-is-gone",
        format!("Have a runbook that taints a node that is off for good, so that {} moves", case.outcome.label),
        format!(
            "{} cannot be replaced while Kubernetes does not know whether the old ones still run. Once the machine is known to be off, the \
             taint out-of-service (or deleting the Node) says so, and the set makes them again",
            counted(pods.len(), "pod")
        ),
    );
    // Every node that keeps a lost pod, when the last of them has been given up.
    let given_up = |id: &PodId| {
        let deleted = |record: &&crate::trace::Record| {
            record.subject == Subject::Pod(*id) && record.change == Change::PodDeleting(DeleteReason::Taint)
        };
        case.input.trace.records().iter().find(deleted).map(|record| record.time.millis())
    };
    let at_ms = pods.iter().filter_map(given_up).max().unwrap_or_default() + MINUTE;
    let nodes: BTreeSet<_> = pods.iter().filter_map(|&pod| case.input.end.pod(pod).node).gather();
    let names = nodes.into_iter().map(|node| case.told.node(node).to_owned());
    proposal.remedies = names.map(|node| Remedy::OutOfService { node, at_ms }).collect();
    proposal.snippet = format!("kubectl taint node {} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute", case.told.node(node));
    Some(proposal)
}

fn recreate(case: &Case<'_>) -> Option<Proposal> {
    let Workload::Deployment(id) = case.workload else { return None };
    let deployment = case.input.end.deployments.get(id.index())?;
    if !case.rolled_out || case.outcome.harm < Harm::Outage {
        return None;
    }
    let (why, pointer) = match deployment.strategy {
        DeploymentStrategy::Recreate => ("with Recreate all old pods go before the first new one comes", "/spec/strategy/type"),
        DeploymentStrategy::RollingUpdate { max_unavailable, .. }
            if max_unavailable.floor_of(deployment.replicas) >= deployment.replicas =>
        {
            ("maxUnavailable lets all old pods go at once", "/spec/strategy/rollingUpdate/maxUnavailable")
        }
        DeploymentStrategy::RollingUpdate { .. } => return None,
    };
    let mut proposal = case.proposal(
        "roll-out-in-waves",
        format!("Roll {} out in waves", case.outcome.label),
        format!("{why}: nothing served for {}", span(case.outcome.none_ms)),
    );
    proposal.at(case.places.in_document(case.meta, pointer));
    proposal.snippet = snippets::below("/spec/strategy", "type: RollingUpdate\nrollingUpdate:\n  maxUnavailable: 0\n  maxSurge: 1");
    proposal.remedies = vec![Remedy::RollingUpdate { workload: case.own(), max_surge: 1, max_unavailable: 0 }];
    Some(proposal)
}

fn memory_requests(case: &Case<'_>) -> Option<Proposal> {
    let evicted = case.lost_by(|end| end == End::Short(Short::Memory));
    if evicted == 0 {
        return None;
    }
    let asked = case.template.requests.memory;
    let used = case.template.behavior.memory_usage.filter(|&used| used > asked);
    let (title, why, amount) = match used {
        Some(used) => (
            format!("Ask for the memory that {} uses", case.outcome.label),
            format!(
                "it uses {} and asks for {}: nodes are filled beyond what they have, and its pods are the first to be evicted",
                bytes(used),
                bytes(asked)
            ),
            bytes(used),
        ),
        None if asked == 0 => (
            format!("Give {} a memory request", case.outcome.label),
            "it asks for none, so it is placed anywhere and is the first to be evicted".to_owned(),
            "<what it uses>".to_owned(),
        ),
        None => return None,
    };
    let mut proposal = case.proposal("honest-memory-requests", title, format!("{why}; {} evicted", counted(evicted, "pod")));
    proposal.at(case.places.near(case.template.origin, "/containers/0/resources"));
    proposal.remedies = used.into_iter().map(|bytes| Remedy::Memory { workload: case.own(), bytes }).collect();
    let name = case.template.containers.first().map_or("", |container| case.input.end.text(container.name));
    proposal.snippet = case
        .below_pod_spec(&format!("containers:\n- name: {}\n  resources:\n    requests:\n      memory: {amount}", snippets::scalar(name)));
    Some(proposal)
}

fn preempted(case: &Case<'_>) -> Option<Proposal> {
    let count = case.lost_by(|end| end == End::Deleted(DeleteReason::Preempted));
    if count == 0 || case.outcome.harm < Harm::Short {
        return None;
    }
    let mut proposal = case.proposal(
        "priority-that-says-what-matters",
        format!("Give {} a priority that says how much it matters", case.outcome.label),
        format!("{} had to go for pods of higher priority, and its own is {}", counted(count, "pod"), case.template.priority),
    );
    proposal.at(case.places.near(case.template.origin, "/priorityClassName"));
    // As much as those that its pods had to go for.
    let nominated = |record: &crate::trace::Record| match (record.subject, record.change) {
        (Subject::Pod(pod), Change::PodNominated(_)) => case.input.end.pods.get(pod.index()).map(|pod| pod.priority),
        _ => None,
    };
    let highest = case.input.trace.records().iter().filter_map(nominated).max().filter(|&to| to > case.template.priority);
    proposal.remedies = highest.into_iter().map(|to| Remedy::Priority { workload: case.own(), to }).collect();
    Some(proposal)
}

/// Budgets that blocked evictions, and drains that met no budget.
fn budgets(input: &ReportInput<'_>, told: &Told<'_>, outcomes: &[Outcome], places: Places<'_>) -> Vec<Proposal> {
    let mut found = Vec::new();
    for (at, budget) in input.start.budgets.iter().enumerate() {
        let id = BudgetId::from_index(at);
        let covers = |pod: PodId| {
            let template = input.end.template_of(pod);
            budget.meta.namespace == template.namespace && budget.selector.matches(&template.labels, &input.end.text)
        };
        let asked = |change: fn(&Change) -> bool| {
            input
                .trace
                .records()
                .iter()
                .filter(|r| change(&r.change))
                .filter(|r| matches!(r.subject, Subject::Pod(pod) if covers(pod)))
                .count()
        };
        let refused = asked(|change| matches!(change, Change::EvictionRefused(..)));
        let granted = asked(|change| matches!(change, Change::PodDeleting(DeleteReason::Evicted(_))));
        if refused == 0 || granted > 0 || budget.status.disruptions_allowed > 0 {
            continue;
        }
        let expected = budget.status.expected_pods;
        let (key, rule) = match budget.rule {
            BudgetRule::MinAvailable(rule) => ("minAvailable", rule),
            BudgetRule::MaxUnavailable(rule) => ("maxUnavailable", rule),
        };
        let written = match rule {
            IntOrPercent::Int(n) => n.to_string(),
            IntOrPercent::Percent(p) => format!("{p}%"),
        };
        let name = told.budget(id);
        let (title, snippet) = if expected <= 1 {
            (
                format!("Run two replicas of what the budget {name} protects, and let one go"),
                "spec:\n  maxUnavailable: 1   # and replicas: 2 in the workload\n".to_owned(),
            )
        } else {
            (format!("Let the budget {name} allow one disruption"), "spec:\n  maxUnavailable: 1\n".to_owned())
        };
        let own = Remedy::BudgetAllows {
            namespace: told.cluster.namespace_name(budget.meta.namespace).to_owned(),
            name: told.cluster.text(budget.meta.name).to_owned(),
            max_unavailable: 1,
        };
        let mut remedies = vec![own];
        if expected <= 1 {
            let alone = outcomes.iter().filter(|o| o.told.budget.as_ref() == Some(&name) && o.told.desired == 1);
            remedies.extend(alone.map(|o| Remedy::Replicas { workload: o.told.label.clone(), to: 2 }));
        }
        found.push(Proposal {
            id: "budget-that-lets-go".to_owned(),
            subjects: vec![format!("budget {name}")],
            title,
            why: format!(
                "{key}: {written} over {} allows none to go: {} refused, and the drain never ends",
                counted(expected.max(0) as usize, "pod"),
                counted(refused, "eviction")
            ),
            places: places.in_document(budget.meta.origin, &format!("/spec/{key}")).into_iter().collect(),
            snippet,
            remedies,
            verified: Verified::NotRun,
            outcome: String::new(),
            trial: None,
        });
    }
    for Outcome { workload, told: outcome } in
        outcomes.iter().filter(|o| o.told.harm >= Harm::Outage && o.told.desired > 1 && o.told.budget.is_none())
    {
        let evicted = input.trace.records().iter().find_map(|r| match (r.subject, r.change) {
            (Subject::Pod(pod), Change::PodDeleting(DeleteReason::Evicted(by))) if input.end.workload_of(pod) == *workload => Some(by),
            _ => None,
        });
        if let Some(by) = evicted {
            let meta = input.end.workload_meta(*workload);
            let name = meta.map_or("", |meta| input.end.text(meta.name));
            found.push(Proposal {
                id: "budget-for-drains".to_owned(),
                subjects: vec![outcome.label.clone()],
                title: format!("Add a PodDisruptionBudget for {}", outcome.label),
                why: format!("{} evicted all of its pods at once, and nothing served for {}", evictor(by), span(outcome.none_ms)),
                places: outcome.place.clone().into_iter().collect(),
                snippet: format!(
                    "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: {}\nspec:\n  maxUnavailable: 1\n  selector:  # that of the workload\n",
                    snippets::scalar(name)
                ),
                remedies: vec![Remedy::NewBudget { workload: outcome.label.clone(), max_unavailable: 1 }],
                verified: Verified::NotRun,
                outcome: String::new(),
                trial: None,
            });
        }
    }
    found
}

/// Not enough room in what is left.
fn room(input: &ReportInput<'_>, told: &Told<'_>, outcomes: &[Outcome]) -> Option<Proposal> {
    let mut waiting: Vec<PodId> = Vec::new();
    let mut short: BTreeSet<String> = BTreeSet::new();
    for (pod, text) in super::placement::last_refusals(input.trace) {
        let resources = reasons(input.trace.text(text)).into_iter().filter_map(|(_, reason)| match reason {
            Reason::Insufficient(resource) => Some(resource),
            Reason::TooManyPods => Some("pods".to_owned()),
            _ => None,
        });
        let before = short.len();
        let resources: Vec<String> = resources.collect();
        let any = !resources.is_empty();
        short.extend(resources);
        if any && short.len() >= before && input.end.pods.get(pod.index()).is_some_and(|pod| pod.is_unscheduled()) {
            waiting.push(pod);
        }
    }
    if waiting.is_empty() {
        return None;
    }
    let open = |node: &crate::cluster::node::Node| {
        node.kubelet_alive && !node.unschedulable && node.ready == crate::cluster::node::NodeReady::True
    };
    let (mut nodes, mut free_cpu, mut most_cpu, mut free_memory, mut most_memory) = (0usize, 0i64, 0i64, 0i64, 0i64);
    for (_, node) in input.end.live_nodes().filter(|(_, node)| open(node)) {
        let used = used(input.end, node);
        let (c, m) = (node.allocatable.cpu_milli - used.cpu_milli, node.allocatable.memory - used.memory);
        nodes += 1;
        free_cpu += c.max(0);
        free_memory += m.max(0);
        most_cpu = most_cpu.max(c);
        most_memory = most_memory.max(m);
    }
    let (asked_cpu, asked_memory) = waiting.iter().fold((0i64, 0i64), |(c, m), &pod| {
        let requests = &input.end.template_of(pod).requests;
        (c.saturating_add(requests.cpu_milli), m.saturating_add(requests.memory))
    });
    let mut names: Vec<String> = waiting.iter().map(|&pod| told.workload(input.end.workload_of(pod))).collect();
    names.dedup();
    names.arrange();
    names.dedup();
    let numbers: Vec<String> = short
        .iter()
        .map(|resource| match resource.as_str() {
            "cpu" => format!("{} cpu asked for, {} free, at most {} on one node", cpu(asked_cpu), cpu(free_cpu), cpu(most_cpu)),
            "memory" => format!(
                "{} of memory asked for, {} free, at most {} on one node",
                bytes(asked_memory),
                bytes(free_memory),
                bytes(most_memory)
            ),
            other => format!("{other} is what is short"),
        })
        .collect();
    let lost = outcomes.iter().any(|o| o.told.harm > Harm::ShortBefore);
    Some(Proposal {
        id: "room-to-spare".to_owned(),
        subjects: vec!["cluster".to_owned()],
        title: match lost {
            true => "Keep room for what is lost, or ask for less".to_owned(),
            false => "Add nodes, or ask for less".to_owned(),
        },
        why: format!(
            "{} of {} wait; the {} that can take pods: {}",
            counted(waiting.len(), "pod"),
            listed(&names, 3),
            counted(nodes, "node"),
            numbers.join("; ")
        ),
        places: {
            let asks = |&pod: &PodId| Places(input.manifest).near(input.end.template_of(pod).origin, "/containers/0/resources/requests");
            let lines: BTreeSet<_> = waiting.iter().filter_map(asks).gather();
            lines.into_iter().take(MOST_PLACES).collect()
        },
        snippet: String::new(),
        remedies: vec![Remedy::MoreNodes { in_each_zone: 1 }],
        verified: Verified::NotRun,
        outcome: String::new(),
        trial: None,
    })
}
