//! `IntOrString` read as a count or a percentage of one: `maxSurge`, `minAvailable` and their like.
//!
//! Owns the scaling of `k8s.io/apimachinery/pkg/util/intstr/intstr.go` (v1.37). It never decides
//! which way a controller rounds.

use std::fmt;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// A count, or a percentage of a total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntOrPercent {
    /// So many.
    Int(i32),
    /// So many of a hundred.
    Percent(i32),
}

/// A text that is neither a count nor a percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntOrPercentError;

impl fmt::Display for IntOrPercentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid type: string is not a percentage: write a number, or digits followed by %")
    }
}

impl std::error::Error for IntOrPercentError {}

impl IntOrPercent {
    /// Reads `25%`.
    ///
    /// # Errors
    /// When the text is not digits (with an optional sign) followed by `%`.
    pub fn parse_percent(text: &str) -> Result<Self, IntOrPercentError> {
        let digits = text.strip_suffix('%').ok_or(IntOrPercentError)?;
        digits.parse().map(Self::Percent).map_err(|_| IntOrPercentError)
    }

    /// The share of `total`, rounded up (`GetScaledValueFromIntOrPercent(…, true)`).
    #[must_use]
    pub fn ceil_of(self, total: i32) -> i32 {
        match self {
            Self::Int(count) => count,
            Self::Percent(percent) => {
                let product = i64::from(percent) * i64::from(total);
                saturate(-(-product).div_euclid(100))
            }
        }
    }

    /// The share of `total`, rounded down (`GetScaledValueFromIntOrPercent(…, false)`).
    #[must_use]
    pub fn floor_of(self, total: i32) -> i32 {
        match self {
            Self::Int(count) => count,
            Self::Percent(percent) => saturate((i64::from(percent) * i64::from(total)).div_euclid(100)),
        }
    }
}

fn saturate(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(if value < 0 { i32::MIN } else { i32::MAX })
}

impl TryFrom<&IntOrString> for IntOrPercent {
    type Error = IntOrPercentError;

    fn try_from(value: &IntOrString) -> Result<Self, IntOrPercentError> {
        match value {
            IntOrString::Int(count) => Ok(Self::Int(*count)),
            IntOrString::String(text) => Self::parse_percent(text),
        }
    }
}

impl fmt::Display for IntOrPercent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_round_both_ways() {
        let quarter = IntOrPercent::parse_percent("25%").unwrap();
        assert_eq!((quarter.ceil_of(10), quarter.floor_of(10)), (3, 2));
        assert_eq!((quarter.ceil_of(8), quarter.floor_of(8)), (2, 2));
        assert_eq!(IntOrPercent::Int(7).ceil_of(3), 7);
        assert_eq!(IntOrPercent::Percent(-25).ceil_of(10), -2);
        assert_eq!(IntOrPercent::Percent(-25).floor_of(10), -3);
        assert!(IntOrPercent::parse_percent("25").is_err());
        assert!(IntOrPercent::parse_percent("x%").is_err());
    }
}
