//! Moments of a story worth going to: where it is worst, where playing stops. Arithmetic over curves.

use crate::wire::{MarkKind, Point, Story};
use wavetank_core::units::arrange::Arrange;

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
    changes.arrange_by_key(|&(moment, _)| moment);
    let (mut level, mut most, mut at) = (0, 0, 0);
    for of_moment in changes.chunk_by(|one, other| one.0 == other.0) {
        level += of_moment.iter().map(|&(_, change)| change).sum::<i64>();
        if level > most {
            (most, at) = (level, of_moment[0].0);
        }
    }
    at
}

/// Where playing stops by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Halt {
    /// Nowhere before the end.
    #[default]
    Never,
    /// Where a step begins.
    Step,
    /// Where a node is lost, comes back, is cordoned.
    Node,
    /// Where no node is found for a pod.
    Unplaced,
    /// Where a workload has fewer pods that are believed ready than its disruption budget asks for.
    Budget,
    /// Where a workload that had pods has none any more that answers.
    Outage,
    /// Where something that the scenario expects does not hold.
    Expectation,
}

impl Halt {
    /// Every one, in the order in which they are offered.
    pub const ALL: [Halt; 7] = [Halt::Never, Halt::Step, Halt::Node, Halt::Unplaced, Halt::Budget, Halt::Outage, Halt::Expectation];

    /// As an answer to "stop at".
    pub const fn label(self) -> &'static str {
        match self {
            Halt::Never => "nothing",
            Halt::Step => "steps",
            Halt::Node => "changes of nodes",
            Halt::Unplaced => "pods without a node",
            Halt::Budget => "budgets gone below",
            Halt::Outage => "outages",
            Halt::Expectation => "failed expectations",
        }
    }

    /// What the key for it turns to.
    pub fn turned(self) -> Halt {
        if self == Halt::Never { Halt::Outage } else { Halt::Never }
    }

    /// The moments of a story at which it stops, in order.
    pub fn moments(self, story: &Story) -> Vec<i64> {
        let marked = |kind: MarkKind| story.marks.iter().filter(move |mark| mark.kind == kind).map(|mark| mark.at_ms);
        let wanted = || story.workloads.iter().filter(|workload| workload.desired > 0);
        let mut moments: Vec<i64> = match self {
            Halt::Never => Vec::new(),
            Halt::Step => marked(MarkKind::Step).collect(),
            Halt::Node => marked(MarkKind::Node).collect(),
            Halt::Unplaced => marked(MarkKind::Unplaced).collect(),
            Halt::Budget => wanted()
                .filter_map(|workload| Some((workload, workload.budget?)))
                .flat_map(|(workload, least)| falls(&workload.curve, least, |point| point.believed))
                .collect(),
            Halt::Outage => wanted().flat_map(|workload| falls(&workload.curve, 1, |point| point.ready)).collect(),
            Halt::Expectation => story.expected.iter().filter(|of| of.holds == Some(false)).filter_map(|of| of.at_ms).collect(),
        };
        moments.arrange();
        moments.dedup();
        moments
    }
}

/// Where a curve that reached `least` goes below it.
fn falls(curve: &[Point], least: u32, value: impl Fn(&Point) -> u32) -> impl Iterator<Item = i64> {
    curve.windows(2).filter(move |pair| value(&pair[0]) >= least && value(&pair[1]) < least).map(|pair| pair[1].at_ms)
}

/// What a curve shows at a moment.
pub fn at(curve: &[Point], at_ms: i64) -> Point {
    let nth = curve.partition_point(|point| point.at_ms <= at_ms);
    nth.checked_sub(1).and_then(|nth| curve.get(nth)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Expected, Mark, WorkloadInfo};

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
        assert_eq!(Halt::Outage.moments(&twice), [10, 30]);
    }

    #[test]
    fn playing_stops_at_what_was_asked_for() {
        let mut told = story(&[(3, &[(0, 3), (10, 2), (20, 1), (30, 3), (40, 0)])]);
        told.workloads[0].budget = Some(2);
        let mark = |at_ms, kind| Mark { at_ms, kind, count: 1 };
        told.marks = vec![mark(5, MarkKind::Step), mark(10, MarkKind::Node), mark(10, MarkKind::Loss), mark(12, MarkKind::Unplaced)];
        let expected = |holds, at_ms| Expected { holds, at_ms, ..Expected::default() };
        told.expected =
            vec![expected(Some(true), Some(1)), expected(Some(false), Some(21)), expected(None, Some(2)), expected(Some(false), None)];
        let of = |halt: Halt| halt.moments(&told);
        assert_eq!((of(Halt::Never), of(Halt::Step), of(Halt::Node), of(Halt::Unplaced)), (vec![], vec![5], vec![10], vec![12]));
        assert_eq!((of(Halt::Budget), of(Halt::Outage), of(Halt::Expectation)), (vec![20, 40], vec![40], vec![21]));
    }

    #[test]
    fn a_curve_holds_until_its_next_point() {
        let curve = [Point { at_ms: 5, ready: 2, believed: 3 }];
        assert_eq!((at(&curve, 4).ready, at(&curve, 5).ready, at(&curve, 99).believed), (0, 2, 3));
    }
}
