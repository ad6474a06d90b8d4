//! Containers of a pod spec: requests and limits, ports, probes, hooks and the ConfigMaps and Secrets they can't start without.

use k8s_openapi::api::core::v1::{Container as Written, ContainerPort, EnvFromSource, EnvVar, Probe as WrittenProbe, Volume};

use super::requests::{Demand, is_sidecar};
use crate::cluster::template::{Container, HostPort, Probe, PullPolicy};
use crate::units::intern::{Interner, Sym};

/// Compiles one container or init container.
pub(crate) fn container(text: &mut Interner, written: &Written, host_network: bool) -> Container {
    let demand = Demand::of_container(written);
    let ports = written.ports.as_deref().unwrap_or_default();
    let mounts = written.volume_mounts.iter().flatten();
    let pre_stop = written.lifecycle.as_ref().and_then(|l| l.pre_stop.as_ref());
    Container {
        name: text.intern(&written.name),
        image: text.intern(written.image.as_deref().unwrap_or_default()),
        pull: pull_policy(written),
        requests: demand.requests.resources(text),
        limits: demand.limits.resources(text),
        requests_named: (demand.requests.has("cpu"), demand.requests.has("memory")),
        sidecar: is_sidecar(written),
        host_ports: ports.iter().filter_map(|p| host_port(text, p, host_network)).collect(),
        startup_probe: written.startup_probe.as_ref().map(probe),
        readiness_probe: written.readiness_probe.as_ref().map(probe),
        liveness_probe: written.liveness_probe.as_ref().map(probe),
        pre_stop: pre_stop.map(|hook| hook.sleep.as_ref().map_or(0, |s| s.seconds.max(0))),
        restarts_all: written.restart_policy_rules.iter().flatten().any(|r| r.action == "RestartAllContainers"),
        bind_mount_options: mounts.into_iter().any(|m| m.bind_mount_options.as_ref().is_some_and(|o| !o.is_empty())),
    }
}

/// `SetDefaults_Container`: always where the tag is `latest` or missing and there is no digest.
fn pull_policy(written: &Written) -> PullPolicy {
    let image = written.image.as_deref().unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    match written.image_pull_policy.as_deref() {
        Some("Always") => PullPolicy::Always,
        Some("Never") => PullPolicy::Never,
        Some("IfNotPresent") => PullPolicy::IfNotPresent,
        _ if !image.contains('@') && (name.ends_with(":latest") || !name.contains(':')) => PullPolicy::Always,
        _ => PullPolicy::IfNotPresent,
    }
}

/// A pod on the host's network wants its container ports of the host (`SetDefaults_HostNetworkPorts`).
fn host_port(text: &mut Interner, written: &ContainerPort, host_network: bool) -> Option<HostPort> {
    let own = written.host_port.filter(|&p| p != 0);
    let port = own.or(host_network.then_some(written.container_port)).filter(|&p| p > 0)?;
    let or = |given: &Option<String>, default: &str| given.clone().filter(|s| !s.is_empty()).unwrap_or_else(|| default.to_owned());
    let protocol = text.intern(&or(&written.protocol, "TCP"));
    Some(HostPort { protocol, ip: text.intern(&or(&written.host_ip, "0.0.0.0")), port })
}

/// `SetDefaults_Probe`.
fn probe(written: &WrittenProbe) -> Probe {
    let or = |given: Option<i32>, default: i32| given.filter(|&n| n != 0).unwrap_or(default);
    Probe {
        initial_delay: written.initial_delay_seconds.unwrap_or(0).max(0),
        period: or(written.period_seconds, 10),
        timeout: or(written.timeout_seconds, 1),
        success_threshold: or(written.success_threshold, 1),
        failure_threshold: or(written.failure_threshold, 3),
    }
}

/// The image's name with its tag, as ImageLocality compares it.
pub(crate) fn normalised_image(text: &mut Interner, image: &str) -> Sym {
    if image.rfind(':') <= image.rfind('/') { text.intern(&format!("{image}:latest")) } else { text.intern(image) }
}

/// ConfigMaps (false) and Secrets (true) that containers read by `env` and `envFrom`, or that a projected volume shows, unless
/// they are optional.
pub(crate) fn references(text: &mut Interner, containers: &[&Written], volumes: &[Volume]) -> Vec<(bool, Sym)> {
    let mut found: Vec<(bool, Sym)> = Vec::new();
    let mut add = |secret: bool, name: &str, optional: Option<bool>| {
        if optional != Some(true) && !name.is_empty() {
            let reference = (secret, text.intern(name));
            if !found.contains(&reference) {
                found.push(reference);
            }
        }
    };
    for container in containers {
        for EnvFromSource { config_map_ref, secret_ref, .. } in container.env_from.iter().flatten() {
            config_map_ref.iter().for_each(|r| add(false, &r.name, r.optional));
            secret_ref.iter().for_each(|r| add(true, &r.name, r.optional));
        }
        for EnvVar { value_from, .. } in container.env.iter().flatten() {
            let Some(source) = value_from else { continue };
            source.config_map_key_ref.iter().for_each(|r| add(false, &r.name, r.optional));
            source.secret_key_ref.iter().for_each(|r| add(true, &r.name, r.optional));
        }
    }
    for source in volumes.iter().filter_map(|v| v.projected.as_ref()).flat_map(|p| p.sources.iter().flatten()) {
        source.config_map.iter().for_each(|m| add(false, &m.name, m.optional));
        source.secret.iter().for_each(|s| add(true, &s.name, s.optional));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_without_a_tag_get_one() {
        let mut text = Interner::default();
        for (image, full) in [
            ("web", "web:latest"),
            ("web:v1", "web:v1"),
            ("host:5000/web", "host:5000/web:latest"),
            ("host:5000/web:v1", "host:5000/web:v1"),
        ] {
            let sym = normalised_image(&mut text, image);
            assert_eq!(text.text(sym), full);
        }
    }
}
