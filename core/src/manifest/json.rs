//! JSON text into a [`Builder`](super::builder::Builder).
//!
//! Owns strict JSON (RFC 8259), one value at a time, as `kubectl` first tries a text that begins
//! with `{`. What is JSON only loosely goes to the YAML reader.

use std::borrow::Cow;

use super::builder::{Builder, Fault, FaultKind, Range, Style};
use super::tree::NodeId;

/// Reads one value of `text` from byte `start` on; returns its root and where it ends.
pub(super) fn read_value(text: &str, start: usize, builder: &mut Builder) -> Result<(Option<NodeId>, usize), Fault> {
    builder.start_document();
    let mut reader = Reader { text, bytes: text.as_bytes(), at: start };
    // One entry for each open collection: whether it is a map.
    let mut open: Vec<bool> = Vec::new();
    loop {
        reader.blank();
        let begin = reader.at;
        match reader.peek() {
            Some(b'{') => {
                reader.at += 1;
                builder.open(true, reader.range(begin), 0)?;
                open.push(true);
                reader.blank();
                if reader.peek() != Some(b'}') {
                    reader.key(builder)?;
                    continue;
                }
            }
            Some(b'[') => {
                reader.at += 1;
                builder.open(false, reader.range(begin), 0)?;
                open.push(false);
                reader.blank();
                if reader.peek() != Some(b']') {
                    continue;
                }
            }
            Some(b'"') => {
                let text = reader.string()?;
                builder.scalar(text, Style::Quoted, None, reader.range(begin), 0)?;
            }
            Some(_) => {
                let word = reader.word()?;
                builder.scalar(Cow::Borrowed(word), Style::Plain, None, reader.range(begin), 0)?;
            }
            None => return Err(reader.fault("the text ends in the middle of a value")),
        }
        // A value has ended: close what ends with it, or go on to the next member.
        loop {
            let Some(map) = open.last().copied() else {
                return Ok((builder.finish_document(), reader.at));
            };
            reader.blank();
            match reader.peek() {
                Some(b',') => {
                    reader.at += 1;
                    if map {
                        reader.blank();
                        reader.key(builder)?;
                    }
                    break;
                }
                Some(b'}') if map => {}
                Some(b']') if !map => {}
                Some(_) if map => return Err(reader.fault("expected `,` or `}` after a value")),
                Some(_) => return Err(reader.fault("expected `,` or `]` after a value")),
                None => return Err(reader.fault("the text ends before a bracket is closed")),
            }
            reader.at += 1;
            open.pop();
            builder.close(Some(reader.at as u32))?;
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn range(&self, begin: usize) -> Range {
        begin as u32..self.at as u32
    }

    fn fault(&self, message: &str) -> Fault {
        let start = self.at.min(self.bytes.len());
        let mut end = (start + 1).min(self.bytes.len());
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        Fault { kind: FaultKind::Syntax(message.to_owned()), at: start as u32..end as u32 }
    }

    fn key(&mut self, builder: &mut Builder) -> Result<(), Fault> {
        let begin = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.fault("expected a key in double quotes"));
        }
        let text = self.string()?;
        builder.scalar(text, Style::Quoted, None, self.range(begin), 0)?;
        self.blank();
        if self.peek() != Some(b':') {
            return Err(self.fault("expected `:` after a key"));
        }
        self.at += 1;
        Ok(())
    }

    /// `true`, `false`, `null` or a number.
    fn word(&mut self) -> Result<&'t str, Fault> {
        let begin = self.at;
        let is_word = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
        while self.peek().is_some_and(is_word) {
            self.at += 1;
        }
        let word = &self.text[begin..self.at];
        if matches!(word, "true" | "false" | "null") || is_number(word) {
            return Ok(word);
        }
        self.at = begin;
        Err(self.fault("expected a value"))
    }

    fn string(&mut self) -> Result<Cow<'t, str>, Fault> {
        self.at += 1;
        let begin = self.at;
        let mut owned: Option<String> = None;
        let mut copied = begin;
        loop {
            match self.peek() {
                None => return Err(self.fault("a string is not closed")),
                Some(b'"') => break,
                Some(b'\\') => {
                    let out = owned.get_or_insert_with(String::new);
                    out.push_str(&self.text[copied..self.at]);
                    let c = self.escape()?;
                    owned.get_or_insert_with(String::new).push(c);
                    copied = self.at;
                }
                Some(0..=0x1f) => return Err(self.fault("a control character in a string must be escaped")),
                Some(_) => self.at += 1,
            }
        }
        let rest = &self.text[copied..self.at];
        self.at += 1;
        Ok(match owned {
            None => Cow::Borrowed(rest),
            Some(mut out) => {
                out.push_str(rest);
                Cow::Owned(out)
            }
        })
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let letter = self.bytes.get(self.at + 1).copied();
        let c = match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.fault("an escape that JSON does not have")),
        };
        self.at += 2;
        Ok(c)
    }

    /// `\u0041`, or a pair of surrogates; a lone one becomes U+FFFD, as Go makes it.
    fn unicode_escape(&mut self) -> Result<char, Fault> {
        let unit = |at: usize| -> Option<u32> {
            if self.bytes.get(at) != Some(&b'\\') || self.bytes.get(at + 1) != Some(&b'u') {
                return None;
            }
            let digits = self.text.get(at + 2..at + 6)?;
            if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return None;
            }
            u32::from_str_radix(digits, 16).ok()
        };
        let first = unit(self.at).ok_or_else(|| self.fault("`\\u` wants four hexadecimal digits"))?;
        if (0xd800..0xdc00).contains(&first)
            && let Some(second) = unit(self.at + 6).filter(|u| (0xdc00..0xe000).contains(u))
        {
            self.at += 12;
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return Ok(char::from_u32(code).unwrap_or('\u{fffd}'));
        }
        self.at += 6;
        Ok(char::from_u32(first).unwrap_or('\u{fffd}'))
    }
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?`, and finite.
fn is_number(word: &str) -> bool {
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let rest = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)))
        && word.parse::<f64>().is_ok_and(f64::is_finite)
}
