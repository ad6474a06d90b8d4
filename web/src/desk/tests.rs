//! What a run is told as, what is written, what is mended.

use super::*;
use crate::frame::{Frame, NodeFlags};

#[test]
fn steps_go_to_the_core_and_back() {
    let kinds = Verb::ALL.into_iter().map(|verb| Step { at_ms: 5_000, verb, target: "x".to_string() });
    let other = Step { at_ms: 1, verb: Verb::Other, target: "scale: {workload: deployment/web, replicas: 4}".to_string() };
    for step in kinds.chain([other]) {
        assert_eq!(Step::of(&step.to_verb().expect("readable"), step.at_ms), step);
    }
    assert_eq!(Step { at_ms: 0, verb: Verb::Other, target: "nonsense: [".to_string() }.to_verb(), None);
}

fn ask(desk: &mut Desk, question: &Ask) -> Reply {
    desk.answer(&serde_json::to_string(question).expect("plain data"))
}

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 3\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: 'web:1', resources: {requests: {cpu: 100m}}}]}\n";

fn run(text: &str, steps: Vec<Step>) -> (Desk, Vec<Finding>, Option<Box<Story>>) {
    let mut desk = Desk::default();
    let files = vec![SourceFile { name: "web.yaml".to_string(), text: text.to_string() }];
    match ask(&mut desk, &Ask::Run { generation: 3, files, steps, own: false, writes: Writing::No, seed: 1, lesson: String::new() }) {
        Reply::Answer(Answer::Ran { generation: 3, diagnostics, story, .. }) => (desk, diagnostics, story),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_zone_is_lost_and_every_part_of_the_page_has_its_answer() {
    let step = Step { at_ms: 5_000, verb: Verb::FailZone, target: "zone-b".to_string() };
    let (mut desk, _, story) = run(WEB, vec![step]);
    let story = story.expect("it runs");
    assert!(story.zones.contains(&"zone-b".to_string()) && story.duration_ms > 5_000);
    assert!(story.marks.iter().any(|mark| mark.kind == MarkKind::Step && mark.at_ms == 5_000));
    assert!(story.marks.is_sorted_by_key(|mark| mark.at_ms));
    assert!(story.narrative.iter().any(|line| line.text.contains("zone-b")));
    let pods = story.pod_names.len();
    assert_eq!(pods, story.pod_workloads.len());
    for at_ms in [0, 5_000, story.duration_ms] {
        let Reply::Bytes(bytes) = ask(&mut desk, &Ask::Frame { generation: 3, at_ms, have: 0 }) else { panic!("a frame") };
        let frame = Frame::from_bytes(&bytes, None).expect("a frame");
        assert_eq!((frame.nodes.len(), frame.pods.len(), frame.at_ms), (story.nodes.len(), pods, at_ms));
        let on_nodes: usize = frame.nodes.iter().map(|node| usize::from(node.pods)).sum();
        assert!(on_nodes <= story.nodes.iter().map(|node| node.peak_pods as usize).sum());
        assert_eq!(frame.nodes.iter().any(|node| node.flags.has(NodeFlags::FAILED)), at_ms >= 5_000);
    }
    let Reply::Answer(Answer::Why { why, .. }) = ask(&mut desk, &Ask::Why { generation: 3, pod: 0, at_ms: 0 }) else { panic!("why") };
    assert_eq!(why.rows.iter().filter(|row| row.chosen).count(), 1);
    assert!(why.rows.iter().all(|row| row.cells.len() == why.plugins.len()) && !why.chain.is_empty());
    assert!(matches!(ask(&mut desk, &Ask::Frame { generation: 2, at_ms: 0, have: 0 }), Reply::Answer(Answer::Refused { .. })));
}

#[test]
fn wrong_input_is_told_and_never_a_panic() {
    let (_, findings, _) = run("a: [", Vec::new());
    assert!(findings.iter().any(|finding| finding.severity == Severity::Error && finding.file == 0));
    let unknown = Step { at_ms: 0, verb: Verb::FailZone, target: "nowhere".to_string() };
    let (_, findings, story) = run(WEB, vec![unknown]);
    assert!(story.is_some() && findings.iter().any(|finding| finding.message.contains("nowhere")));
    assert!(run("", Vec::new()).2.is_none());
    assert!(matches!(Desk::default().answer("{}"), Reply::Answer(Answer::Refused { .. })));
}

#[test]
fn what_the_files_expect_is_judged_after_other_steps_too() {
    let scenario = "---\napiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: own}\nspec:\n  until: 1s\n  steps: [{at: 0s, restart: deployment/web}]\n  expect: [{always: 'true', name: holds}, {finally: 'false', name: fails}]\n";
    let step = Step { at_ms: 5_000, verb: Verb::FailZone, target: "zone-b".to_string() };
    let story = run(&format!("{WEB}{scenario}"), vec![step]).2.expect("it runs");
    let held: Vec<Option<bool>> = story.expected.iter().map(|of| of.holds).collect();
    assert_eq!(held, [Some(true)], "what comes of its own steps is not asked of others");
    assert!(story.duration_ms > 5_000 && story.marks.iter().filter(|mark| mark.kind == MarkKind::Step).count() == 1);
}

#[test]
fn a_step_is_written_into_the_scenario_and_the_cluster_does_not_settle_again() {
    let mut desk = Desk::default();
    let files = vec![SourceFile { name: "web.yaml".to_string(), text: WEB.to_string() }];
    let step = |at_ms: i64, target: &str| Step { at_ms, verb: Verb::FailZone, target: target.to_string() };
    let mut told = Vec::new();
    let mut run = |files: &[SourceFile], steps: Vec<Step>, writes: Writing| {
        let wish = Wish { generation: 1, steps: Some(steps), writes, seed: 0, lesson: String::new() };
        told.clear();
        let answer = desk.run(files.to_vec(), &wish, &mut |answer| {
            told.extend(match answer {
                Answer::Progress { phase, .. } => Some(phase),
                _ => None,
            })
        });
        let Answer::Ran { steps, story: Some(story), written, unwritten, .. } = answer else { panic!("it runs") };
        (steps, story.step_places, written, unwritten, told.contains(&"Settling".to_string()))
    };
    let (steps, places, written, unwritten, settled) = run(&files, vec![step(5_000, "zone-b")], Writing::Scenario(Vec::new()));
    let written = written.expect("a file");
    assert_eq!(
        (written.name.as_str(), steps.as_deref(), unwritten.as_str(), settled),
        ("scenario.yaml", Some(&[step(5_000, "zone-b")][..]), "", true)
    );
    let Some((1, start, end)) = places[0] else { panic!("it stands in the new file") };
    assert_eq!(&written.text[start as usize..end as usize], "zone-b");
    let both = [files[0].clone(), written];
    let known = || Writing::Scenario(vec![step(5_000, "zone-b")]);
    let (steps, _, more, _, settled) = run(&both, vec![step(5_000, "zone-b"), step(60_000, "zone-c")], known());
    let more = more.expect("the same file");
    assert_eq!((steps.map(|steps| steps.len()), more.name.as_str(), settled), (Some(2), "scenario.yaml", false));
    assert!(more.text.contains("failZone: zone-b") && more.text.contains("at: 1m\n    failZone: zone-c"));
    // Beside the files nothing is written, and a Scenario that cannot take it says why.
    let (steps, places, none, unwritten, _) = run(&both, vec![step(0, "zone-a")], Writing::No);
    assert_eq!((steps, places, none, unwritten.as_str()), (None, vec![None], None, ""));
    let (steps, _, none, unwritten, _) = run(&both, vec![step(0, "zone-a"), step(9_000, "zone-c")], Writing::New);
    assert!(steps.is_none() && none.is_none() && unwritten.contains("steps of its own"), "{unwritten}");
    let (_, _, none, unwritten, _) = run(&both, Vec::new(), Writing::New);
    assert_eq!((none, unwritten.as_str()), (None, ""), "there is nothing to write");
    assert!(run(&files, vec![step(0, "zone-a")], Writing::New).2.is_some());
    let broken = SourceFile { text: both[1].text.replace("failZone", "nothing"), ..both[1].clone() };
    let (steps, _, none, unwritten, _) = run(&[files[0].clone(), broken], vec![step(0, "zone-a")], known());
    assert!(steps.is_none() && none.is_none() && !unwritten.is_empty(), "{unwritten}");
    let other = [SourceFile { text: WEB.replace("replicas: 3", "replicas: 4"), ..files[0].clone() }, both[1].clone()];
    assert!(run(&other, Vec::new(), Writing::No).4, "other pods settle anew");
}

#[test]
fn a_fix_that_is_written_helps_when_it_is_run() {
    let files = gallery::example_files("shop");
    let mut desk = Desk::default();
    let mut told = |files: Vec<SourceFile>, generation: u32| {
        let Reply::Answer(Answer::Ran { story: Some(story), .. }) = ask(
            &mut desk,
            &Ask::Run { generation, files, steps: Vec::new(), own: true, writes: Writing::No, seed: 0, lesson: String::new() },
        ) else {
            panic!("it runs")
        };
        let Reply::Answer(Answer::Advised { advice, .. }) = ask(&mut desk, &Ask::Advise { generation }) else { panic!("advice") };
        let nth = advice.iter().position(|of| of.tried == Tried::Helps && of.writable);
        let mended = nth.map(|nth| ask(&mut desk, &Ask::Mend { generation, nth: nth as u32 }));
        (story, mended)
    };
    let (before, mended) = told(files.clone(), 1);
    assert!(before.expected.len() > 3 && before.zone_curves.len() == before.zones.len());
    let Some(Reply::Answer(Answer::Mended { files: changed, refused, .. })) = mended else { panic!("a fix that can be written") };
    assert_eq!(refused, "");
    let fixed =
        files.clone().into_iter().map(|file| changed.iter().find(|other| other.name == file.name).cloned().unwrap_or(file)).collect();
    let (after, _) = told(fixed, 2);
    assert_ne!(before.verdict, after.verdict);
    let question = Ask::Compare { generation: 2, files, before: Before { own: true, ..Before::default() } };
    let Reply::Answer(Answer::Compared { differences, summary, .. }) = ask(&mut desk, &question) else { panic!("a comparison") };
    assert_eq!(differences.first().map(|of| of.way.as_str()), Some("better"), "{summary} {differences:?} {changed:?} {:?}", before.advice);
}
