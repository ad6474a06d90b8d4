//! The engine: virtual time, one event after the other, in an order that the input and the seed decide alone.

pub mod attempts;
pub mod cycle;
pub mod drain;
pub mod invariants;
pub mod scheduling;
mod sim;
#[cfg(test)]
mod tests;
pub mod ties;

pub use sim::{Component, DEFAULT_BUDGET, Ended, SETTLE_SPAN, Sim, SimOptions};
