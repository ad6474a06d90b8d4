//! JSON Schema (draft 2020-12) of our own documents, printed from the shapes that the reader checks against.

use serde_json::{Map, Value, json};

use super::assumptions::{BEHAVIOR, CLUSTER};
use super::schema::{SCENARIO, SWEEP};
use super::shape::{Fields, Shape};

/// The kinds of documents that have a schema, in small letters.
pub const KINDS: [&str; 4] = ["cluster", "behavior", "scenario", "sweep"];

/// The schema of a kind; none for one that is not ours.
pub fn json_schema(kind: &str) -> Option<Value> {
    let (title, fields) = match kind.to_ascii_lowercase().as_str() {
        "cluster" => ("Cluster", &CLUSTER),
        "behavior" => ("Behavior", &BEHAVIOR),
        "scenario" => ("Scenario", &SCENARIO),
        "sweep" => ("Sweep", &SWEEP),
        _ => return None,
    };
    let Value::Object(body) = of_fields(fields) else { return None };
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("$id".to_owned(), json!(format!("https://wavetank.dev/schema/v1alpha1/{}.json", title.to_lowercase())));
    schema.insert("title".to_owned(), json!(title));
    schema.extend(body);
    Some(Value::Object(schema))
}

/// One schema for files in which any of the kinds may stand.
pub fn json_schema_of_all() -> Value {
    let kinds: Vec<Value> = KINDS.iter().filter_map(|kind| json_schema(kind)).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://wavetank.dev/schema/v1alpha1/all.json",
        "title": "Wavetank",
        "oneOf": kinds,
    })
}

fn of_fields(fields: &Fields) -> Value {
    let mut properties = Map::new();
    for field in fields.fields {
        let mut value = of_shape(&field.shape);
        if let Value::Object(value) = &mut value {
            value.insert("description".to_owned(), json!(field.doc));
        }
        properties.insert(field.key.to_owned(), value);
    }
    let required: Vec<&str> = fields.fields.iter().filter(|field| field.required).map(|field| field.key).collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("description".to_owned(), json!(fields.doc));
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    if !fields.exactly_one.is_empty() {
        let each: Vec<Value> = fields.exactly_one.iter().map(|key| json!({ "required": [key] })).collect();
        schema.insert("oneOf".to_owned(), json!(each));
    }
    Value::Object(schema)
}

fn of_shape(shape: &Shape) -> Value {
    match shape {
        Shape::Text | Shape::Expression => json!({ "type": "string" }),
        Shape::Duration => json!({
            "oneOf": [{ "type": "string", "pattern": "^([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|ms|s|m|h)(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|ms|s|m|h))*$" },
                      { "const": 0 }],
            "examples": ["90s", "10m", "1h30m"],
        }),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Number => json!({ "type": "number" }),
        Shape::Integer(least, i64::MAX) => json!({ "type": "integer", "minimum": least }),
        Shape::Integer(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Quantity => json!({ "type": ["string", "number"], "examples": ["500m", "4Gi"] }),
        Shape::Word([one]) => json!({ "const": one }),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::List(of) => json!({ "type": "array", "items": of_shape(of) }),
        Shape::Map(of) => json!({ "type": "object", "additionalProperties": of_shape(of) }),
        Shape::Fields(fields) => of_fields(fields),
        Shape::Short(scalar, fields) => json!({ "oneOf": [of_shape(scalar), of_fields(fields)] }),
        Shape::OneOf(shapes) => json!({ "anyOf": shapes.iter().map(of_shape).collect::<Vec<_>>() }),
        Shape::Any => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::build::{ClusterOptions, build};
    use crate::manifest::{Limits, SourceSet, read};

    /// A document with every field that a table has.
    fn sample(fields: &Fields) -> Value {
        let of_field = |field: &super::super::shape::Field| {
            let value = match (field.key, &field.shape) {
                ("taints", _) => json!([{ "key": "k", "effect": "NoSchedule" }]),
                ("selector", _) => json!({ "matchLabels": { "app": "web" } }),
                ("podCIDR", _) => json!("0.0.0.0/1"),
                ("time", _) => json!("2026-03-29T00:55:00Z"),
                ("capacity", _) => json!({ "cpu": "4", "memory": "16Gi" }),
                ("exitsByIndex", _) => json!({ "0": [{ "afterSeconds": 1, "code": 1 }] }),
                ("memoryUsage" | "cpuUsage", _) => json!("80%"),
                (_, shape) => one(shape),
            };
            (field.key.to_owned(), value)
        };
        // A load is stated in all or by each pod, not in both ways.
        Value::Object(fields.fields.iter().filter(|field| !field.key.ends_with("PerPod")).map(of_field).collect())
    }

    fn one(shape: &Shape) -> Value {
        match shape {
            Shape::Text | Shape::Expression => json!("web"),
            Shape::Duration => json!("5s"),
            Shape::Bool => json!(true),
            Shape::Number | Shape::Integer(..) | Shape::Quantity => json!(1),
            Shape::Word(words) => json!(words[0]),
            Shape::List(of) => json!([one(of)]),
            Shape::Map(of) => json!({ "key": one(of) }),
            Shape::Fields(fields) | Shape::Short(_, fields) => sample(fields),
            Shape::OneOf(shapes) => one(&shapes[0]),
            Shape::Any => json!({}),
        }
    }

    #[test]
    fn what_the_schema_allows_the_builder_reads() {
        for fields in [&CLUSTER, &BEHAVIOR] {
            let text = sample(fields).to_string();
            let manifest = read(SourceSet::single("own.json", text.as_str()), &Limits::default());
            let built = build(&manifest, &ClusterOptions::default());
            let told: Vec<String> =
                manifest.diagnostics.iter().chain(&built.diagnostics).map(|d| format!("{} {}", d.id, d.message)).collect();
            let errors: Vec<&String> = told.iter().filter(|t| t.starts_with("WT2021") || t.starts_with("WT2022")).collect();
            assert!(errors.is_empty(), "{errors:?} in {text}");
        }
    }

    #[test]
    fn every_kind_has_a_schema_that_closes_its_maps() {
        for kind in KINDS {
            let schema = json_schema(kind).expect("a schema");
            assert_eq!(schema["additionalProperties"], json!(false), "{kind}");
            assert_eq!(schema["properties"]["apiVersion"]["const"], json!("wavetank.dev/v1alpha1"));
        }
        assert_eq!(json_schema("pod"), None);
    }
}
