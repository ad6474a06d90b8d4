//! How every workload fared, what was assumed, what would have helped.

use std::rc::Rc;

use yew::prelude::*;

use crate::clock;
use crate::store::Told;
use crate::wire::{Advice, Loss, WorkloadInfo};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) told: Rc<Told>,
}

/// Rows drawn; the rest are counted.
const MOST_ROWS: usize = 300;

#[component(Report)]
pub(crate) fn report(props: &Props) -> Html {
    let story = &props.told.story;
    html! {
        <>
            <p class={classes!("verdict", if story.harmed { "bad" } else { "good" })}>
                <span aria-hidden="true">{ if story.harmed { "✕" } else { "✓" } }</span>{ &story.verdict }
            </p>
            <div class="matrix" tabindex="0" role="region" aria-label="Workloads">
                <table class="workloads">
                    <thead><tr>
                        <th scope="col">{ "Workload" }</th><th scope="col">{ "End" }</th><th scope="col">{ "Least" }</th>
                        <th scope="col">{ "Below budget" }</th><th scope="col">{ "None ready" }</th>
                    </tr></thead>
                    <tbody>{ for story.workloads.iter().take(MOST_ROWS).map(row) }</tbody>
                </table>
            </div>
            if story.workloads.len() > MOST_ROWS { <p class="muted">{ format!("and {} more", story.workloads.len() - MOST_ROWS) }</p> }
            if !story.losses.is_empty() { <h3>{ "What was lost" }</h3>{ for story.losses.iter().take(MOST_ROWS).map(loss) } }
            if !story.advice.is_empty() { <h3>{ "What would have helped" }</h3>{ for story.advice.iter().take(MOST_ROWS).map(advice) } }
            { list("Assumed", &story.assumptions) }
            { list("Kept, not simulated", &story.not_simulated) }
        </>
    }
}

fn row(workload: &WorkloadInfo) -> Html {
    let short = workload.last_ready < workload.desired;
    let budget = match (workload.budget, workload.below_budget_ms) {
        (None, _) => "–".to_string(),
        (Some(_), 0) => "never".to_string(),
        (Some(_), ms) => clock::length(ms),
    };
    let none = if workload.below_one_ms == 0 { "never".to_string() } else { clock::length(workload.below_one_ms) };
    html! {
        <tr>
            <th scope="row">{ &workload.label }</th>
            <td class={classes!(short.then_some("bad"))}>{ format!("{}/{}", workload.last_ready, workload.desired) }</td>
            <td class={classes!((workload.least_ready == 0 && workload.desired > 0).then_some("bad"))}>{ workload.least_ready }</td>
            <td class={classes!((workload.below_budget_ms > 0).then_some("bad"))}>{ budget }</td>
            <td class={classes!((workload.below_one_ms > 0).then_some("bad"))}>{ none }</td>
        </tr>
    }
}

fn loss(of: &Loss) -> Html {
    html! {
        <details class="loss">
            <summary>{ &of.text }</summary>
            <ol class="chain">{ for of.chain.iter().map(|cause| html! { <li><time>{ clock::written(cause.at_ms) }</time><span>{ &cause.text }</span></li> }) }</ol>
            { for of.lines.iter().map(|(line, text)| html! { <p class="decided">if !line.is_empty() { <code>{ line }</code> }{ text }</p> }) }
        </details>
    }
}

fn advice(of: &Advice) -> Html {
    html! {
        <details class="advice">
            <summary>{ &of.title }</summary>
            <p>{ &of.why }</p>
            if !of.snippet.is_empty() { <pre tabindex="0">{ &of.snippet }</pre> }
        </details>
    }
}

fn list(title: &'static str, lines: &[String]) -> Html {
    if lines.is_empty() {
        return Html::default();
    }
    html! { <><h3>{ title }</h3><ul class="lines">{ for lines.iter().take(MOST_ROWS).map(|line| html! { <li>{ line }</li> }) }</ul></> }
}
