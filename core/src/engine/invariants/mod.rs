//! What must hold whatever happens: checked after every event where a run is asked to. A violation is a fault of this simulator, never of
//! the manifests.
//!
//! Owns the checks and what they found. Never changes the cluster, and never ends a run.

mod events;
mod sums;

use std::collections::BTreeSet;

use super::scheduling::Scheduling;
use crate::apiserver::Api;
use crate::cluster::ids::{NodeId, PodId};
use crate::trace::RecordId;
use crate::units::time::Time;

/// The most violations kept: one fault shows again and again.
const MOST_KEPT: usize = 100;

/// Something that must never be and was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When.
    pub time: Time,
    /// The record after which it was seen; none for what is seen between records.
    pub record: Option<RecordId>,
    /// What must hold.
    pub rule: Rule,
    /// What was found instead.
    pub found: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "at {}: {}: {}", self.time, self.rule.text(), self.found)
    }
}

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Time never goes back, and causes come before what follows from them.
    TimeAndCauses,
    /// A pod is bound once, to one node, and listed there while it exists.
    OnePlace,
    /// What ended stays ended, and what is gone does nothing.
    EndsOnce,
    /// The scheduler binds no pod to a node that has too little for it. Only `spec.nodeName` goes past it.
    NotOverCommitted,
    /// An owner lists exactly its existing pods, once each, and its status counts make sense.
    OwnerCounts,
    /// One pod for each ordinal of a StatefulSet, and one active pod for each index of a Job.
    OneOfEach,
    /// A budget allows what is left over of its healthy pods, never less than nothing.
    BudgetArithmetic,
    /// What the scheduler counts on a node is the sum of the node's pods.
    Conservation,
}

impl Rule {
    /// The rule as a sentence.
    pub const fn text(self) -> &'static str {
        match self {
            Rule::TimeAndCauses => "time never goes back, and causes come first",
            Rule::OnePlace => "a pod is bound once and listed on its node alone",
            Rule::EndsOnce => "what ended stays ended",
            Rule::NotOverCommitted => "no pod is bound where there is too little for it",
            Rule::OwnerCounts => "an owner counts exactly its own pods",
            Rule::OneOfEach => "one pod for each ordinal and index",
            Rule::BudgetArithmetic => "a budget allows what is left over",
            Rule::Conservation => "a node's requested amounts are the sum of its pods",
        }
    }
}

/// The checks of one run, and what they found.
#[derive(Clone, Debug, Default)]
pub struct Invariants {
    /// Records looked at.
    seen: usize,
    /// Time of the record looked at last.
    last: Option<Time>,
    /// Nodes and pods touched since the last rest.
    nodes: BTreeSet<NodeId>,
    pods: BTreeSet<PodId>,
    found: Vec<Violation>,
}

impl Invariants {
    /// What was violated, in order; the first [hundred](MOST_KEPT).
    pub fn violations(&self) -> &[Violation] {
        &self.found
    }

    /// A trace of its own begins: a what-if.
    pub(super) fn begin(&mut self) {
        self.seen = 0;
    }

    /// Looks at the records written since the last look.
    pub(super) fn look(&mut self, api: &Api) {
        let trace = api.trace();
        while self.seen < trace.len() {
            let id = RecordId(self.seen as u32);
            self.seen += 1;
            let Some(record) = trace.record(id) else { continue };
            self.after(api, id, record);
            self.last = Some(record.time);
        }
    }

    /// Looks at the sums once nothing is left to do in a moment: of what was touched, and of everything in a cluster of up to
    /// so many pods that it is quick.
    pub(super) fn rest(&mut self, api: &Api, scheduling: &Scheduling) {
        if let Some(last) = self.last.filter(|&last| api.now() < last) {
            self.tell(api, None, Rule::TimeAndCauses, format!("the clock stands at {}, before {last}", api.now()));
        }
        self.check_sums(api, scheduling);
        self.nodes.clear();
        self.pods.clear();
    }

    fn tell(&mut self, api: &Api, record: Option<RecordId>, rule: Rule, found: String) {
        if self.found.len() < MOST_KEPT {
            self.found.push(Violation { time: api.now(), record, rule, found });
        }
    }
}
