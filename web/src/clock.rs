//! Time on the page: how moments are written, where they lie on the timeline, and where the keys lead.

use crate::wire::{Mark, MarkKind};
use wavetank_core::units::arrange::Arrange;

/// A moment as the page writes it: `0:05`, `5:40.2`, `1:02:03`.
pub fn written(ms: i64) -> String {
    let sign = if ms < 0 { "−" } else { "" };
    let ms = ms.unsigned_abs();
    let (hours, minutes, seconds, tenths) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60, ms % 1_000 / 100);
    let tail = if tenths > 0 && hours == 0 { format!(".{tenths}") } else { String::new() };
    if hours > 0 { format!("{sign}{hours}:{minutes:02}:{seconds:02}") } else { format!("{sign}{minutes}:{seconds:02}{tail}") }
}

/// A moment in a chain of causes: what was before the run began is only that.
pub fn told(ms: i64) -> String {
    if ms < 0 { "before".to_string() } else { written(ms) }
}

/// A length of time in words of use: `45 s`, `5 min 40 s`, `2 h 5 min`.
pub fn length(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, _) if ms > 0 && ms < 10_000 && ms % 1_000 >= 100 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// The nearest whole second: where steps are put.
pub fn whole_second(at_ms: i64) -> i64 {
    (at_ms + 500) / 1_000 * 1_000
}

/// The moments that the arrow keys visit: where something happens, and the two ends.
pub fn stops(marks: &[Mark], duration_ms: i64, phases_only: bool) -> Vec<i64> {
    let mut stops: Vec<i64> = marks
        .iter()
        .filter(|mark| !phases_only || matches!(mark.kind, MarkKind::Step | MarkKind::Node))
        .map(|mark| mark.at_ms)
        .chain([0, duration_ms])
        .filter(|at| (0..=duration_ms).contains(at))
        .collect();
    stops.arrange();
    stops.dedup();
    stops
}

/// The stop after a moment; the moment itself where there is none.
pub fn next(stops: &[i64], at_ms: i64) -> i64 {
    stops.iter().copied().find(|&stop| stop > at_ms).unwrap_or(at_ms)
}

/// The stop before a moment; the moment itself where there is none.
pub fn previous(stops: &[i64], at_ms: i64) -> i64 {
    stops.iter().rev().copied().find(|&stop| stop < at_ms).unwrap_or(at_ms)
}

/// The speeds of the menu: virtual seconds a second.
pub const SPEEDS: [u32; 6] = [1, 5, 10, 30, 60, 300];

/// The speed at which a run takes about twenty seconds to watch.
pub fn fitting_speed(duration_ms: i64) -> u32 {
    let wanted = duration_ms / 20_000;
    // A tenth more time is as good.
    SPEEDS.iter().copied().find(|&speed| i64::from(speed) * 10 >= wanted * 9).unwrap_or(SPEEDS[SPEEDS.len() - 1])
}

/// Whether it takes more than a minute to watch a run at a speed.
pub fn takes_long(duration_ms: i64, speed: u32) -> bool {
    duration_ms / i64::from(speed.max(1)) > 60_000
}

/// The speed at which some virtual milliseconds take a few seconds to watch.
pub fn speed_for(ms: i64) -> u32 {
    const WANTED_MS: i64 = 3_500;
    let misses = |speed: &u32| (ms / i64::from(*speed) - WANTED_MS).abs();
    SPEEDS.iter().copied().min_by_key(misses).unwrap_or(SPEEDS[0])
}

/// A line between time and the horizontal place on the timeline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Virtual milliseconds from one end to the other.
    pub duration_ms: i64,
    /// The left end.
    pub left: f64,
    /// Pixels from one end to the other.
    pub width: f64,
}

impl Scale {
    /// Where a moment lies.
    pub fn x(&self, at_ms: i64) -> f64 {
        self.left + self.width * (at_ms as f64 / self.duration_ms.max(1) as f64).clamp(0.0, 1.0)
    }

    /// The moment at a place, held within the run.
    pub fn at(&self, x: f64) -> i64 {
        let share = if self.width > 0.0 { ((x - self.left) / self.width).clamp(0.0, 1.0) } else { 0.0 };
        (share * self.duration_ms.max(0) as f64).round() as i64
    }

    /// The moment at a place, as round as the place is exact: where a pixel is a second or so, whole seconds.
    pub fn round_at(&self, x: f64) -> i64 {
        let pixel = self.duration_ms as f64 / self.width.max(1.0);
        let grain = if pixel >= 400.0 {
            1_000
        } else if pixel >= 40.0 {
            100
        } else {
            1
        };
        ((self.at(x) + grain / 2) / grain * grain).min(self.duration_ms.max(0))
    }

    /// Round moments to write below the line: not more than fit.
    pub fn ticks(&self) -> Vec<i64> {
        const STEPS: [i64; 16] = [
            100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 21_600_000,
        ];
        let most = (self.width / 64.0).max(1.0) as i64;
        let step = STEPS.into_iter().find(|step| self.duration_ms / step <= most).unwrap_or(86_400_000);
        (0..=self.duration_ms.max(0) / step).take(200).map(|i| i * step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(at_ms: i64, kind: MarkKind) -> Mark {
        Mark { at_ms, kind, count: 1 }
    }

    #[test]
    fn moments_are_written() {
        assert_eq!([0, 5_000, 340_240, 3_723_400, -1_500].map(written), ["0:00", "0:05", "5:40.2", "1:02:03", "−0:01.5"]);
        assert_eq!([-3_600_000, 5_000].map(told), ["before", "0:05"]);
        assert_eq!([0, 1_500, 45_000, 340_000, 7_500_000].map(length), ["0 s", "1.5 s", "45 s", "5 min 40 s", "2 h 5 min"]);
    }

    #[test]
    fn keys_go_from_stop_to_stop() {
        let marks = [mark(0, MarkKind::Step), mark(40_000, MarkKind::Node), mark(40_000, MarkKind::Loss), mark(55_000, MarkKind::Ready)];
        let all = stops(&marks, 60_000, false);
        assert_eq!(all, [0, 40_000, 55_000, 60_000]);
        assert_eq!(stops(&marks, 60_000, true), [0, 40_000, 60_000]);
        assert_eq!((next(&all, 0), next(&all, 41_000), next(&all, 60_000)), (40_000, 55_000, 60_000));
        assert_eq!((previous(&all, 0), previous(&all, 41_000), previous(&all, 60_000)), (0, 40_000, 55_000));
        assert_eq!(stops(&[], 0, false), [0]);
    }

    #[test]
    fn the_line_goes_both_ways() {
        let scale = Scale { duration_ms: 60_000, left: 10.0, width: 600.0 };
        for at in [0, 1, 30_000, 60_000] {
            assert_eq!(scale.at(scale.x(at)), at);
        }
        assert_eq!((scale.at(-5.0), scale.at(9_999.0)), (0, 60_000));
        assert_eq!(Scale { width: 0.0, ..scale }.at(3.0), 0);
        let long = Scale { duration_ms: 704_000, left: 0.0, width: 640.0 };
        assert!((0..640).all(|x| long.round_at(f64::from(x)) % 1_000 == 0));
        assert_eq!((long.round_at(640.0), scale.round_at(10.5)), (704_000, 100));
    }

    #[test]
    fn labels_fit() {
        for duration_ms in [0, 50, 999, 60_000, 480_000, 90_000_000, 1 << 40] {
            let ticks = Scale { duration_ms, left: 0.0, width: 640.0 }.ticks();
            assert!(!ticks.is_empty() && ticks.len() <= 200, "{duration_ms}");
            assert!(duration_ms > 200_000_000 || ticks.len() <= 11, "{duration_ms}: {}", ticks.len());
        }
    }

    #[test]
    fn a_run_is_watched_in_about_twenty_seconds() {
        assert_eq!([0, 20_000, 400_000, 1_320_000, 36_000_000].map(fitting_speed), [1, 1, 30, 60, 300]);
        assert!(takes_long(60_001, 1) && !takes_long(600_000, 10) && takes_long(1_320_000, 10));
    }
}
