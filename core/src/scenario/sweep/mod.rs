//! Sweeps: many what-ifs from one settled state, each a pure function of a plan and a number.
//!
//! Owns the plan, the way from an ordinal to its scenario and back, what is measured of a run, and how harm is weighed. It starts no
//! thread and knows no file: whoever runs a sweep hands out ordinals, in any order, and puts the rows together by ordinal.

mod harm;
mod measure;
mod plan;
mod read;
mod row;
#[cfg(test)]
mod tests;

pub use harm::{Harm, Reason};
pub use measure::{Measures, WorkloadLoss};
pub use plan::{Axis, Family, Plan, Point, RUN_BUDGET, SIM_VERSION, digest};
pub use read::{MOST_REPLICATES, SweepSpec, is_sweep, read_sweep};
pub use row::{Row, RowEnd, run_one};
