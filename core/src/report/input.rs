//! What a report is made from: the result of a run, borrowed; and the steps of it in words.

use crate::cluster::Cluster;
use crate::cluster::build::Assumption;
use crate::manifest::{Diagnostic, Manifest};
use crate::scenario::names::{self, canonical};
use crate::scenario::{Outcome, Place, Verb};
use crate::trace::Trace;
use crate::units::text::times;

/// The result of a run. `start` and `end` are the same arenas at two moments: an id of the one is good for the other.
#[derive(Clone, Copy, Debug)]
pub struct ReportInput<'a> {
    /// What was read; none where the cluster was made by hand.
    pub manifest: Option<&'a Manifest>,
    /// What the manifests did not say.
    pub assumptions: &'a [Assumption],
    /// What there is to say about the input, of all stages.
    pub diagnostics: &'a [Diagnostic],
    /// The cluster before the first step, at time zero.
    pub start: &'a Cluster,
    /// How it came to be so, in negative time; empty where the run begins with the manifests being applied.
    pub settle_trace: &'a Trace,
    /// The cluster when watching stopped.
    pub end: &'a Cluster,
    /// What happened from time zero on.
    pub trace: &'a Trace,
    /// What became of the steps and the expectations, and how the run ended.
    pub outcome: &'a Outcome,
    /// The seed.
    pub seed: u64,
}

/// `zone-b`, and `zone b` for a zone that is called `b`.
pub(super) fn zone_in_words(name: &str) -> String {
    if name.starts_with("zone") { name.to_owned() } else { format!("zone {name}") }
}

/// `Deployment web` of an object as written.
fn object_in_words(object: &serde_json::Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default();
    format!("{} {}", text("/kind"), text("/metadata/name"))
}

/// What a verb does, as the beginning of a story: `zone-b fails`. Names are those of the cluster where it has them. Unescaped.
pub fn verb_in_words(cluster: &Cluster, verb: &Verb) -> String {
    let zone = |given: &str| names::zone(cluster, given).map_or_else(|_| given.to_owned(), |id| cluster.zone_name(id).to_owned());
    let node = |given: &str| given.strip_prefix("node/").unwrap_or(given).to_owned();
    let workload = |given: &str| match names::workload(cluster, given) {
        Ok(found) => cluster.workload_label(found),
        Err(_) => canonical(given),
    };
    match verb {
        Verb::FailZone { zone: of } => format!("{} fails", zone_in_words(&zone(of))),
        Verb::RecoverZone { zone: of } => format!("{} is back", zone_in_words(&zone(of))),
        Verb::FailNode { node: of } => format!("node {} fails", node(of)),
        Verb::RecoverNode { node: of } => format!("node {} is back", node(of)),
        Verb::FailNodes { zone: of, nodes } => format!("{nodes} nodes of {} fail", zone_in_words(&zone(of))),
        Verb::FlapNode { node: of, .. } => format!("node {} comes and goes", node(of)),
        Verb::Partition { place: Place::Node(of) } => format!("node {} is cut off from the control plane", node(of)),
        Verb::Partition { place: Place::Zone(of) } => format!("{} is cut off from the control plane", zone_in_words(&zone(of))),
        Verb::Reconnect { place: Place::Node(of) } => format!("node {} reaches the control plane again", node(of)),
        Verb::Reconnect { place: Place::Zone(of) } => format!("{} reaches the control plane again", zone_in_words(&zone(of))),
        Verb::StopKubelet { node: of } => format!("the kubelet of {} stops", node(of)),
        Verb::StartKubelet { node: of } => format!("the kubelet of {} is started again", node(of)),
        Verb::StopComponent { component, .. } => format!("{} loses its leader", component.name()),
        Verb::StartComponent { component } => format!("another instance of {} leads", component.name()),
        Verb::SpotNotice { node: of, .. } => format!("node {} is about to be taken away", node(of)),
        Verb::ShutdownNode { node: of, .. } => format!("node {} shuts down", node(of)),
        Verb::DiskPressure { node: of, available: None } => format!("the disk of {} is full", node(of)),
        Verb::DiskPressure { node: of, available: Some(left) } => {
            format!("the disk of {} fills up, {} are left", node(of), super::amounts::bytes(*left))
        }
        Verb::PidPressure { node: of, available: 0 } => format!("node {} has no process number left", node(of)),
        Verb::PidPressure { node: of, available } => format!("node {} has {available} process numbers left", node(of)),
        Verb::RelievePidPressure { node: of } => format!("node {} has process numbers again", node(of)),
        Verb::RelieveDiskPressure { node: of } => format!("the disk of {} has room again", node(of)),
        Verb::RegistryOutage { .. } => "images cannot be pulled".to_owned(),
        Verb::RegistryRecovers => "images can be pulled again".to_owned(),
        Verb::SlowStart { workload: of, .. } => format!("pods of {} start slowly", workload(of)),
        Verb::CrashLoop { workload: of, .. } => format!("{} crashes again and again", workload(of)),
        Verb::EndCrashLoop { workload: of } => format!("{} stops crashing", workload(of)),
        Verb::Apply { objects } => match objects.as_slice() {
            [one] => format!("{} is applied", object_in_words(one)),
            several => format!("{} objects are applied", several.len()),
        },
        Verb::Cordon { node: of } => format!("node {} is cordoned", node(of)),
        Verb::Uncordon { node: of } => format!("node {} is uncordoned", node(of)),
        Verb::Drain { node: of, .. } => format!("node {} is drained", node(of)),
        Verb::Pressure { node: of, .. } => format!("node {} runs short of memory", node(of)),
        Verb::RelievePressure { node: of, .. } => format!("node {} has memory again", node(of)),
        Verb::KubeletNotReady { node: of } => format!("the kubelet of {} reports not ready", node(of)),
        Verb::KubeletReady { node: of } => format!("the kubelet of {} reports ready", node(of)),
        Verb::AddNode { name, like } => format!("node {name} joins, like {like}"),
        Verb::Scale { workload: of, replicas } => format!("{} is scaled to {replicas}", workload(of)),
        Verb::Rollout { workload: of, image: Some(image), broken: false, .. } => {
            format!("{} is rolled out with image {image}", workload(of))
        }
        Verb::Rollout { workload: of, broken: true, .. } => format!("{} is rolled out with a revision that never gets ready", workload(of)),
        Verb::Rollout { workload: of, .. } => format!("{} is rolled out", workload(of)),
        Verb::Restart { workload: of } => format!("{} is restarted", workload(of)),
        Verb::Undo { workload: of, .. } => format!("the rollout of {} is undone", workload(of)),
        Verb::Pause { workload: of } => format!("the rollout of {} is paused", workload(of)),
        Verb::Resume { workload: of } => format!("the rollout of {} is resumed", workload(of)),
        Verb::Delete { target, .. } => format!("{} is deleted", canonical(target)),
        Verb::FailReadiness { workload: of, .. } => format!("pods of {} stop being ready", workload(of)),
        Verb::PassReadiness { workload: of, .. } => format!("pods of {} get ready again", workload(of)),
        Verb::KillPods { workload: of, .. } => format!("pods of {} are deleted", workload(of)),
        Verb::Crash { workload: of, .. } => format!("{} crashes", workload(of)),
        Verb::Load { workload: of, times: Some(n), .. } => {
            format!("{} has {} times as much to do", workload(of), times(*n))
        }
        Verb::Load { workload: of, .. } => format!("{} has another load", workload(of)),
        Verb::GrowMemory { workload: of, .. } => format!("{} uses more memory", workload(of)),
        Verb::Taint { node: of, key, effect, .. } => {
            format!("node {} gets the taint {key}:{}", node(of), super::told::taint_effect(*effect))
        }
        Verb::Untaint { node: of, key, .. } => format!("node {} loses the taint {key}", node(of)),
    }
}
