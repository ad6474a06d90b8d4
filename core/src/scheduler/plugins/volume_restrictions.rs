//! VolumeRestrictions: disks that one node can't mount twice, and claims that one pod has for itself
//! (`plugins/volumerestrictions`, v1.37).

use super::Plugin;
use crate::cluster::Cluster;
use crate::cluster::ids::{ClaimId, PodId};
use crate::cluster::template::{PodTemplate, VolumeSource};
use crate::scheduler::cache::{Cache, scheduled_pods};
use crate::scheduler::claims::{PodClaim, pod_claims};
use crate::scheduler::status::Refusal;

/// What the filter knows of a pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FilterState {
    /// ReadWriteOncePod claims of the pod, by name.
    exclusive: Vec<String>,
    /// How many of them other pods use.
    in_use: i64,
    has_disks: bool,
}

/// The claims of the pod that are ReadWriteOncePod, each once.
pub fn exclusive_claims(cluster: &Cluster, claims: &[PodClaim]) -> Vec<(String, ClaimId)> {
    let mut exclusive: Vec<(String, ClaimId)> = Vec::new();
    for claim in claims.iter().filter(|c| !c.ephemeral) {
        let Some(id) = claim.claim else { continue };
        if cluster.storage.claims[id.index()].spec.access.rwop && exclusive.iter().all(|e| e.1 != id) {
            exclusive.push((claim.name.clone(), id));
        }
    }
    exclusive
}

/// Finds claims already in use; `Ok(None)` where the filter has nothing to do.
pub fn pre_filter(cluster: &Cluster, cache: &Cache, pod: PodId, claims: &[PodClaim]) -> Result<Option<FilterState>, Refusal> {
    if let Some(missing) = claims.iter().find(|c| !c.ephemeral && c.claim.is_none()) {
        return Err(Refusal::unresolvable(Plugin::VolumeRestrictions, format!("persistentvolumeclaim \"{}\" not found", missing.name)));
    }
    let has_disks = cluster.template_of(pod).volumes.iter().any(|v| is_disk(&v.source));
    let exclusive = exclusive_claims(cluster, claims);
    let namespace = cluster.pod(pod).namespace;
    let in_use = exclusive.iter().filter(|(name, _)| {
        scheduled_pods(cache, cluster).any(|(_, other, p)| {
            p.namespace == namespace
                && crate::scheduler::claims::has_claims(&cluster.template(p.template).volumes)
                && uses(cluster, other, name) > 0
        })
    });
    let in_use = in_use.count() as i64;
    if !has_disks && in_use == 0 {
        return Ok(None);
    }
    Ok(Some(FilterState { exclusive: exclusive.into_iter().map(|e| e.0).collect(), in_use, has_disks }))
}

fn is_disk(source: &VolumeSource) -> bool {
    matches!(source, VolumeSource::GcePd(..) | VolumeSource::AwsEbs(_) | VolumeSource::Iscsi(..) | VolumeSource::Rbd(..))
}

/// How many volumes of a pod name this claim.
fn uses(cluster: &Cluster, pod: PodId, name: &str) -> i64 {
    pod_claims(cluster, pod).iter().filter(|c| !c.ephemeral && c.name == name).count() as i64
}

/// Whether two volumes can't be mounted on one node.
pub fn conflicts(a: &VolumeSource, b: &VolumeSource) -> bool {
    match (a, b) {
        (VolumeSource::GcePd(x, read_x), VolumeSource::GcePd(y, read_y)) => x == y && !(*read_x && *read_y),
        (VolumeSource::AwsEbs(x), VolumeSource::AwsEbs(y)) => x == y,
        (VolumeSource::Iscsi(x, read_x), VolumeSource::Iscsi(y, read_y)) => x == y && !(*read_x && *read_y),
        (VolumeSource::Rbd(monitors_x, pool_x, image_x, read_x), VolumeSource::Rbd(monitors_y, pool_y, image_y, read_y)) => {
            pool_x == pool_y && image_x == image_y && monitors_x.iter().any(|m| monitors_y.contains(m)) && !(*read_x && *read_y)
        }
        _ => false,
    }
}

impl FilterState {
    /// Why a node with these pods does not do; `shift` is how many uses of exclusive claims more or less there are.
    pub fn filter(&self, cluster: &Cluster, template: &PodTemplate, pods: &[PodId], shift: i64) -> Option<Refusal> {
        if self.has_disks {
            let own = || template.volumes.iter().filter(|v| is_disk(&v.source));
            let mut others = pods.iter().flat_map(|&p| &cluster.template_of(p).volumes);
            if others.any(|other| own().any(|v| conflicts(&v.source, &other.source))) {
                return Some(Refusal::curable(Plugin::VolumeRestrictions, "node(s) had no available disk"));
            }
        }
        let reason = "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod";
        (self.in_use + shift > 0).then(|| Refusal::curable(Plugin::VolumeRestrictions, reason))
    }

    /// A pod more (`by` 1) or less (-1); namespaces are not compared, as in kube-scheduler.
    pub fn shift(&self, cluster: &Cluster, pod: PodId, by: i64, shift: &mut i64) {
        if !self.exclusive.is_empty() {
            *shift += by * self.exclusive.iter().map(|name| uses(cluster, pod, name)).sum::<i64>();
        }
    }
}
