//! The gallery: every lesson and every example with its promise, and what was done already.

use std::rc::Rc;

use yew::prelude::*;

use super::overlay::{Dialog, shut};
use crate::gallery::{self, Card};
use crate::store::{Action, Store};
use crate::wire::Entry;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) done: Rc<Vec<String>>,
    pub(crate) closed: Callback<()>,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

#[component(Gallery)]
pub(crate) fn gallery_view(props: &Props) -> Html {
    let node = use_node_ref();
    let close = {
        let node = node.clone();
        Callback::from(move |_: MouseEvent| shut(&node))
    };
    let cards = |all: &'static [Card], lesson: bool| {
        let each = all.iter().enumerate().map(|(nth, card)| {
            let (dispatch, node) = (props.dispatch.clone(), node.clone());
            let done = lesson && props.done.iter().any(|name| name == card.name);
            let onclick = move |_: MouseEvent| {
                shut(&node);
                dispatch.dispatch(Action::Want(Entry { name: card.name.to_string(), lesson, ..Entry::default() }));
            };
            html! {
                <li><button type="button" {onclick} class={classes!(done.then_some("done"))}>
                    <b>if lesson { { nth + 1 }{ ". " } }{ card.title }</b>
                    if done { <small class="right">{ "✓ done" }</small> }
                    <span>{ card.promise }</span>
                </button></li>
            }
        });
        html! { <ol class="cards">{ for each }</ol> }
    };
    let done = gallery::lessons().iter().filter(|card| props.done.iter().any(|name| name == card.name)).count();
    html! {
        <Dialog label="Lessons and examples" class={classes!("gallery-view")} closed={props.closed.clone()} node={node.clone()}>
            <div>
                <header><h2>{ "Lessons" }</h2><span class="muted">{ format!("Predict, watch, repair. {done} of {} done on this machine.", gallery::lessons().len()) }</span>
                    <button type="button" class="button small" onclick={close}>{ "Close" }</button></header>
                { cards(gallery::lessons(), true) }
                <header><h2>{ "Examples" }</h2><span class="muted">{ "Each opens with its own scenario." }</span></header>
                { cards(gallery::examples(), false) }
            </div>
        </Dialog>
    }
}
