//! Which behaviour the pods of a template are assumed to have: our own `Behavior` documents, else what probes and kind suggest.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::Deserialize;
use serde_json::Value;

use super::loads::{LoadSaid, WrittenLoad};
use super::selectors::{Map, labels, selector};
use super::template::Kind;
use super::webhooks::WrittenWebhook;
use crate::cluster::behavior::{ContainerBehavior, Exit, PodBehavior};
use crate::cluster::template::{Container, PodTemplate};
use crate::units::intern::Interner;
use crate::units::quantity::Quantity;
use crate::units::time::{Millis, SECOND};

/// How long a Job's pod is assumed to work.
pub const ASSUMED_JOB: Millis = 60 * SECOND;

/// A use of memory or cpu: so much, or a share of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usage {
    /// An amount.
    Amount(Quantity),
    /// Percent of the request.
    Percent(i64),
}

/// What is said of a behaviour; the rest is left to the next rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// See [`PodBehavior::start`].
    pub start: Option<Millis>,
    /// See [`PodBehavior::ready`].
    pub ready: Option<Option<Millis>>,
    /// See [`PodBehavior::unready_pods`].
    pub unready_pods: Option<Vec<u32>>,
    /// See [`PodBehavior::stop`].
    pub stop: Option<Millis>,
    /// See [`PodBehavior::stagger`].
    pub stagger: Option<Millis>,
    /// See [`PodBehavior::stagger_of`].
    pub stagger_of: Option<u32>,
    /// See [`PodBehavior::pull_fails`].
    pub pull_fails: Option<bool>,
    /// See [`PodBehavior::stop_code`].
    pub stop_code: Option<i32>,
    /// See [`PodBehavior::processes`].
    pub processes: Option<u32>,
    /// See [`PodBehavior::exits`].
    pub exits: Option<Vec<Exit>>,
    /// See [`PodBehavior::exits_by_index`].
    pub exits_by_index: Option<Vec<(u32, Vec<Exit>)>>,
    /// See [`PodBehavior::containers`].
    pub containers: Option<Vec<(String, ContainerBehavior)>>,
    /// Memory in use.
    pub memory: Option<Usage>,
    /// See [`PodBehavior::memory_growth`].
    pub memory_growth: Option<i64>,
    /// cpu in use.
    pub cpu: Option<Usage>,
    /// What there is to do, from when on.
    pub load: Option<Vec<LoadSaid>>,
}

/// Which pods a rule is about. All that is said must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Match {
    /// Kind of the workload, in small letters: `deployment`.
    pub kind: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
    /// Labels of the pods.
    pub selector: Option<LabelSelector>,
    /// Image of the first container, as written.
    pub image: Option<String>,
}

/// All rules; of several that say something about the same thing the later counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Behaviors {
    /// Which pods, and what is said of them.
    pub rules: Vec<(Match, Said)>,
    /// What is said of webhooks, by their names.
    pub webhooks: Vec<(String, WrittenWebhook)>,
}

/// The pods that an answer is wanted for.
pub(crate) struct Question<'a> {
    pub(crate) kind: Kind,
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) labels: Option<&'a Map>,
    pub(crate) image: &'a str,
}

/// Where a figure comes from, for the list of assumptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Basis {
    /// A Behavior document.
    Said,
    /// No probe: Kubernetes calls the pod ready as soon as it runs.
    NoProbe,
    /// The default, with a probe that has no delay of its own.
    Default,
    /// Derived from the delays of the probes.
    Probes,
}

impl Behaviors {
    /// What a rule says, the later rules first.
    fn said<T: Clone>(&self, question: &Question<'_>, pick: impl Fn(&Said) -> Option<&T>) -> Option<T> {
        self.rules.iter().rev().filter(|(m, _)| m.covers(question)).find_map(|(_, said)| pick(said)).cloned()
    }

    /// The behaviour of a template's pods.
    pub(crate) fn answer(&self, question: &Question<'_>, template: &PodTemplate) -> PodBehavior {
        let assumed = PodBehavior::assumed();
        let exits = if question.kind == Kind::Job { vec![Exit { after: ASSUMED_JOB, code: 0 }] } else { Vec::new() };
        PodBehavior {
            start: self.said(question, |s| s.start.as_ref()).unwrap_or(assumed.start),
            ready: self.said(question, |s| s.ready.as_ref()).unwrap_or_else(|| Some(ready_by_probes(template).0)),
            stop: self.said(question, |s| s.stop.as_ref()).unwrap_or(assumed.stop),
            stagger: self.said(question, |s| s.stagger.as_ref()).unwrap_or(assumed.stagger),
            unready_pods: self.said(question, |s| s.unready_pods.as_ref()).unwrap_or_default(),
            stagger_of: self.said(question, |s| s.stagger_of.as_ref()).unwrap_or(assumed.stagger_of),
            pull_fails: self.said(question, |s| s.pull_fails.as_ref()).unwrap_or(assumed.pull_fails),
            stop_code: self.said(question, |s| s.stop_code.as_ref()).unwrap_or(assumed.stop_code),
            exits: self.said(question, |s| s.exits.as_ref()).unwrap_or(exits),
            exits_by_index: self.said(question, |s| s.exits_by_index.as_ref()).unwrap_or_default(),
            containers: self.said(question, |s| s.containers.as_ref()).unwrap_or_default(),
            memory_usage: self.said(question, |s| s.memory.as_ref()).map(|u| u.of(template.requests.memory, Quantity::value)),
            memory_growth: self.said(question, |s| s.memory_growth.as_ref()).unwrap_or(assumed.memory_growth),
            cpu_usage: self.said(question, |s| s.cpu.as_ref()).map(|u| u.of(template.requests.cpu_milli, Quantity::milli_value)),
            processes: self.said(question, |s| s.processes.as_ref()),
        }
    }

    /// What there is to do for a workload's pods, from when on; empty where nothing is said.
    pub(crate) fn load(&self, question: &Question<'_>) -> Vec<LoadSaid> {
        self.said(question, |s| s.load.as_ref()).unwrap_or_default()
    }

    /// The behaviour of a workload's pods once their first container has this image. `kind` in small letters.
    pub fn of_image(&self, kind: &str, name: &str, namespace: &str, image: &str, template: &PodTemplate) -> PodBehavior {
        let kinds = [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::ReplicaSet, Kind::Job];
        let kind = kinds.into_iter().find(|k| k.word() == kind).unwrap_or(Kind::Pod);
        self.answer(&Question { kind, name, namespace, labels: None, image }, template)
    }

    /// Where the time until ready comes from.
    pub(crate) fn ready_basis(&self, question: &Question<'_>, template: &PodTemplate) -> Basis {
        match self.said(question, |s| s.ready.as_ref()) {
            Some(_) => Basis::Said,
            None => ready_by_probes(template).1,
        }
    }

    /// Adds the rules of a `Behavior` document.
    ///
    /// # Errors
    /// JSON pointer and what is wrong there.
    pub fn add_document(&mut self, document: &Value) -> Result<(), (String, String)> {
        let Some(spec) = document.get("spec") else { return Err((String::new(), "a Behavior has a spec".to_owned())) };
        let Some(spec) = spec.as_object() else { return Err(("/spec".to_owned(), "spec is an object".to_owned())) };
        if let Some(unknown) = spec.keys().find(|k| !matches!(k.as_str(), "defaults" | "workloads" | "webhooks")) {
            return Err((format!("/spec/{unknown}"), "a Behavior's spec has defaults, workloads and webhooks".to_owned()));
        }
        if let Some(defaults) = spec.get("defaults") {
            let said = read_said(defaults.clone(), "/spec/defaults")?;
            self.rules.push((Match::default(), said));
        }
        for (i, entry) in spec.get("webhooks").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let at = |key: &str| format!("/spec/webhooks/{i}{key}");
            self.webhooks.push(WrittenWebhook::read(entry).map_err(|(key, why)| (at(&key), why))?);
        }
        let entries = spec.get("workloads").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (i, entry) in entries.iter().enumerate() {
            let at = format!("/spec/workloads/{i}");
            let Some(mut rest) = entry.as_object().cloned() else { return Err((at, "an entry is an object".to_owned())) };
            let mut text = |key: &str| rest.shift_remove(key).and_then(|v| v.as_str().map(str::to_owned));
            let mut matched = Match { namespace: text("namespace"), image: text("image"), ..Match::default() };
            if let Some(reference) = text("match") {
                matched.refer(&reference);
            }
            if let Some(written) = rest.shift_remove("selector") {
                let parsed: LabelSelector = serde_json::from_value(written).map_err(|e| (format!("{at}/selector"), e.to_string()))?;
                matched.selector = Some(parsed);
            }
            if matched == Match::default() {
                return Err((at, "say which pods: match: deployment/web, selector, namespace or image".to_owned()));
            }
            self.rules.push((matched, read_said(Value::Object(rest), &at)?));
        }
        Ok(())
    }
}

impl Match {
    /// Reads `web`, `deployment/web` or `shop/deployment/web`.
    fn refer(&mut self, reference: &str) {
        let parts: Vec<&str> = reference.split('/').collect();
        let own = |s: &str| Some(s.to_owned());
        match parts[..] {
            [namespace, kind, name] => {
                (self.namespace, self.kind, self.name) = (own(namespace), own(long_kind(kind)), own(name));
            }
            [kind, name] => (self.kind, self.name) = (own(long_kind(kind)), own(name)),
            _ => self.name = own(reference),
        }
    }

    fn covers(&self, question: &Question<'_>) -> bool {
        let is = |own: &Option<String>, asked: &str| own.as_deref().is_none_or(|o| o == asked);
        let selected = self.selector.as_ref().is_none_or(|written| {
            let mut text = Interner::default();
            let compiled = selector(&mut text, Some(written));
            let labels = labels(&mut text, question.labels);
            compiled.matches(&labels, &text)
        });
        is(&self.kind, question.kind.word())
            && is(&self.name, question.name)
            && is(&self.namespace, question.namespace)
            && is(&self.image, question.image)
            && selected
    }
}

/// The kind that a short name of kubectl's stands for.
fn long_kind(kind: &str) -> &str {
    match kind {
        "deploy" | "deployments" | "Deployment" => "deployment",
        "sts" | "statefulsets" | "StatefulSet" => "statefulset",
        "ds" | "daemonsets" | "DaemonSet" => "daemonset",
        "rs" | "replicasets" | "ReplicaSet" => "replicaset",
        // What a CronJob makes are Jobs of its name.
        "jobs" | "Job" | "cj" | "cronjob" | "cronjobs" | "CronJob" => "job",
        "po" | "pods" | "Pod" => "pod",
        other => other,
    }
}

impl Kind {
    /// The kind in small letters.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Kind::Pod => "pod",
            Kind::Deployment => "deployment",
            Kind::ReplicaSet => "replicaset",
            Kind::StatefulSet => "statefulset",
            Kind::DaemonSet => "daemonset",
            Kind::Job => "job",
        }
    }
}

impl Usage {
    fn parse(text: &str) -> Result<Usage, String> {
        if let Some(percent) = text.strip_suffix('%') {
            let percent: i64 = percent.parse().map_err(|_| format!("{text:?} is no percentage"))?;
            return if (0..=10_000).contains(&percent) { Ok(Usage::Percent(percent)) } else { Err(format!("{text:?} is out of range")) };
        }
        Quantity::parse(text).map(Usage::Amount).map_err(|e| e.to_string())
    }

    fn of(&self, request: i64, unit: fn(&Quantity) -> i64) -> i64 {
        match self {
            Usage::Amount(amount) => unit(amount).max(0),
            Usage::Percent(percent) => i64::try_from(i128::from(request) * i128::from(*percent) / 100).unwrap_or(i64::MAX),
        }
    }
}

/// From Running to Ready. Without a probe Kubernetes calls a container ready as soon as it runs; with one, the application needs
/// time that the manifest does not say: the default, or the delays of its probes if they are longer.
fn ready_by_probes(template: &PodTemplate) -> (Millis, Basis) {
    let asked = |c: &&Container| c.readiness_probe.is_some() || c.startup_probe.is_some();
    let mut probed = template.containers.iter().chain(template.init_containers.iter().filter(|c| c.sidecar)).filter(asked).peekable();
    if probed.peek().is_none() {
        return (0, Basis::NoProbe);
    }
    let delay = |c: &Container| {
        let startup = c.startup_probe.map_or(0, |p| i64::from(p.initial_delay));
        let readiness = c.readiness_probe.map_or(0, |p| {
            i64::from(p.initial_delay) + i64::from(p.period.max(0)).saturating_mul(i64::from(p.success_threshold.max(1) - 1))
        });
        startup.max(readiness).saturating_mul(SECOND)
    };
    let delays = probed.map(delay).max().unwrap_or(0);
    let default = PodBehavior::assumed().ready.unwrap_or(0);
    if delays > default { (delays, Basis::Probes) } else { (default, Basis::Default) }
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Word {
    Number(f64),
    Text(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenExit {
    after_seconds: f64,
    #[serde(default)]
    code: i32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenContainer {
    #[serde(default)]
    pull_seconds: f64,
    #[serde(default)]
    start_seconds: f64,
    #[serde(default)]
    post_start_seconds: f64,
    responds_after_seconds: Option<Word>,
    fails_after_seconds: Option<f64>,
    recovers_after_seconds: Option<f64>,
    exits: Option<Vec<WrittenExit>>,
    #[serde(default)]
    pre_stop_seconds: f64,
    stop_seconds: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    start_seconds: Option<f64>,
    ready_seconds: Option<Word>,
    unready_pods: Option<Vec<u32>>,
    stop_seconds: Option<f64>,
    stagger_seconds: Option<f64>,
    stagger_of: Option<u32>,
    pull_fails: Option<bool>,
    stop_code: Option<i32>,
    processes: Option<u32>,
    exits: Option<Vec<WrittenExit>>,
    exits_by_index: Option<BTreeMap<String, Vec<WrittenExit>>>,
    containers: Option<BTreeMap<String, WrittenContainer>>,
    memory_usage: Option<Word>,
    memory_growth: Option<Word>,
    cpu_usage: Option<Word>,
    load: Option<Vec<WrittenLoad>>,
}

fn read_said(value: Value, at: &str) -> Result<Said, (String, String)> {
    let wrong = |key: &str, why: &str| (format!("{at}/{key}"), why.to_owned());
    let w: Written = serde_json::from_value(value).map_err(|e| (at.to_owned(), e.to_string()))?;
    let span = |key: &str, seconds: Option<f64>| {
        seconds.map(|s| millis(s).ok_or_else(|| wrong(key, "seconds are between 0 and 10 years"))).transpose()
    };
    let usage = |key: &str, word: Option<Word>| {
        let text = word.map(|w| match w {
            Word::Number(n) => n.to_string(),
            Word::Text(t) => t,
        });
        text.map(|t| Usage::parse(&t).map_err(|e| wrong(key, &e))).transpose()
    };
    let exits = |key: &str, list: Vec<WrittenExit>| {
        let one = |e: WrittenExit| {
            Ok(Exit { after: millis(e.after_seconds).ok_or_else(|| wrong(key, "afterSeconds is between 0 and 10 years"))?, code: e.code })
        };
        list.into_iter().map(one).collect::<Result<Vec<Exit>, (String, String)>>()
    };
    let ready = match w.ready_seconds {
        None => None,
        Some(Word::Number(n)) => Some(span("readySeconds", Some(n))?),
        Some(Word::Text(t)) if t == "never" => Some(None),
        Some(Word::Text(_)) => return Err(wrong("readySeconds", "a number of seconds, or never")),
    };
    let load = w.load.map(|list| list.iter().map(WrittenLoad::read).collect::<Result<Vec<LoadSaid>, String>>()).transpose();
    let mut by_index = Vec::new();
    for (index, list) in w.exits_by_index.into_iter().flatten() {
        let number = index.parse().map_err(|_| wrong("exitsByIndex", "keys are completion indexes"))?;
        by_index.push((number, exits("exitsByIndex", list)?));
    }
    let container = |name: &str, c: WrittenContainer| -> Result<ContainerBehavior, (String, String)> {
        let key = |field: &str| format!("containers/{name}/{field}");
        let seconds = |field: &str, s: f64| span(&key(field), Some(s)).map(|millis| millis.unwrap_or(0));
        let maybe = |field: &str, s: Option<f64>| span(&key(field), s);
        Ok(ContainerBehavior {
            pull: seconds("pullSeconds", c.pull_seconds)?,
            start: seconds("startSeconds", c.start_seconds)?,
            post_start: seconds("postStartSeconds", c.post_start_seconds)?,
            responds: match c.responds_after_seconds {
                None => Some(0),
                Some(Word::Number(n)) => maybe("respondsAfterSeconds", Some(n))?,
                Some(Word::Text(t)) if t == "never" => None,
                Some(Word::Text(_)) => return Err(wrong(&key("respondsAfterSeconds"), "a number of seconds, or never")),
            },
            fails: maybe("failsAfterSeconds", c.fails_after_seconds)?,
            recovers: maybe("recoversAfterSeconds", c.recovers_after_seconds)?,
            exits: exits(&key("exits"), c.exits.unwrap_or_default())?,
            pre_stop: seconds("preStopSeconds", c.pre_stop_seconds)?,
            stop: maybe("stopSeconds", c.stop_seconds)?.unwrap_or(PodBehavior::assumed().stop),
        })
    };
    let containers = w.containers.map(|all| {
        let each = all.into_iter().map(|(name, written)| container(&name, written).map(|behavior| (name, behavior)));
        each.collect::<Result<Vec<_>, _>>()
    });
    Ok(Said {
        containers: containers.transpose()?,
        start: span("startSeconds", w.start_seconds)?,
        ready,
        stop: span("stopSeconds", w.stop_seconds)?,
        stagger: span("staggerSeconds", w.stagger_seconds)?,
        unready_pods: w.unready_pods,
        stagger_of: w.stagger_of,
        pull_fails: w.pull_fails,
        stop_code: w.stop_code,
        processes: w.processes,
        exits: w.exits.map(|list| exits("exits", list)).transpose()?,
        exits_by_index: (!by_index.is_empty()).then_some(by_index),
        memory: usage("memoryUsage", w.memory_usage)?,
        memory_growth: usage("memoryGrowth", w.memory_growth)?.map(|growth| growth.of(0, Quantity::value)),
        cpu: usage("cpuUsage", w.cpu_usage)?,
        load: load.map_err(|why| wrong("load", &why))?,
    })
}

/// Whole milliseconds of seconds up to ten years.
pub(super) fn millis(seconds: f64) -> Option<Millis> {
    const TEN_YEARS: f64 = 315_360_000.0;
    (0.0..=TEN_YEARS).contains(&seconds).then(|| (seconds * 1000.0).round() as Millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_behavior_document_is_read_or_refused_at_the_place() {
        let mut behaviors = Behaviors::default();
        let good = json!({"spec": {"defaults": {"startSeconds": 2.5}, "workloads": [{"match": "deploy/web", "readySeconds": "never", "memoryUsage": "80%"}]}});
        assert_eq!(behaviors.add_document(&good), Ok(()));
        assert_eq!(behaviors.rules.len(), 2);
        assert_eq!(behaviors.rules[0].1.start, Some(2500));
        assert_eq!((behaviors.rules[1].0.kind.as_deref(), behaviors.rules[1].1.ready), (Some("deployment"), Some(None)));
        for (bad, at) in [
            (json!({"spec": {"workloads": [{"match": "web", "startSeconds": -1}]}}), "/spec/workloads/0/startSeconds"),
            (json!({"spec": {"workloads": [{"startSeconds": 1}]}}), "/spec/workloads/0"),
            (json!({"spec": {"default": {}}}), "/spec/default"),
            (json!({"spec": {"defaults": {"memoryUsage": "lots"}}}), "/spec/defaults/memoryUsage"),
        ] {
            assert_eq!(behaviors.add_document(&bad).map_err(|e| e.0), Err(at.to_owned()));
        }
    }
}
