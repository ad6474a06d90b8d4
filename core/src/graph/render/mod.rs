//! Drawings of a graph, one file per format. Names are text from outside and never markup.

mod dot;
mod json;
mod mermaid;
mod svg;
mod text;

pub use dot::dot;
pub use json::{SCHEMA_VERSION, json};
pub use mermaid::mermaid;
pub use svg::{picture, svg};
pub use text::text;

use super::model::{Edge, Relation};

/// What is written at an edge.
pub(super) fn edge_text(edge: &Edge) -> String {
    match edge.relation {
        Relation::RunsOn => format!("{} pod{}", edge.count, if edge.count == 1 { "" } else { "s" }),
        relation if edge.optional => format!("{} (optional)", relation.word()),
        relation => relation.word().to_owned(),
    }
}
