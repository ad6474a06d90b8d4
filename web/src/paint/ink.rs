//! What is drawn with: colours by their part, and the pen.

use crate::layout::Rect;
use crate::tint::{HUES, STEPS};
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
    /// The filled part of bars: what is requested.
    Bar,
    /// What is in use.
    Used,
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
    /// One of the hues of things without an order.
    Hue(u8),
    /// One of the steps of a scale.
    Step(u8),
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
            Ink::Used => "--used",
            Ink::Hue(nth) => ["--hue-0", "--hue-1", "--hue-2", "--hue-3", "--hue-4", "--hue-5", "--hue-6", "--hue-7"][nth as usize % HUES],
            Ink::Step(nth) => ["--step-0", "--step-1", "--step-2", "--step-3", "--step-4"][nth as usize % STEPS],
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
            Ink::Used,
            Ink::BarOver,
            Ink::Lost,
            Ink::LostGround,
            Ink::Pressure,
            Ink::OnPod,
        ]
        .into_iter()
        .chain(pods)
        .chain((0..HUES as u8).map(Ink::Hue))
        .chain((0..STEPS as u8).map(Ink::Step))
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
