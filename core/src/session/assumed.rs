//! What the manifests do not say, value by value, and writing such a value down: as a `Behavior` or a `Cluster` document among the
//! manifests, where it counts for every run of them and can be read by everybody.
//!
//! Owns which values there are, what hangs on each, and where each is written. Runs nothing.

use std::fmt;

use serde_json::{Value, json};

use super::Session;
use crate::cluster::Cluster;
use crate::cluster::behavior::PodBehavior;
use crate::cluster::build::{Assumption, ClusterOptions, build};
use crate::cluster::ids::{DaemonSetId, DeploymentId, JobId, ReplicaSetId, StatefulSetId, TemplateId};
use crate::cluster::state::Workload;
use crate::cluster::volumes::StorageTiming;
use crate::manifest::{Document, Limits, Manifest, Object, Severity, SourceSet, edit, read};
use crate::units::time::Millis;

/// The file that a value is written to where none of the manifests' own documents has a place for it.
const FILE: &str = "assumptions.yaml";
/// Workloads whose values are told one by one.
const MOST_WORKLOADS: usize = 1_000;
const API: &str = "wavetank.dev/v1alpha1";

/// A value that the manifests do not say, or that a document of Wavetank's own says for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumed {
    /// Which: what [`Session::say`] takes. Empty where it is no single value: then `why` tells how to say otherwise.
    pub key: String,
    /// What it is about: `all pods`, `deployment/web`, `cluster`.
    pub subject: String,
    /// Which of its properties.
    pub what: String,
    /// Its value, as it is written.
    pub value: String,
    /// The value that would be assumed; none where this is it.
    pub usual: Option<String>,
    /// What it is counted in: `s`, `nodes`; may be empty.
    pub unit: &'static str,
    /// Why it has to be assumed.
    pub why: String,
    /// What hangs on it.
    pub effect: &'static str,
}

/// Why a value cannot be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsayable(pub String);

impl fmt::Display for Unsayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsayable {}

/// A property of all pods: its field, what it is called, what is usual, its unit, why it is assumed, what hangs on it.
type Default = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const OF_PODS: [Default; 5] = [
    (
        "startSeconds",
        "start",
        "5",
        "s",
        "manifests do not say how long pulling an image and starting take",
        "How much longer a pod that is replaced or rolled out is away: every gap in a curve is at least this wide.",
    ),
    (
        "stopSeconds",
        "stop",
        "2",
        "s",
        "manifests do not say how long a process takes to end",
        "How long an evicted or replaced pod keeps its room on its node: drains and rollouts wait for it, up to the grace period.",
    ),
    (
        "memoryUsage",
        "memory in use",
        "100%",
        "of the request",
        "manifests do not say what is really used",
        "Who is evicted when a node runs out of memory, and what autoscalers measure. A quantity, or percent of the request.",
    ),
    (
        "cpuUsage",
        "cpu in use",
        "100%",
        "of the request",
        "manifests do not say what is really used",
        "What autoscalers measure. A quantity, or percent of the request.",
    ),
    (
        "memoryGrowth",
        "growth of memory",
        "0",
        "each second",
        "manifests do not say whether anything leaks",
        "When a container reaches its limit and is killed, or its node comes under pressure. A quantity such as 1Mi.",
    ),
];

/// A property of all volumes: its field, what it is called, how it is read, what hangs on it.
type Timing = (&'static str, &'static str, fn(&StorageTiming) -> Millis, &'static str);

const OF_VOLUMES: [Timing; 4] = [
    ("provisionSeconds", "making one", |t| t.provision, "How long the first pod of a new claim waits for its volume."),
    ("attachSeconds", "attaching", |t| t.attach, "How long a pod with a volume waits on its new node."),
    ("detachSeconds", "detaching", |t| t.detach, "How long a volume is held back by the node that its pod has left."),
    ("reclaimSeconds", "deleting", |t| t.reclaim, "How long a released volume stays, where its policy is to delete it."),
];

const READY: &str = "How long a pod runs before it counts: rollouts wait for it, and budgets and Services do not see it earlier. A number of seconds, or never.";
const WORK: &str = "How long the pods of the Job hold their room, and when it is complete.";
const LOAD: &str = "How much there is to do from the first second on, as a multiple of what is assumed: autoscalers follow it.";
const NODES: &str = "How much room there is for pods that lost their node: with little of it they wait.";
const ZONES: &str = "What is lost at once when a zone is, and over what pods can be spread.";
const SIZE: &str = "How many pods stand or fall with one node.";
const CLOCK: &str = "When the schedules of CronJobs are due.";

impl Session {
    /// Every value that the manifests do not say, in the order in which it is told; those that a `Behavior` or `Cluster` document of theirs
    /// says are among them, with what would be usual.
    #[must_use]
    pub fn assumed(&self) -> Vec<Assumed> {
        let mut all = values(self.manifest(), self.settled().cluster());
        let covered = |of: &Assumption| {
            let subjects = ["cluster", "all pods", "all volumes", "pods with a readiness probe"];
            subjects.contains(&of.subject.as_str()) || matches!(of.what.as_str(), "ready" | "work" | "load")
        };
        all.extend(self.assumptions().iter().filter(|of| !covered(of)).map(|of| Assumed {
            key: String::new(),
            subject: of.subject.clone(),
            what: of.what.clone(),
            value: of.value.clone(),
            usual: None,
            unit: "",
            why: format!("{}; to say otherwise: {}", of.why, of.change),
            effect: "",
        }));
        all
    }

    /// Writes a value down: the file that changes or is new, and its text. Comments and order stay; the value is read back before it is given.
    ///
    /// # Errors
    /// A key that is none, a value that is not taken, or a document that cannot be changed without touching more.
    pub fn say(&self, key: &str, value: &str) -> Result<(String, String), Unsayable> {
        let wanted = value.trim();
        let known = self.assumed().into_iter().find(|of| !of.key.is_empty() && of.key == key);
        let known = known.ok_or_else(|| Unsayable(format!("there is no value {key:?} to say")))?;
        if known.value == wanted {
            return Err(Unsayable(format!("it is {wanted} already")));
        }
        let (name, text) = match key.split_once('/') {
            Some(("behavior", field)) => self.say_of_pods(field, wanted)?,
            Some(("cluster", field)) => self.say_of_cluster(field, wanted)?,
            _ => return Err(Unsayable(format!("there is no value {key:?} to say"))),
        };
        self.read_back(&name, &text, key, wanted)?;
        Ok((name, text))
    }

    /// Reads all manifests again with one changed: nothing may be wrong that was right, and the value must count.
    fn read_back(&self, name: &str, text: &str, key: &str, wanted: &str) -> Result<(), Unsayable> {
        let mut sources = SourceSet::default();
        let mut known = false;
        for file in &self.manifest().sources.files {
            let own = file.name == name;
            known |= own;
            sources.add(file.name.as_str(), if own { text } else { &*file.text });
        }
        if !known {
            sources.add(name, text);
        }
        let manifest = read(sources, &Limits::default());
        let built = build(&manifest, &ClusterOptions::default());
        let errors = |all: &mut dyn Iterator<Item = &crate::manifest::Diagnostic>| {
            all.filter(|of| of.severity == Severity::Error).map(|of| of.message.clone()).collect::<Vec<_>>()
        };
        let before = errors(&mut self.diagnostics().iter());
        let after = errors(&mut manifest.diagnostics.iter().chain(&built.diagnostics));
        if let Some(new) = after.iter().find(|message| !before.contains(message)) {
            return Err(Unsayable(new.clone()));
        }
        match values(&manifest, &built.cluster).into_iter().find(|of| of.key == key) {
            Some(now) if same(&now.value, wanted) => Ok(()),
            Some(now) => Err(Unsayable(format!("another rule of the Behavior or Cluster documents counts more: it stays {}", now.value))),
            None => Err(Unsayable("the manifests say it themselves".to_owned())),
        }
    }

    fn say_of_pods(&self, field: &str, wanted: &str) -> Result<(String, String), Unsayable> {
        if let Some(field) = field.strip_prefix("defaults/") {
            let value = worded(wanted);
            let whole = json!({"apiVersion": API, "kind": "Behavior", "metadata": {"name": "assumptions"}, "spec": {"defaults": {field: value.clone()}}});
            return self.put("Behavior", &[(format!("/spec/defaults/{field}"), value)], &whole);
        }
        let rest = field.strip_prefix("workloads/").unwrap_or_default();
        let (label, field) = rest.rsplit_once('/').ok_or_else(|| Unsayable(format!("there is no value {field:?} to say")))?;
        let (at, value, entry) = match field {
            "work" => ("exits/0/afterSeconds", number(wanted)?, json!({"exits": [{"afterSeconds": number(wanted)?}]})),
            "load" => ("load/0/times", number(wanted)?, json!({"load": [{"at": "1s", "times": number(wanted)?}]})),
            _ => ("readySeconds", worded(wanted), json!({"readySeconds": worded(wanted)})),
        };
        let mut rule = json!({"match": label});
        if let (Some(rule), Some(entry)) = (rule.as_object_mut(), entry.as_object()) {
            rule.extend(entry.clone());
        }
        let whole =
            json!({"apiVersion": API, "kind": "Behavior", "metadata": {"name": "assumptions"}, "spec": {"workloads": [rule.clone()]}});
        let own = self.own("Behavior").map(Document::value).unwrap_or_default();
        let known =
            own.pointer("/spec/workloads").and_then(Value::as_array).and_then(|rules| rules.iter().rposition(|of| of["match"] == label));
        let changes = match known {
            Some(nth) => {
                let pointer = format!("/spec/workloads/{nth}");
                match own.pointer(&format!("{pointer}/{at}")) {
                    Some(_) => vec![(format!("{pointer}/{at}"), value)],
                    None => {
                        entry.as_object().into_iter().flatten().map(|(key, value)| (format!("{pointer}/{key}"), value.clone())).collect()
                    }
                }
            }
            None => vec![("/spec/workloads/-".to_owned(), rule)],
        };
        self.put("Behavior", &changes, &whole)
    }

    fn say_of_cluster(&self, field: &str, wanted: &str) -> Result<(String, String), Unsayable> {
        let document = |spec: Value| json!({"apiVersion": API, "kind": "Cluster", "metadata": {"name": "assumptions"}, "spec": spec});
        if let Some(field) = field.strip_prefix("storage/") {
            let value = number(wanted)?;
            return self.put(
                "Cluster",
                &[(format!("/spec/storage/{field}"), value.clone())],
                &document(json!({"storage": {field: value}})),
            );
        }
        if field == "time" {
            return self.put("Cluster", &[("/spec/time".to_owned(), json!(wanted))], &document(json!({"time": wanted})));
        }
        let field = field.strip_prefix("nodes/").ok_or_else(|| Unsayable(format!("there is no value {field:?} to say")))?;
        let value = match field {
            "count" => json!(wanted.parse::<u32>().map_err(|_| Unsayable(format!("{wanted:?} is no number of nodes")))?),
            "zones" => json!(wanted.split(',').map(str::trim).filter(|zone| !zone.is_empty()).collect::<Vec<_>>()),
            _ => json!(wanted),
        };
        let mut pool = pool_of(self.settled().cluster());
        let pointer = match field {
            "count" | "zones" => format!("/spec/nodePools/0/{field}"),
            _ => format!("/spec/nodePools/0/capacity/{field}"),
        };
        if let Some(slot) = pool.pointer_mut(pointer.trim_start_matches("/spec/nodePools/0")) {
            *slot = value.clone();
        }
        let has_pool = self.own("Cluster").is_some_and(|own| own.value().pointer("/spec/nodePools/0").is_some());
        let changes = if has_pool { vec![(pointer, value)] } else { vec![("/spec/nodePools".to_owned(), json!([pool.clone()]))] };
        self.put("Cluster", &changes, &document(json!({"nodePools": [pool]})))
    }

    /// The last document of one of our own kinds.
    fn own(&self, kind: &str) -> Option<&Document> {
        self.manifest().documents.iter().rev().find(|of| of.kind == kind && of.api_version.starts_with("wavetank.dev/"))
    }

    /// Sets values in the document of that kind, or writes one behind all others.
    fn put(&self, kind: &str, changes: &[(String, Value)], whole: &Value) -> Result<(String, String), Unsayable> {
        let sources = &self.manifest().sources;
        if let Some(own) = self.own(kind) {
            let file = sources.file(own.span.file).ok_or_else(|| Unsayable("its file is gone".to_owned()))?;
            let mut text = file.text.to_string();
            for (pointer, value) in changes {
                let manifest = read(SourceSet::single(file.name.as_str(), text.as_str()), &Limits::default());
                let again = manifest.documents.iter().rev().find(|of| of.kind == kind && of.api_version.starts_with("wavetank.dev/"));
                let tree = &again.ok_or_else(|| Unsayable("the file reads differently now".to_owned()))?.tree;
                text = match edit::set(&text, tree, pointer, value) {
                    Ok(text) => text,
                    // A list in lines is written anew as a whole entry.
                    Err(why) => match pointer.rsplit_once('/') {
                        Some((_, key)) if key != "-" => edit::replace(&text, tree, pointer, key, value).map_err(|_| Unsayable(why.0))?,
                        _ => return Err(Unsayable(why.0)),
                    },
                };
            }
            return Ok((file.name.clone(), text));
        }
        let block = edit::block(whole, 0);
        let known = sources.files.iter().find(|file| file.name == FILE).map(|file| file.text.trim_end().to_owned());
        let text = match known.filter(|text| !text.is_empty()) {
            Some(text) => format!("{text}\n---\n{block}\n"),
            None => format!("{block}\n"),
        };
        Ok((FILE.to_owned(), text))
    }
}

/// A number where it is one, a text elsewhere.
fn worded(text: &str) -> Value {
    number(text).unwrap_or_else(|_| json!(text))
}

fn number(text: &str) -> Result<Value, Unsayable> {
    let no = || Unsayable(format!("{text:?} is no number"));
    if let Ok(whole) = text.parse::<u32>() {
        return Ok(json!(whole));
    }
    let number: f64 = text.parse().map_err(|_| no())?;
    if (0.0..1e9).contains(&number) { Ok(json!(number)) } else { Err(no()) }
}

/// Whether two values are written for the same.
fn same(one: &str, other: &str) -> bool {
    let list = |text: &str| text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect::<Vec<_>>();
    match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(one), Ok(other)) => (one - other).abs() < 1e-6,
        _ => list(one) == list(other),
    }
}

fn seconds(ms: Millis) -> String {
    if ms % 1_000 == 0 { (ms / 1_000).to_string() } else { format!("{}.{:03}", ms / 1_000, ms % 1_000).trim_end_matches('0').to_owned() }
}

/// A JSON value as a person writes it.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// What our own documents of a kind say at a pointer; the last one counts.
fn said(manifest: &Manifest, kind: &str, pointer: &str) -> Option<String> {
    let own = manifest.documents.iter().rev().filter(|of| of.kind == kind && of.api_version.starts_with("wavetank.dev/"));
    own.filter_map(|of| of.value().pointer(pointer).map(text_of)).next()
}

/// All values, of what was read and what was built of it.
fn values(manifest: &Manifest, cluster: &Cluster) -> Vec<Assumed> {
    let mut all = of_cluster(manifest, cluster);
    let workloads = workloads(cluster);
    if !workloads.is_empty() {
        for (field, what, usual, unit, why, effect) in OF_PODS {
            let said = said(manifest, "Behavior", &format!("/spec/defaults/{field}"));
            all.push(Assumed {
                key: format!("behavior/defaults/{field}"),
                subject: "all pods".to_owned(),
                what: what.to_owned(),
                usual: said.as_ref().filter(|said| *said != usual).map(|_| usual.to_owned()),
                value: said.unwrap_or_else(|| usual.to_owned()),
                unit,
                why: why.to_owned(),
                effect,
            });
        }
    }
    all.extend(
        workloads.into_iter().take(MOST_WORKLOADS).flat_map(|(workload, template)| of_workload(manifest, cluster, workload, template)),
    );
    all
}

fn workloads(c: &Cluster) -> Vec<(Workload, TemplateId)> {
    let mut all: Vec<(Workload, TemplateId)> = Vec::new();
    all.extend(c.deployments.iter().enumerate().map(|(i, of)| (Workload::Deployment(DeploymentId::from_index(i)), of.template)));
    let own = c.replica_sets.iter().enumerate().filter(|(_, of)| of.deployment.is_none());
    all.extend(own.map(|(i, of)| (Workload::ReplicaSet(ReplicaSetId::from_index(i)), of.template)));
    all.extend(c.stateful_sets.iter().enumerate().map(|(i, of)| (Workload::StatefulSet(StatefulSetId::from_index(i)), of.template)));
    all.extend(c.daemon_sets.iter().enumerate().map(|(i, of)| (Workload::DaemonSet(DaemonSetId::from_index(i)), of.template)));
    all.extend(c.jobs.iter().enumerate().map(|(i, of)| (Workload::Job(JobId::from_index(i)), of.template)));
    all
}

/// What a rule for one workload says.
fn rule(manifest: &Manifest, label: &str, pointer: &str) -> Option<String> {
    let own = manifest.documents.iter().rev().filter(|of| of.kind == "Behavior" && of.api_version.starts_with("wavetank.dev/"));
    own.filter_map(|of| {
        let value = of.value();
        let rules = value.pointer("/spec/workloads")?.as_array()?;
        rules.iter().rev().filter(|rule| rule["match"] == label).find_map(|rule| rule.pointer(pointer)).map(text_of)
    })
    .next()
}

/// Makes rows of one subject: what is said at `key` of a place, what it is called, its value, what is usual where it was said, its unit, why it
/// is assumed, what hangs on it.
fn rows<'a>(
    place: &'a str,
    subject: &'a str,
) -> impl Fn(&str, &str, String, Option<String>, &'static str, &str, &'static str) -> Assumed + 'a {
    move |key, what, value, usual, unit, why, effect| Assumed {
        key: format!("{place}/{key}"),
        subject: subject.to_owned(),
        what: what.to_owned(),
        value,
        usual,
        unit,
        why: why.to_owned(),
        effect,
    }
}

fn of_workload(manifest: &Manifest, cluster: &Cluster, workload: Workload, template: TemplateId) -> Vec<Assumed> {
    let label = cluster.workload_label(workload);
    let template = cluster.template(template);
    let place = format!("behavior/workloads/{label}");
    let row = rows(&place, &label);
    let mut all = Vec::new();
    if matches!(workload, Workload::Job(_)) {
        if let [exit] = &template.behavior.exits[..] {
            let said = rule(manifest, &label, "/exits/0/afterSeconds");
            let why = "manifests do not say how long a Job works";
            all.push(row("work", "work", seconds(exit.after), said.map(|_| "60".to_owned()), "s", why, WORK));
        }
        return all;
    }
    let probed = template.containers.iter().any(|of| of.readiness_probe.is_some() || of.startup_probe.is_some());
    let why = if probed {
        "manifests do not say when an application answers its probes"
    } else {
        "it has no readiness probe, so Kubernetes calls its pods ready as soon as they run"
    };
    let said = rule(manifest, &label, "/readySeconds");
    let usual = said.map(|_| if probed { seconds(PodBehavior::assumed().ready.unwrap_or(0)) } else { "0".to_owned() });
    let value = template.behavior.ready.map_or_else(|| "never".to_owned(), seconds);
    all.push(row("ready", "ready after its start", value, usual, "s", why, READY));
    let scaled = cluster.autoscalers.iter().any(|of| cluster.scale_target(of) == Some(workload));
    if scaled {
        let said = rule(manifest, &label, "/load/0/times");
        let why = "manifests do not say how much there is to do";
        all.push(row("load", "load", said.clone().unwrap_or_else(|| "1".to_owned()), said.map(|_| "1".to_owned()), "times", why, LOAD));
    }
    all
}

/// The pool of equal nodes that the cluster is, or would be written as.
fn pool_of(cluster: &Cluster) -> Value {
    let mut zones: Vec<&str> = Vec::new();
    for (_, node) in cluster.live_nodes() {
        let zone = cluster.zone_name(node.zone);
        if !zone.is_empty() && !zones.contains(&zone) {
            zones.push(zone);
        }
    }
    let first = cluster.live_nodes().next().map(|(_, node)| node);
    let (cpu, memory) = first.map_or((0, 0), |node| (node.capacity.cpu_milli, node.capacity.memory));
    let cpu = if cpu % 1_000 == 0 { (cpu / 1_000).to_string() } else { format!("{cpu}m") };
    let memory = match memory {
        whole if whole % (1 << 30) == 0 => format!("{}Gi", whole >> 30),
        whole if whole % (1 << 20) == 0 => format!("{}Mi", whole >> 20),
        bytes => bytes.to_string(),
    };
    let pods = first.map_or(110, |node| node.allocatable_pods);
    json!({
        "name": "node",
        "zones": zones,
        "count": cluster.live_nodes().count(),
        "capacity": {"cpu": cpu, "memory": memory, "pods": pods.to_string()},
    })
}

fn of_cluster(manifest: &Manifest, cluster: &Cluster) -> Vec<Assumed> {
    let mut all = Vec::new();
    let given = manifest.objects().any(|(_, object)| matches!(object, Object::Node(_)));
    let pools = said(manifest, "Cluster", "/spec/nodePools");
    let several = manifest.documents.iter().any(|of| of.kind == "Cluster" && of.value().pointer("/spec/nodePools/1").is_some());
    let row = rows("cluster", "cluster");
    // Several pools are somebody's own description of a cluster: no single value of theirs is an assumption.
    if !given && !several && cluster.live_nodes().next().is_some() {
        let pool = pool_of(cluster);
        let said = pools.is_some();
        let why = if said {
            "a Cluster document says it, because no Node was given"
        } else {
            "no Node was given: as few as hold every pod with one zone lost"
        };
        for (field, what, unit, effect) in [
            ("count", "nodes", "nodes", NODES),
            ("zones", "zones", "", ZONES),
            ("capacity/cpu", "cpu of each node", "", SIZE),
            ("capacity/memory", "memory of each node", "", SIZE),
        ] {
            let value = pool.pointer(&format!("/{field}")).map(text_of).unwrap_or_default();
            let key = format!("nodes/{}", field.trim_start_matches("capacity/"));
            all.push(row(&key, what, value, None, unit, why, effect));
        }
    }
    if !cluster.cron_jobs.is_empty() {
        let said = said(manifest, "Cluster", "/spec/time");
        let unix = cluster.clock.unix_ms_at_zero;
        let shown = jiff::Timestamp::from_millisecond(unix).map_or_else(|_| String::new(), |moment| moment.to_string());
        let why = "schedules are due by the clock, and manifests do not say what it shows";
        all.push(row("time", "clock at the start", said.unwrap_or(shown), None, "", why, CLOCK));
    }
    if !cluster.storage.claims.is_empty() || cluster.stateful_sets.iter().any(|set| !set.claim_templates.is_empty()) {
        for (field, what, read, effect) in OF_VOLUMES {
            let usual = seconds(read(&StorageTiming::default()));
            let value = seconds(read(&cluster.storage.timing));
            let why = "manifests do not say how long a storage system takes";
            let mut of = row(&format!("storage/{field}"), what, value.clone(), (value != usual).then_some(usual), "s", why, effect);
            of.subject = "all volumes".to_owned();
            all.push(of);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::SessionOptions;

    const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: web}}\n  \
                       template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: 'web:1', resources: {requests: {cpu: 100m}}}]}\n";

    fn open(files: &[(&str, &str)]) -> Session {
        let mut sources = SourceSet::default();
        for (name, text) in files {
            sources.add(*name, *text);
        }
        Session::open(sources, &SessionOptions::default())
    }

    fn value(session: &Session, key: &str) -> Assumed {
        session.assumed().into_iter().find(|of| of.key == key).unwrap_or_else(|| panic!("{key} is among {:#?}", session.assumed()))
    }

    #[test]
    fn every_value_can_be_said_and_counts() {
        let job = "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: once}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: 'c:1'}]}}}\n";
        let set = "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  selector: {matchLabels: {app: db}}\n  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, image: 'c:1'}]}}\n  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]\n";
        let cron = "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: nightly}\nspec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: 'c:1'}]}}}}}\n";
        let scaler = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web, namespace: shop}\nspec: {maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n";
        let text = [WEB, job, set, cron, scaler].concat();
        let session = open(&[("web.yaml", &text)]);
        let all = session.assumed();
        assert!(all.iter().filter(|of| !of.key.is_empty()).count() >= 17, "{all:#?}");
        for of in all.iter().filter(|of| !of.key.is_empty()) {
            let new = match of.key.as_str() {
                "cluster/nodes/zones" => "east, west",
                "cluster/nodes/memory" => "48Gi",
                "cluster/time" => "2026-03-29T00:55:00Z",
                key if key.ends_with("Usage") => "40%",
                key if key.ends_with("Growth") => "1Mi",
                _ => "7",
            };
            let (name, changed) = session.say(&of.key, new).unwrap_or_else(|why| panic!("{}: {why}", of.key));
            assert_eq!(name, FILE, "{}", of.key);
            let said = open(&[("web.yaml", &text), (FILE, &changed)]);
            assert!(same(&value(&said, &of.key).value, new), "{}: {changed}", of.key);
            assert!(said.diagnostics().iter().all(|of| of.severity != Severity::Error), "{changed}: {:?}", said.diagnostics());
        }
    }

    #[test]
    fn a_document_that_is_there_is_changed_and_its_form_is_kept() {
        let own = "# ours\napiVersion: wavetank.dev/v1alpha1\nkind: Behavior\nspec:\n  defaults:\n    startSeconds: 9  # measured\n  workloads:\n  - match: shop/deployment/web\n    readySeconds: 4\n";
        let session = open(&[("web.yaml", WEB), ("behavior.yaml", own)]);
        let start = value(&session, "behavior/defaults/startSeconds");
        assert_eq!((start.value.as_str(), start.usual.as_deref()), ("9", Some("5")));
        let (name, text) = session.say("behavior/defaults/startSeconds", "12").expect("it can be said");
        assert_eq!((name.as_str(), text), ("behavior.yaml", own.replace(": 9 ", ": 12 ")));
        let (_, text) = session.say("behavior/workloads/shop/deployment/web/ready", "never").expect("it can be said");
        assert_eq!(text, own.replace("readySeconds: 4", "readySeconds: never"));
        let (_, text) = session.say("behavior/defaults/stopSeconds", "0.5").expect("it can be said");
        assert!(
            text.starts_with("# ours\n") && text.contains("startSeconds: 9  # measured") && text.contains("stopSeconds: 0.5"),
            "{text}"
        );
        let (name, _) = session.say("cluster/nodes/count", "9").expect("it can be said");
        assert_eq!(name, FILE, "a Cluster is another document");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let session = open(&[("web.yaml", WEB)]);
        for (key, value) in [
            ("behavior/defaults/startSeconds", "soon"),
            ("behavior/defaults/startSeconds", "-1"),
            ("behavior/defaults/startSeconds", "5"),
            ("behavior/defaults/nonsense", "5"),
            ("cluster/nodes/count", "many"),
            ("cluster/nodes/cpu", "a lot"),
            ("behavior/workloads/shop/deployment/other/ready", "3"),
            ("", "3"),
        ] {
            assert!(session.say(key, value).is_err(), "{key} {value}");
        }
        let later = "apiVersion: wavetank.dev/v1alpha1\nkind: Behavior\nspec:\n  workloads:\n  - {match: web, readySeconds: 4}\n";
        let session = open(&[("web.yaml", WEB), ("behavior.yaml", later)]);
        let refused = session.say("behavior/workloads/shop/deployment/web/ready", "8").expect_err("the later rule counts more");
        assert!(refused.0.contains("counts more"), "{refused}");
    }
}
