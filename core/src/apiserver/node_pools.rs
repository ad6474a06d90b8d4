//! Machines that are asked for and given back: what a cloud provider's API does for the Cluster Autoscaler.

use super::api::Api;
use crate::cluster::ids::{NodeId, NodePoolId};
use crate::cluster::node::NodeReady;
use crate::cluster::node_pools::Upcoming;
use crate::trace::{Change, RecordId, Subject};

impl Api {
    /// Asks for `count` nodes like one of a pool's prototypes: they join when the pool's machines take to start.
    pub fn ask_for_nodes(&mut self, id: NodePoolId, prototype: usize, count: i32, why: &str) -> RecordId {
        let due = self.now() + self.cluster.node_pools[id.index()].start_up;
        let pool = &mut self.cluster.node_pools[id.index()];
        let from = pool.size();
        pool.upcoming.extend((0..count.max(0)).map(|_| Upcoming { due, prototype }));
        let to = pool.size();
        let why = self.trace_mut().text_id(why);
        self.record(Subject::NodePool(id), Change::PoolScaled(from, to, why))
    }

    /// Nodes whose machines have started join; tells whether there were any.
    pub fn join_upcoming(&mut self, id: NodePoolId) -> bool {
        let now = self.now();
        let pool = &mut self.cluster.node_pools[id.index()];
        let (due, later): (Vec<Upcoming>, Vec<Upcoming>) = pool.upcoming.iter().partition(|u| u.due <= now);
        pool.upcoming = later;
        let any = !due.is_empty();
        for upcoming in due {
            let pool = &mut self.cluster.node_pools[id.index()];
            let Some(prototype) = pool.prototypes.get(upcoming.prototype).or(pool.prototypes.first()) else { continue };
            let mut node = prototype.clone();
            pool.made += 1;
            let (name, number, like) = (pool.name, pool.made, pool.nodes.first().copied());
            let name = format!("{}-{number}", self.cluster.text(name));
            let name = self.cluster.text.intern(&name);
            node.name = name;
            node.labels.set(self.known().hostname, name);
            node.created = now;
            node.ready = NodeReady::True;
            node.ready_since = now;
            // What drivers are installed there is what is installed on the others.
            if let Some(like) = like.map(|like| self.cluster.node(like).name)
                && let Some(drivers) = self.cluster.storage.csi_nodes.iter().find(|c| c.node == like).cloned()
            {
                self.cluster.storage.csi_nodes.push(crate::cluster::volumes::CsiNode { node: name, ..drivers });
            }
            let node = self.add_node(node);
            self.cluster.node_pools[id.index()].nodes.push(node);
        }
        any
    }

    /// A machine is given back: it stops, and its node is deleted.
    pub fn give_node_back(&mut self, id: NodePoolId, node: NodeId, why: &str) {
        let pool = &mut self.cluster.node_pools[id.index()];
        let from = pool.size();
        pool.nodes.retain(|&n| n != node);
        let to = pool.size();
        let why = self.trace_mut().text_id(why);
        let record = self.record(Subject::NodePool(id), Change::PoolScaled(from, to, why));
        let before = self.cause();
        self.set_cause(Some(record));
        self.delete_node(node);
        self.set_cause(before);
    }
}
