//! What a terminal can show: colours, width, and whether more than ASCII. Knows nothing of reports.

use std::borrow::Cow;

use crate::units::text::visible;

/// How a text stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// It does not.
    Plain,
    /// A heading.
    Bold,
    /// Less important.
    Dim,
    /// Bad.
    Red,
    /// Worth a look.
    Yellow,
    /// Good.
    Green,
    /// A name or place.
    Cyan,
    /// A step of the what-if.
    Magenta,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Style::Plain => "",
            Style::Bold => "\u{1b}[1m",
            Style::Dim => "\u{1b}[2m",
            Style::Red => "\u{1b}[1;31m",
            Style::Yellow => "\u{1b}[33m",
            Style::Green => "\u{1b}[32m",
            Style::Cyan => "\u{1b}[36m",
            Style::Magenta => "\u{1b}[1;35m",
        }
    }
}

/// A terminal, or a file that is read like one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Colours may be used.
    pub color: bool,
    /// More than ASCII may be used.
    pub unicode: bool,
    /// Columns.
    pub width: usize,
}

impl Terminal {
    /// No colours, Unicode, 100 columns: what a file gets.
    pub const PLAIN: Terminal = Terminal { color: false, unicode: true, width: 100 };

    /// `text`, made safe and coloured.
    pub fn paint(&self, style: Style, text: &str) -> String {
        let text = self.safe(text);
        match style.code() {
            "" => text.into_owned(),
            code if self.color => format!("{code}{text}\u{1b}[0m"),
            _ => text.into_owned(),
        }
    }

    /// `text` without anything that could steer the terminal; in ASCII where it shows no more.
    pub fn safe<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let text = visible(text);
        if self.unicode || text.is_ascii() {
            return text;
        }
        Cow::Owned(text.chars().map(|c| if c.is_ascii() { c.to_string() } else { c.escape_unicode().to_string() }).collect())
    }

    /// The sign for Unicode or the one for ASCII.
    pub const fn sign(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }

    /// `text` in lines of at most the width, the first after `first`, the others after `rest` (both already safe); words are kept whole
    /// where they fit. Every line ends with a line break.
    pub fn wrapped(&self, first: &str, rest: &str, style: Style, text: &str) -> String {
        let text = self.safe(text);
        let mut out = String::new();
        let mut line = String::new();
        let mut lead = first;
        let flush = |line: &mut String, lead: &str, out: &mut String| {
            let body = match style.code() {
                "" => line.clone(),
                code if self.color && !line.is_empty() => format!("{code}{line}\u{1b}[0m"),
                _ => line.clone(),
            };
            out.push_str(format!("{lead}{body}").trim_end());
            out.push('\n');
            line.clear();
        };
        for word in text.split(' ') {
            let room = self.width.saturating_sub(columns(lead)).max(20);
            if !line.is_empty() && columns(&line) + 1 + columns(word) > room {
                flush(&mut line, lead, &mut out);
                lead = rest;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        flush(&mut line, lead, &mut out);
        out
    }

    /// A heading with a rule to the right of it.
    pub fn heading(&self, text: &str) -> String {
        let rule = self.sign("─", "-").repeat(self.width.saturating_sub(columns(text) + 1).min(60));
        format!("\n{} {}\n", self.paint(Style::Bold, text), self.paint(Style::Dim, &rule))
    }
}

/// Columns that a text takes on a terminal, colours not counted.
pub fn columns(text: &str) -> usize {
    let mut count = 0;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            // Our own colours only: everything else is escaped before.
            rest.by_ref().find(|&c| c == 'm');
        } else {
            count += if is_wide(c) { 2 } else { 1 };
        }
    }
    count
}

/// East Asian wide characters and emoji, roughly: enough to keep columns straight.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
}

/// Where a cell's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Left.
    Left,
    /// Right: numbers.
    Right,
}

/// Rows of painted cells as lines, columns two spaces apart, after `indent`.
pub fn table(rows: &[Vec<String>], align: &[Align], indent: &str) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> =
        (0..count).map(|i| rows.iter().filter_map(|row| row.get(i)).map(|c| columns(c)).max().unwrap_or_default()).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = indent.to_owned();
        for (i, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[i] - columns(cell));
            match align.get(i) {
                Some(Align::Right) => line.push_str(&format!("{pad}{cell}  ")),
                _ => line.push_str(&format!("{cell}{pad}  ")),
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_and_made_safe() {
        let narrow = Terminal { width: 30, ..Terminal::PLAIN };
        assert_eq!(
            narrow.wrapped("  - ", "    ", Style::Plain, "one two three four five six seven"),
            "  - one two three four five\n    six seven\n"
        );
        assert_eq!(narrow.paint(Style::Red, "a\u{1b}[2Jb"), r"a\u{1b}[2Jb");
        let ascii = Terminal { unicode: false, ..Terminal::PLAIN };
        assert_eq!(ascii.paint(Style::Plain, "é"), r"\u{e9}");
        let colored = Terminal { color: true, ..Terminal::PLAIN };
        assert_eq!(colored.paint(Style::Red, "x"), "\u{1b}[1;31mx\u{1b}[0m");
        assert_eq!(columns(&colored.paint(Style::Red, "日本")), 4);
    }

    #[test]
    fn tables_keep_their_columns_straight() {
        let rows = vec![vec!["a".to_owned(), "1".to_owned()], vec!["long".to_owned(), "100".to_owned()]];
        assert_eq!(table(&rows, &[Align::Left, Align::Right], " "), " a       1\n long  100\n");
    }
}
