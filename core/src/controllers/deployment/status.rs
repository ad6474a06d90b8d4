//! Status and conditions of a Deployment (`sync.go` calculateStatus, `progress.go`, v1.37).

use super::replica_sets::{fenceposts, new_and_old};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{DeploymentId, ReplicaSetId};
use crate::cluster::workloads::*;
use crate::units::time::{SECOND, Time};

const AVAILABLE: &str = "Available";
const PROGRESSING: &str = "Progressing";
const REPLICA_FAILURE: &str = "ReplicaFailure";
const NEW_AVAILABLE: &str = "NewReplicaSetAvailable";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const PAUSED: &str = "DeploymentPaused";

/// A condition of this moment; API objects keep whole seconds.
fn condition(now: Time, kind: &'static str, status: &'static str, reason: &'static str, message: String) -> Condition {
    let at = now.floor_to_second();
    Condition { kind, status, reason, message, transition: at, update: at }
}

/// `SetDeploymentCondition`: one of the same status and reason stays as it is.
fn put(conditions: &mut Vec<Condition>, new: Condition) {
    if conditions.iter().any(|c| c.kind == new.kind && c.status == new.status && c.reason == new.reason) {
        return;
    }
    set_condition(conditions, new);
}

fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|c| c.kind == kind)
}

/// Whether the stored status says that the rollout is complete.
pub(super) fn is_complete(cluster: &Cluster, id: DeploymentId) -> bool {
    let d = &cluster.deployments[id.index()];
    complete(d, &d.status)
}

/// `DeploymentComplete`.
fn complete(d: &Deployment, status: &DeploymentStatus) -> bool {
    status.updated == d.replicas
        && status.replicas == d.replicas
        && status.available == d.replicas
        && status.observed_generation >= d.meta.generation
}

/// `DeploymentProgressing`: more new pods, fewer old ones, more ready or more available ones.
fn progressed(old: &DeploymentStatus, new: &DeploymentStatus) -> bool {
    new.updated > old.updated
        || new.replicas - new.updated < old.replicas - old.updated
        || new.ready > old.ready
        || new.available > old.available
}

/// `calculateStatus`: the counts, and the condition Available.
fn calculate(cluster: &Cluster, id: DeploymentId, new: Option<ReplicaSetId>, now: Time) -> DeploymentStatus {
    let d = &cluster.deployments[id.index()];
    let sum = |of: fn(&ReplicaSet) -> i32| d.replica_sets.iter().map(|r| of(&cluster.replica_sets[r.index()])).sum::<i32>();
    let available = sum(|r| r.status.available);
    let mut status = DeploymentStatus {
        observed_generation: d.meta.generation,
        replicas: sum(|r| r.status.replicas),
        updated: new.map_or(0, |r| cluster.replica_sets[r.index()].status.replicas),
        ready: sum(|r| r.status.ready),
        available,
        unavailable: (sum(|r| r.replicas) - available).max(0),
        terminating: sum(|r| r.status.terminating),
        conditions: d.status.conditions.clone(),
    };
    let told = if available >= d.replicas - fenceposts(d).1 {
        condition(now, AVAILABLE, "True", "MinimumReplicasAvailable", "Deployment has minimum availability.".to_owned())
    } else {
        let message = "Deployment does not have minimum availability.".to_owned();
        condition(now, AVAILABLE, "False", "MinimumReplicasUnavailable", message)
    };
    put(&mut status.conditions, told);
    status
}

/// Writes the counts and leaves the conditions of progress as they are (`syncDeploymentStatus`).
pub(super) fn write_counts(api: &mut Api, id: DeploymentId) {
    let (new, _) = new_and_old(api.cluster(), id);
    let status = calculate(api.cluster(), id, new, api.now());
    api.set_deployment_status(id, status);
}

/// `syncRolloutStatus`: counts, progress, time-out, failures. Tells whether anything changed.
pub(super) fn write_rollout(api: &mut Api, id: DeploymentId) -> bool {
    let now = api.now();
    let cluster = api.cluster();
    let (new, old) = new_and_old(cluster, id);
    let mut status = calculate(cluster, id, new, now);
    let d = &cluster.deployments[id.index()];
    match d.progress_deadline {
        None => status.conditions.retain(|c| c.kind != PROGRESSING),
        Some(deadline) => {
            let current = find(&d.status.conditions, PROGRESSING);
            let done = status.replicas == status.updated && current.is_some_and(|c| c.reason == NEW_AVAILABLE);
            if !done {
                note_progress(cluster, d, new, &mut status, deadline, now);
            }
        }
    }
    let failure = new.iter().chain(&old).find_map(|r| find(&cluster.replica_sets[r.index()].status.conditions, REPLICA_FAILURE));
    match failure {
        Some(failure) => put(&mut status.conditions, failure.clone()),
        None => status.conditions.retain(|c| c.kind != REPLICA_FAILURE),
    }
    api.set_deployment_status(id, status)
}

fn note_progress(cluster: &Cluster, d: &Deployment, new: Option<ReplicaSetId>, status: &mut DeploymentStatus, deadline: i64, now: Time) {
    let what = match new {
        Some(new) => format!("ReplicaSet \"{}\"", cluster.text(cluster.replica_sets[new.index()].meta.name)),
        None => format!("Deployment \"{}\"", cluster.text(d.meta.name)),
    };
    if complete(d, status) {
        put(&mut status.conditions, condition(now, PROGRESSING, "True", NEW_AVAILABLE, format!("{what} has successfully progressed.")));
    } else if progressed(&d.status, status) {
        // Written even where the reason stays: the deadline counts from the last progress.
        let told = condition(now, PROGRESSING, "True", "ReplicaSetUpdated", format!("{what} is progressing."));
        set_condition(&mut status.conditions, told);
    } else if timed_out(&status.conditions, deadline, now) {
        put(&mut status.conditions, condition(now, PROGRESSING, "False", TIMED_OUT, format!("{what} has timed out progressing.")));
    }
}

/// `DeploymentTimedOut`.
fn timed_out(conditions: &[Condition], deadline: i64, now: Time) -> bool {
    find(conditions, PROGRESSING).is_some_and(|c| match c.reason {
        NEW_AVAILABLE => false,
        TIMED_OUT => true,
        _ => c.update + deadline < now,
    })
}

/// When to look again whether the deadline has passed (`requeueStuckDeployment`); none where nothing is timed.
pub(super) fn deadline_look(api: &Api, id: DeploymentId) -> Option<Time> {
    let d = &api.cluster().deployments[id.index()];
    let current = find(&d.status.conditions, PROGRESSING)?;
    // A rollout that came through once is never timed again: time alone changes nothing about it.
    if complete(d, &d.status) || matches!(current.reason, TIMED_OUT | NEW_AVAILABLE) {
        return None;
    }
    let due = current.update + d.progress_deadline?;
    let now = api.now();
    // Kubernetes polls within the last second, 5 ms apart; the first look past the deadline is the one that counts.
    Some(if due - now < SECOND { (due + 1).max(now + 5) } else { due + SECOND })
}

/// `checkPausedConditions`.
pub(super) fn note_pause(api: &mut Api, id: DeploymentId) {
    let d = &api.cluster().deployments[id.index()];
    let current = find(&d.status.conditions, PROGRESSING).map(|c| c.reason);
    if d.progress_deadline.is_none() || current == Some(TIMED_OUT) {
        return;
    }
    let now = api.now();
    let told = match (d.paused, current == Some(PAUSED)) {
        (true, false) => condition(now, PROGRESSING, "Unknown", PAUSED, "Deployment is paused".to_owned()),
        (false, true) => condition(now, PROGRESSING, "Unknown", "DeploymentResumed", "Deployment is resumed".to_owned()),
        _ => return,
    };
    note(api, id, told);
}

/// The condition that tells of a ReplicaSet just made.
pub(super) fn note_created(api: &mut Api, id: DeploymentId, new: ReplicaSetId) {
    if api.cluster().deployments[id.index()].progress_deadline.is_some() {
        let name = api.cluster().text(api.cluster().replica_sets[new.index()].meta.name);
        let message = format!("Created new replica set \"{name}\"");
        let told = condition(api.now(), PROGRESSING, "True", "NewReplicaSetCreated", message);
        note(api, id, told);
    }
}

/// The condition that tells of a ReplicaSet that could not be made.
pub(super) fn note_refused(api: &mut Api, id: DeploymentId, message: &str) {
    if api.cluster().deployments[id.index()].progress_deadline.is_some() {
        let told = condition(api.now(), PROGRESSING, "False", "ReplicaSetCreateError", message.to_owned());
        note(api, id, told);
    }
}

/// The condition that tells of a ReplicaSet found; only where there is no condition yet.
pub(super) fn note_found(api: &mut Api, id: DeploymentId, new: ReplicaSetId) {
    let d = &api.cluster().deployments[id.index()];
    if d.progress_deadline.is_some() && find(&d.status.conditions, PROGRESSING).is_none() {
        let name = api.cluster().text(api.cluster().replica_sets[new.index()].meta.name);
        let message = format!("Found new replica set \"{name}\"");
        let told = condition(api.now(), PROGRESSING, "True", "FoundNewReplicaSet", message);
        note(api, id, told);
    }
}

fn note(api: &mut Api, id: DeploymentId, told: Condition) {
    let mut status = api.cluster().deployments[id.index()].status.clone();
    put(&mut status.conditions, told);
    api.set_deployment_status(id, status);
}
