//! What became of each scenario, with all the words that every format needs: made once, so that the formats cannot differ.

use wavetank_core::manifest::{Diagnostic, FileId, Severity, SourceSet, Span};
use wavetank_core::report::annotations::{self, Annotation};
use wavetank_core::report::{self, SeedReport, SeedRun, Told, verb_in_words};
use wavetank_core::scenario::{Scenario, Verdict};
use wavetank_core::session::{Run, Session};
use wavetank_core::units::time::Time;

/// What became of an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It holds; a remark, such as when it came true.
    Holds(Option<String>),
    /// It does not: why, and the chain of causes, the effect first.
    Fails(String, Vec<String>),
    /// It was not judged: why.
    Skipped(String),
}

/// An expectation.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) title: String,
    /// `always`, `never`, `eventually` or `finally`.
    pub(super) promise: &'static str,
    pub(super) expression: String,
    /// `file:line:column`.
    pub(super) place: String,
    pub(super) state: State,
}

/// A scenario.
#[derive(Clone, Debug)]
pub(super) struct ScenarioResult {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) file: String,
    pub(super) seed: u64,
    /// When the run ended.
    pub(super) end: Time,
    pub(super) checks: Vec<Checked>,
    /// What else is wrong with it: `place: message`.
    pub(super) errors: Vec<String>,
    /// What is worth a look.
    pub(super) warnings: Vec<String>,
    /// What hangs on the seed, where several were run.
    pub(super) seeds: Option<SeedReport>,
    /// What does not hold and what there is to say of the document, for code hosts.
    pub(super) annotations: Vec<Annotation>,
}

/// All scenarios, in the order in which they were found.
#[derive(Clone, Debug)]
pub(super) struct Tested {
    pub(super) results: Vec<ScenarioResult>,
}

impl Tested {
    /// Scenarios that hold, and that do not.
    pub(super) fn counts(&self) -> (usize, usize) {
        let passed = self.results.iter().filter(|result| result.passed()).count();
        (passed, self.results.len() - passed)
    }

    /// What there is to say at lines, the loudest first.
    pub(super) fn annotations(&self) -> Vec<Annotation> {
        let mut all: Vec<Annotation> = self.results.iter().flat_map(|result| result.annotations.iter().cloned()).collect();
        all.sort_by_key(|annotation| annotation.level);
        all
    }
}

impl ScenarioResult {
    /// Runs a scenario and puts what became of it into words.
    pub(super) fn of(
        scenario: &Scenario,
        file: FileId,
        told: &[Diagnostic],
        session: &Result<Session, String>,
        sources: &SourceSet,
    ) -> (ScenarioResult, Option<SeedRun>) {
        let mut result = ScenarioResult {
            name: scenario.name.clone(),
            description: scenario.description.clone(),
            file: sources.file(file).map_or_else(String::new, |source| short(&source.name).to_owned()),
            seed: scenario.seed,
            end: Time::ZERO,
            checks: Vec::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
            seeds: None,
            annotations: Vec::new(),
        };
        if result.name.is_empty() {
            result.name = "(unnamed)".to_owned();
        }
        result.tell(told, sources);
        match session {
            Err(why) => result.errors.push(why.clone()),
            // What could not be read would be judged as if it were not there.
            Ok(_) if !result.errors.is_empty() => {}
            Ok(session) => {
                let run = session.run(scenario);
                result.judge(&run, scenario, sources);
                result.seed = session.seed();
                return (result, Some(run.fared(session)));
            }
        }
        (result, None)
    }

    /// Of the results with several seeds, in their order, the first that does not hold, else the first, with what hangs on the seed.
    pub(super) fn of_seeds(runs: Vec<(ScenarioResult, Option<SeedRun>)>) -> Option<ScenarioResult> {
        let fared: Vec<SeedRun> = runs.iter().filter_map(|(_, run)| run.clone()).collect();
        let shown = runs.iter().position(|(result, _)| !result.passed()).unwrap_or(0);
        let (mut result, _) = runs.into_iter().nth(shown)?;
        result.seeds = SeedReport::of(&fared).filter(|report| report.seeds > 1);
        Some(result)
    }

    fn judge(&mut self, run: &Run, scenario: &Scenario, sources: &SourceSet) {
        let outcome = run.outcome();
        self.end = outcome.end;
        let labels: Vec<String> = outcome.steps.iter().map(|step| verb_in_words(run.end(), &step.verb)).collect();
        let words = Told { cluster: run.end(), trace: run.trace(), steps: &labels };
        for judged in &outcome.expectations {
            let state = match &judged.verdict {
                Verdict::Holds { at } => State::Holds(at.map(|at| format!("since {at}"))),
                Verdict::NotEvaluated => State::Skipped("there is no evaluator in this build".to_owned()),
                Verdict::Broken(why) => State::Fails(why.clone(), Vec::new()),
                Verdict::Fails(failure) => {
                    let chain = failure.cause.map(|cause| run.trace().causes(cause)).unwrap_or_default();
                    let records = chain.into_iter().filter_map(|id| run.trace().record(id));
                    let chain = records.map(|record| format!("{:>7}  {}", record.time.to_string(), words.sentence(record))).collect();
                    State::Fails(failure.message.clone(), chain)
                }
            };
            if matches!(state, State::Fails(..)) {
                let place = judged.span.and_then(|span| report::place(sources, span));
                self.annotations.push(annotations::expectation(&report::judged(judged, &words, place)));
            }
            self.checks.push(Checked {
                title: judged.title.clone(),
                promise: judged.promise.name(),
                expression: judged.expression.clone(),
                place: place(judged.span, sources),
                state,
            });
        }
        // What an expectation says of itself is told with it.
        let own: Vec<Option<Span>> = scenario.expectations.iter().map(|expectation| expectation.span).collect();
        let rest: Vec<Diagnostic> = outcome.diagnostics.iter().filter(|d| d.span.is_none() || !own.contains(&d.span)).cloned().collect();
        self.tell(&rest, sources);
    }

    fn tell(&mut self, diagnostics: &[Diagnostic], sources: &SourceSet) {
        self.annotations.extend(diagnostics.iter().filter_map(|d| annotations::finding(&report::finding(sources, d))));
        for diagnostic in diagnostics {
            let help = diagnostic.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
            let text = format!("{}: {} {}{help}", place(diagnostic.span, sources), diagnostic.id, diagnostic.message);
            if diagnostic.severity == Severity::Error { self.errors.push(text) } else { self.warnings.push(text) }
        }
    }

    /// Whether it could be run and everything it expects holds.
    pub(super) fn passed(&self) -> bool {
        self.errors.is_empty() && !self.checks.iter().any(|check| matches!(check.state, State::Fails(..)))
    }

    /// How many expectations were judged.
    pub(super) fn checked(&self) -> usize {
        self.checks.iter().filter(|check| !matches!(check.state, State::Skipped(_))).count()
    }
}

fn place(span: Option<Span>, sources: &SourceSet) -> String {
    let Some(span) = span else { return String::new() };
    let (line, column) = sources.line_col(span);
    format!("{}:{line}:{column}", sources.file(span.file).map_or("", |source| short(&source.name)))
}

/// A path as one would type it.
fn short(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}
