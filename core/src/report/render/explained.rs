//! A pod's attempts and the ways in: for a terminal, as Markdown, as one HTML file.

use std::fmt::Write as _;

use super::super::amounts::{counted, listed};
use super::super::explained::{AttemptStory, ChangedNodes, Explained, NodeGroup, Scope, Way};
use super::super::matrix::{NodeVerdict, PodMatrix};
use super::super::span;
use super::super::why::PodStory;
use super::escape::{markdown as escaped, markup, script_json};
use super::style::{Style, Terminal, columns};

/// How many attempts are shown: the first ones, and the last.
const ATTEMPTS: usize = 8;
/// How many names of nodes are shown in a line.
const NAMES: usize = 4;
/// How many rows of a table a document shows.
const ROWS: usize = 200;

/// Everything that is known about why a pod is where it is.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// Its life.
    pub story: &'a PodStory,
    /// What the scheduler thinks of every node.
    pub matrix: Option<&'a PodMatrix>,
    /// Its attempts and the ways in; none for a pod that the scheduler was never asked about.
    pub explained: Option<&'a Explained>,
}

fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Pod => "the pod",
        Scope::Nodes => "the nodes",
        Scope::Others => "other pods",
    }
}

/// An attempt that is shown, and how many after it found the same until when.
struct Shown<'a> {
    attempt: &'a AttemptStory,
    again: usize,
    until_ms: i64,
}

/// Those that are shown of a list of attempts: what finds what the one before found is not shown again. And how many are left out at the end.
fn shown(attempts: &[AttemptStory]) -> (Vec<Shown<'_>>, usize) {
    let mut some: Vec<Shown<'_>> = Vec::new();
    for attempt in attempts {
        match some.last_mut() {
            Some(last) if attempt.changed.is_empty() && attempt.node.is_none() && attempt.preempts == last.attempt.preempts => {
                last.again += 1;
                last.until_ms = attempt.at_ms;
            }
            _ => some.push(Shown { attempt, again: 0, until_ms: attempt.at_ms }),
        }
    }
    let left_out = some.len().saturating_sub(ATTEMPTS);
    if left_out > 0 {
        // The last tells how it ended.
        let last = some.pop();
        some.truncate(ATTEMPTS - 1);
        some.extend(last);
    }
    (some, left_out)
}

fn again(shown: &Shown<'_>) -> Option<String> {
    let times = if shown.again == 1 { "once more".to_owned() } else { format!("{} more times", shown.again) };
    (shown.again > 0).then(|| format!("tried {times} until {}: every node as before", span(shown.until_ms)))
}

fn outcome(attempt: &AttemptStory) -> String {
    match (&attempt.node, &attempt.preempts) {
        (Some(node), _) => format!("goes to {node}"),
        (None, Some((node, victims))) => {
            format!("no place; {} to go from {node}: {}", counted(victims.len(), "pod"), listed(victims, NAMES))
        }
        (None, None) => "no place".to_owned(),
    }
}

fn group(group: &NodeGroup) -> String {
    let found = match &group.plugin {
        Some(plugin) => format!("{plugin}: {}", group.found),
        None => group.found.clone(),
    };
    format!("{found} ({})", names(group.count, &group.nodes))
}

/// `node-1, node-2 and 3 more`, of more nodes than are named.
fn names(count: usize, some: &[String]) -> String {
    let shown = &some[..some.len().min(NAMES)];
    match count - shown.len().min(count) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn change(changed: &ChangedNodes) -> String {
    let nodes = names(changed.count, &changed.nodes);
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    format!("{nodes}: {}, was {}", or(&changed.is, "gone"), or(&changed.was, "not there"))
}

/// What was found of the nodes: by the first attempt all of it, by the others what is different.
fn lines(n: usize, attempt: &AttemptStory) -> Vec<String> {
    if n == 0 { attempt.nodes.iter().map(group).collect() } else { attempt.changed.iter().map(change).collect() }
}

fn title(explained: &Explained) -> String {
    let at = explained.ways_at_ms.map_or(String::new(), |at| format!(" at {}", span(at)));
    format!("what would have let it in{at}")
}

fn way(way: &Way) -> String {
    let node = way.node.as_ref().map_or(String::new(), |node| format!(": it then goes to {node}"));
    let remark = if way.remark.is_empty() { String::new() } else { format!(" ({})", way.remark) };
    format!("{}{node}{remark}", way.changes.join(", and "))
}

fn proof(explained: &Explained) -> String {
    let asked = format!("each verified: the scheduler was asked again, {}", counted(explained.asked, "time"));
    if explained.cut {
        format!("{asked} in all; the search was cut short there, smaller changes may exist")
    } else {
        format!("{asked} in all")
    }
}

/// For a terminal; what the life and the matrix say is `why::pod`'s.
pub fn text(explained: &Explained, terminal: &Terminal) -> String {
    let mut out = terminal.heading(&counted(explained.attempts.len(), "attempt"));
    let (some, left_out) = shown(&explained.attempts);
    for (n, shown) in some.iter().enumerate() {
        let attempt = shown.attempt;
        if left_out > 0 && n + 1 == some.len() {
            out.push_str(&format!("            {}\n", terminal.paint(Style::Dim, &format!("and {left_out} more that differ"))));
        }
        let time = span(attempt.at_ms);
        let (style, sign) = match attempt.node {
            Some(_) => (Style::Green, terminal.sign("✓", "+")),
            None => (Style::Red, terminal.sign("✗", "x")),
        };
        let pad = " ".repeat(9usize.saturating_sub(columns(&time)));
        let lead = format!("{pad}{} {} ", terminal.paint(Style::Dim, &time), terminal.paint(style, sign));
        let rest = " ".repeat(12);
        out.push_str(&terminal.wrapped(&lead, &rest, Style::Plain, &outcome(attempt)));
        let deeper = format!("{rest}  ");
        for line in lines(n, attempt) {
            out.push_str(&terminal.wrapped(&rest, &deeper, if n == 0 { Style::Dim } else { Style::Yellow }, &line));
        }
        if let Some(again) = again(shown) {
            out.push_str(&terminal.wrapped(&rest, &deeper, Style::Dim, &again));
        }
    }
    if explained.ways_at_ms.is_none() {
        return out;
    }
    out.push_str(&terminal.heading(&title(explained)));
    if explained.ways.is_empty() {
        out.push_str(&terminal.wrapped("", "", Style::Plain, "no single change was found, of the pod, a node or other pods"));
    }
    let mut last = None;
    for found in &explained.ways {
        let label = if last == Some(found.scope) { "" } else { scope(found.scope) };
        last = Some(found.scope);
        let lead = format!("{}{} ", terminal.paint(Style::Dim, label), " ".repeat(11usize.saturating_sub(columns(label))));
        let rest = " ".repeat(12);
        out.push_str(&terminal.wrapped(&lead, &format!("{rest}  "), Style::Plain, &way(found)));
        for line in found.snippet.lines() {
            out.push_str(&format!("{rest}  {}\n", terminal.paint(Style::Green, line)));
        }
    }
    out.push_str(&terminal.wrapped("", "", Style::Dim, &proof(explained)));
    out
}

/// As Markdown.
pub fn markdown(parts: &Parts<'_>) -> String {
    let mut out = format!("## Wavetank: why pod {} {}\n\n", escaped(&parts.story.pod), place(parts.story));
    if let Some(meaning) = &parts.story.meaning {
        let _ = writeln!(out, "❌ **{}**\n", escaped(meaning));
    }
    if let Some(refusal) = &parts.story.refusal {
        let _ = writeln!(out, "> {}\n", escaped(refusal));
    }
    if let Some(explained) = parts.explained {
        if explained.ways_at_ms.is_some() {
            let _ = writeln!(out, "### {}\n", capital(&title(explained)));
            for found in &explained.ways {
                let _ = writeln!(out, "- **{}**: {}", scope(found.scope), escaped(&way(found)));
                if !found.snippet.is_empty() {
                    out.push_str("  ````\n");
                    found.snippet.lines().for_each(|line| out.push_str(&format!("  {}\n", crate::units::text::visible(line))));
                    out.push_str("  ````\n");
                }
            }
            let _ = writeln!(out, "\n<sub>{}</sub>\n", proof(explained));
        }
        let _ = writeln!(out, "### {}\n", capital(&counted(explained.attempts.len(), "attempt")));
        let (some, left_out) = shown(&explained.attempts);
        for (n, shown) in some.iter().enumerate() {
            let _ = writeln!(out, "- `{}` {}", span(shown.attempt.at_ms), escaped(&outcome(shown.attempt)));
            let lines = lines(n, shown.attempt).into_iter().chain(again(shown));
            lines.for_each(|line| out.push_str(&format!("  - {}\n", escaped(&line))));
        }
        if left_out > 0 {
            let _ = writeln!(out, "- and {left_out} more before the last");
        }
        out.push('\n');
    }
    if let Some(matrix) = parts.matrix {
        let _ = writeln!(out, "### Every node at {}\n\n| node | zone | total | plugins |\n|---|---|--:|---|", span(matrix.at_ms));
        for verdict in matrix.nodes.iter().take(ROWS) {
            let total = verdict.total.map_or(String::new(), |total| total.to_string());
            let _ = writeln!(
                out,
                "| {} {} | {} | {total} | {} |",
                sign(verdict, matrix),
                escaped(&verdict.node),
                escaped(&verdict.zone),
                escaped(&said(verdict))
            );
        }
        if matrix.nodes.len() > ROWS {
            let _ = writeln!(out, "\nand {} more nodes", matrix.nodes.len() - ROWS);
        }
    }
    out
}

/// As one HTML file; `data` is the JSON form, which stands in it.
pub fn html(parts: &Parts<'_>, data: &str) -> String {
    let mut out = super::html::begin(&format!("Wavetank: why pod {} {}", parts.story.pod, place(parts.story)));
    let _ = writeln!(out, "<h1>pod {} of {}</h1>", markup(&parts.story.pod), markup(&parts.story.workload));
    let bad = if parts.story.meaning.is_some() { " bad" } else { "" };
    let said_first = parts.story.meaning.clone().unwrap_or_else(|| place(parts.story));
    let _ = writeln!(out, "<p class=\"verdict{bad}\">{}</p>", markup(&said_first));
    if let Some(refusal) = &parts.story.refusal {
        let _ = writeln!(out, "<p class=\"soft\">{}</p>", markup(refusal));
    }
    if let Some(explained) = parts.explained {
        if explained.ways_at_ms.is_some() {
            let _ = writeln!(out, "<h2>{}</h2>", capital(&title(explained)));
            for found in &explained.ways {
                let _ = writeln!(out, "<div class=\"card\"><h3>{}</h3><p>{}</p>", scope(found.scope), markup(&way(found)));
                if !found.snippet.is_empty() {
                    let _ = writeln!(out, "<pre>{}</pre>", found.snippet.lines().map(markup).collect::<Vec<_>>().join("\n"));
                }
                out.push_str("</div>\n");
            }
            let _ = writeln!(out, "<p class=\"soft\">{}</p>", markup(&proof(explained)));
        }
        let _ = writeln!(out, "<h2>{}</h2>\n<ol class=\"events\">", capital(&counted(explained.attempts.len(), "attempt")));
        for (n, shown) in shown(&explained.attempts).0.iter().enumerate() {
            let class = if shown.attempt.node.is_some() { "good" } else { "bad" };
            let (time, found) = (span(shown.attempt.at_ms), markup(&outcome(shown.attempt)));
            let _ = write!(out, "<li><time>{time}</time><span><span class=\"{class}\">{found}</span>");
            let lines = lines(n, shown.attempt).into_iter().chain(again(shown));
            lines.for_each(|line| out.push_str(&format!("<br><span class=\"soft\">{}</span>", markup(&line))));
            out.push_str("</span></li>\n");
        }
        out.push_str("</ol>\n");
    }
    if let Some(matrix) = parts.matrix {
        let _ = writeln!(
            out,
            "<h2>Every node at {}</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>node</th><th>zone</th><th class=\"n\">total</th><th>plugins</th></tr></thead>\n<tbody>",
            span(matrix.at_ms)
        );
        for verdict in matrix.nodes.iter().take(ROWS) {
            let total = verdict.total.map_or(String::new(), |total| total.to_string());
            let class = if verdict.reasons.is_empty() { "good" } else { "bad" };
            let _ = writeln!(
                out,
                "<tr><td><span class=\"{class}\">{}</span> {}</td><td>{}</td><td class=\"n\">{total}</td><td>{}</td></tr>",
                sign(verdict, matrix),
                markup(&verdict.node),
                markup(&verdict.zone),
                markup(&said(verdict))
            );
        }
        out.push_str("</tbody></table></div>\n");
    }
    if !parts.story.life.is_empty() {
        out.push_str("<h2>Its life</h2>\n<ol class=\"events\">\n");
        for link in parts.story.life.iter().take(ROWS) {
            let _ = writeln!(
                out,
                "<li><time>{}</time><span>{} <span class=\"soft\">#{}</span></span></li>",
                span(link.at_ms),
                markup(&link.text),
                link.record
            );
        }
        out.push_str("</ol>\n");
    }
    let _ = write!(
        out,
        "</main>\n<script type=\"application/json\" id=\"wavetank-explained\">{}</script>\n</body>\n</html>\n",
        script_json(data.trim_end())
    );
    out
}

fn place(story: &PodStory) -> String {
    match &story.node {
        Some(node) => format!("is on {node}"),
        None => "has no node".to_owned(),
    }
}

fn sign(verdict: &NodeVerdict, matrix: &PodMatrix) -> &'static str {
    match (matrix.chosen.as_deref() == Some(verdict.node.as_str()), verdict.reasons.is_empty(), verdict.looked_at) {
        (true, ..) => "★",
        (false, false, _) => "✗",
        (false, true, true) => "✓",
        (false, true, false) => "?",
    }
}

/// What the plugins say of a node: why not, or the scores.
fn said(verdict: &NodeVerdict) -> String {
    if !verdict.reasons.is_empty() {
        return format!("{}: {}", verdict.plugin.as_deref().unwrap_or("PreFilter"), verdict.reasons.join(", "));
    }
    let one = |(plugin, weight, score): &(String, i64, i64)| {
        if *weight == 1 { format!("{plugin} {score}") } else { format!("{plugin} {weight}×{score}") }
    };
    verdict.scores.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}
