//! The map as an SVG: the same strokes as on the canvas, written as text. It asks nobody how wide a text is: it reckons.

use std::fmt::Write as _;

use crate::layout::{Level, Rect};
use crate::paint::{self, Hold, Ink, Pen, Picture, Ringed};

/// How wide a letter is of its height, about.
const LETTER: f64 = 0.57;

/// The colours and the face of a picture.
pub trait Palette {
    /// The colour of an ink, as CSS writes it.
    fn of(&self, ink: Ink) -> &str;
    /// The colour behind everything.
    fn ground(&self) -> &str;
    /// The face of its letters.
    fn family(&self) -> &str;
}

/// What is shown, with what is selected, as a document of its own.
pub fn written(picture: &Picture, selected: &Ringed, palette: &dyn Palette) -> String {
    let (view, (w, h)) = (picture.view, picture.view.plan.size);
    let mut pen = SvgPen { text: String::new(), palette };
    let window = view.window();
    let _ = write!(
        pen.text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w:.0} {h:.0}\" width=\"{w:.0}\" height=\"{h:.0}\" font-family=\"{}\"><rect width=\"100%\" height=\"100%\" fill=\"{}\"/><svg width=\"{:.1}\" height=\"{:.1}\">",
        escaped(palette.family()),
        escaped(palette.ground()),
        window.w,
        window.h
    );
    paint::zones(picture, &paint::zone_words(picture.told, picture.frame), &mut pen);
    if view.level() <= Level::Pools {
        paint::blocks(picture, &mut pen);
    } else {
        paint::nodes(picture, &view.nodes(), false, &mut pen);
    }
    if view.camera.scale > 1.0 {
        paint::signpost(picture, &mut pen);
    }
    paint::rings(picture, selected, &mut pen);
    pen.text.push_str("</svg>");
    paint::tray(picture, &mut pen);
    pen.text.push_str("</svg>\n");
    pen.text
}

/// A text as XML has it: without what no document may hold.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(letter),
        }
    }
    out
}

struct SvgPen<'a> {
    text: String,
    palette: &'a dyn Palette,
}

impl SvgPen<'_> {
    fn rect(&mut self, Rect { x, y, w, h }: Rect, round: f64, rest: &str) {
        let _ = write!(self.text, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" rx=\"{round:.1}\" {rest}/>");
    }
}

impl Pen for SvgPen<'_> {
    fn fill(&mut self, place: Rect, round: f64, ink: Ink) {
        let rest = format!("fill=\"{}\"", self.palette.of(ink));
        self.rect(place, round, &rest);
    }

    fn outline(&mut self, place: Rect, round: f64, ink: Ink, width: f64, dash: f64) {
        let dashes = if dash > 0.0 { format!(" stroke-dasharray=\"{dash:.1} {:.1}\"", dash * 0.8) } else { String::new() };
        let rest = format!("fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\"{dashes}", self.palette.of(ink));
        self.rect(place, round, &rest);
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), ink: Ink, width: f64) {
        let _ = write!(
            self.text,
            "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"{}\" stroke-width=\"{width}\"/>",
            from.0,
            from.1,
            to.0,
            to.1,
            self.palette.of(ink)
        );
    }

    fn text(&mut self, text: &str, (x, y): (f64, f64), most: f64, size: f64, hold: Hold, ink: Ink) {
        let room = (most / (size * LETTER)).round() as usize;
        let mut shown: String = text.chars().take(room).collect();
        if shown.len() < text.len() {
            shown.pop();
            shown.push('…');
        }
        let anchor = match hold {
            Hold::Left => "start",
            Hold::Middle => "middle",
            Hold::Right => "end",
        };
        let weight = if hold == Hold::Middle || size >= 12.0 { 600 } else { 500 };
        let _ = write!(
            self.text,
            "<text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"{size}\" font-weight=\"{weight}\" text-anchor=\"{anchor}\" fill=\"{}\">{}</text>",
            y + size * 0.36,
            self.palette.of(ink),
            escaped(&shown)
        );
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::rc::Rc;

    use super::*;
    use crate::camera::Camera;
    use crate::crowd::Crowd;
    use crate::frame::{Frame, NodeFlags, NodeLook, PodLook};
    use crate::layout::{View, plan};
    use crate::store::Told;
    use crate::tint::{Tint, Tints};
    use crate::wire::{NodeInfo, Story};
    use wavetank_core::trace::PodState;

    struct Grey;

    impl Palette for Grey {
        fn of(&self, _: Ink) -> &str {
            "#888"
        }
        fn ground(&self) -> &str {
            "#fff"
        }
        fn family(&self) -> &str {
            "\"Inter\", sans-serif"
        }
    }

    fn drawn(name: &str, scale: f64) -> String {
        let node = |zone: u32| NodeInfo { name: name.to_string(), zone, peak_pods: 1, ..NodeInfo::default() };
        let story = Story {
            zones: vec!["a".to_string(), "b".to_string()],
            nodes: vec![node(0), node(1)],
            pod_names: ["x/one"].into_iter().collect(),
            ..Story::default()
        };
        let told = Told::new(1, story);
        let look = NodeLook { flags: NodeFlags(NodeFlags::PRESENT), ..NodeLook::default() };
        let frame = Frame { nodes: vec![look; 2], pods: vec![PodLook::new(Some(0), PodState::Ready)], ..Frame::default() };
        let plan = plan(700.0, 500.0, &told.wanted());
        let view = View::new(&plan, Camera { scale, ..Camera::default() });
        let (crowd, tints, flying) = (Crowd::of(&Rc::new(frame.clone())), Tints::of(&told), BTreeSet::new());
        let picture = Picture { told: &told, frame: &frame, view: &view, crowd: &crowd, tint: Tint::State, tints: &tints, flying: &flying };
        written(&picture, &Ringed { node: Some(0), ..Ringed::default() }, &Grey)
    }

    #[test]
    fn names_are_text_and_every_element_is_closed() {
        for scale in [0.1, 1.0, 3.0] {
            let svg = drawn("<b>&\"\u{7}", scale);
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
            assert!(!svg.contains("<b>") && !svg.contains('\u{7}') && !svg.contains("NaN"), "{svg}");
            for name in ["svg", "text"] {
                assert_eq!(svg.matches(&format!("<{name} ")).count(), svg.matches(&format!("</{name}>")).count(), "{name}");
            }
        }
        let svg = drawn("<b>&", 1.0);
        assert!(svg.contains(">&lt;b>&amp;</text>") && svg.contains("no pod waits"), "{svg}");
    }

    #[test]
    fn what_is_too_long_ends_in_dots() {
        let svg = drawn(&"n".repeat(400), 1.0);
        assert!(svg.contains("nn…</text>") && !svg.contains(&"n".repeat(200)), "{svg}");
    }
}
