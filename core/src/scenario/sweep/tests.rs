//! Sweeps through their public face: numbering, purity, ranking.

use proptest::prelude::*;

use super::*;
use crate::cluster::build::{ClusterOptions, build};
use crate::engine::{Sim, SimOptions};
use crate::manifest::{Limits, SourceSet, read};

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|i| format!("{prefix}-{i}")).collect()
}

fn plan(sizes: [usize; 6], replicates: u64) -> Plan {
    let families = Axis::ALL.into_iter().zip(sizes).map(|(axis, size)| Family { axis, names: names(axis.name(), size) }).collect();
    Plan { families, replicates, first_seed: 7, inputs: "inputs".into(), until: None, expectations: Vec::new(), budget: RUN_BUDGET }
}

proptest! {
    #[test]
    fn ordinals_and_runs_are_one_to_one(sizes in prop::array::uniform6(0_usize..40), replicates in 1_u64..5) {
        let plan = plan(sizes, replicates);
        let mut keys = std::collections::BTreeSet::new();
        for ordinal in 0..plan.total() {
            let point = plan.decode(ordinal).expect("below the total");
            prop_assert_eq!(plan.encode(&point), Some(ordinal));
            prop_assert!(point.at.iter().all(|&at| at < plan.families[point.family].names.len()));
            prop_assert!(point.at.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(keys.insert((point.family, point.at, point.replicate)), "no run twice");
        }
        prop_assert_eq!(plan.decode(plan.total()), None);
    }
}

#[test]
fn pairs_of_many_nodes_are_numbered_exactly() {
    let plan = plan([0, 0, 5_000, 0, 0, 0], 1);
    assert_eq!(plan.total(), 12_497_500);
    for ordinal in [0, 1, 2, 12_497_499, 6_000_000, 4_999] {
        let point = plan.decode(ordinal).unwrap();
        assert_eq!(plan.encode(&point), Some(ordinal), "{point:?}");
    }
    assert_eq!(plan.decode(12_497_499).unwrap().at, [4_998, 4_999]);
}

const TWO: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: wide}
spec:
  replicas: 3
  selector: {matchLabels: {app: wide}}
  template:
    metadata: {labels: {app: wide}}
    spec:
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: wide}}}
      containers: [{name: c, image: 'c:1', resources: {requests: {cpu: 500m}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: single}
spec:
  replicas: 1
  selector: {matchLabels: {app: single}}
  template:
    metadata: {labels: {app: single}}
    spec: {containers: [{name: c, image: 'c:1', resources: {requests: {cpu: 500m}}}]}
";

fn settled() -> Sim {
    let manifest = read(SourceSet::single("two.yaml", TWO), &Limits::default());
    Sim::settled(build(&manifest, &ClusterOptions::default()).cluster, &SimOptions::default()).0
}

#[test]
fn a_run_is_a_pure_function_of_plan_and_number() {
    let sim = settled();
    let plan = Plan::new(&[Axis::Zone, Axis::Drain], sim.cluster(), "two".into());
    let forwards: Vec<Row> = (0..plan.total()).filter_map(|ordinal| run_one(&sim, &plan, ordinal)).collect();
    let mut backwards: Vec<Row> = (0..plan.total()).rev().filter_map(|ordinal| run_one(&sim, &plan, ordinal)).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
    assert_eq!(forwards.len() as u64, plan.total());
    assert_eq!(run_one(&sim, &plan, plan.total()), None);
}

#[test]
fn the_single_pod_hurts_most() {
    let sim = settled();
    let plan = Plan::new(&[Axis::Zone, Axis::Rollout], sim.cluster(), "two".into());
    let rows: Vec<Row> = (0..plan.total()).filter_map(|ordinal| run_one(&sim, &plan, ordinal)).collect();
    let worst = rows.iter().max_by_key(|row| row.harm.score).unwrap();
    assert!(worst.steps[0].starts_with("failZone: "), "{worst:?}");
    assert!(worst.harm.reasons[0].text.starts_with("deployment/single had no pod for "), "{:?}", worst.harm);
    assert!(worst.measures.losses[0].outage_ms > 300_000, "tolerated for five minutes: {:?}", worst.measures);
    for row in rows.iter().filter(|row| row.axis == "rollout") {
        assert_eq!(row.harm.score, 0, "a rollout surges first: {:?}", row.harm);
    }
}
