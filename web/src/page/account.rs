//! What is told of an event or a workload: sections of lines that lead to their moments and to each other.

use yew::prelude::*;

use crate::clock;
use crate::store::{Action, Selection, Store};
use crate::wire::{Account, Remark};

/// The whole account.
pub(crate) fn account(of: &Account, dispatch: &UseReducerDispatcher<Store>) -> Html {
    let sections = of.sections.iter().map(|section| {
        html! {
            <section aria-label={section.title.clone()}>
                <h3>{ &section.title }if !section.note.is_empty() { <small>{ &section.note }</small> }</h3>
                <ol class="chain account">{ for section.lines.iter().map(|line| remark(line, dispatch)) }</ol>
            </section>
        }
    });
    html! { <><h2 class="pod-name">{ &of.title }</h2><p class="summary">{ &of.summary }</p>{ for sections }</> }
}

fn remark(of: &Remark, dispatch: &UseReducerDispatcher<Store>) -> Html {
    let words = html! {
        <>
            if let Some(at_ms) = of.at_ms { <time>{ clock::told(at_ms) }</time> }
            <span>{ &of.text }
                if !of.more.is_empty() { <small>{ &of.more }</small> }
                if let Some(share) = of.share {
                    <svg class="share" viewBox="0 0 1000 6" preserveAspectRatio="none" aria-hidden="true"><rect class="track-bar" width="1000" height="6" /><rect class="bar" width={share.to_string()} height="6" /></svg>
                }
            </span>
        </>
    };
    let class = classes!(format!("in-{}", of.depth), of.at_ms.is_none().then_some("timeless"));
    let (at_ms, selection) = (of.at_ms, Selection::from_link(&of.selects));
    if at_ms.is_none() && selection.is_none() {
        return html! { <li {class}><div>{ words }</div></li> };
    }
    let dispatch = dispatch.clone();
    let onclick = move |_: MouseEvent| {
        if let Some(at_ms) = at_ms {
            dispatch.dispatch(Action::Seek(at_ms));
        }
        if let Some(selection) = &selection {
            dispatch.dispatch(Action::Select(Some(selection.clone())));
        }
    };
    html! { <li {class}><button type="button" {onclick}>{ words }</button></li> }
}
