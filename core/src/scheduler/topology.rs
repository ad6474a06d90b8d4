//! Topology domains: for each label key that matters, which nodes share a value.

use std::collections::HashMap;
use std::sync::Arc;

use super::cache::Cache;
use crate::cluster::Cluster;
use crate::cluster::ids::NodeId;
use crate::cluster::node::Node;
use crate::units::grow;
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
    // Nodes by their place in the scheduler's list; made anew when the list or a node's domain changes.
    places: Option<Arc<Places>>,
}

/// Where in the scheduler's list the nodes of each domain of a key stand, as bits: bit k of word w is place 64 w + k.
#[derive(Clone, Debug)]
pub struct Places {
    order_version: u32,
    /// By domain.
    pub of_domain: Vec<Vec<u64>>,
    /// Of the nodes that lack the label.
    pub of_none: Vec<u64>,
    /// Whether all nodes are in one domain.
    pub uniform: bool,
    /// Whether all nodes have the label.
    pub all_have: bool,
}

/// Keys with more domains than this have no [`Places`].
const MAX_PLACED_DOMAINS: usize = 64;

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
        let mut row = KeyRow { key, of_node: Arc::default(), numbers: HashMap::new(), places: None };
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

    /// The number of a key that is known; it stays the same.
    pub fn number(&self, key: Sym) -> Option<usize> {
        self.rows.iter().position(|row| row.key == key)
    }

    /// The domain of every node by the key of this number.
    pub fn of_nodes(&self, number: usize) -> &[u32] {
        self.rows.get(number).map_or(&[], |row| row.of_node.as_slice())
    }

    /// How many domains the key of this number ever had.
    pub fn domain_count(&self, number: usize) -> usize {
        self.rows.get(number).map_or(0, |row| row.numbers.len())
    }

    /// Where the nodes of each domain stand, by the key of this number; none if there are too many domains.
    pub fn places(&mut self, number: usize, cache: &Cache) -> Option<Arc<Places>> {
        let row = self.rows.get_mut(number)?;
        if row.numbers.len() > MAX_PLACED_DOMAINS {
            return None;
        }
        let known = row.places.as_ref().filter(|places| places.order_version == cache.order_version());
        if known.is_none() {
            let words = cache.order().len().div_ceil(64);
            let mut places = Places {
                order_version: cache.order_version(),
                of_domain: vec![vec![0; words]; row.numbers.len()],
                of_none: vec![0; words],
                uniform: false,
                all_have: false,
            };
            let mut counts = vec![0usize; row.numbers.len()];
            for (place, node) in cache.order().iter().enumerate() {
                let domain = row.of_node.get(node.index()).copied().unwrap_or(NO_DOMAIN);
                let bits = match places.of_domain.get_mut(domain as usize) {
                    Some(bits) => {
                        counts[domain as usize] += 1;
                        bits
                    }
                    None => &mut places.of_none,
                };
                bits[place / 64] |= 1 << (place % 64);
            }
            places.all_have = places.of_none.iter().all(|&bits| bits == 0);
            places.uniform = counts.iter().any(|&count| count == cache.order().len());
            row.places = Some(Arc::new(places));
        }
        row.places.clone()
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
        let of_node = grow::at(Arc::make_mut(&mut self.of_node), id.index(), || NO_DOMAIN);
        let differs = std::mem::replace(of_node, domain) != domain;
        if differs {
            self.places = None;
        }
        differs
    }
}
