//! Which pods of a node a drain evicts (`kubectl/pkg/drain/filters.go`, v1.37). Each pod passes the filters in order; the first that does not let
//! it be deleted decides.

use super::DrainOptions;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::pod::{Owner, Pod};
use crate::cluster::template::VolumeSource;
use crate::units::arrange::Arrange;

const DAEMON_SET_FATAL: &str = "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)";
const DAEMON_SET_WARNING: &str = "ignoring DaemonSet-managed Pods";
const LOCAL_STORAGE_FATAL: &str = "Pods with local storage (use --delete-emptydir-data to override)";
const LOCAL_STORAGE_WARNING: &str = "deleting Pods with local storage";
const UNMANAGED_FATAL: &str = "Pods that declare no controller (use --force to override)";
const UNMANAGED_WARNING: &str = "deleting Pods that declare no controller";

/// What the filters say of a node.
pub(super) struct Selection {
    /// The pods to evict, in order of creation.
    pub(super) pods: Vec<PodId>,
    /// Kubectl's warning line.
    pub(super) warning: Option<String>,
    /// Why nothing is evicted.
    pub(super) error: Option<String>,
}

enum Verdict {
    Delete,
    DeleteWithWarning(String),
    Skip,
    SkipWithWarning(String),
    Error(String),
}

impl Verdict {
    fn deletes(&self) -> bool {
        matches!(self, Verdict::Delete | Verdict::DeleteWithWarning(_))
    }
}

/// Passes the node's pods through the filters.
pub(super) fn select(cluster: &Cluster, node: NodeId, options: DrainOptions) -> Selection {
    let mut ids = cluster.node(node).pods.clone();
    ids.arrange();
    let (mut pods, mut warnings, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        let verdict = verdict(cluster, id, options);
        if verdict.deletes() {
            pods.push(id);
        }
        match verdict {
            Verdict::DeleteWithWarning(text) | Verdict::SkipWithWarning(text) => file(&mut warnings, text, cluster, id),
            Verdict::Error(text) => file(&mut errors, text, cluster, id),
            Verdict::Delete | Verdict::Skip => {}
        }
    }
    let line = |(text, names): &(String, Vec<String>)| format!("{text}: {}", names.join(", "));
    let warning = (!warnings.is_empty()).then(|| format!("Warning: {}", warnings.iter().map(line).collect::<Vec<_>>().join("; ")));
    let told: Vec<String> = errors.iter().map(|error| format!("cannot delete {}", line(error))).collect();
    let error = match &told[..] {
        [] => None,
        [one] => Some(one.clone()),
        several => Some(format!("[{}]", several.join(", "))),
    };
    Selection { pods, warning, error }
}

fn file(lists: &mut Vec<(String, Vec<String>)>, text: String, cluster: &Cluster, id: PodId) {
    let name = cluster.pod_full_name(id);
    match lists.iter_mut().find(|(known, _)| *known == text) {
        Some((_, names)) => names.push(name),
        None => lists.push((text, vec![name])),
    }
}

fn verdict(cluster: &Cluster, id: PodId, options: DrainOptions) -> Verdict {
    let pod = cluster.pod(id);
    let filters = [daemon_set(cluster, pod, options), mirror(pod), local_storage(cluster, id, options), unmanaged(pod, options)];
    // Only the last status is kept: a warning of an earlier filter is lost where a later one lets the pod be deleted too.
    let mut last = Verdict::Delete;
    for verdict in filters {
        if !verdict.deletes() {
            return verdict;
        }
        last = verdict;
    }
    last
}

fn daemon_set(cluster: &Cluster, pod: &Pod, options: DrainOptions) -> Verdict {
    let Owner::DaemonSet(set) = pod.owner else { return Verdict::Delete };
    let meta = &cluster.daemon_sets[set.index()].meta;
    if pod.phase.is_terminal() {
        Verdict::Delete
    } else if meta.gone {
        let text = format!("daemonsets.apps \"{}\" not found", cluster.text(meta.name));
        if options.force { Verdict::DeleteWithWarning(text) } else { Verdict::Error(text) }
    } else if options.ignore_daemon_sets {
        Verdict::SkipWithWarning(DAEMON_SET_WARNING.to_owned())
    } else {
        Verdict::Error(DAEMON_SET_FATAL.to_owned())
    }
}

fn mirror(pod: &Pod) -> Verdict {
    if pod.owner == Owner::Node { Verdict::Skip } else { Verdict::Delete }
}

fn local_storage(cluster: &Cluster, id: PodId, options: DrainOptions) -> Verdict {
    let has = cluster.template_of(id).volumes.iter().any(|v| v.source == VolumeSource::EmptyDir);
    if !has || cluster.pod(id).phase.is_terminal() {
        Verdict::Delete
    } else if options.delete_empty_dir_data {
        Verdict::DeleteWithWarning(LOCAL_STORAGE_WARNING.to_owned())
    } else {
        Verdict::Error(LOCAL_STORAGE_FATAL.to_owned())
    }
}

fn unmanaged(pod: &Pod, options: DrainOptions) -> Verdict {
    if pod.owner != Owner::None || pod.phase.is_terminal() {
        Verdict::Delete
    } else if options.force {
        Verdict::DeleteWithWarning(UNMANAGED_WARNING.to_owned())
    } else {
        Verdict::Error(UNMANAGED_FATAL.to_owned())
    }
}
