//! What page and worker say to each other: questions and answers as postcard's bytes, frames as flat bytes (see `frame`). Decides nothing.
//!
//! Postcard writes fields by position and reads all of them: no field here is skipped, flattened or tagged within. Tests ask in JSON.

mod answer;
mod aside;
mod ask;
pub(crate) mod flat;

pub use answer::*;
pub use aside::*;
pub use ask::*;

use serde::{Deserialize, Serialize};

use crate::names::Names;
use wavetank_core::manifest::SourceSet;
pub use wavetank_core::session::lesson::Taught;
pub use wavetank_core::session::scene::{SourceFile, Step, Verb};

/// An entry of the gallery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Whether it is a lesson; else it is an example.
    pub lesson: bool,
    /// Of a lesson what repairs it, not what it begins with.
    pub repair: bool,
    /// Decides what Kubernetes leaves open.
    pub seed: u64,
}

/// What every message but a frame begins with: the form of this wire.
const FORM: u8 = 7;

/// A question or an answer as bytes.
pub fn to_bytes(message: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(message, vec![FORM]).unwrap_or_default()
}

/// A question or an answer from its bytes; none where they are of another form.
pub fn from_bytes<'a, M: Deserialize<'a>>(bytes: &'a [u8]) -> Option<M> {
    postcard::from_bytes(bytes.strip_prefix(&[FORM])?).ok()
}

/// Puts a file in the place of the one of its name, or behind all others; where it stands then.
pub fn put(files: &mut Vec<SourceFile>, file: SourceFile) -> usize {
    let place = files.iter().position(|other| other.name == file.name).unwrap_or(files.len());
    if place == files.len() {
        files.push(file);
    } else {
        files[place] = file;
    }
    place
}

/// Files as the core reads them.
pub fn sources(files: &[SourceFile]) -> SourceSet {
    let mut sources = SourceSet::default();
    for file in files {
        sources.add(file.name.as_str(), file.text.as_str());
    }
    sources
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The API server would refuse it.
    Error,
    /// It will hurt.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// A word, also used as a class name.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// The number that stands for "in no file".
pub const NO_FILE: u32 = u32::MAX;

/// A diagnostic with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// As the command line names it.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// What to do.
    #[serde(default)]
    pub help: String,
    /// Which file, by position in the question, or [`NO_FILE`].
    pub file: u32,
    /// First byte of the text it is about.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// A machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeInfo {
    /// `metadata.name`.
    pub name: String,
    /// Its zone, by position.
    pub zone: u32,
    /// Allocatable processor time in thousandths of a core.
    pub cpu_milli: u64,
    /// Allocatable memory in bytes.
    pub memory_bytes: u64,
    /// How many pods it holds at most.
    pub pods: u32,
    /// Its pool among those of its zone: nodes of one make, by position in [`Story::pools`].
    #[serde(default)]
    pub pool: u32,
    /// The most pods it ever has during the run.
    pub peak_pods: u32,
}

/// What a curve shows at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// From then on, in virtual milliseconds.
    pub at_ms: i64,
    /// Pods that answer: ready, and on a machine that is alive.
    pub ready: u32,
    /// Pods that Kubernetes believes ready; it learns of a dead machine late.
    #[serde(default)]
    pub believed: u32,
}

/// What one standard what-if would cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// What is done, at the start.
    pub step: Step,
    /// Harm in points: more is worse.
    pub score: u64,
    /// What the points are for, the heaviest first.
    pub reasons: Vec<String>,
    /// The longest time that a workload has no pod that answers, in virtual milliseconds.
    pub outage_ms: i64,
    /// Pods without a node at the end.
    pub unplaced: u32,
    /// When all workloads are whole again, in virtual milliseconds; none where nothing was missed or something stays missing.
    pub recovered_ms: Option<i64>,
}

/// What a scenario expects, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// What it is called.
    pub title: String,
    /// `always`, `never`, `eventually` or `finally`, and the expression.
    pub promise: String,
    /// Whether it holds; none where it could not be judged.
    pub holds: Option<bool>,
    /// When that was decided, in virtual milliseconds.
    pub at_ms: Option<i64>,
    /// Why it does not hold or could not be judged.
    pub message: String,
    /// Values of the expression's parts at that moment.
    pub values: Vec<String>,
}

/// A workload and how it fared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkloadInfo {
    /// `deployment/web`: how steps and reports name it.
    pub label: String,
    /// How many pods it wants.
    pub desired: u32,
    /// The least number of ready pods after the first step.
    pub least_ready: u32,
    /// Ready pods at the end.
    pub last_ready: u32,
    /// What its PodDisruptionBudgets ask for, if any covers it.
    pub budget: Option<u32>,
    /// Virtual milliseconds below its budget.
    pub below_budget_ms: i64,
    /// Virtual milliseconds with no ready pod.
    pub below_one_ms: i64,
    /// Virtual milliseconds with fewer ready pods than wanted.
    #[serde(default)]
    pub short_ms: i64,
    /// Its pods over time.
    #[serde(with = "flat")]
    pub curve: Vec<Point>,
    /// What happened to its pods, for its lane's ticks; times never decrease.
    #[serde(default, with = "flat")]
    pub marks: Vec<Mark>,
    /// Its pods' priority.
    #[serde(default)]
    pub priority: i32,
    /// Whether a rollout can be asked for.
    pub rolls_out: bool,
}

/// What kind of thing happened: the tick's colour and shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkKind {
    /// A step of the scenario begins.
    Step,
    /// A node changed: lost, not ready, back, cordoned, under pressure.
    Node,
    /// Pods are being deleted, evicted, preempted, or ended badly.
    Loss,
    /// Pods were created or bound.
    Placed,
    /// No node was found for pods.
    Unplaced,
    /// Pods became ready.
    Ready,
}

impl MarkKind {
    /// Every kind, the most telling first.
    pub const ALL: [MarkKind; 6] = [MarkKind::Step, MarkKind::Node, MarkKind::Loss, MarkKind::Unplaced, MarkKind::Placed, MarkKind::Ready];

    /// A word, also used as a class name.
    pub const fn name(self) -> &'static str {
        match self {
            MarkKind::Step => "step",
            MarkKind::Node => "node",
            MarkKind::Loss => "loss",
            MarkKind::Placed => "placed",
            MarkKind::Unplaced => "unplaced",
            MarkKind::Ready => "ready",
        }
    }
}

/// Things of one kind at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When, in virtual milliseconds.
    pub at_ms: i64,
    /// What kind.
    pub kind: MarkKind,
    /// How many.
    pub count: u32,
}

/// A sentence of the narrative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When, in virtual milliseconds.
    pub at_ms: i64,
    /// What happened.
    pub text: String,
    /// Which event of the run it is: what followed from it can be asked.
    #[serde(default)]
    pub event: u32,
}

/// Everything the page shows of a run, but for the state at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// From the settled state to quiescence, in virtual milliseconds.
    pub duration_ms: i64,
    /// Zones by name; the empty name is "no zone".
    pub zones: Vec<String>,
    /// The pods of each zone over time.
    #[serde(default)]
    pub zone_curves: Vec<Vec<Point>>,
    /// What happened in each zone, for its lane's ticks.
    #[serde(default)]
    pub zone_marks: Vec<Vec<Mark>>,
    /// Pools: names of what nodes of one make have in common.
    #[serde(default)]
    pub pools: Vec<String>,
    /// Machines.
    pub nodes: Vec<NodeInfo>,
    /// Workloads.
    pub workloads: Vec<WorkloadInfo>,
    /// Names of all pods that ever exist, by number.
    pub pod_names: Names,
    /// The workload of each pod, by position.
    #[serde(with = "flat")]
    pub pod_workloads: Vec<u32>,
    /// When each pod was made, in seconds after the settled state; those of the settling before zero.
    #[serde(default, with = "flat")]
    pub pod_born: Vec<i32>,
    /// What happened, for the timeline's ticks; times never decrease.
    #[serde(with = "flat")]
    pub marks: Vec<Mark>,
    /// What happened, in sentences; times never decrease.
    pub narrative: Vec<Line>,
    /// What the manifests do not say and was assumed.
    pub assumptions: Vec<String>,
    /// For each step where it is written: the file by number, first byte, byte after the last; none where no file says it.
    pub step_places: Vec<Option<(u32, u32, u32)>>,
    /// For each step the event that it is; those that were not done are [`NO_EVENT`].
    #[serde(default)]
    pub step_events: Vec<u32>,
    /// What to remember, in a sentence or two.
    pub verdict: String,
    /// Whether a step did harm.
    pub harmed: bool,
    /// What the scenario of the files expects, judged.
    #[serde(default)]
    pub expected: Vec<Expected>,
    /// How pods were lost.
    pub losses: Vec<Loss>,
    /// What would have prevented it.
    pub advice: Vec<Advice>,
    /// How many documents are kept and shown but not simulated, by kind.
    pub not_simulated: Vec<String>,
}

/// Pods of one workload that were lost in the same way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// What was lost.
    pub text: String,
    /// From the first cause on.
    pub chain: Vec<Cause>,
    /// Lines of the manifests that decided it (`web.yaml:12  replicas: 1`; may be empty), and what they decided.
    pub lines: Vec<(String, String)>,
}

/// A change that would have helped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// What to do.
    pub title: String,
    /// Why that helps here.
    pub why: String,
    /// What to write; may be empty.
    pub snippet: String,
    /// What came of trying it, if it was tried.
    #[serde(default)]
    pub tried: Tried,
    /// What came of trying it, or why it was not, in a sentence; may be empty.
    #[serde(default)]
    pub outcome: String,
    /// Whether it can be written into the files.
    #[serde(default)]
    pub writable: bool,
}

/// What came of trying a proposal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tried {
    /// It was not tried.
    #[default]
    NotRun,
    /// The harm is gone.
    Helps,
    /// The harm is smaller.
    HelpsSome,
    /// The harm is not gone.
    HelpsNot,
}

/// What one plugin says of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Passed, and with which score; or why not.
    #[serde(default)]
    pub reason: String,
    /// The weighted score, where the plugin scores.
    #[serde(default)]
    pub score: Option<i64>,
}

/// One node in the matrix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its name.
    pub node: String,
    /// One cell for each plugin of the matrix; filters stop at the first refusal, so later cells may be empty.
    pub cells: Vec<Option<Cell>>,
    /// The sum of the scores, if no plugin refused.
    pub total: Option<i64>,
    /// Whether the pod went here.
    pub chosen: bool,
    /// Why the node was refused where no plugin of the matrix says so.
    #[serde(default)]
    pub refused: String,
}

/// One link of a chain of causes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// When, in virtual milliseconds.
    pub at_ms: i64,
    /// What.
    pub text: String,
}

/// Why a pod is where it is at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// The pod's number.
    pub pod: u32,
    /// At which moment, in virtual milliseconds.
    pub at_ms: i64,
    /// Its state in a sentence; for a pod without a node, the text of its FailedScheduling event.
    pub summary: String,
    /// When its last scheduling decision was made, in virtual milliseconds.
    pub decided_ms: Option<i64>,
    /// The columns of the matrix: plugins under kube-scheduler's own names.
    pub plugins: Vec<String>,
    /// The rows of the matrix, the chosen node first, then by score.
    pub rows: Vec<Row>,
    /// How many nodes were looked at in all, shown or not.
    pub nodes: u32,
    /// From the present state back to the first cause.
    pub chain: Vec<Cause>,
    /// Every attempt to place it, and what changed from one to the next; empty for a pod that has its place.
    #[serde(default)]
    pub attempts: Vec<Cause>,
    /// The smallest changes that would let it in; the scheduler was asked about each.
    #[serde(default)]
    pub ways: Vec<Advice>,
}
