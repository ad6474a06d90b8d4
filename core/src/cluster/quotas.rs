//! ResourceQuotas and LimitRanges as data, and the exact amounts of a pod that they look at. Charging and refusing is `apiserver`'s.

use std::collections::BTreeMap;

use super::ids::NamespaceId;
use super::labels::Operator;
use super::workloads::Meta;
use crate::units::intern::Sym;
use crate::units::quantity::Quantity;

/// A `ResourceList`: exact amounts by resource name, as written, so that texts show them as Kubernetes does.
pub type ResourceList = BTreeMap<String, Quantity>;

/// Adds `other` (`quota.Add`).
pub fn add(into: &mut ResourceList, other: &ResourceList) {
    for (name, amount) in other {
        match into.get_mut(name) {
            Some(own) => *own = *own + *amount,
            None => {
                into.insert(name.clone(), *amount);
            }
        }
    }
}

/// What one container names, after defaulting.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerDemand {
    /// Its name.
    pub name: Sym,
    /// Requests, those taken from limits included.
    pub requests: ResourceList,
    /// Limits.
    pub limits: ResourceList,
}

/// What a pod names, as quotas and limit ranges see it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodDemand {
    /// Regular containers, then init containers.
    pub containers: Vec<ContainerDemand>,
    /// Requests of the whole pod without overhead (`PodRequests`).
    pub requests: ResourceList,
    /// Limits of the whole pod without overhead (`PodLimits`).
    pub limits: ResourceList,
    /// `spec.overhead`.
    pub overhead: ResourceList,
    /// The pod names resources as a whole.
    pub pod_level: bool,
    /// An affinity term looks at other namespaces.
    pub cross_namespace_affinity: bool,
}

impl PodDemand {
    /// Requests with overhead, and limits with the overhead of what is limited (`component-helpers/resource/helpers.go`, v1.37).
    pub fn charged(&self) -> (ResourceList, ResourceList) {
        let (mut requests, mut limits) = (self.requests.clone(), self.limits.clone());
        add(&mut requests, &self.overhead);
        for (name, amount) in limits.iter_mut().filter(|(_, amount)| !amount.is_zero()) {
            if let Some(more) = self.overhead.get(name) {
                *amount = *amount + *more;
            }
        }
        (requests, limits)
    }
}

/// A scope of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaScope {
    /// `activeDeadlineSeconds` is set.
    Terminating,
    /// It is not.
    NotTerminating,
    /// Quality of service BestEffort.
    BestEffort,
    /// Any other.
    NotBestEffort,
    /// By priority class.
    PriorityClass,
    /// Affinity terms that look at other namespaces.
    CrossNamespacePodAffinity,
    /// By volume attributes class (claims).
    VolumeAttributesClass,
    /// None that Kubernetes knows: it matches nothing.
    Unknown,
}

impl QuotaScope {
    /// From its name.
    pub fn named(name: &str) -> QuotaScope {
        match name {
            "Terminating" => QuotaScope::Terminating,
            "NotTerminating" => QuotaScope::NotTerminating,
            "BestEffort" => QuotaScope::BestEffort,
            "NotBestEffort" => QuotaScope::NotBestEffort,
            "PriorityClass" => QuotaScope::PriorityClass,
            "CrossNamespacePodAffinity" => QuotaScope::CrossNamespacePodAffinity,
            "VolumeAttributesClass" => QuotaScope::VolumeAttributesClass,
            _ => QuotaScope::Unknown,
        }
    }
}

/// One of the requirements that an object must meet to count: an entry of `scopes` or of `scopeSelector`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeRequirement {
    /// The scope.
    pub scope: QuotaScope,
    /// How its value is compared; `Exists` for entries of `scopes`.
    pub operator: Operator,
    /// With what.
    pub values: Vec<Sym>,
}

/// A ResourceQuota.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceQuota {
    /// Name, namespace, life.
    pub meta: Meta,
    /// `spec.hard`.
    pub hard: ResourceList,
    /// `spec.scopes` and `spec.scopeSelector`: all must hold.
    pub scopes: Vec<ScopeRequirement>,
    /// `status.hard`: what is enforced.
    pub enforced: ResourceList,
    /// `status.used`.
    pub used: ResourceList,
}

/// What an item of a LimitRange is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// Each container.
    Container,
    /// The pod as a whole.
    Pod,
    /// A claim.
    Claim,
}

/// An item of a LimitRange, after defaulting.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitItem {
    /// What it is about.
    pub kind: LimitKind,
    /// `min`.
    pub min: ResourceList,
    /// `max`.
    pub max: ResourceList,
    /// `default`: limits of containers without one.
    pub default: ResourceList,
    /// `defaultRequest`.
    pub default_request: ResourceList,
    /// `maxLimitRequestRatio`.
    pub ratio: ResourceList,
}

/// A LimitRange.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitRange {
    /// Its name.
    pub name: Sym,
    /// Its namespace.
    pub namespace: NamespaceId,
    /// Deleted from the API.
    pub gone: bool,
    /// Its items, in order.
    pub items: Vec<LimitItem>,
}
