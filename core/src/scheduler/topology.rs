//! Topology domains: for each label key that matters, which nodes share a value.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cluster::Cluster;
use crate::cluster::ids::NodeId;
use crate::cluster::node::Node;
use crate::units::intern::Sym;

/// The domain of a node that lacks the label.
pub const NO_DOMAIN: u32 = u32::MAX;

/// Domains by one key: each value has a number, in order of first appearance.
#[derive(Clone, Debug)]
struct KeyRow {
    key: Sym,
    of_node: Arc<Vec<u32>>,
    // Looked up by key only, never walked.
    numbers: HashMap<Sym, u32>,
}

/// All domains.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    rows: Vec<KeyRow>,
}

impl Topology {
    /// Sees to it that the domains of a key are known.
    pub fn know(&mut self, key: Sym, cluster: &Cluster) {
        if self.rows.iter().any(|row| row.key == key) {
            return;
        }
        let mut row = KeyRow { key, of_node: Arc::default(), numbers: HashMap::new() };
        for (index, node) in cluster.nodes.iter().enumerate() {
            row.set(NodeId::from_index(index), node);
        }
        self.rows.push(row);
    }

    /// The domain of a node by a key; [`NO_DOMAIN`] where the node lacks the label or the key was never asked for.
    pub fn domain(&self, key: Sym, node: NodeId) -> u32 {
        let row = self.rows.iter().find(|row| row.key == key);
        row.and_then(|row| row.of_node.get(node.index())).copied().unwrap_or(NO_DOMAIN)
    }

    /// The domain of every node by a key that is known; empty for one that is not.
    pub fn domains(&self, key: Sym) -> Arc<Vec<u32>> {
        self.rows.iter().find(|row| row.key == key).map(|row| row.of_node.clone()).unwrap_or_default()
    }

    /// A node came or its labels changed: the keys whose value is another now.
    pub fn node_changed(&mut self, id: NodeId, node: &Node) -> Vec<Sym> {
        self.rows.iter_mut().filter_map(|row| row.set(id, node).then_some(row.key)).collect()
    }
}

impl KeyRow {
    fn set(&mut self, id: NodeId, node: &Node) -> bool {
        let domain = match node.labels.get(self.key) {
            Some(value) => {
                let next = self.numbers.len() as u32;
                *self.numbers.entry(value).or_insert(next)
            }
            None => NO_DOMAIN,
        };
        let of_node = Arc::make_mut(&mut self.of_node);
        if of_node.len() <= id.index() {
            of_node.resize(id.index() + 1, NO_DOMAIN);
        }
        std::mem::replace(&mut of_node[id.index()], domain) != domain
    }
}
