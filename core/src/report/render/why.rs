//! Explanations for a terminal: of a pod, of a record, of a sort of diagnostic.

use super::super::matrix::{NodeVerdict, PodMatrix};
use super::super::model::Link;
use super::super::span;
use super::super::why::{PodStory, RecordStory};
use super::style::{Align, Style, Terminal, columns, table};
use crate::manifest::diagnostic::DiagnosticInfo;

/// How many nodes a table shows.
const NODES: usize = 40;

/// What a sort of diagnostic means.
pub fn diagnostic(info: &DiagnosticInfo, terminal: &Terminal) -> String {
    let mut out = terminal.wrapped(&format!("{}: ", terminal.paint(Style::Cyan, info.id.0)), "  ", Style::Bold, info.title);
    out.push('\n');
    for line in info.explanation.lines() {
        // Examples are indented, and keep their lines.
        match line {
            "" => out.push('\n'),
            _ if line.starts_with(' ') => out.push_str(&format!("{}\n", terminal.paint(Style::Dim, line))),
            _ => out.push_str(&terminal.wrapped("", "", Style::Plain, line)),
        }
    }
    out
}

/// A record, what led to it, and what followed.
pub fn record(story: &RecordStory, terminal: &Terminal) -> String {
    let mut out = terminal.heading("what led to it").trim_start().to_owned();
    links(&mut out, &story.causes, terminal, true);
    out.push_str(&terminal.heading("what followed from it"));
    links(&mut out, &story.effects, terminal, false);
    let rest = story.followed.saturating_sub(story.effects.len());
    let text = match (story.followed, rest) {
        (0, _) => "nothing".to_owned(),
        (_, 0) => return out,
        (all, _) => format!("{all} records in all, those that followed from these included"),
    };
    out.push_str(&format!("          {}\n", terminal.paint(Style::Dim, &text)));
    out
}

fn links(out: &mut String, links: &[Link], terminal: &Terminal, chained: bool) {
    let mut last = None;
    for (i, link) in links.iter().enumerate() {
        let time = span(link.at_ms);
        let shown = if last.as_ref() == Some(&time) { String::new() } else { time.clone() };
        last = Some(time);
        let arrow = if chained && i > 0 { terminal.sign("↳", ">") } else { " " };
        let pad = " ".repeat(9usize.saturating_sub(columns(&shown)));
        let number = terminal.paint(Style::Dim, &format!("#{}", link.record));
        let lead = format!("{pad}{} {} {number} ", terminal.paint(Style::Dim, &shown), terminal.paint(Style::Dim, arrow));
        let rest = " ".repeat(columns(&lead));
        out.push_str(&terminal.wrapped(&lead, &rest, Style::Plain, &link.text));
    }
}

/// A pod's life, and what the scheduler thinks of every node for it.
pub fn pod(story: &PodStory, matrix: Option<&PodMatrix>, terminal: &Terminal) -> String {
    let place = match (&story.node, &story.refusal) {
        (Some(node), _) => format!("on {node}"),
        (None, Some(_)) => "without a node".to_owned(),
        (None, None) => "gone, or not placed yet".to_owned(),
    };
    let mut out = terminal.wrapped("", "  ", Style::Bold, &format!("pod {} of {}: {place}", story.pod, story.workload));
    if let Some(meaning) = &story.meaning {
        out.push_str(&terminal.wrapped(&format!("{} ", terminal.paint(Style::Red, terminal.sign("✗", "x"))), "  ", Style::Plain, meaning));
    }
    if let Some(refusal) = &story.refusal {
        out.push_str(&terminal.wrapped("  ", "  ", Style::Dim, refusal));
    }
    if !story.life.is_empty() {
        out.push_str(&terminal.heading("its life"));
        // What is only said again, as a refusal is at every attempt, is counted.
        let mut said = std::collections::BTreeSet::new();
        let life: Vec<Link> = story.life.iter().filter(|link| said.insert(link.text.as_str())).cloned().collect();
        links(&mut out, &life, terminal, false);
        let again = story.life.len() - life.len();
        if again > 0 {
            let text =
                format!("and {again} times what stands here already, up to {}", span(story.life.last().map_or(0, |link| link.at_ms)));
            out.push_str(&format!("          {}\n", terminal.paint(Style::Dim, &text)));
        }
    }
    if let Some(matrix) = matrix {
        nodes(&mut out, matrix, terminal);
    }
    out
}

fn nodes(out: &mut String, matrix: &PodMatrix, terminal: &Terminal) {
    let title = match matrix.bound {
        true => format!("every node at {}, were it to be placed again", span(matrix.at_ms)),
        false => format!("every node at {}", span(matrix.at_ms)),
    };
    out.push_str(&terminal.heading(&title));
    let mut plugins: Vec<&str> = Vec::new();
    for verdict in &matrix.nodes {
        for (plugin, ..) in &verdict.scores {
            if !plugins.contains(&plugin.as_str()) {
                plugins.push(plugin);
            }
        }
    }
    let mut head = vec![String::new(), terminal.paint(Style::Dim, "node"), terminal.paint(Style::Dim, "zone")];
    let scored = matrix.nodes.iter().any(|v| v.total.is_some());
    if scored {
        head.push(terminal.paint(Style::Dim, "total"));
    }
    head.extend(plugins.iter().map(|plugin| terminal.paint(Style::Dim, short(plugin))));
    let mut align = vec![Align::Left, Align::Left, Align::Left];
    align.resize(head.len(), Align::Right);
    let mut rows = vec![head];
    let (able, refused): (Vec<&NodeVerdict>, Vec<&NodeVerdict>) = matrix.nodes.iter().take(NODES).partition(|v| v.reasons.is_empty());
    rows.extend(able.iter().map(|verdict| row(verdict, matrix, &plugins, scored, terminal)));
    if !able.is_empty() {
        out.push_str(&table(&rows, &align, ""));
    }
    let no = terminal.paint(Style::Red, terminal.sign("✗", "x"));
    let rows: Vec<Vec<String>> = refused
        .iter()
        .map(|verdict| {
            let plugin = verdict.plugin.as_deref().unwrap_or_default();
            let why = terminal.paint(Style::Yellow, &format!("{plugin}: {}", verdict.reasons.join(", ")));
            vec![no.clone(), terminal.paint(Style::Plain, &verdict.node), terminal.paint(Style::Plain, &verdict.zone), why]
        })
        .collect();
    out.push_str(&table(&rows, &[], ""));
    if matrix.nodes.len() > NODES {
        out.push_str(&format!("   {}\n", terminal.paint(Style::Dim, &format!("and {} more nodes", matrix.nodes.len() - NODES))));
    }
    if !matrix.message.is_empty() {
        out.push_str(&terminal.wrapped("", "", Style::Dim, &matrix.message));
    }
}

fn row(verdict: &NodeVerdict, matrix: &PodMatrix, plugins: &[&str], scored: bool, terminal: &Terminal) -> Vec<String> {
    let chosen = matrix.chosen.as_deref() == Some(verdict.node.as_str());
    let sign = match (chosen, verdict.looked_at) {
        (true, _) => terminal.paint(Style::Green, terminal.sign("★", "*")),
        (false, true) => terminal.paint(Style::Green, terminal.sign("✓", "+")),
        // The search ended before it: enough nodes were found.
        (false, false) => terminal.paint(Style::Dim, "?"),
    };
    let mut row = vec![sign, terminal.paint(Style::Plain, &verdict.node), terminal.paint(Style::Plain, &verdict.zone)];
    if scored {
        row.push(verdict.total.map_or(String::new(), |total| total.to_string()));
    }
    for plugin in plugins {
        let score = verdict.scores.iter().find(|(name, ..)| name == plugin);
        row.push(
            score.map_or(String::new(), |(_, weight, score)| if *weight == 1 { score.to_string() } else { format!("{weight}×{score}") }),
        );
    }
    row
}

/// A plugin's name without what most of them begin with.
fn short(plugin: &str) -> &str {
    plugin.strip_prefix("NodeResources").or_else(|| plugin.strip_prefix("PodTopology")).unwrap_or(plugin)
}
