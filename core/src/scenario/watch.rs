//! Watching: an expression asked again whenever what it sees has changed, and only then.

use super::expr::{Evaluator, ExpressionId, Facts, Needs, Which};
use super::names;
use crate::cluster::Cluster;
use crate::cluster::node::NodeReady;
use crate::cluster::state::Workload;
use crate::engine::Sim;
use crate::trace::{Change, RecordId, Subject};

/// A compiled expression with its last answer.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    id: ExpressionId,
    pub(super) needs: Needs,
    seen_records: usize,
    facts: Facts,
    answer: Option<Result<bool, String>>,
}

impl Watch {
    pub(super) fn new(id: ExpressionId, needs: Needs) -> Watch {
        Watch { id, needs, seen_records: 0, facts: Facts::default(), answer: None }
    }

    /// Whether the expression holds now.
    pub(super) fn ask(&mut self, sim: &Sim, evaluator: &dyn Evaluator) -> Result<bool, String> {
        let records = sim.api().trace().records();
        let news = records.get(self.seen_records..).unwrap_or_default();
        let stale = match &self.answer {
            None => true,
            // Availability comes with time alone; a named workload is cheap to look at.
            Some(_) => {
                // What becomes of claims, volumes and autoscalers is not all recorded.
                let unrecorded = self.needs.claims || self.needs.volumes || self.needs.autoscalers != Which::None;
                self.needs.time
                    || unrecorded
                    || matches!(self.needs.workloads, Which::Named(_))
                    || news.iter().any(|r| touches(&self.needs, r.subject))
            }
        };
        self.seen_records = records.len();
        if stale {
            let facts = Facts::gather(sim.api(), &self.needs);
            if self.answer.is_none() || facts != self.facts {
                self.facts = facts;
                self.answer = Some(evaluator.holds(self.id, &self.facts));
            }
        }
        self.answer.clone().unwrap_or(Ok(false))
    }

    /// Why it could not be told, when it was asked last.
    pub(super) fn error(&self) -> Option<&str> {
        self.answer.as_ref().and_then(|answer| answer.as_ref().err()).map(String::as_str)
    }

    /// The values of the expression's parts, as last asked.
    pub(super) fn values(&self, evaluator: &dyn Evaluator) -> Vec<String> {
        evaluator.values(self.id, &self.facts)
    }

    /// The record that most likely brought about what the expression says now: of those of this moment that touch what it asks for, the
    /// last that did harm; else the last that did harm before; else the last that touches it.
    pub(super) fn culprit(&self, sim: &Sim) -> Option<RecordId> {
        // Far enough to find the cause of an outage, bounded for a trace of millions.
        const LOOK_BACK: usize = 50_000;
        let cluster = sim.cluster();
        let about = self.about(cluster);
        let relevant = || sim.api().trace().numbered().rev().take(LOOK_BACK).filter(|(_, r)| about.covers(cluster, r.subject));
        let harmful = relevant().find(|(_, r)| is_harm(r.change));
        harmful.or_else(|| relevant().next()).map(|(id, _)| id)
    }

    fn about(&self, cluster: &Cluster) -> About {
        let workloads = match &self.needs.workloads {
            Which::Named(wanted) => wanted.iter().filter_map(|name| names::find_workload(cluster, name)).collect(),
            Which::None | Which::All => Vec::new(),
        };
        let zones = match &self.needs.zones {
            Which::Named(wanted) => wanted.iter().filter_map(|name| names::zone(cluster, name).ok()).collect(),
            Which::None | Which::All => Vec::new(),
        };
        let any_pod = self.needs.pods || self.needs.events || self.needs.unschedulable || self.needs.workloads == Which::All;
        About {
            any_pod,
            any_node: self.needs.nodes || self.needs.zones == Which::All,
            any_volume: self.needs.claims || self.needs.volumes,
            any_autoscaler: self.needs.autoscalers != Which::None,
            workloads,
            zones,
        }
    }
}

struct About {
    any_pod: bool,
    any_node: bool,
    any_volume: bool,
    any_autoscaler: bool,
    workloads: Vec<Workload>,
    zones: Vec<crate::cluster::ids::ZoneId>,
}

impl About {
    fn covers(&self, cluster: &Cluster, subject: Subject) -> bool {
        match subject {
            Subject::Pod(id) => {
                self.any_pod
                    || self.workloads.contains(&cluster.workload_of(id))
                    || self.workloads.contains(&Workload::Pod(id))
                    || cluster.pod(id).node.is_some_and(|node| self.zones.contains(&cluster.node(node).zone))
            }
            Subject::Node(id) => self.any_node || self.zones.contains(&cluster.node(id).zone),
            Subject::Deployment(id) => self.workloads.contains(&Workload::Deployment(id)),
            Subject::StatefulSet(id) => self.workloads.contains(&Workload::StatefulSet(id)),
            Subject::DaemonSet(id) => self.workloads.contains(&Workload::DaemonSet(id)),
            Subject::Job(id) => self.workloads.contains(&Workload::Job(id)),
            Subject::Claim(_) | Subject::Volume(_) => self.any_volume,
            Subject::Autoscaler(_) => self.any_autoscaler,
            _ => false,
        }
    }
}

fn touches(needs: &Needs, subject: Subject) -> bool {
    let pods = needs.pods || needs.unschedulable || needs.workloads != Which::None || needs.zones != Which::None || needs.nodes;
    match subject {
        Subject::Node(_) => needs.nodes || needs.zones != Which::None || needs.pods || needs.events || needs.notes,
        Subject::Pod(_) => pods || needs.events || needs.notes,
        Subject::Budget(_) => needs.budgets != Which::None || needs.events || needs.notes,
        Subject::Deployment(_) | Subject::ReplicaSet(_) | Subject::StatefulSet(_) | Subject::DaemonSet(_) | Subject::Job(_) => {
            needs.workloads != Which::None || needs.events
        }
        _ => needs.events || needs.notes,
    }
}

fn is_harm(change: Change) -> bool {
    match change {
        Change::PodUnready(_) | Change::PodDeleting(_) | Change::PodFailed(..) | Change::PodUnschedulable(_) | Change::PodRestarted(_) => {
            true
        }
        Change::NodeFailed | Change::NodeCutOff | Change::NodeDeleted | Change::EvictionRefused(..) => true,
        Change::NodeReady(ready) => ready != NodeReady::True,
        _ => false,
    }
}
