//! The left pane: the files' tabs, the editor, and the findings.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::editor::{Editor, MOST_TEXT};
use super::icon::{Icon, Name};
use super::intake::{self, Intake};
use super::proposal::Proposal;
use crate::intake::is_web_page;
use crate::source::Lines;
use crate::store::{Action, Advised, Notice, Store};
use crate::wire::{Finding, Severity, SourceFile};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) files: Rc<Vec<SourceFile>>,
    pub(crate) active: usize,
    pub(crate) findings: Rc<Vec<Finding>>,
    pub(crate) shown: bool,
    /// A place that something else leads to.
    pub(crate) reveal: Option<(u32, u32, u32)>,
    pub(crate) intake: Intake,
    /// What is proposed, and the proposal that is looked at.
    pub(crate) advice: Rc<Advised>,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

/// So much of the tab before stays in sight: pixels.
const TAB_EDGE: i32 = 24;
/// Findings shown below the editor; the rest are counted.
const MOST_FINDINGS: usize = 100;

#[component(Files)]
pub(crate) fn files(props: &Props) -> Html {
    let jump = use_state_eq(|| None::<(u32, u32, u32)>);
    let list = use_node_ref();
    // The tab of the open file comes into sight, whatever opened it.
    use_effect_with(props.active, {
        let list = list.clone();
        move |&active| {
            let Some(list) = list.cast::<HtmlElement>() else { return };
            let tab = list.children().item(active as u32).and_then(|tab| tab.dyn_into::<HtmlElement>().ok());
            if let Some(tab) = tab {
                let (left, from) = (tab.offset_left() - list.offset_left(), list.scroll_left());
                if left < from || left + tab.offset_width() > from + list.client_width() {
                    list.set_scroll_left(left - TAB_EDGE);
                }
            }
        }
    });
    let edit = {
        let dispatch = props.dispatch.clone();
        use_callback((), move |text: String, ()| {
            if is_web_page(&text) {
                let text = "This is a web page, not a manifest: copy the raw file instead.".to_string();
                dispatch.dispatch(Action::Say(Some(Notice { text, wrong: true })));
            }
            dispatch.dispatch(Action::Edit(text));
        })
    };
    let refuse = {
        let dispatch = props.dispatch.clone();
        use_callback((), move |(), ()| {
            let text = format!(
                "That is more than the {} MiB that the editor takes in one file: the text is as it was. Drop it as several files.",
                MOST_TEXT >> 20
            );
            dispatch.dispatch(Action::Say(Some(Notice { text, wrong: true })));
        })
    };
    let add = {
        let dispatch = props.dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.dispatch(Action::NewFile))
    };
    let choose = {
        let into = props.intake.clone();
        Callback::from(move |event: Event| intake::chosen(&event, into.clone(), Action::AddFiles))
    };
    let tabs = props.files.iter().enumerate().map(|(nth, file)| {
        let own = props.findings.iter().filter(|finding| finding.file as usize == nth);
        let worst = own.clone().map(|finding| finding.severity).min().filter(|&severity| severity < Severity::Info);
        let count = own.filter(|finding| Some(finding.severity) == worst).count();
        let (show, close) = (props.dispatch.clone(), props.dispatch.clone());
        let active = nth == props.active;
        let short = file.name.rsplit('/').next().unwrap_or(&file.name).to_string();
        html! {
            <span key={file.name.clone()} class={classes!("file", active.then_some("active"))} title={file.name.clone()}>
                <button type="button" aria-pressed={active.to_string()} onclick={move |_| show.dispatch(Action::Show(nth))}>
                    { short }
                    if let Some(severity) = worst {
                        <span class={format!("badge sev-{}", severity.name())} aria-label={format!("{count} {}", severity.name())}>{ count }</span>
                    }
                </button>
                <button type="button" class="quiet" aria-label={format!("Close {}", file.name)} onclick={move |_| close.dispatch(Action::CloseFile(nth))}>
                    <Icon name={Name::Close} />
                </button>
            </span>
        }
    });
    let proposed = props.advice.mended.as_ref().is_some_and(|mended| !mended.files.is_empty());
    html! {
        <section class={classes!("pane", "files", props.shown.then_some("shown"))} aria-label="Manifests">
            <div class="tabs">
                <div ref={list} class="tabs-inner">{ for tabs }</div>
                <button type="button" class="quiet" title="New file" aria-label="New file" onclick={add}><Icon name={Name::Plus} /></button>
                { intake::opener("Open files", false, "quiet", choose.clone(), html! { <Icon name={Name::File} /> }) }
                { intake::opener("Open a folder", true, "quiet", choose, html! { <Icon name={Name::Open} /> }) }
            </div>
            if proposed {
                <Proposal files={props.files.clone()} advice={props.advice.clone()} dispatch={props.dispatch.clone()} />
            }
            <div class={classes!("writing", proposed.then_some("away"))}>
                <Editor files={props.files.clone()} active={props.active} findings={props.findings.clone()} jump={*jump} reveal={props.reveal} {edit} {refuse} />
            </div>
            { findings(props, &jump) }
        </section>
    }
}

fn findings(props: &Props, jump: &UseStateHandle<Option<(u32, u32, u32)>>) -> Html {
    if props.findings.is_empty() {
        return html! { <p class="calm-line"><span class="dot ok" aria-hidden="true"></span>{ "No findings" }</p> };
    }
    let rows = props.findings.iter().take(MOST_FINDINGS).enumerate().map(|(nth, finding)| {
        let file = props.files.get(finding.file as usize);
        let line = file.map_or(0, |file| Lines::of(&file.text).line_of(finding.start as usize)) + 1;
        let name = file.map_or("", |file| file.name.rsplit('/').next().unwrap_or(&file.name));
        let (dispatch, jump, go) = (props.dispatch.clone(), jump.clone(), finding.clone());
        let onclick = Callback::from(move |_: MouseEvent| {
            dispatch.dispatch(Action::Show(go.file as usize));
            jump.set(Some((go.start, go.end, jump.map_or(0, |(_, _, wish)| wish.wrapping_add(1)))));
        });
        let title = finding.help.clone();
        html! {
            <li key={nth}>
                <button type="button" {onclick} {title}>
                    <span class={format!("sign sev-{}", finding.severity.name())} aria-hidden="true">
                        { match finding.severity { Severity::Error => "✕", Severity::Warning => "▲", Severity::Info => "●" } }
                    </span>
                    <span class="where">{ format!("{name}:{line}") }</span>
                    <span class="what">{ &finding.message }</span>
                    <code>{ &finding.id }</code>
                </button>
            </li>
        }
    });
    let more = props.findings.len().saturating_sub(MOST_FINDINGS);
    html! {
        <div class="findings">
            <ul aria-label="Findings">{ for rows }</ul>
            if more > 0 { <p class="muted">{ format!("and {more} more") }</p> }
        </div>
    }
}
