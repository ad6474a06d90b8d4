//! Queueing hints: which events may make a pod schedulable that a plugin refused
//! (each plugin's `EventsToRegister` and hint functions, v1.37).

use super::NodeFacts;
use super::claims::{has_claims, pod_claims};
use super::config::{Profile, WellKnown};
use super::plugins::node_affinity::{RequiredNodeAffinity, any_term_matches};
use super::plugins::pod_topology_spread::Constraints;
use super::plugins::taint_toleration::untolerated;
use super::plugins::volume_restrictions::conflicts;
use super::plugins::{Plugin, node_declared_features, node_ports, node_resources_fit, plugins_of};
use super::terms::{HeldKind, HeldTerm, labels_match, namespace_sym, pod_labels};
use crate::cluster::Cluster;
use crate::cluster::ids::{ClaimId, NodeId, PodId, StorageClassId, VolumeId};
use crate::cluster::labels::Labels;
use crate::cluster::template::PodAffinityTerm;
use crate::units::resources::Resources;

/// Something that happened in the cluster, as the scheduler is told. What is gone can still be read in its arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterEvent {
    /// A pod came that waits for a node.
    PodAdded(PodId),
    /// A pod was bound, or came with a node.
    PodBound(PodId),
    /// A pod changed otherwise: its deletion began, its gates were removed, its status is another, it ended.
    PodUpdated(PodId),
    /// A pod is gone from the API.
    PodGone(PodId),
    /// A pod's nomination changed; `Pod::nominated` is the new one.
    PodNominated(PodId),
    /// A node joined.
    NodeAdded(NodeId),
    /// A node changed: labels, taints, cordon, allocatable.
    NodeUpdated(NodeId),
    /// A node is gone.
    NodeGone(NodeId),
    /// A claim came.
    ClaimAdded(ClaimId),
    /// A claim changed.
    ClaimUpdated(ClaimId),
    /// A volume came or changed.
    VolumeChanged(VolumeId),
    /// A storage class came.
    StorageClassAdded(StorageClassId),
    /// What a CSI driver says of itself or of its capacity changed, or a volume was detached.
    StorageChanged,
    /// A namespace's labels changed.
    NamespaceUpdated,
    /// A Service came, changed or went.
    ServicesChanged,
}

/// The part of an event that hints look at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cause<'a> {
    PodAssigned(PodId),
    PodDeleted(PodId),
    NodeAdded(NodeId),
    NodeUpdated(NodeId, &'a NodeFacts),
    NodeGone(NodeId),
    ClaimAdded(ClaimId),
    ClaimUpdated(ClaimId),
    VolumeChanged,
    StorageClassAdded(StorageClassId),
    StorageChanged,
}

impl Cause<'_> {
    /// The plugins that wait for such an event at all.
    pub(super) fn registered(&self) -> u32 {
        use Plugin as P;
        let plugins: &[Plugin] = match self {
            Cause::PodAssigned(_) => &[P::PodTopologySpread, P::InterPodAffinity],
            Cause::PodDeleted(_) => {
                &[P::NodePorts, P::NodeResourcesFit, P::VolumeRestrictions, P::NodeVolumeLimits, P::PodTopologySpread, P::InterPodAffinity]
            }
            Cause::NodeAdded(_) | Cause::NodeUpdated(..) => &[
                P::NodeName,
                P::NodeUnschedulable,
                P::TaintToleration,
                P::NodeAffinity,
                P::NodePorts,
                P::NodeResourcesFit,
                P::VolumeRestrictions,
                P::VolumeBinding,
                P::VolumeZone,
                P::PodTopologySpread,
                P::InterPodAffinity,
                P::NodeDeclaredFeatures,
            ],
            Cause::NodeGone(_) => &[P::PodTopologySpread],
            Cause::ClaimAdded(_) => &[P::VolumeRestrictions, P::NodeVolumeLimits, P::VolumeBinding, P::VolumeZone],
            Cause::ClaimUpdated(_) | Cause::VolumeChanged => &[P::VolumeBinding, P::VolumeZone],
            Cause::StorageClassAdded(_) => &[P::VolumeBinding, P::VolumeZone],
            Cause::StorageChanged => &[P::VolumeBinding, P::NodeVolumeLimits],
        };
        plugins.iter().fold(0, |set, p| set | p.bit())
    }
}

/// What hints are asked with.
pub(super) struct Hints<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) profile: &'a Profile,
    pub(super) known: &'a WellKnown,
}

impl Hints<'_> {
    /// Whether one of the plugins that refused the pod says that the event may help.
    pub(super) fn concerns(&self, pod: PodId, rejectors: u32, cause: &Cause<'_>) -> bool {
        plugins_of(rejectors & cause.registered()).any(|plugin| self.wants(plugin, pod, cause))
    }

    fn wants(&self, plugin: Plugin, pod: PodId, cause: &Cause<'_>) -> bool {
        match *cause {
            Cause::PodAssigned(other) => self.wants_pod(plugin, pod, other, true),
            Cause::PodDeleted(other) => self.wants_pod(plugin, pod, other, false),
            Cause::NodeAdded(node) => self.wants_node(plugin, pod, node, None),
            Cause::NodeUpdated(node, old) => self.wants_node(plugin, pod, node, Some(old)),
            Cause::NodeGone(node) => self.has_spread_keys(pod, &self.cluster.node(node).labels),
            Cause::ClaimAdded(claim) | Cause::ClaimUpdated(claim) => pod_claims(self.cluster, pod).iter().any(|c| c.claim == Some(claim)),
            Cause::VolumeChanged => true,
            Cause::StorageClassAdded(class) => plugin != Plugin::VolumeZone || self.cluster.storage.classes[class.index()].waits,
            Cause::StorageChanged => has_claims(&self.cluster.template_of(pod).volumes),
        }
    }

    fn wants_pod(&self, plugin: Plugin, id: PodId, other: PodId, added: bool) -> bool {
        let cluster = self.cluster;
        let (template, changed) = (cluster.template_of(id), cluster.template_of(other));
        match plugin {
            Plugin::NodePorts => {
                let taken = |w| changed.host_ports.iter().any(|u| node_ports::conflict(w, u, self.known));
                template.host_ports.iter().any(taken)
            }
            Plugin::NodeResourcesFit => true,
            Plugin::VolumeRestrictions => {
                let disk = template.volumes.iter().any(|v| changed.volumes.iter().any(|o| conflicts(&v.source, &o.source)));
                let claims = || pod_claims(cluster, other);
                let shared =
                    has_claims(&template.volumes) && pod_claims(cluster, id).iter().any(|c| claims().iter().any(|o| o.name == c.name));
                cluster.pod(id).namespace == cluster.pod(other).namespace && (disk || shared)
            }
            Plugin::NodeVolumeLimits => has_claims(&changed.volumes),
            Plugin::PodTopologySpread => {
                let (pod, other) = (cluster.pod(id), cluster.pod(other));
                let constraints = Constraints::of(cluster, pod, self.profile, true);
                pod.namespace == other.namespace && constraints.list.iter().any(|c| labels_match(cluster, other, &c.selector))
            }
            Plugin::InterPodAffinity => self.wants_affinity(id, other, added),
            _ => false,
        }
    }

    fn wants_affinity(&self, id: PodId, other: PodId, added: bool) -> bool {
        let cluster = self.cluster;
        let template = cluster.template_of(id);
        let (required, anti): (&[PodAffinityTerm], &[PodAffinityTerm]) = match &template.affinity {
            Some(affinity) => (&affinity.pod_required, &affinity.anti_required),
            None => (&[], &[]),
        };
        let other_pod = cluster.pod(other);
        let (namespace, labels) = (namespace_sym(cluster, other_pod.namespace), pod_labels(cluster, other_pod));
        let own = HeldTerm::of_template(template, cluster);
        let of = |kind: HeldKind| own.iter().filter(move |t| t.kind == kind);
        let means = |t: &HeldTerm| t.matches_unexpanded(namespace, labels, cluster);
        if added {
            return !required.is_empty() && of(HeldKind::RequiredAffinity).all(means);
        }
        let frees = !anti.is_empty() && of(HeldKind::RequiredAnti).any(means);
        let pod = cluster.pod(id);
        let (own_namespace, own_labels) = (namespace_sym(cluster, pod.namespace), pod_labels(cluster, pod));
        frees
            || HeldTerm::of_template(cluster.template_of(other), cluster)
                .iter()
                .any(|t| t.kind == HeldKind::RequiredAnti && t.matches_unexpanded(own_namespace, own_labels, cluster))
    }

    fn wants_node(&self, plugin: Plugin, id: PodId, node_id: NodeId, old: Option<&NodeFacts>) -> bool {
        let (cluster, node) = (self.cluster, self.cluster.node(node_id));
        let (pod, template) = (cluster.pod(id), cluster.template_of(id));
        let relabelled = old.is_none_or(|old| old.labels != node.labels);
        match plugin {
            Plugin::NodeName | Plugin::NodePorts | Plugin::VolumeRestrictions => old.is_none(),
            Plugin::NodeUnschedulable => !node.unschedulable && old.is_none_or(|old| old.unschedulable),
            Plugin::TaintToleration => {
                let was_kept_off = old.is_none_or(|old| untolerated(&template.tolerations, &old.taints).is_some());
                was_kept_off && untolerated(&template.tolerations, &node.taints).is_none()
            }
            Plugin::NodeAffinity => {
                let required = RequiredNodeAffinity::of(template, pod.pinned);
                let added = self.profile.added_required.as_deref();
                let admitted = added.is_none_or(|terms| any_term_matches(terms, node.name, &node.labels, &cluster.text));
                let matched_before =
                    old.is_some_and(|old| required.admits_labels(node.name, &old.labels, &cluster.text) && pod.pinned.is_none());
                relabelled && admitted && required.admits(node_id, node, &cluster.text) && !matched_before
            }
            Plugin::NodeResourcesFit => {
                let rose = old.is_none_or(|old| {
                    node.allocatable_pods > old.allocatable_pods || rises(&old.allocatable, &node.allocatable, &template.requests)
                });
                rose && node_resources_fit::fits_empty(template, self.profile, &node.allocatable, node.allocatable_pods, &cluster.text)
            }
            Plugin::VolumeBinding | Plugin::VolumeZone => relabelled,
            Plugin::PodTopologySpread => {
                let Some(old) = old else { return self.has_spread_keys(id, &node.labels) };
                let (had, has) = (self.has_spread_keys(id, &old.labels), self.has_spread_keys(id, &node.labels));
                let constraints = Constraints::of(cluster, pod, self.profile, true);
                let moved = constraints.list.iter().any(|c| old.labels.get(c.key) != node.labels.get(c.key));
                had != has || (has && (moved || old.taints != node.taints))
            }
            Plugin::InterPodAffinity => {
                let Some(affinity) = &template.affinity else { return false };
                let differs =
                    |t: &PodAffinityTerm| old.is_some_and(|old| old.labels.get(t.topology_key) != node.labels.get(t.topology_key));
                let has = |t: &PodAffinityTerm| node.labels.get(t.topology_key).is_some();
                match old {
                    None => !affinity.anti_required.is_empty() || affinity.pod_required.iter().any(has),
                    Some(old) => {
                        let had = |t: &PodAffinityTerm| old.labels.get(t.topology_key).is_some();
                        affinity.pod_required.iter().any(|t| has(t) && differs(t))
                            || affinity.anti_required.iter().any(|t| had(t) && differs(t))
                    }
                }
            }
            Plugin::NodeDeclaredFeatures => {
                let needed = node_declared_features::needed(template, self.known);
                let changed = old.is_none_or(|old| old.declared_features != node.declared_features);
                changed && needed.iter().all(|f| node.declared_features.contains(f))
            }
            _ => false,
        }
    }

    fn has_spread_keys(&self, id: PodId, labels: &Labels) -> bool {
        let constraints = Constraints::of(self.cluster, self.cluster.pod(id), self.profile, true);
        !constraints.list.is_empty() && constraints.list.iter().all(|c| labels.get(c.key).is_some())
    }
}

/// Whether there is more of something that is asked for.
fn rises(old: &Resources, new: &Resources, wanted: &Resources) -> bool {
    (wanted.cpu_milli > 0 && new.cpu_milli > old.cpu_milli)
        || (wanted.memory > 0 && new.memory > old.memory)
        || (wanted.ephemeral_storage > 0 && new.ephemeral_storage > old.ephemeral_storage)
        || wanted.scalars.iter().any(|&(name, want)| want > 0 && new.scalar(name) > old.scalar(name))
}

#[cfg(test)]
mod tests;
