//! Writing PersistentVolumeClaims: creation and deletion (`pkg/registry/core/persistentvolumeclaim`, `pkg/controller/volume/pvcprotection`, v1.37).

use super::api::Api;
use super::notice::Watched;
use super::pods::Refusal;
use crate::cluster::ids::{ClaimId, NamespaceId};
use crate::cluster::pod::Owner;
use crate::cluster::template::VolumeSource;
use crate::cluster::volumes::{Claim, ClaimSpec};
use crate::trace::{Change, Subject};
use crate::units::intern::Sym;

impl Api {
    /// Creates a claim.
    ///
    /// # Errors
    /// Refused where the namespace is being deleted, a claim of that name exists, or a limit range or quota does not allow it.
    pub fn create_claim(&mut self, namespace: NamespaceId, name: &str, spec: ClaimSpec) -> Result<ClaimId, Refusal> {
        self.refuse_in_terminating(namespace)?;
        let sym = self.cluster.text.intern(name);
        if self.cluster.storage.claim(namespace, sym).is_some() {
            let message = format!("persistentvolumeclaims \"{name}\" already exists");
            return Err(Refusal { code: 409, message, causes: Vec::new(), retry_after: None });
        }
        let charges = self.review_claim(namespace, name, &spec)?;
        self.charge_quotas(charges);
        let id = ClaimId::from_index(self.cluster.storage.claims.len());
        let created = self.now();
        self.cluster.storage.claims.push(Claim {
            name: sym,
            namespace,
            spec,
            volume: None,
            bind_completed: false,
            selected_node: None,
            lost: false,
            owner_pod: None,
            created,
            deleting: false,
            gone: false,
            origin: None,
        });
        self.notify(Watched::Claim(id));
        Ok(id)
    }

    /// Deletes a claim: at once, or, while a pod that has a node and has not gone uses it, when the last of these is gone
    /// (finalizer `kubernetes.io/pvc-protection`).
    pub fn delete_claim(&mut self, id: ClaimId) {
        let claim = &self.cluster.storage.claims[id.index()];
        if claim.gone {
            return;
        }
        let (namespace, name) = (claim.namespace, claim.name);
        if self.claim_in_use(namespace, name) {
            if !self.cluster.storage.claims[id.index()].deleting {
                self.cluster.storage.claims[id.index()].deleting = true;
                self.notify(Watched::Claim(id));
            }
            return;
        }
        let claim = &mut self.cluster.storage.claims[id.index()];
        claim.deleting = true;
        claim.gone = true;
        self.announce(Subject::Claim(id), Change::Deleted, Watched::Claim(id));
    }

    /// Whether a pod that was given a node names the claim.
    fn claim_in_use(&self, namespace: NamespaceId, name: Sym) -> bool {
        let cluster = &self.cluster;
        let text = cluster.text(name);
        cluster.live_nodes().flat_map(|(_, node)| &node.pods).any(|&id| {
            let pod = cluster.pod(id);
            pod.namespace == namespace
                && match pod.owner {
                    Owner::StatefulSet(set) if !cluster.stateful_sets[set.index()].claim_templates.is_empty() => {
                        let own = cluster.pod_name(id);
                        let templates = &cluster.stateful_sets[set.index()].claim_templates;
                        templates
                            .iter()
                            .any(|t| text.strip_suffix(&own).is_some_and(|rest| rest.strip_suffix('-') == Some(cluster.text(t.name))))
                    }
                    _ => cluster.template(pod.template).volumes.iter().any(|volume| volume.source == VolumeSource::Claim(name)),
                }
        })
    }
}
