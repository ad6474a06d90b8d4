//! The HorizontalPodAutoscaler controller (`pkg/controller/podautoscaler`, v1.37): a look at each autoscaler every fifteen seconds.
//!
//! A look that can only find what the looks before it have found is left out: an autoscaler rests when nothing has changed for longer than
//! all its windows, and goes on in its own rhythm as soon as something does.

mod limits;
mod look;
mod metrics;
mod replicas;
pub(in crate::controllers) mod usage;

use std::collections::{BTreeMap, BTreeSet};

use self::look::{Seen, Target, look};
use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, Notice, Watched};
use crate::cluster::Workload;
use crate::cluster::ids::{AutoscalerId, PodId};
use crate::trace::RecordId;
use crate::units::gather::Gather;
use crate::units::time::{Millis, SECOND, Time};

/// The component that its events name.
const SOURCE: &str = "horizontal-pod-autoscaler";

/// The controller's flags (`podautoscaler/config/v1alpha1/defaults.go`), and what the metrics API says of its samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flags {
    /// `--horizontal-pod-autoscaler-sync-period`.
    pub sync_period: Millis,
    /// `--horizontal-pod-autoscaler-downscale-stabilization`.
    pub downscale_stabilization: Millis,
    /// `--horizontal-pod-autoscaler-cpu-initialization-period`.
    pub cpu_initialization: Millis,
    /// `--horizontal-pod-autoscaler-initial-readiness-delay`.
    pub initial_readiness_delay: Millis,
    /// `--horizontal-pod-autoscaler-tolerance`.
    pub tolerance: f64,
    /// The span that a sample of cpu is measured over: that of metrics-server.
    pub metric_window: Millis,
}

impl Default for Flags {
    fn default() -> Flags {
        Flags {
            sync_period: 15 * SECOND,
            downscale_stabilization: 300 * SECOND,
            cpu_initialization: 300 * SECOND,
            initial_readiness_delay: 30 * SECOND,
            tolerance: 0.1,
            metric_window: 15 * SECOND,
        }
    }
}

/// What the controller remembers.
#[derive(Clone, Debug, Default)]
pub struct HorizontalPodAutoscalers {
    flags: Flags,
    memories: BTreeMap<AutoscalerId, Memory>,
    /// Which autoscalers look at a workload, as of their last looks.
    of_workload: BTreeMap<Workload, BTreeSet<AutoscalerId>>,
}

/// What is remembered of one autoscaler.
#[derive(Clone, Debug, Default)]
struct Memory {
    seen: Seen,
    target: Option<Workload>,
    /// When it last looked.
    looked: Time,
    /// Whether a look waits.
    waits: bool,
    /// Since when nothing has changed.
    still_since: Time,
    /// Something has changed since the last look.
    touched: bool,
    /// What its next change of size follows from.
    cause: Option<RecordId>,
    /// Whether that was a change of load: then nothing less replaces it.
    by_load: bool,
}

impl HorizontalPodAutoscalers {
    /// Sets the flags.
    pub fn set_flags(&mut self, flags: Flags) {
        self.flags = Flags { sync_period: flags.sync_period.max(1), ..flags };
    }

    /// The flags.
    pub(super) fn flags(&self) -> Flags {
        self.flags
    }

    /// Takes stock of what exists.
    pub(super) fn start(&mut self, api: &Api, queue: &mut WorkQueue) {
        for (i, scaler) in api.cluster().autoscalers.iter().enumerate() {
            if !scaler.meta.gone {
                let id = AutoscalerId::from_index(i);
                self.list(api, id);
                queue.add(Key::Autoscaler(id), None);
            }
        }
    }

    /// Plans the moments at which loads change as their courses say: the world's doing, not the controller's.
    pub(super) fn follow_courses(&self, api: &Api, queue: &mut WorkQueue) {
        for (&workload, load) in &api.cluster().loads {
            for (at, _) in &load.course {
                queue.add_at(Key::Load(workload), *at, None);
            }
        }
    }

    /// Takes a notice: whatever an autoscaler measures ends its rest.
    pub(super) fn observe(&mut self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        let workload = match notice.watched {
            Watched::Autoscaler(id) if api.cluster().autoscalers[id.index()].meta.gone => return self.forget(id),
            Watched::Autoscaler(id) if self.memories.contains_key(&id) => return self.touch(id, api, notice, queue),
            Watched::Autoscaler(id) => {
                self.list(api, id);
                return queue.add(Key::Autoscaler(id), notice.record);
            }
            _ if self.memories.is_empty() => return,
            Watched::Pod(id, _) => of_pod(api, id),
            Watched::Load(workload) => workload,
            Watched::Deployment(id) => Workload::Deployment(id),
            Watched::ReplicaSet(id) => match api.cluster().replica_sets[id.index()].deployment {
                Some(deployment) => Workload::Deployment(deployment),
                None => Workload::ReplicaSet(id),
            },
            Watched::StatefulSet(id) => Workload::StatefulSet(id),
            Watched::Node(..) => return self.touch_resting(api, notice, queue),
            _ => return,
        };
        match self.of_workload.get(&workload) {
            Some(scalers) => scalers.clone().into_iter().for_each(|id| self.touch(id, api, notice, queue)),
            // What an autoscaler waited for may have come.
            None if !matches!(workload, Workload::Job(_) | Workload::Pod(_) | Workload::DaemonSet(_)) => {
                let lost: Vec<AutoscalerId> = self.memories.iter().filter(|(_, m)| m.target.is_none()).map(|(&id, _)| id).collect();
                lost.into_iter().for_each(|id| self.touch(id, api, notice, queue));
            }
            None => {}
        }
    }

    /// A machine that dies takes its pods' metrics with it, without any object changing.
    fn touch_resting(&mut self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        if let Watched::Node(node, crate::apiserver::NodeChange::Machine) = notice.watched {
            let workloads: BTreeSet<Workload> = api.cluster().node(node).pods.iter().map(|&pod| of_pod(api, pod)).gather();
            let scalers: BTreeSet<AutoscalerId> = workloads.iter().filter_map(|w| self.of_workload.get(w)).flatten().copied().gather();
            scalers.into_iter().for_each(|id| self.touch(id, api, notice, queue));
        }
    }

    fn touch(&mut self, id: AutoscalerId, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        let period = self.flags.sync_period;
        let Some(memory) = self.memories.get_mut(&id) else { return };
        memory.touched = true;
        let by_load = matches!(notice.watched, Watched::Load(_));
        if notice.record.is_some() && (by_load || (memory.cause.is_none() && !memory.by_load)) {
            (memory.cause, memory.by_load) = (notice.record, by_load);
        }
        if memory.waits {
            return;
        }
        // It would have gone on looking, and found what it found last.
        let looks = (api.now() - memory.looked + period - 1) / period;
        let next = memory.looked + looks.max(1) * period;
        if let Some(&(_, wanted)) = memory.seen.history.wanted.last() {
            memory.seen.history.wanted.push((next + -period, wanted));
        }
        memory.waits = true;
        queue.add_at(Key::Autoscaler(id), next, notice.record);
    }

    /// Lists an autoscaler with what it scales.
    fn list(&mut self, api: &Api, id: AutoscalerId) -> Option<Workload> {
        let target = api.cluster().scale_target(&api.cluster().autoscalers[id.index()]);
        if let Some(workload) = target {
            self.of_workload.entry(workload).or_default().insert(id);
        }
        target
    }

    fn forget(&mut self, id: AutoscalerId) {
        self.memories.remove(&id);
        self.of_workload.values_mut().for_each(|scalers| {
            scalers.remove(&id);
        });
    }

    /// Forgets records: a fork begins a trace of its own.
    pub(super) fn forget_causes(&mut self) {
        for memory in self.memories.values_mut() {
            (memory.cause, memory.by_load) = (None, false);
        }
    }

    /// One look, and the next a period later.
    pub(super) fn sync(&mut self, id: AutoscalerId, api: &mut Api, queue: &mut WorkQueue) {
        let scaler = &api.cluster().autoscalers[id.index()];
        if scaler.meta.gone {
            return self.forget(id);
        }
        let rests_after = self.longest_window(api, id) + self.flags.sync_period;
        let now = api.now();
        let mut memory = self.memories.remove(&id).unwrap_or_else(|| Memory { still_since: now, ..Memory::default() });
        let workload = self.list(api, id);
        if memory.target != workload {
            if let Some(before) = memory.target.and_then(|w| self.of_workload.get_mut(&w)) {
                before.remove(&id);
            }
            memory.target = workload;
        }
        let target =
            workload.map(|workload| Target { workload, scalers: self.of_workload.get(&workload).into_iter().flatten().copied().collect() });
        if memory.cause.is_some() {
            api.set_cause(memory.cause);
        }
        let changed = look(api, id, target.as_ref(), &mut memory.seen, &self.flags);
        memory.seen.history.forget(now, rests_after);
        if changed || memory.touched {
            memory.still_since = now;
        }
        memory.touched = false;
        memory.looked = now;
        memory.waits = now - memory.still_since < rests_after;
        if memory.waits {
            queue.add_at(Key::Autoscaler(id), now + self.flags.sync_period, None);
        } else {
            (memory.cause, memory.by_load) = (None, false);
        }
        self.memories.insert(id, memory);
    }

    /// How far back anything reaches that a look depends on.
    fn longest_window(&self, api: &Api, id: AutoscalerId) -> Millis {
        let flags = &self.flags;
        let usual = flags.downscale_stabilization.max(flags.cpu_initialization + flags.metric_window).max(flags.initial_readiness_delay);
        let behavior = api.cluster().autoscalers[id.index()].behavior.iter();
        let rules = behavior.flat_map(|b| [&b.up, &b.down]);
        rules.flat_map(|r| r.window.into_iter().chain(r.policies.iter().map(|p| p.period))).fold(usual, Millis::max)
    }
}

/// The workload that an autoscaler of a pod's would look at.
fn of_pod(api: &Api, id: PodId) -> Workload {
    api.cluster().workload_of(id)
}
