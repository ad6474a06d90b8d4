//! Where a cycle gets its counts from: the kept ones, or, as the reference, a look at every pod.

use std::sync::Arc;

use super::cache::Cache;
use super::counts::{Counts, Tally, TallySpec, scan, scan_held};
use super::plugins::inter_pod_affinity::HeldCounter;
use super::plugins::pod_topology_spread::Counter;
use super::terms::{HeldTerm, pod_labels};
use super::topology::Topology;
use crate::cluster::Cluster;
use crate::cluster::pod::Pod;
use crate::units::intern::Sym;

/// Counts of one moment.
pub struct Source<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The scheduler's cache.
    pub cache: &'a Cache,
    /// Kept counts.
    pub counts: &'a mut Counts,
    /// Domains.
    pub topology: &'a mut Topology,
    /// Look at every pod instead of trusting the kept counts.
    pub plain: bool,
}

impl Counter for Source<'_> {
    fn tally(&mut self, spec: &TallySpec) -> Arc<Tally> {
        if let super::counts::DomainKey::Label(key) = spec.domain {
            self.topology.know(key, self.cluster);
        }
        if self.plain {
            return Arc::new(scan(spec, self.cluster, self.cache, self.topology));
        }
        self.counts.tally(spec, self.cluster, self.cache, self.topology)
    }

    fn domains(&mut self, key: Sym) -> Arc<Vec<u32>> {
        self.topology.know(key, self.cluster);
        self.topology.domains(key)
    }
}

impl HeldCounter for Source<'_> {
    fn held_meaning(&mut self, pod: &Pod) -> Vec<HeldTerm> {
        if !self.plain {
            return self.counts.held_meaning(pod, self.cluster);
        }
        let labels = pod_labels(self.cluster, pod);
        let mut held = scan_held(self.cluster, self.cache);
        held.retain(|term| term.matches(pod.namespace, labels, self.cluster));
        held
    }
}
