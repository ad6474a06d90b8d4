//! Pods and pod templates.
//!
//! Owns `ValidatePodSpec` and `ValidatePodCreate` of `pkg/apis/core/validation/validation.go` (v1.37). Their parts have files of their own.

use std::collections::BTreeSet;

use super::container::{self, Pod};
use super::resources::{Of, requirements};
use super::selector::{annotations, labels};
use super::{placement, security, volume};
use crate::manifest::field::{Errors, Field, Reason};
use crate::manifest::forms::{address, is_dns_subdomain_with_underscore, is_qualified_name};
use crate::manifest::names::{is_dns_label, is_dns_subdomain};
use crate::manifest::stored::pod_aggregate;

/// `ValidatePodCreate`.
pub(super) fn created<'a>(pod: &Field<'a>, errors: &mut Errors) {
    let (meta, spec) = (pod.get("metadata"), pod.get("spec"));
    of_pod(&meta, &spec, errors);
    let ephemeral = spec.get("ephemeralContainers");
    if !ephemeral.is_empty() {
        errors.forbidden(&ephemeral, "it cannot be set on create");
    }
    if !spec.get("nodeName").is_empty() && !spec.get("schedulingGates").is_empty() {
        errors.forbidden(&spec.get("nodeName"), "it cannot be set until all schedulingGates have been cleared");
    }
    security::annotations_and_fields(&meta.get("annotations"), &spec, errors);
}

/// `validatePodMetadataAndSpec`, without the metadata of all objects.
pub(super) fn of_pod<'a>(meta: &Field<'a>, spec: &Field<'a>, errors: &mut Errors) {
    security::annotations(&meta.get("annotations"), spec, errors);
    let mirror = meta.get("annotations").value().is_some_and(|a| a.get("kubernetes.io/config.mirror").is_some());
    pod_spec(spec, meta.get("name").text(), mirror, true, errors);
    errors.nonnegative(&spec.get("terminationGracePeriodSeconds"));
    for group in ["containers", "initContainers"] {
        spec.get(group).items().for_each(|c| container::image_without_blanks(&c, errors));
    }
}

/// `ValidatePodTemplateSpec`; labels and annotations are named as if they were the template's own.
pub(super) fn template<'a>(template: &Field<'a>, errors: &mut Errors) {
    let (meta, spec) = (template.get("metadata"), template.get("spec"));
    labels(&meta.get("labels").named(template, "labels"), errors);
    let notes = meta.get("annotations").named(template, "annotations");
    annotations(&notes, errors);
    security::annotations(&notes, &spec, errors);
    pod_spec(&spec, "", false, false, errors);
    security::annotations_and_fields(&notes, &spec, errors);
    let ephemeral = spec.get("ephemeralContainers");
    if !ephemeral.is_empty() {
        errors.forbidden(&ephemeral, "ephemeral containers are not allowed in a template");
    }
}

/// `ValidatePodSpec`.
fn pod_spec<'a>(spec: &Field<'a>, name: &str, mirror: bool, is_pod: bool, errors: &mut Errors) {
    let volumes = volume::volumes(&spec.get("volumes"), name, errors);
    let names = resource_claims(&spec.get("resourceClaims"), mirror, errors);
    let pod = Pod { spec: *spec, volumes, claims: names };
    container::containers(&pod, errors);
    container::init_containers(&pod, errors);
    container::ephemeral_containers(&pod, errors);
    pod_resources(&pod, errors);
    host_network(spec, is_pod, errors);
    errors.required_one_of(&spec.get("restartPolicy"), &["Always", "Never", "OnFailure"]);
    errors.required_one_of(&spec.get("dnsPolicy"), &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]);
    labels(&spec.get("nodeSelector"), errors);
    security::of_pod(&spec.get("securityContext"), spec, errors);
    if spec.get("hostPID").is_true() && spec.get("shareProcessNamespace").is_true() {
        errors.invalid(&spec.get("shareProcessNamespace"), "ShareProcessNamespace and HostPID cannot both be enabled");
    }
    placement::affinity(&spec.get("affinity"), errors);
    dns(spec, errors);
    for gate in spec.get("readinessGates").items() {
        let kind = gate.get("conditionType");
        errors.form(&kind, is_qualified_name(kind.text()), "the form of a qualified name");
    }
    let mut gates = BTreeSet::new();
    for gate in spec.get("schedulingGates").items() {
        errors.form(&gate, is_qualified_name(gate.get("name").text()), "the form of a qualified name");
        if !gates.insert(gate.get("name").text()) {
            errors.duplicate(&gate);
        }
    }
    placement::spread(&spec.get("topologySpreadConstraints"), errors);
    security::host_process(spec, errors);
    host_users(spec, errors);
    host_name(spec, errors);
    for name in ["serviceAccountName", "nodeName", "priorityClassName"] {
        let field = spec.get(name);
        errors.form(&field, field.is_empty() || is_dns_subdomain(field.text()), "lower-case letters, digits, `-` and `.`");
    }
    let class = spec.get("runtimeClassName");
    errors.form(&class, !class.is_set() || is_dns_subdomain(class.text()), "lower-case letters, digits, `-` and `.`");
    errors.within(&spec.get("activeDeadlineSeconds"), 1..=i64::from(i32::MAX));
    for name in ["hostname", "subdomain"] {
        let field = spec.get(name);
        errors.form(&field, field.is_empty() || is_dns_label(field.text()), "at most 63 lower-case letters, digits and `-`");
    }
    placement::tolerations(&spec.get("tolerations"), errors);
    for alias in spec.get("hostAliases").items() {
        let ip = alias.get("ip");
        if address(ip.text()).is_none() {
            errors.invalid(&ip, "it must be an IP address");
        }
        for name in alias.get("hostnames").items() {
            errors.form(&name, is_dns_subdomain(name.text()), "lower-case letters, digits, `-` and `.`");
        }
    }
    let preemption = spec.get("preemptionPolicy");
    if preemption.is_set() {
        errors.required_one_of(&preemption, &["Never", "PreemptLowerPriority"]);
    }
    for (name, amount) in spec.get("overhead").entries() {
        // Overhead is looked at as if it were limits.
        let place = amount.called(&spec.at(&["overhead", "limits"]), name);
        super::resources::container_resource(&place, name, errors);
        super::resources::amount(&place, name, errors);
    }
    security::operating_system(spec, errors);
    file_keys(spec, errors);
}

/// `validatePodResourceClaims`: the names of the pod's claims.
fn resource_claims<'a>(claims: &Field<'a>, mirror: bool, errors: &mut Errors) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    for claim in claims.items() {
        let name = claim.get("name");
        if mirror {
            errors.forbidden(claims, "static pods do not support resource claims");
            continue;
        }
        if name.is_empty() {
            errors.required(&name);
        } else if !names.insert(name.text()) {
            errors.duplicate(&name);
        } else {
            errors.form(&name, is_dns_label(name.text()), "at most 63 lower-case letters, digits and `-`");
        }
        let (own, template) = (claim.get("resourceClaimName"), claim.get("resourceClaimTemplateName"));
        if own.is_set() == template.is_set() {
            errors.invalid(&claim, "it must have one of resourceClaimName and resourceClaimTemplateName");
        }
        for field in [own, template].into_iter().filter(Field::is_set) {
            errors.form(&field, is_dns_subdomain(field.text()), "lower-case letters, digits, `-` and `.`");
        }
    }
    names
}

/// `validatePodResources`.
fn pod_resources(pod: &Pod<'_>, errors: &mut Errors) {
    let (spec, resources) = (pod.spec, pod.spec.get("resources"));
    if !resources.is_set() {
        return;
    }
    if spec.at(&["os", "name"]).text() == "windows" {
        return errors.forbidden(&resources, "it may not be set for a windows pod");
    }
    if resources.get("claims").is_set() {
        errors.forbidden(&resources.get("claims"), "claims may not be set for a whole pod");
    }
    requirements(&resources, Of::Pod, &pod.claims, errors);
    let Some(value) = spec.value() else { return };
    for (resource, amount) in pod_aggregate(value, "requests") {
        let own = own_amount(&resources.get("requests"), &resource);
        if let Some(own) = own.filter(|own| own.quantity().is_some_and(|q| amount > q)) {
            errors.invalid(&own, format!("it must be greater than or equal to aggregate container requests of {amount}"));
        }
    }
    for (resource, amount) in pod_aggregate(value, "limits") {
        let own = own_amount(&resources.get("limits"), &resource).filter(|_| resource.starts_with("hugepages-"));
        if let Some(own) = own.filter(|own| own.quantity().is_some_and(|q| amount > q)) {
            errors.invalid(
                &own.named(&resources, "limits"),
                format!("it must be greater than or equal to aggregate container limits of {amount}"),
            );
        }
    }
    let limits = resources.get("limits");
    for (index, container) in spec.get("containers").items().enumerate() {
        for (name, limit) in container.at(&["resources", "limits"]).entries() {
            if limits.entry(name).quantity().zip(limit.quantity()).is_some_and(|(pod, own)| own > pod) {
                let place = resources.get("containers").item(index).entry(name).get("limits");
                errors.invalid(&place, "it must be less than or equal to the pod's limits");
            }
        }
    }
}

/// The entry of a list of amounts, if there is one.
fn own_amount<'a>(list: &Field<'a>, resource: &str) -> Option<Field<'a>> {
    list.entries().find(|(name, _)| *name == resource).map(|(_, field)| field)
}

/// `validatePodHostNetworkDeps`.
fn host_network(spec: &Field<'_>, is_pod: bool, errors: &mut Errors) {
    if !spec.get("hostNetwork").is_true() {
        return;
    }
    for container in spec.get("containers").items() {
        for port in container.get("ports").items() {
            let (host, own) = (port.get("hostPort"), port.get("containerPort").int());
            if (is_pod || host.int() != 0) && host.int() != own {
                errors.invalid(&host, "it must match `containerPort` when `hostNetwork` is true");
            }
        }
    }
}

/// `validatePodDNSConfig`.
fn dns(spec: &Field<'_>, errors: &mut Errors) {
    let config = spec.get("dnsConfig");
    let servers = config.get("nameservers");
    if spec.get("dnsPolicy").text() == "None" {
        if !config.is_set() {
            return errors.required(&config);
        }
        if servers.is_empty() {
            return errors.required(&servers);
        }
    }
    if servers.len() > 3 {
        errors.invalid(&servers, "there may be at most 3");
    }
    for server in servers.items() {
        if address(server.text()).is_none() {
            errors.invalid(&server, "it must be an IP address");
        }
    }
    let searches = config.get("searches");
    if searches.len() > 32 {
        errors.invalid(&searches, "there may be at most 32");
    }
    if searches.texts().map(|s| s.len() + 1).sum::<usize>() > 2049 {
        errors.invalid(&searches, "they may have at most 2048 characters together");
    }
    for search in searches.items().filter(|s| s.text() != ".") {
        let text = search.text().strip_suffix('.').unwrap_or(search.text());
        errors.form(&search, is_dns_subdomain_with_underscore(text), "lower-case letters, digits, `-`, `_` and `.`");
    }
    for option in config.get("options").items() {
        if option.get("name").is_empty() {
            errors.required(&option);
        }
    }
}

/// `validateHostUsers`.
fn host_users(spec: &Field<'_>, errors: &mut Errors) {
    if !spec.get("hostUsers").is_false() {
        return;
    }
    for (name, written) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        if spec.get(name).is_true() {
            errors.forbidden(&spec.get(name).named(spec, written), "it may not be true when `hostUsers` is false");
        }
    }
    for container in security::all_containers(spec) {
        let devices = container.get("volumeDevices");
        if !devices.is_empty() {
            errors.forbidden(&devices, "it may not be set when `hostUsers` is false");
        }
    }
}

/// `validatePodHostName`.
fn host_name(spec: &Field<'_>, errors: &mut Errors) {
    let name = spec.get("hostnameOverride");
    if !name.is_set() {
        return;
    }
    for other in ["setHostnameAsFQDN", "hostNetwork"] {
        if spec.get(other).is_true() {
            errors.forbidden(&name, format!("it may not be set when `{other}` is true"));
        }
    }
    if name.text().len() > 64 {
        errors.too_long(&name, 64);
    }
    errors.form(&name, is_dns_subdomain(name.text()), "lower-case letters, digits, `-` and `.`");
}

/// `validateFileKeyRefVolumes`.
fn file_keys(spec: &Field<'_>, errors: &mut Errors) {
    for container in security::all_containers(spec) {
        for variable in container.get("env").items() {
            let key = variable.at(&["valueFrom", "fileKeyRef"]);
            if !key.is_set() {
                continue;
            }
            let volume = key.get("volumeName");
            match spec.get("volumes").items().find(|v| v.get("name").text() == volume.text()) {
                None => errors.add(&volume, Reason::NotFound, "the pod has no volume of that name"),
                Some(found) if !found.get("emptyDir").is_set() => errors.invalid(&volume, "the volume must be an emptyDir"),
                Some(_) => {}
            }
        }
    }
}
