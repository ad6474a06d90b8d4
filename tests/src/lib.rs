//! What the judges share: where recorded data is, and how a conformance run reports.

pub mod conformance_report;

use std::path::PathBuf;

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
