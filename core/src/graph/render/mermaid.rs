//! Mermaid, for Markdown.

use std::fmt::Write;

use super::edge_text;
use crate::graph::{Graph, Kind};
use crate::units::text::visible;

/// The graph as a Mermaid flowchart.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = String::from("flowchart TB\n");
    for (at, vertex) in graph.vertices() {
        let (open, close) = match vertex.kind {
            Kind::Service | Kind::Ingress => ("([", "])"),
            Kind::Claim | Kind::Volume | Kind::StorageClass => ("[(", ")]"),
            Kind::Node | Kind::Zone => ("[[", "]]"),
            _ => ("[", "]"),
        };
        // Writing to a String can't fail.
        let _ = writeln!(out, "  n{}{open}\"{}\"{close}", at.index(), escaped(&vertex.label()));
        if !vertex.given {
            let _ = writeln!(out, "  style n{} stroke:#c00,color:#c00", at.index());
        }
    }
    for (from, to, edge) in graph.edges() {
        let arrow = if edge.optional { "-.->" } else { "-->" };
        let _ = writeln!(out, "  n{} {arrow}|\"{}\"| n{}", from.index(), edge_text(&edge), to.index());
    }
    out
}

/// Mermaid reads HTML and Markdown within quotes: everything that is not plain is written as a character code.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '/' | '-' | '.' | ':') {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}
