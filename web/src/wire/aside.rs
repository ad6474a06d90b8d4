//! What can be asked beside a run's course: its relations, accounts of events and workloads, what differs, what is kept, what is assumed.

use serde::{Deserialize, Serialize};

use super::Step;

/// The number that stands for "no event".
pub const NO_EVENT: u32 = u32::MAX;

/// How finely the relations are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grain {
    /// As finely as can be looked at.
    #[default]
    Fitting,
    /// Every object, and every pod with what owns it.
    Pods,
    /// Every object.
    Objects,
    /// Applications.
    Apps,
    /// Namespaces.
    Namespaces,
}

/// What the picture of the relations is to show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphWish {
    /// A selection as links keep it: what followed from it, or would follow from its loss, is marked. May be empty.
    pub of: String,
    /// How finely.
    pub grain: Grain,
    /// Groups that are drawn the other way round.
    pub turned: Vec<String>,
    /// Nodes and zones, and what runs where.
    pub places: bool,
    /// Where things stood in the picture before: label and middle.
    pub was: Vec<(String, i32, i32)>,
}

/// An object, or several as one, in the picture of the relations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// `deployment/web`.
    pub label: String,
    /// The small line.
    pub kind: String,
    /// The large line.
    pub name: String,
    /// The middle, in pixels.
    pub x: i32,
    /// The middle, in pixels.
    pub y: i32,
    /// Its width in pixels.
    pub w: i32,
    /// Its height in pixels.
    pub h: i32,
    /// Class names: of its sort, and of what happened to it.
    pub class: String,
    /// Everything there is to say, in a sentence.
    pub title: String,
    /// Why its loss would stop others; empty where it would not.
    pub weak: String,
    /// A selection as links keep it; empty where it is nothing that a run has.
    pub selects: String,
    /// The group that it is, or is part of; empty for none.
    pub group: String,
    /// Where it is written: file, first byte, byte after the last; [`NO_FILE`] for nowhere.
    pub place: (u32, u32, u32),
}

/// A tie between two of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tie {
    /// By position.
    pub from: u32,
    /// By position.
    pub to: u32,
    /// `selects`.
    pub text: String,
    /// The way it goes, as SVG writes paths.
    pub path: String,
    /// Class names.
    pub class: String,
}

/// The relations of the manifests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Of the whole, in pixels.
    pub width: i32,
    /// Of the whole, in pixels.
    pub height: i32,
    /// Objects.
    pub nodes: Vec<Node>,
    /// Ties.
    pub ties: Vec<Tie>,
    /// How finely it is drawn.
    pub grain: Grain,
    /// How many objects there are in all.
    pub objects: u32,
    /// What is marked, in a sentence; empty where nothing is.
    pub marked: String,
}

/// A line of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// When, in virtual milliseconds; none where it is of no moment.
    #[serde(default)]
    pub at_ms: Option<i64>,
    /// What.
    pub text: String,
    /// What more there is to say; may be empty.
    #[serde(default)]
    pub more: String,
    /// How far it is moved in.
    #[serde(default)]
    pub depth: u32,
    /// A part of a whole, in thousandths, to be drawn as a bar.
    #[serde(default)]
    pub share: Option<u32>,
    /// What a press selects, as links keep it; may be empty.
    #[serde(default)]
    pub selects: String,
}

/// A section of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// A remark beside it; may be empty.
    pub note: String,
    /// Its lines.
    pub lines: Vec<Remark>,
}

/// What is told of an event or a workload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Of what, as links keep it.
    pub of: String,
    /// What it is.
    pub title: String,
    /// What to remember.
    pub summary: String,
    /// The rest.
    pub sections: Vec<Section>,
}

/// What is done to the manifests before, in a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// The same as in the last run, whatever that is.
    pub same: bool,
    /// Its own scenario, if its files hold one.
    pub own: bool,
    /// The scenario.
    pub steps: Vec<Step>,
    /// Decides what Kubernetes leaves open.
    pub seed: u64,
}

/// How a workload fares differently.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The workload.
    pub label: String,
    /// `worse`, `better` or `other`: also a class name.
    pub way: String,
    /// What differs, in words.
    pub text: String,
}

/// A form in which a run is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// The report as Markdown.
    Markdown,
    /// The report as JSON, as the command line writes it.
    Json,
    /// The report as one HTML file.
    Html,
    /// The scenario as a document.
    Scenario,
    /// The timeline as SVG.
    Timeline,
    /// The relations as SVG.
    Relations,
    /// The same, to be made a PNG by the page.
    RelationsPng,
}

/// A value that the manifests do not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assumed {
    /// Which; empty where it cannot be written down as one value.
    pub key: String,
    /// What it is about.
    pub subject: String,
    /// Which of its properties.
    pub what: String,
    /// Its value.
    pub value: String,
    /// What it would be if nothing were said; empty where it is not said.
    pub usual: String,
    /// What the value is counted in; may be empty.
    pub unit: String,
    /// Why it is assumed, and how to say otherwise where it cannot be written here.
    pub why: String,
    /// What hangs on it.
    pub effect: String,
}
