//! The report as GitHub's workflow commands: annotations beside the lines of a pull request.
//!
//! GitHub shows ten of a kind for each step of a job: the loudest come first, and a last line counts what it would leave out.

use super::super::annotations::{Annotation, Level, annotations};
use super::super::model::Report;
use crate::units::text::visible;

/// So many of one kind are shown.
const SHOWN: usize = 10;

/// The lines, one for each annotation.
pub fn render(report: &Report) -> String {
    of(&annotations(report))
}

/// The same for annotations from anywhere.
pub fn of(all: &[Annotation]) -> String {
    let mut out = String::new();
    for level in [Level::Error, Level::Warning, Level::Note] {
        let of: Vec<&Annotation> = all.iter().filter(|a| a.level == level).collect();
        let shown = if of.len() > SHOWN { SHOWN - 1 } else { of.len() };
        of[..shown].iter().for_each(|annotation| out.push_str(&line(annotation)));
        if of.len() > shown {
            out.push_str(&format!("::{} title=Wavetank::and {} more; see the report\n", name(level), of.len() - shown));
        }
    }
    out
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    }
}

fn line(annotation: &Annotation) -> String {
    let place = annotation.place.as_ref().filter(|place| !place.file.starts_with('<'));
    let at = place.map_or_else(String::new, |p| format!("file={},line={},col={},", property(&p.file), p.line, p.column));
    format!("::{} {at}title={}::{}\n", name(annotation.level), property(&annotation.rule), data(&annotation.message))
}

/// A message: control characters shown, what GitHub reads as its own written as it asks
/// (`@actions/core`, `escapeData`).
fn data(text: &str) -> String {
    visible(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value (`escapeProperty`).
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
