//! The scheduler's own view of nodes and bound pods, kept up to date change by change: what each node has left, its pods
//! in kube-scheduler's order, used host ports, images, and the order in which nodes are tried.
//!
//! Holds nothing about waiting pods. Never writes the cluster.

use std::collections::HashMap;

use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::node::Node;
use crate::cluster::pod::Pod;
use crate::cluster::template::{HostPort, PodTemplate};
use crate::units::intern::Sym;
use crate::units::resources::Resources;

/// What the pods on one node add up to (`pkg/scheduler/framework/types.go` NodeInfo, v1.37).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeInfo {
    /// Sum of the pods' requests.
    pub requested: Resources,
    /// Sum of cpu (milli) and memory with 100m and 200Mi for containers that name none.
    pub nonzero: (i64, i64),
    /// Pods on the node: appended when they come; when one goes, the last takes its place.
    pub pods: Vec<PodId>,
    /// Host ports in use: a set, so that one of two pods with the same port frees it when it goes.
    pub ports: Vec<HostPort>,
    /// Images with their size and how many nodes had them when this entry was last refreshed.
    pub images: Vec<(Sym, i64, u32)>,
}

impl NodeInfo {
    /// Counts a pod in.
    pub fn add(&mut self, pod: PodId, template: &PodTemplate) {
        self.requested.add(&template.requests);
        self.nonzero.0 = self.nonzero.0.saturating_add(template.nonzero.0);
        self.nonzero.1 = self.nonzero.1.saturating_add(template.nonzero.1);
        self.pods.push(pod);
        for port in &template.host_ports {
            if !self.ports.contains(port) {
                self.ports.push(*port);
            }
        }
    }

    /// Counts a pod out; tells whether it was there.
    pub fn remove(&mut self, pod: PodId, template: &PodTemplate) -> bool {
        let Some(place) = self.pods.iter().position(|&p| p == pod) else { return false };
        self.pods.swap_remove(place);
        self.requested.subtract(&template.requests);
        self.nonzero.0 = self.nonzero.0.saturating_sub(template.nonzero.0);
        self.nonzero.1 = self.nonzero.1.saturating_sub(template.nonzero.1);
        if !template.host_ports.is_empty() {
            self.ports.retain(|p| !template.host_ports.contains(p));
        }
        true
    }
}

/// One zone of the node tree: its key and its nodes in order of arrival.
#[derive(Clone, Debug, PartialEq)]
struct ZoneRow {
    key: Sym,
    nodes: Vec<NodeId>,
}

/// An image that some node has: size as first seen, and on how many nodes it is.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ImageState {
    size: i64,
    nodes: u32,
}

/// The scheduler's cache and, in one, its snapshot.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    infos: Vec<NodeInfo>,
    listed: Vec<bool>,
    zone_of: Vec<Sym>,
    tree: Vec<ZoneRow>,
    order: Vec<NodeId>,
    position: Vec<u32>,
    order_stale: bool,
    // Looked up by key only, never walked.
    by_name: HashMap<Sym, NodeId>,
    images: HashMap<Sym, ImageState>,
    images_on: Vec<Vec<Sym>>,
    // Changes with everything that happens to the node or its pods.
    generation: Vec<u32>,
    // Changes with what the node itself is: labels, taints, cordon, allocatable, features.
    spec_generation: Vec<u32>,
    clock: u32,
    refresh: Vec<NodeId>,
    // The nodes that `clock` moved for, the last ones; `log_start` is how many there were before.
    log: Vec<NodeId>,
    log_start: u64,
    // Changes with every rebuilding of `order`.
    order_version: u32,
}

/// Changes that are remembered at least.
const MIN_LOG: usize = 1_024;

/// The position of a node that is not in the list.
pub const UNLISTED: u32 = u32::MAX;

impl Cache {
    /// Nodes in the order in which they are tried: zones taken in turn (`backend/cache/node_tree.go`, v1.37).
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// Where a node stands in [`Cache::order`]; [`UNLISTED`] if it does not.
    pub fn position(&self, node: NodeId) -> u32 {
        self.position.get(node.index()).copied().unwrap_or(UNLISTED)
    }

    /// Whether the node exists for the scheduler.
    pub fn is_listed(&self, node: NodeId) -> bool {
        self.listed.get(node.index()).copied().unwrap_or(false)
    }

    /// What is on a node.
    pub fn info(&self, node: NodeId) -> &NodeInfo {
        &self.infos[node.index()]
    }

    /// The existing node of that name.
    pub fn node_named(&self, name: Sym) -> Option<NodeId> {
        self.by_name.get(&name).copied()
    }

    /// Number that changes whenever anything about the node or its pods does.
    pub fn generation(&self, node: NodeId) -> u32 {
        self.generation[node.index()]
    }

    /// Number that changes whenever the node itself does.
    pub fn spec_generation(&self, node: NodeId) -> u32 {
        self.spec_generation[node.index()]
    }

    /// Number that changes with every change of the cache.
    pub fn clock(&self) -> u32 {
        self.clock
    }

    /// Number that changes whenever nodes came to the list or left it.
    pub fn order_version(&self) -> u32 {
        self.order_version
    }

    /// How many changes there were in all: what [`Cache::changed_since`] takes next time.
    pub fn changes(&self) -> u64 {
        self.log_start + self.log.len() as u64
    }

    /// The nodes of all changes after the first so many, some more than once; none if that is too long ago to be known.
    pub fn changed_since(&self, changes: u64) -> Option<&[NodeId]> {
        let known = usize::try_from(changes.checked_sub(self.log_start)?).ok()?;
        self.log.get(known..)
    }

    /// How many node ids the cache has room for: the length of arrays indexed by node.
    pub fn width(&self) -> usize {
        self.infos.len()
    }

    fn make_room(&mut self, node: NodeId) {
        let width = node.index() + 1;
        if self.infos.len() < width {
            self.infos.resize_with(width, NodeInfo::default);
            self.listed.resize(width, false);
            self.zone_of.resize(width, Sym::EMPTY);
            self.position.resize(width, UNLISTED);
            self.images_on.resize_with(width, Vec::new);
            self.generation.resize(width, 0);
            self.spec_generation.resize(width, 0);
        }
    }

    fn touch(&mut self, node: NodeId, spec: bool) {
        self.clock = self.clock.wrapping_add(1);
        self.generation[node.index()] = self.clock;
        if self.log.len() > 2 * self.infos.len() + MIN_LOG {
            let half = self.log.len() / 2;
            self.log.drain(..half);
            self.log_start += half as u64;
        }
        self.log.push(node);
        if spec {
            self.spec_generation[node.index()] = self.clock;
        }
        if !self.images_on[node.index()].is_empty() {
            self.refresh.push(node);
        }
    }

    /// A node came.
    pub fn node_added(&mut self, id: NodeId, node: &Node) {
        self.make_room(id);
        if self.listed[id.index()] {
            return;
        }
        self.listed[id.index()] = true;
        self.by_name.insert(node.name, id);
        self.tree_add(id, node.zone_key);
        self.images_added(id, node);
        self.order_stale = true;
        self.touch(id, true);
    }

    /// A node changed.
    pub fn node_updated(&mut self, id: NodeId, node: &Node) {
        self.make_room(id);
        if !self.listed[id.index()] {
            return;
        }
        if self.zone_of[id.index()] != node.zone_key {
            self.tree_remove(id);
            self.tree_add(id, node.zone_key);
        }
        self.images_removed(id);
        self.images_added(id, node);
        self.touch(id, true);
        self.refresh.push(id);
    }

    /// A node went. Its pods stay counted on it until they go too, but no plugin sees them.
    pub fn node_removed(&mut self, id: NodeId, node: &Node) {
        self.make_room(id);
        if !self.listed[id.index()] {
            return;
        }
        self.listed[id.index()] = false;
        if self.by_name.get(&node.name) == Some(&id) {
            self.by_name.remove(&node.name);
        }
        self.tree_remove(id);
        self.images_removed(id);
        self.order_stale = true;
        self.touch(id, true);
    }

    /// A pod was bound to, or found on, a node.
    pub fn pod_added(&mut self, id: PodId, node: NodeId, template: &PodTemplate) {
        self.make_room(node);
        self.infos[node.index()].add(id, template);
        self.touch(node, false);
    }

    /// A bound pod went; tells whether it was there.
    pub fn pod_removed(&mut self, id: PodId, node: NodeId, template: &PodTemplate) -> bool {
        self.make_room(node);
        let was_there = self.infos[node.index()].remove(id, template);
        if was_there {
            self.touch(node, false);
        }
        was_there
    }

    /// Something about a bound pod changed that is not counted here.
    pub fn pod_touched(&mut self, node: NodeId) {
        self.make_room(node);
        self.touch(node, false);
    }

    /// Brings the list and the image counts up to date; called at the start of every cycle (`cache.go` UpdateSnapshot).
    pub fn update_snapshot(&mut self) {
        if self.order_stale {
            self.order_stale = false;
            self.rebuild_order();
        }
        let mut refresh = std::mem::take(&mut self.refresh);
        for &node in &refresh {
            let images = &mut self.infos[node.index()].images;
            images.clear();
            for name in &self.images_on[node.index()] {
                if let Some(state) = self.images.get(name) {
                    images.push((*name, state.size, state.nodes));
                }
            }
        }
        refresh.clear();
        self.refresh = refresh;
    }

    fn rebuild_order(&mut self) {
        self.order_version = self.order_version.wrapping_add(1);
        self.order.clear();
        self.position.fill(UNLISTED);
        let longest = self.tree.iter().map(|row| row.nodes.len()).max().unwrap_or(0);
        for i in 0..longest {
            for row in &self.tree {
                if let Some(&node) = row.nodes.get(i) {
                    self.position[node.index()] = self.order.len() as u32;
                    self.order.push(node);
                }
            }
        }
    }

    fn tree_add(&mut self, id: NodeId, key: Sym) {
        self.zone_of[id.index()] = key;
        match self.tree.iter_mut().find(|row| row.key == key) {
            Some(row) => row.nodes.push(id),
            None => self.tree.push(ZoneRow { key, nodes: vec![id] }),
        }
    }

    fn tree_remove(&mut self, id: NodeId) {
        let key = self.zone_of[id.index()];
        let Some(place) = self.tree.iter().position(|row| row.key == key) else { return };
        self.tree[place].nodes.retain(|&n| n != id);
        if self.tree[place].nodes.is_empty() {
            self.tree.remove(place);
        }
    }

    fn images_added(&mut self, id: NodeId, node: &Node) {
        for &(name, size) in &node.images {
            if self.images_on[id.index()].contains(&name) {
                continue;
            }
            self.images_on[id.index()].push(name);
            self.images.entry(name).or_insert(ImageState { size, nodes: 0 }).nodes += 1;
        }
    }

    fn images_removed(&mut self, id: NodeId) {
        for name in std::mem::take(&mut self.images_on[id.index()]) {
            if let Some(state) = self.images.get_mut(&name) {
                state.nodes -= 1;
                if state.nodes == 0 {
                    self.images.remove(&name);
                }
            }
        }
    }
}

/// Whether a bound pod counts on its node: it exists and has not ended (`pkg/scheduler/scheduler.go` pod informer, v1.37).
pub fn counts_on_node(pod: &Pod) -> bool {
    !pod.gone && pod.node.is_some() && !pod.phase.is_terminal()
}

/// The pods of listed nodes, node by node in list order.
pub fn scheduled_pods<'a>(cache: &'a Cache, cluster: &'a Cluster) -> impl Iterator<Item = (NodeId, PodId, &'a Pod)> {
    cache.order().iter().flat_map(move |&node| cache.info(node).pods.iter().map(move |&pod| (node, pod, cluster.pod(pod))))
}
