//! The canvas as a pen, with the style sheet's colours.

use std::collections::BTreeMap;
use std::f64::consts::{FRAC_PI_2, PI};

use wasm_bindgen::JsValue;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::dom;
use crate::layout::Rect;
use crate::paint::{Hold, Ink, Pen};
use crate::svg::Palette;

/// The colours of the scheme that is in force.
#[derive(Clone, PartialEq)]
pub(crate) struct Colours {
    inks: BTreeMap<Ink, String>,
    family: String,
    ground: String,
}

impl Palette for Colours {
    fn of(&self, ink: Ink) -> &str {
        self.inks.get(&ink).map_or("", String::as_str)
    }

    fn ground(&self) -> &str {
        &self.ground
    }

    fn family(&self) -> &str {
        &self.family
    }
}

impl Colours {
    /// Reads them from the style sheet.
    pub(crate) fn read() -> Colours {
        let root = dom::document().document_element();
        let style = root.and_then(|root| dom::window().get_computed_style(&root).ok().flatten());
        let property =
            |name: &str| style.as_ref().and_then(|style| style.get_property_value(name).ok()).unwrap_or_default().trim().to_string();
        Colours {
            inks: Ink::all().map(|ink| (ink, property(ink.property()))).collect(),
            family: property("--sans"),
            ground: property("--canvas-ground"),
        }
    }
}

/// Pixels of the screen for a CSS pixel, and for a size.
fn pixels(size: (f64, f64)) -> (f64, (u32, u32)) {
    let ratio = dom::window().device_pixel_ratio().clamp(1.0, 3.0);
    (ratio, ((size.0 * ratio).round() as u32, (size.1 * ratio).round() as u32))
}

/// A pen on a canvas.
pub(crate) struct CanvasPen<'a> {
    context: CanvasRenderingContext2d,
    colours: &'a Colours,
    /// What the context was told last: telling it again costs more than drawing a small square.
    filling: Option<Ink>,
    stroking: Option<Ink>,
}

impl<'a> CanvasPen<'a> {
    /// Whether a canvas is not of that size in CSS pixels, and so empty when it is drawn on.
    pub(crate) fn is_other(canvas: &HtmlCanvasElement, size: (f64, f64)) -> bool {
        (canvas.width(), canvas.height()) != pixels(size).1
    }

    /// A pen on a canvas of that size in CSS pixels, sharp on any screen; on an empty one if asked.
    pub(crate) fn on(canvas: &HtmlCanvasElement, size: (f64, f64), colours: &'a Colours, empty: bool) -> Option<CanvasPen<'a>> {
        use wasm_bindgen::JsCast;
        let (ratio, pixels) = pixels(size);
        if Self::is_other(canvas, size) {
            canvas.set_width(pixels.0);
            canvas.set_height(pixels.1);
        }
        let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0).ok()?;
        if empty {
            context.clear_rect(0.0, 0.0, size.0, size.1);
        }
        context.set_text_baseline("middle");
        Some(CanvasPen { context, colours, filling: None, stroking: None })
    }

    /// What is on another canvas of the same size.
    pub(crate) fn copy(&mut self, other: &HtmlCanvasElement, size: (f64, f64)) {
        let _ = self.context.draw_image_with_html_canvas_element_and_dw_and_dh(other, 0.0, 0.0, size.0, size.1);
    }

    /// Nothing is drawn outside of a rectangle, until [`CanvasPen::everywhere`].
    pub(crate) fn within(&mut self, place: Rect) {
        self.context.save();
        self.context.begin_path();
        self.context.rect(place.x, place.y, place.w, place.h);
        self.context.clip();
    }

    pub(crate) fn everywhere(&mut self) {
        self.context.restore();
        (self.filling, self.stroking) = (None, None);
    }

    /// What is drawn from now on can be seen through so far: one for not at all.
    pub(crate) fn faint(&mut self, share: f64) {
        self.context.set_global_alpha(share.clamp(0.0, 1.0));
    }

    /// The outlines of many rectangles in one stroke.
    pub(crate) fn outlines(&mut self, places: &[Rect], ink: Ink, width: f64) {
        self.stroke_with(ink);
        self.context.set_line_width(width);
        self.context.begin_path();
        for place in places {
            self.context.rect(place.x, place.y, place.w, place.h);
        }
        self.context.stroke();
    }

    fn fill_with(&mut self, ink: Ink) {
        if self.filling != Some(ink) {
            self.context.set_fill_style_str(self.colours.of(ink));
            self.filling = Some(ink);
        }
    }

    fn stroke_with(&mut self, ink: Ink) {
        if self.stroking != Some(ink) {
            self.context.set_stroke_style_str(self.colours.of(ink));
            self.stroking = Some(ink);
        }
    }

    fn path(&self, place: Rect, round: f64) {
        let Rect { x, y, w, h } = place;
        let r = round.min(w / 2.0).min(h / 2.0);
        let context = &self.context;
        context.begin_path();
        if r <= 0.0 {
            context.rect(x, y, w, h);
            return;
        }
        for (cx, cy, from) in
            [(x + w - r, y + r, -FRAC_PI_2), (x + w - r, y + h - r, 0.0), (x + r, y + h - r, FRAC_PI_2), (x + r, y + r, PI)]
        {
            let _ = context.arc(cx, cy, r, from, from + FRAC_PI_2);
        }
        context.close_path();
    }
}

impl Pen for CanvasPen<'_> {
    fn fill(&mut self, place: Rect, round: f64, ink: Ink) {
        self.fill_with(ink);
        if round <= 0.0 {
            self.context.fill_rect(place.x, place.y, place.w, place.h);
        } else {
            self.path(place, round);
            self.context.fill();
        }
    }

    fn outline(&mut self, place: Rect, round: f64, ink: Ink, width: f64, dash: f64) {
        self.stroke_with(ink);
        self.context.set_line_width(width);
        let dashes = js_sys::Array::new();
        if dash > 0.0 {
            dashes.push(&JsValue::from_f64(dash));
            dashes.push(&JsValue::from_f64(dash * 0.8));
        }
        let _ = self.context.set_line_dash(&dashes);
        self.path(place, round);
        self.context.stroke();
        if dash > 0.0 {
            let _ = self.context.set_line_dash(&js_sys::Array::new());
        }
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), ink: Ink, width: f64) {
        self.stroke_with(ink);
        self.context.set_line_width(width);
        self.context.begin_path();
        self.context.move_to(from.0, from.1);
        self.context.line_to(to.0, to.1);
        self.context.stroke();
    }

    fn text(&mut self, text: &str, at: (f64, f64), most: f64, size: f64, hold: Hold, ink: Ink) {
        let weight = if hold == Hold::Middle || size >= 12.0 { 600 } else { 500 };
        self.context.set_font(&format!("{weight} {size}px {}", self.colours.family));
        self.fill_with(ink);
        self.context.set_text_align(match hold {
            Hold::Left => "left",
            Hold::Middle => "center",
            Hold::Right => "right",
        });
        let shown = self.shortened(text, most);
        let _ = self.context.fill_text(&shown, at.0, at.1);
    }
}

impl CanvasPen<'_> {
    /// The text, or as much of it as is not wider than `most`, with an ellipsis.
    fn shortened(&self, text: &str, most: f64) -> String {
        let width = |text: &str| self.context.measure_text(text).map_or(0.0, |measure| measure.width());
        if width(text) <= most {
            return text.to_string();
        }
        let letters: Vec<char> = text.chars().take(80).collect();
        (1..letters.len())
            .rev()
            .map(|count| letters[..count].iter().collect::<String>() + "…")
            .find(|short| width(short) <= most)
            .unwrap_or_default()
    }
}
