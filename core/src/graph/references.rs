//! What a pod spec names: ConfigMaps, Secrets, claims, its service account, and the addresses it will probably call.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, PodSpec};

use super::model::{Kind, Relation};
use crate::manifest::Object;

/// Something a pod spec names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reference {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) relation: Relation,
    /// The pods start without it.
    pub(super) optional: bool,
}

/// The pod spec within an object.
pub(super) fn pod_spec(object: &Object) -> Option<&PodSpec> {
    match object {
        Object::Pod(o) => o.spec.as_ref(),
        Object::Deployment(o) => o.spec.template.spec.as_ref(),
        Object::ReplicaSet(o) => o.spec.template.as_ref()?.spec.as_ref(),
        Object::ReplicationController(o) => o.spec.as_ref()?.template.as_ref()?.spec.as_ref(),
        Object::StatefulSet(o) => o.spec.template.spec.as_ref(),
        Object::DaemonSet(o) => o.spec.template.spec.as_ref(),
        Object::Job(o) => o.spec.as_ref()?.template.spec.as_ref(),
        Object::CronJob(o) => o.spec.job_template.spec.as_ref()?.template.spec.as_ref(),
        _ => None,
    }
}

/// Everything a pod spec names, each once.
pub(super) fn references(spec: &PodSpec) -> Vec<Reference> {
    let mut found: BTreeSet<Reference> = BTreeSet::new();
    let mut add = |kind: Kind, name: &str, relation: Relation, optional: Option<bool>| {
        if !name.is_empty() {
            found.insert(Reference { kind, name: name.to_owned(), relation, optional: optional == Some(true) });
        }
    };
    for volume in spec.volumes.iter().flatten() {
        if let Some(claim) = &volume.persistent_volume_claim {
            add(Kind::Claim, &claim.claim_name, Relation::Mounts, None);
        }
        if let Some(map) = &volume.config_map {
            add(Kind::ConfigMap, &map.name, Relation::Mounts, map.optional);
        }
        if let Some(secret) = &volume.secret {
            add(Kind::Secret, secret.secret_name.as_deref().unwrap_or_default(), Relation::Mounts, secret.optional);
        }
        for source in volume.projected.iter().flat_map(|p| p.sources.iter().flatten()) {
            source.config_map.iter().for_each(|m| add(Kind::ConfigMap, &m.name, Relation::Mounts, m.optional));
            source.secret.iter().for_each(|s| add(Kind::Secret, &s.name, Relation::Mounts, s.optional));
        }
    }
    for container in containers(spec) {
        for from in container.env_from.iter().flatten() {
            from.config_map_ref.iter().for_each(|r| add(Kind::ConfigMap, &r.name, Relation::References, r.optional));
            from.secret_ref.iter().for_each(|r| add(Kind::Secret, &r.name, Relation::References, r.optional));
        }
        for source in container.env.iter().flatten().filter_map(|e| e.value_from.as_ref()) {
            source.config_map_key_ref.iter().for_each(|r| add(Kind::ConfigMap, &r.name, Relation::References, r.optional));
            source.secret_key_ref.iter().for_each(|r| add(Kind::Secret, &r.name, Relation::References, r.optional));
        }
    }
    // A pull secret that is missing only makes the pull anonymous.
    spec.image_pull_secrets.iter().flatten().for_each(|s| add(Kind::Secret, &s.name, Relation::References, Some(true)));
    let account = spec.service_account_name.as_deref().or(spec.service_account.as_deref()).filter(|&a| a != "default");
    add(Kind::ServiceAccount, account.unwrap_or_default(), Relation::References, None);
    found.into_iter().collect()
}

fn containers(spec: &PodSpec) -> impl Iterator<Item = &Container> {
    spec.init_containers.iter().flatten().chain(&spec.containers)
}

/// The values that containers are given: environment and arguments.
pub(super) fn values(spec: &PodSpec) -> impl Iterator<Item = &str> {
    containers(spec).flat_map(|c| {
        let env = c.env.iter().flatten().filter_map(|e| e.value.as_deref());
        env.chain(c.args.iter().flatten().map(String::as_str)).chain(c.command.iter().flatten().map(String::as_str))
    })
}

/// The host names within a value that may be Services: what follows `//` or `@`, or stands before a port, or is the whole value.
/// Each as (service, namespace).
pub(super) fn hosts(value: &str) -> Vec<(&str, Option<&str>)> {
    const MOST_LETTERS: usize = 4096;
    if value.len() > MOST_LETTERS {
        return Vec::new();
    }
    let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let mut found = Vec::new();
    for part in value.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\'' | '=')) {
        let (marked, rest) = match part.find("//") {
            Some(at) => (true, &part[at + 2..]),
            None => (false, part),
        };
        let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let end = rest.find(|c| !name(c)).unwrap_or(rest.len());
        let (host, after) = rest.split_at(end);
        let port = after.strip_prefix(':').is_some_and(|p| p.starts_with(|c: char| c.is_ascii_digit()));
        let whole = after.is_empty();
        if !host.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()) || !(marked || port || whole) {
            continue;
        }
        let mut labels = host.split('.');
        let (Some(service), namespace, third) = (labels.next(), labels.next(), labels.next()) else { continue };
        if !service.is_empty() && third.is_none_or(|t| t == "svc") {
            found.push((service, namespace));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::hosts;

    #[test]
    fn addresses_are_found_in_values() {
        assert_eq!(hosts("http://catalog:8080/api"), [("catalog", None)]);
        assert_eq!(hosts("postgres://shop:secret@db.data.svc.cluster.local:5432/orders"), [("db", Some("data"))]);
        assert_eq!(hosts("redis:6379,cache:6379"), [("redis", None), ("cache", None)]);
        assert_eq!(hosts("--broker=nats:4222"), [("nats", None)]);
        assert_eq!(hosts("catalog"), [("catalog", None)]);
        assert_eq!(hosts("https://www.example.com/x"), [], "a host with three labels is no Service");
        assert_eq!(hosts("/etc/config"), []);
    }
}
