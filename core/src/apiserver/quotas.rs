//! Writing the status of ResourceQuotas.

use super::api::Api;
use super::notice::Watched;
use crate::cluster::ids::QuotaId;
use crate::cluster::quotas::ResourceList;
use crate::trace::{Change, Subject};

impl Api {
    /// Writes `status.hard` and `status.used`; tells whether they changed.
    pub fn set_quota_status(&mut self, id: QuotaId, enforced: ResourceList, used: ResourceList) -> bool {
        let quota = &mut self.cluster.quotas[id.index()];
        let changed = quota.enforced != enforced || quota.used != used;
        quota.enforced = enforced;
        quota.used = used;
        changed
    }

    /// Deletes a quota: nothing is held to it any more.
    pub fn delete_quota(&mut self, id: QuotaId) {
        if !std::mem::replace(&mut self.cluster.quotas[id.index()].meta.gone, true) {
            self.announce(Subject::Quota(id), Change::Deleted, Watched::Quota(id));
        }
    }
}
