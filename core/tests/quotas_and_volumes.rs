//! Quotas, limit ranges and attachments, through manifests and a running simulation.

use proptest::prelude::*;
use wavetank_core::cluster::build::{Behaviors, ClusterOptions, build};
use wavetank_core::cluster::ids::PodId;
use wavetank_core::cluster::pod::Phase;
use wavetank_core::engine::{Sim, SimOptions};
use wavetank_core::manifest::{Limits, Object, SourceSet, read};
use wavetank_core::trace::{DeleteReason, Subject};
use wavetank_core::units::quantity::Quantity;
use wavetank_core::units::time::Time;

const NODES: &str = "apiVersion: v1
kind: Node
metadata: {name: n1, labels: {topology.kubernetes.io/zone: a}}
status: {allocatable: {cpu: 8, memory: 16Gi, pods: 110}, capacity: {cpu: 8, memory: 16Gi, pods: 110}}
---
apiVersion: v1
kind: Node
metadata: {name: n2, labels: {topology.kubernetes.io/zone: a}}
status: {allocatable: {cpu: 8, memory: 16Gi, pods: 110}, capacity: {cpu: 8, memory: 16Gi, pods: 110}}
---
";

fn simulation(manifests: &str) -> Sim {
    let manifest = read(SourceSet::single("input.yaml", format!("{NODES}{manifests}")), &Limits::default());
    let built = build(&manifest, &ClusterOptions::default());
    Sim::new(built.cluster, &SimOptions::default(), Time::ZERO)
}

fn pod(name: &str, resources: &str) -> Object {
    let value = serde_json::json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [{
            "name": "app", "image": "app:1",
            "resources": serde_json::from_str::<serde_json::Value>(resources).unwrap_or_default(),
        }]},
    });
    Object::from_value(value).expect("a pod")
}

/// What the API server says to a pod; nothing if it takes it.
fn refusal(sim: &mut Sim, name: &str, resources: &str) -> String {
    let applied = sim.api_mut().apply(&pod(name, resources), None, &Behaviors::default());
    applied.err().map(|refusal| refusal.message).unwrap_or_default()
}

fn events(sim: &Sim, reason: &str) -> Vec<(Time, Subject, String)> {
    let api = sim.api();
    let told = api.trace().records().iter().filter_map(|r| Some((r, api.trace().event(sim.cluster(), r)?)));
    told.filter(|(_, event)| event.reason == reason).map(|(r, event)| (r.time, r.subject, event.message.into_owned())).collect()
}

#[test]
fn a_quota_refuses_in_the_words_of_the_api_server() {
    let mut sim = simulation(
        "{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {requests.memory: 100Mi, pods: 3, limits.cpu: 2}}}",
    );
    let small = r#"{"requests": {"memory": "64Mi"}, "limits": {"cpu": "500m"}}"#;
    assert_eq!(refusal(&mut sim, "a", small), "");
    assert_eq!(
        refusal(&mut sim, "b", small),
        "pods \"b\" is forbidden: exceeded quota: q, requested: requests.memory=64Mi, used: requests.memory=64Mi, limited: requests.memory=100Mi"
    );
    assert_eq!(
        refusal(&mut sim, "c", "{}"),
        "pods \"c\" is forbidden: failed quota: q: must specify limits.cpu for: app; requests.memory for: app"
    );
    let quota = &sim.cluster().quotas[0];
    assert_eq!(quota.used.get("limits.cpu").map(Quantity::to_string).as_deref(), Some("500m"));
}

#[test]
fn limit_ranges_fill_in_and_refuse() {
    let mut sim = simulation(
        "{apiVersion: v1, kind: LimitRange, metadata: {name: l}, spec: {limits: [
            {type: Container, default: {cpu: 300m}, min: {memory: 8Mi}, maxLimitRequestRatio: {cpu: 2}}, {type: Pod, max: {cpu: 500m}}]}}",
    );
    assert_eq!(refusal(&mut sim, "a", r#"{"requests": {"memory": "8Mi"}}"#), "");
    assert_eq!(sim.cluster().template_of(PodId(0)).requests.cpu_milli, 300, "the default limit is the request, too");
    assert_eq!(refusal(&mut sim, "b", "{}"), "");
    assert_eq!(sim.cluster().template_of(PodId(1)).requests.memory, 8 << 20, "the least is requested where nothing is");
    assert_eq!(
        refusal(&mut sim, "c", r#"{"requests": {"memory": "4Mi", "cpu": "200m"}, "limits": {"cpu": "600m"}}"#),
        "pods \"c\" is forbidden: [minimum memory usage per Container is 8Mi, but request is 4Mi, cpu max limit to request ratio per Container is 2, \
         but provided ratio is 3.000000, maximum cpu usage per Pod is 500m, but limit is 600m]"
    );
}

#[test]
fn freed_quota_is_used_after_the_back_off() {
    let mut sim = simulation(
        "{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {pods: 1}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 2, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}},
  spec: {containers: [{name: app, image: app:1}]}}}}",
    );
    sim.run_until(Time::at(20_000));
    assert_eq!(sim.cluster().live_pods().count(), 1);
    let refused = events(&sim, "FailedCreate");
    assert!(refused.len() > 8, "5 ms doubling: {}", refused.len());
    assert!(refused.iter().all(|(_, _, text)| text.ends_with("exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1")));
    let names: std::collections::BTreeSet<&str> = refused.iter().filter_map(|(_, _, text)| text.split('"').nth(1)).collect();
    assert!(names.len() > 8, "a new name at each try");
    sim.api_mut().delete_pod(PodId(0), None, DeleteReason::User);
    sim.run_until(Time::at(120_000));
    assert_eq!(sim.cluster().live_pods().count(), 1, "the freed place is taken, and no more");
    assert_eq!(sim.cluster().pods.len(), 2);
}

const ONE_VOLUME: &str = "apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: disk}
provisioner: csi.example.com
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: c}
spec: {accessModes: [ReadWriteOnce], storageClassName: disk, resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: db}
spec:
  replicas: 1
  strategy: {type: Recreate}
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: app, image: db:1, volumeMounts: [{name: d, mountPath: /d}]}]
      tolerations: [{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 0}]
      volumes: [{name: d, persistentVolumeClaim: {claimName: c}}]
";

/// The node that the only running pod is on.
fn place(sim: &Sim) -> Option<String> {
    let (_, pod) = sim.cluster().live_pods().find(|(_, p)| p.phase == Phase::Running && p.deletion.is_none())?;
    pod.node.map(|node| sim.cluster().text(sim.cluster().node(node).name).to_owned())
}

#[test]
fn a_volume_leaves_a_dead_node_six_minutes_after_its_pod() {
    let mut sim = simulation(ONE_VOLUME);
    sim.run_until(Time::at(60_000));
    let first = place(&sim).expect("it runs");
    let node = sim.cluster().node_named(&first).expect("its node");
    sim.api_mut().set_machine_alive(node, false);
    sim.run_until(Time::at(1_000_000));
    assert_eq!(sim.cluster().live_pods().count(), 2, "the old one can't be confirmed gone, the new one waits");
    assert_ne!(place(&sim), Some(first.clone()));
    let told = events(&sim, "FailedAttachVolume");
    assert_eq!(told.len(), 1, "said once");
    assert!(told[0].2.contains("Volume is already used by pod(s) db-"), "{}", told[0].2);
    let old = sim.cluster().live_pods().find(|(_, p)| p.deletion.is_some()).map(|(id, _)| id).expect("it terminates");
    // Where nothing is left to happen the clock stands still.
    let now = sim.now();
    sim.api_mut().delete_pod(old, Some(0), DeleteReason::User);
    sim.run_until(now + 359_000);
    assert_eq!(place(&sim), None);
    sim.run_until(now + 380_000);
    assert_ne!(place(&sim), Some(first));
    assert!(place(&sim).is_some());
}

#[test]
fn out_of_service_frees_a_volume_at_once() {
    let mut sim = simulation(ONE_VOLUME);
    sim.run_until(Time::at(60_000));
    let first = place(&sim).expect("it runs");
    let node = sim.cluster().node_named(&first).expect("its node");
    sim.api_mut().set_machine_alive(node, false);
    sim.run_until(Time::at(200_000));
    let key = sim.api().known().out_of_service;
    let effect = wavetank_core::cluster::template::TaintEffect::NoExecute;
    let taint = wavetank_core::cluster::node::Taint { key, value: wavetank_core::units::intern::Sym::EMPTY, effect };
    sim.api_mut().add_taint(node, taint);
    sim.run_until(Time::at(300_000));
    assert!(place(&sim).is_some_and(|place| place != first), "{:?}", place(&sim));
}

#[test]
fn a_claim_in_use_goes_with_its_last_pod_and_its_volume_after_it() {
    let mut sim = simulation(ONE_VOLUME);
    sim.run_until(Time::at(60_000));
    sim.api_mut().delete_claim(wavetank_core::cluster::ids::ClaimId(0));
    sim.run_until(Time::at(70_000));
    let claim = &sim.cluster().storage.claims[0];
    assert!(claim.deleting && !claim.gone, "a pod uses it");
    let deployment = wavetank_core::cluster::Workload::Deployment(wavetank_core::cluster::ids::DeploymentId(0));
    sim.api_mut().delete_workload(deployment);
    sim.run_until(Time::at(100_000));
    assert!(sim.cluster().storage.claims[0].gone);
    assert!(sim.cluster().storage.volumes[0].gone, "reclaimPolicy is Delete");
    assert!(sim.cluster().storage.attachments.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// What a quota says is used is the sum over the pods that count, and never more than it allows.
    #[test]
    fn a_quota_counts_what_is_there(steps in prop::collection::vec((0u8..4, 0u32..12, 1i64..400), 1..40)) {
        let mut sim = simulation("{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {pods: 6, requests.cpu: 1}}}");
        let mut now = 0;
        for (number, (what, which, milli)) in steps.into_iter().enumerate() {
            let known = sim.cluster().pods.len() as u32;
            match what {
                0 | 1 => {
                    let resources = format!(r#"{{"requests": {{"cpu": "{milli}m"}}}}"#);
                    let _ = sim.api_mut().apply(&pod(&format!("p{number}"), &resources), None, &Behaviors::default());
                }
                2 if known > 0 => sim.api_mut().delete_pod(PodId(which % known), None, DeleteReason::User),
                3 if known > 0 => {
                    let id = PodId(which % known);
                    if !sim.cluster().pod(id).gone && !sim.cluster().pod(id).phase.is_terminal() {
                        sim.api_mut().fail_pod(id, "Evicted", "no memory");
                    }
                }
                _ => {}
            }
            now += milli * 20;
            sim.run_until(Time::at(now));
            let counted: Vec<PodId> = sim.cluster().live_pods().filter(|(_, p)| !p.phase.is_terminal()).map(|(id, _)| id).collect();
            let cpu: i64 = counted.iter().map(|&id| sim.cluster().template_of(id).requests.cpu_milli).sum();
            let used = &sim.cluster().quotas[0].used;
            prop_assert_eq!(used.get("pods").map(Quantity::value), Some(counted.len() as i64));
            prop_assert_eq!(used.get("requests.cpu").map(Quantity::milli_value), Some(cpu));
            prop_assert!(counted.len() <= 6 && cpu <= 1_000);
        }
    }
}
