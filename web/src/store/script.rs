//! How steps that are clicked come into the Scenario of the files.

use std::rc::Rc;

use super::{Side, Store};
use crate::wire::{SourceFile, Step, Writing, put};

impl Store {
    /// A step is added where the cursor is.
    pub(super) fn add_step(&mut self, step: Step, plays: bool) {
        self.remember("adding a step");
        self.at_ms = step.at_ms;
        self.playing = plays;
        self.side = if self.side == Side::Why { Side::Why } else { Side::Story };
        self.insert(step);
    }

    /// Among the steps, behind those of the same moment.
    pub(super) fn insert(&mut self, step: Step) {
        self.change_steps(step.clone(), |steps| {
            let place = steps.partition_point(|other| other.at_ms <= step.at_ms);
            steps.insert(place, step);
        });
    }

    /// The steps are run as they are after a change, and written into the files; `changed` is the one that comes or goes. A lesson's files are the
    /// learner's to repair: there they stand beside.
    pub(super) fn change_steps(&mut self, changed: Step, change: impl FnOnce(&mut Vec<Step>)) {
        let writes = match self.unwritten.take() {
            Some((_, writes)) => writes,
            None if self.own => Writing::Scenario(self.steps.to_vec()),
            None => Writing::New,
        };
        change(Rc::make_mut(&mut self.steps));
        self.own = false;
        self.unwritten = self.course.is_none().then_some((changed, writes));
        self.asks_anew();
    }

    /// The worker wrote the steps into a file: a new one is shown where it stands there.
    pub(super) fn hear_written(&mut self, file: SourceFile, steps: &[Step], places: &[Option<(u32, u32, u32)>]) {
        put(Rc::make_mut(&mut self.files), file);
        self.own = true;
        let changed = self.unwritten.as_ref().map(|(step, _)| step);
        let place = steps.iter().zip(places).find(|(step, _)| Some(*step) == changed).and_then(|(_, place)| *place);
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
