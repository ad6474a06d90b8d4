//! What must hold after each record, of what the record is about.

use super::{Invariants, Rule};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::pod::{Owner, PodName};
use crate::trace::{Change, Record, RecordId, Subject};
use crate::units::resources::Resources;

impl Invariants {
    /// Checks what one record says against the cluster. Several records may have been written since: the cluster is as it is after the last.
    pub(super) fn after(&mut self, api: &Api, id: RecordId, record: &Record) {
        let last = self.last.unwrap_or(record.time);
        if record.time < last || record.time > api.now() {
            let found = format!("a record of {} after one of {last}, at {}", record.time, api.now());
            self.tell(api, Some(id), Rule::TimeAndCauses, found);
        }
        if record.cause.is_some_and(|cause| cause >= id) {
            self.tell(api, Some(id), Rule::TimeAndCauses, "a record that follows from a later one".to_owned());
        }
        match record.subject {
            Subject::Pod(pod) => self.after_pod(api, id, pod, record.change),
            Subject::Node(node) => {
                self.nodes.insert(node);
            }
            _ => {}
        }
    }

    fn after_pod(&mut self, api: &Api, record: RecordId, id: PodId, change: Change) {
        let cluster = api.cluster();
        let first_touch = self.pods.insert(id);
        let pod = cluster.pod(id);
        if let Some(node) = pod.node {
            self.nodes.insert(node);
        }
        match change {
            Change::PodBound(node) => self.after_binding(api, record, id, node),
            Change::PodCreated => self.after_creation(api, record, id),
            Change::PodGone if !pod.gone => {
                self.tell(api, Some(record), Rule::EndsOnce, format!("{} is gone and exists", cluster.pod_full_name(id)));
            }
            Change::PodReady if pod.node.is_none() => {
                self.tell(api, Some(record), Rule::OnePlace, format!("{} is ready on no node", cluster.pod_full_name(id)));
            }
            _ => {}
        }
        if first_touch {
            self.check_place(api, record, id);
        }
        if let Some(found) = second_life(api, record, id, change) {
            self.tell(api, Some(record), Rule::EndsOnce, found);
        }
    }

    fn after_binding(&mut self, api: &Api, record: RecordId, id: PodId, node: NodeId) {
        let cluster = api.cluster();
        let pod = cluster.pod(id);
        if pod.node != Some(node) {
            self.tell(api, Some(record), Rule::OnePlace, format!("{} was bound to two nodes", cluster.pod_full_name(id)));
        }
        if pod.pinned.is_some_and(|only| only != node) {
            self.tell(api, Some(record), Rule::OnePlace, format!("{} runs where its owner did not want it", cluster.pod_full_name(id)));
        }
        if cluster.node(node).gone {
            self.tell(api, Some(record), Rule::OnePlace, format!("{} was bound to a node that is gone", cluster.pod_full_name(id)));
        }
        // What names its node goes past the scheduler; its kubelet decides.
        if cluster.template_of(id).node_name.is_none()
            && let Some(short) = over_committed(cluster, node, id)
        {
            let found = format!("{} on {}: {short}", cluster.pod_full_name(id), cluster.text(cluster.node(node).name));
            self.tell(api, Some(record), Rule::NotOverCommitted, found);
        }
    }

    fn after_creation(&mut self, api: &Api, record: RecordId, id: PodId) {
        let cluster = api.cluster();
        let pod = cluster.pod(id);
        let twin = |other: &PodId| {
            let other_pod = cluster.pod(*other);
            *other != id
                && match (pod.name, other_pod.name) {
                    // An ordinal's name is taken as long as the object exists.
                    (PodName::Ordinal(a), PodName::Ordinal(b)) => a == b && !other_pod.gone,
                    (PodName::Indexed(a, _), PodName::Indexed(b, _)) => a == b && other_pod.is_active() && pod.is_active(),
                    _ => false,
                }
        };
        if api.pods_of(pod.owner).iter().any(twin) {
            self.tell(api, Some(record), Rule::OneOfEach, format!("a second {}", cluster.pod_full_name(id)));
        }
    }

    /// A pod is listed on its node and by its owner while it exists, and nowhere afterwards.
    fn check_place(&mut self, api: &Api, record: RecordId, id: PodId) {
        let cluster = api.cluster();
        let pod = cluster.pod(id);
        if let Some(node) = pod.node {
            let listed = cluster.node(node).pods.iter().filter(|&&p| p == id).count();
            if listed != usize::from(!pod.gone) {
                let found = format!("{} is listed {listed} times on its node", cluster.pod_full_name(id));
                self.tell(api, Some(record), Rule::OnePlace, found);
            }
        }
        let owned = !matches!(pod.owner, Owner::None | Owner::Node | Owner::Foreign { .. });
        let listed = api.pods_of(pod.owner).binary_search(&id).is_ok();
        if owned && listed == pod.gone {
            let found =
                format!("{} {} its owner's pods", cluster.pod_full_name(id), if pod.gone { "is gone and among" } else { "is not among" });
            self.tell(api, Some(record), Rule::OwnerCounts, found);
        }
    }
}

/// A pod that runs or gets ready after its end was recorded.
fn second_life(api: &Api, record: RecordId, id: PodId, change: Change) -> Option<String> {
    let pod = api.cluster().pod(id);
    let lives = matches!(change, Change::PodRunning | Change::PodReady | Change::PodBound(_) | Change::PodRestarted(_));
    let ended = pod.phase.is_terminal() || pod.gone;
    // Its end may have come since, within the same action: only an earlier record of it counts.
    let over =
        |r: &Record| r.subject == Subject::Pod(id) && matches!(r.change, Change::PodGone | Change::PodSucceeded | Change::PodFailed(..));
    let before = (record.0 as usize).saturating_sub(LOOK_BACK);
    let earlier = api.trace().records().get(before..record.0 as usize).unwrap_or_default();
    (lives && ended && earlier.iter().any(over)).then(|| format!("{} after its end: {change:?}", api.cluster().pod_full_name(id)))
}

/// How many records before one are searched for the end of its pod.
const LOOK_BACK: usize = 2_000;

/// What a node has too little of, of what a pod asks for, the pod itself counted. What names its node itself and came after the pod is left
/// out: it may have come while the pod, which was promised its room, waited for a volume.
fn over_committed(cluster: &Cluster, node: NodeId, id: PodId) -> Option<String> {
    let mut used = Resources::default();
    let mut count = 0;
    let went_past = |other: PodId| cluster.template_of(other).node_name.is_some() && cluster.pod(other).created >= cluster.pod(id).created;
    for &other in &cluster.node(node).pods {
        let pod = cluster.pod(other);
        if !pod.gone && !pod.phase.is_terminal() && !went_past(other) {
            used.add(&cluster.template(pod.template).requests);
            count += 1;
        }
    }
    let (wanted, node) = (&cluster.template_of(id).requests, cluster.node(node));
    let have = &node.allocatable;
    let more = |what: &str, wanted: i64, used: i64, have: i64| (wanted > 0 && used > have).then(|| format!("{used} of {have} {what}"));
    more("pods", 1, count, node.allocatable_pods)
        .or_else(|| more("cpu", wanted.cpu_milli, used.cpu_milli, have.cpu_milli))
        .or_else(|| more("memory", wanted.memory, used.memory, have.memory))
        .or_else(|| more("ephemeral-storage", wanted.ephemeral_storage, used.ephemeral_storage, have.ephemeral_storage))
        .or_else(|| {
            wanted.scalars.iter().find_map(|&(name, amount)| more(cluster.text(name), amount, used.scalar(name), have.scalar(name)))
        })
}
