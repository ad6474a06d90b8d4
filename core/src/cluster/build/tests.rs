//! Manifest text in, cluster facts out.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::cluster::pod::{Owner, Phase, PodName};
use crate::cluster::template::{QosClass, TaintEffect};
use crate::cluster::workloads::{BudgetRule, DeploymentStrategy, IntOrPercent};
use crate::manifest::{Limits, Manifest, SourceSet, read};

fn manifest(text: &str) -> Manifest {
    read(SourceSet::single("test.yaml", text), &Limits::default())
}

fn built(text: &str) -> Built {
    build(&manifest(text), &ClusterOptions::default())
}

fn ids(built: &Built) -> Vec<&'static str> {
    built.diagnostics.iter().map(|d| d.id.0).collect()
}

const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: registry.example/web
        resources: {limits: {cpu: 500m, memory: 256Mi}}
        readinessProbe: {httpGet: {path: /, port: 80}, initialDelaySeconds: 20}
      - name: side
        image: side:v1
        resources: {requests: {cpu: 100m}}
";

#[test]
fn a_deployment_gets_the_defaults_of_the_api_server() {
    let built = built(WEB);
    let c = &built.cluster;
    let d = &c.deployments[0];
    assert_eq!((d.replicas, d.history_limit, d.progress_deadline), (3, 10, Some(600_000)));
    let quarter = IntOrPercent::Percent(25);
    assert_eq!(d.strategy, DeploymentStrategy::RollingUpdate { max_surge: quarter, max_unavailable: quarter });
    assert_eq!(c.namespace_name(d.meta.namespace), "shop");
    let t = c.template(d.template);
    assert_eq!((t.requests.cpu_milli, t.requests.memory), (600, 256 << 20), "limits become requests");
    assert_eq!(t.nonzero, (600, (256 << 20) + (200 << 20)), "a container without a memory request counts 200 MiB");
    assert_eq!(t.qos, QosClass::Burstable);
    assert_eq!(t.grace, 30_000);
    let images: Vec<&str> = t.images.iter().map(|&i| c.text(i)).collect();
    assert_eq!(images, ["registry.example/web:latest", "side:v1"]);
    let tolerated: Vec<_> = t.tolerations.iter().map(|t| (c.text(t.key), t.effect, t.seconds)).collect();
    let five_minutes = |key| (key, Some(TaintEffect::NoExecute), Some(300));
    assert_eq!(tolerated, [five_minutes("node.kubernetes.io/not-ready"), five_minutes("node.kubernetes.io/unreachable")]);
    assert_eq!(t.behavior.ready, Some(20_000), "the probe's delay");
    assert!(c.text.get("pod-template-hash").is_some_and(|key| t.labels.get(key).is_some()));
    let origin = t.origin.and_then(|o| manifest(WEB).document(o.document)?.span_of(o.pointer));
    assert!(origin.is_some(), "the template knows its place in the text");
}

#[test]
fn without_nodes_three_zones_are_assumed_that_can_lose_one() {
    let built = built(WEB);
    let c = &built.cluster;
    assert_eq!(c.nodes.len(), 3, "{:?}", built.assumptions);
    let zones: Vec<&str> = c.zones.iter().map(|&z| c.text(z)).collect();
    assert_eq!(zones, ["zone-a", "zone-b", "zone-c"]);
    assert!(built.assumptions.iter().any(|a| a.subject == "cluster" && a.value.starts_with("3 nodes of cpu=4,memory=16Gi,pods=110")));

    let large = build(&manifest(&WEB.replace("cpu: 500m", "cpu: 9")), &ClusterOptions::default());
    assert!(large.cluster.nodes.iter().all(|n| n.allocatable.cpu_milli == 16_000), "a node holds the largest pod");
    // Three pods of 9.1 cpu on nodes of 16: one a node, and two zones hold all three.
    assert_eq!(large.cluster.nodes.len(), 6);
    // What no machine could hold makes neither machines larger nor more of them.
    let absurd = build(&manifest(&WEB.replace("cpu: 500m", "cpu: 1e15")), &ClusterOptions::default());
    assert_eq!((absurd.cluster.nodes.len(), absurd.cluster.nodes[0].allocatable.cpu_milli), (3, 4_000));
}

#[test]
fn flags_and_a_cluster_document_say_which_nodes() {
    let options = ClusterOptions {
        zones: vec!["a".into(), "b".into()],
        nodes: Some(5),
        shape: NodeShape::parse("cpu=2,memory=4Gi").ok(),
        ..ClusterOptions::default()
    };
    let flags = build(&manifest(WEB), &options);
    assert_eq!((flags.cluster.nodes.len(), flags.cluster.zones.len()), (5, 2));
    assert!(flags.cluster.nodes.iter().all(|n| n.allocatable.cpu_milli == 2_000 && n.allocatable_pods == 110));

    let pools = built(
        "
apiVersion: wavetank.dev/v1alpha1
kind: Cluster
metadata: {name: mine}
spec:
  nodePools:
  - {name: general, zones: [east, west], count: 3, capacity: {cpu: 8, memory: 32Gi}}
  - {name: spot, count: 1, labels: {tier: spot}, taints: [{key: spot, effect: NoSchedule}]}
",
    );
    assert_eq!(ids(&pools), [] as [&str; 0], "{:?}", pools.diagnostics);
    let c = &pools.cluster;
    let names: Vec<&str> = c.nodes.iter().map(|n| c.text(n.name)).collect();
    assert_eq!(names, ["general-1", "general-2", "general-3", "spot-1"]);
    assert_eq!(c.nodes[0].allocatable.cpu_milli, 8_000);
    assert_eq!(c.nodes[3].taints.len(), 1);
    assert!(!pools.assumptions.iter().any(|a| a.subject == "cluster"));
}

#[test]
fn priorities_come_from_classes() {
    let text = "
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: usual}
value: 7
globalDefault: true
preemptionPolicy: Never
---
apiVersion: v1
kind: Pod
metadata: {name: plain}
spec: {containers: [{name: a, image: a}]}
---
apiVersion: v1
kind: Pod
metadata: {name: vital}
spec: {priorityClassName: system-node-critical, containers: [{name: a, image: a}]}
---
apiVersion: v1
kind: Pod
metadata: {name: lost}
spec: {priorityClassName: nobody, containers: [{name: a, image: a}]}
";
    let built = built(text);
    let priorities: Vec<_> = built.cluster.pods.iter().map(|p| (p.priority, built.cluster.template(p.template).never_preempts)).collect();
    assert_eq!(priorities, [(7, true), (2_000_001_000, false), (0, false)]);
    assert!(ids(&built).contains(&"WT2018"));
}

#[test]
fn label_keys_are_merged_and_spread_gets_its_defaults() {
    let text = WEB.replace(
        "      containers:",
        "      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}, matchLabelKeys: [pod-template-hash]}
      containers:",
    );
    let built = built(&text);
    let c = &built.cluster;
    let spread = &c.template(c.deployments[0].template).spread[0];
    assert_eq!((spread.min_domains, spread.honor_affinity, spread.honor_taints, spread.hard), (1, true, false, true));
    assert!(spread.selector.display(&c.text).starts_with("app=web,pod-template-hash="));
}

#[test]
fn a_dump_keeps_pods_where_they_are() {
    let text = "
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Node
  metadata: {name: n1, labels: {topology.kubernetes.io/zone: east, failure-domain.beta.kubernetes.io/zone: old}}
  status:
    capacity: {cpu: '4', memory: 8Gi, pods: '50'}
    conditions: [{type: Ready, status: 'True', lastTransitionTime: '2026-03-01T00:00:00Z'}]
- apiVersion: apps/v1
  kind: ReplicaSet
  metadata:
    name: web-abc
    annotations: {deployment.kubernetes.io/revision: '4'}
    ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: u, controller: true}]
  spec:
    replicas: 1
    selector: {matchLabels: {app: web, pod-template-hash: abc}}
    template:
      metadata: {labels: {app: web, pod-template-hash: abc}}
      spec: {containers: [{name: web, image: web:v1}]}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web}
  spec:
    selector: {matchLabels: {app: web}}
    template:
      metadata: {labels: {app: web}}
      spec: {containers: [{name: web, image: web:v1}]}
- apiVersion: v1
  kind: Pod
  metadata:
    name: web-abc-x1
    labels: {app: web, pod-template-hash: abc}
    creationTimestamp: '2026-03-02T00:00:00Z'
    ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-abc, uid: u, controller: true}]
  spec:
    nodeName: n1
    containers: [{name: web, image: web:v1, volumeMounts: [{name: kube-api-access-zzz, mountPath: /x}]}]
    volumes: [{name: kube-api-access-zzz, projected: {sources: []}}]
  status:
    phase: Running
    startTime: '2026-03-02T00:00:01Z'
    conditions: [{type: Ready, status: 'True', lastTransitionTime: '2026-03-02T00:00:10Z'}]
    containerStatuses: [{name: web, image: web:v1, imageID: x, ready: true, restartCount: 3}]
";
    let built = built(text);
    let c = &built.cluster;
    assert_eq!(c.zone_name(c.nodes[0].zone), "old", "the beta label counts first");
    assert_eq!((c.nodes[0].allocatable.cpu_milli, c.nodes[0].allocatable_pods), (4_000, 50), "allocatable falls back to capacity");
    let (set, pod) = (&c.replica_sets[0], &c.pods[0]);
    assert_eq!((set.deployment, set.revision, set.pods.len()), (Some(DeploymentId(0)), 4, 1));
    assert_eq!(c.template(set.template).digest, c.template(c.deployments[0].template).digest, "the same revision");
    assert_eq!(pod.owner, Owner::ReplicaSet(ReplicaSetId(0)));
    assert_eq!((pod.node, pod.phase, pod.ready, pod.restarts), (Some(NodeId(0)), Phase::Running, true, 3));
    assert_eq!(pod.template, set.template, "what looks as its owner would make it shares the owner's template");
    assert_eq!(c.nodes[0].pods, [PodId(0)]);
    assert_eq!(pod.ready_since, Time::ZERO, "the latest moment of the dump is now");
    assert_eq!(pod.created, Time::at(-10_000));
}

#[test]
fn stateful_pods_of_a_dump_keep_their_ordinals() {
    let text = "
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: db:v1}]}
  volumeClaimTemplates:
  - {metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, labels: {app: db}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: u, controller: true}]}
spec: {containers: [{name: db, image: db:v1}]}
";
    let built = built(text);
    let c = &built.cluster;
    assert_eq!(c.pods[0].name, PodName::Ordinal(0));
    let volume = &c.template(c.stateful_sets[0].template).volumes[0];
    assert_eq!(c.claim_name(PodId(0), volume).as_deref(), Some("data-db-0"));
    assert!(built.assumptions.iter().any(|a| a.subject == "storageclass/standard"), "a default class is assumed");
    let class = c.stateful_sets[0].claim_templates[0].spec.class.map(|s| c.text(s));
    assert_eq!(class, Some("standard"));
}

#[test]
fn references_that_lead_nowhere_are_told_at_their_place() {
    let text = WEB.replace(
        "        resources: {requests: {cpu: 100m}}",
        "        envFrom: [{configMapRef: {name: gone}}, {secretRef: {name: may, optional: true}}]",
    ) + "
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: none, namespace: shop}
spec: {minAvailable: 50%, selector: {matchLabels: {app: wbe}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: all, namespace: shop}
spec: {maxUnavailable: 1, selector: {}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: more, namespace: shop}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: wbe}, ports: [{port: 80}]}
";
    let built = built(&text);
    assert_eq!(ids(&built), ["WT2015", "WT2011", "WT2012", "WT2013"]);
    assert!(built.diagnostics.iter().all(|d| d.span.is_some()));
    assert_eq!(built.cluster.budgets[0].rule, BudgetRule::MinAvailable(IntOrPercent::Percent(50)));
}

#[test]
fn a_selector_that_misses_its_own_pods_is_an_error_and_the_workload_left_out() {
    let built = built(&WEB.replace("matchLabels: {app: web}", "matchLabels: {app: wob}"));
    assert_eq!(ids(&built), ["WT2010"]);
    assert!(built.cluster.deployments.is_empty());
}

#[test]
fn two_thousand_million_replicas_are_capped_and_told() {
    let built = built(&WEB.replace("replicas: 3", "replicas: 2000000000"));
    assert_eq!(built.cluster.deployments[0].replicas, limits::MAX_REPLICAS);
    assert!(ids(&built).contains(&"WT2001"));
    assert!(built.cluster.nodes.len() <= limits::MAX_NODES);
}

#[test]
fn an_object_can_be_put_into_a_living_cluster() {
    let mut cluster = built(WEB).cluster;
    let mut deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 5, "selector": {"matchLabels": {"app": "web"}},
                 "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:v2"}]}}}});
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "late"}, "status": {"capacity": {"cpu": "1"}}});
    let options = ClusterOptions { now: Time::at(90_000), gaps: Gaps::Keep, epoch: Epoch::Fixed, ..ClusterOptions::default() };
    let objects = objects_from_json(&[deployment.clone(), node]).unwrap();
    let mut builder = Builder::new(&mut cluster, options.clone());
    let changed = builder.insert(&objects[0], None).unwrap();
    assert_eq!(changed, Inserted { thing: Thing::Deployment(DeploymentId(0)), created: false, scaled: Some((3, 5)), rollout: true });
    let added = builder.insert(&objects[1], None).unwrap();
    assert!(added.created);
    assert_eq!((cluster.deployments[0].replicas, cluster.deployments[0].meta.generation), (5, 2));
    assert_eq!(cluster.nodes.last().map(|n| n.created), Some(Time::at(90_000)));

    deployment["spec"]["replicas"] = json!("many");
    assert!(objects_from_json(&[deployment]).is_err());
}

#[test]
fn verbatim_adds_no_tolerations_and_makes_nothing_up() {
    let built = build(&manifest(WEB), &ClusterOptions::verbatim());
    assert!(built.cluster.nodes.is_empty() && built.cluster.template(built.cluster.deployments[0].template).tolerations.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is cut out of, doubled in or overwritten in a manifest: an answer, and no panic.
    #[test]
    fn mutated_documents_never_panic(cuts in proptest::collection::vec((0usize..1500, 0usize..40, "[-a-z0-9{}:, \n%]{0,6}"), 1..6)) {
        let mut text = format!("{WEB}---\napiVersion: v1\nkind: Node\nmetadata: {{name: n, labels: {{a: b}}}}\nspec: {{taints: [{{key: k, effect: NoSchedule}}]}}\nstatus: {{capacity: {{cpu: 4, memory: 1Gi}}}}\n---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: b, namespace: shop}}\nspec: {{minAvailable: 50%, selector: {{}}}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{nodeName: n, containers: [{{name: c, resources: {{limits: {{cpu: 1e9}}}}}}], activeDeadlineSeconds: 5}}\n");
        for (at, length, with) in cuts {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            text.replace_range(at..end, &with);
        }
        let built = built(&text);
        prop_assert!(built.cluster.nodes.len() <= limits::MAX_NODES);
    }
}
