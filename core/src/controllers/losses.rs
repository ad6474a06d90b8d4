//! Which record each new pod follows from: the loss it replaces, else the decision that asked for more.

use std::collections::BTreeSet;

use crate::apiserver::Api;
use crate::cluster::ids::PodId;
use crate::trace::{Change, RecordId, Subject};

/// The causes of the pods that one look creates, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct CreationCauses(Vec<(Option<PodId>, RecordId)>);

impl CreationCauses {
    /// The cause of the n-th pod; beyond the losses that of the last.
    pub(super) fn nth(&self, n: usize) -> Option<RecordId> {
        self.0.get(n).or(self.0.last()).map(|cause| cause.1)
    }

    /// The loss of the pod that `replaced` recognises; else what does not concern a pod; else the first.
    pub(super) fn of(&self, replaced: impl Fn(PodId) -> bool) -> Option<RecordId> {
        let own = self.0.iter().find(|cause| cause.0.is_some_and(&replaced));
        own.or_else(|| self.0.iter().find(|cause| cause.0.is_none())).or(self.0.first()).map(|cause| cause.1)
    }
}

/// Sorts out the records that asked for this look: lost pods, one record each, then what does not concern a pod (changes
/// of size, of nodes), then anything else.
pub(super) fn creation_causes(api: &Api) -> CreationCauses {
    let mut lost = BTreeSet::new();
    let (mut losses, mut sizes, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for &id in api.causes() {
        let Some(record) = api.trace().record(id) else { continue };
        match (record.change, record.subject) {
            (Change::PodDeleting(_) | Change::PodFailed(..) | Change::PodSucceeded, Subject::Pod(pod)) if lost.insert(pod) => {
                losses.push((Some(pod), id));
            }
            (Change::PodGone, Subject::Pod(pod)) => gone.push((pod, id)),
            (Change::ReplicaSetScaled(..) | Change::Scaled(..) | Change::ReplicaSetCreated(_) | Change::Rollout, _) => {
                sizes.push((None, id))
            }
            _ => {}
        }
    }
    // Last of the losses: pods whose deletion was seen earlier and whose name or place is free only now.
    losses.extend(gone.into_iter().filter(|(pod, _)| lost.insert(*pod)).map(|(pod, id)| (Some(pod), id)));
    losses.extend(sizes);
    if losses.is_empty() {
        losses.extend(api.causes().first().map(|&first| (None, first)));
    }
    CreationCauses(losses)
}
