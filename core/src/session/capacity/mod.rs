//! Questions about capacity, each answered by the real scheduler: how many more fit, and which pool holds everything with a zone lost.
//! What is simulated is bounded by its size, never by the clock; an answer says where the bound ended the search.

mod pool;
mod room;
mod types;

pub use room::RoomFor;
pub use types::{NodeType, PodRequests};
