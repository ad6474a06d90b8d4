//! How many replicas a metric asks for (`pkg/controller/podautoscaler/replica_calculator.go` and `metrics/utilization.go`, v1.37). Pure.

/// How far a ratio may be off without anything being done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tolerances {
    /// Below one.
    pub(super) down: f64,
    /// Above one.
    pub(super) up: f64,
}

impl Tolerances {
    fn is_within(self, ratio: f64) -> bool {
        (1.0 - self.down) <= ratio && ratio <= (1.0 + self.up)
    }
}

/// One pod's use and request of a resource, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Use {
    /// In use.
    pub(super) used: i64,
    /// Asked for; 0 where requests do not matter.
    pub(super) request: i64,
}

/// The pods of a workload by what their metrics are worth (`groupPods`). What is being deleted or failed is in none of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Groups {
    /// Those that count.
    pub(super) counted: Vec<Use>,
    /// Pending, or not ready yet: what they use says nothing.
    pub(super) unready: Vec<Use>,
    /// Without a metric.
    pub(super) missing: Vec<Use>,
}

/// What a metric asks for, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Proposal {
    /// Replicas.
    pub(super) replicas: i32,
    /// Percent of the request, where that is what is measured.
    pub(super) utilization: Option<i32>,
    /// On average, in thousandths.
    pub(super) average: i64,
}

/// What a ratio is made of: percent of requests, or an amount for each pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Target in percent.
    Utilization(i32),
    /// Target in thousandths.
    Amount(i64),
}

/// The requests of all pods that have a metric are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NothingRequested;

/// Ratio to the target, percent, average.
fn ratio(pods: &[Use], measure: Measure) -> Result<(f64, Option<i32>, i64), NothingRequested> {
    let sum = |pick: fn(&Use) -> i64| pods.iter().map(pick).fold(0, i64::saturating_add);
    let used = sum(|p| p.used);
    let average = used / i64::try_from(pods.len()).unwrap_or(i64::MAX).max(1);
    match measure {
        Measure::Utilization(target) => {
            let requested = sum(|p| p.request);
            if requested == 0 {
                return Err(NothingRequested);
            }
            let percent = i32::try_from(i128::from(used) * 100 / i128::from(requested)).unwrap_or(i32::MAX);
            Ok((f64::from(percent) / f64::from(target), Some(percent), average))
        }
        Measure::Amount(target) => Ok((average as f64 / target as f64, None, average)),
    }
}

/// `GetResourceReplicas` and `calcPlainMetricReplicas`: they differ in what a ratio is made of, and in what pods without a metric count as.
pub(super) fn for_pods(groups: &Groups, measure: Measure, current: i32, tolerances: Tolerances) -> Result<Proposal, NothingRequested> {
    let (first, utilization, average) = ratio(&groups.counted, measure)?;
    let proposal = |replicas: i32| Ok(Proposal { replicas, utilization, average });
    let grows_with_unready = !groups.unready.is_empty() && first > 1.0;
    if !grows_with_unready && groups.missing.is_empty() {
        if tolerances.is_within(first) {
            return proposal(current);
        }
        return proposal((first * groups.counted.len() as f64).ceil() as i32);
    }
    let mut pods = groups.counted.clone();
    let assumed = |pod: &Use| match measure {
        _ if first > 1.0 => 0,
        Measure::Utilization(target) => i64::try_from(i128::from(pod.request) * i128::from(target.max(100)) / 100).unwrap_or(i64::MAX),
        Measure::Amount(target) => target,
    };
    if first != 1.0 {
        pods.extend(groups.missing.iter().map(|pod| Use { used: assumed(pod), ..*pod }));
    }
    if grows_with_unready {
        pods.extend(groups.unready.iter().map(|pod| Use { used: 0, ..*pod }));
    }
    let (second, ..) = ratio(&pods, measure)?;
    let crossed = (first < 1.0 && second > 1.0) || (first > 1.0 && second < 1.0);
    if tolerances.is_within(second) || crossed {
        return proposal(current);
    }
    let replicas = (second * pods.len() as f64).ceil() as i32;
    let backwards = (second < 1.0 && replicas > current) || (second > 1.0 && replicas < current);
    proposal(if backwards { current } else { replicas })
}

/// `getUsageRatioReplicaCount`: a value of an object or from outside, against a target in all.
pub(super) fn for_value(value: i64, target: i64, current: i32, ready: usize, tolerances: Tolerances) -> i32 {
    let ratio = value as f64 / target as f64;
    if current == 0 {
        return ratio.ceil() as i32;
    }
    if tolerances.is_within(ratio) { current } else { (ratio * ready as f64).ceil() as i32 }
}

/// `GetObjectPerPodMetricReplicas` and `GetExternalPerPodMetricReplicas`: such a value against a target for each pod. Gives the value for
/// each pod too, in thousandths.
pub(super) fn for_value_per_pod(value: i64, target: i64, replicas: i32, tolerances: Tolerances) -> (i32, i64) {
    let ratio = value as f64 / (target as f64 * f64::from(replicas));
    let wanted = if tolerances.is_within(ratio) { replicas } else { (value as f64 / target as f64).ceil() as i32 };
    let each = if replicas == 0 { value } else { (value as f64 / f64::from(replicas)).ceil() as i64 };
    (wanted, each)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const USUAL: Tolerances = Tolerances { down: 0.1, up: 0.1 };

    fn pods(count: usize, used: i64) -> Vec<Use> {
        vec![Use { used, request: 100 }; count]
    }

    fn replicas(groups: &Groups, measure: Measure, current: i32) -> i32 {
        for_pods(groups, measure, current, USUAL).expect("requests").replicas
    }

    #[test]
    fn a_tenth_off_is_left_alone() {
        let of = |used| replicas(&Groups { counted: pods(10, used), ..Groups::default() }, Measure::Utilization(50), 10);
        assert_eq!([of(50), of(54), of(55), of(56), of(46), of(44)], [10, 10, 10, 12, 10, 9]);
    }

    #[test]
    fn pods_that_say_nothing_pull_towards_standing_still() {
        let with =
            |unready: usize, missing: usize, used| Groups { counted: pods(2, used), unready: pods(unready, 0), missing: pods(missing, 0) };
        assert_eq!(replicas(&with(4, 0, 200), Measure::Utilization(50), 6), 8, "unready ones use nothing: 66 % of six");
        assert_eq!(replicas(&with(4, 0, 10), Measure::Utilization(50), 6), 1, "shrinking leaves unready ones out");
        assert_eq!(replicas(&with(0, 2, 10), Measure::Utilization(50), 4), 4, "missing ones use all: 55 %");
        assert_eq!(replicas(&with(0, 2, 200), Measure::Amount(100), 4), 4, "missing ones use nothing: 100 for each");
    }

    #[test]
    fn values_of_objects_and_from_outside() {
        assert_eq!(for_value(500_000, 100_000, 0, 0, USUAL), 5);
        assert_eq!(for_value(500_000, 100_000, 2, 2, USUAL), 10);
        assert_eq!(for_value(105_000, 100_000, 2, 2, USUAL), 2);
        assert_eq!(for_value_per_pod(500_000, 100_000, 2, USUAL), (5, 250_000));
        assert_eq!(for_value_per_pod(0, 100_000, 0, USUAL), (0, 0), "0/0 is not within anything");
    }

    proptest! {
        #[test]
        fn more_use_never_asks_for_less(counted in 1usize..20, unready in 0usize..5, missing in 0usize..5, used in 1i64..400, more in 0i64..400) {
            let groups = |used| Groups { counted: pods(counted, used), unready: pods(unready, 0), missing: pods(missing, 0) };
            let current = (counted + unready + missing) as i32;
            for measure in [Measure::Utilization(50), Measure::Amount(50)] {
                prop_assert!(replicas(&groups(used), measure, current) <= replicas(&groups(used + more), measure, current));
            }
        }
    }
}
