//! The page: components over the store. Everything that touches the browser is here; nothing is decided here.

mod account;
mod assumed;
mod cluster;
mod dom;
mod editor;
mod embed;
mod engine;
mod export;
mod files;
mod gallery;
mod graph;
mod hooks;
mod icon;
mod intake;
mod keeping;
mod legend;
mod lesson;
mod maps;
mod menu;
mod overlay;
mod pen;
mod proposal;
mod reader;
mod report;
mod risks;
mod share;
mod side;
mod stage;
mod table;
mod theme;
mod timeline;
mod top;
mod why;

use std::cell::RefCell;
use std::rc::Rc;

use yew::prelude::*;

use engine::{Engine, Heard};
use files::Files;
use gallery::Gallery;
use graph::Relations;
use hooks::{use_keys, use_links, use_run, use_time};
use icon::{Icon, Name};
use intake::Intake;
use legend::Legend;
use lesson::Lesson;
use maps::Painters;
use overlay::{Help, Palette};
use side::Answers;
use table::Table;
use timeline::Timeline;
use top::{Acts, Top};

use crate::link;
use crate::palette::{self, Deed};
use crate::scene::Scene;
use crate::store::{Action, Compared, Mended, Notice, Overlay, Pane, Run, Side, Store, Told};
use crate::wire::{Answer, Ask, Form, GraphWish, KEPT};

/// Shows the app in the document's body.
pub(crate) fn start() {
    yew::Renderer::<App>::new().render();
}

/// How the cluster is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum View {
    /// As a map.
    #[default]
    Map,
    /// As rows.
    Table,
    /// Not where things are, but how they hang together.
    Graph,
}

impl View {
    /// That view, or the map again where it is shown already.
    fn turned(self, to: View) -> View {
        if self == to { View::Map } else { to }
    }
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

/// Where the first example opens: the lost pods are being replaced. Virtual milliseconds.
const MIDDLE_MS: i64 = 356_000;
/// Where it opens if it may move: the lost pods are about to be replaced. Virtual milliseconds.
const BEFORE_MS: i64 = 349_000;

/// How the page begins.
struct First {
    scene: Scene,
    notice: Option<Notice>,
    /// Nobody asked for anything yet: the page shows what it does.
    shows: bool,
}

/// The first scene: that of the link, that of the last visit, or an example in the middle of its story.
fn first() -> First {
    let example = |notice: Notice| {
        let shows = !notice.wrong && !dom::calm();
        let at_ms = if shows { BEFORE_MS } else { MIDDLE_MS };
        First { scene: Scene { files: crate::gallery::first_files(), at_ms, ..Scene::default() }, shows, notice: Some(notice) }
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
const WELCOME: &str = "An example: a small shop has lost zone-b, and Kubernetes replaces what it can. Paste your own manifests over it.";

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
    let view = use_state_eq(View::default);
    let wish = use_mut_ref(GraphWish::default);
    let painters = use_memo((), |()| Painters::default());

    let asked = engine.clone();
    // The same callback for good: what is given it is not drawn again whenever time goes on.
    let latest = use_mut_ref(|| None);
    *latest.borrow_mut() = Some((store.clone(), scheme.clone(), view.clone()));
    let perform = {
        let (dispatch, wish, painters) = (dispatch.clone(), wish.clone(), painters.clone());
        use_callback((), move |deed: Deed, ()| {
            let Some((store, scheme, view)) = latest.borrow().clone() else { return };
            match deed {
                Deed::Act(action) => dispatch.dispatch(action),
                Deed::CopyLink => share::copy_link(&store.scene(), dispatch.clone()),
                Deed::CopyLesson => share::copy_lesson(&store.lesson_scene(), dispatch.clone()),
                Deed::SaveScene => share::save_scene(&store.scene()),
                Deed::Colours => scheme.set(scheme.next()),
                Deed::Table => view.set(view.turned(View::Table)),
                Deed::Graph => view.set(view.turned(View::Graph)),
                Deed::Print => export::print(&dispatch),
                Deed::Png if *view == View::Table => {
                    dispatch.dispatch(Action::Say(Some(Notice {
                        text: "A table is no picture: show the map or the graph first.".to_string(),
                        wrong: true,
                    })));
                }
                Deed::MapSvg if *view != View::Map => {
                    dispatch.dispatch(Action::Say(Some(Notice {
                        text: "Show the map first: it is kept as it is shown.".to_string(),
                        wrong: true,
                    })));
                }
                Deed::MapSvg => {
                    if let Some(text) = painters.present.svg() {
                        export::keep("wavetank-map.svg", "image/svg+xml", &text, &dispatch);
                    }
                }
                Deed::Png if *view != View::Graph => export::canvas(),
                Deed::Png | Deed::Export(_) => {
                    let form = if let Deed::Export(form) = deed { form } else { Form::RelationsPng };
                    if let Some(told) = &store.told {
                        asked.aside(Ask::Export { generation: told.generation, form, wish: wish.borrow().clone() });
                    }
                }
                Deed::Mend(nth) => {
                    if let Some(told) = &store.told {
                        asked.idle(Ask::Mend { generation: told.generation, nth });
                    }
                }
            }
        })
    };
    use_run(&store, &engine);
    use_time(&store);
    use_keys(&store, perform.clone(), *view);
    export::use_printing(&dispatch);
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
    let intake = {
        let engine = engine.clone();
        Intake { dispatch: dispatch.clone(), unpack: use_callback((), move |archive, ()| engine.unpack(archive)) }
    };
    let (ondragover, ondragleave, ondrop) = drop_handlers(&dropping, &intake);
    if embed::on() {
        return html! {
            <div class="page embedded">
                <main class="panes">{ cluster_pane(&store, *painted, &view, (&engine, &wish, &painters), &dispatch) }</main>
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
                    shown={store.pane == Pane::Files} reveal={store.reveal} intake={intake.clone()} advice={store.advice.clone()} dispatch={dispatch.clone()} />
                { cluster_pane(&store, *painted, &view, (&engine, &wish, &painters), &dispatch) }
                <Answers told={store.told.clone()} at_ms={store.at_ms} side={store.side} selection={store.selection.clone()}
                    why={store.why.clone()} risks={store.risks.clone()} steps={store.steps.clone()} pinned={store.pinned.clone()}
                    advice={store.advice.clone()} files={store.files.clone()} compared={store.compared.clone()} beside={store.beside} account={store.account.clone()}
                    assumed={store.assumed.clone()} engine={engine.clone()} shown={store.pane == Pane::Answers} stale={store.stale()}
                    perform={perform.clone()} dispatch={dispatch.clone()} />
            </main>
            { bottom(&store, &dispatch) }
            { over(&store, &perform, &dispatch) }
        </div>
    }
}

fn hear(heard: Heard, dispatch: &UseReducerDispatcher<Store>) {
    dispatch.dispatch(match heard {
        Heard::Frame(frame) => Action::Frame(frame),
        Heard::Notice(notice) => Action::Say(Some(notice)),
        Heard::Answer(Answer::Ran { generation, diagnostics, partial, steps, story, taught, written, unwritten }) => {
            Action::Ran(generation, Run { findings: diagnostics, partial, steps, story, taught, written, unwritten })
        }
        Heard::Answer(Answer::Why { generation, why }) => Action::Why(generation, why),
        Heard::Answer(Answer::WhatIf { generation, nth, total, left_out, risk }) => Action::Risk(generation, nth, total, left_out, risk),
        Heard::Answer(Answer::Advised { generation, advice }) => Action::Advised(generation, advice),
        Heard::Answer(Answer::Mended { generation, nth, files, steps, refused }) => {
            Action::Mended(generation, Mended { nth, files, steps, refused })
        }
        Heard::Answer(Answer::Opened { what, files }) => Action::Came(what, files),
        Heard::Answer(Answer::Drawn { generation, picture }) => Action::Drawn(generation, Rc::new(*picture)),
        Heard::Answer(Answer::Account { generation, account }) => Action::Accounted(generation, Rc::new(*account)),
        Heard::Answer(Answer::Compared { generation, summary, differences, story }) => {
            let kept = Some(Rc::new(Told::new(generation | KEPT, *story)));
            Action::Compared(Compared { generation, summary, differences, kept })
        }
        Heard::Answer(Answer::Exported { name, media, text }) => return export::keep(&name, &media, &text, dispatch),
        Heard::Answer(Answer::Assumed { generation, values }) => Action::Assumed(generation, Rc::new(values)),
        Heard::Answer(Answer::Said { generation, files, refused }) if refused.is_empty() => Action::Said(generation, files),
        Heard::Answer(Answer::Said { refused, .. }) => Action::Say(Some(Notice { text: format!("Not written: {refused}."), wrong: true })),
        Heard::Answer(Answer::Refused { message }) => Action::Say(Some(Notice { text: message, wrong: true })),
        Heard::Answer(Answer::Unpacked { files, said }) => {
            let wrong = files.is_empty();
            if !wrong {
                dispatch.dispatch(Action::AddFiles(files));
            }
            Action::Say((!said.is_empty()).then_some(Notice { text: said, wrong }))
        }
        Heard::Answer(Answer::Progress { generation, phase, part }) => Action::Progress(generation, phase, part),
        Heard::Answer(Answer::Ready | Answer::Digest { .. }) => return,
    });
}

/// The palette or the help, where one is open.
fn over(store: &UseReducerHandle<Store>, perform: &Callback<Deed>, dispatch: &UseReducerDispatcher<Store>) -> Html {
    let close = dispatch.clone();
    let closed = Callback::from(move |()| close.dispatch(Action::Overlay(Overlay::None)));
    match store.overlay {
        Overlay::None => Html::default(),
        Overlay::Palette => html! { <Palette key={store.laid} commands={palette::commands(store)} perform={perform.clone()} {closed} /> },
        Overlay::Help => html! { <Help key={store.laid} {closed} /> },
        Overlay::Gallery => html! { <Gallery key={store.laid} done={store.done.clone()} dispatch={dispatch.clone()} {closed} /> },
    }
}

type Drag = Callback<DragEvent>;

fn drop_handlers(dropping: &UseStateHandle<bool>, intake: &Intake) -> (Drag, Drag, Drag) {
    let (over, leave, done, intake) = (dropping.clone(), dropping.clone(), dropping.clone(), intake.clone());
    (
        Callback::from(move |event: DragEvent| {
            event.prevent_default();
            over.set(true);
        }),
        Callback::from(move |_| leave.set(false)),
        Callback::from(move |event: DragEvent| {
            event.prevent_default();
            done.set(false);
            intake::dropped(&event, intake.clone());
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
    let act = |action: Action| {
        let dispatch = dispatch.clone();
        move |_: MouseEvent| dispatch.dispatch(action.clone())
    };
    let (risks, lessons) = (act(Action::Turn(Side::Risks)), act(Action::Overlay(Overlay::Gallery)));
    let (dispatch, perform) = (dispatch.clone(), perform.clone());
    let notice = store.notice.as_ref().map(|notice| {
        html! {
            <p class={classes!("notice", notice.wrong.then_some("wrong"))}>
                <span>{ &notice.text }</span>
                if notice.text == WELCOME {
                    <button type="button" class="button small" onclick={risks}>{ "What else would hurt?" }</button>
                    <button type="button" class="button small" onclick={lessons}>{ "Begin a lesson" }</button>
                }
                if store.offers { <button type="button" class="button small" onclick={move |_| perform.emit(Deed::SaveScene)}>{ "Save as a file" }</button> }
                <button type="button" class="quiet" aria-label="Dismiss" onclick={move |_| dispatch.dispatch(Action::Say(None))}><Icon name={Name::Close} /></button>
            </p>
        }
    });
    html! { <div class="notices" role="status">{ for notice }</div> }
}

type Drawing<'a> = (&'a Rc<Engine>, &'a Rc<RefCell<GraphWish>>, &'a Painters);

fn cluster_pane(
    store: &Store,
    painted: u32,
    view: &UseStateHandle<View>,
    (engine, wish, painter): Drawing<'_>,
    dispatch: &UseReducerDispatcher<Store>,
) -> Html {
    let seen = **view;
    let stage = match (&store.told, &store.frame) {
        (Some(told), Some(_)) if seen == View::Graph => html! {
            <Relations generation={told.generation} stale={store.stale()} picture={store.picture.clone()} selection={store.selection.clone()}
                engine={engine.clone()} wish={wish.clone()} dispatch={dispatch.clone()} />
        },
        (Some(told), Some(frame)) if seen == View::Table => html! {
            <Table told={told.clone()} frame={frame.clone()} selection={store.selection.clone()} dispatch={dispatch.clone()} />
        },
        (Some(told), Some(frame)) => maps::maps(store, (told, frame), painter, painted, dispatch),
        _ => {
            let dispatch = dispatch.clone();
            let begin = move |_: MouseEvent| dispatch.dispatch(Action::Overlay(Overlay::Gallery));
            html! {
                <div class="canvas-holder"><div class="muted waiting">
                    <p>{ waiting(store) }</p>
                    if store.answered { <button type="button" class="button" onclick={begin}>{ "Examples and lessons" }</button> }
                </div></div>
            }
        }
    };
    let views = [(View::Map, Name::Map, "Map"), (View::Table, Name::Table, "Table"), (View::Graph, Name::Graph, "Graph")].map(
        |(each, icon, label)| {
            let view = view.clone();
            html! {
                <button type="button" class="button small" aria-pressed={(seen == each).to_string()} onclick={move |_| view.set(each)}>
                    <Icon name={icon} />{ label }
                </button>
            }
        },
    );
    html! {
        <section class={classes!("pane", "cluster", (store.pane == Pane::Cluster).then_some("shown"))} aria-label="Cluster">
            <Acts told={store.told.clone()} steps={store.steps.clone()} at_ms={store.at_ms} selection={store.selection.clone()} dispatch={dispatch.clone()} />
            <div class={classes!("stage", store.stale().then_some("stale"))} aria-busy={(!store.answered).to_string()}>
                { stage }
                <Underway answered={store.answered} generation={store.generation} progress={store.progress.clone()} engine={engine.clone()} />
                if store.stale() && store.answered { <p class="stale-note">{ "The last good result: the manifests as they are cannot be run." }</p> }
            </div>
            <div class="legend-row">
                if seen == View::Graph {
                    { graph::legend() }
                } else {
                    <Legend told={store.told.clone()} tint={store.tint} dispatch={dispatch.clone()} />
                }
                <div class="views" role="group" aria-label="View">{ for views }</div>
            </div>
            if let Some(told) = &store.told {
                <Timeline told={told.clone()} pinned={store.pinned.clone()} at_ms={store.at_ms} playing={store.playing} speed={store.speed}
                    halt={store.halt} dispatch={dispatch.clone()} />
            }
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct UnderwayProps {
    answered: bool,
    generation: u32,
    progress: Option<(String, Option<u32>)>,
    engine: Rc<Engine>,
}

/// How long a run has to take before the page says how far it is: milliseconds.
const LONG_MS: i32 = 700;

/// How far a long run is, and the button that ends it.
#[component(Underway)]
fn underway(props: &UnderwayProps) -> Html {
    let long = use_state_eq(|| false);
    {
        let long = long.clone();
        use_effect_with((props.answered, props.generation), move |&(answered, _)| {
            long.set(false);
            let timer = (!answered).then(|| dom::after(LONG_MS, move || long.set(true)));
            move || drop(timer)
        });
    }
    if !*long || props.answered {
        return Html::default();
    }
    let (phase, part) = props.progress.clone().unwrap_or_else(|| ("Starting".to_string(), None));
    let engine = props.engine.clone();
    html! {
        <div class="underway" role="status">
            <span>{ phase }{ " …" }</span>
            <progress max="1000" value={part.map(|part| part.to_string())} aria-label="Progress"></progress>
            if let Some(part) = part { <b>{ part.min(1_000) / 10 }{ "%" }</b> }
            <button type="button" class="button small" onclick={move |_| engine.cancel()}>{ "Stop" }</button>
        </div>
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
