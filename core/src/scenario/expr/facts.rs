//! Facts: the part of the state that expressions ask for, as plain data under the names that expressions use.
//!
//! Readiness is counted from the pods themselves, not from the status that a controller has written: it is what endpoints follow.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{AutoscalerId, BudgetId, PodId, VolumeId};
use crate::cluster::node::NodeReady;
use crate::cluster::pod::Phase;
use crate::cluster::state::Workload;
use crate::cluster::workloads::Condition;
use crate::scenario::names;
use crate::trace::Change;
use crate::units::arrange::Arrange;
use crate::units::time::{Millis, Time};

/// Which of a sort are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// None.
    #[default]
    None,
    /// These, by the names that the expression uses.
    Named(Vec<String>),
    /// All: the expression computes the name.
    All,
}

impl Which {
    /// Both.
    pub fn join(&mut self, other: Which) {
        *self = match (std::mem::take(self), other) {
            (Which::All, _) | (_, Which::All) => Which::All,
            (Which::None, which) | (which, Which::None) => which,
            (Which::Named(mut names), Which::Named(more)) => {
                names.extend(more);
                names.arrange();
                names.dedup();
                Which::Named(names)
            }
        };
    }
}

/// What an expression asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// `workload(…)`.
    pub workloads: Which,
    /// `zone(…)`.
    pub zones: Which,
    /// `pods`.
    pub pods: bool,
    /// `nodes`.
    pub nodes: bool,
    /// `events`.
    pub events: bool,
    /// `notes`.
    pub notes: bool,
    /// `budget(…)`.
    pub budgets: Which,
    /// `claims`.
    pub claims: bool,
    /// `volumes`.
    pub volumes: bool,
    /// `autoscaler(…)`.
    pub autoscalers: Which,
    /// `unschedulable()`.
    pub unschedulable: bool,
    /// `time`.
    pub time: bool,
    /// Whole numbers that stand in an expression over `time`: seconds at which it may change though nothing happens.
    pub moments: Vec<i64>,
}

/// A workload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WorkloadFacts {
    /// Pods wanted.
    pub desired: i64,
    /// Pods that are ready and not being deleted, as far as Kubernetes knows.
    pub ready: i64,
    /// Of these, those whose machine is alive: a dead one's pods stay ready until their silence is noticed.
    pub serving: i64,
    /// Of these, those ready for `minReadySeconds`.
    pub available: i64,
    /// Active pods of the newest revision.
    pub updated: i64,
    /// Pods that exist, those being deleted included.
    pub pods: i64,
    /// Pods without a node.
    pub unschedulable: i64,
    /// In-place restarts, of all pods that exist.
    pub restarts: i64,
    /// Names of the nodes with ready pods, sorted.
    pub nodes: Vec<String>,
    /// Ready pods by zone.
    pub zones: BTreeMap<String, i64>,
    /// Pods that ended well, as a Job counts them; of other workloads those that exist.
    pub succeeded: i64,
    /// Pods that ended badly, as a Job counts them; of other workloads those that exist.
    pub failed: i64,
    /// The status conditions as `Type=Status Reason: message`, sorted.
    pub conditions: Vec<String>,
}

/// A zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ZoneFacts {
    /// Nodes.
    pub nodes: i64,
    /// Nodes whose Ready condition is True.
    pub ready_nodes: i64,
    /// Pods bound to them.
    pub pods: i64,
    /// Ready ones.
    pub ready_pods: i64,
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PodFacts {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Its workload: `deployment/web`.
    pub workload: String,
    /// Phase.
    pub phase: String,
    /// `status.reason`.
    pub reason: String,
    /// Ready and not being deleted.
    pub ready: bool,
    /// Being deleted.
    pub terminating: bool,
    /// Its node; empty for none.
    pub node: String,
    /// The zone of its node; empty for none.
    pub zone: String,
    /// In-place restarts.
    pub restarts: i64,
    /// The node on which room is being made for it; empty for none.
    pub nominated: String,
    /// The image of its first container.
    pub image: String,
    /// Priority.
    pub priority: i64,
    /// When it was created, in seconds since the start.
    pub created: i64,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeFacts {
    /// Name.
    pub name: String,
    /// Zone.
    pub zone: String,
    /// The Ready condition is True.
    pub ready: bool,
    /// Cordoned.
    pub cordoned: bool,
    /// The kubelet reports memory pressure.
    pub memory_pressure: bool,
    /// The kubelet reports disk pressure.
    pub disk_pressure: bool,
    /// The kubelet reports that few process numbers are left.
    pub pid_pressure: bool,
    /// Images that its object lists, those deleted since left out.
    pub images: i64,
    /// Pods bound to it.
    pub pods: i64,
    /// Taints as `key:effect`.
    pub taints: Vec<String>,
}

/// A Kubernetes Event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventFacts {
    /// Seconds since the start.
    pub time: i64,
    /// Reason.
    pub reason: String,
    /// Message.
    pub message: String,
    /// Its type is Warning.
    pub warning: bool,
    /// What it is about: `pod/web-0`.
    pub object: String,
}

/// What a command or the API server answered: a refused eviction, a drain's end, a step that could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoteFacts {
    /// Seconds since the start.
    pub time: i64,
    /// The HTTP status of a refusal; 0 for other notes.
    pub code: i64,
    /// Message and causes.
    pub message: String,
    /// What it is about: `pod/web-0`.
    pub object: String,
}

/// A PodDisruptionBudget's status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BudgetFacts {
    /// Evictions that would be granted now.
    pub allowed: i64,
    /// Healthy pods.
    pub healthy: i64,
    /// Healthy pods demanded.
    pub desired: i64,
    /// Pods expected.
    pub expected: i64,
}

/// A PersistentVolumeClaim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClaimFacts {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// `Pending`, `Bound` or `Lost`.
    pub phase: String,
    /// Its volume; empty for none.
    pub volume: String,
    /// Being deleted, and still used.
    pub terminating: bool,
    /// When it was created, in seconds since the start.
    pub created: i64,
}

/// A PersistentVolume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VolumeFacts {
    /// Name.
    pub name: String,
    /// `Available`, `Bound` or `Released`.
    pub phase: String,
    /// The claim it belongs to, `namespace/name`; empty for none.
    pub claim: String,
    /// Being deleted.
    pub terminating: bool,
    /// The nodes to which it is attached.
    pub nodes: Vec<String>,
}

/// A HorizontalPodAutoscaler.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AutoscalerFacts {
    /// Pods wanted of what it scales, at its last look.
    pub current: i64,
    /// What it made of that.
    pub desired: i64,
    /// `minReplicas`.
    pub least: i64,
    /// `maxReplicas`.
    pub most: i64,
    /// The status conditions as `Type=Status Reason: message`, sorted.
    pub conditions: Vec<String>,
}

/// The facts that an expression sees at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Seconds since the start, rounded down.
    pub time: i64,
    /// By the names that expressions use.
    pub workloads: BTreeMap<String, WorkloadFacts>,
    /// By the names that expressions use.
    pub zones: BTreeMap<String, ZoneFacts>,
    /// Pods in order of creation.
    pub pods: Vec<PodFacts>,
    /// Nodes in order of arrival.
    pub nodes: Vec<NodeFacts>,
    /// Events in order.
    pub events: Vec<EventFacts>,
    /// Answers in order.
    pub notes: Vec<NoteFacts>,
    /// By the names that expressions use.
    pub budgets: BTreeMap<String, BudgetFacts>,
    /// In order of creation.
    pub claims: Vec<ClaimFacts>,
    /// In order of creation.
    pub volumes: Vec<VolumeFacts>,
    /// By the names that expressions use.
    pub autoscalers: BTreeMap<String, AutoscalerFacts>,
    /// Pods without a node, of all workloads.
    pub unschedulable: i64,
}

impl Facts {
    /// What `needs` asks for, of the state as it is.
    pub fn gather(api: &Api, needs: &Needs) -> Facts {
        let cluster = api.cluster();
        let now = api.now();
        let mut facts = Facts::default();
        if needs.time {
            facts.time = now.whole_seconds();
        }
        match &needs.workloads {
            Which::None => {}
            Which::Named(wanted) => {
                for name in wanted {
                    // What was there and is gone wants nothing and has nothing.
                    let found = names::find_workload(cluster, name).map(|workload| workload_facts(cluster, workload, now));
                    facts.workloads.insert(name.clone(), found.unwrap_or_default());
                }
            }
            Which::All => {
                for workload in names::workloads(cluster) {
                    facts.workloads.insert(cluster.workload_label(workload), workload_facts(cluster, workload, now));
                }
            }
        }
        match &needs.zones {
            Which::None => {}
            Which::Named(wanted) => {
                for name in wanted {
                    if let Ok(zone) = names::zone(cluster, name) {
                        facts.zones.insert(name.clone(), zone_facts(cluster, zone));
                    }
                }
            }
            Which::All => {
                for index in 0..cluster.zones.len() {
                    let zone = crate::cluster::ids::ZoneId::from_index(index);
                    facts.zones.insert(cluster.zone_name(zone).to_owned(), zone_facts(cluster, zone));
                }
            }
        }
        if needs.pods {
            facts.pods = cluster.live_pods().map(|(id, _)| pod_facts(cluster, id)).collect();
        }
        if needs.nodes {
            facts.nodes = cluster
                .live_nodes()
                .map(|(_, node)| NodeFacts {
                    name: cluster.text(node.name).to_owned(),
                    zone: cluster.zone_name(node.zone).to_owned(),
                    ready: node.ready == NodeReady::True,
                    cordoned: node.unschedulable,
                    memory_pressure: node.memory_pressure,
                    disk_pressure: node.disk_pressure,
                    pid_pressure: node.pid_pressure,
                    images: node.image_of_name.chunk_by(|a, b| a == b).count() as i64,
                    pods: node.pods.len() as i64,
                    taints: node
                        .taints
                        .iter()
                        .map(|t| format!("{}:{}", cluster.text(t.key), crate::scenario::verb::effect_name(t.effect)))
                        .collect(),
                })
                .collect();
        }
        if needs.events {
            facts.events = event_facts(api);
        }
        if needs.notes {
            facts.notes = note_facts(api);
        }
        match &needs.budgets {
            Which::None => {}
            Which::Named(wanted) => {
                for name in wanted {
                    let found = names::budget(cluster, name).map(|id| budget_facts(cluster, id));
                    facts.budgets.insert(name.clone(), found.unwrap_or_default());
                }
            }
            Which::All => {
                for (id, name) in names::budgets(cluster) {
                    facts.budgets.insert(name, budget_facts(cluster, id));
                }
            }
        }
        if needs.claims {
            facts.claims = claim_facts(cluster);
        }
        if needs.volumes {
            facts.volumes = volume_facts(cluster);
        }
        match &needs.autoscalers {
            Which::None => {}
            Which::Named(wanted) => {
                for name in wanted {
                    let found = names::autoscaler(cluster, name).map(|id| autoscaler_facts(cluster, id));
                    facts.autoscalers.insert(name.clone(), found.unwrap_or_default());
                }
            }
            Which::All => {
                for (id, name) in names::autoscalers(cluster) {
                    facts.autoscalers.insert(name, autoscaler_facts(cluster, id));
                }
            }
        }
        if needs.unschedulable {
            facts.unschedulable = cluster.live_pods().filter(|(_, pod)| pod.is_unscheduled() && pod.deletion.is_none()).count() as i64;
        }
        facts
    }
}

fn event_facts(api: &Api) -> Vec<EventFacts> {
    let cluster = api.cluster();
    let trace = api.trace();
    let events = trace.records().iter().filter_map(|record| match record.change {
        Change::Event { .. } => trace.event(cluster, record).map(|event| EventFacts {
            time: record.time.whole_seconds(),
            reason: event.reason.to_owned(),
            message: event.message.into_owned(),
            warning: event.warning,
            object: names::subject(cluster, record.subject),
        }),
        // kube-scheduler's own event: it is kept as the change it tells of.
        Change::PodUnschedulable(message) => Some(EventFacts {
            time: record.time.whole_seconds(),
            reason: "FailedScheduling".to_owned(),
            message: trace.text(message).to_owned(),
            warning: true,
            object: names::subject(cluster, record.subject),
        }),
        _ => None,
    });
    events.collect()
}

fn note_facts(api: &Api) -> Vec<NoteFacts> {
    let (cluster, trace) = (api.cluster(), api.trace());
    let notes = trace.records().iter().filter_map(|record| {
        let (code, message) = match record.change {
            Change::EvictionRefused(code, message) => (i64::from(code), message),
            Change::StepNote(message) => (0, message),
            _ => return None,
        };
        let object = names::subject(cluster, record.subject);
        Some(NoteFacts { time: record.time.whole_seconds(), code, message: trace.text(message).to_owned(), object })
    });
    notes.collect()
}

fn claim_facts(cluster: &Cluster) -> Vec<ClaimFacts> {
    let live = cluster.storage.claims.iter().filter(|claim| !claim.gone);
    live.map(|claim| ClaimFacts {
        name: cluster.text(claim.name).to_owned(),
        namespace: cluster.namespace_name(claim.namespace).to_owned(),
        phase: match (claim.lost, claim.bind_completed) {
            (true, _) => "Lost",
            (false, true) => "Bound",
            (false, false) => "Pending",
        }
        .to_owned(),
        volume: claim.volume.map_or(String::new(), |id| cluster.text(cluster.storage.volumes[id.index()].name).to_owned()),
        terminating: claim.deleting,
        created: claim.created.whole_seconds(),
    })
    .collect()
}

fn volume_facts(cluster: &Cluster) -> Vec<VolumeFacts> {
    let live = cluster.storage.volumes.iter().enumerate().filter(|(_, volume)| !volume.gone);
    live.map(|(index, volume)| {
        let id = VolumeId::from_index(index);
        let bound = cluster.storage.claims.iter().any(|claim| !claim.gone && claim.bind_completed && claim.volume == Some(id));
        let claim = volume.claim_ref.map(|(namespace, name)| format!("{}/{}", cluster.text(namespace), cluster.text(name)));
        let attached = cluster.storage.attachments.iter().filter(|a| a.volume == volume.name && a.attached);
        VolumeFacts {
            name: cluster.text(volume.name).to_owned(),
            phase: match (volume.released, bound) {
                (true, _) => "Released",
                (false, true) => "Bound",
                (false, false) => "Available",
            }
            .to_owned(),
            claim: claim.unwrap_or_default(),
            terminating: volume.deleting,
            nodes: attached.map(|attachment| cluster.text(attachment.node).to_owned()).collect(),
        }
    })
    .collect()
}

fn autoscaler_facts(cluster: &Cluster, id: AutoscalerId) -> AutoscalerFacts {
    let scaler = &cluster.autoscalers[id.index()];
    let mut conditions: Vec<String> = scaler.status.conditions.iter().map(condition_text).collect();
    conditions.arrange();
    AutoscalerFacts {
        current: i64::from(scaler.status.current),
        desired: i64::from(scaler.status.desired),
        least: i64::from(scaler.least),
        most: i64::from(scaler.most),
        conditions,
    }
}

fn budget_facts(cluster: &Cluster, id: BudgetId) -> BudgetFacts {
    let status = &cluster.budgets[id.index()].status;
    BudgetFacts {
        allowed: i64::from(status.disruptions_allowed),
        healthy: i64::from(status.current_healthy),
        desired: i64::from(status.desired_healthy),
        expected: i64::from(status.expected_pods),
    }
}

fn pod_facts(cluster: &Cluster, id: PodId) -> PodFacts {
    let pod = cluster.pod(id);
    let node = pod.node.map(|node| cluster.node(node));
    PodFacts {
        name: cluster.pod_name(id),
        namespace: cluster.namespace_name(pod.namespace).to_owned(),
        workload: cluster.workload_label(cluster.workload_of(id)),
        phase: pod.phase.name().to_owned(),
        reason: cluster.text(pod.reason).to_owned(),
        ready: pod.ready && pod.deletion.is_none(),
        terminating: pod.is_terminating(),
        node: node.map_or(String::new(), |node| cluster.text(node.name).to_owned()),
        zone: node.map_or(String::new(), |node| cluster.zone_name(node.zone).to_owned()),
        restarts: i64::from(pod.restarts),
        nominated: pod.nominated.map_or(String::new(), |node| cluster.text(cluster.node(node).name).to_owned()),
        image: cluster.template_of(id).containers.first().map_or(String::new(), |c| cluster.text(c.image).to_owned()),
        priority: i64::from(pod.priority),
        created: pod.created.whole_seconds(),
    }
}

fn zone_facts(cluster: &Cluster, zone: crate::cluster::ids::ZoneId) -> ZoneFacts {
    let mut facts = ZoneFacts::default();
    for (_, node) in cluster.live_nodes().filter(|(_, node)| node.zone == zone) {
        facts.nodes += 1;
        facts.ready_nodes += i64::from(node.ready == NodeReady::True);
        facts.pods += node.pods.len() as i64;
        facts.ready_pods += node.pods.iter().filter(|&&id| is_serving(cluster, id)).count() as i64;
    }
    facts
}

fn is_serving(cluster: &Cluster, id: PodId) -> bool {
    let pod = cluster.pod(id);
    pod.ready && !pod.gone && pod.deletion.is_none()
}

/// The pods of a workload that exist, in order of creation within each owner.
pub(crate) fn pods_of(cluster: &Cluster, workload: Workload) -> Vec<PodId> {
    match workload {
        Workload::Deployment(id) => cluster.deployments[id.index()]
            .replica_sets
            .iter()
            .flat_map(|set| cluster.replica_sets[set.index()].pods.iter().copied())
            .collect(),
        Workload::ReplicaSet(id) => cluster.replica_sets[id.index()].pods.clone(),
        Workload::StatefulSet(id) => cluster.stateful_sets[id.index()].pods.clone(),
        Workload::DaemonSet(id) => cluster.daemon_sets[id.index()].pods.clone(),
        Workload::Job(id) => cluster.jobs[id.index()].pods.clone(),
        Workload::Pod(id) if cluster.pod(id).gone => Vec::new(),
        Workload::Pod(id) => vec![id],
    }
}

/// How many pods a workload wants.
pub(crate) fn desired_of(cluster: &Cluster, workload: Workload) -> i64 {
    if cluster.workload_meta(workload).is_some_and(|meta| meta.gone || meta.deleting.is_some()) {
        return 0;
    }
    match workload {
        Workload::Deployment(id) => i64::from(cluster.deployments[id.index()].replicas),
        Workload::ReplicaSet(id) => i64::from(cluster.replica_sets[id.index()].replicas),
        Workload::StatefulSet(id) => i64::from(cluster.stateful_sets[id.index()].replicas),
        Workload::DaemonSet(id) => i64::from(cluster.daemon_sets[id.index()].status.desired),
        Workload::Job(id) => {
            let job = &cluster.jobs[id.index()];
            i64::from(job.completions.unwrap_or(job.parallelism))
        }
        Workload::Pod(id) => i64::from(!cluster.pod(id).gone),
    }
}

fn workload_facts(cluster: &Cluster, workload: Workload, now: Time) -> WorkloadFacts {
    let (newest, min_ready): (_, Millis) = match workload {
        Workload::Deployment(id) => (Some(cluster.deployments[id.index()].template), cluster.deployments[id.index()].min_ready),
        Workload::StatefulSet(id) => (Some(cluster.stateful_sets[id.index()].template), cluster.stateful_sets[id.index()].min_ready),
        Workload::DaemonSet(id) => (Some(cluster.daemon_sets[id.index()].template), cluster.daemon_sets[id.index()].min_ready),
        Workload::ReplicaSet(id) => (None, cluster.replica_sets[id.index()].min_ready),
        Workload::Job(_) | Workload::Pod(_) => (None, 0),
    };
    let mut facts = WorkloadFacts { desired: desired_of(cluster, workload), ..WorkloadFacts::default() };
    facts.conditions = conditions_of(cluster, workload).iter().map(condition_text).collect();
    facts.conditions.arrange();
    for id in pods_of(cluster, workload) {
        let pod = cluster.pod(id);
        facts.pods += 1;
        facts.restarts += i64::from(pod.restarts);
        facts.succeeded += i64::from(pod.phase == Phase::Succeeded);
        facts.failed += i64::from(pod.phase == Phase::Failed);
        facts.updated +=
            i64::from(pod.is_active() && newest.is_none_or(|newest| cluster.template_of(id).digest == cluster.template(newest).digest));
        facts.unschedulable += i64::from(pod.is_unscheduled() && pod.deletion.is_none());
        if !is_serving(cluster, id) {
            continue;
        }
        facts.ready += 1;
        facts.available += i64::from(pod.is_available(min_ready, now));
        if let Some(node) = pod.node.map(|node| cluster.node(node)) {
            facts.serving += i64::from(node.machine_up && !node.gone);
            facts.nodes.push(cluster.text(node.name).to_owned());
            *facts.zones.entry(cluster.zone_name(node.zone).to_owned()).or_default() += 1;
        }
    }
    facts.nodes.arrange();
    facts.nodes.dedup();
    if let Workload::Job(id) = workload {
        let status = &cluster.jobs[id.index()].status;
        (facts.succeeded, facts.failed) = (i64::from(status.succeeded), i64::from(status.failed));
    }
    facts
}

fn conditions_of(cluster: &Cluster, workload: Workload) -> &[Condition] {
    match workload {
        Workload::Deployment(id) => &cluster.deployments[id.index()].status.conditions,
        Workload::ReplicaSet(id) => &cluster.replica_sets[id.index()].status.conditions,
        Workload::Job(id) => &cluster.jobs[id.index()].status.conditions,
        Workload::StatefulSet(_) | Workload::DaemonSet(_) | Workload::Pod(_) => &[],
    }
}

fn condition_text(condition: &Condition) -> String {
    format!("{}={} {}: {}", condition.kind, condition.status, condition.reason, condition.message)
}
