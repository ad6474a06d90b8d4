//! The PersistentVolume controller and the provisioner behind it: claims are bound to volumes, volumes are made and released
//! (`pkg/controller/volume/persistentvolume/pv_controller.go`, `component-helpers/storage/volume/pv_helpers.go`, v1.37). Attaching is not its part.

use std::collections::BTreeMap;

use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, Notice, PodChange, Watched};
use crate::cluster::Cluster;
use crate::cluster::ids::{ClaimId, PodId, StorageClassId, VolumeId};
use crate::cluster::labels::{Labels, Operator, Requirement};
use crate::cluster::template::NodeSelectorTerm;
use crate::cluster::volumes::{Claim, Volume, VolumeBackend};
use crate::trace::Subject;
use crate::units::intern::Sym;
use crate::units::time::{Millis, SECOND, Time};

/// All claims and volumes are looked at again this often (`--pvclaimbinder-sync-period`).
const RESYNC: Millis = 15 * SECOND;
/// Source of this controller's events.
const SOURCE: &str = "persistentvolume-controller";

/// The PersistentVolume controller.
#[derive(Clone, Debug, Default)]
pub(super) struct PvBinder {
    /// Claims whose volume is being made, and when it will be there.
    provisioning: BTreeMap<ClaimId, Time>,
    /// When the volumes of deleted claims will be deleted.
    reclaiming: BTreeMap<ClaimId, Time>,
    /// How many volumes were made.
    made: u32,
}

impl PvBinder {
    /// Looks at every claim.
    pub(super) fn start(&self, api: &Api, queue: &mut WorkQueue) {
        ask_for_unbound(api.cluster(), queue, None);
    }

    /// Goes on counting where a predecessor was: two volumes never have one name.
    pub(super) fn count_from(&mut self, before: &PvBinder) {
        self.made = before.made;
    }

    /// Takes a notice.
    pub(super) fn observe(&self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        match notice.watched {
            Watched::Claim(id) => queue.add(Key::Claim(id), notice.record),
            Watched::Volume(id) => {
                ask_for_unbound(api.cluster(), queue, notice.record);
                if api.cluster().storage.volumes[id.index()].gone {
                    let claims = api.cluster().storage.claims.iter().enumerate();
                    let bound = claims.filter(|(_, c)| !c.gone && c.volume == Some(id)).map(|(index, _)| ClaimId::from_index(index));
                    bound.for_each(|claim| queue.add(Key::Claim(claim), notice.record));
                }
            }
            // What a claim waits for is told anew at the next resync.
            Watched::Pod(id, PodChange::Added) if api.cluster().has_claims(id) => {
                let now = api.now();
                let resync = Time::at((now.millis().div_euclid(RESYNC) + 1) * RESYNC);
                let claims = api.cluster().claims_of(id).into_iter();
                let unbound = claims.filter(|claim| !api.cluster().storage.claims[claim.index()].bind_completed);
                unbound.for_each(|claim| queue.add_at(Key::Claim(claim), resync, notice.record));
            }
            _ => {}
        }
    }

    /// Looks at one claim.
    pub(super) fn sync(&mut self, id: ClaimId, api: &mut Api, queue: &mut WorkQueue) {
        let claim = &api.cluster().storage.claims[id.index()];
        if claim.gone {
            self.provisioning.remove(&id);
            if let Some(volume) = claim.volume {
                self.release(id, volume, api, queue);
            }
            return;
        }
        if claim.bind_completed && !claim.lost && claim.volume.is_some_and(|v| api.cluster().storage.volumes[v.index()].gone) {
            api.lose_claim(id);
            let message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
            api.event(Subject::Claim(id), true, "ClaimLost", message, SOURCE);
            return;
        }
        if claim.bind_completed || claim.lost || claim.deleting {
            return;
        }
        if let Some(volume) = chosen(api.cluster(), id) {
            self.provisioning.remove(&id);
            return api.bind_claim(id, volume);
        }
        if claim.spec.volume_name.is_some() {
            return;
        }
        let class = class_of(api.cluster(), claim);
        let waits = class.is_some_and(|class| api.cluster().storage.classes[class.index()].waits);
        if waits && claim.selected_node.is_none() {
            return tell_what_is_awaited(api, id);
        }
        if !waits && let Some(volume) = smallest_match(api.cluster(), id) {
            return api.bind_claim(id, volume);
        }
        let Some(class) = class else {
            let message = "no persistent volumes available for this claim and no storage class is set";
            api.event(Subject::Claim(id), false, "FailedBinding", message, SOURCE);
            return;
        };
        self.provision(id, class, api, queue);
    }

    fn provision(&mut self, id: ClaimId, class: StorageClassId, api: &mut Api, queue: &mut WorkQueue) {
        let now = api.now();
        let provisioner = api.cluster().text(api.cluster().storage.classes[class.index()].provisioner).to_owned();
        if provisioner.is_empty() || provisioner == "kubernetes.io/no-provisioner" {
            return;
        }
        match self.provisioning.get(&id) {
            None => {
                let message = format!(
                    "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system \
                     administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."
                );
                api.event(Subject::Claim(id), false, "ExternalProvisioning", &message, SOURCE);
                let due = now + api.cluster().storage.timing.provision;
                self.provisioning.insert(id, due);
                queue.add_at(Key::Claim(id), due, api.cause());
            }
            Some(&due) if due <= now => {
                self.provisioning.remove(&id);
                self.made += 1;
                let volume = self.volume_for(api, id, class);
                let volume = api.add_volume(volume);
                api.bind_claim(id, volume);
            }
            Some(_) => {}
        }
    }

    /// A volume as a provisioner makes it: as large as asked for, in the zone of the node that was chosen.
    fn volume_for(&self, api: &mut Api, id: ClaimId, class: StorageClassId) -> Volume {
        let known = api.known();
        let number = self.made;
        let cluster = api.cluster_mut();
        let claim = cluster.storage.claims[id.index()].clone();
        let class = cluster.storage.classes[class.index()].clone();
        let zone = claim.selected_node.and_then(|node| cluster.node(node).labels.get(known.zone));
        let in_zone = |zone| NodeSelectorTerm {
            expressions: vec![Requirement { key: known.zone, operator: Operator::In, values: vec![zone] }],
            ..NodeSelectorTerm::default()
        };
        let name = format!("pvc-{}-{number}", cluster.text(claim.name));
        let name = cluster.text.intern(&name);
        Volume {
            name,
            labels: Labels::default(),
            capacity: claim.spec.size,
            access: claim.spec.access,
            class: class.name,
            block: claim.spec.block,
            attributes_class: claim.spec.attributes_class,
            node_affinity: zone.map(|zone| vec![in_zone(zone)]),
            claim_ref: None,
            available: true,
            released: false,
            deleting: false,
            gone: false,
            backend: VolumeBackend::Csi { driver: class.provisioner, handle: name },
            delete_on_release: class.delete_on_release,
        }
    }

    /// The claim is gone: its volume is kept, or deleted a little later.
    fn release(&mut self, claim: ClaimId, volume: VolumeId, api: &mut Api, queue: &mut WorkQueue) {
        let now = api.now();
        api.release_volume(volume);
        let held = &api.cluster().storage.volumes[volume.index()];
        if held.gone || !held.delete_on_release {
            return;
        }
        match self.reclaiming.get(&claim) {
            None => {
                let due = now + api.cluster().storage.timing.reclaim;
                self.reclaiming.insert(claim, due);
                queue.add_at(Key::Claim(claim), due, api.cause());
            }
            Some(&due) if due <= now => {
                self.reclaiming.remove(&claim);
                api.delete_volume(volume);
            }
            Some(_) => {}
        }
    }
}

fn ask_for_unbound(cluster: &Cluster, queue: &mut WorkQueue, cause: Option<crate::trace::RecordId>) {
    for (index, claim) in cluster.storage.claims.iter().enumerate() {
        if !claim.gone && !claim.bind_completed {
            queue.add(Key::Claim(ClaimId::from_index(index)), cause);
        }
    }
}

/// The storage class of a claim: the default one where none is named at all.
fn class_of(cluster: &Cluster, claim: &Claim) -> Option<StorageClassId> {
    match claim.spec.class {
        Some(Sym::EMPTY) => None,
        Some(name) => cluster.storage.class(name),
        None => cluster.storage.classes.iter().position(|c| c.default).map(StorageClassId::from_index),
    }
}

/// The volume that was reserved for the claim, or that the claim itself names and may have.
fn chosen(cluster: &Cluster, id: ClaimId) -> Option<VolumeId> {
    let claim = &cluster.storage.claims[id.index()];
    let namespace = cluster.namespaces.get(claim.namespace.index()).map(|n| n.name)?;
    let reserved =
        cluster.storage.volumes.iter().position(|v| !v.gone && !v.deleting && v.claim_ref == Some((namespace, claim.name)) && v.available);
    if let Some(index) = reserved {
        return Some(VolumeId::from_index(index));
    }
    let volume = cluster.storage.volume(claim.spec.volume_name?)?;
    let held = &cluster.storage.volumes[volume.index()];
    (held.available && held.claim_ref.is_none() && fits(cluster, held, claim)).then_some(volume)
}

/// The smallest volume that nobody has and that fits (`FindMatchingVolume`).
fn smallest_match(cluster: &Cluster, id: ClaimId) -> Option<VolumeId> {
    let claim = &cluster.storage.claims[id.index()];
    let free = cluster.storage.volumes.iter().enumerate().filter(|(_, v)| !v.gone && v.available && v.claim_ref.is_none());
    free.filter(|(_, v)| fits(cluster, v, claim))
        .min_by_key(|(index, v)| (v.capacity, *index))
        .map(|(index, _)| VolumeId::from_index(index))
}

fn fits(cluster: &Cluster, volume: &Volume, claim: &Claim) -> bool {
    let class = match claim.spec.class {
        Some(class) => class,
        None => class_of(cluster, claim).map_or(Sym::EMPTY, |class| cluster.storage.classes[class.index()].name),
    };
    !volume.deleting
        && volume.capacity >= claim.spec.size
        && volume.class == class
        && volume.block == claim.spec.block
        && volume.attributes_class == claim.spec.attributes_class
        && volume.access.cover(claim.spec.access)
        && claim.spec.selector.as_ref().is_none_or(|selector| selector.matches(&volume.labels, &cluster.text))
}

/// Why a claim that waits for its first consumer is not bound yet.
fn tell_what_is_awaited(api: &mut Api, id: ClaimId) {
    let cluster = api.cluster();
    let claim = &cluster.storage.claims[id.index()];
    let name = cluster.text(claim.name);
    let uses = |pod: PodId| cluster.template_of(pod).volumes.iter().any(|v| cluster.claim_name(pod, v).is_some_and(|own| own == name));
    // A pod made together with its claim is not seen at the first look.
    let first = claim.created == api.now();
    let waiting: Vec<String> = cluster
        .live_pods()
        .filter(|(_, p)| p.namespace == claim.namespace && p.is_unscheduled() && !(first && p.created == claim.created))
        .filter(|(pod, _)| cluster.has_claims(*pod) && uses(*pod))
        .map(|(pod, _)| cluster.pod_name(pod))
        .collect();
    let (reason, message) = match &waiting[..] {
        [] => ("WaitForFirstConsumer", "waiting for first consumer to be created before binding".to_owned()),
        [one] => ("WaitForPodScheduled", format!("waiting for pod {one} to be scheduled")),
        several => ("WaitForPodScheduled", format!("waiting for pods {} to be scheduled", several.join(","))),
    };
    api.event(Subject::Claim(id), false, reason, &message, SOURCE);
}
