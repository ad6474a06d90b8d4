//! Why a pod is where it is, or nowhere: each node with the plugin that refuses it, or with the scores it gets.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::told::Told;
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::scheduler::attempt::{Attempt, Matrix};
use crate::scheduler::config::SchedulerConfig;
use crate::scheduler::status::Refusal;
use crate::scheduler::{Detail, Outcome, Scheduler};
use crate::units::arrange::Arrange;
use crate::units::time::Time;

/// What the scheduler thinks of every node for one pod at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodMatrix {
    /// The moment.
    pub at_ms: i64,
    /// Whether the pod is bound already: then it was taken out for the question, and the answer is what would be chosen now.
    pub bound: bool,
    /// The node that would be chosen; of equals the first.
    pub chosen: Option<String>,
    /// The text of the FailedScheduling event; empty where a node would be found.
    pub message: String,
    /// Nodes: feasible ones first, by score; then those refused, in the scheduler's order.
    pub nodes: Vec<NodeVerdict>,
}

/// What the scheduler thinks of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeVerdict {
    /// Its name.
    pub node: String,
    /// Its zone; empty for none.
    pub zone: String,
    /// The plugin that refuses it.
    pub plugin: Option<String>,
    /// Why it refuses it.
    pub reasons: Vec<String>,
    /// The scores: plugin, weight, and 0 to 100.
    pub scores: Vec<(String, i64, i64)>,
    /// The sum of weight times score; none where nothing was scored.
    pub total: Option<i64>,
    /// Whether the scheduler looked at it: it stops when it has found enough.
    pub looked_at: bool,
}

/// Asks the scheduler about a pod in a cluster as it is at `now`. `configuration` is a `KubeSchedulerConfiguration`.
pub fn matrix(cluster: &Cluster, configuration: Option<&Value>, pod: PodId, now: Time) -> Option<PodMatrix> {
    let mut cluster = cluster.clone();
    let bound = cluster.pods.get(pod.index())?.node;
    if let Some(node) = bound {
        cluster.nodes[node.index()].pods.retain(|&other| other != pod);
    }
    let own = &mut cluster.pods[pod.index()];
    own.node = None;
    own.deletion = None;
    own.gone = false;
    own.phase = crate::cluster::pod::Phase::Pending;
    let read = configuration.and_then(|object| SchedulerConfig::from_json(object, &mut cluster.text).ok());
    let config = read.unwrap_or_else(|| SchedulerConfig::standard(&mut cluster.text));
    let mut scheduler = Scheduler::new(&config, &cluster);
    let attempt = scheduler.attempt(&cluster, pod, now, Detail::Full);
    let order: Vec<NodeId> = scheduler.node_order().to_vec();
    let told = Told { cluster: &cluster, trace: &crate::trace::Trace::default(), steps: &[] };
    Some(PodMatrix {
        at_ms: now.millis(),
        bound: bound.is_some(),
        chosen: attempt.node().map(|node| told.node(node).to_owned()),
        message: match &attempt.outcome {
            Outcome::Ignored(why) => why.clone(),
            Outcome::Gated(refusal) => refusal.message(),
            Outcome::Placed(_) | Outcome::Unplaced => attempt.message.clone(),
        },
        nodes: verdicts(&told, &attempt, &order),
    })
}

fn verdicts(told: &Told<'_>, attempt: &Attempt, order: &[NodeId]) -> Vec<NodeVerdict> {
    let nothing = Matrix::default();
    let matrix = attempt.matrix.as_deref().unwrap_or(&nothing);
    let mut verdicts: Vec<NodeVerdict> = Vec::new();
    for (at, &node) in order.iter().enumerate() {
        let refusal: Option<&Refusal> = match matrix.filter.get(at) {
            Some(&k) if k > 0 => matrix.fails.get(k as usize - 1),
            _ => attempt.prefilter.as_ref(),
        };
        let feasible = matrix.feasible.iter().position(|&other| other == node);
        let scores = feasible.map_or_else(Vec::new, |i| {
            matrix.scores.iter().filter_map(|s| Some((s.plugin.name().to_owned(), s.weight, *s.normalized.get(i)?))).collect()
        });
        verdicts.push(NodeVerdict {
            node: told.node(node).to_owned(),
            zone: told.zone_of(node).to_owned(),
            plugin: refusal.and_then(|r| r.plugin).map(|plugin| plugin.name().to_owned()),
            reasons: refusal.map_or_else(Vec::new, |r| r.reasons.iter().map(|reason| reason.to_string()).collect()),
            scores,
            total: feasible.and_then(|i| matrix.totals.get(i).copied()),
            looked_at: matrix.filter.get(at).is_some_and(|&k| k >= 0) || attempt.prefilter.is_some(),
        });
    }
    verdicts.arrange_by_key(|v| (!v.reasons.is_empty(), !v.looked_at, std::cmp::Reverse(v.total)));
    verdicts
}
