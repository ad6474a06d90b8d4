//! Experiments of Chaos Mesh and LitmusChaos as scenarios: what has an equal among the verbs becomes steps, what has none is named.
//!
//! Which pods an experiment is about is said by labels there and by workloads here: the workload of the same set whose pods carry them.

use serde_json::Value;

use super::catalog::{CHAOS_READ, CHAOS_UNKNOWN};
use super::document::{Scenario, Step, When};
use super::verb::{DrainOptions, Verb};
use crate::cluster::called;
use crate::cluster::template::TaintEffect;
use crate::manifest::{Diagnostic, Document, Manifest};
use crate::units::duration::Duration;
use crate::units::quantity::Quantity;
use crate::units::text::visible_short;
use crate::units::time::{Millis, SECOND, Time};

/// How often an experiment that repeats itself is followed.
const MOST_REPEATS: i64 = 1_000;

/// Whether a document is an experiment of one of the two.
pub(super) fn is_experiment(document: &Document) -> bool {
    matches!(document.api_version.split('/').next(), Some("chaos-mesh.org" | "litmuschaos.io"))
        && !matches!(document.kind.as_str(), "ChaosExperiment" | "ChaosResult")
}

/// The scenario of an experiment, and what there is to say about it: what was understood, or why it does nothing here.
pub(super) fn read(document: &Document, manifest: &Manifest, told: &mut Vec<Diagnostic>) -> Option<Scenario> {
    let value = document.value();
    let mesh = document.api_version.starts_with("chaos-mesh.org");
    let found = if mesh { chaos_mesh(document, &value, manifest) } else { litmus(&value, manifest) };
    let name = visible_short(&document.name, 80);
    match found {
        Ok(steps) => {
            let count = steps.len();
            told.push(
                Diagnostic::info(CHAOS_READ, format!("{} {name} is read as a scenario of {count} steps", document.kind))
                    .at(Some(document.span)),
            );
            let steps = steps.into_iter().map(|(at, verb)| Step { when: When::At(Time::ZERO + at), verb, span: Some(document.span) });
            let mut scenario = Scenario::of_steps(document.name.clone(), steps.collect());
            scenario.document = Some(document.id);
            Some(scenario)
        }
        Err(why) => {
            told.push(
                Diagnostic::warning(CHAOS_UNKNOWN, format!("{} {name} does nothing here: {why}", document.kind)).at(Some(document.span)),
            );
            None
        }
    }
}

type Steps = Vec<(Millis, Verb)>;

fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str)
}

fn span(text: Option<&str>) -> Option<Millis> {
    let nanos = Duration::parse(text?).ok()?.nanos();
    (nanos >= 0).then_some(nanos / 1_000_000)
}

fn bytes(text: &str) -> Option<i64> {
    // Chaos Mesh writes 256MB where Kubernetes has 256M.
    Quantity::parse(text.trim_end_matches('B')).ok().map(|quantity| quantity.value())
}

/// The workload whose pods carry these labels, as verbs name it, and how many pods it has.
fn workload_of(labels: &[(String, String)], namespace: Option<&str>, manifest: &Manifest) -> Option<(String, i64)> {
    let kinds = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"];
    manifest.documents.iter().filter(|d| kinds.contains(&d.kind.as_str())).find_map(|document| {
        let own = document.namespace_or_default();
        let value = document.value();
        let carried = value.pointer("/spec/template/metadata/labels")?;
        let fits = namespace.is_none_or(|wanted| wanted == own)
            && !labels.is_empty()
            && labels.iter().all(|(key, wanted)| carried.get(key).and_then(Value::as_str) == Some(wanted));
        fits.then(|| {
            let replicas = value.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
            (called::label(own, &document.kind.to_lowercase(), &document.name), replicas)
        })
    })
}

/// Chaos Mesh: `PodChaos` and `StressChaos` have an equal, in part.
fn chaos_mesh(document: &Document, value: &Value, manifest: &Manifest) -> Result<Steps, String> {
    if !matches!(document.kind.as_str(), "PodChaos" | "StressChaos") {
        return Err(format!("a {} has no equal in this simulation", visible_short(&document.kind, 40)));
    }
    let selector = value.pointer("/spec/selector").ok_or("it has no selector")?;
    let labels = selector.get("labelSelectors").and_then(Value::as_object).ok_or("only selectors by labels are understood")?;
    let labels: Vec<(String, String)> = labels.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
    let namespace = selector.pointer("/namespaces/0").and_then(Value::as_str);
    let (workload, replicas) = workload_of(&labels, namespace, manifest).ok_or("no workload of this set has pods with its labels")?;
    let number = text(value, "/spec/value").and_then(|n| n.parse::<i64>().ok()).unwrap_or(1);
    let pods = match text(value, "/spec/mode").unwrap_or("one") {
        "all" => None,
        "one" => Some(1),
        "fixed" => Some(number),
        // Of a part the whole part: the worst that it may do.
        "fixed-percent" | "random-max-percent" => Some((replicas.saturating_mul(number) / 100).max(1)),
        mode => return Err(format!("the mode {} is not known", visible_short(mode, 40))),
    };
    let pods = pods.map(|n| u32::try_from(n.max(1)).unwrap_or(u32::MAX));
    let duration = span(text(value, "/spec/duration"));
    if document.kind == "StressChaos" {
        let size = text(value, "/spec/stressors/memory/size").ok_or("only stress of memory has an equal")?;
        let per_pod = Some(bytes(size).ok_or_else(|| format!("{} is no size", visible_short(size, 40)))?);
        let mut steps = vec![(0, Verb::GrowMemory { workload: workload.clone(), per_pod })];
        steps.extend(duration.map(|end| (end, Verb::GrowMemory { workload, per_pod: None })));
        return Ok(steps);
    }
    match text(value, "/spec/action").unwrap_or_default() {
        "pod-kill" => {
            let grace = value.pointer("/spec/gracePeriod").and_then(Value::as_i64).unwrap_or(0);
            Ok(vec![(0, Verb::KillPods { workload, pods, grace_period: Some(grace.saturating_mul(SECOND)) })])
        }
        "container-kill" => Ok(vec![(0, Verb::Crash { workload, pods, exit_code: 137 })]),
        "pod-failure" => {
            let mut steps = vec![(0, Verb::FailReadiness { workload: workload.clone(), pods })];
            steps.extend(duration.map(|end| (end, Verb::PassReadiness { workload, pods })));
            Ok(steps)
        }
        action => Err(format!("the action {} has no equal in this simulation", visible_short(action, 40))),
    }
}

/// LitmusChaos: the experiments of a `ChaosEngine`, one after the other.
fn litmus(value: &Value, manifest: &Manifest) -> Result<Steps, String> {
    let experiments = value.pointer("/spec/experiments").and_then(Value::as_array).ok_or("only a ChaosEngine has experiments")?;
    let mut steps = Steps::new();
    let mut begins = 0;
    for experiment in experiments {
        let name = text(experiment, "/name").unwrap_or_default();
        let env = experiment.pointer("/spec/components/env").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let set = |key: &str| {
            let entry = env.iter().find(|e| e.get("name").and_then(Value::as_str) == Some(key))?;
            let value = entry.get("value")?;
            value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|n| n.to_string())).filter(|text| !text.is_empty())
        };
        let seconds = |key: &str, usual: i64| set(key).and_then(|n| n.parse::<i64>().ok()).unwrap_or(usual).max(0).saturating_mul(SECOND);
        let node = || set("TARGET_NODE").or_else(|| set("TARGET_NODES")).ok_or("TARGET_NODE says no node".to_owned());
        let target = || {
            let label = text(value, "/spec/appinfo/applabel").unwrap_or_default();
            let labels: Vec<(String, String)> =
                label.split(',').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned())).collect();
            let found = workload_of(&labels, text(value, "/spec/appinfo/appns"), manifest);
            found.ok_or("no workload of this set has pods with the labels of appinfo".to_owned())
        };
        let share = |replicas: i64| {
            let percent = set("PODS_AFFECTED_PERC").and_then(|n| n.parse::<i64>().ok()).unwrap_or(0);
            Some(u32::try_from((replicas.saturating_mul(percent) / 100).max(1)).unwrap_or(1))
        };
        let lasts = seconds("TOTAL_CHAOS_DURATION", 60);
        let end = begins + lasts;
        match name {
            "pod-delete" => {
                let (workload, replicas) = target()?;
                let interval = seconds("CHAOS_INTERVAL", 10).max(SECOND);
                let grace_period = (set("FORCE").as_deref() != Some("false")).then_some(0);
                for turn in 0..(lasts / interval).clamp(1, MOST_REPEATS) {
                    let kill = Verb::KillPods { workload: workload.clone(), pods: share(replicas), grace_period };
                    steps.push((begins + turn * interval, kill));
                }
            }
            "container-kill" => {
                let (workload, replicas) = target()?;
                steps.push((begins, Verb::Crash { workload, pods: share(replicas), exit_code: 137 }));
            }
            "pod-memory-hog" => {
                let (workload, _) = target()?;
                let size = set("MEMORY_CONSUMPTION").and_then(|n| n.parse::<i64>().ok()).unwrap_or(500).saturating_mul(1 << 20);
                steps.push((begins, Verb::GrowMemory { workload: workload.clone(), per_pod: Some(size) }));
                steps.push((end, Verb::GrowMemory { workload, per_pod: None }));
            }
            "node-drain" => {
                let node = node()?;
                steps.push((begins, Verb::Drain { node: node.clone(), options: DrainOptions { force: true, ..DrainOptions::default() } }));
                steps.push((end, Verb::Uncordon { node }));
            }
            "node-taint" => {
                let (node, taints) = (node()?, set("TAINTS").ok_or("TAINTS says no taint")?);
                let (pair, effect) = taints.rsplit_once(':').ok_or("a taint is written key=value:effect")?;
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                let effect = match effect {
                    "NoExecute" => TaintEffect::NoExecute,
                    "PreferNoSchedule" => TaintEffect::PreferNoSchedule,
                    _ => TaintEffect::NoSchedule,
                };
                steps.push((begins, Verb::Taint { node: node.clone(), key: key.to_owned(), value: value.to_owned(), effect }));
                steps.push((end, Verb::Untaint { node, key: key.to_owned(), effect: Some(effect) }));
            }
            "kubelet-service-kill" | "docker-service-kill" => {
                let node = node()?;
                steps.push((begins, Verb::StopKubelet { node: node.clone() }));
                steps.push((end, Verb::StartKubelet { node }));
            }
            "node-poweroff" | "node-restart" => {
                let node = node()?;
                steps.push((begins, Verb::FailNode { node: node.clone() }));
                steps.push((end, Verb::RecoverNode { node }));
            }
            "node-memory-hog" => {
                let node = node()?;
                steps.push((begins, Verb::Pressure { node: node.clone(), available: super::LITTLE_MEMORY }));
                steps.push((end, Verb::RelievePressure { node }));
            }
            other => return Err(format!("the experiment {} has no equal in this simulation", visible_short(other, 40))),
        }
        begins = end;
    }
    if steps.is_empty() { Err("it has no experiment".to_owned()) } else { Ok(steps) }
}

#[cfg(test)]
mod tests {
    use crate::manifest::{Limits, SourceSet, read};
    use crate::scenario;

    const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 6\n  selector: {matchLabels: {app: web}}\n  \
                       template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: web:1}]}\n---\n";

    fn steps(experiment: &str) -> (Vec<String>, Vec<&'static str>) {
        let manifest = read(SourceSet::single("chaos.yaml", format!("{WEB}{experiment}")), &Limits::default());
        let (scenarios, told) = scenario::read(&manifest);
        let steps = scenarios.iter().flat_map(|s| &s.steps).map(|step| format!("{:?} {}", step.when, step.verb.to_yaml()));
        (steps.collect(), told.iter().map(|d| d.id.0).collect())
    }

    #[test]
    fn a_killed_pod_is_a_deleted_pod() {
        let chaos = "apiVersion: chaos-mesh.org/v1alpha1\nkind: PodChaos\nmetadata: {name: kill}\nspec:\n  action: pod-kill\n  mode: fixed\n  value: '3'\n  \
                     selector: {namespaces: [default], labelSelectors: {app: web}}\n";
        let (found, told) = steps(chaos);
        assert_eq!(found, ["At(Time(0)) killPods: {workload: deployment/web, pods: 3, gracePeriod: 0s}"]);
        assert_eq!(told, ["WT4014"]);
    }

    #[test]
    fn a_node_is_drained_and_given_back() {
        let chaos = "apiVersion: litmuschaos.io/v1alpha1\nkind: ChaosEngine\nmetadata: {name: drain}\nspec:\n  experiments:\n    - name: node-drain\n      \
                     spec: {components: {env: [{name: TARGET_NODE, value: node-1}, {name: TOTAL_CHAOS_DURATION, value: '90'}]}}\n";
        let (found, _) = steps(chaos);
        assert_eq!(found, ["At(Time(0)) drain: {node: node-1, force: true}", "At(Time(90000)) uncordon: node-1"]);
    }

    #[test]
    fn what_has_no_equal_is_named() {
        let chaos = "apiVersion: chaos-mesh.org/v1alpha1\nkind: NetworkChaos\nmetadata: {name: slow}\nspec: {action: bandwidth}\n";
        assert_eq!(steps(chaos), (Vec::new(), vec!["WT4015"]));
    }
}
