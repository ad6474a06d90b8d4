//! Storage: claims, volumes, classes and what CSI drivers say of themselves.

use super::ids::{ClaimId, NamespaceId, NodeId, PodId, StatefulSetId, StorageClassId, VolumeId};
use super::labels::{Labels, Selector};
use super::origin::Origin;
use super::template::NodeSelectorTerm;
use crate::units::intern::Sym;
use crate::units::quantity::Quantity;
use crate::units::time::{Millis, SECOND, Time};

/// `spec.accessModes`, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccessModes {
    /// ReadWriteOnce.
    pub rwo: bool,
    /// ReadOnlyMany.
    pub rox: bool,
    /// ReadWriteMany.
    pub rwx: bool,
    /// ReadWriteOncePod.
    pub rwop: bool,
}

impl AccessModes {
    /// Whether every mode of `wanted` is among these.
    pub fn cover(self, wanted: AccessModes) -> bool {
        (self.rwo || !wanted.rwo) && (self.rox || !wanted.rox) && (self.rwx || !wanted.rwx) && (self.rwop || !wanted.rwop)
    }
}

/// What a claim asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimSpec {
    /// Access modes.
    pub access: AccessModes,
    /// `resources.requests.storage`, in bytes.
    pub size: i64,
    /// The same as written, rounded up to whole bytes; none where it is not given.
    pub request: Option<Quantity>,
    /// `storageClassName`: absent, empty or a name.
    pub class: Option<Sym>,
    /// `volumeName`.
    pub volume_name: Option<Sym>,
    /// Labels that the volume must have.
    pub selector: Option<Selector>,
    /// `volumeMode: Block`.
    pub block: bool,
    /// `volumeAttributesClassName`.
    pub attributes_class: Option<Sym>,
}

/// A PersistentVolumeClaim.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Name.
    pub name: Sym,
    /// Namespace.
    pub namespace: NamespaceId,
    /// What is asked for.
    pub spec: ClaimSpec,
    /// The volume it is bound to.
    pub volume: Option<VolumeId>,
    /// `pv.kubernetes.io/bind-completed` is set.
    pub bind_completed: bool,
    /// `volume.kubernetes.io/selected-node`.
    pub selected_node: Option<NodeId>,
    /// Phase Lost.
    pub lost: bool,
    /// The pod that owns it (generic ephemeral volume), by `uid` as given or name.
    pub owner_pod: Option<Sym>,
    /// When it was created.
    pub created: Time,
    /// `metadata.ownerReferences`, as far as StatefulSets set them.
    pub owner: Option<ClaimOwner>,
    /// Being deleted.
    pub deleting: bool,
    /// Deleted from the API.
    pub gone: bool,
    /// Where it stands in the manifests.
    pub origin: Option<Origin>,
}

impl Claim {
    /// A claim as it is made: unbound, and nobody's.
    pub fn new(name: Sym, namespace: NamespaceId, spec: ClaimSpec, created: Time) -> Claim {
        Claim {
            name,
            namespace,
            spec,
            volume: None,
            bind_completed: false,
            selected_node: None,
            lost: false,
            owner_pod: None,
            created,
            owner: None,
            deleting: false,
            gone: false,
            origin: None,
        }
    }
}

/// Where a PersistentVolume's data lives, as far as limits and conflicts care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeBackend {
    /// A CSI volume: driver and handle.
    Csi {
        /// Driver.
        driver: Sym,
        /// `volumeHandle`.
        handle: Sym,
    },
    /// `local`.
    Local,
    /// Any other in-tree or network source, by its field name (`nfs`, `hostPath`, `awsElasticBlockStore` …).
    Other(Sym),
}

/// A PersistentVolume.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    /// Name.
    pub name: Sym,
    /// Labels (zone labels restrict the nodes).
    pub labels: Labels,
    /// Capacity in bytes.
    pub capacity: i64,
    /// Access modes.
    pub access: AccessModes,
    /// Storage class name; empty for none.
    pub class: Sym,
    /// `volumeMode: Block`.
    pub block: bool,
    /// `volumeAttributesClassName`.
    pub attributes_class: Option<Sym>,
    /// Required node affinity; terms are alternatives.
    pub node_affinity: Option<Vec<NodeSelectorTerm>>,
    /// `spec.claimRef`: namespace and name.
    pub claim_ref: Option<(Sym, Sym)>,
    /// `status.phase` is Available (or not given).
    pub available: bool,
    /// `status.phase` is Released: its claim is gone.
    pub released: bool,
    /// Being deleted.
    pub deleting: bool,
    /// Deleted from the API.
    pub gone: bool,
    /// What holds the data.
    pub backend: VolumeBackend,
    /// `persistentVolumeReclaimPolicy: Delete`.
    pub delete_on_release: bool,
}

/// A StorageClass.
#[derive(Clone, Debug, PartialEq)]
pub struct StorageClass {
    /// Name.
    pub name: Sym,
    /// Provisioner; empty or `kubernetes.io/no-provisioner` for none.
    pub provisioner: Sym,
    /// `volumeBindingMode: WaitForFirstConsumer`.
    pub waits: bool,
    /// Whether `volumeBindingMode` is set at all.
    pub mode_given: bool,
    /// `allowedTopologies`: alternatives, each a list of key and values.
    pub allowed_topologies: Vec<Vec<(Sym, Vec<Sym>)>>,
    /// The default class.
    pub default: bool,
    /// `reclaimPolicy: Delete`.
    pub delete_on_release: bool,
}

/// A driver as a CSINode lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsiNodeDriver {
    /// Driver.
    pub driver: Sym,
    /// `allocatable.count`.
    pub limit: Option<i64>,
    /// `topologyKeys`.
    pub topology_keys: Vec<Sym>,
}

/// A CSINode: the drivers of a node. Kept by the node's name, for it may come before the node.
#[derive(Clone, Debug, PartialEq)]
pub struct CsiNode {
    /// The node's name.
    pub node: Sym,
    /// Its drivers.
    pub drivers: Vec<CsiNodeDriver>,
    /// In-tree plugins migrated (`storage.alpha.kubernetes.io/migrated-plugins`).
    pub migrated: Vec<Sym>,
}

/// A CSIDriver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsiDriver {
    /// Name.
    pub name: Sym,
    /// `storageCapacity`.
    pub storage_capacity: bool,
    /// `preventPodSchedulingIfMissing`.
    pub prevent_if_missing: bool,
    /// `attachRequired`.
    pub attach_required: bool,
}

/// A CSIStorageCapacity.
#[derive(Clone, Debug, PartialEq)]
pub struct StorageCapacity {
    /// Storage class name.
    pub class: Sym,
    /// `nodeTopology`.
    pub topology: Selector,
    /// `capacity` in bytes.
    pub capacity: Option<i64>,
    /// `maximumVolumeSize` in bytes.
    pub maximum: Option<i64>,
}

/// A VolumeAttachment.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment {
    /// The PersistentVolume's name.
    pub volume: Sym,
    /// The node's name.
    pub node: Sym,
    /// `spec.attacher`.
    pub driver: Sym,
    /// `status.attached`.
    pub attached: bool,
    /// Being deleted: the driver detaches.
    pub deleting: bool,
}

/// How long storage systems take: assumptions, for manifests do not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageTiming {
    /// From a claim's being due to its volume.
    pub provision: Millis,
    /// From the VolumeAttachment to the attached volume.
    pub attach: Millis,
    /// From the deletion of the VolumeAttachment to the detached volume.
    pub detach: Millis,
    /// From a volume's release to its end, where its policy is `Delete`.
    pub reclaim: Millis,
}

impl Default for StorageTiming {
    fn default() -> StorageTiming {
        StorageTiming { provision: 2 * SECOND, attach: 3 * SECOND, detach: 2 * SECOND, reclaim: SECOND }
    }
}

/// What owns a claim: it goes when its owner is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClaimOwner {
    /// The StatefulSet whose template made it.
    Set(StatefulSetId),
    /// The pod that is being scaled away.
    Pod(PodId),
}

/// Everything about storage in a cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Storage {
    /// Claims, by [`ClaimId`].
    pub claims: Vec<Claim>,
    /// Volumes, by [`VolumeId`].
    pub volumes: Vec<Volume>,
    /// Classes, by [`StorageClassId`].
    pub classes: Vec<StorageClass>,
    /// CSINodes.
    pub csi_nodes: Vec<CsiNode>,
    /// CSIDrivers.
    pub csi_drivers: Vec<CsiDriver>,
    /// CSIStorageCapacities.
    pub capacities: Vec<StorageCapacity>,
    /// VolumeAttachments that exist.
    pub attachments: Vec<Attachment>,
    /// How long things take.
    pub timing: StorageTiming,
}

impl Storage {
    /// The claim of that name, if it exists.
    pub fn claim(&self, namespace: NamespaceId, name: Sym) -> Option<ClaimId> {
        self.claims.iter().position(|c| !c.gone && c.namespace == namespace && c.name == name).map(ClaimId::from_index)
    }

    /// The volume of that name, if it exists.
    pub fn volume(&self, name: Sym) -> Option<VolumeId> {
        self.volumes.iter().position(|v| !v.gone && v.name == name).map(VolumeId::from_index)
    }

    /// The class of that name, if it exists.
    pub fn class(&self, name: Sym) -> Option<StorageClassId> {
        self.classes.iter().position(|c| c.name == name).map(StorageClassId::from_index)
    }
}
