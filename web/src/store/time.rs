//! How the cursor moves: set, from event to event, and on as time passes.

use std::rc::Rc;

use super::Store;
use crate::clock;

impl Store {
    /// Whoever goes to a moment wants to look at it: time stands still there.
    pub(super) fn seek(&mut self, at_ms: i64) {
        self.playing = false;
        self.at_ms = at_ms.clamp(0, self.duration_ms());
        let at_ms = self.at_ms;
        if self.course.as_mut().is_some_and(|course| Rc::make_mut(course).follow(at_ms)) {
            self.arrive();
        }
    }

    /// To the event next to the cursor, or only to steps and changes of nodes.
    pub(super) fn hop(&mut self, forward: bool, phases: bool) {
        let Some(told) = self.told.clone() else { return };
        let stops = if phases { &told.phases } else { &told.stops };
        self.seek(if forward { clock::next(stops, self.at_ms) } else { clock::previous(stops, self.at_ms) });
    }

    /// So many real milliseconds pass. Time stands still until the run that was asked for has been told.
    pub(super) fn pass(&mut self, real_ms: f64) {
        if !self.playing || self.stale() {
            return;
        }
        let end = self.duration_ms();
        let from = self.at_ms;
        self.at_ms = (from + (real_ms * f64::from(self.speed)).round() as i64).min(end);
        self.playing = self.at_ms < end;
        let until = self.at_ms;
        if let Some(due) = self.course.as_ref().and_then(|course| course.due()).filter(|due| *due <= until) {
            (self.at_ms, self.playing) = (due, false);
            if let Some(course) = self.course.as_mut() {
                Rc::make_mut(course).step();
            }
            return self.arrive();
        }
        let next = self.halts.get(self.halts.partition_point(|&at_ms| at_ms <= from));
        if let Some(&at_ms) = next.filter(|&&at_ms| at_ms <= until) {
            (self.at_ms, self.playing) = (at_ms, false);
        }
    }

    /// Where playing stops: of the run that is told, and what is stopped at.
    pub(super) fn finds_halts(&mut self) {
        self.halts = Rc::new(self.told.as_ref().map(|told| self.halt.moments(&told.story)).unwrap_or_default());
    }
}
