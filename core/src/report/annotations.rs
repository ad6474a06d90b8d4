//! What a report has to say at lines of the manifests: the form that code hosts and editors show beside the text.
//!
//! Owns which outcomes count, as what, and how badly. Renderers (`render::sarif`, `render::github`) only write them down.

use super::amounts::counted;
use super::catalog::*;
use super::model::*;
use super::span;
use crate::manifest::DiagnosticId;
use crate::units::arrange::Arrange;

/// How loud an annotation is. The loudest is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Something does not work, or does not hold.
    Error,
    /// Something is worse than wanted.
    Warning,
    /// Worth knowing.
    Note,
}

/// One thing to say at a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// What sort it is: a diagnostic's id, or one of [`super::catalog`].
    pub rule: String,
    /// How loud.
    pub level: Level,
    /// About what: a workload, a budget, an expectation; empty for a diagnostic. With the rule it names the matter from run to run.
    pub subject: String,
    /// What, in sentences.
    pub message: String,
    /// Where; none where nothing that was given speaks of it.
    pub place: Option<Place>,
    /// Other lines that had a part in it, each with what it decided.
    pub related: Vec<(Place, String)>,
    /// How it came about: from the first cause to the end.
    pub chain: Vec<Link>,
}

/// Everything a report has to say at lines, the loudest first, in the report's order.
pub fn annotations(report: &Report) -> Vec<Annotation> {
    let mut all: Vec<Annotation> = Vec::new();
    all.extend(report.diagnostics.iter().filter_map(finding));
    all.extend(report.expectations.iter().filter(|e| e.holds != Some(true)).map(expectation));
    all.extend(report.steps.iter().filter_map(step));
    all.extend(report.placement.unplaced.iter().map(unplaced));
    all.extend(report.workloads.iter().filter_map(|workload| outcome(report, workload)));
    all.extend(report.budgets.iter().filter_map(budget));
    all.arrange_by_key(|annotation| annotation.level);
    all
}

fn plain(rule: DiagnosticId, level: Level, subject: &str, message: String, place: Option<Place>) -> Annotation {
    let (subject, rule) = (subject.to_owned(), rule.0.to_owned());
    Annotation { rule, level, subject, message, place, related: Vec::new(), chain: Vec::new() }
}

/// A diagnostic; none for hints, which are for editors only.
pub fn finding(finding: &Finding) -> Option<Annotation> {
    let level = match finding.severity.as_str() {
        "error" => Level::Error,
        "warning" => Level::Warning,
        "info" => Level::Note,
        _ => return None,
    };
    let mut message = finding.message.clone();
    for more in finding.notes.iter().chain(&finding.help) {
        message.push_str("; ");
        message.push_str(more);
    }
    let place = finding.place.clone();
    Some(Annotation { rule: finding.id.clone(), level, subject: String::new(), message, place, related: Vec::new(), chain: Vec::new() })
}

/// An expectation that does not hold, or could not be judged.
pub fn expectation(e: &ExpectationOutcome) -> Annotation {
    let at = e.at_ms.map_or_else(String::new, |at| format!(" at {}", span(at)));
    let message = format!("{} does not hold{at}: {} `{}`: {}", e.title, e.promise, e.expression, e.message);
    Annotation { chain: e.chain.clone(), ..plain(EXPECTATION, Level::Error, &e.title, message, e.place.clone()) }
}

fn step(step: &Step) -> Option<Annotation> {
    let why = step.not_done.as_ref()?;
    Some(plain(NOT_DONE, Level::Warning, &step.text, format!("the step was not done: {}: {why}", step.text), None))
}

fn unplaced(u: &Unplaced) -> Annotation {
    let told = if u.message.is_empty() { String::new() } else { format!(" ({})", u.message) };
    let verb = if u.count == 1 { "finds" } else { "find" };
    let message = format!("{} of {} {verb} no node: {}{told}", counted(u.count, "pod"), u.workload, u.meaning);
    let place = u.decided_by.iter().find_map(|decision| decision.place.clone());
    Annotation { related: related(&u.decided_by), ..plain(NO_NODE, Level::Error, &u.workload, message, place) }
}

fn outcome(report: &Report, w: &WorkloadOutcome) -> Option<Annotation> {
    let because = w.not_recovered_because.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    let (rule, level, text) = match w.harm {
        Harm::None | Harm::ShortBefore => return None,
        Harm::Down => (DOWN, Level::Error, format!("{} is down and does not come back{because}", w.label)),
        Harm::Outage => (OUTAGE, Level::Error, format!("{} is not serving at all for {}", w.label, span(w.none_ms))),
        Harm::Stuck => (STUCK, Level::Error, format!("{}: {}{because}", w.label, w.unfinished.as_deref().unwrap_or("it does not finish"))),
        Harm::Short => {
            (SHORT, Level::Warning, format!("{} stays at {} of {} to the end{because}", w.label, w.serving_after, w.desired_at_end()))
        }
        Harm::Dipped => (DIPPED, Level::Note, format!("{} falls to {} of {} for {}", w.label, w.least, w.desired, span(w.short_ms))),
    };
    let steps: Vec<&str> = report.steps.iter().filter(|s| s.not_done.is_none()).map(|s| s.text.as_str()).collect();
    let message = match steps[..] {
        [] => text,
        [one] => format!("when {one}, {text}"),
        [first, ..] => format!("after {first} and {} more, {text}", counted(steps.len() - 1, "step")),
    };
    let loss = report.losses.iter().find(|loss| loss.workload == w.label);
    Some(Annotation {
        related: loss.map(|loss| related(&loss.decided_by)).unwrap_or_default(),
        chain: loss.map(|loss| loss.chain.clone()).unwrap_or_default(),
        ..plain(rule, level, &w.label, message, w.place.clone())
    })
}

fn budget(b: &BudgetOutcome) -> Option<Annotation> {
    if b.refused == 0 || b.allowed_before > 0 {
        return None;
    }
    let message = format!(
        "the budget {} ({}) allows no eviction while all is well: {} refused, so a drain of its nodes does not end",
        b.name,
        b.rule,
        if b.refused == 1 { "1 was".to_owned() } else { format!("{} were", b.refused) }
    );
    Some(plain(BLOCKED, Level::Warning, &b.name, message, b.place.clone()))
}

fn related(decided_by: &[Decision]) -> Vec<(Place, String)> {
    decided_by.iter().filter_map(|decision| Some((decision.place.clone()?, decision.text.clone()))).collect()
}
