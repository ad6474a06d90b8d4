//! What the API server makes of an object before it stores it, and the object it would answer with.
//!
//! Owns the defaults of every version (`pkg/apis/*/v1/defaults.go`, v1.37) and what creating sets and clears
//! (`PrepareForCreate` of `pkg/registry/*/*/strategy.go`, v1.37). Whether the object is valid is decided in `validate`; what
//! other objects or admission plugins add is not its matter, and nothing here changes what is simulated.

mod applied;
mod created;
mod edit;
mod image;
mod pod;
mod pod_level;
mod rest;
mod workloads;

use serde_json::Value;

pub(super) use self::created::UID;
use self::edit::{Edit, has_entries};
pub(super) use self::pod_level::{aggregate as pod_aggregate, is_supported as is_pod_level};
use super::kinds::Kind;
use super::shape;
use super::tree::{NodeId, Tree};

/// The object with its defaults, as creating it would have it validated.
#[must_use]
pub fn of(tree: &Tree, root: NodeId, kind: &Kind) -> Value {
    let mut object = shape::held(tree, root, kind);
    complete(&mut object, kind);
    object
}

fn complete(object: &mut Value, kind: &Kind) {
    // A Job without labels takes over its template's: one map in the server's memory, so that later labels come to both.
    let shared = kind.kind == "Job"
        && !has_entries(object.pointer("/metadata/labels"))
        && has_entries(object.pointer("/spec/template/metadata/labels"));
    defaults(object, kind);
    created::prepare(object, kind);
    if shared {
        take_labels(object);
    }
}

/// The labels of a Job's template, as its own.
fn take_labels(job: &mut Value) {
    if let Some(labels) = job.pointer("/spec/template/metadata/labels").cloned() {
        job.part("metadata").put("labels", labels);
    }
}

/// The object that the API server answers to a creation that it accepts.
///
/// What is drawn or allocated is written as `<random>`, `<uid>`, `<allocated>`, `<now>`.
#[must_use]
pub fn answered(tree: &Tree, root: NodeId, kind: &Kind) -> Value {
    let mut object = created(tree, root, kind);
    let drawn = created::drawn_name(&object);
    created::anonymous(&mut object, drawn.as_deref());
    shape::sent(&object, kind)
}

/// The object as it would replace `old`, which is stored, with its defaults.
#[must_use]
pub fn replacing(tree: &Tree, root: NodeId, kind: &Kind, old: &Value) -> Value {
    changed(shape::held(tree, root, kind), kind, old)
}

/// The object that server-side apply makes of a manifest, where the same manager applied `last` and `old` came of it.
#[must_use]
pub fn applying(tree: &Tree, root: NodeId, kind: &Kind, last: &Value, old: &Value) -> Value {
    let wanted = shape::held(tree, root, kind);
    changed(applied::merge(&wanted, last, old), kind, old)
}

/// The object as it is written, without what decoding drops.
#[must_use]
pub fn written(tree: &Tree, root: NodeId, kind: &Kind) -> Value {
    shape::held(tree, root, kind)
}

/// The object that is stored when this one is created.
#[must_use]
pub fn created(tree: &Tree, root: NodeId, kind: &Kind) -> Value {
    let mut object = of(tree, root, kind);
    created::finish(&mut object, kind);
    // Defaults come once more to what is read back.
    if kind.kind == "Job" && !has_entries(object.pointer("/metadata/labels")) {
        take_labels(&mut object);
    }
    object
}

fn changed(mut object: Value, kind: &Kind, old: &Value) -> Value {
    defaults(&mut object, kind);
    created::prepare_change(&mut object, kind, old);
    object
}

/// `SetObjectDefaults_*` of the kind.
fn defaults(object: &mut Value, kind: &Kind) {
    match kind.kind {
        "Pod" => pod::pod(object),
        "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet" | "ReplicationController" | "Job" | "CronJob" | "PodTemplate" => {
            workloads::workload(object, kind.kind);
        }
        _ => rest::defaults(object, kind),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::manifest::{Limits, kinds, parse};

    fn answer(text: &str) -> Value {
        let tree = parse(&text.into(), &Limits::default()).remove(0).unwrap();
        let root = tree.root().unwrap();
        let text = |key: &str| tree.str(tree.get(root, key).unwrap()).unwrap();
        answered(&tree, root, kinds::served(text("apiVersion"), text("kind")).unwrap())
    }

    #[test]
    fn a_pod_gets_its_defaults() {
        let pod = answer(
            "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: nginx, resources: {limits: {cpu: 1}}}]}}",
        );
        assert_eq!(pod["spec"]["containers"][0]["imagePullPolicy"], "Always");
        assert_eq!(pod["spec"]["containers"][0]["resources"]["requests"], json!({"cpu": "1"}));
        assert_eq!(pod["status"], json!({"phase": "Pending", "qosClass": "Burstable"}));
        assert_eq!(pod["spec"]["terminationGracePeriodSeconds"], 30);
    }

    #[test]
    fn a_workload_gets_its_own_defaults_and_its_templates() {
        let set = answer(
            "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: a}, spec: {selector: {matchLabels: {a: b}}, template: {spec: {containers: [{name: a, image: 'a:1'}]}}}}",
        );
        assert_eq!(set["spec"]["updateStrategy"], json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}));
        assert_eq!(set["metadata"]["annotations"], json!({"deprecated.daemonset.template.generation": "1"}));
        let pod = &set["spec"]["template"]["spec"];
        assert_eq!((&pod["containers"][0]["imagePullPolicy"], &pod["dnsPolicy"]), (&json!("IfNotPresent"), &json!("ClusterFirst")));
        assert!(pod.get("enableServiceLinks").is_none());
    }

    #[test]
    fn a_service_gets_addresses_and_ports() {
        let service =
            answer("{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: NodePort, selector: {a: b}, ports: [{port: 80}]}}");
        assert_eq!(service["spec"]["clusterIPs"], json!(["<allocated>"]));
        assert_eq!(service["spec"]["ports"][0], json!({"port": 80, "protocol": "TCP", "targetPort": 80, "nodePort": "<allocated>"}));
    }
}
