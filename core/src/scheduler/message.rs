//! The text of a pod that found no place (`pkg/scheduler/framework/types.go` FitError, v1.37).

use std::collections::BTreeMap;
use std::fmt::Write;

/// `0/N nodes are available: …` from how often each reason was given. Reasons are sorted as whole strings `<count> <reason>`.
pub fn fit_error(all_nodes: usize, prefilter: Option<&str>, reasons: &BTreeMap<String, usize>) -> String {
    let mut text = format!("0/{all_nodes} nodes are available:");
    if let Some(prefilter) = prefilter.filter(|t| !t.is_empty()) {
        let _ = write!(text, " {prefilter}.");
        return text;
    }
    let mut counted: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    if counted.is_empty() {
        return text;
    }
    counted.sort_unstable();
    let _ = write!(text, " {}.", counted.join(", "));
    text
}

/// An event's note: at most 1024 bytes, the first 1020 and ` ...` of a longer one, cut at a character's border.
pub fn event_note(message: &str) -> String {
    const LIMIT: usize = 1024;
    const KEPT: usize = 1020;
    if message.len() <= LIMIT {
        return message.to_owned();
    }
    let end = (0..=KEPT).rev().find(|&i| message.is_char_boundary(i)).unwrap_or(0);
    format!("{} ...", &message[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_sort_as_whole_strings() {
        let reasons = BTreeMap::from([("node(s) were unschedulable".to_owned(), 2), ("Insufficient cpu".to_owned(), 10)]);
        assert_eq!(fit_error(12, None, &reasons), "0/12 nodes are available: 10 Insufficient cpu, 2 node(s) were unschedulable.");
    }

    #[test]
    fn long_notes_are_cut() {
        let note = event_note(&"x".repeat(2000));
        assert_eq!(note.len(), 1024);
        assert!(note.ends_with("x ..."));
    }
}
