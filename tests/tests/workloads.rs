//! Deployments, StatefulSets, DaemonSets and Jobs in virtual time, through the simulation's public face: the worked numbers of
//! Kubernetes' own rules.

use std::sync::Arc;

use serde_json::{Value, json};
use wavetank_core::cluster::Workload;
use wavetank_core::cluster::behavior::{Exit, PodBehavior};
use wavetank_core::cluster::build::{Behaviors, objects_from_json};
use wavetank_core::cluster::ids::{DeploymentId, JobId, PodId, StatefulSetId};
use wavetank_core::cluster::pod::Phase;
use wavetank_core::controllers::deployment::undo;
use wavetank_core::engine::Sim;
use wavetank_core::trace::{Change, DeleteReason, RecordId, Subject};
use wavetank_core::units::time::{SECOND, Time};

const WEB: DeploymentId = DeploymentId(0);

fn node(name: &str) -> Value {
    let room = json!({"cpu": "8", "memory": "16Gi", "pods": "110"});
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "status": {"capacity": room, "allocatable": room},
    })
}

/// A workload `web` with pods of this image; `extra` is merged into its spec.
fn workload(kind: &str, image: &str, extra: Value) -> Value {
    let mut spec = json!({
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app", "image": image}]}},
    });
    for (key, value) in extra.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web"}, "spec": spec})
}

/// A settled simulation of three nodes and these objects.
fn settled(objects: &[Value]) -> Sim {
    let mut values: Vec<Value> = (1..=3).map(|i| node(&format!("node-{i}"))).collect();
    values.extend_from_slice(objects);
    wavetank_tests::settled(&values)
}

/// Applies an object, its pods behaving as `change` makes them.
fn apply(sim: &mut Sim, object: &Value, change: impl Fn(&mut PodBehavior)) {
    let before = sim.cluster().templates.len();
    for object in objects_from_json(std::slice::from_ref(object)).expect("the objects of these tests are well formed") {
        sim.api_mut().apply(&object, None, &Behaviors::default()).expect("nothing refuses it");
    }
    for template in &mut sim.api_mut().cluster_mut().templates[before..] {
        change(&mut Arc::make_mut(template).behavior);
    }
}

/// Ready 5 s after being bound, stopped 2 s after a deletion.
fn steady(behavior: &mut PodBehavior) {
    behavior.start = 5 * SECOND;
    behavior.ready = Some(0);
    behavior.stop = 2 * SECOND;
}

fn run_to(sim: &mut Sim, second: i64) {
    sim.run_until(Time::at(second * SECOND));
    sim.api_mut().advance_to(Time::at(second * SECOND));
}

/// `spec.replicas` of the Deployment's ReplicaSets, in order of creation.
fn sizes(sim: &Sim) -> Vec<i32> {
    let d = &sim.cluster().deployments[WEB.index()];
    d.replica_sets.iter().map(|r| sim.cluster().replica_sets[r.index()].replicas).collect()
}

fn progressing(sim: &Sim) -> String {
    let conditions = &sim.cluster().deployments[WEB.index()].status.conditions;
    conditions.iter().find(|c| c.kind == "Progressing").map_or(String::new(), |c| format!("{} {}", c.status, c.reason))
}

/// The whole seconds of all records that `wanted` picks.
fn seconds(sim: &Sim, mut wanted: impl FnMut(Subject, Change) -> bool) -> Vec<i64> {
    let records = sim.api().trace().records().iter();
    records.filter(|r| wanted(r.subject, r.change)).map(|r| r.time.whole_seconds()).collect()
}

fn pod_names(sim: &Sim) -> Vec<String> {
    let mut names: Vec<String> = sim.cluster().live_pods().map(|(id, _)| sim.cluster().pod_name(id)).collect();
    names.sort();
    names
}

#[test]
fn a_rollout_moves_within_surge_and_unavailability() {
    let mut sim = settled(&[workload("Deployment", "app:1", json!({"replicas": 10}))]);
    apply(&mut sim, &workload("Deployment", "app:2", json!({"replicas": 10})), |_| {});
    run_to(&mut sim, 1);
    assert_eq!(sizes(&sim), [8, 5], "surge 3 and unavailable 2 of 10: 13 pods, 8 of them available");
    run_to(&mut sim, 60);
    assert_eq!(sizes(&sim), [0, 10]);
    assert_eq!(progressing(&sim), "True NewReplicaSetAvailable");
    // Every pod of the new revision goes back to the rollout.
    let trace = sim.api().trace();
    let created: Vec<RecordId> = trace.numbered().filter(|(_, r)| r.change == Change::PodCreated).map(|(id, _)| id).collect();
    assert_eq!(created.len(), 10);
    for record in created {
        let first = trace.causes(record).last().and_then(|&id| trace.record(id)).map(|r| r.change);
        assert_eq!(first, Some(Change::Rollout));
    }
}

#[test]
fn a_bad_image_freezes_the_rollout_until_it_is_undone() {
    let mut sim = settled(&[workload("Deployment", "app:1", json!({"replicas": 10}))]);
    apply(&mut sim, &workload("Deployment", "app:bad", json!({"replicas": 10})), |behavior| behavior.ready = None);
    run_to(&mut sim, 600);
    assert_eq!((sizes(&sim), progressing(&sim).as_str()), (vec![8, 5], "True ReplicaSetUpdated"));
    run_to(&mut sim, 602);
    assert_eq!((sizes(&sim), progressing(&sim).as_str()), (vec![8, 5], "False ProgressDeadlineExceeded"));
    undo(sim.api_mut(), WEB, None).expect("there is an earlier revision");
    run_to(&mut sim, 660);
    assert_eq!((sizes(&sim), progressing(&sim).as_str()), (vec![10, 0], "True NewReplicaSetAvailable"));
    let revisions: Vec<i64> = sim.cluster().replica_sets.iter().map(|r| r.revision).collect();
    assert_eq!(revisions, [3, 2], "the old revision becomes the newest");
}

#[test]
fn scaling_a_frozen_rollout_keeps_its_proportions() {
    let mut sim = settled(&[workload("Deployment", "app:1", json!({"replicas": 10}))]);
    apply(&mut sim, &workload("Deployment", "app:bad", json!({"replicas": 10})), |behavior| behavior.ready = None);
    run_to(&mut sim, 5);
    sim.api_mut().scale(Workload::Deployment(WEB), 15);
    run_to(&mut sim, 6);
    assert_eq!(sizes(&sim), [12, 7], "19 = 15 and a surge of 4, shared as 8 to 5");
}

#[test]
fn recreate_lets_the_last_old_pod_go_first() {
    let recreate = json!({"replicas": 3, "strategy": {"type": "Recreate"}});
    let mut sim = settled(&[workload("Deployment", "app:1", recreate.clone())]);
    apply(&mut sim, &workload("Deployment", "app:2", recreate), |_| {});
    run_to(&mut sim, 60);
    let gone = seconds(&sim, |_, change| change == Change::PodGone);
    let created = seconds(&sim, |_, change| change == Change::PodCreated);
    assert_eq!((gone.len(), created.len()), (3, 3));
    assert!(gone.iter().max() <= created.iter().min(), "{gone:?} {created:?}");
}

#[test]
fn a_stateful_set_goes_up_and_down_in_order_and_keeps_one_pod_of_a_name() {
    let mut sim = settled(&[]);
    let set = |image: &str, replicas: u32| workload("StatefulSet", image, json!({"replicas": replicas, "serviceName": "web"}));
    apply(&mut sim, &set("app:1", 3), steady);
    run_to(&mut sim, 40);
    // One after the other.
    assert_eq!(seconds(&sim, |_, change| change == Change::PodCreated), [0, 5, 10]);
    assert_eq!(pod_names(&sim), ["web-0", "web-1", "web-2"]);
    apply(&mut sim, &set("app:2", 3), steady);
    run_to(&mut sim, 100);
    // From the top: 2 s to stop, 5 s to come back.
    let deleted = seconds(&sim, |_, change| matches!(change, Change::PodDeleting(_)));
    assert_eq!(deleted, [40, 47, 54]);
    let status = &sim.cluster().stateful_sets[StatefulSetId(0).index()].status;
    assert_eq!((status.updated, status.current, status.ready), (3, 3, 3));
    sim.api_mut().scale(Workload::StatefulSet(StatefulSetId(0)), 1);
    run_to(&mut sim, 120);
    assert_eq!(pod_names(&sim), ["web-0"]);
}

#[test]
fn a_daemon_set_follows_the_nodes() {
    let mut sim = settled(&[]);
    apply(&mut sim, &workload("DaemonSet", "agent:1", json!({})), steady);
    run_to(&mut sim, 10);
    assert_eq!(sim.cluster().live_pods().count(), 3);
    apply(&mut sim, &node("node-4"), |_| {});
    run_to(&mut sim, 20);
    assert_eq!(sim.cluster().live_pods().filter(|(_, p)| p.ready).count(), 4);
    apply(&mut sim, &workload("DaemonSet", "agent:2", json!({})), steady);
    run_to(&mut sim, 100);
    let status = &sim.cluster().daemon_sets[0].status;
    assert_eq!((status.desired, status.updated, status.available), (4, 4, 4));
    // One node at a time: 2 s to stop, 5 s to come back.
    assert_eq!(seconds(&sim, |_, change| matches!(change, Change::PodDeleting(_))), [20, 27, 34, 41]);
}

fn job(extra: Value) -> Value {
    let mut spec = json!({"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "pi:1"}]}}});
    for (key, value) in extra.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "pi"}, "spec": spec})
}

fn ends(behavior: &mut PodBehavior, after: i64, code: i32) {
    behavior.start = 0;
    behavior.ready = Some(0);
    behavior.exits = vec![Exit { after: after * SECOND, code }];
}

#[test]
fn a_job_that_crashes_waits_longer_each_time_and_gives_up() {
    let mut sim = settled(&[]);
    apply(&mut sim, &job(json!({"backoffLimit": 6})), |behavior| ends(behavior, 2, 1));
    run_to(&mut sim, 700);
    let failed = seconds(&sim, |_, change| matches!(change, Change::PodFailed(..)));
    assert_eq!(failed, [2, 14, 36, 78, 160, 322, 644]);
    let status = &sim.cluster().jobs[JobId(0).index()].status;
    assert_eq!(status.failed, 7);
    assert!(status.conditions.iter().any(|c| c.kind == "Failed" && c.reason == "BackoffLimitExceeded"));
}

#[test]
fn an_indexed_job_does_each_index_once_and_is_removed_in_time() {
    let mut sim = settled(&[]);
    let spec = json!({"completionMode": "Indexed", "completions": 5, "parallelism": 2, "ttlSecondsAfterFinished": 30});
    apply(&mut sim, &job(spec), |behavior| ends(behavior, 3, 0));
    run_to(&mut sim, 30);
    let job = &sim.cluster().jobs[JobId(0).index()];
    assert_eq!(job.status.completed_indexes, [0, 1, 2, 3, 4]);
    assert_eq!(sim.cluster().live_pods().filter(|(_, p)| p.phase == Phase::Succeeded).count(), 5);
    assert!(job.status.conditions.iter().any(|c| c.kind == "Complete"));
    run_to(&mut sim, 90);
    assert!(sim.cluster().jobs[JobId(0).index()].meta.gone, "its time to live is over");
    assert_eq!(sim.cluster().live_pods().count(), 0);
}

#[test]
fn a_suspended_job_stops_its_pods_without_counting_them() {
    let mut sim = settled(&[]);
    let with = |suspend: bool| job(json!({"completions": 3, "parallelism": 3, "suspend": suspend}));
    apply(&mut sim, &with(false), |behavior| ends(behavior, 20, 0));
    run_to(&mut sim, 5);
    apply(&mut sim, &with(true), |_| {});
    run_to(&mut sim, 10);
    let status = &sim.cluster().jobs[JobId(0).index()].status;
    assert_eq!((status.active, status.failed, status.start), (0, 0, None));
    apply(&mut sim, &with(false), |_| {});
    run_to(&mut sim, 60);
    let status = &sim.cluster().jobs[JobId(0).index()].status;
    assert_eq!((status.succeeded, status.failed), (3, 0));
}

/// The times of a Job's conditions, in whole seconds.
fn job_conditions(sim: &Sim) -> Vec<(String, i64)> {
    let trace = sim.api().trace();
    let told = trace.records().iter().filter_map(|r| match (r.subject, r.change) {
        (Subject::Job(_), Change::Condition(text)) => {
            Some((trace.text(text).split_once(' ').map_or("", |t| t.0).to_owned(), r.time.whole_seconds()))
        }
        _ => None,
    });
    told.collect()
}

#[test]
fn a_failure_of_an_index_is_counted_once_its_next_pod_is_at_work() {
    let mut sim = settled(&[]);
    let extra = json!({"completions": 1, "parallelism": 1, "completionMode": "Indexed", "backoffLimitPerIndex": 1});
    apply(&mut sim, &job(extra), |b| ends(b, 2, 1));
    let failed = |sim: &Sim| sim.cluster().jobs[JobId(0).index()].status.failed;
    run_to(&mut sim, 12);
    assert_eq!((failed(&sim), sim.cluster().pods.len()), (0, 2), "made ten seconds after the failure, its predecessor kept");
    run_to(&mut sim, 13);
    assert_eq!(failed(&sim), 1);
}

#[test]
fn a_job_that_fails_waits_for_pods_that_never_ran() {
    let mut sim = settled(&[]);
    // Three nodes of eight: the fourth pod waits for room.
    let mut object = job(json!({"completions": 4, "parallelism": 4, "backoffLimit": 0}));
    object["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "8"}});
    apply(&mut sim, &object, |b| {
        ends(b, 2, 1);
        b.stop = 0;
    });
    run_to(&mut sim, 30);
    let conditions = job_conditions(&sim);
    let at = |kind: &str| conditions.iter().find(|(told, _)| told.starts_with(kind)).map(|(_, second)| *second);
    let (first, last) = (at("FailureTarget=True"), at("Failed=True"));
    assert_eq!(last, first.map(|second| second + 1), "what is deleted in a look counts as stopping until the next: {conditions:?}");
}

#[test]
fn a_refused_job_finds_what_its_moment_freed() {
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "2"}}});
    let mut sim = settled(&[quota]);
    // Refused at 0, 1 and 2 s, and then again four seconds later: when the first two pods end.
    apply(&mut sim, &job(json!({"completions": 4, "parallelism": 4})), |b| ends(b, 6, 0));
    run_to(&mut sim, 30);
    assert_eq!(seconds(&sim, |_, change| change == Change::PodCreated), [0, 0, 6, 6]);
}

#[test]
fn old_pods_go_before_the_third_batch_of_new_ones_comes() {
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": "100%"}});
    let mut sim = settled(&[workload("Deployment", "app:1", json!({"replicas": 10, "strategy": strategy}))]);
    apply(&mut sim, &workload("Deployment", "app:2", json!({"replicas": 10, "strategy": strategy})), steady);
    run_to(&mut sim, 1);
    let (mut active, mut most) = (10, 10);
    for record in sim.api().trace().records() {
        active += match record.change {
            Change::PodCreated => 1,
            Change::PodDeleting(_) => -1,
            _ => 0,
        };
        most = most.max(active);
    }
    assert_eq!((most, active), (13, 10));
    assert_eq!(sizes(&sim), [0, 10]);
}

#[test]
fn a_quota_of_replica_sets_stops_a_rollout() {
    let quota =
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"count/replicasets.apps": "1"}}});
    let mut sim = settled(&[quota, workload("Deployment", "app:1", json!({"replicas": 2}))]);
    apply(&mut sim, &workload("Deployment", "app:2", json!({"replicas": 2})), |_| {});
    run_to(&mut sim, 60);
    assert_eq!(sizes(&sim), [2]);
    assert_eq!(progressing(&sim), "False ReplicaSetCreateError");
    let conditions = &sim.cluster().deployments[WEB.index()].status.conditions;
    let message = conditions.iter().find(|c| c.kind == "Progressing").map_or("", |c| c.message.as_str());
    assert!(
        message.ends_with(
            "exceeded quota: q, requested: count/replicasets.apps=1, used: count/replicasets.apps=1, limited: count/replicasets.apps=1"
        ),
        "{message}"
    );
}

#[test]
fn pods_replaced_by_hand_end_the_update_of_a_stateful_set() {
    let extra = json!({"replicas": 2, "serviceName": "web", "updateStrategy": {"type": "OnDelete"}});
    let mut sim = settled(&[workload("StatefulSet", "app:1", extra.clone())]);
    apply(&mut sim, &workload("StatefulSet", "app:2", extra), |_| {});
    run_to(&mut sim, 60);
    let current = |sim: &Sim| {
        let set = &sim.cluster().stateful_sets[StatefulSetId(0).index()];
        set.current_template == set.template
    };
    assert!(!current(&sim), "nothing is replaced by itself");
    for pod in sim.cluster().live_pods().map(|(id, _)| id).collect::<Vec<PodId>>() {
        sim.api_mut().delete_pod(pod, None, DeleteReason::User);
    }
    run_to(&mut sim, 200);
    assert!(current(&sim));
}
