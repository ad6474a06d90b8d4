//! Shapes: what may be written in a document of our own kinds, as data.
//!
//! Owns the language in which `schema` describes the documents, and the strict check of a tree against it. One description serves
//! both the check here and the JSON Schema for editors, so that they cannot differ.

use super::catalog::{MISSING_FIELD, ONE_VERB, UNKNOWN_FIELD, WRONG_VALUE};
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::tree::{NodeId, NodeKind, Scalar, Tree};
use crate::units::duration::Duration;
use crate::units::text::{nearest, visible_short};

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A string.
    Text,
    /// A string in the Common Expression Language.
    Expression,
    /// A span of time as Go writes it: `90s`, `1h30m`.
    Duration,
    /// `true` or `false`.
    Bool,
    /// A whole number between the two.
    Integer(i64, i64),
    /// A Kubernetes quantity: a number, or a string such as `500m` or `4Gi`.
    Quantity,
    /// A number.
    Number,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list.
    List(&'static Shape),
    /// A map whose keys are free.
    Map(&'static Shape),
    /// A map with known keys.
    Fields(&'static Fields),
    /// A map with known keys, or for short the scalar that stands for it.
    Short(&'static Shape, &'static Fields),
    /// One of several.
    OneOf(&'static [Shape]),
    /// Whatever Kubernetes allows there: judged elsewhere.
    Any,
}

/// The keys of a map.
#[derive(Debug)]
pub struct Fields {
    /// What it is.
    pub doc: &'static str,
    /// Its keys.
    pub fields: &'static [Field],
    /// Of these keys exactly one must be there; empty for no such rule.
    pub exactly_one: &'static [&'static str],
}

/// One key of a map.
#[derive(Debug)]
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What its value may be.
    pub shape: Shape,
    /// What it means, in a sentence.
    pub doc: &'static str,
}

/// A key that may be left out.
pub(super) const fn field(key: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { key, required: false, shape, doc }
}

/// A key that must be there.
pub(super) const fn required(key: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { key, required: true, shape, doc }
}

/// A map without further rules.
pub(super) const fn fields(doc: &'static str, fields: &'static [Field]) -> Fields {
    Fields { doc, fields, exactly_one: &[] }
}

/// Says of everything below `node` that is not as `shape` has it what is wrong, where, and what was likely meant. The depth of the
/// walk is that of the shape, not that of the input.
pub fn check(tree: &Tree, node: NodeId, shape: &Shape, told: &mut Vec<Diagnostic>) {
    match shape {
        Shape::Any => {}
        Shape::OneOf(shapes) => {
            let fits = |shape: &Shape| {
                let mut wrong = Vec::new();
                check(tree, node, shape, &mut wrong);
                wrong.is_empty()
            };
            if !shapes.iter().any(fits) {
                shapes.iter().take(1).for_each(|first| check(tree, node, first, told));
            }
        }
        Shape::List(of) => match tree.kind(node) {
            NodeKind::Seq => tree.items(node).for_each(|item| check(tree, item, of, told)),
            _ => wrong(tree, node, "a list", told),
        },
        Shape::Map(of) => match tree.kind(node) {
            NodeKind::Map => tree.entries(node).for_each(|(_, value)| check(tree, value, of, told)),
            _ => wrong(tree, node, "a map", told),
        },
        Shape::Short(scalar, fields) => match tree.kind(node) {
            NodeKind::Map => check_fields(tree, node, fields, told),
            _ => check(tree, node, scalar, told),
        },
        Shape::Fields(fields) => match tree.kind(node) {
            NodeKind::Map => check_fields(tree, node, fields, told),
            _ => wrong(tree, node, "a map", told),
        },
        Shape::Text | Shape::Expression => {
            if tree.str(node).is_none() {
                wrong(tree, node, "a string", told);
            }
        }
        Shape::Bool => {
            if !matches!(scalar(tree, node), Some(Scalar::Bool(_))) {
                wrong(tree, node, "true or false", told);
            }
        }
        Shape::Number => {
            if !matches!(scalar(tree, node), Some(Scalar::Int(_) | Scalar::Uint(_) | Scalar::Float(_))) {
                wrong(tree, node, "a number", told);
            }
        }
        Shape::Integer(least, most) => {
            let value = scalar(tree, node).and_then(|s| s.as_integer());
            if !value.is_some_and(|value| (*least..=*most).contains(&value)) {
                let wanted = match (*least, *most) {
                    (least, i64::MAX) => format!("a whole number, at least {least}"),
                    (least, most) => format!("a whole number from {least} to {most}"),
                };
                wrong(tree, node, &wanted, told);
            }
        }
        Shape::Quantity => {
            let fits = match scalar(tree, node) {
                Some(Scalar::Int(_) | Scalar::Uint(_) | Scalar::Float(_)) => true,
                Some(Scalar::Str(text)) => crate::units::quantity::Quantity::parse(text).is_ok(),
                _ => false,
            };
            if !fits {
                wrong(tree, node, "a quantity such as 500m or 4Gi", told);
            }
        }
        Shape::Duration => {
            let given = match scalar(tree, node) {
                Some(Scalar::Int(0)) => Ok(Duration::default()),
                Some(Scalar::Str(text)) => Duration::parse(text).map_err(|error| error.to_string()),
                _ => Err("write a duration with its unit, such as 90s, 10m or 1h30m".to_owned()),
            };
            match given {
                Ok(duration) if duration.nanos() < 0 => wrong(tree, node, "a duration that is not negative", told),
                Ok(_) => {}
                Err(error) => told.push(
                    Diagnostic::error(WRONG_VALUE, format!("not a duration: {}", shown(tree, node))).at(Some(tree.span(node))).help(error),
                ),
            }
        }
        Shape::Word(words) => {
            let text = tree.str(node);
            if text.is_some_and(|text| words.contains(&text)) {
                return;
            }
            let mut diagnostic = Diagnostic::error(WRONG_VALUE, format!("expected {}, found {}", or_list(words), shown(tree, node)))
                .at(Some(tree.span(node)));
            if let Some(near) = text.and_then(|text| nearest(text, words.iter().copied())) {
                diagnostic = diagnostic.help(format!("did you mean {near}?")).fix(tree.span(node), near, format!("Write {near}"));
            }
            told.push(diagnostic);
        }
    }
}

fn scalar<'t>(tree: &'t Tree, node: NodeId) -> Option<Scalar<'t>> {
    (tree.kind(node) == NodeKind::Scalar).then(|| tree.scalar(node))
}

fn check_fields(tree: &Tree, node: NodeId, fields: &Fields, told: &mut Vec<Diagnostic>) {
    for (key, value) in tree.entries(node) {
        let name = tree.text(key);
        if let Some(field) = fields.fields.iter().find(|field| field.key == name) {
            // `key: null` is as if the key were not there, as everywhere in Kubernetes.
            if field.required || !tree.is_null(value) {
                check(tree, value, &field.shape, told);
            }
            continue;
        }
        let known = fields.fields.iter().map(|field| field.key);
        let mut diagnostic =
            Diagnostic::error(UNKNOWN_FIELD, format!("unknown field {}", visible_short(name, 64))).at(Some(tree.span(key)));
        diagnostic = match nearest(name, known.clone()) {
            Some(near) => diagnostic.help(format!("did you mean {near}?")).fix(tree.span(key), near, format!("Write {near}")),
            None => diagnostic.help(format!("known here: {}", known.collect::<Vec<_>>().join(", "))),
        };
        told.push(diagnostic);
    }
    for field in fields.fields.iter().filter(|field| field.required && tree.get(node, field.key).is_none()) {
        told.push(Diagnostic::error(MISSING_FIELD, format!("{} is missing", field.key)).at(Some(tree.span(node))).help(field.doc));
    }
    if fields.exactly_one.is_empty() {
        return;
    }
    let given: Vec<&str> = fields.exactly_one.iter().copied().filter(|key| tree.get(node, key).is_some()).collect();
    // An unknown key was told of already, and is likely the one that is missing.
    let all_known = tree.entries(node).all(|(key, _)| fields.fields.iter().any(|field| field.key == tree.text(key)));
    match given.as_slice() {
        [_] => {}
        [] if all_known => told.push(
            Diagnostic::error(ONE_VERB, format!("nothing is said of {}", fields.doc))
                .at(Some(tree.span(node)))
                .help(format!("write one of {}", fields.exactly_one.join(", "))),
        ),
        [] => {}
        [first, rest @ ..] => {
            let mut diagnostic = Diagnostic::error(ONE_VERB, format!("only one of {} may stand here", given.join(", ")));
            diagnostic = diagnostic.at(rest.first().and_then(|key| tree.entry(node, key)).map(|(key, _)| tree.span(key)));
            told.push(diagnostic.note(tree.entry(node, first).map(|(key, _)| tree.span(key)), format!("{first} stands here")));
        }
    }
}

fn wrong(tree: &Tree, node: NodeId, wanted: &str, told: &mut Vec<Diagnostic>) {
    told.push(Diagnostic::error(WRONG_VALUE, format!("expected {wanted}, found {}", shown(tree, node))).at(Some(tree.span(node))));
}

fn shown(tree: &Tree, node: NodeId) -> String {
    match tree.kind(node) {
        NodeKind::Map => "a map".to_owned(),
        NodeKind::Seq => "a list".to_owned(),
        NodeKind::Scalar => match tree.scalar(node) {
            Scalar::Str(text) => format!("\"{}\"", visible_short(text, 64)),
            other => visible_short(&other.json_text(), 64),
        },
    }
}

fn or_list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [init @ .., last] => format!("{} or {last}", init.join(", ")),
    }
}
