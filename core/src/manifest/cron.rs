//! Cron schedules, as far as saying whether a text is one.
//!
//! Owns the form of `cron.ParseStandard` (`github.com/robfig/cron/v3` v3.0.1) and of time zones. It computes no times.

/// Whether the text is a schedule: five fields, or a word such as `@daily`, perhaps after a time zone.
pub(super) fn is_schedule(text: &str) -> bool {
    let mut rest = text;
    if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
        let Some((zone, after)) = text.split_once(' ') else { return false };
        let name = zone.split_once('=').map_or("", |(_, name)| name);
        if !name.is_empty() && !is_zone(name) {
            return false;
        }
        rest = after.trim();
    }
    if let Some(word) = rest.strip_prefix('@') {
        return matches!(word, "yearly" | "annually" | "monthly" | "weekly" | "daily" | "midnight" | "hourly")
            || word.strip_prefix("every ").is_some_and(is_duration);
    }
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields[..] else { return false };
    field(minute, 0, 59, &[], 0)
        && field(hour, 0, 23, &[], 0)
        && field(day, 1, 31, &[], 0)
        && field(month, 1, 12, &MONTHS, 1)
        && field(weekday, 0, 6, &DAYS, 0)
}

/// `getField`: ranges joined by commas; empty ones between commas do not count.
fn field(text: &str, low: u32, high: u32, names: &[&str], first: u32) -> bool {
    text.split(',').filter(|part| !part.is_empty()).all(|part| range(part, low, high, names, first))
}

/// `getRange`: `number`, `number-number` or `*`, each perhaps with `/step`.
fn range(text: &str, low: u32, high: u32, names: &[&str], first: u32) -> bool {
    let value = |text: &str| {
        let named = names.iter().position(|name| text.eq_ignore_ascii_case(name)).map(|i| i as u32 + first);
        named.or_else(|| text.parse::<u32>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit())))
    };
    let parts: Vec<&str> = text.split('/').collect();
    let bounds: Vec<&str> = parts[0].split('-').collect();
    let (start, mut end) = if matches!(bounds[0], "*" | "?") {
        (Some(low), Some(high))
    } else {
        match bounds[..] {
            [one] => (value(one), value(one)),
            [from, to] => (value(from), value(to)),
            _ => return false,
        }
    };
    match parts[..] {
        [_] => {}
        [_, step] => {
            if value_of_step(step).is_none_or(|step| step == 0) {
                return false;
            }
            if bounds.len() == 1 {
                end = Some(high);
            }
        }
        _ => return false,
    }
    matches!((start, end), (Some(start), Some(end)) if start >= low && end <= high && start <= end)
}

fn value_of_step(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()))
}

/// `time.ParseDuration`, as far as the form goes.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let number = &rest[..digits];
        if number.matches('.').count() > 1 || number.trim_matches('.').is_empty() {
            return false;
        }
        rest = &rest[digits..];
        let unit = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"].into_iter().filter(|u| rest.starts_with(u)).max_by_key(|u| u.len());
        let Some(unit) = unit else { return false };
        rest = &rest[unit.len()..];
    }
    !text.is_empty()
}

/// Whether a name has the form of a time zone's. That there is one of that name only the zone database knows; its areas are known here.
pub(super) fn is_zone(name: &str) -> bool {
    const AREAS: [&str; 16] = [
        "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Brazil", "Canada", "Chile", "Etc", "Europe", "Indian",
        "Mexico", "Pacific", "US",
    ];
    const ALONE: [&str; 41] = [
        "CET", "CST6CDT", "Cuba", "EET", "EST", "EST5EDT", "Egypt", "Eire", "Factory", "GB", "GB-Eire", "GMT", "GMT+0", "GMT-0", "GMT0",
        "Greenwich", "HST", "Hongkong", "Iceland", "Iran", "Israel", "Jamaica", "Japan", "Kwajalein", "Libya", "MET", "MST", "MST7MDT", "NZ",
        "NZ-CHAT", "Navajo", "PRC", "PST8PDT", "Poland", "Portugal", "ROC", "ROK", "Singapore", "Turkey", "UTC", "Zulu",
    ];
    let part = |part: &str| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b"._+-".contains(&b);
        !part.is_empty() && part.len() <= 14 && !part.starts_with('-') && part != "." && part != ".." && part.bytes().all(inner)
    };
    if !name.split('/').all(part) {
        return false;
    }
    match name.split_once('/') {
        Some((area, place)) => AREAS.contains(&area) && place.starts_with(|c: char| c.is_ascii_uppercase()),
        None => ALONE.contains(&name) || matches!(name, "UCT" | "Universal" | "W-SU" | "WET"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_known() {
        for good in ["* * * * *", "*/5 0-6 1,15 jan-MAR MON", "@daily", "@every 1h30m", "TZ=UTC 0 0 * * *", "0 0 ? * 6", "5/15 * * * *"] {
            assert!(is_schedule(good), "{good}");
        }
        for bad in ["", "* * * *", "60 * * * *", "* * * * 7", "5-3 * * * *", "@fortnightly", "@every x", "*/0 * * * *", "a * * * *", "TZ=0"] {
            assert!(!is_schedule(bad), "{bad}");
        }
    }

    #[test]
    fn zones_are_known_by_their_form() {
        assert!(is_zone("Europe/Berlin") && is_zone("America/Argentina/Salta") && is_zone("UTC") && is_zone("Etc/GMT+8"));
        assert!(!is_zone("") && !is_zone("Local") && !is_zone("Nowhere/Here") && !is_zone("../x") && !is_zone("europe/berlin"));
    }
}
