//! The claims behind a pod's volumes: which claim each volume means, and whether it exists.

use crate::cluster::Cluster;
use crate::cluster::ids::{ClaimId, PodId};
use crate::cluster::template::VolumeSource;
use crate::cluster::volumes::Claim;

/// A volume of a pod that is a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodClaim {
    /// The claim's name.
    pub name: String,
    /// A generic ephemeral volume: the claim is made for this pod alone.
    pub ephemeral: bool,
    /// The claim, if it exists.
    pub claim: Option<ClaimId>,
}

/// The claims of a pod, in the order of its volumes.
pub fn pod_claims(cluster: &Cluster, id: PodId) -> Vec<PodClaim> {
    let template = cluster.template_of(id);
    let namespace = cluster.pod(id).namespace;
    let mut claims = Vec::new();
    for volume in &template.volumes {
        let (name, ephemeral) = match &volume.source {
            VolumeSource::Claim(name) => (cluster.text(*name).to_owned(), false),
            VolumeSource::OwnClaim => (format!("{}-{}", cluster.text(volume.name), cluster.pod_name(id)), false),
            VolumeSource::Ephemeral { .. } => (format!("{}-{}", cluster.pod_name(id), cluster.text(volume.name)), true),
            _ => continue,
        };
        let claim = cluster.text.get(&name).and_then(|sym| cluster.storage.claim(namespace, sym));
        claims.push(PodClaim { name, ephemeral, claim });
    }
    claims
}

/// Whether a template has any volume that is a claim.
pub fn has_claims(volumes: &[crate::cluster::template::PodVolume]) -> bool {
    volumes.iter().any(|v| matches!(v.source, VolumeSource::Claim(_) | VolumeSource::OwnClaim | VolumeSource::Ephemeral { .. }))
}

/// Whether an ephemeral volume's claim was made for this pod (`component-helpers/storage/ephemeral` VolumeIsForPod, v1.37).
pub fn is_owned_by(cluster: &Cluster, claim: &Claim, pod: PodId) -> bool {
    let Some(owner) = claim.owner_pod else { return false };
    let (owner, full) = (cluster.text(owner), cluster.pod_full_name(pod));
    owner == full || owner == cluster.pod_name(pod)
}
