//! Changes of a document's text that leave everything else as it was written: comments, order, indentation, quotes.
//!
//! Owns where a value is written and how. It knows no kind, and refuses what it cannot write without touching more.

use std::fmt;

use serde_json::Value;

use super::tree::{NodeId, NodeKind, Tree};

/// Why a change cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwritable(pub String);

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unwritable {}

/// The text with a value at a JSON pointer of one of its documents. What is missing on the way is made; a list's new item, named by `-`, comes
/// first.
///
/// ```
/// use serde_json::json;
/// use wavetank_core::manifest::{Limits, SourceSet, edit, read};
/// let text = "kind: Pod  # mine\nspec:\n    replicas: 1\n";
/// let manifest = read(SourceSet::single("a.yaml", text), &Limits::default());
/// let tree = &manifest.documents[0].tree;
/// assert_eq!(edit::set(text, tree, "/spec/replicas", &json!(2)).unwrap(), text.replace('1', "2"));
/// let added = edit::set(text, tree, "/spec/strategy/type", &json!("Recreate")).unwrap();
/// assert_eq!(added, "kind: Pod  # mine\nspec:\n    strategy:\n      type: Recreate\n    replicas: 1\n");
/// ```
///
/// # Errors
/// Where the place is behind an alias, or something that is no map or list stands in the way.
pub fn set(text: &str, tree: &Tree, pointer: &str, value: &Value) -> Result<String, Unwritable> {
    let root = tree.root().ok_or_else(|| Unwritable("the document is empty".to_owned()))?;
    let parts = parts(pointer);
    let mut at = root;
    for (depth, part) in parts.iter().enumerate() {
        let Some(next) = child(tree, at, part) else {
            let rest = parts[depth + 1..].iter().rev().fold(value.clone(), |inner, key| {
                if key == "-" { Value::Array(vec![inner]) } else { Value::Object([(key.clone(), inner)].into_iter().collect()) }
            });
            return insert(text, tree, at, part, &rest);
        };
        at = within(tree, at, next, part)?;
    }
    let range = tree.span(at).range();
    if tree.kind(at) != NodeKind::Scalar && !flows(text, tree, at) {
        return Err(Unwritable(format!("{pointer} is a block that would have to be written anew")));
    }
    if text.get(range.clone()).is_none_or(|old| old.is_empty() || old.starts_with(['|', '>', '&', '*', '!'])) {
        return Err(Unwritable(format!("{pointer} is not written as a plain value")));
    }
    Ok(replaced(text, range, &flow(value, is_json(text))))
}

/// The text with another key in the place of one.
///
/// # Errors
/// Where there is no such key.
pub fn rename(text: &str, tree: &Tree, pointer: &str, key: &str) -> Result<String, Unwritable> {
    let span = tree.key_span_at(pointer).ok_or_else(|| Unwritable(format!("there is no {pointer}")))?;
    Ok(replaced(text, span.range(), &flow(&Value::from(key), is_json(text))))
}

/// The text with a whole entry of a map, key and value, written anew. Comments within it are lost.
///
/// # Errors
/// Where there is no such entry, or its value stands behind an alias.
pub fn replace(text: &str, tree: &Tree, pointer: &str, key: &str, value: &Value) -> Result<String, Unwritable> {
    let none = || Unwritable(format!("there is no {pointer}"));
    let (parent, _) = pointer.rsplit_once('/').ok_or_else(none)?;
    let parent = tree.at(parent).ok_or_else(none)?;
    let (Some(old_key), old) = tree.entry_at(pointer).ok_or_else(none)? else { return Err(none()) };
    let start = tree.span(old_key).range().start;
    let end = end_of(text, tree, old);
    if !tree.span(parent).contains(tree.span(old)) || end < start {
        return Err(Unwritable(format!("{pointer} is written elsewhere, behind an alias")));
    }
    let json = is_json(text);
    let new = if flows(text, tree, parent) {
        format!("{}: {}", flow(&Value::from(key), json), flow(value, json))
    } else {
        entry(key, value, line_of(text, start).1)
    };
    Ok(replaced(text, start..end, &new))
}

/// The text with an item put into a list before the one that is `nth`, or after the last; in brackets where its neighbour is.
///
/// ```
/// use serde_json::json;
/// use wavetank_core::manifest::{Limits, SourceSet, edit, read};
/// let text = "steps:\n# first\n- {at: 0s}  # now\n- {at: 9s}\n";
/// let manifest = read(SourceSet::single("a.yaml", text), &Limits::default());
/// let added = edit::put_item(text, &manifest.documents[0].tree, "/steps", 1, &json!({"at": "5s"})).unwrap();
/// assert_eq!(added, "steps:\n# first\n- {at: 0s}  # now\n- {at: 5s}\n- {at: 9s}\n");
/// ```
///
/// # Errors
/// Where there is no list, or it stands behind an alias.
pub fn put_item(text: &str, tree: &Tree, pointer: &str, nth: usize, value: &Value) -> Result<String, Unwritable> {
    let (list, items) = list_at(tree, pointer)?;
    let Some(&before) = nth.checked_sub(1).and_then(|before| items.get(before)) else {
        // What stands above the first item is about that.
        let Some(&first) = items.first().filter(|_| !flows(text, tree, list)) else { return insert(text, tree, list, "-", value) };
        let dash = dash_of(text, tree, first)?;
        let (line, column) = line_of(text, dash);
        let line = above_comments(text, line);
        return Ok(replaced(text, line..line, &format!("{}\n", item(text, tree, first, value, column))));
    };
    let end = end_of(text, tree, before);
    if flows(text, tree, list) {
        return Ok(replaced(text, end..end, &format!(", {}", flow(value, is_json(text)))));
    }
    let (_, column) = line_of(text, dash_of(text, tree, before)?);
    let end = text.get(end..).and_then(|rest| rest.find('\n')).map_or(text.len(), |newline| end + newline);
    Ok(replaced(text, end..end, &format!("\n{}", item(text, tree, before, value, column))))
}

/// The text without an item of a list. A list in lines that has no other becomes `[]`; comments above an item stay.
///
/// # Errors
/// Where there is no such item, or it stands behind an alias.
pub fn remove_item(text: &str, tree: &Tree, pointer: &str, nth: usize) -> Result<String, Unwritable> {
    let (list, items) = list_at(tree, pointer)?;
    let &gone = items.get(nth).ok_or_else(|| Unwritable(format!("{pointer} has no item {nth}")))?;
    let (start, end) = (tree.span(gone).range().start, end_of(text, tree, gone));
    if flows(text, tree, list) {
        // With the comma on one side of it.
        let range = match (items.get(nth + 1), nth.checked_sub(1).and_then(|before| items.get(before))) {
            (Some(&next), _) => start..tree.span(next).range().start,
            (None, Some(&before)) => end_of(text, tree, before)..end,
            (None, None) => start..end,
        };
        return Ok(replaced(text, range, ""));
    }
    let (line, _) = line_of(text, dash_of(text, tree, gone)?);
    let after = text.get(end..).and_then(|rest| rest.find('\n')).map_or(text.len(), |newline| end + newline + 1);
    if let [_] = items[..] {
        let key = tree.key_span_at(pointer).map_or(0, |key| key.range().end);
        let colon = text.get(key..line).and_then(|rest| rest.find(':')).map(|colon| key + colon + 1);
        let colon = colon.ok_or_else(|| Unwritable(format!("{pointer} has no key")))?;
        return Ok(replaced(&replaced(text, line..after, ""), colon..colon, " []"));
    }
    // Where no line follows it goes with the end of the one before.
    let line = if text.get(..after).is_some_and(|own| own.ends_with('\n')) { line } else { line.saturating_sub(1) };
    Ok(replaced(text, line..after, ""))
}

/// The list at a pointer, with its items.
fn list_at(tree: &Tree, pointer: &str) -> Result<(NodeId, Vec<NodeId>), Unwritable> {
    let none = || Unwritable(format!("{pointer} is no list"));
    let mut list = tree.root().ok_or_else(none)?;
    for part in parts(pointer) {
        list = within(tree, list, child(tree, list, &part).ok_or_else(none)?, &part)?;
    }
    if tree.kind(list) != NodeKind::Seq {
        return Err(none());
    }
    let items = tree.items(list).map(|item| within(tree, list, item, "an item")).collect::<Result<_, _>>()?;
    Ok((list, items))
}

/// The steps of a JSON pointer.
fn parts(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
}

/// The value of a map's key, or a list's item.
fn child(tree: &Tree, of: NodeId, part: &str) -> Option<NodeId> {
    match tree.kind(of) {
        NodeKind::Map => tree.get(of, part),
        NodeKind::Seq => part.parse().ok().and_then(|nth: usize| tree.items(of).nth(nth)),
        NodeKind::Scalar => None,
    }
}

/// A child, if it is written where its parent is.
fn within(tree: &Tree, parent: NodeId, child: NodeId, part: &str) -> Result<NodeId, Unwritable> {
    match tree.span(parent).contains(tree.span(child)) {
        true => Ok(child),
        false => Err(Unwritable(format!("`{part}` is written elsewhere, behind an alias"))),
    }
}

/// Where the dash of an item stands.
fn dash_of(text: &str, tree: &Tree, item: NodeId) -> Result<usize, Unwritable> {
    let dash = text.get(..tree.span(item).range().start).and_then(|before| before.rfind('-'));
    dash.ok_or_else(|| Unwritable("the list has no dash".to_owned()))
}

/// Where the line of a byte begins, and how many characters stand before it there.
fn line_of(text: &str, at: usize) -> (usize, usize) {
    let line = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    (line, text.get(line..at).map_or(0, |before| before.chars().count()))
}

/// The beginning of the first of the comment lines right above a line; the line's own where there are none.
fn above_comments(text: &str, line: usize) -> usize {
    let mut at = line;
    while let Some((before, _)) = at.checked_sub(1).map(|end| line_of(text, end)) {
        if !text.get(before..at).is_some_and(|own| own.trim_start().starts_with('#')) {
            break;
        }
        at = before;
    }
    at
}

/// An item of a list in lines, in brackets where `beside` is.
fn item(text: &str, tree: &Tree, beside: NodeId, value: &Value, column: usize) -> String {
    let value = if flows(text, tree, beside) { flow(value, false) } else { block(value, column + 2) };
    format!("{}- {value}", " ".repeat(column))
}

/// One past the last byte of a value: a block's own span may reach to what follows it.
fn end_of(text: &str, tree: &Tree, value: NodeId) -> usize {
    let mut at = value;
    loop {
        let last = match tree.kind(at) {
            NodeKind::Map => tree.entries(at).last().map(|(_, value)| value),
            NodeKind::Seq => tree.items(at).last(),
            NodeKind::Scalar => None,
        };
        // What is written in brackets ends with its own.
        let last = last.filter(|_| !flows(text, tree, at));
        match last.filter(|&last| tree.span(at).contains(tree.span(last))) {
            Some(last) => at = last,
            None => return tree.span(at).range().end,
        }
    }
}

/// A value as YAML, in blocks, each line behind an indentation of so many spaces but for the first.
#[must_use]
pub fn block(value: &Value, indent: usize) -> String {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            let lines: Vec<String> = entries.iter().map(|(key, value)| entry(key, value, indent)).collect();
            lines.join(&format!("\n{pad}"))
        }
        Value::Array(items) if !items.is_empty() => {
            let lines: Vec<String> = items.iter().map(|item| format!("- {}", block(item, indent + 2))).collect();
            lines.join(&format!("\n{pad}"))
        }
        _ => flow(value, false),
    }
}

/// A key and its value in blocks.
fn entry(key: &str, value: &Value, indent: usize) -> String {
    let key = flow(&Value::from(key), false);
    let nested =
        matches!(value, Value::Object(entries) if !entries.is_empty()) || matches!(value, Value::Array(items) if !items.is_empty());
    if nested {
        format!("{key}:\n{}{}", " ".repeat(indent + 2), block(value, indent + 2))
    } else {
        format!("{key}: {}", flow(value, false))
    }
}

/// A value on one line; in JSON's own form where the text is JSON.
fn flow(value: &Value, json: bool) -> String {
    match value {
        _ if json => value.to_string(),
        Value::Object(entries) => {
            let inner: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}: {}", flow(&Value::from(key.as_str()), json), flow(value, json))).collect();
            format!("{{{}}}", inner.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(|item| flow(item, json)).collect::<Vec<_>>().join(", ")),
        Value::String(text) if is_plain(text) => text.clone(),
        _ => value.to_string(),
    }
}

/// Whether a text without quotes is read back as the same text.
fn is_plain(text: &str) -> bool {
    let duration = text.ends_with(['h', 'm', 's']) && text.chars().all(|c| c.is_ascii_digit() || "hms.".contains(c));
    (duration || text.starts_with(|c: char| c.is_ascii_alphabetic()))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
        && !is_word(text)
}

/// Whether YAML reads a text without quotes as a truth value or as nothing (version 1.1, too).
pub(crate) fn is_word(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" | "null")
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// Whether a map or list is written on one line, in brackets. One in lines that begins with something in brackets begins where that does.
fn flows(text: &str, tree: &Tree, node: NodeId) -> bool {
    let span = tree.span(node).range();
    let first = match tree.kind(node) {
        NodeKind::Map => tree.entries(node).next().map(|(key, _)| key),
        NodeKind::Seq => tree.items(node).next(),
        NodeKind::Scalar => None,
    };
    let own = first.is_none_or(|first| tree.span(first).range().start > span.start);
    own && text.get(span).is_some_and(|own| own.starts_with(['{', '[']))
}

fn replaced(text: &str, range: std::ops::Range<usize>, new: &str) -> String {
    let (head, tail) = (text.get(..range.start).unwrap_or(text), text.get(range.end..).unwrap_or(""));
    format!("{head}{new}{tail}")
}

/// Puts a first entry into a map, or a first item into a list.
fn insert(text: &str, tree: &Tree, into: NodeId, part: &str, value: &Value) -> Result<String, Unwritable> {
    let json = is_json(text);
    let span = tree.span(into).range();
    let seq = tree.kind(into) == NodeKind::Seq;
    let (first, new_inline) = match tree.kind(into) {
        NodeKind::Map => {
            let inline = format!("{}: {}", flow(&Value::from(part), json), flow(value, json));
            (tree.entries(into).next().map(|(key, _)| key), inline)
        }
        NodeKind::Seq if part == "-" => (tree.items(into).next(), flow(value, json)),
        NodeKind::Seq => return Err(Unwritable(format!("the list has no item {part}"))),
        NodeKind::Scalar => return Err(Unwritable(format!("there is no map to write `{part}` into"))),
    };
    if flows(text, tree, into) {
        let between = if first.is_some() { ", " } else { "" };
        return Ok(replaced(text, span.start + 1..span.start + 1, &format!("{new_inline}{between}")));
    }
    let first = first.ok_or_else(|| Unwritable(format!("there is no entry beside which `{part}` could be written")))?;
    let at = if seq { dash_of(text, tree, first)? } else { tree.span(first).range().start };
    let (_, column) = line_of(text, at);
    let new = if seq { format!("- {}", block(value, column + 2)) } else { entry(part, value, column) };
    Ok(replaced(text, at..at, &format!("{new}\n{}", " ".repeat(column))))
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, SourceSet, read};
    use super::*;
    use serde_json::json;

    fn changed(text: &str, pointer: &str, value: &Value) -> Result<String, Unwritable> {
        let manifest = read(SourceSet::single("a.yaml", text), &Limits::default());
        let new = set(text, &manifest.documents[0].tree, pointer, value)?;
        let again = read(SourceSet::single("a.yaml", new.as_str()), &Limits::default());
        let found = again.documents[0].value();
        let at = pointer.replace("/-", "/0");
        assert_eq!(found.pointer(&at), Some(value), "{new}");
        Ok(new)
    }

    #[test]
    fn values_are_written_where_they_belong() {
        let text =
            "kind: D\nmetadata:\n  name: web # it\nspec:\n  template:\n    spec:\n      containers:\n      - name: a\n        image: x\n";
        let spread = json!([{"maxSkew": 1, "labelSelector": {"matchLabels": {"app": "web"}}}]);
        let new = changed(text, "/spec/template/spec/topologySpreadConstraints", &spread).unwrap();
        assert!(new.contains("\n      topologySpreadConstraints:\n        - maxSkew: 1\n          labelSelector:\n            matchLabels:\n              app: web\n      containers:"), "{new}");
        changed(text, "/spec/template/spec/containers/0/resources/requests/memory", &json!("64Mi")).unwrap();
        changed(text, "/spec/template/spec/containers/-", &json!({"name": "b"})).unwrap();
        changed(text, "/spec/replicas", &json!(3)).unwrap();
        changed(text, "/metadata/name", &json!("no")).unwrap();
        assert!(changed(text, "/spec/template/spec/containers/7/x", &json!(1)).is_err());
        assert!(changed(text, "/metadata/name/x", &json!(1)).is_err());
    }

    #[test]
    fn a_list_in_lines_whose_items_are_in_brackets_gets_another_line() {
        let text = "kind: D\nspec:\n  rules:\n  - {a: 1}\n  - {a: 2}\n";
        let new = changed(text, "/spec/rules/-", &json!({"a": 0})).unwrap();
        assert_eq!(new, text.replace("  - {a: 1}", "  - a: 0\n  - {a: 1}"));
    }

    #[test]
    fn one_line_stays_one_line() {
        let text = "kind: D\nspec: {replicas: 1, a: [], b: {}}\n";
        assert_eq!(changed(text, "/spec/replicas", &json!(2)).unwrap(), text.replace(": 1", ": 2"));
        assert_eq!(
            changed(text, "/spec/strategy/type", &json!("Recreate")).unwrap(),
            text.replace("{repl", "{strategy: {type: Recreate}, repl")
        );
        assert_eq!(changed(text, "/spec/a/-", &json!({"k": "v"})).unwrap(), text.replace("[]", "[{k: v}]"));
        assert_eq!(changed(text, "/spec/b/c", &json!("1")).unwrap(), text.replace("{}", "{c: \"1\"}"));
        let json_text = "{\"kind\": \"D\", \"spec\": {\"replicas\": 1}}";
        changed(json_text, "/spec/strategy", &json!({"type": "Recreate"})).unwrap();
    }

    #[test]
    fn items_come_and_go_and_what_stands_around_them_stays() {
        let edited = |text: &str, nth: usize, value: Option<&Value>| {
            let manifest = read(SourceSet::single("a.yaml", text), &Limits::default());
            let tree = &manifest.documents[0].tree;
            let new = match value {
                Some(value) => put_item(text, tree, "/spec/steps", nth, value),
                None => remove_item(text, tree, "/spec/steps", nth),
            };
            let (new, old) = (new.unwrap(), tree.at("/spec/steps").map_or(0, |list| tree.items(list).len()));
            let again = read(SourceSet::single("a.yaml", new.as_str()), &Limits::default());
            let items = again.documents[0].value().pointer("/spec/steps").cloned().unwrap();
            let items = items.as_array().unwrap();
            match value {
                Some(value) => assert_eq!((items.len(), &items[nth]), (old + 1, value), "{new}"),
                None => assert_eq!(items.len(), old - 1, "{new}"),
            }
            new
        };
        let new = json!({"at": "5s", "drain": {"node": "x1", "force": true}});
        let lines =
            "spec:\n  steps:\n    # one\n    - at: 0s # now\n      drain: a\n    # two\n    - at: 9s\n      drain: b\n  expect: []\n";
        let step = "    - at: 5s\n      drain:\n        node: x1\n        force: true\n";
        assert_eq!(edited(lines, 0, Some(&new)), lines.replace("    # one", &format!("{step}    # one")));
        assert_eq!(edited(lines, 1, Some(&new)), lines.replace("    # two", &format!("{step}    # two")));
        assert_eq!(edited(lines, 2, Some(&new)), lines.replace("  expect", &format!("{step}  expect")));
        assert_eq!(edited(lines, 0, None), lines.replace("    - at: 0s # now\n      drain: a\n", ""));
        assert_eq!(edited(lines, 1, None), lines.replace("    - at: 9s\n      drain: b\n", ""));
        let one = "spec:\n  steps:\n  - drain: a\n  other: 1";
        assert_eq!(edited(one, 0, None), "spec:\n  steps: []\n  other: 1");
        assert_eq!(edited("spec:\n  steps: # all\n  # one\n  - drain: a", 0, None), "spec:\n  steps: [] # all\n  # one\n");
        assert_eq!(
            edited("spec:\n  steps:\n  - {drain: a}", 1, Some(&json!({"at": "1s"}))),
            "spec:\n  steps:\n  - {drain: a}\n  - {at: 1s}"
        );
        let flowing = "spec: {steps: [{drain: a}, {drain: b}], x: 1}\n";
        for nth in 0..3 {
            edited(flowing, nth, Some(&new));
        }
        assert_eq!(edited(flowing, 0, None), "spec: {steps: [{drain: b}], x: 1}\n");
        assert_eq!(edited(flowing, 1, None), "spec: {steps: [{drain: a}], x: 1}\n");
        assert_eq!(edited("spec: {steps: [{drain: a}]}", 0, None), "spec: {steps: []}");
        edited("spec: {steps: []}", 0, Some(&new));
        edited("{\"spec\": {\"steps\": [{\"drain\": \"a\"}]}}", 1, Some(&new));
        let alias = "a: &x [1]\nspec: {steps: *x}\n";
        let manifest = read(SourceSet::single("a.yaml", alias), &Limits::default());
        assert!(remove_item(alias, &manifest.documents[0].tree, "/a", 4).is_err());
        assert!(remove_item(alias, &manifest.documents[0].tree, "/spec/steps", 0).is_err_and(|why| why.0.contains("behind an alias")));
        assert!(put_item(alias, &manifest.documents[0].tree, "/none", 0, &new).is_err());
    }

    #[test]
    fn an_entry_is_written_anew() {
        let text = "kind: D\nspec:\n  # why\n  required:\n    - {a: 1}\n    - b: {c: {d: 2}}\n  # next\n  other: 3\n";
        let manifest = read(SourceSet::single("a.yaml", text), &Limits::default());
        let new = replace(text, &manifest.documents[0].tree, "/spec/required", "preferred", &json!([{"w": 1, "t": {"a": 1}}])).unwrap();
        assert_eq!(new, "kind: D\nspec:\n  # why\n  preferred:\n    - w: 1\n      t:\n        a: 1\n  # next\n  other: 3\n");
        let text = "kind: D\nspec: {r: [1], o: {}}\n";
        let manifest = read(SourceSet::single("a.yaml", text), &Limits::default());
        let new = replace(text, &manifest.documents[0].tree, "/spec/o", "p", &json!(1));
        assert_eq!(new.unwrap(), "kind: D\nspec: {r: [1], p: 1}\n");
        assert!(replace(text, &manifest.documents[0].tree, "/spec/none", "p", &json!(1)).is_err());
    }

    #[test]
    fn what_stands_elsewhere_is_left_alone() {
        let text = "a: &x {b: 1}\nspec: *x\n";
        assert!(changed(text, "/spec/b", &json!(2)).is_err());
        let manifest = read(SourceSet::single("a.yaml", "kind: P\nspec:\n  minAvailable: 1\n"), &Limits::default());
        let tree = &manifest.documents[0].tree;
        let renamed = rename("kind: P\nspec:\n  minAvailable: 1\n", tree, "/spec/minAvailable", "maxUnavailable").unwrap();
        assert_eq!(renamed, "kind: P\nspec:\n  maxUnavailable: 1\n");
        assert!(rename("", tree, "/spec/none", "x").is_err());
    }
}
