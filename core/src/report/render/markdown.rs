//! The report as Markdown for a pull request: the worst first, below 60,000 bytes, with a hidden marker so that a bot can find and replace it.

use super::super::amounts::{counted, listed};
use super::super::model::*;
use super::super::span;
use super::escape::markdown as escaped;

/// What a bot looks for to update a comment in place.
pub const MARKER: &str = "<!-- wavetank-report -->";
/// The most bytes: hosts refuse comments a little longer than this.
pub const MOST_BYTES: usize = 60_000;
const ROWS: usize = 30;
const STORIES: usize = 10;
const ENTRIES: usize = 60;

/// The text.
pub fn render(report: &Report) -> String {
    let mut out = Bounded { text: format!("{MARKER}\n"), left_out: 0 };
    let sign = match report.verdict.harm {
        Harm::None => "✅",
        Harm::Dipped | Harm::ShortBefore => "⚠️",
        Harm::Stuck | Harm::Short | Harm::Outage | Harm::Down => "❌",
    };
    let steps: Vec<String> = report.steps.iter().map(super::step_in_words).collect();
    let what = if steps.is_empty() { "at rest".to_owned() } else { format!("what if {}?", listed(&steps, 4)) };
    out.push(format!("## Wavetank: {}\n\n{sign} **{}**\n\n", escaped(&what), escaped(&report.verdict.text)));
    for e in report.expectations.iter().filter(|e| e.holds != Some(true)).take(ROWS) {
        out.push(format!("- ❌ {}: {}\n", escaped(&e.title), escaped(&e.message)));
    }
    workloads(&mut out, report);
    for u in report.placement.unplaced.iter().take(STORIES) {
        let message = if u.message.is_empty() { String::new() } else { format!("\n  {}", escaped(&u.message)) };
        out.push(format!(
            "- ❌ {} of {} found no node before anything was broken: {}{message}\n",
            counted(u.count, "pod"),
            escaped(&u.workload),
            escaped(&u.meaning)
        ));
    }
    losses(&mut out, report);
    let cost = super::cost::lines(report);
    if !cost.is_empty() {
        out.push("\n### What it cost\n\n".to_owned());
        cost.iter().for_each(|line| out.push(format!("- {}\n", escaped(line))));
    }
    proposals(&mut out, report);
    if let Some(ties) = &report.ties {
        out.push(format!("\n### What hangs on ties\n\n{}\n", escaped(&super::ties_in_words(ties))));
        ties.changes.iter().for_each(|change| out.push(format!("- {}\n", escaped(&super::tie_in_words(change)))));
    }
    if let Some(seeds) = &report.seeds {
        out.push(format!("\n### What hangs on the order\n\n{}\n", escaped(&seeds.summary())));
        seeds.subjects.iter().for_each(|subject| out.push(format!("- {}\n", escaped(&subject.in_words(seeds.seeds)))));
    }
    timeline(&mut out, report);
    out.push(format!(
        "\n<sub>{}, {}; rules of Kubernetes {}; seed {}; {} assumed</sub>\n",
        counted(report.totals.nodes, "node"),
        counted(report.totals.pods, "pod"),
        escaped(&report.kubernetes),
        report.seed,
        counted(report.assumptions.len(), "value")
    ));
    out.finish()
}

/// Text that stops growing before it is too long. Whole parts are left out, never half of one.
struct Bounded {
    text: String,
    left_out: usize,
}

impl Bounded {
    fn push(&mut self, part: String) {
        // The last sentence needs room too.
        if self.text.len() + part.len() + 200 > MOST_BYTES {
            self.left_out += 1;
        } else {
            self.text.push_str(&part);
        }
    }

    fn finish(mut self) -> String {
        if self.left_out > 0 {
            self.text
                .push_str(&format!("\n_and {} left out: the report was too long for a comment_\n", counted(self.left_out, "more part")));
        }
        self.text
    }
}

fn workloads(out: &mut Bounded, report: &Report) {
    let hurt: Vec<&WorkloadOutcome> = report.workloads.iter().filter(|w| w.harm > Harm::None).collect();
    if !hurt.is_empty() {
        out.push("| | workload | wants | least | none for | short for | back at |\n|---|---|---:|---:|---:|---:|---:|\n".to_owned());
        for w in hurt.iter().take(ROWS) {
            let sign = if w.harm >= Harm::Stuck { "❌" } else { "⚠️" };
            let back = w.recovered_at_ms.map_or(if w.short_ms == 0 { "–".to_owned() } else { "never".to_owned() }, span);
            let dash = |ms: i64| if ms > 0 { span(ms) } else { "–".to_owned() };
            out.push(format!(
                "| {sign} | {} | {} | {} | {} | {} | {back} |\n",
                escaped(&w.label),
                w.desired,
                w.least,
                dash(w.none_ms),
                dash(w.short_ms)
            ));
        }
        if hurt.len() > ROWS {
            out.push(format!("\nand {} more\n", hurt.len() - ROWS));
        }
    }
    let untouched = report.workloads.iter().filter(|w| w.harm == Harm::None).count();
    if untouched > 0 {
        out.push(format!("\n✅ {} untouched\n\n", counted(untouched, "workload")));
    }
}

fn losses(out: &mut Bounded, report: &Report) {
    if report.losses.is_empty() {
        return;
    }
    out.push("\n### Why\n\n".to_owned());
    for loss in report.losses.iter().take(STORIES) {
        let mut part = format!("**{}: {}**\n\n", escaped(&loss.workload), escaped(&loss.text));
        for link in &loss.chain {
            part.push_str(&format!("1. `{}` {}\n", span(link.at_ms), escaped(&link.text)));
        }
        for decision in &loss.decided_by {
            match &decision.place {
                Some(place) => part.push_str(&format!("\n{}:{} – {}\n", escaped(&place.file), place.line, escaped(&decision.text))),
                None => part.push_str(&format!("\n{}\n", escaped(&decision.text))),
            }
        }
        part.push('\n');
        out.push(part);
    }
    if report.losses.len() > STORIES {
        out.push(format!("and {} more\n", report.losses.len() - STORIES));
    }
}

fn proposals(out: &mut Bounded, report: &Report) {
    if report.proposals.is_empty() {
        return;
    }
    out.push("\n### What would help\n\n".to_owned());
    for p in report.proposals.iter().take(STORIES) {
        let mut part = format!("- **{}**: {}", escaped(&p.title), escaped(&p.why));
        if !p.places.is_empty() {
            let at: Vec<String> = p.places.iter().map(|place| format!("{}:{}", escaped(&place.file), place.line)).collect();
            part.push_str(&format!(" ({})", at.join(", ")));
        }
        part.push('\n');
        if !p.snippet.is_empty() {
            // A fence longer than any run of backticks inside it cannot be closed from inside.
            part.push_str("  ````yaml\n");
            p.snippet.lines().for_each(|line| part.push_str(&format!("  {}\n", crate::units::text::visible(line))));
            part.push_str("  ````\n");
        }
        if !p.outcome.is_empty() {
            let sign = match p.verified {
                Verified::NotRun => "❔",
                Verified::Holds => "✅",
                Verified::Partly => "🟡",
                Verified::Fails => "❌",
            };
            part.push_str(&format!("  {sign} {}\n", escaped(&p.outcome)));
        }
        out.push(part);
    }
    if report.proposals.iter().all(|p| p.outcome.is_empty()) {
        out.push("\nThese follow from the rules; the run was not repeated with them.\n".to_owned());
    }
}

fn timeline(out: &mut Bounded, report: &Report) {
    let entries: Vec<&Entry> = report.timeline.iter().filter(|e| e.key).collect();
    if entries.is_empty() || report.is_at_rest() {
        return;
    }
    // One part: left out as a whole rather than cut before its end tag.
    let mut part = "\n<details><summary>What happened</summary>\n\n".to_owned();
    for entry in entries.iter().take(ENTRIES) {
        part.push_str(&format!("- `{}` {}\n", span(entry.at_ms), escaped(&entry.text)));
    }
    if entries.len() > ENTRIES {
        part.push_str(&format!("- and {} more\n", entries.len() - ENTRIES));
    }
    part.push_str("\n</details>\n");
    out.push(part);
}
