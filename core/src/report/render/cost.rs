//! What a run cost, in lines that every format shows: what each cause took, who was put out, who waited, how zones drifted apart.

use super::super::amounts::{counted, listed};
use super::super::model::Report;
use super::super::span;
use crate::units::arrange::Arrange;

/// How many of each a line names.
const MOST: usize = 4;

/// The lines, what weighs most first; none where nothing was broken or nothing was lost. Unescaped.
pub fn lines(report: &Report) -> Vec<String> {
    let measures = &report.measures;
    if report.steps.is_empty() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let missing: i64 = measures.causes.iter().map(|cost| cost.lost_pod_ms).sum();
    if missing > 0 {
        let causes: Vec<String> = measures.causes.iter().map(|cost| format!("{} ({})", cost.cause, span(cost.lost_pod_ms))).collect();
        let by = if causes.len() == 1 { measures.causes[0].cause.clone() } else { listed(&causes, MOST) };
        lines.push(format!("{} of serving pods' time is missing: {by}", span(missing)));
    }
    if !measures.evictions.is_empty() {
        let all: usize = measures.evictions.iter().map(|count| count.count).sum();
        let reasons: Vec<String> = measures.evictions.iter().map(|count| format!("{}: {}", count.what, count.count)).collect();
        let moved = match measures.pods_moved {
            0 => "none was placed anew".to_owned(),
            n => format!("{n} {} placed anew", if n == 1 { "was" } else { "were" }),
        };
        let reasons = if measures.evictions.len() == 1 { measures.evictions[0].what.clone() } else { listed(&reasons, MOST) };
        lines.push(format!("{} put out ({reasons}); {moved}", counted(all, "pod")));
    }
    if !measures.pending.is_empty() {
        let mut pending: Vec<_> = measures.pending.iter().filter(|waited| waited.longest_ms >= 1_000).collect();
        pending.arrange_by_key(|waited| std::cmp::Reverse(waited.total_ms));
        let told: Vec<String> = pending
            .iter()
            .map(|waited| match waited.total_ms == waited.longest_ms {
                true => format!("{} {}", waited.workload, span(waited.total_ms)),
                false => format!("{} {} in all, the longest {}", waited.workload, span(waited.total_ms), span(waited.longest_ms)),
            })
            .collect();
        if !told.is_empty() {
            lines.push(format!("pods waited for a node: {}", listed(&told, MOST)));
        }
    }
    let mut skew: Vec<_> = measures.zone_skew.iter().filter(|skew| skew.after > skew.before).collect();
    skew.arrange_by_key(|skew| std::cmp::Reverse(skew.after - skew.before));
    if !skew.is_empty() {
        let told: Vec<String> = skew.iter().map(|skew| format!("{} {} instead of {}", skew.workload, skew.after, skew.before)).collect();
        lines.push(format!("pods by which the fullest zone is ahead of the emptiest: {}", listed(&told, MOST)));
    }
    lines
}
