//! Why a pod is where it is, as data: every attempt to place it, what changed from one to the next, and the smallest changes that would
//! let it in, each verified by asking the scheduler again. It is filled by the session; renderers show it.

use serde::{Deserialize, Serialize};

/// Nodes that were found alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeGroup {
    /// The plugin that refuses them; none for nodes that would do, and for nodes that were not looked at.
    pub plugin: Option<String>,
    /// What was found: the plugin's reasons, `feasible` or `not looked at`.
    pub found: String,
    /// How many nodes.
    pub count: usize,
    /// Their names, at most [`super::MOST_NAMES`].
    pub nodes: Vec<String>,
}

/// Nodes of which something else was found than by the attempt before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedNodes {
    /// What the attempt before found; empty for nodes that it did not know.
    pub was: String,
    /// What this one found; empty for nodes that are gone.
    pub is: String,
    /// How many nodes.
    pub count: usize,
    /// Their names, at most [`super::MOST_NAMES`].
    pub nodes: Vec<String>,
}

/// One attempt to place a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptStory {
    /// When; negative while the cluster settled.
    pub at_ms: i64,
    /// The node that was chosen; none where it was refused.
    pub node: Option<String>,
    /// The text of the FailedScheduling event; empty for a pod that found a place.
    pub message: String,
    /// The node on which preemption makes room, and the pods that have to go.
    pub preempts: Option<(String, Vec<String>)>,
    /// What was found of the nodes, the most first.
    pub nodes: Vec<NodeGroup>,
    /// What is different from the attempt before.
    pub changed: Vec<ChangedNodes>,
}

/// Who has to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// The pod itself.
    Pod,
    /// A node, or one more of them.
    Nodes,
    /// Other pods.
    Others,
}

/// A change, or several that are needed together, with which the scheduler places the pod: it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Way {
    /// Who has to change.
    pub scope: Scope,
    /// What, each in an imperative sentence without a full stop.
    pub changes: Vec<String>,
    /// Where the pod goes then; none where it would preempt first.
    pub node: Option<String>,
    /// What to write or to type; empty where the sentence says it.
    pub snippet: String,
    /// What else was found: that less is not enough, where other pods would go.
    pub remark: String,
}

/// A pod's attempts, and the ways in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// The pod's name, with its namespace unless that is `default`.
    pub pod: String,
    /// Every attempt, in order.
    pub attempts: Vec<AttemptStory>,
    /// The smallest changes that would have let it in at the last attempt that failed, those of the pod first; empty for a pod that was never
    /// refused.
    pub ways: Vec<Way>,
    /// When that attempt was.
    pub ways_at_ms: Option<i64>,
    /// How often the scheduler was asked to find and to verify them.
    pub asked: usize,
    /// The search ended before everything was tried: there may be smaller ways.
    pub cut: bool,
}
