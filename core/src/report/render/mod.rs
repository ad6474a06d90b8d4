//! One renderer per format, each a pure function of the report. Texts of a report come from manifests: every renderer escapes for its sink.

pub mod capacity;
pub mod chart;
pub mod compare;
pub mod cost;
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

use super::model::{Step, TieChange, TieReport};

/// A step of the what-if with its time, and why it was not done if it was not.
pub(super) fn step_in_words(step: &Step) -> String {
    match (&step.not_done, step.at_ms) {
        (Some(why), _) => format!("{} (not done: {why})", step.text),
        (None, 0) => step.text.clone(),
        (None, at) => format!("{} at {}", step.text, super::span(at)),
    }
}

/// How other choices among equally good nodes were tried, and what came of it.
pub(super) fn ties_in_words(ties: &TieReport) -> String {
    let choices = |count: usize| format!("{count} {}", if count == 1 { "choice" } else { "choices" });
    let had = format!("{} of {} had equally good nodes to choose from", choices(ties.decisions), "the scheduler");
    let tried = match ties.enumerated {
        true => format!("each of the {} others was tried alone", ties.alternatives),
        false => format!("{} runs with all choices drawn at random were tried, a sample of what is possible", ties.runs),
    };
    match (ties.decisions, ties.differing) {
        (0, _) => "the scheduler never had equally good nodes to choose from".to_owned(),
        (_, 0) => format!("{had}; {tried}: none changes an outcome that matters"),
        (_, differing) => format!("{had}; {tried}: {differing} of {} runs come to another outcome", ties.runs),
    }
}

/// A changed outcome as a line.
pub(super) fn tie_in_words(change: &TieChange) -> String {
    let example = if change.example.is_empty() { String::new() } else { format!(", such as with {}", change.example) };
    format!("{} {} instead of {} in {}{example}", change.subject, change.is, change.was, change.runs)
}
