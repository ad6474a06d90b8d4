//! How the objects of a cluster depend on each other: a graph to draw, and to ask what stops if one of them goes.
//!
//! Owns the relations, the blast radius, single points of failure, the layout and its drawings. It decides nothing that happens
//! in a run, and it reads no text: what it knows is in the manifest and the cluster already.

mod impact;
mod layout;
mod model;
mod names;
mod references;
mod relate;
pub mod render;

#[cfg(test)]
mod tests;

pub use impact::{Effect, Hit, Weakness, blast_radius, single_points_of_failure};
pub use layout::{Layout, Place, layout};
pub use model::{Edge, Graph, GraphOptions, Kind, Relation, Vertex};
pub use names::{find, focus};
pub use petgraph::graph::NodeIndex as Index;
pub use relate::relate;
