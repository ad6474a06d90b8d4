//! JSON, for programs.

use serde_json::{Value, json as value};

use crate::graph::{Graph, blast_radius, single_points_of_failure};
use petgraph::graph::NodeIndex;

/// The version of the form below; raised when a field changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 1;

/// Vertices, edges and weaknesses; with the blast radius of one vertex if asked.
pub fn json(graph: &Graph, gone: Option<NodeIndex>) -> Value {
    let vertices = graph.vertices().map(|(at, v)| {
        let namespace = (!v.namespace.is_empty()).then_some(&v.namespace);
        value!({"id": at.index(), "kind": v.kind.word(), "namespace": namespace, "name": v.name, "label": v.label(), "given": v.given, "pods": v.wanted})
    });
    let edges = graph.edges().map(|(from, to, e)| value!({"from": from.index(), "to": to.index(), "relation": e.relation.word(), "count": e.count, "optional": e.optional}));
    let weaknesses = single_points_of_failure(graph)
        .into_iter()
        .map(|w| value!({"point": w.point.index(), "stops": w.stops.iter().map(|s| s.index()).collect::<Vec<_>>(), "reason": w.reason}));
    let mut document = value!({
        "schemaVersion": SCHEMA_VERSION,
        "kind": "graph",
        "vertices": vertices.collect::<Vec<_>>(),
        "edges": edges.collect::<Vec<_>>(),
        "singlePointsOfFailure": weaknesses.collect::<Vec<_>>(),
    });
    if let Some(gone) = gone {
        let hits = blast_radius(graph, gone).into_iter();
        let hits = hits.map(|h| value!({"vertex": h.vertex.index(), "effect": h.effect.word(), "reason": h.reason, "via": h.via.index()}));
        document["blastRadius"] = value!({"of": gone.index(), "hits": hits.collect::<Vec<_>>()});
    }
    document
}
