//! One renderer per format, each a pure function of the report. Texts of a report come from manifests: every renderer escapes for its sink.

pub mod chart;
pub mod compare;
pub mod escape;
pub mod explained;
pub mod github;
pub mod html;
pub mod json;
pub mod markdown;
pub mod sarif;
pub mod style;
pub mod svg;
pub mod text;
pub mod why;

use super::model::Step;

/// A step of the what-if with its time, and why it was not done if it was not.
pub(super) fn step_in_words(step: &Step) -> String {
    match (&step.not_done, step.at_ms) {
        (Some(why), _) => format!("{} (not done: {why})", step.text),
        (None, 0) => step.text.clone(),
        (None, at) => format!("{} at {}", step.text, super::span(at)),
    }
}
