//! Revisions of pod templates: the hash in a ReplicaSet's or ControllerRevision's name, and templates that carry it as a label.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::cluster::ids::TemplateId;
use crate::cluster::labels::{Labels, Operator, Requirement, Selector};
use crate::cluster::template::PodTemplate;
use crate::units::intern::Sym;

/// The name part that stands for a template: the decimal digits of a 32-bit hash in the alphabet of generated names, as
/// `apimachinery/pkg/util/rand` SafeEncodeString writes them (v1.37). Kubernetes hashes a dump of its Go types; ours comes from the digest.
pub(super) fn hash_name(digest: u64, collisions: u32) -> String {
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut hash: u32 = 0x811c_9dc5;
    for byte in digest.to_le_bytes().into_iter().chain(if collisions > 0 { collisions.to_le_bytes() } else { [0; 4] }) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    hash.to_string().bytes().map(|digit| char::from(ALPHABET[usize::from(digit) % 27])).collect()
}

/// The template with labels on top; one that exists already is found again.
pub(super) fn with_label(cluster: &mut Cluster, template: TemplateId, extra: &Labels) -> TemplateId {
    let base = cluster.template(template);
    let mut labels = base.labels.clone();
    for (key, value) in extra.iter() {
        labels.set(key, value);
    }
    relabelled(cluster, template, labels)
}

/// The template without a label.
pub(super) fn without_label(cluster: &mut Cluster, template: TemplateId, key: Sym) -> TemplateId {
    let mut labels = cluster.template(template).labels.clone();
    labels.remove(key);
    relabelled(cluster, template, labels)
}

fn relabelled(cluster: &mut Cluster, template: TemplateId, labels: Labels) -> TemplateId {
    let base = cluster.template(template);
    if base.labels == labels {
        return template;
    }
    if let Some(known) = cluster.template_with_labels(template, &labels) {
        return known;
    }
    let base = cluster.template(template);
    let mut copy = base.clone();
    for (key, value) in labels.iter() {
        let old = base.labels.get(key);
        if old != Some(value) {
            merge_anew(&mut copy, key, old, value, HASH_LABELS.contains(&cluster.text.text(key)));
        }
    }
    copy.labels = labels;
    cluster.templates.push(Arc::new(copy));
    TemplateId::from_index(cluster.templates.len() - 1)
}

/// Labels whose values only controllers know: nobody writes a selector for one of them by hand.
const HASH_LABELS: [&str; 2] = ["pod-template-hash", "controller-revision-hash"];

/// `matchLabelKeys` and `mismatchLabelKeys` are merged with the labels that a pod is created with (`pkg/registry/core/pod/strategy.go`
/// applyMatchLabelKeysAndMismatchLabelKeys, v1.37): where a label gets another value, so do the selectors that were merged with it.
fn merge_anew(template: &mut PodTemplate, key: Sym, old: Option<Sym>, new: Sym, hash: bool) {
    let merged = |r: &Requirement| {
        let one = matches!(r.operator, Operator::In | Operator::NotIn) && r.values.len() == 1;
        r.key == key && one && old.map_or(hash, |old| r.values.first() == Some(&old))
    };
    let spread = template.spread.iter_mut().map(|c| &mut c.selector);
    let affinity = template.affinity.as_deref_mut().into_iter().flat_map(|a| {
        let required = a.pod_required.iter_mut().chain(&mut a.anti_required);
        required.chain(a.pod_preferred.iter_mut().chain(&mut a.anti_preferred).map(|t| &mut t.term)).map(|t| &mut t.selector)
    });
    for selector in spread.chain(affinity) {
        if let Selector::All(requirements) = selector {
            requirements.iter_mut().filter(|r| merged(r)).for_each(|r| r.values = vec![new]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_looks_like_one_of_kubernetes() {
        let name = hash_name(42, 0);
        assert!((8..=10).contains(&name.len()), "{name}");
        assert_eq!(name, hash_name(42, 0));
        assert_ne!(name, hash_name(42, 1));
        assert_ne!(name, hash_name(43, 0));
    }
}
