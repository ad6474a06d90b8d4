//! What a run means, through the public face: manifests in, a report out, in every form.

use wavetank_core::manifest::SourceSet;
use wavetank_core::report::render::style::Terminal;
use wavetank_core::report::render::{html, json, markdown, svg, text};
use wavetank_core::report::{EntryKind, Harm, Report, Verified, availability, set_off, why};
use wavetank_core::scenario::{Scenario, Step, Verb};
use wavetank_core::session::{Session, SessionOptions};
use wavetank_core::units::time::{MINUTE, Time};

/// Two zones of one node each; `big` fits into the larger one only.
const WORLD: &str = r#"
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {kubernetes.io/hostname: n1, topology.kubernetes.io/zone: zone-a}}
status: {capacity: {cpu: "2", memory: 8Gi, pods: "110"}, allocatable: {cpu: "2", memory: 8Gi, pods: "110"}}
---
apiVersion: v1
kind: Node
metadata: {name: n2, labels: {kubernetes.io/hostname: n2, topology.kubernetes.io/zone: zone-b}}
status: {capacity: {cpu: "4", memory: 8Gi, pods: "110"}, allocatable: {cpu: "4", memory: 8Gi, pods: "110"}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 1
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      nodeSelector: {topology.kubernetes.io/zone: zone-a}
      containers: [{name: api, image: api:1, resources: {requests: {cpu: 1500m, memory: 1Gi}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: big}
spec:
  replicas: 1
  selector: {matchLabels: {app: big}}
  template:
    metadata: {labels: {app: big}}
    spec:
      containers:
      - name: big
        image: big:1
        resources:
          requests:
            cpu: 3
            memory: 1Gi
"#;

fn report(text: &str, steps: Vec<Step>) -> Report {
    let session = Session::open(SourceSet::single("world.yaml", text), &SessionOptions::default());
    session.run(&Scenario::of_steps("test", steps)).report(&session)
}

fn lose(zone: &str) -> Vec<Step> {
    vec![Step::at(Time::ZERO, Verb::FailZone { zone: zone.to_owned() })]
}

#[test]
fn a_lost_zone_is_told_from_its_cause_to_the_line_that_decided() {
    let report = report(WORLD, lose("b"));
    assert_eq!(report.verdict.harm, Harm::Down);
    assert!(report.verdict.text.starts_with("When zone-b fails, deployment/big is down"), "{}", report.verdict.text);

    let [big, api] = &report.workloads[..] else { panic!("two workloads, the worst first: {:?}", report.workloads) };
    assert_eq!((big.label.as_str(), big.least, big.recovered_at_ms), ("deployment/big", 0, None));
    assert_eq!((api.label.as_str(), api.harm, api.short_ms), ("deployment/api", Harm::None, 0));
    // Nobody answers from the moment on in which the machine dies, long before Kubernetes notices.
    assert_eq!(big.none_ms, report.until_ms);
    assert_eq!((big.serving_before, big.before.zones.as_slice()), (1, &[("zone-b".to_owned(), 1)][..]));

    let loss = report.losses.iter().find(|loss| loss.workload == "deployment/big").expect("the loss is told");
    assert_eq!(loss.chain.first().map(|link| link.text.as_str()), Some("zone-b fails"));
    let told: Vec<&str> = loss.chain.iter().map(|link| link.text.as_str()).collect();
    let order = [
        "dies",
        "is Unknown",
        "gets the taint node.kubernetes.io/unreachable:NoExecute",
        "300 s after the taint",
        "creates pod",
        "finds no node",
    ];
    let mut from = 0;
    for part in order {
        from += told[from..].iter().position(|text| text.contains(part)).unwrap_or_else(|| panic!("{part} in {told:#?}"));
    }
    let lines: Vec<(u32, &str)> = loss.decided_by.iter().filter_map(|d| d.place.as_ref()).map(|p| (p.line, p.text.as_str())).collect();
    assert!(lines.contains(&(28, "replicas: 1")), "{lines:?}");
    assert!(lines.contains(&(38, "cpu: 3")), "{lines:?}");

    let ids: Vec<&str> = report.proposals.iter().map(|p| p.id.as_str()).collect();
    assert!(ids.contains(&"more-than-one-replica") && ids.contains(&"room-to-spare"), "{ids:?}");
    // Nothing was run again: nothing may claim it was.
    assert!(report.proposals.iter().all(|p| p.verified == Verified::NotRun));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (one, two) = (report(WORLD, lose("b")), report(WORLD, lose("b")));
    assert_eq!(json::render(&one), json::render(&two));
    assert_eq!(html::render(&one), html::render(&two));
    let read: Report = serde_json::from_str(&json::render(&one)).expect("the JSON form is read back");
    assert_eq!(read, one);
}

#[test]
fn without_steps_the_story_is_how_it_came_to_rest() {
    let report = report(WORLD, Vec::new());
    assert_eq!(report.verdict.text, "Every pod found a node and is ready: 2 pods on 2 nodes. Nothing has been broken yet.");
    assert!(report.timeline.iter().any(|e| e.kind == EntryKind::Ready && e.at_ms < 0));
    assert!(report.losses.is_empty() && report.proposals.is_empty());
}

#[test]
fn a_pod_that_fits_nowhere_is_told_with_its_reason_and_line() {
    let text = WORLD.replace("cpu: 3\n", "cpu: 30\n");
    let report = report(&text, Vec::new());
    let [unplaced] = &report.placement.unplaced[..] else { panic!("one workload waits: {:?}", report.placement.unplaced) };
    assert_eq!((unplaced.workload.as_str(), unplaced.count), ("deployment/big", 1));
    assert!(unplaced.message.starts_with("0/2 nodes are available: "), "{}", unplaced.message);
    assert_eq!(unplaced.meaning, "2 nodes have too little cpu left");
    assert_eq!(unplaced.decided_by[0].place.as_ref().map(|p| p.line), Some(38));
    assert_eq!(unplaced.decided_by[0].text, "each pod asks for 30 cpu");
}

/// Every text of a report, replaced.
fn with_texts(value: &mut serde_json::Value, hostile: &str) {
    match value {
        serde_json::Value::String(text) => {
            let is_name_of_a_case = text.chars().all(|c| c.is_ascii_alphabetic()) && text.len() < 14;
            if !is_name_of_a_case {
                *text = hostile.to_owned();
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| with_texts(item, hostile)),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(|field| with_texts(field, hostile)),
        _ => {}
    }
}

#[test]
fn texts_of_manifests_are_never_markup_and_never_steer_a_terminal() {
    let hostile = "</script><img src=x onerror=alert(1)>\"'&\u{1b}[2J\u{202e}`|@all\n# head";
    let mut value = serde_json::to_value(report(WORLD, lose("b"))).expect("plain data");
    with_texts(&mut value, hostile);
    let report: Report = serde_json::from_value(value).expect("still a report");
    for (name, out) in [("html", html::render(&report)), ("svg", svg::render(&report, svg::Setting::Alone))] {
        assert!(!out.contains("<img") && !out.contains(['\u{1b}', '\u{202e}']), "{name}");
        assert_eq!(out.matches("</script>").count(), usize::from(name == "html"), "{name}");
    }
    let terminal = text::render(&report, &Terminal::PLAIN, text::Detail::Full);
    assert!(!terminal.contains(['\u{1b}', '\u{202e}']) && terminal.contains(r"\u{1b}[2J"));
    // Inside a fence everything is text.
    let comment: String = markdown::render(&report).split("````").step_by(2).collect();
    assert!(!comment.contains("<img") && !comment.contains("@all\n") && !comment.contains("\n# head"));
}

#[test]
fn a_comment_stays_below_its_limit() {
    let mut long = report(WORLD, lose("b"));
    let loss = long.losses[0].clone();
    long.losses = vec![loss; 9];
    long.losses.iter_mut().for_each(|loss| loss.text = "x".repeat(20_000));
    let out = markdown::render(&long);
    assert!(out.len() <= markdown::MOST_BYTES && out.starts_with(markdown::MARKER), "{}", out.len());
    assert!(out.contains("left out"));
}

#[test]
fn every_form_says_the_verdict() {
    let report = report(WORLD, lose("b"));
    for out in [
        html::render(&report),
        markdown::render(&report).replace('\\', ""),
        json::render(&report),
        svg::render(&report, svg::Setting::Alone),
    ] {
        assert!(out.contains("deployment/big is down"), "{out}");
    }
    let narrow = Terminal { width: 60, unicode: false, color: false };
    let out = text::render(&report, &narrow, text::Detail::Story);
    assert!(out.is_ascii());
    let verdict: String = report.verdict.text.split_whitespace().collect();
    assert!(out.split_whitespace().collect::<String>().contains(&verdict));
}

#[test]
fn every_sort_of_diagnostic_has_a_page() {
    let ids: Vec<&str> = why::diagnostics().map(|info| info.id.0).collect();
    assert!(ids.len() > 20);
    for id in &ids {
        assert_eq!(why::diagnostic(&id.to_lowercase()).map(|info| info.id.0), Some(*id));
        assert_eq!(ids.iter().filter(|other| *other == id).count(), 1, "{id} twice");
    }
}

fn lost_twice() -> Report {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 3\n  selector: {matchLabels: {app: web}}\n  \
                template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: 'web:1'}]}\n";
    let session = Session::open(SourceSet::single("web.yaml", text), &SessionOptions::default());
    let fail = |zone: &str| Verb::FailZone { zone: zone.to_owned() };
    let steps = vec![Step::at(Time::ZERO, fail("zone-a")), Step::at(Time::ZERO + MINUTE, fail("zone-b"))];
    session.run(&Scenario::of_steps("lost", steps)).report(&session)
}

#[test]
fn what_is_missing_is_laid_to_causes_to_the_last_millisecond() {
    let report = lost_twice();
    let found = availability(&report, "deployment/web").expect("it is there");
    let lost: i64 = found.causes.iter().map(|cause| cause.lost_pod_ms).sum();
    assert!(lost > 0 && found.served_of_10000() < 10_000, "{found:?}");
    assert_eq!(lost, found.wanted_pod_ms - found.served_pod_ms);
    assert!(found.causes[0].cause.contains("zone-"), "{:?}", found.causes);
    assert_eq!(availability(&report, "deployment/other"), None);
}

#[test]
fn a_step_sets_off_what_goes_back_to_it() {
    let report = lost_twice();
    let steps: Vec<usize> = (0..report.timeline.len()).filter(|&nth| report.timeline[nth].kind == EntryKind::Step).collect();
    let first = set_off(&report, steps[0]);
    assert_eq!(first[0], (steps[0], 0));
    assert!(first.len() > 3 && first.iter().all(|&(nth, _)| nth == steps[0] || !steps.contains(&nth)), "{first:?}");
    for &(nth, depth) in first.iter().skip(1) {
        let because = report.timeline[nth].because.expect("it has a cause");
        assert!(first.contains(&(because, depth - 1)));
    }
    assert!(set_off(&report, usize::MAX).is_empty());
}

/// A second budget over one Deployment makes an event for each of its pods, whose message names the pod.
const TWO_BUDGETS: &str = "
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: one}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: api}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: two}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: api}}}
";

#[test]
fn events_that_differ_by_a_pods_name_are_told_as_one() {
    let scale = Verb::Scale { workload: "deployment/api".to_owned(), replicas: 8 };
    let report = report(&format!("{WORLD}{TWO_BUDGETS}"), vec![Step::at(Time::ZERO, scale)]);
    let told: Vec<_> = report.timeline.iter().filter(|entry| entry.text.contains("MultiplePodDisruptionBudgets")).collect();
    let [one] = &told[..] else { panic!("one entry: {told:?}") };
    assert!(one.count > 1 && one.text.contains("more of this kind"), "{}", one.text);
}
