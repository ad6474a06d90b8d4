//! Proposals written into the manifests: the YAML that a proposal says to write is merged into the document it is for, and nothing else changes.
//! The text is the core's work; here is only which document and how lists are merged.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wavetank_core::manifest::{Document, Limits, Manifest, SourceSet, edit, read};

use crate::wire::SourceFile;

/// What came of writing a proposal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The files that change, whole.
    pub files: Vec<SourceFile>,
    /// What could not be written and why; empty where all could.
    pub refused: String,
}

/// The keys by which items of a list are told apart, as the API server merges them.
const MERGE_KEYS: [&str; 3] = ["topologyKey", "key", "name"];

/// Whether a snippet can be written at all: YAML without a blank to be filled by a person.
pub fn writable(snippet: &str) -> bool {
    parsed(snippet).is_some_and(|value| blanks(&value) == 0)
}

/// A snippet as a value; none where it is no document in YAML.
fn parsed(snippet: &str) -> Option<Value> {
    let manifest = read(SourceSet::single("snippet", snippet), &Limits::default());
    let [document] = &manifest.documents[..] else { return None };
    let value = document.value();
    value.get("spec").is_some_and(Value::is_object).then_some(value)
}

/// Texts like `<what it uses>`.
fn blanks(value: &Value) -> usize {
    match value {
        Value::String(text) => usize::from(text.starts_with('<')),
        Value::Array(items) => items.iter().map(blanks).sum(),
        Value::Object(entries) => entries.values().map(blanks).sum(),
        _ => 0,
    }
}

/// Writes a snippet into the documents of its subjects (`shop/deployment/web`, `budget web`).
pub fn write(manifest: &Manifest, subjects: &[String], snippet: &str) -> Written {
    let mut refused = Vec::new();
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let Some(value) = parsed(snippet) else {
        return Written { refused: "This is nothing that could be written for you.".to_string(), ..Written::default() };
    };
    for subject in subjects {
        let written = document_of(manifest, subject).ok_or_else(|| "it is in none of the files".to_string()).and_then(|document| {
            let file = manifest.sources.file(document.span.file).ok_or("its file is gone")?;
            let text = texts.get(&file.name).map_or(&*file.text, String::as_str);
            let new = if value.get("kind").is_some() { with_document(text, document, &value) } else { merged(text, document, &value) };
            Ok((file.name.clone(), new?))
        });
        match written {
            Ok((name, text)) => {
                texts.insert(name, text);
            }
            Err(why) => refused.push(format!("Not written for {subject}: {why}.")),
        }
    }
    let files = texts.into_iter().map(|(name, text)| SourceFile { name, text }).collect();
    Written { files, refused: refused.join(" ") }
}

fn document_of<'m>(manifest: &'m Manifest, subject: &str) -> Option<&'m Document> {
    let subject = subject.strip_prefix("budget ").map_or(subject.to_string(), |name| match name.split_once('/') {
        Some((namespace, name)) => format!("{namespace}/poddisruptionbudget/{name}"),
        None => format!("poddisruptionbudget/{name}"),
    });
    let parts: Vec<&str> = subject.split('/').collect();
    let (namespace, kind, name) = match parts[..] {
        [namespace, kind, name] => (namespace, kind, name),
        [kind, name] => ("default", kind, name),
        _ => return None,
    };
    manifest
        .documents
        .iter()
        .rev()
        .find(|document| document.kind.eq_ignore_ascii_case(kind) && document.name == name && document.namespace_or_default() == namespace)
}

/// The same document of a text that was changed meanwhile.
fn again<'m>(manifest: &'m Manifest, document: &Document) -> Option<&'m Document> {
    let same = |other: &&Document| other.kind == document.kind && other.name == document.name && other.namespace == document.namespace;
    manifest.documents.iter().rev().find(same)
}

/// Values to set, each at its place.
type Changes = Vec<(String, Value)>;

fn merged(text: &str, document: &Document, wanted: &Value) -> Result<String, String> {
    let mut text = text.to_string();
    let mut wanted = wanted.clone();
    loosen(&mut text, document, &mut wanted)?;
    let manifest = read(SourceSet::single("file", text.as_str()), &Limits::default());
    let own = again(&manifest, document).ok_or("the file reads differently now")?.value();
    let mut changes = Changes::new();
    plan("", &wanted, &own, &own, &mut changes);
    for (pointer, value) in changes {
        let manifest = read(SourceSet::single("file", text.as_str()), &Limits::default());
        let document = again(&manifest, document).ok_or("the file reads differently now")?;
        // A budget says one of the two.
        if pointer == "/spec/maxUnavailable" && document.tree.at("/spec/minAvailable").is_some() {
            text = edit::rename(&text, &document.tree, "/spec/minAvailable", "maxUnavailable").map_err(|why| why.to_string())?;
            let manifest = read(SourceSet::single("file", text.as_str()), &Limits::default());
            let document = again(&manifest, document).ok_or("the file reads differently now")?;
            text = edit::set(&text, &document.tree, &pointer, &value).map_err(|why| why.to_string())?;
            continue;
        }
        text = edit::set(&text, &document.tree, &pointer, &value).map_err(|why| why.to_string())?;
    }
    Ok(text)
}

/// Where pods say beside which others they want to stand.
const BESIDE: &str = "/spec/template/spec/affinity/podAffinity";
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Terms that are to be preferred as they are, instead of required, are moved: the snippet leaves them out.
fn loosen(text: &mut String, document: &Document, wanted: &mut Value) -> Result<(), String> {
    let as_they_are = |term: &Value| term.pointer("/podAffinityTerm").and_then(Value::as_object).is_some_and(serde_json::Map::is_empty);
    let Some(beside) = wanted.pointer_mut(BESIDE).and_then(Value::as_object_mut) else { return Ok(()) };
    if !beside.get(PREFERRED).and_then(Value::as_array).is_some_and(|terms| terms.iter().any(as_they_are)) {
        return Ok(());
    }
    beside.remove(PREFERRED);
    let manifest = read(SourceSet::single("file", text.as_str()), &Limits::default());
    let document = again(&manifest, document).ok_or("the file reads differently now")?;
    let own = document.value();
    let has = |key: &str| own.pointer(&format!("{BESIDE}/{key}")).and_then(Value::as_array).cloned();
    let required = has(REQUIRED).ok_or("it has no required terms")?;
    let terms: Value = required.into_iter().map(|term| json!({"weight": 100, "podAffinityTerm": term})).collect();
    if has(PREFERRED).is_some() {
        return Err("it has preferred terms already: put the required ones among them".to_string());
    }
    *text = edit::replace(text, &document.tree, &format!("{BESIDE}/{REQUIRED}"), PREFERRED, &terms).map_err(|why| why.to_string())?;
    Ok(())
}

/// What has to be set for `wanted` to hold in `own`.
fn plan(at: &str, wanted: &Value, own: &Value, document: &Value, changes: &mut Changes) {
    match (wanted, own) {
        (Value::Object(entries), Value::Object(known)) => {
            for (key, value) in entries {
                let below = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                // Written for the first of several workloads: each has labels of its own.
                let selector = (key == "labelSelector").then(|| document.pointer("/spec/selector").cloned()).flatten();
                match known.get(key) {
                    Some(_) if selector.is_some() => {}
                    Some(own) => plan(&below, value, own, document, changes),
                    None => changes.push((below, filled(selector.as_ref().unwrap_or(value), document))),
                }
            }
        }
        (Value::Array(items), Value::Array(known)) => {
            for item in items {
                let key = MERGE_KEYS.into_iter().find(|key| item.get(key).is_some());
                let same = |other: &&Value| key.is_some_and(|key| other.get(key) == item.get(key));
                match known.iter().position(|other| same(&other)) {
                    Some(nth) => plan(&format!("{at}/{nth}"), item, &known[nth], document, changes),
                    None => changes.push((format!("{at}/-"), filled(item, document))),
                }
            }
        }
        _ if wanted == own => {}
        _ => changes.push((at.to_string(), filled(wanted, document))),
    }
}

/// A value with the selectors of the document that it is written into.
fn filled(value: &Value, document: &Value) -> Value {
    match value {
        Value::Object(entries) => {
            let own = |key: &str| (key == "labelSelector").then(|| document.pointer("/spec/selector").cloned()).flatten();
            entries.iter().map(|(key, value)| (key.clone(), own(key).unwrap_or_else(|| filled(value, document)))).collect()
        }
        Value::Array(items) => items.iter().map(|item| filled(item, document)).collect(),
        _ => value.clone(),
    }
}

/// A new document behind all others of the file, with the selector and the namespace of the workload it is for.
fn with_document(text: &str, document: &Document, wanted: &Value) -> Result<String, String> {
    if text.trim_start().starts_with(['{', '[']) {
        return Err("its file is JSON, which holds one document".to_string());
    }
    let mut wanted = wanted.clone();
    if let Some(namespace) = &document.namespace {
        wanted["metadata"]["namespace"] = json!(namespace);
    }
    if wanted["spec"].get("selector").is_some_and(Value::is_null) {
        wanted["spec"]["selector"] = document.value().pointer("/spec/selector").cloned().ok_or("it has no selector")?;
    }
    let end = if text.ends_with('\n') { "" } else { "\n" };
    Ok(format!("{text}{end}---\n{}\n", edit::block(&wanted, 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(name: &str, rest: &str) -> String {
        format!(
            "apiVersion: apps/v1\nkind: Deployment  # kept\nmetadata:\n  name: {name}\n  namespace: shop\nspec:\n  replicas: 1\n  selector:\n    matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n{rest}      containers:\n      - name: web\n        image: 'web:1'\n"
        )
    }

    fn written(text: &str, subjects: &[&str], snippet: &str) -> (String, String) {
        let manifest = read(SourceSet::single("a.yaml", text), &Limits::default());
        let subjects: Vec<String> = subjects.iter().map(ToString::to_string).collect();
        let written = write(&manifest, &subjects, snippet);
        (written.files.into_iter().map(|file| file.text).collect(), written.refused)
    }

    const SPREAD: &str = "# for shop/deployment/web; the others alike\nspec:\n  replicas: 2\n  template:\n    spec:\n      topologySpreadConstraints:\n      - maxSkew: 1\n        topologyKey: zone\n        whenUnsatisfiable: DoNotSchedule\n        labelSelector:\n          matchLabels:\n            app: web\n";

    #[test]
    fn a_proposal_is_written_for_each_workload_with_its_own_labels() {
        let text = format!("{}---\n{}", web("web", ""), web("mail", ""));
        let (new, refused) = written(&text, &["shop/deployment/web", "shop/deployment/mail"], SPREAD);
        assert_eq!(refused, "");
        let manifest = read(SourceSet::single("a.yaml", new.as_str()), &Limits::default());
        for (document, app) in manifest.documents.iter().zip(["web", "mail"]) {
            let value = document.value();
            assert_eq!(value["spec"]["replicas"], 2);
            let spread = &value["spec"]["template"]["spec"]["topologySpreadConstraints"][0];
            assert_eq!(spread["labelSelector"]["matchLabels"]["app"], app, "{new}");
        }
        assert_eq!(new.matches("# kept").count(), 2);
        assert!(writable(SPREAD));
    }

    #[test]
    fn a_constraint_that_is_there_is_changed_and_not_doubled() {
        let own = "      topologySpreadConstraints:\n      - {maxSkew: 2, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {tier: x}}}\n";
        let (new, _) = written(&web("web", own), &["shop/deployment/web"], SPREAD);
        assert!(
            new.contains("{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {tier: x}}}"),
            "{new}"
        );
    }

    #[test]
    fn a_budget_says_one_of_two_and_a_new_one_takes_the_selector() {
        let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec:\n  minAvailable: 1  # all\n  selector: {matchLabels: {app: web}}\n";
        let (new, refused) = written(budget, &["budget web"], "spec:\n  maxUnavailable: 1   # and replicas\n");
        assert_eq!((new.as_str(), refused.as_str()), (budget.replace("minAvailable", "maxUnavailable").as_str(), ""));
        let snippet = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: web\nspec:\n  maxUnavailable: 1\n  selector:  # that of the workload\n";
        let (new, _) = written(&web("web", ""), &["shop/deployment/web"], snippet);
        let manifest = read(SourceSet::single("a.yaml", new.as_str()), &Limits::default());
        let value = manifest.documents[1].value();
        assert_eq!((&value["metadata"]["namespace"], &value["spec"]["selector"]["matchLabels"]["app"]), (&json!("shop"), &json!("web")));
    }

    #[test]
    fn required_terms_become_preferred_as_they_are() {
        let own = "      affinity:\n        # why\n        podAffinity:\n          requiredDuringSchedulingIgnoredDuringExecution:\n            - topologyKey: zone\n              labelSelector: {matchLabels: {app: db}}\n";
        let snippet = "spec:\n  template:\n    spec:\n      affinity:\n        podAffinity:\n          preferredDuringSchedulingIgnoredDuringExecution:\n          - weight: 100\n            podAffinityTerm: {}  # as it is\n";
        let (new, refused) = written(&web("web", own), &["shop/deployment/web"], snippet);
        assert_eq!(refused, "");
        let manifest = read(SourceSet::single("a.yaml", new.as_str()), &Limits::default());
        let beside = manifest.documents[0].value().pointer(BESIDE).cloned().expect("it is there");
        let term = json!({"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "db"}}});
        assert_eq!(beside, json!({PREFERRED: [{"weight": 100, "podAffinityTerm": term}]}), "{new}");
        assert!(new.contains("# why"));
    }

    #[test]
    fn what_cannot_be_written_says_why() {
        let (new, refused) = written(&web("web", ""), &["shop/deployment/other"], SPREAD);
        assert_eq!((new.as_str(), refused.as_str()), ("", "Not written for shop/deployment/other: it is in none of the files."));
        assert!(!writable("kubectl taint node x") && !writable("spec:\n  memory: <what it uses>\n") && !writable(""));
    }
}
