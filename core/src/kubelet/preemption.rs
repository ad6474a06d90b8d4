//! Critical pods that a node has no room for make room themselves (`pkg/kubelet/preemption/preemption.go`, v1.37).

use super::admission::CRITICAL_PRIORITY;
use super::{Kubelets, Timer};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::pod::{DisruptionReason, Owner};
use crate::cluster::template::QosClass;
use crate::trace::Subject;
use crate::units::intern::Sym;
use crate::units::time::Time;

/// What victims are told.
const PREEMPTED: &str = "Preempted in order to admit critical pod";

/// Something that is missing: how much, of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Cpu(i64),
    Memory(i64),
    Pods(i64),
    Scalar(Sym, i64),
}

impl Need {
    fn amount(self) -> i64 {
        match self {
            Need::Cpu(n) | Need::Memory(n) | Need::Pods(n) | Need::Scalar(_, n) => n,
        }
    }

    fn given_by(self, cluster: &Cluster, pod: PodId) -> i64 {
        let requests = &cluster.template_of(pod).requests;
        match self {
            Need::Cpu(_) => requests.cpu_milli,
            Need::Memory(_) => requests.memory,
            Need::Pods(_) => 1,
            Need::Scalar(name, _) => requests.scalar(name),
        }
    }

    fn less(self, by: i64) -> Option<Need> {
        let rest = self.amount().saturating_sub(by);
        (rest > 0).then_some(match self {
            Need::Cpu(_) => Need::Cpu(rest),
            Need::Memory(_) => Need::Memory(rest),
            Need::Pods(_) => Need::Pods(rest),
            Need::Scalar(name, _) => Need::Scalar(name, rest),
        })
    }
}

/// Whether a pod is critical (`pkg/kubelet/types/pod_update.go` IsCriticalPod).
pub(super) fn is_critical(cluster: &Cluster, id: PodId) -> bool {
    let pod = cluster.pod(id);
    pod.priority >= CRITICAL_PRIORITY || pod.owner == Owner::Node
}

/// What a node has too little of for a pod.
fn needs(cluster: &Cluster, node_id: NodeId, id: PodId) -> Vec<Need> {
    let (node, wanted) = (cluster.node(node_id), &cluster.template_of(id).requests);
    let mut free = node.allocatable.clone();
    let mut pods = node.allocatable_pods;
    for &other in node.pods.iter().filter(|&&other| other != id && !cluster.pod(other).phase.is_terminal()) {
        free.subtract(&cluster.template_of(other).requests);
        pods -= 1;
    }
    let short = |wanted: i64, free: i64| (wanted > 0 && wanted > free).then(|| wanted - free.max(0));
    let mut needs: Vec<Need> = short(1, pods).map(Need::Pods).into_iter().collect();
    needs.extend(short(wanted.cpu_milli, free.cpu_milli).map(Need::Cpu));
    needs.extend(short(wanted.memory, free.memory).map(Need::Memory));
    needs.extend(wanted.scalars.iter().filter_map(|&(name, amount)| short(amount, free.scalar(name)).map(|n| Need::Scalar(name, n))));
    needs
}

/// What is still needed once these pods are gone.
fn left(cluster: &Cluster, needs: &[Need], pods: &[PodId]) -> Vec<Need> {
    let given = |need: &Need| pods.iter().fold(0i64, |sum, &pod| sum.saturating_add(need.given_by(cluster, pod)));
    needs.iter().filter_map(|need| need.less(given(need))).collect()
}

/// The pods of one class that have to go for these needs (`getPodsToPreemptByDistance`); none where all together do not give enough.
fn by_distance(cluster: &Cluster, mut pods: Vec<PodId>, mut needs: Vec<Need>) -> Option<Vec<PodId>> {
    let mut victims = Vec::new();
    while !needs.is_empty() {
        let distance = |&pod: &PodId| {
            let one = |need: &Need| {
                let missing = need.amount().saturating_sub(need.given_by(cluster, pod)).max(0) as f64 / need.amount() as f64;
                missing * missing
            };
            needs.iter().map(one).sum::<f64>()
        };
        // Of equally near ones the smaller in memory, then in cpu; the later of two that are alike.
        let nearest = pods.iter().enumerate().min_by(|(i, a), (j, b)| {
            let size = |pod: &PodId| (cluster.template_of(*pod).requests.memory, cluster.template_of(*pod).requests.cpu_milli);
            distance(a).total_cmp(&distance(b)).then(size(a).cmp(&size(b))).then(j.cmp(i))
        });
        let victim = pods.remove(nearest?.0);
        needs = left(cluster, &needs, &[victim]);
        victims.push(victim);
    }
    Some(victims)
}

/// The pods that make room (`getPodsToPreempt`): of the better classes only what the others cannot give; none if all are not enough.
fn victims(cluster: &Cluster, node: NodeId, id: PodId, needs: &[Need]) -> Option<Vec<PodId>> {
    let own = cluster.pod(id).priority;
    let may = |&&other: &&PodId| {
        let pod = cluster.pod(other);
        let lives = other != id && !pod.gone && !pod.phase.is_terminal() && pod.deletion.is_none();
        lives && pod.owner != Owner::Node && (!is_critical(cluster, other) || pod.priority < own)
    };
    let all: Vec<PodId> = cluster.node(node).pods.iter().filter(may).copied().collect();
    if !left(cluster, needs, &all).is_empty() {
        return None;
    }
    let of = |class: QosClass| -> Vec<PodId> { all.iter().copied().filter(|&p| cluster.template_of(p).qos == class).collect() };
    let (best_effort, burstable, guaranteed) = (of(QosClass::BestEffort), of(QosClass::Burstable), of(QosClass::Guaranteed));
    let lower: Vec<PodId> = best_effort.iter().chain(&burstable).copied().collect();
    let guaranteed = by_distance(cluster, guaranteed, left(cluster, needs, &lower))?;
    let after: Vec<PodId> = best_effort.iter().chain(&guaranteed).copied().collect();
    let burstable = by_distance(cluster, burstable, left(cluster, needs, &after))?;
    let after: Vec<PodId> = burstable.iter().chain(&guaranteed).copied().collect();
    let best_effort = by_distance(cluster, best_effort, left(cluster, needs, &after))?;
    Some(best_effort.into_iter().chain(burstable).chain(guaranteed).collect())
}

impl Kubelets {
    /// A critical pod that finds no room on its node makes some; tells when it will be there.
    pub(super) fn make_room(&mut self, api: &mut Api, id: PodId) -> Option<Time> {
        let cluster = api.cluster();
        let node = cluster.pod(id).node?;
        if !is_critical(cluster, id) {
            return None;
        }
        let needs = needs(cluster, node, id);
        if needs.is_empty() {
            return None;
        }
        let victims = victims(cluster, node, id, &needs)?;
        let (now, cause) = (api.now(), api.cause());
        let mut over = now;
        for victim in victims {
            api.event(Subject::Pod(victim), true, "Preempting", PREEMPTED, "kubelet");
            api.mark_disruption_target(victim, DisruptionReason::Kubelet);
            let template = api.cluster().template_of(victim);
            let ends = now + template.behavior.stop.clamp(0, template.grace);
            over = over.max(ends);
            self.agenda.add(ends, (Timer::MadeRoom(victim), cause));
        }
        Some(over)
    }

    /// A victim has ended.
    pub(super) fn made_room(&mut self, api: &mut Api, id: PodId) {
        let pod = api.cluster().pod(id);
        if pod.gone || pod.phase.is_terminal() || !Self::is_heard(api, id) {
            return;
        }
        let deleting = pod.deletion.is_some();
        self.end(id);
        let record = api.fail_pod(id, "Preempting", PREEMPTED);
        api.set_cause(Some(record));
        if deleting {
            api.remove_pod(id);
        }
    }
}
