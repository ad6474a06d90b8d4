//! The engine as a whole: what must hold holds, what does not is told, and a run in circles says which.

use super::{Ended, Sim, SimOptions, cycle};
use crate::cluster::build::{ClusterOptions, build};
use crate::cluster::ids::{NodeId, PodId};
use crate::engine::invariants::Rule;
use crate::manifest::{Limits, SourceSet, read};
use crate::trace::{Change, Subject, Trace};
use crate::units::rng::Chance;
use crate::units::time::{MINUTE, SECOND, Time};

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web:1, resources: {requests: {cpu: 500m}}}]
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, matchLabelKeys: [pod-template-hash], labelSelector: {matchLabels: {app: web}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
";

fn settled(text: &str) -> (Sim, Ended) {
    let (sim, _, ended) = settling(text);
    (sim, ended)
}

fn settling(text: &str) -> (Sim, Trace, Ended) {
    let built = build(&read(SourceSet::single("world.yaml", text), &Limits::default()), &ClusterOptions::default());
    Sim::settled(built.cluster, &SimOptions { check_invariants: true, ..SimOptions::default() })
}

#[test]
fn each_revision_counts_its_own_pods() {
    let (sim, _) = settled(WEB);
    let cluster = sim.cluster();
    for (id, _) in cluster.live_pods() {
        let constraint = &cluster.template_of(id).spread[0];
        assert!(cluster.pod_labels(id).match_selector(&constraint.selector, &cluster.text), "a pod counts among its own");
    }
    assert_eq!(cluster.live_pods().count(), 4);
}

#[test]
fn nothing_is_violated_when_a_node_dies() {
    let (mut sim, _) = settled(WEB);
    let node = sim.cluster().pod(PodId::from_index(0)).node.expect("it is placed");
    sim.api_mut().set_machine_alive(node, false);
    sim.run_until(Time::ZERO + 20 * MINUTE);
    assert_eq!(sim.violations(), []);
    assert!(sim.cluster().pods.len() > 4, "the lost pod was replaced");
}

/// A node with room for three pods, taken by two that wait for their volumes and one that an autoscaler gives a companion of its priority.
const WAITING: &str = "apiVersion: v1
kind: Node
metadata: {name: only, labels: {kubernetes.io/hostname: only}}
status: {allocatable: {cpu: 8, memory: 8Gi, pods: 3}, capacity: {cpu: 8, memory: 8Gi, pods: 3}}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: disk}, provisioner: csi.example, volumeBindingMode: WaitForFirstConsumer}
---
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 1000}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: data}
spec:
  replicas: 2
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: data}}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], storageClassName: disk, resources: {requests: {storage: 1Gi}}}}]
  template:
    metadata: {labels: {app: data}}
    spec: {containers: [{name: data, image: 'data:1', resources: {requests: {cpu: 100m}}, volumeMounts: [{name: data, mountPath: /data}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: vip}
spec:
  selector: {matchLabels: {app: vip}}
  template:
    metadata: {labels: {app: vip}}
    spec: {priorityClassName: high, containers: [{name: vip, image: 'vip:1', resources: {requests: {cpu: 100m}}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: vip}
spec: {minReplicas: 2, maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: vip}}
";

#[test]
fn a_pod_that_waits_for_its_volume_holds_its_room_until_it_is_preempted() {
    let (sim, trace, _) = settling(WAITING);
    let cluster = sim.cluster();
    assert_eq!(sim.violations(), []);
    let placed = |of: &str| cluster.live_pods().filter(|(id, pod)| pod.node.is_some() && cluster.pod_full_name(*id).contains(of)).count();
    assert_eq!((placed("vip"), placed("data")), (2, 1));
    let said = |wanted: &str| trace.records().iter().any(|r| trace.event(cluster, r).is_some_and(|event| event.message.contains(wanted)));
    assert!(said("on node only (in kube-scheduler memory)."), "the pod is not deleted, it only gives up its room");
    assert!(!cluster.pods.iter().any(|pod| pod.deletion.is_some()));
    assert!(said("0/1 nodes are available: 1 Too many pods."), "and tries again");
}

#[test]
fn what_does_not_hold_is_told() {
    let (mut sim, _) = settled(WEB);
    let pod = PodId::from_index(0);
    let own = sim.cluster().pod(pod).node.expect("it is placed");
    // A pod that vanishes from its node's list without the API server.
    let node = &mut sim.api_mut().cluster_mut().nodes[own.index()];
    node.pods.retain(|&p| p != pod);
    sim.run_until(Time::ZERO + SECOND);
    assert_eq!(sim.violations().first().map(|v| v.rule), Some(Rule::Conservation));
}

#[test]
fn a_run_in_circles_says_which() {
    // The kubelet refuses what names its node and does not fit, and the ReplicaSet makes another, for ever.
    let text = WEB.replace("containers:", "nodeName: n1\n      containers:").replace("500m", "3")
        + "---\napiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {allocatable: {cpu: '4', memory: 8Gi, pods: '20'}}\n";
    let built = build(&read(SourceSet::single("world.yaml", text), &Limits::default()), &ClusterOptions::default());
    let (sim, trace, ended) = Sim::settled(built.cluster, &SimOptions { budget: Some(5_000), ..SimOptions::default() });
    assert_eq!(ended, Ended::BudgetSpent);
    let round = cycle::told(&trace, sim.cluster()).expect("it repeats");
    assert!(round.contains("a pod of deployment/web is created"), "{round}");
}

#[test]
fn a_circle_whose_order_changes_is_told_too() {
    let (sim, _) = settled(WEB);
    let node = Subject::Node(NodeId::from_index(0));
    let changes = [Change::NodeCordoned, Change::NodeUncordoned, Change::NodeAdded, Change::Rollout];
    let mut draws = Chance::new(7, "circles");
    let mut trace = Trace::default();
    for at in 0..3_000 {
        trace.push(Time::at(at), None, node, changes[draws.below(4) as usize]);
    }
    let round = cycle::told(&trace, sim.cluster()).expect("the same four all the time");
    assert!(round.ends_with("again and again in changing order"), "{round}");
    // What goes on to something else all the time is no circle, however often each thing happens.
    let mut trace = Trace::default();
    for at in 0..600 {
        trace.push(Time::at(at), None, node, changes[at as usize / 150]);
    }
    assert_eq!(cycle::told(&trace, sim.cluster()), None);
}
