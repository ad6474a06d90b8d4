//! What keeps the page going: the worker is asked for what the store lacks, time passes, keys and links are heard.

use std::rc::Rc;

use yew::prelude::*;

use super::engine::Engine;
use super::{View, dom, overlay, share};
use crate::lesson::Move;
use crate::link;
use crate::palette::Deed;
use crate::store::{Action, Overlay, Selection, Side, Store};
use crate::wire::{Ask, Before};

/// How long the page has to rest before proposals and what-ifs are tried, and how long after something was typed: milliseconds.
const IDLE_MS: (i32, i32) = (60, 600);
/// Clusters with more pods than this are not tried in the background.
const MOST_PODS: usize = 20_000;

/// Asks the worker for what the store lacks: the run, the frame at the cursor, the explanation of the selected pod.
#[hook]
pub(crate) fn use_run(store: &UseReducerHandle<Store>, engine: &Rc<Engine>) {
    {
        let (engine, store) = (engine.clone(), store.clone());
        use_effect_with(store.generation, move |&generation| {
            let wait = if store.typed { engine.rest_ms() } else { 0 };
            let timer = dom::after(wait, move || engine.run(generation, &store));
            move || drop(timer)
        });
    }
    {
        let engine = engine.clone();
        use_effect_with(store.wanted.clone(), move |wanted| {
            if let Some(entry) = wanted {
                engine.open(entry.clone());
            }
        });
    }
    let told = store.told.as_ref().map(|told| told.generation).filter(|_| !store.stale());
    {
        let engine = engine.clone();
        use_effect_with((told, store.at_ms), move |&(told, at_ms)| {
            if let Some(generation) = told {
                engine.frame(generation, at_ms);
            }
        });
    }
    {
        let engine = engine.clone();
        let kept = store.beside().map(|kept| kept.generation);
        use_effect_with((kept, store.at_ms), move |&(kept, at_ms)| {
            if let Some(generation) = kept {
                engine.kept_frame(generation, at_ms);
            }
        });
    }
    {
        let engine = engine.clone();
        // While playing, a second of real time is soon enough.
        let moment = if store.playing { store.at_ms / (i64::from(store.speed) * 1_000) } else { store.at_ms };
        let at_ms = store.at_ms;
        use_effect_with((told, store.selected_pod(), moment), move |&(told, pod, _)| {
            let timer = told.zip(pod).map(|(generation, pod)| dom::after(40, move || engine.why(generation, pod as u32, at_ms)));
            move || drop(timer)
        });
    }
    {
        let (engine, selection) = (engine.clone(), store.selection.clone());
        use_effect_with((told, selection), move |(told, selection)| {
            if let (Some(generation), Some(selection @ (Selection::Workload(_) | Selection::Event(_)))) = (*told, selection) {
                engine.aside(Ask::Account { generation, of: selection.to_link() });
            }
        });
    }
    {
        let (engine, steps) = (engine.clone(), store.steps.clone());
        use_effect_with((told, store.kept.clone()), move |(told, kept)| {
            let ask = told.zip(kept.as_ref()).map(|(generation, kept)| {
                let steps = if kept.own {
                    Vec::new()
                } else if kept.same {
                    steps.to_vec()
                } else {
                    kept.steps.to_vec()
                };
                let before = Before { same: kept.same, own: kept.own, steps, seed: kept.seed };
                Ask::Compare { generation, files: kept.files.to_vec(), before }
            });
            engine.compare(ask);
        });
    }
    {
        let (engine, wanted) = (engine.clone(), store.side == Side::Assumed);
        use_effect_with((told, wanted), move |&(told, wanted)| {
            if let Some(generation) = told.filter(|_| wanted) {
                engine.aside(Ask::Assumed { generation });
            }
        });
    }
    // What can wait: not while playing, and one at a time.
    let small = store.told.as_ref().is_some_and(|told| told.story.pod_names.len() <= MOST_PODS);
    let asked = if store.playing || !(small || store.side == Side::Risks || store.side == Side::Report) { None } else { told };
    let next = if store.advised() { store.risks.next().filter(|_| small || store.side == Side::Risks) } else { None };
    let (engine, typed) = (engine.clone(), store.typed);
    use_effect_with((asked, store.advised(), next), move |&(asked, advised, next)| {
        let ask = asked.and_then(|generation| match (advised, next) {
            (false, _) => Some(Ask::Advise { generation }),
            (true, Some(nth)) => Some(Ask::WhatIf { generation, nth }),
            (true, None) => None,
        });
        let timer = ask.map(|ask| {
            dom::after(if next == Some(0) || !advised { if typed { IDLE_MS.1 } else { IDLE_MS.0 } } else { 0 }, move || engine.idle(ask))
        });
        move || drop(timer)
    });
}

/// Lets time pass while playing.
#[hook]
pub(crate) fn use_time(store: &UseReducerHandle<Store>) {
    let dispatch = store.dispatcher();
    use_effect_with(store.playing, move |&playing| {
        let run = playing.then(|| {
            dom::each_frame(move |ms| {
                dispatch.dispatch(Action::Pass(ms.min(100.0)));
                true
            })
        });
        move || drop(run)
    });
}

/// The keys that work anywhere outside of text, and the few that work everywhere.
#[hook]
pub(crate) fn use_keys(store: &UseReducerHandle<Store>, perform: Callback<Deed>, view: View) {
    // What is done depends on all of this: the listener is made anew when any of it changes.
    let scene = (store.generation, store.selection.clone(), view, store.course.clone());
    let now = (store.told.clone(), store.halt, store.pinned.is_some(), scene);
    use_effect_with(now, move |(told, halt, pinned, scene)| {
        let learning = scene.3.is_some();
        let (told, halt, pinned) = (told.clone(), *halt, *pinned);
        let guard = dom::listen(&dom::window(), "keydown", move |event: KeyboardEvent| {
            let act = |action: Action| {
                event.prevent_default();
                perform.emit(Deed::Act(action));
            };
            let key = event.key();
            let command = event.ctrl_key() || event.meta_key();
            if command && key.eq_ignore_ascii_case("k") {
                return act(Action::Palette);
            }
            if key == "F6" {
                event.prevent_default();
                return overlay::next_pane(event.shift_key());
            }
            // As it is now: what the page last drew may be older than the key before this one.
            if let Some(dialog) = dom::open_dialog() {
                if key == "Escape" {
                    // Closed here it is also known to be at once; by itself it would tell so when the page has time.
                    dialog.close();
                    act(Action::Overlay(Overlay::None));
                }
                return;
            }
            if dom::takes_keys(&event) || event.alt_key() {
                return;
            }
            if command {
                if key.eq_ignore_ascii_case("z") && !event.shift_key() {
                    act(Action::Undo);
                }
                return;
            }
            match key.as_str() {
                "?" => return act(Action::Overlay(Overlay::Help)),
                "1" => return act(Action::Turn(Side::Story)),
                "2" => return act(Action::Turn(Side::Why)),
                "3" => return act(Action::Turn(Side::Report)),
                "4" => return act(Action::Turn(Side::Risks)),
                "5" => return act(Action::Turn(Side::Assumed)),
                "b" | "B" => return act(Action::Halt(halt.turned())),
                "c" | "C" => return act(Action::Pin(!pinned)),
                "g" | "G" => return act(Action::Overlay(Overlay::Gallery)),
                "n" | "N" if learning => return act(Action::Learn(Move::Next { moving: !dom::calm() })),
                "l" | "L" => return perform.emit(Deed::CopyLink),
                "t" | "T" => return perform.emit(Deed::Table),
                "r" | "R" => return perform.emit(Deed::Graph),
                _ => {}
            }
            let Some(told) = &told else { return };
            match key.as_str() {
                " " if !dom::takes_space(&event) => act(Action::Toggle),
                "ArrowRight" | "ArrowLeft" => act(Action::Hop { forward: key == "ArrowRight", phases: event.shift_key() }),
                "Home" => act(Action::Seek(0)),
                "End" => act(Action::Seek(told.story.duration_ms)),
                "w" | "W" => act(Action::Seek(told.worst_ms)),
                "Escape" => act(Action::Select(None)),
                _ => {}
            }
        });
        move || drop(guard)
    });
}

/// A link that is pasted into the address bar of the open page.
#[hook]
pub(crate) fn use_links(store: &UseReducerHandle<Store>) {
    let dispatch = store.dispatcher();
    use_effect_with((), move |()| {
        let guard = dom::listen(&dom::window(), "hashchange", move |_: Event| {
            match link::decode(&dom::window().location().hash().unwrap_or_default()) {
                Ok(Some(scene)) => dispatch.dispatch(Action::Open(scene, "opening a link")),
                Ok(None) => {}
                Err(broken) => {
                    let (saved, notice) = share::of_broken(broken);
                    if let Some(scene) = saved {
                        dispatch.dispatch(Action::Open(scene, "opening a link"));
                    }
                    dispatch.dispatch(Action::Say(Some(notice)));
                }
            }
        });
        move || drop(guard)
    });
}
