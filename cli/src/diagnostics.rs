//! Diagnostics for the terminal: the line, the place in it, what is wrong, what to do. The texts are the core's; only their form is here.

use std::collections::BTreeMap;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use wavetank_core::manifest::{Diagnostic, Severity, SourceSet, Span};
use wavetank_core::units::text::visible;

use crate::context::{Context, shown};

/// How many diagnostics are shown in full, and how many of one id among them; the rest is counted by id.
pub(crate) const MOST_SHOWN: usize = 20;
const MOST_OF_ONE_ID: usize = 3;
/// Lines shown before the place.
const LINES_BEFORE: usize = 1;
/// Characters of a line that are shown.
const WIDEST_LINE: usize = 160;

/// At most `most` diagnostics as text, the worst first, and a line that counts the rest by id. Empty for none. With a limit, no id takes more than a
/// few of the places: twenty files that replace each other must not hide the one that cannot be read.
pub(crate) fn render(diagnostics: &[Diagnostic], sources: &SourceSet, context: &Context, most: usize) -> String {
    let mut worst: Vec<&Diagnostic> = diagnostics.iter().collect();
    worst.sort_by_key(|d| d.severity);
    let renderer = if context.color_messages { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(context.width).decor_style(if context.unicode { DecorStyle::Unicode } else { DecorStyle::Ascii });
    let mut out = String::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    let mut shown = 0;
    for diagnostic in worst {
        let of_its_id = seen.entry(diagnostic.id.0).or_default();
        *of_its_id += 1;
        if shown == most || (most < usize::MAX && *of_its_id > MOST_OF_ONE_ID) {
            *left.entry(diagnostic.id.0).or_default() += 1;
            continue;
        }
        shown += 1;
        out.push_str(&renderer.render(&groups(diagnostic, sources)));
        out.push_str("\n\n");
    }
    if !left.is_empty() {
        let by_id: Vec<String> =
            left.iter().map(|(id, count)| if *count == 1 { (*id).to_owned() } else { format!("{count} of {id}") }).collect();
        out.push_str(&format!("and {} more: {} (wavetank check shows all)\n", left.values().sum::<usize>(), by_id.join(", ")));
    }
    out
}

fn groups<'a>(diagnostic: &Diagnostic, sources: &SourceSet) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
        Severity::Hint => Level::HELP,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.message.clone()).id(diagnostic.id.0));
    if let Some(span) = diagnostic.span {
        group = group.element(snippet(span, AnnotationKind::Primary, None, sources));
    }
    for note in &diagnostic.notes {
        group = match note.span {
            Some(span) => group.element(snippet(span, AnnotationKind::Context, Some(note.message.clone()), sources)),
            None => group.element(Level::NOTE.message(note.message.clone())),
        };
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.clone()));
    }
    let mut groups = vec![group];
    if let Some(fix) = &diagnostic.fix {
        let (window, place) = Window::around(fix.span, sources);
        let patch = Patch::new(place, shown(&fix.replacement));
        let source = Snippet::source(window.text).line_start(window.first_line).path(window.name).patch(patch);
        groups.push(Group::with_title(Level::HELP.secondary_title(shown(&fix.title))).element(source));
    }
    groups
}

fn snippet<'a>(
    span: Span,
    kind: AnnotationKind,
    label: Option<String>,
    sources: &SourceSet,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let (window, place) = Window::around(span, sources);
    let annotation = kind.span(place).label(label);
    Snippet::source(window.text).line_start(window.first_line).path(window.name).annotation(annotation)
}

/// The few lines of a file around a place, made safe to print: rendering never sees a large file or a control character.
struct Window {
    name: String,
    first_line: usize,
    text: String,
}

impl Window {
    /// The window, and where the span lies in its text. Of a span over several lines its first line is taken.
    fn around(span: Span, sources: &SourceSet) -> (Window, std::ops::Range<usize>) {
        let Some(file) = sources.file(span.file) else {
            return (Window { name: String::new(), first_line: 1, text: String::new() }, 0..0);
        };
        let text: &str = &file.text;
        let at = floor(text, span.start as usize);
        let line_start = text[..at].rfind('\n').map_or(0, |n| n + 1);
        let line_end = text[at..].find('\n').map_or(text.len(), |n| at + n);
        let end = floor(text, span.end as usize).clamp(at, line_end);
        let first = (0..LINES_BEFORE).fold(line_start, |start, _| text[..start.saturating_sub(1)].rfind('\n').map_or(0, |n| n + 1));
        let first_line = text[..first].bytes().filter(|&b| b == b'\n').count() + 1;
        let mut shown = String::new();
        for line in text[first..line_start].lines() {
            shown.extend(line.chars().take(WIDEST_LINE).map(printable));
            shown.push('\n');
        }
        // A long line is shown from a little before the place.
        let from = text[line_start..at].char_indices().rev().nth(WIDEST_LINE / 2).map_or(line_start, |(n, _)| line_start + n);
        let mut place = shown.len()..shown.len();
        for (offset, c) in text[from..line_end].char_indices().take(WIDEST_LINE) {
            if from + offset <= at {
                place.start = shown.len();
            }
            shown.push_str(&escaped(c));
            if from + offset < end {
                place.end = shown.len();
            }
        }
        if at >= line_end {
            place.start = shown.len();
        }
        place.end = place.end.max(place.start);
        (Window { name: visible(&file.name).into_owned(), first_line, text: shown }, place)
    }
}

fn escaped(c: char) -> String {
    let mut one = [0; 4];
    if c == '\t' { " ".to_owned() } else { visible(c.encode_utf8(&mut one)).into_owned() }
}

fn printable(c: char) -> char {
    let mut one = [0; 4];
    if c == '\t' || matches!(visible(c.encode_utf8(&mut one)), std::borrow::Cow::Owned(_)) { ' ' } else { c }
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Verbosity;
    use wavetank_core::manifest::{DiagnosticId, FileId};

    fn plain() -> Context {
        Context { color: false, color_messages: false, unicode: false, width: 100, verbosity: Verbosity::Normal }
    }

    fn span_of(text: &str, part: &str) -> Span {
        let start = text.find(part).unwrap();
        Span { file: FileId(0), start: start as u32, end: (start + part.len()) as u32 }
    }

    #[test]
    fn the_place_is_underlined() {
        let text = "spec:\n  replicas: many\n";
        let sources = SourceSet::single("web.yaml", text);
        let diagnostic = Diagnostic::error(DiagnosticId("WT1004"), "not a number").at(Some(span_of(text, "many"))).help("write a number");
        let out = render(&[diagnostic], &sources, &plain(), 20);
        assert!(out.starts_with("error[WT1004]: not a number\n --> web.yaml:2:13\n"), "{out}");
        assert!(out.contains("2 |   replicas: many\n  |             ^^^^\n"), "{out}");
        assert!(out.contains("help: write a number"), "{out}");
    }

    #[test]
    fn nothing_from_a_manifest_reaches_the_terminal_raw() {
        let text = "a: \u{1b}[31m\u{202e}x\n";
        let sources = SourceSet::single("\u{1b}evil.yaml", text);
        let diagnostic = Diagnostic::warning(DiagnosticId("WT1001"), "odd").at(Some(span_of(text, "x")));
        let out = render(&[diagnostic], &sources, &plain(), 20);
        assert!(!out.contains(['\u{1b}', '\u{202e}']), "{out}");
        assert!(out.contains(r"\u{1b}[31m"), "{out}");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place_and_the_rest_is_counted() {
        let text = format!("{}needle{}\n", "x".repeat(5_000), "y".repeat(5_000));
        let sources = SourceSet::single("long.json", text.as_str());
        let one = Diagnostic::error(DiagnosticId("WT1001"), "here").at(Some(span_of(&text, "needle")));
        let out = render(&vec![one; 25], &sources, &plain(), 3);
        assert!(out.contains("needle") && out.len() < 3_000, "{out}");
        assert!(out.ends_with("and 22 more: 22 of WT1001 (wavetank check shows all)\n"), "{out}");
    }

    #[test]
    fn no_id_takes_all_places() {
        let sources = SourceSet::single("f", "a: b");
        let mut all = vec![Diagnostic::warning(DiagnosticId("WT1018"), "again"); 30];
        all.push(Diagnostic::warning(DiagnosticId("WT1022"), "rare"));
        let out = render(&all, &sources, &plain(), 20);
        assert!(out.matches("again").count() == MOST_OF_ONE_ID && out.contains("rare"), "{out}");
        assert!(out.ends_with("and 27 more: 27 of WT1018 (wavetank check shows all)\n"), "{out}");
        let whole = render(&all, &sources, &plain(), usize::MAX);
        assert_eq!(whole.matches("again").count(), 30);
    }

    #[test]
    fn a_place_at_the_end_or_nowhere_is_no_panic() {
        let sources = SourceSet::single("f", "a: b");
        for span in [
            Span { file: FileId(0), start: 4, end: 4 },
            Span { file: FileId(0), start: 90, end: 99 },
            Span { file: FileId(7), start: 1, end: 2 },
        ] {
            render(&[Diagnostic::error(DiagnosticId("WT1001"), "end").at(Some(span))], &sources, &plain(), 20);
        }
    }
}
