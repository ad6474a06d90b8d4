//! The rules of the house that no compiler checks: the order of the core's modules, the size of files, what must not be left in them.

use std::fs;
use std::path::{Path, PathBuf};

/// The core's modules in their order: one may use those of a lower rank, and none beside or above itself.
const ORDER: &[&[&str]] = &[
    &["units"],
    &["manifest"],
    &["cluster"],
    &["trace"],
    &["graph"],
    &["scheduler"],
    &["apiserver"],
    &["kubelet", "controllers"],
    &["engine"],
    &["faults"],
    &["scenario"],
    &["report"],
    &["session"],
];

const MOST_LINES: usize = 900;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_path_buf()
}

/// Every file of the project below `dir` with this ending; not what is built or installed.
fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![dir.to_path_buf()];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(&dir).expect("a readable directory") {
            let path = entry.expect("a readable entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() {
                if !matches!(name, "target" | "node_modules" | "test-results" | "dist" | ".git" | ".cache") {
                    waiting.push(path);
                }
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn short(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn rank(module: &str) -> Option<usize> {
    ORDER.iter().position(|names| names.contains(&module))
}

/// The core's module that a file belongs to: `core/src/graph/dot.rs` and `core/src/graph.rs` are both `graph`.
fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("core/src")).expect("a file of the core");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_string()
}

/// Code without line comments, so that prose may name any module.
fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The first names after every `crate::` of a file, those in a `{…}` group included.
fn named_modules(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, mark) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + mark.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            names.extend(first_names_in_group(group));
        } else {
            names.push(identifier(rest));
        }
    }
    names
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// `a::b, c::{d, e}, f}` gives a, c, f.
fn first_names_in_group(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0;
    let mut start = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            c if start && (c.is_alphabetic() || c == '_') => {
                names.push(identifier(&group[at..]));
                start = false;
            }
            _ => {}
        }
    }
    names
}

#[test]
fn paths_are_found_in_code() {
    let code = "use crate::{units::time, graph::{self, dot}, trace}; fn f() -> crate::engine::Run { macro_crate::x() }";
    assert_eq!(named_modules(code), ["units", "graph", "trace", "engine"]);
}

#[test]
fn a_module_uses_only_those_before_it() {
    let mut wrong = Vec::new();
    for path in files(&root().join("core/src"), ".rs") {
        let module = module_of(&path);
        if module == "lib" {
            continue;
        }
        let Some(own) = rank(&module) else {
            wrong.push(format!("{}: module {module} has no place in the order", short(&path)));
            continue;
        };
        let code = without_comments(&fs::read_to_string(&path).expect("text"));
        for used in named_modules(&code) {
            match rank(&used) {
                Some(other) if used != module && other >= own => {
                    wrong.push(format!("{}: {module} uses {used}, which comes after it", short(&path)));
                }
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_of_the_core_says_what_it_owns() {
    let silent: Vec<_> = files(&root().join("core/src"), ".rs")
        .into_iter()
        .filter(|path| !fs::read_to_string(path).expect("text").trim_start().starts_with("//!"))
        .map(|path| short(&path))
        .collect();
    assert!(silent.is_empty(), "no //! at the top of: {}", silent.join(", "));
}

#[test]
fn no_file_is_too_long_to_read() {
    let mut long = Vec::new();
    for path in files(&root(), ".rs") {
        let lines = fs::read_to_string(&path).expect("text").lines().count();
        if lines > MOST_LINES {
            long.push(format!("{}: {lines} lines", short(&path)));
        }
    }
    assert!(long.is_empty(), "more than {MOST_LINES} lines: {}", long.join(", "));
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not name what it forbids.
    let marks = ["TO", "FIX", "XX"].into_iter().zip(["DO", "ME", "X"]).map(|(a, b)| format!("{a}{b}"));
    let macros = ["todo", "unimplemented", "dbg"].into_iter().map(|name| format!("{name}!("));
    let marks: Vec<String> = marks.chain(macros).collect();
    let mut left = Vec::new();
    for ending in [".rs", ".mjs", ".css", ".html", ".toml", ".md"] {
        for path in files(&root(), ending) {
            let text = fs::read_to_string(&path).expect("text");
            for (number, line) in text.lines().enumerate() {
                for mark in marks.iter().filter(|mark| has_word(line, mark)) {
                    left.push(format!("{}:{}: {mark}", short(&path), number + 1));
                }
            }
        }
    }
    assert!(left.is_empty(), "{}", left.join("\n"));
}

/// Whether the mark stands alone: not as a part of a longer word.
fn has_word(line: &str, mark: &str) -> bool {
    line.match_indices(mark).any(|(at, _)| {
        let alone = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        alone(line[..at].chars().next_back()) && (mark.ends_with('(') || alone(line[at + mark.len()..].chars().next()))
    })
}

#[test]
fn no_path_of_one_machine() {
    let places = ["/ho", "/ro", "/wo", "/Us"].into_iter().zip(["me/", "ot/", "rk/", "ers/"]).map(|(a, b)| format!("{a}{b}"));
    let places: Vec<String> = places.collect();
    let mut found = Vec::new();
    for ending in [".rs", ".toml", ".mjs", ".md", ".html"] {
        for path in files(&root(), ending) {
            let text = fs::read_to_string(&path).expect("text");
            for (number, line) in text.lines().enumerate() {
                // A path starts a word: `(/x/`, `"/x/`, ` /x/`; `a/x/b` inside a longer path or URL is another thing.
                let starts = |place: &String| {
                    line.match_indices(place.as_str()).any(|(at, _)| {
                        !line[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '}' | '*'))
                    })
                };
                if places.iter().any(starts) {
                    found.push(format!("{}:{}: {line}", short(&path), number + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_page_has_one_top_heading() {
    let mut wrong = Vec::new();
    for path in files(&root(), ".md") {
        let text = fs::read_to_string(&path).expect("text");
        let mut fenced = false;
        let mut headings = 0;
        for line in text.lines() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            } else if !fenced && line.starts_with("# ") {
                headings += 1;
            }
        }
        if headings != 1 {
            wrong.push(format!("{}: {headings} top headings", short(&path)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
