//! Why a pod is where it is, or is nowhere.

use wavetank_core::cluster::Cluster;
use wavetank_core::cluster::ids::PodId;
use wavetank_core::report::{self, Index, Told};
use wavetank_core::session::{self, Session};
use wavetank_core::units::arrange::Arrange;
use wavetank_core::units::time::Time;

use super::Ran;
use super::story::cause;
use crate::wire::*;

/// With more pods than this a pod's tries and ways in are left out: finding them repeats the run.
const MOST_EXPLAINED: usize = 5_000;

/// Rows of a matrix that are sent: the chosen node, the best, the first refused.
const MOST_ROWS: usize = 60;

pub(super) fn why(session: &Session, ran: &Ran, pod: u32, at_ms: i64) -> Why {
    let (id, at) = (PodId(pod), Time::at(at_ms));
    let end = ran.run.end();
    let tell = |trace, steps| Told { cluster: end, trace, steps };
    let told = tell(ran.run.trace(), &ran.words);
    let early = tell(session.settle_trace(), &[]);
    let indexes = ran.indexes.get_or_init(|| [session.settle_trace(), ran.run.trace()].map(|trace| Index::new(trace, end.pods.len())));
    let story = report::why::pod(&[early, told], indexes, id, at);
    let summary = match (&story.refusal, &story.meaning, &story.node) {
        (Some(refusal), Some(meaning), _) => format!("{refusal}\n{meaning}"),
        (Some(refusal), None, _) => refusal.clone(),
        (None, _, Some(node)) => format!("{} · on {node}", story.workload),
        (None, _, None) => format!("{} · on no node", story.workload),
    };
    let life = story.life.iter().map(cause).collect();
    let mut why = Why { pod, at_ms, summary, chain: life, ..Why::default() };
    if let Some(decision) = ran.run.decision(session, &ran.scenario, id, at) {
        why.decided_ms = Some(decision.at.millis());
        why.nodes = decision.matrix.nodes.len() as u32;
        fill_matrix(&mut why, &decision, end);
    }
    if story.refusal.is_some()
        && end.pods.len() <= MOST_EXPLAINED
        && let Some(explained) = session.explain(&ran.scenario, id, Some(at))
    {
        why.attempts = explained.attempts.iter().map(attempt).collect();
        why.ways = explained.ways.iter().map(way).collect();
    }
    why
}

fn attempt(of: &report::AttemptStory) -> Cause {
    let found = match (&of.node, &of.preempts) {
        (Some(node), _) => format!("placed on {node}"),
        (None, Some((node, pods))) => format!("{} · makes room on {node}: {}", of.message, pods.join(", ")),
        (None, None) => of.message.clone(),
    };
    let changed: Vec<String> = of.changed.iter().map(|of| format!("{}: {} → {}", of.nodes.join(", "), of.was, of.is)).collect();
    let since = if changed.is_empty() { String::new() } else { format!(" (since the try before: {})", changed.join("; ")) };
    Cause { at_ms: of.at_ms, text: format!("{found}{since}") }
}

fn way(of: &report::Way) -> Advice {
    let place = of.node.as_ref().map_or(String::new(), |node| format!("it then goes to {node}"));
    let why = [place, of.remark.clone()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    Advice { title: of.changes.join(", and "), why, snippet: of.snippet.clone(), tried: Tried::Helps, ..Advice::default() }
}

fn fill_matrix(why: &mut Why, decision: &session::Decision, cluster: &Cluster) {
    let chosen = decision.chosen.and_then(|node| cluster.nodes.get(node.index())).map(|node| cluster.text(node.name));
    let verdicts = &decision.matrix.nodes;
    for verdict in verdicts {
        for plugin in verdict.plugin.iter().chain(verdict.scores.iter().map(|(plugin, _, _)| plugin)) {
            if !why.plugins.contains(plugin) {
                why.plugins.push(plugin.clone());
            }
        }
    }
    why.plugins.arrange();
    let cell = |verdict: &report::NodeVerdict, plugin: &String| {
        if !verdict.reasons.is_empty() {
            return (verdict.plugin.as_ref() == Some(plugin)).then(|| Cell { reason: verdict.reasons.join(", "), score: None });
        }
        let score = verdict.scores.iter().find(|(scoring, _, _)| scoring == plugin).map(|(_, weight, score)| weight * score);
        verdict.looked_at.then(|| Cell { reason: String::new(), score })
    };
    why.rows = verdicts
        .iter()
        .map(|verdict| Row {
            node: verdict.node.clone(),
            cells: why.plugins.iter().map(|plugin| cell(verdict, plugin)).collect(),
            // A single feasible node is not scored at all.
            total: verdict.total.or((verdict.reasons.is_empty() && verdict.looked_at).then_some(0)),
            chosen: chosen == Some(verdict.node.as_str()),
            refused: if verdict.plugin.is_none() { verdict.reasons.join(", ") } else { String::new() },
        })
        .collect();
    why.rows.arrange_by_key(|row| !row.chosen);
    why.rows.truncate(MOST_ROWS);
}
