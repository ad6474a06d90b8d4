//! A pod as the checks look at it: its containers in order, and the words of their messages.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSecurityContext, PodSpec, SecurityContext};

/// A pod as it was written: what admission looks at that nothing else needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WrittenPod {
    /// The spec.
    pub spec: PodSpec,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

/// The pod that is checked.
pub(super) struct Pod<'p> {
    pub(super) spec: &'p PodSpec,
    pub(super) annotations: &'p BTreeMap<String, String>,
}

impl<'p> Pod<'p> {
    pub(super) fn new(pod: &'p WrittenPod) -> Pod<'p> {
        Pod { spec: &pod.spec, annotations: &pod.annotations }
    }

    /// Init containers, then regular ones (`visitContainers`). Ephemeral ones are never part of what is created.
    pub(super) fn containers(&self) -> impl Iterator<Item = &'p Container> + use<'p> {
        self.spec.init_containers.iter().flatten().chain(&self.spec.containers)
    }

    /// The containers for whose security context something holds; an absent context counts as an empty one.
    pub(super) fn containers_where(&self, is_bad: impl Fn(&SecurityContext) -> bool) -> Vec<&'p str> {
        let empty = SecurityContext::default();
        let bad = self.containers().filter(|c| is_bad(c.security_context.as_ref().unwrap_or(&empty)));
        bad.map(|c| c.name.as_str()).collect()
    }

    /// The pod's own security context.
    pub(super) fn context(&self) -> Option<&'p PodSecurityContext> {
        self.spec.security_context.as_ref()
    }

    /// Whether its users are not those of the host (`relaxPolicyForUserNamespacePod`).
    pub(super) fn has_own_users(&self) -> bool {
        self.spec.host_users == Some(false)
    }

    /// Whether it says that it is for Windows.
    pub(super) fn is_for_windows(&self) -> bool {
        self.spec.os.as_ref().is_some_and(|os| os.name == "windows")
    }
}

/// `"a", "b"`.
pub(super) fn quoted<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| format!("\"{}\"", item.as_ref())).collect::<Vec<_>>().join(", ")
}

/// The word for one or for several.
pub(super) const fn word(one: &'static str, several: &'static str, count: usize) -> &'static str {
    if count == 1 { one } else { several }
}

/// `container "a"`, `containers "a", "b"`.
pub(super) fn containers(names: &[&str]) -> String {
    format!("{} {}", word("container", "containers", names.len()), quoted(names))
}

/// `pod and container "a"`: who of the pod itself and its containers did it; none if nobody did.
pub(super) fn setters(pod: bool, names: &[&str]) -> Option<String> {
    let of_containers = (!names.is_empty()).then(|| containers(names));
    match (pod, of_containers) {
        (false, containers) => containers,
        (true, None) => Some("pod".to_owned()),
        (true, Some(containers)) => Some(format!("pod and {containers}")),
    }
}
