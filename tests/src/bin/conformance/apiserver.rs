//! What kube-apiserver says about objects, against what reading says.
//!
//! Owns the comparison with `conformance/apiserver/*.jsonl`. The rules it compares are the core's.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use wavetank_core::apiserver::Api;
use wavetank_core::cluster::Cluster;
use wavetank_core::cluster::build::{Behaviors, Builder, ClusterOptions, Epoch, Gaps};
use wavetank_core::manifest::tree::Tree;
use wavetank_core::manifest::verdict::{Change, Existing, Verdict, of_change, verdict};
use wavetank_core::manifest::{Limits, Object, kinds, parse, stored};
use wavetank_core::units::time::Time;
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
        let seeds: BTreeMap<String, Existing> = lines(&dir.join("seeds.jsonl"))?
            .iter()
            .filter_map(|seed| Some((text(&seed["id"]).to_owned(), Existing::of(&tree_of(&seed["object"])?)?)))
            .collect();
        for case in lines(&dir.join("updates.jsonl"))? {
            let (old, tree) = (seeds.get(text(&case["old"])), tree_of(&case["object"]));
            for (name, change) in [("replace", Change::Replace), ("apply", Change::Apply)] {
                let got = match (old, &tree) {
                    (Some(old), Some(tree)) => of_verdict(of_change(tree, old, change)),
                    _ => Said { stage: "yaml", causes: BTreeSet::new() },
                };
                let id = format!("{} {name} ({})", text(&case["id"]), text(&case["mutation"]));
                compare(&mut report, "updates", &id, &case[name], &got);
            }
        }
        for case in lines(&dir.join("admission.jsonl"))? {
            compare(&mut report, "admission", text(&case["id"]), &case, &admitted(&case));
        }
        for case in lines(&dir.join("defaults.jsonl"))? {
            let (expected, got) = (plain_numbers(&case["defaulted"]), answer_to(&case["object"]));
            report.family("defaults").compare(&expected.to_string(), &got.to_string(), text(&case["id"]));
        }
        manifest_defaults(&mut report, dir)?;
    }
    Ok(report)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// Wavetank's verdict: stage and causes, or a stage that comes before an object is seen.
struct Said {
    stage: &'static str,
    causes: BTreeSet<(String, String)>,
}

fn of_tree(tree: &Tree) -> Said {
    of_verdict(verdict(tree, true))
}

fn of_verdict(verdict: Verdict) -> Said {
    let causes = verdict.causes.into_iter().map(|c| (c.field, c.reason.to_owned())).collect();
    Said { stage: verdict.stage.name(), causes }
}

fn of_object(object: &Value) -> Said {
    tree_of(object).map_or_else(|| Said { stage: "yaml", causes: BTreeSet::new() }, |tree| of_tree(&tree))
}

/// What becomes of an object that meets others: what reading says of it, then what admission does.
fn admitted(case: &Value) -> Said {
    let said = of_object(&case["object"]);
    if said.stage != "accepted" {
        return said;
    }
    let mut cluster = Cluster::default();
    let options = ClusterOptions { gaps: Gaps::Keep, epoch: Epoch::Fixed, ..ClusterOptions::default() };
    let mut builder = Builder::new(&mut cluster, options);
    for given in case["given"].as_array().into_iter().flatten() {
        if let Ok(object) = Object::from_value(given.clone()) {
            builder.insert(&object, None);
        }
    }
    let mut api = Api::new(cluster, Time::ZERO);
    let Ok(object) = Object::from_value(case["object"].clone()) else { return said };
    match api.apply(&object, None, &Behaviors::default()) {
        Ok(_) => said,
        // What admission filled in made a field invalid; a policy's refusal may have the same code.
        Err(refusal) if refusal.message.contains(" is invalid: ") => {
            let field = refusal.message.split_once(" is invalid: ").and_then(|(_, rest)| rest.split_once(": Invalid value"));
            Said {
                stage: "validation",
                causes: field.map(|(field, _)| (field.to_owned(), "FieldValueInvalid".to_owned())).into_iter().collect(),
            }
        }
        Err(_) => Said { stage: "admission", causes: BTreeSet::new() },
    }
}

fn tree_of(object: &Value) -> Option<Tree> {
    let text: Arc<str> = object.to_string().into();
    parse(&text, &Limits::default()).into_iter().next().and_then(Result::ok)
}

/// What the server would answer with, its drawn values and all; `null` if it cannot be read.
fn answer(tree: &Tree) -> Value {
    let text = |pointer: &str| tree.at(pointer).and_then(|node| tree.str(node)).unwrap_or("");
    let kind = kinds::served(text("/apiVersion"), text("/kind"));
    match (kind, tree.root()) {
        (Some(kind), Some(root)) => plain_numbers(&stored::answered(tree, root, kind)),
        _ => Value::Null,
    }
}

fn answer_to(object: &Value) -> Value {
    tree_of(object).map_or(Value::Null, |tree| answer(&tree))
}

/// What the server makes of the documents of the real sets: the difference is applied to the document, and the whole compared.
fn manifest_defaults(report: &mut Report, dir: &Path) -> Result<(), Box<dyn Error>> {
    let mut files = Files::new(dir);
    for case in lines(&dir.join("manifest-defaults.jsonl"))? {
        let id = format!("{} {} {}", text(&case["file"]), case["doc"], case["item"]);
        let tree = files.document(&case)?;
        let complete = tree.clone().and_then(|tree| if is_assumed(&case, &tree) { assume(&tree) } else { Some(tree) });
        let family = report.family("manifest-defaults");
        let Some(tree) = tree else {
            family.disagree("an object", "nothing that can be read", id);
            continue;
        };
        let mut expected = tree.to_value();
        apply(&mut expected, &case);
        let (expected, got) = (plain_numbers(&expected), complete.as_ref().map_or(Value::Null, answer));
        if expected == got {
            family.agree();
        } else {
            let (mut want, mut have) = (Vec::new(), Vec::new());
            differences("", &expected, &got, &mut want, &mut have);
            family.disagree(want.join(", "), have.join(", "), id);
        }
    }
    Ok(())
}

/// Applies a recorded difference: what was added and changed, then what was removed, from the last to the first.
fn apply(object: &mut Value, case: &Value) {
    for part in ["added", "changed"] {
        for (pointer, value) in case[part].as_object().into_iter().flatten() {
            let Some((parent, key)) = pointer.rsplit_once('/') else { continue };
            let key = key.replace("~1", "/").replace("~0", "~");
            match object.pointer_mut(parent) {
                Some(Value::Object(map)) => drop(map.insert(key, value.clone())),
                Some(Value::Array(list)) => match key.parse::<usize>() {
                    Ok(index) if index < list.len() => list[index] = value.clone(),
                    _ => list.push(value.clone()),
                },
                _ => {}
            }
        }
    }
    for pointer in case["removed"].as_array().into_iter().flatten().rev() {
        let Some((parent, key)) = text(pointer).rsplit_once('/') else { continue };
        let key = key.replace("~1", "/").replace("~0", "~");
        match object.pointer_mut(parent) {
            Some(Value::Object(map)) => drop(map.remove(&key)),
            Some(Value::Array(list)) => {
                if let Some(index) = key.parse::<usize>().ok().filter(|i| *i < list.len()) {
                    list.remove(index);
                }
            }
            _ => {}
        }
    }
    // The identity that the recording leaves out.
    if let Some(Value::Object(meta)) = object.get_mut("metadata") {
        for field in ["managedFields", "uid", "creationTimestamp", "resourceVersion", "selfLink"] {
            meta.remove(field);
        }
    }
}

/// Where two values differ, as far as a person wants to know.
fn differences(path: &str, want: &Value, have: &Value, wanted: &mut Vec<String>, got: &mut Vec<String>) {
    let none = Value::String("(absent)".to_owned());
    match (want, have) {
        _ if want == have => {}
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                differences(&format!("{path}/{key}"), a.get(key).unwrap_or(&none), b.get(key).unwrap_or(&none), wanted, got);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}/{index}"), a, b, wanted, got);
            }
        }
        _ => {
            wanted.push(format!("{path} = {want}"));
            got.push(format!("{path} = {have}"));
        }
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
            stage == got.stage && (recorded.is_empty() || !fields(&recorded).is_disjoint(&fields(&got.causes)))
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

/// The document as it was asked about, with the service account that an admission plugin would name.
fn with_assumed(tree: Tree, case: &Value) -> Option<Tree> {
    if case["assumed"].is_null() { Some(tree) } else { assume(&tree) }
}

/// Whether a recorded difference shows that a service account was assumed.
fn is_assumed(case: &Value, tree: &Tree) -> bool {
    case["added"]["/spec/serviceAccountName"] == "default" && tree.at("/spec/serviceAccountName").is_none()
}

fn assume(tree: &Tree) -> Option<Tree> {
    let mut object = tree.to_value();
    object.get_mut("spec")?.as_object_mut()?.insert("serviceAccountName".to_owned(), "default".into());
    tree_of(&object)
}

/// The documents of the real sets, which stand beside the recordings.
struct Files {
    root: PathBuf,
    open: Option<(String, Vec<Option<Tree>>)>,
}

impl Files {
    fn new(dir: &Path) -> Self {
        Self { root: dir.join("../../manifests"), open: None }
    }

    /// The document or list item that a case is about; nothing if it cannot be read.
    fn document(&mut self, case: &Value) -> Result<Option<Tree>, Box<dyn Error>> {
        let file = text(&case["file"]);
        if self.open.as_ref().is_none_or(|(name, _)| name != file) {
            let bytes = std::fs::read(self.root.join(file)).map_err(|e| format!("{file}: {e}"))?;
            let source: Arc<str> = String::from_utf8_lossy(&bytes).into_owned().into();
            let documents = parse(&source, &Limits::default()).into_iter().map(Result::ok);
            // Documents that hold nothing do not count.
            let empty = |tree: &Option<Tree>| tree.as_ref().is_some_and(|t| t.root().is_none_or(|root| t.is_null(root)));
            self.open = Some((file.to_owned(), documents.filter(|d| !empty(d)).collect()));
        }
        let documents = self.open.as_ref().map_or(&[][..], |(_, documents)| documents.as_slice());
        let index = case["doc"].as_u64().unwrap_or(0) as usize;
        let Some(Some(tree)) = documents.get(index) else { return Ok(None) };
        Ok(match case["item"].as_u64() {
            Some(item) => tree.at(&format!("/items/{item}")).map(|node| tree.subtree(node)),
            None => Some(tree.clone()),
        })
    }
}

fn manifests(report: &mut Report, dir: &Path) -> Result<(), Box<dyn Error>> {
    let mut files = Files::new(dir);
    for case in lines(&dir.join("manifests.jsonl"))? {
        let id = format!("{} {} {}", text(&case["file"]), case["doc"], case["item"]);
        let got = match files.document(&case)?.and_then(|tree| with_assumed(tree, &case)) {
            Some(tree) => of_tree(&tree),
            None => Said { stage: "yaml", causes: BTreeSet::new() },
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
