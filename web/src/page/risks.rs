//! What would hurt: the standard what-ifs, ranked. A row runs its what-if and opens it where it is worst.

use std::rc::Rc;

use yew::prelude::*;

use super::icon::{Icon, Name};
use crate::clock;
use crate::offers;
use crate::store::{Action, Risks, Side, Store};
use crate::wire::{Risk, Step, Verb};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) risks: Rc<Risks>,
    pub(crate) steps: Rc<Vec<Step>>,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

#[component(RisksPane)]
pub(crate) fn risks_pane(props: &Props) -> Html {
    let risks = &props.risks;
    let asked = risks.rows.len();
    let held = use_state_eq(Vec::new);
    {
        let held = held.clone();
        use_effect_with(risks.edition, move |_| held.set(Vec::new()));
    }
    let ranked = risks.ranked(&held);
    let harmless = risks.rows.iter().filter(|risk| risk.score == 0).count();
    let most = risks.rows.iter().map(|risk| risk.score).max().unwrap_or_default().max(1);
    let progress = match risks.total {
        Some(total) if asked < total as usize => format!("{asked} of {total} what-ifs run"),
        Some(0) => "There is nothing to try: no zone, no node, no workload.".to_string(),
        Some(_) => format!("{} what-ifs, {harmless} without harm", asked),
        None => "Waiting for the cluster to settle".to_string(),
    };
    let rows = ranked.iter().map(|&nth| row(&risks.rows[nth], most, props));
    let (hold, holds, lets_go) = (held.clone(), ranked.clone(), held.clone());
    let onpointerenter = move |_: PointerEvent| hold.set(holds.clone());
    let onpointerleave = move |_: PointerEvent| lets_go.set(Vec::new());
    html! {
        <>
            <p class="lead">{ "Each zone and busy node is lost, each node drained, each workload restarted, one at a time. Choose one to watch it happen." }</p>
            <p class="progress" role="status">
                if risks.next().is_some() { <i class="spinner" aria-hidden="true"></i> }
                { progress }
            </p>
            if !ranked.is_empty() {
                <table class="risks">
                    <caption class="unseen">{ "What would hurt, the worst first" }</caption>
                    <thead class="unseen"><tr><th scope="col">{ "If" }</th><th scope="col">{ "Harm" }</th><th scope="col">{ "Then" }</th></tr></thead>
                    <tbody {onpointerenter} {onpointerleave}>{ for rows }</tbody>
                </table>
            }
            if !risks.left_out.is_empty() { <p class="muted">{ &risks.left_out }</p> }
        </>
    }
}

/// What happens, as a person would say it.
fn what(step: &Step) -> String {
    let target = &step.target;
    match step.verb {
        Verb::FailZone => format!("{target} is lost"),
        Verb::FailNode => format!("{target} dies"),
        Verb::Drain => format!("{target} is drained"),
        Verb::Restart | Verb::Rollout => format!("{target} is restarted"),
        _ => offers::words(step),
    }
}

fn row(risk: &Risk, most: u64, props: &Props) -> Html {
    let (dispatch, step) = (props.dispatch.clone(), risk.step.clone());
    let onclick = Callback::from(move |_: MouseEvent| dispatch.dispatch(Action::Try(step.clone())));
    let open = matches!(&props.steps[..], [only] if *only == risk.step);
    let turn = props.dispatch.clone();
    let class = match risk {
        Risk { score: 0, .. } => "none",
        Risk { outage_ms: 0, unplaced: 0, .. } => "some",
        _ => "bad",
    };
    let sign = match class {
        "none" => "✓",
        "some" => "▲",
        _ => "✕",
    };
    // The share of the worst, on a scale that keeps small harm visible.
    let bits = |score: u64| f64::from(u64::BITS - score.leading_zeros());
    let wide = format!("{:.0}", 100.0 * bits(risk.score) / bits(most).max(1.0));
    let then = risk.reasons.first().map_or("nothing is missed", String::as_str);
    let more = risk.reasons.len().saturating_sub(1);
    html! {
        <tr key={format!("{:?} {}", risk.step.verb, risk.step.target)} class={classes!(class, open.then_some("open"))}>
            <th scope="row">
                <button type="button" {onclick} aria-pressed={open.to_string()} title="Run it, and go to its worst moment">
                    <span class="sign" aria-hidden="true">{ sign }</span><span>{ what(&risk.step) }</span><Icon name={Name::Forward} />
                </button>
            </th>
            <td class="number" title="Harm: pods that were missing, by how long">
                <svg class="harm" width="64" height="6" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="track-bar" width="100" height="6" rx="3" /><rect class="bar" width={wide} height="6" rx="3" />
                </svg>
                <span class="unseen">{ compact(risk.score) }</span>
            </td>
            <td>
                { then }
                if more > 0 { <small>{ format!(" · {more} more") }</small> }
                if let Some(at) = risk.recovered_ms { <small>{ format!(" · whole again after {}", clock::length(at)) }</small> }
                if open && risk.score > 0 { <button type="button" class="button small" onclick={move |_| turn.dispatch(Action::Turn(Side::Report))}>{ "See what would help" }</button> }
            </td>
        </tr>
    }
}

/// `950`, `12k`, `3M`.
fn compact(score: u64) -> String {
    match score {
        0..1_000 => score.to_string(),
        1_000..1_000_000 => format!("{}k", score / 1_000),
        _ => format!("{}M", score / 1_000_000),
    }
}
