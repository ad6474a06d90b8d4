//! Node IPAM: every node gets a range of pod addresses out of the cluster's, as long as there are any
//! (`pkg/controller/nodeipam/ipam/{range_allocator,cidrset/cidr_set}.go`, v1.37). Which range a node has does not matter here, only whether it has
//! one: a node without is never ready, for its network cannot be set up.

use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, NodeChange, Notice, Watched};
use crate::cluster::ids::NodeId;
use crate::trace::Subject;

/// Source of this controller's events.
const SOURCE: &str = "cidrAllocator";

/// The node IPAM controller.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeIpam;

impl NodeIpam {
    /// Takes stock of what exists: of the nodes that are there the first ones have a range.
    pub(super) fn start(&self, api: &Api, queue: &mut WorkQueue) {
        let Some(ranges) = api.cluster().pod_ranges else { return };
        let over: Vec<NodeId> = api.cluster().live_nodes().map(|(id, _)| id).skip(ranges as usize).collect();
        over.into_iter().for_each(|id| queue.add(Key::PodRange(id), None));
    }

    /// Takes a notice: a node that joins asks for a range.
    pub(super) fn observe(&self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        if let Watched::Node(id, NodeChange::Added) = notice.watched
            && api.cluster().pod_ranges.is_some()
        {
            queue.add(Key::PodRange(id), notice.record);
        }
    }

    /// Gives a node a range, or says that there is none and tries again later (`AllocateOrOccupyCIDR`).
    pub(super) fn sync(&self, id: NodeId, api: &mut Api, queue: &mut WorkQueue) {
        let cluster = api.cluster();
        let Some(ranges) = cluster.pod_ranges else { return };
        if cluster.node(id).gone {
            return queue.forget(Key::PodRange(id));
        }
        let taken = cluster.live_nodes().filter(|(other, node)| *other != id && node.has_pod_range).count();
        if taken < ranges as usize {
            queue.forget(Key::PodRange(id));
            return api.set_pod_range(id, true);
        }
        // Until it is asked for, a node that joins counts as one that has a range.
        api.set_pod_range(id, false);
        let cause = api.cause();
        let name = api.cluster().text(api.cluster().node(id).name).to_owned();
        api.event(Subject::Node(id), false, "CIDRNotAvailable", &format!("Node {name} status is now: CIDRNotAvailable"), SOURCE);
        queue.add_rate_limited(Key::PodRange(id), api.now(), cause);
    }
}
