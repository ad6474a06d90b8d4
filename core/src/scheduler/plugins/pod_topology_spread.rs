//! PodTopologySpread: spread constraints, of the pod itself or the profile's defaults
//! (`plugins/podtopologyspread`, `plugins/helper/spread.go`, v1.37).

use std::sync::Arc;

use super::Plugin;
use super::node_affinity::RequiredNodeAffinity;
use crate::cluster::Cluster;
use crate::cluster::ids::NodeId;
use crate::cluster::labels::{Operator, Requirement, Selector};
use crate::cluster::pod::{Owner, Pod};
use crate::scheduler::cache::Cache;
use crate::scheduler::config::{Profile, WellKnown};
use crate::scheduler::counts::{DomainKey, MaskKey, Members, Tally, TallySpec, admits};
use crate::scheduler::status::Refusal;
use crate::scheduler::terms::labels_match;
use crate::scheduler::topology::NO_DOMAIN;
use crate::units::float;
use crate::units::intern::Sym;

/// One constraint as it applies to a pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    /// `maxSkew`.
    pub max_skew: i64,
    /// `topologyKey`.
    pub key: Sym,
    /// Which pods are counted.
    pub selector: Selector,
    /// `minDomains`.
    pub min_domains: i64,
    /// `nodeAffinityPolicy: Honor`.
    pub honor_affinity: bool,
    /// `nodeTaintsPolicy: Honor`.
    pub honor_taints: bool,
}

/// The constraints of a pod that are hard, or those that are soft.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constraints {
    /// In the order given.
    pub list: Vec<Constraint>,
    /// Nodes that lack one of the keys are left out: not for the system's default constraints.
    pub require_all_keys: bool,
}

impl Constraints {
    /// The hard (`DoNotSchedule`) or the soft (`ScheduleAnyway`) constraints of a pod.
    pub fn of(cluster: &Cluster, pod: &Pod, profile: &Profile, hard: bool) -> Constraints {
        let own = &cluster.template(pod.template).spread;
        if !own.is_empty() {
            let list = own.iter().filter(|c| c.hard == hard).map(|c| Constraint {
                max_skew: i64::from(c.max_skew),
                key: c.topology_key,
                selector: c.selector.clone(),
                min_domains: i64::from(c.min_domains),
                honor_affinity: c.honor_affinity,
                honor_taints: c.honor_taints,
            });
            return Constraints { list: list.collect(), require_all_keys: true };
        }
        let require_all_keys = !profile.system_defaults;
        let defaults = || profile.default_constraints.iter().filter(|c| c.hard == hard);
        if defaults().next().is_none() {
            return Constraints { list: Vec::new(), require_all_keys };
        }
        let Some(selector) = default_selector(cluster, pod) else { return Constraints { list: Vec::new(), require_all_keys } };
        let list = defaults().map(|c| Constraint {
            max_skew: i64::from(c.max_skew),
            key: c.topology_key,
            selector: selector.clone(),
            min_domains: 1,
            honor_affinity: true,
            honor_taints: false,
        });
        Constraints { list: list.collect(), require_all_keys }
    }

    /// Which nodes are counted for a constraint: those its policies admit and that have all of `keys`.
    fn mask(&self, constraint: &Constraint, cluster: &Cluster, pod: &Pod) -> MaskKey {
        let affinity = constraint.honor_affinity && !RequiredNodeAffinity::of(cluster.template(pod.template), pod.pinned).is_absent();
        let mut keys: Vec<Sym> = if self.require_all_keys { self.list.iter().map(|c| c.key).collect() } else { Vec::new() };
        keys.sort_unstable();
        keys.dedup();
        MaskKey { affinity: affinity.then_some((pod.template, pod.pinned)), taints: constraint.honor_taints.then_some(pod.template), keys }
    }
}

/// What the system's default constraints count: pods that every Service selecting this pod selects, and that its controller
/// selects (`plugins/helper/spread.go` DefaultSelector). None where that is empty.
pub fn default_selector(cluster: &Cluster, pod: &Pod) -> Option<Selector> {
    let mut pairs: Vec<(Sym, Sym)> = Vec::new();
    for service in cluster.services.iter().filter(|s| !s.meta.gone && s.meta.namespace == pod.namespace) {
        let Some(selector) = &service.selector else { continue };
        let labels = crate::scheduler::terms::pod_labels(cluster, pod);
        if selector.iter().all(|(key, value)| labels.get(key) == Some(value)) {
            pairs.extend(selector.iter());
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    let equals = |(key, value)| Requirement { key, operator: Operator::In, values: vec![value] };
    let mut requirements: Vec<Requirement> = pairs.into_iter().map(equals).collect();
    let owner = match pod.owner {
        Owner::ReplicaSet(id) => cluster.replica_sets.get(id.index()).filter(|rs| !rs.meta.gone).map(|rs| &rs.selector),
        Owner::StatefulSet(id) => cluster.stateful_sets.get(id.index()).filter(|set| !set.meta.gone).map(|set| &set.selector),
        Owner::None | Owner::DaemonSet(_) | Owner::Job(_) | Owner::Foreign { .. } | Owner::Node => None,
    };
    match owner {
        Some(Selector::All(own)) => requirements.extend(own.iter().cloned()),
        // A selector that matches nothing adds no requirement (`labels.Nothing().Requirements()` is not selectable).
        Some(Selector::Nothing) | None => {}
    }
    (!requirements.is_empty()).then_some(Selector::All(requirements))
}

/// A hard constraint with its counts.
#[derive(Clone, Debug)]
pub struct HardConstraint {
    /// The constraint.
    pub constraint: Constraint,
    mask: MaskKey,
    domains: Arc<Vec<u32>>,
    tally: Arc<Tally>,
    self_match: i64,
    minimum: Minimum,
}

/// The emptiest domains.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::scheduler) struct Minimum {
    domains: i64,
    least: i64,
    at: u32,
    // Least of the others; as large as can be if there are none.
    runner_up: i64,
}

impl Minimum {
    /// Of all domains that have a node.
    pub(in crate::scheduler) fn of(tally: &Tally) -> Minimum {
        let mut minimum = Minimum { domains: 0, least: i64::MAX, at: NO_DOMAIN, runner_up: i64::MAX };
        for (domain, _) in tally.nodes.iter().enumerate().filter(|n| *n.1 > 0) {
            let count = tally.at(domain as u32);
            minimum.domains += 1;
            if count < minimum.least {
                minimum.runner_up = minimum.least;
                (minimum.least, minimum.at) = (count, domain as u32);
            } else if count < minimum.runner_up {
                minimum.runner_up = count;
            }
        }
        minimum
    }

    /// The least count as a constraint sees it: none where there are fewer domains than it wants.
    pub(in crate::scheduler) fn least(&self, min_domains: i64) -> i64 {
        if self.domains < min_domains { 0 } else { self.least }
    }

    /// The least count if `domain` had `count`.
    fn with(&self, domain: u32, count: i64) -> i64 {
        if domain == self.at { self.runner_up.min(count) } else { self.least.min(count) }
    }
}

/// What the filter knows of a pod.
#[derive(Clone, Debug)]
pub struct FilterState {
    /// Hard constraints, in order.
    pub hard: Vec<HardConstraint>,
}

/// Gives the count for a specification.
pub trait Counter {
    /// The count.
    fn tally(&mut self, spec: &TallySpec) -> Arc<Tally>;
    /// The domain of every node by a label key.
    fn domains(&mut self, key: Sym) -> Arc<Vec<u32>>;
}

/// A hard constraint, and what is to be counted for it.
pub(in crate::scheduler) struct HardNeed {
    pub(in crate::scheduler) constraint: Constraint,
    pub(in crate::scheduler) spec: TallySpec,
    mask: MaskKey,
    /// The pod itself counts when it comes.
    pub(in crate::scheduler) self_match: i64,
}

/// What the filter needs to count for a pod.
pub(in crate::scheduler) fn hard_needs(cluster: &Cluster, pod: &Pod, profile: &Profile) -> Vec<HardNeed> {
    let mut constraints = Constraints::of(cluster, pod, profile, true);
    // The filter looks only at nodes that have all keys, whoever made the constraints.
    constraints.require_all_keys = true;
    let needs = constraints.list.iter().map(|constraint| {
        let mask = constraints.mask(constraint, cluster, pod);
        let members = Members::Spread(pod.namespace, constraint.selector.clone());
        let spec = TallySpec { members, domain: DomainKey::Label(constraint.key), mask: Some(mask.clone()) };
        let self_match = i64::from(labels_match(cluster, pod, &constraint.selector));
        HardNeed { constraint: constraint.clone(), spec, mask, self_match }
    });
    needs.collect()
}

/// Counts for the hard constraints; none if there are none (the filter is skipped).
pub fn pre_filter(cluster: &Cluster, pod: &Pod, profile: &Profile, counter: &mut dyn Counter) -> Option<FilterState> {
    let needs = hard_needs(cluster, pod, profile);
    if needs.is_empty() {
        return None;
    }
    let hard = needs.into_iter().map(|HardNeed { constraint, spec, mask, self_match }| {
        let domains = counter.domains(constraint.key);
        let tally = counter.tally(&spec);
        let minimum = Minimum::of(&tally);
        HardConstraint { constraint, mask, domains, tally, self_match, minimum }
    });
    Some(FilterState { hard: hard.collect() })
}

impl FilterState {
    /// Why the node does not do. `shift` is how many pods more or less count in the node's domain for each constraint; empty
    /// for none.
    pub fn filter(&self, node: NodeId, shift: &[i64]) -> Option<Refusal> {
        for (i, hard) in self.hard.iter().enumerate() {
            let domain = hard.domains.get(node.index()).copied().unwrap_or(NO_DOMAIN);
            if domain == NO_DOMAIN {
                let reason = "node(s) didn't match pod topology spread constraints (missing required label)";
                return Some(Refusal::unresolvable(Plugin::PodTopologySpread, reason));
            }
            let registered = hard.tally.has_domain(domain);
            let shift = shift.get(i).copied().unwrap_or(0);
            let count = if registered { hard.tally.at(domain) + shift } else { 0 };
            let min_domains = hard.constraint.min_domains;
            let least = if shift == 0 || hard.minimum.domains < min_domains {
                hard.minimum.least(min_domains)
            } else {
                hard.minimum.with(domain, count)
            };
            if count + hard.self_match - least > hard.constraint.max_skew {
                return Some(Refusal::curable(Plugin::PodTopologySpread, "node(s) didn't match pod topology spread constraints"));
            }
        }
        None
    }

    /// How a pod more (`by` 1) or less (-1) on `node` moves the counts there; `deleting` is not looked at.
    pub fn shift(&self, (cluster, cache): (&Cluster, &Cache), node: NodeId, incoming: &Pod, pod: &Pod, by: i64, shift: &mut Vec<i64>) {
        if pod.namespace != incoming.namespace {
            return;
        }
        shift.resize(self.hard.len(), 0);
        for (hard, shift) in self.hard.iter().zip(shift) {
            if labels_match(cluster, pod, &hard.constraint.selector) && admits(&hard.mask, cluster, cache, node) {
                *shift += by;
            }
        }
    }
}

/// A soft constraint with its counts.
#[derive(Clone, Debug)]
struct SoftConstraint {
    domains: Arc<Vec<u32>>,
    // By node itself for the host name, else by domain.
    tally: Arc<Tally>,
    per_node: bool,
    max_skew: i64,
}

/// What scoring knows of a pod.
#[derive(Clone, Debug)]
pub struct ScoreState {
    soft: Vec<SoftConstraint>,
    required: Vec<Arc<Vec<u32>>>,
}

/// A soft constraint, and what is to be counted for it.
pub(in crate::scheduler) struct SoftNeed {
    pub(in crate::scheduler) key: Sym,
    pub(in crate::scheduler) max_skew: i64,
    pub(in crate::scheduler) spec: TallySpec,
    pub(in crate::scheduler) per_node: bool,
}

/// What scoring needs to count for a pod, and whether nodes that lack a key are left out.
pub(in crate::scheduler) fn soft_needs(cluster: &Cluster, pod: &Pod, profile: &Profile, known: &WellKnown) -> (Vec<SoftNeed>, bool) {
    let constraints = Constraints::of(cluster, pod, profile, false);
    let needs = constraints.list.iter().map(|constraint| {
        let per_node = constraint.key == known.hostname;
        let members = Members::Spread(pod.namespace, constraint.selector.clone());
        let mask = constraints.mask(constraint, cluster, pod);
        let trivial = mask.affinity.is_none() && mask.taints.is_none() && mask.keys.is_empty();
        let spec = if per_node {
            TallySpec { members, domain: DomainKey::Node, mask: None }
        } else {
            TallySpec { members, domain: DomainKey::Label(constraint.key), mask: (!trivial).then_some(mask) }
        };
        SoftNeed { key: constraint.key, max_skew: constraint.max_skew, spec, per_node }
    });
    (needs.collect(), constraints.require_all_keys)
}

/// Counts for the soft constraints; none if there are none (scoring is skipped).
pub fn pre_score(cluster: &Cluster, pod: &Pod, profile: &Profile, known: &WellKnown, counter: &mut dyn Counter) -> Option<ScoreState> {
    let (needs, require_all_keys) = soft_needs(cluster, pod, profile, known);
    if needs.is_empty() {
        return None;
    }
    let soft = needs.into_iter().map(|need| {
        let domains = counter.domains(need.key);
        SoftConstraint { domains, tally: counter.tally(&need.spec), per_node: need.per_node, max_skew: need.max_skew }
    });
    let soft: Vec<SoftConstraint> = soft.collect();
    let required = if require_all_keys { soft.iter().map(|s| s.domains.clone()).collect() } else { Vec::new() };
    Some(ScoreState { soft, required })
}

impl ScoreState {
    fn is_ignored(&self, node: NodeId) -> bool {
        self.required.iter().any(|domains| domains.get(node.index()).is_none_or(|&d| d == NO_DOMAIN))
    }

    /// Raw scores of the feasible nodes, and which of them are left out.
    pub fn score(&self, feasible: &[NodeId]) -> (Vec<i64>, Vec<bool>) {
        let ignored: Vec<bool> = feasible.iter().map(|&n| self.is_ignored(n)).collect();
        let taking_part = ignored.iter().filter(|i| !**i).count();
        let mut seen: Vec<bool> = Vec::new();
        let weights: Vec<f64> = self
            .soft
            .iter()
            .map(|soft| {
                let size = if soft.per_node {
                    taking_part
                } else {
                    seen.clear();
                    let (mut size, mut missing) = (0, 0);
                    for (&node, _) in feasible.iter().zip(&ignored).filter(|(_, ignored)| !**ignored) {
                        let domain = soft.domains.get(node.index()).copied().unwrap_or(NO_DOMAIN);
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
                float::ln((size + 2) as f64)
            })
            .collect();
        let score = |node: NodeId| {
            let mut sum = 0.0f64;
            for (soft, weight) in self.soft.iter().zip(&weights) {
                let domain = soft.domains.get(node.index()).copied().unwrap_or(NO_DOMAIN);
                if domain == NO_DOMAIN {
                    continue;
                }
                let count = soft.tally.at(if soft.per_node { node.0 } else { domain });
                sum += count as f64 * weight + (soft.max_skew - 1) as f64;
            }
            float::round(sum) as i64
        };
        let raw = feasible.iter().zip(&ignored).map(|(&node, &ignored)| if ignored { 0 } else { score(node) }).collect();
        (raw, ignored)
    }

    /// Turns raw scores around: the fewer, the better.
    pub fn normalize(scores: &mut [i64], ignored: &[bool]) {
        let taking_part = || scores.iter().zip(ignored).filter(|(_, ignored)| !**ignored).map(|(s, _)| *s);
        let (min, max) = (taking_part().min().unwrap_or(0), taking_part().max().unwrap_or(0));
        for (score, ignored) in scores.iter_mut().zip(ignored) {
            *score = if *ignored { 0 } else { ScoreState::turned(*score, min, max) };
        }
    }

    /// One raw score turned around, the least and the most being known.
    pub(in crate::scheduler) fn turned(score: i64, min: i64, max: i64) -> i64 {
        if max == 0 { 100 } else { 100 * (max + min - score) / max }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalizing_turns_scores_around() {
        let mut scores = vec![4, 2, 0, 5];
        ScoreState::normalize(&mut scores, &[false; 4]);
        assert_eq!(scores, [20, 60, 100, 0]);
        let mut with_ignored = vec![0, 9, 6];
        ScoreState::normalize(&mut with_ignored, &[true, false, false]);
        assert_eq!(with_ignored, [0, 66, 100]);
    }

    #[test]
    fn the_minimum_follows_one_domain() {
        let tally = Tally { pods: [2, 1, 1].into_iter().collect(), nodes: vec![1, 1, 1], total: 4 };
        let minimum = Minimum::of(&tally);
        assert_eq!((minimum.domains, minimum.least), (3, 1));
        assert_eq!(minimum.with(1, 5), 1, "another domain has one, too");
        assert_eq!(minimum.with(0, 0), 0);
    }
}
