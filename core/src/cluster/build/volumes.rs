//! The volumes of a pod spec.

use k8s_openapi::api::core::v1::Volume as Written;

use crate::cluster::template::{PodVolume, VolumeSource};
use crate::units::intern::{Interner, Sym};

/// Compiles one volume. ConfigMaps and Secrets that are `optional` do not hold a pod back and count as `Other`.
pub(crate) fn volume(text: &mut Interner, written: &Written) -> PodVolume {
    let name = text.intern(&written.name);
    PodVolume { name, source: source(text, written) }
}

fn source(text: &mut Interner, v: &Written) -> VolumeSource {
    let mut sym = |name: &str| text.intern(name);
    if let Some(claim) = &v.persistent_volume_claim {
        return VolumeSource::Claim(sym(&claim.claim_name));
    }
    if let Some(ephemeral) = &v.ephemeral {
        let class = ephemeral.volume_claim_template.as_ref().and_then(|t| t.spec.storage_class_name.as_deref());
        return VolumeSource::Ephemeral { class: class.map(sym) };
    }
    if v.empty_dir.is_some() {
        return VolumeSource::EmptyDir;
    }
    if let Some(map) = v.config_map.as_ref().filter(|m| m.optional != Some(true)) {
        return VolumeSource::ConfigMap(sym(&map.name));
    }
    if let Some(secret) = v.secret.as_ref().filter(|s| s.optional != Some(true)) {
        return VolumeSource::Secret(sym(secret.secret_name.as_deref().unwrap_or_default()));
    }
    if let Some(disk) = &v.gce_persistent_disk {
        return VolumeSource::GcePd(sym(&disk.pd_name), disk.read_only.unwrap_or(false));
    }
    if let Some(disk) = &v.aws_elastic_block_store {
        return VolumeSource::AwsEbs(sym(&disk.volume_id));
    }
    if let Some(disk) = &v.iscsi {
        return VolumeSource::Iscsi(sym(&disk.iqn), disk.read_only.unwrap_or(false));
    }
    if let Some(disk) = &v.rbd {
        let monitors: Vec<Sym> = disk.monitors.iter().map(|m| sym(m)).collect();
        // `SetDefaults_RBDVolumeSource`: the pool is `rbd` unless named.
        let pool = sym(disk.pool.as_deref().filter(|p| !p.is_empty()).unwrap_or("rbd"));
        return VolumeSource::Rbd(monitors, pool, sym(&disk.image), disk.read_only.unwrap_or(false));
    }
    if let Some(inline) = &v.csi {
        return VolumeSource::Csi(sym(&inline.driver));
    }
    if let Some(image) = &v.image {
        return VolumeSource::Image(sym(image.reference.as_deref().unwrap_or_default()));
    }
    VolumeSource::Other
}
