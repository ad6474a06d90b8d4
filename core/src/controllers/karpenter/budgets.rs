//! How many nodes of a pool Karpenter may take away at a time (`karpenter/pkg/apis/v1/nodepool.go` GetAllowedDisruptionsByReason,
//! `disruption/helpers.go` BuildDisruptionBudgetMapping).

use super::KarpenterController;
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::karpenter::{BudgetWindow, DisruptionBudget, DisruptionCause};
use crate::cluster::node::NodeReady;
use crate::controllers::queue::{Key, WorkQueue};
use crate::units::time::{SECOND, Time};

/// Whether a budget holds now: whether a slot of its schedule lies within its duration before now.
fn is_active(cluster: &Cluster, window: &BudgetWindow, now: Time) -> bool {
    let unix = |time: Time| cluster.clock.unix_ms(time).div_euclid(SECOND);
    window.schedule.next(unix(now + -window.duration)).is_some_and(|slot| slot <= unix(now))
}

fn holds(cluster: &Cluster, budget: &DisruptionBudget, cause: DisruptionCause, now: Time) -> bool {
    (budget.any || budget.causes.contains(&cause)) && budget.window.as_ref().is_none_or(|window| is_active(cluster, window, now))
}

impl KarpenterController {
    /// For each pool, how many more of its nodes may begin to go.
    pub(super) fn allowed(&self, cluster: &Cluster, cause: DisruptionCause, now: Time) -> Vec<i32> {
        let karpenter = &cluster.karpenter;
        let (mut all, mut going) = (vec![0i32; karpenter.pools.len()], vec![0i32; karpenter.pools.len()]);
        for (index, machine) in karpenter.machines.iter().enumerate().filter(|(_, m)| !m.gone && m.initialized.is_some()) {
            let ready = machine.node.is_some_and(|node| cluster.node(node).ready == NodeReady::True);
            all[machine.pool.index()] += 1;
            going[machine.pool.index()] += i32::from(!ready || self.goes(index, machine));
        }
        let allowed = karpenter.pools.iter().enumerate().map(|(pool, of)| {
            let budgets = of.budgets.iter().filter(|budget| holds(cluster, budget, cause, now));
            let least = budgets.map(|budget| budget.nodes.ceil_of(all[pool])).min().unwrap_or(i32::MAX);
            least.saturating_sub(going[pool]).max(0)
        });
        allowed.collect()
    }

    /// Looks again when a window of a budget opens or is over: what the calendar says keeps no run going.
    pub(super) fn plan_windows(&self, api: &Api, queue: &mut WorkQueue) {
        let (cluster, now) = (api.cluster(), api.now());
        let unix = cluster.clock.unix_ms(now).div_euclid(SECOND);
        for window in cluster.karpenter.pools.iter().flat_map(|p| &p.budgets).filter_map(|b| b.window.as_ref()) {
            let slots = [unix, unix - window.duration.div_euclid(SECOND)].map(|from| window.schedule.next(from));
            let moments = [(slots[0], 0), (slots[1], window.duration)];
            for (slot, after) in moments {
                let Some(slot) = slot else { continue };
                let at = cluster.clock.time_of(slot.saturating_mul(SECOND)) + after + SECOND;
                if at > now {
                    queue.add_by_calendar(Key::KarpenterDisruption, at);
                }
            }
        }
    }
}
