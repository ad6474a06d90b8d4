//! Admission that changes a pod spec before it is compiled: RuntimeClass and LimitRanger's defaults
//! (`plugin/pkg/admission/{runtimeclass,limitranger}/admission.go`, v1.37).

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::Builder;
use super::options::Admission;
use crate::cluster::ids::NamespaceId;
use crate::cluster::quotas::{LimitItem, LimitKind, ResourceList};

type List = BTreeMap<String, Quantity>;

impl Builder<'_> {
    /// The spec as admission leaves it; the same one where nothing applies.
    pub(super) fn admitted<'a>(&self, namespace: NamespaceId, spec: &'a PodSpec) -> Cow<'a, PodSpec> {
        if self.options.admission == Admission::PriorityOnly {
            return Cow::Borrowed(spec);
        }
        let class = spec.runtime_class_name.as_ref().and_then(|name| self.runtime_classes.get(name));
        let ranges = || self.cluster.limit_ranges.iter().filter(|r| !r.gone && r.namespace == namespace);
        if class.is_none() && ranges().next().is_none() {
            return Cow::Borrowed(spec);
        }
        let mut spec = spec.clone();
        if let Some(class) = class {
            if spec.overhead.is_none() {
                spec.overhead = class.overhead.as_ref().and_then(|o| o.pod_fixed.clone());
            }
            if let Some(scheduling) = &class.scheduling {
                if let Some(selector) = &scheduling.node_selector {
                    spec.node_selector.get_or_insert_default().extend(selector.clone());
                }
                let own = spec.tolerations.get_or_insert_default();
                own.extend(scheduling.tolerations.iter().flatten().filter(|t| !own.contains(t)).cloned().collect::<Vec<_>>());
            }
        }
        for item in ranges().flat_map(|r| &r.items).filter(|i| i.kind == LimitKind::Container) {
            spec.containers.iter_mut().for_each(|c| fill(c, item));
            spec.init_containers.iter_mut().flatten().for_each(|c| fill(c, item));
        }
        Cow::Owned(spec)
    }
}

/// Defaults of one item. A limit given without a request has become the request before, by API defaulting.
fn fill(container: &mut Container, item: &LimitItem) {
    let resources = container.resources.get_or_insert_default();
    let limits = resources.limits.clone();
    let requests = resources.requests.get_or_insert_default();
    for (name, quantity) in limits.into_iter().flatten() {
        requests.entry(name).or_insert(quantity);
    }
    missing(resources.limits.get_or_insert_default(), &item.default);
    missing(resources.requests.get_or_insert_default(), &item.default_request);
}

fn missing(into: &mut List, from: &ResourceList) {
    for (name, quantity) in from {
        into.entry(name.clone()).or_insert_with(|| Quantity(quantity.to_string()));
    }
}
