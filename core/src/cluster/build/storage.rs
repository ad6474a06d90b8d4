//! Claims, volumes, storage classes and what CSI drivers say of themselves, from their objects.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeSpec};
use k8s_openapi::api::storage::v1::{CSIDriver, CSINode, CSIStorageCapacity, StorageClass as WrittenClass, VolumeAttachment};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Builder;
use super::selectors::{labels, node_terms, selector};
use crate::cluster::origin::Origin;
use crate::cluster::volumes::{
    AccessModes, Attachment, Claim, ClaimSpec, CsiDriver, CsiNode, CsiNodeDriver, StorageCapacity, StorageClass, Volume, VolumeBackend,
};
use crate::units::intern::{Interner, Sym};
use crate::units::quantity::Quantity;

fn access(modes: Option<&[String]>) -> AccessModes {
    let has = |mode: &str| modes.is_some_and(|m| m.iter().any(|x| x == mode));
    AccessModes { rwo: has("ReadWriteOnce"), rox: has("ReadOnlyMany"), rwx: has("ReadWriteMany"), rwop: has("ReadWriteOncePod") }
}

fn bytes(written: Option<&Written>) -> i64 {
    written.and_then(|q| Quantity::parse(&q.0).ok()).map_or(0, |q| q.value())
}

fn annotation<'a>(metadata: &'a ObjectMeta, key: &str) -> Option<&'a str> {
    metadata.annotations.as_ref().and_then(|a| a.get(key)).map(String::as_str)
}

/// What a claim, or a claim template, asks for.
pub(crate) fn claim_spec(text: &mut Interner, metadata: &ObjectMeta, written: Option<&PersistentVolumeClaimSpec>) -> ClaimSpec {
    let request = written.and_then(|s| s.resources.as_ref()).and_then(|r| r.requests.as_ref()).and_then(|r| r.get("storage"));
    // The annotation of old still counts before the field (`GetPersistentVolumeClaimClass`).
    let class = annotation(metadata, "volume.beta.kubernetes.io/storage-class").or(written.and_then(|s| s.storage_class_name.as_deref()));
    let name = |v: Option<&String>| v.filter(|n| !n.is_empty()).cloned();
    let volume_name = name(written.and_then(|s| s.volume_name.as_ref()));
    let attributes = name(written.and_then(|s| s.volume_attributes_class_name.as_ref()));
    ClaimSpec {
        access: access(written.and_then(|s| s.access_modes.as_deref())),
        size: bytes(request),
        request: request.and_then(|q| Quantity::parse(&q.0).ok()).map(|q| q.round_up()),
        class: class.map(|c| text.intern(c)),
        volume_name: volume_name.map(|v| text.intern(&v)),
        selector: written.and_then(|s| s.selector.as_ref()).map(|s| selector(text, Some(s))),
        block: written.and_then(|s| s.volume_mode.as_deref()) == Some("Block"),
        attributes_class: attributes.map(|a| text.intern(&a)),
    }
}

impl Builder<'_> {
    /// A claim. One that names a volume is bound to it if the volume is there; a dump says so by an annotation.
    pub fn compile_claim(&mut self, written: &PersistentVolumeClaim, origin: Option<Origin>) -> Claim {
        let metadata = &written.metadata;
        let namespace = self.namespace(metadata);
        let created = self.created(metadata);
        let spec = claim_spec(&mut self.cluster.text, metadata, written.spec.as_ref());
        let selected_node = annotation(metadata, "volume.kubernetes.io/selected-node").and_then(|n| self.node_named(n));
        let bind_completed = annotation(metadata, "pv.kubernetes.io/bind-completed").is_some();
        let volume = spec.volume_name.filter(|_| bind_completed).and_then(|v| self.cluster.storage.volume(v));
        let owner = metadata.owner_references.iter().flatten().find(|o| o.kind == "Pod" && o.controller == Some(true));
        let text = &mut self.cluster.text;
        Claim {
            name: text.intern(metadata.name.as_deref().unwrap_or_default()),
            namespace,
            spec,
            volume,
            bind_completed,
            selected_node,
            lost: written.status.as_ref().and_then(|s| s.phase.as_deref()) == Some("Lost"),
            owner_pod: owner.map(|o| text.intern(if o.uid.is_empty() { &o.name } else { &o.uid })),
            created,
            owner: None,
            deleting: metadata.deletion_timestamp.is_some(),
            gone: false,
            origin,
        }
    }

    /// A PersistentVolume.
    pub fn compile_volume(&mut self, written: &PersistentVolume) -> Volume {
        let text = &mut self.cluster.text;
        let metadata = &written.metadata;
        let empty = PersistentVolumeSpec::default();
        let spec = written.spec.as_ref().unwrap_or(&empty);
        let phase = written.status.as_ref().and_then(|s| s.phase.as_deref()).unwrap_or("Available");
        let class = annotation(metadata, "volume.beta.kubernetes.io/storage-class").or(spec.storage_class_name.as_deref());
        let required = spec.node_affinity.as_ref().and_then(|a| a.required.as_ref());
        let claim_ref = spec
            .claim_ref
            .as_ref()
            .map(|r| (text.intern(r.namespace.as_deref().unwrap_or("default")), text.intern(r.name.as_deref().unwrap_or_default())));
        Volume {
            name: text.intern(metadata.name.as_deref().unwrap_or_default()),
            labels: labels(text, metadata.labels.as_ref()),
            capacity: bytes(spec.capacity.as_ref().and_then(|c| c.get("storage"))),
            access: access(spec.access_modes.as_deref()),
            class: text.intern(class.unwrap_or_default()),
            block: spec.volume_mode.as_deref() == Some("Block"),
            attributes_class: spec.volume_attributes_class_name.as_deref().filter(|n| !n.is_empty()).map(|n| text.intern(n)),
            node_affinity: required.map(|r| node_terms(text, r)),
            claim_ref,
            available: phase == "Available",
            released: phase == "Released",
            deleting: metadata.deletion_timestamp.is_some(),
            gone: false,
            backend: backend(text, spec),
            delete_on_release: spec.persistent_volume_reclaim_policy.as_deref() == Some("Delete"),
        }
    }

    /// A StorageClass. The API server fills in an absent binding mode (`Immediate`) and reclaim policy (`Delete`).
    pub fn compile_storage_class(&mut self, written: &WrittenClass) -> StorageClass {
        let text = &mut self.cluster.text;
        let term = |text: &mut Interner, term: &k8s_openapi::api::core::v1::TopologySelectorTerm| {
            let one = |text: &mut Interner, e: &k8s_openapi::api::core::v1::TopologySelectorLabelRequirement| {
                (text.intern(&e.key), e.values.iter().map(|v| text.intern(v)).collect::<Vec<Sym>>())
            };
            term.match_label_expressions.iter().flatten().map(|e| one(text, e)).collect::<Vec<_>>()
        };
        let default = |key: &str| annotation(&written.metadata, key) == Some("true");
        StorageClass {
            name: text.intern(written.metadata.name.as_deref().unwrap_or_default()),
            provisioner: text.intern(&written.provisioner),
            waits: written.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer"),
            mode_given: true,
            allowed_topologies: written.allowed_topologies.iter().flatten().map(|t| term(text, t)).collect(),
            default: default("storageclass.kubernetes.io/is-default-class") || default("storageclass.beta.kubernetes.io/is-default-class"),
            delete_on_release: written.reclaim_policy.as_deref().unwrap_or("Delete") == "Delete",
        }
    }

    /// The drivers of a node.
    pub fn compile_csi_node(&mut self, written: &CSINode) -> CsiNode {
        let text = &mut self.cluster.text;
        let migrated = annotation(&written.metadata, "storage.alpha.kubernetes.io/migrated-plugins").unwrap_or_default();
        CsiNode {
            node: text.intern(written.metadata.name.as_deref().unwrap_or_default()),
            drivers: written
                .spec
                .drivers
                .iter()
                .map(|d| CsiNodeDriver {
                    driver: text.intern(&d.name),
                    limit: d.allocatable.as_ref().and_then(|a| a.count).map(i64::from),
                    topology_keys: d.topology_keys.iter().flatten().map(|k| text.intern(k)).collect(),
                })
                .collect(),
            migrated: migrated.split(',').map(str::trim).filter(|p| !p.is_empty()).map(|p| text.intern(p)).collect(),
        }
    }

    /// A CSI driver.
    pub fn compile_csi_driver(&mut self, written: &CSIDriver) -> CsiDriver {
        CsiDriver {
            name: self.cluster.text.intern(written.metadata.name.as_deref().unwrap_or_default()),
            storage_capacity: written.spec.storage_capacity == Some(true),
            prevent_if_missing: written.spec.prevent_pod_scheduling_if_missing == Some(true),
            attach_required: written.spec.attach_required != Some(false),
        }
    }

    /// What a driver has left for a class.
    pub fn compile_storage_capacity(&mut self, written: &CSIStorageCapacity) -> StorageCapacity {
        let text = &mut self.cluster.text;
        let amount = |q: Option<&Written>| q.and_then(|q| Quantity::parse(&q.0).ok()).map(|q| q.value());
        StorageCapacity {
            class: text.intern(&written.storage_class_name),
            topology: selector(text, written.node_topology.as_ref()),
            capacity: amount(written.capacity.as_ref()),
            maximum: amount(written.maximum_volume_size.as_ref()),
        }
    }

    /// A volume attached to a node.
    pub fn compile_attachment(&mut self, written: &VolumeAttachment) -> Attachment {
        let text = &mut self.cluster.text;
        Attachment {
            volume: text.intern(written.spec.source.persistent_volume_name.as_deref().unwrap_or_default()),
            node: text.intern(&written.spec.node_name),
            driver: text.intern(&written.spec.attacher),
            attached: written.status.as_ref().is_some_and(|s| s.attached),
            deleting: written.metadata.deletion_timestamp.is_some(),
        }
    }
}

fn backend(text: &mut Interner, spec: &PersistentVolumeSpec) -> VolumeBackend {
    if let Some(csi) = &spec.csi {
        return VolumeBackend::Csi { driver: text.intern(&csi.driver), handle: text.intern(&csi.volume_handle) };
    }
    if spec.local.is_some() {
        return VolumeBackend::Local;
    }
    let fields = [
        (spec.aws_elastic_block_store.is_some(), "awsElasticBlockStore"),
        (spec.azure_disk.is_some(), "azureDisk"),
        (spec.azure_file.is_some(), "azureFile"),
        (spec.cephfs.is_some(), "cephfs"),
        (spec.cinder.is_some(), "cinder"),
        (spec.fc.is_some(), "fc"),
        (spec.gce_persistent_disk.is_some(), "gcePersistentDisk"),
        (spec.host_path.is_some(), "hostPath"),
        (spec.iscsi.is_some(), "iscsi"),
        (spec.nfs.is_some(), "nfs"),
        (spec.rbd.is_some(), "rbd"),
        (spec.vsphere_volume.is_some(), "vsphereVolume"),
    ];
    let field = fields.into_iter().find(|f| f.0).map_or("", |f| f.1);
    VolumeBackend::Other(text.intern(field))
}
