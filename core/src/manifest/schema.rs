//! The fields of every served kind, and whether a tree keeps to them.
//!
//! Owns the check that stands for the API server's decoding: wrong types, texts that are no quantity,
//! time or base64, and unknown fields, each with its node and path. The schema is a text traced from
//! `k8s-openapi`'s v1.37 types. Defaults and validation are not its matter.

use std::sync::OnceLock;

use super::builder::base64;
use super::kinds::Kind;
use super::tree::{NodeId, NodeKind, Scalar, Tree};
use crate::units::arrange::Arrange;
use crate::units::quantity::Quantity;

/// Something in a tree that the kind's schema does not have so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFault {
    /// The value; for unknown fields too.
    pub node: NodeId,
    /// The key of that value, if it has one.
    pub key: Option<NodeId>,
    /// The path as the API server writes it: `spec.containers[0].ports`.
    pub path: String,
    /// The path as Go's decoder writes it: no indices, embedded structs by name; empty where Go names none.
    pub go_path: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What can be wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Another type is wanted: in words, such as `a list`.
    WrongType(&'static str),
    /// A number that the field's type cannot hold.
    OutOfRange(&'static str),
    /// A text of the right type but the wrong form: what it should be, and the server's words.
    BadForm(&'static str, String),
    /// The kind has no such field; the one that was perhaps meant.
    UnknownField(Option<&'static str>),
}

impl Problem {
    /// Whether the object cannot be decoded at all.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        !matches!(self, Self::UnknownField(_))
    }
}

/// The type of a field, as JSON sees it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    Text,
    Int32,
    Int64,
    Bool,
    Float,
    Quantity,
    Time,
    MicroTime,
    Base64,
    IntOrString,
    Any,
    SchemaOrBool,
    SchemaOrList,
    SchemaOrTexts,
    Struct(u16),
    /// A list or map of the type of that index.
    List(u16),
    Map(u16),
}

/// What an absent field and an empty one are to each other, and whether an empty one is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Empty is absent, and not sent.
    Value,
    /// Empty is absent, and sent.
    Always,
    /// A pointer: empty is not absent; absent is not sent.
    Pointer,
    /// A pointer that is sent as `null` where it is absent.
    Null,
}

impl Presence {
    /// Whether an empty value says more than an absent one.
    pub(super) fn keeps_zero(self) -> bool {
        matches!(self, Self::Pointer | Self::Null)
    }
}

/// A field of a struct.
pub(super) struct StructField {
    pub(super) name: &'static str,
    pub(super) wanted: Type,
    /// The embedded Go struct it belongs to; empty for most.
    embedded: &'static str,
    pub(super) presence: Presence,
}

struct Struct {
    /// Sorted by name.
    fields: Vec<StructField>,
}

pub(super) struct Schema {
    structs: Vec<Struct>,
    /// Types that are elements of others.
    elements: Vec<Type>,
    /// Version, kind and struct; sorted.
    kinds: Vec<(&'static str, &'static str, u16)>,
    /// The struct `JSONSchemaProps`.
    json_schema: Type,
}

const TEXT: &str = include_str!("schema.txt");

/// A line for each struct of [`TEXT`], in its order: the fields that are pointers (`*`), sent though empty (`!`), both
/// (`?`), or structs left out when empty (`0`), by the `json` tags of `k8s.io/api` v0.37.0.
const PRESENCE: &str = include_str!("presence.txt");

pub(super) fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| Schema::parse(TEXT))
}

impl Schema {
    fn parse(text: &'static str) -> Self {
        let mut schema = Self { structs: Vec::new(), elements: Vec::new(), kinds: Vec::new(), json_schema: Type::Any };
        let mut marks = PRESENCE.lines();
        for line in text.lines() {
            let mut words = line.split(' ');
            let Some(name) = words.next() else { continue };
            if name == "@" {
                let (version, kind) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
                let index = words.next().and_then(|w| w.parse().ok()).unwrap_or(u16::MAX);
                schema.kinds.push((version, kind, index));
                continue;
            }
            if name == "JSONSchemaProps" {
                schema.json_schema = Type::Struct(schema.structs.len() as u16);
            }
            let marked = marks.next().and_then(|line| line.strip_prefix(name)).unwrap_or("");
            let mut fields: Vec<_> = words
                .filter_map(|word| {
                    let (field, code) = word.rsplit_once(':')?;
                    let mark = marked.split(' ').find_map(|word| word.strip_prefix(field).filter(|mark| mark.len() == 1));
                    let presence = match mark {
                        Some("!") => Presence::Always,
                        Some("*") => Presence::Pointer,
                        Some("?") => Presence::Null,
                        _ => Presence::Value,
                    };
                    Some(StructField { name: field, wanted: schema.type_of(code), embedded: embedded(name, field), presence })
                })
                .collect();
            fields.arrange_by_key(|f| f.name);
            schema.structs.push(Struct { fields });
        }
        schema.kinds.arrange();
        schema
    }

    fn type_of(&mut self, code: &str) -> Type {
        match code.as_bytes().first() {
            Some(b'[') => Type::List(self.element_of(&code[1..])),
            Some(b'{') => Type::Map(self.element_of(&code[1..])),
            Some(b's') => Type::Text,
            Some(b'i') => Type::Int32,
            Some(b'l') => Type::Int64,
            Some(b'b') => Type::Bool,
            Some(b'f') => Type::Float,
            Some(b'q') => Type::Quantity,
            Some(b't') => Type::Time,
            Some(b'u') => Type::MicroTime,
            Some(b'y') => Type::Base64,
            Some(b'x') => Type::IntOrString,
            Some(b'B') => Type::SchemaOrBool,
            Some(b'A') => Type::SchemaOrList,
            Some(b'S') => Type::SchemaOrTexts,
            _ => code.parse().map_or(Type::Any, Type::Struct),
        }
    }

    fn element_of(&mut self, code: &str) -> u16 {
        let element = self.type_of(code);
        self.elements.push(element);
        (self.elements.len() - 1) as u16
    }

    /// The type of a kind's objects.
    pub(super) fn of_kind(&self, kind: &Kind) -> Option<Type> {
        let key = (kind.api_version, kind.kind);
        let at = self.kinds.binary_search_by(|(version, name, _)| (*version, *name).cmp(&key)).ok()?;
        Some(Type::Struct(self.kinds[at].2))
    }

    /// The fields of a struct, sorted by name; nothing for other types.
    pub(super) fn fields(&self, of: Type) -> Option<&[StructField]> {
        match of {
            Type::Struct(index) => self.structs.get(index as usize).map(|s| s.fields.as_slice()),
            _ => None,
        }
    }

    /// The type of the elements of a list or map.
    pub(super) fn element(&self, of: Type) -> Type {
        match of {
            Type::List(index) | Type::Map(index) => self.elements.get(index as usize).copied().unwrap_or(Type::Any),
            _ => Type::Any,
        }
    }

    /// The type `JSONSchemaProps`.
    pub(super) fn json_schema(&self) -> Type {
        self.json_schema
    }
}

/// The Go struct that a field is embedded by, as it shows in decoding errors; empty for most.
fn embedded(name: &str, field: &str) -> &'static str {
    match (name, field) {
        ("Probe", "exec" | "grpc" | "httpGet" | "tcpSocket") => "ProbeHandler",
        ("Volume", "name") | ("EphemeralContainer", "targetContainerName") => "",
        ("Volume", _) => "VolumeSource",
        ("EphemeralContainer", _) => "EphemeralContainerCommon",
        (
            "PersistentVolumeSpec",
            "accessModes"
            | "capacity"
            | "claimRef"
            | "mountOptions"
            | "nodeAffinity"
            | "persistentVolumeReclaimPolicy"
            | "storageClassName"
            | "volumeAttributesClassName"
            | "volumeMode",
        ) => "",
        ("PersistentVolumeSpec", _) => "PersistentVolumeSource",
        (
            "ConfigMapKeySelector"
            | "SecretKeySelector"
            | "ConfigMapEnvSource"
            | "SecretEnvSource"
            | "ConfigMapVolumeSource"
            | "ConfigMapProjection"
            | "SecretProjection",
            "name",
        ) => "LocalObjectReference",
        ("IngressRule", "http") => "IngressRuleValue",
        ("RuleWithOperations", "apiGroups" | "apiVersions" | "resources" | "scope") => "Rule",
        ("NamedRuleWithOperations", "operations") => "RuleWithOperations",
        ("NamedRuleWithOperations", "apiGroups" | "apiVersions" | "resources" | "scope") => "RuleWithOperations.Rule",
        ("DeviceClaimConfiguration" | "DeviceClassConfiguration" | "DeviceAllocationConfiguration", "opaque") => "DeviceConfiguration",
        _ => "",
    }
}

/// Everything in the tree below `root` that the kind's schema does not have so, in the order written.
///
/// Nothing is found for a kind without a schema.
#[must_use]
pub fn check(tree: &Tree, root: NodeId, kind: &Kind) -> Vec<SchemaFault> {
    let schema = schema();
    let Some(wanted) = schema.of_kind(kind) else { return Vec::new() };
    let mut check = Check { schema, tree, path: Vec::new(), faults: Vec::new() };
    check.value(None, root, wanted);
    check.faults
}

/// One step from the root to the value being looked at.
#[derive(Clone, Copy)]
enum Step {
    Field(&'static str, &'static str),
    Key(NodeId),
    Item(usize),
}

struct Check<'t> {
    schema: &'static Schema,
    tree: &'t Tree,
    path: Vec<Step>,
    faults: Vec<SchemaFault>,
}

impl Check<'_> {
    fn value(&mut self, key: Option<NodeId>, node: NodeId, wanted: Type) {
        let tree = self.tree;
        let kind = tree.kind(node);
        let scalar = tree.scalar(node);
        if kind == NodeKind::Scalar && scalar == Scalar::Null {
            return;
        }
        match wanted {
            Type::Any => {}
            Type::Struct(index) => match self.schema.structs.get(index as usize) {
                Some(fields) if kind == NodeKind::Map => self.fields(node, fields),
                Some(_) => self.wrong(key, node, "a map"),
                None => {}
            },
            Type::List(element) => {
                if kind != NodeKind::Seq {
                    return self.wrong(key, node, "a list");
                }
                let element = self.schema.elements[element as usize];
                for (index, item) in tree.items(node).enumerate() {
                    self.path.push(Step::Item(index));
                    self.value(None, item, element);
                    self.path.pop();
                }
            }
            Type::Map(element) => {
                if kind != NodeKind::Map {
                    return self.wrong(key, node, "a map");
                }
                let element = self.schema.elements[element as usize];
                for (key, value) in tree.entries(node) {
                    self.path.push(Step::Key(key));
                    self.value(Some(key), value, element);
                    self.path.pop();
                }
            }
            Type::SchemaOrBool if matches!(scalar, Scalar::Bool(_)) => {}
            Type::SchemaOrBool => self.leniently(|check| check.value(key, node, check.schema.json_schema)),
            Type::SchemaOrList | Type::SchemaOrTexts if kind == NodeKind::Seq => {
                let element = if matches!(wanted, Type::SchemaOrList) { self.schema.json_schema } else { Type::Text };
                self.leniently(|check| {
                    for (index, item) in tree.items(node).enumerate() {
                        check.path.push(Step::Item(index));
                        check.value(None, item, element);
                        check.path.pop();
                    }
                });
            }
            Type::SchemaOrList | Type::SchemaOrTexts => self.leniently(|check| check.value(key, node, check.schema.json_schema)),
            Type::Text if !matches!(scalar, Scalar::Str(_)) || kind != NodeKind::Scalar => self.wrong(key, node, "a text"),
            Type::Bool if !matches!(scalar, Scalar::Bool(_)) => self.wrong(key, node, "true or false"),
            Type::Text | Type::Bool => {}
            Type::Float => {
                if !matches!(scalar, Scalar::Int(_) | Scalar::Uint(_) | Scalar::Float(_)) {
                    self.wrong(key, node, "a number");
                }
            }
            Type::Int32 => self.integer(key, node, scalar.as_integer().is_some_and(|i| i32::try_from(i).is_ok()), "32 bits"),
            Type::Int64 => self.integer(key, node, scalar.as_integer().is_some(), "64 bits"),
            Type::IntOrString => match scalar {
                Scalar::Str(_) if kind == NodeKind::Scalar => {}
                Scalar::Int(i) if i32::try_from(i).is_ok() => {}
                Scalar::Int(_) | Scalar::Uint(_) => self.fault(key, node, Problem::OutOfRange("32 bits")),
                _ if scalar.as_integer().is_some() => {}
                _ => self.wrong(key, node, "an integer or a text"),
            },
            Type::Quantity => {
                let text = if kind == NodeKind::Scalar { scalar.json_text() } else { "{}".to_owned() };
                // Surrounding blanks within quotes are ignored (`Quantity.UnmarshalJSON`).
                if let Err(error) = Quantity::parse(text.trim()) {
                    self.bare(key, node, Problem::BadForm("a quantity, such as 500m, 2, 64Mi or 1G", error.to_string()));
                }
            }
            Type::Time | Type::MicroTime => {
                let micro = matches!(wanted, Type::MicroTime);
                match scalar {
                    Scalar::Str(text) if kind == NodeKind::Scalar && is_time(text, micro) => {}
                    Scalar::Str(text) if kind == NodeKind::Scalar => {
                        let example =
                            if micro { "a time, such as 2026-01-02T03:04:05.000000Z" } else { "a time, such as 2026-01-02T03:04:05Z" };
                        self.bare(key, node, Problem::BadForm(example, format!("parsing time \"{text}\"")));
                    }
                    _ => self.wrong(key, node, "a time as text"),
                }
            }
            Type::Base64 => match scalar {
                Scalar::Str(text) if kind == NodeKind::Scalar => {
                    if base64(text).is_none() {
                        self.bare(key, node, Problem::BadForm("base64 data", "illegal base64 data".to_owned()));
                    }
                }
                // Go takes bytes as numbers too.
                _ if kind == NodeKind::Seq => {
                    let byte = |item| tree.scalar(item).as_integer().is_some_and(|i| (0..=255).contains(&i));
                    if !tree.items(node).all(byte) {
                        self.wrong(key, node, "base64 data as text");
                    }
                }
                _ => self.wrong(key, node, "base64 data as text"),
            },
        }
    }

    /// Types that decode themselves do not ask for unknown fields.
    fn leniently(&mut self, check: impl FnOnce(&mut Self)) {
        let before = self.faults.len();
        check(self);
        let found = self.faults.split_off(before);
        self.faults.extend(found.into_iter().filter(|fault| fault.problem.is_fatal()));
    }

    fn integer(&mut self, key: Option<NodeId>, node: NodeId, fits: bool, size: &'static str) {
        if fits {
            return;
        }
        let scalar = self.tree.scalar(node);
        let whole = match scalar {
            Scalar::Int(_) | Scalar::Uint(_) => true,
            Scalar::Float(f) => f.trunc() == f,
            _ => false,
        };
        if whole { self.fault(key, node, Problem::OutOfRange(size)) } else { self.wrong(key, node, "an integer") }
    }

    fn fields(&mut self, node: NodeId, wanted: &'static Struct) {
        let tree = self.tree;
        for (key, value) in tree.entries(node) {
            let name = tree.text(key);
            match wanted.fields.binary_search_by(|f| f.name.cmp(name)) {
                Ok(at) => {
                    let field = &wanted.fields[at];
                    self.path.push(Step::Field(field.name, field.embedded));
                    self.value(Some(key), value, field.wanted);
                    self.path.pop();
                }
                Err(_) => {
                    let near = crate::units::text::nearest(name, wanted.fields.iter().map(|f| f.name));
                    self.path.push(Step::Key(key));
                    self.fault(Some(key), value, Problem::UnknownField(near));
                    self.path.pop();
                }
            }
        }
    }

    fn wrong(&mut self, key: Option<NodeId>, node: NodeId, wanted: &'static str) {
        self.fault(key, node, Problem::WrongType(wanted));
    }

    /// A fault that Go reports without a path, because the type decodes itself.
    fn bare(&mut self, key: Option<NodeId>, node: NodeId, problem: Problem) {
        let path = self.written_path();
        self.faults.push(SchemaFault { node, key, path, go_path: String::new(), problem });
    }

    fn fault(&mut self, key: Option<NodeId>, node: NodeId, problem: Problem) {
        let path = self.written_path();
        let mut go_path = String::new();
        for step in &self.path {
            if let Step::Field(name, embedded) = step {
                for part in [*embedded, *name] {
                    if !part.is_empty() {
                        if !go_path.is_empty() {
                            go_path.push('.');
                        }
                        go_path.push_str(part);
                    }
                }
            }
        }
        self.faults.push(SchemaFault { node, key, path, go_path, problem });
    }

    fn written_path(&self) -> String {
        let mut path = String::new();
        for step in &self.path {
            let name = match step {
                Step::Item(index) => {
                    path += &format!("[{index}]");
                    continue;
                }
                Step::Field(name, _) => name,
                Step::Key(key) => self.tree.text(*key),
            };
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
        }
        path
    }
}

/// Go's `time.Parse` of RFC 3339; with `micro`, exactly six digits of fraction (`metav1.RFC3339Micro`).
fn is_time(text: &str, micro: bool) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| -> Option<u32> {
        let part = text.get(range)?;
        if part.bytes().all(|b| b.is_ascii_digit()) { part.parse().ok() } else { None }
    };
    let punctuation = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !punctuation.iter().all(|(at, c)| bytes.get(*at) == Some(c)) {
        return false;
    }
    let (Some(year), Some(month), Some(day)) = (digits(0..4), digits(5..7), digits(8..10)) else { return false };
    let (Some(hour), Some(minute), Some(second)) = (digits(11..13), digits(14..16), digits(17..19)) else { return false };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    if day == 0 || day > days || hour > 23 || minute > 59 || second > 59 {
        return false;
    }
    let mut rest = &text[19..];
    let fraction = rest.strip_prefix(['.', ',']).map(|f| f.bytes().take_while(u8::is_ascii_digit).count());
    match fraction {
        Some(0) => return false,
        Some(count) => rest = &rest[count + 1..],
        None => {}
    }
    if micro && fraction != Some(6) {
        return false;
    }
    match rest.as_bytes() {
        [b'Z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => {
            let number = |a: &u8, b: &u8| (a.is_ascii_digit() && b.is_ascii_digit()).then(|| (a - b'0') * 10 + (b - b'0'));
            number(h1, h2).is_some_and(|h| h <= 24) && number(m1, m2).is_some_and(|m| m <= 60)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Limits, kinds, parse};

    fn faults(text: &str) -> Vec<(String, Problem)> {
        let tree = parse(&text.into(), &Limits::default()).remove(0).unwrap();
        let root = tree.root().unwrap();
        let text = |key: &str| tree.str(tree.get(root, key).unwrap()).unwrap();
        let kind = kinds::served(text("apiVersion"), text("kind")).unwrap();
        check(&tree, root, kind).into_iter().map(|f| (f.path, f.problem)).collect()
    }

    #[test]
    fn every_served_kind_has_a_schema() {
        for kind in kinds::SERVED {
            let key = (kind.api_version, kind.kind);
            assert!(schema().kinds.iter().any(|(v, k, i)| (*v, *k) == key && (*i as usize) < schema().structs.len()), "{key:?}");
        }
        assert!(matches!(schema().json_schema, Type::Struct(_)));
    }

    #[test]
    fn presence_is_known_of_every_struct() {
        let structs: Vec<&str> = TEXT.lines().filter(|l| !l.starts_with('@')).collect();
        let marks: Vec<&str> = PRESENCE.lines().collect();
        assert_eq!(structs.len(), marks.len());
        for (line, marks) in structs.iter().zip(marks) {
            let mut marks = marks.split(' ');
            assert_eq!(line.split(' ').next(), marks.next());
            for mark in marks {
                let name = &mark[..mark.len() - 1];
                assert!(line.contains(&format!(" {name}:")), "{line}: {mark}");
            }
        }
    }

    #[test]
    fn faults_have_paths() {
        let found = faults(
            "apiVersion: apps/v1\nkind: Deployment\nspec:\n  replica: 3\n  paused: yes\n  minReadySeconds: 5000000000\n  template:\n    spec:\n      containers:\n      - {name: a, ports: 80, env: [{name: X, value: 1}], resources: {limits: {cpu: 1x, memory: 1}}}\n",
        );
        let expected = [
            ("spec.replica", Problem::UnknownField(Some("replicas"))),
            ("spec.minReadySeconds", Problem::OutOfRange("32 bits")),
            ("spec.template.spec.containers[0].ports", Problem::WrongType("a list")),
            ("spec.template.spec.containers[0].env[0].value", Problem::WrongType("a text")),
        ];
        for (fault, (path, problem)) in found.iter().zip(expected) {
            assert_eq!((fault.0.as_str(), &fault.1), (path, &problem));
        }
        assert_eq!(found.len(), 5);
        assert_eq!(found[4].0, "spec.template.spec.containers[0].resources.limits.cpu");
    }

    #[test]
    fn times_are_rfc_3339() {
        for (text, plain, micro) in [
            ("2026-01-01T00:00:00Z", true, false),
            ("2026-01-01T00:00:00.000000Z", true, true),
            ("2026-01-01T00:00:00+02:00", true, false),
            ("2026-02-29T00:00:00Z", false, false),
            ("2024-02-29T00:00:00Z", true, false),
            ("2026-01-01", false, false),
            ("2026-01-01T25:00:00Z", false, false),
            ("bogus", false, false),
            ("2026-01-01T00:00:00", false, false),
        ] {
            assert_eq!((is_time(text, false), is_time(text, true)), (plain, micro), "{text}");
        }
    }
}
