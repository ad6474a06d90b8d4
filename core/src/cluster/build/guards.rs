//! What admission will make of the set: webhooks that guard the pods that answer for them, pods that a standard refuses, policies that are
//! not evaluated; and what is assumed of webhooks.

use super::Builder;
use super::findings::shown;
use super::whole::Assumption;
use crate::cluster::Cluster;
use crate::cluster::ids::{NamespaceId, TemplateId};
use crate::cluster::origin::Origin;
use crate::cluster::state::PodLabels;
use crate::cluster::webhooks::{Client, Webhook};
use crate::cluster::write_scope::Write;
use crate::manifest::pod_security::{detail, violations};
use crate::manifest::{Diagnostic, DiagnosticId};

type Found = Vec<(Option<Origin>, Diagnostic)>;

/// Pods of one template, and what they are called.
pub(super) struct Guarded<'a> {
    pub(super) namespace: NamespaceId,
    pub(super) template: TemplateId,
    pub(super) label: &'a str,
}

/// Tells what it finds about webhooks, policies and standards.
pub(super) fn find(builder: &Builder<'_>, pods: &[Guarded<'_>], found: &mut Found) {
    let c = builder.cluster();
    webhooks(c, pods, found);
    standards(c, pods, found);
    for policy in &c.admission_policies {
        let Some(why) = &policy.not_evaluated else { continue };
        let name = shown(c.text(policy.name));
        let message = match policy.mutations {
            None => format!("the ValidatingAdmissionPolicy {name} is not evaluated here ({why}): every pod is taken to pass it"),
            Some(_) => format!("the MutatingAdmissionPolicy {name} is not evaluated here ({why}): it changes no pod"),
        };
        found.push((policy.origin, Diagnostic::info(DiagnosticId("WT2044"), message)));
    }
}

impl Builder<'_> {
    /// Names what is assumed of how webhooks answer, where nothing is said of them.
    pub(super) fn name_webhooks(&self, assumptions: &mut Vec<Assumption>) {
        for hook in &self.cluster.webhooks {
            let name = self.cluster.text(hook.name);
            if self.behaviors.webhooks.iter().any(|(said, _)| said == name) {
                continue;
            }
            let changes = if hook.mutating { " and changes nothing" } else { "" };
            let who = match service(self.cluster, hook) {
                Some((_, true)) => "while its Service has a ready pod",
                _ => "always",
            };
            assumptions.push(Assumption {
                subject: format!("webhook/{name}"),
                what: "answers".to_owned(),
                value: format!("{who}, at once: it denies nothing{changes}"),
                why: "manifests do not say what a webhook answers, nor how fast".to_owned(),
                change: format!("a Behavior document: spec.webhooks[] with name: {name}, latencySeconds, deniesImages, injects"),
            });
        }
    }
}

/// The Service behind a webhook as `namespace/name`, and whether it is given with a selector; none for an address outside of the cluster.
fn service(c: &Cluster, hook: &Webhook) -> Option<(String, bool)> {
    let Client::Service { namespace, name, .. } = hook.client else { return None };
    let given = c
        .services
        .iter()
        .any(|s| !s.meta.gone && s.meta.name == name && s.selector.is_some() && c.namespace_name(s.meta.namespace) == c.text(namespace));
    Some((format!("{}/{}", shown(c.text(namespace)), shown(c.text(name))), given))
}

/// Whether creating such a pod is put to the webhook.
fn guards(c: &Cluster, hook: &Webhook, pod: &Guarded<'_>) -> bool {
    let labels = PodLabels::new(&c.template(pod.template).labels, None);
    let namespace = Some(pod.namespace);
    hook.scope.covers(c, &Write { operation: "CREATE", group: "", version: "v1", resource: "pods", name: "", namespace, labels })
}

/// Whether such a pod is behind the webhook's Service.
fn answers(c: &Cluster, hook: &Webhook, pod: &Guarded<'_>) -> bool {
    let Client::Service { namespace, name, .. } = hook.client else { return false };
    c.services.iter().any(|s| {
        let labels = &c.template(pod.template).labels;
        !s.meta.gone
            && s.meta.name == name
            && s.meta.namespace == pod.namespace
            && c.namespace_name(s.meta.namespace) == c.text(namespace)
            && s.selector.as_ref().is_some_and(|selector| selector.iter().all(|(key, value)| labels.get(key) == Some(value)))
    })
}

fn webhooks(c: &Cluster, pods: &[Guarded<'_>], found: &mut Found) {
    for hook in &c.webhooks {
        let name = shown(c.text(hook.name));
        let origin = hook.origin.map(|o| Origin { pointer: "/webhooks", ..o });
        if hook.mutating && hook.behavior.injects.is_none() {
            let message = format!("what the mutating webhook {name} changes is not known: pods are created as they are written");
            let help = "if it adds a container, say so in a Behavior document: spec.webhooks[] with injects: {name, requests}";
            found.push((origin, Diagnostic::info(DiagnosticId("WT2043"), message).help(help)));
        }
        let Some((service, given)) = service(c, hook) else { continue };
        if !given {
            let message =
                format!("the webhook {name} is answered by the Service {service}, which is not given: it is taken to answer always");
            found.push((
                origin,
                Diagnostic::info(DiagnosticId("WT2041"), message).help("add the Service and its workload to see what their loss sets off"),
            ));
            continue;
        }
        if !hook.fails_closed {
            continue;
        }
        let others = c.webhooks.iter().filter(|other| other.fails_closed && other.name != hook.name);
        for own in pods.iter().filter(|pod| answers(c, hook, pod)) {
            if guards(c, hook, own) {
                let message = format!(
                    "the webhook {name} guards the pods that answer for it ({}, behind the Service {service}) and fails closed: once none of \
                     them is ready, no pod it guards can be created, theirs included",
                    own.label
                );
                let help =
                    "leave their namespace out by namespaceSelector (kubernetes.io/metadata.name NotIn), or set failurePolicy: Ignore";
                found.push((origin, Diagnostic::warning(DiagnosticId("WT2040"), message).help(help)));
            }
            for other in others.clone().filter(|other| guards(c, other, own)) {
                let Some(theirs) = pods.iter().find(|pod| answers(c, other, pod) && guards(c, hook, pod)) else { continue };
                let message = format!(
                    "the webhooks {name} and {} guard each other's pods ({} and {}) and fail closed: once neither is ready, neither comes back",
                    shown(c.text(other.name)),
                    own.label,
                    theirs.label
                );
                let help = "leave one namespace out by namespaceSelector, or set failurePolicy: Ignore for one of them";
                found.push((origin, Diagnostic::warning(DiagnosticId("WT2040"), message).help(help)));
            }
        }
    }
}

fn standards(c: &Cluster, pods: &[Guarded<'_>], found: &mut Found) {
    for pod in pods {
        let Some(namespace) = c.namespaces.get(pod.namespace.index()) else { continue };
        let (template, called) = (c.template(pod.template), shown(c.text(namespace.name)));
        let policy = namespace.security;
        let refused = violations(policy.enforce, &template.written);
        if !refused.is_empty() {
            let message = format!(
                "pods of {} are refused: the namespace {called} enforces PodSecurity \"{}\", and they break {}",
                pod.label,
                policy.enforce,
                shown_list(&detail(&refused))
            );
            let help = "mend the security context, or lower pod-security.kubernetes.io/enforce of the namespace";
            found.push((template.origin, Diagnostic::warning(DiagnosticId("WT2042"), message).help(help)));
            continue;
        }
        let warned = violations(policy.warn, &template.written);
        if !warned.is_empty() {
            let message = format!("{} would violate PodSecurity \"{}\": {}", pod.label, policy.warn, shown_list(&detail(&warned)));
            found.push((template.origin, Diagnostic::info(DiagnosticId("WT2045"), message).help("kubectl apply prints this as a warning")));
        }
    }
}

/// Rules that are broken can be many, and name containers as they are written.
fn shown_list(text: &str) -> String {
    crate::units::text::visible_short(text, 600)
}
