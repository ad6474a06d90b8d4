//! Kubernetes Events as the trace keeps them: what many have in common once, and the words of the most frequent ones only as what they name.
//!
//! Owns the words of those. Never decides which event is sent, or merged with others.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::log::Trace;
use super::record::{Change, Record, Subject, TextId};
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::units::intern::Sym;

/// What stands before the message of an event that was merged with others (`client-go/tools/record/events_cache.go`, v1.37).
const COMBINED: &str = "(combined from similar events): ";

/// What an event has in common with many others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventClass {
    /// Whether its type is Warning.
    pub warning: bool,
    /// Its reason.
    pub reason: Sym,
    /// The component that sent it.
    pub source: Sym,
}

/// The number of an [`EventClass`] in its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventClassId(u32);

/// The message of an event. A cluster of 150,000 pods tells of each that it was made and placed: such messages are made when they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// As the trace keeps it.
    Text(TextId),
    /// `Created pod: NAME`.
    PodCreated(PodId),
    /// `Deleted pod: NAME`.
    PodDeleted(PodId),
    /// `Successfully assigned NAMESPACE/NAME to NODE`, of the pod that the event is about.
    Assigned(NodeId),
    /// `Marking for deletion Pod NAMESPACE/NAME`, of the pod that the event is about.
    MarkedForDeletion,
}

/// A Kubernetes Event as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'t> {
    /// Whether its type is Warning.
    pub warning: bool,
    /// Its reason.
    pub reason: &'t str,
    /// Its message.
    pub message: Cow<'t, str>,
    /// The component that sent it.
    pub source: &'t str,
}

/// The classes of a trace's events, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct EventClasses {
    known: Vec<EventClass>,
    numbers: BTreeMap<EventClass, EventClassId>,
}

impl Trace {
    /// The number of a class, given out now if it is new.
    pub fn class_id(&mut self, class: EventClass) -> EventClassId {
        let classes = self.classes_mut();
        *classes.numbers.entry(class).or_insert_with(|| {
            classes.known.push(class);
            EventClassId(classes.known.len() as u32 - 1)
        })
    }

    /// A class by its number, which this trace gave out.
    pub fn class(&self, id: EventClassId) -> EventClass {
        self.classes().known[id.0 as usize]
    }

    /// The event that a record is, in words; none if it is another change. `cluster` is the one that the trace is of, then or later.
    pub fn event<'t>(&'t self, cluster: &'t Cluster, record: &Record) -> Option<Event<'t>> {
        let Change::Event { class, merged, message } = record.change else { return None };
        let class = self.class(class);
        let mut words = self.words(cluster, record.subject, message);
        if merged {
            words.to_mut().insert_str(0, COMBINED);
        }
        Some(Event { warning: class.warning, reason: cluster.text(class.reason), message: words, source: cluster.text(class.source) })
    }

    fn words<'t>(&'t self, cluster: &Cluster, subject: Subject, message: Message) -> Cow<'t, str> {
        let mut words = String::new();
        let own_full_name = |words: &mut String| {
            if let Subject::Pod(pod) = subject {
                cluster.push_pod_full_name(pod, words);
            }
        };
        match message {
            Message::Text(text) => return Cow::Borrowed(self.text(text)),
            Message::PodCreated(pod) => {
                words.push_str("Created pod: ");
                cluster.push_pod_name(pod, &mut words);
            }
            Message::PodDeleted(pod) => {
                words.push_str("Deleted pod: ");
                cluster.push_pod_name(pod, &mut words);
            }
            Message::Assigned(node) => {
                words.push_str("Successfully assigned ");
                own_full_name(&mut words);
                words.push_str(" to ");
                words.push_str(cluster.text(cluster.node(node).name));
            }
            Message::MarkedForDeletion => {
                words.push_str("Marking for deletion Pod ");
                own_full_name(&mut words);
            }
        }
        Cow::Owned(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::time::Time;

    #[test]
    fn an_event_is_put_into_words_when_it_is_asked_for() {
        let mut cluster = Cluster::default();
        let (reason, source) = (cluster.text.intern("Scheduled"), cluster.text.intern("default-scheduler"));
        let mut trace = Trace::default();
        let text = trace.text_id("as it is");
        let class = trace.class_id(EventClass { warning: false, reason, source });
        assert_eq!(trace.class_id(EventClass { warning: false, reason, source }), class);
        assert_ne!(trace.class_id(EventClass { warning: true, reason, source }), class);
        let told = |trace: &mut Trace, merged: bool| {
            let id = trace.push(Time::at(0), None, Subject::Cluster, Change::Event { class, merged, message: Message::Text(text) });
            trace.event(&cluster, &trace.records()[id.0 as usize]).map(|event| (event.reason.to_owned(), event.message.into_owned()))
        };
        assert_eq!(told(&mut trace, false), Some(("Scheduled".to_owned(), "as it is".to_owned())));
        assert_eq!(told(&mut trace, true), Some(("Scheduled".to_owned(), "(combined from similar events): as it is".to_owned())));
        trace.push(Time::at(0), None, Subject::Cluster, Change::Created);
        assert_eq!(trace.event(&cluster, &trace.records()[2]), None);
    }

    #[test]
    fn a_record_stays_small() {
        assert_eq!(size_of::<Record>(), 40, "there are millions of them");
    }
}
