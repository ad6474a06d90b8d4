//! Builds a [`Store`](super::tree::Store) from parser events, within budgets.
//!
//! Owns what happens to nodes as they arrive: keys become texts, merges are applied, duplicates
//! settled, aliases weighed. It reads no text itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::limits::Limits;
use super::scalar::{Scalar, float_text};
use super::tree::{Node, NodeId, Slot, Store};
use crate::units::arrange::Arrange;

/// A byte range of the file being read.
pub(super) type Range = std::ops::Range<u32>;

/// Why a document could not be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    Syntax(String),
    /// After YAML that is none at all: a `---` with something behind it.
    Separator,
    KeyNotScalar,
    KeyNull,
    KeyTooLarge,
    AliasUnknown,
    AliasCycle,
    MergeValue,
    Tag(String),
    NotFinite,
    TooManyNodes,
    TooDeep,
    AliasExpansion,
}

/// What went wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    pub(super) at: Range,
}

/// A key given twice in one map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Duplicate {
    pub(super) first: NodeId,
    pub(super) again: NodeId,
    /// Whether a merge (`<<`) written later replaced an explicit key.
    pub(super) merged: bool,
}

/// The style of a scalar, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Quoted,
}

struct Frame {
    map: bool,
    start: u32,
    end: u32,
    anchor: usize,
    /// Where this collection's children begin in `pending`.
    base: usize,
    /// Nodes of the store when it was opened.
    nodes: usize,
    /// Nodes that aliases below stand for.
    expansion: usize,
    /// Levels below.
    height: usize,
}

#[derive(Clone, Copy)]
struct Anchor {
    /// `None` while the anchored collection is still open.
    node: Option<NodeId>,
    weight: usize,
    height: usize,
}

/// Collects the nodes of one file, document after document.
pub(super) struct Builder {
    pub(super) store: Store,
    pub(super) duplicates: Vec<Duplicate>,
    limits: Limits,
    frames: Vec<Frame>,
    pending: Vec<u32>,
    anchors: BTreeMap<usize, Anchor>,
    expansion: usize,
}

impl Builder {
    pub(super) fn new(source: Arc<str>, limits: Limits) -> Self {
        let guess = source.len() / 16;
        let store = Store {
            source,
            owned: String::new(),
            nodes: Vec::with_capacity(guess.min(limits.file_nodes)),
            links: Vec::with_capacity(guess.min(limits.file_nodes)),
        };
        Self { store, duplicates: Vec::new(), limits, frames: Vec::new(), pending: Vec::new(), anchors: BTreeMap::new(), expansion: 0 }
    }

    /// Forgets what belongs to the document before: anchors do not reach across.
    pub(super) fn start_document(&mut self) {
        self.frames.clear();
        self.pending.clear();
        self.anchors.clear();
        self.expansion = 0;
    }

    /// The root of the document that was just read.
    pub(super) fn finish_document(&mut self) -> Option<NodeId> {
        self.pending.pop().map(NodeId)
    }

    pub(super) fn scalar(&mut self, text: Cow<'_, str>, style: Style, tag: Option<&str>, at: Range, anchor: usize) -> Result<(), Fault> {
        let (text, style) = match tag {
            None => (text, style),
            Some(tag) => tagged(text, style, tag).map_err(|kind| Fault { kind, at: at.clone() })?,
        };
        let plain = style == Style::Plain;
        let (slot, a, b) = match self.source_range(&text, &at) {
            Some((a, b)) => (if plain { Slot::Plain } else { Slot::Text }, a, b),
            None => {
                let a = self.store.owned.len() as u32;
                self.store.owned.push_str(&text);
                let slot = if plain { Slot::PlainOwned } else { Slot::TextOwned };
                (slot, a, self.store.owned.len() as u32)
            }
        };
        let id = self.push(Node { slot, start: at.start, end: at.end, a, b })?;
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor { node: Some(id), weight: 1, height: 0 });
        }
        self.child(id, at.end, 0)
    }

    /// Where in the source a text stands, if it stands there unchanged.
    fn source_range(&self, text: &str, at: &Range) -> Option<(u32, u32)> {
        let written = self.store.source.get(at.start as usize..at.end as usize)?;
        if written == text {
            return Some((at.start, at.end));
        }
        let inner = written.get(1..written.len().checked_sub(1)?)?;
        (inner == text).then(|| (at.start + 1, at.end - 1))
    }

    pub(super) fn open(&mut self, map: bool, at: Range, anchor: usize) -> Result<(), Fault> {
        if self.frames.len() >= self.limits.depth {
            return Err(Fault { kind: FaultKind::TooDeep, at });
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor { node: None, weight: 0, height: 0 });
        }
        self.frames.push(Frame {
            map,
            start: at.start,
            end: at.end,
            anchor,
            base: self.pending.len(),
            nodes: self.store.nodes.len(),
            expansion: self.expansion,
            height: 0,
        });
        Ok(())
    }

    /// Ends the innermost collection. `end` is its closing bracket's end, if it has one.
    pub(super) fn close(&mut self, end: Option<u32>) -> Result<(), Fault> {
        let Some(mut frame) = self.frames.pop() else { return Ok(()) };
        let end = end.unwrap_or(frame.end);
        let at = frame.start..end;
        if frame.map {
            self.settle_map(&mut frame, &at)?;
        }
        let a = self.store.links.len() as u32;
        self.store.links.extend(self.pending.drain(frame.base..));
        let b = self.store.links.len() as u32;
        let slot = if frame.map { Slot::Map } else { Slot::Seq };
        let id = self.push(Node { slot, start: at.start, end, a, b })?;
        let height = frame.height + 1;
        if frame.anchor != 0 {
            let weight = self.store.nodes.len() - frame.nodes + (self.expansion - frame.expansion);
            self.anchors.insert(frame.anchor, Anchor { node: Some(id), weight, height });
        }
        self.child(id, end, height)
    }

    pub(super) fn alias(&mut self, anchor: usize, at: Range) -> Result<(), Fault> {
        let fault = |kind| Fault { kind, at: at.clone() };
        let target = self.anchors.get(&anchor).ok_or_else(|| fault(FaultKind::AliasUnknown))?;
        let node = target.node.ok_or_else(|| fault(FaultKind::AliasCycle))?;
        let (weight, height) = (target.weight, target.height);
        self.expand(weight, &at)?;
        if self.frames.len() + height > self.limits.depth {
            return Err(fault(FaultKind::TooDeep));
        }
        // An alias of a scalar that was itself an alias still points at the real node.
        let real = self.store.nodes[node.0 as usize];
        let a = if real.slot == Slot::Alias { real.a } else { node.0 };
        let id = self.push(Node { slot: Slot::Alias, start: at.start, end: at.end, a, b: 0 })?;
        self.child(id, at.end, height)
    }

    fn expand(&mut self, weight: usize, at: &Range) -> Result<(), Fault> {
        self.expansion = self.expansion.saturating_add(weight);
        if self.expansion > self.limits.alias_expansion {
            return Err(Fault { kind: FaultKind::AliasExpansion, at: at.clone() });
        }
        Ok(())
    }

    fn push(&mut self, node: Node) -> Result<NodeId, Fault> {
        if self.store.nodes.len() >= self.limits.file_nodes {
            return Err(Fault { kind: FaultKind::TooManyNodes, at: node.start..node.end });
        }
        let id = NodeId(self.store.nodes.len() as u32);
        self.store.nodes.push(node);
        Ok(id)
    }

    fn child(&mut self, id: NodeId, end: u32, height: usize) -> Result<(), Fault> {
        self.pending.push(id.0);
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        frame.end = frame.end.max(end);
        frame.height = frame.height.max(height);
        let keys = self.pending.len() - frame.base;
        if !frame.map {
            let node = self.store.node(id);
            return self.finite(id, node);
        }
        if keys % 2 == 1 {
            return self.key(id);
        }
        let node = self.store.node(id);
        self.finite(id, node)
    }

    /// Infinities and NaN have no JSON.
    fn finite(&self, id: NodeId, node: Node) -> Result<(), Fault> {
        let infinite = node.slot == Slot::Plain
            && node.b - node.a <= 5
            && self.store.text(id).contains('.')
            && matches!(self.store.scalar(id), Scalar::Float(f) if !f.is_finite());
        if infinite {
            return Err(Fault { kind: FaultKind::NotFinite, at: node.start..node.end });
        }
        Ok(())
    }

    /// Makes a key the text JSON has for it (`sigs.k8s.io/yaml` `convertToJSONableObject`).
    fn key(&mut self, id: NodeId) -> Result<(), Fault> {
        let node = self.store.node(id);
        let fault = |kind| Fault { kind, at: node.start..node.end };
        let text = match node.slot {
            Slot::Map | Slot::Seq => return Err(fault(FaultKind::KeyNotScalar)),
            Slot::Plain | Slot::PlainOwned => match self.store.scalar(id) {
                Scalar::Str(_) => return Ok(()),
                Scalar::Null => return Err(fault(FaultKind::KeyNull)),
                Scalar::Uint(_) => return Err(fault(FaultKind::KeyTooLarge)),
                Scalar::Bool(b) => b.to_string(),
                Scalar::Int(i) => i.to_string(),
                Scalar::Float(f) if f.is_nan() => ".nan".to_owned(),
                Scalar::Float(f) if f.is_infinite() => (if f < 0.0 { "-.inf" } else { ".inf" }).to_owned(),
                Scalar::Float(f) => float_text(f),
            },
            _ => return Ok(()),
        };
        let a = self.store.owned.len() as u32;
        self.store.owned.push_str(&text);
        let own = &mut self.store.nodes[id.0 as usize];
        *own = Node { slot: Slot::TextOwned, a, b: self.store.owned.len() as u32, ..*own };
        Ok(())
    }

    /// Applies merges and keeps the last of duplicate keys.
    fn settle_map(&mut self, frame: &mut Frame, at: &Range) -> Result<(), Fault> {
        let pairs = &self.pending[frame.base..];
        let plain_merge = |id: u32| {
            let node = self.store.nodes[id as usize];
            node.slot == Slot::Plain && self.store.text(NodeId(id)) == "<<"
        };
        let merges = pairs.iter().step_by(2).any(|key| plain_merge(*key));
        if !merges && !self.has_duplicates(pairs) {
            return Ok(());
        }
        let pairs: Vec<u32> = self.pending.drain(frame.base..).collect();
        let mut settled: Vec<(u32, u32, bool)> = Vec::with_capacity(pairs.len() / 2);
        let mut index: BTreeMap<String, usize> = BTreeMap::new();
        let mut merged_pairs = Vec::new();
        for pair in pairs.chunks_exact(2) {
            let (key, value) = (pair[0], pair[1]);
            let node = self.store.nodes[key as usize];
            merged_pairs.clear();
            let merge = node.slot == Slot::Plain && self.store.text(NodeId(key)) == "<<";
            if merge {
                self.merge_entries(NodeId(value), &mut merged_pairs)?;
                self.expand(merged_pairs.len(), at)?;
            } else {
                merged_pairs.push((key, value));
            }
            for (key, value) in merged_pairs.drain(..) {
                let text = self.store.text(NodeId(key));
                if let Some(slot) = index.get(text) {
                    let (first, _, first_merged) = settled[*slot];
                    // An explicit key after a merge is what merges are for.
                    if !first_merged {
                        self.duplicates.push(Duplicate { first: NodeId(first), again: NodeId(key), merged: merge });
                    }
                    settled[*slot] = (key, value, merge);
                } else {
                    index.insert(text.to_owned(), settled.len());
                    settled.push((key, value, merge));
                }
            }
        }
        self.pending.extend(settled.iter().flat_map(|(key, value, _)| [*key, *value]));
        Ok(())
    }

    fn has_duplicates(&self, pairs: &[u32]) -> bool {
        let text = |id: u32| self.store.text(NodeId(id));
        if pairs.len() <= 48 {
            for (i, key) in pairs.iter().enumerate().step_by(2) {
                if pairs[..i].iter().step_by(2).any(|other| text(*other) == text(*key)) {
                    return true;
                }
            }
            return false;
        }
        let mut keys: Vec<&str> = pairs.iter().step_by(2).map(|key| text(*key)).collect();
        keys.arrange();
        keys.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// The entries a `<<` brings in, the ones that are to win last.
    fn merge_entries(&self, value: NodeId, into: &mut Vec<(u32, u32)>) -> Result<(), Fault> {
        let node = self.store.nodes[value.0 as usize];
        let fault = Fault { kind: FaultKind::MergeValue, at: node.start..node.end };
        let pairs = |id: NodeId, into: &mut Vec<(u32, u32)>| {
            into.extend(self.store.links(id).chunks_exact(2).map(|pair| (pair[0], pair[1])));
        };
        match self.store.node(value).slot {
            Slot::Map => pairs(value, into),
            Slot::Seq => {
                for part in self.store.links(value).iter().rev() {
                    if self.store.node(NodeId(*part)).slot != Slot::Map {
                        return Err(fault);
                    }
                    pairs(NodeId(*part), into);
                    if into.len() > self.limits.alias_expansion {
                        return Err(Fault { kind: FaultKind::AliasExpansion, ..fault });
                    }
                }
            }
            _ => return Err(fault),
        }
        Ok(())
    }
}

/// What an explicit tag makes of a scalar (goyaml.v2 `resolve`): text and style to go on with.
fn tagged<'t>(text: Cow<'t, str>, style: Style, tag: &str) -> Result<(Cow<'t, str>, Style), FaultKind> {
    let plain = super::scalar::resolve_plain(&text);
    let fits = match tag {
        "int" => plain.as_integer().is_some() && !matches!(plain, Scalar::Float(_)) || matches!(plain, Scalar::Uint(_)),
        "float" => matches!(plain, Scalar::Int(_) | Scalar::Uint(_) | Scalar::Float(_)),
        "bool" => matches!(plain, Scalar::Bool(_)),
        "null" => plain == Scalar::Null,
        "binary" => {
            let bytes = base64(&text).ok_or_else(|| FaultKind::Tag("!!binary".to_owned()))?;
            let decoded = String::from_utf8_lossy(&bytes).into_owned();
            return Ok((Cow::Owned(decoded), Style::Quoted));
        }
        "" => return Ok((text, style)),
        _ => return Ok((text, Style::Quoted)),
    };
    if fits { Ok((text, Style::Plain)) } else { Err(FaultKind::Tag(format!("!!{tag}"))) }
}

/// Standard base64 with padding, line breaks ignored, as Go's `base64.StdEncoding`.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count, mut padding) = (0u32, 0u32, 0u32);
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'\r' | b'\n' => continue,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        bits = bits << 6 | u32::from(six);
        count += 1;
        if count % 4 == 0 {
            out.extend([(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
            bits = 0;
        }
    }
    match (count % 4, padding) {
        (0, 0) => {}
        (2, 2) => out.push((bits >> 4) as u8),
        (3, 1) => out.extend([(bits >> 10) as u8, (bits >> 2) as u8]),
        _ => return None,
    }
    Some(out)
}
