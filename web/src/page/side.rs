//! The right pane: story, why, report.

use std::cmp::Ordering;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::assumed::AssumedPane;
use super::engine::Engine;
use super::report::Report;
use super::risks::RisksPane;
use super::why::WhyPane;
use crate::clock;
use crate::palette::Deed;
use crate::store::{Action, Advised, Compared, Risks, Selection, Side, Store, Told};
use crate::wire::{Account, Assumed, SourceFile, Step, Why};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) told: Option<Rc<Told>>,
    pub(crate) at_ms: i64,
    pub(crate) side: Side,
    pub(crate) selection: Option<Selection>,
    pub(crate) why: Option<Rc<Why>>,
    pub(crate) risks: Rc<Risks>,
    pub(crate) steps: Rc<Vec<Step>>,
    pub(crate) pinned: Option<Rc<Told>>,
    pub(crate) advice: Rc<Advised>,
    pub(crate) files: Rc<Vec<SourceFile>>,
    pub(crate) compared: Rc<Compared>,
    pub(crate) beside: bool,
    pub(crate) account: Option<Rc<Account>>,
    pub(crate) assumed: Option<(u32, Rc<Vec<Assumed>>)>,
    pub(crate) engine: Rc<Engine>,
    pub(crate) perform: Callback<Deed>,
    pub(crate) shown: bool,
    pub(crate) stale: bool,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

const SIDES: [(Side, &str); 5] =
    [(Side::Story, "Story"), (Side::Why, "Why"), (Side::Report, "Report"), (Side::Risks, "Risks"), (Side::Assumed, "Assumed")];

#[component(Answers)]
pub(crate) fn answers(props: &Props) -> Html {
    let list = use_node_ref();
    let keys = {
        let (dispatch, side, list) = (props.dispatch.clone(), props.side, list.clone());
        Callback::from(move |event: KeyboardEvent| {
            let now = SIDES.iter().position(|&(each, _)| each == side).unwrap_or(0);
            let to = match event.key().as_str() {
                "ArrowRight" => (now + 1) % SIDES.len(),
                "ArrowLeft" => (now + SIDES.len() - 1) % SIDES.len(),
                _ => return,
            };
            event.prevent_default();
            dispatch.dispatch(Action::Turn(SIDES[to].0));
            let tab = list.cast::<HtmlElement>().and_then(|list| list.children().item(to as u32));
            if let Some(tab) = tab.and_then(|tab| tab.dyn_into::<HtmlElement>().ok()) {
                let _ = tab.focus();
            }
        })
    };
    let tabs = SIDES.iter().map(|&(side, label)| {
        let dispatch = props.dispatch.clone();
        let chosen = side == props.side;
        html! {
            <button type="button" role="tab" id={format!("tab-{label}")} aria-selected={chosen.to_string()} aria-controls="answer"
                tabindex={if chosen { "0" } else { "-1" }} onclick={move |_| dispatch.dispatch(Action::Turn(side))}>{ label }</button>
        }
    });
    let pane = use_node_ref();
    {
        // What is told anew is read from its beginning; the story finds its own place.
        let pane = pane.clone();
        use_effect_with((props.side, props.selection.clone()), move |(side, _)| {
            if let Some(pane) = pane.cast::<HtmlElement>().filter(|_| *side != Side::Story) {
                pane.set_scroll_top(0);
            }
        });
    }
    let label = SIDES.iter().find(|&&(side, _)| side == props.side).map_or("", |&(_, label)| label);
    html! {
        <section class={classes!("pane", "answers", props.shown.then_some("shown"))} aria-label="Answers">
            <div ref={list} class="tabs sides" role="tablist" aria-label="Answers" onkeydown={keys}>{ for tabs }</div>
            <div ref={pane} id="answer" class={classes!("answer", props.stale.then_some("stale"))} role="tabpanel" aria-labelledby={format!("tab-{label}")} tabindex="0">
                if let Some(told) = &props.told {
                    { match props.side {
                        Side::Story => html! { <Narrative told={told.clone()} now={told.sentence_at(props.at_ms)} dispatch={props.dispatch.clone()} /> },
                        Side::Why => html! { <WhyPane told={told.clone()} selection={props.selection.clone()} why={props.why.clone()} account={props.account.clone()} dispatch={props.dispatch.clone()} /> },
                        Side::Report => html! {
                            <Report told={told.clone()} pinned={props.pinned.clone()} compared={props.compared.clone()} beside={props.beside} advice={props.advice.clone()} files={props.files.clone()}
                                perform={props.perform.clone()} dispatch={props.dispatch.clone()} />
                        },
                        Side::Risks => html! { <RisksPane risks={props.risks.clone()} steps={props.steps.clone()} dispatch={props.dispatch.clone()} /> },
                        Side::Assumed => html! { <AssumedPane generation={told.generation} values={props.assumed.clone()} engine={props.engine.clone()} /> },
                    } }
                } else {
                    <p class="muted">{ "Nothing has run yet." }</p>
                }
            </div>
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct NarrativeProps {
    told: Rc<Told>,
    now: Option<usize>,
    dispatch: UseReducerDispatcher<Store>,
}

/// Sentences drawn at once around the present one.
const MOST_SENTENCES: usize = 150;
/// They are exchanged so many at a time: most steps of time then only move the mark.
const SENTENCES_A_TIME: usize = 50;

#[component(Narrative)]
fn narrative(props: &NarrativeProps) -> Html {
    let list = use_node_ref();
    let lines = &props.told.story.narrative;
    let now = props.now.unwrap_or(0);
    let from =
        (now.saturating_sub(MOST_SENTENCES / 2) / SENTENCES_A_TIME * SENTENCES_A_TIME).min(lines.len().saturating_sub(MOST_SENTENCES));
    let to = (from + MOST_SENTENCES).min(lines.len());
    use_effect_with((props.now, props.told.clone()), {
        let list = list.clone();
        move |(now, _)| {
            let Some(list) = list.cast::<HtmlElement>() else { return };
            let item =
                now.and_then(|now| list.children().item((now - from.min(now)) as u32)).and_then(|item| item.dyn_into::<HtmlElement>().ok());
            // The pane scrolls, never the page.
            if let (Some(item), Some(pane)) = (item, list.parent_element()) {
                let middle = item.offset_top() - list.offset_top() - pane.client_height() / 2;
                pane.set_scroll_top(middle.max(0));
            }
        }
    });
    if lines.is_empty() {
        if props.told.story.workloads.is_empty() {
            return html! { <p class="muted">{ "No workload runs: paste one, or see the findings below the manifests." }</p> };
        }
        return html! { <p class="muted">{ "Quiet: the cluster is settled. Break something with the buttons above it, or see under Risks what would hurt." }</p> };
    }
    let items = (from..to).map(|nth| {
        let place = props.now.map_or(Ordering::Greater, |now| nth.cmp(&now));
        html! { <Sentence key={nth} told={props.told.clone()} {nth} {place} dispatch={props.dispatch.clone()} /> }
    });
    html! { <ol ref={list} class="story">{ for items }</ol> }
}

#[derive(Properties, PartialEq)]
struct SentenceProps {
    told: Rc<Told>,
    nth: usize,
    /// Before the present one, the present one, or after it.
    place: Ordering,
    dispatch: UseReducerDispatcher<Store>,
}

/// One sentence of the narrative: drawn again only where its place changes.
#[component(Sentence)]
fn sentence(props: &SentenceProps) -> Html {
    let Some(line) = props.told.story.narrative.get(props.nth) else { return Html::default() };
    let (dispatch, at_ms, event) = (props.dispatch.clone(), line.at_ms, line.event);
    let now = props.place == Ordering::Equal;
    let ask = now.then(|| {
        let dispatch = props.dispatch.clone();
        html! {
            <button type="button" class="ask" title="What led to it, what it set off" onclick={move |_| dispatch.dispatch(Action::Select(Some(Selection::Event(event))))}>
                { "Causes and effects" }
            </button>
        }
    });
    let class = match props.place {
        Ordering::Equal => "now",
        Ordering::Less => "past",
        Ordering::Greater => "to-come",
    };
    html! {
        <li {class} aria-current={now.then_some("step")}>
            <button type="button" onclick={move |_| dispatch.dispatch(Action::Seek(at_ms))}>
                <time>{ clock::written(at_ms) }</time><span>{ &line.text }</span>
            </button>
            { ask }
        </li>
    }
}
