//! The engine: virtual time, one event after the other, in an order that the input and the seed decide alone.

mod sim;

pub use sim::{Ended, Sim};
