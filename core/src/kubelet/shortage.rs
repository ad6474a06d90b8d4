//! Which thresholds of the eviction manager are met, and which of them evict
//! (`pkg/kubelet/eviction/{eviction_manager,helpers}.go`, v1.37). What is measured, and who goes first, is told elsewhere.

use super::admission::CRITICAL_PRIORITY;
use super::life::Stage;
use super::nodes::Agent;
use super::pressure::{CLEANED_UP_AFTER, look_after};
use super::{Kubelets, Timer};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::kubelet_settings::EvictionThresholds;
use crate::cluster::pod::Owner;
use crate::trace::{RecordId, Subject};
use crate::units::time::{Millis, Time};

/// What a node may run short of, each with a watch and a condition of its own. Memory has more to it, and is told elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scarce {
    Disk,
    Processes,
}

impl Scarce {
    /// As the eviction manager calls it.
    const fn name(self) -> &'static str {
        match self {
            Scarce::Disk => "ephemeral-storage",
            Scarce::Processes => "pids",
        }
    }

    pub(super) const fn watch(self, agent: &mut Agent) -> &mut Watch {
        match self {
            Scarce::Disk => &mut agent.disk,
            Scarce::Processes => &mut agent.processes,
        }
    }

    const fn timer(self, node: NodeId) -> Timer {
        match self {
            Scarce::Disk => Timer::LookAtDisk(node),
            Scarce::Processes => Timer::LookAtProcesses(node),
        }
    }

    fn write_condition(self, api: &mut Api, node: NodeId, pressure: bool) -> Option<RecordId> {
        match self {
            Scarce::Disk => api.set_disk_pressure(node, pressure),
            Scarce::Processes => api.set_pid_pressure(node, pressure),
        }
    }
}

/// What is left of something, out of how much.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub(super) available: i64,
    /// 0 where it is not known.
    pub(super) capacity: i64,
    /// Whatever the thresholds are, they are met.
    pub(super) none_left: bool,
}

/// A threshold that evicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Evicts {
    pub(super) threshold: i64,
    /// Pods get no time to end.
    pub(super) hard: bool,
}

/// What a look at one resource found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No threshold is met.
    Enough,
    /// One is, and its grace period is not over.
    Waits,
    /// One evicts.
    Short(Evicts),
}

/// What the eviction manager remembers of one resource of a node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watch {
    /// When it looks next.
    pub(super) look_at: Option<Time>,
    /// When a threshold was last seen met; none if pressure is over.
    pub(super) breached: Option<Time>,
    /// Since when the soft threshold of each signal is met.
    soft_since: [Option<Time>; 2],
    /// Pods are being evicted until as much is free as `evictionMinimumReclaim` wants beyond the threshold.
    reclaiming: bool,
}

impl Watch {
    /// One look, by the thresholds of up to two signals.
    pub(super) fn look(&mut self, signals: &[EvictionThresholds], level: Level, now: Time) -> Found {
        let (mut met, mut evicts) = (false, None);
        for (signal, since) in signals.iter().zip(&mut self.soft_since) {
            let reclaim = signal.least_reclaim.filter(|_| self.reclaiming).map_or(0, |least| least.of(level.capacity));
            let is_met = |threshold: i64| level.none_left || level.available < threshold.saturating_add(reclaim);
            if let Some(threshold) = signal.hard.map(|hard| hard.of(level.capacity)).filter(|&threshold| is_met(threshold)) {
                met = true;
                let known = evicts.filter(|e: &Evicts| e.hard);
                evicts = Some(known.unwrap_or(Evicts { threshold, hard: true }));
            }
            match signal.soft.map(|(soft, grace)| (soft.of(level.capacity), grace)).filter(|&(threshold, _)| is_met(threshold)) {
                Some((threshold, grace)) => {
                    met = true;
                    if *since.get_or_insert(now) + grace <= now && evicts.is_none() {
                        evicts = Some(Evicts { threshold, hard: false });
                    }
                }
                None => *since = None,
            }
        }
        self.reclaiming = evicts.is_some();
        if met {
            self.breached = Some(now);
        }
        match evicts {
            Some(evicts) => Found::Short(evicts),
            None if met => Found::Waits,
            None => Found::Enough,
        }
    }

    /// Whether a threshold is met at this level, with what is to be free beyond it, whatever its grace period.
    pub(super) fn is_met(signals: &[EvictionThresholds], level: Level) -> bool {
        let of = |signal: &EvictionThresholds| {
            let reclaim = signal.least_reclaim.map_or(0, |least| least.of(level.capacity));
            let thresholds = signal.hard.into_iter().chain(signal.soft.map(|(soft, _)| soft));
            thresholds.map(|t| t.of(level.capacity).saturating_add(reclaim)).max()
        };
        signals.iter().filter_map(of).any(|threshold| level.none_left || level.available < threshold)
    }
}

impl Kubelets {
    /// The eviction manager looks then, unless it looks earlier anyway.
    pub(super) fn plan_scarce_look(&mut self, api: &Api, of: Scarce, node: NodeId, at: Time) {
        let (now, cause) = (api.now(), api.cause());
        let watch = of.watch(self.agent(node));
        if watch.look_at.is_none_or(|planned| at < planned || planned < now) {
            watch.look_at = Some(at);
            self.agenda.add(at, (of.timer(node), cause));
        }
    }

    /// Whether the look is due now; if so it is begun.
    pub(super) fn begins_look(&mut self, api: &Api, of: Scarce, node: NodeId) -> bool {
        let due = of.watch(self.agent(node)).look_at == Some(api.now()) && Self::is_alive(api, node);
        if due {
            of.watch(self.agent(node)).look_at = None;
        }
        due
    }

    /// Writes the condition by what a look found, and plans the next one; the threshold, where one evicts.
    pub(super) fn act_on(&mut self, api: &mut Api, of: Scarce, node: NodeId, found: Found) -> Option<Evicts> {
        let now = api.now();
        if found != Found::Enough
            && let Some(record) = of.write_condition(api, node, true)
        {
            api.set_cause(Some(record));
        }
        match found {
            Found::Enough => {
                let over_at = look_after(of.watch(self.agent(node)).breached? + api.cluster().kubelet.transition);
                if now >= over_at {
                    of.watch(self.agent(node)).breached = None;
                    of.write_condition(api, node, false);
                } else {
                    self.plan_scarce_look(api, of, node, over_at);
                }
                None
            }
            Found::Waits => {
                self.plan_scarce_look(api, of, node, look_after(now));
                None
            }
            Found::Short(evicts) => {
                let note = format!("Attempting to reclaim {}", of.name());
                api.event(Subject::Node(node), true, "EvictionThresholdMet", &note, "kubelet");
                Some(evicts)
            }
        }
    }

    /// Evicts the pod that goes first, if there is one, and plans the next look; amounts as they are told.
    pub(super) fn put_out(&mut self, api: &mut Api, of: Scarce, node: NodeId, victim: Option<PodId>, evicts: Evicts, told: [String; 2]) {
        let now = api.now();
        let next = match victim {
            Some(victim) => {
                let (name, [threshold, available]) = (of.name(), told);
                let message = format!("The node was low on resource: {name}. Threshold quantity: {threshold}, available: {available}. ");
                let cause = api.cause();
                let takes = self.evict_for(api, victim, evicts, &message);
                api.set_cause(cause);
                now + takes + CLEANED_UP_AFTER
            }
            None => look_after(now),
        };
        self.plan_scarce_look(api, of, node, next);
    }

    /// The pods of a node that the eviction manager may put out: those with something running that are not critical.
    pub(super) fn evictable(&self, cluster: &Cluster, node: NodeId) -> Vec<PodId> {
        let may_go = |&id: &PodId| {
            let pod = cluster.pod(id);
            let runs = self.lives.get(id.index()).is_some_and(|life| matches!(life.stage, Stage::Running | Stage::Ready | Stage::BackOff));
            runs && !pod.phase.is_terminal() && pod.priority < CRITICAL_PRIORITY && pod.owner != Owner::Node
        };
        cluster.node(node).pods.iter().copied().filter(may_go).collect()
    }

    /// Evicts a pod: at once for a hard threshold, else in its own time within what the kubelet allows. Tells how long that takes.
    pub(super) fn evict_for(&mut self, api: &mut Api, victim: PodId, evicts: Evicts, message: &str) -> Millis {
        let most_grace = if evicts.hard { 0 } else { api.cluster().kubelet.most_grace };
        if most_grace <= 0 {
            self.end_evicted(api, victim, message);
            return 0;
        }
        let template = api.cluster().template_of(victim);
        let takes = template.behavior.stop.clamp(0, template.grace.min(most_grace));
        let (now, cause, told) = (api.now(), api.cause(), api.trace_mut().text_id(message));
        self.agenda.add(now + takes, (Timer::SoftEvicted(victim, told), cause));
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::kubelet_settings::Threshold;
    use crate::units::time::SECOND;

    fn level(available: i64) -> Level {
        Level { available, capacity: 1_000, none_left: false }
    }

    #[test]
    fn a_soft_threshold_waits_and_a_hard_one_does_not() {
        let signals = [EvictionThresholds {
            hard: Some(Threshold::Share(100)),
            soft: Some((Threshold::Amount(200), 30 * SECOND)),
            least_reclaim: Some(Threshold::Amount(50)),
        }];
        let mut watch = Watch::default();
        assert_eq!(watch.look(&signals, level(200), Time::at(0)), Found::Enough);
        assert_eq!(watch.look(&signals, level(150), Time::at(10 * SECOND)), Found::Waits);
        assert_eq!(watch.look(&signals, level(150), Time::at(39 * SECOND)), Found::Waits);
        let soft = Found::Short(Evicts { threshold: 200, hard: false });
        assert_eq!(watch.look(&signals, level(150), Time::at(40 * SECOND)), soft);
        // Until 50 more than the threshold are free.
        assert_eq!(watch.look(&signals, level(249), Time::at(41 * SECOND)), soft);
        assert_eq!(watch.look(&signals, level(250), Time::at(42 * SECOND)), Found::Enough);
        assert_eq!(watch.breached, Some(Time::at(41 * SECOND)));
        assert_eq!(watch.look(&signals, level(99), Time::at(50 * SECOND)), Found::Short(Evicts { threshold: 100, hard: true }));
    }

    #[test]
    fn of_two_signals_the_one_that_is_met_counts() {
        let share = |share| EvictionThresholds { hard: Some(Threshold::Share(share)), ..EvictionThresholds::default() };
        let signals = [share(100), share(150)];
        let mut watch = Watch::default();
        assert_eq!(watch.look(&signals, level(149), Time::at(0)), Found::Short(Evicts { threshold: 150, hard: true }));
        assert_eq!(watch.look(&signals, level(99), Time::at(0)), Found::Short(Evicts { threshold: 100, hard: true }));
        assert_eq!(watch.look(&[EvictionThresholds::default()], level(0), Time::at(0)), Found::Enough);
        assert!(Watch::is_met(&signals, level(149)) && !Watch::is_met(&signals, level(150)));
    }
}
