//! Merging fields into a pod as structured merge diff does (`apiserver/pkg/admission/plugin/policy/mutating/patch/smd.go`; the schema of the
//! lists is `k8s.io/api/core/v1/types.go`, v1.37), and JSON Patch (RFC 6902).

use crate::units::arrange::Arrange;
use serde_json::{Map, Value};

/// The keys by which items of a list are told apart; none for a list that is replaced as a whole.
fn keys(field: &str) -> Option<&'static [&'static str]> {
    Some(match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets"
        | "schedulingGates"
        | "claims"
        | "resourceClaims" => &["name"],
        "ports" => &["containerPort", "protocol"],
        "volumeMounts" => &["mountPath"],
        "volumeDevices" => &["devicePath"],
        "hostAliases" => &["ip"],
        "topologySpreadConstraints" => &["topologyKey", "whenUnsatisfiable"],
        "ownerReferences" => &["uid"],
        _ => return None,
    })
}

/// Maps and structs that are replaced as a whole.
fn is_atomic(path: &[String], field: &str) -> bool {
    match field {
        "nodeSelector" | "labelSelector" | "namespaceSelector" | "configMapKeyRef" | "secretKeyRef" | "fieldRef" | "resourceFieldRef"
        | "secretRef" => true,
        "requiredDuringSchedulingIgnoredDuringExecution" => path.last().is_some_and(|p| p == "nodeAffinity"),
        _ => false,
    }
}

/// The object with the fields of a change.
///
/// # Errors
/// The change touches what can only be replaced as a whole, or an item of a list has no key.
pub(super) fn apply(object: &Value, change: &Value) -> Result<Value, String> {
    let Value::Object(_) = change else { return Err("the change is no object".to_owned()) };
    let mut atomic = Vec::new();
    find_atomic(&mut Vec::new(), change, &mut atomic);
    atomic.arrange();
    if !atomic.is_empty() {
        return Err(format!("invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {}", atomic.join(", ")));
    }
    let mut new = object.clone();
    merge(&mut new, change)?;
    Ok(new)
}

fn find_atomic(path: &mut Vec<String>, change: &Value, found: &mut Vec<String>) {
    let Value::Object(fields) = change else { return };
    for (field, value) in fields {
        let whole = match value {
            Value::Array(_) => field != "finalizers" && keys(field).is_none(),
            Value::Object(_) => is_atomic(path, field),
            _ => false,
        };
        if whole {
            found.push(format!(".{}", path.iter().chain([field]).cloned().collect::<Vec<_>>().join(".")));
            continue;
        }
        path.push(field.clone());
        match value {
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    let own = path.pop().unwrap_or_default();
                    path.push(format!("{own}[{at}]"));
                    find_atomic(path, item, found);
                    path.pop();
                    path.push(own);
                }
            }
            other => find_atomic(path, other, found),
        }
        path.pop();
    }
}

fn merge(into: &mut Value, change: &Value) -> Result<(), String> {
    let (Value::Object(own), Value::Object(fields)) = (&mut *into, change) else {
        *into = change.clone();
        return Ok(());
    };
    for (field, value) in fields {
        match (own.get_mut(field), value) {
            (_, Value::Null) => {
                own.remove(field);
            }
            (Some(Value::Array(items)), Value::Array(new)) => match keys(field) {
                Some(keys) => merge_items(field, items, new, keys)?,
                None => items.extend(new.iter().filter(|item| !items.contains(item)).cloned().collect::<Vec<_>>()),
            },
            (Some(known), value) => merge(known, value)?,
            (None, Value::Array(new)) => {
                let mut items = Vec::new();
                match keys(field) {
                    Some(keys) => merge_items(field, &mut items, new, keys)?,
                    None => items.clone_from(new),
                }
                own.insert(field.clone(), Value::Array(items));
            }
            (None, value) => {
                let mut new = Value::Object(Map::new());
                merge(&mut new, value)?;
                own.insert(field.clone(), new);
            }
        }
    }
    Ok(())
}

/// Items that are there are changed in their places, others come after them.
fn merge_items(field: &str, items: &mut Vec<Value>, new: &[Value], keys: &[&str]) -> Result<(), String> {
    let of = |item: &Value, key: &str| match (item.get(key), key) {
        (Some(value), _) => Some(value.clone()),
        // The one key that has a default.
        (None, "protocol") => Some(Value::from("TCP")),
        (None, _) => None,
    };
    for item in new {
        let mut wanted = Vec::new();
        for key in keys {
            let Some(value) = of(item, key) else {
                return Err(format!(
                    "failed to convert patch object to typed object: .{field}: element 0: associative list with keys has an element that omits key field {key:?}"
                ));
            };
            wanted.push(Some(value));
        }
        let same = |known: &&mut Value| keys.iter().zip(&wanted).all(|(key, value)| of(known, key) == *value);
        match items.iter_mut().find(same) {
            Some(known) => merge(known, item)?,
            None => {
                let mut added = Value::Object(Map::new());
                merge(&mut added, item)?;
                items.push(added);
            }
        }
    }
    Ok(())
}

/// The object after these operations; as it was where one of them is a test that fails.
///
/// # Errors
/// An operation cannot be done.
pub(super) fn patch(object: &Value, operations: &Value) -> Result<Value, String> {
    let mut new = object.clone();
    for operation in operations.as_array().into_iter().flatten() {
        let text = |key: &str| operation.get(key).and_then(Value::as_str).unwrap_or_default();
        let (op, path, value) = (text("op"), text("path"), operation.get("value").cloned().unwrap_or_default());
        let missing = |what: &str, path: &str| format!("{what} operation does not apply: doc is missing path: {path:?}: missing value");
        match op {
            "add" => put(&mut new, path, value, true).ok_or_else(|| missing("add", path))?,
            "replace" => put(&mut new, path, value, false).ok_or_else(|| missing("replace", path))?,
            "remove" => drop(take(&mut new, path).ok_or_else(|| missing("remove", path))?),
            "copy" => {
                let from = new.pointer(text("from")).cloned().ok_or_else(|| missing("copy", text("from")))?;
                put(&mut new, path, from, true).ok_or_else(|| missing("copy", path))?;
            }
            "move" => {
                let from = take(&mut new, text("from")).ok_or_else(|| missing("move", text("from")))?;
                put(&mut new, path, from, true).ok_or_else(|| missing("move", path))?;
            }
            "test" if new.pointer(path).cloned().unwrap_or_default() != value => return Ok(object.clone()),
            "test" => {}
            other => return Err(format!("unexpected kind: {other}")),
        }
    }
    Ok(new)
}

/// The parent of a place and the last word of its path.
fn parent<'a>(object: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (above, last) = path.rsplit_once('/')?;
    Some((object.pointer_mut(above)?, last.replace("~1", "/").replace("~0", "~")))
}

/// Puts a value in its place: a new item of a list before the one that is there, or in its stead.
fn put(object: &mut Value, path: &str, value: Value, new: bool) -> Option<()> {
    let (parent, last) = parent(object, path)?;
    match parent {
        Value::Object(fields) if new || fields.contains_key(&last) => {
            fields.insert(last, value);
        }
        Value::Array(items) if new => {
            let at = if last == "-" { items.len() } else { last.parse().ok()? };
            (at <= items.len()).then(|| items.insert(at, value))?;
        }
        Value::Array(items) => *items.get_mut(last.parse::<usize>().ok()?)? = value,
        _ => return None,
    }
    Some(())
}

fn take(object: &mut Value, path: &str) -> Option<Value> {
    let (parent, last) = parent(object, path)?;
    match parent {
        Value::Object(fields) => fields.remove(&last),
        Value::Array(items) => {
            let at: usize = last.parse().ok()?;
            (at < items.len()).then(|| items.remove(at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn items_of_lists_are_merged_by_their_keys() {
        let pod = json!({"spec": {"containers": [{"name": "app", "env": [{"name": "A", "value": "1"}]}]}});
        let change = json!({"metadata": {"labels": {"team": "shop"}}, "spec": {"containers": [
            {"name": "proxy", "image": "proxy:1"},
            {"name": "app", "env": [{"name": "A", "value": "2"}, {"name": "B", "value": "3"}], "resources": {"limits": {"cpu": "1"}}}]}});
        let merged = json!({"metadata": {"labels": {"team": "shop"}}, "spec": {"containers": [
            {"name": "app", "env": [{"name": "A", "value": "2"}, {"name": "B", "value": "3"}], "resources": {"limits": {"cpu": "1"}}},
            {"name": "proxy", "image": "proxy:1"}]}});
        assert_eq!(apply(&pod, &change), Ok(merged));
        let whole = json!({"spec": {"tolerations": [], "containers": [{"name": "app", "args": ["x"]}]}});
        let why = "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.containers[0].args, .spec.tolerations";
        assert_eq!(apply(&pod, &whole), Err(why.to_owned()));
        assert!(apply(&pod, &json!({"spec": {"containers": [{"image": "x"}]}})).is_err());
    }

    #[test]
    fn operations_change_what_is_there() {
        let pod = json!({"metadata": {"labels": {"a/b": "c"}}, "spec": {"tolerations": [{"key": "x"}]}});
        let done = patch(
            &pod,
            &json!([
                {"op": "test", "path": "/metadata/labels/a~1b", "value": "c"},
                {"op": "add", "path": "/spec/tolerations/-", "value": {"key": "y"}},
                {"op": "add", "path": "/spec/tolerations/0", "value": {"key": "w"}},
                {"op": "move", "from": "/metadata/labels/a~1b", "path": "/metadata/labels/d"},
                {"op": "replace", "path": "/spec/tolerations/1/key", "value": "z"},
            ]),
        );
        let expected = json!({"metadata": {"labels": {"d": "c"}}, "spec": {"tolerations": [{"key": "w"}, {"key": "z"}, {"key": "y"}]}});
        assert_eq!(done, Ok(expected));
        let untouched = json!([{"op": "remove", "path": "/metadata"}, {"op": "test", "path": "/spec/x", "value": 1}]);
        assert_eq!(patch(&pod, &untouched), Ok(pod.clone()));
        assert!(patch(&pod, &json!([{"op": "add", "path": "/metadata/annotations/x", "value": "y"}])).is_err());
    }
}
