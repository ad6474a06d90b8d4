//! YAML text into a [`Builder`](super::builder::Builder), by way of `granit-parser`'s events.
//!
//! Owns the translation of events and syntax errors. What scalars mean is decided elsewhere.

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Tag};

use super::builder::{Builder, Fault, FaultKind, Range, Style};
use super::tree::NodeId;

/// Lines of quoted texts that may stand further left than YAML 1.2 allows, in one document.
const MAX_OUTDENTED_LINES: usize = 64;
/// Bytes parsed anew, in all, because of such lines.
const MAX_REPARSED_BYTES: usize = 16 << 20;
/// How far such a line is moved to the right: beyond any indentation that objects have.
const INDENT: &str = "                                                                ";

/// Reads the first document of `chunk`, which starts `offset` bytes into the file.
///
/// Returns its root and, if the chunk holds a second document that `kubectl` would not see, where.
pub(super) fn read_document(
    chunk: &str,
    offset: u32,
    depth: usize,
    builder: &mut Builder,
) -> Result<(Option<NodeId>, Option<Range>), Fault> {
    if let Some((at, c)) = forbidden(chunk) {
        let at = offset + at as u32;
        let kind = FaultKind::Syntax("control characters are not allowed".to_owned());
        return Err(Fault { kind, at: at..at + c.len_utf8() as u32 });
    }
    let mut text = Text { moved: Vec::new(), offset, length: chunk.len() };
    let duplicates = builder.duplicates.len();
    let mut patched = std::borrow::Cow::Borrowed(chunk);
    loop {
        builder.start_document();
        builder.duplicates.truncate(duplicates);
        match text.events(&patched, depth, builder) {
            // libyaml lets a quoted text go on at any column. Blanks before such a line mean nothing.
            Err(Stop::Outdented(at))
                if text.moved.len() < MAX_OUTDENTED_LINES && (text.moved.len() + 1) * chunk.len() <= MAX_REPARSED_BYTES =>
            {
                patched.to_mut().insert_str(at, INDENT);
                text.moved.push(at);
            }
            Err(Stop::Outdented(at)) => {
                let kind = FaultKind::Syntax("invalid indentation in multiline quoted scalar".to_owned());
                return Err(Fault { kind, at: text.range(at..at) });
            }
            Err(Stop::Fault(fault)) => return Err(fault),
            Ok(done) => return Ok(done),
        }
    }
}

enum Stop {
    Fault(Fault),
    /// A quoted text goes on too far left, at this byte.
    Outdented(usize),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Where the text that is parsed stands in the file.
struct Text {
    /// Bytes at which blanks were inserted, ascending.
    moved: Vec<usize>,
    offset: u32,
    length: usize,
}

impl Text {
    fn events(&self, chunk: &str, depth: usize, builder: &mut Builder) -> Result<(Option<NodeId>, Option<Range>), Stop> {
        let mut options = granit_parser::options! {
            flow_nesting_limit: depth + 1,
            block_nesting_limit: depth + 1,
        };
        options.set_emit_comments(false);
        let mut parser = Parser::new_from_str_with_options(chunk, options);
        let mut root = None;
        let mut documents = 0;
        while let Some(event) = parser.next_event() {
            let (event, span) = match event {
                Ok(event) => event,
                // What follows the first document is not looked at, broken or not.
                Err(_) if documents > 0 => break,
                Err(error) => return Err(self.stop(&error, chunk)),
            };
            let at = || self.range(span.byte_range().unwrap_or(chunk.len()..chunk.len()));
            match event {
                Event::DocumentStart(..) if documents > 0 => return Ok((root, Some(at()))),
                Event::DocumentEnd => {
                    root = builder.finish_document();
                    documents += 1;
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let style = if style == ScalarStyle::Plain { Style::Plain } else { Style::Quoted };
                    builder.scalar(text, style, tag.as_deref().map(tag_name), at(), anchor)?;
                }
                Event::SequenceStart(_, anchor, _) => builder.open(false, at(), anchor)?,
                Event::MappingStart(_, anchor, _) => builder.open(true, at(), anchor)?,
                Event::SequenceEnd | Event::MappingEnd => {
                    let end = at();
                    builder.close((end.end > end.start).then_some(end.end))?;
                }
                Event::Alias(anchor) => builder.alias(anchor, at())?,
                _ => {}
            }
        }
        Ok((root, None))
    }

    /// Bytes of the parsed text as bytes of the file.
    fn range(&self, bytes: std::ops::Range<usize>) -> Range {
        let place = |at: usize| {
            let mut inserted = 0;
            for (count, moved) in self.moved.iter().enumerate() {
                if *moved > at {
                    break;
                }
                inserted = count * INDENT.len() + (at - moved).min(INDENT.len());
            }
            self.offset + (at - inserted).min(self.length) as u32
        };
        place(bytes.start)..place(bytes.end)
    }

    fn stop(&self, error: &granit_parser::ScanError, chunk: &str) -> Stop {
        let at = error.marker().byte_offset().unwrap_or(chunk.len()).min(chunk.len());
        if matches!(error.kind(), ErrorKind::InvalidQuotedScalarIndent) && chunk.is_char_boundary(at) {
            return Stop::Outdented(at);
        }
        let end = chunk[at..].find('\n').map_or(chunk.len(), |n| at + n).max(at);
        let kind = match error.kind() {
            ErrorKind::UnknownAnchor => FaultKind::AliasUnknown,
            ErrorKind::RecursionLimitExceeded => FaultKind::TooDeep,
            _ => FaultKind::Syntax(error.info()),
        };
        Stop::Fault(Fault { kind, at: self.range(at..end) })
    }
}

/// `int` of `!!int`; `!` for tags of other schemas; nothing for the non-specific tag.
fn tag_name(tag: &Tag) -> &str {
    match tag.core_suffix() {
        Some(core) => core,
        None if tag.handle() == "tag:yaml.org,2002:" => tag.suffix(),
        None => "!",
    }
}

/// The first character that libyaml refuses anywhere in a text (`yaml_parser_update_buffer`).
fn forbidden(chunk: &str) -> Option<(usize, char)> {
    // Nearly all text is free of them: one pass over bytes settles it.
    let suspect = |b: u8| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r') || matches!(b, 0x7f | 0xc2 | 0xef);
    let first = chunk.bytes().position(suspect)?;
    let refused = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    chunk[first..].char_indices().find(|(_, c)| refused(*c)).map(|(at, c)| (first + at, c))
}
