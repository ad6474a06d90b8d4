//! Admission webhooks: which of them a request is put to, whether they can be reached, and what their answers make of it
//! (`apiserver/pkg/admission/plugin/webhook/{mutating,validating}/dispatcher.go`, `apiserver/pkg/util/webhook`, v1.37).

use std::collections::BTreeMap;

use crate::apiserver::Refusal;
use crate::cluster::Cluster;
use crate::cluster::ids::PodId;
use crate::cluster::pod::Phase;
use crate::cluster::webhooks::{Client, Webhook};
use crate::cluster::workloads::Service;
use crate::cluster::write_scope::Write;
use crate::units::time::{Millis, SECOND, Time};

/// For each webhook, by its place in the cluster's list, the pod that was found behind its Service last: the likeliest to be there still.
pub(in crate::apiserver) type LastFound = BTreeMap<usize, PodId>;

/// What became of the calls for one request.
#[derive(Debug)]
pub(super) struct Calls {
    /// How long they took.
    pub(super) took: Millis,
    /// The webhooks that changed the object, by their places.
    pub(super) changed: Vec<usize>,
    /// Whether the request goes on.
    pub(super) verdict: Result<(), Refusal>,
    /// One that may change the object stopped the request: nothing else was asked.
    pub(super) stopped: bool,
}

/// What of an object webhooks are told here.
pub(super) struct Subject<'a> {
    pub(super) write: Write<'a>,
    /// Images of its containers; empty for what has none.
    pub(super) images: Vec<&'a str>,
    /// Whether the match conditions of a webhook hold for it.
    pub(super) conditions: &'a dyn Fn(&Webhook) -> bool,
}

/// Puts a request to all webhooks that it concerns: those that may change it one after the other, then the others at the same time.
pub(super) fn call(cluster: &Cluster, now: Time, subject: &Subject<'_>, found: &mut LastFound) -> Calls {
    let mut calls = Calls { took: 0, changed: Vec::new(), verdict: Ok(()), stopped: false };
    // Configurations of admission are never put to it (`IsExemptAdmissionConfigurationResource`): else there would be no way out.
    if cluster.webhooks.is_empty() || subject.write.group == "admissionregistration.k8s.io" {
        return calls;
    }
    let mut longest = 0;
    for (at, hook) in cluster.webhooks.iter().enumerate() {
        if !hook.scope.covers(cluster, &subject.write) || !(subject.conditions)(hook) {
            continue;
        }
        let (took, answer) = ask(cluster, now, at, hook, subject, found);
        if hook.mutating {
            calls.took += took;
        } else {
            longest = longest.max(took);
        }
        match answer {
            Ok(()) if hook.mutating && hook.behavior.injects.is_some() => calls.changed.push(at),
            Ok(()) => {}
            Err(refusal) if calls.verdict.is_ok() => {
                calls.verdict = Err(refusal);
                if hook.mutating {
                    calls.stopped = true;
                    return calls;
                }
            }
            Err(_) => {}
        }
    }
    calls.took += longest;
    calls
}

/// Puts a request to one webhook: how long that takes, and whether the request may go on.
fn ask(
    cluster: &Cluster,
    now: Time,
    at: usize,
    hook: &Webhook,
    subject: &Subject<'_>,
    found: &mut LastFound,
) -> (Millis, Result<(), Refusal>) {
    // What is settled came to be with its webhooks answering at once: only what they say counts.
    let settling = now < Time::ZERO;
    let too_late = Failure { took: hook.timeout, why: "context deadline exceeded".to_owned() };
    let reached = match reach(cluster, at, hook, found) {
        _ if settling => Ok(0),
        Err(Unreached::NoService(name)) => Err(Failure { took: 0, why: format!("service \"{name}\" not found") }),
        Err(Unreached::NoEndpoints(name)) => Err(Failure { took: 0, why: format!("no endpoints available for service \"{name}\"") }),
        Err(Unreached::Silent) => Err(too_late),
        Ok(()) => hook.behavior.latency.filter(|&latency| latency < hook.timeout).ok_or(too_late),
    };
    match reached {
        Err(failure) => {
            let refused = if hook.fails_closed { Err(failed(cluster, hook, &failure.why)) } else { Ok(()) };
            (failure.took, refused)
        }
        Ok(took) if denies(hook, &subject.images) => (took, Err(denied(cluster, hook))),
        Ok(took) => (took, Ok(())),
    }
}

/// A call that gave no answer: after how long, and why.
struct Failure {
    took: Millis,
    why: String,
}

enum Unreached<'a> {
    NoService(&'a str),
    NoEndpoints(&'a str),
    /// There are endpoints, and none of their machines answers.
    Silent,
}

/// Whether somebody is there to answer. Services that were never given, and those without a selector, are taken to be answered.
fn reach<'a>(cluster: &'a Cluster, at: usize, hook: &Webhook, found: &mut LastFound) -> Result<(), Unreached<'a>> {
    let Client::Service { namespace, name, .. } = hook.client else { return Ok(()) };
    let is = |s: &&Service| s.meta.name == name && cluster.namespaces.get(s.meta.namespace.index()).is_some_and(|n| n.name == namespace);
    let Some(service) = cluster.services.iter().filter(is).find(|s| !s.meta.gone) else {
        return if cluster.services.iter().any(|s| is(&s)) { Err(Unreached::NoService(cluster.text(name))) } else { Ok(()) };
    };
    if service.selector.is_none() {
        return Ok(());
    }
    let answers = |pod: PodId| cluster.pod(pod).node.is_some_and(|node| cluster.node(node).machine_up && !cluster.node(node).gone);
    if found.get(&at).is_some_and(|&pod| is_endpoint(cluster, service, pod) && answers(pod)) {
        return Ok(());
    }
    let mut silent = false;
    for pod in cluster.live_pods().map(|(pod, _)| pod).filter(|&pod| is_endpoint(cluster, service, pod)) {
        if answers(pod) {
            found.insert(at, pod);
            return Ok(());
        }
        silent = true;
    }
    Err(if silent { Unreached::Silent } else { Unreached::NoEndpoints(cluster.text(name)) })
}

/// Whether a pod is a ready endpoint of a Service (`endpointslice` controller).
fn is_endpoint(cluster: &Cluster, service: &Service, id: PodId) -> bool {
    let Some(pod) = cluster.pods.get(id.index()) else { return false };
    let Some(selector) = &service.selector else { return false };
    !pod.gone
        && pod.namespace == service.meta.namespace
        && pod.phase == Phase::Running
        && pod.deletion.is_none()
        && (pod.ready || service.publish_not_ready)
        && selector.iter().all(|(key, value)| cluster.pod_labels(id).get(key) == Some(value))
}

/// `ErrCallingWebhook` as an internal error.
fn failed(cluster: &Cluster, hook: &Webhook, why: &str) -> Refusal {
    let timeout = hook.timeout / SECOND;
    let address = match hook.client {
        Client::Url(url) => cluster.text(url).to_owned(),
        Client::Service { namespace, name, path, port } => {
            format!("https://{}.{}.svc:{port}{}", cluster.text(name), cluster.text(namespace), cluster.text(path))
        }
    };
    let message = format!(
        "Internal error occurred: failed calling webhook \"{}\": failed to call webhook: Post \"{address}?timeout={timeout}s\": {why}",
        cluster.text(hook.name)
    );
    Refusal { code: 500, message, causes: Vec::new(), retry_after: None }
}

/// `ToStatusErr`.
fn denied(cluster: &Cluster, hook: &Webhook) -> Refusal {
    let name = cluster.text(hook.name);
    let message = match hook.behavior.message.as_str() {
        "" => format!("admission webhook \"{name}\" denied the request without explanation"),
        said => format!("admission webhook \"{name}\" denied the request: {said}"),
    };
    Refusal { code: 400, message, causes: Vec::new(), retry_after: None }
}

fn denies(hook: &Webhook, images: &[&str]) -> bool {
    images.iter().any(|image| hook.behavior.denies.iter().any(|pattern| fits(pattern, image)))
}

/// Whether a text fits a pattern in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(before) = last.replace(part) {
            let Some(at) = rest.find(before) else { return false };
            rest = rest.get(at + before.len()..).unwrap_or_default();
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit() {
        for (pattern, text, yes) in [
            ("*", "", true),
            ("*:latest", "web:latest", true),
            ("*:latest", "web:1", false),
            ("web", "web:1", false),
            ("reg/*:v*", "reg/a/b:v1", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c", false),
            ("ab*b", "ab", false),
        ] {
            assert_eq!(fits(pattern, text), yes, "{pattern} {text}");
        }
    }
}
