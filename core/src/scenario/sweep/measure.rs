//! What a run cost, folded from its trace: how long each workload had no pod that answers, and how many were missing.
//!
//! A pod answers while it is ready and its machine is alive; that a dead machine's pods stay ready until the silence is noticed does not
//! help anyone who calls them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cluster::Cluster;
use crate::cluster::ids::NodeId;
use crate::cluster::state::Workload;
use crate::trace::{Change, PodState, Subject, Trace, View};
use crate::units::arrange::Arrange;
use crate::units::time::{Millis, Time};

/// What a workload lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadLoss {
    /// `deployment/web`.
    pub workload: String,
    /// How long no pod answered, in milliseconds.
    pub outage_ms: Millis,
    /// Pods missing, summed over time, in pod-milliseconds.
    pub missing_pod_ms: Millis,
    /// The fewest pods that answered.
    pub fewest: i64,
    /// Pods that answered before the first step.
    pub before: i64,
    /// Pods that answer at the end.
    pub after: i64,
}

/// What a run cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Measures {
    /// Workloads that lost something, the worst first.
    pub losses: Vec<WorkloadLoss>,
    /// Pods that were deleted, evicted or failed.
    pub pods_lost: u64,
    /// Evictions that were refused.
    pub evictions_refused: u64,
    /// Pods without a node at the end that were not without one before.
    pub unschedulable: u64,
    /// The last moment at which a workload had fewer pods than before, in milliseconds; none if it never had, or still has.
    pub recovered_ms: Option<Millis>,
}

struct Fold<'a> {
    cluster: &'a Cluster,
    view: View,
    /// Pods that answer, by workload.
    serving: BTreeMap<Workload, i64>,
    losses: BTreeMap<Workload, WorkloadLoss>,
    last: Time,
}

impl Measures {
    /// The cost of a run from `start` to `end` at the moment `until`. Jobs and bare pods, which end by themselves, are left out.
    pub fn of(start: &Cluster, end: &Cluster, trace: &Trace, until: Time) -> Measures {
        let mut fold = Fold { cluster: end, view: View::of(start), serving: BTreeMap::new(), losses: BTreeMap::new(), last: Time::ZERO };
        for index in 0..fold.view.pods.len() {
            if fold.answers(index) {
                fold.count(index, 1);
            }
        }
        for (&workload, &before) in &fold.serving {
            let loss = WorkloadLoss { workload: end.workload_label(workload), before, fewest: before, ..WorkloadLoss::default() };
            fold.losses.insert(workload, loss);
        }
        let mut measures = Measures::default();
        let mut short_until = None;
        for record in trace.records() {
            if record.time > fold.last && fold.pass(record.time) {
                short_until = Some(record.time);
            }
            match (record.subject, record.change) {
                (Subject::Pod(_), Change::PodDeleting(_) | Change::PodFailed(..)) => measures.pods_lost += 1,
                (_, Change::EvictionRefused(..)) => measures.evictions_refused += 1,
                _ => {}
            }
            fold.apply(record.subject, record.change);
        }
        fold.pass(until.max(fold.last));
        let still_short = fold.is_short();
        for (workload, loss) in &mut fold.losses {
            loss.after = fold.serving.get(workload).copied().unwrap_or(0);
        }
        measures.recovered_ms = short_until.filter(|_| !still_short).map(Time::millis);
        let waiting =
            |cluster: &Cluster| cluster.live_pods().filter(|(_, pod)| pod.is_unscheduled() && pod.deletion.is_none()).count() as u64;
        measures.unschedulable = waiting(end).saturating_sub(waiting(start));
        measures.losses = fold.losses.into_values().filter(|loss| loss.missing_pod_ms > 0).collect();
        measures.losses.arrange_by(|a, b| {
            (b.outage_ms, b.missing_pod_ms).cmp(&(a.outage_ms, a.missing_pod_ms)).then_with(|| a.workload.cmp(&b.workload))
        });
        measures
    }
}

impl Fold<'_> {
    fn answers(&self, pod: usize) -> bool {
        let Some(place) = self.view.pods.get(pod) else { return false };
        let alive = |node: NodeId| self.view.nodes.get(node.index()).is_some_and(|n| n.present && !n.failed);
        place.state == PodState::Ready && place.node.is_some_and(alive)
    }

    fn count(&mut self, pod: usize, change: i64) {
        let workload = self.cluster.workload_of(crate::cluster::ids::PodId::from_index(pod));
        if !matches!(workload, Workload::Job(_) | Workload::Pod(_)) {
            *self.serving.entry(workload).or_default() += change;
            if let Some(loss) = self.losses.get_mut(&workload) {
                loss.fewest = loss.fewest.min(self.serving.get(&workload).copied().unwrap_or(0));
            }
        }
    }

    fn apply(&mut self, subject: Subject, change: Change) {
        match (subject, change) {
            (Subject::Pod(id), _) => {
                let before = self.answers(id.index());
                self.view.apply(subject, change);
                let after = self.answers(id.index());
                if before != after {
                    self.count(id.index(), if after { 1 } else { -1 });
                }
            }
            (Subject::Node(node), Change::NodeFailed | Change::NodeRecovered | Change::NodeDeleted) => {
                let on: Vec<usize> = (0..self.view.pods.len()).filter(|&pod| self.view.pods[pod].node == Some(node)).collect();
                let before: Vec<bool> = on.iter().map(|&pod| self.answers(pod)).collect();
                self.view.apply(subject, change);
                for (pod, before) in on.into_iter().zip(before) {
                    let after = self.answers(pod);
                    if before != after {
                        self.count(pod, if after { 1 } else { -1 });
                    }
                }
            }
            _ => self.view.apply(subject, change),
        }
    }

    /// Time passes until `now`; tells whether a workload was short meanwhile.
    fn pass(&mut self, now: Time) -> bool {
        let span = now - self.last;
        self.last = now;
        let mut short = false;
        for (workload, loss) in &mut self.losses {
            let serving = self.serving.get(workload).copied().unwrap_or(0);
            let missing = (loss.before - serving).max(0);
            if missing > 0 {
                short |= span > 0;
                loss.missing_pod_ms = loss.missing_pod_ms.saturating_add(missing.saturating_mul(span));
            }
            if serving == 0 && loss.before > 0 {
                loss.outage_ms = loss.outage_ms.saturating_add(span);
            }
        }
        short
    }

    fn is_short(&self) -> bool {
        self.losses.iter().any(|(workload, loss)| self.serving.get(workload).copied().unwrap_or(0) < loss.before)
    }
}
