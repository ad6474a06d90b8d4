//! A comparison for a terminal and for a pull request.

use super::super::compare::{Brief, Change, Comparison, WorkloadChange};
use super::escape::markdown as escaped;
use super::style::{Align, Style, Terminal, table};

/// For a terminal: the change first, then both verdicts.
pub fn text(comparison: &Comparison, terminal: &Terminal) -> String {
    let mut out = String::new();
    let what = if comparison.steps.is_empty() { "at rest".to_owned() } else { comparison.steps.join(", ") };
    out.push_str(&terminal.wrapped("what if   ", "          ", Style::Plain, &what));
    let (before, after) = (&comparison.before, &comparison.after);
    out.push_str(&terminal.wrapped("before    ", "          ", Style::Plain, &before.verdict.text));
    out.push_str(&terminal.wrapped("after     ", "          ", Style::Plain, &after.verdict.text));
    if before.nodes != after.nodes || before.unplaced != after.unplaced {
        let counts = |nodes: usize, unplaced: usize| format!("{nodes} nodes, {unplaced} pods without one");
        let line = format!("{} before, {} after", counts(before.nodes, before.unplaced), counts(after.nodes, after.unplaced));
        out.push_str(&terminal.wrapped("cluster   ", "          ", Style::Plain, &line));
    }
    out.push('\n');
    let style = match comparison.workloads.first().map(|w| w.change) {
        Some(Change::Worse) => Style::Red,
        Some(Change::Better) => Style::Green,
        _ => Style::Bold,
    };
    out.push_str(&terminal.wrapped("", "", style, &comparison.summary));
    let changed: Vec<&WorkloadChange> = comparison.workloads.iter().filter(|w| w.change != Change::Alike).collect();
    if !changed.is_empty() {
        let mut rows = vec![vec![String::new(), String::new(), "before".to_owned(), "after".to_owned()]];
        rows.extend(changed.iter().map(|w| {
            let (style, sign) = sign(w.change, terminal);
            vec![terminal.paint(style, sign), terminal.safe(&w.label).into_owned(), words(w.before), words(w.after)]
        }));
        out.push('\n');
        out.push_str(&table(&rows, &[Align::Left; 4], ""));
    }
    out
}

/// For a pull request.
pub fn markdown(comparison: &Comparison) -> String {
    let what = if comparison.steps.is_empty() { "at rest".to_owned() } else { format!("what if {}?", comparison.steps.join(", ")) };
    let mut out = format!("<!-- wavetank-comparison -->\n## Wavetank: {}\n\n**{}**\n\n", escaped(&what), escaped(&comparison.summary));
    let changed: Vec<&WorkloadChange> = comparison.workloads.iter().filter(|w| w.change != Change::Alike).collect();
    if !changed.is_empty() {
        out.push_str("| | workload | before | after |\n|---|---|---|---|\n");
        for w in changed {
            let sign = sign(w.change, &Terminal::PLAIN).1;
            out.push_str(&format!("| {sign} | {} | {} | {} |\n", escaped(&w.label), words(w.before), words(w.after)));
        }
        out.push('\n');
    }
    out.push_str(&format!("- before: {}\n", escaped(&comparison.before.verdict.text)));
    out.push_str(&format!("- after: {}\n", escaped(&comparison.after.verdict.text)));
    out
}

fn words(brief: Option<Brief>) -> String {
    brief.map_or_else(|| "-".to_owned(), |brief| brief.words())
}

fn sign(change: Change, terminal: &Terminal) -> (Style, &'static str) {
    match change {
        Change::Worse => (Style::Red, terminal.sign("▼", "worse")),
        Change::Better => (Style::Green, terminal.sign("▲", "better")),
        Change::New => (Style::Green, "+"),
        Change::Gone => (Style::Red, terminal.sign("−", "-")),
        Change::Other => (Style::Yellow, "~"),
        Change::Alike => (Style::Dim, "="),
    }
}
