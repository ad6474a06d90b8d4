//! Network policies, ingresses and addresses.
//!
//! Owns `pkg/apis/networking/validation/validation.go` (v1.37).

use std::net::IpAddr;

use super::container::{port, port_number};
use super::selector::selector;
use crate::manifest::field::{Errors, Field};
use crate::manifest::forms::{
    cidr, is_domain_prefixed, is_port_name, is_strict_cidr, is_wildcard_dns_subdomain, network, sloppy_address, sloppy_cidr,
};
use crate::manifest::names::{is_dns_label, is_dns_subdomain, is_path_segment};

pub(super) fn check(object: &Field<'_>, kind: &str, errors: &mut Errors) {
    let spec = object.get("spec");
    match kind {
        "NetworkPolicy" => policy(&spec, errors),
        "Ingress" => {
            ingress(&spec, errors);
            let (note, class) =
                (object.at(&["metadata", "annotations"]).entry("kubernetes.io/ingress.class"), spec.get("ingressClassName"));
            if note.is_set() && class.is_set() && note.text() != class.text() {
                let place = object.get("annotations").get("kubernetes.io/ingress.class");
                errors.invalid(&place, "it must match `ingressClassName` when both are specified");
            }
        }
        "IngressClass" => ingress_class(&spec, errors),
        "IPAddress" => {
            let parent = spec.get("parentRef");
            if !parent.is_set() {
                return errors.required(&parent);
            }
            let (group, namespace) = (parent.get("group"), parent.get("namespace"));
            errors.form(&group, group.is_empty() || is_dns_subdomain(group.text()), "lower-case letters, digits, `-` and `.`");
            named(&parent, &["resource", "name"], errors);
            errors.form(&namespace, namespace.is_empty() || is_path_segment(namespace.text()), "no `/` and no `%`");
        }
        _ => service_cidr(&spec.get("cidrs"), errors),
    }
}

/// Fields that are required and parts of paths.
fn named(place: &Field<'_>, names: &[&'static str], errors: &mut Errors) {
    for field in names.iter().map(|name| place.get(name)) {
        if field.is_empty() {
            errors.required(&field);
        } else {
            errors.form(&field, is_path_segment(field.text()), "no `/` and no `%`");
        }
    }
}

/// `ValidateNetworkPolicySpec`.
fn policy(spec: &Field<'_>, errors: &mut Errors) {
    selector(&spec.get("podSelector"), errors);
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.get(direction).items() {
            rule.get("ports").items().for_each(|p| policy_port(&p, errors));
            rule.get(peers).items().for_each(|p| peer(&p, errors));
        }
    }
    let types = spec.get("policyTypes");
    if types.len() > 2 {
        return errors.invalid(&types, "there may not be more than two policyTypes");
    }
    types.items().for_each(|t| errors.must_be_one_of(&t, &["Ingress", "Egress"]));
}

fn policy_port(field: &Field<'_>, errors: &mut Errors) {
    let (number, end) = (field.get("port"), field.get("endPort"));
    errors.must_be_one_of(&field.get("protocol"), &["TCP", "UDP", "SCTP"]);
    if !number.is_set() {
        if end.is_set() {
            errors.invalid(&end, "it may not be set when `port` is not");
        }
        return;
    }
    port(&number, errors);
    if !end.is_set() {
        return;
    }
    match number.integer() {
        Some(first) => {
            if end.int() < first {
                errors.invalid(&end, "it must be greater than or equal to `port`");
            }
            port_number(&end, errors);
        }
        None => errors.invalid(&end, "it may not be set when `port` is a name"),
    }
}

fn peer(peer: &Field<'_>, errors: &mut Errors) {
    let (pods, namespaces, block) = (peer.get("podSelector"), peer.get("namespaceSelector"), peer.get("ipBlock"));
    selector(&pods, errors);
    selector(&namespaces, errors);
    if block.is_set() {
        ip_block(&block, errors);
    }
    match (pods.is_set() || namespaces.is_set(), block.is_set()) {
        (false, false) => errors.required(peer),
        (true, true) => errors.forbidden(peer, "ipBlock may not be set together with selectors"),
        _ => {}
    }
}

fn ip_block(block: &Field<'_>, errors: &mut Errors) {
    let range = block.get("cidr");
    if range.is_empty() {
        return errors.required(&range);
    }
    const FORM: &str = "it must be a CIDR value, such as 10.9.8.0/24";
    if cidr(range.text()).is_none() {
        errors.invalid(&range, FORM);
    }
    let Some((ip, length)) = sloppy_cidr(range.text()) else { return };
    for except in block.get("except").items() {
        if cidr(except.text()).is_none() {
            errors.invalid(&except, FORM);
        }
        let Some((inner, inner_length)) = sloppy_cidr(except.text()) else { continue };
        let inside = ip.is_ipv4() == inner.is_ipv4() && network(network(inner, inner_length), length) == network(ip, length);
        if !inside || length >= inner_length {
            errors.invalid(&except, "it must be a strict subset of `cidr`");
        }
    }
}

/// `ValidateIngressSpec`.
fn ingress(spec: &Field<'_>, errors: &mut Errors) {
    let (rules, default) = (spec.get("rules"), spec.get("defaultBackend"));
    if rules.is_empty() && !default.is_set() {
        errors.invalid(spec, "either `defaultBackend` or `rules` must be specified");
    }
    if default.is_set() {
        backend(&default, errors);
    }
    for rule in rules.items() {
        let host = rule.get("host");
        if !host.is_empty() {
            if sloppy_address(host.text()).is_some() {
                errors.invalid(&host, "it must be a DNS name, not an IP address");
            }
            host_name(&host, errors);
        }
        let http = rule.get("http");
        if !http.is_set() {
            continue;
        }
        let paths = http.get("paths");
        if paths.is_empty() {
            errors.required(&paths);
        }
        paths.items().for_each(|path| ingress_path(&path, errors));
    }
    for tls in spec.get("tls").items() {
        tls.get("hosts").items().for_each(|host| host_name(&host, errors));
        let secret = tls.get("secretName");
        errors.form(&secret, secret.is_empty() || is_dns_subdomain(secret.text()), "the form of a secret's name");
    }
    let class = spec.get("ingressClassName");
    errors.form(&class, !class.is_set() || is_dns_subdomain(class.text()), "the form of a class' name");
}

fn host_name(host: &Field<'_>, errors: &mut Errors) {
    let ok = if host.text().contains('*') { is_wildcard_dns_subdomain(host.text()) } else { is_dns_subdomain(host.text()) };
    errors.form(host, ok, "lower-case letters, digits, `-` and `.`, perhaps after `*.`");
}

fn ingress_path(field: &Field<'_>, errors: &mut Errors) {
    let (kind, path) = (field.get("pathType"), field.get("path"));
    if !kind.is_set() {
        return errors.required(&kind);
    }
    let text = path.text();
    match kind.text() {
        "Exact" | "Prefix" => {
            if !text.starts_with('/') {
                errors.invalid(&path, "it must be an absolute path");
            }
            for part in ["//", "/./", "/../", "%2f", "%2F"].into_iter().filter(|part| text.contains(part)) {
                errors.invalid(&path, format!("it must not contain `{part}`"));
            }
            for end in ["/..", "/."].into_iter().filter(|end| text.ends_with(end)) {
                errors.invalid(&path, format!("it cannot end with `{end}`"));
            }
        }
        "ImplementationSpecific" => {
            if !text.is_empty() && !text.starts_with('/') {
                errors.invalid(&path, "it must be an absolute path");
            }
        }
        _ => errors.not_supported(&kind, &["Exact", "ImplementationSpecific", "Prefix"]),
    }
    backend(&field.get("backend"), errors);
}

fn backend(backend: &Field<'_>, errors: &mut Errors) {
    let (resource, service) = (backend.get("resource"), backend.get("service"));
    match (resource.is_set(), service.is_set()) {
        (true, true) => errors.invalid(backend, "resource and service backends cannot both be set"),
        (true, false) => {
            let group = resource.get("apiGroup");
            errors.form(&group, !group.is_set() || is_dns_subdomain(group.text()), "lower-case letters, digits, `-` and `.`");
            named(&resource, &["kind", "name"], errors);
        }
        (false, true) => {
            let name = service.get("name");
            if name.is_empty() {
                errors.required(&name);
            } else {
                errors.form(&name, is_dns_label(name.text()), "the form of a Service's name");
            }
            let (name, number) = (service.at(&["port", "name"]), service.at(&["port", "number"]));
            match (!name.is_empty(), number.int() != 0) {
                (true, true) => errors.invalid(backend, "port name and port number cannot both be set"),
                (true, false) => {
                    errors.form(&name, is_port_name(name.text()), "at most 15 lower-case letters, digits and `-`, one letter at least");
                }
                (false, true) => port_number(&number, errors),
                (false, false) => errors.required(backend),
            }
        }
        (false, false) => errors.invalid(backend, "a resource or service backend is required"),
    }
}

fn ingress_class(spec: &Field<'_>, errors: &mut Errors) {
    let (controller, parameters) = (spec.get("controller"), spec.get("parameters"));
    if controller.text().len() > 250 {
        errors.too_long(&controller, 250);
    }
    if controller.is_empty() {
        errors.required(&controller);
    } else {
        errors.form(&controller, is_domain_prefixed(controller.text()), "the form `example.com/name`");
    }
    if !parameters.is_set() {
        return;
    }
    let (group, scope, namespace) = (parameters.get("apiGroup"), parameters.get("scope"), parameters.get("namespace"));
    errors.form(&group, !group.is_set() || is_dns_subdomain(group.text()), "lower-case letters, digits, `-` and `.`");
    named(&parameters, &["kind", "name"], errors);
    match scope.text() {
        "Namespace" if !namespace.is_set() => errors.required(&namespace),
        "Namespace" => errors.form(&namespace, is_dns_label(namespace.text()), "the form of a namespace's name"),
        "Cluster" => {
            if namespace.is_set() {
                errors.forbidden(&namespace, "it may not be set when `scope` is Cluster");
            }
        }
        _ => errors.not_supported(&scope, &["Cluster", "Namespace"]),
    }
}

/// `validateServiceCIDRSpec`.
fn service_cidr(ranges: &Field<'_>, errors: &mut Errors) {
    if ranges.is_empty() {
        return errors.required(ranges);
    }
    if ranges.len() > 2 {
        return errors.invalid(ranges, "it may only hold up to 2 values");
    }
    for range in ranges.items() {
        errors.form(&range, is_strict_cidr(range.text()), "the form of a range of addresses, such as 10.9.8.0/24");
    }
    let families: Vec<bool> = ranges.texts().filter_map(cidr).map(|(ip, _)| IpAddr::is_ipv4(&ip)).collect();
    if families.len() == 2 && families[0] == families[1] {
        errors.invalid(ranges, "it may have no more than one range for each IP family");
    }
}
