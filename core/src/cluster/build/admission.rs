//! Admission that changes a pod spec before it is compiled: RuntimeClass and LimitRanger's defaults
//! (`plugin/pkg/admission/{runtimeclass,limitranger}/admission.go`, v1.37).

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, LimitRangeItem, PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::Builder;
use super::options::Admission;
use crate::cluster::ids::NamespaceId;

type List = BTreeMap<String, Quantity>;

impl Builder<'_> {
    /// The spec as admission leaves it; the same one where nothing applies.
    pub(super) fn admitted<'a>(&self, namespace: NamespaceId, spec: &'a PodSpec) -> Cow<'a, PodSpec> {
        if self.options.admission == Admission::PriorityOnly {
            return Cow::Borrowed(spec);
        }
        let class = spec.runtime_class_name.as_ref().and_then(|name| self.runtime_classes.get(name));
        let ranges = self.limit_ranges.get(&namespace).map(Vec::as_slice).unwrap_or_default();
        if class.is_none() && ranges.is_empty() {
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
        for item in ranges.iter().flat_map(|r| r.spec.iter()).flat_map(|s| &s.limits).filter(|i| i.type_ == "Container") {
            spec.containers.iter_mut().for_each(|c| fill(c, item));
            spec.init_containers.iter_mut().flatten().for_each(|c| fill(c, item));
        }
        Cow::Owned(spec)
    }
}

/// Defaults of one item. A limit given without a request has become the request before, by API defaulting; a default request that
/// is absent is taken from the default limit, and that from `max` (`SetDefaults_LimitRangeItem`).
fn fill(container: &mut Container, item: &LimitRangeItem) {
    let resources = container.resources.get_or_insert_default();
    inherit_limits(resources);
    let mut limits = item.default.clone().unwrap_or_default();
    missing(&mut limits, item.max.as_ref());
    let mut requests = item.default_request.clone().unwrap_or_default();
    missing(&mut requests, Some(&limits));
    missing(&mut requests, item.min.as_ref());
    missing(resources.limits.get_or_insert_default(), Some(&limits));
    missing(resources.requests.get_or_insert_default(), Some(&requests));
}

fn inherit_limits(resources: &mut ResourceRequirements) {
    let limits = resources.limits.clone();
    missing(resources.requests.get_or_insert_default(), limits.as_ref());
}

fn missing(into: &mut List, from: Option<&List>) {
    for (name, quantity) in from.into_iter().flatten() {
        into.entry(name.clone()).or_insert_with(|| quantity.clone());
    }
}
