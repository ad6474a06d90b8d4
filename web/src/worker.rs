//! The worker's end of the wire: takes questions, hands them to the desk, sends its answers back. The core's states never leave it.

use std::cell::RefCell;

use js_sys::{Array, Function, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use crate::desk::{Desk, Reply};
use crate::wire::{Answer, to_bytes};

/// Hears the page's messages from now on, and says so.
pub(crate) fn start() {
    let desk = RefCell::new(Desk::default());
    let hear = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
        let data = Reflect::get(&event, &"data".into()).unwrap_or_default();
        // The page asks in bytes and is answered in bytes; tests ask in JSON and read JSON.
        match data.as_string() {
            Some(json) => match desk.borrow_mut().answer(&json) {
                Reply::Bytes(bytes) => send(&bytes),
                Reply::Answer(answer) => post(&JsValue::from_str(&serde_json::to_string(&answer).unwrap_or_default()), &Array::new()),
            },
            None => {
                let question = data.dyn_into::<Uint8Array>().map(|bytes| bytes.to_vec()).unwrap_or_default();
                match desk.borrow_mut().answer_bytes(&question, &mut |answer| send(&to_bytes(&answer))) {
                    Reply::Bytes(bytes) => send(&bytes),
                    Reply::Answer(answer) => send(&to_bytes(&answer)),
                }
            }
        }
    });
    let _ = Reflect::set(&js_sys::global(), &"onmessage".into(), hear.as_ref().unchecked_ref());
    // It hears as long as the worker lives.
    hear.forget();
    send(&to_bytes(&Answer::Ready));
}

fn post(message: &JsValue, given: &Array) {
    let post = Reflect::get(&js_sys::global(), &"postMessage".into()).ok().and_then(|post| post.dyn_into::<Function>().ok());
    if let Some(post) = post {
        let _ = post.call2(&js_sys::global(), message, given);
    }
}

/// The bytes are handed over, not copied again.
fn send(bytes: &[u8]) {
    let array = Uint8Array::from(bytes);
    post(&array, &Array::of1(&array.buffer()));
}
