//! The texts that were given, and places in them.
//!
//! Owns files by number, byte spans, and their translation to lines, columns and UTF-16 offsets.
//! It reads nothing from a disk.

use std::sync::Arc;

/// Which file of a [`SourceSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A stretch of one file: byte offsets, half open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes as a range, for slicing the file's text.
    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether `other` lies within this span.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }
}

/// One text and the name it goes by in messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// A path, or what stands for one (`<stdin>`).
    pub name: String,
    /// The whole text. Shared, because the trees read from it point into it.
    pub text: Arc<str>,
    /// Where its lines end: thousands of places are told of one file.
    line_ends: Vec<u32>,
}

impl SourceFile {
    fn new(name: String, text: Arc<str>) -> SourceFile {
        let line_ends = text.match_indices('\n').map_while(|(at, _)| u32::try_from(at).ok()).collect();
        SourceFile { name, text, line_ends }
    }

    /// Line and column of a byte, both from 1; `width` says how many columns the beginning of a line has.
    fn position(&self, at: usize, width: impl Fn(&str) -> usize) -> (u32, u32) {
        let at = floor(&self.text, at);
        let lines = self.line_ends.partition_point(|&end| (end as usize) < at);
        let start = lines.checked_sub(1).map_or(0, |last| self.line_ends[last] as usize + 1);
        (lines as u32 + 1, width(&self.text[start..at]) as u32 + 1)
    }
}

/// All the texts of one reading, in the order they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceSet {
    /// The files; a [`FileId`] is an index here.
    pub files: Vec<SourceFile>,
}

impl SourceSet {
    /// A set with one file.
    #[must_use]
    pub fn single(name: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        let mut set = Self::default();
        set.add(name, text);
        set
    }

    /// Adds a file at the end.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile::new(name.into(), text.into()));
        id
    }

    /// The file of a span's id, if it is of this set.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// The text under a span; empty if the span is not of this set.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).and_then(|f| f.text.get(span.range())).unwrap_or("")
    }

    /// Line and column where a span starts, both from 1; columns count characters.
    #[must_use]
    pub fn line_col(&self, span: Span) -> (u32, u32) {
        self.file(span.file).map_or((1, 1), |file| file.position(span.start as usize, |line| line.chars().count()))
    }

    /// Line (from 1) and column (from 0, in UTF-16 units) where a span starts, as editors count.
    #[must_use]
    pub fn line_utf16(&self, span: Span) -> (u32, u32) {
        let (line, col) =
            self.file(span.file).map_or((1, 1), |file| file.position(span.start as usize, |line| line.encode_utf16().count()));
        (line, col - 1)
    }

    /// The span's start and end as UTF-16 offsets into its file, as a page's editor counts them.
    #[must_use]
    pub fn utf16_range(&self, span: Span) -> (u32, u32) {
        let text = self.file(span.file).map_or("", |f| &f.text);
        let units = |to: usize| text[..floor(text, to)].encode_utf16().count() as u32;
        (units(span.start as usize), units(span.end as usize))
    }
}

/// The byte offset of a UTF-16 offset; the end of the text where that is beyond it.
#[must_use]
pub fn byte_of_utf16(text: &str, units: u32) -> u32 {
    let mut seen = 0;
    for (at, c) in text.char_indices() {
        if seen >= units {
            return at as u32;
        }
        seen += c.len_utf16() as u32;
    }
    text.len() as u32
}

/// The greatest character boundary not beyond `at`.
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

    #[test]
    fn places_count_characters_and_utf16_units() {
        let text = "a: 🚢é\n日本: x\n";
        let set = SourceSet::single("f", text);
        let at = |needle: &str| {
            let start = text.find(needle).unwrap() as u32;
            Span { file: FileId(0), start, end: start + needle.len() as u32 }
        };
        assert_eq!(set.line_col(at("é")), (1, 5));
        assert_eq!(set.line_utf16(at("é")), (1, 5));
        assert_eq!(set.utf16_range(at("é")), (5, 6));
        assert_eq!(set.utf16_range(at("🚢")), (3, 5));
        assert_eq!(set.line_col(at("x")), (2, 5));
        assert_eq!(set.utf16_range(at("x")), (11, 12));
        for (at, _) in text.char_indices() {
            let span = Span { file: FileId(0), start: at as u32, end: at as u32 };
            assert_eq!(byte_of_utf16(text, set.utf16_range(span).0), at as u32);
        }
        // A span that does not belong: no panic.
        assert_eq!(set.line_col(Span { file: FileId(9), start: 7, end: 9 }), (1, 1));
        assert_eq!(set.text(Span { file: FileId(0), start: 4, end: 5 }), "");
    }
}
