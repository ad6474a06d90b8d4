//! An attempt by plan: the kept verdicts and counts decide at once for many nodes, and the winner is found without asking any plugin.
//!
//! Only a shortcut: `cycle` decides the same in full, and does it wherever a plan does not know all that matters.

use super::Scheduler;
use super::attempt::{Attempt, Detail, Outcome};
use super::cache::Cache;
use super::classes::Class;
use super::counts::{Counts, Tally};
use super::cycle::{Refused, fail};
use super::framework::{Cycle, Surroundings};
use super::plans::{Counted, Needs, PlanId, Soft, needs};
use super::plugins::inter_pod_affinity;
use super::plugins::pod_topology_spread::{Minimum, ScoreState};
use super::selection::{feasible_nodes_to_find, taken};
use super::source::Source;
use super::topology::{NO_DOMAIN, Topology};
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::units::float;
use crate::units::time::Time;

/// Room to work in, kept from one attempt to the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    // Places that counts allow, as bits; empty for all.
    allowed: Vec<u64>,
    // Feasible places as they are found, and their own scores.
    places: Vec<u32>,
    own: Vec<i32>,
    nodes: Vec<NodeId>,
    totals: Vec<i64>,
    // What soft constraints see of each node, and what is made of it.
    codes: Vec<u16>,
    code_scores: Vec<Option<i64>>,
    raw: Vec<i64>,
    sums: Vec<f64>,
    ignored: Vec<bool>,
    seen: Vec<bool>,
}

/// What a count has to be in a node's domain.
#[derive(Clone, Copy)]
enum Demand {
    /// The domain exists, and has at most so many.
    AtMost(i64),
    /// The domain has some.
    Some,
    /// The domain exists, and this holds.
    Exists(bool),
    /// The domain has none.
    None,
}

impl Demand {
    fn holds(self, tally: &Tally, domain: u32) -> bool {
        match self {
            Demand::AtMost(limit) => domain != NO_DOMAIN && (if tally.has_domain(domain) { tally.at(domain) } else { 0 }) <= limit,
            Demand::Some => tally.at(domain) > 0,
            Demand::Exists(holds) => holds && domain != NO_DOMAIN,
            Demand::None => tally.at(domain) <= 0,
        }
    }
}

/// A demand on a key that has many domains: looked at node by node.
struct Check<'a> {
    demand: Demand,
    tally: &'a Tally,
    domains: &'a [u32],
}

impl Check<'_> {
    fn passes(&self, node: NodeId) -> bool {
        self.demand.holds(self.tally, self.domains.get(node.index()).copied().unwrap_or(NO_DOMAIN))
    }
}

impl Scheduler {
    /// Tries a pod by its template's plan. Where that does not do, the plan comes back: what comes of the attempt in full may be
    /// kept there.
    pub(super) fn attempt_by_plan(
        &mut self,
        cluster: &Cluster,
        id: PodId,
        now: Time,
        profile_index: usize,
        detail: Detail,
    ) -> Result<Attempt, Option<PlanId>> {
        let (pod, template) = (cluster.pod(id), cluster.template_of(id));
        let special = pod.pinned.is_some() || pod.own_labels.is_some() || !template.volumes.is_empty();
        let all_nodes = self.cache.order().len();
        if self.plain
            || detail != Detail::Decision
            || special
            || !self.nominator.is_empty()
            || pod.namespace != template.namespace
            || all_nodes == 0
        {
            return Err(None);
        }
        let profile = &self.config.profiles[profile_index];
        let world = Surroundings::of(cluster, &self.cache, &self.nominator, &self.config, profile_index, self.orders);
        let mut source = Source { cluster, cache: &self.cache, counts: &mut self.counts, topology: &mut self.topology, plain: false };
        let plan = self.plans.of(pod, profile_index, &mut source, |source| {
            let cycle = Cycle::pre_filter(world, id, source).ok()?;
            needs(&cycle, source)
        });
        if let Some(failed) = self.plans.failure(plan, pod, &self.cache) {
            return Ok(Attempt { pod: id, at: now, start: self.next_start, ..failed.clone() });
        }
        let Some(needs) = self.plans.needs(plan) else { return Err(Some(plan)) };
        needs.refresh(cluster, &self.cache, &mut self.counts, &self.topology);
        let class = self.classes.of(cluster, &self.cache, pod.template, profile_index, profile, &self.config.known);
        let cycle = Cycle::of_class(world, id, needs.skipped);
        let wanted = feasible_nodes_to_find(all_nodes, profile.percentage_of_nodes_to_score, self.config.percentage_of_nodes_to_score);
        let scratch = &mut self.scratch;
        let demands = demands(needs, &self.counts);
        let by_node = allow(&demands, &mut scratch.allowed, &self.cache, &self.counts, &mut self.topology);
        let checks: Vec<Check<'_>> = by_node
            .into_iter()
            .map(|(demand, counted)| Check { demand, tally: self.counts.read(counted.tally), domains: self.topology.of_nodes(counted.key) })
            .collect();
        let (evaluated, relative) = find(&cycle, class, &checks, scratch, self.next_start % all_nodes, wanted);
        let mut attempt = Attempt { all_nodes, start: self.next_start, evaluated, ..Attempt::new(id, now, Outcome::Unplaced) };
        if scratch.places.is_empty() {
            if !needs.filters_by_class_alone() {
                return Err(Some(plan));
            }
            let refused = refused(class, &self.cache);
            fail(&cycle, refused, &mut attempt, false, Some(class));
            self.next_start = (self.next_start + evaluated) % all_nodes;
            self.keep_failure(cluster, plan, &attempt);
            return Ok(attempt);
        }
        let place = if scratch.places.len() == 1 {
            0
        } else if needs.scores_by_class_alone() && !relative {
            taken(self.orders, id, now, &scratch.own)
        } else {
            score(needs, class, relative, scratch, &self.cache, &self.counts, &mut self.topology);
            taken(self.orders, id, now, &scratch.totals)
        };
        self.next_start = (self.next_start + evaluated) % all_nodes;
        attempt.outcome = Outcome::Placed(self.cache.order()[scratch.places[place] as usize]);
        Ok(attempt)
    }

    /// Keeps a failure that every equal pod shares until something happens: all nodes were refused, and preemption finds nothing.
    pub(super) fn keep_failure(&mut self, cluster: &Cluster, plan: PlanId, attempt: &Attempt) {
        let hopeless = attempt.preemption.as_ref().is_none_or(|p| p.chosen.is_none());
        let everywhere = attempt.evaluated == 0 || attempt.evaluated == attempt.all_nodes;
        if attempt.outcome == Outcome::Unplaced && hopeless && everywhere {
            self.plans.keep_failure(plan, cluster.pod(attempt.pod), &self.cache, attempt);
        }
    }
}

/// What the counts of a plan have to be.
fn demands(needs: &Needs, counts: &Counts) -> Vec<(Demand, Counted)> {
    if needs.filters_by_class_alone() {
        return Vec::new();
    }
    let mut demands = Vec::with_capacity(needs.hard.len() + needs.required.len() + needs.forbidden.len());
    for hard in &needs.hard {
        let least = Minimum::of(counts.read(hard.counted.tally)).least(hard.min_domains);
        let limit = hard.max_skew.saturating_add(least).saturating_sub(hard.self_match);
        demands.push((Demand::AtMost(limit), hard.counted));
    }
    // Nobody to be near to yet: the first of its kind may go anywhere.
    let nobody = needs.required.iter().all(|counted| counts.read(counted.tally).total == 0);
    let near = if nobody { Demand::Exists(needs.matches_itself) } else { Demand::Some };
    demands.extend(needs.required.iter().map(|&counted| (near, counted)));
    let standing = needs.forbidden.iter().filter(|counted| counts.read(counted.tally).total > 0);
    demands.extend(standing.map(|&counted| (Demand::None, counted)));
    demands
}

/// Works out the places that demands by keys of few domains allow; gives the other demands back.
fn allow(
    demands: &[(Demand, Counted)],
    allowed: &mut Vec<u64>,
    cache: &Cache,
    counts: &Counts,
    topology: &mut Topology,
) -> Vec<(Demand, Counted)> {
    allowed.clear();
    let mut by_node = Vec::new();
    for &(demand, counted) in demands {
        let Some(places) = topology.places(counted.key, cache) else {
            by_node.push((demand, counted));
            continue;
        };
        let tally = counts.read(counted.tally);
        let holds = |domain: usize| demand.holds(tally, domain as u32);
        let none_holds = demand.holds(tally, NO_DOMAIN);
        if (none_holds || places.all_have) && (0..places.of_domain.len()).all(holds) {
            continue;
        }
        if allowed.is_empty() {
            allowed.resize(cache.order().len().div_ceil(64), u64::MAX);
        }
        for (word, bits) in allowed.iter_mut().enumerate() {
            let mut these = if none_holds { places.of_none[word] } else { 0 };
            for (domain, of_domain) in places.of_domain.iter().enumerate() {
                if holds(domain) {
                    these |= of_domain[word];
                }
            }
            *bits &= these;
        }
    }
    by_node
}

/// Looks at places from `start` on, around the list, until enough are feasible. Gives how many were looked at, and whether any of the
/// feasible ones scores relative to others.
fn find(cycle: &Cycle<'_>, class: &mut Class, checks: &[Check<'_>], scratch: &mut Scratch, start: usize, wanted: usize) -> (usize, bool) {
    let order = cycle.world.cache.order();
    let Scratch { allowed, places, own, .. } = scratch;
    places.clear();
    own.clear();
    let mut relative = 0;
    for (from, to) in [(start, order.len()), (0, start)] {
        let mut at = from;
        while at < to {
            let (word, low) = (at / 64, at % 64);
            let end = to.min(64 * (word + 1));
            let mask = (u64::MAX << low) & (u64::MAX >> (64 * (word + 1) - end));
            class.refresh(cycle, word, mask);
            let mut feasible = class.view.feasible[word] & mask & allowed.get(word).copied().unwrap_or(u64::MAX);
            if !checks.is_empty() {
                let mut left = feasible;
                while left != 0 {
                    let bit = left & left.wrapping_neg();
                    left ^= bit;
                    let node = order[64 * word + bit.trailing_zeros() as usize];
                    if !checks.iter().all(|check| check.passes(node)) {
                        feasible ^= bit;
                    }
                }
            }
            let room = wanted - places.len();
            if feasible == mask && end - at <= room {
                places.extend(at as u32..end as u32);
                own.extend_from_slice(&class.view.own[at..end]);
                relative |= class.view.relative[word] & mask;
            } else {
                relative |= class.view.relative[word] & feasible;
                while feasible != 0 {
                    let place = 64 * word + feasible.trailing_zeros() as usize;
                    if places.len() == wanted {
                        // One more shows that there are enough: it does not count as looked at.
                        let looked_at = if place >= start { place - start } else { order.len() - start + place };
                        return (looked_at, relative != 0);
                    }
                    feasible &= feasible - 1;
                    places.push(place as u32);
                    own.push(class.view.own[place]);
                }
            }
            at = end;
        }
    }
    (order.len(), relative != 0)
}

/// What became of the nodes where the class refuses all.
fn refused(class: &Class, cache: &Cache) -> Refused {
    let curable: Vec<bool> = (0..class.refusals.len()).map(|number| class.refusals.is_curable(number)).collect();
    let places = class.view.refused_places(|number| curable[number]);
    let order = cache.order();
    Refused {
        curable: places.map(|place| order[place]).collect(),
        counts: class.view.refused.iter().map(|&n| n as usize).collect(),
        refusals: class.refusals.clone(),
        nominated: None,
    }
}

/// Adds up all scores of the feasible places, but for what is equal for all of them.
fn score(needs: &Needs, class: &Class, relative: bool, scratch: &mut Scratch, cache: &Cache, counts: &Counts, topology: &mut Topology) {
    let order = cache.order();
    scratch.totals.clear();
    scratch.totals.extend(scratch.own.iter().map(|&own| i64::from(own)));
    scratch.nodes.clear();
    scratch.nodes.extend(scratch.places.iter().map(|&place| order[place as usize]));
    if relative {
        add_relative(class, scratch.nodes.iter().copied(), &mut scratch.totals);
    }
    if !needs.soft.is_empty() && !spread_by_code(needs, scratch, counts, topology) {
        spread(needs, scratch, counts, topology);
        let Scratch { totals, raw, ignored, .. } = &mut *scratch;
        let taking_part = || raw.iter().zip(ignored.iter()).filter(|(_, ignored)| !**ignored).map(|(s, _)| *s);
        let (min, max) = (taking_part().min().unwrap_or(0), taking_part().max().unwrap_or(0));
        for ((total, &score), &ignored) in totals.iter_mut().zip(raw.iter()).zip(ignored.iter()) {
            if !ignored {
                *total += needs.spread_weight * ScoreState::turned(score, min, max);
            }
        }
    }
    let Scratch { places, nodes, totals, raw, .. } = scratch;
    // A count by a key that makes all nodes one domain is the same for all.
    raw.clear();
    for &(counted, weight) in &needs.weighted {
        let tally = counts.read(counted.tally);
        if tally.total == 0 || topology.places(counted.key, cache).is_some_and(|places| places.uniform) {
            continue;
        }
        raw.resize(places.len(), 0);
        let domains = topology.of_nodes(counted.key);
        for (raw, node) in raw.iter_mut().zip(nodes.iter()) {
            *raw += tally.at(domains.get(node.index()).copied().unwrap_or(NO_DOMAIN)).saturating_mul(weight);
        }
    }
    if !raw.is_empty() {
        inter_pod_affinity::ScoreState::normalize(raw);
        for (total, score) in totals.iter_mut().zip(raw.iter()) {
            *total += needs.affinity_weight * score;
        }
    }
}

/// Counts by node that codes tell apart; a greater one is no code.
const CODED_COUNTS: usize = 15;
/// As many codes as that at most.
const MAX_CODES: usize = 1_024;

/// Adds the scores of the soft spread constraints, each worked out once for all nodes that look alike to them: pods on the node few, and
/// domains few. False, and nothing added, where that is not so.
fn spread_by_code(needs: &Needs, scratch: &mut Scratch, counts: &Counts, topology: &Topology) -> bool {
    let Scratch { nodes, totals, codes, code_scores, .. } = scratch;
    // A node's code is made of one digit for each constraint: the count or the domain; the last digit stands for no domain.
    let digits = |soft: &Soft| if soft.per_node { CODED_COUNTS + 1 } else { topology.domain_count(soft.counted.key) + 1 };
    let all_codes = needs.soft.iter().fold(1usize, |product, soft| product.saturating_mul(digits(soft)));
    if all_codes > MAX_CODES {
        return false;
    }
    codes.clear();
    codes.resize(nodes.len(), 0);
    for soft in &needs.soft {
        let (base, none) = (digits(soft) as u16, digits(soft) - 1);
        let domains = topology.of_nodes(soft.counted.key);
        let pods = if soft.per_node { counts.read(soft.counted.tally).pods.bytes() } else { Some(&[][..]) };
        let Some(pods) = pods else { return false };
        let mut most = 0;
        for (code, node) in codes.iter_mut().zip(nodes.iter()) {
            let domain = domains.get(node.index()).copied().unwrap_or(NO_DOMAIN);
            let digit = if domain == NO_DOMAIN {
                none
            } else if soft.per_node {
                let count = pods.get(node.index()).map_or(0, |&pods| usize::from(pods));
                most = most.max(count);
                count
            } else {
                domain as usize
            };
            *code = code.wrapping_mul(base).wrapping_add(digit as u16);
        }
        if most >= CODED_COUNTS {
            return false;
        }
    }
    code_scores.clear();
    code_scores.resize(all_codes, None);
    for &code in codes.iter() {
        code_scores[usize::from(code)] = Some(0);
    }
    // The digit of a constraint, the last one's being the lowest.
    let digit = |code: usize, place: usize| {
        let lower: usize = needs.soft[place + 1..].iter().map(digits).product();
        code / lower % digits(&needs.soft[place])
    };
    let seen: Vec<usize> = (0..all_codes).filter(|&code| code_scores[code].is_some()).collect();
    let lacks_key = |code: usize| (0..needs.soft.len()).any(|place| digit(code, place) == digits(&needs.soft[place]) - 1);
    if needs.soft_keys_required && seen.iter().any(|&code| lacks_key(code)) {
        return false;
    }
    let weights = needs.soft.iter().enumerate().map(|(place, soft)| {
        let size = if soft.per_node {
            nodes.len()
        } else {
            let mut domains: Vec<usize> = seen.iter().map(|&code| digit(code, place)).collect();
            domains.sort_unstable();
            domains.dedup();
            domains.len()
        };
        float::ln((size + 2) as f64)
    });
    let weights: Vec<f64> = weights.collect();
    let (mut min, mut max) = (i64::MAX, i64::MIN);
    for &code in &seen {
        let mut sum = 0.0f64;
        for (place, (soft, weight)) in needs.soft.iter().zip(&weights).enumerate() {
            let digit = digit(code, place);
            if digit == digits(soft) - 1 {
                continue;
            }
            let count = if soft.per_node { digit as i64 } else { counts.read(soft.counted.tally).at(digit as u32) };
            sum += count as f64 * weight + (soft.max_skew - 1) as f64;
        }
        let score = float::round(sum) as i64;
        (min, max) = (min.min(score), max.max(score));
        code_scores[code] = Some(score);
    }
    let turn = |score: &mut Option<i64>| *score = score.map(|score| needs.spread_weight * ScoreState::turned(score, min, max));
    code_scores.iter_mut().for_each(turn);
    for (total, &code) in totals.iter_mut().zip(codes.iter()) {
        *total += code_scores[usize::from(code)].unwrap_or(0);
    }
    true
}

/// Adds the scores that the class keeps and that depend on the other feasible nodes.
fn add_relative(class: &Class, nodes: impl Iterator<Item = NodeId> + Clone, totals: &mut [i64]) {
    let (taint_weight, affinity_weight) = class.relative_weights();
    let most = nodes.clone().map(|n| class.relative(n)).fold((0, 0), |m, r| (m.0.max(r.0), m.1.max(r.1)));
    for (total, (taints, affinity)) in totals.iter_mut().zip(nodes.map(|n| class.relative(n))) {
        if most.0 != 0 {
            *total += taint_weight * (100 - 100 * taints / most.0);
        }
        if most.1 != 0 {
            *total += affinity_weight * (100 * affinity / most.1);
        }
    }
}

/// Raw scores of the soft spread constraints, and which nodes take no part: [`ScoreState::score`] without asking for each node.
fn spread(needs: &Needs, scratch: &mut Scratch, counts: &Counts, topology: &Topology) {
    let Scratch { nodes, sums, ignored, seen, raw, .. } = scratch;
    let nodes = || nodes.iter().copied();
    raw.clear();
    ignored.clear();
    ignored.extend(nodes().map(|_| false));
    let domain_of = |domains: &[u32], node: NodeId| domains.get(node.index()).copied().unwrap_or(NO_DOMAIN);
    if needs.soft_keys_required {
        for soft in &needs.soft {
            let domains = topology.of_nodes(soft.counted.key);
            for (ignored, node) in ignored.iter_mut().zip(nodes()) {
                *ignored |= domain_of(domains, node) == NO_DOMAIN;
            }
        }
    }
    sums.clear();
    sums.resize(ignored.len(), 0.0);
    for soft in &needs.soft {
        let domains = topology.of_nodes(soft.counted.key);
        let tally = counts.read(soft.counted.tally);
        let size = if soft.per_node {
            ignored.iter().filter(|ignored| !**ignored).count()
        } else {
            seen.clear();
            let (mut size, mut missing) = (0, 0);
            for (node, _) in nodes().zip(ignored.iter()).filter(|(_, ignored)| !**ignored) {
                let domain = domain_of(domains, node);
                if domain == NO_DOMAIN {
                    missing = 1;
                    continue;
                }
                if seen.len() <= domain as usize {
                    seen.resize(domain as usize + 1, false);
                }
                size += usize::from(!std::mem::replace(&mut seen[domain as usize], true));
            }
            size + missing
        };
        let weight = float::ln((size + 2) as f64);
        let skew = (soft.max_skew - 1) as f64;
        for (sum, node) in sums.iter_mut().zip(nodes()) {
            let domain = domain_of(domains, node);
            if domain != NO_DOMAIN {
                let count = tally.at(if soft.per_node { node.0 } else { domain });
                *sum += count as f64 * weight + skew;
            }
        }
    }
    raw.extend(sums.iter().zip(ignored.iter()).map(|(&sum, &ignored)| if ignored { 0 } else { float::round(sum) as i64 }));
}
