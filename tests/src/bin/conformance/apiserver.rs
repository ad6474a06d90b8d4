//! What kube-apiserver says about objects, against what reading says.
//!
//! Owns the comparison with `conformance/apiserver/*.jsonl`. The rules it compares are the core's.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use wavetank_core::manifest::{Limits, parse};
use wavetank_tests::conformance_report::Report;

/// Judges every file that is there in the given folders.
pub(crate) fn judge(dirs: &[PathBuf]) -> Result<Report, Box<dyn Error>> {
    let mut report = Report::new("apiserver");
    for dir in dirs {
        for case in lines(&dir.join("yaml.jsonl"))? {
            yaml(&mut report, &case);
        }
    }
    Ok(report)
}

/// The values of a file of JSON lines; nothing if there is no such file.
fn lines(path: &Path) -> Result<Vec<Value>, Box<dyn Error>> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path)?;
    let parse = |line: &str| {
        // Some recorded documents nest deeper than serde_json allows by default.
        let line = whole_characters(line);
        let mut reader = serde_json::Deserializer::from_str(&line);
        reader.disable_recursion_limit();
        Value::deserialize(&mut reader).map_err(|e| format!("{}: {e}", path.display()).into())
    };
    text.lines().filter(|line| !line.is_empty()).map(parse).collect()
}

/// Escapes of lone surrogates, which no Rust string can hold, as the U+FFFD that Go makes of them.
fn whole_characters(line: &str) -> String {
    let unit = |at: usize| {
        let digits = line.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let mut out = String::with_capacity(line.len());
    let mut at = 0;
    while let Some(found) = line[at..].find('\\') {
        let escape = at + found;
        out.push_str(&line[at..escape]);
        let (text, length) = match (unit(escape), unit(escape + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => (&line[escape..escape + 12], 12),
            (Some(0xd800..0xe000), _) => ("\\ufffd", 6),
            _ => (&line[escape..escape + 2], 2),
        };
        out.push_str(text);
        at = escape + length;
    }
    out + &line[at..]
}

/// How a text is cut into documents and what JSON each becomes.
fn yaml(report: &mut Report, case: &Value) {
    let name = case["name"].as_str().unwrap_or("");
    let text: Arc<str> = case["yaml"].as_str().unwrap_or("").into();
    let documents = case["documents"].as_array().map_or(&[][..], Vec::as_slice);
    let expected: Vec<Option<Value>> = documents.iter().map(|d| d.get("json").map(plain_numbers)).collect();
    let got: Vec<Option<Value>> =
        parse(&text, &Limits::default()).into_iter().map(|d| d.ok().map(|t| plain_numbers(&t.to_value()))).collect();
    let show = |list: &[Option<Value>]| {
        let part = |d: &Option<Value>| d.as_ref().map_or_else(|| "error".to_owned(), Value::to_string);
        format!("[{}]", list.iter().map(part).collect::<Vec<_>>().join(", "))
    };
    let family = report.family("yaml");
    if expected == got { family.agree() } else { family.disagree(show(&expected), show(&got), name) }
}

/// Numbers by value: `1.0` is `1`. Keys sorted, since maps have no order.
fn plain_numbers(value: &Value) -> Value {
    match value {
        Value::Number(n) => match n.as_f64() {
            Some(f) if n.is_f64() && f.trunc() == f && f.abs() < 9e15 => Value::from(f as i64),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(plain_numbers).collect(),
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            Value::Object(entries.into_iter().map(|(k, v)| (k.clone(), plain_numbers(v))).collect())
        }
        _ => value.clone(),
    }
}
