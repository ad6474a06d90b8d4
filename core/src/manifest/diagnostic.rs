//! The one form in which anything is told about a manifest, from parser to editor to SARIF.
//!
//! Owns the model and the look-up of explanations. It renders nothing: the front ends do.

use std::fmt;

use super::source::Span;

/// A stable name of a sort of diagnostic, such as `WT1001`.
///
/// `WT1xxx` is reading, `WT2xxx` building the cluster, `WT3xxx` findings, `WT4xxx` scenarios,
/// `WT5xxx` outcomes of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DiagnosticId(pub &'static str);

impl fmt::Display for DiagnosticId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// How bad it is. `Error` sorts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Kubernetes would refuse it, or Wavetank could not read it.
    Error,
    /// Kubernetes takes it, but it hardly means what its author meant.
    Warning,
    /// Worth knowing.
    Info,
    /// A suggestion.
    Hint,
}

impl Severity {
    /// `error`, `warning`, `info` or `hint`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Hint => "hint",
        }
    }
}

/// A further remark, perhaps at another place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where, if anywhere.
    pub span: Option<Span>,
    /// What; safe to print.
    pub message: String,
}

/// An edit that would settle the matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub replacement: String,
    /// What the edit does, as a button would say it.
    pub title: String,
}

/// Something to be told about what was given. All texts are safe to print on a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The sort; `wavetank explain` knows more about it.
    pub id: DiagnosticId,
    /// How bad.
    pub severity: Severity,
    /// What is wrong, in a sentence.
    pub message: String,
    /// Where.
    pub span: Option<Span>,
    /// Further remarks.
    pub notes: Vec<Note>,
    /// What to do.
    pub help: Option<String>,
    /// An edit that does it.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A diagnostic with nothing but its message.
    pub fn new(id: DiagnosticId, severity: Severity, message: impl Into<String>) -> Self {
        Self { id, severity, message: message.into(), span: None, notes: Vec::new(), help: None, fix: None }
    }

    /// An error.
    pub fn error(id: DiagnosticId, message: impl Into<String>) -> Self {
        Self::new(id, Severity::Error, message)
    }

    /// A warning.
    pub fn warning(id: DiagnosticId, message: impl Into<String>) -> Self {
        Self::new(id, Severity::Warning, message)
    }

    /// A remark.
    pub fn info(id: DiagnosticId, message: impl Into<String>) -> Self {
        Self::new(id, Severity::Info, message)
    }

    /// At a place.
    #[must_use]
    pub fn at(mut self, span: Option<Span>) -> Self {
        self.span = span;
        self
    }

    /// With a further remark.
    #[must_use]
    pub fn note(mut self, span: Option<Span>, message: impl Into<String>) -> Self {
        self.notes.push(Note { span, message: message.into() });
        self
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With an edit.
    #[must_use]
    pub fn fix(mut self, span: Span, replacement: impl Into<String>, title: impl Into<String>) -> Self {
        self.fix = Some(Fix { span, replacement: replacement.into(), title: title.into() });
        self
    }
}

/// What a sort of diagnostic means: the page that `wavetank explain WT1001` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiagnosticInfo {
    /// Its name.
    pub id: DiagnosticId,
    /// A heading.
    pub title: &'static str,
    /// What it means, an example, what to do; paragraphs of plain text.
    pub explanation: &'static str,
}

/// The explanations of reading's own diagnostics, by id. Later stages keep theirs beside their own
/// code in the same form; whoever looks one up joins the lists.
#[must_use]
pub fn catalog() -> &'static [DiagnosticInfo] {
    super::catalog::CATALOG
}
