//! wavetank
fn main() {}
