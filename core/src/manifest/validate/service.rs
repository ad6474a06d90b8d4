//! Services and their endpoints.
//!
//! Owns `validateService`, `ValidateEndpoints` of `pkg/apis/core/validation/validation.go` and
//! `pkg/apis/discovery/validation/validation.go` (v1.37). A cluster of one family, IPv4, is assumed.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::container::{port, port_number};
use super::selector::labels;
use crate::manifest::field::{Errors, Field};
use crate::manifest::forms::{address, cidr, is_qualified_name};
use crate::manifest::names::{is_dns_label, is_dns_subdomain};

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

/// `ValidateServiceCreate`; what allocation refuses comes before it.
pub(super) fn service(object: &Field<'_>, errors: &mut Errors) {
    let before = errors.0.len();
    allocation(&object.get("spec"), errors);
    if errors.0.len() == before {
        check(object, errors);
    }
}

fn is_headless(spec: &Field<'_>) -> bool {
    spec.get("clusterIP").text() == "None"
}

/// The addresses of a Service: `clusterIPs`, or `clusterIP` alone.
fn cluster_ips<'a>(spec: &Field<'a>) -> Vec<Field<'a>> {
    let list = spec.get("clusterIPs");
    if list.is_empty() && !spec.get("clusterIP").is_empty() {
        return vec![spec.get("clusterIP").called_item(&list, 0)];
    }
    list.items().collect()
}

/// `validateService`.
pub(super) fn check(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    let kind = spec.get("type").text();
    let ports: Vec<Field<'_>> = spec.get("ports").items().collect();
    let notes = object.at(&["metadata", "annotations"]);
    let (hints, mode) = (notes.entry("service.kubernetes.io/topology-aware-hints"), notes.entry("service.kubernetes.io/topology-mode"));
    if hints.is_set() && mode.is_set() && hints.text() != mode.text() {
        errors.invalid(&mode, "it must match the value of service.kubernetes.io/topology-aware-hints");
    }
    if ports.is_empty() && !is_headless(&spec) && kind != "ExternalName" {
        errors.required(&spec.get("ports"));
    }
    match kind {
        "LoadBalancer" | "NodePort" if is_headless(&spec) => {
            errors.invalid(&spec.get("clusterIPs").item(0), format!("it may not be None for {kind} services"));
        }
        "ExternalName" => external_name(&spec, errors),
        _ => {}
    }
    let mut names = BTreeSet::new();
    for item in &ports {
        let name = item.get("name");
        if ports.len() > 1 && name.is_empty() {
            errors.required(&name);
        } else if !name.is_empty() {
            errors.form(&name, is_dns_label(name.text()), "at most 63 lower-case letters, digits and `-`");
            if !names.insert(name.text()) {
                errors.duplicate(&name);
            }
        }
        port_number(&item.get("port"), errors);
        errors.required_one_of(&item.get("protocol"), &PROTOCOLS);
        port(&item.get("targetPort"), errors);
        let application = item.get("appProtocol");
        errors.form(&application, !application.is_set() || is_qualified_name(application.text()), "the form of a qualified name");
    }
    labels(&spec.get("selector"), errors);
    affinity(&spec, errors);
    families(&spec, errors);
    for ip in spec.get("externalIPs").items() {
        if address(ip.text()).is_none() {
            errors.invalid(&ip, "it must be an IP address");
        } else {
            endpoint_address(&ip, errors);
        }
    }
    errors.required_one_of(&spec.get("type"), &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
    let (mut node_ports, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for item in &ports {
        let (protocol, node) = (item.get("protocol").text(), item.get("nodePort"));
        if kind == "ClusterIP" && node.int() != 0 {
            errors.forbidden(&node, "it may not be used when `type` is ClusterIP");
        }
        if node.int() != 0 && !node_ports.insert((protocol, node.int())) {
            errors.duplicate(&node);
        }
        if !numbers.insert((protocol, item.get("port").int())) {
            errors.duplicate(item);
        }
    }
    source_ranges(&spec, &notes, errors);
    let allocate = spec.get("allocateLoadBalancerNodePorts");
    if allocate.is_set() && kind != "LoadBalancer" {
        errors.forbidden(&allocate, "it may only be used when `type` is LoadBalancer");
    }
    let class = spec.get("loadBalancerClass");
    if class.is_set() {
        if kind == "LoadBalancer" {
            errors.form(&class, is_qualified_name(class.text()), "the form of a qualified name");
        } else {
            errors.forbidden(&class, "it may only be used when `type` is LoadBalancer");
        }
    }
    traffic(&spec, errors);
}

fn external_name(spec: &Field<'_>, errors: &mut Errors) {
    for name in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        let field = spec.get(name);
        let set = !field.is_empty() || name == "clusterIPs" && !spec.get("clusterIP").is_empty();
        if set {
            errors.forbidden(&field, "it may not be set for ExternalName services");
        }
    }
    let name = spec.get("externalName");
    let text = name.text().strip_suffix('.').unwrap_or(name.text());
    if text.is_empty() {
        errors.required(&name);
    } else {
        errors.form(&name, is_dns_subdomain(text), "lower-case letters, digits, `-` and `.`");
    }
}

fn affinity(spec: &Field<'_>, errors: &mut Errors) {
    let (affinity, config) = (spec.get("sessionAffinity"), spec.get("sessionAffinityConfig"));
    errors.required_one_of(&affinity, &["ClientIP", "None"]);
    if affinity.text() == "ClientIP" {
        let timeout = config.at(&["clientIP", "timeoutSeconds"]);
        if timeout.is_set() {
            errors.within(&timeout, 1..=86400);
        }
    }
}

/// `ValidateServiceClusterIPsRelatedFields`.
fn families(spec: &Field<'_>, errors: &mut Errors) {
    if spec.get("type").text() == "ExternalName" {
        return;
    }
    let (one, list) = (spec.get("clusterIP"), spec.get("clusterIPs"));
    if !one.is_empty() && !list.is_empty() && list.item(0).text() != one.text() {
        errors.invalid(&list, "its first value must match `clusterIP`");
    } else if one.is_empty() && !list.is_empty() {
        errors.invalid(&list, "it must be empty when `clusterIP` is not set");
    }
    let mut seen = BTreeSet::new();
    for family in spec.get("ipFamilies").items() {
        errors.must_be_one_of(&family, &["IPv4", "IPv6"]);
        if !seen.insert(family.text()) {
            errors.duplicate(&family);
        }
    }
    let policy = spec.get("ipFamilyPolicy");
    if policy.is_set() {
        errors.must_be_one_of(&policy, &["PreferDualStack", "RequireDualStack", "SingleStack"]);
    }
    let ips = cluster_ips(spec);
    let mut broken = false;
    for (index, ip) in ips.iter().enumerate() {
        if index == 0 && ip.text() == "None" {
            if ips.len() > 1 {
                broken = true;
                errors.invalid(&list, "`None` must be the first and only value");
            }
        } else if address(ip.text()).is_none() {
            broken = true;
            errors.invalid(ip, "it must be an IP address");
        }
    }
    if ips.len() > 2 {
        errors.invalid(&list, "it may only hold up to 2 values");
    }
    if broken {
        return;
    }
    let parsed: Vec<Option<IpAddr>> = ips.iter().map(|ip| address(ip.text())).collect();
    if ips.len() > 1 {
        let four = parsed.iter().flatten().any(IpAddr::is_ipv4);
        let six = parsed.iter().flatten().any(IpAddr::is_ipv6);
        if !four || !six {
            errors.invalid(&list, "it may specify no more than one IP for each IP family");
        }
    }
    if !is_headless(spec) {
        for ((ip, parsed), family) in ips.iter().zip(&parsed).zip(spec.get("ipFamilies").items()) {
            let six = parsed.is_some_and(|p| p.is_ipv6());
            if family.text() == "IPv4" && six || family.text() == "IPv6" && !six {
                errors.invalid(ip, "it is not of the family in ipFamilies at the same place");
            }
        }
    }
}

fn source_ranges(spec: &Field<'_>, notes: &Field<'_>, errors: &mut Errors) {
    let balancer = spec.get("type").text() == "LoadBalancer";
    let ranges = spec.get("loadBalancerSourceRanges").named(spec, "LoadBalancerSourceRanges");
    let note = notes.entry("service.beta.kubernetes.io/load-balancer-source-ranges");
    if !ranges.is_empty() {
        if !balancer {
            errors.forbidden(&ranges, "it may only be used when `type` is LoadBalancer");
        }
        for range in ranges.items() {
            if cidr(range.text().trim()).is_none() {
                errors.invalid(&range, "it must be a CIDR value, such as 10.9.8.0/24");
            }
        }
    } else if note.is_set() {
        if !balancer {
            errors.forbidden(&note, "it may only be used when `type` is LoadBalancer");
        }
        let text = note.text().trim();
        if !text.is_empty() && text.split(',').any(|range| cidr(range.trim()).is_none()) {
            errors.invalid(&note, "it must be a list of CIDR values");
        }
    }
}

/// `validateServiceExternalTrafficPolicy` and the other policies of traffic.
fn traffic(spec: &Field<'_>, errors: &mut Errors) {
    let kind = spec.get("type").text();
    let external = matches!(kind, "LoadBalancer" | "NodePort") || kind == "ClusterIP" && !spec.get("externalIPs").is_empty();
    let policy = spec.get("externalTrafficPolicy");
    if external {
        errors.required_one_of(&policy, &["Cluster", "Local"]);
    } else if !policy.is_empty() {
        errors.invalid(&policy, "it may only be set for externally-accessible services");
    }
    let health = spec.get("healthCheckNodePort");
    if health.int() != 0 {
        if kind == "LoadBalancer" && policy.text() == "Local" {
            port_number(&health, errors);
        } else {
            errors.invalid(&health, "it may only be set when `type` is LoadBalancer and `externalTrafficPolicy` is Local");
        }
    }
    let internal = spec.get("internalTrafficPolicy");
    if internal.is_set() {
        errors.must_be_one_of(&internal, &["Cluster", "Local"]);
    }
    let distribution = spec.get("trafficDistribution");
    if distribution.is_set() {
        errors.must_be_one_of(&distribution, &["PreferClose", "PreferSameZone", "PreferSameNode"]);
    }
}

/// What allocating addresses and ports refuses (`pkg/registry/core/service/storage/alloc.go`).
fn allocation(spec: &Field<'_>, errors: &mut Errors) {
    let kind = spec.get("type").text();
    if kind == "ExternalName" {
        return;
    }
    let before = errors.0.len();
    families(spec, errors);
    if errors.0.len() > before {
        return;
    }
    let (families, policy) = (spec.get("ipFamilies"), spec.get("ipFamilyPolicy"));
    let selectorless = is_headless(spec) && spec.get("selector").is_empty();
    if !selectorless {
        if policy.text() == "RequireDualStack" {
            errors.invalid(&policy, "this cluster is not configured for dual-stack services");
        }
        for family in families.items().filter(|f| f.text() == "IPv6") {
            errors.invalid(&family, "this cluster has no addresses of this family");
        }
        for ip in cluster_ips(spec).iter().filter(|ip| address(ip.text()).is_some_and(|a| a.is_ipv6())) {
            errors.invalid(ip, "this cluster has no addresses of this family");
        }
    }
    for ip in cluster_ips(spec) {
        let Some(IpAddr::V4(four)) = address(ip.text()) else { continue };
        let [a, b, c, d] = four.octets();
        let inside = (a, b) == (10, 96);
        if !inside || (c, d) == (0, 0) || (c, d) == (255, 255) {
            errors.invalid(&spec.get("clusterIPs"), "it is not in the range of cluster addresses, 10.96.0.0/16");
        }
    }
    if matches!(kind, "NodePort" | "LoadBalancer") {
        let mut given: Vec<(i64, i64)> = Vec::new();
        for port in spec.get("ports").items() {
            let (number, node) = (port.get("port").int(), port.get("nodePort"));
            if node.int() != 0 && given.iter().any(|(other, taken)| *taken == node.int() && *other != number) {
                errors.invalid(&node, "the node port is already allocated");
            }
            given.push((number, node.int()));
        }
    }
}

/// `ValidateEndpointIP`.
fn endpoint_address(field: &Field<'_>, errors: &mut Errors) {
    let Some(ip) = address(field.text()) else {
        return errors.invalid(field, "it must be an IP address");
    };
    let (loopback, local, multicast) = match ip {
        IpAddr::V4(ip) => (ip.is_loopback(), ip.is_link_local(), ip.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(ip) => (ip.is_loopback(), ip.segments()[0] & 0xffc0 == 0xfe80, ip.segments()[0] & 0xff0f == 0xff02),
    };
    for (refused, what) in [(ip.is_unspecified(), "unspecified"), (loopback, "in the loopback range"), (local || multicast, "link-local")] {
        if refused {
            errors.invalid(field, format!("it may not be {what}"));
        }
    }
}

/// `ValidateEndpoints`.
pub(super) fn endpoints(object: &Field<'_>, errors: &mut Errors) {
    for subset in object.get("subsets").items() {
        if subset.get("addresses").is_empty() && subset.get("notReadyAddresses").is_empty() {
            errors.required(&subset);
        }
        for list in ["addresses", "notReadyAddresses"] {
            for item in subset.get(list).items() {
                let (ip, host, node) = (item.get("ip"), item.get("hostname"), item.get("nodeName"));
                if address(ip.text()).is_none() {
                    errors.invalid(&ip, "it must be an IP address");
                }
                errors.form(&host, host.is_empty() || is_dns_label(host.text()), "at most 63 lower-case letters, digits and `-`");
                errors.form(&node, !node.is_set() || is_dns_subdomain(node.text()), "the form of a node's name");
                endpoint_address(&ip, errors);
            }
        }
        let several = subset.get("ports").len() > 1;
        for port in subset.get("ports").items() {
            let (name, application) = (port.get("name"), port.get("appProtocol"));
            if several && name.is_empty() {
                errors.required(&name);
            } else {
                errors.form(&name, name.is_empty() || is_dns_label(name.text()), "at most 63 lower-case letters, digits and `-`");
            }
            port_number(&port.get("port"), errors);
            errors.required_one_of(&port.get("protocol"), &PROTOCOLS);
            errors.form(&application, !application.is_set() || is_qualified_name(application.text()), "the form of a qualified name");
        }
    }
}

/// `ValidateEndpointSlice`.
pub(super) fn endpoint_slice(object: &Field<'_>, errors: &mut Errors) {
    let (kind, endpoints, ports) = (object.get("addressType"), object.get("endpoints"), object.get("ports"));
    errors.required_one_of(&kind, &["FQDN", "IPv4", "IPv6"]);
    if endpoints.len() > 1000 {
        errors.too_many(&endpoints, 1000);
    } else {
        for endpoint in endpoints.items() {
            self::endpoint(&endpoint, kind.text(), errors);
        }
    }
    if ports.len() > 20_000 {
        return errors.too_many(&ports, 20_000);
    }
    let mut names = BTreeSet::new();
    for port in ports.items() {
        let (name, application) = (port.get("name"), port.get("appProtocol"));
        errors.form(&name, name.is_empty() || is_dns_label(name.text()), "at most 63 lower-case letters, digits and `-`");
        if !names.insert(name.text()) {
            errors.duplicate(&name);
        }
        errors.required_one_of(&port.get("protocol"), &PROTOCOLS);
        errors.form(&application, !application.is_set() || is_qualified_name(application.text()), "the form of a qualified name");
    }
}

fn endpoint(endpoint: &Field<'_>, kind: &str, errors: &mut Errors) {
    let addresses = endpoint.get("addresses");
    if addresses.is_empty() {
        errors.required(&addresses);
    } else if addresses.len() > 100 {
        errors.too_many(&addresses, 100);
    }
    for item in addresses.items() {
        match kind {
            "IPv4" | "IPv6" => {
                let parsed = address(item.text());
                let right = parsed.is_some_and(|ip| ip.is_ipv4() == (kind == "IPv4"));
                if !right {
                    errors.invalid(&item, format!("it must be an {kind} address"));
                }
                if parsed.is_some() {
                    endpoint_address(&item, errors);
                } else {
                    errors.invalid(&item, "it must be an IP address");
                }
            }
            "FQDN" => {
                let text = item.text().strip_suffix('.').unwrap_or(item.text());
                let ok = is_dns_subdomain(text) && text.split('.').count() >= 2 && text.split('.').all(is_dns_label);
                if item.text().is_empty() {
                    errors.required(&item);
                } else {
                    errors.form(&item, ok, "the form of a fully qualified domain name");
                }
            }
            _ => {}
        }
    }
    let (node, host, topology) = (endpoint.get("nodeName"), endpoint.get("hostname"), endpoint.get("deprecatedTopology"));
    errors.form(&node, !node.is_set() || is_dns_subdomain(node.text()), "the form of a node's name");
    labels(&topology, errors);
    if topology.len() > 16 {
        errors.too_many(&topology, 16);
    }
    for key in ["kubernetes.io/hostname", "topology.kubernetes.io/zone"] {
        let entry = topology.entry(key);
        if entry.is_set() {
            errors.invalid(&entry, "it is not allowed here: use nodeName and zone");
        }
    }
    errors.form(&host, !host.is_set() || is_dns_label(host.text()), "at most 63 lower-case letters, digits and `-`");
    for (list, limit) in [("forZones", 8), ("forNodes", 8)] {
        let hints = endpoint.get("hints").get(list);
        if hints.len() > limit {
            errors.too_many(&hints, limit);
            continue;
        }
        let mut names = BTreeSet::new();
        for hint in hints.items() {
            let name = hint.get("name");
            if !names.insert(name.text()) {
                errors.duplicate(&name);
            }
            let ok = if list == "forZones" { crate::manifest::forms::is_label_value(name.text()) } else { is_dns_subdomain(name.text()) };
            errors.form(&name, ok, "the form of a name");
        }
    }
}
