//! From a thing in the cluster back to its line in the manifest.

use super::model::{Finding, Place};
use crate::cluster::origin::Origin;
use crate::manifest::document::DocId;
use crate::manifest::{Diagnostic, Document, Manifest, SourceSet, Span};

/// How many characters of a line a place keeps.
const LONGEST_LINE: usize = 120;

/// Looks up places; knows nothing where no manifest was given.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a>(pub Option<&'a Manifest>);

/// The place of a span; none where there is no such file.
pub fn place(sources: &SourceSet, span: Span) -> Option<Place> {
    let file = sources.file(span.file)?;
    let (line, column) = sources.line_col(span);
    let at = (span.start as usize).min(file.text.len());
    let from = file.text.get(..at)?.rfind('\n').map_or(0, |n| n + 1);
    let text: String = file.text.get(from..)?.lines().next().unwrap_or_default().trim().chars().take(LONGEST_LINE).collect();
    Some(Place { file: file.name.clone(), line, column, text, start: span.start, end: span.end })
}

impl<'a> Places<'a> {
    /// The document of an origin.
    pub fn document(&self, origin: Option<Origin>) -> Option<&'a Document> {
        self.0?.document(origin?.document)
    }

    /// The place of a span.
    pub fn of_span(&self, span: Span) -> Option<Place> {
        place(&self.0?.sources, span)
    }

    /// Whether `pointer` below the origin's own pointer is written in the manifest.
    pub fn is_written(&self, origin: Option<Origin>, pointer: &str) -> bool {
        let Some(document) = self.document(origin) else { return false };
        document.span_of(&joined(origin, pointer)).is_some()
    }

    /// The place of `pointer` below the origin's own pointer, or of the nearest thing above it that is written.
    pub fn near(&self, origin: Option<Origin>, pointer: &str) -> Option<Place> {
        let document = self.document(origin)?;
        self.of_span(document.span_near(&joined(origin, pointer)))
    }

    /// The place of `pointer` of the whole document, or of the nearest thing above it that is written.
    pub fn in_document(&self, origin: Option<Origin>, pointer: &str) -> Option<Place> {
        let document = self.document(origin)?;
        self.of_span(document.span_near(pointer))
    }

    /// Where the document says what it is: its name, else its kind.
    pub fn of_document(&self, document: DocId) -> Option<Place> {
        let document = self.0?.document(document)?;
        let span = document.span_of("/metadata/name").or_else(|| document.span_of("/kind")).unwrap_or(document.span);
        self.of_span(span)
    }

    /// The value at `pointer` below the origin's own pointer.
    pub fn value(&self, origin: Option<Origin>, pointer: &str) -> Option<serde_json::Value> {
        let document = self.document(origin)?;
        document.value().pointer(&joined(origin, pointer)).cloned()
    }
}

/// A diagnostic as data.
pub fn finding(sources: &SourceSet, diagnostic: &Diagnostic) -> Finding {
    Finding {
        id: diagnostic.id.0.to_owned(),
        severity: diagnostic.severity.name().to_owned(),
        message: diagnostic.message.clone(),
        place: diagnostic.span.and_then(|span| place(sources, span)),
        notes: diagnostic.notes.iter().map(|note| note.message.clone()).collect(),
        help: diagnostic.help.clone(),
    }
}

fn joined(origin: Option<Origin>, pointer: &str) -> String {
    format!("{}{pointer}", origin.map_or("", |origin| origin.pointer))
}
