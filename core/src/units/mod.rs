//! The small values everything else is made of: time, amounts, interned text, chance. Knows nothing of Kubernetes objects.

pub mod agenda;
pub mod intern;
pub mod resources;
pub mod rng;
pub mod time;
