//! Rows: the result of one run of a sweep, in the form in which it is kept and compared byte for byte.

use serde::Serialize;

use super::harm::Harm;
use super::measure::Measures;
use super::plan::Plan;
use crate::engine::{Ended, Sim};
use crate::scenario::run;
use crate::scenario::verb::Verb;

/// How a run of a sweep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RowEnd {
    /// Nothing was left to happen.
    Quiet,
    /// Its time was over.
    TimeUp,
    /// Its budget was spent.
    BudgetSpent,
}

/// The result of one run. It holds nothing of when, where and by whom it was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The number of the run in its plan.
    pub ordinal: u64,
    /// What the run is; see [`Plan::run_key`].
    pub run_key: String,
    /// The axis.
    pub axis: &'static str,
    /// What was done, as steps of a scenario.
    pub steps: Vec<String>,
    /// The seed.
    pub seed: u64,
    /// How it ended.
    pub ended: RowEnd,
    /// When it ended, in milliseconds of virtual time.
    pub end_ms: i64,
    /// How many actions it took.
    pub actions: u64,
    /// How much it hurt.
    pub harm: Harm,
    /// What it cost.
    pub measures: Measures,
    /// Digest of everything that happened.
    pub trace: String,
    /// The verbs, for a command that repeats the run.
    #[serde(skip)]
    pub verbs: Vec<Verb>,
}

/// Runs one number of a plan from a settled state. A pure function: same state, plan and number, same row. None beyond the plan's total.
pub fn run_one(settled: &Sim, plan: &Plan, ordinal: u64) -> Option<Row> {
    let point = plan.decode(ordinal)?;
    let scenario = plan.scenario(&point);
    let mut sim = settled.clone();
    sim.set_budget(plan.budget);
    let outcome = run(&mut sim, &scenario);
    let measures = Measures::of(settled.cluster(), sim.cluster(), sim.api().trace(), outcome.end);
    let verbs = plan.verbs(&point);
    Some(Row {
        ordinal,
        run_key: plan.run_key(&point),
        axis: plan.families[point.family].axis.name(),
        steps: verbs.iter().map(Verb::to_yaml).collect(),
        seed: plan.seed(&point),
        ended: match outcome.ended {
            Ended::Quiet => RowEnd::Quiet,
            Ended::TimeUp => RowEnd::TimeUp,
            Ended::BudgetSpent => RowEnd::BudgetSpent,
        },
        end_ms: outcome.end.millis(),
        actions: outcome.actions,
        harm: Harm::of(&measures, &outcome, sim.drains()),
        measures,
        trace: sim.api().trace().digest(),
        verbs,
    })
}
