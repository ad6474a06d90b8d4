//! What the manifests do not say: every value, what hangs on it, and a field to say otherwise.

use std::rc::Rc;

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::engine::Engine;
use crate::wire::{Ask, Assumed};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) generation: u32,
    pub(crate) values: Option<(u32, Rc<Vec<Assumed>>)>,
    pub(crate) engine: Rc<Engine>,
}

/// Values drawn at once; the rest are found by their names.
const MOST_ROWS: usize = 120;

#[component(AssumedPane)]
pub(crate) fn assumed_pane(props: &Props) -> Html {
    let letters = use_state_eq(String::new);
    let Some((_, values)) = &props.values else { return html! { <p class="muted">{ "Asking …" }</p> } };
    let find = {
        let letters = letters.clone();
        Callback::from(move |event: InputEvent| letters.set(event.target_unchecked_into::<HtmlInputElement>().value().to_lowercase()))
    };
    let meant = |of: &&Assumed| [&of.subject, &of.what].iter().any(|text| text.to_lowercase().contains(&**letters));
    let found = values.iter().filter(meant).count();
    let said = values.iter().filter(|of| !of.usual.is_empty()).count();
    let mut before = "";
    let rows = values.iter().filter(meant).take(MOST_ROWS).map(|of| {
        let head = of.subject != before;
        before = &of.subject;
        html! {
            <>
                if head { <h3>{ &of.subject }</h3> }
                <Value key={format!("{} {} {}", of.key, of.subject, of.what)} of={of.clone()} generation={props.generation} engine={props.engine.clone()} />
            </>
        }
    });
    let rows: Vec<Html> = rows.collect();
    html! {
        <div class="assumed">
            <p class="lead">{ "What the manifests do not say. A value that you change is written into a document of the manifests, and counts for every run; undo takes it back." }</p>
            <p class="muted">{ format!("{} values, {} changed", values.len(), if said == 0 { "none".to_string() } else { said.to_string() }) }</p>
            if values.len() > 12 {
                <input type="search" class="field" aria-label="Find a value" placeholder="Find by workload or property" oninput={find} />
            }
            { for rows }
            if found > MOST_ROWS { <p class="muted">{ format!("and {} more: find them by name", found - MOST_ROWS) }</p> }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct ValueProps {
    of: Assumed,
    generation: u32,
    engine: Rc<Engine>,
}

#[component(Value)]
fn value(props: &ValueProps) -> Html {
    let of = &props.of;
    let say = |value: String| {
        let (engine, generation, key) = (props.engine.clone(), props.generation, of.key.clone());
        move || engine.aside(Ask::Say { generation, key: key.clone(), value: value.clone() })
    };
    let onchange = {
        let (engine, generation, key) = (props.engine.clone(), props.generation, of.key.clone());
        Callback::from(move |event: Event| {
            let value = event.target_unchecked_into::<HtmlInputElement>().value();
            engine.aside(Ask::Say { generation, key: key.clone(), value });
        })
    };
    let back = (!of.usual.is_empty()).then(|| {
        let say = say(of.usual.clone());
        html! { <button type="button" class="button small" onclick={move |_| say()}>{ format!("Back to {}", of.usual) }</button> }
    });
    let label = format!("{} of {}", of.what, of.subject);
    html! {
        <div class={classes!("value", (!of.usual.is_empty()).then_some("said"))}>
            if of.key.is_empty() {
                <p><b>{ &of.what }</b>{ ": " }{ &of.value }</p>
            } else {
                <label><b>{ &of.what }</b><input class="field" aria-label={label} value={of.value.clone()} spellcheck="false" autocomplete="off" {onchange} /><span>{ &of.unit }</span></label>
            }
            { back }
            if !of.effect.is_empty() { <p>{ &of.effect }</p> }
            <p class="muted">{ &of.why }</p>
        </div>
    }
}
