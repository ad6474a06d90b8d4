//! Which kinds of volumes `restricted` allows.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Volume;

use super::Violation;
use super::specs::{Pod, quoted, word};

/// `restrictedVolumes`.
pub(super) fn restricted(pod: &Pod<'_>) -> Option<Violation> {
    let (mut bad, mut kinds) = (Vec::new(), BTreeSet::new());
    for volume in pod.spec.volumes.iter().flatten().filter(|v| !is_allowed(v)) {
        bad.push(volume.name.as_str());
        kinds.insert(kind(volume));
    }
    if bad.is_empty() {
        return None;
    }
    let volumes = format!("{} {}", word("volume", "volumes", bad.len()), quoted(&bad));
    let (use_, noun) = (word("uses", "use", bad.len()), word("restricted volume type", "restricted volume types", kinds.len()));
    Violation::new("restricted volume types", format!("{volumes} {use_} {noun} {}", quoted(kinds)))
}

fn is_allowed(v: &Volume) -> bool {
    v.config_map.is_some()
        || v.csi.is_some()
        || v.downward_api.is_some()
        || v.empty_dir.is_some()
        || v.ephemeral.is_some()
        || v.persistent_volume_claim.is_some()
        || v.projected.is_some()
        || v.secret.is_some()
        // A volume without a source is an emptyDir (`SetDefaults_Volume`).
        || kind(v) == "unknown" && v.image.is_none()
}

fn kind(v: &Volume) -> &'static str {
    let kinds = [
        ("hostPath", v.host_path.is_some()),
        ("gcePersistentDisk", v.gce_persistent_disk.is_some()),
        ("awsElasticBlockStore", v.aws_elastic_block_store.is_some()),
        ("gitRepo", v.git_repo.is_some()),
        ("nfs", v.nfs.is_some()),
        ("iscsi", v.iscsi.is_some()),
        ("glusterfs", v.glusterfs.is_some()),
        ("rbd", v.rbd.is_some()),
        ("flexVolume", v.flex_volume.is_some()),
        ("cinder", v.cinder.is_some()),
        ("cephfs", v.cephfs.is_some()),
        ("flocker", v.flocker.is_some()),
        ("fc", v.fc.is_some()),
        ("azureFile", v.azure_file.is_some()),
        ("vsphereVolume", v.vsphere_volume.is_some()),
        ("quobyte", v.quobyte.is_some()),
        ("azureDisk", v.azure_disk.is_some()),
        ("photonPersistentDisk", v.photon_persistent_disk.is_some()),
        ("portworxVolume", v.portworx_volume.is_some()),
        ("scaleIO", v.scale_io.is_some()),
        ("storageos", v.storageos.is_some()),
    ];
    kinds.into_iter().find(|(_, is)| *is).map_or("unknown", |(kind, _)| kind)
}
