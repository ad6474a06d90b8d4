//! What lies over the page: the command palette and the list of keys. Both are the browser's own modal dialogs, which hold the focus and give it back.

use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement, HtmlInputElement};
use yew::prelude::*;

use super::dom;
use crate::palette::{self, Command, Deed};

#[derive(Properties, PartialEq)]
pub(crate) struct DialogProps {
    pub(crate) label: AttrValue,
    pub(crate) class: Classes,
    pub(crate) closed: Callback<()>,
    pub(crate) node: NodeRef,
    pub(crate) children: Html,
}

#[component(Dialog)]
pub(crate) fn dialog(props: &DialogProps) -> Html {
    use_effect_with((), {
        let node = props.node.clone();
        move |()| {
            if let Some(dialog) = node.cast::<HtmlDialogElement>() {
                let _ = dialog.show_modal();
            }
        }
    });
    let onclose = {
        let closed = props.closed.clone();
        Callback::from(move |_: Event| closed.emit(()))
    };
    // A click beside it is a click on the dialog itself.
    let onclick = {
        let node = props.node.clone();
        Callback::from(move |event: MouseEvent| {
            if event.target().and_then(|target| target.dyn_into::<HtmlDialogElement>().ok()).is_some() {
                shut(&node);
            }
        })
    };
    html! {
        <dialog ref={props.node.clone()} class={props.class.clone()} aria-label={props.label.clone()} {onclose} {onclick}>{ props.children.clone() }</dialog>
    }
}

/// Closes a dialog: the focus goes back to where it was.
pub(crate) fn shut(node: &NodeRef) {
    if let Some(dialog) = node.cast::<HtmlDialogElement>() {
        dialog.close();
    }
}

#[derive(Properties)]
pub(crate) struct PaletteProps {
    pub(crate) commands: Vec<Command>,
    pub(crate) perform: Callback<Deed>,
    pub(crate) closed: Callback<()>,
}

/// The commands are those of the moment at which the palette was opened.
impl PartialEq for PaletteProps {
    fn eq(&self, _: &PaletteProps) -> bool {
        true
    }
}

#[component(Palette)]
pub(crate) fn palette(props: &PaletteProps) -> Html {
    let node = use_node_ref();
    let list = use_node_ref();
    let letters = use_state_eq(String::new);
    let chosen = use_state_eq(|| 0usize);
    let found = palette::meant(&props.commands, &letters);
    let chosen_now = (*chosen).min(found.len().saturating_sub(1));
    use_effect_with(chosen_now, {
        let list = list.clone();
        move |&chosen| {
            let Some(list) = list.cast::<HtmlElement>() else { return };
            let Some(item) = list.children().item(chosen as u32).and_then(|item| item.dyn_into::<HtmlElement>().ok()) else { return };
            let (top, bottom) = (item.offset_top(), item.offset_top() + item.offset_height());
            if top < list.scroll_top() {
                list.set_scroll_top(top);
            } else if bottom > list.scroll_top() + list.client_height() {
                list.set_scroll_top(bottom - list.client_height());
            }
        }
    });
    let run = {
        let (node, perform, deeds) = (node.clone(), props.perform.clone(), props.commands.clone());
        move |nth: usize| {
            shut(&node);
            if let Some(command) = deeds.get(nth) {
                perform.emit(command.deed.clone());
            }
        }
    };
    let oninput = {
        let (letters, chosen) = (letters.clone(), chosen.clone());
        Callback::from(move |event: InputEvent| {
            letters.set(event.target_unchecked_into::<HtmlInputElement>().value());
            chosen.set(0);
        })
    };
    let onkeydown = {
        let (chosen, found, run, deeds, drawn) = (chosen.clone(), found.clone(), run.clone(), props.commands.clone(), letters.clone());
        Callback::from(move |event: KeyboardEvent| {
            let count = found.len().max(1);
            let typed = event.target_dyn_into::<HtmlInputElement>().map(|field| field.value());
            match event.key().as_str() {
                "ArrowDown" => chosen.set((chosen_now + 1) % count),
                "ArrowUp" => chosen.set((chosen_now + count - 1) % count),
                "Enter" => {
                    // What is typed may be further than what is drawn: then it is the first that is meant by it.
                    let meant = match typed.filter(|typed| *typed != *drawn) {
                        Some(typed) => palette::meant(&deeds, &typed).first().copied(),
                        None => found.get(chosen_now).copied(),
                    };
                    if let Some(nth) = meant {
                        run(nth);
                    }
                }
                _ => return,
            }
            event.prevent_default();
        })
    };
    let items = found.iter().enumerate().map(|(place, &nth)| {
        let (run, command) = (run.clone(), &props.commands[nth]);
        html! {
            <li key={nth} id={format!("command-{place}")} role="option" aria-selected={(place == chosen_now).to_string()} onclick={move |_| run(nth)}>
                <span>{ &command.label }</span>
                if !command.keys.is_empty() { <kbd>{ command.keys }</kbd> }
            </li>
        }
    });
    html! {
        <Dialog label="Commands" class={classes!("palette")} closed={props.closed.clone()} node={node.clone()}>
            <input type="text" role="combobox" aria-label="Command" aria-expanded="true" aria-controls="commands" aria-autocomplete="list"
                aria-activedescendant={(!found.is_empty()).then(|| format!("command-{chosen_now}"))}
                placeholder="Fail a zone, drain a node, find a pod …" autocomplete="off" spellcheck="false" {oninput} {onkeydown} />
            <ul ref={list} id="commands" role="listbox" aria-label="Commands">{ for items }</ul>
            if found.is_empty() { <p class="muted">{ "No command of that name." }</p> }
        </Dialog>
    }
}

/// The keys, as the help tells them.
const KEYS: [(&str, &str); 21] = [
    ("Arrows on the map", "From node to node; Enter selects, Shift Enter goes close"),
    ("+ − 0 on the map", "Zoom in, out, all; Shift with arrows moves"),
    ("Space", "Play or pause"),
    ("← →", "Event before, next event"),
    ("Shift ← →", "Step or node change before, next"),
    ("Home  End", "To the start, to the end"),
    ("W", "To the worst moment"),
    ("1 2 3 4 5", "Story, why, report, risks, assumed"),
    ("T", "Table or map"),
    ("R", "Relation graph or map"),
    ("← ↑ ↓ →  + − 0  F", "In the graph: go, zoom, fit, fold"),
    ("B", "Stop playing where a workload has no pod left"),
    ("C", "Keep this run, to compare with"),
    ("L", "Copy a link to this moment"),
    ("G", "Examples and lessons"),
    ("N", "On in a lesson"),
    ("Esc", "Select nothing"),
    ("Ctrl K", "All commands"),
    ("Ctrl Z", "Undo, outside of the text"),
    ("F6", "Next pane"),
    ("?", "This help"),
];

#[derive(Properties, PartialEq)]
pub(crate) struct HelpProps {
    pub(crate) closed: Callback<()>,
}

#[component(Help)]
pub(crate) fn help(props: &HelpProps) -> Html {
    let node = use_node_ref();
    let shut = {
        let node = node.clone();
        Callback::from(move |_: MouseEvent| shut(&node))
    };
    html! {
        <Dialog label="Keys and help" class={classes!("help")} closed={props.closed.clone()} node={node.clone()}>
            <div>
            <h2>{ "Keys" }</h2>
            <dl>{ for KEYS.iter().map(|(keys, words)| html! { <><dt><kbd>{ *keys }</kbd></dt><dd>{ *words }</dd></> }) }</dl>
            <p class="muted">
                { "Everything runs in this page, by the rules of Kubernetes v1.37: nothing that you write is sent anywhere. \
                   Paste manifests, break something with the buttons above the cluster, and move the time." }
            </p>
            <button type="button" class="button" onclick={shut}>{ "Close" }</button>
            </div>
        </Dialog>
    }
}

/// Moves the focus to the next pane, or the one before.
pub(crate) fn next_pane(back: bool) {
    let Ok(panes) = dom::document().query_selector_all(".top, .pane, .timeline") else { return };
    let panes: Vec<HtmlElement> = (0..panes.length())
        .filter_map(|nth| panes.item(nth)?.dyn_into().ok())
        .filter(|pane: &HtmlElement| pane.client_height() > 0)
        .collect();
    if panes.is_empty() {
        return;
    }
    let active = dom::document().active_element();
    let within = |pane: &HtmlElement| active.as_ref().is_some_and(|active| pane.contains(Some(active)));
    // The timeline is within the cluster's pane: the innermost counts.
    let now = panes.iter().rposition(within);
    let count = panes.len();
    let to = match (now, back) {
        (None, _) => 0,
        (Some(now), false) => (now + 1) % count,
        (Some(now), true) => (now + count - 1) % count,
    };
    let first = "textarea, [role=slider], button:not([disabled]):not([tabindex=\"-1\"])";
    if let Some(target) = panes[to].query_selector(first).ok().flatten().and_then(|target| target.dyn_into::<HtmlElement>().ok()) {
        let _ = target.focus();
    }
}
