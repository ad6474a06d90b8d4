//! The real manifest sets, each with a zone lost: every pod ends up placed, finished, or with the reason why not.

use std::path::{Path, PathBuf};

use wavetank_core::cluster::ids::PodId;
use wavetank_core::manifest::SourceSet;
use wavetank_core::scenario::{Scenario, Step, Verb};
use wavetank_core::session::{Session, SessionOptions};
use wavetank_core::trace::{Change, Subject, Trace};
use wavetank_core::units::time::Time;

fn gather(path: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(path) else { return };
    for path in entries.flatten().map(|e| e.path()) {
        if path.is_dir() {
            gather(&path, files);
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json") {
            files.push(path);
        }
    }
}

fn explained(trace: &Trace, pod: PodId) -> bool {
    trace.records().iter().any(|r| r.subject == Subject::Pod(pod) && matches!(r.change, Change::PodUnschedulable(_)))
}

#[test]
fn a_zone_lost_leaves_no_pod_without_a_place_or_a_reason() {
    let Some(shared) = wavetank_tests::shared_dir() else { return };
    let mut sets: Vec<PathBuf> = std::fs::read_dir(shared.join("manifests"))
        .expect("the recorded sets are there")
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.is_dir() && p.file_name().is_some_and(|n| n != "_invalid"))
        .collect();
    sets.sort();
    assert!(sets.len() >= 60, "{} sets", sets.len());
    let mut pods = 0;
    for set in sets {
        let mut files = Vec::new();
        gather(&set, &mut files);
        files.sort();
        let mut sources = SourceSet::default();
        for file in &files {
            let text = std::fs::read(file).expect("a listed file can be read");
            sources.add(file.display().to_string(), String::from_utf8_lossy(&text).into_owned());
        }
        let session = Session::open(sources, &SessionOptions::default());
        let Some(zone) =
            session.cluster().live_nodes().map(|(_, n)| session.cluster().zone_name(n.zone).to_owned()).find(|z| !z.is_empty())
        else {
            continue;
        };
        let run = session.run(&Scenario::of_steps("lose-a-zone", vec![Step::at(Time::ZERO, Verb::FailZone { zone })]));
        assert!(!run.trace().is_empty(), "{}: nothing happened", set.display());
        for (id, pod) in run.end().live_pods().filter(|(_, p)| p.is_unscheduled()) {
            let gated = !run.end().template_of(id).scheduling_gates.is_empty();
            let foreign = run.end().text(run.end().template_of(id).scheduler_name) != "default-scheduler";
            let known = explained(run.trace(), id) || explained(session.settle_trace(), id);
            assert!(
                known || gated || foreign || pod.nominated.is_some(),
                "{}: {} waits for no reason",
                set.display(),
                run.end().pod_full_name(id)
            );
        }
        pods += run.end().pods.len();
        // The report of each can be made and says something.
        assert!(!run.report(&session).verdict.text.is_empty(), "{}: no verdict", set.display());
    }
    assert!(pods > 1_000, "{pods} pods in all");
}
