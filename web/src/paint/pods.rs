//! How a pod looks: from a pixel of its colour to a square that bears a name.

use std::collections::BTreeMap;

use super::{Hold, Ink, Pen, Picture};
use crate::layout::Rect;
use crate::tint::{self, Shade, Tint};
use wavetank_core::trace::PodState;

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

/// Fills that are put off until all are known: thousands are drawn in a frame, and a pen is slow to change its ink.
#[derive(Debug, Default)]
pub(super) struct Fills {
    /// Later layers lie over earlier ones.
    layers: [BTreeMap<Ink, Vec<Rect>>; 3],
}

impl Fills {
    pub(super) fn add(&mut self, layer: usize, place: Rect, ink: Ink) {
        if place.h > 0.0 && place.w > 0.0 {
            self.layers[layer].entry(ink).or_default().push(place);
        }
    }

    /// Adds a very small square: one that follows another of its ink in the same row is drawn with it.
    fn add_small(&mut self, place: Rect, ink: Ink, gap: f64) {
        let row = self.layers[0].entry(ink).or_default();
        match row.last_mut().filter(|last| last.y == place.y && last.h == place.h && (last.x + last.w + gap - place.x).abs() < 0.01) {
            Some(last) => last.w = place.x + place.w - last.x,
            None => row.push(place),
        }
    }

    pub(super) fn draw(&self, pen: &mut dyn Pen) {
        for layer in &self.layers {
            for (&ink, places) in layer {
                for &place in places {
                    pen.fill(place, 0.0, ink);
                }
            }
        }
    }
}

/// The ink of a pod: that of its state, or of what the tint tells.
pub(super) fn ink_of(spot: &Spot, picture: &Picture) -> (Ink, Shade) {
    let shade = picture.tints.pod(picture.tint, picture.told, picture.frame, spot.pod as usize);
    let ink = match shade {
        Shade::State => Ink::Pod(spot.look),
        Shade::Hue(nth) => Ink::Hue(nth),
        Shade::Step(nth) => Ink::Step(nth),
        Shade::Other => Ink::Muted,
    };
    (ink, shade)
}

/// A pod of a few pixels.
pub(super) fn small_pod(spot: &Spot, picture: &Picture, fills: &mut Fills, marked: &mut Vec<(Rect, PodState)>) {
    let (ink, shade) = ink_of(spot, picture);
    let (place, solid) = (spot.place, tint::is_solid(spot.look));
    if place.w < 5.0 {
        return fills.add_small(place, ink, picture.view.inner.gap);
    }
    fills.add(0, place, ink);
    match shade {
        Shade::Step(nth) if solid => {
            let empty = place.inset(1.0);
            fills.add(1, Rect { h: empty.h * (1.0 - tint::filled(nth)), ..empty }, Ink::Card);
        }
        _ if !solid => fills.add(1, place.inset(1.0), Ink::Card),
        _ => {}
    }
    if spot.look == PodState::Starting {
        fills.add(2, place.inset(place.w * 0.32), ink);
    } else if matches!(spot.look, PodState::Failed | PodState::Terminating) {
        marked.push((place, spot.look));
    }
}

/// The strokes that tell pods that end from others.
pub(super) fn sign(place: Rect, look: PodState, pen: &mut dyn Pen) {
    let side = place.w;
    match look {
        PodState::Failed => {
            let cross = place.inset(side * 0.28);
            let ink = Ink::Pod(look);
            pen.line((cross.x, cross.y), (cross.x + cross.w, cross.y + cross.h), ink, 1.5);
            pen.line((cross.x, cross.y + cross.h), (cross.x + cross.w, cross.y), ink, 1.5);
        }
        PodState::Terminating => {
            let width = if side >= 11.0 { 2.5 } else { 1.0 };
            pen.line((place.x + 1.0, place.y + side - 1.0), (place.x + side - 1.0, place.y + 1.0), Ink::Card, width);
        }
        _ => {}
    }
}

/// One pod. Its state is told twice: by colour, and by the way its square is filled.
pub fn pod(spot: &Spot, picture: &Picture, pen: &mut dyn Pen) {
    let Spot { place, look, .. } = *spot;
    let (ink, shade) = ink_of(spot, picture);
    let side = place.w;
    let round = if side >= 11.0 { (side / 5.0).clamp(3.0, 6.0) } else { (side / 4.0).floor() };
    let solid = tint::is_solid(look);
    match shade {
        Shade::Step(nth) if solid => {
            pen.fill(place, round, Ink::Card);
            let share = tint::filled(nth);
            pen.fill(Rect { y: place.y + side * (1.0 - share), h: side * share, ..place }, round.min(side * share / 2.0), ink);
            pen.outline(place.inset(0.75), round, ink, 1.5, 0.0);
        }
        _ if solid => pen.fill(place, round, ink),
        _ => {
            let width = if side >= 11.0 { 1.75 } else { 1.0 };
            let dash = match look {
                PodState::Starting => 2.5,
                PodState::Pending => 1.5,
                _ => 0.0,
            };
            pen.fill(place, round, Ink::Card);
            pen.outline(place.inset(width / 2.0), round, ink, width, if side >= 7.0 { dash } else { 0.0 });
        }
    }
    if side >= 5.0 {
        sign(place, look, pen);
    }
    if side >= 13.0 {
        letters(spot, picture, solid, shade, pen);
    }
}

fn letters(spot: &Spot, picture: &Picture, solid: bool, shade: Shade, pen: &mut dyn Pen) {
    let side = spot.place.w;
    let middle = (spot.place.x + side / 2.0, spot.place.y + side / 2.0 + 0.5);
    let sign = match spot.look {
        PodState::Unschedulable => Some("!"),
        PodState::Succeeded => Some("✓"),
        PodState::Failed | PodState::Terminating => Some(""),
        _ => None,
    };
    let count = if side >= 18.0 { 2 } else { 1 };
    if sign.is_none() && side >= LEAST_NAMED && !matches!(picture.tint, Tint::Zone | Tint::Priority) {
        return name(spot, picture, solid, shade, pen);
    }
    let text = match sign {
        Some(sign) => sign.to_string(),
        None => picture.tints.letters(picture.tint, picture.told, picture.frame, spot.pod as usize, count),
    };
    if !text.is_empty() {
        pen.text(&text, middle, side - 2.0, (side * 0.46).round().min(15.0), Hold::Middle, ink_on(spot, solid, shade));
    }
}

/// The ink of what is written on a pod.
fn ink_on(spot: &Spot, solid: bool, shade: Shade) -> Ink {
    match shade {
        Shade::Step(nth) if solid && tint::filled(nth) <= 0.5 => Ink::Text,
        _ if solid => Ink::OnPod,
        Shade::State => Ink::Pod(spot.look),
        _ => Ink::Text,
    }
}

/// From this side in pixels a pod bears the name of its workload.
const LEAST_NAMED: f64 = 42.0;
/// The smallest and the largest letters of such a name, in pixels, and how wide one is of its height.
const LETTERS: (f64, f64, f64) = (8.5, 12.0, 0.64);

/// The name of a pod's workload, in as many lines as there is room for.
fn name(spot: &Spot, picture: &Picture, solid: bool, shade: Shade, pen: &mut dyn Pen) {
    let Rect { x, y, w: side, .. } = spot.place;
    let label = picture.told.workload_of(spot.pod as usize).map_or("", |workload| picture.told.story.workloads[workload].label.as_str());
    let (least, most, wide) = LETTERS;
    let room = side - 4.0;
    let lines = in_lines(label.rsplit('/').next().unwrap_or(label), (room / (least * wide)) as usize);
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(1).max(1);
    let size = ((room / (longest as f64 * wide)).clamp(least, most) * 2.0).floor() / 2.0;
    let (high, ink) = (size + 2.0, ink_on(spot, solid, shade));
    let first = y + side / 2.0 + 0.5 - (lines.len() as f64 - 1.0) * high / 2.0;
    for (nth, line) in lines.iter().enumerate() {
        pen.text(line, (x + side / 2.0, first + nth as f64 * high), side - 2.0, size, Hold::Middle, ink);
    }
}

/// A name in at most three lines of about so many letters, parted where its words are.
fn in_lines(name: &str, letters: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in name.split_inclusive(['-', '.', '_']) {
        match lines.last_mut().filter(|line| line.chars().count() + word.chars().count() <= letters) {
            Some(line) => line.push_str(word),
            None => lines.push(word.to_string()),
        }
    }
    // What is left over ends the last line, which the pen shortens.
    if lines.len() > 3 {
        let rest = lines.split_off(2).concat();
        lines.push(rest);
    }
    lines
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shortened() {
        let short: Vec<_> =
            ["deployment/web", "shop/statefulset/orders-db", "pod/x", "", "deployment/漢字"].map(|label| abbreviation(label, 2)).into();
        assert_eq!(short, ["we", "od", "x", "", "漢字"]);
        assert_eq!(in_lines("payments", 8), ["payments"]);
        assert_eq!(in_lines("order-db-main", 8), ["order-", "db-main"]);
        assert_eq!(in_lines("a-very-long-name-of-many-words", 6), ["a-", "very-", "long-name-of-many-words"]);
        assert!(in_lines("", 8).is_empty());
    }
}
