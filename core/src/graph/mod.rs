//! How the objects of a cluster depend on each other: a graph to draw, and to ask what stops if one of them goes.
//!
//! Owns the relations, the blast radius, single points of failure, the layout and its drawings. It decides nothing that happens
//! in a run, and it reads no text: what it knows is in the manifest and the cluster already.

mod apps;
mod drawing;
mod fold;
mod impact;
mod layout;
mod model;
mod names;
mod policies;
mod references;
mod relate;
pub mod render;

#[cfg(test)]
mod tests;

pub use drawing::{Box, Drawing, Line, Mark};
pub use fold::{Folded, Folding, Grain, fold, key as group_key};
pub use impact::{Effect, Hit, Weakness, behind, blast_radius, single_points_of_failure};
pub use layout::{Kept, Layout, Place, layout, layout_kept};
pub use model::{Edge, Graph, GraphOptions, Kind, Relation, Vertex};
pub use names::{find, focus};
pub use petgraph::graph::NodeIndex as Index;
pub use relate::relate;
