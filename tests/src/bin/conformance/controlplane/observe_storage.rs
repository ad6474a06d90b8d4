//! Quotas, claims, volumes and attachments: their series, their state at the end, and their recorded names.

use serde_json::{Map, Value, json};
use wavetank_core::cluster::Cluster;
use wavetank_core::cluster::quotas::ResourceList;
use wavetank_core::units::time::Time;

use super::observe::Observer;

/// The letters of generated names.
const LETTERS: &str = "bcdfghjklmnpqrstvwxz2456789";

/// Takes in the state of a moment.
pub(crate) fn sample(observer: &mut Observer, cluster: &Cluster, now: Time) {
    for quota in cluster.quotas.iter().filter(|q| !q.meta.gone) {
        observer.state(format!("resourceQuotas/{}", cluster.text(quota.meta.name)), now, json!([amounts(&quota.used, "")]));
    }
}

fn amounts(list: &ResourceList, prefix: &str) -> Map<String, Value> {
    list.iter().map(|(name, amount)| (format!("{prefix}{name}"), json!(amount.to_string()))).collect()
}

/// What there is of a kind at the end, by recorded name.
pub(crate) fn final_objects(cluster: &Cluster, kind: &str) -> Map<String, Value> {
    let mut got = Map::new();
    if kind == "ResourceQuota" {
        for quota in cluster.quotas.iter().filter(|q| !q.meta.gone) {
            let mut fields = amounts(&quota.enforced, "hard:");
            fields.extend(amounts(&quota.used, "used:"));
            got.insert(cluster.text(quota.meta.name).to_owned(), Value::Object(fields));
        }
    }
    got
}

/// Replaces the names of pods that were refused before they existed (`web#1-x2b7k`) by the recorded ones (`web#1/?`).
pub(crate) fn normalise(text: &str) -> String {
    let Some((before, rest)) = text.split_once("pods \"") else { return text.to_owned() };
    let Some((name, after)) = rest.split_once('"') else { return text.to_owned() };
    match name.rsplit_once('-') {
        Some((owner, suffix)) if suffix.len() == 5 && suffix.chars().all(|c| LETTERS.contains(c)) => {
            format!("{before}pods \"{owner}/?\"{after}")
        }
        _ => text.to_owned(),
    }
}
