//! What page and worker say to each other: questions and answers as postcard's bytes, frames as flat bytes (see `frame`). Decides nothing.
//!
//! Postcard writes fields by position and reads all of them: no field here is skipped, flattened or tagged within. Tests ask in JSON.

mod aside;
pub(crate) mod flat;

pub use aside::*;

use serde::{Deserialize, Serialize};

use crate::names::Names;
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
const FORM: u8 = 5;

/// A question or an answer as bytes.
pub fn to_bytes(message: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(message, vec![FORM]).unwrap_or_default()
}

/// A question or an answer from its bytes; none where they are of another form.
pub fn from_bytes<'a, M: Deserialize<'a>>(bytes: &'a [u8]) -> Option<M> {
    postcard::from_bytes(bytes.strip_prefix(&[FORM])?).ok()
}

/// Where steps are written before they are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Writing {
    /// Nowhere.
    #[default]
    No,
    /// Into the Scenario of the files, or a new one where there is none.
    Scenario,
    /// Into a new one only: they stood beside the files so far, whose own Scenario says something else.
    New,
}

/// A question of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// Read the files and run the steps; answered by [`Answer::Ran`].
    Run {
        /// Answers carry this number; the page drops those of an older one.
        generation: u32,
        /// All manifests.
        files: Vec<SourceFile>,
        /// The scenario.
        steps: Vec<Step>,
        /// Take the scenario from the files instead, if one of them holds one.
        own: bool,
        /// Write the steps into the files first, and take them from there.
        #[serde(default)]
        writes: Writing,
        /// Decides what Kubernetes leaves open.
        seed: u64,
        /// The lesson that is told of the run; empty for none.
        #[serde(default)]
        lesson: String,
    },
    /// The files of an example or lesson; answered by [`Answer::Opened`].
    Open {
        /// Which.
        what: Entry,
    },
    /// The visible state at a moment of the last run; answered by the bytes of a frame.
    Frame {
        /// Of which run.
        generation: u32,
        /// Virtual milliseconds.
        at_ms: i64,
        /// The number of the frame that the page has: what did not change since then is not sent again. Zero for none.
        have: u32,
    },
    /// Why a pod is where it is; answered by [`Answer::Why`].
    Why {
        /// Of which run.
        generation: u32,
        /// Its number.
        pod: u32,
        /// Virtual milliseconds.
        at_ms: i64,
    },
    /// One of the standard what-ifs, from the settled state of the last run's files; answered by [`Answer::WhatIf`].
    WhatIf {
        /// Of which run.
        generation: u32,
        /// Which, from zero.
        nth: u32,
    },
    /// The proposals of the last run, tried; answered by [`Answer::Advised`].
    Advise {
        /// Of which run.
        generation: u32,
    },
    /// The files with a proposal of the last run written into them; answered by [`Answer::Mended`].
    Mend {
        /// Of which run.
        generation: u32,
        /// Which proposal, by position in [`Answer::Advised`].
        nth: u32,
    },
    /// The relations of the manifests as a picture; answered by [`Answer::Drawn`].
    Graph {
        /// Of which run.
        generation: u32,
        /// What is to be drawn.
        wish: GraphWish,
    },
    /// What is to be told of an event or a workload; answered by [`Answer::Account`].
    Account {
        /// Of which run.
        generation: u32,
        /// A selection as links keep it: `e/12`, `w/deployment/web`.
        of: String,
    },
    /// How the last run differs from that of other files or steps; answered by [`Answer::Compared`].
    Compare {
        /// Of which run.
        generation: u32,
        /// The manifests before.
        files: Vec<SourceFile>,
        /// What is done to them.
        before: Before,
    },
    /// The last run in a form that can be kept; answered by [`Answer::Exported`].
    Export {
        /// Of which run.
        generation: u32,
        /// Which.
        form: Form,
        /// What the picture of the relations shows.
        wish: GraphWish,
    },
    /// What the manifests do not say, value by value; answered by [`Answer::Assumed`].
    Assumed {
        /// Of which run.
        generation: u32,
    },
    /// The files with one of these values written into them; answered by [`Answer::Said`].
    Say {
        /// Of which run.
        generation: u32,
        /// Which value.
        key: String,
        /// What it is to be.
        value: String,
    },
    /// The digest of a run's trace, for tests; answered by [`Answer::Digest`].
    Digest {
        /// All manifests; the scenario is theirs.
        files: Vec<SourceFile>,
        /// Decides what Kubernetes leaves open.
        seed: u64,
    },
}

impl Answer {
    /// Of a run that could not be made.
    pub fn nothing(generation: u32, diagnostics: Vec<Finding>, partial: bool) -> Answer {
        let (written, unwritten) = (None, String::new());
        Answer::Ran { generation, diagnostics, partial, steps: None, story: None, taught: None, written, unwritten }
    }
}

/// An answer of the worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The worker's program has started.
    Ready,
    /// The files were read, and the scenario was run if anything could be.
    Ran {
        /// Of which question.
        generation: u32,
        /// Findings in the files, worst first.
        diagnostics: Vec<Finding>,
        /// Some document could not be read at all: the story is told without it.
        partial: bool,
        /// The steps of the files' own scenario, if it was run.
        steps: Option<Vec<Step>>,
        /// What happened; none where no run was possible.
        story: Option<Box<Story>>,
        /// What the lesson tells of it, if one was asked for.
        #[serde(default)]
        taught: Option<Box<Taught>>,
        /// The file that holds the steps now, where they were to be written.
        #[serde(default)]
        written: Option<SourceFile>,
        /// Why they could not be; empty where they could, or were not to be.
        #[serde(default)]
        unwritten: String,
    },
    /// The files of an example or lesson.
    Opened {
        /// Which.
        what: Entry,
        /// Its files; none where there is no such thing.
        files: Vec<SourceFile>,
    },
    /// Why a pod is where it is.
    Why {
        /// Of which run.
        generation: u32,
        /// The answer.
        why: Box<Why>,
    },
    /// How one of the standard what-ifs ended.
    WhatIf {
        /// Of which run.
        generation: u32,
        /// Which, from zero.
        nth: u32,
        /// How many there are.
        total: u32,
        /// What was left out of the standard what-ifs, in a sentence; empty where nothing was.
        left_out: String,
        /// What it costs; none past the last.
        risk: Option<Box<Risk>>,
    },
    /// The proposals of a run, after each was tried, those that help first.
    Advised {
        /// Of which run.
        generation: u32,
        /// The proposals.
        advice: Vec<Advice>,
    },
    /// The files as a proposal has them.
    Mended {
        /// Of which run.
        generation: u32,
        /// Which proposal.
        nth: u32,
        /// The files that change, whole.
        files: Vec<SourceFile>,
        /// Steps that it adds to the scenario.
        steps: Vec<Step>,
        /// What could not be written and why; empty where all could.
        refused: String,
    },
    /// The relations as a picture.
    Drawn {
        /// Of which run.
        generation: u32,
        /// The picture.
        picture: Box<Picture>,
    },
    /// What is told of an event or a workload.
    Account {
        /// Of which run.
        generation: u32,
        /// What it is.
        account: Box<Account>,
    },
    /// How two runs differ.
    Compared {
        /// The later of them.
        generation: u32,
        /// What to remember.
        summary: String,
        /// The differences, the greatest consequence first.
        differences: Vec<Difference>,
    },
    /// A run in a form that can be kept.
    Exported {
        /// What the file is called.
        name: String,
        /// Its media type.
        media: String,
        /// Its text.
        text: String,
    },
    /// What the manifests do not say.
    Assumed {
        /// Of which run.
        generation: u32,
        /// Value by value.
        values: Vec<Assumed>,
    },
    /// The files with a value written into them.
    Said {
        /// Of which run.
        generation: u32,
        /// The files that change or are new, whole; none where it was refused.
        files: Vec<SourceFile>,
        /// Why it could not be written; empty where it could.
        refused: String,
    },
    /// What was taken out of an archive, which the page sends as it is.
    Unpacked {
        /// The files.
        files: Vec<SourceFile>,
        /// What was left out and why, or why nothing was taken; may be empty.
        said: String,
    },
    /// How far a long run is.
    Progress {
        /// Of which question.
        generation: u32,
        /// What is being done, in a word or two.
        phase: String,
        /// How much of it, in thousandths; none where nobody knows.
        part: Option<u32>,
    },
    /// A trace's digest.
    Digest {
        /// Hexadecimal.
        digest: String,
        /// How many records the trace has.
        records: u64,
    },
    /// The question could not be answered at all.
    Refused {
        /// Why.
        message: String,
    },
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
