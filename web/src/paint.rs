//! How the cluster looks: a list of strokes, given to a pen. The canvas is one pen, the tests' another; nothing here knows either.

use std::collections::BTreeSet;

mod ink;
mod pods;

pub use ink::{Hold, Ink, Pen};
use pods::{Fills, sign, small_pod};
pub use pods::{Spot, abbreviation, pod};

use crate::crowd::Crowd;
use crate::frame::{Frame, NodeFlags, NodeLook};
use crate::layout::{Level, Rect, TRAY_LABEL, View};
use crate::store::Told;
use crate::tint::{self, STEPS, Shade, Tint, Tints};
use wavetank_core::trace::PodState;

/// What is shown of a run at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// The run.
    pub told: &'a Told,
    /// The moment.
    pub frame: &'a Frame,
    /// Where things lie.
    pub view: &'a View<'a>,
    /// Which pods are where.
    pub crowd: &'a Crowd,
    /// What colours stand for.
    pub tint: Tint,
    /// What that needs to know.
    pub tints: &'a Tints,
    /// Pods that are on their way: not drawn at their places.
    pub flying: &'a BTreeSet<u32>,
}

/// What is selected or pointed at: ringed, on top of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ringed {
    /// A pod.
    pub pod: Option<usize>,
    /// A node.
    pub node: Option<usize>,
    /// A zone.
    pub zone: Option<usize>,
}

/// `1 node`, `2 nodes`.
pub fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// What a zone's head says on its right, and in which ink.
pub fn zone_words(told: &Told, frame: &Frame) -> Vec<(String, Ink)> {
    let mut counts = vec![(0usize, 0usize); told.story.zones.len()];
    for (info, look) in told.story.nodes.iter().zip(&frame.nodes) {
        if let Some((all, lost)) = counts.get_mut(info.zone as usize).filter(|_| look.flags.has(NodeFlags::PRESENT)) {
            *all += 1;
            *lost += usize::from(look.flags.has(NodeFlags::FAILED));
        }
    }
    counts
        .into_iter()
        .map(|(all, lost)| match (all, lost) {
            (all, lost) if all > 0 && all == lost => ("✕ lost".to_string(), Ink::Lost),
            (all, 0) => (counted(all, "node"), Ink::Muted),
            (all, lost) => (format!("✕ {lost} of {all} lost"), Ink::Lost),
        })
        .collect()
}

/// The grounds of all zones that can be seen.
pub fn zones(picture: &Picture, words: &[(String, Ink)], pen: &mut dyn Pen) {
    let window = picture.view.window();
    for (number, words) in words.iter().enumerate().take(picture.view.plan.zones.len()) {
        let place = picture.view.zone(number);
        if place.meets(&window) {
            pen.fill(place, 10.0_f64.min(place.h / 6.0), Ink::Zone);
            zone_head(picture, number, words, pen);
        }
    }
}

/// What stands above a zone's nodes: in the upper left corner of what is seen of it.
pub fn zone_head(picture: &Picture, number: usize, (words, ink): &(String, Ink), pen: &mut dyn Pen) {
    let (view, window) = (picture.view, picture.view.window());
    let place = view.zone(number);
    let head = view.plan.zone_head * view.camera.scale;
    if place.w < 40.0 || head < 10.0 || !place.meets(&window) {
        return;
    }
    let band = Rect { h: head, ..place }.inset(1.0);
    let left = place.x.max(window.x);
    let right = (place.x + place.w).min(window.x + window.w);
    let size = if head >= 22.0 { 13.0 } else { 11.0 };
    if band.y + band.h < window.y {
        return;
    }
    pen.fill(Rect { x: band.x + 6.0, w: (band.w - 12.0).max(0.0), ..band }, 0.0, Ink::Zone);
    let y = place.y + (head / 2.0).clamp(8.0, 18.0);
    let name = zone_name(picture.told, number);
    let inset = if place.w < 120.0 { 5.0 } else { 10.0 };
    let room = right - left - 2.0 * inset;
    let named = (name.chars().count() as f64 * size * 0.62).min(room * 0.58);
    pen.text(name, (left + inset, y), room * 0.58, size, Hold::Left, Ink::Text);
    if room >= 90.0 || *ink == Ink::Lost {
        pen.text(words, (right - inset, y), (room - named - 4.0).max(1.0), size - 2.0, Hold::Right, *ink);
    }
}

fn zone_name(told: &Told, number: usize) -> &str {
    let name = told.story.zones.get(number).map_or("", String::as_str);
    if name.is_empty() { "no zone" } else { name }
}

/// Where one is when zoomed in so far that no zone's head can be seen: the zone in the middle, on a ground of its own.
pub fn signpost(picture: &Picture, pen: &mut dyn Pen) {
    let (view, window) = (picture.view, picture.view.window());
    let (x, y) = window.middle();
    let found = (0..view.plan.zones.len()).find(|&zone| view.zone(zone).holds(x, y));
    let Some(zone) = found.filter(|&zone| view.zone(zone).y + view.plan.zone_head * view.camera.scale < 0.0) else { return };
    let name = zone_name(picture.told, zone);
    let wide = (name.chars().count() as f64 * 8.0 + 22.0).min(window.w / 2.0);
    let place = Rect { x: 6.0, y: 6.0, w: wide, h: 24.0 };
    pen.fill(place, 8.0, Ink::Card);
    pen.outline(place.inset(0.5), 8.0, Ink::Line, 1.0, 0.0);
    pen.text(name, (place.x + 10.0, place.y + 12.5), wide - 18.0, 12.0, Hold::Left, Ink::Text);
}

/// Everything about a node that can be seen, in a number: where it stays the same the node need not be drawn again.
pub fn print(picture: &Picture, node: usize) -> u64 {
    let mix = |hash: u64, part: u64| (hash.rotate_left(5) ^ part).wrapping_mul(0x517c_c1b7_2722_0a95);
    let look = picture.frame.nodes.get(node).copied().unwrap_or_default();
    let first = u64::from(look.flags.0) | u64::from(look.pods) << 8 | u64::from(look.ready) << 24 | u64::from(look.cpu) << 40;
    let second = u64::from(look.memory) | u64::from(look.used_cpu) << 16 | u64::from(look.used_memory) << 32;
    let mut hash = mix(mix(1, first), second);
    let tile = picture.view.inner.level == Level::Tiles;
    if tile && matches!(picture.tint, Tint::State | Tint::Fullness | Tint::Zone) {
        return hash;
    }
    for &pod in picture.crowd.on(node) {
        let word = picture.frame.pods.get(pod as usize).copied().unwrap_or_default().0;
        hash = mix(hash, u64::from(pod) << 32 | u64::from(word) << 1 | u64::from(picture.flying.contains(&pod)));
        if picture.tint == Tint::Age
            && let Shade::Step(step) = picture.tints.pod(Tint::Age, picture.told, picture.frame, pod as usize)
        {
            hash = mix(hash, u64::from(step));
        }
    }
    hash
}

/// These nodes with their pods. `again` where something was drawn there before.
pub fn nodes(picture: &Picture, which: &[u32], again: bool, pen: &mut dyn Pen) {
    if again {
        for &node in which {
            pen.fill(picture.view.node(node as usize), 0.0, Ink::Zone);
        }
    }
    let present =
        which.iter().copied().filter(|&node| picture.frame.nodes.get(node as usize).is_some_and(|look| look.flags.has(NodeFlags::PRESENT)));
    if picture.view.inner.level == Level::Tiles {
        return tiles(picture, present, pen);
    }
    let mut fills = Fills::default();
    let mut marked = Vec::new();
    for node in present {
        let node = node as usize;
        let card = picture.view.node(node);
        draw_card(picture, node, card, picture.frame.nodes[node], pen);
        let settled = picture.crowd.on(node).iter().enumerate().filter(|(_, pod)| !picture.flying.contains(pod));
        for (nth, &number) in settled {
            let Some(place) = picture.view.inner.pod(&card, nth) else { break };
            let spot = Spot { pod: number, place, look: picture.frame.look(number as usize) };
            if place.w >= 11.0 {
                pod(&spot, picture, pen);
            } else {
                small_pod(&spot, picture, &mut fills, &mut marked);
            }
        }
    }
    fills.draw(pen);
    for (place, look) in marked {
        sign(place, look, pen);
    }
}

/// The pods that wait, and how many.
pub fn tray(picture: &Picture, pen: &mut dyn Pen) {
    let tray = picture.view.plan.tray;
    let waiting = picture.crowd.waiting.len();
    pen.outline(tray.inset(0.5), 8.0, if waiting > 0 { Ink::Pod(PodState::Unschedulable) } else { Ink::Line }, 1.0, 3.0);
    let words = match waiting {
        0 => "no pod waits".to_string(),
        1 => "1 pod waits".to_string(),
        many => format!("{many} pods wait"),
    };
    let ink = if waiting > 0 { Ink::Text } else { Ink::Muted };
    pen.text(&words, (tray.x + 12.0, tray.y + tray.h / 2.0), TRAY_LABEL - 20.0, 11.0, Hold::Left, ink);
    for spot in waiting_spots(picture).filter(|spot| !picture.flying.contains(&spot.pod)) {
        pod(&spot, picture, pen);
    }
}

/// The pods of the tray that are shown.
pub fn waiting_spots<'a>(picture: &'a Picture) -> impl Iterator<Item = Spot> + 'a {
    let places = (0..).map_while(|nth| picture.view.plan.waiting(nth));
    picture.crowd.waiting.iter().zip(places).map(|(&pod, place)| Spot { pod, place, look: picture.frame.look(pod as usize) })
}

/// Where a pod is drawn, if it is.
pub fn spot(picture: &Picture, pod: usize) -> Option<Spot> {
    let look = picture.frame.look(pod);
    let place = match picture.frame.place(pod) {
        Some(node) => {
            let card = picture.view.node(node);
            // Where pods are too small to be drawn their node stands for them.
            if picture.view.inner.slot <= 0.0 {
                card
            } else {
                let nth = picture.crowd.on(node).iter().position(|&other| other as usize == pod)?;
                picture.view.inner.pod(&card, nth)?
            }
        }
        // Only the first that wait are drawn.
        None => waiting_spots(picture).find(|spot| spot.pod as usize == pod)?.place,
    };
    (look != PodState::Absent).then_some(Spot { pod: pod as u32, place, look })
}

/// Rings around what is selected or pointed at.
pub fn rings(picture: &Picture, ringed: &Ringed, pen: &mut dyn Pen) {
    let window = picture.view.window();
    if let Some(zone) = ringed.zone {
        let place = picture.view.zone(zone);
        if place.meets(&window) {
            pen.outline(place.inset(1.0), 10.0_f64.min(place.h / 6.0), Ink::Accent, 2.0, 0.0);
        }
    }
    if let Some(node) = ringed.node.filter(|_| picture.view.inner.level > Level::Pools) {
        let place = picture.view.node(node);
        if place.meets(&window) {
            let grown = Rect { x: place.x - 1.5, y: place.y - 1.5, w: place.w + 3.0, h: place.h + 3.0 };
            pen.outline(grown, 7.0_f64.min(grown.h / 4.0), Ink::Accent, 2.0, 0.0);
        }
    }
    if let Some(Spot { place, .. }) = ringed.pod.and_then(|pod| spot(picture, pod)) {
        let grown = Rect { x: place.x - 2.5, y: place.y - 2.5, w: place.w + 5.0, h: place.h + 5.0 };
        pen.outline(grown, (grown.h / 4.0).min(6.0), Ink::Accent, 2.0, 0.0);
    }
}

fn draw_card(picture: &Picture, number: usize, card: Rect, look: NodeLook, pen: &mut dyn Pen) {
    let flags = look.flags;
    let lost = flags.has(NodeFlags::FAILED);
    let large = picture.view.inner.level == Level::Cards;
    let round = if large { 6.0 } else { 2.0 };
    pen.fill(card, if large { round } else { 0.0 }, if lost { Ink::LostGround } else { Ink::Card });
    if lost && card.w >= 12.0 {
        hatch(card, 9.0, pen);
    }
    let (ink, width, dash) = match flags {
        f if f.has(NodeFlags::FAILED) && !f.has(NodeFlags::NOT_READY) => (Ink::Lost, 1.5, 4.0),
        f if f.has(NodeFlags::FAILED) || f.has(NodeFlags::NOT_READY) => (Ink::Lost, 1.5, 0.0),
        f if f.has(NodeFlags::PRESSURE) => (Ink::Pressure, 1.5, 0.0),
        f if f.has(NodeFlags::CORDONED) => (Ink::Muted, 1.5, 3.0),
        _ => (Ink::Line, 1.0, 0.0),
    };
    let width = if large { width } else { 1.0 };
    if large || ink != Ink::Line || card.w >= 24.0 {
        pen.outline(card.inset(width / 2.0), round, ink, width, dash);
    }
    if !large {
        if picture.view.inner.head > 0.0 {
            let place = Rect { x: card.x + 2.0, y: card.y + 2.0, w: card.w - 4.0, h: 2.0 };
            bar(place, look.cpu.max(look.memory), look.used_cpu.max(look.used_memory), pen);
        }
        return;
    }
    let name = picture.told.story.nodes.get(number).map_or("", |node| node.name.as_str());
    let margin = picture.view.inner.margin;
    let left = card.x + margin;
    let wide = card.w - 2.0 * margin;
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
    let rows = [("cpu", look.cpu, look.used_cpu), ("mem", look.memory, look.used_memory)];
    if picture.view.inner.head > 40.0 {
        for (nth, (word, share, used)) in rows.into_iter().enumerate() {
            let y = card.y + 29.0 + nth as f64 * 13.0;
            pen.text(word, (left, y), 24.0, 9.5, Hold::Left, Ink::Muted);
            bar(Rect { x: left + 26.0, y: y - 3.0, w: (wide - 62.0).max(8.0), h: 5.0 }, share, used, pen);
            let ink = if share > 1_000 { Ink::BarOver } else { Ink::Muted };
            pen.text(&format!("{}%", share / 10), (left + wide, y), 34.0, 9.5, Hold::Right, ink);
        }
        return;
    }
    let half = (wide - 8.0) / 2.0;
    for (nth, (word, share, used)) in rows.into_iter().enumerate() {
        let x = left + nth as f64 * (half + 8.0);
        pen.text(word, (x, card.y + 28.0), 22.0, 9.0, Hold::Left, Ink::Muted);
        bar(Rect { x: x + 24.0, y: card.y + 26.0, w: (half - 24.0).max(4.0), h: 4.0 }, share, used, pen);
    }
}

/// What is requested, and in it as a thinner line what is in use.
fn bar(place: Rect, share: u16, used: u16, pen: &mut dyn Pen) {
    let round = if place.h >= 4.0 { place.h / 2.0 } else { 0.0 };
    pen.fill(place, round, Ink::Track);
    let wide = |share: u16| place.w * f64::from(share.min(1_000)) / 1_000.0;
    if share > 0 {
        let w = wide(share).max(place.h.min(place.w));
        pen.fill(Rect { w, ..place }, round, if share > 1_000 { Ink::BarOver } else { Ink::Bar });
    }
    if used > 0 && place.h >= 4.0 {
        pen.fill(Rect { y: place.y + place.h / 2.0 - 0.75, w: wide(used).max(2.0), h: 1.5, ..place }, 0.0, Ink::Used);
    }
}

/// Slanted lines over a rectangle.
fn hatch(place: Rect, step: f64, pen: &mut dyn Pen) {
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

/// Tiles: each filled from below as far as its pods are ready, above it what is not; or in the shade of the tint.
fn tiles(picture: &Picture, which: impl Iterator<Item = u32>, pen: &mut dyn Pen) {
    let mut fills = Fills::default();
    let (mut ringed, mut slashed) = (Vec::new(), Vec::new());
    for number in which {
        let number = number as usize;
        let (tile, look) = (picture.view.node(number), picture.frame.nodes[number]);
        if look.flags.has(NodeFlags::FAILED) {
            fills.add(0, tile, Ink::Lost);
            slashed.push(tile);
            continue;
        }
        let from_below = |share: f64| Rect { y: tile.y + tile.h * (1.0 - share), h: tile.h * share, ..tile };
        match picture.tints.node(picture.tint, picture.told, picture.frame, number, picture.crowd.on(number)) {
            Shade::State => {
                let most = picture.told.story.nodes.get(number).map_or(1, |node| node.peak_pods.max(1)) as f64;
                let share = |pods: u16| (f64::from(pods) / most).min(1.0);
                fills.add(0, tile, Ink::Track);
                if look.pods > look.ready {
                    fills.add(1, from_below(share(look.pods)), Ink::Pod(PodState::Starting));
                }
                fills.add(2, from_below(share(look.ready)), Ink::Pod(PodState::Ready));
            }
            Shade::Hue(nth) => fills.add(0, tile, Ink::Hue(nth)),
            Shade::Other => fills.add(0, tile, if look.pods > 0 { Ink::Muted } else { Ink::Track }),
            Shade::Step(nth) => {
                fills.add(0, tile, Ink::Track);
                fills.add(1, from_below(tint::filled(nth)), Ink::Step(nth));
            }
        }
        if look.flags.has(NodeFlags::NOT_READY) || look.flags.has(NodeFlags::PRESSURE) {
            ringed.push(tile);
        }
    }
    fills.draw(pen);
    for tile in slashed.iter().filter(|tile| tile.w >= 6.0) {
        pen.line((tile.x + 1.0, tile.y + 1.0), (tile.x + tile.w - 1.0, tile.y + tile.h - 1.0), Ink::Card, 1.0);
    }
    for tile in ringed {
        pen.outline(tile.inset(0.5), 0.0, Ink::Lost, 1.0, 0.0);
    }
}

/// Zones or pools as blocks: how many of their pods are ready, how much of them is lost.
pub fn blocks(picture: &Picture, pen: &mut dyn Pen) {
    let (told, window) = (picture.told, picture.view.window());
    let pool_of = |node: u32| told.story.nodes.get(node as usize).map_or(0, |node| node.pool as usize);
    for block in picture.view.blocks(pool_of).into_iter().filter(|block| block.place.meets(&window)) {
        let (mut pods, mut ready, mut most, mut lost, mut share) = (0usize, 0usize, 0usize, 0usize, 0u64);
        for &node in &picture.view.plan.order[block.first..block.first + block.count] {
            let look = picture.frame.nodes.get(node as usize).copied().unwrap_or_default();
            most += told.story.nodes.get(node as usize).map_or(0, |node| node.peak_pods as usize);
            if look.flags.has(NodeFlags::FAILED) {
                lost += 1;
                continue;
            }
            pods += usize::from(look.pods);
            ready += usize::from(look.ready);
            share += u64::from(look.cpu.max(look.memory));
        }
        let place = block.place;
        let part = |count: usize, of: usize| count as f64 / of.max(1) as f64;
        let from_below = |share: f64| Rect { y: place.y + place.h * (1.0 - share.min(1.0)), h: place.h * share.min(1.0), ..place };
        pen.fill(place, 0.0, Ink::Track);
        let alive = 1.0 - part(lost, block.count);
        pen.fill(from_below(part(pods, most)), 0.0, Ink::Pod(PodState::Starting));
        if picture.tint == Tint::Fullness {
            let step = ((share as usize / block.count.max(1)) * STEPS / 1_000).min(STEPS - 1) as u8;
            pen.fill(from_below(alive), 0.0, Ink::Step(step));
        } else {
            pen.fill(from_below(part(ready, most)), 0.0, Ink::Pod(PodState::Ready));
        }
        if lost > 0 {
            let gone = Rect { h: place.h * (1.0 - alive), ..place };
            pen.fill(gone, 0.0, Ink::LostGround);
            hatch(gone, 9.0, pen);
            pen.outline(place.inset(0.5), 0.0, Ink::Lost, 1.5, 0.0);
        }
        if place.w >= 90.0 && place.h >= 26.0 {
            let name = block.pool.and_then(|pool| told.story.pools.get(pool)).map_or("", String::as_str);
            let words = format!("{name}{}{} nodes · {ready} of {pods} ready", if name.is_empty() { "" } else { " · " }, block.count);
            let label =
                Rect { x: place.x + 5.0, y: place.y + 5.0, w: (words.chars().count() as f64 * 6.2 + 12.0).min(place.w - 10.0), h: 18.0 };
            pen.fill(label, 5.0, Ink::Card);
            pen.text(&words, (label.x + 6.0, label.y + 9.5), label.w - 10.0, 11.0, Hold::Left, Ink::Text);
        }
    }
}

/// A place between two others.
pub fn between(from: Rect, to: Rect, share: f64) -> Rect {
    let mix = |a: f64, b: f64| a + (b - a) * share.clamp(0.0, 1.0);
    Rect { x: mix(from.x, to.x), y: mix(from.y, to.y), w: mix(from.w, to.w), h: mix(from.h, to.h) }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::camera::Camera;
    use crate::frame::{NodeFlags, PodLook};
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
                pod_names: ["x/one", "x/two", "x/three"].into_iter().collect(),
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
            ..NodeLook::default()
        };
        let frame = Frame {
            generation: 1,
            nodes: (0..nodes).map(look).collect(),
            pods: vec![
                PodLook::new(Some(0), PodState::Ready),
                PodLook::new(Some(1), PodState::Terminating),
                PodLook::new(None, PodState::Unschedulable),
            ],
            ..Frame::default()
        };
        draw(&told, &frame, Tint::State, Camera::default())
    }

    fn draw(told: &Told, frame: &Frame, tint: Tint, camera: Camera) -> Vec<String> {
        let plan = plan(700.0, 500.0, &told.wanted());
        let view = View::new(&plan, camera);
        let (crowd, tints, flying) = (Crowd::of(&Rc::new(frame.clone())), Tints::of(told), BTreeSet::new());
        let picture = Picture { told, frame, view: &view, crowd: &crowd, tint, tints: &tints, flying: &flying };
        let mut notes = Notes::default();
        zones(&picture, &zone_words(told, frame), &mut notes);
        if view.level() <= Level::Pools {
            blocks(&picture, &mut notes)
        } else {
            super::nodes(&picture, &view.nodes(), false, &mut notes)
        }
        tray(&picture, &mut notes);
        rings(&picture, &Ringed { pod: Some(1), node: Some(0), zone: None }, &mut notes);
        notes.0
    }

    #[test]
    fn every_state_has_a_sign_besides_its_colour() {
        let drawn = drawn(2, NodeFlags::FAILED);
        for sign in ["text ✕ lost", "text ✕ lost", "text !", "text web-shop", "text 1 pod waits", "outline Lost dashed", "fill BarOver"]
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
        assert!(drawn.iter().any(|line| line == "fill Pod(Starting)") && drawn.iter().any(|line| line == "fill Lost"));
    }

    #[test]
    fn every_tint_draws_at_every_level() {
        let told = told(300);
        let look = NodeLook { flags: NodeFlags(NodeFlags::PRESENT), cpu: 700, pods: 1, ready: 1, ..NodeLook::default() };
        let frame = Frame { nodes: vec![look; 300], pods: vec![PodLook::new(Some(0), PodState::Ready); 3], ..Frame::default() };
        for tint in Tint::ALL {
            for scale in [0.02, 0.25, 1.0, 4.0, 20.0] {
                assert!(draw(&told, &frame, tint, Camera { scale, ..Camera::default() }).len() > 2, "{tint:?} at {scale}");
            }
        }
        let full = draw(&told, &frame, Tint::Fullness, Camera::default());
        assert!(full.iter().any(|line| line == "fill Step(3)"), "{full:?}");
    }

    #[test]
    fn a_node_that_looks_the_same_has_the_same_print() {
        let told = told(2);
        let mut frame = Frame {
            nodes: vec![NodeLook { flags: NodeFlags(NodeFlags::PRESENT), ..NodeLook::default() }; 2],
            pods: vec![PodLook::new(Some(0), PodState::Ready); 3],
            ..Frame::default()
        };
        let plan = plan(700.0, 500.0, &told.wanted());
        let view = View::new(&plan, Camera::default());
        let (tints, none, one) = (Tints::of(&told), BTreeSet::new(), BTreeSet::from([1]));
        let prints = |frame: &Frame, flying: &BTreeSet<u32>| {
            let crowd = Crowd::of(&Rc::new(frame.clone()));
            let picture = Picture { told: &told, frame, view: &view, crowd: &crowd, tint: Tint::State, tints: &tints, flying };
            [0, 1].map(|node| super::print(&picture, node))
        };
        let before = prints(&frame, &none);
        assert_eq!(before[1], prints(&frame, &one)[1]);
        assert_ne!(before[0], prints(&frame, &one)[0], "a pod left");
        frame.at_ms = 99;
        assert_eq!(before, prints(&frame, &none));
        frame.pods[2] = PodLook::new(Some(0), PodState::Terminating);
        assert_ne!(before[0], prints(&frame, &none)[0]);
    }

    #[test]
    fn inks_have_properties() {
        assert!(Ink::all().all(|ink| ink.property().starts_with("--")));
        let (a, b) = (Rect { x: 0.0, y: 0.0, w: 2.0, h: 2.0 }, Rect { x: 10.0, y: 4.0, w: 4.0, h: 2.0 });
        assert_eq!((between(a, b, 0.5).x, between(a, b, 9.0).y), (5.0, 4.0));
    }
}
