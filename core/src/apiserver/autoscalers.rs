//! Writing HorizontalPodAutoscalers, and what there is to do for the pods they look at.

use super::api::Api;
use super::notice::Watched;
use super::workloads::conditions_told;
use crate::cluster::autoscalers::AutoscalerStatus;
use crate::cluster::ids::AutoscalerId;
use crate::cluster::loads::{Demand, LoadChange};
use crate::cluster::state::Workload;
use crate::trace::{Change, RecordId, Subject};
use crate::units::quantity::Quantity;
use crate::units::text::times;

/// The conditions of an autoscaler that a story tells of: the others follow from what it does.
const TOLD: [&str; 2] = ["ScalingActive", "ScalingLimited"];

impl Api {
    /// Writes an autoscaler's status; tells whether it changed. Nobody watches it but the autoscaler itself, which looks again anyway.
    pub fn set_autoscaler_status(&mut self, id: AutoscalerId, status: AutoscalerStatus) -> bool {
        let old = &mut self.cluster.autoscalers[id.index()].status;
        if *old == status {
            return false;
        }
        let known = |kind: &str| old.conditions.iter().any(|c| c.kind == kind);
        let told: Vec<_> = status.conditions.iter().filter(|c| TOLD.contains(&c.kind) && known(c.kind)).cloned().collect();
        let told = conditions_told(&old.conditions, &told);
        *old = status;
        for text in told {
            let text = self.trace_mut().text_id(&text);
            self.record(Subject::Autoscaler(id), Change::Condition(text));
        }
        true
    }

    /// Deletes an autoscaler; what it scales keeps its size.
    pub fn delete_autoscaler(&mut self, id: AutoscalerId) {
        if !std::mem::replace(&mut self.cluster.autoscalers[id.index()].meta.gone, true) {
            self.announce(Subject::Autoscaler(id), Change::Deleted, Watched::Autoscaler(id));
        }
    }

    /// What there is to do for a workload's pods changes from now on. No object of the API: only metrics show it.
    pub fn change_load(&mut self, workload: Workload, change: &LoadChange) -> RecordId {
        let load = self.cluster.loads.entry(workload).or_default();
        load.change(change);
        let mut parts: Vec<String> = change.times.map(|n| format!("{} times as much to do", times(n))).into_iter().collect();
        let cpu = load.cpu.filter(|_| change.cpu.is_some() || change.times.is_some());
        let memory = load.memory.filter(|_| change.memory.is_some());
        let (cpu, memory) = (cpu.map(|d| ("cpu", d)), memory.map(|d| ("memory", d)));
        for (name, demand) in cpu.into_iter().chain(memory) {
            parts.push(told(name, demand));
        }
        for &(name, demand) in &change.metrics {
            parts.push(told(self.cluster.text(name), demand));
        }
        let text = self.trace_mut().text_id(&parts.join(", "));
        let subject = match workload {
            Workload::Deployment(id) => Subject::Deployment(id),
            Workload::ReplicaSet(id) => Subject::ReplicaSet(id),
            Workload::StatefulSet(id) => Subject::StatefulSet(id),
            Workload::DaemonSet(id) => Subject::DaemonSet(id),
            Workload::Job(id) => Subject::Job(id),
            Workload::Pod(id) => Subject::Pod(id),
        };
        self.announce(subject, Change::LoadChanged(text), Watched::Load(workload))
    }

    /// Changes a workload's load as its course says for now, and before.
    pub fn follow_course(&mut self, workload: Workload) {
        let now = self.now();
        let Some(load) = self.cluster.loads.get_mut(&workload) else { return };
        let due = load.course.iter().take_while(|(at, _)| *at <= now).count();
        let changes: Vec<_> = load.course.drain(..due).map(|(_, change)| change).collect();
        for change in changes {
            self.change_load(workload, &change);
        }
    }
}

fn told(name: &str, demand: Demand) -> String {
    let amount = match name {
        "memory" => Quantity::from_bytes(demand.amount() / 1_000),
        _ => Quantity::from_milli(demand.amount()),
    };
    match demand {
        Demand::PerPod(_) => format!("{name} {amount} by each pod"),
        Demand::Shared(_) => format!("{name} {amount} in all"),
    }
}
