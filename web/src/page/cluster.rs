//! The cluster on its canvas: it draws, follows the pointer, and lets pods glide to their places.

use std::collections::HashMap;
use std::rc::Rc;

use web_sys::HtmlCanvasElement;
use yew::prelude::*;

use super::dom::{self, Guard};
use super::pen::{CanvasPen, Colours};
use crate::frame::Frame;
use crate::layout::{self, Crowd, Plan, Rect, Target};
use crate::paint::{self, Picture, Spot};
use crate::store::{Action, Selection, Store, Told};
use wavetank_core::trace::PodState;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) told: Rc<Told>,
    pub(crate) frame: Rc<Frame>,
    pub(crate) selection: Option<Selection>,
    pub(crate) pod: Option<usize>,
    /// Changes with the colour scheme.
    pub(crate) scheme: u32,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

/// How long a pod glides to its new place: real milliseconds.
const GLIDE_MS: f64 = 220.0;
/// More pods than this do not glide.
const MOST_GLIDING: usize = 3_000;

#[derive(Default)]
struct Gliding {
    /// Where pods were drawn last.
    places: HashMap<u32, Rect>,
    run: Option<Guard>,
}

#[component(Cluster)]
pub(crate) fn cluster(props: &Props) -> Html {
    let canvas = use_node_ref();
    let holder = use_node_ref();
    let tip = use_node_ref();
    let size = dom::use_size(holder.clone());
    let pointed = use_state_eq(|| None::<Target>);
    let gliding = use_mut_ref(Gliding::default);

    let plan =
        use_memo((props.told.clone(), size.0 as i64, size.1 as i64), |(told, w, h)| layout::plan(*w as f64, *h as f64, &told.wanted()));
    let crowd = use_memo(props.frame.clone(), |frame| Crowd::of(frame));
    let colours = use_memo(props.scheme, |_| Colours::read());

    let index = |name: &str| props.told.story.nodes.iter().position(|node| node.name == name);
    let (node, zone) = match &props.selection {
        Some(Selection::Node(name)) => (index(name), None),
        Some(Selection::Zone(name)) => (None, props.told.story.zones.iter().position(|zone| zone == name)),
        _ => (None, None),
    };
    {
        let scene = Scene {
            told: props.told.clone(),
            frame: props.frame.clone(),
            plan: plan.clone(),
            crowd: crowd.clone(),
            colours: colours.clone(),
            size,
            pod: props.pod,
            node,
            zone,
        };
        let (canvas, gliding) = (canvas.clone(), gliding.clone());
        use_effect_with(scene, move |scene| {
            if let Some(canvas) = canvas.cast::<HtmlCanvasElement>().filter(|_| scene.size.0 > 0.0) {
                draw(scene.clone(), canvas, &gliding);
            }
        });
    }

    let find = {
        let (plan, crowd) = (plan.clone(), crowd.clone());
        move |event: &MouseEvent| layout::hit(&plan, &crowd, f64::from(event.offset_x()), f64::from(event.offset_y()))
    };
    let onmousemove = {
        let (pointed, find, tip, holder) = (pointed.clone(), find.clone(), tip.clone(), holder.clone());
        Callback::from(move |event: MouseEvent| {
            let wide = holder.cast::<web_sys::HtmlElement>().map_or(0.0, |holder| f64::from(holder.client_width()));
            let x = (f64::from(event.offset_x()) + 14.0).min((wide - 260.0).max(0.0));
            let high = size.1 - f64::from(event.offset_y()) < 90.0;
            let y = f64::from(event.offset_y()) + if high { -76.0 } else { 18.0 };
            dom::style(&tip, "transform", &format!("translate({x}px, {y}px)"));
            pointed.set(find(&event));
        })
    };
    let onmouseleave = {
        let pointed = pointed.clone();
        Callback::from(move |_: MouseEvent| pointed.set(None))
    };
    let onclick = {
        let (dispatch, told) = (props.dispatch.clone(), props.told.clone());
        Callback::from(move |event: MouseEvent| {
            let selection = find(&event).map(|target| match target {
                Target::Pod(pod) => Selection::Pod(told.pod_name(pod).to_string()),
                Target::Node(node) => Selection::Node(told.story.nodes[node].name.clone()),
                Target::Zone(zone) => Selection::Zone(told.story.zones[zone].clone()),
            });
            dispatch.dispatch(Action::Select(selection));
        })
    };
    let words = pointed.map(|target| describe(target, &props.told, &props.frame));
    html! {
        <div ref={holder} class="canvas-holder">
            <canvas ref={canvas} role="img" aria-label={summary(&props.told, &props.frame)}
                class={classes!(pointed.is_some().then_some("pointing"))} {onmousemove} {onmouseleave} {onclick}></canvas>
            <div ref={tip} class={classes!("tip", words.is_none().then_some("hidden"))} role="tooltip">
                if let Some((title, rest)) = words { <b>{ title }</b><span>{ rest }</span> }
            </div>
        </div>
    }
}

/// Everything that decides what is drawn.
#[derive(Clone, PartialEq)]
struct Scene {
    told: Rc<Told>,
    frame: Rc<Frame>,
    plan: Rc<Plan>,
    crowd: Rc<Crowd>,
    colours: Rc<Colours>,
    size: (f64, f64),
    pod: Option<usize>,
    node: Option<usize>,
    zone: Option<usize>,
}

impl Scene {
    fn paint(&self, canvas: &HtmlCanvasElement, spots: &[Spot]) {
        let Some(mut pen) = CanvasPen::on(canvas, self.size, &self.colours) else { return };
        let picture = Picture {
            told: &self.told,
            frame: &self.frame,
            plan: &self.plan,
            crowd: &self.crowd,
            pod: self.pod,
            node: self.node,
            zone: self.zone,
        };
        paint::ground(&picture, &mut pen);
        for spot in spots {
            paint::pod(spot, &picture, &mut pen);
        }
    }
}

fn draw(scene: Scene, canvas: HtmlCanvasElement, gliding: &Rc<std::cell::RefCell<Gliding>>) {
    let spots = paint::spots(&scene.frame, &scene.plan, &scene.crowd);
    let mut state = gliding.borrow_mut();
    let before = std::mem::take(&mut state.places);
    state.run = None;
    let moves = |spot: &Spot| before.get(&spot.pod).is_some_and(|place| *place != spot.place);
    if spots.len() > MOST_GLIDING || dom::calm() || !spots.iter().any(moves) {
        state.places = spots.iter().map(|spot| (spot.pod, spot.place)).collect();
        scene.paint(&canvas, &spots);
        return;
    }
    state.places = before.clone();
    let shared = gliding.clone();
    let mut passed = 0.0;
    state.run = Some(dom::each_frame(move |ms| {
        passed += ms;
        let share = 1.0 - (1.0 - (passed / GLIDE_MS).min(1.0)).powi(3);
        let now: Vec<Spot> = spots
            .iter()
            .map(|spot| Spot { place: before.get(&spot.pod).map_or(spot.place, |from| paint::between(*from, spot.place, share)), ..*spot })
            .collect();
        scene.paint(&canvas, &now);
        shared.borrow_mut().places = now.iter().map(|spot| (spot.pod, spot.place)).collect();
        passed < GLIDE_MS
    }));
}

/// What the pointer's tip says.
fn describe(target: Target, told: &Told, frame: &Frame) -> (String, String) {
    match target {
        Target::Pod(pod) => {
            let workload = told.workload_of(pod).map_or("", |workload| told.story.workloads[workload].label.as_str());
            let place = frame.place(pod).and_then(|node| told.story.nodes.get(node)).map_or("no node", |node| node.name.as_str());
            (told.pod_name(pod).to_string(), format!("{} · {place} · {workload}", frame.look(pod).label()))
        }
        Target::Node(node) => {
            let look = frame.nodes.get(node).copied().unwrap_or_default();
            let info = &told.story.nodes[node];
            let words = format!(
                "{} · cpu {}% of {} · memory {}% of {} · {} of {} pods",
                look.flags.label(),
                look.cpu / 10,
                cores(info.cpu_milli),
                look.memory / 10,
                bytes(info.memory_bytes),
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
    let mut counts = [0usize; 9];
    for pod in frame.present() {
        counts[frame.look(pod) as usize] += 1;
    }
    let lost = frame.nodes.iter().filter(|node| node.flags.has(crate::frame::NodeFlags::FAILED)).count();
    let pods: Vec<String> = PodState::SHOWN
        .iter()
        .filter(|&&look| counts[look as usize] > 0)
        .map(|&look| format!("{} {}", counts[look as usize], look.label()))
        .collect();
    format!(
        "Cluster at {}: {}, {}, {lost} lost; pods: {}. The table view has every node and pod.",
        crate::clock::written(frame.at_ms),
        paint::counted(told.story.zones.len(), "zone"),
        paint::counted(frame.nodes.len(), "node"),
        if pods.is_empty() { "none".to_string() } else { pods.join(", ") }
    )
}
