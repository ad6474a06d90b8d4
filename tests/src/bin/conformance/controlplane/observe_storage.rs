//! Quotas, claims, volumes and attachments: their series, their state at the end, and their recorded names.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use wavetank_core::apiserver::Api;
use wavetank_core::cluster::Cluster;
use wavetank_core::cluster::ids::{BudgetId, ClaimId, QuotaId, VolumeId};
use wavetank_core::cluster::quotas::ResourceList;
use wavetank_core::cluster::volumes::{Claim, ClaimOwner, Volume};
use wavetank_core::units::time::Time;

use super::names;
use super::observe::Observer;

/// The letters of generated names.
const LETTERS: &str = "bcdfghjklmnpqrstvwxz2456789";
/// How names of provisioned volumes begin.
const PROVISIONED: &str = "pvc-";

/// Takes in the state of a moment.
pub(crate) fn sample(observer: &mut Observer, cluster: &Cluster, now: Time) {
    for quota in cluster.quotas.iter().filter(|q| !q.meta.gone) {
        observer.state(format!("resourceQuotas/{}", cluster.text(quota.meta.name)), now, json!([amounts(&quota.used, "")]));
    }
    let mut claims: BTreeMap<String, Value> = BTreeMap::new();
    for claim in &cluster.storage.claims {
        let value = if claim.gone {
            json!(["gone"])
        } else {
            let owner = claim.owner.map_or(String::new(), |owner| match owner {
                ClaimOwner::Pod(pod) => format!("Pod/{}", names::pod(cluster, pod)),
                ClaimOwner::Set(set) => format!("StatefulSet/{}", cluster.text(cluster.stateful_sets[set.index()].meta.name)),
            });
            json!([claim_phase(claim), claim.deleting, owner])
        };
        claims.insert(cluster.text(claim.name).to_owned(), value);
    }
    for (name, value) in claims {
        observer.state(format!("persistentVolumeClaims/{name}"), now, value);
    }
    for (index, volume) in cluster.storage.volumes.iter().enumerate() {
        let name = volume_name(cluster, VolumeId::from_index(index));
        let value = if volume.gone { json!(["gone"]) } else { json!([volume_phase(volume), claim_of(cluster, volume), volume.deleting]) };
        observer.state(format!("persistentVolumes/{name}"), now, value);
    }
    let mut present = Vec::new();
    for attachment in &cluster.storage.attachments {
        let Some(volume) = cluster.storage.volumes.iter().rposition(|v| v.name == attachment.volume) else { continue };
        let name = volume_name(cluster, VolumeId::from_index(volume));
        let node = cluster.text(attachment.node).to_owned();
        let nodes = observer.attached_to.entry(name.clone()).or_default();
        if !nodes.contains(&node) {
            nodes.push(node.clone());
        }
        let place = nodes.iter().position(|n| *n == node).map_or(0, |at| at + 1);
        let path = format!("volumeAttachments/{name}@{place}");
        observer.state(path.clone(), now, json!([attachment.attached, attachment.deleting]));
        present.push(path);
    }
    let gone: Vec<String> = {
        let seen = observer.states.range("volumeAttachments/".to_owned()..).take_while(|(path, _)| path.starts_with("volumeAttachments/"));
        seen.map(|(path, _)| path.clone()).filter(|path| !present.contains(path)).collect()
    };
    for path in gone {
        observer.state(path, now, json!(["gone"]));
    }
}

fn amounts(list: &ResourceList, prefix: &str) -> Map<String, Value> {
    list.iter().map(|(name, amount)| (format!("{prefix}{name}"), json!(amount.to_string()))).collect()
}

fn claim_phase(claim: &Claim) -> &'static str {
    match (claim.lost, claim.bind_completed) {
        (true, _) => "Lost",
        (false, true) => "Bound",
        (false, false) => "Pending",
    }
}

fn volume_phase(volume: &Volume) -> &'static str {
    match (volume.released, volume.available) {
        (true, _) => "Released",
        (false, true) => "Available",
        (false, false) => "Bound",
    }
}

fn claim_of<'a>(cluster: &'a Cluster, volume: &Volume) -> &'a str {
    volume.claim_ref.map_or("", |(_, name)| cluster.text(name))
}

/// The recorded name of a volume: its own, or `pv:data-db-0:1` for the first one made for that claim.
fn volume_name(cluster: &Cluster, id: VolumeId) -> String {
    let volumes = &cluster.storage.volumes;
    let volume = &volumes[id.index()];
    let name = cluster.text(volume.name);
    if !name.starts_with(PROVISIONED) {
        return name.to_owned();
    }
    let alike = |v: &&Volume| v.claim_ref == volume.claim_ref && cluster.text(v.name).starts_with(PROVISIONED);
    format!("pv:{}:{}", claim_of(cluster, volume), volumes[..=id.index()].iter().filter(alike).count())
}

/// What there is of a kind at the end, by recorded name.
pub(crate) fn final_objects(cluster: &Cluster, kind: &str) -> Map<String, Value> {
    let mut got = Map::new();
    let storage = &cluster.storage;
    match kind {
        "ResourceQuota" => {
            for quota in cluster.quotas.iter().filter(|q| !q.meta.gone) {
                let mut fields = amounts(&quota.enforced, "hard:");
                fields.extend(amounts(&quota.used, "used:"));
                got.insert(cluster.text(quota.meta.name).to_owned(), Value::Object(fields));
            }
        }
        "PersistentVolumeClaim" => {
            for claim in storage.claims.iter().filter(|c| !c.gone) {
                let mut fields = Map::new();
                fields.insert("phase".to_owned(), json!(claim_phase(claim)));
                if let Some(volume) = claim.volume {
                    fields.insert("volume".to_owned(), json!(volume_name(cluster, volume)));
                    // A bound claim says whether a pod that has not ended and has a node uses it.
                    let used = cluster.is_claim_used(claim.namespace, claim.name);
                    fields.insert("condition:Unused".to_owned(), json!(if used { "False PodUsingPVC" } else { "True NoPodsUsingPVC" }));
                }
                if let Some(node) = claim.selected_node {
                    fields.insert("selectedNode".to_owned(), json!(cluster.text(cluster.node(node).name)));
                }
                if claim.deleting {
                    fields.insert("deleting".to_owned(), json!(true));
                }
                got.insert(cluster.text(claim.name).to_owned(), Value::Object(fields));
            }
        }
        "PersistentVolume" => {
            for (index, volume) in storage.volumes.iter().enumerate().filter(|(_, v)| !v.gone) {
                let mut fields = Map::new();
                fields.insert("phase".to_owned(), json!(volume_phase(volume)));
                if !claim_of(cluster, volume).is_empty() {
                    fields.insert("claim".to_owned(), json!(claim_of(cluster, volume)));
                }
                if volume.deleting {
                    fields.insert("deleting".to_owned(), json!(true));
                }
                got.insert(volume_name(cluster, VolumeId::from_index(index)), Value::Object(fields));
            }
        }
        "VolumeAttachment" => {
            for attachment in &storage.attachments {
                let Some(volume) = storage.volumes.iter().rposition(|v| v.name == attachment.volume) else { continue };
                let mut fields = Map::new();
                if attachment.attached {
                    fields.insert("attached".to_owned(), json!(true));
                }
                if attachment.deleting {
                    fields.insert("deleting".to_owned(), json!(true));
                }
                let name = format!("{}@{}", volume_name(cluster, VolumeId::from_index(volume)), cluster.text(attachment.node));
                got.insert(name, Value::Object(fields));
            }
        }
        _ => {}
    }
    got
}

/// Replaces generated names of volumes by the recorded ones, and those of pods that were refused before they existed
/// (`web#1-x2b7k`) by `web#1/?`.
pub(crate) fn normalise(cluster: &Cluster, text: &str) -> String {
    let mut text = text.to_owned();
    let mut volumes: Vec<(&str, VolumeId)> =
        cluster.storage.volumes.iter().enumerate().map(|(i, v)| (cluster.text(v.name), VolumeId::from_index(i))).collect();
    volumes.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, id) in volumes.into_iter().filter(|(name, _)| name.starts_with(PROVISIONED)) {
        if text.contains(name) {
            text = text.replace(name, &volume_name(cluster, id));
        }
    }
    let Some((before, rest)) = text.split_once("pods \"") else { return text };
    let Some((name, after)) = rest.split_once('"') else { return text };
    match name.rsplit_once('-') {
        Some((owner, suffix)) if suffix.len() == 5 && suffix.chars().all(|c| LETTERS.contains(c)) => {
            format!("{before}pods \"{owner}/?\"{after}")
        }
        _ => text,
    }
}

/// Deletes an object of one of these kinds.
pub(crate) fn delete(api: &mut Api, kind: &str, name: &str) {
    let cluster = api.cluster();
    let Some(name) = cluster.text.get(name) else { return };
    match kind {
        "PersistentVolumeClaim" => {
            if let Some(at) = cluster.storage.claims.iter().rposition(|c| !c.gone && c.name == name) {
                api.delete_claim(ClaimId::from_index(at));
            }
        }
        "PersistentVolume" => {
            if let Some(volume) = cluster.storage.volume(name) {
                api.delete_volume(volume);
            }
        }
        "ResourceQuota" => {
            if let Some(at) = cluster.quotas.iter().rposition(|q| !q.meta.gone && q.meta.name == name) {
                api.delete_quota(QuotaId::from_index(at));
            }
        }
        "PodDisruptionBudget" => {
            if let Some(at) = cluster.budgets.iter().rposition(|b| !b.meta.gone && b.meta.name == name) {
                api.delete_budget(BudgetId::from_index(at));
            }
        }
        _ => {}
    }
}
