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

/// The middle of every box by its label.
fn kept(graph: &Graph, layout: &Layout) -> Kept {
    graph.vertices().map(|(at, vertex)| (vertex.label(), (layout.places[at.index()].x, layout.places[at.index()].y))).collect()
}

fn assert_apart(layout: &Layout) {
    for (i, a) in layout.places.iter().enumerate() {
        assert!(a.x - a.width / 2 >= 0 && a.x + a.width / 2 <= layout.width && a.y + a.height / 2 <= layout.height);
        for b in &layout.places[i + 1..] {
            let apart = (a.x - b.x).abs() * 2 >= a.width + b.width || (a.y - b.y).abs() * 2 >= a.height + b.height;
            assert!(apart, "{a:?} {b:?}");
        }
    }
}

#[test]
fn everything_keeps_its_place_while_something_else_changes() {
    let before = graph_of(SHOP, GraphOptions::default());
    let first = layout(&before);
    let places = kept(&before, &first);
    assert_eq!(layout_kept(&before, &Kept::new()), first, "nothing to keep: a new picture");
    assert_eq!(layout_kept(&before, &places).places, first.places, "nothing changed: the same picture");
    let more = "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: added}}\n---\n{apiVersion: v1, kind: Service, metadata: {name: second}, spec: {selector: {app: web}, ports: [{port: 80}]}}\n";
    let changes = [
        format!("{SHOP}{more}"),
        SHOP.replace("replicas: 2", "replicas: 7"),
        SHOP.replace("{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}\n---\n", ""),
        SHOP.replace("name: front", "name: entrance"),
    ];
    for text in changes {
        let after = graph_of(&text, GraphOptions::default());
        let second = layout_kept(&after, &places);
        assert_apart(&second);
        for (label, place) in kept(&after, &second) {
            assert!(places.get(&label).is_none_or(|was| *was == place), "{label} was at {:?} and is at {place:?}", places[&label]);
        }
        assert_eq!(second, layout_kept(&after, &places), "the same every time");
        // Back again: where it was.
        assert_eq!(layout_kept(&before, &kept(&after, &second)).places.len(), first.places.len());
    }
}

#[test]
fn much_that_is_new_moves_nothing_and_much_that_is_gone_makes_a_new_picture() {
    let small = graph_of(SHOP, GraphOptions::default());
    let many: String = (0..60).map(|n| format!("---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: added-{n}}}}}\n")).collect();
    let large = graph_of(&format!("{SHOP}{many}"), GraphOptions::default());
    let (of_small, of_large) = (kept(&small, &layout(&small)), kept(&large, &layout(&large)));
    assert!(of_small.len() * 2 < of_large.len());
    let grown = layout_kept(&large, &of_small);
    assert_apart(&grown);
    assert!(of_small.iter().all(|(label, place)| kept(&large, &grown).get(label) == Some(place)));
    assert_eq!(layout_kept(&small, &of_large), layout(&small));
}

#[test]
fn places_that_cannot_be_are_not_kept() {
    let graph = graph_of(SHOP, GraphOptions::default());
    let same: Kept = graph.vertices().map(|(_, vertex)| (vertex.label(), (200, 46))).collect();
    assert_apart(&layout_kept(&graph, &same));
    let far: Kept = graph.vertices().map(|(_, vertex)| (vertex.label(), (i32::MAX, i32::MIN))).collect();
    assert_apart(&layout_kept(&graph, &far));
}

#[test]
fn policies_say_who_is_let_through() {
    let policy = "---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: orders}
spec:
  podSelector: {matchLabels: {app: orders}}
  ingress:
  - from:
    - podSelector: {matchExpressions: [{key: app, operator: In, values: [web]}]}
    - ipBlock: {cidr: 10.0.0.0/8}
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: elsewhere}}
";
    let graph = graph_of(&format!("{SHOP}{policy}"), GraphOptions::default());
    let all = ties(&graph);
    let own: Vec<&str> = all.iter().filter(|tie| tie.starts_with("networkpolicy/")).map(String::as_str).collect();
    assert_eq!(own, ["networkpolicy/orders allows deployment/web", "networkpolicy/orders restricts statefulset/orders"]);
}

/// So many applications in so many namespaces, each a Deployment, its Service and its ConfigMap.
fn many(namespaces: usize, apps: usize) -> String {
    let mut text = String::new();
    for space in 0..namespaces {
        for app in 0..apps {
            text.push_str(&format!(
                "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a{app}, namespace: n{space}}}, spec: {{replicas: 2, selector: {{matchLabels: {{app: a{app}}}}}, template: {{metadata: {{labels: {{app: a{app}}}}}, spec: {{containers: [{{name: c, image: c, envFrom: [{{configMapRef: {{name: a{app}-settings}}}}]}}]}}}}}}}}\n---\n\
                 {{apiVersion: v1, kind: Service, metadata: {{name: a{app}-web, namespace: n{space}}}, spec: {{selector: {{app: a{app}}}, ports: [{{port: 80}}]}}}}\n---\n\
                 {{apiVersion: v1, kind: ConfigMap, metadata: {{name: a{app}-settings, namespace: n{space}}}}}\n---\n"
            ));
        }
    }
    text
}

#[test]
fn many_objects_are_drawn_as_few_and_one_can_be_opened() {
    let options = GraphOptions { places: false, ..GraphOptions::default() };
    assert_eq!(Grain::fitting(&graph_of(SHOP, options)), Grain::Objects);
    let graph = graph_of(&many(20, 20), options);
    assert_eq!(Grain::fitting(&graph), Grain::Namespaces);
    assert_eq!(Grain::fitting(&graph_of(&many(4, 20), options)), Grain::Apps);
    let draw = |grain: Grain, turned: &[&str]| {
        let turned = turned.iter().map(|key| (*key).to_owned()).collect();
        fold(&graph, &Folding { grain, turned, places: false })
    };
    let folded = draw(Grain::Namespaces, &[]);
    assert_eq!(folded.graph.inner.node_count(), 20);
    assert_eq!(folded.graph.vertices().map(|(_, v)| v.wanted.unwrap_or(0)).sum::<i32>(), 800, "no pod is lost");
    assert_eq!(draw(Grain::Namespaces, &["n3"]).graph.inner.node_count(), 19 + 20, "an open namespace shows its applications");
    assert_eq!(draw(Grain::Namespaces, &["n3", "n3/a1"]).graph.inner.node_count(), 19 + 19 + 3);
    let apps = draw(Grain::Apps, &["n3/a1"]);
    assert_eq!(apps.graph.inner.node_count(), 400 + 2);
    let opened: Vec<String> = ties(&apps.graph);
    assert_eq!(opened, ["n3/deployment/a1 references n3/configmap/a1-settings", "n3/service/a1-web selects n3/deployment/a1"]);
    assert!(apps.of.iter().all(Option::is_some));
    assert_apart(&layout(&apps.graph));
}
