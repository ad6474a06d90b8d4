//! The ReplicaSets of a Deployment: which is new, which are old; making the new one (`sync.go` getNewReplicaSet, v1.37).

use super::SOURCE;
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{DeploymentId, ReplicaSetId};
use crate::cluster::labels::{Labels, Operator, Requirement, Selector};
use crate::cluster::workloads::*;
use crate::controllers::revisions::{hash_name, with_label};
use crate::trace::{RecordId, Subject};
use crate::units::arrange::Arrange;

/// How many pods may be added to and taken from `spec.replicas` (`deployment_util.go` ResolveFenceposts, MaxSurge, MaxUnavailable).
pub(super) fn fenceposts(d: &Deployment) -> (i32, i32) {
    let DeploymentStrategy::RollingUpdate { max_surge, max_unavailable } = d.strategy else { return (0, 0) };
    let surge = max_surge.ceil_of(d.replicas).max(0);
    let mut unavailable = max_unavailable.floor_of(d.replicas).max(0);
    if surge == 0 && unavailable == 0 {
        unavailable = 1;
    }
    (surge, if d.replicas == 0 { 0 } else { unavailable.min(d.replicas) })
}

/// Whether a Deployment's selector matches a ReplicaSet without Deployment.
pub(super) fn selects(cluster: &Cluster, d: &Deployment, id: ReplicaSetId) -> bool {
    let set = &cluster.replica_sets[id.index()];
    !set.meta.gone
        && set.deployment.is_none()
        && set.meta.namespace == d.meta.namespace
        && d.selector.matches(&cluster.template(set.template).labels, &cluster.text)
}

/// The oldest ReplicaSet of the wanted template, and all others in order of creation.
pub(super) fn new_and_old(cluster: &Cluster, id: DeploymentId) -> (Option<ReplicaSetId>, Vec<ReplicaSetId>) {
    let d = &cluster.deployments[id.index()];
    let digest = cluster.template(d.template).digest;
    let mut old: Vec<ReplicaSetId> = d.replica_sets.clone();
    old.arrange_by_key(|&r| (cluster.replica_sets[r.index()].meta.created, r));
    let at = old.iter().position(|&r| cluster.template(cluster.replica_sets[r.index()].template).digest == digest);
    (at.map(|at| old.remove(at)), old)
}

/// Sum of `spec.replicas`.
pub(super) fn total(cluster: &Cluster, d: &Deployment) -> i32 {
    d.replica_sets.iter().map(|r| cluster.replica_sets[r.index()].replicas).sum()
}

fn next_revision(cluster: &Cluster, old: &[ReplicaSetId]) -> i64 {
    old.iter().map(|r| cluster.replica_sets[r.index()].revision).max().unwrap_or(0) + 1
}

/// Brings the annotations of an existing new ReplicaSet up to date: it becomes the highest revision again.
pub(super) fn raise_revision(api: &mut Api, id: DeploymentId) -> Option<ReplicaSetId> {
    let (new, old) = new_and_old(api.cluster(), id);
    let new = new?;
    let revision = next_revision(api.cluster(), &old);
    let min_ready = api.cluster().deployments[id.index()].min_ready;
    if !api.set_replica_set_revision(new, revision, min_ready) {
        super::status::note_found(api, id, new);
    }
    Some(new)
}

/// The API server refused a ReplicaSet: the look ends there, and another one follows.
pub(super) struct Refused;

/// The new ReplicaSet; made if there is none. None where the namespace is being deleted.
///
/// # Errors
/// The API server refuses it: the Deployment's conditions say so.
pub(super) fn new_or_create(api: &mut Api, id: DeploymentId) -> Result<Option<ReplicaSetId>, Refused> {
    if let Some(new) = raise_revision(api, id) {
        return Ok(Some(new));
    }
    let cluster = api.cluster();
    let d = &cluster.deployments[id.index()];
    if cluster.namespaces.get(d.meta.namespace.index()).is_some_and(|n| n.deleting.is_some()) {
        return Ok(None);
    }
    let (surge, _) = fenceposts(d);
    let replicas = match d.strategy {
        DeploymentStrategy::RollingUpdate { .. } => (d.replicas + surge - total(cluster, d)).clamp(0, d.replicas.max(0)),
        DeploymentStrategy::Recreate => d.replicas,
    };
    let revision = next_revision(cluster, &d.replica_sets);
    let deployment_name = cluster.text(d.meta.name).to_owned();
    let digest = cluster.template(d.template).digest;
    let taken = |name: &str| d.replica_sets.iter().any(|r| cluster.text(cluster.replica_sets[r.index()].meta.name) == name);
    let hashes = (0..=d.replica_sets.len() as u32).map(|collisions| hash_name(digest, collisions));
    let Some(hash) = { hashes }.find(|hash| !taken(&format!("{deployment_name}-{hash}"))) else { return Ok(None) };
    let (template, namespace, origin, min_ready, base_selector, wanted) =
        (d.template, d.meta.namespace, d.meta.origin, d.min_ready, d.selector.clone(), d.replicas);

    let key = api.known().pod_template_hash;
    let value = api.cluster_mut().text.intern(&hash);
    let name = api.cluster_mut().text.intern(&format!("{deployment_name}-{hash}"));
    let template = with_label(api.cluster_mut(), template, &Labels::new([(key, value)]));
    let selector = match base_selector {
        Selector::All(mut requirements) => {
            requirements.push(Requirement { key, operator: Operator::In, values: vec![value] });
            Selector::All(requirements)
        }
        Selector::Nothing => Selector::Nothing,
    };
    let created = api.create_replica_set(ReplicaSet {
        meta: Meta { name, namespace, created: api.now(), generation: 1, gone: false, deleting: None, finalizers: Vec::new(), origin },
        replication_controller: false,
        deployment: Some(id),
        selector,
        replicas,
        template,
        min_ready,
        revision,
        annotations: Some((wanted, wanted + surge)),
        pods: Vec::new(),
        pods_made: 0,
        status: ReplicaSetStatus::default(),
    });
    let new = match created {
        Ok(new) => new,
        Err(refusal) => {
            let message = format!("Failed to create new replica set \"{deployment_name}-{hash}\": {}", refusal.message);
            super::status::note_refused(api, id, &message);
            api.event(Subject::Deployment(id), true, "ReplicaSetCreateError", &message, SOURCE);
            return Err(Refused);
        }
    };
    if replicas > 0 {
        tell_scaled(api, id, new, 0, replicas, None);
    }
    super::status::note_created(api, id, new);
    Ok(Some(new))
}

/// Gives a ReplicaSet a size and the annotations that go with it (`sync.go` scaleReplicaSet); tells whether the size changed.
pub(super) fn resize(api: &mut Api, id: DeploymentId, set: ReplicaSetId, replicas: i32) -> bool {
    let d = &api.cluster().deployments[id.index()];
    let (wanted, max) = (d.replicas, d.replicas + fenceposts(d).0);
    let from = api.cluster().replica_sets[set.index()].replicas;
    let annotated = api.set_replica_set_sizes(set, wanted, max);
    match api.scale_replica_set(set, replicas) {
        Some(record) => {
            tell_scaled(api, id, set, from, replicas, Some(record));
            true
        }
        None => {
            if annotated {
                api.notify(crate::apiserver::Watched::ReplicaSet(set));
            }
            false
        }
    }
}

fn tell_scaled(api: &mut Api, id: DeploymentId, set: ReplicaSetId, from: i32, to: i32, record: Option<RecordId>) {
    let direction = if to > from { "up" } else { "down" };
    let name = api.cluster().text(api.cluster().replica_sets[set.index()].meta.name);
    let message = format!("Scaled {direction} replica set {name} from {from} to {to}");
    let cause = api.cause();
    if record.is_some() {
        api.set_cause(record);
    }
    api.event(Subject::Deployment(id), false, "ScalingReplicaSet", &message, SOURCE);
    api.set_cause(cause);
}
