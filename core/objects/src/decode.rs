//! A tree of values as the source of a typed object: one serde `Deserializer`, whatever the tree is.
//!
//! Owns what Go's JSON decoding lets pass and serde's would not: `null` is the zero value, numbers stand for quantities, numbers without
//! fraction are integers. The tree is a trait object, so that the hundreds of types below the kinds are compiled once; the deserializer is a
//! type of its own, so that of each of them only what it is asked for is compiled. What does not fit is an error that knows its node.

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape<'t> {
    /// So many keys and values.
    Map(usize),
    /// So many items.
    Seq(usize),
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number past those.
    Uint(u64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(&'t str),
}

/// A tree of values whose nodes have numbers.
pub trait Source {
    /// What a node is.
    fn shape(&self, node: u32) -> Shape<'_>;
    /// An item of a list.
    fn item(&self, node: u32, nth: usize) -> Option<u32>;
    /// A key and its value of a map.
    fn entry(&self, node: u32, nth: usize) -> Option<(&str, u32)>;
    /// A number as JSON writes it.
    fn number(&self, node: u32) -> String;
}

/// A value that does not fit.
#[derive(Debug)]
pub struct Misfit {
    /// What does not fit, in words.
    pub message: String,
    /// The innermost node that does not.
    pub node: Option<u32>,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), node: None }
    }
}

/// One node, to be decoded.
#[derive(Clone, Copy)]
pub struct Decoder<'t> {
    source: &'t dyn Source,
    node: u32,
    /// For the topmost node: the version and kind to read it as, whatever is written.
    read_as: Option<(&'static str, &'static str)>,
}

impl<'t> Decoder<'t> {
    /// The topmost node; `read_as` names the version and kind to read it as, whatever is written.
    pub fn new(source: &'t dyn Source, node: u32, read_as: Option<(&'static str, &'static str)>) -> Self {
        Self { source, node, read_as }
    }

    fn below(self, node: u32) -> Self {
        Self { source: self.source, node, read_as: None }
    }

    fn shape(self) -> Shape<'t> {
        self.source.shape(self.node)
    }

    #[cold]
    fn misfit(self, wanted: &str) -> Misfit {
        let found = match self.shape() {
            Shape::Map(_) => "a map",
            Shape::Seq(_) => "a list",
            Shape::Null => "null",
            Shape::Bool(_) => "a boolean",
            Shape::Int(_) | Shape::Uint(_) | Shape::Float(_) => "a number",
            Shape::Text(_) => "a string",
        };
        Misfit { message: format!("expected {wanted}, found {found}"), node: Some(self.node) }
    }

    #[cold]
    fn located(self, mut misfit: Misfit) -> Misfit {
        misfit.node = misfit.node.or(Some(self.node));
        misfit
    }

    fn bool(self) -> Result<bool, Misfit> {
        match self.shape() {
            Shape::Bool(b) => Ok(b),
            Shape::Null => Ok(false),
            _ => Err(self.misfit("a boolean")),
        }
    }

    fn float(self) -> Result<f64, Misfit> {
        match self.shape() {
            Shape::Float(f) => Ok(f),
            Shape::Int(i) => Ok(i as f64),
            Shape::Uint(u) => Ok(u as f64),
            Shape::Null => Ok(0.0),
            _ => Err(self.misfit("a number")),
        }
    }

    fn text(self) -> Result<&'t str, Misfit> {
        match self.shape() {
            Shape::Text(s) => Ok(s),
            Shape::Null => Ok(""),
            _ => Err(self.misfit("a string")),
        }
    }

    fn integer<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.shape() {
            Shape::Null => visitor.visit_i64(0),
            Shape::Uint(u) => visitor.visit_u64(u),
            Shape::Int(i) => visitor.visit_i64(i),
            _ => Err(self.misfit("an integer")),
        }
        .map_err(|misfit| self.located(misfit))
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

impl<'t> Deserializer<'t> for Decoder<'t> {
    type Error = Misfit;

    integers!(deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64);

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.shape() {
            Shape::Map(_) => return self.deserialize_map(visitor),
            Shape::Seq(_) => return self.deserialize_seq(visitor),
            Shape::Null => visitor.visit_unit(),
            Shape::Bool(b) => visitor.visit_bool(b),
            Shape::Uint(u) => visitor.visit_u64(u),
            Shape::Int(i) => visitor.visit_i64(i),
            Shape::Float(f) => visitor.visit_f64(f),
            Shape::Text(s) => visitor.visit_borrowed_str(s),
        }
        .map_err(|misfit| self.located(misfit))
    }

    fn deserialize_bool<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.bool().and_then(|b| visitor.visit_bool(b)).map_err(|misfit| self.located(misfit))
    }

    fn deserialize_f32<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.float().and_then(|f| visitor.visit_f64(f)).map_err(|misfit| self.located(misfit))
    }

    fn deserialize_str<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.text().and_then(|s| visitor.visit_borrowed_str(s)).map_err(|misfit| self.located(misfit))
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
        if self.shape() == Shape::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_any(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'t>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'t>>(self, name: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        // A bare number is as good as its text (`Quantity.UnmarshalJSON`).
        if name == "Quantity" && matches!(self.shape(), Shape::Int(_) | Shape::Uint(_) | Shape::Float(_)) {
            let text = self.source.number(self.node);
            let inner: StrDeserializer<'_, Misfit> = text.as_str().into_deserializer();
            return visitor.visit_newtype_struct(inner).map_err(|misfit| self.located(misfit));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let count = match self.shape() {
            Shape::Seq(count) => count,
            Shape::Null => 0,
            _ => return Err(self.misfit("a list")),
        };
        visitor.visit_seq(Items { of: self, next: 0, count }).map_err(|misfit| self.located(misfit))
    }

    fn deserialize_tuple<V: Visitor<'t>>(self, _: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'t>>(self, _: &'static str, _: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let count = match self.shape() {
            Shape::Map(count) => count,
            Shape::Null => 0,
            _ => return Err(self.misfit("a map")),
        };
        visitor.visit_map(Entries { of: self, next: 0, count, value: None }).map_err(|misfit| self.located(misfit))
    }

    fn deserialize_struct<V: Visitor<'t>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'t>>(self, _: &'static str, _: &'static [&'static str], _: V) -> Result<V::Value, Misfit> {
        Err(self.misfit("a value Kubernetes has"))
    }

    fn deserialize_ignored_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }
}

struct Items<'t> {
    of: Decoder<'t>,
    next: usize,
    count: usize,
}

impl<'t> SeqAccess<'t> for Items<'t> {
    type Error = Misfit;

    fn next_element_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<Option<S::Value>, Misfit> {
        if self.next >= self.count {
            return Ok(None);
        }
        let Some(node) = self.of.source.item(self.of.node, self.next) else { return Ok(None) };
        self.next += 1;
        seed.deserialize(self.of.below(node)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.count - self.next)
    }
}

struct Entries<'t> {
    of: Decoder<'t>,
    next: usize,
    count: usize,
    value: Option<(&'t str, u32)>,
}

impl<'t> MapAccess<'t> for Entries<'t> {
    type Error = Misfit;

    fn next_key_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<Option<S::Value>, Misfit> {
        if self.next >= self.count {
            return Ok(None);
        }
        let Some((key, value)) = self.of.source.entry(self.of.node, self.next) else { return Ok(None) };
        self.next += 1;
        self.value = Some((key, value));
        seed.deserialize(BorrowedStrDeserializer::<'t, Misfit>::new(key)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<S::Value, Misfit> {
        let Some((key, node)) = self.value.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        match (self.of.read_as, key) {
            (Some((version, _)), "apiVersion") => seed.deserialize(BorrowedStrDeserializer::new(version)),
            (Some((_, kind)), "kind") => seed.deserialize(BorrowedStrDeserializer::new(kind)),
            _ => seed.deserialize(self.of.below(node)),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.count - self.next)
    }
}

/// JSON with numbers for its nodes; the topmost is 0.
pub(crate) struct Numbered<'v> {
    nodes: Vec<(&'v Value, u32)>,
    /// The keys of maps, empty for the items of lists, and the children: of each node from its number on.
    children: Vec<(&'v str, u32)>,
}

impl<'v> Numbered<'v> {
    pub(crate) fn of(value: &'v Value) -> Self {
        let mut numbered = Numbered { nodes: vec![(value, 0)], children: Vec::new() };
        let mut at = 0;
        while let Some(&(value, _)) = numbered.nodes.get(at) {
            numbered.nodes[at].1 = numbered.children.len() as u32;
            let entries: Vec<(&'v str, &'v Value)> = match value {
                Value::Object(map) => map.iter().map(|(key, value)| (key.as_str(), value)).collect(),
                Value::Array(items) => items.iter().map(|item| ("", item)).collect(),
                _ => Vec::new(),
            };
            for (key, child) in entries {
                numbered.children.push((key, numbered.nodes.len() as u32));
                numbered.nodes.push((child, 0));
            }
            at += 1;
        }
        numbered
    }

    fn child(&self, node: u32, nth: usize) -> Option<(&'v str, u32)> {
        let &(_, first) = self.nodes.get(node as usize)?;
        self.children.get(first as usize + nth).copied()
    }
}

impl Source for Numbered<'_> {
    fn shape(&self, node: u32) -> Shape<'_> {
        match self.nodes.get(node as usize).map_or(&Value::Null, |&(value, _)| value) {
            Value::Null => Shape::Null,
            Value::Bool(b) => Shape::Bool(*b),
            Value::String(text) => Shape::Text(text),
            Value::Array(items) => Shape::Seq(items.len()),
            Value::Object(entries) => Shape::Map(entries.len()),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(i), _) => Shape::Int(i),
                (None, Some(u)) => Shape::Uint(u),
                (None, None) => Shape::Float(number.as_f64().unwrap_or_default()),
            },
        }
    }

    fn item(&self, node: u32, nth: usize) -> Option<u32> {
        self.child(node, nth).map(|(_, child)| child)
    }

    fn entry(&self, node: u32, nth: usize) -> Option<(&str, u32)> {
        self.child(node, nth)
    }

    fn number(&self, node: u32) -> String {
        self.nodes.get(node as usize).map_or(String::new(), |(value, _)| value.to_string())
    }
}
