//! What each document is: its kind, its class, its object.
//!
//! Owns the decision of [`Class`], the taking apart of lists, and the diagnostics about kinds, fields
//! and names. It never looks at what objects mean to each other, except that two are the same one.

use std::collections::BTreeMap;

use super::catalog as ids;
use super::diagnostic::{Diagnostic, Severity};
use super::document::{Class, DocId, Document};
use super::field::{FieldError, Reason};
use super::kinds::{self, Kind, Support};
use super::limits::Limits;
use super::misfit;
use super::names;
use super::object::{Decoder, Object};
use super::read::Reading;
use super::schema;
use super::source::{SourceSet, Span};
use super::successor;
use super::tree::{NodeId, NodeKind, Tree};
use super::validate;
use crate::units::text::{nearest, visible, visible_short};

/// Adds the document, or the documents of a list, with its diagnostics.
pub(super) fn document(reading: &mut Reading, file: &str, tree: Tree) {
    let Some(root) = tree.root() else { return };
    if tree.kind(root) != NodeKind::Map {
        let what = match tree.kind(root) {
            NodeKind::Seq => "a list",
            _ if tree.is_null(root) => "empty",
            _ => "a single value",
        };
        let diagnostic = Diagnostic::error(ids::NOT_AN_OBJECT, format!("the document is {what}, not an object"))
            .at(Some(tree.span(root)))
            .help("an object is a map with `apiVersion`, `kind` and `metadata`; separate objects with `---`");
        return reading.add(tree, Header::default(), Class::Rejected, None, Some(diagnostic));
    }
    let header = Header::of(&tree, root);
    if header.kind.ends_with("List")
        && let Some(items) = tree.get(root, "items")
    {
        return list(reading, file, &tree, header, items);
    }
    single(reading, file, tree, header);
}

/// The fields by which an object is known.
#[derive(Clone, Debug, Default)]
struct Header {
    api_version: String,
    kind: String,
    namespace: Option<String>,
    name: String,
    generate_name: Option<String>,
}

impl Header {
    fn of(tree: &Tree, root: NodeId) -> Self {
        let text = |node: Option<NodeId>| node.and_then(|n| tree.str(n)).map(str::to_owned);
        let metadata = tree.get(root, "metadata");
        let meta = |key: &str| text(metadata.and_then(|m| tree.get(m, key)));
        Self {
            api_version: text(tree.get(root, "apiVersion")).unwrap_or_default(),
            kind: text(tree.get(root, "kind")).unwrap_or_default(),
            namespace: meta("namespace"),
            name: meta("name").unwrap_or_default(),
            generate_name: meta("generateName"),
        }
    }

    /// How messages call the object.
    fn title(&self) -> String {
        let name = if self.name.is_empty() { self.generate_name.as_deref().unwrap_or("") } else { &self.name };
        if name.is_empty() {
            return visible_short(&self.kind, 80);
        }
        format!("{} {}", visible_short(&self.kind, 80), visible_short(name, 80))
    }
}

impl Reading {
    fn add(&mut self, tree: Tree, header: Header, class: Class, object: Option<Object>, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        let span = tree.root().map_or(Span { file: self.file, start: 0, end: 0 }, |root| tree.span(root));
        self.diagnostics.extend(diagnostics);
        self.documents.push(Document {
            id: DocId(self.documents.len() as u32),
            span,
            tree,
            class,
            api_version: header.api_version,
            kind: header.kind,
            namespace: header.namespace,
            name: header.name,
            generate_name: header.generate_name,
            object,
            replaced_by: None,
        });
    }
}

/// `v1 List` and typed lists: each item is a document (`unstructuredJSONScheme.decodeToList`).
fn list(reading: &mut Reading, file: &str, tree: &Tree, header: Header, items: NodeId) {
    if tree.kind(items) != NodeKind::Seq {
        let object = tree.is_null(items).then(|| Object::Other(tree.to_value()));
        let class = if object.is_some() { Class::Known } else { Class::Rejected };
        let diagnostic = object.is_none().then(|| {
            Diagnostic::error(ids::LIST_ITEMS, "`items` of a List must be a list")
                .at(Some(tree.span(items)))
                .help("write each object as an item: `- apiVersion: …`")
        });
        return reading.add(tree.clone(), header, class, object, diagnostic);
    }
    if tree.items(items).len() == 0 {
        return reading.add(tree.clone(), header, Class::Known, Some(Object::Other(tree.to_value())), None);
    }
    let item_kind = header.kind.strip_suffix("List").unwrap_or("");
    for item in tree.items(items) {
        let part = tree.subtree(item);
        if tree.kind(item) != NodeKind::Map {
            document(reading, file, part);
            continue;
        }
        let mut own = Header::of(tree, item);
        if own.kind.is_empty() && !item_kind.is_empty() {
            item_kind.clone_into(&mut own.kind);
            if own.api_version.is_empty() {
                own.api_version.clone_from(&header.api_version);
            }
        }
        // Lists within lists are taken apart too; the depth of the tree bounds this.
        match tree.get(item, "items") {
            Some(inner) if own.kind.ends_with("List") => list(reading, file, &part, own, inner),
            _ => single(reading, file, part, own),
        }
    }
}

fn single(reading: &mut Reading, file: &str, tree: Tree, header: Header) {
    let Some(root) = tree.root() else { return };
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let kustomization = matches!(base, "kustomization.yaml" | "kustomization.yml" | "Kustomization");
    if kinds::group_of(&header.api_version) == "kustomize.config.k8s.io" || kustomization && header.kind.is_empty() {
        let diagnostic = Diagnostic::info(ids::KUSTOMIZATION, format!("{} is not applied", visible(base)))
            .at(Some(tree.span(root)))
            .help("give the result of `kubectl kustomize DIR` to have its patches and names applied");
        return reading.add(tree, header, Class::Rejected, None, Some(diagnostic));
    }
    if let Some(diagnostic) = incomplete_header(&tree, root, &header) {
        return reading.add(tree, header, Class::Rejected, None, Some(diagnostic));
    }
    let group = kinds::group_of(&header.api_version);
    if group == "wavetank.dev" || group == "kubescheduler.config.k8s.io" {
        let object = Object::Own(tree.to_value());
        return reading.add(tree, header, Class::Own, Some(object), None);
    }
    if group == "kubelet.config.k8s.io" && header.kind == "KubeletConfiguration" {
        let object = Object::Own(tree.to_value());
        return reading.add(tree, header, Class::Own, Some(object), None);
    }
    if let Some(kind) = kinds::served(&header.api_version, &header.kind) {
        return served(reading, tree, header, kind, None);
    }
    if let Some(old) = kinds::removed(&header.api_version, &header.kind) {
        let version = visible(&header.api_version).into_owned();
        let mut diagnostic = Diagnostic::error(
            ids::REMOVED_VERSION,
            format!("{} in {version} is not served since Kubernetes {}", visible(&header.kind), old.since),
        )
        .at(tree.span_at("/apiVersion"));
        match old.successor.and_then(|successor| kinds::served(successor, &header.kind)) {
            Some(kind) => {
                diagnostic = diagnostic.help(format!("write `apiVersion: {}`; it is read as that here", kind.api_version));
                if let Some(at) = tree.span_at("/apiVersion") {
                    diagnostic = diagnostic.fix(at, kind.api_version, format!("use {}", kind.api_version));
                }
                return served(reading, tree, header, kind, Some(diagnostic));
            }
            None => {
                let diagnostic = diagnostic.help("nothing took its place under this name; remove the object");
                return reading.add(tree, header, Class::Rejected, None, Some(diagnostic));
            }
        }
    }
    if kinds::is_builtin_group(group) {
        let diagnostic = unknown_kind(&tree, &header);
        return reading.add(tree, header, Class::Rejected, None, Some(diagnostic));
    }
    // Configuration of tools looks like an object and has no name.
    let remark = (header.name.is_empty() && header.generate_name.is_none()).then(|| Diagnostic {
        severity: Severity::Info,
        ..nameless(&tree, root, &header).help("as the configuration of a tool it needs none; as an object it cannot be created")
    });
    let object = Object::Other(tree.to_value());
    let class = if kinds::is_simulated_custom(group, &header.kind) { Class::Simulated } else { Class::Custom };
    reading.add(tree, header, class, Some(object), remark);
}

/// A diagnostic if `kind` or `apiVersion` is missing or no text.
fn incomplete_header(tree: &Tree, root: NodeId, header: &Header) -> Option<Diagnostic> {
    let check = |id, key: &str, help: &str| {
        let (message, at) = match tree.entry(root, key) {
            Some((_, value)) if tree.is_null(value) => (format!("`{key}` is empty"), tree.span(value)),
            Some((_, value)) => (format!("`{key}` must be a text"), tree.span(value)),
            None => (format!("the document has no `{key}`: it is not a Kubernetes object"), start_of(tree, root)),
        };
        Diagnostic::error(id, message).at(Some(at)).help(help)
    };
    if header.kind.is_empty() {
        return Some(check(ids::NO_KIND, "kind", "add `apiVersion` and `kind`, or leave the file out"));
    }
    if header.api_version.is_empty() {
        let mut versions = kinds::SERVED.iter().filter(|k| k.kind == header.kind).map(|k| k.api_version);
        let help = match versions.next_back() {
            Some(version) => format!("add `apiVersion: {version}`"),
            None => "add the `apiVersion` the kind is defined in".to_owned(),
        };
        return Some(check(ids::NO_API_VERSION, "apiVersion", &help));
    }
    None
}

/// The first key of a map: a better place to point at than the whole of it.
fn start_of(tree: &Tree, node: NodeId) -> Span {
    tree.entries(node).next().map_or_else(|| tree.span(node), |(key, _)| tree.span(key))
}

fn unknown_kind(tree: &Tree, header: &Header) -> Diagnostic {
    let (kind, version) = (visible_short(&header.kind, 80), visible_short(&header.api_version, 80));
    let diagnostic =
        Diagnostic::error(ids::UNKNOWN_KIND, format!("no matches for kind \"{kind}\" in version \"{version}\"")).at(tree.span_at("/kind"));
    if let Some(same) = kinds::SERVED.iter().rev().find(|k| k.kind == header.kind) {
        let diagnostic = diagnostic.help(format!("{kind} is in `{}`", same.api_version));
        return match tree.span_at("/apiVersion") {
            Some(at) => diagnostic.fix(at, same.api_version, format!("use {}", same.api_version)),
            None => diagnostic,
        };
    }
    match nearest(&header.kind, kinds::SERVED.iter().map(|k| k.kind)) {
        Some(near) => {
            let diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            match tree.span_at("/kind") {
                Some(at) => diagnostic.fix(at, near, format!("use {near}")),
                None => diagnostic,
            }
        }
        None => diagnostic.help("a kind of your own needs a group of its own in `apiVersion`, such as `example.com/v1`"),
    }
}

fn nameless(tree: &Tree, root: NodeId, header: &Header) -> Diagnostic {
    let at = tree.key_span_at("/metadata").unwrap_or_else(|| start_of(tree, root));
    let wrong = tree.at("/metadata/name").is_some_and(|n| !tree.is_null(n));
    let message = if wrong {
        format!("{}: `metadata.name` must be a text that is not empty", header.title())
    } else {
        format!("{} has no `metadata.name`", header.title())
    };
    Diagnostic::error(ids::NO_NAME, message).at(Some(at)).help("add `metadata.name` (or `generateName`)")
}

/// A served kind: checked against its schema, and decoded if it is simulated.
fn served(reading: &mut Reading, tree: Tree, header: Header, kind: &'static Kind, about: Option<Diagnostic>) {
    let Some(root) = tree.root() else { return };
    let old = about.is_some();
    reading.diagnostics.extend(about);
    let title = header.title();
    let faults = schema::check(&tree, root, kind);
    for fault in &faults {
        let mut diagnostic = misfit::diagnostic(&tree, &title, fault);
        if old && !fault.problem.is_fatal() {
            diagnostic = diagnostic.note(None, format!("it may have existed in {}", visible(&header.api_version)));
        }
        reading.diagnostics.push(diagnostic);
    }
    if faults.iter().any(|fault| fault.problem.is_fatal()) {
        return reading.add(tree, header, Class::Rejected, None, None);
    }
    // Reviews are questions to the server; they need no name.
    let asks = kind.api_version.starts_with("auth");
    if header.name.is_empty() && header.generate_name.as_deref().unwrap_or("").is_empty() && !asks {
        let diagnostic = nameless(&tree, root, &header);
        return reading.add(tree, header, Class::Rejected, None, Some(diagnostic));
    }
    if kind.support == Support::Simulated
        && let Some(diagnostic) = missing_fields(&tree, root, &header, old)
    {
        return reading.add(tree, header, Class::Rejected, None, Some(diagnostic));
    }
    // Older versions had other defaults, which the rules of today would take for mistakes.
    if !old {
        field_errors(reading, &tree, root, kind, &title);
    }
    if kind.support == Support::Known {
        let object = Object::Other(tree.to_value());
        return reading.add(tree, header, Class::Known, Some(object), None);
    }
    // `autoscaling/v1` is served and read as `autoscaling/v2`, which says more.
    let read_as = if kind.api_version == "autoscaling/v1" { "autoscaling/v2" } else { kind.api_version };
    let decoder = Decoder::new(&tree, root.number(), Some((read_as, kind.kind)));
    match Object::decode(kind.kind, decoder) {
        Some(Ok(mut object)) => {
            if header.api_version != read_as {
                successor::complete(&mut object, &header.api_version, &tree);
            }
            let diagnostic = names::check(&tree, &header.name, kind, &title);
            reading.add(tree, header, Class::Simulated, Some(object), diagnostic);
        }
        Some(Err(misfit)) => {
            let at = tree.span(misfit.node.map_or(root, NodeId::numbered));
            let diagnostic = Diagnostic::error(ids::WRONG_TYPE, format!("{title}: {}", visible(&misfit.to_string())))
                .at(Some(at))
                .help("correct the value; the API server would refuse the object");
            reading.add(tree, header, Class::Rejected, None, Some(diagnostic));
        }
        None => {
            let object = Object::Other(tree.to_value());
            reading.add(tree, header, Class::Known, Some(object), None);
        }
    }
}

/// Field errors told of one object; the rest is counted.
const TOLD: usize = 5;

/// What the API server would answer to creating the object, as diagnostics.
fn field_errors(reading: &mut Reading, tree: &Tree, root: NodeId, kind: &Kind, title: &str) {
    let mut errors = validate::check(tree, root, kind);
    errors.retain(|error| !told_elsewhere(error, kind));
    errors.dedup_by(|a, b| a.field == b.field && a.reason == b.reason);
    let rest = errors.len().saturating_sub(TOLD);
    for error in errors.iter().take(TOLD) {
        let id = match error.reason {
            Reason::Required => ids::FIELD_REQUIRED,
            Reason::NotSupported => ids::FIELD_NOT_SUPPORTED,
            Reason::Duplicate => ids::FIELD_DUPLICATE,
            Reason::Forbidden => ids::FIELD_FORBIDDEN,
            Reason::TooLong | Reason::TooMany => ids::FIELD_TOO_LARGE,
            Reason::NotFound => ids::FIELD_NOT_FOUND,
            Reason::Invalid | Reason::TypeInvalid | Reason::Internal => ids::FIELD_INVALID,
        };
        let at = tree.span(validate::place(tree, root, error));
        let message = format!("{title}: {}: {}", visible_short(&error.field, 200), visible_short(&error.message, 300));
        reading.diagnostics.push(Diagnostic::error(id, message).at(Some(at)).help("the API server would refuse the object"));
    }
    if rest > 0 {
        let message = format!("{title}: and {rest} more fields that the API server would refuse");
        reading.diagnostics.push(Diagnostic::info(ids::MORE, message).at(Some(start_of(tree, root))));
    }
}

/// What has a diagnostic of its own, or depends on the cluster and not on the object.
fn told_elsewhere(error: &FieldError, kind: &Kind) -> bool {
    let name = error.field == "metadata.name" && kind.support == Support::Simulated;
    let families = kind.kind == "Service" && (error.field.starts_with("spec.ipFamil") || error.field.starts_with("spec.clusterIP"));
    name || families && error.reason == Reason::Invalid
}

/// Fields without which there is nothing to simulate; the API server requires them too.
fn missing_fields(tree: &Tree, root: NodeId, header: &Header, old: bool) -> Option<Diagnostic> {
    let required: &[&str] = match header.kind.as_str() {
        "Pod" => &["/spec/containers"],
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => &["/spec/selector", "/spec/template/spec/containers"],
        "ReplicationController" | "Job" => &["/spec/template/spec/containers"],
        "CronJob" => &["/spec/schedule", "/spec/jobTemplate/spec/template/spec/containers"],
        "HorizontalPodAutoscaler" => &["/spec/scaleTargetRef/name", "/spec/maxReplicas"],
        "PersistentVolume" => &["/spec/capacity"],
        "StorageClass" => &["/provisioner"],
        _ => return None,
    };
    // Old versions took the selector from the template.
    let optional = |pointer: &str| old && pointer == "/spec/selector";
    let absent = |pointer: &&&str| !optional(pointer) && tree.at(pointer).is_none_or(|node| tree.is_null(node));
    let missing: Vec<String> = required.iter().filter(absent).map(|p| format!("`{}`", p[1..].replace('/', "."))).collect();
    if missing.is_empty() {
        return None;
    }
    let at = tree.key_span_at("/spec").unwrap_or_else(|| start_of(tree, root));
    let message = format!("{} lacks {}", header.title(), missing.join(" and "));
    let help = "the API server would refuse it; if it is a patch, give the result of `kubectl kustomize` instead";
    Some(Diagnostic::error(ids::INCOMPLETE, message).at(Some(at)).help(help))
}

/// Of documents for the same object the last one keeps it; the others are marked as replaced.
pub(super) fn duplicates(documents: &mut [Document], diagnostics: &mut Vec<Diagnostic>, sources: &SourceSet, limits: &Limits) {
    let mut last: BTreeMap<(&str, &str, &str, &str), usize> = BTreeMap::new();
    let mut replaced: Vec<(usize, usize)> = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        if document.class == Class::Rejected || document.name.is_empty() {
            continue;
        }
        let kind = kinds::served(&document.api_version, &document.kind);
        let namespace = if kind.is_some_and(|k| !k.namespaced) { "" } else { document.namespace_or_default() };
        let group = kinds::group_of(&document.api_version);
        let key = (group, document.kind.as_str(), namespace, document.name.as_str());
        if let Some(before) = last.insert(key, index) {
            replaced.push((before, index));
        }
    }
    let mut told = 0;
    for (before, after) in replaced {
        documents[before].object = None;
        documents[before].replaced_by = Some(DocId(after as u32));
        told += 1;
        if told > limits.file_diagnostics {
            continue;
        }
        let later = documents[after].span;
        let place = sources.file(later.file).map_or("", |f| &f.name);
        let document = &documents[before];
        let at = document.tree.span_at("/metadata/name").unwrap_or(document.span);
        let message = format!(
            "{} {} is given again in {}: the later one replaces it",
            visible_short(&document.kind, 80),
            visible_short(&document.name, 80),
            visible(place),
        );
        diagnostics.push(
            Diagnostic::warning(ids::DUPLICATE_OBJECT, message)
                .at(Some(at))
                .note(Some(later), "the one that is used")
                .help("remove one, or give them different names or namespaces"),
        );
    }
    if told > limits.file_diagnostics {
        let rest = told - limits.file_diagnostics;
        let span = diagnostics.last().and_then(|d| d.span);
        diagnostics.push(Diagnostic::info(ids::MORE, format!("and {rest} more objects are given twice")).at(span));
    }
}
