//! The cluster on its canvas: it follows pointer, wheel, fingers and keys. What is drawn is the stage's.

use std::rc::Rc;

use web_sys::{HtmlCanvasElement, WheelEvent};
use yew::prelude::*;

use super::dom;
use super::icon::{Icon, Name};
use super::pen::Colours;
use super::stage::{Scene, Stage};
use crate::camera::Camera;
use crate::frame::Frame;
use crate::layout::{self, Level, Plan, Target, View};
use crate::paint::{self, Ringed};
use crate::store::{Action, Selection, Store, Told};
use crate::tint::{Tint, Tints};
use wavetank_core::trace::PodState;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) told: Rc<Told>,
    pub(crate) frame: Rc<Frame>,
    pub(crate) selection: Option<Selection>,
    pub(crate) pod: Option<usize>,
    pub(crate) tint: Tint,
    pub(crate) stage: Stage,
    /// Changes with the colour scheme.
    pub(crate) scheme: u32,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

/// How much one press of a button or key zooms.
const ZOOM: f64 = 1.6;
/// How far a pressed pointer moves before it moves the map: pixels.
const SLOP: f64 = 4.0;

/// Fingers and pointers that are down, and what they did.
#[derive(Default)]
struct Hands {
    /// Each with its number and place.
    down: Vec<(i32, f64, f64)>,
    moved: f64,
}

impl Hands {
    /// The place of one, or the middle of two and how far they are apart.
    fn grip(&self) -> Option<((f64, f64), f64)> {
        match self.down.as_slice() {
            [(_, x, y)] => Some(((*x, *y), 0.0)),
            [(_, x, y), (_, u, v), ..] => Some((((x + u) / 2.0, (y + v) / 2.0), (x - u).hypot(y - v))),
            [] => None,
        }
    }
}

fn target_ring(target: Option<Target>) -> Ringed {
    match target {
        Some(Target::Pod(pod)) => Ringed { pod: Some(pod), ..Ringed::default() },
        Some(Target::Node(node)) => Ringed { node: Some(node), ..Ringed::default() },
        Some(Target::Zone(zone)) => Ringed { zone: Some(zone), ..Ringed::default() },
        None => Ringed::default(),
    }
}

fn selection_of(target: Target, told: &Told) -> Option<Selection> {
    Some(match target {
        Target::Pod(pod) => Selection::Pod(told.pod_name(pod)),
        Target::Node(node) => Selection::Node(told.story.nodes.get(node)?.name.clone()),
        Target::Zone(zone) => Selection::Zone(told.story.zones.get(zone)?.clone()),
    })
}

#[component(Cluster)]
pub(crate) fn cluster(props: &Props) -> Html {
    let canvas = use_node_ref();
    let (holder, tip) = (use_node_ref(), use_node_ref());
    let size = dom::use_size(holder.clone());
    let pointed = use_state_eq(|| None::<Target>);
    // Tells the buttons how far it is zoomed.
    let zoomed = use_state_eq(|| (true, Level::Cards));
    let stage = props.stage.clone();
    let hands = use_mut_ref(Hands::default);

    // The plan stays where only typing changed the story: nodes that stand still are easier to follow.
    let wanted = use_memo(props.told.clone(), |told| told.wanted());
    let plan: Rc<Plan> = use_memo((wanted, size.0 as i64, size.1 as i64), |(wanted, w, h)| layout::plan(*w as f64, *h as f64, wanted));
    let tints = use_memo(props.told.clone(), |told| Tints::of(told));
    let colours = use_memo(props.scheme, |_| Colours::read());
    let selected = use_memo((props.told.clone(), props.selection.clone(), props.pod), |(told, selection, pod)| match selection {
        Some(Selection::Node(name)) => Ringed { node: told.story.nodes.iter().position(|node| node.name == *name), ..Ringed::default() },
        Some(Selection::Zone(name)) => Ringed { zone: told.story.zones.iter().position(|zone| zone == name), ..Ringed::default() },
        _ => Ringed { pod: *pod, ..Ringed::default() },
    });
    {
        let scene = Scene {
            told: props.told.clone(),
            frame: props.frame.clone(),
            plan: plan.clone(),
            tints,
            tint: props.tint,
            colours,
            selected: *selected,
        };
        let (stage, canvas) = (stage.clone(), canvas.clone());
        use_effect_with(scene, move |scene| {
            if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                stage.on(canvas);
                // Until the first frame of another run has come the last picture stays: the old one would be drawn only to be drawn over.
                if scene.plan.size.0 > 40.0 && scene.frame.generation == scene.told.generation {
                    stage.show(scene.clone());
                }
            }
        });
    }
    let look = {
        let (stage, plan, zoomed) = (stage.clone(), plan.clone(), zoomed.clone());
        Rc::new(move |camera: Camera| {
            stage.look(camera);
            zoomed.set((camera.is_fit(), View::new(&plan, camera).level()));
        })
    };
    {
        // Another size is another plan: what was looked at is no longer there.
        let look = look.clone();
        use_effect_with(plan.clone(), move |_| look(Camera::default()));
    }
    {
        // The browser takes a wheel at the document for scrolling only: it has to be heard at the canvas.
        let (look, stage, plan) = (look.clone(), stage.clone(), plan.clone());
        use_effect_with((canvas.clone(), plan.clone()), move |(canvas, _)| {
            let guard = canvas.cast::<HtmlCanvasElement>().map(|canvas| {
                dom::listen(&canvas, "wheel", move |event: WheelEvent| {
                    event.prevent_default();
                    let at = (f64::from(event.offset_x()), f64::from(event.offset_y()));
                    // A pinch on a pad comes as small steps with the control key.
                    let speed = if event.ctrl_key() { 0.01 } else { 0.0018 };
                    let lines = if event.delta_mode() == 1 { 24.0 } else { 1.0 };
                    let by = 2.0_f64.powf((-event.delta_y() * lines * speed * 1.44).clamp(-1.0, 1.0));
                    look(stage.camera().zoomed(by, at, plan.size, plan.most_zoom()));
                })
            });
            move || drop(guard)
        });
    }
    let find = {
        let (plan, stage) = (plan.clone(), stage.clone());
        Rc::new(move |x: f64, y: f64| layout::hit(&View::new(&plan, stage.camera()), &*stage.crowd()?, x, y))
    };
    let hover = {
        let (stage, pointed) = (stage.clone(), pointed.clone());
        Rc::new(move |target: Option<Target>| {
            stage.point(target_ring(target));
            pointed.set(target);
        })
    };
    let choose = {
        let (dispatch, told) = (props.dispatch.clone(), props.told.clone());
        Rc::new(move |target: Option<Target>| dispatch.dispatch(Action::Select(target.and_then(|target| selection_of(target, &told)))))
    };
    let onto = {
        let (plan, look) = (plan.clone(), look.clone());
        Rc::new(move |target: Target| {
            let place = match target {
                Target::Zone(zone) => plan.zones.get(zone).map(|zone| zone.place),
                Target::Node(node) => Some(plan.node(node)),
                Target::Pod(_) => None,
            };
            if let Some(place) = place {
                look(Camera::onto(place, plan.size, plan.most_zoom()));
            }
        })
    };
    let put_tip = {
        let (tip, holder) = (tip.clone(), holder.clone());
        Rc::new(move |x: f64, y: f64| {
            let wide = holder.cast::<web_sys::HtmlElement>().map_or(0.0, |holder| f64::from(holder.client_width()));
            let x = (x + 14.0).min((wide - 260.0).max(0.0));
            let y = y + if size.1 - y < 90.0 { -76.0 } else { 18.0 };
            dom::style(&tip, "transform", &format!("translate({x}px, {y}px)"));
        })
    };
    let place = |event: &PointerEvent| (f64::from(event.offset_x()), f64::from(event.offset_y()));
    let onpointerdown = {
        let hands = hands.clone();
        Callback::from(move |event: PointerEvent| {
            let (x, y) = place(&event);
            let mut hands = hands.borrow_mut();
            if hands.down.is_empty() {
                hands.moved = 0.0;
            }
            hands.down.retain(|hand| hand.0 != event.pointer_id());
            if event.button() == 0 {
                hands.down.push((event.pointer_id(), x, y));
            }
        })
    };
    let onpointermove = {
        let (hands, find, hover, look, stage, plan, canvas, put_tip) =
            (hands.clone(), find.clone(), hover.clone(), look.clone(), stage.clone(), plan.clone(), canvas.clone(), put_tip.clone());
        Callback::from(move |event: PointerEvent| {
            let (x, y) = place(&event);
            let mut hands = hands.borrow_mut();
            let before = hands.grip();
            match hands.down.iter_mut().find(|hand| hand.0 == event.pointer_id()) {
                Some(hand) => (hand.1, hand.2) = (x, y),
                None => {
                    drop(hands);
                    put_tip(x, y);
                    return hover(find(x, y));
                }
            }
            let (Some((from, apart)), Some((to, now_apart))) = (before, hands.grip()) else { return };
            hands.moved += (to.0 - from.0).hypot(to.1 - from.1) + (now_apart - apart).abs();
            if hands.moved < SLOP {
                return;
            }
            if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                let _ = canvas.set_pointer_capture(event.pointer_id());
            }
            let by = if apart > 0.0 && now_apart > 0.0 { now_apart / apart } else { 1.0 };
            let camera = stage.camera().moved((to.0 - from.0, to.1 - from.1), plan.size);
            look(camera.zoomed(by, to, plan.size, plan.most_zoom()));
        })
    };
    let onpointerup = {
        let (hands, find, choose, hover) = (hands.clone(), find.clone(), choose.clone(), hover.clone());
        Callback::from(move |event: PointerEvent| {
            let (x, y) = place(&event);
            let mut hands = hands.borrow_mut();
            let held = hands.down.iter().any(|hand| hand.0 == event.pointer_id());
            hands.down.retain(|hand| hand.0 != event.pointer_id());
            let click = held && hands.down.is_empty() && hands.moved < SLOP;
            drop(hands);
            if click {
                let target = find(x, y);
                if event.pointer_type() != "mouse" {
                    // A finger that is gone points at nothing.
                    hover(None);
                }
                choose(target);
            }
        })
    };
    let onpointercancel = {
        let hands = hands.clone();
        Callback::from(move |event: PointerEvent| hands.borrow_mut().down.retain(|hand| hand.0 != event.pointer_id()))
    };
    let onpointerleave = {
        let hover = hover.clone();
        Callback::from(move |_: PointerEvent| hover(None))
    };
    let ondblclick = {
        let (find, onto) = (find.clone(), onto.clone());
        Callback::from(move |event: MouseEvent| {
            if let Some(target) = find(f64::from(event.offset_x()), f64::from(event.offset_y())) {
                onto(target);
            }
        })
    };
    let zoom = {
        let (stage, plan, look) = (stage.clone(), plan.clone(), look.clone());
        Rc::new(move |by: f64| {
            let middle = (plan.size.0 / 2.0, plan.tray.y / 2.0);
            let camera = stage.camera().zoomed(by, middle, plan.size, plan.most_zoom());
            look(if by == 0.0 { Camera::default() } else { camera });
        })
    };
    let onkeydown = {
        let (zoom, stage, plan, look, pointed, hover, choose, onto, put_tip) =
            (zoom.clone(), stage.clone(), plan.clone(), look.clone(), pointed.clone(), hover.clone(), choose, onto, put_tip);
        Callback::from(move |event: KeyboardEvent| {
            let way = match event.key().as_str() {
                "ArrowRight" => Some((1, 0)),
                "ArrowLeft" => Some((-1, 0)),
                "ArrowDown" => Some((0, 1)),
                "ArrowUp" => Some((0, -1)),
                _ => None,
            };
            match (event.key().as_str(), way, *pointed) {
                ("+" | "=", ..) => zoom(ZOOM),
                ("-", ..) => zoom(1.0 / ZOOM),
                ("0", ..) => zoom(0.0),
                (_, Some(way), _) if event.shift_key() => look(stage.camera().stepped(way, plan.size)),
                (_, Some(way), from) => {
                    let from = match from {
                        Some(Target::Node(node)) => Some(node),
                        Some(Target::Pod(pod)) => stage.place_of(pod),
                        _ => None,
                    };
                    let to = layout::step(&plan, from, way);
                    if let Some(node) = to {
                        let camera = stage.camera();
                        look(if camera.is_fit() { camera } else { camera.showing(plan.node(node), plan.size) });
                        let place = View::new(&plan, stage.camera()).node(node);
                        put_tip(place.x + place.w / 2.0, place.y + place.h / 2.0);
                    }
                    hover(to.map(Target::Node));
                }
                ("Enter", _, Some(target)) if event.shift_key() => onto(target),
                ("Enter", _, Some(target)) => choose(Some(target)),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    let label = use_memo((props.told.clone(), props.frame.clone()), |(told, frame)| summary(told, frame));
    let words = pointed.map(|target| describe(target, &props.told, &props.frame));
    let button = |name: Name, label: &'static str, by: f64, disabled: bool| {
        let zoom = zoom.clone();
        html! { <button type="button" aria-label={label} title={label} {disabled} onclick={move |_| zoom(by)}><Icon {name} /></button> }
    };
    let (fit, level) = *zoomed;
    html! {
        <div ref={holder} class="canvas-holder">
            <canvas ref={canvas} class={classes!(pointed.is_some().then_some("pointing"), (!fit).then_some("zoomed"))} tabindex="0"
                role="application" aria-roledescription="map" aria-label={(*label).clone()}
                {onpointerdown} {onpointermove} {onpointerup} {onpointercancel} {onpointerleave} {ondblclick} {onkeydown}></canvas>
            <div class="zoom" role="group" aria-label="Zoom">
                { button(Name::Plus, "Zoom in (+)", ZOOM, false) }
                { button(Name::Minus, "Zoom out (−)", 1.0 / ZOOM, false) }
                { button(Name::Fit, "The whole cluster (0)", 0.0, fit) }
                <span title="What the map shows, as near as it is seen">{ level_words(level) }</span>
            </div>
            <div ref={tip} class={classes!("tip", words.is_none().then_some("hidden"))} role="tooltip" aria-live="polite">
                if let Some((title, rest)) = words { <b><bdi>{ title }</bdi></b><span>{ rest }</span> }
            </div>
        </div>
    }
}

fn level_words(level: Level) -> &'static str {
    match level {
        Level::Zones => "zones",
        Level::Pools => "pools",
        Level::Tiles => "nodes",
        Level::Compact | Level::Cards => "pods",
    }
}

/// What the pointer's tip says.
fn describe(target: Target, told: &Told, frame: &Frame) -> (String, String) {
    match target {
        Target::Pod(pod) => {
            let workload = told.workload_of(pod).map_or("", |workload| told.story.workloads[workload].label.as_str());
            let place = frame.place(pod).and_then(|node| told.story.nodes.get(node)).map_or("no node", |node| node.name.as_str());
            (told.pod_name(pod), format!("{} · {place} · {workload}", frame.look(pod).label()))
        }
        Target::Node(node) => {
            let look = frame.nodes.get(node).copied().unwrap_or_default();
            let info = &told.story.nodes[node];
            let words = format!(
                "{} · cpu {}% of {} requested, {}% used · memory {}% of {} requested, {}% used · {} of {} pods",
                look.flags.label(),
                look.cpu / 10,
                cores(info.cpu_milli),
                look.used_cpu / 10,
                look.memory / 10,
                bytes(info.memory_bytes),
                look.used_memory / 10,
                look.pods,
                info.pods
            );
            (info.name.clone(), words)
        }
        Target::Zone(zone) => {
            let nodes = told.story.nodes.iter().filter(|node| node.zone as usize == zone).count();
            let on = |pod: &usize| {
                frame.look(*pod) == PodState::Ready
                    && frame.place(*pod).and_then(|node| told.story.nodes.get(node)).is_some_and(|node| node.zone as usize == zone)
            };
            let ready = frame.present().filter(on).count();
            (told.story.zones[zone].clone(), format!("{} · {} ready", paint::counted(nodes, "node"), paint::counted(ready, "pod")))
        }
    }
}

/// `4 cores`, `500m`.
pub(crate) fn cores(milli: u64) -> String {
    if milli.is_multiple_of(1_000) { paint::counted((milli / 1_000) as usize, "core") } else { format!("{milli}m") }
}

/// `16 GiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    let gib = bytes as f64 / f64::from(1 << 30);
    if gib >= 1.0 { format!("{} GiB", (gib * 10.0).round() / 10.0) } else { format!("{} MiB", bytes >> 20) }
}

/// What a screen reader says of the picture.
fn summary(told: &Told, frame: &Frame) -> String {
    let counts = frame.counts();
    let lost = frame.nodes.iter().filter(|node| node.flags.has(crate::frame::NodeFlags::FAILED)).count();
    let pods: Vec<String> = PodState::SHOWN
        .iter()
        .filter(|&&look| counts[look as usize] > 0)
        .map(|&look| format!("{} {}", counts[look as usize], look.label()))
        .collect();
    format!(
        "Cluster at {}: {}, {}, {lost} lost; pods: {}. Arrows go from node to node, Enter selects, plus and minus zoom. The table view has every node and pod.",
        crate::clock::written(frame.at_ms),
        paint::counted(told.story.zones.len(), "zone"),
        paint::counted(frame.nodes.len(), "node"),
        if pods.is_empty() { "none".to_string() } else { pods.join(", ") }
    )
}
