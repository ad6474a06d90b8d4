//! How the kubelets of a cluster are configured, as far as it decides anything here (`kubelet.config.k8s.io/v1beta1`).

use crate::units::time::{Millis, SECOND};

/// A threshold: so much, or a share of the node's capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// Bytes, or processes.
    Amount(i64),
    /// Thousandths of the capacity.
    Share(i64),
}

impl Threshold {
    /// In bytes, for a node of this capacity.
    pub fn of(self, capacity: i64) -> i64 {
        match self {
            Threshold::Amount(bytes) => bytes,
            Threshold::Share(share) => i64::try_from(i128::from(capacity) * i128::from(share) / 1_000).unwrap_or(i64::MAX),
        }
    }
}

/// What is said of one signal of the eviction manager.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvictionThresholds {
    /// `evictionHard`; none for no such threshold.
    pub hard: Option<Threshold>,
    /// `evictionSoft` with its `evictionSoftGracePeriod`.
    pub soft: Option<(Threshold, Millis)>,
    /// `evictionMinimumReclaim`: so much beyond a threshold that was met.
    pub least_reclaim: Option<Threshold>,
}

/// Image garbage collection, in percent of the disk that is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageCollection {
    /// `imageGCHighThresholdPercent`: from here on images go that nobody uses; 100 for never.
    pub high_percent: i64,
    /// `imageGCLowThresholdPercent`: until so much is left in use.
    pub low_percent: i64,
}

/// Kubelet settings, with the defaults of `pkg/kubelet/apis/config/v1beta1/defaults.go` (v1.37).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeletSettings {
    /// `evictionHard["memory.available"]`; none for no such threshold.
    pub hard_memory: Option<Threshold>,
    /// `evictionSoft["memory.available"]` with its `evictionSoftGracePeriod`.
    pub soft_memory: Option<(Threshold, Millis)>,
    /// `evictionMaxPodGracePeriod`: the most that a pod gets where a soft threshold evicts it.
    pub most_grace: Millis,
    /// `evictionMinimumReclaim["memory.available"]`, in bytes.
    pub least_reclaim: i64,
    /// `nodefs.available`.
    pub node_fs: EvictionThresholds,
    /// `imagefs.available`: the same disk here, with thresholds of its own.
    pub image_fs: EvictionThresholds,
    /// `pid.available`.
    pub pids: EvictionThresholds,
    /// When images go that nobody uses.
    pub image_collection: ImageCollection,
    /// `evictionPressureTransitionPeriod`.
    pub transition: Millis,
    /// What a shutdown of the node gives pods: from which priority on, and how long; ascending. Empty: the kubelet is not asked.
    pub shutdown: Vec<(i32, Millis)>,
}

impl Default for KubeletSettings {
    fn default() -> KubeletSettings {
        KubeletSettings {
            hard_memory: Some(Threshold::Amount(100 << 20)),
            soft_memory: None,
            most_grace: 0,
            least_reclaim: 0,
            node_fs: EvictionThresholds { hard: Some(Threshold::Share(100)), ..EvictionThresholds::default() },
            image_fs: EvictionThresholds { hard: Some(Threshold::Share(150)), ..EvictionThresholds::default() },
            pids: EvictionThresholds::default(),
            image_collection: ImageCollection { high_percent: 85, low_percent: 80 },
            transition: 300 * SECOND,
            shutdown: Vec::new(),
        }
    }
}

/// From here on a pod is critical.
const CRITICAL: i32 = 2_000_000_000;

/// The two groups that `shutdownGracePeriod` and `shutdownGracePeriodCriticalPods` make.
pub fn shutdown_groups(total: Millis, critical: Millis) -> Vec<(i32, Millis)> {
    if total <= 0 { Vec::new() } else { vec![(0, (total - critical).max(0)), (CRITICAL, critical.max(0))] }
}
