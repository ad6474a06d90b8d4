//! One object into a cluster: new, or in place of the one with its name.

use super::Builder;
use super::findings::shown;
use super::limits::{MAX_NODES, MAX_PODS};
use super::template::Kind;
use super::webhooks::WebhookSet;
use crate::cluster::Cluster;
use crate::cluster::admission_policies::{AdmissionPolicy, PolicyBinding};
use crate::cluster::autoscalers::Autoscaler;
use crate::cluster::cron_jobs::CronJob;
use crate::cluster::ids::*;
use crate::cluster::node::Node;
use crate::cluster::origin::Origin;
use crate::cluster::pod::{Owner, Pod, PodName};
use crate::cluster::quotas::{LimitRange, ResourceQuota};
use crate::cluster::volumes::{Attachment, Claim, CsiDriver, CsiNode, StorageCapacity, StorageClass, Volume};
use crate::cluster::workloads::*;
use crate::manifest::{Diagnostic, DiagnosticId, Object};

/// An object as the cluster keeps it, before it is put there.
#[derive(Clone, Debug)]
pub enum Compiled {
    /// A node.
    Node(Node),
    /// A pod.
    Pod(Box<Pod>),
    /// A Deployment.
    Deployment(Deployment),
    /// A ReplicaSet or ReplicationController.
    ReplicaSet(ReplicaSet),
    /// A StatefulSet.
    StatefulSet(StatefulSet),
    /// A DaemonSet.
    DaemonSet(DaemonSet),
    /// A Job.
    Job(Box<Job>),
    /// A CronJob.
    CronJob(Box<CronJob>),
    /// A HorizontalPodAutoscaler.
    Autoscaler(Box<Autoscaler>),
    /// A Service.
    Service(Service),
    /// A PodDisruptionBudget.
    Budget(Budget),
    /// A ResourceQuota.
    Quota(ResourceQuota),
    /// A LimitRange.
    LimitRange(LimitRange),
    /// A PriorityClass.
    PriorityClass(PriorityClass),
    /// A namespace.
    Namespace(Namespace),
    /// A PersistentVolumeClaim.
    Claim(Claim),
    /// A PersistentVolume.
    Volume(Volume),
    /// A StorageClass.
    StorageClass(StorageClass),
    /// A CSINode.
    CsiNode(CsiNode),
    /// A CSIDriver.
    CsiDriver(CsiDriver),
    /// A CSIStorageCapacity.
    StorageCapacity(StorageCapacity),
    /// A VolumeAttachment.
    Attachment(Attachment),
    /// All webhooks of a configuration.
    Webhooks(WebhookSet),
    /// A ValidatingAdmissionPolicy or MutatingAdmissionPolicy.
    AdmissionPolicy(Box<AdmissionPolicy>),
    /// A binding of one.
    PolicyBinding(Box<PolicyBinding>),
}

/// What was put into the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A node.
    Node(NodeId),
    /// A pod.
    Pod(PodId),
    /// A Deployment.
    Deployment(DeploymentId),
    /// A ReplicaSet or ReplicationController.
    ReplicaSet(ReplicaSetId),
    /// A StatefulSet.
    StatefulSet(StatefulSetId),
    /// A DaemonSet.
    DaemonSet(DaemonSetId),
    /// A Job.
    Job(JobId),
    /// A CronJob.
    CronJob(CronJobId),
    /// A HorizontalPodAutoscaler.
    Autoscaler(AutoscalerId),
    /// A Service.
    Service(ServiceId),
    /// A PodDisruptionBudget.
    Budget(BudgetId),
    /// A ResourceQuota.
    Quota(QuotaId),
    /// A LimitRange.
    LimitRange,
    /// A PriorityClass.
    PriorityClass(PriorityClassId),
    /// A namespace.
    Namespace(NamespaceId),
    /// A claim.
    Claim(ClaimId),
    /// A volume.
    Volume(VolumeId),
    /// A StorageClass.
    StorageClass(StorageClassId),
    /// What CSI drivers say of themselves, and attachments: known by name only.
    StorageFact,
    /// Webhooks, admission policies and their bindings.
    Admission,
}

/// What an insertion did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inserted {
    /// The thing.
    pub thing: Thing,
    /// Whether it is new; else it took the place of the one with its name.
    pub created: bool,
    /// Replicas before and after, where they changed.
    pub scaled: Option<(i32, i32)>,
    /// The pod template changed: a rollout begins.
    pub rollout: bool,
}

impl Inserted {
    pub(super) fn new(thing: Thing, created: bool) -> Inserted {
        Inserted { thing, created, scaled: None, rollout: false }
    }
}

/// Puts `new` in the place of the first that is `same`, or at the end; tells where, and whether it is new.
fn upsert<T>(list: &mut Vec<T>, new: T, same: impl Fn(&T) -> bool) -> (usize, bool) {
    match list.iter().position(same) {
        Some(i) => {
            list[i] = new;
            (i, false)
        }
        None => {
            list.push(new);
            (list.len() - 1, true)
        }
    }
}

/// Carries over what an object keeps when its spec is replaced.
pub(super) fn carry(old: &Meta, new: &mut Meta) {
    new.created = old.created;
    new.generation = old.generation;
    new.deleting = old.deleting.or(new.deleting);
    if new.finalizers.is_empty() {
        new.finalizers = old.finalizers.clone();
    }
    new.origin = new.origin.or(old.origin);
}

impl Builder<'_> {
    /// Compiles an object; none for kinds that are not part of the cluster (ConfigMaps, Ingresses, custom resources …), which may
    /// still matter to the objects after it (a RuntimeClass, a LimitRange).
    pub fn compile(&mut self, object: &Object, origin: Option<Origin>) -> Option<Compiled> {
        Some(match object {
            Object::Node(o) => Compiled::Node(self.compile_node(o, origin)),
            Object::Pod(o) => Compiled::Pod(Box::new(self.compile_pod(o, origin))),
            Object::Deployment(o) => Compiled::Deployment(self.compile_deployment(o, origin)),
            Object::ReplicaSet(o) => Compiled::ReplicaSet(self.compile_replica_set(o, origin)),
            Object::ReplicationController(o) => Compiled::ReplicaSet(self.compile_replication_controller(o, origin)),
            Object::StatefulSet(o) => Compiled::StatefulSet(self.compile_stateful_set(o, origin)),
            Object::DaemonSet(o) => Compiled::DaemonSet(self.compile_daemon_set(o, origin)),
            Object::Job(o) => Compiled::Job(Box::new(self.compile_job(o, origin))),
            Object::CronJob(o) => Compiled::CronJob(Box::new(self.compile_cron_job(o, origin))),
            Object::HorizontalPodAutoscaler(o) => Compiled::Autoscaler(Box::new(self.compile_autoscaler(o, origin)?)),
            Object::Service(o) => Compiled::Service(self.compile_service(o, origin)),
            Object::PodDisruptionBudget(o) => Compiled::Budget(self.compile_budget(o, origin)),
            Object::PriorityClass(o) => Compiled::PriorityClass(self.compile_priority_class(o)),
            Object::Namespace(o) => Compiled::Namespace(self.compile_namespace(o)),
            Object::PersistentVolumeClaim(o) => Compiled::Claim(self.compile_claim(o, origin)),
            Object::PersistentVolume(o) => Compiled::Volume(self.compile_volume(o)),
            Object::StorageClass(o) => Compiled::StorageClass(self.compile_storage_class(o)),
            Object::CSINode(o) => Compiled::CsiNode(self.compile_csi_node(o)),
            Object::CSIDriver(o) => Compiled::CsiDriver(self.compile_csi_driver(o)),
            Object::CSIStorageCapacity(o) => Compiled::StorageCapacity(self.compile_storage_capacity(o)),
            Object::VolumeAttachment(o) => Compiled::Attachment(self.compile_attachment(o)),
            Object::RuntimeClass(o) => {
                self.runtime_classes.insert(o.metadata.name.clone().unwrap_or_default(), (**o).clone());
                return None;
            }
            Object::ValidatingWebhookConfiguration(o) => Compiled::Webhooks(self.compile_validating_webhooks(o, origin)),
            Object::MutatingWebhookConfiguration(o) => Compiled::Webhooks(self.compile_mutating_webhooks(o, origin)),
            Object::ValidatingAdmissionPolicy(o) => Compiled::AdmissionPolicy(Box::new(self.compile_admission_policy(o, origin))),
            Object::ValidatingAdmissionPolicyBinding(o) => Compiled::PolicyBinding(Box::new(self.compile_policy_binding(o))),
            Object::MutatingAdmissionPolicy(o) => Compiled::AdmissionPolicy(Box::new(self.compile_mutating_policy(o, origin))),
            Object::MutatingAdmissionPolicyBinding(o) => Compiled::PolicyBinding(Box::new(self.compile_mutating_binding(o))),
            Object::LimitRange(o) => Compiled::LimitRange(self.compile_limit_range(o)),
            Object::ResourceQuota(o) => Compiled::Quota(self.compile_quota(o, origin)),
            _ => return None,
        })
    }

    /// Compiles an object and puts it into the cluster. None where it is no part of one, or beyond a limit (then that is said).
    pub fn insert(&mut self, object: &Object, origin: Option<Origin>) -> Option<Inserted> {
        let compiled = self.compile(object, origin)?;
        self.put(compiled, origin)
    }

    /// Puts a compiled object into the cluster. None where the API server would refuse it, or a limit leaves it out (then that is said).
    pub fn put(&mut self, compiled: Compiled, origin: Option<Origin>) -> Option<Inserted> {
        if let Some(diagnostic) = self.foreign_to_its_pods(&compiled) {
            self.tell(origin.map(|o| Origin { pointer: "/spec/selector", ..o }), diagnostic);
            return None;
        }
        let full = |what: &str, limit: usize| {
            Diagnostic::warning(DiagnosticId("WT2002"), format!("this {what} is left out: a cluster has at most {limit} {what}s here"))
        };
        Some(match compiled {
            Compiled::Node(node) => match self.nodes.get(&node.name).copied() {
                Some(id) => self.replace_node(id, node),
                None if self.cluster.nodes.len() >= MAX_NODES => {
                    self.tell(origin, full("node", MAX_NODES));
                    return None;
                }
                None => {
                    let id = NodeId::from_index(self.cluster.nodes.len());
                    self.nodes.insert(node.name, id);
                    self.cluster.nodes.push(node);
                    Inserted::new(Thing::Node(id), true)
                }
            },
            Compiled::Pod(pod) => {
                if self.cluster.pods.len() >= MAX_PODS {
                    self.tell(origin, full("pod", MAX_PODS));
                    return None;
                }
                self.put_pod(*pod)
            }
            Compiled::Deployment(d) => self.put_deployment(d),
            Compiled::ReplicaSet(r) => self.put_replica_set(r),
            Compiled::StatefulSet(s) => self.put_stateful_set(s),
            Compiled::DaemonSet(d) => self.put_daemon_set(d),
            Compiled::Job(j) => self.put_job(*j),
            Compiled::CronJob(c) => self.put_cron_job(*c),
            Compiled::Autoscaler(a) => self.put_autoscaler(*a),
            other => self.put_plain(other)?,
        })
    }

    /// What there is to say of a workload whose selector does not match its template: its controller would make pods without end, never
    /// finding them, so the API server refuses it (`pkg/apis/apps/validation`, v1.37). ReplicaSets without a template pass: that is how
    /// the scheduler is told of a selector alone.
    fn foreign_to_its_pods(&self, compiled: &Compiled) -> Option<Diagnostic> {
        let (meta, selector, template) = match compiled {
            Compiled::Deployment(d) => (&d.meta, &d.selector, d.template),
            Compiled::ReplicaSet(r) => (&r.meta, &r.selector, r.template),
            Compiled::StatefulSet(s) => (&s.meta, &s.selector, s.template),
            Compiled::DaemonSet(d) => (&d.meta, &d.selector, d.template),
            _ => return None,
        };
        let text = &self.cluster.text;
        let template = self.cluster.template(template);
        if template.containers.is_empty() || selector.matches(&template.labels, text) {
            return None;
        }
        let (name, selector) = (shown(self.cluster.text(meta.name)), shown(&selector.display(text)));
        let message = format!("the selector of {name} ({selector}) does not match the labels of its own pods: it is left out");
        let help = "make spec.selector and spec.template.metadata.labels agree: the API server refuses this object";
        Some(Diagnostic::error(DiagnosticId("WT2010"), message).help(help))
    }

    fn replace_node(&mut self, id: NodeId, new: Node) -> Inserted {
        let old = &mut self.cluster.nodes[id.index()];
        let pods = std::mem::take(&mut old.pods);
        let (created, kubelet_alive, ready_since) = (old.created, old.kubelet_alive, old.ready_since);
        *old = Node { pods, created, kubelet_alive, ready_since, ..new };
        Inserted::new(Thing::Node(id), false)
    }

    /// Pods are not replaced: a second one of the same name is refused by an API server, and here taken as the same pod.
    fn put_pod(&mut self, mut pod: Pod) -> Inserted {
        let id = PodId::from_index(self.cluster.pods.len());
        let cluster = &mut *self.cluster;
        let owned = match pod.owner {
            Owner::ReplicaSet(id) => cluster.replica_sets.get_mut(id.index()).map(|o| (&mut o.pods, &mut o.pods_made)),
            Owner::StatefulSet(id) => cluster.stateful_sets.get_mut(id.index()).map(|o| (&mut o.pods, &mut o.pods_made)),
            Owner::DaemonSet(id) => cluster.daemon_sets.get_mut(id.index()).map(|o| (&mut o.pods, &mut o.pods_made)),
            Owner::Job(id) => cluster.jobs.get_mut(id.index()).map(|o| (&mut o.pods, &mut o.pods_made)),
            Owner::None | Owner::Foreign { .. } | Owner::Node => None,
        };
        if let Some((pods, made)) = owned {
            pods.push(id);
            *made += 1;
            pod.ordinal_of_owner = *made;
        }
        if let (Owner::StatefulSet(set), PodName::Given(name)) = (pod.owner, pod.name)
            && let Some(ordinal) = ordinal_of(cluster, set, name)
        {
            pod.name = PodName::Ordinal(ordinal);
        }
        if let Some(node) = super::pods::runs_on(&pod) {
            cluster.nodes[node.index()].pods.push(id);
        }
        cluster.pods.push(pod);
        Inserted::new(Thing::Pod(id), true)
    }

    fn known(&self, kind: Kind, meta: &Meta) -> Option<usize> {
        self.workloads.get(&(kind as u8, meta.namespace, meta.name)).map(|&i| i as usize)
    }

    fn remember(&mut self, kind: Kind, meta: &Meta, index: usize) {
        self.workloads.insert((kind as u8, meta.namespace, meta.name), index as u32);
    }

    fn put_deployment(&mut self, mut new: Deployment) -> Inserted {
        let Some(i) = self.known(Kind::Deployment, &new.meta) else {
            let id = DeploymentId::from_index(self.cluster.deployments.len());
            self.remember(Kind::Deployment, &new.meta, id.index());
            self.cluster.deployments.push(new);
            return Inserted::new(Thing::Deployment(id), true);
        };
        let old = &mut self.cluster.deployments[i];
        carry(&old.meta, &mut new.meta);
        new.replica_sets = std::mem::take(&mut old.replica_sets);
        new.replica_sets_made = old.replica_sets_made;
        new.status = std::mem::take(&mut old.status);
        let inserted = Inserted {
            scaled: (old.replicas != new.replicas).then_some((old.replicas, new.replicas)),
            rollout: old.template != new.template,
            ..Inserted::new(Thing::Deployment(DeploymentId::from_index(i)), false)
        };
        new.meta.generation += 1;
        *old = new;
        inserted
    }

    fn put_replica_set(&mut self, mut new: ReplicaSet) -> Inserted {
        let Some(i) = self.known(Kind::ReplicaSet, &new.meta) else {
            let id = ReplicaSetId::from_index(self.cluster.replica_sets.len());
            self.remember(Kind::ReplicaSet, &new.meta, id.index());
            if let Some(owner) = new.deployment.and_then(|d| self.cluster.deployments.get_mut(d.index())) {
                owner.replica_sets.push(id);
                owner.replica_sets_made += 1;
            }
            self.cluster.replica_sets.push(new);
            return Inserted::new(Thing::ReplicaSet(id), true);
        };
        let old = &mut self.cluster.replica_sets[i];
        carry(&old.meta, &mut new.meta);
        new.pods = std::mem::take(&mut old.pods);
        new.pods_made = old.pods_made;
        new.deployment = old.deployment;
        new.status = std::mem::take(&mut old.status);
        let inserted = Inserted {
            scaled: (old.replicas != new.replicas).then_some((old.replicas, new.replicas)),
            ..Inserted::new(Thing::ReplicaSet(ReplicaSetId::from_index(i)), false)
        };
        new.meta.generation += 1;
        *old = new;
        inserted
    }

    fn put_stateful_set(&mut self, mut new: StatefulSet) -> Inserted {
        let Some(i) = self.known(Kind::StatefulSet, &new.meta) else {
            let id = StatefulSetId::from_index(self.cluster.stateful_sets.len());
            self.remember(Kind::StatefulSet, &new.meta, id.index());
            self.cluster.stateful_sets.push(new);
            return Inserted::new(Thing::StatefulSet(id), true);
        };
        let old = &mut self.cluster.stateful_sets[i];
        carry(&old.meta, &mut new.meta);
        new.pods = std::mem::take(&mut old.pods);
        new.pods_made = old.pods_made;
        new.current_template = old.current_template;
        new.revisions = std::mem::take(&mut old.revisions);
        new.status = std::mem::take(&mut old.status);
        let inserted = Inserted {
            scaled: (old.replicas != new.replicas).then_some((old.replicas, new.replicas)),
            rollout: old.template != new.template,
            ..Inserted::new(Thing::StatefulSet(StatefulSetId::from_index(i)), false)
        };
        if !new.revisions.contains(&new.template) {
            new.revisions.push(new.template);
        }
        new.meta.generation += 1;
        *old = new;
        inserted
    }

    fn put_daemon_set(&mut self, mut new: DaemonSet) -> Inserted {
        let Some(i) = self.known(Kind::DaemonSet, &new.meta) else {
            let id = DaemonSetId::from_index(self.cluster.daemon_sets.len());
            self.remember(Kind::DaemonSet, &new.meta, id.index());
            self.cluster.daemon_sets.push(new);
            return Inserted::new(Thing::DaemonSet(id), true);
        };
        let old = &mut self.cluster.daemon_sets[i];
        carry(&old.meta, &mut new.meta);
        new.pods = std::mem::take(&mut old.pods);
        new.pods_made = old.pods_made;
        new.status = std::mem::take(&mut old.status);
        let rollout = old.template != new.template;
        new.meta.generation += 1;
        *old = new;
        Inserted { rollout, ..Inserted::new(Thing::DaemonSet(DaemonSetId::from_index(i)), false) }
    }

    fn put_job(&mut self, mut new: Job) -> Inserted {
        let Some(i) = self.known(Kind::Job, &new.meta) else {
            let id = JobId::from_index(self.cluster.jobs.len());
            self.remember(Kind::Job, &new.meta, id.index());
            self.cluster.jobs.push(new);
            self.link_to_cron_job(id);
            return Inserted::new(Thing::Job(id), true);
        };
        let old = &mut self.cluster.jobs[i];
        carry(&old.meta, &mut new.meta);
        new.cron_job = old.cron_job;
        new.pods = std::mem::take(&mut old.pods);
        new.pods_made = old.pods_made;
        new.status = std::mem::take(&mut old.status);
        let inserted = Inserted {
            scaled: (old.parallelism != new.parallelism).then_some((old.parallelism, new.parallelism)),
            ..Inserted::new(Thing::Job(JobId::from_index(i)), false)
        };
        new.meta.generation += 1;
        *old = new;
        inserted
    }

    fn put_plain(&mut self, compiled: Compiled) -> Option<Inserted> {
        let cluster = &mut *self.cluster;
        let storage = &mut cluster.storage;
        let here = |old: &Meta, new: &Meta| !old.gone && old.namespace == new.namespace && old.name == new.name;
        let done = |(index, created): (usize, bool), thing: fn(usize) -> Thing| Inserted::new(thing(index), created);
        let fact = |(_, created): (usize, bool)| Inserted::new(Thing::StorageFact, created);
        Some(match compiled {
            Compiled::Service(mut new) => {
                if let Some(old) = cluster.services.iter().find(|s| here(&s.meta, &new.meta)) {
                    carry(&old.meta, &mut new.meta);
                    new.meta.generation += 1;
                }
                let meta = new.meta.clone();
                done(upsert(&mut cluster.services, new, |s| here(&s.meta, &meta)), |i| Thing::Service(ServiceId::from_index(i)))
            }
            Compiled::Budget(mut new) => {
                if let Some(old) = cluster.budgets.iter().find(|b| here(&b.meta, &new.meta)) {
                    carry(&old.meta, &mut new.meta);
                    new.meta.generation += 1;
                    new.status = old.status.clone();
                }
                let meta = new.meta.clone();
                done(upsert(&mut cluster.budgets, new, |b| here(&b.meta, &meta)), |i| Thing::Budget(BudgetId::from_index(i)))
            }
            Compiled::Quota(mut new) => {
                if let Some(old) = cluster.quotas.iter().find(|q| here(&q.meta, &new.meta)) {
                    carry(&old.meta, &mut new.meta);
                    new.meta.generation += 1;
                    new.enforced = old.enforced.clone();
                    new.used = old.used.clone();
                }
                let meta = new.meta.clone();
                done(upsert(&mut cluster.quotas, new, |q| here(&q.meta, &meta)), |i| Thing::Quota(QuotaId::from_index(i)))
            }
            Compiled::LimitRange(new) => {
                let key = (new.namespace, new.name);
                let (_, created) = upsert(&mut cluster.limit_ranges, new, |r| !r.gone && (r.namespace, r.name) == key);
                Inserted::new(Thing::LimitRange, created)
            }
            Compiled::PriorityClass(new) => {
                let name = new.name;
                let at = upsert(&mut cluster.priority_classes, new, |c| c.name == name);
                done(at, |i| Thing::PriorityClass(PriorityClassId::from_index(i)))
            }
            Compiled::Namespace(new) => {
                let name = new.name;
                let created = !cluster.namespaces.iter().any(|n| n.name == name && n.given && !n.gone);
                let deleting = cluster.namespaces.iter().find(|n| n.name == name && !n.gone).and_then(|n| n.deleting);
                let new = Namespace { deleting: deleting.or(new.deleting), ..new };
                let (index, _) = upsert(&mut cluster.namespaces, new, |n| n.name == name && !n.gone);
                Inserted::new(Thing::Namespace(NamespaceId::from_index(index)), created)
            }
            Compiled::Claim(new) => {
                let key = (new.namespace, new.name);
                let id = match self.claims.get(&key).copied() {
                    Some(id) => {
                        let old = &mut storage.claims[id.index()];
                        let (volume, created) = (new.volume.or(old.volume), old.created);
                        let bind_completed = new.bind_completed || old.bind_completed;
                        let volume_name = new.spec.volume_name.or(old.spec.volume_name);
                        let (owner, deleting, lost) = (old.owner, old.deleting, old.lost);
                        let selected_node = new.selected_node.or(old.selected_node);
                        let spec = crate::cluster::volumes::ClaimSpec { volume_name, ..new.spec };
                        *old = Claim { volume, created, bind_completed, owner, deleting, lost, selected_node, spec, ..new };
                        (id, false)
                    }
                    None => {
                        let id = ClaimId::from_index(storage.claims.len());
                        storage.claims.push(new);
                        (id, true)
                    }
                };
                self.claims.insert(key, id.0);
                Inserted::new(Thing::Claim(id.0), id.1)
            }
            Compiled::Volume(new) => {
                let name = new.name;
                done(upsert(&mut storage.volumes, new, |v| !v.gone && v.name == name), |i| Thing::Volume(VolumeId::from_index(i)))
            }
            Compiled::StorageClass(new) => {
                let name = new.name;
                done(upsert(&mut storage.classes, new, |c| c.name == name), |i| Thing::StorageClass(StorageClassId::from_index(i)))
            }
            Compiled::CsiNode(new) => {
                let node = new.node;
                fact(upsert(&mut storage.csi_nodes, new, |n| n.node == node))
            }
            Compiled::CsiDriver(new) => {
                let name = new.name;
                fact(upsert(&mut storage.csi_drivers, new, |d| d.name == name))
            }
            Compiled::StorageCapacity(new) => {
                storage.capacities.push(new);
                fact((0, true))
            }
            Compiled::Attachment(new) => {
                let key = (new.volume, new.node);
                fact(upsert(&mut storage.attachments, new, |a| (a.volume, a.node) == key))
            }
            Compiled::Webhooks(new) => {
                let created = super::webhooks::replace(cluster, new);
                Inserted::new(Thing::Admission, created)
            }
            Compiled::AdmissionPolicy(new) => {
                let key = (new.name, new.mutations.is_some());
                let (_, created) = upsert(&mut cluster.admission_policies, *new, |p| (p.name, p.mutations.is_some()) == key);
                Inserted::new(Thing::Admission, created)
            }
            Compiled::PolicyBinding(new) => {
                let key = (new.name, new.mutating);
                let (_, created) = upsert(&mut cluster.policy_bindings, *new, |b| (b.name, b.mutating) == key);
                Inserted::new(Thing::Admission, created)
            }
            _ => return None,
        })
    }
}

/// The ordinal in the name of a StatefulSet's pod.
fn ordinal_of(cluster: &Cluster, set: StatefulSetId, name: crate::units::intern::Sym) -> Option<u32> {
    let set = cluster.text(cluster.stateful_sets.get(set.index())?.meta.name);
    let rest = cluster.text(name).strip_prefix(set)?.strip_prefix('-')?;
    let ordinal: u32 = rest.parse().ok()?;
    (ordinal.to_string() == rest).then_some(ordinal)
}
