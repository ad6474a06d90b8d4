//! The camera over the cluster's map: zooming about a point, moving, what is in view. Arithmetic; it draws nothing.

use crate::layout::Rect;

/// A point of the map at the upper left corner of the view, and how much larger than unzoomed everything is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// The left edge of the view on the map.
    pub x: f64,
    /// The upper edge of the view on the map.
    pub y: f64,
    /// Pixels of the screen for one of the map.
    pub scale: f64,
}

impl Default for Camera {
    /// All is in view.
    fn default() -> Camera {
        Camera { x: 0.0, y: 0.0, scale: 1.0 }
    }
}

/// How far one can zoom out: zones become blocks.
pub const LEAST_ZOOM: f64 = 0.25;
/// How much of the view moves with one press of a key.
const STEP: f64 = 0.25;

impl Camera {
    /// Where a place of the map is on the screen.
    pub fn screen(&self, place: Rect) -> Rect {
        let s = self.scale;
        Rect { x: (place.x - self.x) * s, y: (place.y - self.y) * s, w: place.w * s, h: place.h * s }
    }

    /// The point of the map at a point of the screen.
    pub fn world(&self, x: f64, y: f64) -> (f64, f64) {
        (x / self.scale + self.x, y / self.scale + self.y)
    }

    /// Whether all is in view.
    pub fn is_fit(&self) -> bool {
        *self == Camera::default()
    }

    /// So many times larger, with what is at a point of the screen staying there.
    #[must_use]
    pub fn zoomed(&self, by: f64, at: (f64, f64), size: (f64, f64), most: f64) -> Camera {
        let scale = (self.scale * by).clamp(LEAST_ZOOM, most.max(1.0));
        // Near the whole view it is the whole view that is meant.
        if by < 1.0 && self.scale > 1.0 && scale <= 1.02 {
            return Camera::default();
        }
        let (x, y) = self.world(at.0, at.1);
        Camera { x: x - at.0 / scale, y: y - at.1 / scale, scale }.held(size)
    }

    /// Moved by so many pixels of the screen.
    #[must_use]
    pub fn moved(&self, by: (f64, f64), size: (f64, f64)) -> Camera {
        Camera { x: self.x - by.0 / self.scale, y: self.y - by.1 / self.scale, ..*self }.held(size)
    }

    /// Moved by steps of a key.
    #[must_use]
    pub fn stepped(&self, (right, down): (i32, i32), size: (f64, f64)) -> Camera {
        self.moved((-f64::from(right) * size.0 * STEP, -f64::from(down) * size.1 * STEP), size)
    }

    /// With a place of the map in the middle, large enough to fill a good part of the view.
    #[must_use]
    pub fn onto(place: Rect, size: (f64, f64), most: f64) -> Camera {
        let scale = (size.0 / place.w.max(1e-6)).min(size.1 / place.h.max(1e-6)) * 0.82;
        let scale = scale.clamp(1.0, most.max(1.0));
        let (x, y) = place.middle();
        Camera { x: x - size.0 / scale / 2.0, y: y - size.1 / scale / 2.0, scale }.held(size)
    }

    /// Moved as little as brings a place of the map into view.
    #[must_use]
    pub fn showing(&self, place: Rect, size: (f64, f64)) -> Camera {
        let shift = |from: f64, length: f64, view: f64, span: f64| {
            if from < view {
                from - view
            } else if from + length > view + span {
                (from + length - view - span).min(from - view)
            } else {
                0.0
            }
        };
        let (w, h) = (size.0 / self.scale, size.1 / self.scale);
        let margin = Rect {
            x: place.x - 8.0 / self.scale,
            y: place.y - 8.0 / self.scale,
            w: place.w + 16.0 / self.scale,
            h: place.h + 16.0 / self.scale,
        };
        Camera { x: self.x + shift(margin.x, margin.w, self.x, w), y: self.y + shift(margin.y, margin.h, self.y, h), ..*self }.held(size)
    }

    /// Held so that the map does not leave the view.
    fn held(self, (w, h): (f64, f64)) -> Camera {
        let hold = |at: f64, span: f64| {
            let seen = span / self.scale;
            if seen >= span { (span - seen) / 2.0 } else { at.clamp(0.0, span - seen) }
        };
        Camera { x: hold(self.x, w), y: hold(self.y, h), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (f64, f64) = (800.0, 600.0);

    #[test]
    fn what_is_under_the_pointer_stays_there() {
        let camera = Camera::default().zoomed(3.0, (200.0, 150.0), SIZE, 50.0);
        assert_eq!(camera.scale, 3.0);
        let (x, y) = camera.world(200.0, 150.0);
        assert!((x - 200.0).abs() < 1e-9 && (y - 150.0).abs() < 1e-9);
        let closer = camera.zoomed(2.0, (700.0, 20.0), SIZE, 50.0);
        let (was, is) = (camera.world(700.0, 20.0), closer.world(700.0, 20.0));
        assert!((was.0 - is.0).abs() < 1e-9 && (was.1 - is.1).abs() < 1e-9);
    }

    #[test]
    fn zoom_has_ends_and_comes_home() {
        assert_eq!(Camera::default().zoomed(99.0, (0.0, 0.0), SIZE, 8.0).scale, 8.0);
        assert_eq!(Camera::default().zoomed(0.01, (0.0, 0.0), SIZE, 8.0).scale, LEAST_ZOOM);
        let back = Camera::default().zoomed(2.0, (300.0, 300.0), SIZE, 8.0).zoomed(0.5, (10.0, 10.0), SIZE, 8.0);
        assert!(back.is_fit());
    }

    #[test]
    fn the_map_does_not_leave_the_view() {
        let camera = Camera::default().zoomed(4.0, (400.0, 300.0), SIZE, 8.0);
        for by in [(9_999.0, 0.0), (-9_999.0, 0.0), (0.0, 9_999.0), (0.0, -9_999.0)] {
            let moved = camera.moved(by, SIZE);
            assert!(moved.x >= 0.0 && moved.x + SIZE.0 / 4.0 <= SIZE.0 && moved.y >= 0.0 && moved.y + SIZE.1 / 4.0 <= SIZE.1, "{by:?}");
        }
        assert!(camera.stepped((1, 0), SIZE).x > camera.x);
        let small = Camera::default().zoomed(0.5, (0.0, 0.0), SIZE, 8.0);
        assert_eq!(small.screen(Rect { x: 0.0, y: 0.0, w: 800.0, h: 600.0 }), Rect { x: 200.0, y: 150.0, w: 400.0, h: 300.0 });
    }

    #[test]
    fn a_place_is_brought_into_view() {
        let place = Rect { x: 700.0, y: 500.0, w: 20.0, h: 20.0 };
        let camera = Camera::onto(place, SIZE, 10.0);
        assert_eq!(camera.scale, 10.0);
        let shown = camera.screen(place);
        assert!(shown.x >= 0.0 && shown.x + shown.w <= SIZE.0 && shown.y >= 0.0 && shown.y + shown.h <= SIZE.1);
        let elsewhere = Camera::default().zoomed(4.0, (0.0, 0.0), SIZE, 8.0).showing(place, SIZE);
        assert_eq!(elsewhere.scale, 4.0);
        let shown = elsewhere.screen(place);
        assert!(shown.x >= -0.1 && shown.x + shown.w <= SIZE.0 + 0.1 && shown.y >= -0.1 && shown.y + shown.h <= SIZE.1 + 0.1, "{shown:?}");
    }
}
