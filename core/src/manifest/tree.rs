//! A document as a tree in which every key and value knows where it was written.
//!
//! Owns the arena that YAML and JSON are read into, look-up by JSON pointer, and conversion to JSON.
//! Keys are already what `kubectl` makes of them, merges are applied and of duplicate keys the last
//! one is kept; aliases are shared, not copied. It knows nothing of kinds.

use std::sync::Arc;

use serde_json::{Map, Number, Value};

use super::object::{Shape, Source};
pub use super::scalar::Scalar;
use super::scalar::{float_text, resolve_plain};
use super::source::{FileId, Span};

/// A node of a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

/// What sort of node it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A text, number, boolean or null.
    Scalar,
    /// Keys and values.
    Map,
    /// A list.
    Seq,
}

/// How a node is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// Unquoted text in the source.
    Plain,
    /// Unquoted text, rewritten.
    PlainOwned,
    /// A string in the source.
    Text,
    /// A string that escapes or folding changed.
    TextOwned,
    Map,
    Seq,
    Alias,
}

/// `a` and `b`: of scalars the range of the text, of collections the range of links, of aliases the target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) slot: Slot,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) a: u32,
    pub(super) b: u32,
}

/// The nodes of one file.
#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) source: Arc<str>,
    pub(super) owned: String,
    pub(super) nodes: Vec<Node>,
    /// Children: of lists the items, of maps keys and values in turn.
    pub(super) links: Vec<u32>,
}

/// One document, or one item of a `List`. Cheap to copy: the nodes of a file are shared.
#[derive(Clone, Debug)]
pub struct Tree {
    store: Arc<Store>,
    file: FileId,
    root: Option<NodeId>,
}

impl Store {
    pub(super) fn node(&self, id: NodeId) -> Node {
        let node = self.nodes[id.0 as usize];
        if node.slot == Slot::Alias { self.nodes[node.a as usize] } else { node }
    }

    pub(super) fn text(&self, id: NodeId) -> &str {
        let node = self.node(id);
        let range = node.a as usize..node.b as usize;
        match node.slot {
            Slot::Plain | Slot::Text => &self.source[range],
            Slot::PlainOwned | Slot::TextOwned => &self.owned[range],
            Slot::Map | Slot::Seq | Slot::Alias => "",
        }
    }

    pub(super) fn scalar(&self, id: NodeId) -> Scalar<'_> {
        match self.node(id).slot {
            Slot::Plain | Slot::PlainOwned => resolve_plain(self.text(id)),
            _ => Scalar::Str(self.text(id)),
        }
    }

    pub(super) fn links(&self, id: NodeId) -> &[u32] {
        let node = self.node(id);
        match node.slot {
            Slot::Map | Slot::Seq => &self.links[node.a as usize..node.b as usize],
            _ => &[],
        }
    }
}

impl Tree {
    pub(super) fn new(store: Arc<Store>, file: FileId, root: Option<NodeId>) -> Self {
        Self { store, file, root }
    }

    /// A tree without nodes.
    #[must_use]
    pub fn empty(file: FileId) -> Self {
        Self::new(Arc::default(), file, None)
    }

    /// The part of this tree below `node`, as a tree of its own.
    #[must_use]
    pub fn subtree(&self, node: NodeId) -> Self {
        Self { store: Arc::clone(&self.store), file: self.file, root: Some(node) }
    }

    /// The topmost node; `None` for an empty document or one that could not be parsed.
    #[must_use]
    pub fn root(&self) -> Option<NodeId> {
        self.root
    }

    /// What sort of node it is; an alias is what it stands for.
    #[must_use]
    pub fn kind(&self, node: NodeId) -> NodeKind {
        match self.store.node(node).slot {
            Slot::Map => NodeKind::Map,
            Slot::Seq => NodeKind::Seq,
            _ => NodeKind::Scalar,
        }
    }

    /// The meaning of a scalar; [`Scalar::Null`] for maps and lists.
    #[must_use]
    pub fn scalar(&self, node: NodeId) -> Scalar<'_> {
        match self.kind(node) {
            NodeKind::Scalar => self.store.scalar(node),
            _ => Scalar::Null,
        }
    }

    /// The text of a scalar as it is after unquoting, whatever it means; empty for maps and lists.
    #[must_use]
    pub fn text(&self, node: NodeId) -> &str {
        self.store.text(node)
    }

    /// Whether a scalar is quoted, a block, or otherwise certainly a string.
    #[must_use]
    pub fn is_string_style(&self, node: NodeId) -> bool {
        matches!(self.store.node(node).slot, Slot::Text | Slot::TextOwned)
    }

    /// The string a scalar is, if it is one.
    #[must_use]
    pub fn str(&self, node: NodeId) -> Option<&str> {
        match self.scalar(node) {
            Scalar::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Whether a node is `null`.
    #[must_use]
    pub fn is_null(&self, node: NodeId) -> bool {
        self.kind(node) == NodeKind::Scalar && self.store.scalar(node) == Scalar::Null
    }

    /// Where a node stands. An alias stands where it is written, not where it points.
    #[must_use]
    pub fn span(&self, node: NodeId) -> Span {
        let node = self.store.nodes[node.0 as usize];
        Span { file: self.file, start: node.start, end: node.end }
    }

    /// The items of a list; nothing for other nodes.
    pub fn items(&self, node: NodeId) -> impl ExactSizeIterator<Item = NodeId> + '_ {
        let links = if self.kind(node) == NodeKind::Seq { self.store.links(node) } else { &[] };
        links.iter().map(|id| NodeId(*id))
    }

    /// Keys and values of a map, in the order written; nothing for other nodes.
    pub fn entries(&self, node: NodeId) -> impl ExactSizeIterator<Item = (NodeId, NodeId)> + '_ {
        let links = if self.kind(node) == NodeKind::Map { self.store.links(node) } else { &[] };
        links.chunks_exact(2).map(|pair| (NodeId(pair[0]), NodeId(pair[1])))
    }

    /// The entry of a map under a key: key node and value node.
    #[must_use]
    pub fn entry(&self, node: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        self.entries(node).find(|(k, _)| self.text(*k) == key)
    }

    /// The value of a map under a key.
    #[must_use]
    pub fn get(&self, node: NodeId, key: &str) -> Option<NodeId> {
        self.entry(node, key).map(|(_, value)| value)
    }

    /// Key (if its parent is a map) and value at a JSON pointer (RFC 6901).
    #[must_use]
    pub fn entry_at(&self, pointer: &str) -> Option<(Option<NodeId>, NodeId)> {
        let mut found = (None, self.root?);
        if pointer.is_empty() {
            return Some(found);
        }
        for part in pointer.strip_prefix('/')?.split('/') {
            found = match self.kind(found.1) {
                NodeKind::Map => {
                    let unescaped;
                    let part = if part.contains('~') {
                        unescaped = part.replace("~1", "/").replace("~0", "~");
                        &unescaped
                    } else {
                        part
                    };
                    let (key, value) = self.entry(found.1, part)?;
                    (Some(key), value)
                }
                NodeKind::Seq => (None, self.items(found.1).nth(part.parse().ok()?)?),
                NodeKind::Scalar => return None,
            };
        }
        Some(found)
    }

    /// The node at a JSON pointer.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<NodeId> {
        self.entry_at(pointer).map(|(_, value)| value)
    }

    /// Where the value at a JSON pointer stands.
    #[must_use]
    pub fn span_at(&self, pointer: &str) -> Option<Span> {
        self.at(pointer).map(|node| self.span(node))
    }

    /// Where the key of the value at a JSON pointer stands; `None` for items and the root.
    #[must_use]
    pub fn key_span_at(&self, pointer: &str) -> Option<Span> {
        self.entry_at(pointer)?.0.map(|key| self.span(key))
    }

    /// The tree as JSON; `null` if it is empty.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.root.map_or(Value::Null, |root| self.node_value(root))
    }

    /// A node and everything below it as JSON. Numbers without fraction become integers, as
    /// `kubectl` sends them.
    #[must_use]
    pub fn node_value(&self, node: NodeId) -> Value {
        match self.kind(node) {
            NodeKind::Scalar => self.scalar(node).to_value(),
            NodeKind::Seq => Value::Array(self.items(node).map(|item| self.node_value(item)).collect()),
            NodeKind::Map => {
                let entries = self.entries(node);
                let mut map = Map::with_capacity(entries.len());
                for (key, value) in entries {
                    map.insert(self.text(key).to_owned(), self.node_value(value));
                }
                Value::Object(map)
            }
        }
    }
}

impl NodeId {
    pub(super) fn number(self) -> u32 {
        self.0
    }

    pub(super) fn numbered(number: u32) -> NodeId {
        NodeId(number)
    }
}

/// A tree is decoded as it stands; a node's number is that of the file's nodes.
impl Source for Tree {
    fn shape(&self, node: u32) -> Shape<'_> {
        let node = NodeId(node);
        match self.kind(node) {
            NodeKind::Map => Shape::Map(self.entries(node).len()),
            NodeKind::Seq => Shape::Seq(self.items(node).len()),
            NodeKind::Scalar => match self.store.scalar(node) {
                Scalar::Null => Shape::Null,
                Scalar::Bool(b) => Shape::Bool(b),
                Scalar::Int(i) => Shape::Int(i),
                Scalar::Uint(u) => Shape::Uint(u),
                Scalar::Str(text) => Shape::Text(text),
                scalar @ Scalar::Float(f) => scalar.as_integer().map_or(Shape::Float(f), Shape::Int),
            },
        }
    }

    fn item(&self, node: u32, nth: usize) -> Option<u32> {
        self.items(NodeId(node)).nth(nth).map(NodeId::number)
    }

    fn entry(&self, node: u32, nth: usize) -> Option<(&str, u32)> {
        self.entries(NodeId(node)).nth(nth).map(|(key, value)| (self.text(key), value.number()))
    }

    fn number(&self, node: u32) -> String {
        self.scalar(NodeId(node)).json_text()
    }
}

impl Scalar<'_> {
    /// The scalar as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match *self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Int(i) => Value::from(i),
            Self::Uint(u) => Value::from(u),
            Self::Float(f) => match self.as_integer() {
                Some(i) => Value::from(i),
                None => Number::from_f64(f).map_or(Value::Null, Value::Number),
            },
            Self::Str(s) => Value::from(s),
        }
    }

    /// The integer a number is, if it is one without fraction within `i64`.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match *self {
            Self::Int(i) => Some(i),
            Self::Float(f) if f.trunc() == f && f.abs() <= EXACT => Some(f as i64),
            _ => None,
        }
    }

    /// How JSON would write it; strings without quotes.
    #[must_use]
    pub fn json_text(&self) -> String {
        match *self {
            Self::Null => "null".to_owned(),
            Self::Bool(b) => b.to_string(),
            Self::Int(i) => i.to_string(),
            Self::Uint(u) => u.to_string(),
            Self::Float(f) => float_text(f),
            Self::Str(s) => s.to_owned(),
        }
    }
}
