//! The trace: records in order, their texts, and the way from an effect to its causes and back.

use super::event::EventClasses;
use super::record::{Change, Record, RecordId, Subject, TextId};
use crate::units::grow;
use crate::units::text::visible;
use crate::units::texts::Texts;
use crate::units::time::Time;

/// All records of a run, in the order in which they happened. Times never decrease, and a cause always precedes its effect.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    records: Vec<Record>,
    texts: Texts,
    classes: EventClasses,
}

impl Trace {
    /// Adds a record and gives its number.
    pub fn push(&mut self, time: Time, cause: Option<RecordId>, subject: Subject, change: Change) -> RecordId {
        let id = RecordId(self.records.len() as u32);
        debug_assert!(cause.is_none_or(|c| c < id), "a cause precedes its effect");
        grow::push(&mut self.records, Record { time, cause, subject, change });
        id
    }

    /// Gives back the room that was made for records to come.
    pub fn give_back(&mut self) {
        self.records.shrink_to_fit();
    }

    /// The number of a text, kept once, and with everything written out that could change how it is shown: it may quote the user's.
    pub fn text_id(&mut self, text: &str) -> TextId {
        TextId(self.texts.add(&visible(text)))
    }

    /// A kept text.
    pub fn text(&self, id: TextId) -> &str {
        self.texts.get(id.0)
    }

    pub(super) fn classes(&self) -> &EventClasses {
        &self.classes
    }

    pub(super) fn classes_mut(&mut self) -> &mut EventClasses {
        &mut self.classes
    }

    /// All records.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// One record.
    pub fn record(&self, id: RecordId) -> Option<&Record> {
        self.records.get(id.0 as usize)
    }

    /// Records with their numbers.
    pub fn numbered(&self) -> impl DoubleEndedIterator<Item = (RecordId, &Record)> {
        self.records.iter().enumerate().map(|(i, r)| (RecordId(i as u32), r))
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The record and what caused it, from the effect back to the first cause.
    pub fn causes(&self, id: RecordId) -> Vec<RecordId> {
        let mut chain = vec![id];
        let mut at = id;
        while let Some(cause) = self.record(at).and_then(|r| r.cause) {
            chain.push(cause);
            at = cause;
        }
        chain
    }

    /// Everything that followed from a record, itself first, in order.
    pub fn effects(&self, id: RecordId) -> Vec<RecordId> {
        self.effects_of(&[id])
    }

    /// Everything that followed from any of several records, themselves among it, in order.
    pub fn effects_of(&self, ids: &[RecordId]) -> Vec<RecordId> {
        let Some(first) = ids.iter().map(|id| id.0 as usize).min() else { return Vec::new() };
        let mut within = vec![false; self.records.len().saturating_sub(first)];
        for id in ids {
            if let Some(own) = within.get_mut(id.0 as usize - first) {
                *own = true;
            }
        }
        let mut effects = Vec::new();
        for (offset, record) in self.records.iter().enumerate().skip(first) {
            let follows = within[offset - first] || record.cause.is_some_and(|c| c.0 as usize >= first && within[c.0 as usize - first]);
            if follows {
                within[offset - first] = true;
                effects.push(RecordId(offset as u32));
            }
        }
        effects
    }

    /// The record and those that are its like: of the same moment and cause, and the same change of the same sort of thing.
    pub fn alike(&self, id: RecordId) -> Vec<RecordId> {
        let Some(own) = self.record(id) else { return Vec::new() };
        let (from, to) = (self.records.partition_point(|r| r.time < own.time), self.end_of(own.time));
        let sort = |record: &Record| (std::mem::discriminant(&record.subject), std::mem::discriminant(&record.change), record.cause);
        (from..to).filter(|&nth| sort(&self.records[nth]) == sort(own)).map(|nth| RecordId(nth as u32)).collect()
    }

    /// Index of the first record later than `time`.
    pub fn end_of(&self, time: Time) -> usize {
        self.records.partition_point(|r| r.time <= time)
    }

    /// A digest of everything that happened: equal traces, and only they, have equal digests.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut line = String::new();
        for record in &self.records {
            use core::fmt::Write;
            line.clear();
            // `Debug` of plain numbers and enums: the same text on every target.
            let _ = writeln!(line, "{} {:?} {:?} {:?}", record.time.millis(), record.cause.map(|c| c.0), record.subject, record.change);
            hasher.update(line.as_bytes());
        }
        hasher.update(format!("{:?}", self.classes).as_bytes());
        for text in self.texts.iter() {
            hasher.update(text.as_bytes());
            hasher.update(b"\0");
        }
        hasher.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::ids::NodeId;

    #[test]
    fn why_is_a_walk_and_a_blast_radius_a_subtree() {
        let mut trace = Trace::default();
        let node = Subject::Node(NodeId(0));
        let failed = trace.push(Time::at(0), None, node, Change::NodeFailed);
        let other = trace.push(Time::at(0), None, Subject::Node(NodeId(1)), Change::NodeCordoned);
        let unready = trace.push(Time::at(50_000), Some(failed), node, Change::NodeUncordoned);
        let last = trace.push(Time::at(60_000), Some(unready), node, Change::NodeDeleted);
        assert_eq!(trace.causes(last), [last, unready, failed]);
        assert_eq!(trace.effects(failed), [failed, unready, last]);
        assert_eq!(trace.effects(other), [other]);
        assert_eq!(trace.effects_of(&[other, last]), [other, last]);
        assert_eq!(trace.alike(failed), [failed]);
        assert!(trace.effects_of(&[]).is_empty() && trace.alike(RecordId(9)).is_empty());
        assert_eq!(trace.end_of(Time::at(50_000)), 3);
    }
}
