//! Running a scenario: its steps at their times on a simulation, its expectations watched at every moment.

use super::apply::{Refused, apply, check, later};
use super::catalog::{BAD_EXPRESSION, BUDGET_SPENT, NEVER_DUE, NEVER_HELD, NOT_HELD, UNKNOWN_NAME};
use super::document::{Expectation, Promise, Scenario, When};
use super::expr::{Evaluator, Needs, Which};
use super::names;
use super::outcome::{Failure, Judged, Outcome, StepOutcome, StepState, Verdict};
use super::verb::Verb;
use super::watch::Watch;
use crate::cluster::Cluster;
use crate::cluster::called;
use crate::engine::{Ended, Sim, cycle};
use crate::manifest::Diagnostic;
use crate::trace::{Change, RecordId, Subject};
use crate::units::arrange::Arrange;
use crate::units::text::visible;
use crate::units::time::{SECOND, Time, format_span};

/// Runs a scenario on a simulation that stands where its start wants it, with the evaluator that this build has.
pub fn run(sim: &mut Sim, scenario: &Scenario) -> Outcome {
    #[cfg(feature = "cel")]
    {
        run_with(sim, scenario, Some(&mut super::expr::Cel::default()))
    }
    #[cfg(not(feature = "cel"))]
    {
        run_with(sim, scenario, None)
    }
}

/// An expression that is watched, or what is wrong with it.
type Compiled = Result<Watch, String>;

/// Looks on while a scenario runs. What happens does not depend on it.
pub trait Observer {
    /// The next moment at which it wants to look though nothing may happen then.
    fn next(&self) -> Option<Time>;

    /// The state after everything of a moment.
    fn look(&mut self, sim: &Sim);
}

/// Runs a scenario. Without an evaluator expectations are not judged, and steps that wait for a condition do not begin.
pub fn run_with(sim: &mut Sim, scenario: &Scenario, lent: Option<&mut dyn Evaluator>) -> Outcome {
    run_observed(sim, scenario, lent, None)
}

/// Like [`run_with`], with somebody who looks on.
pub fn run_observed(
    sim: &mut Sim,
    scenario: &Scenario,
    lent: Option<&mut dyn Evaluator>,
    mut observer: Option<&mut dyn Observer>,
) -> Outcome {
    let mut diagnostics = unknown_names(scenario, sim.cluster());
    let evaluator: Option<&dyn Evaluator>;
    let (conditions, watches): (Vec<Option<Compiled>>, Vec<Compiled>);
    match lent {
        Some(found) => {
            let compile = |text: &str, found: &mut dyn Evaluator| found.compile(text).map(|(id, needs)| Watch::new(id, needs));
            conditions = scenario
                .steps
                .iter()
                .map(|step| match &step.when {
                    When::Condition(text) => Some(compile(text, found)),
                    When::At(_) | When::After(_) => None,
                })
                .collect();
            watches = scenario.expectations.iter().map(|e| compile(&e.expression, found)).collect();
            evaluator = Some(found);
        }
        None => {
            conditions = scenario.steps.iter().map(|_| None).collect();
            watches = Vec::new();
            evaluator = None;
        }
    }
    for (step, condition) in scenario.steps.iter().zip(&conditions) {
        if let Some(Ok(watch)) = condition {
            let unknown = unknown_in(&watch.needs, sim.cluster()).into_iter().filter(|unknown| !comes_by_apply(scenario, unknown));
            diagnostics.extend(unknown.map(|unknown| Refused::Unknown(unknown).diagnostic(step.span)));
        }
    }
    let mut running =
        Running { scenario, evaluator, conditions, steps: vec![None; scenario.steps.len()], latest: Time::ZERO, later: Vec::new() };
    let mut judges = judges(scenario, watches, &mut diagnostics, sim.cluster());
    let ended = running.run(sim, &mut judges, &mut observer);
    let end = sim.now();
    if let Some(observer) = &mut observer {
        observer.look(sim);
    }
    for judge in &mut judges {
        judge.end(sim, evaluator);
    }
    let steps = running.finish(&mut diagnostics, end);
    let expectations = judges.into_iter().map(|judge| judge.told(&mut diagnostics)).collect();
    if ended == Ended::BudgetSpent {
        let round = cycle::told(sim.api().trace(), sim.cluster()).map(|round| format!(": {round}")).unwrap_or_default();
        let message = format!("the run used up its budget of actions at {end}: something goes round in circles{round}");
        diagnostics.push(Diagnostic::error(BUDGET_SPENT, message));
    }
    Outcome { ended, end, actions: sim.actions(), steps, expectations, diagnostics }
}

/// Names in steps that the cluster does not have at the start, nor gets from an earlier step.
fn unknown_names(scenario: &Scenario, cluster: &Cluster) -> Vec<Diagnostic> {
    let mut added: Vec<&str> = Vec::new();
    let applied = applied_names(scenario);
    let mut told = Vec::new();
    for step in &scenario.steps {
        if let Verb::AddNode { name, .. } = &step.verb {
            added.push(name);
        }
        let comes_later = |unknown: &names::Unknown| {
            let is_pod = matches!(&step.verb, Verb::Delete { target, .. } if target.contains("pod"));
            let is_applied = applied.iter().any(|name| *name == names::canonical(&unknown.given));
            is_pod || is_applied || added.iter().any(|name| *name == unknown.given)
        };
        match check(cluster, &step.verb) {
            Err(Refused::Unknown(unknown)) if !comes_later(&unknown) => told.push(Refused::Unknown(unknown).diagnostic(step.span)),
            _ => {}
        }
    }
    told
}

/// Names of the objects that steps apply: as verbs and expressions name workloads, and plain.
fn applied_names(scenario: &Scenario) -> Vec<String> {
    let mut names = Vec::new();
    for step in &scenario.steps {
        let Verb::Apply { objects } = &step.verb else { continue };
        for object in objects {
            let text = |pointer: &str| object.pointer(pointer).and_then(serde_json::Value::as_str);
            let (kind, name) = (text("/kind").unwrap_or_default(), text("/metadata/name").unwrap_or_default());
            let namespace = text("/metadata/namespace").unwrap_or("default");
            names.push(names::canonical(&format!("{namespace}/{kind}/{name}")));
            names.push(called::name(namespace, name));
        }
    }
    names
}

/// Whether a name that is not there yet is that of something a step applies.
fn comes_by_apply(scenario: &Scenario, unknown: &names::Unknown) -> bool {
    applied_names(scenario).iter().any(|name| *name == names::canonical(&unknown.given))
}

struct Running<'s, 'e> {
    scenario: &'s Scenario,
    evaluator: Option<&'e dyn Evaluator>,
    conditions: Vec<Option<Result<Watch, String>>>,
    steps: Vec<Option<StepState>>,
    /// When the latest step began.
    latest: Time,
    /// What steps do later by themselves: when, what, and the record of the step.
    later: Vec<(Time, Verb, RecordId)>,
}

impl Running<'_, '_> {
    /// When a step is due, as far as it is known: not while it waits for a condition or for a step before it.
    fn due(&self, index: usize) -> Option<Time> {
        match &self.scenario.steps[index].when {
            When::At(time) => Some(*time),
            When::After(span) => Some(self.began_before(index)? + *span),
            When::Condition(_) => None,
        }
    }

    /// When the step before this one began; the start for the first.
    fn began_before(&self, index: usize) -> Option<Time> {
        let Some(before) = index.checked_sub(1) else { return Some(Time::ZERO) };
        match self.steps[before] {
            Some(StepState::Done { at, .. } | StepState::Refused { at, .. }) => Some(at),
            _ => None,
        }
    }

    fn next_step_time(&self) -> Option<Time> {
        let steps = (0..self.steps.len()).filter(|&i| self.steps[i].is_none()).filter_map(|i| self.due(i));
        steps.chain(self.later.iter().map(|(at, _, _)| *at)).min()
    }

    fn do_step(&mut self, sim: &mut Sim, index: usize) {
        let step = &self.scenario.steps[index];
        let at = sim.now();
        sim.api_mut().set_causes(&[]);
        let record = sim.api_mut().record(Subject::Step(index as u32), Change::StepBegins);
        let done = apply(sim, &step.verb, Some(record));
        self.latest = self.latest.max(at);
        self.steps[index] = Some(match done {
            Ok(()) => {
                self.later.extend(later(sim.cluster(), &step.verb).into_iter().map(|(after, verb)| (at + after, verb, record)));
                StepState::Done { at, record }
            }
            Err(refused) => {
                let why = refused.message();
                let api = sim.api_mut();
                let text = api.trace_mut().text_id(&why);
                api.set_cause(Some(record));
                api.record(Subject::Step(index as u32), Change::StepNote(text));
                api.set_cause(None);
                StepState::Refused { at, record, why }
            }
        });
    }

    /// Does every step that is due by the clock; tells whether there was one.
    fn do_due(&mut self, sim: &mut Sim) -> bool {
        let mut any = false;
        while let Some(index) = self.later.iter().position(|(at, _, _)| *at <= sim.now()) {
            let (at, verb, record) = self.later.remove(index);
            // A machine that is gone already, or back already, is left alone.
            let _ = apply(sim, &verb, Some(record));
            self.latest = self.latest.max(at);
            any = true;
        }
        // A step may make the one after it due: in the order of the document, until none is.
        while let Some(index) = (0..self.steps.len()).find(|&i| self.steps[i].is_none() && self.due(i).is_some_and(|due| due <= sim.now()))
        {
            self.do_step(sim, index);
            any = true;
        }
        any
    }

    /// Does the first step whose condition has come true; tells whether there was one.
    fn do_conditional(&mut self, sim: &mut Sim) -> bool {
        let Some(evaluator) = self.evaluator else { return false };
        for index in 0..self.steps.len() {
            if self.steps[index].is_some() || self.began_before(index).is_none() {
                continue;
            }
            let Some(Some(Ok(watch))) = self.conditions.get_mut(index) else { continue };
            if watch.ask(sim, evaluator) == Ok(true) {
                self.do_step(sim, index);
                return true;
            }
        }
        false
    }

    /// Whether a step waits for a condition over the clock: then the clock has to tick.
    fn waits_for_time(&self) -> bool {
        let waits = |(index, condition): (usize, &Option<Result<Watch, String>>)| {
            matches!(condition, Some(Ok(watch)) if watch.needs.time) && self.steps[index].is_none() && self.began_before(index).is_some()
        };
        self.conditions.iter().enumerate().any(waits)
    }

    /// When the run ends at the latest.
    fn end(&self) -> Time {
        let last = self.next_step_time().map_or(self.latest, |next| next.max(self.latest));
        self.scenario.until.unwrap_or(last + Scenario::PATIENCE)
    }

    fn run(&mut self, sim: &mut Sim, judges: &mut [Judge], observer: &mut Option<&mut dyn Observer>) -> Ended {
        let mut stops: Vec<Time> = judges.iter().flat_map(|judge| judge.stops()).collect();
        stops.arrange_by(|a, b| b.cmp(a));
        loop {
            self.do_due(sim);
            if !sim.run_moment() {
                return Ended::BudgetSpent;
            }
            if self.do_conditional(sim) {
                continue;
            }
            if let Some(evaluator) = self.evaluator {
                judges.iter_mut().for_each(|judge| judge.look(sim, evaluator));
            }
            let now = sim.now();
            let looks = observer.as_mut().and_then(|observer| {
                observer.look(sim);
                observer.next().filter(|next| *next > now)
            });
            while stops.last().is_some_and(|stop| *stop <= now) {
                stops.pop();
            }
            let end = self.end();
            let steps = self.next_step_time().filter(|due| *due <= end);
            // Schedules go on for ever: once nothing else is left, and nobody waits for anything, the story is over.
            let waits = self.scenario.until.is_some() || self.steps.iter().any(Option::is_none) || judges.iter().any(Judge::is_hoping);
            let events = if waits { sim.next_time() } else { sim.next_consequence() };
            let tick = self.waits_for_time().then(|| now + SECOND);
            let Some(next) = [events, steps, tick, stops.last().copied(), looks].into_iter().flatten().min() else {
                // Nothing moves any more; what was asked for ends when it was asked to.
                if let Some(until) = self.scenario.until {
                    sim.api_mut().advance_to(until);
                }
                return Ended::Quiet;
            };
            if next > end {
                sim.api_mut().advance_to(end);
                return if events.is_none() { Ended::Quiet } else { Ended::TimeUp };
            }
            sim.api_mut().advance_to(next);
        }
    }

    /// What became of the steps, with what there is to say about those that were not done.
    fn finish(self, told: &mut Vec<Diagnostic>, end: Time) -> Vec<StepOutcome> {
        let mut outcomes = Vec::new();
        for (index, step) in self.scenario.steps.iter().enumerate() {
            let state = self.steps[index].clone().unwrap_or_else(|| match (&step.when, self.due(index)) {
                (When::Condition(_), _) if self.began_before(index).is_some() => {
                    let values = match (self.conditions.get(index), self.evaluator) {
                        (Some(Some(Ok(watch))), Some(evaluator)) => watch.values(evaluator),
                        _ => Vec::new(),
                    };
                    StepState::Waiting { values }
                }
                (_, Some(_)) => StepState::NotDue,
                _ => StepState::Behind,
            });
            match (&state, &step.when) {
                (StepState::Refused { at, why, .. }, _) => {
                    // An unknown name was told of before the run.
                    let known = told.iter().any(|d| d.id == UNKNOWN_NAME && d.span == step.span && d.message == *why);
                    if !known {
                        told.push(Refused::Useless(format!("{} at {at} had no effect: {why}", step.verb.name())).diagnostic(step.span));
                    }
                }
                (StepState::NotDue, _) => {
                    let due = self.due(index).unwrap_or(Time::NEVER);
                    let message = format!("{} is due at {due}, but the run ends at {end}", step.verb.name());
                    told.push(Diagnostic::error(NEVER_DUE, message).at(step.span).help("raise `until`, or leave it out"));
                }
                (StepState::Waiting { values }, When::Condition(text)) => {
                    if let Some(Some(Err(error))) = self.conditions.get(index) {
                        told.push(Diagnostic::error(BAD_EXPRESSION, format!("`{}`: {error}", visible(text))).at(step.span));
                    } else if let Some(Some(Ok(watch))) = self.conditions.get(index)
                        && let Some(error) = watch.error()
                    {
                        told.push(Diagnostic::error(BAD_EXPRESSION, format!("`{}`: {error}", visible(text))).at(step.span));
                    } else if self.evaluator.is_some() {
                        let mut message = format!("{} never began: `{}` did not come true by {end}", step.verb.name(), visible(text));
                        if !values.is_empty() {
                            message.push_str(&format!("; at the end {}", values.join(", ")));
                        }
                        told.push(Diagnostic::error(NEVER_HELD, message).at(step.span));
                    }
                }
                _ => {}
            }
            outcomes.push(StepOutcome { verb: step.verb.clone(), state, span: step.span });
        }
        outcomes
    }
}

/// Numbers above this are no moments of a run, in seconds: a hundred years.
const LATEST_MOMENT: i64 = 3_155_760_000;

/// One expectation, being judged.
struct Judge<'s> {
    expectation: &'s Expectation,
    watch: Option<Watch>,
    verdict: Option<Verdict>,
}

fn judges<'s>(
    scenario: &'s Scenario,
    watches: Vec<Result<Watch, String>>,
    told: &mut Vec<Diagnostic>,
    cluster: &Cluster,
) -> Vec<Judge<'s>> {
    let mut watches = watches.into_iter();
    let applied = applied_names(scenario);
    let judges = scenario.expectations.iter().map(|expectation| match watches.next() {
        None => Judge { expectation, watch: None, verdict: Some(Verdict::NotEvaluated) },
        Some(Err(error)) => Judge { expectation, watch: None, verdict: Some(Verdict::Broken(error)) },
        Some(Ok(watch)) => {
            let mut unknown = unknown_in(&watch.needs, cluster);
            unknown.retain(|unknown| !applied.iter().any(|name| *name == names::canonical(&unknown.given)));
            let verdict = unknown.first().map(|unknown| Verdict::Broken(unknown.to_string()));
            told.extend(unknown.into_iter().map(|unknown| Refused::Unknown(unknown).diagnostic(expectation.span)));
            Judge { expectation, watch: Some(watch), verdict }
        }
    });
    judges.collect()
}

/// Names in an expression that the cluster does not have. Pods come and go: theirs are not looked up.
fn unknown_in(needs: &Needs, cluster: &Cluster) -> Vec<names::Unknown> {
    let mut unknown = Vec::new();
    if let Which::Named(wanted) = &needs.workloads {
        let wanted = wanted.iter().filter(|name| !names::canonical(name).contains("pod/"));
        unknown.extend(wanted.filter_map(|name| names::workload(cluster, name).err()));
    }
    if let Which::Named(wanted) = &needs.zones {
        unknown.extend(wanted.iter().filter_map(|name| names::zone(cluster, name).err()));
    }
    if let Which::Named(wanted) = &needs.budgets {
        unknown.extend(wanted.iter().filter_map(|name| names::budget(cluster, name).err()));
    }
    if let Which::Named(wanted) = &needs.autoscalers {
        unknown.extend(wanted.iter().filter_map(|name| names::autoscaler(cluster, name).err()));
    }
    unknown
}

impl Judge<'_> {
    /// The moments at which it has to look though nothing may happen then.
    fn stops(&self) -> Vec<Time> {
        let mut stops = vec![self.expectation.from];
        stops.extend(self.deadline());
        let moments = self.watch.iter().flat_map(|watch| watch.needs.moments.iter().copied());
        for moment in moments.filter(|&moment| (0..=LATEST_MOMENT).contains(&moment)) {
            stops.extend([Time::at(moment * SECOND), Time::at((moment + 1) * SECOND)]);
        }
        stops
    }

    fn deadline(&self) -> Option<Time> {
        match self.expectation.promise {
            Promise::Eventually(Some(within)) => Some(self.expectation.from + within),
            _ => None,
        }
    }

    /// Whether what is expected may still come.
    fn is_hoping(&self) -> bool {
        self.verdict.is_none() && matches!(self.expectation.promise, Promise::Eventually(_))
    }

    /// Looks at a moment after everything of it has happened.
    fn look(&mut self, sim: &Sim, evaluator: &dyn Evaluator) {
        let now = sim.now();
        if self.verdict.is_some() || now < self.expectation.from || self.expectation.promise == Promise::Finally {
            return;
        }
        let Some(watch) = &mut self.watch else { return };
        let held = match watch.ask(sim, evaluator) {
            Ok(held) => held,
            Err(error) => {
                self.verdict = Some(Verdict::Broken(format!("at {now}: {error}")));
                return;
            }
        };
        match self.expectation.promise {
            Promise::Always if !held => self.fail(sim, evaluator, "does not hold"),
            Promise::Never if held => self.fail(sim, evaluator, "holds"),
            Promise::Eventually(_) if held => self.verdict = Some(Verdict::Holds { at: Some(now) }),
            Promise::Eventually(Some(within)) if self.deadline().is_some_and(|deadline| now >= deadline) => {
                self.fail(sim, evaluator, &format!("has not come true within {}", format_span(within)));
            }
            _ => {}
        }
    }

    fn fail(&mut self, sim: &Sim, evaluator: &dyn Evaluator, how: &str) {
        let Some(watch) = &self.watch else { return };
        let at = sim.now();
        let values = watch.values(evaluator);
        let mut message = format!("`{}` {how} at {at}", visible(&self.expectation.expression));
        if !values.is_empty() {
            message.push_str(&format!(": {}", values.join(", ")));
        }
        self.verdict = Some(Verdict::Fails(Failure { at, message, values, cause: watch.culprit(sim) }));
    }

    /// The run is over.
    fn end(&mut self, sim: &Sim, evaluator: Option<&dyn Evaluator>) {
        let (None, Some(evaluator)) = (&self.verdict, evaluator) else { return };
        self.look(sim, evaluator);
        if self.verdict.is_some() {
            return;
        }
        match self.expectation.promise {
            Promise::Always | Promise::Never => self.verdict = Some(Verdict::Holds { at: None }),
            Promise::Eventually(_) => self.fail(sim, evaluator, "has not come true when the run ends"),
            Promise::Finally => match self.watch.as_mut().map(|watch| watch.ask(sim, evaluator)) {
                Some(Ok(true)) => self.verdict = Some(Verdict::Holds { at: None }),
                Some(Ok(false)) => self.fail(sim, evaluator, "does not hold at the end,"),
                Some(Err(error)) => self.verdict = Some(Verdict::Broken(error)),
                None => {}
            },
        }
    }

    fn told(self, told: &mut Vec<Diagnostic>) -> Judged {
        let verdict = self.verdict.unwrap_or(Verdict::NotEvaluated);
        let span = self.expectation.span;
        match &verdict {
            Verdict::Fails(failure) => {
                let message = match &self.expectation.name {
                    Some(name) => format!("{}: {}", visible(name), failure.message),
                    None => format!("{}: {}", self.expectation.promise.name(), failure.message),
                };
                told.push(Diagnostic::error(NOT_HELD, message).at(span));
            }
            Verdict::Broken(why) if !told.iter().any(|d| d.id == UNKNOWN_NAME && d.span == span) => {
                let message = format!("`{}`: {why}", visible(&self.expectation.expression));
                told.push(Diagnostic::error(BAD_EXPRESSION, message).at(span));
            }
            _ => {}
        }
        Judged {
            title: self.expectation.title(),
            promise: self.expectation.promise,
            expression: self.expectation.expression.clone(),
            span,
            verdict,
        }
    }
}
