//! The DaemonSet controller (`pkg/controller/daemon`, v1.37): one pod on each node that should run it. It chooses nodes by selector,
//! affinity and taints, never by room: that is the scheduler's to find out.

mod backoff;
mod manage;
mod placement;
mod rolling;
mod status;

use std::collections::{BTreeMap, BTreeSet};

use super::losses::creation_causes;
use super::orphans::Orphans;
use super::pod_control;
use super::queue::{Key, WorkQueue};
use super::relevance::changes_counts;
use super::revisions::{hash_name, with_label};
use crate::apiserver::{Api, NewPod, NodeChange, Notice, PodChange, Refusal, Watched};
use crate::cluster::Cluster;
use crate::cluster::ids::{DaemonSetId, NamespaceId, NodeId, PodId};
use crate::cluster::labels::Labels;
use crate::cluster::pod::{Owner, PodName};
use crate::cluster::workloads::DaemonSetStrategy;
use crate::trace::{DeleteReason, Subject};
use crate::units::arrange::Arrange;
use placement::placement;

/// The component that its events name.
const SOURCE: &str = "daemonset-controller";

/// The most pods created, and the most deleted, in one step (`BurstReplicas`).
const BURST: usize = 250;

/// What the DaemonSet controller remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct DaemonSetController {
    orphans: Orphans,
    by_namespace: BTreeMap<NamespaceId, BTreeSet<DaemonSetId>>,
    failed_pods: backoff::FailedPods,
}

/// The pods of a DaemonSet by the node they are for, the best first: assigned, then older.
type PodsByNode = BTreeMap<NodeId, Vec<PodId>>;

/// What one step wants done.
#[derive(Clone, Debug, Default)]
struct Wanted {
    create: Vec<NodeId>,
    delete: Vec<(PodId, DeleteReason)>,
}

impl DaemonSetController {
    /// Takes stock of what exists.
    pub(super) fn start(&mut self, api: &Api, queue: &mut WorkQueue) {
        for (id, pod) in api.cluster().live_pods() {
            self.orphans.see(id, pod);
        }
        for (i, set) in api.cluster().daemon_sets.iter().enumerate() {
            if !set.meta.gone {
                let id = DaemonSetId::from_index(i);
                self.by_namespace.entry(set.meta.namespace).or_default().insert(id);
                queue.add(Key::DaemonSet(id), None);
            }
        }
    }

    /// Asks for the DaemonSets that a change concerns.
    pub(super) fn observe(&mut self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        let cluster = api.cluster();
        match notice.watched {
            Watched::DaemonSet(id) => {
                let meta = &cluster.daemon_sets[id.index()].meta;
                let known = self.by_namespace.entry(meta.namespace).or_default();
                if meta.gone {
                    known.remove(&id)
                } else {
                    known.insert(id)
                };
                queue.add(Key::DaemonSet(id), notice.record);
            }
            Watched::Pod(id, change) => {
                let pod = cluster.pod(id);
                match pod.owner {
                    // Every change of a pod wakes the controller; those that change no count matter only to one that is to try again.
                    Owner::DaemonSet(set) if changes_counts(api, notice, change) || queue.failures(Key::DaemonSet(set)) > 0 => {
                        queue.add(Key::DaemonSet(set), notice.record);
                    }
                    Owner::None if matches!(change, PodChange::Added | PodChange::Spec) && !pod.gone => {
                        for &set in self.by_namespace.get(&pod.namespace).into_iter().flatten() {
                            if cluster.pod_labels(id).match_selector(&cluster.daemon_sets[set.index()].selector, &cluster.text) {
                                queue.add(Key::DaemonSet(set), notice.record);
                            }
                        }
                    }
                    _ => {}
                }
                self.orphans.see(id, pod);
            }
            Watched::Node(node, change) if !matches!(change, NodeChange::Machine | NodeChange::Gone) => {
                for &set in self.by_namespace.values().flatten() {
                    if node_concerns(cluster, set, node) {
                        queue.add(Key::DaemonSet(set), notice.record);
                    }
                }
            }
            _ => {}
        }
    }

    /// One look at a DaemonSet (`syncDaemonSet`).
    pub(super) fn sync(&mut self, id: DaemonSetId, api: &mut Api, queue: &mut WorkQueue) {
        let set = &api.cluster().daemon_sets[id.index()];
        if set.meta.gone || set.meta.deleting.is_some() {
            return;
        }
        if set.selector.is_everything() {
            let message = "This daemon set is selecting all pods. A non-empty selector is required.";
            api.event(Subject::DaemonSet(id), true, "SelectingAll", message, SOURCE);
            return;
        }
        let (namespace, selector, template) = (set.meta.namespace, set.selector.clone(), set.template);
        self.orphans.claim(api, namespace, &selector, Owner::DaemonSet(id), template);
        let key = Key::DaemonSet(id);
        let (wanted, again) = manage::manage(api, id, &mut self.failed_pods);
        if let Some(delay) = again {
            queue.add_once_at(key, api.now() + delay, api.cause());
        }
        // What was just asked for has to be seen before an update goes on (expectations).
        let idle = wanted.create.is_empty() && wanted.delete.is_empty();
        let mut result = carry_out(api, id, wanted);
        let rolls = matches!(api.cluster().daemon_sets[id.index()].strategy, DaemonSetStrategy::RollingUpdate { .. });
        if result.is_ok() && idle && rolls {
            let wanted = rolling::update(api, id);
            result = carry_out(api, id, wanted);
        }
        status::write(api, id);
        if result.is_err() {
            queue.add_rate_limited(key, api.now(), api.cause());
        } else {
            queue.forget(key);
        }
        if let Some(time) = status::next_available(api, id) {
            queue.add_once_at(key, time, api.cause());
        }
    }
}

/// Whether a change of a node can matter (`syncNodeUpdate`).
fn node_concerns(cluster: &Cluster, id: DaemonSetId, node: NodeId) -> bool {
    let set = &cluster.daemon_sets[id.index()];
    let own = |&&p: &&PodId| cluster.pod(p).owner == Owner::DaemonSet(id);
    let scheduled = cluster.node(node).pods.iter().any(|p| own(&p))
        || set.pods.iter().any(|&p| cluster.pod(p).node.is_none() && cluster.pod(p).pinned == Some(node));
    let placement = placement(cluster, id, node);
    if scheduled { !placement.keep || set.status.misscheduled > 0 } else { placement.run }
}

/// The node a pod runs on or is meant for (`GetTargetNodeName`).
fn target(cluster: &Cluster, pod: PodId) -> Option<NodeId> {
    let pod = cluster.pod(pod);
    pod.node.or(pod.pinned)
}

/// The pods by node; those that have ended and are being deleted are invisible (`getNodesToDaemonPods`).
fn pods_by_node(cluster: &Cluster, id: DaemonSetId) -> PodsByNode {
    let mut by_node = PodsByNode::new();
    for &id in &cluster.daemon_sets[id.index()].pods {
        let pod = cluster.pod(id);
        if pod.phase.is_terminal() && pod.deletion.is_some() {
            continue;
        }
        if let Some(node) = target(cluster, id) {
            by_node.entry(node).or_default().push(id);
        }
    }
    for pods in by_node.values_mut() {
        pods.arrange_by_key(|&p| (cluster.pod(p).node.is_none(), cluster.pod(p).created, p));
    }
    by_node
}

/// Whether a pod is of the wanted revision.
fn is_updated(cluster: &Cluster, id: DaemonSetId, pod: PodId) -> bool {
    cluster.template_of(pod).digest == cluster.template(cluster.daemon_sets[id.index()].template).digest
}

/// Creates in slow-start batches, then deletes (`syncNodes`).
fn carry_out(api: &mut Api, id: DaemonSetId, mut wanted: Wanted) -> Result<(), Refusal> {
    wanted.create.truncate(BURST);
    wanted.delete.truncate(BURST);
    let mut result = Ok(());
    if !wanted.create.is_empty() {
        result = create_all(api, id, &wanted.create);
    }
    for (pod, reason) in wanted.delete {
        pod_control::delete(api, Subject::DaemonSet(id), pod, reason, SOURCE);
    }
    result
}

fn create_all(api: &mut Api, id: DaemonSetId, nodes: &[NodeId]) -> Result<(), Refusal> {
    let causes = creation_causes(api);
    let (mut done, mut batch) = (0, 1);
    while done < nodes.len() {
        let size = batch.min(nodes.len() - done);
        let mut refused = None;
        for &node in &nodes[done..done + size] {
            let cause = causes.of(|pod| target(api.cluster(), pod) == Some(node));
            if cause.is_some() {
                api.set_cause(cause);
            }
            if let Err(refusal) = create_one(api, id, node) {
                refused.get_or_insert(refusal);
            }
        }
        match refused {
            Some(refusal) if refusal.is_no_error() => return Ok(()),
            Some(refusal) => return Err(refusal),
            None => {}
        }
        done += size;
        batch *= 2;
    }
    Ok(())
}

fn create_one(api: &mut Api, id: DaemonSetId, node: NodeId) -> Result<(), Refusal> {
    let cluster = api.cluster();
    let set = &cluster.daemon_sets[id.index()];
    let (namespace, number, template) = (set.meta.namespace, set.pods_made, set.template);
    let hash = hash_name(cluster.template(template).digest, 0);
    let key = api.known().controller_revision_hash;
    let value = api.cluster_mut().text.intern(&hash);
    let template = with_label(api.cluster_mut(), template, &Labels::new([(key, value)]));
    let created = api.create_pod(NewPod {
        namespace,
        name: PodName::Generated(number),
        template,
        owner: Owner::DaemonSet(id),
        pinned: Some(node),
        ordinal_of_owner: number + 1,
        own_labels: None,
    });
    pod_control::tell_created(api, Subject::DaemonSet(id), &created, SOURCE);
    created.map(drop)
}
