//! The claims of a StatefulSet's pods: `<template>-<set>-<ordinal>`, made before the pod, kept or collected as
//! `persistentVolumeClaimRetentionPolicy` says (`stateful_pod_control.go`, `stateful_set_utils.go`, v1.37).

use super::SOURCE;
use crate::apiserver::{Api, Refusal};
use crate::cluster::Cluster;
use crate::cluster::ids::{ClaimId, StatefulSetId};
use crate::cluster::volumes::ClaimOwner;
use crate::trace::Subject;

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

/// Gives the claims of a set the owners that its retention policy asks for (`updateClaimOwnerRefForSetAndPod`): the pod that is scaled
/// away, or the set. Claims of ordinals scaled away keep the reference they have.
pub(super) fn note_owners(api: &mut Api, id: StatefulSetId) {
    let cluster = api.cluster();
    let set = &cluster.stateful_sets[id.index()];
    if set.claim_templates.is_empty() {
        return;
    }
    let mut wanted = Vec::new();
    for &pod in &set.pods {
        let Some(ordinal) = super::ordinal(cluster, pod) else { continue };
        let owner = if !super::pass::in_range(set, ordinal) && set.delete_claims_on_scale_down {
            Some(ClaimOwner::Pod(pod))
        } else {
            set.delete_claims_with_set.then_some(ClaimOwner::Set(id))
        };
        wanted.extend(existing(cluster, id, ordinal).into_iter().map(|claim| (claim, owner)));
    }
    for (claim, owner) in wanted {
        api.set_claim_owner(claim, owner);
    }
}
