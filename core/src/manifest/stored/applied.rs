//! What server-side apply makes of a manifest.
//!
//! Owns the merge of `sigs.k8s.io/structured-merge-diff` for one manager that applies again: what it no longer says is removed,
//! what others or defaults set stays, lists are merged by their keys or replaced as a whole.

use serde_json::{Map, Value};

/// The keys of the lists that are merged, by the name of their field (`x-kubernetes-list-map-keys`); other lists are replaced.
const KEYS: [(&str, &[&str]); 24] = [
    ("auditAnnotations", &["key"]),
    ("conditions", &["type"]),
    ("containers", &["name"]),
    ("drivers", &["name"]),
    ("env", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("hostAliases", &["ip"]),
    ("imagePullSecrets", &["name"]),
    ("initContainers", &["name"]),
    ("matchConditions", &["name"]),
    ("ownerReferences", &["uid"]),
    ("ports", &["port", "containerPort", "protocol"]),
    ("requests", &["name"]),
    ("resourceClaims", &["name"]),
    ("resourceQuota", &["name"]),
    ("schedulingGates", &["name"]),
    ("secrets", &["name"]),
    ("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    ("variables", &["name"]),
    ("versions", &["name"]),
    ("volumeDevices", &["devicePath"]),
    ("volumeMounts", &["mountPath"]),
    ("volumes", &["name"]),
    ("webhooks", &["name"]),
];

/// Maps that are replaced as a whole (`x-kubernetes-map-type: atomic`).
const ATOMIC: [&str; 18] = [
    "selector",
    "nodeSelector",
    "podSelector",
    "namespaceSelector",
    "objectSelector",
    "labelSelector",
    "roleRef",
    "secretRef",
    "claimRef",
    "scopeSelector",
    "nodeTopology",
    "configMapKeyRef",
    "secretKeyRef",
    "fieldRef",
    "resourceFieldRef",
    "scaleTargetRef",
    "dataSource",
    "nodeSelectorTerms",
];

/// `wanted` over `live`, without what only `last` said.
pub(super) fn merge(wanted: &Value, last: &Value, live: &Value) -> Value {
    merge_field("", wanted, Some(last), Some(live))
}

fn merge_field(name: &str, wanted: &Value, last: Option<&Value>, live: Option<&Value>) -> Value {
    match (wanted, live) {
        (Value::Object(new), Some(Value::Object(old))) if !ATOMIC.contains(&name) => Value::Object(merge_map(new, last, old)),
        (Value::Array(new), Some(Value::Array(old))) => match KEYS.iter().find(|(field, _)| *field == name) {
            Some((_, keys)) => merge_list(new, last.and_then(Value::as_array), old, keys),
            None => wanted.clone(),
        },
        _ => wanted.clone(),
    }
}

fn merge_map(new: &Map<String, Value>, last: Option<&Value>, old: &Map<String, Value>) -> Map<String, Value> {
    let said = |key: &str| last.and_then(|l| l.get(key));
    let mut out = Map::new();
    for (key, value) in old {
        match new.get(key) {
            Some(wanted) => drop(out.insert(key.clone(), merge_field(key, wanted, said(key), Some(value)))),
            None => {
                // What was said is gone with all that defaults added to it.
                if said(key).is_none() {
                    out.insert(key.clone(), value.clone());
                }
            }
        }
    }
    for (key, wanted) in new {
        if !old.contains_key(key) {
            out.insert(key.clone(), wanted.clone());
        }
    }
    out
}

fn key_of(item: &Value, keys: &[&str]) -> Vec<Value> {
    let protocol = |key: &str| if key == "protocol" { "TCP".into() } else { Value::Null };
    keys.iter().map(|key| item.get(*key).cloned().unwrap_or_else(|| protocol(key))).collect()
}

fn merge_list(new: &[Value], last: Option<&Vec<Value>>, old: &[Value], keys: &[&str]) -> Value {
    let find = |list: &[Value], key: &[Value]| list.iter().find(|item| key_of(item, keys) == key).cloned();
    let last = last.map_or(&[][..], Vec::as_slice);
    let mut out: Vec<Value> = Vec::new();
    for item in new {
        let key = key_of(item, keys);
        out.push(merge_field("", item, find(last, &key).as_ref(), find(old, &key).as_ref()));
    }
    for item in old {
        let key = key_of(item, keys);
        if find(new, &key).is_none() && find(last, &key).is_none() {
            out.push(item.clone());
        }
    }
    Value::Array(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_longer_said_goes_and_what_was_never_said_stays() {
        let last = json!({"spec": {"replicas": 3, "paused": true, "containers": [{"name": "a", "image": "x"}, {"name": "b"}]}});
        let live = json!({"spec": {"replicas": 3, "paused": true, "limit": 10, "containers": [{"name": "a", "image": "x", "policy": "p"}, {"name": "b"}]}});
        let wanted = json!({"spec": {"replicas": 2, "containers": [{"name": "a", "image": "y"}]}});
        let merged = merge(&wanted, &last, &live);
        assert_eq!(merged, json!({"spec": {"replicas": 2, "limit": 10, "containers": [{"name": "a", "image": "y", "policy": "p"}]}}));
    }
}
