//! Moving about in a picture: what fits, what a zoom keeps in place, and which box lies in a direction. Numbers only.

use crate::wire::Node;

/// The least and the most that a picture is scaled.
pub const SCALES: (f64, f64) = (0.04, 3.0);
/// What lies over a frame at its top and its foot, and is kept free where a picture fits: pixels.
const OVER: (f64, f64) = (36.0, 26.0);

/// Where a picture lies in its frame: moved by so many pixels, and scaled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lens {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
    /// Times.
    pub scale: f64,
}

impl Lens {
    /// All of a picture in the middle of a frame, no larger than it is.
    pub fn fitting(picture: (i32, i32), frame: (f64, f64)) -> Lens {
        let (w, h) = (f64::from(picture.0.max(1)), f64::from(picture.1.max(1)));
        let room = (frame.1 - OVER.0 - OVER.1).max(frame.1 / 2.0);
        let scale = (frame.0 / w).min(room / h).clamp(SCALES.0, 1.15);
        Lens { x: (frame.0 - w * scale) / 2.0, y: (OVER.0 + (room - h * scale) / 2.0).max(0.0), scale }
    }

    /// Larger or smaller, what lies at a point of the frame staying there.
    pub fn zoomed(self, times: f64, at: (f64, f64)) -> Lens {
        let scale = (self.scale * times).clamp(SCALES.0, SCALES.1);
        let own = scale / self.scale;
        Lens { x: at.0 - (at.0 - self.x) * own, y: at.1 - (at.1 - self.y) * own, scale }
    }

    /// Moved.
    pub fn moved(self, x: f64, y: f64) -> Lens {
        Lens { x: self.x + x, y: self.y + y, ..self }
    }

    /// Moved as little as shows a box whole.
    pub fn showing(self, node: &Node, frame: (f64, f64)) -> Lens {
        let within = |offset: f64, middle: i32, size: i32, room: f64| {
            let (from, to) = (
                offset + (f64::from(middle) - f64::from(size) / 2.0) * self.scale,
                offset + (f64::from(middle) + f64::from(size) / 2.0) * self.scale,
            );
            if from < 0.0 {
                12.0 - from
            } else if to > room {
                room - to - 12.0
            } else {
                0.0
            }
        };
        self.moved(within(self.x, node.x, node.w, frame.0), within(self.y, node.y, node.h, frame.1))
    }
}

/// The box that lies nearest in a direction (-1, 0 or 1 each way): what is straight ahead counts more than what is close beside.
pub fn beside(nodes: &[Node], from: usize, (right, down): (i32, i32)) -> Option<usize> {
    let own = nodes.get(from)?;
    let ahead = |node: &Node| {
        let (x, y) = (i64::from(node.x - own.x), i64::from(node.y - own.y));
        let (along, across) = if right != 0 { (x * i64::from(right), y.abs()) } else { (y * i64::from(down), x.abs()) };
        // In a row one step is a box, between rows it is a row.
        (along > 0).then_some(along + across * if right != 0 { 4 } else { 1 })
    };
    nodes.iter().enumerate().filter(|&(nth, _)| nth != from).filter_map(|(nth, node)| Some((ahead(node)?, nth))).min().map(|(_, nth)| nth)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(x: i32, y: i32) -> Node {
        Node { x, y, w: 100, h: 44, ..Node::default() }
    }

    #[test]
    fn a_zoom_keeps_what_is_under_the_pointer() {
        let lens = Lens::fitting((2_000, 500), (700.0, 500.0));
        assert!((lens.scale - 0.35).abs() < 1e-9 && lens.x.abs() < 1e-9 && lens.y > 100.0);
        let at = (300.0, 200.0);
        let point = |lens: Lens| ((at.0 - lens.x) / lens.scale, (at.1 - lens.y) / lens.scale);
        let (before, after) = (point(lens), point(lens.zoomed(2.0, at)));
        assert!((before.0 - after.0).abs() < 1e-6 && (before.1 - after.1).abs() < 1e-6);
        assert_eq!(lens.zoomed(1e9, at).scale, SCALES.1);
        assert_eq!(Lens::fitting((0, 0), (0.0, 0.0)).scale, SCALES.0);
    }

    #[test]
    fn arrows_lead_to_what_lies_there() {
        let nodes = [node(100, 46), node(300, 46), node(100, 146), node(320, 146), node(900, 46)];
        assert_eq!(beside(&nodes, 0, (1, 0)), Some(1));
        assert_eq!(beside(&nodes, 0, (0, 1)), Some(2));
        assert_eq!(beside(&nodes, 3, (0, -1)), Some(1));
        assert_eq!(beside(&nodes, 3, (-1, 0)), Some(2));
        assert_eq!(beside(&nodes, 0, (0, -1)), None);
        assert_eq!(beside(&nodes, 9, (0, -1)), None);
    }

    #[test]
    fn a_box_that_is_out_of_sight_is_brought_into_it() {
        let lens = Lens { x: 0.0, y: 0.0, scale: 1.0 };
        assert_eq!(lens.showing(&node(100, 100), (700.0, 500.0)), lens);
        let moved = lens.showing(&node(1_000, 30), (700.0, 500.0));
        assert!((moved.x - (700.0 - 1_050.0 - 12.0)).abs() < 1e-9 && moved.y.abs() < 1e-9, "{moved:?}");
    }
}
