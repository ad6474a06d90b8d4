//! Reading `Scenario` documents: from the tree of a manifest to the typed scenario, strictly.
//!
//! What is not understood is told of where it stands, and the rest is read all the same: a page shows what it can while someone types.

use super::catalog::{IN_THE_PAST, TOO_MUCH, WRONG_VALUE};
use super::chaos;
use super::document::{Expectation, Promise, Scenario, Start, Step, When};
use super::expr::LONGEST_EXPRESSION;
use super::schema::{API_VERSION, SCENARIO, VERBS};
use super::shape::{Shape, check};
use super::verb::{Cascade, DrainOptions, LITTLE_MEMORY, Place, SPOT_NOTICE, TAKEOVER, Verb};
use crate::cluster::template::TaintEffect;
use crate::engine::Component;
use crate::manifest::tree::{NodeId, NodeKind, Scalar, Tree};
use crate::manifest::{Diagnostic, Document, Manifest, Span};
use crate::units::duration::Duration;
use crate::units::quantity::Quantity;
use crate::units::text::{visible, visible_short};
use crate::units::time::{MINUTE, Millis, SECOND, Time};

/// The most steps of a scenario.
pub const MOST_STEPS: usize = 10_000;

/// The most expectations of a scenario.
pub const MOST_EXPECTATIONS: usize = 1_000;

/// Whether a document is a `Scenario`, whatever version it names.
pub fn is_scenario(document: &Document) -> bool {
    document.kind == "Scenario" && document.api_version.split('/').next() == API_VERSION.split('/').next()
}

/// Every `Scenario` of a manifest, then every experiment of Chaos Mesh and LitmusChaos that has an equal, and what there is to say about them.
pub fn read(manifest: &Manifest) -> (Vec<Scenario>, Vec<Diagnostic>) {
    let mut told = Vec::new();
    let scenarios = manifest.documents.iter().filter(|document| is_scenario(document)).map(|document| {
        let mut scenario = read_tree(&document.tree, &mut told);
        scenario.document = Some(document.id);
        scenario
    });
    let mut scenarios: Vec<Scenario> = scenarios.collect();
    let experiments = manifest.documents.iter().filter(|document| chaos::is_experiment(document));
    scenarios.extend(experiments.filter_map(|document| chaos::read(document, manifest, &mut told)));
    (scenarios, told)
}

/// The scenario that a tree holds, and what there is to say about it.
pub fn read_tree(tree: &Tree, told: &mut Vec<Diagnostic>) -> Scenario {
    let mut scenario = Scenario::of_steps("", Vec::new());
    let Some(root) = tree.root() else { return scenario };
    check(tree, root, &Shape::Fields(&SCENARIO), told);
    if let Some(name) = tree.at("/metadata/name").and_then(|node| tree.str(node)) {
        scenario.name = name.to_owned();
    }
    let Some(spec) = tree.get(root, "spec") else { return scenario };
    let text = |key: &str| tree.get(spec, key).and_then(|node| tree.str(node)).map(str::to_owned);
    scenario.description = text("description");
    if let Some(manifests) = tree.get(spec, "manifests") {
        scenario.manifests = tree.items(manifests).filter_map(|item| tree.str(item)).map(str::to_owned).collect();
    }
    if text("start").as_deref() == Some("applied") {
        scenario.start = Start::Applied;
    }
    scenario.until = span_of(tree, spec, "until").map(|span| Time::ZERO + span);
    if let Some(seed) = integer(tree, spec, "seed").and_then(|seed| u64::try_from(seed).ok()) {
        scenario.seed = seed;
    }
    scenario.steps = items(tree, spec, "steps", MOST_STEPS, told, |item, told| step(tree, item, told));
    tell_of_past(tree, spec, told);
    scenario.expectations = expectations(tree, spec, told);
    scenario
}

/// The expectations under `expect`.
pub(super) fn expectations(tree: &Tree, spec: NodeId, told: &mut Vec<Diagnostic>) -> Vec<Expectation> {
    items(tree, spec, "expect", MOST_EXPECTATIONS, told, |item, told| expectation(tree, item, told))
}

fn items<T>(
    tree: &Tree,
    spec: NodeId,
    key: &str,
    most: usize,
    told: &mut Vec<Diagnostic>,
    mut read: impl FnMut(NodeId, &mut Vec<Diagnostic>) -> Option<T>,
) -> Vec<T> {
    let Some(list) = tree.get(spec, key) else { return Vec::new() };
    let count = tree.items(list).len();
    if count > most {
        told.push(Diagnostic::error(TOO_MUCH, format!("{key} has {count} items; at most {most} are read")).at(Some(tree.span(list))));
    }
    tree.items(list).take(most).filter_map(|item| read(item, told)).collect()
}

/// Says of steps that lie in the past where they stand: before the start, or before the step above them.
fn tell_of_past(tree: &Tree, spec: NodeId, told: &mut Vec<Diagnostic>) {
    let Some(list) = tree.get(spec, "steps") else { return };
    // The moment of the step above, as far as the document says it, and where.
    let mut above: Option<(Time, Span)> = Some((Time::ZERO, tree.span(list)));
    for step in tree.items(list).take(MOST_STEPS) {
        for key in ["at", "after"] {
            let Some(value) = tree.get(step, key) else { continue };
            let negative = tree.str(value).and_then(|text| Duration::parse(text).ok()).is_some_and(|duration| duration.nanos() < 0);
            if negative {
                let span = Some(tree.span(value));
                told.retain(|d| d.id != WRONG_VALUE || d.span != span);
                let since = if key == "at" { "the start" } else { "the step above" };
                let message = format!("a step cannot begin before {since}: {key}: {}", visible_short(tree.text(value), 40));
                told.push(Diagnostic::error(IN_THE_PAST, message).at(span).help("times count forward: 90s, 10m, 1h30m"));
            }
        }
        above = match (span_of(tree, step, "at"), tree.get(step, "at"), tree.get(step, "when")) {
            (Some(at), Some(value), _) => {
                let at = Time::ZERO + at;
                if let Some((before, span)) = above.filter(|(before, _)| at < *before) {
                    let message = format!("this step is due at {at}, before the one above it, which is due at {before}: it is done first");
                    let help = "move it up to where it happens, or write `after` to count from the step above";
                    told.push(
                        Diagnostic::warning(IN_THE_PAST, message).at(Some(tree.span(value))).note(Some(span), "the step above").help(help),
                    );
                }
                Some((at, tree.span(value)))
            }
            (_, _, Some(_)) => None,
            _ => {
                let after = tree.get(step, "after").map_or(tree.span(step), |value| tree.span(value));
                above.map(|(before, _)| (before + span_of(tree, step, "after").unwrap_or(0), after))
            }
        };
    }
}

fn step(tree: &Tree, node: NodeId, told: &mut Vec<Diagnostic>) -> Option<Step> {
    if tree.kind(node) != NodeKind::Map {
        return None;
    }
    let times: Vec<NodeId> = ["at", "after", "when"].iter().filter_map(|key| tree.entry(node, key)).map(|(key, _)| key).collect();
    if let [first, second, ..] = times[..] {
        let message = format!("a step begins {} or {}, not both", tree.text(first), tree.text(second));
        told.push(
            Diagnostic::error(WRONG_VALUE, message).at(Some(tree.span(second))).note(Some(tree.span(first)), "the other stands here"),
        );
    }
    let when = if let Some(at) = span_of(tree, node, "at") {
        When::At(Time::ZERO + at)
    } else if let Some(condition) = tree.get(node, "when").and_then(|value| expression(tree, value, told)) {
        When::Condition(condition)
    } else {
        When::After(span_of(tree, node, "after").unwrap_or(0))
    };
    let key = VERBS.iter().find(|verb| tree.get(node, verb).is_some())?;
    let argument = tree.get(node, key)?;
    let verb = verb(tree, key, argument)?;
    Some(Step { when, verb, span: Some(tree.span(argument)) })
}

/// The verb of a step; none where something it needs is missing, which `check` has told of.
fn verb(tree: &Tree, key: &str, argument: NodeId) -> Option<Verb> {
    // Names are looked up as the cluster has them: with everything written out that could change how they are shown.
    let shown = |node: NodeId| tree.str(node).map(|text| visible(text).into_owned());
    let short = shown(argument);
    let text = |field: &str| tree.get(argument, field).and_then(shown);
    let either = |field: &str| short.clone().or_else(|| text(field));
    let flag = |field: &str, usual: bool| match tree.get(argument, field).map(|node| tree.scalar(node)) {
        Some(Scalar::Bool(value)) => value,
        _ => usual,
    };
    let node = || either("node");
    let workload = || either("workload");
    let place = || match (&short, text("zone")) {
        (None, Some(zone)) => Some(Place::Zone(zone)),
        _ => node().map(Place::Node),
    };
    let some_pods = || integer(tree, argument, "pods").and_then(|n| u32::try_from(n).ok());
    Some(match key {
        "failNode" => Verb::FailNode { node: node()? },
        "recoverNode" => Verb::RecoverNode { node: node()? },
        "failZone" => Verb::FailZone { zone: either("zone")? },
        "recoverZone" => Verb::RecoverZone { zone: either("zone")? },
        "failNodes" => {
            Verb::FailNodes { zone: text("zone")?, nodes: integer(tree, argument, "nodes").and_then(|n| u32::try_from(n).ok())? }
        }
        "flapNode" => Verb::FlapNode {
            node: node()?,
            down: span_of(tree, argument, "down").unwrap_or(MINUTE),
            up: span_of(tree, argument, "up").unwrap_or(MINUTE),
            times: integer(tree, argument, "times").and_then(|n| u32::try_from(n).ok()).unwrap_or(3),
        },
        "partition" => Verb::Partition { place: place()? },
        "reconnect" => Verb::Reconnect { place: place()? },
        "stopKubelet" => Verb::StopKubelet { node: node()? },
        "startKubelet" => Verb::StartKubelet { node: node()? },
        "stopComponent" => {
            Verb::StopComponent { component: component(&either("name")?)?, takeover: span_of(tree, argument, "for").unwrap_or(TAKEOVER) }
        }
        "startComponent" => Verb::StartComponent { component: component(&either("name")?)? },
        "spotNotice" => Verb::SpotNotice { node: node()?, notice: span_of(tree, argument, "notice").unwrap_or(SPOT_NOTICE) },
        "shutdownNode" => Verb::ShutdownNode {
            node: node()?,
            grace_period: span_of(tree, argument, "gracePeriod"),
            critical_grace_period: span_of(tree, argument, "criticalGracePeriod").unwrap_or(0),
        },
        "diskPressure" => Verb::DiskPressure { node: node()?, available: bytes(tree, argument, "available") },
        "pidPressure" => Verb::PidPressure { node: node()?, available: integer(tree, argument, "available").unwrap_or(0) },
        "relievePidPressure" => Verb::RelievePidPressure { node: node()? },
        "relieveDiskPressure" => Verb::RelieveDiskPressure { node: node()? },
        "registryOutage" => Verb::RegistryOutage { registry: text("registry") },
        "registryRecovers" => Verb::RegistryRecovers,
        "slowStart" => Verb::SlowStart { workload: workload()?, by: span_of(tree, argument, "by")? },
        "crashLoop" => Verb::CrashLoop {
            workload: workload()?,
            after: span_of(tree, argument, "after").unwrap_or(SECOND),
            exit_code: integer(tree, argument, "exitCode").and_then(|code| i32::try_from(code).ok()).unwrap_or(1),
        },
        "endCrashLoop" => Verb::EndCrashLoop { workload: workload()? },
        "apply" => match tree.subtree(argument).to_value() {
            serde_json::Value::Array(objects) => Verb::Apply { objects },
            _ => return None,
        },
        "cordon" => Verb::Cordon { node: node()? },
        "uncordon" => Verb::Uncordon { node: node()? },
        "drain" => {
            let usual = DrainOptions::default();
            let options = DrainOptions {
                ignore_daemon_sets: flag("ignoreDaemonSets", usual.ignore_daemon_sets),
                delete_empty_dir_data: flag("deleteEmptyDirData", usual.delete_empty_dir_data),
                force: flag("force", usual.force),
                grace_period: span_of(tree, argument, "gracePeriod"),
                timeout: span_of(tree, argument, "timeout"),
            };
            Verb::Drain { node: node()?, options }
        }
        "taint" => {
            Verb::Taint { node: node()?, key: text("key")?, value: text("value").unwrap_or_default(), effect: effect(&text("effect")?)? }
        }
        "untaint" => Verb::Untaint { node: node()?, key: text("key")?, effect: text("effect").and_then(|word| effect(&word)) },
        "pressure" => Verb::Pressure { node: node()?, available: bytes(tree, argument, "available").unwrap_or(LITTLE_MEMORY) },
        "relievePressure" => Verb::RelievePressure { node: node()? },
        "growMemory" => Verb::GrowMemory { workload: workload()?, per_pod: bytes(tree, argument, "perPod") },
        "load" => Verb::Load {
            workload: workload()?,
            times: tree.get(argument, "times").and_then(|node| thousandths(tree.text(node))),
            cpu: quantity(tree, argument, "cpu").map(|q| q.milli_value().max(0)),
            memory: bytes(tree, argument, "memory").map(|bytes| bytes.max(0)),
            metric: text("metric").zip(quantity(tree, argument, "value").map(|q| q.milli_value().max(0))),
        },
        "killPods" => Verb::KillPods { workload: workload()?, pods: some_pods(), grace_period: span_of(tree, argument, "gracePeriod") },
        "crash" => Verb::Crash {
            workload: workload()?,
            pods: some_pods(),
            exit_code: integer(tree, argument, "exitCode").and_then(|code| i32::try_from(code).ok()).unwrap_or(1),
        },
        "failReadiness" => Verb::FailReadiness { workload: workload()?, pods: some_pods() },
        "passReadiness" => Verb::PassReadiness { workload: workload()?, pods: some_pods() },
        "kubeletNotReady" => Verb::KubeletNotReady { node: node()? },
        "kubeletReady" => Verb::KubeletReady { node: node()? },
        "addNode" => Verb::AddNode { name: text("name")?, like: text("like")? },
        "scale" => Verb::Scale { workload: workload()?, replicas: i32::try_from(integer(tree, argument, "replicas")?).ok()? },
        "rollout" => {
            Verb::Rollout { workload: workload()?, image: text("image"), container: text("container"), broken: flag("broken", false) }
        }
        "restart" => Verb::Restart { workload: workload()? },
        "undo" => Verb::Undo { workload: workload()?, to_revision: integer(tree, argument, "toRevision") },
        "pause" => Verb::Pause { workload: workload()? },
        "resume" => Verb::Resume { workload: workload()? },
        "delete" => Verb::Delete {
            target: either("target")?,
            grace_period: span_of(tree, argument, "gracePeriod"),
            cascade: match text("cascade").as_deref() {
                Some("foreground") => Cascade::Foreground,
                Some("orphan") => Cascade::Orphan,
                _ => Cascade::Background,
            },
        },
        _ => return None,
    })
}

fn expectation(tree: &Tree, node: NodeId, told: &mut Vec<Diagnostic>) -> Option<Expectation> {
    let within = span_of(tree, node, "within");
    let promises = [
        ("always", Promise::Always),
        ("never", Promise::Never),
        ("eventually", Promise::Eventually(within)),
        ("finally", Promise::Finally),
    ];
    let (value, promise) = promises.into_iter().find_map(|(key, promise)| Some((tree.get(node, key)?, promise)))?;
    if let Some((key, _)) = tree.entry(node, "within").filter(|_| !matches!(promise, Promise::Eventually(_))) {
        let message = format!("`within` goes with `eventually`, not with `{}`", promise.name());
        told.push(Diagnostic::error(WRONG_VALUE, message).at(Some(tree.span(key))));
    }
    Some(Expectation {
        promise,
        expression: expression(tree, value, told)?,
        name: tree.get(node, "name").and_then(|name| tree.str(name)).map(str::to_owned),
        from: Time::ZERO + span_of(tree, node, "from").unwrap_or(0),
        span: Some(tree.span(value)),
    })
}

fn expression(tree: &Tree, node: NodeId, told: &mut Vec<Diagnostic>) -> Option<String> {
    let text = tree.str(node)?;
    if text.len() > LONGEST_EXPRESSION {
        let message = format!("the expression has {} bytes; at most {LONGEST_EXPRESSION} are read", text.len());
        told.push(Diagnostic::error(TOO_MUCH, message).at(Some(tree.span(node))));
        return None;
    }
    Some(text.trim().to_owned())
}

/// A duration, in milliseconds.
pub(super) fn span_of(tree: &Tree, node: NodeId, key: &str) -> Option<Millis> {
    let value = tree.get(node, key)?;
    if tree.scalar(value).as_integer() == Some(0) {
        return Some(0);
    }
    let duration = Duration::parse(tree.str(value)?).ok()?;
    (duration.nanos() >= 0).then(|| duration.nanos() / 1_000_000)
}

/// A whole number.
pub(super) fn integer(tree: &Tree, node: NodeId, key: &str) -> Option<i64> {
    tree.scalar(tree.get(node, key)?).as_integer()
}

fn bytes(tree: &Tree, node: NodeId, key: &str) -> Option<i64> {
    quantity(tree, node, key).map(|quantity| quantity.value())
}

fn quantity(tree: &Tree, node: NodeId, key: &str) -> Option<Quantity> {
    Quantity::parse(tree.text(tree.get(node, key)?)).ok()
}

/// Thousandths of a number between zero and a million.
fn thousandths(text: &str) -> Option<i64> {
    let number: f64 = text.parse().ok()?;
    (0.0..=1_000_000.0).contains(&number).then(|| (number * 1_000.0).round() as i64)
}

fn component(word: &str) -> Option<Component> {
    Component::ALL.into_iter().find(|component| component.name() == word)
}

fn effect(word: &str) -> Option<TaintEffect> {
    Some(match word {
        "NoSchedule" => TaintEffect::NoSchedule,
        "PreferNoSchedule" => TaintEffect::PreferNoSchedule,
        "NoExecute" => TaintEffect::NoExecute,
        _ => return None,
    })
}
