//! Pods without a controller, and how a controller claims them (`pkg/controller/controller_ref_manager.go`, v1.37).

use std::collections::{BTreeMap, BTreeSet};

use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{NamespaceId, PodId, TemplateId};
use crate::cluster::labels::Selector;
use crate::cluster::pod::{Owner, Pod};

/// Existing pods without a controller, by namespace: few, so that a look need not walk the cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Orphans(BTreeMap<NamespaceId, BTreeSet<PodId>>);

impl Orphans {
    /// Notes whether a pod is one.
    pub(super) fn see(&mut self, id: PodId, pod: &Pod) {
        if pod.owner == Owner::None && !pod.gone {
            self.0.entry(pod.namespace).or_default().insert(id);
        } else if let Some(known) = self.0.get_mut(&pod.namespace) {
            known.remove(&id);
        }
    }

    /// Adopts orphans that `selector` matches and releases owned pods that it does not.
    pub(super) fn claim(&mut self, api: &mut Api, namespace: NamespaceId, selector: &Selector, owner: Owner, template: TemplateId) {
        self.claim_where(api, namespace, selector, owner, template, |_, _| true);
    }

    /// Like [`Orphans::claim`], of pods that `fits` accepts.
    pub(super) fn claim_where(
        &mut self,
        api: &mut Api,
        namespace: NamespaceId,
        selector: &Selector,
        owner: Owner,
        template: TemplateId,
        fits: impl Fn(&Cluster, PodId) -> bool,
    ) {
        let cluster = api.cluster();
        let matches = |id: PodId| cluster.pod_labels(id).match_selector(selector, &cluster.text) && fits(cluster, id);
        let adopted: Vec<PodId> = self
            .0
            .get(&namespace)
            .into_iter()
            .flatten()
            .copied()
            .filter(|&id| {
                let pod = cluster.pod(id);
                pod.owner == Owner::None && pod.deletion.is_none() && !pod.gone && !pod.phase.is_terminal() && matches(id)
            })
            .collect();
        // Pods of its own template, with no labels of their own, match by validation.
        let released: Vec<PodId> = api
            .pods_of(owner)
            .iter()
            .copied()
            .filter(|&id| {
                let pod = cluster.pod(id);
                (pod.template != template || pod.own_labels.is_some()) && !matches(id)
            })
            .collect();
        for pod in released {
            api.set_pod_owner(pod, Owner::None);
        }
        for pod in adopted {
            api.set_pod_owner(pod, owner);
        }
    }
}
