//! NodeAffinity: node selectors, required and preferred node affinity, and what a profile adds to them
//! (`plugins/nodeaffinity`, `component-helpers/scheduling/corev1/nodeaffinity`, v1.37).

use super::Plugin;
use crate::cluster::ids::NodeId;
use crate::cluster::labels::{Labels, Operator, Requirement};
use crate::cluster::node::Node;
use crate::cluster::template::{NodeSelectorTerm, PodTemplate, PreferredNodeTerm};
use crate::scheduler::config::Profile;
use crate::scheduler::status::Refusal;
use crate::units::intern::{Interner, Sym};

/// What a pod itself demands of its node.
#[derive(Clone, Copy, Debug)]
pub struct RequiredNodeAffinity<'a> {
    selector: Option<&'a Labels>,
    terms: Option<&'a [NodeSelectorTerm]>,
    pinned: Option<NodeId>,
}

impl<'a> RequiredNodeAffinity<'a> {
    /// Of a pod of this template. A pinned pod (DaemonSet) has no other required affinity: its controller replaces it.
    pub fn of(template: &'a PodTemplate, pinned: Option<NodeId>) -> RequiredNodeAffinity<'a> {
        let terms = template.affinity.as_ref().and_then(|a| a.node_required.as_deref());
        RequiredNodeAffinity { selector: template.node_selector.as_ref(), terms: if pinned.is_some() { None } else { terms }, pinned }
    }

    /// Whether nothing is demanded.
    pub fn is_absent(&self) -> bool {
        self.selector.is_none() && self.terms.is_none() && self.pinned.is_none()
    }

    /// Whether a node meets it.
    pub fn admits(&self, id: NodeId, node: &Node, text: &Interner) -> bool {
        self.pinned.is_none_or(|pinned| pinned == id) && self.admits_labels(node.name, &node.labels, text)
    }

    /// Whether a node of that name with those labels meets it; a pin is not looked at.
    pub fn admits_labels(&self, name: Sym, labels: &Labels, text: &Interner) -> bool {
        self.selector.is_none_or(|s| s.iter().all(|(key, value)| labels.get(key) == Some(value)))
            && self.terms.is_none_or(|terms| any_term_matches(terms, name, labels, text))
    }
}

/// Whether one of the alternatives holds.
pub fn any_term_matches(terms: &[NodeSelectorTerm], name: Sym, labels: &Labels, text: &Interner) -> bool {
    terms.iter().any(|term| term_matches(term, name, labels, text))
}

/// Whether a term holds. An empty term, and one that does not parse, match nothing.
pub fn term_matches(term: &NodeSelectorTerm, name: Sym, labels: &Labels, text: &Interner) -> bool {
    if term.invalid || (term.expressions.is_empty() && term.names.is_empty()) {
        return false;
    }
    let field =
        |r: &Requirement| matches!(r.operator, Operator::In | Operator::NotIn) && r.values.len() == 1 && r.accepts(Some(name), text);
    term.expressions.iter().all(|r| r.accepts(labels.get(r.key), text)) && term.names.iter().all(field)
}

/// What PreFilter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreFilter {
    /// Nothing to check.
    Skip,
    /// Every node is to be looked at.
    AllNodes,
    /// Only nodes with these names; sorted.
    Only(Vec<Sym>),
    /// No node can match.
    Refused(Refusal),
}

/// Finds out whether only some nodes, by name, are in question.
pub fn pre_filter(template: &PodTemplate, pinned: Option<(NodeId, Sym)>, profile: &Profile) -> PreFilter {
    if let Some((_, name)) = pinned {
        return PreFilter::Only(vec![name]);
    }
    let Some(terms) = template.affinity.as_ref().and_then(|a| a.node_required.as_deref()) else {
        let nothing = template.node_selector.is_none() && profile.added_required.is_none();
        return if nothing { PreFilter::Skip } else { PreFilter::AllNodes };
    };
    if terms.is_empty() {
        return PreFilter::AllNodes;
    }
    let mut names: Vec<Sym> = Vec::new();
    for term in terms {
        let mut wanted = term.names.iter().filter(|r| r.operator == Operator::In);
        let Some(first) = wanted.next() else { return PreFilter::AllNodes };
        let rest: Vec<&Requirement> = wanted.collect();
        names.extend(first.values.iter().filter(|v| rest.iter().all(|r| r.values.contains(v))));
    }
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return PreFilter::Refused(Refusal::unresolvable(Plugin::NodeAffinity, "pod affinity terms conflict"));
    }
    PreFilter::Only(names)
}

/// Why the node does not do.
pub fn filter(
    template: &PodTemplate,
    pinned: Option<NodeId>,
    profile: &Profile,
    id: NodeId,
    node: &Node,
    text: &Interner,
) -> Option<Refusal> {
    if profile.added_required.as_ref().is_some_and(|terms| !any_term_matches(terms, node.name, &node.labels, text)) {
        return Some(Refusal::unresolvable(Plugin::NodeAffinity, "node(s) didn't match scheduler-enforced node affinity"));
    }
    if !RequiredNodeAffinity::of(template, pinned).admits(id, node, text) {
        return Some(Refusal::unresolvable(Plugin::NodeAffinity, "node(s) didn't match Pod's node affinity/selector"));
    }
    None
}

/// Whether neither the pod nor the profile prefers anything.
pub fn score_skips(template: &PodTemplate, profile: &Profile) -> bool {
    template.affinity.as_ref().is_none_or(|a| a.node_preferred.is_none()) && profile.added_preferred.is_none()
}

/// Sum of the weights of preferred terms that hold.
pub fn score(template: &PodTemplate, profile: &Profile, node: &Node, text: &Interner) -> i64 {
    let weigh = |terms: &[PreferredNodeTerm]| -> i64 {
        let holds = |t: &&PreferredNodeTerm| term_matches(&t.term, node.name, &node.labels, text);
        terms.iter().filter(holds).map(|t| i64::from(t.weight)).sum()
    };
    let own = template.affinity.as_ref().and_then(|a| a.node_preferred.as_deref()).map_or(0, weigh);
    own + profile.added_preferred.as_deref().map_or(0, weigh)
}
