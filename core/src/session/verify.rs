//! Proposals put to the test: each is applied to the cluster as it was built, the same scenario is run, and what came of it is told.
//! How many runs that takes is bounded by their simulated size, never by the clock.

use super::{Run, Session};
use crate::cluster::Cluster;
use crate::report::{Harm, Hurt, MOST_NAMES, Proposal, Remedy, Report, Trial, Verified, WorkloadOutcome, span};
use crate::scenario::Scenario;
use crate::trace::{Change, DeleteReason, Trace};
use crate::units::arrange::Arrange;

/// How much may be simulated to verify the proposals of one report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RerunBudget {
    /// Runs at most.
    pub runs: usize,
    /// Records of all runs together, at most; a run is expected to make as many as the one it repeats.
    pub records: usize,
}

impl Default for RerunBudget {
    /// What takes a few seconds.
    fn default() -> RerunBudget {
        RerunBudget { runs: 24, records: 2_000_000 }
    }
}

/// The most nodes that are tried in each zone where more of them are what helps.
const MOST_NODES: u32 = 64;

/// Which measure a rule is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aim {
    /// Something serves all the time.
    Serving,
    /// All that is wanted serves in the end.
    Recovery,
    /// It takes less time.
    Sooner,
    /// Evictions go through.
    Evictions,
}

fn aim(proposal: &Proposal) -> Aim {
    match proposal.id.as_str() {
        "more-than-one-replica"
        | "spread-over-zones"
        | "spread-over-nodes"
        | "roll-out-in-waves"
        | "budget-for-drains"
        | "loose-affinity" => Aim::Serving,
        "leave-lost-nodes-sooner" => Aim::Sooner,
        "budget-that-lets-go" => Aim::Evictions,
        _ => Aim::Recovery,
    }
}

/// What a repeated run came to.
struct Tried {
    workloads: Vec<WorkloadOutcome>,
    /// Evictions refused, and granted.
    evictions: (usize, usize),
}

impl Session {
    /// Tries the proposals of a report of `run`, which ran `scenario`, and writes into each what came of it. Those that help come first.
    pub fn verify(&self, scenario: &Scenario, run: &Run, report: &mut Report, budget: &RerunBudget) {
        let each = (self.settle_trace().len() + run.trace().len()).max(1);
        let mut left = budget.runs.min(budget.records / each);
        let before = Tried { workloads: report.workloads.clone(), evictions: evictions(run.trace()) };
        let built = (!report.proposals.is_empty() && left > 0).then(|| self.built());
        for proposal in &mut report.proposals {
            if proposal.remedies.is_empty() {
                "not tried: it needs a value that only you know".clone_into(&mut proposal.outcome);
                continue;
            }
            let Some(built) = built.as_ref().filter(|_| left > 0) else {
                proposal.outcome = format!("not tried: a run makes {each} records, and the budget for repeating it is used up");
                continue;
            };
            self.prove(scenario, built, &before, proposal, &mut left);
        }
        report.proposals.arrange_by_key(|p| match p.verified {
            Verified::Holds => 0,
            Verified::Partly | Verified::NotRun => 1,
            Verified::Fails => 2,
        });
    }

    fn prove(&self, scenario: &Scenario, built: &Cluster, before: &Tried, proposal: &mut Proposal, left: &mut usize) {
        let start = *left;
        let mut tried = |remedies: &[Remedy]| {
            *left = left.checked_sub(1)?;
            Some(self.again(scenario, built, remedies))
        };
        let counted = matches!(proposal.remedies[..], [Remedy::MoreNodes { .. }]);
        let first = match tried(&proposal.remedies) {
            Some(Ok(first)) => first,
            Some(Err(why)) => return proposal.outcome = format!("not tried: {why}"),
            None => return,
        };
        let mut after = judged(proposal, before, &first);
        let mut count = 1;
        if counted && after.0 != Verified::Holds {
            // Doubled until it holds, then the least between.
            let more = |in_each_zone| [Remedy::MoreNodes { in_each_zone }];
            let (mut fails, mut holds) = (1, None);
            let mut next = 2;
            while next <= MOST_NODES {
                let Some(Ok(found)) = tried(&more(next)) else { break };
                let judged = judged(proposal, before, &found);
                if judged.0 == Verified::Holds {
                    holds = Some((next, judged));
                    break;
                }
                fails = next;
                if judged.1.after.short_ms < after.1.after.short_ms {
                    (after, count) = (judged, next);
                }
                next *= 2;
            }
            if let Some((mut most, mut best)) = holds {
                while most - fails > 1 {
                    let middle = fails.midpoint(most);
                    let Some(Ok(found)) = tried(&more(middle)) else { break };
                    let judged = judged(proposal, before, &found);
                    match judged.0 {
                        Verified::Holds => (most, best) = (middle, judged),
                        _ => fails = middle,
                    }
                }
                (after, count) = (best, most);
            }
            proposal.remedies = vec![Remedy::MoreNodes { in_each_zone: count }];
        }
        let (verified, mut trial, text) = after;
        trial.runs = start - *left;
        proposal.verified = verified;
        proposal.outcome = match counted {
            true => format!("with {count} more node{} in each zone, like those there: {text}", if count == 1 { "" } else { "s" }),
            false => text,
        };
        proposal.trial = Some(trial);
    }

    /// The same scenario on a cluster that is changed before anything runs.
    fn again(&self, scenario: &Scenario, built: &Cluster, remedies: &[Remedy]) -> Result<Tried, String> {
        let (mut cluster, mut scenario) = (built.clone(), scenario.clone());
        for remedy in remedies {
            remedy.apply(&mut cluster, &mut scenario).map_err(|inapplicable| inapplicable.0)?;
        }
        // The harm is what counts: expectations are not judged again.
        scenario.expectations.clear();
        let (mut sim, settle_trace) = self.begin_anew(cluster, scenario.start, None);
        let (workloads, _) = self.fare(&mut sim, &settle_trace, &scenario);
        Ok(Tried { workloads, evictions: evictions(sim.api().trace()) })
    }
}

/// Evictions refused, and granted.
fn evictions(trace: &Trace) -> (usize, usize) {
    let count = |wanted: fn(&Change) -> bool| trace.records().iter().filter(|record| wanted(&record.change)).count();
    (count(|c| matches!(c, Change::EvictionRefused(..))), count(|c| matches!(c, Change::PodDeleting(DeleteReason::Evicted(_)))))
}

/// What became of those a proposal is for, and of the others.
fn judged(proposal: &Proposal, before: &Tried, after: &Tried) -> (Verified, Trial, String) {
    let named = |w: &&WorkloadOutcome| proposal.subjects.contains(&w.label);
    let for_some = before.workloads.iter().any(|w| named(&w));
    let subject = |w: &&WorkloadOutcome| if for_some { named(w) } else { w.harm > Harm::None };
    let pairs: Vec<(&WorkloadOutcome, &WorkloadOutcome)> = before
        .workloads
        .iter()
        .filter(subject)
        .filter_map(|was| Some((was, after.workloads.iter().find(|is| is.label == was.label)?)))
        .collect();
    let sum = |sum: Hurt, w: &WorkloadOutcome| Hurt {
        harm: sum.harm.max(w.harm),
        none_ms: sum.none_ms.max(w.none_ms),
        short_ms: sum.short_ms.max(w.short_ms),
    };
    let was = pairs.iter().fold(Hurt::default(), |all, (was, _)| sum(all, was));
    let is = pairs.iter().fold(Hurt::default(), |all, (_, is)| sum(all, is));
    let harm_before = |label: &str| before.workloads.iter().find(|w| w.label == label).map_or(Harm::None, |w| w.harm);
    let worse = after.workloads.iter().filter(|w| w.harm > harm_before(&w.label) && w.harm > Harm::Dipped);
    let mut worse: Vec<String> = worse.map(|w| w.label.clone()).collect();
    worse.truncate(MOST_NAMES);
    let aim = aim(proposal);
    let helped = |(was, is): &&(&WorkloadOutcome, &WorkloadOutcome)| match aim {
        Aim::Serving => is.none_ms == 0,
        Aim::Recovery => is.harm <= Harm::Dipped || (is.harm == Harm::Outage && is.short_ms < was.short_ms),
        Aim::Sooner => is.harm == Harm::None,
        Aim::Evictions => after.evictions.1 > before.evictions.1,
    };
    let eased = |(was, is): &&(&WorkloadOutcome, &WorkloadOutcome)| {
        is.harm <= was.harm
            && is.none_ms <= was.none_ms
            && is.short_ms <= was.short_ms
            && (is.harm, is.none_ms, is.short_ms) != (was.harm, was.none_ms, was.short_ms)
    };
    let (all, gone, less) = (pairs.len(), pairs.iter().filter(helped).count(), pairs.iter().filter(|p| helped(p) || eased(p)).count());
    let times = |hurt: &Hurt| match hurt.harm {
        Harm::None => "nothing is lost".to_owned(),
        Harm::Down => "nothing serves in the end".to_owned(),
        Harm::Stuck => "it does not finish".to_owned(),
        _ if hurt.none_ms > 0 => format!("nothing serves for {}", span(hurt.none_ms)),
        Harm::Short | Harm::ShortBefore => "something serves all the time, but not all come back".to_owned(),
        _ => format!("fewer than wanted for {}", span(hurt.short_ms)),
    };
    let refused = |count: usize| format!("{count} eviction{} refused", if count == 1 { "" } else { "s" });
    let (verified, mut text) = match () {
        () if aim == Aim::Evictions => match after.evictions.1 > before.evictions.1 {
            true if worse.is_empty() => (Verified::Holds, format!("verified: with it the drain goes on, {}", refused(after.evictions.0))),
            true => (Verified::Partly, format!("with it the drain goes on, {}", refused(after.evictions.0))),
            false => (Verified::Fails, format!("does not help here: {} with it", refused(after.evictions.0))),
        },
        () if all > 0 && gone == all && worse.is_empty() => {
            (Verified::Holds, format!("verified: with it {} (without it {})", times(&is), times(&was)))
        }
        () if all > 0 && gone == all => (Verified::Partly, format!("helps: with it {} (without it {})", times(&is), times(&was))),
        () if less > 0 && all == 1 => (Verified::Partly, format!("helps partly: {} instead of {}", amount(&is, &was), amount(&was, &is))),
        () if less > 0 => {
            let best = pairs
                .iter()
                .filter(|p| helped(p) || eased(p))
                .max_by_key(|(was, is)| was.none_ms - is.none_ms + was.short_ms - is.short_ms);
            let example = best.map_or(String::new(), |(was, is)| {
                let (w, i) = (sum(Hurt::default(), was), sum(Hurt::default(), is));
                format!(", such as {}: {} instead of {}", was.label, amount(&i, &w), amount(&w, &i))
            });
            (Verified::Partly, format!("helps {less} of {all}{example}"))
        }
        () => {
            let because =
                pairs.iter().find_map(|(_, is)| is.not_recovered_because.as_ref()).map_or(String::new(), |why| format!(": {why}"));
            (Verified::Fails, format!("does not help here: with it {}{because}", times(&is)))
        }
    };
    if !worse.is_empty() && verified != Verified::Fails {
        text.push_str(&format!("; but {} would be hit harder", worse.join(", ")));
    }
    (verified, Trial { before: was, after: is, worse, runs: 0 }, text)
}

/// The measure in which two differ, the worst first.
fn amount(of: &Hurt, other: &Hurt) -> String {
    match () {
        () if of.harm != other.harm && of.harm == Harm::Down => "nothing serves in the end".to_owned(),
        () if of.none_ms != other.none_ms => format!("nothing serves for {}", span(of.none_ms)),
        () => format!("fewer than wanted for {}", span(of.short_ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::SourceSet;
    use crate::scenario::{Step, Verb};
    use crate::session::SessionOptions;
    use crate::units::time::Time;

    const ONE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  \
                       selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    \
                       spec: {containers: [{name: web, image: 'web:1'}]}\n";

    fn lost(text: &str, budget: &RerunBudget) -> Report {
        let session = Session::open(SourceSet::single("web.yaml", text), &SessionOptions::default());
        let zone = session.cluster().live_pods().find_map(|(_, pod)| pod.node).map(|node| session.cluster().node(node).zone);
        let zone = session.cluster().zone_name(zone.expect("it is placed")).to_owned();
        let scenario = Scenario::of_steps("lost", vec![Step::at(Time::ZERO, Verb::FailZone { zone })]);
        let run = session.run(&scenario);
        let mut report = run.report(&session);
        session.verify(&scenario, &run, &mut report, budget);
        report
    }

    #[test]
    fn two_replicas_in_two_zones_are_verified_to_survive_one() {
        let report = lost(ONE, &RerunBudget::default());
        let found = report.proposals.iter().find(|p| p.id == "more-than-one-replica").expect("it is proposed");
        assert_eq!(found.verified, Verified::Holds, "{}", found.outcome);
        let trial = found.trial.as_ref().expect("it was tried");
        assert!(trial.before.none_ms > 0 && trial.after.none_ms == 0, "{trial:?}");
        let sooner = report.proposals.iter().find(|p| p.id == "leave-lost-nodes-sooner").expect("it is proposed");
        assert_eq!(sooner.verified, Verified::Partly, "{}", sooner.outcome);
    }

    #[test]
    fn what_does_not_help_is_said_not_to() {
        // The pods must stand beside a pod that is pinned to the first node by its name: spreading is in vain.
        let text = format!(
            "{}      nodeSelector: {{kubernetes.io/hostname: node-1}}\n",
            ONE.replace("spec: {containers: [{name: web, image: 'web:1'}]}", "spec:\n      containers: [{name: web, image: 'web:1'}]")
        );
        let report = lost(&text, &RerunBudget::default());
        let found = report.proposals.iter().find(|p| p.id == "more-than-one-replica").expect("it is proposed");
        assert_eq!(found.verified, Verified::Fails, "{}", found.outcome);
    }

    #[test]
    fn without_a_budget_nothing_is_claimed() {
        let report = lost(ONE, &RerunBudget { runs: 0, records: 0 });
        assert!(!report.proposals.is_empty());
        assert!(report.proposals.iter().all(|p| p.verified == Verified::NotRun && p.outcome.starts_with("not tried")));
    }
}
