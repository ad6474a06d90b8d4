//! Two runs of the same what-if side by side: what a change of the manifests means for each workload.
//!
//! Compares what reports say; it runs nothing. Two runs are alike for a workload when its outcome is, however they came about.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::amounts::counted;
use super::model::{Harm, Report, Verdict, WorkloadOutcome};
use super::span;
use crate::units::arrange::Arrange;

/// The version of the JSON form.
pub const COMPARISON_VERSION: u32 = 1;

/// Two reports side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// [`COMPARISON_VERSION`].
    pub schema_version: u32,
    /// What was done to both.
    pub steps: Vec<String>,
    /// How it goes before the change.
    pub before: Side,
    /// How it goes after it.
    pub after: Side,
    /// Every workload of either, the greatest change first; those alike last.
    pub workloads: Vec<WorkloadChange>,
    /// What to remember.
    pub summary: String,
}

/// One of the two runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    /// Its verdict.
    pub verdict: Verdict,
    /// Nodes before the first step.
    pub nodes: usize,
    /// Pods before the first step.
    pub pods: usize,
    /// Pods without a node before the first step.
    pub unplaced: usize,
}

/// How a workload fares after the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// Worse than before.
    Worse,
    /// Better than before.
    Better,
    /// It is not there any more.
    Gone,
    /// It was not there before.
    New,
    /// Neither better nor worse, but not the same.
    Other,
    /// The same.
    Alike,
}

/// A workload in both runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadChange {
    /// `deployment/web`, with its namespace unless that is `default`.
    pub label: String,
    /// How it fares.
    pub change: Change,
    /// Its outcome before the change; none where it was not there.
    pub before: Option<Brief>,
    /// Its outcome after the change; none where it is not there.
    pub after: Option<Brief>,
}

/// A workload's outcome in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Brief {
    /// How badly it was hit.
    pub harm: Harm,
    /// Pods wanted.
    pub desired: i32,
    /// The least number that served.
    pub least: i32,
    /// Pods that served at the end.
    pub serving_after: i32,
    /// How long none served although some were wanted, ms.
    pub none_ms: i64,
    /// How long fewer served than wanted, ms.
    pub short_ms: i64,
}

impl Brief {
    fn of(w: &WorkloadOutcome) -> Brief {
        let lasts = matches!(w.harm, Harm::Short | Harm::Down | Harm::ShortBefore);
        let desired = if lasts { w.desired_at_end() } else { w.desired };
        Brief { harm: w.harm, desired, least: w.least, serving_after: w.serving_after, none_ms: w.none_ms, short_ms: w.short_ms }
    }

    /// The outcome in words, such as `not serving for 5m58s`.
    #[must_use]
    pub fn words(&self) -> String {
        match self.harm {
            Harm::None if self.desired == 0 => "wants no pod".to_owned(),
            Harm::None => format!("untouched: {} of {}", self.least, self.desired),
            Harm::Dipped => format!("{} of {} for {}", self.least, self.desired, span(self.short_ms)),
            Harm::ShortBefore => format!("{} of {} from the start", self.serving_after, self.desired),
            Harm::Stuck => "does not finish".to_owned(),
            Harm::Short => format!("{} of {} to the end", self.serving_after, self.desired),
            Harm::Outage => format!("not serving for {}", span(self.none_ms)),
            Harm::Down => "down to the end".to_owned(),
        }
    }

    /// The greater, the worse: the kind of harm, pods missing at the end, time without a pod, time short of pods.
    fn badness(&self) -> (Harm, i32, i64, i64) {
        (self.harm, self.missing(), self.none_ms, self.short_ms)
    }

    fn missing(&self) -> i32 {
        (self.desired - self.serving_after).max(0)
    }

    /// `Greater` where it fares worse than `other`. What lasts to the end is not worse for having begun a little earlier.
    fn against(&self, other: &Brief) -> Ordering {
        let by_kind = (self.harm, self.missing()).cmp(&(other.harm, other.missing()));
        if by_kind.is_ne() || matches!(self.harm, Harm::Down | Harm::Short) {
            return by_kind;
        }
        by_time(self.none_ms, other.none_ms).then(by_time(self.short_ms, other.short_ms))
    }
}

/// Spans that differ by less than a tenth, or than 15 s, are as long as each other: chance puts a pod on the first or the second node to be
/// given up.
fn by_time(a: i64, b: i64) -> Ordering {
    if (a - b).abs() <= (a.max(b) / 10).max(15_000) { Ordering::Equal } else { a.cmp(&b) }
}

/// Compares two reports of one what-if.
///
/// ```
/// # use wavetank_core::{manifest::SourceSet, report::compare::{compare, Change}, scenario::{Scenario, Step, Verb}};
/// # use wavetank_core::{session::{Session, SessionOptions}, units::time::Time};
/// let web = |replicas: u32| format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  \
///     selector: {{matchLabels: {{app: web}}}}\n  template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: c, image: i}}]}}}}\n");
/// let run = |text: String| {
///     let session = Session::open(SourceSet::single("web.yaml", text), &SessionOptions::default());
///     let steps = vec![Step::at(Time::ZERO, Verb::FailZone { zone: "zone-a".into() })];
///     session.run(&Scenario::of_steps("zone", steps)).report(&session)
/// };
/// let comparison = compare(&run(web(1)), &run(web(3)));
/// assert_eq!(comparison.workloads[0].label, "deployment/web");
/// ```
#[must_use]
pub fn compare(before: &Report, after: &Report) -> Comparison {
    let mut both: BTreeMap<&str, (Option<Brief>, Option<Brief>)> = BTreeMap::new();
    for workload in &before.workloads {
        both.entry(&workload.label).or_default().0 = Some(Brief::of(workload));
    }
    for workload in &after.workloads {
        both.entry(&workload.label).or_default().1 = Some(Brief::of(workload));
    }
    let mut workloads: Vec<WorkloadChange> = both
        .into_iter()
        .map(|(label, (before, after))| WorkloadChange { label: label.to_owned(), change: change(before, after), before, after })
        .collect();
    // Within a kind of change the worst of the two outcomes decides.
    workloads.arrange_by_key(|w| {
        let worst = w.before.iter().chain(&w.after).map(Brief::badness).max().unwrap_or_default();
        (w.change, Reverse(worst))
    });
    let summary = summary(&workloads);
    let steps = after.steps.iter().map(super::render::step_in_words).collect();
    Comparison { schema_version: COMPARISON_VERSION, steps, before: side(before), after: side(after), workloads, summary }
}

impl Comparison {
    /// Whether anything is different for any workload, or in what found no node.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.workloads.iter().any(|w| w.change != Change::Alike) || self.before.unplaced != self.after.unplaced
    }
}

fn side(report: &Report) -> Side {
    Side {
        verdict: report.verdict.clone(),
        nodes: report.totals.nodes,
        pods: report.totals.pods,
        unplaced: report.placement.unplaced.iter().map(|u| u.count).sum(),
    }
}

fn change(before: Option<Brief>, after: Option<Brief>) -> Change {
    match (before, after) {
        (None, _) => Change::New,
        (_, None) => Change::Gone,
        (Some(before), Some(after)) => match after.against(&before) {
            Ordering::Less => Change::Better,
            Ordering::Greater => Change::Worse,
            Ordering::Equal if (before.desired, before.least) == (after.desired, after.least) => Change::Alike,
            Ordering::Equal => Change::Other,
        },
    }
}

fn summary(workloads: &[WorkloadChange]) -> String {
    let count = |change: Change| workloads.iter().filter(|w| w.change == change).count();
    let mut parts = Vec::new();
    for (change, one, many) in [
        (Change::Worse, "fares worse", "fare worse"),
        (Change::Better, "fares better", "fare better"),
        (Change::Gone, "is gone", "are gone"),
        (Change::New, "is new", "are new"),
        (Change::Other, "is different", "are different"),
    ] {
        let n = count(change);
        if n > 0 {
            let noun = if parts.is_empty() { counted(n, "workload") } else { n.to_string() };
            parts.push(format!("{noun} {}", if n == 1 { one } else { many }));
        }
    }
    let alike = count(Change::Alike);
    if parts.is_empty() {
        return format!("Nothing is different: {} as before.", counted(alike, "workload"));
    }
    if alike > 0 {
        parts.push(format!("{alike} as before"));
    }
    format!("{}.", parts.join(", "))
}
