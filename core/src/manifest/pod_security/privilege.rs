//! Which user a container may run as, and what it may gain: privileged containers, escalation, root, HostProcess containers of Windows.

use super::Violation;
use super::specs::{Pod, containers, setters};

/// `privileged`.
pub(super) fn privileged(pod: &Pod<'_>) -> Option<Violation> {
    let bad = pod.containers_where(|c| c.privileged == Some(true));
    if bad.is_empty() {
        return None;
    }
    Violation::new("privileged", format!("{} must not set securityContext.privileged=true", containers(&bad)))
}

/// `windowsHostProcess`.
pub(super) fn windows_host_process(pod: &Pod<'_>) -> Option<Violation> {
    let asks = |of: Option<&k8s_openapi::api::core::v1::WindowsSecurityContextOptions>| of.is_some_and(|w| w.host_process == Some(true));
    let own = asks(pod.context().and_then(|c| c.windows_options.as_ref()));
    let who = setters(own, &pod.containers_where(|c| asks(c.windows_options.as_ref())))?;
    Violation::new("hostProcess", format!("{who} must not set securityContext.windowsOptions.hostProcess=true"))
}

/// `allowPrivilegeEscalation` before it knew of Windows.
pub(super) fn escalation_on_any_system(pod: &Pod<'_>) -> Option<Violation> {
    let bad = pod.containers_where(|c| c.allow_privilege_escalation != Some(false));
    if bad.is_empty() {
        return None;
    }
    let detail = format!("{} must set securityContext.allowPrivilegeEscalation=false", containers(&bad));
    Violation::new("allowPrivilegeEscalation != false", detail)
}

/// `allowPrivilegeEscalation`.
pub(super) fn escalation(pod: &Pod<'_>) -> Option<Violation> {
    if pod.is_for_windows() { None } else { escalation_on_any_system(pod) }
}

/// `runAsNonRoot` before it knew of user namespaces.
pub(super) fn non_root(pod: &Pod<'_>) -> Option<Violation> {
    let reason = "runAsNonRoot != true";
    let own = pod.context().and_then(|c| c.run_as_non_root);
    if let Some(who) = setters(own == Some(false), &pod.containers_where(|c| c.run_as_non_root == Some(false))) {
        return Violation::new(reason, format!("{who} must not set securityContext.runAsNonRoot=false"));
    }
    let silent = pod.containers_where(|c| c.run_as_non_root.is_none());
    if own == Some(true) || silent.is_empty() {
        return None;
    }
    Violation::new(reason, format!("pod or {} must set securityContext.runAsNonRoot=true", containers(&silent)))
}

/// `runAsNonRoot`.
pub(super) fn non_root_of_host_users(pod: &Pod<'_>) -> Option<Violation> {
    if pod.has_own_users() { None } else { non_root(pod) }
}

/// `runAsUser` before it knew of user namespaces.
pub(super) fn user(pod: &Pod<'_>) -> Option<Violation> {
    let own = pod.context().and_then(|c| c.run_as_user) == Some(0);
    let who = setters(own, &pod.containers_where(|c| c.run_as_user == Some(0)))?;
    Violation::new("runAsUser=0", format!("{who} must not set runAsUser=0"))
}

/// `runAsUser`.
pub(super) fn user_of_host_users(pod: &Pod<'_>) -> Option<Violation> {
    if pod.has_own_users() { None } else { user(pod) }
}
