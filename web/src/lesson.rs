//! How far somebody is in a lesson: what was told, what was predicted, what comes next. Arithmetic over what the worker told; it judges nothing.

use std::rc::Rc;

use wavetank_core::session::lesson::{Asked, Beat, Goal};

use crate::wire::Taught;

/// A lesson that is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// Its name.
    pub name: String,
    /// What it tells of the present run; none before the first.
    pub taught: Option<Rc<Taught>>,
    /// Which step was reached.
    pub beat: usize,
    /// What was predicted, by step.
    bets: Vec<Option<u32>>,
    /// The goal was met once.
    pub met: bool,
    /// The repair that is open is the one that was shown.
    pub shown: bool,
}

/// What somebody does in a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// A choice is taken as the prediction.
    Bet(u32),
    /// On to the next step; time passes by itself until then if it may.
    Next {
        /// Time may be seen to pass.
        moving: bool,
    },
    /// The lesson is left; what is open stays open.
    Leave,
}

impl Course {
    /// A lesson at one of its steps.
    pub fn new(name: String, beat: u32) -> Course {
        Course { name, beat: beat as usize, ..Course::default() }
    }

    /// What is told now.
    pub fn now(&self) -> Option<&Beat> {
        self.taught.as_ref()?.beats.get(self.beat)
    }

    /// What is told next.
    pub fn coming(&self) -> Option<&Beat> {
        self.taught.as_ref()?.beats.get(self.beat + 1)
    }

    /// How many steps there are.
    pub fn count(&self) -> usize {
        self.taught.as_ref().map_or(0, |taught| taught.beats.len())
    }

    /// What was predicted at a step.
    pub fn bet(&self, beat: usize) -> Option<u32> {
        self.bets.get(beat).copied().flatten()
    }

    /// The prediction that was made before this step, and now is decided.
    pub fn decided(&self) -> Option<(&Asked, u32)> {
        let before = self.beat.checked_sub(1)?;
        Some((self.taught.as_ref()?.beats.get(before)?.ask.as_ref()?, self.bet(before)?))
    }

    /// A question waits for its answer: nothing that comes after it is told.
    pub fn waits(&self) -> bool {
        self.now().is_some_and(|beat| beat.ask.is_some()) && self.bet(self.beat).is_none()
    }

    /// The manifests are to be changed now.
    pub fn repairs(&self) -> bool {
        self.now().is_some_and(|beat| beat.repair)
    }

    /// The goal holds, and it is time for that.
    pub fn done(&self) -> bool {
        self.repairs() && self.taught.as_ref().is_some_and(|taught| taught.goal == Goal::Met)
    }

    /// Takes a prediction; one that is taken stays.
    pub fn take(&mut self, choice: u32) -> bool {
        let open = self.waits() && self.now().and_then(|beat| beat.ask.as_ref()).is_some_and(|ask| (choice as usize) < ask.choices.len());
        if open {
            self.bets.resize(self.beat + 1, None);
            self.bets[self.beat] = Some(choice);
        }
        open
    }

    /// One step on, where that is possible.
    pub fn step(&mut self) -> bool {
        let on = !self.waits() && self.coming().is_some();
        self.beat += usize::from(on);
        on
    }

    /// When the next step comes by itself as time passes: none while a question or a repair waits, and for steps at the same moment, which
    /// are read one after another.
    pub fn due(&self) -> Option<i64> {
        let (now, next) = (self.now()?, self.coming()?.at_ms?);
        (!self.waits() && !now.repair && now.at_ms.is_some_and(|at_ms| at_ms < next)).then_some(next)
    }

    /// Goes along with a cursor that was set by hand.
    pub fn follow(&mut self, at_ms: i64) -> bool {
        let before = self.beat;
        while self.due().is_some_and(|due| due <= at_ms) && self.coming().is_some_and(|beat| !beat.repair) {
            self.beat += 1;
        }
        self.beat != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Answer, Ask, Writing};

    fn course() -> Course {
        let beat = |at_ms: i64| Beat { at_ms: Some(at_ms), say: format!("at {at_ms}"), ..Beat::default() };
        let ask = Asked { text: "How many?".to_string(), choices: vec!["1".to_string(), "2".to_string()], right: Some(1) };
        let beats = vec![beat(0), Beat { ask: Some(ask), ..beat(0) }, beat(5_000), beat(9_000), Beat { repair: true, ..beat(9_000) }];
        let taught = Taught { beats, goal: Goal::NotMet, ..Taught::default() };
        Course { taught: Some(Rc::new(taught)), ..Course::new("x".to_string(), 0) }
    }

    /// The worker's answer holds what the page goes through.
    #[test]
    fn every_lesson_is_told_by_the_worker_and_reaches_as_far_as_it_speaks() {
        for card in crate::gallery::lessons() {
            let mut desk = crate::desk::Desk::default();
            let files = crate::gallery::lesson_files(card.name);
            let ask = Ask::Run {
                generation: 1,
                files,
                steps: Vec::new(),
                own: true,
                writes: Writing::No,
                seed: 0,
                lesson: card.name.to_string(),
            };
            let answer = desk.answer(&serde_json::to_string(&ask).expect("plain data"));
            if let crate::desk::Reply::Answer(answer) = &answer {
                let wired = crate::wire::from_bytes::<Answer>(&crate::wire::to_bytes(answer));
                assert_eq!(wired.as_ref(), Some(answer), "{}: it comes over the wire as it is", card.name);
            }
            let crate::desk::Reply::Answer(Answer::Ran { story: Some(story), taught: Some(taught), diagnostics, .. }) = answer else {
                panic!("{}: {answer:?}", card.name)
            };
            let latest = taught.beats.iter().filter_map(|beat| beat.at_ms).max().unwrap_or_default();
            assert!(story.duration_ms >= latest && latest > 0, "{}", card.name);
            assert!(story.expected.len() >= taught.goals.len() && taught.goal == Goal::NotMet, "{}", card.name);
            assert!(diagnostics.iter().all(|finding| finding.severity != crate::wire::Severity::Error), "{}: {diagnostics:?}", card.name);
        }
    }

    #[test]
    fn a_question_holds_everything_up_until_it_is_answered() {
        let mut course = course();
        assert!(!course.waits() && course.due().is_none(), "two steps of one moment are read one after another");
        assert!(course.step() && course.waits());
        assert!(!course.step() && !course.follow(99_000) && course.due().is_none());
        assert!(!course.take(2) && course.take(0) && !course.take(1), "a prediction stays");
        assert_eq!(course.due(), Some(5_000));
        assert!(course.step());
        let (asked, bet) = course.decided().expect("the prediction is decided");
        assert_eq!((asked.right, bet), (Some(1), 0));
    }

    #[test]
    fn it_follows_the_cursor_as_far_as_the_repair() {
        let mut course = course();
        course.step();
        course.take(1);
        assert!(!course.follow(4_999) && course.follow(5_000));
        assert_eq!(course.beat, 2);
        assert!(course.follow(60_000));
        assert_eq!(course.beat, 3, "the repair is gone to, not come across");
        assert!(course.step() && course.repairs() && !course.step() && !course.done());
        let met = Taught { goal: Goal::Met, ..(**course.taught.as_ref().expect("told")).clone() };
        course.taught = Some(Rc::new(met));
        assert!(course.done());
    }
}
