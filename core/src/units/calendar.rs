//! Civil dates and times of day, and what clocks in a zone show: the few functions of Go's `time` that cron schedules need.
//!
//! Moments are whole seconds since 1970 in UTC; years outside 0 to 9999 are not meant to be met.

use super::zone::Zone;

/// What a calendar and a clock on the wall show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
    /// 0 for Sunday.
    pub weekday: i64,
}

const DAY: i64 = 86_400;

/// Days from 1970-01-01 to a date; months and days beyond their ranges carry over (`time.Date` does the same).
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = (year + (month - 1).div_euclid(12), (month - 1).rem_euclid(12) + 1);
    // The year begins in March, so that the day that leap years add is its last.
    let from_march = (month + 9) % 12;
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * from_march + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468 + (day - 1)
}

/// What the clocks of a zone show at a moment.
///
/// ```
/// use wavetank_core::units::{calendar::civil, zone::Zone};
/// let shown = civil(1_767_225_600, &Zone::UTC);
/// assert_eq!((shown.year, shown.month, shown.day, shown.weekday), (2026, 1, 1, 4));
/// ```
pub fn civil(unix: i64, zone: &Zone) -> Civil {
    let shown = unix.saturating_add(zone.offset_at(unix));
    let (days, second) = (shown.div_euclid(DAY), shown.rem_euclid(DAY));
    let from_march = days + 719_468;
    let (era, of_era) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day,
        hour: second / 3_600,
        minute: second / 60 % 60,
        second: second % 60,
        weekday: (days + 4).rem_euclid(7),
    }
}

/// The moment at which the clocks of a zone show a date and an hour. What is shown twice or never (clocks being changed) is resolved as
/// Go's `time.Date` does: one of the two offsets involved.
pub fn moment(year: i64, month: i64, day: i64, hour: i64, zone: &Zone) -> i64 {
    let shown = days_of(year, month, day) * DAY + hour * 3_600;
    let mut offset = zone.offset_at(shown);
    if offset != 0 {
        offset = zone.offset_at(shown - offset);
    }
    shown - offset
}

/// `Mon, 02 Jan 2006 15:04:05 +0000`: Go's `time.RFC1123Z` of a moment in UTC.
pub fn rfc1123z(unix: i64) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let c = civil(unix, &Zone::UTC);
    let day = DAYS.get(c.weekday as usize).copied().unwrap_or("");
    let month = MONTHS.get((c.month - 1) as usize).copied().unwrap_or("");
    format!("{day}, {:02} {month} {:04} {:02}:{:02}:{:02} +0000", c.day, c.year, c.hour, c.minute, c.second)
}

/// `Thu 12:31 UTC`: short, for a story within one week.
pub fn weekday_and_time(unix: i64) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    let c = civil(unix, &Zone::UTC);
    format!("{} {:02}:{:02} UTC", DAYS.get(c.weekday as usize).copied().unwrap_or(""), c.hour, c.minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_nine_centuries_goes_there_and_back() {
        let mut weekday = civil(days_of(1600, 1, 1) * DAY, &Zone::UTC).weekday;
        for days in days_of(1600, 1, 1)..days_of(2500, 1, 1) {
            let c = civil(days * DAY, &Zone::UTC);
            assert_eq!(days_of(c.year, c.month, c.day), days);
            assert_eq!(c.weekday, weekday);
            weekday = (weekday + 1) % 7;
        }
        assert_eq!(days_of(2026, 13, 1), days_of(2027, 1, 1), "months carry over");
    }

    #[test]
    fn texts_are_go_s() {
        assert_eq!(rfc1123z(1_136_214_245), "Mon, 02 Jan 2006 15:04:05 +0000");
        assert_eq!(weekday_and_time(1_767_270_690), "Thu 12:31 UTC");
    }
}
