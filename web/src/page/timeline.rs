//! The timeline: transport, ticks by kind, ready curves, and the cursor that everything follows.

use std::rc::Rc;

use web_sys::Element;
use yew::prelude::*;

use super::dom;
use super::icon::{Icon, Name};
use crate::clock::{self, Scale};
use crate::lanes::{self, Lane};
use crate::moments::{self, Halt};
use crate::store::{Action, Store, Told};
use crate::wire::{MarkKind, Point};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) told: Rc<Told>,
    pub(crate) pinned: Option<Rc<Told>>,
    pub(crate) at_ms: i64,
    pub(crate) playing: bool,
    pub(crate) speed: u32,
    pub(crate) halt: Halt,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

/// Curves shown at once: those that suffered most.
const MOST_CURVES: usize = 6;
/// The same on a low screen, in pixels of its height.
const FEW_CURVES: usize = 3;
const LOW_SCREEN: f64 = 820.0;
/// A narrow screen that is as high as this has room for all.
const HIGH_SCREEN: f64 = 1_000.0;
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
    let labels = if width < 520.0 { 100.0 } else { LABELS };
    let scale = Scale { duration_ms: told.story.duration_ms, left: labels, width: (width - labels - RIGHT).max(10.0) };
    let by_zone = use_state_eq(|| false);
    // Those that suffered most come first; the others are a page away.
    let order = use_memo((told.clone(), *by_zone), |(told, by_zone)| {
        if *by_zone { (0..told.story.zones.len()).collect() } else { lanes::worst(&told.story.workloads) }
    });
    let first = use_state_eq(|| 0usize);
    let room = room();
    let from = (*first).min(order.len().saturating_sub(1) / room * room);
    let lanes = use_memo((told.clone(), props.pinned.clone(), *by_zone, from, room), |(told, pinned, by_zone, from, room)| {
        let shown = order.iter().skip(*from).take(*room);
        shown
            .map(|&nth| if *by_zone { lanes::zone(told, pinned.as_deref(), nth) } else { lanes::workload(told, pinned.as_deref(), nth) })
            .collect::<Vec<Lane>>()
    });
    let height = TICKS + lanes.len() as f64 * ROW + AXIS;

    // What does not move with the cursor is drawn once, in a picture of its own below the other: the browser need not draw it again either.
    let still = use_memo((told.clone(), lanes.clone(), width as i64), |(told, lanes, _)| {
        html! {
            <>
                { axis(&scale, height) }
                { ticks(told, &scale) }
                { for lanes.iter().enumerate().map(|(row, lane)| curve(lane, TICKS + row as f64 * ROW, &scale)) }
                { for lanes.iter().enumerate().map(|(row, lane)| lane_ticks(lane, TICKS + row as f64 * ROW, &scale)) }
                { for lanes.iter().enumerate().map(|(row, lane)| name(lane, TICKS + row as f64 * ROW, labels)) }
            </>
        }
    });

    let seek = {
        let (dispatch, holder) = (props.dispatch.clone(), holder.clone());
        move |event: &PointerEvent| {
            if let Some(holder) = holder.cast::<Element>() {
                let x = f64::from(event.client_x()) - holder.get_bounding_client_rect().left();
                dispatch.dispatch(Action::Seek(scale.round_at(x)));
            }
        }
    };
    let onpointerdown = {
        let (seek, dragging, holder) = (seek.clone(), dragging.clone(), holder.clone());
        Callback::from(move |event: PointerEvent| {
            if event.button() == 0 {
                dragging.set(true);
                // Yew hears events at the page's root, which is therefore their current target: captured there, no move would come here.
                if let Some(track) = holder.cast::<Element>() {
                    let _ = track.set_pointer_capture(event.pointer_id());
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
    let view_box = format!("0 0 {} {height}", width.max(1.0));
    let words = format!("{} of {}", clock::written(props.at_ms), clock::written(told.story.duration_ms));
    html! {
        <section class="timeline" aria-label="Timeline">
            { transport(props, &by_zone, lanes_nav(order.len(), from, room, &first)) }
            <div ref={holder} class="track" role="slider" tabindex="0" aria-label="Time" aria-valuemin="0"
                aria-valuemax={told.story.duration_ms.to_string()} aria-valuenow={props.at_ms.to_string()} aria-valuetext={words}
                {onpointerdown} {onpointermove} onpointerup={release.clone()} onpointercancel={release}>
                <svg class="still" width={width.to_string()} height={height.to_string()} viewBox={view_box.clone()} aria-hidden="true">{ (*still).clone() }</svg>
                <svg class="moving" width={width.to_string()} height={height.to_string()} viewBox={view_box} aria-hidden="true">
                    { for lanes.iter().enumerate().map(|(row, lane)| count(lane, props.at_ms, TICKS + row as f64 * ROW, labels)) }
                    <g transform={format!("translate({x})")}>
                        <line class="cursor" y1="2" y2={(height - AXIS + 4.0).to_string()} />
                        <path class="cursor-head" d="M-5 1h10v6l-5 5-5-5z" />
                    </g>
                </svg>
            </div>
        </section>
    }
}

/// How many lanes there is room for.
fn room() -> usize {
    let high = dom::window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(LOW_SCREEN);
    let narrow = dom::matches("(max-width: 860px)");
    if high < LOW_SCREEN || narrow && high < HIGH_SCREEN { FEW_CURVES } else { MOST_CURVES }
}

/// Which lanes are shown of how many, and the ways to the others.
fn lanes_nav(all: usize, from: usize, room: usize, first: &UseStateHandle<usize>) -> Html {
    if all <= room {
        return Html::default();
    }
    let button = |name: Name, label: &'static str, to: Option<usize>| {
        let first = first.clone();
        let disabled = to.is_none();
        html! { <button type="button" class="quiet" aria-label={label} title={label} {disabled} onclick={move |_| first.set(to.unwrap_or_default())}><Icon {name} /></button> }
    };
    html! {
        <div class="lanes-nav" role="group" aria-label="Lanes">
            { button(Name::Up, "Lanes before", from.checked_sub(room)) }
            <span>{ format!("{}–{} of {all}", from + 1, (from + room).min(all)) }</span>
            { button(Name::Down, "More lanes", Some(from + room).filter(|&next| next < all)) }
        </div>
    }
}

fn transport(props: &Props, by_zone: &UseStateHandle<bool>, nav: Html) -> Html {
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
    let halt = {
        let dispatch = props.dispatch.clone();
        Callback::from(move |event: Event| {
            let chosen = event.target_unchecked_into::<web_sys::HtmlSelectElement>().selected_index();
            let halt = usize::try_from(chosen).ok().and_then(|nth| Halt::ALL.get(nth)).copied();
            dispatch.dispatch(Action::Halt(halt.unwrap_or_default()));
        })
    };
    let turn = {
        let by_zone = by_zone.clone();
        move |_| by_zone.set(!*by_zone)
    };
    let told = &props.told;
    let idle = told.story.duration_ms == 0;
    html! {
        <div class="transport">
            { button(Name::Start, "To the start (Home)", Action::Seek(0)) }
            { button(Name::Back, "Event before (←)", Action::Hop { forward: false, phases: false }) }
            <button type="button" class="button play" disabled={idle} onclick={toggle} title="Play or pause (space)">
                <Icon name={if props.playing { Name::Pause } else { Name::Play }} />{ if props.playing { "Pause" } else { "Play" } }
            </button>
            { button(Name::Forward, "Next event (→)", Action::Hop { forward: true, phases: false }) }
            { button(Name::End, "To the end (End)", Action::Seek(told.story.duration_ms)) }
            <div class="time"><b>{ clock::written(props.at_ms) }</b><span>{ " / " }{ clock::written(told.story.duration_ms) }</span></div>
            <label class="speed"><span class="unseen">{ "Speed" }</span>
                <select onchange={speed}>
                    { for clock::SPEEDS.iter().map(|&each| html! {
                        <option value={each.to_string()} selected={each == props.speed}>{ format!("×{each}") }</option>
                    }) }
                </select>
            </label>
            <label class="speed halt" title="Where playing stops by itself (B)"><span>{ "Stop at" }</span>
                <select onchange={halt}>
                    { for Halt::ALL.iter().map(|&each| html! { <option selected={each == props.halt}>{ each.label() }</option> }) }
                </select>
            </label>
            <button type="button" class="button small" aria-pressed={by_zone.to_string()} onclick={turn} title="A lane for each zone, or for each workload">
                { "By zone" }</button>
            { nav }
            <ul class="kinds" aria-hidden="true">
                { for MarkKind::ALL.iter().map(|kind| html! { <li class={format!("kind-{}", kind.name())}>{ sample(*kind) }{ words(*kind) }</li> }) }
                { for LINES.iter().map(|&(class, words)| html! {
                    <li><svg width="16" height="10" viewBox="0 0 16 10" aria-hidden="true"><path {class} d="M0 5H16" /></svg>{ words }</li>
                }) }
            </ul>
        </div>
    }
}

/// The lines beside a lane's curve: their class, what they tell.
const LINES: [(&str, &str); 2] = [("wanted", "wanted"), ("believed", "believed ready")];

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

/// What happened in a lane: small, above its curve, one for each few pixels.
fn lane_ticks(lane: &Lane, top: f64, scale: &Scale) -> Html {
    let mut drawn = Vec::new();
    for kind in MarkKind::ALL.into_iter().rev() {
        let mut last = f64::NEG_INFINITY;
        for mark in lane.marks.iter().filter(|mark| mark.kind == kind) {
            let x = scale.x(mark.at_ms);
            if x - last >= 7.0 {
                last = x;
                let at = format!("translate({x:.1} {:.1}) scale(.62)", top + 3.0);
                drawn.push(
                    html! { <path class={format!("tick lane-tick kind-{}", kind.name())} transform={at} d={shape(kind, 0.0, 0.0)} /> },
                );
            }
        }
    }
    html! { <g>{ for drawn }</g> }
}

/// A lane's pods over time: a stepped area of those that answer, below the line of what is wanted; dotted, what Kubernetes believes; dashed,
/// the run that was kept.
fn curve(lane: &Lane, top: f64, scale: &Scale) -> Html {
    let (low, high) = (top + ROW - 3.0, top + 5.0);
    let all = lane.points.iter().chain(&lane.kept).map(|point| point.ready.max(point.believed));
    let most = all.max().unwrap_or(0).max(lane.desired.unwrap_or(0)).max(1);
    let y = |ready: u32| low - (low - high) * f64::from(ready) / f64::from(most);
    let end = scale.left + scale.width;
    let steps = |points: &[Point], of: fn(&Point) -> u32| {
        let mut path = String::new();
        for (nth, point) in points.iter().enumerate() {
            let (x, level) = (scale.x(point.at_ms), y(of(point)));
            path.push_str(&if nth == 0 { format!("M{} {level:.1}", scale.left) } else { format!("H{x:.1}V{level:.1}") });
        }
        if path.is_empty() { path } else { format!("{path}H{end}") }
    };
    let area = format!("{}V{low}H{}Z", steps(&lane.points, |point| point.ready), scale.left);
    let wanted = lane.desired.map(|desired| {
        let y = format!("{:.1}", y(desired));
        html! { <line class="wanted" x1={scale.left.to_string()} x2={end.to_string()} y1={y.clone()} y2={y} /> }
    });
    let deceived = lane.points.iter().any(|point| point.believed > point.ready);
    html! {
        <g>
            if !lane.points.is_empty() { <path class={if lane.none { "curve none" } else { "curve" }} d={area} /> }
            if deceived { <path class="believed" d={steps(&lane.points, |point| point.believed)} /> }
            if !lane.kept.is_empty() { <path class="kept" d={steps(&lane.kept, |point| point.ready)} /> }
            { wanted }
        </g>
    }
}

/// A lane's name.
fn name(lane: &Lane, top: f64, labels: f64) -> Html {
    let name = lane.name.rsplit('/').next().unwrap_or(&lane.name);
    let short = lanes::shortened(name, ((labels - 44.0) / 6.4) as usize);
    html! { <text class="name" x="0" y={(top + ROW - 8.0).to_string()}>{ short }<title>{ &lane.name }</title></text> }
}

/// How many pods of a lane answer at the cursor.
fn count(lane: &Lane, at_ms: i64, top: f64, labels: f64) -> Html {
    let ready = moments::at(&lane.points, at_ms).ready;
    let desired = lane.desired.unwrap_or(0);
    let class = match ready {
        0 if desired > 0 || lane.none => "of none",
        ready if ready < desired => "of less",
        _ => "of",
    };
    let words = lane.desired.map_or(ready.to_string(), |desired| format!("{ready}/{desired}"));
    html! { <text {class} x={(labels - 8.0).to_string()} y={(top + ROW - 8.0).to_string()} text-anchor="end">{ words }</text> }
}
