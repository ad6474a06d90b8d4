//! Scenarios from text to outcome, through the faces that the front ends use.

use super::*;
use crate::cluster::build::{ClusterOptions, build};
use crate::engine::{Ended, Sim, SimOptions};
use crate::manifest::{Limits, Manifest, Severity, SourceSet, read as read_manifest};
use crate::units::time::Time;

const SHOP: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}
      containers: [{name: web, image: 'web:1', resources: {requests: {cpu: 500m}}}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: 'agent:1'}]}
";

fn settled(text: &str) -> Sim {
    let manifest = read_manifest(SourceSet::single("shop.yaml", text), &Limits::default());
    Sim::settled(build(&manifest, &ClusterOptions::default()).cluster, &SimOptions::default()).0
}

fn scenario_of(spec: &str) -> (Scenario, Vec<String>, Manifest) {
    let indented = spec.lines().map(|line| format!("  {line}\n")).collect::<String>();
    let text = format!("apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: test}}\nspec:\n{indented}");
    let manifest = read_manifest(SourceSet::single("test.yaml", text), &Limits::default());
    let (mut scenarios, told) = read(&manifest);
    let told = told
        .iter()
        .map(|d| {
            let place = d.span.map(|span| manifest.sources.text(span).to_owned()).unwrap_or_default();
            format!("{} {} @ {place}{}", d.id, d.message, d.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default())
        })
        .collect();
    (scenarios.remove(0), told, manifest)
}

fn outcome_of(spec: &str) -> Outcome {
    let (scenario, told, _) = scenario_of(spec);
    assert_eq!(told, Vec::<String>::new());
    run(&mut settled(SHOP), &scenario)
}

fn messages(outcome: &Outcome) -> Vec<String> {
    outcome.diagnostics.iter().map(|d| format!("{} {}", d.id, d.message)).collect()
}

#[test]
fn every_verb_is_read_back_from_its_own_yaml() {
    let all = [
        "failNode: node-1",
        "recoverNode: node-1",
        "failZone: zone-b",
        "recoverZone: zone-b",
        "failNodes: {zone: zone-b, nodes: 2}",
        "flapNode: {node: node-1, down: 20s, up: 30s, times: 4}",
        "partition: node-1",
        "partition: {zone: zone-b}",
        "reconnect: node-1",
        "stopKubelet: node-1",
        "startKubelet: node-1",
        "stopComponent: kube-scheduler",
        "stopComponent: {name: kube-controller-manager, for: 1h52m}",
        "startComponent: kube-controller-manager",
        "spotNotice: node-1",
        "spotNotice: {node: node-1, notice: 30s}",
        "shutdownNode: {node: node-1, gracePeriod: 1m, criticalGracePeriod: 10s}",
        "cordon: node-1",
        "uncordon: node-1",
        "drain: node-1",
        "drain: {node: node-1, ignoreDaemonSets: false, force: true, gracePeriod: 30s, timeout: 5m}",
        "taint: {node: node-1, key: a/b, value: c, effect: NoExecute}",
        "untaint: {node: node-1, key: a/b}",
        "pressure: node-1",
        "pressure: {node: node-1, available: 20Mi}",
        "relievePressure: node-1",
        "diskPressure: node-1",
        "diskPressure: {node: node-1, available: 20Gi}",
        "relieveDiskPressure: node-1",
        "pidPressure: node-1",
        "pidPressure: {node: node-1, available: 500}",
        "relievePidPressure: node-1",
        "registryOutage: {}",
        "registryOutage: {registry: docker.io}",
        "registryRecovers: {}",
        "slowStart: {workload: deployment/web, by: 1m}",
        "crashLoop: {workload: deployment/web, after: 2s, exitCode: 3}",
        "endCrashLoop: deployment/web",
        "growMemory: {workload: deployment/web, perPod: 2Gi}",
        "load: {workload: deployment/web, times: 3}",
        "load: {workload: deployment/web, times: 0.25, cpu: 2500m, memory: 1Gi}",
        "load: {workload: deployment/web, metric: requests, value: \"900\"}",
        "killPods: deployment/web",
        "killPods: {workload: deployment/web, pods: 3, gracePeriod: 0s}",
        "crash: deployment/web",
        "crash: {workload: deployment/web, pods: 1, exitCode: 137}",
        "failReadiness: {workload: deployment/web, pods: 2}",
        "passReadiness: deployment/web",
        "kubeletNotReady: node-1",
        "kubeletReady: node-1",
        "addNode: {name: node-9, like: node-1}",
        "apply: [{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}]",
        "scale: {workload: deployment/web, replicas: 5}",
        "rollout: {workload: deployment/web, image: web:2}",
        "rollout: {workload: deployment/web, image: web:3, container: web, broken: true}",
        "restart: daemonset/agent",
        "undo: deployment/web",
        "undo: {workload: deployment/web, toRevision: 1}",
        "pause: deployment/web",
        "resume: deployment/web",
        "delete: pod/web-0",
        "delete: {target: pod/web-0, gracePeriod: 0s}",
    ];
    let spec = format!("steps:\n{}", all.iter().map(|step| format!("- {step}\n")).collect::<String>());
    let (scenario, told, _) = scenario_of(&spec);
    assert_eq!(told, Vec::<String>::new());
    assert_eq!(scenario.steps.iter().map(|step| step.verb.to_yaml()).collect::<Vec<_>>(), all);
    let mut verbs: Vec<&str> = scenario.steps.iter().map(|step| step.verb.name()).collect();
    verbs.dedup();
    assert_eq!(verbs, schema::VERBS, "every verb of the schema is read, in its order, and none is missing here");
}

#[test]
fn mistakes_are_told_where_they_stand_with_what_was_meant() {
    let (scenario, told, _) = scenario_of(
        "untill: 20m
seed: -1
steps:
- at: 5
  failZone: zone-b
- at: 1m
  failZon: zone-b
- at: 1m
  failZone: zone-b
  cordon: node-1
- scale: {workload: deployment/web, replicas: many}
- taint: {node: node-1, key: k, effect: noexecute}
- after: 1m
expect:
- always: 'true'
  within: 5m
- finaly: 'true'",
    );
    assert_eq!(
        told,
        [
            "WT4001 unknown field untill @ untill (did you mean until?)",
            "WT4002 expected a whole number, at least 0, found -1 @ -1",
            "WT4002 not a duration: 5 @ 5 (write a duration with its unit, such as 90s, 10m or 1h30m)",
            "WT4001 unknown field failZon @ failZon (did you mean failZone?)",
            "WT4004 only one of failZone, cordon may stand here @ cordon",
            "WT4002 expected a whole number from 0 to 1000000, found \"many\" @ many",
            "WT4002 expected NoSchedule, PreferNoSchedule or NoExecute, found \"noexecute\" @ noexecute (did you mean NoExecute?)",
            &format!("WT4004 nothing is said of what the step does @ after: 1m (write one of {})", schema::VERBS.join(", ")),
            "WT4001 unknown field finaly @ finaly (did you mean finally?)",
            "WT4002 `within` goes with `eventually`, not with `always` @ within",
        ]
    );
    assert_eq!(scenario.steps.len(), 2, "what can be read is read");
}

#[test]
fn steps_in_the_past_are_told_where_they_stand() {
    let (scenario, told, _) = scenario_of(
        "steps:
- at: -5m
  failNode: node-1
- at: 5m
  recoverNode: node-1
- after: 1m
  cordon: node-1
- at: 2m
  uncordon: node-1
- when: time > 100
  cordon: node-1
- at: 1m
  uncordon: node-1
- after: -1s
  cordon: node-1",
    );
    assert_eq!(
        told,
        [
            "WT4016 a step cannot begin before the start: at: -5m @ -5m (times count forward: 90s, 10m, 1h30m)",
            "WT4016 this step is due at 2m, before the one above it, which is due at 6m: it is done first @ 2m (move it up to where it happens, or \
             write `after` to count from the step above)",
            "WT4016 a step cannot begin before the step above: after: -1s @ -1s (times count forward: 90s, 10m, 1h30m)",
        ]
    );
    assert_eq!(scenario.steps.len(), 7, "they are read all the same");
}

#[test]
fn a_condition_names_what_does_not_exist() {
    let outcome = outcome_of(
        "until: 5m
steps:
- when: workload(\"deployment/wbe\").ready == 3
  cordon: node-1
- when: workload(\"deployment/web\").redy == 3
  cordon: node-1
expect:
- finally: 'true'",
    );
    let told = messages(&outcome);
    assert!(told.iter().any(|m| m == "WT4005 there is no workload deployment/wbe"), "{told:?}");
    assert!(told.iter().any(|m| m.starts_with("WT4009 cordon never began")), "{told:?}");
}

#[test]
fn a_lost_zone_is_judged_at_the_moment_it_hurts() {
    let outcome = outcome_of(
        "until: 20m
steps:
- {at: 1m, failZone: b}
- {after: 10m, recoverZone: zone-b}
expect:
- always: workload(\"deployment/web\").ready >= 2
- always: workload(\"deployment/web\").ready >= 3
  name: web never loses a pod
- eventually: workload(\"deployment/web\").ready == 3 && time > 120
  from: 2m
- never: pods.exists(p, p.phase == \"Failed\")
- finally: unschedulable() == 0",
    );
    assert_eq!(outcome.end, Time::ZERO + 20 * 60_000);
    let failed: Vec<&str> =
        outcome.expectations.iter().filter(|e| matches!(e.verdict, Verdict::Fails(_))).map(|e| e.title.as_str()).collect();
    assert_eq!(failed, ["web never loses a pod"], "{:?}", messages(&outcome));
    assert!(!outcome.passed());
    let Verdict::Fails(failure) = &outcome.expectations[1].verdict else { panic!("it fails") };
    assert!(failure.at > Time::ZERO + 60_000 && failure.at <= Time::ZERO + 180_000, "{}", failure.at);
    assert_eq!(failure.values, ["workload(\"deployment/web\").ready = 2"]);
    assert!(failure.cause.is_some());
}

#[test]
fn the_chain_of_causes_begins_at_the_step() {
    let (scenario, _, _) = scenario_of("steps: [{at: 1m, failZone: zone-b}]\nexpect: [{always: workload('deployment/web').ready == 3}]");
    let mut sim = settled(SHOP);
    let outcome = run(&mut sim, &scenario);
    let Verdict::Fails(failure) = &outcome.expectations[0].verdict else { panic!("it fails") };
    let chain = sim.api().trace().causes(failure.cause.expect("a cause"));
    let first = sim.api().trace().record(*chain.last().expect("not empty")).expect("a record");
    assert_eq!((first.subject, first.time), (crate::trace::Subject::Step(0), Time::ZERO + 60_000));
}

#[test]
fn steps_wait_for_conditions_and_for_each_other() {
    let outcome = outcome_of(
        "steps:
- {at: 30s, scale: {workload: deployment/web, replicas: 6}}
- {when: workload('deployment/web').ready == 6, cordon: node-1}
- {after: 10s, uncordon: node-1}
- restart: daemonset/agent
expect:
- finally: nodes.all(n, !n.cordoned)",
    );
    let began: Vec<Time> = outcome
        .steps
        .iter()
        .map(|step| match step.state {
            StepState::Done { at, .. } => at,
            ref other => panic!("{other:?}"),
        })
        .collect();
    assert!(began[1] > began[0], "{began:?}");
    assert_eq!(began[2], began[1] + 10_000);
    assert_eq!(began[3], began[2]);
    assert!(outcome.passed(), "{:?}", messages(&outcome));
    assert_eq!(outcome.ended, Ended::Quiet);
}

#[test]
fn what_never_begins_is_told() {
    let outcome = outcome_of(
        "until: 5m
steps:
- {at: 10m, failNode: node-1}
- {when: workload('deployment/web').ready == 9, cordon: node-1}
- {at: 1s, recoverNode: node-1}
- {when: workload('deployment/web').ready == 9, cordon: node-1}
- uncordon: node-1
expect:
- always: 'true'",
    );
    assert_eq!(
        messages(&outcome),
        [
            "WT4008 failNode is due at 10m, but the run ends at 5m",
            "WT4006 recoverNode at 1s had no effect: node node-1 is not down",
            "WT4009 cordon never began: `workload('deployment/web').ready == 9` did not come true by 5m; at the end \
             workload(\"deployment/web\").ready = 3",
        ]
    );
    assert_eq!(outcome.steps[1].state, StepState::Behind);
    assert_eq!(outcome.steps[4].state, StepState::Behind);
    assert!(!outcome.passed());
}

#[test]
fn unknown_names_are_told_before_the_run() {
    let outcome = outcome_of(
        "steps:
- failZone: zone-x
- drain: nod-1
- scale: {workload: deployment/wbe, replicas: 1}
- scale: {workload: ds/agent, replicas: 1}
- addNode: {name: node-99, like: node-1}
- cordon: node-99
expect:
- always: workload('deployment/shop').ready > 0
- always: workload('deployment/web').ready",
    );
    let told: Vec<String> = outcome
        .diagnostics
        .iter()
        .map(|d| format!("{} {}{}", d.id, d.message, d.help.as_ref().map(|h| format!(" ({h})")).unwrap_or_default()))
        .collect();
    assert_eq!(
        told,
        [
            "WT4005 there is no zone zone-x (did you mean zone-a?)",
            "WT4005 there is no node nod-1 (did you mean node-1?)",
            "WT4005 there is no workload deployment/wbe (did you mean deployment/web?)",
            "WT4005 there is no workload deployment/shop (did you mean deployment/web?)",
            "WT4006 scale at 0s had no effect: daemonset/agent has no replicas to scale",
            "WT4007 `workload('deployment/web').ready`: at 0s: the expression is 3, neither true nor false",
        ]
    );
    assert!(outcome.diagnostics.iter().any(|d| d.severity == Severity::Error));
}

#[test]
fn images_find_their_revision_again() {
    let (scenario, _, _) = scenario_of(
        "steps:
- {at: 0s, rollout: {workload: deployment/web, image: 'web:2'}}
- {after: 10m, rollout: {workload: deployment/web, image: 'web:3', broken: true}}
- {after: 5m, undo: deployment/web}
- {after: 10m, rollout: {workload: deployment/web, image: 'web:1'}}
- {after: 10m, restart: deployment/web}
expect:
- {eventually: workload('deployment/web').updated == 1 && workload('deployment/web').available == 3, from: 11m, within: 2m}
- always: workload('deployment/web').available >= 3
- finally: workload('deployment/web').updated == 3 && workload('deployment/web').ready == 3",
    );
    let mut sim = settled(SHOP);
    let outcome = run(&mut sim, &scenario);
    assert!(outcome.passed(), "{:?}", messages(&outcome));
    assert_eq!(sim.cluster().replica_sets.len(), 4, "web:1, web:2, web:3 and the restarted web:1");
}

#[test]
fn the_same_scenario_gives_the_same_trace() {
    let (scenario, _, _) = scenario_of("steps: [{failZone: a}, {after: 5m, recoverZone: a}, {after: 5m, drain: node-2}]");
    let digest = || {
        let mut sim = settled(SHOP);
        run(&mut sim, &scenario);
        sim.api().trace().digest()
    };
    assert_eq!(digest(), digest());
}

#[test]
fn without_an_evaluator_nothing_is_concluded() {
    let (scenario, _, _) = scenario_of("steps: [{failZone: a}]\nexpect: [{always: 'false'}]");
    let outcome = run_with(&mut settled(SHOP), &scenario, None);
    assert_eq!(outcome.expectations[0].verdict, Verdict::NotEvaluated);
    assert_eq!(outcome.judged(), 0);
}

#[test]
fn a_drain_of_many_ended_pods_is_no_circle() {
    // What tolerates everything comes back to a full disk at once, fails, and comes back; a drain then asks for each that is left.
    let text = SHOP.replace("replicas: 3", "replicas: 2").replace(
        "      topologySpreadConstraints:\n      - {maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}\n",
        "      nodeSelector: {kubernetes.io/hostname: node-1}\n      tolerations: [{operator: Exists}]\n",
    );
    let (scenario, told, _) =
        scenario_of("until: 20m\nsteps:\n- {at: 0s, diskPressure: node-1}\n- {at: 5m, drain: {node: node-1, timeout: 60s}}");
    assert_eq!(told, Vec::<String>::new());
    let mut sim = settled(&text);
    let outcome = run(&mut sim, &scenario);
    assert!(sim.cluster().pods.len() > 1_000, "{} pods", sim.cluster().pods.len());
    assert_eq!(outcome.ended, Ended::TimeUp);
}
