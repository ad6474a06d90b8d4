//! How many pods a budget expects, and how many of them must stay healthy (`getExpectedPodCount`, `getExpectedScale`).

use std::collections::BTreeMap;

use super::members::Selected;
use crate::cluster::Cluster;
use crate::cluster::ids::PodId;
use crate::cluster::labels::{Operator, Selector};
use crate::cluster::pod::Owner;
use crate::cluster::state::Workload;
use crate::cluster::workloads::{Budget, BudgetRule, IntOrPercent};
use crate::units::arrange::Arrange;
use crate::units::intern::Interner;

/// What a budget demands of the pods it selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Demand {
    /// Pods expected.
    pub(super) expected: i32,
    /// Healthy pods demanded.
    pub(super) desired_healthy: i32,
    /// There are pods without a controller that the numbers leave out.
    pub(super) unmanaged: bool,
}

/// What `budget` demands of `pods`.
///
/// # Errors
/// Kubernetes' own text where the expected number can't be told.
pub(super) fn demand(cluster: &Cluster, budget: &Budget, pods: &Selected) -> Result<Demand, String> {
    match budget.rule {
        BudgetRule::MinAvailable(IntOrPercent::Int(n)) => {
            Ok(Demand { expected: i32::try_from(pods.count()).unwrap_or(i32::MAX), desired_healthy: n, unmanaged: false })
        }
        BudgetRule::MinAvailable(percent) => {
            let (expected, unmanaged) = scale(cluster, &pods.one_of_each_owner())?;
            Ok(Demand { expected, desired_healthy: percent.ceil_of(expected), unmanaged })
        }
        BudgetRule::MaxUnavailable(most) => {
            let (expected, unmanaged) = scale(cluster, &pods.one_of_each_owner())?;
            Ok(Demand { expected, desired_healthy: expected.saturating_sub(most.ceil_of(expected)).max(0), unmanaged })
        }
    }
}

/// The sum of the scales of all controllers of the pods, and whether there are pods without one.
fn scale(cluster: &Cluster, pods: &[PodId]) -> Result<(i32, bool), String> {
    let mut scales: BTreeMap<Workload, i32> = BTreeMap::new();
    let mut unmanaged = false;
    // Pods of one owner mostly stand together.
    let mut last = None;
    for &id in pods {
        let owner = cluster.pod(id).owner;
        if last.replace(owner) == Some(owner) && owner != Owner::None {
            continue;
        }
        let no_controllers = || format!("found no controllers for pod {:?}", cluster.pod_name(id));
        let no_scale = |resource: &str| format!("{resource} does not implement the scale subresource");
        let workload = cluster.workload_of(id);
        match owner {
            Owner::None => {
                unmanaged = true;
                continue;
            }
            Owner::Foreign { .. } => return Err(no_controllers()),
            Owner::Node => return Err(no_scale("nodes")),
            Owner::ReplicaSet(_) | Owner::StatefulSet(_) | Owner::DaemonSet(_) | Owner::Job(_) => {}
        }
        if scales.contains_key(&workload) {
            continue;
        }
        if cluster.workload_meta(workload).is_none_or(|meta| meta.gone) {
            return Err(no_controllers());
        }
        let replicas = match workload {
            Workload::Deployment(id) => cluster.deployments[id.index()].replicas,
            Workload::ReplicaSet(id) => cluster.replica_sets[id.index()].replicas,
            Workload::StatefulSet(id) => cluster.stateful_sets[id.index()].replicas,
            Workload::DaemonSet(_) => return Err(no_scale("daemonsets.apps")),
            Workload::Job(_) => return Err(no_scale("jobs.batch")),
            Workload::Pod(_) => return Err(no_controllers()),
        };
        scales.insert(workload, replicas);
    }
    Ok((scales.values().fold(0, |sum: i32, &n| sum.saturating_add(n)), unmanaged))
}

/// The text of the event UnmanagedPods.
pub(super) fn unmanaged_message(selector: &str) -> String {
    format!(
        "Pods selected by this PodDisruptionBudget (selector: {selector}) were found to be unmanaged. As a result, the status of the PDB cannot be \
         calculated correctly, which may result in undefined behavior. To account for these pods please set \".spec.minAvailable\" field of the PDB \
         to an integer value."
    )
}

/// A selector as Go's `%v` prints a `*metav1.LabelSelector`. What asks for one value is taken for one of `matchLabels`.
pub(super) fn selector_as_go_prints_it(selector: &Selector, text: &Interner) -> String {
    let Selector::All(requirements) = selector else { return "nil".to_owned() };
    let (mut labels, mut expressions) = (Vec::new(), Vec::new());
    for requirement in requirements {
        let key = text.text(requirement.key);
        let values: Vec<&str> = requirement.values.iter().map(|&v| text.text(v)).collect();
        match (requirement.operator, &values[..]) {
            (Operator::In, [value]) => labels.push(format!("{key}: {value},")),
            (operator, values) => {
                let values = values.join(" ");
                expressions.push(format!("LabelSelectorRequirement{{Key:{key},Operator:{operator:?},Values:[{values}],}},"));
            }
        }
    }
    labels.arrange();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{}}},MatchExpressions:[]LabelSelectorRequirement{{{}}},}}",
        labels.concat(),
        expressions.concat()
    )
}
