//! `conformance controlplane`: scenarios recorded from real controllers, run again and compared part by part.

mod autoscaling;
mod case;
mod drive;
mod judge;
mod names;
mod observe;
mod observe_storage;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use wavetank_core::trace::Change;
use wavetank_tests::conformance_report::Report;

use case::Case;
use judge::{Shown, judge as judge_parts};

/// Runs every scenario under `dirs`. The report counts scenarios; a scenario agrees if every part of its summary does. With `trace`,
/// every part that disagrees and all that happened is printed; `seed` decides what Kubernetes leaves open. What it took goes to the error stream: the rest is the same every time.
pub(crate) fn judge(dirs: &[PathBuf], trace: bool, seed: u64) -> Result<Report, Box<dyn std::error::Error>> {
    let mut files = Vec::new();
    for dir in dirs {
        gather(dir, &mut files).map_err(|e| format!("{}: {e}", dir.display()))?;
    }
    files.sort();
    let begun = Instant::now();
    let (mut ran, mut virtual_seconds, mut scenarios) = (Duration::ZERO, 0.0, 0u32);
    let mut report = Report::new("controlplane");
    let mut parts_by_family = std::collections::BTreeMap::<String, (usize, usize)>::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let case: Case = serde_json::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))?;
        let started = Instant::now();
        let finished = drive::run(&case, seed);
        ran += started.elapsed();
        virtual_seconds += case.until;
        scenarios += 1;
        let shown = Shown {
            case: &case,
            observer: &finished.observer,
            cluster: finished.sim.cluster(),
            trace: finished.sim.api().trace(),
            responses: &finished.responses,
        };
        let parts = judge_parts(&shown);
        if trace {
            print_run(&shown, &parts);
        }
        let count = parts_by_family.entry(case.family.clone()).or_default();
        count.0 += parts.iter().filter(|p| p.difference.is_none()).count();
        count.1 += parts.len();
        let family = report.family(&case.family);
        match parts.iter().find_map(|p| p.difference.as_ref().map(|d| (p, d))) {
            None => family.agree(),
            Some((part, (expected, got))) => family.disagree(expected.as_str(), got.as_str(), format!("{} {}", case.id, part.path)),
        }
    }
    for (family, (agree, total)) in parts_by_family {
        eprintln!("{family}: parts {agree}/{total}");
    }
    let (ran, whole) = (ran.as_secs_f64(), begun.elapsed().as_secs_f64());
    let rate = virtual_seconds / ran.max(f64::EPSILON);
    eprintln!(
        "{scenarios} scenarios: {virtual_seconds:.0} virtual seconds in {ran:.3} s on one core, {rate:.0} for each; with reading and \
         comparing {whole:.3} s"
    );
    Ok(report)
}

fn print_run(shown: &Shown, parts: &[judge::Part]) {
    for (part, (expected, got)) in parts.iter().filter_map(|p| p.difference.as_ref().map(|d| (p, d))) {
        println!("{} {}\n  expected  {expected}\n  got       {got}", shown.case.id, part.path);
    }
    for record in shown.trace.records() {
        let told = match (shown.trace.event(shown.cluster, record), record.change) {
            (Some(event), _) => format!("{}: {}", event.reason, event.message),
            (None, Change::Condition(text)) => shown.trace.text(text).to_owned(),
            (None, change) => format!("{change:?}"),
        };
        println!("{:9.3} {} {}", record.time.millis() as f64 / 1e3, judge::object_name(shown.cluster, record.subject), told);
    }
}

fn gather(path: &std::path::Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            gather(&entry?.path(), files)?;
        }
    } else if path.extension().is_some_and(|e| e == "json") {
        files.push(path.to_owned());
    }
    Ok(())
}
