//! Questions about a whole set: which node matters most, which pairs, whether experiments of other tools are what their equal steps are, and
//! what chance does.

use wavetank_core::graph;
use wavetank_core::manifest::SourceSet;
use wavetank_core::report::SeedReport;
use wavetank_core::scenario::sweep::{Axis, Plan, Row, run_one};
use wavetank_core::scenario::{self, Scenario};
use wavetank_core::session::{Session, SessionOptions};

fn session(text: &str) -> Session {
    let session = Session::open(SourceSet::single("set.yaml", text), &SessionOptions::default());
    let errors: Vec<_> = session.diagnostics().iter().filter(|d| d.severity == wavetank_core::manifest::Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    session
}

fn pool(nodes: u32) -> String {
    format!(
        "apiVersion: wavetank.dev/v1alpha1\nkind: Cluster\nmetadata: {{name: all}}\nspec:\n  nodePools:\n    - {{name: node, zones: [zone-a], count: \
         {nodes}, capacity: {{cpu: '4', memory: 16Gi, pods: '110'}}}}\n---\n"
    )
}

/// A workload with a Service of its name, that calls others, one pod a node.
fn service(kind: &str, name: &str, replicas: u32, calls: &str) -> String {
    let headless = if kind == "StatefulSet" { format!("  serviceName: {name}\n") } else { String::new() };
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n{headless}  selector: {{matchLabels: {{app: \
         {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      affinity:\n        podAntiAffinity:\n          \
         requiredDuringSchedulingIgnoredDuringExecution:\n            - {{topologyKey: kubernetes.io/hostname, labelSelector: {{matchLabels: {{app: \
         {name}}}}}}}\n      containers:\n        - name: app\n          image: {name}:1\n          env: [{{name: CALLS, value: \
         '{calls}'}}]\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: {name}}}, ports: [{{port: 80}}]}}\n---\n"
    )
}

fn rows(session: &Session, axis: Axis, expect: &str) -> Vec<Row> {
    let mut plan = Plan::new(&[axis], session.cluster(), "set".to_owned());
    if !expect.is_empty() {
        let text =
            format!("apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: s}}\nspec:\n  expect:\n    - always: {expect}\n");
        let manifest = wavetank_core::manifest::read(SourceSet::single("s.yaml", text), &Default::default());
        plan.expectations = scenario::read(&manifest).0.remove(0).expectations;
    }
    (0..plan.total()).filter_map(|ordinal| run_one(session.settled(), &plan, ordinal)).collect()
}

fn is_broken(row: &&Row) -> bool {
    row.harm.reasons.iter().any(|reason| reason.text.starts_with("does not hold"))
}

/// Case X3: four services call one of which there is one pod.
#[test]
fn the_node_of_a_single_point_ranks_first() {
    let callers: String = ["cart", "checkout", "search", "stock"].map(|name| service("Deployment", name, 2, "http://config:80")).concat();
    let set = |replicas| format!("{}{}{callers}", pool(6), service("Deployment", "config", replicas, ""));
    let single = session(&set(1));
    let on =
        single.cluster().live_pods().find(|(id, _)| single.cluster().pod_name(*id).starts_with("config-")).and_then(|(_, pod)| pod.node);
    let node = on.map(|id| single.cluster().text(single.cluster().node(id).name).to_owned()).expect("it is placed");
    let mut ranked = rows(&single, Axis::Node, "");
    ranked.sort_by_key(|row| std::cmp::Reverse(row.harm.score));
    assert_eq!(ranked[0].steps, [format!("failNode: {node}")]);
    assert!(ranked[0].harm.score > 10 * ranked[1].harm.score, "{} against {}", ranked[0].harm.score, ranked[1].harm.score);
    let graph = graph::relate(single.manifest(), single.cluster(), &graph::GraphOptions { pods: false, places: true });
    let gone = graph::find(&graph, &format!("node/{node}")).expect("the node is drawn");
    let hit: Vec<String> = graph::blast_radius(&graph, gone).iter().map(|hit| graph.vertex(hit.vertex).name.clone()).collect();
    for name in ["config", "cart", "checkout", "search", "stock"] {
        assert!(hit.iter().any(|hit| hit == name), "{name} is not among {hit:?}");
    }
    let spread = session(&set(2));
    assert!(rows(&spread, Axis::Node, "").iter().all(|row| row.measures.losses.iter().all(|loss| loss.outage_ms == 0)));
}

/// Case X5: of twelve nodes three hold a member each.
#[test]
fn of_all_pairs_exactly_those_that_hold_two_members_lose_the_quorum() {
    let set = session(&format!("{}{}", pool(12), service("StatefulSet", "db", 3, "")));
    let promise = "workload(\"statefulset/db\").serving >= 2";
    let pairs = rows(&set, Axis::NodePair, promise);
    assert_eq!(pairs.len(), 66);
    let holders: Vec<String> = {
        let cluster = set.cluster();
        let nodes = cluster.live_pods().filter_map(|(_, pod)| pod.node);
        nodes.map(|id| format!("failNode: {}", cluster.text(cluster.node(id).name))).collect()
    };
    let broken: Vec<&Row> = pairs.iter().filter(is_broken).collect();
    assert_eq!(broken.len(), 3);
    assert!(broken.iter().all(|row| row.steps.iter().all(|step| holders.contains(step))));
    assert_eq!(rows(&set, Axis::Node, promise).iter().filter(is_broken).count(), 0, "one at a time does no harm");
}

/// Case X6: experiments are run as the steps that equal them.
#[test]
fn an_experiment_leaves_the_trace_of_its_equal_steps() {
    let set = format!("{}{}", pool(3), service("Deployment", "web", 3, ""));
    let mesh = "apiVersion: chaos-mesh.org/v1alpha1\nkind: PodChaos\nmetadata: {name: kill}\nspec:\n  action: pod-kill\n  mode: fixed\n  value: '3'\n  \
                selector: {namespaces: [default], labelSelectors: {app: web}}\n";
    let litmus = "apiVersion: litmuschaos.io/v1alpha1\nkind: ChaosEngine\nmetadata: {name: drain}\nspec:\n  experiments:\n    - name: node-drain\n      \
                  spec: {components: {env: [{name: TARGET_NODE, value: node-1}, {name: TOTAL_CHAOS_DURATION, value: '90'}]}}\n";
    let steps = |text: &str| format!("apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: own}}\nspec:\n  steps:\n{text}");
    let trace = |document: &str| {
        let session = session(&format!("{set}{document}"));
        let (scenarios, told) = scenario::read(session.manifest());
        assert_eq!(scenarios.len(), 1, "{told:?}");
        let run = session.run(&scenarios[0]);
        assert!(run.trace().len() > 10, "something happens");
        run.trace().digest()
    };
    assert_eq!(trace(mesh), trace(&steps("    - {at: 0s, killPods: {workload: deployment/web, pods: 3, gracePeriod: 0s}}\n")));
    let by_hand = "    - {at: 0s, drain: {node: node-1, force: true}}\n    - {at: 90s, uncordon: node-1}\n";
    assert_eq!(trace(litmus), trace(&steps(by_hand)));
    let slow = "apiVersion: chaos-mesh.org/v1alpha1\nkind: NetworkChaos\nmetadata: {name: slow}\nspec: {action: bandwidth, bandwidth: {rate: 1mbps}}\n";
    let unread = session(&format!("{set}{slow}"));
    let (scenarios, told) = scenario::read(unread.manifest());
    assert!(scenarios.is_empty());
    assert!(told.iter().any(|d| d.id.0 == "WT4015" && d.message.contains("NetworkChaos")), "{told:?}");
}

/// Case X7, on case R13: how often an order ends askew, and that a seed is one order for ever.
#[test]
fn chance_is_a_number_and_a_seed_replays() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/R/R13.yaml")).expect("the case is there");
    let documents: Vec<&str> = text.split("\n---\n").collect();
    let set: Vec<&str> = documents.iter().filter(|d| !d.contains("kind: Scenario")).copied().collect();
    let even = "    - finally: workload(\"deployment/web\").nodes.size() == 3\n      name: no node is empty\n";
    let steps = "  steps:\n    - {at: 0s, rollout: {workload: deployment/web, image: 'web:2'}}\n";
    let own = format!("apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: x7}}\nspec:\n{steps}  expect:\n{even}");
    let session = session(&format!("{}\n---\n{own}", set.join("\n---\n")));
    let scenario: Scenario = scenario::read(session.manifest()).0.remove(0);
    let runs = |seeds: std::ops::Range<u64>| seeds.map(|seed| session.fare_with_seed(&scenario, seed)).collect::<Vec<_>>();
    let askew = |runs: &[_]| {
        let report = SeedReport::of(runs).expect("there are runs");
        let promise = report.subjects.iter().find(|subject| subject.name == "no node is empty").expect("it is asked");
        assert!(!promise.certain, "both happen");
        let failing = promise.outcomes.iter().find(|o| o.outcome == "does not hold").expect("it happens");
        (failing.seeds * 100 / report.seeds, failing.smallest_seed, report)
    };
    let (first, second) = (runs(1..501), runs(501..1001));
    let ((share, seed, report), (other, ..)) = (askew(&first), askew(&second));
    assert!(share.abs_diff(other) <= 8, "{share} % of one half, {other} % of the other");
    assert_eq!(report.smallest_failing(), Some(seed));
    let again = session.at_seed(seed);
    assert_eq!(again.run(&scenario).trace().digest(), session.at_seed(seed).run(&scenario).trace().digest());
    assert_eq!(again.run(&scenario).fared(&again), first[seed as usize - 1]);
}
