//! What is told of an event or of a workload: the core's answers as sections of lines. Decides nothing.

use wavetank_core::report::{BudgetOutcome, Link, Report, Told, availability, set_off, why};

use crate::clock;
use crate::drawn::{Of, effect};
use crate::store::Selection;
use crate::wire::{Account, Remark, Section};

/// Lines of a section that are sent; the rest are counted.
const MOST_LINES: usize = 200;

/// The account of a selection; none for what is neither an event nor a workload of this run.
pub fn account(of: &Of<'_>, selection: &Selection, words: &[String]) -> Option<Account> {
    match selection {
        Selection::Event(event) => event_account(of, *event, words),
        Selection::Workload(label) => workload_account(of.report, label),
        _ => None,
    }
}

fn section(title: &str, note: String, mut lines: Vec<Remark>) -> Option<Section> {
    let more = lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    if more > 0 {
        lines.push(Remark { text: format!("and {more} more"), ..Remark::default() });
    }
    (!lines.is_empty()).then(|| Section { title: title.to_string(), note, lines })
}

fn event_account(of: &Of<'_>, event: u32, words: &[String]) -> Option<Account> {
    let report = of.report;
    let entry = report.timeline.get(event as usize)?;
    let records = of.records(event);
    let told = Told { cluster: of.run.end(), trace: of.trace(), steps: words };
    let story = records.first().and_then(|&first| why::record(&told, first));
    let causes = story.map_or_else(Vec::new, |story| story.causes);
    let above = causes.len().saturating_sub(1);
    let line = |link: &Link| Remark { at_ms: Some(link.at_ms), text: link.text.clone(), ..Remark::default() };
    let causes = causes.iter().take(above).map(line).collect();
    let tree = set_off(report, event as usize);
    let effects = tree.iter().skip(1).filter_map(|&(nth, depth)| {
        let entry = report.timeline.get(nth)?;
        let depth = (depth - 1).min(6) as u32;
        Some(Remark {
            at_ms: Some(entry.at_ms),
            text: entry.text.clone(),
            depth,
            selects: Selection::Event(nth as u32).to_link(),
            ..Remark::default()
        })
    });
    let whole = of.graph();
    let (hits, _) = of.hits(&whole, &Selection::Event(event).to_link());
    let reached = hits.iter().map(|hit| {
        let vertex = whole.vertex(hit.vertex);
        let selects = if vertex.workload.is_some() { Selection::Workload(vertex.label()).to_link() } else { String::new() };
        Remark { text: vertex.label(), more: format!("{}: {}", effect(hit.effect), hit.reason), selects, ..Remark::default() }
    });
    let followed = of.trace().effects_of(&records).len().saturating_sub(records.len());
    let last = tree.iter().filter_map(|&(nth, _)| report.timeline.get(nth)).map(|entry| entry.to_ms).max().unwrap_or(entry.to_ms);
    let summary = match followed {
        0 => "Nothing followed from it.".to_string(),
        1 => "One record followed from it.".to_string(),
        count => format!("{count} records followed from it, the last at {}.", clock::written(last)),
    };
    let sections = [
        section("Because", String::new(), causes),
        section("What it set off", "each moved in below its cause".to_string(), effects.collect()),
        section("Whom it reached", format!("{} of {} objects", hits.len(), whole.inner.node_count()), reached.collect()),
    ];
    Some(Account {
        of: Selection::Event(event).to_link(),
        title: format!("{} {}", clock::written(entry.at_ms), entry.text),
        summary,
        sections: sections.into_iter().flatten().collect(),
    })
}

/// Thousandths of a whole.
fn share(part: i64, whole: i64) -> Option<u32> {
    (whole > 0).then(|| (i128::from(part.max(0)) * 1_000 / i128::from(whole)).min(1_000) as u32)
}

fn workload_account(report: &Report, label: &str) -> Option<Account> {
    let workload = report.workloads.iter().find(|workload| workload.label == label)?;
    let mut sections = Vec::new();
    let mut summary = match workload.completions {
        Some((wanted, reached)) => format!("{reached} of {wanted} completions"),
        None => format!("{} of {} pods serve at the end", workload.serving_after, workload.desired),
    };
    if let Some(found) = availability(report, label) {
        let lost = found.wanted_pod_ms - found.served_pod_ms;
        let percent = found.served_of_10000();
        summary = format!("{}.{:02} % of its pod time served; {summary}.", percent / 100, percent % 100);
        let causes = found.causes.iter().map(|cost| Remark {
            text: cost.cause.clone(),
            more: format!("{} of pod time", clock::length(cost.lost_pod_ms)),
            share: share(cost.lost_pod_ms, lost),
            selects: event_of(report, &cost.cause),
            ..Remark::default()
        });
        sections.extend(section("Where its availability went", format!("{} of pod time in all", clock::length(lost)), causes.collect()));
        let outages = found.outages.iter().map(|outage| Remark {
            at_ms: Some(outage.from_ms),
            text: match outage.to_ms {
                Some(to) => format!("{} of {} for {}", outage.least, outage.desired, clock::length(to - outage.from_ms)),
                None => format!("{} of {} to the end", outage.least, outage.desired),
            },
            more: outage.cause.clone(),
            ..Remark::default()
        });
        sections.extend(section("When", String::new(), outages.collect()));
    } else {
        summary.push('.');
    }
    if let Some(why) = &workload.not_recovered_because {
        sections.extend(section("Why it did not come back", String::new(), vec![Remark { text: why.clone(), ..Remark::default() }]));
    }
    let own = || report.losses.iter().filter(|loss| loss.workload == label);
    let losses = own().flat_map(|loss| {
        let head = Remark { text: loss.text.clone(), ..Remark::default() };
        let chain =
            loss.chain.iter().map(|link| Remark { at_ms: Some(link.at_ms), text: link.text.clone(), depth: 1, ..Remark::default() });
        std::iter::once(head).chain(chain).collect::<Vec<_>>()
    });
    sections.extend(section("How pods were lost", String::new(), losses.collect()));
    let decided = own().flat_map(|loss| &loss.decided_by).map(|by| Remark {
        text: by.text.clone(),
        more: by.place.as_ref().map(|at| format!("{}:{}  {}", at.file, at.line, at.text)).unwrap_or_default(),
        ..Remark::default()
    });
    sections.extend(section("Lines that decided it", String::new(), decided.collect()));
    let budgets =
        report.budgets.iter().filter(|budget| workload.budget.as_ref() == Some(&budget.name)).map(|budget: &BudgetOutcome| Remark {
            text: format!("{}: {}", budget.name, budget.rule),
            more: match (budget.refused, budget.below_ms) {
                (0, 0) => "kept all the time, and it held nothing up".to_string(),
                (refused, 0) => format!("kept all the time; {refused} evictions refused because of it"),
                (refused, below) => format!("broken for {}; {refused} evictions refused because of it", clock::length(below)),
            },
            ..Remark::default()
        });
    sections.extend(section("Its budget", String::new(), budgets.collect()));
    Some(Account { of: Selection::Workload(label.to_string()).to_link(), title: label.to_string(), summary, sections })
}

/// The event that a cause in words is, as a link; empty where it is none of the timeline's.
fn event_of(report: &Report, cause: &str) -> String {
    let nth = report.timeline.iter().position(|entry| entry.text == cause);
    nth.map_or_else(String::new, |nth| Selection::Event(nth as u32).to_link())
}
