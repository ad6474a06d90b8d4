//! The worker's end of the wire: takes questions, hands them to the desk, sends its answers back. The core's states never leave it.

use std::cell::RefCell;

use js_sys::{Array, Function, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use crate::desk::{Desk, Reply};
use crate::wire::Answer;

/// Hears the page's messages from now on, and says so.
pub(crate) fn start() {
    let desk = RefCell::new(Desk::default());
    let hear = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
        let data = Reflect::get(&event, &"data".into()).ok().and_then(|data| data.as_string()).unwrap_or_default();
        match desk.borrow_mut().answer(&data) {
            Reply::Bytes(bytes) => send_bytes(&bytes),
            Reply::Answer(answer) => send(&answer),
        }
    });
    let _ = Reflect::set(&js_sys::global(), &"onmessage".into(), hear.as_ref().unchecked_ref());
    // It hears as long as the worker lives.
    hear.forget();
    send(&Answer::Ready);
}

fn post() -> Option<Function> {
    Reflect::get(&js_sys::global(), &"postMessage".into()).ok()?.dyn_into().ok()
}

fn send(answer: &Answer) {
    if let (Some(post), Ok(json)) = (post(), serde_json::to_string(answer)) {
        let _ = post.call1(&js_sys::global(), &JsValue::from_str(&json));
    }
}

/// The bytes are handed over, not copied again.
fn send_bytes(bytes: &[u8]) {
    if let Some(post) = post() {
        let array = Uint8Array::from(bytes);
        let _ = post.call2(&js_sys::global(), &array, &Array::of1(&array.buffer()));
    }
}
