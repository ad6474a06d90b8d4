//! Graphviz.

use std::fmt::Write;

use super::edge_text;
use crate::graph::{Graph, Kind};
use crate::units::text::visible;

/// The graph in Graphviz' language.
pub fn dot(graph: &Graph) -> String {
    let mut out = String::from(
        "digraph wavetank {\n  rankdir=TB;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n",
    );
    for (at, vertex) in graph.vertices() {
        let shape = match vertex.kind {
            Kind::Node | Kind::Zone => ", shape=box3d, style=solid",
            Kind::Claim | Kind::Volume | Kind::StorageClass => ", shape=cylinder, style=solid",
            Kind::ConfigMap | Kind::Secret | Kind::ServiceAccount => ", shape=note, style=solid",
            _ => "",
        };
        let missing = if vertex.given { "" } else { ", color=red, fontcolor=red" };
        // Writing to a String can't fail.
        let _ = writeln!(out, "  n{} [label=\"{}\"{shape}{missing}];", at.index(), escaped(&vertex.label()));
    }
    for (from, to, edge) in graph.edges() {
        let style = if edge.optional { ", style=dashed" } else { "" };
        let _ = writeln!(out, "  n{} -> n{} [label=\"{}\"{style}];", from.index(), to.index(), edge_text(&edge));
    }
    out.push_str("}\n");
    out
}

/// Within double quotes only the quote and the backslash mean anything to Graphviz.
fn escaped(text: &str) -> String {
    visible(text).replace('\\', "\\\\").replace('"', "\\\"")
}
