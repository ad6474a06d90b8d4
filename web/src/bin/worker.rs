//! The program the worker loads: it runs the core away from the page.
fn main() {
    wavetank_web::start_worker();
}
