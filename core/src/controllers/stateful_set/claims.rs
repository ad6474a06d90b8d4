//! The claims of a StatefulSet's pods: `<template>-<set>-<ordinal>`, made before the pod, kept or collected as
//! `persistentVolumeClaimRetentionPolicy` says (`stateful_pod_control.go`, `stateful_set_utils.go`, v1.37).

use std::collections::{BTreeMap, BTreeSet};

use super::SOURCE;
use crate::apiserver::{Api, Refusal};
use crate::cluster::Cluster;
use crate::cluster::ids::{ClaimId, PodId, StatefulSetId};
use crate::trace::{RecordId, Subject};

/// The names of the claims of one ordinal.
fn names(cluster: &Cluster, id: StatefulSetId, ordinal: u32) -> Vec<String> {
    let set = &cluster.stateful_sets[id.index()];
    let own = cluster.text(set.meta.name);
    set.claim_templates.iter().map(|t| format!("{}-{own}-{ordinal}", cluster.text(t.name))).collect()
}

/// The existing claims of one ordinal.
fn existing(cluster: &Cluster, id: StatefulSetId, ordinal: u32) -> Vec<ClaimId> {
    let namespace = cluster.stateful_sets[id.index()].meta.namespace;
    let symbols = names(cluster, id, ordinal).into_iter().filter_map(|name| cluster.text.get(&name));
    symbols.filter_map(|name| cluster.storage.claim(namespace, name)).collect()
}

/// Makes the claims of an ordinal that do not exist (`createPersistentVolumeClaims`).
pub(super) fn create_missing(api: &mut Api, id: StatefulSetId, ordinal: u32) -> Result<(), Refusal> {
    let set = &api.cluster().stateful_sets[id.index()];
    if set.claim_templates.is_empty() {
        return Ok(());
    }
    let (namespace, set_name) = (set.meta.namespace, api.cluster().text(set.meta.name).to_owned());
    let specs: Vec<_> = set.claim_templates.iter().map(|t| t.spec.clone()).collect();
    for (name, spec) in names(api.cluster(), id, ordinal).into_iter().zip(specs) {
        let known = api.cluster().text.get(&name).and_then(|sym| api.cluster().storage.claim(namespace, sym));
        if let Some(claim) = known {
            if api.cluster().storage.claims[claim.index()].deleting {
                let message = format!("pvc {name} is being deleted");
                return Err(Refusal { code: 409, message, causes: Vec::new(), retry_after: None });
            }
            continue;
        }
        let pod = format!("{set_name}-{ordinal}");
        let created = api.create_claim(namespace, &name, spec);
        let (warning, reason, message) = match &created {
            Ok(_) => (false, "SuccessfulCreate", format!("Create Claim {name} Pod {pod} in StatefulSet {set_name} success")),
            Err(refusal) => {
                let error = &refusal.message;
                (true, "FailedCreate", format!("Create Claim {name} for Pod {pod} in StatefulSet {set_name} failed error: {error}"))
            }
        };
        api.event(Subject::StatefulSet(id), warning, reason, &message, SOURCE);
        created?;
    }
    Ok(())
}

/// Claims that carry an owner reference: they go with their owner.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnedClaims {
    of_set: BTreeMap<StatefulSetId, BTreeSet<ClaimId>>,
    of_pod: BTreeMap<PodId, Vec<ClaimId>>,
    /// Claims whose deletion waits for the pods that use them.
    protected: BTreeSet<ClaimId>,
}

impl OwnedClaims {
    /// Gives the claims of a set the owners that its retention policy asks for (`updateClaimOwnerRefForSetAndPod`).
    pub(super) fn note(&mut self, api: &Api, id: StatefulSetId) {
        let cluster = api.cluster();
        let set = &cluster.stateful_sets[id.index()];
        if set.claim_templates.is_empty() {
            return;
        }
        let mut of_set = BTreeSet::new();
        for &pod in &set.pods {
            let Some(ordinal) = super::ordinal(cluster, pod) else { continue };
            let wanted = super::pass::in_range(set, ordinal);
            if !wanted && set.delete_claims_on_scale_down {
                self.of_pod.insert(pod, existing(cluster, id, ordinal));
            } else {
                self.of_pod.remove(&pod);
                if set.delete_claims_with_set {
                    of_set.extend(existing(cluster, id, ordinal));
                }
            }
        }
        if set.delete_claims_with_set {
            // Claims of ordinals scaled away keep the reference they have.
            self.of_set.entry(id).or_default().extend(of_set);
        } else {
            self.of_set.remove(&id);
        }
    }

    /// The set is gone: its claims are garbage.
    pub(super) fn set_gone(&mut self, api: &mut Api, id: StatefulSetId, cause: Option<RecordId>) {
        let claims = self.of_set.remove(&id).unwrap_or_default();
        self.collect(api, claims, cause);
    }

    /// A pod is gone: the claims it owned are garbage, and claims that only it protected go.
    pub(super) fn pod_gone(&mut self, api: &mut Api, pod: PodId, cause: Option<RecordId>) {
        let mut claims: BTreeSet<ClaimId> = self.of_pod.remove(&pod).unwrap_or_default().into_iter().collect();
        claims.append(&mut self.protected);
        self.collect(api, claims, cause);
    }

    fn collect(&mut self, api: &mut Api, claims: BTreeSet<ClaimId>, cause: Option<RecordId>) {
        let before = api.cause();
        api.set_cause(cause);
        for claim in claims {
            api.delete_claim(claim);
            if !api.cluster().storage.claims[claim.index()].gone {
                self.protected.insert(claim);
            }
        }
        api.set_cause(before);
    }
}
