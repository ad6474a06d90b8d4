//! PodSecurity: pods that break the standard their namespace enforces are refused; whoever writes what would make such pods is warned
//! (`k8s.io/pod-security-admission/admission`, v1.37).

use std::collections::BTreeMap;

use crate::cluster::Cluster;
use crate::cluster::ids::{NamespaceId, TemplateId};
use crate::cluster::workloads::Namespace;
use crate::manifest::pod_security::{Level, detail, violations};
use crate::units::arrange::Arrange;

/// Whether the namespace takes such a pod; if not, why.
pub(super) fn review(cluster: &Cluster, namespace: NamespaceId, template: TemplateId) -> Result<(), String> {
    let Some(namespace) = cluster.namespaces.get(namespace.index()) else { return Ok(()) };
    let standard = namespace.security.enforce;
    if standard.level == Level::Privileged {
        return Ok(());
    }
    let found = violations(standard, &cluster.template(template).written);
    if found.is_empty() { Ok(()) } else { Err(format!("violates PodSecurity \"{standard}\": {}", detail(&found))) }
}

/// What whoever writes a pod or a workload is warned of.
pub(super) fn warning(cluster: &Cluster, namespace: NamespaceId, template: TemplateId) -> Option<String> {
    let standard = cluster.namespaces.get(namespace.index())?.security.warn;
    let found = violations(standard, &cluster.template(template).written);
    (!found.is_empty()).then(|| format!("would violate PodSecurity \"{standard}\": {}", detail(&found)))
}

/// What whoever labels a namespace is warned of: the pods in it that break what it enforces from now on; they run on
/// (`EvaluatePodsInNamespace`).
pub(super) fn existing(cluster: &Cluster, id: NamespaceId, labelled: &Namespace) -> Vec<String> {
    let standard = labelled.security.enforce;
    let before = cluster.namespaces.get(id.index()).map(|n| n.security.enforce);
    if standard.level == Level::Privileged || before == Some(standard) {
        return Vec::new();
    }
    let mut by_reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut known: BTreeMap<TemplateId, String> = BTreeMap::new();
    for (pod, is) in cluster.live_pods().filter(|(_, p)| p.namespace == id && !p.phase.is_terminal()) {
        let reasons = known.entry(is.template).or_insert_with(|| {
            let found = violations(standard, &cluster.template(is.template).written);
            found.into_iter().map(|v| v.reason).collect::<Vec<_>>().join(", ")
        });
        if !reasons.is_empty() {
            by_reasons.entry(reasons.clone()).or_default().push(cluster.pod_name(pod));
        }
    }
    if by_reasons.is_empty() {
        return Vec::new();
    }
    let name = cluster.text(labelled.name);
    let mut told = vec![format!("existing pods in namespace \"{name}\" violate the new PodSecurity enforce level \"{standard}\"")];
    let mut lines: Vec<String> = by_reasons
        .into_iter()
        .filter_map(|(reasons, mut names)| {
            names.arrange();
            let first = names.first()?;
            Some(match names.len() {
                1 => format!("{first}: {reasons}"),
                2 => format!("{first} (and 1 other pod): {reasons}"),
                n => format!("{first} (and {} other pods): {reasons}", n - 1),
            })
        })
        .collect();
    lines.arrange();
    told.extend(lines);
    told
}
