//! Containers of all sorts.
//!
//! Owns `validateContainers`, `validateInitContainers`, `validateEphemeralContainers` of `pkg/apis/core/validation/validation.go`
//! (v1.37) and what they use: ports, variables, mounts, probes and hooks.

use std::collections::BTreeSet;

use super::resources::{Of, requirements};
use super::security;
use super::volume::{Volumes, below, relative, required};
use crate::manifest::field::{Errors, Field, Reason};
use crate::manifest::forms::{is_config_key, is_header_name, is_port, is_port_name, is_qualified_name, is_variable_name, stays_below};
use crate::manifest::names::{is_dns_label, is_dns_subdomain};
use crate::units::gather::Gather;
use crate::units::quantity::Quantity;

/// What containers need to know of their pod.
pub(super) struct Pod<'a> {
    pub(super) spec: Field<'a>,
    pub(super) volumes: Volumes<'a>,
    pub(super) claims: BTreeSet<&'a str>,
}

impl Pod<'_> {
    fn grace(&self) -> Option<i64> {
        self.spec.get("terminationGracePeriodSeconds").integer()
    }

    fn has_host_users(&self) -> bool {
        !self.spec.get("hostUsers").is_false()
    }
}

/// `validateContainers`.
pub(super) fn containers(pod: &Pod<'_>, errors: &mut Errors) {
    let containers = pod.spec.get("containers");
    if containers.is_empty() {
        return errors.required(&containers);
    }
    let mut names = BTreeSet::new();
    for container in containers.items() {
        common(pod, &container, errors);
        if !names.insert(container.get("name").text()) {
            errors.duplicate(&container.get("name"));
        }
        lifecycle_and_probes(pod, &container, errors);
        restart_policy(&container, errors);
    }
    host_ports(&mut BTreeSet::new(), &containers, containers.items(), errors);
}

/// `validateInitContainers`.
pub(super) fn init_containers(pod: &Pod<'_>, errors: &mut Errors) {
    let list = pod.spec.get("initContainers");
    let mut names: BTreeSet<&str> = pod.spec.get("containers").items().map(|c| c.get("name").text()).gather();
    for container in list.items() {
        common(pod, &container, errors);
        let policy = container.get("restartPolicy");
        restart_policy(&container, errors);
        let sidecar = policy.text() == "Always";
        let name = container.get("name");
        if names.contains(name.text()) {
            errors.duplicate(&name);
        } else if !name.is_empty() {
            names.insert(name.text());
        }
        // Each is looked at as if it were the only one.
        host_ports(&mut BTreeSet::new(), &list, std::iter::once(container), errors);
        if sidecar {
            lifecycle_and_probes(pod, &container, errors);
        } else {
            for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
                let field = container.get(field);
                if field.is_set() {
                    errors.forbidden(&field, "it may not be set for init containers without restartPolicy=Always");
                }
            }
            for rule in container.get("resizePolicy").items().filter(|r| r.get("restartPolicy").text() == "RestartContainer") {
                errors.invalid(&rule.get("restartPolicy"), "it must be NotRequired for init containers that are no sidecars");
            }
        }
    }
}

/// `validateEphemeralContainers`.
pub(super) fn ephemeral_containers(pod: &Pod<'_>, errors: &mut Errors) {
    let named = |group: &'static str| pod.spec.get(group).items().map(|c| c.get("name").text()).collect::<Vec<_>>();
    let others: BTreeSet<&str> = named("containers").into_iter().chain(named("initContainers")).gather();
    let mut names = others.clone();
    for container in pod.spec.get("ephemeralContainers").items() {
        common(pod, &container, errors);
        image_without_blanks(&container, errors);
        if !names.insert(container.get("name").text()) {
            errors.duplicate(&container.get("name"));
        }
        let target = container.get("targetContainerName");
        if !target.is_empty() && !others.contains(target.text()) {
            errors.add(&target, Reason::NotFound, "there is no container of that name");
        }
        const REFUSED: [&str; 9] = [
            "ports",
            "resources",
            "livenessProbe",
            "readinessProbe",
            "startupProbe",
            "lifecycle",
            "resizePolicy",
            "restartPolicy",
            "restartPolicyRules",
        ];
        for field in REFUSED.map(|name| container.get(name)) {
            if !field.is_empty() {
                errors.forbidden(&field, "it cannot be set for an ephemeral container");
            }
        }
        for mount in container.get("volumeMounts").items() {
            for field in [mount.get("subPath"), mount.get("subPathExpr")] {
                if !field.is_empty() {
                    errors.forbidden(&field, "it cannot be set for an ephemeral container");
                }
            }
        }
    }
}

/// `validateContainerOnlyForPod`.
pub(super) fn image_without_blanks(container: &Field<'_>, errors: &mut Errors) {
    let image = container.get("image");
    if image.text().trim() != image.text() {
        errors.invalid(&image, "it must not have leading or trailing whitespace");
    }
}

fn host_ports<'a>(
    seen: &mut BTreeSet<(&'a str, &'a str, i64)>,
    list: &Field<'a>,
    containers: impl Iterator<Item = Field<'a>>,
    errors: &mut Errors,
) {
    for (index, container) in containers.enumerate() {
        // Numbered among those that are looked at, not among all.
        for (number, port) in container.get("ports").items().enumerate() {
            let host = port.get("hostPort");
            if host.int() == 0 {
                continue;
            }
            if !seen.insert((port.get("protocol").text(), port.get("hostIP").text(), host.int())) {
                errors.duplicate(&list.item(index).get("ports").item(number).get("hostPort"));
            }
        }
    }
}

/// `validateContainerCommon`.
fn common(pod: &Pod<'_>, container: &Field<'_>, errors: &mut Errors) {
    let name = container.get("name");
    if name.is_empty() {
        errors.required(&name);
    } else {
        errors.form(&name, is_dns_label(name.text()), "at most 63 lower-case letters, digits and `-`");
    }
    required(container, &["image"], errors);
    errors.required_one_of(&container.get("terminationMessagePolicy"), &["File", "FallbackToLogsOnError"]);
    ports(&container.get("ports"), errors);
    for variable in container.get("env").items() {
        let name = variable.get("name");
        if name.is_empty() {
            errors.required(&name);
        } else {
            errors.form(&name, is_variable_name(name.text()), "printable ASCII characters other than `=`");
        }
        value_from(&variable, errors);
    }
    env_from(&container.get("envFrom"), errors);
    mounts(pod, container, errors);
    devices(pod, container, errors);
    errors.required_one_of(&container.get("imagePullPolicy"), &["Always", "IfNotPresent", "Never"]);
    requirements(&container.get("resources"), Of::Container, &pod.claims, errors);
    resize_policy(pod, &container.get("resizePolicy"), errors);
    security::of_container(&container.get("securityContext"), pod.has_host_users(), errors);
}

fn ports(ports: &Field<'_>, errors: &mut Errors) {
    let mut names = BTreeSet::new();
    for port in ports.items() {
        let (name, number, host) = (port.get("name"), port.get("containerPort"), port.get("hostPort"));
        if !name.is_empty() {
            if !is_port_name(name.text()) {
                errors.invalid(&name, "a port's name has at most 15 lower-case letters, digits and `-`, one letter at least");
            } else if !names.insert(name.text()) {
                errors.duplicate(&name);
            }
        }
        if number.int() == 0 {
            errors.required(&number);
        } else {
            port_number(&number, errors);
        }
        if host.int() != 0 {
            port_number(&host, errors);
        }
        errors.required_one_of(&port.get("protocol"), &["SCTP", "TCP", "UDP"]);
    }
}

pub(super) fn port_number(number: &Field<'_>, errors: &mut Errors) {
    if !is_port(number.int()) {
        errors.invalid(number, "it must be between 1 and 65535, inclusive");
    }
}

/// `validateEnvVarValueFrom`.
fn value_from(variable: &Field<'_>, errors: &mut Errors) {
    let from = variable.get("valueFrom");
    if !from.is_set() {
        return;
    }
    let mut sources = 0;
    for (name, check) in [
        ("fieldRef", variable_field as fn(&Field<'_>, &mut Errors)),
        ("resourceFieldRef", |f, e| resource_ref(f, false, e)),
        ("configMapKeyRef", key_ref),
        ("secretKeyRef", key_ref),
        ("fileKeyRef", file_key_ref),
    ] {
        let source = from.get(name);
        if source.is_set() {
            sources += 1;
            check(&source, errors);
        }
    }
    if sources == 0 {
        errors.invalid(&from, "it must name one source of the value");
    } else if !variable.get("value").is_empty() {
        errors.invalid(&from, "it may not be set when `value` is not empty");
    } else if sources > 1 {
        errors.invalid(&from, "it may not have more than one source at a time");
    }
}

fn variable_field(field: &Field<'_>, errors: &mut Errors) {
    const FIELDS: [&str; 9] = [
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ];
    field_ref(field, &FIELDS, errors);
}

/// `validateObjectFieldSelector`.
pub(super) fn field_ref(field: &Field<'_>, known: &[&str], errors: &mut Errors) {
    const LABELS: [&str; 14] = [
        "metadata.annotations",
        "metadata.labels",
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.serviceAccountName",
        "spec.schedulerName",
        "status.phase",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ];
    let (version, path) = (field.get("apiVersion"), field.get("fieldPath"));
    if version.is_empty() {
        return errors.required(&version);
    }
    if path.is_empty() {
        return errors.required(&path);
    }
    let text = if path.text() == "spec.host" { "spec.nodeName" } else { path.text() };
    if let Some((map, key)) = text.strip_suffix("']").and_then(|t| t.split_once("['")) {
        let key = if map == "metadata.annotations" { key.to_lowercase() } else { key.to_owned() };
        if version.text() != "v1" || !matches!(map, "metadata.annotations" | "metadata.labels") {
            errors.invalid(&path, "only metadata.labels and metadata.annotations take a key");
        } else if !is_qualified_name(&key) {
            errors.invalid(field, "the key must be a qualified name");
        }
    } else if version.text() != "v1" || !LABELS.contains(&text) {
        errors.invalid(&path, "it is not a field of a pod that can be asked for");
    } else if !known.contains(&text) {
        errors.not_supported(&path, known);
    }
}

/// `validateContainerResourceFieldSelector`.
pub(super) fn resource_ref(field: &Field<'_>, volume: bool, errors: &mut Errors) {
    const RESOURCES: [&str; 6] =
        ["limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"];
    let resource = field.get("resource");
    let name = resource.text();
    let huge = name.starts_with("limits.hugepages-") || name.starts_with("requests.hugepages-");
    if volume && field.get("containerName").is_empty() {
        errors.required(&field.get("containerName"));
    } else if name.is_empty() {
        errors.required(&resource);
    } else if !RESOURCES.contains(&name) && !huge {
        errors.not_supported(&resource, &RESOURCES);
    }
    let divisor = field.get("divisor");
    let Some(amount) = divisor.quantity().filter(|d| *d != Quantity::ZERO) else { return };
    let known: &[&str] = match name {
        "limits.cpu" | "requests.cpu" => &["1m", "1"],
        _ if RESOURCES.contains(&name) || huge => &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"],
        _ => return,
    };
    if !known.contains(&amount.to_string().as_str()) {
        errors.invalid(&divisor, format!("for {name} it must be one of {}", known.join(", ")));
    }
}

fn key_ref(reference: &Field<'_>, errors: &mut Errors) {
    let (name, key) = (reference.get("name"), reference.get("key"));
    errors.form(&name, is_dns_subdomain(name.text()), "the form of an object's name");
    if key.is_empty() {
        errors.required(&key);
    } else {
        errors.form(&key, is_config_key(key.text()), "letters, digits, `-`, `_` and `.`");
    }
}

fn file_key_ref(reference: &Field<'_>, errors: &mut Errors) {
    let (key, volume, path) = (reference.get("key"), reference.get("volumeName"), reference.get("path"));
    required(reference, &["key", "volumeName", "path"], errors);
    errors.form(&key, key.is_empty() || is_variable_name(key.text()), "printable ASCII characters other than `=`");
    errors.form(&volume, volume.is_empty() || is_dns_label(volume.text()), "the form of a volume's name");
    below(&path, errors);
}

/// `ValidateEnvFrom`.
fn env_from(list: &Field<'_>, errors: &mut Errors) {
    for source in list.items() {
        let prefix = source.get("prefix");
        errors.form(&prefix, prefix.is_empty() || is_variable_name(prefix.text()), "printable ASCII characters other than `=`");
        let mut sources = 0;
        for name in ["configMapRef", "secretRef"] {
            let reference = source.get(name);
            if !reference.is_set() {
                continue;
            }
            sources += 1;
            let name = reference.get("name");
            if name.is_empty() {
                errors.required(&name);
            } else {
                let stem = name.text().strip_suffix('-').map_or_else(|| name.text().to_owned(), |stem| format!("{stem}a"));
                errors.form(&name, is_dns_subdomain(&stem), "the form of an object's name");
            }
        }
        if sources != 1 {
            errors.invalid(list, "each entry must have one of configMapRef and secretRef");
        }
    }
}

/// `ValidateVolumeMounts`.
fn mounts(pod: &Pod<'_>, container: &Field<'_>, errors: &mut Errors) {
    let list = container.get("volumeMounts");
    let mut paths = BTreeSet::new();
    for mount in list.items() {
        let (name, path) = (mount.get("name"), mount.get("mountPath"));
        required(&mount, &["name"], errors);
        if !pod.volumes.iter().any(|(volume, _)| *volume == name.text()) {
            errors.add(&name, Reason::NotFound, "the pod has no volume of that name");
        }
        required(&mount, &["mountPath"], errors);
        if !paths.insert(path.text()) {
            errors.invalid(&path, "it must be unique");
        }
        for device in container.get("volumeDevices").items() {
            if device.get("name").text() == name.text() {
                errors.invalid(&name, "it must not already exist in volumeDevices");
            }
            if device.get("devicePath").text() == path.text() {
                errors.invalid(&path, "it must not already exist as a path in volumeDevices");
            }
        }
        let (sub, expression) = (mount.get("subPath"), mount.get("subPathExpr"));
        if !sub.is_empty() {
            relative(&sub.named(&list, "subPath"), errors);
        }
        if !expression.is_empty() {
            if !sub.is_empty() {
                errors.invalid(&expression, "subPathExpr and subPath cannot both be set");
            }
            relative(&expression.named(&list, "subPathExpr"), errors);
        }
        let propagation = mount.get("mountPropagation").named(&list, "mountPropagation");
        if propagation.is_set() {
            errors.must_be_one_of(&propagation, &["Bidirectional", "HostToContainer", "None"]);
            if propagation.text() == "Bidirectional" && !container.at(&["securityContext", "privileged"]).is_true() {
                errors.forbidden(&propagation, "Bidirectional mount propagation is for privileged containers only");
            }
        }
        let recursive = mount.get("recursiveReadOnly").named(&list, "recursiveReadOnly");
        match recursive.text() {
            _ if !recursive.is_set() => {}
            "Disabled" => {}
            "Enabled" | "IfPossible" => {
                if !mount.get("readOnly").is_true() {
                    errors.forbidden(&recursive, "it may only be set when readOnly is true");
                }
                if !matches!(propagation.text(), "" | "None") {
                    errors.forbidden(&recursive, "it may only be set when mountPropagation is None or not set");
                }
            }
            _ => errors.not_supported(&recursive, &["Disabled", "Enabled", "IfPossible"]),
        }
    }
}

/// `ValidateVolumeDevices`.
fn devices(pod: &Pod<'_>, container: &Field<'_>, errors: &mut Errors) {
    let (mut names, mut paths) = (BTreeSet::new(), BTreeSet::new());
    for device in container.get("volumeDevices").items() {
        let (name, path) = (device.get("name"), device.get("devicePath"));
        required(&device, &["name"], errors);
        if names.contains(name.text()) {
            errors.invalid(&name, "it must be unique");
        }
        match pod.volumes.iter().find(|(volume, _)| *volume == name.text()) {
            Some((_, volume)) if !volume.get("persistentVolumeClaim").is_set() && !volume.get("ephemeral").is_set() => {
                errors.invalid(&name, "only claims can be used as block devices");
            }
            Some(_) => {}
            None => errors.add(&name, Reason::NotFound, "the pod has no volume of that name"),
        }
        required(&device, &["devicePath"], errors);
        if paths.contains(path.text()) {
            errors.invalid(&path, "it must be unique");
        }
        if stays_below(path.text()) {
            paths.insert(path.text());
        } else {
            errors.invalid(&path, "it must not contain `..`");
        }
        for mount in container.get("volumeMounts").items() {
            if mount.get("name").text() == name.text() {
                errors.invalid(&name, "it must not already exist in volumeMounts");
            }
            if mount.get("mountPath").text() == path.text() {
                errors.invalid(&path, "it must not already exist as a path in volumeMounts");
            }
        }
        if !name.is_empty() {
            names.insert(name.text());
        }
    }
}

/// `validateResizePolicy`.
fn resize_policy(pod: &Pod<'_>, list: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for rule in list.items() {
        let (resource, policy) = (rule.get("resourceName"), rule.get("restartPolicy"));
        if !seen.insert(resource.text()) {
            errors.duplicate(&rule);
        }
        for (field, known) in [(resource, ["cpu", "memory"]), (policy, ["NotRequired", "RestartContainer"])] {
            // The errors are named after the list.
            if field.is_empty() {
                errors.required(list);
            } else if !known.contains(&field.text()) {
                errors.not_supported(list, &known);
            }
        }
        if pod.spec.get("restartPolicy").text() == "Never" && policy.text() != "NotRequired" {
            errors.invalid(list, "it must be NotRequired when the pod's restartPolicy is Never");
        }
    }
}

/// `validateContainerRestartPolicy`, `validateInitContainerRestartPolicy`.
fn restart_policy(container: &Field<'_>, errors: &mut Errors) {
    let (policy, rules) = (container.get("restartPolicy"), container.get("restartPolicyRules"));
    if policy.is_set() {
        errors.must_be_one_of(&policy, &["Always", "Never", "OnFailure"]);
    } else if !rules.is_empty() {
        errors.required(&policy);
    } else {
        return;
    }
    if rules.len() > 20 {
        errors.too_many(&rules, 20);
    }
    for rule in rules.items() {
        errors.must_be_one_of(&rule.get("action"), &["Restart", "RestartAllContainers"]);
        let codes = rule.get("exitCodes");
        if !codes.is_set() {
            errors.required(&codes);
            continue;
        }
        errors.must_be_one_of(&codes.get("operator"), &["In", "NotIn"]);
        if codes.get("values").len() > 255 {
            errors.too_many(&codes.get("values"), 255);
        }
    }
}

fn lifecycle_and_probes(pod: &Pod<'_>, container: &Field<'_>, errors: &mut Errors) {
    let grace = pod.grace();
    let lifecycle = container.get("lifecycle");
    for hook in ["postStart", "preStop"] {
        let hook = lifecycle.get(hook);
        if hook.is_set() {
            handler(&hook, grace, errors);
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let probe = container.get(name);
        if !probe.is_set() {
            continue;
        }
        handler(&probe, grace, errors);
        for number in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
            errors.nonnegative(&probe.get(number));
        }
        let own = probe.get("terminationGracePeriodSeconds");
        if own.integer().is_some_and(|s| s <= 0) {
            errors.invalid(&own, "it must be greater than 0");
        }
        if name == "readinessProbe" {
            if own.is_set() {
                errors.invalid(&own, "it must not be set for readiness probes");
            }
        } else if probe.get("successThreshold").int() != 1 {
            errors.invalid(&probe.get("successThreshold"), "it must be 1");
        }
    }
}

/// `validateHandler`, of probes and hooks.
fn handler(holder: &Field<'_>, grace: Option<i64>, errors: &mut Errors) {
    let mut found = false;
    for kind in ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] {
        let action = holder.get(kind);
        if !action.is_set() {
            continue;
        }
        if found {
            errors.forbidden(&action, "there is one type of handler only");
            continue;
        }
        found = true;
        match kind {
            "exec" => required(&action, &["command"], errors),
            "httpGet" => {
                required(&action, &["path"], errors);
                port(&action.get("port"), errors);
                errors.must_be_one_of(&action.get("scheme"), &["HTTP", "HTTPS"]);
                for header in action.get("httpHeaders").items() {
                    if !is_header_name(header.get("name").text()) {
                        errors.invalid(&action.get("httpHeaders"), "a header's name has letters, digits and `-`");
                    }
                }
            }
            "tcpSocket" => port(&action.get("port"), errors),
            "grpc" => {
                port(&action.get("port"), errors);
                let mode = action.get("mode");
                if mode.is_set() {
                    errors.must_be_one_of(&mode, &["PLAINTEXT", "TLS"]);
                }
            }
            _ => {
                let seconds = action.get("seconds").int();
                if let Some(grace) = grace.filter(|grace| seconds < 0 || seconds > *grace) {
                    errors.invalid(&action, format!("it must be between 0 and terminationGracePeriodSeconds ({grace})"));
                }
            }
        }
    }
    if !found {
        errors.required(holder);
    }
}

/// `ValidatePortNumOrName`.
pub(super) fn port(port: &Field<'_>, errors: &mut Errors) {
    match port.value().and_then(serde_json::Value::as_str) {
        Some(name) if !is_port_name(name) => {
            errors.invalid(port, "a port's name has at most 15 lower-case letters, digits and `-`, one letter at least");
        }
        Some(_) => {}
        None => port_number(port, errors),
    }
}
