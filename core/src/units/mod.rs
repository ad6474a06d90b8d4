//! The small values everything else is made of: time, amounts, interned text, chance. Knows nothing of Kubernetes objects.

pub mod agenda;
pub mod arrange;
pub mod calendar;
pub mod cron;
pub mod duration;
pub mod float;
pub mod gather;
pub mod grow;
pub mod int_or_percent;
pub mod intern;
pub mod quantity;
pub mod resources;
pub mod rng;
pub mod text;
pub mod texts;
pub mod time;
pub mod zone;
