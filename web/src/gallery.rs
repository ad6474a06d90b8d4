//! The gallery: the examples of `static/examples` and the lessons of `static/lessons`, put into the programs when they are built.
//!
//! The page has their titles, and the files of the example that it opens with; the worker has all files.

use wavetank_core::manifest::{self, Limits, SourceSet};
use wavetank_core::session::lesson::Lesson;

use crate::wire::SourceFile;

/// What the gallery says of an example or a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    /// Its name: that of its directory, without a number before it.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// One sentence.
    pub promise: &'static str,
}

/// Files by name, with their texts.
type Texts = &'static [(&'static str, &'static str)];

/// A lesson: its name, its document, the files that it begins with, those that repair it.
type LessonRow = (&'static str, &'static str, Texts, Texts);

include!(concat!(env!("OUT_DIR"), "/gallery.rs"));

/// The example that the page opens with.
pub const FIRST: &str = "shop";

/// Every example, by name.
pub fn examples() -> &'static [Card] {
    EXAMPLES
}

/// Every lesson, in order.
pub fn lessons() -> &'static [Card] {
    LESSONS
}

/// The lesson of a name.
pub fn lesson_card(name: &str) -> Option<&'static Card> {
    LESSONS.iter().find(|card| card.name == name)
}

/// The lesson after one; none after the last.
pub fn lesson_after(name: &str) -> Option<&'static Card> {
    LESSONS.iter().skip_while(|card| card.name != name).nth(1)
}

/// The files of the example that the page opens with.
pub fn first_files() -> Vec<SourceFile> {
    owned(FIRST_FILES)
}

/// The files of an example; none where there is no such thing. For the worker: they are large.
pub fn example_files(name: &str) -> Vec<SourceFile> {
    EXAMPLE_FILES.iter().find(|(other, _)| *other == name).map(|&(_, texts)| owned(texts)).unwrap_or_default()
}

/// The files that a lesson begins with; none where there is no such thing. For the worker.
pub fn lesson_files(name: &str) -> Vec<SourceFile> {
    row(name).map(|&(_, _, texts, _)| owned(texts)).unwrap_or_default()
}

/// The files that repair a lesson: in the place of those of the same names. For the worker.
pub fn lesson_repair(name: &str) -> Vec<SourceFile> {
    row(name).map(|&(_, _, _, texts)| owned(texts)).unwrap_or_default()
}

/// A lesson. For the worker.
pub fn lesson(name: &str) -> Option<Lesson> {
    let (_, document, texts, _) = row(name)?;
    let mut sources = SourceSet::default();
    for (name, text) in *texts {
        sources.add(*name, *text);
    }
    Lesson::read(document, &manifest::read(sources, &Limits::default())).ok()
}

fn row(name: &str) -> Option<&'static LessonRow> {
    LESSON_FILES.iter().find(|(other, ..)| *other == name)
}

fn owned(texts: Texts) -> Vec<SourceFile> {
    texts.iter().map(|&(name, text)| SourceFile { name: name.to_string(), text: text.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_a_title_a_promise_and_files() {
        for card in examples() {
            assert!(!card.title.is_empty() && !card.promise.is_empty(), "{card:?}");
            let files = example_files(card.name);
            assert!(!files.is_empty() && files.iter().all(|file| !file.text.trim().is_empty()), "{card:?}");
        }
        for card in lessons() {
            let lesson = lesson(card.name).unwrap_or_else(|| panic!("{card:?}"));
            assert_eq!((lesson.title.as_str(), lesson.promise.as_str()), (card.title, card.promise));
            assert!(!lesson_files(card.name).is_empty() && !lesson_repair(card.name).is_empty());
        }
        assert_eq!(first_files(), example_files(FIRST));
        assert!(example_files("none").is_empty() && lesson("none").is_none());
    }

    #[test]
    fn lessons_follow_each_other() {
        let names: Vec<&str> = lessons().iter().map(|card| card.name).collect();
        assert_eq!(lesson_after(names[0]).map(|card| card.name), Some(names[1]));
        assert_eq!(lesson_after(names[names.len() - 1]), None);
        assert_eq!(lesson_card(names[2]).map(|card| card.name), Some(names[2]));
    }
}
