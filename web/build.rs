//! Writes the gallery's tables: every directory of `static/examples` and `static/lessons`, with its titles and files in order.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The example that the page opens with: its files are in the page itself.
const FIRST: &str = "shop";

fn main() {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo names the crate")).join("../static");
    let (mut cards, mut files, mut first) = (String::new(), String::new(), String::new());
    for example in dirs(&root.join("examples")) {
        let name = name(&example);
        let readme = read(&example.join("README.md"));
        let title = readme.lines().find_map(|line| line.strip_prefix("# ")).map_or_else(|| name.replace('-', " "), str::to_owned);
        let prose = |line: &&str| !line.is_empty() && !line.starts_with(['#', '`', '!', '<']);
        let promise = readme.lines().map(str::trim).find(prose).unwrap_or_default();
        let _ = writeln!(cards, "    Card {{ name: {name:?}, title: {:?}, promise: {promise:?} }},", title.trim());
        let texts = texts(&example);
        let _ = writeln!(files, "    ({name:?}, &[{texts}]),");
        if name == FIRST {
            first = texts;
        }
    }
    let mut tables = format!("static EXAMPLES: &[Card] = &[\n{cards}];\nstatic FIRST_FILES: Texts = &[{first}];\n");
    let _ = writeln!(tables, "static EXAMPLE_FILES: &[(&str, Texts)] = &[\n{files}];");
    let (mut cards, mut files) = (String::new(), String::new());
    for lesson in dirs(&root.join("lessons")) {
        let directory = name(&lesson);
        // The number before its name gives its place, and is no part of links.
        let name = directory.split_once('-').map_or(directory.as_str(), |(_, name)| name);
        let document = lesson.join("lesson.yaml");
        let text = read(&document);
        let field = |key: &str| text.lines().find_map(|line| line.trim().strip_prefix(key)).map(str::trim).unwrap_or_default().to_owned();
        let _ = writeln!(cards, "    Card {{ name: {name:?}, title: {:?}, promise: {:?} }},", field("title:"), field("promise:"));
        let path = document.canonicalize().expect("a lesson has a lesson.yaml");
        let _ = writeln!(
            files,
            "    ({name:?}, include_str!({path:?}), &[{}], &[{}]),",
            texts(&lesson.join("start")),
            texts(&lesson.join("repair"))
        );
    }
    let _ = writeln!(tables, "static LESSONS: &[Card] = &[\n{cards}];\nstatic LESSON_FILES: &[LessonRow] = &[\n{files}];");
    let out = Path::new(&env::var("OUT_DIR").expect("cargo names a place")).join("gallery.rs");
    fs::write(out, tables).expect("tables that can be written");
}

fn read(path: &Path) -> String {
    println!("cargo::rerun-if-changed={}", path.display());
    fs::read_to_string(path).unwrap_or_default()
}

fn listed(dir: &Path) -> Vec<PathBuf> {
    println!("cargo::rerun-if-changed={}", dir.display());
    let mut paths: Vec<PathBuf> = fs::read_dir(dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

fn dirs(dir: &Path) -> Vec<PathBuf> {
    listed(dir).into_iter().filter(|path| path.is_dir()).collect()
}

/// The manifests of a directory: names and texts, as the items of a table.
fn texts(dir: &Path) -> String {
    let mut items = String::new();
    for file in listed(dir).into_iter().filter(|path| is_manifest(path)) {
        println!("cargo::rerun-if-changed={}", file.display());
        let path = file.canonicalize().expect("a file that was listed");
        let _ = write!(items, "({:?}, include_str!({path:?})), ", name(&file));
    }
    items
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml" || ending == "json")
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
