//! Whether nodes can go: their pods fit on others, or all of them on one that is cheaper
//! (`karpenter/pkg/controllers/disruption/consolidation.go`).

use std::collections::BTreeSet;

use super::trial::{Claim, Standing, Trial, ZONE_LABEL};
use super::{KarpenterController, reschedulable, waiting};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{KarpenterPoolId, NodeId, PodId};
use crate::cluster::karpenter::LaunchOption;
use crate::trace::Subject;
use crate::units::arrange::Arrange;
use crate::units::gather::Gather;
use crate::units::time::Time;

/// A node that might go.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) machine: usize,
    pub(super) node: NodeId,
    pub(super) pool: KarpenterPoolId,
    pub(super) price: i64,
    /// What moving its pods costs: 1 for the node, and about 1 for each pod.
    pub(super) cost: f64,
    pub(super) pods: usize,
}

impl Candidate {
    /// Whether no pod has to move.
    pub(super) fn is_empty(&self) -> bool {
        self.cost <= 1.0
    }
}

/// How a consolidation is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Move {
    /// The pool and option of the node that takes their place; none where none is needed.
    pub(super) replacement: Option<(KarpenterPoolId, usize)>,
    /// What is saved, in millionths of a dollar an hour.
    pub(super) saved: i64,
}

/// The cluster to try moves on, with the pods that have to find a place whatever moves.
pub(super) struct Ground {
    trial: Trial,
    waiting: Vec<PodId>,
    leaving: Vec<PodId>,
}

/// What moving a pod costs (`karpenter/pkg/utils/disruption/disruption.go` EvictionCost).
fn eviction_cost(cluster: &Cluster, id: PodId) -> f64 {
    let pod = cluster.pod(id);
    let deletion = pod.deletion_cost.unwrap_or(cluster.template_of(id).deletion_cost);
    let cost = 1.0 + f64::from(deletion) / 134_217_728.0 + f64::from(pod.priority) / 33_554_432.0;
    cost.clamp(-10.0, 10.0)
}

impl KarpenterController {
    /// Nodes on which something happened too lately (`consolidateAfter`).
    pub(super) fn restless(&self, cluster: &Cluster, now: Time) -> BTreeSet<NodeId> {
        let machines = cluster.karpenter.machines.iter().filter(|m| !m.gone);
        machines.filter_map(|m| m.node).filter(|&node| self.calm_at(cluster, node).is_some_and(|at| at > now)).gather()
    }

    /// When nothing will have happened on a node for long enough; none where that does not matter.
    pub(super) fn calm_at(&self, cluster: &Cluster, node: NodeId) -> Option<Time> {
        let machine = cluster.karpenter.machines.get(cluster.karpenter.machine_of(node)?)?;
        let after = cluster.karpenter.pools.get(machine.pool.index())?.consolidate_after.filter(|&after| after > 0)?;
        Some(self.touched.get(&node).copied().or(machine.initialized)? + after)
    }

    /// Nodes that may go by themselves: started, not expected to take pods, with nothing on them that must stay. What holds one is told once.
    pub(super) fn candidates(&mut self, api: &mut Api) -> Vec<Candidate> {
        let now = api.now();
        let mut candidates = Vec::new();
        for index in 0..api.cluster().karpenter.machines.len() {
            let cluster = api.cluster();
            let machine = &cluster.karpenter.machines[index];
            let Some(node) = machine.node.filter(|&node| !machine.gone && !cluster.node(node).gone) else { continue };
            let expected = self.nominated.get(&index).is_some_and(|&until| until > now);
            if machine.initialized.is_none() || self.goes(index, machine) || expected {
                continue;
            }
            let pool = &cluster.karpenter.pools[machine.pool.index()];
            let calm = self.calm_at(cluster, node).is_none_or(|at| at <= now);
            if pool.consolidate_after.is_none() || !calm {
                continue;
            }
            if self.is_held(api, node) {
                continue;
            }
            let cluster = api.cluster();
            let machine = &cluster.karpenter.machines[index];
            let pods = reschedulable(cluster, node);
            let cost = pods.iter().fold(1.0, |sum, &pod| sum + eviction_cost(cluster, pod).max(0.0));
            let price = cluster.karpenter.option_of(machine).map_or(0, |o| o.price);
            candidates.push(Candidate { machine: index, node, pool: machine.pool, price, cost, pods: pods.len() });
        }
        // What saves most for what it disturbs goes first.
        candidates.arrange_by(|a, b| {
            let ratio = |c: &Candidate| c.price as f64 / c.cost;
            ratio(b).total_cmp(&ratio(a)).then(a.node.cmp(&b.node))
        });
        candidates
    }

    /// Whether something on a node must stay; that is told once.
    pub(super) fn is_held(&mut self, api: &mut Api, node: NodeId) -> bool {
        let Some(why) = blocked(api, node) else {
            self.blocked.remove(&node);
            return false;
        };
        if self.blocked.get(&node) != Some(&why) {
            api.event(Subject::Node(node), false, "DisruptionBlocked", &why, super::SOURCE);
            self.blocked.insert(node, why);
        }
        true
    }

    /// The ground for moves as things are.
    pub(super) fn ground(&self, api: &Api) -> Ground {
        let (trial, leaving) = self.trial(api);
        Ground { trial, waiting: waiting(api.cluster()), leaving }
    }
}

/// What on a node must stay (`state/statenode.go` ValidatePodsDisruptable).
fn blocked(api: &Api, node: NodeId) -> Option<String> {
    let cluster = api.cluster();
    let lives = |id: &&PodId| !cluster.pod(**id).gone && !cluster.pod(**id).phase.is_terminal() && cluster.pod(**id).deletion.is_none();
    let pods: Vec<PodId> = cluster.node(node).pods.iter().filter(lives).copied().collect();
    if let Some(&pod) = pods.iter().find(|&&pod| cluster.template_of(pod).do_not_disrupt) {
        return Some(format!("Pod has \"karpenter.sh/do-not-disrupt\" annotation (Pod={})", cluster.pod_full_name(pod)));
    }
    for pod in pods.into_iter().filter(|&pod| !super::super::cluster_autoscaler::stays_with_node(cluster, pod)) {
        let budgets = api.budgets_of(pod);
        if budgets.len() > 1 {
            return Some(format!("Pod has multiple PDBs (Pod={})", cluster.pod_full_name(pod)));
        }
        let spent = |b: &crate::cluster::ids::BudgetId| {
            let unready = cluster.budgets[b.index()].always_allow_unhealthy && !cluster.pod(pod).ready;
            cluster.budgets[b.index()].status.disruptions_allowed < 1 && !unready
        };
        if let Some(budget) = budgets.into_iter().find(spent) {
            let meta = &cluster.budgets[budget.index()].meta;
            let (namespace, name) = (cluster.namespace_name(meta.namespace), cluster.text(meta.name));
            return Some(format!("Pdb prevents pod evictions (PodDisruptionBudget=[{namespace}/{name}])"));
        }
    }
    None
}

impl Ground {
    /// The nodes that take the place of one, whatever they cost; none if its pods find no place.
    pub(super) fn replace(&self, cluster: &Cluster, node: NodeId) -> Option<Vec<(KarpenterPoolId, usize)>> {
        let mut trial = self.trial.clone();
        let moved: BTreeSet<PodId> = trial.take_away(node).into_iter().gather();
        let pods = self.waiting.iter().chain(&self.leaving).chain(&moved).copied().collect();
        let plan = trial.solve(cluster, pods, &BTreeSet::new());
        let all = plan.failed.iter().all(|pod| self.waiting.contains(pod));
        let uncertain = plan.placed.iter().any(|(pod, standing, _)| matches!(standing, Standing::Starting(_)) && moved.contains(pod));
        if !all || uncertain {
            return None;
        }
        let launched = |claim: &Claim| Some((claim.pool, claim.launched(cluster.karpenter.pools.get(claim.pool.index())?)?));
        plan.claims.iter().map(launched).collect()
    }

    /// How these nodes can go together; none if they can't.
    pub(super) fn consolidate(&self, cluster: &Cluster, nodes: &[Candidate]) -> Option<Move> {
        let mut trial = self.trial.clone();
        let mut moved: BTreeSet<PodId> = BTreeSet::new();
        for candidate in nodes {
            moved.extend(trial.take_away(candidate.node));
        }
        let pods = self.waiting.iter().chain(&self.leaving).chain(&moved).copied().collect();
        let plan = trial.solve(cluster, pods, &moved);
        let all = plan.failed.iter().all(|pod| self.waiting.contains(pod));
        let uncertain = plan.placed.iter().any(|(pod, standing, _)| matches!(standing, Standing::Starting(_)) && moved.contains(pod));
        if !all || uncertain {
            return None;
        }
        let spent: i64 = nodes.iter().map(|c| c.price).sum();
        let claim = match &plan.claims[..] {
            [] => return Some(Move { replacement: None, saved: spent }),
            [claim] => claim,
            _ => return None,
        };
        let options = &cluster.karpenter.pools.get(claim.pool.index())?.options;
        let of = |&option: &usize| options.get(option);
        let spot = claim.options.iter().filter_map(of).any(|o| o.spot);
        let all_spot = nodes.iter().all(|c| option_of(cluster, c).is_some_and(|o| o.spot));
        // SpotToSpotConsolidation is off by default.
        if spot && all_spot {
            return None;
        }
        let mut cheaper: Vec<usize> =
            claim.options.iter().copied().filter(|o| of(o).is_some_and(|o| o.price < spent && (!spot || o.spot))).collect();
        if nodes.len() > 1 {
            // One of the same type must be cheaper than the cheapest of them: else that one could simply stay (`filterOutSameInstanceType`).
            let same = |option: &LaunchOption| {
                let own = nodes.iter().filter_map(|c| Some((option_of(cluster, c)?, c.price)));
                own.filter(|(o, _)| o.machine_type == option.machine_type).map(|(_, price)| price).min()
            };
            let most = cheaper.iter().filter_map(of).filter_map(same).min();
            cheaper.retain(|o| of(o).is_some_and(|o| most.is_none_or(|most| o.price < most)));
        }
        let zone = cluster.text.get(ZONE_LABEL);
        let option = *cheaper.first().filter(|_| cluster.karpenter.pools[claim.pool.index()].is_varied(&cheaper, zone))?;
        Some(Move { replacement: Some((claim.pool, option)), saved: spent - of(&option)?.price })
    }
}

fn option_of<'a>(cluster: &'a Cluster, candidate: &Candidate) -> Option<&'a LaunchOption> {
    cluster.karpenter.option_of(cluster.karpenter.machines.get(candidate.machine)?)
}
