//! The command palette: everything that can be done, by name, and which of it a few letters mean. Does nothing itself.

use crate::gallery;
use crate::lesson::Move;
use crate::moments::Halt;
use crate::offers::{self, Offer};
use crate::store::{Action, Overlay, Selection, Side, Store};
use crate::tint::Tint;
use crate::wire::{Entry, Form};
use wavetank_core::units::arrange::Arrange;

/// What a command does.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Changes what the page knows.
    Act(Action),
    /// Copies the link.
    CopyLink,
    /// Copies the link that begins the open lesson, with the seed.
    CopyLesson,
    /// Saves the scene as a file.
    SaveScene,
    /// Turns the colours.
    Colours,
    /// Shows the table instead of the map, or the map again.
    Table,
    /// Shows the relation graph instead of the map, or the map again.
    Graph,
    /// Asks for the run in a form that can be kept.
    Export(Form),
    /// Keeps the map as SVG.
    MapSvg,
    /// Asks for what is shown as PNG.
    Png,
    /// Prints the report.
    Print,
    /// Has a proposal written into the files, to be looked at.
    Mend(u32),
}

/// A command.
#[derive(Clone, Debug)]
pub struct Command {
    /// What is read and searched.
    pub label: String,
    /// The keys that do the same; may be empty.
    pub keys: &'static str,
    /// What it does.
    pub deed: Deed,
}

/// The forms in which a run can be kept: what the menu says, and what that is.
pub const KEEP: [(&str, &str, Deed); 9] = [
    ("Report as one HTML file", "Everything, with charts; opens without a network", Deed::Export(Form::Html)),
    ("Report as Markdown", "For a pull request", Deed::Export(Form::Markdown)),
    ("Report as JSON", "As wavetank run -o json writes it", Deed::Export(Form::Json)),
    ("Scenario as YAML", "What was done, as a document", Deed::Export(Form::Scenario)),
    ("Timeline as SVG", "", Deed::Export(Form::Timeline)),
    ("Map as SVG", "As it is shown", Deed::MapSvg),
    ("Relations as SVG", "The graph as it is drawn", Deed::Export(Form::Relations)),
    ("View as PNG", "The map or the graph", Deed::Png),
    ("Print the report", "", Deed::Print),
];

/// Commands that are shown at once.
pub const MOST_SHOWN: usize = 50;
/// Nodes and workloads that have commands of their own.
const MOST_TARGETS: usize = 2_000;

fn act(label: impl Into<String>, keys: &'static str, action: Action) -> Command {
    Command { label: label.into(), keys, deed: Deed::Act(action) }
}

/// Every command that makes sense now.
pub fn commands(store: &Store) -> Vec<Command> {
    let mut all = vec![
        act(if store.playing { "Pause" } else { "Play" }, "Space", Action::Toggle),
        act("Go to the start", "Home", Action::Seek(0)),
        act("Go to the end", "End", Action::Seek(store.duration_ms())),
        act("Show the story", "1", Action::Turn(Side::Story)),
        act("Show why", "2", Action::Turn(Side::Why)),
        act("Show the report", "3", Action::Turn(Side::Report)),
        act("Show the risks: what would hurt", "4", Action::Turn(Side::Risks)),
        act("Show what is assumed", "5", Action::Turn(Side::Assumed)),
        Command { label: "Table or map".to_string(), keys: "T", deed: Deed::Table },
        Command { label: "Relation graph or map".to_string(), keys: "R", deed: Deed::Graph },
        act(
            if store.pinned.is_some() { "Stop comparing" } else { "Keep this run to compare with" },
            "C",
            Action::Pin(store.pinned.is_none()),
        ),
        Command { label: "Copy link to this moment".to_string(), keys: "L", deed: Deed::CopyLink },
        Command { label: "Light or dark colours".to_string(), keys: "", deed: Deed::Colours },
        act("Keys and help", "?", Action::Overlay(Overlay::Help)),
        act("Examples and lessons", "G", Action::Overlay(Overlay::Gallery)),
        Command { label: "Save this scene as a file".to_string(), keys: "", deed: Deed::SaveScene },
        act("New file", "", Action::NewFile),
    ];
    all.extend(
        Tint::ALL
            .into_iter()
            .filter(|tint| *tint != store.tint)
            .map(|tint| act(format!("Colour by {}", tint.label().to_lowercase()), "", Action::Tint(tint))),
    );
    all.extend(Halt::ALL.into_iter().filter(|halt| *halt != store.halt).map(|halt| {
        act(format!("While playing, stop at {}", halt.label()), if halt == store.halt.turned() { "B" } else { "" }, Action::Halt(halt))
    }));
    if store.course.is_some() {
        all.push(act("Leave the lesson", "", Action::Learn(Move::Leave)));
        all.push(Command { label: "Copy link to this lesson".to_string(), keys: "", deed: Deed::CopyLesson });
    }
    if let Some(said) = store.undoes() {
        all.push(act(format!("Undo {said}"), "Ctrl Z", Action::Undo));
    }
    if let Some(told) = &store.told {
        let story = &told.story;
        let at_ms = crate::clock::whole_second(store.at_ms);
        all.push(act("Go to the worst moment", "W", Action::Seek(told.worst_ms)));
        all.extend(KEEP.into_iter().map(|(label, _, deed)| Command { label: format!("Export: {label}"), keys: "", deed }));
        let mut offer = |name: &str, offers: Vec<Offer>| {
            all.extend(offers.iter().map(|offer| act(format!("{} {name}", offer.label), "", Action::AddStep(offer.step(at_ms), false))));
        };
        for zone in story.zones.iter().filter(|zone| !zone.is_empty()) {
            offer(zone, offers::to_zone(zone));
        }
        for workload in story.workloads.iter().take(MOST_TARGETS) {
            offer(&workload.label, offers::to_workload(workload));
        }
        for node in story.nodes.iter().take(MOST_TARGETS) {
            offer(&node.name, offers::to_node(&node.name));
        }
        offer("", offers::anywhere().to_vec());
        let zones = story.zones.iter().filter(|zone| !zone.is_empty()).map(|zone| Selection::Zone(zone.clone()));
        let nodes = story.nodes.iter().take(MOST_TARGETS).map(|node| Selection::Node(node.name.clone()));
        let pods = story.pod_names.iter().take(MOST_TARGETS).map(Selection::Pod);
        let workloads = story.workloads.iter().take(MOST_TARGETS).map(|workload| Selection::Workload(workload.label.clone()));
        for choice in zones.chain(nodes).chain(workloads).chain(pods) {
            let label = match &choice {
                Selection::Zone(name) => format!("Select zone {name}"),
                Selection::Node(name) => format!("Select node {name}"),
                Selection::Pod(name) => format!("Why is {name} where it is"),
                Selection::Workload(label) => format!("Where the availability of {label} went"),
                Selection::Event(_) => continue,
            };
            all.push(act(label, "", Action::Select(Some(choice))));
        }
    }
    for (nth, file) in store.files.iter().enumerate() {
        all.push(act(format!("Show file {}", file.name), "", Action::Show(nth)));
    }
    for (lesson, cards, word) in [(false, gallery::examples(), "Open example"), (true, gallery::lessons(), "Begin lesson")] {
        let entry = |name: &str| Entry { name: name.to_string(), lesson, ..Entry::default() };
        all.extend(cards.iter().map(|card| act(format!("{word}: {}", card.title), "", Action::Want(entry(card.name)))));
    }
    all
}

/// The commands that some letters mean, best first: every word has to be found, at the start of a word better than within one.
pub fn meant(commands: &[Command], letters: &str) -> Vec<usize> {
    let letters = letters.to_lowercase();
    let words: Vec<&str> = letters.split_whitespace().collect();
    let mut found: Vec<(usize, usize)> = commands
        .iter()
        .enumerate()
        .filter_map(|(nth, command)| {
            let label = command.label.to_lowercase();
            let cost = words.iter().try_fold(0, |cost, word| {
                let at = label.find(word)?;
                let starts = at == 0 || label[..at].ends_with(|c: char| !c.is_alphanumeric());
                Some(cost + if starts { at.min(50) } else { 100 + at.min(50) })
            })?;
            Some((cost, nth))
        })
        .collect();
    found.arrange();
    found.into_iter().map(|(_, nth)| nth).take(MOST_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Scene;
    use crate::store::Run;
    use crate::wire::{NodeInfo, Story};

    fn labels(letters: &str) -> Vec<String> {
        let story = Story {
            zones: vec!["zone-a".to_string(), "zone-b".to_string()],
            nodes: vec![NodeInfo { name: "node-1".to_string(), ..NodeInfo::default() }],
            pod_names: ["shop/web-0"].into_iter().collect(),
            ..Story::default()
        };
        let run = Run { story: Some(Box::new(story)), ..Run::default() };
        let store = Store::opened(Scene::default()).after(Action::Ran(1, run)).expect("a run is heard");
        let all = commands(&store);
        meant(&all, letters).into_iter().map(|nth| all[nth].label.clone()).collect()
    }

    #[test]
    fn a_few_letters_are_enough() {
        assert_eq!(labels("fail b")[0], "Fail zone zone-b");
        assert_eq!(labels("drain")[0], "Drain node-1");
        assert_eq!(labels("web-0"), ["Why is shop/web-0 where it is"]);
        assert!(labels("no such thing").is_empty());
        assert_eq!(labels("").len(), MOST_SHOWN.min(labels("").len()));
        assert!(labels("EXAMPLE shop").iter().any(|label| label.starts_with("Open example")));
    }
}
