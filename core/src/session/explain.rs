//! Explaining a pod: every attempt to place it, from the run made again with the pod watched, and the ways in. Changes nothing in a run.

use std::collections::BTreeMap;

use super::{Session, scheduler_configuration, ways};
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::state::Workload;
use crate::engine::Sim;
use crate::engine::attempts::{Attempts, Code, KeptAttempt};
use crate::report::{AttemptStory, ChangedNodes, Explained, MOST_NAMES, NodeGroup};
use crate::scenario::{self, Scenario, Start};
use crate::units::arrange::Arrange;
use crate::units::time::Time;

impl Session {
    /// Every attempt to place a pod, no later than `until`, with the cluster as it is then: the settling (for a pod that was made in it) and the
    /// scenario are run again with the pod watched.
    pub fn attempts(&self, scenario: &Scenario, pod: PodId, until: Option<Time>) -> Sim {
        let mut sim = match scenario.start {
            // A pod that the what-if makes needs no second settling.
            Start::Settled if pod.index() >= self.settled().cluster().pods.len() => {
                let mut sim = self.begin(Start::Settled);
                sim.watch_attempts(pod);
                sim
            }
            Start::Settled => Sim::settled_watching(self.built(), &self.sim_options(), pod).0,
            Start::Applied => {
                let mut sim = self.begin(Start::Applied);
                sim.watch_attempts(pod);
                sim
            }
        };
        let until = match (until, scenario.until) {
            (Some(until), Some(own)) => Some(until.min(own)),
            (until, own) => until.or(own),
        };
        if until.is_none_or(|until| until >= Time::ZERO) {
            scenario::run(&mut sim, &Scenario { until, expectations: Vec::new(), ..scenario.clone() });
        }
        sim
    }

    /// Explains a pod as of `at` (the end of the run where none is given): its attempts, what changed between them, and the smallest changes
    /// that would have let it in where the last attempt failed. None for a pod that the scheduler was never asked about.
    pub fn explain(&self, scenario: &Scenario, pod: PodId, at: Option<Time>) -> Option<Explained> {
        let sim = self.attempts(scenario, pod, at);
        let attempts = sim.scheduling().attempts().filter(|attempts| !attempts.all().is_empty())?;
        let cluster = sim.cluster();
        let refused = attempts.all().last().is_some_and(|last| last.at <= at.unwrap_or(last.at) && !last.message.is_empty());
        let configuration = scheduler_configuration(self.manifest());
        let searched =
            attempts.refused_in().filter(|_| refused).map(|(then, at)| (at, ways::search(then, configuration.as_ref(), pod, at)));
        let name = cluster.workload_label(Workload::Pod(pod));
        Some(Explained {
            pod: name.replacen("pod/", "", 1),
            attempts: stories(attempts, cluster),
            ways_at_ms: searched.as_ref().map(|(at, _)| at.millis()),
            asked: searched.as_ref().map_or(0, |(_, searched)| searched.asked),
            cut: searched.as_ref().is_some_and(|(_, searched)| searched.cut),
            ways: searched.map_or_else(Vec::new, |(_, searched)| searched.ways),
        })
    }
}

/// The attempts in words.
fn stories(attempts: &Attempts, cluster: &Cluster) -> Vec<AttemptStory> {
    let mut found: BTreeMap<NodeId, Code> = BTreeMap::new();
    let mut told = Vec::new();
    for (n, attempt) in attempts.all().iter().enumerate() {
        let mut changed: BTreeMap<(Code, Code), Vec<NodeId>> = BTreeMap::new();
        for &(node, code) in &attempt.changes {
            if let (Some(before), true) = (found.insert(node, code), n > 0) {
                changed.entry((before, code)).or_default().push(node);
            } else if n > 0 {
                changed.entry((Code::MIN, code)).or_default().push(node);
            }
        }
        told.push(story(attempts, attempt, cluster, &found, changed));
    }
    told
}

fn story(
    attempts: &Attempts,
    attempt: &KeptAttempt,
    cluster: &Cluster,
    found: &BTreeMap<NodeId, Code>,
    changed: BTreeMap<(Code, Code), Vec<NodeId>>,
) -> AttemptStory {
    let name = |node: &NodeId| cluster.nodes.get(node.index()).map_or("", |node| cluster.text(node.name)).to_owned();
    let names = |nodes: &[NodeId]| nodes.iter().take(MOST_NAMES).map(name).collect::<Vec<_>>();
    let refusal = |code: Code| usize::try_from(code - 1).ok().and_then(|at| attempts.refusals().get(at));
    let in_words = |code: Code| match code {
        Code::MIN => String::new(),
        0 => "feasible".to_owned(),
        -1 => "not looked at".to_owned(),
        code => refusal(code).map_or_else(String::new, |refusal| refusal.message()),
    };
    let mut groups: BTreeMap<Code, Vec<NodeId>> = BTreeMap::new();
    for (&node, &code) in found {
        // A node that is gone was in the list once, and is not looked at any more.
        if !cluster.nodes.get(node.index()).is_none_or(|node| node.gone && code == -1) {
            groups.entry(code).or_default().push(node);
        }
    }
    let mut nodes: Vec<NodeGroup> = groups
        .into_iter()
        .map(|(code, nodes)| NodeGroup {
            plugin: refusal(code).and_then(|refusal| refusal.plugin).map(|plugin| plugin.name().to_owned()),
            found: in_words(code),
            count: nodes.len(),
            nodes: names(&nodes),
        })
        .collect();
    nodes.arrange_by_key(|group| (group.plugin.is_some(), std::cmp::Reverse(group.count)));
    let pod = |&pod: &PodId| cluster.workload_label(Workload::Pod(pod));
    AttemptStory {
        at_ms: attempt.at.millis(),
        node: match attempt.outcome {
            crate::scheduler::Outcome::Placed(node) => Some(name(&node)),
            _ => None,
        },
        message: attempt.message.clone(),
        preempts: attempt.nominated.map(|node| (name(&node), attempt.victims.iter().map(pod).collect())),
        nodes,
        changed: changed
            .into_iter()
            .map(|((was, is), nodes)| ChangedNodes { was: in_words(was), is: in_words(is), count: nodes.len(), nodes: names(&nodes) })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::build::{ClusterOptions, NodeShape};
    use crate::manifest::SourceSet;
    use crate::report::{Scope, Way};
    use crate::scenario::{Step, Verb};
    use crate::session::SessionOptions;
    use crate::units::time::MINUTE;

    fn pod(name: &str, spec: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{app: {name}}}}}\nspec: {{{spec}, containers: [{{name: c, image: 'c:1', resources: {{requests: {{cpu: '1500m'}}}}}}]}}\n---\n"
        )
    }

    fn session(text: String, nodes: u32) -> Session {
        let cluster = ClusterOptions {
            nodes: Some(nodes),
            shape: NodeShape::parse("cpu=2,memory=4Gi").ok(),
            zones: vec!["a".to_owned()],
            ..ClusterOptions::default()
        };
        Session::open(SourceSet::single("pods.yaml", text), &SessionOptions { cluster, ..SessionOptions::default() })
    }

    fn explained(session: &Session, name: &str, steps: Vec<Step>) -> Explained {
        let pod = (0..session.cluster().pods.len()).map(PodId::from_index).find(|&id| session.cluster().pod_name(id) == name);
        session.explain(&Scenario::of_steps("test", steps), pod.expect("the pod is there"), None).expect("it was tried")
    }

    fn of(explained: &Explained, scope: Scope) -> Vec<&Way> {
        explained.ways.iter().filter(|way| way.scope == scope).collect()
    }

    const LATE: &str = "priority: 0";

    #[test]
    fn the_smallest_request_that_fits_is_found_and_is_the_largest_that_does() {
        let session = session([pod("first", LATE), pod("second", LATE)].concat(), 1);
        let explained = explained(&session, "second", Vec::new());
        assert!(explained.attempts[0].node.is_none() && !explained.cut, "{explained:#?}");
        let ways = of(&explained, Scope::Pod);
        assert_eq!(ways[0].changes, ["ask for cpu 500m instead of 1500m"]);
        assert_eq!(ways[0].remark, "the least step more does not fit");
        let nodes = of(&explained, Scope::Nodes);
        assert_eq!((nodes[0].changes[0].as_str(), nodes[0].node.as_deref()), ("add one node like node-1 in a", Some("node-1-more")));
        assert!(nodes.iter().any(|way| way.changes == ["make node-1 larger: cpu 3 instead of 2"]), "{nodes:?}");
        let others = of(&explained, Scope::Others);
        assert_eq!(others[0].changes, ["remove pod/first from node-1: no other node takes it"]);
    }

    #[test]
    fn several_reasons_on_one_node_are_cured_together() {
        let text = [pod("first", LATE), pod("second", "nodeSelector: {disk: fast}")].concat();
        let session = session(text, 1);
        let explained = explained(&session, "second", Vec::new());
        let ways = of(&explained, Scope::Pod);
        assert_eq!(ways[0].changes, ["drop nodeSelector disk: fast", "ask for cpu 500m instead of 1500m"]);
        let nodes = of(&explained, Scope::Nodes);
        let labelled = ["label node-1 with disk=fast", "make node-1 larger: cpu 3 instead of 2"];
        assert!(nodes.iter().any(|way| way.changes == labelled), "{nodes:?}");
    }

    #[test]
    fn an_attempt_after_the_first_tells_what_changed() {
        let session = session([pod("first", LATE), pod("second", LATE)].concat(), 1);
        let joins = Verb::AddNode { name: "new".to_owned(), like: "node-1".to_owned() };
        let explained = explained(&session, "second", vec![Step::at(Time::ZERO + MINUTE, joins)]);
        let last = explained.attempts.last().expect("it was tried");
        assert_eq!(last.node.as_deref(), Some("new"));
        assert!(explained.attempts.iter().any(|a| a.changed.iter().any(|c| c.nodes == ["new"])), "{explained:#?}");
        assert!(explained.ways.is_empty() && explained.ways_at_ms.is_none(), "it has a place in the end");
    }
}
