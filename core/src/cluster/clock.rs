//! What the clocks on the wall show when virtual time is zero: schedules are written by them.

use crate::units::time::{EPOCH_UNIX_MS, MINUTE, Time};

/// The wall clock of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Milliseconds since 1970 at time zero.
    pub unix_ms_at_zero: i64,
}

impl Default for Clock {
    /// Half past noon and half a minute on the first day of 2026, a Thursday: no schedule that people write is due within the half minute
    /// around the start.
    fn default() -> Clock {
        Clock { unix_ms_at_zero: EPOCH_UNIX_MS + (12 * 60 + 30) * MINUTE + MINUTE / 2 }
    }
}

impl Clock {
    /// Milliseconds since 1970 at a moment.
    pub const fn unix_ms(self, time: Time) -> i64 {
        self.unix_ms_at_zero.saturating_add(time.millis())
    }

    /// The moment of so many milliseconds since 1970.
    pub const fn time_of(self, unix_ms: i64) -> Time {
        Time::at(unix_ms.saturating_sub(self.unix_ms_at_zero))
    }
}
