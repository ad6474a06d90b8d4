//! Many objects drawn as few: those of an application or of a namespace as one, the nodes of a zone as the zone.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use super::model::{Edge, Graph, Kind, Relation, Vertex};
use crate::units::gather::Gather;

/// With more objects than this an application is drawn as one.
const MOST_OBJECTS: usize = 140;
/// With more applications than this a namespace is drawn as one.
const MOST_APPS: usize = 240;
/// With more nodes than this those of a zone are drawn as one.
const MOST_NODES: usize = 24;

/// How finely a graph is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    /// Every object.
    Objects,
    /// The objects of an application as one.
    Apps,
    /// The objects of a namespace as one.
    Namespaces,
}

impl Grain {
    /// The finest that can still be looked at.
    #[must_use]
    pub fn fitting(graph: &Graph) -> Grain {
        let own = || graph.vertices().filter(|(_, vertex)| !vertex.namespace.is_empty());
        if own().count() <= MOST_OBJECTS {
            return Grain::Objects;
        }
        let apps: BTreeSet<(&str, &str)> = own().map(|(_, vertex)| (vertex.namespace.as_str(), vertex.app.as_str())).gather();
        if apps.len() <= MOST_APPS { Grain::Apps } else { Grain::Namespaces }
    }
}

/// What is drawn as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folding {
    /// How finely.
    pub grain: Grain,
    /// Groups, by [`key`], that are drawn the other way: open where the grain would fold them, folded where it would not.
    pub turned: BTreeSet<String>,
    /// Nodes, zones, and what runs where.
    pub places: bool,
}

/// A graph with some of its objects folded into one.
#[derive(Clone, Debug)]
pub struct Folded {
    /// What is left to draw.
    pub graph: Graph,
    /// For each vertex of the whole graph what stands for it; none where it is left out.
    pub of: Vec<Option<NodeIndex>>,
    /// For each vertex that is drawn the group that a click would fold or open; none where it is in none.
    pub group: Vec<Option<String>>,
}

/// The key of an application, or of a namespace where no application is given.
#[must_use]
pub fn key(namespace: &str, app: &str) -> String {
    if app.is_empty() { namespace.to_owned() } else { format!("{namespace}/{app}") }
}

/// What stands for a vertex.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Stands {
    Itself(NodeIndex),
    Group(String, String),
    Zone(NodeIndex),
    Nothing,
}

/// Draws few where there are many. A group of one is drawn as it is.
#[must_use]
pub fn fold(graph: &Graph, folding: &Folding) -> Folded {
    let mut members: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (_, vertex) in graph.vertices().filter(|(_, vertex)| !vertex.namespace.is_empty()) {
        *members.entry((&vertex.namespace, &vertex.app)).or_default() += 1;
        *members.entry((&vertex.namespace, "")).or_default() += 1;
    }
    let turned = |key: &str| folding.turned.contains(key);
    let many_nodes = graph.vertices().filter(|(_, vertex)| vertex.kind == Kind::Node).count() > MOST_NODES;
    let zone_of = |at: NodeIndex| graph.out(at).into_iter().find(|(_, edge)| edge.relation == Relation::InZone).map(|(zone, _)| zone);
    let stands = |at: NodeIndex, vertex: &Vertex| {
        if matches!(vertex.kind, Kind::Node | Kind::Zone) && !folding.places {
            return Stands::Nothing;
        }
        if let (Kind::Node, Some(zone)) = (vertex.kind, zone_of(at)) {
            let folded = many_nodes != turned(&graph.vertex(zone).label());
            return if folded { Stands::Zone(zone) } else { Stands::Itself(at) };
        }
        if vertex.namespace.is_empty() {
            return Stands::Itself(at);
        }
        let whole = key(&vertex.namespace, "");
        if (folding.grain == Grain::Namespaces) != turned(&whole) {
            return Stands::Group(vertex.namespace.clone(), String::new());
        }
        let several = members.get(&(vertex.namespace.as_str(), vertex.app.as_str())).is_some_and(|&count| count > 1);
        if several && (folding.grain != Grain::Objects) != turned(&key(&vertex.namespace, &vertex.app)) {
            return Stands::Group(vertex.namespace.clone(), vertex.app.clone());
        }
        Stands::Itself(at)
    };
    let mut folded = Folded { graph: Graph::default(), of: Vec::with_capacity(graph.inner.node_count()), group: Vec::new() };
    let mut known: BTreeMap<Stands, NodeIndex> = BTreeMap::new();
    for (at, vertex) in graph.vertices() {
        let stands = match stands(at, vertex) {
            Stands::Nothing => {
                folded.of.push(None);
                continue;
            }
            Stands::Zone(zone) => Stands::Itself(zone),
            other => other,
        };
        let drawn = match known.get(&stands) {
            Some(&drawn) => drawn,
            None => {
                let (new, group) = match &stands {
                    Stands::Group(namespace, app) => (group(namespace, app), Some(key(namespace, app))),
                    Stands::Itself(other) => (graph.vertex(*other).clone(), group_of(graph.vertex(*other), folding.grain)),
                    Stands::Zone(_) | Stands::Nothing => continue,
                };
                let drawn = folded.graph.inner.add_node(new);
                folded.group.push(group);
                known.insert(stands.clone(), drawn);
                drawn
            }
        };
        if matches!(stands, Stands::Group(..)) && vertex.kind.runs_pods() {
            let sum = &mut folded.graph.inner[drawn].wanted;
            *sum = Some(sum.unwrap_or(0).saturating_add(vertex.wanted.unwrap_or(0)));
        }
        folded.of.push(Some(drawn));
    }
    tie(graph, &mut folded);
    folded
}

/// One vertex for many.
fn group(namespace: &str, app: &str) -> Vertex {
    Vertex {
        kind: Kind::Group,
        namespace: if app.is_empty() { String::new() } else { namespace.to_owned() },
        name: if app.is_empty() { namespace.to_owned() } else { app.to_owned() },
        app: app.to_owned(),
        given: true,
        wanted: None,
        document: None,
        workload: None,
        node: None,
        zone: None,
    }
}

/// What a click on a vertex that stands for itself would fold.
fn group_of(vertex: &Vertex, grain: Grain) -> Option<String> {
    match (vertex.kind, grain) {
        (Kind::Zone, _) => Some(vertex.label()),
        _ if vertex.namespace.is_empty() => None,
        _ => Some(key(&vertex.namespace, &vertex.app)),
    }
}

/// Ties between what is drawn; several of one sort become one, and those within a group are left out.
fn tie(graph: &Graph, folded: &mut Folded) {
    let mut known: BTreeMap<(NodeIndex, NodeIndex, Relation), petgraph::graph::EdgeIndex> = BTreeMap::new();
    for (from, to, edge) in graph.edges() {
        let (Some(Some(a)), Some(Some(b))) = (folded.of.get(from.index()), folded.of.get(to.index())) else { continue };
        let (a, b) = (*a, *b);
        if a == b {
            continue;
        }
        match known.get(&(a, b, edge.relation)) {
            Some(&known) => {
                let own: &mut Edge = &mut folded.graph.inner[known];
                own.count = own.count.saturating_add(edge.count);
                own.optional &= edge.optional;
            }
            None => {
                let new = folded.graph.inner.add_edge(a, b, edge);
                known.insert((a, b, edge.relation), new);
            }
        }
    }
}
