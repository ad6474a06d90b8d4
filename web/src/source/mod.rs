//! The text in the editor: lines, columns, the places of findings, and a colouring for YAML. All offsets are bytes; what a browser counts in is UTF-16.

pub mod diff;

use crate::wire::{Finding, Severity};
use wavetank_core::units::arrange::Arrange;

/// Where the lines of a text begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    starts: Vec<usize>,
    length: usize,
}

impl Lines {
    /// The lines of a text.
    pub fn of(text: &str) -> Lines {
        let starts = std::iter::once(0).chain(text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| at + 1)).collect();
        Lines { starts, length: text.len() }
    }

    /// How many there are; at least one.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The line of a byte, from zero.
    pub fn line_of(&self, byte: usize) -> usize {
        self.starts.partition_point(|&start| start <= byte).saturating_sub(1)
    }

    /// The bytes of a line, without its end. Empty past the last.
    pub fn range(&self, line: usize) -> std::ops::Range<usize> {
        let Some(&start) = self.starts.get(line) else { return self.length..self.length };
        let end = self.starts.get(line + 1).map_or(self.length, |next| next - 1);
        start..end
    }
}

/// How many UTF-16 units lie before a byte; a byte within a character counts as its start.
pub fn utf16_of_byte(text: &str, byte: usize) -> usize {
    text.char_indices().take_while(|&(at, c)| at + c.len_utf8() <= byte).map(|(_, c)| c.len_utf16()).sum()
}

/// The byte at a UTF-16 offset; an offset within a character is its start, one past the end is the end.
pub fn byte_of_utf16(text: &str, units: usize) -> usize {
    let mut seen = 0;
    for (at, c) in text.char_indices() {
        seen += c.len_utf16();
        if seen > units {
            return at;
        }
    }
    text.len()
}

/// What a piece of YAML is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// Everything else.
    Plain,
    /// A key, without its colon.
    Key,
    /// Quoted text.
    Quoted,
    /// A number, a truth value, null.
    Literal,
    /// A comment.
    Comment,
    /// `---`, `-`, anchors, aliases, tags.
    Mark,
}

impl Token {
    /// Its class name.
    pub const fn class(self) -> &'static str {
        match self {
            Token::Plain => "",
            Token::Key => "t-key",
            Token::Quoted => "t-quoted",
            Token::Literal => "t-literal",
            Token::Comment => "t-comment",
            Token::Mark => "t-mark",
        }
    }
}

/// The pieces of one line, in order, without gaps: each with the byte after it. Block scalars look like plain lines: this colours, it does not parse.
pub fn tokens(line: &str) -> Vec<(usize, Token)> {
    let mut pieces = Vec::new();
    let mut at = line.len() - line.trim_start().len();
    if at > 0 {
        pieces.push((at, Token::Plain));
    }
    if line[at..].starts_with("---") || line[at..].starts_with("...") {
        pieces.push((at + 3, Token::Mark));
        at += 3;
    }
    while line[at..].starts_with("- ") || &line[at..] == "-" {
        pieces.push((at + 1, Token::Mark));
        let rest = &line[at + 1..];
        let next = at + 1 + rest.len() - rest.trim_start().len();
        if next > at + 1 {
            pieces.push((next, Token::Plain));
        }
        at = next;
    }
    if let Some(colon) = key_end(&line[at..]) {
        pieces.push((at + colon, Token::Key));
        pieces.push((at + colon + 1, Token::Plain));
        at += colon + 1;
    }
    value_tokens(line, at, &mut pieces);
    pieces
}

/// Where the colon of `key:` is, if the text begins with one.
fn key_end(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let from = match quote {
        Some(quote) => 2 + text[1..].find(quote)?,
        None => 0,
    };
    if quote.is_none() && text.starts_with(['#', '{', '[', '&', '*', '!', '|', '>']) {
        return None;
    }
    let comment = text.find(" #").unwrap_or(text.len());
    text[from..]
        .match_indices(':')
        .map(|(at, _)| from + at)
        .find(|&at| at < comment && (at + 1 == text.len() || text[at + 1..].starts_with(' ')))
}

fn value_tokens(line: &str, from: usize, pieces: &mut Vec<(usize, Token)>) {
    let rest = &line[from..];
    let start = from + rest.len() - rest.trim_start().len();
    if start > from {
        pieces.push((start, Token::Plain));
    }
    if start == line.len() {
        return;
    }
    let value = &line[start..];
    let quoted_end = value.chars().next().filter(|c| matches!(c, '"' | '\'')).map(|quote| closing(value, quote));
    let end = match quoted_end {
        Some(end) => start + end,
        None if value.starts_with('#') => start,
        None => start + value.find(" #").unwrap_or(value.len()),
    };
    if end > start {
        let text = line[start..end].trim_end();
        let token = if quoted_end.is_some() {
            Token::Quoted
        } else if text.starts_with(['&', '*', '!']) {
            Token::Mark
        } else if text.parse::<f64>().is_ok() || matches!(text, "true" | "false" | "null" | "~") {
            Token::Literal
        } else {
            Token::Plain
        };
        pieces.push((end, token));
    }
    if end < line.len() {
        let comment = line[end..].find('#').map_or(line.len(), |at| end + at);
        if comment > end {
            pieces.push((comment, Token::Plain));
        }
        if comment < line.len() {
            pieces.push((line.len(), Token::Comment));
        }
    }
}

/// The byte after the closing quote, or the end of the text where there is none.
fn closing(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A piece of a line as it is drawn: one colour, under one squiggle or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its bytes within the whole text.
    pub range: std::ops::Range<usize>,
    /// Its colour.
    pub token: Token,
    /// The worst finding over it.
    pub severity: Option<Severity>,
}

/// The pieces of one line: its tokens, cut where findings begin and end. A finding of no length covers one character.
pub fn pieces(text: &str, line: std::ops::Range<usize>, findings: &[Finding]) -> Vec<Piece> {
    let own = &text[line.clone()];
    let over: Vec<_> = findings
        .iter()
        .filter_map(|finding| {
            let mut range = snap(text, finding.start as usize)..snap(text, finding.end as usize);
            if range.end <= range.start {
                range.end = range.start + text[range.start..].chars().next().map_or(0, char::len_utf8);
            }
            let cut = range.start.max(line.start)..range.end.min(line.end);
            (cut.start < cut.end).then_some((cut, finding.severity))
        })
        .collect();
    let mut cuts: Vec<usize> = over.iter().flat_map(|(range, _)| [range.start, range.end]).collect();
    cuts.arrange();
    let mut pieces = Vec::new();
    let mut at = line.start;
    for (end, token) in tokens(own) {
        let end = line.start + end;
        let inner: Vec<usize> = cuts.iter().copied().filter(|&cut| cut > at && cut < end).chain([end]).collect();
        for cut in inner {
            if cut > at {
                let severity = over.iter().filter(|(range, _)| range.start <= at && at < range.end).map(|&(_, severity)| severity).min();
                pieces.push(Piece { range: at..cut, token, severity });
                at = cut;
            }
        }
    }
    pieces
}

/// The nearest start of a character at or before a byte, within the text.
fn snap(text: &str, byte: usize) -> usize {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_bytes() {
        let lines = Lines::of("a\nbc\n");
        assert_eq!(lines.count(), 3);
        assert_eq!((lines.range(0), lines.range(1), lines.range(2), lines.range(9)), (0..1, 2..4, 5..5, 5..5));
        assert_eq!([0, 1, 2, 4, 5, 99].map(|byte| lines.line_of(byte)), [0, 0, 1, 1, 2, 2]);
        assert_eq!(Lines::of("").count(), 1);
    }

    #[test]
    fn browsers_count_in_utf16() {
        let text = "a🌊漢z";
        for (byte, units) in [(0, 0), (1, 1), (5, 3), (8, 4), (9, 5)] {
            assert_eq!(utf16_of_byte(text, byte), units, "byte {byte}");
            assert_eq!(byte_of_utf16(text, units), byte, "units {units}");
        }
        assert_eq!(byte_of_utf16(text, 2), 1, "within a pair");
        assert_eq!(utf16_of_byte(text, 3), 1, "within a character");
        assert_eq!((byte_of_utf16(text, 99), utf16_of_byte(text, 99)), (9, 5));
    }

    fn coloured(line: &str) -> Vec<(&str, Token)> {
        let mut at = 0;
        let pieces = tokens(line)
            .into_iter()
            .map(|(end, token)| {
                let piece = (&line[at..end], token);
                at = end;
                piece
            })
            .collect();
        assert_eq!(at, line.len(), "{line:?} is covered");
        pieces
    }

    #[test]
    fn yaml_is_coloured() {
        use Token::*;
        assert_eq!(
            coloured("  - name: \"a # b\" # why"),
            [
                ("  ", Plain),
                ("-", Mark),
                (" ", Plain),
                ("name", Key),
                (":", Plain),
                (" ", Plain),
                ("\"a # b\"", Quoted),
                (" ", Plain),
                ("# why", Comment)
            ]
        );
        assert_eq!(coloured("replicas: 3"), [("replicas", Key), (":", Plain), (" ", Plain), ("3", Literal)]);
        assert_eq!(coloured("image: nginx:1.29"), [("image", Key), (":", Plain), (" ", Plain), ("nginx:1.29", Plain)]);
        assert_eq!(coloured("# only: this"), [("# only: this", Comment)]);
        assert_eq!(coloured("---"), [("---", Mark)]);
        for odd in ["", "-", "'", "\"a\\", "ä: 🌊", "key:", "- - - x", ":", "\": \"", "  "] {
            coloured(odd);
        }
    }

    fn finding(start: u32, end: u32, severity: Severity) -> Finding {
        Finding { id: "x".to_string(), severity, message: String::new(), help: String::new(), file: 0, start, end }
    }

    #[test]
    fn squiggles_cut_tokens() {
        let text = "a: 12\nb: 🌊\n";
        let lines = Lines::of(text);
        let cut = pieces(text, lines.range(0), &[finding(3, 4, Severity::Warning), finding(3, 20, Severity::Error)]);
        let seen: Vec<_> = cut.iter().map(|piece| (&text[piece.range.clone()], piece.severity)).collect();
        assert_eq!(seen, [("a", None), (":", None), (" ", None), ("1", Some(Severity::Error)), ("2", Some(Severity::Error))]);
        let within = pieces(text, lines.range(1), &[finding(10, 10, Severity::Info)]);
        assert_eq!(within.last().map(|piece| (&text[piece.range.clone()], piece.severity)), Some(("🌊", Some(Severity::Info))));
        assert!(pieces("", 0..0, &[finding(9, 12, Severity::Error)]).is_empty());
    }
}
