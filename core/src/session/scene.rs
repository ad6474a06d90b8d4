//! Scenes: everything that reopens a moment of a run. What the page keeps, a link carries, and `wavetank share` prints.
//!
//! Owns their plain data and how its steps are the verbs of scenarios. How they are packed is [`super::link`]'s.

use serde::{Deserialize, Serialize};

use crate::manifest::{self, Limits, SourceSet};
use crate::scenario::{self, DrainOptions, LITTLE_MEMORY};
use crate::units::time::Time;

/// A manifest with its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its path as the user knows it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// All machines of a zone die.
    FailZone,
    /// They are back.
    RecoverZone,
    /// A machine dies.
    FailNode,
    /// It is back.
    RecoverNode,
    /// A node is cordoned and its pods evicted.
    Drain,
    /// A workload's pods are replaced by its own strategy.
    Rollout,
    /// A revision that never gets ready is rolled out.
    BrokenRollout,
    /// `kubectl rollout restart`.
    Restart,
    /// A node runs out of memory.
    Pressure,
    /// Anything else that a Scenario document can hold: the target is the step's YAML, `scale: {workload: …, replicas: 4}`.
    Other,
}

impl Verb {
    /// Every verb with one target, in the menus' order.
    pub const ALL: [Verb; 9] = [
        Verb::FailZone,
        Verb::RecoverZone,
        Verb::FailNode,
        Verb::RecoverNode,
        Verb::Drain,
        Verb::Rollout,
        Verb::Restart,
        Verb::BrokenRollout,
        Verb::Pressure,
    ];

    /// What a button says.
    pub const fn label(self) -> &'static str {
        match self {
            Verb::FailZone => "Fail zone",
            Verb::RecoverZone => "Recover zone",
            Verb::FailNode => "Fail node",
            Verb::RecoverNode => "Recover node",
            Verb::Drain => "Drain",
            Verb::Rollout => "Roll out",
            Verb::BrokenRollout => "Bad release",
            Verb::Restart => "Restart",
            Verb::Pressure => "Pressure",
            Verb::Other => "",
        }
    }
}

/// One step of the scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When, in virtual milliseconds after the cluster has settled.
    pub at_ms: i64,
    /// What.
    pub verb: Verb,
    /// To which zone, node (by name) or workload (by label).
    pub target: String,
}

impl Step {
    /// A step for a verb of scenarios: [`Step::to_verb`] gives it back.
    pub fn of(of: &scenario::Verb, at_ms: i64) -> Step {
        let target = match of {
            scenario::Verb::FailZone { zone } | scenario::Verb::RecoverZone { zone } => Some(zone),
            scenario::Verb::FailNode { node }
            | scenario::Verb::RecoverNode { node }
            | scenario::Verb::Drain { node, .. }
            | scenario::Verb::Pressure { node, .. } => Some(node),
            scenario::Verb::Rollout { workload, .. } | scenario::Verb::Restart { workload } => Some(workload),
            _ => None,
        };
        // The one that means the same with nothing said but the target; else the whole step as YAML.
        let plain = target.and_then(|target| {
            Verb::ALL.into_iter().map(|verb| Step { at_ms, verb, target: target.clone() }).find(|step| step.to_verb().as_ref() == Some(of))
        });
        plain.unwrap_or_else(|| Step { at_ms, verb: Verb::Other, target: of.to_yaml() })
    }

    /// The step of scenarios that it means; none where it cannot be read.
    pub fn to_step(&self) -> Option<scenario::Step> {
        Some(scenario::Step::at(Time::at(self.at_ms), self.to_verb()?))
    }

    /// The verb of scenarios that it means; none where it cannot be read.
    pub fn to_verb(&self) -> Option<scenario::Verb> {
        let target = self.target.clone();
        Some(match self.verb {
            Verb::FailZone => scenario::Verb::FailZone { zone: target },
            Verb::RecoverZone => scenario::Verb::RecoverZone { zone: target },
            Verb::FailNode => scenario::Verb::FailNode { node: target },
            Verb::RecoverNode => scenario::Verb::RecoverNode { node: target },
            Verb::Drain => scenario::Verb::Drain { node: target, options: DrainOptions::default() },
            Verb::Rollout => scenario::Verb::Rollout { workload: target, image: None, container: None, broken: false },
            Verb::BrokenRollout => scenario::Verb::Rollout { workload: target, image: None, container: None, broken: true },
            Verb::Restart => scenario::Verb::Restart { workload: target },
            Verb::Pressure => scenario::Verb::Pressure { node: target, available: LITTLE_MEMORY },
            Verb::Other => return verb_of_yaml(&target),
        })
    }
}

/// The verb of one line of a Scenario document.
fn verb_of_yaml(line: &str) -> Option<scenario::Verb> {
    let head = "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: page}\nspec:\n  steps:\n  - at: 0s\n    ";
    let manifest = manifest::read(SourceSet::single("page", format!("{head}{line}\n")), &Limits::default());
    scenario::read(&manifest).0.into_iter().flat_map(|scenario| scenario.steps).map(|step| step.verb).next()
}

/// Everything that reopens a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scene {
    /// The manifests; none with a lesson means those that it begins with.
    #[serde(rename = "f", with = "pairs")]
    pub files: Vec<SourceFile>,
    /// The scenario; none means that of the manifests.
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// The seed.
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    pub seed: u64,
    /// The cursor, in virtual milliseconds.
    #[serde(rename = "t", default)]
    pub at_ms: i64,
    /// The name of the selected pod, node or zone, with a letter before it: `p/`, `n/`, `z/`.
    #[serde(rename = "x", default, skip_serializing_if = "String::is_empty")]
    pub selection: String,
    /// The lesson that is open; empty for none.
    #[serde(rename = "l", default, skip_serializing_if = "String::is_empty")]
    pub lesson: String,
    /// Which of its steps was reached.
    #[serde(rename = "k", default, skip_serializing_if = "is_none_yet")]
    pub beat: u32,
}

fn is_zero(seed: &u64) -> bool {
    *seed == 0
}

fn is_none_yet(beat: &u32) -> bool {
    *beat == 0
}

/// Files as `[name, text]`, without the field names.
mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::SourceFile;

    pub(super) fn serialize<S: Serializer>(files: &[SourceFile], to: S) -> Result<S::Ok, S::Error> {
        files.iter().map(|file| (&file.name, &file.text)).collect::<Vec<_>>().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<SourceFile>, D::Error> {
        let pairs = Vec::<(String, String)>::deserialize(from)?;
        Ok(pairs.into_iter().map(|(name, text)| SourceFile { name, text }).collect())
    }
}
