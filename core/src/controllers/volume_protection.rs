//! Claims whose deletion waits for the pods that use them, and claims that go with their owner (`pkg/controller/volume/pvcprotection`,
//! `pkg/controller/garbagecollector`, v1.37). Volumes wait in the API server's own method, for only their claim holds them.

use std::collections::BTreeSet;

use crate::apiserver::{Api, Notice, PodChange, Watched};
use crate::cluster::ids::ClaimId;
use crate::cluster::volumes::ClaimOwner;

/// The protection controller.
#[derive(Clone, Debug, Default)]
pub(super) struct VolumeProtection {
    /// Claims whose deletion waits.
    waiting: BTreeSet<ClaimId>,
}

impl VolumeProtection {
    /// Takes stock of what exists.
    pub(super) fn start(&mut self, api: &Api) {
        let claims = api.cluster().storage.claims.iter().enumerate();
        self.waiting = claims.filter(|(_, c)| c.deleting && !c.gone).map(|(index, _)| ClaimId::from_index(index)).collect();
    }

    /// Takes a notice.
    pub(super) fn observe(&mut self, api: &mut Api, notice: &Notice) {
        let (owner, freed) = match notice.watched {
            Watched::Claim(id) => {
                let claim = &api.cluster().storage.claims[id.index()];
                if claim.deleting && !claim.gone {
                    self.waiting.insert(id);
                } else {
                    self.waiting.remove(&id);
                }
                return;
            }
            Watched::Pod(id, PodChange::Gone) => (api.cluster().has_claims(id).then_some(ClaimOwner::Pod(id)), true),
            Watched::StatefulSet(id) if api.cluster().stateful_sets[id.index()].meta.gone => (Some(ClaimOwner::Set(id)), false),
            _ => return,
        };
        let mut claims: BTreeSet<ClaimId> = if freed { self.waiting.clone() } else { BTreeSet::new() };
        if let Some(owner) = owner {
            let all = api.cluster().storage.claims.iter().enumerate();
            claims.extend(all.filter(|(_, c)| !c.gone && c.owner == Some(owner)).map(|(index, _)| ClaimId::from_index(index)));
        }
        let before = api.cause();
        api.set_cause(notice.record);
        claims.into_iter().for_each(|claim| api.delete_claim(claim));
        api.set_cause(before);
    }
}
