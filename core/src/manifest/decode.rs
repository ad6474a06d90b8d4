//! A tree as the source of a typed object: a serde `Deserializer` over its nodes.
//!
//! Owns what Go's JSON decoding lets pass and serde's would not: `null` is the zero value, numbers
//! stand for quantities, numbers without fraction are integers. What does not fit is an error that
//! knows its node.

use std::cell::OnceCell;
use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use super::tree::{NodeId, NodeKind, Scalar, Tree};

/// A value that does not fit. Where it stands, its decoder keeps.
#[derive(Debug)]
pub(super) struct Misfit {
    message: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string() }
    }
}

/// One node, to be decoded.
#[derive(Clone, Copy)]
pub(super) struct NodeDecoder<'t> {
    /// Where the first misfit is kept: errors lose their node on the way through erased deserializers.
    pub(super) first: &'t OnceCell<NodeId>,
    pub(super) tree: &'t Tree,
    pub(super) node: NodeId,
    /// For the topmost node: the version to read it as, whatever is written.
    pub(super) read_as: Option<(&'static str, &'static str)>,
}

impl<'t> NodeDecoder<'t> {
    fn located<T>(self, result: Result<T, Misfit>) -> Result<T, Misfit> {
        result.inspect_err(|_| {
            let _ = self.first.set(self.node);
        })
    }

    fn misfit<T>(self, wanted: &str) -> Result<T, Misfit> {
        let found = match self.tree.kind(self.node) {
            NodeKind::Map => "a map",
            NodeKind::Seq => "a list",
            NodeKind::Scalar => match self.tree.scalar(self.node) {
                Scalar::Null => "null",
                Scalar::Bool(_) => "a boolean",
                Scalar::Int(_) | Scalar::Uint(_) | Scalar::Float(_) => "a number",
                Scalar::Str(_) => "a string",
            },
        };
        self.located(Err(Misfit { message: format!("expected {wanted}, found {found}") }))
    }

    fn is_null(self) -> bool {
        self.tree.is_null(self.node)
    }

    fn integer<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let scalar = self.tree.scalar(self.node);
        match scalar {
            Scalar::Null if self.is_null() => self.located(visitor.visit_i64(0)),
            Scalar::Uint(u) => self.located(visitor.visit_u64(u)),
            _ => match scalar.as_integer() {
                Some(i) => self.located(visitor.visit_i64(i)),
                None => self.misfit("an integer"),
            },
        }
    }
}

/// Integers of every width are decoded alike; the visitor checks the range.
macro_rules! integers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
            self.integer(visitor)
        })*
    };
}

impl<'t> Deserializer<'t> for NodeDecoder<'t> {
    type Error = Misfit;

    integers!(deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64);

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.tree.kind(self.node) {
            NodeKind::Map => self.deserialize_map(visitor),
            NodeKind::Seq => self.deserialize_seq(visitor),
            NodeKind::Scalar => {
                let scalar = self.tree.scalar(self.node);
                self.located(match scalar {
                    Scalar::Null => visitor.visit_unit(),
                    Scalar::Bool(b) => visitor.visit_bool(b),
                    Scalar::Uint(u) => visitor.visit_u64(u),
                    Scalar::Str(s) => visitor.visit_borrowed_str(s),
                    Scalar::Int(i) => visitor.visit_i64(i),
                    Scalar::Float(f) => match scalar.as_integer() {
                        Some(i) => visitor.visit_i64(i),
                        None => visitor.visit_f64(f),
                    },
                })
            }
        }
    }

    fn deserialize_bool<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.tree.scalar(self.node) {
            Scalar::Bool(b) => self.located(visitor.visit_bool(b)),
            Scalar::Null if self.is_null() => self.located(visitor.visit_bool(false)),
            _ => self.misfit("a boolean"),
        }
    }

    fn deserialize_f32<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.tree.scalar(self.node) {
            Scalar::Float(f) => self.located(visitor.visit_f64(f)),
            Scalar::Int(i) => self.located(visitor.visit_f64(i as f64)),
            Scalar::Uint(u) => self.located(visitor.visit_f64(u as f64)),
            Scalar::Null if self.is_null() => self.located(visitor.visit_f64(0.0)),
            _ => self.misfit("a number"),
        }
    }

    fn deserialize_str<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.tree.scalar(self.node) {
            Scalar::Str(s) => self.located(visitor.visit_borrowed_str(s)),
            Scalar::Null if self.is_null() => self.located(visitor.visit_borrowed_str("")),
            _ => self.misfit("a string"),
        }
    }

    fn deserialize_string<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.is_null() { self.located(visitor.visit_none()) } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_any(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'t>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'t>>(self, name: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        match (name, self.tree.scalar(self.node)) {
            // A bare number is as good as its text (`Quantity.UnmarshalJSON`).
            ("Quantity", number @ (Scalar::Int(_) | Scalar::Uint(_) | Scalar::Float(_))) => {
                let text = number.json_text();
                let inner: StrDeserializer<'_, Misfit> = text.as_str().into_deserializer();
                self.located(visitor.visit_newtype_struct(inner))
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.tree.kind(self.node) != NodeKind::Seq && !self.is_null() {
            return self.misfit("a list");
        }
        self.located(visitor.visit_seq(Items { tree: self.tree, first: self.first, items: self.tree.items(self.node) }))
    }

    fn deserialize_tuple<V: Visitor<'t>>(self, _: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'t>>(self, _: &'static str, _: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.tree.kind(self.node) != NodeKind::Map && !self.is_null() {
            return self.misfit("a map");
        }
        let entries =
            Entries { tree: self.tree, first: self.first, entries: self.tree.entries(self.node), value: None, read_as: self.read_as };
        self.located(visitor.visit_map(entries))
    }

    fn deserialize_struct<V: Visitor<'t>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'t>>(self, _: &'static str, _: &'static [&'static str], _: V) -> Result<V::Value, Misfit> {
        self.misfit("a value Kubernetes has")
    }

    fn deserialize_ignored_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }
}

struct Items<'t, I> {
    first: &'t OnceCell<NodeId>,
    tree: &'t Tree,
    items: I,
}

impl<'t, I: ExactSizeIterator<Item = NodeId>> SeqAccess<'t> for Items<'t, I> {
    type Error = Misfit;

    fn next_element_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<Option<S::Value>, Misfit> {
        let Some(node) = self.items.next() else { return Ok(None) };
        seed.deserialize(NodeDecoder { tree: self.tree, first: self.first, node, read_as: None }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Entries<'t, I> {
    first: &'t OnceCell<NodeId>,
    tree: &'t Tree,
    entries: I,
    value: Option<(&'t str, NodeId)>,
    read_as: Option<(&'static str, &'static str)>,
}

impl<'t, I: ExactSizeIterator<Item = (NodeId, NodeId)>> MapAccess<'t> for Entries<'t, I> {
    type Error = Misfit;

    fn next_key_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<Option<S::Value>, Misfit> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        let key = self.tree.text(key);
        self.value = Some((key, value));
        seed.deserialize(BorrowedStrDeserializer::<'t, Misfit>::new(key)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<S::Value, Misfit> {
        let Some((key, node)) = self.value.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        match (self.read_as, key) {
            (Some((version, _)), "apiVersion") => seed.deserialize(BorrowedStrDeserializer::new(version)),
            (Some((_, kind)), "kind") => seed.deserialize(BorrowedStrDeserializer::new(kind)),
            _ => seed.deserialize(NodeDecoder { tree: self.tree, first: self.first, node, read_as: None }),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}
