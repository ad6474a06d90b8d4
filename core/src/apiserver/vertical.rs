//! What VerticalPodAutoscalers write: recommendations; requests of new pods, as their admission webhook sets them
//! (`vertical-pod-autoscaler/pkg/admission-controller/resource/pod`); requests of running pods (the `resize` subresource).

use super::api::Api;
use super::notice::{PodChange, Watched};
use crate::cluster::Cluster;
use crate::cluster::ids::{NamespaceId, PodId, TemplateId, VerticalAutoscalerId};
use crate::cluster::pod::Owner;
use crate::cluster::quotas::{LimitKind, ResourceList};
use crate::cluster::resize::ContainerResize;
use crate::cluster::state::Workload;
use crate::cluster::template::PodTemplate;
use crate::cluster::vertical_autoscalers::{Estimate, Recommendation, VerticalAutoscaler};
use crate::trace::{Change, Subject};
use crate::units::quantity::Quantity;
use crate::units::resources::Resources;

/// An estimate within what a policy allows (`pkg/utils/vpa/capping.go` applyVPAPolicy).
fn capped(estimate: Estimate, least: Option<i64>, most: Option<i64>) -> Estimate {
    let cap = |amount: i64| {
        let amount = least.filter(|&l| l > 0).map_or(amount, |l| amount.max(l));
        most.filter(|&m| m > 0).map_or(amount, |m| amount.min(m))
    };
    Estimate { target: cap(estimate.target), lower: cap(estimate.lower), upper: cap(estimate.upper) }
}

/// What a container of a template is to have, by an autoscaler: cpu in millicores, memory in bytes.
pub(crate) type Recommended = (Option<Estimate>, Option<Estimate>);

/// One of the two resources, to look at the containers by it.
#[derive(Clone, Copy)]
enum Resource {
    Cpu,
    Memory,
}

impl Resource {
    const fn of(self, resources: &Resources) -> i64 {
        match self {
            Resource::Cpu => resources.cpu_milli,
            Resource::Memory => resources.memory,
        }
    }

    const fn pick<T: Copy>(self, both: (T, T)) -> T {
        match self {
            Resource::Cpu => both.0,
            Resource::Memory => both.1,
        }
    }
}

/// What all limit ranges of a namespace say together of one resource; 0 for nothing.
#[derive(Clone, Copy, Default)]
struct Bounds {
    least: i64,
    most: i64,
}

fn bounds(cluster: &Cluster, namespace: NamespaceId, kind: LimitKind, resource: Resource) -> Bounds {
    let of = |list: &ResourceList| match resource {
        Resource::Cpu => list.get("cpu").map_or(0, Quantity::milli_value),
        Resource::Memory => list.get("memory").map_or(0, Quantity::value),
    };
    let mut all = Bounds::default();
    let ranges = cluster.limit_ranges.iter().filter(|range| !range.gone && range.namespace == namespace);
    for item in ranges.flat_map(|range| &range.items).filter(|item| item.kind == kind) {
        let (least, most) = (of(&item.min), of(&item.max));
        all.least = all.least.max(least);
        all.most = if all.most > 0 && most > 0 { all.most.min(most) } else { all.most.max(most) };
    }
    all
}

fn scaled(amount: i64, by: i64, from: i64) -> i64 {
    i64::try_from(i128::from(amount) * i128::from(by) / i128::from(from.max(1))).unwrap_or(i64::MAX)
}

/// The request that goes with a limit of `bound`, in the proportion of old (`GetBoundaryRequest`); 0 where there is no limit.
fn request_for(bound: i64, request: i64, limit: i64) -> i64 {
    match (limit, request) {
        (..=0, _) => 0,
        (_, ..=0) => bound,
        _ => scaled(request, bound, limit),
    }
}

/// Keeps all containers together within what the namespace allows a pod (`applyPodLimitRange`).
fn within_pod_range(
    range: Bounds,
    resource: Resource,
    template: &PodTemplate,
    amounts: &mut [Option<Estimate>],
    field: fn(&mut Estimate) -> &mut i64,
) {
    let (mut limits, mut requests) = (0i64, 0i64);
    for (amount, container) in amounts.iter_mut().zip(&template.containers) {
        let Some(new) = amount.as_mut().map(|estimate| *field(estimate)) else { continue };
        let limit = proportional(resource.of(&container.limits), resource.of(&container.requests), new);
        limits = limits.saturating_add(limit.unwrap_or(0));
        requests = requests.saturating_add(new);
    }
    let over = range.most > 0 && range.most < limits;
    let (to, from) = match () {
        () if range.least > requests => (range.least, requests),
        () if over => (range.most, limits),
        () if range.least > limits => (range.least, limits),
        () => return,
    };
    if from > 0 {
        amounts.iter_mut().flatten().for_each(|estimate| *field(estimate) = scaled(*field(estimate), to, from));
    }
}

/// What an autoscaler recommends for the containers of a template: within the limit ranges of the namespace, then within its policy, and
/// where limits stay, within them (`cappingRecommendationProcessor`).
pub(crate) fn recommended(cluster: &Cluster, scaler: &VerticalAutoscaler, template: &PodTemplate) -> Vec<Recommended> {
    let cpu = recommended_of(cluster, scaler, template, Resource::Cpu);
    cpu.into_iter().zip(recommended_of(cluster, scaler, template, Resource::Memory)).collect()
}

fn recommended_of(cluster: &Cluster, scaler: &VerticalAutoscaler, template: &PodTemplate, resource: Resource) -> Vec<Option<Estimate>> {
    let found = template.containers.iter().map(|container| {
        let policy = scaler.policy(container.name);
        let controlled = policy.is_none_or(|p| !p.off && resource.pick(p.controls));
        let found = scaler.recommendations.iter().find(|r| r.container == container.name && controlled)?;
        resource.pick((found.cpu, found.memory))
    });
    let mut amounts: Vec<Option<Estimate>> = found.collect();
    let namespace = scaler.meta.namespace;
    let of_pod = bounds(cluster, namespace, LimitKind::Pod, resource);
    if of_pod.least > 0 || of_pod.most > 0 {
        let fields: [fn(&mut Estimate) -> &mut i64; 3] = [|e| &mut e.target, |e| &mut e.lower, |e| &mut e.upper];
        fields.into_iter().for_each(|field| within_pod_range(of_pod, resource, template, &mut amounts, field));
    }
    let of_container = bounds(cluster, namespace, LimitKind::Container, resource);
    for (amount, container) in amounts.iter_mut().zip(&template.containers) {
        let Some(estimate) = amount else { continue };
        let (request, limit) = (resource.of(&container.requests), resource.of(&container.limits));
        // Request and limit alike must reach the least.
        let least = request_for(of_container.least, request, limit).max(of_container.least);
        let mut kept = capped(*estimate, Some(least), Some(request_for(of_container.most, request, limit)));
        if let Some(policy) = scaler.policy(container.name) {
            kept = capped(kept, resource.pick(policy.least), resource.pick(policy.most));
            if policy.requests_only && limit > 0 {
                kept = capped(kept, None, Some(limit));
            }
        }
        *estimate = kept;
    }
    amounts
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
pub(crate) fn with_recommended(cluster: &Cluster, scaler: &VerticalAutoscaler, template: &PodTemplate) -> Option<PodTemplate> {
    let mut changes = Vec::new();
    for (index, (container, (cpu, memory))) in template.containers.iter().zip(recommended(cluster, scaler, template)).enumerate() {
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
        match with_recommended(&self.cluster, scaler, self.cluster.template(id)) {
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
