//! YAML to paste: a few lines below the path where they belong.

use crate::cluster::Cluster;
use crate::cluster::labels::{Operator, Selector};
use crate::cluster::origin::Origin;
use crate::manifest::edit::is_word;

/// `body` (lines without indentation) below the keys of a JSON pointer.
pub(super) fn below(pointer: &str, body: &str) -> String {
    let keys: Vec<&str> = pointer.split('/').filter(|key| !key.is_empty()).collect();
    let mut text = String::new();
    for (depth, key) in keys.iter().enumerate() {
        text.push_str(&format!("{}{key}:\n", "  ".repeat(depth)));
    }
    for line in body.lines() {
        text.push_str(&format!("{}{line}\n", "  ".repeat(keys.len())));
    }
    text
}

/// The pod spec's own pointer; a Deployment's where the origin is not known.
pub(super) fn pod_spec(origin: Option<Origin>) -> &'static str {
    origin.map_or("/spec/template/spec", |origin| origin.pointer)
}

/// A hard spread over a topology key. Lost nodes are left out of the count, or else a lost zone would keep the replacements from starting.
pub(super) fn spread(cluster: &Cluster, key: &str, selector: &Selector) -> String {
    format!(
        "topologySpreadConstraints:\n- maxSkew: 1\n  topologyKey: {key}\n  whenUnsatisfiable: DoNotSchedule\n  \
         nodeTaintsPolicy: Honor  # a lost zone does not count\n  labelSelector:\n    matchLabels:{}",
        match_labels(cluster, selector)
    )
}

/// Tolerations for lost nodes.
pub(super) fn tolerations(seconds: i64) -> String {
    let one =
        |key: &str| format!("- key: node.kubernetes.io/{key}\n  operator: Exists\n  effect: NoExecute\n  tolerationSeconds: {seconds}\n");
    format!("tolerations:\n{}{}", one("unreachable"), one("not-ready"))
}

fn match_labels(cluster: &Cluster, selector: &Selector) -> String {
    let Selector::All(requirements) = selector else { return " {}".to_owned() };
    let pairs: Vec<String> = requirements
        .iter()
        .filter(|r| r.operator == Operator::In && r.values.len() == 1)
        .map(|r| (cluster.text(r.key), cluster.text(r.values[0])))
        .filter(|(key, _)| *key != "pod-template-hash")
        .map(|(key, value)| format!("\n      {}: {}", scalar(key), scalar(value)))
        .collect();
    if pairs.is_empty() { " {}".to_owned() } else { pairs.concat() }
}

/// A text as a YAML scalar: plain where it is read back as the same string, quoted otherwise.
pub(crate) fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
        && !is_word(text);
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_stands_below_its_path() {
        assert_eq!(below("/spec/template", "a: 1\nb:\n- c"), "spec:\n  template:\n    a: 1\n    b:\n    - c\n");
        assert_eq!(scalar("web"), "web");
        assert_eq!(scalar("1.0"), "\"1.0\"");
        assert_eq!(scalar("no"), "\"no\"");
    }
}
