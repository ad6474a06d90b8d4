//! Wavetank in the page: a Yew app, and the worker that runs the core. No rule is decided here.
//!
//! What touches the browser is in `page` and `worker` and compiled for `wasm32` alone; everything else is plain and tested natively.

pub mod account;
pub mod camera;
pub mod clock;
pub mod crowd;
pub mod desk;
pub mod drawn;
pub mod embed;
pub mod export;
pub mod fold;
pub mod frame;
pub mod gallery;
pub mod intake;
pub mod lanes;
pub mod layout;
pub mod lesson;
pub mod mend;
pub mod moments;
pub mod motion;
pub mod names;
pub mod offers;
#[cfg(target_arch = "wasm32")]
mod page;
pub mod paint;
pub mod palette;
pub mod reel;
pub mod roam;
pub mod source;
pub mod store;
pub mod svg;
pub mod tint;
pub mod whatifs;
pub mod wire;
#[cfg(target_arch = "wasm32")]
mod worker;

pub use wavetank_core::session::{link, scene};

/// Both programs allocate much and in small pieces: this takes less time for it than the allocator of the standard library.
#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

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

/// Starts the worker's desk on the standard streams: a question a line, an answer a line; frames are answered by their length. The tests
/// hold its answers against those of the worker in WebAssembly.
#[cfg(not(target_arch = "wasm32"))]
pub fn start_worker() {
    use std::io::{BufRead, Write};
    let mut desk = desk::Desk::default();
    let mut out = std::io::stdout().lock();
    let mut say = |answer: &wire::Answer| writeln!(out, "{}", serde_json::to_string(answer).unwrap_or_default());
    // A reader that went away has had enough.
    let _ = say(&wire::Answer::Ready);
    for question in std::io::stdin().lock().lines().map_while(Result::ok) {
        let answer = match desk.answer(&question) {
            desk::Reply::Answer(answer) => answer,
            desk::Reply::Bytes(bytes) => wire::Answer::Refused { message: format!("a frame of {} bytes", bytes.len()) },
        };
        if say(&answer).is_err() {
            return;
        }
    }
}
