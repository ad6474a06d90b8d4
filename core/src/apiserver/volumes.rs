//! Writing PersistentVolumes, and binding claims to them.

use super::api::Api;
use super::notice::Watched;
use crate::cluster::ids::{ClaimId, NodeId, VolumeId};
use crate::cluster::volumes::Volume;
use crate::trace::{Change, Subject};

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

    /// The volume object goes.
    pub fn delete_volume(&mut self, id: VolumeId) {
        if !std::mem::replace(&mut self.cluster.storage.volumes[id.index()].gone, true) {
            self.announce(Subject::Volume(id), Change::Deleted, Watched::Volume(id));
        }
    }

    fn claim_key(&self, claim: ClaimId) -> (crate::units::intern::Sym, crate::units::intern::Sym) {
        let claim = &self.cluster.storage.claims[claim.index()];
        let namespace = self.cluster.namespaces.get(claim.namespace.index());
        (namespace.map_or(crate::units::intern::Sym::EMPTY, |n| n.name), claim.name)
    }
}
