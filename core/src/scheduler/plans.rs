//! What a template's pods need to have counted, found out once: which kept counts their spread constraints, affinities and the terms
//! of others come down to. And what their last failure was, for as long as nothing happens.
//!
//! Only a shortcut: the plugins say what is needed, and a pod for which anything else matters has no plan.

use super::attempt::Attempt;
use super::cache::Cache;
use super::classes::kept_filters;
use super::counts::{Counts, DomainKey, TallySpec};
use super::framework::Cycle;
use super::plugins::inter_pod_affinity::{self, Need};
use super::plugins::{Plugin, pod_topology_spread};
use super::source::Source;
use super::topology::Topology;
use crate::cluster::Cluster;
use crate::cluster::labels::Selector;
use crate::cluster::pod::{Owner, Pod};
use crate::units::grow;

/// A kept count and the number of its topology key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// See [`Counts::id`].
    pub(super) tally: u32,
    /// See [`Topology::number`].
    pub(super) key: usize,
}

/// A hard spread constraint.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hard {
    pub(super) counted: Counted,
    pub(super) max_skew: i64,
    pub(super) min_domains: i64,
    /// The pod itself counts when it comes.
    pub(super) self_match: i64,
}

/// A soft spread constraint.
#[derive(Clone, Copy, Debug)]
pub(super) struct Soft {
    pub(super) counted: Counted,
    pub(super) max_skew: i64,
    /// Counted by node, not by domain.
    pub(super) per_node: bool,
}

/// What matters for pods of a template beside what their class keeps.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs {
    /// Filters that are off for such pods, as far as the class has to know.
    pub(super) skipped: u32,
    pub(super) hard: Vec<Hard>,
    pub(super) soft: Vec<Soft>,
    /// Nodes that lack a key of a soft constraint score nothing.
    pub(super) soft_keys_required: bool,
    pub(super) spread_weight: i64,
    pub(super) required: Vec<Counted>,
    pub(super) matches_itself: bool,
    /// Own anti-affinity, and that of others that means such pods: nobody of these may be in the domain.
    pub(super) forbidden: Vec<Counted>,
    pub(super) weighted: Vec<(Counted, i64)>,
    pub(super) affinity_weight: i64,
    /// All counts above.
    pub(super) tallies: Vec<u32>,
}

/// The plan for pods of one template and one controller.
#[derive(Clone, Debug)]
struct Plan {
    profile: usize,
    owner: Owner,
    counts: u32,
    services: u32,
    owner_state: Option<(bool, Selector)>,
    needs: Option<Needs>,
    failure: Option<Box<Failure>>,
}

/// A failure that lasts as long as the cache's clock stands.
#[derive(Clone, Debug)]
struct Failure {
    clock: u32,
    priority: i32,
    attempt: Attempt,
}

/// All plans, by template.
#[derive(Clone, Debug, Default)]
pub(super) struct Plans {
    of_template: Vec<Vec<Plan>>,
    // Changes with the Services.
    services: u32,
}

/// Where a plan is.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlanId {
    template: usize,
    place: usize,
}

/// Plans of one template; beyond, they are begun anew.
const MAX_PLANS: usize = 64;

impl Plans {
    /// A Service came, changed or went.
    pub(super) fn services_changed(&mut self) {
        self.services = self.services.wrapping_add(1);
    }

    /// The plan for a pod, made if need be. The pod has neither labels nor a node of its own.
    pub(super) fn of(
        &mut self,
        pod: &Pod,
        profile: usize,
        source: &mut Source<'_>,
        make: impl FnOnce(&mut Source<'_>) -> Option<Needs>,
    ) -> PlanId {
        let template = pod.template.index();
        let plans = grow::at(&mut self.of_template, template, Vec::new);
        // Only these controllers' selectors matter (`plugins/helper/spread.go` DefaultSelector).
        let owner = match pod.owner {
            Owner::ReplicaSet(_) | Owner::StatefulSet(_) => pod.owner,
            _ => Owner::None,
        };
        let state = owner_state(source.cluster, owner);
        let found = plans.iter().position(|plan| plan.profile == profile && plan.owner == owner);
        if let Some(place) = found {
            let plan = &plans[place];
            let same_owner = match (&plan.owner_state, state) {
                (None, None) => true,
                (Some((gone, selector)), Some((gone_now, selector_now))) => *gone == gone_now && selector == selector_now,
                _ => false,
            };
            if same_owner && plan.counts == source.counts.version() && plan.services == self.services {
                return PlanId { template, place };
            }
        }
        let needs = make(source);
        let owner_state = state.map(|(gone, selector)| (gone, selector.clone()));
        // Making a plan may have shown new terms.
        let counts = source.counts.version();
        let plan = Plan { profile, owner, counts, services: self.services, owner_state, needs, failure: None };
        let place = match found {
            Some(place) => {
                plans[place] = plan;
                place
            }
            None => {
                if plans.len() >= MAX_PLANS {
                    plans.clear();
                }
                plans.push(plan);
                plans.len() - 1
            }
        };
        PlanId { template, place }
    }

    /// What a plan says; none for pods that need more than plans know.
    pub(super) fn needs(&self, id: PlanId) -> Option<&Needs> {
        self.of_template[id.template][id.place].needs.as_ref()
    }

    /// How an equal pod failed just now.
    pub(super) fn failure(&self, id: PlanId, pod: &Pod, cache: &Cache) -> Option<&Attempt> {
        let failure = self.of_template[id.template][id.place].failure.as_ref()?;
        (failure.clock == cache.clock() && failure.priority == pod.priority).then_some(&failure.attempt)
    }

    /// Keeps how a pod failed.
    pub(super) fn keep_failure(&mut self, id: PlanId, pod: &Pod, cache: &Cache, attempt: &Attempt) {
        let failure = Failure { clock: cache.clock(), priority: pod.priority, attempt: attempt.clone() };
        self.of_template[id.template][id.place].failure = Some(Box::new(failure));
    }
}

fn owner_state(cluster: &Cluster, owner: Owner) -> Option<(bool, &Selector)> {
    match owner {
        Owner::ReplicaSet(id) => cluster.replica_sets.get(id.index()).map(|set| (set.meta.gone, &set.selector)),
        Owner::StatefulSet(id) => cluster.stateful_sets.get(id.index()).map(|set| (set.meta.gone, &set.selector)),
        _ => None,
    }
}

/// What pods like this one need, from a cycle that has run its PreFilter plugins; none if plans don't know all of it.
pub(super) fn needs(cycle: &Cycle<'_>, source: &mut Source<'_>) -> Option<Needs> {
    let (cluster, profile, known) = (cycle.world.cluster, cycle.world.profile, cycle.world.known);
    let state = &cycle.state;
    let counts_only = |plugin: &Plugin| matches!(plugin, Plugin::PodTopologySpread | Plugin::InterPodAffinity);
    let rest = &profile.filter[kept_filters(profile)..];
    let known_filters = rest.iter().all(|p| counts_only(p) || p.bit() & state.skipped != 0 || *p == Plugin::DynamicResources);
    if !known_filters || state.only.is_some() || profile.filter.is_empty() || profile.score.is_empty() {
        return None;
    }
    let mut needs = Needs { skipped: state.skipped, ..Needs::default() };
    let filters = |plugin| profile.filter.contains(&plugin) && profile.pre_filter.contains(&plugin);
    let weight = |plugin| profile.score.iter().filter(|s| s.0 == plugin).map(|s| s.1).sum::<i64>();
    needs.spread_weight = weight(Plugin::PodTopologySpread);
    needs.affinity_weight = weight(Plugin::InterPodAffinity);
    if filters(Plugin::PodTopologySpread) {
        for need in pod_topology_spread::hard_needs(cluster, cycle.pod, profile) {
            let constraint = &need.constraint;
            let (max_skew, min_domains, self_match) = (constraint.max_skew, constraint.min_domains, need.self_match);
            let counted = needs.count(source, &need.spec)?;
            needs.hard.push(Hard { counted, max_skew, min_domains, self_match });
        }
    }
    if needs.spread_weight != 0 {
        let (soft, keys_required) = pod_topology_spread::soft_needs(cluster, cycle.pod, profile, known);
        needs.soft_keys_required = keys_required;
        for need in soft {
            source.topology.know(need.key, cluster);
            let key = source.topology.number(need.key)?;
            let tally = source.counts.id(&need.spec, cluster);
            needs.tallies.push(tally);
            needs.soft.push(Soft { counted: Counted { tally, key }, max_skew: need.max_skew, per_node: need.per_node });
        }
    }
    if filters(Plugin::InterPodAffinity) {
        let found = inter_pod_affinity::filter_needs(cluster, cycle.pod, source);
        needs.matches_itself = found.matches_itself;
        for need in found.required {
            let counted = needs.count_need(source, need)?;
            needs.required.push(counted);
        }
        for need in found.anti.into_iter().chain(found.existing) {
            let counted = needs.count_need(source, need)?;
            needs.forbidden.push(counted);
        }
    }
    if needs.affinity_weight != 0 {
        for (need, weight) in inter_pod_affinity::score_needs(cluster, cycle.pod, profile, source).unwrap_or_default() {
            let counted = needs.count_need(source, need)?;
            needs.weighted.push((counted, weight));
        }
    }
    needs.tallies.sort_unstable();
    needs.tallies.dedup();
    Some(needs)
}

impl Needs {
    /// Whether a node is refused for nothing but what its class says.
    pub(super) fn filters_by_class_alone(&self) -> bool {
        self.hard.is_empty() && self.required.is_empty() && self.forbidden.is_empty()
    }

    /// Whether scores are those of the class alone.
    pub(super) fn scores_by_class_alone(&self) -> bool {
        self.soft.is_empty() && self.weighted.is_empty()
    }

    fn count_need(&mut self, source: &mut Source<'_>, need: Need) -> Option<Counted> {
        self.count(source, &need.spec())
    }

    fn count(&mut self, source: &mut Source<'_>, spec: &TallySpec) -> Option<Counted> {
        let DomainKey::Label(key) = spec.domain else { return None };
        source.topology.know(key, source.cluster);
        let key = source.topology.number(key)?;
        let tally = source.counts.id(spec, source.cluster);
        self.tallies.push(tally);
        Some(Counted { tally, key })
    }

    /// Brings all counts up to date.
    pub(super) fn refresh(&self, cluster: &Cluster, cache: &Cache, counts: &mut Counts, topology: &Topology) {
        for &tally in &self.tallies {
            counts.refresh(tally, cluster, cache, topology);
        }
    }
}
