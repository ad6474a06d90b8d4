//! How many pods of each workload and each budget were ready and serving, as step functions of time. Used by reports, charts and the page.

use std::collections::BTreeMap;

use super::model::Point;
use crate::cluster::Cluster;
use crate::cluster::ids::{BudgetId, NodeId, PodId};
use crate::cluster::pod::{Owner, Phase};
use crate::cluster::state::Workload;
use crate::trace::{Change, Record, Subject, Trace};
use crate::units::gather::Gather;
use crate::units::time::Time;

/// A step function from time zero on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Curve {
    /// Before anything happened.
    pub before: Point,
    /// From time zero on: the first point is at 0, after all that happens then; a value holds until the next point.
    pub points: Vec<Point>,
}

/// The curves of everything that has one.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// The workloads, in the order of their kinds and arenas.
    pub workloads: Vec<(Workload, Curve)>,
    /// The PodDisruptionBudgets: `desired` is what the budget demands.
    pub budgets: Vec<(BudgetId, Curve)>,
}

/// Computes all series of a trace that begins at `settled`; `end` is the same cluster later, with all pods that were made.
pub fn series(settled: &Cluster, end: &Cluster, trace: &Trace) -> Series {
    let mut count = Count::new(settled, end);
    count.rows.iter_mut().for_each(|row| row.before = row.now);
    let mut time = Time::ZERO;
    for record in trace.records() {
        if record.time > time {
            count.mark(time);
            time = record.time;
        }
        count.apply(record);
    }
    count.mark(time);
    let names = count.workloads.iter().copied();
    let curve = |row: Row| Curve { before: row.before, points: row.points };
    let workloads = names.zip(count.rows.drain(..count.workloads.len()).map(curve)).collect();
    let budgets = count.rows.into_iter().enumerate().map(|(i, row)| (BudgetId::from_index(i), curve(row))).collect();
    Series { workloads, budgets }
}

/// What a sum of spans is taken over: each stretch of a series until the next point, and the last until `until`.
pub fn stretches(points: &[Point], until_ms: i64) -> impl Iterator<Item = (Point, i64)> + '_ {
    points.iter().enumerate().map(move |(i, &point)| {
        let next = points.get(i + 1).map_or(until_ms, |next| next.at_ms);
        (point, (next - point.at_ms).max(0))
    })
}

/// The workloads a report has a row for: those that exist at either moment, ReplicaSets of a Deployment left out.
pub fn workloads(cluster: &Cluster) -> Vec<Workload> {
    use crate::cluster::ids::{DaemonSetId, DeploymentId, JobId, ReplicaSetId, StatefulSetId};
    let mut found: Vec<Workload> = Vec::new();
    found.extend((0..cluster.deployments.len()).map(|i| Workload::Deployment(DeploymentId::from_index(i))));
    let bare = cluster.replica_sets.iter().enumerate().filter(|(_, set)| set.deployment.is_none());
    found.extend(bare.map(|(i, _)| Workload::ReplicaSet(ReplicaSetId::from_index(i))));
    found.extend((0..cluster.stateful_sets.len()).map(|i| Workload::StatefulSet(StatefulSetId::from_index(i))));
    found.extend((0..cluster.daemon_sets.len()).map(|i| Workload::DaemonSet(DaemonSetId::from_index(i))));
    found.extend((0..cluster.jobs.len()).map(|i| Workload::Job(JobId::from_index(i))));
    let alone = cluster.pods.iter().enumerate().filter(|(_, pod)| matches!(pod.owner, Owner::None | Owner::Node | Owner::Foreign { .. }));
    found.extend(alone.map(|(i, _)| Workload::Pod(PodId::from_index(i))));
    found
}

/// How many pods a workload wants.
fn desired(cluster: &Cluster, workload: Workload) -> i32 {
    if cluster.workload_meta(workload).is_some_and(|meta| meta.gone) {
        return 0;
    }
    match workload {
        Workload::Deployment(id) => cluster.deployments.get(id.index()).map_or(0, |d| d.replicas),
        Workload::ReplicaSet(id) => cluster.replica_sets.get(id.index()).map_or(0, |r| r.replicas),
        Workload::StatefulSet(id) => cluster.stateful_sets.get(id.index()).map_or(0, |s| s.replicas),
        Workload::DaemonSet(id) => cluster.daemon_sets.get(id.index()).map_or(0, |d| d.status.desired),
        // What a Job wants is its completions, not a number of pods that serve.
        Workload::Job(_) => 0,
        Workload::Pod(id) => cluster.pods.get(id.index()).map_or(0, |pod| i32::from(!pod.gone && !pod.phase.is_terminal())),
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct PodNow {
    node: Option<NodeId>,
    ready: bool,
    leaving: bool,
}

#[derive(Clone, Debug, Default)]
struct Row {
    before: Point,
    now: Point,
    points: Vec<Point>,
}

struct Count<'a> {
    end: &'a Cluster,
    workloads: Vec<Workload>,
    row_of: BTreeMap<Workload, usize>,
    /// One row per workload, then one per budget.
    rows: Vec<Row>,
    touched: Vec<usize>,
    /// The budgets' rows that a template's pods count for.
    budget_rows: Vec<Vec<usize>>,
    pods: Vec<PodNow>,
    /// The pods that were ever on a node.
    on_node: Vec<Vec<PodId>>,
    alive: Vec<bool>,
    nodes_at_start: usize,
}

impl<'a> Count<'a> {
    fn new(settled: &Cluster, end: &'a Cluster) -> Count<'a> {
        let workloads = workloads(end);
        let row_of: BTreeMap<Workload, usize> = workloads.iter().enumerate().map(|(i, &w)| (w, i)).gather();
        let mut rows = vec![Row::default(); workloads.len() + end.budgets.len()];
        for (row, &workload) in rows.iter_mut().zip(&workloads) {
            row.now.desired = desired(settled, workload);
        }
        for (row, budget) in rows[workloads.len()..].iter_mut().zip(&settled.budgets) {
            row.now.desired = budget.status.desired_healthy;
        }
        let budgets_of = |template: &crate::cluster::template::PodTemplate| {
            let of =
                end.budgets.iter().enumerate().filter(|(_, budget)| {
                    budget.meta.namespace == template.namespace && budget.selector.matches(&template.labels, &end.text)
                });
            of.map(|(i, _)| workloads.len() + i).collect()
        };
        let mut count = Count {
            end,
            budget_rows: end.templates.iter().map(|template| budgets_of(template)).collect(),
            row_of,
            rows,
            touched: Vec::new(),
            pods: vec![PodNow::default(); end.pods.len()],
            on_node: vec![Vec::new(); end.nodes.len()],
            alive: (0..end.nodes.len()).map(|i| settled.nodes.get(i).is_none_or(|node| node.kubelet_alive)).collect(),
            nodes_at_start: settled.nodes.len(),
            workloads,
        };
        for (id, pod) in settled.live_pods() {
            if let Some(node) = pod.node {
                count.on_node[node.index()].push(id);
            }
            let ready = pod.ready && pod.phase == Phase::Running;
            count.change(id, |now| *now = PodNow { node: pod.node, ready, leaving: pod.deletion.is_some() });
        }
        count
    }

    fn counts(&self, pod: &PodNow) -> (i32, i32) {
        let ready = pod.ready && !pod.leaving;
        let alive = pod.node.is_none_or(|node| self.alive.get(node.index()).copied().unwrap_or(true));
        (i32::from(ready), i32::from(ready && alive))
    }

    /// Changes a pod and what it counts for.
    fn change(&mut self, id: PodId, change: impl FnOnce(&mut PodNow)) {
        let Some(mut now) = self.pods.get(id.index()).copied() else { return };
        let before = self.counts(&now);
        change(&mut now);
        self.pods[id.index()] = now;
        self.count(id, before, self.counts(&now));
    }

    fn count(&mut self, id: PodId, before: (i32, i32), after: (i32, i32)) {
        if before == after {
            return;
        }
        let template = self.end.pods[id.index()].template;
        let own = self.row_of.get(&self.end.workload_of(id)).copied();
        for row in own.into_iter().chain(self.budget_rows.get(template.index()).into_iter().flatten().copied()) {
            let now = &mut self.rows[row].now;
            now.ready += after.0 - before.0;
            now.serving += after.1 - before.1;
            self.touched.push(row);
        }
    }

    /// Sets the machine of a node alive or dead, and recounts its pods. A DaemonSet wants no pod on a dead machine.
    fn machine(&mut self, node: NodeId, alive: bool) {
        let pods = match self.on_node.get(node.index()) {
            Some(pods) if self.alive[node.index()] != alive => pods.clone(),
            _ => return,
        };
        let here: Vec<PodId> = pods.into_iter().filter(|&pod| self.pods[pod.index()].node == Some(node)).collect();
        let before: Vec<_> = here.iter().map(|&pod| self.counts(&self.pods[pod.index()])).collect();
        self.alive[node.index()] = alive;
        for (pod, before) in here.into_iter().zip(before) {
            self.count(pod, before, self.counts(&self.pods[pod.index()]));
            if matches!(self.end.pods[pod.index()].owner, Owner::DaemonSet(_)) {
                self.want(self.end.workload_of(pod), |desired| (desired + if alive { 1 } else { -1 }).max(0));
            }
        }
    }

    fn want(&mut self, workload: Workload, change: impl FnOnce(i32) -> i32) {
        if let Some(&row) = self.row_of.get(&workload) {
            self.rows[row].now.desired = change(self.rows[row].now.desired);
            self.touched.push(row);
        }
    }

    fn apply(&mut self, record: &Record) {
        match (record.subject, record.change) {
            (Subject::Node(node), Change::NodeFailed) => self.machine(node, false),
            (Subject::Node(node), Change::NodeRecovered) => self.machine(node, true),
            (Subject::Pod(id), change) => self.apply_to_pod(id, change),
            (subject, Change::Scaled(_, to)) => self.want_of(subject, to),
            (subject, Change::Deleted) => self.want_of(subject, 0),
            _ => {}
        }
    }

    fn want_of(&mut self, subject: Subject, to: i32) {
        let workload = match subject {
            Subject::Deployment(id) => Workload::Deployment(id),
            Subject::ReplicaSet(id) => Workload::ReplicaSet(id),
            Subject::StatefulSet(id) => Workload::StatefulSet(id),
            Subject::DaemonSet(id) => Workload::DaemonSet(id),
            _ => return,
        };
        self.want(workload, |_| to);
    }

    fn apply_to_pod(&mut self, id: PodId, change: Change) {
        match change {
            Change::PodCreated => {
                self.change(id, |now| *now = PodNow::default());
                let Some(pod) = self.end.pods.get(id.index()) else { return };
                match pod.owner {
                    // A DaemonSet's pod for a node that joined after the start.
                    Owner::DaemonSet(_) if pod.pinned.is_some_and(|node| node.index() >= self.nodes_at_start) => {
                        self.want(self.end.workload_of(id), |desired| desired + 1);
                    }
                    Owner::None | Owner::Node | Owner::Foreign { .. } => self.want(Workload::Pod(id), |_| 1),
                    _ => {}
                }
            }
            Change::PodBound(node) => {
                if let Some(pods) = self.on_node.get_mut(node.index()) {
                    pods.push(id);
                }
                self.change(id, |now| now.node = Some(node));
            }
            Change::PodReady => self.change(id, |now| now.ready = true),
            Change::PodUnready(_) | Change::PodFailed(..) => self.change(id, |now| now.ready = false),
            Change::PodSucceeded => {
                self.change(id, |now| now.ready = false);
                self.want_less_of_bare(id);
            }
            Change::PodDeleting(_) => {
                self.change(id, |now| now.leaving = true);
                // Somebody wanted a bare pod gone; one that was evicted is still wanted, and nobody makes it again.
                if change == Change::PodDeleting(crate::trace::DeleteReason::User) {
                    self.want_less_of_bare(id);
                }
            }
            Change::PodGone => self.change(id, |now| *now = PodNow { leaving: true, ..PodNow::default() }),
            _ => {}
        }
    }

    fn want_less_of_bare(&mut self, id: PodId) {
        if self.end.pods.get(id.index()).is_some_and(|pod| matches!(pod.owner, Owner::None | Owner::Node | Owner::Foreign { .. })) {
            self.want(Workload::Pod(id), |_| 0);
        }
    }

    /// Ends a moment: what was touched gets a point if it differs from the last.
    fn mark(&mut self, time: Time) {
        if time == Time::ZERO {
            self.touched = (0..self.rows.len()).collect();
        }
        for row in std::mem::take(&mut self.touched) {
            let row = &mut self.rows[row];
            row.now.at_ms = time.millis();
            match row.points.last_mut() {
                Some(last) if last.at_ms == row.now.at_ms => *last = row.now,
                Some(last) if Point { at_ms: row.now.at_ms, ..*last } == row.now => {}
                _ => row.points.push(row.now),
            }
        }
    }
}
