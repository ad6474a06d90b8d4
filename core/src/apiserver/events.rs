//! Kubernetes Events: many similar ones of one object are merged (`client-go/tools/record/events_cache.go`, v1.37).

use std::collections::BTreeMap;

use super::api::Api;
use crate::trace::{Change, EventClass, EventClassId, Message, RecordId, Subject};
use crate::units::time::{MINUTE, Millis, Time};

/// From this many different messages on (`defaultAggregateMaxEvents`) …
const MOST_SIMILAR: usize = 10;
/// … none further apart than this (`defaultAggregateIntervalInSeconds`), events are merged.
const APART: Millis = 10 * MINUTE;

/// What was last said, by object and class.
#[derive(Clone, Debug, Default)]
pub(super) struct SimilarEvents(BTreeMap<(Subject, EventClassId), Similar>);

#[derive(Clone, Debug)]
struct Similar {
    last: Time,
    messages: Vec<Message>,
}

impl SimilarEvents {
    /// Whether the event is merged with others like it (`EventAggregate`).
    fn merges(&mut self, key: (Subject, EventClassId), message: Message, now: Time) -> bool {
        let similar = self.0.entry(key).or_insert_with(|| Similar { last: now, messages: Vec::new() });
        if now - similar.last > APART {
            similar.messages.clear();
        }
        similar.last = now;
        if similar.messages.contains(&message) {
            return false;
        }
        if similar.messages.len() + 1 >= MOST_SIMILAR {
            return true;
        }
        similar.messages.push(message);
        false
    }
}

impl Api {
    /// Records a Kubernetes Event.
    pub fn event(&mut self, subject: Subject, warning: bool, reason: &str, message: &str, source: &str) -> RecordId {
        let message = Message::Text(self.trace_mut().text_id(message));
        self.event_of(subject, warning, reason, message, source)
    }

    /// Records a Kubernetes Event whose message is made when it is asked for.
    pub fn event_of(&mut self, subject: Subject, warning: bool, reason: &str, message: Message, source: &str) -> RecordId {
        let reason = self.cluster.text.intern(reason);
        let source = self.cluster.text.intern(source);
        let class = self.trace_mut().class_id(EventClass { warning, reason, source });
        let now = self.now();
        // One pod never says so much: 150,000 of them need no memory here.
        let merged = !matches!(subject, Subject::Pod(_)) && self.similar_events.merges((subject, class), message, now);
        self.record(subject, Change::Event { class, merged, message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Cluster;
    use crate::cluster::ids::DeploymentId;

    #[test]
    fn the_tenth_similar_event_is_merged() {
        let mut api = Api::new(Cluster::default(), Time::ZERO);
        let subject = Subject::Deployment(DeploymentId(0));
        for i in 0..12 {
            api.event(subject, false, "ScalingReplicaSet", &format!("from {i}"), "deployment-controller");
        }
        api.advance_to(Time::at(11 * MINUTE));
        api.event(subject, false, "ScalingReplicaSet", "much later", "deployment-controller");
        let told = api.trace().records().iter().filter_map(|record| api.trace().event(api.cluster(), record));
        let merged: Vec<usize> = told
            .enumerate()
            .filter(|(_, event)| event.message.starts_with("(combined from similar events): from "))
            .map(|(i, _)| i)
            .collect();
        assert_eq!(merged, [9, 10, 11]);
    }
}
