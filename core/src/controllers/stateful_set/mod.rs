//! The StatefulSet controller (`pkg/controller/statefulset`, v1.37): pods with ordinals, each at most once, created and replaced in order.

mod claims;
mod pass;
mod revision;
mod status;

use std::collections::{BTreeMap, BTreeSet};

use super::orphans::Orphans;
use super::queue::{Key, WorkQueue};
use super::relevance::changes_counts;
use crate::apiserver::{Api, Notice, PodChange, Watched};
use crate::cluster::Cluster;
use crate::cluster::ids::{NamespaceId, PodId, StatefulSetId};
use crate::cluster::pod::{Owner, PodName};

/// The component that its events name.
const SOURCE: &str = "statefulset-controller";

/// What the StatefulSet controller remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct StatefulSetController {
    orphans: Orphans,
    by_namespace: BTreeMap<NamespaceId, BTreeSet<StatefulSetId>>,
}

impl StatefulSetController {
    /// Takes stock of what exists.
    pub(super) fn start(&mut self, api: &Api, queue: &mut WorkQueue) {
        for (id, pod) in api.cluster().live_pods() {
            self.orphans.see(id, pod);
        }
        for (i, set) in api.cluster().stateful_sets.iter().enumerate() {
            if !set.meta.gone {
                let id = StatefulSetId::from_index(i);
                self.by_namespace.entry(set.meta.namespace).or_default().insert(id);
                queue.add(Key::StatefulSet(id), None);
            }
        }
    }

    /// Asks for the StatefulSet that a change concerns.
    pub(super) fn observe(&mut self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        match notice.watched {
            Watched::StatefulSet(id) => {
                let meta = &api.cluster().stateful_sets[id.index()].meta;
                let gone = meta.gone;
                let known = self.by_namespace.entry(meta.namespace).or_default();
                if gone {
                    known.remove(&id)
                } else {
                    known.insert(id)
                };
                queue.add(Key::StatefulSet(id), notice.record);
            }
            Watched::Pod(id, change) => {
                let pod = api.cluster().pod(id);
                match pod.owner {
                    // Every change of a pod wakes the controller; those that change no count matter only to one that is to try again.
                    Owner::StatefulSet(set) if changes_counts(api, notice, change) || queue.failures(Key::StatefulSet(set)) > 0 => {
                        queue.add(Key::StatefulSet(set), notice.record);
                    }
                    Owner::None if matches!(change, PodChange::Added | PodChange::Spec) && !pod.gone => {
                        for &set in self.by_namespace.get(&pod.namespace).into_iter().flatten() {
                            if is_member(api.cluster(), set, id) {
                                queue.add(Key::StatefulSet(set), notice.record);
                            }
                        }
                    }
                    _ => {}
                }
                self.orphans.see(id, pod);
            }
            _ => {}
        }
    }

    /// One look at a StatefulSet (`stateful_set.go` sync).
    pub(super) fn sync(&mut self, id: StatefulSetId, api: &mut Api, queue: &mut WorkQueue) {
        let set = &api.cluster().stateful_sets[id.index()];
        if set.meta.gone {
            return;
        }
        let deleting = set.meta.deleting.is_some();
        let mut failed = false;
        revision::note_wanted(api, id);
        if !deleting {
            let set = &api.cluster().stateful_sets[id.index()];
            let (namespace, selector, template) = (set.meta.namespace, set.selector.clone(), set.template);
            self.orphans
                .claim_where(api, namespace, &selector, Owner::StatefulSet(id), template, |cluster, pod| belongs_by_name(cluster, id, pod));
            claims::note_owners(api, id);
            failed = pass::run(api, id).is_err();
        }
        let key = Key::StatefulSet(id);
        status::write(api, id);
        revision::truncate(api, id);
        if failed {
            queue.add_rate_limited(key, api.now(), api.cause());
        } else {
            queue.forget(key);
        }
        if let Some(time) = status::next_available(api, id) {
            queue.add_once_at(key, time, api.cause());
        }
    }
}

/// The ordinal in a pod's name (`stateful_set_utils.go` getOrdinal); none where there is none.
pub(super) fn ordinal(cluster: &Cluster, id: PodId) -> Option<u32> {
    match cluster.pod(id).name {
        PodName::Ordinal(ordinal) => Some(ordinal),
        PodName::Given(name) => parent_and_ordinal(cluster.text(name)).map(|(_, ordinal)| ordinal),
        PodName::Generated(_) | PodName::Indexed(..) => None,
    }
}

fn parent_and_ordinal(name: &str) -> Option<(&str, u32)> {
    let (parent, digits) = name.rsplit_once('-')?;
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if all_digits { digits.parse().ok().map(|ordinal| (parent, ordinal)) } else { None }
}

/// `isMemberOf`: the name says so.
fn belongs_by_name(cluster: &Cluster, set: StatefulSetId, pod: PodId) -> bool {
    match cluster.pod(pod).name {
        PodName::Ordinal(_) => cluster.pod(pod).owner == Owner::StatefulSet(set),
        PodName::Given(name) => {
            let own = cluster.text(cluster.stateful_sets[set.index()].meta.name);
            parent_and_ordinal(cluster.text(name)).is_some_and(|(parent, _)| parent == own)
        }
        PodName::Generated(_) | PodName::Indexed(..) => false,
    }
}

fn is_member(cluster: &Cluster, set: StatefulSetId, pod: PodId) -> bool {
    cluster.pod_labels(pod).match_selector(&cluster.stateful_sets[set.index()].selector, &cluster.text)
        && belongs_by_name(cluster, set, pod)
}
