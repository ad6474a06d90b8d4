//! How steps that are clicked come into the Scenario of the files.

use std::rc::Rc;

use super::{Side, Store};
use crate::wire::{SourceFile, Step, Writing};

impl Store {
    /// A step is added where the cursor is.
    pub(super) fn add_step(&mut self, step: Step, plays: bool) {
        self.remember("adding a step");
        self.at_ms = step.at_ms;
        self.playing = plays;
        self.side = if self.side == Side::Why { Side::Why } else { Side::Story };
        self.insert(step.clone());
        self.writes_steps(step);
    }

    /// Among the steps, behind those of the same moment.
    pub(super) fn insert(&mut self, step: Step) {
        let steps = Rc::make_mut(&mut self.steps);
        let place = steps.partition_point(|other| other.at_ms <= step.at_ms);
        steps.insert(place, step);
    }

    /// The steps are run as they are now, and written into the files; `changed` is the one that came or went. A lesson's files are the learner's to
    /// repair: there they stand beside.
    pub(super) fn writes_steps(&mut self, changed: Step) {
        let before = self.unwritten.as_ref().map(|(_, writes)| *writes);
        let writes = before.unwrap_or(if self.own { Writing::Scenario } else { Writing::New });
        self.own = false;
        self.unwritten = self.course.is_none().then_some((changed, writes));
        self.asks_anew();
    }

    /// The worker wrote the steps into a file: a new one is shown where it stands there.
    pub(super) fn hear_written(&mut self, file: SourceFile, steps: &[Step], places: &[Option<(u32, u32, u32)>]) {
        let shown = self.active;
        self.put(vec![file]);
        self.active = shown;
        self.own = true;
        let place = steps
            .iter()
            .zip(places)
            .find(|(step, _)| Some(*step) == self.unwritten.as_ref().map(|(step, _)| step))
            .and_then(|(_, place)| *place);
        if let Some((file, start, end)) = place {
            self.reveal(file as usize, start, end);
        }
    }

    /// A place in a file is shown.
    pub(super) fn reveal(&mut self, file: usize, start: u32, end: u32) {
        self.active = file;
        self.leave();
        self.reveal = Some((start, end, self.reveal.map_or(0, |(_, _, wish)| wish.wrapping_add(1))));
    }
}
