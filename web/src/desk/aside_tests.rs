//! What is asked beside a run's course: pictures, accounts, exports, comparisons, assumptions.

use wavetank_core::manifest::{self, SourceSet};
use wavetank_core::report;
use wavetank_core::trace::PodState;

use super::*;
use crate::frame::Frame;

fn ask(desk: &mut Desk, question: &Ask) -> Answer {
    match desk.answer(&serde_json::to_string(question).expect("plain data")) {
        Reply::Answer(answer) => answer,
        Reply::Bytes(_) => panic!("no frame was asked for"),
    }
}

fn text(replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  selector: {{matchLabels: {{app: web}}}}\n  \
         template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: web, image: 'web:1', resources: {{requests: {{cpu: 100m}}}}}}]}}\n---\n\
         {{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{selector: {{app: web}}, ports: [{{port: 80}}]}}}}\n"
    )
}

fn files(replicas: u32) -> Vec<SourceFile> {
    vec![SourceFile { name: "web.yaml".to_string(), text: text(replicas) }]
}

fn steps() -> Vec<Step> {
    ["zone-a", "zone-b"].map(|zone| Step { at_ms: 5_000, verb: Verb::FailZone, target: zone.to_string() }).to_vec()
}

fn run(replicas: u32) -> (Desk, Box<Story>) {
    let mut desk = Desk::default();
    let question =
        Ask::Run { generation: 1, files: files(replicas), steps: steps(), own: false, writes: Writing::No, seed: 0, lesson: String::new() };
    let Answer::Ran { story: Some(story), .. } = ask(&mut desk, &question) else { panic!("it runs") };
    (desk, story)
}

fn picture(desk: &mut Desk, wish: GraphWish) -> Picture {
    let Answer::Drawn { picture, .. } = ask(desk, &Ask::Graph { generation: 1, wish }) else { panic!("a picture") };
    *picture
}

fn account(desk: &mut Desk, of: &str) -> Account {
    let Answer::Account { account, .. } = ask(desk, &Ask::Account { generation: 1, of: of.to_string() }) else { panic!("an account") };
    *account
}

fn exported(desk: &mut Desk, form: Form) -> (String, String) {
    let question = Ask::Export { generation: 1, form, wish: GraphWish::default() };
    let Answer::Exported { name, text, .. } = ask(desk, &question) else { panic!("an export") };
    (name, text)
}

#[test]
fn the_picture_knows_lines_workloads_and_what_an_event_set_off() {
    let (mut desk, story) = run(2);
    let plain = picture(&mut desk, GraphWish::default());
    let node = |picture: &Picture, label: &str| picture.nodes.iter().find(|node| node.label == label).cloned().expect("it is drawn");
    let web = node(&plain, "deployment/web");
    assert_eq!((web.selects.as_str(), web.place.0), ("w/deployment/web", 0));
    assert_eq!(&text(2)[web.place.1 as usize..web.place.2 as usize], "web");
    assert!(plain.marked.is_empty() && plain.ties.iter().all(|tie| tie.class != "hit"));
    assert!(plain.nodes.iter().all(|node| !node.label.starts_with("node/")), "places are left out");
    let event = story.step_events.iter().copied().find(|&event| event != NO_EVENT).expect("a step is an event");
    let of = Selection::Event(event).to_link();
    let was = plain.nodes.iter().map(|node| (node.label.clone(), node.x, node.y)).collect();
    let again = picture(&mut desk, GraphWish { of: of.clone(), was, ..GraphWish::default() });
    assert_eq!((node(&again, "deployment/web").x, node(&again, "deployment/web").y), (web.x, web.y), "it keeps its place");
    let marked = picture(&mut desk, GraphWish { of, places: true, ..GraphWish::default() });
    assert!(node(&marked, "zone/zone-a").class.contains("stops"), "{marked:?}");
    assert!(marked.marked.contains("zone-a"));
    let loss = picture(&mut desk, GraphWish { of: "w/deployment/web".to_string(), ..GraphWish::default() });
    assert!(node(&loss, "service/web").class.contains("stops") && loss.ties.iter().any(|tie| tie.class == "hit"));
}

#[test]
fn events_and_workloads_have_their_accounts() {
    let (mut desk, story) = run(1);
    let event = account(&mut desk, &format!("e/{}", story.step_events[0]));
    assert!(event.title.contains("zone-a"), "{event:?}");
    assert!(event.sections.iter().any(|section| section.title == "What it set off" && !section.lines.is_empty()));
    let workload = account(&mut desk, "w/deployment/web");
    let went = workload.sections.iter().find(|section| section.title == "Where its availability went").expect("something was lost");
    assert!(went.lines.iter().filter_map(|line| line.share).sum::<u32>() >= 998, "{went:?}");
    assert!(account(&mut desk, "e/4000000").sections.is_empty() && account(&mut desk, "w/deployment/none").sections.is_empty());
}

#[test]
fn what_is_kept_is_what_the_core_writes() {
    let (mut desk, _) = run(1);
    let (name, json) = exported(&mut desk, Form::Json);
    let session = Session::open(SourceSet::single("web.yaml", text(1)), &SessionOptions::default());
    let scenario = Scenario::of_steps("flags", steps().iter().filter_map(Step::to_step).collect());
    let run = session.run(&scenario);
    let mut report = run.report(&session);
    session.verify(&scenario, &run, &mut report, &RerunBudget::default());
    assert_eq!((name.as_str(), json), ("wavetank.json", report::render::json::render(&report)));
    let (_, yaml) = exported(&mut desk, Form::Scenario);
    let again = scenario::read(&manifest::read(SourceSet::single("s.yaml", yaml.as_str()), &manifest::Limits::default())).0;
    assert_eq!((again[0].to_yaml(), again[0].steps.len()), (yaml, scenario.steps.len()));
    for form in [Form::Html, Form::Markdown, Form::Timeline, Form::Relations] {
        assert!(exported(&mut desk, form).1.contains("web"), "{form:?}");
    }
}

#[test]
fn two_sets_are_compared_under_the_same_steps() {
    let (mut desk, _) = run(6);
    let question = |before: Before| Ask::Compare { generation: 1, files: files(1), before };
    let Answer::Compared { differences, summary, story, .. } = ask(&mut desk, &question(Before { same: true, ..Before::default() })) else {
        panic!("a comparison")
    };
    assert_eq!(differences.len(), 1, "{summary}");
    let frame = |generation: u32| Ask::Frame { generation, at_ms: 0, have: 0 };
    let Reply::Bytes(bytes) = desk.answer(&serde_json::to_string(&frame(1 | KEPT)).expect("plain data")) else { panic!("a frame") };
    let kept = Frame::from_bytes(&bytes, None).expect("whole");
    let ready = kept.counts()[PodState::Ready as usize];
    assert_eq!((kept.generation, ready), (1 | KEPT, 1), "it has one replica, the present run six");
    assert_eq!((kept.pods.len(), kept.nodes.len()), (story.pod_names.len(), story.nodes.len()));
    assert!(matches!(ask(&mut desk, &frame(2 | KEPT)), Answer::Refused { .. }), "another run has not been compared yet");
    let Answer::Compared { differences, .. } =
        ask(&mut desk, &Ask::Compare { generation: 1, files: files(6), before: Before { same: true, ..Before::default() } })
    else {
        panic!("a comparison")
    };
    assert!(differences.is_empty(), "the same set fares alike: {differences:?}");
    let old = Ask::Compare { generation: 9, files: files(1), before: Before::default() };
    assert!(matches!(ask(&mut desk, &old), Answer::Refused { .. }));
}

#[test]
fn a_value_that_is_said_comes_back_as_a_file() {
    let (mut desk, _) = run(1);
    let Answer::Assumed { values, .. } = ask(&mut desk, &Ask::Assumed { generation: 1 }) else { panic!("values") };
    assert!(values.iter().any(|of| of.key == "behavior/defaults/startSeconds" && of.value == "5" && !of.effect.is_empty()));
    let say = |value: &str| Ask::Say { generation: 1, key: "behavior/defaults/startSeconds".to_string(), value: value.to_string() };
    let Answer::Said { files, refused, .. } = ask(&mut desk, &say("40")) else { panic!("files") };
    assert!(refused.is_empty() && files[0].text.contains("startSeconds: 40"), "{files:?} {refused}");
    let Answer::Said { files, refused, .. } = ask(&mut desk, &say("soon")) else { panic!("a refusal") };
    assert!(files.is_empty() && !refused.is_empty());
}
