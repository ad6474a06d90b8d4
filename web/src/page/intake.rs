//! Files from outside: dropped, chosen or in a dropped folder. Only text that may be a manifest is taken, and only so much.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    DragEvent, Event, File, FileSystemDirectoryEntry, FileSystemDirectoryReader, FileSystemEntry, FileSystemFileEntry, HtmlInputElement,
};
use yew::prelude::*;

use crate::store::{Action, Notice, Store};
use crate::wire::SourceFile;

/// The most files taken at once.
const MOST_FILES: usize = 500;
/// The most bytes taken at once.
const MOST_BYTES: f64 = 32.0 * 1024.0 * 1024.0;
/// How deep folders are looked into.
const MOST_DEPTH: usize = 8;

fn may_be_manifest(name: &str) -> bool {
    let name = name.to_lowercase();
    [".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending))
}

/// Files that were chosen with the button.
pub(crate) fn chosen(event: &Event, dispatch: UseReducerDispatcher<Store>, then: fn(Vec<SourceFile>) -> Action) {
    let input: HtmlInputElement = event.target_unchecked_into();
    let Some(list) = input.files() else { return };
    let files: Vec<(String, File)> = (0..list.length()).filter_map(|nth| list.item(nth)).map(|file| (file.name(), file)).collect();
    // The same file may be chosen again.
    spawn_local(async move {
        take(files, dispatch, then).await;
        input.set_value("");
    });
}

/// Files and folders that were dropped on the page.
pub(crate) fn dropped(event: &DragEvent, dispatch: UseReducerDispatcher<Store>) {
    let Some(transfer) = event.data_transfer() else { return };
    let items = transfer.items();
    // The items are gone after this call: the entries are taken now.
    let entries: Vec<FileSystemEntry> =
        (0..items.length()).filter_map(|nth| items.get(nth)?.webkit_get_as_entry().ok().flatten()).collect();
    let plain = transfer.files();
    spawn_local(async move {
        let mut files = Vec::new();
        for entry in entries {
            collect(entry, &mut files).await;
        }
        if files.is_empty()
            && let Some(list) = plain
        {
            files = (0..list.length()).filter_map(|nth| list.item(nth)).map(|file| (file.name(), file)).collect();
        }
        take(files, dispatch, Action::AddFiles).await;
    });
}

/// Every file below an entry, breadth first.
async fn collect(entry: FileSystemEntry, files: &mut Vec<(String, File)>) {
    let mut waiting = vec![(entry, 0)];
    while let Some((entry, depth)) = waiting.pop() {
        if files.len() >= MOST_FILES || depth > MOST_DEPTH {
            return;
        }
        let name = entry.full_path().trim_start_matches('/').to_string();
        if entry.is_file() && may_be_manifest(&name) {
            let file: FileSystemFileEntry = entry.unchecked_into();
            if let Some(file) = once(|yes, no| {
                file.file_with_callback_and_callback(yes, no);
                Ok(())
            })
            .await
            {
                files.push((name, file.unchecked_into()));
            }
        } else if entry.is_directory() {
            let reader = entry.unchecked_into::<FileSystemDirectoryEntry>().create_reader();
            waiting.extend(listed(&reader).await.into_iter().map(|entry| (entry, depth + 1)));
        }
    }
    files.sort_by(|one, other| one.0.cmp(&other.0));
}

/// A reader gives its entries in batches until an empty one.
async fn listed(reader: &FileSystemDirectoryReader) -> Vec<FileSystemEntry> {
    let mut entries = Vec::new();
    while entries.len() < 10 * MOST_FILES {
        let batch = once(|yes, no| reader.read_entries_with_callback_and_callback(yes, no)).await;
        let batch: Array = batch.map(JsCast::unchecked_into).unwrap_or_default();
        if batch.length() == 0 {
            break;
        }
        entries.extend(batch.iter().map(|entry| entry.unchecked_into::<FileSystemEntry>()));
    }
    entries
}

/// A call with two callbacks, awaited.
async fn once(call: impl FnOnce(&Function, &Function) -> Result<(), JsValue>) -> Option<JsValue> {
    let mut call = Some(call);
    let promise = Promise::new(&mut |yes: Function, no: Function| {
        let failed = Closure::once_into_js(move |_: JsValue| {
            let _ = no.call0(&JsValue::NULL);
        });
        if let Some(call) = call.take() {
            let _ = call(&yes, failed.unchecked_ref());
        }
    });
    JsFuture::from(promise).await.ok()
}

async fn take(files: Vec<(String, File)>, dispatch: UseReducerDispatcher<Store>, then: fn(Vec<SourceFile>) -> Action) {
    let all = files.len();
    let mut taken = Vec::new();
    let mut bytes = 0.0;
    for (name, file) in files.into_iter().filter(|(name, _)| may_be_manifest(name)).take(MOST_FILES) {
        bytes += file.size();
        if bytes > MOST_BYTES {
            break;
        }
        if let Ok(text) = JsFuture::from(file.text()).await {
            taken.push(SourceFile { name, text: text.as_string().unwrap_or_default() });
        }
    }
    let left = all - taken.len();
    if !taken.is_empty() {
        dispatch.dispatch(then(taken));
    }
    if left > 0 {
        let text = format!("{left} of {all} files were left out: only .yaml, .yml and .json, up to {MOST_FILES} files and 32 MiB.");
        dispatch.dispatch(Action::Say(Some(Notice { text, wrong: false })));
    }
}
