//! The page.
/// a
#[cfg(target_arch = "wasm32")]
pub fn start_page() {}
/// b
pub fn start_worker() {}
/// a
#[cfg(not(target_arch = "wasm32"))]
pub fn start_page() {}
