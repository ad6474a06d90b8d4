//! How far and how fast the size may change: recent recommendations, recent changes, bounds
//! (`pkg/controller/podautoscaler/horizontal.go`, v1.37). Pure: sizes and histories in, a size and two conditions out.
//!
//! Looks are exactly one period apart here. In a cluster the pause is a little longer each time, so what is exactly as old as a window is out of it.

use crate::cluster::autoscalers::{Behavior, ScalingRules, SelectPolicy};
use crate::units::time::{Millis, Time};

/// What an autoscaler's past looks say of the next.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// What was wanted before any limit, by time.
    pub(super) wanted: Vec<(Time, i32)>,
    /// By how much the size grew.
    added: Vec<(Time, i32)>,
    /// By how much it shrank.
    removed: Vec<(Time, i32)>,
}

impl History {
    /// The first look finds the present size as if it had been wanted (`recordInitialRecommendation`).
    pub(super) fn begin(&mut self, now: Time, current: i32) {
        if self.wanted.is_empty() {
            self.wanted.push((now, current));
        }
    }

    /// A change of size.
    pub(super) fn changed(&mut self, now: Time, from: i32, to: i32) {
        if to > from {
            self.added.push((now, to - from));
        } else {
            self.removed.push((now, from - to));
        }
    }

    /// Forgets what no window of this length reaches; the newest recommendation stays.
    pub(super) fn forget(&mut self, now: Time, longest: Millis) {
        let newest = self.wanted.last().copied();
        self.wanted.retain(|(at, _)| now - *at <= longest);
        if self.wanted.is_empty() {
            self.wanted.extend(newest);
        }
        self.added.retain(|(at, _)| now - *at <= longest);
        self.removed.retain(|(at, _)| now - *at <= longest);
    }

    /// `getReplicasChangePerPeriod`.
    fn change_within(changes: &[(Time, i32)], now: Time, period: Millis) -> i32 {
        changes.iter().filter(|(at, _)| now - *at < period).map(|(_, change)| *change).fold(0, i32::saturating_add)
    }
}

/// Sizes that a decision is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Now.
    pub(super) current: i32,
    /// What the metrics ask for.
    pub(super) wanted: i32,
    /// `minReplicas`.
    pub(super) least: i32,
    /// `maxReplicas`.
    pub(super) most: i32,
}

/// A reason and a message of a condition.
pub(super) type Said = (&'static str, &'static str);

/// The size that may be had now, and what the conditions say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limited {
    /// The size.
    pub(super) replicas: i32,
    /// `AbleToScale`, always True.
    pub(super) able: Said,
    /// `ScalingLimited`: whether it is True.
    pub(super) limited: bool,
    /// `ScalingLimited`.
    pub(super) limit: Said,
}

const READY: Said = ("ReadyForNewScale", "recommended size matches current size");
const DOWN_STABILIZED: Said =
    ("ScaleDownStabilized", "recent recommendations were higher than current one, applying the highest recent recommendation");
const UP_STABILIZED: Said =
    ("ScaleUpStabilized", "recent recommendations were lower than current one, applying the lowest recent recommendation");
const WITHIN: Said = ("DesiredWithinRange", "the desired count is within the acceptable range");
const UP_LIMIT: Said = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
const DOWN_LIMIT: Said = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate");
const TOO_MANY: Said = ("TooManyReplicas", "the desired replica count is more than the maximum replica count");
const TOO_FEW: Said = ("TooFewReplicas", "the desired replica count is less than the minimum replica count");

/// Limits the size and remembers what was wanted.
pub(super) fn limit(sizes: Sizes, behavior: Option<&Behavior>, history: &mut History, now: Time, down_window: Millis) -> Limited {
    let (stabilized, able) = match behavior {
        None => {
            let recent = history.wanted.iter().filter(|(at, _)| now - *at < down_window).map(|(_, wanted)| *wanted);
            let stabilized = recent.fold(sizes.wanted, i32::max);
            (stabilized, if stabilized == sizes.wanted { READY } else { DOWN_STABILIZED })
        }
        Some(behavior) => stabilize(sizes, behavior, history, now, down_window),
    };
    history.wanted.push((now, sizes.wanted));
    let asked = Sizes { wanted: stabilized, ..sizes };
    let (replicas, limit) = match behavior {
        None => by_rules(asked),
        Some(behavior) => by_rates(asked, behavior, history, now),
    };
    Limited { replicas, able, limited: replicas != stabilized, limit }
}

/// `stabilizeRecommendationWithBehaviors`.
fn stabilize(sizes: Sizes, behavior: &Behavior, history: &History, now: Time, down_window: Millis) -> (i32, Said) {
    let within = |window: Millis| history.wanted.iter().filter(move |(at, _)| now - *at < window).map(|(_, wanted)| *wanted);
    let lowest = within(behavior.up.window.unwrap_or(0)).fold(sizes.wanted, i32::min);
    let highest = within(behavior.down.window.unwrap_or(down_window)).fold(sizes.wanted, i32::max);
    let stabilized = sizes.current.max(lowest).min(highest);
    let able = match stabilized {
        same if same == sizes.wanted => READY,
        _ if sizes.wanted >= sizes.current => UP_STABILIZED,
        _ => DOWN_STABILIZED,
    };
    (stabilized, able)
}

/// `convertDesiredReplicasWithRules`: at most twice the size, or four; then the bounds.
fn by_rules(sizes: Sizes) -> (i32, Said) {
    let twice = sizes.current.saturating_mul(2).max(4);
    let (most, why) = if sizes.most > twice { (twice, UP_LIMIT) } else { (sizes.most, TOO_MANY) };
    match sizes.wanted {
        wanted if wanted < sizes.least => (sizes.least, TOO_FEW),
        wanted if wanted > most => (most, why),
        wanted => (wanted, WITHIN),
    }
}

/// `convertDesiredReplicasWithBehaviorRate`.
fn by_rates(sizes: Sizes, behavior: &Behavior, history: &History, now: Time) -> (i32, Said) {
    if sizes.wanted > sizes.current {
        let rate = most_after(sizes.current, &behavior.up, history, now).max(sizes.current);
        let (most, why) = if sizes.most > rate { (rate, UP_LIMIT) } else { (sizes.most, TOO_MANY) };
        if sizes.wanted > most {
            return (most, why);
        }
    } else if sizes.wanted < sizes.current {
        let rate = least_after(sizes.current, &behavior.down, history, now).min(sizes.current);
        let (least, why) = if sizes.least < rate { (rate, DOWN_LIMIT) } else { (sizes.least, TOO_FEW) };
        if sizes.wanted < least {
            return (least, why);
        }
    }
    (sizes.wanted, WITHIN)
}

/// The size at the beginning of a policy's period.
fn size_before(current: i32, history: &History, now: Time, period: Millis) -> i32 {
    let added = History::change_within(&history.added, now, period);
    current.saturating_sub(added).saturating_add(History::change_within(&history.removed, now, period))
}

/// `calculateScaleUpLimitWithScalingRules`.
fn most_after(current: i32, rules: &ScalingRules, history: &History, now: Time) -> i32 {
    let proposals = rules.policies.iter().map(|policy| {
        let start = size_before(current, history, now, policy.period);
        match policy.percent {
            false => start.saturating_add(policy.value),
            true => (f64::from(start) * (1.0 + f64::from(policy.value) / 100.0)).ceil() as i32,
        }
    });
    match rules.select {
        SelectPolicy::Disabled => current,
        SelectPolicy::Min => proposals.fold(i32::MAX, i32::min),
        SelectPolicy::Max => proposals.fold(i32::MIN, i32::max),
    }
}

/// `calculateScaleDownLimitWithBehaviors`.
fn least_after(current: i32, rules: &ScalingRules, history: &History, now: Time) -> i32 {
    let proposals = rules.policies.iter().map(|policy| {
        let start = size_before(current, history, now, policy.period);
        match policy.percent {
            false => start.saturating_sub(policy.value),
            true => (f64::from(start) * (1.0 - f64::from(policy.value) / 100.0)) as i32,
        }
    });
    match rules.select {
        SelectPolicy::Disabled => current,
        SelectPolicy::Min => proposals.fold(i32::MIN, i32::max),
        SelectPolicy::Max => proposals.fold(i32::MAX, i32::min),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::autoscalers::ScalingPolicy;
    use crate::units::time::SECOND;
    use proptest::prelude::*;

    const WINDOW: Millis = 300 * SECOND;

    fn policy(percent: bool, value: i32, seconds: i64) -> ScalingPolicy {
        ScalingPolicy { percent, value, period: seconds * SECOND }
    }

    fn rules(window: i64, select: SelectPolicy, policies: &[ScalingPolicy]) -> ScalingRules {
        ScalingRules { window: Some(window * SECOND), select, policies: policies.to_vec(), tolerance: None }
    }

    fn defaults() -> Behavior {
        Behavior {
            up: rules(0, SelectPolicy::Max, &[policy(false, 4, 15), policy(true, 100, 15)]),
            down: ScalingRules { window: None, ..rules(0, SelectPolicy::Max, &[policy(true, 100, 15)]) },
        }
    }

    /// Sizes over looks, given what each of them wants.
    fn sizes(behavior: Option<&Behavior>, from: i32, wanted: &[i32]) -> Vec<i32> {
        let mut history = History::default();
        let mut current = from;
        history.begin(Time::ZERO, current);
        let mut all = Vec::new();
        for (look, &wanted) in wanted.iter().enumerate() {
            let now = Time::ZERO + look as i64 * 15 * SECOND;
            let found = limit(Sizes { current, wanted, least: 1, most: 100 }, behavior, &mut history, now, WINDOW);
            if found.replicas != current {
                history.changed(now, current, found.replicas);
            }
            current = found.replicas;
            all.push(current);
        }
        all
    }

    #[test]
    fn one_pod_at_twenty_times_its_target() {
        assert_eq!(sizes(None, 1, &[20; 4]), [4, 8, 16, 20]);
        assert_eq!(sizes(Some(&defaults()), 1, &[20; 3]), [5, 10, 20]);
    }

    #[test]
    fn what_shrinks_waits_for_the_window() {
        let mut wanted = vec![10; 3];
        wanted.extend([2; 22]);
        let all = sizes(None, 10, &wanted);
        // The last look that wanted ten was at 30 s.
        let first = all.iter().position(|&size| size == 2);
        assert_eq!(first, Some(22), "at 330 s, in one step: {all:?}");
    }

    #[test]
    fn the_smaller_of_two_limits_and_none_at_all() {
        let slow = Behavior { up: rules(0, SelectPolicy::Min, &[policy(false, 2, 30), policy(true, 100, 15)]), ..defaults() };
        assert_eq!(sizes(Some(&slow), 1, &[20; 5]), [2, 3, 4, 5, 6]);
        let off = Behavior { up: rules(0, SelectPolicy::Disabled, &[policy(false, 2, 30)]), ..defaults() };
        assert_eq!(sizes(Some(&off), 3, &[20; 2]), [3, 3]);
    }

    proptest! {
        #[test]
        fn limits_never_turn_the_direction_nor_leave_the_bounds(
            current in 1i32..60, wanted in prop::collection::vec(0i32..200, 1..12), least in 1i32..5, spare in 0i32..60,
            value in 1i32..120, percent: bool, seconds in 1i64..90, window in 0i64..60,
        ) {
            let most = least + spare;
            let current = current.clamp(least, most);
            for behavior in [None, Some(Behavior {
                up: rules(window, SelectPolicy::Max, &[policy(percent, value, seconds)]),
                down: rules(window, SelectPolicy::Min, &[policy(percent, value, seconds)]),
            })] {
                let mut history = History::default();
                history.begin(Time::ZERO, current);
                let mut size = current;
                for (look, &wanted) in wanted.iter().enumerate() {
                    let now = Time::ZERO + look as i64 * 15 * SECOND;
                    let found = limit(Sizes { current: size, wanted, least, most }, behavior.as_ref(), &mut history, now, WINDOW);
                    prop_assert!((least..=most).contains(&found.replicas), "{found:?}");
                    if wanted >= size && behavior.is_some() {
                        prop_assert!(found.replicas >= size, "{found:?} from {size}, wanted {wanted}");
                    }
                    if found.replicas != size {
                        history.changed(now, size, found.replicas);
                    }
                    size = found.replicas;
                }
            }
        }
    }
}
