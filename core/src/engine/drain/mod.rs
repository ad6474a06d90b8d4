//! kubectl's drain as a client of the API in virtual time (`kubectl/pkg/drain/drain.go`, `kubectl/pkg/cmd/drain/drain.go`, v1.37): cordon, list,
//! filter, then one loop per pod. It has no rights that a user has not; a budget that never allows an eviction blocks it for ever.

mod filters;

use std::collections::{BTreeMap, BTreeSet};

use crate::apiserver::Api;
use crate::cluster::ids::{BudgetId, NodeId, PodId};
use crate::trace::{Change, DeleteReason, Evictor, RecordId, Subject};
use crate::units::agenda::Agenda;
use crate::units::time::{Millis, SECOND, Time};

/// The pause after a refused eviction.
const RETRY_AFTER: Millis = 5 * SECOND;
/// The pause between two looks whether an evicted pod is gone.
const POLL_EVERY: Millis = SECOND;

/// The pause of an eviction that lost the race for its budget (`pkg/registry/core/pod/storage/eviction.go` EvictionsRetry, v1.37: 500 ms, and
/// up to a tenth more for each): of several that ask at one moment one writes the budget, the others meet a conflict and try again. That
/// exactly one wins, and that nobody loses twice, is calibrated by recordings.
const CONFLICT_RETRY: Millis = SECOND / 2;

/// The flags of `kubectl drain`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DrainOptions {
    /// `--force`: pods without a controller too.
    pub force: bool,
    /// `--delete-emptydir-data`.
    pub delete_empty_dir_data: bool,
    /// `--ignore-daemonsets`.
    pub ignore_daemon_sets: bool,
    /// `--grace-period` in whole seconds; none for each pod's own.
    pub grace_seconds: Option<i64>,
    /// `--timeout`, in milliseconds; none for none.
    pub timeout: Option<Millis>,
    /// `--disable-eviction`: plain deletions, no budget is asked.
    pub disable_eviction: bool,
}

/// The number of a drain, in order of their start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DrainId(pub u32);

/// How a drain stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DrainStatus {
    /// Pods are being evicted or waited for.
    UnderWay,
    /// All pods are gone, since then.
    Done(Time),
    /// The filters refused it: nothing was evicted. The error.
    Refused(String),
    /// It ended with pods left: when, and the error.
    Failed(Time, String),
}

/// How one pod of a drain stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodProgress {
    /// Its eviction has not been granted: attempts so far, and the last refusal.
    Evicting(u32, Option<String>),
    /// It is being deleted.
    Stopping,
    /// It is gone.
    Gone,
    /// Its loop ended: the error.
    Failed(String),
}

/// A drain.
#[derive(Clone, Debug)]
pub struct Drain {
    /// The node.
    pub node: NodeId,
    /// The flags.
    pub options: DrainOptions,
    /// When it began.
    pub started: Time,
    /// How it stands.
    pub status: DrainStatus,
    /// The pods it has to evict, and how far each is.
    pub pods: Vec<(PodId, PodProgress)>,
}

impl Drain {
    /// Pods whose eviction is refused again and again: the pod, the attempts so far and the last refusal.
    pub fn blocked(&self) -> impl Iterator<Item = (PodId, u32, &str)> {
        self.pods.iter().filter_map(|(pod, progress)| match progress {
            PodProgress::Evicting(attempts, Some(refusal)) => Some((*pod, *attempts, refusal.as_str())),
            _ => None,
        })
    }
}

/// What the API server or the drain itself answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DrainAnswer {
    /// To an eviction: the pod, the HTTP status, message and causes.
    Evict(PodId, u16, String, Vec<String>),
    /// The drain is done.
    Done,
    /// The drain ended with this error.
    Failed(String),
    /// The filters refused the drain with this error.
    Refused(String),
}

/// Drains under way and done.
#[derive(Clone, Debug, Default)]
pub struct Drains {
    drains: Vec<Drain>,
    answers: Vec<(Time, DrainId, DrainAnswer)>,
    agenda: Agenda<(DrainId, usize, Option<RecordId>)>,
    /// When each budget was last charged by an eviction.
    charged: BTreeMap<BudgetId, Time>,
    /// Loops whose eviction lost a race: its pause is a little longer or shorter for each, so that they never meet again.
    raced: BTreeSet<(DrainId, usize)>,
}

impl Drains {
    /// Starts a drain: cordons the node, looks at its pods, and begins to evict them unless the filters refuse. What follows has `cause`.
    pub fn start(&mut self, api: &mut Api, node: NodeId, options: DrainOptions, cause: Option<RecordId>) -> DrainId {
        let id = DrainId(self.drains.len() as u32);
        let now = api.now();
        let before = api.cause();
        api.set_cause(cause);
        let cordoned = api.set_unschedulable(node, true);
        let name = api.cluster().text(api.cluster().node(node).name).to_owned();
        let cause = cordoned.or(cause);
        api.set_cause(cause);
        note(api, Subject::Node(node), &format!("node/{name} {}", if cordoned.is_some() { "cordoned" } else { "already cordoned" }));
        let selection = filters::select(api.cluster(), node, options);
        if let Some(warning) = &selection.warning {
            note(api, Subject::Node(node), warning);
        }
        let mut drain = Drain { node, options, started: now, status: DrainStatus::UnderWay, pods: Vec::new() };
        match selection.error {
            Some(error) => {
                note(
                    api,
                    Subject::Node(node),
                    &format!("error: unable to drain node \"{name}\" due to error: {error}, continuing command..."),
                );
                drain.status = DrainStatus::Refused(error.clone());
                self.answers.push((now, id, DrainAnswer::Refused(error)));
            }
            None => {
                drain.pods = selection.pods.into_iter().map(|pod| (pod, PodProgress::Evicting(0, None))).collect();
                // Each pod has a loop of its own that runs beside the others (`evictPods`): which of them asks first is a race.
                let mut loops: Vec<usize> = (0..drain.pods.len()).collect();
                api.orders().shuffle("evictions of a drain", &[u64::from(id.0)], &mut loops);
                for index in loops {
                    self.agenda.add(now, (id, index, cause));
                }
            }
        }
        self.drains.push(drain);
        self.finish_if_over(api, id);
        api.set_cause(before);
        id
    }

    /// How a drain stands.
    pub fn get(&self, id: DrainId) -> Option<&Drain> {
        self.drains.get(id.0 as usize)
    }

    /// All drains, in order of their start.
    pub fn all(&self) -> &[Drain] {
        &self.drains
    }

    /// Everything that was answered, in order.
    pub fn answers(&self) -> &[(Time, DrainId, DrainAnswer)] {
        &self.answers
    }

    /// When the next loop looks again.
    pub fn next_time(&self) -> Option<Time> {
        self.agenda.next_time()
    }

    /// Does the next thing that is due, one pod's; false if nothing is.
    pub fn run_due(&mut self, api: &mut Api) -> bool {
        let Some((_, (id, index, cause))) = self.agenda.take_due(api.now()) else { return false };
        api.set_cause(cause);
        let Some(next) = self.step(api, id, index) else {
            self.finish_if_over(api, id);
            return true;
        };
        self.agenda.add(next, (id, index, cause));
        true
    }

    /// Forgets which records began the drains: a fork begins a trace of its own.
    pub fn forget_causes(&mut self) {
        self.agenda.map_in_place(|(_, _, cause)| *cause = None);
    }

    /// One turn of a pod's loop; gives when the next one is due, none if the loop is over.
    fn step(&mut self, api: &mut Api, id: DrainId, index: usize) -> Option<Time> {
        let now = api.now();
        let drain = self.drains.get_mut(id.0 as usize)?;
        let (options, deadline) = (drain.options, drain.options.timeout.map(|timeout| drain.started + timeout));
        let (pod, progress) = drain.pods.get_mut(index)?;
        let pod = *pod;
        let (namespace, name) = (api.cluster().namespace_name(api.cluster().pod(pod).namespace).to_owned(), api.cluster().pod_name(pod));
        let over_time = deadline.is_some_and(|deadline| deadline <= now);
        let timed_out = || {
            let span = go_duration(options.timeout.unwrap_or(0));
            format!("error when evicting pods/\"{name}\" -n \"{namespace}\": global timeout reached: {span}")
        };
        let next = |pause: Millis| Some(deadline.map_or(now + pause, |deadline| (now + pause).min(deadline.max(now + 1))));
        if let PodProgress::Evicting(attempts, last) = progress {
            if over_time {
                *progress = PodProgress::Failed(timed_out());
                return None;
            }
            let budget = if options.disable_eviction { None } else { api.charged_budget(pod) };
            if let Some(budget) = budget
                && self.charged.get(&budget) == Some(&now)
                && self.raced.insert((id, index))
            {
                return Some(now + CONFLICT_RETRY);
            }
            let attempt = attempts.saturating_add(1);
            let outcome = if options.disable_eviction {
                api.delete_pod(pod, options.grace_seconds, DeleteReason::User);
                Ok(())
            } else {
                api.evict(pod, options.grace_seconds, Evictor::Drain)
            };
            let refusal = match outcome {
                Ok(()) => {
                    *progress = PodProgress::Stopping;
                    if let Some(budget) = budget {
                        self.charged.insert(budget, now);
                    }
                    if !options.disable_eviction {
                        self.answers.push((now, id, DrainAnswer::Evict(pod, 200, String::new(), Vec::new())));
                    }
                    return self.poll(api, id, index, next(POLL_EVERY));
                }
                Err(refusal) if refusal.code == 404 => {
                    *progress = PodProgress::Gone;
                    return None;
                }
                Err(refusal) => refusal,
            };
            let text = refusal.text();
            // Told once, and again when the reason changes: a loop of hours would fill the trace.
            if last.as_ref() != Some(&text) {
                let kept = api.trace_mut().text_id(&text);
                api.record(Subject::Pod(pod), Change::EvictionRefused(refusal.code, kept));
            }
            self.answers.push((now, id, DrainAnswer::Evict(pod, refusal.code, refusal.message.clone(), refusal.causes.clone())));
            if refusal.code == 429 {
                *progress = PodProgress::Evicting(attempt, Some(text));
                return Some(now + RETRY_AFTER);
            }
            let error = format!("error when evicting pods/\"{name}\" -n \"{namespace}\": {}", refusal.message);
            note(api, Subject::Pod(pod), &error);
            *progress = PodProgress::Failed(error);
            return None;
        }
        if *progress == PodProgress::Stopping && over_time && !api.cluster().pod(pod).gone {
            *progress = PodProgress::Failed(timed_out());
            return None;
        }
        self.poll(api, id, index, next(POLL_EVERY))
    }

    /// Looks whether an evicted pod is gone.
    fn poll(&mut self, api: &mut Api, id: DrainId, index: usize, next: Option<Time>) -> Option<Time> {
        let (pod, progress) = self.drains.get_mut(id.0 as usize)?.pods.get_mut(index)?;
        if !api.cluster().pod(*pod).gone {
            return next;
        }
        *progress = PodProgress::Gone;
        None
    }

    /// Ends a drain whose loops have all ended.
    fn finish_if_over(&mut self, api: &mut Api, id: DrainId) {
        let now = api.now();
        let Some(drain) = self.drains.get_mut(id.0 as usize) else { return };
        let waits = |p: &PodProgress| matches!(p, PodProgress::Evicting(..) | PodProgress::Stopping);
        if drain.status != DrainStatus::UnderWay || drain.pods.iter().any(|(_, p)| waits(p)) {
            return;
        }
        let name = api.cluster().text(api.cluster().node(drain.node).name).to_owned();
        let errors: Vec<&str> =
            drain.pods.iter().filter_map(|(_, p)| if let PodProgress::Failed(e) = p { Some(e.as_str()) } else { None }).collect();
        if errors.is_empty() {
            drain.status = DrainStatus::Done(now);
            self.answers.push((now, id, DrainAnswer::Done));
            note(api, Subject::Node(drain.node), &format!("node/{name} drained"));
            return;
        }
        let error = if let [one] = errors[..] { one.to_owned() } else { format!("[{}]", errors.join(", ")) };
        note(
            api,
            Subject::Node(drain.node),
            &format!("error: unable to drain node \"{name}\" due to error: {error}, continuing command..."),
        );
        drain.status = DrainStatus::Failed(now, error.clone());
        self.answers.push((now, id, DrainAnswer::Failed(error)));
    }
}

fn note(api: &mut Api, subject: Subject, text: &str) {
    let text = api.trace_mut().text_id(text);
    api.record(subject, Change::StepNote(text));
}

/// A span as Go prints a `time.Duration`: `30s`, `1m0s`, `1h0m0s`.
fn go_duration(span: Millis) -> String {
    let (seconds, rest) = (span.max(0) / SECOND, span.max(0) % SECOND);
    let fraction = if rest == 0 { String::new() } else { format!(".{rest:03}").trim_end_matches('0').to_owned() };
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}{fraction}s"),
        (0, m, s) => format!("{m}m{s}{fraction}s"),
        (h, m, s) => format!("{h}h{m}m{s}{fraction}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_printed_as_go_does() {
        assert_eq!(["30s", "1m0s", "1h1m1s", "1.5s"], [30_000, 60_000, 3_661_000, 1_500].map(go_duration)[..]);
    }
}
