//! Names that Kubernetes itself uses, interned once.

use crate::units::intern::{Interner, Sym};

macro_rules! known {
    ($($(#[$doc:meta])* $field:ident = $text:literal),+ $(,)?) => {
        /// Symbols of well-known names.
        #[derive(Clone, Copy, Debug)]
        pub struct Known {
            $($(#[$doc])* pub $field: Sym,)+
        }

        impl Known {
            /// Interns them all.
            pub fn new(text: &mut Interner) -> Known {
                Known { $($field: text.intern($text),)+ }
            }
        }
    };
}

known! {
    /// Taint of a node whose kubelet says it is not ready.
    not_ready = "node.kubernetes.io/not-ready",
    /// Taint of a node whose kubelet is silent.
    unreachable = "node.kubernetes.io/unreachable",
    /// Taint of a cordoned node.
    unschedulable = "node.kubernetes.io/unschedulable",
    /// Taint of a node under memory pressure.
    memory_pressure = "node.kubernetes.io/memory-pressure",
    /// Taint of a node under disk pressure.
    disk_pressure = "node.kubernetes.io/disk-pressure",
    /// Taint of a node short of process ids.
    pid_pressure = "node.kubernetes.io/pid-pressure",
    /// Taint of a node without network.
    network_unavailable = "node.kubernetes.io/network-unavailable",
    /// Taint set by hand on a node that is down for good.
    out_of_service = "node.kubernetes.io/out-of-service",
    /// Host name label.
    hostname = "kubernetes.io/hostname",
    /// Zone label.
    zone = "topology.kubernetes.io/zone",
    /// Region label.
    region = "topology.kubernetes.io/region",
    /// Label of a Deployment's ReplicaSets and pods.
    pod_template_hash = "pod-template-hash",
    /// Label of a StatefulSet's or DaemonSet's pods.
    controller_revision_hash = "controller-revision-hash",
    /// Label of a StatefulSet's pods.
    stateful_pod_name = "statefulset.kubernetes.io/pod-name",
    /// Label of a StatefulSet's pods.
    pod_index = "apps.kubernetes.io/pod-index",
    /// Label of an indexed Job's pods.
    job_completion_index = "batch.kubernetes.io/job-completion-index",
    /// Label of a Job's pods.
    job_name = "batch.kubernetes.io/job-name",
    /// Pod reason of a kubelet's node-pressure eviction.
    evicted = "Evicted",
}
