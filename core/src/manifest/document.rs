//! What was read: one entry for each document, and all there is to say about them.
//!
//! Owns the result of reading. It is plain data; nothing in it refers to a cluster.

use serde_json::Value;

use super::diagnostic::{Diagnostic, Severity};
use super::object::Object;
use super::source::{SourceSet, Span};
use super::tree::Tree;

/// Which document of a [`Manifest`], over all files; items of a `List` are documents of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocId(pub u32);

/// What became of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A typed object the simulator uses, or a custom resource whose rules it knows.
    Simulated,
    /// A kind Kubernetes serves, kept but not simulated.
    Known,
    /// A custom resource, kept but not simulated.
    Custom,
    /// A document of `wavetank.dev`, or the configuration of the scheduler or the kubelets.
    Own,
    /// Not read: at least one diagnostic says why.
    Rejected,
}

/// One document.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its number: the index into [`Manifest::documents`].
    pub id: DocId,
    /// Where it stands, without separators.
    pub span: Span,
    /// Its tree; empty if the text could not be parsed.
    pub tree: Tree,
    /// What became of it.
    pub class: Class,
    /// As written; empty if missing or not a text.
    pub api_version: String,
    /// As written; empty if missing or not a text.
    pub kind: String,
    /// As written; `None` if missing, whatever the kind's scope.
    pub namespace: Option<String>,
    /// As written; empty if missing.
    pub name: String,
    /// As written.
    pub generate_name: Option<String>,
    /// The object; `None` if rejected or replaced.
    pub object: Option<Object>,
    /// The later document that is the same object, if there is one: that one holds it.
    pub replaced_by: Option<DocId>,
}

impl Document {
    /// Where the value at a JSON pointer (`/spec/replicas`) stands.
    #[must_use]
    pub fn span_of(&self, pointer: &str) -> Option<Span> {
        self.tree.span_at(pointer)
    }

    /// Where the value at a JSON pointer stands, or its nearest ancestor that is written.
    #[must_use]
    pub fn span_near(&self, pointer: &str) -> Span {
        let mut pointer = pointer;
        loop {
            if let Some(span) = self.tree.key_span_at(pointer).or_else(|| self.tree.span_at(pointer)) {
                return span;
            }
            match pointer.rfind('/') {
                Some(cut) => pointer = &pointer[..cut],
                None => return self.span,
            }
        }
    }

    /// The document as JSON, whatever became of it.
    #[must_use]
    pub fn value(&self) -> Value {
        self.tree.to_value()
    }

    /// The namespace it acts in: the one written, else `default`. Meaningless for cluster-wide kinds.
    #[must_use]
    pub fn namespace_or_default(&self) -> &str {
        self.namespace.as_deref().filter(|n| !n.is_empty()).unwrap_or("default")
    }
}

/// Everything that was read from a set of sources.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    /// The texts.
    pub sources: SourceSet,
    /// One for each non-empty document, in the order of the texts.
    pub documents: Vec<Document>,
    /// What there is to say, by place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Manifest {
    /// A document by number.
    #[must_use]
    pub fn document(&self, id: DocId) -> Option<&Document> {
        self.documents.get(id.0 as usize)
    }

    /// The documents of a class.
    pub fn of_class(&self, class: Class) -> impl Iterator<Item = &Document> {
        self.documents.iter().filter(move |d| d.class == class)
    }

    /// The objects with the documents they are from, each object once.
    pub fn objects(&self) -> impl Iterator<Item = (&Document, &Object)> {
        self.documents.iter().filter_map(|d| d.object.as_ref().map(|o| (d, o)))
    }

    /// Whether any diagnostic is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }
}
