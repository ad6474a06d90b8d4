//! Text to typed Kubernetes objects that know where they were written.
//!
//! Owns reading: splitting streams, YAML and JSON as `kubectl` takes them, spans, the table of kinds,
//! decoding, and the diagnostics of all that. It never fails as a whole, never drops a document without
//! saying so, and never builds a cluster: what the objects mean together is decided elsewhere.

pub mod diagnostic;
pub mod document;
pub mod edit;
pub mod field;
pub mod kinds;
pub mod limits;
pub mod names;
pub mod pod_security;
pub use wavetank_objects as object;
pub mod schema;
pub mod shape;
pub mod source;
pub mod stored;
pub mod tree;
pub mod validate;
pub mod verdict;

mod builder;
mod catalog;
mod classify;
mod forms;
mod json;
mod misfit;
mod read;
mod scalar;
mod split;
mod successor;
mod yaml;

pub use diagnostic::{Diagnostic, DiagnosticId, Fix, Note, Severity};
pub use document::{Class, DocId, Document, Manifest};
pub use limits::Limits;
pub use object::Object;
pub use read::{parse, read};
pub use source::{FileId, SourceFile, SourceSet, Span};
