//! Why: of a pod, the node × plugin matrix of its last decision, what would let it in, and its chain of causes; of events and workloads, their accounts.

use std::rc::Rc;

use yew::prelude::*;

use super::account::account;
use crate::clock;
use crate::store::{Action, Selection, Store, Told};
use crate::wire::{Account, Advice, Cause, Cell, Why};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) told: Rc<Told>,
    pub(crate) selection: Option<Selection>,
    pub(crate) why: Option<Rc<Why>>,
    pub(crate) account: Option<Rc<Account>>,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

#[component(WhyPane)]
pub(crate) fn why_pane(props: &Props) -> Html {
    if matches!(props.selection, Some(Selection::Workload(_) | Selection::Event(_))) {
        return match &props.account {
            Some(of) => account(of, &props.dispatch),
            None => html! { <p class="muted">{ "Asking …" }</p> },
        };
    }
    let Some(Selection::Pod(name)) = &props.selection else {
        return html! {
            <div class="lead">
                <p>{ "Choose a pod in the cluster: here is why it is where it is, node by node and plugin by plugin." }</p>
                <p>{ "A workload, in the report or the graph: where its availability went." }</p>
                <p>{ "A step, or a sentence of the story: what led to it, what it set off, and whom it reached." }</p>
            </div>
        };
    };
    let Some(why) = &props.why else {
        return html! { <><h2 class="pod-name">{ name }</h2><p class="muted">{ "Asking …" }</p></> };
    };
    html! {
        <>
            <h2 class="pod-name">{ name }</h2>
            <p class="summary">{ &why.summary }</p>
            if !why.rows.is_empty() {
                <h3>{ "Nodes" }<small>{ decided(why) }</small></h3>
                { matrix(why) }
            }
            if !why.ways.is_empty() {
                <h3>{ "What would let it in" }<small>{ "each was tried" }</small></h3>
                { for why.ways.iter().take(MOST_WAYS).map(way) }
            }
            if why.attempts.len() > 1 {
                <h3>{ "Tries" }</h3>
                <ol class="chain">{ for why.attempts.iter().take(MOST_TRIES).map(|cause| link(cause, &props.dispatch)) }</ol>
            }
            if !why.chain.is_empty() {
                <h3>{ "Because" }</h3>
                <ol class="chain">{ for why.chain.iter().map(|cause| link(cause, &props.dispatch)) }</ol>
            }
        </>
    }
}

/// Ways and tries that are shown.
const MOST_WAYS: usize = 12;
const MOST_TRIES: usize = 40;

fn link(cause: &Cause, dispatch: &UseReducerDispatcher<Store>) -> Html {
    let (dispatch, at_ms) = (dispatch.clone(), cause.at_ms);
    html! {
        <li><button type="button" onclick={move |_| dispatch.dispatch(Action::Seek(at_ms))}>
            <time>{ clock::told(cause.at_ms) }</time><span>{ &cause.text }</span>
        </button></li>
    }
}

fn way(of: &Advice) -> Html {
    html! {
        <details class="advice way">
            <summary>{ &of.title }</summary>
            if !of.why.is_empty() { <p>{ &of.why }</p> }
            if !of.snippet.is_empty() { <pre tabindex="0">{ &of.snippet }</pre> }
        </details>
    }
}

fn decided(why: &Why) -> String {
    let when = why.decided_ms.map_or_else(String::new, |at| {
        format!("decided {}", if at < 0 { "before the start".to_string() } else { format!("at {}", clock::written(at)) })
    });
    let shown = why.rows.len();
    if (why.nodes as usize) > shown { format!("{when} · {shown} of {} nodes", why.nodes) } else { when }
}

fn matrix(why: &Why) -> Html {
    let rows = why.rows.iter().map(|row| {
        let refused = row.total.is_none() && !row.chosen;
        let class = classes!(row.chosen.then_some("chosen"), refused.then_some("ruled-out"));
        let reason = row.cells.iter().flatten().map(|cell| cell.reason.as_str()).find(|reason| !reason.is_empty()).unwrap_or(&row.refused);
        html! {
            <>
                <tr {class}>
                    <th scope="row">{ if row.chosen { "● " } else { "" } }{ &row.node }</th>
                    { for why.plugins.iter().enumerate().map(|(nth, _)| cell(row.cells.get(nth).and_then(Option::as_ref))) }
                    <td class="total">{ row.total.map_or("–".to_string(), |total| total.to_string()) }</td>
                </tr>
                if !reason.is_empty() {
                    <tr class="reason"><td colspan={(why.plugins.len() + 2).to_string()}>{ reason }</td></tr>
                }
            </>
        }
    });
    html! {
        <div class="matrix" tabindex="0" role="region" aria-label="Nodes and plugins">
            <table>
                <thead><tr>
                    <th scope="col">{ "Node" }</th>
                    { for why.plugins.iter().map(|plugin| html! { <th scope="col" class="plugin" title={plugin.clone()}><span>{ plugin }</span></th> }) }
                    <th scope="col" class="plugin"><span>{ "Total" }</span></th>
                </tr></thead>
                <tbody>{ for rows }</tbody>
            </table>
        </div>
    }
}

fn cell(cell: Option<&Cell>) -> Html {
    match cell {
        None => html! { <td class="not-asked"><span aria-label="not asked">{ "·" }</span></td> },
        Some(cell) if !cell.reason.is_empty() => {
            html! { <td class="no" title={cell.reason.clone()}><span aria-label={format!("refuses: {}", cell.reason)}>{ "✕" }</span></td> }
        }
        Some(Cell { score: Some(score), .. }) => html! { <td class="score">{ score }</td> },
        Some(_) => html! { <td class="yes"><span aria-label="passes">{ "✓" }</span></td> },
    }
}
