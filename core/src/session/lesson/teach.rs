//! Telling a lesson of a run: when each step comes, what its expressions come to, and which prediction came true.

use super::{Asked, Beat, BeatOf, Cue, Goal, Lesson, Taught};
use crate::engine::Sim;
use crate::scenario::expr::{Cel, Evaluator, Facts};
use crate::scenario::{self, Observer, Scenario, Verdict};
use crate::session::{Run, Session};
use crate::units::time::Time;

impl Session {
    /// Runs a scenario as a lesson's: with the lesson's goal among its expectations, and what is told of it.
    pub fn teach(&self, scenario: &Scenario, lesson: &Lesson) -> (Run, Taught) {
        let mut scenario = scenario.clone();
        scenario.expectations.extend(lesson.goal.iter().cloned());
        let mut teacher = Teacher { cel: Cel::default(), lesson, last: Time::ZERO, beats: Vec::new() };
        let run = Run::by(self, &scenario, |sim| scenario::run_observed(sim, &scenario, Some(&mut Cel::default()), Some(&mut teacher)));
        let judged = &run.outcome().expectations;
        let own = judged.len().saturating_sub(lesson.goal.len());
        let goals: Vec<(String, bool)> =
            judged[own..].iter().map(|of| (of.title.clone(), matches!(of.verdict, Verdict::Holds { .. }))).collect();
        let evaded = lesson.verbs.iter().any(|verb| !scenario.steps.iter().any(|step| step.verb == *verb));
        let goal = match (evaded, goals.iter().all(|(_, holds)| *holds)) {
            (true, _) => Goal::Evaded,
            (false, true) => Goal::Met,
            (false, false) => Goal::NotMet,
        };
        let taught = Taught { beats: teacher.finish(), goal, goals, done: lesson.done.clone() };
        (run, taught)
    }
}

struct Teacher<'l> {
    cel: Cel,
    lesson: &'l Lesson,
    /// When the last thing was told.
    last: Time,
    /// What was told.
    beats: Vec<Beat>,
}

impl Observer for Teacher<'_> {
    fn next(&self) -> Option<Time> {
        match self.lesson.beats.get(self.beats.len())?.cue {
            Cue::At(time) => Some(time),
            Cue::After(span) => Some(self.last + span),
            Cue::Along | Cue::Condition(_) => None,
        }
    }

    fn look(&mut self, sim: &Sim) {
        let lesson = self.lesson;
        while let Some(next) = lesson.beats.get(self.beats.len()) {
            let now = sim.now();
            let due = match &next.cue {
                Cue::Along => true,
                Cue::At(time) => *time <= now,
                Cue::After(span) => self.last + *span <= now,
                Cue::Condition(condition) => self.holds(condition, sim),
            };
            if !due {
                return;
            }
            self.judge(sim);
            self.last = now;
            let beat = self.tell(next, Some(now), sim);
            self.beats.push(beat);
        }
    }
}

impl Teacher<'_> {
    /// Which of the choices that are open came true.
    fn judge(&mut self, sim: &Sim) {
        let Some(nth) = self.beats.len().checked_sub(1) else { return };
        let Some(question) = self.lesson.beats.get(nth).and_then(|beat| beat.ask.as_ref()) else { return };
        let right = question.choices.iter().position(|(_, condition)| self.holds(condition, sim)).map(|right| right as u32);
        if let Some(asked) = self.beats.get_mut(nth).and_then(|beat| beat.ask.as_mut()) {
            asked.right = right;
        }
    }

    fn tell(&mut self, of: &BeatOf, at: Option<Time>, sim: &Sim) -> Beat {
        Beat {
            at_ms: at.map(|at| at.millis()),
            say: self.filled(&of.say, sim),
            highlight: self.filled(&of.highlight, sim),
            ask: of.ask.as_ref().map(|question| Asked {
                text: self.filled(&question.text, sim),
                choices: question.choices.iter().map(|(say, _)| self.filled(say, sim)).collect(),
                right: None,
            }),
            repair: of.repair,
        }
    }

    fn facts(&mut self, expression: &str, sim: &Sim) -> Option<(scenario::expr::ExpressionId, Facts)> {
        let (id, needs) = self.cel.compile(expression).ok()?;
        Some((id, Facts::gather(sim.api(), &needs)))
    }

    /// An expression that cannot be read or evaluated does not hold.
    fn holds(&mut self, expression: &str, sim: &Sim) -> bool {
        self.facts(expression, sim).is_some_and(|(id, facts)| self.cel.holds(id, &facts) == Ok(true))
    }

    /// A text with its expressions evaluated; `?` for one that has no value.
    fn filled(&mut self, text: &str, sim: &Sim) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, inner)) = rest.split_once('{') {
            let Some((expression, after)) = inner.split_once('}') else { break };
            filled.push_str(before);
            let said = self.facts(expression, sim).and_then(|(id, facts)| self.cel.said(id, &facts).ok());
            filled.push_str(said.as_deref().unwrap_or("?"));
            rest = after;
        }
        filled + rest
    }

    /// What was told, and what it never came to: of that only the repair has its text, which holds no expressions.
    fn finish(self) -> Vec<Beat> {
        let told = self.beats.len();
        let rest = self.lesson.beats.iter().skip(told).map(|of| Beat {
            at_ms: None,
            say: if of.repair { of.say.clone() } else { String::new() },
            repair: of.repair,
            ..Beat::default()
        });
        self.beats.into_iter().chain(rest).collect()
    }
}
