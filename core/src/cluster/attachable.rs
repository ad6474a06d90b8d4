//! Which volumes a pod uses, and which of them have to be attached to its node first.

use super::ids::{ClaimId, NamespaceId, NodeId, PodId, VolumeId};
use super::state::Cluster;
use super::template::VolumeSource;
use super::volumes::{AccessModes, Volume, VolumeBackend};
use crate::units::intern::Sym;

/// In-tree sources that are attached to nodes; all are served by CSI drivers now (`csi-translation-lib`, v1.37).
const ATTACHED_SOURCES: [&str; 7] = ["awsElasticBlockStore", "azureDisk", "cinder", "fc", "gcePersistentDisk", "rbd", "vsphereVolume"];

/// Drivers that are known to need no attachment, for those whose CSIDriver object is not given.
const UNATTACHED_DRIVERS: [&str; 14] = [
    "blob.csi.azure.com",
    "driver.longhorn.io.nfs",
    "efs.csi.aws.com",
    "file.csi.azure.com",
    "filestore.csi.storage.gke.io",
    "hostpath.csi.k8s.io",
    "k8s.io/minikube-hostpath",
    "nfs.csi.k8s.io",
    "openebs.io/local",
    "rancher.io/local-path",
    "s3.csi.aws.com",
    "secrets-store.csi.k8s.io",
    "smb.csi.k8s.io",
    "topolvm.io",
];

impl AccessModes {
    /// Whether a volume may be attached to one node only (`IsMultiAttachForbidden`, `pkg/volume/util/util.go`, v1.37).
    pub fn single_node(self) -> bool {
        (self.rwo || self.rwop) && !self.rox && !self.rwx
    }
}

impl Cluster {
    /// Whether a volume has to be attached to a node before it can be mounted there (`CanAttach` of its plugin).
    pub fn is_attachable(&self, volume: &Volume) -> bool {
        match volume.backend {
            VolumeBackend::Csi { driver, .. } => match self.storage.csi_drivers.iter().find(|d| d.name == driver) {
                Some(known) => known.attach_required,
                None => {
                    let name = self.text(driver);
                    !UNATTACHED_DRIVERS.contains(&name) && !name.ends_with("/no-provisioner") && !name.is_empty()
                }
            },
            VolumeBackend::Local => false,
            VolumeBackend::Other(source) => ATTACHED_SOURCES.contains(&self.text(source)),
        }
    }

    /// Whether a template has volumes made of claims at all.
    pub fn has_claims(&self, pod: PodId) -> bool {
        let claims =
            |source: &VolumeSource| matches!(source, VolumeSource::Claim(_) | VolumeSource::OwnClaim | VolumeSource::Ephemeral { .. });
        self.template_of(pod).volumes.iter().any(|v| claims(&v.source))
    }

    /// The existing claims that a pod names, in order.
    pub fn claims_of(&self, pod: PodId) -> Vec<ClaimId> {
        let namespace = self.pod(pod).namespace;
        let names = self.template_of(pod).volumes.iter().filter_map(|v| self.claim_name(pod, v));
        let symbols = names.filter_map(|name| self.text.get(&name));
        symbols.filter_map(|name| self.storage.claim(namespace, name)).collect()
    }

    /// The volumes behind a pod's claims that have to be attached to its node. None if a claim is missing or not bound yet.
    pub fn attachable_volumes(&self, pod: PodId) -> Option<Vec<VolumeId>> {
        let wanted = self.template_of(pod).volumes.iter().filter(|v| self.claim_name(pod, v).is_some()).count();
        let claims = self.claims_of(pod);
        if claims.len() < wanted {
            return None;
        }
        let mut volumes = Vec::new();
        for claim in claims {
            let claim = &self.storage.claims[claim.index()];
            let Some(volume) = claim.volume else {
                // Bound to a volume that was not given: nothing is known of it, so nothing is waited for.
                if claim.bind_completed {
                    continue;
                }
                return None;
            };
            if self.is_attachable(&self.storage.volumes[volume.index()]) {
                volumes.push(volume);
            }
        }
        Some(volumes)
    }

    /// Whether a volume is attached to a node and stays so.
    pub fn is_attached(&self, volume: VolumeId, node: NodeId) -> bool {
        let (volume, node) = (self.storage.volumes[volume.index()].name, self.node(node).name);
        self.storage.attachments.iter().any(|a| a.volume == volume && a.node == node && a.attached && !a.deleting)
    }

    /// Whether there is a VolumeAttachment of a volume and a node, in whatever state.
    pub fn has_attachment(&self, volume: VolumeId, node: NodeId) -> bool {
        let (volume, node) = (self.storage.volumes[volume.index()].name, self.node(node).name);
        self.storage.attachments.iter().any(|a| a.volume == volume && a.node == node)
    }

    /// Whether everything that has to be attached before a bound pod can start is attached.
    pub fn is_all_attached(&self, pod: PodId) -> bool {
        let Some(node) = self.pod(pod).node else { return false };
        !self.has_claims(pod)
            || self.attachable_volumes(pod).is_some_and(|volumes| volumes.into_iter().all(|volume| self.is_attached(volume, node)))
    }

    /// Whether a pod that was given a node and has not gone names the claim: then the claim may not go
    /// (`pkg/controller/volume/pvcprotection`, v1.37).
    pub fn is_claim_used(&self, namespace: NamespaceId, name: Sym) -> bool {
        let text = self.text(name);
        self.live_nodes().flat_map(|(_, node)| &node.pods).any(|&id| {
            let pod = self.pod(id);
            pod.namespace == namespace
                && self.template(pod.template).volumes.iter().any(|volume| match volume.source {
                    VolumeSource::Claim(own) => own == name,
                    _ => self.claim_name(id, volume).is_some_and(|own| own == text),
                })
        })
    }
}
