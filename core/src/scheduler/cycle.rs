//! One attempt to schedule a pod, from the snapshot to the decision (`pkg/scheduler/schedule_one.go`, v1.37).

use std::collections::BTreeMap;

use super::Scheduler;
use super::attempt::{Attempt, Detail, Matrix, NodeStatus, Nomination, Outcome, PluginScores, Preemption, Refusals};
use super::classes::{Class, KEPT_SCORES, kept_filters};
use super::framework::{Cycle, Shift, Surroundings, left_out};
use super::message::fit_error;
use super::plugins::{Plugin, default_preemption, scheduling_gates};
use super::preemption::{Afresh, DryRun, DryRuns, Failure, dry_run, preempt};
use super::selection::{feasible_nodes_to_find, taken};
use super::source::Source;
use super::status::Refusal;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::units::grow;
use crate::units::time::Time;

/// What the search for feasible nodes found.
#[derive(Default)]
struct Search {
    // By position in the node list.
    statuses: Vec<NodeStatus>,
    refusals: Refusals,
    // Nodes with an explicit status.
    refused: usize,
    feasible: Vec<NodeId>,
    // The nominated node, refused before the search, as long as the search has not come to it.
    only_as_nominated: Option<u32>,
}

/// What became of the nodes where none was feasible.
pub(super) struct Refused {
    /// Distinct refusals.
    pub(super) refusals: Refusals,
    /// How many nodes were refused for each.
    pub(super) counts: Vec<usize>,
    /// Nodes refused for what preemption may cure, in list order.
    pub(super) curable: Vec<NodeId>,
    /// Why the node that the pod is nominated to was refused.
    pub(super) nominated: Option<Refusal>,
}

impl Search {
    fn refuse(&mut self, position: u32, refusal: Refusal) {
        let number = self.refusals.number(refusal);
        self.refuse_by_number(position, number);
    }

    fn refuse_by_number(&mut self, position: u32, number: usize) {
        if self.only_as_nominated == Some(position) {
            self.only_as_nominated = None;
        }
        let status = &mut self.statuses[position as usize];
        self.refused += usize::from(*status == NodeStatus::ABSENT);
        *status = NodeStatus::refused(number);
    }

    /// What it found where no node was feasible.
    fn refused(&self, cycle: &Cycle<'_>) -> Refused {
        let mut counts = vec![0; self.refusals.len()];
        self.statuses.iter().filter_map(|s| s.refusal()).for_each(|number| counts[number] += 1);
        let cache = cycle.world.cache;
        let by_number: Vec<bool> = (0..self.refusals.len()).map(|number| self.refusals.is_curable(number)).collect();
        let curable = |status: &NodeStatus| status.refusal().is_some_and(|number| by_number[number]);
        let nodes = self.statuses.iter().zip(cache.order()).filter(|(status, _)| curable(status)).map(|(_, &n)| n);
        let nominated = cycle.world.nominator.node_of(cycle.id).filter(|&n| cache.is_listed(n)).and_then(|n| {
            match self.statuses[cache.position(n) as usize].refusal() {
                Some(number) => Some(self.refusals.get(number).clone()),
                None => cycle.state.only.is_some().then(|| left_out(cycle.state.restricting)),
            }
        });
        Refused { refusals: self.refusals.clone(), counts, curable: nodes.collect(), nominated }
    }
}

impl Scheduler {
    /// Tries to find a node for a pod. Nothing is changed but the place where the next search begins.
    pub fn attempt(&mut self, cluster: &Cluster, id: PodId, now: Time, detail: Detail) -> Attempt {
        self.cache.update_snapshot();
        self.notice_newcomers(cluster);
        let (pod, template) = (cluster.pod(id), cluster.template_of(id));
        let Some(profile_index) = self.config.profile_of(template.scheduler_name) else {
            let reason = format!("no profile for scheduler name {}", cluster.text(template.scheduler_name));
            return Attempt::new(id, now, Outcome::Ignored(reason));
        };
        if pod.deletion.is_some() || pod.gone {
            return Attempt::new(id, now, Outcome::Ignored(format!("skip schedule deleting pod: {}", cluster.pod_full_name(id))));
        }
        let profile = &self.config.profiles[profile_index];
        if profile.pre_enqueue.contains(&Plugin::SchedulingGates)
            && let Some(refusal) = scheduling_gates::pre_enqueue(cluster, pod)
        {
            return Attempt::new(id, now, Outcome::Gated(refusal));
        }
        match self.attempt_by_plan(cluster, id, now, profile_index, detail) {
            Ok(attempt) => attempt,
            Err(plan) => {
                let attempt = self.attempt_in_full(cluster, id, now, profile_index, detail);
                if let Some(plan) = plan {
                    self.keep_failure(cluster, plan, &attempt);
                }
                attempt
            }
        }
    }

    /// An attempt that leaves nothing out.
    fn attempt_in_full(&mut self, cluster: &Cluster, id: PodId, now: Time, profile_index: usize, detail: Detail) -> Attempt {
        let (pod, template) = (cluster.pod(id), cluster.template_of(id));
        let profile = &self.config.profiles[profile_index];
        let all_nodes = self.cache.order().len();
        let mut attempt = Attempt { all_nodes, start: self.next_start, ..Attempt::new(id, now, Outcome::Unplaced) };
        if all_nodes == 0 {
            attempt.message = "no nodes available to schedule pods".to_owned();
            return attempt;
        }
        let world = Surroundings::of(cluster, &self.cache, &self.nominator, &self.config, profile_index, self.orders);
        let mut source = Source { cluster, cache: &self.cache, counts: &mut self.counts, topology: &mut self.topology, plain: self.plain };
        let cycle = match Cycle::pre_filter(world, id, &mut source) {
            Ok(cycle) => cycle,
            Err(refused) => {
                attempt.rejectors = refused.restricting | refused.refusal.plugin.map_or(0, Plugin::bit);
                attempt.message = fit_error(all_nodes, Some(&refused.refusal.message()), &BTreeMap::new());
                attempt.prefilter = Some(refused.refusal);
                // The one thing that PostFilter plugins have to say: DynamicResources does not find its state.
                if profile.post_filter.contains(&Plugin::DynamicResources) && refused.before_dynamic_resources {
                    attempt.message.push_str(" not found");
                } else if profile.post_filter.contains(&Plugin::DefaultPreemption) {
                    let found =
                        Preemption { not_eligible: template.never_preempts.then_some(default_preemption::NEVER), ..Preemption::default() };
                    attempt.nomination = nomination(&found);
                    attempt.message.push_str(&preemption_text(&found, &cycle_names(cluster), all_nodes));
                    attempt.preemption = Some(found);
                }
                return attempt;
            }
        };
        // The nominated node alone first: what was made free for the pod is likely to fit.
        let mut refused_first = None;
        if let Some(nominated) = self.nominator.node_of(id).filter(|&n| self.cache.is_listed(n)) {
            match cycle.filter_with_nominated(nominated, self.cache.info(nominated), &Shift::default()) {
                None => {
                    attempt.took_nominated = true;
                    attempt.volumes = cycle.volumes_on(nominated);
                    attempt.outcome = Outcome::Placed(nominated);
                    return attempt;
                }
                Some(refusal) => refused_first = Some((self.cache.position(nominated), refusal)),
            }
        }
        let mut search = Search { statuses: vec![NodeStatus::ABSENT; all_nodes], ..Search::default() };
        if let Some((position, refusal)) = refused_first {
            search.refuse(position, refusal);
            search.only_as_nominated = Some(position);
        }
        // A pinned pod has one node in question: nothing worth keeping.
        let mut class = if self.plain || pod.pinned.is_some() {
            None
        } else {
            Some(self.classes.of(cluster, &self.cache, pod.template, profile_index, profile, &self.config.known))
        };
        find(&cycle, &mut search, self.next_start, self.config.percentage_of_nodes_to_score, class.as_deref_mut());
        attempt.evaluated = search.feasible.len() + search.refused;
        self.next_start = (self.next_start + attempt.evaluated) % all_nodes;

        let mut matrix = (detail == Detail::Full).then(Box::<Matrix>::default);
        if search.feasible.is_empty() {
            fail(&cycle, search.refused(&cycle), &mut attempt, matrix.is_some(), class);
        } else {
            let place = choose(&cycle, &search.feasible, now, &mut source, matrix.as_deref_mut(), class.as_deref());
            attempt.volumes = cycle.volumes_on(search.feasible[place]);
            attempt.outcome = Outcome::Placed(search.feasible[place]);
        }
        if let Some(matrix) = &mut matrix {
            describe(&cycle, search, matrix);
        }
        attempt.matrix = matrix;
        attempt
    }
}

fn cycle_names(cluster: &Cluster) -> impl Fn(NodeId) -> String + '_ {
    |node| cluster.text(cluster.node(node).name).to_owned()
}

/// Looks at nodes, one after the other from `start`, until enough are feasible.
fn find(cycle: &Cycle<'_>, search: &mut Search, start: usize, global_percentage: i64, mut class: Option<&mut Class>) {
    let (cache, profile) = (cycle.world.cache, cycle.world.profile);
    let restricted: Vec<NodeId>;
    let candidates: &[NodeId] = match &cycle.state.only {
        None => cache.order(),
        Some(names) => {
            let mut nodes: Vec<NodeId> = names.iter().filter_map(|&name| cache.node_named(name)).collect();
            nodes.sort_unstable_by_key(|&n| cache.position(n));
            restricted = nodes;
            &restricted
        }
    };
    let count = candidates.len();
    if count == 0 {
        return;
    }
    let mut wanted = feasible_nodes_to_find(count, profile.percentage_of_nodes_to_score, global_percentage);
    if profile.score.is_empty() {
        wanted = wanted.min(1);
    }
    let start = start % count;
    let visits = candidates[start..].iter().chain(&candidates[..start]).copied();
    if profile.filter.is_empty() {
        search.feasible.extend(visits.take(wanted));
        return;
    }
    let unshifted = Shift::default();
    let more_filters = cycle.filters_from(kept_filters(profile));
    // Nodes that pods are nominated to are looked at plain.
    let nominated: Vec<NodeId> = cycle.world.nominator.nodes().filter(|&n| cycle.nominated_to(n).next().is_some()).collect();
    // From a refusal's number in the class to its number in this search.
    let mut numbers: Vec<Option<usize>> = Vec::new();
    for node in visits {
        let mut class = class.as_deref_mut();
        if !nominated.is_empty() && nominated.contains(&node) {
            // The row is brought up to date all the same: scores are taken from it.
            class.take().map(|class| class.verdict(cycle, node));
        }
        let refusal = match class {
            Some(class) => match class.verdict(cycle, node).refusal() {
                Some(number) => {
                    let known = *grow::at(&mut numbers, number, || None)
                        .get_or_insert_with(|| search.refusals.number(class.refusals.get(number).clone()));
                    search.refuse_by_number(cache.position(node), known);
                    continue;
                }
                None => more_filters.iter().find_map(|&p| cycle.filter_by(p, node, cache.info(node), &unshifted)),
            },
            None => cycle.filter_with_nominated(node, cache.info(node), &unshifted),
        };
        match refusal {
            Some(refusal) => search.refuse(cache.position(node), refusal),
            None if search.feasible.len() == wanted => break,
            None => search.feasible.push(node),
        }
    }
}

/// The place of the chosen node among the feasible ones.
fn choose(
    cycle: &Cycle<'_>,
    feasible: &[NodeId],
    now: Time,
    source: &mut Source<'_>,
    matrix: Option<&mut Matrix>,
    class: Option<&Class>,
) -> usize {
    if feasible.len() == 1 {
        return 0;
    }
    let (scores, mut sums) = match class.filter(|_| matrix.is_none()) {
        Some(class) => {
            let mut sums = Vec::with_capacity(feasible.len());
            class.totals(feasible, &mut sums);
            (cycle.score(feasible, KEPT_SCORES, source), sums)
        }
        None => (cycle.score(feasible, 0, source), vec![0; feasible.len()]),
    };
    for (sum, more) in sums.iter_mut().zip(totals(&scores, feasible.len())) {
        *sum += more;
    }
    let place = taken(cycle.world.orders, cycle.id, now, &sums);
    if let Some(matrix) = matrix {
        matrix.scores = scores;
        matrix.totals = sums;
    }
    place
}

/// Sum of weight x normalized score.
fn totals(scores: &[PluginScores], count: usize) -> Vec<i64> {
    let mut totals = vec![0i64; count];
    for plugin in scores {
        for (total, score) in totals.iter_mut().zip(&plugin.normalized) {
            *total += plugin.weight * score;
        }
    }
    totals
}

/// Works out why the pod found no place, asks preemption, and composes the message.
pub(super) fn fail(cycle: &Cycle<'_>, refused: Refused, attempt: &mut Attempt, all: bool, class: Option<&mut Class>) {
    let (cluster, profile) = (cycle.world.cluster, cycle.world.profile);
    let mut class = class;
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |refusal: &Refusal, nodes: usize| {
        for reason in refusal.reasons.iter() {
            match reasons.get_mut(&**reason) {
                Some(known) => *known += nodes,
                None => {
                    reasons.insert(reason.to_string(), nodes);
                }
            }
        }
    };
    for (number, &nodes) in refused.counts.iter().enumerate().filter(|t| *t.1 > 0) {
        let refusal = refused.refusals.get(number);
        count(refusal, nodes);
        attempt.rejectors |= refusal.plugin.map_or(0, Plugin::bit);
    }
    let absent = attempt.all_nodes - refused.counts.iter().sum::<usize>();
    if absent > 0 && cycle.state.only.is_some() {
        count(&left_out(cycle.state.restricting), absent);
    }
    attempt.rejectors |= cycle.state.restricting;
    attempt.message = fit_error(attempt.all_nodes, None, &reasons);
    for plugin in &profile.post_filter {
        match plugin {
            Plugin::DynamicResources if !profile.pre_filter.contains(&Plugin::DynamicResources) => {
                attempt.message.push_str(" not found");
                return;
            }
            Plugin::DefaultPreemption => {
                let failure = Failure { curable: &refused.curable, nominated: refused.nominated.as_ref() };
                let found = match class.take().filter(|_| remembers_dry_runs(cycle)) {
                    Some(class) => preempt(cycle, &failure, all, class),
                    None => preempt(cycle, &failure, all, &mut Afresh::default()),
                };
                attempt.nomination = nomination(&found);
                attempt.message.push_str(&preemption_text(&found, &cycle_names(cluster), attempt.all_nodes));
                attempt.preemption = Some(found);
            }
            _ => {}
        }
    }
}

/// Whether a dry run depends on nothing but the node, its pods and the preemptor's class: no filter looks further, nobody is
/// nominated, and no budget protects anybody.
fn remembers_dry_runs(cycle: &Cycle<'_>) -> bool {
    let kept = kept_filters(cycle.world.profile);
    cycle.filters_from(kept).is_empty() && cycle.world.nominator.is_empty() && cycle.world.cluster.budgets.iter().all(|b| b.meta.gone)
}

impl DryRuns for Class {
    fn run(&mut self, cycle: &Cycle<'_>, node: NodeId) -> &DryRun {
        let (generation, priority) = (cycle.world.cache.generation(node), cycle.pod.priority);
        let kept = grow::at(&mut self.dry_runs, node.index(), || None);
        if !matches!(kept, Some((g, p, _)) if *g == generation && *p == priority) {
            *kept = None;
        }
        &kept.get_or_insert_with(|| (generation, priority, dry_run(cycle, node))).2
    }
}

/// What preemption's result means for the pod's nomination.
fn nomination(found: &Preemption) -> Nomination {
    match (found.not_eligible, found.chosen()) {
        (Some(_), _) => Nomination::Keep,
        (None, Some(candidate)) => Nomination::Set(candidate.node),
        (None, None) => Nomination::Clear,
    }
}

/// What preemption adds to the message (§ PostFilterMsg of `preemption.go`).
fn preemption_text(found: &Preemption, name: &dyn Fn(NodeId) -> String, all_nodes: usize) -> String {
    if let Some(reason) = found.not_eligible {
        return format!(" preemption: {reason}");
    }
    if let Some(candidate) = found.chosen() {
        let (node, victims) = (name(candidate.node), candidate.victims.len());
        return format!(" preemption: found a potential placement for pod on node {node}, preempting {victims} victims");
    }
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for (refusal, nodes) in &found.in_vain {
        for reason in refusal.reasons.iter() {
            *reasons.entry(reason.to_string()).or_default() += nodes;
        }
    }
    let others = all_nodes - found.in_vain.iter().map(|t| t.1).sum::<usize>();
    if others > 0 {
        *reasons.entry(default_preemption::NOT_HELPFUL.to_owned()).or_default() += others;
    }
    format!(" preemption: {}", fit_error(all_nodes, None, &reasons))
}

/// Fills the matrix from the search.
fn describe(cycle: &Cycle<'_>, search: Search, matrix: &mut Matrix) {
    let cache = cycle.world.cache;
    let mut place_of: Vec<i32> = vec![0; search.refusals.len()];
    matrix.filter = vec![-1; search.statuses.len()];
    for (position, (place, status)) in matrix.filter.iter_mut().zip(&search.statuses).enumerate() {
        if let Some(number) = status.refusal().filter(|_| search.only_as_nominated != Some(position as u32)) {
            if place_of[number] == 0 {
                matrix.fails.push(search.refusals.get(number).clone());
                place_of[number] = matrix.fails.len() as i32;
            }
            *place = place_of[number];
        }
    }
    for &node in &search.feasible {
        matrix.filter[cache.position(node) as usize] = 0;
    }
    if cycle.state.only.is_some() {
        let mut number = 0;
        for place in matrix.filter.iter_mut().filter(|p| **p == -1) {
            if number == 0 {
                matrix.fails.push(left_out(cycle.state.restricting));
                number = matrix.fails.len() as i32;
            }
            *place = number;
        }
    }
    matrix.best = match matrix.totals.iter().max() {
        Some(max) => matrix.totals.iter().zip(&search.feasible).filter(|(t, _)| *t == max).map(|(_, &n)| n).collect(),
        None => search.feasible.clone(),
    };
    matrix.feasible = search.feasible;
}
