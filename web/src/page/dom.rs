//! What the page needs of the browser and Yew has no word for: timers, animation frames, listeners that end, sizes.

use std::cell::RefCell;
use std::rc::Rc;

use gloo::events::{EventListener, EventListenerOptions};
use gloo::timers::callback::Timeout;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Document, EventTarget, HtmlElement, ResizeObserver, Window};
use yew::prelude::*;

/// The window: the page is never started without one.
pub(crate) fn window() -> Window {
    web_sys::window().expect("the page runs in a window")
}

/// The document.
pub(crate) fn document() -> Document {
    window().document().expect("a window has a document")
}

/// Whether the user asked for little movement.
pub(crate) fn calm() -> bool {
    matches("(prefers-reduced-motion: reduce)")
}

/// Whether a media query holds.
pub(crate) fn matches(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// Something that ends when it is dropped.
pub(crate) struct Guard(Option<Box<dyn FnOnce()>>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end();
        }
    }
}

impl Guard {
    fn new(end: impl FnOnce() + 'static) -> Guard {
        Guard(Some(Box::new(end)))
    }

    /// Ends it later: where it is dropped within the very call that it guards.
    pub(crate) fn leave(self) {
        Timeout::new(0, move || drop(self)).forget();
    }
}

/// Calls `then` once, so many milliseconds from now, unless the guard is dropped before.
pub(crate) fn after(ms: i32, then: impl FnOnce() + 'static) -> Guard {
    let timeout = Timeout::new(u32::try_from(ms).unwrap_or(0), then);
    Guard::new(move || drop(timeout))
}

/// Calls `each` with the milliseconds since the call before, at every animation frame, until it says `false` or the guard is dropped.
pub(crate) fn each_frame(mut each: impl FnMut(f64) -> bool + 'static) -> Guard {
    type Call = Closure<dyn FnMut(f64)>;
    let call: Rc<RefCell<Option<Call>>> = Rc::default();
    let id = Rc::new(RefCell::new(0));
    let (again, next) = (call.clone(), id.clone());
    let mut before: Option<f64> = None;
    *call.borrow_mut() = Some(Closure::new(move |now: f64| {
        let passed = before.map_or(0.0, |before| (now - before).max(0.0));
        before = Some(now);
        if each(passed) {
            *next.borrow_mut() = request(&again);
        }
    }));
    *id.borrow_mut() = request(&call);
    return Guard::new(move || {
        let _ = window().cancel_animation_frame(*id.borrow());
        call.borrow_mut().take();
    });

    fn request(call: &Rc<RefCell<Option<Call>>>) -> i32 {
        let call = call.borrow();
        call.as_ref().and_then(|call| window().request_animation_frame(call.as_ref().unchecked_ref()).ok()).unwrap_or_default()
    }
}

/// Hears an event until the guard is dropped; it may prevent what the browser would do.
pub(crate) fn listen<E: JsCast + 'static>(target: &EventTarget, kind: &'static str, hear: impl Fn(E) + 'static) -> Guard {
    let listener = EventListener::new_with_options(target, kind, EventListenerOptions::enable_prevent_default(), move |event| {
        if let Ok(event) = event.clone().dyn_into() {
            hear(event);
        }
    });
    Guard::new(move || drop(listener))
}

/// Sets one property of an element's style: the page's policy allows no style attribute.
pub(crate) fn style(node: &NodeRef, property: &str, value: &str) {
    if let Some(element) = node.cast::<HtmlElement>() {
        let _ = element.style().set_property(property, value);
    }
}

/// The size of an element in CSS pixels, kept up to date.
#[hook]
pub(crate) fn use_size(node: NodeRef) -> (f64, f64) {
    let size = use_state_eq(|| (0.0, 0.0));
    {
        let size = size.clone();
        use_effect_with(node, move |node| {
            let guard = node.cast::<HtmlElement>().and_then(|element| {
                let measured = element.clone();
                let measure = move || size.set((f64::from(measured.client_width()), f64::from(measured.client_height())));
                measure();
                let call = Closure::<dyn Fn()>::new(measure);
                let observer = ResizeObserver::new(call.as_ref().unchecked_ref()).ok()?;
                observer.observe(&element);
                Some(Guard::new(move || {
                    observer.disconnect();
                    drop(call);
                }))
            });
            move || drop(guard)
        });
    }
    *size
}

/// Whether an event's target takes keys for itself: text fields, menus, tabs.
pub(crate) fn takes_keys(event: &KeyboardEvent) -> bool {
    let Some(element) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else { return false };
    let role = element.get_attribute("role").unwrap_or_default();
    let name = element.tag_name();
    matches!(name.as_str(), "TEXTAREA" | "INPUT" | "SELECT") || matches!(role.as_str(), "menuitem" | "tab" | "menu" | "listbox")
}

/// The dialog that lies over the page.
pub(crate) fn open_dialog() -> Option<web_sys::HtmlDialogElement> {
    document().query_selector("dialog[open]").ok().flatten()?.dyn_into().ok()
}

/// Whether an event's target is pressed by the space bar.
pub(crate) fn takes_space(event: &KeyboardEvent) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|element| matches!(element.tag_name().as_str(), "BUTTON" | "A" | "SUMMARY"))
}
