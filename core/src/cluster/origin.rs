//! The way back from a thing in the cluster to the line of the manifest it came from.

use crate::manifest::document::DocId;

/// A document and the part of it something came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The document.
    pub document: DocId,
    /// The JSON pointer of the pod spec within it (`/spec/template/spec`), or of the object's `spec`.
    pub pointer: &'static str,
}
