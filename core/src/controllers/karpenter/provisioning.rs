//! Provisioning: pods that find no node are gathered for a moment, and machines are launched for them
//! (`karpenter/pkg/controllers/provisioning/{batcher,provisioner}.go`).

use std::collections::BTreeMap;

use super::trial::{Claim, Plan, Standing, Trial, why_not};
use super::{KarpenterController, SOURCE, waiting};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::PodId;
use crate::cluster::karpenter::dollars;
use crate::cluster::workloads::{BudgetRule, IntOrPercent};
use crate::controllers::queue::{Key, WorkQueue};
use crate::trace::{RecordId, Subject};
use crate::units::time::{Millis, SECOND, Time};

/// A batch ends when no pod has come for so long (`--batch-idle-duration`) …
const IDLE: Millis = SECOND;
/// … and at the latest after so long (`--batch-max-duration`).
const LONGEST: Millis = 10 * SECOND;
/// For so long pods are expected on a node that was picked for them: it is left alone (`state/cluster.go` nominationWindow).
const NOMINATED: Millis = 20 * SECOND;

impl KarpenterController {
    /// A pod joins the batch.
    pub(super) fn trigger(&mut self, api: &Api, queue: &mut WorkQueue, cause: Option<RecordId>) {
        let now = api.now();
        let (first, _) = self.batch.unwrap_or((now, now));
        self.batch = Some((first, now));
        queue.add_at(Key::KarpenterBatch, self.batch_ends(first, now), cause);
    }

    fn batch_ends(&self, first: Time, last: Time) -> Time {
        (last + IDLE).min(first + LONGEST)
    }

    /// The end of a batch.
    pub(in crate::controllers) fn provision(&mut self, api: &mut Api, queue: &mut WorkQueue) {
        let now = api.now();
        // Every pod asks for the end of its batch; the last of these moments is the right one.
        if self.batch.is_none_or(|(first, last)| now < self.batch_ends(first, last)) {
            return;
        }
        self.batch = None;
        let wait = waiting(api.cluster());
        self.refused.retain(|pod| wait.contains(pod));
        let (mut trial, leave) = self.trial(api);
        if wait.is_empty() && leave.is_empty() {
            return;
        }
        let pods = wait.iter().chain(&leave).copied().collect();
        let plan = trial.solve(api.cluster(), pods, &Default::default());
        for (_, standing, node) in &plan.placed {
            let machine = match standing {
                Standing::Starting(machine) => Some(*machine),
                _ => api.cluster().karpenter.machine_of(*node),
            };
            self.nominated.extend(machine.map(|machine| (machine, now + NOMINATED)));
        }
        self.launch(api, queue, &plan, &wait);
        for &pod in plan.failed.iter().filter(|pod| wait.contains(pod)) {
            if self.refused.insert(pod) {
                let why = why_not(api.cluster(), pod);
                api.event(Subject::Pod(pod), true, "FailedScheduling", &why, SOURCE);
            }
        }
    }

    /// The cluster to try things on, without the nodes that are to go; and the pods of those.
    pub(super) fn trial(&self, api: &Api) -> (Trial, Vec<PodId>) {
        let cluster = api.cluster();
        let mut trial = Trial::new(cluster, api.known(), api.now(), &self.restless(cluster, api.now()));
        let mut pods = Vec::new();
        for (index, machine) in cluster.karpenter.machines.iter().enumerate().filter(|(_, m)| !m.gone) {
            if let Some(node) = machine.node.filter(|_| self.goes(index, machine)) {
                pods.extend(trial.take_away(node));
            }
        }
        // Nothing is made for pods that will not be evicted (`pdb.IsCurrentlyReschedulable`).
        pods.retain(|&pod| !api.budgets_of(pod).iter().any(|b| is_fully_blocking(cluster.budgets[b.index()].rule)));
        (trial, pods)
    }

    /// Launches the machines of a plan, pool by pool.
    fn launch(&mut self, api: &mut Api, queue: &mut WorkQueue, plan: &Plan, wait: &[PodId]) {
        let mut by_pool: BTreeMap<_, Vec<&Claim>> = BTreeMap::new();
        for claim in &plan.claims {
            by_pool.entry(claim.pool).or_default().push(claim);
        }
        for (pool, claims) in by_pool {
            let of = &api.cluster().karpenter.pools[pool.index()];
            let options: Vec<usize> = claims.iter().filter_map(|claim| claim.launched(of)).collect();
            let pods: Vec<PodId> = claims.iter().flat_map(|claim| claim.pods.iter().copied()).collect();
            let pending = pods.iter().filter(|pod| wait.contains(pod)).count();
            let told = match (pending, pods.len() - pending) {
                (1, 0) => "a pod is Pending".to_owned(),
                (many, 0) => format!("{many} pods are Pending"),
                (0, 1) => "a pod has to leave its node".to_owned(),
                (0, many) => format!("{many} pods have to leave their nodes"),
                (1, 1) => "a pod is Pending, and one has to leave its node".to_owned(),
                (1, moved) => format!("a pod is Pending, and {moved} have to leave their nodes"),
                (pending, 1) => format!("{pending} pods are Pending, and one has to leave its node"),
                (pending, moved) => format!("{pending} pods are Pending, and {moved} have to leave their nodes"),
            };
            let why = format!("{told}; launched: {}", machines_told(api.cluster(), pool.index(), &options));
            let (record, machines) = api.launch_machines(pool, &options, &why);
            let before = api.cause();
            api.set_cause(Some(record));
            for (claim, &machine) in claims.iter().zip(&machines) {
                self.nominated.insert(machine, api.now() + NOMINATED);
                self.asked.insert(machine, record);
                let name = api.cluster().text(api.cluster().karpenter.machines[machine].name).to_owned();
                for &pod in &claim.pods {
                    api.event(Subject::Pod(pod), false, "Nominated", &format!("Pod should schedule on: nodeclaim/{name}"), SOURCE);
                }
            }
            api.set_cause(before);
        }
        self.plan_machines(api, queue);
    }
}

/// `2 x m6i.large (spot, $0.038/h each)`.
pub(super) fn machines_told(cluster: &Cluster, pool: usize, options: &[usize]) -> String {
    let Some(of) = cluster.karpenter.pools.get(pool) else { return String::new() };
    let mut counts: Vec<(usize, usize)> = Vec::new();
    for &option in options {
        let same = |&(o, _): &(usize, usize)| {
            let (a, b) = (&of.options[o], &of.options[option]);
            (a.machine_type, a.spot, a.price) == (b.machine_type, b.spot, b.price)
        };
        match counts.iter().position(same) {
            Some(at) => counts[at].1 += 1,
            None => counts.push((option, 1)),
        }
    }
    let one = |&(option, count): &(usize, usize)| {
        let option = &of.options[option];
        let (name, how) = (cluster.text(option.machine_type), if option.spot { "spot" } else { "on-demand" });
        let (times, each) = if count > 1 { (format!("{count} x "), " each") } else { (String::new(), "") };
        let price = if option.price > 0 { format!(", {}/h{each}", dollars(option.price)) } else { String::new() };
        format!("{times}{name} ({how}{price})")
    };
    counts.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Whether a budget never lets a pod go.
fn is_fully_blocking(rule: BudgetRule) -> bool {
    matches!(
        rule,
        BudgetRule::MaxUnavailable(IntOrPercent::Int(0) | IntOrPercent::Percent(0)) | BudgetRule::MinAvailable(IntOrPercent::Percent(100))
    )
}
