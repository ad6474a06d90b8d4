//! What happened: records with causes, and the state they fold to. Decides nothing and changes nothing.

mod event;
mod log;
mod record;
mod view;

pub use event::{Event, EventClass, EventClassId, Message};
pub use log::Trace;
pub use record::{Change, DeleteReason, Evictor, Record, RecordId, Subject, TextId, UnreadyReason};
pub use view::{KEYFRAME_EVERY, Keyframes, NodeState, PodPlace, PodState, View};
