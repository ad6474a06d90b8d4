//! What is wrong, or worth knowing, about objects taken together: references that lead nowhere, selectors that select nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::guards::{self, Guarded};
use super::insert::Thing;
use super::{Builder, selectors};
use crate::cluster::ids::{NamespaceId, TemplateId};
use crate::cluster::labels::{Labels, Selector};
use crate::cluster::origin::Origin;
use crate::cluster::template::VolumeSource;
use crate::cluster::workloads::Meta;
use crate::manifest::{Diagnostic, DiagnosticId, Document, Manifest, Object};
use crate::units::gather::Gather;
use crate::units::intern::Sym;
use crate::units::text::visible_short;

/// Letters of a name that a message shows.
const NAME_SHOWN: usize = 80;

pub(super) fn shown(name: &str) -> String {
    visible_short(name, NAME_SHOWN)
}

/// A second object of the same name.
pub(super) fn twice(document: &Document, thing: Thing) -> Diagnostic {
    let what = if matches!(thing, Thing::PriorityClass(_)) { "is there already" } else { "is given more than once" };
    Diagnostic::warning(DiagnosticId("WT2003"), format!("{} {} {what}: the last one counts", document.kind, shown(&document.name)))
        .help("kubectl apply would overwrite the earlier one, too: keep one of them")
}

/// A set of pods that exist or will: of a workload, or one given pod.
struct Pods<'a> {
    meta: Option<&'a Meta>,
    namespace: NamespaceId,
    labels: &'a Labels,
    template: TemplateId,
    count: i32,
    label: String,
}

/// Looks at everything and tells what it finds.
pub(super) fn find(builder: &mut Builder<'_>, manifest: &Manifest) {
    let mut found: Vec<(Option<Origin>, Diagnostic)> = Vec::new();
    {
        let builder = &*builder;
        let pods = all_pods(builder);
        budgets(builder, &pods, &mut found);
        services(builder, &pods, &mut found);
        references(builder, manifest, &mut found);
        domains(builder, &pods, &mut found);
        lost_pods(builder, manifest, &mut found);
        devices(builder, &pods, &mut found);
        let guarded: Vec<Guarded<'_>> =
            pods.iter().map(|p| Guarded { namespace: p.namespace, template: p.template, label: &p.label }).collect();
        guards::find(builder, &guarded, &mut found);
    }
    backends(builder, manifest, &mut found);
    not_simulated(manifest, &mut found);
    for (origin, diagnostic) in found {
        builder.tell(origin, diagnostic);
    }
}

fn all_pods<'a>(builder: &'a Builder<'_>) -> Vec<Pods<'a>> {
    let c = builder.cluster();
    let of = |meta: &'a Meta, template: TemplateId, count: i32, kind: &str| Pods {
        meta: Some(meta),
        namespace: meta.namespace,
        labels: &c.template(template).labels,
        template,
        count,
        label: format!("{kind}/{}", shown(c.text(meta.name))),
    };
    let mut all: Vec<Pods<'a>> = Vec::new();
    all.extend(c.deployments.iter().map(|d| of(&d.meta, d.template, d.replicas, "deployment")));
    all.extend(c.replica_sets.iter().filter(|r| r.deployment.is_none()).map(|r| of(&r.meta, r.template, r.replicas, "replicaset")));
    all.extend(c.stateful_sets.iter().map(|s| of(&s.meta, s.template, s.replicas, "statefulset")));
    all.extend(c.daemon_sets.iter().map(|d| of(&d.meta, d.template, 0, "daemonset")));
    all.extend(c.jobs.iter().map(|j| of(&j.meta, j.template, j.parallelism, "job")));
    // Of pods from a dump one for each template is enough: what is asked of them is asked of labels.
    let mut seen = BTreeSet::new();
    for (id, pod) in c.live_pods().filter(|(_, p)| !p.phase.is_terminal() && seen.insert(p.template)) {
        let (labels, label) = (&c.template(pod.template).labels, format!("pod/{}", shown(&c.pod_name(id))));
        all.push(Pods { meta: None, namespace: pod.namespace, labels, template: pod.template, count: 1, label });
    }
    all
}

fn budgets(builder: &Builder<'_>, pods: &[Pods<'_>], found: &mut Vec<(Option<Origin>, Diagnostic)>) {
    let c = builder.cluster();
    let live: Vec<_> = c.budgets.iter().filter(|b| !b.meta.gone).collect();
    let matches =
        |selector: &Selector, namespace: NamespaceId, p: &Pods<'_>| p.namespace == namespace && selector.matches(p.labels, &c.text);
    for budget in &live {
        if pods.is_empty() || pods.iter().any(|p| matches(&budget.selector, budget.meta.namespace, p)) {
            continue;
        }
        let message = format!(
            "the PodDisruptionBudget {} protects nothing: no pod of its namespace matches its selector",
            shown(c.text(budget.meta.name))
        );
        let origin = budget.meta.origin.map(|o| Origin { pointer: "/spec/selector", ..o });
        found.push((
            origin,
            Diagnostic::warning(DiagnosticId("WT2011"), message).help("compare the selector with the labels of the pod template"),
        ));
    }
    for p in pods.iter().filter(|p| p.meta.is_some()) {
        let over: Vec<_> = live.iter().filter(|b| matches(&b.selector, b.meta.namespace, p)).collect();
        let [first, second, ..] = over[..] else { continue };
        let (first, second) = (shown(c.text(first.meta.name)), second);
        let message = format!(
            "pods of {} are under two PodDisruptionBudgets ({first} and {}): they can never be evicted",
            p.label,
            shown(c.text(second.meta.name))
        );
        let origin = second.meta.origin.map(|o| Origin { pointer: "/spec/selector", ..o });
        let help = "the eviction API answers 500 `This pod has more than one PodDisruptionBudget`: a drain of their node never ends; keep one budget";
        found.push((origin, Diagnostic::warning(DiagnosticId("WT2012"), message).help(help)));
    }
}

fn services(builder: &Builder<'_>, pods: &[Pods<'_>], found: &mut Vec<(Option<Origin>, Diagnostic)>) {
    let c = builder.cluster();
    if pods.is_empty() {
        return;
    }
    for service in c.services.iter().filter(|s| !s.meta.gone) {
        let Some(selector) = &service.selector else { continue };
        let selector = selectors::pairs(selector);
        if pods.iter().any(|p| p.namespace == service.meta.namespace && selector.matches(p.labels, &c.text)) {
            continue;
        }
        let message = format!(
            "the Service {} has no endpoints: no pod of its namespace has the labels {}",
            shown(c.text(service.meta.name)),
            shown(&selector.display(&c.text))
        );
        let origin = service.meta.origin.map(|o| Origin { pointer: "/spec/selector", ..o });
        found.push((
            origin,
            Diagnostic::warning(DiagnosticId("WT2013"), message).help("compare the selector with the labels of the pod template"),
        ));
    }
}

/// Required anti-affinity of a workload with itself needs as many domains as it has pods.
fn domains(builder: &Builder<'_>, pods: &[Pods<'_>], found: &mut Vec<(Option<Origin>, Diagnostic)>) {
    let c = builder.cluster();
    for p in pods.iter().filter(|p| p.count > 1) {
        let Some(affinity) = c.template(p.template).affinity.as_ref() else { continue };
        for term in &affinity.anti_required {
            if !term.selector.matches(p.labels, &c.text) || !term.namespaces.is_empty() || term.namespace_selector.is_some() {
                continue;
            }
            let values: BTreeSet<Sym> = c.live_nodes().filter_map(|(_, n)| n.labels.get(term.topology_key)).gather();
            if values.is_empty() || values.len() >= usize::try_from(p.count).unwrap_or(usize::MAX) {
                continue;
            }
            let key = shown(c.text(term.topology_key));
            let message = format!("{} wants {} pods, no two in the same {key}, and there are {} of these", p.label, p.count, values.len());
            let origin = p.meta.and_then(|m| m.origin).map(|o| Origin { pointer: "/spec/template/spec/affinity", ..o });
            let help = "fewer replicas, more domains, or preferred anti-affinity, or a spread constraint with maxSkew";
            found.push((origin, Diagnostic::warning(DiagnosticId("WT2014"), message).help(help)));
        }
    }
}

/// Pods that ask for devices by claims: what is simulated of them leaves these out.
fn devices(builder: &Builder<'_>, pods: &[Pods<'_>], found: &mut Vec<(Option<Origin>, Diagnostic)>) {
    let c = builder.cluster();
    for p in pods {
        let template = c.template(p.template);
        let Some(&first) = template.resource_claims.first() else { continue };
        let more = if template.resource_claims.len() > 1 { " and others" } else { "" };
        let claim = shown(c.text(first));
        let message = format!("{} asks for devices by the resource claim {claim}{more}: it is scheduled as if it did not", p.label);
        let help = "a node that refuses it here refuses it in the cluster too; one that takes it here may lack the device";
        found.push((template.origin, Diagnostic::warning(DiagnosticId("WT2029"), message).help(help)));
    }
}

/// Pods that name a node that is not there.
fn lost_pods(builder: &Builder<'_>, manifest: &Manifest, found: &mut Vec<(Option<Origin>, Diagnostic)>) {
    let mut by_node: BTreeMap<&str, (usize, &Document)> = BTreeMap::new();
    for (document, object) in manifest.objects() {
        let Object::Pod(pod) = object else { continue };
        let Some(node) = pod.spec.as_ref().and_then(|s| s.node_name.as_deref()).filter(|n| !n.is_empty()) else { continue };
        if builder.node_named(node).is_none() {
            by_node.entry(node).or_insert((0, document)).0 += 1;
        }
    }
    for (node, (count, document)) in by_node {
        let message = format!("{count} pods are bound to the node {}, which is not given: they wait to be scheduled anew", shown(node));
        let origin = Some(Origin { document: document.id, pointer: "/spec/nodeName" });
        found.push((origin, Diagnostic::warning(DiagnosticId("WT2004"), message).help("add the Nodes: kubectl get nodes -o yaml")));
    }
}

/// ConfigMaps, Secrets, ServiceAccounts, claims and PriorityClasses that are named and not given: each once, at its first user.
fn references(builder: &Builder<'_>, manifest: &Manifest, found: &mut Vec<(Option<Origin>, Diagnostic)>) {
    let c = builder.cluster();
    let mut given: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for document in &manifest.documents {
        given.insert((document.kind.as_str(), document.namespace_or_default(), document.name.as_str()));
    }
    let has = |kind: &str, namespace: NamespaceId, name: &str| given.contains(&(kind, c.namespace_name(namespace), name));
    let mut missing: BTreeMap<(&str, NamespaceId, Sym), (usize, Option<Origin>)> = BTreeMap::new();
    for template in &c.templates {
        let mut miss = |kind: &'static str, name: Sym| {
            let entry = missing.entry((kind, template.namespace, name)).or_insert((0, template.origin));
            entry.0 += 1;
        };
        let in_volumes = template.volumes.iter().filter_map(|v| match v.source {
            VolumeSource::ConfigMap(name) => Some((false, name)),
            VolumeSource::Secret(name) => Some((true, name)),
            _ => None,
        });
        for (secret, name) in template.env_references.iter().copied().chain(in_volumes) {
            let kind = if secret { "Secret" } else { "ConfigMap" };
            // Every namespace has this one, written by kube-controller-manager.
            if c.text(name) != "kube-root-ca.crt" && !has(kind, template.namespace, c.text(name)) {
                miss(kind, name);
            }
        }
        if let Some(account) =
            template.service_account.filter(|&a| c.text(a) != "default" && !has("ServiceAccount", template.namespace, c.text(a)))
        {
            miss("ServiceAccount", account);
        }
        for volume in &template.volumes {
            if let VolumeSource::Claim(name) = volume.source
                && !builder.claims.contains_key(&(template.namespace, name))
            {
                miss("PersistentVolumeClaim", name);
            }
        }
        if let Some(class) = template.priority_class.filter(|&class| !c.priority_classes.iter().any(|p| p.name == class)) {
            miss("PriorityClass", class);
        }
    }
    for ((kind, _, name), (users, origin)) in missing {
        let name = shown(c.text(name));
        let more = if users > 1 { format!(", as {} others do", users - 1) } else { String::new() };
        let (id, consequence) = match kind {
            "ConfigMap" | "Secret" => (
                "WT2015",
                "unless the cluster has it, the containers wait in CreateContainerConfigError; the simulation takes it to be there",
            ),
            "ServiceAccount" => {
                ("WT2016", "unless the cluster has it, the API server refuses the pods; the simulation takes it to be there")
            }
            "PersistentVolumeClaim" => ("WT2017", "no node will take the pods: persistentvolumeclaim not found"),
            _ => ("WT2018", "the API server refuses the pods; the simulation goes on with priority 0"),
        };
        let message = format!("the {kind} {name} is used here{more}, and is not given");
        let told = match id {
            "WT2015" | "WT2016" => Diagnostic::info(DiagnosticId(id), message),
            _ => Diagnostic::warning(DiagnosticId(id), message),
        };
        found.push((origin, told.help(consequence)));
    }
}

/// Ingresses and autoscalers that point at nothing.
fn backends(builder: &Builder<'_>, manifest: &Manifest, found: &mut Vec<(Option<Origin>, Diagnostic)>) {
    let c = builder.cluster();
    let service = |namespace: &str, name: &str| {
        c.services.iter().any(|s| c.text(s.meta.name) == name && c.namespace_name(s.meta.namespace) == namespace)
    };
    for (document, object) in manifest.objects() {
        let namespace = document.namespace_or_default();
        let origin = |pointer: &'static str| Some(Origin { document: document.id, pointer });
        match object {
            Object::Ingress(ingress) => {
                let spec = ingress.spec.as_ref();
                let paths = spec.into_iter().flat_map(|s| s.rules.iter().flatten()).filter_map(|r| r.http.as_ref()).flat_map(|h| &h.paths);
                let backends = paths.map(|p| &p.backend).chain(spec.and_then(|s| s.default_backend.as_ref()));
                let names: BTreeSet<&str> = backends.filter_map(|b| b.service.as_ref()).map(|s| s.name.as_str()).gather();
                for name in names.into_iter().filter(|name| !service(namespace, name)) {
                    let message =
                        format!("the Ingress {} routes to the Service {}, which is not given", shown(&document.name), shown(name));
                    found.push((origin("/spec/rules"), Diagnostic::info(DiagnosticId("WT2019"), message)));
                }
            }
            Object::HorizontalPodAutoscaler(scaler) => {
                let target = &scaler.spec.scale_target_ref;
                let known = manifest
                    .documents
                    .iter()
                    .any(|d| d.kind == target.kind && d.name == target.name && d.namespace_or_default() == namespace);
                if !known {
                    let message = format!(
                        "the autoscaler {} scales {} {}, which is not given",
                        shown(&document.name),
                        shown(&target.kind),
                        shown(&target.name)
                    );
                    found.push((origin("/spec/scaleTargetRef"), Diagnostic::warning(DiagnosticId("WT2020"), message)));
                }
            }
            _ => {}
        }
    }
}

/// Kinds that are understood here and have no part in a run: said once for each kind.
fn not_simulated(manifest: &Manifest, found: &mut Vec<(Option<Origin>, Diagnostic)>) {
    let mut kinds: BTreeMap<&str, (usize, &Document, &str)> = BTreeMap::new();
    for (document, object) in manifest.objects() {
        let what = match object {
            Object::NetworkPolicy(_) => "all traffic is taken to pass",
            _ => continue,
        };
        kinds.entry(document.kind.as_str()).or_insert((0, document, what)).0 += 1;
    }
    for (kind, (count, document, what)) in kinds {
        let message = format!("{kind} is part of the graph and not of a run: {what} ({count} given)");
        found.push((Some(Origin { document: document.id, pointer: "/kind" }), Diagnostic::info(DiagnosticId("WT2024"), message)));
    }
}
