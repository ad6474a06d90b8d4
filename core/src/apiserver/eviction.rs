//! The eviction subresource: a deletion that asks the pod's disruption budget first (`pkg/registry/core/pod/storage/eviction.go`, v1.37).

use super::api::Api;
use super::pods::Refusal;
use crate::cluster::ids::{BudgetId, PodId};
use crate::cluster::pod::{DisruptionReason, Phase};
use crate::cluster::workloads::{Condition, set_condition};
use crate::trace::{Change, DeleteReason, Evictor, Subject};

/// The most pods a budget may wait for to be deleted (`MaxDisruptedPodSize`).
const MAX_DISRUPTED: usize = 2_000;
/// First line of most refusals.
const WOULD_VIOLATE: &str = "Cannot evict pod as it would violate the pod's disruption budget.";
/// The type of a budget's only condition.
pub(crate) const DISRUPTION_ALLOWED: &str = "DisruptionAllowed";

impl Refusal {
    fn of(code: u16, message: &str, causes: Vec<String>) -> Refusal {
        Refusal { code, message: message.to_owned(), causes, retry_after: None }
    }

    /// Message and causes in one line, as the report and the trace show it.
    pub fn text(&self) -> String {
        let mut text = self.message.clone();
        for cause in &self.causes {
            text.push(' ');
            text.push_str(cause);
        }
        text
    }
}

impl Api {
    /// Evicts a pod: like [`Api::evict`], and a refusal is recorded.
    ///
    /// # Errors
    /// See [`Api::evict`].
    pub fn evict_and_tell(&mut self, id: PodId, grace_seconds: Option<i64>, by: Evictor) -> Result<(), Refusal> {
        let outcome = self.evict(id, grace_seconds, by);
        if let Err(refusal) = &outcome {
            let text = self.trace_mut().text_id(&refusal.text());
            self.record(Subject::Pod(id), Change::EvictionRefused(refusal.code, text));
        }
        outcome
    }

    /// Evicts a pod for `by` with `grace_seconds`, else with its own grace period. A pod that has not started, has ended or is being deleted is
    /// deleted without asking its budget.
    ///
    /// # Errors
    /// 404 where it is gone; 500 for a pod of several budgets; 429 or 403 where its budget does not allow it: message and causes are
    /// Kubernetes' own.
    pub fn evict(&mut self, id: PodId, grace_seconds: Option<i64>, by: Evictor) -> Result<(), Refusal> {
        let pod = self.cluster.pod(id);
        if pod.gone {
            return Err(Refusal::of(404, &format!("pods \"{}\" not found", self.cluster.pod_name(id)), Vec::new()));
        }
        let asks = pod.phase == Phase::Running && pod.deletion.is_none();
        if asks {
            let (ready, budgets) = (pod.ready, self.budgets_of(id));
            match budgets[..] {
                [] => {}
                [budget] if !ready && self.lets_unready_go(budget) => {}
                [budget] => self.charge(budget, id)?,
                _ => {
                    let message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
                    return Err(Refusal::of(500, message, Vec::new()));
                }
            }
        }
        self.mark_disruption_target(id, DisruptionReason::EvictionApi);
        self.delete_pod(id, grace_seconds, DeleteReason::Evicted(by));
        Ok(())
    }

    /// The one budget that an eviction of the pod would be charged to; none where it goes without asking, or is refused for several.
    pub fn charged_budget(&self, id: PodId) -> Option<BudgetId> {
        let pod = self.cluster.pod(id);
        if pod.gone || pod.phase != Phase::Running || pod.deletion.is_some() {
            return None;
        }
        match self.budgets_of(id)[..] {
            [budget] if pod.ready || !self.lets_unready_go(budget) => Some(budget),
            _ => None,
        }
    }

    /// The budgets of the pod's namespace whose selectors match it, in order of creation.
    pub fn budgets_of(&self, id: PodId) -> Vec<BudgetId> {
        let cluster = &self.cluster;
        let namespace = cluster.pod(id).namespace;
        let matching = cluster.budgets.iter().enumerate().filter(|(_, budget)| {
            !budget.meta.gone
                && budget.meta.namespace == namespace
                && cluster.pod_labels(id).match_selector(&budget.selector, &cluster.text)
        });
        matching.map(|(index, _)| BudgetId::from_index(index)).collect()
    }

    /// Whether a pod that is not ready may go without being charged.
    fn lets_unready_go(&self, id: BudgetId) -> bool {
        let budget = &self.cluster.budgets[id.index()];
        let status = &budget.status;
        budget.always_allow_unhealthy || (status.current_healthy >= status.desired_healthy && status.desired_healthy > 0)
    }

    /// Takes one disruption from the budget (`checkAndDecrement`).
    fn charge(&mut self, id: BudgetId, pod: PodId) -> Result<(), Refusal> {
        let now = self.now();
        let budget = &self.cluster.budgets[id.index()];
        let name = self.cluster.text(budget.meta.name).to_owned();
        let mut status = budget.status.clone();
        if status.observed_generation < budget.meta.generation {
            let causes = vec![format!("The disruption budget {name} is still being processed by the server.")];
            return Err(Refusal { retry_after: Some(10), ..Refusal::of(429, WOULD_VIOLATE, causes) });
        }
        let forbidden = |why: &str| format!("The disruption budget {name} does not allow evicting pods currently: {why}");
        if status.disruptions_allowed < 0 {
            let why = "pdb disruptions allowed is negative";
            return Err(Refusal::of(403, why, vec![forbidden(why)]));
        }
        if status.disrupted.len() > MAX_DISRUPTED {
            let message = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
            return Err(Refusal::of(403, message, vec![forbidden("too many pending evictions not confirmed by PDB controller")]));
        }
        if status.disruptions_allowed == 0 {
            let condition = status.conditions.iter().find(|c| c.kind == DISRUPTION_ALLOWED).filter(|c| c.status == "False");
            let cause = match condition {
                Some(c) if c.reason == "SyncFailed" && !c.message.is_empty() => {
                    format!("The disruption budget {name} does not allow evicting pods currently because it failed sync: {}", c.message)
                }
                _ if status.current_healthy <= status.desired_healthy => {
                    let (desired, current) = (status.desired_healthy, status.current_healthy);
                    format!("The disruption budget {name} needs {desired} healthy pods and has {current} currently")
                }
                Some(c) if !c.message.is_empty() => {
                    format!("The disruption budget {name} does not allow evicting pods currently ({}): {}", c.reason, c.message)
                }
                _ => format!("The disruption budget {name} does not allow evicting pods currently"),
            };
            return Err(Refusal::of(429, WOULD_VIOLATE, vec![cause]));
        }
        status.disruptions_allowed -= 1;
        if status.disruptions_allowed == 0 {
            set_condition(
                &mut status.conditions,
                Condition {
                    kind: DISRUPTION_ALLOWED,
                    status: "False",
                    reason: "InsufficientPods",
                    message: String::new(),
                    transition: now,
                    update: now,
                },
            );
        }
        status.disrupted.retain(|(disrupted, _)| *disrupted != pod);
        status.disrupted.push((pod, now));
        self.set_budget_status(id, status);
        Ok(())
    }
}
