//! Failure and success policies of a Job (`pkg/controller/job/pod_failure_policy.go`, `success_policy.go`, v1.37).

use super::indexes::count_named;
use crate::cluster::Cluster;
use crate::cluster::ids::{JobId, PodId};
use crate::cluster::pod::Pod;
use crate::cluster::workloads::{Job, PodFailureAction, PodFailureRule};
use crate::units::intern::Sym;

/// What the failure policy says of a failed pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Matched {
    /// The action of the first rule that matches; `Count` where none does.
    pub(super) action: PodFailureAction,
    /// Why the Job fails, for `FailJob`.
    pub(super) message: Option<String>,
}

impl Matched {
    /// Whether the failure counts against the back-off limit.
    pub(super) fn counts(&self) -> bool {
        self.action != PodFailureAction::Ignore
    }
}

/// `matchPodFailurePolicy`.
pub(super) fn match_failure(cluster: &Cluster, id: JobId, pod_id: PodId) -> Matched {
    let job = &cluster.jobs[id.index()];
    let pod = cluster.pod(pod_id);
    for (index, rule) in job.failure_policy.iter().enumerate() {
        let why = match &rule.exit_codes {
            Some(_) => on_exit_code(cluster, pod, rule).map(|(container, code)| {
                let container = cluster.text(container);
                format!("Container {container} for pod {} failed with exit code {code}", cluster.pod_full_name(pod_id))
            }),
            None => on_condition(cluster, pod, rule)
                .map(|kind| format!("Pod {} has condition {} matching", cluster.pod_full_name(pod_id), cluster.text(kind))),
        };
        if let Some(why) = why {
            let why = why.strip_suffix(" matching").unwrap_or(&why);
            let message = (rule.action == PodFailureAction::FailJob).then(|| format!("{why} matching FailJob rule at index {index}"));
            // `FailIndex` means nothing without a limit for each index.
            let action = match rule.action {
                PodFailureAction::FailIndex if job.backoff_limit_per_index.is_none() => PodFailureAction::Count,
                action => action,
            };
            return Matched { action, message };
        }
    }
    Matched { action: PodFailureAction::Count, message: None }
}

/// The container whose exit code a rule names. Only the main container's is known.
fn on_exit_code(cluster: &Cluster, pod: &Pod, rule: &PodFailureRule) -> Option<(Sym, i32)> {
    let (container, within, codes) = rule.exit_codes.as_ref()?;
    let main = cluster.template(pod.template).containers.first()?.name;
    let code = pod.exit_code;
    let named = container.is_none_or(|name| name == main);
    (pod.finished.is_some() && code != 0 && named && codes.contains(&code) == *within).then_some((main, code))
}

/// The condition that a rule names and the pod has.
fn on_condition(cluster: &Cluster, pod: &Pod, rule: &PodFailureRule) -> Option<Sym> {
    let wanted = rule
        .conditions
        .iter()
        .find(|(kind, status)| cluster.text(*kind) == "DisruptionTarget" && cluster.text(*status) == "True" && pod.disruption.is_some());
    wanted.map(|(kind, _)| *kind)
}

/// The first rule of the success policy that the succeeded indexes satisfy (`matchSuccessPolicy`): its message.
pub(super) fn match_success(job: &Job, succeeded: &[u32]) -> Option<String> {
    let completions = u32::try_from(job.completions?).ok()?;
    if succeeded.is_empty() {
        return None;
    }
    let met = |(indexes, count): &(Option<String>, Option<i32>)| match indexes {
        Some(text) => {
            let (there, named) = count_named(text, completions, succeeded);
            named > 0 && (there == named || count.is_some_and(|count| there as i64 >= i64::from(count)))
        }
        None => count.is_some_and(|count| succeeded.len() as i64 >= i64::from(count)),
    };
    job.success_policy.iter().position(met).map(|index| format!("Matched rules at index {index}"))
}
