//! Flags that say what cluster to assume, shared by every verb that simulates.

use wavetank_core::cluster::build::{ClusterOptions, NodeShape};
use wavetank_core::session::SessionOptions;

/// What cluster to assume where the manifests give no nodes.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "The cluster, where no Nodes are given")]
pub(crate) struct ClusterArgs {
    /// Zones of the nodes
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    zones: Vec<String>,
    /// How many nodes; without it, as few as hold everything with one zone's room to spare
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    nodes: Option<u32>,
    /// How large each node is: `cpu=4,memory=16Gi,pods=110`
    #[arg(long, value_name = "SHAPE", value_parser = NodeShape::parse)]
    node: Option<NodeShape>,
    /// Decides what Kubernetes leaves open, such as which of equally good nodes a pod gets; the same seed gives the same run. Without it the one of
    /// the document, or 0: one order that needs no draw
    #[arg(long, value_name = "NUMBER", help_heading = "Options")]
    seed: Option<u64>,
}

impl ClusterArgs {
    /// The options of a session.
    pub(crate) fn options(&self) -> SessionOptions {
        let cluster =
            ClusterOptions { zones: self.zones.clone(), nodes: self.nodes, shape: self.node.clone(), ..ClusterOptions::default() };
        SessionOptions { cluster, seed: self.seed(), ..SessionOptions::default() }
    }

    /// The seed; 0 where none is given.
    pub(crate) fn seed(&self) -> u64 {
        self.seed.unwrap_or(0)
    }

    /// The seed if one is given.
    pub(crate) fn given_seed(&self) -> Option<u64> {
        self.seed
    }

    /// The same with another seed.
    pub(crate) fn at_seed(&self, seed: u64) -> ClusterArgs {
        ClusterArgs { seed: Some(seed), ..self.clone() }
    }

    /// The same flags as one would type them, with a space before each; empty for none.
    pub(crate) fn as_typed(&self) -> String {
        use crate::input::quoted;
        let mut text = String::new();
        if !self.zones.is_empty() {
            text.push_str(&format!(" --zones {}", quoted(&self.zones.join(","))));
        }
        if let Some(nodes) = self.nodes {
            text.push_str(&format!(" --nodes {nodes}"));
        }
        if let Some(shape) = &self.node {
            text.push_str(&format!(" --node {}", quoted(&shape.to_string())));
        }
        if self.seed() != 0 {
            text.push_str(&format!(" --seed {}", self.seed()));
        }
        text
    }
}
