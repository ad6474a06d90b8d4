//! What leaves the page by its user's hand: links to a moment or a lesson, and scenes as files.

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};
use yew::prelude::*;

use super::dom;
use crate::link::{self, BrokenLink};
use crate::scene::Scene;
use crate::store::{Action, Notice, Store};

/// The address of a scene on this page, without what only an embedded page has.
pub(crate) fn address(fragment: &str) -> String {
    let here = dom::window().location().href().unwrap_or_default();
    let page = here.split(['#', '?']).next().unwrap_or_default();
    format!("{page}#{fragment}")
}

/// Puts the link into the address bar and, where the browser lets it, on the clipboard. One that is too long is offered as a file.
pub(crate) fn copy_link(scene: &Scene, dispatch: UseReducerDispatcher<Store>) {
    let fragment = link::encode(scene);
    let address = address(&fragment);
    let size = size_of(address.len());
    if address.len() > link::LONG_FOR_ADDRESS {
        let text = format!(
            "A link to this moment would have {size}, more than many browsers take. Send it as a file: dropped on this page, it opens."
        );
        return dispatch.dispatch(Action::Offer(Notice { text, wrong: false }));
    }
    if let Ok(history) = dom::window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("#{fragment}")));
    }
    copy(address, dispatch);
}

/// Copies the link that begins a lesson: the address bar keeps what it has.
pub(crate) fn copy_lesson(scene: &Scene, dispatch: UseReducerDispatcher<Store>) {
    copy(address(&link::encode(scene)), dispatch);
}

fn copy(address: String, dispatch: UseReducerDispatcher<Store>) {
    let promise = dom::window().navigator().clipboard().write_text(&address);
    spawn_local(async move {
        let copied = JsFuture::from(promise).await.is_ok();
        let size = size_of(address.len());
        let mut text = if copied { format!("Link copied: {size}.") } else { format!("The link is in the address bar: {size}.") };
        dispatch.dispatch(if address.len() > link::LONG_FOR_CHAT {
            text.push_str(" Some chats cut links of this length; a file is safer.");
            Action::Offer(Notice { text, wrong: false })
        } else {
            Action::Say(Some(Notice { text, wrong: false }))
        });
    });
}

fn size_of(bytes: usize) -> String {
    if bytes < 1_000 { format!("{bytes} characters") } else { format!("{}.{} k characters", bytes / 1_000, bytes % 1_000 / 100) }
}

/// Hands the scene to the browser as a file.
pub(crate) fn save_scene(scene: &Scene) {
    let name = scene.files.first().map_or("scene", |file| file.name.rsplit('/').next().unwrap_or_default());
    let name = name.split('.').next().filter(|name| !name.is_empty()).unwrap_or("scene");
    let options = BlobPropertyBag::new();
    options.set_type("application/json");
    let parts = Array::of1(&JsValue::from_str(&link::to_file(scene)));
    let Ok(blob) = Blob::new_with_str_sequence_and_options(&parts, &options) else { return };
    let Ok(url) = Url::create_object_url_with_blob(&blob) else { return };
    if let Some(anchor) = dom::document().create_element("a").ok().and_then(|element| element.dyn_into::<HtmlAnchorElement>().ok()) {
        anchor.set_href(&url);
        anchor.set_download(&format!("{name}{}", link::FILE_ENDING));
        anchor.click();
    }
    let _ = Url::revoke_object_url(&url);
}

/// What is opened and said where a link is broken.
pub(crate) fn of_broken(broken: BrokenLink) -> (Option<Scene>, Notice) {
    let mut text = broken.fault.message().to_string();
    let saved = broken.saved.map(|scene| *scene);
    if let Some(scene) = &saved {
        text.push_str(&format!(" {} of its files could be saved and are open; the last may lack its end.", scene.files.len()));
    }
    (saved, Notice { text, wrong: true })
}
