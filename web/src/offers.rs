//! What is at hand to be done to a part of the cluster: each is a step, in the words of its button.

use wavetank_core::scenario::yaml_text;

use crate::store::{Selection, Told};
use crate::wire::{Step, Verb, WorkloadInfo};

/// Something that can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What its button says, without what it is done to.
    pub label: String,
    /// The step's verb.
    pub verb: Verb,
    /// The step's target.
    pub target: String,
}

impl Offer {
    fn plain(verb: Verb, target: &str) -> Offer {
        Offer { label: verb.label().to_string(), verb, target: target.to_string() }
    }

    fn other(label: &str, line: String) -> Offer {
        Offer { label: label.to_string(), verb: Verb::Other, target: line }
    }

    /// As a step at a moment, in virtual milliseconds.
    pub fn step(&self, at_ms: i64) -> Step {
        Step { at_ms, verb: self.verb, target: self.target.clone() }
    }
}

/// What can be done to a node.
pub fn to_node(name: &str) -> Vec<Offer> {
    let mut all: Vec<Offer> =
        [Verb::FailNode, Verb::RecoverNode, Verb::Drain, Verb::Pressure].into_iter().map(|verb| Offer::plain(verb, name)).collect();
    for (label, verb) in [("Cordon", "cordon"), ("Uncordon", "uncordon")] {
        all.push(Offer::other(label, format!("{verb}: {}", yaml_text(name))));
    }
    all
}

/// What can be done to a zone.
pub fn to_zone(name: &str) -> Vec<Offer> {
    let mut all: Vec<Offer> = [Verb::FailZone, Verb::RecoverZone].into_iter().map(|verb| Offer::plain(verb, name)).collect();
    for (label, verb) in [("Cut off", "partition"), ("Reconnect", "reconnect")] {
        all.push(Offer::other(label, format!("{verb}: {{zone: {}}}", yaml_text(name))));
    }
    all
}

/// What can be done to a workload.
pub fn to_workload(info: &WorkloadInfo) -> Vec<Offer> {
    let mut all = Vec::new();
    if info.rolls_out {
        all.extend([Verb::Rollout, Verb::Restart, Verb::BrokenRollout].map(|verb| Offer::plain(verb, &info.label)));
    }
    let label = yaml_text(&info.label);
    if ["deployment/", "statefulset/", "replicaset/"].iter().any(|kind| info.label.contains(kind)) {
        for replicas in [info.desired.saturating_mul(2).max(1), info.desired.saturating_sub(1)] {
            all.push(Offer::other(&format!("Scale to {replicas}"), format!("scale: {{workload: {label}, replicas: {replicas}}}")));
        }
    }
    all.push(Offer::other("Crash", format!("crash: {label}")));
    all
}

/// What can be done to no part in particular.
pub fn anywhere() -> [Offer; 2] {
    [("Registry outage", "registryOutage: {}"), ("Registry recovers", "registryRecovers: {}")]
        .map(|(label, line)| Offer::other(label, line.to_string()))
}

/// What can be done to what is selected, and how that is called; of a pod to its workload. Recovery where there is something to recover.
pub fn to_selected(selection: &Selection, told: &Told, steps: &[Step]) -> Option<(String, Vec<Offer>)> {
    let (name, mut offers) = match selection {
        Selection::Node(name) => (name.clone(), to_node(name)),
        Selection::Zone(name) if !name.is_empty() => (name.clone(), to_zone(name)),
        Selection::Workload(label) => {
            let info = told.story.workloads.iter().find(|workload| workload.label == *label)?;
            (label.clone(), to_workload(info))
        }
        Selection::Pod(name) => {
            let info = &told.story.workloads[told.workload_of(told.story.pod_names.find(name).next()?)?];
            (info.label.clone(), to_workload(info))
        }
        _ => return None,
    };
    offers.retain(|offer| possible(offer.verb, &offer.target, steps));
    Some((name, offers))
}

/// Whether there is something for a step to take back; what takes nothing back is possible at any time.
pub fn possible(verb: Verb, target: &str, steps: &[Step]) -> bool {
    let done = |verb: Verb, line: &str| steps.iter().any(|step| step.verb == verb && step.target.starts_with(line));
    match (verb, target.split(':').next()) {
        (Verb::RecoverZone, _) => done(Verb::FailZone, ""),
        (Verb::RecoverNode, _) => done(Verb::FailNode, ""),
        (Verb::Other, Some("uncordon")) => done(Verb::Other, "cordon:") || done(Verb::Drain, ""),
        (Verb::Other, Some("reconnect")) => done(Verb::Other, "partition:"),
        _ => true,
    }
}

/// A step in words: `Fail zone zone-b`, `Cordon node-1`.
pub fn words(step: &Step) -> String {
    if step.verb != Verb::Other {
        return format!("{} {}", step.verb.label(), step.target);
    }
    let (verb, rest) = step.target.split_once(':').unwrap_or((&step.target, ""));
    let mut said = String::new();
    for (nth, letter) in verb.chars().enumerate() {
        match letter {
            _ if nth == 0 => said.push(letter.to_ascii_uppercase()),
            'A'..='Z' => said.extend([' ', letter.to_ascii_lowercase()]),
            _ => said.push(letter),
        }
    }
    let rest = rest.trim();
    let rest = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(rest);
    format!("{said} {rest}").trim_end().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{NodeInfo, Story};

    fn told() -> Told {
        let web = WorkloadInfo { label: "shop/deployment/web".to_string(), desired: 3, rolls_out: true, ..WorkloadInfo::default() };
        let sum = WorkloadInfo { label: "job/sum".to_string(), desired: 1, ..WorkloadInfo::default() };
        let story = Story {
            nodes: vec![NodeInfo { name: "node-1".to_string(), ..NodeInfo::default() }],
            workloads: vec![web, sum],
            pod_names: ["shop/web-0", "sum-0"].into_iter().collect(),
            pod_workloads: vec![0, 1],
            ..Story::default()
        };
        Told::new(1, story)
    }

    fn labels(selection: Selection, steps: &[Step]) -> Vec<String> {
        to_selected(&selection, &told(), steps).map(|(_, offers)| offers.into_iter().map(|offer| offer.label).collect()).unwrap_or_default()
    }

    #[test]
    fn every_offer_is_a_step_that_scenarios_know_in_just_these_words() {
        let all =
            [to_node("node-1"), to_zone("zone-b"), to_workload(&told().story.workloads[0]), anywhere().to_vec(), to_node("007")].concat();
        for offer in all {
            let step = offer.step(5_000);
            let verb = step.to_verb().unwrap_or_else(|| panic!("{step:?}"));
            assert_eq!(Step::of(&verb, 5_000), step);
        }
    }

    #[test]
    fn what_is_selected_decides_what_is_offered() {
        assert_eq!(labels(Selection::Node("node-1".to_string()), &[]), ["Fail node", "Drain", "Pressure", "Cordon"]);
        let gone = [Step { at_ms: 0, verb: Verb::FailNode, target: "node-1".to_string() }];
        assert!(labels(Selection::Node("node-1".to_string()), &gone).contains(&"Recover node".to_string()));
        assert_eq!(labels(Selection::Zone("zone-b".to_string()), &[]), ["Fail zone", "Cut off"]);
        let web = ["Roll out", "Restart", "Bad release", "Scale to 6", "Scale to 2", "Crash"];
        assert_eq!(labels(Selection::Pod("shop/web-0".to_string()), &[]), web);
        assert_eq!(labels(Selection::Workload("shop/deployment/web".to_string()), &[]), web);
        assert_eq!(labels(Selection::Workload("job/sum".to_string()), &[]), ["Crash"]);
        assert!(labels(Selection::Event(1), &[]).is_empty() && labels(Selection::Pod("nobody".to_string()), &[]).is_empty());
    }

    #[test]
    fn steps_are_told_in_words() {
        let said = |verb: Verb, target: &str| words(&Step { at_ms: 0, verb, target: target.to_string() });
        assert_eq!(said(Verb::FailZone, "zone-b"), "Fail zone zone-b");
        assert_eq!(said(Verb::Other, "registryOutage: {}"), "Registry outage");
        assert_eq!(said(Verb::Other, "scale: {workload: deployment/web, replicas: 6}"), "Scale workload: deployment/web, replicas: 6");
        assert_eq!(said(Verb::Other, "cordon: node-1"), "Cordon node-1");
    }
}
