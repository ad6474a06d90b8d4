//! The timeline: transport, ticks by kind, ready curves, and the cursor that everything follows.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use super::dom;
use super::icon::{Icon, Name};
use crate::clock::{self, Scale};
use crate::store::{Action, Store, Told};
use crate::wire::{MarkKind, WorkloadInfo};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) told: Rc<Told>,
    pub(crate) at_ms: i64,
    pub(crate) playing: bool,
    pub(crate) speed: u32,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

/// Curves shown at once: those that suffered most.
const MOST_CURVES: usize = 6;
/// The same on a low screen, in pixels of its height.
const FEW_CURVES: usize = 3;
const LOW_SCREEN: f64 = 820.0;
const LABELS: f64 = 132.0;
const ROW: f64 = 24.0;
const TICKS: f64 = 26.0;
const AXIS: f64 = 18.0;
const RIGHT: f64 = 14.0;

#[component(Timeline)]
pub(crate) fn timeline(props: &Props) -> Html {
    let holder = use_node_ref();
    let (width, _) = dom::use_size(holder.clone());
    let dragging = use_state_eq(|| false);
    let told = &props.told;
    let labels = if width < 520.0 { 84.0 } else { LABELS };
    let scale = Scale { duration_ms: told.story.duration_ms, left: labels, width: (width - labels - RIGHT).max(10.0) };
    let curves = use_memo(told.clone(), |told| worst(&told.story.workloads));
    let height = TICKS + curves.len() as f64 * ROW + AXIS;

    // What does not move with the cursor is drawn once.
    let still = use_memo((told.clone(), width as i64), |(told, _)| {
        html! {
            <>
                { axis(&scale, height) }
                { ticks(told, &scale) }
                { for curves.iter().enumerate().map(|(row, &workload)| curve(&told.story.workloads[workload], TICKS + row as f64 * ROW, &scale)) }
            </>
        }
    });

    let seek = {
        let (dispatch, holder) = (props.dispatch.clone(), holder.clone());
        move |event: &PointerEvent| {
            if let Some(holder) = holder.cast::<Element>() {
                let x = f64::from(event.client_x()) - holder.get_bounding_client_rect().left();
                dispatch.dispatch(Action::Seek(scale.at(x)));
            }
        }
    };
    let onpointerdown = {
        let (seek, dragging) = (seek.clone(), dragging.clone());
        Callback::from(move |event: PointerEvent| {
            if event.button() == 0 {
                dragging.set(true);
                if let Some(target) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) {
                    let _ = target.set_pointer_capture(event.pointer_id());
                }
                seek(&event);
            }
        })
    };
    let onpointermove = {
        let (seek, held) = (seek, *dragging);
        Callback::from(move |event: PointerEvent| {
            if held {
                seek(&event);
            }
        })
    };
    let release = {
        let dragging = dragging.clone();
        Callback::from(move |_: PointerEvent| dragging.set(false))
    };
    let x = scale.x(props.at_ms);
    let words = format!("{} of {}", clock::written(props.at_ms), clock::written(told.story.duration_ms));
    html! {
        <section class="timeline" aria-label="Timeline">
            { transport(props) }
            <div ref={holder} class="track" role="slider" tabindex="0" aria-label="Time" aria-valuemin="0"
                aria-valuemax={told.story.duration_ms.to_string()} aria-valuenow={props.at_ms.to_string()} aria-valuetext={words}
                {onpointerdown} {onpointermove} onpointerup={release.clone()} onpointercancel={release}>
                <svg width={width.to_string()} height={height.to_string()} viewBox={format!("0 0 {} {height}", width.max(1.0))} aria-hidden="true">
                    { (*still).clone() }
                    { for curves.iter().enumerate().map(|(row, &workload)| count(&told.story.workloads[workload], props.at_ms, TICKS + row as f64 * ROW, labels)) }
                    <line class="cursor" x1={x.to_string()} x2={x.to_string()} y1="2" y2={(height - AXIS + 4.0).to_string()} />
                    <path class="cursor-head" d={format!("M{} 1h10v6l-5 5-5-5z", x - 5.0)} />
                </svg>
            </div>
        </section>
    }
}

fn transport(props: &Props) -> Html {
    let button = |name: Name, label: &'static str, action: Action| {
        let dispatch = props.dispatch.clone();
        html! {
            <button type="button" class="quiet" aria-label={label} title={label} onclick={move |_| dispatch.dispatch(action.clone())}><Icon {name} /></button>
        }
    };
    let speed = {
        let dispatch = props.dispatch.clone();
        Callback::from(move |event: Event| {
            let chosen = event.target_unchecked_into::<web_sys::HtmlSelectElement>().value();
            dispatch.dispatch(Action::Speed(chosen.parse().unwrap_or(1)));
        })
    };
    let toggle = {
        let dispatch = props.dispatch.clone();
        move |_| dispatch.dispatch(Action::Toggle)
    };
    let told = &props.told;
    let idle = told.story.duration_ms == 0;
    html! {
        <div class="transport">
            { button(Name::Start, "To the start (Home)", Action::Seek(0)) }
            { button(Name::Back, "Event before (←)", Action::Seek(clock::previous(&told.stops, props.at_ms))) }
            <button type="button" class="button play" disabled={idle} onclick={toggle} title="Play or pause (space)">
                <Icon name={if props.playing { Name::Pause } else { Name::Play }} />{ if props.playing { "Pause" } else { "Play" } }
            </button>
            { button(Name::Forward, "Next event (→)", Action::Seek(clock::next(&told.stops, props.at_ms))) }
            { button(Name::End, "To the end (End)", Action::Seek(told.story.duration_ms)) }
            <div class="time"><b>{ clock::written(props.at_ms) }</b><span>{ " / " }{ clock::written(told.story.duration_ms) }</span></div>
            <label class="speed"><span class="unseen">{ "Speed" }</span>
                <select onchange={speed}>
                    { for clock::SPEEDS.iter().map(|&each| html! {
                        <option value={each.to_string()} selected={each == props.speed}>{ format!("×{each}") }</option>
                    }) }
                </select>
            </label>
            <ul class="kinds" aria-hidden="true">
                { for MarkKind::ALL.iter().map(|kind| html! { <li class={format!("kind-{}", kind.name())}>{ sample(*kind) }{ words(*kind) }</li> }) }
            </ul>
        </div>
    }
}

fn words(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Step => "step",
        MarkKind::Node => "node",
        MarkKind::Loss => "pods lost",
        MarkKind::Unplaced => "no room",
        MarkKind::Placed => "placed",
        MarkKind::Ready => "ready",
    }
}

/// A tick's shape tells its kind without its colour.
fn shape(kind: MarkKind, x: f64, y: f64) -> String {
    match kind {
        MarkKind::Step => format!("M{} {y}h8l-4 8z", x - 4.0),
        MarkKind::Node => format!("M{} {}h6v6h-6z", x - 3.0, y + 1.0),
        MarkKind::Loss => format!("M{} {}l6 6M{} {}l-6 6", x - 3.0, y + 1.0, x + 3.0, y + 1.0),
        MarkKind::Unplaced => format!("M{x} {y}v5M{x} {}v1.4", y + 7.0),
        MarkKind::Placed => format!("M{x} {y}l4 4-4 4-4-4z"),
        MarkKind::Ready => format!("M{x} {}a3 3 0 1 0 .01 0", y + 1.0),
    }
}

fn sample(kind: MarkKind) -> Html {
    html! { <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true"><path class={format!("tick kind-{}", kind.name())} d={shape(kind, 5.0, 1.0)} /></svg> }
}

fn axis(scale: &Scale, height: f64) -> Html {
    let marks = scale.ticks().into_iter().map(|at| {
        let x = scale.x(at);
        html! {
            <>
                <line class="grid" x1={x.to_string()} x2={x.to_string()} y1={TICKS.to_string()} y2={(height - AXIS).to_string()} />
                <text class="axis" x={x.to_string()} y={(height - 5.0).to_string()} text-anchor={if at == 0 { "start" } else { "middle" }}>{ clock::written(at) }</text>
            </>
        }
    });
    html! {
        <>
            { for marks }
            <line class="base" x1={scale.left.to_string()} x2={(scale.left + scale.width).to_string()} y1={TICKS.to_string()} y2={TICKS.to_string()} />
        </>
    }
}

/// Ticks, the most telling above the others; of one kind only one for each two pixels.
fn ticks(told: &Told, scale: &Scale) -> Html {
    let mut drawn = Vec::new();
    for kind in MarkKind::ALL.into_iter().rev() {
        let mut last = f64::NEG_INFINITY;
        for mark in told.story.marks.iter().filter(|mark| mark.kind == kind) {
            let x = scale.x(mark.at_ms);
            if x - last >= 2.0 {
                last = x;
                let y = if matches!(kind, MarkKind::Step | MarkKind::Node) { 2.0 } else { 13.0 };
                drawn.push(html! { <path class={format!("tick kind-{}", kind.name())} d={shape(kind, x, y)} /> });
            }
        }
    }
    html! { <g>{ for drawn }</g> }
}

/// The workloads that suffered most, by position.
fn worst(workloads: &[WorkloadInfo]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..workloads.len()).filter(|&nth| workloads[nth].desired > 0).collect();
    let missing = |nth: &usize| {
        u64::from(workloads[*nth].desired.saturating_sub(workloads[*nth].least_ready)) * 1_000 / u64::from(workloads[*nth].desired.max(1))
    };
    order.sort_by_key(|nth| (std::cmp::Reverse(workloads[*nth].below_one_ms), std::cmp::Reverse(missing(nth)), *nth));
    let high = dom::window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(LOW_SCREEN);
    order.truncate(if high < LOW_SCREEN { FEW_CURVES } else { MOST_CURVES });
    order
}

/// A workload's ready pods over time, as a stepped area below the line of what it wants.
fn curve(workload: &WorkloadInfo, top: f64, scale: &Scale) -> Html {
    let (low, high) = (top + ROW - 3.0, top + 5.0);
    let most = workload.curve.iter().map(|point| point.ready).max().unwrap_or(0).max(workload.desired).max(1);
    let y = |ready: u32| low - (low - high) * f64::from(ready) / f64::from(most);
    let mut path = format!("M{} {low}", scale.left);
    let mut before = None;
    for point in &workload.curve {
        let (x, level) = (scale.x(point.at_ms), y(point.ready));
        if before.is_none() {
            path.push_str(&format!("V{level:.1}"));
        }
        path.push_str(&format!("H{x:.1}V{level:.1}"));
        before = Some(level);
    }
    let end = scale.left + scale.width;
    path.push_str(&format!("H{end}V{low}Z"));
    let wanted = y(workload.desired);
    let least = if workload.least_ready == 0 && workload.desired > 0 { "curve none" } else { "curve" };
    html! {
        <g>
            <path class={least} d={path} />
            <line class="wanted" x1={scale.left.to_string()} x2={end.to_string()} y1={format!("{wanted:.1}")} y2={format!("{wanted:.1}")} />
        </g>
    }
}

/// A workload's name, and how many of its pods are ready at the cursor.
fn count(workload: &WorkloadInfo, at_ms: i64, top: f64, labels: f64) -> Html {
    let nth = workload.curve.partition_point(|point| point.at_ms <= at_ms);
    let ready = nth.checked_sub(1).map_or(0, |nth| workload.curve[nth].ready);
    let name = workload.label.rsplit('/').next().unwrap_or(&workload.label);
    let room = ((labels - 44.0) / 6.4) as usize;
    let short =
        if name.chars().count() > room { name.chars().take(room.saturating_sub(1)).collect::<String>() + "…" } else { name.to_string() };
    let class = if ready == 0 {
        "of none"
    } else if ready < workload.desired {
        "of less"
    } else {
        "of"
    };
    html! {
        <>
            <text class="name" x="0" y={(top + ROW - 8.0).to_string()}>{ short }<title>{ &workload.label }</title></text>
            <text {class} x={(labels - 8.0).to_string()} y={(top + ROW - 8.0).to_string()} text-anchor="end">{ format!("{ready}/{}", workload.desired) }</text>
        </>
    }
}
