//! VolumeZone: volumes whose labels tie them to zones (`plugins/volumezone/volume_zone.go`, v1.37).

use super::Plugin;
use crate::cluster::Cluster;
use crate::cluster::node::Node;
use crate::scheduler::claims::PodClaim;
use crate::scheduler::config::WellKnown;
use crate::scheduler::status::Refusal;
use crate::units::intern::Sym;

/// What the filter knows of a pod: zone labels of its volumes, each with the values it may have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FilterState {
    labels: Vec<(Sym, Vec<String>)>,
}

/// The label keys that tie a volume to a place, beta ones first, each with the stable key that stands in for it.
fn keys(known: &WellKnown) -> [(Sym, Sym); 4] {
    [(known.beta_zone, known.zone), (known.beta_region, known.region), (known.zone, known.zone), (known.region, known.region)]
}

/// Collects the labels; `Ok(None)` where no volume has one.
pub fn pre_filter(cluster: &Cluster, claims: &[PodClaim], known: &WellKnown) -> Result<Option<FilterState>, Refusal> {
    let storage = &cluster.storage;
    let refuse = |reason: String| Err(Refusal::unresolvable(Plugin::VolumeZone, reason));
    let mut labels = Vec::new();
    for wanted in claims.iter().filter(|c| !c.ephemeral) {
        if wanted.name.is_empty() {
            return refuse("PersistentVolumeClaim had no name".to_owned());
        }
        let Some(claim) = wanted.claim else { return refuse(format!("persistentvolumeclaim \"{}\" not found", wanted.name)) };
        let spec = &storage.claims[claim.index()].spec;
        let Some(volume_name) = spec.volume_name else {
            let Some(class_name) = spec.class.filter(|&c| c != Sym::EMPTY) else {
                return refuse("PersistentVolumeClaim had no pv name and storageClass name".to_owned());
            };
            let Some(class) = storage.class(class_name) else {
                return refuse(format!("storageclass.storage.k8s.io \"{}\" not found", cluster.text(class_name)));
            };
            let class = &storage.classes[class.index()];
            if !class.mode_given {
                return refuse(format!("VolumeBindingMode not set for StorageClass \"{}\"", cluster.text(class_name)));
            }
            if class.waits {
                continue;
            }
            return refuse("PersistentVolume had no name".to_owned());
        };
        let Some(volume) = storage.volume(volume_name) else {
            return refuse(format!("persistentvolume \"{}\" not found", cluster.text(volume_name)));
        };
        let volume = &storage.volumes[volume.index()];
        for (key, _) in keys(known) {
            if let Some(value) = volume.labels.get(key) {
                labels.push((key, cluster.text(value).split("__").map(str::to_owned).collect()));
            }
        }
    }
    Ok((!labels.is_empty()).then_some(FilterState { labels }))
}

impl FilterState {
    /// Why the node does not do.
    pub fn filter(&self, cluster: &Cluster, node: &Node, known: &WellKnown) -> Option<Refusal> {
        let keys = keys(known);
        if keys.iter().all(|(key, _)| node.labels.get(*key).is_none()) {
            return None;
        }
        let conflict = self.labels.iter().any(|(key, values)| {
            let stable = keys.iter().find(|k| k.0 == *key).map_or(*key, |k| k.1);
            let value = node.labels.get(*key).or_else(|| node.labels.get(stable));
            value.is_none_or(|v| !values.iter().any(|allowed| allowed == cluster.text(v)))
        });
        conflict.then(|| Refusal::unresolvable(Plugin::VolumeZone, "node(s) had no available volume zone"))
    }
}
