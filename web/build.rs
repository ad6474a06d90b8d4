//! Writes the table of examples: every directory of `static/examples`, with its files in order.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo names the crate")).join("../static/examples");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut table = String::from("&[\n");
    for example in listed(&root) {
        let files: Vec<_> = listed(&example).into_iter().filter(|path| is_manifest(path)).collect();
        if files.is_empty() {
            continue;
        }
        println!("cargo::rerun-if-changed={}", example.display());
        let promise = fs::read_to_string(example.join("README.md")).ok();
        if promise.is_some() {
            println!("cargo::rerun-if-changed={}", example.join("README.md").display());
        }
        let _ = writeln!(table, "({:?}, {:?}, &[", name(&example), promise.unwrap_or_default());
        for file in files {
            println!("cargo::rerun-if-changed={}", file.display());
            let path = file.canonicalize().expect("a file that was listed");
            let _ = writeln!(table, "    ({:?}, include_str!({:?})),", name(&file), path);
        }
        table.push_str("]),\n");
    }
    table.push(']');
    let out = Path::new(&env::var("OUT_DIR").expect("cargo names a place")).join("examples.rs");
    fs::write(out, table).expect("a table that can be written");
}

fn listed(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml" || ending == "json")
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
