//! Types of machines that a provisioner may launch: those of `Cluster` documents (`spec.machineTypes`), else a list of common ones with
//! the prices that their cloud publishes.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::units::quantity::Quantity;
use crate::units::time::{Millis, SECOND};

/// From being asked for to joining, where nothing is said: an instance booted and registered.
pub(super) const ASSUMED_MACHINE_START: Millis = 60 * SECOND;
/// What spot capacity is assumed to cost, in percent of the price on demand.
pub(super) const ASSUMED_SPOT_PERCENT: i64 = 40;

/// A type of machine.
#[derive(Clone, Debug)]
pub(super) struct MachineType {
    pub(super) name: String,
    /// What it has, by resource.
    pub(super) capacity: BTreeMap<String, Quantity>,
    /// What pods may use; none for all of it.
    pub(super) allocatable: Option<BTreeMap<String, Quantity>>,
    /// Labels beside those that every node has.
    pub(super) labels: BTreeMap<String, String>,
    /// Zones; empty for all of the cluster.
    pub(super) zones: Vec<String>,
    /// Millionths of a dollar an hour on demand; none where it is not sold so.
    pub(super) on_demand: Option<i64>,
    /// The same as spot.
    pub(super) spot: Option<i64>,
    pub(super) start: Millis,
}

/// A machine type as a `Cluster` document writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WrittenType {
    name: String,
    #[serde(default)]
    capacity: BTreeMap<String, Value>,
    allocatable: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    zones: Vec<String>,
    /// `on-demand`, `spot`; both unless said otherwise, spot only with a price of its own.
    #[serde(default)]
    capacity_types: Vec<String>,
    /// Dollars an hour.
    price: Option<f64>,
    spot_price: Option<f64>,
    start_seconds: Option<u32>,
}

/// Millionths; none for what is no price.
fn micros(dollars: f64) -> Option<i64> {
    (dollars.is_finite() && (0.0..=1e9).contains(&dollars)).then(|| (dollars * 1e6).round() as i64)
}

fn amounts(written: &BTreeMap<String, Value>) -> Result<BTreeMap<String, Quantity>, String> {
    let one = |(name, value): (&String, &Value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match Quantity::parse(&text) {
            Ok(quantity) if quantity.sign() >= 0 => Ok((name.clone(), quantity)),
            _ => Err(format!("{name}: {text} is no amount")),
        }
    };
    written.iter().map(one).collect()
}

impl WrittenType {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(&self) -> Result<MachineType, String> {
        let price = |what: &str, said: Option<f64>| match said {
            None => Ok(None),
            Some(dollars) => micros(dollars).map(Some).ok_or_else(|| format!("{what}: {dollars} is no price")),
        };
        if let Some(unknown) = self.capacity_types.iter().find(|c| !matches!(c.as_str(), "on-demand" | "spot")) {
            return Err(format!("capacityTypes: {unknown:?} is neither on-demand nor spot"));
        }
        let sold =
            |how: &str, usual: bool| if self.capacity_types.is_empty() { usual } else { self.capacity_types.iter().any(|c| c == how) };
        let (full, own_spot) = (price("price", self.price)?, price("spotPrice", self.spot_price)?);
        let spot = own_spot.or(full.map(|p| p * ASSUMED_SPOT_PERCENT / 100)).unwrap_or(0);
        let mut capacity = amounts(&self.capacity).map_err(|why| format!("capacity: {why}"))?;
        capacity.entry("pods".to_owned()).or_insert(Quantity::from_value(110));
        let mut labels = labels_of_name(&self.name);
        labels.extend(self.labels.clone());
        Ok(MachineType {
            name: self.name.clone(),
            capacity,
            allocatable: self.allocatable.as_ref().map(amounts).transpose().map_err(|why| format!("allocatable: {why}"))?,
            labels,
            zones: self.zones.clone(),
            on_demand: sold("on-demand", true).then_some(full.unwrap_or(0)),
            spot: sold("spot", own_spot.is_some()).then_some(spot),
            start: self.start_seconds.map_or(ASSUMED_MACHINE_START, |s| i64::from(s) * SECOND),
        })
    }
}

/// Labels that a name in the form of Amazon's tells: `m6i.large`.
fn labels_of_name(name: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let Some((family, size)) = name.split_once('.') else { return labels };
    let category: String = family.chars().take_while(char::is_ascii_alphabetic).collect();
    let generation: String = family.chars().skip(category.len()).take_while(char::is_ascii_digit).collect();
    if category.is_empty() || generation.is_empty() {
        return labels;
    }
    for (key, value) in [("category", category.as_str()), ("family", family), ("generation", generation.as_str()), ("size", size)] {
        labels.insert(format!("karpenter.k8s.aws/instance-{key}"), value.to_owned());
    }
    labels
}

/// Families: name, architecture, GiB of memory for each cpu, millionths of a dollar an hour for each cpu (Amazon's list for us-east-1).
const FAMILIES: [(&str, &str, i64, i64); 6] = [
    ("c6i", "amd64", 2, 42_500),
    ("m6i", "amd64", 4, 48_000),
    ("r6i", "amd64", 8, 63_000),
    ("c7g", "arm64", 2, 36_250),
    ("m7g", "arm64", 4, 40_800),
    ("r7g", "arm64", 8, 53_550),
];

/// Sizes: name, cpus, and pods (as many as there are addresses for their network interfaces).
const SIZES: [(&str, i64, i64); 7] = [
    ("large", 2, 29),
    ("xlarge", 4, 58),
    ("2xlarge", 8, 58),
    ("4xlarge", 16, 234),
    ("8xlarge", 32, 234),
    ("12xlarge", 48, 234),
    ("16xlarge", 64, 737),
];

/// Common machine types where none are declared. What pods may use is what Karpenter reckons with: 7.5 % of the memory is the hypervisor's,
/// and the kubelet reserves as Amazon's images do (`karpenter-provider-aws/pkg/providers/instancetype/types.go`).
pub(super) fn common() -> Vec<MachineType> {
    let of = |&(family, arch, ratio, price): &(&str, &str, i64, i64), &(size, cpus, pods): &(&str, i64, i64)| {
        let name = format!("{family}.{size}");
        let memory = (cpus * ratio) << 30;
        let usable = memory - memory * 75 / 1_000;
        let reserved_memory = (11 * pods + 255 + 100) << 20;
        // 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the others: in hundredths of a millicore.
        let reserved_cpu = (6_000 + 1_000 + 500 * (cpus - 2).clamp(0, 2) + 250 * (cpus - 4).max(0)) / 100;
        let amounts = |milli: i64, bytes: i64| {
            BTreeMap::from([
                ("cpu".to_owned(), Quantity::from_milli(milli)),
                ("memory".to_owned(), Quantity::from_bytes(bytes)),
                ("pods".to_owned(), Quantity::from_value(pods)),
            ])
        };
        let mut labels = labels_of_name(&name);
        labels.insert("kubernetes.io/arch".to_owned(), arch.to_owned());
        labels.insert("karpenter.k8s.aws/instance-cpu".to_owned(), cpus.to_string());
        labels.insert("karpenter.k8s.aws/instance-memory".to_owned(), (memory >> 20).to_string());
        labels.insert("karpenter.k8s.aws/instance-hypervisor".to_owned(), "nitro".to_owned());
        let on_demand = cpus * price;
        MachineType {
            name,
            capacity: amounts(cpus * 1_000, memory),
            allocatable: Some(amounts(cpus * 1_000 - reserved_cpu, usable - reserved_memory)),
            labels,
            zones: Vec::new(),
            on_demand: Some(on_demand),
            spot: Some(on_demand * ASSUMED_SPOT_PERCENT / 100),
            start: ASSUMED_MACHINE_START,
        }
    };
    FAMILIES.iter().flat_map(|family| SIZES.iter().map(move |size| of(family, size))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_amazons_form_tell_labels() {
        let labels = labels_of_name("m6i.2xlarge");
        let of = |key: &str| labels.get(&format!("karpenter.k8s.aws/instance-{key}")).map(String::as_str);
        assert_eq!((of("category"), of("generation"), of("family"), of("size")), (Some("m"), Some("6"), Some("m6i"), Some("2xlarge")));
        assert!(labels_of_name("standard-2").is_empty());
    }

    #[test]
    fn common_types_leave_room_for_the_system() {
        let large = common().into_iter().find(|t| t.name == "m6i.large").expect("it is listed");
        assert_eq!((large.on_demand, large.spot), (Some(96_000), Some(38_400)));
        let allocatable = large.allocatable.expect("it is known");
        assert_eq!(allocatable["cpu"].milli_value(), 1_930, "as an m6i.large of EKS shows");
    }
}
