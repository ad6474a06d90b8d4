//! Services, disruption budgets, priority classes and namespaces from their objects.

use k8s_openapi::api::core::v1::{Namespace as WrittenNamespace, Service as WrittenService, ServiceSpec};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::scheduling::v1::PriorityClass as WrittenClass;

use super::Builder;
use super::selectors::{labels, selector};
use super::workloads::int_or_percent;
use crate::cluster::origin::Origin;
use crate::cluster::workloads::*;
use crate::manifest::pod_security::Policy;
use crate::units::arrange::Arrange;

impl Builder<'_> {
    /// A Service. A selector without any pair selects nothing, as an absent one.
    pub fn compile_service(&mut self, written: &WrittenService, origin: Option<Origin>) -> Service {
        let meta = self.meta(&written.metadata, origin);
        let spec = written.spec.as_ref();
        let chosen = spec.and_then(|s| s.selector.as_ref()).filter(|s| !s.is_empty());
        Service {
            selector: chosen.map(|s| labels(&mut self.cluster.text, Some(s))),
            publish_not_ready: spec.is_some_and(|s| s.publish_not_ready_addresses == Some(true)),
            headless: spec.and_then(|s| s.cluster_ip.as_deref()) == Some("None"),
            load_balancer: spec.and_then(|s| s.type_.as_deref()) == Some("LoadBalancer"),
            node_ports: spec.map_or(0, node_ports),
            meta,
        }
    }

    /// A PodDisruptionBudget. With neither figure nothing is ever allowed, as with `maxUnavailable: 0`: the disruption controller
    /// then expects no pods (`pkg/controller/disruption/disruption.go` getExpectedPodCount and updatePdbStatus, v1.37).
    pub fn compile_budget(&mut self, written: &PodDisruptionBudget, origin: Option<Origin>) -> Budget {
        let meta = self.meta(&written.metadata, origin);
        let spec = written.spec.as_ref();
        let most = int_or_percent(spec.and_then(|s| s.max_unavailable.as_ref()));
        let least = int_or_percent(spec.and_then(|s| s.min_available.as_ref()));
        let status = written.status.as_ref();
        let figures = |n: Option<i32>| n.unwrap_or(0).max(0);
        Budget {
            selector: selector(&mut self.cluster.text, spec.and_then(|s| s.selector.as_ref())),
            rule: match (most, least) {
                (Some(most), _) => BudgetRule::MaxUnavailable(most),
                (None, Some(least)) => BudgetRule::MinAvailable(least),
                (None, None) => BudgetRule::MaxUnavailable(IntOrPercent::Int(0)),
            },
            always_allow_unhealthy: spec.and_then(|s| s.unhealthy_pod_eviction_policy.as_deref()) == Some("AlwaysAllow"),
            status: status.map_or_else(BudgetStatus::default, |s| BudgetStatus {
                current_healthy: figures(s.current_healthy),
                desired_healthy: figures(s.desired_healthy),
                disruptions_allowed: figures(s.disruptions_allowed),
                expected_pods: figures(s.expected_pods),
                observed_generation: s.observed_generation.unwrap_or(0),
                ..BudgetStatus::default()
            }),
            meta,
        }
    }

    /// A PriorityClass.
    pub fn compile_priority_class(&mut self, written: &WrittenClass) -> PriorityClass {
        PriorityClass {
            name: self.cluster.text.intern(written.metadata.name.as_deref().unwrap_or_default()),
            value: written.value.unwrap_or(0),
            global_default: written.global_default == Some(true),
            never_preempts: written.preemption_policy.as_deref() == Some("Never"),
        }
    }

    /// The two classes that every cluster has (`pkg/apis/scheduling/v1/helpers.go`, v1.37).
    pub(super) fn add_system_classes(&mut self) {
        for (name, value) in [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)] {
            let name = self.cluster.text.intern(name);
            if !self.cluster.priority_classes.iter().any(|c| c.name == name) {
                self.cluster.priority_classes.push(PriorityClass { name, value, global_default: false, never_preempts: false });
            }
        }
    }

    /// Priority classes that are named and not given are assumed, with the value 0: the API server would refuse the pods.
    pub(super) fn assume_priority_classes(&mut self) {
        let mut named: Vec<_> = self.cluster.templates.iter().filter_map(|t| t.priority_class).collect();
        named.arrange();
        named.dedup();
        for name in named {
            if !self.cluster.priority_classes.iter().any(|c| c.name == name) {
                self.cluster.priority_classes.push(PriorityClass { name, value: 0, global_default: false, never_preempts: false });
            }
        }
    }

    /// A namespace: its labels, and the one with its name that the API server adds.
    pub fn compile_namespace(&mut self, written: &WrittenNamespace) -> Namespace {
        let name = written.metadata.name.as_deref().unwrap_or_default();
        let text = &mut self.cluster.text;
        let mut labels = labels(text, written.metadata.labels.as_ref());
        let (key, name) = (text.intern("kubernetes.io/metadata.name"), text.intern(name));
        labels.set(key, name);
        let written_labels = written.metadata.labels.as_ref();
        let security = Policy::of_labels(|key| written_labels?.get(key).map(String::as_str));
        Namespace {
            name,
            labels,
            security,
            given: true,
            deleting: written.metadata.deletion_timestamp.as_ref().map(|t| self.time(t)),
            gone: false,
        }
    }
}

/// How many node ports a Service takes (`pkg/quota/v1/evaluator/core/services.go` Usage, v1.37).
fn node_ports(spec: &ServiceSpec) -> u32 {
    let ports = spec.ports.as_deref().unwrap_or_default();
    let count = match spec.type_.as_deref() {
        Some("NodePort") => ports.len(),
        Some("LoadBalancer") if spec.allocate_load_balancer_node_ports == Some(false) => {
            ports.iter().filter(|p| p.node_port.is_some_and(|n| n != 0)).count()
        }
        Some("LoadBalancer") => ports.len(),
        _ => 0,
    };
    u32::try_from(count).unwrap_or(u32::MAX)
}
