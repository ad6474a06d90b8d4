//! What VerticalPodAutoscalers write: recommendations; requests of new pods, as their admission webhook sets them
//! (`vertical-pod-autoscaler/pkg/admission-controller/resource/pod`); requests of running pods (the `resize` subresource).

use super::api::Api;
use super::notice::{PodChange, Watched};
use crate::cluster::Cluster;
use crate::cluster::ids::{PodId, TemplateId, VerticalAutoscalerId};
use crate::cluster::pod::Owner;
use crate::cluster::resize::ContainerResize;
use crate::cluster::state::Workload;
use crate::cluster::template::PodTemplate;
use crate::cluster::vertical_autoscalers::{ContainerPolicy, Estimate, Recommendation, VerticalAutoscaler};
use crate::trace::{Change, Subject};
use crate::units::quantity::Quantity;

/// An estimate within what a policy allows (`pkg/utils/vpa/capping.go` applyVPAPolicy).
fn capped(estimate: Estimate, least: Option<i64>, most: Option<i64>) -> Estimate {
    let cap = |amount: i64| {
        let amount = least.filter(|&l| l > 0).map_or(amount, |l| amount.max(l));
        most.filter(|&m| m > 0).map_or(amount, |m| amount.min(m))
    };
    Estimate { target: cap(estimate.target), lower: cap(estimate.lower), upper: cap(estimate.upper) }
}

/// Whether a policy controls a resource, and the least and the most that it allows.
type Bounds = (bool, Option<i64>, Option<i64>);

/// What an autoscaler recommends for a container of a template, within its policy and, where limits stay, within them.
pub(crate) fn recommended(scaler: &VerticalAutoscaler, template: &PodTemplate, container: usize) -> (Option<Estimate>, Option<Estimate>) {
    let Some(of) = template.containers.get(container) else { return (None, None) };
    let Some(found) = scaler.recommendations.iter().find(|r| r.container == of.name) else { return (None, None) };
    let policy = scaler.policy(of.name);
    if policy.is_some_and(|p| p.off) {
        return (None, None);
    }
    let bound = |estimate: Option<Estimate>, limit: i64, of: fn(&ContainerPolicy) -> Bounds| {
        let estimate = estimate?;
        let Some(policy) = policy else { return Some(estimate) };
        let (controls, least, most) = of(policy);
        let estimate = controls.then(|| capped(estimate, least, most))?;
        Some(if policy.requests_only && limit > 0 { capped(estimate, None, Some(limit)) } else { estimate })
    };
    (
        bound(found.cpu, of.limits.cpu_milli, |p| (p.controls.0, p.least.0, p.most.0)),
        bound(found.memory, of.limits.memory, |p| (p.controls.1, p.least.1, p.most.1)),
    )
}

/// A limit in the same proportion to its request as before (`GetProportionalLimit`).
fn proportional(limit: i64, request: i64, new: i64) -> Option<i64> {
    if limit <= 0 {
        return None;
    }
    if request <= 0 || request == limit {
        return Some(new);
    }
    i64::try_from(i128::from(limit) * i128::from(new) / i128::from(request)).ok()
}

/// The template with what an autoscaler recommends; none where nothing changes.
pub(crate) fn with_recommended(scaler: &VerticalAutoscaler, template: &PodTemplate) -> Option<PodTemplate> {
    let mut changes = Vec::new();
    for (index, container) in template.containers.iter().enumerate() {
        let (cpu, memory) = recommended(scaler, template, index);
        let (cpu, memory) = (cpu.map(|e| e.target), memory.map(|e| e.target));
        let own = &container.requests;
        if cpu.is_none_or(|cpu| cpu == own.cpu_milli) && memory.is_none_or(|memory| memory == own.memory) {
            continue;
        }
        let limits = !scaler.policy(container.name).is_some_and(|p| p.requests_only);
        let limit = |limit: i64, request: i64, new: Option<i64>| new.filter(|_| limits).and_then(|new| proportional(limit, request, new));
        changes.push(ContainerResize {
            container: index,
            cpu,
            memory,
            cpu_limit: limit(container.limits.cpu_milli, own.cpu_milli, cpu),
            memory_limit: limit(container.limits.memory, own.memory, memory),
        });
    }
    (!changes.is_empty()).then(|| template.resized(&changes))
}

/// `120m`, `262144k`.
fn told(recommendations: &[Recommendation], cluster: &Cluster) -> String {
    let one = |r: &Recommendation| {
        let amount = |name: &str, estimate: Option<Estimate>, write: fn(i64) -> Quantity| {
            let range = |e: Estimate| format!("{name} {} ({} to {})", write(e.target), write(e.lower), write(e.upper));
            estimate.map(range)
        };
        let parts = [amount("cpu", r.cpu, Quantity::from_milli), amount("memory", r.memory, mebibytes)];
        format!("{}: {}", cluster.text(r.container), parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    };
    recommendations.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// To the mebibyte, rounded up: for people.
fn mebibytes(bytes: i64) -> Quantity {
    Quantity::from_bytes((bytes.max(0) + (1 << 20) - 1) >> 20 << 20)
}

impl Api {
    /// The autoscaler whose recommendations a workload's pods get.
    pub fn vertical_autoscaler_of(&self, workload: Workload) -> Option<VerticalAutoscalerId> {
        let all = self.cluster.vertical_autoscalers.iter().enumerate().filter(|(_, v)| !v.meta.gone);
        let mut own = all.filter(|(_, v)| self.cluster.vertical_target(v) == Some(workload));
        own.next().map(|(index, _)| VerticalAutoscalerId::from_index(index))
    }

    /// Writes a recommendation; tells whether it is another.
    pub fn recommend(&mut self, id: VerticalAutoscalerId, recommendations: Vec<Recommendation>) -> bool {
        let old = &mut self.cluster.vertical_autoscalers[id.index()].recommendations;
        if *old == recommendations {
            return false;
        }
        *old = recommendations;
        let told = told(&self.cluster.vertical_autoscalers[id.index()].recommendations, &self.cluster);
        let text = self.trace_mut().text_id(&told);
        self.record(Subject::VerticalAutoscaler(id), Change::Recommended(text));
        true
    }

    /// The template that a new pod of this owner gets.
    pub(super) fn with_recommendation(&mut self, id: TemplateId, owner: Owner) -> TemplateId {
        if self.cluster.vertical_autoscalers.is_empty() {
            return id;
        }
        let workload = match owner {
            Owner::ReplicaSet(set) => match self.cluster.replica_sets[set.index()].deployment {
                Some(deployment) => Workload::Deployment(deployment),
                None => Workload::ReplicaSet(set),
            },
            Owner::StatefulSet(set) => Workload::StatefulSet(set),
            Owner::DaemonSet(set) => Workload::DaemonSet(set),
            _ => return id,
        };
        let Some(scaler) = self.vertical_autoscaler_of(workload) else { return id };
        let scaler = &self.cluster.vertical_autoscalers[scaler.index()];
        if !scaler.sets_requests() {
            return id;
        }
        match with_recommended(scaler, self.cluster.template(id)) {
            Some(template) => self.keep_template(template),
            None => id,
        }
    }

    /// A template of the cluster that is like this one.
    pub(super) fn keep_template(&mut self, template: PodTemplate) -> TemplateId {
        if let Some(known) = self.cluster.templates.iter().rposition(|known| **known == template) {
            return TemplateId::from_index(known);
        }
        self.cluster.templates.push(std::sync::Arc::new(template));
        TemplateId::from_index(self.cluster.templates.len() - 1)
    }

    /// Changes what a running pod asks for, in place; false where its node has no room for it.
    pub fn resize_pod(&mut self, id: PodId, template: PodTemplate) -> bool {
        let cluster = &self.cluster;
        let Some(node) = cluster.pod(id).node else { return false };
        let (mut cpu, mut memory) = (template.requests.cpu_milli, template.requests.memory);
        for &other in cluster.node(node).pods.iter().filter(|&&other| other != id && !cluster.pod(other).phase.is_terminal()) {
            cpu = cpu.saturating_add(cluster.template_of(other).requests.cpu_milli);
            memory = memory.saturating_add(cluster.template_of(other).requests.memory);
        }
        if cpu > cluster.node(node).allocatable.cpu_milli || memory > cluster.node(node).allocatable.memory {
            return false;
        }
        let old = cluster.pod(id).template;
        let new = self.keep_template(template);
        self.cluster.pods[id.index()].template = new;
        self.announce(Subject::Pod(id), Change::PodResized, Watched::Pod(id, PodChange::Resized(old)));
        true
    }
}
