//! Harm: one number to rank runs by, with the reasons it is made of.
//!
//! The weights are a choice, not a law of Kubernetes: an outage weighs more than a shortage, what stays broken more than what passes.

use serde::Serialize;

use super::measure::Measures;
use crate::engine::Ended;
use crate::engine::drain::{DrainStatus, Drains};
use crate::scenario::outcome::{Outcome, Verdict};
use crate::units::arrange::Arrange;
use crate::units::time::{SECOND, format_span};

/// A second in which a workload has no pod that answers.
const PER_OUTAGE_SECOND: u64 = 100;
/// A second in which one pod is missing.
const PER_MISSING_POD_SECOND: u64 = 1;
/// A pod that finds no node at the end.
const PER_UNSCHEDULABLE_POD: u64 = 1_000;
/// An expectation that does not hold.
const PER_EXPECTATION: u64 = 10_000;
/// A drain that did not come to its end.
const PER_DRAIN: u64 = 2_000;
/// A run that went in circles.
const BUDGET_SPENT: u64 = 1_000_000;

/// One part of the harm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Its points.
    pub points: u64,
    /// What it is, in words. Unescaped.
    pub text: String,
}

/// How much a run hurt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Harm {
    /// The sum of the reasons' points.
    pub score: u64,
    /// Why, the heaviest first.
    pub reasons: Vec<Reason>,
}

impl Harm {
    /// The harm of a run.
    pub fn of(measures: &Measures, outcome: &Outcome, drains: &Drains) -> Harm {
        let mut reasons = Vec::new();
        let mut add = |points: u64, text: String| reasons.push(Reason { points, text });
        for loss in &measures.losses {
            let outage = seconds_up(loss.outage_ms);
            let missing = seconds_up(loss.missing_pod_ms);
            let points = outage.saturating_mul(PER_OUTAGE_SECOND).saturating_add(missing.saturating_mul(PER_MISSING_POD_SECOND));
            let mut text = if loss.outage_ms > 0 {
                format!("{} had no pod for {}", loss.workload, format_span(loss.outage_ms))
            } else {
                format!("{} fell to {} of {}", loss.workload, loss.fewest, loss.before)
            };
            if loss.after < loss.before {
                text.push_str(&format!(", and still has {} of {}", loss.after, loss.before));
            }
            add(points, text);
        }
        if measures.unschedulable > 0 {
            let plural = if measures.unschedulable == 1 { "pod finds" } else { "pods find" };
            add(measures.unschedulable.saturating_mul(PER_UNSCHEDULABLE_POD), format!("{} {plural} no node", measures.unschedulable));
        }
        for judged in &outcome.expectations {
            if matches!(judged.verdict, Verdict::Fails(_) | Verdict::Broken(_)) {
                add(PER_EXPECTATION, format!("does not hold: {}", judged.title));
            }
        }
        for drain in drains.all() {
            match &drain.status {
                DrainStatus::Done(_) => {}
                DrainStatus::UnderWay => {
                    let blocked = drain.blocked().count();
                    add(PER_DRAIN, format!("the drain is blocked by {blocked} pod{}", if blocked == 1 { "" } else { "s" }));
                }
                DrainStatus::Refused(why) | DrainStatus::Failed(_, why) => add(PER_DRAIN, format!("the drain failed: {why}")),
            }
        }
        if outcome.ended == Ended::BudgetSpent {
            add(BUDGET_SPENT, "the run went in circles until its budget was spent".to_owned());
        }
        reasons.arrange_by_key(|reason| std::cmp::Reverse(reason.points));
        Harm { score: reasons.iter().fold(0, |sum: u64, reason| sum.saturating_add(reason.points)), reasons }
    }
}

fn seconds_up(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0).div_ceil(SECOND.unsigned_abs())
}
