//! Lessons: a scenario told step by step, with predictions whose right answers are computed from the run, and a goal to be met by a repair.
//!
//! Owns the `Lesson` document and what a run makes of it. It never decides what is shown: which step the learner has reached is the page's.

mod teach;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::manifest::{self, Limits, Manifest};
use crate::scenario::{self, Expectation, Promise, Verb};
use crate::units::duration::Duration;
use crate::units::time::{Millis, Time};

/// A lesson as its document has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// What it is called.
    pub title: String,
    /// What one knows afterwards, in a sentence.
    pub promise: String,
    /// What is told, in order.
    pub beats: Vec<BeatOf>,
    /// What must hold after the repair.
    pub goal: Vec<Expectation>,
    /// What is said when it does.
    pub done: String,
    /// What its scenario does: a run that leaves some of it out meets no goal.
    pub verbs: Vec<Verb>,
}

/// When something is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cue {
    /// With what was told before it.
    Along,
    /// At a time counted from the start.
    At(Time),
    /// That long after what was told before it.
    After(Millis),
    /// As soon as an expression holds.
    Condition(String),
}

/// One thing that is told. Text may hold expressions in braces: `{workload("deployment/web").ready}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeatOf {
    /// When.
    pub cue: Cue,
    /// What.
    pub say: String,
    /// What to look at: `zone/…`, `node/…`, `pod/namespace/…`, `file/…`; may be empty.
    pub highlight: String,
    /// What the learner is asked to predict: how it is when the next thing is told.
    pub ask: Option<Question>,
    /// Here the learner changes the manifests.
    pub repair: bool,
}

/// A prediction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The question.
    pub text: String,
    /// What can be answered, and the expression that holds where it is right.
    pub choices: Vec<(String, String)>,
}

/// What a run makes of a lesson.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taught {
    /// What is told, in order.
    pub beats: Vec<Beat>,
    /// Whether what must hold holds.
    pub goal: Goal,
    /// What must hold, by name, and whether it does.
    pub goals: Vec<(String, bool)>,
    /// What is said when it does.
    pub done: String,
}

/// One thing that is told of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// When, in virtual milliseconds; none where it does not come to that.
    pub at_ms: Option<i64>,
    /// What.
    pub say: String,
    /// What to look at; may be empty.
    #[serde(default)]
    pub highlight: String,
    /// What the learner is asked to predict.
    #[serde(default)]
    pub ask: Option<Asked>,
    /// Here the learner changes the manifests.
    pub repair: bool,
}

/// A prediction, and what came true.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The question.
    pub text: String,
    /// What can be answered.
    pub choices: Vec<String>,
    /// Which choice came true, by position; none where none did.
    pub right: Option<u32>,
}

/// Whether a lesson's goal is met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// Not everything holds.
    #[default]
    NotMet,
    /// Everything holds.
    Met,
    /// The scenario lacks what the lesson does: it proves nothing.
    Evaded,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(rename = "metadata")]
    _metadata: serde_json::Value,
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    title: String,
    promise: String,
    steps: Vec<StepOf>,
    goal: Vec<GoalOf>,
    done: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepOf {
    at: Option<String>,
    after: Option<String>,
    when: Option<String>,
    say: Option<String>,
    repair: Option<String>,
    #[serde(default)]
    highlight: String,
    ask: Option<AskOf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskOf {
    question: String,
    choices: Vec<ChoiceOf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceOf {
    say: String,
    #[serde(rename = "if")]
    condition: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GoalOf {
    always: Option<String>,
    never: Option<String>,
    eventually: Option<String>,
    finally: Option<String>,
    within: Option<String>,
    name: String,
}

impl Lesson {
    /// Reads a lesson from its document; `start` are the manifests that it begins with, its scenario among them.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the document.
    pub fn read(text: &str, start: &Manifest) -> Result<Lesson, String> {
        let trees = manifest::parse(&Arc::from(text), &Limits::default());
        let tree = match trees.into_iter().next() {
            Some(Ok(tree)) => tree,
            Some(Err(fault)) => return Err(fault.message),
            None => return Err("there is no document".to_owned()),
        };
        let document: Document = serde_path_to_error::deserialize(tree.to_value()).map_err(|error| error.to_string())?;
        let spec = document.spec;
        let verbs = scenario::read(start).0.into_iter().next().map(|scenario| scenario.steps.into_iter().map(|step| step.verb).collect());
        Ok(Lesson {
            title: spec.title,
            promise: spec.promise,
            beats: spec.steps.into_iter().map(beat).collect::<Result<_, _>>()?,
            goal: spec.goal.into_iter().map(goal).collect::<Result<_, _>>()?,
            done: spec.done,
            verbs: verbs.ok_or("the lesson has no scenario")?,
        })
    }
}

fn span(text: &str) -> Result<Millis, String> {
    Duration::parse(text).map(|duration| duration.nanos() / 1_000_000).map_err(|_| format!("{text} is no duration"))
}

fn beat(of: StepOf) -> Result<BeatOf, String> {
    let cue = match (of.at, of.after, of.when) {
        (None, None, None) => Cue::Along,
        (Some(at), None, None) => Cue::At(Time::ZERO + span(&at)?),
        (None, Some(after), None) => Cue::After(span(&after)?),
        (None, None, Some(condition)) => Cue::Condition(condition),
        _ => return Err("a step has one of at, after and when".to_owned()),
    };
    let (say, repair) = match (of.say, of.repair) {
        (Some(say), None) => (say, false),
        (None, Some(say)) => (say, true),
        _ => return Err("a step has one of say and repair".to_owned()),
    };
    let question = |ask: AskOf| Question {
        text: ask.question,
        choices: ask.choices.into_iter().map(|choice| (choice.say, choice.condition)).collect(),
    };
    Ok(BeatOf { cue, say: say.trim().to_owned(), highlight: of.highlight, ask: of.ask.map(question), repair })
}

fn goal(of: GoalOf) -> Result<Expectation, String> {
    let within = of.within.as_deref().map(span).transpose()?;
    let promises = [
        (of.always, Promise::Always),
        (of.never, Promise::Never),
        (of.eventually, Promise::Eventually(within)),
        (of.finally, Promise::Finally),
    ];
    let mut given = promises.into_iter().filter_map(|(expression, promise)| Some((expression?, promise)));
    let (Some((expression, promise)), None) = (given.next(), given.next()) else {
        return Err(format!("{}: a goal has one of always, never, eventually and finally", of.name));
    };
    Ok(Expectation { promise, expression, name: Some(of.name), from: Time::ZERO, span: None })
}
