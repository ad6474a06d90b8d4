//! What pods that look alike have in common on a node: the verdict of the filters that look at nothing but pod and node, and the
//! scores that do. Kept until the node changes.
//!
//! Only a shortcut: `framework` evaluates the same plain, and both must agree.

use super::attempt::{NodeStatus, Refusals};
use super::cache::Cache;
use super::config::{Profile, WellKnown};
use super::framework::{Cycle, Shift};
use super::plugins::{
    Plugin, image_locality, node_affinity, node_declared_features, node_resources_balanced_allocation, node_resources_fit, taint_toleration,
};
use super::preemption::DryRun;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, TemplateId};
use crate::cluster::template::PodTemplate;
use crate::units::grow;

/// What is kept of one node.
#[derive(Clone, Copy, Debug)]
struct Row {
    // The node's generations when this was found out; zero for never.
    generation: u32,
    spec_generation: u32,
    // By the filters that look only at the node itself, then by all that are kept.
    node_verdict: NodeStatus,
    verdict: NodeStatus,
    taints: u32,
    affinity: i32,
    // Weighted sum of the scores that need no normalizing.
    own: i32,
}

const UNKNOWN: Row = Row {
    generation: 0,
    spec_generation: 0,
    node_verdict: NodeStatus::ABSENT,
    verdict: NodeStatus::ABSENT,
    taints: 0,
    affinity: 0,
    own: 0,
};

/// Pods that look alike to the kept plugins.
#[derive(Clone, Debug)]
pub struct Class {
    template: TemplateId,
    profile: usize,
    rows: Vec<Row>,
    /// Refusals that rows speak of.
    pub refusals: Refusals,
    all_nodes: usize,
    // Weights of TaintToleration and NodeAffinity; 0 where they don't score.
    taint_weight: i64,
    affinity_weight: i64,
    /// Dry runs of preemption by node: the node's generation, the preemptor's priority, what came out.
    pub dry_runs: Vec<Option<(u32, i32, DryRun)>>,
    /// The rows in the order of the node list.
    pub view: View,
}

/// What a class knows, by place in the node list: bit k of word w is place 64 w + k.
#[derive(Clone, Debug, Default)]
pub struct View {
    order_version: u32,
    // Changes of the cache that are taken in.
    changes: u64,
    /// Places that may have changed since: what is said of them is not to be relied on.
    dirty: Vec<u64>,
    /// Places whose node passes the kept filters.
    pub feasible: Vec<u64>,
    /// Of these, places with a score that depends on the other nodes: discouraging taints, preferred node affinity.
    pub relative: Vec<u64>,
    /// Weighted sum of the scores that need no normalizing; 0 where the node is not feasible.
    pub own: Vec<i32>,
    verdicts: Vec<NodeStatus>,
    /// How many places each refusal of [`Class::refusals`] has.
    pub refused: Vec<u32>,
}

impl View {
    /// Marks what the cache says has changed.
    fn follow(&mut self, cache: &Cache) {
        let places = cache.order().len();
        if self.order_version != cache.order_version() || self.own.len() != places {
            let words = places.div_ceil(64);
            *self = View {
                order_version: cache.order_version(),
                changes: 0,
                dirty: vec![0; words],
                feasible: vec![0; words],
                relative: vec![0; words],
                own: vec![0; places],
                verdicts: vec![NodeStatus::ABSENT; places],
                refused: Vec::new(),
            };
            self.all_dirty();
        } else {
            match cache.changed_since(self.changes) {
                Some(nodes) => {
                    for &node in nodes {
                        let place = cache.position(node) as usize;
                        if place < places {
                            self.dirty[place / 64] |= 1 << (place % 64);
                        }
                    }
                }
                None => self.all_dirty(),
            }
        }
        self.changes = cache.changes();
    }

    fn all_dirty(&mut self) {
        let places = self.own.len();
        for (word, bits) in self.dirty.iter_mut().enumerate() {
            *bits = ones(places - 64 * word);
        }
    }

    fn set(&mut self, place: usize, row: &Row) {
        let (word, bit) = (place / 64, 1u64 << (place % 64));
        let feasible = row.verdict == NodeStatus::FEASIBLE;
        let old = std::mem::replace(&mut self.verdicts[place], row.verdict);
        if old != row.verdict {
            if let Some(number) = old.refusal() {
                self.refused[number] -= 1;
            }
            if let Some(number) = row.verdict.refusal() {
                *grow::at(&mut self.refused, number, || 0) += 1;
            }
        }
        let relative = feasible && (row.taints != 0 || row.affinity != 0);
        self.own[place] = row.own;
        self.feasible[word] = if feasible { self.feasible[word] | bit } else { self.feasible[word] & !bit };
        self.relative[word] = if relative { self.relative[word] | bit } else { self.relative[word] & !bit };
        self.dirty[word] &= !bit;
    }

    /// Places refused for a refusal of which `wanted` holds, in order.
    pub fn refused_places(&self, wanted: impl Fn(usize) -> bool) -> impl Iterator<Item = usize> {
        self.verdicts.iter().enumerate().filter(move |(_, verdict)| verdict.refusal().is_some_and(&wanted)).map(|(place, _)| place)
    }
}

/// The lowest so many bits, at most all.
fn ones(count: usize) -> u64 {
    if count >= 64 { u64::MAX } else { (1 << count) - 1 }
}

/// All classes.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    list: Vec<std::sync::Arc<Class>>,
    of_template: Vec<Vec<(usize, u32)>>,
}

/// Rows kept over all classes; beyond, all are dropped and begun anew.
const MAX_ROWS: usize = 4_000_000;

/// The filters whose verdict is kept: a set of [`Plugin::bit`]s.
const KEPT_FILTERS: u32 = Plugin::NodeName.bit()
    | Plugin::NodeUnschedulable.bit()
    | Plugin::TaintToleration.bit()
    | Plugin::NodeAffinity.bit()
    | Plugin::NodePorts.bit()
    | Plugin::NodeResourcesFit.bit();

/// Of these, the ones that also look at the node's pods.
const POD_FILTERS: u32 = Plugin::NodePorts.bit() | Plugin::NodeResourcesFit.bit();

/// How many filters at the front of the profile's list are kept.
pub fn kept_filters(profile: &Profile) -> usize {
    profile.filter.iter().take_while(|p| KEPT_FILTERS & p.bit() != 0).count()
}

impl Classes {
    /// The class of a template's pods, made if need be.
    pub fn of(
        &mut self,
        cluster: &Cluster,
        cache: &Cache,
        template: TemplateId,
        profile_index: usize,
        profile: &Profile,
        known: &WellKnown,
    ) -> &mut Class {
        let entries = grow::at(&mut self.of_template, template.index(), Vec::new);
        let found = entries.iter().find(|entry| entry.0 == profile_index).map(|entry| entry.1 as usize);
        let place = found.unwrap_or_else(|| {
            let same = |class: &std::sync::Arc<Class>| {
                class.profile == profile_index && alike(cluster.template(class.template), cluster.template(template), known)
            };
            if (self.list.len() + 1).saturating_mul(cache.width()) > MAX_ROWS {
                self.list.clear();
                self.of_template.iter_mut().for_each(Vec::clear);
            }
            let place = self.list.iter().position(same).unwrap_or_else(|| {
                self.list.push(std::sync::Arc::new(Class::new(template, profile_index, profile)));
                self.list.len() - 1
            });
            self.of_template[template.index()].push((profile_index, place as u32));
            place
        });
        let class = std::sync::Arc::make_mut(&mut self.list[place]);
        if class.rows.len() < cache.width() {
            class.rows.resize(cache.width(), UNKNOWN);
        }
        if class.all_nodes != cache.order().len() {
            // The share of nodes that have an image is another. The list is another, too, and the view is made anew.
            class.all_nodes = cache.order().len();
            class.rows.fill(UNKNOWN);
        }
        class.view.follow(cache);
        class
    }
}

/// Whether the kept plugins can't tell pods of two templates apart.
fn alike(a: &PodTemplate, b: &PodTemplate, known: &WellKnown) -> bool {
    let node_terms = |t: &PodTemplate| t.affinity.as_ref().map(|a| (a.node_required.clone(), a.node_preferred.clone()));
    a.requests == b.requests
        && a.score_nonzero == b.score_nonzero
        && a.score_requests == b.score_requests
        && a.nonzero == b.nonzero
        && a.tolerations == b.tolerations
        && a.node_selector == b.node_selector
        && a.node_name == b.node_name
        && a.host_ports == b.host_ports
        && a.images == b.images
        && node_terms(a) == node_terms(b)
        && a.volumes.is_empty() == b.volumes.is_empty()
        && node_declared_features::needed(a, known) == node_declared_features::needed(b, known)
}

impl Class {
    fn new(template: TemplateId, profile_index: usize, profile: &Profile) -> Class {
        let weight = |plugin: Plugin| profile.score.iter().find(|s| s.0 == plugin).map_or(0, |s| s.1);
        Class {
            template,
            profile: profile_index,
            rows: Vec::new(),
            refusals: Refusals::default(),
            all_nodes: 0,
            taint_weight: weight(Plugin::TaintToleration),
            affinity_weight: weight(Plugin::NodeAffinity),
            dry_runs: Vec::new(),
            view: View::default(),
        }
    }

    /// Brings the view up to date at the places of one word that are in `mask`.
    pub fn refresh(&mut self, cycle: &Cycle<'_>, word: usize, mask: u64) {
        let mut dirty = self.view.dirty[word] & mask;
        while dirty != 0 {
            let place = 64 * word + dirty.trailing_zeros() as usize;
            dirty &= dirty - 1;
            let node = cycle.world.cache.order()[place];
            self.verdict(cycle, node);
            self.view.set(place, &self.rows[node.index()]);
        }
    }

    /// What of the kept scores depends on the other nodes: discouraging taints and matching preferences.
    pub fn relative(&self, node: NodeId) -> (i64, i64) {
        let row = &self.rows[node.index()];
        (i64::from(row.taints), i64::from(row.affinity))
    }

    /// Weights of the scores of [`Class::relative`]; 0 where they don't score.
    pub fn relative_weights(&self) -> (i64, i64) {
        (self.taint_weight, self.affinity_weight)
    }

    /// What the kept filters say of a node.
    pub fn verdict(&mut self, cycle: &Cycle<'_>, node: NodeId) -> NodeStatus {
        let cache = cycle.world.cache;
        let row = &self.rows[node.index()];
        if row.generation == cache.generation(node) {
            return row.verdict;
        }
        self.evaluate(cycle, node)
    }

    #[inline(never)]
    fn evaluate(&mut self, cycle: &Cycle<'_>, id: NodeId) -> NodeStatus {
        let (cluster, cache, profile) = (cycle.world.cluster, cycle.world.cache, cycle.world.profile);
        let (node, info, template) = (cluster.node(id), cache.info(id), cycle.template);
        let mut row = self.rows[id.index()];
        let kept = &profile.filter[..kept_filters(profile)];
        let unshifted = Shift::default();
        let first = |class: &mut Class, plugins: &mut dyn Iterator<Item = &Plugin>| {
            let refusal = plugins.filter(|p| cycle.filters(**p)).find_map(|&p| cycle.filter_by(p, id, info, &unshifted));
            refusal.map_or(NodeStatus::FEASIBLE, |r| NodeStatus::refused(class.refusals.number(r)))
        };
        // Filters of the node alone, at the front, are kept longer than those of its pods.
        let split = kept.iter().position(|p| POD_FILTERS & p.bit() != 0).unwrap_or(kept.len());
        if row.spec_generation != cache.spec_generation(id) {
            row.spec_generation = cache.spec_generation(id);
            row.node_verdict = first(self, &mut kept[..split].iter());
            row.taints = taint_toleration::score(template, node) as u32;
            row.affinity = match node_affinity::score_skips(template, profile) {
                true => 0,
                false => node_affinity::score(template, profile, node, &cluster.text).clamp(0, i64::from(i32::MAX)) as i32,
            };
        }
        row.generation = cache.generation(id);
        row.verdict = row.node_verdict;
        if row.verdict == NodeStatus::FEASIBLE {
            row.verdict = first(self, &mut kept[split..].iter());
        }
        row.own = 0;
        if row.verdict == NodeStatus::FEASIBLE {
            let balanced_skips = node_resources_balanced_allocation::skips(template, profile);
            let own: i64 = profile
                .score
                .iter()
                .map(|&(plugin, weight)| {
                    weight
                        * match plugin {
                            Plugin::NodeResourcesFit => node_resources_fit::score(template, profile, node, info, &cluster.text),
                            Plugin::NodeResourcesBalancedAllocation if !balanced_skips => {
                                node_resources_balanced_allocation::score(template, profile, node, info)
                            }
                            Plugin::ImageLocality => image_locality::score(template, info, cache.order().len()),
                            _ => 0,
                        }
                })
                .sum();
            row.own = own.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        }
        self.rows[id.index()] = row;
        row.verdict
    }

    /// Sum of the weighted scores of the kept plugins, for feasible nodes whose rows are up to date.
    pub fn totals(&self, feasible: &[NodeId], totals: &mut Vec<i64>) {
        totals.clear();
        let (mut taints, mut affinity) = (0, 0);
        for node in feasible {
            let row = &self.rows[node.index()];
            totals.push(i64::from(row.own));
            taints = taints.max(row.taints);
            affinity = affinity.max(row.affinity);
        }
        if self.taint_weight != 0 {
            if taints == 0 {
                totals.iter_mut().for_each(|t| *t += self.taint_weight * 100);
            } else {
                for (total, node) in totals.iter_mut().zip(feasible) {
                    *total += self.taint_weight * (100 - 100 * i64::from(self.rows[node.index()].taints) / i64::from(taints));
                }
            }
        }
        if self.affinity_weight != 0 && affinity != 0 {
            for (total, node) in totals.iter_mut().zip(feasible) {
                *total += self.affinity_weight * (100 * i64::from(self.rows[node.index()].affinity) / i64::from(affinity));
            }
        }
    }
}

/// The scores that [`Class::totals`] holds already: a set of [`Plugin::bit`]s.
pub const KEPT_SCORES: u32 = Plugin::TaintToleration.bit()
    | Plugin::NodeAffinity.bit()
    | Plugin::NodeResourcesFit.bit()
    | Plugin::NodeResourcesBalancedAllocation.bit()
    | Plugin::ImageLocality.bit();
