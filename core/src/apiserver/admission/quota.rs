//! ResourceQuota: whether the quotas of a namespace allow an object, and what they are charged with
//! (`apiserver/pkg/admission/plugin/resourcequota/controller.go` CheckRequest, v1.37).

use super::usage::Counted;
use crate::cluster::Cluster;
use crate::cluster::ids::{NamespaceId, QuotaId};
use crate::cluster::quotas::{ResourceList, ResourceQuota};
use crate::units::arrange::Arrange;

/// The new `status.used` of a quota.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::apiserver) struct Charge {
    pub(super) quota: QuotaId,
    pub(super) used: ResourceList,
}

/// Whether the quotas of the namespace allow another such object; if not, why.
pub(super) fn review(cluster: &Cluster, namespace: NamespaceId, counted: &Counted<'_>) -> Result<Vec<Charge>, String> {
    let mut quotas: Vec<(&str, QuotaId, &ResourceQuota)> = Vec::new();
    for (index, quota) in cluster.quotas.iter().enumerate().filter(|(_, q)| !q.meta.gone && q.meta.namespace == namespace) {
        let limited = quota.enforced.keys().any(|name| counted.matches_resource(name));
        if !limited || !counted.matches_scopes(cluster, &quota.scopes) {
            continue;
        }
        let name = cluster.text(quota.meta.name);
        let missing = counted.missing(cluster, &quota.enforced);
        if !missing.is_empty() {
            let texts: Vec<String> = missing.iter().map(|(resource, of)| format!("{resource} for: {}", of.join(","))).collect();
            return Err(format!("failed quota: {name}: must specify {}", texts.join("; ")));
        }
        let unknown: Vec<&str> = quota.enforced.keys().map(String::as_str).filter(|n| counted.matches_resource(n)).collect();
        if unknown.iter().any(|n| !quota.used.contains_key(*n)) {
            return Err(format!("status unknown for quota: {name}, resources: {}", unknown.join(",")));
        }
        quotas.push((name, QuotaId::from_index(index), quota));
    }
    if quotas.is_empty() {
        return Ok(Vec::new());
    }
    quotas.arrange_by_key(|q| q.0);
    let delta: ResourceList = counted.usage(cluster).into_iter().filter(|(_, amount)| !amount.is_zero()).collect();
    let mut charges = Vec::new();
    for (name, id, quota) in quotas {
        let mut used = quota.used.clone();
        let mut exceeded = Vec::new();
        for (resource, &amount) in delta.iter().filter(|(resource, _)| quota.enforced.contains_key(*resource)) {
            let before = used.get(resource).copied().unwrap_or_default();
            let after = before + amount;
            let hard = quota.enforced.get(resource).copied().unwrap_or_default();
            if after > hard {
                exceeded.push((resource, amount, before, hard));
            }
            used.insert(resource.clone(), after);
        }
        if !exceeded.is_empty() {
            let list = |pick: fn(&(&String, _, _, _)) -> crate::units::quantity::Quantity| {
                exceeded.iter().map(|e| format!("{}={}", e.0, pick(e))).collect::<Vec<_>>().join(",")
            };
            return Err(format!(
                "exceeded quota: {name}, requested: {}, used: {}, limited: {}",
                list(|e| e.1),
                list(|e| e.2),
                list(|e| e.3)
            ));
        }
        charges.push(Charge { quota: id, used });
    }
    Ok(charges)
}
