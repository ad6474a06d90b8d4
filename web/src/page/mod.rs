//! The page: components over the store. Everything that touches the browser is here; nothing is decided here.

mod cluster;
mod dom;
mod editor;
mod embed;
mod engine;
mod files;
mod gallery;
mod hooks;
mod icon;
mod intake;
mod keeping;
mod lesson;
mod menu;
mod overlay;
mod pen;
mod reader;
mod report;
mod risks;
mod share;
mod side;
mod table;
mod theme;
mod timeline;
mod top;
mod why;

use std::rc::Rc;

use yew::prelude::*;

use cluster::Cluster;
use engine::{Engine, Heard};
use files::Files;
use gallery::Gallery;
use hooks::{use_keys, use_links, use_run, use_time};
use icon::{Icon, Name};
use lesson::Lesson;
use overlay::{Help, Palette};
use reader::Reader;
use side::Answers;
use table::Table;
use timeline::Timeline;
use top::{Acts, Top};

use crate::link;
use crate::palette::{self, Deed};
use crate::scene::Scene;
use crate::store::{Action, Mended, Notice, Overlay, Pane, Run, Store};
use crate::wire::{Answer, Ask};
use wavetank_core::trace::PodState;

/// Shows the app in the document's body.
pub(crate) fn start() {
    yew::Renderer::<App>::new().render();
}

impl Reducible for Store {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        match self.after(action) {
            Some(next) => Rc::new(next),
            None => self,
        }
    }
}

/// Where the first example opens: a zone was lost, and its pods are about to be replaced. Virtual milliseconds.
const MIDDLE_MS: i64 = 335_000;

/// How the page begins.
struct First {
    scene: Scene,
    notice: Option<Notice>,
    /// Nobody asked for anything yet: the page shows what it does.
    shows: bool,
}

/// The first scene: that of the link, that of the last visit, or an example in the middle of its story.
fn first() -> First {
    let example = |notice: Notice| First {
        scene: Scene { files: crate::gallery::first_files(), at_ms: MIDDLE_MS, ..Scene::default() },
        shows: !notice.wrong && !dom::calm(),
        notice: Some(notice),
    };
    match link::decode(&dom::window().location().hash().unwrap_or_default()) {
        Ok(Some(scene)) => First { scene, notice: None, shows: false },
        Ok(None) => match keeping::kept().filter(|_| !embed::on()) {
            Some(scene) => First { scene, notice: None, shows: false },
            None => example(Notice { text: WELCOME.to_string(), wrong: false }),
        },
        Err(broken) => match share::of_broken(broken) {
            (Some(scene), notice) => First { scene, notice: Some(notice), shows: false },
            (None, notice) => example(notice),
        },
    }
}

/// What somebody reads who was never here.
const WELCOME: &str =
    "An example: a small shop has lost zone-b, and Kubernetes replaces what it can. Paste your own manifests over it, or begin a lesson.";

#[component(App)]
fn app() -> Html {
    let store = use_reducer(|| {
        let First { scene, notice, shows } = first();
        let mut store = Store::opened(scene);
        (store.notice, store.shows) = (notice, shows);
        store.done = Rc::new(keeping::lessons_done());
        store
    });
    let dispatch = store.dispatcher();
    let engine = {
        let dispatch = dispatch.clone();
        use_memo((), move |()| Engine::new(move |heard| hear(heard, &dispatch)))
    };
    let scheme = use_state_eq(theme::Scheme::first);
    let painted = use_state_eq(|| 0u32);
    let rows = use_state_eq(|| false);

    let engine_of_mending = engine.clone();
    let perform = {
        let (dispatch, scheme, rows, store) = (dispatch.clone(), scheme.clone(), rows.clone(), store.clone());
        Callback::from(move |deed: Deed| match deed {
            Deed::Act(action) => dispatch.dispatch(action),
            Deed::CopyLink => share::copy_link(&store.scene(), dispatch.clone()),
            Deed::CopyLesson => share::copy_lesson(&store.lesson_scene(), dispatch.clone()),
            Deed::SaveScene => share::save_scene(&store.scene()),
            Deed::Colours => scheme.set(scheme.next()),
            Deed::Table => rows.set(!*rows),
            Deed::Mend(nth) => {
                if let Some(told) = &store.told {
                    engine_of_mending.idle(Ask::Mend { generation: told.generation, nth });
                }
            }
        })
    };
    use_run(&store, &engine);
    use_time(&store);
    use_keys(&store, perform.clone(), *rows);
    use_links(&store);
    keeping::use_keeping(&store);
    keeping::use_lessons_done(&store);
    embed::use_embedding(&store);
    {
        let painted = painted.clone();
        use_effect_with(*scheme, move |scheme| {
            scheme.apply();
            // The canvas takes its colours anew.
            painted.set(*painted + 1);
        });
    }
    let repaint = {
        let scheme = scheme.clone();
        use_callback((), move |to: theme::Scheme, ()| scheme.set(to))
    };
    let dropping = use_state_eq(|| false);
    let (ondragover, ondragleave, ondrop) = drop_handlers(&dropping, &dispatch);
    if embed::on() {
        return html! {
            <div class="page embedded">
                <main class="panes">{ cluster_pane(&store, *painted, &rows, &dispatch) }</main>
                { embed::bar(&store) }
            </div>
        };
    }
    html! {
        <div class={classes!("page", dropping.then_some("dropping"))} {ondragover} {ondragleave} {ondrop}>
            <a class="skip" href="#answer">{ "Skip to the answers" }</a>
            <Top scheme={*scheme} {repaint} undoes={store.undoes()} perform={perform.clone()} dispatch={dispatch.clone()} />
            { notice(&store, &perform, &dispatch) }
            { lesson_panel(&store, &perform, &dispatch) }
            <main class="panes">
                <Files files={store.files.clone()} active={store.active} findings={store.findings.clone()}
                    shown={store.pane == Pane::Files} dispatch={dispatch.clone()} />
                { cluster_pane(&store, *painted, &rows, &dispatch) }
                <Answers told={store.told.clone()} at_ms={store.at_ms} side={store.side} selection={store.selection.clone()}
                    why={store.why.clone()} risks={store.risks.clone()} steps={store.steps.clone()} pinned={store.pinned.clone()}
                    advice={store.advice.clone()} files={store.files.clone()} shown={store.pane == Pane::Answers} stale={store.stale()}
                    perform={perform.clone()} dispatch={dispatch.clone()} />
            </main>
            { bottom(&store, &dispatch) }
            { over(&store, &perform, &dispatch) }
        </div>
    }
}

fn hear(heard: Heard, dispatch: &UseReducerDispatcher<Store>) {
    dispatch.dispatch(match heard {
        Heard::Frame(frame) => Action::Frame(Rc::new(frame)),
        Heard::Notice(notice) => Action::Say(Some(notice)),
        Heard::Answer(Answer::Ran { generation, diagnostics, partial, steps, story, taught }) => {
            Action::Ran(generation, Run { findings: diagnostics, partial, steps, story, taught })
        }
        Heard::Answer(Answer::Why { generation, why }) => Action::Why(generation, why),
        Heard::Answer(Answer::WhatIf { generation, nth, total, left_out, risk }) => Action::Risk(generation, nth, total, left_out, risk),
        Heard::Answer(Answer::Advised { generation, advice }) => Action::Advised(generation, advice),
        Heard::Answer(Answer::Mended { generation, nth, files, steps, refused }) => {
            Action::Mended(generation, Mended { nth, files, steps, refused })
        }
        Heard::Answer(Answer::Opened { what, files }) => Action::Came(what, files),
        Heard::Answer(Answer::Refused { message }) => Action::Say(Some(Notice { text: message, wrong: true })),
        Heard::Answer(Answer::Ready | Answer::Digest { .. }) => return,
    });
}

/// The palette or the help, where one is open.
fn over(store: &UseReducerHandle<Store>, perform: &Callback<Deed>, dispatch: &UseReducerDispatcher<Store>) -> Html {
    let close = dispatch.clone();
    let closed = Callback::from(move |()| close.dispatch(Action::Overlay(Overlay::None)));
    match store.overlay {
        Overlay::None => Html::default(),
        Overlay::Palette => html! { <Palette commands={palette::commands(store)} perform={perform.clone()} {closed} /> },
        Overlay::Help => html! { <Help {closed} /> },
        Overlay::Gallery => html! { <Gallery done={store.done.clone()} dispatch={dispatch.clone()} {closed} /> },
    }
}

type Drag = Callback<DragEvent>;

fn drop_handlers(dropping: &UseStateHandle<bool>, dispatch: &UseReducerDispatcher<Store>) -> (Drag, Drag, Drag) {
    let (over, leave, done, dispatch) = (dropping.clone(), dropping.clone(), dropping.clone(), dispatch.clone());
    (
        Callback::from(move |event: DragEvent| {
            event.prevent_default();
            over.set(true);
        }),
        Callback::from(move |_| leave.set(false)),
        Callback::from(move |event: DragEvent| {
            event.prevent_default();
            done.set(false);
            intake::dropped(&event, dispatch.clone());
        }),
    )
}

/// The lesson, where one is open.
fn lesson_panel(store: &UseReducerHandle<Store>, perform: &Callback<Deed>, dispatch: &UseReducerDispatcher<Store>) -> Html {
    let Some(course) = &store.course else { return Html::default() };
    let later = course.coming().and_then(|beat| beat.at_ms).is_some_and(|at_ms| at_ms > store.at_ms);
    html! {
        <Lesson course={course.clone()} {later} playing={store.playing} seed={store.seed} stale={store.stale()}
            perform={perform.clone()} dispatch={dispatch.clone()} />
    }
}

fn notice(store: &Store, perform: &Callback<Deed>, dispatch: &UseReducerDispatcher<Store>) -> Html {
    let (dispatch, perform) = (dispatch.clone(), perform.clone());
    let notice = store.notice.as_ref().map(|notice| {
        html! {
            <p class={classes!("notice", notice.wrong.then_some("wrong"))}>
                <span>{ &notice.text }</span>
                if store.offers { <button type="button" class="button small" onclick={move |_| perform.emit(Deed::SaveScene)}>{ "Save as a file" }</button> }
                <button type="button" class="quiet" aria-label="Dismiss" onclick={move |_| dispatch.dispatch(Action::Say(None))}><Icon name={Name::Close} /></button>
            </p>
        }
    });
    html! { <div class="notices" role="status">{ for notice }</div> }
}

fn cluster_pane(store: &Store, painted: u32, rows: &UseStateHandle<bool>, dispatch: &UseReducerDispatcher<Store>) -> Html {
    let view = match (&store.told, &store.frame) {
        (Some(told), Some(frame)) if **rows => html! {
            <Table told={told.clone()} frame={frame.clone()} selection={store.selection.clone()} dispatch={dispatch.clone()} />
        },
        (Some(told), Some(frame)) => html! {
            <>
            <Reader told={told.clone()} frame={frame.clone()} moving={store.playing} />
            <Cluster told={told.clone()} frame={frame.clone()} selection={store.selection.clone()} pod={store.selected_pod()}
                scheme={painted} dispatch={dispatch.clone()} />
            </>
        },
        _ => html! { <div class="canvas-holder"><p class="muted waiting">{ waiting(store) }</p></div> },
    };
    let toggle = {
        let rows = rows.clone();
        Callback::from(move |_: MouseEvent| rows.set(!*rows))
    };
    html! {
        <section class={classes!("pane", "cluster", (store.pane == Pane::Cluster).then_some("shown"))} aria-label="Cluster">
            <Acts told={store.told.clone()} steps={store.steps.clone()} at_ms={store.at_ms} selection={store.selection.clone()} dispatch={dispatch.clone()} />
            <div class={classes!("stage", store.stale().then_some("stale"))} aria-busy={(!store.answered).to_string()}>
                { view }
                if store.stale() && store.answered { <p class="stale-note">{ "The last good result: the manifests as they are cannot be run." }</p> }
            </div>
            <div class="legend-row">
                <ul class="legend" aria-label="Pod states">
                    { for PodState::SHOWN.iter().map(|look| html! { <li><i class={format!("swatch look-{}", *look as u8)} aria-hidden="true"></i>{ look.label() }</li> }) }
                </ul>
                <button type="button" class="button small" aria-pressed={rows.to_string()} onclick={toggle}>
                    <Icon name={if **rows { Name::Map } else { Name::Table }} />{ if **rows { "Map" } else { "Table" } }
                </button>
            </div>
            if let Some(told) = &store.told {
                <Timeline told={told.clone()} pinned={store.pinned.clone()} at_ms={store.at_ms} playing={store.playing} speed={store.speed}
                    halts={store.halts} dispatch={dispatch.clone()} />
            }
        </section>
    }
}

fn waiting(store: &Store) -> &'static str {
    match (store.answered, store.files.iter().all(|file| file.text.trim().is_empty())) {
        (false, _) => "Settling the cluster …",
        (true, true) => "Paste manifests, drop a folder, or open an example.",
        (true, false) => "Nothing here can be run yet: the findings say why.",
    }
}

/// The tabs of a narrow screen.
fn bottom(store: &Store, dispatch: &UseReducerDispatcher<Store>) -> Html {
    let tabs = [(Pane::Files, "Manifests"), (Pane::Cluster, "Cluster"), (Pane::Answers, "Answers")].into_iter().map(|(pane, label)| {
        let dispatch = dispatch.clone();
        html! {
            <button type="button" aria-pressed={(pane == store.pane).to_string()} onclick={move |_| dispatch.dispatch(Action::Go(pane))}>{ label }</button>
        }
    });
    html! { <nav class="bottom" aria-label="Panes">{ for tabs }</nav> }
}
