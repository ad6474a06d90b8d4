//! Sources in, a [`Manifest`] out.
//!
//! Owns the way of one file through splitting, parsing and classification, and the diagnostics of
//! texts that are not YAML or JSON. It never fails: what cannot be read becomes a rejected document
//! with a diagnostic.

use std::sync::Arc;

use super::builder::{Builder, Duplicate, Fault, FaultKind, Range};
use super::catalog as ids;
use super::classify;
use super::diagnostic::{Diagnostic, DiagnosticId};
use super::document::{Class, DocId, Document, Manifest};
use super::limits::Limits;
use super::source::{FileId, SourceSet, Span};
use super::tree::{NodeId, Tree};
use super::{json, split, yaml};
use crate::units::arrange::Arrange;
use crate::units::text::visible;

/// Reads every document of every source.
///
/// ```
/// use wavetank_core::manifest::{Class, Limits, SourceSet, read};
/// let text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
/// let manifest = read(SourceSet::single("ns.yaml", text), &Limits::default());
/// assert_eq!(manifest.documents[0].class, Class::Simulated);
/// assert!(manifest.diagnostics.is_empty());
/// ```
#[must_use]
pub fn read(sources: SourceSet, limits: &Limits) -> Manifest {
    let mut reading = Reading { documents: Vec::new(), diagnostics: Vec::new(), file: FileId(0) };
    for (index, source) in sources.files.iter().enumerate() {
        reading.file = FileId(index as u32);
        let first = reading.diagnostics.len();
        reading.file_of(&source.name, &source.text, limits);
        reading.diagnostics[first..].arrange_by_key(|d| (d.span.map(|s| s.start), d.id));
        reading.trim(first, limits);
    }
    classify::duplicates(&mut reading.documents, &mut reading.diagnostics, &sources, limits);
    Manifest { sources, documents: reading.documents, diagnostics: reading.diagnostics }
}

/// The documents of one text as trees, empty ones (`null`) included, before anything is made of their kinds.
///
/// # Errors
/// Each document that cannot be parsed is the diagnostic that says why; spans are those of the first file of a set.
pub fn parse(text: &Arc<str>, limits: &Limits) -> Vec<Result<Tree, Box<Diagnostic>>> {
    let mut builder = Builder::new(Arc::clone(text), *limits);
    let raws = documents(text, limits, &mut builder);
    let reading = Reading { documents: Vec::new(), diagnostics: Vec::new(), file: FileId(0) };
    let whole = Tree::new(Arc::new(builder.store), reading.file, None);
    let tree = |root: Option<NodeId>| root.map_or_else(|| Tree::empty(reading.file), |root| whole.subtree(root));
    raws.into_iter().map(|raw| raw.result.map(tree).map_err(|fault| Box::new(reading.fault(&fault)))).collect()
}

/// What has been read so far.
pub(super) struct Reading {
    pub(super) documents: Vec<Document>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) file: FileId,
}

/// A document as the parsers leave it.
struct Raw {
    at: Range,
    result: Result<Option<NodeId>, Fault>,
    /// A further document in the same chunk, which `kubectl` does not see.
    ignored: Option<Range>,
}

impl Reading {
    fn span(&self, at: &Range) -> Span {
        Span { file: self.file, start: at.start, end: at.end }
    }

    fn file_of(&mut self, name: &str, text: &Arc<str>, limits: &Limits) {
        if text.len() > limits.file_bytes.min(u32::MAX as usize / 2) {
            let at = 0..0;
            let message = format!("{} has {} bytes; at most {} are read", visible(name), text.len(), limits.file_bytes);
            let diagnostic = Diagnostic::error(ids::FILE_TOO_LARGE, message)
                .at(Some(self.span(&at)))
                .help("split the file, or give only the objects the question is about");
            self.diagnostics.push(diagnostic);
            self.reject(&at);
            return;
        }
        let mut builder = Builder::new(Arc::clone(text), *limits);
        let raws = documents(text, limits, &mut builder);
        let Builder { store, duplicates, .. } = builder;
        let whole = Tree::new(Arc::new(store), self.file, None);
        let template = template_mark(text, &raws);
        self.duplicate_keys(&whole, &duplicates);
        if let Some(at) = &template {
            self.template(name, at);
        }
        for raw in raws {
            match raw.result {
                Ok(Some(root)) if !whole.is_null(root) => classify::document(self, name, whole.subtree(root)),
                Ok(_) => {}
                Err(fault) => {
                    if template.is_none() {
                        self.diagnostics.push(self.fault(&fault));
                    }
                    self.reject(&raw.at);
                }
            }
            if let Some(ignored) = raw.ignored {
                let diagnostic = Diagnostic::warning(ids::AFTER_DOCUMENT_END, "what follows `...` is not read: kubectl ignores it")
                    .at(Some(self.span(&ignored)))
                    .help("put `---` on a line of its own between documents");
                self.diagnostics.push(diagnostic);
            }
        }
    }

    /// An entry for a document that could not be read; the diagnostic is made elsewhere.
    fn reject(&mut self, at: &Range) {
        let id = DocId(self.documents.len() as u32);
        self.documents.push(Document {
            id,
            span: self.span(at),
            tree: Tree::empty(self.file),
            class: Class::Rejected,
            api_version: String::new(),
            kind: String::new(),
            namespace: None,
            name: String::new(),
            generate_name: None,
            object: None,
            replaced_by: None,
        });
    }

    fn duplicate_keys(&mut self, tree: &Tree, duplicates: &[Duplicate]) {
        for duplicate in duplicates {
            let key = visible(tree.text(duplicate.again)).into_owned();
            let (first, again) = (tree.span(duplicate.first), tree.span(duplicate.again));
            let diagnostic = if duplicate.merged {
                Diagnostic::warning(ids::DUPLICATE_KEY, format!("a merge (`<<`) replaces `{key}`, which was given before it"))
                    .at(Some(first))
                    .note(Some(again), "this is the value kubectl takes")
                    .help("write `<<` before the keys that are to override it")
            } else {
                Diagnostic::warning(ids::DUPLICATE_KEY, format!("key `{key}` is given twice: the last one counts"))
                    .at(Some(again))
                    .note(Some(first), "the first one, which is ignored")
                    .help("remove one of the two")
            };
            self.diagnostics.push(diagnostic);
        }
    }

    fn template(&mut self, name: &str, at: &Range) {
        let message = format!("{} is a template, not a manifest", visible(name));
        let diagnostic = Diagnostic::error(ids::TEMPLATE, message)
            .at(Some(self.span(at)))
            .help("render it first and give the result: `helm template RELEASE CHART`, or what else fills in the placeholders");
        self.diagnostics.push(diagnostic);
    }

    fn fault(&self, fault: &Fault) -> Diagnostic {
        let at = Some(self.span(&fault.at));
        let (id, message, help): (DiagnosticId, String, &str) = match &fault.kind {
            FaultKind::Syntax(message) => (ids::SYNTAX, visible(message).into_owned(), syntax_help(message)),
            FaultKind::Separator => (
                ids::SEPARATOR,
                "a document separator must stand alone on its line: kubectl reads nothing from here on".to_owned(),
                "put what follows `---` on the next line",
            ),
            FaultKind::KeyNotScalar => (
                ids::KEY,
                "a key must be a text, not a list or a map".to_owned(),
                "quote the key, or the value if `{` or `[` was meant as text",
            ),
            FaultKind::KeyNull => (ids::KEY, "a key must be a text, not null".to_owned(), "quote the key: \"null\""),
            FaultKind::KeyTooLarge => (ids::KEY, "this number is too large for a key".to_owned(), "quote the key, so that it is a text"),
            FaultKind::AliasUnknown => (
                ids::ALIAS,
                "an alias names an anchor that was not set before it in this document".to_owned(),
                "set it with `&name` earlier in the same document, or quote a value that begins with `*`",
            ),
            FaultKind::AliasCycle => (ids::ALIAS, "an alias stands within the very value it names".to_owned(), "write the value out"),
            FaultKind::MergeValue => {
                (ids::ALIAS, "a merge (`<<`) wants a map or a list of maps".to_owned(), "quote \"<<\" if it is meant as a key")
            }
            FaultKind::Tag(tag) => {
                (ids::TAG, format!("the value is not what its tag {} says", visible(tag)), "remove the tag or correct the value")
            }
            FaultKind::NotFinite => {
                (ids::NOT_FINITE, "infinity and NaN cannot be sent to Kubernetes".to_owned(), "write a number, or quote it if it is a text")
            }
            FaultKind::TooManyNodes => {
                (ids::TOO_MANY_NODES, "the file holds too many values; reading stopped here".to_owned(), "split the file")
            }
            FaultKind::TooDeep => (
                ids::TOO_DEEP,
                "values are nested too deeply; reading stopped here".to_owned(),
                "no Kubernetes object nests like this: look for an unclosed bracket",
            ),
            FaultKind::AliasExpansion => (
                ids::ALIAS_EXPANSION,
                "aliases stand for too many values; reading stopped here".to_owned(),
                "Kubernetes refuses documents with excessive aliasing too: write the values out",
            ),
        };
        Diagnostic::error(id, message).at(at).help(help)
    }

    /// Keeps the first diagnostics of a file and counts the rest, but never loses an error to warnings.
    fn trim(&mut self, first: usize, limits: &Limits) {
        let count = self.diagnostics.len() - first;
        if count <= limits.file_diagnostics {
            return;
        }
        let mut order: Vec<usize> = (first..self.diagnostics.len()).collect();
        order.arrange_by_key(|i| (self.diagnostics[*i].severity, *i));
        order.truncate(limits.file_diagnostics);
        order.arrange();
        let mut kept: Vec<Diagnostic> = order.into_iter().map(|i| self.diagnostics[i].clone()).collect();
        let rest = count - kept.len();
        let span = kept.last().and_then(|d| d.span);
        kept.push(Diagnostic::info(ids::MORE, format!("and {rest} more in this file")).at(span));
        self.diagnostics.truncate(first);
        self.diagnostics.extend(kept);
    }
}

/// The documents of a text, as `kubectl` finds them (`YAMLOrJSONDecoder`): JSON values while there
/// are any, else YAML.
fn documents(text: &str, limits: &Limits, builder: &mut Builder) -> Vec<Raw> {
    let mut raws = Vec::new();
    let bom = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut at = bom;
    loop {
        let rest = &text[at..];
        let blank = rest.len() - rest.trim_start().len();
        let start = at + blank;
        if raws.is_empty() && !text[start..].starts_with('{') {
            break;
        }
        if start == text.len() {
            return raws;
        }
        if let (false, Some(line)) = (raws.is_empty(), separator_line(&text[start..])) {
            at = start + line;
            let next = text[at..].trim_start();
            if !next.starts_with('{') {
                break;
            }
            continue;
        }
        let duplicates = builder.duplicates.len();
        match json::read_value(text, start, builder) {
            Ok((root, end)) => {
                raws.push(Raw { at: start as u32..end as u32, result: Ok(root), ignored: None });
                at = end;
            }
            Err(fault) => {
                builder.duplicates.truncate(duplicates);
                if raws.is_empty() && matches!(fault.kind, FaultKind::Syntax(_)) {
                    // Not strict JSON: perhaps YAML in flow style.
                    at = bom;
                    break;
                }
                raws.push(Raw { at: start as u32..text.len() as u32, result: Err(fault), ignored: None });
                return raws;
            }
        }
    }
    for chunk in split::chunks(text, at) {
        let duplicates = builder.duplicates.len();
        let range = chunk.start as u32..chunk.end as u32;
        if let Some((start, end)) = chunk.separator {
            let fault = Fault { kind: FaultKind::Separator, at: start as u32..end as u32 };
            raws.push(Raw { at: range, result: Err(fault), ignored: None });
            continue;
        }
        let body = &text[chunk.start..chunk.end];
        let skip = if body.starts_with('\u{feff}') { 3 } else { 0 };
        let read = yaml::read_document(&body[skip..], (chunk.start + skip) as u32, limits.depth, builder);
        let raw = match read {
            Ok((root, ignored)) => Raw { at: range, result: Ok(root), ignored },
            Err(fault) => {
                builder.duplicates.truncate(duplicates);
                Raw { at: range, result: Err(fault), ignored: None }
            }
        };
        let full = matches!(&raw.result, Err(fault) if fault.kind == FaultKind::TooManyNodes);
        raws.push(raw);
        if full {
            break;
        }
    }
    raws
}

/// The length of a line that is only `---`.
fn separator_line(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("---")?;
    let line = rest.find('\n').map_or(rest.len(), |n| n + 1);
    rest[..line].trim().is_empty().then_some(3 + line)
}

/// Where a file that could not be read shows that it is a template for another program.
fn template_mark(text: &str, raws: &[Raw]) -> Option<Range> {
    let broken = |raw: &&Raw| matches!(&raw.result, Err(fault) if matches!(fault.kind, FaultKind::Syntax(_) | FaultKind::KeyNotScalar | FaultKind::KeyNull));
    let first = raws.iter().find(broken)?;
    let body = text.get(first.at.start as usize..first.at.end as usize)?;
    let open = ["{{", "{%", "<%"].iter().filter_map(|mark| body.find(mark)).min()?;
    let line = body[open..].find('\n').map_or(body.len(), |n| open + n);
    let start = first.at.start + open as u32;
    Some(start..first.at.start + body[..line].trim_end().len().max(open) as u32)
}

/// What commonly lies behind a syntax error.
fn syntax_help(message: &str) -> &'static str {
    let has = |part: &str| message.contains(part);
    if has("tab") {
        "indent with spaces"
    } else if has("control character") {
        "remove it, or write it as an escape in double quotes"
    } else if has("mapping values") || has("simple key") {
        "quote a value that contains `: `, and check that keys of one map are indented alike"
    } else if has("start any token") || has("reserved") {
        "quote a value that begins with one of @ ` % * & ! | > { ["
    } else if has("unexpected end") || has("EOF") || has("closed") {
        "close the quote or bracket that is still open"
    } else {
        "check the indentation of this line and the ones before it"
    }
}
