//! What the store makes of runs that are kept, of values that are said, of what is looked at beside pods and places.

use super::*;
use crate::wire::Story;

fn file(name: &str, text: &str) -> SourceFile {
    SourceFile { name: name.to_string(), text: text.to_string() }
}

fn then(store: &Store, action: Action) -> Store {
    store.after(action).expect("the action changes something")
}

fn ran() -> Store {
    let store = Store::opened(Scene { files: vec![file("a.yaml", "a: 1")], ..Scene::default() });
    then(&store, Action::Ran(store.generation, Run { story: Some(Box::default()), ..Run::default() }))
}

#[test]
fn another_set_is_compared_with_the_one_before_and_undone_as_one() {
    let before = ran();
    let after = then(&before, Action::After(vec![file("b.yaml", "b: 2")]));
    let kept = after.kept.clone().expect("the set before is kept");
    assert!(kept.same && kept.files[0].name == "a.yaml" && after.pinned.is_some());
    assert_eq!((after.files.len(), after.files[0].name.as_str(), after.side), (1, "b.yaml", Side::Report));
    assert_ne!(after.generation, before.generation);
    assert_eq!(then(&after, Action::Undo).files, before.files);
    let none = then(&after, Action::Pin(false));
    assert!(none.kept.is_none() && none.pinned.is_none());
}

#[test]
fn a_run_is_kept_with_what_it_was_made_of() {
    let typed = then(&ran(), Action::Edit("a: [".to_string()));
    let kept = then(&typed, Action::Pin(true)).kept.expect("it is kept");
    assert_eq!(kept.files[0].text, "a: 1", "not with what was typed since");
}

#[test]
fn the_kept_run_has_its_map_beside_that_of_another() {
    let pinned = then(&ran(), Action::Pin(true));
    let told = |generation: u32| Some(Rc::new(Told::new(generation | KEPT, Story::default())));
    let of = |generation: u32| Action::Compared(Compared { generation, kept: told(generation), ..Compared::default() });
    let alike = then(&pinned, of(pinned.generation));
    assert!(alike.beside().is_none(), "it is the same run");
    let edited = then(&alike, Action::Edit("a: 2".to_string()));
    let other = then(&edited, Action::Ran(edited.generation, Run { story: Some(Box::default()), ..Run::default() }));
    let compared = then(&other, of(other.generation));
    assert_eq!(compared.beside().map(|kept| kept.generation), Some(other.generation | KEPT));
    let frame = |generation: u32| Action::Frame(Rc::new(Frame { generation, ..Frame::default() }));
    let shown = then(&compared, frame(other.generation | KEPT));
    assert!(shown.kept_frame.is_some() && shown.frame == compared.frame);
    assert!(then(&shown, Action::Beside(false)).beside().is_none());
    let stopped = then(&shown, Action::Pin(false));
    assert!(stopped.beside().is_none() && stopped.kept_frame.is_none());
    assert!(stopped.after(frame(other.generation | KEPT)).is_none(), "it comes too late");
    let before = then(&other, Action::Pin(false));
    assert!(then(&before, of(other.generation)).pinned.is_none(), "it was let go while it was compared");
}

#[test]
fn a_value_that_is_said_changes_files_and_keeps_the_run_before() {
    let store = ran();
    assert!(store.after(Action::Said(store.generation + 1, vec![file("x.yaml", "x")])).is_none(), "of another run");
    assert!(store.after(Action::Said(store.generation, Vec::new())).is_none(), "nothing was written");
    let said = then(&store, Action::Said(store.generation, vec![file("assumptions.yaml", "kind: Behavior")]));
    assert_eq!((said.files.len(), said.undoes()), (2, Some("a change of what is assumed")));
    assert!(said.kept.is_some());
    assert_eq!(then(&said, Action::Undo).files, store.files);
}

#[test]
fn events_are_of_one_run_and_workloads_of_every_one() {
    let look = |selection: Selection| then(&ran(), Action::Select(Some(selection)));
    let again = |store: &Store| {
        let edited = then(store, Action::Edit("a: 2".to_string()));
        then(&edited, Action::Ran(edited.generation, Run { story: Some(Box::default()), ..Run::default() }))
    };
    let event = look(Selection::Event(3));
    assert_eq!(event.side, Side::Why);
    assert_eq!(again(&event).selection, None);
    let workload = look(Selection::Workload("shop/deployment/web".to_string()));
    assert_eq!(again(&workload).selection, workload.selection);
    for selection in [event.selection, workload.selection].into_iter().flatten() {
        assert_eq!(Selection::from_link(&selection.to_link()), Some(selection));
    }
    assert_eq!(Selection::from_link("e/many"), None);
}

#[test]
fn a_place_is_shown_each_time_it_is_asked_for() {
    let once = then(&ran(), Action::Reveal(0, 2, 4));
    let twice = then(&once, Action::Reveal(0, 2, 4));
    assert_ne!(once.reveal, twice.reveal);
    assert!(once.after(Action::Reveal(7, 0, 1)).is_none());
}
