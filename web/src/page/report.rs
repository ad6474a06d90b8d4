//! What the run meant: whether it holds what was expected, what differs from the run that was kept, how every workload fared, what would have helped.

use std::rc::Rc;

use yew::prelude::*;

use super::intake::{self, Intake};
use super::proposal;
use crate::clock;
use crate::palette::Deed;
use crate::store::{Action, Advised, Compared, Mended, Notice, Selection, Store, Told};
use crate::wire::{Advice, Difference, Expected, Loss, SourceFile, Tried, WorkloadInfo};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) told: Rc<Told>,
    pub(crate) pinned: Option<Rc<Told>>,
    pub(crate) compared: Rc<Compared>,
    /// The map of the kept run stands beside that of this one.
    pub(crate) beside: bool,
    pub(crate) advice: Rc<Advised>,
    pub(crate) files: Rc<Vec<SourceFile>>,
    pub(crate) perform: Callback<Deed>,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

/// Rows drawn; the rest are counted.
const MOST_ROWS: usize = 300;

#[component(Report)]
pub(crate) fn report(props: &Props) -> Html {
    let story = &props.told.story;
    let tried = props.advice.generation == props.told.generation;
    // The best that can be done with a click is open.
    let first = props.advice.advice.iter().position(|of| of.tried == Tried::Helps && of.writable).filter(|_| tried);
    let proposals: &[Advice] = if tried { &props.advice.advice } else { &story.advice };
    let helped = html! {
        if !proposals.is_empty() {
            <h3>{ "What would have helped" }<small>{ if tried { "each was tried" } else { "trying each …" } }</small></h3>
            { for proposals.iter().enumerate().take(MOST_ROWS).map(|(nth, of)| advice(nth as u32, of, tried, first == Some(nth), props)) }
        }
    };
    html! {
           <>
               <p class={classes!("verdict", if story.harmed { "bad" } else { "good" })}>
                   <span aria-hidden="true">{ if story.harmed { "✕" } else { "✓" } }</span>{ &story.verdict }
               </p>
               if props.pinned.is_some() { { compared(props) } }
               { helped }
               if !story.expected.is_empty() { <h3>{ "Expected" }<small>{ kept(&story.expected) }</small></h3><ul class="expected">{ for story.expected.iter().take(MOST_ROWS).map(|of| expected(of, props)) }</ul> }
               <h3>{ "Workloads" }</h3>
               <div class="matrix" tabindex="0" role="region" aria-label="Workloads">
                   <table class="workloads">
                       <thead><tr>
                           <th scope="col">{ "Workload" }</th><th scope="col">{ "End" }</th><th scope="col">{ "Least" }</th>
                           <th scope="col">{ "Below budget" }</th><th scope="col">{ "None ready" }</th>
                       </tr></thead>
                       <tbody>{ for story.workloads.iter().take(MOST_ROWS).map(|of| row(of, &props.dispatch)) }</tbody>
                   </table>
               </div>
               if story.workloads.len() > MOST_ROWS { <p class="muted">{ format!("and {} more", story.workloads.len() - MOST_ROWS) }</p> }
               if !story.losses.is_empty() { <h3>{ "What was lost" }</h3>{ for story.losses.iter().take(MOST_ROWS).map(loss) } }
    if props.pinned.is_none() { <h3>{ "Compare" }</h3>{ compared(props) } }
               { list("Assumed", &story.assumptions) }
               { list("Kept, not simulated", &story.not_simulated) }
           </>
       }
}

/// What differs from the run that was kept.
fn compared(props: &Props) -> Html {
    let keep = |on: bool, label: &'static str| {
        let dispatch = props.dispatch.clone();
        html! { <button type="button" class="button small" onclick={move |_| dispatch.dispatch(Action::Pin(on))}>{ label }</button> }
    };
    if props.pinned.is_none() {
        return html! { <p class="keep">{ keep(true, "Keep to compare") }{ after(&props.dispatch) }<span class="muted">{ "Keep this run, then change manifests or steps; or open another set in its place. What differs is told here." }</span></p> };
    }
    let beside = {
        let (dispatch, beside) = (props.dispatch.clone(), props.beside);
        move |_: MouseEvent| dispatch.dispatch(Action::Beside(!beside))
    };
    let compared = &props.compared;
    let told = if compared.generation != props.told.generation {
        html! { <p class="muted">{ "Comparing …" }</p> }
    } else if compared.differences.is_empty() {
        html! { <p class="muted">{ "No workload fares differently." }</p> }
    } else {
        html! {
            <>
                <p>{ &compared.summary }</p>
                <ul>
                    { for compared.differences.iter().take(MOST_ROWS).map(|of| difference(of, &props.dispatch)) }
                </ul>
            </>
        }
    };
    html! {
        <section class="compared" aria-label="Compared with the kept run">
            <div class="compared-head"><h3>{ "Against the kept run" }</h3>{ keep(true, "Keep this instead") }
                <button type="button" class="button small" aria-pressed={props.beside.to_string()} onclick={beside}>{ "Side by side" }</button>
                { keep(false, "Stop") }</div>
            { told }
        </section>
    }
}

fn difference(of: &Difference, dispatch: &UseReducerDispatcher<Store>) -> Html {
    let sign = match of.way.as_str() {
        "worse" => "▼",
        "better" => "▲",
        _ => "◆",
    };
    html! {
        <li class={of.way.clone()}><span class="sign" aria-hidden="true">{ sign }</span>
            { workload_link(&of.label, dispatch) }<span class="unseen">{ format!(" {}: ", of.way) }</span><span>{ &of.text }</span></li>
    }
}

/// The name of a workload, which leads to where its availability went.
fn workload_link(label: &str, dispatch: &UseReducerDispatcher<Store>) -> Html {
    let (dispatch, own) = (dispatch.clone(), label.to_string());
    let onclick = move |_: MouseEvent| dispatch.dispatch(Action::Select(Some(Selection::Workload(own.clone()))));
    html! { <button type="button" class="plain" title="Where its availability went" {onclick}>{ label }</button> }
}

/// Another set of manifests in the place of this one, which is kept.
fn after(dispatch: &UseReducerDispatcher<Store>) -> Html {
    let dispatch = dispatch.clone();
    let unpack = {
        let dispatch = dispatch.clone();
        Callback::from(move |_| {
            let text = "An archive is not opened as “after”: choose its files.".to_string();
            dispatch.dispatch(Action::Say(Some(Notice { text, wrong: true })));
        })
    };
    let into = Intake { dispatch, unpack };
    let onchange = Callback::from(move |event: Event| intake::chosen(&event, into.clone(), Action::After));
    html! {
        <>
            { intake::opener("Open other files as “after”", false, "button small", onchange.clone(), html! { "Compare with files" }) }
            { intake::opener("Open another folder as “after”", true, "button small", onchange, html! { "with a folder" }) }
        </>
    }
}

fn kept(all: &[Expected]) -> String {
    let holds = all.iter().filter(|of| of.holds == Some(true)).count();
    format!("{holds} of {} hold", all.len())
}

fn expected(of: &Expected, props: &Props) -> Html {
    let (class, sign, word) = match of.holds {
        Some(true) => ("holds", "✓", "holds: "),
        Some(false) => ("fails", "✕", "does not hold: "),
        None => ("unjudged", "–", "not judged: "),
    };
    let go = of.at_ms.map(|at_ms| {
        let dispatch = props.dispatch.clone();
        html! { <button type="button" class="moment" onclick={move |_| dispatch.dispatch(Action::Seek(at_ms))}>{ clock::written(at_ms) }</button> }
    });
    html! {
        <li {class}>
            <span class="sign" aria-hidden="true">{ sign }</span>
            <div>
                <span class="unseen">{ word }</span><b>{ &of.title }</b>{ go }
                <code>{ &of.promise }</code>
                if !of.message.is_empty() { <p>{ &of.message }</p> }
                { for of.values.iter().take(8).map(|value| html! { <code>{ value }</code> }) }
            </div>
        </li>
    }
}

fn row(workload: &WorkloadInfo, dispatch: &UseReducerDispatcher<Store>) -> Html {
    let short = workload.last_ready < workload.desired;
    let budget = match (workload.budget, workload.below_budget_ms) {
        (None, _) => "–".to_string(),
        (Some(_), 0) => "never".to_string(),
        (Some(_), ms) => clock::length(ms),
    };
    let none = if workload.below_one_ms == 0 { "never".to_string() } else { clock::length(workload.below_one_ms) };
    html! {
        <tr>
            <th scope="row">{ workload_link(&workload.label, dispatch) }</th>
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

/// A proposal: what came of trying it, and how it would look in the files.
fn advice(nth: u32, of: &Advice, tried: bool, open: bool, props: &Props) -> Html {
    let mended = props.advice.mended.as_ref().filter(|mended| tried && mended.nth == nth);
    let (class, word) = match of.tried {
        Tried::NotRun => ("", ""),
        Tried::Helps => ("helps", "✓ helps"),
        Tried::HelpsSome => ("helps-some", "▲ helps some"),
        Tried::HelpsNot => ("helps-not", "✕ does not help"),
    };
    let perform = props.perform.clone();
    let show = (tried && of.writable && mended.is_none()).then(|| {
        html! { <button type="button" class="button small" onclick={move |_| perform.emit(Deed::Mend(nth))}>{ "Show the change" }</button> }
    });
    html! {
        <details class="advice" key={format!("{nth} {tried} {}", of.title)} {open}>
            <summary>{ &of.title }if !word.is_empty() { <span class={classes!("verified", class)}>{ word }</span> }</summary>
            <p>{ &of.why }</p>
            if !of.outcome.is_empty() { <p class="outcome">{ &of.outcome }</p> }
            if let Some(mended) = mended {
                { change(mended, props) }
            } else if !of.snippet.is_empty() {
                <pre tabindex="0">{ &of.snippet }</pre>
            }
            { show }
        </details>
    }
}

/// A change of files, for screens that do not show the editor, and the button that makes it.
fn change(mended: &Mended, props: &Props) -> Html {
    let steps = mended.steps.iter().map(
        |step| html! { <p class="decided">{ format!("A step at {}: ", clock::written(step.at_ms)) }<code>{ &step.target }</code></p> },
    );
    let dispatch = props.dispatch.clone();
    html! {
        <>
            { proposal::changes(&props.files, &mended.files, proposal::NARROW) }
            { for steps }
            if !mended.refused.is_empty() { <p class="muted">{ &mended.refused }</p> }
            if !(mended.files.is_empty() && mended.steps.is_empty()) {
                <button type="button" class="button small primary" onclick={move |_| dispatch.dispatch(Action::Mend)}>{ "Apply and run again" }</button>
            }
        </>
    }
}

fn list(title: &'static str, lines: &[String]) -> Html {
    if lines.is_empty() {
        return Html::default();
    }
    html! { <><h3>{ title }</h3><ul class="lines">{ for lines.iter().take(MOST_ROWS).map(|line| html! { <li>{ line }</li> }) }</ul></> }
}
