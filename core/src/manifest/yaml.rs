//! YAML text into a [`Builder`](super::builder::Builder), by way of `granit-parser`'s events.
//!
//! Owns the translation of events and syntax errors. What scalars mean is decided elsewhere.

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::builder::{Builder, Fault, FaultKind, Range, Style};
use super::tree::NodeId;

/// Reads the first document of `chunk`, which starts `offset` bytes into the file.
///
/// Returns its root and, if the chunk holds a second document that `kubectl` would not see, where.
pub(super) fn read_document(
    chunk: &str,
    offset: u32,
    depth: usize,
    builder: &mut Builder,
) -> Result<(Option<NodeId>, Option<Range>), Fault> {
    builder.start_document();
    if let Some((at, c)) = chunk.char_indices().find(|(_, c)| forbidden(*c)) {
        let at = offset + at as u32;
        let kind = FaultKind::Syntax("control characters are not allowed".to_owned());
        return Err(Fault { kind, at: at..at + c.len_utf8() as u32 });
    }
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
            Err(error) => return Err(fault(&error, chunk, offset)),
        };
        let at = || range(&span, chunk, offset);
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

/// `int` of `!!int`; `!` for tags of other schemas; nothing for the non-specific tag.
fn tag_name(tag: &Tag) -> &str {
    match tag.core_suffix() {
        Some(core) => core,
        None if tag.handle() == "tag:yaml.org,2002:" => tag.suffix(),
        None => "!",
    }
}

/// What libyaml refuses anywhere in a text (`yaml_parser_update_buffer`).
fn forbidden(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{80}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
}

fn range(span: &Span, chunk: &str, offset: u32) -> Range {
    let bytes = span.byte_range().unwrap_or(chunk.len()..chunk.len());
    offset + bytes.start as u32..offset + bytes.end as u32
}

fn fault(error: &granit_parser::ScanError, chunk: &str, offset: u32) -> Fault {
    let at = error.marker().byte_offset().unwrap_or(chunk.len()).min(chunk.len());
    let end = chunk[at..].find('\n').map_or(chunk.len(), |n| at + n).max(at);
    let kind = match error.kind() {
        granit_parser::ErrorKind::UnknownAnchor => FaultKind::AliasUnknown,
        _ => FaultKind::Syntax(error.info()),
    };
    Fault { kind, at: offset + at as u32..offset + end as u32 }
}
