//! Keeping what is shown: texts as files, pictures as PNG, the report on paper.

use js_sys::Array;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, CanvasRenderingContext2d, HtmlAnchorElement, HtmlCanvasElement, HtmlImageElement, Url};
use yew::prelude::*;

use super::dom;
use crate::store::{Action, Notice, Side, Store};

/// The most pixels of a picture's longer side.
const MOST_PIXELS: f64 = 8_000.0;

/// Hands a text to the browser as a file; where it is to be a PNG the text is its SVG.
pub(crate) fn keep(name: &str, media: &str, text: &str, dispatch: &UseReducerDispatcher<Store>) {
    if media == "image/png" {
        return raster(name, text, dispatch);
    }
    if let Some(blob) = blob(media, text) {
        download(name, &blob);
    }
    dispatch
        .dispatch(Action::Say(Some(Notice { text: format!("{name} is made: your browser keeps it with its downloads."), wrong: false })));
}

fn blob(media: &str, text: &str) -> Option<Blob> {
    let options = BlobPropertyBag::new();
    options.set_type(&format!("{media};charset=utf-8"));
    Blob::new_with_str_sequence_and_options(&Array::of1(&JsValue::from_str(text)), &options).ok()
}

fn download(name: &str, blob: &Blob) {
    let Ok(address) = Url::create_object_url_with_blob(blob) else { return };
    if let Some(link) = dom::document().create_element("a").ok().and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok()) {
        link.set_href(&address);
        link.set_download(name);
        link.click();
    }
    // The browser has taken it by then.
    let later = Closure::once_into_js(move || drop(Url::revoke_object_url(&address)));
    let _ = dom::window().set_timeout_with_callback_and_timeout_and_arguments_0(later.unchecked_ref(), 30_000);
}

/// An empty canvas of that size on the ground of the page's canvas.
fn paper(width: f64, height: f64) -> Option<(HtmlCanvasElement, CanvasRenderingContext2d)> {
    let canvas: HtmlCanvasElement = dom::document().create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.set_width(width as u32);
    canvas.set_height(height as u32);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    let root = dom::document().document_element()?;
    let style = dom::window().get_computed_style(&root).ok()??;
    context.set_fill_style_str(style.get_property_value("--canvas-ground").unwrap_or_default().trim());
    context.fill_rect(0.0, 0.0, width, height);
    Some((canvas, context))
}

fn download_canvas(name: String, canvas: &HtmlCanvasElement) {
    let done = Closure::once_into_js(move |blob: JsValue| {
        if let Ok(blob) = blob.dyn_into::<Blob>() {
            download(&name, &blob);
        }
    });
    let _ = canvas.to_blob(done.unchecked_ref());
}

/// The map as it is.
pub(crate) fn canvas() {
    let shown = dom::document()
        .query_selector(".map:not(.before) canvas")
        .ok()
        .flatten()
        .and_then(|found| found.dyn_into::<HtmlCanvasElement>().ok());
    let Some(shown) = shown else { return };
    if let Some((canvas, context)) = paper(f64::from(shown.width()), f64::from(shown.height())) {
        let _ = context.draw_image_with_html_canvas_element(&shown, 0.0, 0.0);
        download_canvas("wavetank-map.png".to_string(), &canvas);
    }
}

/// An SVG as PNG, twice as large where that is not too large.
fn raster(name: &str, svg: &str, dispatch: &UseReducerDispatcher<Store>) {
    let address = blob("image/svg+xml", svg).and_then(|blob| Url::create_object_url_with_blob(&blob).ok());
    let (Some(address), Ok(image)) = (address, HtmlImageElement::new()) else { return };
    let (name, dispatch) = (name.to_string(), dispatch.clone());
    let (drawn, own) = (image.clone(), address.clone());
    let loaded = Closure::once_into_js(move || {
        let (w, h) = (f64::from(drawn.natural_width().max(1)), f64::from(drawn.natural_height().max(1)));
        let scale = (MOST_PIXELS / w.max(h)).min(2.0);
        if let Some((canvas, context)) = paper(w * scale, h * scale) {
            let _ = context.draw_image_with_html_image_element_and_dw_and_dh(&drawn, 0.0, 0.0, w * scale, h * scale);
            download_canvas(name.clone(), &canvas);
            dispatch.dispatch(Action::Say(Some(Notice {
                text: format!("{name} is made: your browser keeps it with its downloads."),
                wrong: false,
            })));
        }
        let _ = Url::revoke_object_url(&own);
    });
    image.set_onload(Some(loaded.unchecked_ref()));
    image.set_src(&address);
}

/// Shows the report, then prints it.
pub(crate) fn print(dispatch: &UseReducerDispatcher<Store>) {
    dispatch.dispatch(Action::Turn(Side::Report));
    let later = Closure::once_into_js(|| drop(dom::window().print()));
    let _ = dom::window().set_timeout_with_callback_and_timeout_and_arguments_0(later.unchecked_ref(), 120);
}

/// What is printed is the report, whatever was shown.
#[hook]
pub(crate) fn use_printing(dispatch: &UseReducerDispatcher<Store>) {
    let dispatch = dispatch.clone();
    use_effect_with((), move |()| {
        let guard = dom::listen(&dom::window(), "beforeprint", move |_: Event| dispatch.dispatch(Action::Turn(Side::Report)));
        move || drop(guard)
    });
}
