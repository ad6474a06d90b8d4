//! A place in an object: a value that may be absent, and the path by which the API server names it.
//!
//! Owns walking and the collecting of field errors (`k8s.io/apimachinery/pkg/util/validation/field`, v1.37). It has no rule.

use std::cell::RefCell;
use std::fmt::Write;

use serde_json::Value;

use crate::units::quantity::Quantity;

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
    /// It has too many entries.
    TooMany,
    /// What it names does not exist.
    NotFound,
    /// Its value is of another type than it may have.
    TypeInvalid,
    /// Reading it went wrong inside of the API server.
    Internal,
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
            Self::TooMany => "FieldValueTooMany",
            Self::NotFound => "FieldValueNotFound",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::Internal => "InternalError",
        }
    }
}

/// A field error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field, as the API server writes it.
    pub field: String,
    /// The keys and indices that lead to it, from the root.
    pub steps: Vec<String>,
    /// Why it is refused.
    pub reason: Reason,
    /// What is wrong, in words.
    pub message: String,
}

/// One step of a path.
#[derive(Clone, Copy)]
enum Step<'a> {
    Field(&'a str),
    Key(&'a str),
    Index(u32),
}

/// The paths walked so far; a [`Field`] is a number into them.
#[derive(Default)]
pub(super) struct Paths<'a> {
    /// The path before it (0 is the root), and the last step.
    steps: RefCell<Vec<(u32, Step<'a>)>>,
}

impl<'a> Paths<'a> {
    fn add(&self, before: u32, step: Step<'a>) -> u32 {
        let mut steps = self.steps.borrow_mut();
        steps.push((before, step));
        steps.len() as u32
    }

    fn of(&self, at: u32) -> Vec<Step<'a>> {
        let steps = self.steps.borrow();
        let mut path = Vec::new();
        let mut at = at;
        while let Some((before, step)) = (at as usize).checked_sub(1).and_then(|i| steps.get(i)) {
            path.push(*step);
            at = *before;
        }
        path.reverse();
        path
    }
}

/// A field of an object, set or not. `null` counts as not set.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    value: Option<&'a Value>,
    at: u32,
    paths: &'a Paths<'a>,
}

impl<'a> Field<'a> {
    pub(super) fn root(value: &'a Value, paths: &'a Paths<'a>) -> Self {
        Self { value: Some(value), at: 0, paths }
    }

    fn child(&self, value: Option<&'a Value>, step: Step<'a>) -> Self {
        Self { value: value.filter(|v| !v.is_null()), at: self.paths.add(self.at, step), paths: self.paths }
    }

    /// The field of that name; absent if this is no map.
    pub(super) fn get(&self, name: &'a str) -> Self {
        self.child(self.value.and_then(|v| v.get(name)), Step::Field(name))
    }

    /// The field at several names in turn.
    pub(super) fn at(&self, names: &[&'a str]) -> Self {
        names.iter().fold(*self, |field, name| field.get(name))
    }

    /// The items of a list.
    pub(super) fn items(&self) -> impl ExactSizeIterator<Item = Self> + DoubleEndedIterator + use<'a> {
        let list = self.value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let place = *self;
        list.iter().enumerate().map(move |(i, value)| place.child(Some(value), Step::Index(i as u32)))
    }

    /// Keys and values of a map; a value's path is `path[key]`.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Self)> + use<'a> {
        let place = *self;
        let map = self.value.and_then(Value::as_object);
        map.into_iter().flatten().map(move |(key, value)| (key.as_str(), place.child(Some(value), Step::Key(key))))
    }

    /// How many entries or items there are.
    pub(super) fn len(&self) -> usize {
        match self.value {
            Some(Value::Array(list)) => list.len(),
            Some(Value::Object(map)) => map.len(),
            _ => 0,
        }
    }

    /// The entry of a map under a key, named `path[key]`, set or not.
    pub(super) fn entry(&self, key: &'a str) -> Self {
        self.child(self.value.and_then(|v| v.get(key)), Step::Key(key))
    }

    /// The place of an item, whether there is one or not.
    pub(super) fn item(&self, index: usize) -> Self {
        self.child(self.value.and_then(|v| v.get(index)), Step::Index(index as u32))
    }

    /// The same value, named as an item of another place.
    pub(super) fn called_item(&self, place: &Self, index: usize) -> Self {
        Self { value: self.value, ..place.child(None, Step::Index(index as u32)) }
    }

    /// The same value, named as a field of another place.
    pub(super) fn named(&self, place: &Self, name: &'a str) -> Self {
        Self { value: self.value, ..place.child(None, Step::Field(name)) }
    }

    /// The same value, named `other[key]`.
    pub(super) fn called(self, other: &Self, key: &'a str) -> Self {
        Self { value: self.value, ..other.child(None, Step::Key(key)) }
    }

    pub(super) fn is_set(&self) -> bool {
        self.value.is_some()
    }

    /// Whether it is absent, an empty text, or a list or map without entries.
    pub(super) fn is_empty(&self) -> bool {
        match self.value {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.is_empty(),
            Some(Value::Array(list)) => list.is_empty(),
            Some(Value::Object(map)) => map.is_empty(),
            Some(_) => false,
        }
    }

    pub(super) fn value(&self) -> Option<&'a Value> {
        self.value
    }

    /// The text; empty if absent.
    pub(super) fn text(&self) -> &'a str {
        self.value.and_then(Value::as_str).unwrap_or("")
    }

    /// The texts of a list.
    pub(super) fn texts(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.value.and_then(Value::as_array).into_iter().flatten().map(|v| v.as_str().unwrap_or(""))
    }

    pub(super) fn integer(&self) -> Option<i64> {
        self.value.and_then(Value::as_i64)
    }

    /// The integer; zero if absent.
    pub(super) fn int(&self) -> i64 {
        self.integer().unwrap_or(0)
    }

    /// Whether it is `true`.
    pub(super) fn is_true(&self) -> bool {
        self.value == Some(&Value::Bool(true))
    }

    /// Whether it is `false`, and said so.
    pub(super) fn is_false(&self) -> bool {
        self.value == Some(&Value::Bool(false))
    }

    /// A quantity, whether it is written as a text or a number.
    pub(super) fn quantity(&self) -> Option<Quantity> {
        match self.value? {
            Value::String(text) => Quantity::parse(text.trim()).ok(),
            Value::Number(number) => Quantity::parse(&number.to_string()).ok(),
            _ => None,
        }
    }

    /// Whether both hold the same, absent ones included.
    pub(super) fn same(&self, other: &Field<'_>) -> bool {
        self.value == other.value
    }

    /// The path as the API server writes it.
    pub(super) fn path(&self) -> String {
        let mut path = String::new();
        for step in self.paths.of(self.at) {
            // Writing to a String cannot fail.
            let _ = match step {
                Step::Field(name) if path.is_empty() => write!(path, "{name}"),
                Step::Field(name) => write!(path, ".{name}"),
                Step::Key(key) => write!(path, "[{key}]"),
                Step::Index(index) => write!(path, "[{index}]"),
            };
        }
        path
    }

    fn steps(&self) -> Vec<String> {
        let own = |step| match step {
            Step::Field(name) | Step::Key(name) => String::from(name),
            Step::Index(index) => index.to_string(),
        };
        self.paths.of(self.at).into_iter().map(own).collect()
    }
}

/// The field errors found so far.
#[derive(Default)]
pub(super) struct Errors(pub(super) Vec<FieldError>);

impl Errors {
    pub(super) fn add(&mut self, field: &Field<'_>, reason: Reason, message: impl Into<String>) {
        self.0.push(FieldError { field: field.path(), steps: field.steps(), reason, message: message.into() });
    }

    pub(super) fn required(&mut self, field: &Field<'_>) {
        self.add(field, Reason::Required, "it must be set");
    }

    pub(super) fn invalid(&mut self, field: &Field<'_>, message: impl Into<String>) {
        self.add(field, Reason::Invalid, message);
    }

    pub(super) fn forbidden(&mut self, field: &Field<'_>, message: impl Into<String>) {
        self.add(field, Reason::Forbidden, message);
    }

    pub(super) fn duplicate(&mut self, field: &Field<'_>) {
        self.add(field, Reason::Duplicate, "it is given twice");
    }

    pub(super) fn too_long(&mut self, field: &Field<'_>, limit: usize) {
        self.add(field, Reason::TooLong, format!("it may have at most {limit} bytes"));
    }

    pub(super) fn too_many(&mut self, field: &Field<'_>, limit: usize) {
        self.add(field, Reason::TooMany, format!("it may have at most {limit} entries"));
    }

    pub(super) fn not_supported(&mut self, field: &Field<'_>, known: &[&str]) {
        self.add(field, Reason::NotSupported, format!("it must be one of {}", known.join(", ")));
    }

    /// Refuses a text that is set and none of `known`. An empty one counts as not set.
    pub(super) fn one_of(&mut self, field: &Field<'_>, known: &[&str]) {
        if !field.is_empty() && !known.contains(&field.text()) {
            self.not_supported(field, known);
        }
    }

    /// Refuses whatever is none of `known`, nothing included.
    pub(super) fn must_be_one_of(&mut self, field: &Field<'_>, known: &[&str]) {
        if !known.contains(&field.text()) {
            self.not_supported(field, known);
        }
    }

    /// As [`Self::must_be_one_of`], but what is not set is missing.
    pub(super) fn required_one_of(&mut self, field: &Field<'_>, known: &[&str]) {
        if field.is_empty() { self.required(field) } else { self.must_be_one_of(field, known) }
    }

    /// Refuses an integer outside of a range.
    pub(super) fn within(&mut self, field: &Field<'_>, range: std::ops::RangeInclusive<i64>) {
        if field.integer().is_some_and(|value| !range.contains(&value)) {
            let message = match *range.end() {
                i64::MAX => format!("it must be greater than or equal to {}", range.start()),
                end => format!("it must be between {} and {end}, inclusive", range.start()),
            };
            self.invalid(field, message);
        }
    }

    /// Refuses a negative integer.
    pub(super) fn nonnegative(&mut self, field: &Field<'_>) {
        self.within(field, 0..=i64::MAX);
    }

    /// Refuses what has not the form wanted, with the form in words.
    pub(super) fn form(&mut self, field: &Field<'_>, ok: bool, form: &str) {
        if !ok {
            self.invalid(field, format!("it must have {form}"));
        }
    }
}
