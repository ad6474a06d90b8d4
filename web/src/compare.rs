//! Two stories side by side: what a change of manifests or of the scenario made better, worse, or not.

use std::collections::BTreeMap;

use crate::clock;
use crate::wire::{Story, WorkloadInfo};

/// Which way something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Worse than before.
    Worse,
    /// Better than before.
    Better,
    /// There before, not now, or the other way round.
    Other,
}

impl Way {
    /// A sign that tells it without colour.
    pub const fn sign(self) -> &'static str {
        match self {
            Way::Worse => "▼",
            Way::Better => "▲",
            Way::Other => "◆",
        }
    }

    /// A word, also used as a class name.
    pub const fn name(self) -> &'static str {
        match self {
            Way::Worse => "worse",
            Way::Better => "better",
            Way::Other => "other",
        }
    }
}

/// How a workload fares differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The workload.
    pub label: String,
    /// Better or worse.
    pub way: Way,
    /// What differs, in words.
    pub text: String,
}

/// The differences between two stories, the heaviest first; workloads that fare alike are left out.
pub fn differences(before: &Story, after: &Story) -> Vec<Difference> {
    let known: BTreeMap<&str, &WorkloadInfo> = before.workloads.iter().map(|workload| (workload.label.as_str(), workload)).collect();
    let now: BTreeMap<&str, &WorkloadInfo> = after.workloads.iter().map(|workload| (workload.label.as_str(), workload)).collect();
    let mut found: Vec<(u64, Difference)> = Vec::new();
    for workload in &after.workloads {
        match known.get(workload.label.as_str()) {
            Some(old) => found.extend(difference(old, workload)),
            None => found.push((0, Difference { label: workload.label.clone(), way: Way::Other, text: "only in this run".to_string() })),
        }
    }
    for workload in before.workloads.iter().filter(|workload| !now.contains_key(workload.label.as_str())) {
        found.push((0, Difference { label: workload.label.clone(), way: Way::Other, text: "only in the kept run".to_string() }));
    }
    found.sort_by_key(|(weight, difference)| (std::cmp::Reverse(*weight), difference.way));
    found.into_iter().map(|(_, difference)| difference).collect()
}

fn difference(old: &WorkloadInfo, new: &WorkloadInfo) -> Option<(u64, Difference)> {
    let missing = |of: &WorkloadInfo| of.desired.saturating_sub(of.last_ready);
    let mut parts = Vec::new();
    let mut weight: i64 = 0;
    if old.below_one_ms != new.below_one_ms {
        let told = |ms: i64| if ms == 0 { "never".to_string() } else { clock::length(ms) };
        parts.push(format!("without a pod {} → {}", told(old.below_one_ms), told(new.below_one_ms)));
        weight += (new.below_one_ms - old.below_one_ms) * 10;
    }
    if missing(old) != missing(new) {
        parts.push(format!("at the end {}/{} → {}/{}", old.last_ready, old.desired, new.last_ready, new.desired));
        weight += (i64::from(missing(new)) - i64::from(missing(old))) * 60_000;
    }
    if old.least_ready != new.least_ready {
        parts.push(format!("least {} → {}", old.least_ready, new.least_ready));
        weight += (i64::from(old.least_ready) - i64::from(new.least_ready)) * 1_000;
    }
    if old.short_ms != new.short_ms {
        parts.push(format!("short of pods {} → {}", clock::length(old.short_ms), clock::length(new.short_ms)));
        weight += new.short_ms - old.short_ms;
    }
    if old.below_budget_ms != new.below_budget_ms {
        parts.push(format!("below its budget {} → {}", clock::length(old.below_budget_ms), clock::length(new.below_budget_ms)));
        weight += new.below_budget_ms - old.below_budget_ms;
    }
    if parts.is_empty() {
        return None;
    }
    let way = match weight {
        0 => Way::Other,
        more if more > 0 => Way::Worse,
        _ => Way::Better,
    };
    Some((weight.unsigned_abs(), Difference { label: new.label.clone(), way, text: parts.join(", ") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(label: &str, least_ready: u32, last_ready: u32, below_one_ms: i64) -> WorkloadInfo {
        WorkloadInfo { label: label.to_string(), desired: 3, least_ready, last_ready, below_one_ms, ..WorkloadInfo::default() }
    }

    fn story(workloads: Vec<WorkloadInfo>) -> Story {
        Story { workloads, ..Story::default() }
    }

    #[test]
    fn a_shorter_shortage_is_better() {
        let short = |short_ms| story(vec![WorkloadInfo { short_ms, ..workload("a", 2, 3, 0) }]);
        let told = differences(&short(360_000), &short(60_000));
        assert_eq!((told[0].way, told[0].text.as_str()), (Way::Better, "short of pods 6 min → 1 min"));
    }

    #[test]
    fn what_differs_is_told_the_heaviest_first() {
        let before = story(vec![workload("a", 0, 3, 60_000), workload("b", 2, 3, 0), workload("c", 3, 3, 0), workload("gone", 3, 3, 0)]);
        let after = story(vec![workload("a", 2, 3, 0), workload("b", 1, 3, 0), workload("c", 3, 3, 0), workload("new", 3, 3, 0)]);
        let told: Vec<_> = differences(&before, &after).into_iter().map(|d| (d.label, d.way, d.text)).collect();
        assert_eq!(told[0], ("a".to_string(), Way::Better, "without a pod 1 min → never, least 0 → 2".to_string()));
        assert_eq!(told[1], ("b".to_string(), Way::Worse, "least 2 → 1".to_string()));
        assert_eq!(told.len(), 4, "what fares alike is left out: {told:?}");
        assert!(differences(&before, &before).is_empty());
    }
}
