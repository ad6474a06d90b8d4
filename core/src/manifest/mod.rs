//! From text to typed objects that know where they stand.

pub mod document;
