//! An object as the API server holds it, and as it sends it: by the types of Go, without rules about their meaning.
//!
//! Owns the two ways. [`held`] makes of a tree what decoding leaves: known fields only, `null` gone, numbers, quantities, times
//! and bytes in the form they are written in, and no field that says no more than leaving it out. [`sent`] adds the fields
//! that are written even where they are empty. Both need a kind with a schema.

use serde_json::{Map, Value};

use super::kinds::Kind;
use super::schema::{Presence, Schema, Type, schema};
use super::tree::{NodeId, NodeKind, Scalar, Tree};
use crate::units::calendar::{civil, moment};
use crate::units::quantity::Quantity;
use crate::units::zone::Zone;

/// The object that decoding makes of a tree; what cannot be decoded is left out.
#[must_use]
pub fn held(tree: &Tree, root: NodeId, kind: &Kind) -> Value {
    let schema = schema();
    let Some(wanted) = schema.of_kind(kind) else { return tree.node_value(root) };
    let mut object = Reader { schema, tree }.value(root, wanted).unwrap_or_else(|| Value::Object(Map::new()));
    if let Value::Object(map) = &mut object {
        map.insert("apiVersion".to_owned(), kind.api_version.into());
        map.insert("kind".to_owned(), kind.kind.into());
    }
    object
}

struct Reader<'t> {
    schema: &'static Schema,
    tree: &'t Tree,
}

impl Reader<'_> {
    /// The value; nothing for `null` and what does not fit.
    fn value(&self, node: NodeId, wanted: Type) -> Option<Value> {
        let tree = self.tree;
        let kind = tree.kind(node);
        let scalar = tree.scalar(node);
        if kind == NodeKind::Scalar && scalar == Scalar::Null {
            return None;
        }
        let wanted = match wanted {
            Type::SchemaOrBool if matches!(scalar, Scalar::Bool(_)) => Type::Bool,
            Type::SchemaOrList if kind == NodeKind::Seq => return self.list(node, self.schema.json_schema()),
            Type::SchemaOrTexts if kind == NodeKind::Seq => return self.list(node, Type::Text),
            Type::SchemaOrBool | Type::SchemaOrList | Type::SchemaOrTexts => self.schema.json_schema(),
            other => other,
        };
        match wanted {
            Type::Struct(_) => {
                if kind != NodeKind::Map {
                    return None;
                }
                let fields = self.schema.fields(wanted)?;
                // With room for some defaults.
                let mut map = Map::with_capacity(tree.entries(node).len() + 4);
                for (key, value) in tree.entries(node) {
                    let Ok(at) = fields.binary_search_by(|f| f.name.cmp(tree.text(key))) else { continue };
                    let field = &fields[at];
                    let Some(value) = self.value(value, field.wanted) else { continue };
                    if field.presence.keeps_zero() || !is_zero(&value, field.wanted) {
                        map.insert(field.name.to_owned(), value);
                    }
                }
                Some(Value::Object(map))
            }
            Type::List(_) => self.list(node, self.schema.element(wanted)),
            Type::Map(_) => {
                let element = self.schema.element(wanted);
                let mut map = Map::with_capacity(tree.entries(node).len());
                for (key, value) in tree.entries(node) {
                    let empty = || if matches!(element, Type::Base64) { "".into() } else { self.schema.zero(element) };
                    let value = self.value(value, element).unwrap_or_else(empty);
                    map.insert(tree.text(key).to_owned(), value);
                }
                (kind == NodeKind::Map).then_some(Value::Object(map))
            }
            Type::Int32 | Type::Int64 => scalar.as_integer().map(Value::from),
            Type::Quantity => Some(Quantity::passed_on(scalar.json_text().trim()).ok()?.into()),
            Type::Time => tree.str(node).map(|text| plain_time(text, false).into()),
            Type::MicroTime => tree.str(node).map(|text| plain_time(text, true).into()),
            Type::Base64 => tree.str(node).map(|text| text.replace(['\n', '\r'], "").into()),
            Type::IntOrString if !matches!(scalar, Scalar::Str(_)) => scalar.as_integer().map(Value::from),
            _ => Some(tree.node_value(node)),
        }
    }

    fn list(&self, node: NodeId, element: Type) -> Option<Value> {
        if self.tree.kind(node) != NodeKind::Seq {
            return None;
        }
        let item = |item| self.value(item, element).unwrap_or_else(|| self.schema.zero(element));
        Some(Value::Array(self.tree.items(node).map(item).collect()))
    }
}

/// Whether a value says no more than leaving it out.
fn is_zero(value: &Value, wanted: Type) -> bool {
    match value {
        _ if matches!(wanted, Type::Any | Type::SchemaOrBool | Type::SchemaOrList | Type::SchemaOrTexts) => false,
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(s) => s.is_empty() && !matches!(wanted, Type::IntOrString),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

/// The object as the API server sends it.
#[must_use]
pub fn sent(object: &Value, kind: &Kind) -> Value {
    let schema = schema();
    schema.of_kind(kind).map_or_else(|| object.clone(), |wanted| schema.sent(object, wanted))
}

impl Schema {
    fn sent(&self, value: &Value, wanted: Type) -> Value {
        match (value, wanted) {
            (Value::Object(map), Type::Struct(_)) => {
                let Some(fields) = self.fields(wanted) else { return value.clone() };
                let mut out = Map::new();
                for field in fields {
                    match map.get(field.name) {
                        Some(value) => drop(out.insert(field.name.to_owned(), self.sent(value, field.wanted))),
                        None if field.presence == Presence::Always => drop(out.insert(field.name.to_owned(), self.zero(field.wanted))),
                        None if field.presence == Presence::Null => drop(out.insert(field.name.to_owned(), Value::Null)),
                        None => {}
                    }
                }
                Value::Object(out)
            }
            (Value::Array(list), Type::List(_)) => {
                let element = self.element(wanted);
                list.iter().map(|item| self.sent(item, element)).collect()
            }
            (Value::Object(map), Type::Map(_)) => {
                let element = self.element(wanted);
                Value::Object(map.iter().map(|(key, value)| (key.clone(), self.sent(value, element))).collect())
            }
            _ => value.clone(),
        }
    }

    /// What Go's zero value of a type is sent as.
    fn zero(&self, wanted: Type) -> Value {
        match wanted {
            Type::Text => "".into(),
            Type::Int32 | Type::Int64 | Type::IntOrString | Type::Float => 0.into(),
            Type::Bool => false.into(),
            Type::Quantity => "0".into(),
            Type::Struct(_) => self.sent(&Value::Object(Map::new()), wanted),
            _ => Value::Null,
        }
    }
}

/// A time of RFC 3339 as Go writes it: in UTC, in whole seconds or with six digits.
fn plain_time(text: &str, micro: bool) -> String {
    let digits = |range: std::ops::Range<usize>| text.get(range).and_then(|t| t.parse::<i64>().ok()).unwrap_or(0);
    let (Some(clock), Some(rest)) = (text.get(..19), text.get(19..)) else { return text.to_owned() };
    let fraction: String = rest.strip_prefix(['.', ',']).unwrap_or("").chars().take_while(char::is_ascii_digit).collect();
    let zone = rest.trim_start_matches(|c: char| c == '.' || c == ',' || c.is_ascii_digit());
    let shown = if micro { format!(".{:0<6}", fraction.get(..6).unwrap_or(&fraction)) } else { String::new() };
    let minutes = match zone.as_bytes() {
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let two = |a: u8, b: u8| i64::from(a.wrapping_sub(b'0')) * 10 + i64::from(b.wrapping_sub(b'0'));
            let size = two(*h1, *h2) * 60 + two(*m1, *m2);
            if *sign == b'+' { -size } else { size }
        }
        _ => 0,
    };
    if minutes == 0 {
        return format!("{clock}{shown}Z");
    }
    let hour = moment(digits(0..4), digits(5..7), digits(8..10), digits(11..13), &Zone::UTC);
    let c = civil(hour + (digits(14..16) + minutes) * 60, &Zone::UTC);
    // A leap second is not carried over.
    let second = digits(17..19);
    format!("{:04}-{:02}-{:02}T{:02}:{:02}:{second:02}{shown}Z", c.year, c.month, c.day, c.hour, c.minute)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Limits, kinds, parse};

    fn both(text: &str) -> (Value, Value) {
        let tree = parse(&text.into(), &Limits::default()).remove(0).unwrap();
        let root = tree.root().unwrap();
        let text = |key: &str| tree.str(tree.get(root, key).unwrap()).unwrap();
        let kind = kinds::served(text("apiVersion"), text("kind")).unwrap();
        let held = held(&tree, root, kind);
        (sent(&held, kind), held)
    }

    #[test]
    fn what_says_nothing_is_left_out_and_what_go_always_writes_is_sent() {
        let (sent, held) = both(
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, creationTimestamp: null, labels: {}}, spec: {replicas: 0, paused: false, template: {spec: {containers: [{name: a, resources: {limits: {cpu: 1000m}}}]}}}}",
        );
        assert_eq!(held["spec"]["replicas"], 0);
        assert!(held["spec"].get("paused").is_none() && held["metadata"].get("labels").is_none());
        assert_eq!(held["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"], "1");
        assert_eq!(sent["spec"]["selector"], Value::Null);
        assert_eq!(sent["spec"]["strategy"], Value::Object(Map::new()));
        assert!(sent.get("status").is_some());
    }

    #[test]
    fn times_are_sent_in_utc() {
        assert_eq!(plain_time("2026-01-01T00:30:00.5+01:00", false), "2025-12-31T23:30:00Z");
        assert_eq!(plain_time("2024-02-28T23:30:00-01:00", false), "2024-02-29T00:30:00Z");
        assert_eq!(plain_time("2026-01-01T00:00:00.120000Z", true), "2026-01-01T00:00:00.120000Z");
    }
}
