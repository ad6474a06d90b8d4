//! The bar across the top: what is open, what can be broken, the link, the colours.

use std::rc::Rc;

use yew::prelude::*;

use super::icon::{Icon, Name};
use super::menu::{Choice, Menu};
use super::{dom, theme};
use crate::clock;
use crate::gallery;
use crate::offers;
use crate::palette::{Deed, KEEP};
use crate::scene::Scene;
use crate::store::{Action, Overlay, Selection, Store, Told};
use crate::wire::{Entry, NO_EVENT, Step, Verb};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) scheme: theme::Scheme,
    pub(crate) repaint: Callback<theme::Scheme>,
    pub(crate) undoes: Option<&'static str>,
    pub(crate) perform: Callback<Deed>,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

#[component(Top)]
pub(crate) fn top(props: &Props) -> Html {
    let gallery: Vec<Choice> = gallery::examples()
        .iter()
        .map(|card| Choice { key: card.name.into(), label: card.title.into(), hint: card.promise.into() })
        .chain([Choice { key: AttrValue::default(), label: "Empty page".into(), hint: "Paste your own manifests.".into() }])
        .collect();
    let open = {
        let dispatch = props.dispatch.clone();
        Callback::from(move |name: AttrValue| {
            dispatch.dispatch(if name.is_empty() {
                Action::Open(Scene::default(), "opening an empty page")
            } else {
                Action::Want(Entry { name: name.to_string(), ..Entry::default() })
            });
        })
    };
    let forms: Vec<Choice> = KEEP
        .iter()
        .enumerate()
        .map(|(nth, (label, hint, _))| Choice { key: nth.to_string().into(), label: (*label).into(), hint: (*hint).into() })
        .collect();
    let keep = {
        let perform = props.perform.clone();
        Callback::from(move |nth: AttrValue| {
            if let Some((_, _, deed)) = nth.parse().ok().and_then(|nth: usize| KEEP.into_iter().nth(nth)) {
                perform.emit(deed);
            }
        })
    };
    let undo = {
        let dispatch = props.dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.dispatch(Action::Undo))
    };
    let copy = {
        let perform = props.perform.clone();
        Callback::from(move |_: MouseEvent| perform.emit(Deed::CopyLink))
    };
    let over = |overlay: Overlay| {
        let dispatch = props.dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.dispatch(Action::Overlay(overlay)))
    };
    let repaint = {
        let (repaint, next) = (props.repaint.clone(), props.scheme.next());
        Callback::from(move |_: MouseEvent| repaint.emit(next))
    };
    let undo_title = props.undoes.map_or("Nothing to undo".to_string(), |said| format!("Undo {said}"));
    html! {
        <header class="top">
            <h1><Icon name={Name::Wave} />{ "Wavetank" }</h1>
            <Menu label="Examples" choices={Rc::new(gallery)} choose={open} class="gallery" />
            <button type="button" class="button" onclick={over(Overlay::Gallery)} title="Lessons and examples (G)">{ "Lessons" }</button>
            <button type="button" class="button find" onclick={over(Overlay::Palette)} title="All commands (Ctrl K)">
                <Icon name={Name::Find} /><span class="wide">{ "Find or do anything" }</span><kbd class="wide" aria-hidden="true">{ "Ctrl K" }</kbd>
            </button>
            <span class="grow"></span>
            <button type="button" class="button" disabled={props.undoes.is_none()} title={undo_title.clone()} aria-label={undo_title} onclick={undo}>
                <Icon name={Name::Undo} /><span class="wide">{ "Undo" }</span>
            </button>
            <Menu label="Export" icon={Name::Keep} choices={Rc::new(forms)} choose={keep} class="keeps" />
            <button type="button" class="button" onclick={copy} aria-label="Copy link" title="Copy a link that reopens this very moment"><Icon name={Name::Link} /><span class="wide">{ "Copy link" }</span></button>
            <button type="button" class="button" onclick={repaint} aria-label={props.scheme.next().label()} title={props.scheme.next().label()}>
                <Icon name={if props.scheme.dark() { Name::Sun } else { Name::Moon }} />
            </button>
            <button type="button" class="button wide" onclick={over(Overlay::Help)} aria-label="Keys and help" title="Keys and help (?)">{ "?" }</button>
        </header>
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct ActsProps {
    pub(crate) told: Option<Rc<Told>>,
    pub(crate) steps: Rc<Vec<Step>>,
    pub(crate) at_ms: i64,
    pub(crate) selection: Option<Selection>,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

/// The menus that break things, and the steps they added.
#[component(Acts)]
pub(crate) fn acts(props: &ActsProps) -> Html {
    let at_ms = use_mut_ref(|| 0);
    *at_ms.borrow_mut() = props.at_ms;
    // They offer the same wherever the cursor is: they are made anew for another run only.
    let menus = use_memo((props.told.clone(), props.steps.clone()), |(told, steps)| {
        let menu = |&verb: &Verb| {
            let choices = Rc::new(targets(verb, told.as_deref(), steps));
            let (dispatch, at_ms) = (props.dispatch.clone(), at_ms.clone());
            let choose = Callback::from(move |target: AttrValue| {
                let step = Step { at_ms: clock::whole_second(*at_ms.borrow()), verb, target: target.to_string() };
                dispatch.dispatch(Action::AddStep(step, !dom::calm()));
            });
            html! { <Menu key={verb.label()} label={verb.label()} {choices} {choose} /> }
        };
        // A restart is in the palette: a rollout of the same thing has its menu.
        Verb::ALL.iter().filter(|&&verb| verb != Verb::Restart && offers::possible(verb, "", steps)).map(menu).collect::<Html>()
    });
    let steps = props.steps.iter().enumerate().map(|(nth, step)| {
        let (seek, remove, at_ms) = (props.dispatch.clone(), props.dispatch.clone(), step.at_ms);
        let story = props.told.as_ref().map(|told| &told.story);
        let event = story.and_then(|story| story.step_events.get(nth)).copied().filter(|&event| event != NO_EVENT);
        let place = story.and_then(|story| story.step_places.get(nth)).copied().flatten();
        let words = offers::words(step);
        html! {
            <li key={nth} class={(step.at_ms <= props.at_ms).then_some("begun")}>
                <button type="button" title="Go to this step: see what it set off, and where it is written" onclick={move |_| {
                    seek.dispatch(Action::Seek(at_ms));
                    if let Some((file, start, end)) = place {
                        seek.dispatch(Action::Reveal(file as usize, start, end));
                    }
                    if let Some(event) = event {
                        seek.dispatch(Action::Select(Some(Selection::Event(event))));
                    }
                }}>
                    <time>{ clock::written(step.at_ms) }</time>{ " " }{ &words }
                </button>
                <button type="button" class="quiet" aria-label={format!("Remove {words}")} onclick={move |_| remove.dispatch(Action::RemoveStep(nth))}>
                    <Icon name={Name::Close} />
                </button>
            </li>
        }
    });
    html! {
        <div class="acts">
            <div class="act-menus" role="group" aria-label="Break something at the cursor">{ (*menus).clone() }</div>
            if props.steps.is_empty() {
                <p class="muted">{ "No step yet: what you break is added at the cursor, and to the Scenario among the manifests." }</p>
            } else {
                <ol class="steps" aria-label="Steps">{ for steps }</ol>
            }
            { chosen(props) }
        </div>
    }
}

fn targets(verb: Verb, told: Option<&Told>, steps: &[Step]) -> Vec<Choice> {
    let Some(told) = told else { return Vec::new() };
    let failed = |by: Verb| steps.iter().filter(|step| step.verb == by).map(|step| Choice::plain(&step.target)).collect();
    match verb {
        Verb::FailZone => told.story.zones.iter().filter(|zone| !zone.is_empty()).map(|zone| Choice::plain(zone)).collect(),
        Verb::RecoverZone => failed(Verb::FailZone),
        Verb::RecoverNode => failed(Verb::FailNode),
        Verb::FailNode | Verb::Drain | Verb::Pressure => {
            let zone = |number: u32| told.story.zones.get(number as usize).cloned().unwrap_or_default();
            let choice = |node: &crate::wire::NodeInfo| Choice { hint: zone(node.zone).into(), ..Choice::plain(&node.name) };
            told.story.nodes.iter().take(500).map(choice).collect()
        }
        Verb::Other => Vec::new(),
        Verb::Rollout | Verb::Restart | Verb::BrokenRollout => told
            .story
            .workloads
            .iter()
            .filter(|workload| workload.rolls_out)
            .take(500)
            .map(|workload| Choice::plain(&workload.label))
            .collect(),
    }
}

/// What can be done to what is selected, close at hand.
fn chosen(props: &ActsProps) -> Html {
    let found = props.selection.as_ref().zip(props.told.as_ref()).and_then(|(of, told)| offers::to_selected(of, told, &props.steps));
    let Some((name, offers)) = found else { return Html::default() };
    let buttons = offers.into_iter().map(|offer| {
        let (dispatch, step) = (props.dispatch.clone(), offer.step(clock::whole_second(props.at_ms)));
        let onclick = Callback::from(move |_: MouseEvent| dispatch.dispatch(Action::AddStep(step.clone(), !dom::calm())));
        html! { <button type="button" class="button small" {onclick}>{ offer.label }</button> }
    });
    html! { <div class="at-hand" role="group" aria-label={format!("Selected: {name}")}><b><bdi>{ &name }</bdi></b>{ for buttons }</div> }
}
