//! `bench read`: text to typed objects with spans and diagnostics.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use wavetank_core::manifest::{Limits, SourceSet, read};

use crate::measure::{peak_bytes, timed};

/// What to read.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Directories; the recorded manifest sets if none is given.
    paths: Vec<PathBuf>,
    /// How often; the median is printed.
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

/// Reads everything `runs` times.
pub(crate) fn run(args: &Args) -> ExitCode {
    let mut paths = args.paths.clone();
    if paths.is_empty() {
        match wavetank_tests::shared_dir() {
            Some(shared) => paths.push(shared.join("manifests")),
            None => {
                eprintln!("no directory given, and the recorded manifest sets are not there");
                return ExitCode::from(2);
            }
        }
    }
    let mut files = Vec::new();
    paths.iter().for_each(|path| gather(path, &mut files));
    files.sort();
    let texts: Vec<(String, String)> = files
        .iter()
        .filter_map(|file| std::fs::read(file).ok().map(|bytes| (file.display().to_string(), String::from_utf8_lossy(&bytes).into_owned())))
        .collect();
    let bytes: usize = texts.iter().map(|t| t.1.len()).sum();
    let mut seconds = Vec::new();
    let mut resources = 0;
    for _ in 0..args.runs.max(1) {
        let mut sources = SourceSet::default();
        for (name, text) in &texts {
            sources.add(name.as_str(), text.as_str());
        }
        let (manifest, took) = timed(|| read(sources, &Limits::default()));
        resources = manifest.documents.len();
        seconds.push(took);
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    let line = json!({
        "bench": "read", "files": texts.len(), "bytes": bytes, "resources": resources, "seconds": median,
        "resources_per_second": resources as f64 / median, "peak_bytes": peak_bytes(),
    });
    println!("{line}");
    ExitCode::SUCCESS
}

fn gather(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_file() {
        if path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json") {
            files.push(path.to_owned());
        }
    } else if let Ok(entries) = std::fs::read_dir(path) {
        entries.flatten().for_each(|entry| gather(&entry.path(), files));
    }
}
