//! How every workload fared, what was assumed, what would have helped.

use std::rc::Rc;

use yew::prelude::*;

use crate::clock;
use crate::store::Told;
use crate::wire::WorkloadInfo;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) told: Rc<Told>,
}

/// Rows drawn; the rest are counted.
const MOST_ROWS: usize = 300;

#[component(Report)]
pub(crate) fn report(props: &Props) -> Html {
    let story = &props.told.story;
    let hurt = story.workloads.iter().filter(|workload| workload.below_one_ms > 0 || workload.below_budget_ms > 0).count();
    let verdict = match (story.workloads.len(), hurt) {
        (0, _) => "No workload is simulated.".to_string(),
        (_, 0) => "Every workload kept a ready pod, and every budget held.".to_string(),
        (all, hurt) => format!("{hurt} of {all} workloads fell below their budget or had no ready pod."),
    };
    html! {
        <>
            <p class={classes!("verdict", if hurt == 0 { "good" } else { "bad" })}><span aria-hidden="true">{ if hurt == 0 { "✓" } else { "✕" } }</span>{ verdict }</p>
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
            { list("What would have helped", &story.advice) }
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

fn list(title: &'static str, lines: &[String]) -> Html {
    if lines.is_empty() {
        return Html::default();
    }
    html! { <><h3>{ title }</h3><ul class="lines">{ for lines.iter().take(MOST_ROWS).map(|line| html! { <li>{ line }</li> }) }</ul></> }
}
