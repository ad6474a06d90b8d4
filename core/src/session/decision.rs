//! Why a pod went where it went: the cluster as it was at its last decision, asked again in full. Changes nothing in the run.

use super::{Run, Session};
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::pod::Phase;
use crate::report::{PodMatrix, matrix};
use crate::scenario::{self, Scenario, Start};
use crate::trace::{Change, Record, RecordId, Subject, Trace};
use crate::units::time::Time;

/// A decision of the scheduler about a pod, in full.
#[derive(Clone, Debug)]
pub struct Decision {
    /// When it was made; negative while the cluster settled.
    pub at: Time,
    /// The node the pod was bound to; none where it was refused.
    pub chosen: Option<NodeId>,
    /// What every plugin said of every node then.
    pub matrix: PodMatrix,
}

impl Run {
    /// The last decision about a pod no later than `at`: the scenario is run again up to it, what was bound from then on is taken back, and
    /// the scheduler is asked in full. None for a pod that the scheduler never decided about. Where several nodes are equally good, the
    /// node of the run is the chosen one.
    pub fn decision(&self, session: &Session, scenario: &Scenario, pod: PodId, at: Time) -> Option<Decision> {
        let (time, from, cluster) = match last_decision(self.trace(), pod, at) {
            Some(from) => {
                let time = self.trace().record(from)?.time;
                let mut sim = session.begin(scenario.start);
                scenario::run(&mut sim, &Scenario { until: Some(time), expectations: Vec::new(), ..scenario.clone() });
                let mut cluster = sim.cluster().clone();
                take_back(&mut cluster, sim.api().trace(), from);
                (time, self.trace().record(from)?.change, cluster)
            }
            None if scenario.start == Start::Settled => {
                let trace = session.settle_trace();
                let from = last_decision(trace, pod, Time::ZERO)?;
                let mut cluster = self.start().clone();
                take_back(&mut cluster, trace, from);
                (trace.record(from)?.time, trace.record(from)?.change, cluster)
            }
            None => return None,
        };
        if cluster.pods.get(pod.index()).is_none_or(|pod| pod.gone) {
            return None;
        }
        let matrix = matrix(&cluster, super::scheduler_configuration(session.manifest()).as_ref(), pod, time)?;
        let chosen = match from {
            Change::PodBound(node) => Some(node),
            _ => None,
        };
        Some(Decision { at: time, chosen, matrix })
    }
}

/// The last record no later than `at` that tells what the scheduler decided about a pod.
fn last_decision(trace: &Trace, pod: PodId, at: Time) -> Option<RecordId> {
    let decides = |change: Change| matches!(change, Change::PodBound(_) | Change::PodUnschedulable(_));
    let end = trace.end_of(at);
    let about = |record: &Record| record.subject == Subject::Pod(pod) && decides(record.change);
    trace.records()[..end].iter().rposition(about).map(|at| RecordId(at as u32))
}

/// Unbinds every pod that was bound by `from` or a later record.
fn take_back(cluster: &mut Cluster, trace: &Trace, from: RecordId) {
    for record in trace.records().iter().skip(from.0 as usize) {
        let (Subject::Pod(id), Change::PodBound(node)) = (record.subject, record.change) else { continue };
        let Some(pod) = cluster.pods.get_mut(id.index()) else { continue };
        pod.node = None;
        pod.phase = Phase::Pending;
        pod.ready = false;
        pod.bound = None;
        pod.started = None;
        pod.deletion = None;
        if let Some(node) = cluster.nodes.get_mut(node.index()) {
            node.pods.retain(|&on| on != id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::SourceSet;
    use crate::scenario::{Step, Verb};
    use crate::session::SessionOptions;

    fn web(replicas: u32, cpu: &str) -> String {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  \
             selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    \
             spec: {{containers: [{{name: web, image: 'web:1', resources: {{requests: {{cpu: '{cpu}'}}}}}}]}}\n"
        )
    }

    #[test]
    fn every_settled_pod_has_its_decision() {
        let session = Session::open(SourceSet::single("web.yaml", web(3, "100m")), &SessionOptions::default());
        let scenario = Scenario::of_steps("nothing", Vec::new());
        let run = session.run(&scenario);
        for (id, pod) in run.start().live_pods() {
            let decision = run.decision(&session, &scenario, id, Time::ZERO).expect("it was scheduled");
            assert_eq!(decision.chosen, pod.node);
            let own = run.start().text(run.start().node(pod.node.expect("bound")).name);
            let verdict = decision.matrix.nodes.iter().find(|verdict| verdict.node == own).expect("a row for each node");
            assert!(verdict.reasons.is_empty(), "its node is feasible when asked again: {verdict:?}");
        }
    }

    #[test]
    fn a_pod_without_room_is_refused_by_every_node() {
        let session = Session::open(SourceSet::single("web.yaml", web(1, "100m")), &SessionOptions::default());
        let lost = ["zone-a", "zone-b", "zone-c"].map(|zone| Step::at(Time::ZERO, Verb::FailZone { zone: zone.into() }));
        let scenario = Scenario::of_steps("all", lost.into());
        let run = session.run(&scenario);
        let refused = run.trace().records().iter().rev().find_map(|record| match (record.subject, record.change) {
            (Subject::Pod(pod), Change::PodUnschedulable(_)) => Some((pod, record.time)),
            _ => None,
        });
        let Some((pod, time)) = refused else { return };
        let decision = run.decision(&session, &scenario, pod, time).expect("it was refused");
        assert_eq!((decision.chosen, &decision.matrix.chosen), (None, &None));
        assert!(!decision.matrix.message.is_empty());
    }
}
