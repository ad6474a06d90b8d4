//! VolumeBinding: claims that are bound, that can be bound to a volume here, or provisioned here
//! (`plugins/volumebinding/{volume_binding,binder,scorer}.go`, `component-helpers/storage/volume/pv_helpers.go`, v1.37).

use std::collections::BTreeMap;

use super::Plugin;
use super::node_affinity::any_term_matches;
use super::node_resources_fit::on_shape;
use crate::cluster::Cluster;
use crate::cluster::ids::{ClaimId, PodId, VolumeId};
use crate::cluster::node::Node;
use crate::cluster::volumes::{Claim, Volume};
use crate::scheduler::claims::{PodClaim, is_owned_by};
use crate::scheduler::config::{Profile, WellKnown};
use crate::scheduler::status::{Code, Reason, Refusal};
use crate::units::float;
use crate::units::intern::Sym;

/// What the filter knows of a pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FilterState {
    bound: Vec<ClaimId>,
    delayed: Vec<ClaimId>,
}

/// How a node would serve the claims that wait for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeVolumes {
    /// Claims and the volumes that match them.
    pub matched: Vec<(ClaimId, VolumeId)>,
    /// Claims to be provisioned, with the node's capacity in bytes where that is known.
    pub provisioned: Vec<(ClaimId, Option<i64>)>,
}

/// Sorts the pod's claims; `Ok(None)` where it has none.
pub fn pre_filter(cluster: &Cluster, pod: PodId, claims: &[PodClaim]) -> Result<Option<FilterState>, Refusal> {
    let refuse = |reason: String| Err(Refusal::unresolvable(Plugin::VolumeBinding, reason));
    let mut state = FilterState::default();
    let mut immediate = false;
    for wanted in claims {
        let name = &wanted.name;
        let Some(id) = wanted.claim else {
            return refuse(if wanted.ephemeral {
                format!("waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\"")
            } else {
                format!("persistentvolumeclaim \"{name}\" not found")
            });
        };
        let claim = &cluster.storage.claims[id.index()];
        if claim.lost {
            let volume = claim.spec.volume_name.map_or("", |v| cluster.text(v));
            return refuse(format!("persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{volume}\""));
        }
        if claim.deleting {
            return refuse(format!("persistentvolumeclaim \"{name}\" is being deleted"));
        }
        if wanted.ephemeral && !is_owned_by(cluster, claim, pod) {
            let namespace = cluster.namespace_name(claim.namespace);
            let pod = cluster.pod_full_name(pod);
            return refuse(format!("PVC {namespace}/{name} was not created for pod {pod} (pod is not owner)"));
        }
        if claim.spec.volume_name.is_some() && claim.bind_completed {
            state.bound.push(id);
        } else if claim.spec.volume_name.is_none() && waits(cluster, claim) {
            state.delayed.push(id);
        } else {
            immediate = true;
        }
    }
    if claims.is_empty() {
        return Ok(None);
    }
    if immediate {
        return refuse("pod has unbound immediate PersistentVolumeClaims".to_owned());
    }
    Ok(Some(state))
}

fn waits(cluster: &Cluster, claim: &Claim) -> bool {
    let class = claim.spec.class.filter(|&c| c != Sym::EMPTY).and_then(|name| cluster.storage.class(name));
    class.is_some_and(|class| cluster.storage.classes[class.index()].waits)
}

fn reaches(volume: &Volume, node: &Node, cluster: &Cluster) -> bool {
    volume.node_affinity.as_ref().is_none_or(|terms| any_term_matches(terms, Sym::EMPTY, &node.labels, &cluster.text))
}

impl FilterState {
    /// Whether binding the pod's volumes has work to do.
    pub fn has_delayed(&self) -> bool {
        !self.delayed.is_empty()
    }

    /// How the node would serve the claims, or why it does not do.
    pub fn filter(&self, cluster: &Cluster, node: &Node, known: &WellKnown) -> Result<NodeVolumes, Refusal> {
        let storage = &cluster.storage;
        let mut reasons: Vec<Reason> = Vec::new();
        let mut missing = false;
        for &claim in &self.bound {
            let volume = storage.claims[claim.index()].spec.volume_name.and_then(|name| storage.volume(name));
            let Some(volume) = volume else {
                missing = true;
                break;
            };
            if !reaches(&storage.volumes[volume.index()], node, cluster) {
                reasons.push("node(s) didn't match PersistentVolume's node affinity".into());
                break;
            }
        }
        let (volumes, shortage) = match self.serve(cluster, node, known) {
            Ok(volumes) => (volumes, None),
            Err(shortage) => (NodeVolumes::default(), Some(shortage)),
        };
        match shortage {
            Some(Shortage::NoMatch) => reasons.push("node(s) didn't find available persistent volumes to bind".into()),
            Some(Shortage::NoSpace) => reasons.push("node(s) did not have enough free storage".into()),
            None => {}
        }
        if missing {
            reasons.push("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)".into());
        }
        if reasons.is_empty() {
            return Ok(volumes);
        }
        Err(Refusal { plugin: Some(Plugin::VolumeBinding), code: Code::UnschedulableAndUnresolvable, reasons: reasons.into() })
    }

    fn serve(&self, cluster: &Cluster, node: &Node, known: &WellKnown) -> Result<NodeVolumes, Shortage> {
        let storage = &cluster.storage;
        let mut volumes = NodeVolumes::default();
        let (mut to_match, mut to_provision) = (Vec::new(), Vec::new());
        for &claim in &self.delayed {
            match storage.claims[claim.index()].selected_node {
                Some(selected) if cluster.node(selected).name == node.name => to_provision.push(claim),
                Some(_) => return Err(Shortage::NoMatch),
                None => to_match.push(claim),
            }
        }
        to_match.sort_by_key(|c| storage.claims[c.index()].spec.size);
        for claim in to_match {
            match matching_volume(cluster, &storage.claims[claim.index()], node, &volumes.matched) {
                Some(volume) => volumes.matched.push((claim, volume)),
                None => to_provision.push(claim),
            }
        }
        for id in to_provision {
            let claim = &storage.claims[id.index()];
            let class = claim.spec.class.and_then(|name| storage.class(name)).map(|c| &storage.classes[c.index()]);
            let Some(class) = class.filter(|c| c.provisioner != Sym::EMPTY && c.provisioner != known.no_provisioner) else {
                return Err(Shortage::NoMatch);
            };
            let admitted = |term: &Vec<(Sym, Vec<Sym>)>| {
                !term.is_empty() && term.iter().all(|(key, values)| node.labels.get(*key).is_some_and(|v| values.contains(&v)))
            };
            if !class.allowed_topologies.is_empty() && !class.allowed_topologies.iter().any(admitted) {
                return Err(Shortage::NoMatch);
            }
            let capacity_counts = storage.csi_drivers.iter().any(|d| d.name == class.provisioner && d.storage_capacity);
            if !capacity_counts {
                volumes.provisioned.push((id, None));
                continue;
            }
            let roomy = storage.capacities.iter().find(|c| {
                let limit = c.maximum.or(c.capacity);
                c.class == class.name
                    && limit.is_some_and(|limit| limit >= claim.spec.size)
                    && c.topology.matches(&node.labels, &cluster.text)
            });
            match roomy {
                Some(capacity) => volumes.provisioned.push((id, Some(capacity.capacity.unwrap_or(0)))),
                None => return Err(Shortage::NoSpace),
            }
        }
        Ok(volumes)
    }

    /// The score of a node that passed the filter: the more of the capacity is used, the lower (by the profile's shape).
    pub fn score(&self, cluster: &Cluster, volumes: &NodeVolumes, profile: &Profile) -> i64 {
        let storage = &cluster.storage;
        // Requested and capacity by storage class.
        let mut classes: BTreeMap<Sym, (i64, i64)> = BTreeMap::new();
        if volumes.matched.is_empty() {
            for &(claim, capacity) in &volumes.provisioned {
                let (claim, Some(capacity)) = (&storage.claims[claim.index()], capacity) else { continue };
                let entry = classes.entry(claim.spec.class.unwrap_or(Sym::EMPTY)).or_default();
                entry.0 = entry.0.saturating_add(claim.spec.size);
                entry.1 = capacity;
            }
        } else {
            for &(claim, volume) in &volumes.matched {
                let volume = &storage.volumes[volume.index()];
                let entry = classes.entry(volume.class).or_default();
                entry.0 = entry.0.saturating_add(storage.claims[claim.index()].spec.size);
                entry.1 = entry.1.saturating_add(volume.capacity);
            }
        }
        if classes.is_empty() {
            return 0;
        }
        let full = |(requested, capacity): &(i64, i64)| {
            if *capacity == 0 || requested > capacity { 100 } else { (i128::from(*requested) * 100 / i128::from(*capacity)) as i64 }
        };
        let sum: i64 = classes.values().map(|amounts| on_shape(&profile.volume_shape, full(amounts))).sum();
        float::round(sum as f64 / classes.len() as f64) as i64
    }
}

/// What a node lacks for the claims that wait.
enum Shortage {
    NoMatch,
    NoSpace,
}

/// `FindMatchingVolume`: a volume bound beforehand to the claim, else the smallest that does.
fn matching_volume(cluster: &Cluster, claim: &Claim, node: &Node, taken: &[(ClaimId, VolumeId)]) -> Option<VolumeId> {
    let storage = &cluster.storage;
    let class = claim.spec.class.unwrap_or(Sym::EMPTY);
    let namespace = cluster.namespaces.get(claim.namespace.index()).map(|n| n.name);
    let mut smallest: Option<(i64, VolumeId)> = None;
    for (index, volume) in storage.volumes.iter().enumerate() {
        let id = VolumeId::from_index(index);
        // One that was released is kept for the claim that is gone, whose `uid` no other has.
        let reserved = !volume.released && volume.claim_ref.is_some_and(|(ns, name)| Some(ns) == namespace && name == claim.name);
        let unfit = volume.gone
            || volume.class != class
            || taken.iter().any(|t| t.1 == id)
            || (volume.claim_ref.is_some() && !reserved)
            || volume.capacity < claim.spec.size
            || volume.block != claim.spec.block
            || volume.attributes_class.filter(|&c| c != Sym::EMPTY) != claim.spec.attributes_class.filter(|&c| c != Sym::EMPTY)
            || volume.deleting;
        if unfit {
            continue;
        }
        let reachable = reaches(volume, node, cluster);
        if reserved {
            return reachable.then_some(id);
        }
        let labelled = claim.spec.selector.as_ref().is_none_or(|s| s.matches(&volume.labels, &cluster.text));
        if !volume.available || !labelled || !reachable || !volume.access.cover(claim.spec.access) {
            continue;
        }
        if smallest.is_none_or(|(capacity, _)| capacity > volume.capacity) {
            smallest = Some((volume.capacity, id));
        }
    }
    smallest.map(|s| s.1)
}
