//! Checks of validation for what runs in a pod.
//!
//! Owns containers, volumes, ports, resources and the plain fields of a pod's spec
//! (`pkg/apis/core/validation/validation.go`, v1.37), as far as they are listed here.

use std::collections::BTreeSet;

use super::field::{Errors, Field, Reason};
use super::names::{is_dns_label, is_dns_subdomain};
use super::validate::{is_label_value, is_qualified_name, labels};
use crate::units::quantity::Quantity;

/// `ValidatePodSpec`.
pub(super) fn pod(spec: &Field<'_>, restart_policies: &[&str], errors: &mut Errors) {
    pod_with_claims(spec, &[], restart_policies, errors);
}

/// The same for a StatefulSet's pod, which has a volume for each of its claim templates.
pub(super) fn pod_with_claims(spec: &Field<'_>, claims: &[&str], restart_policies: &[&str], errors: &mut Errors) {
    let mut volumes = volumes(&spec.get("volumes"), errors);
    volumes.extend(claims);
    let containers = spec.get("containers");
    if containers.is_empty() {
        errors.required(&containers);
    }
    let mut names = BTreeSet::new();
    for (list, init) in [(&containers, false), (&spec.get("initContainers"), true)] {
        for container in list.items() {
            self::container(&container, &volumes, errors);
            let name = container.get("name");
            if !name.is_empty() && !names.insert(name.text()) {
                errors.add(&name, Reason::Duplicate, "another container has this name");
            }
            if init && container.get("restartPolicy").is_set() {
                errors.one_of(&container.get("restartPolicy"), &["Always", "OnFailure", "Never"]);
            }
        }
    }
    errors.one_of(&spec.get("restartPolicy"), restart_policies);
    errors.one_of(&spec.get("dnsPolicy"), &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]);
    labels(&spec.get("nodeSelector"), errors);
    let account = spec.get("serviceAccountName");
    if !account.is_empty() && !is_dns_subdomain(account.text()) {
        errors.invalid(&account, "it must be a service account's name");
    }
    errors.within(&spec.get("activeDeadlineSeconds"), 1..=i64::from(i32::MAX));
    for toleration in spec.get("tolerations").items() {
        self::toleration(&toleration, errors);
    }
    for constraint in spec.get("topologySpreadConstraints").items() {
        spread(&constraint, errors);
    }
}

fn container(container: &Field<'_>, volumes: &BTreeSet<&str>, errors: &mut Errors) {
    let name = container.get("name");
    if name.is_empty() {
        errors.required(&name);
    } else if !is_dns_label(name.text()) {
        errors.invalid(&name, "it must consist of lower-case letters, digits and `-`");
    }
    let image = container.get("image");
    if image.text().trim().is_empty() {
        errors.required(&image);
    } else if image.text().trim() != image.text() {
        errors.invalid(&image, "it must not begin or end with blanks");
    }
    errors.one_of(&container.get("imagePullPolicy"), &["Always", "IfNotPresent", "Never"]);
    errors.one_of(&container.get("terminationMessagePolicy"), &["File", "FallbackToLogsOnError"]);
    for port in container.get("ports").items() {
        let number = port.get("containerPort");
        if number.integer().unwrap_or(0) == 0 {
            errors.required(&number);
        } else {
            errors.within(&number, 1..=65535);
        }
        if port.get("hostPort").integer() != Some(0) {
            errors.within(&port.get("hostPort"), 1..=65535);
        }
        errors.one_of(&port.get("protocol"), &["TCP", "UDP", "SCTP"]);
    }
    for variable in container.get("env").items() {
        let name = variable.get("name");
        if name.is_empty() {
            errors.required(&name);
        }
        if variable.get("valueFrom").is_set() && !variable.get("value").is_empty() {
            errors.invalid(&variable.get("valueFrom"), "it may not be set beside `value`");
        }
    }
    let mut paths = BTreeSet::new();
    for mount in container.get("volumeMounts").items() {
        let name = mount.get("name");
        if name.is_empty() {
            errors.required(&name);
        }
        if !volumes.contains(name.text()) {
            errors.add(&name, Reason::NotFound, "the pod has no volume of this name");
        }
        let path = mount.get("mountPath");
        if path.is_empty() {
            errors.required(&path);
        }
        if !paths.insert(path.text()) {
            errors.invalid(&path, "it must be unique");
        }
    }
    resources(&container.get("resources"), errors);
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        probe(&container.get(name), name, errors);
    }
}

/// `ValidateContainerResourceRequirements`.
fn resources(resources: &Field<'_>, errors: &mut Errors) {
    let limits = resources.get("limits");
    let limit_of = |name: &str| limits.entries().into_iter().find(|(key, _)| *key == name).and_then(|(_, value)| value.quantity());
    for (list, limit) in [(&limits, true), (&resources.get("requests"), false)] {
        for (name, amount) in list.entries() {
            if !is_container_resource(name) {
                errors.invalid(&amount, "it must be a resource of containers: cpu, memory, ephemeral-storage, or with a domain");
            }
            let Some(quantity) = amount.quantity() else { continue };
            if quantity < Quantity::ZERO {
                errors.invalid(&amount, "it must not be negative");
            }
            if limit {
                // What is limited and not requested is requested as much.
                let requests = resources.get("requests");
                if !requests.entry(name).is_set() && !is_container_resource(name) {
                    errors.invalid(&amount.called(&requests, name), "it must be a resource of containers");
                }
                continue;
            }
            if limit_of(name).is_some_and(|limit| quantity > limit) {
                errors.invalid(list, format!("the request for {} is above its limit", crate::units::text::visible_short(name, 60)));
            }
        }
    }
}

/// `validateContainerResourceName`.
fn is_container_resource(name: &str) -> bool {
    is_qualified_name(name)
        && (name.contains('/') || matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-"))
}

fn probe(probe: &Field<'_>, name: &str, errors: &mut Errors) {
    if !probe.is_set() {
        return;
    }
    let handlers = ["exec", "httpGet", "tcpSocket", "grpc"];
    let set: Vec<_> = handlers.iter().filter(|h| probe.get(h).is_set()).collect();
    if set.is_empty() {
        errors.add(probe, Reason::Required, "it must have one of exec, httpGet, tcpSocket, grpc");
    }
    for handler in set.iter().skip(1) {
        errors.add(&probe.get(handler), Reason::Forbidden, "a probe has only one handler");
    }
    for field in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        errors.within(&probe.get(field), 0..=i64::MAX);
    }
    if name != "readinessProbe" && probe.get("successThreshold").integer().is_some_and(|n| n > 1) {
        errors.invalid(&probe.get("successThreshold"), "it must be 1");
    }
}

/// `ValidateVolumes`: names, and one source each.
fn volumes<'t>(volumes: &Field<'t>, errors: &mut Errors) -> BTreeSet<&'t str> {
    let mut names = BTreeSet::new();
    for volume in volumes.items() {
        let name = volume.get("name");
        if name.is_empty() {
            errors.required(&name);
        } else if !is_dns_label(name.text()) {
            errors.invalid(&name, "it must consist of lower-case letters, digits and `-`");
        } else if !names.insert(name.text()) {
            errors.add(&name, Reason::Duplicate, "another volume has this name");
        }
        names.insert(name.text());
        let claim = volume.get("persistentVolumeClaim");
        if claim.is_set() && claim.get("claimName").is_empty() {
            errors.required(&claim.get("claimName"));
        }
        let host = volume.get("hostPath");
        if host.is_set() && host.get("path").is_empty() {
            errors.required(&host.get("path"));
        }
    }
    names
}

/// `ValidateTolerations`.
fn toleration(toleration: &Field<'_>, errors: &mut Errors) {
    let key = toleration.get("key");
    if !key.is_empty() && !is_qualified_name(key.text()) {
        errors.invalid(&key, "it must be a taint's key");
    }
    let operator = toleration.get("operator");
    if key.is_empty() && operator.text() != "Exists" {
        errors.invalid(&operator, "it must be Exists when `key` is empty: that tolerates everything");
    }
    match operator.text() {
        "Equal" | "" if !is_label_value(toleration.get("value").text()) => {
            errors.invalid(&operator, "`value` must have the form of a label's value");
        }
        "Exists" if !toleration.get("value").is_empty() => errors.invalid(&operator, "`value` must be empty when it is Exists"),
        _ => {}
    }
    let effect = toleration.get("effect");
    if toleration.get("tolerationSeconds").is_set() && effect.text() != "NoExecute" {
        errors.invalid(&effect, "it must be NoExecute when `tolerationSeconds` is set");
    }
    if !effect.is_empty() {
        errors.one_of(&effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
    }
}

/// `validateTopologySpreadConstraints`.
fn spread(constraint: &Field<'_>, errors: &mut Errors) {
    if constraint.get("maxSkew").integer().unwrap_or(0) < 1 {
        errors.invalid(&constraint.get("maxSkew"), "it must be greater than zero");
    }
    if constraint.get("topologyKey").is_empty() {
        errors.required(&constraint.get("topologyKey"));
    }
    let action = constraint.get("whenUnsatisfiable");
    if !["DoNotSchedule", "ScheduleAnyway"].contains(&action.text()) {
        errors.add(&action, Reason::NotSupported, "it must be DoNotSchedule or ScheduleAnyway");
    }
}
