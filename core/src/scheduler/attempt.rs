//! What one attempt to schedule a pod came to: the node or the reasons, in as much detail as was asked for.

use super::plugins::Plugin;
use super::plugins::volume_binding::NodeVolumes;
use super::status::{Code, Refusal};
use crate::cluster::ids::{NodeId, PodId};
use crate::units::time::Time;

/// How much an attempt records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// The decision, and for a pod without a place the message and the plugins that refused it.
    #[default]
    Decision,
    /// Everything: the status of every node, all scores, all candidates for preemption.
    Full,
}

/// What is to happen with the pod.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// No profile has its `schedulerName`, or it is being deleted: left alone, for this reason.
    Ignored(String),
    /// A PreEnqueue plugin keeps it out of the queue.
    Gated(Refusal),
    /// It goes to this node.
    Placed(NodeId),
    /// It found no place.
    Unplaced,
}

/// What is to happen with the pod's nomination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nomination {
    /// It stays as it is.
    Keep,
    /// It ends.
    Clear,
    /// The pod is nominated to this node.
    Set(NodeId),
}

/// The scores of one plugin, for the feasible nodes in the order in which they were found.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginScores {
    /// The plugin.
    pub plugin: Plugin,
    /// Its weight.
    pub weight: i64,
    /// Scores as the plugin gives them.
    pub raw: Vec<i64>,
    /// Scores after NormalizeScore, 0 to 100.
    pub normalized: Vec<i64>,
}

/// Everything about the nodes of an attempt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    /// For each node of [`super::cache::Cache::order`]: 0 feasible, k refused for `fails[k-1]`, -1 not looked at.
    pub filter: Vec<i32>,
    /// Distinct refusals, in order of first appearance in the node list.
    pub fails: Vec<Refusal>,
    /// Feasible nodes in the order in which they were found.
    pub feasible: Vec<NodeId>,
    /// Scores of the plugins that were not skipped; empty where fewer than two nodes are feasible.
    pub scores: Vec<PluginScores>,
    /// Sum of weight x normalized score.
    pub totals: Vec<i64>,
    /// The nodes with the highest total.
    pub best: Vec<NodeId>,
}

/// A node on which preemption would make room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The node.
    pub node: NodeId,
    /// The pods that would have to go, most important first.
    pub victims: Vec<PodId>,
    /// How many of them a PodDisruptionBudget protects.
    pub pdb_violations: usize,
}

/// What preemption found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preemption {
    /// Why the pod may not preempt.
    pub not_eligible: Option<&'static str>,
    /// Nodes on which it would make room, in the order in which they were tried.
    pub candidates: Vec<Candidate>,
    /// Nodes tried in vain; listed only with [`Detail::Full`].
    pub refused: Vec<(NodeId, Refusal)>,
    /// How many nodes were tried in vain, for each distinct refusal; only where all were.
    pub in_vain: Vec<(Refusal, usize)>,
    /// The candidates among which nothing decides.
    pub best: Vec<NodeId>,
    /// The chosen one.
    pub chosen: Option<usize>,
    /// Pods of lower priority nominated to the chosen node: they lose their nomination.
    pub cleared: Vec<PodId>,
}

impl Preemption {
    /// Counts a node that was tried in vain.
    pub fn count_in_vain(&mut self, refusal: &Refusal, nodes: usize) {
        match self.in_vain.iter_mut().find(|(known, _)| known == refusal) {
            Some((_, count)) => *count += nodes,
            None => self.in_vain.push((refusal.clone(), nodes)),
        }
    }

    /// The chosen candidate.
    pub fn chosen(&self) -> Option<&Candidate> {
        self.chosen.and_then(|i| self.candidates.get(i))
    }
}

/// One attempt to schedule a pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// The pod.
    pub pod: PodId,
    /// When it was tried.
    pub at: Time,
    /// What is to happen.
    pub outcome: Outcome,
    /// A PreFilter plugin refused the pod as a whole; no node was looked at.
    pub prefilter: Option<Refusal>,
    /// The nominated node passed and was taken without a look at others.
    pub took_nominated: bool,
    /// Where in the node list the search began.
    pub start: usize,
    /// How many nodes count as looked at.
    pub evaluated: usize,
    /// Nodes in the snapshot.
    pub all_nodes: usize,
    /// How the pod's claims are served on the chosen node.
    pub volumes: Option<NodeVolumes>,
    /// Plugins whose hints decide when the pod is tried again: a set of [`Plugin::bit`]s.
    pub rejectors: u32,
    /// The event's text and the condition's message; empty for a pod that found a place.
    pub message: String,
    /// What preemption found; none where it was not asked.
    pub preemption: Option<Preemption>,
    /// What is to happen with the nomination.
    pub nomination: Nomination,
    /// The matrix, with [`Detail::Full`].
    pub matrix: Option<Box<Matrix>>,
}

impl Attempt {
    /// An attempt on a pod that has not been looked at yet.
    pub fn new(pod: PodId, at: Time, outcome: Outcome) -> Attempt {
        Attempt {
            pod,
            at,
            outcome,
            prefilter: None,
            took_nominated: false,
            start: 0,
            evaluated: 0,
            all_nodes: 0,
            volumes: None,
            rejectors: 0,
            message: String::new(),
            preemption: None,
            nomination: Nomination::Keep,
            matrix: None,
        }
    }

    /// The node the pod goes to.
    pub fn node(&self) -> Option<NodeId> {
        match self.outcome {
            Outcome::Placed(node) => Some(node),
            _ => None,
        }
    }
}

/// The status of one node in a cycle, in two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeStatus(u16);

impl NodeStatus {
    /// Not looked at.
    pub const ABSENT: NodeStatus = NodeStatus(0);
    /// Passed every filter.
    pub const FEASIBLE: NodeStatus = NodeStatus(1);

    /// Refused for the k-th distinct refusal.
    pub fn refused(k: usize) -> NodeStatus {
        NodeStatus((k + 2).min(usize::from(u16::MAX)) as u16)
    }

    /// The number of the refusal.
    pub fn refusal(self) -> Option<usize> {
        usize::from(self.0).checked_sub(2)
    }
}

/// Distinct refusals of a cycle.
#[derive(Clone, Debug, Default)]
pub struct Refusals {
    list: Vec<Refusal>,
}

impl Refusals {
    /// The number of a refusal, given out now if it is new.
    pub fn number(&mut self, refusal: Refusal) -> usize {
        match self.list.iter().position(|known| *known == refusal) {
            Some(known) => known,
            None => {
                self.list.push(refusal);
                self.list.len() - 1
            }
        }
    }

    /// The refusal of that number.
    pub fn get(&self, number: usize) -> &Refusal {
        &self.list[number]
    }

    /// Whether preemption may cure it.
    pub fn is_curable(&self, number: usize) -> bool {
        self.list[number].code == Code::Unschedulable
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
