//! VerticalPodAutoscalers from their objects (`autoscaling.k8s.io/v1`; `vertical-pod-autoscaler/pkg/apis`), with the defaults of its controllers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Builder;
use super::whole::Assumption;
use crate::cluster::autoscalers::TargetKind;
use crate::cluster::ids::VerticalAutoscalerId;
use crate::cluster::origin::Origin;
use crate::cluster::vertical_autoscalers::*;
use crate::cluster::workloads::Meta;
use crate::manifest::{Diagnostic, DiagnosticId, Document, Manifest};
use crate::units::intern::{Interner, Sym};
use crate::units::quantity::Quantity;
use crate::units::text::visible_short;
use crate::units::time::Time;

/// `--min-replicas` of the updater.
const LEAST_REPLICAS: i32 = 2;

#[derive(Deserialize)]
struct Written {
    spec: WrittenSpec,
    #[serde(default)]
    status: WrittenStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenSpec {
    target_ref: WrittenReference,
    #[serde(default)]
    update_policy: WrittenUpdate,
    #[serde(default)]
    resource_policy: WrittenPolicies,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenReference {
    api_version: Option<String>,
    kind: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenUpdate {
    update_mode: Option<String>,
    min_replicas: Option<i32>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenPolicies {
    #[serde(default)]
    container_policies: Vec<WrittenPolicy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenPolicy {
    container_name: Option<String>,
    mode: Option<String>,
    #[serde(default)]
    min_allowed: BTreeMap<String, Value>,
    #[serde(default)]
    max_allowed: BTreeMap<String, Value>,
    controlled_resources: Option<Vec<String>>,
    controlled_values: Option<String>,
}

#[derive(Default, Deserialize)]
struct WrittenStatus {
    recommendation: Option<WrittenRecommendations>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenRecommendations {
    #[serde(default)]
    container_recommendations: Vec<WrittenRecommendation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenRecommendation {
    container_name: String,
    #[serde(default)]
    target: BTreeMap<String, Value>,
    #[serde(default)]
    lower_bound: BTreeMap<String, Value>,
    #[serde(default)]
    upper_bound: BTreeMap<String, Value>,
}

fn quantity(list: &BTreeMap<String, Value>, name: &str) -> Option<Quantity> {
    let value = list.get(name)?;
    Quantity::parse(&value.as_str().map_or_else(|| value.to_string(), str::to_owned)).ok()
}

fn amounts(list: &BTreeMap<String, Value>) -> (Option<i64>, Option<i64>) {
    (quantity(list, "cpu").map(|q| q.milli_value()), quantity(list, "memory").map(|q| q.value()))
}

impl Builder<'_> {
    /// Adds the VerticalPodAutoscalers of a manifest.
    pub(super) fn add_vertical_autoscalers(&mut self, manifest: &Manifest, assumptions: &mut Vec<Assumption>) {
        self.put_vertical_autoscalers(manifest);
        if !self.cluster.vertical_autoscalers.is_empty() {
            assumptions.push(Assumption {
                subject: "vertical pod autoscalers".to_owned(),
                what: "history".to_owned(),
                value: "eight days of what the pods use at the start".to_owned(),
                why: "what a recommender has seen stands in no manifest".to_owned(),
                change: "a Behavior document: load, with a course".to_owned(),
            });
        }
    }

    /// Takes the VerticalPodAutoscalers of a manifest into a cluster that is alive, in place of those of the same names; tells which.
    pub(crate) fn apply_vertical_autoscalers(&mut self, manifest: &Manifest) -> Vec<(VerticalAutoscalerId, bool)> {
        let put = self.put_vertical_autoscalers(manifest);
        for &(id, created) in &put {
            // The document is none of the manifests'.
            if created {
                self.cluster.vertical_autoscalers[id.index()].meta.origin = None;
            }
        }
        put
    }

    fn put_vertical_autoscalers(&mut self, manifest: &Manifest) -> Vec<(VerticalAutoscalerId, bool)> {
        let is = |d: &&Document| {
            d.kind == "VerticalPodAutoscaler"
                && d.api_version.starts_with("autoscaling.k8s.io/")
                && d.replaced_by.is_none()
                && !d.name.is_empty()
        };
        let mut put = Vec::new();
        for document in manifest.documents.iter().filter(is) {
            match serde_path_to_error::deserialize::<_, Written>(document.value()) {
                Ok(written) => put.extend(self.add_vertical_autoscaler(document, &written)),
                Err(error) => {
                    let pointer = format!("/{}", error.path().to_string().replace(['.', '['], "/").replace(']', ""));
                    let told = format!("this VerticalPodAutoscaler is not used: {}", error.into_inner());
                    self.tell(None, Diagnostic::error(DiagnosticId("WT2028"), told).at(Some(document.span_near(&pointer))));
                }
            }
        }
        if !put.is_empty() {
            // What is measured has these names, whether or not the manifests use them.
            for name in ["cpu", "memory"] {
                self.cluster.text.intern(name);
            }
        }
        put
    }

    fn add_vertical_autoscaler(&mut self, document: &Document, written: &Written) -> Option<(VerticalAutoscalerId, bool)> {
        let at = |pointer: &str| Some(document.span_near(pointer));
        let reference = &written.spec.target_ref;
        let group = reference.api_version.as_deref().and_then(|v| v.split_once('/')).map_or("", |(group, _)| group);
        let target_kind = match (group, reference.kind.as_str()) {
            ("apps", "Deployment") => VerticalTarget::Scalable(TargetKind::Deployment),
            ("apps", "ReplicaSet") => VerticalTarget::Scalable(TargetKind::ReplicaSet),
            ("apps", "StatefulSet") => VerticalTarget::Scalable(TargetKind::StatefulSet),
            ("", "ReplicationController") => VerticalTarget::Scalable(TargetKind::ReplicationController),
            ("apps", "DaemonSet") => VerticalTarget::DaemonSet,
            (_, kind) => {
                let told = format!(
                    "this autoscaler does nothing here: it is about {} {}",
                    visible_short(kind, 80),
                    visible_short(&reference.name, 80)
                );
                let help = "Deployments, ReplicaSets, StatefulSets and DaemonSets of apps/v1 and ReplicationControllers of v1 are";
                self.tell(None, Diagnostic::info(DiagnosticId("WT2028"), told).help(help).at(at("/spec/targetRef")));
                return None;
            }
        };
        let mode = match written.spec.update_policy.update_mode.as_deref() {
            None | Some("Auto" | "Recreate") => UpdateMode::Recreate,
            Some("Off") => UpdateMode::Off,
            Some("Initial") => UpdateMode::Initial,
            Some("InPlaceOrRecreate") => UpdateMode::InPlaceOrRecreate,
            Some(other) => {
                let told = format!("the mode {} is not simulated: this autoscaler only recommends", visible_short(other, 80));
                self.tell(None, Diagnostic::warning(DiagnosticId("WT2028"), told).at(at("/spec/updatePolicy/updateMode")));
                UpdateMode::Off
            }
        };
        let namespace = self.cluster.namespace_or_new(document.namespace_or_default());
        let text = &mut self.cluster.text;
        let policies = written.spec.resource_policy.container_policies.iter().map(|p| policy(text, p)).collect();
        let recommended = written.status.recommendation.iter().flat_map(|r| &r.container_recommendations);
        let recommendations = recommended.map(|r| recommendation(text, r)).collect();
        let meta = Meta {
            name: text.intern(&document.name),
            namespace,
            created: Time::ZERO,
            generation: 1,
            gone: false,
            deleting: None,
            finalizers: Vec::new(),
            origin: Some(Origin { document: document.id, pointer: "/spec" }),
        };
        let mut scaler = VerticalAutoscaler {
            meta,
            target_kind,
            target: self.cluster.text.intern(&reference.name),
            mode,
            least_replicas: written.spec.update_policy.min_replicas.unwrap_or(LEAST_REPLICAS),
            policies,
            recommendations,
        };
        if let Some(workload) = self.cluster.vertical_target(&scaler) {
            self.take_load_said(workload);
        }
        let all = &mut self.cluster.vertical_autoscalers;
        let same = |old: &VerticalAutoscaler| !old.meta.gone && (old.meta.namespace, old.meta.name) == (namespace, scaler.meta.name);
        let Some(at) = all.iter().position(same) else {
            all.push(scaler);
            return Some((VerticalAutoscalerId::from_index(all.len() - 1), true));
        };
        let old = &all[at];
        (scaler.meta.created, scaler.meta.origin) = (old.meta.created, old.meta.origin);
        if scaler.recommendations.is_empty() {
            scaler.recommendations = old.recommendations.clone();
        }
        all[at] = scaler;
        Some((VerticalAutoscalerId::from_index(at), false))
    }
}

fn policy(text: &mut Interner, written: &WrittenPolicy) -> ContainerPolicy {
    let controls = |name: &str| written.controlled_resources.as_ref().is_none_or(|list| list.iter().any(|r| r == name));
    ContainerPolicy {
        container: written.container_name.as_deref().filter(|name| *name != "*").map(|name| text.intern(name)),
        off: written.mode.as_deref() == Some("Off"),
        least: amounts(&written.min_allowed),
        most: amounts(&written.max_allowed),
        controls: (controls("cpu"), controls("memory")),
        requests_only: written.controlled_values.as_deref() == Some("RequestsOnly"),
    }
}

fn recommendation(text: &mut Interner, written: &WrittenRecommendation) -> Recommendation {
    let (target, lower, upper) = (amounts(&written.target), amounts(&written.lower_bound), amounts(&written.upper_bound));
    let estimate = |target: Option<i64>, lower: Option<i64>, upper: Option<i64>| {
        target.map(|target| Estimate { target, lower: lower.unwrap_or(target), upper: upper.unwrap_or(target) })
    };
    let container: Sym = text.intern(&written.container_name);
    Recommendation { container, cpu: estimate(target.0, lower.0, upper.0), memory: estimate(target.1, lower.1, upper.1) }
}
