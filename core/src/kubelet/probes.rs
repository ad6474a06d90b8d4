//! Probes (`pkg/kubelet/prober/{worker,prober_manager}.go`, v1.37): when a container counts as started and as ready, and when a probe has it
//! killed. What a container answers is an assumption; when it is asked, and what follows, is the kubelet's. Nothing ticks here: of each probe
//! only the moments are computed at which its published result changes.

use crate::cluster::behavior::ContainerBehavior;
use crate::cluster::template::{Container, Probe};
use crate::units::time::{Millis, SECOND};

/// What probes make of one run of a container. Times count from its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// When it counts as started; none for never.
    pub(super) started: Option<Millis>,
    /// When it gets ready or stops being so.
    pub(super) ready: Vec<(Millis, bool)>,
    /// When a probe has it killed, and which: `startup` or `liveness`.
    pub(super) killed: Option<(Millis, &'static str)>,
}

/// The times of a probe in milliseconds, bounded so that no sum of them overflows.
#[derive(Clone, Copy)]
struct Times {
    delay: Millis,
    period: Millis,
    timeout: Millis,
    successes: Millis,
    failures: Millis,
}

impl Times {
    fn of(probe: &Probe) -> Times {
        let seconds = |n: i32| Millis::from(n.max(0)) * SECOND;
        Times {
            delay: seconds(probe.initial_delay),
            period: seconds(probe.period.max(1)),
            timeout: seconds(probe.timeout),
            successes: Millis::from(probe.success_threshold.max(1)),
            failures: Millis::from(probe.failure_threshold.max(1)),
        }
    }

    /// The first tick at or after `time`, of ticks that begin at `base`.
    fn tick(&self, base: Millis, time: Millis) -> Millis {
        let since = (time - base).max(0);
        base + (since + self.period - 1) / self.period * self.period
    }

    /// When failures that begin at `from` have reached the threshold, unless an answer is good at `until`.
    fn fails(&self, base: Millis, from: Millis, until: Option<Millis>) -> Option<Millis> {
        let last = self.tick(base, from.max(self.delay)) + (self.failures - 1) * self.period;
        until.is_none_or(|until| last < until).then_some(last + self.timeout)
    }

    /// When good answers that begin at `from` have reached the threshold.
    fn passes(&self, base: Millis, from: Millis) -> Millis {
        self.tick(base, from.max(self.delay)) + (self.successes - 1) * self.period
    }
}

/// What the probes of a container find in a run that goes on for as long as nobody kills it.
pub(super) fn find(container: &Container, behavior: &ContainerBehavior) -> Findings {
    let mut found = Findings::default();
    let responds = behavior.responds;
    found.started = match container.startup_probe.as_ref().map(Times::of) {
        None => Some(0),
        Some(probe) => {
            found.killed = probe.fails(0, 0, responds).map(|at| (at, "startup"));
            responds.filter(|_| found.killed.is_none()).map(|responds| probe.passes(0, responds))
        }
    };
    let Some(started) = found.started else { return found };
    let failing = behavior.fails.filter(|&fails| responds.is_some_and(|responds| fails >= responds));
    if let Some(probe) = container.liveness_probe.as_ref().map(Times::of) {
        let early = probe.fails(0, started, responds);
        let late = failing.and_then(|fails| probe.fails(0, fails.max(started), behavior.recovers));
        found.killed = early.or(late).map(|at| (at, "liveness"));
    }
    match container.readiness_probe.as_ref().map(Times::of) {
        None => found.ready.push((started, true)),
        Some(probe) => {
            // A container that is not ready is asked at once when its status changes: ticks begin when it counts as started.
            let Some(responds) = responds else { return found };
            found.ready.push((probe.passes(started, responds), true));
            if let Some(unready) = failing.and_then(|fails| probe.fails(started, fails, behavior.recovers)) {
                found.ready.push((unready, false));
                found.ready.extend(behavior.recovers.map(|recovers| (probe.passes(started, recovers.max(unready)), true)));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::template::PullPolicy;
    use crate::units::intern::Sym;
    use crate::units::resources::Resources;

    const USUAL: Probe = Probe { initial_delay: 0, period: 10, timeout: 1, success_threshold: 1, failure_threshold: 3 };

    fn container(startup: Option<Probe>, readiness: Option<Probe>, liveness: Option<Probe>) -> Container {
        Container {
            name: Sym::EMPTY,
            image: Sym::EMPTY,
            pull: PullPolicy::IfNotPresent,
            requests: Resources::default(),
            limits: Resources::default(),
            requests_named: (false, false),
            sidecar: false,
            host_ports: Vec::new(),
            startup_probe: startup,
            readiness_probe: readiness,
            liveness_probe: liveness,
            pre_stop: None,
            restarts_all: false,
            bind_mount_options: false,
        }
    }

    fn answers(responds: Option<Millis>, fails: Option<Millis>, recovers: Option<Millis>) -> ContainerBehavior {
        ContainerBehavior { responds, fails, recovers, ..ContainerBehavior::default() }
    }

    #[test]
    fn a_hang_is_killed_after_three_failures_and_a_timeout() {
        let found = find(&container(None, None, Some(USUAL)), &answers(Some(0), Some(1), None));
        assert_eq!(found.killed, Some((31_000, "liveness")));
        assert_eq!(found.ready, [(0, true)], "no readiness probe: ready as soon as it runs");
    }

    #[test]
    fn a_slow_start_is_killed_without_a_startup_probe_and_not_with_one() {
        let slow = answers(Some(60_000), None, None);
        assert_eq!(find(&container(None, Some(USUAL), Some(USUAL)), &slow).killed, Some((21_000, "liveness")));
        let patient = Probe { failure_threshold: 30, ..USUAL };
        let found = find(&container(Some(patient), Some(USUAL), Some(USUAL)), &slow);
        assert_eq!((found.started, found.killed, found.ready), (Some(60_000), None, vec![(60_000, true)]));
    }

    #[test]
    fn readiness_comes_and_goes_with_the_answers() {
        let probe = Probe { initial_delay: 5, period: 5, ..USUAL };
        let found = find(&container(None, Some(probe), None), &answers(Some(7_000), Some(60_000), Some(100_000)));
        assert_eq!(found.ready, [(10_000, true), (71_000, false), (100_000, true)]);
    }

    #[test]
    fn a_startup_probe_gives_up() {
        let found = find(&container(Some(USUAL), None, None), &answers(None, None, None));
        assert_eq!((found.started, found.killed), (None, Some((21_000, "startup"))));
    }
}
