//! The report as one HTML file: no network, no script that runs, light and dark, good on paper. The whole data stands in it as JSON.

use std::fmt::Write as _;

use super::super::amounts::{bytes, counted, cpu, listed};
use super::super::model::*;
use super::super::span;
use super::escape::{markup, script_json};
use super::{json, svg};

/// How many rows of a table or list are shown; the JSON has all.
const ROWS: usize = 200;

const STYLE: &str = "\
:root{color-scheme:light dark;--bg:#fff;--ink:#1c2733;--soft:#5a6b7b;--line:#d5dde4;--card:#f5f7f9;--bad:#b3261e;--warn:#8a5d00;--good:#23693a;--link:#1f6296;--step:#7a3fae}
@media(prefers-color-scheme:dark){:root{--bg:#11171d;--ink:#e6edf3;--soft:#9aa9b8;--line:#33404c;--card:#1a232c;--bad:#ff8a80;--warn:#e0ad3f;--good:#6fcf8c;--link:#79bcec;--step:#c9a2f0}}
*{box-sizing:border-box}body{margin:0 auto;max-width:1100px;padding:1.5rem 1rem 4rem;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.15rem;color:var(--soft);font-weight:600;margin:0 0 .4rem}h2{font-size:1.15rem;margin:2.2rem 0 .6rem;border-bottom:1px solid var(--line);padding-bottom:.2rem}h3{font-size:1rem;margin:1.2rem 0 .3rem}
.verdict{font-size:1.3rem;line-height:1.4;margin:.2rem 0 1rem;padding:.8rem 1rem;border-left:.4rem solid var(--good);background:var(--card)}p.verdict{color:var(--ink)}.verdict.bad{border-color:var(--bad)}.verdict.warn{border-color:var(--warn)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{text-align:left;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}th{color:var(--soft);font-weight:600}td.n,th.n{text-align:right}
.scroll{overflow-x:auto}.bad{color:var(--bad)}.warn{color:var(--warn)}.good{color:var(--good)}.soft{color:var(--soft)}.step{color:var(--step);font-weight:600}
code,pre{font:13px/1.45 ui-monospace,monospace}pre{background:var(--card);padding:.6rem .8rem;overflow-x:auto;border-radius:4px}.place{color:var(--link);font-family:ui-monospace,monospace;font-size:13px}
ol.chain{list-style:none;padding:0;margin:.3rem 0}ol.chain li,ol.events li{display:grid;grid-template-columns:7.5rem 1fr;gap:.6rem;padding:.12rem 0}ol.events{list-style:none;padding:0}li time{color:var(--soft);text-align:right}
.card{background:var(--card);padding:.2rem 1rem .7rem;margin:.7rem 0;border-radius:6px;break-inside:avoid}svg{width:100%;height:auto}
@media print{body{max-width:none;padding:0;font-size:11pt}.card,tr,li{break-inside:avoid}h2{break-after:avoid}}
";

/// The file.
pub fn render(report: &Report) -> String {
    let title = match report.steps.first() {
        Some(step) => format!("Wavetank: {}", step.text),
        None => "Wavetank: at rest".to_owned(),
    };
    let mut out = begin(&title);
    header(&mut out, report);
    if report.workloads.iter().any(|w| w.completions.is_none()) && !report.is_at_rest() {
        let _ = write!(
            out,
            "<h2>Who served, and when</h2>\n<figure class=\"scroll\" style=\"margin:0\">\n{}</figure>\n",
            svg::render(report, svg::Setting::InPage)
        );
    }
    expectations(&mut out, report);
    workloads(&mut out, report);
    unplaced(&mut out, report);
    events(&mut out, report);
    losses(&mut out, report);
    let cost = super::cost::lines(report);
    if !cost.is_empty() {
        let items: String = cost.iter().map(|line| format!("<li>{}</li>\n", markup(line))).collect();
        let _ = writeln!(out, "<h2>What it cost</h2>\n<ul>\n{items}</ul>");
    }
    proposals(&mut out, report);
    if let Some(ties) = &report.ties {
        let _ = writeln!(out, "<h2>What hangs on ties</h2>\n<p>{}</p>\n<ul>", markup(&super::ties_in_words(ties)));
        ties.changes.iter().for_each(|change| out.push_str(&format!("<li>{}</li>\n", markup(&super::tie_in_words(change)))));
        out.push_str("</ul>\n");
    }
    if let Some(seeds) = &report.seeds {
        let _ = writeln!(out, "<h2>What hangs on the order</h2>\n<p>{}</p>\n<ul>", markup(&seeds.summary()));
        seeds.subjects.iter().for_each(|subject| out.push_str(&format!("<li>{}</li>\n", markup(&subject.in_words(seeds.seeds)))));
        out.push_str("</ul>\n");
    }
    placement(&mut out, report);
    input(&mut out, report);
    let _ = write!(
        out,
        "</main>\n<script type=\"application/json\" id=\"wavetank-report\">{}</script>\n</body>\n</html>\n",
        script_json(json::render(report).trim_end())
    );
    out
}

/// The file up to where its content begins.
pub(super) fn begin(title: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>{}</title>\n\
         <style>{STYLE}{}</style>\n</head>\n<body>\n<main>\n",
        markup(title),
        svg::STYLE
    )
}

fn class(harm: Harm) -> &'static str {
    match harm {
        Harm::None => "good",
        Harm::Dipped | Harm::ShortBefore => "warn",
        Harm::Stuck | Harm::Short | Harm::Outage | Harm::Down => "bad",
    }
}

fn sign(harm: Harm) -> &'static str {
    match harm {
        Harm::None => "✓",
        Harm::Dipped | Harm::ShortBefore => "~",
        Harm::Stuck | Harm::Short | Harm::Outage | Harm::Down => "✗",
    }
}

fn header(out: &mut String, report: &Report) {
    let steps: Vec<String> = report.steps.iter().map(super::step_in_words).collect();
    let what = if steps.is_empty() { "Nothing was broken".to_owned() } else { format!("What if {}?", listed(&steps, 6)) };
    let _ = writeln!(out, "<h1>{}</h1>", markup(&what));
    let _ = writeln!(out, "<p class=\"verdict {}\">{}</p>", class(report.verdict.harm), markup(&report.verdict.text));
    let _ = writeln!(
        out,
        "<p class=\"soft\">{}, {} before the first step; rules of Kubernetes {}; seed {}; {}.</p>",
        counted(report.totals.nodes, "node"),
        counted(report.totals.pods, "pod"),
        markup(&report.kubernetes),
        report.seed,
        ended(report)
    );
}

/// How the run ended, in words.
pub fn ended(report: &Report) -> String {
    match report.ended {
        RunEnd::Quiet => format!("nothing more happens after {}", span(report.last_ms)),
        RunEnd::TimeUp => format!("watched until {}", span(report.until_ms)),
        RunEnd::BudgetSpent => format!("stopped at {}, because something goes round in circles", span(report.last_ms)),
    }
}

fn expectations(out: &mut String, report: &Report) {
    if report.expectations.is_empty() {
        return;
    }
    out.push_str("<h2>Expectations</h2>\n<ul>\n");
    for e in &report.expectations {
        let (class, sign) = match e.holds {
            Some(true) => ("good", "✓"),
            Some(false) => ("bad", "✗"),
            None => ("warn", "?"),
        };
        let _ = writeln!(
            out,
            "<li><span class=\"{class}\">{sign}</span> {} <span class=\"soft\">{}</span></li>",
            markup(&e.title),
            markup(&e.message)
        );
    }
    out.push_str("</ul>\n");
}

fn workloads(out: &mut String, report: &Report) {
    if report.workloads.is_empty() {
        return;
    }
    out.push_str(
        "<h2>Workloads</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th></th><th>workload</th><th class=\"n\">wants</th><th class=\"n\">least</th>\
         <th class=\"n\">none for</th><th class=\"n\">short for</th><th class=\"n\">back at</th><th>where, before</th><th>where, at the end</th></tr></thead>\n<tbody>\n",
    );
    let dash = |ms: i64| if ms > 0 { span(ms) } else { "–".to_owned() };
    for w in report.workloads.iter().take(ROWS) {
        let back = match (w.recovered_at_ms, w.harm) {
            (Some(at), _) => span(at),
            (None, _) if w.short_ms == 0 => "–".to_owned(),
            (None, _) => "never".to_owned(),
        };
        let wants = w.completions.map_or_else(|| w.desired.to_string(), |(wanted, done)| format!("{done} of {wanted} done"));
        let _ = writeln!(
            out,
            "<tr><td class=\"{}\">{}</td><td>{}{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td>{}</td></tr>",
            class(w.harm),
            sign(w.harm),
            markup(&w.label),
            w.unfinished
                .iter()
                .chain(&w.not_recovered_because)
                .map(|why| format!("<br><span class=\"soft\">{}</span>", markup(why)))
                .collect::<String>(),
            markup(&wants),
            w.least,
            dash(w.none_ms),
            dash(w.short_ms),
            back,
            markup(&spread(&w.before)),
            markup(&spread(&w.after)),
        );
    }
    out.push_str("</tbody>\n</table></div>\n");
    more(out, report.workloads.len());
    for budget in report.budgets.iter().filter(|b| b.below_ms > 0 || b.refused > 0) {
        let _ = writeln!(
            out,
            "<p class=\"warn\">Budget {} ({}, needs {} of {}): below it for {}; {} refused.</p>",
            markup(&budget.name),
            markup(&budget.rule),
            budget.needed,
            budget.pods,
            span(budget.below_ms),
            counted(budget.refused, "eviction")
        );
    }
}

fn more(out: &mut String, all: usize) {
    if all > ROWS {
        let _ = writeln!(out, "<p class=\"soft\">and {} more, in the data at the end of this file</p>", all - ROWS);
    }
}

/// `zone-a 2, zone-b 1`.
pub fn spread(spread: &Spread) -> String {
    let mut parts: Vec<String> =
        spread.zones.iter().map(|(zone, count)| format!("{} {count}", if zone.is_empty() { "no zone" } else { zone })).collect();
    if spread.pending > 0 {
        parts.push(format!("no node {}", spread.pending));
    }
    if parts.is_empty() { "–".to_owned() } else { parts.join(", ") }
}

fn decisions(out: &mut String, decided: &[Decision]) {
    for decision in decided {
        match &decision.place {
            // A key alone says nothing that the decision does not say.
            Some(place) if place.text.ends_with(':') => {
                let text = markup(&decision.text);
                let _ = writeln!(
                    out,
                    "<p><span class=\"place\">{}:{}</span> <span class=\"warn\">{text}</span></p>",
                    markup(&place.file),
                    place.line
                );
            }
            Some(place) => {
                let _ = writeln!(
                    out,
                    "<p><span class=\"place\">{}:{}</span> <code>{}</code><br><span class=\"warn\">{}</span></p>",
                    markup(&place.file),
                    place.line,
                    markup(&place.text),
                    markup(&decision.text)
                );
            }
            None => {
                let _ = writeln!(out, "<p class=\"warn\">{}</p>", markup(&decision.text));
            }
        }
    }
}

fn unplaced(out: &mut String, report: &Report) {
    if report.placement.unplaced.is_empty() {
        return;
    }
    out.push_str("<h2>No node found before anything was broken</h2>\n");
    for u in report.placement.unplaced.iter().take(ROWS) {
        let _ = writeln!(
            out,
            "<div class=\"card\"><h3><span class=\"bad\">✗</span> {} of {}</h3>",
            counted(u.count, "pod"),
            markup(&u.workload)
        );
        let _ = writeln!(out, "<p>{}</p>", markup(&u.meaning));
        if !u.message.is_empty() {
            let _ = writeln!(out, "<p class=\"soft\"><code>{}</code></p>", markup(&u.message));
        }
        decisions(out, &u.decided_by);
        out.push_str("</div>\n");
    }
    more(out, report.placement.unplaced.len());
}

fn events(out: &mut String, report: &Report) {
    let entries: Vec<&Entry> = report.timeline.iter().filter(|e| e.key).collect();
    if entries.is_empty() {
        return;
    }
    let _ = writeln!(out, "<h2>{}</h2>\n<ol class=\"events\">", if report.is_at_rest() { "How it came to rest" } else { "What happened" });
    for entry in entries.iter().take(ROWS) {
        let class = match entry.kind {
            EntryKind::Step => "step",
            EntryKind::Fault | EntryKind::Loss => "bad",
            EntryKind::Node | EntryKind::Refused => "warn",
            EntryKind::Ready => "good",
            EntryKind::Pod | EntryKind::Controller => "",
        };
        let time = if entry.to_ms > entry.at_ms { format!("{} to {}", span(entry.at_ms), span(entry.to_ms)) } else { span(entry.at_ms) };
        let _ = writeln!(out, "<li><time>{time}</time><span class=\"{class}\">{}</span></li>", markup(&entry.text));
    }
    out.push_str("</ol>\n");
    more(out, entries.len());
}

fn losses(out: &mut String, report: &Report) {
    if report.losses.is_empty() {
        return;
    }
    out.push_str("<h2>Why</h2>\n");
    for loss in report.losses.iter().take(ROWS) {
        let _ = writeln!(
            out,
            "<div class=\"card\"><h3><span class=\"{}\">{}</span> {}: {}</h3>\n<ol class=\"chain\">",
            class(loss.harm),
            sign(loss.harm),
            markup(&loss.workload),
            markup(&loss.text)
        );
        for link in &loss.chain {
            let _ = writeln!(out, "<li><time>{}</time><span>{}</span></li>", span(link.at_ms), markup(&link.text));
        }
        out.push_str("</ol>\n");
        decisions(out, &loss.decided_by);
        out.push_str("</div>\n");
    }
    more(out, report.losses.len());
}

fn proposals(out: &mut String, report: &Report) {
    if report.proposals.is_empty() {
        return;
    }
    out.push_str("<h2>What would help</h2>\n");
    for p in report.proposals.iter().take(ROWS) {
        let _ = writeln!(out, "<div class=\"card\"><h3>{}</h3>\n<p>{}</p>", markup(&p.title), markup(&p.why));
        if !p.places.is_empty() {
            let at: Vec<String> = p.places.iter().map(|place| format!("{}:{}", markup(&place.file), place.line)).collect();
            let _ = writeln!(out, "<p class=\"place\">{}</p>", at.join(" · "));
        }
        if !p.snippet.is_empty() {
            let _ = writeln!(out, "<pre>{}</pre>", p.snippet.lines().map(markup).collect::<Vec<_>>().join("\n"));
        }
        let class = match p.verified {
            Verified::NotRun => "soft",
            Verified::Holds => "good",
            Verified::Partly => "",
            Verified::Fails => "bad",
        };
        let outcome = match p.outcome.as_str() {
            "" => "follows from the rules; the run was not repeated with it".to_owned(),
            outcome => markup(outcome),
        };
        let _ = writeln!(out, "<p class=\"{class}\">{outcome}</p></div>");
    }
    more(out, report.proposals.len());
}

fn placement(out: &mut String, report: &Report) {
    out.push_str(
        "<h2>The cluster before</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>zone</th><th>node</th><th class=\"n\">pods</th><th class=\"n\">cpu requested</th><th class=\"n\">memory requested</th><th></th></tr></thead>\n<tbody>\n",
    );
    let nodes: Vec<(&ZonePlacement, &NodePlacement)> =
        report.placement.zones.iter().flat_map(|zone| zone.nodes.iter().map(move |node| (zone, node))).collect();
    for (zone, node) in nodes.iter().take(ROWS) {
        let load = &node.load;
        let mut notes = node.taints.clone();
        if node.cordoned {
            notes.insert(0, "cordoned".to_owned());
        }
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{} of {}</td><td class=\"n\">{} of {}</td><td class=\"n\">{} of {}</td><td class=\"warn\">{}</td></tr>",
            markup(&zone.name),
            markup(&node.name),
            load.pods,
            load.pods_allocatable,
            cpu(load.cpu_milli),
            cpu(load.cpu_milli_allocatable),
            bytes(load.memory),
            bytes(load.memory_allocatable),
            markup(&notes.join(" "))
        );
    }
    out.push_str("</tbody>\n</table></div>\n");
    more(out, nodes.len());
}

fn input(out: &mut String, report: &Report) {
    out.push_str("<h2>What was read, and what was assumed</h2>\n<ul>\n");
    let list = |kinds: &[KindCount]| listed(&kinds.iter().map(|k| format!("{} {}", k.count, k.kind)).collect::<Vec<_>>(), 60);
    for (what, kinds) in [
        ("Simulated", &report.read.simulated),
        ("Known, and not simulated", &report.read.not_simulated),
        ("Custom kinds, kept and not simulated", &report.read.custom),
        ("Wavetank's own", &report.read.own),
    ] {
        if !kinds.is_empty() {
            let _ = writeln!(out, "<li>{what}: {}</li>", markup(&list(kinds)));
        }
    }
    if report.read.rejected > 0 {
        let _ = writeln!(out, "<li class=\"bad\">{} could not be read</li>", counted(report.read.rejected, "document"));
    }
    out.push_str("</ul>\n");
    if !report.assumptions.is_empty() {
        out.push_str("<div class=\"scroll\"><table>\n<thead><tr><th>assumed of</th><th>what</th><th>value</th><th>why</th><th>how to say otherwise</th></tr></thead>\n<tbody>\n");
        for a in report.assumptions.iter().take(ROWS) {
            let cells: Vec<String> =
                [&a.subject, &a.what, &a.value, &a.why, &a.change].iter().map(|text| format!("<td>{}</td>", markup(text))).collect();
            let _ = writeln!(out, "<tr>{}</tr>", cells.concat());
        }
        out.push_str("</tbody>\n</table></div>\n");
        more(out, report.assumptions.len());
    }
    if !report.diagnostics.is_empty() {
        out.push_str("<h3>Diagnostics</h3>\n<ul>\n");
        for d in report.diagnostics.iter().take(ROWS) {
            let place = d.place.as_ref().map_or(String::new(), |p| format!(" <span class=\"place\">{}:{}</span>", markup(&p.file), p.line));
            let _ = writeln!(out, "<li>{} {}: {}{place}</li>", markup(&d.severity), markup(&d.id), markup(&d.message));
        }
        out.push_str("</ul>\n");
        more(out, report.diagnostics.len());
    }
}
