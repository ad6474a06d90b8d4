//! What the store makes of a lesson, of the gallery, and of scenes that come as files.

use wavetank_core::session::lesson::{Asked, Beat, Goal};

use super::*;
use crate::lesson::Move;
use crate::link;
use crate::wire::{Story, Taught};

fn file(name: &str) -> SourceFile {
    SourceFile { name: name.to_string(), text: format!("# {name}") }
}

fn lesson() -> Entry {
    Entry { name: "drain".to_string(), lesson: true, seed: 7, ..Entry::default() }
}

fn beat(at_ms: i64) -> Beat {
    Beat { at_ms: Some(at_ms), say: "so it is".to_string(), ..Beat::default() }
}

fn ran(store: &Store, goal: Goal) -> Action {
    let ask = Asked { text: "Which?".to_string(), choices: vec!["a".to_string(), "b".to_string()], right: Some(0) };
    let asks = Beat { ask: Some(ask), highlight: "zone/zone-b".to_string(), ..beat(10_000) };
    let repairs = Beat { repair: true, highlight: "file/b.yaml".to_string(), ..beat(90_000) };
    let taught = Taught { beats: vec![beat(0), asks, beat(90_000), repairs], goal, ..Taught::default() };
    let story = Story { duration_ms: 120_000, ..Story::default() };
    Action::Ran(store.generation, Run { story: Some(Box::new(story)), taught: Some(Box::new(taught)), ..Run::default() })
}

fn then(store: &Store, action: Action) -> Store {
    store.after(action).expect("the action changes something")
}

fn begun() -> Store {
    let wanting = then(&Store::opened(Scene::default()), Action::Want(lesson()));
    let open = then(&wanting, Action::Came(lesson(), vec![file("a.yaml"), file("b.yaml")]));
    then(&open, ran(&open, Goal::NotMet))
}

const NEXT: Action = Action::Learn(Move::Next { moving: true });

#[test]
fn a_lesson_comes_when_its_files_do() {
    let wanting = then(&Store::opened(Scene::default()), Action::Want(lesson()));
    assert!(wanting.course.is_none() && wanting.after(Action::Came(Entry::default(), vec![file("x")])).is_none());
    let store = begun();
    assert_eq!((store.seed, store.files.len(), store.wanted.is_none(), store.own), (7, 2, true, true));
    assert_eq!(store.scene().lesson, "drain");
    assert_eq!(store.undoes(), Some("opening a lesson"));
    assert!(then(&store, Action::Undo).course.is_none(), "what is undone takes its lesson along");
    let unknown = Scene { files: vec![file("a.yaml")], lesson: "quantum".to_string(), ..Scene::default() };
    assert!(Store::opened(unknown).course.is_none());
    let none = then(&wanting, Action::Came(lesson(), Vec::new()));
    assert!(none.wanted.is_none() && none.notice.is_some_and(|notice| notice.wrong));
}

#[test]
fn a_repair_takes_the_place_of_what_it_repairs_and_can_be_taken_back() {
    let store = begun();
    let wish = Entry { repair: true, ..lesson() };
    let wanting = then(&store, Action::Want(wish.clone()));
    let mended = SourceFile { name: "b.yaml".to_string(), text: "mended: true".to_string() };
    let shown = then(&wanting, Action::Came(wish.clone(), vec![mended.clone()]));
    assert_eq!((shown.files.len(), &shown.files[1], shown.active, shown.answered), (2, &mended, 1, false));
    assert!(shown.course.is_some() && shown.wanted.is_none());
    assert_eq!(then(&shown, Action::Undo).files, store.files);
    let left = then(&wanting, Action::Learn(Move::Leave));
    assert_eq!(then(&left, Action::Came(wish, vec![mended])).files, store.files, "the lesson was left meanwhile");
}

#[test]
fn a_teachers_link_names_the_lesson_and_no_more() {
    let scene = begun().lesson_scene();
    assert_eq!((scene.files.len(), scene.lesson.as_str(), scene.seed), (0, "drain", 7));
    let store = Store::opened(scene.clone());
    assert_eq!(store.wanted, Some(lesson()));
    assert_eq!(then(&begun(), Action::Open(scene, "x")).wanted, Some(lesson()));
}

#[test]
fn time_passes_to_the_next_step_and_stops_there() {
    let playing = then(&begun(), NEXT);
    assert!(playing.playing && playing.speed == 5 && playing.course.as_ref().is_some_and(|course| course.beat == 0));
    let there = then(&playing, Action::Pass(100_000.0));
    assert_eq!((there.at_ms, there.playing, there.course.as_ref().map(|course| course.beat)), (10_000, false, Some(1)));
    assert_eq!(there.selection, Some(Selection::Zone("zone-b".to_string())), "what is told of is in view");
    assert!(there.after(NEXT).is_none(), "a question waits");
    let bet = then(&there, Action::Learn(Move::Bet(1)));
    let still = then(&bet, Action::Learn(Move::Next { moving: false }));
    assert_eq!((still.at_ms, still.playing), (90_000, false));
    assert_eq!(still.course.as_ref().and_then(|course| course.decided().map(|(asked, bet)| (asked.right, bet))), Some((Some(0), 1)));
}

#[test]
fn the_narration_follows_the_cursor() {
    let sought = then(&begun(), Action::Seek(60_000));
    assert_eq!((sought.at_ms, sought.course.as_ref().map(|course| course.beat)), (60_000, Some(1)));
}

/// Where the learner is asked to mend.
fn at_the_repair() -> Store {
    let bet = then(&then(&begun(), Action::Seek(60_000)), Action::Learn(Move::Bet(0)));
    // The cursor is past it already: it is told at once, where it was.
    then(&then(&bet, Action::Learn(Move::Next { moving: false })), NEXT)
}

#[test]
fn a_repair_that_holds_is_kept_as_done() {
    let mut store = at_the_repair();
    assert!(store.course.as_ref().is_some_and(|course| course.repairs()) && store.pinned.is_some() && store.active == 1);
    store = then(&store, Action::Edit("# repaired".to_string()));
    let wrong = then(&store, ran(&store, Goal::NotMet));
    assert!(wrong.done.is_empty() && !wrong.course.as_ref().is_some_and(|course| course.met));
    let right = then(&store, ran(&store, Goal::Met));
    assert_eq!(*right.done, ["drain"]);
    assert!(right.course.as_ref().is_some_and(|course| course.done() && course.met));
    let left = then(&right, Action::Learn(Move::Leave));
    assert!(left.course.is_none() && left.scene().lesson.is_empty() && left.files.len() == 2);
}

#[test]
fn a_repair_that_was_shown_is_not_the_learners() {
    let store = at_the_repair();
    let wish = Entry { repair: true, ..lesson() };
    let mended = SourceFile { name: "b.yaml".to_string(), text: "mended: true".to_string() };
    let shown = then(&then(&store, Action::Want(wish.clone())), Action::Came(wish, vec![mended]));
    let told = then(&shown, ran(&shown, Goal::Met));
    assert!(told.done.is_empty() && told.course.as_ref().is_some_and(|course| course.done() && course.met));
    let own = then(&then(&told, Action::Undo), Action::Edit("# repaired".to_string()));
    assert_eq!(*then(&own, ran(&own, Goal::Met)).done, ["drain"]);
}

#[test]
fn a_goal_that_is_met_before_its_time_is_not_told() {
    let open = then(&begun(), Action::Edit("# at once".to_string()));
    let met = then(&open, ran(&open, Goal::Met));
    assert!(met.done.is_empty());
}

#[test]
fn a_scene_that_was_saved_opens_when_it_is_added() {
    let scene = Scene { files: vec![file("x.yaml")], at_ms: 5_000, seed: 3, ..Scene::default() };
    let dropped = SourceFile { name: "scene.wavetank.json".to_string(), text: link::to_file(&scene) };
    let store = then(&begun(), Action::AddFiles(vec![dropped]));
    assert_eq!((store.scene(), store.undoes()), (scene, Some("opening a scene")));
}

#[test]
fn an_example_opens_in_the_middle_of_its_story() {
    let entry = Entry { name: "shop".to_string(), ..Entry::default() };
    let wanting = then(&Store::opened(Scene::default()), Action::Want(entry.clone()));
    let open = then(&wanting, Action::Came(entry, vec![file("a.yaml")]));
    let point = |at_ms: i64, ready: u32| crate::wire::Point { at_ms, ready, believed: ready };
    let curve = vec![point(0, 2), point(40_000, 0), point(80_000, 2)];
    let workload = crate::wire::WorkloadInfo { desired: 2, curve, ..Default::default() };
    let story = Story { duration_ms: 120_000, workloads: vec![workload], ..Story::default() };
    let told = then(&open, Action::Ran(open.generation, Run { story: Some(Box::new(story)), ..Run::default() }));
    assert_eq!((told.at_ms, begun().at_ms), (40_000, 0));
}

#[test]
fn the_page_shows_itself_once() {
    let mut store = Store::opened(Scene { files: vec![file("x.yaml")], at_ms: 5_000, ..Scene::default() });
    store.shows = true;
    let shown = then(&store, ran(&store, Goal::NotMet));
    assert!(shown.playing && !shown.shows && shown.at_ms == 5_000);
}
