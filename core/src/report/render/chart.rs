//! Curves made small: the level of a step function in each of a number of equal spans of time. Shared by sparklines and charts.

use super::super::model::{Point, Report, RunEnd, WorkloadOutcome};

/// A time that ends the interesting part: a little after the last thing that changed, or when watching stopped.
pub fn horizon(report: &Report) -> i64 {
    let changes = report.workloads.iter().flat_map(|w| w.series.iter().skip(1).map(|p| p.at_ms));
    let last = changes.chain(report.steps.iter().map(|s| s.at_ms)).chain(report.timeline.iter().filter(|e| e.key).map(|e| e.at_ms)).max();
    let last = last.unwrap_or_default().max(0);
    // A little more shows that the last level holds.
    let shown = (last + last / 8).max(60_000);
    match report.ended {
        RunEnd::TimeUp => shown.min(report.until_ms.max(60_000)),
        RunEnd::Quiet | RunEnd::BudgetSpent => shown,
    }
}

/// The least `serving` and the greatest `desired` in each of `count` equal spans from 0 to `until_ms`.
pub fn sampled(points: &[Point], until_ms: i64, count: usize) -> Vec<(i32, i32)> {
    let mut samples = Vec::with_capacity(count);
    let count_ms = count.max(1) as i64;
    for i in 0..count_ms {
        let (from, to) = (until_ms * i / count_ms, until_ms * (i + 1) / count_ms);
        let first = points.partition_point(|p| p.at_ms <= from).saturating_sub(1);
        let within = points[first.min(points.len())..].iter().take_while(|p| p.at_ms < to.max(from + 1));
        let (least, most) = within.fold((i32::MAX, 0), |(least, most), p| (least.min(p.serving), most.max(p.desired)));
        samples.push((if least == i32::MAX { 0 } else { least }, most));
    }
    samples
}

/// A workload's curve in `count` characters and one in front for what was before: how full it was, from nothing to all that is wanted.
pub fn sparkline(workload: &WorkloadOutcome, until_ms: i64, count: usize, unicode: bool) -> String {
    let levels: &[char] =
        if unicode { &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] } else { &['_', '.', ':', '-', '=', '+', '*', '#'] };
    let full = workload.series.iter().map(|p| p.desired.max(p.serving)).max().unwrap_or_default();
    let level = |(serving, _): (i32, i32)| match (serving, full) {
        (_, 0) => ' ',
        (0, _) if unicode => '·',
        (0, _) => ' ',
        (s, f) => levels[((i64::from(s) * 7) / i64::from(f)).clamp(0, 7) as usize],
    };
    let before = (workload.serving_before, workload.desired);
    std::iter::once(before).chain(sampled(&workload.series, until_ms, count)).map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(at_ms: i64, serving: i32) -> Point {
        Point { at_ms, desired: 3, ready: serving, serving }
    }

    #[test]
    fn each_span_shows_its_worst() {
        let points = [at(0, 3), at(25, 1), at(30, 2), at(60, 3)];
        assert_eq!(sampled(&points, 100, 5), [(3, 3), (1, 3), (2, 3), (3, 3), (3, 3)]);
        assert_eq!(sampled(&[], 100, 2), [(0, 0), (0, 0)]);
    }
}
