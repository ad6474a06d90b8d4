//! What the judges share: where recorded data is, and how a conformance run reports.

pub mod conformance_report;

use std::path::PathBuf;

use serde_json::Value;
use wavetank_core::cluster::Cluster;
use wavetank_core::cluster::build::{Builder, ClusterOptions, Gaps, objects_from_json};
use wavetank_core::engine::{Ended, Sim, SimOptions};

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
