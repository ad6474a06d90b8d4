//! The painter of the map: what is drawn when, on which of two canvases. One that is not shown has the cluster, and of it only what changed is
//! drawn again; the one that is shown has its picture, and over it what moves and what is ringed.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::HtmlCanvasElement;

use super::dom::{self, Guard};
use super::pen::{CanvasPen, Colours};
use crate::camera::Camera;
use crate::crowd::Crowd;
use crate::frame::Frame;
use crate::layout::{Level, Plan, Rect, View};
use crate::motion::{self, Origin};
use crate::paint::{self, Ink, Picture, Ringed, Spot};
use crate::store::Told;
use crate::svg;
use crate::tint::{Tint, Tints};
use wavetank_core::trace::PodState;

/// How long a pod is on its way: real milliseconds.
const FLIGHT_MS: f64 = 420.0;
/// How long a tile that lost or won pods is ringed: real milliseconds.
const PULSE_MS: f64 = 500.0;
/// More pods than this do not fly one by one.
const MOST_FLYING: usize = 1_500;
/// The most tiles that are ringed at once.
const MOST_PULSES: usize = 1_200;

/// Everything that decides what is drawn, but for the camera.
#[derive(Clone, PartialEq)]
pub(crate) struct Scene {
    pub(crate) told: Rc<Told>,
    pub(crate) frame: Rc<Frame>,
    pub(crate) plan: Rc<Plan>,
    pub(crate) tints: Rc<Tints>,
    pub(crate) tint: Tint,
    pub(crate) colours: Rc<Colours>,
    pub(crate) selected: Ringed,
}

/// A pod on its way.
struct Flight {
    from: Rect,
    began: f64,
    /// It takes another's place: its way is drawn.
    replaces: bool,
}

/// A tile that changed.
struct Pulse {
    won: bool,
    began: f64,
}

#[derive(Default)]
struct Inner {
    canvases: Option<(HtmlCanvasElement, HtmlCanvasElement)>,
    scene: Option<Scene>,
    camera: Camera,
    pointed: Ringed,
    crowd: OnceCell<Rc<Crowd>>,
    /// What each node looked like when it was drawn, zero for one that was not; empty where all has to be drawn again.
    drawn: Vec<u64>,
    /// The canvas that is not shown has the cluster as it is now.
    fresh: bool,
    heads: Vec<(String, Ink)>,
    flights: BTreeMap<u32, Flight>,
    pulses: BTreeMap<u32, Pulse>,
    flying: BTreeSet<u32>,
    clock: f64,
    run: Option<Guard>,
}

/// The painter; clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Stage(Rc<RefCell<Inner>>);

impl PartialEq for Stage {
    fn eq(&self, other: &Stage) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Stage {
    /// Draws on this from now on.
    pub(crate) fn on(&self, shown: HtmlCanvasElement) {
        let mut inner = self.0.borrow_mut();
        if inner.canvases.as_ref().is_none_or(|(_, upper)| *upper != shown) {
            let hidden = dom::document().create_element("canvas").ok().and_then(|made| made.dyn_into().ok());
            inner.canvases = hidden.map(|hidden| (hidden, shown));
            inner.forget();
        }
    }

    pub(crate) fn camera(&self) -> Camera {
        self.0.borrow().camera
    }

    /// What is shown as an SVG; none before anything was.
    pub(crate) fn svg(&self) -> Option<String> {
        let inner = self.0.borrow();
        let scene = inner.scene.as_ref()?;
        let view = View::new(&scene.plan, inner.camera);
        Some(svg::written(&inner.picture(scene, &view), &scene.selected, &*scene.colours))
    }

    /// Looks from elsewhere.
    pub(crate) fn look(&self, camera: Camera) {
        let mut inner = self.0.borrow_mut();
        if inner.camera != camera {
            inner.camera = camera;
            inner.forget();
            drop(inner);
            self.soon();
        }
    }

    /// Something is pointed at.
    pub(crate) fn point(&self, pointed: Ringed) {
        let mut inner = self.0.borrow_mut();
        if inner.pointed != pointed {
            inner.pointed = pointed;
            drop(inner);
            self.soon();
        }
    }

    /// The pods by node at the moment that is shown.
    pub(crate) fn crowd(&self) -> Option<Rc<Crowd>> {
        let inner = self.0.borrow();
        inner.scene.as_ref().map(|scene| inner.crowd.get_or_init(|| Rc::new(Crowd::of(&scene.frame))).clone())
    }

    /// The node of a pod at the moment that is shown.
    pub(crate) fn place_of(&self, pod: usize) -> Option<usize> {
        self.0.borrow().scene.as_ref().and_then(|scene| scene.frame.place(pod))
    }

    /// Shows another scene: at once if only time went on.
    pub(crate) fn show(&self, scene: Scene) {
        let mut inner = self.0.borrow_mut();
        let before = inner.scene.replace(scene.clone());
        inner.fresh = false;
        let crowd = std::mem::take(&mut inner.crowd).into_inner();
        let same = before.as_ref().is_some_and(|before| {
            Rc::ptr_eq(&before.plan, &scene.plan)
                && Rc::ptr_eq(&before.colours, &scene.colours)
                && Rc::ptr_eq(&before.told, &scene.told)
                && before.tint == scene.tint
        });
        if same {
            if let Some(before) = before.filter(|before| !Rc::ptr_eq(&before.frame, &scene.frame) && !dom::calm()) {
                inner.follow(&before.frame, crowd);
            }
        } else {
            inner.forget();
        }
        // Where something moves the next animation frame draws it anyway.
        let comes = inner.run.is_some();
        if !comes {
            inner.draw();
        }
        let moves = inner.moves();
        drop(inner);
        if moves {
            self.soon();
        }
    }

    /// Draws at the next animation frame, and as long as something moves.
    fn soon(&self) {
        if self.0.borrow().run.is_some() {
            return;
        }
        let stage = self.clone();
        let guard = dom::each_frame(move |ms| {
            let mut inner = stage.0.borrow_mut();
            inner.clock += ms;
            inner.land();
            inner.draw();
            let goes_on = inner.moves();
            if !goes_on {
                // The guard holds the very call that is under way: it is let go with the next one.
                let ended = inner.run.take();
                drop(inner);
                if let Some(ended) = ended {
                    ended.leave();
                }
            }
            goes_on
        });
        self.0.borrow_mut().run = Some(guard);
    }
}

impl Inner {
    /// All has to be drawn again, and nothing is on its way any more.
    fn forget(&mut self) {
        self.fresh = false;
        self.drawn.clear();
        self.flights.clear();
        self.pulses.clear();
        self.flying.clear();
    }

    fn moves(&self) -> bool {
        !self.flights.is_empty() || !self.pulses.is_empty()
    }

    /// Pods that moved since `before` are on their way from now on.
    fn follow(&mut self, before: &Rc<Frame>, crowd: Option<Rc<Crowd>>) {
        let Some(scene) = self.scene.clone() else { return };
        let (told, now) = (&scene.told, self.clock);
        let view = View::new(&scene.plan, self.camera);
        let tiles = view.inner.level <= Level::Tiles;
        let moved = if tiles { None } else { motion::moved(before, &scene.frame, |pod| told.workload_of(pod), MOST_FLYING) };
        let Some(moved) = moved else {
            self.flights.clear();
            self.flying.clear();
            let changes = before.nodes.iter().zip(&scene.frame.nodes).enumerate().filter(|(_, (was, is))| was.pods != is.pods);
            let changes: Vec<(u32, bool)> = changes.map(|(node, (was, is))| (node as u32, is.pods > was.pods)).collect();
            if changes.len() <= MOST_PULSES {
                self.pulses.extend(changes.into_iter().map(|(node, won)| (node, Pulse { won, began: now })));
            }
            return;
        };
        if moved.is_empty() {
            return;
        }
        let crowd_before = crowd.unwrap_or_else(|| Rc::new(Crowd::of(before)));
        let (none, window) = (BTreeSet::new(), view.window());
        let picture =
            Picture { told, frame: before, view: &view, crowd: &crowd_before, tint: scene.tint, tints: &scene.tints, flying: &none };
        for of in moved {
            let from = match of.origin {
                // One that is under way goes on from where it is.
                Origin::Own => self.place_of(of.pod).or_else(|| paint::spot(&picture, of.pod as usize).map(|spot| spot.place)),
                Origin::Of(pod) => paint::spot(&picture, pod as usize).map(|spot| spot.place),
                Origin::New => None,
            };
            if let Some(from) = from.filter(|from| from.meets(&window) || scene.plan.tray.meets(from)) {
                let replaces = matches!(of.origin, Origin::Of(_));
                self.flights.insert(of.pod, Flight { from, began: now, replaces });
                self.flying.insert(of.pod);
            }
        }
    }

    /// Where a pod on its way is now.
    fn place_of(&self, pod: u32) -> Option<Rect> {
        let flight = self.flights.get(&pod)?;
        let scene = self.scene.as_ref()?;
        let view = View::new(&scene.plan, self.camera);
        let picture = self.picture(scene, &view);
        Some(paint::between(flight.from, paint::spot(&picture, pod as usize)?.place, share(self.clock - flight.began)))
    }

    /// Those that arrived are drawn where they belong.
    fn land(&mut self) {
        let now = self.clock;
        self.flights.retain(|_, flight| now - flight.began < FLIGHT_MS);
        self.pulses.retain(|_, pulse| now - pulse.began < PULSE_MS);
        let (flights, before) = (&self.flights, self.flying.len());
        self.flying.retain(|pod| flights.contains_key(pod));
        self.fresh &= self.flying.len() == before;
    }

    fn picture<'a>(&'a self, scene: &'a Scene, view: &'a View<'a>) -> Picture<'a> {
        let crowd = self.crowd.get_or_init(|| Rc::new(Crowd::of(&scene.frame)));
        Picture { told: &scene.told, frame: &scene.frame, view, crowd, tint: scene.tint, tints: &scene.tints, flying: &self.flying }
    }

    fn draw(&mut self) {
        let (Some(scene), Some((lower, upper))) = (self.scene.clone(), self.canvases.clone()) else { return };
        let view = View::new(&scene.plan, self.camera);
        let size = scene.plan.size;
        if !self.fresh || CanvasPen::is_other(&lower, size) {
            self.draw_cluster(&scene, &view, &lower);
        }
        let picture = self.picture(&scene, &view);
        if let Some(mut pen) = CanvasPen::on(&upper, size, &scene.colours, true) {
            pen.copy(&lower, size);
            paint::tray(&picture, &mut pen);
            pen.within(view.window());
            self.draw_moving(&picture, &mut pen);
            paint::rings(&picture, &scene.selected, &mut pen);
            paint::rings(&picture, &self.pointed, &mut pen);
            pen.everywhere();
            self.draw_flights(&picture, &mut pen);
        }
    }

    /// Draws on the canvas that is not shown what changed since it was last drawn on.
    fn draw_cluster(&mut self, scene: &Scene, view: &View, lower: &HtmlCanvasElement) {
        let size = scene.plan.size;
        let heads = paint::zone_words(&scene.told, &scene.frame);
        let mut drawn = std::mem::take(&mut self.drawn);
        {
            let picture = self.picture(scene, view);
            let whole = drawn.is_empty() || CanvasPen::is_other(lower, size) || view.inner.level <= Level::Pools;
            let Some(mut pen) = CanvasPen::on(lower, size, &scene.colours, whole) else { return };
            pen.within(view.window());
            if whole {
                paint::zones(&picture, &heads, &mut pen);
            } else {
                for (number, words) in heads.iter().enumerate().filter(|(number, words)| self.heads.get(*number) != Some(words)) {
                    paint::zone_head(&picture, number, words, &mut pen);
                }
            }
            if whole {
                drawn = vec![0; scene.frame.nodes.len()];
            }
            if view.inner.level <= Level::Pools {
                paint::blocks(&picture, &mut pen);
            } else {
                let prints = view.nodes().into_iter().map(|node| (node, paint::print(&picture, node as usize)));
                let changed: Vec<(u32, u64)> = prints.filter(|(node, print)| whole || drawn.get(*node as usize) != Some(print)).collect();
                let which: Vec<u32> = changed.iter().map(|&(node, _)| node).collect();
                paint::nodes(&picture, &which, !whole, &mut pen);
                for (node, print) in changed {
                    if let Some(of) = drawn.get_mut(node as usize) {
                        *of = print;
                    }
                }
            }
            if self.camera.scale > 1.0 {
                paint::signpost(&picture, &mut pen);
            }
            pen.everywhere();
        }
        (self.drawn, self.heads, self.fresh) = (drawn, heads, true);
    }

    fn draw_moving(&self, picture: &Picture, pen: &mut CanvasPen) {
        // Those that began together are drawn together.
        let mut rings: BTreeMap<(u64, bool), Vec<Rect>> = BTreeMap::new();
        for (&node, pulse) in &self.pulses {
            let Rect { x, y, w, h } = picture.view.node(node as usize);
            rings.entry((pulse.began.to_bits(), pulse.won)).or_default().push(Rect { x: x - 1.0, y: y - 1.0, w: w + 2.0, h: h + 2.0 });
        }
        for ((began, won), places) in rings {
            pen.faint(1.0 - (self.clock - f64::from_bits(began)) / PULSE_MS);
            pen.outlines(&places, Ink::Pod(if won { PodState::Starting } else { PodState::Terminating }), 2.0);
        }
        pen.faint(1.0);
    }

    fn draw_flights(&self, picture: &Picture, pen: &mut CanvasPen) {
        for (&number, flight) in &self.flights {
            let Some(spot) = paint::spot(picture, number as usize) else { continue };
            let passed = (self.clock - flight.began) / FLIGHT_MS;
            let place = paint::between(flight.from, spot.place, share(self.clock - flight.began));
            if flight.replaces {
                pen.faint((1.0 - passed).clamp(0.0, 1.0) * 0.7);
                paint::Pen::line(pen, flight.from.middle(), place.middle(), Ink::Accent, 1.5);
                pen.faint(1.0);
            }
            paint::pod(&Spot { place, ..spot }, picture, pen);
        }
    }
}

/// How far along a way is after so many milliseconds: soon at first.
fn share(passed: f64) -> f64 {
    1.0 - (1.0 - (passed / FLIGHT_MS).clamp(0.0, 1.0)).powi(3)
}
