//! What there is to do for the pods of workloads: as `Behavior` documents say, else so much that autoscalers hold still.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Builder;
use super::behaviors::Question;
use super::selectors::Map;
use super::template::Kind;
use super::whole::Assumption;
use crate::cluster::Workload;
use crate::cluster::autoscalers::{Autoscaler, Metric, MetricSource, MetricTarget};
use crate::cluster::ids::{DeploymentId, ReplicaSetId, StatefulSetId, TemplateId};
use crate::cluster::loads::{Demand, Load, LoadChange};
use crate::cluster::template::{Container, PodTemplate};
use crate::units::arrange::Arrange;
use crate::units::duration::Duration;
use crate::units::intern::Sym;
use crate::units::quantity::Quantity;
use crate::units::time::{Millis, Time};

/// The most a load is multiplied by, in thousandths.
const MOST_TIMES: f64 = 1_000_000.0;

/// What a rule says of a load from a moment on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadSaid {
    /// From when on, counted from the start.
    pub at: Millis,
    /// What was before is multiplied by so many thousandths first.
    pub times: Option<i64>,
    /// cpu.
    pub cpu: Option<Demand>,
    /// Memory.
    pub memory: Option<Demand>,
    /// Other metrics, by name.
    pub metrics: Vec<(String, Demand)>,
}

/// A number or a text: quantities are written as either.
#[derive(Deserialize)]
#[serde(untagged)]
enum Word {
    Number(f64),
    Text(String),
}

impl Word {
    fn quantity(&self) -> Result<Quantity, String> {
        let parsed = match self {
            Word::Number(number) => Quantity::parse(&number.to_string()),
            Word::Text(text) => Quantity::parse(text),
        };
        let quantity = parsed.map_err(|e| e.to_string())?;
        if quantity.sign() < 0 { Err("a load is not negative".to_owned()) } else { Ok(quantity) }
    }
}

/// A load as a document writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WrittenLoad {
    at: Option<String>,
    times: Option<f64>,
    cpu: Option<Word>,
    cpu_per_pod: Option<Word>,
    memory: Option<Word>,
    memory_per_pod: Option<Word>,
    #[serde(default)]
    metrics: BTreeMap<String, Word>,
    #[serde(default)]
    metrics_per_pod: BTreeMap<String, Word>,
}

impl WrittenLoad {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(&self) -> Result<LoadSaid, String> {
        let at = match &self.at {
            None => 0,
            Some(text) => Duration::parse(text).map_err(|e| format!("at: {e}"))?.nanos() / 1_000_000,
        };
        let times = match self.times {
            None => None,
            Some(n) if (0.0..=MOST_TIMES).contains(&n) => Some((n * 1_000.0).round() as i64),
            Some(_) => return Err("times is between 0 and a million".to_owned()),
        };
        let demand = |key: &str, all: Option<&Word>, each: Option<&Word>| {
            let named = |why: String| format!("{key}: {why}");
            match (all, each) {
                (Some(_), Some(_)) => Err(format!("{key} or {key}PerPod, not both")),
                (Some(all), None) => Ok(Some(Demand::Shared(all.quantity().map_err(named)?.milli_value()))),
                (None, Some(each)) => Ok(Some(Demand::PerPod(each.quantity().map_err(named)?.milli_value()))),
                (None, None) => Ok(None),
            }
        };
        let mut metrics = Vec::new();
        for name in self.metrics.keys().chain(self.metrics_per_pod.keys()) {
            metrics.extend(demand(name, self.metrics.get(name), self.metrics_per_pod.get(name))?.map(|d| (name.clone(), d)));
        }
        Ok(LoadSaid {
            at: at.max(0),
            times,
            cpu: demand("cpu", self.cpu.as_ref(), self.cpu_per_pod.as_ref())?,
            memory: demand("memory", self.memory.as_ref(), self.memory_per_pod.as_ref())?,
            metrics,
        })
    }
}

/// What of an autoscaler its load depends on.
struct Scaled {
    workload: Workload,
    kind: Kind,
    template: TemplateId,
    replicas: i64,
}

impl Builder<'_> {
    /// Gives what autoscalers scale a load: what is said of it, else what its pods carry at the targets.
    pub(super) fn assume_loads(&mut self, assumptions: &mut Vec<Assumption>) {
        for index in 0..self.cluster.autoscalers.len() {
            let scaler = self.cluster.autoscalers[index].clone();
            let Some(scaled) = self.scaled_by(&scaler) else { continue };
            if !self.cluster.loads.contains_key(&scaled.workload) {
                let load = self.load_said(&scaled);
                self.cluster.loads.insert(scaled.workload, load);
            }
            let template = self.cluster.template(scaled.template).clone();
            let mut told = Vec::new();
            for metric in &scaler.metrics {
                told.extend(self.assume_demand(&scaled, &template, metric));
            }
            if told.is_empty() {
                continue;
            }
            let label = self.cluster.workload_label(scaled.workload);
            let name = self.cluster.text(scaler.meta.name);
            let pods = scaled.replicas;
            assumptions.push(Assumption {
                value: format!(
                    "as much as keeps {pods} {} at the target of hpa/{name}: {}",
                    if pods == 1 { "pod" } else { "pods" },
                    told.join(", ")
                ),
                subject: label.clone(),
                what: "load".to_owned(),
                why: "manifests do not say how much there is to do".to_owned(),
                change: format!("a Behavior document: spec.workloads[] with match: {label} and load"),
            });
        }
    }

    /// Gives a workload the load that is said of it, if anything is.
    pub(super) fn take_load_said(&mut self, workload: Workload) {
        let Some(scaled) = self.scaled(workload, 0, i32::MAX).filter(|_| !self.cluster.loads.contains_key(&workload)) else { return };
        let load = self.load_said(&scaled);
        self.cluster.loads.insert(workload, load);
    }

    fn scaled_by(&self, scaler: &Autoscaler) -> Option<Scaled> {
        self.scaled(self.cluster.scale_target(scaler)?, scaler.least, scaler.most)
    }

    fn scaled(&self, workload: Workload, least: i32, most: i32) -> Option<Scaled> {
        let (kind, template, replicas) = match workload {
            Workload::Deployment(DeploymentId(i)) => {
                let d = self.cluster.deployments.get(i as usize)?;
                (Kind::Deployment, d.template, d.replicas)
            }
            Workload::StatefulSet(StatefulSetId(i)) => {
                let s = self.cluster.stateful_sets.get(i as usize)?;
                (Kind::StatefulSet, s.template, s.replicas)
            }
            Workload::ReplicaSet(ReplicaSetId(i)) => {
                let r = self.cluster.replica_sets.get(i as usize)?;
                (Kind::ReplicaSet, r.template, r.replicas)
            }
            _ => return None,
        };
        let replicas = i64::from(replicas.min(most).max(least));
        Some(Scaled { workload, kind, template, replicas })
    }

    /// The load that the rules give a workload; an empty one where they say nothing.
    fn load_said(&mut self, scaled: &Scaled) -> Load {
        let cluster = &*self.cluster;
        let template = cluster.template(scaled.template);
        let labels: Map = template.labels.iter().map(|(k, v)| (cluster.text(k).to_owned(), cluster.text(v).to_owned())).collect();
        let (name, namespace) = match cluster.workload_meta(scaled.workload) {
            Some(meta) => (cluster.text(meta.name), cluster.namespace_name(meta.namespace)),
            None => ("", ""),
        };
        let question = Question {
            kind: scaled.kind,
            name,
            namespace,
            labels: Some(&labels),
            image: template.containers.first().map_or("", |first| cluster.text(first.image)),
        };
        let mut load = Load::default();
        for said in self.behaviors.load(&question) {
            let metrics = said.metrics.iter().map(|(name, demand)| (self.cluster.text.intern(name), *demand)).collect();
            let change = LoadChange { times: said.times, cpu: said.cpu, memory: said.memory, metrics };
            if said.at == 0 { load.change(&change) } else { load.course.push((Time::ZERO + said.at, change)) }
        }
        load.course.arrange_by_key(|(at, _)| *at);
        load
    }

    /// Where nothing is known of a metric: what keeps the pods at its target. Gives it in words.
    fn assume_demand(&mut self, scaled: &Scaled, template: &PodTemplate, metric: &Metric) -> Option<String> {
        let in_all = |each: i64| each.saturating_mul(scaled.replicas);
        let load = self.cluster.loads.get_mut(&scaled.workload)?;
        let (name, demand) = match metric.source {
            MetricSource::Resource { name, container } => {
                let is_cpu = self.cluster.text.text(name) == "cpu";
                let each = each_at_target(template, container, is_cpu, metric.target)?;
                let (slot, assumed, demand) = match is_cpu {
                    true => (&mut load.cpu, template.behavior.cpu_usage, Demand::Shared(in_all(each))),
                    false => (&mut load.memory, template.behavior.memory_usage, Demand::PerPod(each)),
                };
                if slot.is_some() || assumed.is_some() || !matches!(self.cluster.text.text(name), "cpu" | "memory") {
                    return None;
                }
                *slot = Some(demand);
                (name, demand)
            }
            MetricSource::Pods { name } | MetricSource::Object { name, .. } | MetricSource::External { name, .. } => {
                let demand = match metric.target {
                    MetricTarget::Value(value) => Demand::Shared(value),
                    MetricTarget::AverageValue(each) => Demand::Shared(in_all(each)),
                    MetricTarget::Utilization(_) | MetricTarget::Missing => return None,
                };
                if load.metrics.contains_key(&name) {
                    return None;
                }
                load.metrics.insert(name, demand);
                (name, demand)
            }
        };
        let amount = match demand {
            Demand::PerPod(bytes) => format!("{} by each pod", Quantity::from_bytes(bytes / 1_000)),
            Demand::Shared(amount) => format!("{} in all, shared by the pods that are ready", Quantity::from_milli(amount)),
        };
        Some(format!("{} {amount}", self.cluster.text(name)))
    }
}

/// What one pod uses where a resource metric is at its target, in thousandths; a container's share is that of its requests.
fn each_at_target(template: &PodTemplate, container: Option<Sym>, is_cpu: bool, target: MetricTarget) -> Option<i64> {
    let request = |c: &Container| if is_cpu { c.requests.cpu_milli } else { c.requests.memory.saturating_mul(1_000) };
    let running = || template.containers.iter().chain(template.init_containers.iter().filter(|c| c.sidecar));
    let whole: i64 = running().map(request).fold(0, i64::saturating_add);
    let part: i64 = running().filter(|c| container.is_none_or(|name| c.name == name)).map(request).fold(0, i64::saturating_add);
    let of_part = match target {
        MetricTarget::Utilization(percent) => return share(whole, i64::from(percent), 100),
        MetricTarget::AverageValue(value) => value,
        MetricTarget::Value(_) | MetricTarget::Missing => return None,
    };
    if part == 0 { Some(of_part) } else { share(of_part, whole, part) }
}

fn share(amount: i64, of: i64, all: i64) -> Option<i64> {
    i64::try_from(i128::from(amount) * i128::from(of) / i128::from(all.max(1))).ok()
}
