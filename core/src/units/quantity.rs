//! Kubernetes' `resource.Quantity`: exact decimal amounts with SI and binary suffixes.
//!
//! Owns parsing, canonical text, rounding and arithmetic
//! (`k8s.io/apimachinery/pkg/api/resource/quantity.go`, v1.37). Never a float. It knows nothing of
//! which resource an amount is of.

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, Sub};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Nano units in one unit: the finest precision a quantity keeps (`resource.Nano`).
const NANOS: i128 = 1_000_000_000;

/// The suffix family a quantity was written with; it decides how the canonical text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum QuantityFormat {
    /// `12Mi`: powers of 1024.
    BinarySi,
    /// `12M`, `100m`: powers of 1000.
    #[default]
    DecimalSi,
    /// `12e6`: a decimal exponent.
    DecimalExponent,
}

/// An exact amount, in billionths of a unit.
///
/// Equality, order and hashing go by value: `1Gi == 1024Mi`. Amounts beyond about 1.7e29 units
/// saturate; Kubernetes itself promises nothing above 2^63-1.
///
/// ```
/// use wavetank_core::units::quantity::Quantity;
/// let q = Quantity::parse("1.5Gi").unwrap();
/// assert_eq!(q.to_string(), "1536Mi");
/// assert_eq!(Quantity::parse("100.5m").unwrap().milli_value(), 101);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Quantity {
    nanos: i128,
    format: QuantityFormat,
}

/// Why a text is not a quantity; `Display` gives Kubernetes' own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityError {
    /// The text does not have the form of a quantity at all.
    Format,
    /// The suffix is not one Kubernetes knows.
    Suffix,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            Self::Suffix => "unable to parse quantity's suffix",
        })
    }
}

impl std::error::Error for QuantityError {}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self { nanos: 0, format: QuantityFormat::DecimalSi };

    /// Parses `text` as `resource.ParseQuantity` does.
    ///
    /// # Errors
    /// The text has not the form of a quantity, or a suffix that does not exist. Digits may be missing: `m` is nothing.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let (negative, whole, fraction, suffix) = split(text)?;
        let (base, exponent, format) = suffix_of(suffix).ok_or(QuantityError::Suffix)?;
        let magnitude = nanos_of(whole, fraction, base, exponent);
        Ok(Self { nanos: if negative { -magnitude } else { magnitude }, format })
    }

    /// The text by which a quantity is passed on: as it was written where Kubernetes takes that for canonical, else the canonical form
    /// (`ParseQuantity`, which keeps the text of simple numbers).
    ///
    /// # Errors
    /// The text has not the form of a quantity.
    pub fn passed_on(text: &str) -> Result<String, QuantityError> {
        let amount = Self::parse(text)?;
        let (_, whole, fraction, suffix) = split(text)?;
        let number = whole.trim_start_matches('0');
        let shifted = format!("{number}{fraction}");
        let digits = shifted.len();
        let Ok(value) = shifted.parse::<i64>() else { return Ok(amount.to_string()) };
        let kept = match suffix_of(suffix) {
            Some((2, exponent, _)) => {
                fraction.is_empty()
                    && exponent >= 0
                    && digits as i64 + i64::from(exponent) * 3 / 10 < 15
                    && exponent % 10 == 0
                    && value & 7 != 0
            }
            Some((_, exponent, _)) => {
                let scale = i64::from(exponent) - fraction.len() as i64;
                digits <= 18 && scale >= -9 && scale % 3 == 0 && !shifted.ends_with("000") && !shifted.starts_with('0')
            }
            None => false,
        };
        Ok(if kept { text.to_owned() } else { amount.to_string() })
    }

    /// `value` whole units, written in decimal.
    #[must_use]
    pub fn from_value(value: i64) -> Self {
        Self { nanos: i128::from(value) * NANOS, format: QuantityFormat::DecimalSi }
    }

    /// `milli` thousandths of a unit, written in decimal.
    #[must_use]
    pub fn from_milli(milli: i64) -> Self {
        Self { nanos: i128::from(milli) * (NANOS / 1000), format: QuantityFormat::DecimalSi }
    }

    /// `value` whole units, written with binary suffixes.
    #[must_use]
    pub fn from_bytes(value: i64) -> Self {
        Self { nanos: i128::from(value) * NANOS, format: QuantityFormat::BinarySi }
    }

    /// Whole units, rounded away from zero, saturating at the ends of `i64` (`Quantity.Value`).
    #[must_use]
    pub fn value(&self) -> i64 {
        self.scaled(NANOS)
    }

    /// Thousandths of a unit, rounded away from zero, saturating (`Quantity.MilliValue`).
    #[must_use]
    pub fn milli_value(&self) -> i64 {
        self.scaled(NANOS / 1000)
    }

    /// The next whole number of units (`Quantity.RoundUp(0)`).
    #[must_use]
    pub fn round_up(self) -> Self {
        if self.is_integer() { self } else { Self { nanos: i128::from(self.value()) * NANOS, format: self.format } }
    }

    /// `count` times the amount, saturating.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { nanos: self.nanos.saturating_mul(i128::from(count)), format: self.format }
    }

    /// Whether the amount is nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.nanos == 0
    }

    /// -1, 0 or 1 (`Quantity.Sign`).
    #[must_use]
    pub fn sign(&self) -> i32 {
        match self.nanos.cmp(&0) {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }
    }

    /// Whether the amount is a whole number of units.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        self.nanos % NANOS == 0
    }

    /// The amount rounded away from zero to thousandths (`Quantity.RoundUp(Milli)`).
    #[must_use]
    pub fn rounded_to_milli(&self) -> Self {
        let unit = NANOS / 1000;
        let rest = self.nanos % unit;
        let up = if rest == 0 { 0 } else { unit * self.nanos.signum() - rest };
        Self { nanos: self.nanos + up, format: self.format }
    }

    /// Which suffix family the canonical text uses.
    #[must_use]
    pub fn format(&self) -> QuantityFormat {
        self.format
    }

    fn scaled(&self, unit: i128) -> i64 {
        let magnitude = self.nanos.unsigned_abs().div_ceil(unit.unsigned_abs());
        let magnitude = i128::try_from(magnitude).unwrap_or(i128::MAX);
        let signed = if self.nanos < 0 { -magnitude } else { magnitude };
        i64::try_from(signed).unwrap_or(if signed < 0 { i64::MIN } else { i64::MAX })
    }
}

/// Cuts a text into sign, digits before and after the point, and suffix (`parseQuantityString`).
fn split(text: &str) -> Result<(bool, &str, &str, &str), QuantityError> {
    let bytes = text.as_bytes();
    let (negative, mut at) = match bytes.first() {
        None => return Err(QuantityError::Format),
        Some(b'-') => (true, 1),
        Some(b'+') => (false, 1),
        Some(_) => (false, 0),
    };
    let digits = |from: usize| from + bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let whole_end = digits(at);
    let whole = &text[at..whole_end];
    at = whole_end;
    let mut fraction = "";
    if bytes.get(at) == Some(&b'.') {
        let end = digits(at + 1);
        fraction = &text[at + 1..end];
        at = end;
    }
    let suffix = at;
    at += bytes[at..].iter().take_while(|b| b"eEinumkKMGTP".contains(b)).count();
    if matches!(bytes.get(at), Some(b'-' | b'+')) {
        at += 1;
    }
    at = digits(at);
    if at != bytes.len() {
        return Err(QuantityError::Format);
    }
    Ok((negative, whole, fraction, &text[suffix..]))
}

/// Base, exponent and format of a suffix (`suffixHandler.interpret`).
fn suffix_of(suffix: &str) -> Option<(u32, i32, QuantityFormat)> {
    use QuantityFormat::{BinarySi, DecimalExponent, DecimalSi};
    Some(match suffix {
        "" => (10, 0, DecimalSi),
        "n" => (10, -9, DecimalSi),
        "u" => (10, -6, DecimalSi),
        "m" => (10, -3, DecimalSi),
        "k" => (10, 3, DecimalSi),
        "M" => (10, 6, DecimalSi),
        "G" => (10, 9, DecimalSi),
        "T" => (10, 12, DecimalSi),
        "P" => (10, 15, DecimalSi),
        "E" => (10, 18, DecimalSi),
        "Ki" => (2, 10, BinarySi),
        "Mi" => (2, 20, BinarySi),
        "Gi" => (2, 30, BinarySi),
        "Ti" => (2, 40, BinarySi),
        "Pi" => (2, 50, BinarySi),
        "Ei" => (2, 60, BinarySi),
        _ => {
            let digits = suffix.strip_prefix(['e', 'E'])?;
            let exponent: i64 = digits.parse().ok()?;
            (10, exponent.clamp(-1000, 1000) as i32, DecimalExponent)
        }
    })
}

/// The magnitude in nano units, rounded away from zero, saturating.
fn nanos_of(whole: &str, fraction: &str, base: u32, exponent: i32) -> i128 {
    // The power of ten by which the digits, read as one integer, are to be multiplied.
    let mut shift = 9 - i32::try_from(fraction.len()).unwrap_or(i32::MAX);
    let mut factor: u128 = 1;
    if base == 10 {
        shift = shift.saturating_add(exponent);
    } else {
        factor = 1u128 << exponent;
    }
    let digits = whole.bytes().chain(fraction.bytes()).skip_while(|b| *b == b'0');
    let mut mantissa: u128 = 0;
    let mut dropped = 0;
    let mut inexact = false;
    for digit in digits {
        let next = mantissa.checked_mul(10).and_then(|m| m.checked_add(u128::from(digit - b'0')));
        // Room is kept for the binary factor; digits beyond it only matter for rounding.
        match next {
            Some(next) if dropped == 0 && next < (1u128 << 66) => mantissa = next,
            _ => {
                dropped += 1;
                inexact |= digit != b'0';
            }
        }
    }
    if mantissa == 0 {
        return 0;
    }
    shift = shift.saturating_add(dropped);
    let mut amount = mantissa.saturating_mul(factor);
    if shift >= 0 {
        for _ in 0..shift {
            amount = amount.saturating_mul(10);
            if amount >= i128::MAX.unsigned_abs() {
                return i128::MAX;
            }
        }
        if inexact {
            amount = amount.saturating_add(1);
        }
    } else {
        let power = 10u128.checked_pow(shift.unsigned_abs()).unwrap_or(u128::MAX);
        let rest = amount % power;
        amount /= power;
        if rest != 0 || inexact {
            amount += 1;
        }
    }
    i128::try_from(amount).unwrap_or(i128::MAX)
}

impl fmt::Display for Quantity {
    /// The canonical form (`Quantity.CanonicalizeBytes`): no fraction, the largest suffix that loses nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return f.write_str("0");
        }
        let sign = if self.nanos < 0 { "-" } else { "" };
        let magnitude = self.nanos.unsigned_abs();
        let nanos = NANOS.unsigned_abs();
        let binary = self.format == QuantityFormat::BinarySi && magnitude >= 1024 * nanos;
        if binary {
            let mut amount = magnitude.div_ceil(nanos);
            let mut power = 0usize;
            while amount.is_multiple_of(1024) && power < 6 {
                amount /= 1024;
                power += 1;
            }
            let suffix = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][power];
            return write!(f, "{sign}{amount}{suffix}");
        }
        let mut amount = magnitude;
        let mut power = 0usize;
        while amount.is_multiple_of(1000) && power < 9 {
            amount /= 1000;
            power += 1;
        }
        if self.format == QuantityFormat::DecimalExponent {
            return match power {
                3 => write!(f, "{sign}{amount}"),
                _ => write!(f, "{sign}{amount}e{}", power as i32 * 3 - 9),
            };
        }
        let suffix = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][power];
        write!(f, "{sign}{amount}{suffix}")
    }
}

impl std::str::FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        Self::parse(text)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl std::hash::Hash for Quantity {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.nanos.hash(state);
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl Add for Quantity {
    type Output = Self;

    /// Saturating; a zero takes the other's format (`Quantity.Add`).
    fn add(self, other: Self) -> Self {
        let format = if self.nanos == 0 { other.format } else { self.format };
        Self { nanos: self.nanos.saturating_add(other.nanos), format }
    }
}

impl Sub for Quantity {
    type Output = Self;

    /// Saturating; a zero takes the other's format (`Quantity.Sub`).
    fn sub(self, other: Self) -> Self {
        let format = if self.nanos == 0 { other.format } else { self.format };
        Self { nanos: self.nanos.saturating_sub(other.nanos), format }
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        Quantity::parse(text).map_or_else(|e| format!("{e:?}"), |q| q.to_string())
    }

    #[test]
    fn canonical_text_is_kubernetes_own() {
        for (given, want) in [
            ("0", "0"),
            ("-0", "0"),
            ("1.5", "1500m"),
            ("1.5Gi", "1536Mi"),
            ("1024Mi", "1Gi"),
            ("1000m", "1"),
            ("0.1m", "100u"),
            ("0.1n", "1n"),
            ("12e6", "12e6"),
            ("1200e4", "12e6"),
            ("1e2", "100"),
            ("1E", "1E"),
            ("1Ei", "1Ei"),
            ("512Ki", "512Ki"),
            ("0.5Ki", "512"),
            ("1000Ki", "1000Ki"),
            ("100Gi", "100Gi"),
            ("5.", "5"),
            (".5", "500m"),
            ("+3k", "3k"),
            ("-2500m", "-2500m"),
            ("", "Format"),
            (".", "0"),
            ("m", "0"),
            ("1 ", "Format"),
            ("1mi", "Suffix"),
            ("1Gib", "Format"),
            ("1e", "Suffix"),
            ("64MiB", "Format"),
            ("100 m", "Format"),
            ("0x1F", "Format"),
        ] {
            assert_eq!(canonical(given), want, "{given}");
        }
    }

    #[test]
    fn values_round_up_and_saturate() {
        let milli = |t: &str| Quantity::parse(t).map(|q| q.milli_value());
        assert_eq!(milli("100.1m"), Ok(101));
        assert_eq!(milli("1n"), Ok(1));
        assert_eq!(milli("9E"), Ok(i64::MAX));
        assert_eq!(milli("1e400"), Ok(i64::MAX));
        assert_eq!(milli("1e-400"), Ok(1));
        assert_eq!(Quantity::parse("1.5").map(|q| q.value()), Ok(2));
    }

    #[test]
    fn order_and_sums_go_by_value() {
        let q = |t: &str| Quantity::parse(t).unwrap();
        assert_eq!(q("1Gi"), q("1024Mi"));
        assert!(q("1G") < q("1Gi"));
        assert_eq!((q("1") + q("500m")).to_string(), "1500m");
        assert_eq!((Quantity::ZERO + q("1Gi")).to_string(), "1Gi");
        assert_eq!((q("1Gi") - q("1Mi")).to_string(), "1023Mi");
    }
}
