//! Virtual time: milliseconds since the run began, and spans of them. Never the wall clock.

use core::fmt;
use core::num::NonZeroU64;
use core::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// A span of virtual time in milliseconds.
pub type Millis = i64;

/// One second, in the unit of [`Millis`].
pub const SECOND: Millis = 1_000;
/// One minute, in the unit of [`Millis`].
pub const MINUTE: Millis = 60 * SECOND;

/// The moment of the wall clock that virtual time zero stands for where an object's own timestamps (a dump of a live
/// cluster) have to be placed: 2026-01-01T00:00:00Z, in milliseconds since 1970.
pub const EPOCH_UNIX_MS: i64 = 1_767_225_600_000;

/// A moment of virtual time: milliseconds since the start of the run. Negative for what happened before it.
///
/// ```
/// use wavetank_core::units::time::{SECOND, Time};
/// assert_eq!((Time::ZERO + 90 * SECOND).to_string(), "1m30s");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "i64", into = "i64")]
pub struct Time(
    /// Milliseconds counted from the earliest moment that there is, which itself is left out: so there is room for "no time", and an
    /// `Option<Time>`, of which every pod has several, takes no more than a `Time`.
    NonZeroU64,
);

/// What turns a number with a sign into one without that is as much larger or smaller than others, and back.
const SIGN: u64 = 1 << 63;

impl Time {
    /// The start of the run.
    pub const ZERO: Time = Time::at(0);
    /// Later than every event.
    pub const NEVER: Time = Time::at(i64::MAX);
    /// Earlier than every event.
    pub const EARLIEST: Time = Time(NonZeroU64::MIN);

    /// The moment so many milliseconds after the start.
    pub const fn at(millis: i64) -> Time {
        match NonZeroU64::new(millis as u64 ^ SIGN) {
            Some(place) => Time(place),
            None => Time::EARLIEST,
        }
    }

    /// Whole milliseconds since the start.
    pub const fn millis(self) -> i64 {
        (self.0.get() ^ SIGN) as i64
    }

    /// Whole seconds since the start, rounded down: what an API object's timestamp keeps.
    pub const fn whole_seconds(self) -> i64 {
        self.millis().div_euclid(SECOND)
    }

    /// This moment with its milliseconds cut off.
    pub const fn floor_to_second(self) -> Time {
        Time::at(self.millis().div_euclid(SECOND) * SECOND)
    }

    /// The moment of virtual time for milliseconds since 1970.
    pub const fn from_unix_millis(unix_ms: i64) -> Time {
        Time::at(unix_ms.saturating_sub(EPOCH_UNIX_MS))
    }
}

impl Default for Time {
    fn default() -> Self {
        Time::ZERO
    }
}

impl From<i64> for Time {
    fn from(millis: i64) -> Time {
        Time::at(millis)
    }
}

impl From<Time> for i64 {
    fn from(time: Time) -> i64 {
        time.millis()
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Time").field(&self.millis()).finish()
    }
}

impl Add<Millis> for Time {
    type Output = Time;
    fn add(self, span: Millis) -> Time {
        Time::at(self.millis().saturating_add(span))
    }
}

impl AddAssign<Millis> for Time {
    fn add_assign(&mut self, span: Millis) {
        *self = *self + span;
    }
}

impl Sub for Time {
    type Output = Millis;
    fn sub(self, earlier: Time) -> Millis {
        self.millis().saturating_sub(earlier.millis())
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_span(self.millis()))
    }
}

/// A span as people write it: `0s`, `1.5s`, `1m30s`, `2h5m`, `3d4h`; at most two units, and milliseconds only below a minute.
pub fn format_span(span: Millis) -> String {
    let sign = if span < 0 { "-" } else { "" };
    let ms = span.unsigned_abs();
    let (seconds, rest) = (ms / 1_000, ms % 1_000);
    if seconds < 60 {
        if rest == 0 {
            return format!("{sign}{seconds}s");
        }
        let fraction = format!("{rest:03}");
        return format!("{sign}{seconds}.{}s", fraction.trim_end_matches('0'));
    }
    let two = |big: u64, big_unit: &str, small: u64, small_unit: &str| {
        if small == 0 { format!("{sign}{big}{big_unit}") } else { format!("{sign}{big}{big_unit}{small}{small_unit}") }
    };
    match seconds {
        s if s < 3_600 => two(s / 60, "m", s % 60, "s"),
        s if s < 86_400 => two(s / 3_600, "h", s % 3_600 / 60, "m"),
        s => two(s / 86_400, "d", s % 86_400 / 3_600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_write_them() {
        let cases =
            [(0, "0s"), (1_500, "1.5s"), (-2_050, "-2.05s"), (60_000, "1m"), (355_000, "5m55s"), (7_500_000, "2h5m"), (90_000_000, "1d1h")];
        for (ms, text) in cases {
            assert_eq!(format_span(ms), text);
        }
    }

    #[test]
    fn moments_are_ordered_as_their_milliseconds() {
        let all = [i64::MIN + 1, -1_000, -1, 0, 1, 5_000, i64::MAX];
        assert!(all.windows(2).all(|pair| Time::at(pair[0]) < Time::at(pair[1])));
        assert!(all.iter().all(|&millis| Time::at(millis).millis() == millis));
        assert_eq!((Time::at(i64::MIN), size_of::<Option<Time>>()), (Time::EARLIEST, 8));
        assert_eq!(format!("{:?}", Time::at(-5)), "Time(-5)");
    }

    #[test]
    fn time_saturates_instead_of_wrapping() {
        assert_eq!(Time::NEVER + SECOND, Time::NEVER);
    }
}
