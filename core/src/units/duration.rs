//! Go's `time.Duration`: signed nanoseconds with texts such as `1h2m3.5s`.
//!
//! Owns parsing and formatting as Go's `time.ParseDuration` and `Duration.String` do, which is how
//! `metav1.Duration` is read and written. It is not virtual time and holds no clock.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A span of time in nanoseconds.
///
/// ```
/// use wavetank_core::units::duration::Duration;
/// assert_eq!(Duration::parse("1h2m3.5s").unwrap().to_string(), "1h2m3.5s");
/// assert_eq!(Duration::parse("90s").unwrap().to_string(), "1m30s");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(i64);

/// Why a text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DurationError {
    /// Not of the form `[+-](number unit)+`, or longer than about 292 years.
    Invalid,
    /// A number without `h`, `m`, `s`, `ms`, `us`, `µs` or `ns` behind it.
    MissingUnit,
    /// A unit that is none of those.
    UnknownUnit,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "invalid duration: write numbers with units, such as 1h30m or 2.5s",
            Self::MissingUnit => "missing unit in duration: use h, m, s, ms, us or ns",
            Self::UnknownUnit => "unknown unit in duration: use h, m, s, ms, us or ns",
        })
    }
}

impl std::error::Error for DurationError {}

impl Duration {
    /// From nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From whole seconds, saturating.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// In nanoseconds.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Parses as `time.ParseDuration`.
    ///
    /// # Errors
    /// See [`DurationError`].
    pub fn parse(text: &str) -> Result<Self, DurationError> {
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Self(0));
        }
        if rest.is_empty() {
            return Err(DurationError::Invalid);
        }
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let (whole, after) = leading_digits(rest);
            let (fraction, after) = match after.strip_prefix('.') {
                Some(tail) => leading_digits(tail),
                None => ("", after),
            };
            if whole.is_empty() && fraction.is_empty() {
                return Err(DurationError::Invalid);
            }
            let unit_len = after.bytes().take_while(|b| *b != b'.' && !b.is_ascii_digit()).count();
            let (unit, after) = after.split_at(unit_len);
            let scale: u64 = match unit {
                "" => return Err(DurationError::MissingUnit),
                "ns" => 1,
                "us" | "µs" | "μs" => 1_000,
                "ms" => 1_000_000,
                "s" => 1_000_000_000,
                "m" => 60_000_000_000,
                "h" => 3_600_000_000_000,
                _ => return Err(DurationError::UnknownUnit),
            };
            let part = part_nanos(whole, fraction, scale).ok_or(DurationError::Invalid)?;
            total = total.checked_add(part).filter(|t| *t <= 1 << 63).ok_or(DurationError::Invalid)?;
            rest = after;
        }
        let nanos = match (negative, i64::try_from(total)) {
            (true, Ok(n)) => -n,
            (true, Err(_)) => i64::MIN,
            (false, Ok(n)) => n,
            (false, Err(_)) => return Err(DurationError::Invalid),
        };
        Ok(Self(nanos))
    }
}

fn leading_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// `whole.fraction` times `scale`; digits finer than a nanosecond are cut, as Go does.
fn part_nanos(whole: &str, fraction: &str, scale: u64) -> Option<u64> {
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut nanos = u128::from(whole) * u128::from(scale);
    let kept = &fraction[..fraction.len().min(18)];
    if !kept.is_empty() {
        let numerator: u128 = kept.parse().ok()?;
        nanos += numerator * u128::from(scale) / 10u128.pow(kept.len() as u32);
    }
    u64::try_from(nanos).ok()
}

impl fmt::Display for Duration {
    /// As Go prints it: `1h0m0s`, `1.5s`, `300ms`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let (unit, name) = match nanos {
            0 => return f.write_str("0s"),
            1..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            1_000_000..1_000_000_000 => (1_000_000, "ms"),
            _ => (1_000_000_000, "s"),
        };
        f.write_str(sign)?;
        let mut whole = nanos / unit;
        if name == "s" {
            let (hours, minutes) = (whole / 3600, whole / 60 % 60);
            if hours > 0 {
                write!(f, "{hours}h")?;
            }
            if hours > 0 || minutes > 0 {
                write!(f, "{minutes}m")?;
            }
            whole %= 60;
        }
        write!(f, "{whole}")?;
        let rest = nanos % unit;
        if rest > 0 {
            let width = unit.ilog10() as usize;
            let digits = format!("{rest:0width$}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str(name)
    }
}

impl std::str::FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        Self::parse(text)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_as_go() {
        for (given, want) in [
            ("0", "0s"),
            ("1h", "1h0m0s"),
            ("1h2m3.5s", "1h2m3.5s"),
            ("90s", "1m30s"),
            ("-1.5h", "-1h30m0s"),
            ("300ms", "300ms"),
            ("1.5us", "1.5µs"),
            ("+5s", "5s"),
            (".5s", "500ms"),
            ("1.0000000001s", "1s"),
        ] {
            assert_eq!(Duration::parse(given).map(|d| d.to_string()), Ok(want.to_owned()), "{given}");
        }
        for (given, want) in [
            ("", DurationError::Invalid),
            ("-", DurationError::Invalid),
            (".s", DurationError::Invalid),
            ("5", DurationError::MissingUnit),
            ("5d", DurationError::UnknownUnit),
            ("9999999999h", DurationError::Invalid),
        ] {
            assert_eq!(Duration::parse(given), Err(want), "{given}");
        }
    }
}
