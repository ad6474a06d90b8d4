//! Holding what a run showed against the recorded summary, part by part.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use wavetank_core::cluster::Cluster;
use wavetank_core::cluster::ids::{PodId, ReplicaSetId};
use wavetank_core::trace::{Subject, Trace};

use super::autoscaling;
use super::case::Case;
use super::names;
use super::observe::{Observer, Point, ranges};

/// A state of endpoints shows in a summary if it lasted longer, milliseconds.
const LASTING: i64 = 1_600;
/// How far a loop of its own phase is from the whole seconds at which nodes act, milliseconds.
const PHASE: i64 = 1_000;
/// Families whose times are reproduced no better than this have such loops, seconds.
const OWN_PHASE: f64 = 2.0;

/// One part of a summary: where it stands, and what was expected and got if they differ.
pub(crate) struct Part {
    /// Path within the summary.
    pub(crate) path: String,
    /// Expected and got; none if they agree.
    pub(crate) difference: Option<(String, String)>,
}

/// Everything about a finished run that a summary may speak of.
pub(crate) struct Shown<'a> {
    /// The scenario.
    pub(crate) case: &'a Case,
    /// What was gathered on the way.
    pub(crate) observer: &'a Observer,
    /// The cluster at the end.
    pub(crate) cluster: &'a Cluster,
    /// What happened.
    pub(crate) trace: &'a Trace,
    /// `responses` as produced: direct, drain, drainMessages.
    pub(crate) responses: &'a Responses,
}

/// What the API server answered to the steps.
#[derive(Default)]
pub(crate) struct Responses {
    /// Step answers.
    pub(crate) direct: Vec<Point>,
    /// Drain rounds.
    pub(crate) drain: Vec<Point>,
    /// Drain messages.
    pub(crate) drain_messages: BTreeSet<String>,
}

/// Judges all parts of a summary.
pub(crate) fn judge(shown: &Shown) -> Vec<Part> {
    let mut parts = Vec::new();
    let Some(summary) = shown.case.summary.as_object() else { return parts };
    for (section, content) in summary {
        let Some(content) = content.as_object() else {
            if section == "events" {
                parts.push(events(shown, content));
            }
            continue;
        };
        for (name, value) in content {
            match section.as_str() {
                "deployments" | "replicaSets" | "statefulSets" | "daemonSets" | "jobs" | "cronJobs" | "horizontalPodAutoscalers" => {
                    let Some(fields) = value.as_object() else { continue };
                    for (field, value) in fields {
                        workload_part(shown, &mut parts, &format!("{section}/{name}"), field, value);
                    }
                }
                "nodeChanges" => parts.push(list(shown, format!("{section}/{name}"), value, false)),
                "endpoints" => parts.push(lasting(shown, format!("{section}/{name}"), value)),
                "pods" => pods_part(shown, &mut parts, name, value),
                "responses" => parts.push(response(shown, name, value)),
                "final" => parts.push(final_part(shown, name, value)),
                _ => parts.push(settled(shown, format!("{section}/{name}"), value)),
            }
        }
    }
    parts
}

fn workload_part(shown: &Shown, parts: &mut Vec<Part>, owner: &str, field: &str, value: &Value) {
    let path = format!("{owner}/{field}");
    let extremes = shown.observer.extremes.get(owner).copied().unwrap_or_default();
    match field {
        "conditions" => {
            for (kind, value) in value.as_object().into_iter().flatten() {
                parts.push(settled(shown, format!("{path}/{kind}"), value));
            }
        }
        "replicaSets" => {
            let name = owner.rsplit('/').next().unwrap_or("");
            let sets = (0..shown.cluster.replica_sets.len()).map(ReplicaSetId::from_index);
            let own: Vec<String> =
                sets.map(|id| names::replica_set(shown.cluster, id)).filter(|n| n.split('#').next() == Some(name)).collect();
            parts.push(equal(path, value, &json!(own)));
        }
        "minReady" => parts.push(equal(path, value, &extremes.least_ready.map_or(Value::Null, |n| json!(n)))),
        "maxActivePods" => parts.push(equal(path, value, &json!(extremes.most_active))),
        "maxPods" => parts.push(equal(path, value, &json!(extremes.most))),
        "spec" => parts.push(list(shown, path, value, false)),
        // Members of one list within the same second may be permuted where it mixes subjects.
        "pods" if owner.starts_with("statefulSets") => parts.push(list(shown, path, value, true)),
        "settledSpec" => {
            let got = settle(shown.observer.lists.get(&format!("{owner}/spec")).map_or(&[][..], Vec::as_slice), shown.case.until);
            parts.push(compare_series(shown, path, value, got, false));
        }
        "jobs" => parts.push(list(shown, path, value, true)),
        "counts" => parts.push(waves(shown, path, owner, value, true)),
        "waves" | "pods" => parts.push(waves(shown, path, owner, value, false)),
        _ => parts.push(settled(shown, path, value)),
    }
}

fn pods_part(shown: &Shown, parts: &mut Vec<Part>, name: &str, value: &Value) {
    let path = format!("pods/{name}");
    match name {
        // Ties between nodes are broken at random: advisory.
        "nodes" => {}
        "created" | "deleted" => {
            let got = if name == "created" { &shown.observer.created } else { &shown.observer.deleted };
            for (owner, count) in value.as_object().into_iter().flatten() {
                parts.push(equal(format!("{path}/{owner}"), count, &json!(got.get(owner).copied().unwrap_or(0))));
            }
        }
        "counts" => parts.push(waves(shown, path, "pods", value, true)),
        "waves" => parts.push(waves(shown, path, "pods", value, false)),
        "disruptionCounts" => {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            for (_, entry) in shown.observer.lists.get("pods/disruptionTargets").into_iter().flatten() {
                *counts.entry(entry[1].as_str().unwrap_or("").to_owned()).or_default() += 1;
            }
            // A count that is missing was not reproducible.
            for (condition, count) in value.as_object().into_iter().flatten() {
                parts.push(equal(format!("{path}/{condition}"), count, &json!(counts.get(condition).copied().unwrap_or(0))));
            }
        }
        _ => parts.push(list(shown, path, value, true)),
    }
}

fn equal(path: String, expected: &Value, got: &Value) -> Part {
    let difference = (expected != got).then(|| (expected.to_string(), got.to_string()));
    Part { path, difference }
}

fn points(value: &Value) -> Vec<Point> {
    let one = |entry: &Value| {
        let t = entry["t"].as_f64().unwrap_or(0.0);
        ((t * 1_000.0).round() as i64, entry.get("v").cloned().unwrap_or(Value::Null))
    };
    value.as_array().map(|list| list.iter().map(one).collect()).unwrap_or_default()
}

/// The states seen at 0.85 s past every whole second, consecutive equal ones once, with the moment they began.
fn settle(series: &[Point], until: f64) -> Vec<Point> {
    let mut settled: Vec<Point> = Vec::new();
    let end = (until * 1_000.0) as i64;
    let mut index = 0;
    let mut look = -150;
    while look <= end {
        while index < series.len() && series[index].0 <= look {
            index += 1;
        }
        if index > 0 {
            let current = &series[index - 1];
            if settled.last().is_none_or(|last| last.1 != current.1) {
                settled.push(current.clone());
            }
        }
        look += 1_000;
    }
    settled
}

fn settled(shown: &Shown, path: String, expected: &Value) -> Part {
    let series = shown.observer.states.get(&path).map_or(&[][..], Vec::as_slice);
    compare_series(shown, path.clone(), expected, settle(series, shown.case.until), false)
}

/// Endpoints: the states that lasted more than 1.6 s. Where loops have a phase of their own (a family with a large tolerance), what they
/// begin and what the nodes, on whole seconds, end lasts up to a second more or less: such a state may show or not.
fn lasting(shown: &Shown, path: String, expected: &Value) -> Part {
    let series = shown.observer.states.get(&path).cloned().unwrap_or_default();
    let end = (shown.case.until * 1_000.0) as i64;
    let lasted = |i: usize| series.get(i + 1).map_or(end, |n| n.0) - series[i].0;
    let select = |keep: &dyn Fn(usize) -> bool| {
        let mut kept: Vec<Point> = Vec::new();
        for (i, point) in series.iter().enumerate() {
            if keep(i) && kept.last().is_none_or(|k| k.1 != point.1) {
                kept.push(point.clone());
            }
        }
        kept
    };
    let strict = compare_series(shown, path.clone(), expected, select(&|i| lasted(i) > LASTING), false);
    let open: Vec<usize> = (0..series.len()).filter(|&i| (lasted(i) - LASTING).abs() <= PHASE).collect();
    if strict.difference.is_none() || shown.case.reproducibility.time_tolerance < OWN_PHASE || open.len() > 10 {
        return strict;
    }
    let chosen = |set: u32, i: usize| match open.iter().position(|&o| o == i) {
        Some(bit) => set >> bit & 1 == 1,
        None => lasted(i) > LASTING,
    };
    let alike = |set: &u32| compare_series(shown, path.clone(), expected, select(&|i| chosen(*set, i)), false).difference.is_none();
    if (0..1 << open.len()).any(|set| alike(&set)) { Part { path, difference: None } } else { strict }
}

fn list(shown: &Shown, path: String, expected: &Value, permutable: bool) -> Part {
    let got = shown.observer.lists.get(&path).cloned().unwrap_or_default();
    compare_series(shown, path, expected, got, permutable)
}

fn compare_series(shown: &Shown, path: String, expected: &Value, got: Vec<Point>, permutable: bool) -> Part {
    let tolerance = ((shown.case.reproducibility.time_tolerance + 0.5) * 1_000.0) as i64;
    let expected_points = points(expected);
    let order = |list: &[Point]| {
        let mut list: Vec<Point> = list.iter().map(|(t, v)| (*t, interchange(shown, v))).collect();
        if permutable {
            // Members that lie within the same second may be permuted: sort by value within runs of close times.
            let mut start = 0;
            while start < list.len() {
                let mut end = start + 1;
                while end < list.len() && list[end].0 - list[end - 1].0 < 700 {
                    end += 1;
                }
                let mut values: Vec<Value> = list[start..end].iter().map(|p| p.1.clone()).collect();
                values.sort_by_key(Value::to_string);
                for (place, value) in values.into_iter().enumerate() {
                    list[start + place].1 = value;
                }
                start = end;
            }
        }
        list
    };
    let (want, have) = (order(&expected_points), order(&got));
    let same = want.len() == have.len() && want.iter().zip(&have).all(|(w, h)| w.1 == h.1 && (w.0 - h.0).abs() <= tolerance);
    let text = |list: &[Point]| {
        list.iter()
            .map(|(t, v)| if v.is_null() { format!("{}", *t as f64 / 1e3) } else { format!("{}:{v}", *t as f64 / 1e3) })
            .collect::<Vec<_>>()
            .join(" ")
    };
    Part { path, difference: (!same).then(|| (text(&want), text(&have))) }
}

/// Pods of one owner created in the same instant are interchangeable: each is named by the first of its kind.
fn interchange(shown: &Shown, value: &Value) -> Value {
    match value {
        Value::String(text) => match text.rsplit_once('/') {
            Some((owner, number)) if number.parse::<u32>().is_ok() && shown.observer.born.contains_key(text) => {
                let born = shown.observer.born.get(text);
                let same = |n: &u32| shown.observer.born.get(&format!("{owner}/{n}")) == born;
                let first = (1..=number.parse::<u32>().unwrap_or(1)).find(same).unwrap_or(1);
                json!(format!("{owner}/{first}+"))
            }
            _ => value.clone(),
        },
        Value::Array(items) => Value::Array(items.iter().map(|v| interchange(shown, v)).collect()),
        other => other.clone(),
    }
}

fn waves(shown: &Shown, path: String, owner: &str, expected: &Value, count: bool) -> Part {
    let waves = shown.observer.waves.get(owner).cloned().unwrap_or_default();
    let got = waves.into_iter().map(|(second, kinds)| {
        let entry = kinds.into_iter().map(|(what, mut pods)| {
            pods.sort();
            (what.to_owned(), if count { json!(pods.len()) } else { json!(pods) })
        });
        (second * 1_000, Value::Object(entry.collect()))
    });
    let canonical = |value: &Value| {
        let Some(kinds) = value.as_object() else { return value.clone() };
        let sorted: BTreeMap<&String, Value> = kinds
            .iter()
            .map(|(k, v)| {
                let mut v = interchange(shown, v);
                if let Value::Array(list) = &mut v {
                    list.sort_by_key(Value::to_string);
                }
                (k, v)
            })
            .collect();
        json!(sorted)
    };
    let got: Vec<Point> = got.map(|(t, v)| (t, canonical(&v))).collect();
    let want: Vec<Point> = points(expected).iter().map(|(t, v)| (*t, canonical(v))).collect();
    let expected: Vec<Value> = want.iter().map(|(t, v)| json!({"t": *t as f64 / 1e3, "v": v})).collect();
    let got = if shown.case.reproducibility.time_tolerance < OWN_PHASE { got } else { joined(&want, got) };
    compare_series(shown, path, &Value::Array(expected), got, false)
}

/// An instant of a recording may hold what a simulator does in two seconds that follow each other, where the first was begun by a loop
/// with a phase of its own: two such are joined where that makes what was recorded.
fn joined(want: &[Point], got: Vec<Point>) -> Vec<Point> {
    let mut list: Vec<Point> = Vec::with_capacity(got.len());
    let mut rest = got.into_iter().peekable();
    while let Some((t, v)) = rest.next() {
        let wanted = want.get(list.len()).map(|w| &w.1);
        let both = rest.peek().filter(|next| next.0 - t <= PHASE).and_then(|next| united(&v, &next.1));
        match both.filter(|both| wanted == Some(both) && wanted != Some(&v)) {
            Some(both) => {
                rest.next();
                list.push((t, both));
            }
            None => list.push((t, v)),
        }
    }
    list
}

/// What two instants hold together: numbers added, names gathered.
fn united(a: &Value, b: &Value) -> Option<Value> {
    let mut all = a.as_object()?.clone();
    for (kind, more) in b.as_object()? {
        let sum = match (all.get(kind), more) {
            (None, more) => more.clone(),
            (Some(Value::Array(old)), Value::Array(more)) => {
                let mut names: Vec<Value> = old.iter().chain(more).cloned().collect();
                names.sort_by_key(Value::to_string);
                Value::Array(names)
            }
            (Some(old), more) => json!(old.as_u64()? + more.as_u64()?),
        };
        all.insert(kind.clone(), sum);
    }
    let sorted: BTreeMap<String, Value> = all.into_iter().collect();
    Some(json!(sorted))
}

fn response(shown: &Shown, name: &str, expected: &Value) -> Part {
    let path = format!("responses/{name}");
    match name {
        "direct" => compare_series(shown, path, expected, shown.responses.direct.clone(), true),
        "drain" => compare_series(shown, path, expected, shown.responses.drain.clone(), true),
        _ => equal(path, expected, &json!(shown.responses.drain_messages)),
    }
}

/// An event's message, whether or not it was merged with similar ones: which are depends on their order.
fn alone(message: &str) -> &str {
    message.strip_prefix("(combined from similar events): ").unwrap_or(message)
}

/// Each recorded event must occur; more may.
fn events(shown: &Shown, expected: &Value) -> Part {
    let mut got: BTreeSet<(String, String, String, String, String)> = BTreeSet::new();
    for record in shown.trace.records() {
        let Some(event) = shown.trace.event(shown.cluster, record) else { continue };
        let object = object_name(shown.cluster, record.subject);
        let message = names::normalise(shown.cluster, alone(&event.message));
        let kind = if event.warning { "Warning" } else { "Normal" };
        got.insert((event.reason.to_owned(), kind.to_owned(), object, message, event.source.to_owned()));
    }
    let mut missing = Vec::new();
    for entry in expected.as_array().into_iter().flatten() {
        let field = |i: usize| entry[i].as_str().unwrap_or("");
        // Drawn values are recorded as `<uid>`.
        let message = alone(field(3)).replace("<uid>", "*");
        let message = message.as_str();
        let matches = |g: &(String, String, String, String, String)| {
            g.0 == field(0)
                && g.1 == field(1)
                && alike(field(2), &g.2)
                && g.4 == field(4)
                && (alike(message, &g.3) || (message.ends_with("nodes are available") && g.3.starts_with(message)))
        };
        if !got.iter().any(matches) {
            missing.push(entry.to_string());
        }
    }
    let near = || {
        let reasons: BTreeSet<&str> = expected.as_array().into_iter().flatten().filter_map(|e| e[0].as_str()).collect();
        let lines = got.iter().filter(|g| reasons.contains(g.0.as_str())).map(|g| format!("{} {}: {}", g.0, g.2, g.3));
        lines.take(12).collect::<Vec<_>>().join(" | ")
    };
    Part { path: "events".to_owned(), difference: (!missing.is_empty()).then(|| (missing.join(" | "), near())) }
}

/// Whether `text` is what `pattern` says, each `*` or `?` of a name standing for anything.
fn alike(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut last_empty = first.len() == pattern.len();
    if last_empty {
        return rest.is_empty();
    }
    for part in parts {
        last_empty = part.is_empty();
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    last_empty || rest.is_empty()
}

/// The recorded name of what a record is about.
pub(crate) fn object_name(cluster: &Cluster, subject: Subject) -> String {
    match subject {
        Subject::Pod(id) => format!("Pod/{}", names::pod(cluster, id)),
        Subject::Node(id) => format!("Node/{}", cluster.text(cluster.node(id).name)),
        Subject::Deployment(id) => format!("Deployment/{}", cluster.text(cluster.deployments[id.index()].meta.name)),
        Subject::ReplicaSet(id) => format!("ReplicaSet/{}", names::replica_set(cluster, id)),
        Subject::StatefulSet(id) => format!("StatefulSet/{}", cluster.text(cluster.stateful_sets[id.index()].meta.name)),
        Subject::DaemonSet(id) => format!("DaemonSet/{}", cluster.text(cluster.daemon_sets[id.index()].meta.name)),
        Subject::Job(id) => format!("Job/{}", names::job(cluster, id)),
        Subject::CronJob(id) => format!("CronJob/{}", cluster.text(cluster.cron_jobs[id.index()].meta.name)),
        Subject::Autoscaler(id) => format!("HorizontalPodAutoscaler/{}", cluster.text(cluster.autoscalers[id.index()].meta.name)),
        Subject::Budget(id) => format!("PodDisruptionBudget/{}", cluster.text(cluster.budgets[id.index()].meta.name)),
        Subject::Claim(id) => format!("PersistentVolumeClaim/{}", cluster.text(cluster.storage.claims[id.index()].name)),
        _ => String::new(),
    }
}

fn final_part(shown: &Shown, kind: &str, expected: &Value) -> Part {
    let cluster = shown.cluster;
    let mut got = serde_json::Map::new();
    let positive = |fields: &[(&str, i64)]| {
        let set = fields.iter().filter(|f| f.1 != 0).map(|(k, v)| ((*k).to_owned(), json!(v)));
        set.collect::<serde_json::Map<_, _>>()
    };
    match kind {
        "Pod" => {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            for (id, pod) in (0..cluster.pods.len()).map(|i| (PodId::from_index(i), &cluster.pods[i])).filter(|(_, p)| !p.gone) {
                let ready = if pod.ready { " Ready" } else { "" };
                let leaving = if pod.deletion.is_some() { " Terminating" } else { "" };
                *counts.entry(format!("{} {}{ready}{leaving}", names::counted_owner(cluster, id), pod.phase.name())).or_default() += 1;
            }
            let mut got = json!(counts);
            leave_out(shown, kind, &mut got);
            return equal(format!("final/{kind}"), &sorted(expected), &sorted(&got));
        }
        "Deployment" => {
            for d in cluster.deployments.iter().filter(|d| !d.meta.gone) {
                let s = &d.status;
                let mut fields = positive(&[
                    ("available", s.available.into()),
                    ("ready", s.ready.into()),
                    ("replicas", s.replicas.into()),
                    ("spec.replicas", d.replicas.into()),
                    ("updated", s.updated.into()),
                    ("unavailable", s.unavailable.into()),
                    ("terminating", s.terminating.into()),
                ]);
                let revision = d.replica_sets.iter().map(|r| cluster.replica_sets[r.index()].revision).max().unwrap_or(0);
                fields.insert("revision".to_owned(), json!(revision.to_string()));
                if d.paused {
                    fields.insert("paused".to_owned(), json!(true));
                }
                conditions(cluster, &mut fields, &s.conditions, true);
                got.insert(cluster.text(d.meta.name).to_owned(), Value::Object(fields));
            }
        }
        "ReplicaSet" => {
            for (i, r) in cluster.replica_sets.iter().enumerate().filter(|(_, r)| !r.meta.gone) {
                let s = &r.status;
                let mut fields = positive(&[
                    ("available", s.available.into()),
                    ("ready", s.ready.into()),
                    ("replicas", s.replicas.into()),
                    ("spec.replicas", r.replicas.into()),
                    ("terminating", s.terminating.into()),
                ]);
                if let Some((desired, max)) = r.annotations {
                    fields.insert("desired".to_owned(), json!(desired.to_string()));
                    fields.insert("max".to_owned(), json!(max.to_string()));
                    fields.insert("revision".to_owned(), json!(r.revision.to_string()));
                }
                conditions(cluster, &mut fields, &s.conditions, true);
                got.insert(names::replica_set(cluster, ReplicaSetId::from_index(i)), Value::Object(fields));
            }
        }
        "StatefulSet" => {
            for (i, set) in cluster.stateful_sets.iter().enumerate().filter(|(_, s)| !s.meta.gone) {
                let owner = wavetank_core::cluster::pod::Owner::StatefulSet(wavetank_core::cluster::ids::StatefulSetId::from_index(i));
                let s = &set.status;
                let mut fields = positive(&[
                    ("available", s.available.into()),
                    ("current", s.current.into()),
                    ("ready", s.ready.into()),
                    ("replicas", s.replicas.into()),
                    ("spec.replicas", set.replicas.into()),
                    ("updated", s.updated.into()),
                ]);
                fields.insert("currentRevision".to_owned(), json!(names::revision(cluster, owner, set.current_template)));
                fields.insert("updateRevision".to_owned(), json!(names::revision(cluster, owner, set.template)));
                got.insert(cluster.text(set.meta.name).to_owned(), Value::Object(fields));
            }
        }
        "DaemonSet" => {
            for d in cluster.daemon_sets.iter().filter(|d| !d.meta.gone) {
                let s = &d.status;
                let fields = positive(&[
                    ("available", s.available.into()),
                    ("current", s.current.into()),
                    ("desired", s.desired.into()),
                    ("misscheduled", s.misscheduled.into()),
                    ("ready", s.ready.into()),
                    ("updated", s.updated.into()),
                    ("unavailable", (s.desired - s.available).into()),
                ]);
                got.insert(cluster.text(d.meta.name).to_owned(), Value::Object(fields));
            }
        }
        "Job" => {
            for (i, job) in cluster.jobs.iter().enumerate().filter(|(_, j)| !j.meta.gone) {
                let s = &job.status;
                let mut fields = positive(&[
                    ("active", s.active.into()),
                    ("ready", s.ready.into()),
                    ("succeeded", s.succeeded.into()),
                    ("failed", s.failed.into()),
                    ("terminating", s.terminating.into()),
                ]);
                if s.start.is_some() {
                    fields.insert("started".to_owned(), json!(true));
                }
                for (name, indexes) in [("completedIndexes", &s.completed_indexes), ("failedIndexes", &s.failed_indexes)] {
                    if !indexes.is_empty() {
                        fields.insert(name.to_owned(), json!(ranges(indexes)));
                    }
                }
                conditions(cluster, &mut fields, &s.conditions, true);
                let id = wavetank_core::cluster::ids::JobId::from_index(i);
                got.insert(names::job(cluster, id), Value::Object(fields));
            }
        }
        "PodDisruptionBudget" => {
            for b in cluster.budgets.iter().filter(|b| !b.meta.gone) {
                let s = &b.status;
                let mut fields = positive(&[
                    ("currentHealthy", s.current_healthy.into()),
                    ("desiredHealthy", s.desired_healthy.into()),
                    ("disruptionsAllowed", s.disruptions_allowed.into()),
                    ("expectedPods", s.expected_pods.into()),
                ]);
                conditions(cluster, &mut fields, &s.conditions, false);
                got.insert(cluster.text(b.meta.name).to_owned(), Value::Object(fields));
            }
        }
        "CronJob" | "HorizontalPodAutoscaler" => got = autoscaling::finals(cluster, kind),
        other => got = super::observe_storage::final_objects(cluster, other),
    }
    let mut got = Value::Object(got);
    leave_out(shown, kind, &mut got);
    equal(format!("final/{kind}"), &sorted(expected), &sorted(&got))
}

/// Takes out of a final state what the recorded runs did not agree on.
fn leave_out(shown: &Shown, kind: &str, got: &mut Value) {
    let prefix = format!("/final/{kind}/");
    for path in shown.case.reproducibility.not_equal.iter().filter_map(|path| path.strip_prefix(&prefix)) {
        let Some(objects) = got.as_object_mut() else { return };
        if objects.remove(path).is_none()
            && let Some((name, field)) = path.split_once('/')
            && let Some(object) = objects.get_mut(name).and_then(Value::as_object_mut)
        {
            object.remove(field);
        }
    }
}

fn conditions(
    cluster: &Cluster,
    fields: &mut serde_json::Map<String, Value>,
    conditions: &[wavetank_core::cluster::workloads::Condition],
    message: bool,
) {
    for c in conditions {
        let text = if c.message.is_empty() || !message {
            format!("{} {}", c.status, c.reason)
        } else {
            format!("{} {}: {}", c.status, c.reason, names::normalise(cluster, &c.message))
        };
        fields.insert(format!("condition:{}", c.kind), json!(text));
    }
}

/// Objects with their keys in order: equality of JSON objects must not depend on it.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let ordered: BTreeMap<&String, Value> = map.iter().map(|(k, v)| (k, sorted(v))).collect();
            json!(ordered)
        }
        Value::Array(list) => Value::Array(list.iter().map(sorted).collect()),
        other => other.clone(),
    }
}
