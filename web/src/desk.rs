//! The worker's desk: a question comes in, the core is asked, an answer goes out. It keeps the last session and run, and no rule of its own.

mod opened;
mod story;
mod why;

use std::cell::OnceCell;

use wavetank_core::graph;
use wavetank_core::report::compare::{self, Change, Comparison};
use wavetank_core::report::{Index, Report};
use wavetank_core::scenario::catalog::NOT_HELD;
use wavetank_core::scenario::{self, Promise, Scenario};
use wavetank_core::session::{self, RerunBudget, Run, Session, SessionOptions};
use wavetank_core::units::arrange::Arrange;

use self::opened::Opened;
use self::story::{advice, finding, story};
use self::why::why;
use crate::account;
use crate::drawn::Of;
use crate::export;
use crate::gallery;
use crate::intake;
use crate::mend;
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
    /// Where frames of that run come from, and of which generation they are.
    kept: Option<(u32, Reel)>,
    ran: Option<Ran>,
}

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
            Ok(Ask::Frame { generation, at_ms, have }) => match self.reel(generation) {
                Some(reel) => Reply::Bytes(reel.at(at_ms, have)),
                None => Reply::Answer(gone()),
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
            Some(steps) => match self.write(steps, &wish.writes, &mut now) {
                Ok(None) => (Some(steps), None, String::new()),
                Ok(file) => (None, file, String::new()),
                Err(why) => (Some(steps), None, why.to_string()),
            },
            None => (None, None, String::new()),
        };
        let Some(Opened { session, .. }) = &self.opened else { return Answer::Refused { message: "nothing is open".to_string() } };
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
        diagnostics.arrange_by_key(|finding| (finding.severity, finding.file, finding.start));
        if run.end().pods.is_empty() && run.end().nodes.is_empty() || session.manifest().documents.is_empty() {
            return Answer::nothing(generation, diagnostics, false);
        }
        let words = report.steps.iter().map(|step| step.text.clone()).collect();
        let (mut story, reel) = story(&run, &report, generation);
        // A lesson may speak of a time at which nothing happens any more.
        let spoken_of = taught.iter().flat_map(|taught| &taught.beats).filter_map(|beat| beat.at_ms).max();
        story.duration_ms = story.duration_ms.max(spoken_of.unwrap_or_default());
        let steps = own.then(|| scenario.steps.iter().zip(&report.steps).map(|(step, told)| Step::of(&step.verb, told.at_ms)).collect());
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

    /// Where the frames of a run come from: the last one, or the one that it was compared with.
    fn reel(&mut self, generation: u32) -> Option<&mut Reel> {
        if generation & KEPT == 0 {
            return self.ran.as_mut().filter(|ran| ran.generation == generation).map(|ran| &mut ran.reel);
        }
        self.kept.as_mut().filter(|(kept, _)| *kept == generation).map(|(_, reel)| reel)
    }

    /// The last run against that of other manifests or other steps.
    fn compare(&mut self, generation: u32, files: Vec<SourceFile>, before: &Before) -> Option<Answer> {
        let (opened, ran) = (self.opened.as_ref()?, self.ran.as_ref().filter(|ran| ran.generation == generation)?);
        let options = SessionOptions { seed: before.seed, ..SessionOptions::default() };
        let known = self.before.take().filter(|(known, seed, _)| *known == files && *seed == before.seed);
        let (files, seed, session) = known.unwrap_or_else(|| {
            let session = Session::open(sources(&files), &options);
            (files, before.seed, session)
        });
        let scenario = |session: &Session| match before.same {
            true => ran.scenario.clone(),
            false => scenario_of(session, (!before.own).then_some(&before.steps), seed).0,
        };
        let run = session.run(&scenario(&session));
        let report = run.report(&session);
        let comparison = match Session::pair(&session, &opened.session, &options) {
            Some([was, is]) => {
                let report = |session: &Session, scenario: &Scenario| session.run(scenario).report(session);
                compare::compare(&report(&was, &scenario(&was)), &report(&is, &ran.scenario))
            }
            None => compare::compare(&report, &ran.report),
        };
        let (story, reel) = story(&run, &report, generation | KEPT);
        (self.before, self.kept) = (Some((files, seed, session)), Some((generation | KEPT, reel)));
        let (summary, differences) = (comparison.summary.clone(), differences(&comparison));
        Some(Answer::Compared { generation, summary, differences, story: Box::new(story) })
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
            let steps = steps.into_iter().flatten().filter_map(Step::to_step);
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

#[cfg(test)]
mod aside_tests;

#[cfg(test)]
mod tests;
