//! Plain text for a terminal: who depends on whom, what a loss takes along, what stands alone.

use std::fmt::Write;

use petgraph::graph::NodeIndex;

use super::edge_text;
use crate::graph::{Graph, Relation, blast_radius, single_points_of_failure};
use crate::units::text::visible;

/// Names told in one sentence; the rest is counted.
const NAMES_SHOWN: usize = 8;

/// The graph as a list. With `gone`, the blast radius of that object first.
pub fn text(graph: &Graph, gone: Option<NodeIndex>) -> String {
    let mut out = String::new();
    let name = |at: NodeIndex| visible(&graph.vertex(at).label()).into_owned();
    // Writing to a String can't fail.
    if let Some(gone) = gone {
        let _ = writeln!(out, "If {} goes:", name(gone));
        let hits = blast_radius(graph, gone);
        let others: Vec<_> = hits.iter().filter(|h| h.vertex != gone).collect();
        if others.is_empty() {
            out.push_str("  nothing else is hit\n");
        }
        let width = others.iter().map(|h| name(h.vertex).chars().count()).max().unwrap_or(0);
        for hit in others {
            let _ = writeln!(out, "  {:<width$}  {:<18} {}", name(hit.vertex), hit.effect.word(), visible(&hit.reason));
        }
        out.push('\n');
    }
    let _ = writeln!(out, "{} objects, {} relations", graph.inner.node_count(), graph.inner.edge_count());
    for (at, vertex) in graph.vertices().filter(|(_, v)| !v.kind.is_place()) {
        let ties: Vec<_> = graph.out(at).into_iter().filter(|(_, e)| e.relation != Relation::RunsOn).collect();
        if ties.is_empty() && vertex.given {
            continue;
        }
        let _ = writeln!(out, "  {}{}", name(at), if vertex.given { "" } else { " (not given)" });
        for (to, edge) in ties {
            let _ = writeln!(out, "    {} {}", edge_text(&edge), name(to));
        }
        let places: Vec<_> = graph.out(at).into_iter().filter(|(_, e)| e.relation == Relation::RunsOn).collect();
        if !places.is_empty() {
            let shown: Vec<String> =
                places.iter().take(NAMES_SHOWN).map(|(to, e)| format!("{} ({})", visible(&graph.vertex(*to).name), e.count)).collect();
            let more = places.len().saturating_sub(NAMES_SHOWN);
            let _ = writeln!(out, "    runs on {}{}", shown.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() });
        }
    }
    let weaknesses = single_points_of_failure(graph);
    let _ = writeln!(out, "\n{} single points of failure", weaknesses.len());
    for weakness in weaknesses {
        let _ = writeln!(out, "  {}: {}", name(weakness.point), visible(&weakness.reason));
        let stops: Vec<String> = weakness.stops.iter().take(NAMES_SHOWN).map(|&s| name(s)).collect();
        if !stops.is_empty() {
            let more = weakness.stops.len().saturating_sub(NAMES_SHOWN);
            let _ = writeln!(out, "    stops {}{}", stops.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() });
        }
    }
    out
}
