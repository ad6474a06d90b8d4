//! Manifest text in, relations and what hangs on what out.

use super::*;
use crate::cluster::build::{ClusterOptions, build};
use crate::manifest::{Limits, SourceSet, read};

const SHOP: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      containers:
      - name: web
        image: web:v1
        env: [{name: ORDERS, value: 'http://orders:8080'}]
        envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: extra, optional: true}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: orders}
spec:
  replicas: 1
  serviceName: orders
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec: {containers: [{name: orders, image: orders:v1}]}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: web}}
---
{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: orders}, spec: {clusterIP: None, selector: {app: orders}, ports: [{port: 80}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front}
spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
---
{apiVersion: v1, kind: Node, metadata: {name: n1, labels: {topology.kubernetes.io/zone: east}}, status: {capacity: {cpu: 4}}}
---
{apiVersion: v1, kind: Node, metadata: {name: n2, labels: {topology.kubernetes.io/zone: west}}, status: {capacity: {cpu: 4}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: lone, labels: {app: lone}}, spec: {nodeName: n1, containers: [{name: c, image: c}]}}
";

fn graph_of(text: &str, options: GraphOptions) -> Graph {
    let manifest = read(SourceSet::single("shop.yaml", text), &Limits::default());
    let built = build(&manifest, &ClusterOptions::default());
    relate(&manifest, &built.cluster, &options)
}

fn ties(graph: &Graph) -> Vec<String> {
    graph
        .edges()
        .map(|(from, to, e)| format!("{} {} {}", graph.vertex(from).label(), e.relation.word(), graph.vertex(to).label()))
        .collect()
}

fn hits(graph: &Graph, name: &str) -> Vec<String> {
    let gone = find(graph, name).unwrap();
    blast_radius(graph, gone).iter().map(|h| format!("{}: {}", graph.vertex(h.vertex).label(), h.effect.word())).collect()
}

#[test]
fn every_relation_is_found() {
    let graph = graph_of(SHOP, GraphOptions::default());
    let ties = ties(&graph);
    for expected in [
        "deployment/web references configmap/settings",
        "deployment/web references secret/extra",
        "deployment/web references serviceaccount/web",
        "deployment/web calls service/orders",
        "statefulset/orders mounts persistentvolumeclaim/data-orders-*",
        "persistentvolumeclaim/data-orders-* binds storageclass/standard",
        "service/web selects deployment/web",
        "ingress/front routes to service/web",
        "horizontalpodautoscaler/web scales deployment/web",
        "poddisruptionbudget/web protects deployment/web",
        "pod/lone runs on node/n1",
        "node/n1 in zone zone/east",
    ] {
        assert!(ties.iter().any(|t| t == expected), "{expected} is not among {ties:#?}");
    }
    let secret = find(&graph, "secret/extra").unwrap();
    assert!(!graph.vertex(secret).given, "named, not given");
}

#[test]
fn a_loss_spreads_along_what_depends_on_it() {
    let graph = graph_of(SHOP, GraphOptions::default());
    assert_eq!(
        hits(&graph, "deploy/web"),
        [
            "deployment/web: stops",
            "horizontalpodautoscaler/web: idle",
            "service/web: stops",
            "poddisruptionbudget/web: idle",
            "ingress/front: stops"
        ]
    );
    assert_eq!(hits(&graph, "sts/orders"), ["statefulset/orders: stops", "service/orders: stops", "deployment/web: degraded"]);
    assert_eq!(hits(&graph, "cm/settings"), ["configmap/settings: stops", "deployment/web: cannot start anew"]);
    assert_eq!(hits(&graph, "secret/extra"), ["secret/extra: stops"], "optional");
    assert_eq!(hits(&graph, "east"), ["zone/east: stops", "node/n1: stops", "pod/lone: stops"]);
}

#[test]
fn what_stands_alone_is_named() {
    let graph = graph_of(SHOP, GraphOptions::default());
    let points: Vec<String> = single_points_of_failure(&graph).iter().map(|w| graph.vertex(w.point).label()).collect();
    assert_eq!(points, ["statefulset/orders", "pod/lone"]);
}

#[test]
fn names_are_found_as_people_type_them() {
    let graph = graph_of(SHOP, GraphOptions::default());
    assert!(find(&graph, "deploy/wep").is_err_and(|e| e.contains("did you mean `web`")));
    assert!(find(&graph, "web").is_err_and(|e| e.contains("may be any of")));
    assert!(find(&graph, "thing/web").is_err());
    let near = focus(&graph, find(&graph, "ing/front").unwrap(), 1);
    assert_eq!(near.inner.node_count(), 2);
}

#[test]
fn boxes_do_not_overlap_and_the_picture_is_always_the_same() {
    let graph = graph_of(SHOP, GraphOptions { pods: true, places: true });
    let first = layout(&graph);
    assert_eq!(first, layout(&graph_of(SHOP, GraphOptions { pods: true, places: true })));
    for (i, a) in first.places.iter().enumerate() {
        assert!(a.x - a.width / 2 >= 0 && a.x + a.width / 2 <= first.width && a.y + a.height / 2 <= first.height);
        for b in &first.places[i + 1..] {
            let apart = (a.x - b.x).abs() * 2 >= a.width + b.width || (a.y - b.y).abs() * 2 >= a.height + b.height;
            assert!(apart, "{a:?} {b:?}");
        }
    }
}

#[test]
fn hostile_names_stay_text() {
    let hostile = "<script>alert('x')</script>\\\"];\\u001b[31m";
    let text = format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: \"{hostile}\"}}}}\n");
    let graph = graph_of(&text, GraphOptions { places: false, ..GraphOptions::default() });
    assert_eq!(graph.inner.node_count(), 1, "the name is kept");
    let svg = render::svg(&graph, None);
    assert!(!svg.contains("<script") && !svg.contains('\u{1b}'));
    let dot = render::dot(&graph);
    assert!(dot.contains("\\\"];") && !dot.contains('\u{1b}'));
    let mermaid = render::mermaid(&graph);
    assert!(!mermaid.contains('<') && !mermaid.contains('\u{1b}') && !mermaid.lines().nth(1).unwrap().contains("];"));
    assert_eq!(render::json(&graph, None)["vertices"][0]["kind"], "configmap");
}

#[test]
fn a_graph_of_nothing_can_be_drawn() {
    let graph = Graph::default();
    assert!(render::svg(&graph, None).ends_with("</svg>\n"));
    assert!(single_points_of_failure(&graph).is_empty());
}
