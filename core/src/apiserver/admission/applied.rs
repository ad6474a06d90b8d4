//! Admission of what a user applies: the same plugins in the same order, and the warnings that a user sees.

use super::places::{Place, place};
use super::quota::Charge;
use super::webhooks::{self, LastFound, Subject};
use super::{Refused, admit, forbidden, invalid_pod, objects, pod_security, policies, refused, unknown_class};
use crate::apiserver::Refusal;
use crate::cluster::Cluster;
use crate::cluster::build::Compiled;
use crate::cluster::ids::{NamespaceId, TemplateId};
use crate::cluster::labels::Labels;
use crate::cluster::state::PodLabels;
use crate::cluster::webhooks::Webhook;
use crate::cluster::write_scope::Write;
use crate::units::time::Time;

/// An object that passed.
#[derive(Debug, Default)]
pub(in crate::apiserver) struct Admitted {
    pub(in crate::apiserver) charges: Vec<Charge>,
    /// The headers `Warning` of the answer.
    pub(in crate::apiserver) warnings: Vec<String>,
    /// The template a pod is created with, where a webhook changed it.
    pub(in crate::apiserver) template: Option<TemplateId>,
}

/// Reviews an object that a user applies. `labels` are those of the object itself.
pub(in crate::apiserver) fn review(
    cluster: &mut Cluster,
    now: Time,
    compiled: &Compiled,
    labels: &Labels,
    found: &mut LastFound,
) -> Result<Admitted, Refusal> {
    let place = place(cluster, compiled);
    let name = place.name.map_or_else(String::new, |name| cluster.text(name).to_owned());
    if let Some(namespace) = place.namespace.filter(|_| !place.exists) {
        lifecycle(cluster, namespace, &place.qualified(), &name)?;
    }
    let mut warnings = warnings(cluster, compiled);
    if let Compiled::Pod(pod) = compiled {
        let class = cluster.template(pod.template).priority_class;
        if let Some(class) = unknown_class(cluster, class) {
            return Err(forbidden("pods", &name, &format!("no PriorityClass with name {class} was found")));
        }
        own_priority(cluster, pod.template).map_err(|why| forbidden("pods", &name, &why))?;
        let own = pod.own_labels.as_deref().cloned();
        let passed = admit(cluster, now, pod.namespace, pod.template, own.as_ref(), found).map_err(|refused_| match refused_ {
            Refused::Whole(refusal) => refusal,
            Refused::Named(code, why) => refused(code, "pods", &name, &why),
            Refused::Invalid(field, why) => invalid_pod(&name, &field, why),
        })?;
        warnings.extend(policy_warnings(cluster, pod.namespace, passed.template, labels, &name));
        return Ok(Admitted { charges: passed.charges, warnings, template: Some(passed.template) });
    }
    if let Compiled::PriorityClass(new) = compiled
        && new.global_default
        && let Some(other) = cluster.priority_classes.iter().find(|c| c.global_default && c.name != new.name)
    {
        let why = format!("PriorityClass {} is already marked as default. Only one default can exist", cluster.text(other.name));
        return Err(forbidden(&place.qualified(), &name, &why));
    }
    call(cluster, now, &place, &name, labels, found)?;
    Ok(Admitted { charges: objects::review(cluster, compiled)?, warnings, template: None })
}

/// `Priority`: what a pod says of itself must be what its class says (`plugin/pkg/admission/priority/admission.go`, v1.37).
fn own_priority(cluster: &Cluster, template: TemplateId) -> Result<(), String> {
    let template = cluster.template(template);
    let class = match template.priority_class {
        Some(name) => cluster.priority_classes.iter().find(|c| c.name == name),
        None => cluster.priority_classes.iter().filter(|c| c.global_default).min_by_key(|c| c.value),
    };
    let value = class.map_or(0, |c| c.value);
    if let Some(own) = template.written.spec.priority.filter(|&own| own != value) {
        return Err(format!(
            "the integer value of priority ({own}) must not be provided in pod spec; priority admission controller computed {value} from the \
             given PriorityClass name"
        ));
    }
    let policy = if class.is_some_and(|c| c.never_preempts) { "Never" } else { "PreemptLowerPriority" };
    if let Some(own) = template.written.spec.preemption_policy.as_deref().filter(|&own| own != policy) {
        return Err(format!(
            "the string value of PreemptionPolicy ({own}) must not be provided in pod spec; priority admission controller computed {policy} from \
             the given PriorityClass name"
        ));
    }
    Ok(())
}

/// `NamespaceLifecycle`: nothing new comes into a namespace that is being deleted, or is gone.
pub(in crate::apiserver) fn lifecycle(cluster: &Cluster, id: NamespaceId, resource: &str, name: &str) -> Result<(), Refusal> {
    let Some(namespace) = cluster.namespaces.get(id.index()) else { return Ok(()) };
    let called = cluster.text(namespace.name);
    if namespace.gone {
        let message = format!("namespaces \"{called}\" not found");
        return Err(Refusal { code: 404, message, causes: Vec::new(), retry_after: None });
    }
    if namespace.deleting.is_none() {
        return Ok(());
    }
    Err(forbidden(resource, name, &format!("unable to create new content in namespace {called} because it is being terminated")))
}

fn call(cluster: &Cluster, now: Time, place: &Place, name: &str, labels: &Labels, found: &mut LastFound) -> Result<(), Refusal> {
    let write = Write {
        operation: if place.exists { "UPDATE" } else { "CREATE" },
        group: place.group,
        version: place.version,
        resource: place.resource,
        name,
        namespace: place.namespace,
        labels: PodLabels::new(labels, None),
    };
    // Conditions look at the whole object, which is kept of pods alone: for others they are taken to hold.
    webhooks::call(cluster, now, &Subject { write, images: Vec::new(), conditions: &|_: &Webhook| true }, found).verdict
}

fn warnings(cluster: &Cluster, compiled: &Compiled) -> Vec<String> {
    let of = |namespace: NamespaceId, template: TemplateId| pod_security::warning(cluster, namespace, template).into_iter().collect();
    match compiled {
        Compiled::Deployment(d) => of(d.meta.namespace, d.template),
        Compiled::ReplicaSet(r) => of(r.meta.namespace, r.template),
        Compiled::StatefulSet(s) => of(s.meta.namespace, s.template),
        Compiled::DaemonSet(d) => of(d.meta.namespace, d.template),
        Compiled::Job(j) => of(j.meta.namespace, j.template),
        Compiled::Pod(p) => of(p.namespace, p.template),
        Compiled::Namespace(new) => {
            let known = cluster.namespaces.iter().position(|n| n.name == new.name && !n.gone);
            known.map_or_else(Vec::new, |at| pod_security::existing(cluster, NamespaceId::from_index(at), new))
        }
        _ => Vec::new(),
    }
}

fn policy_warnings(cluster: &Cluster, namespace: NamespaceId, template: TemplateId, labels: &Labels, name: &str) -> Vec<String> {
    if cluster.policy_bindings.iter().all(|b| !b.warns) {
        return Vec::new();
    }
    let write = super::creation(namespace, PodLabels::new(labels, None), name);
    policies::review(cluster, &policies::pod_object(cluster, template, &write), &write).warnings
}
