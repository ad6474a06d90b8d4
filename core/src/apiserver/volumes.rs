//! Writing PersistentVolumes and VolumeAttachments, and binding claims to volumes.

use super::api::Api;
use super::notice::Watched;
use crate::cluster::ids::{ClaimId, NodeId, VolumeId};
use crate::cluster::volumes::{Attachment, Volume, VolumeBackend};
use crate::trace::{Change, RecordId, Subject};
use crate::units::intern::Sym;

impl Api {
    /// Adds a volume.
    pub fn add_volume(&mut self, volume: Volume) -> VolumeId {
        let id = VolumeId::from_index(self.cluster.storage.volumes.len());
        self.cluster.storage.volumes.push(volume);
        self.notify(Watched::Volume(id));
        id
    }

    /// The scheduler reserves a volume for a claim (`spec.claimRef`): the PersistentVolume controller then binds the two.
    pub fn reserve_volume(&mut self, volume: VolumeId, claim: ClaimId) {
        let key = self.claim_key(claim);
        self.cluster.storage.volumes[volume.index()].claim_ref = Some(key);
        self.notify(Watched::Claim(claim));
    }

    /// The scheduler has chosen a node for the first pod of a claim (`volume.kubernetes.io/selected-node`): provisioning may begin.
    pub fn select_node(&mut self, claim: ClaimId, node: NodeId) {
        if self.cluster.storage.claims[claim.index()].selected_node != Some(node) {
            self.cluster.storage.claims[claim.index()].selected_node = Some(node);
            self.notify(Watched::Claim(claim));
        }
    }

    /// Binds a claim and a volume to each other.
    pub fn bind_claim(&mut self, claim: ClaimId, volume: VolumeId) {
        let key = self.claim_key(claim);
        let name = {
            let volume = &mut self.cluster.storage.volumes[volume.index()];
            volume.claim_ref = Some(key);
            volume.available = false;
            volume.name
        };
        let bound = &mut self.cluster.storage.claims[claim.index()];
        bound.volume = Some(volume);
        bound.spec.volume_name = Some(name);
        bound.bind_completed = true;
        self.announce(Subject::Claim(claim), Change::ClaimBound(volume), Watched::Claim(claim));
    }

    /// The claim of a volume is gone: phase Released. A volume whose deletion waited for that goes.
    pub fn release_volume(&mut self, id: VolumeId) {
        let volume = &mut self.cluster.storage.volumes[id.index()];
        if volume.gone || std::mem::replace(&mut volume.released, true) {
            return;
        }
        let deleting = volume.deleting;
        self.announce(Subject::Volume(id), Change::VolumeReleased, Watched::Volume(id));
        if deleting {
            self.delete_volume(id);
        }
    }

    /// Deletes a volume: at once, or, while it is bound, when its claim is gone (finalizer `kubernetes.io/pv-protection`,
    /// `pkg/controller/volume/pvprotection`, v1.37).
    pub fn delete_volume(&mut self, id: VolumeId) {
        let bound = self.cluster.storage.claims.iter().any(|c| !c.gone && !c.lost && c.volume == Some(id));
        let volume = &mut self.cluster.storage.volumes[id.index()];
        if volume.gone {
            return;
        }
        let asked = std::mem::replace(&mut volume.deleting, true);
        if bound {
            if !asked {
                self.announce(Subject::Volume(id), Change::Deleting, Watched::Volume(id));
            }
            return;
        }
        volume.gone = true;
        self.announce(Subject::Volume(id), Change::Deleted, Watched::Volume(id));
    }

    /// Asks the driver to attach a volume to a node: a VolumeAttachment is created.
    pub fn create_attachment(&mut self, volume: VolumeId, node: NodeId) -> RecordId {
        let (name, driver) = {
            let volume = &self.cluster.storage.volumes[volume.index()];
            let driver = match volume.backend {
                VolumeBackend::Csi { driver, .. } => driver,
                VolumeBackend::Local | VolumeBackend::Other(_) => Sym::EMPTY,
            };
            (volume.name, driver)
        };
        let node_name = self.cluster.node(node).name;
        self.cluster.storage.attachments.push(Attachment { volume: name, node: node_name, driver, attached: false, deleting: false });
        self.announce(Subject::Volume(volume), Change::VolumeAttaching(node), Watched::Attachment(volume, node))
    }

    /// The driver has attached the volume.
    pub fn mark_attached(&mut self, volume: VolumeId, node: NodeId) -> Option<RecordId> {
        let attachment = self.attachment_mut(volume, node)?;
        attachment.attached = true;
        Some(self.announce(Subject::Volume(volume), Change::VolumeAttached(node), Watched::Attachment(volume, node)))
    }

    /// Asks the driver to detach the volume: the VolumeAttachment is deleted, and goes when that is done.
    pub fn delete_attachment(&mut self, volume: VolumeId, node: NodeId) -> Option<RecordId> {
        let attachment = self.attachment_mut(volume, node)?;
        attachment.deleting = true;
        Some(self.announce(Subject::Volume(volume), Change::VolumeDetaching(node), Watched::Attachment(volume, node)))
    }

    /// The driver has detached the volume: the VolumeAttachment is gone.
    pub fn remove_attachment(&mut self, volume: VolumeId, node: NodeId) -> Option<RecordId> {
        self.attachment_mut(volume, node)?;
        let (name, node_name) = (self.cluster.storage.volumes[volume.index()].name, self.cluster.node(node).name);
        self.cluster.storage.attachments.retain(|a| a.volume != name || a.node != node_name);
        Some(self.announce(Subject::Volume(volume), Change::VolumeDetached(node), Watched::Attachment(volume, node)))
    }

    fn attachment_mut(&mut self, volume: VolumeId, node: NodeId) -> Option<&mut Attachment> {
        let (name, node_name) = (self.cluster.storage.volumes[volume.index()].name, self.cluster.node(node).name);
        self.cluster.storage.attachments.iter_mut().find(|a| a.volume == name && a.node == node_name)
    }

    fn claim_key(&self, claim: ClaimId) -> (Sym, Sym) {
        let claim = &self.cluster.storage.claims[claim.index()];
        let namespace = self.cluster.namespaces.get(claim.namespace.index());
        (namespace.map_or(Sym::EMPTY, |n| n.name), claim.name)
    }
}
