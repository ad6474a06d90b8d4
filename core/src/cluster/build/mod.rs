//! From a manifest to a cluster: defaults and admission as the API server applies them, references resolved, gaps closed and named.
//!
//! [`build`] makes a cluster of everything that was read. [`Builder`] does the same object by object, also into a cluster that
//! already lives (a scenario's `apply`). Nothing here decides anything at run time, and nothing here fails: what can't be used is
//! told as a diagnostic and left out.

use std::collections::BTreeMap;

use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Cluster;
use super::ids::*;
use super::origin::Origin;
use crate::manifest::{Diagnostic, DiagnosticId};
use crate::units::intern::Sym;
use crate::units::time::{Millis, Time};

mod admission;
mod admission_policies;
mod affinity;
mod amounts;
mod autoscalers;
mod behaviors;
mod catalog;
mod containers;
mod cron_jobs;
mod findings;
mod gaps;
mod guards;
mod insert;
mod karpenter;
mod kubelets;
pub mod limits;
mod loads;
mod machine_types;
mod nodes;
mod options;
mod pods;
mod policies;
mod pools;
mod quotas;
mod requests;
mod selectors;
mod storage;
mod template;
mod vertical;
mod volumes;
mod webhooks;
mod whole;
mod workloads;

#[cfg(test)]
mod tests;

pub use behaviors::{ASSUMED_JOB, Behaviors, Match, Said, Usage};
pub use catalog::catalog;
pub use insert::{Compiled, Inserted, Thing};
pub use karpenter::KarpenterCatalog;
pub use loads::LoadSaid;
pub use options::{Admission, AssumedPool, ClusterOptions, Epoch, Gaps, NodeShape};
pub use template::{Kind, Source, with_container, with_written};
pub use webhooks::{WebhookSet, WrittenWebhook};
pub use whole::{Assumption, Built, build, objects_from_json};

/// Puts objects into a cluster, one after the other.
///
/// The order matters as it does for an API server: a pod gets the priority of a class that exists already, and the owner that
/// exists already. Of two objects with the same name the later replaces the earlier.
pub struct Builder<'c> {
    pub(super) cluster: &'c mut Cluster,
    options: ClusterOptions,
    behaviors: Behaviors,
    /// What is added to every timestamp of an object.
    shift: Millis,
    templates: BTreeMap<[u8; 32], TemplateId>,
    nodes: BTreeMap<Sym, NodeId>,
    workloads: BTreeMap<(u8, NamespaceId, Sym), u32>,
    claims: BTreeMap<(NamespaceId, Sym), ClaimId>,
    runtime_classes: BTreeMap<String, RuntimeClass>,
    /// Types of machines that a `Cluster` document declares.
    machine_types: Vec<machine_types::MachineType>,
    /// How many names were made from `generateName`.
    generated: u32,
    diagnostics: Vec<(Option<Origin>, Diagnostic)>,
}

impl<'c> Builder<'c> {
    /// A builder over a cluster, empty or alive.
    pub fn new(cluster: &'c mut Cluster, options: ClusterOptions) -> Builder<'c> {
        let mut builder = Builder {
            cluster,
            options,
            behaviors: Behaviors::default(),
            shift: 0,
            templates: BTreeMap::new(),
            nodes: BTreeMap::new(),
            workloads: BTreeMap::new(),
            claims: BTreeMap::new(),
            runtime_classes: BTreeMap::new(),
            machine_types: Vec::new(),
            generated: 0,
            diagnostics: Vec::new(),
        };
        builder.add_system_classes();
        builder.index();
        builder
    }

    /// With these rules about behaviour, for templates compiled from now on.
    #[must_use]
    pub fn with_behaviors(mut self, behaviors: Behaviors) -> Builder<'c> {
        self.behaviors = behaviors;
        self
    }

    /// The cluster.
    pub fn cluster(&self) -> &Cluster {
        self.cluster
    }

    /// The cluster, for admission to change what it admits. Nothing that has a name is added this way.
    pub fn cluster_mut(&mut self) -> &mut Cluster {
        self.cluster
    }

    /// What there was to say about the objects, with the place each came from.
    pub fn take_diagnostics(&mut self) -> Vec<(Option<Origin>, Diagnostic)> {
        std::mem::take(&mut self.diagnostics)
    }

    /// Learns the names of what the cluster holds already.
    fn index(&mut self) {
        let cluster = &*self.cluster;
        self.nodes = cluster.live_nodes().map(|(id, n)| (n.name, id)).collect();
        let metas = [
            cluster.deployments.iter().map(|d| &d.meta).collect::<Vec<_>>(),
            cluster.replica_sets.iter().map(|r| &r.meta).collect(),
            cluster.stateful_sets.iter().map(|s| &s.meta).collect(),
            cluster.daemon_sets.iter().map(|d| &d.meta).collect(),
            cluster.jobs.iter().map(|j| &j.meta).collect(),
        ];
        let kinds = [Kind::Deployment, Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet, Kind::Job];
        for (kind, metas) in kinds.into_iter().zip(metas) {
            for (i, meta) in metas.into_iter().enumerate().filter(|(_, m)| !m.gone) {
                self.workloads.insert((kind as u8, meta.namespace, meta.name), i as u32);
            }
        }
        let claims = cluster.storage.claims.iter().enumerate().filter(|(_, c)| !c.gone);
        self.claims = claims.map(|(i, c)| ((c.namespace, c.name), ClaimId::from_index(i))).collect();
    }

    fn node_named(&self, name: &str) -> Option<NodeId> {
        self.nodes.get(&self.cluster.text.get(name)?).copied()
    }

    fn find_workload(&self, kind: Kind, namespace: NamespaceId, name: &str) -> Option<u32> {
        self.workloads.get(&(kind as u8, namespace, self.cluster.text.get(name)?)).copied()
    }

    /// The namespace an object lives in: `default` where it names none.
    fn namespace(&mut self, metadata: &ObjectMeta) -> NamespaceId {
        self.cluster.namespace_or_new(metadata.namespace.as_deref().filter(|n| !n.is_empty()).unwrap_or("default"))
    }

    fn created(&self, metadata: &ObjectMeta) -> Time {
        metadata.creation_timestamp.as_ref().map_or(self.options.now, |t| self.time(t))
    }

    fn is_hash_label(&self, key: Sym) -> bool {
        template::HASH_LABELS.contains(&self.cluster.text(key))
    }

    fn tell(&mut self, origin: Option<Origin>, diagnostic: Diagnostic) {
        if self.diagnostics.len() < limits::MAX_DIAGNOSTICS {
            self.diagnostics.push((origin, diagnostic));
        }
    }

    fn capped(&mut self, wanted: i32, origin: Option<Origin>) {
        let message = format!("{wanted} replicas are more than Wavetank simulates of one workload: {} are", limits::MAX_REPLICAS);
        let help = "Kubernetes is built for 150,000 pods in a whole cluster; write a smaller number";
        self.tell(
            origin.map(|o| Origin { pointer: "/spec/replicas", ..o }),
            Diagnostic::warning(DiagnosticId("WT2001"), message).help(help),
        );
    }
}
