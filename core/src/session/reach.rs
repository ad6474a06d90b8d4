//! Whom something reached: the causal subtree of what happened, seen on the relations of the objects. Changes nothing in a run.

use std::collections::BTreeMap;

use super::Run;
use crate::cluster::Cluster;
use crate::cluster::called;
use crate::cluster::ids::PodId;
use crate::cluster::node::NodeReady;
use crate::cluster::state::Workload;
use crate::graph::{Effect, Graph, Hit, Index, Kind, Relation, behind};
use crate::report::{Report, span};
use crate::trace::{Change, RecordId, Subject, Trace};

/// What the subtree did to one object.
#[derive(Default)]
struct Touch {
    effect: Option<Effect>,
    /// Pods it lost, and when.
    lost: Vec<(PodId, i64)>,
    records: usize,
    first_ms: i64,
}

impl Run {
    /// What followed from some records of `trace` (the run's or that of its settling), object by object: what lost pods and how many were
    /// left, which nodes went, and what stands behind them. In the order in which it was reached; `report` is that of this run.
    pub fn reach(&self, report: &Report, graph: &Graph, trace: &Trace, from: &[RecordId]) -> Vec<Hit> {
        let cluster = self.end();
        let mut names = Names::of(graph);
        let mut touched: BTreeMap<Index, Touch> = BTreeMap::new();
        let mut order: Vec<Index> = Vec::new();
        for id in trace.effects_of(from) {
            let Some(record) = trace.record(id) else { continue };
            let Some(at) = names.vertex(cluster, record.subject) else { continue };
            let touch = touched.entry(at).or_insert_with(|| {
                order.push(at);
                Touch { first_ms: record.time.millis(), ..Touch::default() }
            });
            touch.records += 1;
            match (record.subject, record.change) {
                (Subject::Pod(pod), Change::PodUnready(_) | Change::PodDeleting(_) | Change::PodFailed(..) | Change::PodGone)
                    if touch.lost.iter().rev().all(|(other, _)| *other != pod) =>
                {
                    touch.lost.push((pod, record.time.millis()));
                }
                (_, change) => touch.effect = touch.effect.into_iter().chain(effect_of(change)).min(),
            }
        }
        let mut hits: Vec<Hit> = Vec::new();
        for at in order {
            let Some(touch) = touched.get(&at) else { continue };
            let (effect, reason) = told(report, &graph.vertex(at).label(), touch);
            hits.push(Hit { vertex: at, effect, reason, via: at });
        }
        let gone = |at: Index| hits.iter().any(|hit| hit.vertex == at && hit.effect == Effect::Stops);
        let whole: Vec<Hit> = graph
            .vertices()
            .filter(|(_, vertex)| vertex.kind == Kind::Zone)
            .filter_map(|(zone, _)| {
                let own: Vec<Index> =
                    graph.into(zone).into_iter().filter(|(_, edge)| edge.relation == Relation::InZone).map(|(node, _)| node).collect();
                let all = !own.is_empty() && own.iter().all(|&node| gone(node));
                all.then(|| Hit { vertex: zone, effect: Effect::Stops, reason: "all its nodes are lost".to_owned(), via: zone })
            })
            .collect();
        hits.retain(|hit| whole.iter().all(|zone| zone.vertex != hit.vertex));
        hits.splice(0..0, whole);
        behind(graph, hits)
    }
}

/// How badly a change hits what it is about; none for what is no harm.
fn effect_of(change: Change) -> Option<Effect> {
    match change {
        Change::NodeFailed | Change::NodeDeleted | Change::NodeCutOff | Change::Deleted => Some(Effect::Stops),
        Change::NodeReady(ready) if ready != NodeReady::True => Some(Effect::Degraded),
        Change::NodeMemoryPressure(true) | Change::NodeDiskPressure(true) | Change::NodePidPressure(true) => Some(Effect::Degraded),
        Change::NodeCordoned => Some(Effect::CannotStart),
        _ => None,
    }
}

/// What became of an object, in a clause.
fn told(report: &Report, label: &str, touch: &Touch) -> (Effect, String) {
    let from = span(touch.first_ms);
    if touch.lost.is_empty() {
        let effect = touch.effect.unwrap_or(Effect::Touched);
        let what = match effect {
            Effect::Stops => "lost",
            Effect::Degraded => "not well",
            Effect::CannotStart => "nothing new is started there,",
            Effect::Idle | Effect::Touched => "changed",
        };
        return (effect, format!("{what} from {from} on"));
    }
    let count = touch.lost.len();
    let pods = if count == 1 { "1 pod is lost".to_owned() } else { format!("{count} pods are lost") };
    let outcome = report.workloads.iter().find(|workload| workload.label == label);
    // How few served at the moments at which this took pods away.
    let least = outcome.and_then(|outcome| {
        let serving = |at_ms: i64| {
            let nth = outcome.series.partition_point(|point| point.at_ms <= at_ms).checked_sub(1)?;
            outcome.series.get(nth).map(|point| (point.serving, point.desired))
        };
        touch.lost.iter().filter_map(|&(_, at_ms)| serving(at_ms)).min()
    });
    match least {
        Some((serving, desired)) if serving <= 0 && desired > 0 => {
            (Effect::Stops, format!("{pods}, and none of {desired} serves, from {from} on"))
        }
        Some((serving, desired)) if serving >= desired => {
            (Effect::Touched, format!("{pods} from {from} on, and {serving} of {desired} serve"))
        }
        Some((serving, desired)) => (Effect::Degraded, format!("{pods} from {from} on: at least {serving} of {desired} serve")),
        None => (Effect::Degraded, format!("{pods} from {from} on")),
    }
}

/// Which vertex stands for what a record is about.
struct Names {
    workloads: BTreeMap<Workload, Index>,
    labels: BTreeMap<String, Index>,
}

impl Names {
    fn of(graph: &Graph) -> Names {
        let workloads = graph.vertices().filter_map(|(at, vertex)| Some((vertex.workload?, at))).collect();
        let labels = graph.vertices().map(|(at, vertex)| (vertex.label(), at)).collect();
        Names { workloads, labels }
    }

    fn vertex(&mut self, cluster: &Cluster, subject: Subject) -> Option<Index> {
        let workload = |of: Workload| self.workloads.get(&of).copied();
        let named = |kind: Kind, namespace: &str, name: &str| self.labels.get(&called::label(namespace, kind.word(), name)).copied();
        match subject {
            Subject::Pod(pod) => cluster.pods.get(pod.index()).and_then(|_| workload(cluster.workload_of(pod))),
            Subject::Node(node) => named(Kind::Node, "", cluster.nodes.get(node.index()).map(|node| cluster.text(node.name))?),
            Subject::Zone(zone) => named(Kind::Zone, "", cluster.zone_name(zone)),
            Subject::Deployment(id) => workload(Workload::Deployment(id)),
            Subject::ReplicaSet(id) => match cluster.replica_sets.get(id.index())?.deployment {
                Some(deployment) => workload(Workload::Deployment(deployment)),
                None => workload(Workload::ReplicaSet(id)),
            },
            Subject::StatefulSet(id) => workload(Workload::StatefulSet(id)),
            Subject::DaemonSet(id) => workload(Workload::DaemonSet(id)),
            Subject::Job(id) => workload(Workload::Job(id)),
            Subject::Budget(id) => {
                let meta = &cluster.budgets.get(id.index())?.meta;
                named(Kind::Budget, cluster.namespace_name(meta.namespace), cluster.text(meta.name))
            }
            Subject::Autoscaler(id) => {
                let meta = &cluster.autoscalers.get(id.index())?.meta;
                named(Kind::Autoscaler, cluster.namespace_name(meta.namespace), cluster.text(meta.name))
            }
            Subject::CronJob(id) => {
                let meta = &cluster.cron_jobs.get(id.index())?.meta;
                named(Kind::CronJob, cluster.namespace_name(meta.namespace), cluster.text(meta.name))
            }
            Subject::Claim(id) => {
                let claim = cluster.storage.claims.get(id.index())?;
                named(Kind::Claim, cluster.namespace_name(claim.namespace), cluster.text(claim.name))
            }
            Subject::Volume(id) => {
                named(Kind::Volume, "", cluster.storage.volumes.get(id.index()).map(|volume| cluster.text(volume.name))?)
            }
            Subject::Cluster
            | Subject::Step(_)
            | Subject::NodePool(_)
            | Subject::KarpenterPool(_)
            | Subject::VerticalAutoscaler(_)
            | Subject::Quota(_)
            | Subject::Namespace(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{GraphOptions, find, relate};
    use crate::manifest::SourceSet;
    use crate::scenario::{Scenario, Step, StepState, Verb};
    use crate::session::{Session, SessionOptions};
    use crate::units::time::{MINUTE, Time};

    fn text() -> String {
        let one = |name: &str, replicas: u32, spec: &str| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n  selector: {{matchLabels: {{app: {name}}}}}\n  \
                 template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec: {{{spec}containers: [{{name: c, image: 'c:1'}}]}}\n---\n\
                 {{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, spec: {{selector: {{app: {name}}}, ports: [{{port: 80}}]}}}}\n---\n"
            )
        };
        let pinned = "nodeSelector: {kubernetes.io/hostname: node-1}, ";
        [one("only", 1, pinned), one("wide", 3, ""), one("else", 1, "nodeSelector: {kubernetes.io/hostname: node-2}, ")].concat()
    }

    #[test]
    fn a_fault_reaches_what_goes_back_to_it_and_what_stands_behind_that() {
        let session = Session::open(SourceSet::single("shop.yaml", text()), &SessionOptions::default());
        let zone = session.cluster().zone_name(session.cluster().nodes[0].zone).to_owned();
        let later = Verb::Restart { workload: "deployment/else".to_owned() };
        let steps = vec![Step::at(Time::ZERO, Verb::FailZone { zone: zone.clone() }), Step::at(Time::ZERO + MINUTE, later)];
        let run = session.run(&Scenario::of_steps("lost", steps));
        let report = run.report(&session);
        let graph = relate(session.manifest(), session.cluster(), &GraphOptions::default());
        let of_step = |nth: usize| match run.outcome().steps[nth].state {
            StepState::Done { record, .. } => run.reach(&report, &graph, run.trace(), &[record]),
            _ => Vec::new(),
        };
        let effect = |hits: &[Hit], name: &str| {
            let at = find(&graph, name).expect("it is in the graph");
            hits.iter().find(|hit| hit.vertex == at).map(|hit| hit.effect)
        };
        let zone_lost = of_step(0);
        assert_eq!(effect(&zone_lost, &format!("zone/{zone}")), Some(Effect::Stops));
        assert_eq!(effect(&zone_lost, "node/node-1"), Some(Effect::Stops));
        assert_eq!(effect(&zone_lost, "deploy/only"), Some(Effect::Stops), "{zone_lost:?}");
        assert_eq!(effect(&zone_lost, "svc/only"), Some(Effect::Stops));
        assert_eq!(effect(&zone_lost, "deploy/wide"), Some(Effect::Degraded));
        assert_eq!(effect(&zone_lost, "svc/wide"), Some(Effect::Degraded));
        assert_eq!(effect(&zone_lost, "deploy/else"), None, "another step's doing");
        let restarted = of_step(1);
        assert!(effect(&restarted, "deploy/else").is_some() && effect(&restarted, "deploy/only").is_none());
    }
}
