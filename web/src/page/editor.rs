//! The editor: a text field over a coloured copy of its visible lines, with squiggles, line numbers and what they mean.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::dom;
use crate::source::{self, Lines, Piece};
use crate::wire::{Finding, SourceFile};

/// The height of a line in pixels, as in the style sheet.
const LINE: f64 = 20.0;
/// The margin around the text, as in the style sheet.
const MARGIN: f64 = 8.0;
/// Longer lines are not coloured past this byte.
const MOST_BYTES: usize = 2_000;

/// The most that one file of the editor holds: bytes.
pub(crate) const MOST_TEXT: usize = crate::intake::MOST_OF_ONE;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) files: Rc<Vec<SourceFile>>,
    pub(crate) active: usize,
    pub(crate) findings: Rc<Vec<Finding>>,
    /// Bytes to go to, and a number that changes with every wish.
    pub(crate) jump: Option<(u32, u32, u32)>,
    /// The same, but the focus stays where it is.
    pub(crate) reveal: Option<(u32, u32, u32)>,
    pub(crate) edit: Callback<String>,
    /// More was pasted than is taken.
    pub(crate) refuse: Callback<()>,
}

#[component(Editor)]
pub(crate) fn editor(props: &Props) -> Html {
    let field = use_node_ref();
    let paper = use_node_ref();
    let gutter = use_node_ref();
    let tip = use_node_ref();
    let ruler = use_node_ref();
    let scroll = use_state_eq(|| (0.0f64, 0.0f64));
    let pointed = use_state_eq(|| None::<usize>);
    let (_, height) = dom::use_size(field.clone());

    let text: Rc<str> = props.files.get(props.active).map_or("", |file| file.text.as_str()).into();
    let lines = use_memo(text.clone(), |text| Lines::of(text));
    let own: Vec<Finding> = props.findings.iter().filter(|finding| finding.file as usize == props.active).cloned().collect();

    let (left, top) = *scroll;
    let first = (((top - MARGIN) / LINE).floor().max(0.0) as usize).saturating_sub(4).min(lines.count().saturating_sub(1));
    let count = (height / LINE).ceil() as usize + 10;
    let last = (first + count).min(lines.count());

    // The copy is moved by its style, which the page's policy lets scripts set.
    use_effect_with((left as i64, top as i64, first), {
        let (paper, gutter) = (paper.clone(), gutter.clone());
        move |&(left, top, first)| {
            let down = first as f64 * LINE - top as f64;
            dom::style(&paper, "transform", &format!("translate({}px, {down}px)", -left));
            dom::style(&gutter, "transform", &format!("translate(0, {down}px)"));
        }
    });
    // A jump selects and shows what it leads to.
    use_effect_with((props.jump, props.active), {
        let (field, text) = (field.clone(), text.clone());
        let lines = lines.clone();
        move |&(jump, _)| {
            let (Some((start, end, _)), Some(field)) = (jump, field.cast::<HtmlTextAreaElement>()) else { return };
            let units = |byte: u32| source::utf16_of_byte(&text, byte as usize) as u32;
            let _ = field.focus();
            let _ = field.set_selection_range(units(start), units(end));
            let line = lines.line_of(start as usize) as f64;
            field.set_scroll_top((line * LINE - f64::from(field.client_height()) / 3.0).max(0.0) as i32);
        }
    });

    let revealed = props.reveal.map(|(start, _, _)| lines.line_of((start as usize).min(text.len())));
    use_effect_with((props.reveal, props.active), {
        let field = field.clone();
        move |_| {
            if let (Some(line), Some(field)) = (revealed, field.cast::<HtmlTextAreaElement>()) {
                field.set_scroll_top((line as f64 * LINE - f64::from(field.client_height()) / 3.0).max(0.0) as i32);
            }
        }
    });

    let oninput = {
        let (edit, refuse, text) = (props.edit.clone(), props.refuse.clone(), text.clone());
        Callback::from(move |event: InputEvent| {
            let field = event.target_unchecked_into::<HtmlTextAreaElement>();
            let new = field.value();
            if new.len() > MOST_TEXT {
                // What was there stays: a slip on the clipboard loses nothing.
                field.set_value(&text);
                refuse.emit(());
            } else {
                edit.emit(new);
            }
        })
    };
    // Megabytes are refused before the field has laid them out.
    let onpaste = {
        let refuse = props.refuse.clone();
        Callback::from(move |event: Event| {
            let pasted = event.dyn_ref::<web_sys::ClipboardEvent>().and_then(web_sys::ClipboardEvent::clipboard_data);
            if pasted.and_then(|data| data.get_data("text/plain").ok()).is_some_and(|text| text.len() > MOST_TEXT) {
                event.prevent_default();
                refuse.emit(());
            }
        })
    };
    let onscroll = {
        let scroll = scroll.clone();
        Callback::from(move |event: Event| {
            let field = event.target_unchecked_into::<HtmlTextAreaElement>();
            scroll.set((f64::from(field.scroll_left()), f64::from(field.scroll_top())));
        })
    };
    let onmousemove = {
        let (pointed, tip, ruler, own, text, lines) =
            (pointed.clone(), tip.clone(), ruler.clone(), own.clone(), text.clone(), lines.clone());
        Callback::from(move |event: MouseEvent| {
            let advance = ruler.cast::<web_sys::HtmlElement>().map_or(7.8, |ruler| ruler.get_bounding_client_rect().width() / 10.0);
            let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
            let line = ((y + top - MARGIN) / LINE).floor().max(0.0) as usize;
            let column = ((x + left - MARGIN) / advance).floor().max(0.0) as usize;
            let range = lines.range(line);
            let byte = range.start + source::byte_of_utf16(&text[range.clone()], column);
            let over = |finding: &Finding| {
                let end = finding.end.max(finding.start + 1) as usize;
                byte < range.end.max(range.start + 1) && (finding.start as usize..end).contains(&byte)
            };
            let found = own.iter().position(over);
            if found.is_some() {
                let down = MARGIN + (line as f64 + 1.0) * LINE - top + 4.0;
                dom::style(&tip, "transform", &format!("translate({}px, {down}px)", (x - 12.0).max(4.0)));
            }
            pointed.set(found);
        })
    };
    let onmouseleave = {
        let pointed = pointed.clone();
        Callback::from(move |_: MouseEvent| pointed.set(None))
    };

    let shown = (first..last).map(|line| {
        let range = lines.range(line);
        let cut = range.start..range.end.min(range.start + MOST_BYTES);
        let cut = cut.start..snap(&text, cut.end);
        let pieces = source::pieces(&text, cut.clone(), &own);
        html! { <div class={if revealed == Some(line) { "row revealed" } else { "row" }}>{ for pieces.iter().map(|piece| draw(&text, piece)) }{ &text[cut.end..range.end] }{ "\u{200b}" }</div> }
    });
    let worst = |line: usize| {
        let range = lines.range(line);
        let on = own.iter().filter(|finding| (range.start..=range.end).contains(&(finding.start as usize)));
        on.map(|finding| finding.severity).min()
    };
    let numbers = (first..last).map(|line| {
        let class = worst(line).map(|severity| format!("has-{}", severity.name()));
        html! { <div class={classes!("row", class)}>{ line + 1 }</div> }
    });
    let said = pointed.and_then(|nth| own.get(nth).cloned());
    html! {
        <div class="editor">
            <div class="gutter" aria-hidden="true"><div ref={gutter} class="moved">{ for numbers }</div></div>
            <div class="code">
                <div class="paper" aria-hidden="true"><div ref={paper} class="moved">{ for shown }</div></div>
                <textarea ref={field} aria-label="Manifest" spellcheck="false" autocomplete="off" autocapitalize="off" wrap="off"
                    value={text.to_string()} {oninput} {onpaste} {onscroll} {onmousemove} {onmouseleave}
                    placeholder="Paste Kubernetes manifests here, or drop files or a folder anywhere." />
                <span ref={ruler} class="ruler" aria-hidden="true">{ "0000000000" }</span>
                <div ref={tip} class={classes!("tip", said.is_none().then_some("hidden"))} role="tooltip">
                    if let Some(finding) = said {
                        <b class={format!("sev-{}", finding.severity.name())}>{ &finding.id }</b>{ " " }{ &finding.message }
                        if !finding.help.is_empty() { <em>{ &finding.help }</em> }
                    }
                </div>
            </div>
        </div>
    }
}

fn snap(text: &str, mut byte: usize) -> usize {
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}

fn draw(text: &str, piece: &Piece) -> Html {
    let own = &text[piece.range.clone()];
    let squiggle = piece.severity.map(|severity| format!("squiggle sev-{}", severity.name()));
    if squiggle.is_none() && piece.token.class().is_empty() {
        return html! { { own } };
    }
    html! { <span class={classes!(piece.token.class(), squiggle)}>{ own }</span> }
}
