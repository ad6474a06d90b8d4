//! `KubeletConfiguration` documents (`kubelet.config.k8s.io/v1beta1`): one for all nodes.

use std::collections::BTreeMap;

use super::Builder;
use crate::cluster::kubelet_settings::{EvictionThresholds, ImageCollection, KubeletSettings, Threshold, shutdown_groups};
use crate::manifest::{Diagnostic, DiagnosticId, Document, Manifest};
use crate::units::arrange::Arrange;
use crate::units::duration::Duration;
use crate::units::quantity::Quantity;
use crate::units::text::visible_short;
use crate::units::time::{Millis, SECOND};
use serde::Deserialize;

const MEMORY: &str = "memory.available";
const NODE_FS: &str = "nodefs.available";
const IMAGE_FS: &str = "imagefs.available";
const PIDS: &str = "pid.available";
/// The signals that are simulated.
const SIGNALS: [&str; 4] = [MEMORY, NODE_FS, IMAGE_FS, PIDS];

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
    #[serde(rename = "imageGCHighThresholdPercent")]
    image_gc_high_threshold_percent: Option<i64>,
    #[serde(rename = "imageGCLowThresholdPercent")]
    image_gc_low_threshold_percent: Option<i64>,
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
const READ: [&str; 15] = [
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
    "imageGCHighThresholdPercent",
    "imageGCLowThresholdPercent",
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
        self.tell_other_signals(document, written);
        let merged = written.merge_default_eviction_settings == Some(true);
        let memory = self.thresholds(document, written, MEMORY);
        let [node_fs, image_fs, pids] = [NODE_FS, IMAGE_FS, PIDS].map(|signal| self.thresholds(document, written, signal));
        // Setting any hard threshold drops the defaults of the others, unless they are merged.
        let hard = |read: Option<Threshold>, usual: Option<Threshold>| match written.eviction_hard.is_some() && !merged {
            true => read,
            false => read.or(usual),
        };
        let with_usual =
            |read: EvictionThresholds, usual: EvictionThresholds| EvictionThresholds { hard: hard(read.hard, usual.hard), ..read };
        let percent = |written: Option<i64>, usual: i64| written.unwrap_or(usual).clamp(0, 100);
        let of = |text: &Option<String>| text.as_deref().and_then(span);
        let (total, critical) =
            (of(&written.shutdown_grace_period).unwrap_or(0), of(&written.shutdown_grace_period_critical_pods).unwrap_or(0));
        let mut shutdown = match &written.shutdown_grace_period_by_pod_priority {
            Some(groups) => groups.iter().map(|g| (g.priority, g.shutdown_grace_period_seconds.max(0).saturating_mul(SECOND))).collect(),
            None => shutdown_groups(total, critical),
        };
        shutdown.arrange_by_key(|&(priority, _)| priority);
        let high_percent = percent(written.image_gc_high_threshold_percent, usual.image_collection.high_percent);
        let low_percent = percent(written.image_gc_low_threshold_percent, usual.image_collection.low_percent);
        if low_percent >= high_percent {
            let told = "imageGCLowThresholdPercent must be lower than imageGCHighThresholdPercent: the kubelet refuses to start";
            self.tell(None, Diagnostic::error(DiagnosticId("WT2030"), told).at(Some(document.span)));
        }
        KubeletSettings {
            hard_memory: hard(memory.hard, usual.hard_memory),
            soft_memory: memory.soft,
            most_grace: written.eviction_max_pod_grace_period.unwrap_or(0).max(0).saturating_mul(SECOND),
            least_reclaim: match memory.least_reclaim {
                Some(Threshold::Amount(bytes)) => bytes,
                _ => 0,
            },
            node_fs: with_usual(node_fs, usual.node_fs),
            image_fs: with_usual(image_fs, usual.image_fs),
            pids: with_usual(pids, usual.pids),
            image_collection: ImageCollection { high_percent, low_percent },
            transition: of(&written.eviction_pressure_transition_period).unwrap_or(usual.transition),
            shutdown,
        }
    }

    /// What is said of one signal.
    fn thresholds(&mut self, document: &Document, written: &Written, signal: &str) -> EvictionThresholds {
        let mut read = |pointer: &str, list: &Option<BTreeMap<String, String>>| {
            let text = list.as_ref()?.get(signal)?;
            let read = threshold(text);
            if read.is_none() {
                let told = format!("{} is neither an amount, a percentage nor a duration that fits here", visible_short(text, 60));
                self.tell(None, Diagnostic::error(DiagnosticId("WT2030"), told).at(Some(document.span_near(pointer))));
            }
            read
        };
        let hard = read("/evictionHard", &written.eviction_hard);
        let soft = read("/evictionSoft", &written.eviction_soft);
        let least_reclaim = read("/evictionMinimumReclaim", &written.eviction_minimum_reclaim);
        let grace = written.eviction_soft_grace_period.as_ref().and_then(|list| list.get(signal)).and_then(|text| span(text));
        if soft.is_some() && grace.is_none() {
            let told = "a soft threshold needs its evictionSoftGracePeriod: the kubelet refuses to start without";
            self.tell(None, Diagnostic::error(DiagnosticId("WT2030"), told).at(Some(document.span_near("/evictionSoft"))));
        }
        EvictionThresholds { hard, soft: soft.zip(grace), least_reclaim }
    }

    /// Says of which signals nothing is known here.
    fn tell_other_signals(&mut self, document: &Document, written: &Written) {
        let lists = [("/evictionHard", &written.eviction_hard), ("/evictionSoft", &written.eviction_soft)];
        for (pointer, list) in lists {
            let others = list.iter().flatten().map(|(signal, _)| signal).filter(|signal| !SIGNALS.contains(&signal.as_str()));
            let others: Vec<String> = others.map(|signal| visible_short(signal, 60)).collect();
            if !others.is_empty() {
                let told = format!("thresholds on {} are not simulated", others.join(", "));
                self.tell(None, Diagnostic::info(DiagnosticId("WT2030"), told).at(Some(document.span_near(pointer))));
            }
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
