//! The program the page loads: it starts the app.
fn main() {
    wavetank_web::start_page();
}
