//! What the judges share: where recorded data is, and how a conformance run reports.

pub mod conformance_report;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wavetank_core::cluster::Cluster;
use wavetank_core::cluster::build::{Builder, ClusterOptions, Gaps, objects_from_json};
use wavetank_core::engine::{Ended, Sim, SimOptions};
use wavetank_core::manifest::SourceSet;

/// A settled simulation of these objects and nothing made up besides.
///
/// # Panics
/// Where an object is not well formed, or the cluster does not get quiet: then the test that asked is wrong.
#[must_use]
pub fn settled(objects: &[Value]) -> Sim {
    let mut cluster = Cluster::default();
    let mut builder = Builder::new(&mut cluster, ClusterOptions { gaps: Gaps::Keep, ..ClusterOptions::default() });
    for object in objects_from_json(objects).expect("the objects of these tests are well formed") {
        builder.insert(&object, None);
    }
    let (sim, _, ended) = Sim::settled(cluster, &SimOptions::default());
    assert_eq!(ended, Ended::Quiet, "a healthy cluster gets quiet");
    sim
}

/// The folders of the project's own examples, by name.
///
/// # Panics
/// Where they are not there.
#[must_use]
pub fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../static/examples");
    let entries = fs::read_dir(root).expect("the project has examples");
    let mut found: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    found.sort();
    found
}

/// The manifests of an example, each named by its file.
///
/// # Panics
/// Where one cannot be read.
#[must_use]
pub fn sources(example: &Path) -> SourceSet {
    let entries = fs::read_dir(example).expect("an example's folder can be listed");
    let mut files: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "yaml")).collect();
    files.sort();
    let mut sources = SourceSet::default();
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        sources.add(name, fs::read_to_string(file).expect("a listed file can be read"));
    }
    sources
}

/// The folder with recorded data and real manifests: `$WAVETANK_SHARED`, else `../shared` beside the repository.
///
/// `None` (after a line on standard error) where neither is there: tests that need it are skipped, loudly.
#[must_use]
pub fn shared_dir() -> Option<PathBuf> {
    let given = std::env::var_os("WAVETANK_SHARED").map(PathBuf::from);
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let beside = root.ancestors().map(|dir| dir.join("shared")).find(|dir| dir.join("conformance").is_dir());
    let found = given.or(beside).filter(|dir| dir.is_dir());
    if found.is_none() {
        eprintln!("SKIPPED: no recorded data; set WAVETANK_SHARED to the folder that holds conformance/ and manifests/");
    }
    found
}
