//! The disruption controller: the status of PodDisruptionBudgets (`pkg/controller/disruption/disruption.go`, v1.37). It grants nothing itself:
//! the eviction subresource reads what is written here.

mod expected;
mod members;

use self::members::{Members, Selected};
use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, Notice, PodChange, Watched};
use crate::cluster::ids::{BudgetId, PodId};
use crate::cluster::workloads::{BudgetStatus, Condition, set_condition};
use crate::trace::{RecordId, Subject};
use crate::units::time::{Millis, SECOND, Time};

/// How long a granted eviction may take until the pod is seen to be deleted (`DeletionTimeout`).
const DELETION_TIMEOUT: Millis = 120 * SECOND;
/// Source of this controller's events.
const SOURCE: &str = "controllermanager";
/// The type of a budget's only condition.
const DISRUPTION_ALLOWED: &str = "DisruptionAllowed";

/// The disruption controller.
#[derive(Clone, Debug, Default)]
pub(super) struct DisruptionController {
    members: Members,
}

impl DisruptionController {
    /// Looks at every budget.
    pub(super) fn start(&mut self, api: &mut Api, queue: &mut WorkQueue) {
        self.members = Members::of(api.cluster());
        for (index, budget) in api.cluster().budgets.iter().enumerate() {
            if !budget.meta.gone {
                queue.add(Key::Budget(BudgetId::from_index(index)), None);
            }
        }
    }

    /// Takes a notice.
    pub(super) fn observe(&mut self, api: &mut Api, notice: &Notice, queue: &mut WorkQueue) {
        match notice.watched {
            Watched::Budget(id) => {
                if self.members.budget_changed(api.cluster(), id) {
                    // A budget that is new or changed is looked at before a controller can make pods for it.
                    let before = api.cause();
                    api.set_cause(notice.record);
                    self.sync(id, api, queue);
                    api.set_cause(before);
                } else {
                    queue.add(Key::Budget(id), notice.record);
                }
            }
            Watched::Pod(id, change) => {
                match change {
                    PodChange::Added => {
                        self.members.pod_added(api.cluster(), id);
                        self.warn_of_several(api, id, notice.record);
                    }
                    PodChange::Spec => self.members.pod_changed(api.cluster(), id),
                    _ => self.members.pod_ended(api.cluster(), id),
                }
                // Of several budgets Kubernetes picks any one for each change: over a few changes each has its turn.
                for &budget in self.members.budgets(api.cluster(), id) {
                    queue.add(Key::Budget(budget), notice.record);
                }
                if change == PodChange::Gone {
                    self.members.pod_gone(api.cluster(), id);
                }
            }
            _ => {}
        }
    }

    /// Writes one budget's status.
    pub(super) fn sync(&mut self, id: BudgetId, api: &mut Api, queue: &mut WorkQueue) {
        let now = api.now();
        let budget = &api.cluster().budgets[id.index()];
        if budget.meta.gone {
            return;
        }
        let generation = budget.meta.generation;
        let nothing = Selected::default();
        let pods = self.members.pods(id).unwrap_or(&nothing);
        if pods.count() == 0 {
            api.event(Subject::Budget(id), false, "NoPods", "No matching pods found", SOURCE);
        }
        let budget = &api.cluster().budgets[id.index()];
        let (expected, desired) = match expected::demand(api.cluster(), budget, pods) {
            Ok(demand) => {
                if demand.unmanaged {
                    let selector = expected::selector_as_go_prints_it(&budget.selector, &api.cluster().text);
                    api.event(Subject::Budget(id), true, "UnmanagedPods", &expected::unmanaged_message(&selector), SOURCE);
                }
                (demand.expected, demand.desired_healthy)
            }
            Err(error) => return fail_safe(api, id, &error),
        };
        let (disrupted, overdue) = still_expected(api, id, pods, now);
        for pod in overdue {
            let namespace = api.cluster().namespace_name(api.cluster().pod(pod).namespace).to_owned();
            // Kubernetes prints the namespace twice.
            let message = format!("Pod was expected by PDB {namespace}/{namespace} to be deleted but it wasn't");
            api.event(Subject::Pod(pod), true, "NotDeleted", &message, SOURCE);
        }
        // What has ended is not healthy.
        let healthy = pods.live().filter(|&pod| {
            let p = api.cluster().pod(pod);
            p.ready && p.deletion.is_none() && !disrupted.iter().any(|&(d, since)| d == pod && since + DELETION_TIMEOUT > now)
        });
        let current = i32::try_from(healthy.count()).unwrap_or(i32::MAX);
        let allowed = if expected <= 0 { 0 } else { current.saturating_sub(desired).max(0) };
        let recheck = disrupted.iter().map(|&(_, since)| since + DELETION_TIMEOUT + 1).min();
        let mut conditions = api.cluster().budgets[id.index()].status.conditions.clone();
        set_condition(
            &mut conditions,
            Condition {
                kind: DISRUPTION_ALLOWED,
                status: if allowed > 0 { "True" } else { "False" },
                reason: if allowed > 0 { "SufficientPods" } else { "InsufficientPods" },
                message: String::new(),
                transition: now,
                update: now,
            },
        );
        keep_times_where_nothing_changed(&api.cluster().budgets[id.index()].status.conditions, &mut conditions);
        api.set_budget_status(
            id,
            BudgetStatus {
                current_healthy: current,
                desired_healthy: desired,
                disruptions_allowed: allowed,
                expected_pods: expected,
                observed_generation: generation,
                disrupted,
                conditions,
            },
        );
        if let Some(recheck) = recheck {
            queue.add_at(Key::Budget(id), recheck, api.cause());
        }
    }

    fn warn_of_several(&self, api: &mut Api, pod: PodId, cause: Option<RecordId>) {
        let budgets = self.members.budgets(api.cluster(), pod);
        if budgets.len() > 1
            && let Some(first) = self.members.first_of(api.cluster(), pod)
        {
            let cluster = api.cluster();
            let (namespace, name) = (cluster.namespace_name(cluster.pod(pod).namespace), cluster.pod_name(pod));
            let chosen = cluster.text(cluster.budgets[first.index()].meta.name);
            let message = format!("Pod {namespace:?}/{name:?} matches multiple PodDisruptionBudgets.  Chose {chosen:?} arbitrarily.");
            let before = api.cause();
            api.set_cause(cause);
            api.event(Subject::Pod(pod), true, "MultiplePodDisruptionBudgets", &message, SOURCE);
            api.set_cause(before);
        }
    }
}

/// The pods whose deletion was granted and is still awaited, and those for which that has taken too long (`buildDisruptedPodMap`).
fn still_expected(api: &Api, id: BudgetId, pods: &Selected, now: Time) -> (Vec<(PodId, Time)>, Vec<PodId>) {
    let (mut waiting, mut overdue) = (Vec::new(), Vec::new());
    for &(pod, since) in &api.cluster().budgets[id.index()].status.disrupted {
        if !pods.contains(pod) || api.cluster().pod(pod).deletion.is_some() {
            continue;
        }
        if since + DELETION_TIMEOUT < now {
            overdue.push(pod);
        } else {
            waiting.push((pod, since));
        }
    }
    (waiting, overdue)
}

/// Where the expected number can't be told, nothing may be disrupted.
fn fail_safe(api: &mut Api, id: BudgetId, error: &str) {
    let message = format!("Failed to calculate the number of expected pods: {error}");
    api.event(Subject::Budget(id), true, "CalculateExpectedPodCountFailed", &message, SOURCE);
    let now = api.now();
    let old = &api.cluster().budgets[id.index()].status;
    let mut status = old.clone();
    status.disruptions_allowed = 0;
    set_condition(
        &mut status.conditions,
        Condition {
            kind: DISRUPTION_ALLOWED,
            status: "False",
            reason: "SyncFailed",
            message: error.to_owned(),
            transition: now,
            update: now,
        },
    );
    keep_times_where_nothing_changed(&old.conditions, &mut status.conditions);
    api.set_budget_status(id, status);
}

/// A status that says the same as before is not written: otherwise each write would ask for the next look.
fn keep_times_where_nothing_changed(old: &[Condition], new: &mut [Condition]) {
    for condition in new {
        if let Some(before) = old.iter().find(|c| c.kind == condition.kind)
            && before.status == condition.status
            && before.reason == condition.reason
            && before.message == condition.message
        {
            *condition = before.clone();
        }
    }
}
