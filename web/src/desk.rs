//! The worker's desk: a question comes in, the core is asked, an answer goes out. It keeps the last session and run, and no rule of its own.

mod opened;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use wavetank_core::cluster::ids::PodId;
use wavetank_core::cluster::node::Node;
use wavetank_core::cluster::{Cluster, Workload};
use wavetank_core::graph;
use wavetank_core::manifest::{self, Diagnostic, SourceSet};
use wavetank_core::report::compare::{self, Change, Comparison};
use wavetank_core::report::{self, Index, Report, Told};
use wavetank_core::scenario::catalog::NOT_HELD;
use wavetank_core::scenario::{self, Promise, Scenario};
use wavetank_core::session::{self, RerunBudget, Run, Session, SessionOptions};
use wavetank_core::units::text::visible;
use wavetank_core::units::time::Time;

use self::opened::Opened;
use crate::account;
use crate::drawn::Of;
use crate::export;
use crate::fold::{self, Folded};
use crate::gallery;
use crate::intake;
use crate::mend;
use crate::names::Names;
use crate::reel::Reel;
use crate::store::Selection;
use crate::wire::*;

/// An answer on its way out.
#[derive(Debug)]
pub enum Reply {
    /// As JSON.
    Answer(Answer),
    /// A frame's bytes.
    Bytes(Vec<u8>),
}

/// What was run last.
struct Ran {
    generation: u32,
    scenario: Scenario,
    run: Run,
    words: Vec<String>,
    /// Of the settling, of the run: made when somebody asks why.
    indexes: OnceCell<[Index; 2]>,
    /// As it was told; its proposals once they have been tried.
    report: Report,
    /// The proposals have been tried.
    tried: bool,
    /// Where frames come from.
    reel: Reel,
}

/// What is to be run, beside the files.
struct Wish {
    generation: u32,
    /// Without any it is the scenario of the files.
    steps: Option<Vec<Step>>,
    /// Where they are written first.
    writes: Writing,
    seed: u64,
    lesson: String,
}

/// The state between two questions.
#[derive(Default)]
pub struct Desk {
    opened: Option<Opened>,
    /// The manifests that the last run was compared with.
    before: Option<(Vec<SourceFile>, u64, Session)>,
    ran: Option<Ran>,
}

/// Rows of a matrix that are sent: the chosen node, the best, the first refused.
const MOST_ROWS: usize = 60;
/// With more pods than this a pod's tries and ways in are left out: finding them repeats the run.
const MOST_EXPLAINED: usize = 5_000;
/// Ticks that are sent; more are put together.
const MOST_MARKS: usize = 6_000;

impl Desk {
    /// Answers a question in JSON: how tests ask.
    pub fn answer(&mut self, question: &str) -> Reply {
        self.asked(serde_json::from_str(question).map_err(|error| error.to_string()), &mut |_| {})
    }

    /// Answers a question in bytes: how the page asks. `tell` hears how far a long run is.
    pub fn answer_bytes(&mut self, question: &[u8], tell: &mut dyn FnMut(Answer)) -> Reply {
        if intake::is_archive(question) {
            let (files, said) = match intake::unpack(question) {
                Ok(taken) if taken.files.is_empty() => {
                    (Vec::new(), format!("There is no manifest in the archive. {}", taken.told().unwrap_or_default()))
                }
                Ok(taken) => (taken.files.clone(), taken.told().unwrap_or_default()),
                Err(bad) => (Vec::new(), bad.message()),
            };
            return Reply::Answer(Answer::Unpacked { files, said });
        }
        self.asked(from_bytes(question).ok_or_else(|| "another build".to_string()), tell)
    }

    fn asked(&mut self, question: Result<Ask, String>, tell: &mut dyn FnMut(Answer)) -> Reply {
        let refused = |message: &str| Reply::Answer(Answer::Refused { message: message.to_string() });
        let gone = || Answer::Refused { message: "that run is no longer there".to_string() };
        match question {
            Ok(Ask::Run { generation, files, steps, own, writes, seed, lesson }) => {
                let run = Wish { generation, steps: (!own).then_some(steps), writes, seed, lesson };
                Reply::Answer(self.run(files, &run, tell))
            }
            Ok(Ask::Open { what }) => {
                let files = match (what.lesson, what.repair) {
                    (false, _) => gallery::example_files(&what.name),
                    (true, false) => gallery::lesson_files(&what.name),
                    (true, true) => gallery::lesson_repair(&what.name),
                };
                Reply::Answer(Answer::Opened { what, files })
            }
            Ok(Ask::Frame { generation, at_ms, have }) => match self.ran.as_mut().filter(|ran| ran.generation == generation) {
                Some(ran) => Reply::Bytes(ran.reel.at(at_ms, have)),
                None => refused("that run is no longer there"),
            },
            Ok(Ask::Why { generation, pod, at_ms }) => match (&self.opened, &self.ran) {
                (Some(opened), Some(ran)) if ran.generation == generation => {
                    Reply::Answer(Answer::Why { generation, why: Box::new(why(&opened.session, ran, pod, at_ms)) })
                }
                _ => refused("that run is no longer there"),
            },
            Ok(Ask::WhatIf { generation, nth }) => match &self.opened {
                Some(Opened { session, whatifs, .. }) => Reply::Answer(Answer::WhatIf {
                    generation,
                    nth,
                    total: whatifs.total(),
                    left_out: whatifs.left_out.clone(),
                    risk: whatifs.run(session, nth).map(Box::new),
                }),
                None => refused("nothing is open"),
            },
            Ok(Ask::Advise { generation }) => match (&self.opened, &mut self.ran) {
                (Some(opened), Some(ran)) if ran.generation == generation => {
                    Reply::Answer(Answer::Advised { generation, advice: advise(&opened.session, ran) })
                }
                _ => refused("that run is no longer there"),
            },
            Ok(Ask::Mend { generation, nth }) => match (&self.opened, &self.ran) {
                (Some(opened), Some(ran)) if ran.generation == generation => Reply::Answer(mend(&opened.session, ran, nth)),
                _ => refused("that run is no longer there"),
            },
            Ok(Ask::Compare { generation, files, before }) => Reply::Answer(self.compare(generation, files, &before).unwrap_or_else(gone)),
            Ok(
                Ask::Graph { generation, .. }
                | Ask::Account { generation, .. }
                | Ask::Export { generation, .. }
                | Ask::Assumed { generation }
                | Ask::Say { generation, .. },
            ) if self.ran.as_ref().is_none_or(|ran| ran.generation != generation) => Reply::Answer(gone()),
            Ok(ask @ (Ask::Graph { .. } | Ask::Account { .. } | Ask::Export { .. } | Ask::Assumed { .. } | Ask::Say { .. })) => {
                Reply::Answer(self.aside(ask).unwrap_or_else(gone))
            }
            Ok(Ask::Digest { files, seed }) => {
                self.run(files, &Wish { generation: 0, steps: None, writes: Writing::No, seed, lesson: String::new() }, tell);
                let Some(ran) = &self.ran else { return refused("nothing to run") };
                let trace = ran.run.trace();
                Reply::Answer(Answer::Digest { digest: trace.digest(), records: trace.len() as u64 })
            }
            Err(error) => refused(&format!("the worker does not understand the page: {error}")),
        }
    }

    /// Runs these steps, or the scenario of the files.
    fn run(&mut self, files: Vec<SourceFile>, wish: &Wish, tell: &mut dyn FnMut(Answer)) -> Answer {
        let (generation, seed) = (wish.generation, wish.seed);
        self.ran = None;
        let mut now = |phase: &str| tell(Answer::Progress { generation, phase: phase.to_string(), part: None });
        self.open(files, seed, &mut now);
        let (steps, written, unwritten) = match &wish.steps {
            Some(steps) => match self.write(steps, wish.writes, &mut now) {
                Ok(None) => (Some(steps), None, String::new()),
                Ok(file) => (None, file, String::new()),
                Err(why) => (Some(steps), None, why.to_string()),
            },
            None => (None, None, String::new()),
        };
        let Some(Opened { session, steps: ran, .. }) = &mut self.opened else {
            return Answer::Refused { message: "nothing is open".to_string() };
        };
        let (scenario, own) = scenario_of(session, steps.map(Vec::as_slice), seed);
        now("Running");
        let (run, taught) = match gallery::lesson(&wish.lesson).map(|lesson| session.teach(&scenario, &lesson)) {
            Some((run, taught)) => (run, Some(Box::new(taught))),
            None => (session.run(&scenario), None),
        };
        now("Telling");
        let report = run.report(session);
        // A lesson's goal stands in no file: that it is not met yet is told by the lesson.
        let told = run.outcome().diagnostics.iter().filter(|of| taught.is_none() || of.id != NOT_HELD || of.span.is_some());
        let mut diagnostics: Vec<Finding> = session.diagnostics().iter().chain(told).map(finding).collect();
        diagnostics.sort_by_key(|finding| (finding.severity, finding.file, finding.start));
        if run.end().pods.is_empty() && run.end().nodes.is_empty() || session.manifest().documents.is_empty() {
            return Answer::nothing(generation, diagnostics, false);
        }
        let words = report.steps.iter().map(|step| step.text.clone()).collect();
        let (mut story, reel) = story(&run, &report, generation);
        // A lesson may speak of a time at which nothing happens any more.
        let spoken_of = taught.iter().flat_map(|taught| &taught.beats).filter_map(|beat| beat.at_ms).max();
        story.duration_ms = story.duration_ms.max(spoken_of.unwrap_or_default());
        let steps: Option<Vec<Step>> =
            own.then(|| scenario.steps.iter().zip(&report.steps).map(|(step, told)| Step::of(&step.verb, told.at_ms)).collect());
        ran.clone_from(&steps);
        let partial = report.read.rejected > 0;
        self.ran = Some(Ran { generation, scenario, run, words, indexes: OnceCell::new(), report, tried: false, reel });
        Answer::Ran { generation, diagnostics, partial, steps, story: Some(Box::new(story)), taught, written, unwritten }
    }

    /// What can be asked of the last run beside its course.
    fn aside(&mut self, ask: Ask) -> Option<Answer> {
        let (Opened { session, .. }, ran) = (self.opened.as_ref()?, self.ran.as_mut()?);
        let generation = ran.generation;
        if let Ask::Export { form: Form::Markdown | Form::Json | Form::Html, .. } = ask {
            ran.try_proposals(session);
        }
        let of = Of { session, run: &ran.run, report: &ran.report };
        Some(match ask {
            Ask::Graph { wish, .. } => Answer::Drawn { generation, picture: Box::new(of.picture(&wish)) },
            Ask::Account { of: link, .. } => {
                let found = Selection::from_link(&link).and_then(|selection| account::account(&of, &selection, &ran.words));
                let nothing = || Account { of: link.clone(), title: "It is not part of this run.".to_string(), ..Account::default() };
                Answer::Account { generation, account: Box::new(found.unwrap_or_else(nothing)) }
            }
            Ask::Export { form, wish, .. } => {
                let (file, media) = match form {
                    Form::RelationsPng => ("wavetank-relations.png", "image/png"),
                    _ => ("wavetank-relations.svg", "image/svg+xml"),
                };
                let relations = || (file, media, graph::render::picture(&of.draw(&wish).drawing));
                let (name, media, text) = export::written(form, &ran.report, &ran.scenario).unwrap_or_else(relations);
                Answer::Exported { name: name.to_string(), media: media.to_string(), text }
            }
            Ask::Assumed { .. } => Answer::Assumed { generation, values: session.assumed().into_iter().map(assumed).collect() },
            Ask::Say { key, value, .. } => match session.say(&key, &value) {
                Ok((name, text)) => Answer::Said { generation, files: vec![SourceFile { name, text }], refused: String::new() },
                Err(why) => Answer::Said { generation, files: Vec::new(), refused: why.to_string() },
            },
            _ => return None,
        })
    }

    /// The last run against that of other manifests or other steps.
    fn compare(&mut self, generation: u32, files: Vec<SourceFile>, before: &Before) -> Option<Answer> {
        let (opened, ran) = (self.opened.as_ref()?, self.ran.as_ref().filter(|ran| ran.generation == generation)?);
        let options = SessionOptions { seed: before.seed, ..SessionOptions::default() };
        let known = self.before.take().filter(|(known, seed, _)| *known == files && *seed == before.seed);
        let (files, seed, session) = known.unwrap_or_else(|| {
            let mut sources = SourceSet::default();
            for file in &files {
                sources.add(file.name.as_str(), file.text.as_str());
            }
            let session = Session::open(sources, &options);
            (files, before.seed, session)
        });
        let report = |session: &Session, scenario: &Scenario| session.run(scenario).report(session);
        let scenario = |session: &Session| match before.same {
            true => ran.scenario.clone(),
            false => scenario_of(session, (!before.own).then_some(&before.steps), seed).0,
        };
        let comparison = match Session::pair(&session, &opened.session, &options) {
            Some([was, is]) => compare::compare(&report(&was, &scenario(&was)), &report(&is, &ran.scenario)),
            None => compare::compare(&report(&session, &scenario(&session)), &ran.report),
        };
        self.before = Some((files, seed, session));
        Some(Answer::Compared { generation, summary: comparison.summary.clone(), differences: differences(&comparison) })
    }
}

impl Ran {
    /// Tries the proposals of the report, once.
    fn try_proposals(&mut self, session: &Session) {
        if !self.tried {
            session.verify(&self.scenario, &self.run, &mut self.report, &RerunBudget::default());
            self.tried = true;
        }
    }
}

/// The first scenario of the files, with these steps instead of its own if there are any given, and whether the steps are its own. What it
/// says must hold always, or never, is asked of other steps, too; what comes of its own steps is not.
fn scenario_of(session: &Session, steps: Option<&[Step]>, seed: u64) -> (Scenario, bool) {
    let found = scenario::read(session.manifest()).0.into_iter().next();
    match (found, steps) {
        (Some(found), None) => (Scenario { seed, ..found }, true),
        (found, steps) => {
            let steps = steps.into_iter().flatten().filter_map(|step| Some(scenario::Step::at(Time(step.at_ms), step.to_verb()?)));
            let mut expectations = found.map(|found| found.expectations).unwrap_or_default();
            expectations.retain(|of| matches!(of.promise, Promise::Always | Promise::Never));
            (Scenario { seed, expectations, ..Scenario::of_steps("page", steps.collect()) }, false)
        }
    }
}

/// What differs, in the order of its consequences.
fn differences(of: &Comparison) -> Vec<Difference> {
    let changed = of.workloads.iter().filter(|of| of.change != Change::Alike);
    let words = |side: &Option<compare::Brief>| side.as_ref().map(compare::Brief::words);
    let told = changed.map(|of| Difference {
        label: of.label.clone(),
        way: match of.change {
            Change::Worse => "worse",
            Change::Better => "better",
            Change::Gone | Change::New | Change::Other | Change::Alike => "other",
        }
        .to_string(),
        text: match (words(&of.before), words(&of.after)) {
            (Some(before), Some(after)) => format!("{before} → {after}"),
            (Some(before), None) => format!("only in the kept run: {before}"),
            (None, Some(after)) => format!("only in this run: {after}"),
            (None, None) => String::new(),
        },
    });
    told.collect()
}

fn assumed(of: session::Assumed) -> Assumed {
    Assumed {
        key: of.key,
        subject: of.subject,
        what: of.what,
        value: of.value,
        usual: of.usual.unwrap_or_default(),
        unit: of.unit.to_string(),
        why: of.why,
        effect: of.effect.to_string(),
    }
}

fn finding(diagnostic: &Diagnostic) -> Finding {
    let severity = match diagnostic.severity {
        manifest::Severity::Error => Severity::Error,
        manifest::Severity::Warning => Severity::Warning,
        manifest::Severity::Info | manifest::Severity::Hint => Severity::Info,
    };
    let (file, start, end) = diagnostic.span.map_or((NO_FILE, 0, 0), |span| (span.file.0, span.start, span.end));
    Finding {
        id: diagnostic.id.to_string(),
        severity,
        message: diagnostic.message.clone(),
        help: diagnostic.help.clone().unwrap_or_default(),
        file,
        start,
        end,
    }
}

fn story(run: &Run, report: &Report, generation: u32) -> (Story, Reel) {
    let end = run.end();
    let zones = used_zones(end);
    let last = report.last_ms.max(0);
    let position: BTreeMap<&str, u32> =
        report.workloads.iter().enumerate().map(|(nth, workload)| (workload.label.as_str(), nth as u32)).collect();
    let pods = || (0..end.pods.len()).map(PodId::from_index);
    // Pods of one template and owner follow each other: a label is looked up once for all of them.
    let mut known: BTreeMap<Workload, u32> = BTreeMap::new();
    let pod_workloads: Vec<u32> = pods()
        .map(|id| {
            let workload = end.workload_of(id);
            *known.entry(workload).or_insert_with(|| position.get(end.workload_label(workload).as_str()).copied().unwrap_or(u32::MAX))
        })
        .collect();
    let mut folded = Folded::of(run, generation, &zones, (&pod_workloads, report.workloads.len()), last);
    let (pools, pool_of) = pools(end);
    let nodes = end.nodes.iter().enumerate().map(|(nth, node)| NodeInfo {
        name: end.text(node.name).to_string(),
        zone: zones.get(node.zone.index()).copied().flatten().unwrap_or_default(),
        cpu_milli: node.allocatable.cpu_milli.max(0) as u64,
        memory_bytes: node.allocatable.memory.max(0) as u64,
        pods: node.allocatable_pods.clamp(0, i64::from(u32::MAX)) as u32,
        pool: pool_of[nth],
        peak_pods: folded.peaks.get(nth).copied().unwrap_or_default(),
    });
    let mut workloads: Vec<WorkloadInfo> = report.workloads.iter().map(|workload| workload_info(workload, report)).collect();
    for (workload, marks) in workloads.iter_mut().zip(std::mem::take(&mut folded.workload_marks)) {
        workload.marks = marks;
    }
    for (id, &nth) in pods().zip(&pod_workloads) {
        if let Some(workload) = workloads.get_mut(nth as usize) {
            workload.priority = end.pod(id).priority;
        }
    }
    let read = &report.read;
    let story = Story {
        // A breath after the last event, so that it is seen; to the end of a second.
        duration_ms: if run.trace().is_empty() { 0 } else { (last + (last / 50).clamp(1_000, 30_000)).div_euclid(1_000) * 1_000 + 1_000 },
        zones: zone_names(end, &zones),
        pools,
        nodes: nodes.collect(),
        workloads,
        zone_curves: folded.zones,
        zone_marks: folded.zone_marks,
        pod_names: Names::of_pods(end),
        pod_workloads,
        pod_born: pods().map(|id| (end.pod(id).created.millis() / 1_000).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32).collect(),
        marks: marks(run, last),
        narrative: report
            .timeline
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.key)
            .map(|(nth, entry)| Line { at_ms: entry.at_ms, text: entry.text.clone(), event: nth as u32 })
            .collect(),
        step_events: step_events(run, report),
        step_places: run.outcome().steps.iter().map(|of| of.span.map(|span| (span.file.0, span.start, span.end))).collect(),
        verdict: report.verdict.text.clone(),
        harmed: report.verdict.harm > report::Harm::ShortBefore,
        expected: report.expectations.iter().map(expected).collect(),
        losses: report.losses.iter().map(loss).collect(),
        assumptions: report.assumptions.iter().map(|of| format!("{}: {} {} – {}", of.subject, of.what, of.value, of.why)).collect(),
        advice: report.proposals.iter().map(advice).collect(),
        not_simulated: read.not_simulated.iter().chain(&read.custom).map(|kind| format!("{} × {}", kind.count, kind.kind)).collect(),
    };
    (story, folded.reel)
}

/// The names of the pools, and the pool of each node: nodes of one instance type, or else of one name without its number.
fn pools(cluster: &Cluster) -> (Vec<String>, Vec<u32>) {
    let key = cluster.text.get("node.kubernetes.io/instance-type");
    let name = |node: &Node| match key.and_then(|key| node.labels.get(key)) {
        Some(label) => cluster.text(label),
        None => cluster.text(node.name).trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-'),
    };
    let mut numbers: BTreeMap<&str, u32> = cluster.nodes.iter().map(|node| (name(node), 0)).collect();
    for (nth, number) in numbers.values_mut().enumerate() {
        *number = nth as u32;
    }
    let of = cluster.nodes.iter().map(|node| numbers.get(name(node)).copied().unwrap_or_default()).collect();
    (numbers.into_keys().map(str::to_string).collect(), of)
}

/// The event of the timeline that each step is.
fn step_events(run: &Run, report: &Report) -> Vec<u32> {
    let event = |of: &scenario::StepOutcome| {
        let scenario::StepState::Done { record, .. } = of.state else { return NO_EVENT };
        let found = report.timeline.iter().position(|entry| entry.records.contains(&record.0));
        found.map_or(NO_EVENT, |nth| nth as u32)
    };
    run.outcome().steps.iter().map(event).collect()
}

fn advice(of: &report::Proposal) -> Advice {
    let tried = match of.verified {
        report::Verified::NotRun => Tried::NotRun,
        report::Verified::Holds => Tried::Helps,
        report::Verified::Partly => Tried::HelpsSome,
        report::Verified::Fails => Tried::HelpsNot,
    };
    Advice {
        title: of.title.clone(),
        why: of.why.clone(),
        snippet: of.snippet.clone(),
        tried,
        outcome: of.outcome.clone(),
        writable: mend::writable(&of.snippet),
    }
}

/// The proposals of a run, each tried.
fn advise(session: &Session, ran: &mut Ran) -> Vec<Advice> {
    ran.try_proposals(session);
    ran.report.proposals.iter().map(advice).collect()
}

fn mend(session: &Session, ran: &Ran, nth: u32) -> Answer {
    let Some(proposal) = ran.report.proposals.get(nth as usize) else {
        return Answer::Refused { message: "there is no such proposal".to_string() };
    };
    let written = mend::write(session.manifest(), &proposal.subjects, &proposal.snippet);
    Answer::Mended { generation: ran.generation, nth, files: written.files, steps: Vec::new(), refused: written.refused }
}

fn loss(of: &report::Loss) -> Loss {
    // The user's own line.
    let at = |place: &report::Place| visible(&format!("{}:{}  {}", place.file, place.line, place.text)).into_owned();
    Loss {
        text: format!("{}: {}", of.workload, of.text),
        chain: of.chain.iter().map(cause).collect(),
        lines: of.decided_by.iter().map(|by| (by.place.as_ref().map(at).unwrap_or_default(), by.text.clone())).collect(),
    }
}

fn expected(of: &report::ExpectationOutcome) -> Expected {
    // The user's own words.
    let shown = |text: &str| visible(text).into_owned();
    Expected {
        title: shown(&of.title),
        promise: format!("{}: {}", of.promise, shown(&of.expression)),
        holds: of.holds,
        at_ms: of.at_ms,
        message: shown(&of.message),
        values: of.values.iter().map(|value| shown(value)).collect(),
    }
}

fn cause(link: &report::Link) -> Cause {
    Cause { at_ms: link.at_ms, text: link.text.clone() }
}

/// For each zone of the cluster its number among those that have nodes.
fn used_zones(cluster: &Cluster) -> Vec<Option<u32>> {
    let mut used = vec![None; cluster.zones.len()];
    for node in &cluster.nodes {
        if let Some(zone) = used.get_mut(node.zone.index()) {
            *zone = Some(0);
        }
    }
    for (number, zone) in used.iter_mut().filter_map(Option::as_mut).enumerate() {
        *zone = number as u32;
    }
    used
}

fn zone_names(cluster: &Cluster, used: &[Option<u32>]) -> Vec<String> {
    let names: Vec<String> =
        cluster.zones.iter().zip(used).filter(|(_, used)| used.is_some()).map(|(&name, _)| cluster.text(name).to_string()).collect();
    if names.is_empty() { vec![String::new()] } else { names }
}

fn workload_info(of: &report::WorkloadOutcome, report: &Report) -> WorkloadInfo {
    let count = |number: i32| number.max(0) as u32;
    let budget = of.budget.as_ref().and_then(|name| report.budgets.iter().find(|budget| budget.name == *name));
    let kind = of.label.rsplit('/').nth(1).unwrap_or_default();
    WorkloadInfo {
        label: of.label.clone(),
        desired: count(of.desired),
        least_ready: count(of.least),
        last_ready: count(of.serving_after),
        budget: budget.map(|budget| count(budget.needed)),
        below_budget_ms: of.below_budget_ms.unwrap_or_default(),
        below_one_ms: of.none_ms,
        short_ms: of.short_ms,
        curve: of
            .series
            .iter()
            .map(|point| Point { at_ms: point.at_ms, ready: count(point.serving), believed: count(point.ready) })
            .collect(),
        rolls_out: matches!(kind, "deployment" | "statefulset" | "daemonset"),
        ..WorkloadInfo::default()
    }
}

/// Ticks for the timeline; where there are very many, those of a kind that lie close together become one.
fn marks(run: &Run, last_ms: i64) -> Vec<Mark> {
    let all = run.marks();
    let grain = if all.len() > MOST_MARKS { (last_ms / 1_000).max(1) } else { 1 };
    let mut put: BTreeMap<(i64, MarkKind), (i64, u32)> = BTreeMap::new();
    for mark in &all {
        let kind = fold::kind(mark.kind);
        let at_ms = mark.time.millis();
        put.entry((at_ms / grain, kind)).or_insert((at_ms, 0)).1 += mark.count;
    }
    let mut marks: Vec<Mark> = put.into_iter().map(|((_, kind), (at_ms, count))| Mark { at_ms, kind, count }).collect();
    marks.sort_by_key(|mark| (mark.at_ms, mark.kind));
    marks
}

fn why(session: &Session, ran: &Ran, pod: u32, at_ms: i64) -> Why {
    let (id, at) = (PodId(pod), Time(at_ms));
    let end = ran.run.end();
    let tell = |trace, steps| Told { cluster: end, trace, steps };
    let told = tell(ran.run.trace(), &ran.words);
    let early = tell(session.settle_trace(), &[]);
    let indexes = ran.indexes.get_or_init(|| [session.settle_trace(), ran.run.trace()].map(|trace| Index::new(trace, end.pods.len())));
    let story = report::why::pod(&[early, told], indexes, id, at);
    let summary = match (&story.refusal, &story.meaning, &story.node) {
        (Some(refusal), Some(meaning), _) => format!("{refusal}\n{meaning}"),
        (Some(refusal), None, _) => refusal.clone(),
        (None, _, Some(node)) => format!("{} · on {node}", story.workload),
        (None, _, None) => format!("{} · on no node", story.workload),
    };
    let life = story.life.iter().map(cause).collect();
    let mut why = Why { pod, at_ms, summary, chain: life, ..Why::default() };
    if let Some(decision) = ran.run.decision(session, &ran.scenario, id, at) {
        why.decided_ms = Some(decision.at.millis());
        why.nodes = decision.matrix.nodes.len() as u32;
        fill_matrix(&mut why, &decision, end);
    }
    if story.refusal.is_some()
        && end.pods.len() <= MOST_EXPLAINED
        && let Some(explained) = session.explain(&ran.scenario, id, Some(at))
    {
        why.attempts = explained.attempts.iter().map(attempt).collect();
        why.ways = explained.ways.iter().map(way).collect();
    }
    why
}

fn attempt(of: &report::AttemptStory) -> Cause {
    let found = match (&of.node, &of.preempts) {
        (Some(node), _) => format!("placed on {node}"),
        (None, Some((node, pods))) => format!("{} · makes room on {node}: {}", of.message, pods.join(", ")),
        (None, None) => of.message.clone(),
    };
    let changed: Vec<String> = of.changed.iter().map(|of| format!("{}: {} → {}", of.nodes.join(", "), of.was, of.is)).collect();
    let since = if changed.is_empty() { String::new() } else { format!(" (since the try before: {})", changed.join("; ")) };
    Cause { at_ms: of.at_ms, text: format!("{found}{since}") }
}

fn way(of: &report::Way) -> Advice {
    let place = of.node.as_ref().map_or(String::new(), |node| format!("it then goes to {node}"));
    let why = [place, of.remark.clone()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    Advice { title: of.changes.join(", and "), why, snippet: of.snippet.clone(), tried: Tried::Helps, ..Advice::default() }
}

fn fill_matrix(why: &mut Why, decision: &session::Decision, cluster: &Cluster) {
    let chosen = decision.chosen.and_then(|node| cluster.nodes.get(node.index())).map(|node| cluster.text(node.name));
    let verdicts = &decision.matrix.nodes;
    for verdict in verdicts {
        for plugin in verdict.plugin.iter().chain(verdict.scores.iter().map(|(plugin, _, _)| plugin)) {
            if !why.plugins.contains(plugin) {
                why.plugins.push(plugin.clone());
            }
        }
    }
    why.plugins.sort_unstable();
    let cell = |verdict: &report::NodeVerdict, plugin: &String| {
        if !verdict.reasons.is_empty() {
            return (verdict.plugin.as_ref() == Some(plugin)).then(|| Cell { reason: verdict.reasons.join(", "), score: None });
        }
        let score = verdict.scores.iter().find(|(scoring, _, _)| scoring == plugin).map(|(_, weight, score)| weight * score);
        verdict.looked_at.then(|| Cell { reason: String::new(), score })
    };
    why.rows = verdicts
        .iter()
        .map(|verdict| Row {
            node: verdict.node.clone(),
            cells: why.plugins.iter().map(|plugin| cell(verdict, plugin)).collect(),
            // A single feasible node is not scored at all.
            total: verdict.total.or((verdict.reasons.is_empty() && verdict.looked_at).then_some(0)),
            chosen: chosen == Some(verdict.node.as_str()),
            refused: if verdict.plugin.is_none() { verdict.reasons.join(", ") } else { String::new() },
        })
        .collect();
    why.rows.sort_by_key(|row| !row.chosen);
    why.rows.truncate(MOST_ROWS);
}

#[cfg(test)]
mod aside_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Frame, NodeFlags};

    #[test]
    fn steps_go_to_the_core_and_back() {
        let kinds = Verb::ALL.into_iter().map(|verb| Step { at_ms: 5_000, verb, target: "x".to_string() });
        let other = Step { at_ms: 1, verb: Verb::Other, target: "scale: {workload: deployment/web, replicas: 4}".to_string() };
        for step in kinds.chain([other]) {
            assert_eq!(Step::of(&step.to_verb().expect("readable"), step.at_ms), step);
        }
        assert_eq!(Step { at_ms: 0, verb: Verb::Other, target: "nonsense: [".to_string() }.to_verb(), None);
    }

    fn ask(desk: &mut Desk, question: &Ask) -> Reply {
        desk.answer(&serde_json::to_string(question).expect("plain data"))
    }

    const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 3\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: 'web:1', resources: {requests: {cpu: 100m}}}]}\n";

    fn run(text: &str, steps: Vec<Step>) -> (Desk, Vec<Finding>, Option<Box<Story>>) {
        let mut desk = Desk::default();
        let files = vec![SourceFile { name: "web.yaml".to_string(), text: text.to_string() }];
        match ask(&mut desk, &Ask::Run { generation: 3, files, steps, own: false, writes: Writing::No, seed: 1, lesson: String::new() }) {
            Reply::Answer(Answer::Ran { generation: 3, diagnostics, story, .. }) => (desk, diagnostics, story),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_zone_is_lost_and_every_part_of_the_page_has_its_answer() {
        let step = Step { at_ms: 5_000, verb: Verb::FailZone, target: "zone-b".to_string() };
        let (mut desk, _, story) = run(WEB, vec![step]);
        let story = story.expect("it runs");
        assert!(story.zones.contains(&"zone-b".to_string()) && story.duration_ms > 5_000);
        assert!(story.marks.iter().any(|mark| mark.kind == MarkKind::Step && mark.at_ms == 5_000));
        assert!(story.marks.is_sorted_by_key(|mark| mark.at_ms));
        assert!(story.narrative.iter().any(|line| line.text.contains("zone-b")));
        let pods = story.pod_names.len();
        assert_eq!(pods, story.pod_workloads.len());
        for at_ms in [0, 5_000, story.duration_ms] {
            let Reply::Bytes(bytes) = ask(&mut desk, &Ask::Frame { generation: 3, at_ms, have: 0 }) else { panic!("a frame") };
            let frame = Frame::from_bytes(&bytes, None).expect("a frame");
            assert_eq!((frame.nodes.len(), frame.pods.len(), frame.at_ms), (story.nodes.len(), pods, at_ms));
            let on_nodes: usize = frame.nodes.iter().map(|node| usize::from(node.pods)).sum();
            assert!(on_nodes <= story.nodes.iter().map(|node| node.peak_pods as usize).sum());
            assert_eq!(frame.nodes.iter().any(|node| node.flags.has(NodeFlags::FAILED)), at_ms >= 5_000);
        }
        let Reply::Answer(Answer::Why { why, .. }) = ask(&mut desk, &Ask::Why { generation: 3, pod: 0, at_ms: 0 }) else { panic!("why") };
        assert_eq!(why.rows.iter().filter(|row| row.chosen).count(), 1);
        assert!(why.rows.iter().all(|row| row.cells.len() == why.plugins.len()) && !why.chain.is_empty());
        assert!(matches!(ask(&mut desk, &Ask::Frame { generation: 2, at_ms: 0, have: 0 }), Reply::Answer(Answer::Refused { .. })));
    }

    #[test]
    fn wrong_input_is_told_and_never_a_panic() {
        let (_, findings, _) = run("a: [", Vec::new());
        assert!(findings.iter().any(|finding| finding.severity == Severity::Error && finding.file == 0));
        let unknown = Step { at_ms: 0, verb: Verb::FailZone, target: "nowhere".to_string() };
        let (_, findings, story) = run(WEB, vec![unknown]);
        assert!(story.is_some() && findings.iter().any(|finding| finding.message.contains("nowhere")));
        assert!(run("", Vec::new()).2.is_none());
        assert!(matches!(Desk::default().answer("{}"), Reply::Answer(Answer::Refused { .. })));
    }

    #[test]
    fn what_the_files_expect_is_judged_after_other_steps_too() {
        let scenario = "---\napiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: own}\nspec:\n  until: 1s\n  steps: [{at: 0s, restart: deployment/web}]\n  expect: [{always: 'true', name: holds}, {finally: 'false', name: fails}]\n";
        let step = Step { at_ms: 5_000, verb: Verb::FailZone, target: "zone-b".to_string() };
        let story = run(&format!("{WEB}{scenario}"), vec![step]).2.expect("it runs");
        let held: Vec<Option<bool>> = story.expected.iter().map(|of| of.holds).collect();
        assert_eq!(held, [Some(true)], "what comes of its own steps is not asked of others");
        assert!(story.duration_ms > 5_000 && story.marks.iter().filter(|mark| mark.kind == MarkKind::Step).count() == 1);
    }

    #[test]
    fn a_step_is_written_into_the_scenario_and_the_cluster_does_not_settle_again() {
        let mut desk = Desk::default();
        let files = vec![SourceFile { name: "web.yaml".to_string(), text: WEB.to_string() }];
        let step = |at_ms: i64, target: &str| Step { at_ms, verb: Verb::FailZone, target: target.to_string() };
        let mut told = Vec::new();
        let mut run = |files: &[SourceFile], steps: Vec<Step>, writes: Writing| {
            let wish = Wish { generation: 1, steps: Some(steps), writes, seed: 0, lesson: String::new() };
            told.clear();
            let answer = desk.run(files.to_vec(), &wish, &mut |answer| {
                told.extend(match answer {
                    Answer::Progress { phase, .. } => Some(phase),
                    _ => None,
                })
            });
            let Answer::Ran { steps, story: Some(story), written, unwritten, .. } = answer else { panic!("it runs") };
            (steps, story.step_places, written, unwritten, told.contains(&"Settling".to_string()))
        };
        let (steps, places, written, unwritten, settled) = run(&files, vec![step(5_000, "zone-b")], Writing::Scenario);
        let written = written.expect("a file");
        assert_eq!(
            (written.name.as_str(), steps.as_deref(), unwritten.as_str(), settled),
            ("scenario.yaml", Some(&[step(5_000, "zone-b")][..]), "", true)
        );
        let Some((1, start, end)) = places[0] else { panic!("it stands in the new file") };
        assert_eq!(&written.text[start as usize..end as usize], "zone-b");
        let both = [files[0].clone(), written];
        let (steps, _, more, _, settled) = run(&both, vec![step(5_000, "zone-b"), step(60_000, "zone-c")], Writing::Scenario);
        let more = more.expect("the same file");
        assert_eq!((steps.map(|steps| steps.len()), more.name.as_str(), settled), (Some(2), "scenario.yaml", false));
        assert!(more.text.contains("failZone: zone-b") && more.text.contains("at: 1m\n    failZone: zone-c"));
        // Beside the files nothing is written, and a Scenario that cannot take it says why.
        let (steps, places, none, unwritten, _) = run(&both, vec![step(0, "zone-a")], Writing::No);
        assert_eq!((steps, places, none, unwritten.as_str()), (None, vec![None], None, ""));
        let (steps, _, none, unwritten, _) = run(&both, vec![step(0, "zone-a"), step(9_000, "zone-c")], Writing::New);
        assert!(steps.is_none() && none.is_none() && unwritten.contains("steps of its own"), "{unwritten}");
        let (_, _, none, unwritten, _) = run(&both, Vec::new(), Writing::New);
        assert_eq!((none, unwritten.as_str()), (None, ""), "there is nothing to write");
        assert!(run(&files, vec![step(0, "zone-a")], Writing::New).2.is_some());
        let broken = SourceFile { text: both[1].text.replace("failZone", "nothing"), ..both[1].clone() };
        let (steps, _, none, unwritten, _) = run(&[files[0].clone(), broken], vec![step(0, "zone-a")], Writing::Scenario);
        assert!(steps.is_none() && none.is_none() && !unwritten.is_empty(), "{unwritten}");
        let other = [SourceFile { text: WEB.replace("replicas: 3", "replicas: 4"), ..files[0].clone() }, both[1].clone()];
        assert!(run(&other, Vec::new(), Writing::No).4, "other pods settle anew");
    }

    #[test]
    fn a_fix_that_is_written_helps_when_it_is_run() {
        let files = gallery::example_files("shop");
        let mut desk = Desk::default();
        let mut told = |files: Vec<SourceFile>, generation: u32| {
            let Reply::Answer(Answer::Ran { story: Some(story), .. }) = ask(
                &mut desk,
                &Ask::Run { generation, files, steps: Vec::new(), own: true, writes: Writing::No, seed: 0, lesson: String::new() },
            ) else {
                panic!("it runs")
            };
            let Reply::Answer(Answer::Advised { advice, .. }) = ask(&mut desk, &Ask::Advise { generation }) else { panic!("advice") };
            let nth = advice.iter().position(|of| of.tried == Tried::Helps && of.writable);
            let mended = nth.map(|nth| ask(&mut desk, &Ask::Mend { generation, nth: nth as u32 }));
            (story, mended)
        };
        let (before, mended) = told(files.clone(), 1);
        assert!(before.expected.len() > 3 && before.zone_curves.len() == before.zones.len());
        let Some(Reply::Answer(Answer::Mended { files: changed, refused, .. })) = mended else { panic!("a fix that can be written") };
        assert_eq!(refused, "");
        let fixed =
            files.clone().into_iter().map(|file| changed.iter().find(|other| other.name == file.name).cloned().unwrap_or(file)).collect();
        let (after, _) = told(fixed, 2);
        assert_ne!(before.verdict, after.verdict);
        let question = Ask::Compare { generation: 2, files, before: Before { own: true, ..Before::default() } };
        let Reply::Answer(Answer::Compared { differences, summary, .. }) = ask(&mut desk, &question) else { panic!("a comparison") };
        assert_eq!(
            differences.first().map(|of| of.way.as_str()),
            Some("better"),
            "{summary} {differences:?} {changed:?} {:?}",
            before.advice
        );
    }
}
