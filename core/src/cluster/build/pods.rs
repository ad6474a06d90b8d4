//! Pods that are given as objects: written by hand, or from a dump of a live cluster.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod as Written, PodSpec, PodStatus};

use super::Builder;
use super::template::{Kind, Source};
use super::workloads::controller;
use crate::cluster::ids::{DaemonSetId, JobId, NamespaceId, NodeId, ReplicaSetId, StatefulSetId, TemplateId};
use crate::cluster::labels::Labels;
use crate::cluster::origin::Origin;
use crate::cluster::pod::{Deletion, DisruptionReason, Owner, Phase, Pod, PodName, name_suffix};
use crate::cluster::template::PodTemplate;
use crate::units::intern::Sym;
use crate::units::time::SECOND;

impl Builder<'_> {
    /// A pod. One that names a node runs there; without a status it is taken to be ready.
    pub fn compile_pod(&mut self, written: &Written, origin: Option<Origin>) -> Pod {
        let metadata = &written.metadata;
        let namespace = self.namespace(metadata);
        let owner = self.owner(written, namespace);
        let created = self.created(metadata);
        let empty = (PodSpec::default(), PodStatus::default());
        let (spec, status) = (written.spec.as_ref().unwrap_or(&empty.0), written.status.as_ref().unwrap_or(&empty.1));
        let node = spec.node_name.as_deref().filter(|n| !n.is_empty()).and_then(|n| self.node_named(n));
        let (template, own_labels) = self.template_of_pod(written, spec, owner, namespace, origin);
        let pinned = match owner {
            Owner::DaemonSet(_) => pin(spec).and_then(|n| self.node_named(&n)).or(node),
            _ => None,
        };
        let condition = |kind: &str| status.conditions.iter().flatten().find(|c| c.type_ == kind);
        let phase = match status.phase.as_deref() {
            Some("Succeeded") => Phase::Succeeded,
            Some("Failed") => Phase::Failed,
            Some("Pending") => Phase::Pending,
            Some("Running" | "Unknown") => Phase::Running,
            _ if node.is_some() => Phase::Running,
            _ => Phase::Pending,
        };
        let ready_condition = condition("Ready");
        let ready = phase == Phase::Running && ready_condition.map_or(status.conditions.is_none(), |c| c.status == "True");
        let ready_since = ready_condition.and_then(|c| c.last_transition_time.as_ref()).map_or(created, |t| self.time(t));
        let started = status.start_time.as_ref().map(|t| self.time(t)).or(node.map(|_| created));
        let containers = || status.container_statuses.iter().flatten();
        let ended = |s: &ContainerStatus| s.state.as_ref().and_then(|s| s.terminated.as_ref()).cloned();
        let finished = containers().filter_map(ended).filter_map(|t| t.finished_at).map(|t| self.time(&t)).max();
        let restarts = containers().map(|s| u32::try_from(s.restart_count).unwrap_or(0)).fold(0, u32::saturating_add);
        let deletion = metadata.deletion_timestamp.as_ref().map(|t| {
            let grace_seconds = metadata.deletion_grace_period_seconds.unwrap_or(0).clamp(0, i64::from(i32::MAX));
            Deletion { requested: self.time(t) + -grace_seconds * SECOND, grace_seconds }
        });
        let disruption = condition("DisruptionTarget").filter(|c| c.status == "True").and_then(|c| disruption(c.reason.as_deref()?));
        let nominated = status.nominated_node_name.as_deref().filter(|_| node.is_none()).and_then(|n| self.node_named(n));
        let priority = self.cluster.template(template).priority;
        Pod {
            name: PodName::Given(self.name(metadata)),
            namespace,
            template,
            owner,
            node,
            pinned,
            nominated,
            phase,
            reason: self.cluster.text.intern(status.reason.as_deref().unwrap_or_default()),
            ready,
            ready_since,
            created,
            started,
            bound: node.map(|_| started.unwrap_or(created)),
            finished: phase.is_terminal().then(|| finished.unwrap_or(created)),
            exit_code: containers().find_map(ended).map_or(0, |t| t.exit_code),
            deletion,
            disruption,
            restarts,
            ordinal_of_owner: 0,
            own_labels,
            deletion_cost: None,
            priority: spec.priority.unwrap_or(priority),
            ungated: false,
            gone: false,
        }
    }

    fn owner(&mut self, written: &Written, namespace: NamespaceId) -> Owner {
        // A mirror of a static pod says so (`pkg/kubelet/types/pod_update.go`, v1.37).
        let said = |key: &str| written.metadata.annotations.as_ref().and_then(|a| a.get(key)).map(String::as_str);
        if said("kubernetes.io/config.mirror").is_some() || matches!(said("kubernetes.io/config.source"), Some("file" | "http")) {
            return Owner::Node;
        }
        let Some(owner) = controller(&written.metadata) else { return Owner::None };
        let found = |b: &Self, kind: Kind| b.find_workload(kind, namespace, &owner.name);
        let simulated = match owner.kind.as_str() {
            "ReplicaSet" | "ReplicationController" => found(self, Kind::ReplicaSet).map(|i| Owner::ReplicaSet(ReplicaSetId(i))),
            "StatefulSet" => found(self, Kind::StatefulSet).map(|i| Owner::StatefulSet(StatefulSetId(i))),
            "DaemonSet" => found(self, Kind::DaemonSet).map(|i| Owner::DaemonSet(DaemonSetId(i))),
            "Job" => found(self, Kind::Job).map(|i| Owner::Job(JobId(i))),
            "Node" => Some(Owner::Node),
            _ => None,
        };
        let text = &mut self.cluster.text;
        simulated.unwrap_or_else(|| Owner::Foreign { kind: text.intern(&owner.kind), name: text.intern(&owner.name) })
    }

    /// The template of a pod, and the labels that it has besides. A pod that looks as its owner would make it today shares the
    /// owner's template: then the owner does not take it for one of an old revision.
    fn template_of_pod(
        &mut self,
        written: &Written,
        spec: &PodSpec,
        owner: Owner,
        namespace: NamespaceId,
        origin: Option<Origin>,
    ) -> (TemplateId, Option<Box<Labels>>) {
        let name = match owner {
            Owner::None | Owner::Node => written.metadata.name.clone().unwrap_or_default(),
            owned => self.cluster.owner_name(owned).to_owned(),
        };
        // Where the pod runs is no part of what it has in common with others.
        let mut spec = spec.clone();
        spec.node_name = None;
        if matches!(owner, Owner::DaemonSet(_)) {
            drop_pin(&mut spec);
        }
        let resized = written.status.as_ref().filter(|s| s.resources.is_some() || s.allocated_resources.is_some() || any_resources(s));
        let own = self.compile_template(&Source {
            kind: Kind::Pod,
            name: &name,
            namespace,
            metadata: Some(&written.metadata),
            spec: &spec,
            status: resized,
            claim_templates: &[],
            origin: origin.map(|o| Origin { pointer: "/spec", ..o }),
        });
        let Some(of_owner) = self.owner_template(owner).filter(|&t| alike(self.cluster.template(t), self.cluster.template(own))) else {
            return (own, None);
        };
        let (shared, pod) = (&self.cluster.template(of_owner).labels, &self.cluster.template(own).labels);
        let differing: Vec<(Sym, Sym)> = pod.iter().filter(|&(key, value)| shared.get(key) != Some(value)).collect();
        // A label that the owner's template has and the pod has lost can't be expressed on top of it.
        if shared.iter().any(|(key, _)| pod.get(key).is_none() && !self.is_hash_label(key)) {
            return (own, None);
        }
        self.drop_template(own);
        (of_owner, (!differing.is_empty()).then(|| Box::new(Labels::new(differing))))
    }

    fn owner_template(&self, owner: Owner) -> Option<TemplateId> {
        Some(match owner {
            Owner::ReplicaSet(id) => self.cluster.replica_sets[id.index()].template,
            Owner::StatefulSet(id) => self.cluster.stateful_sets[id.index()].template,
            Owner::DaemonSet(id) => self.cluster.daemon_sets[id.index()].template,
            Owner::Job(id) => self.cluster.jobs[id.index()].template,
            Owner::None | Owner::Node | Owner::Foreign { .. } => return None,
        })
    }

    /// `metadata.name`, or one made from `generateName` as the API server would.
    pub(super) fn name(&mut self, metadata: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta) -> Sym {
        match (metadata.name.as_deref().filter(|n| !n.is_empty()), metadata.generate_name.as_deref()) {
            (Some(name), _) => self.cluster.text.intern(name),
            (None, Some(prefix)) => {
                self.generated += 1;
                let name = format!("{prefix}{}", name_suffix(self.generated));
                self.cluster.text.intern(&name)
            }
            (None, None) => Sym::EMPTY,
        }
    }
}

fn any_resources(status: &PodStatus) -> bool {
    let told = |s: &ContainerStatus| s.allocated_resources.is_some() || s.resources.is_some();
    status.container_statuses.iter().chain(&status.init_container_statuses).flatten().any(told)
}

/// Whether the scheduler, the kubelet and the controllers could tell pods of the two apart.
fn alike(owners: &PodTemplate, pods: &PodTemplate) -> bool {
    let images = |t: &PodTemplate| t.containers.iter().map(|c| (c.name, c.image)).collect::<Vec<_>>();
    owners.requests == pods.requests
        && owners.host_ports == pods.host_ports
        && owners.node_selector == pods.node_selector
        && owners.spread == pods.spread
        && images(owners) == images(pods)
        && owners.priority == pods.priority
        && owners.affinity.as_deref().cloned().unwrap_or_default() == pods.affinity.as_deref().cloned().unwrap_or_default()
        && owners.tolerations.iter().all(|t| pods.tolerations.contains(t))
        && pods.tolerations.iter().all(|t| owners.tolerations.contains(t))
        && owners.grace == pods.grace
}

/// The node that a DaemonSet pod's required node affinity names.
fn pin(spec: &PodSpec) -> Option<String> {
    let required = spec.affinity.as_ref()?.node_affinity.as_ref()?.required_during_scheduling_ignored_during_execution.as_ref()?;
    let fields = required.node_selector_terms.iter().filter_map(|t| t.match_fields.as_ref()).flatten();
    fields.filter(|f| f.key == "metadata.name" && f.operator == "In").find_map(|f| f.values.as_ref()?.first().cloned())
}

/// Takes away the node affinity that the DaemonSet controller adds to pin a pod.
fn drop_pin(spec: &mut PodSpec) {
    if pin(spec).is_none() {
        return;
    }
    let Some(affinity) = spec.affinity.as_mut() else { return };
    if let Some(node) = affinity.node_affinity.as_mut() {
        node.required_during_scheduling_ignored_during_execution = None;
        if node.preferred_during_scheduling_ignored_during_execution.is_none() {
            affinity.node_affinity = None;
        }
    }
    if affinity.node_affinity.is_none() && affinity.pod_affinity.is_none() && affinity.pod_anti_affinity.is_none() {
        spec.affinity = None;
    }
}

fn disruption(reason: &str) -> Option<DisruptionReason> {
    use DisruptionReason::{EvictionApi, Kubelet, PodGc, Preemption, TaintManager};
    [Preemption, TaintManager, EvictionApi, PodGc, Kubelet].into_iter().find(|r| r.name() == reason)
}

/// Where a given pod runs, for the list of the node.
pub(super) fn runs_on(pod: &Pod) -> Option<NodeId> {
    pod.node.filter(|_| !pod.gone)
}
