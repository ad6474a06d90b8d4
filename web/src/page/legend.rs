//! What the colours of the map stand for, and the choice of it.

use std::rc::Rc;

use yew::prelude::*;

use crate::store::{Action, Store, Told};
use crate::tint::{self, Shade, Tint, Tints};
use wavetank_core::trace::PodState;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) told: Option<Rc<Told>>,
    pub(crate) tint: Tint,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

#[component(Legend)]
pub(crate) fn legend(props: &Props) -> Html {
    let rows = use_memo((props.told.clone(), props.tint), |(told, tint)| {
        told.as_ref().map(|told| Tints::of(told).legend(*tint, told)).unwrap_or_default()
    });
    let onchange = {
        let dispatch = props.dispatch.clone();
        Callback::from(move |event: Event| {
            let chosen = event.target_unchecked_into::<web_sys::HtmlSelectElement>().value();
            if let Some(tint) = Tint::ALL.into_iter().find(|tint| tint.label() == chosen) {
                dispatch.dispatch(Action::Tint(tint));
            }
        })
    };
    let state = |look: &PodState| {
        html! { <li><i class={format!("swatch look-{}", *look as u8)} aria-hidden="true"></i>{ look.label() }</li> }
    };
    let shade = |(shade, sign, words): &(Shade, String, String)| {
        html! { <li>{ swatch(*shade, sign) }<bdi>{ words }</bdi></li> }
    };
    html! {
        <>
            <label class="tint"><span>{ "Colour" }</span>
                <select {onchange}>
                    { for Tint::ALL.iter().map(|tint| html! { <option value={tint.label()} selected={*tint == props.tint}>{ tint.label() }</option> }) }
                </select>
            </label>
            <ul class="legend" aria-label={if props.tint == Tint::State { "Pod states" } else { "Colours" }} tabindex="0">
                if props.tint == Tint::State { { for PodState::SHOWN.iter().map(state) } } else { { for rows.iter().map(shade) } }
            </ul>
        </>
    }
}

/// A square as the map draws it: a hue with its letters, or a step filled so far.
fn swatch(shade: Shade, sign: &str) -> Html {
    match shade {
        Shade::Step(nth) => {
            let high = tint::filled(nth) * 11.0;
            html! {
                <svg class={format!("step-{nth}")} width="13" height="13" viewBox="0 0 13 13" aria-hidden="true">
                    <rect x="1" y="1" width="11" height="11" rx="2" class="edge" />
                    <rect x="1" y={(12.0 - high).to_string()} width="11" height={high.to_string()} />
                </svg>
            }
        }
        Shade::Hue(nth) => html! { <i class={format!("hue hue-{nth}")} aria-hidden="true">{ sign }</i> },
        Shade::State | Shade::Other => html! { <i class="hue other" aria-hidden="true"></i> },
    }
}
