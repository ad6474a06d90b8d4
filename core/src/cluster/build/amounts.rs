//! Lists of quantities as manifests write them, summed exactly, and turned into [`Resources`] once at the end.
//!
//! Owns the arithmetic of `component-helpers/resource/helpers.go` (v1.37). Knows nothing of pods.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

use crate::units::intern::Interner;
use crate::units::quantity::Quantity;
use crate::units::resources::Resources;

/// A `ResourceList`: exact amounts by resource name. What is no quantity is left out; validation has said so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amounts(pub(crate) BTreeMap<String, Quantity>);

impl Amounts {
    /// From a list as a manifest writes it.
    pub(crate) fn read(written: Option<&BTreeMap<String, Written>>) -> Amounts {
        let parse = |(name, quantity): (&String, &Written)| Some((name.clone(), Quantity::parse(&quantity.0).ok()?));
        Amounts(written.into_iter().flatten().filter_map(parse).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<Quantity> {
        self.0.get(name).copied()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes from `other` what is missing here.
    pub(crate) fn fill(&mut self, other: &Amounts) {
        for (name, amount) in &other.0 {
            self.0.entry(name.clone()).or_insert(*amount);
        }
    }

    /// `addResourceList`.
    pub(crate) fn add(&mut self, other: &Amounts) {
        for (name, amount) in &other.0 {
            let sum = self.0.get(name).map_or(*amount, |own| *own + *amount);
            self.0.insert(name.clone(), sum);
        }
    }

    /// `maxResourceList`.
    pub(crate) fn raise_to(&mut self, other: &Amounts) {
        for (name, amount) in &other.0 {
            let larger = self.0.get(name).map_or(*amount, |own| (*own).max(*amount));
            self.0.insert(name.clone(), larger);
        }
    }

    /// As the scheduler counts them: rounded up, cpu to thousandths, everything else to whole units; resources that it does
    /// not know are dropped (`pkg/scheduler/framework/types.go` Resource.Add).
    pub(crate) fn resources(&self, text: &mut Interner) -> Resources {
        let mut resources = Resources::default();
        for (name, amount) in &self.0 {
            match name.as_str() {
                "cpu" => resources.cpu_milli = amount.milli_value(),
                "memory" => resources.memory = amount.value(),
                "ephemeral-storage" => resources.ephemeral_storage = amount.value(),
                "pods" => {}
                scalar if is_scalar(scalar) => {
                    let name = text.intern(scalar);
                    resources.set_scalar(name, amount.value());
                }
                _ => {}
            }
        }
        resources
    }
}

/// `IsScalarResourceName` (`pkg/scheduler/util/utils.go`): extended, huge pages, prefixed native, attachable volumes.
fn is_scalar(name: &str) -> bool {
    let native_prefix = name.contains("kubernetes.io/");
    let extended = name.contains('/') && !native_prefix && !name.starts_with("requests.");
    extended || native_prefix || is_huge_page(name) || name.starts_with("attachable-volumes-")
}

/// `hugepages-*`.
pub(crate) fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// The resources that `spec.resources` of a pod may name (`IsSupportedPodLevelResource`).
pub(crate) fn is_pod_level(name: &str) -> bool {
    name == "cpu" || name == "memory" || is_huge_page(name)
}

/// One container as the aggregation sees it.
pub(crate) struct Share {
    pub(crate) amounts: Amounts,
    pub(crate) sidecar: bool,
}

/// The need of a pod whose containers need `containers` and whose init containers need `init`, in order: init containers run
/// one after the other, sidecars stay (`AggregateContainerRequests`).
pub(crate) fn aggregate(containers: &[Share], init: &[Share]) -> Amounts {
    let mut sum = Amounts::default();
    for container in containers {
        sum.add(&container.amounts);
    }
    let (mut side, mut peak) = (Amounts::default(), Amounts::default());
    for container in init {
        let mut candidate = container.amounts.clone();
        if container.sidecar {
            sum.add(&container.amounts);
            side.add(&container.amounts);
            candidate = side.clone();
        } else {
            candidate.add(&side);
        }
        peak.raise_to(&candidate);
    }
    sum.raise_to(&peak);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(cpu: &str, sidecar: bool) -> Share {
        let amount = Quantity::parse(cpu).unwrap_or_default();
        Share { amounts: Amounts(BTreeMap::from([("cpu".to_owned(), amount)])), sidecar }
    }

    #[test]
    fn init_containers_peak_and_sidecars_stay() {
        let of = |containers: &[Share], init: &[Share]| aggregate(containers, init).get("cpu").map(|q| q.milli_value());
        assert_eq!(of(&[share("100m", false), share("200m", false)], &[]), Some(300));
        assert_eq!(of(&[share("100m", false)], &[share("1", false), share("500m", false)]), Some(1000));
        assert_eq!(
            of(&[share("100m", false)], &[share("50m", true), share("1", false)]),
            Some(1050),
            "a sidecar runs beside a later init container"
        );
        assert_eq!(of(&[share("2", false)], &[share("1", false), share("50m", true)]), Some(2050));
    }

    #[test]
    fn fractions_are_summed_before_they_are_rounded() {
        let need = aggregate(&[share("100.4m", false), share("100.4m", false)], &[]);
        assert_eq!(need.get("cpu").map(|q| q.milli_value()), Some(201));
    }
}
