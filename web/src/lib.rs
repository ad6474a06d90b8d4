//! Wavetank in the page: a Yew app, and the worker that runs the core. No rule is decided here.
//!
//! What touches the browser is in `page` and `worker` and compiled for `wasm32` alone; everything else is plain and tested natively.

pub mod clock;
pub mod desk;
pub mod examples;
pub mod frame;
pub mod layout;
pub mod link;
#[cfg(target_arch = "wasm32")]
mod page;
pub mod paint;
pub mod source;
pub mod store;
pub mod wire;
#[cfg(target_arch = "wasm32")]
mod worker;

/// Starts the page.
#[cfg(target_arch = "wasm32")]
pub fn start_page() {
    page::start();
}

/// Starts the worker.
#[cfg(target_arch = "wasm32")]
pub fn start_worker() {
    worker::start();
}

/// Starts the page.
#[cfg(not(target_arch = "wasm32"))]
pub fn start_page() {
    eprintln!("this program runs in a browser: `trunk build --release`, then `wavetank serve`");
}

/// Starts the worker.
#[cfg(not(target_arch = "wasm32"))]
pub fn start_worker() {
    start_page();
}
