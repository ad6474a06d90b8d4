//! A button with a list of choices below it, for mouse and keys.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::icon::{Icon, Name};

/// One choice.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// What is handed back.
    pub(crate) key: AttrValue,
    /// What is read.
    pub(crate) label: AttrValue,
    /// Smaller, below it.
    pub(crate) hint: AttrValue,
}

impl Choice {
    pub(crate) fn plain(name: &str) -> Choice {
        Choice { key: name.to_string().into(), label: name.to_string().into(), hint: AttrValue::default() }
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) label: AttrValue,
    pub(crate) choices: Rc<Vec<Choice>>,
    pub(crate) choose: Callback<AttrValue>,
    #[prop_or_default]
    pub(crate) class: Classes,
    /// Stands for the label where there is no room for it.
    #[prop_or_default]
    pub(crate) icon: Option<Name>,
}

#[component(Menu)]
pub(crate) fn menu(props: &Props) -> Html {
    let open = use_state_eq(|| false);
    let button = use_node_ref();
    let list = use_node_ref();
    {
        let list = list.clone();
        use_effect_with(*open, move |&open| {
            if open {
                focus_item(&list, 0);
            }
        });
    }
    let close = {
        let (open, button) = (open.clone(), button.clone());
        move |back: bool| {
            open.set(false);
            if back && let Some(button) = button.cast::<HtmlElement>() {
                let _ = button.focus();
            }
        }
    };
    let toggle = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    let shut = {
        let close = close.clone();
        Callback::from(move |_: MouseEvent| close(false))
    };
    let keys = {
        let (close, list, choices) = (close.clone(), list.clone(), props.choices.len() as i32);
        Callback::from(move |event: KeyboardEvent| {
            let now = focused_item(&list);
            let to = match event.key().as_str() {
                "ArrowDown" => Some(now.map_or(0, |now| (now + 1) % choices.max(1))),
                "ArrowUp" => Some(now.map_or(choices - 1, |now| (now + choices - 1) % choices.max(1))),
                "Home" => Some(0),
                "End" => Some(choices - 1),
                "Escape" => {
                    event.prevent_default();
                    close(true);
                    None
                }
                "Tab" => {
                    close(false);
                    None
                }
                _ => return,
            };
            event.stop_propagation();
            if let Some(to) = to {
                event.prevent_default();
                focus_item(&list, to);
            }
        })
    };
    let items = props.choices.iter().map(|choice| {
        let (choose, close, key) = (props.choose.clone(), close.clone(), choice.key.clone());
        let onclick = Callback::from(move |_: MouseEvent| {
            close(true);
            choose.emit(key.clone());
        });
        html! {
            <button key={choice.key.to_string()} type="button" role="menuitem" tabindex="-1" {onclick}>
                <span>{ &choice.label }</span>
                if !choice.hint.is_empty() { <small>{ &choice.hint }</small> }
            </button>
        }
    });
    html! {
        <div class={classes!("menu", props.class.clone())}>
            <button ref={button} type="button" class="button" aria-label={props.icon.map(|_| props.label.clone())} aria-haspopup="menu" aria-expanded={open.to_string()}
                disabled={props.choices.is_empty()} onclick={toggle}>
                if let Some(name) = props.icon { <Icon {name} /><span class="wide">{ &props.label }</span> } else { { &props.label } }
                <Icon name={Name::Down} />
            </button>
            if *open {
                <div class="veil" onclick={shut}></div>
                <div ref={list} class="menu-list" role="menu" aria-label={props.label.clone()} onkeydown={keys}>{ for items }</div>
            }
        </div>
    }
}

fn focus_item(list: &NodeRef, nth: i32) {
    let item = list.cast::<HtmlElement>().and_then(|list| list.children().item(nth.max(0) as u32));
    if let Some(item) = item.and_then(|item| item.dyn_into::<HtmlElement>().ok()) {
        let _ = item.focus();
    }
}

fn focused_item(list: &NodeRef) -> Option<i32> {
    let children = list.cast::<HtmlElement>()?.children();
    let active = super::dom::document().active_element()?;
    (0..children.length()).find(|&nth| children.item(nth).as_ref() == Some(&active)).map(|nth| nth as i32)
}
