//! Choices among equally good nodes. kube-scheduler takes the one that its heap puts first; which that is hangs on the order in which nodes
//! were found, which real clusters leave to chance. Here another one can be taken, and what there was to choose from is kept.

use crate::cluster::ids::{NodeId, PodId};
use crate::units::rng::Chance;
use crate::units::time::Time;

/// A decision for which several nodes were equally good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// When.
    pub at: Time,
    /// The pod.
    pub pod: PodId,
    /// The best nodes.
    pub best: Vec<NodeId>,
    /// The one that was taken.
    pub taken: NodeId,
}

/// Which of the best nodes is taken.
#[derive(Clone, Debug)]
pub enum TieRule {
    /// The scheduler's own.
    Own,
    /// The scheduler's own but for one decision: the n-th that had a choice takes this node if it is among the best.
    Once(usize, NodeId),
    /// Any of them.
    Drawn(Box<Chance>),
}

/// The rule, and every decision that had a choice.
#[derive(Clone, Debug)]
pub struct Ties {
    rule: TieRule,
    seen: Vec<Tie>,
}

impl Ties {
    /// With a rule, and nothing decided yet.
    pub fn new(rule: TieRule) -> Ties {
        Ties { rule, seen: Vec::new() }
    }

    /// Every decision that had a choice, in order.
    pub fn seen(&self) -> &[Tie] {
        &self.seen
    }

    /// The node to take for a pod, of those that are equally good.
    pub(super) fn take(&mut self, at: Time, pod: PodId, own: NodeId, best: &[NodeId]) -> NodeId {
        if best.len() < 2 {
            return own;
        }
        let number = self.seen.len();
        let taken = match &mut self.rule {
            TieRule::Once(n, node) if *n == number && best.contains(node) => *node,
            TieRule::Drawn(chance) => best.get(chance.below(best.len() as u64) as usize).copied().unwrap_or(own),
            TieRule::Own | TieRule::Once(..) => own,
        };
        self.seen.push(Tie { at, pod, best: best.to_vec(), taken });
        taken
    }
}
