//! The API server's part: the cluster, and the one way to write to it. Every write is recorded with its cause and announced.

use std::collections::VecDeque;

use super::admission::LastFound;
use super::deletion::Uncollected;
use super::events::SimilarEvents;
use super::known::Known;
use super::notice::{Notice, Watched};
use super::pods::Look;
use crate::cluster::Cluster;
use crate::trace::{Change, RecordId, Subject, Trace};
use crate::units::rng::Orders;
use crate::units::time::Time;

/// The cluster with its writer. Controllers, kubelets and the scheduler's outcome all go through here.
#[derive(Clone, Debug)]
pub struct Api {
    pub(super) cluster: Cluster,
    trace: Trace,
    now: Time,
    causes: Vec<RecordId>,
    cause: Option<RecordId>,
    notices: VecDeque<Notice>,
    known: Known,
    pub(super) similar_events: SimilarEvents,
    /// How many pods were refused under a generated name.
    pub(super) refused: u32,
    orders: Orders,
    pub(super) last_found: LastFound,
    pub(super) look: Option<Look>,
    pub(super) uncollected: Uncollected,
}

impl Api {
    /// An API server over `cluster`, at virtual time `now`, with an empty trace.
    pub fn new(mut cluster: Cluster, now: Time) -> Api {
        let known = Known::new(&mut cluster.text);
        Api {
            cluster,
            trace: Trace::default(),
            now,
            causes: Vec::new(),
            cause: None,
            notices: VecDeque::new(),
            known,
            similar_events: SimilarEvents::default(),
            refused: 0,
            orders: Orders::default(),
            last_found: LastFound::new(),
            look: None,
            uncollected: Uncollected::default(),
        }
    }

    /// Who decides what is left open, for all that act on the cluster.
    pub fn orders(&self) -> Orders {
        self.orders
    }

    /// Has a seed decide what is left open.
    pub fn set_orders(&mut self, orders: Orders) {
        self.orders = orders;
    }

    /// The cluster, to read.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The cluster, to add text, templates and objects that no controller watches yet; what is watched is written by the
    /// other methods, so that it is recorded and announced.
    pub fn cluster_mut(&mut self) -> &mut Cluster {
        &mut self.cluster
    }

    /// What happened so far.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The trace, to keep texts.
    pub fn trace_mut(&mut self) -> &mut Trace {
        &mut self.trace
    }

    /// Takes the trace out and begins a new one: what comes now is told from here.
    pub fn take_trace(&mut self) -> Trace {
        self.causes.clear();
        self.cause = None;
        self.similar_events = SimilarEvents::default();
        self.notices.iter_mut().for_each(|notice| notice.record = None);
        let mut trace = std::mem::take(&mut self.trace);
        trace.give_back();
        trace
    }

    /// Virtual time now.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Moves virtual time on. Time never goes back.
    pub fn advance_to(&mut self, time: Time) {
        self.now = self.now.max(time);
    }

    /// Well-known names.
    pub fn known(&self) -> Known {
        self.known
    }

    /// States what the next writes follow from. With several causes the first counts until [`Api::use_cause`] picks another.
    pub fn set_causes(&mut self, causes: &[RecordId]) {
        self.causes.clear();
        self.causes.extend_from_slice(causes);
        self.cause = causes.first().copied();
    }

    /// The causes stated last.
    pub fn causes(&self) -> &[RecordId] {
        &self.causes
    }

    /// Picks the n-th of the stated causes for the next writes (the last if there are fewer): so that each of ten
    /// replacements points at the loss it replaces.
    pub fn use_cause(&mut self, n: usize) {
        self.cause = self.causes.get(n).or(self.causes.last()).copied();
    }

    /// Makes a record the cause of the next writes.
    pub fn set_cause(&mut self, cause: Option<RecordId>) {
        self.cause = cause;
    }

    /// The cause of the next writes.
    pub fn cause(&self) -> Option<RecordId> {
        self.cause
    }

    /// Records a change that nobody watches.
    pub fn record(&mut self, subject: Subject, change: Change) -> RecordId {
        self.trace.push(self.now, self.cause, subject, change)
    }

    /// Records a change and announces it.
    pub fn announce(&mut self, subject: Subject, change: Change, watched: Watched) -> RecordId {
        let record = self.record(subject, change);
        self.notices.push_back(Notice { watched, record: Some(record) });
        record
    }

    /// Announces a change that has no record of its own (a status write): what follows from it has the present cause.
    pub fn notify(&mut self, watched: Watched) {
        self.notices.push_back(Notice { watched, record: self.cause });
    }

    /// The next announcement, in order.
    pub fn next_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }
}
