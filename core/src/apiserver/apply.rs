//! `kubectl apply`: an object as written becomes part of a living cluster, is recorded and announced.

use super::admission;
use super::api::Api;
use super::notice::{NodeChange, PodChange, Watched};
use super::pods::Refusal;
use crate::cluster::build::{Behaviors, Builder, ClusterOptions, Compiled, Inserted, Thing};
use crate::cluster::labels::Labels;
use crate::cluster::origin::Origin;
use crate::manifest::{Diagnostic, Limits, Object, SourceSet, read};
use crate::trace::{Change, Subject};

/// What an apply put into the cluster, and what there was to say about it.
#[derive(Debug, Default)]
pub struct Applied {
    /// What was put there; none for kinds that are not simulated.
    pub inserted: Option<Inserted>,
    /// What building has to say about the object.
    pub diagnostics: Vec<Diagnostic>,
    /// What the API server warns whoever applies it of.
    pub warnings: Vec<String>,
}

fn told(builder: &mut Builder<'_>) -> Vec<Diagnostic> {
    builder.take_diagnostics().into_iter().map(|(_, diagnostic)| diagnostic).collect()
}

impl Api {
    /// Creates the object, or replaces the one of its name; nothing is put into the cluster for kinds that are not simulated.
    ///
    /// # Errors
    /// Admission refuses it: nothing is written.
    pub fn apply(&mut self, object: &Object, origin: Option<Origin>, behaviors: &Behaviors) -> Result<Applied, Refusal> {
        let options = ClusterOptions { now: self.now(), ..ClusterOptions::default() };
        let now = options.now;
        let written = object.metadata().and_then(|m| m.labels.as_ref()).into_iter().flatten();
        let labels: Vec<_> = written.map(|(k, v)| (self.cluster.text.intern(k), self.cluster.text.intern(v))).collect();
        let mut builder = Builder::new(&mut self.cluster, options).with_behaviors(behaviors.clone());
        let Some(mut compiled) = builder.compile(object, origin) else {
            return Ok(Applied { diagnostics: told(&mut builder), ..Applied::default() });
        };
        let admitted = admission::review(builder.cluster_mut(), now, &compiled, &Labels::new(labels), &mut self.last_found)?;
        if let (Compiled::Pod(pod), Some(template)) = (&mut compiled, admitted.template) {
            pod.template = template;
        }
        let inserted = builder.put(compiled, origin);
        let diagnostics = told(&mut builder);
        if let Some(inserted) = inserted {
            self.charge_quotas(admitted.charges);
            self.announce_applied(inserted);
        }
        Ok(Applied { inserted, diagnostics, warnings: admitted.warnings })
    }

    /// Like [`Api::apply`], of kinds that are no part of Kubernetes itself: VerticalPodAutoscalers and Karpenter's NodePools. None for any
    /// other; what building has to say is told, and nothing is put into the cluster where that is an error.
    pub fn apply_custom(&mut self, written: &serde_json::Value, behaviors: &Behaviors) -> Option<Vec<String>> {
        let text = |key: &str| written.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
        let vertical = text("kind") == "VerticalPodAutoscaler" && text("apiVersion").starts_with("autoscaling.k8s.io/");
        let pool = text("kind") == "NodePool" && text("apiVersion").starts_with("karpenter.sh/");
        if !vertical && !pool {
            return None;
        }
        let options = ClusterOptions { now: self.now(), ..ClusterOptions::default() };
        let manifest = read(SourceSet::single("applied", written.to_string()), &Limits::default());
        let mut builder = Builder::new(&mut self.cluster, options).with_behaviors(behaviors.clone());
        let scalers = if vertical { builder.apply_vertical_autoscalers(&manifest) } else { Vec::new() };
        let pools = if pool { builder.apply_node_pools(&manifest) } else { Vec::new() };
        let said = told(&mut builder).into_iter().map(|diagnostic| diagnostic.message).collect();
        let scalers = scalers.into_iter().map(|(id, new)| (Subject::VerticalAutoscaler(id), Watched::VerticalAutoscaler(id), new));
        let pools = pools.into_iter().map(|(id, new)| (Subject::KarpenterPool(id), Watched::KarpenterPool(id), new));
        for (subject, watched, new) in scalers.chain(pools) {
            match new {
                true => {
                    self.announce(subject, Change::Created, watched);
                }
                false => self.notify(watched),
            }
        }
        Some(said)
    }

    fn announce_applied(&mut self, inserted: Inserted) {
        let (subject, watched) = match inserted.thing {
            Thing::Node(id) => {
                (Subject::Node(id), Watched::Node(id, if inserted.created { NodeChange::Added } else { NodeChange::Labels }))
            }
            Thing::Pod(id) => (Subject::Pod(id), Watched::Pod(id, if inserted.created { PodChange::Added } else { PodChange::Spec })),
            Thing::Deployment(id) => (Subject::Deployment(id), Watched::Deployment(id)),
            Thing::ReplicaSet(id) => (Subject::ReplicaSet(id), Watched::ReplicaSet(id)),
            Thing::StatefulSet(id) => (Subject::StatefulSet(id), Watched::StatefulSet(id)),
            Thing::DaemonSet(id) => (Subject::DaemonSet(id), Watched::DaemonSet(id)),
            Thing::Job(id) => (Subject::Job(id), Watched::Job(id)),
            Thing::CronJob(id) => (Subject::CronJob(id), Watched::CronJob(id)),
            Thing::Autoscaler(id) => (Subject::Autoscaler(id), Watched::Autoscaler(id)),
            Thing::Budget(id) => (Subject::Budget(id), Watched::Budget(id)),
            Thing::Claim(id) => (Subject::Claim(id), Watched::Claim(id)),
            Thing::Volume(id) => (Subject::Volume(id), Watched::Volume(id)),
            Thing::Service(id) => return self.notify(Watched::Service(id)),
            Thing::Quota(id) => (Subject::Quota(id), Watched::Quota(id)),
            Thing::Namespace(id) => return self.notify(Watched::Namespace(id)),
            Thing::Admission => {
                self.last_found.clear();
                return;
            }
            Thing::LimitRange | Thing::PriorityClass(_) | Thing::StorageClass(_) | Thing::StorageFact => return,
        };
        if inserted.created {
            let change = match inserted.thing {
                Thing::Node(_) => Change::NodeAdded,
                Thing::Pod(_) => Change::PodCreated,
                _ => Change::Created,
            };
            self.announce(subject, change, watched);
            return;
        }
        if let Some((from, to)) = inserted.scaled {
            self.announce(subject, Change::Scaled(from, to), watched);
        }
        if inserted.rollout {
            self.announce(subject, Change::Rollout, watched);
        }
        if inserted.scaled.is_none() && !inserted.rollout {
            self.notify(watched);
        }
    }
}
