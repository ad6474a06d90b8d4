//! Pod affinity terms made comparable: namespaces resolved, so that equal terms of different pods are one.

use crate::cluster::Cluster;
use crate::cluster::ids::NamespaceId;
use crate::cluster::labels::Selector;
use crate::cluster::pod::Pod;
use crate::cluster::state::PodLabels;
use crate::cluster::template::{PodAffinityTerm, PodTemplate};
use crate::units::intern::Sym;

/// The namespaces a term of the incoming pod looks at, its namespace selector expanded
/// (`plugins/interpodaffinity/plugin.go` mergeAffinityTermNamespacesIfNotEmpty, v1.37).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Namespaces {
    /// Every namespace, known or not.
    All,
    /// These, sorted.
    Named(Vec<Sym>),
}

/// A term of the incoming pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnTerm {
    /// Where to look.
    pub namespaces: Namespaces,
    /// Which pods count.
    pub selector: Selector,
}

impl OwnTerm {
    /// Resolves a term of a pod in `namespace`.
    pub fn new(term: &PodAffinityTerm, namespace: NamespaceId, cluster: &Cluster) -> OwnTerm {
        let namespaces = match &term.namespace_selector {
            Some(selector) if selector.is_everything() => Namespaces::All,
            None if term.namespaces.is_empty() => Namespaces::Named(vec![namespace_sym(cluster, namespace)]),
            selector => {
                let mut names = term.namespaces.clone();
                if let Some(selector) = selector {
                    let matching = cluster.namespaces.iter().filter(|n| n.given && selector.matches(&n.labels, &cluster.text));
                    names.extend(matching.map(|n| n.name));
                }
                names.sort_unstable();
                names.dedup();
                Namespaces::Named(names)
            }
        };
        OwnTerm { namespaces, selector: term.selector.clone() }
    }

    /// Whether the namespace is looked at.
    pub fn covers(&self, namespace: Sym) -> bool {
        match &self.namespaces {
            Namespaces::All => true,
            Namespaces::Named(names) => names.binary_search(&namespace).is_ok(),
        }
    }

    /// Whether a pod counts.
    pub fn matches(&self, namespace: Sym, labels: PodLabels<'_>, cluster: &Cluster) -> bool {
        self.covers(namespace) && labels.match_selector(&self.selector, &cluster.text)
    }
}

/// What a term held by an existing pod does to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeldKind {
    /// Required anti-affinity: keeps matching pods off the domain.
    RequiredAnti,
    /// Required affinity: draws matching pods by the profile's hard weight.
    RequiredAffinity,
    /// Preferred affinity of this weight.
    PreferredAffinity(i32),
    /// Preferred anti-affinity of this weight.
    PreferredAnti(i32),
}

/// A term held by existing pods.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeldTerm {
    /// What it does.
    pub kind: HeldKind,
    /// The node label whose value makes the domain.
    pub topology_key: Sym,
    /// Namespaces by name, the holder's own filled in where it is meant.
    namespaces: Vec<Sym>,
    namespace_selector: Option<Selector>,
    selector: Selector,
}

impl HeldTerm {
    fn new(kind: HeldKind, term: &PodAffinityTerm, namespace: NamespaceId, cluster: &Cluster) -> HeldTerm {
        let mut namespaces = term.namespaces.clone();
        if namespaces.is_empty() && term.namespace_selector.is_none() {
            namespaces.push(namespace_sym(cluster, namespace));
        }
        namespaces.sort_unstable();
        HeldTerm {
            kind,
            topology_key: term.topology_key,
            namespaces,
            namespace_selector: term.namespace_selector.clone(),
            selector: term.selector.clone(),
        }
    }

    /// All terms that pods of a template hold.
    pub fn of_template(template: &PodTemplate, cluster: &Cluster) -> Vec<HeldTerm> {
        let Some(affinity) = &template.affinity else { return Vec::new() };
        let new = |kind, term| HeldTerm::new(kind, term, template.namespace, cluster);
        let mut held = Vec::new();
        held.extend(affinity.anti_required.iter().map(|t| new(HeldKind::RequiredAnti, t)));
        held.extend(affinity.pod_required.iter().map(|t| new(HeldKind::RequiredAffinity, t)));
        held.extend(affinity.pod_preferred.iter().map(|t| new(HeldKind::PreferredAffinity(t.weight), &t.term)));
        held.extend(affinity.anti_preferred.iter().map(|t| new(HeldKind::PreferredAnti(t.weight), &t.term)));
        held
    }

    /// Whether the incoming pod is meant. A namespace that is no object has no labels.
    pub fn matches(&self, namespace: NamespaceId, labels: PodLabels<'_>, cluster: &Cluster) -> bool {
        let name = namespace_sym(cluster, namespace);
        let in_namespace = self.namespaces.binary_search(&name).is_ok()
            || self.namespace_selector.as_ref().is_some_and(|selector| match cluster.namespaces.get(namespace.index()) {
                Some(known) if known.given => selector.matches(&known.labels, &cluster.text),
                _ => selector.matches(&Default::default(), &cluster.text),
            });
        in_namespace && labels.match_selector(&self.selector, &cluster.text)
    }

    /// Whether the term, its namespace selector taken against empty labels, means a pod (queueing hints don't expand it).
    pub fn matches_unexpanded(&self, namespace: Sym, labels: PodLabels<'_>, cluster: &Cluster) -> bool {
        let in_namespace = self.namespaces.binary_search(&namespace).is_ok()
            || self.namespace_selector.as_ref().is_some_and(|s| s.matches(&Default::default(), &cluster.text));
        in_namespace && labels.match_selector(&self.selector, &cluster.text)
    }
}

/// The name of a namespace.
pub fn namespace_sym(cluster: &Cluster, namespace: NamespaceId) -> Sym {
    cluster.namespaces.get(namespace.index()).map_or(Sym::EMPTY, |n| n.name)
}

/// Whether a pod's labels, its own included, satisfy a selector.
pub fn labels_match(cluster: &Cluster, pod: &Pod, selector: &Selector) -> bool {
    pod_labels(cluster, pod).match_selector(selector, &cluster.text)
}

/// All labels of a pod that is given by reference (it need not be the arena's current state of it).
pub fn pod_labels<'a>(cluster: &'a Cluster, pod: &'a Pod) -> PodLabels<'a> {
    PodLabels::new(&cluster.template(pod.template).labels, pod.own_labels.as_deref())
}
