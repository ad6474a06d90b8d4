//! Verbs: what a step does. The same type is read from documents, built by flags of the command line and by buttons of the page.
//!
//! Owns what can be asked for, and how it is written as YAML and as flags. Names are kept as given; looking them up is `names`' work.

use std::fmt::Write as _;

use crate::cluster::template::TaintEffect;
use crate::engine::Component;
use crate::manifest::edit::is_word;
use crate::units::quantity::Quantity;
use crate::units::time::{Millis, SECOND};

/// `kubectl drain`'s options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrainOptions {
    /// `--ignore-daemonsets`.
    pub ignore_daemon_sets: bool,
    /// `--delete-emptydir-data`.
    pub delete_empty_dir_data: bool,
    /// `--force`: pods without a controller too.
    pub force: bool,
    /// `--grace-period`; none for each pod's own.
    pub grace_period: Option<Millis>,
    /// `--timeout`; none to try for ever.
    pub timeout: Option<Millis>,
}

impl Default for DrainOptions {
    /// What people type: DaemonSets ignored and emptyDir data given up. kubectl's own defaults refuse both.
    fn default() -> Self {
        DrainOptions { ignore_daemon_sets: true, delete_empty_dir_data: true, force: false, grace_period: None, timeout: None }
    }
}

/// A node flaps no more often than this in one step.
pub(super) const MOST_FLAPS: u32 = 1_000;

/// What the kubelet's default threshold leaves: less than this evicts (`memory.available<100Mi`, `pkg/kubelet/apis/config`, v1.37).
pub const LITTLE_MEMORY: i64 = 50 << 20;

/// One node, or all of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A node.
    Node(String),
    /// Every node of a zone.
    Zone(String),
}

impl Place {
    /// As a step writes it for short, or in a map.
    fn to_yaml(&self) -> String {
        match self {
            Place::Node(node) => yaml_text(node),
            Place::Zone(zone) => format!("{{zone: {}}}", yaml_text(zone)),
        }
    }
}

/// `kubectl delete --cascade`: what becomes of what an object owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cascade {
    /// It follows once the object is gone.
    #[default]
    Background,
    /// It goes first; the object waits.
    Foreground,
    /// It stays, without an owner.
    Orphan,
}

impl Cascade {
    /// As kubectl writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Cascade::Background => "background",
            Cascade::Foreground => "foreground",
            Cascade::Orphan => "orphan",
        }
    }
}

/// What a spot instance's owner is told before it is taken away (AWS: two minutes).
pub const SPOT_NOTICE: Millis = 120 * SECOND;

/// How long a component is without a leader where another instance stands by: the lease has to end, and the next try to take it comes
/// (`--leader-elect-lease-duration`, `--leader-elect-retry-period`; `staging/src/k8s.io/component-base/config/v1alpha1/defaults.go`, v1.37).
pub(super) const TAKEOVER: Millis = 17 * SECOND;

/// One thing that a user or an accident does to the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// The machine dies: its pods stop and its kubelet falls silent.
    FailNode {
        /// The node.
        node: String,
    },
    /// The machine is back.
    RecoverNode {
        /// The node.
        node: String,
    },
    /// Every machine of the zone dies at once.
    FailZone {
        /// The zone.
        zone: String,
    },
    /// Every machine of the zone is back.
    RecoverZone {
        /// The zone.
        zone: String,
    },
    /// Some machines of the zone die at once, in the order of their arrival.
    FailNodes {
        /// The zone.
        zone: String,
        /// How many.
        nodes: u32,
    },
    /// The machine dies and comes back, again and again.
    FlapNode {
        /// The node.
        node: String,
        /// For how long it is gone each time.
        down: Millis,
        /// For how long it is back each time.
        up: Millis,
        /// How often it dies.
        times: u32,
    },
    /// Nodes and the control plane cannot reach each other; the pods there serve on.
    Partition {
        /// Which nodes.
        place: Place,
    },
    /// They can again.
    Reconnect {
        /// Which nodes.
        place: Place,
    },
    /// The kubelet stops; containers run on, but nobody looks after them.
    StopKubelet {
        /// The node.
        node: String,
    },
    /// The kubelet is started again.
    StartKubelet {
        /// The node.
        node: String,
    },
    /// A component of the control plane loses its leader; another instance takes over after a while.
    StopComponent {
        /// Which.
        component: Component,
        /// From the loss until another leads.
        takeover: Millis,
    },
    /// Another instance of the component leads.
    StartComponent {
        /// Which.
        component: Component,
    },
    /// A spot instance is taken away: its node is cordoned and drained at once, and its machine dies when the notice is over.
    SpotNotice {
        /// The node.
        node: String,
        /// From the notice to the end.
        notice: Millis,
    },
    /// The machine is shut down by its operating system; the kubelet ends pods first if it is given time.
    ShutdownNode {
        /// The node.
        node: String,
        /// `shutdownGracePeriod`; none for what a KubeletConfiguration says, or 0, the default, which gives the kubelet no time.
        grace_period: Option<Millis>,
        /// `shutdownGracePeriodCriticalPods`: the part of it that is kept for critical pods.
        critical_grace_period: Millis,
    },
    /// `kubectl cordon`.
    Cordon {
        /// The node.
        node: String,
    },
    /// `kubectl uncordon`.
    Uncordon {
        /// The node.
        node: String,
    },
    /// `kubectl drain`.
    Drain {
        /// The node.
        node: String,
        /// Its options.
        options: DrainOptions,
    },
    /// `kubectl taint`.
    Taint {
        /// The node.
        node: String,
        /// The taint's key.
        key: String,
        /// Its value; may be empty.
        value: String,
        /// Its effect.
        effect: TaintEffect,
    },
    /// `kubectl taint` with a minus.
    Untaint {
        /// The node.
        node: String,
        /// The taint's key.
        key: String,
        /// Its effect; none for all effects.
        effect: Option<TaintEffect>,
    },
    /// Something outside of all pods takes a node's memory: the kubelet reports pressure and evicts.
    Pressure {
        /// The node.
        node: String,
        /// What is left, in bytes.
        available: i64,
    },
    /// The memory is free again.
    RelievePressure {
        /// The node.
        node: String,
    },
    /// The node's disk is full of what is not its pods': the kubelet reports it and takes no new pods.
    DiskPressure {
        /// The node.
        node: String,
        /// What is left, in bytes; none for a disk that is full and stays so, whatever the kubelet deletes.
        available: Option<i64>,
    },
    /// Something outside of all pods takes a node's process numbers.
    PidPressure {
        /// The node.
        node: String,
        /// How many are left.
        available: i64,
    },
    /// They are free again.
    RelievePidPressure {
        /// The node.
        node: String,
    },
    /// The disk has room again.
    RelieveDiskPressure {
        /// The node.
        node: String,
    },
    /// Images cannot be pulled.
    RegistryOutage {
        /// Only those whose name begins so; none for all.
        registry: Option<String>,
    },
    /// They can again.
    RegistryRecovers,
    /// Pods of a workload take longer to start from now on.
    SlowStart {
        /// The workload.
        workload: String,
        /// By how much.
        by: Millis,
    },
    /// From its next start on the main container of each pod of a workload ends again and again; those that run end now.
    CrashLoop {
        /// The workload.
        workload: String,
        /// How long after each start.
        after: Millis,
        /// With which code.
        exit_code: i32,
    },
    /// It runs on after its next start.
    EndCrashLoop {
        /// The workload.
        workload: String,
    },
    /// The pods of a workload use that much memory from now on.
    GrowMemory {
        /// The workload.
        workload: String,
        /// By each pod, in bytes; none for what was assumed before.
        per_pod: Option<i64>,
    },
    /// There is more or less to do for the pods of a workload from now on: what autoscalers measure.
    Load {
        /// The workload.
        workload: String,
        /// So many thousandths of what was to do before.
        times: Option<i64>,
        /// cpu in all, in millicores, shared by the pods that are ready.
        cpu: Option<i64>,
        /// Memory by each pod, in bytes.
        memory: Option<i64>,
        /// Another metric, by name, in thousandths: in all.
        metric: Option<(String, i64)>,
    },
    /// `kubectl delete pod`, of pods of a workload.
    KillPods {
        /// The workload.
        workload: String,
        /// How many, the oldest first; none for all.
        pods: Option<u32>,
        /// `--grace-period`; none for each pod's own.
        grace_period: Option<Millis>,
    },
    /// Main containers of running pods end now.
    Crash {
        /// A workload or a pod.
        workload: String,
        /// How many pods, the oldest first; none for all.
        pods: Option<u32>,
        /// With which code.
        exit_code: i32,
    },
    /// Readiness probes of running pods fail from now on, until their containers start again.
    FailReadiness {
        /// A workload or a pod.
        workload: String,
        /// How many pods, the oldest first; none for all.
        pods: Option<u32>,
    },
    /// They pass again.
    PassReadiness {
        /// A workload or a pod.
        workload: String,
        /// How many pods, the oldest first; none for all.
        pods: Option<u32>,
    },
    /// The kubelet itself reports that the node is not ready (its runtime or network is broken); the pods run on.
    KubeletNotReady {
        /// The node.
        node: String,
    },
    /// The kubelet reports ready again.
    KubeletReady {
        /// The node.
        node: String,
    },
    /// Another node joins, like one that is there.
    AddNode {
        /// Its name.
        name: String,
        /// The node whose zone, labels and sizes it has.
        like: String,
    },
    /// `kubectl apply`: objects are created, or take the place of those of their names.
    Apply {
        /// As Kubernetes has them.
        objects: Vec<serde_json::Value>,
    },
    /// `kubectl scale`.
    Scale {
        /// The workload.
        workload: String,
        /// `--replicas`.
        replicas: i32,
    },
    /// `kubectl set image`: a rollout begins.
    Rollout {
        /// The workload.
        workload: String,
        /// The new image; none where only the behaviour changes.
        image: Option<String>,
        /// The container; none for the first.
        container: Option<String>,
        /// The new revision never gets ready: what a broken release does.
        broken: bool,
    },
    /// `kubectl rollout restart`.
    Restart {
        /// The workload.
        workload: String,
    },
    /// `kubectl rollout undo`.
    Undo {
        /// The workload.
        workload: String,
        /// `--to-revision`; none for the one before.
        to_revision: Option<i64>,
    },
    /// `kubectl rollout pause`.
    Pause {
        /// The Deployment.
        workload: String,
    },
    /// `kubectl rollout resume`.
    Resume {
        /// The Deployment.
        workload: String,
    },
    /// `kubectl delete`.
    Delete {
        /// A pod, workload, node, namespace or configuration of webhooks: `pod/web-0`, `deployment/web`, `node/node-1`, `namespace/shop`,
        /// `validatingwebhookconfiguration/rules`.
        target: String,
        /// `--grace-period`; none for the object's own. Only of meaning for pods.
        grace_period: Option<Millis>,
        /// `--cascade`.
        cascade: Cascade,
    },
}

impl Verb {
    /// The key of a step in a document.
    pub const fn name(&self) -> &'static str {
        match self {
            Verb::FailNode { .. } => "failNode",
            Verb::RecoverNode { .. } => "recoverNode",
            Verb::FailZone { .. } => "failZone",
            Verb::RecoverZone { .. } => "recoverZone",
            Verb::FailNodes { .. } => "failNodes",
            Verb::FlapNode { .. } => "flapNode",
            Verb::Partition { .. } => "partition",
            Verb::Reconnect { .. } => "reconnect",
            Verb::StopKubelet { .. } => "stopKubelet",
            Verb::StartKubelet { .. } => "startKubelet",
            Verb::StopComponent { .. } => "stopComponent",
            Verb::StartComponent { .. } => "startComponent",
            Verb::SpotNotice { .. } => "spotNotice",
            Verb::ShutdownNode { .. } => "shutdownNode",
            Verb::Cordon { .. } => "cordon",
            Verb::Uncordon { .. } => "uncordon",
            Verb::Drain { .. } => "drain",
            Verb::Taint { .. } => "taint",
            Verb::Untaint { .. } => "untaint",
            Verb::Pressure { .. } => "pressure",
            Verb::RelievePressure { .. } => "relievePressure",
            Verb::DiskPressure { .. } => "diskPressure",
            Verb::RelieveDiskPressure { .. } => "relieveDiskPressure",
            Verb::PidPressure { .. } => "pidPressure",
            Verb::RelievePidPressure { .. } => "relievePidPressure",
            Verb::RegistryOutage { .. } => "registryOutage",
            Verb::RegistryRecovers => "registryRecovers",
            Verb::SlowStart { .. } => "slowStart",
            Verb::CrashLoop { .. } => "crashLoop",
            Verb::EndCrashLoop { .. } => "endCrashLoop",
            Verb::GrowMemory { .. } => "growMemory",
            Verb::Load { .. } => "load",
            Verb::KillPods { .. } => "killPods",
            Verb::Crash { .. } => "crash",
            Verb::FailReadiness { .. } => "failReadiness",
            Verb::PassReadiness { .. } => "passReadiness",
            Verb::KubeletNotReady { .. } => "kubeletNotReady",
            Verb::KubeletReady { .. } => "kubeletReady",
            Verb::AddNode { .. } => "addNode",
            Verb::Apply { .. } => "apply",
            Verb::Scale { .. } => "scale",
            Verb::Rollout { .. } => "rollout",
            Verb::Restart { .. } => "restart",
            Verb::Undo { .. } => "undo",
            Verb::Pause { .. } => "pause",
            Verb::Resume { .. } => "resume",
            Verb::Delete { .. } => "delete",
        }
    }

    /// `key: value` of the step, in flow style on one line: what the page adds to a scenario when a button is pressed.
    ///
    /// ```
    /// use wavetank_core::scenario::Verb;
    /// assert_eq!(Verb::FailZone { zone: "b".into() }.to_yaml(), "failZone: b");
    /// assert_eq!(
    ///     Verb::Scale { workload: "deployment/web".into(), replicas: 5 }.to_yaml(),
    ///     "scale: {workload: deployment/web, replicas: 5}",
    /// );
    /// ```
    pub fn to_yaml(&self) -> String {
        let one = |value: &str| format!("{}: {}", self.name(), yaml_text(value));
        match self {
            Verb::FailNode { node }
            | Verb::RecoverNode { node }
            | Verb::Cordon { node }
            | Verb::Uncordon { node }
            | Verb::RelievePressure { node }
            | Verb::Pressure { node, available: LITTLE_MEMORY }
            | Verb::StopKubelet { node }
            | Verb::StartKubelet { node }
            | Verb::SpotNotice { node, notice: SPOT_NOTICE }
            | Verb::ShutdownNode { node, grace_period: None, critical_grace_period: 0 }
            | Verb::DiskPressure { node, available: None }
            | Verb::RelieveDiskPressure { node }
            | Verb::PidPressure { node, available: 0 }
            | Verb::RelievePidPressure { node }
            | Verb::KubeletNotReady { node }
            | Verb::KubeletReady { node } => one(node),
            Verb::StopComponent { component, takeover: TAKEOVER } | Verb::StartComponent { component } => one(component.name()),
            Verb::FailZone { zone } | Verb::RecoverZone { zone } => one(zone),
            Verb::Partition { place } | Verb::Reconnect { place } => format!("{}: {}", self.name(), place.to_yaml()),
            Verb::Apply { objects } => format!("{}: {}", self.name(), serde_json::Value::from(objects.clone())),
            Verb::Restart { workload } | Verb::Pause { workload } | Verb::Resume { workload } | Verb::EndCrashLoop { workload } => {
                one(workload)
            }
            Verb::KillPods { workload, pods: None, grace_period: None }
            | Verb::Crash { workload, pods: None, exit_code: 1 }
            | Verb::FailReadiness { workload, pods: None }
            | Verb::PassReadiness { workload, pods: None }
            | Verb::Undo { workload, to_revision: None } => one(workload),
            Verb::Delete { target, grace_period: None, cascade: Cascade::Background } => one(target),
            Verb::Drain { node, options } if *options == DrainOptions::default() => one(node),
            other => format!("{}: {{{}}}", other.name(), other.fields().join(", ")),
        }
    }

    /// What it does later by itself, and how long after it begins: a flapping node comes back, a spot instance dies.
    pub fn later(&self) -> Vec<(Millis, Verb)> {
        match self {
            Verb::FlapNode { node, down, up, times } => {
                let mut later = Vec::new();
                for turn in 0..i64::from((*times).min(MOST_FLAPS)) {
                    let begins = turn * (down + up);
                    if turn > 0 {
                        later.push((begins, Verb::FailNode { node: node.clone() }));
                    }
                    later.push((begins + down, Verb::RecoverNode { node: node.clone() }));
                }
                later
            }
            Verb::StopComponent { component, takeover } => vec![(*takeover, Verb::StartComponent { component: *component })],
            Verb::SpotNotice { node, notice } => vec![(*notice, Verb::FailNode { node: node.clone() })],
            Verb::ShutdownNode { node, grace_period, .. } => vec![(grace_period.unwrap_or(0), Verb::FailNode { node: node.clone() })],
            _ => Vec::new(),
        }
    }

    /// The fields of the long form, as `key: value`; what has its default is left out.
    fn fields(&self) -> Vec<String> {
        let mut fields = Vec::new();
        let text = |fields: &mut Vec<String>, key: &str, value: &str| fields.push(format!("{key}: {}", yaml_text(value)));
        match self {
            Verb::Drain { node, options } => {
                let usual = DrainOptions::default();
                text(&mut fields, "node", node);
                for (key, value, default) in [
                    ("ignoreDaemonSets", options.ignore_daemon_sets, usual.ignore_daemon_sets),
                    ("deleteEmptyDirData", options.delete_empty_dir_data, usual.delete_empty_dir_data),
                    ("force", options.force, usual.force),
                ] {
                    if value != default {
                        fields.push(format!("{key}: {value}"));
                    }
                }
                for (key, span) in [("gracePeriod", options.grace_period), ("timeout", options.timeout)] {
                    fields.extend(span.map(|span| format!("{key}: {}", duration_text(span))));
                }
            }
            Verb::Taint { node, key, value, effect } => {
                text(&mut fields, "node", node);
                text(&mut fields, "key", key);
                if !value.is_empty() {
                    text(&mut fields, "value", value);
                }
                text(&mut fields, "effect", effect_name(*effect));
            }
            Verb::Untaint { node, key, effect } => {
                text(&mut fields, "node", node);
                text(&mut fields, "key", key);
                if let Some(effect) = effect {
                    text(&mut fields, "effect", effect_name(*effect));
                }
            }
            Verb::PidPressure { node, available } => {
                text(&mut fields, "node", node);
                fields.push(format!("available: {available}"));
            }
            Verb::Pressure { node, available } | Verb::DiskPressure { node, available: Some(available) } => {
                text(&mut fields, "node", node);
                fields.push(format!("available: {}", bytes_text(*available)));
            }
            Verb::FailNodes { zone, nodes } => {
                text(&mut fields, "zone", zone);
                fields.push(format!("nodes: {nodes}"));
            }
            Verb::FlapNode { node, down, up, times } => {
                text(&mut fields, "node", node);
                fields.extend([("down", down), ("up", up)].map(|(key, span)| format!("{key}: {}", duration_text(*span))));
                fields.push(format!("times: {times}"));
            }
            Verb::StopComponent { component, takeover } => {
                text(&mut fields, "name", component.name());
                fields.push(format!("for: {}", duration_text(*takeover)));
            }
            Verb::SpotNotice { node, notice } => {
                text(&mut fields, "node", node);
                fields.push(format!("notice: {}", duration_text(*notice)));
            }
            Verb::ShutdownNode { node, grace_period, critical_grace_period } => {
                text(&mut fields, "node", node);
                fields.extend(grace_period.map(|span| format!("gracePeriod: {}", duration_text(span))));
                fields.push(format!("criticalGracePeriod: {}", duration_text(*critical_grace_period)));
            }
            Verb::RegistryOutage { registry: Some(registry) } => text(&mut fields, "registry", registry),
            Verb::SlowStart { workload, by } => {
                text(&mut fields, "workload", workload);
                fields.push(format!("by: {}", duration_text(*by)));
            }
            Verb::CrashLoop { workload, after, exit_code } => {
                text(&mut fields, "workload", workload);
                fields.push(format!("after: {}", duration_text(*after)));
                if *exit_code != 1 {
                    fields.push(format!("exitCode: {exit_code}"));
                }
            }
            Verb::GrowMemory { workload, per_pod } => {
                text(&mut fields, "workload", workload);
                fields.extend(per_pod.map(|bytes| format!("perPod: {}", bytes_text(bytes))));
            }
            Verb::Load { workload, times, cpu, memory, metric } => {
                text(&mut fields, "workload", workload);
                let amount = |milli: &i64| Quantity::from_milli(*milli).to_string();
                fields.extend(times.map(|n| format!("times: {}", thousandths_text(n))));
                fields.extend(cpu.as_ref().map(|milli| format!("cpu: {}", quantity_text(&amount(milli)))));
                fields.extend(memory.map(|bytes| format!("memory: {}", bytes_text(bytes))));
                if let Some((name, value)) = metric {
                    text(&mut fields, "metric", name);
                    fields.push(format!("value: {}", quantity_text(&amount(value))));
                }
            }
            Verb::KillPods { workload, pods, grace_period } => {
                text(&mut fields, "workload", workload);
                fields.extend(pods.map(|n| format!("pods: {n}")));
                fields.extend(grace_period.map(|span| format!("gracePeriod: {}", duration_text(span))));
            }
            Verb::Crash { workload, pods, .. } | Verb::FailReadiness { workload, pods } | Verb::PassReadiness { workload, pods } => {
                text(&mut fields, "workload", workload);
                fields.extend(pods.map(|n| format!("pods: {n}")));
                if let Verb::Crash { exit_code, .. } = self
                    && *exit_code != 1
                {
                    fields.push(format!("exitCode: {exit_code}"));
                }
            }
            Verb::AddNode { name, like } => {
                text(&mut fields, "name", name);
                text(&mut fields, "like", like);
            }
            Verb::Scale { workload, replicas } => {
                text(&mut fields, "workload", workload);
                fields.push(format!("replicas: {replicas}"));
            }
            Verb::Rollout { workload, image, container, broken } => {
                text(&mut fields, "workload", workload);
                if let Some(image) = image {
                    text(&mut fields, "image", image);
                }
                if let Some(container) = container {
                    text(&mut fields, "container", container);
                }
                if *broken {
                    fields.push("broken: true".to_owned());
                }
            }
            Verb::Undo { workload, to_revision } => {
                text(&mut fields, "workload", workload);
                fields.extend(to_revision.map(|n| format!("toRevision: {n}")));
            }
            Verb::Delete { target, grace_period, cascade } => {
                text(&mut fields, "target", target);
                fields.extend(grace_period.map(|span| format!("gracePeriod: {}", duration_text(span))));
                if *cascade != Cascade::default() {
                    fields.push(format!("cascade: {}", cascade.name()));
                }
            }
            _ => {}
        }
        fields
    }
}

/// An amount of bytes as a quantity, in the largest binary unit that says it exactly.
fn bytes_text(bytes: i64) -> String {
    let units = [("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)];
    let exact = units.into_iter().find(|(_, size)| bytes != 0 && bytes % size == 0);
    exact.map_or_else(|| format!("\"{bytes}\""), |(unit, size)| format!("{}{unit}", bytes / size))
}

/// A quantity as YAML: one that is a plain number would be read as such, so it is quoted.
fn quantity_text(quantity: &str) -> String {
    if quantity.bytes().all(|b| b.is_ascii_digit()) { format!("\"{quantity}\"") } else { quantity.to_owned() }
}

/// Thousandths as a decimal number: `3`, `0.5`.
fn thousandths_text(thousandths: i64) -> String {
    let (whole, rest) = (thousandths / 1_000, (thousandths % 1_000).unsigned_abs());
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:03}").trim_end_matches('0').to_owned() }
}

/// A taint's effect as Kubernetes writes it.
pub(super) const fn effect_name(effect: TaintEffect) -> &'static str {
    match effect {
        TaintEffect::NoSchedule => "NoSchedule",
        TaintEffect::PreferNoSchedule => "PreferNoSchedule",
        TaintEffect::NoExecute => "NoExecute",
    }
}

/// A span of virtual time as Go writes durations, in the largest units that say it exactly: `90s`, `5m`, `1h30m`, `1.5s`.
pub fn duration_text(span: Millis) -> String {
    let (sign, ms) = if span < 0 { ("-", span.unsigned_abs()) } else { ("", span.unsigned_abs()) };
    let second = SECOND.unsigned_abs();
    if ms == 0 {
        return "0s".to_owned();
    }
    if ms % second != 0 {
        return format!("{sign}{ms}ms");
    }
    let seconds = ms / second;
    let (h, m, s) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let mut text = sign.to_owned();
    for (amount, unit) in [(h, 'h'), (m, 'm'), (s, 's')] {
        if amount > 0 {
            // Writing to a String never fails.
            let _ = write!(text, "{amount}{unit}");
        }
    }
    text
}

/// A text as a YAML scalar: plain where that is read back as the same string in flow style, quoted otherwise.
pub fn yaml_text(text: &str) -> String {
    let plain_start = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let plain = plain_start
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@' | '+'))
        && !text.ends_with(':');
    if plain && !is_word(text) { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact() {
        for (ms, text) in [(0, "0s"), (1_500, "1500ms"), (90_000, "1m30s"), (3_600_000, "1h"), (7_205_000, "2h5s"), (-1_000, "-1s")] {
            assert_eq!(duration_text(ms), text);
        }
    }

    #[test]
    fn what_yaml_would_misread_is_quoted() {
        for (text, want) in [("zone-b", "zone-b"), ("no", "\"no\""), ("1", "\"1\""), ("a b", "\"a b\""), ("web:2", "web:2"), ("", "\"\"")] {
            assert_eq!(yaml_text(text), want);
        }
    }
}
