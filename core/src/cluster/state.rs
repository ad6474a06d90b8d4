//! The cluster itself: an arena for each kind of thing, and the look-ups between them. Plain data: it decides nothing.
//!
//! Writing goes through `apiserver`, which records and announces every change; only building a cluster writes here directly.

use super::admission_policies::{AdmissionPolicy, PolicyBinding};
use super::autoscalers::{Autoscaler, TargetKind};
use super::called;
use super::clock::Clock;
use super::cron_jobs::CronJob;
use super::ids::*;
use super::karpenter::Karpenter;
use super::kubelet_settings::KubeletSettings;
use super::labels::Labels;
use super::loads::Load;
use super::node::Node;
use super::node_pools::{NodePool, ScaleDown};
use super::pod::{Owner, Pod, PodName, suffix_letters};
use super::quotas::{LimitRange, ResourceQuota};
use super::template::{PodTemplate, PodVolume, VolumeSource};
use super::template_index::TemplateIndex;
use super::vertical_autoscalers::{VerticalAutoscaler, VerticalTarget};
use super::volumes::Storage;
use super::webhooks::Webhook;
use super::workloads::*;
use crate::manifest::pod_security::Policy;
use crate::units::gather::Gather;
use crate::units::intern::{Interner, Sym};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that exists. Cloning it is how a what-if forks from a settled state: templates and text are shared.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// All text.
    pub text: Interner,
    /// Namespaces.
    pub namespaces: Vec<Namespace>,
    /// Zones by name, in order of first appearance; the empty name is "no zone".
    pub zones: Vec<Sym>,
    /// Nodes, the deleted ones too.
    pub nodes: Vec<Node>,
    /// Pods, the deleted ones too.
    pub pods: Vec<Pod>,
    /// Pod templates.
    pub templates: Vec<Arc<PodTemplate>>,
    /// Templates by their labels.
    pub template_index: TemplateIndex,
    /// Deployments.
    pub deployments: Vec<Deployment>,
    /// ReplicaSets and ReplicationControllers.
    pub replica_sets: Vec<ReplicaSet>,
    /// StatefulSets.
    pub stateful_sets: Vec<StatefulSet>,
    /// DaemonSets.
    pub daemon_sets: Vec<DaemonSet>,
    /// Jobs.
    pub jobs: Vec<Job>,
    /// CronJobs.
    pub cron_jobs: Vec<CronJob>,
    /// HorizontalPodAutoscalers.
    pub autoscalers: Vec<Autoscaler>,
    /// VerticalPodAutoscalers.
    pub vertical_autoscalers: Vec<VerticalAutoscaler>,
    /// What there is to do for the pods of workloads, as far as it is known.
    pub loads: BTreeMap<Workload, Load>,
    /// Pools of nodes that grow and shrink.
    pub node_pools: Vec<NodePool>,
    /// How the Cluster Autoscaler shrinks them.
    pub scale_down: ScaleDown,
    /// For how many nodes there are pod addresses; none where nobody hands them out.
    pub pod_ranges: Option<u32>,
    /// NodePools of Karpenter's and their machines.
    pub karpenter: Karpenter,
    /// How the kubelets are configured.
    pub kubelet: KubeletSettings,
    /// What the clocks on the wall show.
    pub clock: Clock,
    /// Services.
    pub services: Vec<Service>,
    /// PodDisruptionBudgets.
    pub budgets: Vec<Budget>,
    /// PriorityClasses.
    pub priority_classes: Vec<PriorityClass>,
    /// ResourceQuotas.
    pub quotas: Vec<ResourceQuota>,
    /// Templates that mutating policies made: of which, and what they made of it.
    pub mutated: BTreeMap<(TemplateId, String), TemplateId>,
    /// LimitRanges, in order of creation.
    pub limit_ranges: Vec<LimitRange>,
    /// Webhooks: those that may change what is written first, then by the name of their configuration.
    pub webhooks: Vec<Webhook>,
    /// ValidatingAdmissionPolicies.
    pub admission_policies: Vec<AdmissionPolicy>,
    /// ValidatingAdmissionPolicyBindings.
    pub policy_bindings: Vec<PolicyBinding>,
    /// Storage.
    pub storage: Storage,
    /// What was said of how pods behave: it holds for objects applied later too.
    pub behaviors: Arc<super::build::Behaviors>,
}

/// Room for the name of most pods, in bytes.
const NAME_BYTES: usize = 64;

/// Any workload object: what a report has a row for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Workload {
    /// A Deployment.
    Deployment(DeploymentId),
    /// A ReplicaSet without a Deployment.
    ReplicaSet(ReplicaSetId),
    /// A StatefulSet.
    StatefulSet(StatefulSetId),
    /// A DaemonSet.
    DaemonSet(DaemonSetId),
    /// A Job.
    Job(JobId),
    /// A pod of its own, or of an owner that is not simulated.
    Pod(PodId),
}

impl Cluster {
    /// The pod.
    pub fn pod(&self, id: PodId) -> &Pod {
        &self.pods[id.index()]
    }

    /// The template of a pod.
    pub fn template_of(&self, id: PodId) -> &PodTemplate {
        &self.templates[self.pods[id.index()].template.index()]
    }

    /// The template.
    pub fn template(&self, id: TemplateId) -> &PodTemplate {
        &self.templates[id.index()]
    }

    /// The node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// Nodes that exist, in order of arrival.
    pub fn live_nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().filter(|(_, n)| !n.gone).map(|(i, n)| (NodeId::from_index(i), n))
    }

    /// Pods that exist, in order of creation.
    pub fn live_pods(&self) -> impl Iterator<Item = (PodId, &Pod)> {
        self.pods.iter().enumerate().filter(|(_, p)| !p.gone).map(|(i, p)| (PodId::from_index(i), p))
    }

    /// The text of a symbol.
    pub fn text(&self, sym: Sym) -> &str {
        self.text.text(sym)
    }

    /// The existing node of that name.
    pub fn node_named(&self, name: &str) -> Option<NodeId> {
        let sym = self.text.get(name)?;
        self.live_nodes().find(|(_, n)| n.name == sym).map(|(id, _)| id)
    }

    /// The zone of that name.
    pub fn zone_named(&self, name: &str) -> Option<ZoneId> {
        let sym = self.text.get(name)?;
        self.zones.iter().position(|&z| z == sym).map(ZoneId::from_index)
    }

    /// The name of a zone.
    pub fn zone_name(&self, zone: ZoneId) -> &str {
        self.zones.get(zone.index()).map_or("", |&z| self.text(z))
    }

    /// The name of a namespace.
    pub fn namespace_name(&self, namespace: NamespaceId) -> &str {
        self.namespaces.get(namespace.index()).map_or("", |n| self.text(n.name))
    }

    /// The namespace of that name, added if there is none.
    pub fn namespace_or_new(&mut self, name: &str) -> NamespaceId {
        let sym = self.text.intern(name);
        if let Some(known) = self.namespaces.iter().position(|n| n.name == sym && !n.gone) {
            return NamespaceId::from_index(known);
        }
        let name_key = self.text.intern("kubernetes.io/metadata.name");
        let labels = Labels::new([(name_key, sym)]);
        self.namespaces.push(Namespace { name: sym, labels, security: Policy::default(), given: false, deleting: None, gone: false });
        NamespaceId::from_index(self.namespaces.len() - 1)
    }

    /// `metadata.name` of a pod.
    pub fn pod_name(&self, id: PodId) -> String {
        let mut name = String::with_capacity(NAME_BYTES);
        self.push_pod_name(id, &mut name);
        name
    }

    /// Appends `metadata.name` of a pod to a text.
    pub fn push_pod_name(&self, id: PodId, text: &mut String) {
        let pod = self.pod(id);
        if !matches!(pod.name, PodName::Given(_)) {
            text.push_str(self.owner_name(pod.owner));
            text.push('-');
        }
        match pod.name {
            PodName::Given(name) => text.push_str(self.text(name)),
            PodName::Ordinal(ordinal) => text.push_str(&ordinal.to_string()),
            PodName::Generated(number) => text.extend(suffix_letters(number)),
            PodName::Indexed(index, number) => {
                text.push_str(&index.to_string());
                text.push('-');
                text.extend(suffix_letters(number));
            }
        }
    }

    /// `namespace/name` of a pod.
    pub fn pod_full_name(&self, id: PodId) -> String {
        let mut name = String::with_capacity(NAME_BYTES);
        self.push_pod_full_name(id, &mut name);
        name
    }

    /// Appends `namespace/name` of a pod to a text.
    pub fn push_pod_full_name(&self, id: PodId, text: &mut String) {
        text.push_str(self.namespace_name(self.pod(id).namespace));
        text.push('/');
        self.push_pod_name(id, text);
    }

    /// `metadata.name` of a pod's owner; empty for none.
    pub fn owner_name(&self, owner: Owner) -> &str {
        match owner {
            Owner::None | Owner::Node => "",
            Owner::ReplicaSet(id) => self.text(self.replica_sets[id.index()].meta.name),
            Owner::StatefulSet(id) => self.text(self.stateful_sets[id.index()].meta.name),
            Owner::DaemonSet(id) => self.text(self.daemon_sets[id.index()].meta.name),
            Owner::Job(id) => self.text(self.jobs[id.index()].meta.name),
            Owner::Foreign { name, .. } => self.text(name),
        }
    }

    /// The workload a pod belongs to: of a ReplicaSet's pod, the Deployment if there is one.
    pub fn workload_of(&self, id: PodId) -> Workload {
        match self.pod(id).owner {
            Owner::ReplicaSet(rs) => match self.replica_sets[rs.index()].deployment {
                Some(deployment) => Workload::Deployment(deployment),
                None => Workload::ReplicaSet(rs),
            },
            Owner::StatefulSet(set) => Workload::StatefulSet(set),
            Owner::DaemonSet(set) => Workload::DaemonSet(set),
            Owner::Job(job) => Workload::Job(job),
            Owner::None | Owner::Node | Owner::Foreign { .. } => Workload::Pod(id),
        }
    }

    /// The existing workload that an autoscaler scales.
    pub fn scale_target(&self, scaler: &Autoscaler) -> Option<Workload> {
        self.scalable(scaler.target_kind, scaler.target, scaler.meta.namespace)
    }

    /// The existing workload that a vertical autoscaler is about.
    pub fn vertical_target(&self, scaler: &VerticalAutoscaler) -> Option<Workload> {
        match scaler.target_kind {
            VerticalTarget::Scalable(kind) => self.scalable(kind, scaler.target, scaler.meta.namespace),
            VerticalTarget::DaemonSet => {
                let of = |d: &DaemonSet| !d.meta.gone && d.meta.name == scaler.target && d.meta.namespace == scaler.meta.namespace;
                self.daemon_sets.iter().rposition(of).map(|i| Workload::DaemonSet(DaemonSetId::from_index(i)))
            }
        }
    }

    fn scalable(&self, kind: TargetKind, name: Sym, namespace: NamespaceId) -> Option<Workload> {
        let of = |meta: &Meta| !meta.gone && meta.name == name && meta.namespace == namespace;
        let set = |controller: bool| {
            let of = |r: &ReplicaSet| r.replication_controller == controller && of(&r.meta);
            self.replica_sets.iter().rposition(of).map(|i| Workload::ReplicaSet(ReplicaSetId::from_index(i)))
        };
        match kind {
            TargetKind::Deployment => {
                self.deployments.iter().rposition(|d| of(&d.meta)).map(|i| Workload::Deployment(DeploymentId::from_index(i)))
            }
            TargetKind::StatefulSet => {
                self.stateful_sets.iter().rposition(|s| of(&s.meta)).map(|i| Workload::StatefulSet(StatefulSetId::from_index(i)))
            }
            TargetKind::ReplicaSet => set(false),
            TargetKind::ReplicationController => set(true),
        }
    }

    /// Name, namespace and life of a workload object; none for bare pods, and for what is not there yet (the Jobs of a CronJob come later).
    pub fn workload_meta(&self, workload: Workload) -> Option<&Meta> {
        match workload {
            Workload::Deployment(id) => self.deployments.get(id.index()).map(|w| &w.meta),
            Workload::ReplicaSet(id) => self.replica_sets.get(id.index()).map(|w| &w.meta),
            Workload::StatefulSet(id) => self.stateful_sets.get(id.index()).map(|w| &w.meta),
            Workload::DaemonSet(id) => self.daemon_sets.get(id.index()).map(|w| &w.meta),
            Workload::Job(id) => self.jobs.get(id.index()).map(|w| &w.meta),
            Workload::Pod(_) => None,
        }
    }

    /// `deployment/web` in the namespace `default`, `shop/deployment/web` elsewhere: how verbs and reports name workloads.
    pub fn workload_label(&self, workload: Workload) -> String {
        let (kind, namespace, name) = match workload {
            Workload::Pod(id) => ("pod", self.pod(id).namespace, self.pod_name(id)),
            other => {
                let kind = match other {
                    Workload::Deployment(_) => "deployment",
                    Workload::ReplicaSet(id) if self.replica_sets[id.index()].replication_controller => "replicationcontroller",
                    Workload::ReplicaSet(_) => "replicaset",
                    Workload::StatefulSet(_) => "statefulset",
                    Workload::DaemonSet(_) => "daemonset",
                    Workload::Job(_) | Workload::Pod(_) => "job",
                };
                match self.workload_meta(other) {
                    Some(meta) => (kind, meta.namespace, self.text(meta.name).to_owned()),
                    None => return String::new(),
                }
            }
        };
        called::label(self.namespace_name(namespace), kind, &name)
    }

    /// The claim a volume of a pod is made of, by name; none for volumes without a claim.
    pub fn claim_name(&self, pod: PodId, volume: &PodVolume) -> Option<String> {
        match volume.source {
            VolumeSource::Claim(name) => Some(self.text(name).to_owned()),
            VolumeSource::OwnClaim => Some(format!("{}-{}", self.text(volume.name), self.pod_name(pod))),
            VolumeSource::Ephemeral { .. } => Some(format!("{}-{}", self.pod_name(pod), self.text(volume.name))),
            _ => None,
        }
    }

    /// All labels of a pod. The common case borrows the template's.
    pub fn pod_labels(&self, id: PodId) -> PodLabels<'_> {
        PodLabels { shared: &self.template_of(id).labels, own: self.pod(id).own_labels.as_deref() }
    }
}

/// The labels of a pod: its template's, with its own on top.
#[derive(Clone, Copy, Debug)]
pub struct PodLabels<'a> {
    shared: &'a Labels,
    own: Option<&'a Labels>,
}

impl<'a> PodLabels<'a> {
    /// A template's labels, with a pod's own on top.
    pub fn new(shared: &'a Labels, own: Option<&'a Labels>) -> PodLabels<'a> {
        PodLabels { shared, own }
    }

    /// The value of `key`.
    pub fn get(&self, key: Sym) -> Option<Sym> {
        self.own.and_then(|own| own.get(key)).or_else(|| self.shared.get(key))
    }

    /// All of them, by key.
    pub fn all(&self) -> BTreeMap<Sym, Sym> {
        self.shared.iter().chain(self.own.into_iter().flat_map(Labels::iter)).gather()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.shared.is_empty() && self.own.is_none_or(Labels::is_empty)
    }

    /// Whether a selector matches.
    pub fn match_selector(&self, selector: &super::labels::Selector, text: &Interner) -> bool {
        use super::labels::Selector;
        match selector {
            Selector::Nothing => false,
            Selector::All(requirements) => requirements.iter().all(|r| r.accepts(self.get(r.key), text)),
        }
    }
}
