//! Writing PersistentVolumeClaims: creation and deletion (`pkg/registry/core/persistentvolumeclaim`, `pkg/controller/volume/pvcprotection`, v1.37).

use super::api::Api;
use super::notice::Watched;
use super::pods::Refusal;
use crate::cluster::ids::{ClaimId, NamespaceId};
use crate::cluster::volumes::{Claim, ClaimOwner, ClaimSpec};
use crate::trace::{Change, Subject};

impl Api {
    /// Creates a claim.
    ///
    /// # Errors
    /// Refused where the namespace is being deleted, a claim of that name exists, or a limit range or quota does not allow it.
    pub fn create_claim(&mut self, namespace: NamespaceId, name: &str, spec: ClaimSpec) -> Result<ClaimId, Refusal> {
        self.refuse_in_terminating(namespace, "persistentvolumeclaims", name)?;
        let sym = self.cluster.text.intern(name);
        if self.cluster.storage.claim(namespace, sym).is_some() {
            let message = format!("persistentvolumeclaims \"{name}\" already exists");
            return Err(Refusal { code: 409, message, causes: Vec::new(), retry_after: None });
        }
        let charges = self.review_claim(namespace, name, &spec)?;
        self.charge_quotas(charges);
        let id = ClaimId::from_index(self.cluster.storage.claims.len());
        let created = self.now();
        self.cluster.storage.claims.push(Claim::new(sym, namespace, spec, created));
        self.notify(Watched::Claim(id));
        Ok(id)
    }

    /// Deletes a claim: at once, or, while a pod that has a node and has not gone uses it, when the last of these is gone
    /// (finalizer `kubernetes.io/pvc-protection`; asked again by the protection controller).
    pub fn delete_claim(&mut self, id: ClaimId) {
        let claim = &self.cluster.storage.claims[id.index()];
        if claim.gone {
            return;
        }
        if self.cluster.is_claim_used(claim.namespace, claim.name) {
            if !std::mem::replace(&mut self.cluster.storage.claims[id.index()].deleting, true) {
                self.announce(Subject::Claim(id), Change::Deleting, Watched::Claim(id));
            }
            return;
        }
        let claim = &mut self.cluster.storage.claims[id.index()];
        claim.deleting = true;
        claim.gone = true;
        self.announce(Subject::Claim(id), Change::Deleted, Watched::Claim(id));
    }

    /// Sets what owns a claim.
    pub fn set_claim_owner(&mut self, id: ClaimId, owner: Option<ClaimOwner>) {
        self.cluster.storage.claims[id.index()].owner = owner;
    }

    /// The volume of a bound claim is gone: phase Lost.
    pub fn lose_claim(&mut self, id: ClaimId) {
        if !std::mem::replace(&mut self.cluster.storage.claims[id.index()].lost, true) {
            self.notify(Watched::Claim(id));
        }
    }
}
