//! Watching a run: the series and counts that a recorded summary speaks of, taken from the trace and from the state after every moment.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wavetank_core::apiserver::Known;
use wavetank_core::cluster::ids::*;
use wavetank_core::cluster::labels::Labels;
use wavetank_core::cluster::node::NodeReady;
use wavetank_core::cluster::pod::{DisruptionReason, Owner, Phase};
use wavetank_core::cluster::template::TaintEffect;
use wavetank_core::cluster::{Cluster, Workload};
use wavetank_core::engine::Sim;
use wavetank_core::trace::{Change, Subject};
use wavetank_core::units::time::Time;

use super::autoscaling;
use super::names;

/// A value and since when it held, milliseconds.
pub(crate) type Point = (i64, Value);

/// What is gathered during a run.
#[derive(Default)]
pub(crate) struct Observer {
    seen: usize,
    /// Of the records last taken in: from which size each ReplicaSet was first scaled.
    created_with: BTreeMap<ReplicaSetId, i32>,
    /// State series by path (`deployments/web/settledStatus`): every distinct state with its beginning.
    pub(crate) states: BTreeMap<String, Vec<Point>>,
    /// Plain lists by path: every entry that occurred.
    pub(crate) lists: BTreeMap<String, Vec<Point>>,
    /// Counts per second by path: second → (what → names).
    pub(crate) waves: BTreeMap<String, BTreeMap<i64, BTreeMap<&'static str, Vec<String>>>>,
    /// Pods made and removed, by owner.
    pub(crate) created: BTreeMap<String, u64>,
    /// See `created`.
    pub(crate) deleted: BTreeMap<String, u64>,
    /// Pods by the second in which they were created, for permuting equals.
    pub(crate) born: BTreeMap<String, i64>,
    /// Extremes by workload: (least ready since all were ready, most active, most pods).
    pub(crate) extremes: BTreeMap<String, Extremes>,
    /// Taints as they were added, with their values.
    taints: BTreeMap<(NodeId, String, TaintEffect), String>,
    specs: BTreeMap<DeploymentId, Vec<(ReplicaSetId, i64)>>,
    pods: BTreeMap<PodId, Seen>,
    /// Which nodes each volume was attached to, in order.
    pub(crate) attached_to: BTreeMap<String, Vec<String>>,
}

/// Least and most of a workload's pods.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extremes {
    ready: i64,
    active: i64,
    all: i64,
    /// Least ready pods since all were ready first.
    pub(crate) least_ready: Option<i64>,
    /// Most pods that are not terminating.
    pub(crate) most_active: i64,
    /// Most pods.
    pub(crate) most: i64,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    ready: bool,
    deleting: bool,
    finished: bool,
}

impl Observer {
    /// Takes in what happened since the last look.
    pub(crate) fn look(&mut self, sim: &Sim) {
        let cluster = sim.cluster();
        let trace = sim.api().trace();
        let known = sim.api().known();
        let records = &trace.records()[self.seen.min(trace.len())..];
        self.created_with.clear();
        for record in records {
            if let (Subject::ReplicaSet(id), Change::ReplicaSetScaled(from, _)) = (record.subject, record.change) {
                self.created_with.entry(id).or_insert(from);
            }
        }
        for record in records {
            autoscaling::take(self, cluster, trace, record.time, record.subject, record.change);
            self.take(cluster, known, record.time, record.subject, record.change);
        }
        self.seen = trace.len();
        self.sample(cluster, sim.now());
    }

    pub(crate) fn list(&mut self, path: String, time: Time, value: Value) {
        self.lists.entry(path).or_default().push((time.millis(), value));
    }

    fn wave(&mut self, path: &str, time: Time, what: &'static str, name: String) {
        self.waves.entry(path.to_owned()).or_default().entry(time.whole_seconds()).or_default().entry(what).or_default().push(name);
    }

    fn take(&mut self, cluster: &Cluster, known: Known, time: Time, subject: Subject, change: Change) {
        match (subject, change) {
            (Subject::ReplicaSet(id), Change::ReplicaSetCreated(deployment)) => {
                // The size it was made with: what the first later change says it changed from, or what it has now.
                let now = cluster.replica_sets[id.index()].replicas;
                let size = i64::from(self.created_with.get(&id).copied().unwrap_or(now));
                self.specs.entry(deployment).or_default().push((id, size));
                self.push_spec(cluster, deployment, time);
            }
            (Subject::ReplicaSet(id), Change::ReplicaSetScaled(_, to)) => {
                if let Some(deployment) = cluster.replica_sets[id.index()].deployment {
                    let specs = self.specs.entry(deployment).or_default();
                    if let Some(entry) = specs.iter_mut().find(|s| s.0 == id) {
                        entry.1 = i64::from(to);
                    }
                    self.push_spec(cluster, deployment, time);
                }
            }
            (Subject::ReplicaSet(id), Change::Deleted) => {
                if let Some(deployment) = cluster.replica_sets[id.index()].deployment
                    && let Some(entry) = self.specs.entry(deployment).or_default().iter_mut().find(|s| s.0 == id)
                {
                    entry.1 = -1;
                    self.push_spec(cluster, deployment, time);
                }
            }
            (Subject::Pod(id), change) => self.take_pod(cluster, time, id, change),
            (Subject::Node(id), change) => self.take_node(cluster, known, time, id, change),
            _ => {}
        }
    }

    fn push_spec(&mut self, cluster: &Cluster, deployment: DeploymentId, time: Time) {
        let sizes: Vec<i64> = self.specs.get(&deployment).map(|s| s.iter().map(|e| e.1).collect()).unwrap_or_default();
        self.list(spec_path(cluster, deployment), time, json!(sizes));
    }

    fn take_pod(&mut self, cluster: &Cluster, time: Time, id: PodId, change: Change) {
        let pod = cluster.pod(id);
        let workload = names::made_for(cluster, id);
        let owner = match workload {
            Workload::Deployment(d) => format!("deployments/{}", cluster.text(cluster.deployments[d.index()].meta.name)),
            Workload::ReplicaSet(r) => format!("replicaSets/{}", cluster.text(cluster.replica_sets[r.index()].meta.name)),
            Workload::StatefulSet(s) => format!("statefulSets/{}", cluster.text(cluster.stateful_sets[s.index()].meta.name)),
            Workload::DaemonSet(d) => format!("daemonSets/{}", cluster.text(cluster.daemon_sets[d.index()].meta.name)),
            Workload::Job(j) => format!("jobs/{}", names::job(cluster, j)),
            Workload::Pod(_) => format!("bare/{}", cluster.pod_name(id)),
        };
        let desired = match workload {
            Workload::Deployment(d) => Some(i64::from(cluster.deployments[d.index()].replicas)),
            Workload::ReplicaSet(r) => Some(i64::from(cluster.replica_sets[r.index()].replicas)),
            Workload::StatefulSet(s) => Some(i64::from(cluster.stateful_sets[s.index()].replicas)),
            _ => None,
        };
        let mut seen = self.pods.get(&id).copied().unwrap_or_default();
        let before = seen;
        let mut wave = None;
        let mut extremes = self.extremes.get(&owner).copied().unwrap_or_default();
        match change {
            Change::PodCreated => {
                wave = Some("create");
                self.born.insert(names::pod(cluster, id), time.whole_seconds());
                *self.created.entry(names::workload(cluster, id)).or_default() += 1;
                extremes.active += 1;
                extremes.all += 1;
            }
            Change::PodReady => {
                seen.ready = true;
                wave = Some("ready");
            }
            Change::PodUnready(_) => {
                seen.ready = false;
                wave = Some("unready");
            }
            Change::PodDeleting(_) if !before.deleting => {
                seen.deleting = true;
                wave = Some("delete");
                if !before.finished {
                    extremes.active -= 1;
                }
            }
            Change::PodSucceeded | Change::PodFailed(..) if !before.finished => {
                seen.finished = true;
                seen.ready = false;
                extremes.all -= 1;
                if !before.deleting {
                    extremes.active -= 1;
                }
            }
            Change::PodGone => {
                wave = Some("gone");
                seen.ready = false;
                *self.deleted.entry(names::workload(cluster, id)).or_default() += 1;
                if !before.finished {
                    extremes.all -= 1;
                    if !before.deleting {
                        extremes.active -= 1;
                    }
                }
                seen.finished = true;
            }
            Change::PodDisruptionTarget(reason) => {
                self.list("pods/disruptionTargets".to_owned(), time, json!([names::pod(cluster, id), disruption_text(reason)]));
            }
            Change::PodNominated(node) => {
                self.list("pods/nominated".to_owned(), time, json!([names::pod(cluster, id), cluster.text(cluster.node(node).name)]));
            }
            _ => {}
        }
        let counts = |s: Seen| i64::from(s.ready && !s.deleting && !s.finished);
        extremes.ready += counts(seen) - counts(before);
        extremes.most = extremes.most.max(extremes.all);
        extremes.most_active = extremes.most_active.max(extremes.active);
        match extremes.least_ready {
            None if desired.is_some_and(|d| extremes.ready >= d && d > 0) => extremes.least_ready = Some(extremes.ready),
            Some(least) => extremes.least_ready = Some(least.min(extremes.ready)),
            None => {}
        }
        self.extremes.insert(owner.clone(), extremes);
        self.pods.insert(id, seen);
        let Some(what) = wave else { return };
        let name = names::pod(cluster, id);
        if what != "unready" {
            self.wave("pods", time, what, name.clone());
        }
        match pod.owner {
            Owner::StatefulSet(_) => {
                let entry = if what == "create" {
                    json!([what, name, names::revision(cluster, pod.owner, pod.template)])
                } else {
                    json!([what, name])
                };
                self.list(format!("{owner}/pods"), time, entry);
            }
            Owner::DaemonSet(_) if what != "unready" => {
                let node = pod.pinned.or(pod.node).map_or(String::new(), |n| cluster.text(cluster.node(n).name).to_owned());
                self.wave(&owner, time, what, node);
            }
            Owner::Job(_) if what != "unready" => {
                let short = name.find(['/', '[']).map_or(name.clone(), |at| name[at..].to_owned());
                self.wave(&owner, time, what, short);
            }
            _ => {}
        }
    }

    fn take_node(&mut self, cluster: &Cluster, known: Known, time: Time, id: NodeId, change: Change) {
        let node = cluster.node(id);
        let what = match change {
            Change::NodeReady(ready) => format!("Ready {}", ready_text(ready)),
            Change::NodeAdded if time > Time::ZERO => format!("Ready {}", ready_text(NodeReady::True)),
            Change::NodeTainted(key, effect) => {
                let value = node.taints.iter().find(|t| t.key == key && t.effect == effect).map_or("", |t| cluster.text(t.value));
                let value = if value.is_empty() { String::new() } else { format!("={value}") };
                let taint = format!("{}{value}:{}", cluster.text(key), effect_text(effect));
                self.taints.insert((id, cluster.text(key).to_owned(), effect), taint.clone());
                format!("+{taint}")
            }
            Change::NodeUntainted(key, effect) => {
                let bare = || format!("{}:{}", cluster.text(key), effect_text(effect));
                format!("-{}", self.taints.remove(&(id, cluster.text(key).to_owned(), effect)).unwrap_or_else(bare))
            }
            Change::NodeDeleted => "gone".to_owned(),
            _ => return,
        };
        // Nodes that join later are recorded without their zone.
        let zone = node.labels.get(known.zone).filter(|_| node.created < Time::ZERO).map_or("", |z| cluster.text(z));
        let path = if zone.is_empty() { what } else { format!("{zone} {what}") };
        self.list(format!("nodeChanges/{path}"), time, Value::Null);
    }

    /// Notes the state of something at a moment.
    pub(crate) fn state(&mut self, path: String, now: Time, value: Value) {
        let series = self.states.entry(path).or_default();
        // Within one moment only the last state counts.
        if series.last().is_some_and(|last| last.0 == now.millis()) {
            series.pop();
        }
        if series.last().is_none_or(|last| last.1 != value) {
            series.push((now.millis(), value));
        }
    }

    fn sample(&mut self, cluster: &Cluster, now: Time) {
        for d in cluster.deployments.iter().filter(|d| !d.meta.gone) {
            let path = format!("deployments/{}", cluster.text(d.meta.name));
            let s = &d.status;
            self.state(format!("{path}/settledStatus"), now, json!([s.replicas, s.updated, s.ready, s.available, s.terminating]));
            for c in &d.status.conditions {
                self.state(format!("{path}/conditions/{}", c.kind), now, json!([format!("{} {}", c.status, c.reason)]));
            }
            let prefix = format!("{path}/conditions/");
            let over = |kind: &str| !d.status.conditions.iter().any(|c| c.kind == kind);
            let seen = self.states.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
            let vanished: Vec<String> = seen.map(|(path, _)| path.clone()).filter(|path| over(&path[prefix.len()..])).collect();
            for path in vanished {
                self.state(path, now, json!([""]));
            }
        }
        for r in cluster.replica_sets.iter().filter(|r| !r.meta.gone && r.deployment.is_none()) {
            let s = &r.status;
            let value = json!([r.replicas, s.replicas, s.ready, s.available, s.terminating]);
            self.state(format!("replicaSets/{}/settledStatus", cluster.text(r.meta.name)), now, value);
        }
        for (i, set) in cluster.stateful_sets.iter().enumerate().filter(|(_, s)| !s.meta.gone) {
            let owner = Owner::StatefulSet(StatefulSetId::from_index(i));
            let (current, update) = (names::revision(cluster, owner, set.current_template), names::revision(cluster, owner, set.template));
            let s = &set.status;
            let value = json!([set.replicas, s.replicas, s.ready, s.available, s.current, s.updated, current, update]);
            self.state(format!("statefulSets/{}/settledStatus", cluster.text(set.meta.name)), now, value);
        }
        for d in cluster.daemon_sets.iter().filter(|d| !d.meta.gone) {
            let s = &d.status;
            let value = json!([s.desired, s.current, s.updated, s.ready, s.available, s.misscheduled]);
            self.state(format!("daemonSets/{}/settledStatus", cluster.text(d.meta.name)), now, value);
        }
        autoscaling::sample(self, cluster, now);
        for (i, job) in cluster.jobs.iter().enumerate() {
            let path = format!("jobs/{}", names::job(cluster, JobId::from_index(i)));
            let s = &job.status;
            let (done, failed) = (ranges(&s.completed_indexes), ranges(&s.failed_indexes));
            let deleted = format!("{path}/conditions/deleted");
            if job.meta.gone && self.states.contains_key(&deleted) {
                continue;
            }
            self.state(format!("{path}/settledCounters"), now, json!([s.active, s.succeeded, s.failed, s.terminating, done, failed]));
            self.state(
                format!("{path}/settledStatus"),
                now,
                json!([s.active, s.ready, s.succeeded, s.failed, s.terminating, done, failed]),
            );
            for c in &s.conditions {
                let message = names::normalise(cluster, &c.message);
                self.state(format!("{path}/conditions/{}", c.kind), now, json!([format!("{} {}: {message}", c.status, c.reason)]));
            }
            if job.meta.gone {
                self.state(deleted, now, json!([true]));
            }
        }
        for b in cluster.budgets.iter().filter(|b| !b.meta.gone) {
            let s = &b.status;
            let value = json!([s.current_healthy, s.desired_healthy, s.disruptions_allowed, s.expected_pods]);
            self.state(format!("podDisruptionBudgets/{}", cluster.text(b.meta.name)), now, value);
        }
        for n in cluster.nodes.iter() {
            let path = format!("nodes/{}", cluster.text(n.name));
            if n.gone {
                if self.states.contains_key(&path) {
                    self.state(path, now, json!(["gone"]));
                }
                continue;
            }
            let mut taints: Vec<String> = n.taints.iter().map(|t| taint_text(cluster, t.key, t.value, t.effect)).collect();
            taints.sort();
            self.state(path, now, json!([ready_text(n.ready), taints.join(","), n.unschedulable]));
        }
        self.sample_pods(cluster, now);
        super::observe_storage::sample(self, cluster, now);
    }

    fn sample_pods(&mut self, cluster: &Cluster, now: Time) {
        let mut counts: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
        // Of what was deleted as an orphan's owner the pods live on: nothing is told of it meanwhile.
        let unowned = |name: &str| {
            let of_it = |own: &str| own.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'));
            cluster.replica_sets.iter().any(|r| !r.meta.gone && r.deployment.is_none() && of_it(cluster.text(r.meta.name)))
                || cluster.live_pods().any(|(id, p)| p.owner == Owner::None && of_it(&cluster.pod_name(id)))
        };
        for d in cluster.deployments.iter().filter(|d| !d.meta.gone || !unowned(cluster.text(d.meta.name))) {
            counts.entry(format!("deployments/{}", cluster.text(d.meta.name))).or_default();
        }
        for s in cluster.stateful_sets.iter().filter(|s| !s.meta.gone || !unowned(cluster.text(s.meta.name))) {
            counts.entry(format!("statefulSets/{}", cluster.text(s.meta.name))).or_default();
        }
        for r in cluster.replica_sets.iter().filter(|r| r.deployment.is_none()) {
            counts.entry(format!("replicaSets/{}", cluster.text(r.meta.name))).or_default();
        }
        for (id, pod) in cluster.live_pods().filter(|(_, p)| !p.phase.is_terminal()) {
            let path = match names::made_for(cluster, id) {
                Workload::Deployment(d) => format!("deployments/{}", cluster.text(cluster.deployments[d.index()].meta.name)),
                Workload::ReplicaSet(r) => format!("replicaSets/{}", cluster.text(cluster.replica_sets[r.index()].meta.name)),
                Workload::StatefulSet(s) => format!("statefulSets/{}", cluster.text(cluster.stateful_sets[s.index()].meta.name)),
                _ => continue,
            };
            let entry = counts.entry(path).or_default();
            entry.0 += i64::from(pod.ready && pod.deletion.is_none());
            entry.1 += i64::from(pod.deletion.is_none());
            entry.2 += 1;
        }
        for (path, (ready, active, all)) in counts {
            // A series begins with the first pod.
            if all == 0 && !self.states.contains_key(&format!("{path}/settledPods")) {
                continue;
            }
            self.state(format!("{path}/settledReady"), now, json!([ready]));
            self.state(format!("{path}/settledPods"), now, json!([active, all]));
        }
        for service in cluster.services.iter().filter(|s| !s.meta.gone) {
            let Some(selector) = &service.selector else { continue };
            let value = endpoints(cluster, service.meta.namespace, selector, service.publish_not_ready);
            self.state(format!("endpoints/{}", cluster.text(service.meta.name)), now, value);
        }
    }
}

fn spec_path(cluster: &Cluster, deployment: DeploymentId) -> String {
    format!("deployments/{}/spec", cluster.text(cluster.deployments[deployment.index()].meta.name))
}

/// What the EndpointSlice controller would publish: endpoints, ready, serving, terminating (`endpointslice/utils.go`, v1.37).
fn endpoints(cluster: &Cluster, namespace: NamespaceId, selector: &Labels, publish_not_ready: bool) -> Value {
    let (mut all, mut ready, mut serving, mut terminating) = (0, 0, 0, 0);
    for (id, pod) in cluster.live_pods() {
        // A pod has an address once it runs.
        let chosen = pod.namespace == namespace
            && pod.phase == Phase::Running
            && selector.iter().all(|(k, v)| cluster.pod_labels(id).get(k) == Some(v));
        if !chosen {
            continue;
        }
        let leaving = pod.deletion.is_some();
        all += 1;
        serving += i32::from(pod.ready);
        terminating += i32::from(leaving);
        ready += i32::from(publish_not_ready || (pod.ready && !leaving));
    }
    json!([all, ready, serving, terminating])
}

fn ready_text(ready: NodeReady) -> &'static str {
    match ready {
        NodeReady::True => "True KubeletReady",
        NodeReady::False => "False KubeletNotReady",
        NodeReady::Unknown => "Unknown NodeStatusUnknown",
    }
}

fn effect_text(effect: TaintEffect) -> &'static str {
    match effect {
        TaintEffect::NoSchedule => "NoSchedule",
        TaintEffect::PreferNoSchedule => "PreferNoSchedule",
        TaintEffect::NoExecute => "NoExecute",
    }
}

fn taint_text(
    cluster: &Cluster,
    key: wavetank_core::units::intern::Sym,
    value: wavetank_core::units::intern::Sym,
    effect: TaintEffect,
) -> String {
    let value = cluster.text(value);
    let value = if value.is_empty() { String::new() } else { format!("={value}") };
    format!("{}{value}:{}", cluster.text(key), effect_text(effect))
}

fn disruption_text(reason: DisruptionReason) -> &'static str {
    match reason {
        DisruptionReason::Preemption => "True PreemptionByScheduler: default-scheduler: preempting to accommodate a higher priority pod",
        DisruptionReason::TaintManager => "True DeletionByTaintManager: Taint manager: deleting due to NoExecute taint",
        DisruptionReason::EvictionApi => "True EvictionByEvictionAPI: Eviction API: evicting",
        DisruptionReason::PodGc => "True DeletionByPodGC: PodGC: node no longer exists",
        DisruptionReason::Kubelet => "True TerminationByKubelet",
    }
}

/// Indexes as a Job's status writes them: `0-2,5`.
pub(crate) fn ranges(indexes: &[u32]) -> String {
    let mut parts: Vec<(u32, u32)> = Vec::new();
    let mut sorted = indexes.to_vec();
    sorted.sort_unstable();
    for index in sorted {
        match parts.last_mut() {
            Some(last) if last.1 + 1 == index => last.1 = index,
            _ => parts.push((index, index)),
        }
    }
    let one = |(a, b): &(u32, u32)| match b - a {
        0 => a.to_string(),
        1 => format!("{a},{b}"),
        _ => format!("{a}-{b}"),
    };
    parts.iter().map(one).collect::<Vec<_>>().join(",")
}
