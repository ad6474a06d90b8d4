//! The examples of `static/examples`: each is read without a complaint, can be drawn, tells a story that is true, and has a change
//! that makes it untrue.

use std::fs;
use std::path::Path;

use wavetank_core::cluster::build::{ClusterOptions, build};
use wavetank_core::graph::{GraphOptions, relate, render};
use wavetank_core::manifest::{Limits, Manifest, Severity, SourceSet, read};
use wavetank_core::scenario::{self, Verdict};
use wavetank_core::session::{Session, SessionOptions};
use wavetank_tests::{examples, sources};

fn manifest(example: &Path) -> Manifest {
    read(sources(example), &Limits::default())
}

#[test]
fn every_example_promises_something_and_has_a_scenario() {
    let examples = examples();
    assert!(examples.len() >= 9, "{examples:?}");
    for example in examples {
        let readme = fs::read_to_string(example.join("README.md")).unwrap();
        assert!(readme.starts_with("# "), "{}: a README begins with its title", example.display());
        let (scenarios, told) = scenario::read(&manifest(&example));
        assert_eq!(told, [], "{}", example.display());
        assert!(scenarios.iter().all(|s| !s.steps.is_empty() && !s.expectations.is_empty()), "{}", example.display());
        assert_eq!(scenarios.len(), 1, "{}", example.display());
    }
}

#[test]
fn every_example_is_built_without_a_complaint() {
    for example in examples() {
        let manifest = manifest(&example);
        assert_eq!(manifest.diagnostics, [], "{}", example.display());
        let built = build(&manifest, &ClusterOptions::default());
        let complaints: Vec<_> = built.diagnostics.iter().filter(|d| d.severity <= Severity::Warning).collect();
        assert!(complaints.is_empty(), "{}: {complaints:?}", example.display());
        assert!(!built.cluster.nodes.is_empty() && built.assumptions.iter().all(|a| a.subject != "cluster"), "{}", example.display());
    }
}

#[test]
fn every_example_can_be_drawn() {
    for example in examples() {
        let manifest = manifest(&example);
        let built = build(&manifest, &ClusterOptions::default());
        let graph = relate(&manifest, &built.cluster, &GraphOptions::default());
        assert!(graph.vertices().all(|(_, v)| v.given), "{}: something is named and not given", example.display());
        assert!(render::svg(&graph, None).contains("</svg>"));
    }
}

const NEAR_OR_NOT_AT_ALL: &str = "          requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: topology.kubernetes.io/zone
              labelSelector:
                matchLabels: {app: postgres}
";

const RATHER_NEAR: &str = "          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: topology.kubernetes.io/zone
                labelSelector:
                  matchLabels: {app: postgres}
";

/// An example, a change that its README proposes, and what the change makes untrue of the story.
const TWINS: &[(&str, &str, &str, &str)] = &[
    ("blocked-drain", "sessions.yaml", "minAvailable: 3", "minAvailable: 2"),
    ("daemonset-rollout", "collector.yaml", "maxUnavailable: 1", "maxUnavailable: 2"),
    ("job-on-spot", "render.yaml", "nodeSelector: {pool: spot}", "nodeSelector: {}"),
    ("memory-cascade", "thumbnailer.yaml", "memory: 512Mi", "memory: 2200Mi"),
    ("priority-preemption", "classes.yaml", "value: 100000\n", "value: 100000\npreemptionPolicy: Never\n"),
    (
        "rollout-deadlock",
        "gateway.yaml",
        "  replicas: 3\n",
        "  replicas: 3\n  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}\n",
    ),
    ("shop", "payments.yaml", NEAR_OR_NOT_AT_ALL, RATHER_NEAR),
    ("spike-no-room", "cluster.yaml", "max: 8", "max: 2"),
    ("spread-missing", "search.yaml", "disk, operator: In", "disk, operator: NotIn"),
    ("spread-saves-zone", "search.yaml", "nodeTaintsPolicy: Honor", "nodeTaintsPolicy: Ignore"),
    ("zonal-volumes", "cluster.yaml", "count: 3", "count: 6"),
];

#[test]
fn every_story_is_true_and_its_twin_is_not() {
    for example in examples() {
        let name = example.file_name().unwrap().to_string_lossy().into_owned();
        let sources = sources(&example);
        assert_eq!(untrue(sources.clone()), [] as [&str; 0], "{name}");
        let (_, file, from, to) = TWINS.iter().find(|t| t.0 == name).unwrap_or_else(|| panic!("{name} has no twin"));
        let mut twin = SourceSet::default();
        let mut changed = 0;
        for source in &sources.files {
            let text = if source.name == *file { source.text.replace(from, to) } else { source.text.to_string() };
            changed += usize::from(*text != *source.text);
            twin.add(source.name.clone(), text);
        }
        assert_eq!(changed, 1, "{name}: the twin changes nothing");
        assert_ne!(untrue(twin), [] as [&str; 0], "{name}: the change makes no difference");
    }
}

/// The expectations that do not hold.
fn untrue(sources: SourceSet) -> Vec<String> {
    let session = Session::open(sources, &SessionOptions::default());
    let (scenarios, _) = scenario::read(session.manifest());
    let run = session.run(&scenarios[0]);
    run.outcome().expectations.iter().filter(|e| !matches!(e.verdict, Verdict::Holds { .. })).map(|e| e.title.clone()).collect()
}
