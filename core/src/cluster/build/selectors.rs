//! Selectors and node selectors compiled from the manifest's form (`apimachinery/pkg/apis/meta/v1/helpers.go`,
//! `component-helpers/scheduling/corev1/nodeaffinity`, v1.37). What the API server would refuse matches nothing.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{NodeSelector, NodeSelectorRequirement, NodeSelectorTerm as WrittenTerm};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::cluster::labels::{Labels, Operator, Requirement, Selector};
use crate::cluster::template::NodeSelectorTerm;
use crate::units::intern::{Interner, Sym};

/// Labels or annotations as a manifest writes them.
pub(crate) type Map = BTreeMap<String, String>;

/// Labels of a map; none for an absent one.
pub(crate) fn labels(text: &mut Interner, map: Option<&Map>) -> Labels {
    Labels::new(map.into_iter().flatten().map(|(k, v)| (text.intern(k), text.intern(v))).collect::<Vec<_>>())
}

/// `LabelSelectorAsSelector`: absent matches nothing, empty everything.
pub(crate) fn selector(text: &mut Interner, written: Option<&LabelSelector>) -> Selector {
    let Some(written) = written else { return Selector::Nothing };
    let mut requirements: Vec<Requirement> = Vec::new();
    for (key, value) in written.match_labels.iter().flatten() {
        requirements.push(equals(text.intern(key), text.intern(value)));
    }
    for expression in written.match_expressions.iter().flatten() {
        let operator = match expression.operator.as_str() {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            _ => return Selector::Nothing,
        };
        let operands = expression.values.as_deref().unwrap_or_default();
        let takes_operands = matches!(operator, Operator::In | Operator::NotIn);
        if takes_operands == operands.is_empty() {
            return Selector::Nothing;
        }
        let values = operands.iter().map(|v| text.intern(v)).collect();
        requirements.push(Requirement { key: text.intern(&expression.key), operator, values });
    }
    Selector::All(requirements)
}

/// A selector made of plain pairs (Services, ReplicationControllers, `nodeSelector`).
pub(crate) fn pairs(labels: &Labels) -> Selector {
    Selector::All(labels.iter().map(|(key, value)| equals(key, value)).collect())
}

fn equals(key: Sym, value: Sym) -> Requirement {
    Requirement { key, operator: Operator::In, values: vec![value] }
}

/// Adds `matchLabelKeys` and `mismatchLabelKeys` with the values that the pod's own labels have for them
/// (`pkg/registry/core/pod/strategy.go` applyMatchLabelKeysAndMismatchLabelKeys). Without a selector nothing is added.
pub(crate) fn merge_keys(text: &mut Interner, selector: &mut Selector, own: &Labels, same: Option<&[String]>, other: Option<&[String]>) {
    let Selector::All(requirements) = selector else { return };
    for (keys, operator) in [(same, Operator::In), (other, Operator::NotIn)] {
        for key in keys.into_iter().flatten() {
            let key = text.intern(key);
            if let Some(value) = own.get(key) {
                requirements.push(Requirement { key, operator, values: vec![value] });
            }
        }
    }
}

/// The alternatives of a node selector. Terms without any requirement match nothing, but stay: because of them a pod is not
/// taken for one that names its nodes (`plugins/nodeaffinity` PreFilter).
pub(crate) fn node_terms(text: &mut Interner, written: &NodeSelector) -> Vec<NodeSelectorTerm> {
    written.node_selector_terms.iter().map(|t| node_term(text, t).unwrap_or_default()).collect()
}

/// One term; none if it has no requirement.
pub(crate) fn node_term(text: &mut Interner, written: &WrittenTerm) -> Option<NodeSelectorTerm> {
    let (expressions, fields) = (written.match_expressions.as_deref(), written.match_fields.as_deref());
    if expressions.is_none_or(<[_]>::is_empty) && fields.is_none_or(<[_]>::is_empty) {
        return None;
    }
    let mut term = NodeSelectorTerm::default();
    for written in expressions.into_iter().flatten() {
        match written_requirement(text, written) {
            Some(requirement) => term.expressions.push(requirement),
            None => term.invalid = true,
        }
    }
    for written in fields.into_iter().flatten() {
        let one_value = written.values.as_ref().is_some_and(|v| v.len() == 1);
        match written_requirement(text, written) {
            Some(r) if written.key == "metadata.name" && one_value && matches!(r.operator, Operator::In | Operator::NotIn) => {
                term.names.push(r)
            }
            _ => term.invalid = true,
        }
    }
    Some(term)
}

/// A requirement as `labels.NewRequirement` would take it.
fn written_requirement(text: &mut Interner, written: &NodeSelectorRequirement) -> Option<Requirement> {
    node_requirement(text, &written.key, &written.operator, written.values.as_deref().unwrap_or_default())
}

/// A requirement on a node's labels by its parts.
pub(crate) fn node_requirement(text: &mut Interner, key: &str, written: &str, operands: &[String]) -> Option<Requirement> {
    let (operator, fits) = match written {
        "In" => (Operator::In, !operands.is_empty()),
        "NotIn" => (Operator::NotIn, !operands.is_empty()),
        "Exists" => (Operator::Exists, operands.is_empty()),
        "DoesNotExist" => (Operator::DoesNotExist, operands.is_empty()),
        "Gt" | "Lt" => {
            let number = matches!(operands, [one] if one.parse::<i64>().is_ok());
            (if written == "Gt" { Operator::Gt } else { Operator::Lt }, number)
        }
        _ => return None,
    };
    let field = key == "metadata.name";
    if !fits || !is_label_key(key) || !(field || operands.iter().all(|v| is_label_value(v))) {
        return None;
    }
    Some(Requirement { key: text.intern(key), operator, values: operands.iter().map(|v| text.intern(v)).collect() })
}

/// `IsQualifiedName`: an optional DNS prefix, a slash, and a name of at most 63 letters.
fn is_label_key(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let subdomain = |p: &str| {
        let label = |l: &str| l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') && bounded_by_alphanumerics(l);
        !p.is_empty() && p.len() <= 253 && p.split('.').all(|l| !l.is_empty() && label(l))
    };
    prefix.is_none_or(subdomain) && !name.is_empty() && is_label_value(name)
}

/// `IsValidLabelValue`: empty, or at most 63 of `[A-Za-z0-9_.-]` with a letter or digit at both ends.
fn is_label_value(value: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    value.len() <= 63 && value.bytes().all(letter) && bounded_by_alphanumerics(value)
}

fn bounded_by_alphanumerics(text: &str) -> bool {
    let ends = [text.bytes().next(), text.bytes().next_back()];
    ends.into_iter().flatten().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(key: &str, operator: &str, values: &[&str]) -> NodeSelectorRequirement {
        let values = Some(values.iter().map(|&v| v.to_owned()).collect());
        NodeSelectorRequirement { key: key.to_owned(), operator: operator.to_owned(), values }
    }

    #[test]
    fn a_term_that_does_not_parse_never_matches_and_an_empty_one_is_dropped() {
        let mut text = Interner::default();
        let mut term = |expressions: Vec<NodeSelectorRequirement>, fields: Vec<NodeSelectorRequirement>| {
            node_term(&mut text, &WrittenTerm { match_expressions: Some(expressions), match_fields: Some(fields) })
        };
        assert!(term(vec![], vec![]).is_none());
        assert!(term(vec![requirement("gen", "Gt", &["x"])], vec![]).is_some_and(|t| t.invalid));
        assert!(term(vec![requirement("zone", "In", &[])], vec![]).is_some_and(|t| t.invalid));
        assert!(term(vec![requirement("zone", "In", &["not a label value"])], vec![]).is_some_and(|t| t.invalid));
        assert!(term(vec![], vec![requirement("metadata.name", "In", &["a", "b"])]).is_some_and(|t| t.invalid));
        let good = term(vec![requirement("example.com/gen", "Gt", &["3"])], vec![requirement("metadata.name", "NotIn", &["a"])]);
        assert!(good.is_some_and(|t| !t.invalid && t.expressions.len() == 1 && t.names.len() == 1));
    }
}
