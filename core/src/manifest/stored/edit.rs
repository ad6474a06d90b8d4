//! Changing an object held as JSON, where what is absent has its default.
//!
//! Owns the words for it; it knows no field.

use serde_json::{Map, Value};

/// Words for completing objects.
pub(super) trait Edit {
    /// Sets a field that is absent.
    fn set_default(&mut self, key: &str, value: impl Into<Value>);
    /// Sets a field.
    fn put(&mut self, key: &str, value: impl Into<Value>);
    /// The field, made an empty map where it is absent.
    fn part(&mut self, key: &str) -> &mut Value;
    /// The field, if it is set.
    fn field(&mut self, key: &str) -> Option<&mut Value>;
    /// The items of a list; none where it is absent.
    fn list(&mut self, key: &str) -> &mut [Value];
    /// Removes a field.
    fn remove(&mut self, key: &str) -> Option<Value>;
    /// Whether the field is set.
    fn has(&self, key: &str) -> bool;
    /// The text of a field; empty where it is absent.
    fn word(&self, key: &str) -> &str;
}

impl Edit for Value {
    fn set_default(&mut self, key: &str, value: impl Into<Value>) {
        if !self.has(key) {
            self.put(key, value);
        }
    }

    fn put(&mut self, key: &str, value: impl Into<Value>) {
        if let Value::Object(map) = self {
            map.insert(key.to_owned(), value.into());
        }
    }

    fn part(&mut self, key: &str) -> &mut Value {
        if !self.is_object() {
            *self = Value::Object(Map::new());
        }
        match self {
            Value::Object(map) => map.entry(key).or_insert_with(|| Value::Object(Map::new())),
            other => other,
        }
    }

    fn field(&mut self, key: &str) -> Option<&mut Value> {
        self.get_mut(key).filter(|v| !v.is_null())
    }

    fn list(&mut self, key: &str) -> &mut [Value] {
        match self.get_mut(key) {
            Some(Value::Array(items)) => items,
            _ => &mut [],
        }
    }

    fn remove(&mut self, key: &str) -> Option<Value> {
        self.as_object_mut()?.shift_remove(key)
    }

    fn has(&self, key: &str) -> bool {
        self.get(key).is_some_and(|v| !v.is_null())
    }

    fn word(&self, key: &str) -> &str {
        self.get(key).and_then(Value::as_str).unwrap_or("")
    }
}

/// Whether a map or list holds something.
pub(super) fn has_entries(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Object(map)) => !map.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        _ => false,
    }
}
