//! The report as data: plain, ordered, the same for every renderer. All texts are unescaped: a renderer escapes for its sink.

use serde::{Deserialize, Serialize};

use super::remedy::Remedy;

/// The version of the JSON form. Raised when a field changes its meaning or goes away; new fields do not raise it.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything there is to say about a run. Times are milliseconds of virtual time; the first step is at 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Whose rules were applied: a Kubernetes minor version.
    pub kubernetes: String,
    /// The seed of everything that Kubernetes leaves open.
    pub seed: u64,
    /// How the run ended.
    pub ended: RunEnd,
    /// When the last thing happened.
    pub last_ms: i64,
    /// When watching stopped: the end of all series.
    pub until_ms: i64,
    /// What to remember.
    pub verdict: Verdict,
    /// What was read.
    pub read: Reading,
    /// What the manifests did not say.
    pub assumptions: Vec<Assumption>,
    /// What there is to say about the input, by place.
    pub diagnostics: Vec<Finding>,
    /// What was done to the cluster.
    pub steps: Vec<Step>,
    /// The cluster when it had settled, before the first step.
    pub placement: Placement,
    /// What happened, in order, equal things at one time in one entry.
    pub timeline: Vec<Entry>,
    /// What was expected of the run, and what became of it.
    pub expectations: Vec<ExpectationOutcome>,
    /// What it meant for each workload, the worst first.
    pub workloads: Vec<WorkloadOutcome>,
    /// What it meant for each PodDisruptionBudget.
    pub budgets: Vec<BudgetOutcome>,
    /// How pods were lost: from the first cause to the end, with the lines that decided it.
    pub losses: Vec<Loss>,
    /// What would have prevented it.
    pub proposals: Vec<Proposal>,
    /// What hangs on choices among equally good nodes; none where that was not asked.
    #[serde(default)]
    pub ties: Option<TieReport>,
    /// What hangs on the orders that Kubernetes leaves open; none where one seed alone was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeds: Option<super::SeedReport>,
    /// What it cost, in numbers.
    #[serde(default)]
    pub measures: Measures,
    /// Totals.
    pub totals: Totals,
}

impl Report {
    /// Whether the timeline tells how the cluster came to rest: no step, and pods were there when the run began.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.steps.is_empty() && self.timeline.first().is_none_or(|entry| entry.at_ms < 0)
    }
}

/// What a run cost, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measures {
    /// When workloads served fewer pods than wanted, in order.
    pub outages: Vec<Outage>,
    /// What each first cause took, the most first: it adds up to all that was missing.
    pub causes: Vec<CauseCost>,
    /// Pods that somebody put out, by reason, the most first.
    pub evictions: Vec<Count>,
    /// Pods that took the place of lost ones on some node.
    pub pods_moved: usize,
    /// How long pods waited for a node.
    pub pending: Vec<PendingTime>,
    /// Workloads that ended more or less evenly spread over zones than they began.
    pub zone_skew: Vec<ZoneSkew>,
}

/// A stretch in which a workload served fewer pods than wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outage {
    /// The workload.
    pub workload: String,
    /// From when.
    pub from_ms: i64,
    /// Until when: the time to recover is the difference; none where it did not recover.
    pub to_ms: Option<i64>,
    /// The least number that served.
    pub least: i32,
    /// The most that were wanted.
    pub desired: i32,
    /// Missing pods times how long each was missing.
    pub lost_pod_ms: i64,
    /// What it goes back to, in words.
    pub cause: String,
}

/// What a first cause took from all workloads together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CauseCost {
    /// In words.
    pub cause: String,
    /// Missing pods times how long each was missing.
    pub lost_pod_ms: i64,
}

/// So many of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    /// Of what, in words.
    pub what: String,
    /// How many.
    pub count: usize,
}

/// How long the pods of a workload waited for a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingTime {
    /// The workload.
    pub workload: String,
    /// All its pods together.
    pub total_ms: i64,
    /// The one that waited longest.
    pub longest_ms: i64,
}

/// By how many pods the fullest zone is ahead of the emptiest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ZoneSkew {
    /// The workload.
    pub workload: String,
    /// At the start.
    pub before: usize,
    /// At the end.
    pub after: usize,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RunEnd {
    /// Nothing was left to happen.
    Quiet,
    /// The time given was over.
    TimeUp,
    /// Something went round in circles until the event budget was used up.
    BudgetSpent,
}

/// How badly a thing was hit; the worst is last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Harm {
    /// Nothing was lost.
    #[default]
    None,
    /// Below what is wanted for a while, and back.
    Dipped,
    /// Already short before the first step, and no worse.
    ShortBefore,
    /// Nothing that serves is lost, but something that was begun does not come to its end: a rollout, a Job, a drain.
    Stuck,
    /// Below what is wanted when watching stopped.
    Short,
    /// Nothing served for a while; back later.
    Outage,
    /// Nothing serves when watching stopped.
    Down,
}

/// What to remember.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// The worst harm of all workloads.
    pub harm: Harm,
    /// One or two sentences.
    pub text: String,
}

/// What was read, by what became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reading {
    /// How many files.
    pub files: usize,
    /// Kinds that take part in the simulation.
    pub simulated: Vec<KindCount>,
    /// Kinds Kubernetes serves that are kept, and not simulated.
    pub not_simulated: Vec<KindCount>,
    /// Custom kinds: kept, not simulated.
    pub custom: Vec<KindCount>,
    /// Documents of Wavetank's own, and scheduler configurations.
    pub own: Vec<KindCount>,
    /// Documents that could not be read; a diagnostic says why.
    pub rejected: usize,
}

/// How many documents of a kind, and their names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KindCount {
    /// The kind; for custom kinds with its group.
    pub kind: String,
    /// How many.
    pub count: usize,
    /// Their names, at most [`MOST_NAMES`].
    pub names: Vec<String>,
}

/// How many names a list keeps.
pub const MOST_NAMES: usize = 20;

/// Something the manifests cannot say or did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assumption {
    /// About what: `cluster`, a workload, all pods.
    pub subject: String,
    /// What was assumed.
    pub what: String,
    /// Its value.
    pub value: String,
    /// Why this value.
    pub why: String,
    /// How to say otherwise.
    pub change: String,
}

/// A place in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The file's name.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The line as it stands there, without indentation, cut where it is long.
    pub text: String,
    /// The first byte of the place in its file.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
}

/// A diagnostic with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Such as `WT1001`.
    pub id: String,
    /// `error`, `warning`, `info` or `hint`.
    pub severity: String,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// Further remarks.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

/// A step of the what-if.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// When.
    pub at_ms: i64,
    /// What: `zone-b fails`.
    pub text: String,
    /// Why it was not done; none where it was.
    pub not_done: Option<String>,
}

/// An expectation of the scenario and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExpectationOutcome {
    /// What it is called.
    pub title: String,
    /// `always`, `never`, `eventually` or `finally`.
    pub promise: String,
    /// The expression.
    pub expression: String,
    /// Whether it holds; none where it could not be judged.
    pub holds: Option<bool>,
    /// When it was decided.
    pub at_ms: Option<i64>,
    /// Why it does not hold, or could not be judged.
    pub message: String,
    /// Values of the expression's parts at that moment.
    pub values: Vec<String>,
    /// From the first cause to what broke it.
    pub chain: Vec<Link>,
    /// Where it is written.
    pub place: Option<Place>,
}

/// The cluster when it had settled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Placement {
    /// Zones by name.
    pub zones: Vec<ZonePlacement>,
    /// Pods that run or start.
    pub pods_placed: usize,
    /// Pods without a node, equal ones together.
    pub unplaced: Vec<Unplaced>,
}

/// A zone: the sums of its nodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ZonePlacement {
    /// Its name; empty for nodes without a zone.
    pub name: String,
    /// Sums.
    pub total: Load,
    /// Its nodes by name.
    pub nodes: Vec<NodePlacement>,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodePlacement {
    /// Its name.
    pub name: String,
    /// What is asked for and there.
    pub load: Load,
    /// Cordoned.
    pub cordoned: bool,
    /// Taints, as kubectl writes them.
    pub taints: Vec<String>,
}

/// What is asked for, of what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Load {
    /// Pods.
    pub pods: i64,
    /// Pods that may run.
    pub pods_allocatable: i64,
    /// Requested, millicores.
    pub cpu_milli: i64,
    /// Allocatable, millicores.
    pub cpu_milli_allocatable: i64,
    /// Requested, bytes.
    pub memory: i64,
    /// Allocatable, bytes.
    pub memory_allocatable: i64,
}

/// Pods of one workload that found no node, for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unplaced {
    /// The workload.
    pub workload: String,
    /// The pods' names, at most [`MOST_NAMES`].
    pub pods: Vec<String>,
    /// How many pods.
    pub count: usize,
    /// The message of the last FailedScheduling event; empty where the scheduler was never asked.
    pub message: String,
    /// What the message means, in words.
    pub meaning: String,
    /// The lines of the manifest that ask for what is not there.
    pub decided_by: Vec<Decision>,
}

/// What an entry of the timeline is about: its glyph and its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EntryKind {
    /// A step of the what-if.
    Step,
    /// A machine died, or is short of memory.
    Fault,
    /// What Kubernetes says of nodes and zones.
    Node,
    /// Pods that stopped serving, or are being deleted.
    Loss,
    /// Something that was refused: an eviction, a placement.
    Refused,
    /// Pods made, placed, started.
    Pod,
    /// Pods that serve again.
    Ready,
    /// What controllers did or said.
    Controller,
}

/// Equal things that happened together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When the first happened.
    pub at_ms: i64,
    /// When the last happened.
    pub to_ms: i64,
    /// What it is about.
    pub kind: EntryKind,
    /// Whether the story needs it; others are detail.
    pub key: bool,
    /// What happened, in a sentence without a full stop.
    pub text: String,
    /// How many records.
    pub count: usize,
    /// Numbers of the records in the trace, at most [`MOST_NAMES`].
    pub records: Vec<u32>,
    /// The entry (by position) that holds the cause of the first record.
    pub because: Option<usize>,
}

/// How many pods a workload had from a moment on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// From when.
    pub at_ms: i64,
    /// Wanted.
    pub desired: i32,
    /// Ready, as the API says.
    pub ready: i32,
    /// Ready, not being deleted, and on a machine that is alive: what really answers.
    pub serving: i32,
}

/// Pods per zone and node at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    /// Zone and number of pods, by zone name.
    pub zones: Vec<(String, usize)>,
    /// Node and number of pods, by node name.
    pub nodes: Vec<(String, usize)>,
    /// Pods without a node.
    pub pending: usize,
}

/// What the run meant for a workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadOutcome {
    /// `deployment/web`, with its namespace unless that is `default`.
    pub label: String,
    /// Where it stands.
    pub place: Option<Place>,
    /// How badly it was hit.
    pub harm: Harm,
    /// Pods wanted at the start.
    pub desired: i32,
    /// Pods that served at the start.
    pub serving_before: i32,
    /// Pods that served at the end.
    pub serving_after: i32,
    /// The least number that served.
    pub least: i32,
    /// When that was first reached.
    pub least_at_ms: i64,
    /// How long none served although some were wanted.
    pub none_ms: i64,
    /// How long fewer served than wanted.
    pub short_ms: i64,
    /// How long fewer were healthy than its PodDisruptionBudget demands; none without a budget.
    pub below_budget_ms: Option<i64>,
    /// The PodDisruptionBudget, by name.
    pub budget: Option<String>,
    /// Since when all wanted pods serve again; none if nothing was lost or it never came back.
    pub recovered_at_ms: Option<i64>,
    /// Why it did not come back.
    pub not_recovered_because: Option<String>,
    /// Pods made after the first step.
    pub pods_created: usize,
    /// Pods deleted or failed after the first step.
    pub pods_lost: usize,
    /// Where its pods were before.
    pub before: Spread,
    /// Where they are at the end.
    pub after: Spread,
    /// It ends by itself: a Job's completions, wanted and reached.
    pub completions: Option<(i32, i32)>,
    /// When a Job was complete.
    #[serde(default)]
    pub completed_at_ms: Option<i64>,
    /// What was begun and does not come to its end, in words: a rollout, a Job.
    #[serde(default)]
    pub unfinished: Option<String>,
    /// How many pods there were, over time.
    pub series: Vec<Point>,
}

impl WorkloadOutcome {
    /// How many pods were wanted when watching stopped.
    #[must_use]
    pub fn desired_at_end(&self) -> i32 {
        self.series.last().map_or(self.desired, |point| point.desired)
    }
}

/// What the run meant for a PodDisruptionBudget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BudgetOutcome {
    /// Its name, with its namespace unless that is `default`.
    pub name: String,
    /// Where it stands.
    pub place: Option<Place>,
    /// What it demands: `minAvailable: 2`.
    pub rule: String,
    /// Pods it covers at the start.
    pub pods: i32,
    /// Healthy pods demanded.
    pub needed: i32,
    /// Evictions it would have allowed at the start.
    pub allowed_before: i32,
    /// Evictions refused because of it.
    pub refused: usize,
    /// How long fewer were healthy than it demands.
    pub below_ms: i64,
    /// Whether that is so when watching stops.
    pub below_at_end: bool,
}

/// One link of a chain of causes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// When.
    pub at_ms: i64,
    /// What, in words.
    pub text: String,
    /// Its record in the trace.
    pub record: u32,
}

/// A line of the manifest and what it decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Where; none where nothing in the manifests speaks of it.
    pub place: Option<Place>,
    /// What it decided, in a sentence.
    pub text: String,
}

/// Pods of one workload that were lost in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Loss {
    /// The workload.
    pub workload: String,
    /// How badly the workload was hit.
    pub harm: Harm,
    /// What was lost, in a sentence.
    pub text: String,
    /// The pods' names, at most [`MOST_NAMES`].
    pub pods: Vec<String>,
    /// How many pods.
    pub count: usize,
    /// From the first cause to what became of the replacement, told for the first of the pods.
    pub chain: Vec<Link>,
    /// The lines that decided it.
    pub decided_by: Vec<Decision>,
}

/// What is known of a proposal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verified {
    /// It follows from the rules; the run was not repeated with it.
    #[default]
    NotRun,
    /// The run was repeated with it, and the harm is gone.
    Holds,
    /// The run was repeated with it, and the harm is smaller.
    Partly,
    /// The run was repeated with it, and the harm is not gone.
    Fails,
}

/// How badly the workloads that a proposal is for were hit, taken together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hurt {
    /// The worst harm.
    pub harm: Harm,
    /// The longest time for which nothing of one of them served.
    pub none_ms: i64,
    /// The longest time for which one of them had fewer than it wants.
    pub short_ms: i64,
}

/// A run that was repeated with a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trial {
    /// Without it.
    pub before: Hurt,
    /// With it.
    pub after: Hurt,
    /// Workloads that are hit harder with it, at most [`MOST_NAMES`].
    pub worse: Vec<String>,
    /// How often the run was repeated to find out.
    pub runs: usize,
}

/// A change that would have prevented harm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    /// The rule: `spread-over-zones`.
    pub id: String,
    /// The workloads, the budget or the cluster it is for.
    pub subjects: Vec<String>,
    /// What to do, in an imperative sentence.
    pub title: String,
    /// Why that helps here, with the numbers of this run.
    pub why: String,
    /// The lines to change or to add to.
    pub places: Vec<Place>,
    /// YAML to write there; empty where it is nothing to write.
    pub snippet: String,
    /// The same as changes that can be applied; empty where only a person knows the value.
    #[serde(default)]
    pub remedies: Vec<Remedy>,
    /// What is known of it.
    pub verified: Verified,
    /// What came of trying it, or why it was not tried, in a sentence.
    #[serde(default)]
    pub outcome: String,
    /// The measures of trying it.
    #[serde(default)]
    pub trial: Option<Trial>,
}

/// What other choices among equally good nodes would have changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TieReport {
    /// Decisions of the settling and the run for which several nodes were equally good.
    pub decisions: usize,
    /// Nodes that could have been taken instead, over all of them.
    pub alternatives: usize,
    /// Every alternative was tried, one at a time; otherwise runs with all choices drawn at random were.
    pub enumerated: bool,
    /// How many runs were tried.
    pub runs: usize,
    /// In how many of them an outcome was another.
    pub differing: usize,
    /// What was different, the most frequent first.
    pub changes: Vec<TieChange>,
}

/// An outcome that other choices change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TieChange {
    /// The workload, or the expectation.
    pub subject: String,
    /// What it is in the run that is reported.
    pub was: String,
    /// What it is with other choices.
    pub is: String,
    /// In how many of the runs.
    pub runs: usize,
    /// One choice that does it; empty where all were drawn.
    pub example: String,
}

/// Totals of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Records of the trace.
    pub records: usize,
    /// Nodes before the first step.
    pub nodes: usize,
    /// Pods before the first step.
    pub pods: usize,
    /// Pods made after it.
    pub pods_created: usize,
    /// Pods deleted or failed after it.
    pub pods_lost: usize,
    /// Evictions refused.
    pub evictions_refused: usize,
}
