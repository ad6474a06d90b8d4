//! Every attempt to schedule one pod, kept compactly: what each node was refused for, as changes from the attempt before.
//! Decides nothing; the scheduler's place in the engine fills it for a pod that is watched.

use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::scheduler::Outcome;
use crate::scheduler::attempt::{Attempt, Matrix, PluginScores};
use crate::scheduler::status::Refusal;
use crate::units::time::Time;

/// What an attempt found of a node: 0 feasible, k refused for the k-th of [`Attempts::refusals`], -1 not looked at.
pub type Code = i32;

/// One attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptAttempt {
    /// When.
    pub at: Time,
    /// What it came to.
    pub outcome: Outcome,
    /// The event's text; empty for a pod that found a place.
    pub message: String,
    /// Where preemption would make room.
    pub nominated: Option<NodeId>,
    /// The pods that have to go for it.
    pub victims: Vec<PodId>,
    /// Nodes of which something else is found than by the attempt before.
    pub changes: Vec<(NodeId, Code)>,
    /// Feasible nodes in the order in which they were found.
    pub feasible: Vec<NodeId>,
    /// Scores of the feasible nodes.
    pub scores: Vec<PluginScores>,
    /// Sums of weight times score.
    pub totals: Vec<i64>,
}

/// The attempts to schedule one pod, in order.
#[derive(Clone, Debug)]
pub struct Attempts {
    pod: PodId,
    refusals: Vec<Refusal>,
    kept: Vec<KeptAttempt>,
    /// What the last attempt found, by node.
    last: Vec<Code>,
    refused_in: Option<Box<(Cluster, Time)>>,
}

impl Attempts {
    /// None yet.
    pub fn of(pod: PodId) -> Attempts {
        Attempts { pod, refusals: Vec::new(), kept: Vec::new(), last: Vec::new(), refused_in: None }
    }

    /// The pod.
    pub fn pod(&self) -> PodId {
        self.pod
    }

    /// In order of time.
    pub fn all(&self) -> &[KeptAttempt] {
        &self.kept
    }

    /// Distinct refusals of all attempts.
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// The cluster as it was at the last attempt that found no place, and when that was.
    pub fn refused_in(&self) -> Option<(&Cluster, Time)> {
        self.refused_in.as_deref().map(|(cluster, at)| (cluster, *at))
    }

    /// What the n-th attempt found of every node that it knew; by node.
    pub fn codes(&self, n: usize) -> Vec<(NodeId, Code)> {
        let mut found = std::collections::BTreeMap::new();
        for attempt in self.kept.iter().take(n + 1) {
            found.extend(attempt.changes.iter().copied());
        }
        found.into_iter().collect()
    }

    /// Adds an attempt made with [`crate::scheduler::Detail::Full`]; `order` is the scheduler's node list.
    pub(super) fn push(&mut self, attempt: &Attempt, order: &[NodeId], cluster: &Cluster) {
        let nothing = Matrix::default();
        let matrix = attempt.matrix.as_deref().unwrap_or(&nothing);
        let mut codes: Vec<Code> = vec![-1; cluster.nodes.len()];
        for (at, &node) in order.iter().enumerate() {
            let refusal = match matrix.filter.get(at) {
                Some(&k) if k > 0 => matrix.fails.get(k as usize - 1),
                Some(&k) => {
                    codes[node.index()] = k;
                    None
                }
                None => attempt.prefilter.as_ref(),
            };
            if let Some(refusal) = refusal {
                codes[node.index()] = self.number(refusal);
            }
        }
        if attempt.took_nominated
            && let Some(node) = attempt.node()
        {
            codes[node.index()] = 0;
        }
        let first = self.kept.is_empty();
        self.last.resize(codes.len(), -1);
        let differs = |&(node, code): &(usize, &Code)| first || self.last.get(node) != Some(code);
        let changes = codes.iter().enumerate().filter(differs).map(|(node, &code)| (NodeId::from_index(node), code)).collect();
        self.last = codes;
        let chosen = attempt.preemption.as_ref().and_then(|preemption| preemption.chosen());
        self.kept.push(KeptAttempt {
            at: attempt.at,
            outcome: attempt.outcome.clone(),
            message: attempt.message.clone(),
            nominated: chosen.map(|candidate| candidate.node),
            victims: chosen.map_or_else(Vec::new, |candidate| candidate.victims.clone()),
            changes,
            feasible: matrix.feasible.clone(),
            scores: matrix.scores.clone(),
            totals: matrix.totals.clone(),
        });
        if attempt.outcome == Outcome::Unplaced {
            self.refused_in = Some(Box::new((cluster.clone(), attempt.at)));
        }
    }

    fn number(&mut self, refusal: &Refusal) -> Code {
        let known = self.refusals.iter().position(|known| known == refusal).unwrap_or_else(|| {
            self.refusals.push(refusal.clone());
            self.refusals.len() - 1
        });
        known as Code + 1
    }
}
