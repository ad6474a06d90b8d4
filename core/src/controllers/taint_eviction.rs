//! The taint eviction controller: pods leave nodes whose NoExecute taints they do not tolerate, or no longer
//! (`pkg/controller/tainteviction/{taint_eviction,timed_workers}.go`, v1.37). No rate limit, no regard for budgets.

use std::collections::BTreeMap;

use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, NodeChange, Notice, PodChange, Watched};
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::node::Taint;
use crate::cluster::pod::DisruptionReason;
use crate::cluster::template::TaintEffect;
use crate::trace::{DeleteReason, Message, RecordId, Subject};
use crate::units::time::{Millis, SECOND, Time};

/// How long it takes to hear of a pod that has just been made: an assumption, of the size that recorded round trips have.
const HEARD_AFTER: Millis = 250;
/// Source of this controller's events.
const SOURCE: &str = "taint-eviction-controller";

/// What is planned for a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// Its deletion, at this time.
    Planned(Time),
    /// Its deletion was asked for; it is not asked for again.
    Done,
}

/// How long a pod tolerates a node's NoExecute taints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tolerated {
    Not,
    Seconds(i64),
    Forever,
}

/// The taint eviction controller.
#[derive(Clone, Debug, Default)]
pub(super) struct TaintEviction {
    work: BTreeMap<PodId, Work>,
    goes_on: bool,
}

impl TaintEviction {
    /// Looks at every node that has NoExecute taints. One that goes on from where a living cluster is counts from when they were added; one that
    /// has been started anew counts from now.
    pub(super) fn start(&mut self, api: &mut Api, queue: &mut WorkQueue, goes_on: bool) {
        self.goes_on = goes_on;
        self.look_at_all(api, queue);
        self.goes_on = false;
    }

    fn look_at_all(&mut self, api: &mut Api, queue: &mut WorkQueue) {
        let tainted: Vec<NodeId> =
            api.cluster().live_nodes().filter(|(_, n)| !no_execute(&n.taints).is_empty()).map(|(id, _)| id).collect();
        for id in tainted {
            self.node_changed(api, id, None, queue);
        }
    }

    /// Takes a notice.
    pub(super) fn observe(&mut self, api: &mut Api, notice: &Notice, queue: &mut WorkQueue) {
        match notice.watched {
            Watched::Node(id, NodeChange::Added | NodeChange::Taints) => self.node_changed(api, id, notice.record, queue),
            Watched::Pod(id, PodChange::Added | PodChange::Bound | PodChange::Spec) => {
                let Some(node) = api.cluster().pod(id).node else { return };
                let taints = no_execute(&api.cluster().node(node).taints);
                if !taints.is_empty() && !api.cluster().pod(id).gone {
                    self.pod_on_node(api, id, &taints, notice.record, queue);
                }
            }
            Watched::Pod(id, PodChange::Gone) => self.cancel(api, id, notice.record),
            _ => {}
        }
    }

    /// The time of a pod may be over: delete it.
    pub(super) fn fire(&mut self, api: &mut Api, id: PodId) {
        match self.work.get(&id) {
            Some(Work::Planned(due)) if *due <= api.now() => {}
            _ => return,
        }
        self.work.insert(id, Work::Done);
        if api.cluster().pod(id).gone {
            return;
        }
        api.event_of(Subject::Pod(id), false, "TaintManagerEviction", Message::MarkedForDeletion, SOURCE);
        api.mark_disruption_target(id, DisruptionReason::TaintManager);
        api.delete_pod(id, None, DeleteReason::Taint);
    }

    fn node_changed(&mut self, api: &mut Api, id: NodeId, cause: Option<RecordId>, queue: &mut WorkQueue) {
        let taints = no_execute(&api.cluster().node(id).taints);
        let pods: Vec<PodId> = api.cluster().node(id).pods.clone();
        for pod in pods {
            if taints.is_empty() {
                self.cancel(api, pod, cause);
            } else {
                self.pod_on_node(api, pod, &taints, cause, queue);
            }
        }
    }

    fn pod_on_node(&mut self, api: &mut Api, id: PodId, taints: &[Taint], cause: Option<RecordId>, queue: &mut WorkQueue) {
        let now = api.now();
        let due = match tolerated(api.cluster(), id, taints) {
            Tolerated::Forever => return self.cancel(api, id, cause),
            Tolerated::Not => {
                if matches!(self.work.get(&id), Some(Work::Done)) || matches!(self.work.get(&id), Some(Work::Planned(due)) if *due <= now) {
                    return;
                }
                self.cancel(api, id, cause);
                // A pod that is made onto such a node has to be heard of first: else its owner would make the next within no time.
                if api.cluster().pod(id).created == now { now + HEARD_AFTER } else { now }
            }
            // What is planned already is neither extended nor shortened.
            Tolerated::Seconds(_) if self.work.contains_key(&id) => return,
            Tolerated::Seconds(seconds) => {
                let (cluster, pod) = (api.cluster(), api.cluster().pod(id));
                let since = pod.node.filter(|_| self.goes_on).and_then(|node| cluster.node(node).no_execute_since);
                let since = since.map_or(now, |since| since.max(pod.bound.unwrap_or(since)).min(now));
                (since + seconds.saturating_mul(SECOND)).max(now)
            }
        };
        self.work.insert(id, Work::Planned(due));
        if due <= now {
            queue.add(Key::TaintEviction(id), cause);
        } else {
            queue.add_at(Key::TaintEviction(id), due, cause);
        }
    }

    fn cancel(&mut self, api: &mut Api, id: PodId, cause: Option<RecordId>) {
        if let Some(Work::Planned(_)) = self.work.remove(&id) {
            let name = api.cluster().pod_full_name(id);
            let before = api.cause();
            api.set_cause(cause);
            api.event(Subject::Pod(id), false, "TaintManagerEviction", &format!("Cancelling deletion of Pod {name}"), SOURCE);
            api.set_cause(before);
        }
    }
}

fn no_execute(taints: &[Taint]) -> Vec<Taint> {
    taints.iter().filter(|t| t.effect == TaintEffect::NoExecute).copied().collect()
}

/// For how long all taints are tolerated: of each taint the first toleration that matches is used, and of the used ones the shortest counts.
fn tolerated(cluster: &Cluster, id: PodId, taints: &[Taint]) -> Tolerated {
    let tolerations = &cluster.template_of(id).tolerations;
    let mut shortest = None;
    for taint in taints {
        match tolerations.iter().find(|t| t.tolerates(taint.key, taint.value, taint.effect)) {
            None => return Tolerated::Not,
            Some(used) => shortest = [shortest, used.seconds].into_iter().flatten().min(),
        }
    }
    shortest.map_or(Tolerated::Forever, |seconds| Tolerated::Seconds(seconds.max(0)))
}
