//! Cron schedules as Kubernetes takes them: `ParseStandard` and `Next` of `github.com/robfig/cron/v3` (v3.0.1), which kube-apiserver and the
//! CronJob controller both use.

use core::fmt;

use super::calendar::{Civil, civil, moment};
use super::duration::Duration;
use super::zone::Zone;

/// A schedule: when something is due next.
#[derive(Clone, Debug)]
pub enum Schedule {
    /// Five fields, or a name for them, by the clocks of a zone.
    Fields(Fields),
    /// `@every`: so many seconds after the moment before.
    Every(i64),
}

/// The moments that five fields mean: one bit for each value that fits.
#[derive(Clone, Debug)]
pub struct Fields {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    zone: Zone,
}

/// What is wrong with a schedule, in the words of the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleError(String);

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Set for `*` and `?`: with it in one of the two fields for days, both must fit; without it, either.
const STAR: u64 = 1 << 63;

/// A field: least and greatest value, and names for some.
struct Bounds {
    least: u64,
    most: u64,
    names: &'static [&'static str],
}

const MINUTES: Bounds = Bounds { least: 0, most: 59, names: &[] };
const HOURS: Bounds = Bounds { least: 0, most: 23, names: &[] };
const DAYS: Bounds = Bounds { least: 1, most: 31, names: &[] };
const MONTHS: Bounds =
    Bounds { least: 1, most: 12, names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] };
const WEEKDAYS: Bounds = Bounds { least: 0, most: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

fn wrong<T>(why: String) -> Result<T, ScheduleError> {
    Err(ScheduleError(why))
}

impl Schedule {
    /// Reads a schedule. Its times are those of `zone` unless it begins with `TZ=` or `CRON_TZ=`.
    ///
    /// ```
    /// use wavetank_core::units::{cron::Schedule, zone::Zone};
    /// let nightly = Schedule::parse("30 2 * * MON-FRI", &Zone::UTC).expect("five fields");
    /// assert_eq!(nightly.next(1_767_225_600), Some(1_767_225_600 + 9_000), "2026-01-01 is a Thursday");
    /// assert_eq!(nightly.next(1_767_225_600 + 2 * 86_400), Some(1_767_225_600 + 4 * 86_400 + 9_000), "after Saturday comes Monday");
    /// ```
    ///
    /// # Errors
    /// It is none.
    pub fn parse(written: &str, zone: &Zone) -> Result<Schedule, ScheduleError> {
        if written.is_empty() {
            return wrong("empty spec string".to_owned());
        }
        let (mut spec, mut zone) = (written, zone.clone());
        if spec.starts_with("TZ=") || spec.starts_with("CRON_TZ=") {
            let end = spec.find(' ').unwrap_or(spec.len());
            let name = spec[..end].split_once('=').map_or("", |(_, name)| name);
            zone = Zone::named(name).or_else(|error| wrong(format!("provided bad location {name}: {error}")))?;
            spec = spec[end..].trim();
        }
        if spec.starts_with('@') {
            return descriptor(spec, zone);
        }
        let fields: Vec<&str> = spec.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return wrong(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
        };
        Ok(Schedule::Fields(Fields {
            minutes: field(minute, &MINUTES)?,
            hours: field(hour, &HOURS)?,
            days: field(day, &DAYS)?,
            months: field(month, &MONTHS)?,
            weekdays: field(weekday, &WEEKDAYS)?,
            zone,
        }))
    }

    /// The next moment after `unix` (seconds since 1970); none where there is none within five years.
    pub fn next(&self, unix: i64) -> Option<i64> {
        match self {
            Schedule::Every(seconds) => Some(unix.saturating_add(*seconds)),
            Schedule::Fields(fields) => fields.next(unix),
        }
    }
}

/// A name for five fields, or `@every`.
fn descriptor(spec: &str, zone: Zone) -> Result<Schedule, ScheduleError> {
    let all = |bounds: &Bounds| bits(bounds.least, bounds.most, 1) | STAR;
    let fields = |hours: u64, days: u64, months: u64, weekdays: u64| {
        Ok(Schedule::Fields(Fields { minutes: 1, hours, days, months, weekdays, zone: zone.clone() }))
    };
    match spec {
        "@yearly" | "@annually" => fields(1, 1 << 1, 1 << 1, all(&WEEKDAYS)),
        "@monthly" => fields(1, 1 << 1, all(&MONTHS), all(&WEEKDAYS)),
        "@weekly" => fields(1, all(&DAYS), all(&MONTHS), 1),
        "@daily" | "@midnight" => fields(1, all(&DAYS), all(&MONTHS), all(&WEEKDAYS)),
        "@hourly" => fields(all(&HOURS), all(&DAYS), all(&MONTHS), all(&WEEKDAYS)),
        _ => match spec.strip_prefix("@every ") {
            None => wrong(format!("unrecognized descriptor: {spec}")),
            Some(span) => match Duration::parse(span) {
                Ok(span) => Ok(Schedule::Every((span.nanos() / 1_000_000_000).max(1))),
                Err(error) => wrong(format!("failed to parse duration {spec}: {error}")),
            },
        },
    }
}

/// The bits from `least` to `most`, every `step`-th.
fn bits(least: u64, most: u64, step: u64) -> u64 {
    (least..=most).step_by(usize::try_from(step).unwrap_or(usize::MAX).max(1)).fold(0, |all, value| all | 1 << value)
}

/// One field: ranges, separated by commas.
fn field(written: &str, bounds: &Bounds) -> Result<u64, ScheduleError> {
    written.split(',').filter(|part| !part.is_empty()).try_fold(0, |all, part| Ok(all | range(part, bounds)?))
}

/// `number | number "-" number [ "/" number ]`.
fn range(written: &str, bounds: &Bounds) -> Result<u64, ScheduleError> {
    let mut steps = written.split('/');
    let (span, step, more) = (steps.next().unwrap_or(""), steps.next(), steps.next());
    let mut ends = span.split('-');
    let (first, last, further) = (ends.next().unwrap_or(""), ends.next(), ends.next());
    let single = last.is_none();
    let mut star = 0;
    let (start, mut end) = if first == "*" || first == "?" {
        star = STAR;
        (bounds.least, bounds.most)
    } else {
        let start = value(first, bounds)?;
        if further.is_some() {
            return wrong(format!("too many hyphens: {written}"));
        }
        (start, last.map_or(Ok(start), |last| value(last, bounds))?)
    };
    if more.is_some() {
        return wrong(format!("too many slashes: {written}"));
    }
    let step = match step {
        None => 1,
        Some(step) => {
            let step = number(step)?;
            // `N/step` means `N-most/step`.
            if single {
                end = bounds.most;
            }
            if step > 1 {
                star = 0;
            }
            step
        }
    };
    if start < bounds.least {
        return wrong(format!("beginning of range ({start}) below minimum ({}): {written}", bounds.least));
    }
    if end > bounds.most {
        return wrong(format!("end of range ({end}) above maximum ({}): {written}", bounds.most));
    }
    if start > end {
        return wrong(format!("beginning of range ({start}) beyond end of range ({end}): {written}"));
    }
    if step == 0 {
        return wrong(format!("step of range should be a positive number: {written}"));
    }
    Ok(bits(start, end, step) | star)
}

fn value(written: &str, bounds: &Bounds) -> Result<u64, ScheduleError> {
    match bounds.names.iter().position(|name| name.eq_ignore_ascii_case(written)) {
        Some(place) => Ok(bounds.least + place as u64),
        None => number(written),
    }
}

fn number(written: &str) -> Result<u64, ScheduleError> {
    match written.parse::<i64>() {
        Ok(number) if number < 0 => wrong(format!("negative number ({number}) not allowed: {written}")),
        Ok(number) => Ok(number.unsigned_abs()),
        Err(_) => wrong(format!("failed to parse int from {written}: strconv.Atoi: parsing {written:?}: invalid syntax")),
    }
}

impl Fields {
    fn day_fits(&self, shown: &Civil) -> bool {
        let of_month = self.days & 1 << shown.day != 0;
        let of_week = self.weekdays & 1 << shown.weekday != 0;
        if (self.days | self.weekdays) & STAR != 0 { of_month && of_week } else { of_month || of_week }
    }

    /// `SpecSchedule.Next`. Each loop goes on by the largest unit that does not fit, and begins again where that carries over.
    fn next(&self, unix: i64) -> Option<i64> {
        let zone = &self.zone;
        let shown = |at: i64| civil(at, zone);
        let mut at = unix.saturating_add(1);
        // Whether what is smaller than the unit that moved is at its beginning already.
        let mut reset = false;
        let last_year = shown(at).year + 5;
        'again: loop {
            let mut now = shown(at);
            if now.year > last_year {
                return None;
            }
            while self.months & 1 << now.month == 0 {
                if !reset {
                    reset = true;
                    at = moment(now.year, now.month, 1, 0, zone);
                    now = shown(at);
                }
                at = moment(now.year, now.month + 1, now.day, now.hour, zone);
                now = shown(at);
                if now.month == 1 {
                    continue 'again;
                }
            }
            while !self.day_fits(&now) {
                if !reset {
                    reset = true;
                    at = moment(now.year, now.month, now.day, 0, zone);
                    now = shown(at);
                }
                at = moment(now.year, now.month, now.day + 1, now.hour, zone);
                now = shown(at);
                // Midnight may not exist on a day on which clocks are changed.
                if now.hour != 0 {
                    at += if now.hour > 12 { 24 - now.hour } else { -now.hour } * 3_600;
                    now = shown(at);
                }
                if now.day == 1 {
                    continue 'again;
                }
            }
            while self.hours & 1 << now.hour == 0 {
                if !reset {
                    reset = true;
                    at = moment(now.year, now.month, now.day, now.hour, zone);
                }
                at += 3_600;
                now = shown(at);
                if now.hour == 0 {
                    continue 'again;
                }
            }
            while self.minutes & 1 << now.minute == 0 {
                if !reset {
                    reset = true;
                    at = at.div_euclid(60) * 60;
                }
                at += 60;
                now = shown(at);
                if now.minute == 0 {
                    continue 'again;
                }
            }
            if now.second != 0 {
                // Seconds are always zero in five fields.
                let rest = 60 - now.second;
                reset = true;
                at += rest;
                if shown(at).minute != now.minute {
                    continue 'again;
                }
            }
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-01-01T00:00:00Z, a Thursday.
    const START: i64 = 1_767_225_600;

    fn hits(spec: &str, zone: &str, from: i64, count: usize) -> Vec<String> {
        let zone = Zone::named(zone).expect("a zone");
        let schedule = Schedule::parse(spec, &zone).expect("a schedule");
        let mut at = from;
        let mut all = Vec::new();
        for _ in 0..count {
            let Some(next) = schedule.next(at) else { break };
            at = next;
            let c = civil(at, &zone);
            all.push(format!("{:02}-{:02} {:02}:{:02}:{:02}", c.month, c.day, c.hour, c.minute, c.second));
        }
        all
    }

    #[test]
    fn fields_mean_what_cron_means() {
        assert_eq!(hits("*/15 * * * *", "UTC", START + 30, 2), ["01-01 00:15:00", "01-01 00:30:00"]);
        assert_eq!(hits("0 9-17/4 * * MON-FRI", "UTC", START, 4), ["01-01 09:00:00", "01-01 13:00:00", "01-01 17:00:00", "01-02 09:00:00"]);
        assert_eq!(hits("0 0 13 * FRI", "UTC", START, 3), ["01-02 00:00:00", "01-09 00:00:00", "01-13 00:00:00"], "either day fits");
        assert_eq!(hits("0 0 13 * *", "UTC", START, 2), ["01-13 00:00:00", "02-13 00:00:00"]);
        assert_eq!(hits("0 0 29 2 ?", "UTC", START, 1), ["02-29 00:00:00"], "2028");
        assert_eq!(hits("@hourly", "UTC", START, 2), ["01-01 01:00:00", "01-01 02:00:00"]);
        assert_eq!(hits("@every 90s", "UTC", START, 2), ["01-01 00:01:30", "01-01 00:03:00"]);
        assert_eq!(hits("CRON_TZ=Asia/Tokyo 0 9 * * *", "UTC", START, 1), ["01-02 00:00:00"], "nine in Tokyo has just been");
        assert_eq!(hits("0 0 31 2 *", "UTC", START, 1), [""; 0], "there is no such day");
    }

    #[test]
    fn clocks_that_change_skip_or_repeat() {
        // 2026-03-29 02:00 becomes 03:00 in Berlin; 2026-10-25 03:00 becomes 02:00.
        let spring = START + 86 * 86_400;
        assert_eq!(hits("30 2 * * *", "Europe/Berlin", spring, 2), ["03-28 02:30:00", "03-30 02:30:00"], "there is no half past two");
        let autumn = START + 296 * 86_400 + 12 * 3_600;
        assert_eq!(
            hits("0 * * * *", "Europe/Berlin", autumn + 10 * 3_600 + 1, 4),
            ["10-25 01:00:00", "10-25 02:00:00", "10-25 02:00:00", "10-25 03:00:00"]
        );
    }

    #[test]
    fn what_is_no_schedule_is_refused_in_the_library_s_words() {
        let cases = [
            ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("* * * * 7", "end of range (7) above maximum (6): 7"),
            ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("@often", "unrecognized descriptor: @often"),
            ("", "empty spec string"),
            ("TZ=Nowhere * * * * *", "provided bad location Nowhere: unknown time zone Nowhere"),
        ];
        for (spec, why) in cases {
            assert_eq!(Schedule::parse(spec, &Zone::UTC).map(|_| ()).map_err(|e| e.to_string()), Err(why.to_owned()), "{spec}");
        }
    }

    proptest! {
        #[test]
        fn the_next_moment_is_the_first_that_fits(
            minute in prop::option::of(0u32..60), hour in prop::option::of(0u32..24), day in prop::option::of(1u32..29),
            month in prop::option::of(1u32..13), weekday in prop::option::of(0u32..7), from in START..START + 400 * 86_400,
        ) {
            let text = |value: Option<u32>| value.map_or("*".to_owned(), |v| v.to_string());
            let spec = format!("{} {} {} {} {}", text(minute), text(hour), text(day), text(month), text(weekday));
            let schedule = Schedule::parse(&spec, &Zone::UTC).expect("five numbers");
            let fits = |at: i64| {
                let c = civil(at, &Zone::UTC);
                let is = |value: Option<u32>, shown: i64| value.is_none_or(|v| i64::from(v) == shown);
                let day_fits = match (day, weekday) {
                    (Some(_), Some(_)) => is(day, c.day) || is(weekday, c.weekday),
                    _ => is(day, c.day) && is(weekday, c.weekday),
                };
                is(minute, c.minute) && is(hour, c.hour) && is(month, c.month) && day_fits
            };
            let next = schedule.next(from).expect("every such day comes within five years");
            prop_assert!(next > from && next % 60 == 0 && fits(next), "{spec}: {next}");
            let first = (from.div_euclid(60) + 1..).map(|m| m * 60).find(|&at| at >= next || fits(at));
            prop_assert_eq!(first, Some(next), "{}", spec);
        }
    }
}
