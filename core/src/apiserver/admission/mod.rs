//! Admission of what is created: the priority class must exist, limit ranges and quotas must allow it, and quotas are charged
//! (`pkg/kubeapiserver/options/plugins.go` for the order, v1.37). Defaults are filled in where objects are compiled.

mod limits;
mod objects;
mod quota;
mod usage;

pub(super) use objects::review;
pub use usage::quota_usage;

use super::api::Api;
use super::pods::{NewPod, Refusal};
use crate::cluster::ids::NamespaceId;
use crate::cluster::pod::{PodName, name_suffix};
use crate::cluster::volumes::ClaimSpec;
use crate::units::intern::Sym;
use quota::Charge;
use usage::Counted;

/// Names of refused pods are drawn from here on, so that none of them is that of a pod that came to be.
const FIRST_REFUSED_NAME: u32 = 7_000_000;

/// `Forbidden` as admission plugins say it (`apiserver/pkg/admission/errors.go`, v1.37).
fn forbidden(resource: &str, name: &str, why: &str) -> Refusal {
    Refusal { code: 403, message: format!("{resource} \"{name}\" is forbidden: {why}"), causes: Vec::new(), retry_after: None }
}

impl Api {
    /// Reviews a pod before it is created; tells what it will be charged with.
    pub(super) fn review_pod(&mut self, new: &NewPod) -> Result<Vec<Charge>, Refusal> {
        let cluster = &self.cluster;
        let owner = cluster.owner_name(new.owner);
        let template = cluster.template(new.template);
        if let Some(class) = unknown_class(cluster, template.priority_class) {
            // Before a name is generated there is only its beginning.
            let name = match new.name {
                PodName::Given(name) => cluster.text(name).to_owned(),
                PodName::Ordinal(ordinal) => format!("{owner}-{ordinal}"),
                PodName::Generated(_) => format!("{owner}-"),
                PodName::Indexed(index, _) => format!("{owner}-{index}-"),
            };
            return Err(forbidden("pods", &name, &format!("no PriorityClass with name {class} was found")));
        }
        let verdict = limits::pod(cluster, new.namespace, &template.demand)
            .and_then(|()| quota::review(cluster, new.namespace, &Counted::Pod(new.template)));
        match verdict {
            Ok(charges) => Ok(charges),
            Err(why) => {
                let name = match new.name {
                    PodName::Given(name) => cluster.text(name).to_owned(),
                    PodName::Ordinal(ordinal) => format!("{owner}-{ordinal}"),
                    PodName::Generated(_) => format!("{owner}-{}", name_suffix(FIRST_REFUSED_NAME + self.refused)),
                    PodName::Indexed(index, _) => format!("{owner}-{index}-{}", name_suffix(FIRST_REFUSED_NAME + self.refused)),
                };
                self.refused = (self.refused + 1) % FIRST_REFUSED_NAME;
                Err(forbidden("pods", &name, &why))
            }
        }
    }

    /// Reviews a claim before it is created.
    pub(super) fn review_claim(&self, namespace: NamespaceId, name: &str, spec: &ClaimSpec) -> Result<Vec<Charge>, Refusal> {
        limits::claim(&self.cluster, namespace, spec)
            .and_then(|()| quota::review(&self.cluster, namespace, &Counted::Claim(spec)))
            .map_err(|why| forbidden("persistentvolumeclaims", name, &why))
    }

    /// Reviews any other object that is counted by its number alone; `resource` is its plural name with its group.
    ///
    /// # Errors
    /// A quota does not allow another one.
    pub fn review_count(&mut self, namespace: NamespaceId, resource: &'static str, name: &str) -> Result<(), Refusal> {
        let charges = quota::review(&self.cluster, namespace, &Counted::Other(resource)).map_err(|why| forbidden(resource, name, &why))?;
        self.charge_quotas(charges);
        Ok(())
    }

    /// Writes what an admitted object uses into the status of the quotas that count it.
    pub(super) fn charge_quotas(&mut self, charges: Vec<Charge>) {
        for charge in charges {
            self.cluster.quotas[charge.quota.index()].used = charge.used;
        }
    }
}

/// The name of a priority class that is asked for and does not exist.
fn unknown_class(cluster: &crate::cluster::Cluster, class: Option<Sym>) -> Option<&str> {
    let class = class?;
    let known = cluster.priority_classes.iter().any(|c| c.name == class);
    (!known).then(|| cluster.text(class))
}
