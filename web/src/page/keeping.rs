//! What survives a reload: the open scene, in the browser's own storage, on this machine only.

use std::cell::Cell;
use std::rc::Rc;

use gloo::timers::callback::Timeout;
use web_sys::{Event, Storage};
use yew::prelude::*;

use super::{dom, embed};
use crate::link;
use crate::scene::Scene;
use crate::store::{Action, Notice, Store};

const KEY: &str = "wavetank-scene";
/// How long the page has to rest before it is kept: milliseconds.
const REST_MS: u32 = 400;
/// More characters than this are not kept: browsers give a page five million.
const MOST_CHARACTERS: usize = 4_000_000;

const NOT_KEPT: &str = "This browser keeps nothing for this page: its storage is full or forbidden, or this is too much for it. Copy the link or save the files before you leave.";

fn storage() -> Option<Storage> {
    dom::window().local_storage().ok().flatten()
}

/// The scene of the last visit.
pub(crate) fn kept() -> Option<Scene> {
    let text = storage()?.get_item(KEY).ok().flatten()?;
    link::decode(&text).ok().flatten()
}

const LESSONS: &str = "wavetank-lessons";

/// The lessons that were done on this machine.
pub(crate) fn lessons_done() -> Vec<String> {
    let text = storage().and_then(|storage| storage.get_item(LESSONS).ok().flatten()).unwrap_or_default();
    text.split_whitespace().map(str::to_string).collect()
}

/// Keeps which lessons were done. Where storage is forbidden that alone is lost.
#[hook]
pub(crate) fn use_lessons_done(store: &UseReducerHandle<Store>) {
    use_effect_with(store.done.clone(), |done| {
        if let Some(storage) = storage().filter(|_| !done.is_empty()) {
            let _ = storage.set_item(LESSONS, &done.join(" "));
        }
    });
}

/// Keeps the scene whenever it has rested, or is left before it has. A link in the address is taken away as soon as it is no longer what is open.
#[hook]
pub(crate) fn use_keeping(store: &UseReducerHandle<Store>) {
    let store = store.clone();
    let said = use_mut_ref(|| false);
    let moment = (if store.playing { 0 } else { store.at_ms }, store.course.as_ref().map(|course| (course.name.clone(), course.beat)));
    let watched = (store.edition, store.steps.clone(), store.own, store.selection.clone(), moment);
    use_effect_with(watched, move |_| {
        // What was just opened needs no keeping: an example is opened again, a link is in the address.
        let changed = store.edition > 1 || store.undoes().is_some();
        // Within another page nothing is kept: what it shows is not this browser's user's.
        let waiting = Rc::new(Cell::new(changed && !embed::on()));
        let keep = {
            let waiting = waiting.clone();
            Rc::new(move || {
                if !waiting.replace(false) {
                    return;
                }
                let text = link::encode(&store.scene());
                let fragment = dom::window().location().hash().unwrap_or_default();
                if !fragment.is_empty() && fragment.trim_start_matches('#') != text {
                    let path = dom::window().location().pathname().unwrap_or_default();
                    let query = dom::window().location().search().unwrap_or_default();
                    if let Ok(history) = dom::window().history() {
                        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&format!("{path}{query}")));
                    }
                }
                let storage = storage();
                let kept = text.len() <= MOST_CHARACTERS && storage.as_ref().is_some_and(|storage| storage.set_item(KEY, &text).is_ok());
                // Storage may be full or forbidden, which is said once: then a reload begins anew, and nothing else is lost.
                if !kept {
                    if let Some(storage) = storage {
                        let _ = storage.remove_item(KEY);
                    }
                    if !said.replace(true) {
                        store.dispatch(Action::Say(Some(Notice { text: NOT_KEPT.to_string(), wrong: false })));
                    }
                }
            })
        };
        let timer = waiting.get().then(|| {
            let leaving = keep.clone();
            let guard = dom::listen(&dom::window(), "pagehide", move |_: Event| leaving());
            (Timeout::new(REST_MS, move || keep()), guard)
        });
        move || drop(timer)
    });
}
