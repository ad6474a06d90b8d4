//! CronJobs and HorizontalPodAutoscalers in recorded scenarios: what drives them, what is seen of them, how they end.

use serde_json::{Map, Value, json};
use wavetank_core::apiserver::{Api, Propagation};
use wavetank_core::cluster::ids::{DeploymentId, ReplicaSetId, StatefulSetId, TemplateId};
use wavetank_core::cluster::loads::{Demand, LoadChange};
use wavetank_core::cluster::{Cluster, Workload};
use wavetank_core::controllers::horizontal_pod_autoscaler::Flags;
use wavetank_core::trace::{Change, Subject, Trace};
use wavetank_core::units::duration::Duration;
use wavetank_core::units::quantity::Quantity;
use wavetank_core::units::time::{SECOND, Time};

use super::case::{Case, Step};
use super::names;
use super::observe::Observer;

/// The flags of the autoscaler controller; samples of the recordings are always fresh, with a window of ten seconds.
pub(crate) fn flags(case: &Case) -> Flags {
    let usual = Flags { metric_window: 10 * SECOND, ..Flags::default() };
    let Some(given) = case.flags.get("kube-controller-manager") else { return usual };
    let text = |name: &str| given.get(&format!("horizontal-pod-autoscaler-{name}")).and_then(Value::as_str);
    let span = |name: &str, usual: i64| text(name).and_then(|t| Duration::parse(t).ok()).map_or(usual, |d| d.nanos() / 1_000_000);
    Flags {
        sync_period: span("sync-period", usual.sync_period),
        downscale_stabilization: span("downscale-stabilization", usual.downscale_stabilization),
        cpu_initialization: span("cpu-initialization-period", usual.cpu_initialization),
        initial_readiness_delay: span("initial-readiness-delay", usual.initial_readiness_delay),
        tolerance: text("tolerance").and_then(|t| t.parse().ok()).unwrap_or(usual.tolerance),
        ..usual
    }
}

/// `setUsage`: each running container of pods with label `app` uses so much, or the ready ones share so much.
pub(crate) fn set_usage(api: &mut Api, step: &Step) {
    let number = |field: &str| step.fields.get(field).and_then(Value::as_i64);
    let cluster = api.cluster();
    let (Some(key), Some(app)) = (cluster.text.get("app"), cluster.text.get(step.text("app"))) else { return };
    let wears = |template: TemplateId| cluster.template(template).labels.get(key) == Some(app);
    let containers = |template: TemplateId| cluster.template(template).containers.len() as i64;
    let mut found: Vec<(Workload, i64)> = Vec::new();
    for (i, d) in cluster.deployments.iter().enumerate().filter(|(_, d)| !d.meta.gone && wears(d.template)) {
        found.push((Workload::Deployment(DeploymentId::from_index(i)), containers(d.template)));
    }
    for (i, s) in cluster.stateful_sets.iter().enumerate().filter(|(_, s)| !s.meta.gone && wears(s.template)) {
        found.push((Workload::StatefulSet(StatefulSetId::from_index(i)), containers(s.template)));
    }
    for (i, r) in cluster.replica_sets.iter().enumerate().filter(|(_, r)| !r.meta.gone && r.deployment.is_none() && wears(r.template)) {
        found.push((Workload::ReplicaSet(ReplicaSetId::from_index(i)), containers(r.template)));
    }
    for (workload, containers) in found {
        let cpu = match (number("milliCPUPerPod"), number("milliCPUTotal")) {
            (Some(each), _) => Demand::PerPod(each * containers),
            (None, Some(all)) => Demand::Shared(all),
            (None, None) => continue,
        };
        api.change_load(workload, &LoadChange { cpu: Some(cpu), ..LoadChange::default() });
    }
}

/// `delete` of a CronJob or an autoscaler; tells whether the step was one.
pub(crate) fn delete(api: &mut Api, step: &Step) -> bool {
    let Some(name) = api.cluster().text.get(step.text("name")) else { return false };
    match step.text("kind") {
        "CronJob" => {
            let found = api.cluster().cron_jobs.iter().position(|c| !c.meta.gone && c.meta.name == name);
            found
                .into_iter()
                .for_each(|i| api.delete_cron_job(wavetank_core::cluster::ids::CronJobId::from_index(i), Propagation::Background));
            true
        }
        "HorizontalPodAutoscaler" => {
            let found = api.cluster().autoscalers.iter().position(|a| !a.meta.gone && a.meta.name == name);
            found.into_iter().for_each(|i| api.delete_autoscaler(wavetank_core::cluster::ids::AutoscalerId::from_index(i)));
            true
        }
        _ => false,
    }
}

/// Takes in what became of the Jobs of CronJobs.
pub(crate) fn take(observer: &mut Observer, cluster: &Cluster, trace: &Trace, time: Time, subject: Subject, change: Change) {
    let Subject::Job(id) = subject else { return };
    let Some(owner) = cluster.jobs[id.index()].cron_job else { return };
    let what = match change {
        Change::Created => "create",
        Change::Deleted => "gone",
        Change::Condition(text) if trace.text(text).starts_with("Complete=True") => "complete",
        // No recording at hand shows a failed one: the word is made like the others.
        Change::Condition(text) if trace.text(text).starts_with("Failed=True") => "fail",
        _ => return,
    };
    let path = format!("cronJobs/{}/jobs", cluster.text(cluster.cron_jobs[owner.index()].meta.name));
    observer.list(path, time, json!([what, names::job(cluster, id)]));
}

/// Samples the autoscalers.
pub(crate) fn sample(observer: &mut Observer, cluster: &Cluster, now: Time) {
    for scaler in cluster.autoscalers.iter().filter(|a| !a.meta.gone) {
        let path = format!("horizontalPodAutoscalers/{}", cluster.text(scaler.meta.name));
        let s = &scaler.status;
        let (utilization, average) = measured(cluster, scaler);
        observer.state(format!("{path}/settledStatus"), now, json!([s.current, s.desired, utilization, average]));
        for c in &s.conditions {
            observer.state(format!("{path}/conditions/{}", c.kind), now, json!([format!("{} {}: {}", c.status, c.reason, c.message)]));
        }
    }
}

/// Utilization and average value of the first metric.
fn measured(_: &Cluster, scaler: &wavetank_core::cluster::autoscalers::Autoscaler) -> (Option<i32>, String) {
    let first = scaler.status.metrics.first().copied().unwrap_or_default();
    (first.utilization, first.average.map_or(String::new(), |milli| Quantity::from_milli(milli).to_string()))
}

/// The final states of these kinds.
pub(crate) fn finals(cluster: &Cluster, kind: &str) -> Map<String, Value> {
    let mut all = Map::new();
    match kind {
        "HorizontalPodAutoscaler" => {
            for scaler in cluster.autoscalers.iter().filter(|a| !a.meta.gone) {
                let mut fields = Map::new();
                let (utilization, average) = measured(cluster, scaler);
                let s = &scaler.status;
                for (name, count) in [("current", s.current), ("desired", s.desired), ("utilization", utilization.unwrap_or(0))] {
                    if count != 0 {
                        fields.insert(name.to_owned(), json!(count));
                    }
                }
                if !average.is_empty() {
                    fields.insert("average".to_owned(), json!(average));
                }
                for c in &s.conditions {
                    fields.insert(format!("condition:{}", c.kind), json!(format!("{} {}: {}", c.status, c.reason, c.message)));
                }
                all.insert(cluster.text(scaler.meta.name).to_owned(), Value::Object(fields));
            }
        }
        "CronJob" => {
            for cron_job in cluster.cron_jobs.iter().filter(|c| !c.meta.gone) {
                let mut fields = Map::new();
                let s = &cron_job.status;
                if !s.active.is_empty() {
                    fields.insert("active".to_owned(), json!(s.active.len()));
                }
                for (name, is) in
                    [("scheduled", s.last_schedule.is_some()), ("succeeded", s.last_success.is_some()), ("suspend", cron_job.suspend)]
                {
                    if is {
                        fields.insert(name.to_owned(), json!(true));
                    }
                }
                all.insert(cluster.text(cron_job.meta.name).to_owned(), Value::Object(fields));
            }
        }
        _ => {}
    }
    all
}
