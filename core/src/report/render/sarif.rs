//! The report as SARIF 2.1.0, for code hosts and editors: a result for each thing there is to say at a line, with the simulated chain of
//! causes as its code flow.
//!
//! The same run gives the same bytes. Fingerprints name the matter, not the line, so that an edit above it does not make it new.

use serde_json::{Value, json};

use super::super::annotations::{Annotation, Level, annotations};
use super::super::model::{Link, Place, Report};
use super::super::span;
use super::super::why::diagnostic;
use crate::units::arrange::Arrange;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The file's text.
pub fn render(report: &Report) -> String {
    let properties = json!({"kubernetes": report.kubernetes, "seed": report.seed, "verdict": report.verdict.text});
    of(&annotations(report), &properties)
}

/// The same for annotations from anywhere, with what there is to say of the run as a whole.
pub fn of(all: &[Annotation], properties: &Value) -> String {
    let mut ids: Vec<&str> = all.iter().map(|a| a.rule.as_str()).collect();
    ids.arrange();
    ids.dedup();
    let rules: Vec<Value> = ids.iter().map(|id| rule(id)).collect();
    let results: Vec<Value> = all.iter().map(|a| result(a, ids.binary_search(&a.rule.as_str()).unwrap_or_default())).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Wavetank",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://wavetank.dev",
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "properties": properties,
            "results": results,
        }],
    });
    // Plain data with text keys always serialises.
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

fn rule(id: &str) -> Value {
    match diagnostic(id) {
        Some(info) => json!({
            "id": id,
            "shortDescription": {"text": info.title},
            "fullDescription": {"text": info.explanation},
            "help": {"text": format!("{}\n\nwavetank explain {id}", info.explanation)},
        }),
        None => json!({"id": id}),
    }
}

fn result(annotation: &Annotation, rule_index: usize) -> Value {
    let mut result = json!({
        "ruleId": annotation.rule,
        "ruleIndex": rule_index,
        "level": match annotation.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        },
        "message": {"text": annotation.message},
        "partialFingerprints": {"wavetankMatter/v1": fingerprint(annotation)},
    });
    // GitHub shows only results that have a place; those without keep their message.
    result["locations"] = annotation.place.iter().filter_map(physical).map(|place| json!({"physicalLocation": place})).collect();
    let related: Vec<Value> = annotation
        .related
        .iter()
        .filter_map(|(place, text)| Some(json!({"physicalLocation": physical(place)?, "message": {"text": text}})))
        .collect();
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    if !annotation.chain.is_empty() {
        let locations: Vec<Value> = annotation.chain.iter().map(flow).collect();
        result["codeFlows"] = json!([{"message": {"text": "what led there, in virtual time"}, "threadFlows": [{"locations": locations}]}]);
    }
    result
}

fn flow(link: &Link) -> Value {
    json!({"location": {"message": {"text": format!("{}: {}", span(link.at_ms), link.text)}}, "importance": "essential"})
}

/// A place in a file. Standard input is no file that another program could open.
fn physical(place: &Place) -> Option<Value> {
    if place.file.starts_with('<') {
        return None;
    }
    Some(json!({
        "artifactLocation": {"uri": uri(&place.file)},
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "byteOffset": place.start,
            "byteLength": place.end.saturating_sub(place.start),
            "snippet": {"text": place.text},
        },
    }))
}

/// A path as a relative reference (RFC 3986): what is neither unreserved nor a slash is percent-encoded; a drive or an absolute path
/// becomes a `file:` URI.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path).replace('\\', "/");
    let mut out = String::with_capacity(path.len() + 8);
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// Names the matter from run to run: the rule, whom it is about, and the file. Of diagnostics, which have no subject, the message.
fn fingerprint(annotation: &Annotation) -> String {
    let file = annotation.place.as_ref().map_or("", |place| place.file.as_str());
    let whom = if annotation.subject.is_empty() { &annotation.message } else { &annotation.subject };
    let mut hasher = blake3::Hasher::new();
    for part in [annotation.rule.as_str(), whom, file] {
        hasher.update(part.as_bytes());
        hasher.update(&[0]);
    }
    hasher.finalize().to_hex().as_str()[..32].to_owned()
}
