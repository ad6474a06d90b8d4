//! The work queue of the controllers (`client-go/util/workqueue`, v1.37): each key at most once, in order, with the records that asked for
//! it; delayed and rate-limited additions in virtual time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::cluster::Workload;
use crate::cluster::ids::*;
use crate::trace::RecordId;
use crate::units::agenda::Agenda;
use crate::units::rng::Orders;
use crate::units::time::{Millis, Time};

/// What a controller is asked to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// Deployment controller.
    Deployment(DeploymentId),
    /// ReplicaSet controller.
    ReplicaSet(ReplicaSetId),
    /// StatefulSet controller.
    StatefulSet(StatefulSetId),
    /// DaemonSet controller.
    DaemonSet(DaemonSetId),
    /// Job controller.
    Job(JobId),
    /// TTL-after-finished controller.
    JobTtl(JobId),
    /// Disruption controller.
    Budget(BudgetId),
    /// Node IPAM controller: the pod addresses of one node.
    PodRange(NodeId),
    /// Node lifecycle controller: its periodic look at all nodes.
    NodeMonitor,
    /// Node lifecycle controller: the NoSchedule taints of one node.
    NodeTaints(NodeId),
    /// Node lifecycle controller: the queue of nodes that get a NoExecute taint.
    NodeEvictionQueue,
    /// Taint eviction controller: one pod.
    TaintEviction(PodId),
    /// Pod garbage collector: its periodic look.
    PodGc,
    /// Attach/detach controller, with the drivers behind it.
    AttachDetach,
    /// Resource quota controller.
    Quota(QuotaId),
    /// Namespace controller.
    Namespace(NamespaceId),
    /// PersistentVolume controller: one claim.
    Claim(ClaimId),
    /// CronJob controller.
    CronJob(CronJobId),
    /// HorizontalPodAutoscaler controller.
    Autoscaler(AutoscalerId),
    /// Vertical Pod Autoscaler: its look at one of its objects.
    VerticalAutoscaler(VerticalAutoscalerId),
    /// Cluster Autoscaler: its scan.
    ClusterAutoscaler,
    /// Karpenter: machines that join, start and end.
    KarpenterMachines,
    /// Karpenter: the end of a batch of pods that wait.
    KarpenterBatch,
    /// Karpenter: its look for nodes that can go.
    KarpenterDisruption,
    /// A moment at which the load of a workload changes as its course says.
    Load(Workload),
}

impl Key {
    /// Whether kube-controller-manager looks at it; the rest are a program of its own, and the world.
    pub(super) fn is_of_manager(self) -> bool {
        let karpenter = matches!(self, Key::KarpenterMachines | Key::KarpenterBatch | Key::KarpenterDisruption);
        !karpenter && !matches!(self, Key::ClusterAutoscaler | Key::VerticalAutoscaler(_) | Key::Load(_))
    }

    /// Whether several workers look at keys of this sort beside each other (`cmd/kube-controller-manager/app/options`, v1.37).
    fn has_workers(self) -> bool {
        matches!(self, Key::Deployment(_) | Key::ReplicaSet(_) | Key::StatefulSet(_) | Key::Job(_) | Key::Autoscaler(_))
    }
}

/// Retry after the n-th failure in a row: 5 ms doubling, at most 1000 s.
const FIRST_RETRY: Millis = 5;
const LAST_RETRY: Millis = 1_000_000;

/// The most causes remembered for one key: the first ones.
const MAX_CAUSES: usize = 512;

/// A later look that an earlier one may take the place of.
#[derive(Clone, Copy, Debug)]
struct Once {
    key: Key,
    cause: Option<RecordId>,
    number: u64,
    /// It comes late within its moment.
    late: bool,
}

/// Keys waiting to be looked at.
#[derive(Clone, Debug, Default)]
pub struct WorkQueue {
    order: VecDeque<Key>,
    /// Deployments: they add up what ReplicaSets count, so they come when no other key waits.
    sums: VecDeque<Key>,
    /// Keys tried again after a refusal, waited for in whole seconds: the wait began when the refused look ended, so they come after what
    /// a whole second sets off.
    late: VecDeque<Key>,
    /// Autoscalers: they look at what a moment has come to when nothing else is left to do in it.
    looks: VecDeque<Key>,
    causes: BTreeMap<Key, Vec<RecordId>>,
    later: Agenda<(Key, Option<RecordId>)>,
    /// Later looks of which only the earliest of each key counts.
    once: Agenda<Once>,
    /// That earliest one: when it comes, and its number.
    earliest: BTreeMap<Key, (Time, u64)>,
    once_asked: u64,
    /// Keys that are to be tried again after a failure: of several moments only the earliest waits.
    retries: BTreeMap<Key, (Time, Option<RecordId>)>,
    /// The same by time.
    retry_times: BTreeSet<(Time, Key)>,
    /// What only the calendar asks for: it comes again and again for ever, so nobody waits for it to be over.
    calendar: Agenda<(Key, Option<RecordId>)>,
    failures: BTreeMap<Key, u32>,
    orders: Orders,
    /// How many keys were taken so far.
    taken: u64,
    /// Keys whose worker waits for the API server.
    held: BTreeMap<Key, Held>,
    /// How many creations of the key that was taken last are due.
    granted: usize,
}

/// A worker that waits for answers.
#[derive(Clone, Debug)]
struct Held {
    until: Time,
    /// How many creations are answered then.
    creations: usize,
    /// What asked for the key meanwhile, and before.
    causes: Vec<RecordId>,
    over: bool,
}

/// How many keys of one controller are looked at beside each other: `--concurrent-replicaset-syncs` and its like.
const WORKERS: usize = 5;

impl WorkQueue {
    /// Asks for `key` now. While it waits, further requests only add their cause.
    pub fn add(&mut self, key: Key, cause: Option<RecordId>) {
        self.put(key, cause, false);
    }

    fn put(&mut self, key: Key, cause: Option<RecordId>, late: bool) {
        if let Some(held) = self.held.get_mut(&key).filter(|held| !held.over) {
            held.causes.extend(cause.filter(|_| held.causes.len() < MAX_CAUSES));
            return;
        }
        let causes = self.causes.entry(key).or_insert_with(|| {
            let order = match key {
                _ if late => &mut self.late,
                Key::Deployment(_) => &mut self.sums,
                Key::Autoscaler(_)
                | Key::VerticalAutoscaler(_)
                | Key::ClusterAutoscaler
                | Key::KarpenterBatch
                | Key::KarpenterDisruption => &mut self.looks,
                _ => &mut self.order,
            };
            order.push_back(key);
            Vec::new()
        });
        if let Some(cause) = cause
            && causes.len() < MAX_CAUSES
            && causes.last() != Some(&cause)
        {
            causes.push(cause);
        }
    }

    /// Asks for `key` at `time`.
    pub fn add_at(&mut self, key: Key, time: Time, cause: Option<RecordId>) {
        self.later.add(time, (key, cause));
    }

    /// Asks for `key` at `time`: of all the moments asked for so only the earliest waits (`client-go/util/workqueue/delaying_queue.go`,
    /// v1.37).
    pub fn add_once_at(&mut self, key: Key, time: Time, cause: Option<RecordId>) {
        self.put_once(key, time, cause, false);
    }

    /// As [`WorkQueue::add_once_at`], after a refusal: once everything else of that moment is looked at.
    pub fn add_once_late_at(&mut self, key: Key, time: Time, cause: Option<RecordId>) {
        self.put_once(key, time, cause, true);
    }

    fn put_once(&mut self, key: Key, time: Time, cause: Option<RecordId>, late: bool) {
        if self.earliest.get(&key).is_some_and(|(waiting, _)| *waiting <= time) {
            return;
        }
        self.once_asked += 1;
        self.earliest.insert(key, (time, self.once_asked));
        self.once.add(time, Once { key, cause, number: self.once_asked, late });
    }

    /// Asks for `key` at `time` because a calendar says so: such moments alone keep no run from being at rest.
    pub fn add_by_calendar(&mut self, key: Key, time: Time) {
        self.calendar.add(time, (key, None));
    }

    /// Asks for `key` again after a failure: 5 ms doubling to 1000 s.
    pub fn add_rate_limited(&mut self, key: Key, now: Time, cause: Option<RecordId>) {
        let failures = self.failures.entry(key).or_insert(0);
        let delay = if *failures >= 18 { LAST_RETRY } else { (FIRST_RETRY << *failures).min(LAST_RETRY) };
        *failures += 1;
        let time = now + delay;
        match self.retries.get(&key) {
            Some(&(waiting, _)) if waiting <= time => {}
            later => {
                if let Some(&(later, _)) = later {
                    self.retry_times.remove(&(later, key));
                }
                self.retries.insert(key, (time, cause));
                self.retry_times.insert((time, key));
            }
        }
    }

    /// Forgets the failures of `key`: its look went well.
    pub fn forget(&mut self, key: Key) {
        self.failures.remove(&key);
    }

    /// How often `key` failed in a row.
    pub fn failures(&self, key: Key) -> u32 {
        self.failures.get(&key).copied().unwrap_or(0)
    }

    /// Moves what is due at `now` into the queue.
    pub fn release(&mut self, now: Time) {
        while let Some((_, (key, cause))) = self.later.take_due(now) {
            self.add(key, cause);
        }
        while let Some((_, Once { key, cause, number, late })) = self.once.take_due(now) {
            if self.earliest.get(&key).is_some_and(|(_, earliest)| *earliest == number) {
                self.earliest.remove(&key);
                self.put(key, cause, late);
            }
        }
        while let Some(&(time, key)) = self.retry_times.first().filter(|(time, _)| *time <= now) {
            self.retry_times.remove(&(time, key));
            let cause = self.retries.remove(&key).and_then(|(_, cause)| cause);
            self.add(key, cause);
        }
        while let Some((_, (key, cause))) = self.calendar.take_due(now) {
            self.add(key, cause);
        }
        let over: Vec<Key> = self.held.iter().filter(|(_, held)| !held.over && held.until <= now).map(|(key, _)| *key).collect();
        for key in over {
            let causes = self.held.get_mut(&key).map(|held| {
                held.over = true;
                std::mem::take(&mut held.causes)
            });
            self.add(key, None);
            causes.into_iter().flatten().for_each(|cause| self.add(key, Some(cause)));
        }
    }

    /// How many creations of the key that was taken last are answered: what its worker waited for.
    pub fn granted(&self) -> usize {
        self.granted
    }

    /// The worker of `key`, which asked for creations, waits for the API server until then: nobody looks at it meanwhile, and what asks for
    /// it is kept (`workqueue`'s `processing`). So many creations are answered then, and `failures` in a row are not forgotten.
    pub fn hold(&mut self, key: Key, until: Time, creations: usize, causes: &[RecordId], failures: u32) {
        if failures > 0 {
            self.failures.insert(key, failures);
        }
        let mut causes = causes.to_vec();
        if let Some(asked) = self.causes.remove(&key) {
            [&mut self.order, &mut self.late].into_iter().for_each(|keys| keys.retain(|waiting| *waiting != key));
            causes.extend(asked);
        }
        self.held.insert(key, Held { until, creations, causes, over: false });
    }

    /// Whether this key waits to be looked at now.
    pub fn is_asked(&self, key: Key) -> bool {
        self.causes.contains_key(&key)
    }

    /// Whether a key waits to be looked at now.
    pub fn is_waiting(&self) -> bool {
        !self.order.is_empty() || !self.sums.is_empty() || !self.late.is_empty()
    }

    /// Whether a set of pods waits to be counted.
    pub fn counts_pods(&self) -> bool {
        self.order.iter().any(|key| matches!(key, Key::ReplicaSet(_) | Key::StatefulSet(_) | Key::DaemonSet(_)))
    }

    /// Has a seed decide which of the keys that workers look at beside each other is done first.
    pub fn set_orders(&mut self, orders: Orders) {
        self.orders = orders;
    }

    /// The next key with the records that asked for it, in order. Workers of one controller race: any of the first few keys for it may be the
    /// next one that is done.
    pub fn take(&mut self) -> Option<(Key, Vec<RecordId>)> {
        let orders = self.orders;
        let order = [&mut self.order, &mut self.sums, &mut self.late].into_iter().find(|keys| !keys.is_empty())?;
        let first = *order.front()?;
        self.taken += 1;
        let mut place = 0;
        if !orders.are_given() && first.has_workers() {
            let kind = std::mem::discriminant(&first);
            let of_kind = order.iter().enumerate().filter(|(_, key)| std::mem::discriminant(*key) == kind);
            let racing: Vec<usize> = of_kind.map(|(place, _)| place).take(WORKERS).collect();
            let pick = orders.below("keys of one controller", &[self.taken], racing.len() as u64);
            place = racing.get(pick as usize).copied().unwrap_or(0);
        }
        let key = order.remove(place)?;
        self.granted = self.held.remove(&key).map_or(0, |held| held.creations);
        Some((key, self.causes.remove(&key).unwrap_or_default()))
    }

    /// The next key that looks at what the moment has come to: for when nothing else is left to do in it.
    pub fn take_look(&mut self) -> Option<(Key, Vec<RecordId>)> {
        let key = self.looks.pop_front()?;
        self.granted = 0;
        Some((key, self.causes.remove(&key).unwrap_or_default()))
    }

    /// When the next delayed key is due, by the calendar or otherwise.
    pub fn next_time(&self) -> Option<Time> {
        [self.next_consequence(), self.calendar.next_time()].into_iter().flatten().min()
    }

    /// When the next delayed key is due that is not asked for by the calendar alone.
    pub fn next_consequence(&self) -> Option<Time> {
        let held = self.held.values().filter(|held| !held.over).map(|held| held.until).min();
        [self.later.next_time(), self.once.next_time(), self.retry_times.first().map(|r| r.0), held].into_iter().flatten().min()
    }

    /// Forgets all that waits, now and later, for those that are gone.
    pub(super) fn forget_all(&mut self, gone: impl Fn(Key) -> bool) {
        [&mut self.order, &mut self.sums, &mut self.late, &mut self.looks].into_iter().for_each(|keys| keys.retain(|&key| !gone(key)));
        self.causes.retain(|&key, _| !gone(key));
        self.later.retain(|(key, _)| !gone(*key));
        self.once.retain(|once| !gone(once.key));
        self.earliest.retain(|&key, _| !gone(key));
        self.retries.retain(|&key, _| !gone(key));
        self.retry_times.retain(|&(_, key)| !gone(key));
        self.calendar.retain(|(key, _)| !gone(*key));
        self.failures.retain(|&key, _| !gone(key));
        self.held.retain(|&key, _| !gone(key));
    }

    /// Whatever of these waits without a record that asked for it, waits because of this one.
    pub(super) fn blame(&mut self, record: Option<RecordId>, of: impl Fn(Key) -> bool) {
        let Some(record) = record else { return };
        let waiting = self.causes.iter_mut().filter(|(key, causes)| causes.is_empty() && of(**key));
        waiting.for_each(|(_, causes)| causes.push(record));
        self.later.map_in_place(|(key, cause)| *cause = cause.or(Some(record).filter(|_| of(*key))));
        self.once.map_in_place(|once| once.cause = once.cause.or(Some(record).filter(|_| of(once.key))));
    }

    /// Forgets which records asked: a fork begins a trace of its own.
    pub fn forget_causes(&mut self) {
        self.later.map_in_place(|(_, cause)| *cause = None);
        self.once.map_in_place(|once| once.cause = None);
        self.retries.values_mut().for_each(|retry| retry.1 = None);
        self.causes.values_mut().for_each(Vec::clear);
        self.held.values_mut().for_each(|held| held.causes.clear());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_waits_once_with_all_its_causes() {
        let mut queue = WorkQueue::default();
        let key = Key::PodGc;
        queue.add(key, Some(RecordId(3)));
        queue.add(Key::NodeMonitor, None);
        queue.add(key, Some(RecordId(5)));
        assert_eq!(queue.take(), Some((key, vec![RecordId(3), RecordId(5)])));
        assert_eq!(queue.take(), Some((Key::NodeMonitor, vec![])));
        assert_eq!(queue.take(), None);
    }

    #[test]
    fn what_was_refused_comes_after_what_its_moment_sets_off() {
        let mut queue = WorkQueue::default();
        let (retried, freed) = (Key::Job(JobId::from_index(0)), Key::Quota(QuotaId::from_index(0)));
        queue.add_once_late_at(retried, Time::at(4_000), None);
        assert_eq!(queue.next_consequence(), Some(Time::at(4_000)));
        queue.release(Time::at(4_000));
        queue.add(freed, None);
        assert_eq!([queue.take(), queue.take()].map(|taken| taken.map(|(key, _)| key)), [Some(freed), Some(retried)]);
    }

    #[test]
    fn of_several_later_looks_the_earliest_counts() {
        let mut queue = WorkQueue::default();
        let key = Key::PodGc;
        for moment in [30, 10, 20] {
            queue.add_once_at(key, Time::at(moment), None);
        }
        queue.release(Time::at(10));
        assert_eq!(queue.take().map(|(key, _)| key), Some(key));
        queue.release(Time::at(40));
        assert_eq!(queue.take(), None, "the others are void");
        queue.add_once_at(key, Time::at(50), None);
        queue.release(Time::at(50));
        assert_eq!(queue.take().map(|(key, _)| key), Some(key));
    }

    #[test]
    fn a_held_key_waits_for_its_answers_and_keeps_what_asked_for_it() {
        let mut queue = WorkQueue::default();
        let (key, now) = (Key::PodGc, Time::ZERO);
        queue.add_rate_limited(key, now, None);
        queue.release(now + 5);
        assert!(queue.take().is_some());
        queue.hold(key, now + 100, 2, &[RecordId(1)], queue.failures(key));
        queue.add(key, Some(RecordId(2)));
        queue.release(now + 99);
        assert_eq!((queue.take(), queue.next_time()), (None, Some(now + 100)));
        queue.release(now + 100);
        assert_eq!(queue.take(), Some((key, vec![RecordId(1), RecordId(2)])));
        assert_eq!((queue.granted(), queue.failures(key), queue.next_time()), (2, 1, None));
        queue.add(key, None);
        assert!(queue.take().is_some());
        assert_eq!(queue.granted(), 0);
    }

    #[test]
    fn failures_back_off_and_are_forgotten() {
        let mut queue = WorkQueue::default();
        let mut now = Time::ZERO;
        for wait in [5, 10, 20] {
            queue.add_rate_limited(Key::PodGc, now, None);
            assert_eq!(queue.next_time(), Some(now + wait));
            now += wait;
            queue.release(now);
            assert_eq!(queue.take().map(|(key, _)| key), Some(Key::PodGc));
        }
        // Of two moments asked for the earlier one stays.
        queue.add_rate_limited(Key::PodGc, now, None);
        queue.add_rate_limited(Key::PodGc, now, None);
        assert_eq!(queue.next_time(), Some(now + 40));
        queue.forget(Key::PodGc);
        assert_eq!(queue.failures(Key::PodGc), 0);
    }
}
