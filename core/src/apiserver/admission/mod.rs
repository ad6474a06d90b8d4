//! Admission of what is created, in the order of the API server's plugins: a namespace that takes new content, a priority class that exists,
//! policies and webhooks that may change the object, limit ranges, pod security, policies, webhooks that only check, and quotas, which are charged
//! (`pkg/kubeapiserver/options/plugins.go` for the order, v1.37). Defaults are filled in where objects are compiled.

mod applied;
mod limits;
mod merge;
mod mutations;
mod objects;
mod places;
mod pod_security;
mod policies;
mod quota;
mod usage;
mod webhooks;

#[cfg(test)]
mod tests;

pub(super) use applied::{lifecycle, review};
pub use usage::quota_usage;
pub(super) use webhooks::LastFound;

use super::api::Api;
use super::pods::{NewPod, Refusal};
use crate::cluster::Cluster;
use crate::cluster::build::with_container;
use crate::cluster::ids::{NamespaceId, TemplateId};
use crate::cluster::pod::{PodName, name_suffix};
use crate::cluster::state::PodLabels;
use crate::cluster::template::PodTemplate;
use crate::cluster::volumes::ClaimSpec;
use crate::cluster::webhooks::Webhook;
use crate::cluster::write_scope::Write;
use crate::units::intern::Sym;
use crate::units::time::{Millis, Time};
use quota::Charge;
use usage::Counted;
use webhooks::{Calls, Subject};

/// Names of refused pods are drawn from here on, so that none of them is that of a pod that came to be.
const FIRST_REFUSED_NAME: u32 = 7_000_000;

/// `Forbidden` as admission plugins say it (`apiserver/pkg/admission/errors.go`, v1.37).
fn forbidden(resource: &str, name: &str, why: &str) -> Refusal {
    refused(403, resource, name, why)
}

fn refused(code: u16, resource: &str, name: &str, why: &str) -> Refusal {
    Refusal { code, message: format!("{resource} \"{name}\" is forbidden: {why}"), causes: Vec::new(), retry_after: None }
}

/// `Invalid`, of a pod of which one field is.
fn invalid_pod(name: &str, field: &str, why: String) -> Refusal {
    Refusal { code: 422, message: format!("Pod \"{name}\" is invalid: {field}: {why}"), causes: vec![why], retry_after: None }
}

/// A refusal of which the name of the pod is not known yet.
enum Refused {
    /// As it is.
    Whole(Refusal),
    /// HTTP status and words, to which the name belongs.
    Named(u16, String),
    /// A field of the object that is not valid, and why.
    Invalid(String, String),
}

/// A pod that passed.
struct Passed {
    template: TemplateId,
    charges: Vec<Charge>,
}

/// A request to create a pod.
fn creation<'a>(namespace: NamespaceId, labels: PodLabels<'a>, name: &'a str) -> Write<'a> {
    Write { operation: "CREATE", group: "", version: "v1", resource: "pods", name, namespace: Some(namespace), labels }
}

/// Puts the creation of a pod to all webhooks.
fn call_for_pod(cluster: &Cluster, now: Time, template: TemplateId, write: Write<'_>, found: &mut LastFound) -> Calls {
    let of = cluster.template(template);
    let conditions = |hook: &Webhook| {
        hook.conditions.is_empty() || policies::conditions_hold(cluster, hook, &policies::pod_object(cluster, template, &write), &write)
    };
    webhooks::call(cluster, now, &Subject { write, images: images(cluster, of), conditions: &conditions }, found)
}

fn images<'a>(cluster: &'a Cluster, template: &PodTemplate) -> Vec<&'a str> {
    template.init_containers.iter().chain(&template.containers).map(|c| cluster.text(c.image)).collect()
}

/// All of admission for a pod, but what only its name is needed for.
fn admit(
    cluster: &mut Cluster,
    now: Time,
    namespace: NamespaceId,
    template: TemplateId,
    own_labels: Option<&crate::cluster::labels::Labels>,
    found: &mut LastFound,
) -> Result<Passed, Refused> {
    let named = |why: String| Refused::Named(403, why);
    let mut template = mutations::apply(cluster, namespace, template, own_labels)
        .map_err(|(code, message)| Refused::Whole(Refusal { code, message, causes: Vec::new(), retry_after: None }))?;
    if !cluster.webhooks.is_empty() {
        let write = creation(namespace, PodLabels::new(&cluster.template(template).labels, own_labels), "");
        let calls = call_for_pod(cluster, now, template, write, found);
        let added: Vec<_> = calls.changed.iter().filter_map(|&at| cluster.webhooks[at].behavior.injects.clone()).collect();
        for container in added {
            template = with_container(cluster, template, &container);
        }
        if let Err(refusal) = calls.verdict {
            // Those that only check come after the other plugins.
            if !calls.stopped {
                checks(cluster, namespace, template, own_labels)?;
            }
            return Err(Refused::Whole(refusal));
        }
    }
    checks(cluster, namespace, template, own_labels)?;
    let charges = quota::review(cluster, namespace, &Counted::Pod(template)).map_err(named)?;
    Ok(Passed { template, charges })
}

/// What comes between the webhooks that may change a pod and those that only check it.
fn checks(
    cluster: &Cluster,
    namespace: NamespaceId,
    template: TemplateId,
    own_labels: Option<&crate::cluster::labels::Labels>,
) -> Result<(), Refused> {
    let of = cluster.template(template);
    if let Some((field, why)) = limits::contradiction(&of.demand, of.containers.len()) {
        return Err(Refused::Invalid(field, why));
    }
    limits::pod(cluster, namespace, &of.demand)
        .and_then(|()| pod_security::review(cluster, namespace, template))
        .map_err(|why| Refused::Named(403, why))?;
    if cluster.policy_bindings.is_empty() {
        return Ok(());
    }
    let write = creation(namespace, PodLabels::new(&of.labels, own_labels), "");
    let judged = policies::review(cluster, &policies::pod_object(cluster, template, &write), &write);
    judged.denied.map_or(Ok(()), |(code, why)| Err(Refused::Named(code, why)))
}

impl Api {
    /// How long webhooks take before a pod of this template can be created: the creation comes to be, or is refused, after that.
    pub fn creation_delay(&mut self, namespace: NamespaceId, template: TemplateId) -> Millis {
        if self.cluster.webhooks.is_empty() || self.now() < Time::ZERO {
            return 0;
        }
        let (now, cluster) = (self.now(), &self.cluster);
        let write = creation(namespace, PodLabels::new(&cluster.template(template).labels, None), "");
        call_for_pod(cluster, now, template, write, &mut self.last_found).took
    }

    /// Reviews a pod before it is created; tells the template it is created with, and what it will be charged with.
    pub(super) fn review_pod(&mut self, new: &NewPod) -> Result<(TemplateId, Vec<Charge>), Refusal> {
        let class = self.cluster.template(new.template).priority_class;
        if let Some(class) = unknown_class(&self.cluster, class) {
            // Before a name is generated there is only its beginning.
            let name = self.name_of(new, None);
            return Err(forbidden("pods", &name, &format!("no PriorityClass with name {class} was found")));
        }
        let now = self.now();
        let verdict = admit(&mut self.cluster, now, new.namespace, new.template, new.own_labels.as_deref(), &mut self.last_found);
        match verdict {
            Ok(passed) => Ok((passed.template, passed.charges)),
            Err(Refused::Whole(refusal)) => Err(refusal),
            Err(Refused::Named(code, why)) => {
                let name = self.refused_name(new);
                Err(refused(code, "pods", &name, &why))
            }
            Err(Refused::Invalid(field, why)) => {
                let name = self.refused_name(new);
                Err(invalid_pod(&name, &field, why))
            }
        }
    }

    fn refused_name(&mut self, new: &NewPod) -> String {
        let name = self.name_of(new, Some(FIRST_REFUSED_NAME + self.refused));
        self.refused = (self.refused + 1) % FIRST_REFUSED_NAME;
        name
    }

    /// The name of a pod that is refused; of a generated one only its beginning where `drawn` is none.
    pub(super) fn name_of(&self, new: &NewPod, drawn: Option<u32>) -> String {
        let owner = self.cluster.owner_name(new.owner);
        let suffix = drawn.map(name_suffix).unwrap_or_default();
        match new.name {
            PodName::Given(name) => self.cluster.text(name).to_owned(),
            PodName::Ordinal(ordinal) => format!("{owner}-{ordinal}"),
            PodName::Generated(_) => format!("{owner}-{suffix}"),
            PodName::Indexed(index, _) => format!("{owner}-{index}-{suffix}"),
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

    /// Deletes a configuration of webhooks: nobody asks them any more.
    pub fn delete_webhooks(&mut self, configuration: Sym, mutating: bool) {
        self.cluster.webhooks.retain(|w| w.configuration != configuration || w.mutating != mutating);
        self.last_found.clear();
    }

    /// Writes what an admitted object uses into the status of the quotas that count it.
    pub(super) fn charge_quotas(&mut self, charges: Vec<Charge>) {
        for charge in charges {
            self.cluster.quotas[charge.quota.index()].used = charge.used;
        }
    }
}

/// The name of a priority class that is asked for and does not exist.
fn unknown_class(cluster: &Cluster, class: Option<Sym>) -> Option<String> {
    let class = class?;
    let known = cluster.priority_classes.iter().any(|c| c.name == class);
    (!known).then(|| cluster.text(class).to_owned())
}
