//! Affinity, tolerations and spread constraints of a pod, compiled with the defaults that admission fills in.

use k8s_openapi::api::core::v1::{
    Affinity as Written, PodAffinityTerm as WrittenTerm, PodSpec, Toleration as WrittenToleration, TopologySpreadConstraint,
    WeightedPodAffinityTerm as WrittenWeighted,
};

use super::selectors::{merge_keys, node_term, node_terms, selector};
use crate::cluster::labels::Labels;
use crate::cluster::template::{
    Affinity, PodAffinityTerm, PreferredNodeTerm, SpreadConstraint, TaintEffect, Toleration, WeightedPodAffinityTerm,
};
use crate::units::intern::{Interner, Sym};

/// For how long pods tolerate a node that is not ready or unreachable, unless they say otherwise
/// (`plugin/pkg/admission/defaulttolerationseconds`, v1.37).
const DEFAULT_TOLERATION_SECONDS: i64 = 300;

/// Reads the name of a taint effect; none for a word that is no effect.
pub(crate) fn taint_effect(name: &str) -> Option<TaintEffect> {
    Some(match name {
        "NoSchedule" => TaintEffect::NoSchedule,
        "PreferNoSchedule" => TaintEffect::PreferNoSchedule,
        "NoExecute" => TaintEffect::NoExecute,
        _ => return None,
    })
}

/// All affinities; none where the pod has no `affinity` at all.
pub(crate) fn affinity(text: &mut Interner, written: Option<&Written>, own: &Labels) -> Option<Box<Affinity>> {
    let written = written?;
    let mut affinity = Affinity::default();
    if let Some(node) = &written.node_affinity {
        affinity.node_required = node.required_during_scheduling_ignored_during_execution.as_ref().map(|s| node_terms(text, s));
        let preferred = node.preferred_during_scheduling_ignored_during_execution.as_ref();
        affinity.node_preferred = preferred.map(|terms| {
            let counted = terms.iter().filter(|t| t.weight != 0);
            counted.filter_map(|t| Some(PreferredNodeTerm { weight: t.weight, term: node_term(text, &t.preference)? })).collect()
        });
    }
    if let Some(pod) = &written.pod_affinity {
        affinity.pod_required = terms(text, pod.required_during_scheduling_ignored_during_execution.as_deref(), own);
        affinity.pod_preferred = weighted(text, pod.preferred_during_scheduling_ignored_during_execution.as_deref(), own);
    }
    if let Some(anti) = &written.pod_anti_affinity {
        affinity.anti_required = terms(text, anti.required_during_scheduling_ignored_during_execution.as_deref(), own);
        affinity.anti_preferred = weighted(text, anti.preferred_during_scheduling_ignored_during_execution.as_deref(), own);
    }
    Some(Box::new(affinity))
}

fn terms(text: &mut Interner, written: Option<&[WrittenTerm]>, own: &Labels) -> Vec<PodAffinityTerm> {
    written.into_iter().flatten().map(|t| term(text, t, own)).collect()
}

fn weighted(text: &mut Interner, written: Option<&[WrittenWeighted]>, own: &Labels) -> Vec<WeightedPodAffinityTerm> {
    let one = |t: &WrittenWeighted| WeightedPodAffinityTerm { weight: t.weight, term: term(text, &t.pod_affinity_term, own) };
    written.into_iter().flatten().map(one).collect()
}

fn term(text: &mut Interner, written: &WrittenTerm, own: &Labels) -> PodAffinityTerm {
    let mut compiled = selector(text, written.label_selector.as_ref());
    merge_keys(text, &mut compiled, own, written.match_label_keys.as_deref(), written.mismatch_label_keys.as_deref());
    PodAffinityTerm {
        topology_key: text.intern(&written.topology_key),
        selector: compiled,
        namespaces: written.namespaces.iter().flatten().map(|n| text.intern(n)).collect(),
        namespace_selector: written.namespace_selector.as_ref().map(|s| selector(text, Some(s))),
    }
}

/// The pod's own spread constraints.
pub(crate) fn spread(text: &mut Interner, written: Option<&[TopologySpreadConstraint]>, own: &Labels) -> Vec<SpreadConstraint> {
    let one = |c: &TopologySpreadConstraint| {
        let mut compiled = selector(text, c.label_selector.as_ref());
        merge_keys(text, &mut compiled, own, c.match_label_keys.as_deref(), None);
        SpreadConstraint {
            max_skew: c.max_skew,
            topology_key: text.intern(&c.topology_key),
            hard: c.when_unsatisfiable != "ScheduleAnyway",
            selector: compiled,
            min_domains: c.min_domains.unwrap_or(1),
            honor_affinity: c.node_affinity_policy.as_deref() != Some("Ignore"),
            honor_taints: c.node_taints_policy.as_deref() == Some("Honor"),
        }
    };
    written.into_iter().flatten().map(one).collect()
}

/// The tolerations as written.
pub(crate) fn tolerations(text: &mut Interner, spec: &PodSpec) -> Vec<Toleration> {
    spec.tolerations.iter().flatten().map(|t| toleration(text, t)).collect()
}

fn toleration(text: &mut Interner, written: &WrittenToleration) -> Toleration {
    let effect = written.effect.as_deref().filter(|e| !e.is_empty());
    let known_effect = effect.and_then(taint_effect);
    let operator = written.operator.as_deref().unwrap_or_default();
    Toleration {
        key: text.intern(written.key.as_deref().unwrap_or_default()),
        exists: operator == "Exists",
        unknown_operator: !matches!(operator, "" | "Equal" | "Exists") || effect.is_some() != known_effect.is_some(),
        value: text.intern(written.value.as_deref().unwrap_or_default()),
        effect: known_effect,
        seconds: written.toleration_seconds,
    }
}

fn exists(key: Sym, effect: TaintEffect, seconds: Option<i64>) -> Toleration {
    Toleration { key, exists: true, unknown_operator: false, value: Sym::EMPTY, effect: Some(effect), seconds }
}

/// Adds the tolerations of not-ready and unreachable nodes that every pod gets at admission.
pub(crate) fn add_admission_tolerations(text: &mut Interner, tolerations: &mut Vec<Toleration>) {
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let key = text.intern(key);
        let covers = |t: &Toleration| (t.key == key || t.key == Sym::EMPTY) && matches!(t.effect, None | Some(TaintEffect::NoExecute));
        if !tolerations.iter().any(covers) {
            tolerations.push(exists(key, TaintEffect::NoExecute, Some(DEFAULT_TOLERATION_SECONDS)));
        }
    }
}

/// Adds what every DaemonSet pod tolerates (`pkg/controller/daemon/util/daemonset_util.go` AddOrUpdateDaemonPodTolerations, v1.37).
pub(crate) fn add_daemon_tolerations(text: &mut Interner, tolerations: &mut Vec<Toleration>, host_network: bool) {
    let always = [
        ("node.kubernetes.io/not-ready", TaintEffect::NoExecute),
        ("node.kubernetes.io/unreachable", TaintEffect::NoExecute),
        ("node.kubernetes.io/disk-pressure", TaintEffect::NoSchedule),
        ("node.kubernetes.io/memory-pressure", TaintEffect::NoSchedule),
        ("node.kubernetes.io/pid-pressure", TaintEffect::NoSchedule),
        ("node.kubernetes.io/unschedulable", TaintEffect::NoSchedule),
    ];
    let network = host_network.then_some(("node.kubernetes.io/network-unavailable", TaintEffect::NoSchedule));
    for (key, effect) in always.into_iter().chain(network) {
        let added = exists(text.intern(key), effect, None);
        // AddOrUpdateTolerationInPodSpec: one of the same key, effect and value is replaced.
        match tolerations.iter_mut().find(|t| t.key == added.key && t.effect == added.effect && t.value == added.value) {
            Some(own) => *own = added,
            None => tolerations.push(added),
        }
    }
}
