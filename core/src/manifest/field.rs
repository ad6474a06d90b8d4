//! A place in an object: a node that may be absent, and the path by which the API server names it.
//!
//! Owns walking and the collecting of field errors (`k8s.io/apimachinery/pkg/util/validation/field`, v1.37).

use super::tree::{NodeId, NodeKind, Scalar, Tree};

/// Why a field is refused; `name` is what stands in `Status.details.causes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// It is missing.
    Required,
    /// Its value is not allowed.
    Invalid,
    /// Its value is none of an enumeration.
    NotSupported,
    /// It occurs twice.
    Duplicate,
    /// It may not be set here.
    Forbidden,
    /// Its value is too long.
    TooLong,
    /// What it names does not exist.
    NotFound,
}

impl Reason {
    /// The server's name for the reason.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::NotFound => "FieldValueNotFound",
        }
    }
}

/// A field error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The value, or the nearest one around it that is written.
    pub node: NodeId,
    /// The field, as the API server writes it.
    pub field: String,
    /// Why it is refused.
    pub reason: Reason,
    /// What is wrong, in words.
    pub message: String,
}

/// A field of an object, written or not. `null` counts as not written.
#[derive(Clone)]
pub(super) struct Field<'t> {
    tree: &'t Tree,
    node: Option<NodeId>,
    /// The nearest node that is written.
    near: NodeId,
    path: String,
}

impl<'t> Field<'t> {
    pub(super) fn root(tree: &'t Tree, root: NodeId) -> Self {
        Self { tree, node: Some(root), near: root, path: String::new() }
    }

    /// The field of that name; absent if this is no map.
    pub(super) fn get(&self, name: &str) -> Self {
        let node = self.node.and_then(|n| self.tree.get(n, name)).filter(|n| !self.tree.is_null(*n));
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { tree: self.tree, node, near: node.unwrap_or(self.near), path }
    }

    /// The field at several names in turn.
    pub(super) fn at(&self, names: &[&str]) -> Self {
        names.iter().fold(self.clone(), |field, name| field.get(name))
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Vec<Self> {
        let Some(list) = self.node else { return Vec::new() };
        let items = self.tree.items(list).enumerate();
        items.map(|(i, node)| Self { tree: self.tree, node: Some(node), near: node, path: format!("{}[{i}]", self.path) }).collect()
    }

    /// Keys and values of a map; a value's path is `path[key]`.
    pub(super) fn entries(&self) -> Vec<(&'t str, Self)> {
        let Some(map) = self.node else { return Vec::new() };
        let entries = self.tree.entries(map);
        entries
            .map(|(key, node)| {
                let name = self.tree.text(key);
                (name, Self { tree: self.tree, node: Some(node), near: node, path: format!("{}[{name}]", self.path) })
            })
            .collect()
    }

    /// The entry of a map under a key, named `path[key]`, written or not.
    pub(super) fn entry(&self, key: &str) -> Self {
        Self { path: format!("{}[{key}]", self.path), ..self.get(key) }
    }

    pub(super) fn is_set(&self) -> bool {
        self.node.is_some()
    }

    /// The same place, named `other[key]`.
    pub(super) fn called(self, other: &Self, key: &str) -> Self {
        Self { path: format!("{}[{key}]", other.path), ..self }
    }

    /// Whether it is absent, or a list or map without entries.
    pub(super) fn is_empty(&self) -> bool {
        let Some(node) = self.node else { return true };
        match self.tree.kind(node) {
            NodeKind::Map => self.tree.entries(node).len() == 0,
            NodeKind::Seq => self.tree.items(node).len() == 0,
            NodeKind::Scalar => self.tree.str(node) == Some(""),
        }
    }

    /// The text; empty if absent.
    pub(super) fn text(&self) -> &'t str {
        self.node.and_then(|n| self.tree.str(n)).unwrap_or("")
    }

    pub(super) fn integer(&self) -> Option<i64> {
        self.node.and_then(|n| self.tree.scalar(n).as_integer())
    }

    /// Whether it is `true`.
    pub(super) fn is_true(&self) -> bool {
        self.node.is_some_and(|n| self.tree.scalar(n) == Scalar::Bool(true))
    }

    /// A quantity's text, whether it is written as a text or a number.
    pub(super) fn quantity(&self) -> Option<crate::units::quantity::Quantity> {
        crate::units::quantity::Quantity::parse(self.tree.scalar(self.node?).json_text().trim()).ok()
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

/// The field errors found so far.
#[derive(Default)]
pub(super) struct Errors(pub(super) Vec<FieldError>);

impl Errors {
    pub(super) fn add(&mut self, field: &Field<'_>, reason: Reason, message: impl Into<String>) {
        self.0.push(FieldError { node: field.near, field: field.path.clone(), reason, message: message.into() });
    }

    pub(super) fn required(&mut self, field: &Field<'_>) {
        self.add(field, Reason::Required, "it must be set");
    }

    pub(super) fn invalid(&mut self, field: &Field<'_>, message: impl Into<String>) {
        self.add(field, Reason::Invalid, message);
    }

    /// Refuses a text that is set and none of `known`. An empty one is replaced by the default before it is looked at.
    pub(super) fn one_of(&mut self, field: &Field<'_>, known: &[&str]) {
        if !field.is_empty() && !known.contains(&field.text()) {
            self.add(field, Reason::NotSupported, format!("it must be one of {}", known.join(", ")));
        }
    }

    /// Refuses an integer outside of a range.
    pub(super) fn within(&mut self, field: &Field<'_>, range: std::ops::RangeInclusive<i64>) {
        if field.integer().is_some_and(|value| !range.contains(&value)) {
            let message = match *range.end() {
                i64::MAX => format!("it must be at least {}", range.start()),
                end => format!("it must lie between {} and {end}", range.start()),
            };
            self.invalid(field, message);
        }
    }
}
