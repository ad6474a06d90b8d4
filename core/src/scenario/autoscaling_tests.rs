//! Autoscalers and schedules from manifests to what comes of them.

use super::*;
use crate::cluster::build::{Assumption, ClusterOptions, build};
use crate::engine::{Ended, Sim, SimOptions};
use crate::manifest::{Limits, SourceSet, read as read_manifest};
use crate::trace::{Change, Subject};
use crate::units::time::{MINUTE, SECOND, Time};

/// A Deployment with so many replicas and these fields of its container, and an autoscaler with this spec.
fn shop(replicas: u32, resources: &str, hpa: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: app, image: 'web:1', resources: {{{resources}}}}}]}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: web}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}
  {hpa}
"
    )
}

const CPU: &str = "requests: {cpu: 100m}";
const HALF: &str = "metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]";

fn settled(text: &str) -> (Sim, Vec<Assumption>) {
    let manifest = read_manifest(SourceSet::single("shop.yaml", text), &Limits::default());
    let built = build(&manifest, &ClusterOptions::default());
    (Sim::settled(built.cluster, &SimOptions::default()).0, built.assumptions)
}

fn load(minute: i64, times: i64) -> Step {
    let verb = Verb::Load { workload: "deployment/web".into(), times: Some(times), cpu: None, memory: None, metric: None };
    Step::at(Time::ZERO + minute * MINUTE, verb)
}

/// Every change of size: seconds since the start, and the new size.
fn sizes(sim: &Sim) -> Vec<(i64, i32)> {
    let records = sim.api().trace().records();
    let change = |r: &crate::trace::Record| match r.change {
        Change::Autoscaled(_, to, _) => Some((r.time.whole_seconds(), to)),
        _ => None,
    };
    records.iter().filter_map(change).collect()
}

fn events(sim: &Sim, wanted: &str) -> Vec<String> {
    let (trace, cluster) = (sim.api().trace(), sim.cluster());
    let events = trace.records().iter().filter_map(|record| trace.event(cluster, record));
    events.filter(|event| event.reason == wanted).map(|event| event.message.into_owned()).collect()
}

#[test]
fn a_spike_is_answered_and_forgotten_after_the_window() {
    let (mut sim, assumptions) = settled(&shop(3, CPU, &format!("minReplicas: 2\n  maxReplicas: 20\n  {HALF}")));
    assert!(assumptions.iter().any(|a| a.what == "load" && a.value.contains("150m in all")), "{assumptions:?}");
    assert_eq!(sim.cluster().deployments[0].replicas, 3, "at its target it holds still");
    let outcome = run(&mut sim, &Scenario::of_steps("spike", vec![load(1, 3_000), load(20, 333)]));
    assert_eq!(outcome.ended, Ended::Quiet, "it rests when nothing changes any more");
    let all = sizes(&sim);
    assert_eq!(all.iter().map(|s| s.1).collect::<Vec<_>>(), [6, 9, 3], "twice at most, then what is wanted; back in one step: {all:?}");
    assert!((60..=75).contains(&all[0].0), "within one period: {all:?}");
    let spent = all[2].0 - 20 * 60;
    assert!((285..=315).contains(&spent), "five minutes after the last look that wanted nine: {all:?}");
    // The whole story follows from the step.
    let trace = sim.api().trace();
    let grown = trace.numbered().find(|(_, r)| matches!(r.change, Change::Autoscaled(..))).map(|(id, _)| id).expect("it grew");
    let first = *trace.causes(grown).last().expect("a chain has an end");
    assert_eq!(trace.record(first).map(|r| r.subject), Some(Subject::Step(0)));
    let why = trace.record(grown).map(|r| r.change);
    assert!(matches!(why, Some(Change::Autoscaled(3, 6, text)) if trace.text(text) == "cpu 150 % of 50 %"), "{why:?}");
}

#[test]
fn without_a_request_nothing_can_be_reckoned() {
    let (sim, _) = settled(&shop(3, "", &format!("maxReplicas: 20\n  {HALF}")));
    let scaler = &sim.cluster().autoscalers[0];
    let active = scaler.status.conditions.iter().find(|c| c.kind == "ScalingActive").expect("it looked");
    assert_eq!((active.status, active.reason), ("False", "FailedGetResourceMetric"));
    assert!(active.message.contains("missing request for cpu in container app of Pod web-"), "{}", active.message);
}

#[test]
fn to_zero_and_back_by_a_queue_from_outside() {
    let metric = "metrics: [{type: External, external: {metric: {name: queue}, target: {type: Value, value: '10'}}}]";
    let (mut sim, _) = settled(&shop(1, CPU, &format!("minReplicas: 0\n  maxReplicas: 8\n  {metric}")));
    let queue = |minute: i64, value: i64| {
        let metric = Some(("queue".to_owned(), value * 1_000));
        Step::at(
            Time::ZERO + minute * MINUTE,
            Verb::Load { workload: "deployment/web".into(), times: None, cpu: None, memory: None, metric },
        )
    };
    run(&mut sim, &Scenario::of_steps("queue", vec![queue(0, 0), queue(30, 25)]));
    assert_eq!(sizes(&sim).iter().map(|s| s.1).collect::<Vec<_>>()[..2], [0, 3], "{:?}", sizes(&sim));
    // What somebody else has scaled to zero stays there.
    let (mut sim, _) = settled(&shop(1, CPU, &format!("minReplicas: 1\n  maxReplicas: 8\n  {metric}")));
    let by_hand = Step::at(Time::ZERO, Verb::Scale { workload: "deployment/web".into(), replicas: 0 });
    run(&mut sim, &Scenario::of_steps("by hand", vec![by_hand, queue(5, 100)]));
    assert_eq!((sizes(&sim), sim.cluster().deployments[0].replicas), (Vec::new(), 0));
}

#[test]
fn a_load_takes_the_course_that_a_behavior_gives_it() {
    let behavior = "---
apiVersion: wavetank.dev/v1alpha1
kind: Behavior
metadata: {name: load}
spec: {workloads: [{match: deployment/web, load: [{cpu: 200m}, {at: 2m, cpu: '1'}]}]}
";
    let text = shop(4, CPU, &format!("maxReplicas: 40\n  {HALF}")) + behavior;
    let (mut sim, assumptions) = settled(&text);
    assert!(!assumptions.iter().any(|a| a.what == "load"), "{assumptions:?}");
    assert_eq!(sim.cluster().deployments[0].replicas, 4);
    run(&mut sim, &Scenario::of_steps("course", Vec::new()));
    let all: Vec<i32> = sizes(&sim).iter().map(|s| s.1).collect();
    assert_eq!((all.first(), all.last()), (Some(&8), Some(&20)), "{all:?}");
    assert!(all.is_sorted(), "{all:?}");
}

#[test]
fn lost_pods_leave_their_load_to_the_others() {
    let (mut sim, _) = settled(&shop(6, CPU, &format!("maxReplicas: 20\n  {HALF}")));
    run(&mut sim, &Scenario::of_steps("zone", vec![Step::at(Time::ZERO, Verb::FailZone { zone: "zone-b".into() })]));
    assert!(sim.cluster().deployments[0].replicas <= 12, "it never runs away");
}

const CRON: &str = "apiVersion: batch/v1
kind: CronJob
metadata: {name: tick}
spec:
  schedule: '*/5 * * * *'
  concurrencyPolicy: POLICY
  jobTemplate:
    spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: 'tick:1'}]}}}
---
apiVersion: wavetank.dev/v1alpha1
kind: Behavior
metadata: {name: work}
spec: {workloads: [{match: cronjob/tick, exits: [{afterSeconds: SECONDS}]}]}
";

fn ticking(policy: &str, seconds: u32, until: i64) -> Sim {
    let (mut sim, _) = settled(&CRON.replace("POLICY", policy).replace("SECONDS", &seconds.to_string()));
    let scenario = Scenario { until: Some(Time::ZERO + until * MINUTE), ..Scenario::of_steps("tick", Vec::new()) };
    run(&mut sim, &scenario);
    sim
}

#[test]
fn jobs_are_made_by_the_clock_and_cleared_away() {
    let sim = ticking("Allow", 30, 31);
    // Half past twelve and half a minute at the start: due at :35, :40, ... :00.
    assert_eq!(events(&sim, "SuccessfulCreate").iter().filter(|m| m.starts_with("Created job")).count(), 6);
    let live = sim.cluster().jobs.iter().filter(|j| !j.meta.gone).count();
    assert_eq!(live, 3, "three that ended well are kept");
    assert_eq!(sim.cluster().live_pods().count(), 3, "with their pods");
}

#[test]
fn a_slot_that_finds_one_at_work() {
    let forbid = ticking("Forbid", 400, 21);
    assert!(events(&forbid, "JobAlreadyActive").len() >= 2, "{:?}", events(&forbid, "JobAlreadyActive"));
    let at_work = |sim: &Sim| sim.cluster().cron_jobs[0].status.active.len();
    assert_eq!(at_work(&forbid), 1);
    let replace = ticking("Replace", 400, 21);
    assert_eq!(at_work(&replace), 1);
    assert!(events(&replace, "SuccessfulDelete").len() >= 3);
    assert_eq!(at_work(&ticking("Allow", 400, 21)), 2);
}

#[test]
fn a_story_does_not_wait_for_the_calendar() {
    let (mut sim, _) = settled(&CRON.replace("POLICY", "Allow").replace("SECONDS", "30"));
    let outcome = run(&mut sim, &Scenario::of_steps("nothing", Vec::new()));
    assert_eq!(outcome.ended, Ended::Quiet);
    assert!(outcome.end < Time::ZERO + 5 * MINUTE + SECOND, "{}", outcome.end);
}

/// A pool of small machines that may grow to four, and a Deployment of pods that each take a third of one.
fn pool(count: u32, replicas: u32, annotations: &str, more: &str) -> String {
    format!(
        "apiVersion: wavetank.dev/v1alpha1
kind: Cluster
metadata: {{name: cloud}}
spec:
  nodePools:
  - {{name: small, zones: [zone-a], count: {count}, min: 1, max: 4, startSeconds: 90, capacity: {{cpu: '2', memory: 8Gi, pods: '110'}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}, annotations: {{{annotations}}}}}
    spec: {{containers: [{{name: app, image: 'web:1', resources: {{requests: {{cpu: 600m}}}}}}]}}
{more}"
    )
}

fn pool_size(sim: &Sim) -> i32 {
    sim.cluster().node_pools[0].size()
}

fn scaled_to(sim: &mut Sim, replicas: i32) -> Outcome {
    let step = Step::at(Time::ZERO, Verb::Scale { workload: "deployment/web".into(), replicas });
    run(sim, &Scenario::of_steps("scale", vec![step]))
}

#[test]
fn machines_come_for_pods_that_find_no_node() {
    let (mut sim, _) = settled(&pool(1, 2, "", ""));
    assert_eq!(pool_size(&sim), 1);
    let outcome = scaled_to(&mut sim, 8);
    assert_eq!((outcome.ended, pool_size(&sim)), (Ended::Quiet, 3), "three on each, and five that found none");
    let joined: Vec<i64> = {
        let records = sim.api().trace().records();
        records.iter().filter(|r| r.change == Change::NodeAdded).map(|r| r.time.whole_seconds()).collect()
    };
    assert_eq!(joined.len(), 2);
    assert!(joined.iter().all(|at| (90..=110).contains(at)), "a scan, then the machine's start: {joined:?}");
    assert_eq!(sim.cluster().live_pods().filter(|(_, p)| p.ready).count(), 8);
    // More than the pool may have.
    let (mut sim, _) = settled(&pool(1, 2, "", ""));
    scaled_to(&mut sim, 20);
    assert_eq!(pool_size(&sim), 4);
    assert_eq!(sim.cluster().live_pods().filter(|(_, p)| p.ready).count(), 12);
    assert!(events(&sim, "NotTriggerScaleUp").iter().all(|m| m.ends_with("1 max node group size reached")));
}

#[test]
fn machines_go_when_nobody_has_needed_them_for_ten_minutes() {
    let (mut sim, _) = settled(&pool(3, 7, "", ""));
    assert_eq!(pool_size(&sim), 3);
    scaled_to(&mut sim, 3);
    assert_eq!(pool_size(&sim), 1, "the least is one");
    let gone: Vec<i64> = {
        let records = sim.api().trace().records();
        records.iter().filter(|r| r.change == Change::NodeDeleted).map(|r| r.time.whole_seconds()).collect()
    };
    assert!(gone.iter().all(|at| *at >= 600), "{gone:?}");
    assert_eq!(sim.cluster().live_pods().filter(|(_, p)| p.ready).count(), 3);
}

#[test]
fn what_must_not_be_evicted_holds_its_machine() {
    let kept = "cluster-autoscaler.kubernetes.io/safe-to-evict: 'false'";
    let budget = "---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 0, selector: {matchLabels: {app: web}}}
";
    for (annotations, more) in [(kept, ""), ("", budget)] {
        // One pod on each of two machines, kept apart at first by their size.
        let apart = pool(2, 4, annotations, more);
        let (mut sim, _) = settled(&apart);
        scaled_to(&mut sim, 2);
        let with_pods = sim.cluster().live_nodes().filter(|(_, n)| !n.pods.is_empty()).count();
        assert_eq!(pool_size(&sim) as usize, with_pods, "only an empty one may have gone");
    }
}
