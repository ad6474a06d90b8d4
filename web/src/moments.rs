//! Moments of a story worth going to: where it is worst, where a workload has nobody left. Arithmetic over curves.

use crate::wire::{Point, Story};

/// What a workload with no pod that answers weighs, in thousandths of a workload with half of its pods.
const NONE_LEFT: i64 = 10_000;

/// The first moment at which most is missing: workloads with no pod weigh most, then shares of pods. Zero where nothing is ever missed.
pub fn worst(story: &Story) -> i64 {
    // How much more or less is missing from a moment on.
    let mut changes: Vec<(i64, i64)> = Vec::new();
    for workload in story.workloads.iter().filter(|workload| workload.desired > 0) {
        let mut before = 0;
        for point in &workload.curve {
            let missing = i64::from(workload.desired.saturating_sub(point.ready)) * 1_000 / i64::from(workload.desired);
            let now = missing + if point.ready == 0 { NONE_LEFT } else { 0 };
            if now != before {
                changes.push((point.at_ms.max(0), now - before));
            }
            before = now;
        }
    }
    changes.sort_unstable_by_key(|&(moment, _)| moment);
    let (mut level, mut most, mut at) = (0, 0, 0);
    for of_moment in changes.chunk_by(|one, other| one.0 == other.0) {
        level += of_moment.iter().map(|&(_, change)| change).sum::<i64>();
        if level > most {
            (most, at) = (level, of_moment[0].0);
        }
    }
    at
}

/// The moments at which a workload that had pods has none any more, in order.
pub fn outages(story: &Story) -> Vec<i64> {
    let falls = |curve: &[Point]| -> Vec<i64> {
        curve.windows(2).filter(|pair| pair[0].ready > 0 && pair[1].ready == 0).map(|pair| pair[1].at_ms).collect()
    };
    let mut moments: Vec<i64> =
        story.workloads.iter().filter(|workload| workload.desired > 0).flat_map(|workload| falls(&workload.curve)).collect();
    moments.sort_unstable();
    moments.dedup();
    moments
}

/// What a curve shows at a moment.
pub fn at(curve: &[Point], at_ms: i64) -> Point {
    let nth = curve.partition_point(|point| point.at_ms <= at_ms);
    nth.checked_sub(1).and_then(|nth| curve.get(nth)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::WorkloadInfo;

    fn story(curves: &[(u32, &[(i64, u32)])]) -> Story {
        let point = |&(at_ms, ready): &(i64, u32)| Point { at_ms, ready, believed: ready };
        let workload = |(desired, curve): &(u32, &[(i64, u32)])| WorkloadInfo {
            desired: *desired,
            curve: curve.iter().map(point).collect(),
            ..WorkloadInfo::default()
        };
        Story { workloads: curves.iter().map(workload).collect(), ..Story::default() }
    }

    #[test]
    fn the_worst_moment_is_where_somebody_has_nobody_left() {
        assert_eq!(worst(&story(&[])), 0);
        assert_eq!(worst(&story(&[(3, &[(0, 3)])])), 0);
        let hit = story(&[(4, &[(0, 4), (10, 1), (50, 4)]), (1, &[(0, 1), (40, 0), (90, 1)])]);
        assert_eq!(worst(&hit), 40);
        assert_eq!(worst(&story(&[(4, &[(0, 4), (10, 3), (20, 1), (30, 4)])])), 20);
        assert_eq!(worst(&story(&[(0, &[(0, 0)])])), 0, "nobody is missed where nobody is wanted");
    }

    #[test]
    fn outages_begin_where_the_last_pod_goes() {
        let twice = story(&[(2, &[(0, 2), (10, 0), (20, 1), (30, 0)]), (1, &[(0, 0), (30, 1)]), (0, &[(0, 1), (5, 0)])]);
        assert_eq!(outages(&twice), [10, 30]);
    }

    #[test]
    fn a_curve_holds_until_its_next_point() {
        let curve = [Point { at_ms: 5, ready: 2, believed: 3 }];
        assert_eq!((at(&curve, 4).ready, at(&curve, 5).ready, at(&curve, 99).believed), (0, 2, 3));
    }
}
