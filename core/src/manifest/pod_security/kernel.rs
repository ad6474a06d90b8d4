//! What of the kernel's own protection a pod may loosen: AppArmor, SELinux, seccomp, the masks of `/proc`, sysctls.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{AppArmorProfile, SELinuxOptions, SeccompProfile, SecurityContext};

use super::Violation;
use super::specs::{Pod, containers, quoted, setters, word};
use crate::units::arrange::Arrange;
use crate::units::gather::Gather;

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// `appArmorProfile`.
pub(super) fn app_armor(pod: &Pod<'_>) -> Option<Violation> {
    let bad_type = |profile: Option<&AppArmorProfile>| {
        profile.map(|p| p.type_.clone()).filter(|kind| !matches!(kind.as_str(), "RuntimeDefault" | "Localhost"))
    };
    let own = bad_type(pod.context().and_then(|c| c.app_armor_profile.as_ref()));
    let mut values: BTreeSet<String> = own.iter().cloned().gather();
    let of = |c: &SecurityContext| bad_type(c.app_armor_profile.as_ref());
    let bad = pod.containers_where(|c| of(c).is_some());
    values.extend(pod.containers().filter_map(|c| of(c.security_context.as_ref()?)));
    let allowed = |value: &str| value.is_empty() || value == "runtime/default" || value.starts_with("localhost/");
    let annotations = pod.annotations.iter().filter(|(key, value)| key.starts_with(APP_ARMOR) && !allowed(value));
    let annotations: Vec<String> = annotations.map(|(key, value)| format!("{key}={value:?}")).collect();
    let mut who: Vec<String> = setters(own.is_some(), &bad).into_iter().collect();
    if !annotations.is_empty() {
        who.push(word("annotation", "annotations", annotations.len()).to_owned());
    }
    if who.is_empty() {
        return None;
    }
    let values: Vec<String> = values.into_iter().chain(annotations).collect();
    let reason = word("forbidden AppArmor profile", "forbidden AppArmor profiles", values.len());
    Violation::new(reason, format!("{} must not set AppArmor profile type to {}", who.join(" and "), quoted(values)))
}

/// `procMount` of `restricted`, and of `baseline` before it knew of user namespaces.
pub(super) fn proc_mount(pod: &Pod<'_>) -> Option<Violation> {
    let other = |c: &SecurityContext| c.proc_mount.clone().filter(|kind| kind != "Default");
    let bad = pod.containers_where(|c| other(c).is_some());
    if bad.is_empty() {
        return None;
    }
    let kinds: BTreeSet<String> = pod.containers().filter_map(|c| other(c.security_context.as_ref()?)).gather();
    Violation::new("procMount", format!("{} must not set securityContext.procMount to {}", containers(&bad), quoted(kinds)))
}

/// `procMount` of `baseline`.
pub(super) fn proc_mount_of_host_users(pod: &Pod<'_>) -> Option<Violation> {
    if pod.has_own_users() { None } else { proc_mount(pod) }
}

/// `seLinuxOptions` before v1.31.
pub(super) fn selinux_of_1_0(pod: &Pod<'_>) -> Option<Violation> {
    selinux_types(pod, &["", "container_t", "container_init_t", "container_kvm_t"])
}

/// `seLinuxOptions`.
pub(super) fn selinux(pod: &Pod<'_>) -> Option<Violation> {
    selinux_types(pod, &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"])
}

fn selinux_types(pod: &Pod<'_>, allowed: &[&str]) -> Option<Violation> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let bad_type = |options: &SELinuxOptions| !allowed.contains(&text(&options.type_).as_str());
    let is_bad = |options: &SELinuxOptions| bad_type(options) || !text(&options.user).is_empty() || !text(&options.role).is_empty();
    let own = pod.context().and_then(|c| c.se_linux_options.as_ref());
    let who = setters(own.is_some_and(is_bad), &pod.containers_where(|c| c.se_linux_options.as_ref().is_some_and(is_bad)))?;
    let all: Vec<&SELinuxOptions> =
        own.into_iter().chain(pod.containers().filter_map(|c| c.security_context.as_ref()?.se_linux_options.as_ref())).collect();
    let types: BTreeSet<String> = all.iter().filter(|o| bad_type(o)).map(|o| text(&o.type_)).gather();
    let mut details = Vec::new();
    if !types.is_empty() {
        details.push(format!("{} {}", word("type", "types", types.len()), quoted(types)));
    }
    if all.iter().any(|o| !text(&o.user).is_empty()) {
        details.push("user may not be set".to_owned());
    }
    if all.iter().any(|o| !text(&o.role).is_empty()) {
        details.push("role may not be set".to_owned());
    }
    Violation::new("seLinuxOptions", format!("{who} set forbidden securityContext.seLinuxOptions: {}", details.join("; ")))
}

/// `seccompProfile_baseline` while profiles were named by annotations.
pub(super) fn seccomp_annotations(pod: &Pod<'_>) -> Option<Violation> {
    let allowed = |value: &str| matches!(value, "runtime/default" | "docker/default") || value.starts_with("localhost/");
    let of_containers = pod.containers().map(|c| format!("{SECCOMP_CONTAINER}{}", c.name));
    let keys: BTreeSet<String> = std::iter::once(SECCOMP_POD.to_owned()).chain(of_containers).gather();
    let bad = keys.into_iter().filter_map(|key| pod.annotations.get(&key).filter(|v| !allowed(v)).map(|value| format!("{key}={value:?}")));
    let mut bad: Vec<String> = bad.collect();
    bad.arrange();
    if bad.is_empty() {
        return None;
    }
    Violation::new("seccompProfile", format!("forbidden {} {}", word("annotation", "annotations", bad.len()), bad.join(", ")))
}

/// The type of a profile that is not allowed.
fn bad_seccomp(profile: Option<&SeccompProfile>) -> Option<String> {
    profile.map(|p| p.type_.clone()).filter(|kind| !matches!(kind.as_str(), "RuntimeDefault" | "Localhost"))
}

/// `seccompProfile_baseline`.
pub(super) fn seccomp_baseline(pod: &Pod<'_>) -> Option<Violation> {
    let own = bad_seccomp(pod.context().and_then(|c| c.seccomp_profile.as_ref()));
    let of = |c: &SecurityContext| bad_seccomp(c.seccomp_profile.as_ref());
    let who = setters(own.is_some(), &pod.containers_where(|c| of(c).is_some()))?;
    let kinds = own.into_iter().chain(pod.containers().filter_map(|c| of(c.security_context.as_ref()?)));
    let kinds: BTreeSet<String> = kinds.gather();
    Violation::new("seccompProfile", format!("{who} must not set securityContext.seccompProfile.type to {}", quoted(kinds)))
}

/// `seccompProfile_restricted` before it knew of Windows.
pub(super) fn seccomp_on_any_system(pod: &Pod<'_>) -> Option<Violation> {
    if let Some(bad) = seccomp_baseline(pod) {
        return Some(bad);
    }
    let silent = pod.containers_where(|c| c.seccomp_profile.is_none());
    if silent.is_empty() || pod.context().is_some_and(|c| c.seccomp_profile.is_some()) {
        return None;
    }
    let detail =
        format!("pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"", containers(&silent));
    Violation::new("seccompProfile", detail)
}

/// `seccompProfile_restricted`.
pub(super) fn seccomp_restricted(pod: &Pod<'_>) -> Option<Violation> {
    if pod.is_for_windows() { None } else { seccomp_on_any_system(pod) }
}

/// Those that are a pod's own affair, in the order in which they became so: 5 at first, one more in v1.27, four in v1.29, two in v1.32.
const SAFE_SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
];

fn unsafe_sysctls(pod: &Pod<'_>, known: usize) -> Option<Violation> {
    let set = pod.context().and_then(|c| c.sysctls.as_ref()).into_iter().flatten().map(|s| s.name.as_str());
    let bad: Vec<&str> = set.filter(|name| !SAFE_SYSCTLS.iter().take(known).any(|safe| safe == name)).collect();
    if bad.is_empty() { None } else { Violation::new("forbidden sysctls", bad.join(", ")) }
}

/// `sysctls` before v1.27.
pub(super) fn sysctls_of_1_0(pod: &Pod<'_>) -> Option<Violation> {
    unsafe_sysctls(pod, 5)
}

/// `sysctls` of v1.27 and v1.28.
pub(super) fn sysctls_of_1_27(pod: &Pod<'_>) -> Option<Violation> {
    unsafe_sysctls(pod, 6)
}

/// `sysctls` of v1.29 to v1.31.
pub(super) fn sysctls_of_1_29(pod: &Pod<'_>) -> Option<Violation> {
    unsafe_sysctls(pod, 10)
}

/// `sysctls`.
pub(super) fn sysctls(pod: &Pod<'_>) -> Option<Violation> {
    unsafe_sysctls(pod, SAFE_SYSCTLS.len())
}
