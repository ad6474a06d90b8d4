//! What the store makes of actions.

use super::*;
use crate::frame::PodLook;
use crate::wire::{Mark, MarkKind, Severity, Story, Verb};

fn file(name: &str, text: &str) -> SourceFile {
    SourceFile { name: name.to_string(), text: text.to_string() }
}

fn store() -> Store {
    Store::opened(Scene { files: vec![file("a.yaml", "a: 1"), file("b.yaml", "b: 2")], at_ms: 50_000, ..Scene::default() })
}

fn story(duration_ms: i64) -> Option<Box<Story>> {
    Some(Box::new(Story {
        duration_ms,
        pod_names: ["default/web-0", "default/web-1", "default/web-0"].into_iter().collect(),
        marks: vec![Mark { at_ms: 5_000, kind: MarkKind::Step, count: 1 }],
        ..Story::default()
    }))
}

fn ran(generation: u32, story: Option<Box<Story>>) -> Action {
    Action::Ran(generation, Run { story, ..Run::default() })
}

fn then(store: &Store, action: Action) -> Store {
    store.after(action).expect("the action changes something")
}

fn step(at_ms: i64) -> Step {
    Step { at_ms, verb: Verb::FailNode, target: "n".to_string() }
}

#[test]
fn an_edit_is_asked_once_and_the_last_good_result_stays() {
    let told = then(&store(), ran(1, story(60_000)));
    assert!(told.answered && !told.stale());
    assert!(told.after(Action::Edit("a: 1".to_string())).is_none(), "the same text changes nothing");
    let edited = then(&told, Action::Edit("a: [".to_string()));
    assert!(edited.stale() && edited.told.is_some());
    assert!(edited.after(ran(1, story(9))).is_none(), "an old answer is dropped");
    let finding = Finding {
        id: "yaml-syntax".to_string(),
        severity: Severity::Error,
        message: String::new(),
        help: String::new(),
        file: 0,
        start: 0,
        end: 1,
    };
    let broken = then(&edited, Action::Ran(2, Run { findings: vec![finding], ..Run::default() }));
    assert!(broken.stale() && broken.answered && broken.findings.len() == 1);
    assert_eq!(broken.duration_ms(), 60_000);
    let half = then(&edited, Action::Ran(2, Run { partial: true, story: story(9), ..Run::default() }));
    assert!(half.stale() && half.duration_ms() == 60_000, "half a document does not replace a whole result");
    let other = then(&then(&broken, Action::Open(Scene::default(), "opening")), Action::Ran(3, Run::default()));
    assert!(other.told.is_none(), "another scene does not show the result of the one before");
    let template = then(&other, Action::Edit("x".to_string()));
    assert!(then(&template, Action::Ran(4, Run { partial: true, story: story(9), ..Run::default() })).told.is_some());
}

#[test]
fn the_cursor_stays_within_the_run() {
    let told = then(&store(), ran(1, story(40_000)));
    assert_eq!(told.at_ms, 40_000);
    assert_eq!(then(&told, Action::Seek(-5)).at_ms, 0);
    assert!(told.after(Action::Seek(90_000)).is_none());
}

#[test]
fn hops_lead_from_event_to_event_and_no_further() {
    let told = then(&store(), ran(1, story(40_000)));
    let back = then(&told, Action::Hop { forward: false, phases: false });
    let first = then(&back, Action::Hop { forward: false, phases: false });
    assert_eq!((back.at_ms, first.at_ms), (5_000, 0));
    assert!(first.after(Action::Hop { forward: false, phases: false }).is_none());
    assert_eq!(then(&back, Action::Hop { forward: true, phases: true }).at_ms, 40_000);
}

#[test]
fn time_passes_while_playing_and_stops_at_the_end() {
    let told = then(&then(&store(), ran(1, story(40_000))), Action::Speed(10));
    let playing = then(&told, Action::Toggle);
    assert_eq!((playing.at_ms, playing.playing), (0, true), "from the end it starts again");
    let later = then(&playing, Action::Pass(100.0));
    assert_eq!(later.at_ms, 1_000);
    let end = then(&later, Action::Pass(1e9));
    assert_eq!((end.at_ms, end.playing), (40_000, false));
    assert!(end.after(Action::Pass(10.0)).is_none());
    let waiting = then(&playing, Action::AddStep(step(1_000), true));
    assert!(waiting.after(Action::Pass(10.0)).is_none(), "not before the new run is told");
}

#[test]
fn steps_are_kept_in_order_and_can_be_taken_back() {
    let one = then(&store(), Action::AddStep(step(5_000), true));
    let two = then(&one, Action::AddStep(step(1_000), false));
    assert_eq!(two.steps.iter().map(|step| step.at_ms).collect::<Vec<_>>(), [1_000, 5_000]);
    assert_eq!((two.at_ms, two.undoes()), (1_000, Some("adding a step")));
    let back = then(&then(&two, Action::Undo), Action::Undo);
    assert!(back.steps.is_empty() && back.undoes().is_none() && back.after(Action::Undo).is_none());
    assert!(back.generation > two.generation);
    let removed = then(&two, Action::RemoveStep(0));
    assert_eq!(removed.steps.len(), 1);
    assert!(two.after(Action::RemoveStep(9)).is_none());
}

#[test]
fn undo_forgets_at_last() {
    let mut store = store();
    for at in 0..MOST_UNDO as i64 + 9 {
        store = then(&store, Action::AddStep(step(at), false));
    }
    for _ in 0..MOST_UNDO {
        store = then(&store, Action::Undo);
    }
    assert!(store.after(Action::Undo).is_none());
}

#[test]
fn files_come_and_go() {
    let added = then(&store(), Action::AddFiles(vec![file("b.yaml", "new"), file("c.yaml", "c")]));
    assert_eq!(added.files.iter().map(|file| file.text.as_str()).collect::<Vec<_>>(), ["a: 1", "new", "c"]);
    assert_eq!(added.active, 1);
    let closed = then(&added, Action::CloseFile(0));
    assert_eq!((closed.files.len(), closed.active), (2, 0));
    let last = then(&then(&closed, Action::CloseFile(0)), Action::CloseFile(0));
    assert_eq!((last.files.len(), last.file().map(|file| file.text.as_str())), (1, Some("")));
    assert!(store().after(Action::Rename(0, "b.yaml".to_string())).is_none(), "names differ");
    assert_eq!(then(&store(), Action::NewFile).file().map(|file| file.name.as_str()), Some("file-1.yaml"));
}

#[test]
fn a_selected_pod_is_the_one_that_is_there() {
    let told = then(&store(), ran(1, story(40_000)));
    let chosen = then(&told, Action::Select(Some(Selection::Pod("default/web-0".to_string()))));
    assert_eq!((chosen.selected_pod(), chosen.side), (Some(0), Side::Why));
    let looks = [PodState::Absent, PodState::Ready, PodState::Ready].map(|state| PodLook::new(Some(0), state));
    let frame = Frame { generation: 1, pods: looks.to_vec(), ..Frame::default() };
    let later = then(&chosen, Action::Frame(Rc::new(frame.clone())));
    assert_eq!(later.selected_pod(), Some(2));
    assert!(chosen.after(Action::Frame(Rc::new(Frame { generation: 9, ..frame }))).is_none(), "of another run");
}

#[test]
fn a_scene_goes_into_a_link_and_back() {
    let mut store = then(&store(), Action::AddStep(step(7), false));
    store.selection = Some(Selection::Node("a/b".to_string()));
    let again = Store::opened(store.scene());
    assert_eq!((again.scene(), again.selection.clone()), (store.scene(), store.selection.clone()));
    assert_eq!(Selection::from_link("q/x"), None);
}

fn risk(score: u64) -> Option<Box<Risk>> {
    let step = step(0);
    Some(Box::new(Risk { step, score, reasons: Vec::new(), outage_ms: 0, unplaced: 0, recovered_ms: None }))
}

#[test]
fn what_ifs_are_asked_one_by_one_and_belong_to_their_files() {
    let told = then(&store(), ran(1, story(40_000)));
    assert_eq!(told.risks.next(), Some(0));
    let one = then(&told, Action::Risk(1, 0, 2, String::new(), risk(5)));
    assert!(one.after(Action::Risk(1, 0, 2, String::new(), risk(5))).is_none(), "asked twice");
    let both = then(&one, Action::Risk(1, 1, 2, String::new(), risk(9)));
    assert_eq!((both.risks.next(), both.risks.ranked(&[])), (None, vec![1, 0]), "the worst first");
    assert_eq!(both.risks.ranked(&[0]), [0, 1], "what is under the pointer stays");
    assert_eq!(both.risks.ranked(&[7, 1]), [1, 0], "of other files");
    let tried = then(&both, Action::Try(step(0)));
    let retold = then(&tried, ran(2, story(40_000)));
    assert_eq!((retold.risks.rows.len(), retold.steps.len()), (2, 1), "another scenario leaves the what-ifs as they are");
    let edited = then(&then(&retold, Action::Edit("other".to_string())), ran(3, story(40_000)));
    assert_eq!((edited.risks.rows.len(), edited.risks.next()), (0, Some(0)));
    assert!(edited.after(Action::Risk(2, 0, 2, String::new(), risk(1))).is_none(), "of an older run");
}

fn outage() -> Option<Box<Story>> {
    let point = |at_ms, ready| crate::wire::Point { at_ms, ready, believed: ready };
    let web = crate::wire::WorkloadInfo { desired: 1, curve: vec![point(0, 1), point(7_000, 0), point(9_000, 1)], ..Default::default() };
    story(40_000).map(|story| Box::new(Story { workloads: vec![web], ..*story }))
}

#[test]
fn a_what_if_opens_where_it_is_worst() {
    let tried = then(&then(&store(), ran(1, outage())), Action::Try(step(0)));
    assert_eq!(then(&tried, ran(2, outage())).at_ms, 7_000);
}

#[test]
fn a_run_that_would_take_long_to_watch_goes_faster_unless_somebody_chose_how_fast() {
    let none = then(&store(), ran(1, story(0)));
    let longer = |store: &Store| then(&then(store, Action::AddStep(step(0), false)), ran(store.generation + 1, story(1_320_000)));
    assert_eq!((none.speed, longer(&none).speed), (1, 60), "there was nothing to play when it was opened");
    assert_eq!(longer(&then(&none, Action::Speed(5))).speed, 5);
    let opened = then(&store(), ran(1, story(400_000)));
    assert_eq!((opened.speed, longer(&opened).speed), (30, 30), "within a minute");
}

#[test]
fn playing_stops_where_nobody_is_left() {
    let told = then(&then(&store(), ran(1, outage())), Action::Seek(0));
    let playing = then(&then(&then(&told, Action::Speed(10)), Action::Halt(Halt::Outage)), Action::Toggle);
    let halted = then(&playing, Action::Pass(2_000.0));
    assert_eq!((halted.at_ms, halted.playing), (7_000, false));
    let on = then(&then(&halted, Action::Toggle), Action::Pass(100.0));
    assert_eq!((on.at_ms, on.playing), (8_000, true), "it stops once");
}

#[test]
fn a_fix_is_one_change_and_the_run_before_is_kept() {
    let told = then(&store(), ran(1, story(40_000)));
    let files = vec![file("a.yaml", "fixed"), file("pdb.yaml", "new")];
    let advised = then(&told, Action::Advised(1, Vec::new()));
    assert!(advised.advised() && advised.after(Action::Mend).is_none(), "nothing to apply yet");
    let shown = then(&advised, Action::Mended(1, Mended { files, steps: vec![step(9)], ..Mended::default() }));
    let fixed = then(&shown, Action::Mend);
    assert_eq!((fixed.steps.len(), fixed.own, fixed.advised()), (1, false, false));
    assert_eq!((fixed.files[0].text.as_str(), fixed.files.len()), ("fixed", 3));
    assert!(fixed.pinned.as_ref().is_some_and(|pinned| pinned.generation == 1));
    let back = then(&fixed, Action::Undo);
    assert_eq!((back.files[0].text.as_str(), back.files.len()), ("a: 1", 2));
    assert!(then(&fixed, Action::Pin(false)).pinned.is_none());
}

#[test]
fn a_step_is_written_into_a_file_and_undone_with_it() {
    let step = Step { at_ms: 5_000, verb: Verb::FailZone, target: "zone-b".to_string() };
    let told = then(&store(), ran(1, story(40_000)));
    let files = told.files.clone();
    let added = then(&told, Action::AddStep(step.clone(), false));
    assert_eq!((added.steps.len(), added.own, added.unwritten.clone()), (1, false, Some((step.clone(), Writing::Scenario(Vec::new())))));
    let written = Some(SourceFile { name: "scenario.yaml".to_string(), text: "kind: Scenario".to_string() });
    let place = Some((files.len() as u32, 5, 9));
    let mut course = story(60_000);
    course.as_mut().expect("a story").step_places = vec![place];
    let run = |written: &Option<SourceFile>| Run {
        steps: Some(vec![step.clone()]),
        story: course.clone(),
        written: written.clone(),
        ..Run::default()
    };
    let there = then(&added, Action::Ran(added.generation, run(&written)));
    assert_eq!((there.files.len(), there.own, there.unwritten.as_ref(), there.active), (files.len() + 1, true, None, files.len()));
    assert_eq!(there.reveal.map(|(start, end, _)| (start, end)), Some((5, 9)));
    assert_eq!((there.edition, there.stale()), (added.edition, false), "what was weighed still holds, and nothing runs again");
    assert!(there.scene().steps.is_empty(), "a link has them in the file");
    let back = then(&there, Action::Undo);
    assert_eq!((&back.files, back.own, back.unwritten.as_ref(), back.steps.len()), (&files, told.own, None, told.steps.len()));
    let gone = then(&there, Action::RemoveStep(0));
    let known = Writing::Scenario(vec![step.clone()]);
    assert_eq!(gone.unwritten.as_ref().map(|(_, writes)| writes), Some(&known));
    let both = then(&gone, Action::AddStep(step.clone(), false));
    assert_eq!(both.unwritten.map(|(_, writes)| writes), Some(known), "until it is written the files say what they said");
    let left = then(&gone, Action::Ran(gone.generation, Run { steps: Some(Vec::new()), story: story(1_000), written, ..Run::default() }));
    assert_eq!((left.own, left.active, left.reveal), (true, gone.active, gone.reveal), "what is taken away is not shown");
}

#[test]
fn steps_that_cannot_be_written_stand_beside_the_files_and_say_why() {
    let step = Step { at_ms: 0, verb: Verb::FailZone, target: "zone-b".to_string() };
    let added = then(&then(&store(), ran(1, story(40_000))), Action::AddStep(step, false));
    let run = Run { unwritten: "it is behind an alias".to_string(), story: story(40_000), ..Run::default() };
    let beside = then(&added, Action::Ran(added.generation, run));
    assert_eq!((beside.own, beside.unwritten.is_none(), beside.steps.len(), beside.files.len()), (false, true, 1, added.files.len()));
    assert!(beside.notice.as_ref().is_some_and(|notice| notice.text.contains("it is behind an alias")));
    assert_eq!(beside.scene().steps.len(), 1);
    // What stands beside may not take the place of what the files say.
    let more = then(&beside, Action::AddStep(Step { at_ms: 1_000, verb: Verb::FailNode, target: "n".to_string() }, false));
    assert!(more.unwritten.is_some_and(|(_, writes)| writes == Writing::New));
    let tried = then(&beside, Action::Try(Step { at_ms: 0, verb: Verb::Drain, target: "n".to_string() }));
    assert!(tried.unwritten.is_none() && !tried.own, "a what-if is looked at, not kept");
}
