//! The panel of a lesson: what is told, what is asked, what is to be repaired. It stands above the panes, so that it is in sight whichever is.

use std::rc::Rc;

use wavetank_core::session::lesson::{Asked, Goal};
use yew::prelude::*;

use super::dom;
use super::icon::{Icon, Name};
use crate::gallery;
use crate::lesson::{Course, Move};
use crate::palette::Deed;
use crate::store::{Action, Store};
use crate::wire::{Entry, Taught};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) course: Rc<Course>,
    /// The next step comes later than the cursor stands.
    pub(crate) later: bool,
    pub(crate) playing: bool,
    pub(crate) seed: u64,
    pub(crate) stale: bool,
    pub(crate) perform: Callback<Deed>,
    pub(crate) dispatch: UseReducerDispatcher<Store>,
}

#[component(Lesson)]
pub(crate) fn lesson(props: &Props) -> Html {
    let course = &props.course;
    let title = gallery::lesson_card(&course.name).map_or("Lesson", |card| card.title);
    let act = |action: Action| {
        let dispatch = props.dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.dispatch(action.clone()))
    };
    let again = act(Action::Want(Entry { name: course.name.clone(), lesson: true, seed: props.seed, ..Entry::default() }));
    let perform = props.perform.clone();
    html! {
        <section class="lesson" aria-label={format!("Lesson: {title}")}>
            <header>
                <h2>{ title }</h2>
                <span class="muted">{ format!("Step {} of {}", course.beat + 1, course.count().max(1)) }</span>
                <span class="grow"></span>
                <button type="button" class="button small" onclick={move |_| perform.emit(Deed::CopyLesson)} title="A link that begins this lesson, with the same seed">{ "Link" }</button>
                <button type="button" class="button small" onclick={again}>{ "Start again" }</button>
                <button type="button" class="quiet" aria-label="Leave the lesson" title="Leave the lesson" onclick={act(Action::Learn(Move::Leave))}><Icon name={Name::Close} /></button>
            </header>
            <div class="beat">
                <div class="told" role="status">
                    { decided(course) }
                    { said(course) }
                    if course.done() { <p class="right">{ "✓ " }{ course.taught.as_ref().map(|taught| taught.done.clone()) }</p> }
                </div>
                <div class="moves">
                    { for course.now().and_then(|beat| beat.ask.as_ref()).map(|asked| question(asked, props)) }
                    if course.repairs() { { for course.taught.as_ref().map(|taught| goals(taught, props.stale)) } }
                    { onward(props) }
                </div>
            </div>
        </section>
    }
}

fn said(course: &Course) -> Html {
    match course.now() {
        Some(beat) if !beat.say.is_empty() => html! { <p>{ &beat.say }</p> },
        Some(_) => html! { <p class="muted">{ "In your version it does not come to this." }</p> },
        None => html! { <p class="muted">{ "The lesson begins …" }</p> },
    }
}

/// What became of the prediction that was made before.
fn decided(course: &Course) -> Html {
    let Some((asked, bet)) = course.decided() else { return Html::default() };
    let choice = |nth: u32| asked.choices.get(nth as usize).map_or("", String::as_str);
    match asked.right {
        Some(right) if right == bet => html! { <p class="right">{ "✓ As you predicted: " }{ choice(bet) }{ "." }</p> },
        Some(right) => {
            html! { <p class="wrong-bet">{ "✕ You predicted: " }{ choice(bet) }{ ". It came out otherwise: " }<b>{ choice(right) }</b>{ "." }</p> }
        }
        None => html! { <p class="muted">{ "In your version none of the answers came true." }</p> },
    }
}

fn question(asked: &Asked, props: &Props) -> Html {
    let bet = props.course.bet(props.course.beat);
    let choices = asked.choices.iter().enumerate().map(|(nth, choice)| {
        let (dispatch, nth) = (props.dispatch.clone(), nth as u32);
        html! {
            <button type="button" class="button" aria-pressed={(bet == Some(nth)).to_string()} disabled={bet.is_some_and(|bet| bet != nth)}
                onclick={move |_| dispatch.dispatch(Action::Learn(Move::Bet(nth)))}>{ choice }</button>
        }
    });
    html! {
        <div class="ask" role="group" aria-labelledby="lesson-question">
            <p id="lesson-question"><b>{ &asked.text }</b></p>
            { for choices }
        </div>
    }
}

fn goals(taught: &Taught, stale: bool) -> Html {
    let goals = taught.goals.iter().map(|(name, holds)| {
        let (class, sign, word) = if *holds { ("right", "✓", "holds: ") } else { ("wrong-bet", "✕", "does not hold yet: ") };
        html! { <li {class}><span aria-hidden="true">{ sign }{ " " }</span><span class="unseen">{ word }</span>{ name }</li> }
    });
    html! {
        <>
            <ul class={classes!("goals", stale.then_some("stale"))} aria-label="Goal">{ for goals }</ul>
            if taught.goal == Goal::Evaded { <p class="muted">{ "What the lesson does is no longer among the steps: without it this proves nothing." }</p> }
        </>
    }
}

/// The way on: the next step, or the next lesson.
fn onward(props: &Props) -> Html {
    let course = &props.course;
    let dispatch = props.dispatch.clone();
    if course.repairs() {
        let next = gallery::lesson_after(&course.name).filter(|_| course.met);
        let entry = |name: &str, repair: bool| Entry { name: name.to_string(), lesson: true, repair, ..Entry::default() };
        let (class, entry, label) = match next {
            Some(next) => ("button primary", entry(next.name, false), format!("Next lesson: {}", next.title)),
            None if course.done() => return Html::default(),
            None => ("button", entry(&course.name, true), "Show me a repair".to_string()),
        };
        return html! {
            <button type="button" {class} onclick={move |_| dispatch.dispatch(Action::Want(entry.clone()))}>{ label }</button>
        };
    }
    let label = match (props.playing, props.later) {
        (true, _) => "Time passes …",
        (false, true) => "See what happens",
        (false, false) => "Next",
    };
    html! {
        <button type="button" class="button primary" disabled={course.waits() || course.count() == 0}
            onclick={move |_| dispatch.dispatch(Action::Learn(Move::Next { moving: !dom::calm() }))}>{ label }</button>
    }
}
