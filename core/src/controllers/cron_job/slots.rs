//! Which moment of a schedule a Job is due for (`pkg/controller/cronjob/utils.go`, v1.37). Moments are milliseconds since 1970.

use crate::units::cron::Schedule;
use crate::units::time::{Millis, SECOND};

/// More missed moments than this are told of.
const MANY: i64 = 100;
/// Added to the next moment, so that a clock that runs slow does not miss it (`nextScheduleDelta`).
pub(super) const AFTER_SLOT: Millis = 100;

/// What is known of a CronJob's past.
#[derive(Clone, Copy, Debug)]
pub(super) struct Past {
    /// Its last slot, else its creation.
    pub(super) since: i64,
    /// `startingDeadlineSeconds`.
    pub(super) deadline: Option<Millis>,
}

/// The latest slot that is over or due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Latest {
    /// From where on slots were looked for.
    pub(super) earliest: i64,
    /// The slot; none if none is due.
    pub(super) slot: Option<i64>,
    /// At least one more slot lies before it.
    pub(super) missed: bool,
    /// So many do that it is told of.
    pub(super) missed_many: bool,
}

/// The schedule has no two moments: `31 February`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoSlots;

fn next(schedule: &Schedule, unix_ms: i64) -> Option<i64> {
    schedule.next(unix_ms.div_euclid(SECOND)).map(|s| s * SECOND)
}

/// `mostRecentScheduleTime`.
///
/// # Errors
/// The schedule is never due.
pub(super) fn latest(schedule: &Schedule, past: Past, now: i64, with_deadline: bool) -> Result<Latest, NoSlots> {
    let mut earliest = past.since;
    if with_deadline && let Some(deadline) = past.deadline {
        earliest = earliest.max(now - deadline);
    }
    let none = Latest { earliest, slot: None, missed: false, missed_many: false };
    let first = next(schedule, earliest).ok_or(NoSlots)?;
    if now < first {
        return Ok(none);
    }
    let second = next(schedule, first).ok_or(NoSlots)?;
    if now < second {
        return Ok(Latest { slot: Some(first), ..none });
    }
    // An estimate, from the distance of the first two; then the slots near the end of the time are tried.
    let apart = (second - first) / SECOND;
    if apart < 1 {
        return Err(NoSlots);
    }
    let count = (now - first) / SECOND / apart + 1;
    let mut at = first + (count - 2) * apart * SECOND;
    let mut slot = None;
    while let Some(found) = next(schedule, at).filter(|&found| found <= now) {
        slot = Some(found);
        at = found;
    }
    Ok(Latest { slot, missed: count > 0, missed_many: count > MANY, ..none })
}

/// When to look again (`nextScheduleTimeDuration`); none for a schedule that is never due again.
pub(super) fn next_look(schedule: &Schedule, past: Past, now: i64) -> Option<i64> {
    let from = match latest(schedule, past, now, false) {
        Err(NoSlots) => now,
        Ok(Latest { slot: Some(slot), .. }) => slot,
        Ok(Latest { missed: false, earliest, .. }) => earliest,
        Ok(_) => now,
    };
    next(schedule, from).map(|slot| slot + AFTER_SLOT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::zone::Zone;

    fn minutely() -> Schedule {
        Schedule::parse("* * * * *", &Zone::UTC).expect("a schedule")
    }

    #[test]
    fn of_all_that_was_missed_only_the_latest_counts() {
        let past = Past { since: 30_000, deadline: None };
        let at = |now: i64| latest(&minutely(), past, now, true);
        assert_eq!(at(59_999).map(|l| (l.slot, l.missed)), Ok((None, false)));
        assert_eq!(at(60_000).map(|l| (l.slot, l.missed)), Ok((Some(60_000), false)));
        assert_eq!(at(250_000).map(|l| (l.slot, l.missed, l.missed_many)), Ok((Some(240_000), true, false)));
        assert_eq!(at(101 * 60_000).map(|l| (l.slot, l.missed_many)), Ok((Some(101 * 60_000), true)));
        assert_eq!(next_look(&minutely(), past, 250_000), Some(300_100));
    }

    #[test]
    fn a_deadline_moves_the_beginning() {
        let past = Past { since: 0, deadline: Some(10_000) };
        assert_eq!(latest(&minutely(), past, 75_000, true).map(|l| l.slot), Ok(None), "the slot at a minute is fifteen seconds old");
        assert_eq!(latest(&minutely(), past, 65_000, true).map(|l| l.slot), Ok(Some(60_000)));
    }

    #[test]
    fn what_is_never_due_is_an_error() {
        let never = Schedule::parse("0 0 31 2 *", &Zone::UTC).expect("five fields");
        assert_eq!(latest(&never, Past { since: 0, deadline: None }, 1_000, true), Err(NoSlots));
        assert_eq!(next_look(&never, Past { since: 0, deadline: None }, 1_000), None);
    }
}
