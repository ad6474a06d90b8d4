//! What hangs on the orders that Kubernetes leaves open: the outcomes of one what-if with many seeds, folded into what is certain - it came
//! out so with each - and what is only possible, with the smallest seed that shows it. Runs nothing itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model::{Harm, WorkloadOutcome};
use crate::scenario::{Outcome, Verdict};
use crate::units::arrange::Arrange;

/// What a what-if came to with one seed, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedRun {
    /// The seed.
    pub seed: u64,
    outcomes: Vec<(Asked, String, String, Option<String>)>,
}

/// What an outcome is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Asked {
    /// A promise of the scenario.
    Expectation,
    /// How a workload fared.
    Workload,
    /// Whether a step was done.
    Step,
}

impl Asked {
    /// As a word.
    pub const fn name(self) -> &'static str {
        match self {
            Asked::Expectation => "expectation",
            Asked::Workload => "workload",
            Asked::Step => "step",
        }
    }
}

/// What many seeds came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeedReport {
    /// The first seed; the others follow it.
    pub first_seed: u64,
    /// How many there were.
    pub seeds: usize,
    /// What was asked of each run: promises first, what is only possible before what is certain.
    pub subjects: Vec<SeedSubject>,
}

/// Something that every run has an outcome of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeedSubject {
    /// What it is.
    pub asked: Asked,
    /// The workload, the promise or the step.
    pub name: String,
    /// Whether it came out the same with every seed.
    pub certain: bool,
    /// What it came to, the most frequent first.
    pub outcomes: Vec<SeedOutcome>,
}

/// One outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeedOutcome {
    /// In words.
    pub outcome: String,
    /// With how many of the seeds.
    pub seeds: usize,
    /// The smallest of them: a run with it is this outcome again.
    pub smallest_seed: u64,
    /// What there is to say of it with that seed.
    pub detail: Option<String>,
}

impl SeedRun {
    /// What a run with a seed came to.
    pub fn of(seed: u64, workloads: &[WorkloadOutcome], outcome: &Outcome, steps: &[String]) -> SeedRun {
        let mut outcomes = Vec::new();
        for judged in &outcome.expectations {
            let (word, detail) = match &judged.verdict {
                Verdict::Holds { .. } => ("holds", None),
                Verdict::Fails(failure) => ("does not hold", Some(failure.message.clone())),
                Verdict::Broken(why) => ("cannot be judged", Some(why.clone())),
                Verdict::NotEvaluated => ("is not judged", None),
            };
            outcomes.push((Asked::Expectation, judged.title.clone(), word.to_owned(), detail));
        }
        for workload in workloads {
            outcomes.push((Asked::Workload, workload.label.clone(), harm_in_words(workload.harm).to_owned(), None));
        }
        for (number, step) in outcome.steps.iter().enumerate() {
            use crate::scenario::StepState;
            let (word, detail) = match &step.state {
                StepState::Done { .. } => ("is done", None),
                StepState::Refused { why, .. } => ("is refused", Some(why.clone())),
                StepState::NotDue | StepState::Waiting { .. } | StepState::Behind => ("does not begin", None),
            };
            let name = steps.get(number).cloned().unwrap_or_else(|| step.verb.name().to_owned());
            outcomes.push((Asked::Step, name, word.to_owned(), detail));
        }
        SeedRun { seed, outcomes }
    }
}

impl SeedReport {
    /// Folds runs with seeds that follow each other, in their order. Nothing for no run.
    pub fn of(runs: &[SeedRun]) -> Option<SeedReport> {
        let first = runs.first()?;
        // By sort, then in the order of the document: two promises may have one title.
        let mut subjects: BTreeMap<(Asked, String, usize), Vec<SeedOutcome>> = BTreeMap::new();
        let mut order: Vec<(Asked, String, usize)> = Vec::new();
        for run in runs {
            let mut seen: BTreeMap<(Asked, &str), usize> = BTreeMap::new();
            for (asked, name, outcome, detail) in &run.outcomes {
                let nth = seen.entry((*asked, name)).or_insert(0);
                let key = (*asked, name.clone(), *nth);
                *nth += 1;
                let outcomes = subjects.entry(key.clone()).or_insert_with(|| {
                    order.push(key);
                    Vec::new()
                });
                match outcomes.iter_mut().find(|known| known.outcome == *outcome) {
                    Some(known) => known.seeds += 1,
                    None => {
                        let (outcome, detail) = (outcome.clone(), detail.clone());
                        outcomes.push(SeedOutcome { outcome, seeds: 1, smallest_seed: run.seed, detail });
                    }
                }
            }
        }
        let told = order.into_iter().filter_map(|key| subjects.remove(&key).map(|outcomes| (key, outcomes)));
        let mut subjects: Vec<SeedSubject> = told
            .map(|((asked, name, _), mut outcomes)| {
                outcomes.arrange_by_key(|outcome| (std::cmp::Reverse(outcome.seeds), outcome.smallest_seed));
                let certain = outcomes.len() == 1 && outcomes[0].seeds == runs.len();
                SeedSubject { asked, name, certain, outcomes }
            })
            // That a step is done every time is nothing to tell.
            .filter(|subject| subject.asked != Asked::Step || !subject.certain || subject.outcomes.iter().any(|o| o.outcome != "is done"))
            .collect();
        subjects.arrange_by_key(|subject| (subject.certain, subject.asked));
        Some(SeedReport { first_seed: first.seed, seeds: runs.len(), subjects })
    }

    /// How many outcomes are certain, and how many only possible.
    pub fn counts(&self) -> (usize, usize) {
        let certain = self.subjects.iter().filter(|subject| subject.certain).count();
        (certain, self.subjects.len() - certain)
    }

    /// Whether every promise holds with every seed.
    pub fn holds(&self) -> bool {
        let promises = self.subjects.iter().filter(|subject| subject.asked == Asked::Expectation);
        promises
            .into_iter()
            .all(|subject| subject.outcomes.iter().all(|outcome| matches!(outcome.outcome.as_str(), "holds" | "is not judged")))
    }

    /// The smallest seed with which a promise does not hold.
    pub fn smallest_failing(&self) -> Option<u64> {
        let promises = self.subjects.iter().filter(|subject| subject.asked == Asked::Expectation);
        let failing = promises.flat_map(|subject| &subject.outcomes).filter(|o| o.outcome != "holds" && o.outcome != "is not judged");
        failing.map(|outcome| outcome.smallest_seed).min()
    }

    /// How many seeds there were, and what is certain with them, as a sentence.
    pub fn summary(&self) -> String {
        let last = self.first_seed.saturating_add(self.seeds.saturating_sub(1) as u64);
        let (certain, possible) = self.counts();
        let outcomes = |count: usize| if count == 1 { "1 outcome is".to_owned() } else { format!("{count} outcomes are") };
        let rest = match possible {
            0 => "none hangs on what Kubernetes leaves open".to_owned(),
            _ => format!("{} only possible", outcomes(possible)),
        };
        match self.seeds {
            1 => format!("one seed, {}: {} told; more seeds would show what hangs on the order", self.first_seed, outcomes(certain)),
            count => format!("{count} seeds, {} to {last}: {} certain, {rest}", self.first_seed, outcomes(certain)),
        }
    }
}

impl SeedSubject {
    /// What it came to, as a sentence without an end.
    pub fn in_words(&self, seeds: usize) -> String {
        let subject = format!("{} {}", self.asked.name(), self.name);
        if let (true, Some(only)) = (self.certain, self.outcomes.first()) {
            let detail = only.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
            return format!("{subject} {} with every seed{detail}", only.outcome);
        }
        let told = self.outcomes.iter().map(|outcome| {
            let detail = outcome.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
            format!("{} in {} of {seeds} (--seed {}{detail})", outcome.outcome, outcome.seeds, outcome.smallest_seed)
        });
        format!("{subject} {}", told.collect::<Vec<_>>().join(", "))
    }
}

/// How a workload fared. A dip that comes back without an outage is no outcome that matters.
pub(crate) const fn harm_in_words(harm: Harm) -> &'static str {
    match harm {
        Harm::None | Harm::Dipped => "serves all the time",
        Harm::ShortBefore => "is short from the start",
        Harm::Stuck => "serves, but what was begun does not finish",
        Harm::Short => "is short to the end",
        Harm::Outage => "has an outage",
        Harm::Down => "is down to the end",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seed: u64, web: &str, promise: &str) -> SeedRun {
        let of = |asked, name: &str, outcome: &str| (asked, name.to_owned(), outcome.to_owned(), None);
        SeedRun { seed, outcomes: vec![of(Asked::Expectation, "serves", promise), of(Asked::Workload, "web", web)] }
    }

    #[test]
    fn what_differs_is_possible_and_the_smallest_seed_that_shows_it_is_told() {
        let runs: Vec<SeedRun> = (4..14).map(|seed| run(seed, "is fine", if seed % 5 == 1 { "does not hold" } else { "holds" })).collect();
        let report = SeedReport::of(&runs).expect("there are runs");
        assert_eq!((report.first_seed, report.seeds, report.counts()), (4, 10, (1, 1)));
        assert_eq!(report.summary(), "10 seeds, 4 to 13: 1 outcome is certain, 1 outcome is only possible");
        let [promise, web] = report.subjects.as_slice() else { panic!("{report:?}") };
        assert_eq!(promise.in_words(10), "expectation serves holds in 8 of 10 (--seed 4), does not hold in 2 of 10 (--seed 6)");
        assert_eq!(web.in_words(10), "workload web is fine with every seed");
        assert_eq!((report.holds(), report.smallest_failing()), (false, Some(6)));
        assert_eq!(SeedReport::of(&[]), None);
    }
}
