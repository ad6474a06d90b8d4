//! How the cluster looks: a list of strokes, given to a pen. The canvas is one pen, the tests' another; nothing here knows either.

use crate::frame::{Frame, NodeFlags, NodeLook};
use crate::layout::{Crowd, Level, Plan, Rect, TRAY_LABEL};
use crate::store::Told;
use wavetank_core::trace::PodState;

/// A colour by its part; the style sheet says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ink {
    /// The ground of a zone.
    Zone,
    /// The ground of a node.
    Card,
    /// Thin lines.
    Line,
    /// Text.
    Text,
    /// Less important text.
    Muted,
    /// What is selected.
    Accent,
    /// The ground of bars.
    Track,
    /// The filled part of bars.
    Bar,
    /// A bar that is past what is allocatable.
    BarOver,
    /// A dead machine.
    Lost,
    /// A dead machine's ground.
    LostGround,
    /// Memory pressure.
    Pressure,
    /// A pod of this look.
    Pod(PodState),
    /// Letters on a filled pod.
    OnPod,
}

impl Ink {
    /// The custom property of the style sheet that has the colour.
    pub const fn property(self) -> &'static str {
        match self {
            Ink::Zone => "--canvas-zone",
            Ink::Card => "--surface",
            Ink::Line => "--line",
            Ink::Text => "--text",
            Ink::Muted => "--muted",
            Ink::Accent => "--accent",
            Ink::Track => "--track",
            Ink::Bar => "--bar",
            Ink::BarOver => "--pod-unschedulable",
            Ink::Lost => "--lost",
            Ink::LostGround => "--lost-ground",
            Ink::Pressure => "--pressure",
            Ink::OnPod => "--on-pod",
            Ink::Pod(look) => match look {
                PodState::Absent => "--line",
                PodState::Pending => "--pod-pending",
                PodState::Unschedulable => "--pod-unschedulable",
                PodState::Starting => "--pod-starting",
                PodState::Unready => "--pod-unready",
                PodState::Ready => "--pod-ready",
                PodState::Terminating => "--pod-terminating",
                PodState::Failed => "--pod-failed",
                PodState::Succeeded => "--pod-succeeded",
            },
        }
    }

    /// Every ink.
    pub fn all() -> impl Iterator<Item = Ink> {
        let pods = [PodState::Absent].into_iter().chain(PodState::SHOWN).map(Ink::Pod);
        [
            Ink::Zone,
            Ink::Card,
            Ink::Line,
            Ink::Text,
            Ink::Muted,
            Ink::Accent,
            Ink::Track,
            Ink::Bar,
            Ink::BarOver,
            Ink::Lost,
            Ink::LostGround,
            Ink::Pressure,
            Ink::OnPod,
        ]
        .into_iter()
        .chain(pods)
    }
}

/// Where a text is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// At its left end.
    Left,
    /// In its middle.
    Middle,
    /// At its right end.
    Right,
}

/// Something that can draw.
pub trait Pen {
    /// A filled rectangle with round corners.
    fn fill(&mut self, place: Rect, round: f64, ink: Ink);
    /// The outline of a rectangle with round corners; dashed where `dash` is above zero.
    fn outline(&mut self, place: Rect, round: f64, ink: Ink, width: f64, dash: f64);
    /// A line.
    fn line(&mut self, from: (f64, f64), to: (f64, f64), ink: Ink, width: f64);
    /// Text, at most so wide, at the middle of its height.
    fn text(&mut self, text: &str, at: (f64, f64), most: f64, size: f64, hold: Hold, ink: Ink);
}

/// What is shown of a run at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// The run.
    pub told: &'a Told,
    /// The moment.
    pub frame: &'a Frame,
    /// Where things lie.
    pub plan: &'a Plan,
    /// Which pods are where.
    pub crowd: &'a Crowd,
    /// The selected pod.
    pub pod: Option<usize>,
    /// The selected node.
    pub node: Option<usize>,
    /// The selected zone.
    pub zone: Option<usize>,
}

/// A pod's square.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    /// The pod, by number.
    pub pod: u32,
    /// Where it is drawn.
    pub place: Rect,
    /// How it looks.
    pub look: PodState,
}

/// The squares of all pods that can be drawn.
pub fn spots(frame: &Frame, plan: &Plan, crowd: &Crowd) -> Vec<Spot> {
    let mut spots = Vec::new();
    if plan.level != Level::Tiles {
        for node in 0..frame.nodes.len() {
            let on = crowd.on(node).iter().enumerate();
            spots.extend(on.filter_map(|(nth, &pod)| Some(Spot { pod, place: plan.pod(node, nth)?, look: frame.look(pod as usize) })));
        }
    }
    let waiting = crowd.waiting.iter().enumerate();
    spots.extend(waiting.map_while(|(nth, &pod)| Some(Spot { pod, place: plan.waiting(nth)?, look: frame.look(pod as usize) })));
    spots
}

/// Zones, nodes and the tray: everything but the pods.
pub fn ground(picture: &Picture, pen: &mut impl Pen) {
    let mut counts = vec![(0usize, 0usize); picture.plan.zones.len()];
    for (info, look) in picture.told.story.nodes.iter().zip(&picture.frame.nodes) {
        if let Some((all, lost)) = counts.get_mut(info.zone as usize).filter(|_| look.flags.has(NodeFlags::PRESENT)) {
            *all += 1;
            *lost += usize::from(look.flags.has(NodeFlags::FAILED));
        }
    }
    for (number, (zone, count)) in picture.plan.zones.iter().zip(counts).enumerate() {
        draw_zone(picture, number, *zone, count, pen);
    }
    if picture.plan.level == Level::Tiles {
        draw_tiles(picture, pen);
    }
    for (number, card) in picture.plan.nodes.iter().enumerate() {
        let look = picture.frame.nodes.get(number).copied().unwrap_or_default();
        if look.flags.has(NodeFlags::PRESENT) && picture.plan.level != Level::Tiles {
            draw_card(picture, number, *card, look, pen);
        }
        if picture.node == Some(number) {
            let grown = Rect { x: card.x - 1.5, y: card.y - 1.5, w: card.w + 3.0, h: card.h + 3.0 };
            pen.outline(grown, 7.0, Ink::Accent, 2.0, 0.0);
        }
    }
    draw_tray(picture, pen);
}

fn draw_zone(picture: &Picture, number: usize, place: Rect, (all, lost): (usize, usize), pen: &mut impl Pen) {
    pen.fill(place, 10.0, Ink::Zone);
    if picture.zone == Some(number) {
        pen.outline(place, 10.0, Ink::Accent, 2.0, 0.0);
    }
    if place.w < 40.0 {
        return;
    }
    let name = picture.told.story.zones.get(number).map_or("", String::as_str);
    let name = if name.is_empty() { "no zone" } else { name };
    let large = picture.plan.level == Level::Cards;
    let (size, y) = if large { (13.0, place.y + 18.0) } else { (11.0, place.y + 10.0) };
    pen.text(name, (place.x + 10.0, y), place.w * 0.6 - 12.0, size, Hold::Left, Ink::Text);
    let (words, ink) = match (all, lost) {
        (all, lost) if all > 0 && all == lost => ("✕ zone lost".to_string(), Ink::Lost),
        (all, 0) => (counted(all, "node"), Ink::Muted),
        (all, lost) => (format!("✕ {lost} of {all} lost"), Ink::Lost),
    };
    pen.text(&words, (place.x + place.w - 10.0, y), place.w * 0.4, size - 2.0, Hold::Right, ink);
}

/// `1 node`, `2 nodes`.
pub fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

fn draw_card(picture: &Picture, number: usize, card: Rect, look: NodeLook, pen: &mut impl Pen) {
    let flags = look.flags;
    let lost = flags.has(NodeFlags::FAILED);
    let large = picture.plan.level == Level::Cards;
    let round = if large { 6.0 } else { 2.0 };
    pen.fill(card, round, if lost { Ink::LostGround } else { Ink::Card });
    if lost {
        hatch(card, 9.0, pen);
    }
    let (ink, width, dash) = match flags {
        f if f.has(NodeFlags::FAILED) && !f.has(NodeFlags::NOT_READY) => (Ink::Lost, 1.5, 4.0),
        f if f.has(NodeFlags::FAILED) || f.has(NodeFlags::NOT_READY) => (Ink::Lost, 1.5, 0.0),
        f if f.has(NodeFlags::PRESSURE) => (Ink::Pressure, 1.5, 0.0),
        f if f.has(NodeFlags::CORDONED) => (Ink::Muted, 1.5, 3.0),
        _ => (Ink::Line, 1.0, 0.0),
    };
    pen.outline(card, round, ink, if large { width } else { 1.0 }, dash);
    if !large {
        bar(Rect { x: card.x + 2.0, y: card.y + 2.0, w: card.w - 4.0, h: 2.0 }, look.cpu.max(look.memory), pen);
        return;
    }
    let name = picture.told.story.nodes.get(number).map_or("", |node| node.name.as_str());
    let left = card.x + picture.plan.margin;
    let wide = card.w - 2.0 * picture.plan.margin;
    let state = match flags {
        f if f.has(NodeFlags::FAILED) => "✕ lost",
        f if f.has(NodeFlags::NOT_READY) => "not ready",
        f if f.has(NodeFlags::PRESSURE) => "▲ pressure",
        f if f.has(NodeFlags::CORDONED) => "⏸ cordoned",
        _ => "",
    };
    let room = if state.is_empty() { wide } else { wide * 0.52 };
    pen.text(name, (left, card.y + 14.0), room, 11.0, Hold::Left, Ink::Text);
    if !state.is_empty() {
        let ink = if flags.has(NodeFlags::FAILED) || flags.has(NodeFlags::NOT_READY) {
            Ink::Lost
        } else if flags.has(NodeFlags::PRESSURE) {
            Ink::Pressure
        } else {
            Ink::Muted
        };
        pen.text(state, (left + wide, card.y + 14.0), wide * 0.46, 10.0, Hold::Right, ink);
    }
    let half = (wide - 8.0) / 2.0;
    for (nth, (word, share)) in [("cpu", look.cpu), ("mem", look.memory)].into_iter().enumerate() {
        let x = left + nth as f64 * (half + 8.0);
        pen.text(word, (x, card.y + 30.0), 22.0, 9.0, Hold::Left, Ink::Muted);
        bar(Rect { x: x + 24.0, y: card.y + 28.0, w: (half - 24.0).max(4.0), h: 4.0 }, share, pen);
    }
}

fn bar(place: Rect, share: u16, pen: &mut impl Pen) {
    pen.fill(place, place.h / 2.0, Ink::Track);
    let filled = place.w * f64::from(share.min(1_000)) / 1_000.0;
    if filled > 0.0 {
        pen.fill(Rect { w: filled.max(place.h.min(place.w)), ..place }, place.h / 2.0, if share > 1_000 { Ink::BarOver } else { Ink::Bar });
    }
}

/// Slanted lines over a rectangle.
fn hatch(place: Rect, step: f64, pen: &mut impl Pen) {
    let mut x = place.x - place.h;
    while x < place.x + place.w {
        let from = x.max(place.x);
        let to = (x + place.h).min(place.x + place.w);
        if to > from {
            pen.line((from, place.y + place.h - (from - x)), (to, place.y + place.h - (to - x)), Ink::Track, 1.0);
        }
        x += step;
    }
}

/// Tiles: each filled from below as far as its pods are ready, above it what is not. One ink after the other, for thousands of them are drawn
/// in a frame and a pen is slow to change its ink.
fn draw_tiles(picture: &Picture, pen: &mut impl Pen) {
    let mut filled: [Vec<Rect>; 4] = Default::default();
    let mut ringed = Vec::new();
    for (number, (&tile, look)) in picture.plan.nodes.iter().zip(&picture.frame.nodes).enumerate() {
        if !look.flags.has(NodeFlags::PRESENT) {
            continue;
        }
        if look.flags.has(NodeFlags::FAILED) {
            filled[3].push(tile);
            continue;
        }
        let pods = picture.crowd.on(number);
        let most = picture.told.story.nodes.get(number).map_or(1, |node| node.peak_pods.max(1)) as f64;
        let ready =
            pods.iter().filter(|&&pod| matches!(picture.frame.look(pod as usize), PodState::Ready | PodState::Succeeded)).count() as f64;
        let share = |pods: f64| tile.h * (pods / most).min(1.0);
        let (low, high) = (share(ready), share(pods.len() as f64));
        filled[0].push(Rect { h: tile.h - high, ..tile });
        if high > low {
            filled[1].push(Rect { y: tile.y + tile.h - high, h: high - low, ..tile });
        }
        filled[2].push(Rect { y: tile.y + tile.h - low, h: low, ..tile });
        if look.flags.has(NodeFlags::NOT_READY) || look.flags.has(NodeFlags::PRESSURE) {
            ringed.push(tile);
        }
    }
    for (places, ink) in filled.iter().zip([Ink::Track, Ink::Pod(PodState::Starting), Ink::Pod(PodState::Ready), Ink::Lost]) {
        for place in places.iter().filter(|place| place.h > 0.0) {
            pen.fill(*place, 0.0, ink);
        }
    }
    for tile in &filled[3] {
        if tile.w >= 6.0 {
            pen.line((tile.x + 1.0, tile.y + 1.0), (tile.x + tile.w - 1.0, tile.y + tile.h - 1.0), Ink::Card, 1.0);
        }
    }
    for tile in ringed {
        pen.outline(tile, 0.0, Ink::Lost, 1.0, 0.0);
    }
}

fn draw_tray(picture: &Picture, pen: &mut impl Pen) {
    let tray = picture.plan.tray;
    let waiting = picture.crowd.waiting.len();
    pen.outline(tray.inset(0.5), 8.0, if waiting > 0 { Ink::Pod(PodState::Unschedulable) } else { Ink::Line }, 1.0, 3.0);
    let words = if waiting == 0 { "no pod waits".to_string() } else { format!("{} wait", counted(waiting, "pod")) };
    let words = if waiting == 1 { "1 pod waits".to_string() } else { words };
    let ink = if waiting > 0 { Ink::Text } else { Ink::Muted };
    pen.text(&words, (tray.x + 12.0, tray.y + tray.h / 2.0), TRAY_LABEL - 20.0, 11.0, Hold::Left, ink);
}

/// One pod. Its state is told twice: by colour, and by the way its square is filled.
pub fn pod(spot: &Spot, picture: &Picture, pen: &mut impl Pen) {
    let Spot { place, look, .. } = *spot;
    let ink = Ink::Pod(look);
    let side = place.w;
    let round = if side >= 11.0 { 4.0 } else { (side / 4.0).floor() };
    let solid = matches!(look, PodState::Ready | PodState::Terminating | PodState::Succeeded);
    if solid {
        pen.fill(place, round, ink);
    } else {
        let width = if side >= 11.0 { 1.75 } else { 1.0 };
        let dash = match look {
            PodState::Starting => 2.5,
            PodState::Pending => 1.5,
            _ => 0.0,
        };
        pen.fill(place, round, Ink::Card);
        pen.outline(place.inset(width / 2.0), round, ink, width, if side >= 7.0 { dash } else { 0.0 });
    }
    match look {
        PodState::Failed if side >= 5.0 => {
            let cross = place.inset(side * 0.28);
            pen.line((cross.x, cross.y), (cross.x + cross.w, cross.y + cross.h), ink, 1.5);
            pen.line((cross.x, cross.y + cross.h), (cross.x + cross.w, cross.y), ink, 1.5);
        }
        PodState::Terminating if side >= 5.0 => {
            pen.line(
                (place.x + 1.0, place.y + side - 1.0),
                (place.x + side - 1.0, place.y + 1.0),
                Ink::Card,
                if side >= 11.0 { 2.5 } else { 1.0 },
            );
        }
        PodState::Starting if (5.0..11.0).contains(&side) => pen.fill(place.inset(side * 0.32), 0.0, ink),
        _ => {}
    }
    if side >= 13.0 {
        letters(spot, picture, solid, pen);
    }
    if picture.pod.is_some_and(|selected| selected == spot.pod as usize) {
        let grown = Rect { x: place.x - 2.5, y: place.y - 2.5, w: place.w + 5.0, h: place.h + 5.0 };
        pen.outline(grown, round + 2.0, Ink::Accent, 2.0, 0.0);
    }
}

fn letters(spot: &Spot, picture: &Picture, solid: bool, pen: &mut impl Pen) {
    let side = spot.place.w;
    let middle = (spot.place.x + side / 2.0, spot.place.y + side / 2.0 + 0.5);
    let sign = match spot.look {
        PodState::Unschedulable => Some("!"),
        PodState::Succeeded => Some("✓"),
        PodState::Failed | PodState::Terminating => Some(""),
        _ => None,
    };
    let label = picture.told.workload_of(spot.pod as usize).map_or("", |workload| picture.told.story.workloads[workload].label.as_str());
    let short = abbreviation(label, if side >= 18.0 { 2 } else { 1 });
    let text = sign.unwrap_or(&short);
    if !text.is_empty() {
        let ink = if solid { Ink::OnPod } else { Ink::Pod(spot.look) };
        pen.text(text, middle, side - 2.0, (side * 0.46).round(), Hold::Middle, ink);
    }
}

/// The first letters of a workload's name: of its words if it has several.
pub fn abbreviation(label: &str, letters: usize) -> String {
    let name = label.rsplit('/').next().unwrap_or(label);
    let words: Vec<&str> = name.split(['-', '.', '_']).filter(|word| !word.is_empty()).collect();
    if words.len() >= 2 && letters >= 2 {
        return words.iter().take(letters).filter_map(|word| word.chars().next()).collect();
    }
    name.chars().take(letters).collect()
}

/// A place between two others.
pub fn between(from: Rect, to: Rect, share: f64) -> Rect {
    let mix = |a: f64, b: f64| a + (b - a) * share.clamp(0.0, 1.0);
    Rect { x: mix(from.x, to.x), y: mix(from.y, to.y), w: mix(from.w, to.w), h: mix(from.h, to.h) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{NO_NODE, NodeFlags};
    use crate::layout::plan;
    use crate::wire::{NodeInfo, Story, WorkloadInfo};

    /// A pen that writes down what it draws.
    #[derive(Default)]
    struct Notes(Vec<String>);

    impl Pen for Notes {
        fn fill(&mut self, _: Rect, _: f64, ink: Ink) {
            self.0.push(format!("fill {ink:?}"));
        }
        fn outline(&mut self, _: Rect, _: f64, ink: Ink, _: f64, dash: f64) {
            self.0.push(format!("outline {ink:?}{}", if dash > 0.0 { " dashed" } else { "" }));
        }
        fn line(&mut self, _: (f64, f64), _: (f64, f64), ink: Ink, _: f64) {
            self.0.push(format!("line {ink:?}"));
        }
        fn text(&mut self, text: &str, _: (f64, f64), most: f64, _: f64, _: Hold, _: Ink) {
            assert!(most > 0.0, "room for {text}");
            self.0.push(format!("text {text}"));
        }
    }

    fn told(nodes: usize) -> Told {
        let node =
            |number: usize| NodeInfo { name: format!("node-{number}"), zone: (number % 2) as u32, peak_pods: 3, ..NodeInfo::default() };
        Told::new(
            1,
            Story {
                zones: vec!["a".to_string(), "b".to_string()],
                nodes: (0..nodes).map(node).collect(),
                workloads: vec![WorkloadInfo { label: "deployment/web-shop".to_string(), ..WorkloadInfo::default() }],
                pod_names: "x/one\nx/two\nx/three".to_string(),
                pod_workloads: vec![0, 0, 7],
                ..Story::default()
            },
        )
    }

    fn drawn(nodes: usize, flags: u8) -> Vec<String> {
        let told = told(nodes);
        let look = |number: usize| NodeLook {
            flags: NodeFlags(NodeFlags::PRESENT | if number == 1 { flags } else { 0 }),
            cpu: 500,
            memory: 1_500,
            pods: 1,
        };
        let frame = Frame {
            generation: 1,
            nodes: (0..nodes).map(look).collect(),
            places: vec![0, 1, NO_NODE],
            looks: vec![PodState::Ready as u8, PodState::Terminating as u8, PodState::Unschedulable as u8],
            ..Frame::default()
        };
        let plan = plan(700.0, 500.0, &told.wanted());
        let crowd = Crowd::of(&frame);
        let picture = Picture { told: &told, frame: &frame, plan: &plan, crowd: &crowd, pod: Some(1), node: Some(0), zone: None };
        let mut notes = Notes::default();
        ground(&picture, &mut notes);
        for spot in spots(&frame, &plan, &crowd) {
            pod(&spot, &picture, &mut notes);
        }
        notes.0
    }

    #[test]
    fn every_state_has_a_sign_besides_its_colour() {
        let drawn = drawn(2, NodeFlags::FAILED);
        for sign in ["text ✕ lost", "text ✕ zone lost", "text !", "text ws", "text 1 pod waits", "outline Lost dashed", "fill BarOver"]
        {
            assert!(drawn.iter().any(|line| line == sign), "{sign} in {drawn:#?}");
        }
        let known = super::tests::drawn(2, NodeFlags::FAILED | NodeFlags::NOT_READY);
        assert!(known.iter().any(|line| line == "outline Lost"), "{known:#?}");
    }

    #[test]
    fn the_selection_is_ringed() {
        assert_eq!(drawn(2, 0).iter().filter(|line| *line == "outline Accent").count(), 2);
    }

    #[test]
    fn a_thousand_nodes_are_tiles() {
        let drawn = drawn(4_000, NodeFlags::FAILED);
        assert!(drawn.iter().any(|line| line == "fill Pod(Ready)") && drawn.iter().any(|line| line == "fill Lost"));
    }

    #[test]
    fn names_are_shortened() {
        let short: Vec<_> =
            ["deployment/web", "shop/statefulset/orders-db", "pod/x", "", "deployment/漢字"].map(|label| abbreviation(label, 2)).into();
        assert_eq!(short, ["we", "od", "x", "", "漢字"]);
    }

    #[test]
    fn inks_have_properties() {
        assert!(Ink::all().all(|ink| ink.property().starts_with("--")));
        let (a, b) = (Rect { x: 0.0, y: 0.0, w: 2.0, h: 2.0 }, Rect { x: 10.0, y: 4.0, w: 4.0, h: 2.0 });
        assert_eq!((between(a, b, 0.5).x, between(a, b, 9.0).y), (5.0, 4.0));
    }
}
