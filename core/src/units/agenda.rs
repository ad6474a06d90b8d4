//! What is to happen later: a priority queue over virtual time that keeps the order of equals.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::time::Time;

#[derive(Clone, Debug)]
struct Entry<T> {
    time: Time,
    sequence: u64,
    item: T,
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    // The heap gives the largest first: the earliest time, then the first added, must be the largest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.time, other.sequence).cmp(&(self.time, self.sequence))
    }
}

/// Items by the time at which they are due; those of one time come out in the order in which they went in.
///
/// ```
/// use wavetank_core::units::{agenda::Agenda, time::Time};
/// let mut agenda = Agenda::default();
/// agenda.add(Time::at(20), "second");
/// agenda.add(Time::at(10), "first");
/// assert_eq!(agenda.next_time(), Some(Time::at(10)));
/// assert_eq!(agenda.take_due(Time::at(15)), Some((Time::at(10), "first")));
/// assert_eq!(agenda.take_due(Time::at(15)), None);
/// ```
#[derive(Clone, Debug)]
pub struct Agenda<T> {
    heap: BinaryHeap<Entry<T>>,
    sequence: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Agenda { heap: BinaryHeap::new(), sequence: 0 }
    }
}

impl<T> Agenda<T> {
    /// Adds an item that is due at `time`.
    pub fn add(&mut self, time: Time, item: T) {
        self.sequence += 1;
        self.heap.push(Entry { time, sequence: self.sequence, item });
    }

    /// Keeps only the items for which this holds.
    pub fn retain(&mut self, mut holds: impl FnMut(&T) -> bool) {
        self.heap.retain(|entry| holds(&entry.item));
    }

    /// Gives back the room that items took which are gone.
    pub fn give_back(&mut self) {
        self.heap.shrink_to_fit();
    }

    /// When the earliest item is due.
    pub fn next_time(&self) -> Option<Time> {
        self.heap.peek().map(|e| e.time)
    }

    /// Takes the earliest item if it is due at `now`.
    pub fn take_due(&mut self, now: Time) -> Option<(Time, T)> {
        if self.next_time()? > now {
            return None;
        }
        self.heap.pop().map(|e| (e.time, e.item))
    }

    /// How many items wait.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Changes every waiting item in place; their times and order stay.
    pub fn map_in_place(&mut self, mut change: impl FnMut(&mut T)) {
        let mut entries = std::mem::take(&mut self.heap).into_vec();
        entries.iter_mut().for_each(|e| change(&mut e.item));
        self.heap = entries.into();
    }
}
