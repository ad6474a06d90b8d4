//! Applying verbs: each becomes writes to the API server, a drain, or a fault of a machine. What follows is the engine's.

use super::catalog::{CANNOT_APPLY, UNKNOWN_NAME};
use super::expr::pods_of;
use super::names::{self, Other, Unknown};
use super::release;
use super::verb::{Cascade, Place, Verb};
use crate::apiserver::Propagation;
use crate::cluster::Cluster;
use crate::cluster::behavior::Exit;
use crate::cluster::build::objects_from_json;
use crate::cluster::ids::{NodeId, PodId, ZoneId};
use crate::cluster::kubelet_settings::shutdown_groups;
use crate::cluster::loads::{Demand, Load, LoadChange};
use crate::cluster::node::{Node, NodeReady, Taint};
use crate::cluster::pod::Phase;
use crate::cluster::state::Workload;
use crate::controllers::deployment::undo;
use crate::engine::Sim;
use crate::engine::drain::DrainOptions as EngineDrain;
use crate::faults::{Fault, inject};
use crate::manifest::{Diagnostic, Span};
use crate::trace::{Change, DeleteReason, RecordId, Subject};
use crate::units::arrange::Arrange;
use crate::units::text::visible;
use crate::units::time::{Millis, SECOND, format_span};

/// Why a verb can't be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It names what does not exist.
    Unknown(Unknown),
    /// It can't be done to what it names.
    Useless(String),
}

impl From<Unknown> for Refused {
    fn from(unknown: Unknown) -> Refused {
        Refused::Unknown(unknown)
    }
}

impl Refused {
    /// In a sentence.
    pub fn message(&self) -> String {
        match self {
            Refused::Unknown(unknown) => unknown.to_string(),
            Refused::Useless(why) => why.clone(),
        }
    }

    /// As a diagnostic at the step that asked for it.
    pub fn diagnostic(&self, span: Option<Span>) -> Diagnostic {
        match self {
            Refused::Useless(why) => Diagnostic::warning(CANNOT_APPLY, why.clone()).at(span),
            Refused::Unknown(unknown) => {
                let diagnostic = Diagnostic::error(UNKNOWN_NAME, unknown.to_string()).at(span);
                match (&unknown.near, unknown.known.as_slice()) {
                    (Some(near), _) => diagnostic.help(format!("did you mean {}?", visible(near))),
                    (None, []) => diagnostic,
                    (None, known) => {
                        diagnostic.help(format!("there are {}", known.iter().map(|name| visible(name)).collect::<Vec<_>>().join(", ")))
                    }
                }
            }
        }
    }
}

fn useless<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::Useless(why.into()))
}

/// What a verb is about, once its names are looked up.
enum Target {
    Node(NodeId),
    Zone(ZoneId),
    Workload(Workload),
    Other(Other),
    /// The cluster as a whole.
    Cluster,
}

/// Looks up what a verb names.
///
/// # Errors
/// There is no such thing.
fn target(cluster: &Cluster, verb: &Verb) -> Result<Target, Refused> {
    Ok(match verb {
        Verb::FailNode { node }
        | Verb::RecoverNode { node }
        | Verb::Cordon { node }
        | Verb::Uncordon { node }
        | Verb::Drain { node, .. }
        | Verb::Taint { node, .. }
        | Verb::Untaint { node, .. }
        | Verb::Pressure { node, .. }
        | Verb::RelievePressure { node, .. }
        | Verb::KubeletNotReady { node }
        | Verb::KubeletReady { node }
        | Verb::FlapNode { node, .. }
        | Verb::StopKubelet { node }
        | Verb::StartKubelet { node }
        | Verb::SpotNotice { node, .. }
        | Verb::ShutdownNode { node, .. }
        | Verb::DiskPressure { node, .. }
        | Verb::PidPressure { node, .. }
        | Verb::RelievePidPressure { node }
        | Verb::RelieveDiskPressure { node }
        | Verb::Partition { place: Place::Node(node) }
        | Verb::Reconnect { place: Place::Node(node) }
        | Verb::AddNode { like: node, .. } => Target::Node(names::node(cluster, node)?),
        Verb::FailZone { zone }
        | Verb::RecoverZone { zone }
        | Verb::FailNodes { zone, .. }
        | Verb::Partition { place: Place::Zone(zone) }
        | Verb::Reconnect { place: Place::Zone(zone) } => Target::Zone(names::zone(cluster, zone)?),
        Verb::Scale { workload, .. }
        | Verb::Rollout { workload, .. }
        | Verb::Restart { workload }
        | Verb::Undo { workload, .. }
        | Verb::GrowMemory { workload, .. }
        | Verb::Load { workload, .. }
        | Verb::KillPods { workload, .. }
        | Verb::Crash { workload, .. }
        | Verb::FailReadiness { workload, .. }
        | Verb::PassReadiness { workload, .. }
        | Verb::Pause { workload }
        | Verb::SlowStart { workload, .. }
        | Verb::CrashLoop { workload, .. }
        | Verb::EndCrashLoop { workload }
        | Verb::Resume { workload } => Target::Workload(names::workload(cluster, workload)?),
        Verb::Apply { .. }
        | Verb::RegistryOutage { .. }
        | Verb::RegistryRecovers
        | Verb::StopComponent { .. }
        | Verb::StartComponent { .. } => Target::Cluster,
        Verb::Delete { target, .. } if target.starts_with("node/") => Target::Node(names::node(cluster, target)?),
        Verb::Delete { target, .. } => match names::other(cluster, target) {
            Some(found) => Target::Other(found?),
            None => Target::Workload(names::workload(cluster, target)?),
        },
    })
}

/// Says of a verb, before anything runs, whether what it names exists.
///
/// # Errors
/// It does not.
pub fn check(cluster: &Cluster, verb: &Verb) -> Result<(), Refused> {
    match (target(cluster, verb)?, verb) {
        (Target::Workload(workload), Verb::Scale { .. }) => can_scale(cluster, workload),
        (Target::Workload(workload), Verb::Rollout { container: Some(container), .. }) => {
            release::container(cluster, workload, Some(container)).map(|_| ()).map_err(Refused::Useless)
        }
        _ => Ok(()),
    }
}

fn can_scale(cluster: &Cluster, workload: Workload) -> Result<(), Refused> {
    match workload {
        Workload::Deployment(_) | Workload::StatefulSet(_) | Workload::ReplicaSet(_) => Ok(()),
        Workload::DaemonSet(_) | Workload::Job(_) | Workload::Pod(_) => {
            useless(format!("{} has no replicas to scale", visible(&cluster.workload_label(workload))))
        }
    }
}

/// What a verb does later by itself, in this cluster: see [`Verb::later`].
pub(super) fn later(cluster: &Cluster, verb: &Verb) -> Vec<(Millis, Verb)> {
    match verb {
        // The machine goes when the kubelet has had the time that its configuration gives it.
        Verb::ShutdownNode { node, grace_period: None, .. } => {
            let total = cluster.kubelet.shutdown.iter().map(|&(_, period)| period).sum();
            vec![(total, Verb::FailNode { node: node.clone() })]
        }
        other => other.later(),
    }
}

/// Does a verb now. `cause` is the record of the step.
///
/// # Errors
/// It can't be done: nothing has changed then.
pub fn apply(sim: &mut Sim, verb: &Verb, cause: Option<RecordId>) -> Result<(), Refused> {
    let target = target(sim.cluster(), verb)?;
    sim.api_mut().set_causes(cause.as_slice());
    let done = match target {
        Target::Cluster => on_cluster(sim, verb, cause),
        Target::Zone(zone) => on_zone(sim, verb, zone, cause),
        Target::Node(node) => on_node(sim, verb, node, cause),
        Target::Workload(workload) => on_workload(sim, verb, workload, cause),
        Target::Other(Other::CronJob(id)) => {
            let cascade = if let Verb::Delete { cascade, .. } = verb { *cascade } else { Cascade::default() };
            sim.api_mut().delete_cron_job(id, propagation(cascade));
            Ok(())
        }
        Target::Other(Other::Claim(id)) => {
            sim.api_mut().delete_claim(id);
            Ok(())
        }
        Target::Other(Other::Autoscaler(id)) => {
            sim.api_mut().delete_autoscaler(id);
            Ok(())
        }
        Target::Other(Other::Namespace(id)) => match sim.api_mut().delete_namespace(id) {
            Some(_) => Ok(()),
            None => useless(format!("namespace {} is being deleted already", visible(sim.cluster().namespace_name(id)))),
        },
        Target::Other(Other::Webhooks(configuration, mutating)) => {
            sim.api_mut().delete_webhooks(configuration, mutating);
            Ok(())
        }
    };
    sim.api_mut().set_causes(&[]);
    done
}

fn on_cluster(sim: &mut Sim, verb: &Verb, cause: Option<RecordId>) -> Result<(), Refused> {
    match verb {
        Verb::Apply { objects } => apply_objects(sim, objects, cause),
        Verb::RegistryOutage { registry } => {
            inject(sim, &Fault::Registry(Some(registry.clone().unwrap_or_default())), cause);
            Ok(())
        }
        Verb::StopComponent { component, .. } if sim.is_away(*component) => useless(format!("{} has no leader already", component.name())),
        Verb::StopComponent { component, .. } => {
            sim.stop_component(*component);
            Ok(())
        }
        Verb::StartComponent { component } if !sim.is_away(*component) => useless(format!("{} has a leader", component.name())),
        Verb::StartComponent { component } => {
            let api = sim.api_mut();
            let text = api.trace_mut().text_id(&format!("another instance of {} leads", component.name()));
            let record = api.record(Subject::Cluster, Change::StepNote(text));
            api.set_cause(Some(record));
            sim.take_over(*component);
            Ok(())
        }
        Verb::RegistryRecovers => {
            inject(sim, &Fault::Registry(None), cause);
            Ok(())
        }
        _ => useless(format!("{} needs something to be done to", verb.name())),
    }
}

/// What kubectl prints while a step is done.
fn note(sim: &mut Sim, text: &str, cause: Option<RecordId>) {
    let api = sim.api_mut();
    let subject = cause.and_then(|id| api.trace().record(id)).map_or(Subject::Cluster, |record| record.subject);
    let text = api.trace_mut().text_id(&visible(text));
    api.record(subject, Change::StepNote(text));
}

/// `kubectl apply`: all objects are looked at before any is written.
fn apply_objects(sim: &mut Sim, objects: &[serde_json::Value], cause: Option<RecordId>) -> Result<(), Refused> {
    let read = objects_from_json(objects).map_err(|why| Refused::Useless(visible(&why).into_owned()))?;
    let behaviors = sim.cluster().behaviors.clone();
    for (object, written) in read.iter().zip(objects) {
        if let Some(said) = sim.api_mut().apply_custom(written, &behaviors) {
            said.iter().for_each(|text| note(sim, text, cause));
            continue;
        }
        let applied = sim.api_mut().apply(object, None, &behaviors).map_err(|refusal| Refused::Useless(refusal.text()))?;
        for warning in &applied.warnings {
            note(sim, &format!("Warning: {warning}"), cause);
        }
        if applied.inserted.is_none() {
            let kind = written.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default();
            return useless(format!("a {} is not simulated, or it would be refused", visible(kind)));
        }
    }
    Ok(())
}

fn on_zone(sim: &mut Sim, verb: &Verb, zone: ZoneId, cause: Option<RecordId>) -> Result<(), Refused> {
    let name = visible(sim.cluster().zone_name(zone)).into_owned();
    match verb {
        Verb::FailNodes { nodes, .. } => {
            let up = nodes_of(sim.cluster(), zone, |node| node.kubelet_alive);
            if (up.len() as u64) < u64::from(*nodes) {
                return useless(format!("zone {name} has {} nodes that are up", up.len()));
            }
            up.iter().take(*nodes as usize).for_each(|&node| inject(sim, &Fault::NodeFails(node), cause));
            return Ok(());
        }
        Verb::Partition { .. } => {
            let connected = nodes_of(sim.cluster(), zone, |node| node.kubelet_alive);
            if connected.is_empty() {
                return useless(format!("no node of zone {name} is heard of"));
            }
            connected.iter().for_each(|&node| inject(sim, &Fault::NodeCutOff(node), cause));
            return Ok(());
        }
        Verb::Reconnect { .. } => {
            let silent = nodes_of(sim.cluster(), zone, |node| !node.kubelet_alive && node.machine_up);
            if silent.is_empty() {
                return useless(format!("no node of zone {name} is cut off"));
            }
            silent.iter().for_each(|&node| inject(sim, &Fault::NodeReconnects(node), cause));
            return Ok(());
        }
        _ => {}
    }
    let alive = matches!(verb, Verb::RecoverZone { .. });
    if !sim.cluster().live_nodes().any(|(_, n)| n.zone == zone && n.kubelet_alive != alive) {
        return useless(if alive { format!("no node of zone {name} is down") } else { format!("no node of zone {name} is up") });
    }
    inject(sim, &if alive { Fault::ZoneRecovers(zone) } else { Fault::ZoneFails(zone) }, cause);
    Ok(())
}

fn on_node(sim: &mut Sim, verb: &Verb, node: NodeId, cause: Option<RecordId>) -> Result<(), Refused> {
    let name = visible(sim.cluster().text(sim.cluster().node(node).name)).into_owned();
    let is = sim.cluster().node(node);
    let (alive, ready, pressed) = (is.kubelet_alive, is.ready == NodeReady::True, is.memory_pressure);
    let (powered, full, crowded) = (is.machine_up, is.disk_pressure, is.pid_pressure);
    let kubelet = &sim.cluster().kubelet;
    let looks_at_disk = [kubelet.node_fs, kubelet.image_fs].iter().any(|signal| signal.hard.is_some() || signal.soft.is_some());
    let (disk, pids) = (is.capacity.ephemeral_storage, kubelet.pids);
    let fault = match verb {
        Verb::FailNode { .. } if !alive => return useless(format!("node {name} is down already")),
        Verb::RecoverNode { .. } if alive => return useless(format!("node {name} is not down")),
        Verb::KubeletNotReady { .. } if !ready => return useless(format!("node {name} is not ready already")),
        Verb::KubeletReady { .. } if ready => return useless(format!("node {name} is ready already")),
        Verb::RelievePressure { .. } if !pressed => return useless(format!("node {name} is not under memory pressure")),
        Verb::FlapNode { .. } | Verb::SpotNotice { .. } | Verb::ShutdownNode { .. } if !alive => {
            return useless(format!("node {name} is down already"));
        }
        Verb::Partition { .. } | Verb::StopKubelet { .. } if !alive => return useless(format!("node {name} is silent already")),
        Verb::Reconnect { .. } | Verb::StartKubelet { .. } if alive => return useless(format!("node {name} is not silent")),
        Verb::Reconnect { .. } | Verb::StartKubelet { .. } if !powered => return useless(format!("the machine of node {name} is down")),
        Verb::DiskPressure { .. } if full => return useless(format!("node {name} is under disk pressure already")),
        Verb::RelieveDiskPressure { .. } if !full => return useless(format!("node {name} is not under disk pressure")),
        Verb::Partition { .. } | Verb::StopKubelet { .. } => Some(Fault::NodeCutOff(node)),
        Verb::Reconnect { .. } | Verb::StartKubelet { .. } => Some(Fault::NodeReconnects(node)),
        Verb::FlapNode { .. } => Some(Fault::NodeFails(node)),
        Verb::ShutdownNode { grace_period, critical_grace_period, .. } => {
            let groups = match grace_period {
                Some(total) => shutdown_groups(*total, *critical_grace_period),
                None => sim.cluster().kubelet.shutdown.clone(),
            };
            Some(Fault::NodeShutsDown { node, groups })
        }
        Verb::DiskPressure { .. } if !looks_at_disk => {
            return useless(
                "no kubelet looks at its disk: evictionHard drops the defaults of what it does not name, unless they are merged",
            );
        }
        Verb::DiskPressure { available: Some(_), .. } if disk <= 0 => {
            return useless(format!("how large the disk of {name} is is not known: its capacity has no ephemeral-storage"));
        }
        Verb::PidPressure { .. } if crowded => return useless(format!("node {name} is under pressure for process numbers already")),
        Verb::PidPressure { .. } if pids.hard.is_none() && pids.soft.is_none() => {
            return useless("no kubelet looks at its process numbers: that takes a KubeletConfiguration with evictionHard pid.available");
        }
        Verb::RelievePidPressure { .. } if !crowded => return useless(format!("node {name} has process numbers left")),
        Verb::DiskPressure { available, .. } => Some(Fault::DiskFull { node, available: *available }),
        Verb::PidPressure { available, .. } => Some(Fault::ProcessesTaken { node, available: *available }),
        Verb::RelievePidPressure { .. } => Some(Fault::ProcessesFreed(node)),
        Verb::RelieveDiskPressure { .. } => Some(Fault::DiskFreed(node)),
        Verb::FailNode { .. } => Some(Fault::NodeFails(node)),
        Verb::RecoverNode { .. } => Some(Fault::NodeRecovers(node)),
        Verb::KubeletNotReady { .. } => Some(Fault::KubeletReports { node, ready: false }),
        Verb::KubeletReady { .. } => Some(Fault::KubeletReports { node, ready: true }),
        Verb::Pressure { available, .. } => Some(Fault::MemoryTaken { node, available: *available }),
        Verb::RelievePressure { .. } => Some(Fault::MemoryFreed(node)),
        _ => None,
    };
    if let Some(fault) = fault {
        inject(sim, &fault, cause);
        return Ok(());
    }
    let changed = match verb {
        Verb::Cordon { .. } => sim.api_mut().set_unschedulable(node, true).ok_or(format!("node {name} is cordoned already")),
        Verb::Uncordon { .. } => sim.api_mut().set_unschedulable(node, false).ok_or(format!("node {name} is not cordoned")),
        Verb::Drain { options, .. } => {
            let flags = EngineDrain {
                force: options.force,
                delete_empty_dir_data: options.delete_empty_dir_data,
                ignore_daemon_sets: options.ignore_daemon_sets,
                grace_seconds: options.grace_period.map(|span| span / SECOND),
                timeout: options.timeout,
                disable_eviction: false,
            };
            let (drains, api) = sim.drains_mut();
            drains.start(api, node, flags, cause);
            return Ok(());
        }
        Verb::SpotNotice { notice, .. } => {
            let why = format!("its spot capacity is taken away in {}", format_span(*notice));
            let api = sim.api_mut();
            if api.interrupt_machine(node, &why) {
                return Ok(());
            }
            // What a termination handler does: everything that can go goes.
            let flags = EngineDrain { force: true, delete_empty_dir_data: true, ignore_daemon_sets: true, ..EngineDrain::default() };
            let (drains, api) = sim.drains_mut();
            drains.start(api, node, flags, cause);
            return Ok(());
        }
        Verb::Taint { key, value, effect, .. } => {
            let api = sim.api_mut();
            let (key, value) = (api.cluster_mut().text.intern(key), api.cluster_mut().text.intern(value));
            api.add_taint(node, Taint { key, value, effect: *effect }).ok_or(format!("node {name} has that taint already"))
        }
        Verb::Untaint { key, effect, .. } => {
            let api = sim.api_mut();
            let key = api.cluster_mut().text.intern(key);
            let there: Vec<_> =
                api.cluster().node(node).taints.iter().filter(|t| t.key == key && effect.is_none_or(|e| e == t.effect)).copied().collect();
            let removed = there.into_iter().filter_map(|taint| api.remove_taint(node, taint.key, taint.effect)).last();
            removed.ok_or(format!("node {name} has no such taint"))
        }
        Verb::AddNode { name: new, .. } => return add_node(sim, new, node),
        Verb::Delete { .. } => {
            sim.api_mut().delete_node(node);
            return Ok(());
        }
        _ => return useless(format!("{} is nothing that can be done to a node", verb.name())),
    };
    changed.map(|_| ()).map_err(Refused::Useless)
}

fn nodes_of(cluster: &Cluster, zone: ZoneId, wanted: impl Fn(&Node) -> bool) -> Vec<NodeId> {
    cluster.live_nodes().filter(|(_, node)| node.zone == zone && wanted(node)).map(|(id, _)| id).collect()
}

/// A node like another joins: the same zone, labels, sizes and taints of its own, with a host name of its own and nothing wrong with it.
fn add_node(sim: &mut Sim, new: &str, like: NodeId) -> Result<(), Refused> {
    if sim.cluster().node_named(new).is_some() {
        return useless(format!("there is a node {} already", visible(new)));
    }
    let known = sim.api().known();
    let now = sim.now();
    let api = sim.api_mut();
    let name = api.cluster_mut().text.intern(new);
    let mut node = api.cluster().node(like).clone();
    node.name = name;
    node.labels.set(known.hostname, name);
    let of_conditions =
        [known.not_ready, known.unreachable, known.unschedulable, known.memory_pressure, known.disk_pressure, known.pid_pressure];
    node.taints.retain(|taint| !of_conditions.contains(&taint.key));
    node.unschedulable = false;
    node.ready = NodeReady::True;
    node.ready_since = now;
    node.memory_pressure = false;
    node.disk_pressure = false;
    node.pid_pressure = false;
    node.machine_up = true;
    node.kubelet_alive = true;
    node.created = now;
    node.pods.clear();
    node.origin = None;
    api.add_node(node);
    Ok(())
}

fn on_workload(sim: &mut Sim, verb: &Verb, workload: Workload, cause: Option<RecordId>) -> Result<(), Refused> {
    let label = visible(&sim.cluster().workload_label(workload)).into_owned();
    match verb {
        Verb::Scale { replicas, .. } => {
            can_scale(sim.cluster(), workload)?;
            sim.api_mut().scale(workload, *replicas);
            Ok(())
        }
        Verb::Rollout { image, container, broken, .. } => {
            let change = release::Change { image: image.as_deref(), container: container.as_deref(), broken: *broken };
            release::roll_out(sim.api_mut(), workload, &change).map_err(Refused::Useless)
        }
        Verb::Restart { .. } => release::restart(sim.api_mut(), workload).map_err(Refused::Useless),
        Verb::Undo { to_revision, .. } => match workload {
            Workload::Deployment(id) => undo(sim.api_mut(), id, *to_revision).map_err(|refused| Refused::Useless(refused.to_string())),
            Workload::StatefulSet(id) => release::undo_stateful_set(sim.api_mut(), id, *to_revision).map_err(Refused::Useless),
            _ => useless(format!("{label} keeps no revisions that can be gone back to")),
        },
        Verb::Pause { .. } | Verb::Resume { .. } => {
            let paused = matches!(verb, Verb::Pause { .. });
            let Workload::Deployment(id) = workload else { return useless(format!("{label} is no Deployment: only those can be paused")) };
            if !sim.api_mut().set_paused(id, paused) {
                return useless(format!("{label} is {} already", if paused { "paused" } else { "not paused" }));
            }
            Ok(())
        }
        Verb::GrowMemory { per_pod, .. } => {
            inject(sim, &Fault::MemoryGrows { workload, bytes: *per_pod }, cause);
            // What autoscalers look at is the same memory.
            if let Some(bytes) = per_pod
                && sim.cluster().loads.contains_key(&workload)
            {
                let memory = Some(Demand::PerPod(bytes.saturating_mul(1_000)));
                sim.api_mut().change_load(workload, &LoadChange { memory, ..LoadChange::default() });
            }
            Ok(())
        }
        Verb::Load { times, cpu, memory, metric, .. } => change_load(sim, workload, *times, (*cpu, *memory), metric.as_ref()),
        Verb::SlowStart { by, .. } => {
            inject(sim, &Fault::SlowStart { workload, by: *by }, cause);
            Ok(())
        }
        Verb::CrashLoop { after, exit_code, .. } => {
            inject(sim, &Fault::CrashLoop { workload, exit: Some(Exit { after: *after, code: *exit_code }) }, cause);
            Ok(())
        }
        Verb::EndCrashLoop { .. } => {
            inject(sim, &Fault::CrashLoop { workload, exit: None }, cause);
            Ok(())
        }
        Verb::KillPods { pods, grace_period, .. } => {
            let grace = grace_period.map(|span| span / SECOND);
            for pod in running_pods(sim.cluster(), workload, *pods)? {
                sim.api_mut().delete_pod(pod, grace, DeleteReason::User);
            }
            Ok(())
        }
        Verb::Crash { pods, exit_code, .. } => on_pods(sim, workload, *pods, cause, |pod| Fault::ContainerExits { pod, code: *exit_code }),
        Verb::FailReadiness { pods, .. } => on_pods(sim, workload, *pods, cause, |pod| Fault::Readiness { pod, ready: false }),
        Verb::PassReadiness { pods, .. } => on_pods(sim, workload, *pods, cause, |pod| Fault::Readiness { pod, ready: true }),
        Verb::Delete { grace_period, cascade, .. } => {
            let api = sim.api_mut();
            match workload {
                Workload::Pod(id) => api.delete_pod(id, grace_period.map(|span| span / SECOND), DeleteReason::User),
                other => api.delete_workload_with(other, propagation(*cascade)),
            }
            Ok(())
        }
        _ => useless(format!("{} is nothing that can be done to a workload", verb.name())),
    }
}

fn propagation(cascade: Cascade) -> Propagation {
    match cascade {
        Cascade::Background => Propagation::Background,
        Cascade::Foreground => Propagation::Foreground,
        Cascade::Orphan => Propagation::Orphan,
    }
}

/// Another load from now on. What is multiplied must be known.
fn change_load(
    sim: &mut Sim,
    workload: Workload,
    times: Option<i64>,
    amounts: (Option<i64>, Option<i64>),
    metric: Option<&(String, i64)>,
) -> Result<(), Refused> {
    let label = visible(&sim.cluster().workload_label(workload)).into_owned();
    if times.is_some() && sim.cluster().loads.get(&workload).is_none_or(Load::is_unknown) {
        return useless(format!("what there is to do for {label} is not known, so it can't be multiplied: say cpu, memory or a metric"));
    }
    let (cpu, memory) = amounts;
    let metrics = metric.map(|(name, value)| (sim.api_mut().cluster_mut().text.intern(name), Demand::Shared(*value)));
    let change = LoadChange {
        times,
        cpu: cpu.map(Demand::Shared),
        memory: memory.map(|bytes| Demand::PerPod(bytes.saturating_mul(1_000))),
        metrics: metrics.into_iter().collect(),
    };
    if change == LoadChange::default() {
        return useless(format!("nothing is said of the load of {label}: say times, cpu, memory, or metric and value"));
    }
    sim.api_mut().change_load(workload, &change);
    Ok(())
}

/// Running pods of a workload that are not being deleted, the oldest first.
fn running_pods(cluster: &Cluster, workload: Workload, most: Option<u32>) -> Result<Vec<PodId>, Refused> {
    let runs = |id: &PodId| cluster.pod(*id).phase == Phase::Running && cluster.pod(*id).deletion.is_none();
    let mut pods: Vec<PodId> = pods_of(cluster, workload).into_iter().filter(runs).collect();
    pods.arrange();
    pods.truncate(most.map_or(usize::MAX, |most| most as usize));
    if pods.is_empty() {
        return useless(format!("{} has no running pod", visible(&cluster.workload_label(workload))));
    }
    Ok(pods)
}

/// A fault for running pods of a workload, the oldest first.
fn on_pods(
    sim: &mut Sim,
    workload: Workload,
    most: Option<u32>,
    cause: Option<RecordId>,
    fault: impl Fn(PodId) -> Fault,
) -> Result<(), Refused> {
    for pod in running_pods(sim.cluster(), workload, most)? {
        inject(sim, &fault(pod), cause);
    }
    Ok(())
}
