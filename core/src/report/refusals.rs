//! What the scheduler's refusal means in words, and which lines of the manifest ask for what is not there.

use super::amounts::{bytes, counted, cpu};
use super::model::Decision;
use super::places::Places;
use crate::cluster::Cluster;
use crate::cluster::ids::PodId;
use crate::cluster::template::PodTemplate;

/// A reason of a FailedScheduling message, told apart by what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Too little of a resource is free.
    Insufficient(String),
    /// No further pod fits by count.
    TooManyPods,
    /// A taint is not tolerated.
    Taint,
    /// The node is cordoned.
    Cordoned,
    /// A hard spread constraint.
    Spread,
    /// Required anti-affinity.
    AntiAffinity,
    /// Required pod affinity.
    PodAffinity,
    /// `nodeSelector` or required node affinity.
    NodeAffinity,
    /// The volume is elsewhere.
    Volume,
    /// A claim is not bound or not there.
    Claim,
    /// A host port is taken.
    Ports,
    /// Anything else, as written.
    Other(String),
}

/// The reasons of a FailedScheduling message with the number of nodes each stands for; 0 where it stands for the pod.
pub fn reasons(message: &str) -> Vec<(usize, Reason)> {
    let Some((head, rest)) = message.split_once(": ") else {
        return if message.is_empty() { Vec::new() } else { vec![(0, Reason::Other(message.to_owned()))] };
    };
    let is_count = head.ends_with("nodes are available") && head.starts_with(|c: char| c.is_ascii_digit());
    if !is_count {
        return vec![(0, classify(message))];
    }
    let rest = rest.split(". preemption:").next().unwrap_or(rest).trim_end_matches('.');
    rest.split(", ")
        .map(|part| match part.split_once(' ') {
            Some((count, reason)) if count.bytes().all(|b| b.is_ascii_digit()) => (count.parse().unwrap_or(0), classify(reason)),
            _ => (0, classify(part)),
        })
        .collect()
}

fn classify(reason: &str) -> Reason {
    let has = |part: &str| reason.contains(part);
    match reason {
        _ if reason.starts_with("Insufficient ") => Reason::Insufficient(reason["Insufficient ".len()..].to_owned()),
        _ if has("Too many pods") => Reason::TooManyPods,
        _ if has("untolerated taint") => Reason::Taint,
        _ if has("were unschedulable") => Reason::Cordoned,
        _ if has("topology spread constraints") => Reason::Spread,
        _ if has("anti-affinity rules") => Reason::AntiAffinity,
        _ if has("pod affinity rules") => Reason::PodAffinity,
        _ if has("volume node affinity") || has("PersistentVolume's node affinity") => Reason::Volume,
        _ if has("node affinity/selector") || has("scheduling enforcement") => Reason::NodeAffinity,
        _ if has("PersistentVolumeClaim") || has("persistentvolumeclaim") || has("persistent volumes to bind") => Reason::Claim,
        _ if has("free ports") => Reason::Ports,
        _ => Reason::Other(reason.to_owned()),
    }
}

/// A message in words: `4 nodes have too little cpu left; 2 nodes carry a taint it does not tolerate`.
pub fn meaning(message: &str) -> String {
    if message.is_empty() {
        return "the scheduler was not asked yet, or the pod waits behind a gate".to_owned();
    }
    let words: Vec<String> = reasons(message).iter().map(|(count, reason)| in_words(*count, reason)).collect();
    words.join("; ")
}

fn in_words(count: usize, reason: &Reason) -> String {
    let nodes = counted(count, "node");
    let (have, are, carry, lack, run) = match count {
        1 => ("has", "is", "carries", "lacks", "runs"),
        _ => ("have", "are", "carry", "lack", "run"),
    };
    match reason {
        Reason::Insufficient(resource) => format!("{nodes} {have} too little {resource} left"),
        Reason::TooManyPods => format!("{nodes} {have} no pod slot left"),
        Reason::Taint => format!("{nodes} {carry} a taint it does not tolerate"),
        Reason::Cordoned => format!("{nodes} {are} cordoned"),
        Reason::Spread => format!("on {nodes} it would break its topology spread constraint"),
        Reason::AntiAffinity => format!("{nodes} already {run} a pod that it must stay away from"),
        Reason::PodAffinity => format!("{nodes} {run} no pod that it must be near to"),
        Reason::NodeAffinity => format!("{nodes} {lack} the labels it asks for"),
        Reason::Volume => format!("{nodes} cannot reach its volume, which stays where it is"),
        Reason::Claim => "a volume claim of it is not there or cannot be bound".to_owned(),
        Reason::Ports => format!("on {nodes} its host port is taken"),
        Reason::Other(text) if count == 0 => text.clone(),
        Reason::Other(text) => format!("{nodes}: {text}"),
    }
}

/// The lines that ask for what the message says is not there.
pub(super) fn decisions(cluster: &Cluster, pod: Option<PodId>, message: &str, places: Places<'_>) -> Vec<Decision> {
    let Some(pod) = pod.filter(|pod| pod.index() < cluster.pods.len()) else { return Vec::new() };
    let template = cluster.template_of(pod);
    let mut decisions: Vec<Decision> = Vec::new();
    for (_, reason) in reasons(message) {
        let Some((pointer, text)) = line_of(cluster, template, &reason, places) else { continue };
        let decision = Decision { place: places.near(template.origin, &pointer), text };
        if !decisions.contains(&decision) {
            decisions.push(decision);
        }
    }
    decisions
}

fn line_of(cluster: &Cluster, template: &PodTemplate, reason: &Reason, places: Places<'_>) -> Option<(String, String)> {
    let text = |sym| cluster.text(sym);
    let written = |pointer: &str| places.is_written(template.origin, pointer);
    Some(match reason {
        Reason::Insufficient(resource) => {
            let amount = |r: &crate::units::resources::Resources| match resource.as_str() {
                "cpu" => r.cpu_milli,
                "memory" => r.memory,
                "ephemeral-storage" => r.ephemeral_storage,
                other => cluster.text.get(other).map_or(0, |name| r.scalar(name)),
            };
            let largest =
                (0..template.containers.len()).max_by_key(|&i| (amount(&template.containers[i].requests), std::cmp::Reverse(i)))?;
            let total = amount(&template.requests);
            let told = match resource.as_str() {
                "cpu" => cpu(total),
                "memory" | "ephemeral-storage" => bytes(total),
                _ => total.to_string(),
            };
            let pointer = format!("/containers/{largest}/resources/requests/{}", resource.replace('~', "~0").replace('/', "~1"));
            let limit = pointer.replacen("/requests/", "/limits/", 1);
            let pointer = if !written(&pointer) && written(&limit) { limit } else { pointer };
            (pointer, format!("each pod asks for {told} {resource}"))
        }
        Reason::Taint if template.tolerations.is_empty() => ("/tolerations".to_owned(), "it tolerates no taint".to_owned()),
        Reason::Taint => ("/tolerations".to_owned(), "its tolerations do not cover the taint".to_owned()),
        Reason::Spread => {
            let hard = template.spread.iter().position(|s| s.hard)?;
            let constraint = &template.spread[hard];
            let text = format!(
                "at most {} more in one {} than in another, and none where that cannot be kept",
                constraint.max_skew,
                text(constraint.topology_key)
            );
            (format!("/topologySpreadConstraints/{hard}"), text)
        }
        Reason::AntiAffinity => {
            let keys: Vec<&str> = template.affinity.iter().flat_map(|a| &a.anti_required).map(|term| text(term.topology_key)).collect();
            let text = match keys.first() {
                Some(key) => format!("required anti-affinity: no two of them on one {key}"),
                None => "a pod that is there already keeps it away by its own anti-affinity".to_owned(),
            };
            ("/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution".to_owned(), text)
        }
        Reason::PodAffinity => {
            ("/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution".to_owned(), "required pod affinity".to_owned())
        }
        Reason::NodeAffinity if written("/nodeSelector") => ("/nodeSelector".to_owned(), "only nodes with these labels".to_owned()),
        Reason::NodeAffinity => ("/affinity/nodeAffinity".to_owned(), "only nodes with these labels".to_owned()),
        Reason::Volume => ("/volumes".to_owned(), "its volume can be used in one zone or on one node only".to_owned()),
        Reason::Claim => ("/volumes".to_owned(), "it mounts a claim".to_owned()),
        Reason::Ports => ("/containers".to_owned(), "it asks for a port of the host".to_owned()),
        Reason::TooManyPods | Reason::Cordoned | Reason::Other(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_apart() {
        let message = "0/9 nodes are available: 3 node(s) had untolerated taint(s), 6 Insufficient cpu. preemption: 0/9 nodes are \
                       available: 3 Preemption is not helpful for scheduling, 6 No preemption victims found for incoming pod.";
        assert_eq!(reasons(message), [(3, Reason::Taint), (6, Reason::Insufficient("cpu".to_owned()))]);
        assert_eq!(meaning(message), "3 nodes carry a taint it does not tolerate; 6 nodes have too little cpu left");
        assert_eq!(reasons(""), []);
        let odd = "0/1 nodes are available: persistentvolumeclaim \"data\" not found. preemption: 0/1";
        assert_eq!(reasons(odd), [(0, Reason::Claim)]);
        assert_eq!(reasons("no nodes available to schedule pods"), [(0, Reason::Other("no nodes available to schedule pods".to_owned()))]);
    }

    #[test]
    fn every_plugin_s_reason_has_its_own_words() {
        for (text, reason) in [
            ("node(s) didn't match pod anti-affinity rules", Reason::AntiAffinity),
            ("node(s) didn't satisfy existing pods anti-affinity rules", Reason::AntiAffinity),
            ("node(s) didn't match pod affinity rules", Reason::PodAffinity),
            ("node(s) didn't match Pod's node affinity/selector", Reason::NodeAffinity),
            ("node(s) didn't match PersistentVolume's node affinity", Reason::Volume),
            ("node(s) didn't match pod topology spread constraints (missing required label)", Reason::Spread),
            ("node(s) were unschedulable", Reason::Cordoned),
            ("node(s) didn't have free ports for the requested pod ports", Reason::Ports),
            ("Too many pods", Reason::TooManyPods),
        ] {
            assert_eq!(classify(text), reason, "{text}");
        }
    }
}
