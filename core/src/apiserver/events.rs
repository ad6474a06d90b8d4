//! Kubernetes Events: many similar ones of one object are merged (`client-go/tools/record/events_cache.go`, v1.37).

use std::collections::BTreeMap;

use super::api::Api;
use crate::trace::{Change, RecordId, Subject};
use crate::units::intern::Sym;
use crate::units::time::{MINUTE, Millis, Time};

/// From this many different messages on (`defaultAggregateMaxEvents`) …
const MOST_SIMILAR: usize = 10;
/// … none further apart than this (`defaultAggregateIntervalInSeconds`), events are merged.
const APART: Millis = 10 * MINUTE;

/// What was last said, by object, reason and source.
#[derive(Clone, Debug, Default)]
pub(super) struct SimilarEvents(BTreeMap<(Subject, Sym, Sym, bool), Similar>);

#[derive(Clone, Debug)]
struct Similar {
    last: Time,
    messages: Vec<Box<str>>,
}

impl SimilarEvents {
    /// Whether the event is merged with others like it (`EventAggregate`).
    fn merges(&mut self, key: (Subject, Sym, Sym, bool), message: &str, now: Time) -> bool {
        let similar = self.0.entry(key).or_insert_with(|| Similar { last: now, messages: Vec::new() });
        if now - similar.last > APART {
            similar.messages.clear();
        }
        similar.last = now;
        if similar.messages.iter().any(|other| **other == *message) {
            return false;
        }
        if similar.messages.len() + 1 >= MOST_SIMILAR {
            return true;
        }
        similar.messages.push(message.into());
        false
    }
}

impl Api {
    /// Records a Kubernetes Event.
    pub fn event(&mut self, subject: Subject, warning: bool, reason: &str, message: &str, source: &str) -> RecordId {
        let reason = self.cluster.text.intern(reason);
        let source = self.cluster.text.intern(source);
        let now = self.now();
        // One pod never says so much: 150,000 of them need no memory here.
        let merged = !matches!(subject, Subject::Pod(_)) && self.similar_events.merges((subject, reason, source, warning), message, now);
        let text = match merged {
            true => self.trace_mut().text_id(&format!("(combined from similar events): {message}")),
            false => self.trace_mut().text_id(message),
        };
        self.record(subject, Change::Event { warning, reason, message: text, source })
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
        let mut told = Vec::new();
        for i in 0..12 {
            api.event(subject, false, "ScalingReplicaSet", &format!("from {i}"), "deployment-controller");
        }
        api.advance_to(Time(11 * MINUTE));
        api.event(subject, false, "ScalingReplicaSet", "much later", "deployment-controller");
        for record in api.trace().records() {
            if let Change::Event { message, .. } = record.change {
                told.push(api.trace().text(message).starts_with("(combined"));
            }
        }
        let merged: Vec<usize> = told.iter().enumerate().filter(|(_, m)| **m).map(|(i, _)| i).collect();
        assert_eq!(merged, [9, 10, 11]);
    }
}
