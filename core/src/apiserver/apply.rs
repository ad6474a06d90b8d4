//! `kubectl apply`: an object as written becomes part of a living cluster, is recorded and announced.

use super::admission;
use super::api::Api;
use super::notice::{NodeChange, PodChange, Watched};
use super::pods::Refusal;
use crate::cluster::build::{Behaviors, Builder, ClusterOptions, Inserted, Thing};
use crate::cluster::origin::Origin;
use crate::manifest::{Diagnostic, Object};
use crate::trace::{Change, Subject};

/// What an apply put into the cluster, and what there was to say about it.
pub type Applied = (Option<Inserted>, Vec<Diagnostic>);

fn told(builder: &mut Builder<'_>) -> Vec<Diagnostic> {
    builder.take_diagnostics().into_iter().map(|(_, diagnostic)| diagnostic).collect()
}

impl Api {
    /// Creates the object, or replaces the one of its name. None for kinds that are not simulated. What there was to say about the
    /// object comes as diagnostics.
    ///
    /// # Errors
    /// Admission refuses it: nothing is written.
    pub fn apply(&mut self, object: &Object, origin: Option<Origin>, behaviors: &Behaviors) -> Result<Applied, Refusal> {
        let options = ClusterOptions { now: self.now(), ..ClusterOptions::default() };
        let mut builder = Builder::new(&mut self.cluster, options).with_behaviors(behaviors.clone());
        let Some(compiled) = builder.compile(object, origin) else { return Ok((None, told(&mut builder))) };
        let charges = admission::review(builder.cluster(), &compiled)?;
        let inserted = builder.put(compiled, origin);
        let diagnostics = told(&mut builder);
        if let Some(inserted) = inserted {
            self.charge_quotas(charges);
            self.announce_applied(inserted);
        }
        Ok((inserted, diagnostics))
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
            Thing::LimitRange | Thing::PriorityClass(_) | Thing::Namespace(_) | Thing::StorageClass(_) | Thing::StorageFact => return,
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
