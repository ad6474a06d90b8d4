//! The playground within another page: without its surroundings, and spoken to by messages. Only the page that embeds it is heard, only from its own
//! origin or from the one that its address names.

use wasm_bindgen::JsValue;
use web_sys::{HtmlAnchorElement, MessageEvent, Window};
use yew::prelude::*;

use super::{dom, share};
use crate::embed::{self, Command, Event};
use crate::link;
use crate::scene::Scene;
use crate::store::{Action, Store};

/// A parameter of the page's address.
fn parameter(name: &str) -> Option<String> {
    let search = dom::window().location().search().unwrap_or_default();
    let value = search.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)?.1;
    js_sys::decode_uri_component(value).ok().map(String::from)
}

/// Whether the page is embedded.
pub(crate) fn on() -> bool {
    parameter("embed").is_some_and(|value| value == "1")
}

/// The page that embeds this one, and its origin: that of this page, unless the address names another.
fn parent() -> Option<(Window, String)> {
    let window = dom::window();
    let parent = window.parent().ok().flatten().filter(|parent| *parent != window)?;
    let origin = parameter("origin").or_else(|| window.location().origin().ok())?;
    Some((parent, origin))
}

fn tell(event: &Event) {
    if let Some((parent, origin)) = parent()
        && let Ok(data) = js_sys::JSON::parse(&event.to_json())
    {
        // The browser delivers it to that origin alone.
        let _ = parent.post_message(&data, &origin);
    }
}

fn obey(command: Command, playing: bool, dispatch: &UseReducerDispatcher<Store>) {
    dispatch.dispatch(match command {
        Command::Load { files, steps, seed, ms } => Action::Open(Scene { files, steps, seed, at_ms: ms, ..Scene::default() }, "loading"),
        Command::Open { link } => match link::decode(&link) {
            Ok(Some(scene)) => Action::Open(scene, "loading"),
            Ok(None) => return,
            Err(broken) => return tell(&Event::Refused { message: broken.fault.message().to_string() }),
        },
        Command::Seek { ms } => Action::Seek(ms),
        Command::Play if playing => return,
        Command::Pause if !playing => return,
        Command::Play | Command::Pause => Action::Toggle,
        Command::Speed { speed } => Action::Speed(speed),
    });
}

/// Hears the embedding page and tells it what happens here.
#[hook]
pub(crate) fn use_embedding(store: &UseReducerHandle<Store>) {
    let dispatch = store.dispatcher();
    use_effect_with(store.playing, move |&playing| {
        let guard = on().then(|| {
            dom::listen(&dom::window(), "message", move |event: MessageEvent| {
                let Some((parent, origin)) = parent() else { return };
                let from_parent = event.source().is_some_and(|source| JsValue::from(source) == JsValue::from(parent));
                if !from_parent || event.origin() != origin {
                    return;
                }
                let json = js_sys::JSON::stringify(&event.data()).ok().map(String::from).unwrap_or_default();
                match embed::command(&json) {
                    Some(Ok(command)) => obey(command, playing, &dispatch),
                    Some(Err(message)) => tell(&Event::Refused { message }),
                    None => {}
                }
            })
        });
        move || drop(guard)
    });
    use_effect_with((), |()| {
        if on() {
            tell(&Event::Ready);
        }
    });
    {
        let store = store.clone();
        use_effect_with(store.told.as_ref().map(|told| told.generation), move |_| {
            if let Some(event) = Event::verdict(&store).filter(|_| on()) {
                tell(&event);
            }
        });
    }
    // Ten times a second is often enough while it plays.
    let (at_ms, playing) = (store.at_ms, store.playing);
    let moment = if playing { at_ms / (i64::from(store.speed) * 100).max(1) } else { at_ms };
    use_effect_with((moment, playing), move |_| {
        if on() {
            tell(&Event::Time { ms: at_ms, playing });
        }
    });
}

/// The line below the embedded cluster: what came of it, and the way to the whole page.
pub(crate) fn bar(store: &UseReducerHandle<Store>) -> Html {
    let story = store.told.as_ref().map(|told| &told.story);
    let scene = store.clone();
    let onclick = Callback::from(move |event: MouseEvent| {
        // Made when it is wanted: packing takes time.
        if let Some(anchor) = event.target_dyn_into::<HtmlAnchorElement>() {
            let fragment = link::encode(&scene.scene());
            anchor.set_href(&share::address(if fragment.len() > link::LONG_FOR_ADDRESS { "" } else { &fragment }));
        }
    });
    html! {
        <footer class="embed-bar">
            if let Some(story) = story { <p class={if story.harmed { "bad" } else { "good" }}>{ if story.harmed { "✕ " } else { "✓ " } }{ &story.verdict }</p> }
            <a href={share::address("")} target="_blank" rel="noopener" {onclick}>{ "Open in playground" }</a>
        </footer>
    }
}
