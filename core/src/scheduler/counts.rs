//! How many pods of a kind stand in each topology domain: what PodTopologySpread and InterPodAffinity decide by.
//!
//! kube-scheduler counts anew for every pod. Here each count that was ever asked for is kept and moved along with every
//! pod that comes or goes; `scan` is the plain way, kept as the reference that the kept counts must equal.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::cache::{Cache, scheduled_pods};
use super::numbers::Numbers;
use super::plugins::node_affinity::RequiredNodeAffinity;
use super::plugins::taint_toleration::untolerated_taint;
use super::terms::{HeldTerm, OwnTerm, labels_match, namespace_sym, pod_labels};
use super::topology::{NO_DOMAIN, Topology};
use crate::cluster::Cluster;
use crate::cluster::ids::{NamespaceId, NodeId, PodId, TemplateId};
use crate::cluster::labels::{Labels, Selector};
use crate::cluster::pod::Pod;
use crate::units::grow;
use crate::units::intern::Sym;

/// Which pods are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Members {
    /// Pods of a namespace that match a selector and are not being deleted (PodTopologySpread).
    Spread(NamespaceId, Selector),
    /// Pods that match every one of these terms (InterPodAffinity, the incoming pod's terms).
    Matching(Vec<OwnTerm>),
    /// Pods that hold this term (InterPodAffinity, the existing pods' terms).
    Holding(Box<HeldTerm>),
}

/// What makes two nodes one domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DomainKey {
    /// The value of this label.
    Label(Sym),
    /// Each node by itself.
    Node,
}

/// Which nodes' pods are counted, and whose domains exist (PodTopologySpread's node inclusion policies).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MaskKey {
    /// Nodes that the node affinity of such a pod admits.
    pub affinity: Option<(TemplateId, Option<NodeId>)>,
    /// Nodes whose taints such a pod tolerates.
    pub taints: Option<TemplateId>,
    /// Nodes that have all these labels.
    pub keys: Vec<Sym>,
}

/// A count to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TallySpec {
    /// Whom to count.
    pub members: Members,
    /// By what.
    pub domain: DomainKey,
    /// Where; everywhere if none.
    pub mask: Option<MaskKey>,
}

/// Pods per domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Pods by domain number.
    pub pods: Numbers,
    /// Nodes that the mask admits by domain number; only kept where there is a mask.
    pub nodes: Vec<u32>,
    /// Sum of `pods`.
    pub total: i64,
}

impl Tally {
    /// Pods in a domain.
    pub fn at(&self, domain: u32) -> i64 {
        self.pods.at(domain as usize)
    }

    /// Whether a domain has a node that the mask admits.
    pub fn has_domain(&self, domain: u32) -> bool {
        self.nodes.get(domain as usize).is_some_and(|&n| n > 0)
    }

    fn shift(&mut self, domain: u32, by: i32) {
        if domain == NO_DOMAIN {
            return;
        }
        self.pods.shift(domain as usize, by);
        self.total += i64::from(by);
    }

    fn add_node(&mut self, domain: u32) {
        if domain == NO_DOMAIN {
            return;
        }
        let place = domain as usize;
        if self.nodes.len() <= place {
            self.nodes.resize(place + 1, 0);
        }
        self.nodes[place] += 1;
    }
}

/// Whether a pod is counted, wherever it is.
pub fn is_member(members: &Members, cluster: &Cluster, pod: &Pod) -> bool {
    match members {
        Members::Spread(namespace, selector) => {
            pod.namespace == *namespace && pod.deletion.is_none() && !selector.is_everything() && labels_match(cluster, pod, selector)
        }
        Members::Matching(terms) => {
            let namespace = namespace_sym(cluster, pod.namespace);
            terms.iter().all(|t| t.covers(namespace) && labels_match(cluster, pod, &t.selector))
        }
        Members::Holding(term) => HeldTerm::of_template(cluster.template(pod.template), cluster).iter().any(|held| held == &**term),
    }
}

/// How often a pod counts: once, or for a held term as often as its template holds it.
fn weight_of(members: &Members, cluster: &Cluster, template: TemplateId) -> i32 {
    match members {
        Members::Holding(term) => {
            HeldTerm::of_template(cluster.template(template), cluster).iter().filter(|held| *held == &**term).count() as i32
        }
        _ => 1,
    }
}

/// Whether a mask admits a node.
pub fn admits(mask: &MaskKey, cluster: &Cluster, cache: &Cache, id: NodeId) -> bool {
    let node = cluster.node(id);
    cache.is_listed(id)
        && mask.keys.iter().all(|&key| node.labels.get(key).is_some())
        && mask
            .affinity
            .is_none_or(|(template, pinned)| RequiredNodeAffinity::of(cluster.template(template), pinned).admits(id, node, &cluster.text))
        && mask.taints.is_none_or(|template| untolerated_taint(&cluster.template(template).tolerations, node).is_none())
}

fn domain_of(topology: &Topology, key: DomainKey, node: NodeId) -> u32 {
    match key {
        DomainKey::Label(label) => topology.domain(label, node),
        DomainKey::Node => node.0,
    }
}

/// Counts by looking at every node and every pod, as kube-scheduler does.
pub fn scan(spec: &TallySpec, cluster: &Cluster, cache: &Cache, topology: &Topology) -> Tally {
    let mut tally = Tally::default();
    for &node in cache.order() {
        let domain = domain_of(topology, spec.domain, node);
        if let Some(mask) = &spec.mask {
            if !admits(mask, cluster, cache, node) {
                continue;
            }
            tally.add_node(domain);
        }
        for &pod in &cache.info(node).pods {
            let pod = cluster.pod(pod);
            if is_member(&spec.members, cluster, pod) {
                tally.shift(domain, weight_of(&spec.members, cluster, pod.template));
            }
        }
    }
    tally
}

/// The terms that pods on listed nodes hold, found by looking at every pod.
pub fn scan_held(cluster: &Cluster, cache: &Cache) -> Vec<HeldTerm> {
    let mut held: Vec<HeldTerm> = Vec::new();
    for (_, _, pod) in scheduled_pods(cache, cluster) {
        for term in HeldTerm::of_template(cluster.template(pod.template), cluster) {
            if !held.contains(&term) {
                held.push(term);
            }
        }
    }
    held
}

/// How a node differs from what it was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeDifference {
    /// Topology keys whose value is another.
    pub keys: Vec<Sym>,
    /// Labels differ.
    pub labels: bool,
    /// Taints differ.
    pub taints: bool,
    /// The node came or went.
    pub existence: bool,
    /// It has pods.
    pub has_pods: bool,
}

/// A count that is kept.
#[derive(Clone, Debug)]
struct Kept {
    spec: TallySpec,
    tally: Arc<Tally>,
    // Must be built anew before it is read.
    stale: bool,
    // Templates whose pods are, or with labels of their own may be, members; with how often a pod counts.
    templates: Vec<(TemplateId, i32)>,
}

/// What is known of a template.
#[derive(Clone, Debug, Default)]
struct TemplateRow {
    known: bool,
    // Keys of labels that single pods have on top of the template's.
    own_keys: Vec<Sym>,
    // Kept counts its pods are in, with how often a pod counts.
    tallies: Vec<(u32, i32)>,
    held: Vec<u32>,
    // Held terms that mean pods of this template, found among the first so many.
    meaning: (usize, Vec<u32>),
    // Bound pods and their nodes, in no order; `place` has each pod's position.
    pods: Vec<(PodId, NodeId)>,
}

/// All kept counts, and what moves them along.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    kept: Vec<Kept>,
    // Looked up by key only, never walked.
    ids: HashMap<TallySpec, u32>,
    held: Vec<HeldTerm>,
    held_ids: HashMap<HeldTerm, u32>,
    held_pods: Vec<u32>,
    templates: Vec<TemplateRow>,
    place: Vec<u32>,
    terminating: Vec<bool>,
    // Labels of their own, of the bound pods that have any.
    own_labels: BTreeMap<PodId, Labels>,
    version: u32,
}

const NOWHERE: u32 = u32::MAX;
/// More kept counts than this and all are dropped and begun anew: memory stays bounded whatever is scheduled.
const MAX_KEPT: usize = 20_000;

impl Counts {
    /// The count for `spec`; built by looking at the pods of matching templates when it is new or stale.
    pub fn tally(&mut self, spec: &TallySpec, cluster: &Cluster, cache: &Cache, topology: &Topology) -> Arc<Tally> {
        let id = self.id(spec, cluster);
        self.by_id(id, cluster, cache, topology)
    }

    /// Number that changes whenever numbers of counts become void, and whenever another set of terms is held, or means others.
    pub fn version(&self) -> u32 {
        self.version
    }

    fn next_version(&mut self) {
        self.version = self.version.wrapping_add(1);
    }

    /// The number of a count; it stays the same until [`Counts::version`] changes.
    pub fn id(&mut self, spec: &TallySpec, cluster: &Cluster) -> u32 {
        if let Some(&id) = self.ids.get(spec) {
            return id;
        }
        let id = self.kept.len() as u32;
        let mut kept = Kept { spec: spec.clone(), tally: Arc::default(), stale: true, templates: Vec::new() };
        for (index, row) in self.templates.iter_mut().enumerate() {
            let template = TemplateId::from_index(index);
            if row.known && template_may_match(&spec.members, cluster, template, &row.own_keys) {
                let weight = weight_of(&spec.members, cluster, template);
                row.tallies.push((id, weight));
                kept.templates.push((template, weight));
            }
        }
        self.ids.insert(spec.clone(), id);
        self.kept.push(kept);
        id
    }

    /// The count with this number.
    pub fn by_id(&mut self, id: u32, cluster: &Cluster, cache: &Cache, topology: &Topology) -> Arc<Tally> {
        self.refresh(id, cluster, cache, topology);
        self.kept[id as usize].tally.clone()
    }

    /// The count with this number, as [`Counts::refresh`] left it.
    pub fn read(&self, id: u32) -> &Tally {
        &self.kept[id as usize].tally
    }

    /// Brings the count with this number up to date.
    pub fn refresh(&mut self, id: u32, cluster: &Cluster, cache: &Cache, topology: &Topology) {
        let kept = &mut self.kept[id as usize];
        if kept.stale {
            kept.stale = false;
            let mut tally = Tally::default();
            if let Some(mask) = &kept.spec.mask {
                for &node in cache.order() {
                    if admits(mask, cluster, cache, node) {
                        tally.add_node(domain_of(topology, kept.spec.domain, node));
                    }
                }
            }
            for &(template, weight) in &kept.templates {
                let row = &self.templates[template.index()];
                for &(pod, node) in &row.pods {
                    shift(&kept.spec, &mut tally, weight, row.own_keys.is_empty(), (cluster.pod(pod), node), (cluster, cache, topology));
                }
            }
            kept.tally = Arc::new(tally);
        }
    }

    /// The terms held by bound pods that mean this pod.
    pub fn held_meaning(&mut self, pod: &Pod, cluster: &Cluster) -> Vec<HeldTerm> {
        if self.held.is_empty() {
            return Vec::new();
        }
        self.meet(pod, cluster);
        let labels = pod_labels(cluster, pod);
        let means = |term: &HeldTerm| term.matches(pod.namespace, labels, cluster);
        if pod.own_labels.is_some() {
            let live = self.held.iter().zip(&self.held_pods).filter(|(_, pods)| **pods > 0).map(|(term, _)| term);
            return live.filter(|term| means(term)).cloned().collect();
        }
        let meaning = &mut self.templates[pod.template.index()].meaning;
        for (id, term) in self.held.iter().enumerate().skip(meaning.0) {
            if means(term) {
                meaning.1.push(id as u32);
            }
        }
        meaning.0 = self.held.len();
        let live = meaning.1.iter().filter(|&&id| self.held_pods[id as usize] > 0);
        live.map(|&id| self.held[id as usize].clone()).collect()
    }

    /// Namespaces came or their labels changed: which terms mean whom is found out anew.
    pub fn namespaces_changed(&mut self) {
        for row in &mut self.templates {
            row.meaning = (0, Vec::new());
        }
        self.next_version();
    }

    /// Drops all kept counts if there are too many; tells whether it did, for then numbers are void.
    pub fn trim(&mut self) -> bool {
        if self.kept.len() <= MAX_KEPT {
            return false;
        }
        self.next_version();
        self.kept.clear();
        self.ids.clear();
        for row in &mut self.templates {
            row.tallies.clear();
        }
        true
    }

    /// A pod was bound.
    pub fn pod_added(&mut self, id: PodId, node: NodeId, cluster: &Cluster, cache: &Cache, topology: &Topology) {
        let pod = cluster.pod(id);
        self.meet(pod, cluster);
        grow::at(&mut self.terminating, id.index(), || false);
        if *grow::at(&mut self.place, id.index(), || NOWHERE) != NOWHERE {
            return;
        }
        if let Some(own) = &pod.own_labels {
            self.own_labels.insert(id, (**own).clone());
        }
        let row = &mut self.templates[pod.template.index()];
        self.place[id.index()] = row.pods.len() as u32;
        row.pods.push((id, node));
        for &held in &row.held {
            self.held_pods[held as usize] += 1;
            if self.held_pods[held as usize] == 1 {
                self.version = self.version.wrapping_add(1);
            }
        }
        self.terminating[id.index()] = pod.deletion.is_some();
        for &(tally, weight) in &row.tallies {
            let kept = &mut self.kept[tally as usize];
            if !kept.stale {
                shift(&kept.spec, Arc::make_mut(&mut kept.tally), weight, row.own_keys.is_empty(), (pod, node), (cluster, cache, topology));
            }
        }
    }

    /// A pod that was bound to `node` went.
    pub fn pod_removed(&mut self, id: PodId, node: NodeId, cluster: &Cluster, cache: &Cache, topology: &Topology) {
        let pod = cluster.pod(id);
        let Some(place) = self.place.get(id.index()).copied().filter(|&p| p != NOWHERE) else { return };
        self.place[id.index()] = NOWHERE;
        self.own_labels.remove(&id);
        let row = &mut self.templates[pod.template.index()];
        row.pods.swap_remove(place as usize);
        if let Some(&(moved, _)) = row.pods.get(place as usize) {
            self.place[moved.index()] = place;
        }
        for &held in &row.held {
            self.held_pods[held as usize] -= 1;
            if self.held_pods[held as usize] == 0 {
                self.version = self.version.wrapping_add(1);
            }
        }
        let was_terminating = self.terminating[id.index()];
        for &(tally, weight) in &row.tallies {
            let kept = &mut self.kept[tally as usize];
            if kept.stale {
                continue;
            }
            let counted = match &kept.spec.members {
                Members::Spread(namespace, selector) => {
                    !was_terminating && pod.namespace == *namespace && !selector.is_everything() && labels_match(cluster, pod, selector)
                }
                other => is_member(other, cluster, pod),
            };
            if counted {
                shift_at(&kept.spec, Arc::make_mut(&mut kept.tally), -weight, node, cluster, cache, topology);
            }
        }
    }

    /// A bound pod changed: the beginning of its deletion and other labels move counts.
    pub fn pod_updated(&mut self, id: PodId, cluster: &Cluster, cache: &Cache, topology: &Topology) {
        let pod = cluster.pod(id);
        let place = self.place.get(id.index()).copied().filter(|&p| p != NOWHERE);
        if place.is_some() && self.own_labels.get(&id) != pod.own_labels.as_deref() {
            // What it counted for is not known any more: all counts are made anew. Pods are hardly ever relabelled.
            self.own_labels.remove(&id);
            if let Some(own) = &pod.own_labels {
                self.own_labels.insert(id, (**own).clone());
            }
            self.meet(pod, cluster);
            self.terminating[id.index()] = pod.deletion.is_some();
            self.kept.iter_mut().for_each(|kept| kept.stale = true);
            return;
        }
        let row = &self.templates[pod.template.index()];
        let Some(&(_, node)) = place.and_then(|place| row.pods.get(place as usize)) else { return };
        if pod.deletion.is_none() || self.terminating[id.index()] {
            return;
        }
        self.terminating[id.index()] = true;
        for &(tally, weight) in &row.tallies {
            let kept = &mut self.kept[tally as usize];
            let Members::Spread(namespace, selector) = &kept.spec.members else { continue };
            let counted = pod.namespace == *namespace && !selector.is_everything() && labels_match(cluster, pod, selector);
            if !kept.stale && counted {
                shift_at(&kept.spec, Arc::make_mut(&mut kept.tally), -weight, node, cluster, cache, topology);
            }
        }
    }

    /// A node came, went or changed in what counts depend on.
    pub fn node_changed(&mut self, change: &NodeDifference) {
        for kept in &mut self.kept {
            let by_key = matches!(kept.spec.domain, DomainKey::Label(key) if change.keys.contains(&key));
            let by_mask = kept.spec.mask.as_ref().is_some_and(|mask| {
                (change.labels && (mask.affinity.is_some() || !mask.keys.is_empty())) || (change.taints && mask.taints.is_some())
            });
            kept.stale |= by_key || by_mask || (change.existence && (change.has_pods || kept.spec.mask.is_some()));
        }
    }

    /// Makes a template known, and the keys of the labels that this pod has of its own.
    fn meet(&mut self, pod: &Pod, cluster: &Cluster) {
        let index = pod.template.index();
        grow::at(&mut self.templates, index, TemplateRow::default);
        let own: Vec<Sym> = pod.own_labels.iter().flat_map(|own| own.iter().map(|pair| pair.0)).collect();
        let row = &mut self.templates[index];
        if row.known && own.iter().all(|key| row.own_keys.contains(key)) {
            return;
        }
        if !row.known {
            for term in HeldTerm::of_template(cluster.template(pod.template), cluster) {
                let id = *self.held_ids.entry(term.clone()).or_insert(self.held.len() as u32);
                if id as usize == self.held.len() {
                    self.held.push(term);
                    self.held_pods.push(0);
                }
                row.held.push(id);
            }
        }
        row.known = true;
        for key in own {
            if !row.own_keys.contains(&key) {
                row.own_keys.push(key);
            }
        }
        for (id, kept) in self.kept.iter_mut().enumerate() {
            let listed = kept.templates.iter().any(|t| t.0 == pod.template);
            if !listed && template_may_match(&kept.spec.members, cluster, pod.template, &row.own_keys) {
                let weight = weight_of(&kept.spec.members, cluster, pod.template);
                kept.templates.push((pod.template, weight));
                row.tallies.push((id as u32, weight));
            }
        }
    }
}

/// Whether pods of a template can be members, labels under `own_keys` being unknown.
fn template_may_match(members: &Members, cluster: &Cluster, template: TemplateId, own_keys: &[Sym]) -> bool {
    let spec = cluster.template(template);
    let may = |selector: &Selector| match selector {
        Selector::Nothing => false,
        Selector::All(requirements) => {
            requirements.iter().all(|r| own_keys.contains(&r.key) || r.accepts(spec.labels.get(r.key), &cluster.text))
        }
    };
    match members {
        Members::Spread(namespace, selector) => spec.namespace == *namespace && !selector.is_everything() && may(selector),
        Members::Matching(terms) => {
            let namespace = namespace_sym(cluster, spec.namespace);
            terms.iter().all(|t| t.covers(namespace) && may(&t.selector))
        }
        Members::Holding(term) => HeldTerm::of_template(spec, cluster).iter().any(|held| held == &**term),
    }
}

/// Counts a pod of a template that may match; `certain` if no pod of the template has labels of its own, so that it does match.
fn shift(
    spec: &TallySpec,
    tally: &mut Tally,
    weight: i32,
    certain: bool,
    (pod, node): (&Pod, NodeId),
    (cluster, cache, topology): (&Cluster, &Cache, &Topology),
) {
    let counted = match &spec.members {
        Members::Spread(..) if certain => pod.deletion.is_none(),
        _ if certain => true,
        members => is_member(members, cluster, pod),
    };
    if counted {
        shift_at(spec, tally, weight, node, cluster, cache, topology);
    }
}

fn shift_at(spec: &TallySpec, tally: &mut Tally, by: i32, node: NodeId, cluster: &Cluster, cache: &Cache, topology: &Topology) {
    if cache.is_listed(node) && spec.mask.as_ref().is_none_or(|mask| admits(mask, cluster, cache, node)) {
        tally.shift(domain_of(topology, spec.domain, node), by);
    }
}
