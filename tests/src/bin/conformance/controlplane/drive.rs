//! Running a recorded scenario: the objects in, the steps at their times, the answers of the API server.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use wavetank_core::apiserver::{Api, Propagation, Refusal};
use wavetank_core::cluster::behavior::{Exit, PodBehavior};
use wavetank_core::cluster::build::{Behaviors, Builder, ClusterOptions, Gaps, Inserted, Thing, objects_from_json};
use wavetank_core::cluster::ids::{DeploymentId, NodeId};
use wavetank_core::cluster::node::Taint;
use wavetank_core::cluster::template::TaintEffect;
use wavetank_core::cluster::{Cluster, Workload};
use wavetank_core::engine::drain::{DrainAnswer, DrainId, DrainOptions};
use wavetank_core::engine::{Sim, SimOptions};
use wavetank_core::manifest::Object;
use wavetank_core::trace::{DeleteReason, Evictor};
use wavetank_core::units::time::{Millis, Time};

use super::autoscaling;
use super::case::{Behaviour, Case, Step};
use super::judge::Responses;
use super::names;
use super::observe::Observer;

/// A finished run.
pub(crate) struct Finished {
    /// The simulation at the end.
    pub(crate) sim: Sim,
    /// What was gathered.
    pub(crate) observer: Observer,
    /// What the API server answered.
    pub(crate) responses: Responses,
}

/// Objects that are there, and settled, before the scenario begins.
const BEFORE: [&str; 9] =
    ["Node", "PriorityClass", "StorageClass", "PersistentVolume", "ResourceQuota", "LimitRange", "Service", "ConfigMap", "Namespace"];

/// The scenario's driver.
struct Driver<'a> {
    case: &'a Case,
    sim: Sim,
    observer: Observer,
    responses: Responses,
    /// The objects as they were last applied or patched, by kind and name.
    objects: BTreeMap<(String, String), Value>,
    templates_seen: usize,
    /// Which step began a drain, and when.
    drain_steps: BTreeMap<DrainId, (usize, Time)>,
}

/// Runs a scenario to its end; the seed decides what Kubernetes leaves open.
pub(crate) fn run(case: &Case, seed: u64) -> Finished {
    let (before, at_start): (Vec<&Value>, Vec<&Value>) = case.input.iter().partition(|o| BEFORE.contains(&kind_of(o)));
    let mut cluster = Cluster::default();
    let options = ClusterOptions { gaps: Gaps::Keep, now: Time::at(-600_000), ..ClusterOptions::default() };
    let mut builder = Builder::new(&mut cluster, options);
    for object in objects(before.into_iter().cloned()) {
        builder.insert(&object, None);
    }
    let said = |seconds: Option<f64>, default: Millis| seconds.map_or(default, millis);
    let timing = &mut cluster.storage.timing;
    timing.attach = said(case.kubelet.attach, timing.attach);
    timing.detach = said(case.kubelet.detach, timing.detach);
    timing.provision = said(case.kubelet.provision, timing.provision);
    let mut sim = Sim::new(cluster, &SimOptions { seed, ..SimOptions::default() }, Time::ZERO);
    let grace = case.flags.get("kube-controller-manager").and_then(|flags| flags.get("node-monitor-grace-period")).and_then(Value::as_str);
    if let Some(seconds) = grace.and_then(|text| text.strip_suffix('s')).and_then(|text| text.parse::<Millis>().ok()) {
        sim.controllers_mut().node_lifecycle_mut().set_grace(seconds * 1_000);
    }
    sim.controllers_mut().autoscalers_mut().set_flags(autoscaling::flags(case));
    let objects = case.input.iter().map(|o| (key_of(o), o.clone())).collect();
    let mut driver = Driver {
        case,
        sim,
        observer: Observer::default(),
        responses: Responses::default(),
        objects,
        templates_seen: 0,
        drain_steps: BTreeMap::new(),
    };
    driver.observer.look(&driver.sim);
    for object in at_start {
        // A refusal at the start shows in what is missing.
        let _ = driver.apply(object);
    }
    let end = Time::at((case.until * 1_000.0) as i64);
    for (number, step) in case.steps.iter().enumerate() {
        let at = Time::at((step.at * 1_000.0) as i64);
        driver.run_before(at);
        driver.step(number, step);
    }
    // What is due as the recording stops came too late for it.
    driver.run_before(end);
    driver.gather_drains();
    Finished { sim: driver.sim, observer: driver.observer, responses: driver.responses }
}

/// Typed objects; what cannot be read is left out, and the parts that depend on it disagree.
fn objects(values: impl IntoIterator<Item = Value>) -> Vec<Object> {
    values.into_iter().flat_map(|value| objects_from_json(&[value]).unwrap_or_default()).collect()
}

fn kind_of(object: &Value) -> &str {
    object["kind"].as_str().unwrap_or("")
}

fn key_of(object: &Value) -> (String, String) {
    (kind_of(object).to_owned(), object["metadata"]["name"].as_str().unwrap_or("").to_owned())
}

impl Driver<'_> {
    /// Runs up to the moment `end`: a step comes before what nodes and controllers do at that moment, for they need time to act.
    fn run_before(&mut self, end: Time) {
        let observer = &mut self.observer;
        self.sim.run_watched(end + -1, |sim| {
            observer.look(sim);
            true
        });
        self.sim.api_mut().advance_to(end);
    }

    fn apply(&mut self, object: &Value) -> Result<Option<Inserted>, Refusal> {
        let mut inserted = Ok(None);
        for object in objects([object.clone()]) {
            inserted = self.sim.api_mut().apply(&object, None, &Behaviors::default()).map(|applied| applied.inserted);
        }
        if inserted.is_ok() {
            self.objects.insert(key_of(object), object.clone());
        }
        self.behave();
        inserted
    }

    /// The step `apply`: what exists is patched by what is given.
    fn create_or_patch(&mut self, object: &Value) -> Result<Option<Inserted>, Refusal> {
        let (kind, name) = key_of(object);
        let cluster = self.sim.cluster();
        let exists = kind != "Pod" || names::find_pod(cluster, &name).is_some_and(|pod| !cluster.pod(pod).gone);
        match self.objects.get(&(kind, name)).filter(|_| exists) {
            Some(before) => {
                let mut after = before.clone();
                merge(&mut after, object, Lists::Replaced);
                self.apply(&after)
            }
            None => self.apply(object),
        }
    }

    /// Gives new templates the behaviour of their image.
    fn behave(&mut self) {
        let cluster = self.sim.api_mut().cluster_mut();
        for at in self.templates_seen..cluster.templates.len() {
            let image = cluster.templates[at].containers.first().map_or(String::new(), |c| cluster.text(c.image).to_owned());
            let behavior = behavior(&self.case.kubelet.default, self.case.kubelet.images.get(&image));
            Arc::make_mut(&mut cluster.templates[at]).behavior = behavior;
        }
        self.templates_seen = cluster.templates.len();
    }

    fn answer(&mut self, step: &Step, target: String, refusal: Option<&Refusal>) {
        let mut value = vec![json!(step.verb), json!(target)];
        match refusal {
            None => value.extend([json!(200), json!(""), json!("")]),
            Some(refusal) => {
                let reason = match refusal.code {
                    429 => "TooManyRequests",
                    403 => "Forbidden",
                    404 => "NotFound",
                    _ => "",
                };
                value.extend([json!(refusal.code), json!(reason), json!(refusal.message)]);
                value.extend(refusal.causes.iter().map(|c| json!(format!("DisruptionBudget  {c}"))));
            }
        }
        self.responses.direct.push((self.sim.now().millis(), Value::Array(value)));
    }

    fn step(&mut self, number: usize, step: &Step) {
        let node = self.sim.cluster().node_named(step.text("node"));
        let pod = names::find_pod(self.sim.cluster(), step.text("pod"));
        let target = format!("{}/{}", step.text("kind"), step.text("name"));
        // What is deleted is not patched by what is applied later.
        match step.verb.as_str() {
            "delete" => drop(self.objects.remove(&(step.text("kind").to_owned(), step.text("name").to_owned()))),
            "deleteNode" => drop(self.objects.remove(&("Node".to_owned(), step.text("node").to_owned()))),
            _ => {}
        }
        let api = self.sim.api_mut();
        match (step.verb.as_str(), node, pod) {
            ("failNode", Some(node), _) => {
                api.set_machine_alive(node, false);
            }
            ("recoverNode", Some(node), _) => {
                api.set_machine_alive(node, true);
            }
            ("nodeNotReady" | "nodeReady", Some(node), _) => {
                let (kubelets, api) = self.sim.kubelets_mut();
                kubelets.set_node_ready(api, node, step.verb == "nodeReady");
            }
            ("cordon", Some(node), _) => {
                api.set_unschedulable(node, true);
                self.answer(step, format!("Node/{}", step.text("node")), None);
            }
            ("uncordon", Some(node), _) => {
                api.set_unschedulable(node, false);
                self.answer(step, format!("Node/{}", step.text("node")), None);
            }
            ("taint", Some(node), _) => {
                let taint = parse_taint(api, step.text("taint"));
                api.add_taint(node, taint);
                self.answer(step, format!("Node/{}", step.text("node")), None);
            }
            ("untaint", Some(node), _) => {
                let taint = parse_taint(api, step.text("taint"));
                api.remove_taint(node, taint.key, taint.effect);
                self.answer(step, format!("Node/{}", step.text("node")), None);
            }
            ("deleteNode", Some(node), _) => {
                api.set_machine_alive(node, false);
                api.delete_node(node);
                self.answer(step, format!("Node/{}", step.text("node")), None);
            }
            ("labelNode", Some(node), _) => self.label_node(node, step),
            ("drain", Some(node), _) => self.drain(number, node, step),
            ("addNode" | "apply", ..) => {
                for object in step.fields.get("objects").and_then(Value::as_array).cloned().unwrap_or_default() {
                    let inserted = self.create_or_patch(&object);
                    if step.verb == "addNode" {
                        self.admit_node(inserted.as_ref().ok().copied().flatten());
                    }
                    let (kind, name) = key_of(&object);
                    self.answer(step, format!("{kind}/{name}"), inserted.as_ref().err());
                }
            }
            ("evict", _, Some(pod)) => {
                let result = api.evict(pod, None, Evictor::Drain);
                self.answer(step, format!("Pod/{}", step.text("pod")), result.as_ref().err());
            }
            ("deletePod", _, Some(pod)) => {
                let grace = step.fields.get("gracePeriodSeconds").and_then(Value::as_i64);
                api.delete_pod(pod, grace, DeleteReason::User);
                self.answer(step, format!("Pod/{}", step.text("pod")), None);
            }
            ("failPod", _, Some(pod)) => {
                api.fail_pod(pod, "Evicted", "The node was low on resource: memory. ");
            }
            ("setReady", _, Some(pod)) => {
                let (kubelets, api) = self.sim.kubelets_mut();
                kubelets.set_ready(api, pod, step.flag("ready"));
            }
            ("exitPod", _, Some(pod)) => {
                let (kubelets, api) = self.sim.kubelets_mut();
                kubelets.exit_container(api, pod, 1);
            }
            ("annotatePod", _, Some(pod)) => {
                annotate(api, pod, &step.fields["patch"]);
                self.answer(step, format!("Pod/{}", step.text("pod")), None);
            }
            ("scale", ..) => {
                if let Some(workload) = find(self.sim.cluster(), step) {
                    let replicas = step.fields.get("replicas").and_then(Value::as_i64).unwrap_or(0) as i32;
                    self.sim.api_mut().scale(workload, replicas);
                    self.remember(step, |object| object["spec"]["replicas"] = json!(replicas));
                }
                self.answer(step, target, None);
            }
            ("setImage", ..) => {
                self.patch(step, |object| object["spec"]["template"]["spec"]["containers"][0]["image"] = json!(step.text("image")));
                self.answer(step, target, None);
            }
            ("mergePatch" | "patch", ..) => {
                let patch = step.fields.get("patch").cloned().unwrap_or(Value::Null);
                let lists = if step.verb == "patch" { Lists::ByKey } else { Lists::Replaced };
                self.patch(step, |object| merge(object, &patch, lists));
                self.answer(step, target, None);
            }
            ("pause" | "resume", ..) => {
                let paused = step.verb == "pause";
                self.patch(step, |object| object["spec"]["paused"] = json!(paused));
                self.answer(step, target, None);
            }
            ("undo", ..) => {
                if let Some(Workload::Deployment(id)) = find(self.sim.cluster(), step) {
                    let revision = step.fields.get("revision").and_then(Value::as_i64);
                    self.undo(id, revision);
                }
                self.answer(step, target, None);
            }
            ("setUsage", ..) => autoscaling::set_usage(api, step),
            ("delete", ..) if autoscaling::delete(api, step) => self.answer(step, target, None),
            ("delete", ..) => {
                if let Some(workload) = find(self.sim.cluster(), step) {
                    let propagation = match step.text("propagationPolicy") {
                        "Orphan" => Propagation::Orphan,
                        "Foreground" => Propagation::Foreground,
                        _ => Propagation::Background,
                    };
                    self.sim.api_mut().delete_workload_with(workload, propagation);
                }
                super::observe_storage::delete(self.sim.api_mut(), step.text("kind"), step.text("name"));
                self.answer(step, target, None);
            }
            // Usage and kinds that are not simulated: the parts that depend on them will disagree.
            _ => {}
        }
    }

    /// Changes the remembered object without applying it: the change was made another way.
    fn remember(&mut self, step: &Step, change: impl FnOnce(&mut Value)) {
        if let Some(object) = self.objects.get_mut(&(step.text("kind").to_owned(), step.text("name").to_owned())) {
            change(object);
        }
    }

    /// Changes the remembered object and applies it.
    fn patch(&mut self, step: &Step, change: impl FnOnce(&mut Value)) {
        let key = (step.text("kind").to_owned(), step.text("name").to_owned());
        if let Some(mut object) = self.objects.get(&key).cloned() {
            change(&mut object);
            // Changes of what exists are not refused.
            let _ = self.apply(&object);
        }
    }

    fn undo(&mut self, id: DeploymentId, revision: Option<i64>) {
        let before = self.sim.cluster().deployments[id.index()].template;
        // A refusal is kubectl's, not the server's: the recording then shows no change.
        let _ = wavetank_core::controllers::deployment::undo(self.sim.api_mut(), id, revision);
        let cluster = self.sim.cluster();
        let after = cluster.deployments[id.index()].template;
        if before != after {
            let image = cluster.template(after).containers.first().map(|c| cluster.text(c.image).to_owned()).unwrap_or_default();
            let key = ("Deployment".to_owned(), cluster.text(cluster.deployments[id.index()].meta.name).to_owned());
            if let Some(object) = self.objects.get_mut(&key) {
                object["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
            }
        }
        self.behave();
    }

    /// A node that joins is not-ready for a moment (admission `TaintNodesByCondition`), then its kubelet reports.
    fn admit_node(&mut self, inserted: Option<Inserted>) {
        let Some(Thing::Node(node)) = inserted.map(|i| i.thing) else { return };
        let api = self.sim.api_mut();
        let taint = Taint { key: api.known().not_ready, value: wavetank_core::units::intern::Sym::EMPTY, effect: TaintEffect::NoSchedule };
        api.add_taint(node, taint);
        api.remove_taint(node, taint.key, taint.effect);
    }

    fn label_node(&mut self, node: NodeId, step: &Step) {
        let key = ("Node".to_owned(), step.text("node").to_owned());
        let Some(mut object) = self.objects.get(&key).cloned() else { return };
        merge(&mut object, &step.fields["patch"], Lists::Replaced);
        let _ = node;
        let _ = self.apply(&object);
        self.answer(step, format!("Node/{}", step.text("node")), None);
    }

    fn drain(&mut self, number: usize, node: NodeId, step: &Step) {
        let seconds = |field: &str| step.fields.get(field).and_then(Value::as_i64);
        let options = DrainOptions {
            force: step.flag("force"),
            delete_empty_dir_data: step.flag("deleteEmptyDirData"),
            // The recorded drains ignore DaemonSets unless they say otherwise.
            ignore_daemon_sets: step.fields.get("ignoreDaemonSets").and_then(Value::as_bool).unwrap_or(false),
            grace_seconds: seconds("gracePeriodSeconds"),
            timeout: seconds("timeout").map(|s| s * 1_000),
            disable_eviction: false,
        };
        let (drains, api) = self.sim.drains_mut();
        let id = drains.start(api, node, options, None);
        self.drain_steps.insert(id, (number, self.sim.now()));
    }

    /// Evictions by round of five seconds since the drain began, and the set of messages.
    fn gather_drains(&mut self) {
        let mut rounds: BTreeMap<(i64, usize, &'static str, u16), (i64, u64)> = BTreeMap::new();
        for (time, id, answer) in self.sim.drains().answers() {
            let Some(&(step, started)) = self.drain_steps.get(id) else { continue };
            let (kind, code, text) = match answer {
                DrainAnswer::Evict(_, code, message, causes) => {
                    let causes: Vec<String> = causes.iter().map(|c| format!("DisruptionBudget  {c}")).collect();
                    ("drain:evict", *code, if *code == 200 { None } else { Some(format!("{message} {}", causes.join(" "))) })
                }
                DrainAnswer::Done => ("drain:done", 200, None),
                DrainAnswer::Failed(error) => ("drain:failed", 0, Some(error.clone())),
                DrainAnswer::Refused(error) => ("drain:refused", 0, Some(error.clone())),
            };
            let round = if kind == "drain:evict" { (*time - started) / 5_000 } else { i64::MAX };
            let entry = rounds.entry((round, step, kind, code)).or_insert((time.millis(), 0));
            entry.1 += 1;
            if let Some(text) = text {
                let text = names::normalise(self.sim.cluster(), &text).replace("default/", "");
                self.responses.drain_messages.insert(format!("{kind} {code} {}", text.trim_end()));
            }
        }
        let mut drain: Vec<_> = rounds.into_iter().map(|((_, step, kind, code), (t, n))| (t, json!([step, kind, code, n]))).collect();
        drain.sort_by_key(|p| p.0);
        self.responses.drain = drain;
    }
}

fn find(cluster: &Cluster, step: &Step) -> Option<Workload> {
    let name = cluster.text.get(step.text("name"))?;
    macro_rules! among {
        ($list:ident, $kind:ident, $id:ident) => {
            cluster
                .$list
                .iter()
                .rposition(|w| !w.meta.gone && w.meta.name == name)
                .map(|i| Workload::$kind(wavetank_core::cluster::ids::$id::from_index(i)))
        };
    }
    match step.text("kind") {
        "Deployment" => among!(deployments, Deployment, DeploymentId),
        "ReplicaSet" => among!(replica_sets, ReplicaSet, ReplicaSetId),
        "StatefulSet" => among!(stateful_sets, StatefulSet, StatefulSetId),
        "DaemonSet" => among!(daemon_sets, DaemonSet, DaemonSetId),
        "Job" => among!(jobs, Job, JobId),
        _ => None,
    }
}

fn parse_taint(api: &mut Api, text: &str) -> Taint {
    let (pair, effect) = text.rsplit_once(':').unwrap_or((text, ""));
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    let effect = match effect {
        "NoExecute" => TaintEffect::NoExecute,
        "PreferNoSchedule" => TaintEffect::PreferNoSchedule,
        _ => TaintEffect::NoSchedule,
    };
    let text = &mut api.cluster_mut().text;
    Taint { key: text.intern(key), value: text.intern(value), effect }
}

/// A merge patch on a running pod: labels and the deletion cost are what scenarios change.
fn annotate(api: &mut Api, pod: wavetank_core::cluster::ids::PodId, patch: &Value) {
    let cost = patch["metadata"]["annotations"]["controller.kubernetes.io/pod-deletion-cost"].as_str();
    if let Some(cost) = cost {
        api.set_deletion_cost(pod, cost.parse().unwrap_or(0));
    }
    for (key, value) in patch["metadata"]["labels"].as_object().into_iter().flatten() {
        let text = &mut api.cluster_mut().text;
        let key = text.intern(key);
        let value = text.intern(value.as_str().unwrap_or(""));
        api.set_pod_label(pod, key, value);
    }
}

/// What a patch does to a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lists {
    /// Takes its place (RFC 7386).
    Replaced,
    /// Goes into it by the key of its elements, where Kubernetes merges such lists (strategic merge patch).
    ByKey,
}

/// The key by which the elements of a list are told apart.
fn merge_key(list: &str) -> Option<&'static str> {
    match list {
        "containers" | "initContainers" | "volumes" | "env" => Some("name"),
        "ports" => Some("containerPort"),
        "volumeMounts" => Some("mountPath"),
        _ => None,
    }
}

fn merge(target: &mut Value, patch: &Value, lists: Lists) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (field, change) in changes {
        if change.is_null() {
            target.as_object_mut().map(|o| o.remove(field));
            continue;
        }
        let key = merge_key(field).filter(|_| lists == Lists::ByKey);
        match (key, &mut target[field.as_str()], change) {
            (Some(key), Value::Array(old), Value::Array(new)) => {
                for element in new {
                    match old.iter_mut().find(|o| o[key] == element[key]) {
                        Some(same) => merge(same, element, lists),
                        None => old.push(element.clone()),
                    }
                }
            }
            (_, value, change) => merge(value, change, lists),
        }
    }
}

fn millis(seconds: f64) -> Millis {
    (seconds * 1_000.0).round() as Millis
}

/// An image's own entry takes the place of the default as a whole: what it leaves out is none.
fn behavior(default: &Behaviour, image: Option<&Behaviour>) -> PodBehavior {
    let chosen = image.unwrap_or(default);
    macro_rules! pick {
        ($field:ident) => {
            chosen.$field.clone()
        };
    }
    let exits = |list: Vec<super::case::Exit>| -> Vec<Exit> {
        list.iter().filter_map(|e| Some(Exit { after: millis(e.after?), code: e.code })).collect()
    };
    let ready = pick!(ready).unwrap_or(0.0);
    let by_index = pick!(exits_by_index).unwrap_or_default();
    let other = by_index.get("*").cloned();
    PodBehavior {
        start: millis(pick!(start).unwrap_or(0.0)),
        ready: (ready >= 0.0).then(|| millis(ready)),
        stop: millis(pick!(stop).unwrap_or(0.0)),
        stagger: millis(pick!(stagger).unwrap_or(0.0)),
        stagger_of: pick!(stagger_of).unwrap_or(0),
        pull_fails: pick!(pull_fails).unwrap_or(false),
        stop_code: pick!(stop_code).filter(|&c| c != 0).unwrap_or(143),
        exits: exits(other.or(pick!(exits)).unwrap_or_default()),
        exits_by_index: by_index.iter().filter_map(|(k, v)| Some((k.parse().ok()?, exits(v.clone())))).collect(),
        ..PodBehavior::assumed()
    }
}
