//! Security contexts, and annotations that say the same.
//!
//! Owns these parts of `pkg/apis/core/validation/validation.go` (v1.37).

use std::collections::BTreeSet;

use super::volume::{relative, user};
use crate::manifest::field::{Errors, Field};
use crate::manifest::forms::{is_absolute, stays_below};
use crate::manifest::names::is_dns_subdomain;

/// `ValidateSecurityContext`.
pub(super) fn of_container(context: &Field<'_>, host_users: bool, errors: &mut Errors) {
    if !context.is_set() {
        return;
    }
    user(&context.get("runAsUser"), errors);
    user(&context.get("runAsGroup"), errors);
    let mount = context.get("procMount");
    if mount.is_set() {
        errors.must_be_one_of(&mount, &["Default", "Unmasked"]);
        if host_users && mount.text() == "Unmasked" {
            errors.invalid(&mount, "`hostUsers` must be false to use `Unmasked`");
        }
    }
    seccomp(&context.get("seccompProfile"), errors);
    if context.get("allowPrivilegeEscalation").is_false() {
        if context.get("privileged").is_true() {
            errors.invalid(context, "`allowPrivilegeEscalation` cannot be false when `privileged` is true");
        }
        for capability in context.at(&["capabilities", "add"]).texts() {
            if capability == "CAP_SYS_ADMIN" {
                errors.invalid(context, "`allowPrivilegeEscalation` cannot be false when CAP_SYS_ADMIN is added");
            }
        }
    }
    windows_options(&context.get("windowsOptions"), errors);
    app_armor(&context.get("appArmorProfile"), errors);
}

/// `validatePodSpecSecurityContext`.
pub(super) fn of_pod(context: &Field<'_>, spec: &Field<'_>, errors: &mut Errors) {
    for id in ["fsGroup", "runAsUser", "runAsGroup"] {
        user(&context.get(id), errors);
    }
    context.get("supplementalGroups").items().for_each(|id| user(&id, errors));
    sysctls(&context.get("sysctls"), spec, errors);
    for (name, known) in [
        ("fsGroupChangePolicy", ["Always", "OnRootMismatch"]),
        ("supplementalGroupsPolicy", ["Merge", "Strict"]),
        ("seLinuxChangePolicy", ["MountOption", "Recursive"]),
    ] {
        let policy = context.get(name);
        if policy.is_set() {
            errors.must_be_one_of(&policy, &known);
        }
    }
    seccomp(&context.get("seccompProfile"), errors);
    windows_options(&context.get("windowsOptions"), errors);
    app_armor(&context.get("appArmorProfile"), errors);
}

/// `validateSysctls`.
fn sysctls(list: &Field<'_>, spec: &Field<'_>, errors: &mut Errors) {
    let mut names = BTreeSet::new();
    for sysctl in list.items() {
        let name = sysctl.get("name");
        if name.is_empty() {
            errors.required(&name);
        } else if !is_sysctl(name.text()) {
            errors.invalid(&name, "a sysctl has lower-case letters, digits, `-` and `_`, in parts joined by `.` or `/`");
        } else if names.contains(name.text()) {
            errors.duplicate(&name);
        }
        // With slashes, dots are part of a name (`NormalizeName`).
        let separator = name.text().find(['.', '/']).map(|i| &name.text()[i..=i]);
        let plain = if separator == Some("/") { name.text().replace('/', ".") } else { name.text().to_owned() };
        let starts = |prefix: &str| plain.starts_with(prefix);
        let ipc = starts("kernel.shm") || starts("kernel.msg") || plain == "kernel.sem" || starts("fs.mqueue.");
        if spec.get("hostNetwork").is_true() && starts("net.") {
            errors.invalid(&name, "it may not be set when hostNetwork is true");
        } else if spec.get("hostIPC").is_true() && ipc {
            errors.invalid(&name, "it may not be set when hostIPC is true");
        }
        names.insert(name.text());
    }
}

fn is_sysctl(name: &str) -> bool {
    let part = |part: &str| {
        let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        edge(part.bytes().next()) && edge(part.bytes().next_back()) && part.bytes().all(inner)
    };
    name.len() <= 253 && name.split(['.', '/']).all(part)
}

/// `validateSeccompProfileField`.
fn seccomp(profile: &Field<'_>, errors: &mut Errors) {
    if !profile.is_set() {
        return;
    }
    let (kind, file) = (profile.get("type"), profile.get("localhostProfile"));
    errors.required_one_of(&kind, &["Localhost", "RuntimeDefault", "Unconfined"]);
    if kind.text() == "Localhost" {
        if file.is_set() { relative(&file, errors) } else { errors.required(&file) }
    } else if file.is_set() {
        errors.invalid(&file, "it can only be set when `type` is Localhost");
    }
}

/// `ValidateAppArmorProfileField`.
fn app_armor(profile: &Field<'_>, errors: &mut Errors) {
    if !profile.is_set() {
        return;
    }
    let (kind, name) = (profile.get("type"), profile.get("localhostProfile"));
    match kind.text() {
        "Localhost" => {
            let text = name.text();
            if !name.is_set() {
                errors.required(&name);
            } else if text.trim() != text {
                errors.invalid(&name, "it must not be padded with whitespace");
            } else if text.is_empty() {
                errors.required(&name);
            }
            if text.len() > 4095 {
                errors.too_long(&name, 4095);
            }
        }
        "RuntimeDefault" | "Unconfined" => {
            if name.is_set() {
                errors.invalid(&name, "it can only be set when `type` is Localhost");
            }
        }
        _ => errors.required_one_of(&kind, &["Localhost", "RuntimeDefault", "Unconfined"]),
    }
}

/// `validateWindowsSecurityContextOptions`.
fn windows_options(options: &Field<'_>, errors: &mut Errors) {
    let (name, spec, user) = (options.get("gmsaCredentialSpecName"), options.get("gmsaCredentialSpec"), options.get("runAsUserName"));
    if name.is_set() {
        errors.form(&name, is_dns_subdomain(name.text()), "lower-case letters, digits, `-` and `.`");
    }
    if spec.is_set() && !(1..=64 * 1024).contains(&spec.text().len()) {
        errors.invalid(&spec, "it must not be empty, nor have more than 64 KiB");
    }
    if !user.is_set() {
        return;
    }
    let text = user.text();
    if text.is_empty() || text.chars().any(|c| c.is_ascii_control()) || text.matches('\\').count() > 1 {
        return errors.invalid(&user, "it must have the form `DOMAIN\\USER`, where `DOMAIN\\` may be left out");
    }
    let (domain, own) = text.split_once('\\').map_or((None, text), |(domain, own)| (Some(domain), own));
    if domain.is_some_and(|d| d.len() >= 256 || !is_netbios(d) && !is_windows_dns(d)) {
        errors.invalid(&user, "its domain must be a NetBIOS or DNS name");
    }
    let forbidden = |c: char| "\"/\\:;|=,+*?<>@[]".contains(c);
    let dots = own.chars().all(|c| c == '.' || c == ' ');
    if own.is_empty() || own.len() > 104 || dots || own.contains(forbidden) {
        errors.invalid(
            &user,
            "its user must have 1 to 104 characters, without \" / \\ : ; | = , + * ? < > @ [ ], and not only periods or spaces",
        );
    }
}

fn is_netbios(text: &str) -> bool {
    (1..=15).contains(&text.chars().count()) && !text.starts_with('.') && !text.contains(['\\', '/', ':', '*', '?', '"', '<', '>', '|'])
}

fn is_windows_dns(text: &str) -> bool {
    let label = |label: &str| {
        let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
        label.len() <= 63
            && edge(label.bytes().next())
            && edge(label.bytes().next_back())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.split('.').all(label)
}

/// All containers of a pod, in the order in which the server visits them.
pub(super) fn all_containers<'a>(spec: &Field<'a>) -> impl Iterator<Item = Field<'a>> + use<'a> {
    let spec = *spec;
    ["initContainers", "containers", "ephemeralContainers"].into_iter().flat_map(move |group| spec.get(group).items())
}

/// `validateWindowsHostProcessPod`.
pub(super) fn host_process(spec: &Field<'_>, errors: &mut Errors) {
    let of = |context: &Field<'_>| context.at(&["windowsOptions", "hostProcess"]).value().and_then(serde_json::Value::as_bool);
    let pod = of(&spec.get("securityContext"));
    let (mut all, mut hosts) = (0, 0);
    for container in all_containers(spec) {
        all += 1;
        let own = of(&container.get("securityContext"));
        if pod.zip(own).is_some_and(|(pod, own)| pod != own) {
            let field = container.at(&["securityContext", "windowsOptions", "hostProcess"]);
            errors.invalid(&field, "pod and container hostProcess values must be identical");
        }
        hosts += usize::from(own.or(pod) == Some(true));
    }
    if hosts > 0 {
        if hosts != all {
            errors.invalid(spec, "if one container is hostProcess, all containers must be");
        }
        if !spec.get("hostNetwork").is_true() {
            errors.invalid(&spec.get("hostNetwork"), "it must be true if a container is hostProcess");
        }
    }
}

/// `validateLinux`, `validateWindows`: what only the other system has.
pub(super) fn operating_system(spec: &Field<'_>, errors: &mut Errors) {
    let os = spec.get("os");
    if !os.is_set() {
        return;
    }
    match os.get("name").text() {
        "" => errors.required(&os.get("name")),
        "linux" => {
            let contexts = std::iter::once(spec.get("securityContext")).chain(all_containers(spec).map(|c| c.get("securityContext")));
            for options in contexts.map(|c| c.get("windowsOptions")) {
                if options.is_set() {
                    errors.forbidden(&options, "it cannot be set for a linux pod");
                }
            }
        }
        "windows" => {
            const OF_POD: [&str; 11] = [
                "appArmorProfile",
                "seLinuxOptions",
                "seccompProfile",
                "fsGroup",
                "fsGroupChangePolicy",
                "sysctls",
                "runAsUser",
                "runAsGroup",
                "supplementalGroups",
                "supplementalGroupsPolicy",
                "seLinuxChangePolicy",
            ];
            const OF_CONTAINER: [&str; 10] = [
                "appArmorProfile",
                "seLinuxOptions",
                "seccompProfile",
                "capabilities",
                "readOnlyRootFilesystem",
                "privileged",
                "allowPrivilegeEscalation",
                "procMount",
                "runAsUser",
                "runAsGroup",
            ];
            let context = spec.get("securityContext");
            let mut fields: Vec<Field<'_>> = OF_POD.iter().map(|name| context.get(name)).collect();
            fields.extend(["hostUsers", "shareProcessNamespace"].map(|name| spec.get(name)));
            fields.extend(["hostPID", "hostIPC"].map(|name| spec.get(name)).into_iter().filter(Field::is_true));
            for container in all_containers(spec) {
                let context = container.get("securityContext");
                fields.extend(OF_CONTAINER.iter().map(|name| context.get(name)));
            }
            for field in fields.into_iter().filter(Field::is_set) {
                errors.forbidden(&field, "it cannot be set for a windows pod");
            }
        }
        _ => errors.not_supported(&os, &["linux", "windows"]),
    }
}

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// `ValidatePodSpecificAnnotations`.
pub(super) fn annotations(annotations: &Field<'_>, spec: &Field<'_>, errors: &mut Errors) {
    for (key, value) in annotations.entries() {
        let text = value.text();
        match key {
            "kubernetes.io/config.mirror" if spec.get("nodeName").is_empty() => {
                errors.invalid(&value, "spec.nodeName must be set if the mirror pod annotation is set");
            }
            "controller.kubernetes.io/pod-deletion-cost" => {
                let first = text.as_bytes().first().copied();
                let padded = text.len() > 1 && first == Some(b'0') || first == Some(b'+');
                if padded || text.parse::<i32>().is_err() {
                    errors.invalid(&value, "it must be a 32 bit integer");
                }
            }
            _ => {}
        }
        if key == SECCOMP_POD || key.starts_with(SECCOMP_CONTAINER) {
            let local = text.strip_prefix("localhost/");
            let known = matches!(text, "runtime/default" | "docker/default" | "unconfined");
            if !known && !local.is_some_and(|path| !is_absolute(path) && stays_below(path)) {
                errors.invalid(&value.named(annotations, key), "it must be a valid seccomp profile");
            }
        }
        if let Some(container) = key.strip_prefix(APP_ARMOR) {
            if !all_containers(spec).any(|c| c.get("name").text() == container) {
                errors.invalid(&value, "there is no container of that name");
            }
            if !matches!(text, "" | "runtime/default" | "unconfined") && !text.starts_with("localhost/") {
                errors.invalid(&value, "it is not an AppArmor profile");
            }
        }
    }
}

/// Annotations and fields must agree (`validateSeccompAnnotationsAndFields`, `validateAppArmorAnnotationsAndFieldsMatchOnCreate`).
pub(super) fn annotations_and_fields(annotations: &Field<'_>, spec: &Field<'_>, errors: &mut Errors) {
    let note = |key: &str| annotations.value().and_then(|a| a.get(key)).and_then(serde_json::Value::as_str);
    let pod = spec.get("securityContext");
    agree(&pod.get("seccompProfile"), note(SECCOMP_POD), &["runtime/default", "docker/default"], errors);
    for container in all_containers(spec) {
        let profile = container.at(&["securityContext", "seccompProfile"]);
        let name = container.get("name").text();
        agree(&profile, note(&format!("{SECCOMP_CONTAINER}{name}")), &["runtime/default", "docker/default"], errors);
        if spec.at(&["os", "name"]).text() != "windows" {
            let own = container.at(&["securityContext", "appArmorProfile"]);
            let holder = container.get("securityContext");
            let effective = if own.is_set() { own } else { pod.get("appArmorProfile").named(&holder, "appArmorProfile") };
            agree(&effective, note(&format!("{APP_ARMOR}{name}")), &["runtime/default"], errors);
        }
    }
}

fn agree(profile: &Field<'_>, note: Option<&str>, defaults: &[&str], errors: &mut Errors) {
    let Some(note) = note.filter(|_| profile.is_set()) else { return };
    let (kind, file) = (profile.get("type"), profile.get("localhostProfile"));
    let differs = match kind.text() {
        "Unconfined" => note != "unconfined",
        "RuntimeDefault" => !defaults.contains(&note),
        "Localhost" => match note.strip_prefix("localhost/") {
            Some(path) if file.is_set() && path == file.text() => false,
            Some(_) => return errors.forbidden(&file, "the annotation names another profile"),
            None => true,
        },
        _ => false,
    };
    if differs {
        errors.forbidden(&kind, "the annotation names another type");
    }
}
