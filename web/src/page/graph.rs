//! The relation graph: the worker's drawing as SVG, moved and scaled by pointer, wheel, fingers and keys; the same as a list.

use std::cell::RefCell;
use std::rc::Rc;

use web_sys::{Element, WheelEvent};
use yew::prelude::*;

use super::dom;
use super::engine::Engine;
use crate::roam::{self, Lens};
use crate::store::{Action, Selection, Store};
use crate::wire::{Ask, Grain, GraphWish, NO_FILE, Node, Picture};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) generation: u32,
    pub(crate) stale: bool,
    pub(crate) picture: Option<(u32, Rc<Picture>)>,
    pub(crate) selection: Option<Selection>,
    pub(crate) engine: Rc<Engine>,
    /// What was asked for last: exports show the same.
    pub(crate) wish: Rc<RefCell<GraphWish>>,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

const GRAINS: [(Grain, &str, &str); 5] = [
    (Grain::Fitting, "fitting", "What fits"),
    (Grain::Pods, "pods", "Every pod"),
    (Grain::Objects, "objects", "Every object"),
    (Grain::Apps, "apps", "Apps"),
    (Grain::Namespaces, "namespaces", "Namespaces"),
];
/// A press that moved further than this drags: pixels.
const SLIP: f64 = 4.0;
/// What one notch of a wheel, or one press of a key, scales.
const NOTCH: f64 = 1.2;

/// Pointers that are down, and how far they went.
#[derive(Default)]
struct Held {
    pointers: Vec<(i32, f64, f64)>,
    went: f64,
}

#[component(Relations)]
pub(crate) fn relations(props: &Props) -> Html {
    let holder = use_node_ref();
    let ground = use_node_ref();
    let size = dom::use_size(holder.clone());
    let grain = use_state_eq(|| Grain::Fitting);
    let turned = use_state_eq(Vec::<String>::new);
    let places = use_state_eq(|| false);
    let listed = use_state_eq(|| false);
    let at = use_state_eq(|| 0usize);
    let lens = use_mut_ref(|| None::<Lens>);
    let held = use_mut_ref(Held::default);
    let picture = props.picture.as_ref().map(|(_, picture)| picture.clone());

    {
        let (engine, wish, before) = (props.engine.clone(), props.wish.clone(), picture.clone());
        let generation = (!props.stale).then_some(props.generation);
        let of = props.selection.as_ref().map(Selection::to_link).unwrap_or_default();
        use_effect_with((generation, of, *grain, turned.clone(), *places), move |(generation, of, grain, turned, places)| {
            let was = before.iter().flat_map(|picture| &picture.nodes).map(|node| (node.label.clone(), node.x, node.y)).collect();
            let now = GraphWish { of: of.clone(), grain: *grain, turned: turned.to_vec(), places: *places, was };
            *wish.borrow_mut() = now.clone();
            if let Some(generation) = *generation {
                engine.aside(Ask::Graph { generation, wish: now });
            }
        });
    }
    let put = {
        let (ground, lens) = (ground.clone(), lens.clone());
        Rc::new(move |to: Lens| {
            *lens.borrow_mut() = Some(to);
            if let Some(ground) = ground.cast::<Element>() {
                let _ = ground.set_attribute("transform", &format!("translate({:.1} {:.1}) scale({:.4})", to.x, to.y, to.scale));
                let _ = ground.set_attribute("class", if to.scale < 0.8 { "far" } else { "near" });
            }
        })
    };
    let whole = picture.as_ref().map_or((1, 1), |picture| (picture.width, picture.height));
    let fit = {
        let put = put.clone();
        move || put(Lens::fitting(whole, size))
    };
    // The first picture is fitted, and one of another grain; later ones lie where the one before lay.
    let shape = (picture.is_some() && size.0 > 0.0, picture.as_ref().map(|picture| picture.grain), *listed);
    use_effect_with(shape, {
        let fit = fit.clone();
        move |&(there, _, _)| {
            if there {
                fit();
            }
        }
    });
    use_effect_with((holder.clone(), *listed, picture.is_some()), {
        let (lens, put) = (lens.clone(), put.clone());
        move |(holder, listed, _)| {
            let guard = holder.cast::<Element>().filter(|_| !*listed).map(|element| {
                dom::listen(&element.clone(), "wheel", move |event: WheelEvent| {
                    event.prevent_default();
                    let Some(now) = *lens.borrow() else { return };
                    let box_ = element.get_bounding_client_rect();
                    let point = (f64::from(event.client_x()) - box_.left(), f64::from(event.client_y()) - box_.top());
                    put(now.zoomed((-event.delta_y() / 400.0).clamp(-0.5, 0.5).exp2(), point));
                })
            });
            move || drop(guard)
        }
    });

    let Some(picture) = picture else {
        return html! { <div ref={holder} class="relations"><p class="muted waiting">{ "Drawing …" }</p></div> };
    };
    let choose = {
        let (dispatch, turned) = (props.dispatch.clone(), turned.clone());
        move |node: &Node| {
            if node.class.starts_with("many") {
                turn(&turned, &node.group);
                return;
            }
            if let Some(selection) = Selection::from_link(&node.selects) {
                dispatch.dispatch(Action::Select(Some(selection)));
            }
            if node.place.0 != NO_FILE {
                dispatch.dispatch(Action::Reveal(node.place.0 as usize, node.place.1, node.place.2));
            }
        }
    };
    let chosen = props.selection.as_ref().map(Selection::to_link).unwrap_or_default();
    let now = (*at).min(picture.nodes.len().saturating_sub(1));
    let step = |times: f64| {
        let (put, lens) = (put.clone(), lens.clone());
        Callback::from(move |_: MouseEvent| {
            // Let go before it is put.
            let now = *lens.borrow();
            if let Some(now) = now {
                put(now.zoomed(times, (size.0 / 2.0, size.1 / 2.0)));
            }
        })
    };
    let refit = Callback::from(move |_: MouseEvent| fit());
    let select_grain = {
        let (grain, turned) = (grain.clone(), turned.clone());
        Callback::from(move |event: Event| {
            let value = event.target_unchecked_into::<web_sys::HtmlSelectElement>().value();
            turned.set(Vec::new());
            grain.set(GRAINS.iter().find(|(_, name, _)| *name == value).map_or(Grain::Fitting, |&(grain, _, _)| grain));
        })
    };
    let flip = |state: &UseStateHandle<bool>| {
        let state = state.clone();
        Callback::from(move |_: MouseEvent| state.set(!*state))
    };
    let own = picture.nodes.get(now);
    let fold = own.filter(|node| !node.group.is_empty() && picture.nodes.len() > 1).map(|node| {
        let (turned, group) = (turned.clone(), node.group.clone());
        let word = if node.class.starts_with("many") { "Open" } else { "Fold" };
        html! { <button type="button" class="button small" onclick={move |_| turn(&turned, &group)}>{ format!("{word} {}", node.group) }</button> }
    });
    let bar = html! {
        <div class="graph-bar">
            <label>{ "Draw " }<select aria-label="Draw" onchange={select_grain}>
                { for GRAINS.iter().map(|&(each, value, label)| html! { <option {value} selected={each == *grain}>{ label }</option> }) }
            </select></label>
            <button type="button" class="button small" aria-pressed={places.to_string()} onclick={flip(&places)}>{ "Places" }</button>
            <button type="button" class="button small" aria-pressed={listed.to_string()} onclick={flip(&listed)}>{ "List" }</button>
            { fold }
            <span class="grow"></span>
            if !*listed {
                <button type="button" class="button small" aria-label="Smaller" onclick={step(1.0 / NOTCH)}>{ "−" }</button>
                <button type="button" class="button small" aria-label="Larger" onclick={step(NOTCH)}>{ "+" }</button>
                <button type="button" class="button small" onclick={refit}>{ "Fit" }</button>
            }
        </div>
    };
    let caption = if picture.marked.is_empty() { counted(&picture, *grain) } else { picture.marked.clone() };
    let caption = html! { <p class={classes!("caption", (!picture.marked.is_empty()).then_some("marked"))} role="status">{ caption }</p> };
    if *listed {
        return html! { <div ref={holder} class="relations">{ bar }{ caption }{ list(&picture, &chosen, choose) }</div> };
    }

    let onkeydown = {
        let (picture, at, lens, put, choose, turned) =
            (picture.clone(), at.clone(), lens.clone(), put.clone(), choose.clone(), turned.clone());
        Callback::from(move |event: KeyboardEvent| {
            let Some(view) = *lens.borrow() else { return };
            let way = match event.key().as_str() {
                "ArrowRight" => (1, 0),
                "ArrowLeft" => (-1, 0),
                "ArrowDown" => (0, 1),
                "ArrowUp" => (0, -1),
                _ => (0, 0),
            };
            let middle = (size.0 / 2.0, size.1 / 2.0);
            match event.key().as_str() {
                _ if way != (0, 0) && event.shift_key() => put(view.moved(f64::from(way.0) * -60.0, f64::from(way.1) * -60.0)),
                _ if way != (0, 0) => {
                    if let Some(next) = roam::beside(&picture.nodes, now, way) {
                        at.set(next);
                        put(view.showing(&picture.nodes[next], size));
                    }
                }
                "+" | "=" => put(view.zoomed(NOTCH, middle)),
                "-" => put(view.zoomed(1.0 / NOTCH, middle)),
                "0" => put(Lens::fitting((picture.width, picture.height), size)),
                "Enter" | " " => picture.nodes.get(now).into_iter().for_each(&choose),
                "f" => picture.nodes.get(now).into_iter().for_each(|node| turn(&turned, &node.group)),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    let down = {
        let held = held.clone();
        Callback::from(move |event: PointerEvent| {
            let mut held = held.borrow_mut();
            if held.pointers.is_empty() {
                held.went = 0.0;
            }
            held.pointers.push((event.pointer_id(), f64::from(event.client_x()), f64::from(event.client_y())));
        })
    };
    let drag = {
        let (held, lens, put, holder) = (held.clone(), lens.clone(), put.clone(), holder.clone());
        Callback::from(move |event: PointerEvent| {
            let (Some(view), Some(frame)) = (*lens.borrow(), holder.cast::<Element>()) else { return };
            let mut held = held.borrow_mut();
            let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
            let Some(own) = held.pointers.iter().position(|&(id, _, _)| id == event.pointer_id()) else { return };
            let (id, from_x, from_y) = held.pointers[own];
            held.went += (x - from_x).abs() + (y - from_y).abs();
            if held.went > SLIP {
                let _ = frame.set_pointer_capture(id);
            }
            let other = held.pointers.iter().find(|&&(other, _, _)| other != id).copied();
            held.pointers[own] = (id, x, y);
            match other {
                // Two fingers: what was between them stays between them.
                Some((_, other_x, other_y)) => {
                    let frame = frame.get_bounding_client_rect();
                    let apart = |x: f64, y: f64| (x - other_x).hypot(y - other_y).max(1.0);
                    let middle = ((x + other_x) / 2.0 - frame.left(), (y + other_y) / 2.0 - frame.top());
                    let moved = view.moved((x - from_x) / 2.0, (y - from_y) / 2.0);
                    put(moved.zoomed(apart(x, y) / apart(from_x, from_y), middle));
                }
                None if held.went > SLIP => put(view.moved(x - from_x, y - from_y)),
                None => {}
            }
        })
    };
    let up = {
        let held = held.clone();
        Callback::from(move |event: PointerEvent| held.borrow_mut().pointers.retain(|&(id, _, _)| id != event.pointer_id()))
    };
    let press = {
        let (at, picture) = (at.clone(), picture.clone());
        Callback::from(move |nth: usize| {
            if held.borrow().went <= SLIP {
                at.set(nth);
                picture.nodes.get(nth).into_iter().for_each(&choose);
            }
        })
    };
    html! {
        <div ref={holder} class="relations" onpointerdown={down} onpointermove={drag} onpointerup={up.clone()} onpointercancel={up}>
            <svg class="graph" role="listbox" tabindex="0" aria-label={format!("Relations: {}", counted(&picture, *grain))}
                aria-activedescendant={format!("object-{now}")} {onkeydown}>
                <defs><marker id="tie-end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" /></marker></defs>
                <g ref={ground}>
                    <Drawn picture={picture.clone()} {chosen} {now} {press} />
                </g>
            </svg>
            { bar }
            { caption }
        </div>
    }
}

/// Opens a group that is folded, or folds it again.
fn turn(turned: &UseStateHandle<Vec<String>>, group: &str) {
    let mut groups = turned.to_vec();
    match groups.iter().position(|other| other == group) {
        Some(nth) => drop(groups.remove(nth)),
        None if group.is_empty() => return,
        None => groups.push(group.to_string()),
    }
    turned.set(groups);
}

fn counted(picture: &Picture, wanted: Grain) -> String {
    let weak = picture.nodes.iter().filter(|node| !node.weak.is_empty()).count();
    let drawn = picture.nodes.len();
    let alone = match weak {
        0 => "none a single point of failure".to_string(),
        1 => "one a single point of failure".to_string(),
        many => format!("{many} single points of failure"),
    };
    let many = if wanted == Grain::Pods && picture.grain != wanted { "; too many pods to draw each" } else { "" };
    if drawn < picture.objects as usize {
        format!("{} objects drawn as {drawn}, {alone}{many}", picture.objects)
    } else {
        format!("{drawn} objects, {alone}{many}")
    }
}

#[derive(Properties, PartialEq)]
struct DrawnProps {
    picture: Rc<Picture>,
    chosen: String,
    now: usize,
    press: Callback<usize>,
}

/// What does not change while the picture is moved.
#[component(Drawn)]
fn drawn(props: &DrawnProps) -> Html {
    let own = |nth: u32| nth as usize == props.now;
    let ties = props.picture.ties.iter().map(|tie| {
        let near = (own(tie.from) || own(tie.to)).then_some("near-by");
        html! { <path class={classes!("tie", tie.class.clone(), near)} d={tie.path.clone()} marker-end="url(#tie-end)"><title>{ &tie.text }</title></path> }
    });
    let nodes = props.picture.nodes.iter().enumerate().map(|(nth, node)| {
        let press = props.press.clone();
        let selected = !node.selects.is_empty() && node.selects == props.chosen;
        let (left, top) = (node.x - node.w / 2, node.y - node.h / 2);
        html! {
            <g key={node.label.clone()} id={format!("object-{nth}")} role="option" aria-selected={selected.to_string()} aria-label={node.title.clone()}
                class={classes!("node", node.class.clone(), selected.then_some("selected"), (nth == props.now).then_some("now"))} onclick={move |_| press.emit(nth)}>
                <title>{ &node.title }</title>
                <rect x={left.to_string()} y={top.to_string()} width={node.w.to_string()} height={node.h.to_string()} rx="7" />
                <text class="kind" x={node.x.to_string()} y={(node.y - 5).to_string()}>{ &node.kind }</text>
                <text x={node.x.to_string()} y={(node.y + 13).to_string()}>{ &node.name }</text>
                if !node.weak.is_empty() {
                    <circle cx={(left + node.w - 2).to_string()} cy={(top + 2).to_string()} r="9" />
                    <text class="alone" x={(left + node.w - 2).to_string()} y={(top + 6).to_string()}>{ "!" }</text>
                }
            </g>
        }
    });
    html! { <><g aria-hidden="true">{ for ties }</g>{ for nodes }</> }
}

/// Rows of the list that are drawn.
const MOST_ROWS: usize = 2_000;

/// The same in words.
fn list(picture: &Rc<Picture>, chosen: &str, choose: impl Fn(&Node) + Clone + 'static) -> Html {
    let mut ties: Vec<Vec<String>> = vec![Vec::new(); picture.nodes.len()];
    for tie in &picture.ties {
        if let (Some(own), Some(to)) = (ties.get_mut(tie.from as usize), picture.nodes.get(tie.to as usize)) {
            own.push(format!("{} {}", tie.text, to.label));
        }
    }
    let rows = picture.nodes.iter().zip(ties).take(MOST_ROWS).enumerate().map(|(nth, (node, ties))| {
        let (choose, picture) = (choose.clone(), picture.clone());
        let told = node.title.strip_prefix(&node.label).map_or("", |rest| rest.trim_start_matches([':', ';', ' ']));
        html! {
            <tr class={classes!((!node.selects.is_empty() && node.selects == chosen).then_some("selected"))}>
                <th scope="row"><button type="button" onclick={move |_| choose(&picture.nodes[nth])}>{ &node.label }</button></th>
                <td>{ ties.join(", ") }</td><td class={node.class.clone()}>{ told }</td>
            </tr>
        }
    });
    html! {
        <div class="cluster-table" tabindex="0" role="region" aria-label="Objects and their relations">
            <table><thead><tr><th scope="col">{ "Object" }</th><th scope="col">{ "Is tied to" }</th><th scope="col">{ "What is said of it" }</th></tr></thead>
                <tbody>{ for rows }</tbody></table>
        </div>
    }
}

/// What boxes and their outlines mean.
pub(crate) fn legend() -> Html {
    const SORTS: [(&str, &str); 9] = [
        ("work", "runs pods"),
        ("net", "routes"),
        ("guard", "guards"),
        ("config", "configures"),
        ("store", "stores"),
        ("stops", "stops"),
        ("degraded", "degraded"),
        ("touched", "touched"),
        ("missing", "not given"),
    ];
    html! {
        <ul class="legend" aria-label="Boxes">
            { for SORTS.iter().map(|(class, word)| html! { <li><svg class="graph" width="16" height="12" aria-hidden="true"><g class={classes!("node", *class)}><rect x="1.5" y="1.5" width="13" height="9" rx="2.5" /></g></svg>{ *word }</li> }) }
            <li><svg class="graph" width="14" height="14" aria-hidden="true"><g class="node weak"><circle cx="7" cy="7" r="6.5" /><text class="alone" x="7" y="11">{ "!" }</text></g></svg>{ "stands alone" }</li>
        </ul>
    }
}
