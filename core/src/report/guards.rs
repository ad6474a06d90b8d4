//! Who guards whom: what a refusal by an admission webhook means in words, and whether it can ever end.

use super::told::Told;
use crate::cluster::Cluster;
use crate::cluster::ids::*;
use crate::cluster::state::{PodLabels, Workload};
use crate::cluster::template::PodTemplate;
use crate::cluster::webhooks::{Client, Webhook};
use crate::cluster::workloads::Meta;
use crate::cluster::write_scope::Write;
use crate::trace::Subject;

/// What a refusal says of a webhook that gave no answer: its name, and why.
fn unanswered(message: &str) -> Option<(&str, &str)> {
    let (_, rest) = message.split_once("failed calling webhook \"")?;
    let (name, rest) = rest.split_once("\": ")?;
    let why = rest.rsplit_once("\": ").map_or(rest, |(_, why)| why);
    Some((name, why))
}

/// The refusal of what a controller creates, in a sentence; none where no webhook is the reason.
pub(super) fn sentence(told: &Told<'_>, subject: Subject, message: &str, times: &str) -> Option<String> {
    let (name, why) = unanswered(message)?;
    let cluster = told.cluster;
    let whom = of_subject(cluster, subject).map_or_else(|| told.subject(subject), |workload| told.workload(workload));
    let hook = cluster.webhooks.iter().find(|w| cluster.text(w.name) == name);
    let behind = hook.map(|hook| behind(cluster, hook)).unwrap_or_default();
    let own = behind.iter().find(|(workload, template)| {
        of_subject(cluster, subject) == Some(*workload) && hook.is_some_and(|hook| guards(cluster, hook, *workload, template))
    });
    let configuration = hook.map_or("", |hook| cluster.text(hook.configuration));
    if own.is_some() {
        return Some(format!(
            "{whom} cannot get its pods back{times}: they are those that answer for the webhook {name}, which has to allow their creation and cannot \
             be asked ({why}). Nothing heals this: only deleting or changing the configuration {configuration} does"
        ));
    }
    let names: Vec<String> = behind.iter().map(|(workload, _)| told.workload(*workload)).collect();
    let who = if names.is_empty() { String::new() } else { format!("; the pods of {} answer for it", names.join(" and ")) };
    Some(format!("{whom} cannot get new pods{times}: the webhook {name} has to allow them and cannot be asked ({why}){who}"))
}

/// The workload that makes what a controller is refused.
fn of_subject(cluster: &Cluster, subject: Subject) -> Option<Workload> {
    match subject {
        Subject::ReplicaSet(id) => {
            let deployment = cluster.replica_sets.get(id.index())?.deployment;
            Some(deployment.map_or(Workload::ReplicaSet(id), Workload::Deployment))
        }
        Subject::StatefulSet(id) => Some(Workload::StatefulSet(id)),
        Subject::DaemonSet(id) => Some(Workload::DaemonSet(id)),
        Subject::Job(id) => Some(Workload::Job(id)),
        _ => None,
    }
}

/// The workloads whose pods are behind a webhook's Service.
fn behind<'a>(cluster: &'a Cluster, hook: &Webhook) -> Vec<(Workload, &'a PodTemplate)> {
    let Client::Service { namespace, name, .. } = hook.client else { return Vec::new() };
    let is = |meta: &Meta| meta.name == name && cluster.namespace_name(meta.namespace) == cluster.text(namespace);
    let Some(service) = cluster.services.iter().find(|s| !s.meta.gone && is(&s.meta)) else { return Vec::new() };
    let Some(selector) = &service.selector else { return Vec::new() };
    let fits = |meta: &Meta, template: TemplateId| {
        let labels = &cluster.template(template).labels;
        !meta.gone && meta.namespace == service.meta.namespace && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    };
    let mut found = Vec::new();
    for (at, d) in cluster.deployments.iter().enumerate().filter(|(_, d)| fits(&d.meta, d.template)) {
        found.push((Workload::Deployment(DeploymentId::from_index(at)), cluster.template(d.template)));
    }
    for (at, s) in cluster.stateful_sets.iter().enumerate().filter(|(_, s)| fits(&s.meta, s.template)) {
        found.push((Workload::StatefulSet(StatefulSetId::from_index(at)), cluster.template(s.template)));
    }
    for (at, d) in cluster.daemon_sets.iter().enumerate().filter(|(_, d)| fits(&d.meta, d.template)) {
        found.push((Workload::DaemonSet(DaemonSetId::from_index(at)), cluster.template(d.template)));
    }
    found
}

fn guards(cluster: &Cluster, hook: &Webhook, workload: Workload, template: &PodTemplate) -> bool {
    let namespace = cluster.workload_meta(workload).map(|meta| meta.namespace);
    let labels = PodLabels::new(&template.labels, None);
    hook.scope.covers(cluster, &Write { operation: "CREATE", group: "", version: "v1", resource: "pods", name: "", namespace, labels })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_webhook_and_why_it_gave_no_answer() {
        let message = "Error creating: Internal error occurred: failed calling webhook \"v.x\": failed to call webhook: Post \
                       \"https://h.n.svc:443/?timeout=10s\": no endpoints available for service \"h\"";
        assert_eq!(unanswered(message), Some(("v.x", "no endpoints available for service \"h\"")));
        assert_eq!(unanswered("Error creating: pods \"a\" is forbidden: exceeded quota"), None);
    }
}
