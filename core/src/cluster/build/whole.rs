//! A whole manifest into a whole cluster.

use std::sync::Arc;

use serde_json::Value;

use super::behaviors::Behaviors;
use super::findings;
use super::options::{Admission, ClusterOptions, Epoch, Gaps};
use super::{Builder, limits};
use crate::cluster::Cluster;
use crate::cluster::clock::Clock;
use crate::cluster::origin::Origin;
use crate::manifest::{Diagnostic, DiagnosticId, Document, Manifest, Object, Severity};
use crate::units::arrange::Arrange;
use crate::units::time::{EPOCH_UNIX_MS, Millis, Time};

/// Something the manifests do not say and that had to be settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// What it is about: `cluster`, `deployment/web`, `storageclass/fast`, `all pods`.
    pub subject: String,
    /// Which of its properties: `nodes`, `ready`, `work`.
    pub what: String,
    /// The value taken.
    pub value: String,
    /// Why that value.
    pub why: String,
    /// How to say otherwise.
    pub change: String,
}

/// The cluster, and what there is to say about how it was made.
#[derive(Clone, Debug)]
pub struct Built {
    /// The cluster. Pods of workloads are not made yet: their controllers do that.
    pub cluster: Cluster,
    /// What is wrong or worth knowing about the objects together, in the order of the documents. Reading's own are not repeated.
    pub diagnostics: Vec<Diagnostic>,
    /// What was assumed.
    pub assumptions: Vec<Assumption>,
}

/// In which turn an object goes in: what others refer to first; within a turn, as written.
fn turn(object: &Object) -> u8 {
    match object {
        Object::Namespace(_) | Object::PriorityClass(_) | Object::RuntimeClass(_) | Object::LimitRange(_) | Object::ResourceQuota(_) => 0,
        Object::ValidatingWebhookConfiguration(_)
        | Object::MutatingWebhookConfiguration(_)
        | Object::ValidatingAdmissionPolicy(_)
        | Object::ValidatingAdmissionPolicyBinding(_) => 0,
        Object::StorageClass(_)
        | Object::CSIDriver(_)
        | Object::CSINode(_)
        | Object::CSIStorageCapacity(_)
        | Object::PersistentVolume(_) => 1,
        Object::Node(_) => 2,
        Object::PersistentVolumeClaim(_) | Object::VolumeAttachment(_) | Object::Service(_) => 3,
        Object::ReplicaSet(_) | Object::Job(_) => 5,
        Object::PodDisruptionBudget(_) => 6,
        Object::Pod(_) => 7,
        _ => 4,
    }
}

/// Builds the cluster that a manifest describes.
///
/// ```
/// use wavetank_core::cluster::build::{ClusterOptions, build};
/// use wavetank_core::manifest::{Limits, SourceSet, read};
/// let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: web}]}\n";
/// let built = build(&read(SourceSet::single("web.yaml", text), &Limits::default()), &ClusterOptions::default());
/// assert_eq!(built.cluster.pods.len(), 1);
/// assert_eq!(built.cluster.zones.len(), 3, "no Node was given: three zones are assumed");
/// ```
pub fn build(manifest: &Manifest, options: &ClusterOptions) -> Built {
    let mut cluster = Cluster::default();
    let mut diagnostics: Vec<(Option<Origin>, Diagnostic)> = Vec::new();
    let mut assumptions = Vec::new();
    let behaviors = behaviors(manifest, &mut diagnostics);
    cluster.behaviors = Arc::new(behaviors.clone());
    let mut builder = Builder::new(&mut cluster, options.clone()).with_behaviors(behaviors);
    if options.epoch == Epoch::Latest {
        builder.shift = shift(manifest);
        if builder.shift != 0 {
            builder.cluster.clock = Clock { unix_ms_at_zero: EPOCH_UNIX_MS - builder.shift };
        }
    }
    let mut objects: Vec<(&Document, &Object)> = manifest.objects().collect();
    if !options.pools.is_empty() {
        objects.retain(|(_, object)| !belongs_to_nodes(object));
    }
    objects.arrange_by_key(|(document, object)| (turn(object), document.id));
    for (document, object) in objects {
        let origin = Some(Origin { document: document.id, pointer: "" });
        if let Some(inserted) = builder.insert(object, origin).filter(|i| !i.created) {
            builder.tell(origin, findings::twice(document, inserted.thing));
        }
    }
    if options.gaps == Gaps::Assume {
        builder.read_kubelet_settings(manifest);
        builder.assume_nodes(manifest, &mut assumptions);
        builder.add_karpenter(manifest, &mut assumptions);
        builder.assume_storage(&mut assumptions);
        builder.assume_loads(&mut assumptions);
        builder.add_vertical_autoscalers(manifest, &mut assumptions);
        builder.name_clock(&mut assumptions);
        builder.name_webhooks(&mut assumptions);
    }
    if options.admission == Admission::Cluster {
        builder.default_storage_classes();
    }
    builder.name_behaviors(&mut assumptions);
    builder.name_storage_timing(&mut assumptions);
    findings::find(&mut builder, manifest);
    if options.gaps == Gaps::Assume {
        builder.assume_priority_classes();
    }
    diagnostics.extend(builder.take_diagnostics());
    Built { diagnostics: placed(manifest, diagnostics), cluster, assumptions }
}

/// Whether an object is a node, or is there because of one: controllers make the pods again.
fn belongs_to_nodes(object: &Object) -> bool {
    match object {
        Object::Node(_) | Object::CSINode(_) | Object::VolumeAttachment(_) => true,
        Object::Pod(pod) => {
            let owned = pod.metadata.owner_references.as_ref().is_some_and(|owners| !owners.is_empty());
            owned || pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some())
        }
        _ => false,
    }
}

/// Objects from JSON values, as recorded cases and `apply` steps give them.
///
/// # Errors
/// The first value that does not fit its kind: its position and why.
pub fn objects_from_json(values: &[Value]) -> Result<Vec<Object>, String> {
    values.iter().enumerate().map(|(i, v)| Object::from_value(v.clone()).map_err(|e| format!("object {i}: {e}"))).collect()
}

/// The `Behavior` documents, in order.
fn behaviors(manifest: &Manifest, diagnostics: &mut Vec<(Option<Origin>, Diagnostic)>) -> Behaviors {
    let mut behaviors = Behaviors::default();
    for document in manifest.documents.iter().filter(|d| d.kind == "Behavior" && d.api_version.starts_with("wavetank.dev/")) {
        let value = document.value();
        if let Err((pointer, why)) = behaviors.add_document(&value) {
            let found = Diagnostic::error(DiagnosticId("WT2022"), format!("this Behavior is not used from here on: {why}"));
            diagnostics.push((None, found.at(Some(document.span_near(&pointer)))));
        }
    }
    behaviors
}

/// What puts the latest moment told by any object at the start of the run, if it lies after it.
fn shift(manifest: &Manifest) -> Millis {
    let mut latest = Time::ZERO;
    for (_, object) in manifest.objects() {
        let Some(metadata) = object.metadata() else { continue };
        let moment = |t: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Time| Time::from_unix_millis(t.0.as_millisecond());
        let mut see = |t: Option<&k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>| latest = latest.max(t.map_or(Time::ZERO, moment));
        see(metadata.creation_timestamp.as_ref());
        match object {
            Object::Pod(pod) => {
                let Some(status) = &pod.status else { continue };
                see(status.start_time.as_ref());
                status.conditions.iter().flatten().for_each(|c| see(c.last_transition_time.as_ref()));
            }
            Object::Node(node) => {
                let conditions = node.status.as_ref().and_then(|s| s.conditions.as_ref());
                for condition in conditions.into_iter().flatten() {
                    see(condition.last_transition_time.as_ref());
                    see(condition.last_heartbeat_time.as_ref());
                }
                let taints = node.spec.as_ref().and_then(|s| s.taints.as_ref());
                taints.into_iter().flatten().for_each(|taint| see(taint.time_added.as_ref()));
            }
            _ => {}
        }
    }
    -latest.millis()
}

/// Gives each diagnostic its place in the texts, sorts by it, and cuts the list at its limit, saying how many were cut.
fn placed(manifest: &Manifest, found: Vec<(Option<Origin>, Diagnostic)>) -> Vec<Diagnostic> {
    let place = |(origin, mut diagnostic): (Option<Origin>, Diagnostic)| {
        if diagnostic.span.is_none() {
            let document = origin.and_then(|o| manifest.document(o.document));
            diagnostic.span = document.map(|d| d.span_near(origin.map_or("", |o| o.pointer)));
        }
        diagnostic
    };
    let mut diagnostics: Vec<Diagnostic> = found.into_iter().map(place).collect();
    diagnostics.arrange_by_key(|d| (d.span.map(|s| (s.file, s.start)), d.id));
    let over = diagnostics.len().saturating_sub(limits::MAX_DIAGNOSTICS - 1);
    if over > 1 {
        // The most severe stay.
        diagnostics.arrange_by_key(|d| d.severity);
        diagnostics.truncate(limits::MAX_DIAGNOSTICS - 1);
        diagnostics.arrange_by_key(|d| (d.span.map(|s| (s.file, s.start)), d.id));
        diagnostics.push(Diagnostic::new(DiagnosticId("WT2000"), Severity::Info, format!("{over} more findings are not shown")));
    }
    diagnostics
}
