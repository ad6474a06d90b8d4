//! Lost nodes and zones, drains and memory pressure in virtual time, through the simulation's public face.

use serde_json::{Value, json};
use wavetank_core::cluster::Workload;
use wavetank_core::cluster::ids::{DeploymentId, NodeId};
use wavetank_core::cluster::template::TaintEffect;
use wavetank_core::engine::drain::{DrainOptions, DrainStatus};
use wavetank_core::engine::{Ended, Sim};
use wavetank_core::faults::{Fault, inject};
use wavetank_core::trace::{Change, DeleteReason, Evictor, Subject};
use wavetank_core::units::rng::Orders;
use wavetank_core::units::time::{SECOND, Time};

const MIB: i64 = 1024 * 1024;

fn node(name: &str, zone: &str) -> Value {
    let room = json!({"cpu": "4", "memory": "4Gi", "pods": "110"});
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}},
        "status": {"capacity": room, "allocatable": room},
    })
}

fn deployment(name: &str, replicas: u32, memory: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "app", "image": "app:1", "resources": {"requests": {"cpu": "100m", "memory": memory}}}]},
        }},
    })
}

fn budget(name: &str, rule: &str, value: u32) -> Value {
    json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name},
        "spec": {rule: value, "selector": {"matchLabels": {"app": name}}},
    })
}

/// A settled simulation of nodes, given as many zones as there are, and other objects.
fn settled(zones: &[&str], objects: &[Value]) -> Sim {
    let mut values: Vec<Value> = zones.iter().enumerate().map(|(i, zone)| node(&format!("node-{}", i + 1), zone)).collect();
    values.extend_from_slice(objects);
    wavetank_tests::settled(&values)
}

fn fail(sim: &mut Sim, nodes: &[u32]) {
    for &node in nodes {
        inject(sim, &Fault::NodeFails(NodeId(node)), None);
    }
}

/// The whole seconds of all records that `wanted` picks.
fn seconds(sim: &Sim, mut wanted: impl FnMut(Subject, Change) -> bool) -> Vec<i64> {
    let records = sim.api().trace().records().iter();
    records.filter(|r| wanted(r.subject, r.change)).map(|r| r.time.whole_seconds()).collect()
}

fn no_execute(sim: &Sim) -> Vec<i64> {
    seconds(sim, |_, change| matches!(change, Change::NodeTainted(_, TaintEffect::NoExecute)))
}

#[test]
fn a_lost_node_is_noticed_after_its_grace_period_and_emptied_five_minutes_later() {
    let mut sim = settled(&["a", "b", "c"], &[deployment("web", 6, "64Mi")]);
    fail(&mut sim, &[0]);
    sim.run_until(Time::at(600 * SECOND));
    let tainted = no_execute(&sim);
    assert_eq!(tainted.len(), 1);
    assert!((50..=55).contains(&tainted[0]), "{tainted:?}");
    let deleted = seconds(&sim, |_, change| change == Change::PodDeleting(DeleteReason::Taint));
    assert!(!deleted.is_empty() && deleted.iter().all(|&at| at == tainted[0] + 300), "{deleted:?}");
    let web = &sim.cluster().deployments[0];
    assert_eq!(web.status.ready, 6, "replaced on the other nodes");

    let trace = sim.api().trace();
    let (last, _) = trace.numbered().rfind(|(_, r)| r.change == Change::PodReady).expect("a replacement became ready");
    let chain: Vec<Change> = trace.causes(last).into_iter().filter_map(|id| trace.record(id)).map(|r| r.change).collect();
    let told = |wanted: fn(&Change) -> bool| chain.iter().any(wanted);
    assert!(told(|c| matches!(c, Change::PodDeleting(DeleteReason::Taint))), "{chain:?}");
    assert!(told(|c| matches!(c, Change::NodeTainted(..))), "{chain:?}");
    assert_eq!(chain.last(), Some(&Change::NodeFailed));
}

#[test]
fn a_node_that_is_back_in_time_keeps_its_pods() {
    let mut sim = settled(&["a", "b"], &[deployment("web", 4, "64Mi")]);
    fail(&mut sim, &[0]);
    sim.run_until(Time::at(200 * SECOND));
    inject(&mut sim, &Fault::NodeRecovers(NodeId(0)), None);
    assert_eq!(sim.run_until(Time::at(900 * SECOND)), Ended::Quiet);
    assert!(seconds(&sim, |_, change| matches!(change, Change::PodDeleting(_))).is_empty());
    assert!(sim.cluster().node(NodeId(0)).taints.is_empty());
    assert_eq!(sim.cluster().deployments[0].status.ready, 4);
}

#[test]
fn zones_decide_how_fast_nodes_are_tainted() {
    let after = |zones: &[&str], lost: &[u32]| {
        let mut sim = settled(zones, &[]);
        fail(&mut sim, lost);
        sim.run_until(Time::at(300 * SECOND));
        no_execute(&sim)
    };
    let full = after(&["a", "a", "a", "b"], &[0, 1, 2]);
    assert_eq!(full.iter().map(|at| at - full[0]).collect::<Vec<_>>(), [0, 10, 20], "a lost zone: one node in ten seconds");
    assert!(after(&["a", "a", "a", "a", "b"], &[0, 1, 2]).is_empty(), "a small zone that is partially disrupted is left alone");
    assert_eq!(after(&["a", "a", "a", "b"], &[0, 1]).len(), 2, "two of three are no disruption");
    assert!(after(&["a", "b"], &[0, 1]).is_empty(), "nothing is evicted where every zone is lost");
}

#[test]
fn a_drain_goes_as_fast_as_the_budget_lets_it() {
    let mut sim = settled(&["a", "b", "c"], &[deployment("web", 6, "64Mi"), budget("web", "maxUnavailable", 1)]);
    let (drains, api) = sim.drains_mut();
    let id = drains.start(api, NodeId(0), DrainOptions::default(), None);
    let mut fewest = i32::MAX;
    sim.run_watched(Time::at(600 * SECOND), |sim| {
        fewest = fewest.min(sim.cluster().deployments[0].status.ready);
        true
    });
    let drain = sim.drains().get(id).expect("it was started");
    assert!(matches!(drain.status, DrainStatus::Done(_)), "{drain:?}");
    let evicted = seconds(&sim, |_, change| change == Change::PodDeleting(DeleteReason::Evicted(Evictor::Drain)));
    assert!(evicted.len() >= 2 && evicted.iter().all(|at| at % 5 == 0), "retried every five seconds: {evicted:?}");
    assert!(evicted.windows(2).all(|pair| pair[0] < pair[1]), "never two at once: {evicted:?}");
    assert_eq!(fewest, 5, "one at most is missing");
    assert_eq!(sim.cluster().deployments[0].status.ready, 6);
}

#[test]
fn a_budget_that_allows_nothing_blocks_a_drain_for_ever() {
    let mut sim = settled(&["a", "b"], &[deployment("one", 1, "64Mi"), budget("one", "minAvailable", 1)]);
    let home = sim.cluster().pods[0].node.expect("it was placed");
    let (drains, api) = sim.drains_mut();
    let id = drains.start(api, home, DrainOptions::default(), None);
    assert_eq!(sim.run_until(Time::at(60 * SECOND)), Ended::TimeUp);
    let drain = sim.drains().get(id).expect("it was started");
    assert_eq!(drain.status, DrainStatus::UnderWay);
    let blocked: Vec<(u32, &str)> = drain.blocked().map(|(_, attempts, why)| (attempts, why)).collect();
    let why = "Cannot evict pod as it would violate the pod's disruption budget. The disruption budget one needs 1 healthy pods and has 1 currently";
    assert_eq!(blocked, [(13, why)]);
    assert_eq!(seconds(&sim, |_, change| matches!(change, Change::EvictionRefused(429, _))), [0], "told once");
}

#[test]
fn a_drain_with_a_time_limit_gives_up() {
    let mut sim = settled(&["a", "b"], &[deployment("one", 1, "64Mi"), budget("one", "maxUnavailable", 0)]);
    let home = sim.cluster().pods[0].node.expect("it was placed");
    let (drains, api) = sim.drains_mut();
    let options = DrainOptions { timeout: Some(12 * SECOND), ..DrainOptions::default() };
    let id = drains.start(api, home, options, None);
    assert_eq!(sim.run_until(Time::at(60 * SECOND)), Ended::Quiet);
    let drain = sim.drains().get(id).expect("it was started");
    let DrainStatus::Failed(at, error) = &drain.status else { panic!("{drain:?}") };
    assert_eq!(at.whole_seconds(), 15, "noticed after the pause of the last refusal");
    assert!(error.ends_with("-n \"default\": global timeout reached: 12s"), "{error}");
}

#[test]
fn growing_pods_are_evicted_from_node_to_node() {
    let mut sim = settled(&["a", "b", "c"], &[deployment("web", 9, "512Mi")]);
    let web = Workload::Deployment(DeploymentId(0));
    inject(&mut sim, &Fault::MemoryGrows { workload: web, bytes: Some(1_500 * MIB) }, None);
    sim.run_until(Time::at(1_800 * SECOND));
    let pressed = seconds(&sim, |_, change| change == Change::NodeMemoryPressure(true));
    assert!(pressed.len() >= 3, "every node fills: {pressed:?}");
    let trace = sim.api().trace();
    let message =
        trace.records().iter().find_map(|r| if let Change::PodFailed(_, text) = r.change { Some(trace.text(text)) } else { None });
    let text = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 0. \
                Container app was using 1500Mi, request is 512Mi, has larger consumption of memory. ";
    assert_eq!(message, Some(text));
    for node in &sim.cluster().nodes {
        let running = node.pods.iter().filter(|&&pod| sim.cluster().pod(pod).ready).count();
        assert!(running <= 2, "4 GiB hold two pods of 1500 MiB: {running}");
    }
}

#[test]
fn pods_of_a_deleted_node_are_collected() {
    let mut sim = settled(&["a", "b"], &[deployment("web", 4, "64Mi")]);
    inject(&mut sim, &Fault::NodeFails(NodeId(0)), None);
    sim.api_mut().delete_node(NodeId(0));
    sim.run_until(Time::at(300 * SECOND));
    let collected = seconds(&sim, |_, change| change == Change::PodDeleting(DeleteReason::Collected));
    assert!(!collected.is_empty() && collected.iter().all(|at| (40..=80).contains(at)), "{collected:?}");
    assert_eq!(sim.cluster().deployments[0].status.ready, 4);
}

#[test]
fn of_a_cluster_that_fails_as_a_whole_one_node_may_still_be_tainted() {
    let values: Vec<Value> = ["a", "a", "b", "b", "c"].iter().enumerate().map(|(i, zone)| node(&format!("node-{}", i + 1), zone)).collect();
    let tainted_by = |seed: u64| {
        let mut sim = wavetank_tests::settled(&values);
        sim.api_mut().set_orders(Orders::of(seed));
        fail(&mut sim, &[0, 1, 2, 3, 4]);
        sim.run_until(Time::at(200 * SECOND));
        no_execute(&sim).len()
    };
    assert_eq!(tainted_by(0), 0, "the usual order: the zones are judged first");
    let outcomes: std::collections::BTreeSet<usize> = (1..=12).map(tainted_by).collect();
    assert!(outcomes.contains(&0) && outcomes.iter().any(|&nodes| (1..=3).contains(&nodes)), "one of each zone at most: {outcomes:?}");
}
