//! Which capabilities of the kernel a container may add, and that it drops the others.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Container;

use super::Violation;
use super::specs::{Pod, containers, quoted};

/// What container runtimes give by default.
const USUAL: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Containers that add what is not allowed, and what they add.
fn adding<'p>(pod: &Pod<'p>, allowed: &[&str]) -> (Vec<&'p str>, BTreeSet<&'p str>) {
    let (mut bad, mut added) = (Vec::new(), BTreeSet::new());
    for container in pod.containers() {
        let before: Vec<&str> = capabilities(container, |c| c.add.as_ref()).filter(|c| !allowed.contains(c)).collect();
        if !before.is_empty() {
            bad.push(container.name.as_str());
            added.extend(before);
        }
    }
    (bad, added)
}

fn capabilities(
    container: &Container,
    list: fn(&k8s_openapi::api::core::v1::Capabilities) -> Option<&Vec<String>>,
) -> impl Iterator<Item = &str> {
    let own = container.security_context.as_ref().and_then(|c| c.capabilities.as_ref());
    own.and_then(list).into_iter().flatten().map(String::as_str)
}

fn must_not_add(bad: &[&str], added: &BTreeSet<&str>) -> String {
    format!("{} must not include {} in securityContext.capabilities.add", containers(bad), quoted(added))
}

/// `capabilities_baseline`.
pub(super) fn baseline(pod: &Pod<'_>) -> Option<Violation> {
    let (bad, added) = adding(pod, &USUAL);
    if bad.is_empty() { None } else { Violation::new("non-default capabilities", must_not_add(&bad, &added)) }
}

/// `capabilities_restricted` before it knew of Windows.
pub(super) fn restricted_on_any_system(pod: &Pod<'_>) -> Option<Violation> {
    let drops_all = |c: &&Container| capabilities(c, |list| list.drop.as_ref()).any(|name| name == "ALL");
    let keeping: Vec<&str> = pod.containers().filter(|c| !drops_all(c)).map(|c| c.name.as_str()).collect();
    let (bad, added) = adding(pod, &["NET_BIND_SERVICE"]);
    let mut details = Vec::new();
    if !keeping.is_empty() {
        details.push(format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", containers(&keeping)));
    }
    if !bad.is_empty() {
        details.push(must_not_add(&bad, &added));
    }
    if details.is_empty() { None } else { Violation::new("unrestricted capabilities", details.join("; ")) }
}

/// `capabilities_restricted`.
pub(super) fn restricted(pod: &Pod<'_>) -> Option<Violation> {
    if pod.is_for_windows() { None } else { restricted_on_any_system(pod) }
}
