//! The timeline's lanes: one for each workload or zone, those that suffered most first. Choosing and ordering; it draws nothing.

use crate::store::Told;
use crate::wire::{Mark, Point, Story, WorkloadInfo};
use wavetank_core::units::arrange::Arrange;

/// One lane below the ticks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lane {
    /// Of what.
    pub name: String,
    /// How many pods are wanted, where somebody says so.
    pub desired: Option<u32>,
    /// It has none at some time.
    pub none: bool,
    /// Its pods over time.
    pub points: Vec<Point>,
    /// The same lane of the run that was kept.
    pub kept: Vec<Point>,
    /// What happened in it.
    pub marks: Vec<Mark>,
}

/// The workloads that want pods, by position: those that suffered most first.
pub fn worst(workloads: &[WorkloadInfo]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..workloads.len()).filter(|&nth| workloads[nth].desired > 0).collect();
    let missing = |nth: &usize| {
        let of = &workloads[*nth];
        u64::from(of.desired.saturating_sub(of.least_ready)) * 1_000 / u64::from(of.desired.max(1))
    };
    order.arrange_by_key(|nth| (std::cmp::Reverse(workloads[*nth].below_one_ms), std::cmp::Reverse(missing(nth)), *nth));
    order
}

/// The lane of a workload.
pub fn workload(told: &Told, pinned: Option<&Told>, nth: usize) -> Lane {
    let Some(workload) = told.story.workloads.get(nth) else { return Lane::default() };
    let kept = pinned.and_then(|pinned| pinned.story.workloads.iter().find(|other| other.label == workload.label));
    Lane {
        name: workload.label.clone(),
        desired: Some(workload.desired),
        none: workload.least_ready == 0 && workload.desired > 0,
        points: workload.curve.clone(),
        kept: kept.map(|kept| kept.curve.clone()).unwrap_or_default(),
        marks: workload.marks.clone(),
    }
}

/// The lane of a zone.
pub fn zone(told: &Told, pinned: Option<&Told>, nth: usize) -> Lane {
    let curve = |story: &Story, nth: usize| story.zone_curves.get(nth).cloned().unwrap_or_default();
    let Some(name) = told.story.zones.get(nth) else { return Lane::default() };
    let kept = pinned.and_then(|pinned| Some(curve(&pinned.story, pinned.story.zones.iter().position(|zone| zone == name)?)));
    let points = curve(&told.story, nth);
    Lane {
        name: if name.is_empty() { "no zone".to_string() } else { name.clone() },
        desired: None,
        none: points.iter().any(|point| point.ready == 0) && points.iter().any(|point| point.ready > 0),
        points,
        kept: kept.unwrap_or_default(),
        marks: told.story.zone_marks.get(nth).cloned().unwrap_or_default(),
    }
}

/// A name in so many characters: its end is what tells one from the next, so the middle goes.
pub fn shortened(name: &str, room: usize) -> String {
    let count = name.chars().count();
    if count <= room.max(3) {
        return name.to_string();
    }
    let tail = room.max(3) / 3;
    let head = room.max(3) - tail - 1;
    let end: String = name.chars().skip(count - tail).collect();
    format!("{}…{end}", name.chars().take(head).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_suffered_most_come_first() {
        let workload = |desired, least_ready, below_one_ms| WorkloadInfo { desired, least_ready, below_one_ms, ..WorkloadInfo::default() };
        assert_eq!(worst(&[workload(3, 3, 0), workload(2, 1, 0), workload(0, 0, 9), workload(2, 0, 5)]), [3, 1, 0]);
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(["web", "a-very-long-name-of-a-thing-17", "öäü"].map(|name| shortened(name, 12)), ["web", "a-very-…g-17", "öäü"]);
    }

    #[test]
    fn lanes_are_of_the_run_and_of_the_one_that_was_kept() {
        let story = |ready| Story {
            zones: vec!["a".to_string(), String::new()],
            zone_curves: vec![vec![Point { at_ms: 0, ready, believed: ready }], Vec::new()],
            workloads: vec![WorkloadInfo { label: "deployment/web".to_string(), desired: 2, least_ready: 0, ..WorkloadInfo::default() }],
            ..Story::default()
        };
        let (told, pinned) = (Told::new(2, story(1)), Told::new(1, story(2)));
        let lane = zone(&told, Some(&pinned), 0);
        assert_eq!((lane.points[0].ready, lane.kept[0].ready, lane.none), (1, 2, false));
        assert_eq!(zone(&told, None, 1).name, "no zone");
        assert!(workload(&told, Some(&pinned), 0).none);
        assert_eq!(workload(&told, None, 9), Lane::default());
    }
}
