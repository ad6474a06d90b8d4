//! The cluster as a table: the same state as the canvas, for screen readers and for those who like rows. Only the visible rows are drawn.

use std::ops::Range;
use std::rc::Rc;

use web_sys::HtmlElement;
use yew::prelude::*;

use super::dom;
use crate::crowd::{self, Crowd, Row};
use crate::frame::Frame;
use crate::store::{Action, Selection, Store, Told};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) told: Rc<Told>,
    pub(crate) frame: Rc<Frame>,
    pub(crate) selection: Option<Selection>,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

/// The height of a row in pixels, as in the style sheet.
const ROW: f64 = 30.0;

#[component(Table)]
pub(crate) fn table(props: &Props) -> Html {
    let holder = use_node_ref();
    let (_, height) = dom::use_size(holder.clone());
    let top = use_state_eq(|| 0.0f64);
    let crowd = use_memo(props.frame.clone(), Crowd::of);
    let rows = crowd.rows();
    let onscroll = {
        let top = top.clone();
        Callback::from(move |event: Event| top.set(f64::from(event.target_unchecked_into::<HtmlElement>().scroll_top())))
    };
    let Range { start: first, end: last } = crowd::window(*top, height, ROW, rows);
    let before = (first as f64 * ROW).to_string();
    let behind = ((rows - last) as f64 * ROW).to_string();
    {
        // What is selected elsewhere is brought into view.
        let (holder, selection, told, crowd) = (holder.clone(), props.selection.clone(), props.told.clone(), crowd.clone());
        use_effect_with(props.selection.clone(), move |_| {
            let node = |name: &String| told.story.nodes.iter().position(|node| node.name == *name);
            let row = match &selection {
                Some(Selection::Node(name)) => node(name).and_then(|node| crowd.row_of(node)),
                _ => None,
            };
            if let (Some(row), Some(holder)) = (row, holder.cast::<HtmlElement>()) {
                let (top, high) = (f64::from(holder.scroll_top()), f64::from(holder.client_height()));
                let at = row as f64 * ROW;
                if at < top || at + 2.0 * ROW > top + high {
                    holder.set_scroll_top((at - high / 3.0).max(0.0) as i32);
                }
            }
        });
    }
    html! {
        <div ref={holder} class="cluster-table" {onscroll} tabindex="0" role="region" aria-label="Nodes and pods">
            <table aria-rowcount={(rows + 1).to_string()}>
                <thead><tr><th scope="col">{ "Node or pod" }</th><th scope="col">{ "State" }</th><th scope="col">{ "Zone or workload" }</th><th scope="col">{ "Requests, ready" }</th></tr></thead>
                <tbody>
                    <tr class="space" aria-hidden="true"><td colspan="4" height={before}></td></tr>
                    { for (first..last).filter_map(|nth| Some(draw(props, crowd.row(nth)?, nth))) }
                    <tr class="space" aria-hidden="true"><td colspan="4" height={behind}></td></tr>
                </tbody>
            </table>
        </div>
    }
}

fn draw(props: &Props, row: Row, nth: usize) -> Html {
    let (told, frame) = (&props.told, &props.frame);
    let (name, choice, state, belongs, requests, class) = match row {
        Row::Node(node) => {
            let (info, look) = (&told.story.nodes[node], frame.nodes[node]);
            let zone = told.story.zones.get(info.zone as usize).map_or("", String::as_str);
            let requests = format!("cpu {}%, mem {}%, {}/{}", look.cpu / 10, look.memory / 10, look.ready, look.pods);
            (info.name.clone(), Selection::Node(info.name.clone()), html! { look.flags.label() }, zone.to_string(), requests, "node")
        }
        Row::Pod(pod) | Row::Waiting(pod) => {
            let name = told.pod_name(pod);
            let workload = told.workload_of(pod).map_or(String::new(), |workload| told.story.workloads[workload].label.clone());
            let look = frame.look(pod);
            let state = html! { <><i class={format!("swatch look-{}", look as u8)} aria-hidden="true"></i>{ look.label() }</> };
            (name.clone(), Selection::Pod(name), state, workload, String::new(), "pod")
        }
    };
    let selected = props.selection.as_ref() == Some(&choice);
    let dispatch = props.dispatch.clone();
    html! {
        <tr key={nth} class={classes!(class, selected.then_some("selected"))} aria-rowindex={(nth + 2).to_string()}>
            <th scope="row"><button type="button" onclick={move |_| dispatch.dispatch(Action::Select(Some(choice.clone())))}><bdi>{ name }</bdi></button></th>
            <td>{ state }</td><td>{ belongs }</td><td>{ requests }</td>
        </tr>
    }
}
