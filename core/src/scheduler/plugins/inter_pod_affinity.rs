//! InterPodAffinity: affinity and anti-affinity between pods, in both directions (`plugins/interpodaffinity`, v1.37).

use std::sync::Arc;

use super::Plugin;
use super::pod_topology_spread::Counter;
use crate::cluster::Cluster;
use crate::cluster::ids::NodeId;
use crate::cluster::pod::Pod;
use crate::cluster::template::{PodAffinityTerm, WeightedPodAffinityTerm};
use crate::scheduler::config::Profile;
use crate::scheduler::counts::{DomainKey, Members, Tally, TallySpec};
use crate::scheduler::status::Refusal;
use crate::scheduler::terms::{HeldKind, HeldTerm, OwnTerm, namespace_sym, pod_labels};
use crate::scheduler::topology::NO_DOMAIN;
use crate::units::intern::Sym;

/// Gives counts, and the terms that existing pods hold.
pub trait HeldCounter: Counter {
    /// Every term that a pod on a listed node holds and that means the incoming pod, in no special order.
    fn held_meaning(&mut self, pod: &Pod) -> Vec<HeldTerm>;
}

/// One term with its counts.
#[derive(Clone, Debug)]
struct Counted {
    key: Sym,
    domains: Arc<Vec<u32>>,
    tally: Arc<Tally>,
}

impl Counted {
    fn domain(&self, node: NodeId) -> u32 {
        self.domains.get(node.index()).copied().unwrap_or(NO_DOMAIN)
    }

    fn at(&self, node: NodeId) -> i64 {
        self.tally.at(self.domain(node))
    }
}

/// What the filter knows of a pod.
#[derive(Clone, Debug)]
pub struct FilterState {
    required_terms: Vec<OwnTerm>,
    anti_terms: Vec<OwnTerm>,
    // One for each required term: pods that match all of them, by that term's key.
    required: Vec<Counted>,
    anti: Vec<Counted>,
    existing: Vec<Counted>,
    matches_itself: bool,
}

/// How pods that are added to or taken from one node move what the filter knows there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shift {
    // Pods that match all required terms.
    required: i64,
    // By own anti-affinity term.
    anti: Vec<i64>,
    // By topology key: terms of pods that mean the incoming one.
    existing: Vec<(Sym, i64)>,
}

/// What is to be counted, and by which key.
#[derive(Clone, Debug)]
pub(in crate::scheduler) struct Need {
    pub(in crate::scheduler) key: Sym,
    members: Members,
}

impl Need {
    /// The count that is needed.
    pub(in crate::scheduler) fn spec(self) -> TallySpec {
        TallySpec { members: self.members, domain: DomainKey::Label(self.key), mask: None }
    }

    fn counted(self, counter: &mut dyn HeldCounter) -> Counted {
        let key = self.key;
        let domains = counter.domains(key);
        Counted { key, domains, tally: counter.tally(&self.spec()) }
    }

    fn holding(term: HeldTerm) -> Need {
        Need { key: term.topology_key, members: Members::Holding(Box::new(term)) }
    }
}

/// What the filter needs to count for a pod.
pub(in crate::scheduler) struct FilterNeeds {
    required_terms: Vec<OwnTerm>,
    anti_terms: Vec<OwnTerm>,
    pub(in crate::scheduler) required: Vec<Need>,
    pub(in crate::scheduler) anti: Vec<Need>,
    pub(in crate::scheduler) existing: Vec<Need>,
    pub(in crate::scheduler) matches_itself: bool,
}

/// What the filter needs to count for a pod.
pub(in crate::scheduler) fn filter_needs(cluster: &Cluster, pod: &Pod, counter: &mut dyn HeldCounter) -> FilterNeeds {
    let template = cluster.template(pod.template);
    let (required, anti): (&[PodAffinityTerm], &[PodAffinityTerm]) = match &template.affinity {
        Some(affinity) => (&affinity.pod_required, &affinity.anti_required),
        None => (&[], &[]),
    };
    let held = counter.held_meaning(pod).into_iter().filter(|t| t.kind == HeldKind::RequiredAnti);
    let existing = held.map(Need::holding).collect();
    let resolve = |terms: &[PodAffinityTerm]| -> Vec<OwnTerm> { terms.iter().map(|t| OwnTerm::new(t, pod.namespace, cluster)).collect() };
    let (required_terms, anti_terms) = (resolve(required), resolve(anti));
    let (namespace, labels) = (namespace_sym(cluster, pod.namespace), pod_labels(cluster, pod));
    let matches_itself = !required_terms.is_empty() && required_terms.iter().all(|t| t.matches(namespace, labels, cluster));
    let required = required.iter().map(|t| Need { key: t.topology_key, members: Members::Matching(required_terms.clone()) }).collect();
    let anti = anti.iter().zip(&anti_terms);
    let anti = anti.map(|(t, own)| Need { key: t.topology_key, members: Members::Matching(vec![own.clone()]) }).collect();
    FilterNeeds { required_terms, anti_terms, required, anti, existing, matches_itself }
}

/// Counts for the filter; none if there is nothing to check (the filter is skipped).
pub fn pre_filter(cluster: &Cluster, pod: &Pod, counter: &mut dyn HeldCounter) -> Option<FilterState> {
    let FilterNeeds { required_terms, anti_terms, required, anti, existing, matches_itself } = filter_needs(cluster, pod, counter);
    let existing = existing.into_iter().map(|need| need.counted(counter)).filter(|c| c.tally.total > 0);
    let existing: Vec<Counted> = existing.collect();
    if required.is_empty() && anti.is_empty() && existing.is_empty() {
        return None;
    }
    let required = required.into_iter().map(|need| need.counted(counter)).collect();
    let anti = anti.into_iter().map(|need| need.counted(counter)).collect();
    Some(FilterState { required_terms, anti_terms, required, anti, existing, matches_itself })
}

impl FilterState {
    /// Why the node does not do.
    pub fn filter(&self, node: NodeId, shift: &Shift) -> Option<Refusal> {
        if !self.required_holds(node, shift) {
            return Some(Refusal::unresolvable(Plugin::InterPodAffinity, "node(s) didn't match pod affinity rules"));
        }
        if self.anti.iter().any(|term| term.domain(node) != NO_DOMAIN && self.anti_at(term.key, node, shift) > 0) {
            return Some(Refusal::curable(Plugin::InterPodAffinity, "node(s) didn't match pod anti-affinity rules"));
        }
        let kept_off = if shift.existing.is_empty() {
            self.existing.iter().any(|c| c.at(node) > 0)
        } else {
            let keys = self.existing.iter().map(|c| c.key).chain(shift.existing.iter().map(|s| s.0));
            keys.into_iter().any(|key| {
                let standing: i64 = self.existing.iter().filter(|c| c.key == key).map(|c| c.at(node)).sum();
                let moved: i64 = shift.existing.iter().filter(|s| s.0 == key).map(|s| s.1).sum();
                standing + moved > 0
            })
        };
        kept_off.then(|| Refusal::curable(Plugin::InterPodAffinity, "node(s) didn't satisfy existing pods anti-affinity rules"))
    }

    /// Two anti-affinity terms of one key share their counts.
    fn anti_at(&self, key: Sym, node: NodeId, shift: &Shift) -> i64 {
        let same = self.anti.iter().enumerate().filter(|(_, other)| other.key == key);
        same.map(|(i, other)| other.at(node) + shift.anti.get(i).copied().unwrap_or(0)).sum()
    }

    fn required_holds(&self, node: NodeId, shift: &Shift) -> bool {
        if self.required.is_empty() {
            return true;
        }
        if self.required.iter().any(|term| term.domain(node) == NO_DOMAIN) {
            return false;
        }
        if self.required.iter().all(|term| term.at(node) + shift.required > 0) {
            return true;
        }
        // Nobody to be near to yet: the first of its kind may go anywhere.
        let nobody = self.required.iter().map(|term| term.tally.total + shift.required).sum::<i64>() == 0;
        nobody && self.matches_itself
    }

    /// A pod more (`by` 1) or less (-1) on a node.
    pub fn shift(&self, cluster: &Cluster, node: NodeId, incoming: &Pod, pod: &Pod, by: i64, shift: &mut Shift) {
        let (namespace, labels) = (namespace_sym(cluster, pod.namespace), pod_labels(cluster, pod));
        if !self.required_terms.is_empty() && self.required_terms.iter().all(|t| t.matches(namespace, labels, cluster)) {
            shift.required += by;
        }
        shift.anti.resize(self.anti_terms.len(), 0);
        for (term, moved) in self.anti_terms.iter().zip(&mut shift.anti) {
            if term.matches(namespace, labels, cluster) {
                *moved += by;
            }
        }
        shift_existing(cluster, node, incoming, pod, by, shift);
    }
}

/// The part of a shift that needs no terms of the incoming pod: required anti-affinity of the pod that comes or goes.
fn shift_existing(cluster: &Cluster, node: NodeId, incoming: &Pod, pod: &Pod, by: i64, shift: &mut Shift) {
    let incoming_labels = pod_labels(cluster, incoming);
    for term in HeldTerm::of_template(cluster.template(pod.template), cluster) {
        if term.kind == HeldKind::RequiredAnti
            && cluster.node(node).labels.get(term.topology_key).is_some()
            && term.matches(incoming.namespace, incoming_labels, cluster)
        {
            shift.existing.push((term.topology_key, by));
        }
    }
}

/// What scoring knows of a pod: each count with its weight, negative for anti-affinity.
#[derive(Clone, Debug)]
pub struct ScoreState {
    weighted: Vec<(Counted, i64)>,
}

/// What scoring needs to count for a pod, with weights; none if the pod does not care and nobody else is asked.
pub(in crate::scheduler) fn score_needs(
    cluster: &Cluster,
    pod: &Pod,
    profile: &Profile,
    counter: &mut dyn HeldCounter,
) -> Option<Vec<(Need, i64)>> {
    let template = cluster.template(pod.template);
    let (preferred, anti): (&[WeightedPodAffinityTerm], &[WeightedPodAffinityTerm]) = match &template.affinity {
        Some(affinity) => (&affinity.pod_preferred, &affinity.anti_preferred),
        None => (&[], &[]),
    };
    if profile.ignore_preferred_terms_of_existing_pods && preferred.is_empty() && anti.is_empty() {
        return None;
    }
    let mut weighted = Vec::new();
    let signed = preferred.iter().map(|t| (t, 1)).chain(anti.iter().map(|t| (t, -1)));
    for (term, sign) in signed {
        let own = OwnTerm::new(&term.term, pod.namespace, cluster);
        weighted.push((Need { key: term.term.topology_key, members: Members::Matching(vec![own]) }, sign * i64::from(term.weight)));
    }
    for term in counter.held_meaning(pod) {
        let weight = match term.kind {
            HeldKind::RequiredAnti => continue,
            HeldKind::RequiredAffinity => profile.hard_pod_affinity_weight,
            HeldKind::PreferredAffinity(weight) => i64::from(weight),
            HeldKind::PreferredAnti(weight) => -i64::from(weight),
        };
        if weight != 0 {
            weighted.push((Need::holding(term), weight));
        }
    }
    Some(weighted)
}

/// Counts for scoring; none if nobody prefers anything (scoring is skipped).
pub fn pre_score(cluster: &Cluster, pod: &Pod, profile: &Profile, counter: &mut dyn HeldCounter) -> Option<ScoreState> {
    let needs = score_needs(cluster, pod, profile, counter)?;
    let weighted = needs.into_iter().map(|(need, weight)| (need.counted(counter), weight));
    let weighted: Vec<(Counted, i64)> = weighted.filter(|(counted, _)| counted.tally.total > 0).collect();
    (!weighted.is_empty()).then_some(ScoreState { weighted })
}

impl ScoreState {
    /// The raw score of a node.
    pub fn score(&self, node: NodeId) -> i64 {
        self.weighted.iter().map(|(counted, weight)| counted.at(node).saturating_mul(*weight)).sum()
    }

    /// Stretches raw scores over 0 to 100.
    pub fn normalize(scores: &mut [i64]) {
        let (min, max) = (scores.iter().copied().min().unwrap_or(0), scores.iter().copied().max().unwrap_or(0));
        let difference = max - min;
        for score in scores.iter_mut() {
            *score = if difference > 0 { (100.0 * ((*score - min) as f64 / difference as f64)) as i64 } else { 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalizing_stretches() {
        let mut scores = vec![20, 10, 0];
        ScoreState::normalize(&mut scores);
        assert_eq!(scores, [100, 50, 0]);
        let mut equal = vec![7, 7];
        ScoreState::normalize(&mut equal);
        assert_eq!(equal, [0, 0]);
    }
}
