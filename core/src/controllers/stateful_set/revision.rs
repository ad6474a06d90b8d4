//! Revisions of a StatefulSet: the templates it has had (`stateful_set_control.go` getStatefulSetRevisions, truncateHistory, v1.37).

use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{PodId, StatefulSetId, TemplateId};
use crate::cluster::labels::Labels;
use crate::controllers::revisions::{hash_name, with_label};

/// Whether a pod is of the revision that a template makes.
pub(super) fn is_of(cluster: &Cluster, pod: PodId, template: TemplateId) -> bool {
    cluster.template_of(pod).digest == cluster.template(template).digest
}

/// Notes the wanted template among the revisions. One that was there before becomes the newest again.
pub(super) fn note_wanted(api: &mut Api, id: StatefulSetId) {
    let cluster = api.cluster();
    let set = &cluster.stateful_sets[id.index()];
    let same = |a: TemplateId, b: TemplateId| cluster.template(a).digest == cluster.template(b).digest;
    let wanted = set.template;
    let known = set.revisions.iter().copied().find(|&r| same(r, wanted));
    let current_known = set.revisions.iter().any(|&r| same(r, set.current_template));
    let set = &mut api.cluster_mut().stateful_sets[id.index()];
    if known.is_none() {
        set.revisions.push(wanted);
    }
    if !current_known {
        set.current_template = wanted;
    }
}

/// The template of pods of a revision: with the label `controller-revision-hash`.
pub(super) fn pod_template(api: &mut Api, id: StatefulSetId, revision: TemplateId) -> TemplateId {
    let cluster = api.cluster();
    let name = cluster.text(cluster.stateful_sets[id.index()].meta.name);
    let value = format!("{name}-{}", hash_name(cluster.template(revision).digest, 0));
    let key = api.known().controller_revision_hash;
    let value = api.cluster_mut().text.intern(&value);
    with_label(api.cluster_mut(), revision, &Labels::new([(key, value)]))
}

/// Forgets the oldest revisions that nothing uses, beyond `revisionHistoryLimit`.
pub(super) fn truncate(api: &mut Api, id: StatefulSetId) {
    let cluster = api.cluster();
    let set = &cluster.stateful_sets[id.index()];
    let limit = set.history_limit.max(0) as usize;
    if set.revisions.len() <= limit {
        return;
    }
    let digest = |t: TemplateId| cluster.template(t).digest;
    let used = |r: TemplateId| {
        digest(r) == digest(set.template)
            || digest(r) == digest(set.current_template)
            || set.pods.iter().any(|&p| cluster.template_of(p).digest == digest(r))
    };
    let unused: Vec<TemplateId> = set.revisions.iter().copied().filter(|&r| !used(r)).collect();
    let surplus = unused.len().saturating_sub(limit);
    if surplus > 0 {
        let gone = &unused[..surplus];
        api.cluster_mut().stateful_sets[id.index()].revisions.retain(|r| !gone.contains(r));
    }
}
