//! What hangs on choices among equally good nodes: the settling and the scenario are run again with other members of the best sets, each
//! alternative once, or, where these are too many, with all choices drawn by the seed.

use std::collections::BTreeMap;

use super::{RerunBudget, Run, Session};
use crate::cluster::ids::NodeId;
use crate::cluster::state::Workload;
use crate::engine::Sim;
use crate::engine::ties::{Tie, TieRule, Ties};
use crate::report::{TieChange, TieReport, harm_in_words, span};
use crate::scenario::{Scenario, Verdict};
use crate::units::arrange::Arrange;
use crate::units::rng::Chance;

/// The most changed outcomes that are told.
const MOST_CHANGES: usize = 12;

/// What a run came to, as far as it matters: how badly each workload was hit, and whether each expectation holds.
type Outcomes = BTreeMap<String, String>;

impl Session {
    /// Tries other choices among equally good nodes than those of `run`, which ran `scenario`.
    pub fn ties(&self, scenario: &Scenario, run: &Run, budget: &RerunBudget) -> TieReport {
        let each = (self.settle_trace().len() + run.trace().len()).max(1);
        let most = budget.runs.min(budget.records / each);
        let (seen, own, sim) = self.with_ties(scenario, TieRule::Own);
        let alternatives: usize = seen.iter().map(|tie| tie.best.len() - 1).sum();
        let enumerated = alternatives <= most;
        let in_words = |tie: &Tie, node: NodeId| {
            let pod = sim.cluster().workload_label(Workload::Pod(tie.pod));
            let name = |id: NodeId| sim.cluster().text(sim.cluster().node(id).name);
            format!("{pod} at {} on {} instead of {}", span(tie.at.millis()), name(node), name(tie.taken))
        };
        let mut changes: BTreeMap<(String, String, String), (usize, String)> = BTreeMap::new();
        let (mut runs, mut differing) = (0, 0);
        let mut compare = |outcomes: Outcomes, example: String| {
            runs += 1;
            let mut any = false;
            for (subject, is) in outcomes {
                let was = own.get(&subject).cloned().unwrap_or_default();
                if was != is {
                    any = true;
                    changes.entry((subject, was, is)).or_insert_with(|| (0, example.clone())).0 += 1;
                }
            }
            differing += usize::from(any);
        };
        if enumerated {
            for (number, tie) in seen.iter().enumerate() {
                for &other in tie.best.iter().filter(|&&node| node != tie.taken) {
                    let (_, outcomes, _) = self.with_ties(scenario, TieRule::Once(number, other));
                    compare(outcomes, in_words(tie, other));
                }
            }
        } else {
            for draw in 0..most {
                let chance = Chance::new(self.seed().wrapping_add(draw as u64), "ties");
                let (_, outcomes, _) = self.with_ties(scenario, TieRule::Drawn(Box::new(chance)));
                compare(outcomes, String::new());
            }
        }
        let mut changes: Vec<TieChange> =
            changes.into_iter().map(|((subject, was, is), (runs, example))| TieChange { subject, was, is, runs, example }).collect();
        changes.arrange_by_key(|change| std::cmp::Reverse(change.runs));
        changes.truncate(MOST_CHANGES);
        TieReport { decisions: seen.len(), alternatives, enumerated, runs, differing, changes }
    }

    fn with_ties(&self, scenario: &Scenario, rule: TieRule) -> (Vec<Tie>, Outcomes, Sim) {
        let (mut sim, settle_trace) = self.begin_anew(self.built(), scenario.start, Some(Ties::new(rule)));
        let (workloads, outcome) = self.fare(&mut sim, &settle_trace, scenario);
        let mut outcomes: Outcomes = workloads.into_iter().map(|w| (w.label, harm_in_words(w.harm).to_owned())).collect();
        for judged in &outcome.expectations {
            let holds = match judged.verdict {
                Verdict::Holds { .. } => "holds",
                Verdict::Fails(_) => "does not hold",
                Verdict::Broken(_) | Verdict::NotEvaluated => "is not judged",
            };
            outcomes.insert(format!("expectation {}", judged.title), holds.to_owned());
        }
        let seen = sim.scheduling().ties().map_or_else(Vec::new, |ties| ties.seen().to_vec());
        (seen, outcomes, sim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::build::{ClusterOptions, NodeShape};
    use crate::manifest::SourceSet;
    use crate::scenario::{Step, Verb};
    use crate::session::SessionOptions;
    use crate::units::time::Time;

    fn tried(runs: usize) -> TieReport {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: one}\nspec: {containers: [{name: c, image: 'c:1'}]}\n";
        let cluster = ClusterOptions {
            nodes: Some(3),
            shape: NodeShape::parse("cpu=2,memory=4Gi").ok(),
            zones: vec!["a".to_owned()],
            ..ClusterOptions::default()
        };
        let session = Session::open(SourceSet::single("one.yaml", text), &SessionOptions { cluster, ..SessionOptions::default() });
        // The node on which the pod is; on the others it would not have noticed.
        let node = session.cluster().live_pods().find_map(|(_, pod)| pod.node).expect("it is placed");
        let node = session.cluster().text(session.cluster().node(node).name).to_owned();
        let scenario = Scenario::of_steps("lost", vec![Step::at(Time::ZERO, Verb::FailNode { node })]);
        let run = session.run(&scenario);
        session.ties(&scenario, &run, &RerunBudget { runs, records: usize::MAX })
    }

    #[test]
    fn every_other_choice_is_tried_and_what_it_changes_is_told() {
        let ties = tried(100);
        assert_eq!((ties.decisions, ties.alternatives, ties.enumerated, ties.runs, ties.differing), (1, 2, true, 2, 2), "{ties:?}");
        let change = &ties.changes[0];
        assert_eq!((change.subject.as_str(), change.is.as_str(), change.runs), ("pod/one", "serves all the time", 2));
        assert!(change.example.contains("instead of"), "{change:?}");
    }

    #[test]
    fn too_many_choices_are_drawn_and_it_is_said_so() {
        let ties = tried(1);
        assert!(!ties.enumerated && ties.runs == 1, "{ties:?}");
        assert_eq!(ties, tried(1), "the same seed draws the same");
    }
}
