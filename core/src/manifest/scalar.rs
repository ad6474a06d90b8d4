//! What a plain scalar means: the YAML 1.1 rules of `sigs.k8s.io/yaml` (goyaml.v2 `resolve.go`), which `kubectl` follows.
//!
//! Owns the resolution of one scalar. It never sees structure.

/// A scalar's meaning.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar<'t> {
    /// `null`, `~`, or nothing.
    Null,
    /// A boolean: also `yes`, `on`, `y` and their opposites.
    Bool(bool),
    /// An integer that fits.
    Int(i64),
    /// One that fits only unsigned.
    Uint(u64),
    /// A number with a point or exponent, or an integer too large.
    Float(f64),
    /// Anything else.
    Str(&'t str),
}

/// The meaning of a plain (unquoted, untagged) scalar.
pub(crate) fn resolve_plain(text: &str) -> Scalar<'_> {
    let Some(first) = text.bytes().next() else { return Scalar::Null };
    match first {
        b'+' | b'-' | b'.' | b'0'..=b'9' => number(text).unwrap_or(Scalar::Str(text)),
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        _ => Scalar::Str(text),
    }
}

fn word(text: &str) -> Scalar<'_> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Scalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Scalar::Bool(false),
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        _ => Scalar::Str(text),
    }
}

/// Integers in any base Go knows, floats, infinities; underscores are ignored in integers.
pub(crate) fn number(text: &str) -> Option<Scalar<'static>> {
    match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Some(Scalar::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => return Some(Scalar::Float(f64::NEG_INFINITY)),
        ".nan" | ".NaN" | ".NAN" => return Some(Scalar::Float(f64::NAN)),
        _ => {}
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b)) {
        return None;
    }
    if !text.starts_with('.') {
        let plain: std::borrow::Cow<'_, str> = if text.contains('_') { text.replace('_', "").into() } else { text.into() };
        if let Some(int) = integer(&plain) {
            return Some(int);
        }
        if is_float(&plain) {
            return plain.parse().ok().filter(|f: &f64| f.is_finite()).map(Scalar::Float);
        }
        return None;
    }
    if is_float(text) { text.parse().ok().filter(|f: &f64| f.is_finite()).map(Scalar::Float) } else { None }
}

/// `strconv.ParseInt(text, 0, 64)`, then `ParseUint`.
fn integer(text: &str) -> Option<Scalar<'static>> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    match (negative, i64::try_from(magnitude)) {
        (false, Ok(value)) => Some(Scalar::Int(value)),
        (true, Ok(value)) => Some(Scalar::Int(-value)),
        (true, Err(_)) if magnitude == 1 << 63 => Some(Scalar::Int(i64::MIN)),
        (false, Err(_)) if !text.starts_with('+') => Some(Scalar::Uint(magnitude)),
        _ => None,
    }
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let mantissa_ok = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    mantissa_ok && exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)))
}

/// A float as Go's `encoding/json` writes it: what a number is called in a message, and how a quantity reads it.
pub(crate) fn float_text(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let text = format!("{value:e}");
        return match text.split_once('e') {
            Some((mantissa, exponent)) if !exponent.starts_with('-') => format!("{mantissa}e+{exponent:0>2}"),
            _ => text,
        };
    }
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_and_numbers_follow_yaml_1_1() {
        use Scalar::{Bool, Float, Int, Null, Str, Uint};
        for (text, want) in [
            ("yes", Bool(true)),
            ("y", Bool(true)),
            ("Off", Bool(false)),
            ("tRuE", Str("tRuE")),
            ("~", Null),
            ("", Null),
            ("none", Str("none")),
            ("010", Int(8)),
            ("0o17", Int(15)),
            ("08", Float(8.0)),
            ("0x1F", Int(31)),
            ("-0x10", Int(-16)),
            ("1_000", Int(1000)),
            ("_1", Str("_1")),
            ("1.", Float(1.0)),
            (".5", Float(0.5)),
            ("1e3", Float(1000.0)),
            ("1e400", Str("1e400")),
            ("12345678901234567890", Uint(12_345_678_901_234_567_890)),
            ("-9223372036854775808", Int(i64::MIN)),
            ("1.2.3", Str("1.2.3")),
            ("100m", Str("100m")),
            ("0x", Str("0x")),
            ("190:20:30", Str("190:20:30")),
            ("2024-01-01", Str("2024-01-01")),
            ("nan", Str("nan")),
            ("-", Str("-")),
        ] {
            assert_eq!(resolve_plain(text), want, "{text}");
        }
        assert!(matches!(resolve_plain(".nan"), Float(f) if f.is_nan()));
    }
}
