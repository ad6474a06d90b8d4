//! What a pod may share with its host: namespaces, paths, ports, and whom its probes may ask.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, HTTPGetAction, TCPSocketAction};

use super::Violation;
use super::specs::{Pod, containers, quoted, word};

/// `hostNamespaces`.
pub(super) fn namespaces(pod: &Pod<'_>) -> Option<Violation> {
    let shared = [("hostNetwork", pod.spec.host_network), ("hostPID", pod.spec.host_pid), ("hostIPC", pod.spec.host_ipc)];
    let shared: Vec<String> = shared.iter().filter(|(_, on)| *on == Some(true)).map(|(name, _)| format!("{name}=true")).collect();
    if shared.is_empty() { None } else { Violation::new("host namespaces", shared.join(", ")) }
}

/// `hostPathVolumes`.
pub(super) fn paths(pod: &Pod<'_>) -> Option<Violation> {
    let bad: Vec<&str> = pod.spec.volumes.iter().flatten().filter(|v| v.host_path.is_some()).map(|v| v.name.as_str()).collect();
    if bad.is_empty() {
        return None;
    }
    Violation::new("hostPath volumes", format!("{} {}", word("volume", "volumes", bad.len()), quoted(&bad)))
}

/// `hostPorts`.
pub(super) fn ports(pod: &Pod<'_>) -> Option<Violation> {
    let mut bad = Vec::new();
    let mut ports: BTreeSet<String> = BTreeSet::new();
    for container in pod.containers() {
        let own = container.ports.iter().flatten().filter_map(|p| p.host_port).filter(|&port| port != 0);
        let before = own.map(|port| ports.insert(port.to_string())).count();
        if before > 0 {
            bad.push(container.name.as_str());
        }
    }
    if bad.is_empty() {
        return None;
    }
    let list = ports.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let (use_, noun) = (word("uses", "use", bad.len()), word("hostPort", "hostPorts", ports.len()));
    Violation::new("hostPort", format!("{} {use_} {noun} {list}", containers(&bad)))
}

/// `hostProbesAndHostLifecycle`.
pub(super) fn probes(pod: &Pod<'_>) -> Option<Violation> {
    let mut bad: BTreeSet<&str> = BTreeSet::new();
    let mut hosts: BTreeSet<&str> = BTreeSet::new();
    for container in pod.containers() {
        for host in asked_hosts(container) {
            bad.insert(&container.name);
            hosts.insert(host);
        }
    }
    if bad.is_empty() {
        return None;
    }
    let bad: Vec<&str> = bad.into_iter().collect();
    let (use_, noun) = (word("uses", "use", bad.len()), word("probe or lifecycle host", "probe or lifecycle hosts", hosts.len()));
    Violation::new("probe or lifecycle host", format!("{} {use_} {noun} {}", containers(&bad), quoted(hosts)))
}

fn asked_hosts(container: &Container) -> impl Iterator<Item = &str> {
    let probes = [&container.liveness_probe, &container.readiness_probe, &container.startup_probe];
    let of_probes = probes.into_iter().flatten().flat_map(|p| hosts(p.http_get.as_ref(), p.tcp_socket.as_ref()));
    let hooks = container.lifecycle.iter().flat_map(|l| [&l.post_start, &l.pre_stop]).flatten();
    of_probes.chain(hooks.flat_map(|h| hosts(h.http_get.as_ref(), h.tcp_socket.as_ref())))
}

fn hosts<'a>(http: Option<&'a HTTPGetAction>, tcp: Option<&'a TCPSocketAction>) -> impl Iterator<Item = &'a str> {
    let both = [http.and_then(|h| h.host.as_deref()), tcp.and_then(|t| t.host.as_deref())];
    both.into_iter().flatten().filter(|host| !host.is_empty())
}
