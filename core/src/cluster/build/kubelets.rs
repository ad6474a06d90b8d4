//! `KubeletConfiguration` documents (`kubelet.config.k8s.io/v1beta1`): one for all nodes.

use std::collections::BTreeMap;

use super::Builder;
use crate::cluster::kubelet_settings::{KubeletSettings, Threshold, shutdown_groups};
use crate::manifest::{Diagnostic, DiagnosticId, Document, Manifest};
use crate::units::duration::Duration;
use crate::units::quantity::Quantity;
use crate::units::text::visible_short;
use crate::units::time::{Millis, SECOND};
use serde::Deserialize;

const MEMORY: &str = "memory.available";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    eviction_hard: Option<BTreeMap<String, String>>,
    eviction_soft: Option<BTreeMap<String, String>>,
    eviction_soft_grace_period: Option<BTreeMap<String, String>>,
    eviction_max_pod_grace_period: Option<i64>,
    eviction_minimum_reclaim: Option<BTreeMap<String, String>>,
    eviction_pressure_transition_period: Option<String>,
    merge_default_eviction_settings: Option<bool>,
    shutdown_grace_period: Option<String>,
    shutdown_grace_period_critical_pods: Option<String>,
    shutdown_grace_period_by_pod_priority: Option<Vec<WrittenGroup>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenGroup {
    priority: i32,
    shutdown_grace_period_seconds: i64,
}

/// Fields that are read; the others decide nothing here.
const READ: [&str; 13] = [
    "apiVersion",
    "kind",
    "metadata",
    "evictionHard",
    "evictionSoft",
    "evictionSoftGracePeriod",
    "evictionMaxPodGracePeriod",
    "evictionMinimumReclaim",
    "evictionPressureTransitionPeriod",
    "mergeDefaultEvictionSettings",
    "shutdownGracePeriod",
    "shutdownGracePeriodCriticalPods",
    "shutdownGracePeriodByPodPriority",
];

fn threshold(text: &str) -> Option<Threshold> {
    if let Some(percent) = text.strip_suffix('%') {
        let percent: f64 = percent.parse().ok()?;
        return (0.0..=100.0).contains(&percent).then(|| Threshold::Share((percent * 10.0).round() as i64));
    }
    Quantity::parse(text).ok().map(|q| Threshold::Amount(q.value().max(0)))
}

fn span(text: &str) -> Option<Millis> {
    Duration::parse(text).ok().map(|d| (d.nanos() / 1_000_000).max(0))
}

impl Builder<'_> {
    /// Takes the settings of the last `KubeletConfiguration`.
    pub(super) fn read_kubelet_settings(&mut self, manifest: &Manifest) {
        let is = |d: &&Document| d.kind == "KubeletConfiguration" && d.api_version.starts_with("kubelet.config.k8s.io/");
        for document in manifest.documents.iter().filter(is) {
            let value = document.value();
            match serde_path_to_error::deserialize::<_, Written>(value.clone()) {
                Ok(written) => self.cluster.kubelet = self.settings(document, &written),
                Err(error) => {
                    let pointer = format!("/{}", error.path().to_string().replace(['.', '['], "/").replace(']', ""));
                    let told = format!("this KubeletConfiguration is not used: {}", error.into_inner());
                    self.tell(None, Diagnostic::error(DiagnosticId("WT2030"), told).at(Some(document.span_near(&pointer))));
                }
            }
            let unread: Vec<String> = value
                .as_object()
                .into_iter()
                .flat_map(|o| o.keys())
                .filter(|k| !READ.contains(&k.as_str()))
                .map(|k| visible_short(k, 60))
                .collect();
            if !unread.is_empty() {
                let told = format!("of this KubeletConfiguration nothing here depends on {}", unread.join(", "));
                self.tell(None, Diagnostic::info(DiagnosticId("WT2030"), told).at(Some(document.span)));
            }
        }
    }

    fn settings(&mut self, document: &Document, written: &Written) -> KubeletSettings {
        let usual = KubeletSettings::default();
        let mut wrong = |pointer: &str, text: &str| {
            let told = format!("{} is neither an amount, a percentage nor a duration that fits here", visible_short(text, 60));
            self.tell(None, Diagnostic::error(DiagnosticId("WT2030"), told).at(Some(document.span_near(pointer))));
        };
        let mut read = |pointer: &str, list: &Option<BTreeMap<String, String>>| {
            let text = list.as_ref()?.get(MEMORY)?;
            let read = threshold(text);
            if read.is_none() {
                wrong(pointer, text);
            }
            read
        };
        let hard = read("/evictionHard", &written.eviction_hard);
        let soft = read("/evictionSoft", &written.eviction_soft);
        let reclaim = read("/evictionMinimumReclaim", &written.eviction_minimum_reclaim);
        let merged = written.merge_default_eviction_settings == Some(true);
        let grace = written.eviction_soft_grace_period.as_ref().and_then(|list| list.get(MEMORY)).and_then(|text| span(text));
        let of = |text: &Option<String>| text.as_deref().and_then(span);
        let (total, critical) =
            (of(&written.shutdown_grace_period).unwrap_or(0), of(&written.shutdown_grace_period_critical_pods).unwrap_or(0));
        let mut shutdown = match &written.shutdown_grace_period_by_pod_priority {
            Some(groups) => groups.iter().map(|g| (g.priority, g.shutdown_grace_period_seconds.max(0).saturating_mul(SECOND))).collect(),
            None => shutdown_groups(total, critical),
        };
        shutdown.sort_by_key(|&(priority, _)| priority);
        if soft.is_some() && grace.is_none() {
            let told = "a soft threshold needs its evictionSoftGracePeriod: the kubelet refuses to start without";
            self.tell(None, Diagnostic::error(DiagnosticId("WT2030"), told).at(Some(document.span_near("/evictionSoft"))));
        }
        KubeletSettings {
            // Setting any hard threshold drops the defaults of the others, unless they are merged.
            hard_memory: if written.eviction_hard.is_some() && !merged { hard } else { hard.or(usual.hard_memory) },
            soft_memory: soft.zip(grace),
            most_grace: written.eviction_max_pod_grace_period.unwrap_or(0).max(0).saturating_mul(SECOND),
            least_reclaim: match reclaim {
                Some(Threshold::Amount(bytes)) => bytes,
                _ => 0,
            },
            transition: of(&written.eviction_pressure_transition_period).unwrap_or(usual.transition),
            shutdown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_amounts_or_shares() {
        assert_eq!(threshold("500Mi"), Some(Threshold::Amount(500 << 20)));
        assert_eq!(threshold("5%").map(|t| t.of(1 << 30)), Some((1 << 30) / 20));
        assert_eq!(threshold("much"), None);
    }
}
