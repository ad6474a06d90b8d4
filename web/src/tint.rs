//! What colours mean on the map: the state, or the workload, the zone, how full a node is, age, priority. Each has a second channel beside the colour.

use crate::frame::Frame;
use crate::store::Told;
use wavetank_core::trace::PodState;
use wavetank_core::units::arrange::Arrange;

/// What the colours of pods and nodes stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tint {
    /// The state of a pod.
    #[default]
    State,
    /// Its workload.
    Workload,
    /// How much of its node is requested.
    Fullness,
    /// Its zone.
    Zone,
    /// How long ago it was made.
    Age,
    /// Its priority.
    Priority,
}

/// How many colours there are for things without an order.
pub const HUES: usize = 8;
/// How many steps a scale has.
pub const STEPS: usize = 5;

/// A colour of a tint, and what tells it without the colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shade {
    /// That of the pod's state.
    State,
    /// The n-th hue; told apart by letters.
    Hue(u8),
    /// None of the named ones.
    Other,
    /// The n-th step of a scale; told apart by how far it is filled.
    Step(u8),
}

impl Tint {
    /// All, in the menu's order.
    pub const ALL: [Tint; 6] = [Tint::State, Tint::Workload, Tint::Fullness, Tint::Zone, Tint::Age, Tint::Priority];

    /// What the menu says.
    pub const fn label(self) -> &'static str {
        match self {
            Tint::State => "State",
            Tint::Workload => "Workload",
            Tint::Fullness => "Utilisation",
            Tint::Zone => "Zone",
            Tint::Age => "Age",
            Tint::Priority => "Priority",
        }
    }
}

/// What ages are told apart: up to so many seconds.
const AGES: [(i64, &str); STEPS - 1] = [(10, "under 10 s"), (60, "under 1 min"), (600, "under 10 min"), (3_600, "under 1 h")];

/// What a tint needs to know of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tints {
    /// For each workload its place among those with the most pods; past [`HUES`] for the others.
    ranks: Vec<u8>,
    /// The workloads with the most pods.
    largest: Vec<usize>,
    /// The priorities, lowest first; of many some.
    priorities: Vec<i32>,
}

impl Tints {
    /// Of a run.
    pub fn of(told: &Told) -> Tints {
        let workloads = &told.story.workloads;
        let mut pods = vec![0usize; workloads.len()];
        for &workload in &told.story.pod_workloads {
            if let Some(count) = pods.get_mut(workload as usize) {
                *count += 1;
            }
        }
        let mut largest: Vec<usize> = (0..workloads.len()).filter(|&nth| pods[nth] > 0).collect();
        largest.arrange_by_key(|&nth| (std::cmp::Reverse(pods[nth]), nth));
        largest.truncate(HUES);
        // Colours do not depend on who has a pod more: the named ones go by their order.
        largest.arrange();
        let mut ranks = vec![HUES as u8; workloads.len()];
        for (rank, &nth) in largest.iter().enumerate() {
            ranks[nth] = rank as u8;
        }
        let mut priorities: Vec<i32> = workloads.iter().map(|workload| workload.priority).collect();
        priorities.arrange();
        priorities.dedup();
        Tints { ranks, largest, priorities }
    }

    /// The colour of a pod.
    pub fn pod(&self, tint: Tint, told: &Told, frame: &Frame, pod: usize) -> Shade {
        match tint {
            Tint::State => Shade::State,
            Tint::Workload => match told.workload_of(pod).and_then(|nth| self.ranks.get(nth)) {
                Some(&rank) if usize::from(rank) < HUES => Shade::Hue(rank),
                _ => Shade::Other,
            },
            Tint::Fullness => frame.place(pod).map_or(Shade::Other, |node| self.node(tint, told, frame, node, &[])),
            Tint::Zone => match frame.place(pod).and_then(|node| told.story.nodes.get(node)) {
                Some(node) => Shade::Hue((node.zone as usize % HUES) as u8),
                None => Shade::Other,
            },
            Tint::Age => {
                let born = told.story.pod_born.get(pod).copied().unwrap_or_default();
                let age = frame.at_ms / 1_000 - i64::from(born);
                // The younger, the fuller: what is new is looked for.
                let step = AGES.iter().position(|&(under, _)| age < under).unwrap_or(AGES.len());
                Shade::Step((STEPS - 1 - step) as u8)
            }
            Tint::Priority => {
                let priority = told.workload_of(pod).map_or(0, |nth| told.story.workloads[nth].priority);
                let place = self.priorities.partition_point(|&other| other < priority);
                Shade::Step(self.priority_step(place))
            }
        }
    }

    /// The step of the n-th priority: of one alone the middle, of several from the lowest to the highest.
    fn priority_step(&self, place: usize) -> u8 {
        match self.priorities.len() {
            0 | 1 => (STEPS / 2) as u8,
            many => (place * (STEPS - 1) / (many - 1)) as u8,
        }
    }

    /// The colour of a node that is one tile, with these pods.
    pub fn node(&self, tint: Tint, told: &Told, frame: &Frame, node: usize, pods: &[u32]) -> Shade {
        match tint {
            Tint::State => Shade::State,
            Tint::Fullness => {
                let look = frame.nodes.get(node).copied().unwrap_or_default();
                Shade::Step((usize::from(look.cpu.max(look.memory)) * STEPS / 1_000).min(STEPS - 1) as u8)
            }
            Tint::Zone => Shade::Hue((told.story.nodes.get(node).map_or(0, |node| node.zone as usize) % HUES) as u8),
            // The shade that most of its pods have; of equal ones the first.
            Tint::Workload | Tint::Age | Tint::Priority => {
                let mut counts = [0u32; HUES + 1];
                for &pod in pods {
                    let slot = match self.pod(tint, told, frame, pod as usize) {
                        Shade::Hue(nth) | Shade::Step(nth) => usize::from(nth),
                        Shade::State | Shade::Other => HUES,
                    };
                    counts[slot.min(HUES)] += 1;
                }
                let (most, count) =
                    counts.iter().enumerate().fold((HUES, 0), |best, (slot, &count)| if count > best.1 { (slot, count) } else { best });
                match most {
                    _ if count == 0 => Shade::Other,
                    HUES => Shade::Other,
                    nth if tint == Tint::Workload => Shade::Hue(nth as u8),
                    nth => Shade::Step(nth as u8),
                }
            }
        }
    }

    /// The letters on a pod, which tell hues apart without the colour.
    pub fn letters(&self, tint: Tint, told: &Told, frame: &Frame, pod: usize, letters: usize) -> String {
        match tint {
            Tint::Zone => frame
                .place(pod)
                .and_then(|node| told.story.zones.get(told.story.nodes.get(node)?.zone as usize))
                .map_or(String::new(), |zone| last_letters(zone, letters)),
            Tint::Priority => match self.pod(tint, told, frame, pod) {
                Shade::Step(step) => step.to_string(),
                _ => String::new(),
            },
            _ => {
                let label = told.workload_of(pod).map_or("", |workload| told.story.workloads[workload].label.as_str());
                crate::paint::abbreviation(label, letters)
            }
        }
    }

    /// The legend: each shade with its sign and its words. Of the states it is [`PodState::SHOWN`], which the page draws.
    pub fn legend(&self, tint: Tint, told: &Told) -> Vec<(Shade, String, String)> {
        let step = |nth: usize, words: String| (Shade::Step(nth as u8), String::new(), words);
        match tint {
            Tint::State => Vec::new(),
            Tint::Workload => {
                let named = self.largest.iter().enumerate().map(|(rank, &nth)| {
                    let label = &told.story.workloads[nth].label;
                    (Shade::Hue(rank as u8), crate::paint::abbreviation(label, 2), label.rsplit('/').next().unwrap_or(label).to_string())
                });
                let others = told.story.workloads.len().saturating_sub(self.largest.len());
                let more = (others > 0).then(|| (Shade::Other, String::new(), format!("{others} more")));
                named.chain(more).collect()
            }
            Tint::Zone => {
                let zones = told.story.zones.iter().enumerate().take(HUES);
                let named = zones.map(|(nth, zone)| {
                    let words = if zone.is_empty() { "no zone".to_string() } else { zone.clone() };
                    (Shade::Hue(nth as u8), last_letters(zone, 2), words)
                });
                let others = told.story.zones.len().saturating_sub(HUES);
                let more = (others > 0).then(|| (Shade::Other, String::new(), format!("{others} more, in the same colours")));
                named.chain(more).collect()
            }
            Tint::Fullness => {
                let size = 100 / STEPS;
                (0..STEPS)
                    .map(|nth| {
                        step(
                            nth,
                            if nth + 1 < STEPS {
                                format!("{}–{}%", nth * size, (nth + 1) * size)
                            } else {
                                format!("over {}%", nth * size)
                            },
                        )
                    })
                    .collect()
            }
            Tint::Age => {
                let named = AGES.iter().enumerate().map(|(nth, (_, words))| step(STEPS - 1 - nth, (*words).to_string()));
                named.chain([step(0, "older".to_string())]).collect()
            }
            Tint::Priority => {
                let mut rows: Vec<(Shade, String, String)> = Vec::new();
                for (place, priority) in self.priorities.iter().enumerate() {
                    let nth = self.priority_step(place);
                    match rows.last_mut().filter(|row| row.0 == Shade::Step(nth)) {
                        Some(row) => row.2 = format!("{} to {priority}", row.2.split(" to ").next().unwrap_or_default()),
                        None => rows.push((Shade::Step(nth), nth.to_string(), priority.to_string())),
                    }
                }
                rows.reverse();
                rows
            }
        }
    }
}

/// The last letters of a zone's name: where zones differ.
fn last_letters(name: &str, letters: usize) -> String {
    let tail = name.rsplit(['-', '.', '_', '/']).next().unwrap_or(name);
    let skip = tail.chars().count().saturating_sub(letters);
    tail.chars().skip(skip).collect()
}

/// How far a square of a step is filled: in parts of its height.
pub fn filled(step: u8) -> f64 {
    f64::from(step + 1) / STEPS as f64
}

/// Whether a pod in this state is drawn as filled, whatever its colour stands for.
pub fn is_solid(state: PodState) -> bool {
    matches!(state, PodState::Ready | PodState::Terminating | PodState::Succeeded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{NodeLook, PodLook};
    use crate::wire::{NodeInfo, Story, WorkloadInfo};

    fn told(workloads: usize) -> Told {
        let workload = |nth: usize| WorkloadInfo {
            label: format!("deployment/web-{nth}"),
            priority: (nth as i32 % 3) * 100,
            ..WorkloadInfo::default()
        };
        Told::new(
            1,
            Story {
                zones: vec!["eu-1a".to_string(), "eu-1b".to_string()],
                nodes: vec![NodeInfo::default(), NodeInfo { zone: 1, ..NodeInfo::default() }],
                workloads: (0..workloads).map(workload).collect(),
                pod_names: (0..workloads * 2).map(|nth| format!("x/{nth}")).collect(),
                pod_workloads: (0..workloads as u32 * 2).map(|nth| nth / 2).collect(),
                pod_born: (0..workloads as i32 * 2).map(|nth| nth * -40).collect(),
                ..Story::default()
            },
        )
    }

    fn frame(pods: usize) -> Frame {
        let node = |cpu| NodeLook { cpu, ..NodeLook::default() };
        Frame { nodes: vec![node(100), node(950)], pods: vec![PodLook::new(Some(1), PodState::Ready); pods], ..Frame::default() }
    }

    #[test]
    fn every_tint_has_a_legend_that_names_its_shades() {
        for workloads in [1, 3, 12] {
            let (told, frame) = (told(workloads), frame(workloads * 2));
            let tints = Tints::of(&told);
            for tint in Tint::ALL.into_iter().filter(|tint| *tint != Tint::State) {
                let legend = tints.legend(tint, &told);
                for pod in 0..workloads * 2 {
                    let shade = tints.pod(tint, &told, &frame, pod);
                    assert!(legend.iter().any(|row| row.0 == shade), "{tint:?}: {shade:?} of pod {pod} in {legend:?}");
                }
                let mut signs: Vec<_> = legend.iter().map(|row| format!("{:?}{}", row.0, row.1)).collect();
                signs.dedup();
                assert_eq!(signs.len(), legend.len(), "{tint:?}: no sign twice");
            }
        }
    }

    #[test]
    fn nodes_take_the_shade_of_most_of_their_pods() {
        let (told, frame) = (told(3), frame(6));
        let tints = Tints::of(&told);
        assert_eq!(tints.node(Tint::Workload, &told, &frame, 1, &[0, 2, 3]), Shade::Hue(1));
        assert_eq!(tints.node(Tint::Fullness, &told, &frame, 1, &[]), Shade::Step(4));
        assert_eq!(tints.node(Tint::Fullness, &told, &frame, 0, &[]), Shade::Step(0));
        assert_eq!(tints.node(Tint::Workload, &told, &frame, 0, &[]), Shade::Other);
        assert_eq!(tints.pod(Tint::Zone, &told, &frame, 0), Shade::Hue(1));
        assert_eq!(tints.letters(Tint::Zone, &told, &frame, 0, 2), "1b");
    }
}
