//! Prints the schema of every kind that Kubernetes serves, traced from `k8s-openapi`'s types.
//!
//! `cargo run -p wavetank-tests --bin schema > core/src/manifest/schema.txt` renews the file the core reads; a test
//! holds it to what this prints.

mod trace;

fn main() {
    print!("{}", trace::text());
}
