//! The one or two sentences that a design review should remember.

use super::amounts::{counted, listed};
use super::model::{BudgetOutcome, Harm, Loss, Report, RunEnd, Verdict, WorkloadOutcome};
use super::span;

/// The verdict over all that the report holds already.
pub(super) fn verdict(report: &Report) -> Verdict {
    let harm = report.workloads.iter().map(|w| w.harm).max().unwrap_or_default();
    let harm = if blocking(report).is_some() { harm.max(Harm::Stuck) } else { harm };
    let text = match report.steps.is_empty() {
        true if report.totals.pods == 0 && report.totals.pods_created > 0 => coming_up(report, harm),
        true => at_rest(report),
        false => after_steps(report, harm),
    };
    let failed = report.expectations.iter().filter(|e| e.holds == Some(false)).count();
    let text = match (failed, report.expectations.len()) {
        (0, _) => text,
        (n, all) => {
            format!("{text} {n} of {} not hold.", format_args!("{} {}", counted(all, "expectation"), if n == 1 { "does" } else { "do" }))
        }
    };
    let text = match report.ended {
        RunEnd::BudgetSpent => format!("{text} The run was stopped: something goes round in circles."),
        _ => text,
    };
    Verdict { harm, text }
}

/// How many workloads a sentence names.
const NAMES: usize = 3;

/// The budget that keeps a drain from ending.
fn blocking(report: &Report) -> Option<&BudgetOutcome> {
    report.budgets.iter().find(|budget| budget.refused > 0 && budget.allowed_before == 0)
}

fn at_rest(report: &Report) -> String {
    let waiting: usize = report.placement.unplaced.iter().map(|u| u.count).sum();
    let placed = counted(report.placement.pods_placed, "pod");
    let nodes = counted(report.totals.nodes, "node");
    if report.totals.pods == 0 {
        return format!("Nothing runs: the manifests hold no workload that makes pods. The cluster has {nodes}.");
    }
    if let Some(worst) = report.placement.unplaced.first() {
        let names: Vec<&str> = distinct(report.placement.unplaced.iter().map(|u| u.workload.as_str()));
        return format!(
            "{} of {} {} no node: {}. {placed} {} placed on {nodes}.",
            counted(waiting, "pod"),
            listed(&names, NAMES),
            if waiting == 1 { "finds" } else { "find" },
            worst.meaning,
            if report.placement.pods_placed == 1 { "is" } else { "are" }
        );
    }
    let short: Vec<&str> = report.workloads.iter().filter(|w| w.harm == Harm::ShortBefore).map(|w| w.label.as_str()).collect();
    if !short.is_empty() {
        return format!("Every pod found a node, but {} {} not ready.", listed(&short, NAMES), if short.len() == 1 { "is" } else { "are" });
    }
    format!("Every pod found a node and is ready: {placed} on {nodes}. Nothing has been broken yet.")
}

/// A run that begins with nothing, and in which nothing is done but to let the workloads come up.
fn coming_up(report: &Report, harm: Harm) -> String {
    if harm > Harm::ShortBefore {
        return after_steps(report, harm);
    }
    let made = report.totals.pods_created;
    let made = format!("{} {} made", counted(made, "pod"), if made == 1 { "is" } else { "are" });
    let short = report.workloads.iter().filter(|w| w.completions.is_none() && w.serving_after < w.desired_at_end());
    let short: Vec<String> = short.map(|w| format!("{} with {} of {}", w.label, w.serving_after, w.desired_at_end())).collect();
    match short.len() {
        0 => format!("{made}, and every workload comes up."),
        1 => format!("{made}; {} does not come up as a whole.", short[0]),
        _ => format!("{made}; not all comes up: {}.", listed(&short.iter().map(String::as_str).collect::<Vec<_>>(), NAMES)),
    }
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = std::collections::BTreeSet::new();
    names.filter(|name| seen.insert(*name)).collect()
}

fn after_steps(report: &Report, harm: Harm) -> String {
    let of = |harm: Harm| -> Vec<&WorkloadOutcome> { report.workloads.iter().filter(|w| w.harm == harm).collect() };
    let names = |workloads: &[&WorkloadOutcome]| listed(&workloads.iter().map(|w| w.label.as_str()).collect::<Vec<_>>(), NAMES);
    let mut sentences = Vec::new();
    let (down, outage, short, dipped) = (of(Harm::Down), of(Harm::Outage), of(Harm::Short), of(Harm::Dipped));
    if !down.is_empty() {
        let why = why_not(report, &down);
        sentences.push(
            format!("{} {} down and does not come back{why}", names(&down), is(&down)).replace(" are down and does", " are down and do"),
        );
    }
    if !outage.is_empty() {
        let longest = outage.iter().map(|w| w.none_ms).max().unwrap_or_default();
        let up_to = if outage.len() == 1 { "" } else { "up to " };
        sentences.push(format!("{} {} not serving at all for {up_to}{}", names(&outage), is(&outage), span(longest)));
    }
    if !short.is_empty() {
        let why = why_not(report, &short);
        let level = if short.len() == 1 {
            format!("at {} of {}", short[0].serving_after, short[0].desired_at_end())
        } else {
            "short of replicas".to_owned()
        };
        sentences.push(format!("{} stay{} {level} to the end{why}", names(&short), if short.len() == 1 { "s" } else { "" }));
    }
    for w in of(Harm::Stuck).into_iter().take(NAMES) {
        let unfinished = w.unfinished.as_deref().unwrap_or("it does not finish");
        let why = w.not_recovered_because.as_deref().map_or(String::new(), |why| format!(": {why}"));
        sentences.push(match unfinished.strip_prefix("it ") {
            Some(does) => format!("{} {does}{why}", w.label),
            None => format!("{} serves on, but {unfinished}{why}", w.label),
        });
    }
    if let Some(budget) = blocking(report) {
        let drained = report.steps.iter().any(|step| step.text.ends_with(" is drained"));
        let so = if drained { "the drain never ends" } else { "what has to move its pods waits for ever" };
        sentences.push(format!("the budget {} refuses every eviction: {so}", budget.name));
    }
    if sentences.len() < 2 && !dipped.is_empty() {
        let longest = dipped.iter().map(|w| w.short_ms).max().unwrap_or_default();
        let up_to = if dipped.len() == 1 { "" } else { "up to " };
        sentences.push(format!(
            "{} {} with fewer replicas for {up_to}{} and {} back",
            names(&dipped),
            serve(&dipped),
            span(longest),
            is_plain(&dipped)
        ));
    }
    if sentences.is_empty() {
        let done: Vec<&str> = report.steps.iter().filter(|s| s.not_done.is_none()).map(|s| s.text.as_str()).collect();
        return match (harm, &done[..]) {
            (_, []) => "Nothing was done to the cluster: see the steps.".to_owned(),
            _ if report.totals.pods == 0 && report.totals.pods_created == 0 => {
                "Nothing runs here that could be lost: the manifests hold no workload that makes pods.".to_owned()
            }
            (Harm::None, [step]) => format!("When {step}, nothing that serves is lost.{}", jobs(report)),
            (Harm::ShortBefore, _) => "Nothing got worse; some workloads were short before anything happened.".to_owned(),
            _ => format!("Nothing that serves was lost.{}", jobs(report)),
        };
    }
    if let [step] = &report.steps[..]
        && let Some(first) = sentences.first_mut()
        && step.not_done.is_none()
    {
        *first = format!("When {}, {first}", step.text);
    }
    let untouched = report.workloads.iter().filter(|w| w.harm == Harm::None && w.desired > 0).count();
    let mut text: String = sentences.iter().map(|s| format!("{}. ", capital(s))).collect();
    if untouched > 0 {
        let verb = if untouched == 1 { "is" } else { "are" };
        text.push_str(&format!("{} {verb} untouched.", counted(untouched, "other workload")));
    }
    text.trim_end().to_owned()
}

/// Why workloads do not come back: what took their pods, where that is not plain, and what keeps new ones away.
fn why_not(report: &Report, workloads: &[&WorkloadOutcome]) -> String {
    let Some((first, why)) = workloads.iter().find_map(|w| Some((w, w.not_recovered_because.as_deref()?))) else { return String::new() };
    let taken = |loss: &&Loss| loss.workload == first.label && (loss.text.contains(" preempted ") || loss.text.contains(" evicted "));
    let taken = report.losses.iter().find(taken).and_then(|loss| loss.text.split(';').next());
    let unfinished = first.unfinished.as_deref();
    let parts: Vec<&str> = taken.into_iter().chain(unfinished).chain([why]).collect();
    format!(": {}", parts.join("; "))
}

/// How the Jobs fared that came to their end.
fn jobs(report: &Report) -> String {
    let told = |w: &WorkloadOutcome| {
        let (wanted, done) = w.completions?;
        let at = w.completed_at_ms.filter(|&at| at >= 0)?;
        let lost = match w.pods_lost {
            0 => String::new(),
            lost => format!(", although {} of its pods {} lost on the way", lost, if lost == 1 { "was" } else { "were" }),
        };
        Some(format!(" {} is complete at {} ({done} of {wanted}){lost}.", w.label, span(at)))
    };
    report.workloads.iter().filter_map(told).take(NAMES).collect()
}

fn is(workloads: &[&WorkloadOutcome]) -> &'static str {
    if workloads.len() == 1 { "is" } else { "are" }
}

fn is_plain(workloads: &[&WorkloadOutcome]) -> &'static str {
    is(workloads)
}

fn serve(workloads: &[&WorkloadOutcome]) -> &'static str {
    if workloads.len() == 1 { "serves" } else { "serve" }
}

fn capital(sentence: &str) -> String {
    // A sentence that begins with a name keeps it as it is written.
    match sentence.strip_prefix("the ") {
        Some(rest) => format!("The {rest}"),
        None => sentence.to_owned(),
    }
}
