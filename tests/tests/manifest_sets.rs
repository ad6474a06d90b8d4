//! The real manifest sets: every document of every set is read and ends as something.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wavetank_core::manifest::{Class, Limits, Manifest, Severity, SourceSet, read};

/// The schema the core reads is the one `k8s-openapi` has.
#[test]
fn schema_is_what_the_types_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/src/manifest/schema.txt");
    let written = std::fs::read_to_string(path).unwrap();
    let traced = std::process::Command::new(env!("CARGO_BIN_EXE_schema")).output().unwrap();
    assert!(written.as_bytes() == traced.stdout, "cargo run -p wavetank-tests --bin schema > core/src/manifest/schema.txt");
}

/// The YAML and JSON files below a folder, sorted.
fn files(dir: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json") {
            into.push(path);
        }
    }
}

fn read_files(root: &Path, paths: &[PathBuf]) -> Manifest {
    let mut sources = SourceSet::default();
    for path in paths {
        let bytes = std::fs::read(path).unwrap();
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        sources.add(name, String::from_utf8_lossy(&bytes).into_owned());
    }
    read(sources, &Limits::default())
}

/// What holds of every reading: spans lie in their file, rejected documents are explained, read ones have objects.
fn check(manifest: &Manifest) {
    for diagnostic in &manifest.diagnostics {
        let span = diagnostic.span.unwrap_or_else(|| panic!("no place: {diagnostic:?}"));
        let file = manifest.sources.file(span.file).unwrap();
        assert!(file.text.get(span.range()).is_some(), "{}: {diagnostic:?}", file.name);
        assert!(!diagnostic.message.chars().any(char::is_control), "{diagnostic:?}");
    }
    for document in &manifest.documents {
        let unused = document.class == Class::Rejected || document.replaced_by.is_some();
        assert_eq!(document.object.is_some(), !unused, "{document:?}");
        if document.class == Class::Rejected {
            let explained = manifest.diagnostics.iter().any(|d| {
                d.span.is_some_and(|s| s.file == document.span.file && (document.span.contains(s) || s.start <= document.span.start))
            });
            assert!(explained, "{}: nothing said about {:?}", manifest.sources.files[document.span.file.0 as usize].name, document.span);
        }
    }
}

#[test]
fn every_document_of_every_set_is_classified() {
    let Some(shared) = wavetank_tests::shared_dir() else { return };
    let root = shared.join("manifests");
    let mut sets: Vec<PathBuf> = std::fs::read_dir(&root).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    sets.sort();
    sets.retain(|set| !set.ends_with("_invalid"));
    assert_eq!(sets.len(), 60, "the sets in {}", root.display());
    let mut classes: BTreeMap<Class, usize> = BTreeMap::new();
    let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
    for set in &sets {
        let mut paths = Vec::new();
        files(set, &mut paths);
        let manifest = read_files(&root, &paths);
        assert!(!manifest.documents.is_empty(), "{}", set.display());
        check(&manifest);
        for document in &manifest.documents {
            *classes.entry(document.class).or_default() += 1;
        }
        for diagnostic in &manifest.diagnostics {
            *ids.entry(diagnostic.id.0).or_default() += 1;
            if std::env::var_os("WAVETANK_SHOW").is_some() {
                let span = diagnostic.span.unwrap();
                let (line, column) = manifest.sources.line_col(span);
                let file = &manifest.sources.file(span.file).unwrap().name;
                println!("{file}:{line}:{column}: {} {}: {}", diagnostic.severity.name(), diagnostic.id, diagnostic.message);
            }
        }
    }
    println!("{classes:?}\n{ids:?}");
    assert!(classes[&Class::Simulated] > 3000 && classes[&Class::Custom] > 1500, "{classes:?}");
}

#[test]
fn controls_among_the_invalid_files_are_accepted() {
    let Some(shared) = wavetank_tests::shared_dir() else { return };
    let root = shared.join("manifests/_invalid");
    let notes = std::fs::read_to_string(root.join("NOTES.md")).unwrap();
    let mut controls = 0;
    for row in notes.lines().filter(|l| l.starts_with("| ") && l.contains("VALID")) {
        let name = row.split('|').nth(1).unwrap().trim();
        let path = root.join(name);
        let manifest = read_files(&root, &[path]);
        check(&manifest);
        let errors: Vec<_> = manifest.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
        // One control shows an old version beside the current one: saying so is right.
        let unexpected: Vec<_> = errors.iter().filter(|d| d.id.0 != "WT1014").collect();
        assert!(unexpected.is_empty(), "{name}: {unexpected:?}");
        controls += 1;
    }
    assert!(controls >= 9, "{controls} controls");
}

#[test]
fn broken_files_are_read_without_panic() {
    let Some(shared) = wavetank_tests::shared_dir() else { return };
    let root = shared.join("manifests/_invalid");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    for path in &paths {
        check(&read_files(&root, std::slice::from_ref(path)));
    }
}
