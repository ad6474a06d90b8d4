//! What kube-apiserver says about objects, against what reading says.
//!
//! Owns the comparison with `conformance/apiserver/*.jsonl`. The rules it compares are the core's.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use wavetank_core::manifest::tree::Tree;
use wavetank_core::manifest::verdict::verdict;
use wavetank_core::manifest::{Limits, parse};
use wavetank_tests::conformance_report::Report;

/// Judges every file that is there in the given folders.
///
/// Verdicts give two figures, as the data's description has it: `NAME: accepted` over all lines, and `NAME: causes` over the
/// refused ones (the set of fields and reasons; where a stage gives none, the stage).
pub(crate) fn judge(dirs: &[PathBuf]) -> Result<Report, Box<dyn Error>> {
    let mut report = Report::new("apiserver");
    for dir in dirs {
        for case in lines(&dir.join("yaml.jsonl"))? {
            yaml(&mut report, &case);
        }
        manifests(&mut report, dir)?;
        for case in lines(&dir.join("mutations.jsonl"))? {
            let id = format!("{} ({})", text(&case["id"]), text(&case["mutation"]));
            compare(&mut report, "mutations", &id, &case, &of_object(&case["object"]));
        }
        for case in lines(&dir.join("updates.jsonl"))? {
            let got = of_object(&case["object"]);
            for verdict in ["replace", "apply"] {
                let id = format!("{} {verdict} ({})", text(&case["id"]), text(&case["mutation"]));
                compare(&mut report, "updates", &id, &case[verdict], &got);
            }
        }
        for case in lines(&dir.join("admission.jsonl"))? {
            compare(&mut report, "admission", text(&case["id"]), &case, &of_object(&case["object"]));
        }
        for case in lines(&dir.join("defaults.jsonl"))? {
            // Reading fills in nothing: what it says the server would store is the object as written.
            let (expected, got) = (plain_numbers(&case["defaulted"]), plain_numbers(&case["object"]));
            report.family("defaults").compare(&expected.to_string(), &got.to_string(), text(&case["id"]));
        }
        for case in lines(&dir.join("manifest-defaults.jsonl"))? {
            let untouched = ["added", "changed", "removed"].iter().all(|key| is_empty(&case[key]));
            let id = format!("{} {} {}", text(&case["file"]), case["doc"], case["item"]);
            let family = report.family("manifest-defaults");
            if untouched { family.agree() } else { family.disagree(case["added"].to_string(), "nothing added", id) }
        }
    }
    Ok(report)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_none_or(serde_json::Map::is_empty) && value.as_array().is_none_or(Vec::is_empty)
}

/// Wavetank's verdict: stage and causes, or a stage that comes before an object is seen.
struct Said {
    stage: &'static str,
    causes: BTreeSet<(String, String)>,
}

fn of_tree(tree: &Tree) -> Said {
    let verdict = verdict(tree, true);
    let causes = verdict.causes.into_iter().map(|c| (c.field, c.reason.to_owned())).collect();
    Said { stage: verdict.stage.name(), causes }
}

fn of_object(object: &Value) -> Said {
    let text: Arc<str> = object.to_string().into();
    match parse(&text, &Limits::default()).into_iter().next() {
        Some(Ok(tree)) => of_tree(&tree),
        _ => Said { stage: "yaml", causes: BTreeSet::new() },
    }
}

/// Both figures of one verdict.
fn compare(report: &mut Report, name: &str, id: &str, expected: &Value, got: &Said) {
    let stage = text(&expected["stage"]);
    if stage == "panic" {
        return;
    }
    let causes = expected["causes"].as_array().map_or(&[][..], Vec::as_slice);
    let recorded: BTreeSet<(String, String)> =
        causes.iter().map(|c| (text(&c["field"]).to_owned(), text(&c["reason"]).to_owned())).collect();
    let show = |stage: &str, causes: &BTreeSet<(String, String)>| {
        let causes: Vec<String> = causes.iter().map(|(field, reason)| format!("{field}: {reason}")).collect();
        format!("{stage} [{}]", causes.join(", "))
    };
    let (want, have) = (show(stage, &recorded), show(got.stage, &got.causes));
    let accepted = expected["accepted"] == Value::Bool(true);
    let family = report.family(&format!("{name}: accepted"));
    if accepted == (got.stage == "accepted") {
        family.agree()
    } else {
        family.disagree(&want, &have, id)
    }
    if accepted {
        return;
    }
    let equal = match stage {
        "validation" | "strict" => stage == got.stage && recorded == got.causes,
        "decode" => {
            let fields = |causes: &BTreeSet<(String, String)>| causes.iter().map(|c| without_indices(&c.0)).collect::<BTreeSet<_>>();
            stage == got.stage && !fields(&recorded).is_disjoint(&fields(&got.causes))
        }
        _ => stage == got.stage,
    };
    let family = report.family(&format!("{name}: causes"));
    if equal { family.agree() } else { family.disagree(&want, &have, id) }
}

fn without_indices(field: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in field.chars() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            _ if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

/// Every document of the real sets, which stand beside the recordings.
fn manifests(report: &mut Report, dir: &Path) -> Result<(), Box<dyn Error>> {
    let root = dir.join("../../manifests");
    let mut open: Option<(String, Vec<Option<Tree>>)> = None;
    for case in lines(&dir.join("manifests.jsonl"))? {
        let file = text(&case["file"]);
        if open.as_ref().is_none_or(|(name, _)| name != file) {
            let bytes = std::fs::read(root.join(file)).map_err(|e| format!("{file}: {e}"))?;
            let source: Arc<str> = String::from_utf8_lossy(&bytes).into_owned().into();
            let documents = parse(&source, &Limits::default()).into_iter().map(Result::ok);
            // Documents that hold nothing do not count.
            let empty = |tree: &Option<Tree>| tree.as_ref().is_some_and(|t| t.root().is_none_or(|root| t.is_null(root)));
            open = Some((file.to_owned(), documents.filter(|d| !empty(d)).collect()));
        }
        let documents = open.as_ref().map_or(&[][..], |(_, documents)| documents.as_slice());
        let index = case["doc"].as_u64().unwrap_or(0) as usize;
        let id = format!("{file} {index} {}", case["item"]);
        let got = match documents.get(index) {
            Some(Some(tree)) => match case["item"].as_u64() {
                Some(item) => tree
                    .at(&format!("/items/{item}"))
                    .map_or_else(|| Said { stage: "yaml", causes: BTreeSet::new() }, |node| of_tree(&tree.subtree(node))),
                None => of_tree(tree),
            },
            _ => Said { stage: "yaml", causes: BTreeSet::new() },
        };
        compare(report, "manifests", &id, &case, &got);
    }
    Ok(())
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
