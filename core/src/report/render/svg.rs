//! The timeline as SVG: a lane per workload with how many pods served, the steps as lines through all lanes, what happened as ticks.
//!
//! Looks come from classes (`wt-…`): alone, the picture brings its own style sheet for light and dark; inside a page, the page does.

use std::fmt::Write as _;

use super::super::model::{EntryKind, Harm, Point, Report, WorkloadOutcome};
use super::super::span;
use super::chart::horizon;
use super::escape::markup;

/// Where the picture stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// A file of its own: style sheet and fonts inside.
    Alone,
    /// Inside a page that styles it.
    InPage,
}

/// Width in user units; the picture scales.
const WIDTH: i64 = 1_000;
/// Where the lanes begin, right of the labels.
const LEFT: i64 = 230;
/// Where they end.
const RIGHT: i64 = 980;
/// Height of a lane and of the curve in it.
const LANE: i64 = 40;
const CURVE: i64 = 28;
/// How many lanes are drawn.
const MOST_LANES: usize = 24;
/// How many ticks are drawn.
const MOST_TICKS: usize = 400;

/// The style sheet of the picture's classes.
pub const STYLE: &str = "\
.wt-chart{--wt-ink:#1c2733;--wt-soft:#5a6b7b;--wt-line:#d5dde4;--wt-serve:#2f7fb8;--wt-none:#c8352b;--wt-step:#8a4fb8;--wt-ok:#2d7d46;--wt-warn:#9a6a00;font:13px system-ui,sans-serif}
@media(prefers-color-scheme:dark){.wt-chart{--wt-ink:#e6edf3;--wt-soft:#9aa9b8;--wt-line:#33404c;--wt-serve:#58a6dc;--wt-none:#ff7b72;--wt-step:#c297ec;--wt-ok:#63c17f;--wt-warn:#d9a431}}
.wt-chart text{fill:var(--wt-ink)}.wt-chart .wt-soft{fill:var(--wt-soft);font-size:11px}.wt-chart .wt-end{text-anchor:end}.wt-chart .wt-mid{text-anchor:middle}
.wt-grid{stroke:var(--wt-line);stroke-width:1}.wt-serving{fill:var(--wt-serve);fill-opacity:.35;stroke:var(--wt-serve);stroke-width:1.5}
.wt-desired{fill:none;stroke:var(--wt-soft);stroke-width:1;stroke-dasharray:3 3}.wt-none{fill:var(--wt-none);fill-opacity:.22}
.wt-step{stroke:var(--wt-step);stroke-width:1.5}.wt-chart .wt-step-text{fill:var(--wt-step);font-weight:600}
.wt-tick{stroke-width:2;stroke:var(--wt-soft)}.wt-fault,.wt-loss{stroke:var(--wt-none)}.wt-ready{stroke:var(--wt-ok)}.wt-refused,.wt-node{stroke:var(--wt-warn)}.wt-tick-step{stroke:var(--wt-step)}
.wt-chart .wt-bad{fill:var(--wt-none);font-weight:600}.wt-chart .wt-good{fill:var(--wt-ok)}.wt-chart .wt-warn{fill:var(--wt-warn)}
";

/// The picture.
pub fn render(report: &Report, setting: Setting) -> String {
    let lanes: Vec<&WorkloadOutcome> = report.workloads.iter().filter(|w| w.completions.is_none()).take(MOST_LANES).collect();
    let until = horizon(report);
    let steps: Vec<(i64, String)> = report.steps.iter().filter(|s| s.at_ms <= until).map(|s| (s.at_ms, s.text.clone())).collect();
    let top = 24 + 16 * steps.len() as i64;
    let bottom = top + LANE * lanes.len() as i64;
    let height = bottom + 62;
    // A little of what was before is shown too.
    let lead = until / 30;
    let x = |ms: i64| LEFT + (RIGHT - LEFT) * (ms.clamp(-lead, until) + lead) / (until + lead).max(1);
    let mut out = String::new();
    // Writing to a String never fails.
    let _ = writeln!(
        out,
        "<svg class=\"wt-chart\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">",
        markup(&format!("Pods that serve, per workload, over {}. {}", span(until), report.verdict.text))
    );
    if setting == Setting::Alone {
        let _ = writeln!(out, "<style>{STYLE}</style>");
    }
    axis(&mut out, until, top, bottom, x);
    for (i, lane) in lanes.iter().enumerate() {
        draw_lane(&mut out, lane, top + LANE * i as i64, -lead..until, x);
    }
    for (i, (at, text)) in steps.iter().enumerate() {
        let (at, y) = (x(*at), 18 + 16 * i as i64);
        // A label near the right edge grows to the left.
        let (anchor, shift) = if at > (LEFT + RIGHT) / 2 { (" wt-end", -5) } else { ("", 5) };
        let _ = writeln!(out, "<line class=\"wt-step\" x1=\"{at}\" y1=\"{}\" x2=\"{at}\" y2=\"{}\"/>", y - 10, bottom + 18);
        let _ = writeln!(out, "<text class=\"wt-step-text{anchor}\" x=\"{}\" y=\"{y}\">{}</text>", at + shift, markup(text));
    }
    ticks(&mut out, report, until, bottom, x);
    let hidden = report.workloads.iter().filter(|w| w.completions.is_none()).count() - lanes.len();
    if hidden > 0 {
        let _ = writeln!(out, "<text class=\"wt-soft\" x=\"8\" y=\"{}\">and {hidden} more workloads</text>", bottom + 52);
    }
    out.push_str("</svg>\n");
    out
}

/// A round span of which between four and nine fit into the whole.
fn pace(until: i64) -> i64 {
    const PACES: [i64; 14] =
        [1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000];
    PACES.into_iter().find(|pace| until / pace <= 9).unwrap_or((until / 6).max(1))
}

fn axis(out: &mut String, until: i64, top: i64, bottom: i64, x: impl Fn(i64) -> i64) {
    let pace = pace(until);
    let mut at = 0;
    while at <= until {
        let column = x(at);
        let _ = writeln!(out, "<line class=\"wt-grid\" x1=\"{column}\" y1=\"{top}\" x2=\"{column}\" y2=\"{}\"/>", bottom + 4);
        let _ = writeln!(out, "<text class=\"wt-soft wt-mid\" x=\"{column}\" y=\"{}\">{}</text>", bottom + 38, span(at));
        at += pace;
    }
}

fn draw_lane(out: &mut String, lane: &WorkloadOutcome, y: i64, shown: std::ops::Range<i64>, x: impl Fn(i64) -> i64) {
    let base = y + LANE - 4;
    let full = i64::from(lane.series.iter().map(|p| p.desired.max(p.serving)).max().unwrap_or_default()).max(1);
    let level = |count: i32| base - CURVE * i64::from(count.max(0)) / full;
    let class = match lane.harm {
        Harm::Down | Harm::Outage | Harm::Short | Harm::Stuck => "wt-bad",
        Harm::Dipped | Harm::ShortBefore => "wt-warn",
        Harm::None => "wt-good",
    };
    let sign = match lane.harm {
        Harm::Down | Harm::Outage | Harm::Short | Harm::Stuck => "✗",
        Harm::Dipped | Harm::ShortBefore => "~",
        Harm::None => "✓",
    };
    out.push_str("<g>");
    let _ = write!(out, "<title>{}: {}</title>", markup(&lane.label), markup(&summary(lane)));
    let _ = write!(out, "<text class=\"{class}\" x=\"8\" y=\"{}\">{sign}</text>", y + 18);
    let _ = write!(out, "<text x=\"24\" y=\"{}\">{}</text>", y + 18, markup(&shortened(&lane.label, 28)));
    let _ = write!(out, "<text class=\"wt-soft\" x=\"24\" y=\"{}\">{}</text>", y + 32, markup(&summary(lane)));
    let _ = write!(out, "<line class=\"wt-grid\" x1=\"{LEFT}\" y1=\"{base}\" x2=\"{RIGHT}\" y2=\"{base}\"/>");
    let (mut area, mut wanted) = (String::new(), String::new());
    let mut nothing: Vec<(i64, i64)> = Vec::new();
    let before = Point { at_ms: shown.start, desired: lane.desired, ready: lane.serving_before, serving: lane.serving_before };
    let points: Vec<Point> = std::iter::once(before).chain(lane.series.iter().copied()).collect();
    for (i, point) in points.iter().enumerate().take_while(|(_, p)| p.at_ms <= shown.end) {
        let next = points.get(i + 1).map_or(shown.end, |p| p.at_ms.min(shown.end));
        let (from, to) = (x(point.at_ms), x(next));
        let (serving, desired) = (level(point.serving), level(point.desired));
        let _ = write!(area, "L{from} {serving}H{to}");
        let _ = write!(wanted, "{}{from} {desired}H{to}", if wanted.is_empty() { "M" } else { "L" });
        if point.desired > 0 && point.serving == 0 && to > from {
            match nothing.last_mut() {
                Some(last) if last.1 == from => last.1 = to,
                _ => nothing.push((from, to)),
            }
        }
    }
    for (from, to) in nothing {
        let _ = write!(out, "<rect class=\"wt-none\" x=\"{from}\" y=\"{}\" width=\"{}\" height=\"{CURVE}\"/>", base - CURVE, to - from);
    }
    // One closed shape: from the base line up, along the steps, and down again.
    let closed = if area.is_empty() { area } else { format!("M{} {base}{area}V{base}Z", x(shown.start)) };
    let _ = writeln!(out, "<path class=\"wt-serving\" d=\"{closed}\"/><path class=\"wt-desired\" d=\"{wanted}\"/></g>");
}

/// What a lane says in a few words.
pub fn summary(w: &WorkloadOutcome) -> String {
    match w.harm {
        Harm::Down => format!("{} of {}: down to the end", w.serving_after, w.desired_at_end()),
        Harm::Outage => format!("none for {}", span(w.none_ms)),
        Harm::Short => format!("{} of {} to the end", w.serving_after, w.desired_at_end()),
        Harm::Stuck => "does not finish".to_owned(),
        Harm::ShortBefore => format!("{} of {} before", w.serving_before, w.desired),
        Harm::Dipped => format!("least {} of {}, short for {}", w.least, w.desired, span(w.short_ms)),
        Harm::None => format!("{} of {} throughout", w.serving_after, w.desired_at_end()),
    }
}

fn ticks(out: &mut String, report: &Report, until: i64, bottom: i64, x: impl Fn(i64) -> i64) {
    for entry in report.timeline.iter().filter(|e| e.key && (0..=until).contains(&e.at_ms)).take(MOST_TICKS) {
        let class = match entry.kind {
            EntryKind::Step => "wt-tick-step",
            EntryKind::Fault => "wt-fault",
            EntryKind::Node => "wt-node",
            EntryKind::Loss => "wt-loss",
            EntryKind::Refused => "wt-refused",
            EntryKind::Pod | EntryKind::Controller => "",
            EntryKind::Ready => "wt-ready",
        };
        let at = x(entry.at_ms);
        let _ = writeln!(
            out,
            "<line class=\"wt-tick {class}\" x1=\"{at}\" y1=\"{}\" x2=\"{at}\" y2=\"{}\"><title>{} {}</title></line>",
            bottom + 8,
            bottom + 22,
            span(entry.at_ms),
            markup(&entry.text)
        );
    }
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some(_) => {
            let kept: Vec<char> = text.chars().collect();
            // The end of a name tells more than its beginning.
            format!("…{}", kept[kept.len() - most..].iter().collect::<String>())
        }
        None => text.to_owned(),
    }
}
