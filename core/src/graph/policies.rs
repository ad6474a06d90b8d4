//! Whom a NetworkPolicy means: selectors as they are written, over labels as they are written
//! (`k8s.io/api/networking/v1.NetworkPolicyPeer`, v1.37).

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{NetworkPolicyPeer, NetworkPolicySpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

type Pairs = BTreeMap<String, String>;

/// The label that every namespace has: its name.
const NAME: &str = "kubernetes.io/metadata.name";

/// Everybody a policy speaks of as one to talk to or to be talked to by.
pub(super) fn peers(spec: &NetworkPolicySpec) -> impl Iterator<Item = &NetworkPolicyPeer> {
    let from = spec.ingress.iter().flatten().flat_map(|rule| rule.from.iter().flatten());
    from.chain(spec.egress.iter().flatten().flat_map(|rule| rule.to.iter().flatten()))
}

/// Whether a peer of a policy in the namespace `own` means pods with these labels in the namespace `of`, whose own labels are `space`.
pub(super) fn lets(peer: &NetworkPolicyPeer, own: &str, of: &str, space: Option<&Pairs>, labels: &Pairs) -> bool {
    if peer.ip_block.is_some() || (peer.pod_selector.is_none() && peer.namespace_selector.is_none()) {
        return false;
    }
    let in_space = match &peer.namespace_selector {
        None => own == of,
        Some(selector) => {
            let mut all = space.cloned().unwrap_or_default();
            all.insert(NAME.to_owned(), of.to_owned());
            selected(selector, &all)
        }
    };
    in_space && peer.pod_selector.as_ref().is_none_or(|selector| selected(selector, labels))
}

/// Whether a selector matches labels; an empty one matches all (`LabelSelectorAsSelector`, apimachinery v1.37).
pub(super) fn selected(selector: &LabelSelector, labels: &Pairs) -> bool {
    let equal = selector.match_labels.iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    equal
        && selector.match_expressions.iter().flatten().all(|wanted| {
            let own = labels.get(&wanted.key);
            let listed = own.is_some_and(|own| wanted.values.iter().flatten().any(|value| value == own));
            match wanted.operator.as_str() {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => own.is_some(),
                "DoesNotExist" => own.is_none(),
                _ => false,
            }
        })
}
