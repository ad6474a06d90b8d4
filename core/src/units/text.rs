//! Text from manifests made safe to print, and words that are close to each other.
//!
//! Owns [`visible`], through which every name, label or value from outside goes before it reaches a
//! terminal or a message. It never marks text up for HTML or SVG: the renderers escape that.

use std::borrow::Cow;

/// `text` with everything escaped that could move a cursor, recolour a terminal, break a line or
/// reorder what is read: C0 and C1 controls, line and paragraph separators, zero-width and
/// bidirectional controls. Printable text comes back borrowed.
///
/// ```
/// use wavetank_core::units::text::visible;
/// assert_eq!(visible("web-1"), "web-1");
/// assert_eq!(visible("a\u{1b}[31m\n\u{202e}b"), r"a\u{1b}[31m\n\u{202e}b");
/// ```
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    // Nearly all texts: looked at byte by byte.
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || !text.chars().any(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) { out.extend(c.escape_debug().flat_map(escaped)) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// `escape_debug` leaves some format characters as they are: those are written as code points.
fn escaped(c: char) -> impl Iterator<Item = char> {
    let code = hidden(c).then(|| c.escape_unicode());
    let plain = (!hidden(c)).then_some(c);
    code.into_iter().flatten().chain(plain)
}

/// Whether a character has an effect without being seen.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// At most `limit` characters of [`visible`] text, with `…` where something was cut.
#[must_use]
pub fn visible_short(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((cut, _)) => format!("{}…", visible(&text[..cut])),
        None => visible(text).into_owned(),
    }
}

/// The candidate nearest to `word`, if it is near enough to be what was meant: at most a third of
/// the letters differ, or only their case. The first of equals wins.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = word.chars().flat_map(char::to_lowercase).take(64).collect();
    let limit = (wanted.len().max(3) / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let letters: Vec<char> = candidate.chars().flat_map(char::to_lowercase).take(64).collect();
        if letters.len().abs_diff(wanted.len()) > limit {
            continue;
        }
        let distance = edits(&wanted, &letters);
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Insertions, deletions and replacements from one word to the other.
fn edits(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let cost = (diagonal + usize::from(a != b)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = cost;
        }
    }
    row[to.len()]
}

/// Thousandths as a number of times: `3`, `0.34`, `1.5`.
#[must_use]
pub fn times(milli: i64) -> String {
    let (sign, milli) = (if milli < 0 { "-" } else { "" }, milli.unsigned_abs());
    let rest = format!("{:03}", milli % 1_000);
    match rest.trim_end_matches('0') {
        "" => format!("{sign}{}", milli / 1_000),
        rest => format!("{sign}{}.{rest}", milli / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_invisible_gets_through() {
        for code in (0..0x20).chain([0x7f, 0x85, 0x200b, 0x200e, 0x202a, 0x202e, 0x2066, 0x2069, 0x2028, 0xfeff]) {
            let c = char::from_u32(code).unwrap();
            let shown = visible(&format!("a{c}b")).into_owned();
            assert!(!shown.contains(c), "{code:x}");
            assert!(shown.starts_with('a') && shown.ends_with('b'));
        }
        assert_eq!(visible("日本 🚢 é"), "日本 🚢 é");
    }

    #[test]
    fn near_words_are_found_and_far_ones_not() {
        assert_eq!(nearest("contAIN3rz", ["containers", "volumes"]), Some("containers"));
        assert_eq!(nearest("replica", ["replicas", "revision"]), Some("replicas"));
        assert_eq!(nearest("xyz", ["containers", "volumes"]), None);
    }

    #[test]
    fn thousandths_are_told_as_people_say_them() {
        assert_eq!([3_000, 340, 1_500, 5, 0, -250].map(times), ["3", "0.34", "1.5", "0.005", "0", "-0.25"]);
    }
}
