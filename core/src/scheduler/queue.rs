//! The scheduling queue: pods that are ready, pods that back off, pods that wait for something to change
//! (`pkg/scheduler/backend/queue/{scheduling_queue,active_queue,backoff_queue}.go`, v1.37), in virtual time.
//!
//! Knows nothing of plugins but their names; whether an event concerns a waiting pod is `hints`'.

use std::collections::{BTreeMap, BTreeSet};

use super::heap::PodHeap;
use super::plugins::priority_sort;
use crate::cluster::ids::{PodId, TemplateId};
use crate::units::time::{Millis, SECOND, Time};

/// How often pods that wait too long are looked for.
const UNSCHEDULABLE_FLUSH_PERIOD: Millis = 30 * SECOND;

/// How long pods back off, and after what time they are tried again without cause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueueTimes {
    /// After the first failure.
    pub initial_backoff: Millis,
    /// At most.
    pub max_backoff: Millis,
    /// Without cause.
    pub max_in_unschedulable: Millis,
}

/// What the queue knows of a pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queued {
    /// `spec.priority`.
    pub priority: i32,
    /// When it entered the queue, or came back after a failure.
    pub since: Time,
    /// How often it was tried.
    pub attempts: u32,
    /// Failures for reasons that a plugin gave.
    pub unschedulable_count: u32,
    /// Failures without, in a row.
    pub error_count: u32,
    /// The plugins that refused it: a set of `Plugin::bit`s.
    pub rejectors: u32,
    /// When it was last moved because it waited too long.
    pub last_flush: Option<Time>,
    /// Its template: pods of one template wait for the same events.
    template: Option<TemplateId>,
    alone: bool,
    place: Place,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Nowhere,
    Active,
    Backoff,
    Error,
    Pool,
    Gated,
}

/// Pods in the pool that wait for the same events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolGroup {
    /// The plugins that refused them.
    pub rejectors: u32,
    /// Their template.
    pub template: TemplateId,
    /// Set for a pod that differs from its template's others.
    pub alone: Option<PodId>,
}

type ActiveKey = (i32, Time);
type BackoffKey = (Time, i32, Time);

/// The queue.
#[derive(Clone, Debug)]
pub struct SchedulingQueue {
    times: QueueTimes,
    pods: BTreeMap<PodId, Queued>,
    active: PodHeap<ActiveKey>,
    backoff: PodHeap<BackoffKey>,
    errors: PodHeap<Time>,
    pool: BTreeMap<PoolGroup, BTreeSet<PodId>>,
    // Pods of the pool by when they came, or were last flushed.
    pool_since: BTreeSet<(Time, PodId)>,
    // Settling runs in negative time: before the first flush stands the earliest time there is.
    last_pool_flush: Time,
}

fn active_before(a: &ActiveKey, b: &ActiveKey) -> bool {
    priority_sort::before(a.0, a.1, b.0, b.1)
}

fn backoff_before(a: &BackoffKey, b: &BackoffKey) -> bool {
    a.0 < b.0 || (a.0 == b.0 && priority_sort::before(a.1, a.2, b.1, b.2))
}

fn earlier(a: &Time, b: &Time) -> bool {
    a < b
}

/// What makes a pod wait for the same events as others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its template.
    pub template: TemplateId,
    /// It has labels or a node of its own.
    pub alone: bool,
}

impl SchedulingQueue {
    /// An empty queue.
    pub fn new(times: QueueTimes) -> SchedulingQueue {
        SchedulingQueue {
            times,
            pods: BTreeMap::new(),
            active: PodHeap::new(active_before),
            backoff: PodHeap::new(backoff_before),
            errors: PodHeap::new(earlier),
            pool: BTreeMap::new(),
            pool_since: BTreeSet::new(),
            last_pool_flush: Time::EARLIEST,
        }
    }

    /// A pod that waits for a node came. One that is `gated` by a PreEnqueue plugin stays in the pool.
    pub fn add(&mut self, pod: PodId, priority: i32, kind: Kind, gated: bool, now: Time) {
        if self.pods.contains_key(&pod) {
            return;
        }
        let queued = Queued { priority, since: now, template: Some(kind.template), alone: kind.alone, ..Queued::default() };
        self.pods.insert(pod, queued);
        self.enter(pod, if gated { Place::Gated } else { Place::Active });
    }

    /// A gated pod may enter now.
    pub fn ungate(&mut self, pod: PodId, now: Time) {
        if self.place(pod) == Place::Gated {
            self.leave(pod);
            self.queue_after_backoff(pod, now);
        }
    }

    /// A pod is gone, or bound.
    pub fn delete(&mut self, pod: PodId) {
        self.leave(pod);
        self.pods.remove(&pod);
    }

    /// Gives back the room of pods that have left.
    pub fn give_back(&mut self) {
        self.active.give_back();
        self.backoff.give_back();
        self.errors.give_back();
    }

    /// What is known of a pod.
    pub fn get(&self, pod: PodId) -> Option<&Queued> {
        self.pods.get(&pod)
    }

    /// Pods in the queue, wherever.
    pub fn len(&self) -> usize {
        self.pods.len()
    }

    /// Whether no pod is in the queue.
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }

    /// How many pods are ready, back off, and wait (gated ones included).
    pub fn depths(&self) -> (usize, usize, usize) {
        let moving = self.active.len() + self.backoff.len() + self.errors.len();
        (self.active.len(), self.backoff.len() + self.errors.len(), self.pods.len().saturating_sub(moving))
    }

    /// Takes the next pod out. One that still backs off is taken where nothing else is ready.
    pub fn pop(&mut self, now: Time) -> Option<PodId> {
        self.flush_backoff(now);
        self.flush_unschedulable(now);
        let pod = self.active.pop().map(|i| i.0).or_else(|| self.backoff.pop().map(|i| i.0))?;
        let queued = self.pods.get_mut(&pod)?;
        queued.attempts += 1;
        queued.place = Place::Nowhere;
        Some(pod)
    }

    /// A popped pod found no place: back to the pool, or, where no plugin is to blame, to those that back off.
    pub fn add_unschedulable(&mut self, pod: PodId, rejectors: u32, now: Time) {
        let Some(queued) = self.pods.get_mut(&pod).filter(|q| q.place == Place::Nowhere) else { return };
        queued.since = now;
        queued.rejectors = rejectors;
        if rejectors == 0 {
            queued.error_count += 1;
            self.queue_after_backoff(pod, now);
        } else {
            queued.unschedulable_count += 1;
            queued.error_count = 0;
            self.enter(pod, Place::Pool);
        }
    }

    /// Moves the pods of the pool that `wanted` says an event concerns. Gated pods don't move.
    pub fn move_groups(&mut self, now: Time, mut wanted: impl FnMut(&PoolGroup, PodId) -> bool) {
        let groups: Vec<PoolGroup> = self.pool.keys().copied().collect();
        for group in groups {
            let Some(&first) = self.pool.get(&group).and_then(|pods| pods.first()) else { continue };
            if wanted(&group, first) {
                let pods: Vec<PodId> = self.pool.get(&group).into_iter().flatten().copied().collect();
                for pod in pods {
                    self.leave(pod);
                    self.queue_after_backoff(pod, now);
                }
            }
        }
    }

    /// Moves one pod of the pool: something about itself changed.
    pub fn activate(&mut self, pod: PodId, now: Time) {
        if self.place(pod) == Place::Pool {
            self.leave(pod);
            self.queue_after_backoff(pod, now);
        }
    }

    /// The plugins that refused pods of the pool, over all: an event that none of them waits for concerns nobody.
    pub fn rejectors_in_pool(&self) -> u32 {
        // Groups are few: pods of one template, refused by the same plugins, are one.
        self.pool.keys().fold(0, |all, group| all | group.rejectors)
    }

    /// When a pod can be popped next, as far as that is known: at once, when a back-off ends, or when a pod has waited too long.
    pub fn next_wake(&self, now: Time) -> Option<Time> {
        if !self.active.is_empty() || !self.backoff.is_empty() {
            return Some(now);
        }
        let error = self.errors.peek().map(|(_, expiry)| expiry + SECOND);
        let period = UNSCHEDULABLE_FLUSH_PERIOD;
        let due = |since: Time| Time::at(((since + self.times.max_in_unschedulable).millis() + 1).div_ceil_to(period));
        let pool = self.pool_since.first().map(|&(since, _)| due(since));
        [error, pool].into_iter().flatten().min()
    }

    /// Makes pods whose back-off is over ready: once a second.
    fn flush_backoff(&mut self, now: Time) {
        let second = now.floor_to_second();
        while let Some((pod, _)) = self.backoff.peek().filter(|(_, key)| key.0 < second) {
            self.backoff.pop();
            self.enter(pod, Place::Active);
        }
        while let Some((pod, _)) = self.errors.peek().filter(|(_, expiry)| *expiry < second) {
            self.errors.pop();
            self.enter(pod, Place::Active);
        }
    }

    /// Makes pods that have waited too long ready: every half minute.
    fn flush_unschedulable(&mut self, now: Time) {
        let tick = Time::at(now.millis().div_euclid(UNSCHEDULABLE_FLUSH_PERIOD) * UNSCHEDULABLE_FLUSH_PERIOD);
        if tick <= self.last_pool_flush {
            return;
        }
        self.last_pool_flush = tick;
        while let Some(&(since, pod)) = self.pool_since.first() {
            if tick - since <= self.times.max_in_unschedulable {
                break;
            }
            if let Some(queued) = self.pods.get_mut(&pod) {
                queued.last_flush = Some(tick);
            }
            self.leave(pod);
            self.queue_after_backoff(pod, tick);
        }
    }

    fn queue_after_backoff(&mut self, pod: PodId, now: Time) {
        let Some(queued) = self.pods.get(&pod) else { return };
        let backing_off = self.expiry(queued).is_some_and(|expiry| expiry >= now.floor_to_second());
        let place = match (backing_off, queued.error_count > 0 && queued.rejectors == 0) {
            (false, _) => Place::Active,
            (true, false) => Place::Backoff,
            (true, true) => Place::Error,
        };
        self.enter(pod, place);
    }

    /// When a pod's back-off is over, in whole seconds; none if it does not back off.
    fn expiry(&self, queued: &Queued) -> Option<Time> {
        let count = if queued.error_count > 0 { queued.error_count } else { queued.unschedulable_count };
        if count == 0 || self.times.max_backoff == 0 {
            return None;
        }
        let shift = (count - 1).min(62);
        let duration = if self.times.initial_backoff > self.times.max_backoff >> shift {
            self.times.max_backoff
        } else {
            self.times.initial_backoff << shift
        };
        Some((queued.since + duration).floor_to_second())
    }

    fn place(&self, pod: PodId) -> Place {
        self.pods.get(&pod).map_or(Place::Nowhere, |q| q.place)
    }

    fn enter(&mut self, pod: PodId, place: Place) {
        let Some(queued) = self.pods.get(&pod) else { return };
        let expiry = self.expiry(queued).unwrap_or(Time::ZERO);
        match place {
            Place::Nowhere | Place::Gated => {}
            Place::Active => self.active.push(pod, (queued.priority, queued.since)),
            Place::Backoff => self.backoff.push(pod, (expiry, queued.priority, queued.since)),
            Place::Error => self.errors.push(pod, expiry),
            Place::Pool => {
                self.pool_since.insert((pool_moment(queued), pod));
                if let Some(group) = group_of(pod, queued) {
                    self.pool.entry(group).or_default().insert(pod);
                }
            }
        }
        if let Some(queued) = self.pods.get_mut(&pod) {
            queued.place = place;
        }
    }

    fn leave(&mut self, pod: PodId) {
        let Some(queued) = self.pods.get(&pod) else { return };
        match queued.place {
            Place::Nowhere | Place::Gated => {}
            Place::Active => {
                self.active.remove(pod);
            }
            Place::Backoff => {
                self.backoff.remove(pod);
            }
            Place::Error => {
                self.errors.remove(pod);
            }
            Place::Pool => {
                // The moment may have been raised since: both are looked for.
                self.pool_since.remove(&(queued.since, pod));
                self.pool_since.remove(&(pool_moment(queued), pod));
                if let Some(group) = group_of(pod, queued)
                    && let Some(pods) = self.pool.get_mut(&group)
                {
                    pods.remove(&pod);
                    if pods.is_empty() {
                        self.pool.remove(&group);
                    }
                }
            }
        }
        if let Some(queued) = self.pods.get_mut(&pod) {
            queued.place = Place::Nowhere;
        }
    }
}

fn group_of(pod: PodId, queued: &Queued) -> Option<PoolGroup> {
    let template = queued.template?;
    Some(PoolGroup { rejectors: queued.rejectors, template, alone: queued.alone.then_some(pod) })
}

fn pool_moment(queued: &Queued) -> Time {
    queued.last_flush.map_or(queued.since, |flush| flush.max(queued.since))
}

/// Rounds up to a multiple.
trait DivCeilTo {
    fn div_ceil_to(self, step: i64) -> i64;
}

impl DivCeilTo for i64 {
    fn div_ceil_to(self, step: i64) -> i64 {
        self.saturating_add(step - 1).div_euclid(step) * step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: QueueTimes = QueueTimes { initial_backoff: SECOND, max_backoff: 10 * SECOND, max_in_unschedulable: 300 * SECOND };
    const KIND: Kind = Kind { template: TemplateId(0), alone: false };

    fn at(seconds: i64) -> Time {
        Time::at(seconds * SECOND)
    }

    #[test]
    fn priority_then_arrival() {
        let mut queue = SchedulingQueue::new(TIMES);
        queue.add(PodId(0), 0, KIND, false, at(1));
        queue.add(PodId(1), 0, KIND, false, at(0));
        queue.add(PodId(2), 5, KIND, false, at(2));
        let order: Vec<u32> = std::iter::from_fn(|| queue.pop(at(3))).map(|p| p.0).collect();
        assert_eq!(order, [2, 1, 0]);
    }

    #[test]
    fn back_off_doubles_up_to_its_limit() {
        let mut queue = SchedulingQueue::new(TIMES);
        queue.add(PodId(0), 0, KIND, false, at(0));
        let mut spans = Vec::new();
        for failure in 1..=6 {
            let queued = queue.pods.get_mut(&PodId(0)).expect("added");
            queued.unschedulable_count = failure;
            spans.push(queue.expiry(&queue.pods[&PodId(0)]).expect("failed") - at(0));
        }
        assert_eq!(spans, [1000, 2000, 4000, 8000, 10_000, 10_000]);
    }

    #[test]
    fn a_pod_waits_for_its_event_and_backs_off_only_behind_others() {
        let mut queue = SchedulingQueue::new(TIMES);
        queue.add(PodId(0), 0, KIND, false, at(0));
        assert_eq!(queue.pop(at(0)), Some(PodId(0)));
        queue.add_unschedulable(PodId(0), 1, at(0));
        assert_eq!(queue.pop(at(1)), None);
        assert_eq!(queue.next_wake(at(1)), Some(at(330)), "the first half minute after five minutes are over");
        queue.move_groups(at(1), |group, _| group.rejectors == 1);
        queue.add(PodId(1), 0, KIND, false, at(1));
        assert_eq!(queue.pop(at(1)), Some(PodId(1)), "it still backs off");
        assert_eq!(queue.pop(at(1)), Some(PodId(0)), "nobody else is ready");
    }

    #[test]
    fn five_minutes_without_cause() {
        let mut queue = SchedulingQueue::new(TIMES);
        queue.add(PodId(0), 0, KIND, false, at(0));
        queue.pop(at(0));
        queue.add_unschedulable(PodId(0), 1, at(0));
        assert_eq!(queue.pop(at(300)), None);
        assert_eq!(queue.pop(at(330)), Some(PodId(0)));
        queue.delete(PodId(0));
        assert!(queue.is_empty() && queue.next_wake(at(330)).is_none());
    }

    #[test]
    fn errors_wait_for_their_back_off() {
        let mut queue = SchedulingQueue::new(TIMES);
        queue.add(PodId(0), 0, KIND, false, at(0));
        queue.pop(at(0));
        queue.add_unschedulable(PodId(0), 0, at(0));
        assert_eq!(queue.pop(at(1)), None);
        assert_eq!(queue.next_wake(at(1)), Some(at(2)));
        assert_eq!(queue.pop(at(2)), Some(PodId(0)));
    }
}
