//! A change that is proposed, line by line: in the place of the editor, and on a narrow screen beside what it would do.

use std::rc::Rc;

use web_sys::HtmlElement;
use yew::prelude::*;

use crate::source::diff::{self, Line};
use crate::store::{Action, Advised, Store};
use crate::wire::SourceFile;

/// Lines that stay and are shown around those that change, in the place of the editor.
const WIDE: usize = 40;
/// The same beside the proposal.
pub(crate) const NARROW: usize = 3;

/// Files as they would become, against those of the same name.
pub(crate) fn changes(files: &[SourceFile], new: &[SourceFile], around: usize) -> Html {
    let old = |name: &str| files.iter().find(|file| file.name == name).map_or("", |file| file.text.as_str());
    new.iter()
        .map(|file| {
            let lines = diff::lines(old(&file.name), &file.text, around);
            html! {
                <figure class="diff">
                    <figcaption>{ &file.name }</figcaption>
                    <pre tabindex="0">{ for lines.iter().map(|line| match line {
                        Line::Same(text) => html! { <span class="same">{ format!("  {text}\n") }</span> },
                        Line::Gone(text) => html! { <del>{ format!("- {text}\n") }</del> },
                        Line::New(text) => html! { <ins>{ format!("+ {text}\n") }</ins> },
                        Line::Skipped(count) => html! { <span class="skipped">{ format!("  … {count} lines\n") }</span> },
                    }) }</pre>
                </figure>
            }
        })
        .collect()
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) files: Rc<Vec<SourceFile>>,
    pub(crate) advice: Rc<Advised>,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

/// The proposal that is looked at.
#[component(Proposal)]
pub(crate) fn proposal(props: &Props) -> Html {
    let node = use_node_ref();
    use_effect_with(props.advice.clone(), {
        let node = node.clone();
        move |_| {
            let Some(holder) = node.cast::<HtmlElement>() else { return };
            let Ok(Some(first)) = holder.query_selector("del, ins") else { return };
            let down = first.get_bounding_client_rect().top() - holder.get_bounding_client_rect().top();
            holder.set_scroll_top(holder.scroll_top() + (down - f64::from(holder.client_height()) / 3.0) as i32);
        }
    });
    let Some(mended) = &props.advice.mended else { return Html::default() };
    let title = props.advice.advice.get(mended.nth as usize).map_or("", |advice| advice.title.as_str());
    let leave = props.dispatch.clone();
    html! {
        <section class="proposal" aria-label="Proposed change">
            <header><b>{ title }</b><button type="button" class="button small" onclick={move |_| leave.dispatch(Action::Leave)}>{ "Back to the text" }</button></header>
            <div ref={node} class="proposal-lines">{ changes(&props.files, &mended.files, WIDE) }</div>
        </section>
    }
}
