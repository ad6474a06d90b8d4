//! NodeVolumeLimits: how many volumes of a CSI driver a node takes, and whether the driver is there at all
//! (`plugins/nodevolumelimits/csi.go`, v1.37). Volumes of in-tree plugins that only migration turns into CSI volumes are not
//! counted.

use super::Plugin;
use crate::cluster::Cluster;
use crate::cluster::ids::PodId;
use crate::cluster::node::Node;
use crate::cluster::volumes::{Claim, VolumeBackend};
use crate::scheduler::claims::{PodClaim, has_claims, pod_claims};
use crate::scheduler::status::Refusal;
use crate::units::intern::Sym;

/// A volume as limits count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handle {
    /// A volume of the driver.
    Volume(Sym),
    /// A claim that has no volume yet: namespace and name.
    Claim(u32, Sym),
}

type Counted = (Sym, Handle);

/// What the filter knows of a pod: its volumes, each once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FilterState {
    wanted: Vec<Counted>,
}

/// Finds the pod's volumes; `Ok(None)` where it has no claims.
pub fn pre_filter(cluster: &Cluster, pod: PodId, claims: &[PodClaim]) -> Option<FilterState> {
    if !has_claims(&cluster.template_of(pod).volumes) {
        return None;
    }
    let mut wanted = Vec::new();
    add(cluster, claims, &mut wanted);
    Some(FilterState { wanted })
}

fn add(cluster: &Cluster, claims: &[PodClaim], counted: &mut Vec<Counted>) {
    for claim in claims.iter().filter_map(|c| c.claim) {
        if let Some(volume) = volume_of(cluster, &cluster.storage.claims[claim.index()])
            && !counted.contains(&volume)
        {
            counted.push(volume);
        }
    }
}

fn volume_of(cluster: &Cluster, claim: &Claim) -> Option<Counted> {
    let storage = &cluster.storage;
    if let Some(volume) = claim.spec.volume_name.and_then(|name| storage.volume(name)) {
        return match storage.volumes[volume.index()].backend {
            VolumeBackend::Csi { driver, handle } => Some((driver, Handle::Volume(handle))),
            VolumeBackend::Local | VolumeBackend::Other(_) => None,
        };
    }
    let class = claim.spec.class.filter(|&c| c != Sym::EMPTY).and_then(|name| storage.class(name))?;
    let provisioner = storage.classes[class.index()].provisioner;
    (provisioner != Sym::EMPTY).then_some((provisioner, Handle::Claim(claim.namespace.0, claim.name)))
}

impl FilterState {
    /// Why a node with these pods does not do.
    pub fn filter(&self, cluster: &Cluster, node: &Node, pods: &[PodId]) -> Option<Refusal> {
        if self.wanted.is_empty() {
            return None;
        }
        let storage = &cluster.storage;
        let csi_node = storage.csi_nodes.iter().find(|c| c.node == node.name);
        let installed = |driver: Sym| csi_node.is_some_and(|c| c.drivers.iter().any(|d| d.driver == driver));
        let must_be_there = |driver: Sym| storage.csi_drivers.iter().any(|d| d.name == driver && d.prevent_if_missing);
        if let Some(&(driver, _)) = self.wanted.iter().find(|(driver, _)| must_be_there(*driver) && !installed(*driver)) {
            let reason = format!("{} CSI driver is not installed on the node", cluster.text(driver));
            return Some(Refusal::curable(Plugin::NodeVolumeLimits, reason));
        }
        let limits = csi_node.map_or(&[][..], |c| &c.drivers);
        if limits.iter().all(|d| d.limit.is_none()) {
            return None;
        }
        let mut present: Vec<Counted> = Vec::new();
        for &pod in pods {
            if has_claims(&cluster.template_of(pod).volumes) {
                add(cluster, &pod_claims(cluster, pod), &mut present);
            }
        }
        for attachment in storage.attachments.iter().filter(|a| a.node == node.name) {
            let Some(volume) = storage.volume(attachment.volume) else { continue };
            if let VolumeBackend::Csi { driver, handle } = storage.volumes[volume.index()].backend
                && !present.contains(&(driver, Handle::Volume(handle)))
            {
                present.push((driver, Handle::Volume(handle)));
            }
        }
        let over = limits.iter().any(|d| {
            let Some(limit) = d.limit else { return false };
            let new = self.wanted.iter().filter(|w| w.0 == d.driver && !present.contains(w)).count() as i64;
            new > 0 && present.iter().filter(|p| p.0 == d.driver).count() as i64 + new > limit
        });
        over.then(|| Refusal::curable(Plugin::NodeVolumeLimits, "node(s) exceed max volume count"))
    }
}
