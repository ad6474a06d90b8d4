//! DefaultPreemption (`plugins/defaultpreemption/default_preemption.go`, v1.37): the texts; the search is `preemption`'s.

/// The pod's class forbids it to preempt.
pub const NEVER: &str = "not eligible due to preemptionPolicy=Never.";
/// Pods that it preempted before are still leaving.
pub const TERMINATING_VICTIMS: &str = "not eligible due to a terminating pod on the nominated node.";
/// Nobody on the node has a lower priority.
pub const NO_VICTIMS: &str = "No preemption victims found for incoming pod";
/// The node's refusal is none that preemption could cure, or the node was not tried.
pub const NOT_HELPFUL: &str = "Preemption is not helpful for scheduling";
