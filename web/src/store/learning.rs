//! What the store makes of lessons: how they are opened, how one goes through them, when one is done.

use std::rc::Rc;

use super::{Notice, Pane, Selection, Side, Store};
use crate::clock;
use crate::lesson::Move;
use crate::scene::Scene;
use crate::wire::{Entry, SourceFile, Taught};

/// What is taken back where a repair was shown.
pub(super) const SHOWING: &str = "showing a repair";

/// The lesson that a scene names without any files: a teacher's link.
pub(super) fn named_alone(scene: &Scene) -> Option<Entry> {
    let alone = scene.files.is_empty() && !scene.lesson.is_empty();
    alone.then(|| Entry { name: scene.lesson.clone(), lesson: true, seed: scene.seed, ..Entry::default() })
}

impl Store {
    /// What a teacher sends: the open lesson from its beginning, and the seed.
    pub fn lesson_scene(&self) -> Scene {
        let lesson = self.course.as_ref().map(|course| course.name.clone()).unwrap_or_default();
        Scene { seed: self.seed, lesson, ..Scene::default() }
    }

    /// The files of an entry of the gallery have come.
    pub(super) fn came(&mut self, entry: Entry, files: Vec<SourceFile>) {
        if files.is_empty() {
            self.wanted = None;
            let text = format!("There is nothing called {} in the gallery of this version.", entry.name);
            self.notice = Some(Notice { text, wrong: true });
            return;
        }
        if entry.repair {
            self.wanted = None;
            // It belongs to the lesson that is open.
            if self.course.as_ref().is_some_and(|course| course.name == entry.name) {
                self.remember(SHOWING);
                if let Some(course) = self.course.as_mut() {
                    Rc::make_mut(course).shown = true;
                }
                self.put(files);
                self.reads_anew();
            }
            return;
        }
        self.remember(if entry.lesson { "opening a lesson" } else { "opening an example" });
        let lesson = if entry.lesson { entry.name } else { String::new() };
        self.open(Scene { files, seed: entry.seed, lesson, ..Scene::default() });
        // An example opens in the middle of its story, a lesson at its beginning.
        self.to_worst = !entry.lesson;
        self.pane = Pane::Cluster;
    }

    /// A step in the open lesson.
    pub(super) fn learn(&mut self, step: Move) -> Option<()> {
        let course = Rc::make_mut(self.course.as_mut()?);
        match step {
            Move::Bet(choice) => course.take(choice).then_some(())?,
            Move::Next { moving } => {
                let due = course.due().filter(|&due| due > self.at_ms);
                match due.filter(|_| moving) {
                    // Time leads there, at a pace at which it can be watched.
                    Some(due) => {
                        self.speed = clock::speed_for(due - self.at_ms);
                        self.playing = true;
                    }
                    None => {
                        course.step().then_some(())?;
                        self.playing = false;
                        let at_ms = course.now().and_then(|beat| beat.at_ms);
                        self.at_ms = at_ms.unwrap_or(self.at_ms).clamp(0, self.duration_ms());
                        self.arrive();
                    }
                }
            }
            Move::Leave => self.course = None,
        }
        Some(())
    }

    /// What a lesson's step points at comes into view; before a repair the run is kept to compare with.
    pub(super) fn arrive(&mut self) {
        let Some(course) = self.course.clone() else { return };
        let Some(beat) = course.now() else { return };
        match beat.highlight.split_once('/') {
            Some(("zone", name)) => self.selection = Some(Selection::Zone(name.to_string())),
            Some(("node", name)) => self.selection = Some(Selection::Node(name.to_string())),
            Some(("pod", name)) => (self.selection, self.side) = (Some(Selection::Pod(name.to_string())), Side::Why),
            Some(("file", name)) => self.active = self.files.iter().position(|file| file.name == name).unwrap_or(self.active),
            _ => {}
        }
        if beat.repair && !course.met {
            (self.pinned, self.pane) = (self.told.clone(), Pane::Files);
        }
    }

    /// What the lesson tells of a run that was just told.
    pub(super) fn hear_lesson(&mut self, taught: Option<Box<Taught>>, opened: bool) {
        let Some(course) = self.course.as_mut() else { return };
        let course = Rc::make_mut(course);
        course.taught = taught.map(|taught| Rc::new(*taught));
        if course.done() {
            course.met = true;
            // Who was shown a repair has not made one yet.
            if !course.shown && !self.done.contains(&course.name) {
                let name = course.name.clone();
                Rc::make_mut(&mut self.done).push(name);
            }
        }
        if opened {
            self.arrive();
        }
    }
}
